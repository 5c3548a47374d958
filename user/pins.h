/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State that outlives the process: pins below the bpffs mount, as laid out in
 * <vhost_xdp/steer.h>. Names come from there, paths only from here.
 */
#ifndef VX_PINS_H
#define VX_PINS_H

#include <stddef.h>

/* The bpffs mount point: $VHOST_XDP_BPFFS or /sys/fs/bpf. */
const char *vx_bpffs(void);

/* Write the absolute path of a pin, e.g. vx_pin_path(buf, sizeof(buf), "ports/%s/engine", name). -ENAMETOOLONG when it does not fit. */
int vx_pin_path(char *buf, size_t len, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Open pinned objects; fds are close-on-exec and owned by the caller. Negative errno; nothing is printed. */
int vx_pin_open(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Same, but the fd can only be used for look-ups (BPF_F_RDONLY): for processes that drop privileges. */
int vx_pin_open_rdonly(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * All of our maps and port programs loaded and pinned, made if missing. 0 or negative errno with one line printed.
 * Removed again by vx_pins_release() when no port and no uplink is left.
 */
int vx_pins_ensure(void);
int vx_pins_release(void);

#endif
