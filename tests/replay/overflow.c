// SPDX-License-Identifier: GPL-2.0
/*
 * A count that wraps around after 2^32 references: the object is freed with all
 * of them around. Nobody waits for 2^32 here, the module lets the limit be
 * lowered. Through every door that gives a reference, the one that is too many
 * has to be refused, and all the others have to stay good.
 *
 * CVE-2016-0728: the count of a keyring wrapped, after half an hour of failing
 * calls. CVE-2016-4558: the count of a BPF program did, with memory enough.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../bed.h"

#define HEAP	"replay.overflow"
#define MOST	200	/* references to one object */

static struct bed bed;
static uint32_t type;	/* whose instances take any attribute */
static uint32_t slotted_type; /* with three slots */

/* What the doors need: it all goes with the session. */
struct room {
	int fd;
	refheap_id object;	/* whose count is to grow; an instance */
	refheap_id list;	/* with the object in it */
	refheap_id dict;	/* likewise */
	refheap_id instance;	/* another, likewise */
	refheap_id reference;	/* weak, to the object */
	refheap_id empty;	/* a list */
	int exported;		/* descriptor with a reference */
	int descriptor[MOST];	/* that came about */
	unsigned int descriptors;
};

static int op_text(int fd, const struct refheap_op *operation, const char *text)
{
	struct refheap_op with_text = *operation;
	struct refheap_result result;

	with_text.data_len = strlen(text);
	return op_whole(fd, &with_text, text, NULL, 0, &result);
}

static int take(struct room *room)
{
	return op(room->fd, OP(TAKE, .a = room->object), NULL);
}

static int append(struct room *room)
{
	return op(room->fd, OP(APPEND, .a = room->empty, .c = room->object), NULL);
}

static int insert(struct room *room)
{
	return op(room->fd, OP(INSERT, .a = room->empty, .c = room->object), NULL);
}

/* Many at once: all of them or none. */
static int op_many(struct room *room, struct refheap_op operation)
{
	const refheap_id items[] = { room->object, room->object, room->object };
	struct refheap_result result;

	operation.data_len = sizeof(items);
	return op_whole(room->fd, &operation, items, NULL, 0, &result);
}

static int new_tuple(struct room *room)
{
	return op_many(room, *OP(TUPLE));
}

static int new_instance(struct room *room)
{
	return op_many(room, *OP(INSTANCE, .arg = slotted_type));
}

static int extend(struct room *room)
{
	return op_many(room, *OP(EXTEND, .a = room->empty));
}

static int new_dict(struct room *room)
{
	refheap_id key = value_of(room->fd, OP(INT, .a = 1000));
	const refheap_id items[] = { key, room->object };
	struct refheap_op dict = { .code = REFHEAP_OP_DICT, .data_len = sizeof(items) };
	struct refheap_result result;

	return op_whole(room->fd, &dict, items, NULL, 0, &result);
}

static int set_key(struct room *room)
{
	static unsigned int n;
	refheap_id key = value_of(room->fd, OP(INT, .a = 100000 + n++));

	return op(room->fd, OP(SET_KEY, .a = room->dict, .b = key, .c = room->object), NULL);
}

/* In the place of what is there. */
static int set_index(struct room *room)
{
	value_of(room->fd, OP(APPEND, .a = room->empty, .c = room->list));
	return op(room->fd, OP(SET_INDEX, .a = room->empty, .b = -1, .c = room->object), NULL);
}

static int set_default(struct room *room)
{
	static unsigned int n;
	refheap_id key = value_of(room->fd, OP(INT, .a = 500000 + n++));

	return op(room->fd, OP(SET_DEFAULT, .a = room->dict, .b = key, .c = room->object), NULL);
}

static int be_a_key(struct room *room)
{
	refheap_id dict = value_of(room->fd, OP(DICT));

	return op(room->fd, OP(SET_KEY, .a = dict, .b = room->object, .c = room->list), NULL);
}

static int be_a_member(struct room *room)
{
	refheap_id set = value_of(room->fd, OP(SET));

	return op(room->fd, OP(ADD, .a = set, .b = room->object), NULL);
}

