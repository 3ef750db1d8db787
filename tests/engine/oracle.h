/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What oracle.py calls.
 */
#ifndef TESTS_ENGINE_ORACLE_H
#define TESTS_ENGINE_ORACLE_H

#include "rig.h"

struct oracle_object {
	u32 refcount, generation, flags, weakrefs;
	u64 value;
};

#define ORACLE_LEGACY	4096	/* legacy finalizers of one operation at most */

struct rig *oracle_new(void);
void oracle_free(struct rig *rig);
int oracle_op(struct rig *rig, u32 code, u32 flags, u32 arg, u64 a, u64 b, u64 c,
	      const void *data, u32 len, u64 *value);
s64 oracle_type(struct rig *rig, const char *name, u32 flags, const char *const *slots,
		u32 nslots);
void oracle_objects(struct rig *rig, const u64 *ids, u32 n, struct oracle_object *objects);
void oracle_gc(struct rig *rig, u64 *values);
void oracle_set_gc(struct rig *rig, u32 enabled, u32 debug, const u32 *thresholds);
void oracle_work(struct rig *rig);
/* Return: 1 with type, value, object and referent of the next event; 0; an errno. */
int oracle_event(struct rig *rig, u64 *values);
/* Return: how many weak references there are to @id, or an errno. */
int oracle_weakrefs(struct rig *rig, u64 id, u64 *ids, u32 max);
/*
 * Keys and values of a container, one after the other, 0 for none.
 * Return: how many entries there are, or an errno.
 */
int oracle_entries(struct rig *rig, u64 id, u64 *ids, u32 max);
/* A tp_del: notes which object it is called for. */
void oracle_legacy(void *object);
long oracle_verify(struct rig *rig);
const char *oracle_fault(struct rig *rig);

#endif
