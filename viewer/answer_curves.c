/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"

/* A cube of curves [scan_y][scan_x][n] of the map file with its axis. */
typedef struct curve {
    const char *group, *values, *errors, *axis, *title, *x_label, *y_label;
    bool is_variance; /* what stands in `errors` is squared */
} curve;

static const curve curves[] = {
    {"profile", "intensity", "variance", "k", "I(k)", "k = 1/d", "counts per px", true},
    {"pdf", "F", "F_errors", "Q", "F(Q)", "Q = 2\u03c0k (1/\u00c5)", "F (1/\u00c5)", false},
    {"pdf", "G", "G_errors", "r", "G(r)", "r (\u00c5)", "G (1/\u00c5\u00b2)", false},
};

static bool exists(const view_session *s, const curve *c, size_t *n)
{
    size_t rank, shape[8];
    if (s->map == NULL || !vtr_mapfile_has(s->map, c->group, c->values) ||
        !vtr_mapfile_has(s->map, c->group, c->axis))
        return false;
    if (vtr_mapfile_shape(s->map, c->group, c->values, &rank, shape, NULL, NULL) != VTR_OK) return false;
    *n = shape[2];
    return rank == 3 && shape[0] == s->n_y && shape[1] == s->n_x;
}

/* Values and errors [m][n] of m successive positions of a row. */
static vtr_status read_row(float *values, float *errors, const view_session *s, const curve *c,
                           const size_t position[2], size_t m, size_t n, vtr_error *err)
{
    const size_t start[3] = {position[0], position[1], 0}, count[3] = {1, m, n};
    vtr_status status =
        vtr_mapfile_read_block(s->map, c->group, c->values, VTR_TYPE_F32, 3, start, count, values, err);
    bool has_errors = status == VTR_OK && vtr_mapfile_has(s->map, c->group, c->errors);
    if (has_errors)
        status =
            vtr_mapfile_read_block(s->map, c->group, c->errors, VTR_TYPE_F32, 3, start, count, errors, err);
    for (size_t i = 0; i < m * n; i++)
        errors[i] = !has_errors ? NAN : c->is_variance ? sqrtf(errors[i]) : errors[i];
    return status;
}

/* Sums over the region's positions in a row that have data: of values, squared errors, positions, [3][n]. */
static void add_row(double *sums, const float *values, const float *errors, const unsigned char *member,
                    size_t m, size_t n)
{
    for (size_t x = 0; x < m; x++)
        for (size_t i = 0; member[x] != 0 && i < n; i++) {
            double value = values[x * n + i], error = errors[x * n + i];
            if (!isfinite(value)) continue;
            sums[i] += value;
            sums[n + i] += error * error;
            sums[2 * n + i] += 1;
        }
}

/* The mean over a region's positions with data, each with the same weight, into out [2][n]; their errors taken as
 * independent. */
static vtr_status read_mean(float *out, const view_session *s, const curve *c, const vtr_region *region,
                            size_t n, vtr_error *err)
{
    float *values = malloc(s->n_x * n * sizeof *values), *errors = malloc(s->n_x * n * sizeof *errors);
    double *sums = calloc(3 * n, sizeof *sums);
    vtr_status status = VTR_OK;
    if (values == NULL || errors == NULL || sums == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "no memory for a mean curve");
    for (size_t y = 0; status == VTR_OK && y < s->n_y; y++) {
        const unsigned char *member = region->member + y * s->n_x;
        if (memchr(member, 1, s->n_x) == NULL) continue;
        status = read_row(values, errors, s, c, (const size_t[2]){y, 0}, s->n_x, n, err);
        if (status == VTR_OK) add_row(sums, values, errors, member, s->n_x, n);
    }
    for (size_t i = 0; status == VTR_OK && i < n; i++) {
        out[i] = (float)(sums[i] / sums[2 * n + i]);
        out[n + i] = (float)(sqrt(sums[n + i]) / sums[2 * n + i]);
    }
    free(values);
    free(errors);
    free(sums);
    return status;
}

/* Axis, values and errors of one curve, one after the other in `out` [3][n]. */
static vtr_status read_curve(float *out, const view_session *s, const curve *c, const size_t position[2],
                             const vtr_region *region, size_t n, vtr_error *err)
{
    vtr_status status = vtr_mapfile_read(s->map, c->group, c->axis, VTR_TYPE_F32, n, out, err);
    if (status != VTR_OK) return status;
    return region->n > 0 ? read_mean(out + n, s, c, region, n, err)
                         : read_row(out + n, out + 2 * n, s, c, position, 1, n, err);
}

static void describe(FILE *out, const view_session *s, const curve *c, size_t n, const char *before)
{
    char unit[32] = "", label[64];
    /* the profile's axis is in px where k is not known */
    if (vtr_mapfile_read_text(s->map, c->group, c->axis, "units", unit, sizeof unit, NULL) != VTR_OK)
        unit[0] = '\0';
    bool is_profile = strcmp(c->axis, "k") == 0, is_px = is_profile && strcmp(unit, "px") == 0;
    snprintf(label, sizeof label, "%s%s", is_px ? "radius (px)" : c->x_label,
             is_profile && !is_px ? " (1/\u00c5)" : "");
    fprintf(out, "%s{\"title\": \"%s\", \"x_label\": \"%s\", \"y_label\": \"%s\", \"n\": %zu}", before,
            c->title, label, c->y_label, n);
}

vtr_status view_answer_curves(view_answer *answer, view_session *session, const view_request *request,
                              vtr_error *err)
{
    enum { N = sizeof curves / sizeof *curves };
    size_t position[2] = {0, 0}, n_curves = 0, n = 0;
    bool is_one = false;
    vtr_region region = {0};
    vtr_status status = view_argument_position(position, &is_one, session, request, err);
    if (status == VTR_OK) status = view_argument_region(&region, session, request, err);
    if (status == VTR_OK && !is_one && region.n == 0)
        status = vtr_fail(err, VTR_ERR_ARGUMENT, "y and x are missing");
    view_text text = {0};
    if (status == VTR_OK) status = view_text_begin(&text, err);
    if (status != VTR_OK) {
        vtr_region_release(&region);
        return status;
    }
    view_array arrays[N];
    float *data[N] = {NULL};
    fputs("{\"curves\": [", text.out);
    for (size_t i = 0; status == VTR_OK && i < N; i++) {
        if (!exists(session, &curves[i], &n)) continue;
        float *values = data[n_curves] = malloc(3 * n * sizeof *values);
        status = values == NULL ? vtr_fail(err, VTR_ERR_MEMORY, "no memory for a curve")
                                : read_curve(values, session, &curves[i], position, &region, n, err);
        describe(text.out, session, &curves[i], n, n_curves > 0 ? ", " : "");
        arrays[n_curves++] = (view_array){values, 3 * n * sizeof *values};
    }
    fputs("]}", text.out);
    if (status == VTR_OK)
        status = view_answer_arrays(answer, &text, arrays, n_curves, err);
    else
        view_text_discard(&text);
    for (size_t i = 0; i < n_curves; i++)
        free(data[i]);
    vtr_region_release(&region);
    return status;
}
