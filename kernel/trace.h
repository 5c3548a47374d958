/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints vhost_xdp:*. dir: 0 to-guest, 1 from-guest; reason: enum vx_reason of <vhost_xdp/stats.h>. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vhost_xdp

#if !defined(VX_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define VX_TRACE_H

#include <linux/tracepoint.h>
#include <uapi/linux/vhost_xdp.h>

struct vx_frame;

#define VX_TRACE_DIR(dir)	__print_symbolic(dir, { 0, "to-guest" }, { 1, "from-guest" })

DECLARE_EVENT_CLASS(vx_vring,
	TP_PROTO(const char *port, u32 pair, u32 dir),
	TP_ARGS(port, pair, dir),
	TP_STRUCT__entry(
		__array(char, port, VHOST_XDP_NAME_LEN)
		__field(u32, pair)
		__field(u32, dir)
	),
	TP_fast_assign(
		strscpy(__entry->port, port, VHOST_XDP_NAME_LEN);
		__entry->pair = pair;
		__entry->dir = dir;
	),
	TP_printk("port=%s pair=%u %s", __entry->port, __entry->pair, VX_TRACE_DIR(__entry->dir))
);

/* The guest notified us. */
DEFINE_EVENT(vx_vring, kick,
	TP_PROTO(const char *port, u32 pair, u32 dir),
	TP_ARGS(port, pair, dir)
);

/* We notified the guest. */
DEFINE_EVENT(vx_vring, call,
	TP_PROTO(const char *port, u32 pair, u32 dir),
	TP_ARGS(port, pair, dir)
);

DECLARE_EVENT_CLASS(vx_turn,
	TP_PROTO(const char *port, u32 pair, u32 dir, u32 frames, u32 status),
	TP_ARGS(port, pair, dir, frames, status),
	TP_STRUCT__entry(
		__array(char, port, VHOST_XDP_NAME_LEN)
		__field(u32, pair)
		__field(u32, dir)
		__field(u32, frames)
		__field(u32, status)
	),
	TP_fast_assign(
		strscpy(__entry->port, port, VHOST_XDP_NAME_LEN);
		__entry->pair = pair;
		__entry->dir = dir;
		__entry->frames = frames;
		__entry->status = status;
	),
	TP_printk("port=%s pair=%u %s frames=%u %s", __entry->port, __entry->pair, VX_TRACE_DIR(__entry->dir), __entry->frames,
		  __print_symbolic(__entry->status, { 0, "idle" }, { 1, "more" }, { 2, "blocked" }, { 3, "broken" }))
);

/* A call of the pump ended: frames from the guest, */
DEFINE_EVENT(vx_turn, tx,
	TP_PROTO(const char *port, u32 pair, u32 dir, u32 frames, u32 status),
	TP_ARGS(port, pair, dir, frames, status)
);

/* ... and frames to the guest. */
DEFINE_EVENT(vx_turn, rx,
	TP_PROTO(const char *port, u32 pair, u32 dir, u32 frames, u32 status),
	TP_ARGS(port, pair, dir, frames, status)
);

/*
 * The frames themselves, for BPF programs: struct vx_frame of core/frame.h. A raw tracepoint's name is global, unlike those of the others.
 */
TRACE_EVENT(vhost_xdp_frames,
	TP_PROTO(const char *port, u32 pair, u32 dir, const struct vx_frame *frames, u32 n, u32 dropped),
	TP_ARGS(port, pair, dir, frames, n, dropped),
	TP_STRUCT__entry(
		__array(char, port, VHOST_XDP_NAME_LEN)
		__field(u32, pair)
		__field(u32, dir)
		__field(u32, n)
		__field(u32, dropped)
	),
	TP_fast_assign(
		strscpy(__entry->port, port, VHOST_XDP_NAME_LEN);
		__entry->pair = pair;
		__entry->dir = dir;
		__entry->n = n;
		__entry->dropped = dropped;
	),
	TP_printk("port=%s pair=%u %s frames=%u dropped=%u", __entry->port, __entry->pair, VX_TRACE_DIR(__entry->dir), __entry->n,
		  __entry->dropped)
);

