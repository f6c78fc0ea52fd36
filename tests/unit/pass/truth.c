/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "truth.h"

#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_internal.h"
#include "support.h"
#include "vitrail/constants.h"
#include "vitrail/ring_map.h"

static vtr_twin *open_twin(const truth_case *given)
{
    vtr_error err;
    vtr_twin *twin = NULL;
    vtr_twin_params params = vtr_twin_default_params();
    params.scan[0] = given->n / TRUTH_SCAN_X;
    params.scan[1] = TRUTH_SCAN_X;
    params.pattern[0] = params.pattern[1] = given->size;
    params.electrons = given->electrons;
    params.middle = (int)given->middle;
    params.contrast = given->contrast;
    params.grain_px = given->grain_px > 0 ? given->grain_px : 3;
    params.friedel = given->friedel;
    params.distortion_percent = given->distortion_percent;
    params.distortion_angle = 30;
    params.stop_radius_px = (double)given->size / 26;
    params.seed = given->seed;
    assert_ok(vtr_twin_open(&twin, "rings", &params, &err));
    return twin;
}

/* Strain of either sign up to the largest, at twelve orientations, and a centre on a smooth path. */
static vtr_twin_position position_of(const vtr_twin *twin, const truth_case *given, size_t i)
{
    vtr_twin_position p;
    vtr_random random;
    vtr_twin_get_position(twin, i, &p);
    vtr_random_start(&random, 99 + given->seed, i);
    double angle = (double)(i % 12) * 15 * VTR_RADIANS_PER_DEGREE;
    double deviatoric = given->strain * vtr_random_uniform(&random);
    double volumetric = given->strain * (vtr_random_uniform(&random) - 0.5);
    p.exx = volumetric + 0.5 * deviatoric * cos(2 * angle);
    p.eyy = volumetric - 0.5 * deviatoric * cos(2 * angle);
    p.exy = 0.5 * deviatoric * sin(2 * angle);
    double x = 2 * (double)(i % TRUTH_SCAN_X) / (TRUTH_SCAN_X - 1) - 1;
    double y = 2 * (double)(i / TRUTH_SCAN_X) / ((double)given->n / TRUTH_SCAN_X - 1) - 1;
    p.centre_x += given->descan_px * (0.6 * x + 0.4 * x * y);
    p.centre_y += given->descan_px * (0.7 * y - 0.3 * x * x);
    if (given->wedge > 0 && i % 2 == 1) p.background_factor *= given->wedge;
    return p;
}

static void write_recording(const vtr_twin *twin, const truth_case *given, const char *path)
{
    vtr_error err;
    const vtr_twin_info *twin_info = vtr_twin_get_info(twin);
    vtr_dataset_info info = {.type = twin_info->type, .scan_step_nm = {5, 5}, .beam_energy_kev = 300};
    memcpy(info.shape, twin_info->shape, sizeof info.shape);
    info.k_step_inv_angstrom[0] = info.k_step_inv_angstrom[1] = twin_info->k_step;
    vtr_dataset_writer *writer = NULL;
    assert_ok(vtr_dataset_writer_open(&writer, path, &info, true, &err));
    size_t failures = 0;
#pragma omp parallel reduction(+ : failures)
    {
        void *scratch = vtr_malloc(vtr_twin_scratch_size(twin), 1);
        uint16_t *frame = vtr_malloc(given->size * given->size, sizeof *frame);
#pragma omp for schedule(dynamic, 16)
        for (size_t i = 0; i < given->n; i++) {
            vtr_twin_position p = position_of(twin, given, i);
            vtr_twin_frame(twin, &p, i, scratch, frame);
            failures += vtr_dataset_writer_write(writer, i, 1, frame, NULL) != VTR_OK;
        }
        vtr_free(scratch);
        vtr_free(frame);
    }
    assert_int_equal(failures, 0);
    assert_ok(vtr_dataset_writer_finish(&writer, &err));
}

/* W = sqrt(Wl (I + e)^2 Wl) of the lens Wl. */
static void true_w(const double lens[3], const vtr_twin_position *p, double w[3])
{
    double a = 1 + p->exx, b = 1 + p->eyy, c = p->exy;
    double gxx = a * a + c * c, gyy = b * b + c * c, gxy = c * (a + b);
    double hxx = gxx * lens[0] + gxy * lens[2], hxy = gxx * lens[2] + gxy * lens[1];
    double hyx = gxy * lens[0] + gyy * lens[2], hyy = gxy * lens[2] + gyy * lens[1];
    double sxx = lens[0] * hxx + lens[2] * hyx, sxy = lens[0] * hxy + lens[2] * hyy;
    double syy = lens[2] * hxy + lens[1] * hyy, root = sqrt(sxx * syy - sxy * sxy);
    double scale = 1 / sqrt(sxx + syy + 2 * root);
    w[0] = (sxx + root) * scale;
    w[1] = (syy + root) * scale;
    w[2] = sxy * scale;
}

/* Derivatives of the expected counts by centre and W, by those of centre and strain and the chain rule; then by the
 * dose and the background, which nobody knows either. */
