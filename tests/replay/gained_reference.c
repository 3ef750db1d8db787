// SPDX-License-Identifier: GPL-2.0
/*
 * A reference that is gained while the collector decides: by every door that
 * leads to an object, in several processes, while full collections run in the
 * smallest steps. What was gained must stay valid, with all that it reaches;
 * what was said to be dead must stay dead.
 *
 * CVE-2021-0920: MSG_PEEK gave out a file that the collector of Unix sockets
 * was about to clear. CVE-2025-40214: a new edge was taken for one of an old
 * component. CVE-2026-23394: a peek was not noticed by the one that had decided
 * already.
 *
 *   gained_reference [SECONDS [SEED]]    10, the time
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../bed.h"

#define HEAP		"replay.gained"
#define RINGS		64	/* at a time */
#define NODES		12	/* of a ring, each an instance: next node, its payload */
#define TAKERS		8
#define BALLAST		10000	/* objects that make a collection long */
#define PLACES		(RINGS * NODES * 5) /* slots for a node and what comes with it */
#define KEPT		4	/* nodes whose finalizer brought them back */
#define PAYLOAD		600	/* bytes */
#define PATIENCE_US	100000	/* between gain and use, at most */
#define NEWEST		4	/* rings that are most likely alive */
#define LONGEST		12	/* times as long, where little happens in that time */

/* One ring, for all to see; the ids of its nodes are 0 until it is there. */
struct ring {
	_Atomic refheap_id node[NODES];
	_Atomic refheap_id payload[NODES];
	_Atomic refheap_id reference[NODES];	/* weak, to the node */
	_Atomic uint32_t born;			/* collections that had ended by then */
};

struct tally {
	_Atomic uint32_t gained, between, refused, finalized, broken, undead;
	_Atomic uint32_t kind;		/* door of the last that was broken */
	_Atomic int error;
};

struct shared {
	struct ring ring[RINGS];
	struct tally tally;
	_Atomic refheap_id weak_values;	/* number of a ring and node => node */
	_Atomic refheap_id weak_set;	/* all nodes */
	_Atomic refheap_id store;	/* a list that is named */
	_Atomic uint32_t collections;
	_Atomic uint32_t newest;	/* ring */
	uint32_t type, final_type;	/* of nodes */
};

static struct bed bed;
static struct shared *shared;

static int get(int fd, refheap_id node, const char *name, uint64_t *value)
{
	struct refheap_result result;
	struct refheap_op operation = {
		.code = REFHEAP_OP_GET_ATTR, .a = node, .data_len = strlen(name),
	};
	int err = op_whole(fd, &operation, name, NULL, 0, &result);

	*value = result.value;
	return err;
}

static void set(int fd, refheap_id node, const char *name, refheap_id value)
{
	struct refheap_result result;
	struct refheap_op operation = {
		.code = REFHEAP_OP_SET_ATTR, .a = node, .c = value, .data_len = strlen(name),
	};

	must(op_whole(fd, &operation, name, NULL, 0, &result), "set attribute");
}

/* The maker: rings that nobody holds but, weakly, everybody. */

/*
 * A few rings have finalizers. After those the collector looks again at what has
 * come back, so most collections should have none.
 */
static uint32_t type_of(unsigned int ring)
{
	return ring % 32 ? shared->type : shared->final_type;
}

static refheap_id new_payload(int fd, refheap_id node)
{
	refheap_id payload = value_of(fd, OP(BYTEARRAY, .a = PAYLOAD));
	struct refheap_result result;
	struct refheap_op write = {
		.code = REFHEAP_OP_WRITE, .a = payload, .data_len = sizeof(node),
	};

	must(op_whole(fd, &write, &node, NULL, 0, &result), "write");
	return payload;
}

static refheap_id key_of(int fd, unsigned int ring, unsigned int i)
{
	return value_of(fd, OP(INT, .a = 1000 + ring * NODES + i));
}

