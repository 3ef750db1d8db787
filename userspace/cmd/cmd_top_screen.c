// SPDX-License-Identifier: GPL-2.0
#include <curses.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "clock.h"
#include "cmd_top.h"
#include "interrupt.h"
#include "report.h"
#include "util.h"

#define NUMBER_WIDTH	11	/* of a column of figures, with the blank before it */
#define NAME_WIDTH	16	/* the name has at least that, if the screen has */
#define NAME_SHORTEST	6	/* beside a single figure */
#define KEY_ESCAPE	27
#define KEY_DELETE	127
#define CONTROL(key)	((key) & 0x1f)

enum { PAIR_NAME = 1, PAIR_FULL };

/**
 * struct screen - the terminal, and what the user has chosen
 * @top: what is looked at
 * @terminal: of curses
 * @delay: seconds between two looks
 * @paused: no more looks
 * @colors: colours may be used
 * @quit: the user has had enough
 * @help: the keys are shown instead
 * @prompt: what is being typed is for: '/', 'd' or 0
 * @typed: it
 * @marked: key of the row that the mark is on
 * @mark: where that is among the rows
 * @first: the first row on the screen
 * @error: of the last look
 */
struct screen {
	struct top *top;
	SCREEN *terminal;
	double delay;
	bool paused;
	bool colors;
	bool quit;
	bool help;
	int prompt;
	char typed[TOP_FILTER];
	uint64_t marked;
	size_t mark;
	size_t first;
	int error;
};

static const struct {
	const char *keys;
	const char *what;
} keys[] = {
	{ "Tab, Shift-Tab, 1-5", "another view" },
	{ "< >, Left, Right", "sort by another column" },
	{ "r", "the other way round" },
	{ "Up, Down, PgUp, PgDn, Home, End", "move" },
	{ "Enter", "on a heap: look at its types" },
	{ "Space, p", "pause, and go on" },
	{ "/", "only names with that text; empty for all" },
	{ "d", "seconds between two looks" },
	{ "Ctrl-L", "look, and draw everything again" },
	{ "? h", "this help" },
	{ "q, Ctrl-C", "quit" },
};

/* Print at a place, at most so many columns. */
static void put(int y, int x, int width, const char *text)
{
	mbstate_t state = { 0 };
	const char *at = text;

	if (y < 0 || y >= LINES || x < 0 || x >= COLS)
		return;
	if (width > COLS - x)
		width = COLS - x;
	while (*at) {
		wchar_t character;
		size_t length = mbrtowc(&character, at, MB_CUR_MAX, &state);
		int columns;

		/* What is no character of this locale is a byte that curses escapes. */
		if (length == (size_t)-1 || length == (size_t)-2) {
			length = 1;
			columns = 2;
			state = (mbstate_t){ 0 };
		} else {
			columns = wcwidth(character);
			columns = columns < 0 ? 2 : columns;
		}
		if (columns > width)
			break;
		width -= columns;
		at += length;
	}
	mvaddnstr(y, x, text, (int)(at - text));
}

static void put_right(int y, int x, int width, const char *text)
{
	int length = (int)strlen(text);

	put(y, length < width ? x + width - length : x, width, text);
}

/* Lines of the screen: what comes first is what is left on a small one. */
static int rows_top(void)
{
	return LINES >= 6 ? 3 : LINES >= 3 ? 1 : 0;
}

static int rows_room(void)
{
	int room = LINES - rows_top() - (LINES >= 4);

	return room > 0 ? room : 0;
}

static void draw_summary(const struct screen *screen)
{
	const struct top *top = screen->top;
	char time[CLOCK_TEXT], size[32], line[512];
	int length;

	clock_format(top->looked_ns, time);
	length = snprintf(line, sizeof(line), "refheap %.8s", time);
	if (screen->paused)
		length += snprintf(line + length, sizeof(line) - (size_t)length, " paused");
	if (top->view == TOP_HEAPS)
		length += snprintf(line + length, sizeof(line) - (size_t)length,
				   "  %" PRIu64 " %s", top->total,
				   plural(top->total, "heap", "heaps"));
	else if (*top->heap_name)
		length += snprintf(line + length, sizeof(line) - (size_t)length,
				   "  %s  %" PRIu64 " %s  %s  %" PRIu32 " %s",
				   top->heap_name, top->info.objects,
				   plural(top->info.objects, "object", "objects"),
				   (refheap_format_size((double)top->info.bytes, false, size,
							sizeof(size)), size),
				   top->info.sessions,
				   plural(top->info.sessions, "session", "sessions"));
	if (top->view == TOP_SITES && top->traced.on)
		length += snprintf(line + length, sizeof(line) - (size_t)length,
				   "  traced %s", (refheap_format_size((double)top->traced.bytes,
							       false, size, sizeof(size)), size));
	if (*top->filter)
		snprintf(line + length, sizeof(line) - (size_t)length, "  /%s", top->filter);
	put(0, 0, COLS, line);
}

