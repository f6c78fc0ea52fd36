/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "scattering/tables_internal.h"
#include "vitrail/scattering.h"

/* In the order of the enumerations and of the CHOICES in vitrail/scattering.h. */
const vtr_table_info vtr_electron_tables[3] = {
    {"lobato", "the electron factors of Lobato & Van Dyck (2014)", VTR_LOBATO_N, INFINITY},
    {"kirkland", "the electron factors of Kirkland (2010)", VTR_KIRKLAND_N, 12},
    {"mott-bethe", "the electron factors from X-ray factors (Mott-Bethe)", VTR_WAASMAIER_N, 12},
};
const vtr_table_info vtr_xray_tables[3] = {
    {"waasmaier", "the X-ray factors of Waasmaier & Kirfel (1995)", VTR_WAASMAIER_N, 12},
    {"cromer-mann", "the X-ray factors of International Tables C (Cromer-Mann)", VTR_CROMER_MANN_N, 4},
    {"xraylib", "the X-ray factors of xraylib", VTR_XRAYLIB_N, INFINITY},
};
const vtr_table_info vtr_compton_tables[3] = {
    {"hubbell", "the Compton scattering of Hubbell et al. (1975)", VTR_HUBBELL_N, 14},
    {"xraylib", "the Compton scattering of xraylib", VTR_XRAYLIB_N, INFINITY},
    {"none", "no Compton scattering", VTR_ELEMENT_N, INFINITY},
};
static const vtr_table_info radiations[3] = {{"electron"}, {"xray"}, {"neutron"}};

static const char *name_of(const vtr_table_info *tables, unsigned index)
{
    return index < 3 ? tables[index].name : "unknown";
}

static vtr_status find(const vtr_table_info *tables, const char *what, const char *name, int *index,
                       vtr_error *err)
{
    for (int i = 0; i < 3; i++) {
        if (name == NULL || strcmp(tables[i].name, name) != 0) continue;
        *index = i;
        return VTR_OK;
    }
    return vtr_fail(err, VTR_ERR_ARGUMENT, "unknown %s '%s'; known are %s, %s, %s", what, name ? name : "",
                    tables[0].name, tables[1].name, tables[2].name);
}

const char *vtr_radiation_name(vtr_radiation radiation)
{
    return name_of(radiations, radiation);
}

const char *vtr_electron_table_name(vtr_electron_table table)
{
    return name_of(vtr_electron_tables, table);
}

const char *vtr_xray_table_name(vtr_xray_table table)
{
    return name_of(vtr_xray_tables, table);
}

const char *vtr_compton_table_name(vtr_compton_table table)
{
    return name_of(vtr_compton_tables, table);
}

vtr_status vtr_radiation_parse(vtr_radiation *radiation, const char *name, vtr_error *err)
{
    int index = 0;
    vtr_status status = find(radiations, "radiation", name, &index, err);
    if (status == VTR_OK) *radiation = (vtr_radiation)index;
    return status;
}

vtr_status vtr_electron_table_parse(vtr_electron_table *table, const char *name, vtr_error *err)
{
    int index = 0;
    vtr_status status = find(vtr_electron_tables, "table of electron factors", name, &index, err);
    if (status == VTR_OK) *table = (vtr_electron_table)index;
    return status;
}

vtr_status vtr_xray_table_parse(vtr_xray_table *table, const char *name, vtr_error *err)
{
    int index = 0;
    vtr_status status = find(vtr_xray_tables, "table of X-ray factors", name, &index, err);
    if (status == VTR_OK) *table = (vtr_xray_table)index;
    return status;
}

vtr_status vtr_compton_table_parse(vtr_compton_table *table, const char *name, vtr_error *err)
{
    int index = 0;
    vtr_status status = find(vtr_compton_tables, "table of Compton scattering", name, &index, err);
    if (status == VTR_OK) *table = (vtr_compton_table)index;
    return status;
}
