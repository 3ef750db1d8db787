/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints of heaps, sessions, objects, collections and refusals. Only numbers and
 * names, so that reading them needs no more than the right to trace.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM refheap

#if !defined(REFHEAP_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define REFHEAP_TRACE_H

#include <linux/tracepoint.h>
#include <linux/uidgid.h>
#include <uapi/linux/refheap.h>
#include "engine/host.h"

DECLARE_EVENT_CLASS(refheap_heap,
		    TP_PROTO(u32 heap, kuid_t owner, const char *name),
		    TP_ARGS(heap, owner, name),
		    TP_STRUCT__entry(__field(u32, heap)
				     __field(u32, owner)
				     __array(char, name, REFHEAP_NAME_MAX)),
		    TP_fast_assign(__entry->heap = heap;
				   __entry->owner = __kuid_val(owner);
				   strscpy_pad(__entry->name, name, REFHEAP_NAME_MAX);),
		    TP_printk("heap=%u owner=%u name=%s",
			      __entry->heap, __entry->owner, __entry->name)
);

DEFINE_EVENT(refheap_heap, refheap_heap_new,
	     TP_PROTO(u32 heap, kuid_t owner, const char *name),
	     TP_ARGS(heap, owner, name));

DEFINE_EVENT(refheap_heap, refheap_heap_removed,
	     TP_PROTO(u32 heap, kuid_t owner, const char *name),
	     TP_ARGS(heap, owner, name));

DECLARE_EVENT_CLASS(refheap_session,
		    TP_PROTO(u32 heap, u32 session),
		    TP_ARGS(heap, session),
		    TP_STRUCT__entry(__field(u32, heap)
				     __field(u32, session)),
		    TP_fast_assign(__entry->heap = heap;
				   __entry->session = session;),
		    TP_printk("heap=%u session=%u",
			      __entry->heap, __entry->session)
);

DEFINE_EVENT(refheap_session, refheap_session_attach,
	     TP_PROTO(u32 heap, u32 session),
	     TP_ARGS(heap, session));

DEFINE_EVENT(refheap_session, refheap_session_close,
	     TP_PROTO(u32 heap, u32 session),
	     TP_ARGS(heap, session));

TRACE_EVENT(refheap_refusal,
	    TP_PROTO(u32 heap, u32 session, u16 code, int error),
	    TP_ARGS(heap, session, code, error),
	    TP_STRUCT__entry(__field(u32, heap)
			     __field(u32, session)
			     __field(u16, code)
			     __field(int, error)),
	    TP_fast_assign(__entry->heap = heap;
			   __entry->session = session;
			   __entry->code = code;
			   __entry->error = error;),
	    TP_printk("heap=%u session=%u operation=%u error=%d",
		      __entry->heap, __entry->session, __entry->code, __entry->error)
);

DECLARE_EVENT_CLASS(refheap_object,
		    TP_PROTO(u32 heap, const struct rh_notice *notice),
		    TP_ARGS(heap, notice),
		    TP_STRUCT__entry(__field(u64, object)
				     __field(u32, heap)
				     __field(u32, kind)
				     __field(u32, type)),
		    TP_fast_assign(__entry->object = notice->object;
				   __entry->heap = heap;
				   __entry->kind = notice->kind;
				   __entry->type = notice->type;),
		    TP_printk("heap=%u object=%llx kind=%u type=%u",
			      __entry->heap, __entry->object, __entry->kind,
			      __entry->type)
);

DEFINE_EVENT(refheap_object, refheap_birth,
	     TP_PROTO(u32 heap, const struct rh_notice *notice),
	     TP_ARGS(heap, notice));

DEFINE_EVENT(refheap_object, refheap_death,
	     TP_PROTO(u32 heap, const struct rh_notice *notice),
	     TP_ARGS(heap, notice));

DEFINE_EVENT(refheap_object, refheap_callback,
	     TP_PROTO(u32 heap, const struct rh_notice *notice),
	     TP_ARGS(heap, notice));

DEFINE_EVENT(refheap_object, refheap_finalize,
	     TP_PROTO(u32 heap, const struct rh_notice *notice),
	     TP_ARGS(heap, notice));

DEFINE_EVENT(refheap_object, refheap_skipped,
	     TP_PROTO(u32 heap, const struct rh_notice *notice),
	     TP_ARGS(heap, notice));

TRACE_EVENT(refheap_gc_start,
	    TP_PROTO(u32 heap, u32 generation),
	    TP_ARGS(heap, generation),
	    TP_STRUCT__entry(__field(u32, heap)
			     __field(u32, generation)),
	    TP_fast_assign(__entry->heap = heap;
			   __entry->generation = generation;),
	    TP_printk("heap=%u generation=%u",
		      __entry->heap, __entry->generation)
);

TRACE_EVENT(refheap_gc_stop,
	    TP_PROTO(u32 heap, u32 generation, u64 collected, u64 uncollectable,
		     u64 longest_hold_ns),
	    TP_ARGS(heap, generation, collected, uncollectable, longest_hold_ns),
	    TP_STRUCT__entry(__field(u32, heap)
			     __field(u32, generation)
			     __field(u64, collected)
			     __field(u64, uncollectable)
			     __field(u64, longest_hold_ns)),
	    TP_fast_assign(__entry->heap = heap;
			   __entry->generation = generation;
			   __entry->collected = collected;
			   __entry->uncollectable = uncollectable;
			   __entry->longest_hold_ns = longest_hold_ns;),
	    TP_printk("heap=%u generation=%u collected=%llu uncollectable=%llu longest_hold_ns=%llu",
		      __entry->heap, __entry->generation, __entry->collected,
		      __entry->uncollectable, __entry->longest_hold_ns)
);

TRACE_EVENT(refheap_limit,
	    TP_PROTO(u32 heap, u64 in_use),
	    TP_ARGS(heap, in_use),
	    TP_STRUCT__entry(__field(u32, heap)
			     __field(u64, in_use)),
	    TP_fast_assign(__entry->heap = heap;
			   __entry->in_use = in_use;),
	    TP_printk("heap=%u in_use=%llu",
		      __entry->heap, __entry->in_use)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
