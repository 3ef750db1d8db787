/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * librefheap: objects owned by the kernel, shared by processes.
 *
 * A session (struct refheap) is one open file on one heap. It owns the
 * references that its calls return; closing it, in whatever way the process
 * ends, drops them. A control handle (struct refheap_ctl) inspects and tunes
 * any heap that the caller may read.
 *
 *
 * Conventions
 * -----------
 *
 * Functions return 0, or a number that is not negative, or a negative errno.
 * What they make is returned through their last parameter, which is left alone
 * when they fail. A call that fails leaves the heap as it was. Sizes, lengths
 * and offsets are in bytes, except that the length of a container is its number
 * of entries and the length of a str is its number of bytes of UTF-8. Times are
 * nanoseconds of CLOCK_MONOTONIC. Strings are NUL-terminated UTF-8 unless a
 * length is given.
 *
 * "Gives a reference" means: the session has one reference more to the object
 * and must give it back with refheap_drop(), or keep it until it is closed.
 * Objects that are passed to a function need not be held by the session, only
 * be alive, and the function does not use up the caller's reference.
 *
 * Any function that takes a session can fail with
 *
 *   -ENOMEM     no memory, in the library or in the kernel
 *   -EDQUOT     a limit of the heap or of the user was reached
 *   -EIDRM      the heap has been removed
 *   -EROFS      it would change an object and the session is read-only
 *   -EINVAL     a parameter is outside of what is documented
 *
 * and any that takes an object with
 *
 *   -ENOENT     no object was ever known by that id
 *   -ESTALE     the object is dead
 *   -EOPNOTSUPP that kind of object does not have the operation (TypeError)
 *
 * Any function that takes a reference can fail with -EOVERFLOW when the count
 * of the object is at its maximum. What is special to a function is documented
 * with it. refheap_strerror() has a sentence for each.
 *
 *
 * Threads and processes
 * ---------------------
 *
 * A session may be used by several threads at the same time; they share its
 * frames, its events and its site. So may a control handle. Builders, iterators, views and monitors belong to
 * one thread at a time. Closing is for the last user.
 *
 * Descriptors are close-on-exec. A child made by fork() shares the sessions of
 * its parent, references included; they end with the last of the two. Calls are
 * restarted after signals unless a function says otherwise. No function is
 * async-signal-safe.
 */
#ifndef REFHEAP_H
#define REFHEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/refheap.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The library is compiled with everything else hidden. */
#pragma GCC visibility push(default)

/* Names one object of one heap; 0 is no object. See REFHEAP_ID() for its parts. */
typedef uint64_t refheap_id;

struct refheap;			/* a session */
struct refheap_batch_builder;	/* operations to be executed together */
struct refheap_ctl;		/* inspection and control of heaps */
struct refheap_iter;		/* a walk over what the kernel lists */
struct refheap_monitor;		/* notices about all heaps that one may read */

/**
 * refheap_version - version of the library
 *
 * Return: a static string such as "0.1.0".
 */
const char *refheap_version(void);

/**
 * refheap_strerror - what an error of this library means
 * @err: errno, positive or negative
 *
 * Return: a static string, one sentence without a final stop. For errors
 * that have no special meaning here it is the one of strerror().
 */
const char *refheap_strerror(int err);


/*
 * Sessions
 * --------
 */

/**
 * struct refheap_options - how to open a heap
 * @flags: REFHEAP_ATTACH_*
 * @owner: uid of the heap's owner, REFHEAP_OWNER_SELF for the caller
 * @mode: with REFHEAP_ATTACH_CREATE: permission bits; 0 means 0600
 * @max_bytes: with REFHEAP_ATTACH_CREATE: limit of bytes, 0 for none
 * @max_objects: with REFHEAP_ATTACH_CREATE: limit of objects, 0 for none
 * @reserved0: zero
 * @reserved: zero
 *
 * Begin with REFHEAP_OPTIONS_INIT.
 */
struct refheap_options {
	uint32_t flags;
	uint32_t owner;
	uint32_t mode;
	uint32_t reserved0;
	uint64_t max_bytes;
	uint64_t max_objects;
	uint64_t reserved[4];
};

#define REFHEAP_OPTIONS_INIT \
	{ 0, REFHEAP_OWNER_SELF, 0, 0, 0, 0, { 0, 0, 0, 0 } }

/**
 * refheap_open - open a heap of the caller
 * @name: name of the heap; NULL for the default heap, "user.<uid>", which is
 *        made on first use with mode 0600
 * @flags: REFHEAP_ATTACH_*
 * @session: out: to be closed with refheap_close()
 *
 * Return: 0, or
 *   -ENOENT  no such heap, and no REFHEAP_ATTACH_CREATE
 *   -EEXIST  REFHEAP_ATTACH_EXCL, and there is one
 *   -EACCES  the heap cannot be opened in that way, or /dev/refheap cannot
 *   -ENXIO   the module is not loaded
 *   -EDQUOT  a limit of the user
 *   -EINVAL  not a name, or unknown flags
 */
int refheap_open(const char *name, uint32_t flags, struct refheap **session);

/**
 * refheap_open_with - open a heap, with all options
 * @name: as for refheap_open(); NULL together with another @owner means that
 *        user's default heap, which is not made
 * @options: NULL for those of refheap_open() with no flags
 * @session: out: to be closed with refheap_close()
 *
 * Return: as refheap_open(). Another user's heap that the caller may not read
 * is -ENOENT.
 */
int refheap_open_with(const char *name, const struct refheap_options *options,
		      struct refheap **session);

/**
 * refheap_close - end a session and drop all its references
 * @session: may be NULL
 *
 * First calls what was registered with REFHEAP_FINALIZE_ATEXIT and has not been
 * called, the last registered first; only in the process that registered it.
 * Other callbacks and finalizers whose events have not been dispatched are not
 * run. A session must not be closed by a callback or finalizer of its own.
 *
 * A child that shares the session keeps its references until it closes it, too.
 */
void refheap_close(struct refheap *session);

/**
 * refheap_fd - the session's file descriptor, for poll(), epoll and event loops
 * @session: session
 *
 * Readable when there are events: then call refheap_dispatch() with a timeout
 * of 0, or refheap_read_events(). Do not close it.
 */
int refheap_fd(const struct refheap *session);

/* The number by which the control functions know the session's heap. */
uint32_t refheap_heap(const struct refheap *session);

/* The name of the session's heap; valid until the session is closed. */
const char *refheap_name(const struct refheap *session);

/* Whether opening the session made the heap. */
bool refheap_was_created(const struct refheap *session);

/**
 * refheap_default_name - the name of a user's default heap
 * @owner: uid, or REFHEAP_OWNER_SELF
 * @name: out: REFHEAP_NAME_MAX bytes
 *
 * Return: 0.
 */
int refheap_default_name(uint32_t owner, char *name);


/*
 * References
 * ----------
 */

/**
 * refheap_take - take one more reference to an object
 * @session: session
 * @id: object
 *
 * Return: 0, or the errors of every call.
 */
int refheap_take(struct refheap *session, refheap_id id);

/**
 * refheap_drop - give one reference of the session back
 * @session: session
 * @id: object
 *
 * Return: 0, or -ENOTUNIQ when the session does not hold the object.
 */
int refheap_drop(struct refheap *session, refheap_id id);

/**
 * refheap_drop_many - give references back in one call
 * @session: session
 * @ids: objects; entries that are 0 are passed over
 * @count: number of @ids
 *
 * Goes on after an error.
 *
 * Return: 0, or the first error.
 */
int refheap_drop_many(struct refheap *session, const refheap_id *ids,
		      size_t count);

/*
 * Context managers for C: a variable declared with one of these gives back
 * what it holds when it goes out of scope, on every way out of it.
 *
 *	refheap_auto_close struct refheap *session = NULL;
 *	refheap_auto_drop struct refheap_ref list = REFHEAP_REF(session);
 *
 *	err = refheap_new_list(session, NULL, 0, &list.id);
 *
 * References declared after the session are dropped before it is closed.
 */
struct refheap_ref {
	struct refheap *session;
	refheap_id id;
};

#define REFHEAP_REF(session)	{ (session), 0 }

#define refheap_auto_close	__attribute__((__cleanup__(refheap_cleanup_close)))
#define refheap_auto_drop	__attribute__((__cleanup__(refheap_cleanup_drop)))
#define refheap_auto_batch	__attribute__((__cleanup__(refheap_cleanup_batch)))
#define refheap_auto_view	__attribute__((__cleanup__(refheap_cleanup_view)))
#define refheap_auto_iter	__attribute__((__cleanup__(refheap_cleanup_iter)))
#define refheap_auto_ctl	__attribute__((__cleanup__(refheap_cleanup_ctl)))
#define refheap_auto_monitor	__attribute__((__cleanup__(refheap_cleanup_monitor)))
#define refheap_auto_frame	__attribute__((__cleanup__(refheap_cleanup_frame)))

/**
 * refheap_steal - hand the reference out of a scope
 * @ref: a reference declared with refheap_auto_drop
 *
 * Return: the id; the caller owns the reference from now on.
 */
static inline refheap_id refheap_steal(struct refheap_ref *ref)
{
	refheap_id id = ref->id;

	ref->id = 0;
	return id;
}


/*
 * Frames
 * ------
 *
 * A session has a stack of frames. What it takes belongs to the topmost one and
 * is dropped when that is popped, except what was dropped before or handed out.
 * Below all frames is the session itself. Threads of a session share its stack:
 * a thread that pushes while others take gets theirs into its frame.
 */

/**
 * refheap_frame_push - open a frame
 * @session: session
 *
 * Return: how deep the stack is now, for refheap_frame_pop(); 1 for the first.
 */
int refheap_frame_push(struct refheap *session);

/**
 * refheap_frame_pop - close the topmost frame and drop what it holds
 * @session: session
 * @frame: what refheap_frame_push() returned; 0 for the topmost whatever it is
 *
 * Return: 0, or -EINVAL when another frame is the topmost, or there is none.
 */
int refheap_frame_pop(struct refheap *session, int frame);

/**
 * refheap_hand_out - let a reference outlive the topmost frame
 * @session: session
 * @id: object
 *
 * One reference of the topmost frame is the next frame's from now on, or, when
 * there is one frame only, the session's.
 *
 * Return: 0, or -ENOTUNIQ when the topmost frame does not hold the object, or
 * there is no frame.
 */
int refheap_hand_out(struct refheap *session, refheap_id id);

/**
 * refheap_keep - let a reference outlive all frames
 * @session: session
 * @id: object
 *
 * One reference of the topmost frame is the session's from now on.
 *
 * Return: as refheap_hand_out(), but 0 when there is no frame.
 */
int refheap_keep(struct refheap *session, refheap_id id);

/*
 * A frame that is closed on every way out of a scope:
 *
 *	REFHEAP_FRAME(session);
 *
 * or, for those who want to know whether it was opened (@depth is what
 * refheap_frame_push() returned; when that failed, references go to the frame
 * that was the topmost before):
 *
 *	refheap_auto_frame struct refheap_frame frame =
 *		refheap_frame_open(session);
 *
 *	if (frame.depth < 0)
 *		return frame.depth;
 *
 * Frames that were pushed inside must have been popped by then.
 */
struct refheap_frame {
	struct refheap *session;
	int depth;
};

static inline struct refheap_frame refheap_frame_open(struct refheap *session)
{
	struct refheap_frame frame = { session, refheap_frame_push(session) };

	return frame;
}

#define REFHEAP_FRAME(session) \
	refheap_auto_frame __attribute__((__unused__)) struct refheap_frame \
		REFHEAP_PASTE(refheap_frame_, __LINE__) = \
			refheap_frame_open(session)

#define REFHEAP_PASTE(a, b)	REFHEAP_PASTE_(a, b)
#define REFHEAP_PASTE_(a, b)	a##b


/*
 * Making objects
 * --------------
 *
 * Each gives a reference. Small integers, the empty tuple, and strings that
 * look like identifiers are interned: asked for twice, they are one object.
 */

int refheap_new_none(struct refheap *session, refheap_id *id);
int refheap_new_bool(struct refheap *session, bool value, refheap_id *id);
int refheap_new_int(struct refheap *session, int64_t value, refheap_id *id);
int refheap_new_float(struct refheap *session, double value, refheap_id *id);

/**
 * refheap_new_str - make a string
 * @session: session
 * @text: UTF-8
 * @id: out: object
 *
 * Return: 0, -EILSEQ when @text is not UTF-8, -E2BIG when it is longer than
 * REFHEAP_MAX_DATA, -EFBIG when it is longer than an object may be.
 */
int refheap_new_str(struct refheap *session, const char *text, refheap_id *id);

/* The same with a length; the text may contain NUL. */
int refheap_new_str_len(struct refheap *session, const char *text,
			size_t length, refheap_id *id);

/* The same; of all strings made by this function, equal ones are one object. */
int refheap_intern(struct refheap *session, const char *text, size_t length,
		   refheap_id *id);

/* Errors of the next two as of refheap_new_str(), without -EILSEQ. */
int refheap_new_bytes(struct refheap *session, const void *data, size_t length,
		      refheap_id *id);

/* @data may be NULL for @length bytes of zeroes. */
int refheap_new_bytearray(struct refheap *session, const void *data,
			  size_t length, refheap_id *id);

/**
 * refheap_new_tuple - make a tuple
 * @session: session
 * @items: objects; may be NULL when @count is 0
 * @count: their number
 * @id: out: object
 *
 * Return: 0, or -E2BIG for more than REFHEAP_MAX_IDS items.
 */
int refheap_new_tuple(struct refheap *session, const refheap_id *items,
		      size_t count, refheap_id *id);

