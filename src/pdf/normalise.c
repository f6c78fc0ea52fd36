/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pdf/pdf_internal.h"
#include "vitrail/constants.h"

/* The structure prior: G beyond rcut is noise of 3 1/Å^2 that falls off over 5 Å and keeps its value over 0.3 Å; an
 * error of 0.1 Q in F (factors, calibration: it keeps the many counts at low Q from ruling alone) and 0.3 of F itself. */
static const double prior_height = 3, prior_length = 5, prior_grain = 0.3, prior_step = 0.05, prior_end = 25;
static const double floor_factor = 0.1, floor_structure = 0.3;
/* The first neighbour's distance times this is rcut, the foot of the first peak. */
static const double cut_of_peak = 0.75;
/* The polynomial of order k follows whatever lies below about (k + 1) pi/qmaxinst: beyond this part of rcut too little is
 * left of the line for a density to set the scale. Sharp first peaks (networks, molecules) need more of it. */
static const double most_reach_alloy = 0.78, most_reach_network = 0.5;

typedef struct fit {
    vtr_pdf_plan *plan;
    const double *intensity;                /* [n_q] */
    double *variance;                       /* [n_q] of I/N, in units of F^2 */
    double *covariance, *structure, *sines; /* [n][n], [n][n], [n][n_prior] */
    double *columns, *solution;             /* [m][n] */
    double *line, *f;                       /* [n] */
    double *leak;                           /* [n] what the sizes of the atoms add to the line */
    double *scratch;                        /* [2][n] */
    double rcut;
    bool has_line;
} fit;

double pdf_functional_value(const pdf_functional *functional, size_t n, const double *intensity, double scale)
{
    return cblas_ddot((int)n, functional->row, 1, intensity, 1) + functional->per_scale * scale +
           functional->offset;
}

double pdf_structure(const vtr_pdf_plan *plan, const double *intensity, double *f)
{
    size_t n = plan->n_q;
    double scale = pdf_functional_value(&plan->scale, n, intensity, 0);
    for (size_t j = 0; j < n; j++)
        f[j] = plan->to_f[j] * intensity[j];
    for (size_t t = 0; t < plan->n_terms; t++)
        cblas_daxpy((int)n, -pdf_functional_value(&plan->term[t], n, intensity, scale), plan->column[t], 1, f,
                    1);
    for (size_t j = 0; j < n; j++)
        f[j] = f[j] / scale - plan->self[j];
    return scale;
}

void pdf_ratio_sensitivity(const vtr_pdf_plan *plan, const pdf_functional *functional, double ratio,
                           double scale, double *out)
{
    for (size_t j = 0; j < plan->n_q; j++)
        out[j] = (functional->row[j] + (functional->per_scale - ratio) * plan->scale.row[j]) / scale;
}

/* Covariance of sines beyond rcut, without the diagonal. */
static void fill_structure(fit *s)
{
    size_t n = s->plan->n_q, n_prior = (size_t)((prior_end - s->rcut) / prior_step);
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < n_prior; i++) {
            double r = s->rcut + prior_step * (double)i;
            double deviation =
                prior_height * exp(-(r - s->rcut) / prior_length) * sqrt(prior_step * prior_grain);
            s->sines[j * n_prior + i] = deviation * sin(s->plan->q[j] * r);
        }
    cblas_dsyrk(CblasColMajor, CblasLower, CblasTrans, (int)n, (int)n_prior, 1, s->sines, (int)n_prior, 0,
                s->structure, (int)n);
}

static void fill_covariance(fit *s, double scale)
{
    size_t n = s->plan->n_q;
    memcpy(s->covariance, s->structure, n * n * sizeof *s->covariance);
    for (size_t j = 0; j < n; j++) {
        double d = s->plan->to_f[j] / scale, q = floor_factor * s->plan->q[j], f = floor_structure * s->f[j];
        s->covariance[j * n + j] += d * d * s->variance[j] + q * q + f * f;
    }
}

