/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A heap with its owner and a few holders, for tests. Runs in userspace and in
 * the kernel, so it reports and never asserts.
 */
#ifndef TESTS_ENGINE_RIG_H
#define TESTS_ENGINE_RIG_H

#include "kmod/engine/engine.h"
#include "tests/shim/host.h"

#define RIG_HOLDERS	3
#define RIG_IN		4096
#define RIG_OUT		4096

struct rig {
	struct shim_host host;
	struct rh_heap *heap;
	struct rh_holder *holder[RIG_HOLDERS];
	u32 current_holder;	/* who executes rig_op() */
	u32 in_len;
	u32 out_used;
	bool rdonly;
	u8 in[RIG_IN];
	u8 out[RIG_OUT] __aligned(8);
	char fault[160];	/* what rh_verify() said */
};

/* Parameters of small heaps: everything is near its limit soon. */
void rig_params(struct rh_params *params);
int rig_init(struct rig *rig, const struct rh_params *params);
/* Return: 0, or a negative errno: -ENOTRECOVERABLE is memory that was not given back. */
int rig_exit(struct rig *rig);

/* Return: faults; the first is in rig->fault. */
long rig_verify(struct rig *rig);

/* Executes one operation, with the input that rig_data() and the like left. */
struct refheap_result rig_op(struct rig *rig, struct refheap_op op);
/* Executes @count operations with the same input. Return: how many were done. */
u32 rig_batch(struct rig *rig, const struct refheap_op *ops, struct refheap_result *results,
	      u32 count, u32 flags);

/* Appends to the input. Return: its offset. */
u32 rig_data(struct rig *rig, const void *data, u32 len);

/* One operation with an array of ids, or with a string, as input. */
struct refheap_result rig_ids(struct rig *rig, u16 code, const u64 *ids, u32 n);
struct refheap_result rig_with_ids(struct rig *rig, struct refheap_op op, const u64 *ids, u32 n);
struct refheap_result rig_string(struct rig *rig, u16 code, u64 a, u64 c, const char *string);

/* Runs what is pending. */
void rig_work(struct rig *rig);
/* Collects. Return: what was collected, or a negative errno. */
s64 rig_collect(struct rig *rig, u32 generation);
/* Makes a type. Return: its number, or a negative errno. */
s64 rig_type(struct rig *rig, const char *name, u32 flags, u32 base,
	     const char *const *slots, u16 nslots);
/* Drops everything that the current holder holds and gives it a new one. */
int rig_new_holder(struct rig *rig);
struct refheap_info rig_info(struct rig *rig, u64 id);
u64 rig_objects(struct rig *rig);
/*
 * Whether walks over the referrers of @id, in a heap that rests and in one that
 * changes, give the same as asking all objects what they refer to.
 */
bool rig_knows_referrers(struct rig *rig, u64 id);

#endif
