// SPDX-License-Identifier: GPL-2.0
/* Saving a heap and bringing it back. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "fixture.h"

#define COPY	"test_dump.copy"
#define TIMES	3000

static void remove_copy(struct fixture *f)
{
	uint32_t heap;

	ok(refheap_heap_find(f->ctl, COPY, REFHEAP_OWNER_SELF, &heap));
	ok(refheap_heap_remove(f->ctl, heap));
}

/* A graph with everything that can be saved; only names hold it. */
static void fill(struct refheap *session)
{
	static const char *const xy[] = { "x", "y" }, *const z[] = { "z" };
	struct refheap_type_def node = { .name = "Node", .slots = xy, .slot_count = 2 };
	struct refheap_type_def sub = { .name = "Sub", .slots = z, .slot_count = 1 };
	struct refheap_type_def open = { .name = "Open", .flags = REFHEAP_TYPE_DICT };
	refheap_id list, dict, tuple, set, n, s, o, weak, dead, weakest, big, more, item[4];
	char *long_text = malloc(20000);
	uint32_t type;

	memset(long_text, 'l', 20000);
	long_text[0] = ' ';
	ok(refheap_new_list(session, NULL, 0, &list));
	ok(refheap_new_dict(session, NULL, 0, &dict));
	ok(refheap_new_float(session, 2.5, &item[0]));
	ok(refheap_new_bytes(session, "a\0b", 3, &item[1]));
	ok(refheap_new_str_len(session, long_text, 20000, &item[2]));
	ok(refheap_new_none(session, &item[3]));
	ok(refheap_new_tuple(session, item, 4, &tuple));
	ok(refheap_new_set(session, &tuple, 1, &set));
	ok(refheap_new_bytearray(session, long_text, 5000, &big));
	ok(refheap_intern(session, "interned, you see", 17, &more));
	ok(refheap_append(session, list, list));
	ok(refheap_append(session, list, tuple));
	ok(refheap_append(session, list, dict));
	ok(refheap_append(session, list, more));
	ok(refheap_append(session, list, more));
	ok(refheap_set_key(session, dict, tuple, list));
	ok(refheap_set_key_str(session, dict, "big", big));
	ok(refheap_set_key_str(session, dict, "set", set));
	ok(refheap_new_tuple(session, &list, 1, &more));
	ok(refheap_append(session, list, more));

	ok(refheap_type_define(session, &node, &type));
	ok(refheap_new_instance(session, type, &n));
	sub.base = type;
	ok(refheap_type_define(session, &sub, &type));
	ok(refheap_new_instance(session, type, &s));
	ok(refheap_type_define(session, &open, &type));
	ok(refheap_new_instance(session, type, &o));
	ok(refheap_set_attr(session, n, "y", s));
	ok(refheap_set_attr(session, s, "z", n));
	ok(refheap_set_attr(session, o, "any name at all", list));
	ok(refheap_new_weakref(session, n, &weak));
	ok(refheap_set_attr(session, o, "weak", weak));
	ok(refheap_new_list(session, NULL, 0, &more));
	ok(refheap_new_weakref(session, more, &dead));
	ok(refheap_set_name(session, "dead", dead));
	ok(refheap_drop(session, more));
	ok(refheap_new_weak_key_dict(session, &weakest));
	ok(refheap_set_key(session, weakest, n, list));
	ok(refheap_set_name(session, "keys", weakest));
	ok(refheap_new_weak_value_dict(session, &weakest));
	ok(refheap_set_key_str(session, weakest, "k", s));
	ok(refheap_set_name(session, "values", weakest));
	ok(refheap_new_weak_set(session, &weakest));
	assert_int_equal(refheap_add(session, weakest, n), 1);
	ok(refheap_set_name(session, "set", weakest));
	ok(refheap_set_name(session, "list", list));
	ok(refheap_set_name(session, "open", o));
	ok(refheap_set_name(session, "node", n));
	free(long_text);
}

/* As fill() in a session of its own, which has ended. */
static void fill_heap(struct fixture *f)
{
	struct refheap *session = another_session(f, 0);

	fill(session);
	refheap_close(session);
	eventually(refheap_gc_enable(f->ctl, f->heap) == 0);
}

/* Which object of the other image each of these is. */
struct match {
	struct refheap_image *a, *b;
	uint32_t *other;	/* by number in a; 0: not met yet */
	uint32_t *back;
	uint32_t *stack;
	uint32_t depth;
};

static const char *type_name(const struct refheap_image *image, uint32_t type)
{
	static char name[2][REFHEAP_NAME_MAX];
	static int turn;
	struct refheap_type_info info = { .name = "" };

	if (type)
		ok(refheap_image_type(image, type, &info));
	turn = !turn;
	return strcpy(name[turn], info.name);
}

