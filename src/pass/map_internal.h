/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PASS_MAP_INTERNAL_H
#define VITRAIL_PASS_MAP_INTERNAL_H

#include "pass/calibrate_internal.h"
#include "pass/checkpoint_internal.h"
#include "vitrail/beam.h"
#include "vitrail/pass.h"
#include "vitrail/polar.h"
#include "vitrail/ring.h"
#include "vitrail/ring_map.h"

enum { MAP_MAX_VIRTUAL = VTR_TEXT_LIST_MAX, MAP_NAME = 32 };
/* A run is what a worker takes at a time: its batches in order, its profiles written at once. */
enum { MAP_RUN_BATCHES = 16, MAP_RUN_POSITIONS = MAP_RUN_BATCHES * VTR_LANES };

/* The used pixels of the ring's annulus as stretches [first, last) of the frame. */
typedef struct map_annulus {
    size_t n;
    size_t (*stretches)[2];
} map_annulus;

/* A plan with its fit, for patterns whose centre lies whole pixels off the calibrated one: descan moves the table, not
 * the data. */
typedef struct map_variant {
    long shift_x, shift_y; /* px */
    vtr_polar_plan *plan;
    vtr_likelihood *likelihood; /* NULL with the fits of one pattern by itself */
    map_annulus annulus;
} map_variant;

/* Up to 16 successive positions whose patterns lie within a pixel or two of each other, so that one plan serves them. */
typedef struct map_batch {
    size_t first;
    unsigned char n, variant;
} map_batch;

/* What the profile's variance is made of beside noise, and how its samples hang together (map_errors.c). */
typedef struct map_errors {
    float *speckle; /* [n_profile], see vtr_profile_params; NULL: none */
    size_t n_lags;
    float *correlation; /* [n_lags][n_profile] of samples j and j + lag; NULL without a profile */
} map_errors;

/* Profiles of azimuthal sectors (map_sectors.c). */
typedef struct map_sectors {
    size_t n;               /* 0: none are made */
    vtr_polar_plan **plans; /* [n_variants]; NULL: those of the fit serve */
    float *speckle;         /* [n][n_profile], of the plan's sectors; NULL: none */
    size_t *of_row;         /* [n]: the plan's sector in each row of the file */
    double *angle_degrees;  /* [n]: its middle in the scan's frame, ascending from 0 */
    vtr_profile_params profile;
} map_sectors;

/* A worker's part of them. */
typedef struct map_sectors_worker {
    vtr_polar_batch *batch; /* NULL with the plans of the fit */
    float *columns[2];      /* mean, variance: [sector of the plan][k][16] */
    float *rows[2];         /* [MAP_RUN_POSITIONS][row][k] until they are written */
} map_sectors_worker;

/* The sums over runs, and which runs are in them (map_sums.c). */
typedef struct map_sums {
    size_t n_runs, n_done; /* runs of the scan; positions in the sums */
    unsigned char *merged; /* a bit for each run */
    size_t *next;          /* chains the runs that are in a worker's pattern: the next one's number + 1 */
    size_t n_in_order;     /* where the order matters: as many runs from the first on are merged */
    size_t n_resumed;      /* positions that the checkpoint had */
    double interval_s;     /* of the checkpoint; INFINITY: none is kept */
    double recorded_s, record_cost_s; /* of the checkpoint's last record: when, and how long it took */
} map_sums;

/* A recording that is still being written (map_follow.c). */
typedef struct map_follow map_follow;

