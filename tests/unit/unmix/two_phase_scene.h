/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TEST_TWO_PHASE_SCENE_H
#define VITRAIL_TEST_TWO_PHASE_SCENE_H

/* Cubes of the specimen two-phase without its patterns: the profile of every position from the specimen's own structures
 * and its share of them, with the variance and the correlation of samples that the pass states of patterns of that dose. */

#include <stdbool.h>
#include <stddef.h>

#include "vitrail/pdf.h"

enum { SCENE_SIDE = 128, SCENE_N = SCENE_SIDE * SCENE_SIDE, SCENE_LAGS = 8, SCENE_R = 800 };

/* What patterns of a dose are like as profiles: made once, for any number of cubes. */
typedef struct scene_dose {
    double electrons, scan_step_nm;
    size_t n_k, first; /* samples; those before `first` hold the direct beam and are NAN */
    double *k;         /* [n_k], 1/Å */
    double *intensity; /* [2][n_k] of the two structures */
    double *variance;  /* [2][n_k] of one position of each */
    double *root;      /* [n_k][SCENE_LAGS]: of the correlation of samples, row j from sample j backwards */
} scene_dose;
/* Simulates and maps a small recording for the noise. Needs the test's folder. */
void scene_dose_make(scene_dose *dose, double electrons);
void scene_dose_release(scene_dose *dose);

/* One specimen: the noise is drawn anew, and so is the map of shares. */
typedef struct scene_cube {
    float *share; /* [SCENE_N], of the solid-like structure */
    double fraction;
    vtr_pdf_plan *plan;
    size_t n_q, n_used; /* of F; of them those below qmax */
    float *F;           /* [SCENE_N][n_q] */
    double *weight;     /* [n_q], one over the mean variance */
    double *truth;      /* [2][n_q], F of the two structures */
    double *r, *G;      /* [SCENE_R] in Å, [2][SCENE_R] of the two structures, through no window */
} scene_cube;
void scene_cube_make(scene_cube *cube, const scene_dose *dose, bool is_annealed, size_t seed);
void scene_cube_release(scene_cube *cube);

#endif
