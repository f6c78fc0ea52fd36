/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Error bars and gain on patterns computed from the atoms of glass models: nothing of the fit's own model went in. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "support_pass.h"
#include "vitrail/atoms.h"

/* A recording of a glass: every position is another column of the model. */
typedef struct glass {
    const char *model; /* below structures/ */
    double k_step;     /* 1/Å per px */
    double ring_k;
    double probe_nm, thickness_nm, electrons;
    size_t scan[2];
    /* the second half of the rows repeats the columns of the first, strained */
    bool has_strained_half;
    double strain[3];
} glass;

enum { PATTERN_PX = 128 };

static const char zr_cu_45[] = "Zr50Cu45Al5_9826.xyz", zr_cu_35[] = "Zr50Cu35Al15_10000.xyz";

static vtr_dataset_info recording_info(const glass *g)
{
    vtr_dataset_info info = {.n_frames = g->scan[0] * g->scan[1],
                             .type = VTR_TYPE_U16,
                             .saturation = NAN,
                             .beam_energy_kev = NAN,
                             .shape = {g->scan[0], g->scan[1], PATTERN_PX, PATTERN_PX},
                             .scan_step_nm = {NAN, NAN},
                             .k_step_inv_angstrom = {NAN, NAN}};
    return info;
}

static size_t unstrained_positions(const glass *g)
{
    return g->scan[0] * g->scan[1] / (g->has_strained_half ? 2 : 1);
}

static void make_frames(const glass *g, const vtr_atoms *atoms, uint16_t *frames)
{
    vtr_error err;
    vtr_diffraction *plan = NULL;
    vtr_diffraction_params params = vtr_diffraction_default_params();
    params.n_px = PATTERN_PX;
    params.k_step = g->k_step;
    params.ring_k = g->ring_k;
    params.probe_fwhm_nm = g->probe_nm;
    params.thickness_nm = g->thickness_nm;
    params.electrons = g->electrons;
    params.seed = 20;
    assert_ok(vtr_diffraction_open(&plan, atoms, &params, &err));
    size_t n = g->scan[0] * g->scan[1], n_plain = unstrained_positions(g);
    int failed = 0;
#pragma omp parallel reduction(+ : failed)
    {
        vtr_diffraction_scratch *scratch = NULL;
        failed += vtr_diffraction_scratch_new(&scratch, plan, NULL) != VTR_OK;
#pragma omp for schedule(dynamic)
        for (size_t i = 0; i < n; i++)
            if (failed == 0)
                failed += vtr_diffraction_frame(plan, i % n_plain, i < n_plain ? NULL : g->strain, scratch,
                                                frames + i * PATTERN_PX * PATTERN_PX, NULL) != VTR_OK;
        vtr_diffraction_scratch_free(&scratch);
    }
    vtr_diffraction_close(&plan);
    assert_int_equal(failed, 0);
}

static void write_glass(const glass *g, const char *path)
{
    vtr_error err;
    char name[256];
    snprintf(name, sizeof name, "structures/%s", g->model);
    const char *model = test_data_path(name);
    if (model == NULL) skip();
    vtr_atoms atoms;
    assert_ok(vtr_atoms_read(&atoms, model, NULL, &err));
    vtr_dataset_info info = recording_info(g);
    size_t n = g->scan[0] * g->scan[1];
    uint16_t *frames = vtr_malloc(n * PATTERN_PX * PATTERN_PX, sizeof *frames);
    assert_non_null(frames);
    make_frames(g, &atoms, frames);
    vtr_dataset_writer *writer = NULL;
    assert_ok(vtr_dataset_writer_open(&writer, path, &info, true, &err));
    assert_ok(vtr_dataset_writer_write(writer, 0, n, frames, &err));
    assert_ok(vtr_dataset_writer_finish(&writer, &err));
    vtr_free(frames);
    vtr_atoms_release(&atoms);
}

/* Calibrates with nothing given but that the camera counts, and maps. */
static vtr_calibration *calibrate_glass(const char *path)
{
    vtr_error err;
    vtr_calibration *calibration = NULL;
    vtr_calibrate_params params = pass_calibrate_params();
    params.noise = "counting";
    assert_ok(pass_calibrate(&calibration, path, &params, 2, &err));
    return calibration;
}

