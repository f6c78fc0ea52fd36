/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "scattering/lobato_internal.h"
#include "vitrail/scattering.h"

double vtr_electron_factor(int number, double k_inv_angstrom)
{
    if (number < 1 || number > VTR_LOBATO_N) return NAN;
    const vtr_lobato_element *element = &vtr_lobato_elements[number - 1];
    double k2 = k_inv_angstrom * k_inv_angstrom, sum = 0;
    for (int i = 0; i < 5; i++) {
        double bk2 = element->b[i] * k2;
        sum += element->a[i] * (2 + bk2) / ((1 + bk2) * (1 + bk2));
    }
    return sum;
}

void vtr_electron_averages(const vtr_composition *composition, double k_inv_angstrom, double *mean_f,
                           double *mean_f2)
{
    double sum = 0, sum2 = 0;
    for (size_t i = 0; i < composition->n; i++) {
        double f = vtr_electron_factor(composition->number[i], k_inv_angstrom);
        sum += composition->fraction[i] * f;
        sum2 += composition->fraction[i] * f * f;
    }
    if (mean_f != NULL) *mean_f = sum;
    if (mean_f2 != NULL) *mean_f2 = sum2;
}
