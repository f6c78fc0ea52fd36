/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PDF_POSITIONS_H
#define VITRAIL_PDF_POSITIONS_H

/* The structure functions and PDFs of all positions of a map file, computed again in blocks from /entry/profile with the
 * settings of its /entry/pdf: the same numbers as vtr_pdf_cube writes, without a stored cube. */

#include <stddef.h>

#include "vitrail/error.h"
#include "vitrail/mapfile.h"
#include "vitrail/pdf.h"
#include "vitrail/progress.h"
#include "vitrail/ranks.h"

VTR_BEGIN_DECLS

typedef enum vtr_pdf_quantity {
    VTR_PDF_QUANTITY_F, /* Q (S - 1), 1/Å, from qmin to qmax */
    VTR_PDF_QUANTITY_S, /* S(Q), likewise */
    VTR_PDF_QUANTITY_G, /* G(r), 1/Å^2 */
    VTR_PDF_QUANTITY_I, /* the azimuthal mean, counts/px, from qmin to qmaxinst */
} vtr_pdf_quantity;

typedef struct vtr_pdf_positions vtr_pdf_positions;

/* `file` must stay open. Where ranks share it each calls with its own and the sums over all positions are made together. VTR_ERR_NOT_FOUND where vitrail pdf has not been run on it, or by a version that kept no
 * settings. Errors otherwise as vtr_pdf_cube. */
VTR_API vtr_status vtr_pdf_positions_open(vtr_pdf_positions **out, const vtr_mapfile *file, vtr_ranks *ranks,
                                          const vtr_progress *progress, vtr_error *err);
VTR_API void vtr_pdf_positions_close(vtr_pdf_positions **positions);

VTR_API size_t vtr_pdf_positions_n_y(const vtr_pdf_positions *positions);
VTR_API size_t vtr_pdf_positions_n_x(const vtr_pdf_positions *positions);
/* y, x; NAN: not known. */
VTR_API const double *vtr_pdf_positions_step_nm(const vtr_pdf_positions *positions);
VTR_API const vtr_pdf_plan *vtr_pdf_positions_plan(const vtr_pdf_positions *positions);
/* The settings of the PDFs. */
VTR_API const vtr_pdf_params *vtr_pdf_positions_params(const vtr_pdf_positions *positions);

/* Channels of a quantity, and where they are: Q in 1/Å, or r in Å. */
VTR_API size_t vtr_pdf_positions_n_channels(const vtr_pdf_positions *positions, vtr_pdf_quantity quantity);
VTR_API const double *vtr_pdf_positions_axis(const vtr_pdf_positions *positions, vtr_pdf_quantity quantity);

/* Values [n][n_channels] of positions first ... first + n - 1; NAN where a position has no PDF. One thread at a time. */
VTR_API vtr_status vtr_pdf_positions_read(vtr_pdf_positions *positions, vtr_pdf_quantity quantity,
                                          size_t first, size_t n, float *values, int threads, vtr_error *err);
/* weight [n_y n_x]: one over the variance of a position's values, relative to that of a typical one, in the mean over the
 * channels; 1 where there is none. All ranks together. */
VTR_API vtr_status vtr_pdf_positions_weights(vtr_pdf_positions *positions, vtr_pdf_quantity quantity,
                                             double *weight, vtr_error *err);

/* Linear parts of the noise of one typical position, [n_channels][n_q of the plan]: the covariance of two channels is the
 * sum of the products of their rows. Scale, background and what neighbouring samples share are in it. */
VTR_API vtr_status vtr_pdf_positions_noise(const vtr_pdf_positions *positions, vtr_pdf_quantity quantity,
                                           double *parts, vtr_error *err);

/* G [n][n_r] of spectra [n][n_channels] of a quantity: linear for F, S and G; an intensity is normalised by itself, and
 * VTR_ERR_NUMERIC is one whose scale is not positive. */
VTR_API vtr_status vtr_pdf_positions_to_g(const vtr_pdf_positions *positions, vtr_pdf_quantity quantity,
                                          size_t n, const double *spectra, double *G, vtr_error *err);

VTR_END_DECLS

#endif
