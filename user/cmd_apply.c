// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apply.h"
#include "args.h"
#include "cmd.h"
#include "conf_parse.h"
#include "conf_read.h"
#include "output.h"
#include "pins.h"
#include "say.h"
#include "uplink.h"

#define VX_CONF_FILE	"/etc/vhost-xdp.conf"

/* What "apply --dry-run" says when something would change. */
enum { EXIT_CHANGES = 3 };

struct request {
	const char *file;	/* as errors name it */
	unsigned int flags;
	bool dry;
	struct vx_conf want;
};

static int read_all(int fd, char *text, size_t room, size_t *len)
{
	ssize_t n;

	for (*len = 0; *len < room; *len += n) {
		do
			n = read(fd, text + *len, room - *len);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return -errno;
		if (!n)
			break;
	}
	return 0;
}

static int tell(const struct vx_conf_errors *errors, const char *file)
{
	int i;

	for (i = 0; i < errors->n; i++) {
		if (errors->at[i].pos.line)
			vx_fail(-EINVAL, "%s:%d:%d: %s", file, errors->at[i].pos.line, errors->at[i].pos.column, errors->at[i].text);
		else
			vx_fail(-EINVAL, "%s: %s", file, errors->at[i].text);
	}
	if (errors->n > 1)
		vx_fail(-EINVAL, "%s: %d errors%s; nothing was changed", file, errors->n + errors->untold,
			errors->untold ? ", of which these are the first" : "");
	return -EINVAL;
}

/* The file as a configuration, or a negative errno after lines that say why not. */
static int load(struct request *req, const char *path)
{
	struct vx_conf_errors *errors = vx_need(1, sizeof(*errors));
	char *text = vx_need(1, VX_CONF_BYTES + 1);
	int fd = 0, err = 0;
	size_t len = 0;

	if (strcmp(path, "-"))
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		err = vx_fail(-errno, "cannot open %s: %s", path, strerror(errno));
	else
		err = read_all(fd, text, VX_CONF_BYTES + 1, &len);
	if (err && fd >= 0)
		vx_fail(err, "cannot read %s: %s", path, strerror(-err));
	if (fd > 0)
		close(fd);
	if (!err) {
		vx_conf_parse(text, len, &req->want, errors);
		if (errors->n)
			err = tell(errors, req->file);
	}
	free(text);
	free(errors);
	return err;
}

static int print(const struct vx_plan *plan)
{
	if (vx_json)
		return vx_print_json(vx_plan_json(plan));
	vx_plan_print(plan, stdout);
	return 0;
}

/* The plan, and what stands against it. */
static int prepare(struct request *req, struct vx_conf *have, struct vx_plan *plan)
{
	struct vx_conf_errors *errors = vx_need(1, sizeof(*errors));
	int err = vx_conf_read(have);

	if (!err) {
		vx_apply_settle(&req->want, have, errors);
		if (errors->n)
			err = tell(errors, req->file);
	}
	if (!err)
		vx_plan_make(&req->want, have, req->flags, plan);
	if (!err && req->dry)
		err = print(plan);
	if (!err && plan->refused.n)
		err = tell(&plan->refused, req->file);
	free(errors);
	return err;
}

static int apply_locked(void *arg)
{
	struct request *req = arg;
	struct vx_conf have = {};
	struct vx_plan plan = {};
	int err;

	vx_uplink_tidy();
	err = prepare(req, &have, &plan);
	if (!err)
		err = vx_apply_run(&have, &plan, req->file);
	if (!err)
		err = print(&plan);
	vx_plan_free(&plan);
	vx_conf_free(&have);
	/* Where nothing is left, nothing stays. */
	return err ? err : vx_pins_abandon();
}

/* Waits for whoever changes something now, but makes nothing. */
static int dry_run(struct request *req)
{
	bool there = vx_pin_exists("%s", "");
	struct vx_conf have = {};
	struct vx_plan plan = {};
	int err = there ? vx_pins_lock() : 0;

	if (err)
		return err;
	err = prepare(req, &have, &plan);
	if (there)
		vx_pins_unlock();
	if (!err && !vx_plan_empty(&plan))
		vx_exit_status = EXIT_CHANGES;
	vx_plan_free(&plan);
	vx_conf_free(&have);
	return err;
}

static int apply(int argc, char **argv)
{
	struct request req = {};
	const char *path = NULL;
	int i, err;

	for (i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "-n") || !strcmp(argv[i], "--dry-run"))
			req.dry = true;
		else if (!strcmp(argv[i], "--prune"))
			req.flags |= VX_PLAN_PRUNE;
		else if (!strcmp(argv[i], "--recreate"))
			req.flags |= VX_PLAN_RECREATE;
		else if (argv[i][0] == '-' && argv[i][1])
			return vx_usage("option '%s' is not known; see 'vhost-xdp help apply'", argv[i]);
		else if (path)
			return vx_usage("'apply' takes one file; see 'vhost-xdp help apply'");
		else
			path = argv[i];
	}
	if (!path)
		path = VX_CONF_FILE;
	req.file = strcmp(path, "-") ? path : "(standard input)";
	err = load(&req, path);
	if (!err)
		err = req.dry ? dry_run(&req) : vx_locked(apply_locked, &req);
	vx_conf_free(&req.want);
	return err;
}

static int show(int argc, char **argv)
{
	struct vx_conf have = {};
	int err;

	if (argc != 1 || strcmp(argv[0], "--conf"))
		return vx_usage("'show' needs --conf: all that is set up, as a file for 'vhost-xdp apply'");
	err = vx_conf_read(&have);
	if (!err)
		vx_conf_print(&have, stdout);
	vx_conf_free(&have);
	return err;
}

const struct vx_cmd vx_cmd_apply = {
	.object = "apply",
	.usage = "apply [-n | --dry-run] [--prune] [--recreate] [FILE | -]\n",
	.help = "Make this host what a file says, all of it or nothing; " VX_CONF_FILE " unless given.",
	.run = apply,
};

const struct vx_cmd vx_cmd_show = {
	.object = "show",
	.usage = "show --conf\n",
	.help = "All that is set up, as a file for 'apply'.",
	.run = show,
};
