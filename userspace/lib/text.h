/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading ids out of longer texts. */
#ifndef LIBREFHEAP_TEXT_H
#define LIBREFHEAP_TEXT_H

#include <refheap.h>

/* Read "@" and hexadecimal digits; the end of them, or NULL. */
const char *rh_scan_id(const char *text, refheap_id *id);

#endif
