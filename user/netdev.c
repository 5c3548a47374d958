// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#include "netdev.h"
#include "netlink.h"

/* One request, with room for a link and its peer. */
struct request {
	char buf[1024];
};

static struct nlmsghdr *begin(struct request *req, __u16 type, __u16 flags)
{
	struct nlmsghdr *nlh;

	memset(req, 0, sizeof(*req));
	nlh = mnl_nlmsg_put_header(req->buf);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	return nlh;
}

static struct ifinfomsg *begin_link(struct request *req, __u16 type, __u16 flags, int ifindex)
{
	struct ifinfomsg *ifi;

	ifi = mnl_nlmsg_put_extra_header(begin(req, type, flags), sizeof(*ifi));
	ifi->ifi_index = ifindex;
	return ifi;
}

static struct nlmsghdr *header(struct request *req)
{
	return (struct nlmsghdr *)req->buf;
}

static int kind_attr(const struct nlattr *attr, void *arg)
{
	struct vx_netdev *dev = arg;

	if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
		snprintf(dev->kind, sizeof(dev->kind), "%s", mnl_attr_get_str(attr));
	return MNL_CB_OK;
}

static __u64 stats_tx_dropped(const struct nlattr *attr)
{
	struct rtnl_link_stats64 stats = {};
	size_t len = mnl_attr_get_payload_len(attr);

	/* Copied: the attribute is aligned to four bytes only, and its end grows with the kernel. */
	memcpy(&stats, mnl_attr_get_payload(attr), len < sizeof(stats) ? len : sizeof(stats));
	return stats.tx_dropped;
}

static int link_attr(const struct nlattr *attr, void *arg)
{
	struct vx_netdev *dev = arg;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		snprintf(dev->name, sizeof(dev->name), "%s", mnl_attr_get_str(attr));
		break;
	case IFLA_ADDRESS:
		if (mnl_attr_get_payload_len(attr) == sizeof(dev->mac))
			memcpy(dev->mac, mnl_attr_get_payload(attr), sizeof(dev->mac));
		break;
	case IFLA_MTU:
		dev->mtu = mnl_attr_get_u32(attr);
		break;
	case IFLA_NUM_RX_QUEUES:
		dev->rx_queues = mnl_attr_get_u32(attr);
		break;
	case IFLA_NUM_TX_QUEUES:
		dev->tx_queues = mnl_attr_get_u32(attr);
		break;
	case IFLA_STATS64:
		dev->tx_dropped = stats_tx_dropped(attr);
		break;
	case IFLA_LINK:
		dev->link = mnl_attr_get_u32(attr);
		break;
	case IFLA_LINK_NETNSID:
		dev->link_elsewhere = true;
		break;
	case IFLA_LINKINFO:
		mnl_attr_parse_nested(attr, kind_attr, dev);
		break;
	}
	return MNL_CB_OK;
}

static int link_message(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct vx_netdev *dev = arg;

	dev->ifindex = ifi->ifi_index;
	dev->flags = ifi->ifi_flags;
	dev->type = ifi->ifi_type;
	return mnl_attr_parse(nlh, sizeof(*ifi), link_attr, dev);
}

static int get_link(struct request *req, struct vx_netdev *dev)
{
	int err;

	memset(dev, 0, sizeof(*dev));
	err = vx_netlink_talk(NETLINK_ROUTE, header(req), link_message, dev);
	if (!err && dev->link_elsewhere)
		dev->link = 0;
	return err;
}

int vx_netdev_by_name(const char *name, struct vx_netdev *dev)
{
	struct request req;

	if (strlen(name) >= IFNAMSIZ)
		return -ENODEV;
	begin_link(&req, RTM_GETLINK, 0, 0);
	mnl_attr_put_strz(header(&req), IFLA_IFNAME, name);
	return get_link(&req, dev);
}

int vx_netdev_by_index(int ifindex, struct vx_netdev *dev)
{
	struct request req;

	if (ifindex <= 0)
		return -ENODEV;
	begin_link(&req, RTM_GETLINK, 0, ifindex);
	return get_link(&req, dev);
}

static void put_end(struct nlmsghdr *nlh, const char *name, __u32 mtu, __u32 queues)
{
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	mnl_attr_put_u32(nlh, IFLA_MTU, mtu);
	mnl_attr_put_u32(nlh, IFLA_NUM_RX_QUEUES, queues);
	mnl_attr_put_u32(nlh, IFLA_NUM_TX_QUEUES, queues);
}

