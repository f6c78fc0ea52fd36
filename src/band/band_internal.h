/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_BAND_INTERNAL_H
#define VITRAIL_BAND_INTERNAL_H

#include <math.h>

#include "base/base_internal.h"
#include "vitrail/inclusions.h"

/* Strain in this room is (t, c, s) in the scan's frame: the trace exx + eyy, and the complex deviator
 * c + i s = (exx - eyy)/2 + i exy, which a turn by a multiplies by exp(2 i a). */
enum { VTR_T, VTR_C, VTR_S, VTR_TCS };

/* Packed covariance of (t, c, s). */
enum { VTR_TT, VTR_CC, VTR_SS, VTR_TC, VTR_TS, VTR_COVARIANCES };

/* Strain maps as the fits need them. Position i lies at y = step_y (i / n_x), x = step_x (i % n_x). */
typedef struct vtr_band_maps {
    size_t n_y, n_x, n, n_valid;
    double step_y, step_x, step; /* nm; the geometric mean */
    double *value[VTR_TCS];      /* [n] 0 where there is none */
    double *weight[VTR_TCS];     /* [n] 1/variance, 0 where there is none */
    double *covariance;          /* [n][VTR_COVARIANCES] */
} vtr_band_maps;

vtr_status vtr_band_maps_set(vtr_band_maps *maps, const vtr_strain_maps *given, vtr_error *err);
void vtr_band_maps_release(vtr_band_maps *maps);
static inline bool vtr_band_is_valid(const vtr_band_maps *maps, size_t i)
{
    return maps->weight[VTR_T][i] > 0;
}

static inline double vtr_band_y(const vtr_band_maps *maps, size_t i)
{
    return maps->step_y * (double)(i / maps->n_x);
}
static inline double vtr_band_x(const vtr_band_maps *maps, size_t i)
{
    return maps->step_x * (double)(i % maps->n_x);
}

/* --- the field of one inclusion (eshelby.c) --------------------------------------------------------------------- */

/* A core: its radius, how the eigenstrain fills it, the width over which the place of a hard rim is
 * not known, the side of the square over which a position averages (0: a point), and Poisson's ratio. */
typedef struct vtr_core {
    double radius_nm, rim_nm, probe_nm, poisson;
    vtr_inclusion_core form;
    /* m (cos 2t, sin 2t), m = (a - b)/(a + b) with half axes a >= b, ab = radius^2, and a along t; (0, 0): a disc */
    double ellipticity[2];
} vtr_core;

/* Elastic strain per unit of the eigenstrain's (c, s, dilation): basis[t, c, s][amplitude], at (y, x) nm from the
 * centre, the mean over the probe. */
void vtr_core_strain(double basis[VTR_TCS][3], const vtr_core *core, double y_nm, double x_nm);
/* Displacement (u_y, u_x) of the eigenstrain amplitude = (c, s, dilation), nm. */
void vtr_core_displacement(double u_yx[2], const vtr_core *core, const double amplitude[3], double y_nm,
                           double x_nm);
/* The same of an ellipse with a sharp rim (ellipse.c), as it is inside and as it is outside, and the distance from the rim,
 * which is negative inside and good to first order. */
double vtr_ellipse_sides(double in[VTR_TCS][3], double out[VTR_TCS][3], const vtr_core *core, double y_nm,
                         double x_nm);
/* The same of a disc or an ellipse. */
double vtr_core_sides(double in[VTR_TCS][3], double out[VTR_TCS][3], const vtr_core *core, double y_nm,
                      double x_nm);
void vtr_ellipse_displacement(double u_yx[2], const vtr_core *core, const double amplitude[3], double y_nm,
                              double x_nm);
/* How much of the eigenstrain is at this distance, 0 to 1. */
double vtr_core_filling(const vtr_core *core, double r_nm);

/* --- the matrix (matrix.c) -------------------------------------------------------------------------------------- */

/* exp(-(r/l)^p). */
double vtr_matrix_correlation(const vtr_matrix_strain *matrix, double distance_nm);
/* Fitted to the autocovariance of residual[3][n] beyond the distance of neighbours; the tiles with the largest
 * covariances, a part `trimmed` of all, are left out. */
vtr_status vtr_matrix_estimate(vtr_matrix_strain *matrix, const vtr_band_maps *maps,
                               double *const residual[VTR_TCS], double trimmed, vtr_error *err);

/* --- steps across straight bands (step.c) ------------------------------------------------------------------------ */

enum { VTR_STEPS_MAX = 8 };
typedef struct vtr_band_step {
    double y_nm, x_nm, angle; /* rad */
    double angle_error;
    double decay_nm, chi2;
    bool is_ridge;
    size_t n_knots;
    double first_nm, knot_nm; /* distance of the first knot, and between knots */
    double *profile[VTR_TCS]; /* [n_knots] mean strain at this distance from the line */
} vtr_band_step;

