// SPDX-License-Identifier: GPL-2.0-only
/* /dev/vhost-xdp-control: the ioctls of <linux/vhost_xdp.h>, which specifies them. */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include "control.h"
#include "count.h"
#include "port_list.h"
#include "tap.h"

/* Frames from the guest lie in one page each, with a VLAN tag at most. */
#define MTU_MAX	(VX_SINK_ROOM_MAX - VLAN_ETH_HLEN)

union argument {
	__u32 abi;
	char name[VHOST_XDP_NAME_LEN];	/* of all but GET_ABI and GET_TOTALS */
	struct vhost_xdp_new new;
	struct vhost_xdp_name del;
	struct vhost_xdp_attach attach;
	struct vhost_xdp_prog prog;
	struct vhost_xdp_open open;
	struct vhost_xdp_port_info info;
	struct vhost_xdp_totals totals;
};

/* Who is to find a port already has it in *port. */
typedef int (*request_fn)(struct vx_port *port, union argument *arg, void __user *user);

static int get_abi(struct vx_port *port, union argument *arg, void __user *user)
{
	arg->abi = VHOST_XDP_ABI;
	return 0;
}

static int port_new(struct vx_port *port, union argument *arg, void __user *user)
{
	const struct vhost_xdp_new *new = &arg->new;

	if (!dev_valid_name(new->name) || !new->pairs || new->pairs > VHOST_XDP_PAIRS_MAX)
		return -EINVAL;
	if (new->mtu < ETH_MIN_MTU || new->mtu > MTU_MAX)
		return -EMSGSIZE;
	return vx_port_new(new->name, new->pairs, new->mtu);
}

static int port_del(struct vx_port *port, union argument *arg, void __user *user)
{
	return vx_port_del(port);
}

static int port_attach(struct vx_port *port, union argument *arg, void __user *user)
{
	struct vhost_xdp_attach __user *out = user;
	struct vhost_xdp_attach *attach = &arg->attach;
	int err;

	if (attach->flags & ~VHOST_XDP_ATTACH_INLET)
		return -EINVAL;
	/* Before anything is changed: can the answer be written? Only a refusal has one that differs. */
	memset(attach->error, 0, sizeof(attach->error));
	if (copy_to_user(out->error, attach->error, sizeof(attach->error)))
		return -EFAULT;
	err = vx_port_attach(port, attach);
	if (err && copy_to_user(out->error, attach->error, sizeof(attach->error)))
		return -EFAULT;
	return err;
}

static int port_detach(struct vx_port *port, union argument *arg, void __user *user)
{
	int err = mutex_lock_interruptible(&port->lock);

	if (err)
		return err;
	if (port->deleted)
		err = -ENOENT;
	else if (port->state == VHOST_XDP_PORT_NEW_STATE)
		err = -ENOTCONN;
	else
		vx_port_detach(port, VHOST_XDP_PORT_NEW_STATE, "asked for");
	mutex_unlock(&port->lock);
	return err;
}

static int port_set_prog(struct vx_port *port, union argument *arg, void __user *user)
{
	return vx_port_set_prog(port, arg->prog.prog_fd);
}

static int port_open(struct vx_port *port, union argument *arg, void __user *user)
{
	if (arg->open.flags & ~VHOST_XDP_OPEN_READ || arg->open.pair >= port->npairs)
		return -EINVAL;
	return vx_tap_open_fd(port, arg->open.pair, arg->open.flags);
}

static int port_get(struct vx_port *port, union argument *arg, void __user *user)
{
	struct vhost_xdp_port_info *info = &arg->info;
	u32 room = min(info->npairs, port->npairs);
	struct vhost_xdp_pair_info *pairs = NULL;
	int err;

	if (info->pairs && room) {
		pairs = kvcalloc(port->npairs, sizeof(*pairs), GFP_KERNEL);
		if (!pairs)
			return -ENOMEM;
	}
	err = vx_port_info(port, info, pairs);
	if (!err && pairs && copy_to_user(u64_to_user_ptr(info->pairs), pairs, room * sizeof(*pairs)))
		err = -EFAULT;
	kvfree(pairs);
	return err;
}

static int get_totals(struct vx_port *port, union argument *arg, void __user *user)
{
	const u64 now[] = {
		[VX_COUNT_PORTS] = offsetof(struct vhost_xdp_totals, ports),
		[VX_COUNT_SOCKETS] = offsetof(struct vhost_xdp_totals, sockets),
		[VX_COUNT_RING_PAGES] = offsetof(struct vhost_xdp_totals, ring_pages),
		[VX_COUNT_TX_PAGES] = offsetof(struct vhost_xdp_totals, tx_pages),
		[VX_COUNT_PROGRAMS] = offsetof(struct vhost_xdp_totals, programs),
		[VX_COUNT_FILES] = offsetof(struct vhost_xdp_totals, files),
		[VX_COUNT_DATA_FDS] = offsetof(struct vhost_xdp_totals, data_fds),
		[VX_COUNT_DEVICES] = offsetof(struct vhost_xdp_totals, devices),
		[VX_COUNT_WORKERS] = offsetof(struct vhost_xdp_totals, workers),
		[VX_COUNT_UMEM_LOST] = offsetof(struct vhost_xdp_totals, umem_lost),
	};
	u32 i;

	BUILD_BUG_ON(ARRAY_SIZE(now) != VX_COUNTS);
	memset(arg, 0, sizeof(*arg));
	for (i = 0; i < VX_COUNTS; i++)
		*(u64 *)((u8 *)&arg->totals + now[i]) = atomic64_read(&vx_counts[i]);
	return 0;
}

