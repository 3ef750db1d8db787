// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"

static const char letters[] = "nrt0abfv\\'\"";
static const char meanings[] = "\n\r\t\0\a\b\f\v\\'\"";

size_t escape_skip(const char *text)
{
	size_t i;

	for (i = 1; text[i]; i++) {
		if (text[i] == text[0])
			return i + 1;
		if (text[i] == '\\' && text[i + 1])
			i++;
	}
	return 0;
}

static void add_utf8(struct text *text, uint32_t code)
{
	if (code < 0x80) {
		text_add_char(text, (char)code);
	} else if (code < 0x800) {
		text_add_char(text, (char)(0xc0 | code >> 6));
		text_add_char(text, (char)(0x80 | (code & 0x3f)));
	} else if (code < 0x10000) {
		text_add_char(text, (char)(0xe0 | code >> 12));
		text_add_char(text, (char)(0x80 | (code >> 6 & 0x3f)));
		text_add_char(text, (char)(0x80 | (code & 0x3f)));
	} else {
		text_add_char(text, (char)(0xf0 | code >> 18));
		text_add_char(text, (char)(0x80 | (code >> 12 & 0x3f)));
		text_add_char(text, (char)(0x80 | (code >> 6 & 0x3f)));
		text_add_char(text, (char)(0x80 | (code & 0x3f)));
	}
}

/* \xNN, \uNNNN, \UNNNNNNNN; @at is at the letter. */
static const char *read_code(const char *at, bool bytes, struct text *text)
{
	size_t digits = *at == 'x' ? 2 : *at == 'u' ? 4 : 8;
	uint32_t code = 0;

	for (size_t i = 1; i <= digits; i++) {
		char digit[2] = { at[i], '\0' };

		if (!isxdigit((unsigned char)at[i]))
			return NULL;
		code = code << 4 | (uint32_t)strtoul(digit, NULL, 16);
	}
	if (bytes && digits > 2)
		return NULL;
	if (bytes)
		text_add_char(text, (char)code);
	else if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return NULL;
	else
		add_utf8(text, code);
	return at + digits + 1;
}

static const char *read_escape(const char *at, bool bytes, struct text *text)
{
	const char *letter;

	if (*at && strchr("xuU", *at))
		return read_code(at, bytes, text);
	letter = *at ? strchr(letters, *at) : NULL;
	if (!letter)
		return NULL;
	text_add_char(text, meanings[letter - letters]);
	return at + 1;
}

const char *escape_read(const char *quoted, bool bytes, struct text *text)
{
	const char *at = quoted + 1;

	text_add(text, "", 0);
	while (*at != *quoted) {
		if (!*at || (bytes && *at & 0x80))
			return NULL;
		if (*at != '\\') {
			text_add_char(text, *at++);
			continue;
		}
		at = read_escape(at + 1, bytes, text);
		if (!at)
			return NULL;
	}
	return at + 1;
}

/* Python prefers single quotes unless only double ones need no escape. */
static char choose_quote(const char *data, size_t length)
{
	return memchr(data, '\'', length) && !memchr(data, '"', length) ? '"' : '\'';
}

/* U+0080 to U+009F, of which U+009B begins what terminals obey. */
static bool is_control(const char *data, size_t length)
{
	return length > 1 && (unsigned char)data[0] == 0xc2 && (unsigned char)data[1] < 0xa0;
}

void escape_write(FILE *file, const char *data, size_t length, bool bytes)
{
	char quote = length ? choose_quote(data, length) : '\'';

	putc(quote, file);
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)data[i];

		if (c == quote || c == '\\')
			fprintf(file, "\\%c", c);
		else if (c == '\n')
			fputs("\\n", file);
		else if (c == '\r')
			fputs("\\r", file);
		else if (c == '\t')
			fputs("\\t", file);
		else if (c < 0x20 || c == 0x7f || (bytes && c >= 0x80))
			fprintf(file, "\\x%02x", c);
		else if (is_control(data + i, length - i))
			fprintf(file, "\\x%02x", (unsigned char)data[++i]);
		else
			putc(c, file);
	}
	putc(quote, file);
}

/* The fewest digits that give the same value back. */
static int shortest(double value)
{
	char text[32];

	for (int precision = 1; precision < 17; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision - 1, value);
		if (strtod(text, NULL) == value)
			return precision;
	}
	return 17;
}

void escape_float(double value, char *text, size_t size)
{
	char scientific[32];
	int precision, exponent, decimals;

	if (isnan(value) || isinf(value)) {
		snprintf(text, size, "%s", isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
		return;
	}
	precision = shortest(value);
	snprintf(scientific, sizeof(scientific), "%.*e", precision - 1, value);
	exponent = atoi(strchr(scientific, 'e') + 1);
	decimals = precision - 1 - exponent;
	if (exponent < -4 || exponent >= 16)
		snprintf(text, size, "%s", scientific);
	else
		snprintf(text, size, "%.*f", decimals > 1 ? decimals : 1, value);
}
