// SPDX-License-Identifier: GPL-2.0
/* The page: a viewer that was built with the command, and the data in it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd_report.h"
#include "replace.h"
#include "report.h"

/* From cmd_report_viewer.S; of size 0 when there was no npm to build it. */
extern const char report_viewer[];
extern const unsigned int report_viewer_bytes;

/* Where the data goes. */
static const char mark[] = "@data@";

int report_check_viewer(struct context *context)
{
	if (memmem(report_viewer, report_viewer_bytes, mark, strlen(mark)))
		return STATUS_OK;
	return report_refused(context, ENOTSUP,
			      "this command was built without the viewer of reports, which needs "
			      "npm; with it, 'make userspace' builds one");
}

/*
 * What may be in a script of HTML: with no '<' nothing can end it. Strings alone
 * can have one, where JSON has another way to write it.
 */
static void write_data(FILE *file, struct json_object *data)
{
	const char *text = json_object_to_json_string_ext(data, JSON_C_TO_STRING_PLAIN |
							  JSON_C_TO_STRING_NOSLASHESCAPE);

	while (*text) {
		size_t length = strcspn(text, "<");

		fwrite(text, 1, length, file);
		text += length;
		if (*text) {
			fputs("\\u003c", file);
			text++;
		}
	}
}

/* Return: 0 or a positive errno. */
static int write_page(FILE *file, struct json_object *data)
{
	const char *end = report_viewer + report_viewer_bytes;
	const char *at = memmem(report_viewer, report_viewer_bytes, mark, strlen(mark));

	errno = 0;
	fwrite(report_viewer, 1, (size_t)(at - report_viewer), file);
	write_data(file, data);
	at += strlen(mark);
	fwrite(at, 1, (size_t)(end - at), file);
	if (!fflush(file) && !ferror(file))
		return 0;
	return errno ? errno : EIO;
}

/* Return: 0 or a positive errno. */
static int write_file(int fd, struct json_object *data)
{
	int copy = dup(fd), error;
	FILE *file = copy < 0 ? NULL : fdopen(copy, "w");

	if (!file) {
		error = errno;
		if (copy >= 0)
			close(copy);
		return error;
	}
	error = write_page(file, data);
	if (fclose(file) && !error)
		error = errno;
	return error;
}

static int replace_file(const char *path, struct json_object *data)
{
	struct replacement page;
	int error = replace_begin(&page, path), end;

	if (error)
		return error;
	error = write_file(page.fd, data);
	end = replace_end(&page, !error);
	return error ? error : end;
}

int report_write(struct context *context, const char *path, struct json_object *data)
{
	int error = strcmp(path, "-") ? replace_file(path, data) : write_page(stdout, data);

	return error ? report_unwritten(context, error, path) : STATUS_OK;
}
