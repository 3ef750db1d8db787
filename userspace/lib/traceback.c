// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Stacks of the program while it makes objects. Only addresses are taken, and
 * known again by a cache; what they mean is found out when somebody looks.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define UNW_LOCAL_ONLY
#include <libunwind.h>

#include "calls.h"
#include "traceback.h"

#define OWN_FRAMES	12	/* at most of the library, on top of a stack */
#define STACK_MAX	(REFHEAP_TRACE_FRAMES_MAX + OWN_FRAMES)

/*
 * Sites stay as long as the heap. A program that goes on coming to other stacks,
 * as recursion does, is told apart by its most recent frames from then on.
 */
#define LEARNED_MAX	32768
#define RECENT		8

/* Stacks that are remembered, and places for them; a power of two. */
#define KNOWN_MAX	49152
#define PLACES		65536

/* A stack and its site. */
struct known {
	uint64_t hash;
	uint32_t named;		/* site that the program has named, 0 for none */
	uint32_t site;
	size_t count;
	void **address;
};

struct rh_tracebacks {
	const struct refheap_state *_Atomic state; /* NULL: not mapped yet */
	pthread_mutex_t lock;	/* of all that follows */
	unsigned long long unloaded; /* as when they were seen */
	size_t count;		/* stacks that are known */
	struct known *known;	/* by hash, or NULL */
};

/* For a session whose page cannot be mapped: nobody asks. */
static const struct refheap_state nobody;

struct rh_tracebacks *rh_tracebacks_new(void)
{
	struct rh_tracebacks *made = calloc(1, sizeof(*made));

	if (made)
		pthread_mutex_init(&made->lock, NULL);
	return made;
}

static void forget(struct rh_tracebacks *tracebacks)
{
	for (size_t i = 0; tracebacks->count && i < PLACES; i++)
		free(tracebacks->known[i].address);
	free(tracebacks->known);
	tracebacks->known = NULL;
	tracebacks->count = 0;
}

void rh_tracebacks_free(struct rh_tracebacks *tracebacks)
{
	const struct refheap_state *state;

	if (!tracebacks)
		return;
	state = tracebacks->state;
	if (state && state != &nobody)
		munmap((void *)state, (size_t)sysconf(_SC_PAGESIZE));
	forget(tracebacks);
	pthread_mutex_destroy(&tracebacks->lock);
	free(tracebacks);
}

/* Mapped once; of two threads that do it at a time one has done it in vain. */
static const struct refheap_state *map_state(const struct refheap *session)
{
	struct rh_tracebacks *tracebacks = session->tracebacks;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const struct refheap_state *before = NULL, *state;
	void *map;

	map = mmap(NULL, page, PROT_READ, MAP_SHARED, session->fd,
		   (off_t)REFHEAP_LIVENESS_STATE);
	state = map == MAP_FAILED ? &nobody : map;
	if (atomic_compare_exchange_strong(&tracebacks->state, &before, state))
		return state;
	if (map != MAP_FAILED)
		munmap(map, page);
	return before;
}

/* Whether the operation can be a birth. */
static bool makes_objects(const struct refheap_op *op)
{
	switch (op->code) {
	case REFHEAP_OP_NONE ... REFHEAP_OP_INSTANCE:
	case REFHEAP_OP_SET_KEY:
	case REFHEAP_OP_SET_ATTR:
	case REFHEAP_OP_SET_DEFAULT:
	case REFHEAP_OP_ADD:
	case REFHEAP_OP_WEAKREF:
	case REFHEAP_OP_WEAK_VALUE_DICT ... REFHEAP_OP_WEAK_SET:
		return true;
	default:
		return false;
	}
}

/* What an operation may add to the row of births; more rather than less. */
static uint64_t row_of(const struct refheap_op *op, uint32_t flags)
{
	if (flags & REFHEAP_TRACE_BIRTHS)
		return 2;
	if (op->code == REFHEAP_OP_BYTEARRAY)
		return 8192 + op->a + op->data_len;
	return (op->data_len > 256 || op->code == REFHEAP_OP_INSTANCE ? 8192 :
								       512) +
	       2 * (uint64_t)op->data_len;
}

static bool batch_makes_objects(const struct refheap_batch *batch)
{
	const struct refheap_op *ops =
		(const struct refheap_op *)(uintptr_t)batch->ops;

	for (uint32_t i = batch->done; i < batch->count; i++)
		if (makes_objects(&ops[i]))
			return true;
	return false;
}

/* Whether a birth of the batch may be booked. */
static bool may_be_booked(const struct refheap_batch *batch,
			  const struct refheap_state *state)
{
	const struct refheap_op *ops =
		(const struct refheap_op *)(uintptr_t)batch->ops;
	uint64_t quiet = *(const volatile __u64 *)&state->quiet, row = 0;

	for (uint32_t i = batch->done; i < batch->count; i++) {
		if (!makes_objects(&ops[i]))
			continue;
		row += row_of(&ops[i], state->flags);
		if (row > quiet)
			return true;
	}
	return false;
}

static uint64_t hash_of(const struct rh_stack *stack, uint32_t named)
{
	uint64_t hash = named + 0x9e3779b97f4a7c15ULL;

	for (size_t i = 0; i < stack->count; i++) {
		hash ^= (uintptr_t)stack->address[i];
		hash *= 0xff51afd7ed558ccdULL;
		hash ^= hash >> 32;
	}
	return hash;
}

static bool is_same(const struct known *known, const struct known *stack)
{
	return known->hash == stack->hash && known->named == stack->named &&
	       known->count == stack->count &&
	       !memcmp(known->address, stack->address,
		       stack->count * sizeof(*stack->address));
}

