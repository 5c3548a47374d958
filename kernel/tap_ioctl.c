// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of <linux/if_tun.h>, as far as a VMM asks them of a tap that it was handed.
 *
 * What would change the port for others, or load code into it, is the operator's: EPERM and EOPNOTSUPP. So are hardware addresses:
 * the guest's is known to the port's policy and not to the module, and the host end's is not the guest's.
 */
#include <linux/compat.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/rcupdate.h>
#include <linux/sockios.h>
#include <linux/uaccess.h>
#include <linux/virtio_net.h>
#include "tap.h"
#include "tap_file.h"

#define FLAGS_ALWAYS	(IFF_TAP | IFF_NO_PI)
#define FLAGS_CHOICE	(IFF_VNET_HDR | IFF_MULTI_QUEUE)
#define FLAGS_IGNORED	IFF_ONE_QUEUE
/*
 * What the guest can get. A VMM that is told that one works offers both directions of it to the guest: so UFO, which nothing here
 * cuts into fragments, is refused.
 */
#define OFFLOAD_GSO	(TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN | TUN_F_USO4 | TUN_F_USO6)
#define OFFLOAD_ALL	(TUN_F_CSUM | OFFLOAD_GSO)

void vx_tap_ioctl_init(struct vx_tap *t)
{
	t->flags = FLAGS_ALWAYS | IFF_VNET_HDR;
	t->vnet_hdr_len = sizeof(struct virtio_net_hdr);
	t->sndbuf = INT_MAX;
}

u64 vx_tap_guest_may_send(u32 flags)
{
	if (!(flags & IFF_VNET_HDR))
		return 0;
	return 1ULL << VIRTIO_NET_F_CSUM | 1ULL << VIRTIO_NET_F_HOST_TSO4 | 1ULL << VIRTIO_NET_F_HOST_TSO6 |
	       1ULL << VIRTIO_NET_F_HOST_ECN | 1ULL << VIRTIO_NET_F_HOST_USO;
}

/* The host end's name now, or the port's while there is none. */
static void tap_name(const struct vx_pair *pair, char *name)
{
	memset(name, 0, IFNAMSIZ);
	if (!vx_sink_host_name(&pair->sink, name))
		strscpy(name, pair->port->name, IFNAMSIZ);
}

/* Only what is used of a struct ifreq, which has another size for 32-bit callers. */
static int put_ifreq(struct ifreq __user *ifr, const char *name, u32 flags)
{
	if (copy_to_user(ifr->ifr_name, name, IFNAMSIZ) || put_user((short)flags, &ifr->ifr_flags))
		return -EFAULT;
	return 0;
}

static int get_iff(const struct vx_tap *t, struct ifreq __user *ifr)
{
	char name[IFNAMSIZ];

	tap_name(t->pair, name);
	return put_ifreq(ifr, name, t->flags);
}

static int set_iff(struct vx_tap *t, struct ifreq __user *ifr)
{
	char asked[IFNAMSIZ], name[IFNAMSIZ];
	unsigned short flags;

	if (copy_from_user(asked, ifr->ifr_name, IFNAMSIZ) || get_user(flags, (unsigned short __user *)&ifr->ifr_flags))
		return -EFAULT;
	asked[IFNAMSIZ - 1] = '\0';
	tap_name(t->pair, name);
	if (asked[0] && strcmp(asked, name) && strcmp(asked, t->pair->port->name))
		return -EINVAL;
	if ((flags & ~(FLAGS_CHOICE | FLAGS_IGNORED)) != FLAGS_ALWAYS)
		return -EINVAL;
	WRITE_ONCE(t->flags, flags & ~FLAGS_IGNORED);
	return put_ifreq(ifr, name, t->flags);
}

static int set_queue(struct vx_tap *t, struct ifreq __user *ifr)
{
	unsigned short flags;

	if (get_user(flags, (unsigned short __user *)&ifr->ifr_flags))
		return -EFAULT;
	if (flags != IFF_ATTACH_QUEUE && flags != IFF_DETACH_QUEUE)
		return -EINVAL;
	vx_tap_set_detached(t, flags == IFF_DETACH_QUEUE);
	return 0;
}

