/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PDF_REGION_DISTRIBUTION_H
#define VITRAIL_PDF_REGION_DISTRIBUTION_H

#include <stddef.h>

/* Probability of a value above F >= 0 for F distributed with dof[0] and dof[1] degrees of freedom, which need not be whole. */
double pdf_f_above(double F, const double dof[2]);
/* Probability of a value further from zero than t. */
double pdf_t_beyond(double t, double dof);
/* Probability that a smooth Gaussian process with errors of `dof` degrees of freedom lies further from zero than t
 * somewhere in a range that holds n_elements of its resolution pi/qmax, all of its spectrum up to qmax alike strong (otherwise
 * it is too large): the expected number of its crossings, K. J. Worsley, Adv. Appl. Probab. 26, 13 (1994), t fields. */
double pdf_t_beyond_anywhere(double t, double dof, double n_elements);
/* Holm's step-down correction of n probabilities, Scand. J. Statist. 6, 65 (1979); NAN are not looked at and stay. */
void pdf_holm(double *corrected, const double *p, size_t n);

#endif
