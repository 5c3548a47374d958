/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included before everything else (Kbuild). The module is written for the newest kernel; here older ones are taught its
 * interfaces, and nowhere else. By feature where a macro tells, else by version.
 */
#ifndef VX_COMPAT_H
#define VX_COMPAT_H

#ifndef pr_fmt
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#endif

#include <linux/version.h>
#include <linux/eventfd.h>
#include <linux/module.h>
#include <linux/timer.h>
#include "compat_vhost.h"
#include "mm.h"
#include "net.h"

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define timer_delete_sync(timer) del_timer_sync(timer)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define eventfd_signal(ctx) eventfd_signal(ctx, 1)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#undef MODULE_IMPORT_NS
#define MODULE_IMPORT_NS(ns) MODULE_INFO(import_ns, ns)
#endif

#ifndef timer_container_of	/* 6.16 */
#define timer_container_of(var, callback_timer, timer_fieldname) from_timer(var, callback_timer, timer_fieldname)
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define timer_destroy_on_stack(timer) destroy_timer_on_stack(timer)
#endif

#endif