static void draw_tabs(const struct screen *screen)
{
	int x = 0;

	for (int i = 0; i < TOP_VIEWS; i++) {
		char tab[32];

		snprintf(tab, sizeof(tab), "%d %s", i + 1, top_layouts[i].name);
		if (i == (int)screen->top->view)
			attron(A_BOLD | A_UNDERLINE);
		put(1, x, COLS - x, tab);
		attroff(A_BOLD | A_UNDERLINE);
		x += (int)strlen(tab) + 2;
	}
}

/* How many columns of figures there is room for; the one sorted by is among them. */
static size_t figures(const struct top *top)
{
	size_t all = top_layouts[top->view].count - 1;
	int room = (COLS - NAME_WIDTH) / NUMBER_WIDTH;

	if (room < 1)
		room = COLS >= NUMBER_WIDTH + NAME_SHORTEST;
	return (size_t)room < all ? (size_t)room : all;
}

/* The column of the layout that place @n shows, from 1 on. */
static size_t figure(const struct top *top, size_t n, size_t count)
{
	size_t sort = top->sort[top->view];

	return n == count && sort > count ? sort : n;
}

static void draw_headings(const struct screen *screen, int y)
{
	const struct top *top = screen->top;
	const struct top_layout *layout = &top_layouts[top->view];
	size_t count = figures(top);
	int name = COLS - (int)count * NUMBER_WIDTH;

	attron(A_REVERSE);
	mvhline(y, 0, ' ', COLS);
	for (size_t n = 0; n <= count; n++) {
		size_t column = n ? figure(top, n, count) : 0;
		char heading[32];

		snprintf(heading, sizeof(heading), "%s%s",
			 column != top->sort[top->view] ? "" :
			 top->reverse[top->view] ? "^" : "v", layout->columns[column].heading);
		if (n)
			put_right(y, name + (int)(n - 1) * NUMBER_WIDTH + 1, NUMBER_WIDTH - 1,
				  heading);
		else
			put(y, 0, name, heading);
	}
	attroff(A_REVERSE);
}

static chtype color_of(const struct screen *screen, const struct top_row *row, size_t column)
{
	if (!screen->colors)
		return A_NORMAL;
	if (!column)
		return COLOR_PAIR(PAIR_NAME);
	if (top_layouts[screen->top->view].forms[column] == TOP_PERCENT &&
	    row->numbers[column - 1] >= 90)
		return COLOR_PAIR(PAIR_FULL);
	return A_NORMAL;
}

static void draw_row(const struct screen *screen, int y, size_t index)
{
	const struct top *top = screen->top;
	const struct top_layout *layout = &top_layouts[top->view];
	const struct top_row *row = &top->rows[index];
	size_t count = figures(top);
	int name = COLS - (int)count * NUMBER_WIDTH;

	for (size_t n = 0; n <= count; n++) {
		size_t column = n ? figure(top, n, count) : 0;
		chtype look = color_of(screen, row, column);
		char text[sizeof(row->name)];

		if (index == screen->mark)
			look = A_REVERSE;
		top_text(row, layout->forms[column], column, text, sizeof(text));
		attron(look);
		if (index == screen->mark && !n)
			mvhline(y, 0, ' ', COLS);
		if (n)
			put_right(y, name + (int)(n - 1) * NUMBER_WIDTH + 1, NUMBER_WIDTH - 1, text);
		else
			put(y, 0, name, text);
		attroff(look);
	}
}

static void draw_rows(struct screen *screen)
{
	const struct top *top = screen->top;
	size_t room = (size_t)rows_room();

	if (screen->mark < screen->first)
		screen->first = screen->mark;
	if (room && screen->mark >= screen->first + room)
		screen->first = screen->mark - room + 1;
	if (screen->first + room > top->count)
		screen->first = top->count > room ? top->count - room : 0;
	for (size_t i = 0; i < room && screen->first + i < top->count; i++)
		draw_row(screen, rows_top() + (int)i, screen->first + i);
	if (screen->error)
		put(rows_top(), 0, COLS, refheap_strerror(screen->error));
	else if (top->note)
		put(rows_top(), 0, COLS, top->note);
	else if (!top->count)
		put(rows_top(), 0, COLS, *top->filter ? "nothing has that text in its name" :
							"there is nothing");
}

static void draw_foot(const struct screen *screen)
{
	const struct top *top = screen->top;
	char line[256];

	if (screen->prompt)
		snprintf(line, sizeof(line), "%s: %s",
			 screen->prompt == '/' ? "filter" : "seconds", screen->typed);
	else if (top->total > top->count)
		snprintf(line, sizeof(line), "%zu of %" PRIu64 " rows; ? help  q quit", top->count,
			 top->total);
	else
		snprintf(line, sizeof(line), "? help  q quit  Tab view  < > sort  r reverse  "
			 "Space pause  / filter  d delay %g s", screen->delay);
	put(LINES - 1, 0, COLS, line);
	curs_set(screen->prompt ? 1 : 0);
}

