// SPDX-License-Identifier: GPL-2.0
/*
 * The engine as a shared library, for oracle.py.
 */
#include <stdlib.h>
#include <string.h>
#include <linux/errno.h>
#include "oracle.h"

/* What oracle_legacy() has noted. */
size_t oracle_legacy_run[ORACLE_LEGACY];
u32 oracle_nlegacy;

struct rig *oracle_new(void)
{
	struct rig *rig = malloc(sizeof(*rig));

	if (rig && rig_init(rig, NULL)) {
		free(rig);
		return NULL;
	}
	return rig;
}

void oracle_free(struct rig *rig)
{
	if (rig_exit(rig))
		abort();
	free(rig);
}

int oracle_op(struct rig *rig, u32 code, u32 flags, u32 arg, u64 a, u64 b, u64 c,
	      const void *data, u32 len, u64 *value)
{
	struct refheap_op op = {
		.code = code, .flags = flags, .arg = arg, .a = a, .b = b, .c = c, .data_len = len,
	};
	struct refheap_result result;

	op.data_off = rig_data(rig, data, len);
	result = rig_op(rig, op);
	*value = result.value;
	return result.error;
}

s64 oracle_type(struct rig *rig, const char *name, u32 flags, const char *const *slots,
		u32 nslots)
{
	return rig_type(rig, name, flags, 0, slots, nslots);
}

/* Dead ones have a count of 0. */
void oracle_objects(struct rig *rig, const u64 *ids, u32 n, struct oracle_object *objects)
{
	u32 i;

	for (i = 0; i < n; i++) {
		struct refheap_info info = rig_info(rig, ids[i]);

		objects[i] = (struct oracle_object){
			info.id ? info.refcount : 0, info.generation, info.flags, info.weakrefs,
			info.value,
		};
	}
}

void oracle_gc(struct rig *rig, u64 *values)
{
	struct rh_gc_stat stat;
	u32 i;

	rh_gc_stat(rig->heap, &stat);
	for (i = 0; i < RH_GENERATIONS; i++) {
		*values++ = stat.generation[i].count;
		*values++ = stat.generation[i].collections;
		*values++ = stat.generation[i].collected;
		*values++ = stat.generation[i].uncollectable;
	}
	*values++ = stat.long_lived_pending;
	*values++ = stat.long_lived_total;
	*values++ = stat.frozen;
	*values++ = stat.garbage;
}

void oracle_set_gc(struct rig *rig, u32 enabled, u32 debug, const u32 *thresholds)
{
	u32 i;

	rh_gc_enable(rig->heap, enabled);
	if (rh_gc_set_debug(rig->heap, debug))
		abort();
	for (i = 0; i < RH_GENERATIONS; i++)
		rh_gc_set_threshold(rig->heap, i, thresholds[i]);
}

void oracle_work(struct rig *rig)
{
	rig_work(rig);
}

int oracle_event(struct rig *rig, u64 *values)
{
	struct refheap_event event = { 0 };
	int got = rh_holder_next_event(rig->heap, rig->holder[rig->current_holder], &event);

	values[0] = event.type;
	values[1] = event.value;
	values[2] = event.object;
	values[3] = event.referent;
	return got;
}

static int drop(struct rig *rig, u64 id)
{
	return id ? rig_op(rig, (struct refheap_op){ .code = REFHEAP_OP_DROP, .a = id }).error : 0;
}

int oracle_weakrefs(struct rig *rig, u64 id, u64 *ids, u32 max)
{
	struct refheap_result result = rig_op(rig, (struct refheap_op){
		.code = REFHEAP_OP_WEAKREFS, .a = id, .arg = max });
	u32 n = result.info, i;

	if (result.error)
		return result.error;
	if (result.value != n)
		return -EBADMSG;
	memcpy(ids, rig->out + result.out_off, n * sizeof(*ids));
	for (i = 0; i < n; i++)
		if (drop(rig, ids[i]))
			return -EBADMSG;
	return n;
}

int oracle_entries(struct rig *rig, u64 id, u64 *ids, u32 max)
{
	struct refheap_op op = { .code = REFHEAP_OP_NEXT, .a = id, .arg = 64 };
	const struct refheap_entry *entries;
	struct refheap_result result;
	u32 n = 0, i;

	do {
		result = rig_op(rig, op);
		if (result.error)
			return result.error;
		if (n + result.info > max)
			return -ENOSPC;
		entries = (const struct refheap_entry *)(rig->out + result.out_off);
		for (i = 0; i < result.info; i++, n++) {
			ids[2 * n] = entries[i].key;
			ids[2 * n + 1] = entries[i].value;
		}
		op.b = result.value;
	} while (op.b);
	for (i = 0; i < 2 * n; i++)
		if (drop(rig, ids[i]))
			return -EBADMSG;
	return n;
}

void oracle_legacy(void *object)
{
	if (oracle_nlegacy == ORACLE_LEGACY)
		abort();
	oracle_legacy_run[oracle_nlegacy++] = (size_t)object;
}

long oracle_verify(struct rig *rig)
{
	return rig_verify(rig);
}

const char *oracle_fault(struct rig *rig)
{
	return rig->fault;
}
