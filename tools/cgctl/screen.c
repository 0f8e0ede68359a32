// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cgctl top on the whole screen. ncurses puts the terminal back also where a signal ends the
 * program; nothing is drawn but what has changed.
 */
#include <curses.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <time.h>
#include <unistd.h>

#undef columns /* term.h has a macro for each capability of a terminal */

#include "base/str.h"
#include "sys/sys.h"
#include "top.h"

struct screen {
	struct source *source;
	struct top_wishes *w;
	size_t first, at; /* of the rows shown: the topmost, and the chosen one */
	bool paused, help, end;
	int error;
};

static const char *const keys[] = {
	"up, down, page up, page down, home, end   move",
	"enter                                     fold or unfold a group",
	"t                                         tree, or all groups in one order",
	"<, >                                      sort by the column to the left, to the right",
	"n                                         sort by name",
	"r                                         the other way round",
	"+, -                                      refresh more, or less often",
	"p                                         pause",
	"left, right                               in a recording: one sample back, forth; with shift 60",
	"h, q                                      this help; quit",
};

static uint64_t clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000;
}

static int rows_here(void)
{
	return LINES > 3 ? LINES - 3 : 1;
}

static void take_sample(struct screen *s)
{
	int r = source_read(s->source);

	if (r >= 0)
		r = view_update(&s->w->view, s->source->clock_us, s->source->samples, s->source->n);
	if (r < 0) {
		s->error = r;
		s->end = true;
	}
}

/* In a recording rates need the sample before the one that is shown. */
static void go_to(struct screen *s, size_t index)
{
	s->w->view.time_us = 0;
	s->source->index = index ? index - 1 : 0;
	take_sample(s);
	s->source->index = index;
	if (index)
		take_sample(s);
}

static void draw_head(const struct screen *s)
{
	time_t seconds = (time_t)(s->source->time_us / 1000000);
	struct tm tm;
	char text[64] = "";

	if (localtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	mvprintw(0, 0, "cgctl top  %s  %zu groups  every %.1f s%s", text, s->source->n, (double)s->w->delay_us / 1e6,
		 s->paused ? "  PAUSED" : "");
	if (s->source->source)
		printw("  source %s", s->source->source);
	if (s->source->recording)
		printw("  sample %zu of %zu", s->source->index + 1, s->source->length);
	clrtoeol();
}

static void draw_titles(const struct screen *s)
{
	move(1, 0);
	attron(A_REVERSE);
	for (const int *c = s->w->columns; *c >= 0; c++) {
		const struct view_column *column = view_column((size_t)*c);

		if (*c == s->w->view.sort)
			attron(A_BOLD | A_UNDERLINE);
		printw("%*s", column->width, column->title);
		attroff(A_BOLD | A_UNDERLINE);
		addch(' ');
	}
	addstr("GROUP");
	for (int x = getcurx(stdscr); x < COLS; x++)
		addch(' ');
	attroff(A_REVERSE);
}

static void draw_row(const struct screen *s, int y, const struct view_row *row)
{
	const char *name = row->sample->group, *slash = strrchr(name, '/');
	char buf[32];

	move(y, 0);
	for (const int *c = s->w->columns; *c >= 0; c++) {
		const struct view_column *column = view_column((size_t)*c);

		view_cell(column, row->cells[*c], buf, sizeof(buf));
		printw("%*s ", column->width, buf);
	}
	if (!s->w->view.tree)
		printw("/%s", name);
	else
		printw("%*s%c%s", (int)row->sample->depth * 2, "", row->folded ? '+' : row->has_children ? '-' : ' ',
		       !row->sample->depth ? (*name ? name : "/") : slash ? slash + 1 : name);
	clrtoeol();
}

static void draw(struct screen *s)
{
	const struct view *v = &s->w->view;
	size_t height = (size_t)rows_here();

	if (s->at >= v->n_shown)
		s->at = v->n_shown ? v->n_shown - 1 : 0;
	if (s->at < s->first)
		s->first = s->at;
	if (s->at >= s->first + height)
		s->first = s->at - height + 1;
	draw_head(s);
	draw_titles(s);
	for (size_t i = 0; i < height; i++) {
		bool is_help = s->help && i < sizeof(keys) / sizeof(keys[0]);

		if (s->first + i == s->at && !is_help)
			attron(A_BOLD | A_REVERSE);
		if (is_help)
			mvprintw((int)i + 2, 0, "  %s", keys[i]);
		else if (s->first + i < v->n_shown)
			draw_row(s, (int)i + 2, v->shown[s->first + i]);
		else
			move((int)i + 2, 0);
		attroff(A_BOLD | A_REVERSE);
		clrtoeol();
	}
	mvprintw(LINES - 1, 0, "h help  t tree  < > sort  enter fold  p pause  q quit");
	clrtoeol();
	refresh();
}

static void sort_beside(struct top_wishes *w, int step)
{
	int n = 0, at = -1;

	for (; w->columns[n] >= 0; n++)
		if (w->columns[n] == w->view.sort)
			at = n;
	at = at < 0 ? (step > 0 ? 0 : n - 1) : (at + step + n) % n;
	w->view.sort = w->columns[at];
}

static void step_recording(struct screen *s, long step)
{
	struct source *src = s->source;
	long to = (long)src->index + step;

	if (!src->recording)
		return;
	to = to < 0 ? 0 : to >= (long)src->length ? (long)src->length - 1 : to;
	s->paused = true;
	go_to(s, (size_t)to);
}

static void scroll_by(struct screen *s, long step)
{
	long at = (long)s->at + step, last = (long)s->w->view.n_shown - 1;

	s->at = (size_t)(at < 0 || last < 0 ? 0 : at > last ? last : at);
}

static void fold(struct screen *s)
{
	if (s->at < s->w->view.n_shown)
		view_toggle_fold(&s->w->view, s->w->view.shown[s->at]->sample->group);
}

/* What moves through the rows or the recording; false for another key. */
static bool on_move(struct screen *s, int key)
{
	const struct {
		int key;
		long rows, samples;
	} moves[] = {
		{KEY_UP, -1, 0}, {'k', -1, 0}, {KEY_DOWN, 1, 0}, {'j', 1, 0}, {KEY_PPAGE, -rows_here(), 0},
		{KEY_NPAGE, rows_here(), 0}, {KEY_HOME, -INT32_MAX, 0}, {KEY_END, INT32_MAX, 0},
		{KEY_LEFT, 0, -1}, {KEY_RIGHT, 0, 1}, {KEY_SLEFT, 0, -60}, {KEY_SRIGHT, 0, 60},
	};

	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
		if (moves[i].key != key)
			continue;
		scroll_by(s, moves[i].rows);
		if (moves[i].samples)
			step_recording(s, moves[i].samples);
		return true;
	}
	return false;
}

