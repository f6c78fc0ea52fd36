/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pdf/pdf_internal.h"

enum { MAX_POINTS = 8192, MAX_DISTANCES = 100000 };

/* The run of points in use, and the ranges as the data have them. */
static vtr_status choose_range(vtr_pdf_plan *plan, const vtr_pdf_profile *mean, vtr_error *err)
{
    const vtr_pdf_params *p = &plan->params;
    vtr_pdf_normalisation *nz = &plan->normalisation;
    const double *q = plan->axis;
    size_t first = 0, last = mean->n;
    while (first < last && (!isfinite(mean->intensity[first]) || q[first] <= 0))
        first++;
    while (last > first && !isfinite(mean->intensity[last - 1]))
        last--;
    if (last < first + 8)
        return vtr_fail(err, VTR_ERR_NO_DATA, "the profile holds %zu points, too few", last - first);
    double qmaxinst = !isnan(p->qmaxinst) ? p->qmaxinst : !isnan(p->qmax) ? p->qmax : q[last - 1];
    double qmax = !isnan(p->qmax) ? p->qmax : qmaxinst, qmin = !isnan(p->qmin) ? p->qmin : q[first];
    double slack = 0.51 * (q[last - 1] - q[last - 2]);
    if (qmin < q[first] - slack)
        return vtr_fail(err, VTR_ERR_RANGE, "qmin %g lies below the data, which begin at %g 1/Å", qmin,
                        q[first]);
    if (fmax(qmaxinst, qmax) > q[last - 1] + slack)
        return vtr_fail(err, VTR_ERR_RANGE, "%s %g lies beyond the data, which end at %g 1/Å",
                        qmax > qmaxinst ? "qmax" : "qmaxinst", fmax(qmaxinst, qmax), q[last - 1]);
    if (qmax > qmaxinst)
        return vtr_fail(err, VTR_ERR_RANGE, "qmax %g is larger than qmaxinst %g", qmax, qmaxinst);
    double reach = 1e-9 * qmaxinst; /* a limit meant to be a grid point is that point */
    while (first < last && q[first] < qmin - reach)
        first++;
    while (last > first && q[last - 1] > qmaxinst + reach)
        last--;
    if (last < first + 8)
        return vtr_fail(err, VTR_ERR_NO_DATA, "%zu points between %g and %g 1/Å, too few", last - first, qmin,
                        qmaxinst);
    if (last - first > MAX_POINTS)
        return vtr_fail(err, VTR_ERR_RANGE, "%zu points between %g and %g 1/Å are too many; at most %d",
                        last - first, qmin, qmaxinst, MAX_POINTS);
    for (size_t j = first; j < last; j++) {
        if (!isfinite(mean->intensity[j]))
            return vtr_fail(err, VTR_ERR_NO_DATA,
                            "no data at %g 1/Å, between qmin %g and qmaxinst %g: choose a range without gaps",
                            q[j], qmin, qmaxinst);
        if (mean->variance != NULL && !(mean->variance[j] >= 0))
            return vtr_fail(err, VTR_ERR_ARGUMENT, "the variance at %g 1/Å is %g", q[j], mean->variance[j]);
    }
    plan->first = first;
    plan->n_q = last - first;
    nz->qmin = q[first];
    nz->qmaxinst = q[last - 1];
    while (plan->n_transform < plan->n_q && q[first + plan->n_transform] <= qmax + reach)
        plan->n_transform++;
    nz->qmax = q[first + plan->n_transform - 1];
    nz->fit[0] = !isnan(p->fit[0]) ? p->fit[0] : 0.6 * nz->qmaxinst;
    nz->fit[1] = !isnan(p->fit[1]) ? p->fit[1] : nz->qmaxinst;
    return VTR_OK;
}

