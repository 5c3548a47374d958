// SPDX-License-Identifier: GPL-2.0-only
/* What the module holds in all. */
#include "count.h"

atomic64_t vx_counts[VX_COUNTS];
