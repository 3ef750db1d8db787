/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the heaps do when memory is short.
 */
#ifndef REFHEAP_SHRINKER_H
#define REFHEAP_SHRINKER_H

int refheap_shrinker_init(void);
void refheap_shrinker_exit(void);

#endif
