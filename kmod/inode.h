/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inodes without names. Each heap has one, so that its mappings can be found.
 */
#ifndef REFHEAP_INODE_H
#define REFHEAP_INODE_H

#include <linux/fs.h>

struct inode *refheap_inode_new(void);

int refheap_inode_init(void);
void refheap_inode_exit(void);

#endif