/* The strongest step in the residual, chi2 = 0 where none exceeds the threshold. */
vtr_status vtr_band_step_find(vtr_band_step *step, const vtr_band_maps *maps, double *const residual[VTR_TCS],
                              const vtr_matrix_strain *matrix, double false_alarms, vtr_error *err);
/* The same of steps and, where wanted, ridges. */
vtr_status vtr_band_line_find(vtr_band_step *step, const vtr_band_maps *maps, double *const residual[VTR_TCS],
                              const vtr_matrix_strain *matrix, bool with_ridges, double false_alarms,
                              vtr_error *err);
/* The chi2 from which on a line is more than chance. */
double vtr_band_line_level(const vtr_band_maps *maps, bool with_ridges, double false_alarms);
/* The chi2 of a line in a residual that holds it, and its amplitudes; residual += sign * amplitude form. */
double vtr_band_step_chi2(double amplitude[VTR_TCS], const vtr_band_step *step, const vtr_band_maps *maps,
                          double *const residual[VTR_TCS], const vtr_matrix_strain *matrix);
void vtr_band_step_add_form(const vtr_band_step *step, const double amplitude[VTR_TCS],
                            const vtr_band_maps *maps, double *const residual[VTR_TCS], double sign);
/* Of a residual that holds it: 1 where it is alike all along the line, 0 where it is in one place. */
double vtr_band_step_evenness(const double amplitude[VTR_TCS], const vtr_band_step *step,
                              const vtr_band_maps *maps, double *const residual[VTR_TCS]);
/* Steps that are more than chance once they, and not the matrix, hold the strain beside them (steps.c): at most
 * VTR_STEPS_MAX, strongest first. The residual is left as it was. */
vtr_status vtr_band_steps_find(vtr_band_step *steps, size_t *n, const vtr_band_maps *maps,
                               double *const residual[VTR_TCS], double trimmed, double false_alarms,
                               vtr_error *err);
/* The mean strain along the line, from a residual that still holds it. */
vtr_status vtr_band_step_profile(vtr_band_step *step, const vtr_band_maps *maps,
                                 double *const residual[VTR_TCS], vtr_error *err);
/* residual += sign * profile. */
void vtr_band_step_add(const vtr_band_step *step, const vtr_band_maps *maps, double *const residual[VTR_TCS],
                       double sign);
void vtr_band_step_release(vtr_band_step *step);

/* --- the matched filter (filter.c) ------------------------------------------------------------------------------- */

typedef struct vtr_band_filter vtr_band_filter;

/* Templates of these radii, whitened by the matrix's covariance. */
vtr_status vtr_band_filter_create(vtr_band_filter **out, const vtr_band_maps *maps,
                                  const vtr_matrix_strain *matrix, const vtr_core *core,
                                  const double *radii_nm, size_t n_radii, vtr_error *err);
void vtr_band_filter_free(vtr_band_filter *filter);
/* Of every position the largest chi^2 over the radii, and which: chi2[n], radius[n] (index). Positions of which less
 * than a third of the information is in view have 0. */
void vtr_band_filter_apply(vtr_band_filter *filter, double *chi2, unsigned char *radius,
                           double *const residual[VTR_TCS]);
/* Amplitudes (c, s, d) of the last residual at a position. */
void vtr_band_filter_amplitude(const vtr_band_filter *filter, double amplitude[3], size_t position,
                               size_t radius);
size_t vtr_band_filter_trials(const vtr_band_filter *filter);

/* Upper tail of chi^2 with 3 degrees of freedom, and where it is p. */
double vtr_chi2_3_tail(double chi2);
double vtr_chi2_3_quantile(double p);

/* --- what is more than chance (threshold.c) ----------------------------------------------------------------------- */

/* Levels of chi^2 with 3 degrees of freedom, in the map and on the lines of bands. */
typedef struct vtr_inclusion_levels {
    double in_map, on_lines;
} vtr_inclusion_levels;

vtr_inclusion_levels vtr_inclusion_levels_set(const vtr_band_maps *maps, const vtr_band_step *steps,
                                              size_t n_steps, size_t n_trials, double false_alarms);
bool vtr_band_is_on_line(const vtr_band_maps *maps, const vtr_band_step *steps, size_t n_steps, double y_nm,
                         double x_nm);

/* --- fits (fit.c) ------------------------------------------------------------------------------------------------ */

/* What is fitted: the catalogue's six, and the ellipticity of vtr_core. */
enum { VTR_FIT_E1 = VTR_INCLUSION_N, VTR_FIT_E2, VTR_FIT_N };

/* Half axes of 1 to 4; slimmer ones are no longer seen as such. */
#define VTR_ELLIPTICITY_MAX 0.6

/* What all fits share. */
typedef struct vtr_band_model {
    const vtr_band_maps *maps;
    vtr_matrix_strain matrix;
    vtr_core core; /* its radius is each inclusion's own */
    double radius_nm[2];
} vtr_band_model;

