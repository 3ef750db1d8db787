// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

void out_of_memory(void)
{
	fputs("refheap: out of memory\n", stderr);
	exit(1);
}

void free_pointer(void *pointer)
{
	free(*(void **)pointer);
}

void *xcalloc(size_t count, size_t size)
{
	void *pointer = calloc(count, size);

	if (!pointer && count && size)
		out_of_memory();
	return pointer;
}

void *xrealloc(void *pointer, size_t count, size_t size)
{
	pointer = reallocarray(pointer, count, size);
	if (!pointer)
		out_of_memory();
	return pointer;
}

char *xstrndup(const char *text, size_t length)
{
	char *copy = strndup(text, length);

	if (!copy)
		out_of_memory();
	return copy;
}

char *xstrdup(const char *text)
{
	return xstrndup(text, strlen(text));
}

char *xasprintf(const char *format, ...)
{
	va_list values;
	char *text;

	va_start(values, format);
	if (vasprintf(&text, format, values) < 0)
		out_of_memory();
	va_end(values);
	return text;
}

void text_add(struct text *text, const void *data, size_t length)
{
	if (text->length + length + 1 > text->room) {
		text->room = 2 * (text->length + length + 1);
		text->data = xrealloc(text->data, text->room, 1);
	}
	if (length)
		memcpy(text->data + text->length, data, length);
	text->length += length;
	text->data[text->length] = '\0';
}

void text_add_char(struct text *text, char c)
{
	text_add(text, &c, 1);
}

void text_add_string(struct text *text, const char *string)
{
	text_add(text, string, strlen(string));
}

void text_free(struct text *text)
{
	free(text->data);
	*text = (struct text){ 0 };
}

bool parse_number(const char *word, uint64_t *value)
{
	static const char suffixes[] = "KMGT";
	const char *suffix;
	unsigned int shift;
	char *end;

	if (!isdigit((unsigned char)word[0]))
		return false;
	errno = 0;
	*value = strtoull(word, &end, 10);
	if (errno)
		return false;
	if (!*end)
		return true;
	suffix = strchr(suffixes, toupper((unsigned char)*end));
	if (!suffix || end[1])
		return false;
	shift = 10 * (unsigned int)(suffix - suffixes + 1);
	if (*value > UINT64_MAX >> shift)
		return false;
	*value <<= shift;
	return true;
}

/* All but the characters of @kept. */
static void replace_controls(char *text, const char *kept)
{
	for (; *text; text++) {
		unsigned char next = (unsigned char)text[1];

		if (((unsigned char)*text < ' ' || *text == 0x7f) && !strchr(kept, *text))
			*text = '?';
		else if ((unsigned char)*text == 0xc2 && next >= 0x80 && next < 0xa0)
			*text = text[1] = '?';
	}
}

void make_printable(char *text)
{
	replace_controls(text, "");
}

void put_printable(FILE *file, const char *text)
{
	cleanup_free char *copy = xstrdup(text);

	replace_controls(copy, "");
	fputs(copy, file);
}

void put_printable_lines(FILE *file, const char *text)
{
	cleanup_free char *copy = xstrdup(text);

	replace_controls(copy, "\n\t");
	fputs(copy, file);
}
