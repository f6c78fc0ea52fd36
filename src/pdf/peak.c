/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <cblas.h>
#include <math.h>
#include <omp.h>
#include <string.h>

#include "pdf/pdf_internal.h"
#include "vitrail/constants.h"

/* m(r) = h exp(-(r - c)^2/(2 w^2)) to values with the line taken out, by least squares with the weights (1 - x^2)^2,
 * x = (r - c)/reach. The weights move with the peak, so a shifted peak gives the shift whole, and fade out, so no point
 * enters or leaves by a step; the reach is a fixed length.
 *
 * The solution of E(p) = sum w_i (y_i - m_i) J_i = 0, J the gradient of m, moves with the data by
 * dp = -(dE/dp)^-1 sum w_i J_i dG_i. With dG = K dI this is a functional of the intensities, so the correlation of
 * neighbouring points is in the errors. */
enum { MAX_POINTS = 400, HEIGHT = 0, CENTRE = 1, WIDTH = 2 };
static const double width_to_fwhm = 2.35482004503094938; /* 2 sqrt(2 ln 2) */
static const double reach_of_fwhm = 0.85; /* most of the weight lies above half of the height */

typedef struct peak_fit {
    size_t first, n; /* the points at hand */
    double r[MAX_POINTS], y[MAX_POINTS], reach;
    double p[3];
    double functional[3][MAX_POINTS]; /* dp/dG */
} peak_fit;

/* Gradient of m times the weight, at one point; returns m, and the bare gradient in `bare`. */
static double model(const peak_fit *f, const double p[3], double r, double gradient[3], double bare[3])
{
    double x = (r - p[CENTRE]) / p[WIDTH], e = exp(-x * x / 2), z = (r - p[CENTRE]) / f->reach;
    double weight = fabs(z) < 1 ? (1 - z * z) * (1 - z * z) : 0;
    bare[HEIGHT] = e;
    bare[CENTRE] = p[HEIGHT] * e * x / p[WIDTH];
    bare[WIDTH] = p[HEIGHT] * e * x * x / p[WIDTH];
    for (int k = 0; k < 3; k++)
        gradient[k] = weight * bare[k];
    return p[HEIGHT] * e;
}

/* E(p), and sum w J J^T in `normal` where it is wanted. */
static void equations(const peak_fit *f, const double p[3], double e[3], double normal[3][3])
{
    double g[3], bare[3];
    for (int k = 0; k < 3; k++)
        e[k] = 0;
    for (size_t i = 0; i < f->n; i++) {
        double residual = f->y[i] - model(f, p, f->r[i], g, bare);
        for (int k = 0; k < 3; k++) {
            e[k] += residual * g[k];
            for (int l = 0; normal != NULL && l < 3; l++)
                normal[k][l] += g[k] * bare[l];
        }
    }
}

static bool invert(double a[3][3], double inverse[3][3])
{
    double determinant = 0, minor[3][3];
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            int i1 = (i + 1) % 3, i2 = (i + 2) % 3, j1 = (j + 1) % 3, j2 = (j + 2) % 3;
            minor[i][j] = a[i1][j1] * a[i2][j2] - a[i1][j2] * a[i2][j1];
        }
    for (int j = 0; j < 3; j++)
        determinant += a[0][j] * minor[0][j];
    if (!(fabs(determinant) > 0) || !isfinite(determinant)) return false;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            inverse[i][j] = minor[j][i] / determinant;
    return true;
}

/* Gauss-Newton with weights anew in each round; steps of at most a part of the width. */
static bool solve(peak_fit *f)
{
    for (int round = 0; round < 100; round++) {
        double e[3], normal[3][3] = {{0}}, inverse[3][3], change = 0;
        equations(f, f->p, e, normal);
        if (!invert(normal, inverse)) return false;
        double step[3], most = 0;
        for (int k = 0; k < 3; k++) {
            step[k] = inverse[k][0] * e[0] + inverse[k][1] * e[1] + inverse[k][2] * e[2];
            most = fmax(most, fabs(step[k]) / (k == HEIGHT ? fabs(f->p[HEIGHT]) : f->p[WIDTH]));
        }
        for (int k = 0; k < 3; k++)
            f->p[k] += step[k] * fmin(1, 0.4 / fmax(most, 1e-300));
        change = most;
        if (!isfinite(change) || f->p[CENTRE] < f->r[0] || f->p[CENTRE] > f->r[f->n - 1]) return false;
        if (change < 1e-9) return f->p[HEIGHT] > 0 && f->p[WIDTH] < 4 * f->reach;
    }
    return false;
}

