/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_READ_INTERNAL_H
#define VITRAIL_READ_INTERNAL_H

/* What the files read_*.c share: sums over pairs of positions of a map, the model of its autocovariance, and lines of best
 * fit through a piece of a curve. */

#include "base/fourier.h"
#include "unmix/unmix_internal.h"
#include "vitrail/unmix_read.h"

/* A map with room for all its lags: index (dy mod p_y) p_x + dx mod p_x. */
typedef struct read_grid {
    size_t n_y, n_x, p_y, p_x, n_used;
    double mean;
    double noise;       /* mean of the squared errors; NAN */
    double *pairs;      /* [p_y][p_x], pairs of used positions at a lag */
    double *covariance; /* [p_y][p_x], mean product of deviations from the mean; 0 without pairs */
    double *work;       /* [p_y][p_x] */
    fftw_complex *spectrum;
    vtr_fourier fourier; /* of work and spectrum */
} read_grid;

vtr_status vtr_read_grid_open(read_grid *grid, const vtr_unmix_map *map, vtr_error *err);
void vtr_read_grid_close(read_grid *grid);
bool vtr_read_is_used(const vtr_unmix_map *map, size_t position);

/* One of the lags of a half plane: the other half is the same. */
typedef struct read_lag {
    double y, x, r; /* nm */
    size_t at, opposite;
    double pairs, covariance;
    double weight; /* in the fit; the first n_fitted lags have one */
} read_lag;

enum { READ_PARAMS = 5 };

/* R(h) = A exp(-(h.M h)^(p/2)): theta holds A, ln p, and ln L (M = 1/L^2) or Mxx, Myy, Mxy. What is fitted is
 * R(h) - A v, v the variance of the map's mean for A = 1. */
typedef struct read_fit {
    bool is_ellipse;
    size_t n_params, n, n_fitted;
    read_lag *lags; /* [n] */
    double n_used;
    double theta[READ_PARAMS];
    double *jacobian;   /* [n_fitted][n_params] */
    double *functional; /* [n_params][n_fitted], how the parameters move with the covariances */
    double *values;     /* [n_fitted], scratch */
} read_fit;

double vtr_read_model_rho(const read_fit *fit, const double *theta, double y, double x);
double vtr_read_model_v(const read_fit *fit, const double *theta);
/* Finds theta from where it stands, then jacobian and functional, whose room is the caller's. False: no minimum. */
bool vtr_read_fit_solve(read_fit *fit);

/* Covariances [n][n] of n numbers that move with the covariances of the map by `functionals` [n][p_y p_x], for a normal field
 * whose autocovariance is `R` [p_y p_x], its noise at lag 0 included. Overwrites `functionals`. */
vtr_status vtr_read_bartlett(double *covariance, read_grid *grid, size_t n, double *functionals,
                             const double *R, vtr_error *err);

/* A polynomial through points of a curve about `centre`, by least squares: coefficient k of (r - centre)^k is the product of
 * the row `functional[k]` [n] with the points from `first` on. */
enum { READ_DEGREE = 6, READ_POINTS = 256 };
typedef struct read_local {
    double centre;
    size_t first, n, degree;
    double coefficient[READ_DEGREE + 1];
    double functional[READ_DEGREE + 1][READ_POINTS];
} read_local;

/* False where there are too few or too many points within `reach` of the centre. */
bool vtr_read_local(read_local *local, size_t n_r, const double *r, const double *y, double centre,
                    double reach, size_t degree);
/* The polynomial or one of its derivatives at a place. */
double vtr_read_local_at(const read_local *local, size_t derivative, double place);
/* The same as a row [n_r] that is added, times a factor, to `row`. */
void vtr_read_local_row(const read_local *local, size_t derivative, double place, double factor, double *row);

/* Standard deviation of row . G, from the errors of G [n]. Noise of F that is alike and independent over the range makes that
 * of two distances correlated as the integral of w^2(Q) cos(Q (r - r')), w the window; independent where qmax is not known. */
double vtr_read_row_error(const vtr_unmix_pdf *pdf, size_t n, const double *r, const double *errors,
                          const double *row);

/* What a transform's range and window do to G(r) at the distances r [n], and how to take it back. */
typedef struct read_window read_window;
vtr_status vtr_read_window_open(read_window **out, const vtr_unmix_pdf *pdf, size_t n, const double *r,
                                vtr_error *err);
void vtr_read_window_close(read_window *window);
/* whole [n] = G through no window, as far out in Q as the window was open, with the part below qmin. */
void vtr_read_window_remove(const read_window *window, const double *G, double *whole);
/* A functional of `whole` becomes one of G. */
void vtr_read_window_row(const read_window *window, double *row);
/* Standard deviation of the Gaussian peak that the range's end shows with this full width, and its derivative by it; NAN
 * where the range shows little but itself. */
double vtr_read_window_spread(const read_window *window, double fwhm, double *slope);
/* Height of that Gaussian over the height seen. */
double vtr_read_window_raise(const read_window *window, double spread);

/* How far component `which` may go towards (side -1) or away from (side 1) component `other`: the largest s with
 * c + side s (c - other) between the simplex's limits of c, in every channel. */
double vtr_read_move(const vtr_simplex_result *simplex, size_t which, size_t other, int side, bool allowed);

#endif
