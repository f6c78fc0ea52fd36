/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../field/rings.h"
#include "beams.h"

static vtr_error err;

enum { N_Y = 30, N_X = 40, N = N_Y * N_X, REFERENCE = 10 };

static const double lens[3] = {1.02, 0.99, 0.01};
static vtr_beam_map beam, vacuum;
static vtr_ring_map rings;
static double thickness[N];

/* e1 = 0.008 along 25 degrees, e2 = -0.003; B of 0.9 T along `b_degrees`. The rows above REFERENCE are without strain.
 */
static void fill(double b_degrees, double w_error, double px_error)
{
    beams_make(&beam, N_Y, N_X, px_error);
    beams_make(&vacuum, N_Y, N_X, px_error);
    assert_ok(vtr_ring_map_init(&rings, N_Y, N_X, &err));
    for (size_t i = 0; i < N; i++) {
        double e[3] = {0}, w[3];
        if (i / N_X >= REFERENCE) rings_tensor(e, 0.008, -0.003, 25);
        rings_w(w, e, lens);
        rings_put(&rings, i / N_X, i % N_X, w, w_error);
        beams_deflect(&beam, i, 90 * cos(b_degrees * VTR_RADIANS_PER_DEGREE),
                      90 * sin(b_degrees * VTR_RADIANS_PER_DEGREE));
        thickness[i] = 100;
    }
    rings.scan_rotation_degrees = 0;
}

static void release(void)
{
    vtr_beam_map_release(&beam);
    vtr_beam_map_release(&vacuum);
    vtr_ring_map_release(&rings);
}

static vtr_field_params strain_params(void)
{
    vtr_field_params p = vtr_field_default_params();
    p.reference = (vtr_box){0, REFERENCE, 0, N_X};
    p.axis_degrees = 40; /* must not matter: B is in the scan's frame */
    return p;
}

static void compute(vtr_magnetic *m, const vtr_magnetic_params *params)
{
    const vtr_magnetic_input input = {&beam, &vacuum, NULL, thickness};
    vtr_field_params strain = strain_params();
    assert_ok(vtr_magnetic_compute(m, &input, params, &err));
    assert_ok(vtr_magnetic_add_strain(m, &rings, &strain, &err));
}

static vtr_magnetic_params iron(void)
{
    vtr_magnetic_params params = vtr_magnetic_default_params();
    params.young_gpa = 140;
    params.poisson = 0.3;
    params.magnetostriction_ppm = 25;
    return params;
}

/* Principal stresses of plane stress by hand: Y/(1 - nu^2) (e1 + nu e2) = 1.0923e9 and (e2 + nu e1) = -0.0923e9 Pa. */
static const double sigma1 = 140e9 / 0.91 * (0.008 - 0.3 * 0.003),
                    sigma2 = 140e9 / 0.91 * (-0.003 + 0.3 * 0.008);

/* For B at every angle: the acute angle to e1, the stresses, and E = -(3/2) lambda_s (sigma1 cos^2 + sigma2 sin^2). */
static void angle_stress_and_energy(void **state)
{
    (void)state;
    vtr_magnetic_params params = iron();
    static const double turns[][2] = {{25, 0},   {60, 35}, {115, 90}, {-170, 15},
                                      {-40, 65}, {205, 0}, {-65, 90}};
    for (size_t k = 0; k < sizeof turns / sizeof *turns; k++) {
        vtr_magnetic m;
        fill(turns[k][0], 1e-5, 1e-4);
        compute(&m, &params);
        size_t i = N - 7;
        double c = cos(turns[k][1] * VTR_RADIANS_PER_DEGREE), s = sin(turns[k][1] * VTR_RADIANS_PER_DEGREE);
        assert_near(beams_find(&m, "angle_to_strain")->values[i], turns[k][1], 0.01);
        assert_near(beams_find(&m, "sigma1")->values[i] / sigma1, 1, 1e-5);
        assert_near(beams_find(&m, "sigma2")->values[i] / sigma2, 1, 1e-4);
        double energy = -1.5 * 25e-6 * (sigma1 * c * c + sigma2 * s * s);
        assert_near(beams_find(&m, "energy")->values[i], energy, 1e-4 * 1.5 * 25e-6 * sigma1);
        assert_near(beams_find(&m, "sigma1")->values[3], 0, 1e3);
        vtr_magnetic_release(&m);
        release();
    }
}

