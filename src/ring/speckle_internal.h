/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_RING_SPECKLE_INTERNAL_H
#define VITRAIL_RING_SPECKLE_INTERNAL_H

/* What the parts of the speckle statistics share: speckle.c measures, by the correlation of the residuals
 * (speckle_residuals.c) with what the fit took from it put back (speckle_projection.c), and says it in a few numbers
 * (speckle_summary.c); speckle_excess.c says what they mean for the fit. */

#include "ring/speckle_field.h"

/* Frames are taken in blocks of fixed number, so that sums do not depend on the number of threads. */
enum { N_BLOCKS = 16 };

/* Squares of the relative residuals, and the noise expected in them, by radius (t from -1 to 1 in even bins). */
enum { N_RADIAL = 4 * (VTR_SPECKLE_NODES - 1) };
typedef struct radial_sums {
    double square[N_RADIAL], noise[N_RADIAL], n[N_RADIAL], weight[N_RADIAL];
} radial_sums;

/* Everything of one measurement; lags are [2 max_lag + 1][2 max_lag + 1]. */
typedef struct speckle_measurement {
    ring_field field;
    size_t max_lag, n_lags;
    double (*derivatives)[FIT_N];
    double *counts, *weight, *noise_variance; /* per annulus pixel, at the mean amplitude */
    double *emphasis;                         /* relative residuals are weighted by the mean pattern */
    double amplitude;
    double inverse[FIT_N][FIT_N];
    fftw_complex *power[N_BLOCKS], *folded[N_BLOCKS];
    fftw_complex *mask, *mask_folded[N_BLOCKS]; /* of the emphasis; its pairs about each frame's own centre */
    double noise[N_BLOCKS];
    radial_sums radial[N_BLOCKS];
    size_t n_frames[N_BLOCKS];
    double *pairs, *folded_pairs; /* number of pixel pairs at each lag */
    double *raw, *raw_folded, *corrected, *corrected_folded;
    double white; /* mean of the noise's part of z^2 */
    size_t frames;
} speckle_measurement;

/* On failure nothing is left to release. */
vtr_status vtr_speckle_measurement_create(speckle_measurement *m, const vtr_ring_template *ring,
                                          const vtr_ring_pixels *pixels, vtr_error *err);
void vtr_speckle_measurement_release(speckle_measurement *m);
/* Index of lag (0, 0). */
size_t vtr_speckle_zero_lag(const speckle_measurement *m);
/* Weight of a pixel in the score of its bin, at an amplitude: n_bin / variance of the bin's sum, per pixel. */
double vtr_speckle_pixel_weight(double counts, double n_bin, double relative_variance,
                                const vtr_noise *noise);
/* Back transforms a pair of spectra to lags, divided by the number of pixel pairs where `normalise`. */
vtr_status vtr_speckle_to_lags(const speckle_measurement *m, fftw_complex *power, fftw_complex *folded,
                               double factor, bool normalise, double *lags, double *folded_lags);

/* The pixel pairs of the annulus at each lag, weighted by the emphasis; fills m->mask. */
vtr_status vtr_speckle_count_pairs(speckle_measurement *m);
/* The correlation of the relative residuals over the sample into m->raw and m->raw_folded, their squares by radius into
 * m->radial[0], and the noise's part of them into m->white. */
vtr_status vtr_speckle_collect_frames(speckle_measurement *m, const vtr_sample *sample,
                                      const double (*parameters)[FIT_N], const unsigned *flags,
                                      const vtr_likelihood *likelihood, const vtr_ring_pixels *pixels,
                                      const vtr_noise *noise);

/* Working images of the projection. */
typedef struct speckle_projection {
    double *image[FIT_N]; /* Y_k = C W J_k, per pixel of the padded image, over the counts */
    fftw_complex *rho, *folded, *work, *result, *power, *fold;
} speckle_projection;

/* C g for the covariance m m' [rho(x - x') + F(x + x' - 2c)] of relative speckle, with g given as m g in `image`;
 * spectra of the two lag images are given. The result (without the leading m) replaces `image`. */
void vtr_speckle_apply_correlation(const ring_field *field, const fftw_complex *rho,
                                   const fftw_complex *folded, double *image, fftw_complex *work,
                                   fftw_complex *result);
/* Spectra of lag images: rho about zero, F about twice the centre (a shift by a phase, so also by half pixels). */
vtr_status vtr_speckle_correlation_spectra(const ring_field *field, const double *lags,
                                           const double *folded_lags, size_t max_lag, fftw_complex *rho,
                                           fftw_complex *folded);
void vtr_speckle_projection_release(speckle_projection *p);
vtr_status vtr_speckle_projection_create(speckle_projection *p, const ring_field *field);
/* What the fit changes in the correlation of the residuals: with H = J A^-1 J' W and C the covariance of the data,
 * (I - H) C (I - H)' - C = -K Y'' - Y'' K' with K = J A^-1, Y = C W J, Y'' = Y - K (J' W Y) / 2. */
vtr_status vtr_speckle_projection_loss(const speckle_measurement *m, speckle_projection *p, double *loss,
                                       double *folded_loss);

/* Contrast, grain and the cut correlations from the corrected lags. */
void vtr_speckle_summarise(speckle_measurement *m, vtr_speckle *out);

#endif
