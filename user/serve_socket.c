// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/types.h>
#include <vhost_xdp/stats.h>

#include "say.h"
#include "serve_socket.h"

#define BACKLOG	4

static int open_dir(struct vx_serve_socket *s, const char *path)
{
	const char *slash = strrchr(path, '/');
	char dir[sizeof(((struct sockaddr_un *)0)->sun_path)];
	size_t len = slash ? (size_t)(slash - path) : 1;

	if (!*path || strlen(path) >= sizeof(dir))
		return vx_fail(-ENAMETOOLONG, "a socket's path has 1 to %zu characters; choose another one", sizeof(dir) - 1);
	memcpy(dir, slash ? path : ".", len);
	dir[len] = '\0';
	s->base = slash ? slash + 1 : path;
	s->dir = open(len ? dir : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0)
		return vx_fail(-errno, "the socket's directory %s cannot be used (%s); make it first", len ? dir : "/",
			       strerror(errno));
	return 0;
}

/* Does anybody listen? 0: no, it is a dead run's. */
static int probe(const struct vx_serve_socket *s, const struct sockaddr_un *sa)
{
	int fd, err = 0;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (!connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) || errno == EAGAIN)
		err = vx_fail(-EADDRINUSE, "%s is in use by a running process; stop that or choose another path", s->path);
	else if (errno != ECONNREFUSED && errno != ENOENT)
		err = vx_fail(-errno, "%s exists and cannot be probed (%s); remove it or choose another path", s->path,
			      strerror(errno));
	close(fd);
	return err;
}

static int remove_stale(const struct vx_serve_socket *s, const struct sockaddr_un *sa)
{
	struct stat st;
	int err;

	if (fstatat(s->dir, s->base, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return vx_fail(-EEXIST, "%s exists and is no socket; remove it or choose another path", s->path);
	err = probe(s, sa);
	if (err)
		return err;
	vx_debug("replacing the socket %s of a dead run", s->path);
	return unlinkat(s->dir, s->base, 0) && errno != ENOENT ? -errno : 0;
}

static int bind_and_listen(struct vx_serve_socket *s, const struct sockaddr_un *sa, const struct vx_identity *id)
{
	mode_t mask = umask(0117);
	struct stat st;
	int err = bind(s->fd, (const struct sockaddr *)sa, sizeof(*sa)) ? -errno : 0;

	umask(mask);
	if (err)
		return vx_fail(err, "%s cannot be made: %s", s->path, strerror(-err));
	if (fstatat(s->dir, s->base, &st, AT_SYMLINK_NOFOLLOW) ||
	    fchownat(s->dir, s->base, id->uid, id->gid, AT_SYMLINK_NOFOLLOW) || listen(s->fd, BACKLOG)) {
		err = vx_fail(-errno, "%s cannot be given to user %u: %s", s->path, id->uid, strerror(errno));
		unlinkat(s->dir, s->base, 0);
		return err;
	}
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	return 0;
}

int vx_serve_socket_open(struct vx_serve_socket *s, const char *path, const struct vx_identity *id)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int err;

	*s = (struct vx_serve_socket){ .path = path, .fd = -1, .dir = -1, .alive = -1 };
	err = open_dir(s, path);
	if (err)
		return err;
	strncpy(sa.sun_path, path, sizeof(sa.sun_path) - 1);
	err = remove_stale(s, &sa);
	if (err)
		goto err_close;
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	err = s->fd < 0 ? vx_fail(-errno, "no socket: %s", strerror(errno)) : bind_and_listen(s, &sa, id);
	if (!err)
		return 0;
err_close:
	if (s->fd >= 0)
		close(s->fd);
	close(s->dir);
	return err;
}

static void remove_own(const struct vx_serve_socket *s)
{
	struct stat st;

	/* Another run may have replaced it after we were killed. */
	if (!fstatat(s->dir, s->base, &st, AT_SYMLINK_NOFOLLOW) && st.st_dev == s->dev && st.st_ino == s->ino)
		unlinkat(s->dir, s->base, 0);
}

static void __attribute__((noreturn)) janitor(const struct vx_serve_socket *s, int pipe_fd, const struct vx_identity *id,
					      struct vx_engine_page *page, pid_t engine)
{
	sigset_t all;
	char c;

	/* Not the terminal's ^C, nor the SIGTERM that a service manager sends to everyone: we go last. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	setsid();
	prctl(PR_SET_NAME, "vx-janitor");
	if (dup2(pipe_fd, 0) < 0 || dup2(s->dir, 1) < 0)
		_exit(EXIT_FAILURE);
	if (vx_privileges_drop(id, true))
		_exit(EXIT_FAILURE);
	close_range(2, ~0u, 0);
	if (vx_seccomp_janitor())
		_exit(EXIT_FAILURE);

	while (read(0, &c, 1) > 0)
		;
	if (page->pid == (__u32)engine) {
		page->state = VX_ENGINE_DOWN;
		page->features = 0;
		page->pid = 0;
	}
	remove_own(&(struct vx_serve_socket){ .dir = 1, .base = s->base, .dev = s->dev, .ino = s->ino });
	_exit(EXIT_SUCCESS);
}

int vx_serve_socket_guard(struct vx_serve_socket *s, const struct vx_identity *id, struct vx_engine_page *page)
{
	pid_t self = getpid();
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return vx_fail(-errno, "no pipe: %s", strerror(errno));
	s->janitor = fork();
	if (s->janitor < 0) {
		int err = vx_fail(-errno, "no process to clean up after us: %s", strerror(errno));

		close(fds[0]);
		close(fds[1]);
		s->janitor = 0;
		return err;
	}
	if (!s->janitor) {
		close(fds[1]);
		janitor(s, fds[0], id, page, self);
	}
	close(fds[0]);
	s->alive = fds[1];
	return 0;
}

void vx_serve_socket_close(struct vx_serve_socket *s)
{
	close(s->fd);
	if (s->janitor > 0) {
		close(s->alive);
		while (waitpid(s->janitor, NULL, 0) < 0 && errno == EINTR)
			;
	} else {
		remove_own(s);
	}
	close(s->dir);
}
