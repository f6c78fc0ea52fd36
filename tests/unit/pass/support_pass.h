/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TEST_PASS_SUPPORT_H
#define VITRAIL_TEST_PASS_SUPPORT_H

/* Small simulated recordings, in memory to be changed and as files, and their way through calibration and pass. */

#include "support.h"
#include "vitrail/field.h"
#include "vitrail/pass.h"
#include "vitrail/twin.h"

enum {
    SCAN_Y = 12,
    SCAN_X = 26,
    DET_Y = 96,
    DET_X = 100,
    POSITIONS = SCAN_Y * SCAN_X,
    PIXELS = DET_Y * DET_X
};

/* A recording with its truth. */
typedef struct recording {
    vtr_dataset_info info;
    size_t frame_bytes;
    unsigned char *frames;
    vtr_twin_position *truth; /* [positions] */
    vtr_twin_info twin;
} recording;

/* Rings of 12 x 26 positions of 96 x 100 px, strained by 1, -0.5 and 0.4 %, with a distorting lens, descan and a direct
 * beam; without speckle. */
vtr_twin_params recording_params(void);
/* `type`: any; twins are made as float32 and converted where the twin does not make that type. */
void recording_make(recording *r, const vtr_twin_params *params, vtr_type type);
void recording_release(recording *r);
/* Value of a pixel, and setting it. */
double recording_get(const recording *r, size_t position, size_t pixel);
void recording_set(recording *r, size_t position, size_t pixel, double value);
void recording_fill(recording *r, size_t position, double value);
/* Writes it as .npy into the test's folder under this name; returns its path. */
const char *recording_write(const recording *r, const char *name);

/* What a pass said. */
typedef struct said {
    size_t n_warnings, n_reports;
    char warnings[8][512];
    size_t cancel_after; /* reports; 0: never */
} said;
vtr_progress said_progress(said *s);
bool said_contains(const said *s, const char *part);

/* Opens, calibrates unless `calibration` is given, maps, commits. */
typedef struct pass_job {
    const char *input, *output;
    const vtr_calibrate_params *calibrate;
    const vtr_calibration *calibration;
    const vtr_map_params *map;
    int threads;
    said *said;
    vtr_map_summary summary;
} pass_job;
vtr_status pass_run(pass_job *job, vtr_error *err);
/* The calibration of a recording alone. */
vtr_status pass_calibrate(vtr_calibration **out, const char *input, const vtr_calibrate_params *params,
                          int threads, vtr_error *err);
vtr_map_params pass_map_params(void);
vtr_calibrate_params pass_calibrate_params(void);

/* A whole dataset of a map file as float or double; freed with vtr_free. */
double *pass_dataset(const char *path, const char *group, const char *name, size_t *n);
vtr_ring_map pass_ring(const char *path);
/* Fails unless all of the pass's datasets of both files hold the same numbers to the bit; the mean patterns too where
 * `with_patterns`. */
void pass_assert_same(const char *a, const char *b, bool with_patterns);

int pass_folder_make(void **state);
int pass_folder_remove(void **state);

#endif
