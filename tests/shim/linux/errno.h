/* SPDX-License-Identifier: GPL-2.0 */
/* The C library reaches this header too, so it holds what that one wants. */
#ifndef SHIM_LINUX_ERRNO_H
#define SHIM_LINUX_ERRNO_H

#include <asm/errno.h>

#endif
