// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings of payload. Every object has a range of file offsets of its own,
 * 2 GiB from its slot on, in the address space of its heap; so the mappings of
 * an object can be found and taken away, and none can run into another's.
 *
 * Page table entries are made and taken away with the heap lock held. That is
 * why the fault handler inserts the page itself rather than returning it: a
 * page that is inserted after the lock was given away could be one whose
 * object has died in between, and would show what is put there next.
 */
#include <linux/mm.h>
#include "compat.h"
#include "mapping.h"

#define VIEW_SHIFT	31	/* REFHEAP_OP_VIEW gives slot << VIEW_SHIFT */
#define VIEW_PAGES	(1UL << (VIEW_SHIFT - PAGE_SHIFT))

static u32 slot_of(pgoff_t pgoff)
{
	return pgoff >> (VIEW_SHIFT - PAGE_SHIFT);
}

static u32 page_of(pgoff_t pgoff)
{
	return pgoff & (VIEW_PAGES - 1);
}

static vm_fault_t insert(struct refheap *heap, struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	uintptr_t view = (uintptr_t)vma->vm_private_data;
	void *payload;

	refheap_assert_locked(heap);
	if (heap->removed)
		return VM_FAULT_SIGBUS;
	payload = rh_payload_page(heap->engine, slot_of(vmf->pgoff),
				  lower_32_bits(view), upper_32_bits(view),
				  page_of(vmf->pgoff), vma->vm_flags & VM_WRITE);
	if (!payload)
		return VM_FAULT_SIGBUS;
	return vmf_insert_page(vma, vmf->address & PAGE_MASK,
			       is_vmalloc_addr(payload) ? vmalloc_to_page(payload) :
							  virt_to_page(payload));
}

static vm_fault_t mapping_fault(struct vm_fault *vmf)
{
	struct refheap *heap = vmf->vma->vm_file->f_mapping->host->i_private;
	vm_fault_t ret;

	refheap_lock(heap);
	ret = insert(heap, vmf);
	refheap_unlock(heap);
	return ret;
}

static const struct vm_operations_struct mapping_ops = {
	.fault = mapping_fault,
};

/*
 * A session that may write gets a mapping that may become writable, if the
 * payload can be written at all; otherwise it can only ever be read.
 */
static int announce(struct refheap *heap, struct vm_area_struct *vma,
		    bool *writable, u32 *tag, u32 *offset)
{
	u32 slot = slot_of(vma->vm_pgoff);
	unsigned long pages = page_of(vma->vm_pgoff) + vma_pages(vma);
	int ret = -EACCES;

	refheap_assert_locked(heap);
	if (heap->removed)
		return -EIDRM;
	if (pages > VIEW_PAGES || vma->vm_pgoff >= (pgoff_t)U32_MAX * VIEW_PAGES)
		return -EINVAL;
	if (*writable)
		ret = rh_payload_mapped(heap->engine, slot, pages, true, tag,
					offset);
	if (ret == -EACCES && !(vma->vm_flags & VM_WRITE)) {
		*writable = false;
		ret = rh_payload_mapped(heap->engine, slot, pages, false, tag,
					offset);
	}
	return ret;
}

/**
 * refheap_map - mmap() of payload
 * @heap: the heap
 * @vma: the new mapping; its file has the heap's address space
 * @rdonly: the session may only read
 *
 * The pages must not be copied on write, or a view would stop being one; not
 * be executed, since payload is data; not grow into another object's range.
 *
 * Context: mmap_lock is held for writing; takes the heap lock.
 * Return: 0, -EINVAL (private, or longer than the payload), -EACCES (to be
 * written or executed), -ENOENT, -ESTALE, -EOPNOTSUPP, -EIDRM.
 */
int refheap_map(struct refheap *heap, struct vm_area_struct *vma, bool rdonly)
{
	bool writable = !rdonly;
	u32 tag, offset;
	int ret;

	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC)
		return -EACCES;

	refheap_lock(heap);
	ret = announce(heap, vma, &writable, &tag, &offset);
	refheap_unlock(heap);
	if (ret)
		return ret;

	vm_flags_clear(vma, writable ? VM_MAYEXEC : VM_MAYEXEC | VM_MAYWRITE);
	/* MIXEDMAP: inserted by hand; with DONTEXPAND, areas never merge. */
	vm_flags_set(vma, VM_MIXEDMAP | VM_DONTEXPAND);
	/* Another object, or the payload moved within its page: no view of it. */
	vma->vm_private_data = (void *)((uintptr_t)offset << 32 | tag);
	vma->vm_ops = &mapping_ops;
	return 0;
}

/**
 * refheap_unmap_slot - when this returns, nobody sees the payload any more
 * @heap: the heap
 * @slot: of the object
 *
 * Context: may sleep; the heap lock is held.
 */
void refheap_unmap_slot(struct refheap *heap, u32 slot)
{
	refheap_assert_locked(heap);
	unmap_mapping_range(heap->inode->i_mapping, (loff_t)slot << VIEW_SHIFT,
			    1LL << VIEW_SHIFT, 1);
}

/**
 * refheap_unmap_all - take all payload of a heap out of all processes
 * @heap: the heap
 *
 * Context: may sleep; the heap lock is held.
 */
void refheap_unmap_all(struct refheap *heap)
{
	refheap_assert_locked(heap);
	unmap_mapping_range(heap->inode->i_mapping, 0, 0, 1);
}
