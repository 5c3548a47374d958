/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a backend costs, in CPU time, and what disturbed the measurement.
 *
 * A backend's cost is the run time of its threads plus that of ksoftirqd on
 * its CPU. Softirqs that run on top of a thread are part of its run time,
 * except on kernels with IRQ_TIME_ACCOUNTING: there the CPU's softirq time is added.
 */
#ifndef VXB_METER_H
#define VXB_METER_H

#include <stdbool.h>
#include <stdint.h>

struct vxb_meter {
	int pid;		/* of the backend; 0: this process */
	int pid2;		/* of a second one, or 0 */
	int cpu;		/* the backend's */
	int ksoftirqd;
	bool irq_time;		/* kernel accounts softirq time apart */
};

struct vxb_sample {
	uint64_t wall;		/* ns */
	uint64_t backend;	/* ns of CPU */
	uint64_t waited;	/* ns that the backend or this process was ready to run and did not */
	uint64_t steal;		/* ns, both CPUs */
};

uint64_t vxb_now(void);		/* ns, monotonic */
int vxb_meter_open(struct vxb_meter *m, int pid, int pid2, int cpu);
void vxb_meter_read(const struct vxb_meter *m, struct vxb_sample *s);

/* Print "seconds=… cpu=… disturbed=…": wall time, backend CPU seconds per second, lost share of the time. */
void vxb_meter_print(const struct vxb_sample *from, const struct vxb_sample *to);
double vxb_meter_cpu(const struct vxb_sample *from, const struct vxb_sample *to);
double vxb_meter_seconds(const struct vxb_sample *from, const struct vxb_sample *to);

int vxb_pin(int cpu);

#endif
