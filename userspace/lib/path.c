// SPDX-License-Identifier: LGPL-2.1-or-later
/* Paths: a.b[0]["key"], @1f.b, ["odd name"][-1]. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "path.h"
#include "text.h"

struct parser {
	const char *at;
	char *text;		/* where the next step's text goes */
	struct rh_path *path;
};

/* Everything but ASCII punctuation, space and control characters. */
static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '-' ||
	       (unsigned char)c >= 0x80;
}

static int parse_name(struct parser *parser, struct rh_step *step)
{
	if (!is_name_char(*parser->at))
		return -EINVAL;
	step->text = parser->text;
	while (is_name_char(*parser->at))
		*parser->text++ = *parser->at++;
	*parser->text++ = '\0';
	return 0;
}

static int parse_id(struct parser *parser, struct rh_step *step)
{
	const char *end = rh_scan_id(parser->at, &step->id);

	if (!end)
		return -EINVAL;
	parser->at = end;
	return 0;
}

static int parse_index(struct parser *parser, struct rh_step *step)
{
	const char *digits = parser->at + (*parser->at == '-');
	char *end;

	if (*digits < '0' || *digits > '9')
		return -EINVAL;
	errno = 0;
	step->index = strtoll(parser->at, &end, 10);
	if (errno)
		return -EINVAL;
	parser->at = end;
	return 0;
}

/* The character that an escape stands for, or NUL. */
static char unescape(char c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case '\\':
	case '"':
	case '\'':
		return c;
	default:
		return '\0';
	}
}

static int parse_quoted(struct parser *parser, struct rh_step *step)
{
	char quote = *parser->at++;

	step->text = parser->text;
	while (*parser->at != quote) {
		char c = *parser->at;

		if (c == '\\')
			c = unescape(*++parser->at);
		if (!c)
			return -EINVAL;
		*parser->text++ = c;
		parser->at++;
	}
	*parser->text++ = '\0';
	parser->at++;
	return 0;
}

static int parse_bracket(struct parser *parser, struct rh_step *step)
{
	int err;

	parser->at++;
	switch (*parser->at) {
	case '"':
	case '\'':
		step->kind = RH_STEP_TEXT;
		err = parse_quoted(parser, step);
		break;
	case '@':
		step->kind = RH_STEP_KEY;
		err = parse_id(parser, step);
		break;
	default:
		step->kind = RH_STEP_INDEX;
		err = parse_index(parser, step);
	}
	if (err)
		return err;
	if (*parser->at != ']')
		return -EINVAL;
	parser->at++;
	return 0;
}

static int parse_first(struct parser *parser, struct rh_step *step)
{
	switch (*parser->at) {
	case '@':
		step->kind = RH_STEP_ID;
		return parse_id(parser, step);
	case '[':
		return parse_bracket(parser, step);
	default:
		step->kind = RH_STEP_NAME;
		return parse_name(parser, step);
	}
}

static int parse_step(struct parser *parser, struct rh_step *step)
{
	switch (*parser->at) {
	case '.':
		parser->at++;
		step->kind = RH_STEP_ATTR;
		return parse_name(parser, step);
	case '[':
		return parse_bracket(parser, step);
	default:
		return -EINVAL;
	}
}

static int parse_steps(struct parser *parser)
{
	struct rh_path *path = parser->path;
	int err = parse_first(parser, &path->steps[path->count++]);

	while (!err && *parser->at)
		err = parse_step(parser, &path->steps[path->count++]);
	return err;
}

/*
 * No step is written with less than two characters, except the first, and
 * every text takes at most as many bytes as it is written with: what encloses
 * it makes room for the NUL.
 */
static int allocate(struct rh_path *path, size_t length)
{
	path->count = 0;
	path->steps = calloc(length / 2 + 1, sizeof(*path->steps));
	path->texts = malloc(length + 2);
	if (path->steps && path->texts)
		return 0;
	rh_path_free(path);
	return -ENOMEM;
}

int rh_path_parse(const char *text, struct rh_path *path, size_t *where)
{
	struct parser parser = { .at = text, .path = path };
	int err;

	*where = 0;
	err = allocate(path, strlen(text));
	if (err)
		return err;
	parser.text = path->texts;
	err = parse_steps(&parser);
	if (err) {
		*where = (size_t)(parser.at - text);
		rh_path_free(path);
	}
	return err;
}

void rh_path_free(struct rh_path *path)
{
	free(path->steps);
	free(path->texts);
}

int refheap_path_check(const char *path, size_t *where)
{
	struct rh_path parsed;
	size_t at;
	int err;

	err = rh_path_parse(path, &parsed, &at);
	if (!err)
		rh_path_free(&parsed);
	if (where)
		*where = at;
	return err;
}
