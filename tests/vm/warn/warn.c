// SPDX-License-Identifier: GPL-2.0
/* Makes the kernel report trouble when it is loaded: a warning, or a processor that is stuck. */
#include <linux/bug.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/preempt.h>

static unsigned int stuck;
module_param(stuck, uint, 0);
MODULE_PARM_DESC(stuck, "seconds that a processor spends without scheduling, instead of a warning");

static int __init warn_init(void)
{
	ktime_t end = ktime_add_ms(ktime_get(), stuck * MSEC_PER_SEC);

	WARN(!stuck, "warned on purpose\n");
	/* By the clock: where the processor was slow when mdelay() was calibrated, that is short. */
	preempt_disable();
	while (ktime_before(ktime_get(), end))
		cpu_relax();
	preempt_enable();
	return 0;
}

static void __exit warn_exit(void)
{
}

module_init(warn_init);
module_exit(warn_exit);
MODULE_DESCRIPTION("A warning on purpose");
MODULE_LICENSE("GPL");
