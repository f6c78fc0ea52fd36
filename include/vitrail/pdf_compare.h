/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PDF_COMPARE_H
#define VITRAIL_PDF_COMPARE_H

/* Whether the mean pair distribution functions of regions differ: standard errors that hold for positions which resemble
 * their neighbours, a test of each pair of regions as a whole, at each r, and of what a shell is described with.
 * docs/methods/region-differences.md has the mathematics. */

#include <stddef.h>

#include "vitrail/error.h"
#include "vitrail/mapfile.h"
#include "vitrail/parameters.h"
#include "vitrail/progress.h"
#include "vitrail/region.h"

VTR_BEGIN_DECLS

typedef struct vtr_pdf_compare_params {
    vtr_text_list
        regions;     /* as vtr_region_parse reads them; none: those of /entry/pdf/regions, without "all" */
    double range[2]; /* Å, compared as a whole; NAN: from rcut to 10 Å or the end of G */
    size_t block;    /* positions along a side of the blocks; 0: from the correlation */
} vtr_pdf_compare_params;

VTR_API extern const vtr_parameter_table vtr_pdf_compare_parameters;
VTR_API vtr_pdf_compare_params vtr_pdf_compare_default_params(void);

/* G of all positions of a scan [n_y][n_x], as it is read. */
typedef struct vtr_pdf_compare_input {
    size_t n_y, n_x, n_r;
    const double *r;          /* [n_r], Å, ascending */
    double qmax;              /* 1/Å: G has 1 element of resolution in pi/qmax */
    double density;           /* atoms/Å^3; NAN: not known */
    double shell_range[2][2]; /* Å; NAN: no such shell */
    double step_nm[2];        /* y, x; NAN: not known */
    void *user;
    /* G [n][n_r] of positions first ... first + n - 1, the same whenever it is asked; NAN: none. */
    vtr_status (*read)(void *user, size_t first, size_t n, float *G, vtr_error *err);
} vtr_pdf_compare_input;

/* What a shell is described with. */
enum { VTR_PDF_SHELL_POSITION, VTR_PDF_SHELL_HEIGHT, VTR_PDF_SHELL_FWHM, VTR_PDF_SHELL_NEIGHBOURS };
enum {
    VTR_PDF_SHELL_VALUES = 4,
    VTR_PDF_COMPARED = 2 * VTR_PDF_SHELL_VALUES
}; /* of the first, then of the second shell */
typedef struct vtr_pdf_compared {
    const char *name, *unit, *long_name;
} vtr_pdf_compared;
VTR_API extern const vtr_pdf_compared vtr_pdf_compared_values[VTR_PDF_COMPARED];

typedef struct vtr_pdf_compare_region {
    char name[VTR_REGION_NAME];
    char definition[256];
    size_t n, n_blocks; /* positions with a PDF, and blocks with some of them */
    double
        n_effective; /* independent positions that would leave the same errors, in the mean over the range */
    double dof;      /* degrees of freedom of the errors */
    double *G, *G_error;          /* [n_r] mean and its standard error */
    double *G_error_uncorrelated; /* [n_r] what it would be if no position resembled its neighbours */
    double value[VTR_PDF_COMPARED], error[VTR_PDF_COMPARED]; /* of the mean; NAN: no such shell */
} vtr_pdf_compare_region;

/* The first region less the second. */
typedef struct vtr_pdf_compare_pair {
    size_t a, b;                /* of the regions */
    double *difference, *error; /* [n_r], 1/Å^2 */
    double *p;        /* [n_r] of a difference as large as this anywhere in the range; NAN outside of it */
    double F, dof[2]; /* of the whole range */
    double p_whole, p_whole_holm; /* Holm: over the pairs */
    double value_difference[VTR_PDF_COMPARED], value_error[VTR_PDF_COMPARED], t[VTR_PDF_COMPARED],
        p_value[VTR_PDF_COMPARED], p_holm[VTR_PDF_COMPARED]; /* Holm: over all values of all pairs */
    double value_dof;
} vtr_pdf_compare_pair;

typedef struct vtr_pdf_compare {
    size_t n_y, n_x, n_r;
    double step_nm[2];
    double *r;              /* [n_r], Å */
    double range[2];        /* Å */
    size_t n_elements;      /* of resolution in the range */
    size_t reach;           /* lag in positions from which on nothing is shared */
    double correlation[32]; /* of positions 0 ... reach - 1 apart, mean over the range */
    size_t block;
    size_t n_regions, n_pairs;
    vtr_pdf_compare_region *regions;
    vtr_pdf_compare_pair *pairs; /* (0, 1), (0, 2), ..., (1, 2), ... */
} vtr_pdf_compare;

/* `regions` are `n` sets of positions, which may overlap. Positions without a PDF are in none. Reads every position twice.
 * Errors: VTR_ERR_ARGUMENT: fewer than two regions, two of one name, a range that G does not cover, qmax not positive;
 * VTR_ERR_SHAPE: a region of another size; VTR_ERR_NO_DATA: too few independent positions in a region to tell its error.
 * `out` is untouched on failure and released with vtr_pdf_compare_release. */
VTR_API vtr_status vtr_pdf_compare_compute(vtr_pdf_compare *out, const vtr_pdf_compare_input *input,
                                           const vtr_region *regions, size_t n,
                                           const vtr_pdf_compare_params *params, const vtr_progress *progress,
                                           vtr_error *err);
/* Of a map file with /entry/pdf, whose PDFs are computed again. VTR_ERR_NOT_FOUND: it has none. */
VTR_API vtr_status vtr_pdf_compare_of_file(vtr_pdf_compare *out, const vtr_mapfile *file,
                                           const vtr_pdf_compare_params *params, int threads,
                                           const vtr_progress *progress, vtr_error *err);
VTR_API void vtr_pdf_compare_release(vtr_pdf_compare *compare);

/* /entry/pdf/comparison, replaced if there is one:
 *
 *     NAME/G, G_errors, r of each region, and its values as attributes NAME and NAME_error
 *     A-B/difference, difference_errors, p, r of each pair; F, dof, p_whole, p_whole_holm and for each value NAME the
 *         attribute NAME = difference, its error, t, p, p after Holm */
VTR_API vtr_status vtr_pdf_compare_write(vtr_mapfile *file, const vtr_pdf_compare *compare, vtr_error *err);
/* One line for each pair and what is compared: values of both, difference, error, statistic, degrees of freedom, p. */
VTR_API vtr_status vtr_pdf_compare_write_csv(const char *path, const vtr_pdf_compare *compare, bool force,
                                             vtr_error *err);
/* One line for each r: G and its error of every region, difference, error and p of every pair. */
VTR_API vtr_status vtr_pdf_compare_write_curves(const char *path, const vtr_pdf_compare *compare, bool force,
                                                vtr_error *err);

VTR_END_DECLS

#endif
