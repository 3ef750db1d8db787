// SPDX-License-Identifier: GPL-2.0
/*
 * Operations on histories and sites.
 */
#include <linux/errno.h>
#include "execute.h"
#include "history.h"

int rh_op_site(struct rh_op *op)
{
	u32 site;
	int err = rh_site_new(op->heap, op->data, op->len, &site);

	if (!err)
		op->result->value = site;
	return err;
}

int rh_op_history(struct rh_op *op)
{
	if (op->b > REFHEAP_HISTORY_MAX)
		return -EINVAL;
	return rh_history_keep(op->heap, op->object, op->b);
}

int rh_op_type_history(struct rh_op *op)
{
	if (op->b > REFHEAP_HISTORY_MAX)
		return -EINVAL;
	if (!op->arg || op->arg > op->heap->types.n)
		return -ENOENT;
	op->heap->types.type[op->arg]->history = op->b;
	return 0;
}

int rh_op_history_read(struct rh_op *op)
{
	struct refheap_change *out;
	u64 total;
	u32 n = rh_history_read(op->heap, op->object, NULL, &total);

	if (!n)
		return rh_history_kept(op->heap, op->object) ? 0 : -ENODATA;
	out = rh_op_output(op, n * sizeof(*out));
	if (!out)
		return -ENOSPC;
	op->result->info = rh_history_read(op->heap, op->object, out, &op->result->value);
	return 0;
}
