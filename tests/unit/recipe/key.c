/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "support.h"
#include "vitrail/recipe.h"

static void slips_of_the_hand_count_one(void **state)
{
    (void)state;
    assert_int_equal(vtr_recipe_key_distance("ring", "ring"), 0);
    assert_int_equal(vtr_recipe_key_distance("rnig", "ring"), 1);
    assert_int_equal(vtr_recipe_key_distance("rings", "ring"), 1);
    assert_int_equal(vtr_recipe_key_distance("rin", "ring"), 1);
    assert_int_equal(vtr_recipe_key_distance("rong", "ring"), 1);
    assert_int_equal(vtr_recipe_key_distance("Scan_Rotation", "scan-rotation"), 0);
}

/* Distances that books give, and what a distance has to obey: zero only for the same, symmetric. */
static void known_distances(void **state)
{
    (void)state;
    assert_int_equal(vtr_recipe_key_distance("kitten", "sitting"), 3);
    assert_int_equal(vtr_recipe_key_distance("sitting", "kitten"), 3);
    assert_int_equal(vtr_recipe_key_distance("ca", "abc"),
                     3); /* 2 if letters between swapped ones were free */
    assert_int_equal(vtr_recipe_key_distance("", "abc"), 3);
    assert_int_equal(vtr_recipe_key_distance("abc", ""), 3);
    assert_int_equal(vtr_recipe_key_distance("", ""), 0);
}

static void long_keys_are_far_from_everything(void **state)
{
    (void)state;
    char longest[65];
    memset(longest, 'a', 64);
    longest[64] = '\0';
    assert_int_equal(vtr_recipe_key_distance(longest, longest), 64);
    longest[63] = '\0';
    assert_int_equal(vtr_recipe_key_distance(longest, longest), 0);
    assert_int_equal(vtr_recipe_key_distance(longest, ""), 63);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slips_of_the_hand_count_one),
        cmocka_unit_test(known_distances),
        cmocka_unit_test(long_keys_are_far_from_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
