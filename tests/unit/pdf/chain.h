/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TEST_PDF_CHAIN_H
#define VITRAIL_TEST_PDF_CHAIN_H

/* Chains from published data to a published result: the curve computed here beside the curve of the file. */

#include <stdbool.h>
#include <stddef.h>

#include "support.h"
#include "vitrail/pdf.h"
#include "vitrail/pdf_text.h"

typedef struct chain_curve {
    size_t n;
    double *x, *y;
} chain_curve;

/* Reads a text file below total-scattering/ into *p; skips the test where it is missing. columns NULL: found. */
vtr_profile_text chain_read(const char *name, const char *columns);
/* n doubles of an .npy file; skips the test where it is missing. */
double *chain_load(const char *name, size_t n);

/* Errors squared, to be released with free; NULL where the profile has none. */
double *chain_variance(const vtr_profile_text *profile);

/* Linear between the points; NAN outside. */
double chain_at(size_t n, const double *x, const double *y, double at);

typedef struct chain_agreement {
    double r_factor; /* sqrt(sum (a y - y_ref)^2 / sum y_ref^2) */
    double factor;   /* a: 1, or the best one */
    double peak;     /* first maximum of y in [peak_lo, peak_hi], less that of the reference */
} chain_agreement;

typedef struct chain_comparison {
    const char *title, *x_label, *y_label;
    size_t n;
    const double *x, *y; /* ours */
    size_t n_reference;
    const double *x_reference, *y_reference;
    double lo, hi;           /* range of the R factor */
    double peak_lo, peak_hi; /* where the first peak is; 0: none */
    bool is_scale_free;      /* the scale of the reference is arbitrary */
    double plot_lo, plot_hi; /* 0: lo to hi */
} chain_comparison;

/* The G of a PDF against the columns of a .gr file, from above the first shell's foot up to 20 Å. */
chain_agreement chain_compare_G(const char *title, const vtr_pdf *pdf, const vtr_profile_text *reference,
                                double foot, const double peak[2], bool is_scale_free, double most);

/* Prints the agreement and asserts that the R factor is below `most` and the peak within 0.01 Å. Draws it where a figure
 * is wanted. */
chain_agreement chain_compare(const chain_comparison *c, double most);

/* Writes what was compared since the last call, one panel each, where VITRAIL_CHAIN_FIGURES names a folder. */
int chain_figure(const char *name);

#endif
