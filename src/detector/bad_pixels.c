/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "base/base_internal.h"
#include "detector/image_internal.h"
#include "detector/mask_internal.h"

/* Hot and dead pixels stand alone: a reflection, however sharp, is spread over its neighbours by the probe
 * and the camera, and a mean over many patterns is smooth over a few pixels. So a pixel is compared with the
 * 24 around it. */

enum { NEIGHBOURS_MAX = 24 };
static const double outlier_sigmas = 8;

typedef struct neighbourhood {
    double median, scatter; /* of the 24 around, scatter as a standard deviation */
    double second;          /* second largest excess over the median among the eight nearest */
    size_t n;
} neighbourhood;

static double median_of(double *values, size_t n)
{
    return vtr_quantile(values, n, 0.5);
}

/* Root mean square of the smaller deviations (seven of eight), as a standard deviation of normal ones.
 * Coarsely quantised values have a median deviation of zero, and still scatter. */
static double trimmed_rms(double *deviations, size_t n)
{
    double limit = vtr_quantile(deviations, n, 0.875), squares = 0;
    for (size_t i = 0; i < n; i++)
        squares += fmin(deviations[i], limit) * fmin(deviations[i], limit);
    return 1.1 * sqrt(squares / (double)n);
}

static neighbourhood look_around(const double *image, size_t det_y, size_t det_x, size_t y, size_t x)
{
    double values[NEIGHBOURS_MAX], near[8];
    neighbourhood around = {.second = 0};
    size_t n_near = 0;
    for (size_t v = y > 2 ? y - 2 : 0; v <= y + 2 && v < det_y; v++) {
        for (size_t u = x > 2 ? x - 2 : 0; u <= x + 2 && u < det_x; u++) {
            if ((v == y && u == x) || !isfinite(image[v * det_x + u])) continue;
            values[around.n++] = image[v * det_x + u];
            if (v + 1 >= y && v <= y + 1 && u + 1 >= x && u <= x + 1) near[n_near++] = image[v * det_x + u];
        }
    }
    if (around.n == 0) return around;
    around.median = median_of(values, around.n);
    for (size_t i = 0; i < around.n; i++)
        values[i] = fabs(values[i] - around.median);
    around.scatter = fmax(1.4826 * median_of(values, around.n), trimmed_rms(values, around.n));
    double largest = 0;
    for (size_t i = 0; i < n_near; i++) {
        double excess = near[i] - around.median;
        around.second = fmax(around.second, fmin(excess, largest));
        largest = fmax(largest, excess);
    }
    return around;
}

/* Hot: far above all around in the mean, or far noisier (a pixel that flickers). */
static bool is_hot(double value, const neighbourhood *mean, double variance, const neighbourhood *variances,
                   double sigma, size_t n_frames)
{
    double excess = value - mean->median;
    if (excess > outlier_sigmas * sigma && mean->second < 0.3 * excess) return true;
    double noisier = variance - variances->median;
    return n_frames >= 20 && variances->median > 0 && noisier > 20 * variances->median &&
           noisier > outlier_sigmas * variances->scatter && variances->second < 0.3 * noisier &&
           excess > 2 * sigma;
}

/* Dead: far below all around, or stuck at one value while those around vary. Where counts are rare a pixel
 * may well stay at one value, so only pixels that expect thirty counts or more are judged by that. */
static bool is_dead(double value, const neighbourhood *mean, double variance, const neighbourhood *variances,
                    double sigma, double dark, size_t n_frames)
{
    double missing = mean->median - value;
    if (missing > outlier_sigmas * sigma && value - dark < 0.5 * (mean->median - dark)) return true;
    return n_frames >= 10 && variance == 0 && variances->median > 0 &&
           (mean->median - dark) * (mean->median - dark) * (double)n_frames > 30 * variances->median;
}

vtr_status vtr_mask_bad_pixels(unsigned char *reasons, const vtr_mask_image *image, bool find_hot,
                               bool find_dead, vtr_error *err)
{
    size_t n_pixels = image->det_y * image->det_x;
    double *scratch = vtr_malloc(n_pixels, sizeof *scratch);
    if (!scratch) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the mask of %zu pixels", n_pixels);
    double dark = vtr_image_quantile(image->mean, n_pixels, 0.01, scratch);
    vtr_free(scratch);

#pragma omp parallel for schedule(static)
    for (size_t y = 0; y < image->det_y; y++) {
        for (size_t x = 0; x < image->det_x; x++) {
            size_t p = y * image->det_x + x;
            if (!isfinite(image->mean[p])) continue;
            neighbourhood mean = look_around(image->mean, image->det_y, image->det_x, y, x);
            neighbourhood variances = look_around(image->variance, image->det_y, image->det_x, y, x);
            if (mean.n < 5) continue;
            double n = (double)image->n_frames;
            double sigma = sqrt(mean.scatter * mean.scatter + variances.median / n);
            double sigma_own = sqrt(sigma * sigma + image->variance[p] / n);
            if (sigma_own == 0) sigma = sigma_own = 1e-3 * fabs(mean.median) + 1e-30;
            if (find_hot &&
                is_hot(image->mean[p], &mean, image->variance[p], &variances, sigma_own, image->n_frames))
                reasons[p] |= VTR_MASK_HOT;
            if (find_dead &&
                is_dead(image->mean[p], &mean, image->variance[p], &variances, sigma, dark, image->n_frames))
                reasons[p] |= VTR_MASK_DEAD;
        }
    }
    return VTR_OK;
}
