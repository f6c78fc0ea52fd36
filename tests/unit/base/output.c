/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "allocation.h"
#include "base/base_internal.h"
#include "vitrail/memory.h"

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void assert_holds(const char *path, const char *text)
{
    char content[64] = {0};
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_true(fread(content, 1, sizeof content - 1, file) == strlen(text));
    fclose(file);
    assert_string_equal(content, text);
}

static void commit_replaces_the_file_at_once(void **state)
{
    (void)state;
    vtr_error err;
    const char *path = test_folder_path("map.h5");
    char *partial = vtr_partial_path(path);
    test_assert_contains(partial, "map.h5.partial");
    write_text(path, "old");
    write_text(partial, "new");
    assert_holds(path, "old");
    assert_ok(vtr_output_commit(partial, path, &err));
    assert_holds(path, "new");
    assert_false(test_file_exists(partial));
    vtr_free(partial);
}

static void discard_leaves_the_old_file(void **state)
{
    (void)state;
    const char *path = test_folder_path("map.h5");
    char *partial = vtr_partial_path(path);
    write_text(path, "old");
    write_text(partial, "half");
    vtr_output_discard(partial);
    vtr_output_discard(NULL);
    assert_false(test_file_exists(partial));
    assert_holds(path, "old");
    vtr_free(partial);
}

static void one_program_at_a_time_writes_a_file(void **state)
{
    (void)state;
    vtr_error err = {0};
    int first = -1, second = -1;
    const char *path = test_folder_path("map.h5");
    char *partial = vtr_partial_path(path);
    assert_ok(vtr_output_lock(&first, partial, path, &err));
    assert_int_equal(write(first, "mine", 4), 4);
    assert_fails(vtr_output_lock(&second, partial, path, &err), VTR_ERR_IO, "another program is writing it");
    assert_int_equal(second, -1);
    assert_holds(partial, "mine"); /* the other one was not disturbed */
    assert_ok(vtr_output_commit(partial, path, &err));
    assert_ok(vtr_output_lock(&second, partial, path, &err)); /* the name is free again */
    close(first);
    vtr_output_discard(partial);
    close(second);
    assert_holds(path, "mine");
    vtr_free(partial);
}

static void devices_are_not_replaced(void **state)
{
    (void)state;
    vtr_error err = {0};
    assert_fails(vtr_output_check("/dev/null", true, &err), VTR_ERR_IO, "not a regular file");
}

static void commit_that_cannot_rename_leaves_no_partial_file(void **state)
{
    (void)state;
    vtr_error err;
    const char *partial = test_folder_path("map.h5.partial");
    write_text(partial, "new");
    assert_fails(vtr_output_commit(partial, test_folder_path("missing/map.h5"), &err), VTR_ERR_IO,
                 "missing/map.h5");
    assert_false(test_file_exists(partial));
    assert_fails(vtr_output_commit(partial, test_folder_path("map.h5"), &err), VTR_ERR_IO, "cannot write");
}

static void check_says_what_is_in_the_way(void **state)
{
    (void)state;
    vtr_error err;
    const char *path = test_folder_path("map.h5");
    assert_ok(vtr_output_check(path, false, &err));
    write_text(path, "old");
    assert_fails(vtr_output_check(path, false, &err), VTR_ERR_EXISTS, "--force");
    assert_ok(vtr_output_check(path, true, &err));
    assert_fails(vtr_output_check(test_folder_path(""), true, &err), VTR_ERR_IO, "is a folder");
    assert_fails(vtr_output_check(test_folder_path("no/map.h5"), true, &err), VTR_ERR_IO, "No such file");
    assert_fails(vtr_output_check(test_folder_path("map.h5/map.h5"), true, &err), VTR_ERR_IO, "not a folder");
}

static void a_bare_name_is_in_this_folder(void **state)
{
    (void)state;
    vtr_error err;
    assert_ok(vtr_output_check("vitrail-no-such-file", false, &err));
    assert_fails(vtr_output_check("/vitrail-no-such-folder/map.h5", false, &err), VTR_ERR_IO,
                 "'/vitrail-no-such-folder'");
}

static vtr_status name_it(void *context, vtr_error *err)
{
    char *partial = vtr_partial_path(context);
    if (partial == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
    vtr_free(partial);
    return VTR_OK;
}

static void short_memory_is_survived(void **state)
{
    (void)state;
    char path[] = "map.h5";
    test_every_allocation_fails(name_it, path);
}

/* What could not be held may have passed for absent in the file; the next one is none the worse. */
static void no_file_gets_its_name_once_memory_was_short(void **state)
{
    (void)state;
    vtr_error err;
    const char *path = test_folder_path("map.h5");
    char *partial = vtr_partial_path(path);
    vtr_memory_fail_after(0);
    assert_null(vtr_malloc(1, 1));
    assert_true(vtr_memory_was_short());
    vtr_memory_fail_after(-1);
    assert_false(vtr_memory_was_short());
    vtr_memory_note_shortage();
    write_text(partial, "a part");
    assert_fails(vtr_output_commit(partial, path, &err), VTR_ERR_MEMORY, "nothing is written to");
    assert_false(test_file_exists(partial) || test_file_exists(path));
    write_text(partial, "whole");
    assert_ok(vtr_output_commit(partial, path, &err));
    assert_holds(path, "whole");
    vtr_free(partial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(commit_replaces_the_file_at_once, test_folder_setup,
                                        test_folder_teardown),
        cmocka_unit_test_setup_teardown(discard_leaves_the_old_file, test_folder_setup, test_folder_teardown),
        cmocka_unit_test_setup_teardown(one_program_at_a_time_writes_a_file, test_folder_setup,
                                        test_folder_teardown),
        cmocka_unit_test_setup_teardown(devices_are_not_replaced, test_folder_setup, test_folder_teardown),
        cmocka_unit_test_setup_teardown(commit_that_cannot_rename_leaves_no_partial_file, test_folder_setup,
                                        test_folder_teardown),
        cmocka_unit_test_setup_teardown(check_says_what_is_in_the_way, test_folder_setup,
                                        test_folder_teardown),
        cmocka_unit_test_setup_teardown(no_file_gets_its_name_once_memory_was_short, test_folder_setup,
                                        test_folder_teardown),
        cmocka_unit_test(a_bare_name_is_in_this_folder),
        cmocka_unit_test(short_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
