/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A recording whose patterns are transposed, mirrored or turned by 90 degrees has the ellipses transposed, mirrored or
 * turned: no axis is preferred, and no sign is lost. */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "support_pass.h"

/* The pixel of the original that stands at (x, y) of the changed pattern of n_y x n_x. */
typedef size_t pixel_map(size_t y, size_t x, size_t n_y, size_t n_x);
/* Takes an ellipse (cx, cy, Wxx, Wyy, Wxy) of the original there. */
typedef void ellipse_map(double e[5]);

static void swap(double *a, double *b)
{
    double c = *a;
    *a = *b;
    *b = c;
}

static size_t transposed_pixel(size_t y, size_t x, size_t n_y, size_t n_x)
{
    (void)n_x;
    return x * n_y + y;
}

static void transposed_ellipse(double e[5])
{
    swap(&e[0], &e[1]);
    swap(&e[2], &e[3]);
}

static size_t mirrored_pixel(size_t y, size_t x, size_t n_y, size_t n_x)
{
    (void)n_y;
    return y * n_x + (n_x - 1 - x);
}

static void mirrored_ellipse(double e[5])
{
    e[0] = DET_X - 1 - e[0];
    e[4] = -e[4];
}

/* (x, y) -> (n_y - 1 - y, x): the new pattern has DET_X rows and DET_Y columns. */
static size_t turned_pixel(size_t y, size_t x, size_t n_y, size_t n_x)
{
    return (n_x - 1 - x) * n_y + y;
}

static void turned_ellipse(double e[5])
{
    swap(&e[0], &e[1]);
    e[0] = DET_Y - 1 - e[0];
    swap(&e[2], &e[3]);
    e[4] = -e[4];
}

static recording original;
static char original_path[4096];

static int make_original(void **state)
{
    pass_folder_make(state);
    vtr_twin_params params = recording_params();
    recording_make(&original, &params, VTR_TYPE_U16);
    strcpy(original_path, recording_write(&original, "original.npy"));
    return 0;
}

static int drop_original(void **state)
{
    recording_release(&original);
    return pass_folder_remove(state);
}

static vtr_ring_map rings_of(const char *input, int fit)
{
    vtr_error err;
    vtr_map_params params = pass_map_params();
    params.fit = fit;
    params.no_profile = true;
    pass_job job = {.input = input, .output = test_folder_path("map.h5"), .map = &params, .threads = 2};
    remove(job.output);
    assert_ok(pass_run(&job, &err));
    return pass_ring(job.output);
}

static void check(pixel_map *pixel, ellipse_map *ellipse, bool is_swapped, int fit)
{
    recording changed = original;
    changed.info.shape[2] = is_swapped ? DET_X : DET_Y;
    changed.info.shape[3] = is_swapped ? DET_Y : DET_X;
    changed.frames = vtr_malloc(POSITIONS, original.frame_bytes);
    assert_non_null(changed.frames);
    size_t n_y = changed.info.shape[2], n_x = changed.info.shape[3];
    for (size_t p = 0; p < POSITIONS; p++)
        for (size_t y = 0; y < n_y; y++)
            for (size_t x = 0; x < n_x; x++)
                recording_set(&changed, p, y * n_x + x, recording_get(&original, p, pixel(y, x, n_y, n_x)));
    vtr_ring_map a = rings_of(original_path, fit),
                 b = rings_of(recording_write(&changed, "changed.npy"), fit);
    assert_near(a.radius_px, b.radius_px, 1e-3);
    for (size_t p = 0; p < POSITIONS; p++) {
        ellipse(&a.ellipse[5 * p]);
        assert_int_equal(a.flags[p], b.flags[p]);
        for (size_t k = 0; k < 5; k++) {
            double sigma = sqrt(b.covariance[15 * p + vtr_ring_map_covariance_index(k, k)]);
            /* the calibrations stop iterating when they move by less than their errors: a hundredth of those of one
             * pattern */
            assert_near(a.ellipse[5 * p + k], b.ellipse[5 * p + k], 0.02 * sigma);
        }
    }
    vtr_ring_map_release(&a);
    vtr_ring_map_release(&b);
    vtr_free(changed.frames);
}

static void transposed(void **state)
{
    (void)state;
    check(transposed_pixel, transposed_ellipse, true, VTR_FIT_LIKELIHOOD);
}

static void mirrored(void **state)
{
    (void)state;
    check(mirrored_pixel, mirrored_ellipse, false, VTR_FIT_LIKELIHOOD);
}

static void turned(void **state)
{
    (void)state;
    check(turned_pixel, turned_ellipse, true, VTR_FIT_LIKELIHOOD);
}

static void turned_with_sectors(void **state)
{
    (void)state;
    check(turned_pixel, turned_ellipse, true, VTR_FIT_SECTORS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transposed),
        cmocka_unit_test(mirrored),
        cmocka_unit_test(turned),
        cmocka_unit_test(turned_with_sectors),
    };
    return cmocka_run_group_tests(tests, make_original, drop_original);
}
