/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "scattering/tables_internal.h"
#include "vitrail/constants.h"
#include "vitrail/scattering.h"

double vtr_electron_factor(int number, double k_inv_angstrom)
{
    number = vtr_nuclear_charge(number);
    if (number < 1 || number > VTR_LOBATO_N) return NAN;
    const vtr_lobato_element *element = &vtr_lobato_elements[number - 1];
    double k2 = k_inv_angstrom * k_inv_angstrom, sum = 0;
    for (int i = 0; i < 5; i++) {
        double bk2 = element->b[i] * k2;
        sum += element->a[i] * (2 + bk2) / ((1 + bk2) * (1 + bk2));
    }
    return sum;
}

static double kirkland(int number, double k2)
{
    const vtr_kirkland_element *element = &vtr_kirkland_elements[number - 1];
    double sum = 0;
    for (int i = 0; i < 3; i++)
        sum += element->a[i] / (k2 + element->b[i]) + element->c[i] * exp(-element->d[i] * k2);
    return sum;
}

/* (1 - exp(-b k^2/4)) / k^2 */
static double over_square(double b, double k2)
{
    double x = b * k2 / 4;
    return b / 4 * (x == 0 ? 1 : -expm1(-x) / x);
}

/* Width in Å^2 of the Gaussian that completes f0 to Z at k = 0: it has fallen to exp(-2) at k = 0.1 1/Å,
 * where the error of the fits no longer matters. */
static const double COMPLETION_WIDTH = 800;

/* Electron factor from the X-ray factor (N. F. Mott, Proc. R. Soc. A 127, 658, 1930; H. Bethe, Ann. Phys.
 * 397, 325, 1930), by Poisson's equation for the nucleus and its electrons:
 *
 *   f_e(k) = (Z - f0(k)) / (2 pi^2 a0 k^2).
 *
 * For k -> 0 both Z - f0 and k^2 vanish, but the fitted f0(0) is Z only within 0.04, which 1/k^2 would blow
 * up. So f0 gets one Gaussian more, of weight Z - f0(0) and so wide in real space that it is felt below k =
 * 0.1 only. With f0 = c + sum a exp(-b k^2/4) and f0(0) = Z,
 *
 *   (Z - f0(k)) / k^2 = sum (a b / 4) (1 - exp(-x)) / x,   x = b k^2/4,
 *
 * holds no difference of large numbers and has a finite limit, sum a b/4, the mean square radius of the
 * electrons. Without the completion that limit is up to 7 % lower (Mo, Nb). */
static double mott_bethe(int number, double k2)
{
    const vtr_waasmaier_element *element = &vtr_waasmaier_elements[number - 1];
    double missing = number - element->c, sum = 0;
    for (int i = 0; i < 5; i++) {
        missing -= element->a[i];
        sum += element->a[i] * over_square(element->b[i], k2);
    }
    sum += missing * over_square(COMPLETION_WIDTH, k2);
    return sum / (2 * VTR_PI * VTR_PI * VTR_BOHR_RADIUS_ANGSTROM);
}

double vtr_electron_factor_from(vtr_electron_table table, int number, double k_inv_angstrom)
{
    const vtr_table_info *info = &vtr_electron_tables[table];
    number = vtr_nuclear_charge(number);
    if (number < 1 || number > info->last_number || !(fabs(k_inv_angstrom) <= info->max_k_inv_angstrom))
        return NAN;
    double k2 = k_inv_angstrom * k_inv_angstrom;
    switch (table) {
    case VTR_ELECTRON_KIRKLAND:
        return kirkland(number, k2);
    case VTR_ELECTRON_MOTT_BETHE:
        return mott_bethe(number, k2);
    default:
        return vtr_electron_factor(number, k_inv_angstrom);
    }
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
