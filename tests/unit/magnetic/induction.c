/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "beams.h"

static vtr_error err;

enum { N_Y = 40, N_X = 48, N = N_Y * N_X };

static vtr_beam_map beam, vacuum;
static double thickness[N];

static int setup(void **state)
{
    (void)state;
    beams_make(&beam, N_Y, N_X, 0.02);
    beams_make(&vacuum, N_Y, N_X, 0.01);
    for (size_t i = 0; i < N; i++)
        thickness[i] = 100;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    vtr_beam_map_release(&beam);
    vtr_beam_map_release(&vacuum);
    return 0;
}

/* Path of the beam by descan, in px, over a field of -1 to 1. */
static void add_descan(vtr_beam_map *map, double bow)
{
    for (size_t i = 0; i < map->n_y * map->n_x; i++) {
        double u = 2 * ((double)(i % map->n_x) + 0.5) / (double)map->n_x - 1;
        double v = 2 * ((double)(i / map->n_x) + 0.5) / (double)map->n_y - 1;
        map->x_px[i] += 3 * u - v + bow * (u * u + v * v);
        map->y_px[i] += 0.5 * u + 2 * v + 0.5 * bow * u * v;
    }
}

static void deflect_all(double btx, double bty)
{
    for (size_t i = 0; i < N; i++)
        beams_deflect(&beam, i, btx, bty);
}

/* A vacuum in quite other steps: its linear path is taken out exactly, its bow to what steps of 1/6 of the field leave
 * between them: 0.5 px (1/2)(1/6)^2 ... 0.014 px at most, 0.03 microrad or 0.06 T nm. */
static void a_vacuum_of_another_size_takes_descan_out(void **state)
{
    (void)state;
    vtr_beam_map coarse;
    vtr_magnetic m;
    beams_make(&coarse, 11, 13, 0.01);
    add_descan(&beam, 0);
    add_descan(&coarse, 0);
    deflect_all(30, -50);
    const vtr_magnetic_input input = {&beam, &coarse, NULL, thickness};
    assert_ok(vtr_magnetic_compute(&m, &input, NULL, &err));
    for (size_t i = 0; i < N; i++) {
        assert_near(beams_find(&m, "Bx")->values[i], 0.3, 1e-5);
        assert_near(beams_find(&m, "By")->values[i], -0.5, 1e-5);
        assert_near(beams_find(&m, "B")->values[i], hypot(0.3, 0.5), 1e-5);
        assert_near(beams_find(&m, "B_angle")->values[i], atan2(-0.5, 0.3) / VTR_RADIANS_PER_DEGREE, 1e-3);
    }
    assert_int_equal(m.surface.n_coefficients, 0);
    vtr_magnetic_release(&m);
    vtr_beam_map_release(&coarse);
}

/* A lens distortion W maps a deflection of d to W^-1 d on the detector; lambda k W takes it back. */
static void distortion_is_taken_out(void **state)
{
    (void)state;
    const double w[3] = {1.04, 0.97, 0.05}, det = w[0] * w[1] - w[2] * w[2];
    vtr_magnetic m;
    memcpy(beam.w, w, sizeof w);
    double px = beams_rad_per_t_nm(300) * 40 / beams_rad_per_px(&beam);
    for (size_t i = 0; i < N; i++) { /* By of 40 T nm deflects along +x */
        beam.x_px[i] += px * w[1] / det;
        beam.y_px[i] -= px * w[2] / det;
    }
    const vtr_magnetic_input input = {&beam, &vacuum, NULL, thickness};
    assert_ok(vtr_magnetic_compute(&m, &input, NULL, &err));
    assert_near(beams_find(&m, "By")->values[5], 0.4, 1e-5);
    assert_near(beams_find(&m, "Bx")->values[5], 0, 1e-5);
    vtr_magnetic_release(&m);
}

