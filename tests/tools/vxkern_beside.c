// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vxkern_beside NAME OTHER THIRD: what several do with ports at the same time. NAME and NAME-g, like the others, are a veth pair with
 * two queues, both up; OTHER and THIRD are deleted in the end.
 */
#include <errno.h>
#include <net/if.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/expect.h"
#include "lib/latepage.h"
#include "lib/tapwire.h"

#define ROUNDS		15
#define STABLE		10	/* ports that stay, on either side of the one that comes and goes */
#define ENTRIES		256

static struct tapwire w;
static const char *other;
static char other_g[VHOST_XDP_NAME_LEN + 2];
static volatile int stop;

/* --- a listing beside a deletion ---------------------------------------------------------------------------------- */

static void stable(bool make)
{
	for (int i = 0; i < 2 * STABLE; i++) {
		char name[VHOST_XDP_NAME_LEN];

		snprintf(name, sizeof(name), "%c-stable-%d", i < STABLE ? 'A' : 'z', i);
		if (make ? kport_new(w.control, name, 1, 1500) : kport_del(w.control, name))
			expect_true(false, "port %s", name);
	}
}

/* How many listings missed one that was there all the time. */
static void *list(void *missed)
{
	while (!stop) {
		struct vhost_xdp_port_info info = { .name = "" };
		int seen = 0;

		while (!ioctl(w.control, VHOST_XDP_PORT_NEXT, &info)) {
			char name[VHOST_XDP_NAME_LEN];

			memcpy(name, info.name, sizeof(name));
			seen += strstr(name, "-stable-") != NULL;
			memset(&info, 0, sizeof(info));
			memcpy(info.name, name, sizeof(name));
		}
		*(int *)missed += seen != 2 * STABLE || errno != ENOENT;
	}
	return NULL;
}

static void listed(void)
{
	int missed = 0, err = 0, i;
	struct kport p;
	pthread_t t;

	expect_about("PORT_NEXT beside PORT_DEL");
	stable(true);
	stop = 0;
	pthread_create(&t, NULL, list, &missed);
	for (i = 0; i < ROUNDS && !err; i++) {
		memset(&p, 0, sizeof(p));
		kport_sockets(&p, "a-passer", other, other_g, 1, ENTRIES);
		err = kport_new(w.control, "a-passer", 1, TW_MTU);
		err = err ? err : kport_attach(w.control, &p, w.pass);
		err = err ? err : kport_del(w.control, "a-passer");
		kport_forget(&p);
	}
	stop = 1;
	pthread_join(t, NULL);
	expect_errno(err, 0, 0, "%d ports come and go", i);
	expect_true(!missed, "no listing ends before its end (%d did)", missed);
	stable(false);
}

/* --- one reader after another ---------------------------------------------------------------------------------------- */

static volatile int next;

