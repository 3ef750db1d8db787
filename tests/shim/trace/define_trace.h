/* SPDX-License-Identifier: GPL-2.0 */
/* Kernels make the tracepoints here; in userspace there are none. */
#ifndef SHIM_TRACE_DEFINE_TRACE_H
#define SHIM_TRACE_DEFINE_TRACE_H

#endif
