// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/if_ether.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>

#include "frame.h"
#include "pump.h"
#include "say.h"
#include "vhost_user.h"

#define BIT(n)	(1ULL << (n))

#define PROTOCOL_FEATURES \
	(BIT(VX_VU_PROTO_MQ) | BIT(VX_VU_PROTO_LOG_SHMFD) | BIT(VX_VU_PROTO_RARP) | BIT(VX_VU_PROTO_REPLY_ACK) | \
	 BIT(VX_VU_PROTO_NET_MTU) | BIT(VX_VU_PROTO_RESET_DEVICE) | BIT(VX_VU_PROTO_CONFIGURE_MEM_SLOTS) | \
	 BIT(VX_VU_PROTO_STATUS))

/*
 * Feature bits that may change while vrings run: they say nothing about the rings. vhost-user has no message for what a driver
 * switches off by VIRTIO_NET_CTRL_GUEST_OFFLOADS: this is the only one that could carry it.
 */
#define LIVE_FEATURES	(BIT(VX_VU_F_LOG_ALL) | BIT(VX_VU_F_PROTOCOL_FEATURES) | VX_GUEST_OFFLOADS)

/* Messages handled in one go, so that a VMM that floods us cannot keep SIGTERM waiting. */
#define MESSAGE_BUDGET	32

static bool any_running(const struct vx_vu *vu)
{
	for (u32 i = 0; i < vu->nvrings; i++) {
		if (vu->vring[i].running)
			return true;
	}
	return false;
}

static int reply_u64(struct vx_vu_msg *m, u64 value)
{
	m->payload.u64 = value;
	return VX_VU_REPLIED + sizeof(m->payload.u64);
}

static int vu_get_features_exec(struct vx_vu *vu, struct vx_vu_msg *m)
{
	return reply_u64(m, vu->offered);
}

static int vu_set_features_exec(struct vx_vu *vu, struct vx_vu_msg *m)
{
	u64 features = m->payload.u64;

	if (features & ~vu->offered)
		return vx_fail(-EINVAL, "%s: the VMM acknowledges features 0x%llx, of which 0x%llx were not offered; "
			       "this is a fault of the VMM", vu->name, (unsigned long long)features,
			       (unsigned long long)(features & ~vu->offered));
	if (any_running(vu) && (features ^ vu->features) & ~LIVE_FEATURES)
		return vx_fail(-EBUSY, "%s: the VMM changes features while vrings run; this is a fault of the VMM", vu->name);
	vu->features = features;
	vx_debug("%s: features 0x%llx", vu->name, (unsigned long long)features);
	/* Without this feature the VMM has no way to enable a vring. */
	for (u32 i = 0; i < vu->nvrings && !(features & BIT(VX_VU_F_PROTOCOL_FEATURES)); i++)
		vu->vring[i].enabled = true;
	vx_vu_remap(vu);
	return 0;
}

static int vu_set_owner_exec(struct vx_vu *vu, struct vx_vu_msg *m)
{
	return 0;
}

/*
 * Back to a device that no driver has touched. What the VMM shared stays: it
 * sends memory and eventfds once, and only their changes later.
 */
static void device_reset(struct vx_vu *vu)
{
	for (u32 i = 0; i < vu->nvrings; i++) {
		vu->vring[i].started = false;
		vu->vring[i].enabled = false;
		vu->vring[i].refused = false;
	}
	vx_vu_sync(vu);
	vu->status = 0;
}

static int vu_reset_device_exec(struct vx_vu *vu, struct vx_vu_msg *m)
{
	device_reset(vu);
	return 0;
}

static int vu_get_protocol_features_exec(struct vx_vu *vu, struct vx_vu_msg *m)
{
	return reply_u64(m, PROTOCOL_FEATURES);
}

