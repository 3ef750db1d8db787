// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer target: files that say they are saved heaps. One that is read is
 * looked at in every way that there is, and saved again; what is saved must be
 * read again. Checksums are made right before, or nothing would get past them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../userspace/lib/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "not so: %s\n", what);
	abort();
}

/* A file with those bytes, to be read from its beginning. */
static int file_of(const uint8_t *data, size_t size)
{
	int fd = memfd_create("image", MFD_CLOEXEC);

	expect(fd >= 0 && write(fd, data, size) == (ssize_t)size, "there is a file");
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static void make_sums_right(uint8_t *data, size_t size)
{
	struct rh_image_head head;

	if (size < sizeof(head))
		return;
	memcpy(&head, data, sizeof(head));
	head.file_bytes = htole64(size);
	head.body_sum = htole32(rh_crc32c(0, data + sizeof(head), size - sizeof(head)));
	head.head_sum = htole32(rh_crc32c(0, &head, offsetof(struct rh_image_head, head_sum)));
	memcpy(data, &head, sizeof(head));
}

static void look_at_entries(struct refheap *session, refheap_id id)
{
	struct refheap_entry entry;
	uint64_t cursor = 0;
	refheap_id value;

	while (refheap_next(session, id, &cursor, &entry) == 1) {
		if (entry.key && refheap_contains(session, id, entry.key) == 1 &&
		    !refheap_get_key(session, id, entry.key, &value))
			refheap_drop(session, value);
		refheap_drop_entry(session, &entry);
	}
}

static void look_at(struct refheap *session, struct refheap_ctl *ctl, refheap_id id)
{
	struct refheap_object_info object;
	struct refheap_info info;
	refheap_id found;
	char text[64];

	expect(!refheap_inspect(session, id, &info), "an object can be inspected");
	expect(!refheap_object_get(ctl, 0, id, &object), "an object can be asked for");
	expect(info.length == object.length && info.weakrefs == object.weakrefs,
	       "both say the same");
	look_at_entries(session, id);
	refheap_read(session, id, 0, text, sizeof(text));
	if (!refheap_get_attr(session, id, "x", &found))
		refheap_drop(session, found);
	if (!refheap_get_key_str(session, id, "k", &found))
		refheap_drop(session, found);
	if (!refheap_get_index(session, id, -1, &found))
		refheap_drop(session, found);
	if (refheap_deref(session, id, &found) == 1)
		refheap_drop(session, found);
	if (refheap_weakrefs(session, id, 0, &found, 1) == 1)
		refheap_drop(session, found);
	expect(!refheap_inspect(session, id, &info) && !info.held, "nothing is held any more");
}

static void look_at_lists(struct refheap_ctl *ctl)
{
	struct refheap_filter filter = REFHEAP_FILTER_INIT;
	struct refheap_iter *iter;
	struct refheap_object_info object;
	struct refheap_type_info type;

	expect(!refheap_iter_types(ctl, 0, &iter), "types can be listed");
	while (refheap_next_type(iter, &type) == 1)
		;
	refheap_iter_close(iter);
	filter.referrers_of = REFHEAP_ID_ROOT;
	expect(!refheap_iter_objects(ctl, 0, &filter, &iter), "referrers can be listed");
	while (refheap_next_object(iter, &object) == 1)
		;
	refheap_iter_close(iter);
}

static uint64_t look_at_all(struct refheap *session, struct refheap_ctl *ctl)
{
	const uint32_t flags = REFHEAP_SCAN_EDGES | REFHEAP_SCAN_PAYLOAD;
	const struct refheap_scan *record;
	struct refheap_scanner *scanner;
	uint64_t objects = 0;
	int got;

	look_at_lists(ctl);
	expect(!refheap_scan_open(session, flags, &scanner), "a scan begins");
	while ((got = refheap_scan_next(scanner, &record)) == 1) {
		objects += !record->first;
		look_at(session, ctl, record->id);
	}
	expect(!got, "a scan ends");
	refheap_scan_close(scanner);
	return objects;
}

static void save_again(struct refheap *session, uint64_t objects)
{
	struct refheap_image *image;
	int fd = memfd_create("again", MFD_CLOEXEC);
	char why[128] = "";

	expect(refheap_dump(session, fd) == (int64_t)objects, "it can be saved");
	lseek(fd, 0, SEEK_SET);
	expect(!refheap_image_read(fd, &image, why, sizeof(why)), why);
	refheap_image_close(image);
	close(fd);
}

static void read_file(const uint8_t *data, size_t size)
{
	struct refheap_image *image;
	struct refheap_ctl *ctl;
	struct refheap *session;
	uint64_t objects;
	char why[128];
	int fd = file_of(data, size);

	if (!refheap_image_read(fd, &image, why, sizeof(why))) {
		expect(!refheap_open_image(image, &session), "it can be opened");
		expect(!refheap_ctl_open_image(image, &ctl), "it can be listed");
		objects = look_at_all(session, ctl);
		save_again(session, objects);
		refheap_ctl_close(ctl);
		refheap_close(session);
		refheap_image_close(image);
	}
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + 1);

	expect(copy, "there is memory");
	memcpy(copy, data, size);
	read_file(copy, size);
	make_sums_right(copy, size);
	read_file(copy, size);
	free(copy);
	return 0;
}
