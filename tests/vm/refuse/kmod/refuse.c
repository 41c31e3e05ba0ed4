// SPDX-License-Identifier: GPL-2.0
/* A module of that name that cannot be loaded. */
#include <linux/module.h>

static int __init refuse_init(void)
{
	return -ENODEV;
}

module_init(refuse_init);
MODULE_DESCRIPTION("A refusal on purpose");
MODULE_LICENSE("GPL");
