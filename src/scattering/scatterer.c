/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include "scattering/tables_internal.h"
#include "vitrail/constants.h"
#include "vitrail/scattering.h"

/* 1 barn = 100 fm^2. */
static const double SQUARE_FM_PER_BARN = 100;

static const vtr_table_info *factor_table(const vtr_scatterer_params *params)
{
    return params->radiation == VTR_RADIATION_XRAY ? &vtr_xray_tables[params->xray_table]
                                                   : &vtr_electron_tables[params->electron_table];
}

/* The tables of a family that hold an element, as "lobato, kirkland", or "none". */
static void list_tables(char *text, size_t size, const vtr_table_info *tables, int number)
{
    size_t used = 0;
    for (int i = 0; i < 3; i++)
        if (number <= tables[i].last_number && used < size)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used > 0 ? ", " : "", tables[i].name);
    if (used == 0) snprintf(text, size, "none");
}

static vtr_status check_table(const vtr_composition *c, const vtr_table_info *tables, int chosen,
                              vtr_error *err)
{
    for (size_t i = 0; i < c->n; i++) {
        if (vtr_nuclear_charge(c->number[i]) <= tables[chosen].last_number) continue;
        char others[64];
        list_tables(others, sizeof others, tables, c->number[i]);
        return vtr_fail(err, VTR_ERR_NOT_FOUND, "%s have no %s (Z %d); tables that have it: %s",
                        tables[chosen].title, vtr_element_symbol(c->number[i]), c->number[i], others);
    }
    return VTR_OK;
}

static vtr_status check_neutrons(const vtr_composition *c, vtr_error *err)
{
    for (size_t i = 0; i < c->n; i++)
        if (isnan(vtr_neutron_length_fm(c->number[i])))
            return vtr_fail(
                err, VTR_ERR_NOT_FOUND,
                "the neutron scattering lengths of the natural elements (the only table) have no %s "
                "(Z %d)",
                vtr_element_symbol(c->number[i]), c->number[i]);
    return VTR_OK;
}

static vtr_status check_composition(const vtr_composition *c, vtr_error *err)
{
    if (c->n == 0 || c->n > VTR_COMPOSITION_MAX)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "a composition has 1 to %d elements, this one %zu",
                        VTR_COMPOSITION_MAX, c->n);
    for (size_t i = 0; i < c->n; i++)
        if (vtr_element_symbol(c->number[i]) == NULL)
            return vtr_fail(err, VTR_ERR_ARGUMENT, "the composition names element %d; known are 1 to %d",
                            c->number[i], VTR_ELEMENT_N);
    return VTR_OK;
}

static vtr_status check_params(const vtr_scatterer_params *p, vtr_error *err)
{
    if ((unsigned)p->radiation > VTR_RADIATION_NEUTRON ||
        (unsigned)p->electron_table > VTR_ELECTRON_MOTT_BETHE || (unsigned)p->xray_table > VTR_XRAY_XRAYLIB ||
        (unsigned)p->compton_table > VTR_COMPTON_NONE)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "unknown radiation or table of scattering factors");
    if (p->recoil_power != 0 && p->recoil_power != 2 && p->recoil_power != 3)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "the power of the Breit-Dirac recoil factor is 0, 2 or 3, not %d", p->recoil_power);
    if (!(p->energy_kev >= 0) || isinf(p->energy_kev))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "an X-ray energy of %g keV is not positive", p->energy_kev);
    if (p->radiation == VTR_RADIATION_XRAY && p->energy_kev == 0 && (p->with_dispersion || p->recoil_power))
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "dispersion and Compton recoil depend on the X-ray energy; give it in keV");
    return VTR_OK;
}

/* The k of X-rays scattered straight back: no larger one exists. */
static double back_scattering_k(double energy_kev)
{
    return 2 / vtr_xray_wavelength_angstrom(energy_kev);
}

static vtr_status init_xray(vtr_scatterer *s, vtr_error *err)
{
    const vtr_scatterer_params *p = &s->params;
    vtr_status status = check_table(&s->composition, vtr_xray_tables, (int)p->xray_table, err);
    if (status == VTR_OK)
        status = check_table(&s->composition, vtr_compton_tables, (int)p->compton_table, err);
    for (size_t i = 0; i < s->composition.n && status == VTR_OK && p->with_dispersion; i++)
        status = vtr_xray_dispersion(s->composition.number[i], p->energy_kev, &s->dispersion_real[i],
                                     &s->dispersion_imaginary[i], err);
    double max_k =
        fmin(factor_table(p)->max_k_inv_angstrom, vtr_compton_tables[p->compton_table].max_k_inv_angstrom);
    if (p->energy_kev > 0) max_k = fmin(max_k, back_scattering_k(p->energy_kev));
    s->max_Q_inv_angstrom = 2 * VTR_PI * max_k;
    return status;
}

vtr_status vtr_scatterer_init(vtr_scatterer *scatterer, const vtr_composition *composition,
                              const vtr_scatterer_params *params, vtr_error *err)
{
    vtr_scatterer s = {.composition = *composition, .max_Q_inv_angstrom = INFINITY};
    if (params != NULL) s.params = *params;
    vtr_status status = check_composition(composition, err);
    if (status == VTR_OK) status = check_params(&s.params, err);
    if (status != VTR_OK) return status;
    switch (s.params.radiation) {
    case VTR_RADIATION_XRAY:
        status = init_xray(&s, err);
        break;
    case VTR_RADIATION_NEUTRON:
        status = check_neutrons(composition, err);
        break;
    default:
        status = check_table(composition, vtr_electron_tables, (int)s.params.electron_table, err);
        s.max_Q_inv_angstrom = 2 * VTR_PI * factor_table(&s.params)->max_k_inv_angstrom;
    }
    if (status == VTR_OK) *scatterer = s;
    return status;
}

