/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * refheap: a reference-counted, cycle-collected object heap owned by the
 * kernel and shared by processes.
 *
 * This header is the protocol: the character device /dev/refheap, which makes
 * and changes objects, and the generic netlink family "refheap", which
 * inspects and controls heaps.
 *
 *
 * The character device
 * --------------------
 *
 * An open file is a session. It is attached to one heap with
 * REFHEAP_IOC_ATTACH, once; until then every other call fails with ENXIO. The
 * session owns the references that its operations return. Closing the last
 * descriptor of the file, in whatever way the process ends, drops them all,
 * also while payload is still mapped. poll() reports POLLERR until the session
 * is attached, and POLLIN when there are events to read.
 *
 * Every ioctl takes a structure whose first field is its size as the caller
 * knows it. A shorter structure is read as if the rest were zero; a longer one
 * is accepted when the part that the kernel does not know is zero. Reserved
 * fields and unknown flags must be zero.
 *
 * Errors of the ioctls:
 *
 *   ENOTTY      unknown command
 *   E2BIG       the structure has a non-zero tail that this kernel does not know,
 *               or a batch is larger than REFHEAP_MAX_OPS or REFHEAP_MAX_DATA
 *   EINVAL      a field is wrong, or a reserved one is not zero
 *   EFAULT      a user pointer is bad
 *   ENXIO       the session is not attached
 *   EBUSY       the session is attached already
 *   ENOENT      no such heap, or none that the caller may see
 *   EEXIST      REFHEAP_ATTACH_EXCL and the heap exists
 *   EACCES      the caller may see the heap but not open it in that way
 *   EDQUOT      a limit of the user
 *   ENFILE      too many open files
 *   ENOMEM      no memory
 *   EIDRM       the heap has been removed
 *   EBADF       REFHEAP_IOC_IMPORT: no descriptor of REFHEAP_IOC_EXPORT
 *   EXDEV       REFHEAP_IOC_IMPORT: of another heap
 *   ESTALE, EOVERFLOW
 *               REFHEAP_IOC_EXPORT, REFHEAP_IOC_IMPORT: as of REFHEAP_OP_TAKE;
 *               ENOENT and EMFILE, too
 *   EINTR       a signal came before the session was attached, or before the
 *               first operation was executed. One of many steps, such as
 *               REFHEAP_OP_COLLECT, may have begun and will begin anew; if so,
 *               SA_RESTART does not repeat the call.
 *
 * Errors of single operations, in struct refheap_result:
 *
 *   ENOENT      no object was ever known by that id, or no such type
 *   ESTALE      the object of that id is dead
 *   EOPNOTSUPP  that kind of object does not have this operation, or cannot
 *               be used like this (Python's TypeError)
 *   ERANGE      index out of range (Python's IndexError)
 *   ENOKEY      no such key or member (Python's KeyError)
 *   ENODATA     no such attribute (Python's AttributeError)
 *   EINVAL      a field of the operation is wrong, or a reserved one not zero
 *   EILSEQ      a string is not valid UTF-8
 *   EROFS       the session is read-only
 *   EEXIST      a type of that name exists and is not the same
 *   ENOTUNIQ    REFHEAP_OP_DROP of an object that the session does not hold,
 *               REFHEAP_OP_HAND_OUT of one that the frame does not hold,
 *               REFHEAP_OP_FINALIZED of one whose finalizer is not the
 *               session's to end
 *   EFBIG       an object would grow over its limit, or a key is longer than
 *               64 KiB
 *   E2BIG       more than REFHEAP_MAX_IDS in one operation, or its keys are more
 *               than REFHEAP_MAX_KEYS in all
 *   ENOSPC      the output area of the batch is full
 *   EDQUOT      a limit of the heap or of the user was reached, also after
 *               a collection, which sessions that only read do not start
 *   ENOMEM      no memory, likewise
 *   EOVERFLOW   a reference count would overflow
 *   ECANCELED   an earlier operation of the batch failed; this one was not tried
 *
 * A failed operation leaves the heap as it was.
 */
#ifndef _UAPI_LINUX_REFHEAP_H
#define _UAPI_LINUX_REFHEAP_H

#include <linux/types.h>
#include <linux/ioctl.h>

#define REFHEAP_DEVICE_NAME	"refheap"

#define REFHEAP_NAME_MAX	64	/* of a heap, type or slot of a type, with a final NUL */
#define REFHEAP_MAX_OPS		65536	/* operations in one batch */
#define REFHEAP_MAX_DATA	(64U << 20) /* bytes of input, or of output, of a batch */
#define REFHEAP_MAX_IDS		16384	/* ids, entries or members in one operation */
#define REFHEAP_MAX_KEYS	(8U << 20) /* bytes of keys in one operation, 64 more for each */
#define REFHEAP_MAX_INSTANCES	256	/* made by one operation */

/*
 * An id names an object of one heap: the slot in the lower 32 bits, in the
 * upper 32 a tag that changes whenever the slot is used again. 0 is no object.
 */
#define REFHEAP_ID(slot, tag)	(((__u64)(tag) << 32) | (__u32)(slot))
#define REFHEAP_ID_SLOT(id)	((__u32)(id))
#define REFHEAP_ID_TAG(id)	((__u32)((id) >> 32))

/* Every payload has its own range of the device's offsets: its slot shifted by this. */
#define REFHEAP_VIEW_SHIFT	31

/* The root namespace of every heap: a dict, always alive, owned by nobody. */
#define REFHEAP_ID_ROOT		REFHEAP_ID(1, 1)

/* Kinds of objects. */
enum refheap_kind {
	REFHEAP_KIND_NONE = 1,	/* the one None */
	REFHEAP_KIND_BOOL,
	REFHEAP_KIND_INT,	/* 64 bits, signed */
	REFHEAP_KIND_FLOAT,	/* IEEE 754 binary64 */
	REFHEAP_KIND_STR,	/* UTF-8 */
	REFHEAP_KIND_BYTES,
	REFHEAP_KIND_BYTEARRAY,
	REFHEAP_KIND_TUPLE,
	REFHEAP_KIND_LIST,
	REFHEAP_KIND_DICT,
	REFHEAP_KIND_SET,
	REFHEAP_KIND_INSTANCE,	/* of a type made with REFHEAP_OP_TYPE_NEW */
	REFHEAP_KIND_WEAKREF,
	REFHEAP_KIND_WEAK_VALUE_DICT, /* an entry goes with its value */
	REFHEAP_KIND_WEAK_KEY_DICT, /* an entry goes with its key: ephemerons */
	REFHEAP_KIND_WEAK_SET,
	__REFHEAP_KIND_MAX,
};

/* REFHEAP_IOC_ATTACH: flags */
#define REFHEAP_ATTACH_CREATE	(1U << 0) /* make the heap when there is none */
#define REFHEAP_ATTACH_EXCL	(1U << 1) /* with CREATE: fail when there is one */
#define REFHEAP_ATTACH_RDONLY	(1U << 2) /* operations that change objects fail with EROFS */

#define REFHEAP_OWNER_SELF	((__u32)-1)

/**
 * struct refheap_attach - REFHEAP_IOC_ATTACH: attach the session to a heap
 * @size: size of this structure
 * @flags: REFHEAP_ATTACH_*
 * @name: name of the heap, NUL-terminated: letters, digits, '.', '_', '-',
 *        not starting with '-' or '.'
 * @owner: uid of the heap's owner, as the caller's user namespace has it;
 *         REFHEAP_OWNER_SELF for the caller's own. Heaps of different owners
 *         may have the same name. Heaps are made only for the caller itself.
 * @mode: with CREATE: permission bits 0777 of the heap (read: attach
 *        read-only and inspect; write: attach and change; execute: unused);
 *        0 means 0600
 * @max_bytes: with CREATE: limit of bytes, 0 for none
 * @max_objects: with CREATE: limit of objects, 0 for none
 * @heap: out: number of the heap, as netlink knows it
 * @created: out: 1 when this call made the heap
 */
struct refheap_attach {
	__u32 size;
	__u32 flags;
	char name[REFHEAP_NAME_MAX];
	__u32 owner;
	__u32 mode;
	__u64 max_bytes;
	__u64 max_objects;
	__u32 heap;
	__u32 created;
};

/*
 * Operations. In the comments, a, b, c, arg are the fields of struct
 * refheap_op, "data" the input bytes [data_off, data_off + data_len) of the
 * batch, "ids" data seen as an array of __u64 ids, "=>" what the result holds.
 *
 * "=> ref" means: result.value is an id and the session has one reference more
 * to it, to be given back with REFHEAP_OP_DROP (unless the operation had
 * REFHEAP_OPF_TEMP). An object given as argument need not be held by the
 * session; it must be alive.
 */
enum refheap_opcode {
	REFHEAP_OP_NOP = 0,

	/* Making objects. */
	REFHEAP_OP_NONE,	/* => ref */
	REFHEAP_OP_BOOL,	/* a: 0 or 1 => ref */
	REFHEAP_OP_INT,		/* a: value as __s64 => ref */
	REFHEAP_OP_FLOAT,	/* a: bits of the double => ref */
	REFHEAP_OP_STR,		/* data => ref; arg 1: intern it */
	REFHEAP_OP_BYTES,	/* data => ref */
	REFHEAP_OP_BYTEARRAY,	/* data; or a: length of zeroes when data is empty => ref */
	REFHEAP_OP_TUPLE,	/* ids => ref */
	REFHEAP_OP_LIST,	/* ids => ref */
	REFHEAP_OP_DICT,	/* ids: key, value, key, value ... => ref */
	REFHEAP_OP_SET,		/* ids => ref */
	REFHEAP_OP_INSTANCE,	/* arg: type; ids: values of the first of its slots, 0
				 * leaves one unset => ref. EINVAL: there are not so
				 * many, as in a dict-backed one.
				 */

	/* References. */
	REFHEAP_OP_TAKE,	/* a: object => ref: one reference more */
	REFHEAP_OP_DROP,	/* a: object; one reference of the session less */

	/*
	 * Containers. Indexes are __s64 and count from the end when negative.
	 * A key is the object b, or, with REFHEAP_OPF_KEY_STR, the string in
	 * data. Missing: ERANGE, ENOKEY, ENODATA.
	 */
	REFHEAP_OP_LEN,		/* a: container or payload => value: length */
	REFHEAP_OP_GET_INDEX,	/* a: list or tuple, b: index => ref */
	REFHEAP_OP_SET_INDEX,	/* a: list, b: index, c: object */
	REFHEAP_OP_DEL_INDEX,	/* a: list, b: index */
	REFHEAP_OP_APPEND,	/* a: list, c: object */
	REFHEAP_OP_INSERT,	/* a: list, b: index (clamped), c: object */
	REFHEAP_OP_POP,		/* a: list, b: index => ref */
	REFHEAP_OP_GET_KEY,	/* a: dict, key => ref */
	REFHEAP_OP_SET_KEY,	/* a: dict, key, c: value */
	REFHEAP_OP_DEL_KEY,	/* a: dict, key */
	REFHEAP_OP_POP_KEY,	/* a: dict, key => ref */
	REFHEAP_OP_CONTAINS,	/* a: dict or set, key; list or tuple, b: object
				 * compared by identity => value: 0 or 1
				 */
	REFHEAP_OP_ADD,		/* a: set, key => value: 1 when it is new */
	REFHEAP_OP_DISCARD,	/* a: set, key => value: 1 when it was there */
	REFHEAP_OP_GET_ATTR,	/* a: instance, data: name => ref */
	REFHEAP_OP_SET_ATTR,	/* a: instance, data: name, c: value */
	REFHEAP_OP_DEL_ATTR,	/* a: instance, data: name */
	REFHEAP_OP_CLEAR,	/* a: list, dict, set, bytearray or dict-backed instance */
	REFHEAP_OP_NEXT,	/* a: container, b: cursor, 0 to begin, arg: how many
				 * entries at most, 0 for 1 => entries into the output,
				 * each a struct refheap_entry; info: their number;
				 * value: next cursor, 0 at the end. The session has a
				 * reference more to each key and value that is not 0.
				 */

	/* Payload. */
	REFHEAP_OP_READ,	/* a: leaf, b: offset, c: length at most => bytes into
				 * the output; value: their number
				 */
	REFHEAP_OP_WRITE,	/* a: bytearray, b: offset, data => value: bytes written;
				 * ERANGE past the end
				 */
	REFHEAP_OP_RESIZE,	/* a: bytearray, b: length; grows with zeroes */
	REFHEAP_OP_VIEW,	/* a: leaf => value: offset for mmap; info: offset
				 * of the first byte within the first page. Map
				 * info + length bytes. See "Mapping payload".
				 */

	/* Inspection of one object. */
	REFHEAP_OP_INFO,	/* a: object => struct refheap_info into the output */

	/* Types. */
	REFHEAP_OP_TYPE_NEW,	/* data: struct refheap_type_new and what follows it
				 * => value: type. The same definition again gives
				 * the same type.
				 */
	REFHEAP_OP_TYPE_FIND,	/* data: name => value: type */

	/* Collector. */
	REFHEAP_OP_COLLECT,	/* arg: generation 0 to 2 => value: collected +
				 * uncollectable; info: uncollectable
				 */
	REFHEAP_OP_FREEZE,	/* everything tracked becomes permanent */
	REFHEAP_OP_UNFREEZE,	/* the permanent generation goes to generation 2 */
	REFHEAP_OP_GARBAGE_CLEAR, /* empties garbage => value: how many were in it */
	REFHEAP_OP_VERIFY,	/* => value: 0, or the number of broken invariants;
				 * the first of them as text into the output. Nobody
				 * else gets at the heap meanwhile, so it is not for
				 * sessions that may only read (EROFS).
				 */

	/* Weak references. See "Weak references and finalizers". */
	REFHEAP_OP_WEAKREF,	/* a: object, arg: flags, see below, b: with CALLBACK
				 * what the event will carry => ref. Without CALLBACK
				 * there is one for all. EOPNOTSUPP: an immutable
				 * leaf or a tuple.
				 */
	REFHEAP_OP_DEREF,	/* a: weak reference => ref, or value 0 when its
				 * referent is dead
				 */
	REFHEAP_OP_WEAKREFS,	/* a: object, b: weak reference to go on after, 0 to
				 * begin, arg: how many at most, 0 for 1 => their ids
				 * into the output, newest first but for the shared
				 * one, which is the first; info: their number; value:
				 * how many there are in all. The session has a
				 * reference more to each.
				 */
	REFHEAP_OP_DISARM,	/* a: weak reference => value: 1 when its callback had
				 * yet to run and now never will
				 */
	/*
	 * => ref. The operations of a dict or set. What is held weakly is the
	 * value, the key, the member; EOPNOTSUPP when it cannot be.
	 */
	REFHEAP_OP_WEAK_VALUE_DICT,
	REFHEAP_OP_WEAK_KEY_DICT,
	REFHEAP_OP_WEAK_SET,

	/* Finalizers. */
	REFHEAP_OP_FINALIZED,	/* a: object of a FINALIZE event: the finalizer has
				 * ended; the reference that came with it is dropped
				 */
	REFHEAP_OP_ADOPT,	/* a: 1: finalizers of sessions that are gone come to
				 * this one; 0: no longer
				 */
	/*
	 * Goes on with the collection that the session asked for last: frees
	 * what the finalizers that have ended did not bring back => value:
	 * collected + uncollectable so far; info: finalizers of the heap that
	 * have not ended.
	 */
	REFHEAP_OP_COLLECT_FINISH,

	/*
	 * Frames. A session has a stack of them; what it takes belongs to the
	 * topmost, what it drops is taken from the topmost that has it.
	 */
	REFHEAP_OP_FRAME_PUSH,	/* => value: how deep the stack is now */
	REFHEAP_OP_FRAME_POP,	/* a: that number, 0 for the topmost whatever it is:
				 * drops what the frame holds. EINVAL: another frame
				 * is the topmost, or there is none.
				 */
	REFHEAP_OP_HAND_OUT,	/* a: object: one reference of the topmost frame is
				 * the next frame's from now on; arg 1: no frame's
				 */

	/* Dicts in the order of use. */
	REFHEAP_OP_MOVE_TO_END,	/* a: dict, key => ref to the value; its entry is the
				 * newest now
				 */
	REFHEAP_OP_POP_OLDEST,	/* a: dict, b: takes the oldest entries out until there
				 * are no more than so many => value: how many went
				 */

	/* History of takes and drops, of one object or of all of a type. */
	REFHEAP_OP_SITE,	/* data: where in a program, such as file:line =>
				 * value: its number for struct refheap_batch
				 */
	REFHEAP_OP_HISTORY,	/* a: object, b: how many changes to keep, 0 for none,
				 * at most REFHEAP_HISTORY_MAX
				 */
	REFHEAP_OP_TYPE_HISTORY, /* arg: type, b: likewise, for instances from now on */
	/*
	 * a: object => struct refheap_change into the output, the oldest first;
	 * info: their number; value: how many there have been. ENODATA: none is
	 * kept.
	 */
	REFHEAP_OP_HISTORY_READ,

	/* Dicts, in one step. */
	REFHEAP_OP_SET_DEFAULT,	/* a: dict, key, c: value for a key that is not there
				 * => ref to the value that is there now; info: 1
				 * when it is c and the key was missing, else 0
				 */

	/* The whole heap at once. */
	REFHEAP_OP_SCAN,	/* b: cursor, 0 to begin, arg: flags, see below => as many
				 * struct refheap_scan into the output as fit; info:
				 * their number; value: next cursor, 0 at the end.
				 * ENOSPC: not even one fits.
				 */

	/* Where memory comes from. See struct refheap_traced. */
	REFHEAP_OP_TRACE,	/* a: what to do, see below => value: 1 when the heap
				 * was traced before, else 0
				 */
	REFHEAP_OP_TRACE_STAT,	/* => struct refheap_traced into the output */
	REFHEAP_OP_TRACE_READ,	/* b: cursor, 0 to begin => as many struct
				 * refheap_trace_site into the output as fit; info:
				 * their number; value: next cursor, 0 at the end.
				 * ENOSPC: not even one fits.
				 */
	REFHEAP_OP_TRACE_OF,	/* a: object => info: 1 when its birth was traced, else
				 * 0; value: id of the site as a str, 0 when unknown
				 */

	/* Lists, in one step. */
	REFHEAP_OP_EXTEND,	/* a: list, ids: appended in their order */

	/*
	 * arg: type, a: how many instances of it, up to REFHEAP_MAX_INSTANCES with
	 * up to REFHEAP_MAX_IDS slots in all; ids: values of the first slots of the
	 * first instance, of as many of the second one, and so on; 0 leaves one
	 * unset, REFHEAP_ID_MADE() is one of them => their ids into the output, each
	 * a reference of the session; value: their number. A collection that is due
	 * runs before the first one. EINVAL: ids are no multiple of a, or there are
	 * not so many slots. EOPNOTSUPP: they have a finalizer. ENOSPC: no room for
	 * all.
	 */
	REFHEAP_OP_INSTANCES,
	__REFHEAP_OP_MAX,
};

/*
 * REFHEAP_OP_TRACE: a. All but START do nothing when the heap is not traced. Of
 * START b, c and arg say how, see struct refheap_traced: b is the number of
 * frames (0: 1), c the sample, arg the flags.
 */
#define REFHEAP_TRACE_STOP	0 /* and forget everything */
#define REFHEAP_TRACE_START	1 /* go on as it is when it is traced */
#define REFHEAP_TRACE_CLEAR	2 /* forget what has been booked, and go on */
#define REFHEAP_TRACE_RESET_PEAK 3 /* the peak is what there is now */

#define REFHEAP_TRACE_FRAMES_MAX 64
#define REFHEAP_TRACE_SAMPLE_MAX (1U << 30) /* bytes */
#define REFHEAP_TRACE_SAMPLE_BIRTHS_MAX (1U << 20)

/* struct refheap_traced: flags */
#define REFHEAP_TRACE_BIRTHS	(1U << 0) /* the sample is of births, not of bytes */

/**
 * struct refheap_traced - what is known of all objects that were traced
 * @bytes: that those alive take, as the allocator charges them
 * @peak: most of that since the start, CLEAR or RESET_PEAK
 * @count: how many are alive
 * @births: how many were born
 * @overhead: memory that tracing itself takes; no limit of bytes counts it, but
 *	it is charged like all memory of the heap
 * @since_ns: CLOCK_MONOTONIC of the start, 0 when the heap is not traced
 * @on: 1 when it is, else 0
 * @sites: records that REFHEAP_OP_TRACE_READ gives at most
 * @frames: how many frames those who make objects are to tell at most
 * @flags: REFHEAP_TRACE_BIRTHS
 * @sample: 0 when each birth is booked; else one for so many bytes, or births,
 *	on average
 * @samples: of those alive that stand for others, too, how many there are
 * @byte_squares: variance of @bytes, in units of @byte_unit squared
 * @byte_unit: bytes
 * @count_squares: variance of @count, in 64ths
 *
 * While a heap is traced each birth is booked on the site of its batch, whoever
 * makes it; so is what the object takes, until it dies. When there is no memory
 * to book a birth, it fails with ENOMEM. Sites themselves are not booked.
 *
 * A site is text: lines, of which the first is the most recent frame and each
 * further one who called it. The kernel does not look into it.
 *
 * With a sample of R bytes what is born forms a row, one object after the other,
 * and on that row lie points with distances of which each is random, has an
 * exponential distribution, and the mean R. An object with h points is booked as
 * h R / s objects of its size s, one with none is not booked. So each figure is
 * right on average, and the sum of h (R / s)^2, each times the square of what
 * counts, estimates its variance. What takes R bytes or more is not on the row
 * but booked as itself, and has no part in the variance. With REFHEAP_TRACE_BIRTHS
 * likewise, and each object is as long as any other.
 */
struct refheap_traced {
	__u64 bytes;
	__u64 peak;
	__u64 count;
	__u64 births;
	__u64 overhead;
	__u64 since_ns;
	__u32 on;
	__u32 sites;
	__u32 frames;
	__u32 flags;
	__u64 sample;
	__u64 samples;
	__u64 byte_squares;
	__u64 byte_unit;
	__u64 count_squares;
};

/**
 * struct refheap_trace_site - record of REFHEAP_OP_TRACE_READ
 * @site: id of a str, 0 for objects whose batch had no site
 * @bytes: that objects from there take that are alive
 * @count: how many these are
 * @births: how many were born there
 * @samples: as of struct refheap_traced, for what is booked here
 * @byte_squares: likewise
 * @count_squares: likewise
 */
struct refheap_trace_site {
	__u64 site;
	__u64 bytes;
	__u64 count;
	__u64 births;
	__u64 samples;
	__u64 byte_squares;
	__u64 count_squares;
};

/* REFHEAP_OP_SCAN: arg */
#define REFHEAP_SCAN_EDGES	(1U << 0) /* with the edges of containers */
#define REFHEAP_SCAN_PAYLOAD	(1U << 1) /* with the payload of leaves */

#define REFHEAP_SCAN_EDGES_MAX	4096	/* edges in one record */
#define REFHEAP_SCAN_PAYLOAD_MAX 4096	/* longer payload is left out: see length */

/**
 * struct refheap_scan - a record of REFHEAP_OP_SCAN: one object
 * @id: of the object
 * @changes: how often the heap had changed; grows with every birth, death and
 *	change of an edge: the same in all records of a scan that nobody disturbed
 * @sizeof_: metadata and block, as the allocator charges them
 * @length: as in struct refheap_info
 * @refcount: references
 * @type: of an instance, else 0
 * @flags: REFHEAP_INFO_*
 * @first: edges before those of this record; an object with more than
 *	REFHEAP_SCAN_EDGES_MAX has several records one after the other
 * @n: edges, or bytes of payload, that follow
 * @kind: enum refheap_kind
 * @generation: 0 to 2; 3 permanent
 *
 * Followed by @n edges, which are slots (__u32), 0 for none: the cells of the
 * object in their order. Those of a dict and of a dict-backed instance are key,
 * value, key, value …; of a set, members; of a slotted instance, its slots; of a
 * weak container, weak references in place of what it holds weakly. A weak
 * reference has one: its referent, which it does not keep. Or by @n bytes of
 * payload. Records are aligned to 8.
 */
struct refheap_scan {
	__u64 id;
	__u64 changes;
	__u64 sizeof_;
	__u64 length;
	__u32 refcount;
	__u32 type;
	__u32 flags;
	__u32 first;
	__u32 n;
	__u16 kind;
	__u16 generation;
};

/* REFHEAP_OP_WEAKREF: arg */
#define REFHEAP_WEAKREF_CALLBACK (1U << 0) /* an event when the referent dies */
#define REFHEAP_WEAKREF_ATEXIT	(1U << 1) /* with CALLBACK: also when the session ends */

#define REFHEAP_HISTORY_MAX	256	/* changes kept of one object */

/*
 * Weak references and finalizers
 * ------------------------------
 *
 * A weak reference with a callback is the obligation to tell the session that
 * made it of the death of its referent: a WEAKREF event, once, unless the weak
 * reference dies first. An instance of a type with a finalizer is likewise an
 * obligation to the session that made it: a FINALIZE event, once, when nobody
 * refers to it any more or when a collection finds it in dead cycles. The
 * memory for both is set aside when the obligation is made. Such events come
 * without being subscribed to, cannot be lost, and have no number (seq 0).
 *
 * With either event the session gets one reference to its object, which belongs
 * to no frame. (read() fails with ENOMEM, EDQUOT or EOVERFLOW when that of an
 * orphan cannot be booked; the event stays.) To give up
 * that of a FINALIZE event, with REFHEAP_OP_FINALIZED or by dropping all that
 * the session has of it, lets the object die; who stores it elsewhere brings
 * it back, and its finalizer will not run again.
 *
 * When the session that made it is gone, a session that adopts orphans
 * (REFHEAP_OP_ADOPT) gets a FINALIZE event and the WEAKREF event of ATEXIT,
 * with ADOPTED. When there is none a finalizer is skipped, and counted so.
 *
 *
 * Liveness words
 * --------------
 *
 * Whether an object is alive can be read from memory. For every slot there is
 * a __u32 at offset REFHEAP_LIVENESS_WORDS + 4 * slot, to be mapped with
 * PROT_READ and MAP_SHARED in pieces of REFHEAP_LIVENESS_BYTES, aligned to
 * that (ENOENT: no object has ever been there). An object is dead when the word
 * differs from the tag of its id, and alive when it does not, provided that the
 * __u32 at offset REFHEAP_LIVENESS_STATE, mapped likewise but one page long, has
 * been even before and the same after the word was read. It is odd while a
 * collection is about to free what it has found dead: ask with REFHEAP_OP_INFO
 * then. All words are 0 once the heap has been removed.
 *
 * Behind the state is what those need who tell where births come from; see
 * struct refheap_state.
 */
#define REFHEAP_LIVENESS_WORDS	(1ULL << 62)
#define REFHEAP_LIVENESS_STATE	(1ULL << 62 | 1ULL << 40)
#define REFHEAP_LIVENESS_BYTES	32768U

/**
 * struct refheap_state - the page at REFHEAP_LIVENESS_STATE
 * @collections: the state
 * @frames: how many frames are to be told for a birth at most; 0: nobody asks
 * @quiet: births that take no more than so many bytes in all, or with
 *	REFHEAP_TRACE_BIRTHS so many births, will not be booked, as far as others
 *	do not make any: their frames are not worth being found out
 * @flags: REFHEAP_TRACE_BIRTHS
 * @reserved: zero
 */
struct refheap_state {
	__u32 collections;
	__u32 frames;
	__u64 quiet;
	__u32 flags;
	__u32 reserved;
};

/*
 * Mapping payload
 * ---------------
 *
 * mmap() takes MAP_SHARED, what REFHEAP_OP_VIEW has given, and PROT_WRITE only
 * for a bytearray and a session that may write.
 *
 * A mapping holds no reference, neither to the object nor to the session. When
 * the object dies, or the heap is removed, the next access through it is a
 * SIGBUS. Hold a reference from before REFHEAP_OP_VIEW until mmap() has
 * returned: the offset names a slot, which another object may have by then.
 *
 * REFHEAP_OP_RESIZE and REFHEAP_OP_CLEAR can move payload. A mapping made
 * before then shows it where it is now, or is a SIGBUS. Ask for the view again
 * after them, and map again.
 *
 * The first and the last page may show bytes of other objects of the heap.
 *
 * The pages cannot be pinned: direct I/O, vmsplice(), and fixed buffers of
 * io_uring get EFAULT, a debugger cannot read them, a core dump has none of
 * them. read() and write() with them as buffer work.
 *
 * A 32-bit process cannot express the offsets of slots from 8192 on.
 */

/* Flags of an operation. */
#define REFHEAP_OPF_A_RESULT	(1U << 0) /* a is the index of an earlier operation: its value */
#define REFHEAP_OPF_B_RESULT	(1U << 1) /* likewise b */
#define REFHEAP_OPF_C_RESULT	(1U << 2) /* likewise c */
#define REFHEAP_OPF_ARG_RESULT	(1U << 3) /* likewise arg */
#define REFHEAP_OPF_IDS_RESULT	(1U << 4) /* ids with REFHEAP_ID_RESULT() are such indexes */
#define REFHEAP_OPF_KEY_STR	(1U << 5) /* the key is the string in data */
#define REFHEAP_OPF_TEMP	(1U << 6) /* drop the reference of the result when the batch ends */

/* In ids, with REFHEAP_OPF_IDS_RESULT: the value of operation n of the batch. */
#define REFHEAP_ID_RESULT(n)	(0xffffffff00000000ULL | (__u32)(n))

/* In ids of REFHEAP_OP_INSTANCES: the instance n, from 0, that it makes itself. */
#define REFHEAP_ID_MADE(n)	((__u64)(n) + 1)

/**
 * struct refheap_op - one operation of a batch
 * @code: enum refheap_opcode
 * @flags: REFHEAP_OPF_*
 * @arg: see the operation
 * @a: the object that is operated on
 * @b: index, key, offset: see the operation
 * @c: value: see the operation
 * @data_off: where this operation's input begins in the batch's input
 * @data_len: its length in bytes
 */
struct refheap_op {
	__u16 code;
	__u16 flags;
	__u32 arg;
	__u64 a;
	__u64 b;
	__u64 c;
	__u32 data_off;
	__u32 data_len;
};

/**
 * struct refheap_result - result of one operation
 * @error: 0 or a negative errno
 * @info: see the operation
 * @value: see the operation
 * @out_off: where this operation's output begins in the batch's output
 * @out_len: its length in bytes
 */
struct refheap_result {
	__s32 error;
	__u32 info;
	__u64 value;
	__u32 out_off;
	__u32 out_len;
};

/* REFHEAP_IOC_BATCH: flags */
#define REFHEAP_BATCH_CONTINUE	(1U << 0) /* go on after an operation that failed */

/**
 * struct refheap_batch - REFHEAP_IOC_BATCH: execute operations in order
 * @size: size of this structure
 * @flags: REFHEAP_BATCH_*
 * @ops: pointer to an array of @count struct refheap_op
 * @results: pointer to an array of @count struct refheap_result
 * @in: pointer to @in_len bytes of input
 * @out: pointer to @out_len bytes of room for output
 * @count: number of operations, 1 to REFHEAP_MAX_OPS
 * @done: in: the operation to begin with, 0 for a new batch; out: how many
 *        operations have a result. A batch that was stopped by a signal
 *        returns 0 with @done < @count and no error in results[@done - 1]:
 *        the same call goes on (results and @out_used as they were left).
 * @in_len: bytes
 * @out_len: bytes
 * @out_used: in and out: bytes of output used; 0 for a new batch
 * @site: where in a program these operations come from: 0, or of
 *        REFHEAP_OP_SITE
 *
 * The batch ends at the first operation that fails, unless CONTINUE is set;
 * an operation that uses the result of a failed one fails with ECANCELED. The
 * call itself returns 0 whether operations fail or not.
 */
struct refheap_batch {
	__u32 size;
	__u32 flags;
	__u64 ops;
	__u64 results;
	__u64 in;
	__u64 out;
	__u32 count;
	__u32 done;
	__u32 in_len;
	__u32 out_len;
	__u32 out_used;
	__u32 site;
};

/* An entry of a container, from REFHEAP_OP_NEXT. */
struct refheap_entry {
	__u64 key;	/* dict: key; set: member; list and tuple: 0; instance: name */
	__u64 value;	/* set: 0 */
	__u64 index;	/* list and tuple: index; else 0 */
};

/* struct refheap_info: flags, and REFHEAP_A_OBJECT_FLAGS */
#define REFHEAP_INFO_TRACKED	(1U << 0) /* the collector looks at it */
#define REFHEAP_INFO_INTERNED	(1U << 1)
#define REFHEAP_INFO_IMMORTAL	(1U << 2)
#define REFHEAP_INFO_FROZEN	(1U << 3) /* in the permanent generation */
#define REFHEAP_INFO_GARBAGE	(1U << 4) /* in the heap's garbage */
#define REFHEAP_INFO_MAPPED	(1U << 5) /* has been mapped */
#define REFHEAP_INFO_FINALIZED	(1U << 6) /* its finalizer has been run, or skipped */
#define REFHEAP_INFO_FINALIZER	(1U << 7) /* its type has a finalizer */
#define REFHEAP_INFO_CALLBACK	(1U << 8) /* weak reference: its callback has yet to run */

/* What is known of one object; sizes in bytes. */
struct refheap_info {
	__u64 id;
	__u64 sizeof_;	/* metadata and block, as the allocator charges them */
	__u64 length;	/* items, entries, attributes or bytes */
	__u64 value;	/* bool, int: the value; float: its bits; weak reference: id
			 * of the referent, 0 when it is dead; else 0
			 */
	__u32 refcount;
	__u32 held;	/* how many of those references are this session's */
	__u16 kind;	/* enum refheap_kind */
	__u16 generation; /* 0 to 2; 3 permanent */
	__u32 type;	/* of an instance; else 0 */
	__u32 flags;	/* REFHEAP_INFO_* */
	__u32 weakrefs;	/* how many weak references to it there are */
};

/* Changes of an object's count, and struct refheap_change: what */
#define REFHEAP_CHANGE_TAKE	1
#define REFHEAP_CHANGE_DROP	2

/**
 * struct refheap_change - one take or drop of an object
 * @time_ns: CLOCK_MONOTONIC, to a few milliseconds
 * @session: number of the session that did it, 0 for the heap itself
 * @site: str that says where in its program, or 0
 * @what: REFHEAP_CHANGE_*
 * @refcount: after it, as struct refheap_info has it
 */
struct refheap_change {
	__u64 time_ns;
	__u64 site;
	__u32 session;
	__u16 what;
	__u16 reserved;
	__u32 refcount;
	__u32 reserved2;
};

/* REFHEAP_OP_TYPE_NEW: flags */
#define REFHEAP_TYPE_DICT	(1U << 0) /* any attribute; else only its slots */
#define REFHEAP_TYPE_FINALIZER	(1U << 1) /* what is derived from it has it, too */
#define REFHEAP_TYPE_LEGACY	(1U << 2) /* a finalizer that keeps cycles from being
					   * freed, as before PEP 442
					   */

/*
 * A type. Followed by the name (name_len bytes) and then by nslots slot names,
 * each a __u16 length and its bytes, without padding. The slots of the base
 * come first in an instance. A base with slots may be refined with a dict, not
 * the other way round.
 */
struct refheap_type_new {
	__u32 flags;
	__u32 base;	/* type, or 0 */
	__u16 name_len;
	__u16 nslots;
	__u32 reserved;
};

/* REFHEAP_IOC_SUBSCRIBE: events */
#define REFHEAP_EVENT_GC_START	(1U << 0)
#define REFHEAP_EVENT_GC_STOP	(1U << 1)
#define REFHEAP_EVENT_LIMIT	(1U << 2)
/* These come without being asked for. */
#define REFHEAP_EVENT_WEAKREF	(1U << 3)
#define REFHEAP_EVENT_FINALIZE	(1U << 4)

/* WEAKREF, FINALIZE: the session that made it is gone. */
#define REFHEAP_EVENT_ADOPTED	(1U << 0)

/**
 * struct refheap_subscribe - REFHEAP_IOC_SUBSCRIBE: which events to read
 * @size: size of this structure
 * @mask: REFHEAP_EVENT_*: replaces what was asked for before
 */
struct refheap_subscribe {
	__u32 size;
	__u32 mask;
};

/**
 * struct refheap_event - what read() returns, one or more of them
 * @type: REFHEAP_EVENT_*, one bit
 * @generation: GC_START, GC_STOP: generation collected; WEAKREF, FINALIZE:
 *         REFHEAP_EVENT_ADOPTED or 0
 * @collected: GC_STOP: objects freed
 * @uncollectable: GC_STOP
 * @seq: counts the events subscribed to; a gap says how many were lost
 * @time_ns: CLOCK_MONOTONIC; WEAKREF, FINALIZE: of being read
 * @value: GC_STOP: the longest time in ns that the heap was held in one go;
 *         LIMIT: the bytes in use when an operation was refused for want of
 *         memory; WEAKREF: what it was made with; FINALIZE: the type
 * @object: WEAKREF: the weak reference; FINALIZE: the object; the session has
 *         one reference more to it
 * @referent: WEAKREF: id of what died, or 0 when it lives (ATEXIT)
 */
struct refheap_event {
	__u32 type;
	__u32 generation;
	__u64 collected;
	__u64 uncollectable;
	__u64 seq;
	__u64 time_ns;
	__u64 value;
	__u64 object;
	__u64 referent;
};

/**
 * struct refheap_export - REFHEAP_IOC_EXPORT: put a reference into a descriptor
 * @size: size of this structure
 * @flags: zero
 * @object: id of the object
 * @fd: out: a descriptor that holds a reference of its own to it until it is
 *      closed; to be passed to another process, over a Unix socket for example
 * @reserved: zero
 */
struct refheap_export {
	__u32 size;
	__u32 flags;
	__u64 object;
	__s32 fd;
	__u32 reserved;
};

/**
 * struct refheap_import - REFHEAP_IOC_IMPORT: take what a descriptor holds
 * @size: size of this structure
 * @fd: of REFHEAP_IOC_EXPORT, of the heap that the session is attached to
 * @object: out: id of the object; the session has one reference more to it
 */
struct refheap_import {
	__u32 size;
	__s32 fd;
	__u64 object;
};

#define REFHEAP_IOC_MAGIC	0xf4
#define REFHEAP_IOC_ATTACH	_IOWR(REFHEAP_IOC_MAGIC, 0x00, struct refheap_attach)
#define REFHEAP_IOC_BATCH	_IOWR(REFHEAP_IOC_MAGIC, 0x01, struct refheap_batch)
#define REFHEAP_IOC_SUBSCRIBE	_IOW(REFHEAP_IOC_MAGIC, 0x02, struct refheap_subscribe)
#define REFHEAP_IOC_EXPORT	_IOWR(REFHEAP_IOC_MAGIC, 0x03, struct refheap_export)
#define REFHEAP_IOC_IMPORT	_IOWR(REFHEAP_IOC_MAGIC, 0x04, struct refheap_import)

/*
 * Generic netlink
 * ---------------
 *
 * Every request names a heap by REFHEAP_A_HEAP_ID, or by REFHEAP_A_HEAP_NAME
 * and, for another's, REFHEAP_A_HEAP_OWNER; only HEAP_GET as a dump needs
 * none. HEAP_SET and HEAP_DEL need to be its owner or CAP_SYS_ADMIN, GC_SET
 * needs permission to read and to write, all else to read. Who has opened the
 * socket needs the same rights as who sends the request. A heap that the caller
 * may neither read nor write nor control is ENOENT; one that he may not control
 * is EPERM if he may read it and else ENOENT; what else is not allowed is
 * EACCES.
 *
 * Dumps carry NLM_F_DUMP_INTR when the heap changed in a way that may have
 * made the dump miss or repeat something. While a filter finds nothing, a dump
 * may contain NLMSG_NOOP, which means nothing.
 */
#define REFHEAP_GENL_NAME	"refheap"
#define REFHEAP_GENL_VERSION	1
#define REFHEAP_GENL_MCGRP_HEAP	"heap"	/* heaps made, changed, removed; sessions; limits */
#define REFHEAP_GENL_MCGRP_GC	"gc"	/* collections started and stopped */
#define REFHEAP_GENL_MCGRP_OBJECT "object" /* births, deaths, callbacks, finalizers */

enum refheap_cmd {
	REFHEAP_CMD_UNSPEC,
	REFHEAP_CMD_HEAP_GET,	/* do, dump: name, owner, mode, limits, use */
	REFHEAP_CMD_HEAP_SET,	/* mode, limits, gid */
	REFHEAP_CMD_HEAP_DEL,	/* remove: sessions get EIDRM from then on */
	REFHEAP_CMD_GC_GET,	/* do: thresholds, counts, enabled, debug, statistics */
	REFHEAP_CMD_GC_SET,	/* thresholds, enabled, debug */
	REFHEAP_CMD_OBJECT_GET,	/* do: one by id; dump: all, filtered by
				 * REFHEAP_A_FILTER_*
				 */
	REFHEAP_CMD_TYPE_GET,	/* dump: types, with instances and bytes; also the
				 * built-in kinds; a type whose slots do not fit
				 * into a message comes again with the others
				 */
	REFHEAP_CMD_ARENA_GET,	/* dump: one message a class, then one an arena, then totals */
	REFHEAP_CMD_SESSION_GET, /* dump: sessions of the heap */
	REFHEAP_CMD_NTF_HEAP,	/* multicast */
	REFHEAP_CMD_NTF_GC,	/* multicast */
	REFHEAP_CMD_HOLDER_GET,	/* dump: sessions that hold REFHEAP_A_OBJECT_ID */
	REFHEAP_CMD_NTF_OBJECT,	/* multicast */
	__REFHEAP_CMD_MAX,
};

#define REFHEAP_CMD_MAX (__REFHEAP_CMD_MAX - 1)

enum refheap_attr {
	REFHEAP_A_UNSPEC,
	REFHEAP_A_PAD,

	/* Heap. */
	REFHEAP_A_HEAP_ID,		/* u32 */
	REFHEAP_A_HEAP_NAME,		/* string */
	REFHEAP_A_HEAP_OWNER,		/* u32 uid */
	REFHEAP_A_HEAP_GROUP,		/* u32 gid */
	REFHEAP_A_HEAP_MODE,		/* u32 */
	REFHEAP_A_HEAP_MAX_BYTES,	/* u64 */
	REFHEAP_A_HEAP_MAX_OBJECTS,	/* u64 */
	REFHEAP_A_HEAP_BYTES,		/* u64: metadata and blocks of live objects */
	REFHEAP_A_HEAP_RESERVED,	/* u64: bytes of arenas and tables */
	REFHEAP_A_HEAP_OBJECTS,		/* u64 */
	REFHEAP_A_HEAP_SESSIONS,	/* u32 */
	REFHEAP_A_HEAP_NAMES,		/* u64: entries of the root namespace */
	REFHEAP_A_HEAP_BIRTHS,		/* u64 */
	REFHEAP_A_HEAP_DEATHS,		/* u64 */

	/* Collector. */
	REFHEAP_A_GC_ENABLED,		/* u8 */
	REFHEAP_A_GC_DEBUG,		/* u32: REFHEAP_DEBUG_* */
	REFHEAP_A_GC_COLLECTING,	/* u8: 1 + generation, 0 when none runs */
	REFHEAP_A_GC_FROZEN,		/* u64: objects in the permanent generation */
	REFHEAP_A_GC_GARBAGE,		/* u64: objects in garbage */
	REFHEAP_A_GC_LONG_LIVED_PENDING, /* u64 */
	REFHEAP_A_GC_LONG_LIVED_TOTAL,	/* u64 */
	REFHEAP_A_GC_LONGEST_HOLD,	/* u64 ns: of the last full collection */
	REFHEAP_A_GC_DURATION,		/* u64 ns: of the last full collection */
	REFHEAP_A_GC_GENERATION,	/* nested, three times: */
	REFHEAP_A_GEN_INDEX,		/* u32 */
	REFHEAP_A_GEN_THRESHOLD,	/* u32 */
	REFHEAP_A_GEN_COUNT,		/* u32 */
	REFHEAP_A_GEN_OBJECTS,		/* u64: tracked objects in it */
	REFHEAP_A_GEN_COLLECTIONS,	/* u64 */
	REFHEAP_A_GEN_COLLECTED,	/* u64 */
	REFHEAP_A_GEN_UNCOLLECTABLE,	/* u64 */

	/* Object. */
	REFHEAP_A_OBJECT_ID,		/* u64 */
	REFHEAP_A_OBJECT_KIND,		/* u32: enum refheap_kind */
	REFHEAP_A_OBJECT_TYPE,		/* u32 */
	REFHEAP_A_OBJECT_REFCOUNT,	/* u32 */
	REFHEAP_A_OBJECT_SIZEOF,	/* u64 */
	REFHEAP_A_OBJECT_LENGTH,	/* u64 */
	REFHEAP_A_OBJECT_GENERATION,	/* u32 */
	REFHEAP_A_OBJECT_FLAGS,		/* u32: REFHEAP_INFO_* */
	REFHEAP_A_OBJECT_VALUE,		/* binary: the first 64 bytes of the payload */
	REFHEAP_A_OBJECT_EDGES,		/* u32: referrers: edges to the object asked for */

	/* Filters of object dumps. */
	REFHEAP_A_FILTER_GENERATION,	/* u32: only tracked objects of it */
	REFHEAP_A_FILTER_REFERRERS,	/* u64: only what refers to that object */
	REFHEAP_A_FILTER_REFERENTS,	/* u64: only what that object refers to */
	REFHEAP_A_FILTER_TYPE,		/* u32 */
	REFHEAP_A_FILTER_KIND,		/* u32 */
	REFHEAP_A_FILTER_GARBAGE,	/* flag: only what is in garbage */
	REFHEAP_A_FILTER_TRACKED,	/* flag: only what is tracked */

	/* Type. */
	REFHEAP_A_TYPE_ID,		/* u32: 0 for a built-in kind */
	REFHEAP_A_TYPE_KIND,		/* u32 */
	REFHEAP_A_TYPE_NAME,		/* string */
	REFHEAP_A_TYPE_BASE,		/* u32 */
	REFHEAP_A_TYPE_FLAGS,		/* u32: REFHEAP_TYPE_* */
	REFHEAP_A_TYPE_SLOT,		/* string, once for each slot, those of the base first */
	REFHEAP_A_TYPE_OBJECTS,		/* u64 */
	REFHEAP_A_TYPE_BYTES,		/* u64 */

	/* Arenas. */
	REFHEAP_A_ARENA_SPACE,		/* u32: enum refheap_space */
	REFHEAP_A_ARENA_INDEX,		/* u32: of one arena */
	REFHEAP_A_ARENA_BYTES,		/* u64 */
	REFHEAP_A_ARENA_PAGES_FREE,	/* u32 */
	REFHEAP_A_ARENA_PAGES,		/* u32 */
	REFHEAP_A_CLASS_BYTES,		/* u32: of one size class: bytes of a block */
	REFHEAP_A_CLASS_POOLS,		/* u64 */
	REFHEAP_A_CLASS_USED,		/* u64: blocks */
	REFHEAP_A_CLASS_FREE,		/* u64: blocks */
	REFHEAP_A_TABLE_BYTES,		/* u64: totals: of the object table */
	REFHEAP_A_TABLE_SLOTS,		/* u64 */
	REFHEAP_A_METADATA_MILLIBYTES,	/* u64: metadata per slot, in thousandths of a byte */
	REFHEAP_A_LARGE_BLOCKS,		/* u64: totals: blocks of whole pages */
	REFHEAP_A_LARGE_BYTES,		/* u64 */

	/* Session. */
	REFHEAP_A_SESSION_ID,		/* u32 */
	REFHEAP_A_SESSION_PID,		/* u32: of the process that attached it */
	REFHEAP_A_SESSION_COMM,		/* string */
	REFHEAP_A_SESSION_UID,		/* u32 */
	REFHEAP_A_SESSION_HELD,		/* u64: references held */
	REFHEAP_A_SESSION_SINCE,	/* u64 ns, CLOCK_MONOTONIC */

	/* Notifications. */
	REFHEAP_A_NTF_SEQ,		/* u64: counts the messages of the group; of "object"
					 * its records: the number of the first one
					 */
	REFHEAP_A_NTF_EVENT,		/* u32: enum refheap_ntf */
	REFHEAP_A_NTF_TIME,		/* u64 ns, CLOCK_MONOTONIC */

	/* Collector: on a timer, and finalizers. */
	REFHEAP_A_GC_PERIOD,		/* u64 ms between collections on a timer, 0 for none */
	REFHEAP_A_GC_PERIOD_GENERATION,	/* u32: what the timer collects */
	REFHEAP_A_GC_PENDING,		/* u64: finalizers that have not ended */
	REFHEAP_A_GC_FINALIZED,		/* u64: finalizers handed out ever */
	REFHEAP_A_GC_SKIPPED,		/* u64: finalizers that nobody was there for */

	/* Object. */
	REFHEAP_A_OBJECT_WEAKREFS,	/* u32: weak references to it */
	REFHEAP_A_OBJECT_REFERENT,	/* u64: of a weak reference, 0 when it is dead */

	/* Session. */
	REFHEAP_A_SESSION_FRAMES,	/* u32: how deep its stack of frames is */
	REFHEAP_A_SESSION_EVENTS,	/* u64: WEAKREF and FINALIZE events not read yet */
	REFHEAP_A_SESSION_EXPORT,	/* flag: it is a descriptor of REFHEAP_IOC_EXPORT */

	/* Holders of one object: as for a session, and: */
	REFHEAP_A_HOLD_COUNT,		/* u32: references of that session to the object */
	REFHEAP_A_HOLD_SINCE,		/* u64 ns, CLOCK_MONOTONIC: without a break since */
	REFHEAP_A_HOLD_FRAME,		/* u32: innermost frame that has one, 0 for none */

	/* Notifications. Of the group "object" one message has many records. */
	REFHEAP_A_NTF_RECORD,		/* nested: NTF_EVENT, NTF_TIME, OBJECT_ID,
					 * OBJECT_KIND, OBJECT_TYPE
					 */

	/* Arenas. */
	REFHEAP_A_ARENA_USE,		/* u32: enum refheap_arena_use */
	REFHEAP_A_ARENA_POOLS,		/* binary: struct refheap_pool, REFHEAP_ARENA_POOLS_MAX
					 * of them at most; not of REFHEAP_ARENA_USE_ONE
					 */

	/* Collector: of one generation, ever. */
	REFHEAP_A_GEN_ENTERED,		/* u64: tracked objects that came into it */
	REFHEAP_A_GEN_LEFT,		/* u64: those that went on to another */
	REFHEAP_A_GEN_UNTRACKED,	/* u64: those found to be in no cycle, and left alone */
	REFHEAP_A_GEN_DIED,		/* u64: those that died in it */

	/* Collector: how long the collections of one generation took, ever. */
	REFHEAP_A_GEN_DURATION,		/* u64 ns, added up */
	REFHEAP_A_GEN_HOLD_LONGEST,	/* u64 ns: that one held others up in one go */
	REFHEAP_A_GEN_HOLD_TOTAL,	/* u64 ns: the longest such time of each, added up */
	REFHEAP_A_GEN_HOLDS,		/* binary: u64, REFHEAP_HOLD_BUCKETS times: how many
					 * collections had their longest such time below each
					 * bound, and above the one before
					 */

	/* Heap, ever. */
	REFHEAP_A_HEAP_REFUSALS,	/* u64: operations refused for want of memory */
	REFHEAP_A_HEAP_EVENTS_LOST,	/* u64: events that sessions did not read in time */
	REFHEAP_A_HEAP_TRACED,		/* binary: struct refheap_traced */

	__REFHEAP_A_MAX,
};

#define REFHEAP_A_MAX (__REFHEAP_A_MAX - 1)

/* Bounds of REFHEAP_A_GEN_HOLDS, nanoseconds, inclusive; the last has none. */
#define REFHEAP_HOLD_BUCKETS	10
#define REFHEAP_HOLD_BOUNDS {							\
	10000, 25000, 50000, 100000, 250000, 500000, 1000000, 10000000, 100000000, \
}

/* Debug flags: the values of Python's gc module. */
#define REFHEAP_DEBUG_STATS		1
#define REFHEAP_DEBUG_COLLECTABLE	2
#define REFHEAP_DEBUG_UNCOLLECTABLE	4
#define REFHEAP_DEBUG_SAVEALL		32
#define REFHEAP_DEBUG_LEAK		38

/* Spaces of the arena allocator. */
enum refheap_space {
	REFHEAP_SPACE_REFS,	/* edges; never mapped */
	REFHEAP_SPACE_CONST,	/* payload of immutable objects; mapped read-only */
	REFHEAP_SPACE_MUTABLE,	/* payload of bytearrays */
	__REFHEAP_SPACE_MAX,
};

/* What an arena is cut into. */
enum refheap_arena_use {
	REFHEAP_ARENA_USE_POOLS = 1,	/* pools of 16 KiB, with blocks of one class each */
	REFHEAP_ARENA_USE_RUNS,	/* runs of pages */
	REFHEAP_ARENA_USE_ONE,	/* it is one block */
};

#define REFHEAP_ARENA_POOLS_MAX	64	/* pools of one arena */

/**
 * struct refheap_pool - what is in a pool, or in as many pages
 * @block_bytes: of one block, or of a page; 0 when all of it is free
 * @used: blocks, or pages, in use
 * @capacity: how many it has room for
 * @reserved: zero
 */
struct refheap_pool {
	__u16 block_bytes;
	__u16 used;
	__u16 capacity;
	__u16 reserved;
};

enum refheap_ntf {
	REFHEAP_NTF_HEAP_NEW = 1,
	REFHEAP_NTF_HEAP_CHANGED,
	REFHEAP_NTF_HEAP_REMOVED,
	REFHEAP_NTF_GC_START,
	REFHEAP_NTF_GC_STOP,
	REFHEAP_NTF_SESSION_NEW,	/* with SESSION_ID, PID, COMM, UID */
	REFHEAP_NTF_SESSION_END,	/* likewise */
	REFHEAP_NTF_LIMIT,		/* with HEAP_BYTES */
	REFHEAP_NTF_BIRTH,
	REFHEAP_NTF_DEATH,
	REFHEAP_NTF_CALLBACK,		/* of a weak reference, the object: it is to be run */
	REFHEAP_NTF_FINALIZE,		/* a finalizer is to be run */
	REFHEAP_NTF_SKIPPED,		/* nobody was there to run one */
};

#endif /* _UAPI_LINUX_REFHEAP_H */
