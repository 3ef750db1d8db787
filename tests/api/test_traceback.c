// SPDX-License-Identifier: GPL-2.0
/* Whole tracebacks of C programs: taken, read by others, grouped, filtered. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

#define noinline __attribute__((noinline, noclone))

#define STACKS 33500	/* more than have sites of their own */

/* So that a call is no jump. */
#define keep_frame() __asm__ volatile("" : : : "memory")

static unsigned int leaf_line, middle_line, outer_line;

static noinline refheap_id leaf(struct refheap *session)
{
	refheap_id list;

	leaf_line = __LINE__ + 1;
	ok(refheap_new_list(session, NULL, 0, &list));
	keep_frame();
	return list;
}

static noinline refheap_id middle(struct refheap *session)
{
	refheap_id list;

	middle_line = __LINE__ + 1;
	list = leaf(session);
	keep_frame();
	return list;
}

static noinline refheap_id outer(struct refheap *session)
{
	refheap_id list;

	outer_line = __LINE__ + 1;
	list = middle(session);
	keep_frame();
	return list;
}

static inline __attribute__((always_inline)) refheap_id
inlined(struct refheap *session)
{
	refheap_id list;

	leaf_line = __LINE__ + 1;
	ok(refheap_new_list(session, NULL, 0, &list));
	keep_frame();
	return list;
}

static noinline refheap_id around_inlined(struct refheap *session)
{
	refheap_id list;

	outer_line = __LINE__ + 1;
	list = inlined(session);
	keep_frame();
	return list;
}

static noinline refheap_id named(struct refheap *session)
{
	refheap_id list;

	leaf_line = __LINE__ + 1;
	ok(REFHEAP_HERE(session));
	ok(refheap_new_list(session, NULL, 0, &list));
	keep_frame();
	return list;
}

static noinline refheap_id around_named(struct refheap *session)
{
	refheap_id list;

	outer_line = __LINE__ + 1;
	list = named(session);
	keep_frame();
	return list;
}

static void start(struct refheap *session, uint32_t frames)
{
	const struct refheap_trace_options options = { .frames = frames };

	assert_int_equal(refheap_trace_start_with(session, &options), 0);
}

/* Where an object was born, as another session reads it. */
static struct refheap_traceback *born(struct fixture *f, refheap_id id)
{
	struct refheap *other = another_session(f, REFHEAP_ATTACH_RDONLY);
	struct refheap_traceback *traceback;
	refheap_id site;
	char *text;

	ok(refheap_trace_of(other, id, &site));
	assert_true(site != 0);
	ok(refheap_get_data(other, site, &text, NULL));
	ok(refheap_traceback_read(text, &traceback));
	free(text);
	refheap_close(other);
	return traceback;
}

static void expect_frame(const struct refheap_traceback *traceback, size_t n,
			 const char *function, uint32_t line)
{
	const struct refheap_trace_frame *frame = &traceback->frame[n];
	size_t length = strlen(frame->filename), tail = strlen(__FILE__);

	assert_in_range(n, 0, traceback->count - 1);
	assert_true(length >= tail);
	assert_string_equal(frame->filename + length - tail, __FILE__);
	assert_int_equal(frame->line, line);
	if (function)
		assert_string_equal(frame->function, function);
	else
		assert_null(frame->function);
}

static void expect_main(const struct refheap_traceback *traceback)
{
	const struct refheap_trace_frame *oldest =
		&traceback->frame[traceback->count - 1];

	assert_string_equal(oldest->function, "main");
	assert_non_null(oldest->module);
}

static void whole(void **state)
{
	struct fixture *f = *state;
	struct refheap_traceback *traceback;
	refheap_id list;
	char *text;

	start(f->session, 64);
	list = outer(f->session);
	traceback = born(f, list);
	expect_frame(traceback, 0, "leaf", leaf_line);
	expect_frame(traceback, 1, "middle", middle_line);
	expect_frame(traceback, 2, "outer", outer_line);
	expect_frame(traceback, 3, "whole", __LINE__ - 5);
	expect_main(traceback);
	text = refheap_traceback_format(traceback, 2, true);
	assert_non_null(strstr(text, "    ok(refheap_new_list(session"));
	assert_non_null(strstr(text, "    list = leaf(session);"));
	assert_null(strstr(text, "middle(session)"));
	free(text);
	refheap_traceback_free(traceback);
}

