// SPDX-License-Identifier: GPL-2.0
/*
 * Several sessions in one heap: what each does is stopped after any few units
 * of work, and any other, or the worker, goes on. Sessions execute batches, read
 * events and give them back, and leave; memory fails, limits are reached,
 * collections run, births are traced.
 *
 *   sessions [SEQUENCES [SEED [STEPS]]]
 *
 * Nothing is modelled here. What must hold is what rh_verify() knows, that what
 * has to come to an end does, that events are about what is alive, and that all
 * memory is given back; and the sanitizers must have nothing to say.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "kmod/engine/heap.h"
#include "kmod/engine/table.h"
#include "tests/shim/host.h"

#define SESSIONS	4
#define OPS		13
#define KNOWN		64	/* ids */
#define TYPES		4
#define SLOTS		2	/* of a type that has some */
#define IDS		40	/* of a sequence at most */
#define IN_IDS		8	/* where ids begin in the input, behind names */
#define TOGETHER	4	/* instances made at once at most */
#define IN_VALUES	(IN_IDS + IDS * sizeof(u64)) /* where those of them begin */
#define STUCK		1000000	/* steps after which something never ends */

/* What an operation has in its fields. */
enum field {
	A	= 1 << 0,	/* an object, or the result of an operation before */
	B	= 1 << 1,
	C	= 1 << 2,
	NAME	= 1 << 3,	/* data: an attribute */
	ITEMS	= 1 << 4,	/* data: ids */
	TYPE	= 1 << 5,	/* arg */
	CALLBACK = 1 << 6,	/* arg and b, of a weak reference */
	FEW	= 1 << 7,	/* arg: a small number */
	FEW_A	= 1 << 8,
	FEW_B	= 1 << 9,
	GIVES	= 1 << 10,
	VALUES	= 1 << 11,	/* data: as many ids as there are slots at most */
	MANY	= 1 << 12,	/* a: how many; data: so many values for each */
};

static const struct recipe {
	u16 code;
	u16 often;
	u16 fields;
} recipes[] = {
	{ REFHEAP_OP_LIST, 6, ITEMS | GIVES },
	{ REFHEAP_OP_TUPLE, 3, ITEMS | GIVES },
	{ REFHEAP_OP_INSTANCE, 8, TYPE | GIVES },
	{ REFHEAP_OP_INSTANCE, 4, TYPE | VALUES | GIVES },
	{ REFHEAP_OP_INSTANCES, 2, TYPE | MANY },
	{ REFHEAP_OP_DICT, 3, GIVES },
	{ REFHEAP_OP_WEAK_VALUE_DICT, 2, GIVES },
	{ REFHEAP_OP_WEAK_KEY_DICT, 3, GIVES },
	{ REFHEAP_OP_WEAK_SET, 2, GIVES },
	{ REFHEAP_OP_INT, 2, FEW_A | GIVES },
	{ REFHEAP_OP_WEAKREF, 10, A | CALLBACK | GIVES },
	{ REFHEAP_OP_DEREF, 3, A | GIVES },
	{ REFHEAP_OP_TAKE, 2, A | GIVES },
	{ REFHEAP_OP_DROP, 30, A },
	{ REFHEAP_OP_APPEND, 12, A | C },
	{ REFHEAP_OP_EXTEND, 4, A | ITEMS },
	{ REFHEAP_OP_SET_KEY, 14, A | B | C },
	{ REFHEAP_OP_SET_DEFAULT, 2, A | B | C | GIVES },
	{ REFHEAP_OP_DEL_KEY, 2, A | B },
	{ REFHEAP_OP_POP_KEY, 1, A | B | GIVES },
	{ REFHEAP_OP_GET_KEY, 1, A | B | GIVES },
	{ REFHEAP_OP_MOVE_TO_END, 1, A | B | GIVES },
	{ REFHEAP_OP_POP_OLDEST, 1, A | FEW_B },
	{ REFHEAP_OP_ADD, 3, A | B },
	{ REFHEAP_OP_CLEAR, 1, A },
	{ REFHEAP_OP_SET_ATTR, 10, A | C | NAME },
	{ REFHEAP_OP_DEL_ATTR, 2, A | NAME },
	{ REFHEAP_OP_FRAME_PUSH, 2, 0 },
	{ REFHEAP_OP_FRAME_POP, 2, 0 },
	{ REFHEAP_OP_HAND_OUT, 1, A | FEW },
	{ REFHEAP_OP_DISARM, 1, A },
	{ REFHEAP_OP_FINALIZED, 3, A },
	{ REFHEAP_OP_ADOPT, 1, FEW_A },
	{ REFHEAP_OP_HISTORY, 2, A | FEW_B },
	{ REFHEAP_OP_TYPE_HISTORY, 1, TYPE | FEW_B },
	{ REFHEAP_OP_WEAKREFS, 1, A | FEW },
	{ REFHEAP_OP_NEXT, 1, A | FEW },
	{ REFHEAP_OP_SCAN, 1, FEW },
	{ REFHEAP_OP_COLLECT, 2, FEW },
	{ REFHEAP_OP_COLLECT_FINISH, 1, 0 },
	{ REFHEAP_OP_FREEZE, 1, 0 },
	{ REFHEAP_OP_UNFREEZE, 1, 0 },
	{ REFHEAP_OP_GARBAGE_CLEAR, 1, 0 },
	{ REFHEAP_OP_TRACE, 2, FEW_A },
};

