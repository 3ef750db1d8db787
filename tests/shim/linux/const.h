/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_CONST_H
#define SHIM_LINUX_CONST_H

#define UL(x)	(x##UL)
#define ULL(x)	(x##ULL)

#endif
