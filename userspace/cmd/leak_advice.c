// SPDX-License-Identifier: GPL-2.0
#include "leak.h"
#include "util.h"

static char *cycles(const struct leak *leak)
{
	if (leak->collects)
		return xstrdup("Garbage that the next collection frees. If there is too much of it, "
			       "make the way back in the cycle a weak reference: weakref(PATH).");
	return xstrdup("Cycles, and automatic collections are off. Make the way back in the cycle a "
		       "weak reference, weakref(PATH), or collect: 'refheap gc enable', 'refheap gc "
		       "period MS', 'refheap gc collect'.");
}

char *leak_advice(const struct leak *leak, const struct leak_suspect *suspect)
{
	const char *path = suspect->path ? suspect->path : "";

	switch (suspect->pattern) {
	case LEAK_COLLECTION:
		return xasprintf("%s is a collection that only grows. Give it a bound ('refheap cache "
				 "new --max N'), or take out what is done ('refheap del %s[0]', "
				 "'refheap clear %s').", path, path, path);
	case LEAK_CALLBACKS:
		return xasprintf("%s has callbacks that are never taken back, and each keeps what it "
				 "closes over. Keep weak references in it (weakref(PATH), or a weakset()), "
				 "or take each out again.", path);
	case LEAK_CACHE:
		return xasprintf("%s is a cache without a bound. Make it a weakvaluedict() or a "
				 "weakkeydict(), whose entries go with their values or keys, or a cache with "
				 "a size or a time: 'refheap cache new --max N --ttl TIME'.", path);
	case LEAK_CYCLES:
		return cycles(leak);
	case LEAK_NAMES:
		return xstrdup("Names are made and never deleted: 'refheap list' shows them, 'refheap del "
			       "NAME' deletes one. What one process needs may be a variable of its session.");
	case LEAK_CHAIN:
		return xasprintf("What %s leads to gets more, though it has no more entries itself: a "
				 "chain of objects. 'refheap graph --refs %s' shows it; cut it where it is "
				 "done with.", *path ? path : "a name", *path ? path : "NAME");
	case LEAK_OBJECT:
		return xasprintf("%s gets larger and is never cut: 'refheap clear %s'.", path, path);
	case LEAK_SESSION:
		break;
	}
	return xstrdup("A process takes references and does not give them back: 'refheap sessions' "
		       "shows how many each has. Let it work in frames (REFHEAP_FRAME), or drop what it "
		       "takes (refheap_auto_drop).");
}
