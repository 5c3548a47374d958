// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A configuration file. What has no error prints as a file that says the same, and the plan from itself to itself is empty;
 * what has errors names places in the file.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_parse.h"
#include "plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct vx_conf_errors errors;

static bool parse(const char *text, size_t len, struct vx_conf *conf)
{
	int i;

	memset(conf, 0, sizeof(*conf));
	memset(&errors, 0, sizeof(errors));
	vx_conf_parse(text, len, conf, &errors);
	/* As if it was read from a host. */
	for (i = 0; i < conf->ports; i++)
		conf->port[i].id = i + 1;
	for (i = 0; i < conf->policies; i++)
		conf->policy[i].slot = conf->policy[i].id;
	return !errors.n;
}

static char *print(const struct vx_conf *conf, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	if (!out)
		abort();
	vx_conf_print(conf, out);
	if (fclose(out))
		abort();
	return text;
}

static void judge_places(const char *text, size_t size)
{
	int i, lines = 1;

	for (; size; text++, size--)
		lines += *text == '\n';
	for (i = 0; i < errors.n; i++) {
		const struct vx_conf_error *e = &errors.at[i];

		if (e->pos.line < 1 || e->pos.line > lines || e->pos.column < 1 || !*e->text)
			abort();
		if (i && (e->pos.line < e[-1].pos.line || (e->pos.line == e[-1].pos.line && e->pos.column < e[-1].pos.column)))
			abort();
	}
}

static void judge_same(struct vx_conf *want, struct vx_conf *have, unsigned int flags)
{
	struct vx_plan plan;

	vx_plan_make(want, have, flags, &plan);
	if (plan.steps || plan.refused.n)
		abort();
	vx_plan_free(&plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vx_conf conf, again, empty = {};
	struct vx_plan plan;
	char *text, *twice;
	size_t len;

	if (!parse((const char *)data, size, &conf)) {
		judge_places((const char *)data, size);
		vx_conf_free(&conf);
		return 0;
	}
	text = print(&conf, &len);
	if (!parse(text, len, &again))
		abort();
	twice = print(&again, &len);
	if (strcmp(text, twice))
		abort();
	judge_same(&again, &conf, 0);
	/* There, and away again. */
	vx_plan_make(&again, &empty, VX_PLAN_PRUNE, &plan);
	if (plan.steps < again.uplinks + again.ports || plan.refused.n)
		abort();
	vx_plan_free(&plan);
	vx_plan_make(&empty, &conf, VX_PLAN_PRUNE, &plan);
	if (plan.steps < conf.uplinks + conf.ports)
		abort();
	vx_plan_free(&plan);
	free(text);
	free(twice);
	vx_conf_free(&conf);
	vx_conf_free(&again);
	return 0;
}