/* Somewhere that does not keep it: a dict, a set, a weak reference. */
static void observe(int fd, unsigned int ring, unsigned int i, refheap_id node)
{
	refheap_id key = key_of(fd, ring, i);

	shared->ring[ring].reference[i] = value_of(fd, OP(WEAKREF, .a = node));
	value_of(fd, OP(SET_KEY, .a = shared->weak_values, .b = key, .c = node));
	value_of(fd, OP(ADD, .a = shared->weak_set, .b = node));
	value_of(fd, OP(DROP, .a = key));
}

static void make_ring(int fd, unsigned int number)
{
	struct ring *ring = &shared->ring[number];
	refheap_id node[NODES], payload;
	unsigned int i;

	for (i = 0; i < NODES; i++)
		node[i] = value_of(fd, OP(INSTANCE, .arg = type_of(number)));
	for (i = 0; i < NODES; i++) {
		set(fd, node[i], "next", node[(i + 1) % NODES]);
		payload = new_payload(fd, node[i]);
		set(fd, node[i], "payload", payload);
		value_of(fd, OP(DROP, .a = payload));
		ring->payload[i] = payload;
	}
	for (i = 0; i < NODES; i++)
		observe(fd, number, i, node[i]);
	for (i = 0; i < NODES; i++)
		ring->node[i] = node[i];
	for (i = 0; i < NODES; i++)
		value_of(fd, OP(DROP, .a = node[i]));
	ring->born = shared->collections;
	shared->newest = number;
}

static void collect_for_ever(void)
{
	int fd = device_attach(HEAP);

	must(fd, "attach");
	for (;;) {
		value_of(fd, OP(COLLECT, .arg = 2));
		shared->collections++;
	}
}

/*
 * The doors. Each tries to gain a reference to a node of a ring and returns 0
 * with its id, or an error.
 */

static int by_id(int fd, const struct ring *ring, unsigned int i, uint64_t *node)
{
	return op(fd, OP(TAKE, .a = ring->node[i]), node);
}

static int by_reference(int fd, const struct ring *ring, unsigned int i, uint64_t *node)
{
	int err = op(fd, OP(DEREF, .a = ring->reference[i]), node);

	return err ? err : *node ? 0 : -ESTALE;
}

static int by_weak_dict(int fd, const struct ring *ring, unsigned int i, uint64_t *node)
{
	refheap_id key = key_of(fd, ring - shared->ring, i);
	int err = op(fd, OP(GET_KEY, .a = shared->weak_values, .b = key), node);

	value_of(fd, OP(DROP, .a = key));
	return err;
}

/* Takes the element out of a ring whose nodes nobody holds. */
static int by_attribute(int fd, const struct ring *ring, unsigned int i, uint64_t *node)
{
	return get(fd, ring->node[i], "next", node);
}

static int by_next(int fd, const struct ring *ring, unsigned int i, uint64_t *node)
{
	struct refheap_entry entry = { 0 };
	struct refheap_result result;
	int err = op_whole(fd, OP(NEXT, .a = ring->node[i], .arg = 1), NULL, &entry, sizeof(entry),
			   &result);

	*node = entry.value;
	if (err || !result.info)
		return err ? err : -ESTALE;
	value_of(fd, OP(DROP, .a = entry.key));
	return 0;
}

/* The members of a weak set, some of them; all but one are given back. */
static int by_weak_set(int fd, const struct ring *ring, unsigned int i, uint64_t *node)
{
	struct refheap_entry entry[NODES];
	struct refheap_result result;
	uint32_t n;
	int err = op_whole(fd, OP(NEXT, .a = shared->weak_set, .arg = 1 + i), NULL, entry,
			   sizeof(entry), &result);

	(void)ring;
	if (err || !result.info)
		return err ? err : -ESTALE;
	for (n = 1; n < result.info; n++)
		op(fd, OP(DROP, .a = entry[n].key), NULL);
	*node = entry[0].key;
	return 0;
}

/* Stored before it is held. */
static int by_storing(int fd, const struct ring *ring, unsigned int i, uint64_t *node)
{
	refheap_id list = value_of(fd, OP(LIST));
	int err = op(fd, OP(APPEND, .a = list, .c = ring->node[i]), NULL);

	if (!err)
		err = op(fd, OP(POP, .a = list, .b = -1), node);
	value_of(fd, OP(DROP, .a = list));
	return err;
}

