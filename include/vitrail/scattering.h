/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_SCATTERING_H
#define VITRAIL_SCATTERING_H

/* Elements, compositions and the electrons' atomic scattering factors. k = 2 sin(theta)/lambda = 1/d in 1/Å,
 * no 2 pi. */

#include <stddef.h>

#include "vitrail/error.h"

VTR_BEGIN_DECLS

enum { VTR_COMPOSITION_MAX = 24 };

/* Atomic fractions; they add to 1. */
typedef struct vtr_composition {
    size_t n;
    int number[VTR_COMPOSITION_MAX]; /* atomic number Z */
    double fraction[VTR_COMPOSITION_MAX];
} vtr_composition;

/* Atomic number of a symbol such as "Fe" (1 to 103); 0 where there is none. */
VTR_API int vtr_element_number(const char *symbol);
/* Symbol of an atomic number; NULL outside 1 to 103. */
VTR_API const char *vtr_element_symbol(int number);

/* Reads "Fe85.2Si0.5B9.5P4Cu0.8" (at.%, adding to 100 within 0.5), "Zr0.5Cu0.5" (fractions, adding to 1
 * within 0.005) or a formula unit of small whole numbers, "SiO2" (adding to at most 30); an element without a
 * number counts
 * 1. Spaces and underscores are skipped. VTR_ERR_ARGUMENT for an unknown element, one named twice, an amount
 * that is not a positive number, or amounts that add to something else. */
VTR_API vtr_status vtr_composition_parse(vtr_composition *composition, const char *text, vtr_error *err);

/* Electron scattering factor f_e(k) of the neutral atom in Å (Lobato & Van Dyck, Acta Cryst. A70, 636, 2014),
 * without the relativistic mass factor; NAN for a number outside 1 to 103. */
VTR_API double vtr_electron_factor(int number, double k_inv_angstrom);

/* <f> in Å and <f^2> in Å^2 of a composition; either pointer may be NULL. */
VTR_API void vtr_electron_averages(const vtr_composition *composition, double k_inv_angstrom, double *mean_f,
                                   double *mean_f2);

VTR_END_DECLS

#endif
