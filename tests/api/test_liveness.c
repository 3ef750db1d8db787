// SPDX-License-Identifier: GPL-2.0
/* Liveness words in memory: what they say, and what cannot be done with them. */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "raw.h"

#define PIECE	REFHEAP_LIVENESS_BYTES

static void *map_at(int fd, uint64_t offset, size_t bytes, int access, int flags)
{
	return mmap(NULL, bytes, access, flags, fd, offset);
}

/* The piece that has the word of an object. */
static const volatile uint32_t *map_words(int fd, uint64_t id)
{
	uint64_t at = REFHEAP_LIVENESS_WORDS + 4ULL * REFHEAP_ID_SLOT(id);

	return map_at(fd, at & ~(uint64_t)(PIECE - 1), PIECE, PROT_READ, MAP_SHARED);
}

static uint32_t word_of(const volatile uint32_t *words, uint64_t id)
{
	return words[REFHEAP_ID_SLOT(id) % (PIECE / 4)];
}

static void refused(int fd, uint64_t offset, size_t bytes, int access, int flags,
		    int error)
{
	assert_ptr_equal(map_at(fd, offset, bytes, access, flags), MAP_FAILED);
	assert_int_equal(errno, error);
}

/* Also with a session that may only read, and after that has been closed. */
static void words_follow_objects(void **state)
{
	struct fixture *f = *state;
	const volatile uint32_t *words, *status;
	int fd = raw_session(f, O_RDONLY);
	refheap_id first, second;

	first = new_list(f->session);
	words = map_words(fd, first);
	assert_ptr_not_equal(words, MAP_FAILED);
	status = map_at(fd, REFHEAP_LIVENESS_STATE, 4096, PROT_READ, MAP_SHARED);
	assert_ptr_not_equal(status, MAP_FAILED);
	close(fd);
	assert_int_equal(word_of(words, first), REFHEAP_ID_TAG(first));
	assert_int_equal(*status % 2, 0);
	ok(refheap_drop(f->session, first));
	assert_int_not_equal(word_of(words, first), REFHEAP_ID_TAG(first));
	/* The slot again, perhaps; never the tag. */
	for (int i = 0; i < 100; i++) {
		second = new_list(f->session);
		if (REFHEAP_ID_SLOT(second) / (PIECE / 4) ==
		    REFHEAP_ID_SLOT(first) / (PIECE / 4))
			assert_int_equal(word_of(words, second), REFHEAP_ID_TAG(second));
		assert_int_not_equal(word_of(words, first), REFHEAP_ID_TAG(first));
		ok(refheap_drop(f->session, second));
	}
	munmap((void *)words, PIECE);
	munmap((void *)status, 4096);
}

/* A collection ends what it finds, and says nothing is condemned after it. */
static void cycles_die_in_words(void **state)
{
	struct fixture *f = *state;
	const volatile uint32_t *words, *status;
	int fd = raw_session(f, O_RDWR);
	refheap_id list = new_list(f->session);

	words = map_words(fd, list);
	assert_ptr_not_equal(words, MAP_FAILED);
	status = map_at(fd, REFHEAP_LIVENESS_STATE, 4096, PROT_READ, MAP_SHARED);
	assert_ptr_not_equal(status, MAP_FAILED);
	ok(refheap_append(f->session, list, list));
	ok(refheap_drop(f->session, list));
	assert_int_equal(word_of(words, list), REFHEAP_ID_TAG(list));
	assert_int_equal(refheap_collect(f->session, 2, NULL), 1);
	assert_int_not_equal(word_of(words, list), REFHEAP_ID_TAG(list));
	assert_int_equal(*status % 2, 0);
	munmap((void *)words, PIECE);
	munmap((void *)status, 4096);
	close(fd);
}

static void only_whole_pieces_to_read(void **state)
{
	int fd = raw_session(*state, O_RDWR);
	void *words;

	refused(fd, REFHEAP_LIVENESS_WORDS, 4096, PROT_READ, MAP_SHARED, EINVAL);
	refused(fd, REFHEAP_LIVENESS_WORDS, 2 * PIECE, PROT_READ, MAP_SHARED, EINVAL);
	refused(fd, REFHEAP_LIVENESS_WORDS + 4096, PIECE, PROT_READ, MAP_SHARED, EINVAL);
	refused(fd, REFHEAP_LIVENESS_WORDS, PIECE, PROT_READ, MAP_PRIVATE, EINVAL);
	refused(fd, REFHEAP_LIVENESS_WORDS, PIECE, PROT_READ | PROT_WRITE, MAP_SHARED, EACCES);
	refused(fd, REFHEAP_LIVENESS_WORDS, PIECE, PROT_READ | PROT_EXEC, MAP_SHARED, EACCES);
	refused(fd, REFHEAP_LIVENESS_STATE, PIECE, PROT_READ, MAP_SHARED, EINVAL);
	refused(fd, REFHEAP_LIVENESS_STATE + 4096, 4096, PROT_READ, MAP_SHARED, EINVAL);
	refused(fd, REFHEAP_LIVENESS_STATE + PIECE, PIECE, PROT_READ, MAP_SHARED, EINVAL);
	/* No object has ever been there; nor is there a slot. */
	refused(fd, REFHEAP_LIVENESS_WORDS + 1000ULL * PIECE, PIECE, PROT_READ, MAP_SHARED,
		ENOENT);
	refused(fd, REFHEAP_LIVENESS_STATE - PIECE, PIECE, PROT_READ, MAP_SHARED, ENOENT);

	words = map_at(fd, REFHEAP_LIVENESS_WORDS, PIECE, PROT_READ, MAP_SHARED);
	assert_ptr_not_equal(words, MAP_FAILED);
	assert_int_equal(mprotect(words, PIECE, PROT_READ | PROT_WRITE), -1);
	assert_int_equal(errno, EACCES);
	assert_int_equal(mprotect(words, PIECE, PROT_READ | PROT_EXEC), -1);
	assert_int_equal(errno, EACCES);
	assert_ptr_equal(mremap(words, PIECE, 2 * PIECE, MREMAP_MAYMOVE), MAP_FAILED);
	munmap(words, PIECE);
	close(fd);
}

