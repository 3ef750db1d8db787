// SPDX-License-Identifier: LGPL-2.1-or-later
/* Paths: finding the objects that they name. */
#include <errno.h>
#include <stdlib.h>

#include "batch.h"
#include "path.h"

/* The operation by which a step leads from one object to the next. */
static int add_step(struct refheap_batch_builder *builder, refheap_id from,
		    const struct rh_step *step, bool index_is_key)
{
	int key;

	switch (step->kind) {
	case RH_STEP_ID:
		return refheap_batch_take(builder, step->id);
	case RH_STEP_NAME:
	case RH_STEP_TEXT:
		return refheap_batch_get_key_str(builder, from, step->text);
	case RH_STEP_KEY:
		return refheap_batch_get_key(builder, from, step->id);
	case RH_STEP_ATTR:
		return refheap_batch_get_attr(builder, from, step->text);
	case RH_STEP_INDEX:
		break;
	}
	if (!index_is_key)
		return refheap_batch_get_index(builder, from, step->index);
	key = refheap_batch_temp(builder,
				 refheap_batch_new_int(builder, step->index));
	return refheap_batch_get_key(builder, from, REFHEAP_ID_RESULT(key));
}

/*
 * All steps as one batch: the objects on the way are held only while it runs.
 * numbers[i] is the operation of step i, is_key[i] says how to take an index.
 */
static void add_steps(struct refheap_batch_builder *builder,
		      const struct rh_path *path, size_t count,
		      const bool *is_key, int *numbers)
{
	refheap_id from = REFHEAP_ID_ROOT;

	for (size_t i = 0; i < count; i++) {
		if (i)
			refheap_batch_temp(builder, numbers[i - 1]);
		numbers[i] = add_step(builder, from, &path->steps[i],
				      is_key[i]);
		from = REFHEAP_ID_RESULT(numbers[i]);
	}
}

/* The step whose index was refused because the object may be a dict, or -1. */
static int refused_index(const struct refheap_batch_builder *builder,
			 const struct rh_path *path, size_t count,
			 const bool *is_key, const int *numbers)
{
	int failed = refheap_batch_failed(builder);

	for (size_t i = 0; i < count; i++)
		if (numbers[i] == failed && !is_key[i] &&
		    path->steps[i].kind == RH_STEP_INDEX)
			return (int)i;
	return -1;
}

/* Only the kernel knows what has indexes: ask, and ask again for a key. */
static int walk_with(struct refheap *session, const struct rh_path *path,
		     size_t count, struct refheap_batch_builder *builder,
		     bool *is_key, int *numbers, refheap_id *id)
{
	int refused;
	int err;

	for (;;) {
		refheap_batch_reset(builder);
		add_steps(builder, path, count, is_key, numbers);
		err = refheap_batch_submit(builder, session, 0);
		if (!err) {
			*id = refheap_batch_value(builder,
						  (size_t)numbers[count - 1]);
			return 0;
		}
		refused = err == -EOPNOTSUPP ?
			  refused_index(builder, path, count, is_key,
					numbers) : -1;
		if (refused < 0)
			return err;
		is_key[refused] = true;
	}
}

/* Follow the first @count steps; gives a reference. */
static int walk(struct refheap *session, const struct rh_path *path,
		size_t count, refheap_id *id)
{
	struct refheap_batch_builder *builder = NULL;
	bool *is_key = calloc(count, sizeof(*is_key));
	int *numbers = calloc(count, sizeof(*numbers));
	int err = is_key && numbers ? refheap_batch_alloc(&builder) : -ENOMEM;

	if (!err)
		err = walk_with(session, path, count, builder, is_key, numbers,
				id);
	refheap_batch_free(builder);
	free(numbers);
	free(is_key);
	return err;
}

/* A variable of the caller takes the place of the name. */
static int apply_scope(struct rh_path *path, const struct refheap_scope *scope)
{
	struct rh_step *first = &path->steps[0];
	int err;

	if (!scope || first->kind != RH_STEP_NAME)
		return 0;
	err = scope->lookup(scope->data, first->text, &first->id);
	if (err)
		return err == -ENOKEY ? 0 : err;
	first->kind = RH_STEP_ID;
	return 0;
}

int refheap_resolve(struct refheap *session, const char *path,
		    const struct refheap_scope *scope, refheap_id *id)
{
	struct rh_path parsed;
	size_t where;
	int err;

	err = rh_path_parse(path, &parsed, &where);
	if (err)
		return err;
	err = apply_scope(&parsed, scope);
	if (!err)
		err = walk(session, &parsed, parsed.count, id);
	rh_path_free(&parsed);
	return err;
}

/* What an index means depends on the container. */
static int place_index(struct refheap *session, int64_t index,
		       struct refheap_place *place)
{
	int kind = refheap_kind_of(session, place->container);

