// SPDX-License-Identifier: LGPL-2.1-or-later
/* Finding objects of a saved heap: by id, by name, by key. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"

int rh_image_find(const struct refheap_image *image, refheap_id id, uint32_t *object)
{
	uint32_t low = 0, high = image->count, slot = REFHEAP_ID_SLOT(id);

	/* The objects are in the order of their slots. */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (REFHEAP_ID_SLOT(image->record[middle].id) < slot)
			low = middle + 1;
		else
			high = middle;
	}
	if (!slot || (low == image->count))
		return -ENOENT;
	if (image->record[low].id != id)
		return -ESTALE;
	*object = low;
	return 0;
}

uint64_t rh_image_scalar(const struct refheap_image *image, uint32_t object)
{
	uint64_t value;

	memcpy(&value, rh_image_payload(image, object), sizeof(value));
	return le64toh(value);
}

bool rh_image_is_number(const struct refheap_image *image, uint32_t object)
{
	return image->record[object].kind >= REFHEAP_KIND_BOOL &&
	       image->record[object].kind <= REFHEAP_KIND_FLOAT;
}

bool rh_image_as_integer(const struct refheap_image *image, uint32_t object,
			 uint64_t *value)
{
	double number;

	*value = rh_image_scalar(image, object);
	if (image->record[object].kind != REFHEAP_KIND_FLOAT)
		return true;
	memcpy(&number, value, sizeof(number));
	if (!(number >= -0x1p63 && number < 0x1p63) ||
	    number != (double)(int64_t)number)
		return false;
	*value = (uint64_t)(int64_t)number;
	return true;
}

static bool is_nan(const struct refheap_image *image, uint32_t object)
{
	return image->record[object].kind == REFHEAP_KIND_FLOAT &&
	       rh_image_scalar(image, object) << 1 > 0xffe0000000000000ULL;
}

bool rh_image_equal_leaves(const struct refheap_image *image, uint32_t a, uint32_t b)
{
	const struct rh_image_record *one = &image->record[a], *other = &image->record[b];
	uint64_t x, y;

	if (rh_image_is_number(image, a) && rh_image_is_number(image, b))
		return !is_nan(image, a) &&
		       rh_image_as_integer(image, a, &x) ==
		       rh_image_as_integer(image, b, &y) && x == y;
	if (one->kind != other->kind || !rh_kind_is_leaf(one->kind))
		return false;
	return one->n == other->n && !memcmp(rh_image_payload(image, a),
					     rh_image_payload(image, b), one->n);
}

static bool equal(const struct refheap_image *image, uint32_t a, uint32_t b,
		  unsigned int levels)
{
	const uint32_t *x, *y;

	if (a == b)
		return true;
	if (image->record[a].kind != REFHEAP_KIND_TUPLE ||
	    image->record[b].kind != REFHEAP_KIND_TUPLE)
		return rh_image_equal_leaves(image, a, b);
	if (!levels || image->record[a].n != image->record[b].n)
		return false;
	x = rh_image_edges(image, a);
	y = rh_image_edges(image, b);
	for (uint64_t i = 0; i < image->record[a].n; i++) {
		if (!equal(image, x[i] - 1, y[i] - 1, levels - 1))
			return false;
	}
	return true;
}

static bool matches(const struct refheap_image *image, uint32_t object,
		    const struct rh_image_key *key)
{
	const struct rh_image_record *record = &image->record[object];
	uint64_t value;

	switch (key->by) {
	case RH_KEY_TEXT:
		return record->kind == REFHEAP_KIND_STR && record->n == key->length &&
		       !memcmp(rh_image_payload(image, object), key->text, key->length);
	case RH_KEY_INTEGER:
		return rh_image_is_number(image, object) &&
		       rh_image_as_integer(image, object, &value) &&
		       value == key->integer;
	default:
		/* No key has more levels than that. */
		return equal(image, object, key->object, RH_KEY_LEVELS);
	}
}

uint32_t rh_image_referent(const struct refheap_image *image, uint32_t cell)
{
	if (!cell || image->record[cell - 1].kind != REFHEAP_KIND_WEAKREF)
		return cell;
	return image->record[cell - 1].n ? *rh_image_edges(image, cell - 1) : 0;
}

