/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The same cristobalite-like cell in every format, and what is wrong with wrong files. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "allocation.h"
#include "support.h"
#include "vitrail/structure.h"

static const char *write_text(const char *name, const char *text)
{
    const char *path = test_folder_path(name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return path;
}

/* Si at (0, 0, 0), O at (1, 2, 4) and O at (2.5, 1, 0) in a cell of 5 x 8 x 10 Å, all along the axes. */
static const struct {
    const char *format, *text, *elements;
} box_models[] = {
    {"plain XYZ", "3\n5 8 10 a comment 7\nSi 0 0 0\nO 1 2 4\nO 2.5 1 0\n", NULL},
    {"XYZ with tabs, DOS ends and numbers for names",
     "3\r\n5\t8\t10\r\n 14\t0 0 0\r\n8 1 2 4 extra\r\n8 2.5 1 0", NULL},
    {"extended XYZ",
     "3\nProperties=id:I:1:pos:R:3:species:S:1 Lattice=\"5 0 0 0 8 0 0 0 10\" pbc=\"T T T\"\n"
     "1 0 0 0 Si\n2 1 2 4 O\n3 2.5 1 0 O\n",
     NULL},
    {"two snapshots", "3\n5 8 10\nSi 0 0 0\nO 1 2 4\nO 2.5 1 0\n3\n9 9 9\nSi 0 0 0\nO 1 1 1\nO 2 2 2\n",
     NULL},
    {"LAMMPS data with masses",
     "# comment\n\n3 atoms\n2 atom types\n-1 4 xlo xhi\n0 8 ylo yhi\n0 10 zlo zhi\n\nMasses\n\n1 15.999\n2 "
     "28.0855\n\n"
     "Atoms # full\n\n7 1 2 0.5 0 0 0 0 0 0\n9 1 1 -0.5 1 2 4 0 0 0\n3 1 1 -0.5 2.5 1 0 0 0 "
     "1\n\nVelocities\n\n1 0 0 0\n",
     NULL},
    {"LAMMPS data with elements given",
     "comment\n3 atoms\n2 atom types\n0 5 xlo xhi\n0 8 ylo yhi\n0 10 zlo zhi\n\nAtoms\n\n1 2 0 0 0\n2 1 1 2 "
     "4\n3 1 2.5 1 0\n",
     "O,Si"},
    {"LAMMPS dump",
     "ITEM: TIMESTEP\n5\nITEM: NUMBER OF ATOMS\n3\nITEM: BOX BOUNDS pp pp pp\n1 6\n0 8\n0 10\nITEM: ATOMS id "
     "type x y z vx\n"
     "2 2 0 0 0 9\n1 1 1 2 4 9\n3 1 2.5 1 0 9\nITEM: TIMESTEP\n6\n",
     "O Si"},
    {"scaled LAMMPS dump",
     "ITEM: TIMESTEP\n5\nITEM: NUMBER OF ATOMS\n3\nITEM: BOX BOUNDS pp pp pp\n0 5\n0 8\n0 10\nITEM: ATOMS "
     "element xs ys zs\n"
     "Si 0 0 0\nO 0.2 0.25 0.4\nO 0.5 0.125 0\n",
     NULL},
    {"CIF",
     "data_x\n_cell_length_a 5.000(3)\n_cell_length_b 8\n_cell_length_c 10.0\n_cell_angle_alpha "
     "90\n_cell_angle_beta 90.\n"
     "_cell_angle_gamma 90\n_space_group_IT_number 1 # P1\n_publ_text\n;\nloop_ of words\n;\n"
     "loop_\n_symmetry_equiv_pos_as_xyz\n 'x, y, "
     "z'\nloop_\n_atom_site_label\n_atom_site_fract_x\n_atom_site_fract_y\n"
     "_atom_site_fract_z\n_atom_site_occupancy\nSi1 0 0 0 1\nO1 0.2000(4) 0.25 0.4 1.0\nO2 0.5\n 0.125 0 1\n"
     "loop_\n_other\n1 2 3\n",
     NULL},
    {"POSCAR",
     "glass\n2.0\n2.5 0 0\n0 4 0\n0 0 5\nSi O_s\n1 2\nSelective dynamics\nDirect\n0 0 0 T T T\n0.2 0.25 0.4 "
     "T T F\n"
     "0.5 0.125 0 F F F\n\n0 0 0\n",
     NULL},
    {"cartesian POSCAR of VASP 4",
     "3\n-400\n1 0 0\n0 1.6 0\n0 0 2\n1 2\ncart\n0 0 0\n0.2 0.4 0.8\n0.5 0.2 0\n", "Si,O"},
};

static void every_format_reads_the_same(void **state)
{
    (void)state;
    vtr_error err;
    static const double expected[3][3] = {{0, 0, 0}, {1, 2, 4}, {2.5, 1, 0}}, box[3] = {5, 8, 10};
    for (size_t m = 0; m < sizeof box_models / sizeof *box_models; m++) {
        vtr_structure s;
        const vtr_structure_params params = {.elements = box_models[m].elements};
        print_message("%s\n", box_models[m].format);
        assert_ok(vtr_structure_read(&s, write_text("model", box_models[m].text), &params, &err));
        assert_int_equal(s.n, 3);
        assert_true(s.is_periodic);
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 3; j++) {
                assert_near(s.cell[i][j], i == j ? box[i] : 0, 1e-12);
                assert_near(s.position[i][j], expected[i][j], 1e-12);
            }
        assert_int_equal(s.number[0], 14);
        assert_int_equal(s.number[2], 8);
        assert_int_equal(s.composition.n, 2);
        assert_int_equal(s.composition.number[0], 8);
        assert_int_equal(s.n_of_element[0], 2);
        assert_near(s.composition.fraction[1], 1.0 / 3, 1e-15);
        assert_near(vtr_structure_number_density(&s), 3.0 / 400, 1e-15);
        vtr_structure_release(&s);
    }
}

