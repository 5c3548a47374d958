/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A frame in one line, in tcpdump's manner. Frames are hostile: whatever they hold, the text is printable and bounded. */
#ifndef VX_FRAME_TEXT_H
#define VX_FRAME_TEXT_H

#include <stddef.h>
#include <linux/types.h>

#define VX_FRAME_TEXT	320

/* The first caplen bytes of a frame of len bytes; vlan: TCI of a tag beside it, 0: none. Returns text. */
const char *vx_frame_text(const __u8 *frame, __u32 caplen, __u32 len, __u16 vlan, char text[VX_FRAME_TEXT]);

#endif
