// SPDX-License-Identifier: LGPL-2.1-or-later
/* Frames: references that end with a scope. */
#include <errno.h>

#include "calls.h"

int refheap_frame_push(struct refheap *session)
{
	return (int)rh_number(session, rh_call_value(REFHEAP_OP_FRAME_PUSH, 0));
}

int refheap_frame_pop(struct refheap *session, int frame)
{
	if (frame < 0)
		return -EINVAL;
	return rh_do(session, rh_call_value(REFHEAP_OP_FRAME_POP,
					    (uint64_t)frame));
}

int refheap_hand_out(struct refheap *session, refheap_id id)
{
	return rh_do(session, rh_call_object(REFHEAP_OP_HAND_OUT, id));
}

int refheap_keep(struct refheap *session, refheap_id id)
{
	return rh_do(session, rh_call_keep(id));
}
