// SPDX-License-Identifier: GPL-2.0-only
/* The netdev that XDP redirects frames for a guest to. See inlet.h; what becomes of them: inlet_source.c. */
#include <linux/etherdevice.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <vhost_xdp/whole.h>
#include "inlet.h"
#include "port.h"
#include "refuse.h"
#include "vq.h"

/* What nobody looked at in so long, twice that at the most, is old news. */
#define STALE_AFTER	HZ

/* The netdev's private memory. */
struct vx_inlet {
	struct net_device *dev;
	struct net_device __rcu *host;	/* where skbs go on to; NULL while not attached */
	u32 n;
	struct vx_inlet_queue queue[];
};

/* --- frames come --- */

static void wake_reader(struct vx_inlet_queue *q)
{
	smp_mb();	/* B of pump_turn.c */
	spin_lock(&q->lock);
	if (q->receiver)
		vx_vq_input(q->receiver);
	else
		wake_up_interruptible_poll(&q->pair->user_wait, EPOLLIN | EPOLLRDNORM);
	spin_unlock(&q->lock);
}

/* By CPU, as a veth has it: what comes on one keeps its order. */
static struct vx_inlet_queue *this_queue(struct vx_inlet *in)
{
	u32 cpu = smp_processor_id();

	return &in->queue[likely(cpu < in->n) ? cpu : cpu % in->n];
}

/* Who takes an end of the pair down takes the guest off the net, whichever way frames come. */
static bool ends_up(const struct vx_inlet *in)
{
	const struct net_device *host = rcu_dereference_bh(in->host);

	/* While there is a host end there is a guest end. */
	return likely(host) && READ_ONCE(host->flags) & READ_ONCE(in->queue[0].rxq.dev->flags) & IFF_UP;
}

/* Frames wait: see to it that they do not wait for ever. Under producer_lock. */
static void watch(struct vx_inlet_queue *q)
{
	if (likely(q->watched))
		return;
	q->watched = true;
	queue_delayed_work(system_wq, &q->stale, STALE_AFTER);
}

static int inlet_xdp_xmit(struct net_device *dev, int n, struct xdp_frame **frames, u32 flags)
{
	struct vx_inlet *in = netdev_priv(dev);
	struct vx_inlet_queue *q = this_queue(in);
	bool up = ends_up(in);
	u64 bytes = 0;
	int i = 0;

	if (unlikely(flags & ~XDP_XMIT_FLAGS_MASK))
		return -EINVAL;
	spin_lock(&q->ring.producer_lock);
	if (likely(q->open && up)) {
		for (; i < n; i++) {
			u32 len = xdp_get_frame_len(frames[i]);

			if (unlikely(__ptr_ring_produce(&q->ring, frames[i])))
				break;
			bytes += len;
		}
		q->full += n - i;
		watch(q);
	} else {
		q->refused += n;
	}
	q->packets += i;
	q->bytes += bytes;
	spin_unlock(&q->ring.producer_lock);
	/* Also when none of these was taken: those before them may have come without a flush. */
	if (flags & XDP_XMIT_FLUSH)
		wake_reader(q);
	return i;
}

static u32 return_all(struct vx_inlet_queue *q)
{
	struct xdp_frame *xdpf;
	u32 n = 0;

	if (q->next) {
		xdp_return_frame(q->next);
		q->next = NULL;
		n++;
	}
	for (; (xdpf = __ptr_ring_consume(&q->ring)); n++)
		xdp_return_frame(xdpf);
	return n;
}

/* Nobody has looked at what waits since the last time: it goes back to whom it came from. */
static void stale_work(struct work_struct *work)
{
	struct vx_inlet_queue *q = container_of(to_delayed_work(work), struct vx_inlet_queue, stale);
	bool empty;
	u32 n = 0;

	spin_lock_bh(&q->ring.consumer_lock);
	empty = !q->next && __ptr_ring_empty(&q->ring);
	if (!empty && q->taken == q->seen_taken)
		n = return_all(q);
	q->seen_taken = q->taken;
	spin_unlock_bh(&q->ring.consumer_lock);

	spin_lock_bh(&q->ring.producer_lock);
	q->full += n;
	/* Frames that came in between are looked at once more. */
	q->watched = !empty || !__ptr_ring_empty(&q->ring);
	if (q->watched)
		queue_delayed_work(system_wq, &q->stale, STALE_AFTER);
	spin_unlock_bh(&q->ring.producer_lock);
}

/* An uplink in generic mode redirects skbs: the pair of netdevs takes those. */
static netdev_tx_t inlet_start_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct vx_inlet *in = netdev_priv(dev);
	struct net_device *host;

	rcu_read_lock_bh();
	host = rcu_dereference_bh(in->host);
	if (likely(host)) {
		skb->dev = host;
		dev_queue_xmit(skb);
	} else {
		kfree_skb(skb);
	}
	rcu_read_unlock_bh();
	return NETDEV_TX_OK;
}

static void inlet_get_stats64(struct net_device *dev, struct rtnl_link_stats64 *st)
{
	const struct vx_inlet *in = netdev_priv(dev);
	u32 i;

	for (i = 0; i < in->n; i++) {
		st->tx_packets += READ_ONCE(in->queue[i].packets);
		st->tx_bytes += READ_ONCE(in->queue[i].bytes);
		st->tx_dropped += READ_ONCE(in->queue[i].refused) + READ_ONCE(in->queue[i].full);
	}
}

