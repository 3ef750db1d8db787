// SPDX-License-Identifier: LGPL-2.1-or-later
/* Errors in words, the version. */
#include <errno.h>
#include <string.h>

#include <refheap.h>

static const struct {
	int err;
	const char *text;
} errors[] = {
	{ ENOENT, "no such object, type or heap" },
	{ ESTALE, "the object is dead" },
	{ EOPNOTSUPP, "this kind of object cannot do that" },
	{ ERANGE, "the index is out of range" },
	{ ENOKEY, "there is no such key or member" },
	{ ENODATA, "there is no such attribute" },
	{ EINVAL, "a parameter is wrong" },
	{ EILSEQ, "the text is not valid UTF-8" },
	{ EROFS, "the session is read-only" },
	{ EEXIST, "another one of that name exists" },
	{ ENOTUNIQ, "the session holds no reference to the object" },
	{ EFBIG, "the object would grow too large" },
	{ ENOSPC, "the batch has no room left for output" },
	{ EDQUOT, "a limit of the heap or of the user is reached" },
	{ ENOMEM, "there is no memory left" },
	{ EOVERFLOW, "the object has too many references" },
	{ ECANCELED, "an earlier operation of the batch failed" },
	{ ENXIO, "the refheap module is not loaded" },
	{ EACCES, "permission is denied" },
	{ EPERM, "only the heap's owner may do that" },
	{ EIDRM, "the heap has been removed" },
	{ E2BIG, "there is more than fits into one call" },
	{ EBUSY, "the session is attached already" },
	{ ENOTTY, "the module is too old for this library" },
	{ EBADF, "that is not a descriptor that holds an object" },
	{ EXDEV, "the object is of another heap" },
	{ EBADMSG, "no object came with the message" },
	{ EUCLEAN, "the file is damaged, or none of this kind" },
	{ EINTR, "a signal or a change of the heap interrupted the call" },
};

const char *refheap_strerror(int err)
{
	if (err < 0)
		err = -err;
	if (!err)
		return "there is no error";
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i].err == err)
			return errors[i].text;
	/* Unlike strerror(), thread-safe for numbers without a name, too. */
	return strerrordesc_np(err) ? strerrordesc_np(err) :
				      "the error is unknown";
}

const char *refheap_version(void)
{
	return REFHEAP_VERSION;
}
