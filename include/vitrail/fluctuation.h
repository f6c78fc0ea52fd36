/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_FLUCTUATION_H
#define VITRAIL_FLUCTUATION_H

/* Fluctuation electron microscopy: how much the diffracted intensity varies from position to position, and around a ring, at each
 * k = 2 sin(theta)/lambda = 1/d. Of a recording (with its noise taken out), of sums over patterns in memory, and of an atomic model.
 * Formulas, and what each definition sees: docs/methods/fluctuation.md. */

#include <stdbool.h>
#include <stddef.h>

#include "vitrail/calibration.h"
#include "vitrail/dataset.h"
#include "vitrail/detector.h"
#include "vitrail/error.h"
#include "vitrail/parameters.h"
#include "vitrail/progress.h"
#include "vitrail/scattering.h"
#include "vitrail/structure.h"

VTR_BEGIN_DECLS

/* The definitions of T. L. Daulton, K. S. Bondi, K. F. Kelton, Ultramicroscopy 110, 1279 (2010), by their names; <>_r is over
 * positions, <>_phi over the pixels of a ring. */
typedef enum vtr_fluctuation_definition {
    VTR_FLUCTUATION_V_OMEGA, /* of the annular mean: <<I>_phi^2>_r / <<I>_phi>_r^2 - 1 */
    VTR_FLUCTUATION_V_R,     /* mean of the annular variance: < <I^2>_phi / <I>_phi^2 - 1 >_r */
    VTR_FLUCTUATION_V_RE,    /* of the ring ensemble, the ratio: <<I^2>_phi>_r / <<I>_phi>_r^2 - 1 */
    VTR_FLUCTUATION_OMEGA_V, /* annular mean of the variance image: < <I^2>_r / <I>_r^2 - 1 >_phi */
} vtr_fluctuation_definition;
enum { VTR_FLUCTUATION_DEFINITIONS = 4 };

/* "V_Omega", "V_r", "V_re", "Omega_V". */
VTR_API const char *vtr_fluctuation_name(vtr_fluctuation_definition definition);

/* --- sums over patterns in memory ------------------------------------------------------------------------------- */

/* Where the rings are, in the circle coordinates of polar.h; nothing here is kept by the plan. */
typedef struct vtr_fluctuation_geometry {
    size_t det_y, det_x;
    const unsigned char *used; /* [det_y][det_x], 0 = masked; NULL: all pixels are used */
    double centre_x_px, centre_y_px, wxx, wyy, wxy;
    size_t n_rings;
    const double (*rings_px)[2]; /* [n_rings], lo <= |u| < hi; they may overlap */
    /* Mean counts per pixel at the radii i expected_step_px: how they fall within a ring is no variance. NULL: flat. */
    size_t n_expected;
    const double *expected;
    double expected_step_px;
    vtr_noise noise; /* a pixel that expects c above the offset has the variance gain c + read_noise^2 */
    double
        bragg; /* a ring with a pixel above so many times its mean is left out of that pattern; NAN: none */
    long shift_y, shift_x; /* patterns may be shifted by up to so many pixels, either way */
} vtr_fluctuation_geometry;

/* Read only, shared by threads. */
typedef struct vtr_fluctuation_plan vtr_fluctuation_plan;
/* Sums over some of the positions; one thread at a time. */
typedef struct vtr_fluctuation_sums vtr_fluctuation_sums;

/* VTR_ERR_NO_DATA where a ring has fewer than two used pixels. On success *out is to be freed by the caller. */
VTR_API vtr_status vtr_fluctuation_plan_create(vtr_fluctuation_plan **out,
                                               const vtr_fluctuation_geometry *geometry, vtr_error *err);
/* Frees and sets *plan to NULL; takes NULL. */
VTR_API void vtr_fluctuation_plan_free(vtr_fluctuation_plan **plan);
/* Pixels of a ring. */
VTR_API size_t vtr_fluctuation_pixels(const vtr_fluctuation_plan *plan, size_t ring);
/* Bytes of one vtr_fluctuation_sums. */
VTR_API size_t vtr_fluctuation_sums_bytes(const vtr_fluctuation_plan *plan);

VTR_API vtr_status vtr_fluctuation_sums_create(vtr_fluctuation_sums **out, const vtr_fluctuation_plan *plan,
                                               vtr_error *err);
VTR_API void vtr_fluctuation_sums_free(vtr_fluctuation_sums **sums);

