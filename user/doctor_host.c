// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cap-ng.h>
#include <linux/magic.h>
#include <xdp/libxdp.h>

#include "doctor.h"
#include "pins.h"
#include "policy.h"
#include "say.h"
#include "vx_steer.skel.h"

#define LOOPBACK	1	/* ifindex, in every network namespace */

static void kernel(void)
{
	unsigned long major, minor = 0;
	struct utsname u;
	char *rest;

	uname(&u);
	major = strtoul(u.release, &rest, 10);
	if (*rest == '.')
		minor = strtoul(rest + 1, NULL, 10);
	if (major > 6 || (major == 6 && minor >= 1))
		vx_finding(VX_OK, "kernel", "%s", u.release);
	else
		vx_finding(VX_WARN, "kernel", "%s is older than 6.1, the oldest that is tested; use a newer one",
			   u.release);
}

/* The sysctl is out of sight in a network namespace; a program tells. */
static void jit(void)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);
	int fd;

	fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "vx_doctor", "GPL", insns, 2, NULL);
	if (fd < 0) {
		vx_finding(VX_BAD, "BPF", "the kernel loads no XDP program: %s", strerror(errno));
		return;
	}
	if (!bpf_obj_get_info_by_fd(fd, &info, &len) && info.jited_prog_len)
		vx_finding(VX_OK, "BPF", "loads, and is compiled (JIT)");
	else
		vx_finding(VX_WARN, "BPF",
			   "is interpreted: every frame costs many times more; sysctl -w net.core.bpf_jit_enable=1");
	close(fd);
}

static bool bpffs(void)
{
	struct statfs fs;

	if (!statfs(vx_bpffs(), &fs) && fs.f_type == BPF_FS_MAGIC) {
		vx_finding(VX_OK, "bpffs", "mounted at %s", vx_bpffs());
		return true;
	}
	vx_finding(VX_BAD, "bpffs", "not mounted; mount -t bpf bpf %s", vx_bpffs());
	return false;
}

static void af_xdp(void)
{
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		vx_finding(VX_OK, "AF_XDP", "available");
	else
		vx_finding(VX_BAD, "AF_XDP", "not available: %s; the kernel needs CONFIG_XDP_SOCKETS", strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void memlock(void)
{
	struct rlimit lim;

	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_IPC_LOCK) || getrlimit(RLIMIT_MEMLOCK, &lim))
		vx_finding(VX_OK, "memlock", "no limit with CAP_IPC_LOCK");
	else if (lim.rlim_cur == RLIM_INFINITY)
		vx_finding(VX_OK, "memlock", "unlimited");
	else
		vx_finding(VX_WARN, "memlock", "%llu KiB for AF_XDP memory, and no CAP_IPC_LOCK; ulimit -l unlimited",
			   (unsigned long long)lim.rlim_cur / 1024);
}

enum { BY_DISPATCHER, ALONE, REFUSED, NO_NETNS };

/* For real, but on the loopback netdev of a network namespace that lives no longer than this child. */
static int try_steering(void)
{
	struct xdp_multiprog *mp;
	struct xdp_program *prog;
	struct vx_steer *skel;
	int ret = REFUSED;

	if (unshare(CLONE_NEWNET))
		return NO_NETNS;
	skel = vx_steer__open();
	if (!skel)
		return REFUSED;
	prog = xdp_program__from_bpf_obj(skel->obj, bpf_program__section_name(skel->progs.vx_steer));
	if (!libxdp_get_error(prog) && !xdp_program__attach(prog, LOOPBACK, XDP_MODE_SKB, 0)) {
		mp = xdp_multiprog__get_from_ifindex(LOOPBACK);
		if (!libxdp_get_error(mp)) {
			ret = xdp_multiprog__is_legacy(mp) ? ALONE : BY_DISPATCHER;
			xdp_multiprog__close(mp);
		}
		xdp_program__detach(prog, LOOPBACK, XDP_MODE_SKB, 0);
	}
	vx_steer__destroy(skel);
	return ret;
}

static void dispatcher(void)
{
	int status = 0;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid)
		_exit(try_steering());
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		status = NO_NETNS << 8;
	switch (WEXITSTATUS(status)) {
	case BY_DISPATCHER:
		vx_finding(VX_OK, "libxdp dispatcher", "works: steering shares a NIC with other XDP programs");
		break;
	case ALONE:
		vx_finding(VX_WARN, "libxdp dispatcher",
			   "the kernel refuses freplace: steering works, but alone on its NIC");
		break;
	case REFUSED:
		vx_finding(VX_BAD, "libxdp dispatcher", "the steering program does not load; -v -v shows why");
		break;
	default:
		vx_finding(VX_WARN, "libxdp dispatcher", "not tried: no network namespace to try it in");
	}
}

static int judge_policy(const struct vx_policy *policy, void *arg)
{
	if (policy->foreign)
		vx_finding(VX_BAD, "policy",
			   "%s in slot %u was loaded without the shared maps and loses every frame; load it again: "
			   "vhost-xdp policy load FILE as NAME",
			   *policy->name ? policy->name : policy->prog_name, policy->id);
	return 0;
}

static void pins(void)
{
	int err = vx_pins_check();

	if (err == -ENOENT) {
		vx_finding(VX_OK, "pins", "none yet");
		return;
	}
	if (err) {
		vx_finding(VX_BAD, "pins", "not usable, as said on stderr");
		return;
	}
	vx_finding(VX_OK, "pins", "in %s/vhost-xdp, of this version and network namespace", vx_bpffs());
	vx_policy_each(judge_policy, NULL);
}

void vx_doctor_host(void)
{
	bool mounted;

	kernel();
	mounted = bpffs();
	if (geteuid()) {
		vx_finding(VX_BAD, "root", "not root: what follows cannot be looked at; run it with sudo");
		return;
	}
	jit();
	af_xdp();
	memlock();
	vx_doctor_module();
	if (!mounted)
		return;
	dispatcher();
	pins();
}
