/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bed on which the programs of machines lie: results as TAP, a heap of
 * their own, single operations, and what must be as it was.
 */
#ifndef TESTS_BED_H
#define TESTS_BED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <refheap.h>

/* One case. Return: @good. */
bool result(bool good, const char *what, ...) __attribute__((__format__(printf, 2, 3)));
/* One case that this machine cannot try. */
void skipped(const char *what, ...) __attribute__((__format__(printf, 1, 2)));
/* The end of the cases. Return: the exit status. */
int results(void);

/* Nothing can be tried without it. */
void must(long err, const char *what);
#define MUST(call) must(call, #call)
/* Likewise a system call. */
#define MUST_SYS(call) ({ \
	long ret_ = (call); \
	must(ret_ < 0 ? -errno : 0, #call); \
	ret_; \
})

uint64_t now_us(void);	/* CLOCK_MONOTONIC */
unsigned int cpus(void);

/* Waits at most so many seconds until a condition holds, and gives its value. */
#define within(seconds, condition) ({ \
	uint64_t end_ = now_us() + (seconds) * 1000000ULL; \
	while (!(condition) && now_us() < end_) \
		usleep(1000); \
	(condition); \
})

/**
 * struct bed - a heap, seen by who makes nothing in it
 * @session: the witness
 * @ctl: likewise
 * @heap: number
 * @name: of the heap
 * @base: how it was when it was made
 * @memory: likewise: bytes, without the table of objects, which never shrinks
 */
struct bed {
	struct refheap *session;
	struct refheap_ctl *ctl;
	uint32_t heap;
	const char *name;
	struct refheap_heap_info base;
	uint64_t memory;
};

void bed_make(struct bed *bed, const char *name);
struct refheap *bed_session(const struct bed *bed);	/* one more */
int bed_fd(const struct bed *bed);	/* of the witness */
struct refheap_heap_info bed_look(const struct bed *bed);
/* What is there now is the base line from now on. */
void bed_set_base(struct bed *bed);

/*
 * Whether the heap has no session but the witness, as many objects and bytes as
 * at the base line, and no broken invariant: a case for each. @where: for the
 * messages.
 */
void bed_check(const struct bed *bed, const char *where);
/*
 * Likewise whether it has as much memory. That takes some seconds: it gives
 * back when the kernel asks, and lets itself be asked now and then only.
 */
void bed_check_memory(const struct bed *bed, const char *where);
void bed_remove(struct bed *bed);

/* Have the kernel ask everybody for memory, as it does when there is little. */
void press_for_memory(void);

/* A parameter of the module. Return: false when it does not have it. */
bool set_parameter(const char *name, unsigned int value);

/*
 * Single operations, without the library. Data of an operation is where @in
 * points, data_len bytes.
 */
#define OP(code_, ...) (&(const struct refheap_op){ .code = REFHEAP_OP_##code_, ##__VA_ARGS__ })

/* Return: whether the call was made, 0 or a negative errno. */
int op_call(int fd, const struct refheap_op *op, const void *in, void *out, uint32_t out_len,
	    struct refheap_result *result);
/* Likewise, and whether the operation was done. */
int op_whole(int fd, const struct refheap_op *op, const void *in, void *out, uint32_t out_len,
	     struct refheap_result *result);
/* Return: 0 or a negative errno; @value may be NULL. */
int op(int fd, const struct refheap_op *op, uint64_t *value);
/* The value of one that must succeed. */
uint64_t value_of(int fd, const struct refheap_op *op);

#define APPENDED	512
/* Appends so many objects to a list, which an operation makes, in one batch. */
void append_many(int fd, refheap_id list, const struct refheap_op *make);

/* Device files, attached or not. Return: descriptor or a negative errno. */
int device_open(void);
int device_attach(const char *name);

/* One event that is there. Return: 1, 0 when there is none, or a negative errno. */
int next_event(int fd, struct refheap_event *event);

/* Zeroes that children share with their parent. */
void *shared_memory(size_t bytes);

/*
 * Processes. A child ends with the parent and gets the default signals.
 * Return: 0 in the child.
 */
pid_t give_birth(void);
/* Return: exit status, or 128 + signal. */
int wait_for(pid_t child);
int end(pid_t child);	/* SIGKILL, then wait_for() */

#endif
