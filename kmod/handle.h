/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Descriptors that hold a reference, to be passed to other processes.
 */
#ifndef REFHEAP_HANDLE_H
#define REFHEAP_HANDLE_H

#include "session.h"

int refheap_session_export(struct refheap_session *session,
			   struct refheap_export __user *user, u32 size);
int refheap_session_import(struct refheap_session *session,
			   struct refheap_import __user *user, u32 size);

#endif
