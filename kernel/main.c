// SPDX-License-Identifier: GPL-2.0-only
/* The module: its parts, each listed once up and once down. */
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "dev.h"
#include "port.h"
#include "tap.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static int __init vx_init(void)
{
	int err;

	/* The from-guest program runs with softirqs off, on data of this CPU: under PREEMPT_RT that is not enough. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT)) {
		pr_err("kernels with PREEMPT_RT are not supported; use the user engine (vhost-xdp serve)\n");
		return -EOPNOTSUPP;
	}

	err = vx_tap_init();
	if (err)
		return err;
	err = vx_ports_init();
	if (err)
		goto err_tap;
	err = vx_dev_init();
	if (err)
		goto err_ports;
	pr_info("version " VX_VERSION "\n");
	return 0;

err_ports:
	vx_ports_exit();
err_tap:
	vx_tap_exit();
	return err;
}

static void __exit vx_exit(void)
{
	vx_dev_exit();
	vx_ports_exit();
	vx_tap_exit();
}

module_init(vx_init);
module_exit(vx_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("vhost over AF_XDP: a virtual machine's network through XDP");
MODULE_AUTHOR("vhost-xdp authors");
MODULE_VERSION(VX_VERSION);
MODULE_ALIAS_MISCDEV(VX_DEV_MINOR);
MODULE_ALIAS("devname:vhost-xdp");
MODULE_IMPORT_NS("BPF_INTERNAL");	/* bpf_map_get() */
