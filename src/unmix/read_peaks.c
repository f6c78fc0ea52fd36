/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Peaks of a G(r), read off as one reads them off a figure: highest points, half heights, the bend of a shoulder. Each is a
 * place where a local polynomial, linear in the points, meets a condition; so errors are those of a linear function. */
#include <math.h>
#include <string.h>

#include "unmix/read_internal.h"

static const double first_range[2] = {1.2, 3.4};    /* Å */
static const double second_range[2] = {1.35, 2.05}; /* of the first distance */
static const double shoulder_range[2] = {0.3, 1.2}; /* Å beyond the second peak */
static const double shoulder_reach = 0.6;           /* Å, of the polynomial */
static const double second_reach = 0.25;
static const double farthest_half = 1.2;                 /* Å from a peak, where G has fallen to half */
static const double width_to_fwhm = 2.35482004503094938; /* 2 sqrt(2 ln 2) */

enum { POSITION, HEIGHT, FWHM, N_READ };

typedef struct curve {
    const vtr_unmix_pdf *pdf;
    size_t n;
    const double *r, *G, *errors;
    double *row[N_READ]; /* [n], how the numbers of a peak move with G */
    double *G_whole;     /* [n], with the part below qmin */
} curve;

static double row_error(const curve *c, const double *row)
{
    return c->errors != NULL ? vtr_read_row_error(c->pdf, c->n, c->r, c->errors, row) : NAN;
}

/* Index of the highest maximum of y inside [lo, hi]; n without one. */
static size_t highest(const curve *c, const double *y, double lo, double hi)
{
    size_t top = c->n;
    for (size_t i = 1; i + 1 < c->n; i++)
        if (c->r[i] >= lo && c->r[i] <= hi && y[i] > y[i - 1] && y[i] >= y[i + 1] && y[i] > 0 &&
            (top == c->n || y[i] > y[top]))
            top = i;
    return top;
}

/* Where y has fallen to `level` on one side of `top`; NAN beyond the farthest half. */
static double fall(const curve *c, const double *y, size_t top, int side, double level)
{
    for (size_t i = top; i > 0 && i + 1 < c->n && fabs(c->r[i] - c->r[top]) < farthest_half;) {
        size_t next = side < 0 ? i - 1 : i + 1;
        if (y[next] < level) return c->r[i] + (y[i] - level) / (y[i] - y[next]) * (c->r[next] - c->r[i]);
        i = next;
    }
    return NAN;
}

/* The top of the polynomial about a maximum: position and height with their rows. */
static bool read_top(curve *c, const double *y, size_t top, double reach, vtr_unmix_peak *peak)
{
    read_local local;
    double at = c->r[top];
    for (int round = 0; round < 3; round++) {
        if (!vtr_read_local(&local, c->n, c->r, y, at, reach, 4)) return false;
        for (int i = 0; i < 20; i++) {
            double bend = vtr_read_local_at(&local, 2, at);
            if (!(bend < 0)) return false;
            at -= vtr_read_local_at(&local, 1, at) / bend;
            if (!(fabs(at - local.centre) < reach)) return false;
        }
    }
    peak->position = at;
    peak->height = vtr_read_local_at(&local, 0, at);
    vtr_read_local_row(&local, 1, at, -1 / vtr_read_local_at(&local, 2, at), c->row[POSITION]);
    vtr_read_local_row(&local, 0, at, 1, c->row[HEIGHT]);
    return true;
}

/* Adds to the width the place where y is half of the height, a cubic about its guess. */
static bool read_half(curve *c, const double *y, double guess, double reach, int side, vtr_unmix_peak *peak)
{
    read_local local;
    double at = guess;
    if (!vtr_read_local(&local, c->n, c->r, y, guess, reach, 3)) return false;
    for (int i = 0; i < 30; i++)
        at -= (vtr_read_local_at(&local, 0, at) - peak->height / 2) / vtr_read_local_at(&local, 1, at);
    if (!(fabs(at - guess) < reach)) return false;
    double slope = vtr_read_local_at(&local, 1, at);
    peak->fwhm += side * at;
    vtr_read_local_row(&local, 0, at, -side / slope, c->row[FWHM]);
    for (size_t i = 0; i < c->n; i++)
        c->row[FWHM][i] += side * c->row[HEIGHT][i] / (2 * slope);
    return true;
}

