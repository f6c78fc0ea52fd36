/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_SCRATCH_H
#define VITRAIL_SCRATCH_H

/* Scratch tests at several constant loads: friction coefficient, scratch hardness and specific wear rate as slopes against load,
 * with errors; the static and the kinetic region of each curve, and its stick-slip length. Criteria, formulas and what
 * was tested: docs/methods/scratch.md. Forces in mN, lengths in um, unless a name says otherwise. */

#include <stdbool.h>

#include "vitrail/parameters.h"

VTR_BEGIN_DECLS

typedef struct vtr_scratch_params {
    double speed_um_per_s; /* of the tip, for curves over time; NAN: curves have a distance */
    int force_unit;        /* of columns that name none: 0 none, then N, mN, uN */
    int length_unit;       /* the same: 0 none, then m, mm, um, nm */
} vtr_scratch_params;
VTR_API extern const vtr_parameter_table vtr_scratch_parameters;
VTR_API vtr_scratch_params vtr_scratch_default_params(void);

/* A curve as recorded; distances do not decrease. */
typedef struct vtr_scratch_curve {
    size_t n;
    double *distance_um, *load_mn, *lateral_mn;
} vtr_scratch_curve;

/* Where a curve slides, and how. Standard deviations in `_error`. */
typedef struct vtr_scratch_friction {
    size_t contact[2];             /* first sample under load, and the one after the last */
    size_t peak;                   /* sample: the end of the static region that begins with contact[0] */
    size_t kinetic[2];             /* first sample of the kinetic region, and the one after its last */
    double load_mn, load_error_mn; /* mean of the kinetic region */
    double lateral_mn, lateral_error_mn; /* the same; its error by its spectrum at low frequencies */
    double n_effective;                  /* independent samples: variance of a sample over that of the mean */
    double peak_lateral_mn; /* largest (running median of the) lateral force of the first excursion */
    double peak_excess;     /* of it over the kinetic force, in robust deviations of the kinetic region */
    double static_coefficient, static_error;
    double kinetic_coefficient, kinetic_error;
    double zero_mn, zero_drift_mn_per_um;      /* of the unloaded ends, taken off; 0 where there are none */
    double stick_slip_um, stick_slip_error_um; /* NAN: none; its error NAN where there are too few periods */
    double stick_slip_correlation;             /* height of the autocorrelation at its highest maximum */
    double stick_slip_chance;                  /* that noise has a maximum as high anywhere */
} vtr_scratch_friction;

/* VTR_ERR_NO_DATA: too few samples under load; VTR_ERR_RANGE: the load is negative or not constant. */
VTR_API vtr_status vtr_scratch_analyse_curve(vtr_scratch_friction *out, const vtr_scratch_curve *curve,
                                             vtr_error *err);

enum { VTR_SCRATCH_NAME = 128 };

typedef struct vtr_scratch_track {
    char name[VTR_SCRATCH_NAME];           /* the file of the curve as in the table */
    char material[VTR_SCRATCH_NAME];       /* "" where the table has none */
    double width_um, width_error_um;       /* errors NAN: not given */
    double section_um2, section_error_um2; /* wear volume per length; NAN: not given */
    double area_um2, area_error_um2;       /* projected contact: pi w^2/8 (ASTM G171) */
    vtr_scratch_curve curve;
    vtr_scratch_friction friction;
} vtr_scratch_track;

/* A straight line by maximum likelihood with errors of both coordinates. */
typedef struct vtr_scratch_line {
    size_t n;
    double slope, slope_error, intercept, intercept_error; /* intercepts 0 through the origin */
    double chi2;
    size_t degrees;    /* of freedom */
    bool from_scatter; /* errors were not given: equal weights, and the errors from what lies off the line */
} vtr_scratch_line;

/* D. York, N. M. Evensen, M. L. Martinez, J. De Basabe Delgado, Am. J. Phys. 72, 367 (2004), eqs. 13; errors of x and
 * y are independent. VTR_ERR_NO_DATA: fewer than two points, or all at one x. */
VTR_API vtr_status vtr_scratch_fit_line(vtr_scratch_line *out, const double *x, const double *x_error,
                                        const double *y, const double *y_error, size_t n, bool through_origin,
                                        vtr_error *err);

/* Fits of one material: [0] through the origin, [1] with an intercept; n is 0 where the table has no such data. */
typedef struct vtr_scratch_material {
    char name[VTR_SCRATCH_NAME];
    size_t n_tracks;
    vtr_scratch_line friction[2]; /* lateral force (mN) against load (mN): the coefficient */
    vtr_scratch_line hardness[2]; /* load (mN) against area (um^2): GPa */
    vtr_scratch_line wear[2];     /* volume per length (um^3/mm) against load (N): um^3/(N mm) */
} vtr_scratch_material;

typedef struct vtr_scratch_tests {
    size_t n_tracks, n_materials;
    vtr_scratch_track *tracks;
    vtr_scratch_material *materials; /* in the order in which the table names them */
} vtr_scratch_tests;

/* Reads a table of tracks and their curves (columns, units, separators: docs/man/vitrail-scratch.md) and analyses all. Fails with
 * the line of the file that cannot be used; VTR_ERR_NO_DATA where a material has one load only. `params` may be NULL;
 * `out` is untouched on failure and released with vtr_scratch_tests_release. */
VTR_API vtr_status vtr_scratch_tests_read(vtr_scratch_tests *out, const char *path,
                                          const vtr_scratch_params *params, vtr_error *err);
VTR_API void vtr_scratch_tests_release(vtr_scratch_tests *scratch);

VTR_END_DECLS

#endif
