// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reading a saved heap. The file may be damaged or made to do harm: nothing of
 * it is believed before it was checked, and no memory is asked for that the
 * file does not fill.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image.h"

#define FIRST_ROOM	65536

int rh_image_bad(const struct rh_image_fault *fault, const char *format, ...)
{
	va_list arguments;

	if (fault->text && fault->size) {
		va_start(arguments, format);
		vsnprintf(fault->text, fault->size, format, arguments);
		va_end(arguments);
	}
	return -EBADMSG;
}

/* Read up to @length bytes; how many there were, or a negative errno. */
static ssize_t read_full(int fd, char *to, size_t length)
{
	size_t at = 0;
	ssize_t n;

	while (at < length) {
		n = read(fd, to + at, length - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		at += (size_t)n;
	}
	return (ssize_t)at;
}

static uint64_t body_bytes(const struct rh_image_head *head)
{
	return head->type_bytes + head->objects * sizeof(struct rh_image_record) +
	       rh_padded(head->edges * sizeof(uint32_t)) + head->payload_bytes;
}

static void head_from_file(struct rh_image_head *head)
{
	head->version = le32toh(head->version);
	head->head_bytes = le32toh(head->head_bytes);
	head->file_bytes = le64toh(head->file_bytes);
	head->time_ns = le64toh(head->time_ns);
	head->type_bytes = le64toh(head->type_bytes);
	head->objects = le64toh(head->objects);
	head->edges = le64toh(head->edges);
	head->payload_bytes = le64toh(head->payload_bytes);
	head->types = le32toh(head->types);
	head->owner = le32toh(head->owner);
	head->body_sum = le32toh(head->body_sum);
	head->head_sum = le32toh(head->head_sum);
}

/* As the kernel has it: no path, and nothing that a terminal obeys. */
static bool name_is_good(const char *name)
{
	return *name && *name != '-' && *name != '.' &&
	       !name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				  "0123456789._-")];
}

static int check_head(const struct rh_image_head *head, uint32_t sum,
		      const struct rh_image_fault *fault)
{
	const uint64_t most = 1ULL << 48;

	if (memcmp(head->magic, RH_IMAGE_MAGIC, sizeof(head->magic)))
		return rh_image_bad(fault, "it is not a saved heap");
	if (head->version != RH_IMAGE_VERSION) {
		rh_image_bad(fault, "it is of version %u, which is not known here",
			     head->version);
		return -EPROTONOSUPPORT;
	}
	if (head->head_bytes != sizeof(*head) || sum != head->head_sum)
		return rh_image_bad(fault, "its head is damaged");
	if (!memchr(head->heap, 0, sizeof(head->heap)) || !name_is_good(head->heap))
		return rh_image_bad(fault, "the name of the heap is none");
	if (head->types > RH_IMAGE_TYPES_MAX || !head->objects ||
	    head->objects >= UINT32_MAX || head->edges > most ||
	    head->type_bytes > most || head->payload_bytes > most ||
	    head->type_bytes % 8 || head->payload_bytes % 8 ||
	    head->file_bytes != sizeof(*head) + body_bytes(head))
		return rh_image_bad(fault, "its lengths contradict each other");
	return 0;
}

static int read_head(int fd, struct rh_image_head *head,
		     const struct rh_image_fault *fault)
{
	ssize_t n = read_full(fd, (char *)head, sizeof(*head));
	uint32_t sum;

	if (n < 0)
		return (int)n;
	if (n < (ssize_t)sizeof(head->magic) ||
	    memcmp(head->magic, RH_IMAGE_MAGIC, sizeof(head->magic)))
		return rh_image_bad(fault, "it is not a saved heap");
	if (n < (ssize_t)sizeof(*head))
		return rh_image_bad(fault, "it ends in its head");
	sum = rh_crc32c(0, head, offsetof(struct rh_image_head, head_sum));
	head_from_file(head);
	return check_head(head, sum, fault);
}

/* The rest of the file, whose length is known only when it was there. */
static int read_body(int fd, struct refheap_image *image,
		     const struct rh_image_head *head,
		     const struct rh_image_fault *fault)
{
	uint64_t room = 0, at = sizeof(*head), want;
	char *data, extra;
	ssize_t n;

	image->data = malloc(sizeof(*head));
	if (!image->data)
		return -ENOMEM;
	memcpy(image->data, head, sizeof(*head));
	while (at < head->file_bytes) {
		room = room ? room * 2 : FIRST_ROOM;
		if (room > head->file_bytes)
			room = head->file_bytes;
		data = realloc(image->data, room);
		if (!data)
			return -ENOMEM;
		image->data = data;
		want = room - at;
		n = read_full(fd, data + at, want);
		if (n < 0)
			return (int)n;
		if ((uint64_t)n < want)
			return rh_image_bad(fault, "it ends too early");
		at = room;
	}
	n = read_full(fd, &extra, 1);
	if (n < 0)
		return (int)n;
	return n ? rh_image_bad(fault, "something follows its end") : 0;
}

