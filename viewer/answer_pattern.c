/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "vitrail/ring_map.h"

/* The ring as it was fitted at a position, its W as in vitrail/ring.h; null where there is none. */
static void put_ellipse(FILE *out, const vtr_mapfile *map, const size_t position[2])
{
    double e[VTR_RING_MAP_ELLIPSE_N], radius;
    const size_t start[3] = {position[0], position[1], 0}, count[3] = {1, 1, VTR_RING_MAP_ELLIPSE_N};
    fputs(", \"ellipse\": ", out);
    bool is_there =
        map != NULL &&
        vtr_mapfile_read_block(map, "ring", "ellipse", VTR_TYPE_F64, 3, start, count, e, NULL) == VTR_OK &&
        vtr_mapfile_read_numbers(map, "ring", NULL, "radius", 1, &radius, NULL) == VTR_OK;
    for (int i = 0; is_there && i < VTR_RING_MAP_ELLIPSE_N; i++)
        is_there = isfinite(e[i]);
    if (is_there)
        fprintf(out,
                "{\"centre_px\": [%.9g, %.9g], \"wxx\": %.9g, \"wyy\": %.9g, \"wxy\": %.9g, \"radius_px\": "
                "%.9g}",
                e[0], e[1], e[2], e[3], e[4], radius);
    else
        fputs("null", out);
}

static void put_range(FILE *out, const float *values, size_t n)
{
    double low = INFINITY, high = -INFINITY, sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(values[i])) continue;
        low = fmin(low, values[i]);
        high = fmax(high, values[i]);
        sum += values[i];
    }
    fputs(", \"minimum\": ", out);
    cli_json_number(out, low);
    fputs(", \"maximum\": ", out);
    cli_json_number(out, high);
    fputs(", \"sum\": ", out);
    cli_json_number(out, sum);
}

static vtr_status read_mean(float *values, view_session *s, vtr_error *err)
{
    size_t n = s->det_y * s->det_x;
    if (s->map != NULL && vtr_mapfile_has(s->map, "mean", "mean"))
        return vtr_mapfile_read(s->map, "mean", "mean", VTR_TYPE_F32, n, values, err);
    if (s->calibration == NULL) {
        double centre_px[2];
        const float *mean = NULL;
        vtr_status status = view_session_sample(&mean, centre_px, s, err);
        if (status == VTR_OK) memcpy(values, mean, n * sizeof *values);
        return status;
    }
    for (size_t i = 0; i < n; i++)
        values[i] = (float)s->calibration->mean[i];
    return VTR_OK;
}

/* Of a large region so many patterns, evenly spread, so that its mean is there in a second or two. */
enum { MOST_AVERAGED = 4096 };

/* The mean over the positions of a region that the recording has; *n is how many were read. */
static vtr_status read_region(float *values, size_t *n, view_session *s, const vtr_region *region,
                              vtr_error *err)
{
    size_t n_pixels = s->det_y * s->det_x, there = vtr_dataset_get_info(s->recording)->n_frames, seen = 0;
    size_t step = (region->n + MOST_AVERAGED - 1) / MOST_AVERAGED;
    double *sum = calloc(n_pixels, sizeof *sum);
    vtr_status status = sum == NULL ? vtr_fail(err, VTR_ERR_MEMORY, "no memory for a mean pattern") : VTR_OK;
    *n = 0;
    for (size_t p = 0; status == VTR_OK && p < s->n_y * s->n_x && p < there; p++) {
        if (region->member[p] == 0 || seen++ % step != 0) continue;
        if (view_session_is_cancelled(s)) status = vtr_fail(err, VTR_ERR_INTERRUPTED, "the viewer ends");
        if (status == VTR_OK) status = vtr_dataset_read_f32(s->recording, p, 1, values, err);
        for (size_t i = 0; status == VTR_OK && i < n_pixels; i++)
            sum[i] += (double)values[i];
        *n += 1;
    }
    if (status == VTR_OK && *n == 0)
        status = vtr_fail(err, VTR_ERR_NO_DATA, "the recording ends before the region");
    for (size_t i = 0; status == VTR_OK && i < n_pixels; i++)
        values[i] = (float)(sum[i] / (double)*n);
    free(sum);
    return status;
}

static vtr_status read_pattern(float *values, size_t *n, view_session *s, const size_t position[2],
                               bool is_one, const vtr_region *region, vtr_error *err)
{
    if (!is_one && region->n == 0) return read_mean(values, s, err);
    if (s->recording != NULL && region->n > 0) return read_region(values, n, s, region, err);
    if (s->recording == NULL)
        return vtr_fail(err, VTR_ERR_NOT_FOUND, "patterns come with the recording; give it beside '%s'",
                        s->map_path);
    return vtr_dataset_read_f32(s->recording, position[0] * s->n_x + position[1], 1, values, err);
}

vtr_status view_answer_pattern(view_answer *answer, view_session *session, const view_request *request,
                               vtr_error *err)
{
    size_t position[2] = {0, 0}, n = session->det_y * session->det_x, n_averaged = 0;
    bool is_one = false;
    vtr_region region = {0};
    vtr_status status = view_argument_position(position, &is_one, session, request, err);
    if (status == VTR_OK && n == 0) status = vtr_fail(err, VTR_ERR_NOT_FOUND, "no patterns");
    if (status == VTR_OK) status = view_argument_region(&region, session, request, err);
    if (status != VTR_OK) return status;
    view_text text = {0};
    float *values = malloc(n * sizeof *values);
    status = values == NULL ? vtr_fail(err, VTR_ERR_MEMORY, "no memory for a pattern")
                            : read_pattern(values, &n_averaged, session, position, is_one, &region, err);
    if (status == VTR_OK) status = view_text_begin(&text, err);
    if (status == VTR_OK) {
        fprintf(text.out, "{\"det_y\": %zu, \"det_x\": %zu", session->det_y, session->det_x);
        put_range(text.out, values, n);
        if (n_averaged > 0) fprintf(text.out, ", \"averaged\": %zu", n_averaged);
        if (is_one) put_ellipse(text.out, session->map, position);
        fputc('}', text.out);
        const view_array array = {values, n * sizeof *values};
        status = view_answer_arrays(answer, &text, &array, 1, err);
    }
    free(values);
    vtr_region_release(&region);
    return status;
}

vtr_status view_answer_mask(view_answer *answer, view_session *session, const view_request *request,
                            vtr_error *err)
{
    (void)request;
    size_t n = session->det_y * session->det_x;
    char *used = malloc(n > 0 ? n : 1);
    if (used == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "no memory for the mask");
    for (size_t i = 0; i < n; i++)
        used[i] = session->calibration == NULL || session->calibration->mask[i] == 0;
    *answer = (view_answer){200, "application/octet-stream", used, n, false};
    return VTR_OK;
}
