/* SPDX-License-Identifier: GPL-2.0-only */
/* Between xsk_take.c and xsk.c. */
#ifndef VX_XSK_TAKE_H
#define VX_XSK_TAKE_H

struct vx_socket;

/* Be woken by the socket; and no more: on return nothing of it runs. Process context. */
void vx_socket_hook(struct vx_socket *s);
void vx_socket_unhook(struct vx_socket *s);

#endif