/* Root of the mean square of the pulls of radial profiles about their mean over the scan, beyond the direct beam. */
static double profile_pulls(const char *map)
{
    size_t n_k, n_all;
    double *k = pass_dataset(map, "profile", "k", &n_k), sum = 0, used = 0;
    double *values = pass_dataset(map, "profile", "intensity", &n_all);
    double *variances = pass_dataset(map, "profile", "variance", &n_all);
    for (size_t j = PATTERN_PX / 10; j < PATTERN_PX / 2 - 2; j++) {
        double mean = 0, n = 0, squares = 0;
        for (size_t i = j; i < n_all; i += n_k)
            if (!isnan(values[i])) {
                mean += values[i];
                n++;
            }
        mean /= n;
        for (size_t i = j; i < n_all; i += n_k)
            if (!isnan(values[i])) squares += pow(values[i] - mean, 2) / variances[i];
        sum += squares * n / (n - 1);
        used += n;
    }
    vtr_free(k);
    vtr_free(values);
    vtr_free(variances);
    return sqrt(sum / used);
}

/* `pulls`: of the profile; NULL: none is made. */
static vtr_ring_map map_glass(const char *path, const vtr_calibration *calibration, double *pulls)
{
    vtr_error err;
    char output[4096];
    vtr_map_params params = pass_map_params();
    params.no_profile = pulls == NULL;
    snprintf(output, sizeof output, "%s.h5", path);
    remove(output);
    pass_job job = {
        .input = path, .output = output, .calibration = calibration, .map = &params, .threads = 2};
    assert_ok(pass_run(&job, &err));
    if (pulls != NULL) *pulls = profile_pulls(output);
    return pass_ring(output);
}

/* Of the components Wxx, Wyy, Wxy over the positions: their mean, and the standard deviation of the pulls
 * (value - mean) / error. */
typedef struct pulls {
    double mean[3], deviation[3], scatter[3];
    size_t n;
} pulls;

static pulls pulls_of(const vtr_ring_map *map, size_t first, size_t end)
{
    pulls p = {.n = 0};
    double square[3] = {0}, pull[3] = {0}, pull_square[3] = {0};
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = first; i < end; i++) {
            if (map->flags[i] & VTR_FLAGS_NO_RING_DATA) continue;
            p.n += pass == 0;
            for (size_t c = 0; c < 3; c++) {
                size_t at = VTR_ELLIPSE_WXX + c;
                double value = map->ellipse[5 * i + at];
                double error = sqrt(map->covariance[15 * i + vtr_ring_map_covariance_index(at, at)]);
                if (pass == 0) {
                    p.mean[c] += value;
                    continue;
                }
                value -= p.mean[c] / (double)p.n;
                square[c] += value * value;
                pull[c] += value / error;
                pull_square[c] += value * value / (error * error);
            }
        }
    double n = (double)p.n;
    for (int c = 0; c < 3; c++) {
        p.mean[c] /= n;
        p.scatter[c] = sqrt(square[c] / (n - 1));
        p.deviation[c] = sqrt((pull_square[c] - pull[c] * pull[c] / n) / (n - 1));
    }
    return p;
}

static double root_mean_square(const double v[3])
{
    return sqrt((v[0] * v[0] + v[1] * v[1] + v[2] * v[2]) / 3);
}

static void errors_are_true(const glass *g, double least_counting_ratio)
{
    char path[4096];
    snprintf(path, sizeof path, "%s", test_folder_path("errors.npy"));
    write_glass(g, path);
    size_t n = g->scan[0] * g->scan[1];
    vtr_calibration *calibration = calibrate_glass(path);
    double profile;
    vtr_ring_map map = map_glass(path, calibration, &profile);
    pulls whole = pulls_of(&map, 0, n);
    vtr_ring_map_release(&map);
    /* the same fit, told of no speckle: the bars of counting alone */
    calibration->speckle.contrast = 0;
    map = map_glass(path, calibration, NULL);
    pulls counting = pulls_of(&map, 0, n);
    vtr_ring_map_release(&map);
    vtr_calibration_free(calibration);
    print_message(
        "%s, %g nm, %g nm thick, %.0e electrons: pulls %.3f %.3f %.3f, with counting bars %.1f; of profiles "
        "%.3f\n",
        g->model, g->probe_nm, g->thickness_nm, g->electrons, whole.deviation[0], whole.deviation[1],
        whole.deviation[2], root_mean_square(counting.deviation), profile);
    assert_near(profile, 1, 0.08);
    assert_true(whole.n >= n - n / 100);
    assert_near(root_mean_square(whole.deviation), 1, 0.08);
    /* a single component's deviation has a statistical error of 1/sqrt(2 n) beside */
    for (int c = 0; c < 3; c++)
        assert_near(whole.deviation[c], 1, 0.08 + 2 / sqrt(2 * (double)n));
    assert_true(root_mean_square(counting.deviation) > least_counting_ratio);
}

