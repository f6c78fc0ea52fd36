/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Part of the library and of the modules that carry messages. */
#define _XOPEN_SOURCE 700
#include <sched.h>
#include <time.h>

#include "vitrail/ranks.h"

/* The exchanges of an iteration come at once; those of a pass after tenths of a second. */
void vtr_ranks_wait(unsigned *n_waits)
{
    enum { YIELDS = 64 };
    static const long first_ns = 10000, longest_ns = 500000;
    unsigned n = (*n_waits)++;
    if (n < YIELDS) {
        sched_yield();
        return;
    }
    long ns = n - YIELDS < 48 ? first_ns << (n - YIELDS) / 8 : longest_ns;
    const struct timespec pause = {.tv_nsec = ns < longest_ns ? ns : longest_ns};
    nanosleep(&pause, NULL);
}