/* Without a thickness B t in T nm, and it says so; a thickness that is not known somewhere leaves B open there only. */
static void thickness_is_optional(void **state)
{
    (void)state;
    vtr_magnetic m;
    deflect_all(10, 20);
    const vtr_magnetic_input without = {&beam, &vacuum, NULL, NULL};
    assert_ok(vtr_magnetic_compute(&m, &without, NULL, &err));
    assert_near(beams_find(&m, "Btx")->values[3], 10, 1e-3);
    assert_string_equal(beams_find(&m, "Bty")->unit, "T nm");
    assert_null(vtr_magnetic_find(&m, "Bx"));
    test_assert_contains(m.notes[0], "times thickness");
    vtr_magnetic_release(&m);
    thickness[7] = 0;
    thickness[8] = 50;
    const vtr_magnetic_input with = {&beam, &vacuum, NULL, thickness};
    vtr_magnetic_params params = vtr_magnetic_default_params();
    params.thickness_error_nm = 5;
    assert_ok(vtr_magnetic_compute(&m, &with, &params, &err));
    assert_true(isnan(beams_find(&m, "Bx")->values[7]));
    assert_near(beams_find(&m, "deflection_x")->values[7], 20 * beams_rad_per_t_nm(300), 1e-9);
    assert_near(beams_find(&m, "Bx")->values[8], 0.2, 1e-5);
    double counting = beams_find(&m, "deflection_y")->errors[9] / beams_rad_per_t_nm(300) / 100;
    assert_near(beams_find(&m, "Bx")->errors[9], hypot(counting, 0.05 * 0.1), 1e-6);
    vtr_magnetic_release(&m);
}

/* A surface through a region sets the field there to zero; the rest is relative to it. Through the whole map it would
 * take real fields out, and the result says so. */
static void a_surface_is_relative_to_its_region(void **state)
{
    (void)state;
    unsigned char region[N];
    vtr_magnetic m;
    vtr_magnetic_params params = vtr_magnetic_default_params();
    add_descan(&beam, 0.4);
    for (size_t i = 0; i < N; i++) {
        region[i] = i % N_X < 12 || i % N_X >= 36;
        if (!region[i]) beams_deflect(&beam, i, 60, -15);
    }
    params.descan = VTR_MAGNETIC_DESCAN_PARABOLOID;
    const vtr_magnetic_input input = {&beam, NULL, region, thickness};
    assert_ok(vtr_magnetic_compute(&m, &input, &params, &err));
    assert_near(beams_find(&m, "Bx")->values[20 * N_X + 24], 0.6, 1e-5);
    assert_near(beams_find(&m, "By")->values[20 * N_X + 24], -0.15, 1e-5);
    assert_near(beams_find(&m, "Bx")->values[20 * N_X + 3], 0, 1e-5);
    assert_false(m.surface.is_whole_map);
    test_assert_contains(m.notes[0], "sets the mean field, its gradients and curvatures");
    vtr_magnetic_release(&m);
    const vtr_magnetic_input whole = {&beam, NULL, NULL, thickness};
    assert_ok(vtr_magnetic_compute(&m, &whole, NULL, &err));
    assert_true(m.surface.is_whole_map);
    assert_int_equal(m.surface.n_coefficients, 3);
    test_assert_contains(m.notes[0], "whole map");
    vtr_magnetic_release(&m);
}

/* Vacuum and surface: what is left of a vacuum recorded with another alignment is a constant. */
static void vacuum_and_surface_together(void **state)
{
    (void)state;
    unsigned char region[N];
    vtr_magnetic m;
    vtr_magnetic_params params = vtr_magnetic_default_params();
    add_descan(&beam, 0.4);
    add_descan(&vacuum, 0.4);
    for (size_t i = 0; i < N; i++) {
        beam.x_px[i] += 2;
        region[i] = i / N_X < 10;
        if (!region[i]) beams_deflect(&beam, i, 5, 40);
    }
    params.descan = VTR_MAGNETIC_DESCAN_CONSTANT;
    const vtr_magnetic_input input = {&beam, &vacuum, region, thickness};
    assert_ok(vtr_magnetic_compute(&m, &input, &params, &err));
    assert_near(m.surface.cx[0], 2, 1e-9);
    assert_near(beams_find(&m, "By")->values[N - 1], 0.4, 1e-5);
    assert_near(beams_find(&m, "By")->values[0], 0, 1e-5);
    vtr_magnetic_release(&m);
}