/* And stored where others find it. */
static int by_popping(int fd, const struct ring *ring, unsigned int i, uint64_t *node)
{
	int err = op(fd, OP(APPEND, .a = shared->store, .c = ring->node[i]), NULL);

	return err ? err : op(fd, OP(POP, .a = shared->store, .b = 0), node);
}

/* The descriptor's reference, and then one by it. */
static int by_export(int fd, const struct ring *ring, unsigned int i, uint64_t *node)
{
	struct refheap_export export = { .size = sizeof(export), .object = ring->node[i] };
	struct refheap_import import = { .size = sizeof(import) };
	int err = ioctl(fd, REFHEAP_IOC_EXPORT, &export) ? -errno : 0;

	if (err)
		return err;
	import.fd = export.fd;
	err = ioctl(fd, REFHEAP_IOC_IMPORT, &import) ? -errno : 0;
	close(export.fd);
	*node = import.object;
	return err;
}

/* A new weak reference, dereferenced in the same batch. */
static int by_new_reference(int fd, const struct ring *ring, unsigned int i, uint64_t *node)
{
	struct refheap_op ops[] = {
		{ .code = REFHEAP_OP_WEAKREF, .a = ring->node[i], .flags = REFHEAP_OPF_TEMP },
		{ .code = REFHEAP_OP_DEREF, .a = 0, .flags = REFHEAP_OPF_A_RESULT },
	};
	struct refheap_result results[2] = { { 0 } };
	struct refheap_batch batch = {
		.size = sizeof(batch), .count = 2, .ops = (uintptr_t)ops,
		.results = (uintptr_t)results,
	};

	if (ioctl(fd, REFHEAP_IOC_BATCH, &batch))
		return -errno;
	if (batch.done < 2)
		return batch.done && results[0].error ? results[0].error : -EINTR;
	*node = results[1].value;
	return results[1].error ? results[1].error : *node ? 0 : -ESTALE;
}

static const struct {
	const char *name;
	int (*gain)(int fd, const struct ring *ring, unsigned int i, uint64_t *node);
} doors[] = {
	{ "take", by_id },
	{ "dereference", by_reference },
	{ "weak dict", by_weak_dict },
	{ "attribute", by_attribute },
	{ "next", by_next },
	{ "weak set", by_weak_set },
	{ "store and pop", by_storing },
	{ "shared store", by_popping },
	{ "export and import", by_export },
	{ "new weak reference", by_new_reference },
};

#define DOORS	(sizeof(doors) / sizeof(doors[0]))

/* What was gained. */

static void complain(size_t door, int err)
{
	shared->tally.kind = door;
	shared->tally.error = err;
	shared->tally.broken++;
}

/* A node's payload is its own, seen through a mapping. */
static int look_at_payload(int fd, refheap_id node)
{
	uint64_t payload, offset;
	struct refheap_result result;
	const char *map;
	refheap_id seen;
	int err = get(fd, node, "payload", &payload);

	if (err)
		return err;
	err = op_whole(fd, OP(VIEW, .a = payload), NULL, NULL, 0, &result);
	if (err)
		return err;
	offset = result.value;
	map = mmap(NULL, result.info + PAYLOAD, PROT_READ, MAP_SHARED, fd, (off_t)offset);
	if (map == MAP_FAILED)
		return -errno;
	memcpy(&seen, map + result.info, sizeof(seen));
	munmap((void *)map, result.info + PAYLOAD);
	value_of(fd, OP(DROP, .a = payload));
	return seen == node ? 0 : -EBADMSG;
}

/* Once around: all of it must be there as long as one node is held. */
static int walk(int fd, refheap_id node)
{
	refheap_id start = node, next = 0;
	unsigned int i;
	int err = op(fd, OP(TAKE, .a = node), NULL);

	if (err)
		return err;
	for (i = 0; i < NODES && !err; i++) {
		err = i % 4 ? 0 : look_at_payload(fd, node);
		if (!err)
			err = get(fd, node, "next", &next);
		if (!err)
			err = op(fd, OP(DROP, .a = node), NULL);
		node = next;
	}
	if (err)
		return err;
	err = op(fd, OP(DROP, .a = node), NULL);
	return err ? err : node == start ? 0 : -ELOOP;
}

