/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PASS_MAP_INTERNAL_H
#define VITRAIL_PASS_MAP_INTERNAL_H

#include "pass/calibrate_internal.h"
#include "vitrail/beam.h"
#include "vitrail/pass.h"
#include "vitrail/polar.h"
#include "vitrail/ring.h"
#include "vitrail/ring_map.h"

enum { MAP_MAX_VIRTUAL = VTR_TEXT_LIST_MAX, MAP_NAME = 32 };

/* A plan with its fit, for patterns whose centre lies whole pixels off the calibrated one: descan moves the table, not
 * the data. */
typedef struct map_variant {
    long shift_x, shift_y; /* px */
    vtr_polar_plan *plan;
    vtr_likelihood *likelihood;
} map_variant;

/* What all workers share; results are written at disjoint positions. */
typedef struct map_job {
    vtr_dataset *dataset;
    const vtr_dataset_info *info;
    const vtr_calibration *calibration;
    const vtr_map_params *params;
    const unsigned char *used;
    vtr_mapfile *file;
    size_t n_positions, n_profile, n_radii;
    map_variant *variants;
    size_t n_variants;
    unsigned char *variant_of_batch;
    size_t n_batches;
    vtr_speckle_terms terms;
    size_t n_virtual;
    char virtual_names[MAP_MAX_VIRTUAL][MAP_NAME];
    double annuli_px[MAP_MAX_VIRTUAL][2];
    vtr_ring_map ring;
    float *beam;           /* [5][n_positions]: x, y, their errors, counts */
    unsigned *beam_flags;  /* [n_positions] */
    float *virtual_images; /* [n_virtual][n_positions] */
    float *total;          /* [n_positions] */
    vtr_profile_params profile;
    float *speckle; /* [n_bins] for the profile's variance; NULL: none */
    vtr_pattern *pattern;
} map_job;

/* Sets up plans, fits and result arrays. */
vtr_status map_job_create(map_job *job, vtr_error *err);
void map_job_release(map_job *job);

/* One worker's buffers, and the work on one batch of 16 positions. */
typedef struct map_worker map_worker;
vtr_status map_worker_create(map_worker **out, const map_job *job, vtr_error *err);
void map_worker_free(map_worker *worker);
/* Reads, bins, fits the batch; adds its frames to the worker's pattern; writes its profiles. */
vtr_status map_worker_batch(map_worker *worker, map_job *job, size_t batch, vtr_error *err);
vtr_pattern *map_worker_pattern(map_worker *worker);

/* Writes the result arrays into the map file. */
vtr_status map_write_results(map_job *job, vtr_error *err);
/* Creates the profile datasets, to be filled block by block. */
vtr_status map_create_profiles(map_job *job, vtr_error *err);

#endif
