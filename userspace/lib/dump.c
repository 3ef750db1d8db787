// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Saving a heap: all its objects are scanned into memory, and the file is made
 * of them when nobody has changed the heap meanwhile.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "image-door.h"
#include "session.h"

#define TRIES		8
#define PAUSE_NS	20000000	/* before the second; each is twice the last */
#define WRITE_AT_ONCE	(1UL << 26)
#define FAR_APART	8	/* slots for each object */

/* A section that grows. */
struct section {
	char *data;
	size_t length;
	size_t room;
};

struct dump {
	struct refheap *session;
	struct section types;
	struct section records;
	struct section edges;	/* slots first, then numbers of objects */
	struct section payload;
	uint32_t *number;	/* of the object of a slot, 0 for none; or NULL */
	uint64_t slots;		/* that @number has room for */
	size_t type_at;		/* of the type that was added last */
	uint64_t changes;
	bool begun;
};

static bool section_grow(struct section *section, size_t length)
{
	size_t room = section->room ? section->room : 65536;
	void *data;

	while (room - section->length < length)
		room *= 2;
	data = realloc(section->data, room);
	if (!data)
		return false;
	section->data = data;
	section->room = room;
	return true;
}

/* Room for @length bytes more, to be filled, or NULL. */
static inline void *section_add(struct section *section, size_t length)
{
	void *at;

	if ((!section->data || section->room - section->length < length) &&
	    !section_grow(section, length))
		return NULL;
	at = section->data + section->length;
	section->length += length;
	return at;
}

static int section_pad(struct section *section)
{
	size_t padding = rh_padded(section->length) - section->length;
	void *at = section_add(section, padding);

	if (!at)
		return -ENOMEM;
	memset(at, 0, padding);
	return 0;
}

static uint32_t record_count(const struct dump *dump)
{
	return (uint32_t)(dump->records.length / sizeof(struct rh_image_record));
}

static struct rh_image_record *last_record(const struct dump *dump)
{
	return (struct rh_image_record *)dump->records.data +
	       (record_count(dump) - 1);
}

static void dump_reset(struct dump *dump)
{
	dump->types.length = 0;
	dump->records.length = 0;
	dump->edges.length = 0;
	dump->payload.length = 0;
	dump->begun = false;
}

static void dump_free(struct dump *dump)
{
	free(dump->types.data);
	free(dump->records.data);
	free(dump->edges.data);
	free(dump->payload.data);
	free(dump->number);
}

static int add_edges(struct dump *dump, const struct refheap_scan *scan)
{
	size_t bytes = scan->n * sizeof(uint32_t);
	uint32_t *to = section_add(&dump->edges, bytes);

	if (!to)
		return -ENOMEM;
	memcpy(to, refheap_scan_edges(scan), bytes);
	last_record(dump)->n += scan->n;
	return 0;
}

/* What is too long for a scan is read on its own. */
static int read_payload(struct dump *dump, const struct refheap_scan *scan, char *to)
{
	uint64_t at = 0;
	ssize_t n;

	while (at < scan->length) {
		n = refheap_read(dump->session, scan->id, at, to + at,
				 scan->length - at);
		/* It died, or is shorter now. */
		if (n == 0 || n == -ESTALE || n == -ENOENT)
			return -EAGAIN;
		if (n < 0)
			return (int)n;
		at += (uint64_t)n;
	}
	return 0;
}

static int add_payload(struct dump *dump, const struct refheap_scan *scan)
{
	/* The length of a number is no number of bytes. */
	uint64_t length = scan->n ? scan->n : scan->length;
	char *to;

	if (scan->kind == REFHEAP_KIND_NONE)
		return 0;
	to = section_add(&dump->payload, rh_padded(length));
	if (!to)
		return -ENOMEM;
	last_record(dump)->n = length;
	memset(to + length, 0, rh_padded(length) - length);
	if (!scan->n)
		return read_payload(dump, scan, to);
	memcpy(to, refheap_scan_payload(scan), scan->n);
	return 0;
}

