// SPDX-License-Identifier: LGPL-2.1-or-later
/* The collector and the verifier, by session. */
#include "calls.h"

int64_t refheap_collect(struct refheap *session, uint32_t generation,
			uint64_t *uncollectable)
{
	const struct rh_call call = rh_call_collect(generation);
	struct refheap_result result;
	int err = rh_run(session, &call, NULL, &result);

	if (err)
		return err;
	if (uncollectable)
		*uncollectable = result.info;
	return (int64_t)result.value;
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
