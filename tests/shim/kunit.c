// SPDX-License-Identifier: GPL-2.0
/*
 * Runs KUnit suites in userspace.
 *
 *   PROGRAM [-v] [PATTERN]    cases whose "suite.case" contains PATTERN
 *
 * The last line is "N passed, N failed, N skipped".
 */
#include <kunit/test.h>
#include <stdlib.h>

extern struct kunit_suite *__start_kunit_suites[], *__stop_kunit_suites[];

void shim_kunit_fail(struct kunit *test, const char *file, int line, const char *what,
		     const char *format, ...)
{
	va_list args;

	test->status = -1;
	fprintf(stderr, "%s:%d: %s: %s: ", file, line, test->name, what);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static bool run_case(const struct kunit_suite *suite, const struct kunit_case *item,
		     const char *name)
{
	struct kunit test = { .name = name };

	if (suite->init && suite->init(&test)) {
		KUNIT_FAIL(&test, "the suite could not begin");
		return false;
	}
	if (!setjmp(test.abort))
		item->run_case(&test);
	if (suite->exit)
		suite->exit(&test);
	return !test.status;
}

int main(int argc, char **argv)
{
	bool verbose = argc > 1 && !strcmp(argv[1], "-v");
	const char *pattern = argc > 1 + verbose ? argv[1 + verbose] : "";
	unsigned int passed = 0, failed = 0;
	struct kunit_suite **suite;

	for (suite = __start_kunit_suites; suite < __stop_kunit_suites; suite++) {
		struct kunit_case *item;

		for (item = (*suite)->test_cases; item->run_case; item++) {
			char name[300];
			bool good;

			scnprintf(name, sizeof(name), "%s.%s", (*suite)->name, item->name);
			if (!strstr(name, pattern))
				continue;
			good = run_case(*suite, item, name);
			if (good)
				passed++;
			else
				failed++;
			if (verbose || !good)
				printf("%s %s\n", good ? "ok" : "FAILED", name);
		}
	}
	printf("%u passed, %u failed, 0 skipped\n", passed, failed);
	return failed || !passed;
}
