/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_POLAR_H
#define VITRAIL_POLAR_H

/* Polar binning of frames, sixteen at a time: one lane of a vector register holds one frame, so a pixel's bin
 * is looked up once for sixteen frames, and every array of results is [...][VTR_LANES].
 *
 * Circle coordinates: u = W (x - c), W = (wxx wxy; wxy wyy) symmetric, x and c in px (x column, y row); |u|
 * is the radius in px, atan2(u_y, u_x) the angle from +x towards +y. Ring r holds r * r_step <= |u| <
 * (r + 1) * r_step; sector s holds (s - 1/2) w <= angle < (s + 1/2) w, w = 360/n_sectors degrees, so that sector 0
 * has +x in its middle; a pixel belongs where its centre is. Bin index = ring * n_sectors + sector; used pixels with
 * |u| >= n_r * r_step are in the bin `n_bins`, "outside".
 *
 * Threads: a plan is read-only and shared; a batch and a pattern belong to one worker each. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vitrail/detector.h"
#include "vitrail/error.h"
#include "vitrail/types.h"

VTR_BEGIN_DECLS

enum { VTR_LANES = 16, VTR_POLAR_MAX_ANNULI = 256 };

/* What a plan is made from. Nothing here is kept by the plan. */
typedef struct vtr_polar_geometry {
    size_t det_y, det_x;
    const unsigned char *used; /* [det_y][det_x], 0 = masked; NULL: all pixels are used */
    double centre_x_px, centre_y_px;
    double wxx, wyy, wxy;
    size_t n_sectors, n_r;
    double r_step_px;
    size_t n_annuli;
    const double (*annuli_px)[2]; /* [n_annuli] of {lo, hi}: pixels with lo <= |u| < hi; they may overlap */
} vtr_polar_geometry;

/* Centre in the middle of the detector, W = 1, 32 sectors, rings of 1 px up to the nearest edge, no annuli.
 */
VTR_API vtr_polar_geometry vtr_polar_default_geometry(size_t det_y, size_t det_x);

/* A plan; everything is to be read only. The arrays per bin have n_bins + 1 entries (the last is "outside")
 * and are NAN, n_pixels 0, where a bin has no pixels. Means are over the bin's used pixels, at their centres.
 */
typedef struct vtr_polar_plan {
    size_t det_y, det_x, n_used; /* n_used: unmasked pixels */
    double centre_x_px, centre_y_px, wxx, wyy, wxy;
    size_t n_sectors, n_r, n_bins; /* n_bins = n_r * n_sectors */
    double r_step_px;
    double sector_start_rad;      /* angle at which sector 0 begins: half a sector before +x */
    const double *n_pixels;       /* number of pixels */
    const double *radius_px;      /* mean |u| */
    const double *angle_rad;      /* mean angle, from half a sector below 0 to as much below 2 pi */
    const double *angle_variance; /* variance of the angle within the bin, rad^2 */
    const double *cos1, *sin1;    /* mean cos and sin of the angle */
    const double *cos2, *sin2;    /* mean cos and sin of twice the angle */
    size_t n_annuli;
    const double (*annuli_px)[2];
    const size_t *annulus_pixels;      /* used pixels in each annulus */
    struct vtr_polar_program *program; /* private */
} vtr_polar_plan;

/* On success *out is to be freed by the caller. */
VTR_API vtr_status vtr_polar_plan_create(vtr_polar_plan **out, const vtr_polar_geometry *geometry,
                                         vtr_error *err);
/* Frees and sets *plan to NULL; takes NULL. */
VTR_API void vtr_polar_plan_free(vtr_polar_plan **plan);

/* The binned sums of VTR_LANES frames, in recorded units (nothing is subtracted). Read only for the caller.
 * Lanes without a frame (NULL) hold zeros and VTR_FLAG_MISSING. */
typedef struct vtr_polar_batch {
    const vtr_polar_plan *plan; /* of the last vtr_polar_bin */
    vtr_type type;
    float *sums;             /* [n_bins + 1][VTR_LANES]; exact for integer pixels below 2^24 */
    double *annuli;          /* [n_annuli][VTR_LANES], exact for integer pixels */
    double total[VTR_LANES]; /* over all used pixels, exact for integer pixels */
    double maximum[VTR_LANES], minimum[VTR_LANES]; /* over used pixels; minimum: 0 for unsigned types */
    uint32_t flags[VTR_LANES]; /* VTR_FLAG_MISSING; _EMPTY: no counts; _INVALID: NaN, infinite or negative
                                  pixels */
    bool has_nonfinite[VTR_LANES], has_negative[VTR_LANES]; /* which of these INVALID means */
    struct vtr_polar_workspace *workspace;                  /* private */
} vtr_polar_batch;

/* An empty batch; its buffers come with the first vtr_polar_bin and are reused. */
VTR_API vtr_status vtr_polar_batch_create(vtr_polar_batch **out, vtr_error *err);
VTR_API void vtr_polar_batch_free(vtr_polar_batch **batch);

typedef struct vtr_pattern vtr_pattern;

/* Bins up to VTR_LANES frames [det_y][det_x] of `type` into `batch`, replacing what it held; a NULL frame is
 * a lane without frame. Integer pixels of up to 16 bits are summed in integers, others in double in a fixed
 * order; the result is the same to the bit with every kernel (portable, AVX2, AVX-512). Where `pattern` is
 * not NULL the frames are added to it in the same reading (vtr_pattern_add). The plan must live as long as
 * the batch is used. Fails with VTR_ERR_MEMORY only, and VTR_ERR_SHAPE or VTR_ERR_TYPE where `pattern` is of
 * another kind. */
