// SPDX-License-Identifier: GPL-2.0-or-later
/* The checking home: see vx_env.h. */
#include "vx_env.h"
#include <stdarg.h>
#include <stdio.h>

#define MAPS_MAX	64
#define FIRST_UADDR	0x0abc000000000000ull	/* no CPU's user space reaches this far */
#define READ_MARK	0x80			/* beside enum vx_env_mark in the shadow bytes */

struct mapping {
	u64 uaddr;
	u64 size;
	u64 good;	/* bytes of it that do not fault */
	u8 *bytes;	/* exact allocation: ASan guards both ends. NULL: a hole */
	u8 *shadow;
};

static struct {
	struct mapping map[MAPS_MAX];
	u32 nmaps;
	u64 next_uaddr;

	bool scope;
	struct { u8 *shadow; u32 len; } *read;	/* what this scope has marked as read */
	u32 nread, read_room;

	bool need_rmb;		/* an index was loaded, no barrier since */
	bool need_wmb;		/* plain writes, no barrier since */
	bool need_mb;		/* published, no full barrier since */

	u64 accesses, fail_access;
	u64 allocs, fail_alloc, live;

	bool tracing;
	struct vx_env_event *trace;
	u32 ntrace, trace_room;

	vx_env_hook_fn hook;

	bool collect;
	u32 violations;
	char last[160];
} env = { .next_uaddr = FIRST_UADDR };

__attribute__((format(printf, 1, 2)))
static void violation(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(env.last, sizeof(env.last), fmt, ap);
	va_end(ap);
	env.violations++;
	if (env.collect)
		return;
	fprintf(stderr, "vx_env: %s\n", env.last);
	abort();
}

static void *grown(void *array, u32 n, u32 *room, size_t size)
{
	if (n < *room)
		return array;
	*room = *room ? *room * 2 : 256;
	array = realloc(array, *room * size);
	if (!array)
		abort();
	return array;
}

static void record(enum vx_env_op op, u64 uaddr, u32 len)
{
	if (!env.tracing)
		return;
	env.trace = grown(env.trace, env.ntrace, &env.trace_room, sizeof(*env.trace));
	env.trace[env.ntrace++] = (struct vx_env_event) { op, uaddr, len };
}

void vx_rmb(void)
{
	record(VX_ENV_RMB, 0, 0);
	env.need_rmb = false;
	atomic_thread_fence(memory_order_acquire);
}

void vx_wmb(void)
{
	record(VX_ENV_WMB, 0, 0);
	env.need_wmb = false;
	atomic_thread_fence(memory_order_release);
}

void vx_mb(void)
{
	record(VX_ENV_MB, 0, 0);
	env.need_rmb = env.need_wmb = env.need_mb = false;
	atomic_thread_fence(memory_order_seq_cst);
}

static struct mapping *find(u64 uaddr)
{
	u32 i;

	for (i = 0; i < env.nmaps; i++)
		if (uaddr - env.map[i].uaddr < env.map[i].size)
			return &env.map[i];
	return NULL;
}

/* Judge one access. Returns its mapping, or NULL when it has to fail with -EFAULT. */
static struct mapping *access_map(enum vx_env_op op, u64 uaddr, u32 len)
{
	struct mapping *m = find(uaddr);

	env.accesses++;
	record(op, uaddr, len);
	if (!m) {
		violation("access to %#llx, which never was guest memory", (unsigned long long)uaddr);
		return NULL;
	}
	if (len > m->size - (uaddr - m->uaddr)) {
		violation("%u bytes at %#llx leave their mapping", len, (unsigned long long)uaddr);
		return NULL;
	}
	if (env.fail_access && !--env.fail_access)
		return NULL;
	return m->bytes && uaddr - m->uaddr + len <= m->good ? m : NULL;
}

/* What a copy has written when it meets the byte that faults. */
static void write_up_to_fault(u64 uaddr, const void *src, u32 len)
{
	struct mapping *m = find(uaddr);
	u64 off = m ? uaddr - m->uaddr : 0;

	if (m && m->bytes && off < m->good && len > m->good - off)
		memcpy(m->bytes + off, src, m->good - off);
}

static u8 marks_of(const struct mapping *m, u64 uaddr, u32 len)
{
	u8 all = 0;
	u32 i;

	for (i = 0; i < len; i++)
		all |= m->shadow[uaddr - m->uaddr + i];
	return all;
}

