// SPDX-License-Identifier: GPL-2.0-or-later
/* Vrings: the requests that describe, start and stop them. */
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#include "say.h"
#include "vhost_user.h"

static unsigned int vring_index(const struct vx_vu *vu, const struct vx_vu_vring *v)
{
	return (unsigned int)(v - vu->vring);
}

static struct vx_vu_vring *vring_find(struct vx_vu *vu, u32 index)
{
	if (index < vu->nvrings)
		return &vu->vring[index];
	vx_warn("%s: the VMM sets up vring %u, but this port serves %u queue pair(s); "
		"give the VMM fewer queues or the port more", vu->name, index, vu->nvrings / 2);
	return NULL;
}

static int out_of_order(const struct vx_vu *vu, const struct vx_vu_vring *v, const char *what)
{
	return vx_fail(-EBUSY, "%s: the VMM changes the %s of running vring %u; this is a fault of the VMM", vu->name,
		       what, vring_index(vu, v));
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* VMM addresses of a vring to ours. Each part must lie in one region. */
static int vring_translate(const struct vx_vu *vu, const struct vx_vu_vring *v, struct vx_vring_addr *a)
{
	const struct vx_mem_table *mt = vu->mem ? vu->mem->table : NULL;
	bool packed = vu->features & (1ULL << VIRTIO_F_RING_PACKED);
	u64 avail_len = packed ? sizeof(struct vring_packed_desc_event) : sizeof(u16) * (3 + (u64)v->num);
	u64 used_len = packed ? sizeof(struct vring_packed_desc_event) :
				sizeof(u16) * 3 + sizeof(struct vring_used_elem) * (u64)v->num;
	u64 unused;
	int err;

	if (!mt)
		return -EFAULT;
	err = vx_mem_from_vmm(mt, v->addr.desc, sizeof(struct vring_desc) * (u64)v->num, &a->desc, &a->desc_gpa);
	if (!err)
		err = vx_mem_from_vmm(mt, v->addr.avail, avail_len, &a->avail, &unused);
	if (!err)
		err = vx_mem_from_vmm(mt, v->addr.used, used_len, &a->used, &a->used_gpa);
	a->log = v->addr.flags & VX_VU_VRING_F_LOG;
	return err;
}

static const struct vx_dirty_log *active_log(const struct vx_vu *vu)
{
	return vu->log_map && vu->features & (1ULL << VX_VU_F_LOG_ALL) ? &vu->log : NULL;
}

static void vring_stop(struct vx_vu *vu, struct vx_vu_vring *v)
{
	if (!v->running)
		return;
	v->base = vx_vring_stop(&v->vq);
	v->running = false;
	vx_debug("%s: vring %u stopped at 0x%x", vu->name, vring_index(vu, v), v->base);
}

static void vring_start(struct vx_vu *vu, struct vx_vu_vring *v)
{
	struct vx_vring_addr a = { 0 };
	int err = vring_translate(vu, v, &a);

	if (!err)
		err = vx_vring_start(&v->vq, v->num, vu->features, &a, vu->mem->table, v->base);
	if (err) {
		v->refused = true;
		vx_warn("%s: vring %u (%u entries) cannot start: %s; it stays stopped until the VMM sets it up anew",
			vu->name, vring_index(vu, v), v->num,
			err == -EFAULT ? "it is not in shared memory" : strerror(-err));
		return;
	}
	vx_vring_set_log(&v->vq, active_log(vu));
	v->running = true;
	vx_debug("%s: vring %u started: %s, %u entries, base 0x%x", vu->name, vring_index(vu, v),
		 v->vq.packed ? "packed" : "split", v->num, v->base);
}

void vx_vu_sync(struct vx_vu *vu)
{
	for (u32 i = 0; i < vu->nvrings; i++) {
		struct vx_vu_vring *v = &vu->vring[i];
		bool ready = v->started && v->num && v->have_addr && vu->mem && vu->mem->table;

		if (!ready)
			vring_stop(vu, v);
		else if (!v->running && !v->refused)
			vring_start(vu, v);
	}
}

void vx_vu_remap(struct vx_vu *vu)
{
	for (u32 i = 0; i < vu->nvrings; i++) {
		struct vx_vu_vring *v = &vu->vring[i];
		struct vx_vring_addr a = { 0 };

		v->refused = false;
		if (!v->running)
			continue;
		vx_vring_set_mem(&v->vq, vu->mem ? vu->mem->table : NULL);
		vx_vring_set_log(&v->vq, active_log(vu));
		if (!vring_translate(vu, v, &a) && !vx_vring_set_addr(&v->vq, &a))
			continue;
		vx_warn("%s: vring %u lost its memory and stops", vu->name, i);
		vring_stop(vu, v);
		v->refused = true;
	}
}

void vx_vu_vring_reset(struct vx_vu *vu, struct vx_vu_vring *v)
{
	vring_stop(vu, v);
	close_fd(&v->kick);
	close_fd(&v->call);
	close_fd(&v->err);
	v->num = 0;
	v->base = 0;
	v->have_addr = false;
	v->started = false;
	v->enabled = false;
	v->refused = false;
}

int vu_set_vring_num_exec(struct vx_vu *vu, struct vx_vu_msg *m)
{
	struct vx_vu_vring *v = vring_find(vu, m->payload.state.index);
	u32 num = m->payload.state.num;

	if (!v)
		return -EINVAL;
	if (v->running && num != v->num)
		return out_of_order(vu, v, "size");
	if (!num || num > VX_VRING_NUM_MAX)
		return vx_fail(-EINVAL, "%s: the VMM asks for a vring of %u entries; 1 to %u are possible", vu->name, num,
			       VX_VRING_NUM_MAX);
	v->num = num;
	v->refused = false;
	return 0;
}

int vu_set_vring_addr_exec(struct vx_vu *vu, struct vx_vu_msg *m)
{
	struct vx_vu_vring *v = vring_find(vu, m->payload.addr.index);
	struct vx_vring_addr a = { 0 };

	if (!v)
		return -EINVAL;
	v->addr = m->payload.addr;
	v->have_addr = true;
	v->refused = false;
	if (!v->running)
		return 0;
	/* Migration changes the log flag of a vring while it runs. */
	if (vring_translate(vu, v, &a) || vx_vring_set_addr(&v->vq, &a))
		return vx_fail(-EFAULT, "%s: the VMM moves running vring %u out of shared memory; this is a fault of the VMM",
			       vu->name, vring_index(vu, v));
	return 0;
}

int vu_set_vring_base_exec(struct vx_vu *vu, struct vx_vu_msg *m)
{
	struct vx_vu_vring *v = vring_find(vu, m->payload.state.index);

	if (!v)
		return -EINVAL;
	if (v->running)
		return out_of_order(vu, v, "base");
	v->base = m->payload.state.num;
	v->refused = false;
	return 0;
}

int vu_get_vring_base_exec(struct vx_vu *vu, struct vx_vu_msg *m)
{
	struct vx_vu_vring *v = vring_find(vu, m->payload.state.index);

	if (!v)
		return -EINVAL;
	vring_stop(vu, v);
	close_fd(&v->kick);
	v->started = false;
	v->refused = false;
	m->payload.state = (struct vx_vu_vring_state){ .index = vring_index(vu, v), .num = v->base };
	return VX_VU_REPLIED + sizeof(m->payload.state);
}

/*
 * The descriptor of SET_VRING_KICK, _CALL or _ERR; *fd stays as it is for the form without one. An eventfd
 * or (User Mode Linux) a pipe: reading or writing anything else could block us for ever.
 */
static int take_eventfd(struct vx_vu *vu, struct vx_vu_msg *m, int *fd)
{
	bool nofd = m->payload.u64 & VX_VU_VRING_NOFD;
	struct stat st;

	if (m->nfds != !nofd)
		return vx_fail(-EBADF, "%s: the VMM sends %u descriptors with a vring's eventfd instead of %d; "
			       "this is a fault of the VMM", vu->name, m->nfds, !nofd);
	if (nofd)
		return 0;
	if (fstat(m->fds[0], &st))
		return vx_fail(-errno, "%s: the VMM's eventfd cannot be examined: %s", vu->name, strerror(errno));
	if (st.st_mode & S_IFMT && !S_ISFIFO(st.st_mode))
		return vx_fail(-EINVAL, "%s: the VMM sends something else than an eventfd; this is a fault of the VMM", vu->name);
	if (fcntl(m->fds[0], F_SETFL, fcntl(m->fds[0], F_GETFL) | O_NONBLOCK))
		return vx_fail(-errno, "%s: the VMM's eventfd cannot be used: %s", vu->name, strerror(errno));
	*fd = m->fds[0];
	m->fds[0] = -1;
	return 0;
}

static int replace_eventfd(struct vx_vu *vu, struct vx_vu_msg *m, int *slot)
{
	int fd = -1, err = take_eventfd(vu, m, &fd);

	if (err)
		return err;
	close_fd(slot);
	*slot = fd;
	return 0;
}

int vu_set_vring_kick_exec(struct vx_vu *vu, struct vx_vu_msg *m)
{
	struct vx_vu_vring *v = vring_find(vu, m->payload.u64 & VX_VU_VRING_INDEX_MASK);
	int err = v ? replace_eventfd(vu, m, &v->kick) : -EINVAL;

	if (err)
		return err;
	/* The specification starts a vring at its first kick; a driver that kicked before must not wait for a second one. */
	v->started = true;
	v->refused = false;
	return 0;
}

int vu_set_vring_call_exec(struct vx_vu *vu, struct vx_vu_msg *m)
{
	struct vx_vu_vring *v = vring_find(vu, m->payload.u64 & VX_VU_VRING_INDEX_MASK);
	int err = v ? replace_eventfd(vu, m, &v->call) : -EINVAL;
	u64 one = 1;

	/* A call that was due while there was another eventfd, or none, must not be lost; one too many does no harm. */
	if (!err && v->running && v->call >= 0 && write(v->call, &one, sizeof(one)) < 0)
		vx_debug("%s: vring %u is not called: %s", vu->name, vring_index(vu, v), strerror(errno));
	return err;
}

int vu_set_vring_err_exec(struct vx_vu *vu, struct vx_vu_msg *m)
{
	struct vx_vu_vring *v = vring_find(vu, m->payload.u64 & VX_VU_VRING_INDEX_MASK);

	return v ? replace_eventfd(vu, m, &v->err) : -EINVAL;
}

int vu_set_vring_enable_exec(struct vx_vu *vu, struct vx_vu_msg *m)
{
	struct vx_vu_vring *v = vring_find(vu, m->payload.state.index);

	if (!v)
		return -EINVAL;
	if (m->payload.state.num > 1)
		return vx_fail(-EINVAL, "%s: the VMM neither enables nor disables vring %u; this is a fault of the VMM",
			       vu->name, vring_index(vu, v));
	v->enabled = m->payload.state.num;
	return 0;
}
