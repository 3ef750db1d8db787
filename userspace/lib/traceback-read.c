// SPDX-License-Identifier: LGPL-2.1-or-later
/* Sites as frames, and frames as Python prints them. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "traceback-read.h"

#define SOURCE_BYTES_MAX (16 << 20) /* longer files are no source */

/* A text while it is read. */
struct reader {
	struct rh_symbols *symbols;
	struct rh_strings *strings;
	struct rh_frames *frames;
	const char **module;	/* lines, as far as there have been any */
	size_t modules;
	size_t current;		/* module of the frames that follow, and one */
};

static const char *line_end(const char *line)
{
	return strchrnul(line, '\n');
}

/* The line behind the last colon; where the name ends goes to @length. */
static uint32_t split(const char *where, size_t *length)
{
	const char *end = where + *length, *colon = memrchr(where, ':', *length);
	uint64_t line = 0;

	if (!colon || colon + 1 == end)
		return 0;
	for (const char *at = colon + 1; at < end; at++) {
		if (!isdigit((unsigned char)*at))
			return 0;
		line = line * 10 + (uint64_t)(*at - '0');
		if (line > UINT32_MAX)
			return 0;
	}
	*length = (size_t)(colon - where);
	return (uint32_t)line;
}

int rh_place_add(const char *where, size_t length, struct rh_strings *strings,
		 struct rh_frames *frames)
{
	struct refheap_trace_frame frame = { .line = split(where, &length) };

	frame.filename = rh_strings_keep(strings, where, length);
	return frame.filename ? rh_frames_add(frames, &frame) : -ENOMEM;
}

/* Return: whether it is one; then the frames that follow are of it. */
static bool read_module(struct reader *reader, const char *line)
{
	const char *end = line_end(line);
	unsigned long number;
	char *stop;

	if (*line != '@')
		return false;
	if (memchr(line, ' ', (size_t)(end - line))) {
		reader->module[reader->modules++] = line + 1;
		reader->current = reader->modules;
		return true;
	}
	number = strtoul(line + 1, &stop, 10);
	if (!isdigit((unsigned char)line[1]) || stop != end ||
	    number >= reader->modules)
		return false;
	reader->current = number + 1;
	return true;
}

/* Return: 1 when it was an address, 0 when not, or an error. */
static int read_address(struct reader *reader, const char *line)
{
	const char *module, *blank;
	struct rh_address address;
	char *stop, *build_id, *path;
	int err = -ENOMEM;

	if (*line != '+' || !reader->current ||
	    !isxdigit((unsigned char)line[1]))
		return 0;
	address.address = strtoull(line + 1, &stop, 16);
	if (stop != line_end(line))
		return 0;
	module = reader->module[reader->current - 1];
	blank = strchr(module, ' ');
	address.build_id = build_id = strndup(module, (size_t)(blank - module));
	address.path = path = strndup(blank + 1,
				      (size_t)(line_end(blank) - blank - 1));
	if (build_id && path)
		err = rh_symbols_add(reader->symbols, reader->strings, &address,
				     reader->frames);
	free(build_id);
	free(path);
	return err ? err : 1;
}

static int read_line(struct reader *reader, const char *line)
{
	int read;

	if (read_module(reader, line))
		return 0;
	read = read_address(reader, line);
	if (read)
		return read < 0 ? read : 0;
	return rh_place_add(line, (size_t)(line_end(line) - line),
			    reader->strings, reader->frames);
}

/* What has called main() is not the program's. */
static void leave_out_callers_of_main(struct rh_frames *frames, size_t first)
{
	for (size_t i = first; i < frames->count; i++) {
		const char *function = frames->frame[i].function;

		if (function && !strcmp(function, "main"))
			frames->count = i + 1;
	}
}

int rh_site_read(const char *site, struct rh_symbols *symbols,
		 struct rh_strings *strings, struct rh_frames *frames)
{
	struct reader reader = {
		.symbols = symbols, .strings = strings, .frames = frames,
	};
	size_t first = frames->count, lines = 1;
	int err = 0;

	for (const char *at = site; *at; at++)
		lines += *at == '\n';
	reader.module = calloc(lines, sizeof(*reader.module));
	if (!reader.module)
		return -ENOMEM;
	for (const char *at = site; !err; at = line_end(at) + 1) {
		err = read_line(&reader, at);
		if (!*line_end(at))
			break;
	}
	free(reader.module);
	leave_out_callers_of_main(frames, first);
	/* A module without any frame is a place of that name. */
	if (!err && frames->count == first)
		err = rh_place_add(site, strlen(site), strings, frames);
	return err;
}

/* With what it is made of; the public part comes first. */
struct owned {
	struct refheap_traceback traceback;
	struct rh_strings strings;
};

void refheap_traceback_free(struct refheap_traceback *traceback)
{
	struct owned *owned = (struct owned *)traceback;

	if (!owned)
		return;
	free((void *)owned->traceback.frame);
	rh_strings_free(&owned->strings);
	free(owned);
}

int refheap_traceback_read(const char *site,
			   struct refheap_traceback **traceback)
{
	struct owned *owned = calloc(1, sizeof(*owned));
	struct rh_symbols symbols = { .files = NULL };
	struct rh_frames frames = { .frame = NULL };
	int err;

	if (!owned)
		return -ENOMEM;
	err = rh_site_read(site, &symbols, &owned->strings, &frames);
	rh_symbols_free(&symbols);
	owned->traceback.frame = frames.frame;
	owned->traceback.count = frames.count;
	if (err)
		refheap_traceback_free(&owned->traceback);
	else
		*traceback = &owned->traceback;
	return err;
}

/* Whoever made an object says which file that is: it may be anything. */
static bool is_small(int fd)
{
	struct stat stat;

	return !fstat(fd, &stat) && stat.st_size <= SOURCE_BYTES_MAX;
}

/* Prints that line of a file, without the blanks around it, if it is there. */
static void print_source(FILE *out, const struct refheap_trace_frame *frame)
{
	int fd = frame->line ? rh_open_regular(frame->filename) : -1;
	FILE *file = fd >= 0 && is_small(fd) ? fdopen(fd, "r") : NULL;
	char *line = NULL, *begin;
	size_t room = 0;
	ssize_t length = 0;

	if (!file) {
		if (fd >= 0)
			close(fd);
		return;
	}
	for (uint32_t i = 0; i < frame->line && length >= 0; i++)
		length = getline(&line, &room, file);
	if (length > 0) {
		while (length && isspace((unsigned char)line[length - 1]))
			line[--length] = '\0';
		begin = line + strspn(line, " \t\v\f\r");
		if (*begin)
			fprintf(out, "    %s\n", begin);
	}
	free(line);
	fclose(file);
}

char *refheap_traceback_format(const struct refheap_traceback *traceback,
			       size_t limit, bool most_recent_first)
{
	size_t count = traceback->count, room;
	char *text = NULL;
	FILE *out = open_memstream(&text, &room);

	if (!out)
		return NULL;
	if (limit && limit < count)
		count = limit;
	for (size_t i = 0; i < count; i++) {
		const struct refheap_trace_frame *frame =
			&traceback->frame[most_recent_first ? i :
							      count - 1 - i];

		fprintf(out, "  File \"%s\", line %" PRIu32 "\n",
			frame->filename, frame->line);
		print_source(out, frame);
	}
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}
