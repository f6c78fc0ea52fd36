/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "allocation.h"

#include "base/base_internal.h"

static void fail_each(test_scenario scenario, void *context, bool may_go_on)
{
    enum { MOST = 100000 };
    for (long n = 0; n < MOST; n++) {
        vtr_error err = {0};
        vtr_memory_fail_after(n);
        vtr_status status = scenario(context, &err);
        long made = vtr_memory_count();
        vtr_memory_fail_after(-1);
        if (made <= n) {
            if (status != VTR_OK) fail_msg("with all its memory: %s", err.message);
            return;
        }
        if (status == VTR_OK && !may_go_on) fail_msg("allocation %ld failed and the work went on", n);
        if (status != VTR_OK && err.message[0] == '\0')
            fail_msg("allocation %ld failed without a sentence", n);
    }
    fail_msg("still failing after %d allocations", MOST);
}

void test_every_allocation_fails(test_scenario scenario, void *context)
{
    fail_each(scenario, context, false);
}

void test_every_allocation_is_survived(test_scenario scenario, void *context)
{
    fail_each(scenario, context, true);
}
