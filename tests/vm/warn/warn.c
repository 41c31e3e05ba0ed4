// SPDX-License-Identifier: GPL-2.0
/* Makes the kernel report trouble when it is loaded: a warning, or a processor that is stuck. */
#include <linux/bug.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/preempt.h>

static unsigned int stuck;
module_param(stuck, uint, 0);
MODULE_PARM_DESC(stuck, "seconds that a processor spends without scheduling, instead of a warning");

static int __init warn_init(void)
{
	unsigned int passed;

	WARN(!stuck, "warned on purpose\n");
	preempt_disable();
	for (passed = 0; passed < stuck; passed++)
		mdelay(1000);
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
