// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <refheap.h>

#include "cmd.h"
#include "report.h"
#include "store.h"
#include "util.h"

/* What follows the kind of an object to be made. */
struct making {
	struct context *context;
	const char *kind;
	int count;
	const char **words;
};

/* One VALUE that has to be of that type; @fallback when there is none. */
static struct literal *make_typed(const struct making *making, enum literal_type type,
				  const char *fallback)
{
	const char *word = making->count ? making->words[0] : fallback;
	struct literal *literal = NULL;

	if (making->count > 1)
		report_usage(making->context, "'new NAME %s' takes one value", making->kind);
	else
		literal = literal_parse(making->context, word);
	if (!literal || literal->type == type)
		return literal;
	if (type == LITERAL_FLOAT && literal->type == LITERAL_INT) {
		literal->type = LITERAL_FLOAT;
		literal->real = (double)literal->integer;
		return literal;
	}
	report_usage(making->context, "'%s' is not a value of kind %s", word, making->kind);
	literal_free(literal);
	return NULL;
}

static struct literal *make_int(const struct making *making)
{
	return make_typed(making, LITERAL_INT, "0");
}

static struct literal *make_float(const struct making *making)
{
	return make_typed(making, LITERAL_FLOAT, "0.0");
}

/* Quotes may be left out: the shell that runs the command eats them anyway. */
static struct literal *make_data(const struct making *making, enum literal_type type)
{
	const char *word = making->count ? making->words[0] : "";
	const char *quote = type == LITERAL_BYTES && *word == 'b' ? word + 1 : word;
	bool quoted = *quote == '"' || *quote == '\'';
	struct literal *literal;

	if (quoted || making->count > 1)
		return make_typed(making, type, "");
	literal = literal_new(type);
	literal->data = xstrdup(word);
	literal->length = strlen(word);
	return literal;
}

static struct literal *make_str(const struct making *making)
{
	return make_data(making, LITERAL_STR);
}

static struct literal *make_bytes(const struct making *making)
{
	return make_data(making, LITERAL_BYTES);
}

static struct literal *make_bytearray(const struct making *making)
{
	cleanup_free char *call = NULL;

	if (making->count > 1) {
		report_usage(making->context, "'new NAME bytearray' takes a length or b\"bytes\"");
		return NULL;
	}
	call = xasprintf("bytearray(%s)", making->count ? making->words[0] : "");
	return literal_parse(making->context, call);
}

static struct literal *make_items(const struct making *making, enum literal_type type)
{
	struct literal *literal = literal_new(type);

	for (int i = 0; i < making->count; i++) {
		struct literal *item = literal_parse(making->context, making->words[i]);

		if (!item) {
			literal_free(literal);
			return NULL;
		}
		literal_add(literal, item);
	}
	return literal;
}

static struct literal *make_tuple(const struct making *making)
{
	return make_items(making, LITERAL_TUPLE);
}

static struct literal *make_list(const struct making *making)
{
	return make_items(making, LITERAL_LIST);
}

static struct literal *make_set(const struct making *making)
{
	return make_items(making, LITERAL_SET);
}

static struct literal *make_weak_set(const struct making *making)
{
	return make_items(making, LITERAL_WEAK_SET);
}

/* NAME=VALUE ...; of a dict the keys, of an instance the attributes. */
static struct literal *make_pairs(const struct making *making, enum literal_type type)
{
	struct literal *literal = literal_new(type);

	for (int i = 0; i < making->count; i++) {
		const char *word = making->words[i];
		const char *equals = strchr(word, '=');
		struct literal *name, *value;

		if (!equals || equals == word) {
			report_usage(making->context, "'%s' is not NAME=VALUE", word);
			goto err_free;
		}
		value = literal_parse(making->context, equals + 1);
		if (!value)
			goto err_free;
		name = literal_new(LITERAL_STR);
		name->length = (size_t)(equals - word);
		name->data = xstrndup(word, name->length);
		literal_add(literal, name);
		literal_add(literal, value);
	}
	return literal;

err_free:
	literal_free(literal);
	return NULL;
}

static struct literal *make_dict(const struct making *making)
{
	return make_pairs(making, LITERAL_DICT);
}

static struct literal *make_weak_value_dict(const struct making *making)
{
	return make_pairs(making, LITERAL_WEAK_VALUE_DICT);
}

/* Its keys are objects, which KEY=VALUE cannot say. */
static struct literal *make_weak_key_dict(const struct making *making)
{
	if (!making->count)
		return literal_new(LITERAL_WEAK_KEY_DICT);
	report_usage(making->context, "'new PATH weakkeydict' takes no values; "
		     "'set PATH weakkeydict({KEY: VALUE})' does");
	return NULL;
}

static struct literal *make_weakref(const struct making *making)
{
	cleanup_free char *call = NULL;

	if (making->count != 1) {
		report_usage(making->context, "'new PATH weakref' takes the path of an object");
		return NULL;
	}
	call = xasprintf("weakref(%s)", making->words[0]);
	return literal_parse(making->context, call);
}

static struct literal *make_instance(const struct making *making)
{
	struct literal *literal = make_pairs(making, LITERAL_INSTANCE);

	if (literal) {
		literal->data = xstrdup(making->kind);
		literal->length = strlen(making->kind);
	}
	return literal;
}

static const struct {
	const char *kind;
	struct literal *(*make)(const struct making *making);
} makers[] = {
	{ "int", make_int },	   { "float", make_float }, { "str", make_str },
	{ "bytes", make_bytes },   { "bytearray", make_bytearray },
	{ "tuple", make_tuple },   { "list", make_list },   { "dict", make_dict },
	{ "set", make_set },	   { "weakref", make_weakref },
	{ "weakvaluedict", make_weak_value_dict },
	{ "weakkeydict", make_weak_key_dict },
	{ "weakset", make_weak_set },
};

static int run_new(struct context *context, struct arguments *arguments)
{
	struct making making = {
		context, arguments->words[1], arguments->count - 2, arguments->words + 2,
	};
	struct literal *(*make)(const struct making *making) = make_instance;
	cleanup_literal struct literal *literal = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(makers); i++) {
		if (!strcmp(making.kind, makers[i].kind))
			make = makers[i].make;
	}
	if (make == make_instance && !variables_valid_name(making.kind))
		return report_usage(context, "'%s' is neither a kind nor the name of a type",
				    making.kind);
	literal = make(&making);
	return literal ? store_at(context, arguments->words[0], literal) : STATUS_USAGE;
}

const struct command new_command = {
	.name = "new",
	.synopsis = "PATH KIND [VALUE]...",
	.summary = "Make an object and put it at a path",
	.details =
		"KIND is one of\n"
		"  int [NUMBER]     float [NUMBER]     str [TEXT]     bytes [TEXT]\n"
		"  bytearray [LENGTH|b\"BYTES\"]         tuple, list, set [VALUE]...\n"
		"  dict, weakvaluedict [KEY=VALUE]...  weakkeydict, weakset [VALUE]...\n"
		"  weakref PATH                        or a type: TYPE [ATTRIBUTE=VALUE]...",
	.minimum = 2,
	.maximum = -1,
	.run = run_new,
};
