// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <refheap.h>

#include "escape.h"
#include "literal.h"
#include "report.h"
#include "util.h"

/* Python's own parser stops at the same depth. */
#define DEPTH_MAX 200

/* Items of a list that a range makes; a tuple has less. */
#define RANGE_MAX	1000000
#define RANGE_MAX_TEXT	"1000000"

struct parser {
	struct context *context;
	const char *text;
	const char *at;
	unsigned int depth;
};

static struct literal *parse_value(struct parser *parser);

struct literal *literal_new(enum literal_type type)
{
	struct literal *literal = xcalloc(1, sizeof(*literal));

	literal->type = type;
	return literal;
}

void literal_add(struct literal *literal, struct literal *item)
{
	/* Grow by doubling: the count is a power of two when there is no room. */
	if (!(literal->count & (literal->count - 1)))
		literal->items = xrealloc(literal->items, literal->count ? 2 * literal->count : 1,
					  sizeof(*literal->items));
	literal->items[literal->count++] = item;
}

void literal_free(struct literal *literal)
{
	if (!literal)
		return;
	for (size_t i = 0; i < literal->count; i++)
		literal_free(literal->items[i]);
	free(literal->items);
	free(literal->data);
	free(literal);
}

static void skip_blanks(struct parser *parser)
{
	while (isspace((unsigned char)*parser->at))
		parser->at++;
}

static struct literal *wrong(struct parser *parser, const char *expected)
{
	if (*parser->at)
		report_usage(parser->context, "'%s' is not a value: %s expected at '%s'",
			     parser->text, expected, parser->at);
	else
		report_usage(parser->context, "'%s' is not a value: %s expected at its end",
			     parser->text, expected);
	return NULL;
}

static bool accept(struct parser *parser, char c)
{
	skip_blanks(parser);
	if (*parser->at != c)
		return false;
	parser->at++;
	return true;
}

/* The quoted text at the place, with the quotes; NULL after a report. */
static struct literal *parse_quoted(struct parser *parser, enum literal_type type)
{
	struct text text = { 0 };
	const char *end = escape_read(parser->at, type == LITERAL_BYTES, &text);
	struct literal *literal;

	if (!end) {
		text_free(&text);
		report_usage(parser->context, "'%s' is not a value: the quoted text does not end, "
			     "or has an unknown escape", parser->text);
		return NULL;
	}
	parser->at = end;
	literal = literal_new(type);
	literal->data = text.data;
	literal->length = text.length;
	return literal;
}

static struct literal *parse_number_literal(struct parser *parser)
{
	size_t length = strspn(parser->at, "+-0123456789.xXabcdefABCDEF");
	cleanup_free char *word = xstrndup(parser->at, length);
	bool hexadecimal = strpbrk(word, "xX");
	struct literal *literal;
	char *end;

	literal = literal_new(LITERAL_INT);
	errno = 0;
	literal->integer = strtoll(word, &end, hexadecimal ? 16 : 10);
	if (!*end && errno == ERANGE) {
		report_usage(parser->context, "%s is too large: an int has 64 bits", word);
		literal_free(literal);
		return NULL;
	}
	if (*end && !hexadecimal) {
		literal->type = LITERAL_FLOAT;
		literal->real = strtod(word, &end);
	}
	if (*end || end == word) {
		literal_free(literal);
		report_usage(parser->context, "'%s' is not a number", word);
		return NULL;
	}
	parser->at += length;
	return literal;
}

/* Items up to the closing bracket; *@commas says how many commas there were. */
static bool parse_items(struct parser *parser, struct literal *literal, char close, size_t *commas)
{
	*commas = 0;
	while (!accept(parser, close)) {
		struct literal *item = parse_value(parser);

		if (!item)
			return false;
		literal_add(literal, item);
		if (accept(parser, ',')) {
			++*commas;
		} else {
			if (accept(parser, close))
				break;
			return wrong(parser, "',' or a closing bracket");
		}
	}
	return true;
}

static struct literal *parse_list(struct parser *parser)
{
	struct literal *literal = literal_new(LITERAL_LIST);
	size_t commas;

