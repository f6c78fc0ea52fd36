/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "base/base_internal.h"
#include "support.h"
#include "vitrail/detector.h"

enum { NY = 120, NX = 150 };

/* A ring on a falling background about (cx, cy), with Poisson noise; NAN `beam`: no direct beam. */
static void make(double *mean, double cx, double cy, double beam)
{
    vtr_random random;
    vtr_random_start(&random, 8, 0);
    for (size_t y = 0; y < NY; y++) {
        for (size_t x = 0; x < NX; x++) {
            double r = hypot((double)x - cx, (double)y - cy);
            double value = 40 * exp(-r / 25) + 60 * exp(-0.5 * pow((r - 34) / 4, 2));
            if (beam > 0) value += beam * exp(-0.5 * r * r / 9);
            mean[y * NX + x] = (double)vtr_random_poisson(&random, value);
        }
    }
}

static void found_at_any_place_with_and_without_beam(void **state)
{
    (void)state;
    vtr_error err;
    double *mean = vtr_malloc(NY * NX, sizeof *mean), x, y;
    const double centres[][3] = {{74.5, 59.5, 0}, {70.2, 66.7, 1e5}, {60.0, 50.0, 0}, {95.4, 62.3, 1e3}};
    for (size_t i = 0; i < 4; i++) {
        make(mean, centres[i][0], centres[i][1], centres[i][2]);
        assert_ok(vtr_centre_find(&x, &y, mean, NULL, NY, NX, &err));
        assert_near(x, centres[i][0], 0.5);
        assert_near(y, centres[i][1], 0.5);
    }
    vtr_free(mean);
}

static void a_beam_stop_does_not_draw_it_away(void **state)
{
    (void)state;
    vtr_error err;
    double *mean = vtr_malloc(NY * NX, sizeof *mean), x, y;
    unsigned char *used = vtr_malloc(NY * NX, 1);
    make(mean, 70.3, 64.8, 0);
    for (size_t i = 0; i < NY * NX; i++) {
        used[i] = !(i % NX > 55 && i % NX < 80 && i / NX < 75);
        if (!used[i]) mean[i] = 0;
    }
    mean[90 * NX + 20] = NAN;
    assert_ok(vtr_centre_find(&x, &y, mean, used, NY, NX, &err));
    assert_near(x, 70.3, 0.7);
    assert_near(y, 64.8, 0.7);
    vtr_free(mean);
    vtr_free(used);
}

static void nothing_to_see_is_an_error(void **state)
{
    (void)state;
    vtr_error err;
    double *mean = vtr_calloc(NY * NX, sizeof *mean), x, y;
    unsigned char *used = vtr_calloc(NY * NX, 1);
    assert_fails(vtr_centre_find(&x, &y, mean, NULL, NY, NX, &err), VTR_ERR_NO_DATA, "give the centre");
    assert_fails(vtr_centre_find(&x, &y, mean, used, NY, NX, &err), VTR_ERR_NO_DATA, "give the centre");
    assert_fails(vtr_centre_find(&x, &y, mean, NULL, 1, NX, &err), VTR_ERR_SHAPE, "1 x 150");
    vtr_free(mean);
    vtr_free(used);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found_at_any_place_with_and_without_beam),
        cmocka_unit_test(a_beam_stop_does_not_draw_it_away),
        cmocka_unit_test(nothing_to_see_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