/* Likewise a list. */
int refheap_new_list(struct refheap *session, const refheap_id *items,
		     size_t count, refheap_id *id);

/*
 * Likewise a set; -EOPNOTSUPP when an item cannot be hashed, -E2BIG also when all
 * of them are more than REFHEAP_MAX_KEYS.
 */
int refheap_new_set(struct refheap *session, const refheap_id *items,
		    size_t count, refheap_id *id);

struct refheap_pair {
	refheap_id key;
	refheap_id value;
};

/*
 * Likewise a dict, of REFHEAP_MAX_IDS / 2 pairs at most, and of keys as a set; of
 * equal keys the last value stays, as in Python.
 */
int refheap_new_dict(struct refheap *session, const struct refheap_pair *pairs,
		     size_t count, refheap_id *id);

/**
 * refheap_new_instance - make an instance of a type
 * @session: session
 * @type: from refheap_type_define() or refheap_type_find()
 * @id: out: object, without attributes
 *
 * Return: 0, or -ENOENT when there is no such type.
 */
int refheap_new_instance(struct refheap *session, uint32_t type,
			 refheap_id *id);

/**
 * refheap_new_instance_with - make an instance whose slots have values
 * @session: session
 * @type: slotted; from refheap_type_define() or refheap_type_find()
 * @values: of the first slots, those of the base first; 0 leaves one unset
 * @count: how many, at most REFHEAP_MAX_IDS
 * @id: out: object
 *
 * Return: 0, -ENOENT when there is no such type, or -EINVAL when instances have
 * not so many slots; those that are dict-backed have none.
 */
int refheap_new_instance_with(struct refheap *session, uint32_t type,
			      const refheap_id *values, size_t count, refheap_id *id);

/**
 * refheap_new_instances - make many instances of a type at once, or none
 * @session: session
 * @type: without a finalizer; from refheap_type_define() or refheap_type_find()
 * @values: @each of the first instance, as of refheap_new_instance_with(), then
 *          those of the second, and so on; REFHEAP_ID_MADE(n) is the instance n
 *          of these, from 0, whether before or after
 * @each: values of one; may be 0, @values may be NULL then
 * @count: instances, 1 to REFHEAP_MAX_INSTANCES
 * @ids: out: the objects
 *
 * Return: 0; -EOPNOTSUPP when the type has a finalizer; -E2BIG for more
 * instances, or more than REFHEAP_MAX_IDS slots in all; -EINVAL for none; or
 * as refheap_new_instance_with().
 */
int refheap_new_instances(struct refheap *session, uint32_t type, const refheap_id *values,
			  size_t each, size_t count, refheap_id *ids);


/*
 * Types
 * -----
 */

/**
 * struct refheap_type_def - definition of a type
 * @name: of the type, shorter than REFHEAP_NAME_MAX
 * @base: type that it refines, or 0
 * @flags: REFHEAP_TYPE_DICT for instances that take any attribute; else they
 *         take those of their slots only;
 *         REFHEAP_TYPE_FINALIZER for a finalizer, see refheap_on_finalize();
 *         with it REFHEAP_TYPE_LEGACY for one that keeps dead cycles from being
 *         freed
 * @slots: names of the slots that it adds to those of @base; may be NULL
 * @slot_count: their number
 */
struct refheap_type_def {
	const char *name;
	uint32_t base;
	uint32_t flags;
	const char *const *slots;
	size_t slot_count;
};

/**
 * refheap_type_define - define a type, or find it when it is defined already
 * @session: session
 * @definition: what it is
 * @type: out: number of the type, never 0; types live as long as the heap
 *
 * Return: 0, -EEXIST when another type has the name, -ENOENT when there is no
 * such base, -EINVAL for a bad name or slot.
 */
int refheap_type_define(struct refheap *session,
			const struct refheap_type_def *definition,
			uint32_t *type);

/* Find a type by its name; -ENOENT when there is none. */
int refheap_type_find(struct refheap *session, const char *name,
		      uint32_t *type);


/*
 * Values of leaves
 * ----------------
 *
 * -EOPNOTSUPP when the object is not of that kind. refheap_get_int() takes
 * bools too, as Python's int does; refheap_get_float() takes ints and bools.
 */

int refheap_get_bool(struct refheap *session, refheap_id id, bool *value);
int refheap_get_int(struct refheap *session, refheap_id id, int64_t *value);
int refheap_get_float(struct refheap *session, refheap_id id, double *value);

/**
 * refheap_get_data - copy the whole payload of a str, bytes or bytearray
 * @session: session
 * @id: object
 * @data: out: to be freed with free(); a NUL follows the payload
 * @length: out: bytes of the payload; may be NULL
 *
 * A bytearray that changes meanwhile may be copied in parts of different age.
 *
 * Return: 0, or the errors of every call.
 */
int refheap_get_data(struct refheap *session, refheap_id id, char **data,
		     size_t *length);

/**
 * refheap_read - copy part of the payload of a leaf
 * @session: session
 * @id: str, bytes, bytearray; of int, float and bool the 8 bytes of the value
 * @offset: where to begin
 * @buffer: where to copy to
 * @length: bytes at most
 *
 * Return: bytes copied, 0 at the end of the payload.
 */
ssize_t refheap_read(struct refheap *session, refheap_id id, uint64_t offset,
		     void *buffer, size_t length);

/**
 * refheap_write - overwrite part of a bytearray
 * @session: session
 * @id: bytearray
 * @offset: where to begin
 * @data: bytes
 * @length: their number
 *
 * Return: bytes written, which is @length, or -ERANGE when they would go past
 * the end; then none are written. Parts of more than REFHEAP_MAX_DATA bytes
 * are written one after the other.
 */
ssize_t refheap_write(struct refheap *session, refheap_id id, uint64_t offset,
		      const void *data, size_t length);

/* Change the length of a bytearray; grows with zeroes. -EFBIG over the limit. */
int refheap_resize(struct refheap *session, refheap_id id, uint64_t length);


/*
 * Containers
 * ----------
 *
 * Indexes count from the end when they are negative; outside the list they are
 * -ERANGE. A missing key or member is -ENOKEY, a missing attribute -ENODATA.
 * Functions that return an object through a parameter give a reference.
 */

/* Entries of a list, tuple, dict or set; bytes of a str, bytes or bytearray. */
int64_t refheap_len(struct refheap *session, refheap_id id);

/* Lists; refheap_get_index() also of tuples. */
int refheap_get_index(struct refheap *session, refheap_id list, int64_t index,
		      refheap_id *item);
int refheap_set_index(struct refheap *session, refheap_id list, int64_t index,
		      refheap_id item);
int refheap_del_index(struct refheap *session, refheap_id list, int64_t index);
int refheap_append(struct refheap *session, refheap_id list, refheap_id item);

/* Appends @count items, at most REFHEAP_MAX_IDS, or none of them. */
int refheap_extend(struct refheap *session, refheap_id list, const refheap_id *items,
		   size_t count);

/* Inserts before @index, which is clamped to the list as Python does. */
int refheap_insert(struct refheap *session, refheap_id list, int64_t index,
		   refheap_id item);

/* Removes an item and hands it out; -1 is the last one. */
int refheap_pop(struct refheap *session, refheap_id list, int64_t index,
		refheap_id *item);

/*
 * Dicts. The functions that end in _str take the key as text, which saves
 * making an object of it. -EOPNOTSUPP when the key cannot be hashed.
 */
int refheap_get_key(struct refheap *session, refheap_id dict, refheap_id key,
		    refheap_id *value);
int refheap_get_key_str(struct refheap *session, refheap_id dict,
			const char *key, refheap_id *value);
int refheap_set_key(struct refheap *session, refheap_id dict, refheap_id key,
		    refheap_id value);
int refheap_set_key_str(struct refheap *session, refheap_id dict,
			const char *key, refheap_id value);
int refheap_del_key(struct refheap *session, refheap_id dict, refheap_id key);
int refheap_del_key_str(struct refheap *session, refheap_id dict,
			const char *key);
int refheap_pop_key(struct refheap *session, refheap_id dict, refheap_id key,
		    refheap_id *value);
int refheap_pop_key_str(struct refheap *session, refheap_id dict,
			const char *key, refheap_id *value);

/**
 * refheap_set_default - set a key that is not there, and get what is there then
 * @session: session
 * @dict: dict
 * @key: key
 * @value: object
 * @now: out: @value, or the value that the key had already; gives a reference
 *
 * In one step: of several who do it at the same time one is the first, and all
 * get the same value.
 *
 * Return: 1 when the key was missing, else 0.
 */
int refheap_set_default(struct refheap *session, refheap_id dict,
			refheap_id key, refheap_id value, refheap_id *now);
int refheap_set_default_str(struct refheap *session, refheap_id dict,
			    const char *key, refheap_id value, refheap_id *now);

/**
 * refheap_move_to_end - make an entry of a dict the newest, and get its value
 * @session: session
 * @dict: dict
 * @key: key
 * @value: out: the value; gives a reference; may be NULL
 *
 * With refheap_pop_oldest() a dict is in the order of use.
 *
 * Return: 0, or -ENOKEY.
 */
int refheap_move_to_end(struct refheap *session, refheap_id dict,
			refheap_id key, refheap_id *value);
int refheap_move_to_end_str(struct refheap *session, refheap_id dict,
			    const char *key, refheap_id *value);

/**
 * refheap_pop_oldest - take the oldest entries out of a dict
 * @session: session
 * @dict: dict
 * @keep: how many may stay
 *
 * Return: how many went.
 */
int64_t refheap_pop_oldest(struct refheap *session, refheap_id dict,
			   uint64_t keep);

/*
 * Sets. Adding returns 1 when the member is new, discarding 1 when it was
 * there, else 0.
 */
int refheap_add(struct refheap *session, refheap_id set, refheap_id member);
int refheap_add_str(struct refheap *session, refheap_id set,
		    const char *member);
int refheap_discard(struct refheap *session, refheap_id set,
		    refheap_id member);
int refheap_discard_str(struct refheap *session, refheap_id set,
			const char *member);

/*
 * 1 or 0: whether a dict has the key, a set the member (by value), a list or
 * tuple the object (by identity).
 */
int refheap_contains(struct refheap *session, refheap_id container,
		     refheap_id item);

/* Of a dict or a set. */
int refheap_contains_str(struct refheap *session, refheap_id container,
			 const char *item);

/* Attributes of instances; setting one that a slotted type lacks is -ENODATA. */
int refheap_get_attr(struct refheap *session, refheap_id instance,
		     const char *name, refheap_id *value);
int refheap_set_attr(struct refheap *session, refheap_id instance,
		     const char *name, refheap_id value);
int refheap_del_attr(struct refheap *session, refheap_id instance,
		     const char *name);

/* Empties a list, dict, set, bytearray or dict-backed instance. */
int refheap_clear(struct refheap *session, refheap_id container);

/**
 * refheap_next - walk over the entries of a container
 * @session: session
 * @container: list, tuple, dict, set or instance
 * @cursor: 0 to begin; only to be passed on
 * @entry: out: the entry; gives a reference to its key and to its value,
 *         where they are not 0. refheap_drop_entry() gives them back.
 *
 * Takes constant memory. Entries that come or go meanwhile may be seen or not.
 * The others of a dict, set or instance are seen once while entries only go, or
 * die; when some come it may be arranged anew, in which others are passed over.
 * A list moves what is behind an item that comes or goes: of that some may be
 * passed over, or seen again.
 *
 * Return: 1, or 0 when there is no further entry.
 */
int refheap_next(struct refheap *session, refheap_id container,
		 uint64_t *cursor, struct refheap_entry *entry);

/**
 * refheap_next_many - walk over the entries of a container, many in one call
 * @session: session
 * @container: as for refheap_next()
 * @cursor: as for refheap_next()
 * @entries: out: entries; each gives references as for refheap_next()
 * @count: how many at most, 1 to REFHEAP_MAX_IDS
 *
 * Return: number of entries, or 0 when there is no further one.
 */
int refheap_next_many(struct refheap *session, refheap_id container,
		      uint64_t *cursor, struct refheap_entry *entries,
		      size_t count);

/* Give back the references of an entry, or of many. */
int refheap_drop_entry(struct refheap *session,
		       const struct refheap_entry *entry);
int refheap_drop_entries(struct refheap *session,
			 const struct refheap_entry *entries, size_t count);


/*
 * Names and paths
 * ---------------
 *
 * Names are the string keys of the heap's root dict, REFHEAP_ID_ROOT. They keep
 * objects alive when no session does.
 */

int refheap_get_name(struct refheap *session, const char *name,
		     refheap_id *id);
int refheap_set_name(struct refheap *session, const char *name, refheap_id id);
int refheap_del_name(struct refheap *session, const char *name);

/*
 * A path begins with a name, with "@" and an id in hexadecimal, or with a
 * bracket, which then is a key of the root dict. Any number of steps follow:
 *
 *	.attr		attribute of an instance
 *	[0] [-1]	item of a list or tuple, or integer key of a dict
 *	["key"] ['key']	string key of a dict; \\ \" \' \n \t are understood
 *	[@1000000a]	key of a dict, by id
 *
 * Names and attributes are made of letters, digits, "_", "-" and whatever is
 * not ASCII.
 */

/*
 * Where the first name of a path is looked up before the root dict, for
 * programs that have variables. lookup() returns 0 and the object, which must
 * be alive, or -ENOKEY to go on with the root dict, or another error.
 */
struct refheap_scope {
	int (*lookup)(void *data, const char *name, refheap_id *id);
	void *data;
};

/**
 * refheap_resolve - find the object at a path
 * @session: session
 * @path: as above
 * @scope: may be NULL
 * @id: out: object; gives a reference
 *
 * One system call, except that a number in brackets on a dict takes a second.
 *
 * Return: 0, -EINVAL when it is not a path (refheap_path_check() says where),
 * -ENOKEY, -ERANGE, -ENODATA or -EOPNOTSUPP from the step that failed.
 */
