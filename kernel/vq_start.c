// SPDX-License-Identifier: GPL-2.0-only
/* When a vring starts and stops: its backend, and where its ring lies. */
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/if_ether.h>

#include "dev.h"
#include "port.h"
#include "tap.h"
#include "trace.h"

/* vhost-net leaves these to the tap; here the pump does them, and QEMU offers them only where the data fd took them. */
#define TX_OFFLOADS	((1ULL << VIRTIO_NET_F_CSUM) | (1ULL << VIRTIO_NET_F_HOST_TSO4) | \
			 (1ULL << VIRTIO_NET_F_HOST_TSO6) | (1ULL << VIRTIO_NET_F_HOST_ECN) | \
			 (1ULL << VIRTIO_NET_F_HOST_USO))

/* --- where the ring lies --- */

struct vx_ring_sizes vx_vq_ring_sizes(const struct vx_vq *vq)
{
	u64 features = vq->dev->features, num = vq->num;
	bool packed = vq->started ? vq->ring.packed : features & (1ULL << VIRTIO_F_RING_PACKED);
	bool event_idx = vq->started ? vq->ring.event_idx : features & (1ULL << VIRTIO_RING_F_EVENT_IDX);
	u64 event = event_idx ? sizeof(u16) : 0;
	struct vx_ring_sizes s = { .desc = sizeof(struct vring_desc) * num };

	if (packed) {
		s.avail = sizeof(struct vring_packed_desc_event);
		s.used = sizeof(struct vring_packed_desc_event);
		s.desc_access = VX_MEM_ALL;
	} else {
		s.avail = sizeof(struct vring_avail) + sizeof(u16) * num + event;
		s.used = sizeof(struct vring_used) + sizeof(struct vring_used_elem) * num + event;
		s.desc_access = VX_MEM_READ;
	}
	return s;
}

static int translate_iova(const struct vx_vq *vq, const struct vhost_vring_addr *addr, const struct vx_mem_table *tlb,
			  struct vx_vring_addr *a, struct vx_mem_miss *miss)
{
	struct vx_ring_sizes s = vx_vq_ring_sizes(vq);
	u64 unused;
	int err;

	err = vx_mem_iotlb_ring(tlb, addr->desc_user_addr, s.desc, s.desc_access, &a->desc, &a->desc_gpa, miss);
	if (!err)
		err = vx_mem_iotlb_ring(tlb, addr->avail_user_addr, s.avail, VX_MEM_READ, &a->avail, &unused, miss);
	if (!err)
		err = vx_mem_iotlb_ring(tlb, addr->used_user_addr, s.used, VX_MEM_WRITE, &a->used, &a->used_gpa, miss);
	return err;
}

static int translate_vmm(const struct vx_vq *vq, const struct vhost_vring_addr *addr, const struct vx_mem_table *mem,
			 struct vx_vring_addr *a)
{
	struct vx_ring_sizes s = vx_vq_ring_sizes(vq);
	u64 unused;
	int err;

	err = vx_mem_from_vmm(mem, addr->desc_user_addr, s.desc, &a->desc, &a->desc_gpa);
	if (!err)
		err = vx_mem_from_vmm(mem, addr->avail_user_addr, s.avail, &a->avail, &unused);
	if (!err)
		err = vx_mem_from_vmm(mem, addr->used_user_addr, s.used, &a->used, &a->used_gpa);
	if (addr->flags & BIT(VHOST_VRING_F_LOG))
		a->used_gpa = addr->log_guest_addr;
	return err;
}

int vx_vq_translate(const struct vx_vq *vq, const struct vhost_vring_addr *addr, const struct vx_mem_table *mem,
		    struct vx_vring_addr *a, struct vx_mem_miss *miss)
{
	memset(a, 0, sizeof(*a));
	a->log = addr->flags & BIT(VHOST_VRING_F_LOG);
	if (!mem)
		return -EFAULT;
	return vq->ring.iotlb ? translate_iova(vq, addr, mem, a, miss) : translate_vmm(vq, addr, mem, a);
}

u32 vx_vq_base(const struct vx_vq *vq)
{
	const struct vx_vring *r = &vq->ring;

	if (!vq->started)
		return vq->base;
	/* Between two turns nothing is fetched and not pushed. */
	if (!r->packed)
		return r->last_avail;
	return r->last_avail | (u32)r->avail_wrap << 15 | (u32)r->last_used << 16 | (u32)r->used_wrap << 31;
}

/* --- the core's part --- */

/* With VHOST_NET_F_VIRTIO_NET_HDR the tap has no header that could ask for an offload. */
static bool has_offloads(const struct vx_vq *vq)
{
	return !(vq->dev->features & (1ULL << VHOST_NET_F_VIRTIO_NET_HDR));
}

static void take_offloads(struct vx_vq *vq)
{
	u64 tap = has_offloads(vq) ? vq->tap_features : 0;

	vq->features = vq->dev->features | tap;
	vx_rx_set_offloads(&vq->rx, tap);
}

