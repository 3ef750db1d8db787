// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Snapshots in files. The first line says what it is and its version, the
 * second has the totals, then each site has a line, followed by one for each of
 * its frames, and the last line says how many sites these were, so that a file
 * that was cut off is known. What a frame is in and of follows it. All is in
 * words: a file means the same where the programs are not.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "snapshot.h"

#define FIRST_LINE "refheap-trace 2"
#define TOTALS 12
#define FIGURES 6
#define NAME_BYTES_MAX 65536
#define LINE_BYTES_MAX (2 * NAME_BYTES_MAX)

/* A line feed in a name would end its line. */
static void write_name(FILE *file, const char *name)
{
	for (; *name; name++) {
		if (*name == '\n')
			fputs("\\n", file);
		else if (*name == '\\')
			fputs("\\\\", file);
		else
			putc(*name, file);
	}
	putc('\n', file);
}

static void write_frame(FILE *file, const struct refheap_trace_frame *frame)
{
	fprintf(file, "frame %" PRIu32 " ", frame->line);
	write_name(file, frame->filename);
	if (frame->function) {
		fputs("in ", file);
		write_name(file, frame->function);
	}
	if (frame->module) {
		fputs("of ", file);
		write_name(file, frame->module);
	}
}

static void write_numbers(FILE *file, const char *word,
			  const uint64_t *numbers, size_t count)
{
	fputs(word, file);
	for (size_t i = 0; i < count; i++)
		fprintf(file, " %" PRIu64, numbers[i]);
	putc('\n', file);
}

static void write_entry(FILE *file, const struct refheap_snapshot *snapshot,
			const struct rh_entry *entry)
{
	const struct refheap_trace_site *site = &entry->site;
	const uint64_t figures[FIGURES] = {
		site->bytes, site->count, site->births, site->samples,
		site->byte_squares, site->count_squares,
	};

	write_numbers(file, "site", figures, FIGURES);
	for (size_t i = 0; i < entry->frames; i++)
		write_frame(file, &rh_entry_frames(snapshot, entry)[i]);
}

static void write_totals(FILE *file, const struct refheap_traced *traced)
{
	const uint64_t totals[TOTALS] = {
		traced->bytes, traced->peak, traced->count, traced->births,
		traced->overhead, traced->frames, traced->flags, traced->sample,
		traced->samples, traced->byte_squares, traced->byte_unit,
		traced->count_squares,
	};

	write_numbers(file, "traced", totals, TOTALS);
}

int refheap_snapshot_save(const struct refheap_snapshot *snapshot,
			  const char *path)
{
	FILE *file = fopen(path, "we");
	int err;

	if (!file)
		return -errno;
	fputs(FIRST_LINE "\n", file);
	write_totals(file, &snapshot->traced);
	for (size_t i = 0; i < snapshot->count; i++)
		write_entry(file, snapshot, &snapshot->entry[i]);
	fprintf(file, "end %zu\n", snapshot->count);
	err = fflush(file) || ferror(file) ? -errno : 0;
	if (fclose(file) && !err)
		err = -errno;
	return err;
}

/* The next field of a line: decimal digits and a blank, or the end of it. */
static bool read_number(const char **at, uint64_t *number)
{
	char *end;

	if (**at < '0' || **at > '9')
		return false;
	errno = 0;
	*number = strtoull(*at, &end, 10);
	if (errno || (*end != ' ' && *end))
		return false;
	*at = *end ? end + 1 : end;
	return true;
}

static bool read_numbers(const char **at, uint64_t *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!read_number(at, &numbers[i]))
			return false;
	return true;
}

static bool unescape(char *name)
{
	char *to = name;

	for (; *name; name++) {
		if (*name != '\\') {
			*to++ = *name;
			continue;
		}
		name++;
		if (*name != 'n' && *name != '\\')
			return false;
		*to++ = *name == 'n' ? '\n' : '\\';
	}
	*to = '\0';
	return true;
}

/* Return: a copy without escapes that belongs to the snapshot, or NULL. */
static const char *read_name(struct refheap_snapshot *snapshot, const char *at,
			     int *err)
{
	const char *kept = NULL;
	char *name = NULL;

	*err = -EUCLEAN;
	if (*at && strlen(at) <= NAME_BYTES_MAX) {
		*err = -ENOMEM;
		name = strdup(at);
	}
	if (name) {
		if (unescape(name))
			kept = rh_strings_keep(&snapshot->strings, name,
					       strlen(name));
		else
			*err = -EUCLEAN;
	}
	free(name);
	if (kept)
		*err = 0;
	return kept;
}

/* Small enough for some to be added up; see count_figures(). */
static bool are_figures(const uint64_t *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (numbers[i] > INT64_MAX >> 16)
			return false;
	return true;
}

static int read_site(struct refheap_snapshot *snapshot, const char *at)
{
	uint64_t figures[FIGURES];
	struct refheap_trace_site site;

	if (!read_numbers(&at, figures, FIGURES) || *at ||
	    !are_figures(figures, 4))
		return -EUCLEAN;
	site = (struct refheap_trace_site){
		.bytes = figures[0],
		.count = figures[1],
		.births = figures[2],
		.samples = figures[3],
		.byte_squares = figures[4],
		.count_squares = figures[5],
	};
	return rh_snapshot_add(snapshot, &site);
}

