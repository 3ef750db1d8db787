// SPDX-License-Identifier: GPL-2.0
/*
 * Types live as long as their heap; they are no objects. The names of slots
 * are interned strings, each held by the types that have it, so that an
 * attribute is found by comparing slots.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "intern.h"
#include "finalize.h"
#include "history.h"
#include "holder.h"
#include "table.h"
#include "type.h"

#define TYPE_FLAGS	(REFHEAP_TYPE_DICT | REFHEAP_TYPE_FINALIZER | REFHEAP_TYPE_LEGACY)
#define INHERITED_FLAGS	(REFHEAP_TYPE_FINALIZER | REFHEAP_TYPE_LEGACY)
#define MAX_SLOTS	1024U

static bool valid_name(const u8 *name, u32 len)
{
	return len && len < REFHEAP_NAME_MAX && rh_utf8_valid(name, len) && !memchr(name, 0, len);
}

int rh_type_find(const struct rh_heap *heap, const void *name, u32 len)
{
	const struct rh_types *types = &heap->types;
	u32 i;

	if (len >= REFHEAP_NAME_MAX)
		return -ENOENT;
	for (i = 1; i <= types->n; i++)
		if (!memcmp(types->type[i]->name, name, len) && !types->type[i]->name[len])
			return i;
	return -ENOENT;
}

static int types_grow(struct rh_heap *heap)
{
	struct rh_types *types = &heap->types;
	u32 capacity = types->capacity ? types->capacity * 2 : 16;
	struct rh_type **type;

	if (types->n + 1 < types->capacity)
		return 0;
	if (types->n + 1 >= RH_MAX_TYPES)
		return -EFBIG;
	type = rh_alloc(heap, capacity * sizeof(*type));
	if (IS_ERR(type))
		return PTR_ERR(type);
	if (types->capacity) {
		memcpy(type, types->type, types->capacity * sizeof(*type));
		rh_free(heap, types->type, types->capacity * sizeof(*type));
	}
	types->type = type;
	types->capacity = capacity;
	return 0;
}

static bool type_has_slot(const struct rh_type *type, u32 name)
{
	u32 i;

	for (i = 0; i < type->nslots; i++)
		if (type->slot[i] == name)
			return true;
	return false;
}

static void type_free(struct rh_heap *heap, struct rh_type *type, u32 nslots)
{
	u32 i;

	for (i = 0; i < type->nslots; i++)
		rh_release(heap, type->slot[i]);
	if (type->slot)
		rh_free(heap, type->slot, nslots * sizeof(*type->slot));
	rh_free(heap, type, sizeof(*type));
}

static int add_slot(struct rh_heap *heap, struct rh_type *type, const u8 *name, u32 len)
{
	u32 slot;
	int err;

	if (!valid_name(name, len))
		return -EINVAL;
	err = rh_str(heap, name, len, true, &slot);
	if (err)
		return err;
	if (type_has_slot(type, slot)) {
		rh_release(heap, slot);
		return -EINVAL;
	}
	type->slot[type->nslots++] = slot;
	return 0;
}

/* Reads the slot names behind the name of the type. */
static int add_slots(struct rh_heap *heap, struct rh_type *type, u32 nslots, const u8 *data,
		     u32 len)
{
	u16 name_len;
	int err;

	for (; nslots; nslots--) {
		if (len < sizeof(name_len))
			return -EINVAL;
		memcpy(&name_len, data, sizeof(name_len));
		data += sizeof(name_len);
		len -= sizeof(name_len);
		if (len < name_len)
			return -EINVAL;
		err = add_slot(heap, type, data, name_len);
		if (err)
			return err;
		data += name_len;
		len -= name_len;
	}
	return len ? -EINVAL : 0;
}

static void inherit(struct rh_heap *heap, struct rh_type *type, const struct rh_type *base)
{
	for (; type->nslots < base->nslots; type->nslots++) {
		type->slot[type->nslots] = base->slot[type->nslots];
		rh_take(heap, base->slot[type->nslots]);
	}
}

static bool same_type(const struct rh_type *a, const struct rh_type *b)
{
	return a->base == b->base && a->flags == b->flags && a->nslots == b->nslots &&
	       (!a->nslots || !memcmp(a->slot, b->slot, a->nslots * sizeof(*a->slot)));
}

