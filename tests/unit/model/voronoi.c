/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cells of crystals and of an icosahedron, whose faces are known; volumes that fill the cell; a model of a metallic glass. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_internal.h"
#include "crystals.h"
#include "vitrail/local_structure.h"

static vtr_error err;

static vtr_voronoi_cell *cells_of(const vtr_structure *s, double smallest_face, int threads)
{
    vtr_voronoi_cell *cells = vtr_calloc(s->n, sizeof *cells);
    assert_non_null(cells);
    assert_ok(vtr_voronoi_cells(cells, s, smallest_face, threads, &err));
    return cells;
}

static bool is_index(const vtr_voronoi_cell *c, unsigned n3, unsigned n4, unsigned n5, unsigned n6)
{
    return !c->is_open && c->faces[3] == n3 && c->faces[4] == n4 && c->faces[5] == n5 && c->faces[6] == n6 &&
           c->n_faces == n3 + n4 + n5 + n6;
}

/* Rhombic dodecahedra, truncated octahedra, trapezo-rhombic dodecahedra, whose edges, areas and volumes are in closed form; in cells
 * smaller than the reach of their neighbours, too. */
static void perfect_crystals(void **state)
{
    (void)state;
    for (size_t n = 1; n < 5; n++) {
        vtr_structure fcc = crystal_fcc(n, 0), bcc = crystal_bcc(n, 0), hcp = crystal_hcp(n, 0);
        vtr_voronoi_cell *f = cells_of(&fcc, 0, 1), *b = cells_of(&bcc, 0, 1), *h = cells_of(&hcp, 0, 1);
        double nearest = 3.6 / sqrt(2);
        for (size_t i = 0; i < fcc.n; i++) {
            assert_true(is_index(&f[i], 0, 12, 0, 0));
            assert_near(f[i].volume_angstrom3, pow(3.6, 3) / 4, 1e-9);
            assert_near(f[i].surface_angstrom2, 12 * nearest * nearest / (2 * sqrt(2)), 1e-9);
        }
        for (size_t i = 0; i < bcc.n; i++) {
            assert_true(is_index(&b[i], 0, 6, 0, 8));
            assert_near(b[i].volume_angstrom3, pow(2.87, 3) / 2, 1e-9);
            /* six squares and eight hexagons of edge a/(2 sqrt 2) */
            assert_near(b[i].surface_angstrom2, (6 + 12 * sqrt(3)) * 2.87 * 2.87 / 8, 1e-9);
        }
        for (size_t i = 0; i < hcp.n; i++) {
            assert_true(is_index(&h[i], 0, 12, 0, 0));
            assert_near(h[i].volume_angstrom3, pow(2.6, 3) / sqrt(2), 1e-9);
        }
        vtr_free(f);
        vtr_free(b);
        vtr_free(h);
        vtr_structure_release(&fcc);
        vtr_structure_release(&bcc);
        vtr_structure_release(&hcp);
    }
}

/* Noise takes corners where four edges meet apart, into small faces; without those that are below 2 % of the surface a crystal has
 * its neighbours back. bcc keeps all faces: its corners have three edges. */
static void crystals_with_noise(void **state)
{
    (void)state;
    vtr_structure fcc = crystal_fcc(6, 0.05), bcc = crystal_bcc(8, 0.03);
    vtr_voronoi_cell *all = cells_of(&fcc, 0, 0), *large = cells_of(&fcc, 0.02, 0), *b = cells_of(&bcc, 0, 0);
    size_t more = 0, twelve = 0;
    for (size_t i = 0; i < fcc.n; i++) {
        more += all[i].n_faces > 12;
        twelve += large[i].n_faces == 12;
        assert_near(all[i].volume_angstrom3, large[i].volume_angstrom3, 0);
    }
    assert_true(more > fcc.n / 2);
    assert_true(twelve > 0.99 * (double)fcc.n);
    for (size_t i = 0; i < bcc.n; i++)
        assert_true(is_index(&b[i], 0, 6, 0, 8));
    vtr_free(all);
    vtr_free(large);
    vtr_free(b);
    vtr_structure_release(&fcc);
    vtr_structure_release(&bcc);
}

static void an_icosahedron(void **state)
{
    (void)state;
    vtr_structure s = crystal_icosahedron();
    vtr_voronoi_cell *cells = cells_of(&s, 0, 1);
    assert_true(is_index(&cells[0], 0, 0, 12, 0));
    /* a dodecahedron about a sphere of 1.25 Å: V = 5.55029 r^3 */
    assert_near(cells[0].volume_angstrom3, 5.5502915 * pow(1.25, 3), 1e-5);
    for (size_t i = 1; i < s.n; i++) {
        assert_true(cells[i].is_open);
        assert_true(isnan(cells[i].volume_angstrom3));
    }
    vtr_free(cells);
    vtr_structure_release(&s);
}

/* Turned, shifted and stretched along with its cell into a triclinic one, a bcc crystal with noise has the same faces (turned), and
 * fills its cell; the same for any number of threads. */