/* What all workers share; results are written at disjoint positions. */
typedef struct map_job {
    vtr_dataset *dataset;
    const vtr_dataset_info *info;
    const vtr_calibration *calibration;
    const vtr_map_params *params;
    const unsigned char *used;
    vtr_ranks *ranks;  /* NULL: there is one */
    vtr_mapfile *file; /* NULL with any rank but 0 */
    size_t n_positions, n_profile, n_radii;
    size_t
        n_held; /* positions in the maps below: 0 asks for all; ranks beyond the first hold their workers' runs */
    map_variant *variants;
    size_t n_variants;
    map_batch *batches; /* in scan order */
    size_t n_batches;
    vtr_speckle_terms terms;
    size_t n_virtual;
    char virtual_names[MAP_MAX_VIRTUAL][MAP_NAME];
    double annuli_px[MAP_MAX_VIRTUAL][2];
    vtr_ring_map ring;
    float *beam;           /* [5][n_held]: x, y, their errors, counts */
    unsigned *beam_flags;  /* [n_held] */
    float *virtual_images; /* [n_virtual][n_held] */
    float *total;          /* [n_held] */
    vtr_profile_params profile;
    map_errors errors;
    map_sectors sectors;
    vtr_pattern *pattern;
    map_sums sums;
    vtr_checkpoint *checkpoint;       /* NULL: none is kept */
    map_follow *follow;               /* NULL: the recording is complete */
    bool has_beam;                    /* a disc stands out of the mean pattern */
    vtr_beam_params beam_params;      /* with the calibrated centre as start */
    vtr_beam_template *beam_template; /* NULL: centre of mass */
} map_job;

/* Sets up plans, fits and result arrays. */
vtr_status map_job_create(map_job *job, vtr_error *err);
void map_job_release(map_job *job);
/* Samples of a profile as far as the farthest corner. */
size_t map_profile_samples(const vtr_calibration *calibration, double step_px);
/* Cuts the scan into batches and lists the shifts of their centres, from dataset, info, calibration and n_positions. What it
 * took is released with the job. */
vtr_status map_batches_create(map_job *job, vtr_error *err);

/* One worker's buffers, and the batch that it works on. */
typedef struct map_worker {
    vtr_polar_batch *batch;
    vtr_likelihood_work *work;
    vtr_ring_scratch *scratch; /* of the fits of one pattern by itself; NULL with the likelihood */
    float *frame_f32;          /* likewise */
    vtr_pattern *pattern;
    unsigned char *buffer;  /* [16] frames of the recording's type */
    float *mean, *variance; /* [n_profile][16] */
    float *rows[2];         /* [MAP_RUN_POSITIONS][n_profile]: mean and variance until they are written */
    map_sectors_worker sectors;
    vtr_beam_scratch *beam_scratch; /* NULL: centre of mass */
    size_t first_run;               /* of those in its pattern that are not merged yet: number + 1 */
    bool is_torn;                   /* its pattern holds part of a run that failed */
    double merged_s, merge_cost_s;

    size_t first, n;  /* positions of the batch */
    size_t run_first; /* the first position of its run */
    size_t number;    /* of this worker, in its rank */
    const map_variant *variant;
    const void *frames[VTR_LANES]; /* NULL: missing */
    vtr_fit_batch fit;
    vtr_ring_ellipse ellipses[VTR_LANES];
} map_worker;

/* Where a position of the worker's run stands in the job's maps. */
size_t map_held_at(const map_worker *worker, const map_job *job, size_t position);
vtr_status map_worker_create(map_worker **out, const map_job *job, vtr_error *err);
void map_worker_free(map_worker *worker);
/* Bytes that one worker needs, about. */
size_t map_worker_bytes(const map_job *job);
/* Reads a run of batches, works on them, writes its profiles. The frames are added to the worker's pattern. */
vtr_status map_worker_run(map_worker *worker, map_job *job, size_t run, vtr_error *err);
size_t map_run_count(const map_job *job);
/* The run's positions: first ... first + n - 1. */
void map_run_positions(const map_job *job, size_t run, size_t *first, size_t *n);

/* Where the direct beam is expected, and what it looks like: with a fit of the disc, from a sample of the recording. */
vtr_status map_beam_create(map_job *job, vtr_error *err);

/* The work on batch `batch`, whose frames are in memory (`frames` is kept by reference; NULL: missing): the steps below
 * one after the other. Profiles stay with the worker until map_worker_flush. */
