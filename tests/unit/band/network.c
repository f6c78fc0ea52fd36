/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>

#include "scene.h"
#include "vitrail/bands.h"

/* The specimen `network` in its three states, as strain with the noise of 1e5 electrons a pattern. */
enum { STATES = 3, POINTS = 64 };

typedef struct pulls {
    double n, density, strain, length;
} pulls;

static void add_pull(double *squares, double off, double error, double most)
{
    assert_true(error > 0);
    assert_near(off, 0, most * error);
    *squares += off * off / (error * error);
}

/* Every point of the truth is found, as what it is. A branch that leaves its parent within some steps of another band may look
 * like a crossing, and the other way round: the kinds are counted, not compared one by one. */
static void check_points(const vtr_bands *bands, const vtr_twin *twin)
{
    vtr_twin_point truth[POINTS];
    size_t n = vtr_twin_points(twin, truth, POINTS), n_branches = 0, n_found = 0;
    assert_int_equal(bands->n_points, n);
    for (size_t k = 0; k < n; k++) {
        double least = INFINITY;
        n_branches += truth[k].is_branch;
        n_found += bands->points[k].is_branch;
        for (size_t p = 0; p < n; p++) {
            const vtr_band_point *got = &bands->points[p];
            double y = (got->y_nm - truth[k].y_nm) / got->y_error_nm,
                   x = (got->x_nm - truth[k].x_nm) / got->x_error_nm;
            least = fmin(least, hypot(y, x));
        }
        assert_true(least < 5); /* of some 40 places, two coordinates each */
    }
    assert_int_equal(n_branches, n_found);
}

/* Density, spread and length of the matrix within three of their errors (length within four: of 12 maps), and no band missed or
 * invented. */
static void check_state(double found[3], pulls *p, int network, int annealing, size_t seed)
{
    scene s;
    vtr_error err;
    vtr_bands *bands = malloc(sizeof *bands);
    const vtr_twin_band *list;
    vtr_twin_params params = vtr_twin_default_params();
    params.pattern[0] = params.pattern[1] = 8;
    params.contrast = 0;
    params.annealing = annealing;
    params.network = network;
    params.seed = seed;
    assert_ok(scene_make(&s, "network", &params, 1, seed + 10, &err));
    assert_ok(vtr_bands_find(bands, &s.maps, NULL, 0, NULL, &err));
    assert_int_equal(bands->n, vtr_twin_bands(s.twin, &list));
    static const double strain[STATES] = {1.2e-3, 0.9e-3, 0.6e-3}, length[STATES] = {20, 24, 28};
    const vtr_bands_matrix *m = &bands->matrix;
    add_pull(&p->density, bands->density_inv_nm - vtr_twin_band_density(s.twin), bands->density_error_inv_nm,
             3);
    add_pull(&p->strain, m->strain - strain[annealing], m->strain_error, 3);
    add_pull(&p->length, m->length_nm - length[annealing], m->length_error_nm, 4);
    p->n++;
    assert_int_equal(m->power, 2);
    check_points(bands, s.twin);
    found[0] = bands->density_inv_nm;
    found[1] = m->strain;
    found[2] = m->length_nm;
    scene_release(&s);
    free(bands);
}

static void states_are_told_apart(void **state)
{
    (void)state;
    pulls p = {0};
    for (size_t seed = 1; seed <= 2; seed++)
        for (int network = 0; network < 2; network++) {
            double found[STATES][3];
            for (int a = 0; a < STATES; a++)
                check_state(found[a], &p, network, a, seed);
            for (int a = 1; a < STATES; a++) {
                assert_true(found[a][0] < found[a - 1][0]);
                assert_true(found[a][1] < found[a - 1][1]);
                assert_true(found[a][2] > found[a - 1][2]);
            }
        }
    print_message("pulls: density %.2f, strain %.2f, length %.2f\n", sqrt(p.density / p.n),
                  sqrt(p.strain / p.n), sqrt(p.length / p.n));
    /* 12 of them, not independent: states of a seed share their random numbers; 0.2 is the error of 12 */
    assert_near(sqrt(p.density / p.n), 1, 0.6);
    assert_near(sqrt(p.strain / p.n), 1, 0.6);
    assert_near(sqrt(p.length / p.n), 1, 0.6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(states_are_told_apart)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
