// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "feature.h"
#include "feature_antispoof.h"

/* In the order in which files have them; sets before what may name them. */
const struct vx_feature vx_features[] = {
	{
		.name = "antispoof",
		.scope = VX_SCOPE_PORT,
		.policy = "antispoof",
		.parse = vx_antispoof_parse,
		.current = vx_antispoof_current,
		.replace = vx_antispoof_replace,
	},
};

const int vx_features_n = sizeof(vx_features) / sizeof(vx_features[0]);

_Static_assert(sizeof(vx_features) / sizeof(vx_features[0]) <= VX_FEATURES_MAX, "more features than ports have room for");

int vx_feature_find(const char *name)
{
	int i;

	for (i = 0; i < vx_features_n; i++)
		if (!strcmp(vx_features[i].name, name))
			return i;
	return -ENOENT;
}