/* Adds a pattern [det_y][det_x] in recorded units, whose centre lies shift_y rows and shift_x columns off the plan's. A ring that holds
 * a NaN or a Bragg spot is left out of it.
 * Returned  mean  [n_rings]  counts above the offset per pixel; NAN where left out; may be NULL
 *           ring  [n_rings]  the pattern's own <I^2>_phi / <I>_phi^2 - 1 without noise; NAN with fewer than two electrons; may be NULL */
VTR_API void vtr_fluctuation_add(vtr_fluctuation_sums *sums, const float *pattern, long shift_y, long shift_x,
                                 float *mean, float *ring);

/* The curves of one set of positions. */
typedef struct vtr_fluctuation_curves {
    size_t n;                                   /* rings */
    double *mean;                               /* [n] counts above the offset per pixel and pattern */
    double *n_used;                             /* [n] positions */
    double *n_left;                             /* [n] positions left out for NaN or a Bragg spot */
    double *value[VTR_FLUCTUATION_DEFINITIONS]; /* [n]; NAN where there is too little */
    double *error[VTR_FLUCTUATION_DEFINITIONS]; /* [n] standard deviations; NAN with fewer than two sums */
} vtr_fluctuation_curves;

/* V(k) of all `n_sums` sums together, all of one plan. Every definition is 0 in the mean for a specimen without structure, at any dose:
 * second moments are factorial moments (of counts, c (c - gain) - read_noise^2), over the same of the sums that they are divided by.
 * Errors: jackknife over the sums, which are to be of different regions; at least what counting alone would give a specimen without
 * structure. NULL among the sums is skipped. On success released with vtr_fluctuation_curves_release. */
VTR_API vtr_status vtr_fluctuation_finish(vtr_fluctuation_curves *out, const vtr_fluctuation_plan *plan,
                                          vtr_fluctuation_sums *const *sums, size_t n_sums, vtr_error *err);
/* Frees and zeroes. */
VTR_API void vtr_fluctuation_curves_release(vtr_fluctuation_curves *curves);

/* --- of a recording --------------------------------------------------------------------------------------------- */

typedef enum vtr_fluctuation_signal { VTR_FLUCTUATION_TOTAL, VTR_FLUCTUATION_HAADF } vtr_fluctuation_signal;

typedef struct vtr_fluctuation_params {
    double k_range[2]; /* 1/Å; NAN: from outside of the direct beam to the edge of the detector */
    double k_width;    /* of a ring, 1/Å; NAN: two pixels */
    double gain;       /* recorded units per electron; NAN: the calibration's */
    double read_noise; /* standard deviation with no electrons, recorded units; NAN: the calibration's */
    double bragg;      /* NAN: nothing is left out */
    size_t n_bins;     /* of thickness, by `signal`, with equal numbers of positions */
    int signal;        /* vtr_fluctuation_signal */
    size_t n_blocks;   /* regions of the scan for the errors, about */
    double band[2];    /* 1/Å, of the maps; NAN: the calibration's ring */
    size_t window;     /* positions, side of the windows of the local variance; odd */
} vtr_fluctuation_params;

VTR_API extern const vtr_parameter_table vtr_fluctuation_parameters;

typedef struct vtr_fluctuation {
    size_t n_y, n_x;         /* scan */
    size_t n;                /* rings; the curves have one more, the band of the maps */
    double *radius_px;       /* [n + 1], in circle coordinates, middle of the ring */
    double *k_inv_angstrom;  /* [n + 1]; NAN where the k scale is not known */
    double gain, read_noise; /* that were taken out */
    double band_px[2];
    size_t n_positions; /* taken */
    size_t n_blocks;    /* regions for the errors */
    size_t n_bins;
    double *bin_edges;            /* [n_bins + 1] of the signal */
    vtr_fluctuation_curves *bins; /* [n_bins] */
    vtr_fluctuation_curves all;   /* mean of the bins, by their positions */
    float *signal;                /* [n_y][n_x] total or HAADF signal; NULL with one bin */
    float *mean, *ring; /* [n_y][n_x] of the band: mean counts, the pattern's own variance around the ring */
    float *local, *local_error; /* [n_y][n_x] V_Omega of the window about each position */
} vtr_fluctuation;

/* Measures. `member` [n_y][n_x]: positions to take, non-zero; NULL: all. `params` and `progress` may be NULL; `threads` 0 is all. Patterns
 * follow the calibration's descan in whole pixels. The same to the bit for any number of threads. VTR_ERR_NO_DATA, _RANGE, _SHAPE,
 * _MEMORY, _INTERRUPTED. On success released with vtr_fluctuation_release. */