struct session {
	struct rh_holder *holder;
	bool leaving, busy;
	struct rh_batch batch;
	struct refheap_op ops[OPS];
	u16 fields[OPS];
	struct refheap_result results[OPS];
	u8 in[IN_VALUES + TOGETHER * SLOTS * sizeof(u64)];
	u8 out[2048] __aligned(8);
};

struct world {
	u64 seed, state;
	struct shim_host host;
	struct rh_heap *heap;
	struct session session[SESSIONS];
	u32 sessions;		/* that have ever been */
	u64 known[KNOWN];
	u32 known_count, max_known;	/* few, so that they meet */
	s64 type[TYPES];
	u32 site;
	u32 step;
	bool starving;
};

static void complain(const struct world *world, const char *what)
{
	printf("FAULT: sessions 1 %llu: step %u: %s\n", world->seed, world->step, what);
	fflush(stdout);
	/* Nothing was freed, which is not the leak to hear of. */
	quick_exit(1);
}

static u32 below(struct world *world, u32 n)
{
	world->state ^= world->state << 13;
	world->state ^= world->state >> 7;
	world->state ^= world->state << 17;
	return (u32)(world->state >> 24) % n;
}

static void check(const struct world *world)
{
	char text[160], what[200];

	if (!rh_verify(world->heap, text, sizeof(text)))
		return;
	snprintf(what, sizeof(what), "verify: %s", text);
	complain(world, what);
}

static void learn(struct world *world, u64 id)
{
	if (id && world->known_count < world->max_known)
		world->known[world->known_count++] = id;
	else if (id)
		world->known[below(world, world->max_known)] = id;
}

/* Now and then one that nobody was told of. */
static u64 any_id(struct world *world)
{
	u32 slot = 1 + below(world, 400);

	if (!below(world, 12))
		return slot < rh_table_end(world->heap) ? rh_id(world->heap, slot) : slot;
	return world->known_count ? world->known[below(world, world->known_count)] : slot;
}

static const struct recipe *any_recipe(struct world *world)
{
	u32 sum = 0, i;

	for (i = 0; i < ARRAY_SIZE(recipes); i++)
		sum += recipes[i].often;
	sum = below(world, sum);
	for (i = 0; sum >= recipes[i].often; i++)
		sum -= recipes[i].often;
	return &recipes[i];
}

/* An object that was there, or one that the batch makes. */
static u64 any_object(struct world *world, const struct session *session, u32 n, u16 flag,
		      u16 *flags)
{
	u32 before = n ? below(world, n) : 0;

	if (!n || !(session->fields[before] & GIVES) || below(world, 3))
		return any_id(world);
	*flags |= flag;
	return before;
}

