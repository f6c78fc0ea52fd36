/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The server over real sockets: many clients at once, clients that hang up, bytes that are no HTTP. */
#define _GNU_SOURCE /* sockets, threads */
#include "viewer/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/base_internal.h"
#include "specimen.h"

static view_session *session;
static view_server *server;
static view_gate gate;

static int set_up(void **state)
{
    vtr_error err;
    int result = test_folder_setup(state);
    specimen_write();
    session = specimen_open();
    assert_ok(view_gate_create(&gate, &err));
    assert_ok(view_server_start(&server, session, &gate, 0, &err));
    assert_true(gate.port > 0);
    return result;
}

static int tear_down(void **state)
{
    view_server_stop(server);
    view_session_close(session);
    return test_folder_teardown(state);
}

static int connect_to(in_addr_t host)
{
    int s = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)gate.port), .sin_addr.s_addr = htonl(host)};
    const struct timeval patience = {.tv_sec = 20};
    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(s, (struct sockaddr *)&address, sizeof address) == 0) return s;
    close(s);
    return -1;
}

/* Sends bytes, reads all that comes back; the status of the answer, 0 where there is none. */
static int exchange(const char *bytes, size_t n, char *answer, size_t size)
{
    size_t got = 0;
    int s = connect_to(INADDR_LOOPBACK), status = 0;
    if (s < 0) return 0;
    send(s, bytes, n, MSG_NOSIGNAL);
    for (ssize_t more; got + 1 < size && (more = recv(s, answer + got, size - 1 - got, 0)) > 0;)
        got += (size_t)more;
    close(s);
    answer[got] = '\0';
    sscanf(answer, "HTTP/1.%*d %d", &status);
    return status;
}

static int get(const char *path, char *answer, size_t size)
{
    char request[512];
    int n = snprintf(request, sizeof request,
                     "GET /%s/%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n\r\n", gate.token,
                     path, gate.port);
    return exchange(request, (size_t)n, answer, size);
}

static void test_answers_carry_their_headers(void **state)
{
    (void)state;
    char answer[8192];
    assert_int_equal(get("api/summary", answer, sizeof answer), 200);
    test_assert_contains(answer, "Content-Security-Policy: default-src 'none'");
    test_assert_contains(answer, "Cache-Control: no-store");
    test_assert_contains(answer, "\"map_file\": \"map.h5\"");
    assert_int_equal(get("api/numbers?y=1&x=1", answer, sizeof answer), 200);
    assert_int_equal(get("api/numbers?y=1&x=%31", answer, sizeof answer), 200);
    assert_int_equal(get("api/numbers?y=1&x=4", answer, sizeof answer), 400);
    assert_int_equal(get("api/map?name=..%2f..%2fetc%2fpasswd", answer, sizeof answer), 404);
    assert_int_equal(get("..%2f..%2f..%2fetc/passwd", answer, sizeof answer), 404);
}

static void test_it_listens_at_the_loopback_alone(void **state)
{
    (void)state;
    /* 127.0.0.2 is this machine too, but not the address that the server took */
    assert_int_equal(connect_to(INADDR_LOOPBACK + 1), -1);
}

static void *ask_once(void *user)
{
    static const char *const paths[] = {
        "api/summary",        "api/map?name=strain/exx", "api/pattern?y=1&x=2", "api/curves?y=0&x=0", "",
        "api/numbers?y=2&x=3"};
    static _Thread_local char answer[65536];
    size_t i = (size_t)(uintptr_t)user;
    return (void *)(uintptr_t)get(paths[i % 6], answer, sizeof answer);
}

static void test_two_hundred_at_once(void **state)
{
    (void)state;
    enum { N = 200 };
    pthread_t threads[N];
    for (size_t i = 0; i < N; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_once, (void *)(uintptr_t)i), 0);
    for (size_t i = 0; i < N; i++) {
        void *status = NULL;
        pthread_join(threads[i], &status);
        assert_int_equal((int)(uintptr_t)status, 200);
    }
}

