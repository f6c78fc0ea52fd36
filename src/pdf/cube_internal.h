/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PDF_CUBE_INTERNAL_H
#define VITRAIL_PDF_CUBE_INTERNAL_H

#include <math.h>

#include "pdf/pdf_internal.h"
#include "vitrail/pdf_cube.h"
#include "vitrail/ranks.h"

/* Positions that are read, transformed and written at a time. */
enum { PDF_CUBE_BLOCK = 1024 };

/* The profiles of a map file: one of each position, or of sectors, of which opposite ones are joined. */
typedef struct pdf_source {
    const vtr_mapfile *file;
    const char *group; /* "profile" or "sectors" */
    size_t n_y, n_x, n_positions, n_data;
    size_t n_sectors, n_directions; /* 0 and 1 of whole profiles; of sectors half as many directions */
    double scan_step_nm[2];         /* y, x; NAN: not known */
    double *k;                      /* [n_data], 1/Å */
    double *mean, *variance;        /* [n_data]: mean over all profiles, and the variance of a typical one */
    uint32_t *flags;                /* [n_positions] those of the frame, from the ring; zero elsewhere */
    float *room[2];
} pdf_source;

vtr_status pdf_source_open(pdf_source *source, const vtr_mapfile *file, const char *group, vtr_error *err);
/* Fills mean and variance, in one reading, by all ranks. Frames without an electron and frames that are missing are none. */
vtr_status pdf_source_mean(pdf_source *source, vtr_ranks *ranks, const vtr_progress *progress,
                           vtr_error *err);
/* Positions *begin ... *end - 1 are those of this rank, whole blocks of PDF_CUBE_BLOCK but for the last one. */
void pdf_source_part(size_t *begin, size_t *end, const pdf_source *source, const vtr_ranks *ranks);
/* At most PDF_CUBE_BLOCK positions from `first` on: intensity and variance [n][n_directions][n_data]. */
vtr_status pdf_source_read(pdf_source *source, size_t first, size_t n, float *intensity, float *variance,
                           vtr_error *err);
void pdf_source_release(pdf_source *source);
/* The plan made from the mean. Where qmin is not given the range begins beyond the direct beam. */
vtr_status pdf_source_plan(vtr_pdf_plan **plan, const pdf_source *source, const vtr_pdf_params *params,
                           vtr_error *err);

/* Whether a profile [n_data] lacks intensity or variance within the plan's range: without a variance errors could not be
 * told, so it is no data. Profiles with a gap are made NAN as a whole. */
bool pdf_profile_has_gap(const vtr_pdf_plan *plan, const float *intensity, const float *variance);
void pdf_profiles_drop_gaps(const vtr_pdf_plan *plan, size_t n, float *intensity, const float *variance);

/* All settings of the PDFs, as the text attribute `settings` of /entry/pdf. */
vtr_status pdf_settings_write(vtr_mapfile *file, const vtr_pdf_params *params, vtr_error *err);

/* Positions first ... first + n - 1 of a dataset [n_y][n_x][n_last] of a group. */
vtr_status pdf_cube_write(vtr_mapfile *file, const char *group, const char *name, size_t n_x, size_t n_last,
                          size_t first, size_t n, const float *rows, vtr_error *err);

/* A number that is linear in F, for many profiles:  X = (row . I + constant)/N + offset. */
typedef struct pdf_linear {
    double *row;                   /* [n_q], of the same piece of memory as the others */
    const double *kin, *scale_kin; /* [n_q], R row and R n: with what neighbours share */
    double constant, offset;
} pdf_linear;
/* Of weights [n_q] on F, with the offset given. */
vtr_status pdf_linear_init(pdf_linear *linear, const vtr_pdf_plan *plan, const double *mean_intensity,
                           const double *weights, double offset, vtr_error *err);
/* X and its standard deviation for one profile of scale N; intensity and variance [n_q]. */
void pdf_linear_value(double *value, double *error, const pdf_linear *linear, const vtr_pdf_plan *plan,
                      const float *intensity, const float *variance, double scale);

/* An image: the integral of G, R or S over a range. */
typedef struct pdf_image {
    char name[VTR_REGION_NAME], long_name[160], unit[24];
    pdf_linear integral;
    float *values, *errors; /* [n_positions] */
} pdf_image;
vtr_status pdf_image_init(pdf_image *image, const char *text, const vtr_pdf_plan *plan,
                          const double *mean_intensity, size_t n_positions, vtr_error *err);
void pdf_image_release(pdf_image *image);

/* Sums over the positions of a region, in the order of the scan. Its positions are dealt out to groups as well, whose
 * scatter gives the errors of what is fitted to the mean. */
enum { PDF_REGION_GROUPS = 64 };
typedef struct pdf_region_sums {
    const vtr_region *region;
    size_t n, n_r;
    double *difference, *square,
        *variance;  /* [n_r]: of G less the mean of the scan, its square, squared errors */
    double *groups; /* [PDF_REGION_GROUPS][n_r]: of the difference */
} pdf_region_sums;
vtr_status pdf_region_sums_init(pdf_region_sums *sums, const vtr_region *region, size_t n_r, vtr_error *err);
void pdf_region_sums_release(pdf_region_sums *sums);
/* Adds those of positions first ... first + n - 1 that are in the region and have a PDF; g, error [n][n_r]. */
void pdf_region_sums_add(pdf_region_sums *sums, const double *mean_g, size_t first, size_t n, const float *g,
                         const float *error);
/* The mean, with the maxima in the ranges of the shells. */
vtr_status pdf_region_sums_finish(vtr_pdf_region_mean *out, const pdf_region_sums *sums,
                                  const vtr_pdf_plan *plan, const double *mean_g,
                                  const double shell_range[2][2], vtr_error *err);

/* Everything while a cube is computed. */
typedef struct pdf_cube {
    vtr_mapfile *file;
    const vtr_pdf_cube_params *params;
    int threads;
    const vtr_progress *progress;
    pdf_source source;
    vtr_pdf_plan *plan;
    double shell_range[2][2]; /* Å; NAN: no such shell */
    uint32_t *flags;          /* [n_positions] */
    float *scale, *scale_error;
    float *peaks[2][3], *peak_errors[2][3]; /* of each shell: position, height, fwhm */
    size_t n_images, n_regions, n_valid;
    pdf_image images[VTR_TEXT_LIST_MAX];
    vtr_region regions[VTR_TEXT_LIST_MAX + 1]; /* the first is the whole scan */
    pdf_region_sums sums[VTR_TEXT_LIST_MAX + 1];
} pdf_cube;

/* Fills the maps and the sums of the regions, and writes G and F, block by block. */
vtr_status pdf_cube_blocks(pdf_cube *cube, vtr_error *err);
/* Makes /entry/pdf with the datasets that the blocks fill. */
vtr_status pdf_cube_create_group(pdf_cube *cube, vtr_error *err);
/* Maps, images, regions and attributes. */
vtr_status pdf_cube_write_results(pdf_cube *cube, const vtr_pdf_region_mean *means, const char *composition,
                                  vtr_error *err);

#endif
