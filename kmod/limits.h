/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What one user may use up, whatever heaps and sessions it is spread over.
 */
#ifndef REFHEAP_LIMITS_H
#define REFHEAP_LIMITS_H

#include <linux/types.h>
#include <linux/uidgid.h>

struct refheap_user;

struct refheap_user *refheap_user_get(kuid_t uid);
void refheap_user_put(struct refheap_user *user);

int refheap_user_charge(struct refheap_user *user, size_t bytes);
void refheap_user_uncharge(struct refheap_user *user, size_t bytes);

int refheap_user_add_heap(struct refheap_user *user);
void refheap_user_remove_heap(struct refheap_user *user);

#endif
