/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Payload in the memory of processes.
 */
#ifndef REFHEAP_MAPPING_H
#define REFHEAP_MAPPING_H

#include <linux/mm.h>
#include "heap.h"

struct file *refheap_mapping_file(struct refheap *heap);
int refheap_map(struct refheap *heap, struct vm_area_struct *vma,
		struct file *file, bool rdonly);
void refheap_unmap_slot(struct refheap *heap, u32 slot);
void refheap_unmap_all(struct refheap *heap);

/* For an entry of a page table: memory of the engine. */
static inline unsigned long refheap_pfn(const void *address)
{
	return is_vmalloc_addr(address) ? vmalloc_to_pfn(address) :
					  page_to_pfn(virt_to_page(address));
}

#endif