/* Return: whether no statistic can come to more than a number can be. */
static bool count_figures(struct refheap_snapshot *snapshot)
{
	const struct refheap_trace_site *site =
		&snapshot->entry[snapshot->count - 1].site;

	snapshot->sum += site->bytes + site->count + site->births;
	return snapshot->sum <= INT64_MAX / 2;
}

static int read_frame(struct refheap_snapshot *snapshot, const char *at)
{
	struct refheap_trace_frame frame = { .line = 0 };
	uint64_t line;
	int err;

	if (!snapshot->count || !read_number(&at, &line) || line > UINT32_MAX ||
	    !count_figures(snapshot))
		return -EUCLEAN;
	frame.line = (uint32_t)line;
	frame.filename = read_name(snapshot, at, &err);
	if (!err)
		err = rh_frames_add(&snapshot->frames, &frame);
	if (!err)
		rh_snapshot_added(snapshot);
	return err;
}

/* The frame that was read last, of the last site; or NULL. */
static struct refheap_trace_frame *last_frame(struct refheap_snapshot *snapshot)
{
	if (!snapshot->count || !snapshot->entry[snapshot->count - 1].frames)
		return NULL;
	return &snapshot->frames.frame[snapshot->frames.count - 1];
}

/* What is known of the last frame besides. */
static int read_about(struct refheap_snapshot *snapshot, const char *function,
		      const char *module)
{
	struct refheap_trace_frame *frame = last_frame(snapshot);
	int err;

	if (!frame)
		return -EUCLEAN;
	if (function)
		frame->function = read_name(snapshot, function, &err);
	else
		frame->module = read_name(snapshot, module, &err);
	return err;
}

static int read_totals(struct refheap_snapshot *snapshot, const char *at)
{
	uint64_t totals[TOTALS];

	if (!read_numbers(&at, totals, TOTALS) || *at ||
	    totals[5] > REFHEAP_TRACE_FRAMES_MAX || totals[6] > UINT32_MAX)
		return -EUCLEAN;
	snapshot->traced = (struct refheap_traced){
		.bytes = totals[0],
		.peak = totals[1],
		.count = totals[2],
		.births = totals[3],
		.overhead = totals[4],
		.on = 1,
		.frames = (uint32_t)totals[5],
		.flags = (uint32_t)totals[6],
		.sample = totals[7],
		.samples = totals[8],
		.byte_squares = totals[9],
		.byte_unit = totals[10],
		.count_squares = totals[11],
	};
	return 0;
}

/* What follows @word and a blank at the beginning of a line, or NULL. */
static const char *behind(const char *line, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(line, word, length) || line[length] != ' ')
		return NULL;
	return line + length + 1;
}

static int read_end(const struct refheap_snapshot *snapshot, const char *at)
{
	uint64_t count;

	if (!read_number(&at, &count) || *at || count != snapshot->count)
		return -EUCLEAN;
	return 1;
}

/* The site before has at least one frame. */
static bool is_whole(const struct refheap_snapshot *snapshot)
{
	return !snapshot->count || snapshot->entry[snapshot->count - 1].frames;
}

/* Return: 1 after the last line, 0 after another one, or an error. */
static int read_line(struct refheap_snapshot *snapshot, const char *line,
		     size_t number)
{
	const char *at;

	if (number == 2) {
		at = behind(line, "traced");
		return at ? read_totals(snapshot, at) : -EUCLEAN;
	}
	if ((at = behind(line, "frame")))
		return read_frame(snapshot, at);
	if ((at = behind(line, "in")))
		return read_about(snapshot, at, NULL);
	if ((at = behind(line, "of")))
		return read_about(snapshot, NULL, at);
	if (!is_whole(snapshot))
		return -EUCLEAN;
	if ((at = behind(line, "site")))
		return read_site(snapshot, at);
	at = behind(line, "end");
	return at ? read_end(snapshot, at) : -EUCLEAN;
}

/* Without its line feed. Return: whether it was one, and of bounded length. */
static bool get_line(FILE *file, char *line)
{
	size_t length = 0;
	int next;

	while ((next = getc_unlocked(file)) > 0 && next != '\n') {
		if (length == LINE_BYTES_MAX)
			return false;
		line[length++] = (char)next;
	}
	line[length] = '\0';
	return next == '\n';
}

static int read_lines(struct refheap_snapshot *snapshot, FILE *file)
{
	char *line = malloc(LINE_BYTES_MAX + 1);
	size_t number = 1;
	int got = -EUCLEAN;

	if (!line)
		return -ENOMEM;
	if (get_line(file, line) && !strcmp(line, FIRST_LINE))
		got = 0;
	while (!got)
		got = get_line(file, line) ?
			      read_line(snapshot, line, ++number) :
			      -EUCLEAN;
	if (got == 1 && getc(file) != EOF)
		got = -EUCLEAN;
	free(line);
	return got == 1 ? 0 : got;
}

int refheap_snapshot_load(const char *path, struct refheap_snapshot **snapshot)
{
	struct refheap_snapshot *loaded;
	FILE *file = fopen(path, "re");
	int err;

	if (!file)
		return -errno;
	loaded = rh_snapshot_new();
	err = loaded ? read_lines(loaded, file) : -ENOMEM;
	if (ferror(file))
		err = -EIO;
	fclose(file);
	if (err)
		refheap_snapshot_free(loaded);
	else
		*snapshot = loaded;
	return err;
}
