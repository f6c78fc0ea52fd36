/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TEST_WAVES_H
#define VITRAIL_TEST_WAVES_H

/* A field of view whose value is known everywhere: random plane waves, seen by scans at any place. */

#include <stdint.h>

#include "vitrail/series.h"

enum { WAVES = 40 };

typedef struct waves {
    double amplitude[3][WAVES], k_y[3][WAVES], k_x[3][WAVES], phase[3][WAVES];
} waves;

/* Three fields of standard deviation 1, of wavelengths from `shortest_nm` to four times that. */
void waves_draw(waves *w, uint64_t seed, double shortest_nm);
double waves_at(const waves *w, int field, double y_nm, double x_nm);

/* A scan: a scalar and a director, as a recording at `place` of the field sees them, times `scale`, with noise. */
typedef struct scan {
    size_t n_y, n_x;
    double step_nm;
    vtr_series_transform place; /* takes the scan's places to the field's */
    double scale, noise;
    uint64_t seed;
} scan;
void scan_make(vtr_series_maps *maps, const waves *w, const scan *scan);

/* The scans of the tests, 40 x 56 positions in steps of 6 nm: one at the field's own place, and one moved by (y, x) nm and
 * turned about its middle. */
enum { N_Y = 40, N_X = 56 };
static const double step_nm = 6;
scan reference_scan(double noise, uint64_t seed);
scan moved_scan(double y_nm, double x_nm, double angle_degrees, double noise, uint64_t seed);
/* Registers two scans of one field. */
vtr_status register_scans(vtr_series_registration *out, const waves *w, const scan *a, const scan *b,
                          const vtr_series_params *params, vtr_error *err);

#endif
