// SPDX-License-Identifier: LGPL-2.1-or-later
/* The collector and the verifier, by session. */
#include "calls.h"

/* The session that a collection of this thread runs callbacks for. */
static _Thread_local const struct refheap *collecting;

static int collect(struct refheap *session, uint32_t generation,
		   struct refheap_collection *result)
{
	const struct rh_call call = rh_call_collect(generation);
	struct refheap_result got;
	int err = rh_run(session, &call, NULL, &got);

	if (!err)
		*result = (struct refheap_collection){
			.collected = got.value - got.info,
			.uncollectable = got.info,
		};
	return err;
}

int refheap_collect_finish(struct refheap *session,
			   struct refheap_collection *result)
{
	const struct rh_call call =
		rh_call_value(REFHEAP_OP_COLLECT_FINISH, 0);
	struct refheap_result got;
	int err = rh_run(session, &call, NULL, &got);

	if (err)
		return err;
	result->collected = got.value - result->uncollectable;
	result->pending = got.info;
	return 0;
}

/* What is freed then may be due for further callbacks. */
static int run_callbacks(struct refheap *session,
			 struct refheap_collection *result)
{
	const struct refheap *outer = collecting;
	int err = 0;
	int ran;

	collecting = session;
	do {
		ran = refheap_dispatch(session, 0, 0);
		if (ran > 0)
			err = refheap_collect_finish(session, result);
	} while (ran > 0 && !err);
	collecting = outer;
	return ran < 0 ? ran : err;
}

static int collect_and_run(struct refheap *session, uint32_t generation,
			   struct refheap_collection *result)
{
	int err;

	if (collecting == session) {
		*result = (struct refheap_collection){ 0 };
		return 0;
	}
	err = collect(session, generation, result);
	if (err || !rh_has_callbacks(session))
		return err;
	return run_callbacks(session, result);
}

int64_t refheap_collect(struct refheap *session, uint32_t generation,
			uint64_t *uncollectable)
{
	struct refheap_collection result;
	int err = collect_and_run(session, generation, &result);

	if (err)
		return err;
	if (uncollectable)
		*uncollectable = result.uncollectable;
	return (int64_t)(result.collected + result.uncollectable);
}

int refheap_collect_result(struct refheap *session, uint32_t generation,
			   struct refheap_collection *result)
{
	struct refheap_collection got;
	int err = collect_and_run(session, generation, &got);

	if (!err)
		err = refheap_collect_finish(session, &got);
	if (!err)
		*result = got;
	return err;
}

int refheap_freeze(struct refheap *session)
{
	return rh_do(session, rh_call_value(REFHEAP_OP_FREEZE, 0));
}

int refheap_unfreeze(struct refheap *session)
{
	return rh_do(session, rh_call_value(REFHEAP_OP_UNFREEZE, 0));
}

int64_t refheap_clear_garbage(struct refheap *session)
{
	return rh_number(session, rh_call_value(REFHEAP_OP_GARBAGE_CLEAR, 0));
}

/* The kernel's sentence, cut to what the caller has room for. */
static void copy_text(char *text, size_t size, const char *from, size_t length)
{
	if (!size)
		return;
	if (length >= size)
		length = size - 1;
	memcpy(text, from, length);
	text[length] = '\0';
}

int64_t refheap_verify(struct refheap *session, char *text, size_t size)
{
	struct rh_call call = rh_call_value(REFHEAP_OP_VERIFY, 0);
	struct refheap_result result;
	char out[1024];
	int err;

	call.output = sizeof(out);
	err = rh_run(session, &call, out, &result);
	if (err)
		return err;
	copy_text(text, size, out, strnlen(out, result.out_len));
	return (int64_t)result.value;
}
