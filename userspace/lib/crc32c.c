// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * CRC-32C (Castagnoli), eight bytes at a time: M. E. Kounavis and F. L. Berry,
 * "A Systematic Approach to Building High Performance, Software-based, CRC
 * Generators", 2005.
 */
#include <pthread.h>
#include <string.h>

#include "image.h"

#define POLYNOMIAL	0x82f63b78U	/* reflected */

static uint32_t table[8][256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_table(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t sum = i;

		for (int bit = 0; bit < 8; bit++)
			sum = sum >> 1 ^ (sum & 1 ? POLYNOMIAL : 0);
		table[0][i] = sum;
	}
	for (int n = 1; n < 8; n++) {
		for (uint32_t i = 0; i < 256; i++)
			table[n][i] = table[n - 1][i] >> 8 ^
				      table[0][table[n - 1][i] & 0xff];
	}
}

static uint32_t eight(uint32_t sum, const unsigned char *bytes)
{
	uint32_t low, high;

	memcpy(&low, bytes, sizeof(low));
	memcpy(&high, bytes + sizeof(low), sizeof(high));
	low = le32toh(low) ^ sum;
	high = le32toh(high);
	return table[7][low & 0xff] ^ table[6][low >> 8 & 0xff] ^
	       table[5][low >> 16 & 0xff] ^ table[4][low >> 24] ^
	       table[3][high & 0xff] ^ table[2][high >> 8 & 0xff] ^
	       table[1][high >> 16 & 0xff] ^ table[0][high >> 24];
}

/* Begins with 0; what it returned goes in for the next part. */
uint32_t rh_crc32c(uint32_t sum, const void *data, size_t length)
{
	const unsigned char *bytes = data;

	pthread_once(&once, make_table);
	sum = ~sum;
	for (; length >= 8; length -= 8, bytes += 8)
		sum = eight(sum, bytes);
	for (; length; length--, bytes++)
		sum = sum >> 8 ^ table[0][(sum ^ *bytes) & 0xff];
	return ~sum;
}
