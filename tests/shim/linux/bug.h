/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A warning ends the test: what the kernel would only complain about is a
 * fault of the engine here.
 */
#ifndef SHIM_LINUX_BUG_H
#define SHIM_LINUX_BUG_H

#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/types.h>

__attribute__((__noreturn__, __cold__))
void shim_bug(const char *what, const char *file, int line, const char *func);

#define BUG() shim_bug("BUG", __FILE__, __LINE__, __func__)
#define BUG_ON(cond) \
	do { if (unlikely(cond)) shim_bug(#cond, __FILE__, __LINE__, __func__); } while (0)
#define WARN_ON(cond) ({						\
	bool __warn = !!(cond);						\
	if (unlikely(__warn))						\
		shim_bug(#cond, __FILE__, __LINE__, __func__);		\
	unlikely(__warn);						\
})
#define WARN_ON_ONCE(cond) WARN_ON(cond)
#define WARN(cond, ...) WARN_ON(cond)
#define WARN_ONCE(cond, ...) WARN_ON(cond)

#endif