static bool is_expected(int err)
{
	/* Another ring is in its place by now, or it is dead. */
	return err == -ESTALE || err == -ENOKEY || err == -ERANGE || err == -ENOENT;
}

static void gain_one(int fd, size_t door)
{
	unsigned int back = rand() % 2 ? rand() % NEWEST : rand() % RINGS;
	const struct ring *ring = &shared->ring[(shared->newest + RINGS - back) % RINGS];
	unsigned int i = rand() % NODES;
	refheap_id id = ring->node[i];
	uint32_t born = ring->born, began = shared->collections;
	uint64_t node = 0;
	int err;

	if (!id)
		return;
	err = doors[door].gain(fd, ring, i, &node);
	if (err) {
		shared->tally.refused++;
		if (!is_expected(err))
			complain(door, err);
		/* Dead for ever. */
		if (err == -ESTALE && door == 0 && !op(fd, OP(TAKE, .a = id), NULL) &&
		    ring->node[i] == id)
			shared->tally.undead++;
		return;
	}
	shared->tally.gained++;
	/* Nobody says any more that it is alive, until a collection is over. */
	if (rand() % 4)
		usleep(rand() % PATIENCE_US);
	/* One has begun after the birth, and ended after the gain. */
	if (began > born && shared->collections > began)
		shared->tally.between++;
	err = walk(fd, node);
	if (err)
		complain(door, err);
	err = op(fd, OP(DROP, .a = node), NULL);
	if (err)
		complain(door, err);
}

static void gain_for_ever(unsigned int seed)
{
	int fd = device_attach(HEAP);

	must(fd, "attach");
	srand(seed);
	for (;;)
		gain_one(fd, rand() % DOORS);
}

static bool is_dead(int fd, const struct ring *ring)
{
	struct refheap_info info;
	struct refheap_result result;

	return op_whole(fd, OP(INFO, .a = ring->node[0]), NULL, &info, sizeof(info), &result) ==
	       -ESTALE;
}

/* The finalizers' references: some are brought back for a while. */
static void finalize_some(int fd)
{
	static refheap_id kept[KEPT];
	struct refheap_event event;
	unsigned int place;
	int err;

	while (next_event(fd, &event) > 0) {
		err = event.type == REFHEAP_EVENT_FINALIZE ? walk(fd, event.object) : -EPROTO;
		if (err)
			complain(DOORS, err);
		shared->tally.finalized++;
		place = rand() % (4 * KEPT);
		if (place < KEPT) {
			value_of(fd, OP(TAKE, .a = event.object));
			if (kept[place])
				value_of(fd, OP(DROP, .a = kept[place]));
			kept[place] = event.object;
		}
		value_of(fd, OP(FINALIZED, .a = event.object));
	}
	place = rand() % KEPT;
	if (kept[place])
		value_of(fd, OP(DROP, .a = kept[place]));
	kept[place] = 0;
}

static void make_for_ever(void)
{
	int fd = device_attach(HEAP);
	unsigned int i, number;

	must(fd, "attach");
	for (;;) {
		usleep(1000);
		finalize_some(fd);
		for (number = 0; number < RINGS; number++) {
			struct ring *ring = &shared->ring[number];

			if (ring->node[0] && !is_dead(fd, ring))
				continue;
			for (i = 0; i < NODES && ring->node[0]; i++)
				op(fd, OP(DROP, .a = ring->reference[i]), NULL);
			make_ring(fd, number);
		}
	}
}

/* The witness. */

static void make_type(void)
{
	static const char *const slots[] = { "next", "payload" };
	const struct refheap_type_def node = { .name = "node", .slots = slots, .slot_count = 2 };
	const struct refheap_type_def finalized = {
		.name = "finalized", .flags = REFHEAP_TYPE_FINALIZER,
		.slots = slots, .slot_count = 2,
	};

	MUST(refheap_type_define(bed.session, &node, &shared->type));
	MUST(refheap_type_define(bed.session, &finalized, &shared->final_type));
	/* The names of its slots stay as long as the heap. */
	bed_set_base(&bed);
}

