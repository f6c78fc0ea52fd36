/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TEST_PASS_TRUTH_H
#define VITRAIL_TEST_PASS_TRUTH_H

/* Simulated recordings of rings whose strain differs from position to position, through calibration and pass, against
 * their truth and against the Cramér-Rao bound of the simulated patterns themselves. */

#include "vitrail/pass.h"
#include "vitrail/twin.h"

enum { TRUTH_SCAN_X = 32, TRUTH_N = 5 }; /* values: cx, cy, Wxx, Wyy, Wxy */

typedef struct truth_case {
    size_t size, n; /* px; positions, a multiple of 32 */
    double electrons;
    vtr_twin_middle middle;
    double strain;    /* largest strain; at twelve orientations */
    double descan_px; /* largest shift of the centre over the scan */
    double distortion_percent;
    double contrast, grain_px, friedel;
    double wedge; /* background of every other position times this; 0 and 1: the same everywhere */
    size_t seed;
} truth_case;

typedef struct truth_result {
    size_t n_good;
    double mean[TRUTH_N], deviation[TRUTH_N], sigma[TRUTH_N]; /* of (fit - truth); sigma as stated */
    double pull_variance[TRUTH_N], largest_pull;
    double bound[TRUTH_N];   /* Cramér-Rao, root of the mean square over positions */
    double wedge_shift;      /* mean volumetric strain of every other position less that of the rest */
    double volumetric_error; /* of one position, as stated */
    double contrast, grain_px, friedel, expected_contrast;
    double chi2;
} truth_result;

/* Runs one case; fails the test where anything fails. `with_bound` computes the bound, too. */
void truth_run(truth_result *result, const truth_case *given, bool with_bound);

#endif
