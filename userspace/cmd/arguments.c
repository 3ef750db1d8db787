// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <string.h>

#include "arguments.h"
#include "report.h"
#include "util.h"

const struct option_spec global_options[] = {
	[GLOBAL_HEAP] = { "heap", 'H', "HEAP", "work on that heap: [OWNER/]NAME (user.UID)" },
	[GLOBAL_DUMP] = { "dump", 'D', "FILE", "look at the heap that 'refheap dump' has saved there" },
	[GLOBAL_JSON] = { "json", 'j', NULL, "print JSON, errors too" },
	[GLOBAL_PRETTY] = { "pretty", 'p', NULL, "indent the JSON" },
	[GLOBAL_COLUMNS] = { "columns", 'o', "LIST", "columns of a listing; +LIST adds, help lists them" },
	[GLOBAL_COLOR] = { "color", 0, "WHEN", "auto (on a terminal), always or never" },
	[GLOBAL_BATCH] = { "batch", 'b', "FILE", "execute the commands in a file, - for standard input" },
	[GLOBAL_KEEP_GOING] = { "keep-going", 'k', NULL, "with --batch: go on after an error" },
	[GLOBAL_HELP] = { "help", 'h', NULL, "show help" },
	[GLOBAL_VERSION] = { "version", 'V', NULL, "show the version" },
	{ 0 },
};

/* The words that are looked at, and where the options go. */
struct scan {
	struct context *context;
	int count;
	const char **words;
	int next;
	const struct option_spec *options;
	const char **values;
	struct globals *globals;
};

/* A negative number or a lone dash is an argument, not an option. */
static bool looks_like_option(const char *word)
{
	return word[0] == '-' && word[1] && !isdigit((unsigned char)word[1]) && word[1] != '.';
}

static int find_long(const struct option_spec *options, const char *name, size_t length)
{
	for (int i = 0; options && options[i].name; i++) {
		if (strlen(options[i].name) == length && !strncmp(options[i].name, name, length))
			return i;
	}
	return -1;
}

static int find_letter(const struct option_spec *options, char letter)
{
	for (int i = 0; options && options[i].name; i++) {
		if (options[i].letter == letter)
			return i;
	}
	return -1;
}

static const char *scope(const struct scan *scan)
{
	return scan->context->command ? scan->context->command->name : "refheap";
}

/* The argument of an option: the rest of its word, or the next word. */
static int store(struct scan *scan, const struct option_spec *option, const char **place,
		 const char *attached)
{
	/* At once, so that what is wrong with the other words is told in JSON, too. */
	if (option == &global_options[GLOBAL_JSON])
		scan->context->format.json = true;
	if (!option->argument) {
		*place = "";
		return STATUS_OK;
	}
	if (!attached && scan->next < scan->count)
		attached = scan->words[scan->next++];
	if (!attached)
		return report_usage(scan->context, "option --%s of '%s' needs an argument: %s",
				    option->name, scope(scan), option->argument);
	*place = attached;
	return STATUS_OK;
}

static int take_long(struct scan *scan, const char *name)
{
	const char *equals = strchr(name, '=');
	size_t length = equals ? (size_t)(equals - name) : strlen(name);
	const struct option_spec *options = scan->options;
	const char **values = scan->values;
	int found = find_long(options, name, length);

	if (found < 0) {
		options = global_options;
		values = scan->globals->values;
		found = find_long(options, name, length);
	}
	if (found < 0)
		return report_usage(scan->context, "'%s' has no option --%.*s", scope(scan),
				    (int)length, name);
	if (equals && !options[found].argument)
		return report_usage(scan->context, "option --%s takes no argument",
				    options[found].name);
	return store(scan, &options[found], &values[found], equals ? equals + 1 : NULL);
}

static int take_letters(struct scan *scan, const char *letters)
{
	for (; *letters; letters++) {
		const struct option_spec *options = scan->options;
		const char **values = scan->values;
		int found = find_letter(options, *letters);
		int status;

		if (found < 0) {
			options = global_options;
			values = scan->globals->values;
			found = find_letter(options, *letters);
		}
		if (found < 0)
			return report_usage(scan->context, "'%s' has no option -%s", scope(scan),
					    letters);
		status = store(scan, &options[found], &values[found],
			       options[found].argument && letters[1] ? letters + 1 : NULL);
		if (status || options[found].argument)
			return status;
	}
	return STATUS_OK;
}

static int take(struct scan *scan)
{
	const char *word = scan->words[scan->next++];

	return word[1] == '-' ? take_long(scan, word + 2) : take_letters(scan, word + 1);
}

int arguments_globals(struct context *context, int count, const char **words,
		      struct globals *globals, int *next)
{
	struct scan scan = { context, count, words, 0, NULL, NULL, globals };
	int status = STATUS_OK;

	*globals = (struct globals){ 0 };
	while (!status && scan.next < count && looks_like_option(words[scan.next])) {
		if (!strcmp(words[scan.next], "--")) {
			scan.next++;
			break;
		}
		status = take(&scan);
	}
	*next = scan.next;
	return status;
}

int arguments_parse(struct context *context, int count, const char **words,
		    struct arguments *arguments, struct globals *globals)
{
	struct scan scan = {
		context, count, words, 0, arguments->command->options, arguments->values, globals,
	};
	bool only_arguments = arguments->command->flags & COMMAND_RAW;
	int status;

	arguments->count = 0;
	arguments->words = words;
	while (scan.next < count) {
		const char *word = words[scan.next];

		if (only_arguments || !looks_like_option(word)) {
			words[arguments->count++] = words[scan.next++];
		} else if (!strcmp(word, "--")) {
			only_arguments = true;
			scan.next++;
		} else {
			status = take(&scan);
			if (status)
				return status;
		}
	}
	return STATUS_OK;
}
