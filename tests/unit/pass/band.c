/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include "base/base_internal.h"
#include "support.h"
#include "vitrail/field.h"
#include "vitrail/pass.h"
#include "vitrail/twin.h"

/* The specimen of the README: two shear bands, Eshelby inclusions, detector turned and mirrored against the scan, a
 * distorting lens, descan, speckle; 1e5 electrons a pattern. The maps agree with its truth to their error bars. */

static void map_recording(const char *input, const char *output, double rotation, bool flip)
{
    vtr_error err;
    vtr_dataset *dataset = NULL;
    vtr_calibration *calibration = NULL;
    vtr_mapfile *file = NULL;
    vtr_map_params params;
    vtr_parameters_default(&vtr_map_parameters, &params);
    params.scan_rotation = rotation;
    params.flip = flip;
    assert_ok(vtr_dataset_open(&dataset, input, NULL, &err));
    assert_ok(vtr_calibrate(&calibration, dataset, NULL, 0, NULL, &err));
    assert_ok(vtr_mapfile_create(&file, output, true, &err));
    assert_ok(vtr_map(file, dataset, calibration, &params, 0, NULL, NULL, &err));
    assert_ok(vtr_mapfile_commit(&file, &err));
    assert_true(calibration->noise.is_counting);
    vtr_calibration_free(calibration);
    vtr_dataset_close(&dataset);
}

/* Reduced chi-squared of a component over the map, both measured from the reference region's mean. */
static double reduced_chi2(const vtr_field *field, const double *truth, const char *name)
{
    const vtr_field_map *map = vtr_field_find(field, name);
    const vtr_box *box = &field->reference.box;
    double offset = 0, n = 0, sum = 0, n_sum = 0;
    for (size_t y = box->y0; y < box->y1; y++)
        for (size_t x = box->x0; x < box->x1; x++) {
            offset += truth[y * field->n_x + x];
            n++;
        }
    offset /= n;
    for (size_t i = 0; i < field->n_y * field->n_x; i++) {
        if (!isfinite(map->values[i])) continue;
        double pull = ((double)map->values[i] - (truth[i] - offset)) / (double)map->errors[i];
        sum += pull * pull;
        n_sum++;
    }
    assert_true(n_sum > 0.99 * (double)(field->n_y * field->n_x));
    return sum / n_sum;
}

static void check_frame(double rotation, bool flip, size_t seed)
{
    vtr_error err;
    vtr_twin *twin = NULL;
    vtr_twin_params params = vtr_twin_default_params();
    params.scan[0] = 60;
    params.scan[1] = 110;
    params.pattern[0] = params.pattern[1] = 128;
    params.electrons = 1e5;
    params.contrast = 0.01;
    params.distortion_percent = 3;
    params.distortion_angle = 25;
    params.descan_px = 2;
    params.scan_rotation = rotation;
    params.flip = flip;
    params.seed = seed;
    assert_ok(vtr_twin_open(&twin, "fe-band", &params, &err));
    assert_ok(vtr_twin_write(twin, test_folder_path("band.npy"), &(vtr_twin_write_params){.force = true},
                             NULL, &err));
    map_recording(test_folder_path("band.npy"), test_folder_path("band_map.h5"), rotation, flip);

    vtr_mapfile *file = NULL;
    vtr_ring_map ring = {0};
    vtr_field field = {0};
    vtr_field_params field_params = vtr_field_default_params();
    assert_ok(vtr_mapfile_open(&file, test_folder_path("band_map.h5"), &err));
    assert_ok(vtr_ring_map_read(&ring, file, &err));
    assert_ok(vtr_field_compute(&field, &ring, &field_params, &err));
    size_t n = field.n_y * field.n_x;
    double *truth[3];
    for (int k = 0; k < 3; k++)
        truth[k] = vtr_malloc(n, sizeof **truth);
    for (size_t i = 0; i < n; i++) {
        vtr_twin_position p;
        vtr_twin_get_position(twin, i, &p);
        truth[0][i] = p.exx;
        truth[1][i] = p.eyy;
        truth[2][i] = p.exy;
    }
    static const char *const names[3] = {"exx", "eyy", "exy"};
    double chi2[3];
    for (int k = 0; k < 3; k++) {
        chi2[k] = reduced_chi2(&field, truth[k], names[k]);
        printf("rotation %g%s: %s reduced chi-squared %.3f\n", rotation, flip ? ", mirrored" : "", names[k],
               chi2[k]);
        /* 6600 positions tell a reduced chi-squared to 0.017 */
        assert_true(chi2[k] > 0.95 && chi2[k] < 1.05);
    }
    vtr_field_release(&field);
    vtr_ring_map_release(&ring);
    vtr_mapfile_close(&file);
    vtr_twin_close(&twin);
}

static void maps_agree_with_the_truth(void **state)
{
    (void)state;
    check_frame(0, false, 1);
}

static void also_with_a_turned_and_mirrored_detector(void **state)
{
    (void)state;
    check_frame(35, true, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_agree_with_the_truth),
        cmocka_unit_test(also_with_a_turned_and_mirrored_detector),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
