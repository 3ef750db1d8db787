// SPDX-License-Identifier: LGPL-2.1-or-later
/* Ids and kinds as text. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

static const char *const kinds[] = {
	[REFHEAP_KIND_NONE] = "none",
	[REFHEAP_KIND_BOOL] = "bool",
	[REFHEAP_KIND_INT] = "int",
	[REFHEAP_KIND_FLOAT] = "float",
	[REFHEAP_KIND_STR] = "str",
	[REFHEAP_KIND_BYTES] = "bytes",
	[REFHEAP_KIND_BYTEARRAY] = "bytearray",
	[REFHEAP_KIND_TUPLE] = "tuple",
	[REFHEAP_KIND_LIST] = "list",
	[REFHEAP_KIND_DICT] = "dict",
	[REFHEAP_KIND_SET] = "set",
	[REFHEAP_KIND_INSTANCE] = "instance",
	[REFHEAP_KIND_WEAKREF] = "weakref",
	[REFHEAP_KIND_WEAK_VALUE_DICT] = "weakvaluedict",
	[REFHEAP_KIND_WEAK_KEY_DICT] = "weakkeydict",
	[REFHEAP_KIND_WEAK_SET] = "weakset",
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

const char *refheap_kind_name(unsigned int kind)
{
	return kind < KINDS && kinds[kind] ? kinds[kind] : "?";
}

int refheap_parse_kind(const char *name)
{
	for (size_t kind = 0; kind < KINDS; kind++)
		if (kinds[kind] && !strcmp(kinds[kind], name))
			return (int)kind;
	return -EINVAL;
}

char *refheap_format_id(refheap_id id, char *text)
{
	snprintf(text, REFHEAP_ID_TEXT, "@%llx", (unsigned long long)id);
	return text;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

const char *rh_scan_id(const char *text, refheap_id *id)
{
	const char *at = text + 1;
	refheap_id value = 0;

	if (*text != '@')
		return NULL;
	for (; hex_digit(*at) >= 0; at++) {
		if (value >> 60)
			return NULL;
		value = value << 4 | (refheap_id)hex_digit(*at);
	}
	/* Ids of that tag stand for results of a batch, never for objects. */
	if (at == text + 1 ||
	    REFHEAP_ID_TAG(value) == REFHEAP_ID_TAG(REFHEAP_ID_RESULT(0)))
		return NULL;
	*id = value;
	return at;
}

int refheap_parse_id(const char *text, refheap_id *id)
{
	refheap_id value;
	const char *end = rh_scan_id(text, &value);

	if (!end || *end)
		return -EINVAL;
	*id = value;
	return 0;
}
