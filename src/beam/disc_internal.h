/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_BEAM_DISC_INTERNAL_H
#define VITRAIL_BEAM_DISC_INTERNAL_H

/* The model of the disc, for its fit and for what learns its shape. */

#include <stdbool.h>
#include <stddef.h>

#include "vitrail/beam.h"

enum {
    DISC_CX,
    DISC_CY,
    DISC_AMPLITUDE,
    DISC_BACKGROUND,
    DISC_RADIUS,
    DISC_LOG_EDGE,
    DISC_SKEW,
    DISC_FLAT,
    DISC_N
};

/* What the sums over the pixels give at one set of parameters. */
typedef struct disc_sums {
    double likelihood, score[DISC_N], information[DISC_N][DISC_N];
    double residual, variance,
        variance_of_residual; /* sums of squares, of what they should be, of their variance */
    double edge, edge_seen;   /* weight of the disc's edge, and that with data */
    size_t n_shadowed;        /* well inside of the disc, where no edge's form is to blame */
    bool is_saturated;
} disc_sums;

typedef struct disc_fit {
    const vtr_beam_params *params;
    const void *frame;
    double at[DISC_N]; /* parameters */
    double window_x, window_y,
        window_px;         /* the pixels of the fit: within a circle that stands while it settles */
    double edge_px;        /* where the prior holds the edge */
    double shadow[DISC_N]; /* parameters that say which pixels are shadowed */
    bool has_shadow;
    bool is_free; /* no priors */
} disc_fit;

/* What the edge adds to a pixel: the form and its derivatives. */
typedef struct disc_edge {
    double form, slope; /* slope: by R */
    double skew, flat;  /* by these parameters */
    double t;           /* (r - R)/s */
} disc_edge;

/* Phi(-t) + skew He2(t) phi(t) + flat He3(t) phi(t), He the Hermite polynomials: the normal edge with an Edgeworth series
 * for what is steeper or has longer feet (H. Cramér, Mathematical Methods of Statistics, 1946, 17.7). */
disc_edge vtr_disc_edge_at(const double at[DISC_N], double r, double edge);

/* The sums over the window's pixels of a frame. */
typedef void (*disc_sum_function)(disc_sums *s, const disc_fit *f);
extern const disc_sum_function vtr_disc_sums[VTR_TYPE_COUNT];

/* Errors of radius, ln edge and the two terms that priors hold a fit to: those of the parameters, or what is usual. */
void vtr_disc_prior_errors(double errors[4], const vtr_beam_params *params);

vtr_status vtr_disc_check_params(const vtr_beam_params *params, vtr_error *err);
/* Settles, then again about the centre found and without what is shadowed, until that changes no more;
 * false where it does not settle. */
bool vtr_disc_fit_frame(disc_fit *f, disc_sums *s, double covariance[DISC_N][DISC_N], vtr_type type);
/* Whether what was fitted is a beam where one may be. */
bool vtr_disc_is_found(const disc_fit *f, const disc_sums *s);
/* How much larger the residuals are than they should be, where that is no chance. */
double vtr_disc_excess(const disc_sums *s);
/* The window about the centre as it stands. */
void vtr_disc_set_window(disc_fit *f);

#endif
