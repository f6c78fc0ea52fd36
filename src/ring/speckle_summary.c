/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <lapacke.h>
#include <math.h>

#include "ring/speckle_internal.h"

/* Sets lags beyond `reach` px to zero. */
static void cut_lags(const speckle_measurement *m, double *lags, double reach)
{
    long l = (long)m->max_lag;
    for (long y = -l; y <= l; y++)
        for (long x = -l; x <= l; x++)
            if (hypot((double)x, (double)y) > reach) lags[(y + l) * (2 * l + 1) + x + l] = 0;
}

/* Mean of the lags with |D| in [d - 1/2, d + 1/2). */
static double ring_mean(const speckle_measurement *m, const double *lags, double d)
{
    long l = (long)m->max_lag;
    double sum = 0, n = 0;
    for (long y = -l; y <= l; y++)
        for (long x = -l; x <= l; x++) {
            double distance = hypot((double)x, (double)y);
            if (distance < d - 0.5 || distance >= d + 0.5) continue;
            sum += lags[(y + l) * (2 * l + 1) + x + l];
            n++;
        }
    return n > 0 ? sum / n : 0;
}

/* ln C = a + b D^2 by weighted least squares over lags 0 < |D| <= reach (and 0 where trusted); weights C^2. */
static int fit_gaussian(const speckle_measurement *m, const double *lags, double reach, double zero_weight,
                        double *height, double *slope)
{
    long l = (long)m->max_lag;
    double s0 = 0, s1 = 0, s2 = 0, t0 = 0, t1 = 0, centre = lags[l * (2 * l + 1) + l];
    for (long y = -l; y <= l; y++)
        for (long x = -l; x <= l; x++) {
            double d2 = (double)(x * x + y * y), c = lags[(y + l) * (2 * l + 1) + x + l];
            if (d2 > reach * reach || !(c > 0.15 * fabs(centre)) || !(c > 0)) continue;
            double w = c * c * (d2 == 0 ? zero_weight : 1), v = log(c);
            s0 += w;
            s1 += w * d2;
            s2 += w * d2 * d2;
            t0 += w * v;
            t1 += w * v * d2;
        }
    double determinant = s0 * s2 - s1 * s1;
    if (!(determinant > 0)) return -1;
    *slope = (s0 * t1 - s1 * t0) / determinant;
    *height = exp((t0 - *slope * s1) / s0);
    return *slope < 0 ? 0 : -1;
}

/* Distance at which the radial correlation falls through one half of `height`, in ln C against D^2. */
static double half_width(const speckle_measurement *m, const double *lags, double height)
{
    long l = (long)m->max_lag;
    double before = 0, before_value = height;
    for (long s2 = 1; s2 <= l * l; s2++) {
        double sum = 0, n = 0;
        for (long y = -l; y <= l; y++)
            for (long x = -l; x <= l; x++)
                if (x * x + y * y == s2) {
                    sum += lags[(y + l) * (2 * l + 1) + x + l];
                    n++;
                }
        if (n == 0) continue;
        double value = sum / n;
        if (value <= height / 2) {
            if (!(value > 0)) value = 1e-3 * height;
            double part = log(before_value / (height / 2)) / log(before_value / value);
            return sqrt(before + part * ((double)s2 - before));
        }
        before = (double)s2;
        before_value = value;
    }
    return NAN;
}

/* The lag beyond which the correlation is below its own noise for good. */
static double choose_reach(const speckle_measurement *m, const double *lags, double height, double noise)
{
    for (size_t d = 1; d < m->max_lag; d++) {
        double per_ring = noise / sqrt(2 * 3.14159 * (double)d);
        double here = ring_mean(m, lags, (double)d), next = ring_mean(m, lags, (double)d + 1);
        double least = fmax(2 * per_ring, 0.01 * height);
        if (here < least && next < least) return (double)d;
    }
    return (double)m->max_lag;
}

static void flat_contrast(vtr_speckle *out)
{
    for (int k = 0; k < VTR_SPECKLE_NODES; k++)
        out->radial[k] = 1;
}

/* The contrast's course with the radius: least squares for its values at the nodes, linear between, held smooth by
 * second differences expected to be a tenth of the contrast. The noise is believed to 2 %. */