/* The first to have the pair when it is free. */
static void *take_over(void *arg)
{
	(void)arg;
	while (!stop) {
		int fd = tw_open(&w, 0, VHOST_XDP_OPEN_READ), none = -1;

		if (fd >= 0 && !__atomic_compare_exchange_n(&next, &none, fd, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			close(fd);
	}
	return NULL;
}

/* Of frames that came before it was opened. */
static int stale(int fd, uint8_t mark)
{
	uint8_t buf[2048];
	int n = 0;

	while (read(fd, buf, sizeof(buf)) == (ssize_t)(TW_HDR + 100))
		n += buf[TW_HDR + 50] == mark;
	return n;
}

static void readers(void)
{
	const struct vx_queue_stats *st = tw_stats(&w, VX_TO_GUEST);
	int fd = tw_open(&w, 0, VHOST_XDP_OPEN_READ), old = 0, i;
	uint64_t dropped = st->drops[VX_REASON_NO_BACKEND];
	pthread_t t[3];

	expect_about("one reader after another");
	if (!expect_true(fd >= 0, "a data fd to read from"))
		return;
	for (i = 0; i < 4 * ROUNDS && fd >= 0; i++) {
		const uint8_t mark = (uint8_t)(i + 1);

		for (int k = 0; k < 5; k++)
			tw_wire_sends(&w, 100, mark);
		usleep(30000);
		next = -1;
		stop = 0;
		for (int k = 0; k < 3; k++)
			pthread_create(&t[k], NULL, take_over, NULL);
		usleep(2000);
		close(fd);
		for (int k = 0; k < 2000 && next < 0; k++)
			usleep(1000);
		stop = 1;
		for (int k = 0; k < 3; k++)
			pthread_join(t[k], NULL);
		fd = next;
		old += stale(fd, mark);
	}
	close(fd);
	expect_true(i == 4 * ROUNDS && !old, "none of %d reads what came for another (%d frames)", i, old);
	expect_true(tw_soon(dropped + 5ull * i, &st->drops[VX_REASON_NO_BACKEND]), "what nobody read is counted");
}

/* --- two ports, one netdev -------------------------------------------------------------------------------------------- */

static void twin(const char *what, const char *host, const char *guest)
{
	struct vhost_xdp_port_info info = { .name = "twin" };
	struct kport p = { 0 };

	kport_sockets(&p, "twin", host, guest, 1, ENTRIES);
	expect_errno(kport_attach(w.control, &p, w.pass), EBUSY, EBUSY, "%s", what);
	kport_forget(&p);
	expect_true(!ioctl(w.control, VHOST_XDP_PORT_GET, &info) && !info.host_ifindex && !info.guest_ifindex && !info.netns &&
		    info.state == VHOST_XDP_PORT_NEW_STATE && strstr(info.error, w.name), "... and nothing has changed: \"%s\"", info.error);
	expect_errno(ERR(kport_open(w.control, "twin", 0, 0)), ENOTCONN, ENOTCONN, "... it was never attached");
	usleep(100000);
}

static void twins(void)
{
	expect_about("two ports that are to have one netdev");
	expect_errno(kport_new(w.control, "twin", 1, TW_MTU), 0, 0, "PORT_NEW");
	twin("one host end for both", w.name, other_g);
	twin("one's host end as the other's guest end", other, w.name);
	twin("one's guest end as the other's host end", w.guest, other_g);
	expect_errno(kport_del(w.control, "twin"), 0, 0, "PORT_DEL");
}

/* --- an attach that waits ---------------------------------------------------------------------------------------------- */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static pid_t link_del(const char *name)
{
	pid_t pid = fork();

	if (!pid) {
		execlp("ip", "ip", "link", "del", name, (char *)NULL);
		_exit(9);
	}
	return pid;
}

static struct kport waiting;
static struct latepage late;

static void *attach(void *err)
{
	*(int *)err = kport_attach(w.control, &waiting, w.pass);
	return NULL;
}

/* What the ioctl is to read does not come: nobody else shall wait for that. */
static void waits(const char *what, bool sockets)
{
	double began;
	int status, err = -1;
	pthread_t t;
	pid_t pid;

	expect_about("PORT_ATTACH, while %s are withheld", what);
	memset(&waiting, 0, sizeof(waiting));
	kport_sockets(&waiting, "waiting", other, other_g, 1, ENTRIES);
	if (!latepage_new(&late) || kport_new(w.control, "waiting", 1, TW_MTU)) {
		expect_true(false, "what it takes");
		return;
	}
	if (sockets)
		waiting.attach.sockets = (uintptr_t)late.page;
	else
		waiting.attach.keep = (uintptr_t)late.page;
	pthread_create(&t, NULL, attach, &err);
	usleep(300000);
	expect_true(err == -1, "it waits");
	began = now();
	pid = link_del(other);
	while (waitpid(pid, &status, WNOHANG) != pid && now() - began < 5)
		usleep(20000);
	expect_true(now() - began < 5, "%s is deleted meanwhile (%.1f s)", other, now() - began);
	latepage_comes(&late);
	pthread_join(t, NULL);
	expect_errno(err, ANY_ERROR, 0, "the page came");
	expect_errno(kport_del(w.control, "waiting"), 0, 0, "PORT_DEL");
	kport_forget(&waiting);
}

static void others(const char *name)
{
	other = name;
	snprintf(other_g, sizeof(other_g), "%.13s-g", other);
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: vxkern_beside NAME OTHER THIRD\n");
		return 2;
	}
	others(argv[2]);
	tw_new(&w, argv[1]);
	listed();
	if (tw_attach(&w))
		return 2;
	readers();
	twins();
	waits("the fds to keep", false);
	others(argv[3]);
	waits("its sockets", true);
	tw_del(&w);
	return expect_done("vxkern_beside");
}
