// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "pins.h"
#include "policy_version.h"
#include "say.h"
#include "words.h"

int vx_usage_error;

int vx_usage(const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	vx_usage_error = 1;
	return vx_fail(-EINVAL, "%s", text);
}

static int take(const struct vx_arg *arg, const char *value)
{
	int err;

	if (arg->text) {
		if (*arg->text)
			return vx_usage("'%s' is given twice", arg->name);
		*arg->text = value;
		return 0;
	}
	err = vx_parse_u32(value, arg->min, arg->max, arg->number);
	if (err == -ERANGE)
		return vx_usage("%s %s is out of range; use %u to %u", arg->name, value, arg->min, arg->max);
	return err ? vx_usage("%s '%s' is not a number; use %u to %u", arg->name, value, arg->min, arg->max) : 0;
}

int vx_args(const struct vx_arg *table, int argc, char **argv)
{
	int i, n, err;

	for (i = 0; i < argc; i++) {
		n = vx_word_find(table, sizeof(*table), argv[i]);
		if (n == -EEXIST)
			return vx_usage("'%s' is ambiguous; write more of it", argv[i]);
		if (n < 0)
			return vx_usage("'%s' is not known here; see 'vhost-xdp help'", argv[i]);
		if (table[n].flag) {
			*table[n].flag = table[n].name;
			continue;
		}
		if (++i == argc)
			return vx_usage("'%s' needs a value", table[n].name);
		err = take(&table[n], argv[i]);
		if (err)
			return err;
	}
	return 0;
}

int vx_verbs(const char *object, const struct vx_verb *table, const char *def, int argc, char **argv)
{
	const char *word = argc ? argv[0] : def;
	int n = word ? vx_word_find(table, sizeof(*table), word) : -ENOENT;

	if (n == -EEXIST)
		return vx_usage("'%s %s' is ambiguous; see 'vhost-xdp help %s'", object, word, object);
	if (n < 0 && !word)
		return vx_usage("'%s' needs a command; see 'vhost-xdp help %s'", object, object);
	if (n < 0)
		return vx_usage("there is no command '%s %s'; see 'vhost-xdp help %s'", object, word, object);
	return table[n].run(argc ? argc - 1 : 0, argc ? argv + 1 : argv);
}

int vx_locked(int (*fn)(void *arg), void *arg)
{
	int err;

	err = vx_pins_lock();
	if (err)
		return err;
	err = vx_pins_ensure();
	if (!err) {
		vx_version_settle();
		err = fn(arg);
		if (err)
			vx_pins_abandon();
	}
	vx_pins_unlock();
	return err;
}
