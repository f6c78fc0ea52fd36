/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "field/field_internal.h"
#include "rings.h"
#include "support.h"

static vtr_sym2 random_tensor(vtr_random *random, double scale)
{
    return (vtr_sym2){1 + scale * vtr_random_normal(random), 1 + scale * vtr_random_normal(random),
                      scale * vtr_random_normal(random)};
}

static void assert_same(vtr_sym2 a, vtr_sym2 b)
{
    assert_near(a.xx, b.xx, 1e-13);
    assert_near(a.yy, b.yy, 1e-13);
    assert_near(a.xy, b.xy, 1e-13);
}

static void roots_inverses_and_products(void **state)
{
    (void)state;
    vtr_random random;
    vtr_random_start(&random, 1, 0);
    for (int i = 0; i < 200; i++) {
        vtr_sym2 a = random_tensor(&random, 0.1), b = random_tensor(&random, 0.5),
                 c = random_tensor(&random, 0.5);
        vtr_sym2 root = vtr_sym2_root(a);
        assert_same(vtr_sym2_square(root), a);
        assert_true(root.xx > 0 && vtr_sym2_determinant(root) > 0);
        assert_same(vtr_sym2_sandwich(a, vtr_sym2_inverse(a)), a);
        assert_same(vtr_sym2_anticommutator(a, vtr_sym2_sylvester(a, b)), b);
        /* a b c + c b a with b = I is the anticommutator; with a = c twice the sandwich. */
        assert_same(vtr_sym2_triple(a, (vtr_sym2){1, 1, 0}, c), vtr_sym2_anticommutator(a, c));
        vtr_sym2 twice = vtr_sym2_sandwich(a, b);
        assert_same(vtr_sym2_triple(a, b, a), (vtr_sym2){2 * twice.xx, 2 * twice.yy, 2 * twice.xy});
    }
}

static void turning_by_ninety_degrees_swaps(void **state)
{
    (void)state;
    const double q[2][2] = {{0, -1}, {1, 0}};
    vtr_sym2 a = vtr_sym2_turn((vtr_sym2){1, 2, 3}, q);
    assert_same(a, (vtr_sym2){2, 1, -3});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_inverses_and_products),
        cmocka_unit_test(turning_by_ninety_degrees_swaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
