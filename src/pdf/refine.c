/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/pdf_refine.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

#include "pdf/eggert.h"
#include "vitrail/constants.h"

#define MEMBER(name) offsetof(vtr_pdf_refine_params, name)

static const vtr_parameter parameters[] = {
    {"sum-rule", NULL, VTR_PARAMETER_BOOL, MEMBER(sum_rule),
     .help = "the scale from the sum rule of S(Q) and the density, without background polynomial"},
    {"iterations", NULL, VTR_PARAMETER_SIZE, MEMBER(iterations), .maximum = 1000, .metavar = "N",
     .help = "Eggert iterations that bring G to the line -4 pi rho0 r below rcut"},
    {"iteration-step", NULL, VTR_PARAMETER_DOUBLE, MEMBER(step), .default_value = 1, .minimum = 0.01,
     .maximum = 1, .metavar = "PART", .help = "part of the correction applied in each iteration"},
    {"structure-only", NULL, VTR_PARAMETER_BOOL, MEMBER(structure_only),
     .help = "corrections in proportion to S(Q) instead of the intensity"},
    {"find-density", NULL, VTR_PARAMETER_BOOL, MEMBER(find_density),
     .help = "the density that leaves the least below rcut; the given one is the start"},
    {"density-range", "atoms/Å^3", VTR_PARAMETER_RANGE, MEMBER(density_range), .metavar = "LO:HI",
     .help = "where it is looked for; half to twice the given one unless given"},
    {"formalism", NULL, VTR_PARAMETER_CHOICE, MEMBER(formalism), .choices = "faber-ziman|ashcroft-langreth",
     .help = "which structure factor"},
};

const vtr_parameter_table vtr_pdf_refine_parameters = {"Low-r refinement", parameters,
                                                       sizeof parameters / sizeof *parameters};

vtr_pdf_refine_params vtr_pdf_refine_default_params(void)
{
    vtr_pdf_refine_params params;
    memset(&params, 0, sizeof params);
    vtr_parameters_default(&vtr_pdf_refine_parameters, &params);
    return params;
}

typedef struct work {
    vtr_pdf_plan *plan;
    const vtr_pdf_refine_params *refine;
    const double *intensity;                   /* [n_q] */
    double *f, *jacobian, *scratch, *sum_rule; /* sum_rule [n_q]: weights of Int Q .. dQ */
    double density, scale;
    pdf_eggert eggert;
} work;

/* sum c_i kappa_i^2, kappa_i the mean of f_i/<f> over the range. */
static vtr_status effective_weight(double *out, const vtr_pdf_plan *plan, const vtr_pdf_params *p,
                                   vtr_error *err)
{
    vtr_composition composition;
    vtr_scatterer scatterer;
    double kappa[VTR_COMPOSITION_MAX] = {0}, real[VTR_COMPOSITION_MAX];
    vtr_scatterer_params sp = {.radiation = (vtr_radiation)p->radiation,
                               .electron_table = (vtr_electron_table)p->factors,
                               .xray_table = (vtr_xray_table)p->xray_factors,
                               .compton_table = VTR_COMPTON_NONE};
    vtr_status status = vtr_composition_parse(&composition, p->composition, err);
    if (status == VTR_OK) status = vtr_scatterer_init(&scatterer, &composition, &sp, err);
    if (status != VTR_OK) return status;
    for (size_t j = 0; j < plan->n_q; j++) {
        vtr_scatterer_factors(&scatterer, plan->q[j], real, NULL);
        for (size_t i = 0; i < composition.n; i++)
            kappa[i] += real[i] / plan->mean_f[j] / (double)plan->n_q;
    }
    *out = 0;
    for (size_t i = 0; i < composition.n; i++)
        *out += composition.fraction[i] * kappa[i] * kappa[i];
    return VTR_OK;
}