static vtr_status copy_axis(vtr_pdf_plan *plan, const vtr_pdf_profile *mean, vtr_error *err)
{
    double scale = vtr_pdf_axis_scale(mean->axis_kind);
    plan->n_data = mean->n;
    plan->axis = vtr_malloc(mean->n, sizeof *plan->axis);
    if (plan->axis == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu points", mean->n);
    for (size_t j = 0; j < mean->n; j++) {
        plan->axis[j] = scale * mean->axis[j];
        if (!isfinite(plan->axis[j]) || (j > 0 && plan->axis[j] <= plan->axis[j - 1]))
            return vtr_fail(err, VTR_ERR_ARGUMENT, "the axis of the profile does not increase at point %zu",
                            j);
    }
    return VTR_OK;
}

static vtr_status allocate(vtr_pdf_plan *plan, vtr_error *err)
{
    const vtr_pdf_params *p = &plan->params;
    size_t n = plan->n_q;
    double **arrays[] = {&plan->q,    &plan->mean_f, &plan->mean_f2,   &plan->atomic,    &plan->to_f,
                         &plan->self, &plan->smooth, &plan->structure, &plan->scale.row, &plan->line.row};
    bool is_short = false;
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        is_short |= (*arrays[i] = vtr_calloc(n, sizeof(double))) == NULL;
    for (size_t t = 0; t < plan->n_terms; t++) {
        is_short |= (plan->column[t] = vtr_calloc(n, sizeof(double))) == NULL;
        is_short |= (plan->term[t].row = vtr_calloc(n, sizeof(double))) == NULL;
    }
    if (!(p->rmin >= 0) || !(p->rmax > p->rmin) || !(p->rstep > 0) ||
        (p->rmax - p->rmin) / p->rstep > MAX_DISTANCES)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "distances from %g to %g Å in steps of %g Å", p->rmin, p->rmax,
                        p->rstep);
    plan->n_r = (size_t)floor((p->rmax - p->rmin) / p->rstep + 1e-6) + 1;
    is_short |= (plan->r = vtr_calloc(plan->n_r, sizeof(double))) == NULL;
    is_short |= (plan->transform = vtr_calloc(plan->n_r * n, sizeof(double))) == NULL;
    is_short |= (plan->mean_g = vtr_calloc(plan->n_r, sizeof(double))) == NULL;
    is_short |= (plan->sensitivity = vtr_calloc(plan->n_r * n, sizeof(double))) == NULL;
    return is_short ? vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu x %zu points", n, plan->n_r)
                    : VTR_OK;
}

/* Whether the background is a polynomial times the atoms' own scattering. */
static bool follows_atoms(const vtr_pdf_plan *plan, const vtr_pdf_params *p)
{
    if (p->background_shape != VTR_PDF_BACKGROUND_AUTO)
        return p->background_shape == VTR_PDF_BACKGROUND_ATOMS;
    return plan->is_network && p->radiation == VTR_RADIATION_ELECTRON && !p->plain_polynomial;
}