static void another_camera_length_is_refused_or_scaled(void **state)
{
    (void)state;
    vtr_magnetic m;
    vtr_magnetic_params params = vtr_magnetic_default_params();
    add_descan(&beam, 0);
    for (size_t i = 0; i < N; i++) { /* twice the k step: half the path */
        vacuum.x_px[i] = 0.5 * beam.x_px[i] + 11;
        vacuum.y_px[i] = 0.5 * beam.y_px[i] - 4;
        if (i % N_X >= 30) beams_deflect(&beam, i, 0, 50);
    }
    vacuum.k_step_inv_angstrom *= 2;
    unsigned char region[N];
    for (size_t i = 0; i < N; i++)
        region[i] = i % N_X < 30;
    const vtr_magnetic_input input = {&beam, &vacuum, region, thickness};
    assert_fails(vtr_magnetic_compute(&m, &input, &params, &err), VTR_ERR_RANGE, "another camera length");
    params.scale_vacuum = true;
    assert_ok(vtr_magnetic_compute(&m, &input, &params, &err));
    assert_near(m.vacuum_k_ratio, 2, 1e-12);
    test_assert_contains(m.notes[0], "mean deflection of the region is lost");
    assert_near(beams_find(&m, "By")->values[31], 0.5, 1e-5);
    assert_near(beams_find(&m, "By")->values[3], 0, 1e-5);
    vtr_magnetic_release(&m);
}

/* Noise of the beam and of a vacuum of the same size: every component, the magnitude, the direction, divergence and curl
 * have pulls of mean 0 and variance 1. 15 maps of 1920 positions; divergences of neighbours share positions. */
static void error_bars_are_true(void **state)
{
    (void)state;
    enum { MAPS = 15 };
    static const char *const names[] = {"Bx", "By", "B", "B_angle", "divergence", "curl"};
    const double truth[] = {0.4, -0.9, hypot(0.4, 0.9), atan2(-0.9, 0.4) / VTR_RADIANS_PER_DEGREE, 0, 0};
    beams_pulls pulls[6] = {0};
    vtr_random random;
    vtr_random_start(&random, 11, 0);
    for (int k = 0; k < MAPS; k++) {
        vtr_magnetic m;
        vtr_beam_map_release(&beam);
        vtr_beam_map_release(&vacuum);
        setup(NULL);
        for (size_t i = 0; i < N; i++) {
            beam.x_errors_px[i] = 0.3 + 0.2 * (double)(i % 3);
            beam.y_errors_px[i] = 0.4;
            vacuum.x_errors_px[i] = 0.5;
        }
        beam.scan_rotation_degrees = 33;
        double c = cos(33 * VTR_RADIANS_PER_DEGREE), s = sin(33 * VTR_RADIANS_PER_DEGREE);
        double dx = -90 * beams_rad_per_t_nm(300) / beams_rad_per_px(&beam),
               dy = -40 * beams_rad_per_t_nm(300) / beams_rad_per_px(&beam);
        for (size_t i = 0; i < N; i++) {
            beam.x_px[i] += c * dx - s * dy;
            beam.y_px[i] += s * dx + c * dy;
        }
        beams_noise(&beam, &random);
        beams_noise(&vacuum, &random);
        const vtr_magnetic_input input = {&beam, &vacuum, NULL, thickness};
        assert_ok(vtr_magnetic_compute(&m, &input, NULL, &err));
        for (size_t q = 0; q < 6; q++)
            for (size_t i = 0; i < N; i++)
                beams_pull(&pulls[q], beams_find(&m, names[q])->values[i],
                           beams_find(&m, names[q])->errors[i], truth[q]);
        vtr_magnetic_release(&m);
    }
    for (size_t q = 0; q < 6; q++)
        beams_check_pulls(&pulls[q], q < 4 ? 0.024 : 0.05, __LINE__);
}

