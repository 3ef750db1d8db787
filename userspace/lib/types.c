// SPDX-License-Identifier: LGPL-2.1-or-later
/* Types: packing definitions, defining, finding. */
#include <errno.h>
#include <stdlib.h>

#include "calls.h"

/* A name of the definition; a length that its field cannot hold is refused. */
static int name_length(const char *name, size_t *length)
{
	*length = strlen(name);
	return *length > UINT16_MAX ? -EINVAL : 0;
}

static int packed_size(const struct refheap_type_def *definition, size_t *size)
{
	size_t length;
	int err;

	if (definition->slot_count > UINT16_MAX)
		return -EINVAL;
	err = name_length(definition->name, &length);
	*size = sizeof(struct refheap_type_new) + length;
	for (size_t i = 0; !err && i < definition->slot_count; i++) {
		err = name_length(definition->slots[i], &length);
		*size += sizeof(uint16_t) + length;
	}
	return err;
}

static void pack(const struct refheap_type_def *definition, char *at)
{
	struct refheap_type_new head = {
		.flags = definition->flags,
		.base = definition->base,
		.name_len = (uint16_t)strlen(definition->name),
		.nslots = (uint16_t)definition->slot_count,
	};

	memcpy(at, &head, sizeof(head));
	at += sizeof(head);
	memcpy(at, definition->name, head.name_len);
	at += head.name_len;
	for (size_t i = 0; i < definition->slot_count; i++) {
		uint16_t length = (uint16_t)strlen(definition->slots[i]);

		memcpy(at, &length, sizeof(length));
		at += sizeof(length);
		memcpy(at, definition->slots[i], length);
		at += length;
	}
}

int rh_call_type(const struct refheap_type_def *definition,
		 struct rh_call *call, void **buffer)
{
	size_t size;
	int err;

	err = packed_size(definition, &size);
	if (err)
		return err;
	*buffer = malloc(size);
	if (!*buffer)
		return -ENOMEM;
	pack(definition, *buffer);
	*call = rh_call_data(REFHEAP_OP_TYPE_NEW, *buffer, size);
	return 0;
}

int refheap_type_define(struct refheap *session,
			const struct refheap_type_def *definition,
			uint32_t *type)
{
	struct rh_call call;
	void *buffer;
	int64_t number;
	int err;

	err = rh_call_type(definition, &call, &buffer);
	if (err)
		return err;
	number = rh_number(session, call);
	free(buffer);
	if (number < 0)
		return (int)number;
	*type = (uint32_t)number;
	return 0;
}

int refheap_type_find(struct refheap *session, const char *name,
		      uint32_t *type)
{
	int64_t number = rh_number(session, rh_call_data(REFHEAP_OP_TYPE_FIND,
							 name, strlen(name)));

	if (number < 0)
		return (int)number;
	*type = (uint32_t)number;
	return 0;
}
