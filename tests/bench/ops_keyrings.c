// SPDX-License-Identifier: GPL-2.0
/*
 * The same as ops_device with Linux keyrings, which know no batches: a key is
 * made in one keyring, linked into another, and unlinked from the first.
 * Emptying the other is not measured. Prints nanoseconds an operation.
 */
#include <keyutils.h>
#include "contender.h"

#define ROUNDS 1000

struct run {
	key_serial_t made, linked;
	unsigned long serial;
};

static void sample(void *arg)
{
	struct run *run = arg;
	char name[32], payload[16] = "";
	uint64_t start = now_ns();
	key_serial_t key;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		snprintf(name, sizeof(name), "bench:%lu", run->serial++);
		key = add_key("user", name, payload, sizeof(payload), run->made);
		if (key < 0 || keyctl_link(key, run->linked) || keyctl_unlink(key, run->made))
			fail("cannot make, link and unlink a key: %m");
	}
	printf("%.3f\n", (double)(now_ns() - start) / (3 * ROUNDS));
	if (keyctl_clear(run->linked))
		fail("cannot empty a keyring: %m");
}

static key_serial_t keyring(const char *name)
{
	key_serial_t key = add_key("keyring", name, NULL, 0, KEY_SPEC_PROCESS_KEYRING);

	if (key < 0)
		fail("cannot make a keyring: %m");
	return key;
}

int main(void)
{
	struct run run = { .made = keyring("made"), .linked = keyring("linked") };

	return contend(sample, &run);
}