static void body_from_file(struct refheap_image *image)
{
#if __BYTE_ORDER == __BIG_ENDIAN
	for (uint32_t i = 0; i < image->count; i++) {
		struct rh_image_record *record = &image->record[i];

		record->id = le64toh(record->id);
		record->sizeof_ = le64toh(record->sizeof_);
		record->n = le64toh(record->n);
		record->refcount = le32toh(record->refcount);
		record->type = le32toh(record->type);
		record->flags = le32toh(record->flags);
		record->kind = le16toh(record->kind);
		record->generation = le16toh(record->generation);
	}
	for (uint64_t i = 0; i < image->head->edges; i++)
		image->edge[i] = le32toh(image->edge[i]);
#else
	(void)image;
#endif
}

static int check_all(struct refheap_image *image,
		     const struct rh_image_fault *fault)
{
	const struct rh_image_head *head = image->head;
	char *body = image->data + sizeof(*head);
	int err;

	if (rh_crc32c(0, body, head->file_bytes - sizeof(*head)) != head->body_sum)
		return rh_image_bad(fault, "it is damaged: the checksum is another");
	image->record = (void *)(body + head->type_bytes);
	image->count = (uint32_t)head->objects;
	image->edge = (uint32_t *)(image->record + image->count);
	image->payload = (char *)image->edge +
			 rh_padded(head->edges * sizeof(*image->edge));
	body_from_file(image);
	err = rh_image_check_types(image, body, head->type_bytes, fault);
	if (!err)
		err = rh_image_check_objects(image, fault);
	if (!err)
		err = rh_image_check_order(image, fault);
	if (!err)
		err = rh_image_check_keys(image, fault);
	if (!err)
		err = rh_image_index(image);
	return err;
}

int refheap_image_read(int fd, struct refheap_image **image, char *why, size_t size)
{
	const struct rh_image_fault fault = { why, size };
	struct refheap_image *made;
	struct rh_image_head head;
	int err;

	err = read_head(fd, &head, &fault);
	if (err)
		return err;
	made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	err = read_body(fd, made, &head, &fault);
	made->head = (void *)made->data;
	if (!err)
		err = check_all(made, &fault);
	if (err)
		refheap_image_close(made);
	else
		*image = made;
	return err;
}

void refheap_image_close(struct refheap_image *image)
{
	if (!image)
		return;
	for (uint32_t i = 1; image->type && i <= image->types; i++) {
		/* One without slots of its own has those of its base. */
		if (image->type[i].base &&
		    image->type[i].slots == image->type[image->type[i].base].slots)
			continue;
		for (size_t n = image->type[i].own; n < image->type[i].slot_count; n++)
			free(image->type[i].slots[n]);
		free(image->type[i].slots);
	}
	free(image->type);
	free(image->order);
	free(image->weakrefs);
	free(image->name);
	free(image->at);
	free(image->data);
	free(image);
}

void refheap_image_info(const struct refheap_image *image,
			struct refheap_image_info *info)
{
	*info = (struct refheap_image_info){
		.objects = image->count,
		.edges = image->head->edges,
		.types = image->types,
		.owner = image->head->owner,
		.time_ns = image->head->time_ns,
		.file_bytes = image->head->file_bytes,
	};
	for (uint32_t i = 0; i < image->count; i++)
		info->bytes += image->record[i].sizeof_;
	strcpy(info->heap, image->head->heap);
}

uint64_t rh_image_length(const struct refheap_image *image, uint32_t object)
{
	const struct rh_image_record *record = &image->record[object];
	uint64_t stride = rh_image_stride(image, object), n = 0;
	const uint32_t *edge = rh_image_edges(image, object);

	if (rh_kind_is_leaf(record->kind))
		return record->kind >= REFHEAP_KIND_STR ? record->n : 0;
	if (record->kind == REFHEAP_KIND_WEAKREF)
		return 0;
	/* What was taken out leaves a place behind. */
	for (uint64_t i = 0; i < record->n; i += stride)
		n += !!edge[i];
	return n;
}

int refheap_image_object(const struct refheap_image *image, uint64_t number,
			 struct refheap_image_object *object)
{
	const struct rh_image_record *record;

	if (!number || number > image->count)
		return -ERANGE;
	record = &image->record[number - 1];
	*object = (struct refheap_image_object){
		.id = record->id,
		.sizeof_ = record->sizeof_,
		.length = rh_image_length(image, (uint32_t)number - 1),
		.n = record->n,
		.refcount = record->refcount,
		.type = record->type,
		.flags = record->flags,
		.kind = record->kind,
		.generation = record->generation,
	};
	if (rh_kind_is_leaf(record->kind))
		object->payload = rh_image_payload(image, (uint32_t)number - 1);
	else
		object->edges = rh_image_edges(image, (uint32_t)number - 1);
	return 0;
}

int refheap_image_type(const struct refheap_image *image, uint32_t number,
		       struct refheap_type_info *info)
{
	const struct rh_image_type_info *type;

	if (!number || number > image->types)
		return -ENOENT;
	type = &image->type[number];
	*info = (struct refheap_type_info){
		.type = number,
		.kind = REFHEAP_KIND_INSTANCE,
		.base = type->base,
		.flags = type->flags,
		.slots = (const char *const *)type->slots,
		.slot_count = type->slot_count,
	};
	strcpy(info->name, type->name);
	return 0;
}
