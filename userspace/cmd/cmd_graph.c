// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd.h"
#include "graph_picture.h"
#include "path.h"
#include "report.h"
#include "util.h"

extern char **environ;

#define DEPTH	3
#define MAX	10

/* The words of --type, which have commas between them. */
static char **split_types(const char *list)
{
	char **types = NULL;
	size_t count = 0;

	while (list) {
		size_t length = strcspn(list, ",");

		types = xrealloc(types, count + 2, sizeof(*types));
		types[count++] = xstrndup(list, length);
		types[count] = NULL;
		list = list[length] ? list + length + 1 : NULL;
	}
	return types;
}

static int parse_picture(struct context *context, const struct arguments *arguments,
			 struct picture *picture)
{
	bool backrefs = argument_option(arguments, "backrefs");
	bool refs = argument_option(arguments, "refs");
	bool chain = argument_option(arguments, "chain");
	uint64_t depth = DEPTH;
	int status;

	if (backrefs + refs + chain > 1)
		return report_usage(context, "--backrefs, --refs and --chain exclude each other");
	picture->mode = refs ? PICTURE_REFS : chain ? PICTURE_CHAIN : PICTURE_BACKREFS;
	picture->max = MAX;
	status = argument_number(context, arguments, "max", &picture->max);
	if (!status)
		status = argument_number(context, arguments, "depth", &depth);
	if (!status && depth > 1000)
		return report_usage(context, "--depth is at most 1000");
	picture->depth = (unsigned int)depth;
	picture->types = split_types(argument_option(arguments, "type"));
	return status;
}

/* What dot is to make of it: NULL for DOT itself; false: no such format. */
static bool find_format(const char *file, const char **format)
{
	const char *dot = strrchr(file, '.');

	*format = NULL;
	if (dot && !strcmp(dot, ".svg"))
		*format = "-Tsvg";
	else if (dot && !strcmp(dot, ".png"))
		*format = "-Tpng";
	else
		return dot && (!strcmp(dot, ".dot") || !strcmp(dot, ".gv"));
	return true;
}

/* Start dot, whose output goes to @file. Return: 0 or a positive errno. */
static int spawn_dot(const char *format, const char *file, int input[2], pid_t *child)
{
	const char *words[] = { "dot", format, "-o", file, NULL };
	posix_spawn_file_actions_t actions;
	int error;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
	error = posix_spawnp(child, "dot", &actions, NULL, (char *const *)words, environ);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

static int wait_for_dot(struct context *context, pid_t child, const char *file)
{
	int status;

	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return report_refused(context, EIO, "'dot' could not make '%s'", file);
	return STATUS_OK;
}

/* Dot may end before it has read all; its status tells. */
static void feed(int fd, const struct text *text)
{
	void (*saved)(int) = signal(SIGPIPE, SIG_IGN);
	size_t done = 0;
	ssize_t wrote;

	while (done < text->length) {
		wrote = write(fd, text->data + done, text->length - done);
		if (wrote < 0 && errno != EINTR)
			break;
		if (wrote > 0)
			done += (size_t)wrote;
	}
	signal(SIGPIPE, saved);
}

static int convert(struct context *context, const struct text *text, const char *format,
		   const char *file)
{
	int input[2], error;
	pid_t child;

	if (pipe2(input, O_CLOEXEC))
		return report_error(context, -errno, "cannot start 'dot'");
	error = spawn_dot(format, file, input, &child);
	close(input[0]);
	if (error) {
		close(input[1]);
		if (error == ENOENT)
			return report_refused(context, error, "'dot' is not installed; it is in "
					      "the package graphviz, and FILE.dot needs none");
		return report_error(context, -error, "cannot start 'dot'");
	}
	feed(input[1], text);
	close(input[1]);
	return wait_for_dot(context, child, file);
}

static int save(struct context *context, const struct text *text, const char *file)
{
	FILE *out = fopen(file, "w");
	bool failed;

	if (!out)
		return report_refused(context, errno, "cannot write '%s': %s", file,
				      strerror(errno));
	failed = fwrite(text->data, 1, text->length, out) != text->length;
	failed |= fclose(out) != 0;
	if (failed)
		return report_refused(context, EIO, "cannot write '%s'", file);
	return STATUS_OK;
}

static int print_to_file(struct context *context, const struct graph *graph,
			 const struct picture *picture, const char *file)
{
	struct text text = { 0 };
	const char *format;
	FILE *stream;
	int status;

	find_format(file, &format);
	stream = open_memstream(&text.data, &text.length);
	if (!stream)
		return report_error(context, -errno, "cannot draw");
	picture_print_dot(stream, graph, picture);
	fclose(stream);
	if (format)
		status = convert(context, &text, format, file);
	else
		status = save(context, &text, file);
	free(text.data);
	if (!status && !context->format.json)
		printf("Graph written to %s (%zu nodes)\n", file, picture->node_count);
	return status;
}

static int print_picture(struct context *context, const struct graph *graph,
			 const struct picture *picture, const char *file)
{
	int status = file ? print_to_file(context, graph, picture, file) : STATUS_OK;

	if (!status && context->format.json)
		picture_print_json(context, graph, picture);
	else if (!file)
		picture_print_tree(stdout, graph, picture);
	return status;
}

static int draw(struct context *context, const char *path, struct picture *picture,
		const char *file)
{
	cleanup_graph struct graph graph = { 0 };
	uint32_t target;
	refheap_id id;
	int error, status;

	status = path_resolve(context, path, &id);
	if (status)
		return status;
	/* Else this session would be one of the roots. */
	refheap_drop(context->session, id);
	status = graph_load(context, &graph);
	if (status)
		return status;
	target = graph_find(&graph, id);
	if (!target)
		return path_error(context, -ESTALE, path);
	error = picture_draw(context, &graph, target, picture);
	if (error)
		return report_error(context, error, "cannot follow the references");
	return print_picture(context, &graph, picture, file);
}

static int run_graph(struct context *context, struct arguments *arguments)
{
	const char *file = argument_option(arguments, "output");
	cleanup_picture struct picture picture = { 0 };
	const char *format;
	int status;

	status = parse_picture(context, arguments, &picture);
	if (status)
		return status;
	if (file && !find_format(file, &format))
		return report_usage(context, "'%s' does not end with .dot, .svg or .png", file);
	return draw(context, arguments->words[0], &picture, file);
}

static const struct option_spec graph_options[] = {
	{ "backrefs", 'B', NULL, "what refers to the object, and who holds it (the default)" },
	{ "refs", 'r', NULL, "what the object refers to" },
	{ "chain", 'c', NULL, "the shortest chain from a root to the object" },
	{ "depth", 'd', "N", "go that far (3)" },
	{ "max", 'm', "N", "show that many neighbours of one object (10)" },
	{ "type", 't', "TYPE", "only objects of these types or kinds, with commas between" },
	{ "output", 'o', "FILE", "write FILE.dot, FILE.svg or FILE.png instead of a tree" },
	{ 0 },
};

const struct command graph_command = {
	.name = "graph",
	.synopsis = "PATH",
	.summary = "Draw what refers to an object, or what it refers to",
	.details = "Without --output a tree of text is printed. SVG and PNG need the program\n"
		   "'dot'.",
	.options = graph_options,
	.minimum = 1,
	.maximum = 1,
	.flags = COMMAND_SAVED,
	.run = run_graph,
};
