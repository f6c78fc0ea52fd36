/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pdf/background.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

#include "vitrail/constants.h"

/* The structure prior: G beyond rcut is noise of 3 1/Å^2 that falls off over 5 Å and keeps its value over 0.3 Å; an
 * error of 0.1 Q in F (factors, calibration: it keeps the many counts at low Q from ruling alone) and 0.3 of F itself. */
static const double prior_height = 3, prior_length = 5, prior_grain = 0.3, prior_step = 0.05, prior_end = 25;
static const double floor_factor = 0.1, floor_structure = 0.3;

void pdf_sines(pdf_fit *s, double begin, double end, double height, double fade, double *covariance)
{
    size_t n = s->plan->n_q, n_prior = (size_t)((end - begin) / prior_step);
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < n_prior; i++) {
            double r = begin + prior_step * (double)i;
            double deviation = height * exp(-(r - begin) / fade) * sqrt(prior_step * prior_grain);
            s->sines[j * n_prior + i] = deviation * sin(s->plan->q[j] * r);
        }
    cblas_dsyrk(CblasColMajor, CblasLower, CblasTrans, (int)n, (int)n_prior, 1, s->sines, (int)n_prior, 0,
                covariance, (int)n);
}

void pdf_sines_beyond(pdf_fit *s, double *covariance)
{
    pdf_sines(s, s->rcut, prior_end, prior_height, prior_length, covariance);
}

static void fill_covariance(pdf_fit *s, double scale)
{
    size_t n = s->plan->n_q;
    if (s->plan->params.plain_polynomial) {
        memset(s->covariance, 0, n * n * sizeof *s->covariance);
        for (size_t j = 0; j < n; j++)
            s->covariance[j * n + j] = 1;
        return;
    }
    memcpy(s->covariance, s->structure, n * n * sizeof *s->covariance);
    for (size_t j = 0; j < n; j++) {
        double d = s->plan->to_f[j] / scale, q = floor_factor * s->plan->q[j],
               f = s->has_gap ? 0 : floor_structure * s->f[j];
        s->covariance[j * n + j] += d * d * s->variance[j] + q * q + f * f;
    }
}

bool pdf_finds_polynomial(const vtr_pdf_plan *plan)
{
    return plan->n_terms > PDF_POLYNOMIAL && plan->normalisation.n_polynomial == 0;
}

/* The least squares of this step: the density sets the scale, or the scale is known. In the first case column 0 is what
 * N multiplies, held powers of Q with it; then come the powers of Q that are not and, where it is looked for, the
 * line. */
static vtr_status solve(pdf_fit *s, size_t n_powers, bool finds_scale, bool finds_line, size_t *m,
                        vtr_error *err)
{
    const vtr_pdf_plan *plan = s->plan;
    size_t n = plan->n_q;
    double qmaxinst = plan->normalisation.qmaxinst, density = plan->normalisation.density;
    double *column = s->columns;
    if (finds_scale) {
        for (size_t j = 0; j < n; j++)
            column[j] = plan->self[j] + density * s->line[j] + s->leak[j];
        for (size_t t = PDF_POLYNOMIAL; n_powers == 0 && t < plan->n_terms; t++)
            cblas_daxpy((int)n, plan->term[t].per_scale, plan->column[t], 1, column, 1);
        column += n;
    }
    for (size_t k = 0; k < n_powers; k++, column += n)
        for (size_t j = 0; j < n; j++)
            column[j] = plan->smooth[j] * pow(plan->q[j] / qmaxinst, (double)k);
    if (finds_line) {
        memcpy(column, s->line, n * sizeof *column);
        column += n;
    }
    *m = (size_t)(column - s->columns) / n;
    return pdf_least_squares(n, *m, s->columns, s->covariance, s->solution, err);
}

/* Adds `weight` of the functional z . (D (I - constant) - N B) to `out`. */
static void add_functional(const vtr_pdf_plan *plan, const double *z, double weight, pdf_functional *out)
{
    const pdf_functional *c = &plan->term[PDF_CONSTANT];
    size_t n = plan->n_q;
    double on_constant = weight * cblas_ddot((int)n, z, 1, plan->to_f, 1);
    for (size_t j = 0; j < n; j++)
        out->row[j] += weight * z[j] * plan->to_f[j] - on_constant * c->row[j];
    out->per_scale -= weight * cblas_ddot((int)n, z, 1, plan->self, 1) + on_constant * c->per_scale;
    out->offset -= on_constant * c->offset;
}

