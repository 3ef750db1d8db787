/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The owner of a heap in a test, in userspace and in the kernel: gives memory,
 * refuses it when the test says so, and remembers everything it was told.
 */
#ifndef SHIM_HOST_H
#define SHIM_HOST_H

#include <linux/types.h>
#include "kmod/engine/host.h"

#define SHIM_NOTICES	64
#define SHIM_UNMAPS	64
#define SHIM_BUCKETS	256

struct shim_block;

/**
 * struct shim_host - context of shim_host_ops
 * @blocks: what has been given and not come back, by address
 * @count: how many those are
 * @bytes: how many bytes
 * @asked: allocations asked for so far
 * @fail_at: the allocation that is refused, counted as in @asked from 1; 0 for none
 * @fail_after: refuse all later ones too
 * @failed: how many were refused
 * @max_bytes: refuse what would go over this; 0 for no limit
 * @tick: what the clock gains with each look; 0 for the real clock
 * @time: what the clock shows when it is not the real one
 * @notices: the latest ones, @notice_count modulo their number
 * @notice_count: how many there were
 * @wake_count: how many times a holder was woken
 * @woken: the owner of the last one
 * @unmaps: slots whose mappings had to go, likewise
 * @unmap_count: how many there were
 */
struct shim_host {
	struct shim_block *blocks[SHIM_BUCKETS];
	u64 count;
	u64 bytes;
	u64 asked;
	u64 fail_at;
	bool fail_after;
	u64 failed;
	u64 max_bytes;
	u64 tick;
	u64 time;
	struct rh_notice notices[SHIM_NOTICES];
	u32 notice_count;
	u32 wake_count;
	void *woken;
	u32 unmaps[SHIM_UNMAPS];
	u32 unmap_count;
};

extern const struct rh_host shim_host_ops;

void shim_host_init(struct shim_host *host);

/* Refuses the @n-th allocation from now on, and all after it with @after. */
void shim_host_fail(struct shim_host *host, u64 n, bool after);

#endif
