// SPDX-License-Identifier: GPL-2.0
#include "rig.h"
#include "tests/shim/memory.h"
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/string.h>

void rig_params(struct rh_params *params)
{
	rh_params_init(params);
	params->arena_bytes = 64 * 1024;
	params->hash_key[0] = 0x0706050403020100ULL;
	params->hash_key[1] = 0x0f0e0d0c0b0a0908ULL;
}

int rig_init(struct rig *rig, const struct rh_params *params)
{
	struct rh_params usual;
	u32 i;

	memset(rig, 0, sizeof(*rig));
	shim_host_init(&rig->host);
	if (!params) {
		rig_params(&usual);
		params = &usual;
	}
	rig->heap = rh_heap_new(&shim_host_ops, &rig->host, params);
	if (IS_ERR(rig->heap))
		return PTR_ERR(rig->heap);
	for (i = 0; i < RIG_HOLDERS; i++) {
		rig->holder[i] = rh_holder_new(rig->heap, i + 1, rig);
		if (IS_ERR(rig->holder[i])) {
			int err = PTR_ERR(rig->holder[i]);

			rig->holder[i] = NULL;
			rig_exit(rig);
			return err;
		}
	}
	return 0;
}

static void release(struct rig *rig, struct rh_holder *holder)
{
	while (rh_holder_release_step(rig->heap, holder) == RH_MORE)
		;
	rig_work(rig);
	rh_holder_free(rig->heap, holder);
}

int rig_exit(struct rig *rig)
{
	u32 i;

	if (IS_ERR_OR_NULL(rig->heap))
		return 0;
	shim_host_fail(&rig->host, 0, false);
	for (i = 0; i < RIG_HOLDERS; i++)
		if (rig->holder[i])
			release(rig, rig->holder[i]);
	while (rh_heap_destroy_step(rig->heap) == RH_MORE)
		;
	rig->heap = NULL;
	return rig->host.count || rig->host.bytes ? -ENOTRECOVERABLE : 0;
}

long rig_verify(struct rig *rig)
{
	rig->fault[0] = 0;
	return rh_verify(rig->heap, rig->fault, sizeof(rig->fault));
}

u32 rig_batch(struct rig *rig, const struct refheap_op *ops, struct refheap_result *results,
	      u32 count, u32 flags)
{
	struct rh_batch batch = {
		.heap = rig->heap,
		.holder = rig->holder[rig->current_holder],
		.rdonly = rig->rdonly,
		.ops = ops,
		.results = results,
		.in = rig->in,
		.out = rig->out,
		.count = count,
		.in_len = rig->in_len,
		.out_len = sizeof(rig->out),
		.flags = flags,
	};

	while (rh_batch_step(&batch) == RH_MORE)
		;
	rig->in_len = 0;
	rig->out_used = batch.out_used;
	return batch.done;
}

struct refheap_result rig_op(struct rig *rig, struct refheap_op op)
{
	struct refheap_result result = { .error = -ENODATA };

	rig_batch(rig, &op, &result, 1, 0);
	return result;
}

u32 rig_data(struct rig *rig, const void *data, u32 len)
{
	u32 offset = ALIGN(rig->in_len, 8);

	if (WARN_ON(len > sizeof(rig->in) - offset))
		return 0;
	memcpy(rig->in + offset, data, len);
	rig->in_len = offset + len;
	return offset;
}

struct refheap_result rig_with_ids(struct rig *rig, struct refheap_op op, const u64 *ids, u32 n)
{
	op.data_len = n * sizeof(*ids);
	op.data_off = rig_data(rig, ids, op.data_len);
	return rig_op(rig, op);
}

struct refheap_result rig_ids(struct rig *rig, u16 code, const u64 *ids, u32 n)
{
	return rig_with_ids(rig, (struct refheap_op){ .code = code }, ids, n);
}

struct refheap_result rig_string(struct rig *rig, u16 code, u64 a, u64 c, const char *string)
{
	struct refheap_op op = { .code = code, .a = a, .c = c, .data_len = strlen(string) };

	op.data_off = rig_data(rig, string, op.data_len);
	switch (code) {
	case REFHEAP_OP_GET_KEY:
	case REFHEAP_OP_SET_KEY:
	case REFHEAP_OP_DEL_KEY:
	case REFHEAP_OP_POP_KEY:
	case REFHEAP_OP_CONTAINS:
	case REFHEAP_OP_ADD:
	case REFHEAP_OP_DISCARD:
		op.flags = REFHEAP_OPF_KEY_STR;
	}
	return rig_op(rig, op);
}

