/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <cblas.h>
#include <math.h>
#include <string.h>

#include "pdf/background.h"
#include "vitrail/constants.h"

/* The first neighbour's distance times this is rcut, the foot of the first peak. */
static const double cut_of_peak = 0.75;
/* The polynomial of order k follows whatever lies below about (k + 1) pi/qmaxinst: beyond this part of rcut too little is
 * left of the line for a density to set the scale. Sharp first peaks (networks, molecules) need more of it. */
static const double most_reach_alloy = 0.78, most_reach_other = 0.5;

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
static double first_peak(const pdf_fit *s)
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

static void set_cut(pdf_fit *s, double rcut)
{
    s->rcut = rcut;
    for (size_t j = 0; j < s->plan->n_q; j++)
        s->line[j] = pdf_line(s->plan->q[j], rcut);
    pdf_sines_beyond(s, s->structure);
}

static vtr_status iterate(pdf_fit *s, double order, double scale, bool from_density, int n_rounds,
                          vtr_error *err)
{
    vtr_pdf_plan *plan = s->plan;
    vtr_status status = VTR_OK;
    for (int round = 0; status == VTR_OK && round < n_rounds; round++) {
        if (from_density) status = pdf_fit_scale(s, order, scale, err);
        scale = pdf_functional_value(&plan->scale, plan->n_q, s->intensity, 0);
        if (status == VTR_OK) status = check_scale(scale, err);
        if (status == VTR_OK && plan->is_density_found)
            status = pdf_fit_line(s, pdf_finds_polynomial(plan) ? (size_t)ceil(order) + 1 : 0, scale,
                                  &plan->line, err);
        if (status == VTR_OK && pdf_finds_polynomial(plan)) status = pdf_fit_polynomial(s, order, scale, err);
        if (status == VTR_OK) pdf_structure(plan, s->intensity, s->f);
        if (status == VTR_OK && s->has_line) pdf_size_effect(plan, s->f, s->rcut, s->scratch, s->leak);
    }
    return status;
}

/* Whether the polynomial leaves too little of the line. */
static bool is_hidden(const pdf_fit *s, double order)
{
    const vtr_pdf_normalisation *nz = &s->plan->normalisation;
    if (s->has_gap) return pdf_network_is_hidden(s, order);
    double most = s->plan->is_alloy ? most_reach_alloy : most_reach_other;
    return (order + 1) * VTR_PI / nz->qmaxinst > most * nz->rcut;
}

static vtr_status run(pdf_fit *s, vtr_error *err)
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
    if (!(nz->rcut > 0) || plan->params.plain_polynomial) return VTR_OK; /* no line to leave alone */
    if (plan->is_network && isnan(plan->params.rcut)) {
        status = pdf_network_window(s, err);
        if (status != VTR_OK) return status;
        scale = pdf_functional_value(&plan->scale, plan->n_q, s->intensity, 0);
        if (nz->source == VTR_PDF_SCALE_WINDOW) nz->window_scale = scale;
        pdf_network_cut(s);
    } else {
        set_cut(s, nz->rcut);
    }
    bool reaches = pdf_finds_polynomial(plan) && is_hidden(s, order);
    if (reaches) nz->notes |= VTR_PDF_NOTE_ORDER;
    from_density &= !reaches;
    s->has_line = nz->is_density_given || !reaches;
    plan->is_density_found = s->has_line && !nz->is_density_given;
    if (from_density) {
        nz->source = s->has_gap ? VTR_PDF_SCALE_GAP : VTR_PDF_SCALE_DENSITY;
        pdf_functional_clear(&plan->term[PDF_CONSTANT], plan->n_q);
        plan->term[PDF_CONSTANT].offset = isnan(plan->params.constant) ? 0 : plan->params.constant;
        pdf_functional_clear(&plan->scale, plan->n_q);
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
    if ((nz->source == VTR_PDF_SCALE_DENSITY || nz->source == VTR_PDF_SCALE_GAP) &&
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
    pdf_fit s = {.plan = plan, .intensity = intensity};
    s.variance = vtr_calloc(n, sizeof *s.variance);
    s.covariance = vtr_calloc(n * n, sizeof *s.covariance);
    s.structure = vtr_calloc(n * n, sizeof *s.structure);
    s.sines = vtr_calloc(n * PDF_PRIOR_POINTS, sizeof *s.sines);
    s.columns = vtr_calloc(n * (PDF_MAX_TERMS + 2), sizeof *s.columns);
    s.solution = vtr_calloc(n * (PDF_MAX_TERMS + 2), sizeof *s.solution);
    s.line = vtr_calloc(n, sizeof *s.line);
    s.f = vtr_calloc(n, sizeof *s.f);
    s.leak = vtr_calloc(n, sizeof *s.leak);
    s.scratch = vtr_calloc(3 * n, sizeof *s.scratch);
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
