/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "two_phase_scene.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_internal.h"
#include "support.h"
#include "vitrail/constants.h"
#include "vitrail/pass.h"
#include "vitrail/twin.h"

enum { SMALL = 16, SMALL_N = SMALL * SMALL };

static void record(const char *recording, const char *map, const vtr_twin *twin)
{
    vtr_error err;
    vtr_dataset *dataset = NULL;
    vtr_calibration *calibration = NULL;
    vtr_mapfile *file = NULL;
    assert_ok(vtr_twin_write(twin, recording, &(vtr_twin_write_params){.force = true}, NULL, &err));
    assert_ok(vtr_dataset_open(&dataset, recording, NULL, &err));
    assert_ok(vtr_calibrate(&calibration, dataset, NULL, 0, NULL, &err));
    assert_ok(vtr_mapfile_create(&file, map, true, &err));
    assert_ok(vtr_map(file, dataset, calibration, NULL, 0, NULL, NULL, &err));
    assert_ok(vtr_mapfile_commit(&file, &err));
    vtr_calibration_free(calibration);
    vtr_dataset_close(&dataset);
}

/* Electrons of a pixel over <f^2> + <f>^2 s + B: the same for all positions, as the dose is. */
static double find_scale(const vtr_twin *twin, const vtr_twin_position *position)
{
    const vtr_twin_info *info = vtr_twin_get_info(twin);
    size_t n_x = info->shape[3], n_y = info->shape[2], y = n_y / 2, x = n_x / 2 + n_x / 4;
    double *expected = malloc(n_y * n_x * sizeof *expected), s, f2, ff, background;
    vtr_twin_expected(twin, position, expected);
    double k = hypot((double)x - position->centre_x, (double)y - position->centre_y) * info->k_step;
    vtr_twin_profile(twin, k, &s, &f2, &ff, &background);
    s += position->solid_fraction * (vtr_twin_phase_structure(twin, 1, 2 * VTR_PI * k) - s);
    double scale = expected[y * n_x + x] / (f2 + ff * s + background);
    free(expected);
    return scale;
}

static double at_k(const vtr_twin *twin, size_t phase, double k)
{
    double f2, ff, background;
    vtr_twin_profile(twin, k, NULL, &f2, &ff, &background);
    return f2 + ff * vtr_twin_phase_structure(twin, phase, 2 * VTR_PI * k) + background;
}

/* A sample of the pass is the average over a ring of 1 px and, with 1/24, 22/24, 1/24, over its neighbours: that of a ring
 * is the value in its middle and 1/24 of the second difference. Together 1/12 of it. */
static void fill_intensity(scene_dose *dose, const vtr_twin *twin, double scale)
{
    double step = vtr_twin_get_info(twin)->k_step;
    for (size_t phase = 0; phase < 2; phase++)
        for (size_t j = 0; j < dose->n_k; j++) {
            double here = at_k(twin, phase, dose->k[j]);
            double beside = at_k(twin, phase, fabs(dose->k[j] - step)) + at_k(twin, phase, dose->k[j] + step);
            dose->intensity[phase * dose->n_k + j] = scale * (here + (beside - 2 * here) / 12);
        }
}

/* The variances of positions that were wholly one structure, by the straight line over the share. */
static void fill_variance(scene_dose *dose, const float *variance, const double *share)
{
    double mean = 0, square = 0;
    for (size_t p = 0; p < SMALL_N; p++)
        mean += share[p] / SMALL_N;
    for (size_t p = 0; p < SMALL_N; p++)
        square += pow(share[p] - mean, 2);
    for (size_t j = dose->first; j < dose->n_k; j++) {
        double sum = 0, slope = 0;
        for (size_t p = 0; p < SMALL_N; p++) {
            sum += (double)variance[p * dose->n_k + j] / SMALL_N;
            slope += (share[p] - mean) * (double)variance[p * dose->n_k + j] / square;
        }
        dose->variance[j] = sum - slope * mean;
        dose->variance[dose->n_k + j] = sum + slope * (1 - mean);
        assert_true(dose->variance[j] > 0 && dose->variance[dose->n_k + j] > 0);
    }
}

/* Cholesky's factor of the correlation of samples, a band as wide as its lags. */
static void fill_root(scene_dose *dose, const double *correlation, size_t n_lags)
{
    size_t n = dose->n_k;
    for (size_t j = dose->first; j < n; j++) {
        double *row = dose->root + j * SCENE_LAGS, square = 1;
        for (size_t lag = n_lags - 1; lag > 0; lag--) {
            if (j < dose->first + lag) continue;
            double sum = correlation[lag * n + j - lag];
            const double *other = dose->root + (j - lag) * SCENE_LAGS;
            for (size_t l = lag + 1; l < n_lags; l++)
                if (j >= dose->first + l) sum -= row[l] * other[l - lag];
            row[lag] = sum / other[0];
            square -= row[lag] * row[lag];
        }
        assert_true(square > 0);
        row[0] = sqrt(square);
    }
}