	if (kind < 0)
		return kind;
	place->by = REFHEAP_BY_INDEX;
	place->index = index;
	if (kind != REFHEAP_KIND_DICT)
		return 0;
	place->by = REFHEAP_BY_KEY;
	return refheap_new_int(session, index, &place->key);
}

static int place_text(const struct rh_step *step, struct refheap_place *place)
{
	place->by = step->kind == RH_STEP_ATTR ? REFHEAP_BY_ATTR :
						 REFHEAP_BY_TEXT;
	place->text = strdup(step->text);
	return place->text ? 0 : -ENOMEM;
}

static int place_step(struct refheap *session, const struct rh_step *step,
		      struct refheap_place *place)
{
	int err;

	switch (step->kind) {
	case RH_STEP_INDEX:
		return place_index(session, step->index, place);
	case RH_STEP_KEY:
		err = refheap_take(session, step->id);
		place->by = REFHEAP_BY_KEY;
		place->key = err ? 0 : step->id;
		return err;
	case RH_STEP_ID:
		return -EINVAL;
	default:
		return place_text(step, place);
	}
}

static int find_place(struct refheap *session, struct rh_path *path,
		      const struct refheap_scope *scope,
		      struct refheap_place *place)
{
	struct refheap_place found = { .container = REFHEAP_ID_ROOT };
	int err;

	if (path->count == 1) {
		err = refheap_take(session, REFHEAP_ID_ROOT);
	} else {
		err = apply_scope(path, scope);
		if (!err)
			err = walk(session, path, path->count - 1,
				   &found.container);
	}
	if (err)
		return err;
	err = place_step(session, &path->steps[path->count - 1], &found);
	if (err)
		refheap_place_release(session, &found);
	else
		*place = found;
	return err;
}

int refheap_resolve_parent(struct refheap *session, const char *path,
			   const struct refheap_scope *scope,
			   struct refheap_place *place)
{
	struct rh_path parsed;
	size_t where;
	int err;

	err = rh_path_parse(path, &parsed, &where);
	if (err)
		return err;
	err = find_place(session, &parsed, scope, place);
	rh_path_free(&parsed);
	return err;
}

int refheap_place_get(struct refheap *session,
		      const struct refheap_place *place, refheap_id *id)
{
	switch (place->by) {
	case REFHEAP_BY_INDEX:
		return refheap_get_index(session, place->container,
					 place->index, id);
	case REFHEAP_BY_KEY:
		return refheap_get_key(session, place->container, place->key,
				       id);
	case REFHEAP_BY_TEXT:
		return refheap_get_key_str(session, place->container,
					   place->text, id);
	case REFHEAP_BY_ATTR:
		return refheap_get_attr(session, place->container, place->text,
					id);
	}
	return -EINVAL;
}

int refheap_place_set(struct refheap *session,
		      const struct refheap_place *place, refheap_id value)
{
	switch (place->by) {
	case REFHEAP_BY_INDEX:
		return refheap_set_index(session, place->container,
					 place->index, value);
	case REFHEAP_BY_KEY:
		return refheap_set_key(session, place->container, place->key,
				       value);
	case REFHEAP_BY_TEXT:
		return refheap_set_key_str(session, place->container,
					   place->text, value);
	case REFHEAP_BY_ATTR:
		return refheap_set_attr(session, place->container, place->text,
					value);
	}
	return -EINVAL;
}

int refheap_place_del(struct refheap *session,
		      const struct refheap_place *place)
{
	switch (place->by) {
	case REFHEAP_BY_INDEX:
		return refheap_del_index(session, place->container,
					 place->index);
	case REFHEAP_BY_KEY:
		return refheap_del_key(session, place->container, place->key);
	case REFHEAP_BY_TEXT:
		return refheap_del_key_str(session, place->container,
					   place->text);
	case REFHEAP_BY_ATTR:
		return refheap_del_attr(session, place->container,
					place->text);
	}
	return -EINVAL;
}

void refheap_place_release(struct refheap *session,
			   struct refheap_place *place)
{
	const refheap_id ids[] = { place->container, place->key };

	refheap_drop_many(session, ids, 2);
	free(place->text);
	*place = (struct refheap_place){ 0 };
}

int refheap_set_path(struct refheap *session, const char *path,
		     refheap_id value)
{
	struct refheap_place place;
	int err;

	err = refheap_resolve_parent(session, path, NULL, &place);
	if (err)
		return err;
	err = refheap_place_set(session, &place, value);
	refheap_place_release(session, &place);
	return err;
}

int refheap_del_path(struct refheap *session, const char *path)
{
	struct refheap_place place;
	int err;

	err = refheap_resolve_parent(session, path, NULL, &place);
	if (err)
		return err;
	err = refheap_place_del(session, &place);
	refheap_place_release(session, &place);
	return err;
}