static void mark_read(struct mapping *m, u64 uaddr, u32 len)
{
	u8 *shadow = m->shadow + (uaddr - m->uaddr);
	u32 i;

	if (!env.scope || !len)
		return;
	for (i = 0; i < len; i++) {
		if (shadow[i] & READ_MARK) {
			violation("byte %#llx fetched twice", (unsigned long long)uaddr + i);
			break;
		}
		if (!(shadow[i] & VX_ENV_RACY))
			shadow[i] |= READ_MARK;
	}
	env.read = grown(env.read, env.nread, &env.read_room, sizeof(*env.read));
	env.read[env.nread].shadow = shadow;
	env.read[env.nread++].len = len;
}

int vx_guest_read(void *dst, u64 uaddr, u32 len)
{
	struct mapping *m = access_map(VX_ENV_READ, uaddr, len);

	if (!m)
		return -EFAULT;
	if (env.need_rmb && marks_of(m, uaddr, len) & VX_ENV_ANNOUNCED)
		violation("read of %#llx without vx_rmb() after an index was loaded", (unsigned long long)uaddr);
	mark_read(m, uaddr, len);
	memcpy(dst, m->bytes + (uaddr - m->uaddr), len);
	if (env.hook)
		env.hook(VX_ENV_READ, uaddr, len);
	return 0;
}

int vx_guest_write(u64 uaddr, const void *src, u32 len)
{
	struct mapping *m = access_map(VX_ENV_WRITE, uaddr, len);

	if (!m) {
		write_up_to_fault(uaddr, src, len);
		return -EFAULT;
	}
	env.need_wmb = true;
	memcpy(m->bytes + (uaddr - m->uaddr), src, len);
	if (env.hook)
		env.hook(VX_ENV_WRITE, uaddr, len);
	return 0;
}

/* Byte by byte, and nothing of the core's. In memory order: the first byte of a pair is the upper one of a network number. */
static u64 slow_sum(const u8 *p, u32 len)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < len; i++)
		sum += i & 1 ? p[i] : p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return vx_cpu_to_be16(sum);
}

int vx_guest_read_csum(void *dst, u64 uaddr, u32 len, u64 *sum)
{
	int err = vx_guest_read(dst, uaddr, len);

	if (!err)
		*sum = slow_sum(dst, len);
	return err;
}

int vx_guest_write_csum(u64 uaddr, const void *src, u32 len, u64 *sum)
{
	int err = vx_guest_write(uaddr, src, len);

	if (!err)
		*sum = slow_sum(src, len);
	return err;
}

static struct mapping *access16(enum vx_env_op op, u64 uaddr)
{
	if (uaddr % 2)
		violation("16-bit access to odd address %#llx", (unsigned long long)uaddr);
	return access_map(op, uaddr, sizeof(u16));
}

int vx_guest_get16(u16 *v, u64 uaddr)
{
	struct mapping *m = access16(VX_ENV_GET16, uaddr);
	u8 marks;

	*v = 0;	/* callers that use it after an error are then at least repeatable */
	if (!m)
		return -EFAULT;
	marks = marks_of(m, uaddr, sizeof(*v));
	if (marks & VX_ENV_EVENT && env.need_mb)
		violation("event field %#llx loaded without vx_mb() after publication", (unsigned long long)uaddr);
	if (marks & VX_ENV_ACQUIRE)
		env.need_rmb = true;
	mark_read(m, uaddr, sizeof(*v));
	memcpy(v, m->bytes + (uaddr - m->uaddr), sizeof(*v));
	if (env.hook)
		env.hook(VX_ENV_GET16, uaddr, sizeof(*v));
	return 0;
}

int vx_guest_put16(u64 uaddr, u16 v)
{
	struct mapping *m = access16(VX_ENV_PUT16, uaddr);

	if (!m)
		return -EFAULT;
	if (marks_of(m, uaddr, sizeof(v)) & VX_ENV_PUBLISH) {
		if (env.need_wmb)
			violation("publication at %#llx without vx_wmb() after writes", (unsigned long long)uaddr);
		env.need_mb = true;
	}
	memcpy(m->bytes + (uaddr - m->uaddr), &v, sizeof(v));
	if (env.hook)
		env.hook(VX_ENV_PUT16, uaddr, sizeof(v));
	return 0;
}

int vx_guest_or8(u64 uaddr, u8 mask)
{
	struct mapping *m = access_map(VX_ENV_OR8, uaddr, sizeof(mask));

	if (!m)
		return -EFAULT;
	m->bytes[uaddr - m->uaddr] |= mask;
	if (env.hook)
		env.hook(VX_ENV_OR8, uaddr, sizeof(mask));
	return 0;
}

