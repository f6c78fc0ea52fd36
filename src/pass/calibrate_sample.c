/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "pass/calibrate_internal.h"

void vtr_speckle_terms_release(vtr_speckle_terms *terms)
{
    vtr_free(terms->relative_variance);
    memset(terms, 0, sizeof *terms);
}

vtr_status vtr_speckle_terms_create(vtr_speckle_terms *terms, const vtr_calibration *c,
                                    const vtr_polar_plan *plan, const unsigned char *used, vtr_error *err)
{
    memset(terms, 0, sizeof *terms);
    if (!(c->speckle.contrast > 0)) return VTR_OK;
    terms->relative_variance = vtr_calloc(plan->n_bins, sizeof *terms->relative_variance);
    if (terms->relative_variance == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the speckle's terms");
    vtr_ring_pixels pixels = vtr_pixels_of_plan(plan, used);
    vtr_likelihood *plain = NULL;
    vtr_status status = vtr_speckle_bins(terms->relative_variance, &c->speckle, &c->ring, &pixels, err);
    if (status == VTR_OK) status = vtr_calibration_likelihood(&plain, c, plan, NULL, err);
    if (status == VTR_OK)
        status = vtr_speckle_excess(terms->fit.excess, &c->speckle, plain, &c->ring, &pixels, &c->noise,
                                    terms->relative_variance, err);
    vtr_likelihood_free(plain);
    if (status != VTR_OK) {
        vtr_speckle_terms_release(terms);
        return status;
    }
    terms->fit.relative_variance = terms->relative_variance;
    return VTR_OK;
}

static void descan_basis(const size_t shape[4], double y, double x, double basis[6])
{
    double X = shape[1] > 1 ? 2 * x / (double)(shape[1] - 1) - 1 : 0;
    double Y = shape[0] > 1 ? 2 * y / (double)(shape[0] - 1) - 1 : 0;
    basis[0] = 1;
    basis[1] = X;
    basis[2] = Y;
    basis[3] = X * X;
    basis[4] = X * Y;
    basis[5] = Y * Y;
}

void vtr_calibration_descan(const vtr_calibration *c, const size_t shape[4], double y, double x, double *dx,
                            double *dy)
{
    double basis[6];
    descan_basis(shape, y, x, basis);
    *dx = *dy = 0;
    for (int k = 0; k < 5; k++) {
        *dx += c->descan_x_px[k] * basis[1 + k];
        *dy += c->descan_y_px[k] * basis[1 + k];
    }
}

/* Least squares of one shift against the surface, twice: the second time without the outliers of the first. */
static int fit_surface(const vtr_sample *sample, const vtr_sample_fits *fits, int k, double solution[6])
{
    const size_t shape[4] = {sample->scan_y, sample->scan_x, 0, 0};
    double limit = INFINITY;
    for (int round = 0; round < 2; round++) {
        double matrix[36] = {0}, right[6] = {0}, sum = 0, n = 0;
        for (size_t i = 0; i < sample->n; i++) {
            double basis[6], value = fits->parameters[i][k], predicted = 0;
            if (fits->flags[i] & VTR_FLAGS_NO_RING_DATA) continue;
            descan_basis(shape, (double)(sample->position[i] / sample->scan_x),
                         (double)(sample->position[i] % sample->scan_x), basis);
            if (round > 0) {
                for (int a = 0; a < 6; a++)
                    predicted += basis[a] * solution[a];
                if (fabs(value - predicted) > limit) continue;
            }
            for (int a = 0; a < 6; a++) {
                right[a] += basis[a] * value;
                for (int b = 0; b < 6; b++)
                    matrix[6 * a + b] += basis[a] * basis[b];
            }
            n++;
        }
        if (n < 24) return -1;
        /* a scan of one row or column does not determine every term: those stay near zero */
        for (int a = 0; a < 6; a++)
            matrix[7 * a] += 1e-9 * n;
        if (LAPACKE_dposv(LAPACK_ROW_MAJOR, 'L', 6, 1, matrix, 6, right, 1) != 0) return -1;
        memcpy(solution, right, sizeof right);
        for (size_t i = 0; i < sample->n; i++) {
            double basis[6], predicted = 0;
            if (fits->flags[i] & VTR_FLAGS_NO_RING_DATA) continue;
            descan_basis(shape, (double)(sample->position[i] / sample->scan_x),
                         (double)(sample->position[i] % sample->scan_x), basis);
            for (int a = 0; a < 6; a++)
                predicted += basis[a] * solution[a];
            sum += (fits->parameters[i][k] - predicted) * (fits->parameters[i][k] - predicted);
        }
        limit = 3 * sqrt(sum / n);
    }
    return 0;
}

/* Descan surface in detector px from the fitted shifts, and what of the shifts it leaves. */
static void find_descan(vtr_calibration *c, const vtr_sample *sample, vtr_sample_fits *fits)
{
    double sx[6] = {0}, sy[6] = {0}, residual = 0, noise = 0, n = 0, strain[3] = {0};
    bool has_surface =
        fit_surface(sample, fits, FIT_DX, sx) == 0 && fit_surface(sample, fits, FIT_DY, sy) == 0;
    const size_t shape[4] = {sample->scan_y, sample->scan_x, 0, 0};
    for (size_t i = 0; i < sample->n; i++) {
        double basis[6], px = 0, py = 0;
        if (fits->flags[i] & VTR_FLAGS_NO_RING_DATA) continue;
        descan_basis(shape, (double)(sample->position[i] / sample->scan_x),
                     (double)(sample->position[i] % sample->scan_x), basis);
        for (int a = 0; has_surface && a < 6; a++) {
            px += basis[a] * sx[a];
            py += basis[a] * sy[a];
        }
        fits->expected[i][FIT_DX] = px;
        fits->expected[i][FIT_DY] = py;
        for (int k = 0; k < 3; k++)
            strain[k] += fits->parameters[i][FIT_M + k];
        residual += pow(fits->parameters[i][FIT_DX] - px, 2) + pow(fits->parameters[i][FIT_DY] - py, 2);
        noise += fits->variance[i][FIT_DX] + fits->variance[i][FIT_DY];
        n++;
    }
    for (size_t i = 0; i < sample->n; i++)
        for (int k = 0; k < 3; k++)
            fits->expected[i][FIT_M + k] = strain[k] / fmax(n, 1);
    double excess = n > 0 ? (residual - noise) / n : 0;
    c->descan_residual_px = excess > 0 ? sqrt(excess) : 0;
    double determinant = c->wxx * c->wyy - c->wxy * c->wxy;
    for (int k = 0; k < 5; k++) {
        c->descan_x_px[k] = has_surface ? (c->wyy * sx[1 + k] - c->wxy * sy[1 + k]) / determinant : 0;
        c->descan_y_px[k] = has_surface ? (c->wxx * sy[1 + k] - c->wxy * sx[1 + k]) / determinant : 0;
    }
}

static double mean_chi2(const vtr_sample_fits *fits)
{
    double sum = 0, n = 0;
    for (size_t i = 0; i < fits->n; i++)
        if (!(fits->flags[i] & VTR_FLAGS_NO_RING_DATA)) {
            sum += fits->chi2[i];
            n++;
        }
    return n > 0 ? sum / n : NAN;
}

/* Mean counts of the fitted annulus over the gain. */
static double mean_electrons(const vtr_calibration *c, const vtr_sample_fits *fits,
                             const vtr_likelihood *likelihood)
{
    const fit_model *model = vtr_likelihood_model(likelihood);
    double counts = 0, amplitude = 0, n = 0;
    for (size_t i = 0; i < model->n_sectors * model->n_radii; i++) {
        const fit_bin *b = &model->bins[i];
        if (b->n > 0) counts += (double)b->n * vtr_ring_template_counts(&c->ring, (double)b->radius_px);
    }
    for (size_t i = 0; i < fits->n; i++)
        if (!(fits->flags[i] & VTR_FLAGS_NO_RING_DATA)) {
            amplitude += fits->amplitude[i];
            n++;
        }
    return n > 0 ? counts * amplitude / n / c->noise.gain : NAN;
}

/* Whether the patterns' own centres and strains are worth taking out of the template. Where single patterns hold few
 * counts and hardly differ, the mean on the descan surface is the better template. */
static bool patterns_differ(const vtr_calibration *c, const vtr_sample_fits *fits)
{
    double excess[5], sigma = c->ring.width_px / 2.355, r2 = c->ring.radius_px * c->ring.radius_px;
    for (int k = 0; k < 5; k++)
        excess[k] = vtr_sample_excess(fits, k, true);
    double blur = 0.5 * (excess[FIT_DX] + excess[FIT_DY]) +
                  r2 * (excess[FIT_M] + 0.5 * (excess[FIT_P] + excess[FIT_Q]));
    return c->electrons > 5e3 || blur > 0.15 * sigma * sigma;
}

/* One round over the sample: fit; descan; speckle from the second round on; template. */
static vtr_status sample_round(vtr_calibration *c, const unsigned char *used, const vtr_sample *sample,
                               vtr_sample_fits *fits, bool with_speckle, bool with_template, int threads,
                               vtr_error *err)
{
    vtr_polar_plan *plan = NULL;
    vtr_likelihood *likelihood = NULL;
    vtr_speckle_terms terms = {0};
    vtr_status status = vtr_calibration_plan(&plan, c, used, vtr_calibration_radii(c), 0, 0, 0, NULL, err);
    if (status == VTR_OK) status = vtr_speckle_terms_create(&terms, c, plan, used, err);
    if (status == VTR_OK) status = vtr_calibration_likelihood(&likelihood, c, plan, &terms, err);
    if (status == VTR_OK) status = vtr_sample_fit(fits, sample, plan, likelihood, threads, err);
    c->n_fitted = status == VTR_OK ? vtr_sample_good(fits) : 0;
    if (status == VTR_OK && c->n_fitted == 0)
        status = vtr_fail(
            err, VTR_ERR_NO_DATA,
            "no ring in any of the %zu sampled patterns at %.0f to %.0f px from (%.1f, %.1f); give --ring "
            "LO:HI or --centre-x and --centre-y",
            sample->n, c->ring.annulus_px[0], c->ring.annulus_px[1], c->centre_x_px, c->centre_y_px);
    if (status == VTR_OK) {
        find_descan(c, sample, fits);
        c->chi2 = mean_chi2(fits);
        c->electrons = mean_electrons(c, fits, likelihood);
    }
    if (status == VTR_OK && with_speckle && c->n_fitted >= 8) {
        vtr_ring_pixels pixels = vtr_pixels_of_plan(plan, used);
        status =
            vtr_speckle_measure(&c->speckle, sample, (const double(*)[FIT_N])fits->parameters, fits->flags,
                                likelihood, &c->ring, &pixels, &c->noise, terms.fit.relative_variance, err);
    }
    if (status == VTR_OK && !with_template) status = vtr_calibrate_rings(c, used, sample, fits, threads, err);
    if (status == VTR_OK && with_template)
        status = vtr_sample_template(&c->ring, sample, fits, plan, likelihood, patterns_differ(c, fits),
                                     threads, err);
    vtr_speckle_terms_release(&terms);
    vtr_likelihood_free(likelihood);
    vtr_polar_plan_free(&plan);
    return status;
}

vtr_status vtr_calibrate_sample(vtr_calibration *c, const unsigned char *used, const vtr_sample *sample,
                                int threads, const vtr_progress *progress, vtr_error *err)
{
    vtr_sample_fits fits;
    vtr_status status = vtr_sample_fits_create(&fits, sample->n, err);
    if (status != VTR_OK) return status;
    c->speckle = (vtr_speckle){.grain_px = NAN, .friedel = NAN};
    c->is_far = true;
    enum { ROUNDS = 4 };
    for (int round = 0; status == VTR_OK && round < ROUNDS; round++) {
        vtr_progress_report(progress, "calibrating", round, ROUNDS, "rounds");
        if (vtr_progress_cancelled(progress)) status = vtr_fail(err, VTR_ERR_INTERRUPTED, "interrupted");
        /* the last round but one makes the final template; the last measures the speckle with it */
        if (status == VTR_OK)
            status = sample_round(c, used, sample, &fits, round > 0, round < ROUNDS - 1, threads, err);
    }
    vtr_progress_report(progress, "calibrating", ROUNDS, ROUNDS, "rounds");
    c->is_far = 3 * c->descan_residual_px > 0.35 * c->ring.width_px;
    vtr_sample_fits_release(&fits);
    return status;
}