/* D and B of the plan for the structure factor of Ashcroft and Langreth. */
static vtr_status change_formalism(vtr_pdf_plan *plan, const vtr_pdf_params *params, vtr_error *err)
{
    double weight;
    vtr_status status = effective_weight(&weight, plan, params, err);
    if (status != VTR_OK) return status;
    for (size_t j = 0; j < plan->n_q; j++) {
        double incoherent = plan->atomic[j] - plan->mean_f2[j];
        plan->to_f[j] /= weight;
        plan->self[j] = plan->q[j] + plan->to_f[j] * incoherent;
        plan->atomic[j] = plan->self[j] / plan->to_f[j];
    }
    return VTR_OK;
}

/* N = u . I / (u . atomic - 2 pi^2 rho0) with u = Q D dQ. */
static vtr_status krogh_moe(work *w, vtr_error *err)
{
    const vtr_pdf_plan *plan = w->plan;
    size_t n = plan->n_q;
    double denominator =
        cblas_ddot((int)n, w->sum_rule, 1, plan->atomic, 1) - 2 * VTR_PI * VTR_PI * w->density;
    w->scale = cblas_ddot((int)n, w->sum_rule, 1, w->intensity, 1) / denominator;
    if (!(w->scale > 0) || !isfinite(w->scale))
        return vtr_fail(
            err, VTR_ERR_NUMERIC,
            "the sum rule gives a scale of %g at a density of %g atoms/Å^3: check intensity, range "
            "and density",
            w->scale, w->density);
    for (size_t j = 0; j < n; j++) {
        w->plan->scale.row[j] = w->sum_rule[j] / denominator;
        w->f[j] = plan->to_f[j] * w->intensity[j] / w->scale - plan->self[j];
    }
    w->plan->scale.offset = 0;
    return VTR_OK;
}

/* Scale and iterations at one density; what is left at low r. */
static vtr_status refine_at(work *w, vtr_pdf_refinement *report, vtr_error *err)
{
    vtr_status status = krogh_moe(w, err);
    if (status != VTR_OK) return status;
    report->misfit_before = pdf_eggert_misfit(&w->eggert, w->f, w->density);
    for (size_t i = 0; i < w->refine->iterations; i++)
        pdf_eggert_iterate(&w->eggert, w->plan, w->density, w->refine->step, w->refine->structure_only, w->f,
                           NULL, NULL);
    report->misfit_after = pdf_eggert_misfit(&w->eggert, w->f, w->density);
    return VTR_OK;
}

static vtr_status misfit_of(work *w, double density, double *misfit, vtr_error *err)
{
    vtr_pdf_refinement report;
    w->density = density;
    vtr_status status = refine_at(w, &report, err);
    if (status == VTR_OK) *misfit = report.misfit_after;
    return status;
}

/* Golden section on [a, b]: the end beside the worse of two points moves there. */
static vtr_status narrow(work *w, double a, double b, double *at, vtr_error *err)
{
    const double golden = 0.6180339887498949;
    double x[2] = {b - golden * (b - a), a + golden * (b - a)}, y[2];
    vtr_status status = misfit_of(w, x[0], &y[0], err);
    if (status == VTR_OK) status = misfit_of(w, x[1], &y[1], err);
    while (status == VTR_OK && b - a > 1e-6 * b) {
        int i = y[0] < y[1] ? 0 : 1;
        if (i == 0)
            b = x[1], x[1] = x[0], y[1] = y[0], x[0] = b - golden * (b - a);
        else
            a = x[0], x[0] = x[1], y[0] = y[1], x[1] = a + golden * (b - a);
        status = misfit_of(w, x[i], &y[i], err);
    }
    *at = (a + b) / 2;
    return status;
}

/* About the lowest point of a scan, since at its ends the misfit may fall again. */
static vtr_status find_density(work *w, vtr_error *err)
{
    enum { N_SCAN = 16 };
    const double *range = w->refine->density_range;
    double lo = isnan(range[0]) ? w->density / 2 : range[0], hi = isnan(range[1]) ? 2 * w->density : range[1];
    double width = (hi - lo) / N_SCAN, best = INFINITY, found = lo, misfit;
    for (int i = 0; i <= N_SCAN; i++) {
        vtr_status status = misfit_of(w, lo + width * i, &misfit, err);
        if (status != VTR_OK) return status;
        if (misfit < best) best = misfit, found = lo + width * i;
    }
    if (!(found > lo && found < hi - 0.5 * width))
        return vtr_fail(err, VTR_ERR_NOT_FOUND,
                        "no density between %g and %g atoms/Å^3 leaves least at low r: give another --rcut, "
                        "--density-range, or fewer iterations",
                        lo, hi);
    vtr_status status = narrow(w, found - width, found + width, &found, err);
    w->density = found;
    return status;
}