enum find { NO_PORT, THE_PORT, NEXT_PORT };

struct span {
	u32 from, len;
};

#define SPAN(type, field)	{ offsetof(struct type, field), sizeof_field(struct type, field) }

static const struct request {
	unsigned int cmd;
	request_fn fn;
	enum find find;
	bool named;
	bool answers;			/* the argument is written back when it succeeds */
	struct span reserved[2];	/* must be zero */
} requests[] = {
	{ VHOST_XDP_GET_ABI, get_abi, .answers = true },
	{ VHOST_XDP_PORT_NEW, port_new, .named = true, .reserved = { SPAN(vhost_xdp_new, reserved) } },
	{ VHOST_XDP_PORT_DEL, port_del, THE_PORT, .named = true, .reserved = { SPAN(vhost_xdp_name, reserved) } },
	{ VHOST_XDP_PORT_ATTACH, port_attach, THE_PORT, .named = true, 
	  .reserved = { SPAN(vhost_xdp_attach, reserved0), SPAN(vhost_xdp_attach, reserved) } },
	{ VHOST_XDP_PORT_DETACH, port_detach, THE_PORT, .named = true, .reserved = { SPAN(vhost_xdp_name, reserved) } },
	{ VHOST_XDP_PORT_SET_PROG, port_set_prog, THE_PORT, .named = true, .reserved = { SPAN(vhost_xdp_prog, reserved) } },
	{ VHOST_XDP_PORT_OPEN, port_open, THE_PORT, .named = true, .reserved = { SPAN(vhost_xdp_open, reserved) } },
	{ VHOST_XDP_PORT_GET, port_get, THE_PORT, .named = true, .answers = true,
	  .reserved = { SPAN(vhost_xdp_port_info, reserved0), SPAN(vhost_xdp_port_info, reserved) } },
	{ VHOST_XDP_PORT_NEXT, port_get, NEXT_PORT, .named = true, .answers = true,
	  .reserved = { SPAN(vhost_xdp_port_info, reserved0), SPAN(vhost_xdp_port_info, reserved) } },
	{ VHOST_XDP_GET_TOTALS, get_totals, .answers = true },
};

static const struct request *request_of(unsigned int cmd)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(requests); i++)
		if (requests[i].cmd == cmd)
			return &requests[i];
	return NULL;
}

/* A NUL, and nothing after it. */
static bool name_ok(const char *name)
{
	size_t len = strnlen(name, VHOST_XDP_NAME_LEN);

	return len < VHOST_XDP_NAME_LEN && !memchr_inv(name + len, 0, VHOST_XDP_NAME_LEN - len);
}

static int judge(const struct request *r, const union argument *arg)
{
	u32 i;

	if (r->named && !name_ok(arg->name))
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(r->reserved); i++)
		if (memchr_inv((const u8 *)arg + r->reserved[i].from, 0, r->reserved[i].len))
			return -EINVAL;
	return 0;
}

static int perform(const struct request *r, union argument *arg, void __user *user)
{
	struct vx_port *port;
	bool again;
	int ret;

	if (r->find == NO_PORT)
		return r->fn(NULL, arg, user);
	do {
		port = vx_port_find(arg->name, r->find == NEXT_PORT);
		if (!port)
			return -ENOENT;
		ret = r->fn(port, arg, user);
		/* One that was deleted at that moment is not the end of the list: another comes behind it. */
		again = ret == -ENOENT && r->find == NEXT_PORT;
		if (again)
			strscpy_pad(arg->name, port->name, sizeof(arg->name));
		vx_port_put(port);
	} while (again && !signal_pending(current));
	return again ? -EINTR : ret;
}

static long control_ioctl(struct file *file, unsigned int cmd, unsigned long address)
{
	void __user *user = (void __user *)address;
	const struct request *r = request_of(cmd);
	union argument arg;
	long ret;

	if (!capable(CAP_NET_ADMIN))
		return -EPERM;
	if (!r)
		return -ENOTTY;
	memset(&arg, 0, sizeof(arg));
	if (_IOC_DIR(cmd) & _IOC_WRITE && copy_from_user(&arg, user, _IOC_SIZE(cmd)))
		return -EFAULT;
	ret = judge(r, &arg);
	if (ret)
		return ret;
	ret = perform(r, &arg, user);
	/* What writes back has changed nothing. */
	if (!ret && r->answers && copy_to_user(user, &arg, _IOC_SIZE(cmd)))
		return -EFAULT;
	return ret;
}

static const struct file_operations control_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.unlocked_ioctl = control_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice control_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vhost-xdp-control",
	.fops = &control_fops,
	.mode = 0600,
};

int vx_control_init(void)
{
	return misc_register(&control_device);
}

void vx_control_exit(void)
{
	misc_deregister(&control_device);
}
