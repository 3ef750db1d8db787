// SPDX-License-Identifier: LGPL-2.1-or-later
/* The whole heap, record by record, in constant memory. */
#include <errno.h>
#include <stdlib.h>

#include "session.h"

/*
 * Of output. A call ends when the heap has been held for long enough, however
 * much it has found until then, and costs the kernel what was asked for: so as
 * much is asked for as the last call has filled, and room for any record.
 */
#define ROOM_LEAST	(20U << 10)
#define ROOM		(256U << 10)

struct refheap_scanner {
	struct refheap *session;
	uint32_t flags;
	uint32_t left;		/* records in @out that were not handed out */
	size_t at;		/* where the next of them is */
	uint32_t ask;		/* bytes of output for the next call */
	uint64_t cursor;
	uint64_t changes;	/* as the first record has it */
	bool begun;
	bool ended;
	bool disturbed;
	_Alignas(struct refheap_scan) unsigned char out[ROOM];
};

int refheap_scan_open(struct refheap *session, uint32_t flags,
		      struct refheap_scanner **scanner)
{
	struct refheap_scanner *made;

	if (flags & ~(REFHEAP_SCAN_EDGES | REFHEAP_SCAN_PAYLOAD))
		return -EINVAL;
	made = malloc(sizeof(*made));
	if (!made)
		return -ENOMEM;
	made->session = session;
	made->flags = flags;
	made->left = 0;
	made->at = 0;
	made->ask = ROOM_LEAST;
	made->cursor = 0;
	made->changes = 0;
	made->begun = false;
	made->ended = false;
	made->disturbed = false;
	*scanner = made;
	return 0;
}

void refheap_scan_close(struct refheap_scanner *scanner)
{
	free(scanner);
}

static int fetch(struct refheap_scanner *scanner, uint64_t cursor,
		 uint32_t flags, struct refheap_result *result)
{
	const struct rh_call call = {
		.op = {
			.code = REFHEAP_OP_SCAN, .arg = flags, .b = cursor,
		},
		.output = scanner->ask,
	};

	return rh_run(scanner->session, &call, scanner->out, result);
}

static size_t record_bytes(const struct refheap_scan *record)
{
	size_t tail = record->n;

	if (refheap_scan_has_edges(record))
		tail *= sizeof(uint32_t);
	return sizeof(*record) + (tail + 7) / 8 * 8;
}

static void look_for_changes(struct refheap_scanner *scanner,
			     const struct refheap_scan *record)
{
	if (!scanner->begun)
		scanner->changes = record->changes;
	else if (scanner->changes != record->changes)
		scanner->disturbed = true;
	scanner->begun = true;
}

/*
 * What died in front of the cursor leaves no record that would tell: when the
 * last call found nothing, the root has the number, too. It never dies.
 */
static int look_again(struct refheap_scanner *scanner)
{
	struct refheap_result result;
	int err;

	if (!scanner->begun || scanner->disturbed)
		return 0;
	err = fetch(scanner, 0, 0, &result);
	if (!err)
		look_for_changes(scanner, (const void *)scanner->out);
	return err;
}

static void choose_room(struct refheap_scanner *scanner, uint32_t used)
{
	if (used > scanner->ask / 2 && scanner->ask <= ROOM / 2)
		scanner->ask *= 2;
	else if (used < scanner->ask / 4 && scanner->ask / 2 >= ROOM_LEAST)
		scanner->ask /= 2;
}

static int next_part(struct refheap_scanner *scanner)
{
	struct refheap_result result;
	int err = fetch(scanner, scanner->cursor, scanner->flags, &result);

	if (!err && !result.info)
		err = look_again(scanner);
	if (err)
		return err;
	choose_room(scanner, result.out_len);
	scanner->left = result.info;
	scanner->at = 0;
	scanner->cursor = result.value;
	scanner->ended = !result.value;
	return 0;
}

int refheap_scan_next(struct refheap_scanner *scanner,
		      const struct refheap_scan **record)
{
	const struct refheap_scan *next;
	int err;

	while (!scanner->left) {
		if (scanner->ended)
			return 0;
		err = next_part(scanner);
		if (err)
			return err;
	}
	next = (const struct refheap_scan *)(scanner->out + scanner->at);
	look_for_changes(scanner, next);
	scanner->at += record_bytes(next);
	scanner->left--;
	*record = next;
	return 1;
}

bool refheap_scan_disturbed(const struct refheap_scanner *scanner)
{
	return scanner->disturbed;
}
