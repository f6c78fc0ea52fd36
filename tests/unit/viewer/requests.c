/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is answered, and with what; and that no request, however odd, is answered with anything but an answer. */
#define _POSIX_C_SOURCE 200809L /* O_CLOEXEC */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base_internal.h"
#include "specimen.h"

static view_session *session;

static int set_up(void **state)
{
    int result = test_folder_setup(state);
    specimen_write();
    session = specimen_open();
    return result;
}

static int tear_down(void **state)
{
    view_session_close(session);
    return test_folder_teardown(state);
}

static unsigned status_of(const char *method, const char *host, const char *origin, const char *path)
{
    view_answer answer;
    const view_request request = {.method = method, .host = host, .origin = origin, .path = path};
    view_route(&answer, session, &specimen_gate, &request);
    unsigned status = answer.status;
    assert_non_null(answer.type);
    view_answer_release(&answer);
    return status;
}

#define TOKEN "0123456789abcdef0123456789abcdef"
#define HERE "127.0.0.1:8000"

static void test_only_this_machine_asks(void **state)
{
    (void)state;
    const char *path = "/" TOKEN "/api/summary";
    assert_int_equal(status_of("GET", HERE, NULL, path), 200);
    assert_int_equal(status_of("GET", "localhost:8000", NULL, path), 200);
    static const char *const others[] = {NULL,
                                         "",
                                         "127.0.0.1",
                                         "127.0.0.1:80",
                                         "127.0.0.1:80000",
                                         "evil.example:8000",
                                         "127.0.0.1:8000.evil.example",
                                         "localhost.evil.example:8000",
                                         "[::1]:8000"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_int_equal(status_of("GET", others[i], NULL, path), 403);
}

static void test_no_other_page_asks(void **state)
{
    (void)state;
    const char *path = "/" TOKEN "/api/summary";
    assert_int_equal(status_of("GET", HERE, "http://127.0.0.1:8000", path), 200);
    static const char *const others[] = {"null",
                                         "",
                                         "http://evil.example",
                                         "https://127.0.0.1:8000",
                                         "http://127.0.0.1:8001",
                                         "http://127.0.0.1:8000/"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_int_equal(status_of("GET", HERE, others[i], path), 403);
}

static void test_only_the_token_opens(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "/",
                                        "//api/summary",
                                        "/api/summary",
                                        "/" TOKEN,
                                        "/0123456789abcdef0123456789abcdee/api/summary",
                                        "/0123456789abcdef0123456789abcdeg/api/summary",
                                        "/1123456789abcdef0123456789abcdef/api/summary",
                                        "/0123456789ABCDEF0123456789ABCDEF/api/summary",
                                        "/0123456789abcdef/api/summary",
                                        "/" TOKEN "0/api/summary"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(status_of("GET", HERE, NULL, wrong[i]), 403);
}

static void test_there_is_nothing_but_the_routes(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "../../etc/passwd", "..",         "/etc/passwd", "api",      "api/",          "api/..",
        "api/summary/",     "index.html", "map.h5",      "scan.npy", "%2e%2e/map.h5", "api//summary"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char path[128];
        snprintf(path, sizeof path, "/" TOKEN "/%s", wrong[i]);
        assert_int_equal(status_of("GET", HERE, NULL, path), 404);
    }
    assert_int_equal(status_of("GET", HERE, NULL, "/" TOKEN "/"), 200);
    assert_int_equal(status_of("GET", HERE, NULL, "/" TOKEN "/app.js"), 200);
    assert_int_equal(status_of("GET", HERE, NULL, "/" TOKEN "/api/virtual"), 405);
    assert_int_equal(status_of("GET", HERE, NULL, "/" TOKEN "/api/strain"), 405);
    static const char *const methods[] = {"POST", "PUT", "DELETE", "HEAD", "OPTIONS", "get", ""};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        assert_int_equal(status_of(methods[i], HERE, NULL, "/" TOKEN "/api/summary"), 405);
}

static void test_every_wrong_argument_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *path, *name, *value, *says;
        bool is_post;
    } cases[] = {{"api/map", "name", "strain/eyy", "no such map"},
                 {"api/map", "name", "exx", "no such map"},
                 {"api/map", "name", "", "no such map"},
                 {"api/map", "name", "../strain/exx", "no such map"},
                 {"api/map", "other", "1", "name is missing"},
                 {"api/pattern", "y", "1", "x is missing"},
                 {"api/numbers", "z", "1", "y and x are missing"},
                 {"api/curves", "z", "1", "y and x are missing"},
                 {"api/pattern", "y", "3", "y is 3, but there are 3"},
                 {"api/pattern", "y", "-1", "y is not a whole number"},
                 {"api/pattern", "y", "1.5", "y is not a whole number"},
                 {"api/pattern", "y", "", "y is not a whole number"},
                 {"api/pattern", "y", "99999999999999999999", "y is not a whole number"},
                 {"api/pattern", "region", "0:9,0:9", "region"},
                 {"api/pattern", "region", "mask:/etc/passwd", "not a mask"},
                 {"api/numbers", "region", "0:1,0:1&mask:scan.npy", "not a mask"},
                 {"api/curves", "region", "!mask:scan.npy", "not a mask"},
                 {"api/line", "name", "strain/exx", "a line is"},
                 {"api/line", "line", "0,0,1,1,1", "name is missing"},
                 {"api/strain", "reference", "0:1,0:1", "name is missing", true},
                 {"api/strain", "name", "curl", "no such map", true},
                 {"api/strain", "name", "../ring/chi2", "no such map", true},
                 {"api/virtual", "stride", "1", "detector is missing", true},
                 {"api/virtual", "detector", "disc:1", "no virtual detector", true},
                 {"api/virtual", "detector", "disc:90,90,1", "no used pixel", true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        view_answer answer;
        char text[512];
        (cases[i].is_post ? specimen_post : specimen_ask)(
            &answer, session, cases[i].path, (const char *const[]){cases[i].name, cases[i].value, NULL});
        assert_true(answer.status == 400 || answer.status == 404);
        snprintf(text, sizeof text, "%.*s", (int)answer.n, answer.body);
        test_assert_contains(text, cases[i].says);
        view_answer_release(&answer);
    }
}

