/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "polar_cases.h"
#include "support.h"

static vtr_error err;

enum { MAX_PIXELS = 70 * 90 };

typedef struct fixture {
    size_t det_y, det_x, n;
    unsigned char used[MAX_PIXELS];
    double storage[VTR_LANES][MAX_PIXELS];
    const void *frames[VTR_LANES];
    vtr_polar_plan *plan;
    vtr_polar_batch *batch;
} fixture;

static fixture f;

static void make_plan(size_t det_y, size_t det_x, bool has_mask)
{
    f.det_y = det_y;
    f.det_x = det_x;
    f.n = det_y * det_x;
    case_mask(f.used, det_y, det_x);
    if (!has_mask) memset(f.used, 1, f.n);
    vtr_polar_geometry geometry = case_geometry(det_y, det_x, f.used);
    assert_ok(vtr_polar_plan_create(&f.plan, &geometry, &err));
    assert_ok(vtr_polar_batch_create(&f.batch, &err));
}

static void drop_plan(void)
{
    vtr_polar_batch_free(&f.batch);
    vtr_polar_plan_free(&f.plan);
}

static void fill_frames(vtr_type type, uint64_t seed)
{
    vtr_random random;
    vtr_random_start(&random, seed, type);
    for (size_t lane = 0; lane < VTR_LANES; lane++) {
        case_fill(type, f.storage[lane], f.n, &random);
        f.frames[lane] = f.storage[lane];
    }
}

/* Sums of every lane the slow way, compared with the batch. */
static void check_against_twin(vtr_type type)
{
    vtr_polar_geometry g = case_geometry(f.det_y, f.det_x, f.used);
    size_t n_bins = g.n_r * g.n_sectors;
    double *exact = vtr_calloc((n_bins + 1) * VTR_LANES, sizeof *exact),
           *sums = vtr_calloc(n_bins + 1, sizeof *sums);
    bool is_real = type == VTR_TYPE_F32 || type == VTR_TYPE_F64;
    double tolerance = is_real ? 1e-9 : 0;
    vtr_polar_batch_exact(f.batch, exact);
    for (size_t lane = 0; lane < VTR_LANES; lane++) {
        double annuli[CASE_ANNULI] = {0}, total = 0, low = INFINITY, high = -INFINITY;
        memset(sums, 0, (n_bins + 1) * sizeof *sums);
        for (size_t i = 0; i < f.n && f.frames[lane] != NULL; i++) {
            if (!f.used[i]) continue;
            double value = case_value(type, f.frames[lane], i), radius, angle;
            case_place(&radius, &angle, &g, i % f.det_x, i / f.det_x);
            sums[case_bin(&g, i % f.det_x, i / f.det_x)] += value;
            for (size_t a = 0; a < CASE_ANNULI; a++)
                if (case_annuli[a][0] <= radius && radius < case_annuli[a][1]) annuli[a] += value;
            total += value;
            low = fmin(low, value);
            high = fmax(high, value);
        }
        for (size_t b = 0; b <= n_bins; b++) {
            assert_near(exact[b * VTR_LANES + lane], sums[b], tolerance * fabs(sums[b]) + 10 * tolerance);
            assert_true(f.batch->sums[b * VTR_LANES + lane] == (float)exact[b * VTR_LANES + lane]);
        }
        for (size_t a = 0; a < CASE_ANNULI; a++)
            assert_near(f.batch->annuli[a * VTR_LANES + lane], annuli[a],
                        tolerance * (fabs(annuli[a]) + 1e3));
        assert_near(f.batch->total[lane], total, tolerance * (fabs(total) + 1e3));
        if (f.frames[lane] == NULL) continue;
        assert_true(f.batch->minimum[lane] == (vtr_type_name(type)[0] == 'u' ? 0 : low));
        assert_true(f.batch->maximum[lane] == high);
    }
    vtr_free(exact);
    vtr_free(sums);
}

static const vtr_cpu cpus[] = {VTR_CPU_PORTABLE, VTR_CPU_AVX2, VTR_CPU_AVX512};