/* A flux-closure (Landau) pattern: B = curl of A z, A a soft pyramid over a square of 150 nm, so that B runs round its
 * middle in four domains with soft 90 degree walls; B t 80 T nm. A = -b f(u, v), f = w ln(cosh terms) / ... is written
 * with the soft maximum of |u| and |v|:
 *
 *   f = w/2 ln(2 cosh(2 u/w) + 2 cosh(2 v/w)),  Bx = dA/dy,  By = -dA/dx,  curl = -(d2A/dx2 + d2A/dy2).
 */
static void landau(double b[2], double *curl, double u, double v, double size)
{
    const double w = 30;
    double cu = cosh(2 * u / w), cv = cosh(2 * v / w), su = sinh(2 * u / w), sv = sinh(2 * v / w),
           n = cu + cv;
    b[0] = -size * sv / n;
    b[1] = size * su / n;
    /* d/du (su/n) = (2/w) (cu n - su^2)/n^2 */
    *curl = size * 2 / w * ((cu * n - su * su) + (cv * n - sv * sv)) / (n * n);
}

/* Without noise the differences are right to what steps of 5 nm make of walls of 30 nm, (2 h/w)^2/6 of the largest
 * curl (2 %); with noise the divergence's pulls have variance 1 and the curl is the one built in. */
static void a_landau_pattern_has_no_divergence(void **state)
{
    (void)state;
    vtr_magnetic m;
    double largest = 80 * 2 * 2 / 30.0;
    double curl[N];
    vtr_random random;
    vtr_random_start(&random, 3, 1);
    for (int noise = 0; noise < 2; noise++) {
        beams_pulls of_divergence = {0}, of_curl = {0};
        vtr_beam_map_release(&beam);
        vtr_beam_map_release(&vacuum);
        setup(NULL);
        add_descan(&beam, 0);
        add_descan(&vacuum, 0);
        for (size_t i = 0; i < N; i++) {
            double b[2];
            landau(b, &curl[i], 5 * ((double)(i % N_X) - 23.5), 5 * ((double)(i / N_X) - 19.5), 80);
            beams_deflect(&beam, i, b[0], b[1]);
            beam.x_errors_px[i] = beam.y_errors_px[i] = vacuum.x_errors_px[i] = vacuum.y_errors_px[i] = 2;
        }
        if (noise) beams_noise(&beam, &random);
        if (noise) beams_noise(&vacuum, &random);
        const vtr_magnetic_input input = {&beam, &vacuum, NULL, thickness};
        assert_ok(vtr_magnetic_compute(&m, &input, NULL, &err));
        for (size_t i = 0; i < N; i++) {
            size_t y = i / N_X, x = i % N_X;
            if (y == 0 || x == 0 || y == N_Y - 1 || x == N_X - 1) continue; /* one-sided there */
            double divergence = beams_find(&m, "divergence")->values[i],
                   turning = beams_find(&m, "curl")->values[i];
            if (!noise) {
                assert_near(divergence, 0, 0.02 * largest);
                assert_near(turning, curl[i], 0.02 * largest);
            }
            beams_pull(&of_divergence, divergence, beams_find(&m, "divergence")->errors[i], 0);
            beams_pull(&of_curl, turning, beams_find(&m, "curl")->errors[i], curl[i]);
        }
        if (noise) beams_check_pulls(&of_divergence, 0.14, __LINE__);
        if (noise) beams_check_pulls(&of_curl, 0.14, __LINE__);
        assert_string_equal(beams_find(&m, "divergence")->unit, "T");
        vtr_magnetic_release(&m);
    }
}

