// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>

#include "heap.h"
#include "path.h"
#include "report.h"
#include "util.h"

/* Whether the name that the path begins with is known; true for ids. */
static bool first_name_known(struct context *context, const char *path, char **name)
{
	refheap_id id;

	*name = xstrndup(path, strcspn(path, ".["));
	if (**name == '@' || !**name || variables_find(&context->variables, *name))
		return true;
	if (refheap_get_name(context->session, *name, &id))
		return false;
	refheap_drop(context->session, id);
	return true;
}

static int not_a_path(struct context *context, const char *path)
{
	size_t where = 0;

	refheap_path_check(path, &where);
	if (path[where])
		return report_usage(context, "'%s' is not a path: it goes wrong at '%s'", path,
				    path + where);
	return report_usage(context, "'%s' is not a path: something is missing at its end", path);
}

int path_error(struct context *context, int error, const char *path)
{
	cleanup_free char *name = NULL;

	if (error == -EINVAL && refheap_path_check(path, NULL))
		return not_a_path(context, path);
	if (error == -ENOKEY && !first_name_known(context, path, &name))
		return report_refused(context, error, "there is no name '%s'%s in heap '%s'", name,
				      context->in_shell ? " here or" : "",
				      refheap_name(context->session));
	if (error == -ENOENT)
		return report_refused(context, error, "'%s': there is no such object", path);
	return report_error(context, error, "'%s'", path);
}

int path_resolve(struct context *context, const char *path, refheap_id *id)
{
	struct refheap_scope scope = { variables_lookup, &context->variables };
	struct refheap *session;
	int error, status;

	if (refheap_path_check(path, NULL))
		return not_a_path(context, path);
	status = heap_session(context, &session);
	if (status)
		return status;
	error = refheap_resolve(session, path, &scope, id);
	return error ? path_error(context, error, path) : STATUS_OK;
}

int path_resolve_parent(struct context *context, const char *path, struct refheap_place *place)
{
	struct refheap_scope scope = { variables_lookup, &context->variables };
	struct refheap *session;
	int error, status;

	if (refheap_path_check(path, NULL))
		return not_a_path(context, path);
	if (path[0] == '@' && !path[strcspn(path, ".[")])
		return report_usage(context, "'%s' is an object, not a place to put one", path);
	status = heap_session(context, &session);
	if (status)
		return status;
	error = refheap_resolve_parent(session, path, &scope, place);
	return error ? path_error(context, error, path) : STATUS_OK;
}
