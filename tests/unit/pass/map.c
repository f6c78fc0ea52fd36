/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One pass over a simulated recording against its truth, and against sums made one pixel at a time. */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "support_pass.h"
#include "vitrail/constants.h"

static recording scan;
static vtr_calibration *calibration;
static const char *input;
static char output[4096];

static int make_scan(void **state)
{
    vtr_error err;
    pass_folder_make(state);
    vtr_twin_params params = recording_params();
    recording_make(&scan, &params, VTR_TYPE_U16);
    input = recording_write(&scan, "scan.npy");
    strcpy(output, test_folder_path("map.h5"));
    assert_ok(pass_calibrate(&calibration, input, NULL, 2, &err));
    said heard = {0};
    pass_job job = {
        .input = input, .output = output, .calibration = calibration, .threads = 2, .said = &heard};
    assert_ok(pass_run(&job, &err));
    if (heard.n_warnings > 0) fail_msg("warned: %s", heard.warnings[0]);
    assert_int_equal(heard.n_reports, (POSITIONS + 255) / 256);
    assert_int_equal(job.summary.n_positions, POSITIONS);
    assert_int_equal(job.summary.n_fitted, POSITIONS);
    assert_near(job.summary.bytes, (double)POSITIONS * PIXELS * 2, 0);
    return 0;
}

static int drop_scan(void **state)
{
    recording_release(&scan);
    vtr_calibration_free(calibration);
    return pass_folder_remove(state);
}

static void text_is(const vtr_mapfile *file, const char *group, const char *name, const char *attribute,
                    const char *expected)
{
    vtr_error err;
    char text[256];
    assert_ok(vtr_mapfile_read_text(file, group, name, attribute, text, sizeof text, &err));
    assert_string_equal(text, expected);
}

static void shape_is(const vtr_mapfile *file, const char *group, const char *name, size_t rank,
                     const size_t *expected)
{
    vtr_error err;
    size_t found_rank, shape[8];
    vtr_type type;
    assert_ok(vtr_mapfile_shape(file, group, name, &found_rank, shape, &type, &err));
    assert_int_equal(found_rank, rank);
    for (size_t d = 0; d < rank; d++)
        assert_int_equal(shape[d], expected[d]);
}

static void the_map_file_has_its_groups(void **state)
{
    (void)state;
    vtr_error err;
    vtr_mapfile *file = NULL;
    assert_ok(vtr_mapfile_open(&file, output, &err));
    const size_t map[3] = {SCAN_Y, SCAN_X, 5}, covariance[3] = {SCAN_Y, SCAN_X, 15},
                 pattern[2] = {DET_Y, DET_X};
    shape_is(file, "ring", "ellipse", 3, map);
    shape_is(file, "ring", "covariance", 3, covariance);
    static const char *const maps[][2] = {{"ring", "chi2"},   {"ring", "flags"},    {"beam", "x"},
                                          {"beam", "y"},      {"beam", "x_errors"}, {"beam", "y_errors"},
                                          {"beam", "counts"}, {"beam", "flags"},    {"virtual", "bf"},
                                          {"virtual", "adf"}, {"virtual", "haadf"}, {"virtual", "total"}};
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
        shape_is(file, maps[i][0], maps[i][1], 2, map);
    static const char *const patterns[] = {"mean", "maximum", "variance", "used"};
    for (size_t i = 0; i < 4; i++)
        shape_is(file, "mean", patterns[i], 2, pattern);
    shape_is(file, "calibration", "mask", 2, pattern);
    size_t rank, shape[8];
    vtr_type type;
    assert_ok(vtr_mapfile_shape(file, "profile", "k", &rank, shape, &type, &err));
    const size_t profile[3] = {SCAN_Y, SCAN_X, shape[0]};
    shape_is(file, "profile", "intensity", 3, profile);
    shape_is(file, "profile", "variance", 3, profile);
    static const char *const groups[] = {"ring", "beam", "virtual", "profile"};
    for (size_t i = 0; i < 4; i++) {
        shape_is(file, groups[i], "scan_y", 1, &map[0]);
        shape_is(file, groups[i], "scan_x", 1, &map[1]);
    }
    vtr_mapfile_close(&file);
}

