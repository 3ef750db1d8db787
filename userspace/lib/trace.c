// SPDX-License-Identifier: LGPL-2.1-or-later
/* Tracing of a heap, switched and read. */
#include <errno.h>
#include <stdlib.h>

#include "calls.h"
#include "snapshot.h"
#include "traceback-read.h"

#define RECORDS 1024	/* read at a time */

static int change(struct refheap *session, uint64_t what)
{
	return (int)rh_number(session, rh_call_value(REFHEAP_OP_TRACE, what));
}

int refheap_trace_start_with(struct refheap *session,
			     const struct refheap_trace_options *options)
{
	static const struct refheap_trace_options none = { .frames = 1 };
	struct rh_call call = rh_call_value(REFHEAP_OP_TRACE,
					    REFHEAP_TRACE_START);

	if (!options)
		options = &none;
	if (memcmp(options->reserved, none.reserved, sizeof(none.reserved)))
		return -EINVAL;
	call.op.b = options->frames;
	call.op.c = options->sample;
	call.op.arg = options->flags;
	return (int)rh_number(session, call);
}

int refheap_trace_start(struct refheap *session)
{
	return refheap_trace_start_with(session, NULL);
}

int refheap_trace_stop(struct refheap *session)
{
	return change(session, REFHEAP_TRACE_STOP);
}

int refheap_trace_clear(struct refheap *session)
{
	return change(session, REFHEAP_TRACE_CLEAR);
}

int refheap_trace_reset_peak(struct refheap *session)
{
	return change(session, REFHEAP_TRACE_RESET_PEAK);
}

int refheap_trace_get(struct refheap *session, struct refheap_traced *traced)
{
	const struct rh_call call = {
		.op = { .code = REFHEAP_OP_TRACE_STAT },
		.output = sizeof(*traced),
	};
	struct refheap_result result;

	return rh_run(session, &call, traced, &result);
}

int refheap_get_traced_memory(struct refheap *session, uint64_t *current,
			      uint64_t *peak)
{
	struct refheap_traced traced;
	int err = refheap_trace_get(session, &traced);

	if (err)
		return err;
	*current = traced.bytes;
	*peak = traced.peak;
	return 0;
}

int refheap_trace_of(struct refheap *session, refheap_id id, refheap_id *site)
{
	const struct rh_call call = rh_call_object(REFHEAP_OP_TRACE_OF, id);
	struct refheap_result result;
	int err = rh_run(session, &call, NULL, &result);

	if (err)
		return err;
	if (!result.info)
		return -ENODATA;
	*site = result.value;
	return 0;
}

static int add_record(struct refheap *session,
		      const struct refheap_trace_site *record,
		      struct refheap_snapshot *snapshot,
		      struct rh_symbols *symbols)
{
	char *where = NULL;
	int err = 0;

	if (record->site)
		err = refheap_get_data(session, record->site, &where, NULL);
	if (!err)
		err = rh_snapshot_add(snapshot, record);
	if (!err)
		err = rh_site_read(where ? where : "<unknown>", symbols,
				   &snapshot->strings, &snapshot->frames);
	if (!err)
		rh_snapshot_added(snapshot);
	free(where);
	return err;
}

static int add_all(struct refheap *session, struct refheap_snapshot *snapshot,
		   struct refheap_trace_site *records,
		   struct rh_symbols *symbols)
{
	struct rh_call call = {
		.op = { .code = REFHEAP_OP_TRACE_READ },
		.output = RECORDS * sizeof(*records),
	};
	struct refheap_result result;
	int err;

	do {
		err = rh_run(session, &call, records, &result);
		for (uint32_t i = 0; !err && i < result.info; i++)
			err = add_record(session, &records[i], snapshot,
					 symbols);
		if (err)
			return err;
		call.op.b = result.value;
	} while (call.op.b);
	return 0;
}

int refheap_snapshot_take(struct refheap *session,
			  struct refheap_snapshot **snapshot)
{
	struct refheap_snapshot *taken = rh_snapshot_new();
	struct rh_symbols symbols = { .files = NULL };
	struct refheap_trace_site *records;
	int err;

	records = malloc(RECORDS * sizeof(*records));
	err = taken && records ? refheap_trace_get(session, &taken->traced) :
				 -ENOMEM;
	if (!err && !taken->traced.on)
		err = -ENODATA;
	if (!err)
		err = add_all(session, taken, records, &symbols);
	rh_symbols_free(&symbols);
	free(records);
	if (err)
		refheap_snapshot_free(taken);
	else
		*snapshot = taken;
	return err;
}
