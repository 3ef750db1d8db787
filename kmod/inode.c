// SPDX-License-Identifier: GPL-2.0
/*
 * A file system that nobody can mount. All files that mappings keep share one
 * inode; for unmap_mapping_range() to reach the mappings of one heap alone, the
 * heap needs an address space of its own, and that an inode.
 */
#include <linux/err.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>
#include "inode.h"

#define REFHEAP_MAGIC	0x72656668	/* "refh" */

static struct vfsmount *mount;

static int init_context(struct fs_context *context)
{
	return init_pseudo(context, REFHEAP_MAGIC) ? 0 : -ENOMEM;
}

/*
 * Without an owner: the mount lives as long as the module does and must not
 * keep it from being unloaded. refheap_inode_exit() waits for its end.
 */
static struct file_system_type fs_type = {
	.name = "refheap",
	.init_fs_context = init_context,
	.kill_sb = kill_anon_super,
};

/**
 * refheap_inode_new - make an inode; iput() gives it back
 *
 * Context: may sleep.
 * Return: the inode or an ERR_PTR.
 */
struct inode *refheap_inode_new(void)
{
	return alloc_anon_inode(mount->mnt_sb);
}

/**
 * refheap_inode_init - make the file system
 *
 * Context: module init.
 * Return: 0 or a negative errno.
 */
int refheap_inode_init(void)
{
	mount = kern_mount(&fs_type);
	return PTR_ERR_OR_ZERO(mount);
}

/**
 * refheap_inode_exit - remove the file system; no inode of it is left
 *
 * Context: module exit.
 */
void refheap_inode_exit(void)
{
	kern_unmount(mount);
}
