/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TEST_ALLOCATION_H
#define VITRAIL_TEST_ALLOCATION_H

#include "support.h"

/* One piece of work from its beginning to its end: releases whatever it made, on success and on failure. */
typedef vtr_status (*test_scenario)(void *context, vtr_error *err);

/* Runs the scenario with its 1st allocation (and every later one) failing, then with its 2nd, its 3rd ... until it
 * has all it asks for. Each failing run must end with a failure and a sentence, the last with VTR_OK. What such a
 * run leaks or touches after release, the address sanitizer sees (make asan). */
void test_every_allocation_fails(test_scenario scenario, void *context);

/* The same for work that may go on without some of it, such as what a file says beside its numbers: VTR_OK is fine
 * too. */
void test_every_allocation_is_survived(test_scenario scenario, void *context);

#endif
