/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PASS_CALIBRATE_INTERNAL_H
#define VITRAIL_PASS_CALIBRATE_INTERNAL_H

#include "pass/sample_fit.h"
#include "vitrail/calibration.h"

/* Reads the sample and starts the calibration: everything that needs no ring (averages, mask, what the file says). On
 * success the caller releases `sample` and frees *out. */
vtr_status vtr_calibrate_begin(vtr_calibration **out, vtr_sample *sample, vtr_dataset *dataset,
                               const vtr_calibrate_params *params, const vtr_progress *progress,
                               vtr_error *err);

/* Weights and excess of the calibration's speckle for a plan and its fit (vtr_fit_speckle, with the array that it
 * points to). */
typedef struct vtr_speckle_terms {
    vtr_fit_speckle fit;
    double *relative_variance;
} vtr_speckle_terms;

void vtr_speckle_terms_release(vtr_speckle_terms *terms);
/* For a plan at the calibrated geometry. Without speckle: terms->fit.relative_variance is NULL. */
vtr_status vtr_speckle_terms_create(vtr_speckle_terms *terms, const vtr_calibration *c,
                                    const vtr_polar_plan *plan, const unsigned char *used, vtr_error *err);

/* The fit that a calibration describes, on a plan. `terms` may be NULL. */
vtr_status vtr_calibration_likelihood(vtr_likelihood **out, const vtr_calibration *c,
                                      const vtr_polar_plan *plan, const vtr_speckle_terms *terms,
                                      vtr_error *err);

/* Radii of a plan that hold the ring's annulus. */
size_t vtr_calibration_radii(const vtr_calibration *c);

/* Centre, distortion and first template from the mean pattern; annulus as in c->ring.annulus_px where `annulus_given`,
 * else found. */
vtr_status vtr_calibrate_mean(vtr_calibration *c, const unsigned char *used, bool annulus_given,
                              vtr_error *err);
/* Errors of the mean pattern's centre and ellipse, see vtr_calibration. */
vtr_status vtr_calibrate_mean_errors(vtr_calibration *c, const unsigned char *used, vtr_error *err);
/* Template, descan and speckle from the sample. */
vtr_status vtr_calibrate_sample(vtr_calibration *c, const unsigned char *used, const vtr_sample *sample,
                                int threads, const vtr_progress *progress, vtr_error *err);

/* The radial mean, and the speckle along whole rings at every radius of the pattern where there is some in the annulus,
 * with the sample's fits. */
vtr_status vtr_calibrate_rings(vtr_calibration *c, const unsigned char *used, const vtr_sample *sample,
                               const vtr_sample_fits *fits, int threads, vtr_error *err);

/* SHA-256 of every number that the file holds; every NAN is alike. */
void vtr_calibration_fingerprint(const vtr_calibration *c, char hex[65]);

/* used[i] = mask[i] == 0; the caller frees it. */
unsigned char *vtr_calibration_used(const vtr_calibration *c);

/* Centre of the pattern at scan position (y, x) of a scan, less the calibrated centre. */
void vtr_calibration_descan(const vtr_calibration *c, const size_t shape[4], double y, double x, double *dx,
                            double *dy);

/* Collective. Rank 0's sample at every rank, to be released with vtr_sample_release there too, also after a failure. */
vtr_status vtr_sample_share(vtr_sample *sample, vtr_ranks *ranks, vtr_error *err);

#endif
