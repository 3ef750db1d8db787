// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Objects: values of every kind, counts, and death at zero.
 */
#include "example.h"

static void show(struct refheap *session, const char *what, refheap_id id)
{
	struct refheap_info info;
	char text[REFHEAP_ID_TEXT];

	try(refheap_inspect(session, id, &info));
	printf("%-10s %-8s %s, length %" PRIu64 ", %" PRIu64 " bytes, %u references\n",
	       what, refheap_kind_name(info.kind), refheap_format_id(id, text),
	       (uint64_t)info.length, (uint64_t)info.sizeof_, info.refcount);
}

int main(void)
{
	refheap_auto_close struct refheap *session = NULL;
	refheap_id number, same, list;
	int64_t value;

	try(refheap_open(NULL, 0, &session));

	try(refheap_new_int(session, 42, &number));
	try(refheap_new_int(session, 42, &same));
	printf("two small ints are %s\n",
	       number == same ? "one object" : "two objects");
	try(refheap_get_int(session, number, &value));
	printf("its value is %" PRId64 "\n", value);

	{
		refheap_auto_drop struct refheap_ref text = REFHEAP_REF(session);

		try(refheap_new_str(session, "f\xc3\xbcnf", &text.id));
		show(session, "a str", text.id);
		try(refheap_new_list(session, &text.id, 1, &list));
		show(session, "in a list", text.id);
		/* Leaving the block drops the session's reference to it. */
	}
	show(session, "the list", list);

	try(refheap_drop(session, list));
	printf("after the last reference: %s\n",
	       refheap_strerror((int)refheap_refcount(session, list)));
	return 0;
}