static void groups_name_signals_axes_and_units(void **state)
{
    (void)state;
    vtr_error err;
    vtr_mapfile *file = NULL;
    assert_ok(vtr_mapfile_open(&file, output, &err));
    text_is(file, "ring", NULL, "signal", "chi2");
    text_is(file, "ring", NULL, "fit", "likelihood");
    text_is(file, "beam", NULL, "signal", "x");
    text_is(file, "beam", "x", "units", "px");
    text_is(file, "virtual", NULL, "signal", "bf");
    text_is(file, "virtual", "adf", "units", "counts");
    text_is(file, "profile", NULL, "signal", "intensity");
    text_is(file, "profile", "intensity", "units", "counts/px");
    text_is(file, "profile", "k", "units", "px"); /* the .npy knows no k scale */
    text_is(file, "mean", NULL, "signal", "mean");
    double annulus[2];
    assert_ok(vtr_mapfile_read_numbers(file, "virtual", "adf", "annulus_px", 2, annulus, &err));
    assert_near(annulus[0], calibration->ring.annulus_px[0], 0);
    assert_near(annulus[1], calibration->ring.annulus_px[1], 0);
    vtr_mapfile_close(&file);
}

/* e of a fitted ellipse against its own mean, as the field does it, but about the true undistorted ring: W^2 = W_0
 * (I + e)^2 W_0 with the twin's W_0 and its ring radius. */
static void expected_w(double w[3], const vtr_twin_position *truth, double radius_px)
{
    double scale = radius_px / scan.twin.ring_radius_px;
    double axx = 1 + truth->exx, ayy = 1 + truth->eyy, axy = truth->exy;
    const double *w0 = scan.twin.w;
    /* (I + e) W_0, and its square transposed times itself */
    double a = axx * w0[0] + axy * w0[2], b = axx * w0[2] + axy * w0[1];
    double c = axy * w0[0] + ayy * w0[2], d = axy * w0[2] + ayy * w0[1];
    double sxx = a * a + c * c, syy = b * b + d * d, sxy = a * b + c * d;
    double root = sqrt(sxx * syy - sxy * sxy), norm = scale / sqrt(sxx + syy + 2 * root);
    w[0] = (sxx + root) * norm;
    w[1] = (syy + root) * norm;
    w[2] = sxy * norm;
}

static void ellipses_agree_with_the_truth_within_their_errors(void **state)
{
    (void)state;
    vtr_ring_map map = pass_ring(output);
    double chi2[VTR_ELLIPSE_N] = {0}, bias[VTR_ELLIPSE_N] = {0}, error[VTR_ELLIPSE_N] = {0};
    for (size_t p = 0; p < POSITIONS; p++) {
        double truth[VTR_ELLIPSE_N] = {scan.truth[p].centre_x, scan.truth[p].centre_y};
        expected_w(truth + 2, &scan.truth[p], map.radius_px);
        assert_int_equal(map.flags[p] & VTR_FLAGS_NO_RING_DATA, 0);
        for (size_t k = 0; k < VTR_ELLIPSE_N; k++) {
            double variance = map.covariance[p * 15 + vtr_ring_map_covariance_index(k, k)];
            double off = map.ellipse[p * 5 + k] - truth[k];
            chi2[k] += off * off / variance / POSITIONS;
            bias[k] += off / POSITIONS;
            error[k] += sqrt(variance) / POSITIONS;
        }
    }
    /* the mean scale of W is a matter of where the template calls its peak: Wxx and Wyy may share a bias */
    double common = 0.5 * (bias[VTR_ELLIPSE_WXX] + bias[VTR_ELLIPSE_WYY]);
    for (size_t k = 0; k < VTR_ELLIPSE_N; k++) {
        bool is_diagonal = k == VTR_ELLIPSE_WXX || k == VTR_ELLIPSE_WYY;
        double shift = is_diagonal ? common : 0, share = shift * shift / (error[k] * error[k]);
        if (is_diagonal)
            share = (bias[k] * bias[k]) / (error[k] * error[k]) - pow((bias[k] - common) / error[k], 2);
        assert_near(chi2[k] - share, 1, 5 * sqrt(2.0 / POSITIONS));
        assert_near(bias[k] - shift, 0, 0.3 * error[k]);
    }
    vtr_ring_map_release(&map);
}

