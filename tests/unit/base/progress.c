/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/progress.h"

#include <stdio.h>
#include <string.h>

#include "support.h"

typedef struct heard {
    char text[128];
    bool wants_to_stop;
} heard;

static void hear_report(void *user, const char *task, double done, double total, const char *unit)
{
    heard *h = user;
    snprintf(h->text, sizeof h->text, "%s %g/%g %s", task, done, total, unit);
}

static void hear_warning(void *user, const char *sentence)
{
    heard *h = user;
    snprintf(h->text, sizeof h->text, "%s", sentence);
}

static bool hear_stop(void *user)
{
    return ((heard *)user)->wants_to_stop;
}

static void everything_reaches_the_caller(void **state)
{
    (void)state;
    heard h = {.wants_to_stop = true};
    vtr_progress progress = {hear_report, hear_warning, hear_stop, &h};
    vtr_progress_report(&progress, "map", 3, 12, "patterns");
    assert_string_equal(h.text, "map 3/12 patterns");
    vtr_progress_warn(&progress, "%d frames are missing", 7);
    assert_string_equal(h.text, "7 frames are missing");
    assert_true(vtr_progress_cancelled(&progress));
    h.wants_to_stop = false;
    assert_false(vtr_progress_cancelled(&progress));
}

static void nobody_has_to_listen(void **state)
{
    (void)state;
    const vtr_progress deaf = {0};
    const vtr_progress *all[] = {NULL, &deaf};
    for (size_t i = 0; i < 2; i++) {
        vtr_progress_report(all[i], "map", 1, 2, "patterns");
        vtr_progress_warn(all[i], "unheard");
        assert_false(vtr_progress_cancelled(all[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_reaches_the_caller),
        cmocka_unit_test(nobody_has_to_listen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
