/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "base/base_internal.h"
#include "base/fourier.h"
#include "detector/image_internal.h"

/* Centre of symmetry by the masked normalised correlation of the pattern with itself turned by 180 degrees.
 * With f the pattern, m its mask and s = 2 c the sum of two opposite pixels' positions, the correlation over
 * the pairs that are both used is
 *
 *   n(s) = (m * m)(s),   r(s) = ((fm * fm) - (fm * m)^2 / n) / ((f^2 m * m) - (fm * m)^2 / n)
 *
 * where * is a convolution; the turned pattern has the same sums as the pattern itself, so three transforms
 * do (Padfield, IEEE Trans. Image Process. 21, 2706 (2012), for two images). f is the square root of the
 * signal above dark, cut at its 99.5 % quantile: counting noise is even then, and the direct beam does not
 * drown the rest. */

enum { LARGEST_SIDE = 512 };
static const double least_overlap = 0.25; /* of the largest n(s) */

typedef struct correlator {
    size_t ny, nx;                         /* of the (binned) pattern */
    size_t py, px, n_half;                 /* padded, and complex numbers of a transform */
    double *work;                          /* [py][px + 2] real, its transform in place */
    fftw_complex *masked, *squared, *mask; /* transforms of fm, f^2 m, m */
    double *pairs, *products;              /* n(s), sums */
    vtr_fourier fourier;
} correlator;

static vtr_status correlator_init(correlator *c, size_t ny, size_t nx, vtr_error *err)
{
    *c = (correlator){.ny = ny, .nx = nx, .py = vtr_fourier_size(2 * ny), .px = vtr_fourier_size(2 * nx)};
    c->n_half = c->py * (c->px / 2 + 1);
    c->work = fftw_alloc_real(2 * c->n_half);
    c->masked = fftw_alloc_complex(c->n_half);
    c->squared = fftw_alloc_complex(c->n_half);
    c->mask = fftw_alloc_complex(c->n_half);
    c->pairs = fftw_alloc_real(c->py * c->px);
    c->products = fftw_alloc_real(c->py * c->px);
    if (!c->work || !c->masked || !c->squared || !c->mask || !c->pairs || !c->products)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the correlation of %zu x %zu pixels", ny, nx);
    if (!vtr_fourier_create(&c->fourier, c->py, c->px, c->work, (fftw_complex *)c->work, FFTW_ESTIMATE))
        return vtr_fail(err, VTR_ERR_NUMERIC, "no Fourier transform of %zu x %zu pixels", c->py, c->px);
    return VTR_OK;
}

static void correlator_release(correlator *c)
{
    vtr_fourier_release(&c->fourier);
    fftw_free(c->work);
    fftw_free(c->masked);
    fftw_free(c->squared);
    fftw_free(c->mask);
    fftw_free(c->pairs);
    fftw_free(c->products);
}

/* Transform of weight(f) over the used pixels: f to the `power`. */
static void transform(correlator *c, fftw_complex *out, const double *signal, int power)
{
    size_t stride = 2 * (c->px / 2 + 1);
    for (size_t i = 0; i < 2 * c->n_half; i++)
        c->work[i] = 0;
    for (size_t y = 0; y < c->ny; y++) {
        for (size_t x = 0; x < c->nx; x++) {
            double f = signal[y * c->nx + x];
            if (isfinite(f)) c->work[y * stride + x] = power == 0 ? 1 : power == 1 ? f : f * f;
        }
    }
    fftw_execute(c->fourier.forward);
    const fftw_complex *result = (const fftw_complex *)c->work;
    for (size_t i = 0; i < c->n_half; i++) {
        out[i][0] = result[i][0];
        out[i][1] = result[i][1];
    }
}

/* (a * b)(s) for all s. */
static void convolve(correlator *c, double *out, const fftw_complex *a, const fftw_complex *b)
{
    fftw_complex *work = (fftw_complex *)c->work;
    for (size_t i = 0; i < c->n_half; i++) {
        work[i][0] = a[i][0] * b[i][0] - a[i][1] * b[i][1];
        work[i][1] = a[i][0] * b[i][1] + a[i][1] * b[i][0];
    }
    fftw_execute(c->fourier.backward);
    size_t stride = 2 * (c->px / 2 + 1);
    double scale = 1 / ((double)c->py * (double)c->px);
    for (size_t y = 0; y < c->py; y++)
        for (size_t x = 0; x < c->px; x++)
            out[y * c->px + x] = scale * c->work[y * stride + x];
}