static void strain_of_the_map_agrees_with_the_truth(void **state)
{
    (void)state;
    vtr_error err;
    /* half of the scan strained more: the reference is the other half */
    recording two;
    vtr_twin_params params = recording_params();
    recording_make(&two, &params, VTR_TYPE_U16);
    params.exx = 0.022;
    params.eyy = 0.003;
    params.exy = -0.006;
    params.seed = 8;
    recording strained;
    recording_make(&strained, &params, VTR_TYPE_U16);
    for (size_t p = 0; p < POSITIONS; p++)
        if (p % SCAN_X >= SCAN_X / 2)
            memcpy(two.frames + p * two.frame_bytes, strained.frames + p * two.frame_bytes, two.frame_bytes);
    const char *map_path = test_folder_path("two.h5");
    pass_job job = {.input = recording_write(&two, "two.npy"), .output = map_path, .threads = 2};
    assert_ok(pass_run(&job, &err));
    vtr_ring_map map = pass_ring(map_path);
    vtr_field_params field_params = vtr_field_default_params();
    field_params.reference = (vtr_box){0, SCAN_Y, 0, SCAN_X / 2};
    vtr_field field;
    assert_ok(vtr_field_compute(&field, &map, &field_params, &err));
    /* I + e relative to the reference: the stretch of (I + e2)(I + e1)^-1, to second order e2 - e1 and a rotation */
    static const char *const names[3] = {"exx", "eyy", "exy"};
    const double expected[3] = {0.012 / 1.01, 0.008 / 0.995, -0.010};
    for (int k = 0; k < 3; k++) {
        const vtr_field_map *strain = vtr_field_find(&field, names[k]);
        double chi2 = 0, mean = 0, n = 0, error = 0;
        for (size_t p = 0; p < POSITIONS; p++) {
            double value = (double)strain->values[p], sigma = (double)strain->errors[p];
            double truth = p % SCAN_X >= SCAN_X / 2 ? expected[k] : 0;
            chi2 += pow((value - truth) / sigma, 2) / POSITIONS;
            if (p % SCAN_X < SCAN_X / 2) continue;
            mean += value;
            error += sigma;
            n++;
        }
        assert_near(chi2, 1, 5 * sqrt(2.0 / POSITIONS));
        assert_near(mean / n, expected[k], 5 * error / n / sqrt(n / 2));
    }
    vtr_field_release(&field);
    vtr_ring_map_release(&map);
    recording_release(&two);
    recording_release(&strained);
}

/* Descan jumps back at the end of every scan row: no pattern is lost there. */
static void descan_and_beam_come_back(void **state)
{
    (void)state;
    size_t n;
    double *beam[4];
    static const char *const names[4] = {"x", "y", "x_errors", "y_errors"};
    for (int k = 0; k < 4; k++)
        beam[k] = pass_dataset(output, "beam", names[k], &n);
    double *flags = pass_dataset(output, "beam", "flags", &n);
    double chi2[2] = {0};
    for (size_t p = 0; p < POSITIONS; p++) {
        assert_near(flags[p], 0, 0);
        double off_x = beam[0][p] - scan.truth[p].centre_x, off_y = beam[1][p] - scan.truth[p].centre_y;
        chi2[0] += pow(off_x / beam[2][p], 2) / POSITIONS;
        chi2[1] += pow(off_y / beam[3][p], 2) / POSITIONS;
        /* the surface of the calibration: c + sum_k a_k {X, Y, X^2, XY, Y^2} */
        double X = 2 * (double)(p % SCAN_X) / (SCAN_X - 1) - 1,
               Y = 2 * (double)(p / SCAN_X) / (SCAN_Y - 1) - 1;
        const double terms[5] = {X, Y, X * X, X * Y, Y * Y};
        double x = calibration->centre_x_px, y = calibration->centre_y_px;
        for (int k = 0; k < 5; k++) {
            x += calibration->descan_x_px[k] * terms[k];
            y += calibration->descan_y_px[k] * terms[k];
        }
        /* the surface's zero is the mean pattern's centre: what is constant may differ */
        assert_near(x, scan.truth[p].centre_x, 0.35);
        assert_near(y, scan.truth[p].centre_y, 0.35);
    }
    assert_near(chi2[0], 1, 0.5);
    assert_near(chi2[1], 1, 0.5);
    for (int k = 0; k < 4; k++)
        vtr_free(beam[k]);
    vtr_free(flags);
}