void vx_inlet_lost(struct vx_inlet_queue *q, u64 *refused, u64 *full)
{
	u64 r = READ_ONCE(q->refused), f = READ_ONCE(q->full);

	*refused = r - q->seen_refused;
	*full = f - q->seen_full;
	q->seen_refused = r;
	q->seen_full = f;
}

/* --- who reads them --- */

void vx_inlet_set_receiver(struct vx_inlet_queue *q, struct vx_vq *vq)
{
	spin_lock_bh(&q->lock);
	q->receiver = vq;
	spin_unlock_bh(&q->lock);
}

void vx_inlet_open(struct vx_inlet_queue *q, bool open)
{
	spin_lock_bh(&q->ring.producer_lock);
	q->open = open;
	spin_unlock_bh(&q->ring.producer_lock);
}

/* --- life --- */

static const struct net_device_ops inlet_ops = {
	.ndo_xdp_xmit = inlet_xdp_xmit,
	.ndo_start_xmit = inlet_start_xmit,
	.ndo_get_stats64 = inlet_get_stats64,
};

static void inlet_setup(struct net_device *dev)
{
	ether_setup(dev);
	eth_hw_addr_random(dev);
	dev->netdev_ops = &inlet_ops;
	dev->flags = IFF_NOARP;
	/* No netpoll: that sends with interrupts off, and dev_queue_xmit() is not for then. */
	dev->priv_flags |= IFF_NO_QUEUE | IFF_LIVE_ADDR_CHANGE | IFF_DISABLE_NETPOLL;
	dev->priv_flags &= ~IFF_TX_SKB_SHARING;
	dev->max_mtu = VX_WHOLE_MTU;
	vx_netdev_lockless(dev);
	/* Elsewhere no redirect would find it. Its sockets keep the namespace as long as it is there. */
	vx_netdev_stays(dev);
	vx_netdev_takes_xdp(dev);
}

static void return_frame(void *frame)
{
	xdp_return_frame(frame);
}

static int queues_init(struct vx_inlet *in, struct vx_port *port)
{
	int err;

	for (; in->n < port->npairs; in->n++) {
		struct vx_inlet_queue *q = &in->queue[in->n];

		err = ptr_ring_init(&q->ring, VX_INLET_RING, GFP_KERNEL_ACCOUNT);
		if (err)
			return err;
		q->pair = &port->pair[in->n];
		spin_lock_init(&q->lock);
		INIT_DELAYED_WORK(&q->stale, stale_work);
	}
	return 0;
}

void vx_inlet_free(struct vx_inlet *in)
{
	while (in->n) {
		struct vx_inlet_queue *q = &in->queue[--in->n];

		cancel_delayed_work_sync(&q->stale);
		if (q->next)
			xdp_return_frame(q->next);
		ptr_ring_cleanup(&q->ring, return_frame);
	}
	free_netdev(in->dev);
}

struct vx_inlet *vx_inlet_make(struct vx_port *port, struct net *net, char *error)
{
	char name[VHOST_XDP_NAME_LEN + sizeof(VHOST_XDP_INLET_SUFFIX)];
	struct net_device *dev;
	struct vx_inlet *in;
	int err;

	snprintf(name, sizeof(name), "%s" VHOST_XDP_INLET_SUFFIX, port->name);
	if (strlen(name) >= IFNAMSIZ)
		return ERR_PTR(vx_refuse(error, -ENAMETOOLONG, "no netdev can be called %s", name));
	dev = alloc_netdev_mqs(struct_size(in, queue, port->npairs), name, NET_NAME_USER, inlet_setup, port->npairs, 1);
	if (!dev)
		return ERR_PTR(vx_refuse(error, -ENOMEM, "out of memory"));
	dev_net_set(dev, net);
	dev->mtu = VX_XDP_IN_PIECES ? VX_WHOLE_MTU : port->mtu;
	in = netdev_priv(dev);
	in->dev = dev;
	err = queues_init(in, port);
	if (!err)
		err = register_netdev(dev);
	if (!err)
		return in;
	vx_inlet_free(in);
	return ERR_PTR(vx_refuse(error, err, err == -EEXIST ? "there is a netdev %s already" : "no netdev %s", name));
}

void vx_inlet_unregister(struct vx_inlet *in)
{
	unregister_netdev(in->dev);
}

struct vx_inlet_queue *vx_inlet_queue(struct vx_inlet *in, u32 index)
{
	return &in->queue[index];
}

void vx_inlet_attach(struct vx_inlet *in, struct net_device *host, struct net_device *guest, struct bpf_prog *prog)
{
	u32 i;

	for (i = 0; i < in->n; i++) {
		in->queue[i].rxq.dev = guest;
		in->queue[i].rxq.queue_index = i;
	}
	rcu_assign_pointer(in->host, host);
	vx_inlet_set_prog(in, prog);
}

void vx_inlet_set_prog(struct vx_inlet *in, struct bpf_prog *prog)
{
	u32 i;

	if (!prog)
		RCU_INIT_POINTER(in->host, NULL);
	for (i = 0; i < in->n; i++)
		rcu_assign_pointer(in->queue[i].prog, prog);
}
