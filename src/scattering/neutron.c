/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "scattering/tables_internal.h"
#include "vitrail/scattering.h"

const vtr_neutron_element vtr_neutron_deuterium = {6.671, 5.592, 2.05, 0.000519};

static const vtr_neutron_element *element_of(int number)
{
    static const vtr_neutron_element none = {NAN, NAN, NAN, NAN};
    if (number == VTR_DEUTERIUM) return &vtr_neutron_deuterium;
    return number >= 1 && number <= VTR_ELEMENT_N ? &vtr_neutron_elements[number - 1] : &none;
}

double vtr_neutron_length_fm(int number)
{
    return element_of(number)->length_fm;
}

double vtr_neutron_coherent_barn(int number)
{
    return element_of(number)->coherent_barn;
}

double vtr_neutron_incoherent_barn(int number)
{
    return element_of(number)->incoherent_barn;
}

double vtr_neutron_total_barn(int number)
{
    return element_of(number)->coherent_barn + element_of(number)->incoherent_barn;
}

double vtr_neutron_absorption_barn(int number)
{
    return element_of(number)->absorption_barn;
}