void scene_dose_make(scene_dose *dose, double electrons)
{
    vtr_error err;
    vtr_twin *twin = NULL;
    vtr_mapfile *file = NULL;
    vtr_twin_params params = vtr_twin_default_params();
    vtr_twin_position position;
    size_t rank, shape[8], lags[8];
    double share[SMALL_N];
    const char *map = test_folder_path("map.h5");
    params.scan[0] = params.scan[1] = SMALL;
    params.electrons = electrons;
    assert_ok(vtr_twin_open(&twin, "two-phase", &params, &err));
    record(test_folder_path("scan.h5"), map, twin);
    assert_ok(vtr_mapfile_open(&file, map, &err));
    assert_ok(vtr_mapfile_shape(file, "profile", "intensity", &rank, shape, NULL, &err));
    assert_ok(vtr_mapfile_shape(file, "profile", "correlation", &rank, lags, NULL, &err));
    size_t n = shape[2];
    assert_true(lags[0] <= SCENE_LAGS);
    *dose = (scene_dose){.electrons = electrons, .n_k = n};
    dose->scan_step_nm = vtr_twin_get_info(twin)->scan_step_nm;
    dose->k = calloc(n, sizeof(double));
    dose->intensity = calloc(2 * n, sizeof(double));
    dose->variance = calloc(2 * n, sizeof(double));
    dose->root = calloc(n * SCENE_LAGS, sizeof(double));
    float *profile = malloc(SMALL_N * n * sizeof *profile);
    double *correlation = malloc(lags[0] * n * sizeof *correlation);
    assert_ok(vtr_mapfile_read(file, "profile", "k", VTR_TYPE_F64, n, dose->k, &err));
    assert_ok(vtr_mapfile_read(file, "profile", "intensity", VTR_TYPE_F32, SMALL_N * n, profile, &err));
    while (!isfinite((double)profile[dose->first]))
        dose->first++;
    assert_ok(vtr_mapfile_read(file, "profile", "variance", VTR_TYPE_F32, SMALL_N * n, profile, &err));
    assert_ok(vtr_mapfile_read(file, "profile", "correlation", VTR_TYPE_F64, lags[0] * n, correlation, &err));
    vtr_mapfile_close(&file);
    for (size_t p = 0; p < SMALL_N; p++) {
        vtr_twin_get_position(twin, p, &position);
        share[p] = position.solid_fraction;
    }
    fill_intensity(dose, twin, find_scale(twin, &position));
    fill_variance(dose, profile, share);
    fill_root(dose, correlation, lags[0]);
    free(profile);
    free(correlation);
    vtr_twin_close(&twin);
}

void scene_dose_release(scene_dose *dose)
{
    free(dose->k);
    free(dose->intensity);
    free(dose->variance);
    free(dose->root);
}

/* --- cubes --------------------------------------------------------------------------------------------------- */

static void fill_shares(scene_cube *cube, bool is_annealed, size_t seed)
{
    vtr_error err;
    vtr_twin *twin = NULL;
    vtr_twin_params params = vtr_twin_default_params();
    params.scan[0] = params.scan[1] = SCENE_SIDE;
    params.pattern[0] = params.pattern[1] = 32; /* none is drawn */
    params.contrast = 0;
    params.annealed = is_annealed;
    params.seed = seed;
    assert_ok(vtr_twin_open(&twin, "two-phase", &params, &err));
    cube->fraction = 0;
    for (size_t p = 0; p < SCENE_N; p++) {
        vtr_twin_position position;
        vtr_twin_get_position(twin, p, &position);
        cube->share[p] = (float)position.solid_fraction;
        cube->fraction += position.solid_fraction / SCENE_N;
    }
    vtr_twin_close(&twin);
}

static void draw(float *profile, float *variance, const scene_dose *dose, double share, uint64_t seed,
                 uint64_t stream)
{
    vtr_random random;
    double z[SCENE_LAGS] = {0};
    size_t n = dose->n_k;
    vtr_random_start(&random, seed, stream);
    for (size_t j = 0; j < n; j++) {
        const double *root = dose->root + j * SCENE_LAGS;
        double noise = 0, v = (1 - share) * dose->variance[j] + share * dose->variance[n + j];
        memmove(z + 1, z, (SCENE_LAGS - 1) * sizeof *z);
        z[0] = vtr_random_normal(&random);
        for (size_t l = 0; l < SCENE_LAGS; l++)
            noise += root[l] * z[l];
        double mean = (1 - share) * dose->intensity[j] + share * dose->intensity[n + j];
        profile[j] = j < dose->first ? NAN : (float)(mean + sqrt(v) * noise);
        variance[j] = j < dose->first ? NAN : (float)v;
    }
}