vtr_status map_worker_compute(map_worker *worker, map_job *job, size_t batch,
                              const void *const frames[VTR_LANES], vtr_error *err);
void map_step_take(map_worker *worker, const map_job *job, size_t batch, const void *const frames[VTR_LANES]);
vtr_status map_step_bin(map_worker *worker, map_job *job, vtr_error *err);
vtr_status map_step_fit(map_worker *worker, map_job *job, vtr_error *err);
vtr_status map_step_beam(map_worker *worker, map_job *job, vtr_error *err);
vtr_status map_step_profile(map_worker *worker, map_job *job, vtr_error *err);
vtr_status map_step_sectors(map_worker *worker, map_job *job, vtr_error *err);
/* Where the pattern of each lane sits in its plan, for the profiles. */
void map_profile_lanes(vtr_polar_lanes *lanes, const map_worker *worker, const map_job *job);
/* Writes the profiles of positions first ... first + n - 1, n <= MAP_RUN_POSITIONS, `first` a run's. */
vtr_status map_worker_flush(map_worker *worker, map_job *job, size_t first, size_t n, vtr_error *err);

/* Stretches of the plan's used pixels with annulus_px[0] <= |u| <= annulus_px[1]; released with vtr_free. */
vtr_status map_annulus_create(map_annulus *annulus, const vtr_polar_plan *plan, const unsigned char *used,
                              const double annulus_px[2], vtr_error *err);
/* Whether a pixel of the annulus is at least `level`. */
bool map_annulus_reaches(const map_annulus *annulus, vtr_type type, const void *frame, double level);

/* Works through the runs that are not done yet with all workers, of all ranks (map_run.c). */
vtr_status map_run_all(map_job *job, const vtr_pass_options *options, vtr_error *err);

/* What the workers of one pass share beside the job. */
typedef struct map_run_state {
    map_job *job;
    const vtr_progress *progress;
    int is_stopped; /* read and written atomically */
    vtr_status status;
    vtr_error error;
    size_t positions_done;
} map_run_state;

bool map_run_is_stopped(map_run_state *state);
/* Keeps the first failure, which ends the pass. */
void map_run_stop(map_run_state *state, vtr_status status, const vtr_error *error);
/* Counts a run as done; then as map_run_check. */
void map_run_advance(map_run_state *state, size_t run);
/* Stops the pass where it is to be cancelled. */
void map_run_check(map_run_state *state);
/* Does a run, and records it. A run that was begun is finished, also where the pass is to stop. False: it has stopped. */
bool map_run_one(map_run_state *state, map_worker *worker, size_t run);
/* Merges the worker's sums into the job's. */
void map_run_merge(map_run_state *state, map_worker *worker);

/* The same with several ranks: rank 0 hands out runs, takes and keeps their results, and works too (map_ranks.c); the
 * others work (map_ranks_far.c). `spare`: a worker besides, for what the others send. */
void map_ranks_lead(map_run_state *state, map_worker **workers, int n_workers, map_worker *spare);
void map_ranks_follow(map_run_state *state, map_worker **workers, int n_workers);
/* Before the results of a pass that follows its recording change, and after it. */
vtr_status map_follow_begin(map_job *job, const vtr_follow_params *how, vtr_error *err);
void map_follow_end(map_job *job);
/* Positions whose frame is there, the first of the scan. */
size_t map_follow_frames(const map_job *job);
/* What is done from now on is of positions whose frames are missing, but may yet come: not for the checkpoint. */
bool map_follow_is_over(const map_job *job);
/* Waits until the frames of a run are there, or no more will come. False: the pass has stopped. */
bool map_follow_wait(map_run_state *state, size_t run);
/* map_worker_run, not while the results are shown. */
vtr_status map_follow_run(map_worker *worker, map_job *job, size_t run, vtr_error *err);
/* Writes, now and then, the results so far where the user sees them. Not while sums are merged. */
vtr_status map_follow_show(map_job *job, vtr_error *err);