int refheap_resolve(struct refheap *session, const char *path,
		    const struct refheap_scope *scope, refheap_id *id);

/* How a place names what is in it. */
enum refheap_place_by {
	REFHEAP_BY_INDEX = 1,	/* list, tuple: @index */
	REFHEAP_BY_KEY,		/* dict: the object @key */
	REFHEAP_BY_TEXT,	/* dict: the string @text */
	REFHEAP_BY_ATTR,	/* instance: the attribute @text */
};

/**
 * struct refheap_place - where a path ends: a container and a step into it
 * @container: object; the place holds a reference to it
 * @by: which of the following it is
 * @index: index
 * @key: object; the place holds a reference to it
 * @text: key or attribute
 */
struct refheap_place {
	refheap_id container;
	enum refheap_place_by by;
	int64_t index;
	refheap_id key;
	char *text;
};

/**
 * refheap_resolve_parent - find the container that a path ends in
 * @session: session
 * @path: as above, but not an id alone; its last step need not exist
 * @scope: may be NULL; a name alone is always one of the root dict
 * @place: out: to be given back with refheap_place_release()
 *
 * Return: as refheap_resolve().
 */
int refheap_resolve_parent(struct refheap *session, const char *path,
			   const struct refheap_scope *scope,
			   struct refheap_place *place);

int refheap_place_get(struct refheap *session,
		      const struct refheap_place *place, refheap_id *id);
int refheap_place_set(struct refheap *session,
		      const struct refheap_place *place, refheap_id value);
int refheap_place_del(struct refheap *session,
		      const struct refheap_place *place);
void refheap_place_release(struct refheap *session,
			   struct refheap_place *place);

/* Both steps in one: set or delete what a path names, without a scope. */
int refheap_set_path(struct refheap *session, const char *path,
		     refheap_id value);
int refheap_del_path(struct refheap *session, const char *path);

/**
 * refheap_path_check - whether a text is a path
 * @path: text
 * @where: out: offset in bytes of what is wrong; may be NULL
 *
 * Return: 0, -EINVAL, or -ENOMEM.
 */
int refheap_path_check(const char *path, size_t *where);

#define REFHEAP_ID_TEXT	18	/* bytes of an id as text, with "@" and NUL */

/* Write an id as a path has it, "@" and hexadecimal digits. Returns @text. */
char *refheap_format_id(refheap_id id, char *text);

/* Read one; -EINVAL when @text is not one, and nothing else. */
int refheap_parse_id(const char *text, refheap_id *id);


/*
 * Batches
 * -------
 *
 * A builder collects operations; submitting it executes them in one system
 * call. Functions that add an operation return its number, from 0, or -ENOMEM,
 * or -E2BIG for more than REFHEAP_MAX_OPS operations or REFHEAP_MAX_DATA bytes
 * of input or output. The first such error is remembered and returned by
 * refheap_batch_submit(), so that callers can check once.
 *
 * Wherever an operation takes an object or a type, it also takes
 * REFHEAP_ID_RESULT(n) for the result of the earlier operation n; n as it was
 * returned, errors included.
 */

int refheap_batch_alloc(struct refheap_batch_builder **builder);
void refheap_batch_free(struct refheap_batch_builder *builder);

/* Remove all operations and results; the memory stays for the next batch. */
void refheap_batch_reset(struct refheap_batch_builder *builder);

/* Number of operations added. */
size_t refheap_batch_count(const struct refheap_batch_builder *builder);

/**
 * refheap_batch_add - add any operation
 * @builder: builder
 * @op: the operation as the kernel has it, flags included; data_off and
 *      data_len are filled in
 * @data: its input; may be NULL
 * @data_len: bytes of @data
 * @output: bytes of output that it may make
 *
 * Return: number of the operation, or as above.
 */
int refheap_batch_add(struct refheap_batch_builder *builder,
		      const struct refheap_op *op, const void *data,
		      size_t data_len, size_t output);

/**
 * refheap_batch_temp - drop the reference that an operation gives at the end
 * @builder: builder
 * @n: number of the operation; negative numbers are passed through
 *
 * For objects that are needed only while the batch is executed.
 *
 * Return: @n.
 */
int refheap_batch_temp(struct refheap_batch_builder *builder, int n);

int refheap_batch_new_none(struct refheap_batch_builder *builder);
int refheap_batch_new_bool(struct refheap_batch_builder *builder, bool value);
int refheap_batch_new_int(struct refheap_batch_builder *builder,
			  int64_t value);
int refheap_batch_new_float(struct refheap_batch_builder *builder,
			    double value);
int refheap_batch_new_str(struct refheap_batch_builder *builder,
			  const char *text);
int refheap_batch_new_str_len(struct refheap_batch_builder *builder,
			      const char *text, size_t length);
int refheap_batch_intern(struct refheap_batch_builder *builder,
			 const char *text, size_t length);
int refheap_batch_new_bytes(struct refheap_batch_builder *builder,
			    const void *data, size_t length);
int refheap_batch_new_bytearray(struct refheap_batch_builder *builder,
				const void *data, size_t length);
int refheap_batch_new_tuple(struct refheap_batch_builder *builder,
			    const refheap_id *items, size_t count);
int refheap_batch_new_list(struct refheap_batch_builder *builder,
			   const refheap_id *items, size_t count);
int refheap_batch_new_set(struct refheap_batch_builder *builder,
			  const refheap_id *items, size_t count);
int refheap_batch_new_dict(struct refheap_batch_builder *builder,
			   const struct refheap_pair *pairs, size_t count);
int refheap_batch_new_instance(struct refheap_batch_builder *builder,
			       uint64_t type);
int refheap_batch_new_instance_with(struct refheap_batch_builder *builder, uint64_t type,
				    const refheap_id *values, size_t count);
/* The output is the @count ids. It has no result that a later operation could take. */
int refheap_batch_new_instances(struct refheap_batch_builder *builder, uint64_t type,
				const refheap_id *values, size_t each, size_t count);
int refheap_batch_type_define(struct refheap_batch_builder *builder,
			      const struct refheap_type_def *definition);
int refheap_batch_type_find(struct refheap_batch_builder *builder,
			    const char *name);

int refheap_batch_take(struct refheap_batch_builder *builder, refheap_id id);
int refheap_batch_drop(struct refheap_batch_builder *builder, refheap_id id);

int refheap_batch_len(struct refheap_batch_builder *builder, refheap_id id);
int refheap_batch_get_index(struct refheap_batch_builder *builder,
			    refheap_id list, int64_t index);
int refheap_batch_set_index(struct refheap_batch_builder *builder,
			    refheap_id list, int64_t index, refheap_id item);
int refheap_batch_del_index(struct refheap_batch_builder *builder,
			    refheap_id list, int64_t index);
int refheap_batch_append(struct refheap_batch_builder *builder,
			 refheap_id list, refheap_id item);
int refheap_batch_extend(struct refheap_batch_builder *builder,
			 refheap_id list, const refheap_id *items, size_t count);
int refheap_batch_insert(struct refheap_batch_builder *builder,
			 refheap_id list, int64_t index, refheap_id item);
int refheap_batch_pop(struct refheap_batch_builder *builder, refheap_id list,
		      int64_t index);
int refheap_batch_get_key(struct refheap_batch_builder *builder,
			  refheap_id dict, refheap_id key);
int refheap_batch_get_key_str(struct refheap_batch_builder *builder,
			      refheap_id dict, const char *key);
int refheap_batch_set_key(struct refheap_batch_builder *builder,
			  refheap_id dict, refheap_id key, refheap_id value);
int refheap_batch_set_key_str(struct refheap_batch_builder *builder,
			      refheap_id dict, const char *key,
			      refheap_id value);
int refheap_batch_del_key(struct refheap_batch_builder *builder,
			  refheap_id dict, refheap_id key);
int refheap_batch_del_key_str(struct refheap_batch_builder *builder,
			      refheap_id dict, const char *key);
int refheap_batch_pop_key(struct refheap_batch_builder *builder,
			  refheap_id dict, refheap_id key);
int refheap_batch_pop_key_str(struct refheap_batch_builder *builder,
			      refheap_id dict, const char *key);
int refheap_batch_contains(struct refheap_batch_builder *builder,
			   refheap_id container, refheap_id item);
int refheap_batch_contains_str(struct refheap_batch_builder *builder,
			       refheap_id container, const char *item);
int refheap_batch_add_member(struct refheap_batch_builder *builder,
			     refheap_id set, refheap_id member);
int refheap_batch_add_member_str(struct refheap_batch_builder *builder,
				 refheap_id set, const char *member);
int refheap_batch_discard(struct refheap_batch_builder *builder,
			  refheap_id set, refheap_id member);
int refheap_batch_discard_str(struct refheap_batch_builder *builder,
			      refheap_id set, const char *member);
int refheap_batch_get_attr(struct refheap_batch_builder *builder,
			   refheap_id instance, const char *name);
int refheap_batch_set_attr(struct refheap_batch_builder *builder,
			   refheap_id instance, const char *name,
			   refheap_id value);
int refheap_batch_del_attr(struct refheap_batch_builder *builder,
			   refheap_id instance, const char *name);
int refheap_batch_clear(struct refheap_batch_builder *builder,
			refheap_id container);

/* The value is that of the entry, an object; with set_default info is 1 or 0. */
int refheap_batch_set_default(struct refheap_batch_builder *builder,
			      refheap_id dict, refheap_id key,
			      refheap_id value);
int refheap_batch_set_default_str(struct refheap_batch_builder *builder,
				  refheap_id dict, const char *key,
				  refheap_id value);
int refheap_batch_move_to_end(struct refheap_batch_builder *builder,
			      refheap_id dict, refheap_id key);
int refheap_batch_move_to_end_str(struct refheap_batch_builder *builder,
				  refheap_id dict, const char *key);
int refheap_batch_pop_oldest(struct refheap_batch_builder *builder,
			     refheap_id dict, uint64_t keep);

int refheap_batch_new_weakref(struct refheap_batch_builder *builder,
			      refheap_id object);

/* With an event that has @cookie, as refheap_new_weakref_cookie(). */
int refheap_batch_new_weakref_cookie(struct refheap_batch_builder *builder,
				     refheap_id object, uint64_t cookie,
				     uint32_t flags);

/* The value is the referent, an object, or 0 when it is dead. */
int refheap_batch_deref(struct refheap_batch_builder *builder,
			refheap_id weakref);

/* The output is an array of ids, each with its reference; see refheap_weakrefs(). */
int refheap_batch_weakrefs(struct refheap_batch_builder *builder,
			   refheap_id object, refheap_id after, uint32_t count);
int refheap_batch_disarm(struct refheap_batch_builder *builder,
			 refheap_id weakref);
int refheap_batch_new_weak_value_dict(struct refheap_batch_builder *builder);
int refheap_batch_new_weak_key_dict(struct refheap_batch_builder *builder);
int refheap_batch_new_weak_set(struct refheap_batch_builder *builder);

/* @frame: 0, or REFHEAP_ID_RESULT(n) of a push in the same batch. */
int refheap_batch_frame_push(struct refheap_batch_builder *builder);
int refheap_batch_frame_pop(struct refheap_batch_builder *builder,
			    uint64_t frame);
int refheap_batch_hand_out(struct refheap_batch_builder *builder,
			   refheap_id id);
int refheap_batch_keep(struct refheap_batch_builder *builder, refheap_id id);

int refheap_batch_set_history(struct refheap_batch_builder *builder,
			      refheap_id id, uint32_t keep);

/* The output is an array of struct refheap_change, the oldest first. */
int refheap_batch_history(struct refheap_batch_builder *builder,
			  refheap_id id);

/* Where the operations come from, of refheap_site(); 0: as the session's. */
void refheap_batch_set_site(struct refheap_batch_builder *builder,
			    uint32_t site);

int refheap_batch_read(struct refheap_batch_builder *builder, refheap_id id,
		       uint64_t offset, size_t length);
int refheap_batch_write(struct refheap_batch_builder *builder, refheap_id id,
			uint64_t offset, const void *data, size_t length);
int refheap_batch_resize(struct refheap_batch_builder *builder, refheap_id id,
			 uint64_t length);

/*
 * The output is an array of struct refheap_entry, each with its references; the
 * value is the next cursor, 0 at the end.
 */
int refheap_batch_next(struct refheap_batch_builder *builder,
		       refheap_id container, uint64_t cursor, uint32_t count);

/* The output is a struct refheap_info. */
int refheap_batch_inspect(struct refheap_batch_builder *builder,
			  refheap_id id);
int refheap_batch_collect(struct refheap_batch_builder *builder,
			  uint32_t generation);

/* refheap_batch_submit(): flags, besides REFHEAP_BATCH_CONTINUE */
#define REFHEAP_SUBMIT_INTERRUPTIBLE	(1U << 31) /* return -EINTR after a signal */

/**
 * refheap_batch_submit - execute the operations of a builder
 * @builder: builder
 * @session: session
 * @flags: 0, or
 *         REFHEAP_BATCH_CONTINUE to go on after an operation that failed,
 *         REFHEAP_SUBMIT_INTERRUPTIBLE to return -EINTR when a signal stopped
 *         the batch; submitting it again goes on where it stopped
 *
 * Operations that were executed before one that fails stay executed; see
 * refheap_batch_undo(). Submitting a builder again that has ended executes the
 * same operations again.
 *
 * Return: 0 when every operation succeeded. Else the error of the first that
 * failed, and refheap_batch_failed() is its number; or, when that is -1, the
 * error of the call: one that was remembered while building, -EINTR, -EIDRM,
 * -ENOMEM, or -EINVAL for an empty batch.
 */
