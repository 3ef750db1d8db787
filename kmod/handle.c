// SPDX-License-Identifier: GPL-2.0
/*
 * REFHEAP_IOC_EXPORT and REFHEAP_IOC_IMPORT. An exported reference has a seat
 * of its own, so that it is listed like a session and dropped like what a
 * session holds, by whichever process closes the last descriptor.
 *
 * The file keeps the heap and its seat and no other file. So a socket in which
 * it waits cannot be kept alive by it, and the kernel's collector of sockets
 * that refer to each other ends it as it does any file.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "handle.h"
#include "seat.h"
#include "worker.h"

/**
 * struct handle - what an exported descriptor stands for
 * @heap: with a reference
 * @seat: where the reference to the object is held
 * @object: its id, fixed
 */
struct handle {
	struct refheap *heap;
	struct refheap_seat *seat;
	u64 object;
};

static void free_handle(struct handle *handle)
{
	if (refheap_seat_leave(handle->heap, handle->seat))
		refheap_kick(handle->heap);
	refheap_put(handle->heap);
	kfree(handle);
}

static int handle_release(struct inode *inode, struct file *file)
{
	free_handle(file->private_data);
	return 0;
}

static const struct file_operations handle_operations = {
	.owner = THIS_MODULE,
	.release = handle_release,
};

static int take(struct refheap *heap, struct refheap_seat *seat, u64 object)
{
	int ret;

	ret = refheap_lock_killable(heap);
	if (ret)
		return ret;
	ret = heap->removed ? -EIDRM :
			      rh_holder_take(heap->engine, seat->holder, object);
	refheap_unlock(heap);
	return ret;
}

static struct handle *new_handle(struct refheap *heap, u64 object)
{
	struct handle *handle = kzalloc(sizeof(*handle), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!handle)
		return ERR_PTR(-ENOMEM);
	handle->seat = refheap_seat_take(heap, NULL);
	if (IS_ERR(handle->seat)) {
		ret = PTR_ERR(handle->seat);
		kfree(handle);
		return ERR_PTR(ret);
	}
	handle->heap = refheap_get(heap);
	handle->object = object;
	ret = take(heap, handle->seat, object);
	if (ret) {
		free_handle(handle);
		return ERR_PTR(ret);
	}
	return handle;
}

/* Return: a file that holds a reference to the object, or an ERR_PTR. */
static struct file *handle_file(struct refheap *heap, u64 object)
{
	struct handle *handle = new_handle(heap, object);
	struct file *file;

	if (IS_ERR(handle))
		return ERR_CAST(handle);
	file = anon_inode_getfile("[" REFHEAP_DEVICE_NAME "-export]",
				  &handle_operations, handle, O_RDONLY);
	if (IS_ERR(file))
		free_handle(handle);
	return file;
}

/**
 * refheap_session_export - REFHEAP_IOC_EXPORT
 * @session: the session
 * @user: the caller's structure
 * @size: its size as the caller knows it
 *
 * Context: may sleep and fault; the caller holds no lock of the module.
 * Return: 0 or a negative errno, as the UAPI header lists them; -ENOENT and
 * -ESTALE are of the object.
 */
int refheap_session_export(struct refheap_session *session,
			   struct refheap_export __user *user, u32 size)
{
	struct refheap *heap = refheap_session_heap(session);
	struct refheap_export args;
	struct file *file;
	int ret, fd;

	ret = copy_struct_from_user(&args, sizeof(args), user, size);
	if (ret)
		return ret;
	if (args.flags || args.reserved ||
	    size < offsetofend(struct refheap_export, fd))
		return -EINVAL;
	if (!heap)
		return -ENXIO;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	file = handle_file(heap, args.object);
	if (IS_ERR(file)) {
		ret = PTR_ERR(file);
		goto err_put_fd;
	}
	/* Once it is there, another thread may have used and closed it. */
	if (put_user(fd, &user->fd)) {
		ret = -EFAULT;
		goto err_put_file;
	}
	fd_install(fd, file);
	return 0;

err_put_file:
	fput(file);
err_put_fd:
	put_unused_fd(fd);
	return ret;
}

/* The id is given first: a reference that was taken could not be taken back. */
static int import_from(struct refheap_session *session, struct file *file,
		       struct refheap_import __user *user)
{
	struct refheap *heap = refheap_session_heap(session);
	const struct handle *handle;

	if (file->f_op != &handle_operations)
		return -EBADF;
	handle = file->private_data;
	if (handle->heap != heap)
		return -EXDEV;
	if (put_user(handle->object, &user->object))
		return -EFAULT;
	return take(heap, session->seat, handle->object);
}

/**
 * refheap_session_import - REFHEAP_IOC_IMPORT
 * @session: the session
 * @user: the caller's structure
 * @size: its size as the caller knows it
 *
 * Context: may sleep and fault; the caller holds no lock of the module.
 * Return: 0 or a negative errno, as the UAPI header lists them.
 */
int refheap_session_import(struct refheap_session *session,
			   struct refheap_import __user *user, u32 size)
{
	struct refheap_import args;
	struct file *file;
	int ret;

	ret = copy_struct_from_user(&args, sizeof(args), user, size);
	if (ret)
		return ret;
	if (size < sizeof(args))
		return -EINVAL;
	if (!refheap_session_heap(session))
		return -ENXIO;
	file = fget(args.fd);
	if (!file)
		return -EBADF;
	ret = import_from(session, file, user);
	fput(file);
	return ret;
}
