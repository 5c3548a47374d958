// SPDX-License-Identifier: GPL-2.0-or-later
#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "privileges.h"
#include "say.h"
#include "words.h"

/* (uid_t)-1 means "leave it as it is" to the kernel. */
#define ID_MAX	(UINT32_MAX - 1)

int vx_identity_find(struct vx_identity *id, const char *user, const char *group)
{
	const struct passwd *pw = getpwnam(user);
	const struct group *gr = group ? getgrnam(group) : NULL;

	if (pw) {
		id->uid = pw->pw_uid;
		id->gid = pw->pw_gid;
	} else if (!vx_parse_u32(user, 0, ID_MAX, &id->uid)) {
		id->gid = id->uid;
	} else {
		return vx_fail(-ENOENT, "there is no user %s; name one with: user USER", user);
	}
	if (gr)
		id->gid = gr->gr_gid;
	else if (group && vx_parse_u32(group, 0, ID_MAX, &id->gid))
		return vx_fail(-ENOENT, "there is no group %s; name one with: group GROUP", group);
	id->groups = pw && !group;
	return 0;
}

static int limit_resources(void)
{
	const struct rlimit none = { 0, 0 }, files = { 256, 256 };

	return setrlimit(RLIMIT_CORE, &none) || setrlimit(RLIMIT_NOFILE, &files) || setrlimit(RLIMIT_MEMLOCK, &none) ? -errno : 0;
}

/* keep: the one capability that stays, or -1. */
static int change_id(const struct vx_identity *id, capng_flags_t groups, int keep)
{
	int err;

	capng_clear(CAPNG_SELECT_ALL);
	if (keep >= 0)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, (unsigned int)keep);
	err = capng_change_id((int)id->uid, (int)id->gid, groups | CAPNG_CLEAR_BOUNDING | CAPNG_CLEAR_AMBIENT);
	if (err)
		return vx_fail(-EPERM, "privileges cannot be dropped (step %d of libcap-ng); is this root?", -err);
	/* Changing to the user that one already is leaves the capabilities alone. */
	if (capng_apply(CAPNG_SELECT_CAPS))
		return vx_fail(-EPERM, "capabilities cannot be dropped");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return vx_fail(-errno, "privileges cannot be given up for good: %s", strerror(errno));
	return 0;
}

int vx_privileges_drop(const struct vx_identity *id, bool may_unlink)
{
	int err;

	if (limit_resources())
		return vx_fail(-errno, "resource limits cannot be set: %s", strerror(errno));
	err = change_id(id, CAPNG_DROP_SUPP_GRP, may_unlink ? CAP_DAC_OVERRIDE : -1);
	if (!err && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		err = vx_fail(-errno, "core dumps cannot be turned off: %s", strerror(errno));
	return err;
}

int vx_privileges_become(const struct vx_identity *id)
{
	return change_id(id, id->groups ? CAPNG_INIT_SUPP_GRP : CAPNG_DROP_SUPP_GRP, -1);
}

static int allow(scmp_filter_ctx ctx, const int *calls, size_t n)
{
	int err = 0;

	for (size_t i = 0; i < n && !err; i++)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0);
	return err;
}

static int load_filter(const int *calls, size_t n, bool memory)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int err = ctx ? allow(ctx, calls, n) : -ENOMEM;

	/* Memory, but never code. */
	if (!err && memory)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (!err && memory)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (!err)
		err = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	if (!err)
		err = seccomp_load(ctx);
	seccomp_release(ctx);
	return err ? vx_fail(err, "the system call filter cannot be installed: %s", strerror(-err)) : 0;
}

int vx_seccomp_engine(void)
{
	static const int calls[] = {
		/* data path: eventfds, AF_XDP sockets */
		SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(sendto), SCMP_SYS(recvfrom), SCMP_SYS(getsockopt),
		SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl), SCMP_SYS(clock_gettime),
		/* messages */
		SCMP_SYS(accept4), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(close), SCMP_SYS(fcntl),
		SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(munmap), SCMP_SYS(madvise),
		/* the C library: memory, threads, messages to the user */
		SCMP_SYS(brk), SCMP_SYS(mremap), SCMP_SYS(futex), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),
		SCMP_SYS(sched_yield), SCMP_SYS(restart_syscall), SCMP_SYS(writev), SCMP_SYS(getpid), SCMP_SYS(gettid),
		SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction), SCMP_SYS(tgkill),
		SCMP_SYS(rseq), SCMP_SYS(set_robust_list), SCMP_SYS(getrandom),
		/* the end */
		SCMP_SYS(wait4), SCMP_SYS(exit), SCMP_SYS(exit_group),
	};

	return load_filter(calls, sizeof(calls) / sizeof(calls[0]), true);
}

int vx_seccomp_janitor(void)
{
	static const int calls[] = {
		SCMP_SYS(read), SCMP_SYS(close), SCMP_SYS(newfstatat), SCMP_SYS(unlinkat), SCMP_SYS(rt_sigreturn),
		SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group),
	};

	return load_filter(calls, sizeof(calls) / sizeof(calls[0]), false);
}