static void sums_equal_the_slow_twin_for_all_types_and_sizes(void **state)
{
    (void)state;
    const size_t sizes[][2] = {{37, 53}, {64, 64}, {8, 32}, {1, 1}, {70, 31}, {5, 90}};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        for (int has_mask = 0; has_mask < 2; has_mask++) {
            make_plan(sizes[s][0], sizes[s][1], has_mask);
            for (int type = 0; type < VTR_TYPE_COUNT; type++) {
                fill_frames((vtr_type)type, 5 + s);
                for (size_t c = 0; c < 3; c++) {
                    vtr_cpu_limit(cpus[c]);
                    assert_ok(vtr_polar_bin(f.batch, f.plan, (vtr_type)type, f.frames, NULL, &err));
                    check_against_twin((vtr_type)type);
                }
            }
            drop_plan();
        }
    }
}

static void all_kernels_give_the_same_bits(void **state)
{
    (void)state;
    make_plan(61, 77, true);
    size_t n = (f.plan->n_bins + 1) * VTR_LANES;
    float *first = vtr_calloc(n, sizeof *first);
    double totals[VTR_LANES], annuli[CASE_ANNULI * VTR_LANES];
    for (int type = 0; type < VTR_TYPE_COUNT; type++) {
        fill_frames((vtr_type)type, 99);
        for (size_t c = 0; c < 3; c++) {
            vtr_cpu_limit(cpus[c]);
            assert_ok(vtr_polar_bin(f.batch, f.plan, (vtr_type)type, f.frames, NULL, &err));
            if (c == 0) {
                memcpy(first, f.batch->sums, n * sizeof *first);
                memcpy(totals, f.batch->total, sizeof totals);
                memcpy(annuli, f.batch->annuli, sizeof annuli);
            }
            assert_memory_equal(first, f.batch->sums, n * sizeof *first);
            assert_memory_equal(totals, f.batch->total, sizeof totals);
            assert_memory_equal(annuli, f.batch->annuli, sizeof annuli);
        }
    }
    vtr_free(first);
    drop_plan();
}

static void lanes_without_frame_hold_zeros(void **state)
{
    (void)state;
    make_plan(37, 53, false);
    fill_frames(VTR_TYPE_I16, 3);
    f.frames[0] = f.frames[7] = f.frames[15] = NULL;
    assert_ok(vtr_polar_bin(f.batch, f.plan, VTR_TYPE_I16, f.frames, NULL, &err));
    check_against_twin(VTR_TYPE_I16);
    assert_int_equal(f.batch->flags[7], VTR_FLAG_MISSING);
    assert_int_equal(f.batch->flags[6], VTR_FLAG_INVALID);
    assert_true(f.batch->has_negative[6] && !f.batch->has_nonfinite[6]);
    drop_plan();
}

static void binning_is_linear(void **state)
{
    (void)state;
    make_plan(37, 53, true);
    vtr_random random;
    vtr_random_start(&random, 1, 0);
    for (size_t i = 0; i < f.n; i++) {
        uint16_t a = (uint16_t)(vtr_random_u32(&random) >> 20), b = (uint16_t)(vtr_random_u32(&random) >> 20);
        ((uint16_t *)f.storage[0])[i] = a;
        ((uint16_t *)f.storage[1])[i] = b;
        ((uint16_t *)f.storage[2])[i] = (uint16_t)(3 * a + 2 * b);
    }
    memset(f.frames, 0, sizeof f.frames);
    for (size_t lane = 0; lane < 3; lane++)
        f.frames[lane] = f.storage[lane];
    assert_ok(vtr_polar_bin(f.batch, f.plan, VTR_TYPE_U16, f.frames, NULL, &err));
    for (size_t b = 0; b <= f.plan->n_bins; b++) {
        const float *row = f.batch->sums + b * VTR_LANES;
        assert_true(row[2] == 3 * row[0] + 2 * row[1]);
    }
    drop_plan();
}

