// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that is freed while it is mapped: whoever looks sees what was there, or
 * gets a SIGBUS, but never what is there next.
 *
 * CVE-2019-1999: binder gave pages back while their mapping went. CVE-2022-38181:
 * a GPU driver evicted memory that a process still had mapped.
 *
 *   mapped [SECONDS]    1 for each way to lose the memory
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../bed.h"

#define HEAP		"replay.mapped"
#define BYTES		20000	/* whole pages of their own in between */
#define READERS		3

/* What the owner tells the readers. */
struct offer {
	refheap_id id;
	uint32_t sequence;
	uint32_t seen;		/* reads that saw the payload */
	uint32_t faults;
	uint32_t wrong;
	uint64_t found, wanted;
};

static struct bed bed;
static volatile struct offer *offer;

static sigjmp_buf no_page;

static void on_bus_error(int signal)
{
	(void)signal;
	siglongjmp(no_page, 1);
}

static uint64_t word_of(refheap_id id, size_t i)
{
	return id * 0x9e3779b97f4a7c15ULL + i;
}

/* The readers. */

static void check_word(refheap_id id, uint64_t word, size_t i)
{
	/* Between its birth and the owner's words it is zero. */
	if (!word || word == word_of(id, i))
		return;
	offer->found = word;
	offer->wanted = word_of(id, i);
	__atomic_fetch_add(&offer->wrong, 1, __ATOMIC_SEQ_CST);
}

static void look_at(refheap_id id, const struct refheap_view *view)
{
	const volatile uint64_t *words = view->data;
	size_t i, n = view->length / sizeof(*words);
	unsigned int round;

	if (sigsetjmp(no_page, 1)) {
		__atomic_fetch_add(&offer->faults, 1, __ATOMIC_SEQ_CST);
		return;
	}
	for (round = 0; round < 100; round++)
		for (i = round % 7; i < n; i += 61)
			check_word(id, words[i], i);
	__atomic_fetch_add(&offer->seen, 1, __ATOMIC_SEQ_CST);
}

