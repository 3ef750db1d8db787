/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The generic netlink family.
 */
#ifndef REFHEAP_NETLINK_H
#define REFHEAP_NETLINK_H

int refheap_netlink_init(void);
void refheap_netlink_exit(void);

#endif
