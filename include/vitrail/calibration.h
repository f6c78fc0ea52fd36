/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_CALIBRATION_H
#define VITRAIL_CALIBRATION_H

/* Step 1 of the flow: from a sample of a recording, everything that the pass needs to know before it starts. */

#include <stdbool.h>
#include <stddef.h>

#include "vitrail/dataset.h"
#include "vitrail/detector.h"
#include "vitrail/error.h"
#include "vitrail/mapfile.h"
#include "vitrail/parameters.h"
#include "vitrail/progress.h"
#include "vitrail/ranks.h"
#include "vitrail/ring.h"
#include "vitrail/ring_template.h"

VTR_BEGIN_DECLS

typedef struct vtr_calibrate_params {
    double centre_x, centre_y; /* px; NAN: found */
    double ring[2];            /* annulus of the ring, px; NAN: found */
    const char *mask;          /* path of an image, non-zero = used; NULL: none */
    const char *noise;         /* "GAIN,OFFSET,READ_NOISE" or "counting"; NULL: measured */
    bool no_beam_stop;         /* look for no beam stop */
    const char *standard;      /* "gold" and the like: k scale and distortion from a polycrystal's rings */
    double ring_k;             /* known position of the ring, 1/Å: sets the k scale; NAN: none */
    const char *k_scale;       /* path of a stored calibration whose k scale is taken; NULL: none */
    size_t sample;             /* patterns in the sample */
    int harmonics;             /* 1: ring and background may have cos 2phi, sin 2phi amplitudes */
    size_t background_order;   /* 0 to 2 */
    size_t sectors;            /* polar sectors of the fit */
} vtr_calibrate_params;

VTR_API extern const vtr_parameter_table vtr_calibrate_parameters;

enum { VTR_CALIBRATION_RADII = 512 };

typedef struct vtr_calibration {
    size_t det_y, det_x;
    unsigned char *mask;        /* [det_y][det_x] vtr_mask_reason bits, 0 = used */
    double *mean, *maximum;     /* [det_y][det_x] of the sample, recorded units */
    size_t n_sampled, n_fitted; /* patterns in the sample, and those with a ring */
    double centre_x_px, centre_y_px;
    double wxx, wyy, wxy; /* u = W (x - c) makes the mean ring round; det W = 1 */
    /* of the mean pattern's ring, from the scatter of its sectors about their ellipse; NAN: too little of it is seen */
    double centre_error_px[2], axis_ratio_error, axis_angle_error_degrees;
    /* the centre over the scan: c + sum_k descan[.][k] {X, Y, X^2, XY, Y^2}, X and Y from -1 to 1 over the scan */
    double descan_x_px[5], descan_y_px[5];
    double descan_residual_px;  /* root mean square of the sampled centres about it, above their errors */
    double k_step_inv_angstrom; /* per px in circle coordinates, k = 1/d; NAN: not known */
    double scan_step_nm[2];     /* y, x; NAN: not known */
    double beam_energy_kev;
    double saturation;
    vtr_noise noise;
    vtr_ring_template ring;
    vtr_speckle speckle;
    /* mean counts per pixel at radii i radial_step_px, each pattern's own centre and strain taken out; 0 where none are
     * seen */
    double radial_step_px, radial_mean[VTR_CALIBRATION_RADII];
    double
        sample_noise; /* variance of a profile's sample by noise, over that of as many pixels' mean: the rest is shared
                            with the neighbours */
    bool is_far;           /* single centres lie off the descan surface by part of the ring's width */
    double electrons;      /* mean counts in the annulus over the gain */
    double beam_radius_px; /* of the direct beam's disc; NAN: none seen */
    bool harmonics;
    size_t background_order, sectors;
    double chi2; /* mean reduced chi-squared of the sample's fits */
} vtr_calibration;

/* Samples, measures, fits. `params` may be NULL. On success *out is to be freed with vtr_calibration_free. */
VTR_API vtr_status vtr_calibrate(vtr_calibration **out, vtr_dataset *dataset,
                                 const vtr_calibrate_params *params, int threads,
                                 const vtr_progress *progress, vtr_error *err);
/* Collective. Rank 0's calibration at every rank: *calibration is read there, and set at the others, to be freed with
 * vtr_calibration_free. */
VTR_API vtr_status vtr_calibration_share(vtr_calibration **calibration, vtr_ranks *ranks, vtr_error *err);
VTR_API void vtr_calibration_free(vtr_calibration *calibration);

/* Radius of the direct beam's disc about a centre, from the mean pattern: where the profile falls to half of its
 * plateau; NAN where no disc stands out. */
VTR_API double vtr_beam_radius(const vtr_calibration *calibration);

/* The calibration as a file of its own (a map file with the group /entry/calibration), and within a map file. */
VTR_API vtr_status vtr_calibration_write(const vtr_calibration *calibration, vtr_mapfile *file,
                                         vtr_error *err);
VTR_API vtr_status vtr_calibration_read(vtr_calibration **out, const vtr_mapfile *file, vtr_error *err);

/* --- a polycrystalline standard -------------------------------------------------------------------------------- */

/* What the pattern of a standard gives. Of `pattern` the sizes, mask, mean, maximum, n_sampled, centre, W, k step and
 * beam energy are set: there is no glass's ring. */
typedef struct vtr_standard_pattern {
    vtr_calibration *pattern;
    vtr_standard_calibration found;
    char name[64]; /* of the standard, as given */
} vtr_standard_pattern;

/* The mean of a sample of the recording (or the one image), its mask, and vtr_standard_calibrate for
 * params->standard. On success *out is to be freed with vtr_standard_pattern_free. VTR_ERR_ARGUMENT for parameters
 * that say what the standard's rings are to tell. */
VTR_API vtr_status vtr_calibrate_standard(vtr_standard_pattern **out, vtr_dataset *dataset,
                                          const vtr_calibrate_params *params, const vtr_progress *progress,
                                          vtr_error *err);
VTR_API void vtr_standard_pattern_free(vtr_standard_pattern *standard);

/* As a file of its own: the group /entry/calibration with the attribute `standard`. */
VTR_API vtr_status vtr_standard_pattern_write(const vtr_standard_pattern *standard, vtr_mapfile *file,
                                              vtr_error *err);

/* The k step, 1/Å per px, of a stored calibration, of a standard or of a glass. VTR_ERR_NO_DATA where it has none. */
VTR_API vtr_status vtr_k_scale_read(double *k_step_inv_angstrom, const char *path, vtr_error *err);

VTR_END_DECLS

#endif