/* A cell of lengths 4, 5, 6 and angles 80, 95, 110 degrees: lengths, angles and volume come back from the rows. */
static void assert_triclinic(const vtr_structure *s, double tolerance)
{
    static const double length[3] = {4, 5, 6}, angle[3] = {80, 95, 110};
    double radians = acos(-1) / 180;
    for (int i = 0; i < 3; i++) {
        const double *a = s->cell[i], *b = s->cell[(i + 1) % 3], *c = s->cell[(i + 2) % 3];
        assert_near(sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]), length[i], tolerance);
        double dot = b[0] * c[0] + b[1] * c[1] + b[2] * c[2];
        assert_near(dot / length[(i + 1) % 3] / length[(i + 2) % 3], cos(angle[i] * radians), tolerance);
    }
    double x = cos(80 * radians), y = cos(95 * radians), z = cos(110 * radians);
    assert_near(vtr_structure_volume(s), 120 * sqrt(1 - x * x - y * y - z * z + 2 * x * y * z),
                60 * tolerance);
}

static void oblique_cells_are_read(void **state)
{
    (void)state;
    vtr_error err;
    vtr_structure s;
    assert_ok(vtr_structure_read(
        &s,
        write_text("t.cif", "data_\n_cell_length_a 4\n_cell_length_b 5\n_cell_length_c 6\n"
                            "_cell_angle_alpha 80\n_cell_angle_beta 95\n_cell_angle_gamma 110\n"
                            "loop_\n_atom_site_type_symbol\n_atom_site_fract_x\n"
                            "_atom_site_fract_y\n_atom_site_fract_z\nO2- 0 0 1\n"),
        NULL, &err));
    assert_triclinic(&s, 1e-12);
    /* one c away from the origin */
    for (int i = 0; i < 3; i++)
        assert_near(s.position[0][i], s.cell[2][i], 1e-12);
    /* the same as LAMMPS writes it: its a lies along x too */
    double xy = s.cell[1][0], xz = s.cell[2][0], yz = s.cell[2][1], ly = s.cell[1][1], lz = s.cell[2][2];
    vtr_structure_release(&s);
    char text[1000];
    snprintf(text, sizeof text,
             "t\n1 atoms\n1 atom types\n0 4 xlo xhi\n1 %.10f ylo yhi\n0 %.10f zlo zhi\n%.10f %.10f %.10f xy "
             "xz yz\n\n"
             "Atoms # charge\n\n1 1 0.5 0 0 0\n",
             1 + ly, lz, xy, xz, yz);
    const vtr_structure_params fe = {.elements = "Fe"};
    assert_ok(vtr_structure_read(&s, write_text("t.data", text), &fe, &err));
    assert_triclinic(&s, 1e-9);
    vtr_structure_release(&s);
    /* a dump gives the bounds of the box around it */
    double low = fmin(fmin(0, xy), fmin(xz, xy + xz)), high = fmax(fmax(0, xy), fmax(xz, xy + xz));
    snprintf(
        text, sizeof text,
        "ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n1\nITEM: BOX BOUNDS xy xz yz pp pp pp\n%.10f %.10f %.10f\n"
        "%.10f %.10f %.10f\n0 %.10f %.10f\nITEM: ATOMS id type xs ys zs\n1 1 0 0 1\n",
        low, 4 + high, xy, fmin(0, yz), ly + fmax(0, yz), xz, lz, yz);
    assert_ok(vtr_structure_read(&s, write_text("t.dump", text), &fe, &err));
    assert_triclinic(&s, 1e-9);
    assert_near(s.position[0][0], xz, 1e-9);
    vtr_structure_release(&s);
    const vtr_structure_params given = {.cell = "4,5,6,80,95,110"};
    assert_ok(vtr_structure_read(&s, write_text("t.xyz", "1\n\nFe 9 9 9\n"), &given, &err));
    assert_triclinic(&s, 1e-12);
    vtr_structure_release(&s);
}

