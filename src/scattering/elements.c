/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "scattering/tables_internal.h"
#include "vitrail/constants.h"
#include "vitrail/scattering.h"

/* g/cm^3 over u/Å^3: 1e24 Å^3 in a cm^3. */
static const double MOL_PER_CUBIC_ANGSTROM = VTR_AVOGADRO_PER_MOL * 1e-24;

int vtr_element_number(const char *symbol)
{
    for (int i = 0; i < VTR_ELEMENT_N; i++)
        if (strcmp(vtr_lobato_elements[i].symbol, symbol) == 0) return i + 1;
    return 0;
}

int vtr_nuclear_charge(int number)
{
    return number == VTR_DEUTERIUM ? 1 : number;
}

const char *vtr_element_symbol(int number)
{
    if (number == VTR_DEUTERIUM) return "D";
    return number >= 1 && number <= VTR_ELEMENT_N ? vtr_lobato_elements[number - 1].symbol : NULL;
}

double vtr_atomic_weight(int number)
{
    if (number == VTR_DEUTERIUM) return VTR_DEUTERIUM_WEIGHT;
    return number >= 1 && number <= VTR_ELEMENT_N ? vtr_atomic_weights[number - 1] : NAN;
}

double vtr_composition_weight(const vtr_composition *composition)
{
    double sum = 0;
    for (size_t i = 0; i < composition->n; i++)
        sum += composition->fraction[i] * vtr_atomic_weight(composition->number[i]);
    return sum;
}

double vtr_number_density(const vtr_composition *composition, double g_per_cm3)
{
    return g_per_cm3 * MOL_PER_CUBIC_ANGSTROM / vtr_composition_weight(composition);
}

double vtr_mass_density(const vtr_composition *composition, double atoms_per_cubic_angstrom)
{
    return atoms_per_cubic_angstrom * vtr_composition_weight(composition) / MOL_PER_CUBIC_ANGSTROM;
}
