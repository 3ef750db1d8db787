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

/* How many objects there are of a kind or type, and their bytes. */
struct rh_image_sum {
	uint64_t objects;
	uint64_t bytes;
};

/* A type that was read; its slots are those of the base first. */
struct rh_image_type_info {
	char name[REFHEAP_NAME_MAX];
	uint32_t base;
	uint32_t flags;
	char **slots;
	size_t slot_count;
	size_t own;		/* the first slot that is not of the base */
	struct rh_image_sum sum;
};

/* The name of a slot, and the number of the str that it is; 0: there is none. */
struct rh_image_name {
	const char *text;
	uint32_t number;
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
 * @kind: of each kind what there is, without instances of types
 * @weakrefs: of each object how many weak references there are to it
 * @name: of slots of types, in the order of their text; @names of them
 * @names: their number
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
	struct rh_image_sum kind[__REFHEAP_KIND_MAX];
	uint32_t *weakrefs;
	struct rh_image_name *name;
	uint32_t names;
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

/* What is looked for in a dict, set or instance. */
struct rh_image_key {
	enum { RH_KEY_OBJECT, RH_KEY_TEXT, RH_KEY_INTEGER } by;
	uint32_t object;
	uint64_t integer;
	const char *text;
	size_t length;
};

/* Prepares what the functions below look up. Return: 0 or -ENOMEM. */
int rh_image_index(struct refheap_image *image);

/* The object of that id. Return: 0, -ENOENT or -ESTALE. */
int rh_image_find(const struct refheap_image *image, refheap_id id, uint32_t *object);

/*
 * The entry in a place of a dict, set or dict-backed instance: numbers from 1;
 * of what is held weakly, of the referents. Return: whether there is one.
 */
bool rh_image_entry(const struct refheap_image *image, uint32_t object, uint64_t place,
		    uint32_t *key, uint32_t *value);

/* The entry with that key. Return: whether there is one. */
bool rh_image_lookup(const struct refheap_image *image, uint32_t object,
		     const struct rh_image_key *key, uint32_t *value);

/* Of a cell, from 1: what it refers to, of a weak reference its referent; or 0. */
uint32_t rh_image_referent(const struct refheap_image *image, uint32_t cell);

/* The str that is the name of a slot, from 1, or 0. */
uint32_t rh_image_slot_name(const struct refheap_image *image, uint32_t type, size_t slot);

/* Items, entries, attributes or bytes. */
uint64_t rh_image_length(const struct refheap_image *image, uint32_t object);

/* Of a bool, int or float: its bits. */
uint64_t rh_image_scalar(const struct refheap_image *image, uint32_t object);

bool rh_image_is_number(const struct refheap_image *image, uint32_t object);

/*
 * Bools, ints and floats that are integers are one family. Return: whether it
 * is of that; else @value has the bits of the float.
 */
bool rh_image_as_integer(const struct refheap_image *image, uint32_t object,
			 uint64_t *value);

/* Whether two objects that are no containers are the same key. */
bool rh_image_equal_leaves(const struct refheap_image *image, uint32_t a, uint32_t b);

/* RFC 3629. */
bool rh_utf8_valid(const char *text, size_t length);

#endif
