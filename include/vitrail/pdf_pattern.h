/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PDF_PATTERN_H
#define VITRAIL_PDF_PATTERN_H

/* From one diffraction pattern (a SAED image) to the profile that a PDF is made of. */

#include <stddef.h>

#include "vitrail/calibration.h"
#include "vitrail/dataset.h"
#include "vitrail/error.h"
#include "vitrail/pdf_text.h"

VTR_BEGIN_DECLS

/* Azimuthal means of one pattern, its centre and ellipse taken out. Rings without a used pixel are NAN. */
typedef struct vtr_pattern_profile {
    size_t n;
    double *k;                /* [n] 1/Å, k = 1/d: mean over the ring's used pixels */
    double *intensity;        /* [n] mean per pixel above the camera's offset, recorded units */
    double *variance;         /* [n] of the mean, what neighbouring rings share included */
    double *n_pixels;         /* [n] used pixels */
    double correlation_rings; /* over how many rings a deviation reaches: 1 for counts, more for speckles */
} vtr_pattern_profile;

/* The mean of every ring of one pixel's width up to the farthest corner of a recording of one pattern, as `calibration`
 * (of this pattern, or of another one at the same place) gives centre, ellipse, mask, offset and k step.
 *
 * The variance is measured, not assumed: from the scatter of eight pairs of opposite sectors about the ring's mean
 * (opposite speckles are the same speckle), smoothed over neighbouring rings, times what neighbouring rings share: so it
 * holds speckle and the camera's unevenness, whatever the gain. VTR_ERR_SHAPE: several patterns, or another size than
 * the calibration's; VTR_ERR_NO_DATA: no k scale. On success the caller releases `out`. */
VTR_API vtr_status vtr_pattern_profile_compute(vtr_pattern_profile *out, vtr_dataset *dataset,
                                               const vtr_calibration *calibration, vtr_error *err);
VTR_API void vtr_pattern_profile_release(vtr_pattern_profile *profile);

/* The same over Q, as if it had been read from a file: the longest run of rings of which a quarter or more is seen, the
 * others (corners, beam stop) without data. On success the caller releases `out`. */
VTR_API vtr_status vtr_pattern_profile_to_text(vtr_profile_text *out, const vtr_pattern_profile *profile,
                                               double k_step_inv_angstrom, vtr_error *err);

VTR_END_DECLS

#endif
