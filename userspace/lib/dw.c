// SPDX-License-Identifier: LGPL-2.1-or-later
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#include "dw.h"

#define LIBRARY "libdw.so.1"
#define NAME(name) #name,

struct rh_dw rh_dw;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool loaded;

static void load(void)
{
	static const char *const names[] = { RH_DW_FUNCTIONS(NAME) };
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL), *function;
	char *at = (char *)&rh_dw;

	if (!library)
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		function = dlsym(library, names[i]);
		if (!function) {
			dlclose(library);
			return;
		}
		memcpy(at + i * sizeof(function), &function, sizeof(function));
	}
	loaded = true;
}

bool rh_dw_load(void)
{
	pthread_once(&once, load);
	return loaded;
}
