/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/energy.h"

#include <string.h>

#include "band/band_internal.h"
#include "vitrail/constants.h"

#define MEMBER(name) offsetof(vtr_energy_params, name)
static const vtr_parameter parameters[] = {
    {"young", "GPa", VTR_PARAMETER_DOUBLE, MEMBER(young_gpa), .default_value = NAN, .minimum = 1e-6,
     .maximum = 1e4, .metavar = "GPA", .help = "Young's modulus; unless given that of vitrail strain"},
    {"poisson", NULL, VTR_PARAMETER_DOUBLE, MEMBER(poisson), .default_value = NAN, .minimum = -0.99,
     .maximum = 0.5, .metavar = "RATIO", .help = "Poisson's ratio; unless given that of vitrail strain"},
    {"thickness", "nm", VTR_PARAMETER_DOUBLE, MEMBER(thickness_nm), .default_value = NAN, .minimum = 1e-3,
     .maximum = 1e9, .metavar = "NM", .help = "of the foil, for J/m^2 and J"},
    {"error-factor", NULL, VTR_PARAMETER_DOUBLE, MEMBER(error_factor), .default_value = 1, .minimum = 0,
     .maximum = 100, .metavar = "F", .help = "the strain's error bars are multiplied by it"},
    {"region", NULL, VTR_PARAMETER_LIST, MEMBER(regions), .metavar = "NAME=REGION",
     .help = "the energy of a region; may be repeated"},
};
const vtr_parameter_table vtr_energy_parameters = {"Energy", parameters,
                                                   sizeof parameters / sizeof *parameters};

vtr_energy_params vtr_energy_default_params(void)
{
    vtr_energy_params params;
    memset(&params, 0, sizeof params);
    vtr_parameters_default(&vtr_energy_parameters, &params);
    return params;
}

void vtr_energy_release(vtr_energy *energy)
{
    vtr_free(energy->density);
    vtr_free(energy->density_errors);
    vtr_free(energy->regions);
    energy->density = energy->density_errors = NULL;
    energy->regions = NULL;
    energy->n_regions = 0;
}

#define METRES_PER_NM 1e-9

/* --- one position ----------------------------------------------------------------------------------------------- */

/* Stiffnesses of the two parts, J/m^3: u = volumetric t^2 + deviatoric (c^2 + s^2). */
typedef struct stiffness {
    double volumetric, deviatoric;
} stiffness;

/* Trace and deviator of a position (VTR_TCS), with the covariance of what is its own and of all (VTR_COVARIANCES). */
typedef struct position {
    double strain[VTR_TCS], own[VTR_COVARIANCES], all[VTR_COVARIANCES];
} position;

/* Sums of e^T M e, of what noise adds to it tr(M C), of the square of its gradient 4 e^T M C M e and of the noise's part in
 * that, tr(M C M C), where C is the covariance of what the positions do not share. */
typedef struct sums {
    double energy, noise, gradient, trace;
} sums;

static void add(sums *s, const position *p, double kt, double kd)
{
    const double *e = p->strain, *v = p->own, *a = p->all;
    double t = kt * e[VTR_T], c = kd * e[VTR_C], d = kd * e[VTR_S];
    s->energy += t * e[VTR_T] + c * e[VTR_C] + d * e[VTR_S];
    s->noise += kt * a[VTR_TT] + kd * (a[VTR_CC] + a[VTR_SS]);
    s->gradient += 4 * (t * t * v[VTR_TT] + c * c * v[VTR_CC] + d * d * v[VTR_SS] + 2 * t * c * v[VTR_TC]);
    s->trace += kt * kt * v[VTR_TT] * v[VTR_TT] + kd * kd * (v[VTR_CC] * v[VTR_CC] + v[VTR_SS] * v[VTR_SS]) +
                2 * kt * kd * v[VTR_TC] * v[VTR_TC];
}

/* Variance of the sum: 4 e^T M C M e + 2 tr(M C M C) with the true e, of which the measured one gives 4 tr too much. */
static double variance(const sums *s)
{
    return fmax(s->gradient - 4 * s->trace, 0) + 2 * s->trace;
}

/* --- regions ------------------------------------------------------------------------------------------------------ */

typedef struct job {
    const vtr_strain_maps *maps;
    stiffness k;
    double shared[VTR_TCS]; /* variance of t, c, s from the reference */
    double factor2;         /* of the variances */
    vtr_energy *out;
} job;

/* exx and eyy of a ring are correlated, which the error of their sum tells; what correlates them with exy is not in the map
 * and small. */
