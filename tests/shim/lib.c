// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel's library has and the C library has not.
 */
#include <stdlib.h>
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/siphash.h>
#include <linux/string.h>

void shim_bug(const char *what, const char *file, int line, const char *func)
{
	fprintf(stderr, "%s:%d: %s(): %s\n", file, line, func, what);
	abort();
}

int vscnprintf(char *buf, size_t size, const char *format, va_list args)
{
	int len = vsnprintf(buf, size, format, args);

	if (len < 0 || !size)
		return 0;
	return (size_t)len < size ? len : (int)size - 1;
}

int scnprintf(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vscnprintf(buf, size, format, args);
	va_end(args);
	return len;
}

void *memchr_inv(const void *start, int c, size_t bytes)
{
	const u8 *at = start;

	for (; bytes; at++, bytes--)
		if (*at != (u8)c)
			return (void *)at;
	return NULL;
}

ssize_t strscpy(char *dest, const char *src, size_t count)
{
	size_t len = strnlen(src, count);

	if (!count)
		return -E2BIG;
	if (len < count) {
		memcpy(dest, src, len + 1);
		return len;
	}
	memcpy(dest, src, count - 1);
	dest[count - 1] = 0;
	return -E2BIG;
}

struct sip {
	u64 v0, v1, v2, v3;
};

static void sip_rounds(struct sip *s, int rounds)
{
	while (rounds--) {
		s->v0 += s->v1;
		s->v1 = rol64(s->v1, 13) ^ s->v0;
		s->v0 = rol64(s->v0, 32);
		s->v2 += s->v3;
		s->v3 = rol64(s->v3, 16) ^ s->v2;
		s->v0 += s->v3;
		s->v3 = rol64(s->v3, 21) ^ s->v0;
		s->v2 += s->v1;
		s->v1 = rol64(s->v1, 17) ^ s->v2;
		s->v2 = rol64(s->v2, 32);
	}
}

static u64 sip(const void *data, size_t len, u64 k0, u64 k1, int each, int last)
{
	struct sip s = {
		.v0 = k0 ^ 0x736f6d6570736575ULL,
		.v1 = k1 ^ 0x646f72616e646f6dULL,
		.v2 = k0 ^ 0x6c7967656e657261ULL,
		.v3 = k1 ^ 0x7465646279746573ULL,
	};
	const u8 *at = data;
	size_t left = len;
	u64 word;

	for (; left >= 8; at += 8, left -= 8) {
		memcpy(&word, at, 8);
		s.v3 ^= word;
		sip_rounds(&s, each);
		s.v0 ^= word;
	}
	word = 0;
	memcpy(&word, at, left);
	word |= (u64)len << 56;
	s.v3 ^= word;
	sip_rounds(&s, each);
	s.v0 ^= word;
	s.v2 ^= 0xff;
	sip_rounds(&s, last);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

u64 siphash(const void *data, size_t len, const siphash_key_t *key)
{
	return sip(data, len, key->key[0], key->key[1], 2, 4);
}

u64 siphash_1u64(u64 first, const siphash_key_t *key)
{
	return siphash(&first, sizeof(first), key);
}

u64 siphash_2u64(u64 first, u64 second, const siphash_key_t *key)
{
	u64 data[] = { first, second };

	return siphash(data, sizeof(data), key);
}

u64 siphash_1u32(u32 first, const siphash_key_t *key)
{
	return siphash(&first, sizeof(first), key);
}

u64 siphash_3u32(u32 first, u32 second, u32 third, const siphash_key_t *key)
{
	u32 data[] = { first, second, third };

	return siphash(data, sizeof(data), key);
}

u32 hsiphash(const void *data, size_t len, const hsiphash_key_t *key)
{
	return sip(data, len, key->key[0], key->key[1], 1, 3);
}

u32 hsiphash_1u32(u32 first, const hsiphash_key_t *key)
{
	return hsiphash(&first, sizeof(first), key);
}

u32 hsiphash_2u32(u32 first, u32 second, const hsiphash_key_t *key)
{
	u32 data[] = { first, second };

	return hsiphash(data, sizeof(data), key);
}