enum { BOUND_N = 7 };
static void derivatives(const vtr_twin *twin, const vtr_twin_position *at, size_t n, double *jacobian)
{
    const double *lens = vtr_twin_get_info(twin)->w;
    vtr_twin_position p = *at;
    double *by[BOUND_N] = {&p.centre_x,  &p.centre_y,         &p.exx, &p.eyy, &p.exy,
                           &p.electrons, &p.background_factor};
    const double step[BOUND_N] = {0.02, 0.02, 1e-4, 1e-4, 1e-4, 1e-3 * at->electrons, 0.01};
    double *up = vtr_malloc(n, sizeof *up), *down = vtr_malloc(n, sizeof *down), w_by_e[9];
    for (int k = 0; k < BOUND_N; k++) {
        double start = *by[k], w_up[3], w_down[3];
        *by[k] = start + step[k];
        vtr_twin_expected(twin, &p, up);
        true_w(lens, &p, w_up);
        *by[k] = start - step[k];
        vtr_twin_expected(twin, &p, down);
        true_w(lens, &p, w_down);
        *by[k] = start;
        for (size_t i = 0; i < n; i++)
            jacobian[i * BOUND_N + (size_t)k] = (up[i] - down[i]) / (2 * step[k]);
        if (k >= 2 && k < 5)
            for (int j = 0; j < 3; j++)
                w_by_e[3 * j + k - 2] = (w_up[j] - w_down[j]) / (2 * step[k]);
    }
    lapack_int pivots[3];
    assert_int_equal(LAPACKE_dgetrf(LAPACK_ROW_MAJOR, 3, 3, w_by_e, 3, pivots), 0);
    assert_int_equal(LAPACKE_dgetri(LAPACK_ROW_MAJOR, 3, w_by_e, 3, pivots), 0);
    for (size_t i = 0; i < n; i++) {
        double *row = jacobian + i * BOUND_N + 2, e[3] = {row[0], row[1], row[2]};
        for (int j = 0; j < 3; j++)
            row[j] = e[0] * w_by_e[j] + e[1] * w_by_e[3 + j] + e[2] * w_by_e[6 + j];
    }
    vtr_free(up);
    vtr_free(down);
}

/* The inverse of the Fisher information of the Poisson counts in the unmasked pixels of the ring's annulus. */
static void add_bound(const vtr_twin *twin, const vtr_twin_position *p, const vtr_calibration *c,
                      double variance[TRUTH_N])
{
    size_t n = c->det_y * c->det_x;
    double *mu = vtr_malloc(n, sizeof *mu), *jacobian = vtr_malloc(n * BOUND_N, sizeof *jacobian);
    double information[BOUND_N * BOUND_N] = {0};
    vtr_twin_expected(twin, p, mu);
    derivatives(twin, p, n, jacobian);
    for (size_t i = 0; i < n; i++) {
        double vx = (double)(i % c->det_x) - p->centre_x, vy = (double)(i / c->det_x) - p->centre_y;
        double r = hypot(c->wxx * vx + c->wxy * vy, c->wxy * vx + c->wyy * vy);
        if (c->mask[i] != 0 || r < c->ring.annulus_px[0] || r > c->ring.annulus_px[1]) continue;
        for (size_t a = 0; a < BOUND_N; a++)
            for (size_t b = 0; b < BOUND_N; b++)
                information[a * BOUND_N + b] += jacobian[i * BOUND_N + a] * jacobian[i * BOUND_N + b] / mu[i];
    }
    lapack_int pivots[BOUND_N];
    assert_int_equal(LAPACKE_dgetrf(LAPACK_ROW_MAJOR, BOUND_N, BOUND_N, information, BOUND_N, pivots), 0);
    assert_int_equal(LAPACKE_dgetri(LAPACK_ROW_MAJOR, BOUND_N, information, BOUND_N, pivots), 0);
    for (size_t k = 0; k < TRUTH_N; k++)
        variance[k] += information[k * BOUND_N + k];
    vtr_free(mu);
    vtr_free(jacobian);
}

static void compute_bound(truth_result *result, const vtr_twin *twin, const truth_case *given,
                          const vtr_calibration *c)
{
    double variance[TRUTH_N] = {0};
    enum { POSITIONS = 24 };
    for (size_t k = 0; k < POSITIONS; k++) {
        vtr_twin_position p = position_of(twin, given, k * given->n / POSITIONS + k);
        add_bound(twin, &p, c, variance);
    }
    for (int k = 0; k < TRUTH_N; k++)
        result->bound[k] = sqrt(variance[k] / POSITIONS);
}

/* The radius that the template calls its own is not the simulation's: one common factor of W is free. */
static double common_scale(const vtr_ring_map *map, const vtr_twin *twin, const truth_case *given)
{
    double sum = 0, n = 0;
    for (size_t i = 0; i < given->n; i++) {
        const double *e = map->ellipse + 5 * i;
        vtr_twin_position p = position_of(twin, given, i);
        double w[3];
        if (map->flags[i] & VTR_FLAGS_NO_RING_DATA) continue;
        true_w(vtr_twin_get_info(twin)->w, &p, w);
        sum += 0.5 * log((e[2] * e[3] - e[4] * e[4]) / (w[0] * w[1] - w[2] * w[2]));
        n++;
    }
    return exp(sum / n);
}

