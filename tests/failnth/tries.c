// SPDX-License-Identifier: GPL-2.0
/* Single operations, and the other calls of the device and requests of netlink. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "operations.h"
#include "tries.h"

static int result_of(long ret)
{
	return ret < 0 ? -errno : 0;
}

/* Operations. */

static char output[8192];

int operation_try(struct world *w, size_t n, bool *executed, bool *partial)
{
	struct refheap_result result = { 0 };
	struct prepared p;
	int whole, err;

	operation_prepare(w, n, &p);
	inject_arm(w->nth);
	err = world_op(w, &p.op, p.in, output, sizeof(output), &result, &whole);
	w->injected = inject_disarm();
	/* The call could not copy what was done. */
	*executed = whole == -EFAULT;
	*partial = p.partial;
	return err;
}

/* The device. */

static int open_device(struct world *w)
{
	return result_of(w->extra_fd = open("/dev/refheap", O_RDWR | O_CLOEXEC));
}

static int try_open(struct world *w)
{
	return UNDER_FAULTS(w, open_device(w));
}

static int attach(struct world *w, const char *name, uint32_t flags)
{
	struct refheap_attach args = { .size = sizeof(args), .flags = flags };
	int err = open_device(w);

	strcpy(args.name, name);
	return err ? err : UNDER_FAULTS(w, result_of(ioctl(w->extra_fd, REFHEAP_IOC_ATTACH,
							   &args)));
}

static int try_attach(struct world *w)
{
	return attach(w, WORLD_HEAP, 0);
}

static int try_attach_create(struct world *w)
{
	return attach(w, WORLD_MADE, REFHEAP_ATTACH_CREATE | REFHEAP_ATTACH_EXCL);
}

static int try_subscribe(struct world *w)
{
	struct refheap_subscribe args = { .size = sizeof(args), .mask = REFHEAP_EVENT_GC_STOP };

	return UNDER_FAULTS(w, result_of(ioctl(w->fd, REFHEAP_IOC_SUBSCRIBE, &args)));
}

/* What was not read is there for who reads next. */
static int read_in_the_end(struct world *w, void *events, size_t bytes)
{
	int err = UNDER_FAULTS(w, result_of(read(w->fd, events, bytes)));

	if (err)
		err = read(w->fd, events, bytes) == (ssize_t)bytes ? 0 : -EIO;
	return err;
}

static int try_read_events(struct world *w)
{
	struct refheap_event events[4];
	int err = refheap_subscribe_events(w->session, REFHEAP_EVENT_GC_START |
					   REFHEAP_EVENT_GC_STOP);

	if (!err)
		err = (int)refheap_collect(w->session, 2, NULL);
	return err < 0 ? err : read_in_the_end(w, events, sizeof(events));
}

static int try_read_notices(struct world *w)
{
	struct refheap_event events[2];

	return read_in_the_end(w, events, sizeof(events));
}

static int try_export(struct world *w)
{
	struct refheap_export args = { .size = sizeof(args), .object = w->thing[LIST] };
	int err = UNDER_FAULTS(w, result_of(ioctl(w->fd, REFHEAP_IOC_EXPORT, &args)));

	if (!err)
		w->extra_fd = args.fd;
	return err;
}

static int try_import(struct world *w)
{
	struct refheap_import args = { .size = sizeof(args), .fd = w->exported };

	return UNDER_FAULTS(w, result_of(ioctl(w->fd, REFHEAP_IOC_IMPORT, &args)));
}

static int try_close_export(struct world *w)
{
	int fd = w->exported;

	w->exported = -1;
	return UNDER_FAULTS(w, result_of(close(fd)));
}

static int try_poll(struct world *w)
{
	struct pollfd poller = { .fd = w->fd, .events = POLLIN };

	return UNDER_FAULTS(w, result_of(poll(&poller, 1, 0)));
}

static int try_close(struct world *w)
{
	struct refheap_attach args = { .size = sizeof(args) };
	struct refheap_op op = { .code = REFHEAP_OP_BYTEARRAY, .a = 100000 };
	struct refheap_result result;
	struct refheap_batch batch = {
		.size = sizeof(batch), .ops = (uintptr_t)&op, .results = (uintptr_t)&result,
		.count = 1,
	};
	int err = open_device(w), fd = w->extra_fd;

	strcpy(args.name, WORLD_HEAP);
	if (err || ioctl(fd, REFHEAP_IOC_ATTACH, &args) || ioctl(fd, REFHEAP_IOC_BATCH, &batch))
		return -EIO;
	w->extra_fd = -1;
	return UNDER_FAULTS(w, result_of(close(fd)));
}

