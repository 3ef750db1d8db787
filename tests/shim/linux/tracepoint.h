/* SPDX-License-Identifier: GPL-2.0 */
/* Tracepoints are calls that do nothing. */
#ifndef SHIM_LINUX_TRACEPOINT_H
#define SHIM_LINUX_TRACEPOINT_H

#include <linux/types.h>

#define TP_PROTO(...)	__VA_ARGS__
#define TP_ARGS(...)	__VA_ARGS__
#define PARAMS(...)	__VA_ARGS__

#define SHIM_TRACE(name, proto)						\
	static inline void trace_##name(proto) { }			\
	static inline bool trace_##name##_enabled(void) { return false; }

#define TRACE_EVENT(name, proto, args, tstruct, assign, print) \
	SHIM_TRACE(name, PARAMS(proto))
#define TRACE_EVENT_CONDITION(name, proto, args, cond, tstruct, assign, print) \
	SHIM_TRACE(name, PARAMS(proto))
#define DEFINE_EVENT(class, name, proto, args) SHIM_TRACE(name, PARAMS(proto))
#define DECLARE_EVENT_CLASS(...)
#define DECLARE_TRACE(name, proto, args) SHIM_TRACE(name, PARAMS(proto))
#define DEFINE_TRACE(name, ...)
#define TRACE_DEFINE_ENUM(name)

#endif
