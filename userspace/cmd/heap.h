/* SPDX-License-Identifier: GPL-2.0 */
/* The heap that is worked on: its session, its control handle, its types. */
#ifndef REFHEAP_CMD_HEAP_H
#define REFHEAP_CMD_HEAP_H

#include <refheap.h>

#include "context.h"

/**
 * heap_choose() - take the heap from --heap
 * @word: NAME or OWNER/NAME; the owner is a user's name or number
 *
 * Return: a status.
 */
int heap_choose(struct context *context, const char *word);

/**
 * heap_choose_saved() - take the heap from --dump
 * @path: of the file; "-" for standard input
 *
 * Return: a status; a file that is no good is reported.
 */
int heap_choose_saved(struct context *context, const char *path);

/**
 * heap_split() - a heap's name and owner
 * @word: NAME or OWNER/NAME
 * @name: to be freed
 * @owner: REFHEAP_OWNER_SELF without OWNER
 *
 * Return: a status.
 */
int heap_split(struct context *context, const char *word, char **name, uint32_t *owner);

/**
 * heap_session() - the session of this run, opened at the first call
 *
 * Only the default heap is made when it does not exist. A heap that may only
 * be read is opened for reading.
 *
 * Return: a status.
 */
int heap_session(struct context *context, struct refheap **session);

/* The control handle of this run. Returns a status. */
int heap_control(struct context *context, struct refheap_ctl **control);

/* Both, and the heap's number. Returns a status. */
int heap_inspect(struct context *context, struct refheap_ctl **control, uint32_t *heap);

/*
 * The objects of the heap and their bytes, to ask for memory but once. False when
 * that is unknown, or so much that it had better come as it is needed.
 */
bool heap_extent(struct context *context, uint32_t *objects, uint64_t *bytes);

/* The name of a type, "?" when it is unknown. Valid until the next call. */
const char *heap_type_name(struct context *context, uint32_t type);

/* What an object is: the name of its type, or of its kind. */
const char *heap_kind_or_type(struct context *context, uint32_t kind, uint32_t type);

/* Ends the session and all that belongs to it. */
void heap_close(struct context *context);

#endif
