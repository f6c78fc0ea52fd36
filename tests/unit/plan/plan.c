/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a plan says, against the scatter of a recording that is simulated and mapped with the same settings. */
#include "vitrail/plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "support.h"
#include "vitrail/pass.h"
#include "vitrail/ring_map.h"

enum { SCAN = 40 };

typedef struct scatter {
    double strain[3], stated[3]; /* standard deviations over the positions; as vtr_map states them */
    double beam_px;
    size_t n;
} scatter;

static double deviation(const double *values, size_t n)
{
    double mean = 0, square = 0;
    for (size_t i = 0; i < n; i++)
        mean += values[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        square += (values[i] - mean) * (values[i] - mean);
    return sqrt(square / (double)(n - 1));
}

/* W - mean W to first order, which is the strain of an undistorted ring. */
static void read_rings(scatter *s, const vtr_mapfile *file)
{
    vtr_error err;
    vtr_ring_map map = {0};
    assert_ok(vtr_ring_map_read(&map, file, &err));
    size_t n = map.n_y * map.n_x;
    double *values = calloc(3 * n, sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < n; i++) {
        if (map.flags[i] & VTR_FLAGS_NO_RING_DATA) continue;
        for (size_t k = 0; k < 3; k++) {
            values[k * n + s->n] = map.ellipse[5 * i + 2 + k];
            s->stated[k] += map.covariance[15 * i + vtr_ring_map_covariance_index(2 + k, 2 + k)];
        }
        s->n++;
    }
    for (size_t k = 0; k < 3; k++) {
        s->strain[k] = deviation(values + k * n, s->n);
        s->stated[k] = sqrt(s->stated[k] / (double)s->n);
    }
    free(values);
    vtr_ring_map_release(&map);
}

/* Of the beam's place along x, where there is a beam. */
static void read_beam(scatter *s, const vtr_mapfile *file)
{
    vtr_error err;
    double *x = calloc((size_t)SCAN * SCAN, sizeof *x);
    assert_non_null(x);
    assert_ok(vtr_mapfile_read(file, "beam", "x", VTR_TYPE_F64, (size_t)SCAN * SCAN, x, &err));
    s->beam_px = deviation(x, (size_t)SCAN * SCAN);
    free(x);
}

static scatter simulate_and_map(const vtr_twin_params *specimen)
{
    vtr_error err;
    scatter s = {0};
    vtr_twin *twin = NULL;
    vtr_dataset *dataset = NULL;
    vtr_calibration *calibration = NULL;
    vtr_mapfile *file = NULL;
    const char *recording = test_folder_path("planned.h5"), *path = test_folder_path("planned_map.h5");
    const vtr_twin_write_params how = {.force = true};
    assert_ok(vtr_twin_open(&twin, "rings", specimen, &err));
    assert_ok(vtr_twin_write(twin, recording, &how, NULL, &err));
    vtr_twin_close(&twin);
    assert_ok(vtr_dataset_open(&dataset, recording, NULL, &err));
    vtr_calibrate_params params;
    vtr_parameters_default(&vtr_calibrate_parameters, &params);
    char noise[64];
    snprintf(noise, sizeof noise, "%g,%g,%g", specimen->gain, specimen->offset, specimen->read_noise);
    params.noise = noise;
    assert_ok(vtr_calibrate(&calibration, dataset, &params, 0, NULL, &err));
    assert_ok(vtr_mapfile_create(&file, path, true, &err));
    vtr_map_params map_params;
    vtr_parameters_default(&vtr_map_parameters, &map_params);
    map_params.no_profile = true;
    map_params.beam = VTR_BEAM_CENTRE_OF_MASS;
    assert_ok(vtr_map(file, dataset, calibration, &map_params, 0, NULL, NULL, &err));
    assert_ok(vtr_mapfile_commit(&file, &err));
    assert_ok(vtr_mapfile_open(&file, path, &err));
    read_rings(&s, file);
    if (specimen->middle == VTR_TWIN_DIRECT_BEAM) read_beam(&s, file);
    vtr_mapfile_close(&file);
    vtr_calibration_free(calibration);
    vtr_dataset_close(&dataset);
    return s;
}

static const struct {
    double electrons, contrast, grain_px, friedel, background, gain, read_noise;
    int middle;
    size_t size;
} settings[] = {
    {1e4, 0, 3, 0, 0.5, 1, 0, VTR_TWIN_DIRECT_BEAM, 128},
    {1e5, 0, 3, 0, 0.5, 1, 0, VTR_TWIN_DIRECT_BEAM, 128},
    {1e6, 0, 3, 0, 0.5, 1, 0, VTR_TWIN_BEAM_STOP, 128},
    {1e4, 0.04, 3, 0.3, 0.5, 1, 0, VTR_TWIN_DIRECT_BEAM, 128},
    {1e5, 0.04, 3, 0.3, 0.5, 1, 0, VTR_TWIN_DIRECT_BEAM, 128},
    {1e6, 0.04, 3, 0.3, 0.5, 1, 0, VTR_TWIN_DIRECT_BEAM, 128},
    {1e5, 0.1, 3, 0.5, 0.5, 1, 0, VTR_TWIN_BEAM_STOP, 128},
    {1e6, 0.1, 4.5, 0.3, 0.5, 1, 0, VTR_TWIN_DIRECT_BEAM, 128},
    {1e5, 0.3, 2, 0.3, 0.5, 1, 0, VTR_TWIN_DIRECT_BEAM, 128},
    {1e5, 0.04, 3, 0.3, 2, 1, 0, VTR_TWIN_DIRECT_BEAM, 128},
    {1e5, 0.04, 3, 0.3, 0.5, 7, 12, VTR_TWIN_DIRECT_BEAM, 128},
    {1e5, 0.04, 3, 0.3, 0.5, 1, 0, VTR_TWIN_DIRECT_BEAM, 256},
};

/* 1600 positions and three components give the scatter of the strain to about 1.0 %. */
static void predictions_are_what_a_map_shows(void **state)
{
    (void)state;
    vtr_error err;
    double worst = 0, worst_beam = 0;
    printf("%9s %8s %5s %4s | predicted %% of: %6s %6s %6s | mean    stated %% of scatter | counting alone\n",
           "electrons", "contrast", "grain", "px", "exx", "eyy", "exy");
    for (size_t k = 0; k < sizeof settings / sizeof *settings; k++) {
        vtr_twin_params specimen = vtr_twin_default_params();
        specimen.scan[0] = specimen.scan[1] = SCAN;
        specimen.pattern[0] = specimen.pattern[1] = settings[k].size;
        specimen.electrons = settings[k].electrons;
        specimen.contrast = settings[k].contrast;
        specimen.grain_px = settings[k].grain_px;
        specimen.friedel = settings[k].friedel;
        specimen.background = settings[k].background;
        specimen.gain = settings[k].gain;
        specimen.read_noise = settings[k].read_noise;
        specimen.offset = settings[k].gain > 1 ? 100 : 0;
        specimen.middle = settings[k].middle;
        specimen.seed = 31 + k;
        vtr_plan plan;
        assert_ok(vtr_plan_compute(&plan, "rings", &specimen, NULL, &err));
        scatter s = simulate_and_map(&specimen);
        double ratio[3], mean = 0, stated = 0;
        for (int i = 0; i < 3; i++) {
            ratio[i] = plan.errors.strain[i] / s.strain[i];
            mean += ratio[i] / 3;
            stated += s.stated[i] / s.strain[i] / 3;
        }
        printf("%9.0e %8.2f %5.1f %4zu |                 %6.1f %6.1f %6.1f | %5.1f %10.1f %19.1f  (%zu "
               "fitted)\n",
               settings[k].electrons, settings[k].contrast, settings[k].grain_px, settings[k].size,
               100 * ratio[0], 100 * ratio[1], 100 * ratio[2], 100 * mean, 100 * stated,
               100 * plan.counting.strain[0] / s.strain[0], s.n);
        worst = fmax(worst, fabs(mean - 1));
        if (specimen.middle == VTR_TWIN_DIRECT_BEAM) {
            double beam = plan.beam_px[0] / s.beam_px;
            printf("%59s beam %5.1f\n", "", 100 * beam);
            worst_beam = fmax(worst_beam, fabs(beam - 1));
        }
        assert_true(s.n > 0.97 * SCAN * SCAN);
    }
    printf("worst: %.1f %% of the strain, %.1f %% of the beam\n", 100 * worst, 100 * worst_beam);
    assert_true(worst < 0.05);
    assert_true(worst_beam < 0.07); /* one component: known to 1.8 % */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(predictions_are_what_a_map_shows),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
