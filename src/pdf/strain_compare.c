/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "pdf/strain_internal.h"
#include "vitrail/constants.h"

/* --- the line ----------------------------------------------------------------------------------------------- */

typedef struct point {
    double x, y, wx, wy; /* weights: 1/variance */
} point;

static size_t take_points(point *points, size_t n, const float *x, const float *x_error, const float *y,
                          const float *y_error)
{
    size_t taken = 0;
    for (size_t i = 0; i < n; i++) {
        double ex = x_error[i], ey = y_error[i];
        if (isfinite(x[i]) && isfinite(y[i]) && ex > 0 && ey > 0 && isfinite(ex) && isfinite(ey))
            points[taken++] = (point){x[i], y[i], 1 / (ex * ex), 1 / (ey * ey)};
    }
    return taken;
}

static double correlation(const point *points, size_t n, double *slope)
{
    double x = 0, y = 0, xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < n; i++) {
        x += points[i].x / (double)n;
        y += points[i].y / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        xx += (points[i].x - x) * (points[i].x - x);
        yy += (points[i].y - y) * (points[i].y - y);
        xy += (points[i].x - x) * (points[i].y - y);
    }
    *slope = xx > 0 ? xy / xx : 0;
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : NAN;
}

/* One step of York's iteration; also the variance of the slope and chi-squared at the given slope. */
static double york(const point *points, size_t n, double slope, double *variance, double *chi2)
{
    double sum = 0, x = 0, y = 0, up = 0, down = 0, mean = 0, spread = 0;
    *chi2 = 0;
#define WEIGHT(i) (points[i].wx * points[i].wy / (points[i].wx + slope * slope * points[i].wy))
    for (size_t i = 0; i < n; i++) {
        sum += WEIGHT(i);
        x += WEIGHT(i) * points[i].x;
        y += WEIGHT(i) * points[i].y;
    }
    x /= sum;
    y /= sum;
#define ADJUSTED(i)                                                                                          \
    (WEIGHT(i) * ((points[i].x - x) / points[i].wy + slope * (points[i].y - y) / points[i].wx))
    for (size_t i = 0; i < n; i++) {
        up += WEIGHT(i) * ADJUSTED(i) * (points[i].y - y);
        down += WEIGHT(i) * ADJUSTED(i) * (points[i].x - x);
        mean += WEIGHT(i) * ADJUSTED(i) / sum;
        double left = points[i].y - y - slope * (points[i].x - x);
        *chi2 += WEIGHT(i) * left * left;
    }
    for (size_t i = 0; i < n; i++)
        spread += WEIGHT(i) * (ADJUSTED(i) - mean) * (ADJUSTED(i) - mean);
#undef ADJUSTED
#undef WEIGHT
    *variance = 1 / spread;
    return up / down;
}

vtr_status pdf_line_with_errors(vtr_pdf_strain_comparison *out, size_t n, const float *x,
                                const float *x_error, const float *y, const float *y_error, vtr_error *err)
{
    point *points = vtr_malloc(n, sizeof *points);
    if (points == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory to compare %zu positions", n);
    double slope = 0, variance = NAN, chi2 = NAN;
    size_t taken = take_points(points, n, x, x_error, y, y_error);
    *out = (vtr_pdf_strain_comparison){taken, NAN, NAN, NAN};
    if (taken >= 10) {
        out->correlation = correlation(points, taken, &slope);
        for (int round = 0; round < 200; round++) {
            double next = york(points, taken, slope, &variance, &chi2), change = fabs(next - slope);
            slope = next;
            if (!(change > 1e-10 * fabs(slope))) break;
        }
        out->ratio = slope;
        out->ratio_error = sqrt(variance * fmax(1, chi2 / (double)(taken - 2)));
    }
    vtr_free(points);
    return VTR_OK;
}

/* --- with the ring ------------------------------------------------------------------------------------------ */

/* exx, eyy, exy of the ring [6][n] with errors, from the frame of /entry/strain back to that of the scan. */
static void turn_back(float *maps, size_t n, double axis_degrees)
{
    double c = cos(axis_degrees * VTR_RADIANS_PER_DEGREE), s = sin(axis_degrees * VTR_RADIANS_PER_DEGREE);
    const double m[3][3] = {
        {c * c, s * s, -2 * c * s}, {s * s, c * c, 2 * c * s}, {c * s, -c * s, c * c - s * s}};
    for (size_t p = 0; p < n; p++) {
        double e[3] = {0}, variance[3] = {0};
        for (size_t i = 0; i < 3; i++)
            for (size_t j = 0; j < 3; j++) {
                double error = m[i][j] * (double)maps[(2 * j + 1) * n + p];
                e[i] += m[i][j] * (double)maps[2 * j * n + p];
                variance[i] += error * error;
            }
        for (size_t i = 0; i < 3; i++) {
            maps[2 * i * n + p] = (float)e[i];
            maps[(2 * i + 1) * n + p] = (float)sqrt(variance[i]);
        }
    }
}

static vtr_status read_ring(float *maps, const pdf_strain *s, vtr_error *err)
{
    static const char *const names[6] = {"exx", "exx_errors", "eyy", "eyy_errors", "exy", "exy_errors"};
    size_t n = s->source.n_positions;
    double axis = 0;
    vtr_status status = vtr_mapfile_read_numbers(s->file, "strain", NULL, "axis", 1, &axis, err);
    for (size_t i = 0; status == VTR_OK && i < 6; i++)
        status = vtr_mapfile_read(s->file, "strain", names[i], VTR_TYPE_F32, n, maps + i * n, err);
    if (status == VTR_OK && axis != 0) turn_back(maps, n, axis);
    return status;
}

vtr_status pdf_strain_compare(vtr_pdf_strain_result *result, const pdf_strain *s, vtr_error *err)
{
    size_t n = s->source.n_positions;
    result->has_ring = vtr_mapfile_has(s->file, "strain", "exx");
    for (size_t i = 0; i < 3; i++)
        result->comparison[i] = (vtr_pdf_strain_comparison){0, NAN, NAN, NAN};
    if (!result->has_ring) return VTR_OK;
    float *maps = vtr_malloc(6 * n, sizeof *maps);
    if (maps == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the strain of the ring");
    vtr_status status = read_ring(maps, s, err);
    for (size_t i = 0; status == VTR_OK && i < 3; i++)
        status = pdf_line_with_errors(&result->comparison[i], n, maps + 2 * i * n, maps + (2 * i + 1) * n,
                                      s->maps[i], s->errors[i], err);
    vtr_free(maps);
    return status;
}