/* n_polynomial counts the held coefficients until the report. */
static bool finds_polynomial(const vtr_pdf_plan *plan)
{
    return plan->n_terms > PDF_POLYNOMIAL && plan->normalisation.n_polynomial == 0;
}

/* The least squares of this step: the density sets the scale, or the scale is known. In the first case column 0 is what
 * N multiplies, held powers of Q with it; then come the powers of Q that are not and, where it is looked for, the
 * line. */
static vtr_status solve(fit *s, size_t n_powers, bool finds_scale, bool finds_line, size_t *m, vtr_error *err)
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
            column[j] = plan->q[j] * pow(plan->q[j] / qmaxinst, (double)k);
    if (finds_line) {
        memcpy(column, s->line, n * sizeof *column);
        column += n;
    }
    *m = (size_t)(column - s->columns) / n;
    return pdf_least_squares(n, *m, s->columns, s->covariance, s->solution, err);
}

/* Adds `weight` of the functional z . (D I - N (B + density line + leak) - D constant) to `out`. */
static void add_functional(const fit *s, const double *z, double weight, double density, pdf_functional *out)
{
    const vtr_pdf_plan *plan = s->plan;
    const pdf_functional *c = &plan->term[PDF_CONSTANT];
    size_t n = plan->n_q;
    double on_constant = weight * cblas_ddot((int)n, z, 1, plan->to_f, 1);
    double on_self = weight * cblas_ddot((int)n, z, 1, plan->self, 1);
    if (density != 0) on_self += weight * density * cblas_ddot((int)n, z, 1, s->line, 1);
    on_self += weight * cblas_ddot((int)n, z, 1, s->leak, 1);
    for (size_t j = 0; j < n; j++)
        out->row[j] += weight * z[j] * plan->to_f[j] - on_constant * c->row[j];
    out->per_scale -= on_self + on_constant * c->per_scale;
    out->offset -= on_constant * c->offset;
}

static void clear(pdf_functional *functional, size_t n)
{
    memset(functional->row, 0, n * sizeof *functional->row);
    functional->per_scale = functional->offset = 0;
}

/* The polynomial with the scale known; orders between whole numbers are a mean of two fits. */
static vtr_status fit_polynomial(fit *s, double order, double scale, vtr_error *err)
{
    vtr_pdf_plan *plan = s->plan;
    const vtr_pdf_normalisation *nz = &plan->normalisation;
    size_t n = plan->n_q, low = (size_t)order;
    bool finds_line = s->has_line && isnan(nz->density);
    double part[2] = {1 - (order - (double)low), order - (double)low};
    for (size_t t = PDF_POLYNOMIAL; t < plan->n_terms; t++)
        clear(&plan->term[t], n);
    clear(&plan->line, n);
    for (size_t i = 0; i < 2 && part[i] > 0; i++) {
        size_t m;
        fill_covariance(s, scale);
        vtr_status status = solve(s, low + i + 1, false, finds_line, &m, err);
        if (status != VTR_OK) return status;
        double density = s->has_line && !finds_line ? nz->density : 0;
        for (size_t k = 0; k <= low + i; k++)
            add_functional(s, s->solution + k * n, part[i] / pow(nz->qmaxinst, (double)k), density,
                           &plan->term[PDF_POLYNOMIAL + k]);
        if (finds_line) add_functional(s, s->solution + (m - 1) * n, part[i], 0, &plan->line);
    }
    plan->is_density_found = finds_line;
    return VTR_OK;
}

/* H^T z: with H the part of F that lies beyond rcut in G, z . H F = h . F. F goes to zero below the data in a straight
 * line. */