static int post(const char *path, char *answer, size_t size)
{
    char request[512];
    int n = snprintf(
        request, sizeof request,
        "POST /%s/%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
        gate.token, path, gate.port);
    return exchange(request, (size_t)n, answer, size);
}

static void *drag_once(void *user)
{
    static _Thread_local char answer[65536];
    char path[128];
    snprintf(path, sizeof path, "api/virtual?detector=disc:3,2,%g", 0.6 + 0.01 * (double)(uintptr_t)user);
    return (void *)(uintptr_t)post(path, answer, sizeof answer);
}

/* Of detectors that are asked for at once the newest is answered; those before it may be told that they were overtaken. */
static void test_two_hundred_detectors_at_once(void **state)
{
    (void)state;
    enum { N = 200 };
    pthread_t threads[N];
    int answered = 0;
    for (size_t i = 0; i < N; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, drag_once, (void *)(uintptr_t)i), 0);
    for (size_t i = 0; i < N; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        int status = (int)(uintptr_t)result;
        assert_true(status == 200 || status == 202);
        answered += status == 200;
    }
    assert_true(answered > 0);
}

/* Whatever stands where the path, the token, the host or the method should be. */
static void test_requests_for_what_is_not_theirs(void **state)
{
    (void)state;
    char right[64], wrong_host[96], wrong_port[64], two_hosts[160];
    snprintf(right, sizeof right, "Host: 127.0.0.1:%u\r\n", gate.port);
    snprintf(wrong_host, sizeof wrong_host, "Host: evil.example:%u\r\n", gate.port);
    snprintf(wrong_port, sizeof wrong_port, "Host: 127.0.0.1:%u\r\n", gate.port ^ 1u);
    snprintf(two_hosts, sizeof two_hosts, "Host: evil.example\r\nHost: 127.0.0.1:%u\r\n", gate.port);
    const struct {
        const char *method, *before, *after, *headers; /* the path is before, token, after */
    } cases[] = {
        {"GET", "/", "/api/summary", wrong_host},
        {"GET", "/", "/api/summary", wrong_port},
        {"GET", "/", "/api/summary", two_hosts},
        {"GET", "/", "/api/summary", ""},
        {"GET", "/0", "/api/summary", right},
        {"GET", "//", "/api/summary", right},
        {"GET", "/", "", right},
        {"GET", "/", "/../../../../../../etc/passwd", right},
        {"GET", "/", "/..%2f..%2f..%2f..%2fetc%2fpasswd", right},
        {"GET", "/", "/%2e%2e/%2e%2e/%2e%2e/etc/passwd", right},
        {"GET", "/", "/....//....//etc/passwd", right},
        {"GET", "/", "/..\\..\\..\\etc\\passwd", right},
        {"GET", "/", "//etc/passwd", right},
        {"GET", "/", "/map.h5", right},
        {"GET", "/", "/api/map%00?name=strain/exx", right},
        {"GET", "/", "/api/map?name=/etc/passwd", right},
        {"GET", "/", "/api/numbers?region=mask:/etc/passwd", right},
        {"GET", "/", "/api/numbers?region=%6dask:%2fetc%2fpasswd", right},
        {"GET", "http://evil.example/", "/api/summary", wrong_host},
        {"GET", "/etc/passwd?", "", right},
        {"DELETE", "/", "/api/map?name=strain/exx", right},
        {"PUT", "/", "/map.h5", right},
        {"TRACE", "/", "/api/summary", right},
        {"CONNECT", "/", "/api/summary", right},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char request[1024], answer[8192];
        int n = snprintf(request, sizeof request, "%s %s%s%s HTTP/1.1\r\n%sConnection: close\r\n\r\n",
                         cases[i].method, cases[i].before, gate.token, cases[i].after, cases[i].headers);
        int status = exchange(request, (size_t)n, answer, sizeof answer);
        if (status != 0 && status < 400) fail_msg("%s is answered with %d", request, status);
        assert_null(strstr(answer, "root:"));
    }
}