static void invariances(void **state)
{
    (void)state;
    double c = cos(0.3), s = sin(0.3);
    const double turn[3][3] = {{c, -s, 0}, {s, c, 0}, {0, 0, 1}},
                 shear[3][3] = {{1, 0.2, 0}, {0, 1.1, -0.3}, {0, 0, 0.9}};
    vtr_structure from = crystal_bcc(5, 0.2), turned = crystal_deformed(&from, turn),
                  sheared = crystal_deformed(&from, shear);
    for (size_t i = 0; i < turned.n; i++)
        turned.position[i][0] += 77;
    vtr_voronoi_cell *a = cells_of(&from, 0, 1), *b = cells_of(&turned, 0, 2), *d = cells_of(&sheared, 0, 2);
    double volume = 0;
    for (size_t i = 0; i < from.n; i++) {
        assert_memory_equal(a[i].faces, b[i].faces, sizeof a[i].faces);
        assert_near(a[i].volume_angstrom3, b[i].volume_angstrom3, 1e-8);
        volume += d[i].volume_angstrom3;
    }
    assert_near(volume, vtr_structure_volume(&sheared), 1e-6);
    vtr_free(a);
    vtr_free(b);
    vtr_free(d);
    vtr_structure_release(&from);
    vtr_structure_release(&turned);
    vtr_structure_release(&sheared);
}

/* CuZr as simulated: cells fill the box, every face is shared by two (their number is even), zirconium has the larger cells and more
 * neighbours, and Euler's rule holds for cells whose corners have three edges: sum (6 - edges) over the faces is 12. */
static void a_metallic_glass(void **state)
{
    (void)state;
    vtr_structure s;
    const char *path = test_data_path("structures/init_config_Cu64.5Zr35.5_1.0e+10.lammps");
    if (path == NULL) skip();
    assert_ok(vtr_structure_read(&s, path, &(vtr_structure_params){.elements = "Cu,Zr"}, &err));
    vtr_voronoi_cell *cells = cells_of(&s, 0, 0);
    double volume = 0, faces[2] = {0}, of[2] = {0}, n[2] = {0};
    unsigned long all = 0;
    for (size_t i = 0; i < s.n; i++) {
        size_t kind = s.number[i] == 40;
        int rule = 0;
        for (int k = 3; k < VTR_VORONOI_EDGES; k++)
            rule += (6 - k) * (int)cells[i].faces[k];
        assert_int_equal(rule, 12);
        volume += cells[i].volume_angstrom3;
        of[kind] += cells[i].volume_angstrom3;
        faces[kind] += cells[i].n_faces;
        n[kind]++;
        all += cells[i].n_faces;
    }
    print_message("Cu: %.2f faces, %.2f Å^3; Zr: %.2f, %.2f\n", faces[0] / n[0], of[0] / n[0],
                  faces[1] / n[1], of[1] / n[1]);
    assert_near(volume / vtr_structure_volume(&s), 1, 1e-9);
    assert_int_equal(all % 2, 0);
    assert_true(faces[1] / n[1] > faces[0] / n[0] + 2);
    assert_true(of[1] / n[1] > 1.1 * of[0] / n[0]);
    vtr_free(cells);
    vtr_structure_release(&s);
}

static void what_has_no_cells(void **state)
{
    (void)state;
    vtr_structure s = crystal_fcc(2, 0);
    vtr_voronoi_cell cells[32];
    memcpy(s.position[5], s.position[9], sizeof *s.position);
    assert_fails(vtr_voronoi_cells(cells, &s, 0, 1, &err), VTR_ERR_NO_DATA, "atoms 6 and 10");
    s.is_periodic = false; /* of a plane of atoms no cell is closed */
    for (size_t i = 0; i < s.n; i++) {
        s.position[i][0] = (double)(i % 6);
        s.position[i][1] = (double)(i / 6);
        s.position[i][2] = 0;
    }
    assert_ok(vtr_voronoi_cells(cells, &s, 0, 1, &err));
    for (size_t i = 0; i < s.n; i++)
        assert_true(cells[i].is_open);
    vtr_structure_release(&s);
}

/* Right angles, and those of 60 and 120 degrees, in the shares of the cuboctahedron: of 66 pairs 24, 12, 24 and 6. */
static void angles_of_fcc(void **state)
{
    (void)state;
    enum { BINS = 36 };
    vtr_structure s = crystal_fcc(4, 0);
    double density[BINS];
    size_t n;
    assert_ok(vtr_bond_angles(density, BINS, &n, &s, 3, 2, &err));
    assert_int_equal(n, 66 * s.n);
    const double at[] = {60, 90, 120, 180}, share[] = {24. / 66, 12. / 66, 24. / 66, 6. / 66};
    for (int k = 0; k < 4; k++) { /* on the edge of two bins */
        size_t bin = (size_t)(at[k] / 5);
        assert_near((density[bin - 1] + (bin < BINS ? density[bin] : 0)) * 5, share[k], 1e-12);
    }
    vtr_structure_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(perfect_crystals), cmocka_unit_test(crystals_with_noise),
        cmocka_unit_test(an_icosahedron),   cmocka_unit_test(invariances),
        cmocka_unit_test(a_metallic_glass), cmocka_unit_test(what_has_no_cells),
        cmocka_unit_test(angles_of_fcc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
