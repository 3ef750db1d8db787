/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the supported kernels call differently. Kbuild looks for the features
 * and defines REFHEAP_HAVE_*.
 */
#ifndef REFHEAP_COMPAT_H
#define REFHEAP_COMPAT_H

#include <linux/mm.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <net/genetlink.h>

#ifndef GENL_MCAST_CAP_SYS_ADMIN
#error "this kernel cannot keep unprivileged listeners out of a multicast group"
#endif

#ifndef REFHEAP_HAVE_VM_FLAGS_SET
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#endif

#ifdef REFHEAP_HAVE_GENL_INFO_DUMP
static inline struct nlattr **refheap_dump_attrs(struct netlink_callback *cb)
{
	return genl_info_dump(cb)->attrs;
}
#else
static inline struct nlattr **refheap_dump_attrs(struct netlink_callback *cb)
{
	return genl_dumpit_info(cb)->attrs;
}
#endif

#ifndef REFHEAP_HAVE_SHRINKER_ALLOC
static inline struct shrinker *shrinker_alloc(unsigned int flags,
					      const char *name)
{
	struct shrinker *shrinker = kzalloc(sizeof(*shrinker), GFP_KERNEL);

	if (shrinker) {
		shrinker->flags = flags;
		shrinker->seeks = DEFAULT_SEEKS;
	}
	return shrinker;
}

static inline int refheap_shrinker_register(struct shrinker *shrinker,
					    const char *name)
{
	return register_shrinker(shrinker, "%s", name);
}

static inline void refheap_shrinker_unregister(struct shrinker *shrinker)
{
	unregister_shrinker(shrinker);
	kfree(shrinker);
}

static inline void shrinker_free(struct shrinker *shrinker)
{
	kfree(shrinker);
}
#else
static inline int refheap_shrinker_register(struct shrinker *shrinker,
					    const char *name)
{
	shrinker_register(shrinker);
	return 0;
}

static inline void refheap_shrinker_unregister(struct shrinker *shrinker)
{
	shrinker_free(shrinker);
}
#endif

#endif