static void pair(struct match *match, uint32_t a, uint32_t b)
{
	assert_int_equal(!a, !b);
	if (!a)
		return;
	if (match->other[a] || match->back[b]) {
		assert_int_equal(match->other[a], b);
		assert_int_equal(match->back[b], a);
		return;
	}
	match->other[a] = b;
	match->back[b] = a;
	match->stack[match->depth++] = a;
}

static void compare_one(struct match *match, uint32_t number)
{
	const uint32_t flags = REFHEAP_INFO_INTERNED | REFHEAP_INFO_IMMORTAL;
	struct refheap_image_object a, b;

	ok(refheap_image_object(match->a, number, &a));
	ok(refheap_image_object(match->b, match->other[number], &b));
	assert_int_equal(a.kind, b.kind);
	assert_int_equal(a.n, b.n);
	assert_int_equal(a.length, b.length);
	assert_int_equal(a.flags & flags, b.flags & flags);
	assert_string_equal(type_name(match->a, a.type), type_name(match->b, b.type));
	if (a.payload)
		assert_memory_equal(a.payload, b.payload, a.n);
	for (uint64_t i = 0; a.edges && i < a.n; i++)
		pair(match, a.edges[i], b.edges[i]);
}

/* The graphs from the roots on are the same, object by object. */
static void assert_same(struct refheap_image *a, struct refheap_image *b)
{
	struct refheap_image_info info, other;
	struct match match = { .a = a, .b = b };

	refheap_image_info(a, &info);
	refheap_image_info(b, &other);
	match.other = calloc(info.objects + 1, sizeof(uint32_t));
	match.back = calloc(other.objects + 1, sizeof(uint32_t));
	match.stack = calloc(info.objects + 1, sizeof(uint32_t));
	pair(&match, 1, 1);
	while (match.depth)
		compare_one(&match, match.stack[--match.depth]);
	free(match.other);
	free(match.back);
	free(match.stack);
}

static void verify_copy(void)
{
	struct refheap *session;

	ok(refheap_open(COPY, 0, &session));
	ok(refheap_verify(session, NULL, 0));
	refheap_close(session);
}

/* The heap comes back as it is. */
static void assert_comes_back(struct fixture *f)
{
	struct refheap_image *image, *copied;
	struct refheap *session;

	image = image_of(f->session);
	ok(refheap_restore(image, COPY, NULL));
	verify_copy();
	ok(refheap_open(COPY, 0, &session));
	copied = image_of(session);
	refheap_close(session);
	assert_same(image, copied);
	refheap_image_close(image);
	refheap_image_close(copied);
	remove_copy(f);
}

static void test_same_again(void **state)
{
	fill_heap(*state);
	assert_comes_back(*state);
}

/* Numbers that look as if by chance, the same each time. */
static uint32_t below(uint32_t limit)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)((state >> 33) % limit);
}

#define MANY		2500
#define INSTANCES	4	/* types that have slots, or have none at all */

static const char *const five[] = { "a", "b", "c", "d", "e" };
static const struct refheap_type_def many_types[] = {
	{ .name = "Pair", .slots = five, .slot_count = 2 },
	{ .name = "Wide", .slots = five, .slot_count = 5 },
	{ .name = "Final", .flags = REFHEAP_TYPE_FINALIZER, .slots = five, .slot_count = 2 },
	{ .name = "Empty" },
	{ .name = "Open", .flags = REFHEAP_TYPE_DICT },
};

static refheap_id make_one(struct refheap *session, const uint32_t *types, uint32_t what,
			   const refheap_id *before, size_t n)
{
	refheap_id id;

	if (what <= INSTANCES)
		ok(refheap_new_instance(session, types[what], &id));
	else if (what == INSTANCES + 1)
		ok(refheap_new_list(session, NULL, 0, &id));
	else if (what == INSTANCES + 2)
		ok(refheap_new_tuple(session, before, n < 3 ? n : 3, &id));
	else
		ok(refheap_new_int(session, 1000 + n, &id));
	return id;
}

/* To what is near, or to anything. */
static void link_one(struct refheap *session, uint32_t what, const refheap_id *ids, uint32_t i)
{
	uint32_t edges = what < INSTANCES ? (uint32_t)many_types[what].slot_count : 2;

	for (uint32_t slot = 0; slot < edges; slot++) {
		uint32_t near = i - (i < 10 ? i : 10) + below(20);
		refheap_id to = ids[near < MANY && below(8) ? near : below(MANY)];

		if (!below(3))
			continue;
		if (what <= INSTANCES)
			ok(refheap_set_attr(session, ids[i], five[slot], to));
		else if (what == INSTANCES + 1)
			ok(refheap_append(session, ids[i], to));
	}
}

