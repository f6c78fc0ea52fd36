/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "polar_cases.h"
#include "support.h"

static vtr_error err;

/* Three tiles across and three down, the last ones cut. */
enum { Y = 19, X = 75, N = Y * X, FRAMES = 41 };

static double storage[FRAMES][N];
static const vtr_cpu cpus[] = {VTR_CPU_PORTABLE, VTR_CPU_AVX2, VTR_CPU_AVX512};

static void add_frames(vtr_pattern *pattern, size_t first, size_t end)
{
    for (size_t f = first; f < end; f += VTR_LANES) {
        const void *frames[VTR_LANES] = {NULL};
        for (size_t lane = 0; lane < VTR_LANES && f + lane < end; lane++)
            frames[(lane * 5 + 3) % VTR_LANES] = storage[f + lane];
        vtr_pattern_add(pattern, frames);
    }
}

/* Values below `limit` (0: the type's whole range). */
static void fill(vtr_type type, uint32_t limit)
{
    vtr_random random;
    vtr_random_start(&random, limit + 1, type);
    for (size_t f = 0; f < FRAMES; f++) {
        case_fill(type, storage[f], N, &random);
        for (size_t i = 0; i < N && limit > 0; i++) {
            if (type == VTR_TYPE_U16)
                ((uint16_t *)storage[f])[i] = (uint16_t)(vtr_random_u32(&random) % limit);
            if (type == VTR_TYPE_I16)
                ((int16_t *)storage[f])[i] = (int16_t)(vtr_random_u32(&random) % (2 * limit) - limit);
        }
    }
}

static void check(const vtr_pattern *pattern, vtr_type type)
{
    double mean[N], variance[N], maximum[N];
    vtr_pattern_finish(pattern, mean, variance, maximum);
    assert_int_equal(vtr_pattern_count(pattern), FRAMES);
    for (size_t i = 0; i < N; i++) {
        double m = 0, v = 0, size = 0, high = -INFINITY;
        for (size_t f = 0; f < FRAMES; f++) {
            double value = case_value(type, storage[f], i);
            m += value / FRAMES;
            size += fabs(value) / FRAMES;
            high = fmax(high, value);
        }
        for (size_t f = 0; f < FRAMES; f++) {
            double value = case_value(type, storage[f], i);
            v += (value - m) * (value - m) / (FRAMES - 1);
        }
        assert_near(mean[i], m, 1e-14 * size); /* rounding goes with the summands: signed ones may cancel */
        assert_near(variance[i], v, 1e-11 * v);
        assert_true(maximum[i] == high);
    }
}

static void statistics_equal_the_slow_twin(void **state)
{
    (void)state;
    const uint32_t limits[] = {0, 1000, 1500, 3000, 6000, 16384, 20000};
    for (int type = 0; type < VTR_TYPE_COUNT; type++) {
        for (size_t l = 0; l < sizeof limits / sizeof *limits; l++) {
            fill((vtr_type)type, limits[l]);
            for (size_t c = 0; c < 3; c++) {
                vtr_cpu_limit(cpus[c]);
                vtr_pattern *pattern = NULL;
                assert_ok(vtr_pattern_create(&pattern, (vtr_type)type, Y, X, &err));
                add_frames(pattern, 0, FRAMES);
                check(pattern, (vtr_type)type);
                vtr_pattern_reset(pattern);
                add_frames(pattern, 0, FRAMES);
                check(pattern, (vtr_type)type);
                vtr_pattern_free(&pattern);
            }
        }
    }
}

static void merged_parts_equal_the_whole(void **state)
{
    (void)state;
    for (int type = 0; type < VTR_TYPE_COUNT; type++) {
        fill((vtr_type)type, 1000);
        vtr_pattern *a = NULL, *b = NULL;
        assert_ok(vtr_pattern_create(&a, (vtr_type)type, Y, X, &err));
        assert_ok(vtr_pattern_create(&b, (vtr_type)type, Y, X, &err));
        add_frames(a, 0, 13);
        vtr_cpu_limit(VTR_CPU_AVX2);
        add_frames(b, 13, FRAMES);
        vtr_cpu_limit(VTR_CPU_AVX512);
        vtr_pattern_merge(a, b);
        check(a, (vtr_type)type);
        vtr_pattern_free(&a);
        vtr_pattern_free(&b);
    }
}

/* 32-bit sums are emptied before they overflow, wherever the pixels' size lies. */
static void many_batches_do_not_overflow(void **state)
{
    (void)state;
    const uint16_t largest[] = {1023, 2047, 4095, 8191, 16383, 32767, 65535};
    for (size_t c = 0; c < 3 * sizeof largest / sizeof *largest; c++) {
        vtr_cpu_limit(cpus[c % 3]);
        uint16_t high = largest[c / 3];
        vtr_pattern *pattern = NULL;
        const void *frames[VTR_LANES];
        assert_ok(vtr_pattern_create(&pattern, VTR_TYPE_U16, Y, X, &err));
        for (size_t i = 0; i < N; i++) {
            ((uint16_t *)storage[0])[i] = high;
            ((uint16_t *)storage[1])[i] = high - 2;
        }
        for (size_t lane = 0; lane < VTR_LANES; lane++)
            frames[lane] = storage[lane % 2];
        for (size_t batch = 0; batch < 600; batch++)
            vtr_pattern_add(pattern, frames);
        double mean[N], variance[N], maximum[N];
        vtr_pattern_finish(pattern, mean, variance, maximum);
        for (size_t i = 0; i < N; i++) {
            assert_true(mean[i] == high - 1 && maximum[i] == high);
            assert_near(variance[i], 9600.0 / 9599, 1e-12);
        }
        vtr_pattern_free(&pattern);
    }
}

