/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How neighbours move: affine strain leaves nothing, whatever the crystal; one atom that jumps is seen where it is. */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "crystals.h"
#include "vitrail/local_structure.h"

static vtr_error err;
enum { N = 500 };
static vtr_local_deformation out[N];

/* (J^T J - 1)/2 of J itself; D2min 0; through the boundaries of a cell that shears and of atoms that were wrapped into it. */
static void affine_strain_leaves_nothing(void **state)
{
    (void)state;
    const double j[3][3] = {{1.02, 0.03, 0}, {-0.01, 0.97, 0.02}, {0.015, 0, 1.01}};
    static const int rows[6] = {0, 1, 2, 1, 0, 0}, columns[6] = {0, 1, 2, 2, 2, 1};
    vtr_structure before = crystal_fcc(5, 0.1), after = crystal_deformed(&before, j);
    assert_int_equal(before.n, N);
    for (size_t i = 0; i < N; i += 3) /* the same place, one cell further */
        for (int k = 0; k < 3; k++)
            after.position[i][k] += after.cell[i % 3 == 0 ? 1 : 2][k] - after.cell[0][k];
    assert_ok(vtr_local_deformations(out, &before, &after, 4, 2, &err));
    for (size_t i = 0; i < N; i++) {
        assert_true(out[i].n_neighbours > 10);
        assert_near(out[i].d2min_angstrom2, 0, 1e-20);
        for (int k = 0; k < 6; k++) {
            double e = rows[k] == columns[k] ? -0.5 : 0;
            for (int m = 0; m < 3; m++)
                e += 0.5 * j[m][rows[k]] * j[m][columns[k]];
            assert_near(out[i].strain[k], e, 1e-12);
        }
    }
    vtr_structure_release(&before);
    vtr_structure_release(&after);
}

/* A turn is no strain; simple shear by g has the shear g/2 to first order, as Green's strain xy. */
static void turns_and_shears(void **state)
{
    (void)state;
    double c = cos(1.1), s = sin(1.1);
    const double turn[3][3] = {{c, -s, 0}, {s, c, 0}, {0, 0, 1}},
                 shear[3][3] = {{1, 1e-3, 0}, {0, 1, 0}, {0, 0, 1}};
    vtr_structure before = crystal_fcc(5, 0), turned = crystal_deformed(&before, turn),
                  sheared = crystal_deformed(&before, shear);
    assert_ok(vtr_local_deformations(out, &before, &turned, 3, 1, &err));
    for (size_t i = 0; i < N; i++) {
        assert_near(out[i].shear, 0, 1e-12);
        assert_near(out[i].d2min_angstrom2, 0, 1e-20);
    }
    assert_ok(vtr_local_deformations(out, &before, &sheared, 3, 1, &err));
    assert_near(out[7].strain[5], 5e-4, 1e-12);
    assert_near(out[7].shear, 5e-4, 1e-6);
    vtr_structure_release(&before);
    vtr_structure_release(&turned);
    vtr_structure_release(&sheared);
}

/* The atom that moves by u has D2min u^2 less what a gradient can follow, nothing here by symmetry: 12 vectors shift alike. Each
 * of its neighbours sees one of twelve move; far away there is nothing. */
static void an_atom_that_jumps(void **state)
{
    (void)state;
    const double unity[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    vtr_structure before = crystal_fcc(5, 0), after = crystal_deformed(&before, unity);
    after.position[200][0] += 0.5;
    assert_ok(vtr_local_deformations(out, &before, &after, 3, 2, &err));
    assert_near(out[200].d2min_angstrom2, 0.25, 1e-12);
    size_t n_touched = 0;
    for (size_t i = 0; i < N; i++) {
        n_touched += out[i].d2min_angstrom2 > 1e-12;
        /* the least squares with sum before before^T = 4 a^2/... of fcc take 1/4 of a single vector's move */
        if (i != 200 && out[i].d2min_angstrom2 > 1e-12)
            assert_near(out[i].d2min_angstrom2, 0.25 / 12 * (1 - 0.25), 1e-12);
    }
    assert_int_equal(n_touched, 13);
    vtr_structure_release(&before);
    vtr_structure_release(&after);
}

static void what_cannot_be_compared(void **state)
{
    (void)state;
    vtr_structure five = crystal_fcc(5, 0), two = crystal_fcc(2, 0), other = crystal_fcc(5, 0);
    assert_fails(vtr_local_deformations(out, &five, &two, 3, 1, &err), VTR_ERR_SHAPE,
                 "500 atoms before and 32");
    other.number[3] = 40;
    assert_fails(vtr_local_deformations(out, &five, &other, 3, 1, &err), VTR_ERR_SHAPE, "atom 4");
    assert_ok(vtr_local_deformations(out, &five, &five, 1, 1, &err)); /* no neighbours */
    assert_true(isnan(out[0].d2min_angstrom2) && isnan(out[0].strain[0]));
    vtr_structure_release(&five);
    vtr_structure_release(&two);
    vtr_structure_release(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(affine_strain_leaves_nothing),
        cmocka_unit_test(turns_and_shears),
        cmocka_unit_test(an_atom_that_jumps),
        cmocka_unit_test(what_cannot_be_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