static void fill(struct world *world, struct session *session, u32 n)
{
	const struct recipe *recipe = any_recipe(world);
	struct refheap_op *op = &session->ops[n];
	u16 fields = recipe->fields;

	*op = (struct refheap_op){ .code = recipe->code };
	session->fields[n] = fields;
	if (fields & A)
		op->a = any_object(world, session, n, REFHEAP_OPF_A_RESULT, &op->flags);
	if (fields & B)
		op->b = any_object(world, session, n, REFHEAP_OPF_B_RESULT, &op->flags);
	if (fields & C)
		op->c = any_object(world, session, n, REFHEAP_OPF_C_RESULT, &op->flags);
	if (fields & NAME) {
		op->data_off = below(world, 2);
		op->data_len = 1;
	}
	if ((fields & ITEMS) && below(world, 3)) {
		op->data_off = IN_IDS;
		op->data_len = below(world, IDS) * sizeof(u64);
	}
	if (fields & VALUES) {
		op->data_off = IN_IDS;
		op->data_len = below(world, SLOTS + 1) * sizeof(u64);
	}
	if (fields & MANY) {
		op->a = 1 + below(world, TOGETHER);
		op->data_off = IN_VALUES;
		op->data_len = op->a * below(world, SLOTS + 1) * sizeof(u64);
	}
	if (fields & TYPE)
		op->arg = world->type[below(world, TYPES)];
	if (fields & CALLBACK) {
		op->arg = below(world, 3) ? REFHEAP_WEAKREF_CALLBACK : 0;
		op->b = op->arg ? below(world, 100) : 0;
		if (op->arg && below(world, 2))
			op->arg |= REFHEAP_WEAKREF_ATEXIT;
	}
	if (fields & FEW)
		op->arg = below(world, 3);
	if (fields & FEW_A)
		op->a = below(world, 4);
	if (fields & FEW_B)
		op->b = below(world, 4);
	if ((fields & GIVES) && !below(world, 8))
		op->flags |= REFHEAP_OPF_TEMP;
}

/*
 * An instance, a list and a weak container that lead to each other, to and from
 * something else, and that are let go of.
 */
static u32 fill_knot(struct world *world, struct session *session)
{
	const u16 a = REFHEAP_OPF_A_RESULT, b = REFHEAP_OPF_B_RESULT, c = REFHEAP_OPF_C_RESULT;
	const struct refheap_op ops[OPS] = {
		{ .code = REFHEAP_OP_INSTANCE, .arg = world->type[below(world, TYPES)] },
		{ .code = REFHEAP_OP_LIST, .data_off = IN_IDS,
		  .data_len = below(world, 3) ? 0 : IDS * sizeof(u64) },
		{ .code = REFHEAP_OP_WEAK_VALUE_DICT + below(world, 3) },
		{ .code = REFHEAP_OP_SET_ATTR, .flags = a | c, .c = 1 + below(world, 2),
		  .data_len = 1 },
		{ .code = REFHEAP_OP_APPEND, .flags = a | c, .a = 1, .c = 0 },
		{ .code = REFHEAP_OP_SET_KEY, .flags = a | b | c, .a = 2, .b = 0,
		  .c = below(world, 3) },
		{ .code = REFHEAP_OP_ADD, .flags = a | b, .a = 2, .b = 0 },
		{ .code = REFHEAP_OP_APPEND, .flags = a, .a = 1, .c = any_id(world) },
		{ .code = REFHEAP_OP_APPEND, .flags = c, .a = any_id(world),
		  .c = below(world, 3) },
		{ .code = REFHEAP_OP_WEAKREF, .flags = a, .arg = REFHEAP_WEAKREF_CALLBACK,
		  .a = below(world, 3) },
		{ .code = REFHEAP_OP_DROP, .flags = a, .a = 0 },
		{ .code = REFHEAP_OP_DROP, .flags = a, .a = 1 },
		{ .code = REFHEAP_OP_DROP, .flags = a, .a = 2 },
	};
	u32 i;

	memcpy(session->ops, ops, sizeof(ops));
	for (i = 0; i < OPS; i++) {
		session->fields[i] = i < 3 || i == 9 ? GIVES : 0;
		if (i > 4 && !below(world, 3))
			session->ops[i] = (struct refheap_op){ .code = REFHEAP_OP_NOP };
	}
	return OPS;
}

static u32 fill_all(struct world *world, struct session *session)
{
	u32 n = 1 + below(world, OPS), i;

	for (i = 0; i < n; i++)
		fill(world, session, i);
	return n;
}

