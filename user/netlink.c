// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "netlink.h"

static int receive(struct mnl_socket *nl, __u32 seq, mnl_cb_t cb, void *arg)
{
	unsigned int portid = mnl_socket_get_portid(nl);
	char *buf = malloc(VX_NL_BUFFER);
	int ret = MNL_CB_OK;

	if (!buf)
		return -ENOMEM;
	while (ret > MNL_CB_STOP) {
		ssize_t n = mnl_socket_recvfrom(nl, buf, VX_NL_BUFFER);

		if (n < 0 && errno == EINTR)
			continue;
		ret = n < 0 ? -1 : mnl_cb_run(buf, n, seq, portid, cb, arg);
	}
	ret = ret < 0 ? -errno : 0;
	free(buf);
	return ret;
}

int vx_netlink_talk(int bus, struct nlmsghdr *nlh, mnl_cb_t cb, void *arg)
{
	static __u32 seq;
	struct mnl_socket *nl;
	int ret = 0;

	nl = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (!nl)
		return -errno;
	nlh->nlmsg_seq = ++seq;
	/* NLM_F_DUMP is two bits, and NLM_F_EXCL is one of them. */
	if ((nlh->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		nlh->nlmsg_flags |= NLM_F_ACK;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0 || mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		ret = -errno;
	if (!ret)
		ret = receive(nl, nlh->nlmsg_seq, cb, arg);
	mnl_socket_close(nl);
	return ret;
}
