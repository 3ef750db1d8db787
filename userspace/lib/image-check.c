// SPDX-License-Identifier: LGPL-2.1-or-later
/* Whether the types and the objects of a file can be those of a heap. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"

#define TYPE_FLAGS	(REFHEAP_TYPE_DICT | REFHEAP_TYPE_FINALIZER | REFHEAP_TYPE_LEGACY)
#define INHERITED_FLAGS	(REFHEAP_TYPE_FINALIZER | REFHEAP_TYPE_LEGACY)
#define INFO_FLAGS	((REFHEAP_INFO_CALLBACK << 1) - 1)

/* Length of the UTF-8 sequence that begins here, or 0: RFC 3629, section 4. */
static size_t utf8_sequence(const unsigned char *text, size_t length)
{
	unsigned char first = text[0], low = 0x80, high = 0xbf;
	size_t n;

	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	n = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (first == 0xe0)
		low = 0xa0;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;
	if (n > length || text[1] < low || text[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

bool rh_utf8_valid(const char *text, size_t length)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t n;

	for (; length; length -= n, at += n) {
		n = utf8_sequence(at, length);
		if (!n)
			return false;
	}
	return true;
}

/* What is left of the types. */
struct cursor {
	const char *at;
	size_t left;
};

static const char *cursor_take(struct cursor *cursor, size_t length)
{
	const char *at = cursor->at;

	if (cursor->left < length)
		return NULL;
	cursor->at += length;
	cursor->left -= length;
	return at;
}

/* A name of @length bytes, which is copied to @name. */
static bool take_name(struct cursor *cursor, size_t length, char *name)
{
	const char *at = cursor_take(cursor, length);

	if (!at || !length || length >= REFHEAP_NAME_MAX || memchr(at, 0, length) ||
	    !rh_utf8_valid(at, length))
		return false;
	memcpy(name, at, length);
	name[length] = '\0';
	return true;
}

static bool has_slot(const struct rh_image_type_info *type, const char *name)
{
	for (size_t i = 0; i < type->slot_count; i++) {
		if (!strcmp(type->slots[i], name))
			return true;
	}
	return false;
}

static int add_slot(struct rh_image_type_info *type, const char *name)
{
	type->slots[type->slot_count] = strdup(name);
	if (!type->slots[type->slot_count])
		return -ENOMEM;
	type->slot_count++;
	return 0;
}

static int read_slots(struct rh_image_type_info *type, struct cursor *cursor,
		      uint32_t count, const struct rh_image_fault *fault)
{
	char name[REFHEAP_NAME_MAX];
	uint16_t length;
	const char *at;
	int err = 0;

	for (uint32_t i = 0; !err && i < count; i++) {
		at = cursor_take(cursor, sizeof(length));
		if (at) {
			memcpy(&length, at, sizeof(length));
			length = le16toh(length);
		}
		if (!at || !take_name(cursor, length, name) || has_slot(type, name))
			return rh_image_bad(fault, "type %s has a bad slot", type->name);
		err = add_slot(type, name);
	}
	return err;
}

static bool head_is_good(const struct refheap_image *image,
			 const struct rh_image_type *head)
{
	const struct rh_image_type_info *base;
	size_t slots = le16toh(head->nslots);
	uint32_t flags = le32toh(head->flags), number = le32toh(head->base);

	if (head->reserved || (flags & ~TYPE_FLAGS) || number > image->types)
		return false;
	base = &image->type[number];
	if (number && (base->flags & ~flags & (REFHEAP_TYPE_DICT | INHERITED_FLAGS)))
		return false;
	return base->slot_count + slots <= RH_IMAGE_SLOTS_MAX;
}

static bool name_is_free(const struct refheap_image *image, const char *name)
{
	for (uint32_t i = 1; i < image->types; i++) {
		if (!strcmp(image->type[i].name, name))
			return false;
	}
	return true;
}

static int read_type(struct refheap_image *image, struct cursor *cursor,
		     const struct rh_image_fault *fault)
{
	const char *at = cursor_take(cursor, sizeof(struct rh_image_type));
	const struct rh_image_type_info *base;
	struct rh_image_type_info *type;
	struct rh_image_type head;

	if (at)
		memcpy(&head, at, sizeof(head));
	if (!at || !head_is_good(image, &head))
		return rh_image_bad(fault, "type %u is none", image->types + 1);
	type = &image->type[++image->types];
	type->base = le32toh(head.base);
	type->flags = le32toh(head.flags);
	if (!take_name(cursor, le16toh(head.name_len), type->name) ||
	    !name_is_free(image, type->name))
		return rh_image_bad(fault, "type %u has a bad name", image->types);
	base = &image->type[type->base];
	/* Inherited names are the base's own: a small file can have very many. */
	type->slot_count = base->slot_count;
	type->own = type->slot_count;
	type->slots = base->slots;
	if (!head.nslots)
		return 0;
	type->slots = calloc(base->slot_count + le16toh(head.nslots), sizeof(*type->slots));
	if (!type->slots)
		return -ENOMEM;
	if (base->slot_count)
		memcpy(type->slots, base->slots, base->slot_count * sizeof(*type->slots));
	return read_slots(type, cursor, le16toh(head.nslots), fault);
}

static bool only_zeroes(const char *at, size_t length)
{
	while (length && !*at)
		at++, length--;
	return !length;
}

int rh_image_check_types(struct refheap_image *image, const char *data,
			 size_t length, const struct rh_image_fault *fault)
{
	struct cursor cursor = { data, length };
	uint32_t count = image->head->types;
	int err = 0;

	/* The place of type 0 is a base without anything. */
	image->type = calloc((size_t)count + 1, sizeof(*image->type));
	if (!image->type)
		return -ENOMEM;
	for (uint32_t i = 0; !err && i < count; i++)
		err = read_type(image, &cursor, fault);
	if (!err && (cursor.left > 7 || !only_zeroes(cursor.at, cursor.left)))
		err = rh_image_bad(fault, "something follows the types");
	return err;
}

static bool scalar_is_good(const struct refheap_image *image, uint32_t object)
{
	uint64_t value;

	if (image->record[object].n != sizeof(value))
		return false;
	memcpy(&value, rh_image_payload(image, object), sizeof(value));
	return image->record[object].kind != REFHEAP_KIND_BOOL ||
	       le64toh(value) <= 1;
}

static bool leaf_is_good(const struct refheap_image *image, uint32_t object)
{
	const struct rh_image_record *record = &image->record[object];
	const char *payload = rh_image_payload(image, object);

	if (!only_zeroes(payload + record->n, rh_padded(record->n) - record->n))
		return false;
	switch (record->kind) {
	case REFHEAP_KIND_NONE:
		return !record->n;
	case REFHEAP_KIND_BOOL:
	case REFHEAP_KIND_INT:
	case REFHEAP_KIND_FLOAT:
		return scalar_is_good(image, object);
	case REFHEAP_KIND_STR:
		return rh_utf8_valid(payload, record->n);
	default:
		return true;
	}
}

/* Whether that can be weakly referenced. */
static bool may_be_referent(unsigned int kind)
{
	return kind == REFHEAP_KIND_BYTEARRAY || kind > REFHEAP_KIND_TUPLE;
}

static unsigned int kind_of(const struct refheap_image *image, uint32_t edge)
{
	return edge ? image->record[edge - 1].kind : 0;
}

static bool entry_is_good(const struct refheap_image *image, unsigned int kind,
			  const uint32_t *edge)
{
	switch (kind) {
	case REFHEAP_KIND_SET:
		return true;
	case REFHEAP_KIND_WEAK_SET:
		return !*edge || kind_of(image, *edge) == REFHEAP_KIND_WEAKREF;
	default:
		break;
	}
	if (!edge[0] != !edge[1])
		return false;
	if (!edge[0])
		return true;
	if (kind == REFHEAP_KIND_INSTANCE)
		return kind_of(image, edge[0]) == REFHEAP_KIND_STR;
	if (kind == REFHEAP_KIND_WEAK_KEY_DICT)
		return kind_of(image, edge[0]) == REFHEAP_KIND_WEAKREF;
	if (kind == REFHEAP_KIND_WEAK_VALUE_DICT)
		return kind_of(image, edge[1]) == REFHEAP_KIND_WEAKREF;
	return true;
}

static bool entries_are_good(const struct refheap_image *image, uint32_t object)
{
	const struct rh_image_record *record = &image->record[object];
	uint64_t stride = rh_image_stride(image, object);
	const uint32_t *edge = rh_image_edges(image, object);

	if (record->n % stride)
		return false;
	for (uint64_t i = 0; i < record->n; i += stride) {
		if (!entry_is_good(image, record->kind, edge + i))
			return false;
	}
	return true;
}

static bool all_there(const uint32_t *edge, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		if (!edge[i])
			return false;
	}
	return true;
}

static bool container_is_good(const struct refheap_image *image, uint32_t object)
{
	const struct rh_image_record *record = &image->record[object];
	const uint32_t *edge = rh_image_edges(image, object);

	for (uint64_t i = 0; i < record->n; i++) {
		if (edge[i] > image->count)
			return false;
	}
	switch (record->kind) {
	case REFHEAP_KIND_TUPLE:
		return record->n <= REFHEAP_MAX_IDS && all_there(edge, record->n);
	case REFHEAP_KIND_LIST:
		return all_there(edge, record->n);
	case REFHEAP_KIND_WEAKREF:
		return record->n <= 1 &&
		       (!record->n || !*edge || may_be_referent(kind_of(image, *edge)));
	case REFHEAP_KIND_INSTANCE:
		if (!rh_image_has_dict(image, object))
			return record->n == image->type[record->type].slot_count;
		return entries_are_good(image, object);
	default:
		return entries_are_good(image, object);
	}
}

/* What can be said of an object by itself, but for its kind's part of it. */
static bool record_is_good(const struct refheap_image *image, uint32_t object)
{
	const struct rh_image_record *record = &image->record[object];

	if (record->kind < REFHEAP_KIND_NONE || record->kind >= __REFHEAP_KIND_MAX ||
	    record->generation > REFHEAP_GENERATIONS ||
	    (record->flags & ~INFO_FLAGS) || record->sizeof_ > RH_IMAGE_SIZE_MAX)
		return false;
	if ((record->kind == REFHEAP_KIND_INSTANCE) != !!record->type ||
	    record->type > image->types)
		return false;
	if (!object)
		return record->id == REFHEAP_ID_ROOT &&
		       record->kind == REFHEAP_KIND_DICT;
	return REFHEAP_ID_TAG(record->id) &&
	       REFHEAP_ID_SLOT(record->id) > REFHEAP_ID_SLOT(record[-1].id);
}

/* Where the edges and the payload of each object are. */
static int place_objects(struct refheap_image *image,
			 const struct rh_image_fault *fault)
{
	uint64_t edges = 0, payload = 0;

	for (uint32_t i = 0; i < image->count; i++) {
		uint64_t n = image->record[i].n;
		bool leaf = rh_kind_is_leaf(image->record[i].kind);

		if (!record_is_good(image, i))
			return rh_image_bad(fault, "object %u is none", i + 1);
		image->at[i] = leaf ? payload : edges;
		if (n > (leaf ? REFHEAP_MAX_DATA : image->head->edges))
			return rh_image_bad(fault, "object %u is too large", i + 1);
		payload += leaf ? rh_padded(n) : 0;
		edges += leaf ? 0 : n;
		if (payload > image->head->payload_bytes || edges > image->head->edges)
			return rh_image_bad(fault, "object %u is not all there", i + 1);
	}
	if (payload != image->head->payload_bytes || edges != image->head->edges)
		return rh_image_bad(fault, "something is of no object");
	if (image->head->edges % 2 && image->edge[image->head->edges])
		return rh_image_bad(fault, "something follows the edges");
	return 0;
}

int rh_image_check_objects(struct refheap_image *image,
			   const struct rh_image_fault *fault)
{
	int err;

	image->at = malloc(image->count * sizeof(*image->at));
	if (!image->at)
		return -ENOMEM;
	err = place_objects(image, fault);
	for (uint32_t i = 0; !err && i < image->count; i++) {
		if (rh_kind_is_leaf(image->record[i].kind) ?
		    !leaf_is_good(image, i) : !container_is_good(image, i))
			err = rh_image_bad(fault, "object %u, a %s, cannot be", i + 1,
					   refheap_kind_name(image->record[i].kind));
	}
	return err;
}
