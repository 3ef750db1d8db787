// SPDX-License-Identifier: GPL-2.0
/*
 * refheap_kunit.ko: the suites of tests/engine/ with an engine of their own.
 * They run when it is loaded.
 */
#include <linux/module.h>

MODULE_DESCRIPTION("Tests of the refheap engine");
MODULE_LICENSE("GPL");