static int set_attribute(struct room *room)
{
	refheap_id instance = value_of(room->fd, OP(INSTANCE, .arg = type));

	return op_text(room->fd, OP(SET_ATTR, .a = instance, .c = room->object), "name");
}

static int get_attribute(struct room *room)
{
	return op_text(room->fd, OP(GET_ATTR, .a = room->instance), "name");
}

static int get_index(struct room *room)
{
	return op(room->fd, OP(GET_INDEX, .a = room->list), NULL);
}

static int next(struct room *room)
{
	struct refheap_entry entry;
	struct refheap_result result;

	return op_whole(room->fd, OP(NEXT, .a = room->list, .arg = 1), NULL, &entry, sizeof(entry),
			&result);
}

static int dereference(struct room *room)
{
	return op(room->fd, OP(DEREF, .a = room->reference), NULL);
}

static int export(struct room *room)
{
	struct refheap_export args = { .size = sizeof(args), .object = room->object };

	if (ioctl(room->fd, REFHEAP_IOC_EXPORT, &args))
		return -errno;
	room->descriptor[room->descriptors++] = args.fd;
	return 0;
}

static int import(struct room *room)
{
	struct refheap_import args = { .size = sizeof(args), .fd = room->exported };

	return ioctl(room->fd, REFHEAP_IOC_IMPORT, &args) ? -errno : 0;
}

static int move_to_end(struct room *room)
{
	return op_text(room->fd, OP(MOVE_TO_END, .flags = REFHEAP_OPF_KEY_STR, .a = room->dict),
		       "key");
}

static int get_key_str(struct room *room)
{
	return op_text(room->fd, OP(GET_KEY, .flags = REFHEAP_OPF_KEY_STR, .a = room->dict),
		       "key");
}

static const struct {
	const char *name;
	int (*open)(struct room *room);
} doors[] = {
	{ "take", take },
	{ "append", append },
	{ "insert", insert },
	{ "extend", extend },
	{ "tuple", new_tuple },
	{ "instance with values", new_instance },
	{ "dict", new_dict },
	{ "set key", set_key },
	{ "set default", set_default },
	{ "be a key", be_a_key },
	{ "be a member", be_a_member },
	{ "set index", set_index },
	{ "set attribute", set_attribute },
	{ "get attribute", get_attribute },
	{ "get index", get_index },
	{ "get key", get_key_str },
	{ "next", next },
	{ "dereference", dereference },
	{ "move to the end", move_to_end },
	{ "export", export },
	{ "import", import },
};

static void enter(struct room *room)
{
	memset(room, 0, sizeof(*room));
	room->fd = device_attach(HEAP);
	must(room->fd, "attach");
	room->object = value_of(room->fd, OP(INSTANCE, .arg = type));
	room->instance = value_of(room->fd, OP(INSTANCE, .arg = type));
	room->list = value_of(room->fd, OP(LIST));
	room->dict = value_of(room->fd, OP(DICT));
	room->empty = value_of(room->fd, OP(LIST));
	value_of(room->fd, OP(APPEND, .a = room->list, .c = room->object));
	must(op_text(room->fd, OP(SET_KEY, .flags = REFHEAP_OPF_KEY_STR, .a = room->dict,
				  .c = room->object), "key"), "set key");
	must(op_text(room->fd, OP(SET_ATTR, .a = room->instance, .c = room->object), "name"),
	     "set attribute");
	room->reference = value_of(room->fd, OP(WEAKREF, .a = room->object));
	must(export(room), "export");
	room->exported = room->descriptor[0];
}

static void leave(struct room *room)
{
	unsigned int i;

	for (i = 0; i < room->descriptors; i++)
		close(room->descriptor[i]);
	close(room->fd);
}

static bool is_whole(void)
{
	char broken[200] = "";

	if (!refheap_verify(bed.session, broken, sizeof(broken)))
		return true;
	printf("# %s\n", broken);
	return false;
}