VTR_API vtr_status vtr_polar_bin(vtr_polar_batch *batch, const vtr_polar_plan *plan, vtr_type type,
                                 const void *const frames[VTR_LANES], vtr_pattern *pattern, vtr_error *err);

/* The sums of the last vtr_polar_bin in double, exact for integer pixels: sums [n_bins + 1][VTR_LANES]. */
VTR_API void vtr_polar_batch_exact(const vtr_polar_batch *batch, double *sums);

/* --- mean, variance and maximum of every pixel over the frames --------------------------------------------
 */

VTR_API vtr_status vtr_pattern_create(vtr_pattern **out, vtr_type type, size_t det_y, size_t det_x,
                                      vtr_error *err);
VTR_API void vtr_pattern_free(vtr_pattern **pattern);
/* Adds up to VTR_LANES frames, masked pixels too; NULL ones are skipped. Pixels of up to 16 bits are summed
 * exactly (64-bit integers), so that neither order nor partition matters; others in double, in the order of
 * the calls. */
VTR_API void vtr_pattern_add(vtr_pattern *pattern, const void *const frames[VTR_LANES]);
/* Adds `other`, of the same type and shape; with 32-bit and floating-point pixels merge in scan order. */
VTR_API void vtr_pattern_merge(vtr_pattern *pattern, const vtr_pattern *other);
/* Forgets all frames. */
VTR_API void vtr_pattern_reset(vtr_pattern *pattern);
VTR_API size_t vtr_pattern_count(const vtr_pattern *pattern);
/* Per pixel [det_y][det_x]; each output may be NULL. `variance` is the sample variance (n - 1). NAN where
 * there are too few frames, or where a frame held NaN. */
VTR_API void vtr_pattern_finish(const vtr_pattern *pattern, double *mean, double *variance, double *maximum);

/* --- radial profiles --------------------------------------------------------------------------------------
 */

/* Where the pattern of each lane sits in the plan's circle coordinates: rho = |(I + e)(u - d)|. A NAN in a
 * lane makes that lane's profile NAN. */
typedef struct vtr_polar_lanes {
    float dx_px[VTR_LANES], dy_px[VTR_LANES];
    float exx[VTR_LANES], eyy[VTR_LANES], exy[VTR_LANES];
} vtr_polar_lanes;

typedef struct vtr_profile_params {
    double r_first_px; /* radius of the first sample */
    double r_step_px;  /* distance of the samples */
    size_t n;          /* number of samples */
    vtr_noise noise;
    const float *speckle; /* [n], or [n_sectors][n]: variance of each sample beyond noise, relative to its
                             square; NULL: none */
    size_t n_sectors;     /* a profile of each of so many sectors; 0: one profile of them all */
} vtr_profile_params;

/* Samples at the plan's ring centres: r_first = r_step / 2, n = n_r; counting noise, no speckle. */
VTR_API vtr_profile_params vtr_profile_default_params(const vtr_polar_plan *plan);

/* Azimuthal mean per pixel of the counts above noise.offset, of sixteen frames at once. A bin's sum and its pixels go,
 * by linear splitting, to the two samples next to the bin's rho in each lane: m_j = sum_b w_bj (s_b - n_b offset) / n_j,
 * n_j = sum_b w_bj n_b. How far these bins lie from the sample, and on which side, depends on the shift: with x_j = sum_b w_bj w_b,j+1 n_b / n_j and x'_j = the same sum / n_j+1 their mean
 * distance is x_j - x'_j-1 steps, and their mean square distance (x_j + x'_j-1)/2, zero where bins fall on samples and a
 * sixth where they are spread evenly. All are brought to t = 1/12, that of a shift of half a step:
 *
 *   mean_j = m_j - a (m_j+1 - m_j) - b (m_j-1 - m_j),
 *            a = 3/4 x_j - 1/4 x'_j-1 - t/2, b = 3/4 x'_j-1 - 1/4 x_j - t/2
 *   variance_j = var(these three m) + mean_j^2 speckle_j
 *   cov(m_j, m_k) = sum_b w_bj w_bk n_b (gain m + read_noise^2) / (n_j n_k)
 *
 * with m = max(m_j, one electron over the sample's pixels): the ring's own mean and not the bin's counts sets the variance,
 * so no sample is too sure of itself because it happened to count nothing. A sample is the average over a ring step
 * (r_step_px of the plan), and over neighbouring samples with the weights t/2, 1 - t, t/2, whatever the lane's shift.
 * Given     lanes                          may be NULL: no shift, no strain
 * Returned  mean     [n][VTR_LANES]        recorded units per pixel
 *           variance [n][VTR_LANES]        of the mean; may be NULL
 *           weight   [n][VTR_LANES]        (splitted) number of pixels n_j; may be NULL
 * With n_sectors > 0 the arrays are [n_sectors][n][VTR_LANES]: sector s is centred on s * 360/n_sectors degrees in
 * circle coordinates, and made of an odd number of the plan's sectors (else VTR_ERR_ARGUMENT). A bin stays in its
 * sector whatever the lane's shift.
 * Mean and variance are NAN where less than a hundredth of a pixel contributes, and in lanes with VTR_FLAG_MISSING. A bin
 * counts as a point at its mean radius in its mean direction: within a sector of opening angle w the shift d smears by
 * |d| w / sqrt(12) px. VTR_ERR_ARGUMENT for parameters out of range, VTR_ERR_MEMORY. */
VTR_API vtr_status vtr_polar_profile(float *mean, float *variance, float *weight, vtr_polar_batch *batch,
                                     const vtr_polar_lanes *lanes, const vtr_profile_params *params,
                                     vtr_error *err);

VTR_END_DECLS

#endif
