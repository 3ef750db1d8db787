// SPDX-License-Identifier: GPL-2.0
/* Which objects have come since a mark: the ids of all that were there then. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <refheap.h>

#include "cmd_growth.h"
#include "heap.h"
#include "interrupt.h"
#include "output.h"
#include "report.h"
#include "util.h"

#define HEADER	"refheap mark 1 heap %" PRIu32 "\n"

static const struct column columns[] = {
	{ "id", "ID", "the object's id", COLUMN_ID },
	{ "type", "TYPE", "its type or kind", 0 },
	{ "refcount", "REFCOUNT", "references to it", COLUMN_NUMBER },
	{ "generation", "GEN", "its generation, 3 for the permanent one", COLUMN_NUMBER },
	{ "size", "SIZE", "its bytes", COLUMN_NUMBER },
};

static int cannot_write(struct context *context, const char *file)
{
	return report_refused(context, errno, "cannot write '%s': %s", file, strerror(errno));
}

/* Objects that live through the scan are all told, whatever else changes. */
int growth_mark(struct context *context, const char *file)
{
	refheap_auto_scan struct refheap_scanner *scanner = NULL;
	const struct refheap_scan *record;
	struct refheap *session;
	bool failed;
	int error, status;
	FILE *out;

	status = heap_session(context, &session);
	if (status)
		return status;
	error = refheap_scan_open(session, 0, &scanner);
	if (error)
		return report_error(context, error, "cannot look at the heap");
	out = fopen(file, "w");
	if (!out)
		return cannot_write(context, file);
	fprintf(out, HEADER, refheap_heap(session));
	while (!interrupted() && (error = refheap_scan_next(scanner, &record)) == 1)
		fwrite(&record->id, sizeof(record->id), 1, out);
	failed = ferror(out);
	failed |= fclose(out) != 0;
	if (failed)
		return cannot_write(context, file);
	if (interrupted())
		error = -EINTR;
	return error ? report_error(context, error, "cannot look at the heap") : STATUS_OK;
}

/* By slot, as they were told: the next that is not before @id. */
static bool was_there(FILE *mark, refheap_id id, refheap_id *next)
{
	while (REFHEAP_ID_SLOT(*next) < REFHEAP_ID_SLOT(id)) {
		if (fread(next, sizeof(*next), 1, mark) != 1)
			*next = UINT32_MAX;
	}
	return *next == id;
}

static int open_mark(struct context *context, const char *file, FILE **mark)
{
	char line[64];
	uint32_t heap;
	int end = 0;

	*mark = fopen(file, "r");
	if (!*mark)
		return report_refused(context, errno, "cannot read '%s': %s", file,
				      strerror(errno));
	if (fgets(line, sizeof(line), *mark) &&
	    sscanf(line, HEADER "%n", &heap, &end) == 1 && end) {
		if (heap == refheap_heap(context->session))
			return STATUS_OK;
		fclose(*mark);
		return report_refused(context, ESTALE, "'%s' is of another heap", file);
	}
	fclose(*mark);
	return report_refused(context, EBADMSG,
			      "'%s' is not what 'refheap growth --mark' has written", file);
}

static int list_fresh(struct context *context, struct refheap_scanner *scanner, FILE *mark,
		      const char *type, struct listing *listing)
{
	const struct refheap_scan *record;
	char id[REFHEAP_ID_TEXT];
	refheap_id next = 0;
	int error = 0;

	while (!interrupted() && (error = refheap_scan_next(scanner, &record)) == 1) {
		const char *name = heap_kind_or_type(context, record->kind, record->type);

		if (was_there(mark, record->id, &next) || (type && strcmp(type, name)))
			continue;
		listing_row(listing, (struct cell[]){
			cell_text(refheap_format_id(record->id, id)),
			cell_text(name),
			cell_number(record->refcount),
			cell_number(record->generation),
			cell_number(record->sizeof_),
		});
	}
	return interrupted() ? -EINTR : error;
}

int growth_fresh(struct context *context, const char *file, const char *type)
{
	refheap_auto_scan struct refheap_scanner *scanner = NULL;
	struct refheap *session;
	struct listing *listing;
	FILE *mark;
	int error, status;

	status = heap_session(context, &session);
	if (!status)
		status = open_mark(context, file, &mark);
	if (status)
		return status;
	error = refheap_scan_open(session, 0, &scanner);
	listing = error ? NULL : listing_begin(context, columns, ARRAY_SIZE(columns), &status);
	if (listing) {
		error = list_fresh(context, scanner, mark, type, listing);
		listing_end(listing);
	}
	fclose(mark);
	return error ? report_error(context, error, "cannot look at the heap") : status;
}
