/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "polar_cases.h"
#include "support.h"

static vtr_error err;

static void statistics_equal_those_of_the_pixels(void **state)
{
    (void)state;
    enum { Y = 37, X = 53 };
    unsigned char used[Y * X];
    case_mask(used, Y, X);
    vtr_polar_geometry g = case_geometry(Y, X, used);
    vtr_polar_plan *plan = NULL;
    assert_ok(vtr_polar_plan_create(&plan, &g, &err));
    size_t n_used = 0, n_annulus[CASE_ANNULI] = {0};
    for (size_t b = 0; b <= plan->n_bins; b++) {
        double n = 0, r = 0, a = 0, a2 = 0, c1 = 0, s1 = 0, c2 = 0, s2 = 0;
        for (size_t i = 0; i < Y * X; i++) {
            if (!used[i] || case_bin(&g, i % X, i / X) != b) continue;
            double radius, angle;
            case_place(&radius, &angle, &g, i % X, i / X);
            if (b < g.n_r * g.n_sectors) { /* the mean angle is taken about the sector's middle */
                double middle = (double)(b % g.n_sectors) * 2 * VTR_PI / (double)g.n_sectors;
                angle = middle + remainder(angle - middle, 2 * VTR_PI);
            }
            n += 1;
            r += radius;
            a += angle;
            a2 += angle * angle;
            c1 += cos(angle);
            s1 += sin(angle);
            c2 += cos(2 * angle);
            s2 += sin(2 * angle);
            for (size_t k = 0; k < CASE_ANNULI; k++)
                n_annulus[k] += case_annuli[k][0] <= radius && radius < case_annuli[k][1];
        }
        n_used += (size_t)n;
        assert_true(plan->n_pixels[b] == n);
        if (n == 0) {
            assert_true(isnan(plan->radius_px[b]));
            continue;
        }
        assert_near(plan->radius_px[b], r / n, 1e-9);
        assert_near(plan->angle_rad[b], a / n, 1e-9);
        assert_near(plan->angle_variance[b], a2 / n - a * a / n / n, 1e-9);
        assert_near(plan->cos1[b], c1 / n, 1e-12);
        assert_near(plan->sin1[b], s1 / n, 1e-12);
        assert_near(plan->cos2[b], c2 / n, 1e-12);
        assert_near(plan->sin2[b], s2 / n, 1e-12);
    }
    assert_int_equal(plan->n_used, n_used);
    for (size_t k = 0; k < CASE_ANNULI; k++)
        assert_int_equal(plan->annulus_pixels[k], n_annulus[k]);
    vtr_polar_plan_free(&plan);
}

/* Sector 0 lies about +x and sector 1 about +y (down); a signed axis or a turned angle would fail here. */
static void sectors_go_from_x_to_y(void **state)
{
    (void)state;
    vtr_polar_geometry g = vtr_polar_default_geometry(41, 41);
    g.n_sectors = 4;
    g.n_r = 30;
    vtr_polar_plan *plan = NULL;
    vtr_polar_batch *batch = NULL;
    uint8_t frame[41 * 41] = {0};
    const void *frames[VTR_LANES] = {frame};
    frame[20 * 41 + 32] = 1; /* 12 px along +x: sector 0 */
    frame[33 * 41 + 19] = 2; /* 13 px along +y and one to -x: sector 1 */
    frame[19 * 41 + 6] = 3;  /* 14 px along -x and one to -y: sector 2 */
    frame[5 * 41 + 21] = 4;  /* 15 px along -y and one to +x: sector 3 */
    assert_ok(vtr_polar_plan_create(&plan, &g, &err));
    assert_ok(vtr_polar_batch_create(&batch, &err));
    assert_ok(vtr_polar_bin(batch, plan, VTR_TYPE_U8, frames, NULL, &err));
    for (size_t k = 0; k < 4; k++)
        assert_true(batch->sums[((12 + k) * 4 + k) * VTR_LANES] == (float)(k + 1));
    vtr_polar_batch_free(&batch);
    vtr_polar_plan_free(&plan);
}

static void bad_geometry_is_refused(void **state)
{
    (void)state;
    vtr_polar_plan *plan = NULL;
    vtr_polar_geometry g = vtr_polar_default_geometry(0, 5);
    assert_fails(vtr_polar_plan_create(&plan, &g, &err), VTR_ERR_SHAPE, "0 x 5");
    g = vtr_polar_default_geometry(10, 10);
    g.centre_x_px = NAN;
    assert_fails(vtr_polar_plan_create(&plan, &g, &err), VTR_ERR_ARGUMENT, "centre");
    g = vtr_polar_default_geometry(10, 10);
    g.wxy = 1.5;
    assert_fails(vtr_polar_plan_create(&plan, &g, &err), VTR_ERR_ARGUMENT, "not a positive matrix");
    g = vtr_polar_default_geometry(10, 10);
    g.n_sectors = 0;
    assert_fails(vtr_polar_plan_create(&plan, &g, &err), VTR_ERR_RANGE, "sectors");
    g = vtr_polar_default_geometry(10, 10);
    g.r_step_px = 0;
    assert_fails(vtr_polar_plan_create(&plan, &g, &err), VTR_ERR_RANGE, "radial step");
    const double reversed[1][2] = {{5, 4}};
    g = vtr_polar_default_geometry(10, 10);
    g.n_annuli = 1;
    g.annuli_px = reversed;
    assert_fails(vtr_polar_plan_create(&plan, &g, &err), VTR_ERR_RANGE, "annulus 0: from 5 to 4 px is empty");
    assert_null(plan);
}

static void failing_allocations_leave_nothing(void **state)
{
    (void)state;
    vtr_polar_geometry g = case_geometry(37, 53, NULL);
    for (long k = 0;; k++) {
        vtr_polar_plan *plan = NULL;
        vtr_memory_fail_after(k);
        vtr_status status = vtr_polar_plan_create(&plan, &g, &err);
        vtr_memory_fail_after(-1);
        if (status == VTR_OK) {
            assert_true(k > 15);
            vtr_polar_plan_free(&plan);
            break;
        }
        assert_int_equal(status, VTR_ERR_MEMORY);
        assert_null(plan);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statistics_equal_those_of_the_pixels),
        cmocka_unit_test(sectors_go_from_x_to_y),
        cmocka_unit_test(bad_geometry_is_refused),
        cmocka_unit_test(failing_allocations_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