static void boundaries_are_the_callers(void **state)
{
    (void)state;
    vtr_error err;
    vtr_structure s;
    const char *open = write_text("open.xyz", "1\nno cell here\nFe 1 2 3\n");
    const char *closed = write_text("closed.xyz", "1\n4 4 4\nFe 1 2 3\n");
    const char *slab = write_text("slab.xyz", "1\nLattice=\"3 0 0 0 3 0 0 0 9\" pbc=\"T T F\"\nFe 1 2 3\n");
    assert_ok(vtr_structure_read(&s, open, NULL, &err));
    assert_false(s.is_periodic);
    assert_true(isnan(vtr_structure_volume(&s)));
    vtr_structure_release(&s);
    const vtr_structure_params particle = {.is_particle = true}, cell = {.cell = "7 8 9"};
    assert_ok(vtr_structure_read(&s, closed, &particle, &err));
    assert_false(s.is_periodic);
    assert_near(s.cell[0][0], 0, 0);
    vtr_structure_release(&s);
    assert_ok(vtr_structure_read(&s, closed, &cell, &err));
    assert_near(s.cell[2][2], 9, 0);
    vtr_structure_release(&s);
    assert_fails(vtr_structure_read(&s, slab, NULL, &err), VTR_ERR_FORMAT, "2 of three axes");
    assert_ok(vtr_structure_read(&s, slab, &cell, &err));
    vtr_structure_release(&s);
    const vtr_structure_params four = {.cell = "1,2,3,4"}, flat = {.cell = "4,5,6,30,30,90"},
                               odd = {.elements = "Fe,Qq"};
    assert_fails(vtr_structure_read(&s, closed, &four, &err), VTR_ERR_ARGUMENT, "--cell 1,2,3,4");
    assert_fails(vtr_structure_read(&s, closed, &flat, &err), VTR_ERR_FORMAT, "no sensible volume");
    assert_fails(vtr_structure_read(&s, closed, &odd, &err), VTR_ERR_ARGUMENT, "'Qq'");
}

static const char data_head[] =
    "c\n2 atoms\n2 atom types\n0 5 xlo xhi\n0 5 ylo yhi\n0 5 zlo zhi\n\nAtoms\n\n";
static const char dump_head[] =
    "ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n2\nITEM: BOX BOUNDS pp pp pp\n0 5\n0 5\n0 5\n";
static const char cif_head[] =
    "data_\n_cell_length_a 4\n_cell_length_b 5\n_cell_length_c 6\n_cell_angle_alpha 90\n"
    "_cell_angle_beta 90\n_cell_angle_gamma 90\n";
static const char cif_loop[] =
    "loop_\n_atom_site_label\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n";