static void limited(void **state)
{
	struct fixture *f = *state;
	struct refheap_traceback *traceback;

	start(f->session, 2);
	traceback = born(f, outer(f->session));
	assert_int_equal(traceback->count, 2);
	expect_frame(traceback, 0, "leaf", leaf_line);
	expect_frame(traceback, 1, "middle", middle_line);
	refheap_traceback_free(traceback);
}

static void put_in_place(void **state)
{
	struct fixture *f = *state;
	struct refheap_traceback *traceback;

	start(f->session, 10);
	traceback = born(f, around_inlined(f->session));
	expect_frame(traceback, 0, "inlined", leaf_line);
	expect_frame(traceback, 1, "around_inlined", outer_line);
	expect_frame(traceback, 2, "put_in_place", __LINE__ - 3);
	refheap_traceback_free(traceback);
}

/* The line that a program names takes the place of its function's frame. */
static void named_by_program(void **state)
{
	struct fixture *f = *state;
	struct refheap_traceback *traceback;

	start(f->session, 10);
	traceback = born(f, around_named(f->session));
	expect_frame(traceback, 0, NULL, leaf_line);
	expect_frame(traceback, 1, "around_named", outer_line);
	expect_frame(traceback, 2, "named_by_program", __LINE__ - 3);
	refheap_traceback_free(traceback);
	/* It was named long before, in another function. */
	traceback = born(f, outer(f->session));
	expect_frame(traceback, 0, NULL, traceback->frame[0].line);
	expect_frame(traceback, 1, "leaf", leaf_line);
	refheap_traceback_free(traceback);
}

static void set_site(struct refheap *session, const char *where)
{
	int64_t site = refheap_site(session, where);

	assert_true(site > 0);
	refheap_set_site(session, (uint32_t)site);
}

/* What a program says of itself is booked as it is. */
static void given_by_program(void **state)
{
	struct fixture *f = *state;
	struct refheap_traceback *traceback;

	start(f->session, 10);
	set_site(f->session, "inner.rh:3\nouter.rh:7");
	traceback = born(f, outer(f->session));
	assert_int_equal(traceback->count, 2);
	assert_string_equal(traceback->frame[0].filename, "inner.rh");
	assert_int_equal(traceback->frame[0].line, 3);
	assert_string_equal(traceback->frame[1].filename, "outer.rh");
	assert_int_equal(traceback->frame[1].line, 7);
	refheap_traceback_free(traceback);
	refheap_set_site(f->session, 0);
	traceback = born(f, outer(f->session));
	expect_frame(traceback, 0, "leaf", leaf_line);
	refheap_traceback_free(traceback);
}

/* One frame is what the program names; nobody looks for it. */
static void one_frame(void **state)
{
	struct fixture *f = *state;
	refheap_id site;

	start(f->session, 1);
	ok(refheap_trace_of(f->session, outer(f->session), &site));
	assert_int_equal(site, 0);
	refheap_trace_stop(f->session);
	assert_int_equal(refheap_trace_of(f->session, outer(f->session), &site),
			 -ENODATA);
}

/* A loop of unknown length: its body is there once. */
static noinline unsigned int submit(struct refheap_batch_builder *batch,
				   struct refheap *session, int times)
{
	while (times--) {
		refheap_batch_reset(batch);
		assert_int_equal(refheap_batch_new_list(batch, NULL, 0), 0);
		ok(refheap_batch_submit(batch, session, 0));
		keep_frame();
	}
	return __LINE__ - 3;
}

