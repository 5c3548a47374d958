// SPDX-License-Identifier: GPL-2.0-or-later
/* The steering program under the libxdp dispatcher, beside other people's programs. */
#include <errno.h>
#include <string.h>
#include <linux/if_link.h>
#include <xdp/libxdp.h>

#include "pins.h"
#include "say.h"
#include "steer.h"
#include "uplink.h"
#include "vx_steer.skel.h"

static enum xdp_attach_mode xdp_mode(bool generic)
{
	return generic ? XDP_MODE_SKB : XDP_MODE_NATIVE;
}

static int refused(const char *name, bool generic, int err)
{
	const char *why = vx_bpf_log_kernel();
	const char *sep = *why ? ": " : "";

	if (err == -EBUSY || err == -EEXIST)
		return vx_fail(err, "%s already has an XDP program that is not under the libxdp dispatcher%s%s; "
			       "detach it first: ip link set dev %s xdp off", name, sep, why, name);
	if (!generic && (err == -EOPNOTSUPP || err == -EINVAL || err == -ERANGE || err == -ENOSPC))
		return vx_fail(err,
			       "the driver of %s refuses native XDP%s%s; generic mode works, slower: vhost-xdp uplink "
			       "add %s mode generic",
			       name, sep, why, name);
	return vx_fail(err, "cannot attach steering to %s: %s%s%s; see 'vhost-xdp doctor %s'", name, strerror(-err),
		       sep, why, name);
}

static void remember(struct vx_uplink *uplink, struct xdp_program *prog, bool generic)
{
	struct xdp_multiprog *mp;

	uplink->cfg.prog_id = xdp_program__id(prog);
	uplink->cfg.flags &= ~(VX_UPLINK_GENERIC | VX_UPLINK_NODISPATCH);
	if (generic)
		uplink->cfg.flags |= VX_UPLINK_GENERIC;
	mp = xdp_multiprog__get_from_ifindex(uplink->ifindex);
	if (libxdp_get_error(mp))
		return;
	if (xdp_multiprog__is_legacy(mp))
		uplink->cfg.flags |= VX_UPLINK_NODISPATCH;
	xdp_multiprog__close(mp);
}

int vx_steer_attach(struct vx_uplink *uplink, bool generic, bool last_try)
{
	struct xdp_program *prog;
	struct vx_steer *skel;
	int err;

	skel = vx_steer__open();
	if (!skel)
		return vx_fail(-errno, "cannot open our own steering object: %s", strerror(errno));
	err = vx_pins_share(skel->obj);
	if (err)
		goto destroy;
	vx_bpf_log_reset();
	prog = xdp_program__from_bpf_obj(skel->obj, bpf_program__section_name(skel->progs.vx_steer));
	err = libxdp_get_error(prog);
	if (err) {
		vx_fail(err, "libxdp does not take the steering program: %s", strerror(-err));
		goto destroy;
	}
	/* For uplinks with an MTU above a page; where it cannot be set, they are refused with the kernel's words. */
	xdp_program__set_xdp_frags_support(prog, true);
	err = xdp_program__attach(prog, uplink->ifindex, xdp_mode(generic), 0);
	if (!err)
		remember(uplink, prog, generic);
	else if (last_try)
		refused(uplink->cfg.name, generic, err);
	xdp_program__close(prog);
destroy:
	vx_steer__destroy(skel);
	return err;
}

/* A run that was killed right after it attached has not told the id: then the name must do. */
static bool is_ours(const struct vx_uplink *uplink, const struct xdp_program *prog)
{
	if (uplink->cfg.prog_id)
		return xdp_program__id(prog) == uplink->cfg.prog_id;
	return !strcmp(xdp_program__name(prog), "vx_steer");
}

/* Our program among those on the netdev, which may be the only one. The caller closes *mp. */
static struct xdp_program *find(const struct vx_uplink *uplink, struct xdp_multiprog **mp)
{
	struct xdp_program *prog = NULL;

	*mp = xdp_multiprog__get_from_ifindex(uplink->ifindex);
	if (libxdp_get_error(*mp)) {
		*mp = NULL;
		return NULL;
	}
	if (xdp_multiprog__is_legacy(*mp)) {
		prog = xdp_multiprog__main_prog(*mp);
		return prog && is_ours(uplink, prog) ? prog : NULL;
	}
	while ((prog = xdp_multiprog__next_prog(prog, *mp)))
		if (is_ours(uplink, prog))
			return prog;
	return NULL;
}

void vx_steer_detach(const struct vx_uplink *uplink)
{
	struct xdp_multiprog *mp;
	struct xdp_program *prog;
	int err = 0;

	prog = find(uplink, &mp);
	if (prog)
		err = xdp_program__detach(prog, uplink->ifindex, xdp_multiprog__attach_mode(mp), 0);
	xdp_multiprog__close(mp);
	if (err)
		vx_warn("cannot detach steering from %s: %s; detach everything: xdp-loader unload --all %s",
			uplink->cfg.name, strerror(-err), uplink->cfg.name);
}

int vx_steer_query(const struct vx_uplink *uplink, struct vx_steer_state *state)
{
	struct xdp_multiprog *mp;

	memset(state, 0, sizeof(*state));
	state->attached = find(uplink, &mp);
	if (!mp)
		return 0;
	state->generic = xdp_multiprog__attach_mode(mp) == XDP_MODE_SKB;
	state->dispatcher = !xdp_multiprog__is_legacy(mp);
	state->programs = state->dispatcher ? xdp_multiprog__program_count(mp) : 1;
	xdp_multiprog__close(mp);
	return 0;
}
