/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/error.h"

#include <string.h>

#include "support.h"

static void failure_carries_status_and_sentence(void **state)
{
    (void)state;
    vtr_error err = {0};
    assert_int_equal(vtr_fail(&err, VTR_ERR_SHAPE, "frame is %d x %d", 3, 4), VTR_ERR_SHAPE);
    assert_int_equal(err.status, VTR_ERR_SHAPE);
    assert_string_equal(err.message, "frame is 3 x 4");
}

static void context_goes_in_front(void **state)
{
    (void)state;
    vtr_error err = {0};
    vtr_fail(&err, VTR_ERR_IO, "file ends at byte %d", 12);
    assert_int_equal(vtr_fail_context(&err, VTR_ERR_IO, "cannot open '%s'", "scan.h5"), VTR_ERR_IO);
    assert_string_equal(err.message, "cannot open 'scan.h5': file ends at byte 12");
}

static void nobody_has_to_listen(void **state)
{
    (void)state;
    assert_int_equal(vtr_fail(NULL, VTR_ERR_MEMORY, "%s", "unheard"), VTR_ERR_MEMORY);
    assert_int_equal(vtr_fail_context(NULL, VTR_ERR_RANGE, "%s", "unheard"), VTR_ERR_RANGE);
}

static void long_sentences_are_cut_and_end(void **state)
{
    (void)state;
    char text[2 * sizeof((vtr_error *)NULL)->message];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    vtr_error err;
    memset(&err, 1, sizeof err);
    vtr_fail(&err, VTR_ERR_IO, "%s", text);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    vtr_fail_context(&err, VTR_ERR_IO, "a context");
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    test_assert_contains(err.message, "a context: xxx");
    vtr_fail_context(&err, VTR_ERR_IO, "%s", text);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
}

/* Codes are part of the interface: they are never renumbered. */
static void codes_keep_their_numbers(void **state)
{
    (void)state;
    assert_int_equal(VTR_OK, 0);
    assert_int_equal(VTR_ERR_ARGUMENT, 1);
    assert_int_equal(VTR_ERR_MEMORY, 2);
    assert_int_equal(VTR_ERR_IO, 3);
    assert_int_equal(VTR_ERR_FORMAT, 4);
    assert_int_equal(VTR_ERR_SHAPE, 5);
    assert_int_equal(VTR_ERR_TYPE, 6);
    assert_int_equal(VTR_ERR_RANGE, 7);
    assert_int_equal(VTR_ERR_NO_DATA, 8);
    assert_int_equal(VTR_ERR_NOT_FOUND, 9);
    assert_int_equal(VTR_ERR_EXISTS, 10);
    assert_int_equal(VTR_ERR_NUMERIC, 11);
    assert_int_equal(VTR_ERR_INTERRUPTED, 12);
    assert_string_equal(vtr_status_text(VTR_ERR_MEMORY), "out of memory");
    assert_non_null(vtr_status_text((vtr_status)999));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failure_carries_status_and_sentence),
        cmocka_unit_test(context_goes_in_front),
        cmocka_unit_test(nobody_has_to_listen),
        cmocka_unit_test(long_sentences_are_cut_and_end),
        cmocka_unit_test(codes_keep_their_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