static void beyond_cut(const fit *s, const double *z, double *h)
{
    const vtr_pdf_plan *plan = s->plan;
    const double *q = plan->q, step = 0.02;
    size_t n = plan->n_q;
    memset(h, 0, n * sizeof *h);
    for (size_t i = 0; s->rcut + step * (double)i < prior_end; i++) {
        double r = s->rcut + step * (double)i, sum = 0, weight = i > 0 ? step : step / 2;
        for (size_t j = 0; j < n; j++)
            sum += z[j] * (s->scratch[j] = sin(q[j] * r));
        for (size_t j = 0; j < n; j++)
            h[j] += weight * sum / VTR_PI * s->scratch[j] * (q[j + 1 < n ? j + 1 : j] - q[j > 0 ? j - 1 : 0]);
        h[0] += weight * sum * 2 / VTR_PI * -pdf_line(r, q[0]) / (4 * VTR_PI * q[0]);
    }
}

/* N from the density. The coefficient of B + line in D (I - constant) is N^ = z . D I = N (1 + z . F'), where F' is what
 * lies beyond rcut: z is chosen such that this is small, and what is left of it is known, since F follows from N. With
 * h . F = z . F' and F = M D I/N - b that is linear in 1/N,
 *
 *   N^ = N + h . (M D I - N b),   N = (z - M^T h) . D I / (1 - h . b),
 *
 * M = 1 - P Z the projection that takes the polynomial out, b = M B - P Z (line): the fixed point of all iterations that
 * put the line in below rcut, without iterating. */