static const char cif_partial[] =
    "loop_\n_atom_site_label\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n"
    "_atom_site_occupancy\n";

static void wrong_files_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *head, *text, *message;
    } wrong[] = {
        {"", "", "is no atomic model"},
        {"", "\x89PNG", "is no atomic model"},
        {"", "-3\n\n", "line 1: -3 is not a number"},
        {"", "2.5\n\nFe 0 0 0\nFe 1 1 1\nFe", "2.5 is not a number"},
        {"", "99999999999\n\n", "is not a number of atoms"},
        {"", "4000000\n\nFe 0 0 0\n", "line 1: 4000000 atoms are announced"},
        {"", "3\n\nFe 0.00 0.00 0.00\nFe 1.00 1.00 1.00\n", "after 2 of 3"},
        {"", "1\n\nFe 0 0 0\nFe 1 1 1\n", "line 4: more lines than the 1"},
        {"", "1\n\nXx 0 0 0\n", "line 3: 'Xx'"},
        {"", "1\n\n104 0 0 0\n", "'104'"},
        {"", "1\n\nFe 0 nan 0\n", "line 3: an atom at 0 nan 0"},
        {"", "1\n\nFe 0 inf 0\n", "an atom at 0 inf 0"},
        {"", "1\n\nFe 0 1e300 0\n", "line 3: an atom"},
        {"", "1\n\nFe 0 zero 0\n", "'zero' is no coordinate"},
        {"", "1\nLattice=\"1 2 3\"\nFe 0 0 0\n", "line 2: Lattice"},
        {"", "1\nLattice=\"1 0 0 2 0 0 0 0 1\"\nFe 0 0 0\n", "no sensible volume"},
        {"", "1\nLattice=\"nan 0 0 0 1 0 0 0 1\"\nFe 0 0 0\n", "no sensible volume"},
        {"", "1\nProperties=pos:R:3:mass:R:1\n0 0 0 1\n", "no species"},
        {"", "1\nProperties=species:S:1:pos:R:\nFe 0 0 0\n", "no species"},
        {data_head, "1 1 0 0 0\n", "1 atoms by the end, 2 announced"},
        {data_head, "1 1 0 0 0\n2 3 1 1 1\n", "line 11: which element type 3"},
        {data_head, "1 1 0 0 0\n2 two 1 1 1\n", "'two' is no type"},
        {data_head, "1 1 0 0 0\n2 1 1 1\n", "line 11: 4 columns"},
        {data_head, "1 1 0 0 0\n2 1 1 1 1\n3 1 2 2 2\n", "3 atoms by the end"},
        {dump_head, "ITEM: ATOMS id type x y z\n1 1 0 0 0\n", "1 of 2 atoms"},
        {dump_head, "ITEM: ATOMS id type x y z\n1 1 0 0 0\n1 1 1 1 1\n3 1 2 2 2\n", "more atoms"},
        {dump_head, "ITEM: ATOMS id x y z\n1 0 0 0\n", "no column type"},
        {dump_head, "ITEM: ATOMS id type vx vy vz\n1 1 0 0 0\n", "no columns x y z"},
        {dump_head, "", "ends before its atoms"},
        {"", "ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n2\nITEM: BOX BOUNDS pp pp ff\n0 5\n0 5\n0 5\n",
         "2 of three"},
        {"", "ITEM: NUMBER OF ATOMS\n2\nITEM: BOX BOUNDS pp pp pp\n0 5\n0\n0 5\n", "line 5: no bounds"},
        {cif_head, "_atom_site_fract_x", "without a value"},
        {cif_head, "loop_\n_atom_site_fract_x\n0\n", "have no y"},
        {cif_head, "loop_\n_symmetry_equiv_pos_as_xyz\nx,y,z\n-x,-y,-z\nloop_\n_atom_site_fract_x\n0\n",
         "not in P1"},
        {cif_head, "_symmetry_Int_Tables_number 225\n# _atom_site_fract_x\n", "not in P1"},
        {cif_partial, "Si 0 0 0 0.5\n# _cell_length_a", "before the whole cell"},
        {"", "1.0\n", "line 1: 1 atoms are announced"},
        {"", "POSCAR\n1\n1 0 0\n0 1 0\n0 0 1\nSi\n2\nDirect\n0 0 0\n",
         "line 9: no three coordinates where atom 2"},
        {"", "POSCAR\n1\n1 0 0\n0 1 0\n0 0 1\nSi\n2 3\nDirect\n0 0 0\n", "2 numbers of atoms for 1 elements"},
        {"", "POSCAR\n1\n1 0 0\n0 1 0\n0 0 1\n2\nDirect\n0 0 0\n0 0 0\n", "for 2 elements"},
        {"", "POSCAR\n1\n1 0 0\n0 1 0\n0 0 1\nSi\n1\nFractional\n0 0 0\n", "neither Direct"},
        {"", "POSCAR\n1\n1 0 0\n0 1 0\n0 0 1\nSi\n0\nDirect\n", "is not a number of atoms"},
        {"", "POSCAR\n1\n1 0 0\n0 1 0\n0 0 1", "ends after its cell"},
        {"", "POSCAR\n-1\n1 0 0\n1 0 0\n0 0 1\nSi\n1\nDirect\n0 0 0\n", "no sensible scale"},
    };
    vtr_error err;
    vtr_structure s = {0};
    const vtr_structure_params two = {.elements = "Cu,Zr"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[2000];
        snprintf(text, sizeof text, "%s%s", wrong[i].head, wrong[i].text);
        assert_fails(vtr_structure_read(&s, write_text("wrong", text), &two, &err), VTR_ERR_FORMAT,
                     wrong[i].message);
        test_assert_contains(err.message, "wrong'");
        assert_null(s.position);
    }
    char text[2000];
    snprintf(text, sizeof text, "%s%sSi 0 0\n", cif_head, cif_loop);
    assert_fails(vtr_structure_read(&s, write_text("wrong", text), NULL, &err), VTR_ERR_FORMAT,
                 "3 of 4 values");
    snprintf(text, sizeof text, "%s%sSi 0 0 0 0.5\n", cif_head, cif_partial);
    assert_fails(vtr_structure_read(&s, write_text("wrong", text), NULL, &err), VTR_ERR_FORMAT,
                 "occupancy 0.5");
    assert_fails(vtr_structure_read(&s, test_folder_path("none"), NULL, &err), VTR_ERR_NOT_FOUND,
                 "cannot open");
}