static int vu_set_protocol_features_exec(struct vx_vu *vu, struct vx_vu_msg *m)
{
	if (m->payload.u64 & ~PROTOCOL_FEATURES)
		return vx_fail(-EINVAL, "%s: the VMM acknowledges protocol features 0x%llx that were not offered; "
			       "this is a fault of the VMM", vu->name, (unsigned long long)(m->payload.u64 & ~PROTOCOL_FEATURES));
	vu->protocol_features = m->payload.u64;
	vx_debug("%s: protocol features 0x%llx", vu->name, (unsigned long long)vu->protocol_features);
	return 0;
}

/*
 * QEMU and DPDK compare the answer with queue pairs, Cloud Hypervisor with
 * vrings. The number of vrings lets all of them start; a VMM that then wants
 * more pairs than there are is told so at its first surplus vring.
 */
static int vu_get_queue_num_exec(struct vx_vu *vu, struct vx_vu_msg *m)
{
	return reply_u64(m, vu->nvrings);
}

/* The guest moved here and does not announce itself: tell the switches on its way. */
static int vu_send_rarp_exec(struct vx_vu *vu, struct vx_vu_msg *m)
{
	struct {
		struct ethhdr eth;
		__be16 hrd, pro;
		u8 hln, pln;
		__be16 op;
		u8 sha[ETH_ALEN], spa[4], tha[ETH_ALEN], tpa[4];
		u8 pad[ETH_ZLEN - ETH_HLEN - 28];
	} __attribute__((packed)) rarp = {
		.eth.h_proto = vx_cpu_to_be16(ETH_P_RARP),
		.hrd = vx_cpu_to_be16(1),
		.pro = vx_cpu_to_be16(ETH_P_IP),
		.hln = ETH_ALEN,
		.pln = 4,
		.op = vx_cpu_to_be16(3),
	};

	memset(rarp.eth.h_dest, 0xff, ETH_ALEN);
	memcpy(rarp.eth.h_source, &m->payload.u64, ETH_ALEN);
	memcpy(rarp.sha, &m->payload.u64, ETH_ALEN);
	memcpy(rarp.tha, &m->payload.u64, ETH_ALEN);
	return vu->ops->send_frame(vu->ctx, &rarp, sizeof(rarp)) ? VX_VU_REFUSED : 0;
}

static int vu_net_set_mtu_exec(struct vx_vu *vu, struct vx_vu_msg *m)
{
	if (m->payload.u64 >= ETH_MIN_MTU && m->payload.u64 <= vu->mtu)
		return 0;
	vx_warn("%s: the VMM announces an MTU of %llu; the port has %u", vu->name, (unsigned long long)m->payload.u64,
		vu->mtu);
	return VX_VU_REFUSED;
}

static int vu_set_status_exec(struct vx_vu *vu, struct vx_vu_msg *m)
{
	if (m->payload.u64 > UINT8_MAX)
		return vx_fail(-EINVAL, "%s: the VMM sets an impossible device status; this is a fault of the VMM", vu->name);
	if (!m->payload.u64)
		device_reset(vu);
	vu->status = (u8)m->payload.u64;
	return 0;
}

static int vu_get_status_exec(struct vx_vu *vu, struct vx_vu_msg *m)
{
	return reply_u64(m, vu->status);
}

/* A request: how its message must look, and what it does. */
struct request {
	const char *name;
	int (*exec)(struct vx_vu *vu, struct vx_vu_msg *m);
	u32 size;	/* of the payload; SET_MEM_TABLE: at least */
	u8 fds_min, fds_max;
	bool pause;	/* touches what workers use */
	u64 needs;	/* protocol features */
};

#define U64	sizeof(u64)
#define STATE	sizeof(struct vx_vu_vring_state)
#define SLOTS	BIT(VX_VU_PROTO_CONFIGURE_MEM_SLOTS)

