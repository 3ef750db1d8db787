// SPDX-License-Identifier: GPL-2.0
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "fixture.h"

uint64_t alive(struct fixture *f)
{
	struct refheap_heap_info info;

	ok(refheap_heap_get(f->ctl, f->heap, &info));
	return info.objects;
}

int fixture_setup(void **state)
{
	static unsigned int number;
	struct fixture *f = calloc(1, sizeof(*f));
	char name[REFHEAP_NAME_MAX];

	assert_non_null(f);
	snprintf(name, sizeof(name), "test.%d.%u", getpid(), number++);
	ok(refheap_open(name, REFHEAP_ATTACH_CREATE | REFHEAP_ATTACH_EXCL,
			&f->session));
	ok(refheap_ctl_open(&f->ctl));
	f->heap = refheap_heap(f->session);
	f->births = alive(f);
	*state = f;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *f = *state;
	char broken[200];

	if (refheap_verify(f->session, broken, sizeof(broken))) {
		print_error("verify: %s\n", broken);
		return -1;
	}
	refheap_close(f->session);
	ok(refheap_heap_remove(f->ctl, f->heap));
	refheap_ctl_close(f->ctl);
	free(f);
	return 0;
}

struct refheap *another_session(struct fixture *f, uint32_t flags)
{
	struct refheap *session;

	ok(refheap_open(refheap_name(f->session), flags, &session));
	return session;
}

refheap_id new_int(struct refheap *session, int64_t value)
{
	refheap_id id;

	ok(refheap_new_int(session, value, &id));
	return id;
}

refheap_id new_str(struct refheap *session, const char *text)
{
	refheap_id id;

	ok(refheap_new_str(session, text, &id));
	return id;
}

refheap_id new_list(struct refheap *session)
{
	refheap_id id;

	ok(refheap_new_list(session, NULL, 0, &id));
	return id;
}

refheap_id new_dict(struct refheap *session)
{
	refheap_id id;

	ok(refheap_new_dict(session, NULL, 0, &id));
	return id;
}

void drop_cycle(struct refheap *session)
{
	refheap_id list = new_list(session);

	ok(refheap_append(session, list, list));
	ok(refheap_drop(session, list));
}

int dump(struct refheap *session)
{
	int fd = memfd_create("dump", 0);

	assert_true(fd >= 0);
	assert_true(refheap_dump(session, fd) > 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

struct refheap_image *image_of(struct refheap *session)
{
	struct refheap_image *image = NULL;
	char why[128] = "";
	int fd = dump(session);

	if (refheap_image_read(fd, &image, why, sizeof(why)))
		fail_msg("%s", why);
	close(fd);
	return image;
}

static int wait_for(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   128 + WTERMSIG(status);
}

/* cmocka would catch what is to end the child. */
static void default_signals(void)
{
	signal(SIGBUS, SIG_DFL);
	signal(SIGSEGV, SIG_DFL);
}

int in_child(void (*run)(void *data), void *data)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child)
		return wait_for(child);
	default_signals();
	run(data);
	_exit(0);
}

int as_user(uid_t uid, void (*run)(void *data), void *data)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child)
		return wait_for(child);
	default_signals();
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) ||
	    setresuid(uid, uid, uid))
		_exit(99);
	run(data);
	_exit(0);
}