/* A child has a copy of the page table, made while entries may be taken away. */
static void look_in_a_child(refheap_id id, const struct refheap_view *view)
{
	pid_t child = fork();

	if (child < 0)
		return;
	if (!child) {
		look_at(id, view);
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

static void read_for_ever(void)
{
	struct refheap *session = bed_session(&bed);
	struct refheap_view view;
	unsigned int n = 0;

	signal(SIGBUS, on_bus_error);
	for (;;) {
		refheap_id id = offer->id;

		/* Held until it is mapped: the place may be another's by then. */
		if (!id || refheap_take(session, id))
			continue;
		if (refheap_view_open(session, id, 0, &view)) {
			refheap_drop(session, id);
			continue;
		}
		refheap_drop(session, id);
		if (++n % 16)
			look_at(id, &view);
		else
			look_in_a_child(id, &view);
		refheap_view_close(&view);
	}
}

/* The owner, and how it loses the memory. */

static refheap_id new_payload(struct refheap *session)
{
	static uint64_t words[BYTES / 8];
	refheap_id id;
	size_t i;

	MUST(refheap_new_bytearray(session, NULL, BYTES, &id));
	for (i = 0; i < BYTES / 8; i++)
		words[i] = word_of(id, i);
	MUST(refheap_write(session, id, 0, words, sizeof(words)));
	return id;
}

static struct refheap *by_drop(struct refheap *session, refheap_id id)
{
	MUST(refheap_drop(session, id));
	return session;
}

static struct refheap *by_cycle(struct refheap *session, refheap_id id)
{
	refheap_id list;

	MUST(refheap_new_list(session, &id, 1, &list));
	MUST(refheap_append(session, list, list));
	MUST(refheap_drop(session, list));
	MUST(refheap_drop(session, id));
	MUST(refheap_collect(session, rand() % 3, NULL));
	return session;
}

static struct refheap *by_clear(struct refheap *session, refheap_id id)
{
	MUST(refheap_clear(session, id));
	return by_drop(session, id);
}

/* Its pages go, some of them, and come back as zeroes. */
static struct refheap *by_resize(struct refheap *session, refheap_id id)
{
	MUST(refheap_resize(session, id, 5000));
	MUST(refheap_resize(session, id, 40000));
	return by_drop(session, id);
}

static struct refheap *by_close(struct refheap *session, refheap_id id)
{
	(void)id;
	refheap_close(session);
	return bed_session(&bed);
}

static const struct {
	const char *name;
	struct refheap *(*lose)(struct refheap *session, refheap_id id);
} ways[] = {
	{ "dropped", by_drop },
	{ "collected", by_cycle },
	{ "cleared", by_clear },
	{ "resized", by_resize },
	{ "closed", by_close },
};

static bool readers_live(const pid_t *reader)
{
	unsigned int i;

	for (i = 0; i < READERS; i++)
		if (waitpid(reader[i], NULL, WNOHANG))
			return false;
	return true;
}

static void lose_for(unsigned int seconds, size_t way, const pid_t *reader)
{
	struct refheap *session = bed_session(&bed);
	uint64_t until = now_us() + seconds * 1000000ULL;

	memset((void *)offer, 0, sizeof(*offer));
	while (now_us() < until && !offer->wrong) {
		refheap_id id = new_payload(session);

		offer->id = id;
		usleep(rand() % 2000);
		session = ways[way].lose(session, id);
	}
	offer->id = 0;
	refheap_close(session);
	if (offer->wrong)
		printf("# saw %llx, not %llx\n", (unsigned long long)offer->found,
		       (unsigned long long)offer->wanted);
	result(!offer->wrong && offer->seen && readers_live(reader),
	       "%s while mapped: seen as it was %u times, and %u faults", ways[way].name,
	       offer->seen, offer->faults);
}

/* What was mapped of a heap that is removed, and of its liveness words. */

static int first_byte(const volatile uint8_t *bytes)
{
	if (sigsetjmp(no_page, 1))
		return -EFAULT;
	return bytes[0];
}

static void remove_while_mapped(void)
{
	struct bed other;
	struct refheap *session;
	struct refheap_view view;
	refheap_id id;

	bed_make(&other, HEAP ".removed");
	session = bed_session(&other);
	MUST(refheap_new_bytearray(session, "payload", 7, &id));
	MUST(refheap_view_open(session, id, 0, &view));
	result(first_byte(view.data) == 'p', "payload is seen");
	bed_remove(&other);
	result(within(5, first_byte(view.data) == -EFAULT), "but not of a removed heap");
	result(refheap_drop(session, id) == -EIDRM, "which is said to be removed");
	refheap_view_close(&view);
	refheap_close(session);
}

static volatile uint32_t *map_words(int fd, uint64_t offset, size_t bytes)
{
	void *map = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, (off_t)offset);

	return map == MAP_FAILED ? NULL : map;
}

static volatile uint32_t *words_of(int fd, refheap_id id)
{
	uint64_t byte = 4ULL * REFHEAP_ID_SLOT(id);
	volatile uint32_t *words = map_words(fd, REFHEAP_LIVENESS_WORDS +
					     byte / REFHEAP_LIVENESS_BYTES * REFHEAP_LIVENESS_BYTES,
					     REFHEAP_LIVENESS_BYTES);

	return words ? words + byte % REFHEAP_LIVENESS_BYTES / 4 : NULL;
}

/* Reads the word of a slot that is used again and again, in a child. */
static void watch_word(volatile uint32_t *word, volatile uint32_t *newest)
{
	signal(SIGBUS, SIG_DFL);
	for (;;) {
		uint32_t before = *newest, tag = *word, after = *newest;

		if (before == UINT32_MAX)
			_exit(tag ? 1 : 0);
		/* Tags grow; none is read before it was given out. */
		if (tag > after && tag - after > 1)
			_exit(1);
	}
}

static void words_of_a_removed_heap(void)
{
	struct bed other;
	struct refheap *session;
	volatile uint32_t *word, *state, *newest = (volatile uint32_t *)&offer->sequence;
	refheap_id id, again;
	pid_t child;
	int i;

	bed_make(&other, HEAP ".words");
	session = bed_session(&other);
	MUST(refheap_new_list(session, NULL, 0, &id));
	word = words_of(refheap_fd(session), id);
	if (!word) {
		skipped("liveness words: %s", refheap_strerror(errno));
		bed_remove(&other);
		refheap_close(session);
		return;
	}
	state = map_words(refheap_fd(session), REFHEAP_LIVENESS_STATE, 4096);
	result(*word == REFHEAP_ID_TAG(id) && state, "an object is seen to be alive");
	*newest = REFHEAP_ID_TAG(id);
	child = give_birth();
	if (!child)
		watch_word(word, newest);
	for (i = 0, again = id; i < 20000; i++) {
		MUST(refheap_drop(session, again));
		if (*word == REFHEAP_ID_TAG(again))
			break;
		MUST(refheap_new_list(session, NULL, 0, &again));
		if (REFHEAP_ID_SLOT(again) == REFHEAP_ID_SLOT(id))
			*newest = REFHEAP_ID_TAG(again);
	}
	result(i == 20000, "a dead one is dead at once, %d times", i);
	bed_remove(&other);
	result(within(5, !*word), "all are dead when the heap is removed");
	*newest = UINT32_MAX;
	press_for_memory();
	i = wait_for(child);
	result(i == 0, "another process saw nothing else (status %d)", i);
	refheap_close(session);
	result(!*word, "also when the session is closed");
}

int main(int argc, char **argv)
{
	unsigned int seconds = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;
	pid_t reader[READERS];
	size_t i;

	srand(getpid());
	offer = shared_memory(sizeof(*offer));
	bed_make(&bed, HEAP);
	for (i = 0; i < READERS; i++) {
		reader[i] = give_birth();
		if (!reader[i])
			read_for_ever();
	}
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		lose_for(seconds, i, reader);
	for (i = 0; i < READERS; i++)
		end(reader[i]);
	bed_check(&bed, "after all that");
	bed_remove(&bed);
	signal(SIGBUS, on_bus_error);
	remove_while_mapped();
	words_of_a_removed_heap();
	return results();
}
