// SPDX-License-Identifier: GPL-2.0
/*
 * The character device: one call inwards for each of its operations.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#include "chardev.h"
#include "handle.h"
#include "liveness.h"
#include "mapping.h"
#include "session.h"

static int chardev_open(struct inode *inode, struct file *file)
{
	struct refheap_session *session = refheap_session_new();

	if (!session)
		return -ENOMEM;
	file->private_data = session;
	return nonseekable_open(inode, file);
}

static int chardev_release(struct inode *inode, struct file *file)
{
	refheap_session_close(file->private_data);
	return 0;
}

static long chardev_ioctl(struct file *file, unsigned int command,
			  unsigned long argument)
{
	void __user *user = (void __user *)argument;
	struct refheap_session *session = file->private_data;
	u32 size;

	if (_IOC_TYPE(command) != REFHEAP_IOC_MAGIC)
		return -ENOTTY;
	/*
	 * The command number also has the size that the structure had when the
	 * program was built. It is the structure that counts.
	 */
	switch (_IOC_NR(command)) {
	case _IOC_NR(REFHEAP_IOC_ATTACH):
	case _IOC_NR(REFHEAP_IOC_BATCH):
	case _IOC_NR(REFHEAP_IOC_SUBSCRIBE):
	case _IOC_NR(REFHEAP_IOC_EXPORT):
	case _IOC_NR(REFHEAP_IOC_IMPORT):
		break;
	default:
		return -ENOTTY;
	}
	if (get_user(size, (u32 __user *)user))
		return -EFAULT;
	if (size < sizeof(size))
		return -EINVAL;
	/* Looking for a non-zero byte in it should not take long. */
	if (size > PAGE_SIZE)
		return -E2BIG;
	switch (_IOC_NR(command)) {
	case _IOC_NR(REFHEAP_IOC_ATTACH):
		return refheap_session_attach(session, !(file->f_mode & FMODE_WRITE),
					      user, size);
	case _IOC_NR(REFHEAP_IOC_BATCH):
		return refheap_session_batch(session, user, size);
	case _IOC_NR(REFHEAP_IOC_EXPORT):
		return refheap_session_export(session, user, size);
	case _IOC_NR(REFHEAP_IOC_IMPORT):
		return refheap_session_import(session, user, size);
	default:
		return refheap_session_subscribe(session, user, size);
	}
}

static ssize_t chardev_read(struct file *file, char __user *buffer, size_t len,
			    loff_t *offset)
{
	struct refheap_session *session = file->private_data;

	struct refheap *heap = refheap_session_heap(session);

	if (!heap)
		return -ENXIO;
	return refheap_events_read(&session->events, heap, session->seat, buffer,
				   len, file->f_flags & O_NONBLOCK);
}

static __poll_t chardev_poll(struct file *file, poll_table *table)
{
	struct refheap_session *session = file->private_data;
	__poll_t mask = refheap_events_poll(&session->events, file, table);

	return refheap_session_heap(session) ? mask : EPOLLERR;
}

static int chardev_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct refheap_session *session = file->private_data;
	struct refheap *heap = refheap_session_heap(session);

	if (!heap)
		return -ENXIO;
	if (refheap_is_liveness(vma))
		return refheap_map_liveness(heap, vma, session->mapping);
	return refheap_map(heap, vma, session->mapping, session->rdonly);
}

static const struct file_operations chardev_operations = {
	.owner = THIS_MODULE,
	.open = chardev_open,
	.release = chardev_release,
	.unlocked_ioctl = chardev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.read = chardev_read,
	.poll = chardev_poll,
	.mmap = chardev_mmap,
};

static struct miscdevice chardev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = REFHEAP_DEVICE_NAME,
	.fops = &chardev_operations,
	.mode = 0660,
};

/**
 * refheap_chardev_init - make the device
 *
 * Context: module init, after everything it needs.
 * Return: 0 or a negative errno.
 */
int refheap_chardev_init(void)
{
	return misc_register(&chardev);
}

/**
 * refheap_chardev_exit - remove the device; no file of it is open
 *
 * Context: module exit.
 */
void refheap_chardev_exit(void)
{
	misc_deregister(&chardev);
}
