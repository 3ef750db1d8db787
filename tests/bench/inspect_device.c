// SPDX-License-Identifier: GPL-2.0
/*
 * The command looking at a million objects: inspect_device COMMAND [WORD]...
 *
 * The heap has a name "graph", a list of 1000 branches; each is a list of 500
 * objects that refer to it and to another object, which refers back to both.
 * Prints how long the command takes from being started until it has ended. Two
 * are no commands: "dump_restore" saves the heap and makes another of it, and
 * "referrers" has the library list those of an object in the middle, as there to
 * start a program would be what is measured.
 */
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include "library.h"

#define BRANCHES	1000
#define PAIRS		500
#define REFHEAP		USERSPACE "/refheap"

extern char **environ;

struct run {
	struct refheap *session;
	char heap[REFHEAP_NAME_MAX];
	refheap_id middle;
	char **words;
};

static int add_pair(struct refheap_batch_builder *builder, uint32_t type, refheap_id branch)
{
	int x = refheap_batch_temp(builder, refheap_batch_new_instance(builder, type));
	int y = refheap_batch_temp(builder, refheap_batch_new_instance(builder, type));

	must(refheap_batch_set_attr(builder, REFHEAP_ID_RESULT(x), "a", branch));
	must(refheap_batch_set_attr(builder, REFHEAP_ID_RESULT(x), "b", REFHEAP_ID_RESULT(y)));
	must(refheap_batch_set_attr(builder, REFHEAP_ID_RESULT(y), "a", REFHEAP_ID_RESULT(x)));
	must(refheap_batch_set_attr(builder, REFHEAP_ID_RESULT(y), "b", branch));
	must(refheap_batch_append(builder, branch, REFHEAP_ID_RESULT(x)));
	return x;
}

static refheap_id add_branch(struct run *run, uint32_t type, refheap_id graph)
{
	struct refheap_batch_builder *builder;
	refheap_id branch, middle;
	int x = 0;

	must(refheap_new_list(run->session, NULL, 0, &branch));
	must(refheap_batch_alloc(&builder));
	for (int i = 0; i < PAIRS; i++) {
		int made = add_pair(builder, type, branch);

		if (i == PAIRS / 2)
			x = made;
	}
	must(refheap_batch_append(builder, graph, branch));
	must(refheap_batch_submit(builder, run->session, 0));
	middle = refheap_batch_value(builder, (size_t)x);
	refheap_batch_free(builder);
	must(refheap_drop(run->session, branch));
	return middle;
}

static void build(struct run *run)
{
	uint32_t type = library_type(run->session, 0);
	refheap_id graph, middle;

	must(refheap_new_list(run->session, NULL, 0, &graph));
	must(refheap_set_name(run->session, "graph", graph));
	must(refheap_drop(run->session, graph));
	for (int i = 0; i < BRANCHES; i++) {
		middle = add_branch(run, type, graph);
		if (i == BRANCHES / 2)
			run->middle = middle;
	}
	must(refheap_collect(run->session, 2, NULL));
}

/* Its output is nobody's business. */
static void execute(char **words)
{
	posix_spawn_file_actions_t actions;
	int error, status;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	error = posix_spawn(&pid, REFHEAP, &actions, NULL, words, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (error || waitpid(pid, &status, 0) != pid || status)
		fail("refheap %s: error %d, status %#x", words[3], error, status);
}

static void dump_restore(struct run *run)
{
	char file[] = "/tmp/inspect_device", copy[] = "bench.copy";
	char *dump[] = { "refheap", "--heap", run->heap, "dump", file, NULL };
	char *restore[] = { "refheap", "--heap", copy, "restore", file, NULL };
	char *del[] = { "refheap", "--heap", copy, "heap", "del", copy, NULL };
	uint64_t begin = now_ns(), took;

	execute(dump);
	execute(restore);
	took = now_ns() - begin;
	execute(del);
	unlink(file);
	printf("%llu\n", (unsigned long long)took);
}

/* There are two: the branch and the other object. */
static void referrers(struct run *run)
{
	struct refheap_object_info info;
	struct refheap_iter *iter;
	struct refheap_ctl *ctl;
	uint64_t begin;
	int found = 0;

	must(refheap_ctl_open(&ctl));
	begin = now_ns();
	must(refheap_iter_referrers(ctl, refheap_heap(run->session), run->middle, &iter));
	while (must(refheap_next_object(iter, &info)))
		found++;
	refheap_iter_close(iter);
	printf("%llu\n", (unsigned long long)(now_ns() - begin));
	refheap_ctl_close(ctl);
	if (found != 2)
		fail("%d referrers", found);
}

static void sample(void *arg)
{
	struct run *run = arg;
	uint64_t begin;

	if (!strcmp(run->words[3], "dump_restore")) {
		dump_restore(run);
	} else if (!strcmp(run->words[3], "referrers")) {
		referrers(run);
	} else {
		begin = now_ns();
		execute(run->words);
		printf("%llu\n", (unsigned long long)(now_ns() - begin));
	}
}

int main(int argc, char **argv)
{
	struct run run = { 0 };
	int at;

	if (argc < 2)
		fail("usage: inspect_device COMMAND [WORD]...");
	run.session = library_open(getpid());
	snprintf(run.heap, sizeof(run.heap), "%s", refheap_name(run.session));
	build(&run);
	run.words = must_have(calloc((size_t)argc + 3, sizeof(*run.words)));
	run.words[0] = "refheap";
	run.words[1] = "--heap";
	run.words[2] = run.heap;
	for (at = 1; at < argc; at++)
		run.words[at + 2] = argv[at];
	return contend(sample, &run);
}
