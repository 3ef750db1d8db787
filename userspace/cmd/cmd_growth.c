// SPDX-License-Identifier: GPL-2.0
/*
 * Growth as objgraph has it: the most that there were of each type when it was
 * asked last is in a file, and what exceeds that now is shown.
 */
#include <errno.h>
#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <refheap.h>

#include "clock.h"
#include "cmd.h"
#include "cmd_growth.h"
#include "escape.h"
#include "heap.h"
#include "interrupt.h"
#include "output.h"
#include "replace.h"
#include "report.h"
#include "util.h"

#define TOP	10
#define TRIES	5
#define HEADER	"refheap growth 1 heap %" PRIu32 "\n"

/* A type or kind, how many there are, and how many more than before. */
struct count {
	char *name;
	uint64_t total;
	uint64_t more;
};

struct counts {
	struct count *list;
	size_t count;
	size_t room;
};

static void make_room(struct counts *counts, size_t room)
{
	if (counts->room >= room)
		return;
	counts->room = room;
	counts->list = xrealloc(counts->list, counts->room, sizeof(*counts->list));
}

static struct count *add_count(struct counts *counts, const char *name)
{
	if (counts->count == counts->room)
		make_room(counts, counts->room * 2 + 32);
	counts->list[counts->count] = (struct count){ .name = xstrdup(name) };
	return &counts->list[counts->count++];
}

static void free_counts(struct counts *counts)
{
	for (size_t i = 0; i < counts->count; i++)
		free(counts->list[i].name);
	free(counts->list);
	*counts = (struct counts){ 0 };
}

#define cleanup_counts __attribute__((cleanup(free_counts)))

/* Every type and kind that has objects. Return: 0 or a negative errno. */
static int count_once(struct refheap_ctl *control, uint32_t heap, struct counts *now)
{
	refheap_auto_iter struct refheap_iter *iterator = NULL;
	struct refheap_type_info info;
	int error;

	free_counts(now);
	error = refheap_iter_types(control, heap, &iterator);
	if (error)
		return error;
	while ((error = refheap_next_type(iterator, &info)) == 1) {
		/* The kind "instance" has all that the types have. */
		if (info.objects && (info.type || info.kind != REFHEAP_KIND_INSTANCE))
			add_count(now, info.name)->total = info.objects;
	}
	return error;
}

static int count_types(struct context *context, struct counts *now)
{
	struct refheap_ctl *control;
	int error = -EINTR, status;
	uint32_t heap;

	status = heap_inspect(context, &control, &heap);
	if (status)
		return status;
	for (int i = 0; error == -EINTR && i < TRIES; i++)
		error = count_once(control, heap, now);
	return error ? report_error(context, error, "cannot count the objects") : STATUS_OK;
}

static int damaged(struct context *context, const char *file)
{
	return report_refused(context, EBADMSG, "'%s' is not what 'refheap growth' has written",
			      file);
}

/* Types may have any name. What would not be a line as it is stands in quotes. */
static bool needs_quotes(const char *name)
{
	if (*name == '\'' || *name == '"')
		return true;
	while (*name && (unsigned char)*name >= 0x20 && *name != 0x7f)
		name++;
	return *name;
}

static int read_count(const char *line, struct counts *before)
{
	cleanup_text struct text text = { 0 };
	const char *name, *end;
	uint64_t total;
	int length = 0;

	if (sscanf(line, "%" SCNu64 "%n", &total, &length) != 1 || line[length] != ' ')
		return -EBADMSG;
	name = line + length + 1;
	if (*name == '\'' || *name == '"') {
		end = escape_read(name, false, &text);
		if (!end || *end)
			return -EBADMSG;
		name = text.data;
	}
	if (!*name)
		return -EBADMSG;
	add_count(before, name)->total = total;
	return 0;
}

/* Lines of counts and names, after one with the number of the heap. */
static int read_lines(FILE *in, uint32_t heap, struct counts *before)
{
	cleanup_free char *line = NULL;
	int end = 0, error = 0;
	size_t room = 0;
	uint32_t other;
	ssize_t length;

	if (getline(&line, &room, in) < 0 ||
	    sscanf(line, HEADER "%n", &other, &end) != 1 || !end)
		return -EBADMSG;
	/* A heap that was removed and made again begins anew. */
	if (other != heap)
		return 0;
	while (!error && (length = getline(&line, &room, in)) > 0) {
		if (line[length - 1] != '\n')
			return -EBADMSG;
		line[length - 1] = '\0';
		error = read_count(line, before);
	}
	return error;
}