/* dF/dI after the iterations at this density, beside F itself. */
static vtr_status propagate(work *w, vtr_error *err)
{
    const vtr_pdf_plan *plan = w->plan;
    size_t n = plan->n_q;
    w->jacobian = vtr_calloc(n * n, sizeof(double));
    w->scratch = vtr_calloc((w->eggert.n_nodes + n) * n, sizeof(double));
    if (w->jacobian == NULL || w->scratch == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the errors of %zu points", n);
    vtr_status status = krogh_moe(w, err);
    if (status != VTR_OK) return status;
    for (size_t j = 0; j < n; j++) {
        double *row = w->jacobian + j * n;
        cblas_daxpy((int)n, -(w->f[j] + plan->self[j]) / w->scale, plan->scale.row, 1, row, 1);
        row[j] += plan->to_f[j] / w->scale;
    }
    for (size_t i = 0; i < w->refine->iterations; i++)
        pdf_eggert_iterate(&w->eggert, plan, w->density, w->refine->step, w->refine->structure_only, w->f,
                           w->jacobian, w->scratch);
    return VTR_OK;
}

static void fill_errors(vtr_pdf *pdf, const work *w)
{
    size_t n = pdf->n_q;
    for (size_t j = 0; j < n; j++) {
        double *row = w->jacobian + j * n;
        for (size_t i = 0; i < n; i++)
            row[i] *= pdf->intensity_error[i];
        pdf->F_error[j] = cblas_dnrm2((int)n, row, 1);
        pdf->S_error[j] = pdf->F_error[j] / pdf->q[j];
    }
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)pdf->n_r, (int)n, (int)n, 1,
                w->plan->transform, (int)n, w->jacobian, (int)n, 0, pdf->sensitivity, (int)n);
    memset(pdf->density_sensitivity, 0, n * sizeof(double));
    for (size_t i = 0; i < pdf->n_r; i++) {
        double r = pdf->r[i];
        pdf->G_error[i] = cblas_dnrm2((int)n, pdf->sensitivity + i * n, 1);
        if (pdf->R_error == NULL) continue;
        pdf->R_error[i] = r * pdf->G_error[i];
        pdf->g_error[i] = r > 0 ? pdf->G_error[i] / (4 * VTR_PI * r * pdf->normalisation.density) : NAN;
    }
    vtr_pdf_normalisation *nz = &pdf->normalisation;
    double scale = 0;
    for (size_t j = 0; j < n; j++)
        scale += pow(w->plan->scale.row[j] * pdf->intensity_error[j], 2);
    nz->scale_error = sqrt(scale);
}

static void fill_result(vtr_pdf *pdf, const work *w)
{
    const vtr_pdf_plan *plan = w->plan;
    double density = pdf->normalisation.density;
    for (size_t j = 0; j < pdf->n_q; j++) {
        pdf->F[j] = w->f[j];
        pdf->S[j] = 1 + w->f[j] / pdf->q[j];
        pdf->atomic[j] = w->scale * plan->atomic[j];
        pdf->background[j] = pdf->intensity[j] - w->scale * (w->f[j] + plan->self[j]) / plan->to_f[j];
    }
    cblas_dgemv(CblasRowMajor, CblasNoTrans, (int)pdf->n_r, (int)pdf->n_q, 1, plan->transform, (int)pdf->n_q,
                w->f, 1, 0, pdf->G, 1);
    for (size_t i = 0; i < pdf->n_r && pdf->R != NULL; i++) {
        double r = pdf->r[i], line = 4 * VTR_PI * r * density;
        pdf->R[i] = r * (pdf->G[i] + line);
        pdf->g[i] = r > 0 ? 1 + pdf->G[i] / line : NAN;
    }
}

