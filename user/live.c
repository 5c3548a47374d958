// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "live.h"
#include "pins.h"
#include "say.h"

const char *vx_live_name(const struct vx_arg *table, int *argc, char ***argv)
{
	const char *word = *argc ? **argv : NULL;

	if (!word || *word == '-')
		return NULL;
	for (; table->name; table++)
		if (!strcmp(table->name, word))
			return NULL;
	(*argc)--;
	(*argv)++;
	return word;
}

int vx_live_port(const char *name, struct vx_port *port)
{
	int err = vx_pins_check();

	if (err && err != -ENOENT)
		return err;
	if (name && (err || vx_port_find(name, port)))
		return vx_fail(-ENOENT, "there is no port %s; see 'vhost-xdp port list'", name);
	return err ? vx_fail(err, "nothing is set up here; begin with: vhost-xdp uplink add DEV") : 0;
}
