// SPDX-License-Identifier: GPL-2.0
#include "host.h"
#include "memory.h"
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/string.h>

/* Beside the memory and not in front of it, where ASan would not watch it. */
struct shim_block {
	struct shim_block *next;
	void *mem;
	size_t bytes;
	bool pages;
	const void *owner;
};

static struct shim_block **bucket_of(struct shim_host *host, const void *mem)
{
	return &host->blocks[hash_64((unsigned long)mem >> 4, 8)];
}

static void *give(struct shim_host *host, const void *owner, size_t bytes, bool pages)
{
	struct shim_block **bucket, *block;
	void *mem;

	if (WARN_ON(!bytes || (pages && !PAGE_ALIGNED(bytes))))
		return ERR_PTR(-EINVAL);
	host->asked++;
	if (host->fail_at && (host->asked == host->fail_at ||
			      (host->fail_after && host->asked > host->fail_at))) {
		host->failed++;
		return ERR_PTR(-ENOMEM);
	}
	if (host->max_bytes && host->bytes + bytes > host->max_bytes) {
		host->failed++;
		return ERR_PTR(-EDQUOT);
	}
	mem = pages ? shim_alloc_pages(bytes) : shim_alloc(bytes);
	block = shim_alloc(sizeof(*block));
	if (!mem || !block) {
		shim_free(mem);
		shim_free(block);
		return ERR_PTR(-ENOMEM);
	}
	bucket = bucket_of(host, mem);
	*block = (struct shim_block){ *bucket, mem, bytes, pages, owner };
	*bucket = block;
	host->count++;
	host->bytes += bytes;
	return mem;
}

static void take_back(struct shim_host *host, const void *owner, void *mem, size_t bytes,
		      bool pages)
{
	struct shim_block **at, *block;

	if (!mem)
		return;
	for (at = bucket_of(host, mem); *at; at = &(*at)->next)
		if ((*at)->mem == mem)
			break;
	block = *at;
	/* It stays, and is found missing at the end. */
	if (WARN_ON(!block || block->bytes != bytes || block->pages != pages ||
		    block->owner != owner))
		return;
	*at = block->next;
	host->count--;
	host->bytes -= bytes;
	shim_free(mem);
	shim_free(block);
}

static void *host_alloc(void *ctx, void *owner, size_t bytes)
{
	return give(ctx, owner, bytes, false);
}

static void host_free(void *ctx, void *owner, void *mem, size_t bytes)
{
	take_back(ctx, owner, mem, bytes, false);
}

static void *host_alloc_pages(void *ctx, size_t bytes)
{
	return give(ctx, NULL, bytes, true);
}

static void host_free_pages(void *ctx, void *mem, size_t bytes)
{
	take_back(ctx, NULL, mem, bytes, true);
}

static u64 host_now(void *ctx)
{
	struct shim_host *host = ctx;

	return host->tick ? host->time += host->tick : shim_now();
}

static u64 host_coarse(void *ctx)
{
	return host_now(ctx);
}

static void host_unmap(void *ctx, u32 slot)
{
	struct shim_host *host = ctx;

	host->unmaps[host->unmap_count++ % SHIM_UNMAPS] = slot;
}

static void host_relax(void *ctx)
{
}

static void host_notify(void *ctx, const struct rh_notice *notice)
{
	struct shim_host *host = ctx;

	host->notices[host->notice_count++ % SHIM_NOTICES] = *notice;
}

static void host_wake(void *ctx, void *owner)
{
	struct shim_host *host = ctx;

	host->wake_count++;
	host->woken = owner;
}

/* A test has its heap for itself. */
static void host_assert_locked(void *ctx)
{
	(void)ctx;
}

const struct rh_host shim_host_ops = {
	.alloc = host_alloc,
	.free = host_free,
	.alloc_pages = host_alloc_pages,
	.free_pages = host_free_pages,
	.now = host_now,
	.unmap = host_unmap,
	.relax = host_relax,
	.coarse = host_coarse,
	.notify = host_notify,
	.wake = host_wake,
	.assert_locked = host_assert_locked,
};

void shim_host_init(struct shim_host *host)
{
	memset(host, 0, sizeof(*host));
}

void shim_host_fail(struct shim_host *host, u64 n, bool after)
{
	host->fail_at = n ? host->asked + n : 0;
	host->fail_after = after;
	host->failed = 0;
}
