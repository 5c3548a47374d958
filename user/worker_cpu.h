/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPU time of what serves a port: the process of the user engine, or the kernel threads of the module. */
#ifndef VX_WORKER_CPU_H
#define VX_WORKER_CPU_H

#include "port.h"

/* Seconds since it began; 0 when nothing serves the port now. page: as vx_port_engine() gave it. */
double vx_port_cpu(const struct vx_port *port, const struct vx_engine_page *page);

/* Of one thread or process, by /proc; 0 when there is none. */
double vx_task_cpu(int pid);

#endif
