/* SPDX-License-Identifier: GPL-2.0 */
/* Whether and with what to colour the output. */
#ifndef REFHEAP_CMD_COLOR_H
#define REFHEAP_CMD_COLOR_H

#include <stdbool.h>
#include <stdio.h>

enum color_mode {
	COLOR_AUTO,	/* on a terminal, unless NO_COLOR is set */
	COLOR_ALWAYS,
	COLOR_NEVER,
};

enum color {
	COLOR_HEADING,
	COLOR_NAME,
	COLOR_ID,
	COLOR_ERROR,
	COLOR_RESET,
};

bool color_mode_parse(const char *word, enum color_mode *mode);
bool color_enabled(enum color_mode mode, FILE *file);

/* The escape sequence, or nothing when colours are off. */
const char *color_code(enum color_mode mode, FILE *file, enum color color);

/* The sequence whatever the mode, for those who ask color_enabled() first. */
const char *color_sequence(enum color color);

#endif
