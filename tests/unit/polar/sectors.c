/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Radial profiles of azimuthal sectors. */
#include "polar_cases.h"
#include "support.h"

static vtr_error err;

enum { SIDE = 160, PIXELS = SIDE * SIDE, RADII = 90, MOST = 36, AROUND = 36 };

static float storage[VTR_LANES][PIXELS];
static const void *frames[VTR_LANES];
static vtr_polar_plan *plan;
static vtr_polar_batch *batch;
static float mean[MOST * RADII * VTR_LANES], variance[MOST * RADII * VTR_LANES],
    weight[MOST * RADII * VTR_LANES];
static unsigned char used[PIXELS];

static int set_up(void **state)
{
    (void)state;
    memset(used, 1, sizeof used);
    for (size_t i = 0; i < PIXELS; i++) /* a bar from the centre to the left, as of a beam stop */
        if (i % SIDE < 80 && i / SIDE > 65 && i / SIDE < 95) used[i] = 0;
    vtr_polar_geometry g = vtr_polar_default_geometry(SIDE, SIDE);
    g.used = used;
    g.centre_x_px = 78.8;
    g.centre_y_px = 80.3;
    g.wxx = 1.03;
    g.wyy = 0.98;
    g.wxy = -0.02;
    g.n_r = RADII;
    g.n_sectors = AROUND;
    assert_ok(vtr_polar_plan_create(&plan, &g, &err));
    assert_ok(vtr_polar_batch_create(&batch, &err));
    for (size_t lane = 0; lane < VTR_LANES; lane++)
        frames[lane] = storage[lane];
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    vtr_cpu_limit(VTR_CPU_AVX512);
    vtr_polar_batch_free(&batch);
    vtr_polar_plan_free(&plan);
    return 0;
}

static vtr_profile_params sector_params(size_t n_sectors)
{
    vtr_profile_params params = vtr_profile_default_params(plan);
    params.n_sectors = n_sectors;
    return params;
}

/* Where pixel i lies about a lane's centre. */
static void place(double *radius, double *angle, size_t i, double dx, double dy)
{
    double px = (double)(i % SIDE) - plan->centre_x_px, py = (double)(i / SIDE) - plan->centre_y_px;
    double ux = plan->wxx * px + plan->wxy * py - dx, uy = plan->wxy * px + plan->wyy * py - dy;
    *radius = hypot(ux, uy);
    *angle = atan2(uy, ux);
}

static size_t at(size_t sector, size_t sample, size_t lane)
{
    return (sector * RADII + sample) * VTR_LANES + lane;
}

/* 100 + 10 cos(phi - 20 degrees) + 30 cos 2 (phi - lane degrees): over a sector of width w about phi_s the harmonics
 * keep sin(w/2)/(w/2) and sin(w)/w of their height. Sectors counted the wrong way round, or off by one, miss by
 * several units; what is left is the edge of the sectors, which pixels follow unevenly. */
static void sectors_lie_where_they_should(void **state)
{
    (void)state;
    for (size_t lane = 0; lane < VTR_LANES; lane++)
        for (size_t i = 0; i < PIXELS; i++) {
            double radius, angle, turn = (double)lane * VTR_PI / 180;
            place(&radius, &angle, i, 0, 0);
            storage[lane][i] =
                (float)(100 + 10 * cos(angle - 20 * VTR_PI / 180) + 30 * cos(2 * (angle - turn)));
        }
    assert_ok(vtr_polar_bin(batch, plan, VTR_TYPE_F32, frames, NULL, &err));
    const size_t counts[] = {4, 12, 36};
    for (size_t c = 0; c < 3; c++) {
        size_t n = counts[c];
        double w = 2 * VTR_PI / (double)n;
        vtr_profile_params params = sector_params(n);
        assert_ok(vtr_polar_profile(mean, NULL, NULL, batch, NULL, &params, &err));
        for (size_t s = 0; s < n; s++) {
            double phi = (double)s * w;
            if (cos(phi) < -0.5) continue; /* the bar */
            for (size_t lane = 0; lane < VTR_LANES; lane += 5)
                for (size_t j = 40; j < 70; j++) {
                    double turn = (double)lane * VTR_PI / 180;
                    double expected = 100 + 10 * cos(phi - 20 * VTR_PI / 180) * sin(w / 2) / (w / 2) +
                                      30 * cos(2 * (phi - turn)) * sin(w) / w;
                    assert_near(mean[at(s, j, lane)], expected, 1.5);
                }
        }
    }
}