static void draw_help(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (COLS >= 60) {
			put((int)i, 0, COLS, keys[i].keys);
			put((int)i, 33, COLS, keys[i].what);
		} else {
			put((int)i, 0, COLS, keys[i].keys);
			put((int)i, (int)strlen(keys[i].keys) + 1, COLS, keys[i].what);
		}
	}
}

static void draw(struct screen *screen)
{
	erase();
	if (screen->help) {
		draw_help();
	} else {
		draw_rows(screen);
		if (LINES >= 3)
			draw_headings(screen, rows_top() - 1);
		if (LINES >= 6) {
			draw_summary(screen);
			draw_tabs(screen);
		}
		if (LINES >= 4)
			draw_foot(screen);
	}
	refresh();
}

/* The mark stays on its row, wherever that has gone to. */
static void follow_mark(struct screen *screen)
{
	const struct top *top = screen->top;

	for (size_t i = 0; i < top->count; i++) {
		if (top->rows[i].key == screen->marked) {
			screen->mark = i;
			return;
		}
	}
	if (screen->mark >= top->count)
		screen->mark = top->count ? top->count - 1 : 0;
	screen->marked = top->count ? top->rows[screen->mark].key : 0;
}

static void look(struct screen *screen)
{
	screen->error = top_look(screen->top);
	follow_mark(screen);
}

static void move_mark(struct screen *screen, int64_t by)
{
	const struct top *top = screen->top;
	int64_t mark = (int64_t)screen->mark + by;

	if (!top->count)
		return;
	if (mark < 0)
		mark = 0;
	if (mark >= (int64_t)top->count)
		mark = (int64_t)top->count - 1;
	screen->mark = (size_t)mark;
	screen->marked = top->rows[mark].key;
}

static void go(struct screen *screen, int view)
{
	top_go(screen->top, (enum top_view)((view + TOP_VIEWS) % TOP_VIEWS));
	screen->mark = 0;
	screen->first = 0;
	screen->marked = 0;
	look(screen);
	move_mark(screen, 0);
}

static void sort_by(struct screen *screen, int step)
{
	struct top *top = screen->top;
	int columns = (int)top_layouts[top->view].count;

	top->sort[top->view] = (size_t)(((int)top->sort[top->view] + step + columns) % columns);
	top_sort(top);
	move_mark(screen, -(int64_t)screen->mark);
}

static void reverse(struct screen *screen)
{
	struct top *top = screen->top;

	top->reverse[top->view] = !top->reverse[top->view];
	top_sort(top);
	move_mark(screen, -(int64_t)screen->mark);
}

/* The heap under the mark becomes the one whose types are shown. */
static void choose_heap(struct screen *screen)
{
	struct top *top = screen->top;
	struct refheap_heap_info info;

	if (top->view != TOP_HEAPS || screen->mark >= top->count)
		return;
	screen->error = refheap_heap_get(top->control, (uint32_t)screen->marked, &info);
	if (screen->error)
		return;
	top_choose(top, info.heap, info.name, info.owner);
	go(screen, TOP_TYPES);
}

static void begin_prompt(struct screen *screen, int prompt)
{
	screen->prompt = prompt;
	snprintf(screen->typed, sizeof(screen->typed), "%s",
		 prompt == '/' ? screen->top->filter : "");
}

/* What was typed is taken; another delay than a sensible one is not. */
static void end_prompt(struct screen *screen)
{
	char *end;
	double seconds;

	if (screen->prompt == '/') {
		top_show_only(screen->top, screen->typed);
		look(screen);
	} else {
		seconds = strtod(screen->typed, &end);
		if (end != screen->typed && !*end && seconds >= 0.05 && seconds <= 86400)
			screen->delay = seconds;
		else
			beep();
	}
	screen->prompt = 0;
}

static void prompt_key(struct screen *screen, int key)
{
	size_t length = strlen(screen->typed);

	if (key == '\n' || key == '\r' || key == KEY_ENTER) {
		end_prompt(screen);
	} else if (key == KEY_ESCAPE) {
		screen->prompt = 0;
	} else if (key == KEY_BACKSPACE || key == KEY_DELETE || key == CONTROL('h')) {
		/* A character of several bytes goes as one. */
		while (length && (screen->typed[--length] & 0xc0) == 0x80)
			;
		screen->typed[length] = '\0';
	} else if (key == CONTROL('u')) {
		screen->typed[0] = '\0';
	} else if (key >= ' ' && key < 256 && length + 1 < sizeof(screen->typed)) {
		screen->typed[length] = (char)key;
		screen->typed[length + 1] = '\0';
	}
}

