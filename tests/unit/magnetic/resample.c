/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "beams.h"

static vtr_error err;

/* A map that is linear in the field's own coordinates comes out exactly, whatever the two sizes are, edges included. */
static void linear_maps_are_exact(void **state)
{
    (void)state;
    static const size_t sizes[][2] = {{1, 1}, {2, 5}, {3, 20}, {7, 7}, {10, 9}, {40, 6}, {41, 13}, {5, 1}};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
        for (size_t l = 0; l < sizeof sizes / sizeof *sizes; l++) {
            size_t old_y = sizes[k][0], new_y = sizes[k][1], old_x = sizes[l][0], new_x = sizes[l][1];
            double map[41 * 41];
            vtr_stencil along_y, along_x;
            assert_ok(vtr_stencil_create(&along_y, old_y, new_y, &err));
            assert_ok(vtr_stencil_create(&along_x, old_x, new_x, &err));
            double slope_y = old_y > 1 ? 3 : 0, slope_x = old_x > 1 ? -2 : 0;
            for (size_t i = 0; i < old_y * old_x; i++)
                map[i] = 1 + slope_y * ((double)(i / old_x) + 0.5) / (double)old_y +
                         slope_x * ((double)(i % old_x) + 0.5) / (double)old_x;
            for (size_t y = 0; y < new_y; y++)
                for (size_t x = 0; x < new_x; x++) {
                    double expected = 1 + slope_y * ((double)y + 0.5) / (double)new_y +
                                      slope_x * ((double)x + 0.5) / (double)new_x;
                    assert_near(vtr_stencil_apply(&along_y, &along_x, map, old_x, y, x, false), expected,
                                1e-12);
                }
            vtr_stencil_release(&along_y);
            vtr_stencil_release(&along_x);
        }
}

/* The same size leaves every position as it is, so that a lost neighbour takes nothing with it; finer steps than the new
 * ones are averaged, which lowers the noise. */
static void variances_follow_the_weights(void **state)
{
    (void)state;
    vtr_stencil same, wider, narrower;
    double ones[64], values[8] = {1, 2, NAN, 4, 5, 6, 7, 8};
    for (size_t i = 0; i < 64; i++)
        ones[i] = 1;
    assert_ok(vtr_stencil_create(&same, 8, 8, &err));
    assert_ok(vtr_stencil_create(&wider, 64, 8, &err));
    assert_ok(vtr_stencil_create(&narrower, 1, 1, &err));
    assert_near(vtr_stencil_apply(&narrower, &same, values, 8, 0, 3, false), 4, 0);
    assert_true(isnan(vtr_stencil_apply(&narrower, &same, values, 8, 0, 2, false)));
    assert_near(vtr_stencil_apply(&narrower, &same, ones, 8, 0, 3, true), 1, 1e-15);
    /* a triangle of half width 8: sum w^2 = 2/3 of 1/8 */
    assert_near(vtr_stencil_apply(&narrower, &wider, ones, 64, 0, 4, true), 2.0 / 24, 1e-3);
    vtr_stencil_release(&same);
    vtr_stencil_release(&wider);
    vtr_stencil_release(&narrower);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_maps_are_exact),
        cmocka_unit_test(variances_follow_the_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
