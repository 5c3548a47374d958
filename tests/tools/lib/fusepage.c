// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fusepage.h"

#define PAGE	4096u
#define NAME	"page"
#define FILE_ID	2

struct request {
	struct fuse_in_header head;
	char body[2 * PAGE + 4096];
};

static void reply(const struct fusepage *f, uint64_t unique, int err, const void *body, size_t len)
{
	struct fuse_out_header head = { .len = sizeof(head) + len, .error = -err, .unique = unique };
	const struct iovec iov[2] = { { &head, sizeof(head) }, { (void *)body, len } };

	/* whoever asked may be gone */
	if (writev(f->dev, iov, len ? 2 : 1) < 0 && errno != ENOENT)
		perror("fuse reply");
}

static struct fuse_attr attr_of(uint64_t node)
{
	struct fuse_attr a = { .ino = node, .nlink = 1, .blksize = PAGE };

	a.mode = node == FILE_ID ? S_IFREG | 0600 : S_IFDIR | 0700;
	a.size = node == FILE_ID ? PAGE : 0;
	return a;
}

static void init(const struct fusepage *f, const struct request *r)
{
	struct fuse_init_out out = { .major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = PAGE, .max_background = 1 };

	reply(f, r->head.unique, 0, &out, sizeof(out));
}

static void lookup(const struct fusepage *f, const struct request *r)
{
	struct fuse_entry_out out = { .nodeid = FILE_ID, .attr_valid = 1000, .entry_valid = 1000, .attr = attr_of(FILE_ID) };

	if (strcmp(r->body, NAME))
		reply(f, r->head.unique, ENOENT, NULL, 0);
	else
		reply(f, r->head.unique, 0, &out, sizeof(out));
}

static void getattr(const struct fusepage *f, const struct request *r)
{
	struct fuse_attr_out out = { .attr_valid = 1000, .attr = attr_of(r->head.nodeid) };

	reply(f, r->head.unique, 0, &out, sizeof(out));
}

static void give(const struct fusepage *f, uint64_t unique)
{
	static const char page[PAGE];

	reply(f, unique, 0, page, sizeof(page));
}

static void asked(struct fusepage *f, const struct request *r)
{
	pthread_mutex_lock(&f->lock);
	if (f->comes)
		give(f, r->head.unique);
	else
		f->asked = r->head.unique;
	pthread_mutex_unlock(&f->lock);
}

static void serve(struct fusepage *f, const struct request *r)
{
	static const struct fuse_open_out open_out;

	switch (r->head.opcode) {
	case FUSE_INIT:
		init(f, r);
		break;
	case FUSE_LOOKUP:
		lookup(f, r);
		break;
	case FUSE_GETATTR:
		getattr(f, r);
		break;
	case FUSE_OPEN:
		reply(f, r->head.unique, 0, &open_out, sizeof(open_out));
		break;
	case FUSE_READ:
		asked(f, r);
		break;
	case FUSE_RELEASE:
		reply(f, r->head.unique, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		reply(f, r->head.unique, ENOSYS, NULL, 0);
	}
}

/* Until it is unmounted. */
static void *server(void *arg)
{
	struct fusepage *f = arg;
	struct request r;

	for (;;) {
		ssize_t n = read(f->dev, &r, sizeof(r));

		if (n >= (ssize_t)sizeof(r.head))
			serve(f, &r);
		else if (n >= 0 || (errno != EINTR && errno != ENOENT))
			return NULL;
	}
}

bool fusepage_mount(struct fusepage *f)
{
	char options[80], path[48];

	*f = (struct fusepage){ .lock = PTHREAD_MUTEX_INITIALIZER, .dir = "/tmp/fusepage.XXXXXX" };
	f->dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (f->dev < 0 || !mkdtemp(f->dir))
		return false;
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", f->dev);
	if (mount("fusepage", f->dir, "fuse", MS_NOSUID | MS_NODEV, options) || pthread_create(&f->server, NULL, server, f))
		return false;
	snprintf(path, sizeof(path), "%s/" NAME, f->dir);
	f->file = open(path, O_RDONLY | O_CLOEXEC);
	return f->file >= 0;
}

void fusepage_umount(struct fusepage *f)
{
	close(f->file);
	if (umount(f->dir))
		perror("umount");
	pthread_join(f->server, NULL);
	close(f->dev);
	rmdir(f->dir);
}

bool fusepage_map(const struct fusepage *f, void *at)
{
	return mmap(at, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, f->file, 0) == at;
}

bool fusepage_asked(struct fusepage *f, unsigned int seconds)
{
	bool is;

	for (unsigned int i = 0; i <= seconds * 100; i++) {
		pthread_mutex_lock(&f->lock);
		is = f->asked;
		pthread_mutex_unlock(&f->lock);
		if (is)
			return true;
		usleep(10000);
	}
	return false;
}

void fusepage_comes(struct fusepage *f)
{
	pthread_mutex_lock(&f->lock);
	f->comes = true;
	if (f->asked)
		give(f, f->asked);
	pthread_mutex_unlock(&f->lock);
}
