// SPDX-License-Identifier: GPL-2.0-or-later
/* Guest memory and dirty log: the requests that bring and take them. */
#include "say.h"
#include "vhost_user.h"

/* The vrings move to the new memory before the old one goes. */
static int replace_mem(struct vx_vu *vu, struct vx_guest_mem *gm)
{
	struct vx_guest_mem *old = vu->mem;

	vu->mem = gm;
	vx_vu_remap(vu);
	vx_guest_mem_free(old);
	vx_debug("%s: guest memory in %u region(s)", vu->name, gm->n);
	return 0;
}

int vu_set_mem_table_exec(struct vx_vu *vu, struct vx_vu_msg *m)
{
	const struct vx_vu_mem_table *t = &m->payload.table;
	struct vx_guest_mem *gm;
	int err;

	if (!t->n || t->n > VX_VU_TABLE_REGIONS || m->nfds != t->n ||
	    m->header.size < offsetof(struct vx_vu_mem_table, region) + t->n * sizeof(t->region[0]))
		return vx_fail(-EINVAL, "%s: the VMM sends a table of %u memory regions with %u descriptors; "
			       "this is a fault of the VMM", vu->name, t->n, m->nfds);
	gm = vx_guest_mem_new(t->region, m->fds, t->n, &err);
	return gm ? replace_mem(vu, gm) : err;
}

int vu_add_mem_reg_exec(struct vx_vu *vu, struct vx_vu_msg *m)
{
	struct vx_guest_mem *gm;
	int err;

	gm = vx_guest_mem_add(vu->mem, &m->payload.reg.region, m->fds[0], &err);
	return gm ? replace_mem(vu, gm) : err;
}

/* Some VMMs send the region's descriptor here, too; it is closed with the message. */
int vu_rem_mem_reg_exec(struct vx_vu *vu, struct vx_vu_msg *m)
{
	struct vx_guest_mem *gm;
	int err;

	gm = vx_guest_mem_remove(vu->mem, &m->payload.reg.region, &err);
	return gm ? replace_mem(vu, gm) : err;
}

int vu_get_max_mem_slots_exec(struct vx_vu *vu, struct vx_vu_msg *m)
{
	m->payload.u64 = VX_MEM_REGIONS_MAX;
	return VX_VU_REPLIED + sizeof(m->payload.u64);
}

/* Its answer is due whether or not the VMM asks for acknowledgements. */
int vu_set_log_base_exec(struct vx_vu *vu, struct vx_vu_msg *m)
{
	struct vx_guest_map *old = vu->log_map, *map;
	int err;

	map = vx_guest_map_new(m->fds[0], m->payload.log.offset, m->payload.log.size, &err);
	if (!map)
		return err;
	vu->log_map = map;
	vu->log = (struct vx_dirty_log){ .uaddr = (uintptr_t)map->base + map->skip, .size = m->payload.log.size };
	vx_vu_remap(vu);
	vx_guest_map_put(old);
	m->payload.u64 = 0;
	return VX_VU_REPLIED + sizeof(m->payload.u64);
}

/* An eventfd to tell the VMM of writes to the log. It polls the log anyway; nothing is kept. */
int vu_set_log_fd_exec(struct vx_vu *vu, struct vx_vu_msg *m)
{
	return 0;
}
