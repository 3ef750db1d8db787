// SPDX-License-Identifier: LGPL-2.1-or-later
/* Views: payload mapped into memory. */
#include <errno.h>
#include <sys/mman.h>

#include "calls.h"

/*
 * What the object is, and where it can be mapped, in one call. An empty payload
 * is nowhere, so that the second can fail.
 */
static int locate(struct refheap *session, refheap_id id,
		  struct refheap_info *info, struct refheap_result *where)
{
	struct refheap_op ops[] = {
		rh_call_object(REFHEAP_OP_INFO, id).op,
		rh_call_object(REFHEAP_OP_VIEW, id).op,
	};
	struct refheap_result results[2] = { 0 };
	struct refheap_batch batch = {
		.size = sizeof(batch),
		.flags = REFHEAP_BATCH_CONTINUE,
		.ops = (uintptr_t)ops,
		.results = (uintptr_t)results,
		.out = (uintptr_t)info,
		.count = 2,
		.out_len = sizeof(*info),
	};
	int err;

	err = rh_execute(session, &batch);
	if (err)
		return err;
	if (results[0].error)
		return results[0].error;
	if (!rh_has_payload(info))
		return -EOPNOTSUPP;
	*where = results[1];
	return info->length ? where->error : 0;
}

static int map_payload(struct refheap *session, int prot,
		       const struct refheap_result *where, size_t length,
		       struct refheap_view *view)
{
	size_t map_length = where->info + length;
	void *map;

	map = mmap(NULL, map_length, prot, MAP_SHARED, session->fd,
		   (off_t)where->value);
	if (map == MAP_FAILED)
		return errno == EPERM || errno == EROFS ? -EACCES : -errno;
	*view = (struct refheap_view){
		.data = (char *)map + where->info,
		.length = length,
		.map = map,
		.map_length = map_length,
	};
	return 0;
}

int refheap_view_open(struct refheap *session, refheap_id id, uint32_t flags,
		      struct refheap_view *view)
{
	static char nothing[1];
	struct refheap_result where;
	struct refheap_info info;
	int prot = PROT_READ;
	int err;

	if (flags & ~REFHEAP_VIEW_WRITE)
		return -EINVAL;
	if (session->saved)
		return -EOPNOTSUPP;
	err = locate(session, id, &info, &where);
	if (err)
		return err;
	if (flags & REFHEAP_VIEW_WRITE) {
		if (info.kind != REFHEAP_KIND_BYTEARRAY)
			return -EACCES;
		prot |= PROT_WRITE;
	}
	/* There is no mapping of no bytes. */
	if (!info.length) {
		*view = (struct refheap_view){ .data = nothing };
		return 0;
	}
	return map_payload(session, prot, &where, info.length, view);
}

void refheap_view_close(struct refheap_view *view)
{
	if (view->map)
		munmap(view->map, view->map_length);
	*view = (struct refheap_view){ 0 };
}

/* A bound as Python's slices take it. */
static size_t clamp(int64_t at, size_t length)
{
	if (at < 0)
		at += (int64_t)length;
	if (at < 0)
		return 0;
	return (uint64_t)at > length ? length : (size_t)at;
}

struct refheap_slice refheap_view_slice(const struct refheap_view *view,
					int64_t start, int64_t stop)
{
	size_t first = clamp(start, view->length);
	size_t end = clamp(stop, view->length);

	return (struct refheap_slice){
		.data = (char *)view->data + first,
		.length = end > first ? end - first : 0,
	};
}
