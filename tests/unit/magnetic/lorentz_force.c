/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sign and handedness against an electron that flies through the field in small steps. */
#include "beams.h"

static vtr_error err;

static void cross(double out[3], const double a[3], const double b[3])
{
    for (size_t i = 0; i < 3; i++)
        out[i] = a[(i + 1) % 3] * b[(i + 2) % 3] - a[(i + 2) % 3] * b[(i + 1) % 3];
}

/* dp/dt = -e (E + v x B), v = p/(gamma m). */
static void force(double out[3], const double p[3], const double e[3], const double b[3])
{
    double mc = VTR_ELECTRON_MASS_KG * VTR_SPEED_OF_LIGHT_M_S, v[3], vb[3];
    double gamma = sqrt(1 + (p[0] * p[0] + p[1] * p[1] + p[2] * p[2]) / (mc * mc));
    for (size_t i = 0; i < 3; i++)
        v[i] = p[i] / (gamma * VTR_ELECTRON_MASS_KG);
    cross(vb, v, b);
    for (size_t i = 0; i < 3; i++)
        out[i] = -VTR_ELEMENTARY_CHARGE_C * (e[i] + vb[i]);
}

/* The angles behind a film of the fields, by the midpoint rule in 2000 steps: x to the right, y downwards, z = x cross y
 * along the beam is the right-handed frame of the formula, whatever the screen shows. */
static void fly(double angle[2], double kev, double thickness_nm, const double e[3], const double b[3])
{
    enum { STEPS = 2000 };
    double kinetic = 1e3 * kev * VTR_ELEMENTARY_CHARGE_C, c = VTR_SPEED_OF_LIGHT_M_S;
    double rest = VTR_ELECTRON_MASS_KG * c * c, p[3] = {0, 0, sqrt(kinetic * (kinetic + 2 * rest)) / c};
    double speed = p[2] * c * c / (kinetic + rest), dt = 1e-9 * thickness_nm / speed / STEPS;
    for (int k = 0; k < STEPS; k++) {
        double f[3], middle[3];
        force(f, p, e, b);
        for (size_t i = 0; i < 3; i++)
            middle[i] = p[i] + 0.5 * dt * f[i];
        force(f, middle, e, b);
        for (size_t i = 0; i < 3; i++)
            p[i] += dt * f[i];
    }
    angle[0] = p[0] / p[2];
    angle[1] = p[1] / p[2];
}

/* The textbook film: 1 T, 100 nm, 300 kV is 47.6 microrad, along +x for B along +y. */
static void one_tesla_is_48_microrad(void **state)
{
    (void)state;
    const double none[3] = {0}, up[3] = {0, 1, 0}, right[3] = {1, 0, 0};
    double angle[2];
    fly(angle, 300, 100, none, up);
    assert_near(angle[0], 47.6e-6, 0.05e-6);
    assert_near(angle[1], 0, 1e-12);
    fly(angle, 300, 100, none, right);
    assert_near(angle[1], -47.6e-6, 0.05e-6);
    assert_near(beams_rad_per_t_nm(300) * 100, 47.6e-6, 0.05e-6);
}

/* Where +x and +y of the scan point on the detector, spelled out for quarter turns from +x towards +y, without and with
 * the mirror (which turns y of the scan round before the rotation). */
static const struct {
    double degrees;
    bool flip;
    double x[2], y[2];
} orientations[8] = {
    {0, false, {1, 0}, {0, 1}},    {90, false, {0, 1}, {-1, 0}},  {180, false, {-1, 0}, {0, -1}},
    {270, false, {0, -1}, {1, 0}}, {0, true, {1, 0}, {0, -1}},    {90, true, {0, 1}, {1, 0}},
    {180, true, {-1, 0}, {0, 1}},  {270, true, {0, -1}, {-1, 0}},
};

/* The field that flew comes back from where the camera, in each of its orientations, saw the beam. */
static void check_orientations(bool is_electric, const double e[3], const double b[3],
                               const char *const names[2], const double expected[2])
{
    double angle[2], kev = 200, thickness_nm = 80;
    fly(angle, kev, thickness_nm, e, b);
    for (size_t k = 0; k < 8; k++) {
        vtr_beam_map beam, vacuum;
        vtr_magnetic m;
        double thickness[4] = {80, 80, 80, 80};
        beams_make(&beam, 2, 2, 0.01);
        beams_make(&vacuum, 1, 1, 0.01);
        beam.beam_energy_kev = vacuum.beam_energy_kev = kev;
        beam.scan_rotation_degrees = orientations[k].degrees;
        beam.is_flipped = orientations[k].flip;
        for (size_t i = 0; i < 4; i++) {
            double per_px = beams_rad_per_px(&beam);
            beam.x_px[i] += (angle[0] * orientations[k].x[0] + angle[1] * orientations[k].y[0]) / per_px;
            beam.y_px[i] += (angle[0] * orientations[k].x[1] + angle[1] * orientations[k].y[1]) / per_px;
        }
        vtr_magnetic_params params = vtr_magnetic_default_params();
        params.is_electric = is_electric;
        const vtr_magnetic_input input = {&beam, &vacuum, NULL, thickness};
        assert_ok(vtr_magnetic_compute(&m, &input, &params, &err));
        double size = hypot(expected[0], expected[1]);
        for (size_t i = 0; i < 4; i++) {
            assert_near(beams_find(&m, "deflection_x")->values[i] / angle[0], 1, 1e-5);
            assert_near(beams_find(&m, "deflection_y")->values[i] / angle[1], 1, 1e-5);
            assert_near(beams_find(&m, names[0])->values[i], expected[0], 1e-4 * size);
            assert_near(beams_find(&m, names[1])->values[i], expected[1], 1e-4 * size);
        }
        vtr_magnetic_release(&m);
        vtr_beam_map_release(&beam);
        vtr_beam_map_release(&vacuum);
    }
}