/* Runs of instances, with something in between, that refer to each other. */
static void fill_many(struct refheap *session)
{
	static refheap_id ids[MANY];
	static uint32_t what[MANY];
	uint32_t types[INSTANCES + 1], run = 0;
	refheap_id all;

	for (size_t i = 0; i <= INSTANCES; i++)
		ok(refheap_type_define(session, &many_types[i], &types[i]));
	for (uint32_t i = 0; i < MANY; i++, run--) {
		what[i] = run ? what[i - 1] : below(INSTANCES + 4);
		if (!run)
			run = 1 + below(what[i] < INSTANCES && below(2) ? 500 : 3);
		ids[i] = make_one(session, types, what[i], ids + i - (i < 3 ? i : 3), i);
	}
	for (uint32_t i = 0; i < MANY; i++)
		link_one(session, what[i], ids, i);
	ok(refheap_new_list(session, ids, MANY, &all));
	ok(refheap_set_name(session, "all", all));
}

static void test_many(void **state)
{
	struct fixture *f = *state;
	struct refheap *session;

	for (int i = 0; i < 3; i++) {
		session = another_session(f, 0);
		fill_many(session);
		refheap_close(session);
		assert_comes_back(f);
	}
}

/* Keys that are too long, all together, for one operation to take. */
static void test_long_keys(void **state)
{
	struct fixture *f = *state;
	struct refheap *session = another_session(f, 0);
	refheap_id dict, set, key, item[3];
	char *text = malloc(65000);

	memset(text, 'k', 65000);
	ok(refheap_new_dict(session, NULL, 0, &dict));
	ok(refheap_new_set(session, NULL, 0, &set));
	ok(refheap_new_none(session, &item[0]));
	for (int i = 0; i < 200; i++) {
		text[0] = (char)('a' + i % 20);
		text[1] = (char)('a' + i / 20);
		ok(refheap_new_str_len(session, text, 64000, &key));
		ok(refheap_set_key(session, dict, key, key));
		item[1] = key;
		item[2] = key;
		ok(refheap_new_tuple(session, item, 2 + i % 2, &key));
		ok(refheap_new_tuple(session, &key, 1, &key));
		assert_int_equal(refheap_add(session, set, i % 2 ? item[1] : key), 1);
	}
	ok(refheap_set_name(session, "dict", dict));
	ok(refheap_set_name(session, "set", set));
	refheap_close(session);
	free(text);
	assert_comes_back(f);
}

static void test_not_over_another(void **state)
{
	struct fixture *f = *state;
	struct refheap_image *image = image_of(f->session);

	ok(refheap_restore(image, COPY, NULL));
	fails(refheap_restore(image, COPY, NULL), EEXIST);
	remove_copy(f);
	fails(refheap_restore(image, "no/name", NULL), EINVAL);
	refheap_image_close(image);
}

/* What is too much for the new heap is not begun. */
static void test_all_or_nothing(void **state)
{
	struct refheap_options options = REFHEAP_OPTIONS_INIT;
	struct fixture *f = *state;
	struct refheap_image *image;
	uint32_t heap;

	fill_heap(f);
	image = image_of(f->session);
	options.max_objects = 12;
	fails(refheap_restore(image, COPY, &options), EDQUOT);
	fails(refheap_heap_find(f->ctl, COPY, REFHEAP_OWNER_SELF, &heap), ENOENT);
	refheap_image_close(image);
}

/* What only a session holds is in the file, but is not brought back. */
static void test_only_names(void **state)
{
	struct fixture *f = *state;
	struct refheap_image_info before, after;
	struct refheap_image *image, *copied;
	struct refheap *session;
	refheap_id list;

	ok(refheap_new_list(f->session, NULL, 0, &list));
	image = image_of(f->session);
	refheap_image_info(image, &before);
	ok(refheap_restore(image, COPY, NULL));
	ok(refheap_open(COPY, 0, &session));
	copied = image_of(session);
	refheap_image_info(copied, &after);
	assert_int_equal(after.objects, before.objects - 1);
	refheap_close(session);
	refheap_image_close(image);
	refheap_image_close(copied);
	remove_copy(f);
}

/* A reader can save. */
static void test_reader(void **state)
{
	struct fixture *f = *state;
	struct refheap *session;
	struct refheap_image *image;

	fill_heap(f);
	session = another_session(f, REFHEAP_ATTACH_RDONLY);
	image = image_of(session);
	refheap_image_close(image);
	refheap_close(session);
}

