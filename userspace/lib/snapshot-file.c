// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Snapshots in files. The first line says what it is and its version, the
 * second has the totals, then each site has a line, and the last line says how
 * many these were, so that a file that was cut off is known.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "snapshot.h"

#define FIRST_LINE "refheap-trace 1\n"
#define SITE_BYTES_MAX 65536

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
}

static void write_entry(FILE *file, const struct rh_entry *entry)
{
	fprintf(file, "site %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu32 " ",
		entry->bytes, entry->count, entry->births, entry->line);
	write_name(file, entry->filename);
	putc('\n', file);
}

int refheap_snapshot_save(const struct refheap_snapshot *snapshot,
			  const char *path)
{
	const struct refheap_traced *traced = &snapshot->traced;
	FILE *file = fopen(path, "we");
	int err;

	if (!file)
		return -errno;
	fputs(FIRST_LINE, file);
	fprintf(file, "traced %llu %llu %llu %llu %llu\n", traced->bytes,
		traced->peak, traced->count, traced->births, traced->overhead);
	for (size_t i = 0; i < snapshot->count; i++)
		write_entry(file, &snapshot->entry[i]);
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

static int read_entry(struct refheap_snapshot *snapshot, const char *at)
{
	uint64_t numbers[4];
	struct refheap_trace_site site;
	char *name, *where = NULL;
	int err;

	if (!read_numbers(&at, numbers, 4) || numbers[3] > UINT32_MAX ||
	    strlen(at) > SITE_BYTES_MAX ||
	    (numbers[0] | numbers[1] | numbers[2]) > INT64_MAX)
		return -EUCLEAN;
	site.bytes = numbers[0];
	site.count = numbers[1];
	site.births = numbers[2];
	name = strdup(at);
	if (!name)
		return -ENOMEM;
	err = unescape(name) ? 0 : -EUCLEAN;
	if (!err && asprintf(&where, "%s:%" PRIu64, name, numbers[3]) < 0)
		err = -ENOMEM;
	if (!err)
		err = rh_snapshot_add(snapshot, where, &site);
	free(name);
	free(where);
	return err;
}

static int read_totals(struct refheap_snapshot *snapshot, const char *at)
{
	uint64_t numbers[5];

	if (!read_numbers(&at, numbers, 5) || *at)
		return -EUCLEAN;
	snapshot->traced = (struct refheap_traced){
		.bytes = numbers[0],
		.peak = numbers[1],
		.count = numbers[2],
		.births = numbers[3],
		.overhead = numbers[4],
		.on = 1,
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

/* Return: 1 after the last line, 0 after another one, or an error. */
static int read_line(struct refheap_snapshot *snapshot, const char *line,
		     size_t number)
{
	const char *at;
	uint64_t count;

	if (number == 2) {
		at = behind(line, "traced");
		return at ? read_totals(snapshot, at) : -EUCLEAN;
	}
	at = behind(line, "site");
	if (at)
		return read_entry(snapshot, at);
	at = behind(line, "end");
	if (!at || !read_number(&at, &count) || *at || count != snapshot->count)
		return -EUCLEAN;
	return 1;
}

static int read_lines(struct refheap_snapshot *snapshot, FILE *file)
{
	char *line = NULL;
	size_t room = 0, number = 1;
	ssize_t length;
	int got = -EUCLEAN;

	if (getline(&line, &room, file) > 0 && !strcmp(line, FIRST_LINE))
		got = 0;
	while (!got) {
		length = getline(&line, &room, file);
		if (length < 0 || line[length - 1] != '\n' ||
		    memchr(line, '\0', (size_t)length)) {
			got = -EUCLEAN;
			break;
		}
		line[length - 1] = '\0';
		got = read_line(snapshot, line, ++number);
	}
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