/* More than fits the stack of the call: its memory is allocated. */
static int try_long_batch(struct world *w)
{
	enum { COUNT = 64, LENGTH = 4096 };
	static struct refheap_op ops[COUNT];
	static struct refheap_result results[COUNT];
	static char out[COUNT * LENGTH];
	struct refheap_batch batch = {
		.size = sizeof(batch), .ops = (uintptr_t)ops, .results = (uintptr_t)results,
		.out = (uintptr_t)out, .count = COUNT, .out_len = sizeof(out),
	};
	int i;

	for (i = 0; i < COUNT; i++)
		ops[i] = (struct refheap_op){
			.code = REFHEAP_OP_READ, .a = w->thing[BYTEARRAY], .c = LENGTH,
		};
	return UNDER_FAULTS(w, result_of(ioctl(w->fd, REFHEAP_IOC_BATCH, &batch)));
}

/* Two objects that live as long as the batch. */
static int try_temporaries(struct world *w)
{
	struct refheap_op ops[3] = {
		{ .code = REFHEAP_OP_LIST, .flags = REFHEAP_OPF_TEMP },
		{ .code = REFHEAP_OP_BYTEARRAY, .flags = REFHEAP_OPF_TEMP, .a = 9000 },
		{ .code = REFHEAP_OP_APPEND, .flags = REFHEAP_OPF_A_RESULT | REFHEAP_OPF_C_RESULT,
		  .a = 0, .c = 1 },
	};
	struct refheap_result results[3] = { { 0 } };
	struct refheap_batch batch = {
		.size = sizeof(batch), .ops = (uintptr_t)ops, .results = (uintptr_t)results,
		.count = 3,
	};
	int i, err = UNDER_FAULTS(w, result_of(ioctl(w->fd, REFHEAP_IOC_BATCH, &batch)));

	for (i = 0; !err && i < 3; i++)
		err = results[i].error;
	return err;
}

static int try_new_type(struct world *w)
{
	static const char *const slots[] = { "one", "two", "three" };
	const struct refheap_type_def definition = {
		.name = "another", .base = w->type, .slots = slots, .slot_count = 3
	};
	uint32_t type;

	return UNDER_FAULTS(w, refheap_type_define(w->session, &definition, &type));
}

/* Mappings. */

static sigjmp_buf no_page;

static void on_bus_error(int signal)
{
	(void)signal;
	siglongjmp(no_page, 1);
}

static int touch_all(struct world *w, bool write)
{
	volatile char *bytes = w->map;
	size_t i;

	if (sigsetjmp(no_page, 1))
		return -EFAULT;
	for (i = 0; i < w->map_length; i += 4096)
		if (write)
			bytes[i]++;
		else
			(void)bytes[i];
	return 0;
}

static int map_and_touch(struct world *w, off_t offset, bool write)
{
	void *map = mmap(NULL, w->map_length, PROT_READ | (write ? PROT_WRITE : 0), MAP_SHARED,
			 w->fd, offset);

	if (map == MAP_FAILED)
		return -errno;
	w->map = map;
	return touch_all(w, write);
}

static int map_thing(struct world *w, enum thing thing, size_t length, bool write)
{
	struct refheap_op op = { .code = REFHEAP_OP_VIEW, .a = w->thing[thing] };
	struct refheap_result result;
	int whole, err = world_op(w, &op, NULL, NULL, 0, &result, &whole);

	if (err)
		return err;
	w->map_length = result.info + length;
	signal(SIGBUS, on_bus_error);
	err = UNDER_FAULTS(w, map_and_touch(w, result.value, write));
	signal(SIGBUS, SIG_DFL);
	return err;
}

static int try_map_read(struct world *w)
{
	return map_thing(w, STR, 9, false);
}

static int map_liveness(struct world *w, uint64_t offset, size_t length)
{
	w->map_length = length;
	signal(SIGBUS, on_bus_error);
	length = UNDER_FAULTS(w, map_and_touch(w, (off_t)offset, false));
	signal(SIGBUS, SIG_DFL);
	return (int)length;
}

static int try_map_words(struct world *w)
{
	return map_liveness(w, REFHEAP_LIVENESS_WORDS, REFHEAP_LIVENESS_BYTES);
}

