// SPDX-License-Identifier: GPL-2.0-or-later
/* What rtnetlink does not carry: driver features and statistics, over the ethtool ioctl. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>

#include "netdev.h"

static int ethtool(const char *dev, void *cmd)
{
	struct ifreq ifr = { .ifr_data = cmd };
	int fd, err = 0;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", dev);
	if (ioctl(fd, SIOCETHTOOL, &ifr))
		err = -errno;
	close(fd);
	return err;
}

/* NULL with errno set, or the strings of one set; the caller frees them. */
static struct ethtool_gstrings *strings(const char *dev, __u32 set)
{
	/* The header and the one number that follows it. */
	_Alignas(struct ethtool_sset_info) char buf[sizeof(struct ethtool_sset_info) + sizeof(__u32)] = { 0 };
	struct ethtool_sset_info *info = (void *)buf;
	struct ethtool_gstrings *s;
	__u32 len;
	int err;

	info->cmd = ETHTOOL_GSSET_INFO;
	info->sset_mask = 1ULL << set;
	err = ethtool(dev, buf);
	if (err || !info->sset_mask) {
		errno = err ? -err : EOPNOTSUPP;
		return NULL;
	}
	memcpy(&len, info->data, sizeof(len));
	s = calloc(1, sizeof(*s) + (size_t)len * ETH_GSTRING_LEN);
	if (!s)
		return NULL;
	s->cmd = ETHTOOL_GSTRINGS;
	s->string_set = set;
	s->len = len;
	err = ethtool(dev, s);
	if (err) {
		free(s);
		errno = -err;
		return NULL;
	}
	return s;
}

static int feature_bit(const char *dev, const char *feature, __u32 *n_bits)
{
	struct ethtool_gstrings *s = strings(dev, ETH_SS_FEATURES);
	int bit = -ENOENT;
	__u32 i;

	if (!s)
		return -errno;
	for (i = 0; i < s->len; i++)
		if (!strncmp((char *)s->data + i * ETH_GSTRING_LEN, feature, ETH_GSTRING_LEN))
			bit = i;
	*n_bits = s->len;
	free(s);
	return bit;
}

static int feature_get(const char *dev, int bit, __u32 n_bits)
{
	__u32 blocks = (n_bits + 31) / 32;
	struct ethtool_gfeatures *g;
	int ret;

	g = calloc(1, sizeof(*g) + blocks * sizeof(g->features[0]));
	if (!g)
		return -ENOMEM;
	g->cmd = ETHTOOL_GFEATURES;
	g->size = blocks;
	ret = ethtool(dev, g);
	if (!ret)
		ret = g->features[bit / 32].active >> (bit % 32) & 1;
	free(g);
	return ret;
}

int vx_netdev_feature(const char *dev, const char *feature)
{
	__u32 n_bits = 0;
	int bit = feature_bit(dev, feature, &n_bits);

	return bit < 0 ? bit : feature_get(dev, bit, n_bits);
}

int vx_netdev_set_feature(const char *dev, const char *feature, bool on)
{
	struct ethtool_sfeatures *s;
	__u32 n_bits = 0, blocks;
	int bit, err;

	bit = feature_bit(dev, feature, &n_bits);
	if (bit < 0)
		return bit;
	if (feature_get(dev, bit, n_bits) == on)
		return 0;
	blocks = (n_bits + 31) / 32;
	s = calloc(1, sizeof(*s) + blocks * sizeof(s->features[0]));
	if (!s)
		return -ENOMEM;
	s->cmd = ETHTOOL_SFEATURES;
	s->size = blocks;
	s->features[bit / 32].valid = 1u << (bit % 32);
	s->features[bit / 32].requested = on ? 1u << (bit % 32) : 0;
	err = ethtool(dev, s);
	free(s);
	if (err)
		return err;
	return feature_get(dev, bit, n_bits) == on ? 0 : -EOPNOTSUPP;
}

int vx_netdev_each_stat(const char *dev, void (*fn)(const char *name, __u64 value, void *arg), void *arg)
{
	struct ethtool_gstrings *s = strings(dev, ETH_SS_STATS);
	struct ethtool_stats *values;
	char name[ETH_GSTRING_LEN + 1];
	int ret;
	__u32 i;

	if (!s)
		return -errno;
	ret = -ENOMEM;
	values = calloc(1, sizeof(*values) + s->len * sizeof(__u64));
	if (!values)
		goto out;
	values->cmd = ETHTOOL_GSTATS;
	values->n_stats = s->len;
	ret = ethtool(dev, values);
	if (ret)
		goto out;
	/* The kernel says how many it filled: a netdev may have changed its queues since we asked. */
	if (values->n_stats < s->len)
		s->len = values->n_stats;
	for (i = 0; i < s->len; i++) {
		memcpy(name, s->data + i * ETH_GSTRING_LEN, ETH_GSTRING_LEN);
		name[ETH_GSTRING_LEN] = '\0';
		fn(name, values->data[i], arg);
	}
	ret = s->len;
out:
	free(values);
	free(s);
	return ret;
}

int vx_netdev_driver(const char *dev, char *driver, size_t len)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	int err = ethtool(dev, &info);

	if (!err)
		snprintf(driver, len, "%.*s", (int)sizeof(info.driver), info.driver);
	return err;
}
