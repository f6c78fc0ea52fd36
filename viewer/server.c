/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* sockets */
#include "server.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* A connection above the limit is reset, and whoever asked sees no answer: the limit lies far above the six that a
 * browser opens for a page, and only bounds the threads. */
enum { MAX_CONNECTIONS = 512, TIMEOUT_S = 60, MAX_HEADER_BYTES = 32 * 1024, MAX_BODY_BYTES = 64 * 1024 };

struct view_server {
    struct MHD_Daemon *daemon;
    view_session *session;
    const view_gate *gate;
};

static const char *argument(void *user, const char *name)
{
    return MHD_lookup_connection_value(user, MHD_GET_ARGUMENT_KIND, name);
}

static void free_body(void *body)
{
    free(body);
}

/* Nothing of an answer may be kept, framed by another page, or load anything from elsewhere. */
static void add_headers(struct MHD_Response *response, const char *type)
{
    static const char *const headers[][2] = {
        {"Cache-Control", "no-store"},
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
         "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Referrer-Policy", "no-referrer"},
        {"X-Content-Type-Options", "nosniff"}};
    MHD_add_response_header(response, "Content-Type", type);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        MHD_add_response_header(response, headers[i][0], headers[i][1]);
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, view_answer *answer)
{
    struct MHD_Response *response =
        answer->is_static
            ? MHD_create_response_from_buffer(answer->n, answer->body, MHD_RESPMEM_PERSISTENT)
            : MHD_create_response_from_buffer_with_free_callback(answer->n, answer->body, free_body);
    if (response == NULL) {
        view_answer_release(answer);
        return MHD_NO;
    }
    add_headers(response, answer->type);
    enum MHD_Result result = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return result;
}

/* Called once for the headers, for every piece of the body, and at the end; bodies are not wanted, but short ones are
 * read and dropped, because a POST may have one. */
static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *body,
                                  size_t *body_bytes, void **state)
{
    (void)version;
    (void)body;
    const view_server *server = user;
    static const size_t none = 0;
    if (*state == NULL) {
        *state = calloc(1, sizeof(size_t));
        return *state != NULL ? MHD_YES : MHD_NO;
    }
    size_t *read = *state;
    if (*body_bytes > none) {
        *read += *body_bytes;
        *body_bytes = 0;
        return *read <= MAX_BODY_BYTES ? MHD_YES : MHD_NO;
    }
    const view_request request = {
        .method = method,
        .path = url,
        .host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host"),
        .origin = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Origin"),
        .argument = argument,
        .user = connection,
    };
    view_answer answer;
    view_route(&answer, server->session, server->gate, &request);
    return send_answer(connection, &answer);
}

static void on_completed(void *user, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode why)
{
    (void)user;
    (void)connection;
    (void)why;
    free(*state);
    *state = NULL;
}

/* The library's notes on clients that hang up are of no use to anybody here. */
static void say_nothing(void *user, const char *format, va_list arguments)
{
    (void)user;
    (void)format;
    (void)arguments;
}

/* A zero would end a path or a value before its end: where one is written, what is asked for is not there. */
static size_t unescape(void *user, struct MHD_Connection *connection, char *text)
{
    (void)user;
    (void)connection;
    for (char *zero = text; (zero = strstr(zero, "%00")) != NULL;)
        memcpy(zero, "???", 3);
    return MHD_http_unescape(text);
}

static struct MHD_Daemon *start(view_server *server, const struct sockaddr_in *address)
{
    unsigned flags =
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_AUTO | MHD_USE_ERROR_LOG;
    return MHD_start_daemon(flags, 0, NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER, say_nothing,
                            NULL, MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL, MHD_OPTION_SOCK_ADDR,
                            (const struct sockaddr *)address, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
                            MHD_OPTION_CONNECTION_LIMIT, (unsigned)MAX_CONNECTIONS,
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MAX_HEADER_BYTES, MHD_OPTION_END);
}

vtr_status view_server_start(view_server **out, view_session *session, view_gate *gate, unsigned port,
                             vtr_error *err)
{
    view_server *server = calloc(1, sizeof *server);
    if (server == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "no memory for the server");
    *server = (view_server){.session = session, .gate = gate};
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    server->daemon = start(server, &address);
    if (server->daemon == NULL) {
        free(server);
        return vtr_fail(err, VTR_ERR_IO,
                        port != 0 ? "cannot listen at port %u of 127.0.0.1; is it taken? try another --port"
                                  : "cannot listen at any port (%u) of 127.0.0.1",
                        port);
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    gate->port = info != NULL ? info->port : port;
    *out = server;
    return VTR_OK;
}

void view_server_stop(view_server *server)
{
    if (server == NULL) return;
    view_session_cancel(server->session);
    MHD_stop_daemon(server->daemon);
    free(server);
}