static void clear(curve *c, vtr_unmix_peak *peak)
{
    *peak = (vtr_unmix_peak){NAN, NAN, NAN, NAN, NAN, NAN, {NAN, NAN}, {NAN, NAN}};
    for (int k = 0; k < N_READ; k++)
        memset(c->row[k], 0, c->n * sizeof(double));
}

static void finish(const curve *c, vtr_unmix_peak *peak)
{
    peak->position_error = row_error(c, c->row[POSITION]);
    peak->height_error = row_error(c, c->row[HEIGHT]);
    peak->fwhm_error = isfinite(peak->fwhm) ? row_error(c, c->row[FWHM]) : NAN;
    for (int side = 0; side < 2; side++) {
        peak->position_range[side] = peak->position;
        peak->fwhm_range[side] = peak->fwhm;
    }
}

/* `reach` of the top's polynomial; 0: half of the full width. */
static bool read_peak(curve *c, const double *y, size_t top, double reach, vtr_unmix_peak *peak)
{
    clear(c, peak);
    if (top == c->n) return false;
    double lo = fall(c, y, top, -1, y[top] / 2), hi = fall(c, y, top, 1, y[top] / 2), width = hi - lo;
    if (reach == 0 && !isfinite(width)) return false;
    if (!read_top(c, y, top, reach > 0 ? reach : width / 2, peak)) return false;
    peak->fwhm = 0;
    if (!isfinite(width) || !read_half(c, y, lo, width / 4, -1, peak) ||
        !read_half(c, y, hi, width / 4, 1, peak))
        peak->fwhm = NAN;
    finish(c, peak);
    return true;
}

/* Second derivative of the polynomial about a place, there; times `factor` to `row` unless NULL. NAN: too few points. */
static double bend(const curve *c, double at, double factor, double *row)
{
    read_local local;
    if (!vtr_read_local(&local, c->n, c->r, c->G, at, shoulder_reach, READ_DEGREE)) return NAN;
    if (row != NULL) vtr_read_local_row(&local, 2, at, factor, row);
    return vtr_read_local_at(&local, 2, at);
}

/* The lowest minimum of the second derivative among the points of the range; NAN without one. */
static double find_shoulder(const curve *c, double lo, double hi)
{
    double before = NAN, here = NAN, lowest = 0, at = NAN;
    for (size_t i = 0; i < c->n && c->r[i] <= hi; i++) {
        if (c->r[i] < lo) continue;
        double next = bend(c, c->r[i], 0, NULL);
        if (here < before && here <= next && here < lowest) {
            lowest = here;
            at = c->r[i - 1];
        }
        before = here;
        here = next;
    }
    return at;
}

static bool read_shoulder(curve *c, double second, vtr_unmix_peak *peak)
{
    read_local local;
    double at = find_shoulder(c, second + shoulder_range[0], second + shoulder_range[1]), step = 0.02,
           curving = NAN;
    clear(c, peak);
    for (int i = 0; i < 10; i++) {
        double left = bend(c, at - step, 0, NULL), right = bend(c, at + step, 0, NULL);
        curving = (left - 2 * bend(c, at, 0, NULL) + right) / (step * step);
        if (!(curving > 0)) return false;
        at -= fmax(-step, fmin(step, (right - left) / (2 * step) / curving));
    }
    bend(c, at + step, -1 / (2 * step * curving), c->row[POSITION]);
    bend(c, at - step, 1 / (2 * step * curving), c->row[POSITION]);
    if (!vtr_read_local(&local, c->n, c->r, c->G, at, shoulder_reach, READ_DEGREE)) return false;
    peak->position = at;
    peak->height = vtr_read_local_at(&local, 0, at);
    vtr_read_local_row(&local, 0, at, 1, c->row[HEIGHT]);
    finish(c, peak);
    return true;
}