static bool position_at(position *p, const job *j, size_t i)
{
    const vtr_strain_maps *m = j->maps;
    double xx = m->exx[i], yy = m->eyy[i], xy = m->exy[i];
    double vxx = m->exx_errors[i], vyy = m->eyy_errors[i], vxy = m->exy_errors[i];
    if (!isfinite(xx + yy + xy) || !(vxx > 0 && vyy > 0 && vxy > 0) || !isfinite(vxx + vyy + vxy))
        return false;
    vxx *= vxx;
    vyy *= vyy;
    double trace = m->trace_errors != NULL ? (double)m->trace_errors[i] : NAN;
    trace = isfinite(trace) ? fmin(trace * trace, 2 * (vxx + vyy)) : vxx + vyy;
    *p = (position){.strain = {xx + yy, (xx - yy) / 2, xy}};
    p->all[VTR_TT] = j->factor2 * trace;
    p->all[VTR_CC] = j->factor2 * (2 * (vxx + vyy) - trace) / 4;
    p->all[VTR_SS] = j->factor2 * vxy * vxy;
    p->all[VTR_TC] = j->factor2 * (vxx - vyy) / 2;
    memcpy(p->own, p->all, sizeof p->own);
    static const int diagonal[VTR_TCS] = {VTR_TT, VTR_CC, VTR_SS};
    for (int k = 0; k < VTR_TCS; k++)
        p->own[diagonal[k]] = fmax(p->own[diagonal[k]] - j->shared[k], 0);
    return true;
}

/* The mean of one part, with the error that the shared strain adds through the mean strain. */
static vtr_energy_value mean_of(const sums *s, const double strain[VTR_TCS], size_t n, double kt, double kd,
                                const double shared[VTR_TCS])
{
    const double k[VTR_TCS] = {kt, kd, kd}, one = 1 / (double)n;
    double common = 0;
    for (int c = 0; c < VTR_TCS; c++) {
        double slope = 2 * k[c] * strain[c] * one;
        common += slope * slope * shared[c] + 2 * k[c] * k[c] * shared[c] * shared[c];
    }
    return (vtr_energy_value){(s->energy - s->noise) * one, sqrt(variance(s) * one * one + common)};
}

static vtr_energy_value times(vtr_energy_value a, double factor)
{
    return (vtr_energy_value){a.value * factor, a.error * factor};
}

static const vtr_energy_value unknown = {NAN, NAN};

static void measure(vtr_energy_region *r, const job *j, const unsigned char *member)
{
    sums both = {0}, volumetric = {0}, deviatoric = {0};
    double strain[VTR_TCS] = {0}, kt = j->k.volumetric, kd = j->k.deviatoric;
    double area = j->maps->step_nm[0] * j->maps->step_nm[1], thickness = j->out->params.thickness_nm;
    size_t all = 0;
    r->n = 0;
    for (size_t i = 0; i < j->maps->n_y * j->maps->n_x; i++) {
        position p;
        if (member != NULL && !member[i]) continue;
        all++;
        if (!position_at(&p, j, i)) continue;
        r->n++;
        add(&both, &p, kt, kd);
        add(&volumetric, &p, kt, 0);
        add(&deviatoric, &p, 0, kd);
        for (int c = 0; c < VTR_TCS; c++)
            strain[c] += p.strain[c];
    }
    r->area_nm2 = area > 0 ? area * (double)all : NAN;
    r->noise = NAN;
    r->density = r->volumetric = r->deviatoric = unknown;
    if (r->n > 0) {
        r->noise = both.noise / (double)r->n;
        r->density = mean_of(&both, strain, r->n, kt, kd, j->shared);
        r->volumetric = mean_of(&volumetric, strain, r->n, kt, 0, j->shared);
        r->deviatoric = mean_of(&deviatoric, strain, r->n, 0, kd, j->shared);
    }
    r->per_area = times(r->density, thickness * METRES_PER_NM);
    r->total = times(r->per_area, r->area_nm2 * METRES_PER_NM * METRES_PER_NM);
    r->of_band = times(r->density, r->area_nm2 / r->band_length_nm * METRES_PER_NM);
    r->excess_band = unknown;
}