static void on_key(struct screen *s, int key)
{
	struct top_wishes *w = s->w;

	if (on_move(s, key))
		return;
	switch (key) {
	case 'q': s->end = true; break;
	case 'h': case '?': s->help = !s->help; break;
	case 'p': case ' ': s->paused = !s->paused; break;
	case 't': w->view.tree = !w->view.tree; break;
	case 'r': w->view.reverse = !w->view.reverse; break;
	case 'n': w->view.sort = -1; break;
	case '<': sort_beside(w, -1); break;
	case '>': sort_beside(w, 1); break;
	case '\n': case '\r': case KEY_ENTER: fold(s); break;
	case '+': w->delay_us = w->delay_us > 200000 ? w->delay_us / 2 : w->delay_us; break;
	case '-': w->delay_us = w->delay_us < 60000000 ? w->delay_us * 2 : w->delay_us; break;
	default: return;
	}
	view_arrange(&w->view);
}

static void wait_for_key(struct screen *s, uint64_t until_us)
{
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
	uint64_t now = clock_us();
	int key, ms = s->paused ? -1 : until_us > now ? (int)((until_us - now + 999) / 1000) : 0;

	sys_poll(&p, 1, ms);
	/* The terminal is gone. */
	if (p.revents & (POLLHUP | POLLERR | POLLNVAL))
		s->end = true;
	while ((key = getch()) != ERR)
		on_key(s, key);
}

static bool next_sample(struct screen *s)
{
	if (s->source->recording && s->source->index + 1 >= s->source->length) {
		s->paused = true;
		return true;
	}
	s->source->index++;
	take_sample(s);
	return !s->w->count || --s->w->count;
}

static void loop(struct screen *s)
{
	uint64_t next;

	if (s->source->recording)
		go_to(s, 0);
	else
		take_sample(s);
	next = clock_us() + s->w->delay_us;
	while (!s->end) {
		draw(s);
		wait_for_key(s, next);
		if (s->end || s->paused || clock_us() < next)
			continue;
		s->end = !next_sample(s) || s->end;
		next += s->w->delay_us;
		if (next < clock_us())
			next = clock_us() + s->w->delay_us;
	}
}

int screen_run(struct source *source, struct top_wishes *wishes)
{
	struct screen s = {.source = source, .w = wishes};
	SCREEN *terminal = NULL;
	int known;

	/* Asked first, since newterm(3) keeps memory of a terminal that it does not know. */
	if (setupterm(NULL, STDOUT_FILENO, &known) == OK) {
		del_curterm(cur_term);
		terminal = newterm(NULL, stdout, stdin);
	}
	if (!terminal)
		return tool_usage_error("this terminal (TERM=%s) is not known; --batch needs none", getenv("TERM") ?: "");
	cbreak();
	noecho();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	curs_set(0);
	loop(&s);
	endwin();
	delscreen(terminal);
	return s.error ? tool_error(s.error, "top") : EXIT_OK;
}
