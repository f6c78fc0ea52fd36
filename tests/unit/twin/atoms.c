/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support.h"
#include "vitrail/atoms.h"

static const char *write_text(const char *name, const char *text)
{
    const char *path = test_folder_path(name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return path;
}

static void boxes_and_atoms_are_read(void **state)
{
    (void)state;
    vtr_error err;
    vtr_atoms atoms;
    test_folder_make();
    assert_ok(vtr_atoms_read(
        &atoms, write_text("a.xyz", "3\n 10 11 12 a glass\nZr 1 2 3\n Cu\t-1 0 12.5 7 8\nZr 9 9 9\n"), NULL,
        &err));
    assert_int_equal(atoms.n, 3);
    assert_near(atoms.box[1], 11, 0);
    /* wrapped into the box */
    assert_near(atoms.position[1][0], 9, 1e-12);
    assert_near(atoms.position[1][2], 0.5, 1e-12);
    assert_int_equal(atoms.number[1], 29);
    assert_int_equal(atoms.composition.n, 2);
    assert_int_equal(atoms.composition.number[0], 29);
    assert_near(atoms.composition.fraction[0], 1.0 / 3, 1e-12);
    vtr_atoms_release(&atoms);

    const char *lattice = "1\nLattice=\"7 0 0 0 8 1e-15 0 0 9\" pbc=\"T T T\"\nSi 1 1 1 more\n";
    assert_ok(vtr_atoms_read(&atoms, write_text("b.xyz", lattice), NULL, &err));
    assert_near(atoms.box[2], 9, 0);
    vtr_atoms_release(&atoms);

    const double given[3] = {5, 5, 5};
    assert_ok(vtr_atoms_read(&atoms, write_text("c.xyz", "1\nopen\nSi -1 1 1\n"), given, &err));
    assert_near(atoms.position[0][0], 4, 1e-12);
    vtr_atoms_release(&atoms);
    assert_ok(vtr_atoms_read(&atoms, test_folder_path("c.xyz"), NULL, &err));
    assert_near(atoms.box[0], 0, 0);
    assert_near(atoms.position[0][0], -1, 0);
    vtr_diffraction *plan = NULL;
    assert_fails(vtr_diffraction_open(&plan, &atoms, NULL, &err), VTR_ERR_ARGUMENT, "open boundaries");
    vtr_atoms_release(&atoms);
    test_folder_remove();
}

static void wrong_files_are_named(void **state)
{
    (void)state;
    vtr_error err;
    vtr_atoms atoms = {0};
    test_folder_make();
    assert_fails(vtr_atoms_read(&atoms, test_folder_path("none.xyz"), NULL, &err), VTR_ERR_NOT_FOUND,
                 "none.xyz");
    assert_fails(vtr_atoms_read(&atoms, write_text("a.xyz", "three\n"), NULL, &err), VTR_ERR_FORMAT,
                 "number of atoms");
    assert_fails(vtr_atoms_read(&atoms, write_text("b.xyz", ""), NULL, &err), VTR_ERR_FORMAT,
                 "number of atoms");
    assert_fails(vtr_atoms_read(&atoms, write_text("c.xyz", "2\n\nSi 0.00 0.00 0.00\n"), NULL, &err),
                 VTR_ERR_FORMAT, "after 1 of 2 atoms");
    assert_fails(vtr_atoms_read(&atoms, write_text("d.xyz", "1\n\nXx 0 0 0\n"), NULL, &err), VTR_ERR_FORMAT,
                 "line 3: 'Xx'");
    assert_fails(vtr_atoms_read(&atoms, write_text("e.xyz", "1\n\nSi 0 0\n"), NULL, &err), VTR_ERR_FORMAT,
                 "line 3: no element with three coordinates");
    assert_fails(vtr_atoms_read(&atoms, write_text("f.xyz", "1\nLattice=\"7 0 0 1 8 0 0 0 9\"\nSi 0 0 0\n"),
                                NULL, &err),
                 VTR_ERR_FORMAT, "not rectangular");
    assert_fails(vtr_atoms_read(&atoms, write_text("g.xyz", "99999999999\n\n"), NULL, &err), VTR_ERR_FORMAT,
                 "number of atoms");
    assert_null(atoms.position);
    test_folder_remove();
}

static void real_models_have_their_boxes(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        size_t n;
        double box;
    } models[] = {{"structures/Zr50Cu45Al5_9826.xyz", 9826, 56.108435},
                  {"structures/Zr50Cu35Al15_10000.xyz", 10000, 56.56856},
                  {"structures/SiO2_glass_3000.xyz", 3000, 35.64961}};
    vtr_error err;
    for (size_t i = 0; i < 3; i++) {
        const char *path = test_data_path(models[i].path);
        if (path == NULL) skip();
        vtr_atoms atoms;
        assert_ok(vtr_atoms_read(&atoms, path, NULL, &err));
        assert_int_equal(atoms.n, models[i].n);
        assert_near(atoms.box[0], models[i].box, 1e-4);
        vtr_atoms_release(&atoms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boxes_and_atoms_are_read),
        cmocka_unit_test(wrong_files_are_named),
        cmocka_unit_test(real_models_have_their_boxes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