static void make_plan(scene_cube *cube, const scene_dose *dose, const float *profile, const float *variance)
{
    vtr_error err;
    size_t n = dose->n_k;
    double *mean = calloc(2 * n, sizeof *mean);
    for (size_t p = 0; p < SCENE_N; p++)
        for (size_t j = 0; j < n; j++) {
            mean[j] += (double)profile[p * n + j] / SCENE_N;
            mean[n + j] += (double)variance[p * n + j] / SCENE_N;
        }
    vtr_pdf_params params = vtr_pdf_default_params();
    params.composition = "Fe85.2Si0.5B9.5P4Cu0.8";
    params.density = 0.0872;
    params.equal_sizes = true; /* the specimen has one g(r) for all pairs */
    params.qmax = 16;
    const vtr_pdf_profile whole = {n, dose->k, mean, mean + n, VTR_PDF_AXIS_K_INV_ANGSTROM};
    assert_ok(vtr_pdf_plan_create(&cube->plan, &whole, &params, &err));
    free(mean);
}

static void fill_truth(scene_cube *cube)
{
    vtr_error err;
    vtr_twin *twin = NULL;
    vtr_twin_params params = vtr_twin_default_params();
    const double *q = vtr_pdf_plan_q(cube->plan);
    params.scan[0] = params.scan[1] = 8;
    params.pattern[0] = params.pattern[1] = 32;
    params.contrast = 0;
    assert_ok(vtr_twin_open(&twin, "two-phase", &params, &err));
    for (size_t phase = 0; phase < 2; phase++)
        for (size_t j = 0; j < cube->n_q; j++)
            cube->truth[phase * cube->n_q + j] = q[j] * vtr_twin_phase_structure(twin, phase, q[j]);
    for (size_t i = 0; i < SCENE_R; i++) {
        cube->r[i] = 0.01 * (double)(i + 1);
        for (size_t phase = 0; phase < 2; phase++)
            cube->G[phase * SCENE_R + i] = vtr_twin_phase_G(twin, phase, cube->r[i]);
    }
    vtr_twin_close(&twin);
}

/* The weights of F from its errors at some positions. */
static void fill_weights(scene_cube *cube, const scene_dose *dose, const float *profile,
                         const float *variance)
{
    enum { SOME = 64, EVERY = SCENE_N / SOME };
    vtr_error err;
    size_t n = dose->n_k;
    float *some = malloc(2 * SOME * n * sizeof *some), *error = malloc(SOME * cube->n_q * sizeof *error);
    for (size_t i = 0; i < SOME; i++) {
        memcpy(some + i * n, profile + i * EVERY * n, n * sizeof *some);
        memcpy(some + (SOME + i) * n, variance + i * EVERY * n, n * sizeof *some);
    }
    const vtr_pdf_block out = {.F_error = error};
    assert_ok(vtr_pdf_apply(cube->plan, SOME, some, some + SOME * n, &out, 0, &err));
    for (size_t j = 0; j < cube->n_q; j++) {
        double sum = 0;
        for (size_t i = 0; i < SOME; i++)
            sum += pow((double)error[i * cube->n_q + j], 2) / SOME;
        cube->weight[j] = 1 / sum;
    }
    free(some);
    free(error);
}

void scene_cube_make(scene_cube *cube, const scene_dose *dose, bool is_annealed, size_t seed)
{
    vtr_error err;
    size_t n = dose->n_k;
    float *profile = malloc(SCENE_N * n * sizeof *profile),
          *variance = malloc(SCENE_N * n * sizeof *variance);
    *cube = (scene_cube){.share = malloc(SCENE_N * sizeof *cube->share)};
    fill_shares(cube, is_annealed, seed);
#pragma omp parallel for
    for (size_t p = 0; p < SCENE_N; p++)
        draw(profile + p * n, variance + p * n, dose, (double)cube->share[p], 1000 + seed, p);
    make_plan(cube, dose, profile, variance);
    cube->n_q = vtr_pdf_plan_n_q(cube->plan);
    cube->F = malloc(SCENE_N * cube->n_q * sizeof *cube->F);
    cube->weight = calloc(cube->n_q, sizeof *cube->weight);
    cube->truth = calloc(2 * cube->n_q, sizeof *cube->truth);
    cube->r = calloc(SCENE_R, sizeof *cube->r);
    cube->G = calloc(2 * SCENE_R, sizeof *cube->G);
    while (cube->n_used < cube->n_q && vtr_pdf_plan_q(cube->plan)[cube->n_used] <= 16)
        cube->n_used++;
    const vtr_pdf_block out = {.F = cube->F};
    assert_ok(vtr_pdf_apply(cube->plan, SCENE_N, profile, NULL, &out, 0, &err));
    fill_weights(cube, dose, profile, variance);
    fill_truth(cube);
    free(profile);
    free(variance);
}

void scene_cube_release(scene_cube *cube)
{
    vtr_pdf_plan_free(&cube->plan);
    free(cube->share);
    free(cube->F);
    free(cube->weight);
    free(cube->truth);
    free(cube->r);
    free(cube->G);
}
