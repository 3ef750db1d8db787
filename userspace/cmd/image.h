/* SPDX-License-Identifier: GPL-2.0 */
/* Saved heaps that commands look at. */
#ifndef REFHEAP_CMD_IMAGE_H
#define REFHEAP_CMD_IMAGE_H

#include <refheap.h>

#include "context.h"

/**
 * image_open() - read a saved heap
 * @path: of the file; "-" for standard input
 * @image: out: to be closed with refheap_image_close()
 *
 * Return: a status; a file that is no good is reported.
 */
int image_open(struct context *context, const char *path, struct refheap_image **image);

/* The heap that is worked on, as it is now, as if it had been saved. */
int image_of_heap(struct context *context, struct refheap_image **image);

#endif