int vx_netdev_add_veth(const char *name, const char *peer, __u32 mtu, __u32 queues)
{
	struct nlattr *info, *data, *other;
	struct nlmsghdr *nlh;
	struct request req;

	begin_link(&req, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	nlh = header(&req);
	put_end(nlh, name, mtu, queues);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	other = mnl_attr_nest_start(nlh, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	put_end(nlh, peer, mtu, queues);
	mnl_attr_nest_end(nlh, other);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	return vx_netlink_talk(NETLINK_ROUTE, nlh, NULL, NULL);
}

int vx_netdev_del(int ifindex)
{
	struct request req;

	begin_link(&req, RTM_DELLINK, 0, ifindex);
	return vx_netlink_talk(NETLINK_ROUTE, header(&req), NULL, NULL);
}

int vx_netdev_set_flags(int ifindex, __u32 flags, __u32 mask)
{
	struct ifinfomsg *ifi;
	struct request req;

	ifi = begin_link(&req, RTM_NEWLINK, 0, ifindex);
	ifi->ifi_flags = flags;
	ifi->ifi_change = mask;
	return vx_netlink_talk(NETLINK_ROUTE, header(&req), NULL, NULL);
}

static int no_address_generation(int ifindex)
{
	struct nlattr *spec, *inet6;
	struct nlmsghdr *nlh;
	struct request req;

	begin_link(&req, RTM_NEWLINK, 0, ifindex);
	nlh = header(&req);
	spec = mnl_attr_nest_start(nlh, IFLA_AF_SPEC);
	inet6 = mnl_attr_nest_start(nlh, AF_INET6);
	mnl_attr_put_u8(nlh, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(nlh, inet6);
	mnl_attr_nest_end(nlh, spec);
	return vx_netlink_talk(NETLINK_ROUTE, nlh, NULL, NULL);
}

int vx_netdev_no_ipv6(const struct vx_netdev *dev)
{
	char path[96];
	int fd, err;

	err = no_address_generation(dev->ifindex);
	if (err == -EAFNOSUPPORT)
		return 0;
	if (err)
		return err;
	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", dev->name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (write(fd, "1", 1) != 1)
		err = -errno;
	close(fd);
	return err;
}

static int filter_entry(__u16 type, __u16 flags, int ifindex, const __u8 mac[6])
{
	struct request req;
	struct ndmsg *ndm;

	ndm = mnl_nlmsg_put_extra_header(begin(&req, type, flags), sizeof(*ndm));
	ndm->ndm_family = AF_BRIDGE;
	ndm->ndm_ifindex = ifindex;
	ndm->ndm_state = NUD_PERMANENT;
	ndm->ndm_flags = NTF_SELF;
	mnl_attr_put(header(&req), NDA_LLADDR, 6, mac);
	return vx_netlink_talk(NETLINK_ROUTE, header(&req), NULL, NULL);
}

int vx_netdev_filter_add(int ifindex, const __u8 mac[6])
{
	return filter_entry(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, ifindex, mac);
}

int vx_netdev_filter_del(int ifindex, const __u8 mac[6])
{
	return filter_entry(RTM_DELNEIGH, 0, ifindex, mac);
}

struct qdisc_search {
	int ifindex;
	bool clsact;
};

static int kind_is_clsact(const struct nlattr *attr, void *arg)
{
	struct qdisc_search *search = arg;

	if (mnl_attr_get_type(attr) == TCA_KIND && !strcmp(mnl_attr_get_str(attr), "clsact"))
		search->clsact = true;
	return MNL_CB_OK;
}

static int qdisc_message(const struct nlmsghdr *nlh, void *arg)
{
	const struct tcmsg *tcm = mnl_nlmsg_get_payload(nlh);
	struct qdisc_search *search = arg;

	/* Old kernels dump the qdiscs of all netdevs whatever was asked for. */
	if (tcm->tcm_ifindex != search->ifindex)
		return MNL_CB_OK;
	return mnl_attr_parse(nlh, sizeof(*tcm), kind_is_clsact, search);
}

static int count_message(const struct nlmsghdr *nlh, void *arg)
{
	const struct tcmsg *tcm = mnl_nlmsg_get_payload(nlh);

	/* Each chain head comes as a message of its own, with handle 0. */
	if (tcm->tcm_handle)
		++*(int *)arg;
	return MNL_CB_OK;
}

static struct tcmsg *begin_tc(struct request *req, __u16 type, int ifindex)
{
	struct tcmsg *tcm;

	tcm = mnl_nlmsg_put_extra_header(begin(req, type, NLM_F_DUMP), sizeof(*tcm));
	tcm->tcm_ifindex = ifindex;
	return tcm;
}

int vx_netdev_clsact_filters(int ifindex)
{
	static const __u32 parents[] = { TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
					 TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS) };
	struct qdisc_search search = { .ifindex = ifindex };
	struct request req;
	int i, err, n = 0;

	begin_tc(&req, RTM_GETQDISC, ifindex);
	err = vx_netlink_talk(NETLINK_ROUTE, header(&req), qdisc_message, &search);
	if (err)
		return err;
	if (!search.clsact)
		return -ENOENT;
	for (i = 0; i < 2; i++) {
		begin_tc(&req, RTM_GETTFILTER, ifindex)->tcm_parent = parents[i];
		err = vx_netlink_talk(NETLINK_ROUTE, header(&req), count_message, &n);
		if (err)
			return err;
	}
	return n;
}
