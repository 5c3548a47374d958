// SPDX-License-Identifier: GPL-2.0-or-later
/* "port run": a VMM with a port's fds in place, and without any privilege. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "engine_kernel.h"
#include "pins.h"
#include "port.h"
#include "port_run.h"
#include "privileges.h"
#include "run_words.h"
#include "say.h"

struct run {
	const char *user, *group;
	struct vx_port port;
	struct vx_identity id;
	struct vx_run_words words;
};

static int find_port(struct run *r, const char *name)
{
	struct vx_kport kp;
	int err;

	err = vx_pins_check();
	if (err && err != -ENOENT)
		return err;
	if (err || vx_port_find(name, &r->port))
		return vx_fail(-ENOENT, "there is no port %s; see 'vhost-xdp port list'", name);
	err = vx_kport_find(&r->port, &kp);
	if (err && err != -ENOENT)
		return vx_module_require() ? err : vx_fail(err, "the module does not tell of port %s: %s", name, strerror(-err));
	if (err)
		return vx_fail(-ENOTCONN,
			       "port %s has the user engine: vhost-xdp serve %s socket PATH; 'port run' is for ports of 'engine kernel'",
			       name, name);
	err = vx_module_require();
	if (err)
		return err;
	if (kp.info.state != VHOST_XDP_PORT_ATTACHED)
		return vx_fail(-ENETDOWN, "port %s is %s; bring it back: vhost-xdp port attach %s", name,
			       strncmp(kp.info.error, "down", 4) ? "down" : kp.info.error, name);
	return 0;
}

/* Never 0 to 2, which a shell may have closed: the VMM takes those for its terminal. */
static int above_stdio(int fd)
{
	int other;

	if (fd < 0 || fd > 2)
		return fd;
	other = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (other < 0)
		other = vx_fail(-errno, "no more fds: %s", strerror(errno));
	close(fd);
	return other;
}

static int vhost_open(void)
{
	int fd = open(VX_VHOST_DEV, O_RDWR | O_CLOEXEC);

	return fd < 0 ? vx_fail(-errno, "%s cannot be opened: %s; see 'vhost-xdp doctor'", VX_VHOST_DEV, strerror(errno)) : fd;
}

static int open_fds(struct run *r)
{
	struct vx_run_words *w = &r->words;
	__u32 i;

	vx_run_id(w->id, r->port.cfg.name);
	vx_format_mac(r->port.cfg.mac, w->mac);
	w->mtu = r->port.cfg.mtu;
	for (i = 0; i < r->port.cfg.queue_pairs && i < VX_QUEUE_PAIRS_MAX; i++) {
		w->data_fd[i] = above_stdio(vx_kport_open_pair(r->port.cfg.name, i));
		if (w->data_fd[i] < 0)
			return w->data_fd[i];
		w->vhost_fd[i] = above_stdio(vhost_open());
		if (w->vhost_fd[i] < 0)
			return w->vhost_fd[i];
		w->pairs++;
	}
	return 0;
}

/* Everything else of ours is close-on-exec. */
static int inherit(const struct vx_run_words *w)
{
	__u32 i;

	for (i = 0; i < w->pairs; i++)
		if (fcntl(w->data_fd[i], F_SETFD, 0) || fcntl(w->vhost_fd[i], F_SETFD, 0))
			return vx_fail(-errno, "fds cannot be passed on: %s", strerror(errno));
	return 0;
}

static int run_command(struct run *r, int argc, char **argv)
{
	char **words;
	int err;

	err = vx_run_argv(&r->words, argc, argv, &words);
	if (err == -ENOENT)
		return vx_usage("nothing in the command says where the port goes; write {netdev}, or {fds} and {vhostfds}, see "
				"vhost-xdp(8)");
	if (err)
		return vx_fail(err, "out of memory");
	err = inherit(&r->words);
	if (!err)
		err = vx_privileges_become(&r->id);
	if (!err) {
		fflush(NULL);
		execvp(words[0], words);
		err = vx_fail(-errno, "%s cannot be run as user %u: %s", words[0], r->id.uid, strerror(errno));
	}
	vx_run_free(words);
	return err;
}

int vx_port_run(int argc, char **argv)
{
	struct run r = {};
	const struct vx_arg table[] = { { "user", .text = &r.user }, { "group", .text = &r.group }, {} };
	int n = 0, err;

	while (n < argc && strcmp(argv[n], "--"))
		n++;
	if (n < 1)
		return vx_usage("'port run' needs a name: vhost-xdp port run NAME -- COMMAND");
	if (n + 1 >= argc)
		return vx_usage("'port run' needs a command behind '--': vhost-xdp port run %s -- qemu-system-x86_64 ...", argv[0]);
	err = vx_args(table, n - 1, argv + 1);
	if (!err)
		err = vx_identity_find(&r.id, r.user ? r.user : "nobody", r.group);
	if (!err)
		err = find_port(&r, argv[0]);
	if (!err)
		err = open_fds(&r);
	return err ? err : run_command(&r, argc - n - 1, argv + n + 1);
}
