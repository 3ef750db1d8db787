/* SPDX-License-Identifier: GPL-2.0 */
/* No option of a kernel is set here. */
#ifndef SHIM_LINUX_KCONFIG_H
#define SHIM_LINUX_KCONFIG_H

#define IS_ENABLED(option)	0
#define IS_BUILTIN(option)	0
#define IS_MODULE(option)	0
#define IS_REACHABLE(option)	0

#endif
