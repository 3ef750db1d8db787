/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A heap as one would write it without a thought for speed: objects with
 * pointers, counts by looking at every edge, garbage by plain search. It and
 * the engine execute the same operations, coded in bytes, and are compared.
 */
#ifndef TESTS_ENGINE_MODEL_H
#define TESTS_ENGINE_MODEL_H

#include <linux/types.h>

#define MODEL_OP_BYTES	6	/* of one operation */

struct twin;

struct twin *twin_new(void);
/*
 * Executes one operation on both.
 * Return: NULL, or what is not the same.
 */
const char *twin_step(struct twin *twin, const u8 *code);
/* Compares everything, also by rh_verify(). */
const char *twin_compare(struct twin *twin);
/* Takes both apart. */
const char *twin_free(struct twin *twin);

#endif
