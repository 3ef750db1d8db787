/* SPDX-License-Identifier: GPL-2.0 */
/* Memory that cannot run out quietly, and growing text. */
#ifndef REFHEAP_CMD_UTIL_H
#define REFHEAP_CMD_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Frees the variable's memory when the variable goes out of scope. */
#define cleanup_free __attribute__((cleanup(free_pointer)))
void free_pointer(void *pointer);

/* The allocators end the program when there is no memory, by this. */
_Noreturn void out_of_memory(void);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *pointer, size_t count, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t length);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Text that grows; always NUL-terminated once something was added. */
struct text {
	char *data;
	size_t length;
	size_t room;
};

#define cleanup_text __attribute__((cleanup(text_free)))
void text_add(struct text *text, const void *data, size_t length);
void text_add_char(struct text *text, char c);
void text_add_string(struct text *text, const char *string);
void text_free(struct text *text);

/* The word for so many of something. */
static inline const char *plural(uint64_t count, const char *one, const char *many)
{
	return count == 1 ? one : many;
}

/**
 * parse_number() - an unsigned number with an optional suffix K, M, G or T
 * @word: decimal digits, then at most one suffix (powers of 1024)
 * @value: the result
 *
 * Return: whether all of @word was such a number and fits.
 */
bool parse_number(const char *word, uint64_t *value);

/* Names are anybody's text: what would move the cursor of a terminal becomes "?". */
void make_printable(char *text);

/* Writes such a name; such lines. */
void put_printable(FILE *file, const char *text);
void put_printable_lines(FILE *file, const char *text);

#endif