static int read_counts(struct context *context, const char *file, struct counts *before)
{
	FILE *in = fopen(file, "r");
	int error;

	if (!in && errno == ENOENT)
		return STATUS_OK;
	if (!in)
		return report_refused(context, errno, "cannot read '%s': %s", file,
				      strerror(errno));
	error = read_lines(in, refheap_heap(context->session), before);
	fclose(in);
	return error ? damaged(context, file) : STATUS_OK;
}

/* All that goes into the file; to be freed. */
static char *counts_text(uint32_t heap, const struct counts *counts)
{
	char *text = NULL;
	size_t length;
	FILE *file = open_memstream(&text, &length);

	if (!file)
		out_of_memory();
	fprintf(file, HEADER, heap);
	for (size_t i = 0; i < counts->count; i++) {
		const char *name = counts->list[i].name;

		fprintf(file, "%" PRIu64 " ", counts->list[i].total);
		if (needs_quotes(name))
			escape_write(file, name, strlen(name), false);
		else
			fputs(name, file);
		putc('\n', file);
	}
	if (fclose(file))
		out_of_memory();
	return text;
}

static int write_counts(struct context *context, const char *path, const struct counts *counts)
{
	cleanup_free char *text = NULL;
	struct replacement file;
	int error = replace_begin(&file, path), end;

	if (error)
		return report_unwritten(context, error, path);
	text = counts_text(refheap_heap(context->session), counts);
	if (dprintf(file.fd, "%s", text) < 0)
		error = errno;
	end = replace_end(&file, !error);
	error = error ? error : end;
	return error ? report_unwritten(context, error, path) : STATUS_OK;
}

/* The file of the heap in the folder of states, which is made. */
static char *state_file(struct context *context)
{
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	cleanup_free char *base = NULL;
	cleanup_free char *folder = NULL;

	if (state && state[0] == '/')
		base = xstrdup(state);
	else if (home && home[0] == '/')
		base = xasprintf("%s/.local/state", home);
	else
		return NULL;
	folder = xasprintf("%s/refheap", base);
	for (char *at = folder + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		mkdir(folder, 0700);
		*at = '/';
	}
	mkdir(folder, 0700);
	/* Names of heaps have no slash. */
	return xasprintf("%s/growth.%" PRIu32 ".%s", folder, refheap_heap(context->session),
			 refheap_name(context->session));
}

static int most_growth_first(const void *a, const void *b)
{
	const struct count *one = a, *other = b;

	if (one->more != other->more)
		return one->more < other->more ? 1 : -1;
	return strcmp(one->name, other->name);
}

static int by_name(const void *a, const void *b)
{
	const struct count *one = a, *other = b;

	return strcmp(one->name, other->name);
}

/* The count of that name in the tree; when there was none yet, @count from now on. */
static struct count **place_of(void **tree, const struct count *count)
{
	struct count **place = tsearch(count, tree, by_name);

	if (!place)
		out_of_memory();
	return place;
}

static void ignore(void *count)
{
	(void)count;
}

/* Raises what was there before to what is there now. */
static void compare(struct counts *now, struct counts *before)
{
	void *tree = NULL;

	/* The tree leads to them: they must not move. */
	make_room(before, before->count + now->count);
	for (size_t i = 0; i < before->count; i++)
		place_of(&tree, &before->list[i]);
	for (size_t i = 0; i < now->count; i++) {
		struct count *count = &now->list[i];
		struct count **peak = place_of(&tree, count);

		if (*peak == count)
			*peak = add_count(before, count->name);
		if (count->total > (*peak)->total) {
			count->more = count->total - (*peak)->total;
			(*peak)->total = count->total;
		}
	}
	tdestroy(tree, ignore);
	if (now->count)
		qsort(now->list, now->count, sizeof(*now->list), most_growth_first);
}

