// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The history of an object: which of the references taken was never dropped,
 * and where in the program that was.
 */
#include "example.h"

static void use(struct refheap *session, refheap_id id)
{
	try(REFHEAP_HERE(session));
	try(refheap_take(session, id));
	try(refheap_drop(session, id));
}

static void leak(struct refheap *session, refheap_id id)
{
	try(REFHEAP_HERE(session));
	try(refheap_take(session, id));
}

static void print_change(struct refheap *session,
			 const struct refheap_change *change)
{
	char *where = NULL;

	if (change->site)
		try(refheap_get_data(session, change->site, &where, NULL));
	printf("%s to %u at %s\n",
	       change->what == REFHEAP_CHANGE_TAKE ? "take" : "drop",
	       change->refcount, where ? where : "?");
	free(where);
}

int main(void)
{
	refheap_auto_close struct refheap *session = NULL;
	refheap_auto_ctl struct refheap_ctl *ctl = NULL;
	struct refheap_change changes[REFHEAP_HISTORY_MAX];
	refheap_id list;
	uint64_t total;
	int64_t count;

	try(refheap_open("example.history", REFHEAP_ATTACH_CREATE, &session));
	try(refheap_ctl_open(&ctl));
	try(refheap_new_list(session, NULL, 0, &list));
	try(refheap_set_history(session, list, 16));
	use(session, list);
	leak(session, list);
	use(session, list);
	refheap_set_site(session, 0);

	count = try(refheap_history(session, list, changes, REFHEAP_HISTORY_MAX,
				    &total));
	printf("%" PRIu64 " changes:\n", total);
	for (int64_t i = 0; i < count; i++)
		print_change(session, &changes[i]);
	try(refheap_heap_remove(ctl, refheap_heap(session)));
	return 0;
}