/* <f>, <f^2> and the density of the composition. */
static vtr_status fill_factors(vtr_pdf_plan *plan, const vtr_pdf_params *p, vtr_error *err)
{
    vtr_composition composition;
    vtr_scatterer scatterer;
    vtr_scatterer_params sp = {.radiation = (vtr_radiation)p->radiation,
                               .electron_table = (vtr_electron_table)p->factors,
                               .xray_table = (vtr_xray_table)p->xray_factors,
                               .compton_table = (vtr_compton_table)p->compton,
                               .energy_kev = isnan(p->xray_energy_kev) ? 0 : p->xray_energy_kev,
                               .with_dispersion = p->with_dispersion,
                               .recoil_power = (int)p->recoil_power};
    if (p->composition == NULL) return vtr_fail(err, VTR_ERR_ARGUMENT, "no composition given");
    vtr_status status = vtr_composition_parse(&composition, p->composition, err);
    if (status == VTR_OK) status = vtr_scatterer_init(&scatterer, &composition, &sp, err);
    if (status == VTR_OK) status = vtr_scatterer_check(&scatterer, plan->normalisation.qmaxinst, err);
    if (status != VTR_OK) return status;
    for (size_t j = 0; j < plan->n_q; j++) {
        double q = plan->axis[plan->first + j], incoherent;
        vtr_scatterer_averages(&scatterer, q, &plan->mean_f[j], &plan->mean_f2[j], &incoherent);
        double f_squared = plan->mean_f[j] * plan->mean_f[j];
        if (!(f_squared > 0))
            return vtr_fail(err, VTR_ERR_NUMERIC,
                            "<f> of '%s' vanishes at %g 1/Å: S(Q) - 1 has no scale there", p->composition, q);
        plan->q[j] = q;
        plan->atomic[j] = plan->mean_f2[j] + incoherent;
        plan->to_f[j] = q / f_squared;
        plan->self[j] = q * plan->atomic[j] / f_squared;
    }
    status = pdf_size_prepare(plan, &scatterer, err);
    if (status == VTR_OK) status = pdf_network_prepare(plan, &scatterer, err);
    memcpy(plan->smooth, follows_atoms(plan, p) ? plan->self : plan->q, plan->n_q * sizeof *plan->smooth);
    vtr_pdf_normalisation *nz = &plan->normalisation;
    nz->density = !isnan(p->density) ? p->density : vtr_number_density(&composition, p->mass_density);
    nz->is_density_given = !isnan(nz->density);
    return status;
}

/* Number of polynomial terms, and the held coefficients where there are some. */
static vtr_status count_terms(vtr_pdf_plan *plan, const vtr_pdf_params *p, double held[], vtr_error *err)
{
    vtr_pdf_normalisation *nz = &plan->normalisation;
    const char *text = p->polynomial;
    if (p->background_order > VTR_PDF_MAX_ORDER)
        return vtr_fail(err, VTR_ERR_RANGE, "background of order %zu; at most %d", p->background_order,
                        VTR_PDF_MAX_ORDER);
    while (text != NULL && !p->no_background) {
        char number[64];
        size_t length = strcspn(text, ",");
        if (nz->n_polynomial > VTR_PDF_MAX_ORDER || length >= sizeof number)
            return vtr_fail(err, VTR_ERR_ARGUMENT, "polynomial '%s' is not a list of at most %d numbers",
                            p->polynomial, VTR_PDF_MAX_ORDER + 1);
        memcpy(number, text, length);
        number[length] = '\0';
        if (vtr_parse_double(number, &held[nz->n_polynomial++]) != 0)
            return vtr_fail(err, VTR_ERR_ARGUMENT, "polynomial '%s': '%s' is not a number", p->polynomial,
                            number);
        text = text[length] == ',' ? text + length + 1 : NULL;
    }
    plan->n_terms = PDF_POLYNOMIAL;
    if (p->no_background) return VTR_OK;
    plan->n_terms +=
        nz->n_polynomial > 0 ? nz->n_polynomial : (size_t)ceil(pdf_background_order(p, nz->qmaxinst)) + 1;
    return VTR_OK;
}

static void fill_terms(vtr_pdf_plan *plan, const double held[])
{
    memcpy(plan->column[PDF_CONSTANT], plan->to_f, plan->n_q * sizeof(double));
    for (size_t t = PDF_POLYNOMIAL; t < plan->n_terms; t++)
        for (size_t j = 0; j < plan->n_q; j++)
            plan->column[t][j] = plan->smooth[j] * pow(plan->q[j], (double)(t - PDF_POLYNOMIAL));
    for (size_t k = 0; k < plan->normalisation.n_polynomial; k++)
        plan->term[PDF_POLYNOMIAL + k].per_scale = held[k];
}