static int check_header(const struct rh_heap *heap, const struct refheap_type_new *new,
			const u8 *data, u32 len)
{
	const struct rh_type *base;

	if (new->reserved || (new->flags & ~TYPE_FLAGS) || len < new->name_len ||
	    !valid_name(data, new->name_len))
		return -EINVAL;
	if (!new->base)
		return new->nslots > MAX_SLOTS ? -EFBIG : 0;
	if (new->base > heap->types.n)
		return -ENOENT;
	base = heap->types.type[new->base];
	/* Attributes of any name cannot be put into slots afterwards. */
	if ((base->flags & REFHEAP_TYPE_DICT) && !(new->flags & REFHEAP_TYPE_DICT))
		return -EINVAL;
	return base->nslots + new->nslots > MAX_SLOTS ? -EFBIG : 0;
}

int rh_type_new(struct rh_heap *heap, const u8 *data, u32 len)
{
	struct refheap_type_new new;
	struct rh_type *type;
	u32 nslots;
	int err, id;

	if (len < sizeof(new))
		return -EINVAL;
	memcpy(&new, data, sizeof(new));
	data += sizeof(new);
	len -= sizeof(new);
	err = check_header(heap, &new, data, len);
	if (!err)
		err = types_grow(heap);
	if (err)
		return err;
	type = rh_alloc(heap, sizeof(*type));
	if (IS_ERR(type))
		return PTR_ERR(type);
	nslots = new.nslots + (new.base ? heap->types.type[new.base]->nslots : 0);
	if (nslots) {
		type->slot = rh_alloc(heap, nslots * sizeof(*type->slot));
		if (IS_ERR(type->slot)) {
			err = PTR_ERR(type->slot);
			type->slot = NULL;
			goto err_free_type;
		}
	}
	type->base = new.base;
	type->flags = new.flags;
	if (new.base)
		type->flags |= heap->types.type[new.base]->flags & INHERITED_FLAGS;
	memcpy(type->name, data, new.name_len);
	if (new.base)
		inherit(heap, type, heap->types.type[new.base]);
	err = add_slots(heap, type, new.nslots, data + new.name_len, len - new.name_len);
	/* Each name was compared with those before it. */
	rh_slice_book(heap, nslots * type->nslots / 16);
	if (err)
		goto err_free_type;
	id = rh_type_find(heap, type->name, new.name_len);
	if (id < 0) {
		heap->types.type[++heap->types.n] = type;
		heap->legacy_types += !!(type->flags & REFHEAP_TYPE_LEGACY);
		return heap->types.n;
	}
	err = same_type(heap->types.type[id], type) ? id : -EEXIST;

err_free_type:
	type_free(heap, type, nslots);
	return err;
}

int rh_type_slot(const struct rh_heap *heap, u32 id, const void *name, u32 len)
{
	const struct rh_type *type = heap->types.type[id];
	u32 slot = rh_intern_find(heap, name, len), i;

	for (i = 0; slot && i < type->nslots; i++)
		if (type->slot[i] == slot)
			return i;
	return -ENODATA;
}

/*
 * What instances of a type have beside their attributes, for the one about to be
 * born, which takes @bytes itself.
 */
static int prepare_extra(struct rh_heap *heap, struct rh_holder *holder, u32 id, size_t bytes,
			 u32 *extra, struct rh_history **history)
{
	u32 n = heap->types.type[id]->history, slot;
	bool finalizer = rh_type_has_finalizer(heap, id);
	int err = 0;

	*extra = 0;
	*history = NULL;
	if (!n && !finalizer)
		return 0;
	slot = rh_slot_next(heap);
	/* The object with all that it has must not be too much. */
	err = rh_object_may_grow(heap, bytes + rh_block_charge(sizeof(struct rh_extra)) +
				       rh_history_cost(n));
	if (!err)
		err = rh_extra_prepare(heap, slot, extra);
	if (err)
		return err;
	if (n) {
		*history = rh_history_new(heap, n);
		if (IS_ERR(*history)) {
			err = PTR_ERR(*history);
			goto err_cancel_extra;
		}
	}
	if (finalizer)
		err = rh_holder_pin(heap, holder, slot);
	if (!err)
		return 0;
	if (n)
		rh_history_free(heap, *history);
err_cancel_extra:
	rh_extra_cancel(heap, *extra);
	return err;
}

int rh_type_check(const struct rh_heap *heap, u32 id, u32 n)
{
	if (!id || id > heap->types.n)
		return -ENOENT;
	if (n > (rh_type_has_dict(heap, id) ? 0 : heap->types.type[id]->nslots))
		return -EINVAL;
	return 0;
}