static void not_before_it_is_attached(void **state)
{
	int fd = open("/dev/refheap", O_RDWR | O_CLOEXEC);

	(void)state;
	refused(fd, REFHEAP_LIVENESS_WORDS, PIECE, PROT_READ, MAP_SHARED, ENXIO);
	close(fd);
}

static int only_zeroes(const volatile uint32_t *words, size_t bytes)
{
	for (size_t i = 0; i < bytes / 4; i++)
		if (words[i])
			return 0;
	return 1;
}

/* Zeroes, touched before or not, in a child as well; and nothing can be mapped. */
static void removed_heap_is_all_dead(void **state)
{
	struct fixture *f = *state;
	struct refheap_attach attach = {
		.size = sizeof(attach), .owner = REFHEAP_OWNER_SELF,
		.flags = REFHEAP_ATTACH_CREATE | REFHEAP_ATTACH_EXCL, .name = "test.dead",
	};
	int fd = open("/dev/refheap", O_RDWR | O_CLOEXEC), go[2], status;
	const volatile uint32_t *words, *untouched, *state_page;
	uint64_t list;
	pid_t child;
	char c;

	ok(ioctl(fd, REFHEAP_IOC_ATTACH, &attach));
	list = raw_list(fd);
	words = map_words(fd, list);
	untouched = map_words(fd, list);
	state_page = map_at(fd, REFHEAP_LIVENESS_STATE, 4096, PROT_READ, MAP_SHARED);
	assert_ptr_not_equal(words, MAP_FAILED);
	assert_ptr_not_equal(untouched, MAP_FAILED);
	assert_ptr_not_equal(state_page, MAP_FAILED);
	assert_int_equal(word_of(words, list), REFHEAP_ID_TAG(list));
	assert_int_equal(*state_page, 0);
	ok(pipe(go));
	child = fork();
	if (!child)
		_exit(read(go[0], &c, 1) != 1 || !only_zeroes(words, PIECE) ||
		      !only_zeroes(untouched, PIECE));
	assert_true(child > 0);
	ok(refheap_heap_remove(f->ctl, attach.heap));
	assert_int_equal(write(go[1], "x", 1), 1);
	assert_true(only_zeroes(words, PIECE));
	assert_true(only_zeroes(untouched, PIECE));
	(void)*state_page;
	refused(fd, REFHEAP_LIVENESS_WORDS, PIECE, PROT_READ, MAP_SHARED, EIDRM);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close(fd);
	/* The last who keeps the heap is a mapping. */
	assert_true(only_zeroes(words, PIECE));
	munmap((void *)words, PIECE);
	munmap((void *)untouched, PIECE);
	munmap((void *)state_page, 4096);
	close(go[0]);
	close(go[1]);
}

/* Somebody reads words the whole time while heaps come and go. */
static void removed_while_being_read(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 30; i++) {
		struct refheap_attach attach = {
			.size = sizeof(attach), .owner = REFHEAP_OWNER_SELF,
			.flags = REFHEAP_ATTACH_CREATE | REFHEAP_ATTACH_EXCL,
			.name = "test.read",
		};
		int fd = open("/dev/refheap", O_RDWR | O_CLOEXEC), status;
		const volatile uint32_t *words;
		uint64_t list;
		pid_t child;

		ok(ioctl(fd, REFHEAP_IOC_ATTACH, &attach));
		list = raw_list(fd);
		words = map_words(fd, list);
		assert_ptr_not_equal(words, MAP_FAILED);
		child = fork();
		if (!child) {
			signal(SIGBUS, SIG_DFL);
			while (word_of(words, list) == REFHEAP_ID_TAG(list))
				;
			_exit(!only_zeroes(words, PIECE));
		}
		assert_true(child > 0);
		usleep(i * 100);
		ok(refheap_heap_remove(f->ctl, attach.heap));
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
		munmap((void *)words, PIECE);
		close(fd);
	}
}

/* Every piece of a large heap, the last one too. */
static void pieces_come_with_objects(void **state)
{
	struct fixture *f = *state;
	refheap_id list = new_list(f->session), last = 0;
	int fd = raw_session(f, O_RDONLY);
	const volatile uint32_t *words;

	for (int i = 0; i < 20000; i++) {
		if (last)
			ok(refheap_drop(f->session, last));
		last = new_list(f->session);
		ok(refheap_append(f->session, list, last));
	}
	words = map_words(fd, last);
	assert_ptr_not_equal(words, MAP_FAILED);
	assert_int_equal(word_of(words, last), REFHEAP_ID_TAG(last));
	munmap((void *)words, PIECE);
	ok(refheap_drop(f->session, last));
	ok(refheap_drop(f->session, list));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heap_test(words_follow_objects),
		heap_test(cycles_die_in_words),
		heap_test(only_whole_pieces_to_read),
		cmocka_unit_test(not_before_it_is_attached),
		heap_test(removed_heap_is_all_dead),
		heap_test(removed_while_being_read),
		heap_test(pieces_come_with_objects),
	};

	return cmocka_run_group_tests_name("liveness", tests, NULL, NULL);
}