int refheap_batch_submit(struct refheap_batch_builder *builder,
			 struct refheap *session, uint32_t flags);

/* Number of the first operation that failed, or -1. */
int refheap_batch_failed(const struct refheap_batch_builder *builder);

/* How many operations have been tried. */
size_t refheap_batch_done(const struct refheap_batch_builder *builder);

/*
 * Of operation @n after submitting: its error (0, a negative errno; -ECANCELED
 * when it was not tried; -ERANGE when there is no such operation), its value or
 * the id it made (0 when it failed), and its further result.
 */
int refheap_batch_error(const struct refheap_batch_builder *builder, size_t n);
uint64_t refheap_batch_value(const struct refheap_batch_builder *builder,
			     size_t n);
uint32_t refheap_batch_info(const struct refheap_batch_builder *builder,
			    size_t n);

/**
 * refheap_batch_output - output of an operation
 * @builder: builder
 * @n: operation
 * @length: out: bytes; may be NULL
 *
 * Return: pointer into the builder, valid until it is changed or freed; NULL
 * when there is no output.
 */
const void *refheap_batch_output(const struct refheap_batch_builder *builder,
				 size_t n, size_t *length);

/**
 * refheap_batch_undo - drop every reference that a batch gave
 * @builder: builder that was submitted
 * @session: the same session
 *
 * With it, objects that a failed batch made are gone again, unless it stored
 * them in others. Does nothing the second time.
 *
 * Return: 0, or the first error.
 */
int refheap_batch_undo(struct refheap_batch_builder *builder,
		       struct refheap *session);


/*
 * Views
 * -----
 *
 * The payload of an object in place, without a copy.
 */

#define REFHEAP_VIEW_WRITE	(1U << 0) /* of a bytearray, by a session that may write */

/**
 * struct refheap_view - payload mapped into memory
 * @data: first byte; never NULL
 * @length: bytes
 * @map: for refheap_view_close()
 * @map_length: likewise
 *
 * A view holds no reference at all: keep one while it is used. When the payload
 * goes all the same, because the object died, the heap was removed or the
 * bytearray was resized, access raises SIGBUS; it never shows anything else.
 */
struct refheap_view {
	void *data;
	size_t length;
	void *map;
	size_t map_length;
};

/**
 * refheap_view_open - map the payload of a str, bytes or bytearray
 * @session: session
 * @id: object
 * @flags: 0, or REFHEAP_VIEW_WRITE
 * @view: out: to be closed with refheap_view_close()
 *
 * A view may be used after the session was closed, as long as somebody else
 * holds the object. Its memory cannot be pinned: no O_DIRECT, vmsplice() or
 * io_uring buffers from it.
 *
 * Return: 0, -EOPNOTSUPP when it has no payload to map, -EACCES when writing
 * was asked for and is not possible.
 */
int refheap_view_open(struct refheap *session, refheap_id id, uint32_t flags,
		      struct refheap_view *view);

/* Unmap. Slices of the view end with it. Closing twice does nothing. */
void refheap_view_close(struct refheap_view *view);

/* Part of a view; nothing is copied. */
struct refheap_slice {
	void *data;
	size_t length;
};

/**
 * refheap_view_slice - part of a view, as Python's view[start:stop]
 * @view: view
 * @start: first byte; counts from the end when negative; clamped
 * @stop: byte after the last; likewise; INT64_MAX for the end
 *
 * Return: the slice, empty when @stop is not after @start.
 */
struct refheap_slice refheap_view_slice(const struct refheap_view *view,
					int64_t start, int64_t stop);


/*
 * Inspection of one object, by session
 * ------------------------------------
 */

/* Everything that is known of the object. */
int refheap_inspect(struct refheap *session, refheap_id id,
		    struct refheap_info *info);

/* References to the object: sessions', names' and containers'. */
int64_t refheap_refcount(struct refheap *session, refheap_id id);

/* Bytes that the object itself occupies, not what it refers to. */
int64_t refheap_sizeof(struct refheap *session, refheap_id id);

/* 1 or 0: whether the collector looks at it. */
int refheap_is_tracked(struct refheap *session, refheap_id id);

/* Its enum refheap_kind. */
int refheap_kind_of(struct refheap *session, refheap_id id);

/* "int", "list" ...; "?" for what is not a kind. A static string. */
const char *refheap_kind_name(unsigned int kind);

/* The kind of that name, or -EINVAL. */
int refheap_parse_kind(const char *name);


/*
 * Collector, by session
 * ---------------------
 */

/**
 * refheap_collect - collect cycles now
 * @session: session
 * @generation: oldest generation to collect, 0 to 2
 * @uncollectable: out: unreachable objects that could not be freed; may be NULL
 *
 * Runs the finalizers and callbacks that are the session's own, as
 * refheap_dispatch() does, and then frees what they did not bring back. Called
 * by one of those it returns 0 and does nothing.
 *
 * Return: unreachable objects found, collected and uncollectable together.
 */
int64_t refheap_collect(struct refheap *session, uint32_t generation,
			uint64_t *uncollectable);

/**
 * struct refheap_collection - what a collection did
 * @collected: objects freed
 * @uncollectable: unreachable objects that could not be freed
 * @pending: finalizers of the heap that have not ended, in whatever session;
 *           what waits for them has not been freed
 * @reserved: zero
 */
struct refheap_collection {
	uint64_t collected;
	uint64_t uncollectable;
	uint64_t pending;
	uint64_t reserved[5];
};

/* The same with all that is known of the result. Return: 0. */
int refheap_collect_result(struct refheap *session, uint32_t generation,
			   struct refheap_collection *result);

/**
 * refheap_collect_finish - go on with the last collection of the session
 * @session: session
 * @result: as refheap_collect_result() left it; brought up to date
 *
 * For those who wait for the finalizers of other sessions: frees what the ones
 * that have ended meanwhile did not bring back. Does not wait itself.
 *
 * Return: 0.
 */
int refheap_collect_finish(struct refheap *session,
			   struct refheap_collection *result);

/* Move all that is tracked to the permanent generation, and back. */
int refheap_freeze(struct refheap *session);
int refheap_unfreeze(struct refheap *session);

/* Empty the heap's garbage. Returns how many objects were in it. */
int64_t refheap_clear_garbage(struct refheap *session);

/**
 * refheap_verify - check every invariant of the heap
 * @session: session
 * @text: out: what is broken first, cut to @size; empty when nothing is; may
 *        be NULL when @size is 0
 * @size: bytes of @text
 *
 * Return: number of broken invariants; 0 is the only right answer.
 */
int64_t refheap_verify(struct refheap *session, char *text, size_t size);


/*
 * Weak references
 * ---------------
 *
 * A weak reference is an object that does not keep another, its referent,
 * alive. -EOPNOTSUPP for an immutable leaf or a tuple, which cannot have one.
 */

/* Gives a reference to the one that has no callback; all share it. */
int refheap_new_weakref(struct refheap *session, refheap_id object,
			refheap_id *weakref);

/**
 * refheap_weakref_fn - told that a referent has died
 * @session: session that the weak reference was made in
 * @weakref: the weak reference
 * @referent: id that its referent had
 * @arg: as it was registered
 *
 * Called by refheap_dispatch() and refheap_collect(). It may call any function
 * of the library, these two included, except for closing @session.
 */
typedef void refheap_weakref_fn(struct refheap *session, refheap_id weakref,
				refheap_id referent, void *arg);

/**
 * refheap_new_weakref_callback - make a weak reference with a callback
 * @session: session
 * @object: referent
 * @fn: called once, after the referent has died
 * @arg: for @fn
 * @weakref: out: weak reference; gives a reference, which stays the caller's
 *           also when @fn is called
 *
 * As in Python @fn is not called when the weak reference has died before its
 * referent: whoever wants to be told keeps it. When several are due, those made
 * last come first. refheap_finalize() needs nothing kept.
 *
 * Return: 0, or the errors of every call.
 */
int refheap_new_weakref_callback(struct refheap *session, refheap_id object,
				 refheap_weakref_fn *fn, void *arg,
				 refheap_id *weakref);

/**
 * refheap_new_weakref_cookie - likewise with an event instead of a callback
 * @session: session
 * @object: referent
 * @cookie: what the event has as value; those with REFHEAP_COOKIE in their
 *          upper half are the library's own
 * @flags: 0, or REFHEAP_WEAKREF_ATEXIT
 * @weakref: out: weak reference; gives a reference
 *
 * The event is for refheap_read_events(), or for who was registered with
 * refheap_on_event().
 *
 * Return: 0, or the errors of every call.
 */
int refheap_new_weakref_cookie(struct refheap *session, refheap_id object,
			       uint64_t cookie, uint32_t flags,
			       refheap_id *weakref);

#define REFHEAP_COOKIE	0x72656668ULL

/**
 * refheap_disarm - take the callback from a weak reference
 * @session: session
 * @weakref: weak reference; lives on without it
 *
 * Return: 1 when the callback had yet to be called and now never will; 0 when
 * there is none, or it has been called, or is about to be.
 */
int refheap_disarm(struct refheap *session, refheap_id weakref);

/**
 * refheap_deref - the referent of a weak reference
 * @session: session
 * @weakref: weak reference
 * @object: out: referent, when it is alive; gives a reference
 *
 * Return: 1, or 0 when the referent is dead.
 */
int refheap_deref(struct refheap *session, refheap_id weakref,
		  refheap_id *object);

/* How many weak references to an object there are. */
int64_t refheap_weakref_count(struct refheap *session, refheap_id object);

/**
 * refheap_weakrefs - list the weak references to an object
 * @session: session
 * @object: object
 * @after: the last one of the piece before, still held; 0 to begin
 * @weakrefs: out: the next ones: first the shared one, then the newest first;
 *            gives a reference to each
 * @count: how many at most, 1 to REFHEAP_MAX_IDS
 *
 * Return: how many, 0 at the end.
 */
int refheap_weakrefs(struct refheap *session, refheap_id object,
		     refheap_id after, refheap_id *weakrefs, size_t count);

/*
 * Containers whose entries go with their values, their keys, their members.
 * They have the functions of dicts and sets; what cannot be weakly referenced
 * is -EOPNOTSUPP where it would be. A value of a dict with weak keys does not
 * keep its own key alive.
 */
int refheap_new_weak_value_dict(struct refheap *session, refheap_id *id);
int refheap_new_weak_key_dict(struct refheap *session, refheap_id *id);
int refheap_new_weak_set(struct refheap *session, refheap_id *id);

/**
 * refheap_alive - whether an object is alive, without a system call
 * @session: session
 * @id: that an object has, or had; for others the answer means nothing
 *
 * Reads memory that the kernel keeps up to date. A call to the kernel is made
 * the first time for each 8192 neighbouring slots, and in the short time in
 * which a collection frees what it has found. The answer is right when it is
 * given; only a reference (refheap_deref()) keeps it so.
 *
 * Return: 1 or 0; 0 also when the heap has been removed.
 */
int refheap_alive(struct refheap *session, refheap_id id);

/* A weak reference whose referent's id is known. */
struct refheap_weak {
	refheap_id id;		/* of the weak reference */
	refheap_id referent;	/* 0 when it was dead already */
};

/**
 * refheap_weakref_get - learn the id of a weak reference's referent
 * @session: session
 * @weakref: weak reference
 * @weak: out: for refheap_weakref_alive()
 *
 * Return: 0.
 */
int refheap_weakref_get(struct refheap *session, refheap_id weakref,
			struct refheap_weak *weak);

/**
 * refheap_weakref_alive - whether a referent is alive, without a system call
 * @session: session
 * @weak: of refheap_weakref_get(); nobody need hold the weak reference
 *
 * An object that a finalizer brought back from a dead cycle, or that a legacy
 * one brought back, is alive, though the weak references that it had before are
 * not: only refheap_deref() tells.
 *
 * Return: as refheap_alive().
 */
static inline int refheap_weakref_alive(struct refheap *session,
					const struct refheap_weak *weak)
{
	return refheap_alive(session, weak->referent);
}


/*
 * Finalizers
 * ----------
 */

/**
 * refheap_finalizer_fn - finalizer of the instances of a type
 * @session: session that made the object, or adopted it
 * @object: nobody else refers to it any more, unless it is part of a cycle; the
 *          session holds it until the function returns
 * @arg: as it was registered
 *
 * Called once for each object, by refheap_dispatch() and refheap_collect(); it
 * may do what a refheap_weakref_fn may. When it returns the object dies, unless
 * it has been stored somewhere or taken.
 */
typedef void refheap_finalizer_fn(struct refheap *session, refheap_id object,
				  void *arg);

/**
 * refheap_on_finalize - register the finalizer of a type
 * @session: session
 * @type: made with REFHEAP_TYPE_FINALIZER or derived from such a one; 0 for all
 *        types that have none registered, nor a base that has
 * @fn: finalizer; replaces the one before; NULL for none
 * @arg: for @fn
 *
 * Objects whose finalizer nobody has registered wait: for being registered, for
 * refheap_read_events(), or for the end of the session.
 *
 * Return: 0 or -ENOMEM.
 */
int refheap_on_finalize(struct refheap *session, uint32_t type,
			refheap_finalizer_fn *fn, void *arg);

/**
 * refheap_adopt - offer to finalize what sessions that are gone have made
 * @session: session
 * @adopt: or no longer
 *
 * Return: 0.
 */
int refheap_adopt(struct refheap *session, bool adopt);

/* Python's weakref.finalize, by number; 0 is none. */
typedef uint64_t refheap_finalizer;

#define REFHEAP_FINALIZE_ATEXIT	(1U << 0) /* also at refheap_close() */