/* The same stack is the same site, also for batches. */
static void batched(void **state)
{
	struct fixture *f = *state;
	refheap_auto_batch struct refheap_batch_builder *batch = NULL;
	struct refheap_traceback *traceback;
	struct refheap_snapshot *snapshot;
	struct refheap_traced traced;
	struct refheap_statistic *by;
	unsigned int line;

	start(f->session, 25);
	ok(refheap_batch_alloc(&batch));
	line = submit(batch, f->session, 3);
	ok(refheap_trace_get(f->session, &traced));
	assert_int_equal(traced.frames, 25);
	assert_int_equal(traced.count, 3);
	ok(refheap_snapshot_take(f->session, &snapshot));
	assert_int_equal(refheap_snapshot_statistics(
				 snapshot, REFHEAP_TRACE_TRACEBACK, &by), 1);
	free(by);
	refheap_snapshot_free(snapshot);
	traceback = born(f, refheap_batch_value(batch, 0));
	expect_frame(traceback, 0, "submit", line);
	expect_frame(traceback, 1, "batched", __LINE__ - 11);
	refheap_traceback_free(traceback);
}

static void *make_in_thread(void *session)
{
	for (int i = 0; i < 500; i++)
		outer(session);
	return NULL;
}

/* All of them find the same stack at the same time. */
static void threads(void **state)
{
	struct fixture *f = *state;
	struct refheap_snapshot *snapshot;
	struct refheap_statistic *by;
	pthread_t thread[4];

	start(f->session, 3);
	for (int i = 0; i < 4; i++)
		ok(pthread_create(&thread[i], NULL, make_in_thread,
				  f->session));
	for (int i = 0; i < 4; i++)
		ok(pthread_join(thread[i], NULL));
	ok(refheap_snapshot_take(f->session, &snapshot));
	assert_int_equal(refheap_snapshot_statistics(
				 snapshot, REFHEAP_TRACE_TRACEBACK, &by), 1);
	assert_int_equal(by[0].count, 2000);
	expect_frame(&by[0].traceback, 2, "outer", outer_line);
	free(by);
	refheap_snapshot_free(snapshot);
}

/* Two ways to the next depth: each number has a stack of its own. */
static noinline refheap_id way(struct refheap *session, unsigned int number,
			       unsigned int depth)
{
	refheap_id list;

	if (!depth) {
		list = leaf(session);
	} else if (number & 1) {
		list = way(session, number / 2, depth - 1);
		/* Not the same code, lest it be there once. */
		__asm__ volatile("# odd" : : : "memory");
	} else {
		list = way(session, number / 2, depth - 1);
		__asm__ volatile("# even" : : : "memory");
	}
	keep_frame();
	return list;
}

/* There may be more stacks than anybody wants to have sites of. */
static void too_many(void **state)
{
	static unsigned int number[STACKS];
	static refheap_id list[STACKS];
	struct fixture *f = *state;
	struct refheap_traceback *traceback;
	struct refheap_traced traced;

	for (unsigned int i = 0; i < STACKS; i++)
		number[i] = i;
	number[STACKS - 2] = STACKS / 2;
	start(f->session, 64);
	for (unsigned int i = 0; i < STACKS; i++)
		list[i] = way(f->session, number[i], 16);
	ok(refheap_trace_get(f->session, &traced));
	assert_in_range(traced.sites, 32768, 32768 + 16);
	/* One that is known already is as long as it was. */
	traceback = born(f, list[STACKS - 2]);
	assert_true(traceback->count > 16);
	refheap_traceback_free(traceback);
	traceback = born(f, list[STACKS - 1]);
	assert_int_equal(traceback->count, 1);
	expect_frame(traceback, 0, "leaf", leaf_line);
	refheap_traceback_free(traceback);
}

static const struct refheap_statistic *
of_line(const struct refheap_statistic *statistics, ssize_t count,
	uint32_t line)
{
	for (ssize_t i = 0; i < count; i++)
		if (statistics[i].line == line)
			return &statistics[i];
	return NULL;
}

