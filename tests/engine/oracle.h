/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What oracle.py calls.
 */
#ifndef TESTS_ENGINE_ORACLE_H
#define TESTS_ENGINE_ORACLE_H

#include "rig.h"

struct oracle_object {
	u32 refcount, generation, flags, length;
};

struct rig *oracle_new(void);
void oracle_free(struct rig *rig);
int oracle_op(struct rig *rig, u32 code, u32 flags, u32 arg, u64 a, u64 b, u64 c,
	      const void *data, u32 len, u64 *value);
s64 oracle_type(struct rig *rig, const char *name, u32 flags, const char *const *slots,
		u32 nslots);
void oracle_objects(struct rig *rig, const u64 *ids, u32 n, struct oracle_object *objects);
void oracle_gc(struct rig *rig, u64 *values);
void oracle_set_gc(struct rig *rig, u32 enabled, u32 debug, const u32 *thresholds);
long oracle_verify(struct rig *rig);
const char *oracle_fault(struct rig *rig);

#endif