typedef void refheap_finalize_fn(struct refheap *session, void *arg);

/**
 * refheap_finalize - have a function called once when an object has died
 * @session: session
 * @object: object; can be weakly referenced
 * @fn: called by refheap_dispatch(), by refheap_finalize_call() or, with ATEXIT,
 *      by refheap_close(); may do what a refheap_weakref_fn may
 * @arg: for @fn
 * @flags: 0 or REFHEAP_FINALIZE_ATEXIT
 * @finalizer: out: number, for the following functions; may be NULL
 *
 * Nothing need be kept for it. When the process is killed @fn is not called; a
 * session that adopts gets the event of one with ATEXIT.
 *
 * Return: 0, or -EOPNOTSUPP.
 */
int refheap_finalize(struct refheap *session, refheap_id object,
		     refheap_finalize_fn *fn, void *arg, uint32_t flags,
		     refheap_finalizer *finalizer);

/* Call it now; 1, or 0 when it has been called or detached. */
int refheap_finalize_call(struct refheap *session, refheap_finalizer finalizer);

/* Forget it; 1, or 0 when it has been called or detached. */
int refheap_finalize_detach(struct refheap *session,
			    refheap_finalizer finalizer);

/* Whether it has neither been called nor detached. */
bool refheap_finalize_alive(struct refheap *session,
			    refheap_finalizer finalizer);

/* 1 and the object, with a reference; 0 when it is dead or @finalizer not alive. */
int refheap_finalize_peek(struct refheap *session, refheap_finalizer finalizer,
			  refheap_id *object);


/*
 * Events of a session
 * -------------------
 *
 * Events of weak references and finalizers come without being asked for, and
 * are not lost; others come when they were subscribed to, and may be.
 *
 * An event loop waits for refheap_fd() to be readable and calls
 * refheap_dispatch(session, 0, 0).
 */

/**
 * refheap_dispatch - run callbacks, finalizers and handlers of events
 * @session: session
 * @timeout_ms: how long to wait for the first event; 0 not at all, -1 without
 *              limit
 * @max: return after so many events; 0 for no limit
 *
 * May be called by several threads, and by what it runs: events are handed out
 * in their order, each once. The references that come with them are given back.
 * Events that nothing is registered for are set aside until something is, or
 * for refheap_read_events(); of those subscribed to the latest 64. The descriptor
 * does not tell of them: who registers late dispatches once without being told.
 *
 * Return: number of events that something was run for, -EINTR after a signal
 * while waiting, -EIDRM when the heap has been removed and no event is left.
 */
int refheap_dispatch(struct refheap *session, int timeout_ms, size_t max);

typedef void refheap_event_fn(struct refheap *session,
			      const struct refheap_event *event, void *data);

/**
 * refheap_on_event - register a function for events as they are
 * @session: session
 * @mask: REFHEAP_EVENT_*: those that it is for
 * @fn: replaces the one before of each; NULL for none
 * @data: for @fn
 *
 * Subscribes to those of @mask that have to be, or, without @fn, no longer. Of
 * REFHEAP_EVENT_WEAKREF and REFHEAP_EVENT_FINALIZE it gets those that the
 * library has no callback or finalizer for: of weak references that were made
 * with cookies, and of sessions that are gone (REFHEAP_EVENT_ADOPTED). The
 * reference that comes with them is given back when @fn returns.
 *
 * Return: 0, or -EINVAL.
 */
int refheap_on_event(struct refheap *session, uint32_t mask,
		     refheap_event_fn *fn, void *data);

/**
 * refheap_subscribe_events - say which events to get
 * @session: session
 * @mask: REFHEAP_EVENT_GC_START, REFHEAP_EVENT_GC_STOP, REFHEAP_EVENT_LIMIT;
 *        replaces what was asked for before; 0 for none
 *
 * Return: 0, or -EINVAL for unknown ones.
 */
int refheap_subscribe_events(struct refheap *session, uint32_t mask);

/**
 * refheap_read_events - read events
 * @session: session
 * @events: out: events, oldest first
 * @count: how many at most, at least 1
 * @timeout_ms: how long to wait for the first; 0 not at all, -1 without limit
 *
 * First those that refheap_dispatch() and refheap_collect() have set aside,
 * which refheap_fd() does not tell of. The references that come with events of
 * weak references and finalizers are the caller's, to be given back with
 * refheap_drop() or refheap_finalized(). Nothing is run for the events:
 * refheap_run_event() does that.
 *
 * Return: number of events, 0 after the timeout, -EINTR after a signal, -EIDRM
 * when the heap has been removed and no event is left.
 */
int refheap_read_events(struct refheap *session, struct refheap_event *events,
			size_t count, int timeout_ms);

/**
 * refheap_run_event - run what is registered for an event that was read
 * @session: session
 * @event: of refheap_read_events()
 *
 * Return: 1 when something was run; the reference has been given back. 0 when
 * nothing is registered for it; the reference is still the caller's.
 */
int refheap_run_event(struct refheap *session,
		      const struct refheap_event *event);

/**
 * refheap_finalized - say that a finalizer has ended
 * @session: session
 * @object: of an event REFHEAP_EVENT_FINALIZE that was read; the reference that
 *          came with it is given back
 *
 * Return: 0, or -ENOTUNIQ when it is no such object.
 */
int refheap_finalized(struct refheap *session, refheap_id object);

/**
 * refheap_dispatch_events - call a function for each event that is there
 * @session: session
 * @fn: function; gets those that nothing is registered for
 * @data: for @fn
 * @timeout_ms: how long to wait for the first; 0 not at all, -1 without limit
 *
 * As refheap_dispatch(), with @fn for all the rest. With REFHEAP_EVENT_GC_START
 * and REFHEAP_EVENT_GC_STOP these are Python's gc.callbacks.
 *
 * Return: number of events, -EINTR after a signal.
 */
int refheap_dispatch_events(struct refheap *session, refheap_event_fn *fn,
			    void *data, int timeout_ms);


/*
 * Handing references to other processes
 * -------------------------------------
 *
 * Besides names and containers: a descriptor that holds a reference of its own
 * until its last copy is closed, wherever that is, also on its way.
 */

/**
 * refheap_export - put a reference into a descriptor
 * @session: session
 * @id: object
 *
 * Return: a descriptor, close-on-exec, to be closed with close(), or -EMFILE,
 * -ENFILE.
 */
int refheap_export(struct refheap *session, refheap_id id);

/**
 * refheap_import - take what a descriptor holds
 * @session: session on the same heap
 * @fd: of refheap_export(), here or in another process; stays open
 * @id: out: object; gives a reference
 *
 * Return: 0, -EBADF when it is no such descriptor, -EXDEV when it is of another
 * heap.
 */
int refheap_import(struct refheap *session, int fd, refheap_id *id);

/**
 * refheap_send_object - send a reference over a Unix socket
 * @session: session
 * @socket: stream, datagram or seqpacket, connected
 * @id: object; the session keeps its own references
 *
 * One byte of data goes with it. From then on the object is kept alive by the
 * message, until it is received or thrown away.
 *
 * Return: 0, or an error of sendmsg(): -EAGAIN, -EINTR, -EPIPE.
 */
int refheap_send_object(struct refheap *session, int socket, refheap_id id);

/**
 * refheap_receive_object - receive what refheap_send_object() has sent
 * @session: session on the same heap
 * @socket: the other end
 * @id: out: object; gives a reference
 *
 * Return: 1, 0 when the other end has been closed, -EBADMSG when the message is
 * not of refheap_send_object(), an error of refheap_import() or of recvmsg():
 * -EAGAIN, -EINTR.
 */
int refheap_receive_object(struct refheap *session, int socket,
			   refheap_id *id);


/*
 * Sites and history
 * -----------------
 *
 * The heap can keep the last takes and drops of an object: when, by which
 * session, and, for programs that say so, from where.
 */

/**
 * refheap_site - the number of a place in a program
 * @session: session
 * @where: such as "file.c:12"
 *
 * Return: a number above 0, the same for the same text; lives as long as the
 * heap.
 */
int64_t refheap_site(struct refheap *session, const char *where);

/**
 * refheap_set_site - say where operations come from
 * @session: session; its threads share this
 * @site: of refheap_site(), for all operations from now on; 0 for none
 *
 * Return: what it was before.
 */
uint32_t refheap_set_site(struct refheap *session, uint32_t site);

/**
 * REFHEAP_HERE - operations of the session come from this line from now on
 * @session: session
 *
 * Asks the kernel for the number the first time that the line is executed for
 * the session.
 *
 * Return: 0 or an error of refheap_site().
 */
#define REFHEAP_HERE(session) \
	refheap_here((session), __FILE__ ":" REFHEAP_TEXT(__LINE__))

#define REFHEAP_TEXT(x)		REFHEAP_TEXT_(x)
#define REFHEAP_TEXT_(x)	#x

/* What the macro calls; @where must live as long as the session. */
int refheap_here(struct refheap *session, const char *where);

/**
 * refheap_set_history - keep the last takes and drops of an object
 * @session: session
 * @id: object
 * @keep: how many, at most REFHEAP_HISTORY_MAX; 0 for none
 *
 * Return: 0 or -EINVAL.
 */
int refheap_set_history(struct refheap *session, refheap_id id, uint32_t keep);

/* Likewise of all instances of a type that are made from now on; -ENOENT. */
int refheap_type_history(struct refheap *session, uint32_t type, uint32_t keep);

/**
 * refheap_history - read the history of an object
 * @session: session
 * @id: object
 * @changes: out: the latest changes, oldest first; site is the id of a str
 * @count: how many at most; REFHEAP_HISTORY_MAX is always enough
 * @total: out: how many there have been since it is kept; may be NULL
 *
 * Return: number of changes, or -ENODATA when none are kept.
 */
int refheap_history(struct refheap *session, refheap_id id,
		    struct refheap_change *changes, size_t count,
		    uint64_t *total);


/*
 * Control of heaps
 * ----------------
 *
 * Functions that take a control handle work on any heap that the caller may
 * read, by its number; others are -ENOENT. Those that change a heap need to be
 * called by its owner or with CAP_SYS_ADMIN, else -EPERM or -EACCES.
 */

/* -ENXIO when the module is not loaded. */
int refheap_ctl_open(struct refheap_ctl **ctl);
void refheap_ctl_close(struct refheap_ctl *ctl);

struct refheap_heap_info {
	uint32_t heap;		/* its number */
	uint32_t owner;		/* uid */
	uint32_t group;		/* gid */
	uint32_t mode;		/* permission bits */
	uint64_t max_bytes;	/* 0 for no limit */
	uint64_t max_objects;	/* 0 for no limit */
	uint64_t bytes;		/* metadata and blocks of live objects */
	uint64_t reserved_bytes; /* arenas and tables */
	uint64_t objects;	/* alive */
	uint64_t names;		/* entries of the root dict */
	uint64_t births;	/* since the heap was made */
	uint64_t deaths;
	uint32_t sessions;
	uint32_t reserved0;
	char name[REFHEAP_NAME_MAX];
	uint64_t refusals;	/* operations refused for want of memory, ever */
	uint64_t events_lost;	/* that sessions did not read in time, ever */
	uint64_t reserved[6];
};

/**
 * refheap_heap_find - the number of a heap
 * @ctl: control handle
 * @name: its name; NULL for the default heap of @owner
 * @owner: uid, or REFHEAP_OWNER_SELF
 * @heap: out: number; numbers are not used again while the module is loaded
 *
 * Return: 0, -ENOENT, or -EINVAL when no heap can have that name.
 */
int refheap_heap_find(struct refheap_ctl *ctl, const char *name,
		      uint32_t owner, uint32_t *heap);

int refheap_heap_get(struct refheap_ctl *ctl, uint32_t heap,
		     struct refheap_heap_info *info);

/* As refheap_trace_get(), without a session. */
int refheap_heap_traced(struct refheap_ctl *ctl, uint32_t heap,
			struct refheap_traced *traced);

int refheap_heap_set_mode(struct refheap_ctl *ctl, uint32_t heap,
			  uint32_t mode);
int refheap_heap_set_group(struct refheap_ctl *ctl, uint32_t heap,
			   uint32_t gid);

#define REFHEAP_KEEP	UINT64_MAX

/**
 * refheap_heap_set_limits - change the limits of a heap
 * @ctl: control handle
 * @heap: number
 * @max_bytes: 0 for none, REFHEAP_KEEP to leave it
 * @max_objects: likewise
 *
 * A limit below what is in use refuses births until enough has died.
 *
 * Return: 0, -ENOENT or -EPERM.
 */
int refheap_heap_set_limits(struct refheap_ctl *ctl, uint32_t heap,
			    uint64_t max_bytes, uint64_t max_objects);

/* Remove a heap and all objects in it; its sessions get -EIDRM from then on. */
int refheap_heap_remove(struct refheap_ctl *ctl, uint32_t heap);


/*
 * Collector, by control handle
 * ----------------------------
 */

#define REFHEAP_GENERATIONS	3

struct refheap_generation {
	uint32_t threshold;
	uint32_t count;
	uint64_t objects;	/* tracked ones in it */
	uint64_t collections;
	uint64_t collected;
	uint64_t uncollectable;
	/* Ever; entered - left - untracked - died is what is in it. */
	uint64_t entered;	/* tracked objects that came into it */
	uint64_t left;		/* those that went on to another generation */
	uint64_t untracked;	/* those found to be in no cycle, and left alone */
	uint64_t died;		/* those that died in it, collected or not */
	/* Of its collections, ever. A hold is the longest time in one go. */
	uint64_t duration_ns;	/* added up */
	uint64_t longest_hold_ns;
	uint64_t total_hold_ns;	/* that of each collection, added up */
	uint64_t holds[REFHEAP_HOLD_BUCKETS]; /* collections, by REFHEAP_HOLD_BOUNDS */
};

