/* SPDX-License-Identifier: GPL-2.0 */
/* Errors, as one sentence or as one JSON object, on standard error. */
#ifndef REFHEAP_CMD_REPORT_H
#define REFHEAP_CMD_REPORT_H

#include "context.h"

/**
 * report_usage() - the command line is wrong
 *
 * Return: STATUS_USAGE, to be passed on.
 */
int report_usage(struct context *context, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * report_refused() - say why an operation is not done, in own words
 * @error: positive or negative errno; names the code of the JSON object
 *
 * Return: STATUS_REFUSED, to be passed on.
 */
int report_refused(struct context *context, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * report_error() - the kernel refused
 * @error: negative errno from the library
 * @format: what was tried, to which the reason is appended
 *
 * Return: STATUS_REFUSED, or STATUS_NO_KERNEL when there is nobody to talk to.
 */
int report_error(struct context *context, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * report_unwritten() - a file could not be written
 * @error: positive errno
 *
 * Return: STATUS_REFUSED, to be passed on.
 */
int report_unwritten(struct context *context, int error, const char *path);

#endif