static int add_record(struct dump *dump, const struct refheap_scan *scan)
{
	struct rh_image_record *record;

	record = section_add(&dump->records, sizeof(*record));
	if (!record)
		return -ENOMEM;
	*record = (struct rh_image_record){
		.id = scan->id,
		.sizeof_ = scan->sizeof_,
		.refcount = scan->refcount,
		.type = scan->type,
		.flags = scan->flags,
		.kind = scan->kind,
		.generation = scan->generation,
	};
	return 0;
}

static int add_scanned(struct dump *dump, const struct refheap_scan *scan)
{
	int err = scan->first ? 0 : add_record(dump, scan);

	if (err)
		return err;
	return refheap_scan_has_edges(scan) ? add_edges(dump, scan) :
					      add_payload(dump, scan);
}

static int scan_objects(struct dump *dump)
{
	refheap_auto_scan struct refheap_scanner *scanner = NULL;
	const struct refheap_scan *scan;
	int err;

	err = refheap_scan_open(dump->session, REFHEAP_SCAN_EDGES |
				REFHEAP_SCAN_PAYLOAD, &scanner);
	while (!err && (err = refheap_scan_next(scanner, &scan)) == 1) {
		if (!dump->begun)
			dump->changes = scan->changes;
		dump->begun = true;
		err = scan->changes == dump->changes ? add_scanned(dump, scan) : -EAGAIN;
	}
	return !err && refheap_scan_disturbed(scanner) ? -EAGAIN : err;
}

/* Whether nothing has changed up to now: the scan may have ended some time ago. */
static int still_the_same(struct dump *dump)
{
	refheap_auto_scan struct refheap_scanner *scanner = NULL;
	const struct refheap_scan *scan;
	int err;

	err = refheap_scan_open(dump->session, 0, &scanner);
	if (!err)
		err = refheap_scan_next(scanner, &scan);
	if (err != 1)
		return err ? err : -EAGAIN;
	return scan->changes == dump->changes ? 0 : -EAGAIN;
}

static uint32_t slot_of(const struct dump *dump, uint32_t object)
{
	const struct rh_image_record *record = (void *)dump->records.data;

	return REFHEAP_ID_SLOT(record[object].id);
}

/* The number of the object of a slot, from 1, or 0. */
static uint32_t find_slot(const struct dump *dump, uint32_t slot)
{
	uint32_t low = 0, high = record_count(dump);

	if (dump->number)
		return slot < dump->slots ? dump->number[slot] : 0;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (slot_of(dump, middle) < slot)
			low = middle + 1;
		else
			high = middle;
	}
	return low < record_count(dump) && slot_of(dump, low) == slot ? low + 1 : 0;
}

/* Unless slots are too far apart for it. */
static int number_slots(struct dump *dump)
{
	uint32_t count = record_count(dump), last = slot_of(dump, count - 1);

	free(dump->number);
	dump->number = NULL;
	if (last / FAR_APART > count)
		return 0;
	dump->slots = last + 1ULL;
	dump->number = calloc(dump->slots, sizeof(*dump->number));
	if (!dump->number)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		dump->number[slot_of(dump, i)] = i + 1;
	return 0;
}

/* Slots become numbers. A referent that is on its way out is none any more. */
static int number_edges(struct dump *dump)
{
	struct rh_image_record *record = (void *)dump->records.data;
	uint32_t *edge = (void *)dump->edges.data;
	int err = number_slots(dump);

	for (uint32_t i = 0; !err && i < record_count(dump); i++, record++) {
		if (rh_kind_is_leaf(record->kind))
			continue;
		for (uint64_t n = 0; n < record->n; n++, edge++) {
			uint32_t slot = *edge;

			*edge = find_slot(dump, slot);
			if (slot && !*edge && record->kind != REFHEAP_KIND_WEAKREF)
				return -EAGAIN;
		}
	}
	return err ? err : section_pad(&dump->edges);
}

