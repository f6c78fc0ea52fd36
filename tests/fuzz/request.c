/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "specimen.h"

/* Requests to the viewer, of a map file with its recording or of a recording alone, as the library of HTTP hands them over.
 * Lines of text: a letter for what is open, the method, the path behind the token (from a slash on: the whole path), the
 * host and the origin (empty: the right ones), then arguments NAME=VALUE. Each is answered, or refused in a sentence. */

enum { MAX_LINES = 16 };

typedef struct lines {
    size_t n;
    const char *text[MAX_LINES];
} lines;

static view_session *open_session(bool has_map)
{
    static view_session *both = NULL, *alone = NULL;
    if (both == NULL) {
        void *state = NULL;
        if (test_folder_setup(&state) != 0) abort();
        specimen_write();
        both = specimen_open();
        alone = specimen_open_recording();
        test_folder_teardown(&state); /* the files stay open */
    }
    return has_map ? both : alone;
}

static lines split(char *text)
{
    lines l = {0};
    while (l.n < MAX_LINES) {
        char *end = strchr(text, '\n');
        l.text[l.n++] = text;
        if (end == NULL) break;
        *end = '\0';
        text = end + 1;
    }
    return l;
}

static const char *argument(void *user, const char *name)
{
    const lines *l = user;
    size_t length = strlen(name);
    for (size_t i = 5; i < l->n; i++)
        if (strncmp(l->text[i], name, length) == 0 && l->text[i][length] == '=')
            return l->text[i] + length + 1;
    return NULL;
}

static void check(const view_answer *answer)
{
    static const char error[] = "{\"error\": \"";
    if (answer->body == NULL || answer->type == NULL) abort();
    if (answer->status == 200) return;
    if (answer->status < 400 || answer->status >= 500 || answer->n < sizeof error ||
        memcmp(answer->body, error, strlen(error)) != 0 || answer->body[strlen(error)] == '"') {
        fprintf(stderr, "status %u: %.*s\n", answer->status, (int)answer->n, answer->body);
        abort();
    }
}

int fuzz_one(const uint8_t *data, size_t size)
{
    char *text = (char *)fuzz_text(data, size), path[512];
    lines l = split(text);
    if (l.n < 5) return 0;
    snprintf(path, sizeof path, "%s%s%s%.400s", l.text[2][0] == '/' ? "" : "/",
             l.text[2][0] == '/' ? "" : specimen_gate.token, l.text[2][0] == '/' ? "" : "/", l.text[2]);
    const view_request request = {.method = l.text[1],
                                  .path = path,
                                  .host = l.text[3][0] != '\0' ? l.text[3] : "127.0.0.1:8000",
                                  .origin = l.text[4][0] != '\0' ? l.text[4] : NULL,
                                  .argument = argument,
                                  .user = &l};
    view_answer answer;
    view_route(&answer, open_session(l.text[0][0] != 'a'), &specimen_gate, &request);
    check(&answer);
    view_answer_release(&answer);
    return 0;
}