/* z . (leak + held powers), which N multiplies like B. */
static double on_known(const pdf_fit *s, const double *z)
{
    const vtr_pdf_plan *plan = s->plan;
    int n = (int)plan->n_q;
    double sum = cblas_ddot(n, z, 1, s->leak, 1);
    for (size_t t = PDF_POLYNOMIAL; !pdf_finds_polynomial(plan) && t < plan->n_terms; t++)
        sum += plan->term[t].per_scale * cblas_ddot(n, z, 1, plan->column[t], 1);
    return sum;
}

void pdf_functional_clear(pdf_functional *functional, size_t n)
{
    memset(functional->row, 0, n * sizeof *functional->row);
    functional->per_scale = functional->offset = 0;
}

/* H^T z: with H the part of F that lies beyond rcut in G, z . H F = h . F. F goes to zero below the data in a straight
 * line. With a gap nothing is taken: which pairs of elements the structure belongs to is not known, and what their weights
 * carry into the gap is more than what is left here. */
static void beyond_cut(const pdf_fit *s, const double *z, double *h)
{
    const vtr_pdf_plan *plan = s->plan;
    const double *q = plan->q, step = 0.02;
    size_t n = plan->n_q;
    memset(h, 0, n * sizeof *h);
    if (s->has_gap) return;
    for (size_t i = 0; s->rcut + step * (double)i < prior_end; i++) {
        double r = s->rcut + step * (double)i, sum = 0, weight = i > 0 ? step : step / 2;
        for (size_t j = 0; j < n; j++)
            sum += z[j] * (s->scratch[j] = sin(q[j] * r));
        for (size_t j = 0; j < n; j++)
            h[j] += weight * sum / VTR_PI * s->scratch[j] * (q[j + 1 < n ? j + 1 : j] - q[j > 0 ? j - 1 : 0]);
        h[0] += weight * sum * 2 / VTR_PI * -pdf_line(r, q[0]) / (4 * VTR_PI * q[0]);
    }
}

/* N times the density from the line, the scale known: like the scale from the density below, the fixed point of
 * u = z . (A - N B) - z . N F' in closed form, with A = D (I - constant), N h . F = h . (A - N B - P p), and the polynomial
 * p = Z (A - N B - u line). */
vtr_status pdf_fit_line(pdf_fit *s, size_t n_powers, double scale, pdf_functional *u, vtr_error *err)
{
    const vtr_pdf_plan *plan = s->plan;
    size_t n = plan->n_q, m = 0;
    double *h = s->scratch + n, *z = s->scratch + 2 * n, divisor = 1;
    fill_covariance(s, scale);
    vtr_status status = solve(s, n_powers, false, true, &m, err);
    if (status != VTR_OK) return status;
    memcpy(z, s->solution + (m - 1) * n, n * sizeof *z);
    beyond_cut(s, z, h);
    pdf_functional_clear(u, n);
    add_functional(plan, z, 1, u);
    u->per_scale -= on_known(s, z);
    add_functional(plan, h, -1, u);
    if (n_powers == 0) u->per_scale += on_known(s, h) - cblas_ddot((int)n, h, 1, s->leak, 1);
    if (n_powers > 0) {
        fill_covariance(s, scale);
        status = solve(s, n_powers, false, false, &m, err);
        if (status != VTR_OK) return status;
    }
    for (size_t k = 0; k < n_powers; k++) {
        const double *row = s->solution + k * n;
        double on_power = cblas_ddot((int)n, h, 1, s->columns + k * n, 1);
        add_functional(plan, row, on_power, u);
        u->per_scale -= on_power * on_known(s, row);
        divisor += on_power * cblas_ddot((int)n, row, 1, s->line, 1);
    }
    cblas_dscal((int)n, 1 / divisor, u->row, 1);
    u->per_scale /= divisor;
    u->offset /= divisor;
    return VTR_OK;
}

