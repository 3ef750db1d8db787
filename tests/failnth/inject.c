// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel counts the points at which it could fail for the process that
 * wrote a number to its fail-nth, and fails at the one that makes it zero.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inject.h"

#define DEBUGFS "/sys/kernel/debug"

static int fail_nth;

/* Not every kind of fault has every setting. */
static void set(const char *kind, const char *name, const char *value)
{
	char path[400];
	int fd;

	snprintf(path, sizeof(path), DEBUGFS "/%s/%s", kind, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, value, strlen(value)) < 0)
		perror(path);
	close(fd);
}

int inject_init(void)
{
	DIR *folder = opendir(DEBUGFS);
	struct dirent *entry;
	int kinds = 0;

	while (folder && (entry = readdir(folder))) {
		if (strncmp(entry->d_name, "fail", 4))
			continue;
		/* Unless told so it spares whoever may wait for memory. */
		set(entry->d_name, "ignore-gfp-wait", "N");
		set(entry->d_name, "ignore-gfp-highmem", "N");
		set(entry->d_name, "min-order", "0");
		/* Thousands of traces would bury the one that matters. */
		set(entry->d_name, "verbose", "0");
		kinds++;
	}
	if (folder)
		closedir(folder);
	fail_nth = open("/proc/self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fail_nth >= 0 && kinds)
		return 0;
	fprintf(stderr, "failnth: this kernel injects no faults\n");
	return -1;
}

void inject_arm(unsigned int nth)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", nth);

	if (pwrite(fail_nth, text, length, 0) != length) {
		perror("fail-nth");
		exit(2);
	}
}

bool inject_disarm(void)
{
	char text[16] = "";
	bool injected;
	ssize_t n;

	/*
	 * Reading and writing copy, and can be the point that fails. Then
	 * nothing before it has.
	 */
	n = pread(fail_nth, text, sizeof(text) - 1, 0);
	injected = n > 0 && !strtoul(text, NULL, 10);
	while (pwrite(fail_nth, "0", 1, 0) != 1 && errno == EFAULT)
		;
	return injected;
}