static const struct request requests[VX_VU_REQUEST_MAX] = {
#define R(n, fn, ...) [VX_VU_##n] = { #n, vu_##fn##_exec, __VA_ARGS__ }
	R(GET_FEATURES, get_features, 0, 0, 0, false, 0),
	R(SET_FEATURES, set_features, U64, 0, 0, true, 0),
	R(SET_OWNER, set_owner, 0, 0, 0, false, 0),
	R(RESET_OWNER, reset_device, 0, 0, 0, true, 0),
	R(SET_MEM_TABLE, set_mem_table, offsetof(struct vx_vu_mem_table, region), 0, VX_VU_FDS_MAX, true, 0),
	R(SET_LOG_BASE, set_log_base, sizeof(struct vx_vu_log), 1, 1, true, BIT(VX_VU_PROTO_LOG_SHMFD)),
	R(SET_LOG_FD, set_log_fd, 0, 1, 1, false, 0),
	R(SET_VRING_NUM, set_vring_num, STATE, 0, 0, true, 0),
	R(SET_VRING_ADDR, set_vring_addr, sizeof(struct vx_vu_vring_addr), 0, 0, true, 0),
	R(SET_VRING_BASE, set_vring_base, STATE, 0, 0, true, 0),
	R(GET_VRING_BASE, get_vring_base, STATE, 0, 0, true, 0),
	R(SET_VRING_KICK, set_vring_kick, U64, 0, 1, true, 0),
	R(SET_VRING_CALL, set_vring_call, U64, 0, 1, true, 0),
	R(SET_VRING_ERR, set_vring_err, U64, 0, 1, true, 0),
	R(GET_PROTOCOL_FEATURES, get_protocol_features, 0, 0, 0, false, 0),
	R(SET_PROTOCOL_FEATURES, set_protocol_features, U64, 0, 0, false, 0),
	R(GET_QUEUE_NUM, get_queue_num, 0, 0, 0, false, BIT(VX_VU_PROTO_MQ)),
	R(SET_VRING_ENABLE, set_vring_enable, STATE, 0, 0, true, 0),
	R(SEND_RARP, send_rarp, U64, 0, 0, true, BIT(VX_VU_PROTO_RARP)),
	R(NET_SET_MTU, net_set_mtu, U64, 0, 0, false, BIT(VX_VU_PROTO_NET_MTU)),
	R(RESET_DEVICE, reset_device, 0, 0, 0, true, BIT(VX_VU_PROTO_RESET_DEVICE)),
	R(GET_MAX_MEM_SLOTS, get_max_mem_slots, 0, 0, 0, false, SLOTS),
	R(ADD_MEM_REG, add_mem_reg, sizeof(struct vx_vu_mem_reg), 1, 1, true, SLOTS),
	R(REM_MEM_REG, rem_mem_reg, sizeof(struct vx_vu_mem_reg), 0, 1, true, SLOTS),
	R(SET_STATUS, set_status, U64, 0, 0, true, BIT(VX_VU_PROTO_STATUS)),
	R(GET_STATUS, get_status, 0, 0, 0, false, BIT(VX_VU_PROTO_STATUS)),
#undef R
};

/* The request of a well-formed message, or NULL with one line printed. */
static const struct request *request_of(const struct vx_vu *vu, const struct vx_vu_msg *m)
{
	u32 n = m->header.request;
	const struct request *r = n < VX_VU_REQUEST_MAX && requests[n].exec ? &requests[n] : NULL;

	if (!r)
		vx_warn("%s: the VMM sends request %u, which is not served here; disconnecting it", vu->name, n);
	else if (m->header.size != r->size && (n != VX_VU_SET_MEM_TABLE || m->header.size < r->size))
		vx_warn("%s: the VMM sends %s with %u bytes instead of %u; disconnecting it", vu->name, r->name,
			m->header.size, r->size);
	else if (m->nfds < r->fds_min || m->nfds > r->fds_max)
		vx_warn("%s: the VMM sends %s with %u descriptor(s); disconnecting it", vu->name, r->name, m->nfds);
	else if (r->needs & ~vu->protocol_features)
		vx_warn("%s: the VMM sends %s, which it did not negotiate; disconnecting it", vu->name, r->name);
	else
		return r;
	return NULL;
}

