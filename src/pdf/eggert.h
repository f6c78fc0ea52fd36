/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PDF_EGGERT_H
#define VITRAIL_PDF_EGGERT_H

#include "pdf/pdf_internal.h"

/* Int_0^rcut (G + 4 pi rho0 r) sin(Q r) dr, planned: G at the nodes of a Gauss rule. */
typedef struct pdf_eggert {
    size_t n_q, n_nodes;
    double *r, *weight; /* [n_nodes] */
    double *to_g;       /* [n_nodes][n_q], without window */
    double *sine;       /* [n_nodes][n_q] sin(Q r) times the weight */
    double *excess;     /* [n_nodes] G + 4 pi rho0 r */
    double *correction; /* [n_q] */
} pdf_eggert;

vtr_status pdf_eggert_init(pdf_eggert *e, const vtr_pdf_plan *plan, double rcut, vtr_error *err);
void pdf_eggert_release(pdf_eggert *e);

/* Fills excess and correction; returns the integral of the excess squared. */
double pdf_eggert_misfit(pdf_eggert *e, const double *f, double density);

/* One iteration on F [n_q]. `jacobian` [n_q][n_q], dF(Q)/dI(Q'), or NULL, follows; `scratch` [n_nodes + n_q][n_q] is for
 * it. */
void pdf_eggert_iterate(pdf_eggert *e, const vtr_pdf_plan *plan, double density, double step,
                        bool structure_only, double *f, double *jacobian, double *scratch);

#endif