/* The slots of a type behind the @skip first ones, which are of its base. */
static int add_slots(struct dump *dump, const struct refheap_type_info *info,
		     size_t skip)
{
	size_t size = 0, length;
	uint16_t stored;
	char *at;

	for (size_t i = skip; i < info->slot_count; i++)
		size += sizeof(stored) + strlen(info->slots[i]);
	at = section_add(&dump->types, size);
	if (!at)
		return -ENOMEM;
	for (size_t i = skip; i < info->slot_count; i++) {
		length = strlen(info->slots[i]);
		stored = htole16((uint16_t)length);
		at = mempcpy(at, &stored, sizeof(stored));
		at = mempcpy(at, info->slots[i], length);
	}
	/* Heads are where the names before them end, at any byte. */
	at = dump->types.data + dump->type_at + offsetof(struct rh_image_type, nslots);
	memcpy(&stored, at, sizeof(stored));
	stored = htole16((uint16_t)(le16toh(stored) + info->slot_count - skip));
	memcpy(at, &stored, sizeof(stored));
	return 0;
}

static int add_type(struct dump *dump, const struct refheap_type_info *info)
{
	struct rh_image_type head = {
		.base = htole32(info->base),
		.flags = htole32(info->flags),
		.name_len = htole16((uint16_t)strlen(info->name)),
	};
	size_t length = strlen(info->name);
	char *at;

	dump->type_at = dump->types.length;
	at = section_add(&dump->types, sizeof(head) + length);
	if (!at)
		return -ENOMEM;
	at = mempcpy(at, &head, sizeof(head));
	memcpy(at, info->name, length);
	return 0;
}

/* A type whose slots do not fit into a message comes again with the others. */
static int add_type_part(struct dump *dump, const struct refheap_type_info *info,
			 uint32_t count, size_t *slots)
{
	bool again = count && info->type == count;
	size_t told = again ? slots[info->type] : 0, skip = slots[info->base];
	int err = again ? 0 : add_type(dump, info);

	skip = skip > told ? skip - told : 0;
	if (!err)
		err = add_slots(dump, info, skip < info->slot_count ? skip : info->slot_count);
	slots[info->type] = told + info->slot_count;
	return err;
}

/*
 * Types are never removed and each is behind its base, so that those of all
 * objects are among them, by number.
 */
static int add_types(struct dump *dump, uint32_t *count)
{
	refheap_auto_ctl struct refheap_ctl *ctl = NULL;
	refheap_auto_iter struct refheap_iter *iter = NULL;
	size_t slots[RH_IMAGE_TYPES_MAX + 1] = { 0 };
	struct refheap_type_info info;
	int err;

	*count = 0;
	if (dump->session->saved)
		err = refheap_ctl_open_image(dump->session->saved->image, &ctl);
	else
		err = refheap_ctl_open(&ctl);
	if (!err)
		err = refheap_iter_types(ctl, refheap_heap(dump->session), &iter);
	while (!err && (err = refheap_next_type(iter, &info)) == 1) {
		err = 0;
		if (!info.type)
			continue;
		if (info.type < *count || info.type > *count + 1 ||
		    info.type > RH_IMAGE_TYPES_MAX || info.base >= info.type)
			return -EAGAIN;
		err = add_type_part(dump, &info, *count, slots);
		*count = info.type;
	}
	if (err == -EINTR)
		err = -EAGAIN;
	return err ? err : section_pad(&dump->types);
}

static int take_once(struct dump *dump, uint32_t *types)
{
	int err;

	dump_reset(dump);
	err = scan_objects(dump);
	if (!err)
		err = add_types(dump, types);
	if (!err)
		err = still_the_same(dump);
	if (!err)
		err = number_edges(dump);
	return err;
}

static int take(struct dump *dump, uint32_t *types)
{
	struct timespec pause = { .tv_nsec = PAUSE_NS };
	int err = take_once(dump, types);

	for (int try = 1; err == -EAGAIN && try < TRIES; try++) {
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 500000000)
			pause.tv_nsec *= 2;
		err = take_once(dump, types);
	}
	return err;
}