	if (parse_items(parser, literal, ']', &commas))
		return literal;
	literal_free(literal);
	return NULL;
}

/* Brackets around one value without a comma only group, as in Python. */
static struct literal *parse_tuple(struct parser *parser)
{
	struct literal *literal = literal_new(LITERAL_TUPLE);
	struct literal *only;
	size_t commas;

	if (!parse_items(parser, literal, ')', &commas)) {
		literal_free(literal);
		return NULL;
	}
	if (literal->count != 1 || commas)
		return literal;
	only = literal->items[0];
	literal->count = 0;
	literal_free(literal);
	return only;
}

/* {} is a dict; with the first member it turns out whether it is a set. */
static bool parse_braces_into(struct parser *parser, struct literal *literal)
{
	while (!accept(parser, '}')) {
		struct literal *item = parse_value(parser);

		if (!item)
			return false;
		literal_add(literal, item);
		if (literal->count == 1) {
			skip_blanks(parser);
			if (*parser->at != ':')
				literal->type = LITERAL_SET;
		}
		if (literal->type == LITERAL_DICT) {
			if (!accept(parser, ':'))
				return wrong(parser, "':'");
			item = parse_value(parser);
			if (!item)
				return false;
			literal_add(literal, item);
		}
		if (!accept(parser, ',')) {
			if (accept(parser, '}'))
				break;
			return wrong(parser, "',' or '}'");
		}
	}
	return true;
}

static struct literal *parse_braces(struct parser *parser)
{
	struct literal *literal = literal_new(LITERAL_DICT);

	if (parse_braces_into(parser, literal))
		return literal;
	literal_free(literal);
	return NULL;
}

/* NAME=VALUE, ... up to the closing bracket. */
static bool parse_attributes(struct parser *parser, struct literal *literal)
{
	while (!accept(parser, ')')) {
		struct literal *name = literal_new(LITERAL_STR);
		const char *start = parser->at;
		struct literal *value;
		size_t length = 0;

		while (isalnum((unsigned char)parser->at[length]) || parser->at[length] == '_' ||
		       parser->at[length] & 0x80)
			length++;
		name->data = xstrndup(parser->at, length);
		name->length = length;
		parser->at += length;
		literal_add(literal, name);
		if (!length || !accept(parser, '=')) {
			parser->at = start;
			return wrong(parser, "NAME=VALUE");
		}
		value = parse_value(parser);
		if (!value)
			return false;
		literal_add(literal, value);
		if (!accept(parser, ',')) {
			if (accept(parser, ')'))
				break;
			return wrong(parser, "',' or ')'");
		}
	}
	return true;
}

/* bytearray(), bytearray(100), bytearray(b"abc") */
static bool parse_bytearray(struct parser *parser, struct literal *literal)
{
	struct literal *argument;

	literal->type = LITERAL_BYTEARRAY;
	if (accept(parser, ')'))
		return true;
	argument = parse_value(parser);
	if (!argument)
		return false;
	if (argument->type == LITERAL_BYTES) {
		free(literal->data);
		literal->data = argument->data;
		literal->length = argument->length;
		argument->data = NULL;
	} else if (argument->type == LITERAL_INT && argument->integer >= 0) {
		literal->integer = argument->integer;
	} else {
		literal_free(argument);
		return wrong(parser, "a length or b\"bytes\" before that");
	}
	literal_free(argument);
	return accept(parser, ')') || wrong(parser, "')'");
}

/* Numbers from 0 on, up to a closing bracket. */
static bool parse_range(struct parser *parser, struct literal *literal)
{
	const char *start = parser->at;
	struct literal *count = parse_value(parser);
	int64_t n;

	if (!count)
		return false;
	n = count->type == LITERAL_INT ? count->integer : -1;
	literal_free(count);
	if (n < 0 || n > RANGE_MAX) {
		parser->at = start;
		return wrong(parser, "a number up to " RANGE_MAX_TEXT);
	}
	for (int64_t i = 0; i < n; i++) {
		struct literal *item = literal_new(LITERAL_INT);

		item->integer = i;
		literal_add(literal, item);
	}
	return accept(parser, ')') || wrong(parser, "')'");
}

