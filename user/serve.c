// SPDX-License-Identifier: GPL-2.0-or-later
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine_kernel.h"
#include "engine_user.h"
#include "privileges.h"
#include "say.h"
#include "serve.h"
#include "serve_socket.h"

struct serve {
	struct vx_engine engine;
	struct vx_serve_socket socket;
	int signals, epfd;
};

static int watch(struct serve *s, int op, int fd, u32 events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };

	return epoll_ctl(s->epfd, op, fd, &ev) ? vx_fail(-errno, "epoll: %s", strerror(errno)) : 0;
}

static void accept_vmm(struct serve *s)
{
	struct ucred cred = { 0 };
	socklen_t len = sizeof(cred);
	int fd;

	if (s->engine.vu->conn.fd >= 0) {
		vx_warn("%s: a second VMM connects; it waits until the present one leaves", s->engine.port.cfg.name);
		return;
	}
	fd = accept4(s->socket.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	if (vx_vu_connect(s->engine.vu, fd) || watch(s, EPOLL_CTL_ADD, fd, EPOLLIN)) {
		vx_vu_disconnect(s->engine.vu);
		return;
	}
	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len);
	vx_debug("%s: process %d connected", s->engine.port.cfg.name, cred.pid);
	/* From now on an edge is enough: to say once that somebody waits. */
	watch(s, EPOLL_CTL_MOD, s->socket.fd, EPOLLIN | EPOLLET);
}

static void drop_vmm(struct serve *s)
{
	if (s->engine.vu->conn.fd < 0)
		return;
	vx_vu_disconnect(s->engine.vu);
	vx_guest_fault_clear();
	vx_debug("%s: disconnected", s->engine.port.cfg.name);
	watch(s, EPOLL_CTL_MOD, s->socket.fd, EPOLLIN);
}

/* 0: go on; 1: end in good order; negative errno: end. */
static int attend(struct serve *s)
{
	int err = vx_engine_attend(&s->engine);

	if (err == -EIO)
		drop_vmm(s);
	return err == -EIO ? 0 : err;
}

static int dispatch(struct serve *s, int fd)
{
	struct signalfd_siginfo si;

	if (fd == s->signals) {
		if (read(fd, &si, sizeof(si)) == sizeof(si))
			vx_debug("%s: signal %u from process %u", s->engine.port.cfg.name, si.ssi_signo, si.ssi_pid);
		return 1;
	}
	if (fd == s->engine.attention)
		return attend(s);
	if (fd == s->engine.links)
		return vx_engine_links_changed(&s->engine);
	if (fd == s->socket.fd)
		accept_vmm(s);
	else if (fd == s->engine.vu->conn.fd && vx_vu_readable(s->engine.vu))
		drop_vmm(s);
	/* Reading a vring's memory for a message may fault just as a worker's access does. */
	return vx_guest_faulted() ? attend(s) : 0;
}

static int serve_loop(struct serve *s)
{
	struct epoll_event ev;
	int ret = 0;

	while (!ret) {
		int n = epoll_wait(s->epfd, &ev, 1, -1);

		if (n < 0 && errno != EINTR)
			return vx_fail(-errno, "epoll: %s", strerror(errno));
		if (n > 0)
			ret = dispatch(s, ev.data.fd);
	}
	return ret < 0 ? ret : 0;
}

/* Before there are threads: they inherit the mask. */
static int catch_signals(struct serve *s)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	signal(SIGPIPE, SIG_IGN);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	s->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (s->signals < 0 || s->epfd < 0)
		return vx_fail(-errno, "signals cannot be caught: %s", strerror(errno));
	return vx_guest_fault_init();
}

static int watch_all(struct serve *s)
{
	int err = watch(s, EPOLL_CTL_ADD, s->signals, EPOLLIN);

	if (!err)
		err = watch(s, EPOLL_CTL_ADD, s->engine.attention, EPOLLIN);
	if (!err)
		err = watch(s, EPOLL_CTL_ADD, s->engine.links, EPOLLIN);
	if (!err)
		err = watch(s, EPOLL_CTL_ADD, s->socket.fd, EPOLLIN);
	return err;
}

/* Privileges go before the threads come, so that each thread is born without; the filter then covers them all. */
static int run(struct serve *s, const struct vx_identity *id, u32 busy_poll_us)
{
	int err = vx_engine_open(&s->engine, busy_poll_us);

	if (!err)
		err = watch_all(s);
	if (!err)
		err = vx_privileges_drop(id, false);
	if (!err)
		err = vx_engine_start(&s->engine);
	if (!err)
		err = vx_seccomp_engine();
	if (err)
		return err;
	vx_debug("%s: serving %u queue pair(s) on %s", s->engine.port.cfg.name, s->engine.npairs, s->socket.path);
	return serve_loop(s);
}

int vx_serve(const struct vx_serve_options *opt)
{
	struct vx_identity id;
	struct vx_kport kp;
	struct serve *s;
	int err;

	if (geteuid())
		return vx_fail(-EPERM, "serve opens AF_XDP sockets and needs root for that; try: sudo vhost-xdp serve ...");
	err = vx_identity_find(&id, opt->user, opt->group);
	if (err)
		return err;
	s = vx_zalloc(sizeof(*s));
	if (!s)
		return vx_fail(-ENOMEM, "no memory");
	err = catch_signals(s);
	if (err)
		goto out_free;
	err = vx_engine_find(&s->engine, opt->port, opt->queues);
	if (err)
		goto out_free;
	if (!vx_kport_find(&s->engine.port, &kp)) {
		err = vx_fail(-EBUSY, "port %s has the kernel engine, which serves it; start the VMM with: vhost-xdp port run %s -- ...",
			      opt->port, opt->port);
		goto out_engine;
	}
	err = vx_serve_socket_open(&s->socket, opt->socket, &id);
	if (err)
		goto out_engine;
	err = vx_serve_socket_guard(&s->socket, &id, s->engine.page);
	if (!err)
		err = run(s, &id, opt->busy_poll_us);
	if (!vx_engine_close(&s->engine))
		_exit(EXIT_FAILURE);
	vx_serve_socket_close(&s->socket);
	goto out_free;

out_engine:
	vx_engine_close(&s->engine);
out_free:
	vx_free(s);
	return err;
}
