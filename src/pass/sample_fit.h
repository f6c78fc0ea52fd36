/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PASS_SAMPLE_FIT_H
#define VITRAIL_PASS_SAMPLE_FIT_H

/* The likelihood fit on the sample of a recording that calibration holds in memory. */

#include "ring/likelihood.h"
#include "ring/speckle.h"
#include "vitrail/calibration.h"
#include "vitrail/detector.h"
#include "vitrail/polar.h"

typedef struct vtr_sample_fits {
    size_t n;
    double (*parameters)[FIT_N]; /* [n] */
    double (*variance)[5];       /* [n] of dx, dy, m, p, q */
    double (*expected)[5];       /* [n], what the rest of the sample says of the same: the descan surface */
    double *chi2, *amplitude;
    unsigned *flags;
} vtr_sample_fits;

vtr_status vtr_sample_fits_create(vtr_sample_fits *fits, size_t n, vtr_error *err);
void vtr_sample_fits_release(vtr_sample_fits *fits);

/* The geometry of a calibration as a plan for its ring's annulus, and as what the fit and the speckle read. */
vtr_status vtr_calibration_plan(vtr_polar_plan **plan, const vtr_calibration *c, const unsigned char *used,
                                size_t n_radii, double shift_x_px, double shift_y_px, size_t n_annuli,
                                const double (*annuli_px)[2], vtr_error *err);
void vtr_bins_of_plan(vtr_ring_bins *bins, const vtr_polar_plan *plan);
vtr_ring_pixels vtr_pixels_of_plan(const vtr_polar_plan *plan, const unsigned char *used);

vtr_status vtr_sample_fit(vtr_sample_fits *fits, const vtr_sample *sample, const vtr_polar_plan *plan,
                          const vtr_likelihood *likelihood, int threads, vtr_error *err);

/* A new template from the whole sample, with the expected centres and strains taken out and, where `own`, each
 * pattern's own as far as they stand out from their errors: what is noise in them must not sharpen or blur the ring. */
vtr_status vtr_sample_template(vtr_ring_template *ring, const vtr_sample *sample, const vtr_sample_fits *fits,
                               const vtr_polar_plan *plan, const vtr_likelihood *likelihood, bool own,
                               int threads, vtr_error *err);

/* Scatter beyond the errors (variance, at least 0) of parameter k over the good fits: about what is expected, or about
 * their common mean. */
double vtr_sample_excess(const vtr_sample_fits *fits, int k, bool about_expected);
size_t vtr_sample_good(const vtr_sample_fits *fits);

#endif
