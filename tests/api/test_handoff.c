// SPDX-License-Identifier: GPL-2.0
/* References in descriptors, over Unix sockets, and who holds them. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "fixture.h"

static void a_descriptor_holds_one(void **state)
{
	struct fixture *f = *state;
	refheap_id list = new_list(f->session), again;
	struct refheap *other;
	int fd = refheap_export(f->session, list);

	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(refheap_refcount(f->session, list), 2);
	ok(refheap_drop(f->session, list));
	assert_int_equal(refheap_alive(f->session, list), 1);

	other = another_session(f, 0);
	ok(refheap_import(other, fd, &again));
	assert_true(again == list);
	assert_int_equal(refheap_refcount(other, list), 2);
	ok(close(fd));
	eventually(refheap_refcount(other, list) == 1);
	ok(refheap_drop(other, list));
	assert_int_equal(refheap_alive(other, list), 0);
	refheap_close(other);
}

static void what_is_no_such_descriptor(void **state)
{
	struct fixture *f = *state;
	refheap_auto_close struct refheap *elsewhere = NULL;
	refheap_id list = new_list(f->session), id = 9;
	int fd;

	fails(refheap_export(f->session, REFHEAP_ID(70000, 2)), ENOENT);
	fails(refheap_import(f->session, -1, &id), EBADF);
	fails(refheap_import(f->session, refheap_fd(f->session), &id), EBADF);
	ok(refheap_open("test.handoff.elsewhere", REFHEAP_ATTACH_CREATE,
			&elsewhere));
	fd = refheap_export(f->session, list);
	assert_true(fd >= 0);
	fails(refheap_import(elsewhere, fd, &id), EXDEV);
	assert_int_equal(id, 9);
	ok(close(fd));
	ok(refheap_heap_remove(f->ctl, refheap_heap(elsewhere)));
}

static void over_a_socket(void **state)
{
	struct fixture *f = *state;
	struct refheap *other = another_session(f, 0);
	refheap_id list = new_list(f->session), got;
	int ends[2];

	ok(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends));
	fails(refheap_receive_object(other, ends[1], &got), EAGAIN);
	ok(refheap_send_object(f->session, ends[0], list));
	/* On its way it is alive. */
	ok(refheap_drop(f->session, list));
	assert_int_equal(refheap_alive(other, list), 1);
	assert_int_equal(refheap_receive_object(other, ends[1], &got), 1);
	assert_true(got == list);
	eventually(refheap_refcount(other, got) == 1);

	assert_int_equal(write(ends[0], "x", 1), 1);
	fails(refheap_receive_object(other, ends[1], &got), EBADMSG);
	ok(close(ends[0]));
	assert_int_equal(refheap_receive_object(other, ends[1], &got), 0);
	fails(refheap_send_object(other, ends[1], list), EPIPE);
	ok(close(ends[1]));
	refheap_close(other);
}

static void thrown_away_on_its_way(void **state)
{
	struct fixture *f = *state;
	refheap_id list = new_list(f->session);
	int ends[2];

	ok(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends));
	ok(refheap_send_object(f->session, ends[0], list));
	ok(refheap_drop(f->session, list));
	assert_int_equal(refheap_alive(f->session, list), 1);
	ok(close(ends[0]));
	ok(close(ends[1]));
	eventually(refheap_alive(f->session, list) == 0);
}

struct other_end {
	const char *heap;
	int socket;
};

static void receive_and_answer(void *data)
{
	struct other_end *end = data;
	struct refheap *session;
	refheap_id list, item;

	if (refheap_open(end->heap, 0, &session) ||
	    refheap_receive_object(session, end->socket, &list) != 1 ||
	    refheap_new_str(session, "hello from the child", &item) ||
	    refheap_append(session, list, item) ||
	    refheap_send_object(session, end->socket, item))
		_exit(1);
}

static void between_processes(void **state)
{
	struct fixture *f = *state;
	refheap_id list = new_list(f->session), text;
	struct other_end end = { .heap = refheap_name(f->session) };
	int ends[2];
	char *data;

	ok(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	ok(refheap_send_object(f->session, ends[0], list));
	end.socket = ends[1];
	assert_int_equal(in_child(receive_and_answer, &end), 0);
	assert_int_equal(refheap_receive_object(f->session, ends[0], &text),
			 1);
	ok(refheap_get_data(f->session, text, &data, NULL));
	assert_string_equal(data, "hello from the child");
	free(data);
	assert_int_equal(refheap_len(f->session, list), 1);
	close(ends[0]);
	close(ends[1]);
}

struct hold {
	const char *heap;
	refheap_id id;
	int pipe[2];
};

static void hold_and_wait(void *data)
{
	struct hold *hold = data;
	struct refheap *session;
	char c = 'x';

	if (refheap_open(hold->heap, 0, &session) ||
	    refheap_take(session, hold->id) ||
	    write(hold->pipe[1], &c, 1) != 1)
		_exit(1);
	pause();
}

static pid_t fork_holder(struct hold *hold)
{
	pid_t child;
	char c;

	ok(pipe(hold->pipe));
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		hold_and_wait(hold);
		_exit(1);
	}
	assert_int_equal(read(hold->pipe[0], &c, 1), 1);
	return child;
}