static void pump_init(struct vx_vq *vq, struct vx_pair *pair)
{
	if (vq->dir == VX_TO_GUEST) {
		/* What was negotiated is not known here: any of it may be switched on later. */
		vx_rx_init(&vq->rx, &vq->ring, &vx_xsk_source, NULL, vq->stats, vq->dev->features | VX_GUEST_OFFLOADS);
		take_offloads(vq);
	} else {
		vq->features = vq->dev->features | (has_offloads(vq) ? TX_OFFLOADS : 0);
		vx_tx_init(&vq->tx, &vq->ring, &vx_page_sink, &pair->sink, vq->stats, vq->features,
			   pair->port->mtu + ETH_HLEN);
	}
}

/* -EAGAIN: the ring is not mapped yet, and the VMM was asked. Under mutex, or before anybody knows of the vring. */
static int ring_start(struct vx_vq *vq, struct vx_pair *pair)
{
	struct vx_dev *dev = vq->dev;
	const struct vx_mem_table *mem = vq->ring.iotlb ? dev->iotlb.table : dev->mem;
	struct vx_mem_miss miss;
	struct vx_vring_addr a;
	int err;

	err = vx_vq_translate(vq, &vq->addr, mem, &a, &miss);
	if (err == -EAGAIN) {
		vq->wants_start = true;
		vx_iotlb_ask(vq, &miss);
		return err;
	}
	vq->wants_start = false;
	if (!err) {
		vx_vring_set_log(&vq->ring, vx_dev_log(dev));
		err = vx_vring_start(&vq->ring, vq->num, dev->features, &a, mem, vq->base);
	}
	if (err) {
		vx_vq_say_error(vq, pair->port->name, "cannot start", err);
		return err;
	}
	pump_init(vq, pair);
	vq->error[0] = 0;
	vq->blocked = false;
	vq->rechecked = false;
	vq->told = false;
	vq->blocked_since = 0;
	vq->started = true;
	return 0;
}

void vx_vq_offloads_changed(struct vx_vq *vq, struct file *tap)
{
	vx_vq_lock(vq);
	vq->tap_features = vx_tap_features(tap);
	if (vq->started)
		take_offloads(vq);
	vx_vq_unlock(vq);
}

void vx_vq_pause(struct vx_vq *vq)
{
	vq->base = vx_vring_stop(&vq->ring);
	vq->started = false;
	vq->wants_start = true;
	vx_iotlb_forget(vq);
	vx_vq_wake(vq);
}

bool vx_vq_restart(struct vx_vq *vq)
{
	int err = ring_start(vq, vq->pair);

	if (err && err != -EAGAIN && vq->err)
		eventfd_signal(vq->err);
	return !err;
}

static void stop(struct vx_vq *vq)
{
	vx_vq_lock(vq);
	if (vq->started)
		vq->base = vx_vring_stop(&vq->ring);
	vq->started = false;
	vq->wants_start = false;
	vx_iotlb_forget(vq);
	vx_vq_unlock(vq);
}

/* --- the backend --- */

/* Nobody else knows of the vring yet: its memory may fault for as long as it likes. */
static int first_start(struct vx_vq *vq, struct vx_pair *pair)
{
	struct vx_dev *dev = vq->dev;
	int err;

	if (!vq->addr_set || !vq->num)
		return -EFAULT;
	if (vx_dev_log(dev) && !dev->log.size)
		return -EFAULT;
	vq->ring.iotlb = dev->features & (1ULL << VIRTIO_F_ACCESS_PLATFORM);
	err = ring_start(vq, pair);
	return err == -EAGAIN ? 0 : err;
}

static int bind(struct vx_vq *vq, struct file *file)
{
	struct vx_pair *pair = vx_tap_pair(file);
	int err;

	vq->tap_features = vx_tap_features(file);
	err = first_start(vq, pair);
	if (!err)
		err = vx_port_bind(pair, vq);
	if (err) {
		stop(vq);
		return err;
	}
	vq->backend = get_file(file);
	/* They may have changed while nobody knew of the vring. */
	vx_port_offloads_changed(pair, file);
	trace_backend_set(pair->port->name, pair->index, vq->dir, true);
	vx_vq_wake(vq);
	return 0;
}

static struct file *unbind(struct vx_vq *vq)
{
	struct file *file = vq->backend;
	struct vx_pair *pair = vx_tap_pair(file);

	vx_port_unbind(vq);
	stop(vq);
	vq->backend = NULL;
	trace_backend_set(pair->port->name, pair->index, vq->dir, false);
	return file;
}

void vx_vq_clear_backend(struct vx_vq *vq)
{
	if (vq->backend)
		fput(unbind(vq));
}

static bool runs(struct vx_vq *vq)
{
	bool ret;

	vx_vq_lock(vq);
	ret = vx_vq_live(vq) || vq->wants_start;
	vx_vq_unlock(vq);
	return ret;
}

int vx_vq_set_backend(struct vx_vq *vq, struct file *file)
{
	struct file *old = NULL;
	int err;

	if (!vx_tap_pair(file)) {
		pr_warn_ratelimited("the VMM gives a vring a backend that is no data fd of a port\n");
		return -ENOTSOCK;
	}
	/* Again, while it runs or waits for its ring: nothing to do. While it is broken: it is set up anew. */
	if (vq->backend == file && runs(vq))
		return 0;
	if (vq->backend)
		old = unbind(vq);
	err = bind(vq, file);
	if (!old)
		return err;
	/* A failed exchange leaves the former backend where that is still possible. */
	if (err && old != file)
		bind(vq, old);
	fput(old);
	return err;
}
