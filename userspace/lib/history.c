// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where operations come from, and the history of objects. */
#include <errno.h>
#include <stdlib.h>

#include "calls.h"

int64_t refheap_site(struct refheap *session, const char *where)
{
	return rh_number(session, rh_call_data(REFHEAP_OP_SITE, where,
					       strlen(where)));
}

uint32_t refheap_set_site(struct refheap *session, uint32_t site)
{
	atomic_store(&session->site_is_given, site != 0);
	return atomic_exchange(&session->site, site);
}

/* Lines are known by where their text is: comparing that costs nothing. */
static struct rh_place *known_place(const struct rh_places *places,
				    const char *where)
{
	for (size_t i = 0; i < places->count; i++)
		if (places->place[i].where == where)
			return &places->place[i];
	return NULL;
}

static int learn_place(struct rh_places *places, const char *where,
		       const void *here, uint32_t site)
{
	struct rh_place *grown;
	size_t room = places->room ? places->room * 2 : 8;

	if (places->count == places->room) {
		grown = realloc(places->place, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		places->place = grown;
		places->room = room;
	}
	places->place[places->count++] =
		(struct rh_place){ .where = where, .site = site, .here = here };
	return 0;
}

static int64_t place_site(struct refheap *session, const char *where,
			  const void *here)
{
	struct rh_place *known = known_place(&session->places, where);
	int64_t site;
	int err;

	if (known) {
		known->here = here;
		return known->site;
	}
	site = refheap_site(session, where);
	if (site < 0)
		return site;
	err = learn_place(&session->places, where, here, (uint32_t)site);
	return err ? err : site;
}

int refheap_here(struct refheap *session, const char *where)
{
	int64_t site;

	pthread_mutex_lock(&session->places.lock);
	site = place_site(session, where, __builtin_return_address(0));
	pthread_mutex_unlock(&session->places.lock);
	if (site < 0)
		return (int)site;
	atomic_store(&session->site_is_given, false);
	atomic_store(&session->site, (uint32_t)site);
	return 0;
}

int refheap_set_history(struct refheap *session, refheap_id id, uint32_t keep)
{
	return rh_do(session, rh_call_index(REFHEAP_OP_HISTORY, id, keep, 0));
}

int refheap_type_history(struct refheap *session, uint32_t type, uint32_t keep)
{
	const struct rh_call call = {
		.op = {
			.code = REFHEAP_OP_TYPE_HISTORY,
			.arg = type,
			.b = keep,
		},
	};

	return rh_do(session, call);
}

int refheap_history(struct refheap *session, refheap_id id,
		    struct refheap_change *changes, size_t count,
		    uint64_t *total)
{
	const struct rh_call call = rh_call_history(id);
	struct refheap_change all[REFHEAP_HISTORY_MAX];
	struct refheap_result result;
	size_t kept;
	int err;

	err = rh_run(session, &call, all, &result);
	if (err)
		return err;
	kept = result.info;
	if (count > kept)
		count = kept;
	memcpy(changes, &all[kept - count], count * sizeof(*changes));
	if (total)
		*total = result.value;
	return (int)count;
}