static void lost_beams_and_stand_ins_are_said(void **state)
{
    (void)state;
    vtr_magnetic m;
    beam.x_px[3] = NAN;
    beam.flags[3] = VTR_FLAG_NO_BEAM;
    vacuum.y_px[9] = NAN;
    for (size_t i = 0; i < 20; i++)
        beam.flags[i] |= i == 3 ? 0 : VTR_FLAG_BEAM_IS_RING_CENTRE;
    const vtr_magnetic_input input = {&beam, &vacuum, NULL, thickness};
    assert_ok(vtr_magnetic_compute(&m, &input, NULL, &err));
    assert_int_equal(m.n_lost, 2);
    assert_true(isnan(beams_find(&m, "B")->values[3]) && isnan(beams_find(&m, "B")->values[9]));
    assert_true(isfinite(beams_find(&m, "B")->values[4]));
    test_assert_contains(m.notes[0], "at 19 positions the centre of the ring");
    vtr_magnetic_release(&m);
}

/* A thickness map with holes leaves them without field and says how many; one without any thickness is refused. */
static void a_thickness_of_zero_is_no_field(void **state)
{
    (void)state;
    vtr_magnetic m;
    const vtr_magnetic_input input = {&beam, &vacuum, NULL, thickness};
    thickness[5] = 0;
    thickness[6] = NAN;
    thickness[7] = -3;
    assert_ok(vtr_magnetic_compute(&m, &input, NULL, &err));
    for (size_t i = 4; i < 9; i++) {
        assert_int_equal(isnan(beams_find(&m, "B")->values[i]) != 0, i >= 5 && i < 8);
        assert_false(isnan(beams_find(&m, "deflection_x")->values[i]));
    }
    test_assert_contains(m.notes[0], "at 3 positions the thickness is zero or missing");
    vtr_magnetic_release(&m);
    for (size_t i = 0; i < N; i++)
        thickness[i] = 0;
    assert_fails(vtr_magnetic_compute(&m, &input, NULL, &err), VTR_ERR_NO_DATA, "nowhere above zero");
}

static void bad_input_is_refused(void **state)
{
    (void)state;
    vtr_magnetic m;
    vtr_magnetic_params params = vtr_magnetic_default_params();
    const vtr_magnetic_input input = {&beam, NULL, NULL, NULL};
    params.descan = VTR_MAGNETIC_DESCAN_NONE;
    assert_fails(vtr_magnetic_compute(&m, &input, &params, &err), VTR_ERR_ARGUMENT, "--vacuum");
    params = vtr_magnetic_default_params();
    for (int k = 0; k < 2; k++) { /* a fraction, where ppm are wanted */
        params.magnetostriction_ppm = k == 0 ? 25e-6 : -0.009;
        assert_fails(vtr_magnetic_compute(&m, &input, &params, &err), VTR_ERR_ARGUMENT, "ppm");
    }
    for (int k = 0; k < 3; k++) {
        params.magnetostriction_ppm = k == 0 ? 0 : k == 1 ? 0.01 : -25;
        assert_ok(vtr_magnetic_compute(&m, &input, &params, &err));
        vtr_magnetic_release(&m);
    }
    beam.k_step_inv_angstrom = NAN;
    assert_fails(vtr_magnetic_compute(&m, &input, NULL, &err), VTR_ERR_ARGUMENT, "--k-step");
    beam.k_step_inv_angstrom = 1e-4;
    beam.beam_energy_kev = NAN;
    assert_fails(vtr_magnetic_compute(&m, &input, NULL, &err), VTR_ERR_ARGUMENT, "--beam-energy");
    beam.beam_energy_kev = 300;
    for (size_t i = 0; i < N; i++)
        beam.x_px[i] = NAN;
    assert_fails(vtr_magnetic_compute(&m, &input, NULL, &err), VTR_ERR_NO_DATA,
                 "no position has a direct beam");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_vacuum_of_another_size_takes_descan_out),
        TEST(distortion_is_taken_out),
        TEST(thickness_is_optional),
        TEST(a_surface_is_relative_to_its_region),
        TEST(vacuum_and_surface_together),
        TEST(another_camera_length_is_refused_or_scaled),
        TEST(error_bars_are_true),
        TEST(a_landau_pattern_has_no_divergence),
        TEST(lost_beams_and_stand_ins_are_said),
        TEST(a_thickness_of_zero_is_no_field),
        TEST(bad_input_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
