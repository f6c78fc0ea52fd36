/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PDF_REGION_INTERNAL_H
#define VITRAIL_PDF_REGION_INTERNAL_H

#include <math.h>
#include <stdbool.h>

#include "base/base_internal.h"
#include "vitrail/pdf_compare.h"

enum { REGION_MAX_REACH = 24, REGION_MAX_BLOCKS = 512, REGION_BLOCK_READ = 512 };

/* Everything while regions are compared. G is looked at on all of its r, and at its elements of resolution: values pi/qmax
 * apart, which tell all that G holds. */
typedef struct region_job {
    const vtr_pdf_compare_input *in;
    const vtr_region *regions;
    size_t n_regions, n; /* n: positions of the scan */
    const vtr_progress *progress;

    double range[2];
    size_t n_k;         /* elements */
    size_t *k_index;    /* [n_k] an element lies between r[k_index] and the next ... */
    double *k_fraction; /* [n_k] ... by this part of their distance */

    unsigned char *is_used;  /* [n] has a PDF and is in a region */
    float *element;          /* [n][n_k]; less the region's mean, over its deviation, once these are known */
    size_t *count;           /* [n_regions] */
    double *mean, *variance; /* [n_regions][n_r] of the positions */
    double *deviation;       /* [n_k] of the positions about their region's mean, pooled over the regions */
    double *ratio;           /* [n_regions] of a region's deviations to the pooled ones */
    double *shape;           /* [n_k][n_k] Cholesky factor (lower) of the correlation of the elements */

    size_t reach;        /* lags from 0 on that share something */
    double *correlation; /* [n_k][REGION_MAX_REACH] with positions so far apart */
    size_t block, n_block_y, n_block_x;
    double *sums;        /* [blocks][n_regions][n_r] of G less the region's mean */
    size_t *block_count; /* [blocks][n_regions] */
} region_job;

/* --- region_read.c: what is summed while the positions are read */
vtr_status region_elements(region_job *job, const double range[2], vtr_error *err);
vtr_status region_read_means(region_job *job, vtr_error *err);
vtr_status region_read_blocks(region_job *job, vtr_error *err);
/* Values [n_k] at the elements of a curve [n_r]. */
void region_at_elements(double *out, const region_job *job, const double *curve);

/* --- region_correlation.c */
/* Makes the elements residuals in units of their deviation; fills deviation and ratio. */
vtr_status region_standardise(region_job *job, vtr_error *err);
/* How alike positions are, and the size of the blocks (given, or 0). */
vtr_status region_correlate(region_job *job, size_t block, vtr_error *err);

/* --- region_shape.c */
/* How alike elements are; fills shape. */
vtr_status region_shape(region_job *job, vtr_error *err);

/* --- region_contrast.c: the mean of a region, or the difference of two, and its covariance
 *
 * The covariance of two numbers linear in G is the sum over the blocks of the products of their shares in the block sums,
 * times factor. */
typedef struct region_contrast {
    size_t a, b;       /* of the regions; b == a: the mean of a alone */
    size_t n_blocks;   /* with positions of either */
    size_t *block;     /* [n_blocks] */
    double *sums;      /* [n_blocks][n_r] shares of the blocks in the error of the contrast */
    double *factor;    /* [n_k] */
    double *predicted; /* [n_k] the variance that the correlation predicts, in units of deviation^2 */
    double dof;
} region_contrast;
vtr_status region_contrast_make(region_contrast *contrast, const region_job *job, size_t a, size_t b,
                                vtr_error *err);
void region_contrast_release(region_contrast *contrast);
/* Standard error [n_r] of the contrast. */
void region_contrast_error(double *error, const region_contrast *contrast, const region_job *job);
/* The factor at a distance. */
double region_factor_at(const region_contrast *contrast, const region_job *job, double r);

/* --- region_test.c */
/* F, its degrees of freedom and p of the whole, and p at each r. */
vtr_status region_test(vtr_pdf_compare_pair *pair, const region_contrast *contrast, const region_job *job,
                       vtr_error *err);

/* --- region_shell.c */
/* Values of both shells of a curve G. */
void region_shell_values(double values[VTR_PDF_COMPARED], const region_job *job, const double *G,
                         double *room);
/* shares [blocks][VTR_PDF_COMPARED]: what each block moves the values of a region's mean by. */
vtr_status region_shell_shares(double values[VTR_PDF_COMPARED], double *shares, const region_job *job,
                               size_t region, vtr_error *err);
/* Standard errors of the contrast of values, from the shares of its one or two regions. */
void region_shell_errors(double errors[VTR_PDF_COMPARED], const region_contrast *contrast,
                         const region_job *job, const double *shares_a, const double *shares_b,
                         const double values[VTR_PDF_COMPARED]);

#endif