static vtr_status begin(work *w, const vtr_pdf_profile *profile, vtr_pdf_params *params, vtr_error *err)
{
    params->constant = 0;
    params->scale = 1;
    params->match = NAN;
    params->no_background = true;
    vtr_status status = vtr_pdf_plan_create(&w->plan, profile, params, err);
    if (status != VTR_OK) return status;
    size_t n = w->plan->n_q;
    w->intensity = profile->intensity + w->plan->first;
    w->f = vtr_calloc(n, sizeof *w->f);
    w->sum_rule = vtr_calloc(n, sizeof *w->sum_rule);
    if (w->f == NULL || w->sum_rule == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
    if (w->refine->formalism == VTR_PDF_ASHCROFT_LANGRETH) status = change_formalism(w->plan, params, err);
    const double *q = w->plan->q;
    for (size_t j = 0; j < n; j++)
        w->sum_rule[j] =
            q[j] * w->plan->to_f[j] * ((j + 1 < n ? q[j + 1] : q[j]) - (j > 0 ? q[j - 1] : q[j])) / 2;
    return status;
}

static vtr_status run(vtr_pdf *pdf, vtr_pdf_refinement *report, work *w, const vtr_pdf_profile *profile,
                      vtr_pdf_params *params, vtr_error *err)
{
    w->density = w->plan->normalisation.density;
    vtr_status status = krogh_moe(w, err);
    if (status != VTR_OK) return status;
    params->scale = w->scale;
    status = vtr_pdf_compute(pdf, profile, params, err);
    if (status != VTR_OK) return status;
    double rcut = pdf->normalisation.rcut;
    if (!(rcut > 0))
        return vtr_fail(err, VTR_ERR_NOT_FOUND, "no first neighbour between 0.8 and 6 Å: give --rcut");
    status = pdf_eggert_init(&w->eggert, w->plan, rcut, err);
    if (status == VTR_OK && w->refine->find_density) status = find_density(w, err);
    if (status == VTR_OK) status = refine_at(w, report, err);
    if (status == VTR_OK && profile->variance != NULL) status = propagate(w, err);
    if (status != VTR_OK) return status;
    vtr_pdf_normalisation *nz = &pdf->normalisation;
    nz->source = VTR_PDF_SCALE_DENSITY;
    nz->scale = w->scale;
    nz->density = w->density;
    nz->is_density_given = !w->refine->find_density;
    nz->density_error = nz->is_density_given ? 0 : NAN;
    fill_result(pdf, w);
    if (profile->variance != NULL) fill_errors(pdf, w);
    return VTR_OK;
}

vtr_status vtr_pdf_refine(vtr_pdf *out, vtr_pdf_refinement *report, const vtr_pdf_profile *profile,
                          const vtr_pdf_params *params, const vtr_pdf_refine_params *refine, vtr_error *err)
{
    vtr_pdf_params own = params != NULL ? *params : vtr_pdf_default_params();
    vtr_pdf_refine_params usual = vtr_pdf_refine_default_params();
    vtr_pdf_refinement left;
    vtr_pdf pdf = {0};
    work w = {.refine = refine != NULL ? refine : &usual};
    if (isnan(own.density) && isnan(own.mass_density))
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "the sum rule and the refinement need a density: give --density");
    if (own.kernel != VTR_PDF_KERNEL_SINE)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "a refinement needs the absolute G: --kernel sine");
    vtr_status status = begin(&w, profile, &own, err);
    if (status == VTR_OK) status = run(&pdf, &left, &w, profile, &own, err);
    if (status == VTR_OK) {
        *out = pdf;
        if (report != NULL) *report = left;
    } else {
        vtr_pdf_release(&pdf);
    }
    pdf_eggert_release(&w.eggert);
    vtr_free(w.f);
    vtr_free(w.sum_rule);
    vtr_free(w.jacobian);
    vtr_free(w.scratch);
    vtr_pdf_plan_free(&w.plan);
    return status;
}
