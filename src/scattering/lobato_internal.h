/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_SCATTERING_LOBATO_INTERNAL_H
#define VITRAIL_SCATTERING_LOBATO_INTERNAL_H

/* The table of Lobato & Van Dyck (2014); formula and units stand with the numbers in lobato_table.c. */

enum { VTR_LOBATO_N = 103 };

typedef struct vtr_lobato_element {
    const char *symbol;
    double a[5], b[5];
} vtr_lobato_element;

extern const vtr_lobato_element vtr_lobato_elements[VTR_LOBATO_N];

#endif
