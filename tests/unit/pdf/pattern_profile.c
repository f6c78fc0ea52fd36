/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_internal.h"
#include "support.h"
#include "vitrail/pdf_pattern.h"

enum { SIDE = 128, PIXELS = SIDE * SIDE };
static const double k_step = 0.01;

/* Off the middle and elliptic, so that a forgotten centre, axis or W shows. */
static vtr_calibration geometry(unsigned char mask[PIXELS])
{
    memset(mask, 0, PIXELS);
    return (vtr_calibration){.det_y = SIDE,
                             .det_x = SIDE,
                             .mask = mask,
                             .centre_x_px = 70.3,
                             .centre_y_px = 58.8,
                             .wxx = 1.04,
                             .wyy = 0.98,
                             .wxy = 0.05,
                             .noise = {.gain = 1, .offset = 7},
                             .k_step_inv_angstrom = k_step};
}

static double radius_of(const vtr_calibration *c, size_t i)
{
    double x = (double)(i % SIDE) - c->centre_x_px, y = (double)(i / SIDE) - c->centre_y_px;
    return hypot(c->wxx * x + c->wxy * y, c->wxy * x + c->wyy * y);
}

/* Linear in the radius: the mean over a ring is the value at its mean radius. */
static double expected(double radius_px)
{
    return 400 - 2.5 * radius_px;
}

static vtr_dataset *open_frame(const float *frame, size_t n_y, size_t n_x)
{
    vtr_error err;
    vtr_dataset_writer *writer = NULL;
    vtr_dataset *dataset = NULL;
    vtr_dataset_info info = {.shape = {n_y, n_x, SIDE, SIDE}, .type = VTR_TYPE_F32};
    info.scan_step_nm[0] = info.scan_step_nm[1] = info.k_step_inv_angstrom[0] = info.k_step_inv_angstrom[1] =
        NAN;
    info.beam_energy_kev = info.saturation = NAN;
    const char *path = test_folder_path("pattern.npy");
    assert_ok(vtr_dataset_writer_open(&writer, path, &info, true, &err));
    for (size_t i = 0; i < n_y * n_x; i++)
        assert_ok(vtr_dataset_writer_write(writer, i, 1, frame, &err));
    assert_ok(vtr_dataset_writer_finish(&writer, &err));
    assert_ok(vtr_dataset_open(&dataset, path, NULL, &err));
    return dataset;
}

static vtr_pattern_profile profile_of(const float *frame, const vtr_calibration *c)
{
    vtr_error err;
    vtr_pattern_profile p;
    vtr_dataset *dataset = open_frame(frame, 1, 1);
    assert_ok(vtr_pattern_profile_compute(&p, dataset, c, &err));
    vtr_dataset_close(&dataset);
    return p;
}

/* Also beyond the edge of the frame, where only corners are left and sums would fall, and behind a beam stop. */
static void a_ring_is_its_mean_at_its_mean_radius(void **state)
{
    (void)state;
    static unsigned char mask[PIXELS];
    static float frame[PIXELS];
    vtr_calibration c = geometry(mask);
    for (size_t i = 0; i < PIXELS; i++) {
        size_t x = i % SIDE, y = i / SIDE;
        frame[i] = (float)(expected(radius_of(&c, i)) + c.noise.offset);
        if (x > 60 && (y > 50 && y < 64)) { /* a pointer from the right, over the centre */
            mask[i] = VTR_MASK_BEAM_STOP;
            frame[i] = 0;
        }
    }
    frame[5 * SIDE + 9] = NAN;
    mask[5 * SIDE + 9] = VTR_MASK_INVALID;
    vtr_pattern_profile p = profile_of(frame, &c);
    assert_true(p.n > 90 && p.k[p.n - 1] > k_step * 90);
    size_t n_values = 0;
    for (size_t r = 0; r < p.n; r++) {
        if (p.n_pixels[r] == 0) {
            assert_true(isnan(p.intensity[r]) && isnan(p.variance[r]));
            continue;
        }
        assert_near(p.intensity[r], expected(p.k[r] / k_step), 1e-3); /* float pixels */
        n_values++;
    }
    assert_true(isnan(p.intensity[2])); /* behind the beam stop */
    assert_true(n_values > p.n - 8);
    vtr_pattern_profile_release(&p);
}

/* Corners that flicker about a quarter of the circle, and a few pixels beside the beam stop, leave no gaps. */
static void text_holds_one_run_of_rings(void **state)
{
    (void)state;
    vtr_error err;
    enum { N = 60 };
    double k[N], intensity[N], variance[N], n_pixels[N];
    vtr_profile_text text;
    for (int r = 0; r < N; r++) {
        k[r] = k_step * (r + 0.5);
        intensity[r] = 100 - r;
        variance[r] = 4;
        double seen = r < 4 ? 0.1 : r == 4 ? 0.3 : r == 5 ? 0.2 : r < 50 ? 1 : r % 2 == 0 ? 0.2 : 0.3;
        n_pixels[r] = seen * 6.2832 * (r + 0.5);
    }
    vtr_pattern_profile p = {N, k, intensity, variance, n_pixels, 1};
    assert_ok(vtr_pattern_profile_to_text(&text, &p, k_step, &err));
    for (int r = 0; r < N; r++) {
        assert_int_equal(isnan(text.y[r]), r < 6 || r >= 50);
        assert_near(text.x[r], 6.283185307179586 * k[r], 1e-12);
        assert_near(text.error[r], 2, 1e-12);
    }
    vtr_profile_text_release(&text);
}