vtr_status vtr_scatterer_check(const vtr_scatterer *scatterer, double max_Q_inv_angstrom, vtr_error *err)
{
    const vtr_scatterer_params *p = &scatterer->params;
    double limit = scatterer->max_Q_inv_angstrom;
    if (max_Q_inv_angstrom <= limit) return VTR_OK;
    if (p->radiation == VTR_RADIATION_XRAY && p->energy_kev > 0 &&
        limit == 2 * VTR_PI * back_scattering_k(p->energy_kev))
        return vtr_fail(
            err, VTR_ERR_RANGE,
            "Q reaches %g 1/Å, but X-rays of %g keV are scattered straight back at %.4g 1/Å; check "
            "energy and units of Q",
            max_Q_inv_angstrom, p->energy_kev, limit);
    const vtr_table_info *table = factor_table(p);
    if (p->radiation == VTR_RADIATION_XRAY && limit < 2 * VTR_PI * table->max_k_inv_angstrom)
        table = &vtr_compton_tables[p->compton_table];
    return vtr_fail(
        err, VTR_ERR_RANGE,
        "Q reaches %g 1/Å, but %s end at Q = %.4g 1/Å (k = %g 1/Å); take a smaller qmax or another "
        "table",
        max_Q_inv_angstrom, table->title, limit, table->max_k_inv_angstrom);
}

/* The factor of element i, k within the tables. */
static double factor_of(const vtr_scatterer *s, size_t i, double k)
{
    int number = s->composition.number[i];
    switch (s->params.radiation) {
    case VTR_RADIATION_XRAY:
        return vtr_xray_factor(s->params.xray_table, number, k) + s->dispersion_real[i];
    case VTR_RADIATION_NEUTRON:
        return vtr_neutron_length_fm(number);
    default:
        return vtr_electron_factor_from(s->params.electron_table, number, k);
    }
}

void vtr_scatterer_factors(const vtr_scatterer *scatterer, double Q_inv_angstrom, double *real,
                           double *imaginary)
{
    bool is_inside = fabs(Q_inv_angstrom) <= scatterer->max_Q_inv_angstrom;
    for (size_t i = 0; i < scatterer->composition.n; i++) {
        real[i] = is_inside ? factor_of(scatterer, i, Q_inv_angstrom / (2 * VTR_PI)) : NAN;
        if (imaginary != NULL) imaginary[i] = is_inside ? scatterer->dispersion_imaginary[i] : NAN;
    }
}

static double mean_incoherent(const vtr_scatterer *s, double k)
{
    const vtr_scatterer_params *p = &s->params;
    if (p->radiation == VTR_RADIATION_ELECTRON) return 0;
    double sum = 0;
    for (size_t i = 0; i < s->composition.n; i++) {
        int number = s->composition.number[i];
        sum += s->composition.fraction[i] *
               (p->radiation == VTR_RADIATION_XRAY
                    ? vtr_compton_factor(p->compton_table, number, k)
                    : vtr_neutron_incoherent_barn(number) * SQUARE_FM_PER_BARN / (4 * VTR_PI));
    }
    if (p->radiation == VTR_RADIATION_XRAY && p->recoil_power > 0)
        sum *= vtr_compton_recoil(p->energy_kev, k, p->recoil_power);
    return sum;
}

void vtr_scatterer_averages(const vtr_scatterer *scatterer, double Q_inv_angstrom, double *mean_f,
                            double *mean_f2, double *incoherent)
{
    double real[VTR_COMPOSITION_MAX], imaginary[VTR_COMPOSITION_MAX];
    vtr_scatterer_factors(scatterer, Q_inv_angstrom, real, imaginary);
    const vtr_composition *c = &scatterer->composition;
    double sum = 0, sum_imaginary = 0, sum2 = 0;
    for (size_t i = 0; i < c->n; i++) {
        sum += c->fraction[i] * real[i];
        sum_imaginary += c->fraction[i] * imaginary[i];
        sum2 += c->fraction[i] * (real[i] * real[i] + imaginary[i] * imaginary[i]);
    }
    if (mean_f != NULL) *mean_f = copysign(hypot(sum, sum_imaginary), sum);
    if (mean_f2 != NULL) *mean_f2 = sum2;
    if (incoherent != NULL)
        *incoherent = isnan(sum) ? NAN : mean_incoherent(scatterer, Q_inv_angstrom / (2 * VTR_PI));
}

void vtr_scatterer_pair_weights(const vtr_scatterer *scatterer, double Q_inv_angstrom, double *weights)
{
    double real[VTR_COMPOSITION_MAX], imaginary[VTR_COMPOSITION_MAX], mean;
    vtr_scatterer_factors(scatterer, Q_inv_angstrom, real, imaginary);
    vtr_scatterer_averages(scatterer, Q_inv_angstrom, &mean, NULL, NULL);
    const vtr_composition *c = &scatterer->composition;
    for (size_t i = 0; i < c->n; i++)
        for (size_t j = i; j < c->n; j++)
            *weights++ = (i == j ? 1 : 2) * c->fraction[i] * c->fraction[j] *
                         (real[i] * real[j] + imaginary[i] * imaginary[j]) / (mean * mean);
}