/* The first peak of G with the window taken out and the part below qmin, its width less that of the range's end. */
static vtr_status read_intrinsic(curve *c, vtr_unmix_peak *peak, bool *has_it, vtr_error *err)
{
    read_window *w = NULL;
    *has_it = false;
    clear(c, peak);
    if (!(c->pdf->qmax > 0) || !(c->pdf->qmin < c->pdf->qmax)) return VTR_OK;
    vtr_status status = vtr_read_window_open(&w, c->pdf, c->n, c->r, err);
    if (status != VTR_OK) return status;
    vtr_read_window_remove(w, c->G, c->G_whole);
    size_t top = highest(c, c->G_whole, first_range[0], first_range[1]);
    double spread = NAN, slope = NAN;
    if (read_peak(c, c->G_whole, top, 0, peak)) spread = vtr_read_window_spread(w, peak->fwhm, &slope);
    if (isfinite(spread)) {
        double raise = vtr_read_window_raise(w, spread);
        for (int k = 0; k < N_READ; k++)
            vtr_read_window_row(w, c->row[k]);
        peak->fwhm = spread * width_to_fwhm;
        peak->height *= raise;
        finish(c, peak);
        peak->fwhm_error *= slope * width_to_fwhm;
        peak->height_error *= raise;
        *has_it = true;
    } else
        clear(c, peak);
    vtr_read_window_close(w);
    return VTR_OK;
}

static vtr_status check(const vtr_unmix_pdf *pdf, size_t *first, size_t *n, vtr_error *err)
{
    size_t i = 0;
    while (i < pdf->n_r && !isfinite(pdf->G[i]))
        i++;
    *first = i;
    while (i < pdf->n_r && isfinite(pdf->G[i]) && (i == *first || pdf->r[i] > pdf->r[i - 1]))
        i++;
    *n = i - *first;
    while (i < pdf->n_r && !isfinite(pdf->G[i]))
        i++;
    if (*n < 10 || i < pdf->n_r)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "a component's peaks need 10 or more distances in increasing order without gaps");
    return VTR_OK;
}

static vtr_status read_all(vtr_unmix_peaks *out, curve *c, vtr_error *err)
{
    vtr_unmix_peaks found = {.has_second = false};
    if (!read_peak(c, c->G, highest(c, c->G, first_range[0], first_range[1]), 0, &found.first))
        return vtr_fail(err, VTR_ERR_NOT_FOUND, "G has no first peak between %g and %g Å", first_range[0],
                        first_range[1]);
    double first = found.first.position;
    size_t top = highest(c, c->G, second_range[0] * first, second_range[1] * first);
    found.has_second = read_peak(c, c->G, top, second_reach, &found.second);
    clear(c, &found.shoulder);
    if (found.has_second) found.has_shoulder = read_shoulder(c, found.second.position, &found.shoulder);
    vtr_status status = read_intrinsic(c, &found.intrinsic, &found.has_intrinsic, err);
    if (status != VTR_OK) return status;
    for (int shared = 1; shared <= 3; shared++)
        found.expected[shared - 1] = vtr_pdf_shared_atoms_distance(first, shared);
    *out = found;
    return VTR_OK;
}

vtr_status vtr_unmix_peaks_read(vtr_unmix_peaks *out, const vtr_unmix_pdf *pdf, vtr_error *err)
{
    size_t first, n;
    vtr_status status = check(pdf, &first, &n, err);
    if (status != VTR_OK) return status;
    double *rows = vtr_malloc((N_READ + 1) * n, sizeof *rows);
    if (rows == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the peaks of a component");
    curve c = {pdf,
               n,
               pdf->r + first,
               pdf->G + first,
               pdf->errors != NULL ? pdf->errors + first : NULL,
               {rows, rows + n, rows + 2 * n},
               rows + N_READ * n};
    status = read_all(out, &c, err);
    vtr_free(rows);
    return status;
}