/* Weak containers hold weak references for what they are said to hold. */
static bool is_weak(unsigned int kind, bool value)
{
	return value ? kind == REFHEAP_KIND_WEAK_VALUE_DICT :
		       kind == REFHEAP_KIND_WEAK_KEY_DICT || kind == REFHEAP_KIND_WEAK_SET;
}

bool rh_image_entry(const struct refheap_image *image, uint32_t object, uint64_t place,
		    uint32_t *key, uint32_t *value)
{
	uint64_t stride = rh_image_stride(image, object);
	const uint32_t *cell = rh_image_edges(image, object) + place * stride;
	unsigned int kind = image->record[object].kind;

	*key = is_weak(kind, false) ? rh_image_referent(image, cell[0]) : cell[0];
	*value = 0;
	if (stride == 1)
		return *key;
	*value = is_weak(kind, true) ? rh_image_referent(image, cell[1]) : cell[1];
	return *key && *value;
}

bool rh_image_lookup(const struct refheap_image *image, uint32_t object,
		     const struct rh_image_key *key, uint32_t *value)
{
	uint64_t places = image->record[object].n / rh_image_stride(image, object);
	uint32_t found;

	for (uint64_t i = 0; i < places; i++) {
		if (rh_image_entry(image, object, i, &found, value) &&
		    matches(image, found - 1, key))
			return true;
	}
	return false;
}

static int by_text(const void *a, const void *b)
{
	const struct rh_image_name *one = a, *other = b;

	return strcmp(one->text, other->text);
}

static void collect_names(struct refheap_image *image)
{
	uint32_t n = 0;

	for (uint32_t i = 1; i <= image->types; i++) {
		for (size_t j = image->type[i].own; j < image->type[i].slot_count; j++)
			image->name[image->names++].text = image->type[i].slots[j];
	}
	if (image->names)
		qsort(image->name, image->names, sizeof(*image->name), by_text);
	for (uint32_t i = 0; i < image->names; i++) {
		if (!n || strcmp(image->name[n - 1].text, image->name[i].text))
			image->name[n++] = image->name[i];
	}
	image->names = n;
}

static struct rh_image_name *find_name(const struct refheap_image *image, const char *text)
{
	const struct rh_image_name key = { .text = text };

	return image->names ? bsearch(&key, image->name, image->names,
				      sizeof(*image->name), by_text) : NULL;
}

/* A str that is the name of a slot; there is one of each at most. */
static void learn_name(struct refheap_image *image, uint32_t object)
{
	const struct rh_image_record *record = &image->record[object];
	char text[REFHEAP_NAME_MAX];
	struct rh_image_name *name;

	if (!record->n || record->n >= sizeof(text))
		return;
	memcpy(text, rh_image_payload(image, object), record->n);
	text[record->n] = '\0';
	name = strlen(text) == record->n ? find_name(image, text) : NULL;
	if (name && !name->number)
		name->number = object + 1;
}

uint32_t rh_image_slot_name(const struct refheap_image *image, uint32_t type, size_t slot)
{
	const struct rh_image_name *name = find_name(image, image->type[type].slots[slot]);

	return name ? name->number : 0;
}

static void sum_up(struct refheap_image *image, const struct rh_image_record *record)
{
	struct rh_image_sum *sum = record->type ? &image->type[record->type].sum :
						  &image->kind[record->kind];

	sum->objects++;
	sum->bytes += record->sizeof_;
}

int rh_image_index(struct refheap_image *image)
{
	size_t names = 0;

	for (uint32_t i = 1; i <= image->types; i++)
		names += image->type[i].slot_count - image->type[i].own;
	image->name = calloc(names + 1, sizeof(*image->name));
	image->weakrefs = calloc(image->count, sizeof(*image->weakrefs));
	if (!image->name || !image->weakrefs)
		return -ENOMEM;
	collect_names(image);
	for (uint32_t i = 0; i < image->count; i++) {
		unsigned int kind = image->record[i].kind;

		sum_up(image, &image->record[i]);
		if (kind == REFHEAP_KIND_STR && image->names)
			learn_name(image, i);
		if (kind == REFHEAP_KIND_WEAKREF && rh_image_referent(image, i + 1))
			image->weakrefs[rh_image_referent(image, i + 1) - 1]++;
	}
	return 0;
}
