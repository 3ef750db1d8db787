// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Whether an object is alive, read from memory that the kernel keeps up to
 * date. The directory of segments has an entry for each that a heap can have;
 * it is address space, of which only the pages that are used are memory.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "calls.h"

#define WORD_BYTES	sizeof(uint32_t)
#define SEGMENT_WORDS	(REFHEAP_LIVENESS_BYTES / WORD_BYTES)
#define SEGMENTS	((1ULL << 32) / SEGMENT_WORDS)
#define DIRECTORY_BYTES	(SEGMENTS * sizeof(rh_word *))

#define likely(x)	__builtin_expect(!!(x), 1)

void rh_liveness_init(struct rh_liveness *liveness)
{
	pthread_mutex_init(&liveness->lock, NULL);
}

void rh_liveness_end(struct rh_liveness *liveness)
{
	_Atomic(rh_word *) *segments = liveness->segments;

	pthread_mutex_destroy(&liveness->lock);
	for (size_t i = 0; i < liveness->mapped; i++)
		if (segments[i])
			munmap((void *)segments[i], REFHEAP_LIVENESS_BYTES);
	if (segments)
		munmap((void *)segments, DIRECTORY_BYTES);
	if (liveness->state)
		munmap((void *)liveness->state, (size_t)sysconf(_SC_PAGESIZE));
}

/* The kernel's word on it. */
static int ask(struct refheap *session, refheap_id id)
{
	struct refheap_info info;
	int err = refheap_inspect(session, id, &info);

	if (err == -ENOENT || err == -ESTALE || err == -EIDRM)
		return 0;
	return err ? err : 1;
}

/* NULL and errno when it fails. */
static rh_word *map_words(struct refheap *session, uint64_t offset,
			  size_t length)
{
	void *map = mmap(NULL, length, PROT_READ, MAP_SHARED, session->fd,
			 (off_t)offset);

	return map == MAP_FAILED ? NULL : map;
}

/* The state comes first: who sees the directory may read it. */
static int map_directory(struct refheap *session)
{
	struct rh_liveness *liveness = &session->liveness;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *directory;

	if (liveness->segments)
		return 0;
	if (!liveness->state)
		liveness->state = map_words(session, REFHEAP_LIVENESS_STATE,
					    page);
	if (!liveness->state)
		return -errno;
	directory = mmap(NULL, DIRECTORY_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (directory == MAP_FAILED)
		return -errno;
	atomic_store_explicit(&liveness->segments, directory,
			      memory_order_release);
	return 0;
}

static int map_segment(struct refheap *session, size_t index)
{
	struct rh_liveness *liveness = &session->liveness;
	rh_word *words;
	int err;

	err = map_directory(session);
	if (err || liveness->segments[index])
		return err;
	words = map_words(session, REFHEAP_LIVENESS_WORDS +
				   index * (uint64_t)REFHEAP_LIVENESS_BYTES,
			  REFHEAP_LIVENESS_BYTES);
	if (!words)
		return -errno;
	if (liveness->mapped <= index)
		liveness->mapped = index + 1;
	atomic_store_explicit(&liveness->segments[index], words,
			      memory_order_release);
	return 0;
}

/* For the first id of a segment. Who cannot map can ask. */
static int __attribute__((noinline))
alive_unmapped(struct refheap *session, refheap_id id)
{
	int err;

	pthread_mutex_lock(&session->liveness.lock);
	err = map_segment(session, REFHEAP_ID_SLOT(id) / SEGMENT_WORDS);
	pthread_mutex_unlock(&session->liveness.lock);
	if (err == -ENOENT)
		return 0;
	return err ? ask(session, id) : refheap_alive(session, id);
}

/*
 * The state counts collections that free. It is read before and after the word:
 * when it is even and the same, none was under way in between.
 */
int refheap_alive(struct refheap *session, refheap_id id)
{
	_Atomic(rh_word *) *segments =
		atomic_load_explicit(&session->liveness.segments,
				     memory_order_acquire);
	uint32_t slot = REFHEAP_ID_SLOT(id);
	uint32_t tag = REFHEAP_ID_TAG(id);
	rh_word *words;
	uint32_t state;

	words = !segments ? NULL :
		atomic_load_explicit(&segments[slot / SEGMENT_WORDS],
				     memory_order_acquire);
	if (!likely(words))
		return alive_unmapped(session, id);
	state = atomic_load_explicit(session->liveness.state,
				     memory_order_acquire);
	if (atomic_load_explicit(&words[slot % SEGMENT_WORDS],
				 memory_order_acquire) != tag || !tag)
		return 0;
	if (likely(!(state & 1) &&
		   state == atomic_load_explicit(session->liveness.state,
						 memory_order_relaxed)))
		return 1;
	return ask(session, id);
}

int refheap_weakref_get(struct refheap *session, refheap_id weakref,
			struct refheap_weak *weak)
{
	struct refheap_info info;
	int err = refheap_inspect(session, weakref, &info);

	if (err)
		return err;
	if (info.kind != REFHEAP_KIND_WEAKREF)
		return -EOPNOTSUPP;
	*weak = (struct refheap_weak){ .id = weakref, .referent = info.value };
	return 0;
}
