/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>

#include "support.h"
#include "waves.h"

static vtr_error err;

enum { SEEDS = 100, PULLS = 5 };

static double rms(const double *values, size_t n, double *mean)
{
    double sum = 0, square = 0;
    for (size_t i = 0; i < n; i++) {
        sum += values[i];
        square += values[i] * values[i];
    }
    *mean = sum / (double)n;
    return sqrt(square / (double)n);
}

/* (found - truth)/error of shift, angle and scales over many fields and noises. Of 100, the rms of a unit normal is known to
 * 0.07; the five together to 0.03. */
static void check_pulls(double noise, double scale, const char *what)
{
    double pull[PULLS][SEEDS], all = 0, mean;
    vtr_series_params params = vtr_series_default_params();
    params.largest_angle_degrees = 2;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        waves w;
        waves_draw(&w, 100 + seed, 8 * step_nm);
        double y = 3.3 * sin((double)seed), x = 4.7 * cos(3.0 * (double)seed),
               angle = sin(7.0 * (double)seed);
        scan a = reference_scan(noise, seed), b = moved_scan(y, x, angle, noise, seed);
        b.scale = scale;
        vtr_series_registration r;
        assert_ok(register_scans(&r, &w, &a, &b, &params, &err));
        const vtr_series_transform *t = &r.transform;
        pull[0][seed] = (t->shift_nm[0] - y) / sqrt(t->covariance[0][0]);
        pull[1][seed] = (t->shift_nm[1] - x) / sqrt(t->covariance[1][1]);
        pull[2][seed] = (t->angle_degrees - angle) / sqrt(t->covariance[2][2]);
        pull[3][seed] = (r.scale[0] - scale) / r.scale_error[0];
        pull[4][seed] = (r.scale[1] - scale) / r.scale_error[1];
    }
    printf("  %s:", what);
    for (int i = 0; i < PULLS; i++) {
        double spread = rms(pull[i], SEEDS, &mean);
        printf(" %.2f (%.2f)", spread, mean);
        all += spread / PULLS;
        assert_true(fabs(mean) < 4 / sqrt(SEEDS));
        assert_true(spread > 0.8 && spread < 1.2);
    }
    printf(", all %.3f\n", all);
    assert_true(all > 0.9 && all < 1.1);
}

static void errors_are_true(void **state)
{
    (void)state;
    check_pulls(0.3, 0.7, "noise 0.3");
    check_pulls(2, 1, "noise 2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(errors_are_true)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