/* The polynomial with scale and line known; orders between whole numbers are a mean of two fits. */
vtr_status pdf_fit_polynomial(pdf_fit *s, double order, double scale, vtr_error *err)
{
    vtr_pdf_plan *plan = s->plan;
    const vtr_pdf_normalisation *nz = &plan->normalisation;
    size_t n = plan->n_q, low = (size_t)order, m;
    double part[2] = {1 - (order - (double)low), order - (double)low};
    for (size_t t = PDF_POLYNOMIAL; t < plan->n_terms; t++)
        pdf_functional_clear(&plan->term[t], n);
    for (size_t i = 0; i < 2 && part[i] > 0; i++) {
        fill_covariance(s, scale);
        vtr_status status = solve(s, low + i + 1, false, false, &m, err);
        if (status != VTR_OK) return status;
        for (size_t k = 0; k <= low + i; k++) {
            const double *row = s->solution + k * n;
            pdf_functional *term = &plan->term[PDF_POLYNOMIAL + k];
            double weight = part[i] / pow(nz->qmaxinst, (double)k),
                   on_line = cblas_ddot((int)n, row, 1, s->line, 1);
            add_functional(plan, row, weight, term);
            term->per_scale -= weight * cblas_ddot((int)n, row, 1, s->leak, 1);
            if (!s->has_line) continue;
            if (!plan->is_density_found) {
                term->per_scale -= weight * nz->density * on_line;
                continue;
            }
            cblas_daxpy((int)n, -weight * on_line, plan->line.row, 1, term->row, 1);
            term->per_scale -= weight * on_line * plan->line.per_scale;
            term->offset -= weight * on_line * plan->line.offset;
        }
    }
    return VTR_OK;
}

/* N from the density. The coefficient of B + line in D (I - constant) is N^ = z . D I = N (1 + z . F'), where F' is what
 * lies beyond rcut: z is chosen such that this is small, and what is left of it is known, since F follows from N. With
 * h . F = z . F' and F = M D I/N - b that is linear in 1/N,
 *
 *   N^ = N + h . (M D I - N b),   N = (z - M^T h) . D I / (1 - h . b),
 *
 * M = 1 - P Z the projection that takes the polynomial out, b = M B - P Z (line): the fixed point of all iterations that
 * put the line in below rcut, without iterating. */
vtr_status pdf_fit_scale(pdf_fit *s, double order, double scale, vtr_error *err)
{
    vtr_pdf_plan *plan = s->plan;
    size_t n = plan->n_q, m = 0, n_powers = pdf_finds_polynomial(plan) ? (size_t)ceil(order) + 1 : 0;
    double *z = plan->scale.row, *h = s->scratch + n, density = plan->normalisation.density;
    fill_covariance(s, scale);
    vtr_status status = solve(s, n_powers, true, false, &m, err);
    if (status != VTR_OK) return status;
    memcpy(z, s->solution, n * sizeof *z);
    beyond_cut(s, z, h);
    double on_self = cblas_ddot((int)n, h, 1, plan->self, 1);
    cblas_daxpy((int)n, -1, h, 1, z, 1);
    for (size_t t = PDF_POLYNOMIAL; n_powers == 0 && t < plan->n_terms; t++)
        on_self += plan->term[t].per_scale * cblas_ddot((int)n, h, 1, plan->column[t], 1);
    if (n_powers > 0) {
        fill_covariance(s, scale);
        status = solve(s, n_powers, false, false, &m, err);
        if (status != VTR_OK) return status;
    }
    for (size_t k = 0; k < n_powers; k++) {
        const double *row = s->solution + k * n;
        double on_power = cblas_ddot((int)n, h, 1, s->columns + k * n, 1);
        cblas_daxpy((int)n, on_power, row, 1, z, 1);
        on_self -=
            on_power * (cblas_ddot((int)n, row, 1, plan->self, 1) + cblas_ddot((int)n, row, 1, s->leak, 1) +
                        density * cblas_ddot((int)n, row, 1, s->line, 1));
    }
    if (!(1 - on_self > 0.3))
        return vtr_fail(err, VTR_ERR_NUMERIC,
                        "the density does not set the scale: the line below %g Å cannot be told from the "
                        "structure beyond "
                        "it; take a wider range or the scale from the window",
                        s->rcut);
    for (size_t j = 0; j < n; j++)
        z[j] *= plan->to_f[j] / (1 - on_self);
    double sum = 0;
    for (size_t j = 0; j < n; j++)
        sum += z[j];
    plan->scale.offset = -plan->term[PDF_CONSTANT].offset * sum;
    return VTR_OK;
}