static void change_all_the_time(void *data)
{
	struct fixture *f = data;
	struct refheap *session = another_session(f, 0);
	refheap_id list, item;

	for (int i = 0; i < 20000; i++) {
		ok(refheap_new_list(session, NULL, 0, &list));
		ok(refheap_new_float(session, i, &item));
		ok(refheap_append(session, list, item));
		ok(refheap_append(session, list, list));
		ok(refheap_set_name(session, i % 2 ? "odd" : "even", list));
		ok(refheap_drop(session, item));
		ok(refheap_drop(session, list));
	}
	refheap_close(session);
}

/* While others change it: of one moment, or not at all. */
static void test_disturbed(void **state)
{
	struct fixture *f = *state;
	struct refheap_image *image;
	unsigned int saved = 0;
	int64_t objects;
	pid_t child;
	int fd;

	fill_heap(f);
	child = fork();
	if (!child) {
		change_all_the_time(f);
		_exit(0);
	}
	for (int i = 0; i < 20; i++) {
		fd = memfd_create("dump", 0);
		objects = refheap_dump(f->session, fd);
		assert_true(objects > 0 || objects == -EAGAIN);
		if (objects > 0) {
			assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
			ok(refheap_image_read(fd, &image, NULL, 0));
			refheap_image_close(image);
			saved++;
		}
		close(fd);
	}
	print_message("%u of 20 times it was saved\n", saved);
	assert_int_equal(waitpid(child, NULL, 0), child);
	image = image_of(f->session);
	refheap_image_close(image);
}

/* As rh_crc32c(), bit by bit. */
static uint32_t crc32c(const unsigned char *data, size_t length)
{
	uint32_t sum = ~0U;

	while (length--) {
		sum ^= *data++;
		for (int bit = 0; bit < 8; bit++)
			sum = sum >> 1 ^ (sum & 1 ? 0x82f63b78U : 0);
	}
	return ~sum;
}

#define HEAD_BYTES	144

static void seal(unsigned char *data, size_t length)
{
	uint32_t sum = crc32c(data + HEAD_BYTES, length - HEAD_BYTES);

	memcpy(data + HEAD_BYTES - 8, &sum, sizeof(sum));
	sum = crc32c(data, HEAD_BYTES - 4);
	memcpy(data + HEAD_BYTES - 4, &sum, sizeof(sum));
}

/* Return: whether what is in @data is a heap; then it was made, and is sound. */
static bool try_restore(struct fixture *f, const unsigned char *data, size_t length)
{
	struct refheap_image *image = NULL;
	int fd = memfd_create("altered", 0), err;
	uint32_t heap;

	assert_int_equal(write(fd, data, length), (ssize_t)length);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	err = refheap_image_read(fd, &image, NULL, 0);
	close(fd);
	if (err) {
		assert_null(image);
		return false;
	}
	err = refheap_restore(image, COPY, NULL);
	refheap_image_close(image);
	if (err) {
		fails(refheap_heap_find(f->ctl, COPY, REFHEAP_OWNER_SELF, &heap), ENOENT);
		print_message("a good file could not be restored: %d\n", err);
		return false;
	}
	verify_copy();
	remove_copy(f);
	return true;
}

/* Altered files with right checksums: refused, or a sound heap; nobody else's suffers. */
static void test_altered(void **state)
{
	struct fixture *f = *state;
	unsigned char *data, *altered;
	unsigned int made = 0;
	size_t length;
	int fd;

	fill_heap(f);
	fd = dump(f->session);
	length = (size_t)lseek(fd, 0, SEEK_END);
	data = malloc(length);
	altered = malloc(length);
	assert_int_equal(pread(fd, data, length, 0), (ssize_t)length);
	srand(1);
	for (int i = 0; i < TIMES; i++) {
		memcpy(altered, data, length);
		/* Where the structure is, not in the long texts. */
		for (int n = 1 + rand() % 3; n; n--)
			altered[(size_t)rand() % (length < 4000 ? length : 4000)] ^=
				(unsigned char)(1 << rand() % 8);
		if (i % 4)
			seal(altered, length);
		made += try_restore(f, altered, length);
	}
	print_message("%u of %d altered files were heaps\n", made, TIMES);
	free(data);
	free(altered);
	close(fd);
	ok(refheap_verify(f->session, NULL, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heap_test(test_same_again),
		heap_test(test_many),
		heap_test(test_long_keys),
		heap_test(test_not_over_another),
		heap_test(test_all_or_nothing),
		heap_test(test_only_names),
		heap_test(test_reader),
		heap_test(test_disturbed),
		heap_test(test_altered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