static void begin_batch(struct world *world, struct session *session)
{
	u64 id[2] = { any_id(world), any_id(world) }, value;
	u32 n, i;

	memcpy(session->in, "ab", 2);
	for (i = 0; i < IDS; i++)
		memcpy(&session->in[IN_IDS + i * sizeof(u64)], &id[below(world, 2)],
		       sizeof(u64));
	for (i = 0; i < TOGETHER * SLOTS; i++) {
		value = below(world, 2) ? id[0] : below(world, 3);
		memcpy(&session->in[IN_VALUES + i * sizeof(u64)], &value, sizeof(u64));
	}
	n = below(world, 3) ? fill_all(world, session) : fill_knot(world, session);
	session->batch = (struct rh_batch){
		.heap = world->heap,
		.holder = session->holder,
		.ops = session->ops,
		.results = session->results,
		.in = session->in,
		.out = session->out,
		.count = n,
		.in_len = sizeof(session->in),
		.out_len = sizeof(session->out),
		.flags = REFHEAP_BATCH_CONTINUE,
		.site = below(world, 2) ? world->site : 0,
	};
	session->busy = true;
}

static void batch_step(struct world *world, struct session *session)
{
	u32 i;

	/* A signal. */
	if (!below(world, 200)) {
		session->busy = false;
		return;
	}
	if (rh_batch_step(&session->batch) != RH_DONE)
		return;
	for (i = 0; i < session->batch.done; i++)
		if ((session->fields[i] & GIVES) && !session->results[i].error)
			learn(world, session->results[i].value);
	session->busy = false;
}

static void new_session(struct world *world, struct session *session)
{
	session->holder = rh_holder_new(world->heap, ++world->sessions, session);
	session->leaving = false;
	session->busy = false;
}

static void leave_step(struct world *world, struct session *session)
{
	if (rh_holder_release_step(world->heap, session->holder) != RH_DONE)
		return;
	rh_holder_free(world->heap, session->holder);
	shim_host_fail(&world->host, 0, false);
	world->starving = false;
	new_session(world, session);
}

static void read_event(struct world *world, struct session *session)
{
	struct refheap_event event;
	int err;

	if (session->leaving ||
	    rh_holder_next_event(world->heap, session->holder, &event) <= 0)
		return;
	if (!rh_lookup(world->heap, event.object, &err))
		complain(world, "an event is about what is not alive");
	learn(world, event.object);
	if (!below(world, 8))
		rh_holder_return_event(world->heap, session->holder, &event);
}

/* A walk that has passed all that there is goes on to its end. */
static void work(struct world *world)
{
	const struct rh_heap *heap = world->heap;
	enum rh_phase phase = heap->gc.phase;

	do {
		rh_work_step(world->heap);
	} while (phase != RH_PHASE_IDLE && heap->gc.phase == phase && !heap->gc.stack &&
		 !heap->dying && rh_used_next(heap, heap->gc.cursor) >= heap->gc.end);
}

static void one_step(struct world *world, bool fails, bool saves)
{
	struct session *session = &world->session[below(world, SESSIONS)];
	u32 what = below(world, 100);

	if (fails && !below(world, 10)) {
		world->starving = !world->starving;
		shim_host_fail(&world->host, world->starving ? 1 + below(world, 5) : 0,
			       below(world, 2));
	}
	if (what < 35)
		work(world);
	else if (what < 36 && !session->busy)
		session->leaving = true;
	else if (what < 45)
		read_event(world, session);
	else if (what < 46 && saves)
		rh_gc_set_debug(world->heap, below(world, 2) ? REFHEAP_DEBUG_SAVEALL : 0);
	else if (session->leaving)
		leave_step(world, session);
	else if (session->busy)
		batch_step(world, session);
	else
		begin_batch(world, session);
}

/* Executes one operation to its end. Return: its value. */
static u64 setup_op(struct world *world, struct refheap_op op, const void *in)
{
	struct refheap_result result;
	struct rh_batch batch = {
		.heap = world->heap,
		.holder = world->session[0].holder,
		.ops = &op,
		.results = &result,
		.in = in,
		.count = 1,
		.in_len = op.data_len,
	};

	while (rh_batch_step(&batch) != RH_DONE)
		;
	if (result.error)
		complain(world, "the heap cannot be set up");
	return result.value;
}

