// SPDX-License-Identifier: GPL-2.0
/*
 * Reading saved heaps that are damaged or made to do harm: each is refused, or
 * is as good as the one it was made of. To be run under sanitizers.
 *
 *	test_image [TIMES [SEED]]
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image.h"

#define ROOM 8192

/* The numbers of the objects in the sample. */
enum {
	ROOT = 1, LIST, TUPLE, INNER, TEXT, NONE, ONE, DICT, NODE, WEAK, WEAK_SET,
	OBJECTS = WEAK_SET,
};

struct file {
	char data[ROOM];
	size_t length;
	struct rh_image_head *head;
	struct rh_image_record *record;
	uint32_t *edge;
	char *payload;
};

static unsigned int failed;
static uint64_t state = 1;

const char *refheap_kind_name(unsigned int kind)
{
	(void)kind;
	return "kind";
}

static uint32_t pick(uint32_t below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(state >> 33) % below;
}

/* The checksums of what is there now. */
static void seal(struct file *file)
{
	struct rh_image_head *head = file->head;

	head->body_sum = rh_crc32c(0, head + 1, file->length - sizeof(*head));
	head->head_sum = rh_crc32c(0, head, offsetof(struct rh_image_head, head_sum));
}

static void put(struct file *file, const void *data, size_t length)
{
	memcpy(file->data + file->length, data, length);
	file->length += length;
}

static void pad(struct file *file)
{
	file->length = rh_padded(file->length);
}

static void put_type(struct file *file)
{
	const struct rh_image_type type = { .name_len = 4, .nslots = 2 };
	const uint16_t one = 1;

	put(file, &type, sizeof(type));
	put(file, "Node", 4);
	put(file, &one, sizeof(one));
	put(file, "x", 1);
	put(file, &one, sizeof(one));
	put(file, "y", 1);
	pad(file);
}

static void put_object(struct file *file, unsigned int number, unsigned int kind, uint64_t n)
{
	struct rh_image_record record = {
		.id = REFHEAP_ID(number, 1), .sizeof_ = 64, .n = n, .refcount = 1,
		.kind = (uint16_t)kind, .type = kind == REFHEAP_KIND_INSTANCE,
	};

	put(file, &record, sizeof(record));
}

static void put_objects(struct file *file)
{
	put_object(file, ROOT, REFHEAP_KIND_DICT, 4);
	put_object(file, LIST, REFHEAP_KIND_LIST, 4);
	put_object(file, TUPLE, REFHEAP_KIND_TUPLE, 3);
	put_object(file, INNER, REFHEAP_KIND_TUPLE, 1);
	put_object(file, TEXT, REFHEAP_KIND_STR, 6);
	put_object(file, NONE, REFHEAP_KIND_NONE, 0);
	put_object(file, ONE, REFHEAP_KIND_INT, 8);
	put_object(file, DICT, REFHEAP_KIND_DICT, 4);
	put_object(file, NODE, REFHEAP_KIND_INSTANCE, 2);
	put_object(file, WEAK, REFHEAP_KIND_WEAKREF, 1);
	put_object(file, WEAK_SET, REFHEAP_KIND_WEAK_SET, 1);
}

static void make(struct file *file)
{
	static const uint32_t edges[] = {
		TEXT, LIST, ONE, WEAK_SET,	/* ROOT */
		LIST, TUPLE, DICT, NODE,	/* LIST */
		INNER, NONE, ONE,		/* TUPLE */
		TEXT,				/* INNER */
		TUPLE, LIST, NONE, INNER,	/* DICT */
		0, WEAK,			/* NODE */
		NODE,				/* WEAK */
		WEAK,				/* WEAK_SET */
	};
	const uint64_t one = 1;
	size_t types;

	memset(file, 0, sizeof(*file));
	file->head = (void *)file->data;
	file->length = sizeof(*file->head);
	put_type(file);
	types = file->length - sizeof(*file->head);
	file->record = (void *)(file->data + file->length);
	put_objects(file);
	file->edge = (void *)(file->data + file->length);
	put(file, edges, sizeof(edges));
	pad(file);
	file->payload = file->data + file->length;
	put(file, "t\xc3\xa4xt!", 6);
	pad(file);
	put(file, &one, sizeof(one));
	*file->head = (struct rh_image_head){
		.magic = RH_IMAGE_MAGIC, .version = RH_IMAGE_VERSION,
		.head_bytes = sizeof(*file->head), .file_bytes = file->length,
		.type_bytes = types, .types = 1, .objects = OBJECTS,
		.edges = sizeof(edges) / sizeof(*edges), .payload_bytes = 16,
		.heap = "sample",
	};
	seal(file);
}

static int read_file(const struct file *file, size_t length, char *why)
{
	struct refheap_image *image = NULL;
	int fd = memfd_create("image", 0), err;

	if (fd < 0 || write(fd, file->data, length) != (ssize_t)length ||
	    lseek(fd, 0, SEEK_SET))
		exit(2);
	err = refheap_image_read(fd, &image, why, 128);
	refheap_image_close(image);
	close(fd);
	return err;
}

static void expect(struct file *file, int err, const char *what)
{
	char why[128] = "";
	int got;

	seal(file);
	got = read_file(file, file->length, why);
	if (got == err)
		return;
	printf("# %s: %d (%s), not %d\n", what, got, why, err);
	failed++;
}

#define refused(what, change) \
	do { make(&file); change; expect(&file, -EBADMSG, what); } while (0)