static void kill_child(pid_t child)
{
	ok(kill(child, SIGKILL));
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void note_death(struct refheap *session, refheap_id weakref,
		       refheap_id referent, void *arg)
{
	(void)session;
	(void)weakref;
	*(refheap_id *)arg = referent;
}

/* The last holder is killed, and who watched is told. */
static void death_of_a_process(void **state)
{
	struct fixture *f = *state;
	refheap_id list = new_list(f->session), weakref, died = 0;
	struct hold hold = { .heap = refheap_name(f->session), .id = list };
	pid_t child = fork_holder(&hold);

	ok(refheap_new_weakref_callback(f->session, list, note_death, &died,
					&weakref));
	ok(refheap_drop(f->session, list));
	assert_int_equal(refheap_dispatch(f->session, 0, 0), 0);
	assert_int_equal(refheap_alive(f->session, list), 1);
	kill_child(child);
	assert_int_equal(refheap_dispatch(f->session, 2000, 0), 1);
	assert_true(died == list);
	assert_int_equal(refheap_alive(f->session, list), 0);
}

/* The holders of an object; how many there are. */
static int holders(struct fixture *f, refheap_id id,
		   struct refheap_holder_info *infos, int max)
{
	refheap_auto_iter struct refheap_iter *iter = NULL;
	int n = 0;

	ok(refheap_iter_holders(f->ctl, f->heap, id, &iter));
	while (n < max && refheap_next_holder(iter, &infos[n]) > 0)
		n++;
	return n;
}

static void who_holds_an_object(void **state)
{
	struct fixture *f = *state;
	refheap_id list = new_list(f->session);
	struct hold hold = { .heap = refheap_name(f->session), .id = list };
	pid_t child = fork_holder(&hold);
	int fd = refheap_export(f->session, list);
	struct refheap_holder_info infos[8];
	bool seen[3] = { false };
	int n;

	assert_true(fd >= 0);
	assert_int_equal(refheap_frame_push(f->session), 1);
	ok(refheap_take(f->session, list));
	n = holders(f, list, infos, 8);
	assert_int_equal(n, 3);
	for (int i = 0; i < n; i++) {
		if (infos[i].exported) {
			seen[0] = true;
			assert_int_equal(infos[i].count, 1);
		} else if (infos[i].pid == (uint32_t)child) {
			seen[1] = true;
			assert_int_equal(infos[i].count, 1);
			assert_int_equal(infos[i].frame, 0);
		} else {
			seen[2] = true;
			assert_int_equal(infos[i].pid, getpid());
			assert_int_equal(infos[i].uid, geteuid());
			assert_int_equal(infos[i].count, 2);
			assert_int_equal(infos[i].frame, 1);
			assert_true(infos[i].since_ns > 0);
			assert_true(strlen(infos[i].comm) > 0);
		}
	}
	assert_true(seen[0] && seen[1] && seen[2]);
	ok(refheap_frame_pop(f->session, 0));
	ok(close(fd));
	kill_child(child);
	eventually(holders(f, list, infos, 8) == 1);
}

static void nobody_holds_an_object(void **state)
{
	struct fixture *f = *state;
	refheap_auto_iter struct refheap_iter *iter = NULL;
	struct refheap_holder_info info;
	refheap_id list = new_list(f->session);

	ok(refheap_set_name(f->session, "list", list));
	ok(refheap_drop(f->session, list));
	assert_int_equal(holders(f, list, &info, 1), 0);
	ok(refheap_del_name(f->session, "list"));
	ok(refheap_iter_holders(f->ctl, f->heap, list, &iter));
	fails(refheap_next_holder(iter, &info), ESTALE);
	fails(refheap_iter_holders(f->ctl, f->heap, 0, &iter), ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heap_test(a_descriptor_holds_one),
		heap_test(what_is_no_such_descriptor),
		heap_test(over_a_socket),
		heap_test(thrown_away_on_its_way),
		heap_test(between_processes),
		heap_test(death_of_a_process),
		heap_test(who_holds_an_object),
		heap_test(nobody_holds_an_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
