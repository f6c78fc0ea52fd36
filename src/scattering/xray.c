/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include <xraylib.h>

#include "scattering/tables_internal.h"
#include "vitrail/scattering.h"

static double gaussians(const double *a, const double *b, int n, double c, double s2)
{
    double sum = c;
    for (int i = 0; i < n; i++)
        sum += a[i] * exp(-b[i] * s2);
    return sum;
}

double vtr_xray_factor(vtr_xray_table table, int number, double k_inv_angstrom)
{
    const vtr_table_info *info = &vtr_xray_tables[table];
    double k = fabs(k_inv_angstrom);
    number = vtr_nuclear_charge(number);
    if (number < 1 || number > info->last_number || !(k <= info->max_k_inv_angstrom)) return NAN;
    double s2 = k * k / 4;
    switch (table) {
    case VTR_XRAY_CROMER_MANN: {
        const vtr_cromer_mann_element *element = &vtr_cromer_mann_elements[number - 1];
        return gaussians(element->a, element->b, 4, element->c, s2);
    }
    case VTR_XRAY_XRAYLIB:
        return FF_Rayl(number, k / 2, NULL);
    default: {
        const vtr_waasmaier_element *element = &vtr_waasmaier_elements[number - 1];
        return gaussians(element->a, element->b, 5, element->c, s2);
    }
    }
}

vtr_status vtr_xray_dispersion(int number, double energy_kev, double *real, double *imaginary, vtr_error *err)
{
    xrl_error *error = NULL;
    number = vtr_nuclear_charge(number);
    double f1 = Fi(number, energy_kev, &error), f2 = 0;
    /* xraylib's sign convention is exp(-iwt): its imaginary part is negative. */
    if (error == NULL) f2 = -Fii(number, energy_kev, &error);
    if (error != NULL) {
        const char *symbol = vtr_element_symbol(number);
        vtr_status status =
            vtr_fail(err, VTR_ERR_RANGE, "no X-ray dispersion correction of %s (Z %d) at %g keV: xraylib: %s",
                     symbol ? symbol : "?", number, energy_kev, error->message);
        xrl_error_free(error);
        return status;
    }
    *real = f1;
    *imaginary = f2;
    return VTR_OK;
}
