/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A saved heap in the place of the kernel: what sessions and control handles
 * ask for is answered from a file that was read. Nothing can be changed.
 */
#ifndef LIBREFHEAP_IMAGE_DOOR_H
#define LIBREFHEAP_IMAGE_DOOR_H

#include "image.h"

/* What a session on a saved heap has, in place of a descriptor. */
struct rh_saved {
	const struct refheap_image *image;
	_Atomic uint32_t *held;	/* references of the session, by object */
};

/* As REFHEAP_IOC_BATCH. */
int rh_saved_batch(struct rh_saved *saved, struct refheap_batch *batch);

/* Where a listing is that netlink would give. */
struct rh_saved_list {
	const struct refheap_image *image;
	struct refheap_filter filter;
	uint64_t next;
};

/* As refheap_next_object() and refheap_next_type(). */
int rh_saved_next_object(struct rh_saved_list *list, struct refheap_object_info *info);
int rh_saved_next_type(struct rh_saved_list *list, struct refheap_type_info *info);

/* As refheap_object_get() and refheap_heap_get(). */
int rh_saved_object(const struct refheap_image *image, refheap_id id,
		    struct refheap_object_info *info);
void rh_saved_heap(const struct refheap_image *image, struct refheap_heap_info *info);

#endif
