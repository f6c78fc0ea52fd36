/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TEST_SUPPORT_H
#define VITRAIL_TEST_SUPPORT_H

/* What every test includes: cmocka with what it needs, and the few helpers that tests share. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vitrail/error.h"

/* The exit status by which ctest knows a skipped test. */
enum { TEST_SKIPPED = 77 };

/* Path of a real file below VITRAIL_TEST_DATA, in a buffer that the next eight calls leave alone; NULL where the
 * folder or the file is missing (then call skip()). */
const char *test_data_path(const char *relative);
/* Path of a file in the checkout. */
const char *test_source_path(const char *relative);
/* A fresh folder for this test's files, removed with its content by test_folder_remove. */
const char *test_folder_make(void);
void test_folder_remove(void);
/* The two as a group's set-up and tear-down. */
int test_folder_setup(void **state);
int test_folder_teardown(void **state);
/* Path inside that folder, in a buffer that the next eight calls leave alone. */
const char *test_folder_path(const char *name);
bool test_file_exists(const char *path);

/* Asserts VTR_OK and prints the error's sentence otherwise. */
#define assert_ok(call)                                                                                      \
    do {                                                                                                     \
        err = (vtr_error){0};                                                                                \
        vtr_status status_ = (call);                                                                         \
        if (status_ != VTR_OK) fail_msg("%s: %s", #call, err.message);                                       \
    } while (0)
/* Asserts that a call fails with this status and that its sentence holds this text. */
#define assert_fails(call, expected_status, part_of_message)                                                 \
    do {                                                                                                     \
        err = (vtr_error){0};                                                                                \
        vtr_status status_ = (call);                                                                         \
        if (status_ != (expected_status)) fail_msg("%s: status %d, '%s'", #call, (int)status_, err.message); \
        test_assert_contains(err.message, part_of_message);                                                  \
    } while (0)
void test_assert_contains(const char *text, const char *part);
/* Asserts |a - b| <= tolerance, printing all three. */
#define assert_near(a, b, tolerance)                                                                         \
    test_assert_near((double)(a), (double)(b), (double)(tolerance), #a, __LINE__)
void test_assert_near(double a, double b, double tolerance, const char *what, int line);

#endif
