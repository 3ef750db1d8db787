// SPDX-License-Identifier: LGPL-2.1-or-later
/* What one object is. */
#include "calls.h"

int refheap_inspect(struct refheap *session, refheap_id id,
		    struct refheap_info *info)
{
	const struct rh_call call = rh_call_inspect(id);
	struct refheap_result result;
	struct refheap_info out;
	int err;

	err = rh_run(session, &call, &out, &result);
	if (!err)
		*info = out;
	return err;
}

int64_t refheap_refcount(struct refheap *session, refheap_id id)
{
	struct refheap_info info;
	int err = refheap_inspect(session, id, &info);

	return err ? err : (int64_t)info.refcount;
}

int64_t refheap_sizeof(struct refheap *session, refheap_id id)
{
	struct refheap_info info;
	int err = refheap_inspect(session, id, &info);

	return err ? err : (int64_t)info.sizeof_;
}

int refheap_is_tracked(struct refheap *session, refheap_id id)
{
	struct refheap_info info;
	int err = refheap_inspect(session, id, &info);

	return err ? err : !!(info.flags & REFHEAP_INFO_TRACKED);
}

int refheap_kind_of(struct refheap *session, refheap_id id)
{
	struct refheap_info info;
	int err = refheap_inspect(session, id, &info);

	return err ? err : info.kind;
}
