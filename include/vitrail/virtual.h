/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_VIRTUAL_H
#define VITRAIL_VIRTUAL_H

/* Virtual detectors of any place and shape: images of the scan from the counts that fall on a part of the pattern, read
 * from the recording. (The pass makes those about the centre, vtr_map_params.virtual_images, without reading twice.) */

#include <stddef.h>

#include "vitrail/calibration.h"
#include "vitrail/dataset.h"
#include "vitrail/error.h"
#include "vitrail/progress.h"

VTR_BEGIN_DECLS

enum { VTR_VIRTUAL_POINTS = 256 };

/* Places are px of the pattern at the calibrated centre: those of the other positions move with the descan. */
typedef struct vtr_virtual {
    double centre_x_px, centre_y_px;
    double radius_px[2]; /* lo <= |W (x - centre)| < hi, W that of the calibration */
    double
        angle_degrees[2]; /* from ... to, from +x towards +y; all around where they are 360 or more apart */
    size_t n_points;      /* of a polygon, in place of the above; 0: none */
    double x_px[VTR_VIRTUAL_POINTS], y_px[VTR_VIRTUAL_POINTS];
} vtr_virtual;

/* Reads one of
 *
 *     disc:Y,X,R                   annulus:Y,X,LO,HI              px
 *     sector:Y,X,LO,HI,FROM,TO     angles in degrees
 *     polygon:Y,X;Y,X;Y,X...       inside by the even-odd rule
 *
 * VTR_ERR_ARGUMENT: what is none of these. `out` is untouched on failure. */
VTR_API vtr_status vtr_virtual_parse(vtr_virtual *out, const char *text, vtr_error *err);

/* The counts on the detector's used pixels at every `stride`-th position of every `stride`-th row:
 * image [ceil(scan_y / stride)][ceil(scan_x / stride)], NAN where the recording has no frame. Integer pixels are summed
 * exactly, others in double; a detector about the calibrated centre gives the same numbers as the pass. Without a
 * `calibration` every pixel is used, W = 1 and nothing moves. *n_pixels, where not NULL, is set to the number of used
 * pixels on it. `threads` 0 is all; the result does not depend on it.
 * VTR_ERR_ARGUMENT: no stride; VTR_ERR_SHAPE: a calibration for other patterns; VTR_ERR_NO_DATA: no used pixel is on
 * it; VTR_ERR_INTERRUPTED: progress->cancelled. The image is undefined on failure. */
VTR_API vtr_status vtr_virtual_image(float *image, size_t *n_pixels, vtr_dataset *dataset,
                                     const vtr_calibration *calibration, const vtr_virtual *detector,
                                     size_t stride, int threads, const vtr_progress *progress,
                                     vtr_error *err);

VTR_END_DECLS

#endif
