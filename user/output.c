// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "output.h"
#include "say.h"

bool vx_json;
int vx_exit_status;

int vx_output_failed(void)
{
	int err = errno;

	return err == EPIPE ? -ECANCELED : vx_fail(-err, "cannot write to standard output: %s", strerror(err));
}

int vx_print_json(json_t *document)
{
	int err = 0;

	if (!document)
		return vx_fail(-ENOMEM, "out of memory");
	if (json_dumpf(document, stdout, JSON_INDENT(2) | JSON_SORT_KEYS) || puts("") < 0)
		err = vx_fail(-EIO, "cannot write to standard output");
	json_decref(document);
	return err;
}
