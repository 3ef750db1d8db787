/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the engine gets from the kernel.
 */
#ifndef REFHEAP_HOST_H
#define REFHEAP_HOST_H

#include "engine/host.h"

extern const struct rh_host refheap_host;

#endif
