// SPDX-License-Identifier: GPL-2.0
/* What watchers are told, who holds what, and collections on a timer. */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "raw.h"

static struct refheap_monitor *listen_to(uint32_t groups)
{
	struct refheap_monitor *monitor;

	ok(refheap_monitor_open(groups, &monitor));
	return monitor;
}

/* The next notice about the heap of the test; fails when there is none. */
static struct refheap_notice next_of(struct fixture *f, struct refheap_monitor *monitor)
{
	struct refheap_notice notice;

	do
		assert_int_equal(refheap_monitor_next(monitor, 2000, &notice), 1);
	while (notice.heap != f->heap);
	return notice;
}

static bool is_quiet(struct fixture *f, struct refheap_monitor *monitor)
{
	struct refheap_notice notice;

	while (refheap_monitor_next(monitor, 50, &notice) == 1)
		if (notice.heap == f->heap)
			return false;
	return true;
}

static void expect(struct fixture *f, struct refheap_monitor *monitor, uint32_t event,
		   uint64_t object, uint32_t kind)
{
	struct refheap_notice notice = next_of(f, monitor);

	assert_int_equal(notice.event, event);
	assert_int_equal(notice.object, object);
	assert_int_equal(notice.kind, kind);
	assert_int_equal(notice.lost, 0);
	assert_true(notice.time_ns);
}

static void births_and_deaths_are_told(void **state)
{
	struct fixture *f = *state;
	struct refheap_monitor *monitor = listen_to(REFHEAP_MONITOR_OBJECTS);
	int fd = raw_session(f, O_RDWR);
	struct refheap_event event;
	uint64_t list, weakref;

	list = raw_list(fd);
	expect(f, monitor, REFHEAP_NTF_BIRTH, list, REFHEAP_KIND_LIST);
	weakref = raw_watch(fd, list, 5);
	expect(f, monitor, REFHEAP_NTF_BIRTH, weakref, REFHEAP_KIND_WEAKREF);
	raw_drop(fd, list);
	expect(f, monitor, REFHEAP_NTF_CALLBACK, weakref, REFHEAP_KIND_WEAKREF);
	expect(f, monitor, REFHEAP_NTF_DEATH, list, REFHEAP_KIND_LIST);
	assert_int_equal(read(fd, &event, sizeof(event)), sizeof(event));
	raw_drop(fd, weakref);
	raw_drop(fd, weakref);
	expect(f, monitor, REFHEAP_NTF_DEATH, weakref, REFHEAP_KIND_WEAKREF);
	/* What a session held when it ends. */
	list = raw_list(fd);
	expect(f, monitor, REFHEAP_NTF_BIRTH, list, REFHEAP_KIND_LIST);
	close(fd);
	expect(f, monitor, REFHEAP_NTF_DEATH, list, REFHEAP_KIND_LIST);
	assert_true(is_quiet(f, monitor));
	refheap_monitor_close(monitor);
	/* Nobody listens. */
	ok(refheap_drop(f->session, new_list(f->session)));
}

/* The numbers go on, one by one; with too little room they say what is missing. */
static void records_are_numbered(void **state)
{
	struct fixture *f = *state;
	struct refheap_monitor *monitor = listen_to(REFHEAP_MONITOR_OBJECTS);
	struct refheap_notice notice, last;
	uint64_t seen = 0, lost = 0;

	for (int i = 0; i < 200; i++)
		ok(refheap_drop(f->session, new_list(f->session)));
	last = next_of(f, monitor);
	for (int i = 1; i < 400; i++) {
		notice = next_of(f, monitor);
		assert_int_equal(notice.seq, last.seq + 1);
		last = notice;
	}
	assert_true(is_quiet(f, monitor));

	for (int i = 0; i < 30000; i++)
		ok(refheap_drop(f->session, new_list(f->session)));
	while (refheap_monitor_next(monitor, 50, &notice) == 1) {
		seen++;
		lost += notice.lost;
	}
	/* What came after the last one that was read is told with the next. */
	ok(refheap_drop(f->session, new_list(f->session)));
	for (int i = 0; i < 2; i++) {
		notice = next_of(f, monitor);
		seen++;
		lost += notice.lost;
	}
	assert_true(lost > 0);
	assert_int_equal(seen + lost, 60002);
	assert_int_equal(notice.seq, last.seq + 60002);
	refheap_monitor_close(monitor);
}

