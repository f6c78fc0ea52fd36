/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "field/field_internal.h"
#include "pdf/strain_internal.h"

static bool invert(double out[3][3], double a[3][3])
{
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            int i1 = (i + 1) % 3, i2 = (i + 2) % 3, j1 = (j + 1) % 3, j2 = (j + 2) % 3;
            out[j][i] = a[i1][j1] * a[i2][j2] - a[i1][j2] * a[i2][j1];
        }
    double det = a[0][0] * out[0][0] + a[0][1] * out[1][0] + a[0][2] * out[2][0];
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            out[i][j] /= det;
    return det > 1e-9 * a[0][0] * a[0][0] * a[0][0];
}

static bool is_measured(double distance, double error)
{
    return isfinite(distance) && isfinite(error) && error > 0;
}

static double model_at(const pdf_tensor *t, const pdf_directions *d, size_t i)
{
    return t->p[PDF_TENSOR_MEAN] + t->p[PDF_TENSOR_COS] * d->c2[i] + t->p[PDF_TENSOR_SIN] * d->s2[i];
}

bool pdf_tensor_fit(pdf_tensor *tensor, const pdf_directions *directions, const double *distance,
                    const double *distance_error)
{
    double a[3][3] = {{0}}, b[3] = {0}, chi2 = 0;
    size_t n = 0;
    for (size_t i = 0; i < directions->n; i++) {
        if (!is_measured(distance[i], distance_error[i])) continue;
        double weight = 1 / (distance_error[i] * distance_error[i]);
        const double row[3] = {1, directions->c2[i], directions->s2[i]};
        n++;
        for (int k = 0; k < 3; k++) {
            b[k] += weight * row[k] * distance[i];
            for (int l = 0; l < 3; l++)
                a[k][l] += weight * row[k] * row[l];
        }
    }
    if (n < 3 || !invert(tensor->covariance, a)) return false;
    for (int k = 0; k < 3; k++) {
        tensor->p[k] = 0;
        for (int l = 0; l < 3; l++)
            tensor->p[k] += tensor->covariance[k][l] * b[l];
    }
    for (size_t i = 0; i < directions->n; i++)
        if (is_measured(distance[i], distance_error[i])) {
            double pull = (distance[i] - model_at(tensor, directions, i)) / distance_error[i];
            chi2 += pull * pull;
        }
    tensor->chi2 = n > 3 ? chi2 / (double)(n - 3) : NAN;
    return true;
}

/* To first order in the reference's ellipse: the distortion is taken out of the profiles, so what is left is small. */
void pdf_tensor_strain(double e[4], double e_error[4], const pdf_tensor *tensor, const pdf_tensor *reference,
                       double factor)
{
    static const double rows[4][3] = {{1, 1, 0}, {1, -1, 0}, {0, 0, 1}, {2, 0, 0}};
    double scale = 1 / reference->p[PDF_TENSOR_MEAN];
    for (int q = 0; q < 4; q++) {
        double variance = 0;
        e[q] = 0;
        for (int k = 0; k < 3; k++) {
            e[q] += scale * rows[q][k] * (tensor->p[k] - reference->p[k]);
            for (int l = 0; l < 3; l++)
                variance += rows[q][k] * rows[q][l] *
                            (factor * factor * tensor->covariance[k][l] + reference->covariance[k][l]);
        }
        e_error[q] = scale * sqrt(variance);
    }
}

static bool fit_position(pdf_tensor *tensor, const pdf_strain *s, size_t p)
{
    double distance[PDF_MAX_DIRECTIONS], error[PDF_MAX_DIRECTIONS];
    for (size_t d = 0; d < s->directions.n; d++) {
        distance[d] = s->distance[p * s->directions.n + d];
        error[d] = s->distance_error[p * s->directions.n + d];
    }
    return pdf_tensor_fit(tensor, &s->directions, distance, error);
}

