// SPDX-License-Identifier: GPL-2.0
/* Descriptors that hold a reference, and where they can be put. */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "raw.h"

/* Return: the descriptor, or a negative errno. */
static int export_object(int session, uint64_t id)
{
	struct refheap_export args = { .size = sizeof(args), .object = id, .fd = -1 };

	return ioctl(session, REFHEAP_IOC_EXPORT, &args) ? -errno : args.fd;
}

static int import_object(int session, int fd, uint64_t *id)
{
	struct refheap_import args = { .size = sizeof(args), .fd = fd };

	if (ioctl(session, REFHEAP_IOC_IMPORT, &args))
		return -errno;
	*id = args.object;
	return 0;
}

/* How many sessions and descriptors are listed; one that is a descriptor. */
static int listed(struct fixture *f, struct refheap_session_info *exported)
{
	struct refheap_session_info info;
	struct refheap_iter *iter;
	int n = 0;

	ok(refheap_iter_sessions(f->ctl, f->heap, &iter));
	for (; refheap_next_session(iter, &info) == 1; n++)
		if (info.exported && exported)
			*exported = info;
	refheap_iter_close(iter);
	return n;
}

static int open_files(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void it_holds_a_reference(void **state)
{
	struct fixture *f = *state;
	int session = raw_session(f, O_RDWR), fd;
	refheap_id list = raw_list(session);
	uint64_t id;

	fd = export_object(session, list);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(refheap_refcount(f->session, list), 2);
	raw_drop(session, list);
	close(session);
	eventually(refheap_refcount(f->session, list) == 1);

	session = raw_session(f, O_RDONLY);
	ok(import_object(session, fd, &id));
	assert_int_equal(id, list);
	ok(import_object(session, fd, &id));
	assert_int_equal(refheap_refcount(f->session, list), 3);
	close(fd);
	eventually(refheap_refcount(f->session, list) == 2);
	/* Who may only read may export as well. */
	fd = export_object(session, list);
	assert_true(fd >= 0);
	close(session);
	eventually(refheap_refcount(f->session, list) == 1);
	close(fd);
	eventually(refheap_refcount(f->session, list) == -ESTALE);
}

static void it_is_listed(void **state)
{
	struct fixture *f = *state;
	struct refheap_session_info info = { 0 };
	struct refheap_holder_info holder;
	struct refheap_iter *iter;
	int session = raw_session(f, O_RDWR), before = listed(f, NULL), fd, n = 0;
	uint64_t list = raw_list(session);

	fd = export_object(session, list);
	assert_int_equal(listed(f, &info), before + 1);
	assert_true(info.exported);
	assert_int_equal(info.pid, getpid());
	assert_int_equal(info.held, 1);
	assert_true(strstr("test_handle", info.comm));
	ok(refheap_iter_holders(f->ctl, f->heap, list, &iter));
	while (refheap_next_holder(iter, &holder) == 1) {
		assert_int_equal(holder.count, 1);
		n += holder.exported ? 10 : 1;
	}
	refheap_iter_close(iter);
	assert_int_equal(n, 11);
	close(fd);
	eventually(listed(f, NULL) == before);
	close(session);
}

static void only_the_right_descriptors(void **state)
{
	struct fixture *f = *state;
	struct refheap_attach attach = {
		.size = sizeof(attach), .owner = REFHEAP_OWNER_SELF,
		.flags = REFHEAP_ATTACH_CREATE | REFHEAP_ATTACH_EXCL, .name = "test.other",
	};
	int session = raw_session(f, O_RDWR), other, fd, unattached;
	uint64_t id, list = raw_list(session);

	other = open("/dev/refheap", O_RDWR | O_CLOEXEC);
	unattached = open("/dev/refheap", O_RDWR | O_CLOEXEC);
	ok(ioctl(other, REFHEAP_IOC_ATTACH, &attach));
	fd = export_object(session, list);
	assert_true(fd >= 0);
	assert_int_equal(import_object(other, fd, &id), -EXDEV);
	assert_int_equal(import_object(session, session, &id), -EBADF);
	assert_int_equal(import_object(session, 0, &id), -EBADF);
	assert_int_equal(import_object(session, -1, &id), -EBADF);
	assert_int_equal(import_object(session, 999, &id), -EBADF);
	assert_int_equal(import_object(unattached, fd, &id), -ENXIO);
	assert_int_equal(export_object(unattached, list), -ENXIO);
	/* It is a session's file for nobody. */
	assert_int_equal(ioctl(fd, REFHEAP_IOC_ATTACH, &attach), -1);
	assert_int_equal(errno, ENOTTY);
	ok(refheap_heap_remove(f->ctl, attach.heap));
	assert_int_equal(export_object(other, list), -EIDRM);
	assert_int_equal(refheap_refcount(f->session, list), 2);
	close(unattached);
	close(other);
	close(session);
	close(fd);
}

/* Nothing is left behind by what is refused. */
static void refusals_leave_nothing(void **state)
{
	struct fixture *f = *state;
	int session = raw_session(f, O_RDWR), files, sessions, fd;
	struct refheap_export args = { .size = sizeof(args) };
	struct refheap_import in = { .size = sizeof(in) };
	uint64_t list = raw_list(session), dead = raw_list(session), id;
	struct refheap_export *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct rlimit limit, few;

	raw_drop(session, dead);
	files = open_files();
	sessions = listed(f, NULL);
	assert_int_equal(export_object(session, dead), -ESTALE);
	assert_int_equal(export_object(session, 0), -ENOENT);
	assert_int_equal(export_object(session, REFHEAP_ID(1 << 30, 1)), -ENOENT);

	args.object = list;
	args.flags = 1;
	assert_int_equal(ioctl(session, REFHEAP_IOC_EXPORT, &args), -1);
	assert_int_equal(errno, EINVAL);
	args.flags = 0;
	args.reserved = 1;
	assert_int_equal(ioctl(session, REFHEAP_IOC_EXPORT, &args), -1);
	assert_int_equal(errno, EINVAL);
	args.reserved = 0;
	/* Too short to say which descriptor, or which object. */
	args.size = 16;
	assert_int_equal(ioctl(session, REFHEAP_IOC_EXPORT, &args), -1);
	assert_int_equal(errno, EINVAL);
	in.size = 8;
	assert_int_equal(ioctl(session, REFHEAP_IOC_IMPORT, &in), -1);
	assert_int_equal(errno, EINVAL);

	/* It cannot be told. */
	page->size = sizeof(*page);
	page->object = list;
	ok(mprotect(page, 4096, PROT_READ));
	assert_int_equal(ioctl(session, REFHEAP_IOC_EXPORT, page), -1);
	assert_int_equal(errno, EFAULT);

	ok(getrlimit(RLIMIT_NOFILE, &limit));
	few = limit;
	few.rlim_cur = 3;
	ok(setrlimit(RLIMIT_NOFILE, &few));
	assert_int_equal(export_object(session, list), -EMFILE);
	ok(setrlimit(RLIMIT_NOFILE, &limit));

	assert_int_equal(open_files(), files);
	eventually(listed(f, NULL) == sessions);
	eventually(refheap_refcount(f->session, list) == 1);

	fd = export_object(session, list);
	ok(mprotect(page, 4096, PROT_READ | PROT_WRITE));
	((struct refheap_import *)page)->size = sizeof(in);
	((struct refheap_import *)page)->fd = fd;
	ok(mprotect(page, 4096, PROT_READ));
	assert_int_equal(ioctl(session, REFHEAP_IOC_IMPORT, page), -1);
	assert_int_equal(errno, EFAULT);
	assert_int_equal(refheap_refcount(f->session, list), 2);
	ok(import_object(session, fd, &id));
	munmap(page, 4096);
	close(fd);
	close(session);
}

/* To another process, whose end leaves it alone. */
static void passed_over_a_socket(void **state)
{
	struct fixture *f = *state;
	int session = raw_session(f, O_RDWR), ends[2], fd, status;
	uint64_t id = 0, list = raw_list(session);
	pid_t child;

	ok(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	child = fork();
	if (!child) {
		int own = raw_session(f, O_RDWR);

		fd = receive_fd(ends[1]);
		if (import_object(own, fd, &id) || id != list || raw_take(own, id))
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	assert_true(child > 0);
	fd = export_object(session, list);
	send_fd(ends[0], fd);
	close(fd);
	raw_drop(session, list);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	eventually(refheap_refcount(f->session, list) == -ESTALE);
	close(ends[0]);
	close(ends[1]);
	close(session);
}

/* Sockets that have only each other, with a reference in each. */
static void unreachable_sockets_end_it(void **state)
{
	struct fixture *f = *state;
	int session = raw_session(f, O_RDWR), ends[2], fd;
	uint64_t list = raw_list(session);

	for (int i = 0; i < 20; i++) {
		ok(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
		fd = export_object(session, list);
		assert_true(fd >= 0);
		send_fd(ends[0], fd);
		send_fd(ends[1], fd);
		send_fd(ends[0], session);
		send_fd(ends[0], ends[0]);
		send_fd(ends[1], ends[1]);
		close(fd);
		close(ends[0]);
		close(ends[1]);
	}
	raw_drop(session, list);
	close(session);
	/* The closing of a socket has the collector look. */
	ok(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	send_fd(ends[0], ends[0]);
	close(ends[0]);
	close(ends[1]);
	eventually(refheap_refcount(f->session, list) == -ESTALE);
}

/* In the hands of processes that are killed, while the heap goes as well. */
static void killed_with_descriptors(void **state)
{
	struct fixture *f = *state;
	uint64_t before = alive(f);

	for (int i = 0; i < 20; i++) {
		pid_t child = fork();

		if (!child) {
			int session = raw_session(f, O_RDWR);

			for (;;) {
				uint64_t list = raw_list(session), id;
				int fd = export_object(session, list);

				if (fd < 0)
					pause();
				import_object(session, fd, &id);
				raw_drop(session, list);
			}
		}
		assert_true(child > 0);
		usleep(2000 + i * 500);
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, NULL, 0), child);
	}
	eventually(alive(f) == before);
}

static void it_outlives_the_heap(void **state)
{
	struct fixture *f = *state;
	struct refheap_attach attach = {
		.size = sizeof(attach), .owner = REFHEAP_OWNER_SELF,
		.flags = REFHEAP_ATTACH_CREATE | REFHEAP_ATTACH_EXCL, .name = "test.gone",
	};
	int session = open("/dev/refheap", O_RDWR | O_CLOEXEC), fd;
	uint64_t id;

	ok(ioctl(session, REFHEAP_IOC_ATTACH, &attach));
	fd = export_object(session, raw_list(session));
	assert_true(fd >= 0);
	ok(refheap_heap_remove(f->ctl, attach.heap));
	assert_int_equal(import_object(session, fd, &id), -EIDRM);
	close(session);
	close(fd);
}

/* Who keeps files of removed heaps does not keep their owner from making others. */
static void removed_heaps_do_not_count(void **state)
{
	struct fixture *f = *state;
	struct refheap_attach attach = {
		.size = sizeof(attach), .owner = REFHEAP_OWNER_SELF,
		.flags = REFHEAP_ATTACH_CREATE, .name = "test.again",
	};
	int kept[300], session;

	for (int i = 0; i < 300; i++) {
		session = open("/dev/refheap", O_RDWR | O_CLOEXEC);
		assert_true(session >= 0);
		/* The worker may be at the one before yet. */
		for (int tries = 0; ioctl(session, REFHEAP_IOC_ATTACH, &attach); tries++) {
			assert_true(tries < 200);
			usleep(10000);
		}
		kept[i] = export_object(session, raw_list(session));
		assert_true(kept[i] >= 0);
		ok(refheap_heap_remove(f->ctl, attach.heap));
		close(session);
	}
	for (int i = 0; i < 300; i++)
		close(kept[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heap_test(it_holds_a_reference),
		heap_test(it_is_listed),
		heap_test(only_the_right_descriptors),
		heap_test(refusals_leave_nothing),
		heap_test(passed_over_a_socket),
		heap_test(unreachable_sockets_end_it),
		heap_test(killed_with_descriptors),
		heap_test(it_outlives_the_heap),
		heap_test(removed_heaps_do_not_count),
	};

	return cmocka_run_group_tests_name("handle", tests, NULL, NULL);
}
