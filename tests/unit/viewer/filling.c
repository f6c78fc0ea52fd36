/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A map file that is replaced while it is looked at is shown as it is now; nothing of the old ones stays open. */
#define _XOPEN_SOURCE 700
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "specimen.h"

static void assert_answers(view_session *session, const char *path, const char *part)
{
    view_answer answer;
    specimen_ask(&answer, session, path, NULL);
    assert_int_equal(answer.status, 200);
    char *text = calloc(answer.n + 1, 1);
    assert_non_null(text);
    memcpy(text, answer.body, answer.n);
    test_assert_contains(text, part);
    free(text);
    view_answer_release(&answer);
}

/* exx of the second position, which is 0.001 times the map's scale. */
static double exx_of(view_session *session)
{
    view_answer answer;
    const char *arrays;
    float values[2];
    specimen_ask(&answer, session, "api/map", (const char *const[]){"name", "strain/exx", NULL});
    free(specimen_description(&answer, &arrays));
    memcpy(values, arrays, sizeof values);
    view_answer_release(&answer);
    return (double)values[1];
}

static size_t open_files(void)
{
    size_t n = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL) return 0;
    while (readdir(folder) != NULL)
        n++;
    closedir(folder);
    return n;
}

static void a_map_that_fills_is_read_anew(void **state)
{
    (void)state;
    specimen_write();
    specimen_rewrite(1, true);
    view_session *session = specimen_open();
    assert_answers(session, "api/status", "{\"reading\": 1, \"is_filling\": true}");
    assert_near(exx_of(session), 0.001f, 0);
    size_t n = open_files();
    for (int i = 2; i <= 20; i++) {
        char expected[64];
        specimen_rewrite((float)i, i < 20);
        assert_near(exx_of(session), (float)(i - 1) * 0.001f,
                    0); /* until it is asked whether there is another */
        snprintf(expected, sizeof expected, "{\"reading\": %d, \"is_filling\": %s}", i,
                 i < 20 ? "true" : "false");
        assert_answers(session, "api/status", expected);
        assert_answers(session, "api/status", expected);
        assert_near(exx_of(session), (float)i * 0.001f, 1e-9);
    }
    assert_answers(session, "api/summary", "\"reading\": 20, \"is_filling\": false");
    assert_int_equal(open_files(), n);
    view_session_close(session);
}

static void what_is_no_such_map_leaves_the_one_that_is_open(void **state)
{
    (void)state;
    specimen_write();
    view_session *session = specimen_open();
    size_t n = open_files();
    assert_int_equal(unlink(test_folder_path("map.h5")), 0);
    assert_answers(session, "api/status", "\"reading\": 1");
    FILE *text = fopen(test_folder_path("map.h5"), "w");
    assert_non_null(text);
    fputs("not a map", text);
    fclose(text);
    assert_answers(session, "api/status", "\"reading\": 1");
    assert_near(exx_of(session), 0.001f, 0);
    assert_int_equal(rename(test_folder_path("scan.npy"), test_folder_path("map.h5")), 0);
    assert_answers(session, "api/status", "\"reading\": 1");
    assert_near(exx_of(session), 0.001f, 0);
    assert_int_equal(open_files(), n);
    specimen_rewrite(3, false);
    assert_answers(session, "api/status", "\"reading\": 2");
    assert_near(exx_of(session), 3 * 0.001f, 1e-9);
    view_session_close(session);
}

static void a_recording_alone_has_none(void **state)
{
    (void)state;
    specimen_write();
    view_session *session = specimen_open_recording();
    assert_answers(session, "api/status", "{\"reading\": 0, \"is_filling\": false}");
    view_session_close(session);
}

/* Several threads look and ask while the file is replaced. */
static void *look(void *user)
{
    for (int i = 0; i < 100; i++) {
        view_answer answer;
        specimen_ask(&answer, user, i % 4 == 0 ? "api/status" : "api/numbers",
                     (const char *const[]){"y", "1", "x", "1", NULL});
        if (answer.status != 200) return user;
        view_answer_release(&answer);
    }
    return NULL;
}

static void many_may_look_meanwhile(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    specimen_write();
    view_session *session = specimen_open();
    for (int t = 0; t < THREADS; t++)
        assert_int_equal(pthread_create(&threads[t], NULL, look, session), 0);
    for (int i = 0; i < 20; i++)
        specimen_rewrite((float)i, true);
    for (int t = 0; t < THREADS; t++) {
        void *failed;
        pthread_join(threads[t], &failed);
        assert_null(failed);
    }
    assert_answers(session, "api/status", "\"is_filling\": true");
    assert_near(exx_of(session), 19 * 0.001f, 1e-9);
    view_session_close(session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_map_that_fills_is_read_anew, test_folder_setup,
                                        test_folder_teardown),
        cmocka_unit_test_setup_teardown(what_is_no_such_map_leaves_the_one_that_is_open, test_folder_setup,
                                        test_folder_teardown),
        cmocka_unit_test_setup_teardown(a_recording_alone_has_none, test_folder_setup, test_folder_teardown),
        cmocka_unit_test_setup_teardown(many_may_look_meanwhile, test_folder_setup, test_folder_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
