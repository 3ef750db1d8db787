// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "color.h"
#include "util.h"

static const char *const sequences[] = {
	[COLOR_HEADING] = "\033[1m",
	[COLOR_NAME] = "\033[36m",
	[COLOR_ID] = "\033[33m",
	[COLOR_ERROR] = "\033[31m",
	[COLOR_RESET] = "\033[0m",
};

bool color_mode_parse(const char *word, enum color_mode *mode)
{
	static const char *const words[] = {
		[COLOR_AUTO] = "auto",
		[COLOR_ALWAYS] = "always",
		[COLOR_NEVER] = "never",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!strcmp(word, words[i])) {
			*mode = (enum color_mode)i;
			return true;
		}
	}
	return false;
}

bool color_enabled(enum color_mode mode, FILE *file)
{
	const char *refused = getenv("NO_COLOR");

	if (mode != COLOR_AUTO)
		return mode == COLOR_ALWAYS;
	return !(refused && *refused) && isatty(fileno(file));
}

const char *color_sequence(enum color color)
{
	return sequences[color];
}

const char *color_code(enum color_mode mode, FILE *file, enum color color)
{
	return color_enabled(mode, file) ? sequences[color] : "";
}
