// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stddef.h>

#include "say.h"
#include "steps.h"

static volatile sig_atomic_t caught;
static bool ignored;

static void remember(int sig)
{
	caught = sig;
}

void vx_interrupt_guard(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa = { .sa_handler = remember };
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &sa, NULL);
	/* A closed pipe must not end the process between two steps either. */
	signal(SIGPIPE, SIG_IGN);
}

bool vx_interrupted(void)
{
	return caught && !ignored;
}

void vx_interrupt_ignore(void)
{
	ignored = true;
}

int vx_steps_make(const struct vx_step *steps, int n, void *arg)
{
	int err = 0;
	int i;

	for (i = 0; i < n && !err; i++) {
		err = steps[i].make(arg);
		if (!err && vx_interrupted())
			err = vx_fail(-EINTR, "interrupted; everything is undone");
	}
	/* The failed step may have got half-way: undo it, too. */
	if (err)
		vx_steps_undo(steps, i, arg);
	return err;
}

void vx_steps_undo(const struct vx_step *steps, int n, void *arg)
{
	while (n--)
		if (steps[n].undo)
			steps[n].undo(arg);
}
