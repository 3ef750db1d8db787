// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <histedit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "complete.h"
#include "editor.h"
#include "events.h"
#include "interrupt.h"
#include "late.h"
#include "report.h"
#include "script.h"
#include "util.h"

#define HISTORY_LINES 1000

#define LIBRARY "libedit.so.2"
#define FUNCTIONS(use) \
	use(el_end) use(el_get) use(el_gets) use(el_init) use(el_insertstr) use(el_line) \
	use(el_reset) use(el_set) use(el_source) use(history) use(history_end) \
	use(history_init)

static struct {
	FUNCTIONS(LATE_DECLARE)
} edit;

struct editor {
	struct context *context;
	EditLine *line;
	History *history;
	char *history_file;
};

static const char *prompt(EditLine *line)
{
	(void)line;
	return "refheap> ";
}

/* Make the folders on the way to a file; whether that works shows later. */
static void make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
}

static char *history_path(void)
{
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");

	if (state && *state == '/')
		return xasprintf("%s/refheap/history", state);
	return home ? xasprintf("%s/.local/state/refheap/history", home) : NULL;
}

static void insert_rest(struct editor *editor, const struct candidates *candidates, size_t typed)
{
	cleanup_free char *common = candidates_common(candidates);

	edit.el_insertstr(editor->line, common + typed);
	if (candidates->count == 1)
		edit.el_insertstr(editor->line, " ");
}

static void show_candidates(const struct candidates *candidates)
{
	putchar('\n');
	for (size_t i = 0; i < candidates->count; i++)
		printf("%s%s", candidates->words[i], i + 1 < candidates->count ? "  " : "\n");
	fflush(stdout);
}

/* Complete the word before the cursor. */
static unsigned char complete(EditLine *line, int key)
{
	struct candidates candidates = { 0 };
	struct editor *editor;
	const LineInfo *info = edit.el_line(line);
	cleanup_free char *text = xstrndup(info->buffer, (size_t)(info->cursor - info->buffer));
	unsigned char result = CC_REFRESH;
	size_t typed;

	(void)key;
	edit.el_get(line, EL_CLIENTDATA, &editor);
	typed = complete_line(editor->context, text, &candidates);
	if (!candidates.count) {
		result = CC_REFRESH_BEEP;
	} else {
		cleanup_free char *common = candidates_common(&candidates);

		if (candidates.count > 1 && strlen(common) == typed) {
			show_candidates(&candidates);
			result = CC_REDISPLAY;
		} else {
			insert_rest(editor, &candidates, typed);
		}
	}
	candidates_free(&candidates);
	return result;
}

static bool start(struct editor *editor)
{
	HistEvent event;

	editor->line = edit.el_init("refheap", stdin, stdout, stderr);
	editor->history = edit.history_init();
	if (!editor->line || !editor->history)
		return false;
	edit.history(editor->history, &event, H_SETSIZE, HISTORY_LINES);
	edit.history(editor->history, &event, H_SETUNIQUE, 1);
	editor->history_file = history_path();
	if (editor->history_file) {
		make_folders(editor->history_file);
		edit.history(editor->history, &event, H_LOAD, editor->history_file);
	}
	edit.el_set(editor->line, EL_CLIENTDATA, editor);
	edit.el_set(editor->line, EL_PROMPT, prompt);
	edit.el_set(editor->line, EL_EDITOR, "emacs");
	edit.el_set(editor->line, EL_HIST, edit.history, editor->history);
	edit.el_set(editor->line, EL_ADDFN, "refheap-complete", "Complete the word", complete);
	edit.el_set(editor->line, EL_BIND, "^I", "refheap-complete", NULL);
	edit.el_source(editor->line, NULL);
	return true;
}

static void stop(struct editor *editor)
{
	HistEvent event;

	if (editor->history && editor->history_file)
		edit.history(editor->history, &event, H_SAVE, editor->history_file);
	if (editor->history)
		edit.history_end(editor->history);
	if (editor->line)
		edit.el_end(editor->line);
	free(editor->history_file);
}

static void execute(struct editor *editor, const char *text)
{
	cleanup_free char *line = xstrdup(text);
	HistEvent event;

	if (line[strspn(line, " \t\n")])
		edit.history(editor->history, &event, H_ENTER, text);
	editor->context->line++;
	script_line(editor->context, line);
	/* After an empty line, too. */
	events_run(editor->context);
	fflush(stdout);
}

static void read_lines(struct editor *editor)
{
	while (!editor->context->leave) {
		const char *text;
		int count;

		interrupt_reset();
		text = edit.el_gets(editor->line, &count);
		if (text && count > 0) {
			interrupt_reset();
			execute(editor, text);
		} else if (interrupted()) {
			edit.el_reset(editor->line);
			putchar('\n');
		} else {
			putchar('\n');
			break;
		}
	}
}

int editor_run(struct context *context)
{
	struct editor editor = { .context = context };
	int status = late_load(context, LIBRARY, (const char *[]){ FUNCTIONS(LATE_NAME) NULL },
			       &edit);

	if (status)
		return status;
	interrupt_catch();
	if (start(&editor))
		read_lines(&editor);
	else
		status = report_refused(context, ENOMEM, "cannot edit lines on this terminal");
	stop(&editor);
	return status;
}