/* Bodies that are too long, of another length than they say, or in pieces of impossible lengths. */
static void test_odd_bodies(void **state)
{
    (void)state;
    static char request[300000], answer[4096];
    static const char *const headers[] = {"Content-Length: 250000\r\n",
                                          "Content-Length: -1\r\n",
                                          "Content-Length: 99999999999999999999\r\n",
                                          "Content-Length: 10\r\nContent-Length: 9\r\n",
                                          "Transfer-Encoding: chunked\r\n",
                                          "Transfer-Encoding: gzip, chunked\r\n",
                                          "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        int n = snprintf(request, 1024,
                         "POST /%s/api/virtual?detector=disc:3,2,1.1 HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n%s"
                         "Connection: close\r\n\r\nffffffffffffffffff\r\n",
                         gate.token, gate.port, headers[i]);
        size_t length = i == 0 ? 250000 : 200;
        memset(request + n, 'x', length);
        int s = connect_to(INADDR_LOOPBACK);
        assert_true(s >= 0);
        send(s, request, (size_t)n + length, MSG_NOSIGNAL);
        shutdown(s, SHUT_WR);
        for (ssize_t more; (more = recv(s, answer, sizeof answer, 0)) > 0;)
            continue;
        close(s);
    }
    assert_int_equal(get("api/summary", answer, sizeof answer), 200);
    assert_int_equal(post("api/virtual?detector=disc:3,2,1.1", answer, sizeof answer), 200);
}

static void test_clients_that_hang_up(void **state)
{
    (void)state;
    char request[512], answer[4096];
    int n = snprintf(request, sizeof request,
                     "GET /%s/api/map?name=strain/exx HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", gate.token,
                     gate.port);
    for (int i = 0; i < 100; i++) {
        int s = connect_to(INADDR_LOOPBACK);
        assert_true(s >= 0);
        /* in the middle of the request, or before the answer; with a reset every second time */
        send(s, request, (size_t)(i % 5 == 0 ? n : 1 + i * n / 100), MSG_NOSIGNAL);
        const struct linger reset = {1, 0};
        if (i % 2 == 0) setsockopt(s, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(s);
    }
    assert_int_equal(get("api/summary", answer, sizeof answer), 200);
}

static void test_bytes_that_are_no_http(void **state)
{
    (void)state;
    static char bytes[40000], answer[4096];
    vtr_random random;
    vtr_random_start(&random, 3, 1);
    for (int i = 0; i < 50; i++) {
        size_t n = 1 + vtr_random_u32(&random) % 600;
        for (size_t k = 0; k < n; k++)
            bytes[k] = (char)(vtr_random_u32(&random) & 255);
        memcpy(bytes + n, "\r\n\r\n", 4);
        int status = exchange(bytes, n + 4, answer, sizeof answer);
        assert_true(status == 0 || status >= 400);
    }
    /* a line, and a header, that do not end */
    memset(bytes, 'a', sizeof bytes);
    memcpy(bytes, "GET /", 5);
    int status = exchange(bytes, sizeof bytes, answer, sizeof answer);
    assert_true(status == 0 || status >= 400);
    memcpy(bytes, "GET / HTTP/1.1\r\nHost: ", 22);
    status = exchange(bytes, sizeof bytes, answer, sizeof answer);
    assert_true(status == 0 || status >= 400);
    assert_int_equal(get("api/summary", answer, sizeof answer), 200);
}

static void test_a_taken_port_is_said(void **state)
{
    (void)state;
    vtr_error err;
    view_server *second = NULL;
    view_gate other = {0};
    assert_fails(view_server_start(&second, session, &other, gate.port, &err), VTR_ERR_IO, "is it taken");
}

int main(void)
{
    if (!HAS_SERVER) return TEST_SKIPPED;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_carry_their_headers),
        cmocka_unit_test(test_it_listens_at_the_loopback_alone),
        cmocka_unit_test(test_two_hundred_at_once),
        cmocka_unit_test(test_two_hundred_detectors_at_once),
        cmocka_unit_test(test_requests_for_what_is_not_theirs),
        cmocka_unit_test(test_odd_bodies),
        cmocka_unit_test(test_clients_that_hang_up),
        cmocka_unit_test(test_bytes_that_are_no_http),
        cmocka_unit_test(test_a_taken_port_is_said),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
