/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <locale.h>
#include <math.h>

#include "base/base_internal.h"
#include "support.h"

static void numbers_are_read_whole_or_not_at_all(void **state)
{
    (void)state;
    double x = -1;
    assert_int_equal(vtr_parse_double("2.5e-3", &x), 0);
    assert_near(x, 2.5e-3, 0);
    assert_int_equal(vtr_parse_double("-7", &x), 0);
    assert_near(x, -7, 0);
    const char *wrong[] = {"", " 1", "1 ", "1,5", "1.5px", "px", "--1", NULL};
    for (size_t i = 0; wrong[i] != NULL; i++)
        if (vtr_parse_double(wrong[i], &x) != -1) fail_msg("'%s' was read as %g", wrong[i], x);
    assert_int_equal(vtr_parse_double(NULL, &x), -1);
    assert_near(x, -7, 0);
}

/* In many countries the comma is the decimal sign; a file or a command line means the same there. */
static void numbers_do_not_depend_on_the_country(void **state)
{
    (void)state;
    const char *countries[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE.utf8", "fr_FR.utf8"};
    bool found = false;
    for (size_t i = 0; i < 4 && !found; i++)
        found = setlocale(LC_ALL, countries[i]) != NULL;
    double x = 0;
    assert_int_equal(vtr_parse_double("1.25", &x), 0);
    assert_near(x, 1.25, 0);
    assert_int_equal(vtr_parse_double("1,25", &x), -1);
    setlocale(LC_ALL, "C");
    if (!found) skip();
}

static void sizes_are_whole_and_not_negative(void **state)
{
    (void)state;
    size_t n = 5;
    assert_int_equal(vtr_parse_size("18446744073709551615", &n), 0);
    assert_true(n == SIZE_MAX);
    assert_int_equal(vtr_parse_size("0", &n), 0);
    assert_int_equal(n, 0);
    const char *wrong[] = {"", "-1", "+1", " 1", "1.0", "1e3", "18446744073709551616", "0x10", NULL};
    for (size_t i = 0; wrong[i] != NULL; i++)
        if (vtr_parse_size(wrong[i], &n) != -1) fail_msg("'%s' was read as %zu", wrong[i], n);
    assert_int_equal(vtr_parse_size(NULL, &n), -1);
}

static void beginnings_and_endings(void **state)
{
    (void)state;
    assert_true(vtr_text_starts_with("scan.npy", "scan"));
    assert_false(vtr_text_starts_with("sc", "scan"));
    assert_true(vtr_text_starts_with("scan", ""));
    assert_true(vtr_text_ends_with_nocase("SCAN.NPY", ".npy"));
    assert_false(vtr_text_ends_with_nocase("npy", ".npy"));
    assert_false(vtr_text_ends_with_nocase("scan.npy.bak", ".npy"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_read_whole_or_not_at_all),
        cmocka_unit_test(numbers_do_not_depend_on_the_country),
        cmocka_unit_test(sizes_are_whole_and_not_negative),
        cmocka_unit_test(beginnings_and_endings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