struct refheap_gc_info {
	bool enabled;
	uint8_t collecting;	/* 1 + generation while a collection runs, else 0 */
	uint32_t debug;		/* REFHEAP_DEBUG_* */
	uint64_t frozen;	/* objects in the permanent generation */
	uint64_t garbage;	/* objects in garbage */
	uint64_t long_lived_pending;
	uint64_t long_lived_total;
	uint64_t longest_hold_ns; /* of the last full collection */
	uint64_t duration_ns;	/* likewise */
	struct refheap_generation generation[REFHEAP_GENERATIONS];
	uint64_t period_ms;	/* between collections on a timer; 0 for none */
	uint64_t pending;	/* finalizers that have not ended */
	uint64_t finalized;	/* finalizers handed out ever */
	uint64_t skipped;	/* finalizers that nobody was there for */
	uint32_t period_generation; /* what the timer collects */
	uint32_t reserved0;
	uint64_t reserved[3];
};

int refheap_gc_get(struct refheap_ctl *ctl, uint32_t heap,
		   struct refheap_gc_info *info);

/**
 * refheap_gc_set_thresholds - when collections run by themselves
 * @ctl: control handle
 * @heap: number
 * @thresholds: of generations 0, 1, 2; a first one of 0 turns them off
 * @count: how many are given, 1 to 3; the others stay
 *
 * Return: 0, -ENOENT, -EPERM or -EINVAL.
 */
int refheap_gc_set_thresholds(struct refheap_ctl *ctl, uint32_t heap,
			      const uint32_t *thresholds, size_t count);
int refheap_gc_enable(struct refheap_ctl *ctl, uint32_t heap);
int refheap_gc_disable(struct refheap_ctl *ctl, uint32_t heap);

/**
 * refheap_gc_set_period - collect on a timer
 * @ctl: control handle
 * @heap: number
 * @period_ms: milliseconds between two collections, 10 to a day; 0 for no timer
 * @generation: oldest generation that it collects, 0 to 2
 *
 * Independent of refheap_gc_enable() and the thresholds.
 *
 * Return: 0, -ENOENT, -EPERM, or -ERANGE for another period or generation.
 */
int refheap_gc_set_period(struct refheap_ctl *ctl, uint32_t heap,
			  uint64_t period_ms, uint32_t generation);

/* @debug: REFHEAP_DEBUG_*; -EINVAL for other bits. */
int refheap_gc_set_debug(struct refheap_ctl *ctl, uint32_t heap,
			 uint32_t debug);


/*
 * Iterators
 * ---------
 *
 * They ask the kernel for a list and hand it out entry by entry, in constant
 * memory however long it is. Each has a socket of its own. The functions
 * refheap_next_*() return 1 and an entry, or 0 at the end, or an error. Instead
 * of 0 they return -EINTR when something changed in a way that may have made
 * the list miss or repeat an entry; those handed out are right all the same.
 * An iterator must be asked for what it was made for, else -EINVAL.
 */

/* End an iterator, also before its end; may be NULL. */
void refheap_iter_close(struct refheap_iter *iter);

/* Heaps that the caller may read. */
int refheap_iter_heaps(struct refheap_ctl *ctl, struct refheap_iter **iter);
int refheap_next_heap(struct refheap_iter *iter,
		      struct refheap_heap_info *info);

#define REFHEAP_PREVIEW	64	/* bytes of payload shown with an object */

struct refheap_object_info {
	refheap_id id;
	uint32_t kind;		/* enum refheap_kind */
	uint32_t type;		/* of an instance; else 0 */
	uint32_t refcount;
	uint32_t generation;	/* 0 to 2; 3 permanent */
	uint32_t flags;		/* REFHEAP_INFO_* */
	uint32_t edges;		/* of a referrer: how often it refers to the object */
	uint64_t sizeof_;
	uint64_t length;
	uint32_t weakrefs;	/* how many weak references to it there are */
	uint32_t preview_length;
	uint8_t preview[REFHEAP_PREVIEW]; /* the payload's first bytes */
	refheap_id referent;	/* of a weak reference; 0 when it is dead */
	uint64_t reserved[3];
};

/* One object, without taking a reference; -ENOENT, -ESTALE. */
int refheap_object_get(struct refheap_ctl *ctl, uint32_t heap, refheap_id id,
		       struct refheap_object_info *info);

/**
 * struct refheap_filter - which objects to list; all that is set must apply
 * @generation: 0 to 2, or 3 for the permanent one; -1 for any
 * @kind: enum refheap_kind, or 0
 * @type: type of instances, or 0
 * @garbage: only what is in the heap's garbage
 * @tracked: only what is tracked
 * @referrers_of: only what refers to that object, or 0
 * @referents_of: only what that object refers to, or 0
 * @reserved: zero
 *
 * Begin with REFHEAP_FILTER_INIT.
 */
struct refheap_filter {
	int32_t generation;
	uint32_t kind;
	uint32_t type;
	bool garbage;
	bool tracked;
	refheap_id referrers_of;
	refheap_id referents_of;
	uint64_t reserved[4];
};

#define REFHEAP_FILTER_INIT	{ -1, 0, 0, false, false, 0, 0, { 0, 0, 0, 0 } }

/* @filter may be NULL. */
int refheap_iter_objects(struct refheap_ctl *ctl, uint32_t heap,
			 const struct refheap_filter *filter,
			 struct refheap_iter **iter);
int refheap_iter_referrers(struct refheap_ctl *ctl, uint32_t heap,
			   refheap_id id, struct refheap_iter **iter);
int refheap_iter_referents(struct refheap_ctl *ctl, uint32_t heap,
			   refheap_id id, struct refheap_iter **iter);
int refheap_next_object(struct refheap_iter *iter,
			struct refheap_object_info *info);

struct refheap_type_info {
	uint32_t type;		/* 0 for a built-in kind */
	uint32_t kind;		/* enum refheap_kind */
	uint32_t base;		/* type, or 0 */
	uint32_t flags;		/* REFHEAP_TYPE_* */
	uint64_t objects;	/* alive */
	uint64_t bytes;		/* of them */
	char name[REFHEAP_NAME_MAX];
	const char *const *slots; /* those of the base first; until the next call */
	size_t slot_count;
	uint64_t reserved[4];
};

/* Built-in kinds and types. */
int refheap_iter_types(struct refheap_ctl *ctl, uint32_t heap,
		       struct refheap_iter **iter);
int refheap_next_type(struct refheap_iter *iter,
		      struct refheap_type_info *info);

/* What an entry of the list of arenas is about. */
enum refheap_arena_entry {
	REFHEAP_ARENA_CLASS = 1,	/* a size class */
	REFHEAP_ARENA_ARENA,		/* an arena */
	REFHEAP_ARENA_TOTALS,		/* the last one */
};

struct refheap_arena_info {
	enum refheap_arena_entry entry;
	uint32_t space;		/* enum refheap_space; not of the totals */
	/* REFHEAP_ARENA_CLASS */
	uint32_t block_bytes;
	uint64_t pools;
	uint64_t blocks_used;
	uint64_t blocks_free;
	/* REFHEAP_ARENA_ARENA */
	uint32_t index;
	uint32_t pages;
	uint32_t pages_free;
	/* REFHEAP_ARENA_ARENA; REFHEAP_ARENA_TOTALS: of all arenas */
	uint64_t bytes;
	/* REFHEAP_ARENA_TOTALS */
	uint64_t table_bytes;	/* of the object table */
	uint64_t table_slots;
	uint64_t metadata_millibytes; /* for one slot, thousandths of a byte */
	uint64_t large_blocks;	/* blocks of whole pages */
	uint64_t large_bytes;
	/* REFHEAP_ARENA_ARENA */
	uint32_t use;		/* enum refheap_arena_use */
	uint32_t pool_count;	/* entries of @pool, 0 of an arena that is one block */
	const struct refheap_pool *pool; /* in their order; until the next call */
	uint64_t reserved[4];
};

int refheap_iter_arenas(struct refheap_ctl *ctl, uint32_t heap,
			struct refheap_iter **iter);
int refheap_next_arena(struct refheap_iter *iter,
		       struct refheap_arena_info *info);

struct refheap_session_info {
	uint32_t session;
	uint32_t pid;		/* of the process that opened it */
	uint32_t uid;
	uint32_t frames;	/* how deep its stack of frames is */
	uint64_t held;		/* references */
	uint64_t since_ns;
	char comm[32];		/* name of that process */
	uint64_t events;	/* of weak references and finalizers, not read yet */
	bool exported;		/* no session, but a descriptor of refheap_export() */
	uint8_t reserved1[7];
	uint64_t reserved[2];
};

int refheap_iter_sessions(struct refheap_ctl *ctl, uint32_t heap,
			  struct refheap_iter **iter);
int refheap_next_session(struct refheap_iter *iter,
			 struct refheap_session_info *info);

/* Who holds one object. */
struct refheap_holder_info {
	uint32_t session;
	uint32_t pid;		/* of the process that opened it */
	uint32_t uid;
	uint32_t count;		/* references of that session to the object */
	uint32_t frame;		/* innermost frame that has one; 0: the session itself */
	bool exported;		/* no session, but a descriptor of refheap_export() */
	uint8_t reserved0[3];
	uint64_t since_ns;	/* it has had one without a break since then */
	char comm[32];		/* name of that process */
	uint64_t reserved[4];
};

/**
 * refheap_iter_holders - the sessions that hold an object
 * @ctl: control handle
 * @heap: number
 * @id: object
 * @iter: out: for refheap_next_holder(), whose first call gives -ESTALE when the
 *        object is dead, -ENOENT when it never was
 *
 * Return: 0.
 */
int refheap_iter_holders(struct refheap_ctl *ctl, uint32_t heap, refheap_id id,
			 struct refheap_iter **iter);
int refheap_next_holder(struct refheap_iter *iter,
			struct refheap_holder_info *info);


/*
 * Monitor
 * -------
 *
 * Notices about heaps, sessions, collections and objects as they happen. They
 * may be lost when nobody reads them in time; then they say how many.
 */

#define REFHEAP_MONITOR_HEAPS	(1U << 0) /* heaps, sessions, limits */
#define REFHEAP_MONITOR_GC	(1U << 1) /* collections started and stopped */
#define REFHEAP_MONITOR_OBJECTS	(1U << 2) /* births, deaths, callbacks, finalizers */

struct refheap_notice {
	uint32_t event;		/* enum refheap_ntf */
	uint32_t heap;		/* its number */
	uint64_t seq;		/* of its group */
	uint64_t lost;		/* notices of the group missing before this one */
	uint64_t time_ns;
	uint32_t owner;
	uint32_t generation;	/* of a collection */
	uint64_t collected;	/* REFHEAP_NTF_GC_STOP */
	uint64_t uncollectable;	/* likewise */
	uint64_t longest_hold_ns; /* likewise */
	char name[REFHEAP_NAME_MAX];
	refheap_id object;	/* REFHEAP_MONITOR_OBJECTS */
	uint32_t kind;		/* likewise: enum refheap_kind */
	uint32_t type;		/* likewise: of an instance; else 0 */
	uint32_t session;	/* REFHEAP_NTF_SESSION_NEW, REFHEAP_NTF_SESSION_END */
	uint32_t pid;		/* likewise */
	uint32_t uid;		/* likewise */
	uint32_t group;		/* REFHEAP_MONITOR_*: that it came from */
	uint64_t bytes;		/* REFHEAP_NTF_LIMIT: in use */
	char comm[32];		/* of a session */
	uint64_t reserved[4];
};

/**
 * refheap_monitor_open - listen
 * @groups: REFHEAP_MONITOR_*
 * @monitor: out: to be closed with refheap_monitor_close()
 *
 * Return: 0, -EINVAL for no or unknown groups, -ENXIO when the module is not
 * loaded, -EPERM when the caller may not listen to a group.
 */
int refheap_monitor_open(uint32_t groups, struct refheap_monitor **monitor);
void refheap_monitor_close(struct refheap_monitor *monitor);

/* For poll(); readable when there are notices. */
int refheap_monitor_fd(const struct refheap_monitor *monitor);

/**
 * refheap_monitor_next - the next notice
 * @monitor: monitor
 * @timeout_ms: how long to wait; 0 not at all, -1 without limit
 * @notice: out: notice
 *
 * Return: 1, 0 after the timeout, -EINTR after a signal.
 */
int refheap_monitor_next(struct refheap_monitor *monitor, int timeout_ms,
			 struct refheap_notice *notice);


/* What the refheap_auto_* attributes call. */

static inline void refheap_cleanup_close(struct refheap **session)
{
	refheap_close(*session);
}

static inline void refheap_cleanup_drop(struct refheap_ref *ref)
{
	if (ref->session && ref->id)
		refheap_drop(ref->session, ref->id);
}

static inline void
refheap_cleanup_batch(struct refheap_batch_builder **builder)
{
	refheap_batch_free(*builder);
}

static inline void refheap_cleanup_view(struct refheap_view *view)
{
	refheap_view_close(view);
}

static inline void refheap_cleanup_iter(struct refheap_iter **iter)
{
	refheap_iter_close(*iter);
}

static inline void refheap_cleanup_ctl(struct refheap_ctl **ctl)
{
	refheap_ctl_close(*ctl);
}

static inline void refheap_cleanup_monitor(struct refheap_monitor **monitor)
{
	refheap_monitor_close(*monitor);
}

static inline void refheap_cleanup_frame(struct refheap_frame *frame)
{
	if (frame->session && frame->depth > 0)
		refheap_frame_pop(frame->session, frame->depth);
}

