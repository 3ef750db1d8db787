/* SPDX-License-Identifier: GPL-2.0 */
/* SipHash-2-4, and SipHash-1-3 as 64-bit kernels have it for hsiphash(). */
#ifndef SHIM_LINUX_SIPHASH_H
#define SHIM_LINUX_SIPHASH_H

#include <linux/types.h>

typedef struct {
	u64 key[2];
} siphash_key_t;

typedef struct {
	unsigned long key[2];
} hsiphash_key_t;

u64 siphash(const void *data, size_t len, const siphash_key_t *key);
u64 siphash_1u64(u64 first, const siphash_key_t *key);
u64 siphash_2u64(u64 first, u64 second, const siphash_key_t *key);
u64 siphash_1u32(u32 first, const siphash_key_t *key);
u64 siphash_3u32(u32 first, u32 second, u32 third, const siphash_key_t *key);
u32 hsiphash(const void *data, size_t len, const hsiphash_key_t *key);
u32 hsiphash_1u32(u32 first, const hsiphash_key_t *key);
u32 hsiphash_2u32(u32 first, u32 second, const hsiphash_key_t *key);

#endif