/* |u| about the calibrated centre moved along x. */
static double radius_of(size_t pixel, double shift_x)
{
    double vx = (double)(pixel % DET_X) - calibration->centre_x_px - shift_x;
    double vy = (double)(pixel / DET_X) - calibration->centre_y_px;
    return hypot(calibration->wxx * vx + calibration->wxy * vy,
                 calibration->wxy * vx + calibration->wyy * vy);
}

/* With a descan made up of 4 px from row to row, so that each row has its own whole-pixel centre. */
static void virtual_images_are_sums_over_annuli(void **state)
{
    (void)state;
    vtr_error err;
    const char *path = test_folder_path("virtual.h5");
    vtr_map_params params = pass_map_params();
    params.virtual_images = (vtr_text_list){2, {"inner=0:7.5", "wide-1=3:40"}};
    params.no_profile = true;
    vtr_calibration moved = *calibration;
    memset(moved.descan_x_px, 0, sizeof moved.descan_x_px);
    memset(moved.descan_y_px, 0, sizeof moved.descan_y_px);
    moved.descan_x_px[1] = 2 * (SCAN_Y - 1);
    pass_job job = {.input = input, .output = path, .calibration = &moved, .map = &params, .threads = 1};
    assert_ok(pass_run(&job, &err));
    size_t n;
    double *inner = pass_dataset(path, "virtual", "inner", &n),
           *wide = pass_dataset(path, "virtual", "wide-1", &n),
           *total = pass_dataset(path, "virtual", "total", &n);
    for (size_t p = 0; p < POSITIONS; p++) {
        double sums[3] = {0};
        for (size_t i = 0; i < PIXELS; i++) {
            if (calibration->mask[i] != 0) continue;
            double r = radius_of(i, 4.0 * (double)(p / SCAN_X) - 2 * (SCAN_Y - 1)),
                   value = recording_get(&scan, p, i);
            if (r < 7.5) sums[0] += value;
            if (r >= 3 && r < 40) sums[1] += value;
            sums[2] += value;
        }
        assert_near(inner[p], (double)(float)sums[0], 0);
        assert_near(wide[p], (double)(float)sums[1], 0);
        assert_near(total[p], (double)(float)sums[2], 0);
    }
    vtr_free(inner);
    vtr_free(wide);
    vtr_free(total);
    vtr_mapfile *file = NULL;
    assert_ok(vtr_mapfile_open(&file, path, &err));
    assert_false(vtr_mapfile_has(file, "virtual", "bf"));
    assert_false(vtr_mapfile_has(file, "profile", "intensity"));
    vtr_mapfile_close(&file);
}

static void mean_patterns_are_those_of_the_frames(void **state)
{
    (void)state;
    size_t n;
    double *mean = pass_dataset(output, "mean", "mean", &n),
           *maximum = pass_dataset(output, "mean", "maximum", &n),
           *variance = pass_dataset(output, "mean", "variance", &n);
    assert_int_equal(n, PIXELS);
    for (size_t i = 0; i < PIXELS; i++) {
        double sum = 0, squares = 0, most = 0;
        for (size_t p = 0; p < POSITIONS; p++) {
            double value = recording_get(&scan, p, i);
            sum += value;
            most = fmax(most, value);
        }
        for (size_t p = 0; p < POSITIONS; p++)
            squares += pow(recording_get(&scan, p, i) - sum / POSITIONS, 2);
        assert_near(mean[i], sum / POSITIONS, 1e-12 * sum);
        assert_near(maximum[i], most, 0);
        assert_near(variance[i], squares / (POSITIONS - 1), 1e-9 * (1 + squares));
    }
    vtr_free(mean);
    vtr_free(maximum);
    vtr_free(variance);
}

