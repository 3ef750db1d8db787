// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <refheap.h>

#include "heap.h"
#include "report.h"
#include "script.h"
#include "tour_run.h"
#include "util.h"

/**
 * struct tour_run - where the lines of a step are executed
 * @outer: of who asked for the tour
 * @inner: of the step: a shell
 * @heap: number of its heap
 * @folder: for files that the lines write
 * @before: the folder that it was called in, or -1
 */
struct tour_run {
	struct context *outer;
	struct context inner;
	uint32_t heap;
	char *folder;
	int before;
};

static int make_folder(struct tour_run *run)
{
	const char *base = getenv("TMPDIR");

	run->folder = xasprintf("%s/refheap-tour-XXXXXX", base && *base ? base : "/tmp");
	run->before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mkdtemp(run->folder) && !chdir(run->folder))
		return STATUS_OK;
	return report_refused(run->outer, errno, "cannot make a folder such as '%s': %s",
			      run->folder, strerror(errno));
}

/* Lines write files, no folders. */
static void remove_folder(struct tour_run *run)
{
	DIR *folder = opendir(run->folder);
	struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(folder), entry->d_name, 0);
	}
	if (folder)
		closedir(folder);
	if (run->before >= 0) {
		if (fchdir(run->before) && chdir("/"))
			report_refused(run->outer, errno, "cannot leave '%s'", run->folder);
		close(run->before);
	}
	rmdir(run->folder);
	free(run->folder);
}

/* Whether a heap is that of a tour. While one goes on it has a session. */
static bool is_left_over(const struct refheap_heap_info *info)
{
	const char *number = info->name + strlen("tour.");

	return info->owner == geteuid() && !info->sessions &&
	       !strncmp(info->name, "tour.", strlen("tour.")) && *number &&
	       !number[strspn(number, "0123456789")];
}

/* What tours that were killed have left; that it fails is no reason not to go on. */
static void remove_left_over(struct tour_run *run)
{
	refheap_auto_iter struct refheap_iter *iterator = NULL;
	struct refheap_heap_info info;

	if (refheap_iter_heaps(run->outer->control, &iterator))
		return;
	while (refheap_next_heap(iterator, &info) == 1) {
		if (is_left_over(&info))
			refheap_heap_remove(run->outer->control, info.heap);
	}
}

static int make_heap(struct tour_run *run)
{
	cleanup_free char *name = xasprintf("tour.%ld", (long)getpid());
	struct context *inner = &run->inner;
	struct refheap *session;
	int error;

	remove_left_over(run);
	/* Somebody may look at what a tour has left, of which this is the number now. */
	error = refheap_open(name, REFHEAP_ATTACH_CREATE, &session);
	if (!error && !refheap_was_created(session)) {
		refheap_heap_remove(run->outer->control, refheap_heap(session));
		refheap_close(session);
		error = refheap_open(name, REFHEAP_ATTACH_CREATE, &session);
	}
	if (error)
		return report_error(run->outer, error, "cannot make the heap '%s'", name);
	*inner = (struct context){
		.format.color = COLOR_NEVER,
		.heap_name = xstrdup(name),
		.heap_owner = REFHEAP_OWNER_SELF,
		.session = session,
		.in_shell = true,
	};
	run->heap = refheap_heap(session);
	return STATUS_OK;
}

static int make_file(struct tour_run *run, const struct tour_step *step)
{
	FILE *file = step->file ? fopen(step->file, "we") : NULL;

	for (size_t i = 0; file && i < step->content.count; i++)
		fprintf(file, "%s\n", step->content.list[i]);
	if (!step->file || (file && !fclose(file)))
		return STATUS_OK;
	return report_refused(run->outer, errno, "cannot write '%s': %s", step->file,
			      strerror(errno));
}

int tour_run_begin(struct context *context, const struct tour_step *step, struct tour_run **run)
{
	struct tour_run *fresh = xcalloc(1, sizeof(*fresh));
	struct refheap_ctl *control;
	int status = heap_control(context, &control);

	if (status) {
		free(fresh);
		return status;
	}
	fresh->outer = context;
	status = make_folder(fresh);
	if (!status)
		status = make_file(fresh, step);
	if (!status)
		status = make_heap(fresh);
	if (!status)
		*run = fresh;
	else
		tour_run_end(fresh);
	return status;
}

void tour_run_end(struct tour_run *run)
{
	if (!run)
		return;
	if (run->inner.session)
		heap_close(&run->inner);
	if (run->heap)
		refheap_heap_remove(run->outer->control, run->heap);
	remove_folder(run);
	free(run);
}

/* Both outputs of this process go to a file in memory, and come back. */
struct capture {
	int file;
	int output;
	int errors;
};

static void capture_begin(struct capture *capture)
{
	fflush(stdout);
	fflush(stderr);
	capture->file = memfd_create("output", MFD_CLOEXEC);
	capture->output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	capture->errors = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	dup2(capture->file, STDOUT_FILENO);
	dup2(capture->file, STDERR_FILENO);
}

static char *capture_end(struct capture *capture)
{
	struct text text = { 0 };
	char buffer[4096];
	ssize_t length;

	fflush(stdout);
	fflush(stderr);
	dup2(capture->output, STDOUT_FILENO);
	dup2(capture->errors, STDERR_FILENO);
	text_add(&text, "", 0);
	for (off_t at = 0; (length = pread(capture->file, buffer, sizeof(buffer), at)) > 0;
	     at += length)
		text_add(&text, buffer, (size_t)length);
	close(capture->file);
	close(capture->output);
	close(capture->errors);
	return text.data;
}

/* How many rows a listing has: its lines without the heading. */
static char *count_rows(char *printed)
{
	size_t lines = 0;

	for (const char *at = printed; *at; at++)
		lines += *at == '\n';
	free(printed);
	return xasprintf("%zu\n", lines ? lines - 1 : 0);
}

/* As another process would, in a session of its own. */
static int run_apart(struct tour_run *run, char *line)
{
	struct context apart = {
		.format.color = COLOR_NEVER,
		.heap_name = xstrdup(run->inner.heap_name),
		.heap_owner = REFHEAP_OWNER_SELF,
	};
	int status = script_line(&apart, line);

	heap_close(&apart);
	return status;
}

static int run_line(struct tour_run *run, char *line)
{
	const size_t program = strlen("refheap ");

	if (!strncmp(line, "refheap ", program))
		return run_apart(run, line + program);
	return script_line(&run->inner, line);
}

char *tour_run_row(struct tour_run *run, const struct tour_row *row, bool *failed)
{
	struct text all = { 0 };

	text_add(&all, "", 0);
	*failed = false;
	for (size_t i = 0; i < row->shell.count; i++) {
		const char *text = row->shell.list[i];
		cleanup_free char *line = xstrdup(text + 1);
		cleanup_free char *output = NULL;
		struct capture capture;
		int status;

		capture_begin(&capture);
		status = run_line(run, line);
		output = capture_end(&capture);
		*failed |= !status == (*text == '!');
		if (*text == '#')
			output = count_rows(output);
		text_add_string(&all, output);
	}
	return all.data;
}
