/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "vitrail/constants.h"
#include "vitrail/twin.h"

static vtr_error err;

enum { N = 21 };

static vtr_twin *make(double thickness_nm, double shift_y_nm, double shift_x_nm, double turn_degrees)
{
    vtr_twin *twin = NULL;
    vtr_twin_params params = vtr_twin_default_params();
    params.scan[0] = params.scan[1] = N;
    params.pattern[0] = params.pattern[1] = 48;
    params.thickness_nm = thickness_nm;
    params.shift_y_nm = shift_y_nm;
    params.shift_x_nm = shift_x_nm;
    params.turn_degrees = turn_degrees;
    assert_ok(vtr_twin_open(&twin, "thickness", &params, &err));
    return twin;
}

static vtr_twin_position at(const vtr_twin *twin, size_t y, size_t x)
{
    vtr_twin_position p;
    vtr_twin_get_position(twin, y * N + x, &p);
    return p;
}

/* The mean of 1 - cosh(z/d)/cosh(t/(2 d)) over the foil, by a sum over its depth, d = 40 nm. */
static void strain_relaxes_towards_thin_foils(void **state)
{
    (void)state;
    const double thicknesses[] = {70, 130, 200, 300};
    double last = 0;
    for (size_t i = 0; i < 4; i++) {
        vtr_twin *twin = make(thicknesses[i], 0, 0, 0);
        double t = thicknesses[i], sum = 0;
        for (int k = 0; k < 10000; k++)
            sum += 1 - cosh((((double)k + 0.5) / 10000 - 0.5) * t / 40) / cosh(0.5 * t / 40);
        double relaxation = vtr_twin_get_info(twin)->foil.relaxation;
        assert_near(relaxation, sum / 10000, 1e-6); /* of the midpoint rule */
        assert_true(relaxation > last);
        last = relaxation;
        vtr_twin_close(&twin);
    }
}

/* Moved by two rows and three columns, the other thickness sees the same field, relaxed by another factor. */
static void thicknesses_share_their_field(void **state)
{
    (void)state;
    vtr_twin *thick = make(300, 0, 0, 0), *thin = make(70, 2 * 5.8, 3 * 5.8, 0);
    double factor = vtr_twin_get_info(thin)->foil.relaxation / vtr_twin_get_info(thick)->foil.relaxation;
    for (size_t y = 0; y + 2 < N; y++)
        for (size_t x = 0; x + 3 < N; x++) {
            vtr_twin_position a = at(thick, y + 2, x + 3), b = at(thin, y, x);
            assert_near(b.exx, factor * a.exx, 1e-8); /* of float32 */
            assert_near(b.eyy, factor * a.eyy, 1e-8);
            assert_near(b.exy, factor * a.exy, 1e-8);
        }
    vtr_twin_close(&thick);
    vtr_twin_close(&thin);
}

/* A scan turned by a right angle has its +x along the +y of the field: columns become rows, exx and eyy change places. */
static void a_turned_scan_sees_turned_strain(void **state)
{
    (void)state;
    vtr_twin *straight = make(200, 0, 0, 0), *turned = make(200, 0, 0, 90);
    for (size_t y = 0; y < N; y++)
        for (size_t x = 0; x < N; x++) {
            vtr_twin_position a = at(straight, x, N - 1 - y), b = at(turned, y, x);
            assert_near(b.exx, a.eyy, 1e-8);
            assert_near(b.eyy, a.exx, 1e-8);
            assert_near(b.exy, -a.exy, 1e-8);
        }
    vtr_twin_close(&turned);
    /* in the middle, which stays where it is, the direction of e1 is less by the turn */
    turned = make(200, 0, 0, 30);
    vtr_twin_position a = at(straight, N / 2, N / 2), b = at(turned, N / 2, N / 2);
    double before = atan2(a.exy, 0.5 * (a.exx - a.eyy)), after = atan2(b.exy, 0.5 * (b.exx - b.eyy));
    assert_near(cos(before - after), cos(2 * 30 * VTR_RADIANS_PER_DEGREE), 1e-5);
    assert_near(sin(before - after), sin(2 * 30 * VTR_RADIANS_PER_DEGREE), 1e-5);
    vtr_twin_close(&straight);
    vtr_twin_close(&turned);
}