void rig_work(struct rig *rig)
{
	while (rh_work_pending(rig->heap))
		if (rh_work_step(rig->heap) == RH_DONE)
			break;
}

s64 rig_collect(struct rig *rig, u32 generation)
{
	struct refheap_result result =
		rig_op(rig, (struct refheap_op){ .code = REFHEAP_OP_COLLECT, .arg = generation });

	return result.error ? result.error : (s64)result.value;
}

s64 rig_type(struct rig *rig, const char *name, u32 flags, u32 base,
	     const char *const *slots, u16 nslots)
{
	struct refheap_type_new head = {
		.flags = flags,
		.base = base,
		.name_len = strlen(name),
		.nslots = nslots,
	};
	struct refheap_op op = { .code = REFHEAP_OP_TYPE_NEW };
	struct refheap_result result;
	u32 i;

	op.data_off = rig_data(rig, &head, sizeof(head));
	/* What follows is not aligned, so it cannot go through rig_data(). */
	memcpy(rig->in + rig->in_len, name, head.name_len);
	rig->in_len += head.name_len;
	for (i = 0; i < nslots; i++) {
		u16 len = strlen(slots[i]);

		memcpy(rig->in + rig->in_len, &len, sizeof(len));
		memcpy(rig->in + rig->in_len + sizeof(len), slots[i], len);
		rig->in_len += sizeof(len) + len;
	}
	op.data_len = rig->in_len - op.data_off;
	result = rig_op(rig, op);
	return result.error ? result.error : (s64)result.value;
}

int rig_new_holder(struct rig *rig)
{
	struct rh_holder *holder = rh_holder_new(rig->heap, rig->current_holder + 1, rig);

	if (IS_ERR(holder))
		return PTR_ERR(holder);
	release(rig, rig->holder[rig->current_holder]);
	rig->holder[rig->current_holder] = holder;
	return 0;
}

struct refheap_info rig_info(struct rig *rig, u64 id)
{
	struct rh_object object;

	memset(&object, 0, sizeof(object));
	if (rh_object_get(rig->heap, id, &object))
		object.info.id = 0;
	return object.info;
}

u64 rig_objects(struct rig *rig)
{
	struct rh_heap_stat stat;

	rh_heap_stat(rig->heap, &stat);
	return stat.objects;
}

/* The next of a walk. Return: false at its end. */
static bool next_object(struct rig *rig, struct rh_scan *scan, struct rh_object *object)
{
	enum rh_progress progress;
	u32 n;

	do {
		progress = rh_scan_step(rig->heap, scan, object, 1, &n);
	} while (progress == RH_MORE && !n);
	return n;
}

struct referrers {
	struct rh_scan all, told, referents;
	struct rh_object object, referrer, referent;
};

static u32 edges_to(struct rig *rig, struct referrers *them, u64 id)
{
	u32 n = 0;

	memset(&them->referents, 0, sizeof(them->referents));
	them->referents.filters = RH_SCAN_REFERENTS;
	them->referents.subject = them->object.info.id;
	while (next_object(rig, &them->referents, &them->referent))
		n += them->referent.info.id == id;
	return n;
}

/* Both walks go from slot to slot. */
static bool same_referrers(struct rig *rig, struct referrers *them, u64 id,
			   enum rh_near_stage stage)
{
	u32 edges;

	memset(&them->all, 0, sizeof(them->all));
	memset(&them->told, 0, sizeof(them->told));
	them->told.filters = RH_SCAN_REFERRERS;
	them->told.subject = id;
	them->told.near.stage = stage;
	while (next_object(rig, &them->all, &them->object)) {
		edges = edges_to(rig, them, id);
		if (!edges)
			continue;
		if (!next_object(rig, &them->told, &them->referrer) ||
		    them->referrer.info.id != them->object.info.id ||
		    them->referrer.edges != edges)
			return false;
	}
	return !next_object(rig, &them->told, &them->referrer);
}

bool rig_knows_referrers(struct rig *rig, u64 id)
{
	struct referrers *them = shim_alloc(sizeof(*them));
	bool same;

	if (!them)
		return false;
	same = same_referrers(rig, them, id, RH_NEAR_BEGIN) &&
	       same_referrers(rig, them, id, RH_NEAR_ALL);
	shim_free(them);
	return same;
}
