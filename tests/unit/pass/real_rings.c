/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Published diffraction patterns, each a single image, through the whole of calibrate and map. */
#include <math.h>

#include "base/base_internal.h"
#include "support.h"
#include "vitrail/calibration.h"
#include "vitrail/pass.h"
#include "vitrail/ring.h"
#include "vitrail/ring_map.h"

static int warnings;

static void count_warning(void *user, const char *message)
{
    (void)user;
    (void)message;
    warnings++;
}

static const vtr_progress listener = {.warn = count_warning};

static vtr_dataset *open_pattern(const char *path)
{
    vtr_error err;
    vtr_dataset *dataset = NULL;
    assert_ok(vtr_dataset_open(&dataset, path, NULL, &err));
    return dataset;
}

static vtr_standard_pattern *find_gold(const char *path)
{
    vtr_error err;
    vtr_calibrate_params params;
    vtr_standard_pattern *standard = NULL;
    vtr_parameters_default(&vtr_calibrate_parameters, &params);
    params.standard = "gold";
    vtr_dataset *dataset = open_pattern(path);
    assert_ok(vtr_calibrate_standard(&standard, dataset, &params, &listener, &err));
    vtr_dataset_close(&dataset);
    return standard;
}

static void store_standard(const vtr_standard_pattern *standard, const char *path)
{
    vtr_error err;
    vtr_mapfile *file = NULL;
    assert_ok(vtr_mapfile_create(&file, path, true, &err));
    assert_ok(vtr_standard_pattern_write(standard, file, &err));
    assert_ok(vtr_mapfile_commit(&file, &err));
}

/* A rough fit of the first ring (0.5 px rms) gave centre (304.8, 249.3), mean radius 71.8 px, a/b 1.032 and 154
 * degrees. The tolerances are what such a fit is good for: half a pixel of centre; 1 % of radius, as where in a ring
 * 18 px wide its maximum lies depends on the background; 0.006 of a/b, which is 0.4 px of the axes; 6 degrees. */
static void check_amorphous_ring(const vtr_ring_ellipse *ellipse, double radius_px)
{
    double a, b, angle;
    vtr_ring_ellipse_axes(ellipse, radius_px, &a, &b, &angle);
    assert_near(ellipse->centre_x_px, 304.8, 0.5);
    assert_near(ellipse->centre_y_px, 249.3, 0.5);
    assert_near(sqrt(a * b), 71.8, 0.72);
    assert_near(a / b, 1.032, 0.006);
    assert_near(remainder(angle - 154, 180), 0, 6);
}

static void an_amorphous_film(void **state)
{
    (void)state;
    vtr_error err;
    const char *path = test_data_path("rings/amorphous_nbd_sum_512.hspy");
    if (path == NULL) skip();
    vtr_dataset *dataset = open_pattern(path);
    vtr_calibration *c = NULL;
    warnings = 0;
    assert_ok(vtr_calibrate(&c, dataset, NULL, 2, &listener, &err));
    assert_int_equal(warnings, 2); /* noise and k scale: the file's puts the ring at 6e-19 1/Å */
    assert_true(isnan(c->k_step_inv_angstrom));
    vtr_ring_ellipse mean = {.centre_x_px = c->centre_x_px,
                             .centre_y_px = c->centre_y_px,
                             .wxx = c->wxx,
                             .wyy = c->wyy,
                             .wxy = c->wxy};
    check_amorphous_ring(&mean, c->ring.radius_px);
    assert_int_equal(c->n_fitted, 1);
    assert_true(c->speckle.contrast == 0);
    /* the ring of a film is smooth to a tenth of a pixel, and no fit finds its centre better than to 0.01 px */
    for (int i = 0; i < 2; i++)
        assert_true(c->centre_error_px[i] > 0.01 && c->centre_error_px[i] < 0.2);
    assert_true(c->axis_ratio_error > 2e-4 && c->axis_ratio_error < 5e-3);
    assert_true(c->axis_angle_error_degrees > 0.1 && c->axis_angle_error_degrees < 5);

    const char *output = test_folder_path("nbd.h5");
    vtr_mapfile *file = NULL;
    vtr_map_summary summary;
    vtr_ring_map map;
    assert_ok(vtr_mapfile_create(&file, output, true, &err));
    assert_ok(vtr_map(file, dataset, c, NULL, 2, &summary, &listener, &err));
    assert_ok(vtr_ring_map_read(&map, file, &err));
    assert_int_equal(summary.n_fitted, 1);
    /* recorded units are not electrons here, so chi-squared is far from 1 and says so */
    assert_int_equal(map.flags[0], VTR_FLAG_POOR_FIT);
    vtr_ring_ellipse fitted = {.centre_x_px = map.ellipse[VTR_ELLIPSE_CX],
                               .centre_y_px = map.ellipse[VTR_ELLIPSE_CY],
                               .wxx = map.ellipse[VTR_ELLIPSE_WXX],
                               .wyy = map.ellipse[VTR_ELLIPSE_WYY],
                               .wxy = map.ellipse[VTR_ELLIPSE_WXY]};
    check_amorphous_ring(&fitted, map.radius_px);
    vtr_ring_map_release(&map);
    vtr_mapfile_close(&file);
    vtr_calibration_free(c);
    vtr_dataset_close(&dataset);
}