/* What all ranks must see alike; how often they bring their sums together. */
vtr_status map_ranks_begin(map_job *job, vtr_error *err);

/* A run's results as a record: what it put into the job's maps and, of the profiles, into its worker's rows. */
enum { MAP_MAX_SLICES = 18 + MAP_MAX_VIRTUAL };
typedef struct map_record_head {
    uint64_t run, first, n; /* positions */
} map_record_head;
/* Where it stands: the head, which is filled, and the slices after it; returns how many. */
size_t map_record_slices(vtr_slice slices[MAP_MAX_SLICES + 1], map_record_head *head, map_job *job,
                         map_worker *worker, size_t run);
vtr_status map_record_append(map_job *job, map_worker *worker, size_t run, vtr_error *err);
/* Puts them back, and writes the profiles to the map file. *run: whose it was. */
vtr_status map_record_load(map_job *job, map_worker *worker, const void *content, size_t n_bytes,
                           vtr_error *err);
/* The run that a record is of; SIZE_MAX: none of this job. */
size_t map_record_run(const map_job *job, const void *content, size_t n_bytes);

/* Pixels of up to 16 bits add up exactly in any order; the sums of others are merged run by run, in scan order. */
bool map_sums_are_exact(const map_job *job);
vtr_status map_sums_create(map_job *job, vtr_error *err);
void map_sums_release(map_job *job);
bool map_sums_have(const map_job *job, size_t run);
/* A run is done, and in the worker's pattern; by its worker alone. */
void map_sums_note(map_job *job, map_worker *worker, size_t run);
/* Is it time for map_sums_merge? */
bool map_sums_are_due(const map_job *job, const map_worker *worker);
/* Merges what the worker's pattern holds into the job's, and records that where it is time to. One worker at a time. */
vtr_status map_sums_merge(map_job *job, map_worker *worker, vtr_error *err);
vtr_status map_sums_record(map_job *job, vtr_error *err);
/* Goes on from the job's checkpoint, if it has one: results, sums, which runs are done. */
vtr_status map_sums_resume(map_job *job, map_worker *worker, vtr_error *err);

/* Writes the result arrays into the map file. */
vtr_status map_write_results(map_job *job, vtr_error *err);
/* Creates the profile datasets, to be filled block by block. */
vtr_status map_create_profiles(map_job *job, vtr_error *err);

vtr_status map_create_sectors(map_job *job, vtr_error *err);
vtr_status map_describe_sectors(map_job *job, vtr_error *err);
/* The axis k of the profiles of a group. */
vtr_status map_write_k(map_job *job, const char *group, vtr_error *err);
/* Writes rows of positions first ... first + n - 1 into group/name [scan_y][scan_x][inner...]. */
vtr_status map_write_positions(map_job *job, const char *group, const char *name, const float *rows,
                               size_t first, size_t n, size_t n_inner, const size_t *inner, vtr_error *err);

/* For the profile's samples, with the plans of the fit. */
vtr_status map_errors_create(map_job *job, vtr_error *err);
void map_errors_release(map_job *job);
/* Relative variance by speckle of the profile's samples, or of n_sectors sectors': a new array, NULL without speckle. */
vtr_status map_speckle_of_samples(float **out, const map_job *job, size_t n_sectors, vtr_error *err);

/* Needs the plans of the fit and the profile's samples; nothing is made without --sectors. */
vtr_status map_sectors_create(map_job *job, vtr_error *err);
void map_sectors_release(map_job *job);
vtr_status map_sectors_worker_create(map_sectors_worker *worker, const map_job *job, vtr_error *err);
void map_sectors_worker_release(map_sectors_worker *worker);
size_t map_sectors_worker_bytes(const map_job *job);
vtr_status map_sectors_flush(map_worker *worker, map_job *job, size_t first, size_t n, vtr_error *err);

#endif
