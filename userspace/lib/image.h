/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Heaps in files: the format of refheap-dump(5), and what is read from it. All
 * numbers are little-endian; every section begins and ends at a multiple of 8
 * bytes and follows the one before:
 *
 *	struct rh_image_head
 *	types		each a struct rh_image_type, its name, and its own slots,
 *			each a length of 16 bits and a name; zeroes to 8
 *	objects		each a struct rh_image_record; the root dict first, then
 *			by slot
 *	edges		of all containers, in the order of the objects: 32 bits
 *			each, the number of an object, from 1; 0: none; zeroes to 8
 *	payload		of all leaves, in the order of the objects, each with
 *			zeroes to 8
 */
#ifndef LIBREFHEAP_IMAGE_H
#define LIBREFHEAP_IMAGE_H

#include <endian.h>

#include <refheap.h>

#define RH_IMAGE_MAGIC		"\x89RHD\r\n\x1a\n"
#define RH_IMAGE_VERSION	1

/* Bounds of the kernel's, which nothing that it has made is over. */
#define RH_IMAGE_TYPES_MAX	0x7ffeU
#define RH_IMAGE_SLOTS_MAX	1024U
#define RH_IMAGE_SIZE_MAX	(1ULL << 40)	/* of one object */
#define RH_KEY_BYTES		65536U
#define RH_KEY_LEVELS		8U		/* tuples in tuples */
#define RH_KEY_ITEMS		1024U		/* of all those tuples */

struct rh_image_head {
	char magic[8];
	uint32_t version;
	uint32_t head_bytes;
	uint64_t file_bytes;
	uint64_t time_ns;	/* CLOCK_REALTIME */
	uint64_t type_bytes;
	uint64_t objects;
	uint64_t edges;
	uint64_t payload_bytes;
	uint32_t types;
	uint32_t owner;		/* of the heap: uid */
	char heap[REFHEAP_NAME_MAX];
	uint32_t body_sum;	/* CRC-32C of what follows the head */
	uint32_t head_sum;	/* CRC-32C of the head before this field */
};

struct rh_image_type {
	uint32_t base;
	uint32_t flags;
	uint16_t name_len;
	uint16_t nslots;
	uint32_t reserved;
};

struct rh_image_record {
	uint64_t id;
	uint64_t sizeof_;
	uint64_t n;		/* edges, or bytes of payload */
	uint32_t refcount;
	uint32_t type;
	uint32_t flags;
	uint16_t kind;
	uint16_t generation;
};

/* A type that was read; its slots are those of the base first. */
struct rh_image_type_info {
	char name[REFHEAP_NAME_MAX];
	uint32_t base;
	uint32_t flags;
	char **slots;
	size_t slot_count;
	size_t own;		/* the first slot that is not of the base */
};

/**
 * struct refheap_image - a file that was read and found good
 * @data: the whole of it
 * @head: in it
 * @record: in it, @count of them
 * @count: objects
 * @edge: in it
 * @payload: in it
 * @at: of each object where its edges, or its payload, begin
 * @type: by number, from 1; @types of them
 * @types: their number
 * @order: tuples and weak references, each behind those that it needs
 * @ordered: their number
 */
struct refheap_image {
	char *data;
	const struct rh_image_head *head;
	struct rh_image_record *record;
	uint32_t count;
	uint32_t *edge;
	const char *payload;
	uint64_t *at;
	struct rh_image_type_info *type;
	uint32_t types;
	uint32_t *order;
	uint32_t ordered;
};

/* Where reading says what is wrong. */
struct rh_image_fault {
	char *text;		/* may be NULL */
	size_t size;
};

/* Say it. Return: -EBADMSG. */
int rh_image_bad(const struct rh_image_fault *fault, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static inline const uint32_t *rh_image_edges(const struct refheap_image *image,
					     uint32_t object)
{
	return image->edge + image->at[object];
}

static inline const char *rh_image_payload(const struct refheap_image *image,
					   uint32_t object)
{
	return image->payload + image->at[object];
}

static inline bool rh_kind_is_leaf(unsigned int kind)
{
	return kind <= REFHEAP_KIND_BYTEARRAY;
}

static inline uint64_t rh_padded(uint64_t bytes)
{
	return (bytes + 7) & ~7ULL;
}

/* Whether an instance takes attributes of any name. */
static inline bool rh_image_has_dict(const struct refheap_image *image,
				     uint32_t object)
{
	return image->type[image->record[object].type].flags & REFHEAP_TYPE_DICT;
}

/* Cells of one entry. */
static inline uint64_t rh_image_stride(const struct refheap_image *image,
				       uint32_t object)
{
	switch (image->record[object].kind) {
	case REFHEAP_KIND_DICT:
	case REFHEAP_KIND_WEAK_VALUE_DICT:
	case REFHEAP_KIND_WEAK_KEY_DICT:
		return 2;
	case REFHEAP_KIND_INSTANCE:
		return rh_image_has_dict(image, object) ? 2 : 1;
	default:
		return 1;
	}
}

uint32_t rh_crc32c(uint32_t sum, const void *data, size_t length);

/* What image.c has checked part by part. Return: 0, -EBADMSG or -ENOMEM. */
int rh_image_check_types(struct refheap_image *image, const char *data,
			 size_t length, const struct rh_image_fault *fault);
int rh_image_check_objects(struct refheap_image *image,
			   const struct rh_image_fault *fault);
int rh_image_check_order(struct refheap_image *image,
			 const struct rh_image_fault *fault);
int rh_image_check_keys(const struct refheap_image *image,
			const struct rh_image_fault *fault);

/* RFC 3629. */
bool rh_utf8_valid(const char *text, size_t length);

#endif
