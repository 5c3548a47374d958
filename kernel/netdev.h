/* SPDX-License-Identifier: GPL-2.0-only */
/* What happens to the netdevs of ports. */
#ifndef VX_NETDEV_H
#define VX_NETDEV_H

struct vx_port;
struct work_struct;

int vx_netdev_init(void);
void vx_netdev_exit(void);	/* on return no work of any port runs */

/* Is the guest end's larger than the port's? It says so. Under vx_ports_lock. */
void vx_port_judge_mtu(struct vx_port *port);

void vx_port_down_work(struct work_struct *work);

#endif
