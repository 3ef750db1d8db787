/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /dev/refheap.
 */
#ifndef REFHEAP_CHARDEV_H
#define REFHEAP_CHARDEV_H

int refheap_chardev_init(void);
void refheap_chardev_exit(void);

#endif