/* residual += sign * elastic strain of the inclusion, over the whole map. */
void vtr_inclusion_add(const vtr_inclusion *inclusion, const vtr_band_model *model,
                       double *const residual[VTR_TCS], double sign);
/* Its elastic strain at (y, x) nm of the map. */
void vtr_inclusion_field(double strain[VTR_TCS], const vtr_band_model *model, const double q[VTR_FIT_N],
                         double y_nm, double x_nm);
/* The derivative of (t, c, s) by parameter i into columns[i n], columns[i n + m] and columns[i n + 2 m]; those of a disc's
 * ellipticity stay. */
void vtr_inclusion_differentiate(double *columns, size_t n, size_t m, const vtr_band_model *model,
                                 const double q[VTR_FIT_N], bool is_elliptical, double y_nm, double x_nm);
/* Covariance [3 m][3 m] of the strain at m positions, lower triangle by columns: error bars and matrix. */
void vtr_fit_covariance(double *covariance, const vtr_band_model *model, const size_t *position, size_t m);
/* What positions near the rim of an inclusion vary by, being inside or outside. */
void vtr_fit_add_rim(double *covariance, const vtr_band_model *model, const size_t *position, size_t m,
                     const double q[VTR_FIT_N]);
/* Fits n inclusions together by generalised least squares to the residual, from which they are taken out beforehand.
 * Parameters, covariances and errors are replaced; false in *is_fitted where the data around do not determine them. */
vtr_status vtr_inclusions_fit(vtr_inclusion *const *list, size_t n, const vtr_band_model *model,
                              double *const residual[VTR_TCS], bool *is_fitted, vtr_error *err);
/* One inclusion by what is within reach_nm of `around`: for fits from several starts, which are then told apart by the
 * objective, misfit^2 + log det of the covariance; +INFINITY where there is no fit. */
vtr_status vtr_inclusion_fit_near(vtr_inclusion *inclusion, const vtr_inclusion *around, double reach_nm,
                                  const vtr_band_model *model, double *const residual[VTR_TCS],
                                  double *objective, vtr_error *err);
/* A fit settles in the nearest of several minima, since a hard rim runs between few positions: from nine starts about it
 * (settle.c). */
vtr_status vtr_inclusion_settle(vtr_inclusion *inclusion, const vtr_band_model *model,
                                double *const residual[VTR_TCS], vtr_error *err);
/* Sets ellipse_chi2, and makes it an ellipse where that is above `level`; the residual is without it, as in fits. */
vtr_status vtr_inclusion_try_ellipse(vtr_inclusion *inclusion, const vtr_band_model *model, double level,
                                     double *const residual[VTR_TCS], vtr_error *err);

/* Mean and covariance of a fitted ellipse over all minima of its misfit (posterior.c); the residual is without it, and its
 * neighbours' parameters are free to first order. */
vtr_status vtr_inclusion_sample(vtr_inclusion *ellipse, const vtr_band_model *model,
                                vtr_inclusion *const *neighbours, size_t n_neighbours,
                                double *const residual[VTR_TCS], vtr_error *err);

/* --- what a fit says (estimate.c) -------------------------------------------------------------------------------- */

/* Places, amplitudes, ellipse and their errors from the covariances and these parameters. */
void vtr_inclusion_set(vtr_inclusion *inclusion, const double parameters[VTR_FIT_N]);
void vtr_inclusion_parameters(double parameters[VTR_FIT_N], const vtr_inclusion *inclusion);
/* What the misfit rises by without the inclusion, its place and radius as they are and all else free:
 * a^T F a with F the block of the amplitudes a of the inverse of its covariance. */
double vtr_inclusion_chi2(const vtr_inclusion *inclusion);
/* 1: the larger of shear and dilation, each over its error. */
double vtr_inclusion_significance(const vtr_inclusion *inclusion);

/* --- along bands (line.c) ---------------------------------------------------------------------------------------- */

/* Bands, gaps and cores from the fitted list, which is put in order; `strain` [3][n] is the whole measured strain. */
vtr_status vtr_inclusions_order(vtr_inclusions *inclusions, const vtr_band_maps *maps,
                                const vtr_band_step *steps, size_t n_steps, vtr_error *err);

/* Curl half way and rotation centres of a gap between a and b along their band (rotation.c). */
void vtr_inclusion_gap_set_curl(vtr_inclusion_gap *gap, const vtr_band_maps *maps, const vtr_inclusion *a,
                                const vtr_inclusion *b);

/* --- the catalogue (columns.c) ----------------------------------------------------------------------------------- */

typedef struct vtr_inclusion_column {
    const char *name, *unit, *long_name;
    size_t value, error; /* offsets into vtr_inclusion; 0: no error */
} vtr_inclusion_column;
extern const vtr_inclusion_column *const vtr_inclusion_columns;
extern const size_t vtr_inclusion_n_columns;
double vtr_inclusion_get(const vtr_inclusion *inclusion, size_t offset);

#endif