/* What bands hold more than the matrix does. */
static void compare(vtr_energy *out)
{
    const vtr_energy_region *matrix = NULL;
    for (size_t i = 0; i < out->n_regions; i++)
        if (strcmp(out->regions[i].name, "matrix") == 0) matrix = &out->regions[i];
    for (size_t i = 0; i < out->n_regions && matrix != NULL; i++) {
        vtr_energy_region *r = &out->regions[i];
        const vtr_energy_value more = {r->density.value - matrix->density.value,
                                       hypot(r->density.error, matrix->density.error)};
        r->excess_band = times(more, r->area_nm2 / r->band_length_nm * METRES_PER_NM);
    }
}

static void fill_map(const job *j)
{
    for (size_t i = 0; i < j->maps->n_y * j->maps->n_x; i++) {
        position p;
        sums s = {0};
        j->out->density[i] = j->out->density_errors[i] = NAN;
        if (!position_at(&p, j, i)) continue;
        memcpy(p.own, p.all, sizeof p.own);
        add(&s, &p, j->k.volumetric, j->k.deviatoric);
        j->out->density[i] = (float)(s.energy - s.noise);
        j->out->density_errors[i] = (float)sqrt(variance(&s));
    }
}

static vtr_status check(const vtr_energy_params *p, const vtr_strain_maps *maps, const vtr_region *regions,
                        size_t n, vtr_error *err)
{
    if (!(p->young_gpa > 0 && p->poisson > -1 && p->poisson <= 0.5))
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "the energy needs Young's modulus and Poisson's ratio: --young GPA --poisson RATIO");
    for (size_t i = 0; i < n; i++)
        if (regions[i].n_y != maps->n_y || regions[i].n_x != maps->n_x)
            return vtr_fail(err, VTR_ERR_SHAPE, "region '%s' is of a scan of %zu x %zu, the map of %zu x %zu",
                            regions[i].name, regions[i].n_y, regions[i].n_x, maps->n_y, maps->n_x);
    return VTR_OK;
}

static vtr_status allocate(vtr_energy *out, size_t n, vtr_error *err)
{
    out->density = vtr_malloc(out->n_y * out->n_x, sizeof(float));
    out->density_errors = vtr_malloc(out->n_y * out->n_x, sizeof(float));
    out->regions = vtr_calloc(n + 1, sizeof *out->regions);
    if (out->density == NULL || out->density_errors == NULL || out->regions == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the energy of %zu x %zu positions", out->n_y,
                        out->n_x);
    out->n_regions = n + 1;
    return VTR_OK;
}

vtr_status vtr_energy_compute(vtr_energy *out, const vtr_strain_maps *maps, const double reference_errors[3],
                              const vtr_region *regions, const double *band_lengths_nm, size_t n,
                              const vtr_energy_params *params, vtr_error *err)
{
    vtr_energy made = {.n_y = maps->n_y,
                       .n_x = maps->n_x,
                       .step_nm = {maps->step_nm[0], maps->step_nm[1]},
                       .params = params != NULL ? *params : vtr_energy_default_params()};
    const vtr_energy_params *p = &made.params;
    job j = {.maps = maps, .factor2 = p->error_factor * p->error_factor, .out = &made};
    vtr_status status = check(p, maps, regions, n, err);
    if (status == VTR_OK) status = allocate(&made, n, err);
    if (status != VTR_OK) {
        vtr_energy_release(&made);
        return status;
    }
    j.k = (stiffness){p->young_gpa * 1e9 / (4 * (1 - p->poisson)), p->young_gpa * 1e9 / (1 + p->poisson)};
    if (reference_errors != NULL) {
        double xx = reference_errors[0] * reference_errors[0], yy = reference_errors[1] * reference_errors[1];
        j.shared[VTR_T] = j.factor2 * (xx + yy);
        j.shared[VTR_C] = j.factor2 * (xx + yy) / 4;
        j.shared[VTR_S] = j.factor2 * reference_errors[2] * reference_errors[2];
    }
    fill_map(&j);
    for (size_t i = 0; i <= n; i++) {
        vtr_energy_region *r = &made.regions[i];
        strcpy(r->name, i == 0 ? "all" : regions[i - 1].name);
        strcpy(r->definition, i == 0 ? "every position" : regions[i - 1].definition);
        r->band_length_nm = i > 0 && band_lengths_nm != NULL ? band_lengths_nm[i - 1] : NAN;
        measure(r, &j, i == 0 ? NULL : regions[i - 1].member);
    }
    if (made.regions[0].n == 0) {
        vtr_energy_release(&made);
        return vtr_fail(err, VTR_ERR_NO_DATA, "no position has strain with error bars");
    }
    compare(&made);
    *out = made;
    return VTR_OK;
}
