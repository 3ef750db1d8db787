// SPDX-License-Identifier: LGPL-2.1-or-later
/* Values and payload of leaves, by copy. */
#include <errno.h>
#include <stdlib.h>

#include "calls.h"

int refheap_get_bool(struct refheap *session, refheap_id id, bool *value)
{
	struct refheap_info info;
	int err = refheap_inspect(session, id, &info);

	if (err)
		return err;
	if (info.kind != REFHEAP_KIND_BOOL)
		return -EOPNOTSUPP;
	*value = info.value != 0;
	return 0;
}

int refheap_get_int(struct refheap *session, refheap_id id, int64_t *value)
{
	struct refheap_info info;
	int err = refheap_inspect(session, id, &info);

	if (err)
		return err;
	if (info.kind != REFHEAP_KIND_INT && info.kind != REFHEAP_KIND_BOOL)
		return -EOPNOTSUPP;
	*value = (int64_t)info.value;
	return 0;
}

int refheap_get_float(struct refheap *session, refheap_id id, double *value)
{
	struct refheap_info info;
	int err = refheap_inspect(session, id, &info);

	if (err)
		return err;
	switch (info.kind) {
	case REFHEAP_KIND_FLOAT:
		memcpy(value, &info.value, sizeof(*value));
		return 0;
	case REFHEAP_KIND_INT:
	case REFHEAP_KIND_BOOL:
		*value = (double)(int64_t)info.value;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

ssize_t refheap_read(struct refheap *session, refheap_id id, uint64_t offset,
		     void *buffer, size_t length)
{
	struct refheap_result result;
	struct rh_call call;
	size_t total = 0;
	int err;

	do {
		size_t some = length - total;

		if (some > REFHEAP_MAX_DATA)
			some = REFHEAP_MAX_DATA;
		call = rh_call_read(id, offset + total, some);
		err = rh_run(session, &call, (char *)buffer + total, &result);
		if (err)
			return err;
		total += result.value;
	} while (result.value && total < length);
	return (ssize_t)total;
}

/* All parts must fit before the first is written. */
static int check_write(struct refheap *session, refheap_id id, uint64_t offset,
		       size_t length)
{
	int64_t room = refheap_len(session, id);

	if (room < 0)
		return (int)room;
	if (offset > (uint64_t)room || length > (uint64_t)room - offset)
		return -ERANGE;
	return 0;
}

ssize_t refheap_write(struct refheap *session, refheap_id id, uint64_t offset,
		      const void *data, size_t length)
{
	size_t total = 0;
	int64_t done;
	int err;

	if (length > REFHEAP_MAX_DATA) {
		err = check_write(session, id, offset, length);
		if (err)
			return err;
	}
	do {
		size_t some = length - total;

		if (some > REFHEAP_MAX_DATA)
			some = REFHEAP_MAX_DATA;
		done = rh_number(session,
				 rh_call_write(id, offset + total,
					       (const char *)data + total,
					       some));
		if (done < 0)
			return (ssize_t)done;
		total += (size_t)done;
	} while (done && total < length);
	return (ssize_t)total;
}

int refheap_resize(struct refheap *session, refheap_id id, uint64_t length)
{
	return rh_do(session, rh_call_index(REFHEAP_OP_RESIZE, id,
					    (int64_t)length, 0));
}

int refheap_get_data(struct refheap *session, refheap_id id, char **data,
		     size_t *length)
{
	struct refheap_info info;
	ssize_t copied;
	char *buffer;
	int err;

	err = refheap_inspect(session, id, &info);
	if (err)
		return err;
	if (!rh_has_payload(&info))
		return -EOPNOTSUPP;
	buffer = malloc(info.length + 1);
	if (!buffer)
		return -ENOMEM;
	copied = refheap_read(session, id, 0, buffer, info.length);
	if (copied < 0) {
		free(buffer);
		return (int)copied;
	}
	buffer[copied] = '\0';
	*data = buffer;
	if (length)
		*length = (size_t)copied;
	return 0;
}
