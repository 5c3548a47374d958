// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vxkern_control: the control interface of the module, ioctl by ioctl, with good, bad and hostile arguments; all but
 * PORT_ATTACH, which is vxkern_attach. What there was before is there afterwards, and nothing more.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/expect.h"
#include "lib/kport.h"

#define MANY	200

static int control;

static int call(unsigned long request, void *arg)
{
	return ERR(ioctl(control, request, arg));
}

/* --- names ----------------------------------------------------------------------- */

static const struct {
	const char *what;
	char name[VHOST_XDP_NAME_LEN];
} bad_names[] = {
	{ "no name", "" },
	{ "a name with a slash", "a/b" },
	{ "the name .", "." },
	{ "the name ..", ".." },
	{ "a name with a space", "a b" },
	{ "a name with a newline", "a\nb" },
	{ "a name with a colon", "a:b" },
	{ "a name that does not end", "0123456789abcdef" },
	{ "a name with something behind its end", "ab\0x" },
};

static void names(void)
{
	static const unsigned long by_name[] = { VHOST_XDP_PORT_DEL, VHOST_XDP_PORT_DETACH };

	expect_about("names");
	for (size_t i = 0; i < sizeof(bad_names) / sizeof(bad_names[0]); i++) {
		struct vhost_xdp_new n = { .pairs = 1, .mtu = 1500 };
		struct vhost_xdp_name by = { 0 };

		memcpy(n.name, bad_names[i].name, sizeof(n.name));
		memcpy(by.name, bad_names[i].name, sizeof(by.name));
		expect_errno(call(VHOST_XDP_PORT_NEW, &n), EINVAL, EINVAL, "PORT_NEW, %s", bad_names[i].what);
		for (int j = 0; j < 2; j++)
			expect_errno(call(by_name[j], &by), EINVAL, ENOENT, "ioctl %lu, %s", by_name[j] & 0xff, bad_names[i].what);
	}
	expect_errno(kport_del(control, "nobody"), ENOENT, ENOENT, "PORT_DEL of nobody");
	expect_errno(kport_detach(control, "nobody"), ENOENT, ENOENT, "PORT_DETACH of nobody");
	expect_errno(kport_set_prog(control, "nobody", -1), ENOENT, EBADF, "PORT_SET_PROG of nobody");
	expect_errno(ERR(kport_open(control, "nobody", 0, 0)), ENOENT, ENOENT, "PORT_OPEN of nobody");
}

/* --- a port that is not attached ---------------------------------------------------- */

static void port_new(void)
{
	static const struct {
		const char *what;
		uint32_t pairs, mtu;
		int want, also;
	} shapes[] = {
		{ "no pair", 0, 1500, EINVAL, EINVAL },
		{ "17 pairs", 17, 1500, EINVAL, EINVAL },
		{ "2^32-1 pairs", ~0u, 1500, EINVAL, EINVAL },
		{ "an MTU of 67", 1, 67, EINVAL, EMSGSIZE },
		{ "an MTU of 0", 1, 0, EINVAL, EMSGSIZE },
		{ "an MTU of 65536", 1, 65536, EMSGSIZE, EMSGSIZE },
		{ "an MTU of 2^32-1", 1, ~0u, EMSGSIZE, EMSGSIZE },
	};
	struct vhost_xdp_new n = { .name = "new", .pairs = 1, .mtu = 1500 };

	expect_about("PORT_NEW");
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		expect_errno(kport_new(control, "new", shapes[i].pairs, shapes[i].mtu), shapes[i].want, shapes[i].also,
			     "%s", shapes[i].what);
	for (int i = 0; i < 4; i++) {
		n.reserved[i] = 1;
		expect_errno(call(VHOST_XDP_PORT_NEW, &n), EINVAL, EINVAL, "reserved[%d]", i);
		n.reserved[i] = 0;
	}
	expect_errno(kport_new(control, "new", 16, 68), 0, 0, "16 pairs, an MTU of 68");
	expect_errno(kport_new(control, "new", 1, 1500), EEXIST, EEXIST, "the same name again");
	expect_errno(kport_del(control, "new"), 0, 0, "PORT_DEL");
	expect_errno(kport_del(control, "new"), ENOENT, ENOENT, "PORT_DEL again");
	expect_errno(kport_new(control, "0123456789abcde", 1, 1500), 0, 0, "a name of 15 characters");
	expect_errno(kport_del(control, "0123456789abcde"), 0, 0, "PORT_DEL");
}

