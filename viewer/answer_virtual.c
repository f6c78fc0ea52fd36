/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "vitrail/virtual.h"

/* One image is made at a time: a newer request ends the one before, whose detector has been moved on, and waits for its end.
 * Two hundred at once would each take their threads and room. */
typedef struct turn {
    view_session *session;
    unsigned long number;
} turn;

static unsigned long take_turn(view_session *s)
{
    pthread_mutex_lock(&s->lock);
    unsigned long number = ++s->virtual_turn;
    pthread_mutex_unlock(&s->lock);
    return number;
}

static bool is_overtaken(void *user)
{
    const turn *t = user;
    pthread_mutex_lock(&t->session->lock);
    bool is_it = t->session->virtual_turn != t->number || t->session->is_closing;
    pthread_mutex_unlock(&t->session->lock);
    return is_it;
}

/* How far it is, for view_answer_progress. */
static void note(void *user, const char *task, double done, double total, const char *unit)
{
    (void)task;
    (void)unit;
    const turn *t = user;
    pthread_mutex_lock(&t->session->lock);
    if (t->session->virtual_turn == t->number) t->session->virtual_done = total > 0 ? done / total : 1;
    pthread_mutex_unlock(&t->session->lock);
}

/* Between positions that were left out the image is empty: what is there comes as a smaller image. */
static vtr_status describe(view_text *text, const view_session *s, size_t stride, size_t n_pixels,
                           vtr_error *err)
{
    vtr_status status = view_text_begin(text, err);
    if (status != VTR_OK) return status;
    cli_quantity q = {.group = "virtual",
                      .name = "detector",
                      .n_y = (s->n_y + stride - 1) / stride,
                      .n_x = (s->n_x + stride - 1) / stride,
                      .step_nm = {s->step_nm[0] * (double)stride, s->step_nm[1] * (double)stride},
                      .symbol = "virtual detector",
                      .unit = "counts",
                      .factor = 1};
    fputc('{', text->out);
    view_describe_map(text->out, &q);
    fprintf(text->out, ", \"has_errors\": false, \"stride\": %zu, \"n_pixels\": %zu}", stride, n_pixels);
    return VTR_OK;
}

vtr_status view_answer_virtual(view_answer *answer, view_session *session, const view_request *request,
                               vtr_error *err)
{
    const char *detector_text = view_argument(request, "detector");
    vtr_virtual detector;
    size_t stride = 1, n_pixels = 0;
    if (session->recording == NULL)
        return vtr_fail(err, VTR_ERR_NOT_FOUND, "virtual detectors need the recording; give it beside '%s'",
                        session->map_path);
    if (detector_text == NULL) return vtr_fail(err, VTR_ERR_ARGUMENT, "detector is missing");
    vtr_status status = vtr_virtual_parse(&detector, detector_text, err);
    if (status == VTR_OK && view_argument(request, "stride") != NULL)
        status = view_argument_index(&stride, request, "stride", 100000, err);
    if (status == VTR_OK && stride == 0) status = vtr_fail(err, VTR_ERR_ARGUMENT, "a stride of 0");
    if (status != VTR_OK) return status;
    size_t n = ((session->n_y + stride - 1) / stride) * ((session->n_x + stride - 1) / stride);
    float *image = malloc((n > 0 ? n : 1) * sizeof *image);
    if (image == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "no memory for an image");
    turn t = {session, take_turn(session)};
    const vtr_progress progress = {.report = note, .cancelled = is_overtaken, .user = &t};
    pthread_mutex_lock(&session->making);
    status = is_overtaken(&t) ? vtr_fail(err, VTR_ERR_INTERRUPTED, "interrupted")
                              : vtr_virtual_image(image, &n_pixels, session->recording, session->calibration,
                                                  &detector, stride, session->threads, &progress, err);
    pthread_mutex_unlock(&session->making);
    view_text text = {0};
    if (status == VTR_OK) status = describe(&text, session, stride, n_pixels, err);
    const view_array array = {image, n * sizeof *image};
    if (status == VTR_OK) status = view_answer_arrays(answer, &text, &array, 1, err);
    free(image);
    return status;
}

vtr_status view_answer_progress(view_answer *answer, view_session *session, const view_request *request,
                                vtr_error *err)
{
    (void)request;
    view_text text;
    vtr_status status = view_text_begin(&text, err);
    if (status != VTR_OK) return status;
    pthread_mutex_lock(&session->lock);
    double done = session->virtual_done;
    pthread_mutex_unlock(&session->lock);
    fputs("{\"virtual\": ", text.out);
    cli_json_number(text.out, done);
    fputs("}\n", text.out);
    return view_answer_json(answer, &text, err);
}