static void fill_transform(vtr_pdf_plan *plan)
{
    for (size_t i = 0; i < plan->n_r; i++) {
        plan->r[i] = plan->params.rmin + plan->params.rstep * (double)i;
        pdf_transform_row(plan, plan->r[i], plan->transform + i * plan->n_q);
    }
    pdf_sensitivity(plan, plan->n_r, plan->transform, plan->sensitivity);
    cblas_dgemv(CblasRowMajor, CblasNoTrans, (int)plan->n_r, (int)plan->n_q, 1, plan->transform,
                (int)plan->n_q, plan->structure, 1, 0, plan->mean_g, 1);
}

static vtr_status build(vtr_pdf_plan *plan, const vtr_pdf_profile *mean, const vtr_pdf_params *params,
                        vtr_error *err)
{
    double held[VTR_PDF_MAX_ORDER + 1];
    openblas_set_num_threads(1); /* the bits of a plan do not depend on the number of threads */
    vtr_status status = copy_axis(plan, mean, err);
    if (status == VTR_OK) status = choose_range(plan, mean, err);
    if (status == VTR_OK) status = count_terms(plan, params, held, err);
    if (status == VTR_OK) status = allocate(plan, err);
    if (status == VTR_OK) status = fill_factors(plan, params, err);
    if (status != VTR_OK) return status;
    fill_terms(plan, held);
    status = pdf_normalise(plan, mean->intensity + plan->first,
                           mean->variance != NULL ? mean->variance + plan->first : NULL, err);
    if (status == VTR_OK) fill_transform(plan);
    return status;
}

vtr_status vtr_pdf_plan_create(vtr_pdf_plan **out, const vtr_pdf_profile *mean, const vtr_pdf_params *params,
                               vtr_error *err)
{
    vtr_pdf_plan *plan = vtr_calloc(1, sizeof *plan);
    if (plan == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
    plan->params = params != NULL ? *params : vtr_pdf_default_params();
    if (plan->params.no_constant && isnan(plan->params.constant)) plan->params.constant = 0;
    vtr_status status = build(plan, mean, &plan->params, err);
    plan->params.composition = plan->params.polynomial = NULL;
    if (status != VTR_OK)
        vtr_pdf_plan_free(&plan);
    else
        *out = plan;
    return status;
}

void vtr_pdf_plan_free(vtr_pdf_plan **plan)
{
    vtr_pdf_plan *p = *plan;
    if (p == NULL) return;
    double *arrays[] = {p->axis,        p->q,         p->mean_f,      p->mean_f2,   p->atomic,
                        p->to_f,        p->self,      p->structure,   p->scale.row, p->line.row,
                        p->r,           p->transform, p->sensitivity, p->mean_g,    p->pair_weight,
                        p->bond_weight, p->smooth,    p->correlation};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        vtr_free(arrays[i]);
    for (size_t t = 0; t < PDF_MAX_TERMS; t++) {
        vtr_free(p->column[t]);
        vtr_free(p->term[t].row);
    }
    vtr_free(p);
    *plan = NULL;
}

size_t vtr_pdf_plan_n_data(const vtr_pdf_plan *plan)
{
    return plan->n_data;
}

size_t vtr_pdf_plan_first(const vtr_pdf_plan *plan)
{
    return plan->first;
}

size_t vtr_pdf_plan_n_q(const vtr_pdf_plan *plan)
{
    return plan->n_q;
}

size_t vtr_pdf_plan_n_r(const vtr_pdf_plan *plan)
{
    return plan->n_r;
}

const double *vtr_pdf_plan_q(const vtr_pdf_plan *plan)
{
    return plan->q;
}

const double *vtr_pdf_plan_r(const vtr_pdf_plan *plan)
{
    return plan->r;
}

const double *vtr_pdf_plan_mean_f(const vtr_pdf_plan *plan)
{
    return plan->mean_f;
}

const double *vtr_pdf_plan_mean_f2(const vtr_pdf_plan *plan)
{
    return plan->mean_f2;
}

const vtr_pdf_normalisation *vtr_pdf_plan_normalisation(const vtr_pdf_plan *plan)
{
    return &plan->normalisation;
}
