/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PDF_STRAIN_INTERNAL_H
#define VITRAIL_PDF_STRAIN_INTERNAL_H

#include "pdf/cube_internal.h"
#include "vitrail/pdf_strain.h"

/* r1(phi) = m + c cos 2phi + s sin 2phi by least squares, in Å. */
enum { PDF_TENSOR_MEAN, PDF_TENSOR_COS, PDF_TENSOR_SIN };
typedef struct pdf_tensor {
    double p[3], covariance[3][3];
    double chi2; /* reduced; NAN without a degree of freedom */
} pdf_tensor;

enum { PDF_MAX_DIRECTIONS = 64 };

/* cos 2phi and sin 2phi of the directions, means over the sectors. */
typedef struct pdf_directions {
    size_t n;
    double *angle_degrees, *c2, *s2; /* [n] */
} pdf_directions;

/* False where fewer than three directions have a distance. */
bool pdf_tensor_fit(pdf_tensor *tensor, const pdf_directions *directions, const double *distance,
                    const double *distance_error);
/* exx, eyy, exy and the trace, with standard deviations times `factor`, against a reference with its own errors. */
void pdf_tensor_strain(double e[4], double e_error[4], const pdf_tensor *tensor, const pdf_tensor *reference,
                       double factor);

/* Sums of the profiles of the positions of a region, direction by direction. */
typedef struct pdf_profile_sums {
    vtr_region region;
    double *intensity, *variance, *n; /* [n_directions][n_data] twice, [n_directions] */
    size_t n_positions;
} pdf_profile_sums;

typedef struct pdf_strain {
    vtr_mapfile *file;
    const vtr_pdf_cube_params *params;
    int threads;
    const vtr_progress *progress;
    pdf_source source;
    vtr_pdf_plan *plan;
    double shell_range[2];
    pdf_directions directions;
    double width_rad;
    float *distance, *distance_error;  /* [n_positions][n_directions], Å */
    uint32_t *flags;                   /* [n_positions] */
    float *maps[4], *errors[4], *chi2; /* exx, eyy, exy, volumetric */
    size_t n_sums;
    pdf_profile_sums sums[VTR_TEXT_LIST_MAX + 1]; /* the first is the reference */
    pdf_tensor reference;                         /* mean of its positions */
    double factor;
    size_t n_valid;
} pdf_strain;

/* Distances of all positions, and the sums of the regions. */
vtr_status pdf_strain_blocks(pdf_strain *strain, vtr_error *err);
/* Reference, error factor and maps from the distances. */
vtr_status pdf_strain_maps(pdf_strain *strain, vtr_error *err);
/* The regions' distances and strains; the first is the reference, against whose own distances they are. */
vtr_status pdf_strain_regions(vtr_pdf_strain_result *result, pdf_strain *strain, vtr_error *err);
/* Fills comparison and has_ring. */
vtr_status pdf_strain_compare(vtr_pdf_strain_result *result, const pdf_strain *strain, vtr_error *err);
vtr_status pdf_strain_write(pdf_strain *strain, const vtr_pdf_strain_result *result, vtr_error *err);

/* See vtr_pdf_strain_comparison; arrays [n], points with NAN or without an error are left out. */
vtr_status pdf_line_with_errors(vtr_pdf_strain_comparison *out, size_t n, const float *x,
                                const float *x_error, const float *y, const float *y_error, vtr_error *err);

#endif