static void records_to_file(struct dump *dump)
{
#if __BYTE_ORDER == __BIG_ENDIAN
	struct rh_image_record *record = (void *)dump->records.data;
	uint32_t *edge = (void *)dump->edges.data;

	for (uint32_t i = 0; i < record_count(dump); i++, record++) {
		record->id = htole64(record->id);
		record->sizeof_ = htole64(record->sizeof_);
		record->n = htole64(record->n);
		record->refcount = htole32(record->refcount);
		record->type = htole32(record->type);
		record->flags = htole32(record->flags);
		record->kind = htole16(record->kind);
		record->generation = htole16(record->generation);
	}
	for (size_t i = 0; i < dump->edges.length / sizeof(*edge); i++)
		edge[i] = htole32(edge[i]);
#else
	(void)dump;
#endif
}

static void fill_head(const struct dump *dump, uint32_t types, uint64_t edges,
		      struct rh_image_head *head)
{
	const struct section *part[] = {
		&dump->types, &dump->records, &dump->edges, &dump->payload,
	};
	uint64_t bytes = sizeof(*head);
	struct timespec now;
	uint32_t sum = 0;

	clock_gettime(CLOCK_REALTIME, &now);
	for (size_t i = 0; i < sizeof(part) / sizeof(*part); i++) {
		sum = rh_crc32c(sum, part[i]->data, part[i]->length);
		bytes += part[i]->length;
	}
	*head = (struct rh_image_head){
		.magic = RH_IMAGE_MAGIC,
		.version = htole32(RH_IMAGE_VERSION),
		.head_bytes = htole32(sizeof(*head)),
		.file_bytes = htole64(bytes),
		.time_ns = htole64((uint64_t)now.tv_sec * 1000000000 +
				   (uint64_t)now.tv_nsec),
		.type_bytes = htole64(dump->types.length),
		.objects = htole64(record_count(dump)),
		.edges = htole64(edges),
		.payload_bytes = htole64(dump->payload.length),
		.types = htole32(types),
		.owner = htole32(geteuid()),
		.body_sum = htole32(sum),
	};
	strcpy(head->heap, refheap_name(dump->session));
	head->head_sum = htole32(rh_crc32c(0, head, offsetof(struct rh_image_head,
							     head_sum)));
}

static int write_all(int fd, const void *data, size_t length)
{
	const char *at = data;
	ssize_t n;

	while (length) {
		n = write(fd, at, length < WRITE_AT_ONCE ? length : WRITE_AT_ONCE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		length -= (size_t)n;
	}
	return 0;
}

static int write_dump(struct dump *dump, int fd, uint32_t types, uint64_t edges)
{
	struct rh_image_head head;
	int err;

	records_to_file(dump);
	fill_head(dump, types, edges, &head);
	err = write_all(fd, &head, sizeof(head));
	if (!err)
		err = write_all(fd, dump->types.data, dump->types.length);
	if (!err)
		err = write_all(fd, dump->records.data, dump->records.length);
	if (!err)
		err = write_all(fd, dump->edges.data, dump->edges.length);
	if (!err)
		err = write_all(fd, dump->payload.data, dump->payload.length);
	return err;
}

static uint64_t count_edges(const struct dump *dump)
{
	const struct rh_image_record *record = (void *)dump->records.data;
	uint64_t edges = 0;

	for (uint32_t i = 0; i < record_count(dump); i++) {
		if (!rh_kind_is_leaf(record[i].kind))
			edges += record[i].n;
	}
	return edges;
}

int64_t refheap_dump(struct refheap *session, int fd)
{
	struct dump dump = { .session = session };
	uint32_t types, count;
	int err;

	err = take(&dump, &types);
	count = err ? 0 : record_count(&dump);
	if (!err)
		err = write_dump(&dump, fd, types, count_edges(&dump));
	dump_free(&dump);
	return err ? err : (int64_t)count;
}
