/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * antispoof as lines: "ip ADDRESS[/PREFIX]...", "allow RIGHT...", "deny any-ll"; see feature.h.
 */
#ifndef VX_FEATURE_ANTISPOOF_H
#define VX_FEATURE_ANTISPOOF_H

#include "feature.h"

int vx_antispoof_parse(const struct vx_feature_line *lines, int n, struct vx_lines *out, struct vx_feature_error *error);
int vx_antispoof_current(const struct vx_feature_target *target, struct vx_lines *out);
int vx_antispoof_replace(const struct vx_feature_target *target, const struct vx_lines *lines);

#endif
