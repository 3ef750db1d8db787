// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bed.h"

/* How long what a dead process leaves behind may take to go. */
#define PATIENCE_S	20
/* Of arenas and types; they grow with what there ever was. */
#define DIRECTORIES	16384

static unsigned int cases, failed;

static void print_case(const char *verdict, const char *end, const char *what, va_list arguments)
{
	printf("%s %u - ", verdict, ++cases);
	vprintf(what, arguments);
	printf("%s\n", end);
	fflush(stdout);
}

bool result(bool good, const char *what, ...)
{
	va_list arguments;

	va_start(arguments, what);
	print_case(good ? "ok" : "not ok", "", what, arguments);
	va_end(arguments);
	failed += !good;
	return good;
}

void skipped(const char *what, ...)
{
	va_list arguments;

	va_start(arguments, what);
	print_case("ok", " # SKIP", what, arguments);
	va_end(arguments);
}

int results(void)
{
	printf("1..%u\n", cases);
	return failed > 0;
}

void must(long err, const char *what)
{
	if (err >= 0)
		return;
	printf("Bail out! %s: %s\n", what, refheap_strerror((int)err));
	fflush(stdout);
	_exit(2);
}

uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

unsigned int cpus(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN);
}

/* The heap. */

struct refheap_heap_info bed_look(const struct bed *bed)
{
	struct refheap_heap_info info;

	MUST(refheap_heap_get(bed->ctl, bed->heap, &info));
	return info;
}

int bed_fd(const struct bed *bed)
{
	return refheap_fd(bed->session);
}

static uint64_t table_bytes(const struct bed *bed)
{
	struct refheap_arena_info info;
	struct refheap_iter *iter;
	uint64_t bytes = 0;

	MUST(refheap_iter_arenas(bed->ctl, bed->heap, &iter));
	while (refheap_next_arena(iter, &info) > 0)
		if (info.entry == REFHEAP_ARENA_TOTALS)
			bytes = info.table_bytes;
	refheap_iter_close(iter);
	return bytes;
}

static uint64_t memory(const struct bed *bed)
{
	return bed_look(bed).reserved_bytes - table_bytes(bed);
}

void bed_set_base(struct bed *bed)
{
	MUST(refheap_collect(bed->session, 2, NULL));
	bed->base = bed_look(bed);
	bed->memory = memory(bed);
}

void bed_make(struct bed *bed, const char *name)
{
	bed->name = name;
	MUST(refheap_open(name, REFHEAP_ATTACH_CREATE | REFHEAP_ATTACH_EXCL, &bed->session));
	MUST(refheap_ctl_open(&bed->ctl));
	bed->heap = refheap_heap(bed->session);
	bed_set_base(bed);
}

struct refheap *bed_session(const struct bed *bed)
{
	struct refheap *session;

	MUST(refheap_open(bed->name, 0, &session));
	return session;
}

static void compare(uint64_t is, uint64_t was, const char *where, const char *what)
{
	if (!result(is == was, "%s: %s as before", where, what))
		printf("# %llu, not %llu\n", (unsigned long long)is, (unsigned long long)was);
}

/*
 * What is neither held nor reachable but for its own cycles does not count. A
 * session is none any more before all is dropped that it held, so a collection
 * may come too early for that.
 */
static bool has_as_many_objects(const struct bed *bed)
{
	MUST(refheap_collect(bed->session, 2, NULL));
	return bed_look(bed).objects == bed->base.objects;
}

void bed_check(const struct bed *bed, const char *where)
{
	struct refheap_heap_info now;
	char broken[200] = "";

	(void)within(PATIENCE_S, bed_look(bed).sessions == bed->base.sessions);
	(void)within(PATIENCE_S, has_as_many_objects(bed));
	now = bed_look(bed);
	compare(now.sessions, bed->base.sessions, where, "sessions");
	compare(now.objects, bed->base.objects, where, "objects");
	compare(now.bytes, bed->base.bytes, where, "bytes");
	if (!result(!refheap_verify(bed->session, broken, sizeof(broken)),
		    "%s: no invariant is broken", where))
		printf("# %s\n", broken);
}

static bool gives_back(const struct bed *bed)
{
	press_for_memory();
	usleep(100000);
	return memory(bed) <= bed->memory + DIRECTORIES;
}

