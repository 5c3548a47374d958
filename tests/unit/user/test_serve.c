// SPDX-License-Identifier: GPL-2.0-or-later
/* The words after "serve", whom to become, and the socket in the file system with its janitor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/types.h>
#include <vhost_xdp/stats.h>

#include "serve.h"
#include "serve_socket.h"

static int parse(struct vx_serve_options *opt, const char *line)
{
	static char words[256];
	char *argv[16];
	int argc = 0;

	snprintf(words, sizeof(words), "%s", line);
	for (char *w = strtok(words, " "); w; w = strtok(NULL, " "))
		argv[argc++] = w;
	return vx_serve_parse(opt, argc, argv);
}

static void good_lines(void **state)
{
	struct vx_serve_options o;

	assert_int_equal(parse(&o, "vm1 socket /run/vm1.sock"), 0);
	assert_string_equal(o.port, "vm1");
	assert_string_equal(o.socket, "/run/vm1.sock");
	assert_string_equal(o.user, "nobody");
	assert_null(o.group);
	assert_int_equal(o.queues, 0);
	assert_int_equal(o.busy_poll_us, VX_BUSY_POLL_DEFAULT);

	assert_int_equal(parse(&o, "vm1 queues 4 --busy-poll 0 user qemu group kvm socket s"), 0);
	assert_int_equal(o.queues, 4);
	assert_int_equal(o.busy_poll_us, 0);
	assert_string_equal(o.user, "qemu");
	assert_string_equal(o.group, "kvm");
}

static void bad_lines(void **state)
{
	static const char *const bad[] = {
		"", "vm1", "vm1 socket", "vm1 queues 2", "vm1 socket s queues 0", "vm1 socket s queues 17",
		"vm1 socket s queues two", "vm1 socket s queues 2x", "vm1 socket s busy-poll -1",
		"vm1 socket s busy-poll 1000001", "vm1 socket s frob 1", "../x socket s", "a.b socket s",
		"namethatistoolong socket s", "vm1 socket s queues",
	};
	struct vx_serve_options o;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(parse(&o, bad[i]) < 0);
}

static void identities(void **state)
{
	struct vx_identity id;

	assert_int_equal(vx_identity_find(&id, "root", NULL), 0);
	assert_int_equal(id.uid, 0);
	assert_int_equal(vx_identity_find(&id, "12345", "54321"), 0);
	assert_int_equal(id.uid, 12345);
	assert_int_equal(id.gid, 54321);
	assert_int_equal(vx_identity_find(&id, "no-such-user-here", NULL), -ENOENT);
	assert_int_equal(vx_identity_find(&id, "root", "no-such-group-here"), -ENOENT);
	assert_int_equal(vx_identity_find(&id, "-1", NULL), -ENOENT);
	assert_int_equal(vx_identity_find(&id, "4294967295", NULL), -ENOENT);
}

struct place {
	char dir[32], path[48];
	struct vx_identity id;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	strcpy(p->dir, "/tmp/vx-serve-XXXXXX");
	if (!mkdtemp(p->dir))
		return -1;
	snprintf(p->path, sizeof(p->path), "%s/s", p->dir);
	p->id.uid = getuid();
	p->id.gid = getgid();
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	int left;

	unlink(p->path);
	left = rmdir(p->dir);
	free(p);
	return left;
}

static bool exists(const struct place *p)
{
	struct stat st;

	return !lstat(p->path, &st);
}

static void socket_is_made_and_removed(void **state)
{
	struct place *p = *state;
	struct vx_serve_socket s;
	struct stat st;

	assert_int_equal(vx_serve_socket_open(&s, p->path, &p->id), 0);
	assert_int_equal(lstat(p->path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0660);
	vx_serve_socket_close(&s);
	assert_false(exists(p));
}

static void live_socket_is_refused_dead_one_replaced(void **state)
{
	struct place *p = *state;
	struct vx_serve_socket a, b;

	assert_int_equal(vx_serve_socket_open(&a, p->path, &p->id), 0);
	assert_int_equal(vx_serve_socket_open(&b, p->path, &p->id), -EADDRINUSE);
	assert_true(exists(p));
	/* As SIGKILL of everybody would leave it. */
	close(a.fd);
	close(a.dir);
	assert_int_equal(vx_serve_socket_open(&b, p->path, &p->id), 0);
	vx_serve_socket_close(&b);
	assert_false(exists(p));
}

static void other_files_are_left_alone(void **state)
{
	struct place *p = *state;
	struct vx_serve_socket s;
	char longer[256];

	close(open(p->path, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(vx_serve_socket_open(&s, p->path, &p->id), -EEXIST);
	assert_true(exists(p));
	unlink(p->path);
	assert_int_equal(symlink("/etc/passwd", p->path), 0);
	assert_int_equal(vx_serve_socket_open(&s, p->path, &p->id), -EEXIST);
	assert_int_equal(vx_serve_socket_open(&s, "/nowhere/at/all", &p->id), -ENOENT);
	assert_int_equal(vx_serve_socket_open(&s, "", &p->id), -ENAMETOOLONG);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(vx_serve_socket_open(&s, longer, &p->id), -ENAMETOOLONG);
}

static void socket_of_a_successor_stays(void **state)
{
	struct place *p = *state;
	struct vx_serve_socket a, b;

	assert_int_equal(vx_serve_socket_open(&a, p->path, &p->id), 0);
	unlink(p->path);
	assert_int_equal(vx_serve_socket_open(&b, p->path, &p->id), 0);
	vx_serve_socket_close(&a);
	assert_true(exists(p));
	vx_serve_socket_close(&b);
	assert_false(exists(p));
}

/* An engine that is killed without warning: its janitor removes the socket and marks the page. */
static void janitor_cleans_up_after_sigkill(void **state)
{
	struct place *p = *state;
	struct vx_engine_page *page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t engine;
	int ready[2];
	char c;

	if (geteuid())
		skip();
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	engine = fork();
	if (!engine) {
		struct vx_serve_socket s;

		if (vx_serve_socket_open(&s, p->path, &p->id) || vx_serve_socket_guard(&s, &p->id, page))
			_exit(1);
		page->state = VX_ENGINE_UP;
		page->pid = getpid();
		if (write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_true(exists(p));
	kill(engine, SIGKILL);
	waitpid(engine, NULL, 0);
	for (int i = 0; i < 500 && exists(p); i++)
		usleep(10000);
	assert_false(exists(p));
	assert_int_equal(page->state, VX_ENGINE_DOWN);
	assert_int_equal(page->pid, 0);
	close(ready[0]);
	munmap(page, sizeof(*page));
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_lines),
		cmocka_unit_test(bad_lines),
		cmocka_unit_test(identities),
		T(socket_is_made_and_removed),
		T(live_socket_is_refused_dead_one_replaced),
		T(other_files_are_left_alone),
		T(socket_of_a_successor_stays),
		T(janitor_cleans_up_after_sigkill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