static vtr_status read_and_count(void *context, vtr_error *err)
{
    vtr_structure s = {0};
    vtr_pairs pairs = {0};
    const vtr_pairs_params params = {.r_max = 6, .r_step = 0.1, .threads = 1};
    vtr_status status = vtr_structure_read(&s, context, NULL, err);
    if (status == VTR_OK) status = vtr_structure_pairs(&pairs, &s, &params, err);
    vtr_pairs_release(&pairs);
    vtr_structure_release(&s);
    return status;
}

static void short_memory_is_said(void **state)
{
    (void)state;
    char path[4096];
    snprintf(path, sizeof path, "%s", write_text("model.cif", box_models[8].text));
    test_every_allocation_fails(read_and_count, path);
}

/* Every way of cutting each file short ends in VTR_OK or a sentence, never in a crash or a hang. */
static void cut_files_are_survived(void **state)
{
    (void)state;
    vtr_error err;
    for (size_t m = 0; m < sizeof box_models / sizeof *box_models; m++) {
        char text[2000];
        snprintf(text, sizeof text, "%s", box_models[m].text);
        const vtr_structure_params params = {.elements = box_models[m].elements};
        for (size_t n = strlen(text); n-- > 0;) {
            text[n] = '\0';
            vtr_structure s = {0};
            vtr_status status = vtr_structure_read(&s, write_text("cut", text), &params, &err);
            if (status == VTR_OK)
                vtr_structure_release(&s);
            else
                test_assert_contains(err.message, "cut'");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_reads_the_same), cmocka_unit_test(oblique_cells_are_read),
        cmocka_unit_test(boundaries_are_the_callers),  cmocka_unit_test(wrong_files_are_named),
        cmocka_unit_test(cut_files_are_survived),      cmocka_unit_test(short_memory_is_said),
    };
    return cmocka_run_group_tests_name("twin.structure", tests, test_folder_setup, test_folder_teardown);
}