void bed_check_memory(const struct bed *bed, const char *where)
{
	if (!result(within(PATIENCE_S, gives_back(bed)), "%s: memory as before", where))
		printf("# %llu, not %llu\n", (unsigned long long)memory(bed),
		       (unsigned long long)bed->memory);
}

void bed_remove(struct bed *bed)
{
	refheap_close(bed->session);
	MUST(refheap_heap_remove(bed->ctl, bed->heap));
	refheap_ctl_close(bed->ctl);
}

static bool write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written;

	if (fd < 0)
		return false;
	written = write(fd, text, strlen(text)) > 0;
	close(fd);
	return written;
}

void press_for_memory(void)
{
	if (!write_to("/proc/sys/vm/drop_caches", "2"))
		perror("drop_caches");
}

bool set_parameter(const char *name, unsigned int value)
{
	char path[100], text[16];

	snprintf(path, sizeof(path), "/sys/module/refheap/parameters/%s", name);
	snprintf(text, sizeof(text), "%u", value);
	return write_to(path, text);
}

/* Operations. */

int op_call(int fd, const struct refheap_op *op, const void *in, void *out, uint32_t out_len,
	    struct refheap_result *result)
{
	struct refheap_batch batch = {
		.size = sizeof(batch),
		.ops = (uintptr_t)op,
		.results = (uintptr_t)result,
		.in = (uintptr_t)in,
		.out = (uintptr_t)out,
		.count = 1,
		.in_len = op->data_len,
		.out_len = out_len,
	};

	if (ioctl(fd, REFHEAP_IOC_BATCH, &batch))
		return -errno;
	return batch.done ? 0 : -EINTR;
}

int op_whole(int fd, const struct refheap_op *op, const void *in, void *out, uint32_t out_len,
	     struct refheap_result *result)
{
	int err = op_call(fd, op, in, out, out_len, result);

	return err ? err : result->error;
}

int op(int fd, const struct refheap_op *op, uint64_t *value)
{
	struct refheap_result result;
	int err = op_whole(fd, op, NULL, NULL, 0, &result);

	if (!err && value)
		*value = result.value;
	return err;
}

uint64_t value_of(int fd, const struct refheap_op *operation)
{
	uint64_t value = 0;
	char what[40];

	snprintf(what, sizeof(what), "operation %u", operation->code);
	must(op(fd, operation, &value), what);
	return value;
}

void append_many(int fd, refheap_id list, const struct refheap_op *make)
{
	struct refheap_op ops[2 * APPENDED];
	struct refheap_result results[2 * APPENDED];
	struct refheap_batch batch = {
		.size = sizeof(batch),
		.ops = (uintptr_t)ops,
		.results = (uintptr_t)results,
		.count = 2 * APPENDED,
	};
	unsigned int i;

	for (i = 0; i < batch.count; i += 2) {
		ops[i] = *make;
		ops[i].flags |= REFHEAP_OPF_TEMP;
		ops[i + 1] = *OP(APPEND, .a = list, .c = i, .flags = REFHEAP_OPF_C_RESULT);
	}
	while (batch.done < batch.count)
		MUST_SYS(ioctl(fd, REFHEAP_IOC_BATCH, &batch));
}

int device_open(void)
{
	int fd = open("/dev/" REFHEAP_DEVICE_NAME, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int device_attach(const char *name)
{
	struct refheap_attach args = { .size = sizeof(args), .owner = REFHEAP_OWNER_SELF };
	int err, fd = device_open();

	if (fd < 0)
		return fd;
	snprintf(args.name, sizeof(args.name), "%s", name);
	if (!ioctl(fd, REFHEAP_IOC_ATTACH, &args))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int next_event(int fd, struct refheap_event *event)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };

	if (poll(&poller, 1, 0) < 0)
		return -errno;
	if (!(poller.revents & POLLIN))
		return 0;
	return read(fd, event, sizeof(*event)) < 0 ? -errno : 1;
}

/* Processes. */

void *shared_memory(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	must(memory == MAP_FAILED ? -ENOMEM : 0, "shared memory");
	return memory;
}

pid_t give_birth(void)
{
	pid_t parent = getpid(), child = fork();

	must(child < 0 ? -errno : 0, "fork");
	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	signal(SIGBUS, SIG_DFL);
	return 0;
}

int wait_for(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			must(-errno, "waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int end(pid_t child)
{
	kill(child, SIGKILL);
	return wait_for(child);
}
