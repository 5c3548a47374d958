/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State that outlives the process: pins below the bpffs mount, as laid out in
 * <vhost_xdp/steer.h>. Names come from there, paths only from here.
 */
#ifndef VX_PINS_H
#define VX_PINS_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

struct bpf_object;

#define VX_PIN_PATH	256

/* The bpffs mount point: $VHOST_XDP_BPFFS or /sys/fs/bpf. */
const char *vx_bpffs(void);

/*
 * Write the absolute path of a pin, e.g. vx_pin_path(buf, sizeof(buf), "ports/%s/engine", name). -ENAMETOOLONG when it
 * does not fit.
 */
int vx_pin_path(char *buf, size_t len, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Open pinned objects; fds are close-on-exec and owned by the caller. Negative errno; nothing is printed. */
int vx_pin_open(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Same, but the fd can only be used for look-ups (BPF_F_RDONLY): for processes that drop privileges. */
int vx_pin_open_rdonly(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

int vx_pin_add(int fd, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int vx_pin_mkdir(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
bool vx_pin_exists(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Remove a pin, or a directory with all it holds. Missing is fine. */
int vx_pin_remove(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Call fn for each entry of a directory; stops at the first non-zero and returns it. A missing directory is empty. */
int vx_pin_each(const char *dir, int (*fn)(const char *name, void *arg), void *arg);

/* One element of the map v1/MAP. To drop what is missing, element or map, is fine. */
int vx_map_put(const char *map, const void *key, const void *value, __u64 flags);
void vx_map_drop(const char *map, const void *key);

/*
 * All of our maps and port programs loaded and pinned, made if missing. 0 or negative errno with one line printed.
 * Removed again by vx_pins_release() when no port and no uplink is left.
 */
int vx_pins_ensure(void);
int vx_pins_release(void);
/* After a failure: the same, but policies that were loaded ahead of any uplink count, too. */
int vx_pins_abandon(void);

/*
 * 0: our pins are there, of this version and of this network namespace. -ENOENT: nothing set up. Else one line was
 * printed.
 */
int vx_pins_check(void);

/*
 * A command that changes state holds this lock from before vx_pins_ensure()
 * until after vx_pins_release(), so that two runs cannot interleave. Checks for
 * root and a mounted bpffs on the way; a line was printed when it fails.
 */
int vx_pins_lock(void);
void vx_pins_unlock(void);

/*
 * Let an object that is not loaded yet use our pinned maps, by name. Negative errno with one line printed when they
 * differ.
 */
int vx_pins_share(struct bpf_object *obj);

/* Keep libbpf's and libxdp's messages to ourselves; vx_verbose prints them. */
void vx_bpf_log_init(void);
void vx_bpf_log_reset(void);
/* The line of the captured log that says why the last load failed, or "". */
const char *vx_bpf_log_reason(void);
/* The kernel's own words (netlink extended acknowledgement), or "". */
const char *vx_bpf_log_kernel(void);

#endif