static int try_map_state(struct world *w)
{
	return map_liveness(w, REFHEAP_LIVENESS_STATE, 4096);
}

static int try_map_write(struct world *w)
{
	return map_thing(w, BYTEARRAY, 5000, true);
}

/* Netlink. */

static int try_ctl_open(struct world *w)
{
	return UNDER_FAULTS(w, refheap_ctl_open(&w->extra_ctl));
}

static int try_monitor_open(struct world *w)
{
	return UNDER_FAULTS(w, refheap_monitor_open(REFHEAP_MONITOR_HEAPS | REFHEAP_MONITOR_GC,
						    &w->monitor));
}

/* What is told to others is made by who changes something. */
static int try_notices(struct world *w)
{
	int err = refheap_monitor_open(REFHEAP_MONITOR_HEAPS | REFHEAP_MONITOR_GC, &w->monitor);

	return err ? err : UNDER_FAULTS(w, refheap_heap_set_mode(w->ctl, w->heap, 0640));
}

static int try_find(struct world *w)
{
	uint32_t heap;

	return UNDER_FAULTS(w, refheap_heap_find(w->ctl, WORLD_SECOND, REFHEAP_OWNER_SELF,
						 &heap));
}

static int try_get(struct world *w)
{
	struct refheap_heap_info info;

	return UNDER_FAULTS(w, refheap_heap_get(w->ctl, w->heap, &info));
}

static int try_set_mode(struct world *w)
{
	return UNDER_FAULTS(w, refheap_heap_set_mode(w->ctl, w->heap, 0644));
}

static int try_set_group(struct world *w)
{
	return UNDER_FAULTS(w, refheap_heap_set_group(w->ctl, w->heap, 7));
}

static int try_set_limits(struct world *w)
{
	return UNDER_FAULTS(w, refheap_heap_set_limits(w->ctl, w->heap, 1 << 20, 1000));
}

static int try_remove(struct world *w)
{
	return UNDER_FAULTS(w, refheap_heap_remove(w->ctl, w->second));
}

static int try_gc_get(struct world *w)
{
	struct refheap_gc_info info;

	return UNDER_FAULTS(w, refheap_gc_get(w->ctl, w->heap, &info));
}

static int try_gc_thresholds(struct world *w)
{
	static const uint32_t thresholds[] = { 500, 5, 5 };

	return UNDER_FAULTS(w, refheap_gc_set_thresholds(w->ctl, w->heap, thresholds, 3));
}

static int try_gc_period(struct world *w)
{
	return UNDER_FAULTS(w, refheap_gc_set_period(w->ctl, w->heap, 3600000, 1));
}

static int try_gc_enable(struct world *w)
{
	return UNDER_FAULTS(w, refheap_gc_enable(w->ctl, w->heap));
}

static int try_gc_debug(struct world *w)
{
	return UNDER_FAULTS(w, refheap_gc_set_debug(w->ctl, w->heap, REFHEAP_DEBUG_SAVEALL));
}

static int try_object(struct world *w)
{
	struct refheap_object_info info;

	return UNDER_FAULTS(w, refheap_object_get(w->ctl, w->heap, w->thing[DICT], &info));
}

/* A dump goes on from one datagram to the next. */

static int list_heaps(struct world *w)
{
	struct refheap_heap_info info;
	struct refheap_iter *iter;
	int err = refheap_iter_heaps(w->ctl, &iter);

	if (err)
		return err;
	do {
		err = refheap_next_heap(iter, &info);
	} while (err > 0);
	refheap_iter_close(iter);
	return err;
}

static int list_objects_of(int err, struct refheap_iter *iter)
{
	struct refheap_object_info info;

	if (err)
		return err;
	do {
		err = refheap_next_object(iter, &info);
	} while (err > 0);
	refheap_iter_close(iter);
	return err;
}

static int list_objects(struct world *w)
{
	struct refheap_iter *iter = NULL;
	int err = refheap_iter_objects(w->ctl, w->heap, NULL, &iter);

	return list_objects_of(err, iter);
}

static int list_referrers(struct world *w)
{
	struct refheap_iter *iter = NULL;
	int err = refheap_iter_referrers(w->ctl, w->heap, w->thing[ITEM], &iter);

	return list_objects_of(err, iter);
}

static int list_referents(struct world *w)
{
	struct refheap_iter *iter = NULL;
	int err = refheap_iter_referents(w->ctl, w->heap, w->thing[LIST], &iter);

	return list_objects_of(err, iter);
}