static vtr_status fit_scale(fit *s, double order, double scale, vtr_error *err)
{
    vtr_pdf_plan *plan = s->plan;
    size_t n = plan->n_q, m = 0, n_powers = finds_polynomial(plan) ? (size_t)ceil(order) + 1 : 0;
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

static vtr_status check_scale(double scale, vtr_error *err)
{
    if (scale > 0 && isfinite(scale)) return VTR_OK;
    return vtr_fail(
        err, VTR_ERR_NUMERIC,
        "the scale comes out as %g: the intensity does not follow <f^2> in the range; check its unit, the "
        "composition and the background",
        scale);
}

/* The first maximum of G that reaches 0.4 of the highest up to 20 Å, where it lies between 0.8 and 6 Å; NAN otherwise: with
 * an axis that lacks 2 pi, the atoms stand six times too far apart. */
static double first_peak(const fit *s)
{
    enum { N_R = 770 };
    const double begin = 0.775, step = 0.025;
    double g[N_R], top = 0;
    const vtr_pdf_plan *plan = s->plan;
    for (size_t j = 0; j < plan->n_q; j++) {
        double x = VTR_PI * plan->q[j] / plan->normalisation.qmax;
        s->scratch[j] = j < plan->n_transform ? s->f[j] * sin(x) / x : 0;
    }
    for (int i = 0; i < N_R; i++) {
        double r = begin + step * i;
        vtr_pdf_transform(plan->n_q, plan->q, s->scratch, 1, &r, &g[i]);
        top = fmax(top, g[i]);
    }
    for (int i = 1; i + 1 < N_R && begin + step * i < 6; i++)
        if (g[i] >= 0.4 * top && g[i] > g[i - 1] && g[i] >= g[i + 1]) return begin + step * i;
    return NAN;
}

double pdf_background_order(const vtr_pdf_params *params, double qmaxinst)
{
    double order =
        isnan(params->rpoly) ? (double)params->background_order : params->rpoly * qmaxinst / VTR_PI - 1;
    return fmin(fmax(order, 0), VTR_PDF_MAX_ORDER);
}

static void set_cut(fit *s, double rcut)
{
    s->rcut = rcut;
    for (size_t j = 0; j < s->plan->n_q; j++)
        s->line[j] = pdf_line(s->plan->q[j], rcut);
    fill_structure(s);
}

static vtr_status iterate(fit *s, double order, double scale, bool from_density, int n_rounds, vtr_error *err)
{
    vtr_pdf_plan *plan = s->plan;
    vtr_status status = VTR_OK;
    for (int round = 0; status == VTR_OK && round < n_rounds; round++) {
        if (from_density) status = fit_scale(s, order, scale, err);
        scale = pdf_functional_value(&plan->scale, plan->n_q, s->intensity, 0);
        if (status == VTR_OK) status = check_scale(scale, err);
        if (status == VTR_OK && finds_polynomial(plan)) status = fit_polynomial(s, order, scale, err);
        if (status == VTR_OK) pdf_structure(plan, s->intensity, s->f);
        if (status == VTR_OK && s->has_line) pdf_size_effect(plan, s->f, s->rcut, s->scratch, s->leak);
    }
    return status;
}

static vtr_status run(fit *s, vtr_error *err)
{
    vtr_pdf_plan *plan = s->plan;
    vtr_pdf_normalisation *nz = &plan->normalisation;
    double order = pdf_background_order(&plan->params, nz->qmaxinst);
    bool from_density = nz->is_density_given && isnan(plan->params.scale) && isnan(plan->params.match) &&
                        !plan->params.scale_from_window;
    vtr_status status = pdf_scale_simply(plan, err);
    if (status != VTR_OK) return status;
    double scale = pdf_functional_value(&plan->scale, plan->n_q, s->intensity, 0);
    status = check_scale(scale, err);
    if (status != VTR_OK) return status;
    nz->window_scale = nz->source == VTR_PDF_SCALE_WINDOW ? scale : NAN;
    set_cut(s, 1);
    status = iterate(s, order, scale, false, 2, err);
    if (status != VTR_OK) return status;
    nz->first_peak = first_peak(s);
    nz->rcut = !isnan(plan->params.rcut) ? plan->params.rcut : cut_of_peak * nz->first_peak;
    if (!(nz->rcut > 0)) return VTR_OK; /* no line to leave alone */
    s->has_line = true;
    set_cut(s, nz->rcut);
    double most_reach = (plan->is_alloy ? most_reach_alloy : most_reach_network) * nz->rcut;
    if (from_density && finds_polynomial(plan) && (order + 1) * VTR_PI / nz->qmaxinst > most_reach) {
        nz->notes |= VTR_PDF_NOTE_ORDER;
        from_density = false;
    }
    if (from_density) {
        nz->source = VTR_PDF_SCALE_DENSITY;
        clear(&plan->term[PDF_CONSTANT], plan->n_q);
        plan->term[PDF_CONSTANT].offset = isnan(plan->params.constant) ? 0 : plan->params.constant;
        clear(&plan->scale, plan->n_q);
    }
    return iterate(s, order, scale, from_density, 4, err);
}

/* With k for Q the form factors fall six times too slowly: intensity over <f^2> then falls by dozens between the second
 * quarter of the range and its end, where a background lets it fall by two or three at most, or rise. */
static bool is_axis_doubtful(const vtr_pdf_plan *plan, const double *intensity)
{
    size_t n = plan->n_q, last = n - n / 20 - 1;
    double early = 0, late = 0;
    for (size_t j = n / 4; j < n / 2; j++)
        early += intensity[j] / plan->atomic[j] / (double)(n / 2 - n / 4);
    for (size_t j = last; j < n; j++)
        late += intensity[j] / plan->atomic[j] / (double)(n - last);
    return isnan(plan->normalisation.first_peak) || early > 8 * fabs(late);
}

/* Values and errors on the mean profile. */
static void report(vtr_pdf_plan *plan, const double *intensity, const double *variance)
{
    vtr_pdf_normalisation *nz = &plan->normalisation;
    size_t n = plan->n_q;
    const pdf_functional *c = &plan->term[PDF_CONSTANT];
    nz->scale = pdf_functional_value(&plan->scale, n, intensity, 0);
    pdf_structure(plan, intensity, plan->structure);
    nz->constant = pdf_functional_value(c, n, intensity, nz->scale);
    nz->n_polynomial = plan->n_terms - PDF_POLYNOMIAL;
    for (size_t k = 0; k < nz->n_polynomial; k++)
        nz->polynomial[k] =
            pdf_functional_value(&plan->term[PDF_POLYNOMIAL + k], n, intensity, nz->scale) / nz->scale;
    if (plan->is_density_found)
        nz->density = pdf_functional_value(&plan->line, n, intensity, nz->scale) / nz->scale;
    if (nz->source == VTR_PDF_SCALE_DENSITY &&
        (nz->scale < 0.5 * nz->window_scale || nz->scale > 1.2 * nz->window_scale))
        nz->notes |= VTR_PDF_NOTE_SCALE;
    if (is_axis_doubtful(plan, intensity)) nz->notes |= VTR_PDF_NOTE_AXIS;
    if (nz->density <= 0) nz->notes |= VTR_PDF_NOTE_DENSITY;
    double scale = 0, constant = 0, density = 0;
    for (size_t j = 0; variance != NULL && j < n; j++) {
        double row = plan->scale.row[j], on_constant = c->row[j] + c->per_scale * row;
        double on_density =
            plan->is_density_found ? plan->line.row[j] + (plan->line.per_scale - nz->density) * row : 0;
        scale += row * row * variance[j];
        constant += on_constant * on_constant * variance[j];
        density += on_density * on_density * variance[j];
    }
    nz->scale_error = variance != NULL ? sqrt(scale) : NAN;
    nz->constant_error = variance != NULL ? sqrt(constant) : NAN;
    nz->density_error = variance != NULL ? sqrt(density) / nz->scale : NAN;
    for (size_t j = 0; j < n; j++)
        if (intensity[j] <= 0) nz->notes |= VTR_PDF_NOTE_NEGATIVE;
    if (isfinite(nz->first_peak) && nz->source == VTR_PDF_SCALE_WINDOW &&
        (nz->fit[1] - nz->fit[0]) * nz->first_peak < 4 * VTR_PI)
        nz->notes |= VTR_PDF_NOTE_SHORT_WINDOW;
}

vtr_status pdf_normalise(vtr_pdf_plan *plan, const double *intensity, const double *variance, vtr_error *err)
{
    vtr_status status = VTR_ERR_MEMORY;
    size_t n = plan->n_q;
    fit s = {.plan = plan, .intensity = intensity};
    s.variance = vtr_calloc(n, sizeof *s.variance);
    s.covariance = vtr_calloc(n * n, sizeof *s.covariance);
    s.structure = vtr_calloc(n * n, sizeof *s.structure);
    s.sines = vtr_calloc(n * (size_t)(prior_end / prior_step), sizeof *s.sines);
    s.columns = vtr_calloc(n * (PDF_MAX_TERMS + 2), sizeof *s.columns);
    s.solution = vtr_calloc(n * (PDF_MAX_TERMS + 2), sizeof *s.solution);
    s.line = vtr_calloc(n, sizeof *s.line);
    s.f = vtr_calloc(n, sizeof *s.f);
    s.leak = vtr_calloc(n, sizeof *s.leak);
    s.scratch = vtr_calloc(2 * n, sizeof *s.scratch);
    if (s.variance == NULL || s.covariance == NULL || s.structure == NULL || s.sines == NULL ||
        s.columns == NULL || s.solution == NULL || s.line == NULL || s.f == NULL || s.leak == NULL ||
        s.scratch == NULL) {
        vtr_fail(err, status, "out of memory for a plan of %zu points", n);
        goto cleanup;
    }
    if (variance != NULL) memcpy(s.variance, variance, n * sizeof *variance);
    status = run(&s, err);
    if (status == VTR_OK) report(plan, intensity, variance);
cleanup:
    vtr_free(s.variance);
    vtr_free(s.covariance);
    vtr_free(s.structure);
    vtr_free(s.sines);
    vtr_free(s.columns);
    vtr_free(s.solution);
    vtr_free(s.line);
    vtr_free(s.f);
    vtr_free(s.leak);
    vtr_free(s.scratch);
    return status;
}
