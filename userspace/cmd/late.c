// SPDX-License-Identifier: GPL-2.0
#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "late.h"
#include "report.h"

int late_load(struct context *context, const char *library, const char *const *names,
	      void *functions)
{
	void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL), *function;
	char *at = functions;

	for (; handle && *names; names++, at += sizeof(function)) {
		function = dlsym(handle, *names);
		if (!function)
			return report_refused(context, ELIBACC, "'%s' has no %s", library, *names);
		memcpy(at, &function, sizeof(function));
	}
	return handle ? STATUS_OK : report_refused(context, ELIBACC, "%s", dlerror());
}
