/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Liveness words in the memory of processes.
 */
#ifndef REFHEAP_LIVENESS_H
#define REFHEAP_LIVENESS_H

#include <linux/mm_types.h>
#include "heap.h"

bool refheap_is_liveness(const struct vm_area_struct *vma);
int refheap_map_liveness(struct refheap *heap, struct vm_area_struct *vma,
			 struct file *file);

#endif
