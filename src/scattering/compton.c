/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include <xraylib.h>

#include "scattering/tables_internal.h"
#include "vitrail/constants.h"
#include "vitrail/scattering.h"

/* Slope at the middle one of three points of a monotone curve: the weighted harmonic mean of F. N. Fritsch
 * and J. Butland, SIAM J. Sci. Stat. Comput. 5, 300 (1984), eq. (9). */
static double middle_slope(const double x[3], const double y[3])
{
    double h0 = x[1] - x[0], h1 = x[2] - x[1];
    double d0 = (y[1] - y[0]) / h0, d1 = (y[2] - y[1]) / h1;
    if (d0 * d1 <= 0) return 0;
    return 3 * (h0 + h1) / ((2 * h1 + h0) / d0 + (h1 + 2 * h0) / d1);
}

/* S between the points of the table: monotone cubic in ln S over ln x, since S runs from x^2 at the origin
 * to Z. */
static double hubbell(int number, double x)
{
    const double *table = vtr_hubbell[number - 1];
    if (x <= vtr_hubbell_x[0]) return table[0] * (x / vtr_hubbell_x[0]) * (x / vtr_hubbell_x[0]);
    int i = 0;
    while (i < VTR_HUBBELL_POINTS - 2 && x > vtr_hubbell_x[i + 1])
        i++;
    double u[4], v[4]; /* points i - 1 to i + 2 */
    for (int j = 0; j < 4; j++) {
        int at = i - 1 + j;
        if (at < 0 || at >= VTR_HUBBELL_POINTS) continue;
        u[j] = log(vtr_hubbell_x[at]);
        v[j] = log(table[at]);
    }
    double h = u[2] - u[1];
    double left = i > 0 ? middle_slope(u, v) : 2;
    double right = i < VTR_HUBBELL_POINTS - 2 ? middle_slope(u + 1, v + 1) : 0;
    double t = (log(x) - u[1]) / h, t2 = t * t, t3 = t2 * t;
    return exp((1 - 3 * t2 + 2 * t3) * v[1] + (3 * t2 - 2 * t3) * v[2] + h * (t - 2 * t2 + t3) * left +
               h * (t3 - t2) * right);
}

double vtr_compton_factor(vtr_compton_table table, int number, double k_inv_angstrom)
{
    const vtr_table_info *info = &vtr_compton_tables[table];
    double x = fabs(k_inv_angstrom) / 2;
    number = vtr_nuclear_charge(number);
    if (number < 1 || number > info->last_number || !(2 * x <= info->max_k_inv_angstrom)) return NAN;
    switch (table) {
    case VTR_COMPTON_XRAYLIB: {
        /* its spline begins at the table's first point */
        double first = vtr_hubbell_x[0];
        return x >= first ? SF_Compt(number, x, NULL)
                          : SF_Compt(number, first, NULL) * (x / first) * (x / first);
    }
    case VTR_COMPTON_NONE:
        return 0;
    default:
        return hubbell(number, x);
    }
}

/* E'/E = 1 / (1 + E/(m c^2) (1 - cos 2theta)) with 1 - cos 2theta = 2 sin^2 theta = (k lambda)^2 / 2. */
double vtr_compton_recoil(double energy_kev, double k_inv_angstrom, int power)
{
    double sine = k_inv_angstrom * vtr_xray_wavelength_angstrom(energy_kev) / 2;
    if (!(fabs(sine) <= 1)) return NAN;
    double ratio = 1 / (1 + 2 * energy_kev / VTR_ELECTRON_REST_KEV * sine * sine);
    return pow(ratio, power);
}
