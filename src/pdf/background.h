/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PDF_BACKGROUND_H
#define VITRAIL_PDF_BACKGROUND_H

/* The least squares behind a plan: what is smooth (the polynomial), what the density gives (the line below rcut) and what
 * is structure (sines beyond rcut) told apart in one mean profile, as functionals of any profile. */

#include "pdf/pdf_internal.h"

typedef struct pdf_fit {
    vtr_pdf_plan *plan;
    const double *intensity;                /* [n_q] */
    double *variance;                       /* [n_q] of I/N, in units of F^2 */
    double *covariance, *structure, *sines; /* [n][n], [n][n], [n][n_prior] */
    double *columns, *solution;             /* [m][n] */
    double *line, *f;                       /* [n] */
    double *leak;                           /* [n] what the sizes of the atoms add to the line */
    double *scratch;                        /* [3][n] */
    double rcut;                            /* Å: how far the line reaches */
    bool has_line;
    bool has_gap; /* the line runs on through the gap behind the first shell of a network, up to rcut */
} pdf_fit;

enum { PDF_PRIOR_POINTS = 500 }; /* sines of the structure prior */

/* Whether the polynomial is looked for; n_polynomial counts held coefficients until the report. */
bool pdf_finds_polynomial(const vtr_pdf_plan *plan);
void pdf_functional_clear(pdf_functional *functional, size_t n);

/* Covariance [n][n] (its lower triangle, by columns) of sines of r from begin to end whose heights, in 1/Å^2, are random
 * with a deviation that starts at `height` and falls off over `fade`; and of those beyond rcut. */
void pdf_sines(pdf_fit *s, double begin, double end, double height, double fade, double *covariance);
void pdf_sines_beyond(pdf_fit *s, double *covariance);

/* Sets rcut, line and structure of a network whose first peak is known. */
void pdf_network_cut(pdf_fit *s);
/* N and the constant from the window, where it sets the scale and holds one oscillation, once more with the first shell in the
 * fit. */
vtr_status pdf_network_window(pdf_fit *s, vtr_error *err);
/* Whether a polynomial of this order leaves too little of the line. */
bool pdf_network_is_hidden(const pdf_fit *s, double order);
/* plan->scale from the given density; plan->line, N times the density, from the scale; the polynomial's terms from both.
 * `scale` is the present value of N, for the weights. */
vtr_status pdf_fit_scale(pdf_fit *s, double order, double scale, vtr_error *err);
vtr_status pdf_fit_line(pdf_fit *s, size_t n_powers, double scale, pdf_functional *u, vtr_error *err);
vtr_status pdf_fit_polynomial(pdf_fit *s, double order, double scale, vtr_error *err);

#endif
