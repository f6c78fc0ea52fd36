/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "pdf/pdf_internal.h"
#include "vitrail/constants.h"

/* A maximum of the shells counts from this part of the first one's height on. */
static const double least_prominence = 0.1;

static size_t nearest(size_t n, const double *r, double at)
{
    size_t i = 0;
    while (i + 1 < n && fabs(r[i + 1] - at) <= fabs(r[i] - at))
        i++;
    return i;
}

/* Uphill from i. */
static size_t climb(size_t n, const double *G, size_t i)
{
    for (;;) {
        if (i + 1 < n && G[i + 1] > G[i])
            i++;
        else if (i > 0 && G[i - 1] > G[i])
            i--;
        else
            return i;
    }
}

/* The lowest point on the way out from a maximum at i, up to where G rises again by `rise`; *end is there. */
static size_t valley(size_t n, const double *G, size_t i, double rise, size_t *end)
{
    size_t low = i;
    for (*end = i + 1; *end < n && G[*end] < G[low] + rise; ++*end)
        if (G[*end] < G[low]) low = *end;
    return low;
}

static size_t inner_valley(const double *G, size_t i, double rise)
{
    size_t low = i;
    for (size_t j = i; j-- > 0 && G[j] < G[low] + rise;)
        if (G[j] < G[low]) low = j;
    return low;
}

/* The top of the rise that starts at i: before G falls again by `fall`. */
static size_t top(size_t n, const double *G, size_t i, double fall)
{
    size_t high = i;
    for (; i < n && G[i] > G[high] - fall; i++)
        if (G[i] > G[high]) high = i;
    return i < n ? high : n;
}

size_t vtr_pdf_find_shells(size_t n_r, const double *r, const double *G, double first_peak, size_t n_shells,
                           double (*ranges)[2])
{
    size_t found = 0;
    if (n_r < 3 || !isfinite(first_peak)) return 0;
    size_t peak = climb(n_r, G, nearest(n_r, r, first_peak)), low, end;
    double step = least_prominence * G[peak];
    if (!(step > 0)) return 0;
    low = inner_valley(G, peak, step);
    while (found < n_shells && peak < n_r) {
        ranges[found][0] = r[low];
        low = valley(n_r, G, peak, step, &end);
        ranges[found++][1] = r[low];
        peak = end < n_r ? top(n_r, G, end, step) : n_r;
    }
    return found;
}

/* Weight of point i in the integral over [lo, hi] of what is a straight line between points. */
static double weight(const double *r, size_t n, size_t i, double lo, double hi)
{
    double sum = 0;
    for (int side = -1; side <= 1; side += 2) {
        if ((side < 0 && i == 0) || (side > 0 && i + 1 == n)) continue;
        double other = r[side < 0 ? i - 1 : i + 1], width = fabs(other - r[i]);
        double a = fmin(fmax(side < 0 ? other : r[i], lo), hi),
               b = fmin(fmax(side < 0 ? r[i] : other, lo), hi);
        double at_middle = 1 - fabs((a + b) / 2 - r[i]) / width;
        sum += (b - a) * at_middle;
    }
    return sum;
}

vtr_status vtr_pdf_coordination(const vtr_pdf *pdf, double lo, double hi, double *number, double *error,
                                vtr_error *err)
{
    size_t n = pdf->n_q;
    if (pdf->R == NULL)
        return vtr_fail(err, VTR_ERR_NO_DATA,
                        "a coordination number needs the density: give it, or more of the range");
    if (!(hi > lo) || lo < pdf->r[0] || hi > pdf->r[pdf->n_r - 1])
        return vtr_fail(err, VTR_ERR_RANGE, "coordination from %g to %g Å: the distances run from %g to %g Å",
                        lo, hi, pdf->r[0], pdf->r[pdf->n_r - 1]);
    double sum = 0, variance = 0, on_density = 0;
    for (size_t i = 0; i < pdf->n_r; i++) {
        double w = weight(pdf->r, pdf->n_r, i, lo, hi);
        sum += w * pdf->R[i];
        on_density += w * 4 * VTR_PI * pdf->r[i] * pdf->r[i];
    }
    for (size_t j = 0; pdf->sensitivity != NULL && j < n; j++) {
        double d = on_density * pdf->density_sensitivity[j];
        for (size_t i = 0; i < pdf->n_r; i++)
            if (pdf->r[i] > lo - 1 && pdf->r[i] < hi + 1)
                d += weight(pdf->r, pdf->n_r, i, lo, hi) * pdf->r[i] * pdf->sensitivity[i * n + j];
        variance += d * d;
    }
    *number = sum;
    *error = pdf->sensitivity != NULL ? sqrt(variance) : NAN;
    return VTR_OK;
}

double vtr_pdf_shared_atoms_distance(double first_peak, int n_shared)
{
    static const double ratio_squared[] = {4, 3, 8.0 / 3};
    return n_shared >= 1 && n_shared <= 3 ? first_peak * sqrt(ratio_squared[n_shared - 1]) : NAN;
}
