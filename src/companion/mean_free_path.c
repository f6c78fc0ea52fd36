/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "vitrail/thickness.h"

/* (1 + E/2mc^2)/(1 + E/mc^2)^2, with the 511 keV of both papers. */
static double relativistic_factor(double beam_energy_kev)
{
    double once = 1 + beam_energy_kev / 511;
    return (1 + beam_energy_kev / 1022) / (once * once);
}

double vtr_mean_free_path_iakoubovskii_nm(double beam_energy_kev, double density_g_per_cm3,
                                          double convergence_mrad, double collection_mrad)
{
    static const double effective_mrad = 20; /* theta_C: beyond it next to nothing is scattered with a loss */
    double energy = relativistic_factor(beam_energy_kev) * beam_energy_kev;
    double density = pow(density_g_per_cm3, 0.3);
    double loss_mrad = 5.5 * density / energy;
    double loss2 = loss_mrad * loss_mrad, effective2 = effective_mrad * effective_mrad;
    double collected = 1;
    if (isfinite(collection_mrad)) {
        double a2 = convergence_mrad * convergence_mrad, b2 = collection_mrad * collection_mrad;
        double angles = a2 + b2 + fabs(a2 - b2);
        collected = (angles + 2 * loss2) / (angles + 2 * effective2);
    }
    return 200 * energy / (11 * density * log(collected * effective2 / loss2));
}

double vtr_mean_free_path_malis_nm(double beam_energy_kev, double atomic_number, double collection_mrad)
{
    double mean_loss_ev = 7.6 * pow(atomic_number, 0.36);
    double logarithm = log(2 * collection_mrad * beam_energy_kev / mean_loss_ev);
    if (!(logarithm > 0)) return NAN;
    return 106 * relativistic_factor(beam_energy_kev) * beam_energy_kev / (mean_loss_ev * logarithm);
}

double vtr_effective_atomic_number(const vtr_composition *composition)
{
    double above = 0, below = 0;
    for (size_t i = 0; i < composition->n; i++) {
        int z = composition->number[i] == VTR_DEUTERIUM ? 1 : composition->number[i];
        above += composition->fraction[i] * pow(z, 1.3);
        below += composition->fraction[i] * pow(z, 0.3);
    }
    return above / below;
}