static void induction_in_all_eight_orientations(void **state)
{
    (void)state;
    const double none[3] = {0}, b[3] = {0.7, -1.3, 0.4};
    check_orientations(false, none, b, (const char *const[2]){"Bx", "By"}, (const double[2]){0.7, -1.3});
}

/* Between two charged plates the field is uniform: charge density over epsilon0, 1e-3 C/m^2 give 1.13e8 V/m. */
static void electric_field_in_all_eight_orientations(void **state)
{
    (void)state;
    const double field = 1e-3 / 8.8541878128e-12, e[3] = {0.6 * field, -0.8 * field, 0}, none[3] = {0};
    check_orientations(true, e, none, (const char *const[2]){"Ex", "Ey"},
                       (const double[2]){0.6 * field, -0.8 * field});
}

/* A uniformly charged plate of 60 nm, its normal along x, the beam along its plane: Gauss' law gives E = rho x/epsilon0
 * inside and rho d/(2 epsilon0) away from it outside, and an electron is drawn to a positive plate by e t E/(p v). Out
 * come the field, its divergence rho t/epsilon0 inside and zero outside, and no curl. 1e5 C/m^3: 3.4e8 V/m at the face. */
static void a_uniformly_charged_plate(void **state)
{
    (void)state;
    enum { SIZE_Y = 5, SIZE_X = 41, SIZE = SIZE_Y * SIZE_X };
    const double kev = 300, rho = 1e5, epsilon0 = 8.8541878128e-12, half = 30e-9, step = 5e-9, t = 80e-9;
    const double rest = 510.99895, c = 299792458.0, charge = 1.602176634e-19;
    double p = sqrt(kev * (kev + 2 * rest)) * 1e3 * charge / c,
           v = c * sqrt(kev * (kev + 2 * rest)) / (kev + rest);
    double thickness[SIZE];
    vtr_beam_map beam, vacuum;
    vtr_magnetic m;
    beams_make(&beam, SIZE_Y, SIZE_X, 0.01);
    beams_make(&vacuum, 1, 1, 0.01);
    for (size_t i = 0; i < SIZE; i++) {
        double x = step * ((double)(i % SIZE_X) - 20), inside = fmin(fmax(x, -half), half);
        beam.x_px[i] -= charge * t * rho * inside / epsilon0 / (p * v) / beams_rad_per_px(&beam);
        thickness[i] = 80;
    }
    vtr_magnetic_params params = vtr_magnetic_default_params();
    params.is_electric = true;
    const vtr_magnetic_input input = {&beam, &vacuum, NULL, thickness};
    assert_ok(vtr_magnetic_compute(&m, &input, &params, &err));
    double face = rho * half / epsilon0, flux = rho * t / epsilon0 * 1e-9; /* V/nm */
    assert_near(face, 3.388e8, 0.001e8);
    for (size_t i = 0; i < SIZE; i++) {
        double x = step * ((double)(i % SIZE_X) - 20);
        assert_near(beams_find(&m, "Ex")->values[i], face * fmin(fmax(x / half, -1), 1), 1e-4 * face);
        assert_near(beams_find(&m, "Ey")->values[i], 0, 1e-6 * face);
        assert_near(beams_find(&m, "curl")->values[i], 0, 1e-4 * flux);
        if (fabs(fabs(x) - half) < 0.5 * step) continue; /* half of either */
        assert_near(beams_find(&m, "divergence")->values[i], fabs(x) < half ? flux : 0, 1e-3 * flux);
    }
    assert_string_equal(beams_find(&m, "divergence")->unit, "V/nm");
    vtr_magnetic_release(&m);
    vtr_beam_map_release(&beam);
    vtr_beam_map_release(&vacuum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_tesla_is_48_microrad),
        cmocka_unit_test(induction_in_all_eight_orientations),
        cmocka_unit_test(electric_field_in_all_eight_orientations),
        cmocka_unit_test(a_uniformly_charged_plate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