/* Where a stack is, or would be: some places are always free. */
static struct known *find(struct rh_tracebacks *tracebacks,
			  const struct known *stack)
{
	size_t place = stack->hash % PLACES;

	while (tracebacks->known[place].site &&
	       !is_same(&tracebacks->known[place], stack))
		place = (place + 1) % PLACES;
	return &tracebacks->known[place];
}

/* Return: the site of a stack that was seen before, or 0. */
static uint32_t recall(struct rh_tracebacks *tracebacks,
		       const struct known *stack)
{
	unsigned long long unloaded = rh_modules_unloaded();
	uint32_t site = 0;

	pthread_mutex_lock(&tracebacks->lock);
	if (tracebacks->unloaded != unloaded)
		forget(tracebacks);
	tracebacks->unloaded = unloaded;
	if (tracebacks->known)
		site = find(tracebacks, stack)->site;
	pthread_mutex_unlock(&tracebacks->lock);
	return site;
}

/* Takes over @address when it is kept. Return: whether it is. */
static bool keep(struct rh_tracebacks *tracebacks, const struct known *stack,
		 void **address)
{
	struct known *known;

	if (!tracebacks->known)
		tracebacks->known = calloc(PLACES, sizeof(*known));
	if (!tracebacks->known || tracebacks->count >= KNOWN_MAX)
		return false;
	known = find(tracebacks, stack);
	/* Another thread may have come first. */
	if (known->site)
		return false;
	*known = *stack;
	known->address = address;
	tracebacks->count++;
	return true;
}

/* Without memory it is found out again the next time. */
static void remember(struct rh_tracebacks *tracebacks,
		     const struct known *stack)
{
	size_t bytes = stack->count * sizeof(*stack->address);
	void **address = malloc(bytes);
	bool kept;

	if (!address)
		return;
	memcpy(address, stack->address, bytes);
	pthread_mutex_lock(&tracebacks->lock);
	kept = keep(tracebacks, stack, address);
	pthread_mutex_unlock(&tracebacks->lock);
	if (!kept)
		free(address);
}

/* What the program has named with REFHEAP_HERE(), if that is where it is. */
static void find_place(const struct refheap *session, uint32_t named,
		       struct rh_stack *stack)
{
	struct rh_places *places = (struct rh_places *)&session->places;

	pthread_mutex_lock(&places->lock);
	for (size_t i = 0; i < places->count; i++) {
		if (places->place[i].site != named)
			continue;
		stack->where = places->place[i].where;
		stack->here = places->place[i].here;
	}
	pthread_mutex_unlock(&places->lock);
}

/* Return: the site of a stack that was not known, or 0. */
static uint32_t learn(const struct refheap *session, struct known *known,
		      struct rh_stack *stack, uint32_t frames)
{
	int64_t site;
	char *text;

	if (known->named)
		find_place(session, known->named, stack);
	text = rh_traceback_text(stack, frames);
	if (!text)
		return 0;
	site = rh_number(session, rh_call_data(REFHEAP_OP_SITE, text,
					       strlen(text)));
	free(text);
	if (site <= 0)
		return 0;
	known->site = (uint32_t)site;
	remember(session->tracebacks, known);
	return known->site;
}

static bool has_learned_enough(struct rh_tracebacks *tracebacks)
{
	bool enough;

	pthread_mutex_lock(&tracebacks->lock);
	enough = tracebacks->count >= LEARNED_MAX;
	pthread_mutex_unlock(&tracebacks->lock);
	return enough;
}

/* Only so many frames of a stack count. */
static void cut(struct known *known, struct rh_stack *stack, size_t count)
{
	if (stack->count > count)
		stack->count = count;
	known->count = stack->count;
	known->hash = hash_of(stack, known->named);
}

static uint32_t traceback_site(const struct refheap *session, uint32_t named,
			       uint32_t frames)
{
	struct rh_tracebacks *tracebacks = session->tracebacks;
	void *address[STACK_MAX];
	int count = unw_backtrace(address, (int)frames + OWN_FRAMES);
	struct rh_stack stack = { .address = address };
	struct known known = { .named = named, .address = address };
	uint32_t site;

	if (count <= 0)
		return named;
	stack.count = (size_t)count;
	cut(&known, &stack, STACK_MAX);
	site = recall(tracebacks, &known);
	if (!site && has_learned_enough(tracebacks)) {
		frames = 1;
		cut(&known, &stack, RECENT);
		site = recall(tracebacks, &known);
	}
	if (!site)
		site = learn(session, &known, &stack, frames);
	/* Without its callers rather than not at all. */
	return site ? site : named;
}

/*
 * A program that gives sites as it sees fit, as an interpreter may, knows
 * better than its stack does.
 */
uint32_t rh_site_of(const struct refheap *session,
		    const struct refheap_batch *batch)
{
	uint32_t named = atomic_load_explicit(&session->site,
					      memory_order_relaxed);
	const struct refheap_state *state = session->tracebacks->state;
	uint32_t frames;

	if (named && atomic_load_explicit(&session->site_is_given,
					  memory_order_relaxed))
		return named;
	/* Who only looks need not map it. */
	if (!state && !batch_makes_objects(batch))
		return named;
	if (!state)
		state = map_state(session);
	frames = *(const volatile __u32 *)&state->frames;
	if (frames < 2 || !may_be_booked(batch, state))
		return named;
	if (frames > REFHEAP_TRACE_FRAMES_MAX)
		frames = REFHEAP_TRACE_FRAMES_MAX;
	return traceback_site(session, named, frames);
}
