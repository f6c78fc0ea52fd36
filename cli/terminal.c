/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _POSIX_C_SOURCE 200809L /* sigaction, clock_gettime, isatty */
#include "terminal.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static atomic_bool interrupted; /* set on whichever thread the signal arrives, read by all */

static struct {
    bool shows_bar, shows_warnings, bar_is_open;
    char task[64];
    double started_s, drawn_s;
} terminal;

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void on_signal(int number)
{
    (void)number;
    if (atomic_exchange(&interrupted, true)) _exit(CLI_INTERRUPTED);
}

/* A recording whose frames are taken from where the system keeps its pages became shorter while they were: there is nothing
 * to read any more, and no way back into what read it. */
static void on_lost_pages(int number)
{
    static const char sentence[] =
        "vitrail: a file became shorter while it was read; let it be complete, then start again\n";
    (void)number;
    ssize_t n = write(STDERR_FILENO, sentence, sizeof sentence - 1);
    (void)n;
    _exit(EXIT_FAILURE);
}

static void format_seconds(char *text, size_t size, double seconds)
{
    long s = (long)(seconds + 0.5);
    if (s < 3600)
        snprintf(text, size, "%ld:%02ld", s / 60, s % 60);
    else
        snprintf(text, size, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
}

static void report(void *user, const char *task, double done, double total, const char *unit)
{
    (void)user;
    if (!terminal.shows_bar || !(total > 0)) return;
    double t = now_s();
    if (strncmp(task, terminal.task, sizeof terminal.task - 1) != 0) {
        cli_terminal_end();
        snprintf(terminal.task, sizeof terminal.task, "%s", task);
        terminal.started_s = t;
        terminal.drawn_s = t;
    }
    bool finished = done >= total;
    if (t - terminal.started_s < 1 || (t - terminal.drawn_s < 0.1 && !finished)) return;
    enum { WIDTH = 28 };
    char bar[WIDTH + 1], left[32];
    int filled = (int)(WIDTH * (done < total ? done / total : 1));
    memset(bar, '.', WIDTH);
    memset(bar, '#', (size_t)filled);
    bar[WIDTH] = '\0';
    double rate = done / (t - terminal.started_s);
    format_seconds(left, sizeof left, finished || rate <= 0 ? t - terminal.started_s : (total - done) / rate);
    fprintf(stderr, "\r\033[K%s [%s] %3.0f %%  %.0f %s/s  %s %s", task, bar, 100 * done / total, rate, unit,
            left, finished ? "in all" : "left");
    fflush(stderr);
    terminal.bar_is_open = true;
    terminal.drawn_s = t;
    if (finished) cli_terminal_end();
}

static void warn(void *user, const char *sentence)
{
    (void)user;
    if (!terminal.shows_warnings) return;
    cli_terminal_end();
    fprintf(stderr, "vitrail: warning: %s\n", sentence);
}

static bool cancelled(void *user)
{
    (void)user;
    return interrupted;
}

void cli_terminal_start(cli_run *run)
{
    terminal.shows_bar = !run->common.quiet && isatty(STDERR_FILENO) != 0;
    terminal.shows_warnings = !run->common.quiet;
    struct sigaction action = {.sa_handler = on_signal}, ignored = {.sa_handler = SIG_IGN};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    struct sigaction lost_pages = {.sa_handler = on_lost_pages};
    sigemptyset(&lost_pages.sa_mask);
    sigaction(SIGBUS, &lost_pages, NULL);
    /* a file larger than is allowed is an error to be told like any other */
    sigemptyset(&ignored.sa_mask);
    sigaction(SIGXFSZ, &ignored, NULL);
    run->progress = (vtr_progress){.report = report, .warn = warn, .cancelled = cancelled};
}

void cli_terminal_end(void)
{
    if (terminal.bar_is_open) fputc('\n', stderr);
    terminal.bar_is_open = false;
    terminal.task[0] = '\0';
}
