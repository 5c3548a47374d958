// SPDX-License-Identifier: GPL-2.0-or-later
/* The vhost-user back end against a scripted VMM: each request well-formed, malformed and hostile. No root, no network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>

#include "pump.h"
#include "vhost_user.h"

#define BIT(n)		(1ULL << (n))
#define ALL_PROTO	(BIT(0) | BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(13) | BIT(15) | BIT(16))
#define BASIC		(BIT(VIRTIO_F_VERSION_1) | BIT(VX_VU_F_PROTOCOL_FEATURES))
#define PAIRS		2
#define MTU		1500
#define GUEST_SIZE	(64u << 10)
#define GPA		0x40000000ull
#define VMM		0x7f0000000000ull
#define NUM		16

struct vmm {
	struct vx_vu *vu;
	int fd;			/* our end */
	int memfd;
	u8 *mem;
	u32 paused;		/* depth: must never exceed one */
	u32 pauses;
	u8 frame[128];
	u32 frame_len;
};

static void vmm_pause(void *ctx)
{
	struct vmm *t = ctx;

	assert_int_equal(t->paused++, 0);
	t->pauses++;
}

static void vmm_resume(void *ctx)
{
	struct vmm *t = ctx;

	assert_int_equal(--t->paused, 0);
}

static int vmm_send_frame(void *ctx, const void *frame, u32 len)
{
	struct vmm *t = ctx;

	assert_int_equal(t->paused, 1);
	assert_true(len <= sizeof(t->frame));
	memcpy(t->frame, frame, len);
	t->frame_len = len;
	return 0;
}

static const struct vx_vu_ops ops = { vmm_pause, vmm_resume, vmm_send_frame };

static void vmm_connect(struct vmm *t)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	t->fd = pair[0];
	assert_int_equal(vx_vu_connect(t->vu, pair[1]), 0);
}

static int count_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static int setup(void **state)
{
	struct vmm *t = calloc(1, sizeof(*t));

	t->vu = vx_vu_new("vm1", PAIRS, MTU, &ops, t);
	t->memfd = memfd_create("guest", MFD_CLOEXEC);
	if (!t->vu || t->memfd < 0 || ftruncate(t->memfd, GUEST_SIZE))
		return -1;
	t->mem = mmap(NULL, GUEST_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, t->memfd, 0);
	vmm_connect(t);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct vmm *t = *state;

	vx_vu_free(t->vu);
	vx_guest_fault_clear();
	munmap(t->mem, GUEST_SIZE);
	close(t->memfd);
	close(t->fd);
	free(t);
	return 0;
}

/* Put a message on the wire with any header, payload and descriptors. */
static void put(struct vmm *t, u32 request, u32 flags, const void *payload, u32 size, const int *fds, u32 nfds)
{
	struct vx_vu_header h = { request, flags, size };
	struct iovec iov[2] = { { &h, sizeof(h) }, { (void *)payload, size } };
	char control[CMSG_SPACE(64 * sizeof(int))] = { 0 };
	struct msghdr mh = { .msg_iov = iov, .msg_iovlen = 2 };

	if (nfds) {
		struct cmsghdr *c;

		mh.msg_control = control;
		mh.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		c = CMSG_FIRSTHDR(&mh);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, nfds * sizeof(int));
	}
	assert_int_equal(sendmsg(t->fd, &mh, 0), sizeof(h) + size);
}

static int ask(struct vmm *t, u32 request, const void *payload, u32 size, const int *fds, u32 nfds)
{
	put(t, request, VX_VU_VERSION, payload, size, fds, nfds);
	return vx_vu_readable(t->vu);
}

/* A reply must be there, with the reply flag and the request's number. */
static u32 get_reply(struct vmm *t, u32 request, void *payload, u32 size)
{
	struct vx_vu_header h;

	assert_int_equal(recv(t->fd, &h, sizeof(h), MSG_DONTWAIT), sizeof(h));
	assert_int_equal(h.request, request);
	assert_int_equal(h.flags, VX_VU_VERSION | VX_VU_REPLY);
	assert_true(h.size <= size);
	assert_int_equal(recv(t->fd, payload, h.size, MSG_DONTWAIT), h.size);
	return h.size;
}