/* list(), list(range(N)); likewise tuples and sets */
static bool parse_of_range(struct parser *parser, struct literal *literal, enum literal_type type)
{
	literal->type = type;
	skip_blanks(parser);
	if (!strncmp(parser->at, "range(", strlen("range("))) {
		parser->at += strlen("range(");
		if (!parse_range(parser, literal))
			return false;
	}
	return accept(parser, ')') || wrong(parser, "range(N) or ')'");
}

static bool parse_list_call(struct parser *parser, struct literal *literal)
{
	return parse_of_range(parser, literal, LITERAL_LIST);
}

static bool parse_tuple_call(struct parser *parser, struct literal *literal)
{
	return parse_of_range(parser, literal, LITERAL_TUPLE);
}

static bool parse_set(struct parser *parser, struct literal *literal)
{
	return parse_of_range(parser, literal, LITERAL_SET);
}

/* NAME() or NAME({...}); braces without anything in them are a set, too. */
static bool parse_weak(struct parser *parser, struct literal *literal, enum literal_type type,
		       enum literal_type braces)
{
	struct literal *argument;
	const char *start;

	literal->type = type;
	if (accept(parser, ')'))
		return true;
	if (!accept(parser, '{'))
		return wrong(parser, "'{'");
	start = parser->at - 1;
	argument = parse_braces(parser);
	if (!argument)
		return false;
	if (argument->type != braces && argument->count) {
		literal_free(argument);
		parser->at = start;
		return wrong(parser, braces == LITERAL_SET ? "a set" : "a dict");
	}
	literal->items = argument->items;
	literal->count = argument->count;
	argument->items = NULL;
	argument->count = 0;
	literal_free(argument);
	return accept(parser, ')') || wrong(parser, "')'");
}

static bool parse_weak_value_dict(struct parser *parser, struct literal *literal)
{
	return parse_weak(parser, literal, LITERAL_WEAK_VALUE_DICT, LITERAL_DICT);
}

static bool parse_weak_key_dict(struct parser *parser, struct literal *literal)
{
	return parse_weak(parser, literal, LITERAL_WEAK_KEY_DICT, LITERAL_DICT);
}

static bool parse_weak_set(struct parser *parser, struct literal *literal)
{
	return parse_weak(parser, literal, LITERAL_WEAK_SET, LITERAL_SET);
}

/* Only what something else keeps can be referred to weakly, so it is a path. */
static bool parse_reference(struct parser *parser, struct literal *literal, enum literal_type type)
{
	const char *start = parser->at;
	struct literal *path = parse_value(parser);

	literal->type = type;
	if (!path)
		return false;
	literal_add(literal, path);
	if (path->type != LITERAL_PATH) {
		parser->at = start;
		return wrong(parser, "a path");
	}
	return accept(parser, ')') || wrong(parser, "')'");
}

static bool parse_weakref(struct parser *parser, struct literal *literal)
{
	return parse_reference(parser, literal, LITERAL_WEAKREF);
}

static bool parse_deref(struct parser *parser, struct literal *literal)
{
	return parse_reference(parser, literal, LITERAL_DEREF);
}

static const struct {
	const char *name;
	bool (*parse)(struct parser *parser, struct literal *literal);
} calls[] = {
	{ "bytearray", parse_bytearray },
	{ "list", parse_list_call },
	{ "tuple", parse_tuple_call },
	{ "set", parse_set },
	{ "weakvaluedict", parse_weak_value_dict },
	{ "weakkeydict", parse_weak_key_dict },
	{ "weakset", parse_weak_set },
	{ "weakref", parse_weakref },
	{ "deref", parse_deref },
};

/* After NAME and the opening bracket: one of those, or an instance. */
static struct literal *parse_call(struct parser *parser, char *name)
{
	struct literal *literal = literal_new(LITERAL_INSTANCE);
	bool (*parse)(struct parser *parser, struct literal *literal) = parse_attributes;

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		if (!strcmp(name, calls[i].name))
			parse = calls[i].parse;
	}
	if (parse == parse_attributes) {
		literal->data = name;
		literal->length = strlen(name);
	} else {
		free(name);
	}
	if (parse(parser, literal))
		return literal;
	literal_free(literal);
	return NULL;
}

