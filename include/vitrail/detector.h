/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_DETECTOR_H
#define VITRAIL_DETECTOR_H

/* The camera: which of its pixels can be used, and how much they scatter. Pixel (row y, column x) has its centre at
 * exactly (x, y); a frame is [det_y][det_x]. */

#include <stdbool.h>
#include <stddef.h>

#include "vitrail/dataset.h"
#include "vitrail/error.h"
#include "vitrail/progress.h"

VTR_BEGIN_DECLS

/* A sample of a recording's frames, spread evenly over the scan, in memory as float32. */
typedef struct vtr_sample {
    size_t n, det_y, det_x;
    size_t scan_y, scan_x;
    size_t *position; /* [n], in scan order */
    float *frames;    /* [n][det_y][det_x] */
} vtr_sample;

/* At most max_frames frames and max_bytes bytes (0: no limit), on a grid over the whole scan (not only its rows'
 * beginnings); positions without frame are left out. */
VTR_API vtr_status vtr_sample_read(vtr_sample *sample, vtr_dataset *dataset, size_t max_frames,
                                   size_t max_bytes, const vtr_progress *progress, vtr_error *err);
VTR_API void vtr_sample_release(vtr_sample *sample);

/* The variance of a pixel that expects `counts` above `offset`: gain * counts + read_noise^2. */
typedef struct vtr_noise {
    double gain;       /* recorded units per electron */
    double offset;     /* recorded units with no electrons */
    double read_noise; /* standard deviation with no electrons, recorded units */
    bool is_counting;  /* a counting camera: gain 1, no read-out noise */
    bool is_measured;  /* from the data, not given */
    double gain_error, read_noise_error;
} vtr_noise;

/* Measures gain and read-out noise from the sample: the white part of the variance (what differs from one pixel to
 * the next; speckles and thickness, which vary slowly or as the square of the signal, are kept apart) against the
 * mean. `mask` [det_y][det_x], 0 = not used, may be NULL. */
VTR_API vtr_status vtr_noise_measure(vtr_noise *noise, const vtr_sample *sample, const unsigned char *mask,
                                     vtr_error *err);
/* Reads "GAIN,OFFSET,READ_NOISE" or "counting". */
VTR_API vtr_status vtr_noise_parse(vtr_noise *noise, const char *text, vtr_error *err);

/* Reasons for which a pixel is not used; 0 = used. */
typedef enum vtr_mask_reason {
    VTR_MASK_BEAM_STOP = 1 << 0,
    VTR_MASK_DEAD = 1 << 1,
    VTR_MASK_HOT = 1 << 2,
    VTR_MASK_SATURATED = 1 << 3,
    VTR_MASK_USER = 1 << 4,
    VTR_MASK_INVALID = 1 << 5, /* NaN or infinite in the sample */
} vtr_mask_reason;

typedef struct vtr_mask_params {
    bool find_beam_stop, find_hot, find_dead, find_saturated;
    double saturation; /* recorded units; NAN: none known */
    double beam_stop_grow_px;
    const float *user; /* [det_y][det_x], non-zero = used; NULL: none. The caller keeps it. */
} vtr_mask_params;

VTR_API vtr_mask_params vtr_mask_default_params(void);

/* Marks in reasons [det_y][det_x] why each pixel is not used. A beam stop is a connected dark region, with an edge
 * and reaching the border of the frame or covering the middle; it is grown by beam_stop_grow_px. */
VTR_API vtr_status vtr_mask_find(unsigned char *reasons, const vtr_sample *sample,
                                 const vtr_mask_params *params, vtr_error *err);

/* A rough centre of the pattern (to about a pixel): where the pattern best equals itself turned by 180 degrees,
 * among unmasked pixels; the direct beam where there is one helps and is not needed. `mean` [det_y][det_x] and
 * `used` (non-zero = used). */
VTR_API vtr_status vtr_centre_find(double *centre_x, double *centre_y, const double *mean,
                                   const unsigned char *used, size_t det_y, size_t det_x, vtr_error *err);

/* The first strong ring of an azimuthal profile (index = radius in px): its radius, full width at half maximum, and
 * the annulus [lo, hi] that holds it with both feet. NaN = no data. VTR_ERR_NO_DATA where no ring stands out. */
VTR_API vtr_status vtr_ring_find(double *radius_px, double *width_px, double annulus_px[2],
                                 const double *profile, size_t n, vtr_error *err);

/* Ring spacings of a standard in 1/Å (k = 1/d), ascending: "gold", "aluminium", ...; NULL if unknown. */
VTR_API const double *vtr_standard_rings(const char *name, size_t *n);

VTR_END_DECLS

#endif