static void not_attached(void)
{
	struct vhost_xdp_prog prog = { .name = "idle", .prog_fd = -1 };
	struct vhost_xdp_name name = { .name = "idle" };
	struct vhost_xdp_open o = { .name = "idle" };

	expect_about("a port that is not attached");
	expect_errno(kport_new(control, "idle", 2, 1500), 0, 0, "PORT_NEW");
	expect_errno(kport_detach(control, "idle"), ANY_ERROR, 0, "PORT_DETACH");
	expect_errno(kport_set_prog(control, "idle", -1), ENOTCONN, EBADF, "PORT_SET_PROG");
	expect_errno(ERR(kport_open(control, "idle", 0, 0)), ENOTCONN, ENOTCONN, "PORT_OPEN");
	expect_errno(ERR(kport_open(control, "idle", 2, 0)), EINVAL, ENOTCONN, "PORT_OPEN of pair 2");
	expect_errno(ERR(kport_open(control, "idle", ~0u, 0)), EINVAL, ENOTCONN, "PORT_OPEN of pair 2^32-1");
	expect_errno(ERR(kport_open(control, "idle", 0, 2)), EINVAL, EINVAL, "PORT_OPEN, an unknown flag");
	for (int i = 0; i < 2; i++) {
		o.reserved[i] = 1;
		expect_errno(call(VHOST_XDP_PORT_OPEN, &o), EINVAL, EINVAL, "PORT_OPEN, reserved[%d]", i);
		o.reserved[i] = 0;
		name.reserved[i] = 1;
		expect_errno(call(VHOST_XDP_PORT_DEL, &name), EINVAL, EINVAL, "PORT_DEL, reserved[%d]", i);
		expect_errno(call(VHOST_XDP_PORT_DETACH, &name), EINVAL, EINVAL, "PORT_DETACH, reserved[%d]", i);
		name.reserved[i] = 0;
	}
	for (int i = 0; i < 3; i++) {
		prog.reserved[i] = 1;
		expect_errno(call(VHOST_XDP_PORT_SET_PROG, &prog), EINVAL, EINVAL, "PORT_SET_PROG, reserved[%d]", i);
		prog.reserved[i] = 0;
	}
	expect_errno(kport_del(control, "idle"), 0, 0, "PORT_DEL");
}

/* --- GET and NEXT ------------------------------------------------------------------- */

static void get(void)
{
	struct vhost_xdp_pair_info pairs[3];
	struct vhost_xdp_port_info info = { .name = "seen" };

	expect_about("PORT_GET");
	kport_new(control, "seen", 3, 1400);
	expect_errno(call(VHOST_XDP_PORT_GET, &info), 0, 0, "without room for pairs");
	expect_true(info.npairs == 3 && info.mtu == 1400 && info.state == VHOST_XDP_PORT_NEW_STATE && !info.prog_id && !info.vmms,
		    "what was asked for");
	memset(pairs, 0x77, sizeof(pairs));
	info = (struct vhost_xdp_port_info){ .name = "seen", .npairs = 2, .pairs = (uintptr_t)pairs };
	expect_errno(call(VHOST_XDP_PORT_GET, &info), 0, 0, "with room for two pairs of three");
	expect_true(info.npairs == 3 && !pairs[1].data_fd && pairs[2].data_fd == 0x77777777, "two were filled in");
	info = (struct vhost_xdp_port_info){ .name = "seen", .npairs = ~0u, .pairs = (uintptr_t)pairs };
	expect_errno(call(VHOST_XDP_PORT_GET, &info), 0, EINVAL, "with room for 2^32-1 pairs");
	info = (struct vhost_xdp_port_info){ .name = "seen", .npairs = 3, .pairs = 8 };
	expect_errno(call(VHOST_XDP_PORT_GET, &info), EFAULT, EFAULT, "pairs nowhere");
	info = (struct vhost_xdp_port_info){ .name = "seen", .npairs = 3, .pairs = 1ull << 63 };
	expect_errno(call(VHOST_XDP_PORT_GET, &info), EFAULT, EFAULT, "pairs in the kernel");
	for (int i = 0; i < 4; i++) {
		info = (struct vhost_xdp_port_info){ .name = "seen" };
		info.reserved[i] = 1;
		expect_errno(call(VHOST_XDP_PORT_GET, &info), EINVAL, EINVAL, "reserved[%d]", i);
	}
	info = (struct vhost_xdp_port_info){ .name = "nobody" };
	expect_errno(call(VHOST_XDP_PORT_GET, &info), ENOENT, ENOENT, "nobody");
	kport_del(control, "seen");
}