static void invalid_pixels_are_flagged_unless_masked(void **state)
{
    (void)state;
    make_plan(37, 53, true);
    for (size_t lane = 0; lane < VTR_LANES; lane++) {
        memset(f.storage[lane], 0, f.n * sizeof(float));
        f.frames[lane] = f.storage[lane];
    }
    ((float *)f.storage[1])[11] = NAN;
    ((float *)f.storage[2])[11] = -INFINITY;
    ((float *)f.storage[3])[10] = NAN; /* masked: 10 % 7 == 3 */
    ((float *)f.storage[4])[11] = -1;
    ((float *)f.storage[5])[f.n - 1] = 1;
    assert_int_equal(f.used[10], 0);
    for (size_t c = 0; c < 3; c++) {
        vtr_cpu_limit(cpus[c]);
        assert_ok(vtr_polar_bin(f.batch, f.plan, VTR_TYPE_F32, f.frames, NULL, &err));
        assert_int_equal(f.batch->flags[0], VTR_FLAG_EMPTY);
        assert_int_equal(f.batch->flags[1], VTR_FLAG_INVALID);
        assert_true(f.batch->has_nonfinite[1]);
        assert_int_equal(f.batch->flags[2], VTR_FLAG_INVALID);
        assert_int_equal(f.batch->flags[3], VTR_FLAG_EMPTY);
        assert_int_equal(f.batch->flags[4], VTR_FLAG_INVALID);
        assert_true(f.batch->has_negative[4] && !f.batch->has_nonfinite[4]);
        assert_int_equal(f.batch->flags[5], 0);
    }
    drop_plan();
}

/* More pixels in one bin than 32-bit sums can hold. */
static void large_bins_do_not_overflow(void **state)
{
    (void)state;
    size_t side = 400, n = side * side;
    uint16_t *frame = vtr_malloc(n, sizeof *frame);
    vtr_polar_geometry g = vtr_polar_default_geometry(side, side);
    vtr_polar_plan *plan = NULL;
    vtr_polar_batch *batch = NULL;
    g.n_sectors = 1;
    g.r_step_px = 270;
    g.n_r = 1;
    for (size_t i = 0; i < n; i++)
        frame[i] = 65535;
    const void *frames[VTR_LANES] = {[3] = frame};
    assert_ok(vtr_polar_plan_create(&plan, &g, &err));
    assert_ok(vtr_polar_batch_create(&batch, &err));
    assert_ok(vtr_polar_bin(batch, plan, VTR_TYPE_U16, frames, NULL, &err));
    assert_true(batch->total[3] == 65535.0 * (double)n);
    double exact[2 * VTR_LANES];
    vtr_polar_batch_exact(batch, exact);
    assert_true(exact[3] + exact[VTR_LANES + 3] == 65535.0 * (double)n);
    for (size_t i = 0; i < n; i++)
        ((int16_t *)frame)[i] = INT16_MIN;
    assert_ok(vtr_polar_bin(batch, plan, VTR_TYPE_I16, frames, NULL, &err));
    assert_true(batch->total[3] == -32768.0 * (double)n);
    vtr_polar_batch_free(&batch);
    vtr_polar_plan_free(&plan);
    vtr_free(frame);
}

static void failing_allocations_are_reported(void **state)
{
    (void)state;
    for (long k = 0; k < 6; k++) {
        make_plan(37, 53, true);
        fill_frames(VTR_TYPE_U16, 1);
        vtr_memory_fail_after(k);
        vtr_status status = vtr_polar_bin(f.batch, f.plan, VTR_TYPE_U16, f.frames, NULL, &err);
        vtr_memory_fail_after(-1);
        assert_int_equal(status, VTR_ERR_MEMORY);
        assert_ok(vtr_polar_bin(f.batch, f.plan, VTR_TYPE_U16, f.frames, NULL, &err));
        check_against_twin(VTR_TYPE_U16);
        drop_plan();
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
        cmocka_unit_test_teardown(sums_equal_the_slow_twin_for_all_types_and_sizes, restore_kernels),
        cmocka_unit_test_teardown(all_kernels_give_the_same_bits, restore_kernels),
        cmocka_unit_test(lanes_without_frame_hold_zeros),
        cmocka_unit_test(binning_is_linear),
        cmocka_unit_test_teardown(invalid_pixels_are_flagged_unless_masked, restore_kernels),
        cmocka_unit_test(large_bins_do_not_overflow),
        cmocka_unit_test(failing_allocations_are_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
