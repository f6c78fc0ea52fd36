/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "routes.h"

#include <stdio.h>
#include <string.h>

#include "page.h"
#include "vitrail/input.h"

typedef struct route {
    const char *path, *method;
    view_handler handler;
} route;

static const route routes[] = {
    {"api/summary", "GET", view_answer_summary},   {"api/map", "GET", view_answer_map},
    {"api/pattern", "GET", view_answer_pattern},   {"api/mask", "GET", view_answer_mask},
    {"api/numbers", "GET", view_answer_numbers},   {"api/curves", "GET", view_answer_curves},
    {"api/palettes", "GET", view_answer_palettes}, {"api/line", "GET", view_answer_line},
    {"api/strain", "POST", view_answer_strain},    {"api/virtual", "POST", view_answer_virtual},
    {"api/progress", "GET", view_answer_progress}, {"api/status", "GET", view_answer_status},
};

vtr_status view_gate_create(view_gate *gate, vtr_error *err)
{
    unsigned char bytes[VIEW_TOKEN / 2];
    FILE *random = fopen("/dev/urandom", "rb");
    bool is_read = random != NULL && fread(bytes, 1, sizeof bytes, random) == sizeof bytes;
    if (random != NULL) fclose(random);
    if (!is_read) return vtr_fail(err, VTR_ERR_IO, "cannot read random numbers from /dev/urandom");
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(gate->token + 2 * i, 3, "%02x", bytes[i]);
    return VTR_OK;
}

/* Takes the same time wherever the texts differ, so that a token cannot be guessed letter by letter. */
static bool is_token(const char *text, size_t n, const char *token)
{
    unsigned difference = 0;
    if (n != VIEW_TOKEN) return false;
    for (size_t i = 0; i < VIEW_TOKEN; i++)
        difference |= (unsigned char)text[i] ^ (unsigned char)token[i];
    return difference == 0;
}

/* A page of another site can be made to resolve to this machine, but not to send this machine's name as its host. */
static bool is_this_host(const char *host, unsigned port)
{
    char wanted[2][32];
    snprintf(wanted[0], sizeof wanted[0], "127.0.0.1:%u", port);
    snprintf(wanted[1], sizeof wanted[1], "localhost:%u", port);
    return host != NULL && (strcmp(host, wanted[0]) == 0 || strcmp(host, wanted[1]) == 0);
}

/* Browsers name the page that a request comes from where it is not a plain look at the same page. */
static bool is_this_origin(const char *origin, unsigned port)
{
    static const char scheme[] = "http://";
    if (origin == NULL) return true;
    return strncmp(origin, scheme, strlen(scheme)) == 0 && is_this_host(origin + strlen(scheme), port);
}

static void refuse(view_answer *answer, unsigned status, const char *sentence)
{
    static const char memory[] = "{\"error\": \"out of memory\"}\n";
    view_text text;
    if (view_text_begin(&text, NULL) == VTR_OK) {
        fputs("{\"error\": ", text.out);
        cli_json_string(text.out, sentence);
        fputs("}\n", text.out);
        if (view_answer_json(answer, &text, NULL) == VTR_OK) {
            answer->status = status;
            return;
        }
    }
    *answer = (view_answer){500, "application/json", (char *)memory, strlen(memory), true};
}

static unsigned status_of(vtr_status status)
{
    switch (status) {
    case VTR_ERR_ARGUMENT:
    case VTR_ERR_RANGE:
    case VTR_ERR_SHAPE:
        return 400;
    case VTR_ERR_NOT_FOUND:
    case VTR_ERR_NO_DATA:
        return 404;
    case VTR_ERR_INTERRUPTED: /* by a newer request: nothing went wrong, so browsers are to log nothing */
        return 202;
    default:
        return 500;
    }
}

static bool send_page(view_answer *answer, const char *path)
{
    for (size_t i = 0; i < view_n_page_files; i++) {
        const view_page_file *file = &view_page_files[i];
        if (strcmp(path, file->path) != 0) continue;
        *answer = (view_answer){200, file->type, (char *)file->bytes, file->n, true};
        return true;
    }
    return false;
}

static void call(view_answer *answer, view_session *session, const route *r, const view_request *request)
{
    vtr_error err = {0};
    if (r->handler == view_answer_status) view_session_refresh(session);
    view_session_use(session);
    vtr_status status = r->handler(answer, session, request, &err);
    view_session_leave(session);
    if (status != VTR_OK) {
        status = vtr_input_explain(status, &err); /* and the next answer is none the worse */
    } else {
        status = vtr_input_check(&err);
        if (status != VTR_OK) view_answer_release(answer);
    }
    if (status != VTR_OK)
        refuse(answer, status_of(status), err.message[0] != '\0' ? err.message : vtr_status_text(status));
}

void view_route(view_answer *answer, view_session *session, const view_gate *gate,
                const view_request *request)
{
    *answer = (view_answer){0};
    if (!is_this_host(request->host, gate->port) || !is_this_origin(request->origin, gate->port)) {
        refuse(answer, 403, "asked by another host");
        return;
    }
    const char *path = request->path[0] == '/' ? request->path + 1 : "";
    size_t n = strcspn(path, "/");
    if (!is_token(path, n, gate->token) || path[n] != '/') {
        refuse(answer, 403, "wrong address; take the one that vitrail view prints");
        return;
    }
    path += n + 1;
    bool is_get = strcmp(request->method, "GET") == 0;
    if (is_get && send_page(answer, path)) return;
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (strcmp(path, routes[i].path) != 0) continue;
        if (strcmp(request->method, routes[i].method) == 0)
            call(answer, session, &routes[i], request);
        else
            refuse(answer, 405, "this address takes another method");
        return;
    }
    refuse(answer, 404, "there is nothing at this address");
}