/* Mean of the positions of the reference, each component weighted by its variance. */
static vtr_status set_reference(pdf_strain *s, vtr_error *err)
{
    double weights[3] = {0}, sums[3] = {0};
    pdf_tensor t;
    for (size_t p = 0; p < s->source.n_positions; p++) {
        if (!s->sums[0].region.member[p] || !fit_position(&t, s, p)) continue;
        for (int k = 0; k < 3; k++) {
            weights[k] += 1 / t.covariance[k][k];
            sums[k] += t.p[k] / t.covariance[k][k];
        }
    }
    if (!(weights[0] > 0))
        return vtr_fail(err, VTR_ERR_NO_DATA,
                        "no position of the reference (%s) has a first shell along three directions",
                        s->sums[0].region.definition);
    s->reference = (pdf_tensor){.chi2 = NAN};
    for (int k = 0; k < 3; k++) {
        s->reference.p[k] = sums[k] / weights[k];
        s->reference.covariance[k][k] = 1 / weights[k];
    }
    return VTR_OK;
}

/* Speckle that two opposite sectors share, and noise that neighbours share, are not in the variance of a sector. The
 * scatter of r1(phi) about the tensors, less what each direction has on the mean, shows how large the errors are: its
 * median in units of theirs. */
static vtr_status set_factor(pdf_strain *s, vtr_error *err)
{
    size_t n = s->directions.n, n_pulls = 0;
    double *pulls = vtr_malloc(s->source.n_positions * n, sizeof *pulls);
    double *offset = vtr_calloc(n, sizeof *offset), *weight = vtr_calloc(n, sizeof *weight);
    s->factor = 1;
    if (pulls == NULL || offset == NULL || weight == NULL) {
        vtr_free(pulls);
        vtr_free(offset);
        vtr_free(weight);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the scatter of the shells");
    }
    for (int round = 0; n > 3 && round < 2; round++)
        for (size_t p = 0; p < s->source.n_positions; p++) {
            pdf_tensor t;
            if (!fit_position(&t, s, p)) continue;
            for (size_t d = 0; d < n; d++) {
                double error = s->distance_error[p * n + d];
                double left = (double)s->distance[p * n + d] - model_at(&t, &s->directions, d);
                if (!isfinite(left) || !(error > 0)) continue;
                if (round == 0) {
                    offset[d] += left / (error * error);
                    weight[d] += 1 / (error * error);
                } else {
                    pulls[n_pulls++] = fabs(left - offset[d] / weight[d]) / error;
                }
            }
        }
    /* the median of |x| of a normal distribution, and the part of the variance that three parameters leave */
    if (n_pulls >= 100)
        s->factor = vtr_median(pulls, n_pulls) / 0.6744897501960817 / sqrt((double)(n - 3) / (double)n);
    vtr_free(pulls);
    vtr_free(offset);
    vtr_free(weight);
    return VTR_OK;
}

vtr_status pdf_strain_maps(pdf_strain *s, vtr_error *err)
{
    vtr_status status = set_reference(s, err);
    if (status == VTR_OK) status = set_factor(s, err);
    if (status != VTR_OK) return status;
    s->n_valid = 0;
    for (size_t p = 0; p < s->source.n_positions; p++) {
        pdf_tensor t = {.chi2 = NAN};
        double e[4] = {NAN, NAN, NAN, NAN}, error[4] = {NAN, NAN, NAN, NAN};
        bool is_valid = fit_position(&t, s, p);
        if (is_valid) pdf_tensor_strain(e, error, &t, &s->reference, s->factor);
        if (!is_valid && s->flags[p] == 0) s->flags[p] = VTR_FLAG_NOT_CONVERGED;
        s->n_valid += is_valid;
        for (int q = 0; q < 4; q++) {
            s->maps[q][p] = (float)e[q];
            s->errors[q][p] = (float)error[q];
        }
        s->chi2[p] = is_valid ? (float)t.chi2 : NAN;
    }
    return VTR_OK;
}
