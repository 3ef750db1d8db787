// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer target: operations in bytes, on the engine and on the model.
 */
#include <stdio.h>
#include <stdlib.h>
#include "tests/engine/model.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void expect_same(const char *what)
{
	if (!what)
		return;
	fprintf(stderr, "not the same: %s\n", what);
	abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct twin *twin;
	size_t at;

	if (size > 400 * MODEL_OP_BYTES)
		return -1;
	twin = twin_new();
	if (!twin)
		abort();
	for (at = 0; at + MODEL_OP_BYTES <= size; at += MODEL_OP_BYTES)
		expect_same(twin_step(twin, data + at));
	expect_same(twin_compare(twin));
	expect_same(twin_free(twin));
	return 0;
}