/* Each lane's own centre is taken out, in wide sectors too, where the plan's narrower ones follow it. */
static void shifts_are_taken_out(void **state)
{
    (void)state;
    vtr_polar_lanes l = {0};
    for (size_t lane = 0; lane < VTR_LANES; lane++) {
        l.dx_px[lane] = 1.5f * sinf((float)lane);
        l.dy_px[lane] = 1.5f * cosf(2.3f * (float)lane);
        for (size_t i = 0; i < PIXELS; i++) {
            double radius, angle;
            place(&radius, &angle, i, (double)l.dx_px[lane], (double)l.dy_px[lane]);
            storage[lane][i] = (float)(100 * exp(-0.5 * pow((radius - 55) / 4, 2)));
        }
    }
    assert_ok(vtr_polar_bin(batch, plan, VTR_TYPE_F32, frames, NULL, &err));
    vtr_profile_params params = sector_params(4);
    assert_ok(vtr_polar_profile(mean, NULL, NULL, batch, &l, &params, &err));
    for (size_t s = 0; s < 4; s++)
        for (size_t lane = 0; lane < VTR_LANES; lane++) {
            double sum = 0, first = 0;
            for (size_t j = 40; s != 2 && j < 70;
                 j++) { /* sector 2 is in the bar's shadow up to 15/sin 45 px */
                sum += (double)mean[at(s, j, lane)];
                first += (double)mean[at(s, j, lane)] * ((double)j + 0.5);
            }
            /* a bin's place is good to some hundredths of a pixel; the shift left in would be 1.5 px */
            if (s != 2) assert_near(first / sum, 55, 0.06);
        }
}

/* Pixels of all sectors are those of the whole profile, and so are the counts where all of them have the same shift; with
 * shifts a sector's differences stand for its own slope, and the sum is that of the whole but for noise in these. */
static void sectors_add_up_to_the_whole(void **state)
{
    (void)state;
    static float whole[RADII * VTR_LANES], whole_weight[RADII * VTR_LANES];
    vtr_random random;
    vtr_random_start(&random, 5, 0);
    vtr_polar_lanes l = {0};
    for (size_t lane = 0; lane < VTR_LANES; lane++) {
        l.dx_px[lane] = 0.1f * (float)lane;
        l.exx[lane] = 0.001f * (float)lane;
        for (size_t i = 0; i < PIXELS; i++)
            storage[lane][i] = lane == 3 ? 20 : (float)vtr_random_poisson(&random, 20);
    }
    assert_ok(vtr_polar_bin(batch, plan, VTR_TYPE_F32, frames, NULL, &err));
    vtr_profile_params params = sector_params(0);
    params.noise.offset = 3;
    assert_ok(vtr_polar_profile(whole, NULL, whole_weight, batch, &l, &params, &err));
    params.n_sectors = 12;
    assert_ok(vtr_polar_profile(mean, variance, weight, batch, &l, &params, &err));
    for (size_t j = 0; j < RADII; j++)
        for (size_t lane = 0; lane < VTR_LANES; lane++) {
            double pixels = 0, counts = 0;
            for (size_t s = 0; s < 12; s++) {
                double w = (double)weight[at(s, j, lane)];
                pixels += w;
                if (w > 0.01) counts += w * (double)mean[at(s, j, lane)];
            }
            size_t i = j * VTR_LANES + lane;
            assert_near(pixels, whole_weight[i], 1e-4 * pixels + 0.02);
            if (whole_weight[i] > 1 && lane == 3) assert_near(counts / pixels, whole[i], 1e-4 * whole[i]);
            /* a few hundredths of the noise of a sample */
            if (whole_weight[i] > 60) assert_near(counts / pixels, whole[i], 3 * sqrt(20 / whole_weight[i]));
        }
}