static void fill_through(size_t door)
{
	struct room room;
	unsigned int times = 0;
	int64_t count;
	int err;
	bool good;

	enter(&room);
	do {
		err = doors[door].open(&room);
	} while (!err && ++times <= MOST);
	count = refheap_refcount(bed.session, room.object);
	/* Three at once may not fit where one would. */
	good = err == -EOVERFLOW && count <= MOST && count > MOST - 3;
	good &= doors[door].open(&room) == -EOVERFLOW;
	good &= refheap_refcount(bed.session, room.object) == count;
	if (!good)
		printf("# %u times, then %s; %lld references\n", times,
		       err ? refheap_strerror(err) : "no error", (long long)count);
	result(good && is_whole(), "%s: no more than %lld references", doors[door].name,
	       (long long)count);
	leave(&room);
	result(within(10, bed_look(&bed).objects == bed.base.objects) && is_whole(),
	       "%s: they all went", doors[door].name);
}

/* Asked for again, a weak reference without callback is the same one. */
static void ask_for_the_same(void)
{
	struct room room;
	refheap_id ids[2];
	struct refheap_result answer;
	uint64_t reference;
	unsigned int times = 0;
	int err, listing;

	enter(&room);
	do {
		err = op(room.fd, OP(WEAKREF, .a = room.object), &reference);
	} while (!err && reference == room.reference && ++times <= MOST);
	listing = op_whole(room.fd, OP(WEAKREFS, .a = room.object, .arg = 2), NULL, ids,
			   sizeof(ids), &answer);
	result(err == -EOVERFLOW && listing == -EOVERFLOW && times == MOST - 1 && is_whole(),
	       "the same weak reference, no more than %u times", times + 1);
	leave(&room);
	result(within(10, bed_look(&bed).objects == bed.base.objects) && is_whole(),
	       "and it went");
}

/* At the limit it is still an object like any other. */
static void die_at_the_limit(void)
{
	pid_t child = give_birth();
	struct room room;

	if (!child) {
		enter(&room);
		/* In a cycle with itself, and in each place that holds it. */
		must(op_text(room.fd, OP(SET_ATTR, .a = room.object, .c = room.object), "self"),
		     "set attribute");
		while (!take(&room))
			;
		while (!append(&room))
			;
		value_of(room.fd, OP(COLLECT, .arg = 2));
		raise(SIGKILL);
	}
	result(wait_for(child) == 128 + SIGKILL, "a process has as many as there can be");
	(void)within(10, bed_look(&bed).sessions == bed.base.sessions);
	MUST(refheap_collect(bed.session, 2, NULL));
	result(bed_look(&bed).objects == bed.base.objects && is_whole(), "and none when it is killed");
}

/* What a notice brings is set aside; it may not be one too many. */
static void be_told_at_the_limit(void)
{
	struct refheap_event event;
	struct room room;
	uint64_t reference;
	int told;

	enter(&room);
	reference = value_of(room.fd, OP(WEAKREF, .a = room.empty,
					 .arg = REFHEAP_WEAKREF_CALLBACK, .b = 77));
	while (!op(room.fd, OP(TAKE, .a = reference), NULL))
		;
	value_of(room.fd, OP(DROP, .a = room.empty));
	told = next_event(room.fd, &event);
	result(told == 1 && event.object == reference && event.value == 77,
	       "a weak reference with all its references tells of the death");
	result(is_whole(), "and its count is right");
	leave(&room);
}

int main(void)
{
	static const struct refheap_type_def open_type = {
		.name = "open", .flags = REFHEAP_TYPE_DICT,
	};
	static const char *const slots[] = { "one", "two", "three" };
	static const struct refheap_type_def slotted = {
		.name = "slotted", .slots = slots, .slot_count = 3,
	};
	struct rlimit files = { 2 * MOST + 100, 2 * MOST + 100 };
	size_t door;

	MUST_SYS(setrlimit(RLIMIT_NOFILE, &files));
	if (!set_parameter("max_count", MOST)) {
		skipped("the module does not take max_count");
		return results();
	}
	bed_make(&bed, HEAP);
	set_parameter("max_count", 0);
	MUST(refheap_type_define(bed.session, &open_type, &type));
	MUST(refheap_type_define(bed.session, &slotted, &slotted_type));
	/* What a type needs stays as long as the heap. */
	bed_set_base(&bed);
	for (door = 0; door < sizeof(doors) / sizeof(doors[0]); door++)
		fill_through(door);
	ask_for_the_same();
	die_at_the_limit();
	be_told_at_the_limit();
	bed_check(&bed, "after all that");
	bed_remove(&bed);
	return results();
}