/* Mean of (value - truth)^2 / variance over the rings of many patterns, and the same of the sum over 40 rings. */
static void pulls(double out[2], double *correlation,
                  void (*fill)(float *, const vtr_calibration *, uint64_t), size_t n_patterns)
{
    static unsigned char mask[PIXELS];
    static float frame[PIXELS];
    vtr_calibration c = geometry(mask);
    double single = 0, n_single = 0, sums = 0;
    *correlation = 0;
    for (uint64_t seed = 0; seed < n_patterns; seed++) {
        fill(frame, &c, seed);
        vtr_pattern_profile p = profile_of(frame, &c);
        double deviation = 0, variance = 0;
        for (size_t r = 15; r < 55; r++) {
            double d = p.intensity[r] - expected(p.k[r] / k_step);
            /* what neighbours share is in the variance of sums, not in the scatter of one ring */
            single += d * d / (p.variance[r] / p.correlation_rings);
            n_single++;
            deviation += d;
            variance += p.variance[r];
        }
        sums += deviation * deviation / variance;
        *correlation += p.correlation_rings / (double)n_patterns;
        vtr_pattern_profile_release(&p);
    }
    out[0] = single / n_single;
    out[1] = sums / (double)n_patterns;
}

static void fill_counts(float *frame, const vtr_calibration *c, uint64_t seed)
{
    vtr_random random;
    vtr_random_start(&random, 11, seed);
    for (size_t i = 0; i < PIXELS; i++)
        frame[i] = (float)((double)vtr_random_poisson(&random, expected(radius_of(c, i))) + c->noise.offset);
}

/* 3 x 3 px grains of contrast 0.2, each with its like at the other side of the centre. */
static void fill_speckle(float *frame, const vtr_calibration *c, uint64_t seed)
{
    for (size_t i = 0; i < PIXELS; i++) {
        double x = (double)(i % SIDE) - c->centre_x_px, y = (double)(i / SIDE) - c->centre_y_px;
        if (y < 0 || (y == 0 && x < 0)) x = -x, y = -y;
        uint64_t grain = (uint64_t)(long)(floor(x / 3) + 500) * 1000 + (uint64_t)(long)floor(y / 3);
        vtr_random random;
        vtr_random_start(&random, seed + 1000, grain);
        frame[i] = (float)(expected(radius_of(c, i)) * vtr_random_gamma(&random, 5) / 5 + c->noise.offset);
    }
}

/* Of 60 patterns of 40 rings: single rings to 3 sqrt(2/2400) = 0.09, sums to 3 sqrt(2/60) = 0.55. The variance itself is
 * measured with 7 x 17 degrees of freedom. */
static void error_bars_of_counts_hold(void **state)
{
    (void)state;
    double pull[2], correlation;
    pulls(pull, &correlation, fill_counts, 60);
    assert_near(pull[0], 1, 0.1);
    assert_near(pull[1], 1, 0.55);
    assert_near(correlation, 1, 0.1);
}

/* Speckle makes neighbours alike, and opposite sectors: taken for independent, pixels would give bars that are
 * sqrt(18) times too small. */
static void error_bars_of_speckle_hold(void **state)
{
    (void)state;
    double pull[2], correlation;
    pulls(pull, &correlation, fill_speckle, 60);
    assert_near(pull[0], 1, 0.15);
    assert_near(pull[1], 1, 0.55);
    assert_true(correlation > 1.8 && correlation < 4);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    vtr_error err;
    static unsigned char mask[PIXELS];
    static float frame[PIXELS];
    vtr_calibration c = geometry(mask);
    vtr_pattern_profile p;
    vtr_dataset *dataset = open_frame(frame, 2, 1);
    assert_fails(vtr_pattern_profile_compute(&p, dataset, &c, &err), VTR_ERR_SHAPE, "vitrail map");
    vtr_dataset_close(&dataset);
    dataset = open_frame(frame, 1, 1);
    c.k_step_inv_angstrom = NAN;
    assert_fails(vtr_pattern_profile_compute(&p, dataset, &c, &err), VTR_ERR_NO_DATA, "--ring-k");
    c.det_x = 100;
    assert_fails(vtr_pattern_profile_compute(&p, dataset, &c, &err), VTR_ERR_SHAPE, "128 x 100");
    vtr_dataset_close(&dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ring_is_its_mean_at_its_mean_radius),
        cmocka_unit_test(text_holds_one_run_of_rings),
        cmocka_unit_test(error_bars_of_counts_hold),
        cmocka_unit_test(error_bars_of_speckle_hold),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