static void next(void)
{
	struct vhost_xdp_port_info info = { .name = "" };
	char last[VHOST_XDP_NAME_LEN] = "";
	unsigned int seen = 0, ordered = 1;

	expect_about("PORT_NEXT over %d ports", MANY);
	for (unsigned int i = 0; i < MANY; i++) {
		char name[VHOST_XDP_NAME_LEN];

		snprintf(name, sizeof(name), "p%u", i * 7919 % MANY);
		if (kport_new(control, name, 1, 1500))
			expect_true(false, "port %u", i);
	}
	while (!call(VHOST_XDP_PORT_NEXT, &info) && seen <= MANY) {
		ordered &= strcmp(info.name, last) > 0;
		memcpy(last, info.name, sizeof(last));
		info = (struct vhost_xdp_port_info){ 0 };
		memcpy(info.name, last, sizeof(last));
		seen++;
	}
	expect_errno(errno, ENOENT, ENOENT, "after the last");
	expect_true(seen == MANY && ordered, "%u ports, in order", seen);
	info = (struct vhost_xdp_port_info){ .name = "p5x" };	/* is none, but has its place */
	expect_errno(call(VHOST_XDP_PORT_NEXT, &info), 0, 0, "after one that is not there");
	expect_true(!strcmp(info.name, "p6"), "comes the next in order");
	for (unsigned int i = 0; i < MANY; i++) {
		char name[VHOST_XDP_NAME_LEN];

		snprintf(name, sizeof(name), "p%u", i);
		if (kport_del(control, name))
			expect_true(false, "PORT_DEL %s", name);
	}
}

/* --- whatever the ioctl ---------------------------------------------------------------- */

static const unsigned long requests[] = {
	VHOST_XDP_GET_ABI, VHOST_XDP_PORT_NEW, VHOST_XDP_PORT_DEL, VHOST_XDP_PORT_ATTACH, VHOST_XDP_PORT_DETACH,
	VHOST_XDP_PORT_SET_PROG, VHOST_XDP_PORT_OPEN, VHOST_XDP_PORT_GET, VHOST_XDP_PORT_NEXT, VHOST_XDP_GET_TOTALS,
};
#define REQUESTS	(sizeof(requests) / sizeof(requests[0]))

static void every_ioctl(void)
{
	uint32_t abi = 0;
	char room[4096] = { 0 };

	expect_about("every ioctl");
	expect_errno(call(VHOST_XDP_GET_ABI, &abi), 0, 0, "GET_ABI");
	expect_true(abi == VHOST_XDP_ABI, "it is %u", abi);
	for (size_t i = 0; i < REQUESTS; i++) {
		unsigned long nr = requests[i] & 0xff;

		expect_errno(call(requests[i], (void *)8), EFAULT, EFAULT, "ioctl %lu, argument nowhere", nr);
		expect_errno(call(requests[i], (void *)(1ul << 63)), EFAULT, EFAULT, "ioctl %lu, argument in the kernel", nr);
		expect_errno(call(requests[i] + (8ul << 16), room), ENOTTY, ENOTTY, "ioctl %lu, another size", nr);
		expect_errno(call(requests[i] ^ (3ul << 30), room), ENOTTY, ENOTTY, "ioctl %lu, another direction", nr);
	}
	expect_errno(call(_IO(VHOST_XDP_IOC, 0x77), room), ENOTTY, ENOTTY, "an ioctl that there is not");
	expect_errno(call(_IO(0xaf, 1), room), ENOTTY, ENOTTY, "an ioctl of vhost");
	expect_errno(ERR(read(control, room, 1)), EINVAL, EINVAL, "read");
	expect_errno(ERR(write(control, room, 1)), EINVAL, EINVAL, "write");
}

static void no_right(const char *who)
{
	char room[4096] = { 0 };

	for (size_t i = 0; i < REQUESTS; i++)
		expect_errno(call(requests[i], room), EPERM, EPERM, "%s: ioctl %lu", who, requests[i] & 0xff);
}

/* Runs f in a process of its own and takes over its verdict. */
static void in_child(void (*f)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		unsigned int before = expect_failures();

		f();
		_exit(expect_failures() != before);
	}
	expect_true(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status), "all of these");
}

static void as_nobody(void)
{
	if (setgid(65534) || setuid(65534))
		_exit(1);
	no_right("uid 65534 with an inherited fd");
	expect_errno(ERR(open(KPORT_CONTROL, O_RDWR | O_CLOEXEC)), EACCES, EACCES, "uid 65534: open");
}

static void in_user_namespace(void)
{
	if (unshare(CLONE_NEWUSER)) {
		perror("no user namespaces here");
		return;
	}
	no_right("root of another user namespace");
}

static void rights(void)
{
	expect_about("without CAP_NET_ADMIN");
	in_child(as_nobody);
	in_child(in_user_namespace);
}

int main(void)
{
	struct vhost_xdp_totals before;

	control = kport_control();
	before = kport_totals(control);
	names();
	port_new();
	not_attached();
	get();
	next();
	every_ioctl();
	rights();
	expect_about("afterwards");
	expect_true(kport_settled(control, &before), "totals are as before");
	return expect_done("vxkern_control");
}