/* Keys that move the mark; whether it was one. */
static bool move_key(struct screen *screen, int key)
{
	int page = rows_room();

	switch (key) {
	case KEY_UP:
	case 'k':
		move_mark(screen, -1);
		return true;
	case KEY_DOWN:
	case 'j':
		move_mark(screen, 1);
		return true;
	case KEY_PPAGE:
		move_mark(screen, -page);
		return true;
	case KEY_NPAGE:
		move_mark(screen, page);
		return true;
	case KEY_HOME:
		move_mark(screen, -TOP_ROWS);
		return true;
	case KEY_END:
		move_mark(screen, TOP_ROWS);
		return true;
	default:
		return false;
	}
}

static void view_key(struct screen *screen, int key)
{
	switch (key) {
	case '\t':
		go(screen, (int)screen->top->view + 1);
		break;
	case KEY_BTAB:
		go(screen, (int)screen->top->view - 1);
		break;
	case '1' ... '0' + TOP_VIEWS:
		go(screen, key - '1');
		break;
	case '<':
	case KEY_LEFT:
		sort_by(screen, -1);
		break;
	case '>':
	case KEY_RIGHT:
		sort_by(screen, 1);
		break;
	case 'r':
		reverse(screen);
		break;
	case '\n':
	case '\r':
	case KEY_ENTER:
		choose_heap(screen);
		break;
	default:
		break;
	}
}

static void press(struct screen *screen, int key)
{
	if (key == ERR || key == KEY_RESIZE)
		return;
	if (screen->prompt) {
		prompt_key(screen, key);
		return;
	}
	if (screen->help) {
		screen->help = false;
		screen->quit = key == 'q';
		return;
	}
	if (move_key(screen, key))
		return;
	switch (key) {
	case 'q':
		screen->quit = true;
		break;
	case ' ':
	case 'p':
		screen->paused = !screen->paused;
		break;
	case '/':
	case 'd':
		begin_prompt(screen, key);
		break;
	case '?':
	case 'h':
		screen->help = true;
		break;
	case CONTROL('l'):
		clearok(curscr, TRUE);
		look(screen);
		break;
	default:
		view_key(screen, key);
	}
}

/* Milliseconds until the next look, -1 while there is none. */
static int wait_for(const struct screen *screen)
{
	double left = screen->delay - clock_age(screen->top->looked_ns);

	if (screen->paused)
		return -1;
	return left > 0 ? (int)(left * 1000) + 1 : 0;
}

/*
 * ERR when there was none in that time, or a signal came. A signal of another
 * size may come before it is waited for, so it is looked for once a second.
 */
static int next_key(struct screen *screen, int timeout_ms)
{
	int key = getch();
	int ready;

	if (key != ERR)
		return key;
	if (timeout_ms < 0 || timeout_ms > 1000)
		timeout_ms = 1000;
	ready = interrupt_wait(STDIN_FILENO, timeout_ms);
	key = getch();
	/* Nothing to read, but not for want of waiting: the terminal has gone. */
	screen->quit |= ready == 1 && key == ERR;
	return key;
}

static void watch(struct screen *screen, uint64_t count)
{
	uint64_t looks = 1;

	look(screen);
	move_mark(screen, 0);
	while (!screen->quit && !interrupted()) {
		int left;

		draw(screen);
		press(screen, next_key(screen, wait_for(screen)));
		left = wait_for(screen);
		if (screen->quit || left)
			continue;
		if (count && looks++ == count)
			break;
		look(screen);
	}
}

static bool drawing;

/* However the program ends, the terminal is as it was before. */
static void restore(void)
{
	if (drawing)
		endwin();
	drawing = false;
}

static void begin_colors(struct screen *screen)
{
	screen->colors = color_enabled(screen->top->context->format.color, stdout) && has_colors();
	if (!screen->colors)
		return;
	start_color();
	use_default_colors();
	init_pair(PAIR_NAME, COLOR_CYAN, -1);
	init_pair(PAIR_FULL, COLOR_RED, -1);
}

int top_screen(struct top *top, double delay, uint64_t count)
{
	struct screen screen = { .top = top, .delay = delay };
	const char *kind = getenv("TERM");
	static bool registered;

	fflush(stdout);
	screen.terminal = newterm(NULL, stdout, stdin);
	if (!screen.terminal)
		return report_refused(top->context, ENOTTY, "top cannot draw on a terminal '%s'; "
				      "--batch prints", kind ? kind : "");
	if (!registered)
		atexit(restore);
	registered = true;
	drawing = true;
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(50);
	begin_colors(&screen);
	watch(&screen, count);
	restore();
	delscreen(screen.terminal);
	return STATUS_OK;
}
