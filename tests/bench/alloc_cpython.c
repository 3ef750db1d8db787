// SPDX-License-Identifier: GPL-2.0
/*
 * CPython's allocator of objects, called as the interpreter does it, without
 * an object around the block: a library for a python3 to load, which has
 * PyObject_Malloc() in it. alloc_main("pair"|"churn") as in alloc.h.
 */
#include <stddef.h>
#include <stdint.h>

/* As in CPython's headers, which need not be installed. */
void *PyObject_Malloc(size_t bytes);
void PyObject_Free(void *memory);

typedef void *block_t;

static inline block_t block_new(size_t bytes)
{
	return PyObject_Malloc(bytes);
}

static inline uint32_t *block_word(block_t block)
{
	return block;
}

static inline void block_drop(block_t block, size_t bytes)
{
	(void)bytes;
	PyObject_Free(block);
}

#include "alloc.h"
