/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "support.h"
#include "vitrail/dataset.h"
#include "vitrail/mapfile.h"
#include "vitrail/twin.h"

enum { NY = 3, NX = 7, DET = 32, N_FRAMES = NY * NX };

static vtr_twin *open_small(const char *preset)
{
    vtr_error err;
    vtr_twin *twin = NULL;
    vtr_twin_params params = vtr_twin_default_params();
    params.scan[0] = NY;
    params.scan[1] = NX;
    params.pattern[0] = params.pattern[1] = DET;
    params.jitter_px = 0.5;
    params.wedge = 0.4;
    params.exx = 0.01;
    params.exy = -0.02;
    assert_ok(vtr_twin_open(&twin, preset, &params, &err));
    return twin;
}

static void a_recording_holds_the_frames_in_scan_order(void **state)
{
    (void)state;
    vtr_error err;
    vtr_twin *twin = open_small("rings");
    test_folder_make();
    static const char *const names[] = {"a.npy", "b.h5"};
    void *scratch = vtr_malloc(1, vtr_twin_scratch_size(twin));
    for (int i = 0; i < 2; i++) {
        const char *path = test_folder_path(names[i]);
        vtr_twin_write_params params = {.threads = 1 + 2 * i};
        assert_ok(vtr_twin_write(twin, path, &params, NULL, &err));
        vtr_dataset *dataset = NULL;
        assert_ok(vtr_dataset_open(&dataset, path, NULL, &err));
        const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
        assert_int_equal(info->shape[0], NY);
        assert_int_equal(info->shape[1], NX);
        if (i == 1) {
            assert_near(info->k_step_inv_angstrom[1], vtr_twin_get_info(twin)->k_step, 1e-12);
            assert_near(info->scan_step_nm[0], 5.8, 1e-9);
            assert_near(info->beam_energy_kev, 300, 1e-9);
        }
        for (size_t p = 0; p < N_FRAMES; p++) {
            static uint16_t read[DET * DET], drawn[DET * DET];
            vtr_twin_position position;
            vtr_twin_get_position(twin, p, &position);
            vtr_twin_frame(twin, &position, p, scratch, drawn);
            assert_ok(vtr_dataset_read(dataset, p, 1, read, &err));
            assert_memory_equal(read, drawn, sizeof read);
        }
        vtr_dataset_close(&dataset);
    }
    vtr_free(scratch);
    vtr_twin_close(&twin);
    test_folder_remove();
}

static float map_value(const vtr_mapfile *file, const char *name, size_t position)
{
    vtr_error err;
    float values[N_FRAMES];
    assert_ok(vtr_mapfile_read(file, "truth", name, VTR_TYPE_F32, N_FRAMES, values, &err));
    return values[position];
}

static void the_truth_lies_beside_it(void **state)
{
    (void)state;
    vtr_error err;
    vtr_twin *twin = open_small("fe-band");
    test_folder_make();
    assert_ok(vtr_twin_write(twin, test_folder_path("a.b.npy"), NULL, NULL, &err));
    vtr_mapfile *file = NULL;
    assert_ok(vtr_mapfile_open(&file, test_folder_path("a.b_truth.h5"), &err));
    for (size_t p = 0; p < N_FRAMES; p += 5) {
        vtr_twin_position position;
        vtr_twin_get_position(twin, p, &position);
        assert_near(map_value(file, "exx", p), position.exx, 1e-8);
        assert_near(map_value(file, "exy", p), position.exy, 1e-8);
        assert_near(map_value(file, "centre_y", p), position.centre_y, 1e-5);
        assert_near(map_value(file, "background", p), position.background_factor, 1e-6);
        double e1 = (double)map_value(file, "e1", p), e2 = (double)map_value(file, "e2", p);
        double angle = (double)map_value(file, "angle", p) * 3.14159265358979 / 180;
        /* the principal strains and their axis give the tensor back */
        assert_near(e1 * cos(angle) * cos(angle) + e2 * sin(angle) * sin(angle), position.exx, 1e-7);
        assert_near((e1 - e2) * cos(angle) * sin(angle), position.exy, 1e-7);
        assert_near(map_value(file, "density", p), 1 - (1 + e1) * (1 + e2), 1e-6);
    }
    const vtr_twin_inclusion *inclusions;
    size_t n = vtr_twin_inclusions(twin, &inclusions);
    double radius[64];
    assert_true(n > 0 && n <= 64);
    assert_ok(vtr_mapfile_read_numbers(file, "truth", NULL, "inclusion_radius_nm", n, radius, &err));
    assert_near(radius[n - 1], 15, 0);
    char text[8192];
    assert_ok(vtr_mapfile_read_text(file, "truth", NULL, "parameters", text, sizeof text, &err));
    test_assert_contains(text, "wedge = 0.4");
    vtr_mapfile_close(&file);
    assert_fails(vtr_twin_write(twin, test_folder_path("a.b.npy"), NULL, NULL, &err), VTR_ERR_EXISTS,
                 "exists");
    vtr_twin_close(&twin);
    test_folder_remove();
}

static bool always(void *user)
{
    (void)user;
    return true;
}

static void an_interrupted_recording_leaves_nothing(void **state)
{
    (void)state;
    vtr_error err;
    vtr_twin *twin = open_small("rings");
    test_folder_make();
    vtr_progress progress = {.cancelled = always};
    assert_fails(vtr_twin_write(twin, test_folder_path("a.npy"), NULL, &progress, &err), VTR_ERR_INTERRUPTED,
                 "interrupted");
    assert_false(test_file_exists(test_folder_path("a.npy")));
    assert_false(test_file_exists(test_folder_path("a.npy.partial")));
    assert_false(test_file_exists(test_folder_path("a_truth.h5")));
    vtr_twin_close(&twin);
    test_folder_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recording_holds_the_frames_in_scan_order),
        cmocka_unit_test(the_truth_lies_beside_it),
        cmocka_unit_test(an_interrupted_recording_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
