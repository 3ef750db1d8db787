// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Containers: a list, a dict, a set, and how Python would say it.
 */
#include "example.h"

static refheap_id text(struct refheap *session, const char *value)
{
	refheap_id id;

	try(refheap_new_str(session, value, &id));
	return id;
}

static void print(struct refheap *session, const char *before, refheap_id id)
{
	char *data;

	try(refheap_get_data(session, id, &data, NULL));
	printf("%s%s\n", before, data);
	free(data);
}

static void lists(struct refheap *session)
{
	refheap_id list, item;

	try(refheap_new_list(session, NULL, 0, &list));	/* l = [] */
	try(refheap_append(session, list, text(session, "b")));
	try(refheap_insert(session, list, 0, text(session, "a")));
	try(refheap_append(session, list, text(session, "c")));
	try(refheap_pop(session, list, -1, &item));	/* l.pop() */
	print(session, "popped ", item);
	try(refheap_get_index(session, list, -1, &item)); /* l[-1] */
	print(session, "last is ", item);
	printf("l[5]: %s\n",
	       refheap_strerror(refheap_get_index(session, list, 5, &item)));
}

static void dicts(struct refheap *session)
{
	struct refheap_entry entry;
	uint64_t cursor = 0;
	refheap_id dict;

	try(refheap_new_dict(session, NULL, 0, &dict));	/* d = {} */
	try(refheap_set_key_str(session, dict, "one", text(session, "eins")));
	try(refheap_set_key_str(session, dict, "two", text(session, "zwei")));
	while (try(refheap_next(session, dict, &cursor, &entry))) {
		print(session, "key ", entry.key);
		print(session, "  value ", entry.value);
		try(refheap_drop_entry(session, &entry));
	}
}

static void sets(struct refheap *session)
{
	refheap_id set;

	try(refheap_new_set(session, NULL, 0, &set));	/* s = set() */
	printf("new: %d\n", (int)try(refheap_add_str(session, set, "x")));
	printf("new: %d\n", (int)try(refheap_add_str(session, set, "x")));
	printf("in it: %d\n",
	       (int)try(refheap_contains_str(session, set, "x")));
}

int main(void)
{
	refheap_auto_close struct refheap *session = NULL;

	try(refheap_open(NULL, 0, &session));
	lists(session);
	dicts(session);
	sets(session);
	return 0;
}