static bool derive(peak_fit *f)
{
    double slope[3][3], inverse[3][3], g[3], bare[3];
    for (int l = 0; l < 3; l++) {
        double up[3], down[3], e_up[3], e_down[3];
        double step = 1e-5 * (l == HEIGHT ? f->p[HEIGHT] : f->p[WIDTH]);
        memcpy(up, f->p, sizeof up);
        memcpy(down, f->p, sizeof down);
        up[l] += step;
        down[l] -= step;
        equations(f, up, e_up, NULL);
        equations(f, down, e_down, NULL);
        for (int k = 0; k < 3; k++)
            slope[k][l] = (e_up[k] - e_down[k]) / (2 * step);
    }
    if (!invert(slope, inverse)) return false;
    for (size_t i = 0; i < f->n; i++) {
        model(f, f->p, f->r[i], g, bare);
        for (int k = 0; k < 3; k++)
            f->functional[k][i] = -(inverse[k][0] * g[0] + inverse[k][1] * g[1] + inverse[k][2] * g[2]);
    }
    return true;
}

/* Index of the highest maximum of `level` inside [lo, hi]; n_r without one. */
static size_t highest(size_t n_r, const double *r, const double *level, double lo, double hi)
{
    size_t top = n_r;
    for (size_t i = 1; i + 1 < n_r; i++)
        if (r[i] >= lo && r[i] <= hi && level[i] > 0 && level[i] > level[i - 1] && level[i] >= level[i + 1] &&
            (top == n_r || level[i] > level[top]))
            top = i;
    return top;
}

/* Width at half height of the Gaussian for which the integral of (level/maximum)^4 over [lo, hi] is the same: unlike the
 * places where a level crosses one half, it does not jump when a shoulder rises to that height. */
static double width_of(size_t n_r, const double *r, const double *level, size_t top, double lo, double hi)
{
    double sum = 0;
    for (size_t i = 1; i + 1 < n_r; i++)
        if (r[i] >= lo && r[i] <= hi && level[i] > 0)
            sum += pow(level[i] / level[top], 4) * (r[i + 1] - r[i - 1]) / 2;
    return width_to_fwhm * sum * sqrt(2 / VTR_PI);
}

/* The points about the highest maximum, and the start of the fit. */
static bool choose(peak_fit *f, size_t n_r, const double *r, const double *level, double lo, double hi)
{
    size_t top = highest(n_r, r, level, lo, hi), last;
    if (top == n_r || !isfinite(f->reach)) return false;
    f->first = top;
    while (f->first > 0 && r[top] - r[f->first - 1] < 2 * f->reach)
        f->first--;
    for (last = top + 1; last < n_r && r[last] - r[top] < 2 * f->reach;)
        last++;
    f->n = last - f->first;
    if (f->n < 5 || f->n > MAX_POINTS) return false;
    memcpy(f->r, r + f->first, f->n * sizeof *r);
    memcpy(f->y, level + f->first, f->n * sizeof *level);
    f->p[HEIGHT] = level[top];
    f->p[CENTRE] = r[top];
    f->p[WIDTH] = f->reach / reach_of_fwhm / width_to_fwhm;
    return true;
}

/* The reach that suits the highest maximum inside [lo, hi]; NAN without one. */
static double reach_of(size_t n_r, const double *r, const double *level, double lo, double hi)
{
    size_t top = highest(n_r, r, level, lo, hi);
    return top < n_r ? reach_of_fwhm * width_of(n_r, r, level, top, lo, hi) : NAN;
}

/* `slope` 4 pi rho0 of the line that was taken out: the height is that of G. */
static void describe(const peak_fit *f, double slope, vtr_pdf_peak *out)
{
    *out = (vtr_pdf_peak){
        f->p[CENTRE], NAN, f->p[HEIGHT] - slope * f->p[CENTRE], NAN, f->p[WIDTH] * width_to_fwhm, NAN};
}

static bool fit(peak_fit *f, size_t n_r, const double *r, const double *level, double lo, double hi)
{
    return choose(f, n_r, r, level, lo, hi) && solve(f) && derive(f);
}

/* dp [3][n_q] = functional . rows, the rows [n_q] of dG at the points used; that of the height becomes G's. */
static void propagate(const peak_fit *f, const double *rows, size_t n_q, double slope, double *dp)
{
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, 3, (int)n_q, (int)f->n, 1, &f->functional[0][0],
                MAX_POINTS, rows, (int)n_q, 0, dp, (int)n_q);
    cblas_daxpy((int)n_q, -slope, dp + CENTRE * n_q, 1, dp + HEIGHT * n_q, 1);
}

