// SPDX-License-Identifier: GPL-2.0
/*
 * The command lists a heap of many objects: list_device OBJECTS
 *
 * They are lists, most of them empty. Prints the nanoseconds from the command's
 * start to its first line of an object, the most bytes of memory that it had,
 * and nanoseconds an object to the end, read from a pipe.
 */
#include <sys/resource.h>
#include <sys/wait.h>
#include "library.h"

#define PIECE		10000
#define COMMAND		"/../userspace/refheap"

struct run {
	char path[4096];
	char name[REFHEAP_NAME_MAX];
	uint64_t objects;
};

/* A list of @count - 1 empty lists, made in one call; the session holds it. */
static void make(struct refheap *session, struct refheap_batch_builder *batch, uint64_t count)
{
	int all;

	refheap_batch_reset(batch);
	all = refheap_batch_new_list(batch, NULL, 0);
	for (uint64_t i = 1; i < count; i++) {
		int made = refheap_batch_temp(batch, refheap_batch_new_list(batch, NULL, 0));

		refheap_batch_append(batch, REFHEAP_ID_RESULT(all), REFHEAP_ID_RESULT(made));
	}
	must(refheap_batch_submit(batch, session, 0));
}

static void build(struct refheap *session, uint64_t objects)
{
	struct refheap_batch_builder *batch;

	must(refheap_batch_alloc(&batch));
	for (uint64_t done = 0; done < objects; done += PIECE)
		make(session, batch, objects - done < PIECE ? objects - done : PIECE);
	refheap_batch_free(batch);
}

static pid_t start(const struct run *run, FILE **output)
{
	pid_t child;
	int ends[2];

	if (pipe(ends))
		fail("no pipe: %m");
	child = fork();
	if (!child) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execl(run->path, "refheap", "-H", run->name, "gc", "objects", NULL);
		fail("cannot run %s: %m", run->path);
	}
	close(ends[1]);
	*output = fdopen(ends[0], "r");
	return child;
}

static void sample(void *arg)
{
	const struct run *run = arg;
	uint64_t begin = now_ns(), first = 0, lines = 0;
	struct rusage usage;
	char line[4096];
	FILE *output;
	int status;
	pid_t child = start(run, &output);

	while (fgets(line, sizeof(line), output)) {
		/* The first one are the headings. */
		if (++lines == 2)
			first = now_ns() - begin;
	}
	fclose(output);
	if (wait4(child, &status, 0, &usage) != child || status)
		fail("the command failed");
	if (lines < run->objects)
		fail("%llu lines", (unsigned long long)lines);
	printf("%llu %llu %.1f\n", (unsigned long long)first,
	       (unsigned long long)usage.ru_maxrss * 1024,
	       (double)(now_ns() - begin) / (double)run->objects);
}

int main(int argc, char **argv)
{
	struct refheap *session;
	struct run run;
	char *slash;

	if (argc != 2)
		fail("usage: list_device OBJECTS");
	if (!realpath(argv[0], run.path))
		fail("%s: %m", argv[0]);
	slash = strrchr(run.path, '/');
	if (slash + sizeof(COMMAND) > run.path + sizeof(run.path))
		fail("the path is too long");
	memcpy(slash, COMMAND, sizeof(COMMAND));
	run.objects = strtoull(argv[1], NULL, 10);
	session = library_open(getpid());
	snprintf(run.name, sizeof(run.name), "%s", refheap_name(session));
	build(session, run.objects);
	return contend(sample, &run);
}