/* The same odd text for every argument but those that would keep it from being looked at. */
static const char *one_argument(void *user, const char *name)
{
    const char *text = user;
    if (strcmp(name, "name") == 0 && text[0] < 'A') return "strain/exx";
    if (name[1] == '\0' && strpbrk(text, ":<") != NULL) return NULL; /* a region in place of y and x */
    return strcmp(name, "stride") == 0 ? "1" : text;
}

/* Right requests with letters changed at random: each is answered or refused. */
static void test_odd_requests_are_answered(void **state)
{
    (void)state;
    static const char *const paths[] = {"map",  "pattern", "numbers", "curves",  "",
                                        "line", "virtual", "strain",  "summary", "progress"};
    static const char *const values[] = {"1",
                                         "strain/exx",
                                         "0:1,0:1",
                                         "disc:3,3,2",
                                         "0,0,2,3,1",
                                         "polygon:1,1;1,3;2,0",
                                         "sector:3,3,0,9,0,90",
                                         "exx<0.001",
                                         "exx"};
    enum { N_PATHS = sizeof paths / sizeof *paths, N_VALUES = sizeof values / sizeof *values };
    view_session *alone = specimen_open_recording();
    vtr_random random;
    vtr_random_start(&random, 7, 1);
    for (int i = 0; i < 20000; i++) {
        char path[96], value[32] = "";
        const char *name = paths[vtr_random_u32(&random) % N_PATHS];
        snprintf(path, sizeof path, "/" TOKEN "/%s%s", name[0] != '\0' ? "api/" : "", name);
        snprintf(value, sizeof value, "%s", values[vtr_random_u32(&random) % N_VALUES]);
        size_t at = vtr_random_u32(&random) % (strlen(path) + 1);
        size_t in = vtr_random_u32(&random) % (strlen(value) + 1);
        if (i % 7 == 0) path[at] = (char)(vtr_random_u32(&random) & 255);
        if (i % 2 == 0) value[in] = (char)(vtr_random_u32(&random) & 255);
        view_answer answer;
        const view_request request = {.method = i % 5 < 3 ? "GET" : "POST",
                                      .host = HERE,
                                      .path = path,
                                      .argument = one_argument,
                                      .user = value};
        view_route(&answer, i % 3 < 2 ? session : alone, &specimen_gate, &request);
        if (answer.status != 200 && (answer.status < 400 || answer.status >= 500))
            fail_msg("%s with '%s': %u", path, value, answer.status);
        assert_true(answer.body != NULL);
        view_answer_release(&answer);
    }
    view_session_close(alone);
}

static void test_tokens_differ(void **state)
{
    (void)state;
    vtr_error err;
    view_gate a = {0}, b = {0};
    assert_ok(view_gate_create(&a, &err));
    assert_ok(view_gate_create(&b, &err));
    assert_int_equal(strspn(a.token, "0123456789abcdef"), VIEW_TOKEN);
    assert_string_not_equal(a.token, b.token);
}

/* The descriptor through which this process reads a file of the test's folder. */
static int descriptor_of(const char *name)
{
    struct stat wanted, found;
    assert_int_equal(stat(test_folder_path(name), &wanted), 0);
    for (int file = 3; file < 256; file++)
        if (fstat(file, &found) == 0 && found.st_ino == wanted.st_ino && found.st_dev == wanted.st_dev)
            return file;
    fail_msg("%s is not open", name);
    return -1;
}

/* A descriptor that cannot be read takes the place of the map file's, then goes again. */
static void test_a_failed_read_is_over_once_it_is_told(void **state)
{
    (void)state;
    vtr_error err;
    view_answer answer;
    vtr_mapfile *later = NULL;
    const char *const exx[] = {"name", "strain/exx", NULL};
    view_session_close(session); /* so that the map file is open once */
    session = specimen_open();
    int file = descriptor_of("map.h5"), kept = dup(file), deaf = open("/dev/null", O_WRONLY | O_CLOEXEC);
    assert_true(kept >= 0 && deaf >= 0 && dup2(deaf, file) == file);
    specimen_ask(&answer, session, "api/map", exx);
    assert_int_equal(answer.status, 500);
    test_assert_contains(answer.body, "Bad file descriptor");
    view_answer_release(&answer);
    assert_int_equal(dup2(kept, file), file);
    close(kept);
    close(deaf);
    specimen_ask(&answer, session, "api/map", exx);
    assert_int_equal(answer.status, 200);
    view_answer_release(&answer);
    assert_ok(vtr_mapfile_create(&later, test_folder_path("later.h5"), true, &err));
    assert_ok(vtr_mapfile_commit(&later, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_this_machine_asks),
        cmocka_unit_test(test_no_other_page_asks),
        cmocka_unit_test(test_only_the_token_opens),
        cmocka_unit_test(test_there_is_nothing_but_the_routes),
        cmocka_unit_test(test_every_wrong_argument_is_named),
        cmocka_unit_test(test_odd_requests_are_answered),
        cmocka_unit_test(test_tokens_differ),
        cmocka_unit_test(test_a_failed_read_is_over_once_it_is_told),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
