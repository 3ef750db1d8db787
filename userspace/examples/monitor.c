// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The monitor: notices about all heaps. Needs the right to see everything.
 */
#include <errno.h>

#include "example.h"

static const char *describe(uint32_t event)
{
	switch (event) {
	case REFHEAP_NTF_HEAP_NEW:
		return "made";
	case REFHEAP_NTF_HEAP_CHANGED:
		return "changed";
	case REFHEAP_NTF_HEAP_REMOVED:
		return "removed";
	case REFHEAP_NTF_GC_START:
		return "collecting";
	case REFHEAP_NTF_GC_STOP:
		return "collected";
	case REFHEAP_NTF_SESSION_NEW:
		return "opened";
	case REFHEAP_NTF_SESSION_END:
		return "closed";
	case REFHEAP_NTF_BIRTH:
		return "has a birth";
	case REFHEAP_NTF_DEATH:
		return "has a death";
	default:
		return "?";
	}
}

static void use_a_heap(void)
{
	refheap_auto_close struct refheap *session = NULL;
	refheap_auto_ctl struct refheap_ctl *ctl = NULL;
	refheap_id list;

	try(refheap_open("example.monitor", REFHEAP_ATTACH_CREATE, &session));
	try(refheap_new_list(session, NULL, 0, &list));
	try(refheap_drop(session, list));
	try(refheap_collect(session, 2, NULL));
	try(refheap_ctl_open(&ctl));
	try(refheap_heap_remove(ctl, refheap_heap(session)));
}

int main(void)
{
	refheap_auto_monitor struct refheap_monitor *monitor = NULL;
	struct refheap_notice notice;
	int err;

	err = refheap_monitor_open(REFHEAP_MONITOR_HEAPS | REFHEAP_MONITOR_GC |
				   REFHEAP_MONITOR_OBJECTS, &monitor);
	if (err == -EPERM || err == -EACCES) {
		printf("not allowed to watch\n");
		return 0;
	}
	try(err);
	use_a_heap();
	while (try(refheap_monitor_next(monitor, 200, &notice))) {
		if (notice.lost)
			printf("(%" PRIu64 " lost)\n", notice.lost);
		printf("%s %s\n", notice.name, describe(notice.event));
	}
	return 0;
}