static int reply(struct vx_vu *vu, const union vx_vu_payload *payload, u32 size)
{
	int err = vx_vu_conn_reply(&vu->conn, payload, size);

	if (err == -EPIPE || err == -ECONNRESET)
		return -ECONNRESET;
	if (err)
		return vx_fail(err, "%s: the VMM does not take its replies (%s); disconnecting it", vu->name, strerror(-err));
	return 0;
}

static int acknowledge(struct vx_vu *vu, const struct vx_vu_msg *m, u64 result)
{
	union vx_vu_payload ack = { .u64 = result };

	if (!(m->header.flags & VX_VU_NEED_REPLY) || !(vu->protocol_features & BIT(VX_VU_PROTO_REPLY_ACK)))
		return 0;
	return reply(vu, &ack, sizeof(ack.u64));
}

static int handle(struct vx_vu *vu, struct vx_vu_msg *m)
{
	const struct request *r = request_of(vu, m);
	int ret;

	if (!r)
		return -EPROTO;
	if (r->pause)
		vu->ops->pause(vu->ctx);
	ret = r->exec(vu, m);
	if (r->pause) {
		vx_vu_sync(vu);
		vu->ops->resume(vu->ctx);
	}
	if (ret >= VX_VU_REPLIED)
		return reply(vu, &m->payload, ret - VX_VU_REPLIED);
	if (ret >= 0)
		return acknowledge(vu, m, ret);
	acknowledge(vu, m, 1);
	return ret;
}

int vx_vu_readable(struct vx_vu *vu)
{
	for (u32 i = 0; i < MESSAGE_BUDGET; i++) {
		int ret = vx_vu_conn_receive(&vu->conn);

		if (!ret || ret == -ECONNRESET)
			return ret;
		if (ret < 0)
			return vx_fail(ret, "%s: the VMM sends what is no vhost-user message (%s); disconnecting it", vu->name,
				       strerror(-ret));
		ret = handle(vu, &vu->conn.msg);
		vx_vu_conn_done(&vu->conn);
		if (ret)
			return ret;
	}
	return 0;
}

struct vx_vu *vx_vu_new(const char *name, u32 queue_pairs, u32 mtu, const struct vx_vu_ops *ops, void *ctx)
{
	u32 nvrings = 2 * queue_pairs;
	struct vx_vu *vu = vx_zalloc(sizeof(*vu) + nvrings * sizeof(vu->vring[0]));

	if (!vu)
		return NULL;
	vu->ops = ops;
	vu->ctx = ctx;
	vu->name = name;
	vu->mtu = mtu;
	vu->nvrings = nvrings;
	vu->conn.fd = -1;
	vu->offered = VX_CORE_FEATURES | BIT(VX_VU_F_LOG_ALL) | BIT(VX_VU_F_PROTOCOL_FEATURES);
	if (queue_pairs > 1)
		vu->offered |= BIT(VIRTIO_NET_F_MQ);
	for (u32 i = 0; i < nvrings; i++) {
		vu->vring[i].kick = -1;
		vu->vring[i].call = -1;
		vu->vring[i].err = -1;
	}
	return vu;
}

int vx_vu_connect(struct vx_vu *vu, int fd)
{
	return vx_vu_conn_open(&vu->conn, fd);
}

void vx_vu_disconnect(struct vx_vu *vu)
{
	if (vu->conn.fd < 0)
		return;
	vu->ops->pause(vu->ctx);
	for (u32 i = 0; i < vu->nvrings; i++)
		vx_vu_vring_reset(vu, &vu->vring[i]);
	vx_guest_mem_free(vu->mem);
	vu->mem = NULL;
	vx_guest_map_put(vu->log_map);
	vu->log_map = NULL;
	vu->log = (struct vx_dirty_log){ 0 };
	vu->features = 0;
	vu->protocol_features = 0;
	vu->status = 0;
	vu->ops->resume(vu->ctx);
	vx_vu_conn_close(&vu->conn);
}

void vx_vu_free(struct vx_vu *vu)
{
	if (!vu)
		return;
	vx_vu_disconnect(vu);
	vx_free(vu);
}