static void fused_with_binning_it_is_the_same(void **state)
{
    (void)state;
    const vtr_type types[] = {VTR_TYPE_U8, VTR_TYPE_U16, VTR_TYPE_I16, VTR_TYPE_F32};
    const uint32_t limits[] = {1000, 3000, 20000};
    vtr_polar_geometry g = vtr_polar_default_geometry(Y, X);
    vtr_polar_plan *plan = NULL;
    vtr_polar_batch *batch = NULL;
    assert_ok(vtr_polar_plan_create(&plan, &g, &err));
    assert_ok(vtr_polar_batch_create(&batch, &err));
    for (size_t c = 0; c < 3 * 4 * 3; c++) {
        vtr_type type = types[c / 3 % 4];
        vtr_cpu_limit(cpus[c % 3]);
        fill(type, limits[c / 12]);
        vtr_pattern *pattern = NULL;
        assert_ok(vtr_pattern_create(&pattern, type, Y, X, &err));
        for (size_t f = 0; f < FRAMES; f += VTR_LANES) {
            const void *frames[VTR_LANES] = {NULL};
            for (size_t lane = 0; lane < VTR_LANES && f + lane < FRAMES; lane++)
                frames[lane] = storage[f + lane];
            assert_ok(vtr_polar_bin(batch, plan, type, frames, pattern, &err));
        }
        check(pattern, type);
        vtr_pattern_free(&pattern);
    }
    vtr_polar_batch_free(&batch);
    vtr_polar_plan_free(&plan);
}

static void another_kind_of_frames_is_refused(void **state)
{
    (void)state;
    vtr_polar_geometry g = vtr_polar_default_geometry(Y, X);
    vtr_polar_plan *plan = NULL;
    vtr_polar_batch *batch = NULL;
    vtr_pattern *other_type = NULL, *other_shape = NULL;
    const void *frames[VTR_LANES] = {storage[0]};
    assert_ok(vtr_polar_plan_create(&plan, &g, &err));
    assert_ok(vtr_polar_batch_create(&batch, &err));
    assert_ok(vtr_pattern_create(&other_type, VTR_TYPE_U16, Y, X, &err));
    assert_fails(vtr_polar_bin(batch, plan, VTR_TYPE_U8, frames, other_type, &err), VTR_ERR_TYPE, "u16");
    assert_ok(vtr_pattern_create(&other_shape, VTR_TYPE_U16, X, Y, &err));
    assert_fails(vtr_polar_bin(batch, plan, VTR_TYPE_U16, frames, other_shape, &err), VTR_ERR_SHAPE,
                 "75 x 19");
    vtr_pattern_free(&other_type);
    vtr_pattern_free(&other_shape);
    vtr_polar_batch_free(&batch);
    vtr_polar_plan_free(&plan);
}

static void too_few_frames_give_nan(void **state)
{
    (void)state;
    double mean[N], variance[N], maximum[N];
    vtr_pattern *pattern = NULL;
    assert_ok(vtr_pattern_create(&pattern, VTR_TYPE_F32, Y, X, &err));
    vtr_pattern_finish(pattern, mean, variance, maximum);
    assert_true(isnan(mean[0]) && isnan(variance[0]) && isnan(maximum[0]));
    fill(VTR_TYPE_F32, 0);
    ((float *)storage[0])[1] = NAN;
    add_frames(pattern, 0, 1);
    vtr_pattern_finish(pattern, mean, variance, maximum);
    assert_true(mean[0] == case_value(VTR_TYPE_F32, storage[0], 0) && isnan(variance[0]));
    assert_true(isnan(mean[1]) && isnan(maximum[1]));
    vtr_pattern_free(&pattern);
    for (long k = 0; k < 3; k++) {
        vtr_memory_fail_after(k);
        vtr_status status = vtr_pattern_create(&pattern, VTR_TYPE_U16, Y, X, &err);
        vtr_memory_fail_after(-1);
        assert_int_equal(status, VTR_ERR_MEMORY);
        assert_null(pattern);
    }
}

static int restore_kernels(void **state)
{
    (void)state;
    vtr_cpu_limit(VTR_CPU_AVX512);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(statistics_equal_the_slow_twin, restore_kernels),
        cmocka_unit_test_teardown(merged_parts_equal_the_whole, restore_kernels),
        cmocka_unit_test_teardown(many_batches_do_not_overflow, restore_kernels),
        cmocka_unit_test_teardown(fused_with_binning_it_is_the_same, restore_kernels),
        cmocka_unit_test(another_kind_of_frames_is_refused),
        cmocka_unit_test(too_few_frames_give_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
