// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replace.h"
#include "util.h"

int replace_begin(struct replacement *replacement, const char *path)
{
	struct stat status;
	int error;

	*replacement = (struct replacement){ .path = xstrdup(path) };
	if (stat(path, &status) || S_ISREG(status.st_mode)) {
		replacement->fresh = xasprintf("%s.XXXXXX", path);
		replacement->fd = mkostemp(replacement->fresh, O_CLOEXEC);
	} else {
		replacement->fd = open(path, O_WRONLY | O_CLOEXEC);
	}
	if (replacement->fd >= 0)
		return 0;
	error = errno;
	free(replacement->fresh);
	free(replacement->path);
	return error;
}

int replace_end(struct replacement *replacement, bool keep)
{
	const char *fresh = replacement->fresh;
	int error = 0;

	if (keep && fresh && fsync(replacement->fd))
		error = errno;
	if (close(replacement->fd) && !error)
		error = errno;
	if (fresh && keep && !error && rename(fresh, replacement->path))
		error = errno;
	if (fresh && (!keep || error))
		unlink(fresh);
	free(replacement->fresh);
	free(replacement->path);
	return error;
}