/* Where B lies is counted: every position at 35 degrees and at the one deviatoric strain, 0.0055. */
static void positions_are_counted(void **state)
{
    (void)state;
    vtr_magnetic m;
    vtr_magnetic_params params = iron();
    fill(62, 1e-9, 1e-6);
    compute(&m, &params);
    assert_int_equal(m.statistics.n, N);
    assert_near(m.statistics.strain_top, 0.0055, 1e-6);
    assert_true(m.statistics.angle_count[7] >= N - REFERENCE * N_X); /* 35 to 40 degrees */
    double joint = 0;
    for (size_t a = 0; a < VTR_MAGNETIC_ANGLES; a++)
        joint += m.statistics.joint[VTR_MAGNETIC_STRAINS - 1][a];
    assert_near(joint, N - REFERENCE * N_X, 0);
    vtr_magnetic_release(&m);
    release();
}

/* Noise of rings and beams together: pulls of angle, stresses and energy. Errors are those of a good recording, a
 * strain of 0.02 % and a direction of B to 4 degrees, at an angle where the energy depends on both. The reference
 * region is common to a map's positions: 25 maps, each with its own noise, keep the mean of the pulls near 0. */
static void error_bars_are_true(void **state)
{
    (void)state;
    enum { MAPS = 25 };
    static const char *const names[] = {"angle_to_strain", "sigma1", "sigma2", "energy"};
    double c = cos(35 * VTR_RADIANS_PER_DEGREE), s = sin(35 * VTR_RADIANS_PER_DEGREE);
    const double truth[] = {35, sigma1, sigma2, -1.5 * 25e-6 * (sigma1 * c * c + sigma2 * s * s)};
    beams_pulls pulls[4] = {0};
    vtr_magnetic_params params = iron();
    vtr_random random;
    vtr_random_start(&random, 21, 0);
    for (int k = 0; k < MAPS; k++) {
        vtr_magnetic m;
        fill(60, 2e-4, 1.0);
        for (size_t i = 0; i < N; i++) {
            double *w = rings.ellipse + 5 * i + 2;
            w[0] += 2e-4 * vtr_random_normal(&random);
            w[1] += 2e-4 * vtr_random_normal(&random);
            w[2] += 2e-4 / sqrt(2) * vtr_random_normal(&random);
        }
        beams_noise(&beam, &random);
        beams_noise(&vacuum, &random);
        compute(&m, &params);
        for (size_t q = 0; q < 4; q++) {
            const vtr_field_map *map = beams_find(&m, names[q]);
            for (size_t i = REFERENCE * N_X; i < N; i++)
                beams_pull(&pulls[q], map->values[i], map->errors[i], truth[q]);
        }
        vtr_magnetic_release(&m);
        release();
    }
    /* 20000 pulls: 0.028; the reference's error, 1/20 of a position's, is common to each map: 0.05/5 more */
    for (size_t q = 0; q < 4; q++)
        beams_check_pulls(&pulls[q], 0.04, __LINE__);
}

/* Where B has no direction, the energy's error is bounded by what turning it round does: sqrt(1/2) of the deviatoric
 * part. */
static void no_direction_no_infinite_error(void **state)
{
    (void)state;
    vtr_magnetic m;
    vtr_magnetic_params params = iron();
    fill(60, 1e-6, 1e4);
    compute(&m, &params);
    double deviatoric = 1.5 * 25e-6 * 0.5 * (sigma1 - sigma2);
    assert_near(beams_find(&m, "energy")->errors[N - 1], deviatoric / sqrt(2), 0.02 * deviatoric);
    assert_true(beams_find(&m, "angle_to_strain")->errors[N - 1] < 26.1);
    vtr_magnetic_release(&m);
    release();
}

static void rings_of_another_scan_are_refused(void **state)
{
    (void)state;
    vtr_magnetic m;
    vtr_ring_map other;
    vtr_field_params strain = strain_params();
    fill(60, 1e-6, 0.01);
    const vtr_magnetic_input input = {&beam, &vacuum, NULL, thickness};
    assert_ok(vtr_magnetic_compute(&m, &input, NULL, &err));
    assert_ok(vtr_ring_map_init(&other, 4, 4, &err));
    assert_fails(vtr_magnetic_add_strain(&m, &other, &strain, &err), VTR_ERR_SHAPE, "4 x 4");
    assert_ok(vtr_magnetic_add_strain(&m, &rings, &strain, &err));
    assert_null(vtr_magnetic_find(&m, "energy"));
    m.params.young_gpa = 100;
    assert_fails(vtr_magnetic_add_strain(&m, &rings, &strain, &err), VTR_ERR_ARGUMENT, "needed together");
    assert_non_null(vtr_magnetic_find(&m, "angle_to_strain"));
    vtr_ring_map_release(&other);
    vtr_magnetic_release(&m);
    release();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(angle_stress_and_energy),
        cmocka_unit_test(positions_are_counted),
        cmocka_unit_test(error_bars_are_true),
        cmocka_unit_test(no_direction_no_infinite_error),
        cmocka_unit_test(rings_of_another_scan_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