static void compare(truth_result *result, const vtr_ring_map *map, const vtr_twin *twin,
                    const truth_case *given)
{
    double scale = common_scale(map, twin, given), wedge[2] = {0}, wedge_n[2] = {0};
    for (size_t i = 0; i < given->n; i++) {
        if (map->flags[i] & VTR_FLAGS_NO_RING_DATA) continue;
        vtr_twin_position p = position_of(twin, given, i);
        double w[3];
        true_w(vtr_twin_get_info(twin)->w, &p, w);
        const double truth[TRUTH_N] = {p.centre_x, p.centre_y, scale * w[0], scale * w[1], scale * w[2]};
        const double *covariance = map->covariance + 15 * i;
        for (size_t k = 0; k < TRUTH_N; k++) {
            double d = map->ellipse[5 * i + k] - truth[k];
            double v = covariance[vtr_ring_map_covariance_index(k, k)];
            result->mean[k] += d;
            result->deviation[k] += d * d;
            result->sigma[k] += v;
            result->pull_variance[k] += d * d / v;
            result->largest_pull = fmax(result->largest_pull, fabs(d) / sqrt(v));
        }
        wedge[i % 2] += map->ellipse[5 * i + 2] + map->ellipse[5 * i + 3] - truth[2] - truth[3];
        wedge_n[i % 2]++;
        result->volumetric_error += covariance[vtr_ring_map_covariance_index(2, 2)] +
                                    covariance[vtr_ring_map_covariance_index(3, 3)] +
                                    2 * covariance[vtr_ring_map_covariance_index(2, 3)];
        result->n_good++;
    }
    double n = (double)result->n_good;
    for (int k = 0; k < TRUTH_N; k++) {
        result->mean[k] /= n;
        result->deviation[k] = sqrt(result->deviation[k] / n);
        result->sigma[k] = sqrt(result->sigma[k] / n);
        result->pull_variance[k] /= n;
    }
    result->wedge_shift = wedge[1] / wedge_n[1] - wedge[0] / wedge_n[0];
    result->volumetric_error = sqrt(result->volumetric_error / n);
}

/* Contrast that the whole intensity of the annulus has, weighted as the measurement weights it, when its elastic part has
 * the contrast that was asked for. */
static double expected_contrast(const vtr_twin *twin, const truth_case *given, const vtr_calibration *c)
{
    double step = vtr_twin_get_info(twin)->k_step, sum = 0, weights = 0;
    for (double r = c->ring.annulus_px[0]; r <= c->ring.annulus_px[1]; r += 0.25) {
        double s, f2, fsq, background;
        vtr_twin_profile(twin, r * step, &s, &f2, &fsq, &background);
        double elastic = f2 + fsq * s;
        sum += r * elastic * elastic;
        weights += r * (elastic + background) * (elastic + background);
    }
    return given->contrast * sum / weights;
}

void truth_run(truth_result *result, const truth_case *given, bool with_bound)
{
    vtr_error err;
    vtr_twin *twin = open_twin(given);
    const char *path = test_folder_path("truth.npy");
    write_recording(twin, given, path);
    vtr_dataset *dataset = NULL;
    vtr_calibration *calibration = NULL;
    vtr_mapfile *file = NULL;
    vtr_ring_map map = {0};
    vtr_calibrate_params params;
    vtr_parameters_default(&vtr_calibrate_parameters, &params);
    params.noise = "counting";
    assert_ok(vtr_dataset_open(&dataset, path, NULL, &err));
    assert_ok(vtr_calibrate(&calibration, dataset, &params, 0, NULL, &err));
    assert_ok(vtr_mapfile_create(&file, test_folder_path("truth_map.h5"), true, &err));
    vtr_map_params map_params;
    vtr_parameters_default(&vtr_map_parameters, &map_params);
    map_params.no_profile = true;
    assert_ok(vtr_map(file, dataset, calibration, &map_params, 0, NULL, NULL, &err));
    assert_ok(vtr_mapfile_commit(&file, &err));
    assert_ok(vtr_mapfile_open(&file, test_folder_path("truth_map.h5"), &err));
    assert_ok(vtr_ring_map_read(&map, file, &err));
    *result = (truth_result){.contrast = calibration->speckle.contrast,
                             .grain_px = calibration->speckle.grain_px,
                             .friedel = calibration->speckle.friedel,
                             .expected_contrast = expected_contrast(twin, given, calibration),
                             .chi2 = calibration->chi2};
    compare(result, &map, twin, given);
    if (with_bound) compute_bound(result, twin, given, calibration);
    vtr_ring_map_release(&map);
    vtr_mapfile_close(&file);
    vtr_calibration_free(calibration);
    vtr_dataset_close(&dataset);
    vtr_twin_close(&twin);
}