/*
 * Caches
 * ------
 *
 * A cache remembers values by key, within bounds, for all processes that open
 * it by its name. Its kinds:
 *
 *   REFHEAP_CACHE_WEAK  keeps no value alive: an entry is gone when nobody else
 *		refers to its value any more
 *   REFHEAP_CACHE_LRU   keeps the entries that were used last, @maximum of them
 *   REFHEAP_CACHE_TTL   keeps an entry for @ttl_ns after it was put, and of those
 *		@maximum at most: the oldest go first
 *
 * All of a cache is one object of the heap, of the type "refheap.cache": what it
 * was made with, its entries, and counts of hits and misses that every process
 * adds to in place. It lives as long as its name or somebody who has it open;
 * refheap_del_name() removes the name.
 *
 * Getting and putting are one system call each, and so is every change of an
 * entry one operation that happens or does not: no update is lost, and a
 * process that is killed leaves a cache that is as good as before. When a put
 * returns, what it brought in is no reason for the cache to have more than its
 * maximum. Before that the cache may have one entry more for each put that is
 * under way, in whatever process or thread. A process that is killed within a
 * put may leave its one; the next put, of anybody, takes it out.
 *
 * Keys are objects that can be hashed, or, for functions that end in _str, text,
 * which is the same key as a str of that text. A handle may be used by several
 * threads at the same time. It holds its cache by references of the session,
 * which belong to no frame: close it before the session. Functions that take a
 * handle can fail with the errors of every call that takes a session or an
 * object.
 */

struct refheap_cache;			/* a cache that is open */

enum refheap_cache_kind {
	REFHEAP_CACHE_WEAK = 1,
	REFHEAP_CACHE_LRU,
	REFHEAP_CACHE_TTL,
};

/* struct refheap_cache_options: flags */
#define REFHEAP_CACHE_EXCL	(1U << 0) /* fail when there is one */

/**
 * struct refheap_cache_options - what a cache is to be
 * @kind: enum refheap_cache_kind
 * @flags: REFHEAP_CACHE_*
 * @maximum: entries; 0 for no limit, and for REFHEAP_CACHE_WEAK
 * @ttl_ns: how long an entry stays; 0 for all but REFHEAP_CACHE_TTL
 * @reserved: zero
 *
 * Begin with REFHEAP_CACHE_OPTIONS_INIT.
 */
struct refheap_cache_options {
	uint32_t kind;
	uint32_t flags;
	uint64_t maximum;
	uint64_t ttl_ns;
	uint64_t reserved[4];
};

#define REFHEAP_CACHE_OPTIONS_INIT	{ 0, 0, 0, 0, { 0, 0, 0, 0 } }

/**
 * refheap_cache_open - open a cache, or make it when there is none
 * @session: session; one that may only read finds what is there, but neither
 *           counts nor makes an entry of an LRU cache the newest
 * @name: name of the cache among the names of the heap; NULL makes one without
 *        a name, for this handle
 * @options: what it is to be; NULL to open what there is, whatever it is
 * @cache: out: to be closed with refheap_cache_close()
 *
 * Processes that open the same name at the same time get the same cache.
 *
 * Return: 0, or
 *   -ENOKEY  there is none, and no @options
 *   -EEXIST  there is one of another kind, maximum or time to live, or one at
 *            all and REFHEAP_CACHE_EXCL
 *   -EINVAL  the options contradict each other; neither @name nor @options
 *   -EOPNOTSUPP  the name is that of another object
 */
int refheap_cache_open(struct refheap *session, const char *name,
		       const struct refheap_cache_options *options,
		       struct refheap_cache **cache);

/* Close a handle; the cache stays as long as it has a name. May be NULL. */
void refheap_cache_close(struct refheap_cache *cache);

/* The object that is the cache; alive until the handle is closed. */
refheap_id refheap_cache_object(const struct refheap_cache *cache);

/**
 * refheap_cache_get - the value of a key, and count it
 * @cache: cache
 * @key: object
 * @value: out: gives a reference
 *
 * A hit makes the entry of an LRU cache the newest. An entry whose time is over
 * is a miss, and is removed.
 *
 * Return: 0, -ENOKEY for a miss, -EOPNOTSUPP when the key cannot be hashed.
 */
int refheap_cache_get(struct refheap_cache *cache, refheap_id key,
		      refheap_id *value);
int refheap_cache_get_str(struct refheap_cache *cache, const char *key,
			  refheap_id *value);

/* The same, but it counts nothing and changes nothing. */
int refheap_cache_peek(struct refheap_cache *cache, refheap_id key,
		       refheap_id *value);
int refheap_cache_peek_str(struct refheap_cache *cache, const char *key,
			   refheap_id *value);

/**
 * refheap_cache_put - remember a value
 * @cache: cache
 * @key: object
 * @value: object; a weak cache refuses those that cannot be weakly referenced
 *
 * Replaces the value of a key that is there. The entry is the newest, and its
 * time begins. What is then over the maximum goes, the oldest first.
 *
 * Return: 0, -EOPNOTSUPP when the key cannot be hashed or the value not be
 * weakly referenced, -EFBIG for a key longer than 64 KiB.
 */
int refheap_cache_put(struct refheap_cache *cache, refheap_id key,
		      refheap_id value);
int refheap_cache_put_str(struct refheap_cache *cache, const char *key,
			  refheap_id value);

/* Forget a key; -ENOKEY when it is not there. */
int refheap_cache_del(struct refheap_cache *cache, refheap_id key);
int refheap_cache_del_str(struct refheap_cache *cache, const char *key);

/*
 * Makes the value of a key that a cache does not have: gives a reference
 * through @value and returns 0, or an error. One of the keys is given, the
 * other is 0 or NULL.
 */
typedef int refheap_make_fn(struct refheap *session, refheap_id key,
			    const char *text, void *data, refheap_id *value);

/**
 * refheap_cache_call - the value of a key, made when it is not there
 * @cache: cache
 * @key: object
 * @make: function that makes it
 * @data: for @make
 * @value: out: gives a reference
 *
 * With an LRU cache this is Python's functools.lru_cache. When several make the
 * value of one key at the same time, the first to be ready is remembered and
 * all get that one; so in a weak cache there is one object for each key.
 *
 * Return: 0, the error of @make, which is not remembered, or of
 * refheap_cache_put().
 */
int refheap_cache_call(struct refheap_cache *cache, refheap_id key,
		       refheap_make_fn *make, void *data, refheap_id *value);
int refheap_cache_call_str(struct refheap_cache *cache, const char *key,
			   refheap_make_fn *make, void *data,
			   refheap_id *value);

/**
 * struct refheap_cache_info - what is known of a cache; Python's cache_info()
 * @kind: enum refheap_cache_kind
 * @reserved0: zero
 * @maximum: entries, 0 for no limit
 * @ttl_ns: how long an entry stays, 0 for ever
 * @size: entries, those included whose time is over and that nobody has removed
 * @hits: gets that found a value, of all processes, since the cache was cleared
 * @misses: those that did not
 * @evicted: entries that went for others
 * @expired: entries that were removed since their time was over
 * @reserved: zero
 */
struct refheap_cache_info {
	uint32_t kind;
	uint32_t reserved0;
	uint64_t maximum;
	uint64_t ttl_ns;
	uint64_t size;
	uint64_t hits;
	uint64_t misses;
	uint64_t evicted;
	uint64_t expired;
	uint64_t reserved[4];
};

int refheap_cache_get_info(struct refheap_cache *cache,
			   struct refheap_cache_info *info);

/* Forget all keys and counts. */
int refheap_cache_clear(struct refheap_cache *cache);

/**
 * refheap_cache_expire - remove entries whose time is over
 * @cache: cache
 *
 * From the oldest on, up to one whose time is not over. Others need not call
 * it: such entries are not found, and are the first to go.
 *
 * Return: how many were removed.
 */
int64_t refheap_cache_expire(struct refheap_cache *cache);

/* Tells the time in nanoseconds, from whatever beginning. */
typedef uint64_t refheap_clock_fn(void *data);

/**
 * refheap_cache_set_clock - what time it is for a handle
 * @cache: cache, before other threads use it
 * @clock: function; NULL for CLOCK_MONOTONIC, which is the default
 * @data: for @clock
 *
 * Whoever shares a cache of the kind REFHEAP_CACHE_TTL must agree on the time;
 * CLOCK_MONOTONIC is the same for all processes of a time namespace.
 */
void refheap_cache_set_clock(struct refheap_cache *cache,
			     refheap_clock_fn *clock, void *data);

struct refheap_cache_entry {
	refheap_id key;
	refheap_id value;
	uint64_t expires_ns;	/* as the clock has it; 0: never */
	uint64_t reserved[2];
};

/**
 * refheap_cache_next - walk over the entries of a cache, the oldest first
 * @cache: cache
 * @cursor: 0 to begin; only to be passed on
 * @entry: out: gives a reference to its key and to its value
 *
 * Passes over entries whose time is over. Those that come, go or are used
 * meanwhile may be seen or not; when some come or are used, others may be passed
 * over, too. Counts nothing and changes nothing.
 *
 * Return: 1, or 0 when there is no further entry.
 */
int refheap_cache_next(struct refheap_cache *cache, uint64_t *cursor,
		       struct refheap_cache_entry *entry);

/* Closes a handle when the variable goes out of scope. */
#define refheap_auto_cache	__attribute__((__cleanup__(refheap_cleanup_cache)))

static inline void refheap_cleanup_cache(struct refheap_cache **cache)
{
	refheap_cache_close(*cache);
}


/*
 * The whole heap at once
 * ----------------------
 *
 * A scan tells all objects of a heap with all they refer to, at the speed of
 * memory. It stops nobody, takes no references and changes nothing. Others may
 * change the heap meanwhile: then refheap_scan_disturbed() says so, and who
 * needs the heap of one moment scans again.
 */

struct refheap_scanner;

/**
 * refheap_scan_open - begin a scan
 * @session: session; must not be closed before the scan is
 * @flags: REFHEAP_SCAN_EDGES: with what containers refer to;
 *         REFHEAP_SCAN_PAYLOAD: with what leaves consist of, up to
 *         REFHEAP_SCAN_PAYLOAD_MAX bytes of each; 0 for neither
 * @scanner: out: to be closed with refheap_scan_close()
 *
 * Uses the same memory whatever the size of the heap. For one thread at a time.
 *
 * Return: 0, or -EINVAL for unknown flags, or -ENOMEM.
 */
int refheap_scan_open(struct refheap *session, uint32_t flags,
		      struct refheap_scanner **scanner);

/**
 * refheap_scan_next - the next record of a scan
 * @scanner: scan
 * @record: out: see struct refheap_scan; valid until the next call
 *
 * Objects come in the order of their slots. One with more than
 * REFHEAP_SCAN_EDGES_MAX edges comes in several records, one after the other,
 * whose @first tells how many edges were told before.
 *
 * Return: 1 and a record, 0 at the end, or an error, after which the scan can
 * only be closed.
 */
int refheap_scan_next(struct refheap_scanner *scanner,
		      const struct refheap_scan **record);

/**
 * refheap_scan_disturbed - whether the heap has changed during a scan
 * @scanner: scan
 *
 * Of what was told so far. When it is false at the end, the records are the
 * heap as it was at one moment; otherwise each of them was right when it was
 * told, but they need not fit together. Of references of sessions, whose number
 * may change at any time, that is true either way.
 */
bool refheap_scan_disturbed(const struct refheap_scanner *scanner);

/* End a scan, at any time; @scanner may be NULL. */
void refheap_scan_close(struct refheap_scanner *scanner);

/* Whether edges follow a record, rather than payload. */
static inline bool refheap_scan_has_edges(const struct refheap_scan *record)
{
	return record->kind > REFHEAP_KIND_BYTEARRAY;
}

/* The @n edges of a record: slots, 0 for none. */
static inline const uint32_t *
refheap_scan_edges(const struct refheap_scan *record)
{
	return (const uint32_t *)(record + 1);
}

/* The @n bytes of payload of a record. */
static inline const void *
refheap_scan_payload(const struct refheap_scan *record)
{
	return record + 1;
}

/* Closes a scan when the variable goes out of scope. */
#define refheap_auto_scan	__attribute__((__cleanup__(refheap_cleanup_scan)))

static inline void refheap_cleanup_scan(struct refheap_scanner **scanner)
{
	refheap_scan_close(*scanner);
}

/*
 * Heaps in files
 * --------------
 *
 * A heap can be saved to a file (refheap-dump(5) has its format), looked at
 * there, and brought back as a heap of its own.
 */

struct refheap_image;			/* a file that was read */

/**
 * refheap_dump - save the heap to a file
 * @session: session, which may be one that can only read
 * @fd: file, to write to; what is there already is not removed
 *
 * Saves all objects of one moment, without stopping anybody: when the heap was
 * changed while it was looked at, it is looked at again, a few times. The bytes
 * of a bytearray that somebody writes meanwhile may be of different age. Needs
 * memory for the whole file.
 *
 * Return: number of objects, -EAGAIN when the heap was changed each time, or an
 * error of write().
 */
int64_t refheap_dump(struct refheap *session, int fd);

/**
 * refheap_image_read - read a saved heap, and check it
 * @fd: file, read from where it is to its end; a pipe will do
 * @image: out: to be closed with refheap_image_close()
 * @why: out, for -EBADMSG and -EPROTONOSUPPORT: what is wrong with the file,
 *       as the end of a sentence, cut to @size; may be NULL when @size is 0
 * @size: bytes of @why
 *
 * The whole file is checked: its checksums, lengths and numbers, the text of
 * strings, that keys can be keys and differ, that no tuple is in itself. It is
 * safe to read a file of somebody who is not trusted.
 *
 * Return: 0, -EBADMSG when it is damaged or no saved heap, -EPROTONOSUPPORT when
 * it is of another version, or an error of read().
 */