static void radial_contrast(const speckle_measurement *m, vtr_speckle *out, double trust)
{
    enum { N = VTR_SPECKLE_NODES };
    double matrix[N * N] = {0}, right[N] = {0}, mean = 0, pixels = 0, penalty = 100;
    flat_contrast(out);
    if (trust < 0.3) return;
    const radial_sums *r = &m->radial[0];
    for (int i = 0; i < N_RADIAL; i++) {
        if (!(r->n[i] > 0)) continue;
        double white = r->noise[i] / r->n[i], value = (r->square[i] / r->n[i] - white) / out->contrast;
        double error =
            3 * (white + out->contrast) * sqrt(2 / r->n[i]) / out->contrast + 0.02 * white / out->contrast;
        double position = (i + 0.5) / N_RADIAL * (N - 1), w = 1 / (error * error + 1e-4);
        int k = (int)position;
        double part = position - k;
        right[k] += w * (1 - part) * value;
        right[k + 1] += w * part * value;
        matrix[k * N + k] += w * (1 - part) * (1 - part);
        matrix[(k + 1) * N + k + 1] += w * part * part;
        matrix[(k + 1) * N + k] += w * part * (1 - part);
    }
    for (int k = 0; k + 2 < N; k++) {
        const double c[3] = {1, -2, 1};
        for (int a = 0; a < 3; a++)
            for (int b = 0; b <= a; b++)
                matrix[(k + a) * N + k + b] += penalty * c[a] * c[b];
    }
    if (LAPACKE_dposv(LAPACK_ROW_MAJOR, 'L', N, 1, matrix, N, right, 1) != 0) return;
    for (int i = 0; i < N_RADIAL; i++) {
        double position = (i + 0.5) / N_RADIAL * (N - 1), part = position - (int)position;
        mean += r->weight[i] * ((1 - part) * right[(int)position] + part * right[(int)position + 1]);
        pixels += r->weight[i];
    }
    if (!(mean > 0)) return;
    for (int k = 0; k < N; k++)
        out->radial[k] = right[k] * pixels / mean;
}

void vtr_speckle_summarise(speckle_measurement *m, vtr_speckle *out)
{
    size_t zero = vtr_speckle_zero_lag(m);
    double total = m->corrected[zero] + m->white;
    /* scatter of one lag's mean product over n pairs of pixels of variance `total` */
    double noise = total / sqrt(0.5 * m->pairs[zero] * (double)m->frames);
    double contrast = m->corrected[zero], slope, height;
    /* the noise model is believed to 2 %: where that is not small against the contrast, lag 0 counts less */
    double trust = fabs(contrast) / (fabs(contrast) + 0.02 * m->white + 1e-30);
    double first = half_width(m, m->corrected, fmax(contrast, m->corrected[zero + 1]));
    double reach = isfinite(first) ? fmax(2.3, 2.2 * first) : 2.3;
    if (trust < 0.9 && fit_gaussian(m, m->corrected, reach, trust * trust * 0.1, &height, &slope) == 0)
        contrast = height;
    out->contrast_error = fmax(noise, 0.02 * m->white * (1 - trust));
    /* speckle is seen in the neighbouring pixels too: what is in lag 0 alone is the noise model's error */
    double beside =
        0.25 * (m->corrected[zero - 1] + m->corrected[zero + 1] + m->corrected[zero - (2 * m->max_lag + 1)] +
                m->corrected[zero + (2 * m->max_lag + 1)]);
    if (!(contrast > 4 * noise) || !(beside > 3 * noise) ||
        !isfinite(half_width(m, m->corrected, contrast))) {
        *out = (vtr_speckle){
            .contrast_error = out->contrast_error,
            .grain_px = NAN,
            .friedel = NAN,
        };
        flat_contrast(out);
        return;
    }
    out->contrast = contrast;
    out->grain_px = 2 * half_width(m, m->corrected, contrast);
    out->max_lag_px = m->max_lag;
    m->corrected[zero] = contrast;
    double cut = choose_reach(m, m->corrected, contrast, noise);
    cut_lags(m, m->corrected, cut);
    cut_lags(m, m->corrected_folded, cut);
    for (size_t i = 0; i < m->n_lags; i++) {
        out->correlation[i] = m->corrected[i] / contrast;
        out->folded[i] = m->corrected_folded[i] / contrast;
    }
    out->friedel = out->folded[zero];
    radial_contrast(m, out, trust);
}
