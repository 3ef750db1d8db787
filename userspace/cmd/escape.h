/* SPDX-License-Identifier: GPL-2.0 */
/* Quoted text, read and written as Python does. */
#ifndef REFHEAP_CMD_ESCAPE_H
#define REFHEAP_CMD_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "util.h"

/* Bytes of the quoted text at @text, both quotes included; 0: it does not end. */
size_t escape_skip(const char *text);

/**
 * escape_read() - what a quoted text means
 * @quoted: begins with the quote
 * @bytes: \xNN is a byte, not a character
 * @text: the meaning is added to it
 *
 * Return: after the closing quote, or NULL when there is none, when an escape
 * is unknown, or when bytes are not ASCII.
 */
const char *escape_read(const char *quoted, bool bytes, struct text *text);

/* Python's repr() of a str, or of bytes without their b. */
void escape_write(FILE *file, const char *data, size_t length, bool bytes);

/* Python's repr() of a float, into at least 32 bytes. */
void escape_float(double value, char *text, size_t size);

#endif