/* As objgraph.show_growth() prints it. */
static void print_text(const struct counts *now, uint64_t top)
{
	int width = 0;

	for (size_t i = 0; i < now->count && i < top && now->list[i].more; i++) {
		int length = (int)strlen(now->list[i].name);

		width = length > width ? length : width;
	}
	for (size_t i = 0; i < now->count && i < top && now->list[i].more; i++) {
		cleanup_free char *name = xstrdup(now->list[i].name);

		make_printable(name);
		printf("%-*s%9" PRIu64 " %+9" PRId64 "\n", width, name, now->list[i].total,
		       (int64_t)now->list[i].more);
	}
}

static void print_json(struct context *context, const struct counts *now, uint64_t top)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < now->count && i < top && now->list[i].more; i++) {
		const struct count *count = &now->list[i];
		struct json_object *json = json_object_new_object();

		json_object_object_add(json, "name", json_object_new_string(count->name));
		json_object_object_add(json, "total", json_object_new_uint64(count->total));
		json_object_object_add(json, "growth", json_object_new_uint64(count->more));
		json_object_array_add(list, json);
	}
	output_json(context, list);
}

static int grow_once(struct context *context, struct counts *before, uint64_t top, bool watch)
{
	cleanup_counts struct counts now = { 0 };
	int status = count_types(context, &now);
	char text[CLOCK_TEXT];

	if (status)
		return status;
	compare(&now, before);
	if (watch && !context->format.json)
		printf("%s\n", clock_format(clock_now(), text));
	if (context->format.json)
		print_json(context, &now, top);
	else
		print_text(&now, top);
	fflush(stdout);
	return STATUS_OK;
}

static int parse_seconds(struct context *context, const struct arguments *arguments,
			 double *seconds)
{
	const char *word = argument_option(arguments, "watch");
	char *end;

	*seconds = 0;
	if (!word)
		return STATUS_OK;
	*seconds = strtod(word, &end);
	if (end == word || *end || !(*seconds > 0) || *seconds > 1e6)
		return report_usage(context, "--watch needs a number of seconds, not '%s'", word);
	return STATUS_OK;
}

static int grow(struct context *context, const char *file, uint64_t top, double seconds)
{
	cleanup_counts struct counts before = { 0 };
	int status = read_counts(context, file, &before);

	while (!status) {
		status = grow_once(context, &before, top, seconds > 0);
		if (!status)
			status = write_counts(context, file, &before);
		if (status || !(seconds > 0) || interrupt_wait(-1, (int)(seconds * 1000)) < 0)
			break;
	}
	return status;
}

static int run_growth(struct context *context, struct arguments *arguments)
{
	const char *since = argument_option(arguments, "since");
	const char *mark = argument_option(arguments, "mark");
	const char *fresh = argument_option(arguments, "new");
	cleanup_free char *file = NULL;
	struct refheap *session;
	uint64_t top = TOP;
	double seconds;
	int status;

	if (mark)
		return growth_mark(context, mark);
	if (fresh)
		return growth_fresh(context, fresh, argument_option(arguments, "type"));
	status = argument_number(context, arguments, "top", &top);
	if (!status)
		status = parse_seconds(context, arguments, &seconds);
	if (!status)
		status = heap_session(context, &session);
	if (status)
		return status;
	file = since ? xstrdup(since) : state_file(context);
	if (!file)
		return report_refused(context, ENOENT,
				      "HOME is not set; choose a file with --since");
	return grow(context, file, top ? top : UINT64_MAX, seconds);
}

static const struct option_spec growth_options[] = {
	{ "top", 'n', "N", "show the N that grew most (10); 0 for all" },
	{ "since", 's', "FILE", "compare with FILE and keep the counts there" },
	{ "watch", 'w', "SECONDS", "show it again and again" },
	{ "mark", 'm', "FILE", "only write the ids of all objects to FILE" },
	{ "new", 'N', "FILE", "list the objects that have come since --mark FILE" },
	{ "type", 't', "TYPE", "with --new: only of that type or kind" },
	{ 0 },
};

const struct command growth_command = {
	.name = "growth",
	.synopsis = "",
	.summary = "Show of which types there are more objects than ever before",
	.details = "Before means: when it was asked last. Prints the type, how many there are,\n"
		   "and the increase.",
	.options = growth_options,
	.flags = COMMAND_SAVED,
	.run = run_growth,
};