VTR_API vtr_status vtr_fluctuation_measure(vtr_fluctuation *out, vtr_dataset *dataset,
                                           const vtr_calibration *calibration, const unsigned char *member,
                                           const vtr_fluctuation_params *params, int threads,
                                           const vtr_progress *progress, vtr_error *err);
/* Frees and zeroes. */
VTR_API void vtr_fluctuation_release(vtr_fluctuation *fluctuation);

/* V_Omega in a square window about each position of a map of means: its n - 1 variance over its squared mean, less what counting adds.
 * Given     mean     [n_y][n_x]  counts per pixel, NAN = no data;  n_pixels  of the ring
 * Returned  local    [n_y][n_x]  NAN where fewer than half of the window has data
 *           error    [n_y][n_x]  jackknife over the window's positions; may be NULL */
VTR_API void vtr_fluctuation_local(float *local, float *error, const float *mean, size_t n_y, size_t n_x,
                                   size_t n_pixels, const vtr_noise *noise, size_t window, int threads);

/* --- of an atomic model ----------------------------------------------------------------------------------------- */

typedef struct vtr_fluctuation_model_params {
    double resolution_inv_angstrom; /* Q = 0.61/R of the probe's aperture */
    size_t n_psi, n_theta;          /* directions: steps of 2 pi and of pi about the poles */
    int table;                      /* vtr_electron_table */
} vtr_fluctuation_model_params;

/* Q 0.0305 1/Å (R = 20 Å), 40 and 20, Kirkland: what the published calculations of the field took. */
VTR_API extern const vtr_parameter_table vtr_fluctuation_model_parameters;
VTR_API vtr_fluctuation_model_params vtr_fluctuation_model_default_params(void);

/* V_Omega(k) of a model in a rectangular periodic box, seen from many directions, in the kinematic, azimuthally averaged form
 *
 *   I(k) = sum_ij f_i f_j A(r_i) A(r_j) J0(2 pi k r_ij),   A(r) = 2 J1(2 pi Q r)/(2 pi Q r),
 *
 * r in the plane across the beam, over the atoms in a square of side sqrt(2) R about the middle of the probe (M. M. J. Treacy, J. M.
 * Gibson, Acta Cryst. A52, 212 (1996); J. Hwang, P. M. Voyles, Microsc. Microanal. 17, 67 (2011), FEMSIM). The box is turned with its
 * images and cut to its own size again; as many probes side by side as fit. `params` may be NULL.
 * Returned  variance   [n_k]
 *           intensity  [n_k]  mean over probes and directions, Å^2; may be NULL
 *           n_patterns        probes times directions; may be NULL
 * VTR_ERR_ARGUMENT: not a rectangular periodic box; VTR_ERR_RANGE: it is smaller than the square. */
VTR_API vtr_status vtr_fluctuation_of_model(double *variance, double *intensity, size_t *n_patterns,
                                            const vtr_structure *model, size_t n_k,
                                            const double *k_inv_angstrom,
                                            const vtr_fluctuation_model_params *params, int threads,
                                            vtr_error *err);

/* --- measured curves -------------------------------------------------------------------------------------------- */

/* V(k) from a text file: columns k (1/Å), V and, where there is a third, its standard deviation; other lines are headings. */
typedef struct vtr_fluctuation_table {
    size_t n;
    double *k_inv_angstrom, *value, *error; /* [n]; error NAN where the file has none */
} vtr_fluctuation_table;

/* VTR_ERR_FORMAT, VTR_ERR_NO_DATA, VTR_ERR_IO. On success released with vtr_fluctuation_table_release. */
VTR_API vtr_status vtr_fluctuation_table_read(vtr_fluctuation_table *out, const char *path, vtr_error *err);
VTR_API void vtr_fluctuation_table_release(vtr_fluctuation_table *table);

/* How well a curve (rising k) agrees with the table, at the table's k that it covers, linearly interpolated:
 * R = sum |scale V - V_table| / sum |V_table|. */
typedef struct vtr_fluctuation_agreement {
    size_t n;        /* points compared */
    double r_factor; /* with scale 1 */
    double scale;    /* of least squares */
    double r_scaled; /* with that scale */
} vtr_fluctuation_agreement;

/* VTR_ERR_NO_DATA where fewer than two points are covered. */
VTR_API vtr_status vtr_fluctuation_compare(vtr_fluctuation_agreement *out, const vtr_fluctuation_table *table,
                                           size_t n, const double *k_inv_angstrom, const double *value,
                                           vtr_error *err);

VTR_END_DECLS

#endif
