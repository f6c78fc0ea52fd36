/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "support.h"
#include "twin/twin_internal.h"
#include "vitrail/constants.h"

static vtr_twin *open_specimen(const char *preset, double matrix, double scale)
{
    vtr_error err;
    vtr_twin *twin = NULL;
    vtr_twin_params params = vtr_twin_default_params();
    params.pattern[0] = params.pattern[1] = 8;
    params.contrast = 0;
    params.matrix_strain = matrix;
    params.strain_scale = scale;
    assert_ok(vtr_twin_open(&twin, preset, &params, &err));
    return twin;
}

static vtr_twin_position at_nm(const vtr_twin *twin, double y_nm, double x_nm)
{
    vtr_twin_position position;
    size_t y = (size_t)lround(y_nm / twin->info.scan_step_nm),
           x = (size_t)lround(x_nm / twin->info.scan_step_nm);
    assert_true(y < twin->info.shape[0] && x < twin->info.shape[1]);
    vtr_twin_get_position(twin, y * twin->info.shape[1] + x, &position);
    return position;
}

/* The Fe ribbon's strains reach what was measured, and not more: 0.5 % deviatoric, 1 % volumetric. */
static void strains_have_the_measured_size(void **state)
{
    (void)state;
    vtr_twin *twin = open_specimen("fe-band", 0, 1);
    double deviatoric = 0, volumetric = 0;
    for (size_t i = 0; i < twin->n_positions; i++) {
        vtr_twin_position p;
        vtr_twin_get_position(twin, i, &p);
        deviatoric = fmax(deviatoric, hypot(0.5 * (p.exx - p.eyy), p.exy));
        volumetric = fmax(volumetric, fabs(p.exx + p.eyy));
    }
    assert_true(deviatoric > 0.003 && deviatoric < 0.006);
    assert_true(volumetric > 0.006 && volumetric < 0.011);
    vtr_twin_close(&twin);
}

/* The mature band's volumetric step changes sign across its line, and its shear is along its own direction. */
static void the_step_is_antisymmetric(void **state)
{
    (void)state;
    vtr_twin *twin = open_specimen("fe-band", 0, 1);
    const vtr_twin_band *bands;
    assert_int_equal(vtr_twin_bands(twin, &bands), 2);
    double angle = bands[1].angle_degrees * VTR_RADIANS_PER_DEGREE, d = 30;
    vtr_twin_position left, right;
    left = at_nm(twin, bands[1].point_y_nm + d * cos(angle), bands[1].point_x_nm - d * sin(angle));
    right = at_nm(twin, bands[1].point_y_nm - d * cos(angle), bands[1].point_x_nm + d * sin(angle));
    double step = bands[1].volumetric * exp(-d / bands[1].decay_nm);
    /* positions are rounded to scan steps of 5.8 nm, and inclusions add a little */
    assert_near(left.exx + left.eyy, step, 0.15 * step);
    assert_near(right.exx + right.eyy, -step, 0.15 * step);
    double along_band = 0.5 * (left.eyy - left.exx) * sin(2 * angle) + left.exy * cos(2 * angle);
    assert_near(along_band, bands[1].deviatoric * exp(-d / bands[1].decay_nm), 0.15 * step);
    vtr_twin_close(&twin);
}

static void inclusions_line_up_along_their_band(void **state)
{
    (void)state;
    vtr_twin *twin = open_specimen("fe-band", 0, 1);
    const vtr_twin_band *bands;
    const vtr_twin_inclusion *inclusions;
    vtr_twin_bands(twin, &bands);
    size_t n = vtr_twin_inclusions(twin, &inclusions);
    double angle = bands[0].angle_degrees * VTR_RADIANS_PER_DEGREE;
    assert_true(n >= 4);
    for (size_t i = 0; i < n; i++) {
        double dy = inclusions[i].centre_y_nm - bands[0].point_y_nm,
               dx = inclusions[i].centre_x_nm - bands[0].point_x_nm;
        assert_near(dy * cos(angle) - dx * sin(angle), 0, 1e-9);
        if (i == 0) continue;
        double spacing = hypot(inclusions[i].centre_y_nm - inclusions[i - 1].centre_y_nm,
                               inclusions[i].centre_x_nm - inclusions[i - 1].centre_x_nm);
        assert_near(spacing, 270, 90);
    }
    vtr_twin_close(&twin);
}

/* The random matrix: its standard deviation, and 1/e at its correlation length. */
static void the_matrix_has_its_strength_and_length(void **state)
{
    (void)state;
    vtr_twin *twin = open_specimen("zr-band", 0.002, 0);
    size_t n_x = twin->info.shape[1], lag = 4;
    double variance = 0, lagged = 0, n = 0;
    for (size_t i = 0; i < twin->n_positions; i++)
        for (int j = 0; j < 3; j++) {
            double here = (double)twin->strain[j][i];
            variance += here * here;
            if (i % n_x + lag < n_x) lagged += here * (double)twin->strain[j][i + lag];
            n++;
        }
    assert_near(sqrt(variance / n), 0.002, 0.0002);
    double length = 40 / twin->info.scan_step_nm, pairs = n * (double)(n_x - lag) / (double)n_x;
    assert_near(lagged / pairs / (variance / n), exp(-16 / (length * length)), 0.06);
    vtr_twin_close(&twin);
}

static void descan_and_wedge_run_over_the_scan(void **state)
{
    (void)state;
    vtr_error err;
    vtr_twin *twin = NULL;
    vtr_twin_params params = vtr_twin_default_params();
    params.scan[0] = 5;
    params.scan[1] = 9;
    params.pattern[0] = params.pattern[1] = 8;
    params.contrast = 0;
    params.descan_px = 4;
    params.wedge = 0.6;
    assert_ok(vtr_twin_open(&twin, "rings", &params, &err));
    vtr_twin_position first, middle, last;
    vtr_twin_get_position(twin, 2 * 9, &first);
    vtr_twin_get_position(twin, 2 * 9 + 4, &middle);
    vtr_twin_get_position(twin, 2 * 9 + 8, &last);
    assert_near(last.centre_x - first.centre_x, 4, 1e-12);
    assert_near(middle.centre_x, 3.5, 1e-12);
    assert_near(first.background_factor, 0.7, 1e-12);
    assert_near(last.background_factor, 1.3, 1e-12);
    vtr_twin_close(&twin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strains_have_the_measured_size),
        cmocka_unit_test(the_step_is_antisymmetric),
        cmocka_unit_test(inclusions_line_up_along_their_band),
        cmocka_unit_test(the_matrix_has_its_strength_and_length),
        cmocka_unit_test(descan_and_wedge_run_over_the_scan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
