// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "heap.h"
#include "image.h"
#include "report.h"

#define WHY_BYTES 128

static int read_image(struct context *context, int fd, const char *path,
		      struct refheap_image **image)
{
	char why[WHY_BYTES] = "";
	int error = refheap_image_read(fd, image, why, sizeof(why));

	if (error == -EBADMSG || error == -EPROTONOSUPPORT)
		return report_refused(context, error, "cannot read '%s': %s", path, why);
	if (error)
		return report_refused(context, error, "cannot read '%s': %s", path,
				      strerror(-error));
	return STATUS_OK;
}

int image_open(struct context *context, const char *path, struct refheap_image **image)
{
	int fd, status;

	if (!strcmp(path, "-"))
		return read_image(context, STDIN_FILENO, path, image);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return report_refused(context, errno, "cannot open '%s': %s", path,
				      strerror(errno));
	status = read_image(context, fd, path, image);
	close(fd);
	return status;
}

int image_of_heap(struct context *context, struct refheap_image **image)
{
	struct refheap *session;
	int64_t objects;
	int fd, status;

	status = heap_session(context, &session);
	if (status)
		return status;
	fd = memfd_create("refheap", MFD_CLOEXEC);
	if (fd < 0)
		return report_error(context, -errno, "cannot look at the heap");
	objects = refheap_dump(session, fd);
	if (objects < 0)
		status = report_error(context, (int)objects, "cannot look at the heap");
	else if (lseek(fd, 0, SEEK_SET) < 0)
		status = report_error(context, -errno, "cannot look at the heap");
	else
		status = read_image(context, fd, "the heap", image);
	close(fd);
	return status;
}
