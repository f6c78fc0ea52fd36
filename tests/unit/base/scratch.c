/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file without a name. */
#define _POSIX_C_SOURCE 200809L /* setenv */
#include "base/scratch.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static vtr_error err;

static size_t count_entries(const char *folder)
{
    size_t n = 0;
    DIR *open = opendir(folder);
    assert_non_null(open);
    while (readdir(open) != NULL)
        n++;
    closedir(open);
    return n;
}

/* Pieces in any order come back; nothing is to be seen in the folder meanwhile. */
static void what_was_written_is_read(void **state)
{
    (void)state;
    const char first[] = "first", second[] = "second";
    char back[12] = "";
    vtr_scratch *scratch = NULL;
    setenv("TMPDIR", test_folder_path("."), 1);
    size_t before = count_entries(test_folder_path("."));
    assert_ok(vtr_scratch_open(&scratch, &err));
    assert_int_equal(count_entries(test_folder_path(".")), before);
    assert_ok(vtr_scratch_write(scratch, (uint64_t)5 << 32, second, 6, &err));
    assert_ok(vtr_scratch_write(scratch, ((uint64_t)5 << 32) - 5, first, 5, &err));
    assert_ok(vtr_scratch_read(scratch, ((uint64_t)5 << 32) - 5, back, 11, &err));
    assert_string_equal(back, "firstsecond");
    assert_fails(vtr_scratch_read(scratch, (uint64_t)6 << 32, back, 1, &err), VTR_ERR_IO, "too early");
    vtr_scratch_close(&scratch);
    assert_null(scratch);
    vtr_scratch_close(&scratch);
}

static void a_folder_that_is_not_there_is_named(void **state)
{
    (void)state;
    vtr_scratch *scratch = NULL;
    setenv("TMPDIR", test_folder_path("nowhere"), 1);
    assert_fails(vtr_scratch_open(&scratch, &err), VTR_ERR_IO, "nowhere");
    assert_null(scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(a_folder_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