/* Return: a list of so many lists. */
static refheap_id make_lists(int fd, unsigned int count)
{
	refheap_id list, all = value_of(fd, OP(LIST));
	unsigned int i;

	for (i = 0; i < count; i++) {
		list = value_of(fd, OP(LIST));
		value_of(fd, OP(APPEND, .a = all, .c = list));
		value_of(fd, OP(DROP, .a = list));
	}
	return all;
}

/*
 * The collector has to be in the middle of something when others get at it. It
 * goes over the table from its beginning, so what it is to decide about, which
 * takes the lowest slots that are free, comes first, and then the ballast.
 */
static void make_ballast(int fd)
{
	refheap_id first = make_lists(fd, PLACES);

	make_lists(fd, BALLAST);
	value_of(fd, OP(DROP, .a = first));
}

static void make_observers(int fd)
{
	shared->weak_values = value_of(fd, OP(WEAK_VALUE_DICT));
	shared->weak_set = value_of(fd, OP(WEAK_SET));
	shared->store = value_of(fd, OP(LIST));
}

static bool any_ended(pid_t *child, size_t count)
{
	bool ended = false;
	int status;
	size_t i;

	for (i = 0; i < count; i++)
		if (waitpid(child[i], &status, WNOHANG) == child[i]) {
			printf("# process %zu ended, status %x\n", i, status);
			child[i] = 0;
			ended = true;
		}
	return ended;
}

/* Emulated, a machine may come to what is rare here after its time only. */
static bool all_happened(const struct tally *tally)
{
	return tally->gained && tally->refused && tally->finalized && tally->between;
}

int main(int argc, char **argv)
{
	unsigned int seconds = argc > 1 ? strtoul(argv[1], NULL, 0) : 10;
	unsigned int seed = argc > 2 ? strtoul(argv[2], NULL, 0) : (unsigned int)time(NULL);
	pid_t child[TAKERS + 2];
	struct tally *tally;
	uint64_t until, latest;
	int fd, i;

	printf("# %u seconds, seed %u\n", seconds, seed);
	srand(seed);
	shared = shared_memory(sizeof(*shared));
	tally = &shared->tally;
	if (!set_parameter("slice_us", 1))
		printf("# the module does not take slice_us\n");
	bed_make(&bed, HEAP);
	set_parameter("slice_us", 0);
	make_type();
	fd = device_attach(HEAP);
	must(fd, "attach");
	make_observers(fd);
	make_ballast(fd);

	for (i = 0; i < TAKERS + 2; i++) {
		unsigned int its_seed = rand();

		child[i] = give_birth();
		if (child[i])
			continue;
		if (i == TAKERS)
			make_for_ever();
		else if (i == TAKERS + 1)
			collect_for_ever();
		gain_for_ever(its_seed);
	}
	until = now_us() + seconds * 1000000ULL;
	latest = now_us() + LONGEST * seconds * 1000000ULL;
	while (now_us() < (all_happened(tally) ? until : latest) && !tally->broken &&
	       !tally->undead)
		usleep(10000);
	result(!any_ended(child, TAKERS + 2), "all lived until the end");
	for (i = 0; i < TAKERS + 2; i++)
		if (child[i])
			end(child[i]);
	if (tally->broken)
		printf("# by %s: %s\n",
		       tally->kind < DOORS ? doors[tally->kind].name : "a finalizer",
		       refheap_strerror(tally->error));
	printf("# %u collections; one could have decided about %u of the references\n",
	       shared->collections, tally->between);
	result(tally->gained && !tally->broken, "%u references gained are whole", tally->gained);
	result(tally->finalized, "so are %u brought by finalizers", tally->finalized);
	result(tally->refused && !tally->undead, "%u refused, none of which came back",
	       tally->refused);
	close(fd);
	bed_check(&bed, "after that");
	bed_remove(&bed);
	return results();
}