static void statistics(void **state)
{
	struct fixture *f = *state;
	struct refheap_trace_filter filter = {
		.pattern = "*traceback.c", .exclude = true, .all_frames = true,
	};
	struct refheap_statistic *by;
	struct refheap_snapshot *snapshot;
	ssize_t count;

	start(f->session, 25);
	for (int i = 0; i < 4; i++)
		outer(f->session);
	leaf(f->session);
	ok(refheap_snapshot_take(f->session, &snapshot));
	count = refheap_snapshot_statistics(snapshot, REFHEAP_TRACE_LINENO, &by);
	assert_int_equal(count, 1);
	assert_int_equal(by[0].line, leaf_line);
	assert_int_equal(by[0].count, 5);
	assert_int_equal(by[0].traceback.count, 1);
	free(by);
	count = refheap_snapshot_statistics(snapshot, REFHEAP_TRACE_TRACEBACK,
					    &by);
	assert_int_equal(count, 2);
	assert_int_equal(by[0].count, 4);
	expect_frame(&by[0].traceback, 2, "outer", outer_line);
	assert_int_equal(by[1].count, 1);
	expect_frame(&by[1].traceback, 1, "statistics", __LINE__ - 14);
	free(by);
	count = refheap_snapshot_statistics(
		snapshot, REFHEAP_TRACE_LINENO | REFHEAP_TRACE_CUMULATIVE, &by);
	assert_int_equal(of_line(by, count, leaf_line)->count, 5);
	assert_int_equal(of_line(by, count, outer_line)->count, 4);
	free(by);
	assert_int_equal(refheap_snapshot_statistics(
				 snapshot, REFHEAP_TRACE_TRACEBACK |
						   REFHEAP_TRACE_CUMULATIVE,
				 &by), -EINVAL);
	refheap_snapshot_filter(snapshot, &filter, 1);
	assert_int_equal(refheap_snapshot_statistics(
				 snapshot, REFHEAP_TRACE_LINENO, &by), 0);
	free(by);
	refheap_snapshot_free(snapshot);
}

/* No birth is booked but with the frames that were looked for in time. */
static void sampled(struct fixture *f, uint64_t sample, uint32_t flags)
{
	const struct refheap_trace_options options = {
		.frames = 25, .sample = sample, .flags = flags,
	};
	struct refheap_snapshot *snapshot;
	struct refheap_traced traced;
	struct refheap_statistic *by;

	ok(refheap_trace_start_with(f->session, &options));
	for (int i = 0; i < 2000; i++)
		outer(f->session);
	ok(refheap_trace_get(f->session, &traced));
	assert_int_equal(traced.sample, sample);
	assert_in_range(traced.samples, 1, 1000);
	ok(refheap_snapshot_take(f->session, &snapshot));
	assert_int_equal(refheap_snapshot_statistics(
				 snapshot, REFHEAP_TRACE_TRACEBACK, &by), 1);
	expect_frame(&by[0].traceback, 2, "outer", outer_line);
	assert_true(by[0].count_error > 0 && by[0].size_error > 0);
	assert_true(by[0].count > 2000 - 3 * by[0].count_error);
	assert_true(by[0].count < 2000 + 3 * by[0].count_error);
	free(by);
	refheap_snapshot_free(snapshot);
	assert_int_equal(refheap_trace_stop(f->session), 1);
}

