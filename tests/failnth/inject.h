/* SPDX-License-Identifier: GPL-2.0 */
/* One fault of the kernel at a time, in this process only. */
#ifndef TESTS_FAILNTH_INJECT_H
#define TESTS_FAILNTH_INJECT_H

#include <stdbool.h>

/*
 * Let allocations of every sort fail, and copies from and to the user.
 * Return: 0, or -1 with a message when this kernel cannot.
 */
int inject_init(void);

/* The nth point from now on at which this process can meet a fault fails. */
void inject_arm(unsigned int nth);

/* No fault from now on. Return: whether there has been one. */
bool inject_disarm(void);

#endif