static void finalizers_are_told(void **state)
{
	static const char definition[] = "\2\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0Fin";
	struct fixture *f = *state;
	struct refheap_monitor *monitor = listen_to(REFHEAP_MONITOR_OBJECTS);
	int fd = raw_session(f, O_RDWR);
	struct refheap_result result;
	struct refheap_op op = {
		.code = REFHEAP_OP_TYPE_NEW, .data_len = sizeof(definition) - 1,
	};
	struct refheap_batch batch = {
		.size = sizeof(batch), .ops = (uintptr_t)&op, .results = (uintptr_t)&result,
		.in = (uintptr_t)definition, .in_len = sizeof(definition) - 1, .count = 1,
	};
	struct refheap_gc_info gc;
	struct refheap_event event;
	uint64_t id;

	ok(ioctl(fd, REFHEAP_IOC_BATCH, &batch));
	ok(result.error);
	op = (struct refheap_op){ .code = REFHEAP_OP_INSTANCE, .arg = result.value };
	ok(raw_execute(fd, op, &id));
	expect(f, monitor, REFHEAP_NTF_BIRTH, id, REFHEAP_KIND_INSTANCE);
	raw_drop(fd, id);
	expect(f, monitor, REFHEAP_NTF_FINALIZE, id, REFHEAP_KIND_INSTANCE);
	ok(refheap_gc_get(f->ctl, f->heap, &gc));
	assert_int_equal(gc.pending, 1);
	assert_int_equal(read(fd, &event, sizeof(event)), sizeof(event));
	assert_int_equal(event.type, REFHEAP_EVENT_FINALIZE);
	assert_int_equal(event.value, op.arg);
	ok(raw_execute(fd, (struct refheap_op){ .code = REFHEAP_OP_FINALIZED, .a = id }, NULL));
	expect(f, monitor, REFHEAP_NTF_DEATH, id, REFHEAP_KIND_INSTANCE);
	ok(refheap_gc_get(f->ctl, f->heap, &gc));
	assert_int_equal(gc.pending, 0);
	assert_int_equal(gc.finalized, 1);
	/* Its session ends, and nobody adopts. */
	ok(raw_execute(fd, op, &id));
	expect(f, monitor, REFHEAP_NTF_BIRTH, id, REFHEAP_KIND_INSTANCE);
	close(fd);
	expect(f, monitor, REFHEAP_NTF_SKIPPED, id, REFHEAP_KIND_INSTANCE);
	expect(f, monitor, REFHEAP_NTF_DEATH, id, REFHEAP_KIND_INSTANCE);
	ok(refheap_gc_get(f->ctl, f->heap, &gc));
	assert_int_equal(gc.skipped, 1);
	refheap_monitor_close(monitor);
}

static void sessions_and_limits_are_told(void **state)
{
	struct fixture *f = *state;
	struct refheap_monitor *monitor = listen_to(REFHEAP_MONITOR_HEAPS);
	struct refheap_notice notice;
	uint32_t session;
	uint64_t id;
	int fd;

	fd = raw_session(f, O_RDWR);
	notice = next_of(f, monitor);
	assert_int_equal(notice.event, REFHEAP_NTF_SESSION_NEW);
	assert_int_equal(notice.pid, getpid());
	assert_int_equal(notice.uid, getuid());
	assert_true(strstr("test_watch", notice.comm));
	session = notice.session;
	ok(refheap_heap_set_limits(f->ctl, f->heap, 1, 0));
	assert_int_equal(next_of(f, monitor).event, REFHEAP_NTF_HEAP_CHANGED);
	assert_int_equal(raw_execute(fd, (struct refheap_op){ .code = REFHEAP_OP_LIST }, &id),
			 -EDQUOT);
	notice = next_of(f, monitor);
	assert_int_equal(notice.event, REFHEAP_NTF_LIMIT);
	assert_true(notice.bytes);
	ok(refheap_heap_set_limits(f->ctl, f->heap, 0, 0));
	assert_int_equal(next_of(f, monitor).event, REFHEAP_NTF_HEAP_CHANGED);
	close(fd);
	notice = next_of(f, monitor);
	assert_int_equal(notice.event, REFHEAP_NTF_SESSION_END);
	assert_int_equal(notice.session, session);
	assert_int_equal(notice.pid, getpid());
	refheap_monitor_close(monitor);
}