static int list_types(struct world *w)
{
	struct refheap_type_info info;
	struct refheap_iter *iter;
	int err = refheap_iter_types(w->ctl, w->heap, &iter);

	if (err)
		return err;
	do {
		err = refheap_next_type(iter, &info);
	} while (err > 0);
	refheap_iter_close(iter);
	return err;
}

static int list_arenas(struct world *w)
{
	struct refheap_arena_info info;
	struct refheap_iter *iter;
	int err = refheap_iter_arenas(w->ctl, w->heap, &iter);

	if (err)
		return err;
	do {
		err = refheap_next_arena(iter, &info);
	} while (err > 0);
	refheap_iter_close(iter);
	return err;
}

static int list_sessions(struct world *w)
{
	struct refheap_session_info info;
	struct refheap_iter *iter;
	int err = refheap_iter_sessions(w->ctl, w->heap, &iter);

	if (err)
		return err;
	do {
		err = refheap_next_session(iter, &info);
	} while (err > 0);
	refheap_iter_close(iter);
	return err;
}

static int list_holders(struct world *w)
{
	struct refheap_holder_info info;
	struct refheap_iter *iter;
	int err = refheap_iter_holders(w->ctl, w->heap, w->thing[LIST], &iter);

	if (err)
		return err;
	do {
		err = refheap_next_holder(iter, &info);
	} while (err > 0);
	refheap_iter_close(iter);
	return err;
}

#define DUMP(what) \
	static int try_list_##what(struct world *w) \
	{ \
		return UNDER_FAULTS(w, list_##what(w)); \
	}
DUMP(heaps)
DUMP(objects)
DUMP(referrers)
DUMP(referents)
DUMP(types)
DUMP(arenas)
DUMP(sessions)
DUMP(holders)

const struct try tries[] = {
	{ "open", try_open },
	{ "attach", try_attach, true },
	{ "attach and make", try_attach_create, true },
	{ "subscribe", try_subscribe },
	{ "read events", try_read_events },
	{ "read notices", try_read_notices },
	{ "export", try_export, true },
	{ "import", try_import, true },
	{ "close an export", try_close_export },
	{ "poll", try_poll },
	{ "close", try_close },
	{ "long batch", try_long_batch },
	{ "temporaries", try_temporaries },
	{ "new type", try_new_type, true },
	{ "map to read", try_map_read },
	{ "map to write", try_map_write, true },
	{ "map liveness words", try_map_words },
	{ "map the liveness state", try_map_state },
	{ "cache: make", try_cache_make, true, true },
	{ "cache: make a weak one", try_cache_make_weak, true, true },
	{ "cache: open", try_cache_open, true, true },
	{ "cache: hit", try_cache_hit, true, true },
	{ "cache: put", try_cache_put, true, true },
	{ "cache: put in the place of another", try_cache_replace, true, true },
	{ "cache: call", try_cache_call, true, true },
	{ "cache: delete", try_cache_delete, true, true },
	{ "cache: clear", try_cache_clear, true, true },
	{ "cache: next", try_cache_next, true, true },
	{ "netlink: open", try_ctl_open },
	{ "netlink: open a monitor", try_monitor_open },
	{ "netlink: notices", try_notices, true },
	{ "netlink: find a heap", try_find },
	{ "netlink: get a heap", try_get },
	{ "netlink: set mode", try_set_mode, true },
	{ "netlink: set group", try_set_group, true },
	{ "netlink: set limits", try_set_limits, true },
	{ "netlink: remove", try_remove, true },
	{ "netlink: get gc", try_gc_get },
	{ "netlink: set thresholds", try_gc_thresholds, true },
	{ "netlink: set the period", try_gc_period, true },
	{ "netlink: enable gc", try_gc_enable, true },
	{ "netlink: set debug", try_gc_debug, true },
	{ "netlink: get object", try_object },
	{ "netlink: list heaps", try_list_heaps },
	{ "netlink: list objects", try_list_objects },
	{ "netlink: list referrers", try_list_referrers },
	{ "netlink: list referents", try_list_referents },
	{ "netlink: list types", try_list_types },
	{ "netlink: list arenas", try_list_arenas },
	{ "netlink: list sessions", try_list_sessions },
	{ "netlink: list holders", try_list_holders },
};

const size_t try_count = sizeof(tries) / sizeof(tries[0]);