/* The length of a path: up to what ends a value outside its brackets. */
static size_t path_length(const char *text)
{
	unsigned int depth = 0;
	size_t i;

	for (i = 0; text[i]; i++) {
		if (text[i] == '"' || text[i] == '\'') {
			size_t quoted = escape_skip(text + i);

			if (!quoted)
				break;
			i += quoted - 1;
		} else if (text[i] == '[') {
			depth++;
		} else if (depth && text[i] == ']') {
			depth--;
		} else if (!depth && (isspace((unsigned char)text[i]) ||
				      strchr(",:=()[]{}", text[i]))) {
			break;
		}
	}
	return i;
}

static struct literal *parse_word(struct parser *parser)
{
	size_t length = path_length(parser->at);
	char *word = xstrndup(parser->at, length);
	struct literal *literal;

	if (!length || refheap_path_check(word, NULL)) {
		free(word);
		return wrong(parser, "a value or path");
	}
	parser->at += length;
	if (*parser->at == '(') {
		parser->at++;
		return parse_call(parser, word);
	}
	literal = literal_new(LITERAL_PATH);
	literal->data = word;
	literal->length = length;
	if (!strcmp(word, "None")) {
		literal->type = LITERAL_NONE;
	} else if (!strcmp(word, "True") || !strcmp(word, "False")) {
		literal->type = LITERAL_BOOL;
		literal->integer = word[0] == 'T';
	}
	return literal;
}

static bool number_begins(const char *at)
{
	if (*at == '-' || *at == '+')
		at++;
	if (*at == '.')
		at++;
	return isdigit((unsigned char)*at);
}

static struct literal *parse_inner(struct parser *parser)
{
	skip_blanks(parser);
	if (accept(parser, '['))
		return parse_list(parser);
	if (accept(parser, '('))
		return parse_tuple(parser);
	if (accept(parser, '{'))
		return parse_braces(parser);
	if (*parser->at == '"' || *parser->at == '\'')
		return parse_quoted(parser, LITERAL_STR);
	if (*parser->at == 'b' && (parser->at[1] == '"' || parser->at[1] == '\'')) {
		parser->at++;
		return parse_quoted(parser, LITERAL_BYTES);
	}
	if (number_begins(parser->at))
		return parse_number_literal(parser);
	return parse_word(parser);
}

/* "text" * N */
static struct literal *parse_times(struct parser *parser, struct literal *literal)
{
	bool data = literal->type == LITERAL_STR || literal->type == LITERAL_BYTES;
	struct text text = { 0 };
	struct literal *times;
	const char *start;
	int64_t n;

	if (!data || !accept(parser, '*'))
		return literal;
	start = parser->at;
	times = parse_value(parser);
	if (!times) {
		literal_free(literal);
		return NULL;
	}
	n = times->type == LITERAL_INT ? times->integer : -1;
	literal_free(times);
	if (n < 0 || (literal->length && (uint64_t)n > REFHEAP_MAX_DATA / literal->length)) {
		literal_free(literal);
		parser->at = start;
		return wrong(parser, "a number that is not too large");
	}
	text_add(&text, "", 0);
	for (int64_t i = 0; i < n; i++)
		text_add(&text, literal->data, literal->length);
	free(literal->data);
	literal->data = text.data;
	literal->length = text.length;
	return literal;
}

static struct literal *parse_value(struct parser *parser)
{
	struct literal *literal;

	if (++parser->depth > DEPTH_MAX) {
		report_usage(parser->context, "the value is nested deeper than %d", DEPTH_MAX);
		return NULL;
	}
	literal = parse_inner(parser);
	parser->depth--;
	return literal ? parse_times(parser, literal) : NULL;
}

struct literal *literal_parse(struct context *context, const char *text)
{
	struct parser parser = { context, text, text, 0 };
	struct literal *literal = parse_value(&parser);

	skip_blanks(&parser);
	if (!literal || !*parser.at)
		return literal;
	literal_free(literal);
	return wrong(&parser, "nothing more");
}