TRACE_EVENT(drop,
	TP_PROTO(const char *port, u32 pair, u32 dir, u32 reason, u64 frames),
	TP_ARGS(port, pair, dir, reason, frames),
	TP_STRUCT__entry(
		__array(char, port, VHOST_XDP_NAME_LEN)
		__field(u32, pair)
		__field(u32, dir)
		__field(u32, reason)
		__field(u64, frames)
	),
	TP_fast_assign(
		strscpy(__entry->port, port, VHOST_XDP_NAME_LEN);
		__entry->pair = pair;
		__entry->dir = dir;
		__entry->reason = reason;
		__entry->frames = frames;
	),
	TP_printk("port=%s pair=%u %s reason=%u frames=%llu", __entry->port, __entry->pair, VX_TRACE_DIR(__entry->dir),
		  __entry->reason, __entry->frames)
);

TRACE_EVENT(vq_error,
	TP_PROTO(const char *port, u32 pair, u32 dir, const char *why),
	TP_ARGS(port, pair, dir, why),
	TP_STRUCT__entry(
		__array(char, port, VHOST_XDP_NAME_LEN)
		__field(u32, pair)
		__field(u32, dir)
		__array(char, why, VHOST_XDP_ERROR_LEN)
	),
	TP_fast_assign(
		strscpy(__entry->port, port, VHOST_XDP_NAME_LEN);
		__entry->pair = pair;
		__entry->dir = dir;
		strscpy(__entry->why, why, VHOST_XDP_ERROR_LEN);
	),
	TP_printk("port=%s pair=%u %s: %s", __entry->port, __entry->pair, VX_TRACE_DIR(__entry->dir), __entry->why)
);

/* A vring was bound to a port (on), or left it. */
TRACE_EVENT(backend_set,
	TP_PROTO(const char *port, u32 pair, u32 dir, bool on),
	TP_ARGS(port, pair, dir, on),
	TP_STRUCT__entry(
		__array(char, port, VHOST_XDP_NAME_LEN)
		__field(u32, pair)
		__field(u32, dir)
		__field(bool, on)
	),
	TP_fast_assign(
		strscpy(__entry->port, port, VHOST_XDP_NAME_LEN);
		__entry->pair = pair;
		__entry->dir = dir;
		__entry->on = on;
	),
	TP_printk("port=%s pair=%u %s %s", __entry->port, __entry->pair, VX_TRACE_DIR(__entry->dir), __entry->on ? "on" : "off")
);

TRACE_EVENT(attach,
	TP_PROTO(const char *port, u32 host_ifindex, u32 guest_ifindex, u32 pairs),
	TP_ARGS(port, host_ifindex, guest_ifindex, pairs),
	TP_STRUCT__entry(
		__array(char, port, VHOST_XDP_NAME_LEN)
		__field(u32, host_ifindex)
		__field(u32, guest_ifindex)
		__field(u32, pairs)
	),
	TP_fast_assign(
		strscpy(__entry->port, port, VHOST_XDP_NAME_LEN);
		__entry->host_ifindex = host_ifindex;
		__entry->guest_ifindex = guest_ifindex;
		__entry->pairs = pairs;
	),
	TP_printk("port=%s host=%u guest=%u pairs=%u", __entry->port, __entry->host_ifindex, __entry->guest_ifindex,
		  __entry->pairs)
);

TRACE_EVENT(detach,
	TP_PROTO(const char *port, const char *why),
	TP_ARGS(port, why),
	TP_STRUCT__entry(
		__array(char, port, VHOST_XDP_NAME_LEN)
		__array(char, why, VHOST_XDP_ERROR_LEN)
	),
	TP_fast_assign(
		strscpy(__entry->port, port, VHOST_XDP_NAME_LEN);
		strscpy(__entry->why, why, VHOST_XDP_ERROR_LEN);
	),
	TP_printk("port=%s: %s", __entry->port, __entry->why)
);

#endif

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
