/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _POSIX_C_SOURCE 200809L /* open_memstream */
#include "answer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void view_answer_release(view_answer *answer)
{
    if (!answer->is_static) free(answer->body);
    *answer = (view_answer){0};
}

vtr_status view_text_begin(view_text *text, vtr_error *err)
{
    *text = (view_text){0};
    text->out = open_memstream(&text->text, &text->n);
    return text->out != NULL ? VTR_OK : vtr_fail(err, VTR_ERR_MEMORY, "no memory for an answer");
}

void view_text_discard(view_text *text)
{
    if (text->out != NULL) fclose(text->out);
    free(text->text);
    *text = (view_text){0};
}

static vtr_status finish(view_text *text, vtr_error *err)
{
    bool is_whole = ferror(text->out) == 0;
    if (fclose(text->out) != 0) is_whole = false;
    text->out = NULL;
    if (is_whole) return VTR_OK;
    view_text_discard(text);
    return vtr_fail(err, VTR_ERR_MEMORY, "no memory for an answer");
}

vtr_status view_answer_json(view_answer *answer, view_text *text, vtr_error *err)
{
    vtr_status status = finish(text, err);
    if (status != VTR_OK) return status;
    *answer = (view_answer){200, "application/json", text->text, text->n, false};
    return VTR_OK;
}

vtr_status view_answer_arrays(view_answer *answer, view_text *description, const view_array *arrays, size_t n,
                              vtr_error *err)
{
    while (ftell(description->out) % 4 != 0)
        fputc(' ', description->out);
    vtr_status status = finish(description, err);
    if (status != VTR_OK) return status;
    size_t bytes = 4 + description->n, place = bytes;
    for (size_t i = 0; i < n; i++)
        bytes += arrays[i].bytes;
    char *body = malloc(bytes);
    if (body == NULL) {
        view_text_discard(description);
        return vtr_fail(err, VTR_ERR_MEMORY, "no memory for an answer of %zu bytes", bytes);
    }
    for (int i = 0; i < 4; i++)
        body[i] = (char)(uint8_t)(description->n >> (8 * i));
    memcpy(body + 4, description->text, description->n);
    for (size_t i = 0; i < n; i++) {
        if (arrays[i].bytes > 0) memcpy(body + place, arrays[i].data, arrays[i].bytes);
        place += arrays[i].bytes;
    }
    view_text_discard(description);
    *answer = (view_answer){200, "application/octet-stream", body, bytes, false};
    return VTR_OK;
}

const char *view_argument(const view_request *request, const char *name)
{
    return request->argument != NULL ? request->argument(request->user, name) : NULL;
}

vtr_status view_argument_index(size_t *out, const view_request *request, const char *name, size_t end,
                               vtr_error *err)
{
    const char *text = view_argument(request, name);
    if (text == NULL) return vtr_fail(err, VTR_ERR_ARGUMENT, "%s is missing", name);
    size_t value = 0, length = strlen(text);
    if (length == 0 || length > 9 || strspn(text, "0123456789") != length)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "%s is not a whole number", name);
    for (const char *c = text; *c != '\0'; c++)
        value = 10 * value + (size_t)(*c - '0');
    if (value >= end)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "%s is %zu, but there are %zu", name, value, end);
    *out = value;
    return VTR_OK;
}

vtr_status view_argument_position(size_t position[2], bool *has, const view_session *session,
                                  const view_request *request, vtr_error *err)
{
    *has = view_argument(request, "y") != NULL || view_argument(request, "x") != NULL;
    if (!*has) return VTR_OK;
    vtr_status status = view_argument_index(&position[0], request, "y", session->n_y, err);
    return status == VTR_OK ? view_argument_index(&position[1], request, "x", session->n_x, err) : status;
}

vtr_status view_argument_region(vtr_region *region, const view_session *session, const view_request *request,
                                vtr_error *err)
{
    char text[512];
    const char *given = view_argument(request, "region");
    *region = (vtr_region){0};
    if (given == NULL) return VTR_OK;
    /* a mask is a file, and no file is read but those that are shown */
    if (strstr(given, "mask:") != NULL)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "a region of the viewer is a shape or a condition, not a mask");
    int n = snprintf(text, sizeof text, "region=%s", given);
    if (n < 0 || (size_t)n >= sizeof text)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "the region's text is too long");
    return vtr_region_parse(region, text, session->map, session->n_y, session->n_x, err);
}
