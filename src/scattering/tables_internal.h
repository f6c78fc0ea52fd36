/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_SCATTERING_TABLES_INTERNAL_H
#define VITRAIL_SCATTERING_TABLES_INTERNAL_H

/* The embedded tables; formula, units and source stand with the numbers in *_table.c. */

enum {
    VTR_ELEMENT_N = 103,
    VTR_LOBATO_N = 103,
    VTR_KIRKLAND_N = 103,
    VTR_WAASMAIER_N = 98,
    VTR_CROMER_MANN_N = 98,
    VTR_HUBBELL_N = 100,
    VTR_HUBBELL_POINTS = 34,
    VTR_XRAYLIB_N = 98,
};

typedef struct vtr_lobato_element {
    const char *symbol;
    double a[5], b[5];
} vtr_lobato_element;

typedef struct vtr_kirkland_element {
    double a[3], b[3], c[3], d[3];
} vtr_kirkland_element;

typedef struct vtr_waasmaier_element {
    double a[5], b[5], c;
} vtr_waasmaier_element;

typedef struct vtr_cromer_mann_element {
    double a[4], b[4], c;
} vtr_cromer_mann_element;

typedef struct vtr_neutron_element {
    double length_fm, coherent_barn, incoherent_barn, absorption_barn;
} vtr_neutron_element;

extern const vtr_lobato_element vtr_lobato_elements[VTR_LOBATO_N];
extern const vtr_kirkland_element vtr_kirkland_elements[VTR_KIRKLAND_N];
extern const vtr_waasmaier_element vtr_waasmaier_elements[VTR_WAASMAIER_N];
extern const vtr_cromer_mann_element vtr_cromer_mann_elements[VTR_CROMER_MANN_N];
extern const double vtr_hubbell_x[VTR_HUBBELL_POINTS];
extern const double vtr_hubbell[VTR_HUBBELL_N][VTR_HUBBELL_POINTS];
extern const vtr_neutron_element vtr_neutron_elements[VTR_ELEMENT_N];
extern const double vtr_atomic_weights[VTR_ELEMENT_N];

/* Of deuterium: IUPAC; V. F. Sears, Neutron News 3, 26 (1992). */
#define VTR_DEUTERIUM_WEIGHT 2.014101778
extern const vtr_neutron_element vtr_neutron_deuterium;

/* Z of an element or isotope. */
int vtr_nuclear_charge(int number);

/* What a table holds, for checks and messages. */
typedef struct vtr_table_info {
    const char *name, *title;
    int last_number;           /* Z from 1 to this */
    double max_k_inv_angstrom; /* INFINITY where the formula holds for any k */
} vtr_table_info;

extern const vtr_table_info vtr_electron_tables[3];
extern const vtr_table_info vtr_xray_tables[3];
extern const vtr_table_info vtr_compton_tables[3];

#endif
