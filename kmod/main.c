// SPDX-License-Identifier: GPL-2.0
/*
 * refheap: an object heap that the kernel owns and processes share.
 *
 * The order of coming and going: the doors open last and close first.
 */
#include <linux/module.h>
#include "chardev.h"
#include "inode.h"
#include "netlink.h"
#include "registry.h"
#include "shrinker.h"
#include "worker.h"

static int __init refheap_init(void)
{
	int ret;

	ret = refheap_inode_init();
	if (ret)
		return ret;
	ret = refheap_worker_init();
	if (ret)
		goto err_exit_inode;
	ret = refheap_shrinker_init();
	if (ret)
		goto err_exit_worker;
	ret = refheap_netlink_init();
	if (ret)
		goto err_exit_shrinker;
	ret = refheap_chardev_init();
	if (ret)
		goto err_exit_netlink;
	return 0;

err_exit_netlink:
	refheap_netlink_exit();
err_exit_shrinker:
	refheap_shrinker_exit();
err_exit_worker:
	refheap_worker_exit();
err_exit_inode:
	refheap_inode_exit();
	return ret;
}

static void __exit refheap_exit(void)
{
	refheap_chardev_exit();
	refheap_netlink_exit();
	refheap_shrinker_exit();
	refheap_registry_exit();
	refheap_worker_exit();
	refheap_inode_exit();
}

module_init(refheap_init);
module_exit(refheap_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Reference-counted, cycle-collected object heap shared by processes");
