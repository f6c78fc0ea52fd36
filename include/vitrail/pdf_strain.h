/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PDF_STRAIN_H
#define VITRAIL_PDF_STRAIN_H

/* Strain of the first shell, from the PDFs of azimuthal sectors.
 *
 * Under a strain e the structure factor along phi is that of the unstrained glass at Q (1 + e(phi)), so the first
 * maximum of G from the profile along phi stands at
 *
 *     r1(phi) = r1 (1 + e(phi)),   e(phi) = exx cos^2 phi + eyy sin^2 phi + exy 2 sin phi cos phi,
 *
 * phi from +x of the scan towards +y, tension positive; of a sector of the width w e(phi) is the mean, in which
 * cos 2phi and sin 2phi come times sin(w)/w. Opposite sectors are joined. As with the ring, the strain of a reference is
 * zero by definition: the box of /entry/strain, else the whole scan. (With X-rays: Poulsen et al., Nat. Mater. 4, 33,
 * 2005.) */

#include <stdbool.h>
#include <stddef.h>

#include "vitrail/error.h"
#include "vitrail/mapfile.h"
#include "vitrail/parameters.h"
#include "vitrail/pdf.h"
#include "vitrail/pdf_cube.h"
#include "vitrail/progress.h"

VTR_BEGIN_DECLS

/* exx, eyy, exy in the scan's frame with standard deviations; fractions. */
typedef struct vtr_pdf_shell_strain {
    double e[3], e_error[3];
    double chi2; /* reduced, of r1(phi) about the tensor; NAN for three directions, which have none left */
} vtr_pdf_shell_strain;

/* How a component compares with the ring's over the positions that have both: a straight line with errors in both
 * (York et al., Am. J. Phys. 72, 367, 2004), the error of its slope enlarged where the scatter is larger than the errors
 * say. */
typedef struct vtr_pdf_strain_comparison {
    size_t n;
    double correlation;
    double ratio, ratio_error; /* shell over ring */
} vtr_pdf_strain_comparison;

typedef struct vtr_pdf_strain_region {
    char name[VTR_REGION_NAME];
    size_t n;
    double *distance, *distance_error; /* [n_directions], Å */
    vtr_pdf_shell_strain strain;
} vtr_pdf_strain_region;

typedef struct vtr_pdf_strain_result {
    size_t n_positions, n_valid, n_directions;
    double *angle_degrees; /* [n_directions], middles of the joined sectors */
    double distance;       /* Å, r1 of the reference */
    double
        error_factor; /* what the errors were multiplied with: the pooled scatter of r1(phi) about the tensors */
    double shell_range[2];                   /* Å */
    bool has_ring;                           /* /entry/strain is there to compare with */
    vtr_pdf_strain_comparison comparison[3]; /* exx, eyy, exy */
    size_t n_regions;
    vtr_pdf_strain_region *regions; /* their profiles are added up before they are transformed */
} vtr_pdf_strain_result;

/* Replaces /entry/pdf/strain: r1 [scan_y][scan_x][angle], exx, eyy, exy, volumetric, each with _errors, chi2, flags,
 * and regions/NAME with r1 and the strain of the region's mean profile. Reads /entry/sectors in blocks. Of `params`
 * first and regions count. NaN and flags as vtr_pdf_cube has them; a position needs r1 along three directions. Errors,
 * memory and threads as vtr_pdf_cube. */
VTR_API vtr_status vtr_pdf_strain(vtr_mapfile *file, const vtr_pdf_params *pdf,
                                  const vtr_pdf_cube_params *params, int threads,
                                  vtr_pdf_strain_result *result, const vtr_progress *progress,
                                  vtr_error *err);
VTR_API void vtr_pdf_strain_result_release(vtr_pdf_strain_result *result);

VTR_END_DECLS

#endif