/* Both halves hold the same columns, so that what the speckle does to them cancels. */
static void strain_comes_back(const glass *g)
{
    char path[4096];
    snprintf(path, sizeof path, "%s", test_folder_path("gain.npy"));
    write_glass(g, path);
    size_t n = unstrained_positions(g), n_pairs = 0;
    vtr_calibration *calibration = calibrate_glass(path);
    vtr_ring_map map = map_glass(path, calibration, NULL);
    double strain[3] = {0};
    for (size_t i = 0; i < n; i++) {
        if ((map.flags[i] | map.flags[i + n]) & VTR_FLAGS_NO_RING_DATA) continue;
        n_pairs++;
        for (size_t c = 0; c < 3; c++)
            strain[c] +=
                map.ellipse[5 * (i + n) + VTR_ELLIPSE_WXX + c] - map.ellipse[5 * i + VTR_ELLIPSE_WXX + c];
    }
    print_message("%s, %g nm, %g nm thick, %.0e electrons: mean strain %.3f %.3f %.3f %%\n", g->model,
                  g->probe_nm, g->thickness_nm, g->electrons, 100 * strain[0] / (double)n_pairs,
                  100 * strain[1] / (double)n_pairs, 100 * strain[2] / (double)n_pairs);
    assert_true(n_pairs >= n - n / 100);
    for (int c = 0; c < 3; c++)
        assert_near(strain[c] / (double)n_pairs, g->strain[c], 0.015 * 0.01);
    vtr_ring_map_release(&map);
    vtr_calibration_free(calibration);
}

/* The pulls are within 8 % of one for both alloys at every probe, thickness and dose that was tried
 * (docs/methods/ring-fit.md has the table). They are not for the silica model (1.13 to 1.15): its box is about as wide as
 * the probe, so that the column repeats itself sideways. */
static void errors_are_true_for_a_small_probe(void **state)
{
    (void)state;
    glass g = {zr_cu_45, 0.42 / 29, 0.42, 2, 20, 1e5, {25, 40}};
    errors_are_true(&g, 5);
    g.electrons = 1e6;
    errors_are_true(&g, 16);
}

static void errors_are_true_for_a_thick_specimen(void **state)
{
    (void)state;
    const glass g = {zr_cu_35, 0.42 / 29, 0.42, 2, 100, 1e6, {20, 40}};
    errors_are_true(&g, 16);
}

static void errors_are_true_for_a_middling_probe(void **state)
{
    (void)state;
    const glass g = {zr_cu_45, 0.42 / 29, 0.42, 3.5, 50, 1e5, {20, 40}};
    errors_are_true(&g, 3);
}

static void errors_are_true_for_a_large_probe(void **state)
{
    (void)state;
    const glass g = {zr_cu_35, 0.42 / 29, 0.42, 5, 20, 1e6, {20, 40}};
    errors_are_true(&g, 9);
}

static void stretch_comes_back(void **state)
{
    (void)state;
    const glass g = {zr_cu_45, 0.42 / 29, 0.42, 3.5, 20, 1e6, {60, 40}, true, {0.01, 0, 0}};
    strain_comes_back(&g);
}

static void shear_comes_back(void **state)
{
    (void)state;
    const glass g = {zr_cu_45, 0.42 / 29, 0.42, 3.5, 20, 1e6, {60, 40}, true, {0, 0, 0.01}};
    strain_comes_back(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_are_true_for_a_small_probe),
        cmocka_unit_test(errors_are_true_for_a_thick_specimen),
        cmocka_unit_test(errors_are_true_for_a_middling_probe),
        cmocka_unit_test(errors_are_true_for_a_large_probe),
        cmocka_unit_test(stretch_comes_back),
        cmocka_unit_test(shear_comes_back),
    };
    return cmocka_run_group_tests_name("pass.atoms", tests, pass_folder_make, pass_folder_remove);
}
