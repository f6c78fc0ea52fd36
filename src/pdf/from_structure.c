/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "pdf/pdf_internal.h"
#include "vitrail/pdf_correct.h"

static vtr_status make_scatterer(vtr_scatterer *scatterer, const vtr_pdf_params *p, vtr_error *err)
{
    vtr_composition composition;
    vtr_scatterer_params sp = {.radiation = (vtr_radiation)p->radiation,
                               .electron_table = (vtr_electron_table)p->factors,
                               .xray_table = (vtr_xray_table)p->xray_factors,
                               .compton_table = (vtr_compton_table)p->compton,
                               .energy_kev = isnan(p->xray_energy_kev) ? 0 : p->xray_energy_kev,
                               .with_dispersion = p->with_dispersion,
                               .recoil_power = (int)p->recoil_power};
    if (p->composition == NULL) return vtr_fail(err, VTR_ERR_ARGUMENT, "no composition given");
    vtr_status status = vtr_composition_parse(&composition, p->composition, err);
    return status == VTR_OK ? vtr_scatterer_init(scatterer, &composition, &sp, err) : status;
}

/* d(S - 1)/dy, and what y is where S = 1. */
static double slope_of(vtr_profile_content content, double q, double mean_f, double *zero)
{
    *zero = content == VTR_PROFILE_S ? 1 : 0;
    if (content == VTR_PROFILE_F) return 1 / q;
    return content == VTR_PROFILE_BARN ? 100 / (mean_f * mean_f) : 1; /* 1 barn = 100 fm^2 */
}

vtr_status vtr_profile_from_structure(vtr_profile_text *profile, vtr_profile_content content,
                                      vtr_pdf_params *params, vtr_error *err)
{
    vtr_scatterer scatterer;
    if (content == VTR_PROFILE_INTENSITY) return VTR_OK;
    if (profile->axis != VTR_PROFILE_AXIS_Q)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "a structure function is taken over Q");
    if (content == VTR_PROFILE_BARN && params->radiation != VTR_RADIATION_NEUTRON)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "cross-sections in barn are those of neutrons");
    vtr_status status = make_scatterer(&scatterer, params, err);
    if (status != VTR_OK) return status;
    for (size_t i = 0; i < profile->n; i++) {
        double q = profile->x[i], mean_f, mean_f2, incoherent, zero;
        vtr_scatterer_averages(&scatterer, q, &mean_f, &mean_f2, &incoherent);
        double slope = slope_of(content, q, mean_f, &zero) * mean_f * mean_f;
        profile->y[i] = q > 0 ? mean_f2 + incoherent + slope * (profile->y[i] - zero) : NAN;
        if (profile->error != NULL) profile->error[i] *= fabs(slope);
    }
    params->scale = 1;
    params->constant = 0;
    params->match = NAN;
    params->no_background = true;
    return VTR_OK;
}