static void profiles_have_the_ring_where_it_belongs(void **state)
{
    (void)state;
    size_t n, n_k;
    double *intensity = pass_dataset(output, "profile", "intensity", &n),
           *variance = pass_dataset(output, "profile", "variance", &n),
           *k = pass_dataset(output, "profile", "k", &n_k);
    assert_int_equal(n, n_k * POSITIONS);
    double annulus[2] = {calibration->ring.annulus_px[0], calibration->ring.annulus_px[1]};
    size_t at_peak = (size_t)calibration->ring.radius_px;
    double chi2 = 0, n_chi2 = 0;
    for (size_t j = 0; j < n_k; j++) {
        assert_near(k[j], (double)j + 0.5, 1e-6);
        double mean = 0, spread = 0, expected = 0;
        for (size_t p = 0; p < POSITIONS; p++)
            mean += intensity[p * n_k + j] / POSITIONS;
        for (size_t p = 0; p < POSITIONS; p++) {
            spread += pow(intensity[p * n_k + j] - mean, 2) / (POSITIONS - 1);
            expected += variance[p * n_k + j] / POSITIONS;
        }
        if (k[j] < annulus[0] || k[j] > annulus[1]) continue;
        assert_true(mean <= intensity[at_peak] * 1.2);
        chi2 += spread / expected;
        n_chi2++;
    }
    /* the scatter from position to position is what the variance says; neighbouring samples share pixels, and what
     * differs from batch to batch in the plan's whole-pixel centre adds a little */
    assert_near(chi2 / n_chi2, 1, 0.25);
    vtr_free(intensity);
    vtr_free(variance);
    vtr_free(k);
}

/* Where nothing moves, the mean of the profiles is the profile of the mean pattern. */
static void the_mean_profile_is_the_profile_of_the_mean(void **state)
{
    (void)state;
    vtr_error err;
    recording still;
    vtr_twin_params params = recording_params();
    params.descan_px = params.descan_bow_px = 0;
    recording_make(&still, &params, VTR_TYPE_U16);
    const char *path = test_folder_path("still.h5");
    pass_job job = {.input = recording_write(&still, "still.npy"), .output = path, .threads = 2};
    assert_ok(pass_run(&job, &err));
    size_t n, n_k, n_pixels;
    double *intensity = pass_dataset(path, "profile", "intensity", &n),
           *variance = pass_dataset(path, "profile", "variance", &n),
           *k = pass_dataset(path, "profile", "k", &n_k),
           *mean = pass_dataset(path, "mean", "mean", &n_pixels);
    vtr_ring_map map = pass_ring(path);
    double c[5] = {0};
    for (size_t p = 0; p < POSITIONS; p++)
        for (int j = 0; j < 5; j++)
            c[j] += map.ellipse[5 * p + j] / POSITIONS;
    double chi2 = 0, n_chi2 = 0;
    for (size_t j = 8; j < 44; j++) {
        /* linear splitting between neighbouring samples, pixel by pixel */
        double sum = 0, weight = 0, average = 0, error = 0;
        for (size_t i = 0; i < PIXELS; i++) {
            double vx = (double)(i % DET_X) - c[0], vy = (double)(i / DET_X) - c[1];
            double part = 1 - fabs(hypot(c[2] * vx + c[4] * vy, c[4] * vx + c[3] * vy) - k[j]);
            if (part <= 0) continue;
            sum += part * mean[i];
            weight += part;
        }
        for (size_t p = 0; p < POSITIONS; p++) {
            average += intensity[p * n_k + j] / POSITIONS;
            error += variance[p * n_k + j] / POSITIONS;
        }
        /* bins of a pixel average a curved profile: up to a few thousandths of it */
        error = error / POSITIONS + pow(3e-3 * average, 2);
        chi2 += pow(average - sum / weight, 2) / error;
        n_chi2++;
    }
    if (chi2 / n_chi2 > 2) fail_msg("mean profile and profile of the mean: chi-squared %g", chi2 / n_chi2);
    vtr_free(intensity);
    vtr_free(variance);
    vtr_free(k);
    vtr_free(mean);
    vtr_ring_map_release(&map);
    recording_release(&still);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_map_file_has_its_groups),
        cmocka_unit_test(groups_name_signals_axes_and_units),
        cmocka_unit_test(ellipses_agree_with_the_truth_within_their_errors),
        cmocka_unit_test(strain_of_the_map_agrees_with_the_truth),
        cmocka_unit_test(descan_and_beam_come_back),
        cmocka_unit_test(virtual_images_are_sums_over_annuli),
        cmocka_unit_test(mean_patterns_are_those_of_the_frames),
        cmocka_unit_test(profiles_have_the_ring_where_it_belongs),
        cmocka_unit_test(the_mean_profile_is_the_profile_of_the_mean),
    };
    return cmocka_run_group_tests(tests, make_scan, drop_scan);
}