vtr_status vtr_pdf_peak_fit(vtr_pdf_peak *out, const vtr_pdf *pdf, double lo, double hi, vtr_error *err)
{
    peak_fit f;
    double slope = pdf->R != NULL ? 4 * VTR_PI * pdf->normalisation.density : 0;
    double *level = vtr_malloc(pdf->n_r, sizeof *level), *dp = vtr_malloc(3 * pdf->n_q, sizeof *dp);
    vtr_status status = VTR_OK;
    if (level == NULL || dp == NULL) {
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
        goto cleanup;
    }
    for (size_t i = 0; i < pdf->n_r; i++)
        level[i] = pdf->G[i] + slope * pdf->r[i];
    f.reach = reach_of(pdf->n_r, pdf->r, level, lo, hi);
    if (!fit(&f, pdf->n_r, pdf->r, level, lo, hi)) {
        status = vtr_fail(err, VTR_ERR_NOT_FOUND, "G has no peak between %g and %g Å", lo, hi);
        goto cleanup;
    }
    describe(&f, slope, out);
    if (pdf->sensitivity != NULL) {
        size_t n = pdf->n_q;
        propagate(&f, pdf->sensitivity + f.first * n, n, slope, dp);
        out->height_error = cblas_dnrm2((int)n, dp + HEIGHT * n, 1);
        out->position_error = cblas_dnrm2((int)n, dp + CENTRE * n, 1);
        out->fwhm_error = cblas_dnrm2((int)n, dp + WIDTH * n, 1) * width_to_fwhm;
    }
cleanup:
    vtr_free(level);
    vtr_free(dp);
    return status;
}

/* The errors of one of many: dG = (K2 - G n) dI / N. `dp` [4][n_q] is scratch. */
static void plan_errors(const vtr_pdf_plan *plan, const peak_fit *f, const float *G, double scale,
                        double slope, const float *variance, double *dp, vtr_pdf_peak *out)
{
    size_t n = plan->n_q;
    propagate(f, plan->sensitivity + f->first * n, n, slope, dp);
    double sum[3] = {0}, on_scale[3] = {0};
    for (int k = 0; k < 3; k++)
        for (size_t i = 0; i < f->n; i++)
            on_scale[k] += f->functional[k][i] * (double)G[f->first + i];
    on_scale[HEIGHT] -= slope * on_scale[CENTRE];
    for (size_t k = 0; k < 3; k++) {
        double *d = dp + k * n, *kin = dp + 3 * n;
        cblas_daxpy((int)n, -on_scale[k], plan->scale.row, 1, d, 1);
        pdf_correlate(plan, d, kin);
        for (size_t j = 0; j < n; j++)
            sum[k] += d[j] * kin[j] * (double)variance[plan->first + j];
        sum[k] = fmax(sum[k], 0);
    }
    out->height_error = sqrt(sum[HEIGHT]) / scale;
    out->position_error = sqrt(sum[CENTRE]) / scale;
    out->fwhm_error = sqrt(sum[WIDTH]) / scale * width_to_fwhm;
}

static double plan_slope(const vtr_pdf_plan *plan)
{
    double density = plan->normalisation.density;
    return density > 0 && plan->params.kernel == VTR_PDF_KERNEL_SINE ? 4 * VTR_PI * density : 0;
}

static void plan_peak(const vtr_pdf_plan *plan, const float *G, double scale, const float *variance,
                      double lo, double hi, double reach, double *scratch, vtr_pdf_peak *out)
{
    peak_fit f = {.reach = reach};
    double *level = scratch, *dp = scratch + plan->n_r, slope = plan_slope(plan);
    *out = (vtr_pdf_peak){NAN, NAN, NAN, NAN, NAN, NAN};
    for (size_t i = 0; i < plan->n_r; i++)
        level[i] = (double)G[i] + slope * plan->r[i];
    if (!isfinite(scale) || !fit(&f, plan->n_r, plan->r, level, lo, hi)) return;
    describe(&f, slope, out);
    if (variance != NULL) plan_errors(plan, &f, G, scale, slope, variance, dp, out);
}

vtr_status vtr_pdf_peaks(const vtr_pdf_plan *plan, size_t n, const vtr_pdf_block *results,
                         const float *variance, double lo, double hi, vtr_pdf_peak *out, int threads,
                         vtr_error *err)
{
    bool is_short = false;
    if (results->G == NULL || results->scale == NULL)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "peaks need G and the scale of each profile");
    double *level = vtr_malloc(plan->n_r, sizeof *level);
    if (level == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the peaks");
    for (size_t i = 0; i < plan->n_r; i++)
        level[i] = plan->mean_g[i] + plan_slope(plan) * plan->r[i];
    double reach = reach_of(plan->n_r, plan->r, level, lo, hi);
    vtr_free(level);
    openblas_set_num_threads(1);
#pragma omp parallel num_threads(vtr_thread_count(threads))
    {
        double *scratch = vtr_malloc(plan->n_r + 4 * plan->n_q, sizeof *scratch);
        if (scratch == NULL) {
#pragma omp atomic write
            is_short = true;
        }
#pragma omp for schedule(dynamic, 16)
        for (size_t i = 0; i < n; i++)
            if (scratch != NULL)
                plan_peak(plan, results->G + i * plan->n_r, results->scale[i],
                          variance != NULL ? variance + i * plan->n_data : NULL, lo, hi, reach, scratch,
                          out + i);
        vtr_free(scratch);
    }
    return is_short ? vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the peaks") : VTR_OK;
}
