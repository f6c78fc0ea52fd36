/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_DETECTOR_MASK_INTERNAL_H
#define VITRAIL_DETECTOR_MASK_INTERNAL_H

#include "vitrail/detector.h"

/* What the mask's finders share: [det_y][det_x] each. */
typedef struct vtr_mask_image {
    size_t det_y, det_x;
    size_t n_frames;
    const double *mean, *variance; /* over the sample's frames */
} vtr_mask_image;

/* Sets VTR_MASK_BEAM_STOP where a beam stop, or the edge of the camera, shades the pattern. */
vtr_status vtr_mask_beam_stop(unsigned char *reasons, const vtr_mask_image *image, double grow_px,
                              vtr_error *err);

/* Sets VTR_MASK_HOT and VTR_MASK_DEAD on single pixels (or pairs) that differ from all around them. */
vtr_status vtr_mask_bad_pixels(unsigned char *reasons, const vtr_mask_image *image, bool find_hot,
                               bool find_dead, vtr_error *err);

#endif