static void samples(void **state)
{
	struct fixture *f = *state;
	struct refheap_trace_options wrong[] = {
		{ .frames = 65 },
		{ .flags = REFHEAP_TRACE_BIRTHS },
		{ .flags = 2, .sample = 1 },
		{ .sample = REFHEAP_TRACE_SAMPLE_MAX + 1ULL },
		{ .reserved = { 1 } },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(refheap_trace_start_with(f->session, &wrong[i]),
				 -EINVAL);
	sampled(f, 16, REFHEAP_TRACE_BIRTHS);
	sampled(f, 1000, 0);
}

static void saved(void **state)
{
	struct fixture *f = *state;
	struct refheap_snapshot *snapshot, *loaded;
	struct refheap_statistic *by;
	char path[] = "/tmp/snapshot.XXXXXX";
	int file = mkstemp(path);

	assert_true(file >= 0);
	close(file);
	start(f->session, 25);
	outer(f->session);
	ok(refheap_snapshot_take(f->session, &snapshot));
	ok(refheap_snapshot_save(snapshot, path));
	ok(refheap_snapshot_load(path, &loaded));
	unlink(path);
	assert_int_equal(refheap_snapshot_statistics(
				 loaded, REFHEAP_TRACE_TRACEBACK, &by), 1);
	expect_frame(&by[0].traceback, 2, "outer", outer_line);
	expect_main(&by[0].traceback);
	free(by);
	assert_int_equal(refheap_snapshot_compare(
				 loaded, snapshot, REFHEAP_TRACE_TRACEBACK, &by),
			 1);
	assert_int_equal(by[0].size_diff, 0);
	free(by);
	refheap_snapshot_free(loaded);
	refheap_snapshot_free(snapshot);
}

/* What cannot be found out is printed as it is known. */
static void unknown(void **state)
{
	static const struct {
		const char *site;
		const char *filename;
	} sites[] = {
		{ "@00ff /nowhere/program\n+1a2b", "/nowhere/program+0x1a2b" },
		{ "@00ff /proc/self/exe\n+40", "/proc/self/exe+0x40" },
		{ "@- /dev/zero\n+40", "/dev/zero+0x40" },
		{ "@- /\n+40", "/+0x40" },
		{ "@- \n+dead", "0xdead" },
		{ "+12", "+12" },
		{ "@7\n+12", "@7" },
		{ "@x", "@x" },
		{ "@00ff /only/a/module", "@00ff /only/a/module" },
		{ "file.c:", "file.c:" },
		{ ":99999999999", ":99999999999" },
		{ "", "" },
	};
	struct refheap_traceback *traceback;
	char pipe[32], site[96];

	(void)state;
	for (size_t i = 0; i < sizeof(sites) / sizeof(sites[0]); i++) {
		ok(refheap_traceback_read(sites[i].site, &traceback));
		assert_string_equal(traceback->frame[0].filename,
				    sites[i].filename);
		assert_int_equal(traceback->frame[0].line, 0);
		refheap_traceback_free(traceback);
	}
	/* Nobody waits for who would write. */
	snprintf(pipe, sizeof(pipe), "/tmp/pipe.%d", getpid());
	ok(mkfifo(pipe, 0600));
	snprintf(site, sizeof(site), "@- %s\n+1\n%s:1", pipe, pipe);
	ok(refheap_traceback_read(site, &traceback));
	assert_int_equal(traceback->count, 2);
	free(refheap_traceback_format(traceback, 0, false));
	refheap_traceback_free(traceback);
	unlink(pipe);
}

/* As the stripped program: makes an object in that heap, and ends. */
static int be_stripped(const char *heap)
{
	struct refheap *session;
	refheap_id list;

	if (refheap_open(heap, 0, &session))
		return 1;
	list = outer(session);
	return refheap_set_name(session, "kept", list) ? 1 : 0;
}

static void stripped(void **state)
{
	struct fixture *f = *state;
	const struct refheap_trace_frame *frame;
	struct refheap_traceback *traceback;
	char command[512], self[256];
	char path[] = "/tmp/stripped.XXXXXX";
	refheap_id list;
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int file = mkstemp(path);

	assert_true(file >= 0 && length > 0);
	close(file);
	self[length] = '\0';
	start(f->session, 25);
	*strrchr(self, '/') = '\0';
	snprintf(command, sizeof(command),
		 "strip -o %s /proc/%d/exe && chmod 700 %s && "
		 "LD_LIBRARY_PATH=%s/../.. %s %s", path, getpid(), path, self,
		 path, refheap_name(f->session));
	ok(system(command));
	ok(refheap_get_name(f->session, "kept", &list));
	traceback = born(f, list);
	frame = &traceback->frame[0];
	assert_int_equal(strncmp(frame->filename, path, strlen(path)), 0);
	assert_int_equal(strncmp(frame->filename + strlen(path), "+0x", 3), 0);
	assert_int_equal(frame->line, 0);
	assert_null(frame->function);
	assert_string_equal(frame->module, path);
	refheap_traceback_free(traceback);
	unlink(path);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		heap_test(whole),
		heap_test(limited),
		heap_test(put_in_place),
		heap_test(named_by_program),
		heap_test(given_by_program),
		heap_test(one_frame),
		heap_test(batched),
		heap_test(threads),
		heap_test(too_many),
		heap_test(statistics),
		heap_test(samples),
		heap_test(saved),
		cmocka_unit_test(unknown),
		heap_test(stripped),
	};

	if (argc > 1)
		return be_stripped(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