static void assert_no_reply(struct vmm *t)
{
	char c;

	assert_int_equal(recv(t->fd, &c, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
}

static u64 get_u64(struct vmm *t, u32 request)
{
	u64 v = 0;

	assert_int_equal(ask(t, request, NULL, 0, NULL, 0), 0);
	assert_int_equal(get_reply(t, request, &v, sizeof(v)), sizeof(v));
	return v;
}

static int set_u64(struct vmm *t, u32 request, u64 v)
{
	return ask(t, request, &v, sizeof(v), NULL, 0);
}

static int set_state(struct vmm *t, u32 request, u32 index, u32 num)
{
	struct vx_vu_vring_state s = { index, num };

	return ask(t, request, &s, sizeof(s), NULL, 0);
}

static void negotiate(struct vmm *t, u64 features)
{
	assert_int_equal(set_u64(t, VX_VU_SET_PROTOCOL_FEATURES, ALL_PROTO), 0);
	assert_int_equal(set_u64(t, VX_VU_SET_FEATURES, features), 0);
}

static struct vx_vu_region whole_guest(void)
{
	return (struct vx_vu_region){ .gpa = GPA, .size = GUEST_SIZE, .vmm_addr = VMM };
}

static int set_mem(struct vmm *t)
{
	struct vx_vu_mem_table table = { .n = 1, .region = { whole_guest() } };

	return ask(t, VX_VU_SET_MEM_TABLE, &table, offsetof(struct vx_vu_mem_table, region[1]), &t->memfd, 1);
}

static struct vx_vu_vring_addr ring_addr(u32 index)
{
	u64 base = VMM + index * 0x1000;

	return (struct vx_vu_vring_addr){ .index = index, .desc = base, .avail = base + 0x400, .used = base + 0x800 };
}

static int set_eventfd(struct vmm *t, u32 request, u64 index)
{
	int fd = eventfd(0, EFD_CLOEXEC), ret = ask(t, request, &index, sizeof(index), &fd, 1);

	close(fd);
	return ret;
}

static void start_ring(struct vmm *t, u32 index)
{
	struct vx_vu_vring_addr a = ring_addr(index);

	assert_int_equal(set_state(t, VX_VU_SET_VRING_NUM, index, NUM), 0);
	assert_int_equal(set_state(t, VX_VU_SET_VRING_BASE, index, 0), 0);
	assert_int_equal(ask(t, VX_VU_SET_VRING_ADDR, &a, sizeof(a), NULL, 0), 0);
	assert_int_equal(set_eventfd(t, VX_VU_SET_VRING_CALL, index), 0);
	assert_int_equal(set_eventfd(t, VX_VU_SET_VRING_KICK, index), 0);
}

static void start_device(struct vmm *t)
{
	negotiate(t, BASIC);
	assert_int_equal(set_mem(t), 0);
	start_ring(t, 0);
	start_ring(t, 1);
}

static void features_are_offered(void **state)
{
	struct vmm *t = *state;
	u64 f = get_u64(t, VX_VU_GET_FEATURES);

	assert_true((f & VX_CORE_FEATURES) == VX_CORE_FEATURES);
	assert_true(f & BIT(VX_VU_F_LOG_ALL));
	assert_true(f & BIT(VX_VU_F_PROTOCOL_FEATURES));
	assert_true(f & BIT(VIRTIO_NET_F_MQ));
	assert_false(f & BIT(VIRTIO_NET_F_CTRL_VQ));
	assert_true(get_u64(t, VX_VU_GET_PROTOCOL_FEATURES) == ALL_PROTO);
	assert_int_equal(set_u64(t, VX_VU_SET_PROTOCOL_FEATURES, ALL_PROTO), 0);
	assert_int_equal(get_u64(t, VX_VU_GET_QUEUE_NUM), 2 * PAIRS);
	assert_int_equal(get_u64(t, VX_VU_GET_MAX_MEM_SLOTS), VX_MEM_REGIONS_MAX);
}

static void features_not_offered_are_refused(void **state)
{
	struct vmm *t = *state;

	assert_int_equal(set_u64(t, VX_VU_SET_FEATURES, BIT(VIRTIO_NET_F_CTRL_VQ)), -EINVAL);
	assert_int_equal(set_u64(t, VX_VU_SET_PROTOCOL_FEATURES, BIT(12)), -EINVAL);
}

static void without_protocol_features_vrings_start_enabled(void **state)
{
	struct vmm *t = *state;

	assert_int_equal(set_u64(t, VX_VU_SET_FEATURES, BIT(VIRTIO_F_VERSION_1)), 0);
	assert_int_equal(set_mem(t), 0);
	start_ring(t, 0);
	assert_true(vx_vu_vring_live(&t->vu->vring[0]));
}

static void with_protocol_features_vrings_wait_for_enable(void **state)
{
	struct vmm *t = *state;

	start_device(t);
	assert_true(t->vu->vring[0].running);
	assert_false(vx_vu_vring_live(&t->vu->vring[0]));
	assert_int_equal(set_state(t, VX_VU_SET_VRING_ENABLE, 0, 1), 0);
	assert_true(vx_vu_vring_live(&t->vu->vring[0]));
	assert_int_equal(set_state(t, VX_VU_SET_VRING_ENABLE, 0, 0), 0);
	assert_false(vx_vu_vring_live(&t->vu->vring[0]));
	assert_int_equal(set_state(t, VX_VU_SET_VRING_ENABLE, 0, 2), -EINVAL);
}

static void kick_may_come_before_memory(void **state)
{
	struct vmm *t = *state;

	negotiate(t, BASIC);
	start_ring(t, 0);
	assert_false(t->vu->vring[0].running);
	assert_int_equal(set_mem(t), 0);
	assert_true(t->vu->vring[0].running);
}

static void get_vring_base_stops(void **state)
{
	struct vmm *t = *state;
	struct vx_vu_vring_state s;

	start_device(t);
	assert_int_equal(set_state(t, VX_VU_GET_VRING_BASE, 1, 0), 0);
	assert_int_equal(get_reply(t, VX_VU_GET_VRING_BASE, &s, sizeof(s)), sizeof(s));
	assert_int_equal(s.index, 1);
	assert_int_equal(s.num, 0);
	assert_false(t->vu->vring[1].running);
	assert_int_equal(t->vu->vring[1].kick, -1);
	assert_true(t->vu->vring[0].running);
	/* And again: a split ring goes on where its used index is, whatever crashed meanwhile. */
	t->mem[0x1000 + 0x800 + offsetof(struct vring_used, idx)] = 5;
	assert_int_equal(set_state(t, VX_VU_SET_VRING_BASE, 1, 5), 0);
	assert_int_equal(set_eventfd(t, VX_VU_SET_VRING_KICK, 1), 0);
	assert_true(t->vu->vring[1].running);
	assert_int_equal(t->vu->vring[1].vq.last_avail, 5);
	assert_int_equal(set_state(t, VX_VU_GET_VRING_BASE, 1, 0), 0);
	get_reply(t, VX_VU_GET_VRING_BASE, &s, sizeof(s));
	assert_int_equal(s.num, 5);
}

static void running_vrings_refuse_changes(void **state)
{
	struct vmm *t = *state;

	start_device(t);
	assert_int_equal(set_state(t, VX_VU_SET_VRING_NUM, 0, NUM * 2), -EBUSY);
	assert_int_equal(set_state(t, VX_VU_SET_VRING_BASE, 0, 1), -EBUSY);
	assert_int_equal(set_u64(t, VX_VU_SET_FEATURES, BASIC | BIT(VIRTIO_RING_F_EVENT_IDX)), -EBUSY);
	assert_true(t->vu->vring[0].running);
}

static void guest_offloads_may_change_while_vrings_run(void **state)
{
	const u64 offloads = BIT(VIRTIO_NET_F_GUEST_CSUM) | BIT(VIRTIO_NET_F_GUEST_TSO4);
	struct vmm *t = *state;

	start_device(t);
	assert_int_equal(set_u64(t, VX_VU_SET_FEATURES, BASIC | offloads), 0);
	assert_true(t->vu->features == (BASIC | offloads));
	assert_int_equal(set_u64(t, VX_VU_SET_FEATURES, BASIC), 0);
	assert_true(t->vu->vring[0].running);
	assert_true(t->vu->vring[1].running);
	/* What the guest sends is as it was negotiated. */
	assert_int_equal(set_u64(t, VX_VU_SET_FEATURES, BASIC | BIT(VIRTIO_NET_F_HOST_TSO4)), -EBUSY);
}

static void vring_indices_are_bounded(void **state)
{
	static const u32 hostile[] = { 2 * PAIRS, 2 * PAIRS + 1, 31, 255, 0x7fffffff, 0xffffffff };
	struct vmm *t = *state;

	negotiate(t, BASIC);
	for (u32 i = 0; i < VX_ARRAY_SIZE(hostile); i++) {
		struct vx_vu_vring_addr a = { .index = hostile[i] };

		assert_int_equal(set_state(t, VX_VU_SET_VRING_NUM, hostile[i], NUM), -EINVAL);
		assert_int_equal(set_state(t, VX_VU_SET_VRING_BASE, hostile[i], 0), -EINVAL);
		assert_int_equal(set_state(t, VX_VU_GET_VRING_BASE, hostile[i], 0), -EINVAL);
		assert_int_equal(set_state(t, VX_VU_SET_VRING_ENABLE, hostile[i], 1), -EINVAL);
		assert_int_equal(ask(t, VX_VU_SET_VRING_ADDR, &a, sizeof(a), NULL, 0), -EINVAL);
		if ((hostile[i] & VX_VU_VRING_INDEX_MASK) < 2 * PAIRS)
			continue;
		assert_int_equal(set_eventfd(t, VX_VU_SET_VRING_KICK, hostile[i]), -EINVAL);
		assert_int_equal(set_eventfd(t, VX_VU_SET_VRING_CALL, hostile[i]), -EINVAL);
		assert_int_equal(set_eventfd(t, VX_VU_SET_VRING_ERR, hostile[i]), -EINVAL);
	}
}

static void vring_sizes_are_bounded(void **state)
{
	static const u32 hostile[] = { 0, VX_VRING_NUM_MAX + 1, 0x80000000, 0xffffffff };
	struct vmm *t = *state;

	for (u32 i = 0; i < VX_ARRAY_SIZE(hostile); i++)
		assert_int_equal(set_state(t, VX_VU_SET_VRING_NUM, 0, hostile[i]), -EINVAL);
	assert_int_equal(set_state(t, VX_VU_SET_VRING_NUM, 0, VX_VRING_NUM_MAX), 0);
}

static void vrings_outside_memory_do_not_start(void **state)
{
	struct vmm *t = *state;
	struct vx_vu_vring_addr a;

	start_device(t);
	for (int part = 0; part < 3; part++) {
		static const u64 outside[] = { 0, VMM - 16, VMM + GUEST_SIZE - 8, VMM + GUEST_SIZE, UINT64_MAX - 64 };

		for (u32 i = 0; i < VX_ARRAY_SIZE(outside); i++) {
			a = ring_addr(2);
			*(part == 0 ? &a.desc : part == 1 ? &a.avail : &a.used) = outside[i];
			assert_int_equal(set_state(t, VX_VU_SET_VRING_NUM, 2, NUM), 0);
			assert_int_equal(ask(t, VX_VU_SET_VRING_ADDR, &a, sizeof(a), NULL, 0), 0);
			assert_int_equal(set_eventfd(t, VX_VU_SET_VRING_KICK, 2), 0);
			assert_false(t->vu->vring[2].running);
		}
	}
	/* A running one that moves out is the end of the conversation. */
	a = ring_addr(0);
	a.used = VMM + GUEST_SIZE;
	assert_int_equal(ask(t, VX_VU_SET_VRING_ADDR, &a, sizeof(a), NULL, 0), -EFAULT);
}

static void memory_swaps_under_running_vrings(void **state)
{
	struct vmm *t = *state;
	u64 before;

	start_device(t);
	before = t->vu->vring[0].vq.a.desc;
	assert_int_equal(set_mem(t), 0);
	assert_true(t->vu->vring[0].running);
	assert_ptr_equal(t->vu->vring[0].vq.mem, t->vu->mem->table);
	/* The map is another one, the guest memory behind it the same. */
	((u8 *)t->mem)[0] = 0x5a;
	assert_int_equal(*(u8 *)(uintptr_t)t->vu->vring[0].vq.a.desc, 0x5a);
	assert_true(before != 0);
}

static void memory_slots_come_and_go(void **state)
{
	struct vmm *t = *state;
	struct vx_vu_mem_reg reg = { .region = whole_guest() };

	negotiate(t, BASIC);
	assert_int_equal(ask(t, VX_VU_ADD_MEM_REG, &reg, sizeof(reg), &t->memfd, 1), 0);
	start_ring(t, 0);
	assert_true(t->vu->vring[0].running);
	reg.region.gpa += 16 * GUEST_SIZE;
	reg.region.vmm_addr += 16 * GUEST_SIZE;
	assert_int_equal(ask(t, VX_VU_ADD_MEM_REG, &reg, sizeof(reg), &t->memfd, 1), 0);
	assert_int_equal(t->vu->mem->n, 2);
	assert_true(t->vu->vring[0].running);
	/* With and without the superfluous descriptor that some VMMs send. */
	assert_int_equal(ask(t, VX_VU_REM_MEM_REG, &reg, sizeof(reg), &t->memfd, 1), 0);
	assert_true(t->vu->vring[0].running);
	/* QEMU before 8.0 removes and adds each region once per queue pair. */
	assert_int_equal(ask(t, VX_VU_REM_MEM_REG, &reg, sizeof(reg), NULL, 0), 0);
	assert_int_equal(t->vu->mem->n, 1);
	assert_true(t->vu->vring[0].running);
	reg.region = whole_guest();
	assert_int_equal(ask(t, VX_VU_REM_MEM_REG, &reg, sizeof(reg), NULL, 0), 0);
	assert_int_equal(t->vu->mem->n, 0);
	assert_false(t->vu->vring[0].running);
	assert_int_equal(ask(t, VX_VU_ADD_MEM_REG, &reg, sizeof(reg), &t->memfd, 1), 0);
	assert_true(t->vu->vring[0].running);
	assert_int_equal(ask(t, VX_VU_ADD_MEM_REG, &reg, sizeof(reg), &t->memfd, 1), 0);
	assert_int_equal(t->vu->mem->n, 1);
	assert_true(t->vu->vring[0].running);
	/* Overlap with what is there. */
	reg.region.gpa += 4096;
	assert_true(ask(t, VX_VU_ADD_MEM_REG, &reg, sizeof(reg), &t->memfd, 1) < 0);
	assert_int_equal(t->vu->mem->n, 1);
}

static void hostile_memory_tables(void **state)
{
	static const struct vx_vu_region bad[] = {
		{ .gpa = 0, .size = 0 },
		{ .gpa = 0, .size = GUEST_SIZE + 1 },			/* longer than the file */
		{ .gpa = 0, .size = GUEST_SIZE, .mmap_offset = 4096 },
		{ .gpa = 0, .size = 4096, .mmap_offset = UINT64_MAX },
		{ .gpa = 0, .size = 4096, .mmap_offset = UINT64_MAX - 4095 },
		{ .gpa = 0, .size = UINT64_MAX },
		{ .gpa = 0, .size = INT64_MAX, .mmap_offset = INT64_MAX },
		{ .gpa = UINT64_MAX - 4095, .size = 8192 },		/* wraps */
	};
	struct vmm *t = *state;
	struct vx_vu_mem_table table = { .n = 1 };
	int fds[VX_VU_FDS_MAX], null = open("/dev/null", O_RDWR | O_CLOEXEC);

	negotiate(t, BASIC);
	for (u32 i = 0; i < VX_ARRAY_SIZE(bad); i++) {
		table.region[0] = bad[i];
		assert_true(ask(t, VX_VU_SET_MEM_TABLE, &table, offsetof(struct vx_vu_mem_table, region[1]), &t->memfd, 1) < 0);
		assert_null(t->vu->mem);
	}
	table.region[0] = whole_guest();
	/* No memory file; too few descriptors; counts that lie. */
	assert_int_equal(ask(t, VX_VU_SET_MEM_TABLE, &table, 40, &null, 1), -EINVAL);
	assert_int_equal(ask(t, VX_VU_SET_MEM_TABLE, &table, 40, NULL, 0), -EINVAL);
	table.n = 2;
	assert_int_equal(ask(t, VX_VU_SET_MEM_TABLE, &table, 40, &t->memfd, 1), -EINVAL);
	for (u32 i = 0; i < VX_VU_FDS_MAX; i++)
		fds[i] = t->memfd;
	assert_int_equal(ask(t, VX_VU_SET_MEM_TABLE, &table, 40, fds, 2), -EINVAL);
	table.n = 0;
	assert_int_equal(ask(t, VX_VU_SET_MEM_TABLE, &table, 8, NULL, 0), -EINVAL);
	table.n = UINT32_MAX;
	assert_int_equal(ask(t, VX_VU_SET_MEM_TABLE, &table, 8, NULL, 0), -EINVAL);
	close(null);
}

static void log_follows_feature_and_base(void **state)
{
	struct vmm *t = *state;
	struct vx_vu_log log = { .size = 4096, .offset = 8192 };
	struct vx_vu_vring_addr a = ring_addr(0);
	u64 v = 1;

	start_device(t);
	assert_int_equal(ask(t, VX_VU_SET_LOG_BASE, &log, sizeof(log), &t->memfd, 1), 0);
	get_reply(t, VX_VU_SET_LOG_BASE, &v, sizeof(v));
	assert_int_equal(v, 0);
	assert_null(t->vu->vring[0].vq.log);
	assert_int_equal(set_u64(t, VX_VU_SET_FEATURES, BASIC | BIT(VX_VU_F_LOG_ALL)), 0);
	assert_ptr_equal(t->vu->vring[0].vq.log, &t->vu->log);
	assert_int_equal(t->vu->log.size, 4096);
	a.flags = VX_VU_VRING_F_LOG;
	assert_int_equal(ask(t, VX_VU_SET_VRING_ADDR, &a, sizeof(a), NULL, 0), 0);
	assert_true(t->vu->vring[0].vq.a.log);
	assert_int_equal(t->vu->vring[0].vq.a.used_gpa, GPA + 0x800);
	assert_true(t->vu->vring[0].running);
	assert_int_equal(set_u64(t, VX_VU_SET_FEATURES, BASIC), 0);
	assert_null(t->vu->vring[0].vq.log);
	/* A log beyond its file. */
	log.offset = GUEST_SIZE;
	assert_int_equal(ask(t, VX_VU_SET_LOG_BASE, &log, sizeof(log), &t->memfd, 1), -EINVAL);
}

static void reply_ack(void **state)
{
	struct vx_vu_vring_state s = { 0, NUM };
	struct vmm *t = *state;
	u64 v = 7;

	/* Not negotiated: no answer. */
	put(t, VX_VU_SET_VRING_NUM, VX_VU_VERSION | VX_VU_NEED_REPLY, &s, sizeof(s), NULL, 0);
	assert_int_equal(vx_vu_readable(t->vu), 0);
	assert_no_reply(t);
	negotiate(t, BASIC);
	put(t, VX_VU_SET_VRING_NUM, VX_VU_VERSION | VX_VU_NEED_REPLY, &s, sizeof(s), NULL, 0);
	assert_int_equal(vx_vu_readable(t->vu), 0);
	assert_int_equal(get_reply(t, VX_VU_SET_VRING_NUM, &v, sizeof(v)), 8);
	assert_int_equal(v, 0);
	/* A failure is told, too. */
	s.index = 99;
	put(t, VX_VU_SET_VRING_NUM, VX_VU_VERSION | VX_VU_NEED_REPLY, &s, sizeof(s), NULL, 0);
	assert_int_equal(vx_vu_readable(t->vu), -EINVAL);
	assert_int_equal(get_reply(t, VX_VU_SET_VRING_NUM, &v, sizeof(v)), 8);
	assert_int_not_equal(v, 0);
}

static void mtu_is_checked(void **state)
{
	struct vmm *t = *state;
	u64 ok = MTU, large = MTU + 1, tiny = 67, v;

	negotiate(t, BASIC);
	put(t, VX_VU_NET_SET_MTU, VX_VU_VERSION | VX_VU_NEED_REPLY, &ok, 8, NULL, 0);
	put(t, VX_VU_NET_SET_MTU, VX_VU_VERSION | VX_VU_NEED_REPLY, &large, 8, NULL, 0);
	put(t, VX_VU_NET_SET_MTU, VX_VU_VERSION | VX_VU_NEED_REPLY, &tiny, 8, NULL, 0);
	assert_int_equal(vx_vu_readable(t->vu), 0);
	get_reply(t, VX_VU_NET_SET_MTU, &v, sizeof(v));
	assert_int_equal(v, 0);
	get_reply(t, VX_VU_NET_SET_MTU, &v, sizeof(v));
	assert_int_equal(v, 1);
	get_reply(t, VX_VU_NET_SET_MTU, &v, sizeof(v));
	assert_int_equal(v, 1);
}

static void rarp_is_sent(void **state)
{
	static const u8 mac[8] = { 0x52, 0x54, 0, 0, 0, 1 };
	static const u8 head[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0, 0, 0, 1, 0x80, 0x35,
				   0, 1, 8, 0, 6, 4, 0, 3, 0x52, 0x54, 0, 0, 0, 1, 0, 0, 0, 0, 0x52, 0x54, 0, 0, 0, 1 };
	struct vmm *t = *state;

	negotiate(t, BASIC);
	assert_int_equal(ask(t, VX_VU_SEND_RARP, mac, 8, NULL, 0), 0);
	assert_int_equal(t->frame_len, 60);
	assert_memory_equal(t->frame, head, sizeof(head));
}

static void status_zero_resets(void **state)
{
	struct vmm *t = *state;

	start_device(t);
	assert_int_equal(set_u64(t, VX_VU_SET_STATUS, 15), 0);
	assert_int_equal(get_u64(t, VX_VU_GET_STATUS), 15);
	assert_int_equal(set_u64(t, VX_VU_SET_STATUS, 256), -EINVAL);
	assert_int_equal(set_u64(t, VX_VU_SET_STATUS, 0), 0);
	assert_false(t->vu->vring[0].running);
	/* Memory stays: VMMs that use memory slots send differences only. */
	assert_non_null(t->vu->mem);
	start_ring(t, 0);
	assert_true(t->vu->vring[0].running);
	assert_int_equal(ask(t, VX_VU_RESET_DEVICE, NULL, 0, NULL, 0), 0);
	assert_false(t->vu->vring[0].running);
	start_ring(t, 0);
	assert_int_equal(ask(t, VX_VU_RESET_OWNER, NULL, 0, NULL, 0), 0);
	assert_false(t->vu->vring[0].running);
}

static void eventfds_are_checked(void **state)
{
	struct vmm *t = *state;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), pair[2], two[2];
	u64 index = 0;

	negotiate(t, BASIC);
	assert_int_equal(ask(t, VX_VU_SET_VRING_KICK, &index, 8, &null, 1), -EINVAL);
	assert_int_equal(ask(t, VX_VU_SET_VRING_CALL, &index, 8, &t->memfd, 1), -EINVAL);
	assert_int_equal(ask(t, VX_VU_SET_VRING_KICK, &index, 8, NULL, 0), -EBADF);
	two[0] = two[1] = null;
	assert_int_equal(ask(t, VX_VU_SET_VRING_ERR, &index, 8, two, 2), -EPROTO);
	index = VX_VU_VRING_NOFD;
	assert_int_equal(ask(t, VX_VU_SET_VRING_CALL, &index, 8, &null, 1), -EBADF);
	assert_int_equal(ask(t, VX_VU_SET_VRING_CALL, &index, 8, NULL, 0), 0);
	assert_int_equal(ask(t, VX_VU_SET_VRING_KICK, &index, 8, NULL, 0), 0);
	assert_int_equal(t->vu->vring[0].kick, -1);
	assert_true(t->vu->vring[0].started);
	/* User Mode Linux is called through a pipe. */
	index = 0;
	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	assert_int_equal(ask(t, VX_VU_SET_VRING_CALL, &index, 8, &pair[1], 1), 0);
	assert_true(fcntl(t->vu->vring[0].call, F_GETFL) & O_NONBLOCK);
	close(pair[0]);
	close(pair[1]);
	close(null);
}

static void malformed_headers(void **state)
{
	static const struct {
		u32 request, flags, size;
		int err;
	} bad[] = {
		{ VX_VU_GET_FEATURES, 0, 0, -EPROTO },
		{ VX_VU_GET_FEATURES, 2, 0, -EPROTO },
		{ VX_VU_GET_FEATURES, VX_VU_VERSION | VX_VU_REPLY, 0, -EPROTO },
		{ VX_VU_GET_FEATURES, VX_VU_VERSION, 4096, -EMSGSIZE },
		{ VX_VU_GET_FEATURES, VX_VU_VERSION, UINT32_MAX, -EMSGSIZE },
	};
	struct vmm *t = *state;

	for (u32 i = 0; i < VX_ARRAY_SIZE(bad); i++) {
		struct vx_vu_header h = { bad[i].request, bad[i].flags, bad[i].size };

		assert_int_equal(send(t->fd, &h, sizeof(h), 0), sizeof(h));
		assert_int_equal(vx_vu_readable(t->vu), bad[i].err);
		vx_vu_disconnect(t->vu);
		close(t->fd);
		vmm_connect(t);
	}
}

static void malformed_requests(void **state)
{
	static const u32 unknown[] = { 0, 21, 22, 24, 25, 28, 31, 32, 33, 35, 41, 42, 255, 0x80000000, UINT32_MAX };
	struct vmm *t = *state;
	u8 payload[64] = { 0 };

	negotiate(t, BASIC);
	for (u32 i = 0; i < VX_ARRAY_SIZE(unknown); i++)
		assert_int_equal(ask(t, unknown[i], NULL, 0, NULL, 0), -EPROTO);
	/* Every request with a size that it cannot have, and with a descriptor that does not belong there. */
#define X(name, n) \
	assert_int_equal(ask(t, n, payload, 3, NULL, 0), -EPROTO); \
	if (n != VX_VU_SET_MEM_TABLE) \
		assert_int_equal(ask(t, n, payload, 60, NULL, 0), -EPROTO);
	VX_VU_REQUESTS(X)
#undef X
	assert_int_equal(ask(t, VX_VU_GET_FEATURES, NULL, 0, &t->memfd, 1), -EPROTO);
	assert_int_equal(ask(t, VX_VU_SET_FEATURES, payload, 8, &t->memfd, 1), -EPROTO);
	assert_int_equal(ask(t, VX_VU_ADD_MEM_REG, payload, 40, NULL, 0), -EPROTO);
	assert_int_equal(ask(t, VX_VU_SET_LOG_BASE, payload, 16, NULL, 0), -EPROTO);
}

static void requests_need_their_protocol_feature(void **state)
{
	struct vmm *t = *state;
	struct vx_vu_mem_reg reg = { .region = whole_guest() };

	assert_int_equal(ask(t, VX_VU_ADD_MEM_REG, &reg, sizeof(reg), &t->memfd, 1), -EPROTO);
	assert_int_equal(ask(t, VX_VU_GET_QUEUE_NUM, NULL, 0, NULL, 0), -EPROTO);
	assert_int_equal(ask(t, VX_VU_RESET_DEVICE, NULL, 0, NULL, 0), -EPROTO);
	assert_int_equal(set_u64(t, VX_VU_SET_STATUS, 1), -EPROTO);
	assert_int_equal(set_u64(t, VX_VU_NET_SET_MTU, MTU), -EPROTO);
	assert_int_equal(set_u64(t, VX_VU_SEND_RARP, 0), -EPROTO);
	assert_int_equal(t->frame_len, 0);
}

static void half_messages_do_not_block(void **state)
{
	struct vmm *t = *state;
	struct vx_vu_header h = { VX_VU_SET_FEATURES, VX_VU_VERSION, 8 };
	u64 features = BASIC;

	for (u32 i = 0; i < sizeof(h); i++) {
		assert_int_equal(send(t->fd, (char *)&h + i, 1, 0), 1);
		assert_int_equal(vx_vu_readable(t->vu), 0);
	}
	for (u32 i = 0; i < sizeof(features); i++) {
		assert_int_equal(t->vu->features, 0);
		assert_int_equal(send(t->fd, (char *)&features + i, 1, 0), 1);
		assert_int_equal(vx_vu_readable(t->vu), 0);
	}
	assert_true(t->vu->features == BASIC);
	/* And a peer that leaves in the middle. */
	assert_int_equal(send(t->fd, &h, 5, 0), 5);
	shutdown(t->fd, SHUT_WR);
	assert_int_equal(vx_vu_readable(t->vu), -ECONNRESET);
}

static void descriptors_do_not_leak(void **state)
{
	struct vmm *t = *state;
	int before = count_fds(), many[40];
	u64 v = 0;

	for (u32 i = 0; i < VX_ARRAY_SIZE(many); i++)
		many[i] = t->memfd;
	/* More than a message may carry: what does not fit is not installed, what was installed is closed. */
	put(t, VX_VU_SET_FEATURES, VX_VU_VERSION, &v, 8, many, VX_ARRAY_SIZE(many));
	assert_int_equal(vx_vu_readable(t->vu), -ENFILE);
	vx_vu_disconnect(t->vu);
	close(t->fd);
	vmm_connect(t);
	assert_int_equal(count_fds(), before);

	/* Descriptors with each byte of a message. */
	for (u32 i = 0; i < 3; i++) {
		struct vx_vu_header h = { VX_VU_SET_FEATURES, VX_VU_VERSION, 8 };
		union { char buf[CMSG_SPACE(sizeof(int) * 4)]; struct cmsghdr align; } control = { 0 };
		struct iovec iov = { (char *)&h + i, 1 };
		struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
		struct cmsghdr *c = CMSG_FIRSTHDR(&mh);

		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(4 * sizeof(int));
		memcpy(CMSG_DATA(c), many, 4 * sizeof(int));
		assert_int_equal(sendmsg(t->fd, &mh, 0), 1);
	}
	assert_int_equal(vx_vu_readable(t->vu), -ENFILE);
	vx_vu_disconnect(t->vu);
	close(t->fd);
	vmm_connect(t);
	assert_int_equal(count_fds(), before);

	/* A whole device, then the VMM vanishes. */
	start_device(t);
	close(t->fd);
	assert_int_equal(vx_vu_readable(t->vu), -ECONNRESET);
	vx_vu_disconnect(t->vu);
	assert_false(t->vu->vring[0].running);
	assert_null(t->vu->mem);
	assert_true(t->vu->features == 0);
	vmm_connect(t);
	assert_int_equal(count_fds(), before);
	start_device(t);
	assert_true(t->vu->vring[1].running);
}

static void peer_that_reads_no_replies_is_dropped(void **state)
{
	struct vmm *t = *state;
	int ret = 0;

	for (u32 i = 0; i < 100000 && !ret; i++)
		ret = ask(t, VX_VU_GET_FEATURES, NULL, 0, NULL, 0);
	assert_int_equal(ret, -EAGAIN);
}

static void truncated_memory_turns_to_zeros(void **state)
{
	struct vmm *t = *state;
	u8 byte = 1;

	/* The test library has a handler of its own. */
	assert_int_equal(vx_guest_fault_init(), 0);
	start_device(t);
	memset(t->mem, 0xff, GUEST_SIZE);
	assert_int_equal(ftruncate(t->memfd, 0), 0);
	assert_false(vx_guest_faulted());
	assert_int_equal(vx_guest_read(&byte, t->vu->vring[0].vq.a.desc, 1), 0);
	assert_int_equal(byte, 0);
	assert_true(vx_guest_faulted());
	/* Writes go nowhere, and the rest of the map is whole. */
	vx_guest_write(t->vu->vring[1].vq.a.used, &byte, 1);
	vx_vu_disconnect(t->vu);
	vx_guest_fault_clear();
	assert_false(vx_guest_faulted());
	/* The next VMM is none the worse for it. */
	assert_int_equal(ftruncate(t->memfd, GUEST_SIZE), 0);
	close(t->fd);
	vmm_connect(t);
	start_device(t);
	assert_true(t->vu->vring[0].running);
	assert_false(vx_guest_faulted());
}

static void workers_are_paused_for_changes(void **state)
{
	struct vmm *t = *state;
	u32 before;

	start_device(t);
	before = t->pauses;
	get_u64(t, VX_VU_GET_FEATURES);
	assert_int_equal(t->pauses, before);
	assert_int_equal(set_mem(t), 0);
	assert_int_equal(t->pauses, before + 1);
	assert_int_equal(t->paused, 0);
}

static void log_fd_and_owner(void **state)
{
	struct vmm *t = *state;
	int before, fd = eventfd(0, EFD_CLOEXEC);

	before = count_fds();
	assert_int_equal(ask(t, VX_VU_SET_OWNER, NULL, 0, NULL, 0), 0);
	assert_int_equal(ask(t, VX_VU_SET_OWNER, NULL, 0, NULL, 0), 0);
	assert_int_equal(ask(t, VX_VU_SET_LOG_FD, NULL, 0, &fd, 1), 0);
	assert_int_equal(count_fds(), before);
	close(fd);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(features_are_offered),
		T(features_not_offered_are_refused),
		T(without_protocol_features_vrings_start_enabled),
		T(with_protocol_features_vrings_wait_for_enable),
		T(kick_may_come_before_memory),
		T(get_vring_base_stops),
		T(running_vrings_refuse_changes),
		T(guest_offloads_may_change_while_vrings_run),
		T(vring_indices_are_bounded),
		T(vring_sizes_are_bounded),
		T(vrings_outside_memory_do_not_start),
		T(memory_swaps_under_running_vrings),
		T(memory_slots_come_and_go),
		T(hostile_memory_tables),
		T(log_follows_feature_and_base),
		T(log_fd_and_owner),
		T(reply_ack),
		T(mtu_is_checked),
		T(rarp_is_sent),
		T(status_zero_resets),
		T(eventfds_are_checked),
		T(malformed_headers),
		T(malformed_requests),
		T(requests_need_their_protocol_feature),
		T(half_messages_do_not_block),
		T(descriptors_do_not_leak),
		T(peer_that_reads_no_replies_is_dropped),
		T(truncated_memory_turns_to_zeros),
		T(workers_are_paused_for_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
