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

	if (!handle)
		return report_refused(context, ELIBACC, "this needs the library %s: %s", library,
				      dlerror());
	for (; *names; names++, at += sizeof(function)) {
		function = dlsym(handle, *names);
		if (!function) {
			dlclose(handle);
			return report_refused(context, ELIBBAD,
					      "this needs the library %s, and what is there has no %s",
					      library, *names);
		}
		memcpy(at, &function, sizeof(function));
	}
	return STATUS_OK;
}