/* Leaves the normalised correlation r(s) in c->products, -1 where too few pairs overlap. */
static void correlate(correlator *c, const double *signal)
{
    size_t n = c->py * c->px;
    transform(c, c->mask, signal, 0);
    transform(c, c->masked, signal, 1);
    transform(c, c->squared, signal, 2);
    convolve(c, c->pairs, c->mask, c->mask);
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, c->pairs[i]);

    /* `mask` is needed once more for each of the sums; c->products gathers r(s) step by step */
    double *sums = (double *)c->squared;
    double *squares = c->products;
    convolve(c, squares, c->squared, c->mask);
    double largest = 0;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, squares[i]);
    convolve(c, sums, c->masked, c->mask);
    double *cross = (double *)c->mask;
    convolve(c, cross, c->masked, c->masked);
    for (size_t i = 0; i < n; i++) {
        double square = sums[i] * sums[i] / c->pairs[i], spread = squares[i] - square;
        bool is_enough = c->pairs[i] >= least_overlap * most && spread > 1e-9 * largest;
        c->products[i] = is_enough ? (cross[i] - square) / spread : -1;
    }
}

/* Offset of the vertex of the parabola through three values, in steps. */
static double vertex(double before, double at, double after)
{
    double curvature = before - 2 * at + after;
    double offset = curvature < 0 ? 0.5 * (before - after) / curvature : 0;
    return fmax(-0.5, fmin(0.5, offset));
}

/* The s of the largest r(s), to a fraction of a pixel; false when no correlation is positive. */
static bool find_peak(const correlator *c, double *sum_y, double *sum_x)
{
    size_t best = 0;
    for (size_t i = 1; i < c->py * c->px; i++)
        if (c->products[i] > c->products[best]) best = i;
    const double *r = c->products;
    if (!(r[best] > 0)) return false;
    size_t y = best / c->px, x = best % c->px;
    *sum_y = (double)y;
    *sum_x = (double)x;
    if (y > 0 && y + 1 < c->py) *sum_y += vertex(r[best - c->px], r[best], r[best + c->px]);
    if (x > 0 && x + 1 < c->px) *sum_x += vertex(r[best - 1], r[best], r[best + 1]);
    return true;
}

/* The pattern in bins of bin x bin px, as the square root above dark; NAN where nothing is used. */
static void prepare(double *signal, const double *mean, const unsigned char *used, size_t det_x, size_t ny,
                    size_t nx, size_t bin, double *scratch)
{
    for (size_t y = 0; y < ny; y++) {
        for (size_t x = 0; x < nx; x++) {
            double sum = 0, n = 0;
            for (size_t v = y * bin; v < (y + 1) * bin; v++) {
                for (size_t u = x * bin; u < (x + 1) * bin; u++) {
                    size_t p = v * det_x + u;
                    if ((used && !used[p]) || !isfinite(mean[p])) continue;
                    sum += mean[p];
                    n++;
                }
            }
            signal[y * nx + x] = 2 * n >= (double)(bin * bin) ? sum / n : NAN;
        }
    }
    double dark = vtr_image_quantile(signal, ny * nx, 0.01, scratch);
    double most = sqrt(fmax(vtr_image_quantile(signal, ny * nx, 0.995, scratch) - dark, 0));
    for (size_t i = 0; i < ny * nx; i++)
        if (isfinite(signal[i])) signal[i] = fmin(sqrt(fmax(signal[i] - dark, 0)), most);
}

vtr_status vtr_centre_find(double *centre_x, double *centre_y, const double *mean, const unsigned char *used,
                           size_t det_y, size_t det_x, vtr_error *err)
{
    size_t largest = det_y > det_x ? det_y : det_x, bin = (largest + LARGEST_SIDE - 1) / LARGEST_SIDE;
    if (det_y < 2 || det_x < 2)
        return vtr_fail(err, VTR_ERR_SHAPE, "a pattern of %zu x %zu pixels has no centre to find", det_y,
                        det_x);
    size_t ny = det_y / bin, nx = det_x / bin;
    correlator c = {0};
    vtr_status status = VTR_OK;
    double *signal = vtr_malloc(2 * ny * nx, sizeof *signal);
    if (!signal) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu x %zu pixels", ny, nx);
    prepare(signal, mean, used, det_x, ny, nx, bin, signal + ny * nx);
    status = correlator_init(&c, ny, nx, err);
    if (status) goto cleanup;
    correlate(&c, signal);
    double sum_y, sum_x;
    if (!find_peak(&c, &sum_y, &sum_x)) {
        status = vtr_fail(
            err, VTR_ERR_NO_DATA,
            "the pattern has no centre of symmetry among its used pixels: give the centre, or a mask");
        goto cleanup;
    }
    *centre_x = 0.5 * sum_x * (double)bin + 0.5 * (double)(bin - 1);
    *centre_y = 0.5 * sum_y * (double)bin + 0.5 * (double)(bin - 1);

cleanup:
    correlator_release(&c);
    vtr_free(signal);
    return status;
}
