// SPDX-License-Identifier: GPL-2.0-or-later
/* What XDP can do on a netdev, over the generic netlink family "netdev" (6.3). */
#include <errno.h>
#include <string.h>
#include <linux/genetlink.h>

#include "netdev.h"
#include "netlink.h"

/* <linux/netdev.h> is younger than the headers that we build with. */
#define NETDEV_CMD_DEV_GET		1
#define NETDEV_A_DEV_IFINDEX		1
#define NETDEV_A_DEV_XDP_FEATURES	3

static struct nlmsghdr *begin(char *buf, __u16 family, __u8 cmd)
{
	struct genlmsghdr *genl;
	struct nlmsghdr *nlh;

	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = family;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = 1;
	return nlh;
}

static int family_attr(const struct nlattr *attr, void *arg)
{
	if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
		*(__u16 *)arg = mnl_attr_get_u16(attr);
	return MNL_CB_OK;
}

static int family_message(const struct nlmsghdr *nlh, void *arg)
{
	return mnl_attr_parse(nlh, sizeof(struct genlmsghdr), family_attr, arg);
}

static int features_attr(const struct nlattr *attr, void *arg)
{
	if (mnl_attr_get_type(attr) == NETDEV_A_DEV_XDP_FEATURES)
		*(__u64 *)arg = mnl_attr_get_u64(attr);
	return MNL_CB_OK;
}

static int features_message(const struct nlmsghdr *nlh, void *arg)
{
	return mnl_attr_parse(nlh, sizeof(struct genlmsghdr), features_attr, arg);
}

int vx_netdev_xdp_features(int ifindex, __u64 *features)
{
	struct nlmsghdr *nlh;
	__u16 family = 0;
	char buf[256];
	int err;

	*features = 0;
	memset(buf, 0, sizeof(buf));
	nlh = begin(buf, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, "netdev");
	err = vx_netlink_talk(NETLINK_GENERIC, nlh, family_message, &family);
	if (err || !family)
		return -EOPNOTSUPP;
	memset(buf, 0, sizeof(buf));
	nlh = begin(buf, family, NETDEV_CMD_DEV_GET);
	mnl_attr_put_u32(nlh, NETDEV_A_DEV_IFINDEX, ifindex);
	return vx_netlink_talk(NETLINK_GENERIC, nlh, features_message, features);
}
