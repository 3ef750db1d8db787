/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The heap in the kernel, through its device.
 */
#ifndef REFHEAP_BENCH_DEVICE_H
#define REFHEAP_BENCH_DEVICE_H

#include <fcntl.h>
#include <linux/refheap.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "build.h"

/* A session on a heap of its own that ends with it. */
static inline int device_open(void)
{
	struct refheap_attach attach = {
		.size = sizeof(attach),
		.flags = REFHEAP_ATTACH_CREATE,
		.owner = REFHEAP_OWNER_SELF,
	};
	int fd;

	snprintf(attach.name, sizeof(attach.name), "bench.%d", getpid());
	fd = open("/dev/" REFHEAP_DEVICE_NAME, O_RDWR | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, REFHEAP_IOC_ATTACH, &attach))
		fail("cannot attach to a heap: %m");
	return fd;
}

static inline void device_submit(int fd, const struct build_batch *batch)
{
	struct refheap_batch call = {
		.size = sizeof(call),
		.ops = (uintptr_t)batch->ops,
		.results = (uintptr_t)batch->results,
		.in = (uintptr_t)batch->in,
		.count = batch->count,
		.in_len = batch->in_len,
	};

	if (ioctl(fd, REFHEAP_IOC_BATCH, &call))
		fail("a batch failed: %m");
	if (call.done != batch->count)
		fail("a batch stopped after %u operations", call.done);
}

#endif