static void masked_sectors_are_nan(void **state)
{
    (void)state;
    for (size_t lane = 0; lane < VTR_LANES; lane++)
        for (size_t i = 0; i < PIXELS; i++)
            storage[lane][i] = 9;
    assert_ok(vtr_polar_bin(batch, plan, VTR_TYPE_F32, frames, NULL, &err));
    vtr_profile_params params = sector_params(36);
    assert_ok(vtr_polar_profile(mean, variance, weight, batch, NULL, &params, &err));
    for (size_t j = 20; j < 60; j++) {
        assert_true(isnan(mean[at(18, j, 0)]) && isnan(variance[at(18, j, 0)])); /* 180 degrees: the bar */
        assert_near(weight[at(18, j, 0)], 0, 0);
        assert_near(mean[at(0, j, 0)], 9, 1e-4);
        assert_near(mean[at(9, j, 0)], 9, 1e-4);
        assert_near(variance[at(0, j, 0)] * weight[at(0, j, 0)], 9,
                    5); /* 9 counts a pixel, splitting smooths */
    }
}

static void all_kernels_give_the_same_bits(void **state)
{
    (void)state;
    static float first[2][MOST * RADII * VTR_LANES], speckle[12 * RADII];
    const vtr_cpu cpus[] = {VTR_CPU_PORTABLE, VTR_CPU_AVX2, VTR_CPU_AVX512};
    vtr_random random;
    vtr_random_start(&random, 6, 0);
    vtr_polar_lanes l = {0};
    for (size_t lane = 0; lane < VTR_LANES; lane++) {
        l.dx_px[lane] = 0.2f * (float)lane;
        l.exy[lane] = 0.01f * (float)lane;
        for (size_t i = 0; i < PIXELS; i++)
            storage[lane][i] = (float)vtr_random_poisson(&random, 3);
    }
    for (size_t i = 0; i < 12 * RADII; i++)
        speckle[i] = 0.01f * (float)(i % 5);
    vtr_profile_params params = sector_params(12);
    params.speckle = speckle;
    params.noise.offset = 0.5;
    for (size_t c = 0; c < 3; c++) {
        vtr_cpu_limit(cpus[c]);
        assert_ok(vtr_polar_bin(batch, plan, VTR_TYPE_F32, frames, NULL, &err));
        assert_ok(vtr_polar_profile(mean, variance, NULL, batch, &l, &params, &err));
        if (c == 0) {
            memcpy(first[0], mean, sizeof mean);
            memcpy(first[1], variance, sizeof variance);
        }
        assert_memory_equal(first[0], mean, 12 * RADII * VTR_LANES * sizeof *mean);
        assert_memory_equal(first[1], variance, 12 * RADII * VTR_LANES * sizeof *mean);
    }
}

static void sectors_must_be_odd_parts_of_the_plans(void **state)
{
    (void)state;
    assert_ok(vtr_polar_bin(batch, plan, VTR_TYPE_F32, frames, NULL, &err));
    const size_t wrong[] = {5, 9, 18, 72}; /* 9 and 18 are quarters and halves: their middles lie elsewhere */
    for (size_t i = 0; i < 4; i++) {
        vtr_profile_params params = sector_params(wrong[i]);
        assert_fails(vtr_polar_profile(mean, NULL, NULL, batch, NULL, &params, &err), VTR_ERR_ARGUMENT,
                     "from 36 in the plan");
    }
    vtr_profile_params params = sector_params(4);
    for (long k = 0; k < 4; k++) {
        vtr_memory_fail_after(k);
        vtr_status status = vtr_polar_profile(mean, NULL, NULL, batch, NULL, &params, &err);
        vtr_memory_fail_after(-1);
        assert_int_equal(status, VTR_ERR_MEMORY);
    }
    assert_ok(vtr_polar_profile(mean, NULL, NULL, batch, NULL, &params, &err));
    vtr_memory_fail_after(0); /* nothing is asked for the second time */
    assert_ok(vtr_polar_profile(mean, NULL, NULL, batch, NULL, &params, &err));
    vtr_memory_fail_after(-1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sectors_lie_where_they_should, set_up, tear_down),
        cmocka_unit_test_setup_teardown(shifts_are_taken_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sectors_add_up_to_the_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(masked_sectors_are_nan, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_kernels_give_the_same_bits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sectors_must_be_odd_parts_of_the_plans, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
