/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which heaps there are, and who may do what with them.
 */
#ifndef REFHEAP_REGISTRY_H
#define REFHEAP_REGISTRY_H

#include "heap.h"

/* What somebody wants to do with a heap. */
enum refheap_access {
	REFHEAP_READ = 1,	/* attach read-only, inspect */
	REFHEAP_WRITE = 2,	/* change objects and collector settings */
	REFHEAP_CONTROL = 4,	/* change the heap itself, remove it */
};

/**
 * struct refheap_update - what shall be different about a heap
 * @mode: permission bits
 * @group: gid
 * @max_bytes: limit, 0 for none
 * @max_objects: limit, 0 for none
 * @has_mode: @mode is meant
 * @has_group: @group is meant
 * @has_max_bytes: @max_bytes is meant
 * @has_max_objects: @max_objects is meant
 */
struct refheap_update {
	umode_t mode;
	kgid_t group;
	u64 max_bytes;
	u64 max_objects;
	bool has_mode;
	bool has_group;
	bool has_max_bytes;
	bool has_max_objects;
};

/**
 * struct refheap_rights - who may do what, as it was at one moment
 * @group: gid
 * @mode: permission bits
 */
struct refheap_rights {
	kgid_t group;
	umode_t mode;
};

bool refheap_name_valid(const char *name);

struct refheap *refheap_find(u32 id, struct file *opener, unsigned int access);
struct refheap *refheap_find_name(kuid_t owner, const char *name,
				  struct file *opener, unsigned int access);
struct refheap *refheap_next(u32 *id, struct file *opener);
int refheap_permission(struct refheap *heap, struct file *opener,
		       unsigned int access);
void refheap_rights(struct refheap *heap, struct refheap_rights *rights);
u32 refheap_registry_changes(void);

struct refheap *refheap_create(const struct refheap_options *options);
int refheap_change(struct refheap *heap, struct file *opener,
		   const struct refheap_update *change);
int refheap_remove(struct refheap *heap);
void refheap_remove_unused(struct refheap *heap, u32 seat_changes);

unsigned long refheap_try_each(unsigned long (*visit)(struct refheap *heap,
						      unsigned long wanted),
			       unsigned long wanted);

void refheap_registry_exit(void);

#endif