static void make_types(struct world *world)
{
	static const u32 flags[TYPES] = {
		0, REFHEAP_TYPE_FINALIZER, REFHEAP_TYPE_LEGACY,
		REFHEAP_TYPE_FINALIZER | REFHEAP_TYPE_DICT,
	};
	struct {
		struct refheap_type_new head;
		u8 rest[7];
	} in;
	u32 i;

	for (i = 0; i < TYPES; i++) {
		bool slots = !(flags[i] & REFHEAP_TYPE_DICT);

		in.head = (struct refheap_type_new){
			.flags = flags[i], .name_len = 1, .nslots = slots ? SLOTS : 0,
		};
		in.rest[0] = 'A' + i;
		memcpy(&in.rest[1], "\1\0a\1\0b", 6);
		world->type[i] = setup_op(world, (struct refheap_op){
			.code = REFHEAP_OP_TYPE_NEW,
			.data_len = sizeof(in.head) + (slots ? 7 : 1) }, &in);
	}
}

static void set_up(struct world *world)
{
	static const u32 known[] = { 6, 12, 24, KNOWN };
	struct rh_params params;
	u32 i;

	rh_params_init(&params);
	params.arena_bytes = 64 * 1024;
	params.slice_units = below(world, 3) ? 1 + below(world, 4) : 50;
	shim_host_init(&world->host);
	world->heap = rh_heap_new(&shim_host_ops, &world->host, &params);
	world->max_known = known[below(world, ARRAY_SIZE(known))];
	for (i = 0; i < SESSIONS; i++)
		new_session(world, &world->session[i]);
	make_types(world);
	world->site = setup_op(world, (struct refheap_op){ .code = REFHEAP_OP_SITE,
							   .data_len = 3 }, "a:1");
	rh_gc_set_threshold(world->heap, 0, 5 + below(world, 50));
	rh_gc_set_threshold(world->heap, 1, 2);
	rh_gc_set_threshold(world->heap, 2, 1);
	rh_heap_watch(world->heap, below(world, 2));
	if (!below(world, 6))
		rh_heap_set_limits(world->heap, 8000 + below(world, 6000),
				   below(world, 2) ? 40 + below(world, 60) : 0);
}

static void work_off(struct world *world)
{
	u32 n = 0;

	while (rh_work_pending(world->heap))
		if (rh_work_step(world->heap) == RH_DONE)
			return;
		else if (++n > STUCK)
			complain(world, "the work never ends");
}

static void tear_down(struct world *world)
{
	u32 i, n = 0;

	shim_host_fail(&world->host, 0, false);
	check(world);
	if (below(world, 2))
		work_off(world);
	for (i = 0; i < SESSIONS; i++) {
		while (rh_holder_release_step(world->heap, world->session[i].holder) != RH_DONE)
			if (++n > STUCK)
				complain(world, "a session never ends");
		check(world);
		rh_holder_free(world->heap, world->session[i].holder);
	}
	while (rh_heap_destroy_step(world->heap) != RH_DONE)
		;
	if (world->host.count || world->host.bytes)
		complain(world, "memory was not given back");
}

static void sequence(u64 seed, u32 steps)
{
	static struct world world;
	bool fails, saves;

	memset(&world, 0, sizeof(world));
	world.seed = seed;
	world.state = seed * 0x9e3779b97f4a7c15ULL | 1;
	set_up(&world);
	fails = !below(&world, 3);
	saves = !below(&world, 3);
	for (; world.step < steps; world.step++) {
		one_step(&world, fails, saves);
		if (!world.starving && !below(&world, 20))
			check(&world);
	}
	tear_down(&world);
}

int main(int argc, char **argv)
{
	u64 count = argc > 1 ? strtoull(argv[1], NULL, 0) : 100;
	u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (u64)time(NULL), i;
	u32 steps = argc > 3 ? strtoul(argv[3], NULL, 0) : 3000;

	printf("sessions: %llu sequences of %u steps, seed %llu\n", count, steps, seed);
	fflush(stdout);
	for (i = 0; i < count; i++)
		sequence(seed + i, steps);
	printf("sessions: nothing found\n");
	return 0;
}
