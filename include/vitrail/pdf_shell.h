/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PDF_SHELL_H
#define VITRAIL_PDF_SHELL_H

/* Shells of neighbours fitted where they are measured, in Q: neighbouring shells that overlap in G, and ripples of the
 * transform's end, which move the maxima of G, do not matter there. */

#include "vitrail/error.h"
#include "vitrail/pdf.h"

VTR_BEGIN_DECLS

enum { VTR_PDF_MAX_SHELLS = 8 };

/* A Gaussian shell of R(r): `neighbours` of them, in the weights of the radiation, at `distance` with the standard
 * deviation `spread`. */
typedef struct vtr_pdf_gaussian_shell {
    double neighbours, neighbours_error;
    double distance, distance_error; /* Å */
    double spread, spread_error;     /* Å */
} vtr_pdf_gaussian_shell;

typedef struct vtr_pdf_shell_fit {
    size_t n_shells, n_points;
    vtr_pdf_gaussian_shell shells[VTR_PDF_MAX_SHELLS];
    double range[2]; /* of the points used, 1/Å */
    double residual; /* root mean square of F less the shells, 1/Å */
} vtr_pdf_shell_fit;

/* Fits, over the points of F in `range` (1/Å; NAN: all),
 *
 *   F(Q) = sum_i n_i sin(Q r_i)/r_i exp(-sigma_i^2 Q^2/2),
 *
 * the transform of Gaussian shells (Warren, X-ray Diffraction, 1969, chapter 10), by Levenberg-Marquardt from the given
 * distances. Shells further out fade first as Q grows: begin the range where the ones that are left out are small (some
 * 4 to 6 1/Å). Errors come from the residuals, which hold those shells, and from how far along Q they are alike. VTR_ERR_ARGUMENT:
 * no or too many shells; VTR_ERR_NO_DATA: fewer points than four per parameter; VTR_ERR_NUMERIC: shells that cannot
 * be told apart. */
VTR_API vtr_status vtr_pdf_shell_fit_compute(vtr_pdf_shell_fit *out, size_t n_q, const double *q,
                                             const double *F, size_t n_shells, const double *distances,
                                             const double range[2], vtr_error *err);

VTR_END_DECLS

#endif