/* Rough fits of single rings: centre (488.3, 488.6), radii 112.5, 183.9, 214.9 px, a/b 1.012, 160 degrees. The scale
 * that the rings 111 and 311 give so is 0.003779 1/Å per px; half a pixel of 215 is 0.2 %. */
static void gold_at_100_cm(void **state)
{
    (void)state;
    const char *path = test_data_path("rings/Au_100cm.tif");
    if (path == NULL) skip();
    vtr_standard_pattern *standard = find_gold(path);
    const vtr_standard_calibration *f = &standard->found;
    assert_near(f->centre_x_px, 488.3, 0.3);
    assert_near(f->centre_y_px, 488.6, 0.3);
    assert_near(f->axis_ratio, 1.012, 0.003);
    assert_near(remainder(f->angle_degrees - 160, 180), 0, 6);
    assert_near(f->k_step_inv_angstrom, 0.003779, 0.002 * 0.003779);
    assert_true(f->n_used >= 5);
    for (size_t i = 0; i < f->n_rings; i++) /* what is fitted lies where the lattice has it */
        if (isfinite(f->rings[i].residual)) assert_near(f->rings[i].residual, 0, 0.003);
    assert_true(f->k_step_error < 5e-4 * f->k_step_inv_angstrom);
    assert_near(standard->pattern->k_step_inv_angstrom, f->k_step_inv_angstrom, 0);
    vtr_standard_pattern_free(standard);
}

/* The pyxem notebook that the pattern comes from corrects it by the matrix below and then reads 0.010236557 1/Å per px.
 * Our matrix has unit determinant, so the notebook's determinant goes into the scale. Its rings are broad and stand on
 * a steep flank: 0.4 % of scale, 0.005 of the matrix. */
static void gold_cross_grating(void **state)
{
    (void)state;
    const char *path = test_data_path("rings/au_xgrating_20cm.tif");
    if (path == NULL) skip();
    vtr_standard_pattern *standard = find_gold(path);
    const vtr_standard_calibration *f = &standard->found;
    const double xx = 0.97578103, yy = 0.99008393, xy = 0.015497, root = sqrt(xx * yy - xy * xy);
    assert_near(f->k_step_inv_angstrom, 0.010236557479496549 * root, 0.004 * 0.01006);
    assert_near(f->wxx, xx / root, 0.005);
    assert_near(f->wyy, yy / root, 0.005);
    assert_near(f->wxy, xy / root, 0.005);
    assert_near(f->axis_ratio, 1.0353, 0.005);
    assert_near(f->centre_x_px, 127.4, 0.4);
    assert_near(f->centre_y_px, 127.9, 0.4);
    vtr_standard_pattern_free(standard);
}

/* The scale of a stored standard reaches the glass; as the calibration of a glass it is refused. */
static void a_standard_gives_its_scale(void **state)
{
    (void)state;
    vtr_error err;
    const char *gold = test_data_path("rings/au_xgrating_20cm.tif"),
               *glass = test_data_path("rings/amorphous_nbd_sum_512.hspy");
    if (gold == NULL || glass == NULL) skip();
    const char *stored = test_folder_path("gold.h5");
    vtr_standard_pattern *standard = find_gold(gold);
    store_standard(standard, stored);
    vtr_calibrate_params params;
    vtr_parameters_default(&vtr_calibrate_parameters, &params);
    params.k_scale = stored;
    vtr_dataset *dataset = open_pattern(glass);
    vtr_calibration *c = NULL;
    assert_ok(vtr_calibrate(&c, dataset, &params, 2, &listener, &err));
    assert_near(c->k_step_inv_angstrom, standard->found.k_step_inv_angstrom, 0);
    vtr_calibration_free(c);
    params.standard = "gold";
    assert_fails(vtr_calibrate(&c, dataset, &params, 2, &listener, &err), VTR_ERR_ARGUMENT, "--k-scale");
    vtr_dataset_close(&dataset);
    vtr_mapfile *file = NULL;
    assert_ok(vtr_mapfile_open(&file, stored, &err));
    assert_fails(vtr_calibration_read(&c, file, &err), VTR_ERR_FORMAT, "a standard (gold)");
    vtr_mapfile_close(&file);
    vtr_standard_pattern_free(standard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_amorphous_film),
        cmocka_unit_test(gold_at_100_cm),
        cmocka_unit_test(gold_cross_grating),
        cmocka_unit_test(a_standard_gives_its_scale),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
