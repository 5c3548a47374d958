/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest whose rings lie: each function connects anew for each lie, in either direction of the port. */
#ifndef HOSTILE_RINGS_H
#define HOSTILE_RINGS_H

#include "vu.h"

void hostile_split_rings(struct vu *conn, const char *socket);
void hostile_packed_rings(struct vu *conn, const char *socket);
/* The memory of running rings is replaced by other memory. */
void hostile_memory_swap(struct vu *conn, const char *socket);

#endif