static void check_types(void)
{
	struct rh_image_type *type;
	struct file file;

	make(&file);
	type = (void *)(file.head + 1);
	refused("a type that is its own base", type->base = 1);
	refused("unknown flags of a type", type->flags = 1U << 31);
	refused("a reserved field", type->reserved = 1);
	refused("a name without end", type->name_len = 60000);
	refused("slots without end", type->nslots = 60000);
	refused("a name with NUL", ((char *)(type + 1))[1] = 0);
	refused("a slot twice", ((char *)(type + 1))[9] = 'x');
	refused("more types than there are", file.head->types = 2);
	refused("types without end", file.head->types = UINT32_MAX);
}

static void check_lengths(void)
{
	struct file file;

	refused("objects without end", file.head->objects = UINT32_MAX - 1ULL);
	refused("no objects", file.head->objects = 0);
	refused("edges without end", file.head->edges = UINT64_MAX / 2);
	refused("payload without end", file.head->payload_bytes = UINT64_MAX - 7);
	refused("a list without end", file.record[LIST - 1].n = UINT64_MAX);
	refused("a text without end", file.record[TEXT - 1].n = UINT64_MAX - 6);
	refused("a text that is too long", file.record[TEXT - 1].n = 17);
	refused("an object of no size", file.record[TEXT - 1].sizeof_ = UINT64_MAX);
	refused("a name without NUL", memset(file.head->heap, 'a', sizeof(file.head->heap)));
	refused("a longer file", file.head->file_bytes++);
	make(&file);
	file.head->version = 2;
	expect(&file, -EPROTONOSUPPORT, "another version");
}

static void check_objects(void)
{
	struct file file;

	refused("an unknown kind", file.record[LIST - 1].kind = __REFHEAP_KIND_MAX);
	refused("no kind", file.record[LIST - 1].kind = 0);
	refused("a type of no instance", file.record[LIST - 1].type = 1);
	refused("an unknown type", file.record[NODE - 1].type = 2);
	refused("an unknown generation", file.record[LIST - 1].generation = 4);
	refused("unknown flags", file.record[LIST - 1].flags = 1U << 31);
	refused("a slot twice", file.record[LIST - 1].id = file.record[TUPLE - 1].id);
	refused("another root", file.record[0].id = REFHEAP_ID(1, 2));
	refused("no text", file.payload[1] = 'x');
	refused("padding that says something", file.payload[7] = 1);
	refused("None that is something", file.record[NONE - 1].n = 8);
	refused("a wild edge", file.edge[4] = OBJECTS + 1);
	refused("the wildest edge", file.edge[4] = UINT32_MAX);
	refused("nothing in a list", file.edge[4] = 0);
	refused("half an entry", file.edge[13] = 0);
	refused("a weak reference to text", file.edge[18] = TEXT);
	refused("a weak set of what is not weak", file.edge[19] = NODE);
}

static void check_graphs(void)
{
	struct file file;

	refused("a tuple in itself", file.edge[8] = TUPLE);
	refused("two tuples in each other", file.edge[11] = TUPLE);
	refused("a list as key", file.edge[12] = LIST);
	refused("a tuple with a list as key", file.edge[11] = LIST);
	refused("a key twice", file.edge[14] = TUPLE);
	refused("None twice", (file.record[ONE - 1].kind = REFHEAP_KIND_NONE,
				file.record[ONE - 1].n = 0, file.head->payload_bytes = 8,
				file.length -= 8, file.head->file_bytes -= 8));
	make(&file);
	expect(&file, 0, "the sample");
	file.edge[14] = NODE;
	expect(&file, 0, "an instance as key");
}

/* Every one of its beginnings, and every bit of it the other way. */
static void check_damage(void)
{
	char why[128];
	struct file file;

	make(&file);
	for (size_t length = 0; length < file.length; length++)
		failed += read_file(&file, length, why) != -EBADMSG;
	for (size_t bit = 0; bit < file.length * 8; bit++) {
		file.data[bit / 8] ^= (char)(1 << bit % 8);
		failed += read_file(&file, file.length, why) >= 0;
		file.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	file.data[file.length] = 0;
	failed += read_file(&file, file.length + 1, why) != -EBADMSG;
}

/* With right checksums: nothing is promised but that it ends well. */
static void check_anything(unsigned long times)
{
	unsigned long good = 0;
	struct file file;
	char why[128];

	for (unsigned long i = 0; i < times; i++) {
		make(&file);
		for (uint32_t n = 1 + pick(4); n; n--) {
			uint32_t at = pick((uint32_t)file.length);

			switch (pick(3)) {
			case 0:
				file.data[at] ^= (char)(1 << pick(8));
				break;
			case 1:
				file.data[at] = (char)pick(256);
				break;
			default:
				file.data[at] = (char)pick(OBJECTS + 2);
				break;
			}
		}
		seal(&file);
		good += !read_file(&file, file.length, why);
	}
	printf("# %lu of %lu altered files are heaps\n", good, times);
}

int main(int argc, char **argv)
{
	state = argc > 2 ? strtoul(argv[2], NULL, 0) : 1;
	check_types();
	check_lengths();
	check_objects();
	check_graphs();
	check_damage();
	check_anything(argc > 1 ? strtoul(argv[1], NULL, 0) : 100000);
	printf("%sok 1 - saved heaps that are no good\n1..1\n", failed ? "not " : "");
	return failed != 0;
}