/* Listeners come and go while objects do; nothing else is changed by it. */
static void listeners_come_and_go(void **state)
{
	struct fixture *f = *state;
	pid_t child = fork();

	if (!child) {
		int fd = raw_session(f, O_RDWR);

		for (;;)
			raw_drop(fd, raw_list(fd));
	}
	assert_true(child > 0);
	for (int i = 0; i < 100; i++) {
		struct refheap_monitor *monitor = listen_to(REFHEAP_MONITOR_OBJECTS);

		next_of(f, monitor);
		refheap_monitor_close(monitor);
	}
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

/* Nanoseconds that an object takes to be born and die, at best. */
static uint64_t cost(struct fixture *f)
{
	uint64_t best = UINT64_MAX;

	for (int round = 0; round < 10; round++) {
		struct timespec begin, end;
		uint64_t ns;

		clock_gettime(CLOCK_MONOTONIC, &begin);
		for (int i = 0; i < 200; i++)
			ok(refheap_drop(f->session, new_list(f->session)));
		clock_gettime(CLOCK_MONOTONIC, &end);
		ns = (end.tv_sec - begin.tv_sec) * 1000000000ULL +
		     end.tv_nsec - begin.tv_nsec;
		best = ns < best ? ns : best;
	}
	return best / 200;
}

/* Return: of a child that listens in another network namespace; -1: it cannot. */
static pid_t listen_elsewhere(int listeners)
{
	struct rlimit files = { 8192, 8192 };
	char byte = 0;
	int ready[2];
	pid_t child;

	ok(pipe(ready));
	child = fork();
	if (!child) {
		struct refheap_monitor *monitor;

		ok(setrlimit(RLIMIT_NOFILE, &files));
		byte = !unshare(CLONE_NEWNET);
		while (byte && listeners--)
			ok(refheap_monitor_open(REFHEAP_MONITOR_OBJECTS, &monitor));
		if (write(ready[1], &byte, 1) == 1)
			pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	if (byte)
		return child;
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	return -1;
}

/*
 * Anybody can listen in a network namespace of his own. He hears nothing, those
 * who may still hear all, and nobody waits because of him.
 */
static void listeners_elsewhere_change_little(void **state)
{
	struct fixture *f = *state;
	uint64_t before = cost(f), during;
	struct refheap_monitor *monitor;
	pid_t child = listen_elsewhere(4000);
	uint64_t list;

	if (child < 0)
		skip();
	during = cost(f);
	print_message("an object costs %llu ns, %llu ns with listeners elsewhere\n",
		      (unsigned long long)before, (unsigned long long)during);
	assert_true(during < 15 * before);
	monitor = listen_to(REFHEAP_MONITOR_OBJECTS);
	usleep(200000);
	list = new_list(f->session);
	expect(f, monitor, REFHEAP_NTF_BIRTH, list, REFHEAP_KIND_LIST);
	ok(refheap_drop(f->session, list));
	expect(f, monitor, REFHEAP_NTF_DEATH, list, REFHEAP_KIND_LIST);
	refheap_monitor_close(monitor);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void holders_are_told(void **state)
{
	struct fixture *f = *state;
	struct refheap_holder_info info;
	struct refheap_iter *iter;
	int first = raw_session(f, O_RDWR), others[150], n = 0;
	uint64_t list = raw_list(first), before = 0;

	/* Many who hold nothing of it. */
	for (int i = 0; i < 150; i++)
		others[i] = raw_session(f, O_RDWR);
	ok(raw_take(others[149], list));
	ok(raw_execute(first, (struct refheap_op){ .code = REFHEAP_OP_FRAME_PUSH }, NULL));
	ok(raw_take(first, list));
	ok(refheap_iter_holders(f->ctl, f->heap, list, &iter));
	while (refheap_next_holder(iter, &info) == 1) {
		assert_int_equal(info.pid, getpid());
		assert_true(info.since_ns);
		if (info.count == 2) {
			assert_int_equal(info.frame, 1);
			before = info.since_ns;
		} else {
			assert_int_equal(info.count, 1);
			assert_int_equal(info.frame, 0);
			assert_true(info.since_ns >= before);
		}
		n++;
	}
	refheap_iter_close(iter);
	assert_int_equal(n, 2);

	raw_drop(first, list);
	raw_drop(first, list);
	raw_drop(others[149], list);
	ok(refheap_iter_holders(f->ctl, f->heap, list, &iter));
	assert_int_equal(refheap_next_holder(iter, &info), -ESTALE);
	refheap_iter_close(iter);
	ok(refheap_iter_holders(f->ctl, f->heap, REFHEAP_ID(77777777, 1), &iter));
	assert_int_equal(refheap_next_holder(iter, &info), -ENOENT);
	refheap_iter_close(iter);
	for (int i = 0; i < 150; i++)
		close(others[i]);
	close(first);
}

static uint64_t collections(struct fixture *f, unsigned int generation)
{
	struct refheap_gc_info info;

	ok(refheap_gc_get(f->ctl, f->heap, &info));
	return info.generation[generation].collections;
}

static void the_timer_collects(void **state)
{
	struct fixture *f = *state;
	struct refheap_gc_info info;
	uint64_t before;

	ok(refheap_gc_disable(f->ctl, f->heap));
	ok(refheap_gc_get(f->ctl, f->heap, &info));
	assert_int_equal(info.period_ms, 0);
	assert_int_equal(info.period_generation, 2);
	assert_int_equal(refheap_gc_set_period(f->ctl, f->heap, 9, 2), -ERANGE);
	assert_int_equal(refheap_gc_set_period(f->ctl, f->heap, 86400001, 2), -ERANGE);
	assert_int_not_equal(refheap_gc_set_period(f->ctl, f->heap, 20, 3), 0);

	ok(refheap_gc_set_period(f->ctl, f->heap, 86400000, 1));
	before = collections(f, 1);
	usleep(50000);
	assert_int_equal(collections(f, 1), before);
	ok(refheap_gc_set_period(f->ctl, f->heap, 10, 1));
	eventually(collections(f, 1) >= before + 3);
	ok(refheap_gc_get(f->ctl, f->heap, &info));
	assert_int_equal(info.period_ms, 10);
	assert_int_equal(info.period_generation, 1);

	ok(refheap_gc_set_period(f->ctl, f->heap, 10, 2));
	drop_cycle(f->session);
	before = collections(f, 2);
	eventually(collections(f, 2) > before + 1);
	ok(refheap_gc_set_period(f->ctl, f->heap, 0, 2));
	/* One that has begun may yet end. */
	before = collections(f, 2);
	usleep(100000);
	assert_in_range(collections(f, 2), before, before + 1);
	assert_int_equal(alive(f), f->births);
}

/* While its period is changed, too. */
static void a_heap_goes_with_its_timer(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 30; i++) {
		struct refheap_attach attach = {
			.size = sizeof(attach), .owner = REFHEAP_OWNER_SELF,
			.flags = REFHEAP_ATTACH_CREATE | REFHEAP_ATTACH_EXCL,
			.name = "test.timer",
		};
		int fd = open("/dev/refheap", O_RDWR | O_CLOEXEC);

		ok(ioctl(fd, REFHEAP_IOC_ATTACH, &attach));
		ok(refheap_gc_set_period(f->ctl, attach.heap, 10, 2));
		usleep(i * 1000);
		ok(refheap_gc_set_period(f->ctl, attach.heap, i % 3 ? 10 : 0, 2));
		if (i % 2)
			close(fd);
		ok(refheap_heap_remove(f->ctl, attach.heap));
		if (!(i % 2))
			close(fd);
	}
}

#define TRACING	"/sys/kernel/tracing"

/* Where nobody else sees it. */
static bool mount_tracing(void)
{
	return !unshare(CLONE_NEWNS) &&
	       !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount("tracefs", TRACING, "tracefs", 0, NULL) &&
	       !access(TRACING "/events/refheap/refheap_birth/enable", W_OK);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int count_in_trace(const char *text)
{
	FILE *file = fopen(TRACING "/trace", "r");
	char line[400];
	int n = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		n += strstr(line, text) != NULL;
	fclose(file);
	return n;
}

/* Each birth and death, from the moment the tracepoint is on. */
static void tracepoints_tell_of_objects(void **state)
{
	struct fixture *f = *state;
	char birth[100], death[100];
	uint64_t id;

	if (!mount_tracing())
		skip();
	write_file(TRACING "/events/refheap/refheap_birth/enable", "1");
	write_file(TRACING "/events/refheap/refheap_death/enable", "1");
	id = new_list(f->session);
	ok(refheap_drop(f->session, id));
	write_file(TRACING "/events/refheap/refheap_birth/enable", "0");
	write_file(TRACING "/events/refheap/refheap_death/enable", "0");
	snprintf(birth, sizeof(birth), "refheap_birth: heap=%u object=%llx kind=%u", f->heap,
		 (unsigned long long)id, REFHEAP_KIND_LIST);
	snprintf(death, sizeof(death), "refheap_death: heap=%u object=%llx kind=%u", f->heap,
		 (unsigned long long)id, REFHEAP_KIND_LIST);
	assert_int_equal(count_in_trace(birth), 1);
	assert_int_equal(count_in_trace(death), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heap_test(births_and_deaths_are_told),
		heap_test(records_are_numbered),
		heap_test(finalizers_are_told),
		heap_test(sessions_and_limits_are_told),
		heap_test(listeners_come_and_go),
		heap_test(listeners_elsewhere_change_little),
		heap_test(holders_are_told),
		heap_test(the_timer_collects),
		heap_test(a_heap_goes_with_its_timer),
		heap_test(tracepoints_tell_of_objects),
	};

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