int refheap_image_read(int fd, struct refheap_image **image, char *why,
		       size_t size);

/* May be NULL. */
void refheap_image_close(struct refheap_image *image);

struct refheap_image_info {
	uint64_t objects;
	uint64_t edges;
	uint64_t bytes;		/* that the objects occupied */
	uint64_t file_bytes;
	uint64_t time_ns;	/* of being saved, CLOCK_REALTIME */
	uint32_t types;		/* their numbers are 1 to this */
	uint32_t owner;		/* uid of who saved it */
	char heap[REFHEAP_NAME_MAX]; /* its name */
	uint64_t reserved[4];
};

void refheap_image_info(const struct refheap_image *image,
			struct refheap_image_info *info);

/**
 * struct refheap_image_object - an object of a saved heap
 * @id: that it had
 * @sizeof_: bytes that it occupied
 * @length: items, entries, attributes or bytes
 * @n: edges, or bytes of payload
 * @refcount: references to it, those of sessions included
 * @type: of an instance, else 0
 * @flags: REFHEAP_INFO_*
 * @kind: enum refheap_kind
 * @generation: 0 to 2; 3 permanent
 * @edges: as of struct refheap_scan, but numbers of objects, 0 for none; NULL
 *         for a leaf
 * @payload: NULL for what is no leaf; numbers are 8 bytes, little-endian
 */
struct refheap_image_object {
	refheap_id id;
	uint64_t sizeof_;
	uint64_t length;
	uint64_t n;
	uint32_t refcount;
	uint32_t type;
	uint32_t flags;
	uint16_t kind;
	uint16_t generation;
	const uint32_t *edges;
	const void *payload;
	uint64_t reserved[4];
};

/**
 * refheap_image_object - an object of a saved heap
 * @image: image
 * @number: 1 to the number of objects; 1 is the root dict
 * @object: out: valid until the image is closed
 *
 * Return: 0 or -ERANGE.
 */
int refheap_image_object(const struct refheap_image *image, uint64_t number,
			 struct refheap_image_object *object);

/**
 * refheap_open_image - a session that looks at a saved heap
 * @image: image; must not be closed before the session
 * @session: out: to be closed with refheap_close()
 *
 * Needs no kernel module. Functions that read give what they gave when the heap
 * was saved, with the same ids; references that the session has are counted,
 * too. What would change something is refused with -EROFS. There are no events,
 * exports and descriptors (-EBADF), no views of payload (-EOPNOTSUPP), no
 * histories (-ENODATA), and nothing was traced.
 *
 * Return: 0 or -ENOMEM.
 */
int refheap_open_image(const struct refheap_image *image,
		       struct refheap **session);

/**
 * refheap_ctl_open_image - a control handle on a saved heap
 * @image: image; must not be closed before the handle and its iterators
 * @ctl: out: to be closed with refheap_ctl_close()
 *
 * Tells of objects, types and the heap itself, whatever number of a heap it is
 * asked for; lists of sessions, holders, arenas and heaps are empty. What else
 * is asked for is refused with -EOPNOTSUPP, what would change something with
 * -EROFS.
 *
 * Return: 0 or -ENOMEM.
 */
int refheap_ctl_open_image(const struct refheap_image *image,
			   struct refheap_ctl **ctl);

/* A type of a saved heap, without its counts; -ENOENT. */
int refheap_image_type(const struct refheap_image *image, uint32_t number,
		       struct refheap_type_info *info);

/**
 * refheap_restore - make a heap of a saved one
 * @image: image
 * @name: of the heap, which must not exist; NULL for the name it had
 * @options: as for refheap_open_with(), and REFHEAP_SUBMIT_INTERRUPTIBLE among
 *           its flags to return -EINTR when a signal came; NULL for none
 *
 * Makes what names keep alive, with types, values, identity and weak
 * references; not what only sessions held, and no sessions, frames, callbacks,
 * histories and settings. All objects are new: their ids are others, and
 * finalizers that have run can run again. Finalizers are orphans, see
 * refheap_adopt(). Weak references whose referent is not brought back are dead.
 *
 * Return: 0; after an error there is no such heap. -EEXIST when there is one
 * already, other errors as of refheap_open_with() and of every call.
 */
int refheap_restore(const struct refheap_image *image, const char *name,
		    const struct refheap_options *options);

/* Closes an image when the variable goes out of scope. */
#define refheap_auto_image	__attribute__((__cleanup__(refheap_cleanup_image)))

static inline void refheap_cleanup_image(struct refheap_image **image)
{
	refheap_image_close(*image);
}

/*
 * Tracing: where memory comes from
 * --------------------------------
 *
 * As Python's tracemalloc. While a heap is traced each birth, in whatever
 * process, is booked on the site of its operation (REFHEAP_HERE(),
 * refheap_set_site()), and so is what the object takes until it dies. Any
 * session may look; one that may only read cannot start and stop (-EROFS).
 *
 * When more than one frame is asked for, the library adds to the line that
 * REFHEAP_HERE() has named those that have called, or finds all of them when
 * none was named. It takes addresses alone; what they mean is found out by who
 * looks. What refheap_set_site() says is booked as it is: a program that is an
 * interpreter gives a site of several lines, the most recent frame first.
 */

/**
 * struct refheap_trace_options - how to trace
 * @frames: how many frames to book, 1 to REFHEAP_TRACE_FRAMES_MAX; 0 means 1
 * @flags: REFHEAP_TRACE_BIRTHS: the sample is of births
 * @sample: 0 to book each birth; otherwise one for so many bytes, or births, on
 *         average, at most REFHEAP_TRACE_SAMPLE_MAX or
 *         REFHEAP_TRACE_SAMPLE_BIRTHS_MAX. All figures are scaled up.
 * @reserved: zero
 */
struct refheap_trace_options {
	uint32_t frames;
	uint32_t flags;
	uint64_t sample;
	uint64_t reserved[4];
};

/* 1 when the heap was traced before, 0 when it was not, or an error. */
int refheap_trace_start(struct refheap *session);

/**
 * refheap_trace_start_with - trace a heap, with all options
 * @session: session
 * @options: NULL for one frame, and each birth
 *
 * Return: 0; 1 when the heap was traced before, and goes on as it was; or
 * -EINVAL.
 */
int refheap_trace_start_with(struct refheap *session,
			     const struct refheap_trace_options *options);
int refheap_trace_stop(struct refheap *session);	/* and forget everything */
int refheap_trace_clear(struct refheap *session);	/* forget, and go on */
int refheap_trace_reset_peak(struct refheap *session);

/* Totals, overhead of tracing itself included; all 0 when it is off. */
int refheap_trace_get(struct refheap *session, struct refheap_traced *traced);

/**
 * refheap_traced_errors - how far sampled figures may be from the truth
 * @traced: of refheap_trace_get()
 * @bytes: out: the true number of bytes is no further away, with a probability
 *         of 95 %; 0 when each birth is booked
 * @count: out: likewise of objects
 */
void refheap_traced_errors(const struct refheap_traced *traced, double *bytes,
			   double *count);

/* Bytes of the objects that were traced and live, and the most that was. */
int refheap_get_traced_memory(struct refheap *session, uint64_t *current,
			      uint64_t *peak);

/**
 * refheap_trace_of - where an object was born
 * @session: session
 * @id: object
 * @site: out: id of a str such as "file.c:12", 0 when it is unknown; see
 *        refheap_traceback_read() for what else it can be
 *
 * Return: 0, or -ENODATA when its birth was not traced.
 */
int refheap_trace_of(struct refheap *session, refheap_id id, refheap_id *site);

/**
 * struct refheap_trace_frame - a place in a program
 * @filename: of the source; when that cannot be found out "PATH+0xADDRESS" of
 *         the program or library; "<unknown>" for births without a site
 * @line: 0 when there is none
 * @reserved: zero
 * @function: or NULL
 * @module: file of the program or library that was executed; NULL for a place
 *         that has been named
 */
struct refheap_trace_frame {
	const char *filename;
	uint32_t line;
	uint32_t reserved;
	const char *function;
	const char *module;
};

/* Frames, the most recent first. */
struct refheap_traceback {
	size_t count;
	const struct refheap_trace_frame *frame;
};

/**
 * refheap_traceback_read - what the text of a site means
 * @site: text of a str that is a site
 * @traceback: out: to be freed with refheap_traceback_free()
 *
 * Looks for lines and functions in the files of the programs, as far as they are
 * there and still the same. A function that the compiler has put into another
 * one is a frame, too; who called main() is left out.
 *
 * Return: 0.
 */
int refheap_traceback_read(const char *site,
			   struct refheap_traceback **traceback);
void refheap_traceback_free(struct refheap_traceback *traceback); /* NULL: nothing */

/**
 * refheap_traceback_format - the lines that Python prints for a traceback
 * @traceback: traceback
 * @limit: how many frames, the most recent of them; 0 for all
 * @most_recent_first: rather than last
 *
 * Return: text with lines of the source where these can be read, to be freed
 * with free(); NULL when there is no memory.
 */
char *refheap_traceback_format(const struct refheap_traceback *traceback,
			       size_t limit, bool most_recent_first);

/* What all sites had at one time. */
struct refheap_snapshot;

/**
 * refheap_snapshot_take - remember what every site has
 * @session: session
 * @snapshot: out: to be freed with refheap_snapshot_free()
 *
 * Others go on meanwhile: sites are read some at a time, each as it was then.
 *
 * Return: 0, or -ENODATA when the heap is not traced.
 */
int refheap_snapshot_take(struct refheap *session,
			  struct refheap_snapshot **snapshot);
void refheap_snapshot_free(struct refheap_snapshot *snapshot); /* NULL: nothing */

/* Totals as they were when it was taken; those filters leave are not added up. */
const struct refheap_traced *
refheap_snapshot_traced(const struct refheap_snapshot *snapshot);

/* Write a snapshot to a file, a text that has a version. */
int refheap_snapshot_save(const struct refheap_snapshot *snapshot,
			  const char *path);

/* Read one back. -EUCLEAN: the file is damaged, cut off, or none of these. */
int refheap_snapshot_load(const char *path, struct refheap_snapshot **snapshot);

/**
 * struct refheap_trace_filter - which sites a snapshot keeps
 * @pattern: of the file's name, for fnmatch(3)
 * @line: 0 for any
 * @exclude: throw such sites away, rather than keep only such
 * @all_frames: any frame may match, not only the most recent one
 */
struct refheap_trace_filter {
	const char *pattern;
	uint32_t line;
	bool exclude;
	bool all_frames;
};

/*
 * Keep the sites that match any filter that includes, if there is one, and none
 * that excludes.
 */
void refheap_snapshot_filter(struct refheap_snapshot *snapshot,
			     const struct refheap_trace_filter *filters,
			     size_t count);

/*
 * What belongs together in statistics: the most recent frames, or whole
 * tracebacks. With CUMULATIVE, which goes with the first two, each frame of a
 * traceback counts, and counts again when it is there again. With BORN, what had
 * births is there when nothing of it lives, too.
 */
enum refheap_trace_key {
	REFHEAP_TRACE_LINENO,
	REFHEAP_TRACE_FILENAME,
	REFHEAP_TRACE_TRACEBACK,
	REFHEAP_TRACE_CUMULATIVE = 16,
	REFHEAP_TRACE_BORN = 32,
};

/**
 * struct refheap_statistic - what a line, or a file, has
 * @filename: "<unknown>" for births without a site; belongs to the snapshot; by
 *         traceback that of the oldest frame, as in Python
 * @line: 0 by file, or when the site had no line
 * @size: bytes of what lives
 * @size_diff: against the older snapshot; 0 without one
 * @count: objects alive
 * @count_diff: likewise
 * @births: objects born
 * @traceback: frames, which belong to the snapshot; one by line and by file
 * @size_error: when births were sampled: the true size is no further away from
 *         @size, with a probability of 95 %; of a comparison, likewise the true
 *         @size_diff; else 0
 * @count_error: likewise
 */
struct refheap_statistic {
	const char *filename;
	uint32_t line;
	int64_t size;
	int64_t size_diff;
	int64_t count;
	int64_t count_diff;
	uint64_t births;
	struct refheap_traceback traceback;
	double size_error;
	double count_error;
};

/**
 * refheap_snapshot_statistics - what each line or file has, the most first
 * @snapshot: snapshot; must outlive the statistics
 * @key: what belongs together
 * @statistics: out: to be freed with free()
 *
 * Return: how many there are; those of which nothing lives are left out without
 * BORN. -EINVAL for tracebacks with CUMULATIVE.
 */
ssize_t refheap_snapshot_statistics(const struct refheap_snapshot *snapshot,
				    enum refheap_trace_key key,
				    struct refheap_statistic **statistics);

/* Likewise against an older one: the greatest difference first. */
ssize_t refheap_snapshot_compare(const struct refheap_snapshot *snapshot,
				 const struct refheap_snapshot *older,
				 enum refheap_trace_key key,
				 struct refheap_statistic **statistics);

/**
 * refheap_statistic_format - the line that Python prints for a statistic
 * @statistic: statistic
 * @diff: of a comparison
 * @buffer: where to write it, with a final NUL
 * @room: its size
 *
 * When births were sampled, size and count are followed by how far from the
 * truth they may be.
 *
 * Return: its length, as snprintf(3) says.
 */
int refheap_statistic_format(const struct refheap_statistic *statistic,
			     bool diff, char *buffer, size_t room);

/* Bytes as Python prints them: 3 to 5 digits and B to TiB; @sign: with + or -. */
int refheap_format_size(double bytes, bool sign, char *buffer, size_t room);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* REFHEAP_H */
