/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_FRAMES_H
#define VITRAIL_FRAMES_H

/* The pass over patterns that are in memory: for programs that read recordings themselves, or take patterns from a camera.
 * In whatever portions patterns come, the ring is to the bit what vtr_map finds. So is the profile where whole sixteens
 * come (vtr_frames_compute); else it is so but for rounding in float32, 1e-5 of the largest sample at most. */

#include <stddef.h>
#include <stdint.h>

#include "vitrail/calibration.h"
#include "vitrail/error.h"
#include "vitrail/pass.h"
#include "vitrail/types.h"

VTR_BEGIN_DECLS

/* Plans and buffers; one a thread. */
typedef struct vtr_frames vtr_frames;

/* For patterns of `type`, in this machine's byte order, of a scan of n_y x n_x positions. `calibration` must live as long.
 * `params` may be NULL; of them the fit and the profile's count: beam, virtual detectors and sectors are the pass's. On
 * success *out is to be freed by the caller. */
VTR_API vtr_status vtr_frames_create(vtr_frames **out, const vtr_calibration *calibration,
                                     const vtr_map_params *params, size_t n_y, size_t n_x, vtr_type type,
                                     vtr_error *err);
/* Frees and sets *frames to NULL; takes NULL. */
VTR_API void vtr_frames_free(vtr_frames **frames);

/* Samples of a radial profile, at (j + 1/2) profile_step_px; 0 with no_profile. `params` may be NULL. */
VTR_API size_t vtr_frames_samples(const vtr_calibration *calibration, const vtr_map_params *params);

/* Where results go; what is NULL is not wanted. As of a map file's groups ring (ring_map.h) and profile. */
typedef struct vtr_frames_results {
    double *ellipse;             /* [n][VTR_RING_MAP_ELLIPSE_N] */
    double *covariance;          /* [n][VTR_RING_MAP_COVARIANCE_N] */
    double *chi2;                /* [n] */
    uint32_t *flags;             /* [n], vtr_flag bits */
    float *intensity, *variance; /* [n][samples], recorded units per pixel; its square */
} vtr_frames_results;

/* The patterns [n][det_y][det_x] of positions first ... first + n - 1 (position = y * n_x + x). They are worked on in
 * sixteens that begin where the pass's do, in a scan without descan at multiples of 16: portions that begin and end there
 * are the fastest. VTR_ERR_RANGE for positions beyond the scan, VTR_ERR_MEMORY. */
VTR_API vtr_status vtr_frames_compute(vtr_frames *frames, size_t first, size_t n, const void *patterns,
                                      const vtr_frames_results *results, vtr_error *err);

VTR_END_DECLS

#endif