int rh_instance_new(struct rh_heap *heap, struct rh_holder *holder, u32 id, u32 *slot)
{
	const struct rh_type *type = heap->types.type[id];
	struct rh_cells *cells;
	size_t bytes;
	struct rh_history *history;
	u32 block, extra, i;
	int err;

	bytes = !rh_type_has_dict(heap, id) && type->nslots ? rh_cells_bytes(type->nslots) : 0;
	err = rh_object_prepare(heap, REFHEAP_KIND_INSTANCE, bytes, &block);
	if (err)
		return err;
	err = prepare_extra(heap, holder, id, RH_OBJECT_BYTES + rh_block_charge(bytes), &extra,
			    &history);
	if (err) {
		rh_block_free(heap, REFHEAP_SPACE_REFS, block, bytes);
		return err;
	}
	if (block) {
		cells = rh_block(heap, REFHEAP_SPACE_REFS, block);
		cells->n = type->nslots;
		cells->capacity = type->nslots;
		/* Mostly a few: calling memset() would take longer. */
		for (i = 0; i < type->nslots; i++)
			cells->cell[i] = 0;
	}
	*slot = rh_object_publish(heap, REFHEAP_KIND_INSTANCE, id, block, 0);
	if (extra)
		rh_extra_attach(heap, *slot, extra);
	if (rh_type_has_finalizer(heap, id))
		rh_finalizer_attach(heap, holder, *slot);
	if (history) {
		rh_history_attach(heap, *slot, history);
		rh_history_add(heap, *slot, REFHEAP_CHANGE_TAKE);
	}
	return 0;
}

static const char *const kind_names[] = {
	[REFHEAP_KIND_NONE] = "NoneType",	[REFHEAP_KIND_BOOL] = "bool",
	[REFHEAP_KIND_INT] = "int",		[REFHEAP_KIND_FLOAT] = "float",
	[REFHEAP_KIND_STR] = "str",		[REFHEAP_KIND_BYTES] = "bytes",
	[REFHEAP_KIND_BYTEARRAY] = "bytearray",	[REFHEAP_KIND_TUPLE] = "tuple",
	[REFHEAP_KIND_LIST] = "list",		[REFHEAP_KIND_DICT] = "dict",
	[REFHEAP_KIND_SET] = "set",		[REFHEAP_KIND_INSTANCE] = "object",
	[REFHEAP_KIND_WEAKREF] = "ReferenceType",
	[REFHEAP_KIND_WEAK_VALUE_DICT] = "WeakValueDictionary",
	[REFHEAP_KIND_WEAK_KEY_DICT] = "WeakKeyDictionary",
	[REFHEAP_KIND_WEAK_SET] = "WeakSet",
};

int rh_type_stat(struct rh_heap *heap, u32 index, struct rh_type_stat *stat)
{
	u32 kinds = __REFHEAP_KIND_MAX - 1;
	const struct rh_type *type;

	*stat = (struct rh_type_stat){ .kind = REFHEAP_KIND_INSTANCE };
	if (index < kinds) {
		stat->kind = index + 1;
		stat->objects = heap->types.objects[stat->kind];
		stat->bytes = heap->types.bytes[stat->kind];
		strscpy(stat->name, kind_names[stat->kind], sizeof(stat->name));
		return 0;
	}
	stat->id = index - kinds + 1;
	if (stat->id > heap->types.n)
		return -ENOENT;
	type = heap->types.type[stat->id];
	stat->base = type->base;
	stat->flags = type->flags;
	stat->nslots = type->nslots;
	stat->objects = type->objects;
	stat->bytes = type->bytes;
	memcpy(stat->name, type->name, sizeof(stat->name));
	return 0;
}

int rh_type_slot_name(struct rh_heap *heap, u32 id, u32 slot, const char **name)
{
	const struct rh_type *type;

	if (!id || id > heap->types.n || slot >= heap->types.type[id]->nslots)
		return -ENOENT;
	type = heap->types.type[id];
	*name = rh_payload(heap, type->slot[slot]);
	return rh_length(heap, type->slot[slot]);
}

void rh_type_exit(struct rh_heap *heap)
{
	u32 i;

	for (i = 1; i <= heap->types.n; i++) {
		struct rh_type *type = heap->types.type[i];

		if (type->slot)
			rh_free(heap, type->slot, type->nslots * sizeof(*type->slot));
		rh_free(heap, type, sizeof(*type));
	}
	if (heap->types.capacity)
		rh_free(heap, heap->types.type, heap->types.capacity * sizeof(*heap->types.type));
}
