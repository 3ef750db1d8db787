// SPDX-License-Identifier: LGPL-2.1-or-later
/* What netlink lists of a heap, of a saved one. */
#include <errno.h>
#include <string.h>

#include "image-door.h"

/* As the kernel lists them. */
static const char *const kind_names[] = {
	[REFHEAP_KIND_NONE] = "NoneType",
	[REFHEAP_KIND_BOOL] = "bool",
	[REFHEAP_KIND_INT] = "int",
	[REFHEAP_KIND_FLOAT] = "float",
	[REFHEAP_KIND_STR] = "str",
	[REFHEAP_KIND_BYTES] = "bytes",
	[REFHEAP_KIND_BYTEARRAY] = "bytearray",
	[REFHEAP_KIND_TUPLE] = "tuple",
	[REFHEAP_KIND_LIST] = "list",
	[REFHEAP_KIND_DICT] = "dict",
	[REFHEAP_KIND_SET] = "set",
	[REFHEAP_KIND_INSTANCE] = "object",
	[REFHEAP_KIND_WEAKREF] = "ReferenceType",
	[REFHEAP_KIND_WEAK_VALUE_DICT] = "WeakValueDictionary",
	[REFHEAP_KIND_WEAK_KEY_DICT] = "WeakKeyDictionary",
	[REFHEAP_KIND_WEAK_SET] = "WeakSet",
};

static void describe(const struct refheap_image *image, uint32_t object,
		     struct refheap_object_info *info)
{
	const struct rh_image_record *record = &image->record[object];
	uint32_t referent;
	uint64_t scalar;

	*info = (struct refheap_object_info){
		.id = record->id,
		.kind = record->kind,
		.type = record->type,
		.refcount = record->refcount,
		.generation = record->generation,
		.flags = record->flags,
		.sizeof_ = record->sizeof_,
		.length = rh_image_length(image, object),
		.weakrefs = image->weakrefs[object],
	};
	if (record->kind == REFHEAP_KIND_WEAKREF) {
		referent = rh_image_referent(image, object + 1);
		info->referent = referent ? image->record[referent - 1].id : 0;
	}
	if (!rh_kind_is_leaf(record->kind))
		return;
	info->preview_length = record->n < sizeof(info->preview) ? (uint32_t)record->n :
								   sizeof(info->preview);
	if (rh_image_is_number(image, object)) {
		scalar = rh_image_scalar(image, object);
		memcpy(info->preview, &scalar, sizeof(scalar));
	} else {
		memcpy(info->preview, rh_image_payload(image, object), info->preview_length);
	}
}

int rh_saved_object(const struct refheap_image *image, refheap_id id,
		    struct refheap_object_info *info)
{
	uint32_t object;
	int err = rh_image_find(image, id, &object);

	if (!err)
		describe(image, object, info);
	return err;
}

static bool passes(const struct refheap_filter *filter, const struct rh_image_record *record)
{
	bool tracked = record->flags & REFHEAP_INFO_TRACKED;

	if ((filter->tracked || filter->generation >= 0) && !tracked)
		return false;
	if (filter->generation >= 0 && record->generation != filter->generation)
		return false;
	if ((filter->type && record->type != filter->type) ||
	    (filter->kind && record->kind != filter->kind))
		return false;
	return !filter->garbage || (record->flags & REFHEAP_INFO_GARBAGE);
}

/* How many edges lead from one object to another; weak ones are none. */
static uint32_t count_edges(const struct refheap_image *image, uint32_t from, uint32_t to)
{
	const struct rh_image_record *record = &image->record[from];
	const uint32_t *edge = rh_image_edges(image, from);
	uint32_t edges = 0;

	if (rh_kind_is_leaf(record->kind) || record->kind == REFHEAP_KIND_WEAKREF)
		return 0;
	for (uint64_t i = 0; i < record->n; i++)
		edges += edge[i] == to + 1;
	return edges;
}

static int next_of_all(struct rh_saved_list *list, struct refheap_object_info *info)
{
	const struct refheap_image *image = list->image;
	uint32_t subject = 0, edges = 0;
	int err = list->filter.referrers_of ?
		  rh_image_find(image, list->filter.referrers_of, &subject) : 0;

	if (err)
		return err;
	for (; list->next < image->count; list->next++) {
		uint32_t object = (uint32_t)list->next;

		if (!passes(&list->filter, &image->record[object]))
			continue;
		if (list->filter.referrers_of)
			edges = count_edges(image, object, subject);
		if (list->filter.referrers_of && !edges)
			continue;
		describe(image, object, info);
		info->edges = edges;
		list->next++;
		return 1;
	}
	return 0;
}

static int next_referent(struct rh_saved_list *list, struct refheap_object_info *info)
{
	const struct refheap_image *image = list->image;
	const struct rh_image_record *record;
	uint32_t subject, to;
	int err = rh_image_find(image, list->filter.referents_of, &subject);

	if (err)
		return err;
	record = &image->record[subject];
	if (rh_kind_is_leaf(record->kind) || record->kind == REFHEAP_KIND_WEAKREF)
		return 0;
	while (list->next < record->n) {
		to = rh_image_edges(image, subject)[list->next++];
		if (!to || !passes(&list->filter, &image->record[to - 1]))
			continue;
		describe(image, to - 1, info);
		return 1;
	}
	return 0;
}

int rh_saved_next_object(struct rh_saved_list *list, struct refheap_object_info *info)
{
	if (list->filter.referrers_of && list->filter.referents_of)
		return -EINVAL;
	return list->filter.referents_of ? next_referent(list, info) : next_of_all(list, info);
}

/* The kinds come first, then the types. */
int rh_saved_next_type(struct rh_saved_list *list, struct refheap_type_info *info)
{
	const struct refheap_image *image = list->image;
	const uint32_t kinds = __REFHEAP_KIND_MAX - 1;
	const struct rh_image_sum *sum;
	uint64_t place = list->next + 1;

	if (place > kinds + (uint64_t)image->types)
		return 0;
	if (place <= kinds) {
		*info = (struct refheap_type_info){ .kind = (uint32_t)place };
		strcpy(info->name, kind_names[place]);
		sum = &image->kind[place];
	} else {
		refheap_image_type(image, (uint32_t)place - kinds, info);
		sum = &image->type[place - kinds].sum;
	}
	info->objects = sum->objects;
	info->bytes = sum->bytes;
	list->next = place;
	return 1;
}

void rh_saved_heap(const struct refheap_image *image, struct refheap_heap_info *info)
{
	struct refheap_image_info saved;

	refheap_image_info(image, &saved);
	*info = (struct refheap_heap_info){
		.owner = saved.owner,
		.mode = 0400,
		.bytes = saved.bytes,
		.objects = saved.objects,
		.names = rh_image_length(image, 0),
	};
	strcpy(info->name, saved.heap);
}
