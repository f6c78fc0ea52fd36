/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PDF_CUBE_H
#define VITRAIL_PDF_CUBE_H

/* The pair distribution function of every position of a map file, and what is read from it: maps of the first two
 * shells, images of ranges of r or Q, means over regions.
 *
 * One plan (pdf.h) is made from the mean profile of the scan; every position is then normalised by its own scale. */

#include <stdbool.h>
#include <stddef.h>

#include "vitrail/error.h"
#include "vitrail/mapfile.h"
#include "vitrail/parameters.h"
#include "vitrail/pdf.h"
#include "vitrail/progress.h"
#include "vitrail/ranks.h"
#include "vitrail/region.h"

VTR_BEGIN_DECLS

typedef struct vtr_pdf_cube_params {
    vtr_text_list images;  /* NAME=r:LO:HI, NAME=R:LO:HI (Å) or NAME=Q:LO:HI (1/Å) */
    vtr_text_list regions; /* as vtr_region_parse reads them */
    double first[2],
        second
            [2]; /* Å, where the maxima of the shells are; NAN: found in the mean. First: not in the table */
    bool with_sectors;   /* for the caller: vtr_pdf_strain is wanted too */
    bool with_structure; /* store F too */
    bool only_maps;      /* leave out G, the largest part */
    vtr_ranks *ranks;    /* that share the positions; NULL: none; not in the table */
} vtr_pdf_cube_params;

VTR_API extern const vtr_parameter_table vtr_pdf_cube_parameters; /* of vtr_pdf_cube_params */
VTR_API vtr_pdf_cube_params vtr_pdf_cube_default_params(void);

/* The mean over the positions of a region, each with the same weight. */
typedef struct vtr_pdf_region_mean {
    char name[VTR_REGION_NAME];
    char definition[256];
    size_t n;        /* positions with a PDF */
    double *G;       /* [n_r], 1/Å^2 */
    double *G_error; /* of the mean, from the scatter of the positions; NAN where there is one position */
    double *G_propagated;  /* of the mean, from the errors of the positions */
    vtr_pdf_peak shell[2]; /* first and second */
} vtr_pdf_region_mean;

typedef struct vtr_pdf_cube_result {
    size_t n_positions, n_valid;
    size_t n_r;
    double *r; /* [n_r], Å */
    vtr_pdf_normalisation
        normalisation;        /* of the mean profile; its errors are those of one typical position */
    double shell_range[2][2]; /* Å, where the maxima were looked for */
    size_t n_regions;         /* the first is "all", every position */
    vtr_pdf_region_mean *regions;
} vtr_pdf_cube_result;

/* Replaces /entry/pdf of a map file that is open to be edited. Reads /entry/profile in blocks: memory does not grow
 * with the scan beyond the maps. Written are
 *
 *     G, G_errors [scan_y][scan_x][r], r; F, F_errors [scan_y][scan_x][Q], Q when asked for
 *     nearest, first_height, first_fwhm, second, second_height, second_fwhm, scale, each with _errors, and flags; the first
 *     maximum stands on the line -4 pi rho0 r where the density is known (vtr_pdf_peak), the second on zero
 *     images/NAME with _errors: Int G dr, Int R dr (atoms; needs a density) or Int S dQ over the range
 *     regions/NAME/G, G_errors (scatter), G_propagated, r, member; "all" is the whole scan
 *
 * Without a profile, with a NAN in it between qmin and qmaxinst or with a scale that is not positive a position is NAN
 * in all of them, and `flags` says why: the bits MISSING, EMPTY and INVALID of the ring's flags, INVALID for NAN, else
 * OUT_OF_RANGE for the scale; NOT_CONVERGED where the first peak could not be fitted.
 *
 * Of several ranks only rank 0 writes, and gets the result; the file of the others is open to be read, and they get an empty
 * result. An error while positions are worked on is that of one rank alone: the others wait for it and are to be ended.
 *
 * The result does not depend on `threads` or ranks. VTR_ERR_NOT_FOUND: no profiles; VTR_ERR_ARGUMENT: profiles in px, where k is
 * not known, or an image or region that is none; VTR_ERR_NO_DATA: no position has a profile. `result` may be NULL, is
 * untouched on failure and released with vtr_pdf_cube_result_release. */
VTR_API vtr_status vtr_pdf_cube(vtr_mapfile *file, const vtr_pdf_params *pdf,
                                const vtr_pdf_cube_params *params, int threads, vtr_pdf_cube_result *result,
                                const vtr_progress *progress, vtr_error *err);
VTR_API void vtr_pdf_cube_result_release(vtr_pdf_cube_result *result);

VTR_END_DECLS

#endif
