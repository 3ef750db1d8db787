// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings of payload. Every object has a range of file offsets of its own,
 * 2 GiB from its slot on, in the address space of its heap; so the mappings of
 * an object can be found and taken away, and none can run into another's.
 *
 * A mapping does not keep the session's file but one that is only for that: it
 * has the heap's address space from the start, which a file that others can
 * see must not get later, and the references of a session go when its last
 * descriptor is closed, whatever is still mapped.
 *
 * Page table entries are made and taken away with the heap lock held. That is
 * why the fault handler inserts the page itself rather than returning it: a
 * page that is inserted after the lock was given away could be one whose
 * object has died in between, and would show what is put there next. A fork
 * copies entries without the lock, but from the parent's area to one that lies
 * after it in the address space, so that the copy is found when they are taken
 * away.
 *
 * Nobody else may come to hold a page, or it would show what is put there next
 * after all. So the areas are PFNMAP: no direct I/O, no pipe and no fixed
 * buffer can pin what is in them.
 */
#include <linux/anon_inodes.h>
#include <linux/build_bug.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/module.h>
#include "compat.h"
#include "mapping.h"

#define VIEW_SHIFT	REFHEAP_VIEW_SHIFT
#define VIEW_PAGES	(1UL << (VIEW_SHIFT - PAGE_SHIFT))

/* The engine counts in pages of 4 KiB; a slot has to fit above VIEW_SHIFT. */
static_assert(PAGE_SIZE == 4096);
static_assert(BITS_PER_LONG == 64);

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
	return vmf_insert_pfn(vma, vmf->address & PAGE_MASK, refheap_pfn(payload));
}

static vm_fault_t mapping_fault(struct vm_fault *vmf)
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

static const struct vm_operations_struct mapping_ops = {
	.fault = mapping_fault,
};

static int mapping_release(struct inode *inode, struct file *file)
{
	refheap_put(file->private_data);
	return 0;
}

static const struct file_operations mapping_operations = {
	.owner = THIS_MODULE,
	.release = mapping_release,
};

/**
 * refheap_mapping_file - a file for mappings to keep
 * @heap: whose payload they are to show
 *
 * Context: may sleep.
 * Return: the file or an ERR_PTR.
 */
struct file *refheap_mapping_file(struct refheap *heap)
{
	struct file *file;

	file = anon_inode_getfile("[" REFHEAP_DEVICE_NAME "]", &mapping_operations,
				  heap, O_RDWR);
	if (IS_ERR(file))
		return file;
	refheap_get(heap);
	file->f_mapping = heap->inode->i_mapping;
	return file;
}

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
 * @vma: the new mapping
 * @file: of refheap_mapping_file(), for @vma to keep
 * @rdonly: the session may only read
 *
 * The pages must not be copied on write, or a view would stop being one; not
 * be executed, since payload is data; not grow into another object's range.
 *
 * Context: mmap_lock is held for writing; takes the heap lock.
 * Return: 0, -EINVAL (private, or longer than the payload), -EACCES (to be
 * written or executed), -ENOENT, -EOPNOTSUPP, -EIDRM, -EINTR (killed).
 */
int refheap_map(struct refheap *heap, struct vm_area_struct *vma,
		struct file *file, bool rdonly)
{
	bool writable = !rdonly;
	u32 tag, offset;
	int ret;

	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC)
		return -EACCES;

	ret = refheap_lock_killable(heap);
	if (ret)
		return ret;
	ret = announce(heap, vma, &writable, &tag, &offset);
	refheap_unlock(heap);
	if (ret)
		return ret;

	vm_flags_clear(vma, writable ? VM_MAYEXEC : VM_MAYEXEC | VM_MAYWRITE);
	/* Areas like that never merge. A core dump could not read them either. */
	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	/* Another object, or the payload moved within its page: no view of it. */
	vma->vm_private_data = (void *)((uintptr_t)offset << 32 | tag);
	vma->vm_ops = &mapping_ops;
	vma_set_file(vma, file);
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
