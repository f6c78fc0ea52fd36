/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_SIMPLEX_INTERNAL_H
#define VITRAIL_SIMPLEX_INTERNAL_H

/* The positions as points in the leading principal components, in units of their noise, and simplices around them. */

#include "unmix/unmix_internal.h"
#include "vitrail/unmix_simplex.h"

enum { SIMPLEX_DIMENSIONS = VTR_UNMIX_COMPONENTS_MAX - 1, SIMPLEX_DIRECTIONS = 72 };
enum { SIMPLEX_FACTORS_LEAST = 24, SIMPLEX_FACTORS_MOST = 192, SIMPLEX_TAIL_LEAST = 4096 };

typedef struct simplex_cloud {
    size_t n, d;  /* points, dimensions: one fewer than components */
    double *y;    /* [n][d], noise of unit covariance */
    double *mean; /* [d] of the points */
    /* [d][m], what one step along each coordinate adds to a spectrum, in the units of the matrix */
    double *axis;
    double *centre; /* [m], the spectrum at y = 0 */
    bool is_map;
    /* Coordinates that are smoother over the map than noise may be (d where there is no map), and the correlation of
     * neighbours in the smoothest one of noise alone. */
    size_t n_smooth;
    double chance;
    /* [n][d], y as the neighbours have it; NULL: no map, not all of its coordinates are
     * smooth, or fewer positions than SIMPLEX_TAIL_LEAST */
    double *guess;
    uint64_t seed;
    int threads;
} simplex_cloud;

/* `extent` as in vtr_simplex_result. Borrows the mean of the matrix; to be closed whatever comes out. */
vtr_status vtr_simplex_open_cloud(simplex_cloud *cloud, vtr_simplex_noise_source *source, double *extent,
                                  const unmix_matrix *a, const vtr_simplex_params *params, vtr_error *err);
void vtr_simplex_close_cloud(simplex_cloud *cloud);

/* Noise covariance [d][d] of coordinates x [n][d] in the units of the matrix. */
void vtr_simplex_noise(double *covariance, vtr_simplex_noise_source *source, const unmix_matrix *a,
                       const double *x, size_t d, double outside2, const vtr_simplex_params *params);

/* Half the mean products of the differences of neighbours one and two apart, [d][d], of x [n][d]; `two` may be NULL. */
vtr_status vtr_simplex_differences(double *one, double *two, const unmix_matrix *a, const double *x, size_t d,
                                   size_t n_y, size_t n_x, vtr_error *err);

/* at[p]: the number of position p among those used, SIZE_MAX where it is not. */
void vtr_simplex_places(size_t *at, const unmix_matrix *a, size_t n);

/* x [n][d]: the d smoothest combinations of `wide` [n][r], how many are smoother than noise, and how much the neighbours are
 * correlated in the smoothest combination of noise alone. */
vtr_status vtr_simplex_smooth_factors(double *x, size_t *n_smooth, double *chance, const unmix_matrix *a,
                                      const double *wide, size_t r, size_t d,
                                      const vtr_simplex_params *params, vtr_error *err);

/* guess [n][d]: the coordinates y [n][d], of that mean, from those of the neighbours alone. */
vtr_status vtr_simplex_predict(double *guess, const unmix_matrix *a, const double *y, const double *mean,
                               size_t d, const vtr_simplex_params *params, vtr_error *err);

/* axis [d][m]: what one step along each coordinate y [n][d] adds to a spectrum, by the instruments z [n][d]. */
vtr_status vtr_simplex_steps(double *axis, const unmix_matrix *a, const double *y, const double *z, size_t d,
                             vtr_error *err);

/* Where the noise-free points end along a direction: log-likelihood down by 2, by 8, and 1.2 standard deviations of the noise
 * beyond the first. In trials (evenly spread and thinning out values, noise of 0.02 to 0.3 of their spread) the true edge
 * lay 0.3 to 1.1 standard deviations beyond the first. A fall of 1/2 lies nearer, but jumps: it may not be reached for
 * several standard deviations. */
typedef struct simplex_edge {
    double likely, inner, outer;
} simplex_edge;
vtr_status vtr_simplex_find_edge(simplex_edge *edge, const simplex_cloud *cloud, const double *direction,
                                 vtr_error *err);

/* The same of a map, whose `guess` there is: inner and outer edges two standard errors of the fit away, and outwards for
 * what the blur of the guesses may hide. */
vtr_status vtr_simplex_find_tail(simplex_edge *edge, const simplex_cloud *cloud, const double *direction,
                                 vtr_error *err);

/* Directions of three sides by their angles, and how far out each lies. */
typedef struct simplex_triangle {
    double angle[3], offset[3];
} simplex_triangle;
/* Corners [3][2]; corner i lies opposite side i. False where the sides do not close. */
bool vtr_simplex_corners(double corner[6], const simplex_triangle *triangle);
double vtr_simplex_area(const double corner[6]);
/* How far out the points reach at an angle, from the values at SIMPLEX_DIRECTIONS even steps. */
double vtr_simplex_support(const double *support, double angle);
/* The triangle of least area about the points. */
bool vtr_simplex_least_triangle(simplex_triangle *triangle, const double *support);

/* Corners [k][d] at nearly pure positions. */
vtr_status vtr_simplex_pure(double *corner, const simplex_cloud *cloud, size_t n_pure, vtr_error *err);

/* What the corners of alternative simplices give, as an interval of fractions and of components around those of the first
 * one. */
typedef struct simplex_range {
    size_t k, m;
    double *fraction_low, *fraction_high;   /* [k] */
    double *component_low, *component_high; /* [k][m], in the units of the matrix */
} simplex_range;
/* Widens the interval by corners [k][d]. False, and nothing changed, where they are no simplex. */
bool vtr_simplex_widen(simplex_range *range, const simplex_cloud *cloud, const double *corner);

/* Shares as affine functions of a point: [k][d + 1], the constant last; false for corners that are no simplex. */
bool vtr_simplex_shares(double *share, size_t d, const double *corner);

/* The statistical range about the corners, and the one of all simplices whose corners stay above `lower` [m], in the units of
 * the matrix. `is_bounded` is false where that leaves a side open. Edges: of the two directions, or SIMPLEX_DIRECTIONS. */
void vtr_simplex_statistical(simplex_range *range, const simplex_cloud *cloud, const double *corner,
                             const simplex_edge *edges, const simplex_triangle *triangle);
void vtr_simplex_allowed(simplex_range *range, bool *is_bounded, const simplex_cloud *cloud,
                         const double *corner, const simplex_edge *edges, const simplex_triangle *triangle,
                         const double *lower);

#endif