void *vx_zalloc(size_t size)
{
	void *p;

	env.allocs++;
	if (env.fail_alloc && !--env.fail_alloc)
		return NULL;
	p = calloc(1, size);
	if (p)
		env.live++;
	return p;
}

void vx_free(void *p)
{
	if (p)
		env.live--;
	free(p);
}

u64 vx_env_guest_map(u64 uaddr, u64 size)
{
	struct mapping *m;

	if (!uaddr) {
		uaddr = env.next_uaddr;
		/* Never adjacent, so that running over an end is seen. */
		env.next_uaddr += (size + 0xffffff) & ~0xfffffull;
	}
	m = find(uaddr);
	if (!m) {
		if (env.nmaps == MAPS_MAX)
			abort();
		m = &env.map[env.nmaps++];
	}
	free(m->bytes);
	free(m->shadow);
	m->uaddr = uaddr;
	m->size = size;
	m->good = size;
	m->bytes = calloc(1, size);
	m->shadow = calloc(1, size);
	if (!m->bytes || !m->shadow)
		abort();
	return uaddr;
}

void vx_env_guest_unmap(u64 uaddr)
{
	struct mapping *m = find(uaddr);

	if (!m)
		abort();
	free(m->bytes);
	m->bytes = NULL;
}

void vx_env_guest_fault_from(u64 uaddr)
{
	struct mapping *m = find(uaddr);

	if (!m)
		abort();
	m->good = uaddr - m->uaddr;
}

void *vx_env_guest_ptr(u64 uaddr, u64 size)
{
	struct mapping *m = find(uaddr);

	if (!m || !m->bytes || size > m->size - (uaddr - m->uaddr))
		return NULL;
	return m->bytes + (uaddr - m->uaddr);
}

void vx_env_mark(u64 uaddr, u64 size, unsigned int marks)
{
	struct mapping *m = find(uaddr);

	if (!m || size > m->size - (uaddr - m->uaddr))
		abort();
	while (size--)
		m->shadow[uaddr++ - m->uaddr] |= marks;
}

void vx_env_scope_begin(void)
{
	env.scope = true;
}

void vx_env_scope_end(void)
{
	env.scope = false;
	while (env.nread) {
		u8 *shadow = env.read[--env.nread].shadow;
		u32 i, len = env.read[env.nread].len;

		for (i = 0; i < len; i++)
			shadow[i] &= ~READ_MARK;
	}
}

void vx_env_fail_access(u64 n)
{
	env.fail_access = n;
}

void vx_env_fail_alloc(u64 n)
{
	env.fail_alloc = n;
}

u64 vx_env_accesses(void)
{
	return env.accesses;
}

u64 vx_env_allocs(void)
{
	return env.allocs;
}

u64 vx_env_live_allocs(void)
{
	return env.live;
}

void vx_env_trace_start(void)
{
	env.ntrace = 0;
	env.tracing = true;
}

void vx_env_trace_stop(void)
{
	env.tracing = false;
}

u32 vx_env_trace_len(void)
{
	return env.ntrace;
}

const struct vx_env_event *vx_env_trace(u32 i)
{
	return &env.trace[i];
}

int vx_env_trace_find(u32 from, enum vx_env_op op, u64 uaddr, u64 len)
{
	u32 i;

	for (i = from; i < env.ntrace; i++) {
		const struct vx_env_event *e = &env.trace[i];

		if (e->op == op && (op >= VX_ENV_RMB || (e->uaddr < uaddr + len && uaddr < e->uaddr + e->len)))
			return i;
	}
	return -1;
}

void vx_env_hook(vx_env_hook_fn fn)
{
	env.hook = fn;
}

void vx_env_collect(bool on)
{
	env.collect = on;
}

u32 vx_env_take_violations(const char **last)
{
	u32 n = env.violations;

	if (last)
		*last = env.last;
	env.violations = 0;
	return n;
}

void vx_env_reset(void)
{
	u64 live = env.live;

	vx_env_scope_end();
	while (env.nmaps) {
		struct mapping *m = &env.map[--env.nmaps];

		free(m->bytes);
		free(m->shadow);
		*m = (struct mapping) { 0 };
	}
	free(env.read);
	free(env.trace);
	memset(&env, 0, offsetof(__typeof__(env), collect));
	env.next_uaddr = FIRST_UADDR;
	if (live)
		violation("%llu allocations leaked", (unsigned long long)live);
}
