/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PDF_REFINE_H
#define VITRAIL_PDF_REFINE_H

/* The way that X-ray work on liquids goes: the scale from the sum rule of S(Q) (Krogh-Moe, Norman), then S(Q) changed
 * step by step until G(r) follows the line -4 pi rho0 r below the first neighbour (Eggert), and the density that lets
 * it do so best. */

#include <stdbool.h>
#include <stddef.h>

#include "vitrail/pdf.h"

VTR_BEGIN_DECLS

typedef enum vtr_pdf_formalism {
    VTR_PDF_FABER_ZIMAN,
    /* S = (I/N - incoherent) / (<f>^2 sum c_i kappa_i^2), kappa_i the mean of f_i/<f> over Q: the structure factor of
     * Ashcroft and Langreth by the effective form factor, over its own limit at high Q, so that it tends to 1. */
    VTR_PDF_ASHCROFT_LANGRETH,
} vtr_pdf_formalism;

typedef struct vtr_pdf_refine_params {
    bool sum_rule;       /* for programs: refinement is wanted, with or without iterations */
    size_t iterations;   /* of the low-r refinement; 0: the sum rule alone */
    double step;         /* part of the correction applied each time, 0 to 1 */
    bool structure_only; /* the error of S taken as a factor of S, not of the whole intensity */
    bool find_density;   /* the density that leaves the least at low r; the given one is where it starts */
    double density_range[2]; /* atoms/Å^3; NAN: half to twice the given one */
    int formalism;           /* vtr_pdf_formalism */
} vtr_pdf_refine_params;

VTR_API extern const vtr_parameter_table vtr_pdf_refine_parameters;
VTR_API vtr_pdf_refine_params vtr_pdf_refine_default_params(void);

/* How far G is from the line, Int_0^rcut (G + 4 pi rho0 r)^2 dr in 1/Å^3, before and after. */
typedef struct vtr_pdf_refinement {
    double misfit_before, misfit_after;
} vtr_pdf_refinement;

/* The PDF of one profile by
 *
 *   N  = Int Q^2 I/<f>^2 dQ / (Int Q^2 (<f^2> + incoherent)/<f>^2 dQ - 2 pi^2 rho0)            [1, 2]
 *   F <- F - step (1 + F/B) Int_0^rcut (G + 4 pi rho0 r) sin(Q r) dr,  B = Q (<f^2> + incoherent)/<f>^2   [3] eq. 45
 *
 * over the range qmin to qmaxinst, without constant and polynomial (take backgrounds off before). 1 + F/B is the intensity
 * over that of the atoms alone: what is wrong, a scale or a factor that varies slowly with Q, is taken as proportional to
 * it. With
 * structure_only it is S instead. `params`: a density is required (VTR_ERR_ARGUMENT); scale, constant, background and fit
 * range are not looked at; rcut as in vtr_pdf_compute. Errors are linear propagation through scale and iterations; a density that
 * was found is taken as fixed. `out`
 * as vtr_pdf_compute leaves it; `report` may be NULL.
 *
 * [1] Krogh-Moe, Acta Cryst. 9, 951 (1956). [2] Norman, Acta Cryst. 10, 370 (1957).
 * [3] Eggert, Weck, Loubeyre & Mezouar, Phys. Rev. B 65, 174105 (2002). */
VTR_API vtr_status vtr_pdf_refine(vtr_pdf *out, vtr_pdf_refinement *report, const vtr_pdf_profile *profile,
                                  const vtr_pdf_params *params, const vtr_pdf_refine_params *refine,
                                  vtr_error *err);

VTR_END_DECLS

#endif