/* Electrons are neither made nor lost: exp(-t/120 nm) of them pass, the rest lies in rings and background. */
static void electrons_are_counted_once(void **state)
{
    (void)state;
    vtr_twin *twin = make(130, 0, 0, 0);
    const vtr_twin_info *info = vtr_twin_get_info(twin);
    vtr_twin_position p = at(twin, 3, 4);
    double x = 130.0 / 120;
    assert_near(p.electrons, 1e5 * (1 - exp(-x)), 1e-6);
    assert_near(info->foil.beam * p.electrons, 1e5 * exp(-x), 1e-6);
    assert_near(info->foil.plural, (exp(x) - 1 - x) / x, 1e-12);
    double expected[48 * 48], sum = 0;
    p.exx = p.eyy = p.exy = 0;
    vtr_twin_expected(twin, &p, expected);
    for (size_t i = 0; i < 48 * 48; i++)
        sum += expected[i];
    assert_near(sum, 1e5, 200); /* the disc's edge on whole pixels; tables of 1/32 px */
    vtr_twin_close(&twin);
}

static void counts(const vtr_twin *twin, uint64_t stream, uint16_t *frame)
{
    void *scratch = malloc(vtr_twin_scratch_size(twin));
    assert_non_null(scratch);
    vtr_twin_position p = at(twin, 3, 4);
    vtr_twin_frame(twin, &p, stream, scratch, frame);
    free(scratch);
}

/* The chance of one thickness is not that of another: their deviations from what is expected have no correlation. */
static void thicknesses_share_no_noise(void **state)
{
    (void)state;
    vtr_twin *a = make(200, 0, 0, 0), *b = make(199, 0, 0, 0);
    vtr_twin_position p = at(a, 3, 4);
    double expected[48 * 48], ab = 0, aa = 0, bb = 0;
    uint16_t first[48 * 48], second[48 * 48];
    vtr_twin_expected(a, &p, expected);
    counts(a, 7, first);
    counts(b, 7, second);
    for (size_t i = 0; i < 48 * 48; i++) {
        double scale = sqrt(expected[i]), u = ((double)first[i] - expected[i]) / scale,
               v = ((double)second[i] - expected[i]) / scale;
        ab += u * v;
        aa += u * u;
        bb += v * v;
    }
    /* 2304 pixels in speckle grains of about 7: five standard deviations */
    assert_true(fabs(ab) / sqrt(aa * bb) < 5 * sqrt(7.0 / 2304));
    counts(a, 7, second);
    assert_memory_equal(first, second, sizeof first);
    vtr_twin_close(&a);
    vtr_twin_close(&b);
}

/* Left open, shift and turn are drawn: within four steps and 1.5 degrees, others for another thickness. */
static void places_are_drawn(void **state)
{
    (void)state;
    vtr_twin *a = make(NAN, NAN, NAN, NAN), *b = make(70, NAN, NAN, NAN);
    vtr_twin_foil f = vtr_twin_get_info(a)->foil, g = vtr_twin_get_info(b)->foil;
    assert_near(f.thickness_nm, 300, 0);
    assert_true(fabs(f.shift_x_nm) < 4 * 5.8 && fabs(f.shift_y_nm) < 4 * 5.8 && fabs(f.turn_degrees) < 1.5);
    assert_true(f.shift_x_nm != g.shift_x_nm && f.turn_degrees != g.turn_degrees);
    vtr_twin_close(&a);
    vtr_twin_close(&b);
    vtr_twin_params params = vtr_twin_default_params();
    params.turn_degrees = 1;
    assert_fails(vtr_twin_open(&a, "fe-band", &params, &err), VTR_ERR_ARGUMENT, "thickness");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strain_relaxes_towards_thin_foils), cmocka_unit_test(thicknesses_share_their_field),
        cmocka_unit_test(a_turned_scan_sees_turned_strain),  cmocka_unit_test(electrons_are_counted_once),
        cmocka_unit_test(thicknesses_share_no_noise),        cmocka_unit_test(places_are_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
