/* SPDX-License-Identifier: GPL-2.0-only */
/* BPF objects, for port_offer.c. See compat.h. */
#ifndef VX_COMPAT_BPF_H
#define VX_COMPAT_BPF_H

#include <linux/bpf.h>
#include <linux/err.h>
#include <linux/version.h>

/* Fields in a map's values that only the kernel may write: locks, timers, pointers, lists. */
static inline bool vx_map_has_fields(const struct bpf_map *map)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	return map_value_has_spin_lock(map) || map_value_has_timer(map) || map_value_has_kptrs(map);
#else
	return !IS_ERR_OR_NULL(map->record);
#endif
}

#endif
