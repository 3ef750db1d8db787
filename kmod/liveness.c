// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings of liveness words. They are like those of payload (see mapping.c),
 * in offsets that no slot has, but never end in a SIGBUS: the words stay as
 * long as the engine does, and once the heap has been removed there are zeroes
 * in their place, which say that everything is dead.
 */
#include <linux/build_bug.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include "compat.h"
#include "liveness.h"
#include "mapping.h"

#define WORDS_PAGE	((pgoff_t)(REFHEAP_LIVENESS_WORDS >> PAGE_SHIFT))
#define STATE_PAGE	((pgoff_t)(REFHEAP_LIVENESS_STATE >> PAGE_SHIFT))
#define PIECE_PAGES	(REFHEAP_LIVENESS_BYTES >> PAGE_SHIFT)
#define PAGE_WORDS	(PAGE_SIZE / sizeof(u32))

static_assert(REFHEAP_LIVENESS_WORDS >> REFHEAP_VIEW_SHIFT == 1ULL << 31);

/* Return: the kernel's address of what is shown there, or NULL. */
static void *shown(const struct refheap *heap, pgoff_t page)
{
	pgoff_t index = page - WORDS_PAGE;

	if (page == STATE_PAGE)
		return rh_liveness_state(heap->engine);
	if (index > U32_MAX / PAGE_WORDS)
		return NULL;
	return rh_liveness_words(heap->engine, index * PAGE_WORDS);
}

/* Inserted with the lock held, for the reason that mapping.c has. */
static vm_fault_t insert(struct refheap *heap, struct vm_fault *vmf)
{
	unsigned long pfn = my_zero_pfn(vmf->address);
	void *address;

	refheap_assert_locked(heap);
	if (!heap->removed) {
		address = shown(heap, vmf->pgoff);
		if (!address)
			return VM_FAULT_SIGBUS;
		pfn = refheap_pfn(address);
	}
	return vmf_insert_pfn(vmf->vma, vmf->address & PAGE_MASK, pfn);
}

static vm_fault_t liveness_fault(struct vm_fault *vmf)
{
	struct refheap *heap = vmf->vma->vm_file->private_data;
	vm_fault_t ret;

	/* Whoever is killed does not care how the access ends. */
	if (refheap_lock_killable(heap))
		return VM_FAULT_SIGBUS;
	ret = insert(heap, vmf);
	refheap_unlock(heap);
	return ret;
}

static const struct vm_operations_struct liveness_ops = {
	.fault = liveness_fault,
};

/* All of a piece is there, or none of it. */
static int check_shown(struct refheap *heap, pgoff_t page, unsigned long pages)
{
	refheap_assert_locked(heap);
	if (heap->removed)
		return -EIDRM;
	for (; pages; pages--, page++)
		if (!shown(heap, page))
			return -ENOENT;
	return 0;
}

static bool fits(struct vm_area_struct *vma)
{
	if (vma->vm_pgoff == STATE_PAGE)
		return vma_pages(vma) == 1;
	return vma->vm_pgoff < STATE_PAGE &&
	       IS_ALIGNED(vma->vm_pgoff - WORDS_PAGE, PIECE_PAGES) &&
	       vma_pages(vma) == PIECE_PAGES;
}

/**
 * refheap_is_liveness - is it words that a mapping is to show, or payload?
 * @vma: the new mapping
 *
 * Context: any.
 * Return: true for words.
 */
bool refheap_is_liveness(const struct vm_area_struct *vma)
{
	return vma->vm_pgoff >= WORDS_PAGE;
}

/**
 * refheap_map_liveness - mmap() of liveness words
 * @heap: the heap
 * @vma: the new mapping
 * @file: of refheap_mapping_file(), for @vma to keep
 *
 * Context: mmap_lock is held for writing; takes the heap lock.
 * Return: 0, -EINVAL (private, or not one piece), -EACCES (to be written or
 * executed), -ENOENT (no object has ever been there), -EIDRM, -EINTR (killed).
 */
int refheap_map_liveness(struct refheap *heap, struct vm_area_struct *vma,
			 struct file *file)
{
	int ret;

	if (!(vma->vm_flags & VM_MAYSHARE) || !fits(vma))
		return -EINVAL;
	if (vma->vm_flags & (VM_WRITE | VM_EXEC))
		return -EACCES;

	ret = refheap_lock_killable(heap);
	if (ret)
		return ret;
	ret = check_shown(heap, vma->vm_pgoff, vma_pages(vma));
	refheap_unlock(heap);
	if (ret)
		return ret;

	vm_flags_clear(vma, VM_MAYEXEC | VM_MAYWRITE);
	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_ops = &liveness_ops;
	vma_set_file(vma, file);
	return 0;
}
