/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "polar_cases.h"
#include "support.h"

static vtr_error err;

enum { SIDE = 160, PIXELS = SIDE * SIDE, RADII = 90 };

static float storage[VTR_LANES][PIXELS];
static const void *frames[VTR_LANES];
static vtr_polar_plan *plan;
static vtr_polar_batch *batch;
static float mean[RADII * 3 * VTR_LANES], variance[RADII * 3 * VTR_LANES], weight[RADII * 3 * VTR_LANES];

static int set_up(void **state)
{
    (void)state;
    vtr_polar_geometry g = vtr_polar_default_geometry(SIDE, SIDE);
    g.centre_x_px = 78.8;
    g.centre_y_px = 80.3;
    g.wxx = 1.03;
    g.wyy = 0.98;
    g.wxy = -0.02;
    g.n_r = RADII;
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

static double ring(double rho)
{
    return 400 * exp(-rho / 25) + 100 * exp(-0.5 * pow((rho - 55) / 4, 2)) + 5;
}

/* Where a lane's pattern has its radius rho. */
static double rho_of(const vtr_polar_lanes *l, size_t lane, size_t i)
{
    double px = (double)(i % SIDE) - plan->centre_x_px, py = (double)(i / SIDE) - plan->centre_y_px;
    double ux = plan->wxx * px + plan->wxy * py - (double)l->dx_px[lane];
    double uy = plan->wxy * px + plan->wyy * py - (double)l->dy_px[lane];
    double exy = (double)l->exy[lane];
    return hypot((1 + (double)l->exx[lane]) * ux + exy * uy, exy * ux + (1 + (double)l->eyy[lane]) * uy);
}

static void draw(const vtr_polar_lanes *l)
{
    for (size_t lane = 0; lane < VTR_LANES; lane++)
        for (size_t i = 0; i < PIXELS; i++)
            storage[lane][i] = (float)ring(rho_of(l, lane, i));
    assert_ok(vtr_polar_bin(batch, plan, VTR_TYPE_F32, frames, NULL, &err));
}

/* Lanes of shifts and strains of both signs up to 1.5 px and 1.5 %. */
static vtr_polar_lanes usual_lanes(void)
{
    vtr_polar_lanes l = {0};
    for (size_t lane = 0; lane < VTR_LANES; lane++) {
        float t = (float)lane;
        l.dx_px[lane] = 1.5f * sinf(t);
        l.dy_px[lane] = 1.5f * cosf(2.3f * t);
        l.exx[lane] = 0.015f * sinf(1.7f * t + 1);
        l.eyy[lane] = 0.015f * cosf(0.9f * t);
        l.exy[lane] = 0.010f * sinf(3.1f * t + 2);
    }
    return l;
}

/* The profile of each lane is the ring's own within 1.2 % of its height; taking the shift and strain with the wrong
 * sign, or not at all, misses by more than ten times what is found. What remains is the width of bins and of the splitting. */
static void shift_and_strain_are_taken_out(void **state)
{
    (void)state;
    vtr_polar_lanes l = usual_lanes(), none = {0};
    draw(&l);
    vtr_profile_params params = vtr_profile_default_params(plan);
    assert_int_equal(params.n, RADII);
    assert_ok(vtr_polar_profile(mean, variance, weight, batch, &l, &params, &err));
    double worst = 0, worst_without = 0;
    for (size_t j = 12; j < 75; j++)
        for (size_t lane = 0; lane < VTR_LANES; lane++)
            worst = fmax(worst, fabs((double)mean[j * VTR_LANES + lane] - ring((double)j + 0.5)));
    assert_ok(vtr_polar_profile(mean, variance, weight, batch, &none, &params, &err));
    for (size_t j = 12; j < 75; j++)
        for (size_t lane = 0; lane < VTR_LANES; lane++)
            worst_without =
                fmax(worst_without, fabs((double)mean[j * VTR_LANES + lane] - ring((double)j + 0.5)));
    assert_true(worst < 1.2);
    assert_true(worst_without > 10 * worst);
}

/* A flat pattern is flat to the corners: a mean, not a sum, and the offset is off. */
static void a_flat_pattern_is_flat_to_the_corners(void **state)
{
    (void)state;
    vtr_polar_lanes l = usual_lanes();
    for (size_t lane = 0; lane < VTR_LANES; lane++)
        for (size_t i = 0; i < PIXELS; i++)
            storage[lane][i] = 107;
    assert_ok(vtr_polar_bin(batch, plan, VTR_TYPE_F32, frames, NULL, &err));
    vtr_profile_params params = vtr_profile_default_params(plan);
    params.noise.offset = 100;
    params.n = RADII + 5;
    assert_ok(vtr_polar_profile(mean, variance, weight, batch, &l, &params, &err));
    double total = 0;
    for (size_t j = 0; j < params.n; j++) {
        total += (double)weight[j * VTR_LANES];
        if (j < RADII - 4) assert_near(mean[j * VTR_LANES + 3], 7, 1e-4);
        if (j > RADII + 3) assert_true(isnan(mean[j * VTR_LANES + 3]) && isnan(variance[j * VTR_LANES + 3]));
    }
    assert_near(total, (double)plan->n_used - plan->n_pixels[plan->n_bins], 1 + 1e-4 * total);
}

/* Other steps: a profile of half or of two steps is the same curve. */
static void the_step_is_free(void **state)
{
    (void)state;
    vtr_polar_lanes l = usual_lanes();
    draw(&l);
    for (double step = 0.5; step <= 2; step *= 2) {
        vtr_profile_params params = vtr_profile_default_params(plan);
        params.r_first_px = 10;
        params.r_step_px = step;
        params.n = (size_t)(60 / step);
        assert_ok(vtr_polar_profile(mean, NULL, NULL, batch, &l, &params, &err));
        for (size_t j = (size_t)(4 / step); j < params.n; j++)
            assert_near(mean[j * VTR_LANES + 5], ring(10 + step * (double)j), 2 + step * step);
    }
}

/* (mean - truth) / sigma over Poisson patterns, offset and read-out noise included, has unit variance. */
static void error_bars_are_true(void **state)
{
    (void)state;
    enum { BATCHES = 60 };
    vtr_polar_lanes l = usual_lanes();
    vtr_profile_params params = vtr_profile_default_params(plan);
    params.noise = (vtr_noise){.gain = 2.5, .offset = 30, .read_noise = 3};
    static float truth[RADII * VTR_LANES], expected[VTR_LANES][PIXELS];
    draw(&l);
    memcpy(expected, storage, sizeof expected);
    for (size_t lane = 0; lane < VTR_LANES; lane++)
        for (size_t i = 0; i < PIXELS; i++)
            storage[lane][i] = 2.5f * 0.05f * expected[lane][i] + 30;
    assert_ok(vtr_polar_bin(batch, plan, VTR_TYPE_F32, frames, NULL, &err));
    assert_ok(vtr_polar_profile(truth, NULL, NULL, batch, &l, &params, &err));
    double sum = 0, sum2 = 0, n = 0;
    vtr_random random;
    vtr_random_start(&random, 23, 0);
    for (size_t b = 0; b < BATCHES; b++) {
        size_t lane = b % VTR_LANES;
        memset(frames, 0, sizeof frames);
        for (size_t i = 0; i < PIXELS; i++)
            storage[lane][i] =
                (float)(2.5 * (double)vtr_random_poisson(&random, 0.05 * (double)expected[lane][i]) + 30 +
                        3 * vtr_random_normal(&random));
        frames[lane] = storage[lane];
        assert_ok(vtr_polar_bin(batch, plan, VTR_TYPE_F32, frames, NULL, &err));
        assert_ok(vtr_polar_profile(mean, variance, NULL, batch, &l, &params, &err));
        assert_true(isnan(mean[20 * VTR_LANES + (lane + 1) % VTR_LANES]));
        for (size_t j = 5; j < 76; j++) {
            size_t at = j * VTR_LANES + lane;
            double pull = (double)(mean[at] - truth[at]) / sqrt((double)variance[at]);
            sum += pull;
            sum2 += pull * pull;
            n += 1;
        }
    }
    assert_near(sum / n, 0, 0.05);
    assert_near(sum2 / n, 1, 0.05);
}

/* Speckle adds its relative variance to that of the mean, whatever the lane's shift. */
static void speckle_adds_to_the_variance(void **state)
{
    (void)state;
    static float speckle[RADII], without[RADII * VTR_LANES];
    for (size_t j = 0; j < RADII; j++)
        speckle[j] = 0.02f + 0.001f * (float)(j % 7);
    vtr_polar_lanes l = usual_lanes();
    draw(&l);
    vtr_profile_params params = vtr_profile_default_params(plan);
    assert_ok(vtr_polar_profile(mean, without, NULL, batch, &l, &params, &err));
    params.speckle = speckle;
    assert_ok(vtr_polar_profile(mean, variance, NULL, batch, &l, &params, &err));
    for (size_t j = 10; j < 70; j++)
        for (size_t lane = 0; lane < VTR_LANES; lane++) {
            size_t i = j * VTR_LANES + lane;
            double m = (double)mean[i], added = (double)(variance[i] - without[i]);
            assert_near(added / (m * m), (double)speckle[j], 1e-3);
        }
}

/* The same pattern at any sub-pixel shift has the same profile: neither its place nor its sharpness depends on how the
 * bins fall on the samples. Linear splitting alone differs by 0.54 here, of a ring of 100. */
static void a_shift_of_part_of_a_pixel_changes_nothing(void **state)
{
    (void)state;
    vtr_polar_lanes l = {0};
    for (size_t lane = 0; lane < VTR_LANES; lane++)
        l.dx_px[lane] = 0.1f * (float)lane;
    draw(&l);
    vtr_profile_params params = vtr_profile_default_params(plan);
    assert_ok(vtr_polar_profile(mean, NULL, NULL, batch, &l, &params, &err));
    double most = 0;
    for (size_t j = 40; j < 70; j++) {
        double low = INFINITY, high = -INFINITY;
        for (size_t lane = 0; lane < VTR_LANES; lane++) {
            low = fmin(low, (double)mean[j * VTR_LANES + lane]);
            high = fmax(high, (double)mean[j * VTR_LANES + lane]);
        }
        most = fmax(most, high - low);
    }
    if (!(most < 0.5)) fail_msg("the shift changes the profile by %.3f", most);
}

static void all_kernels_give_the_same_bits(void **state)
{
    (void)state;
    static float first[3][RADII * 2 * VTR_LANES], speckle[RADII * 2];
    for (size_t j = 0; j < RADII * 2; j++)
        speckle[j] = 0.01f * (float)(j % 5);
    const float spreads[] = {0.1f, 1, 20};
    const vtr_cpu cpus[] = {VTR_CPU_PORTABLE, VTR_CPU_AVX2, VTR_CPU_AVX512};
    vtr_polar_lanes l = usual_lanes();
    draw(&l);
    for (size_t s = 0; s < 3; s++) {
        vtr_polar_lanes wide = l;
        for (size_t lane = 0; lane < VTR_LANES; lane++) {
            wide.dx_px[lane] = 0.7f + spreads[s] * l.dx_px[lane];
            wide.exx[lane] = spreads[s] * l.exx[lane];
        }
        wide.dx_px[4] = NAN;
        for (size_t c = 0; c < 3; c++) {
            vtr_cpu_limit(cpus[c]);
            vtr_profile_params params = vtr_profile_default_params(plan);
            params.speckle = speckle;
            params.r_step_px = 0.8;
            assert_ok(vtr_polar_profile(mean, variance, weight, batch, &wide, &params, &err));
            size_t bytes = params.n * VTR_LANES * sizeof(float);
            if (c == 0) {
                memcpy(first[0], mean, bytes);
                memcpy(first[1], variance, bytes);
                memcpy(first[2], weight, bytes);
            }
            assert_memory_equal(first[0], mean, bytes);
            assert_memory_equal(first[1], variance, bytes);
            assert_memory_equal(first[2], weight, bytes);
            assert_true(isnan(mean[40 * VTR_LANES + 4]) && isfinite(mean[40 * VTR_LANES + 5]));
        }
    }
}

static void bad_parameters_are_refused(void **state)
{
    (void)state;
    vtr_profile_params params = vtr_profile_default_params(plan);
    assert_fails(vtr_polar_profile(mean, NULL, NULL, batch, NULL, &params, &err), VTR_ERR_ARGUMENT,
                 "no frames yet");
    vtr_polar_lanes none = {0};
    draw(&none);
    params.r_step_px = 0;
    assert_fails(vtr_polar_profile(mean, NULL, NULL, batch, NULL, &params, &err), VTR_ERR_ARGUMENT,
                 "steps of 0 px");
    for (long k = 0; k < 4; k++) {
        vtr_memory_fail_after(k);
        vtr_status status = vtr_polar_profile(mean, NULL, NULL, batch, NULL, NULL, &err);
        vtr_memory_fail_after(-1);
        assert_int_equal(status, VTR_ERR_MEMORY);
    }
    assert_ok(vtr_polar_profile(mean, NULL, NULL, batch, NULL, NULL, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(shift_and_strain_are_taken_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_flat_pattern_is_flat_to_the_corners, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_step_is_free, set_up, tear_down),
        cmocka_unit_test_setup_teardown(error_bars_are_true, set_up, tear_down),
        cmocka_unit_test_setup_teardown(speckle_adds_to_the_variance, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_shift_of_part_of_a_pixel_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_kernels_give_the_same_bits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_parameters_are_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