/* When it returns, the guest gets nothing more that it cannot take. */
static int set_offload(struct file *file, struct vx_tap *t, unsigned long offload)
{
	if (offload & ~(unsigned long)OFFLOAD_ALL)
		return -EINVAL;
	if ((offload & OFFLOAD_GSO) && !(offload & TUN_F_CSUM))
		return -EINVAL;
	if (offload == t->offload)
		return 0;
	WRITE_ONCE(t->offload, offload);
	vx_port_offloads_changed(t->pair, file);
	return 0;
}

static int set_vnet_hdr_len(struct vx_tap *t, int len)
{
	if (len != sizeof(struct virtio_net_hdr) && len != sizeof(struct virtio_net_hdr_mrg_rxbuf))
		return -EINVAL;
	t->vnet_hdr_len = len;
	return 0;
}

/* Frames leave at once: there is nothing that it could bound. */
static int set_sndbuf(struct vx_tap *t, int sndbuf)
{
	if (sndbuf <= 0)
		return -EINVAL;
	t->sndbuf = sndbuf;
	return 0;
}

static int set_int(struct vx_tap *t, unsigned int cmd, int __user *arg)
{
	int v;

	if (get_user(v, arg))
		return -EFAULT;
	switch (cmd) {
	case TUNSETVNETHDRSZ:
		return set_vnet_hdr_len(t, v);
	case TUNSETSNDBUF:
		return set_sndbuf(t, v);
	default:	/* TUNSETVNETLE: headers are taken as little-endian anyway */
		t->vnet_le = v;
		return 0;
	}
}

/* A VMM takes off, with each reset, a program that it never set; one that chooses queues has no place here. */
static long set_steering(const int __user *p)
{
	int fd;

	if (get_user(fd, p))
		return -EFAULT;
	return fd < 0 ? 0 : -EOPNOTSUPP;
}

static long tap_ioctl(struct file *file, struct vx_tap *t, unsigned int cmd, unsigned long arg)
{
	void __user *p = (void __user *)arg;
	int __user *n = p;

	switch (cmd) {
	case TUNGETFEATURES:
		return put_user(FLAGS_ALWAYS | FLAGS_CHOICE, (unsigned int __user *)p);
	case TUNGETIFF:
		return get_iff(t, p);
	case TUNSETIFF:
		return set_iff(t, p);
	case TUNSETQUEUE:
		return set_queue(t, p);
	case TUNSETOFFLOAD:
		return set_offload(file, t, arg);
	case TUNGETVNETHDRSZ:
		return put_user(t->vnet_hdr_len, n);
	case TUNGETSNDBUF:
		return put_user(t->sndbuf, n);
	case TUNGETVNETLE:
		return put_user((int)t->vnet_le, n);
	case TUNSETVNETHDRSZ:
	case TUNSETSNDBUF:
	case TUNSETVNETLE:
		return set_int(t, cmd, n);
	case TUNGETVNETBE:
	case TUNSETVNETBE:
		return -EINVAL;
	case TUNSETSTEERINGEBPF:
		return set_steering(n);
	case TUNSETNOCSUM:
		return 0;
	case TUNSETPERSIST:
	case TUNSETOWNER:
	case TUNSETGROUP:
	case TUNSETCARRIER:
	case TUNSETIFINDEX:
	case TUNGETDEVNETNS:
	case SIOCSIFHWADDR:
		return -EPERM;
	case TUNSETLINK:
	case TUNSETDEBUG:
	case TUNSETTXFILTER:
	case TUNATTACHFILTER:
	case TUNDETACHFILTER:
	case TUNGETFILTER:
	case TUNSETFILTEREBPF:
	case SIOCGIFHWADDR:
		return -EOPNOTSUPP;
	default:
		return -ENOTTY;
	}
}

long vx_tap_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vx_tap *t = file->private_data;
	long err;

	if (mutex_lock_interruptible(&t->lock))
		return -ERESTARTSYS;
	err = tap_ioctl(file, t, cmd, arg);
	mutex_unlock(&t->lock);
	return err;
}
