/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PHASES_INTERNAL_H
#define VITRAIL_PHASES_INTERNAL_H

/* What the files phases_*.c share: the positions of a map file as data of the methods, and the result as it grows. */

#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "base/scratch.h"
#include "unmix/unmix_internal.h"
#include "vitrail/phases.h"

/* Rows [n][width] of positions first ... first + n - 1, in memory or, where `rows` is NULL, on disk. */
typedef struct phases_store {
    size_t first, n, width;
    float *rows;
    vtr_scratch *scratch;
} phases_store;

typedef struct phases_job {
    const vtr_mapfile *file;
    const vtr_phases_params *params;
    int threads;
    const vtr_progress *progress;
    vtr_pdf_positions *positions;
    size_t n, m, n_q, n_r; /* positions, channels; points of the profile and of G */
    unmix_chunks chunks;
    phases_store values; /* [m] */
    uint8_t *position_used;
    double *position_weight,
        *channel_weight; /* one over variances; [n] relative, [m] of a typical position */
    double *parts;       /* [m][n_q], linear parts of the noise of the channels at one typical position */
    double *noise;       /* [n_r][n_q], the same of G */
    double *mean;        /* [m], over the positions used */
    vtr_unmix_data data; /* the channels as they are, each with its own noise */
    size_t n_white;
    double *whitener;     /* [n_white][m]: along which noise is independent, in units of it */
    phases_store white;   /* [n_white + m]: positions less the mean along these, and as they are */
    double *white_weight; /* [n_white + m]; the latter are carried along with next to no weight */
    uint8_t *white_used;  /* [n_white + m], 0: those */
    vtr_unmix_data white_data;
    vtr_phases *result;
} phases_job;

/* In memory if that leaves the methods enough for all n_positions. To be closed whatever comes out. */
vtr_status vtr_phases_store_open(phases_store *store, size_t first, size_t n, size_t width,
                                 size_t n_positions, vtr_error *err);
void vtr_phases_store_close(phases_store *store);
/* Positions first ... first + n - 1, all of the store; by any number of threads. */
vtr_status vtr_phases_store_put(phases_store *store, const float *rows, size_t first, size_t n,
                                vtr_error *err);
vtr_status vtr_phases_store_read(void *store, float *rows, size_t first, size_t n, vtr_error *err);
/* The store as data: of the job's positions, and n_channels its width. */
vtr_unmix_data vtr_phases_store_data(phases_job *job, phases_store *store);

/* At most UNMIX_BLOCK positions from `first` on, rows [n][width]; adds to `sums`, which belong to the chunk. */
typedef vtr_status (*phases_work)(void *user, size_t first, size_t n, const float *rows, double *sums,
                                  vtr_error *err);
/* Every position of this rank once, masked or not. sums [n_sums] = those of all chunks, of all ranks. */
vtr_status vtr_phases_each_block(const phases_job *job, phases_store *store, phases_work work, void *user,
                                 double *sums, size_t n_sums, vtr_error *err);

/* Reads the cube; fills what of the result belongs to it. */
vtr_status vtr_phases_open(phases_job *job, vtr_error *err);
void vtr_phases_close(phases_job *job);

/* Fills white and what belongs to it, from values, mean and parts. */
vtr_status vtr_phases_whiten(phases_job *job, vtr_error *err);
/* white [n][n_white] of rows [n][m], whose mean is not taken off. */
void vtr_phases_whiten_rows(double *white, const phases_job *job, size_t n, const double *rows);

/* Adds a sentence to the result's notes. */
void vtr_phases_note(phases_job *job, const char *format, ...) VTR_PRINTF_LIKE(2, 3);

/* Room for n_components, named "phase 1" and so on; all NAN. */
vtr_status vtr_phases_allocate(phases_job *job, size_t n_components, vtr_error *err);
/* The methods. Each fills spectra, maps and their errors, and components. */
vtr_status vtr_phases_count(phases_job *job, vtr_error *err);
vtr_status vtr_phases_mixture(phases_job *job, vtr_error *err);
vtr_status vtr_phases_principal(phases_job *job, vtr_error *err);
vtr_status vtr_phases_references(phases_job *job, vtr_error *err);

/* From the spectra the components as G with their errors. The errors are `spread` [k] times those of one
 * position. Component c may move to c + t (c - mean), ends [k][2] the least and largest t; NULL: it may not. */
vtr_status vtr_phases_to_g(phases_job *job, const double *spread, const double (*ends)[2], vtr_error *err);
/* spread [k] of spectra that fit the maps: roots of the diagonal of (W^T W)^-1. */
vtr_status vtr_phases_spread(double *spread, const phases_job *job, vtr_error *err);
/* Fills pdfs and peaks, for which there is room. */
vtr_status vtr_phases_peaks(phases_job *job, vtr_error *err);
/* What the components and maps say: lengths, fractions, peaks, which is noise. */
vtr_status vtr_phases_read(phases_job *job, vtr_error *err);

#endif
