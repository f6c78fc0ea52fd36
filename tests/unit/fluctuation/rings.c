/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sums over patterns and the curves from them: against the definitions as they stand, against specimens whose V is known, and with
 * errors as errors. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "allocation.h"
#include "base/base_internal.h"
#include "support.h"
#include "vitrail/fluctuation.h"

static vtr_error err;

enum { SIDE = 48, PIXELS = SIDE * SIDE, RINGS = 6, KNOTS = 200 };
static const double centre[2] = {23.3, 24.1}; /* x, y */
static const double rings[RINGS][2] = {{4, 6}, {6, 8}, {9, 11}, {12, 14}, {15, 17}, {18, 22}};

/* A ring at 11 px on a falling background: steep within the rings that are measured. */
static double profile_at(double r)
{
    return exp(-r / 8) + 0.6 * exp(-(r - 11) * (r - 11) / 8);
}

static vtr_fluctuation_geometry geometry(const double *expected, vtr_noise noise)
{
    return (vtr_fluctuation_geometry){.det_y = SIDE,
                                      .det_x = SIDE,
                                      .centre_x_px = centre[0],
                                      .centre_y_px = centre[1],
                                      .wxx = 1,
                                      .wyy = 1,
                                      .n_rings = RINGS,
                                      .rings_px = rings,
                                      .n_expected = KNOTS,
                                      .expected = expected,
                                      .expected_step_px = 0.25,
                                      .noise = noise,
                                      .bragg = NAN};
}

static void make_profile(double *knots)
{
    for (size_t i = 0; i < KNOTS; i++)
        knots[i] = profile_at(0.25 * (double)i);
}

/* Expected counts, adding to `electrons`; shape NULL: flat. */
static void make_expected(double *pattern, double electrons, bool is_flat)
{
    double sum = 0;
    for (size_t i = 0; i < PIXELS; i++) {
        double r = hypot((double)(i % SIDE) - centre[0], (double)(i / SIDE) - centre[1]);
        sum += pattern[i] = is_flat ? 1 : profile_at(r);
    }
    for (size_t i = 0; i < PIXELS; i++)
        pattern[i] *= electrons / sum;
}

static size_t ring_of(size_t pixel)
{
    double r = hypot((double)(pixel % SIDE) - centre[0], (double)(pixel / SIDE) - centre[1]);
    for (size_t k = 0; k < RINGS; k++)
        if (r >= rings[k][0] && r < rings[k][1]) return k;
    return RINGS;
}

/* How the specimen of a test comes to be what it is. */
typedef struct specimen {
    double electrons;
    vtr_noise noise; /* of the camera */
    double pixel_m,
        all_m; /* gamma speckle of each pixel, and of the whole pattern, with the variance 1/m; 0: none */
    bool is_flat, has_noise;
    size_t n_patterns, n_blocks;
} specimen;

static void make_pattern(float *out, const specimen *s, const double *expected, vtr_random *random)
{
    double all = s->all_m > 0 ? vtr_random_gamma(random, s->all_m) / s->all_m : 1;
    for (size_t i = 0; i < PIXELS; i++) {
        double mean = expected[i] * all;
        if (s->pixel_m > 0) mean *= vtr_random_gamma(random, s->pixel_m) / s->pixel_m;
        double value = s->has_noise ? (double)vtr_random_poisson(random, mean) : mean;
        if (s->noise.read_noise > 0) value += s->noise.read_noise / s->noise.gain * vtr_random_normal(random);
        out[i] = (float)(value * (s->has_noise ? s->noise.gain : 1) + s->noise.offset);
    }
}

static void measure(vtr_fluctuation_curves *curves, const specimen *s, uint64_t seed)
{
    double knots[KNOTS];
    double *expected = vtr_malloc(PIXELS, sizeof *expected);
    float *pattern = vtr_malloc(PIXELS, sizeof *pattern);
    vtr_fluctuation_sums **sums = vtr_calloc(s->n_blocks, sizeof(vtr_fluctuation_sums *));
    vtr_fluctuation_plan *plan = NULL;
    vtr_random random;
    assert_true(expected != NULL && pattern != NULL && sums != NULL);
    make_profile(knots);
    make_expected(expected, s->electrons, s->is_flat);
    vtr_fluctuation_geometry g = geometry(s->is_flat ? NULL : knots, s->noise);
    assert_ok(vtr_fluctuation_plan_create(&plan, &g, &err));
    for (size_t b = 0; b < s->n_blocks; b++)
        assert_ok(vtr_fluctuation_sums_create(&sums[b], plan, &err));
    vtr_random_start(&random, seed, 1);
    for (size_t p = 0; p < s->n_patterns; p++) {
        make_pattern(pattern, s, expected, &random);
        vtr_fluctuation_add(sums[p * s->n_blocks / s->n_patterns], pattern, 0, 0, NULL, NULL);
    }
    assert_ok(vtr_fluctuation_finish(curves, plan, sums, s->n_blocks, &err));
    for (size_t b = 0; b < s->n_blocks; b++)
        vtr_fluctuation_sums_free(&sums[b]);
    vtr_fluctuation_plan_free(&plan);
    vtr_free(sums);
    vtr_free(pattern);
    vtr_free(expected);
}

/* Without noise the four are the definitions as they stand, but for n/(n - 1) where the variance is one over positions. */
static void definitions(void **state)
{
    (void)state;
    enum { N = 30 };
    const specimen s = {
        .electrons = 1e5, .pixel_m = 3, .all_m = 10, .is_flat = true, .n_patterns = N, .n_blocks = 3};
    vtr_fluctuation_curves curves;
    measure(&curves, &s, 7);
    double *expected = vtr_malloc(PIXELS, sizeof *expected);
    float *patterns = vtr_malloc(N * PIXELS, sizeof *patterns);
    vtr_random random;
    assert_true(expected != NULL && patterns != NULL);
    make_expected(expected, s.electrons, true);
    vtr_random_start(&random, 7, 1);
    for (size_t p = 0; p < N; p++)
        make_pattern(patterns + p * PIXELS, &s, expected, &random);
    for (size_t k = 0; k < RINGS; k++) {
        double n = 0, first = 0, second = 0, ring = 0, all = 0, image = 0;
        for (size_t p = 0; p < N; p++) {
            double sum = 0, square = 0;
            n = 0;
            for (size_t i = 0; i < PIXELS; i++)
                if (ring_of(i) == k) {
                    double c = (double)patterns[p * PIXELS + i];
                    sum += c;
                    square += c * c;
                    n++;
                }
            first += sum / n / N;
            second += sum * sum / n / n / N;
            ring += (square / n / (sum * sum / n / n) - 1) / N;
            all += square / n / N;
        }
        for (size_t i = 0; i < PIXELS; i++) {
            if (ring_of(i) != k) continue;
            double sum = 0, square = 0;
            for (size_t p = 0; p < N; p++) {
                double c = (double)patterns[p * PIXELS + i];
                sum += c / N;
                square += c * c / N;
            }
            image += (square / (sum * sum) - 1) / n;
        }
        double sample = N / (N - 1.);
        assert_near(curves.mean[k], first, 1e-9 * first);
        assert_near(curves.n_used[k], N, 0);
        assert_near(curves.value[VTR_FLUCTUATION_V_OMEGA][k], sample * (second / (first * first) - 1), 1e-10);
        assert_near(curves.value[VTR_FLUCTUATION_V_R][k], ring, 1e-10);
        assert_near(curves.value[VTR_FLUCTUATION_V_RE][k], all / (first * first) - 1, 1e-10);
        assert_near(curves.value[VTR_FLUCTUATION_OMEGA_V][k], sample * image, 1e-10);
    }
    vtr_fluctuation_curves_release(&curves);
    vtr_free(expected);
    vtr_free(patterns);
}

static double pixels_of(size_t ring)
{
    double n = 0;
    for (size_t i = 0; i < PIXELS; i++)
        n += ring_of(i) == ring;
    return n;
}

/* Gamma speckle of each pixel alone: 1/m where pixels are seen, 1/(m n) of a mean over n of them, and (n - 1)/(n m + 1) around the ring,
 * whose own mean moves with them. Without any: none. */
static double truth_of(const specimen *s, int definition, size_t ring)
{
    double n = pixels_of(ring), m = s->pixel_m;
    if (!(m > 0)) return 0;
    return definition == VTR_FLUCTUATION_V_OMEGA ? 1 / (m * n)
           : definition == VTR_FLUCTUATION_V_R   ? (n - 1) / (n * m + 1)
                                                 : 1 / m;
}

/* The mean of the pulls and their root mean square, over rings and repetitions. */
static void check_pulls(const specimen *s, size_t repetitions, const char *what)
{
    double sum[VTR_FLUCTUATION_DEFINITIONS] = {0}, square[VTR_FLUCTUATION_DEFINITIONS] = {0}, n = 0,
           value[VTR_FLUCTUATION_DEFINITIONS] = {0};
    for (size_t i = 0; i < repetitions; i++) {
        vtr_fluctuation_curves curves;
        measure(&curves, s, 100 + i);
        for (size_t k = 0; k < RINGS; k++, n++)
            for (int d = 0; d < VTR_FLUCTUATION_DEFINITIONS; d++) {
                double pull = (curves.value[d][k] - truth_of(s, d, k)) / curves.error[d][k];
                value[d] += curves.value[d][k];
                assert_true(isfinite(pull));
                sum[d] += pull;
                square[d] += pull * pull;
            }
        vtr_fluctuation_curves_release(&curves);
    }
    for (int d = 0; d < VTR_FLUCTUATION_DEFINITIONS; d++)
        print_message("%-22s %-8s V %9.2g  pulls %6.3f ± %.3f, rms %.3f\n", what,
                      vtr_fluctuation_name((vtr_fluctuation_definition)d), value[d] / n, sum[d] / n,
                      1 / sqrt(n), sqrt(square[d] / n));
    for (int d = 0; d < VTR_FLUCTUATION_DEFINITIONS; d++) {
        assert_near(sum[d] / n, 0, 4 / sqrt(n));
        assert_near(sqrt(square[d] / n), 1, 0.25);
    }
}

/* A specimen without structure has V = 0, whatever the dose, by all four. */
static void no_structure(void **state)
{
    (void)state;
    const double electrons[] = {1e2, 1e3, 1e4, 1e5, 1e6};
    for (size_t i = 0; i < sizeof electrons / sizeof *electrons; i++) {
        char what[64];
        snprintf(what, sizeof what, "%.0e electrons", electrons[i]);
        check_pulls(&(specimen){.electrons = electrons[i],
                                .noise = {.gain = 1},
                                .has_noise = true,
                                .n_patterns = 200,
                                .n_blocks = 20},
                    24, what);
    }
}

static void camera_noise(void **state)
{
    (void)state;
    check_pulls(&(specimen){.electrons = 3e4,
                            .noise = {.gain = 12, .offset = 100, .read_noise = 20},
                            .has_noise = true,
                            .n_patterns = 200,
                            .n_blocks = 20},
                24, "gain 12, read noise 20");
}

/* A specimen that speckles has its own V, four different ones, with errors that are errors too. */
static void speckle(void **state)
{
    (void)state;
    const double electrons[] = {1e3, 1e6};
    for (size_t i = 0; i < 2; i++)
        check_pulls(&(specimen){.electrons = electrons[i],
                                .noise = {.gain = 1},
                                .pixel_m = 4,
                                .is_flat = true,
                                .has_noise = true,
                                .n_patterns = 200,
                                .n_blocks = 20},
                    24, i == 0 ? "speckle, 1e3 electrons" : "speckle, 1e6 electrons");
}

/* All pixels together, as by thickness: seen over positions, not around a ring. */
static void thickness(void **state)
{
    (void)state;
    enum { LAST = RINGS - 1, M = 4 };
    vtr_fluctuation_curves c;
    const double truth[] = {1. / M, 0, 1. / M, 1. / M};
    measure(&c,
            &(specimen){.electrons = 2e4,
                        .noise = {.gain = 1},
                        .all_m = M,
                        .has_noise = true,
                        .n_patterns = 800,
                        .n_blocks = 20},
            2);
    for (int d = 0; d < VTR_FLUCTUATION_DEFINITIONS; d++) {
        print_message("thickness %-8s %.5f ± %.5f, true %.5f\n",
                      vtr_fluctuation_name((vtr_fluctuation_definition)d), c.value[d][LAST], c.error[d][LAST],
                      truth[d]);
        assert_near(c.value[d][LAST], truth[d], 4 * c.error[d][LAST]);
        assert_true(c.error[d][LAST] < 0.03);
    }
    vtr_fluctuation_curves_release(&c);
}

/* A pattern for tests of what one pattern does: counts of a specimen with some structure. */
static void make_counts(float *pattern, uint64_t seed)
{
    double *expected = vtr_malloc(PIXELS, sizeof *expected);
    vtr_random random;
    assert_non_null(expected);
    make_expected(expected, 2e4, false);
    vtr_random_start(&random, seed, 3);
    make_pattern(pattern, &(specimen){.pixel_m = 5, .all_m = 9, .has_noise = true, .noise = {.gain = 1}},
                 expected, &random);
    vtr_free(expected);
}

/* How the patterns of `sum_up` differ from counts: value = gain counts + offset, moved by whole pixels, with some ring of some broken. */
typedef struct change {
    vtr_noise noise;
    long shift_y, shift_x;
    size_t broken; /* the first of so many patterns get `spot` at a pixel of ring 2 */
    double spot, bragg;
} change;

enum { CHANGED = 40 };

static void sum_up(vtr_fluctuation_curves *curves, const change *how)
{
    double knots[KNOTS];
    float *pattern = vtr_malloc(PIXELS, sizeof *pattern), *moved = vtr_malloc(PIXELS, sizeof *moved);
    vtr_fluctuation_sums *sums[2] = {NULL};
    vtr_fluctuation_plan *plan = NULL;
    assert_true(pattern != NULL && moved != NULL);
    make_profile(knots);
    vtr_fluctuation_geometry g = geometry(knots, how->noise);
    g.shift_y = labs(how->shift_y);
    g.shift_x = labs(how->shift_x);
    g.bragg = how->bragg;
    assert_ok(vtr_fluctuation_plan_create(&plan, &g, &err));
    for (size_t b = 0; b < 2; b++)
        assert_ok(vtr_fluctuation_sums_create(&sums[b], plan, &err));
    for (size_t p = 0; p < CHANGED; p++) {
        make_counts(pattern, p);
        for (long y = 0; y < SIDE; y++)
            for (long x = 0; x < SIDE; x++) {
                long from_y = y - how->shift_y, from_x = x - how->shift_x;
                bool is_there = from_y >= 0 && from_y < SIDE && from_x >= 0 && from_x < SIDE;
                double counts = is_there ? (double)pattern[from_y * SIDE + from_x] : NAN;
                moved[y * SIDE + x] = (float)(counts * how->noise.gain + how->noise.offset);
            }
        if (p < how->broken) moved[24 * SIDE + 33] = (float)how->spot;
        vtr_fluctuation_add(sums[p % 2], moved, how->shift_y, how->shift_x, NULL, NULL);
    }
    assert_ok(vtr_fluctuation_finish(curves, plan, sums, 2, &err));
    for (size_t b = 0; b < 2; b++)
        vtr_fluctuation_sums_free(&sums[b]);
    vtr_fluctuation_plan_free(&plan);
    vtr_free(pattern);
    vtr_free(moved);
}

static void assert_same(const vtr_fluctuation_curves *a, const vtr_fluctuation_curves *b, size_t ring,
                        double tolerance)
{
    for (int d = 0; d < VTR_FLUCTUATION_DEFINITIONS; d++) {
        assert_near(a->value[d][ring], b->value[d][ring], tolerance);
        assert_near(a->error[d][ring], b->error[d][ring], tolerance);
    }
}

/* Recorded units and the place on the detector do not matter. */
static void invariances(void **state)
{
    (void)state;
    vtr_fluctuation_curves plain, scaled, moved;
    sum_up(&plain, &(change){.noise = {.gain = 1}, .bragg = NAN});
    sum_up(&scaled, &(change){.noise = {.gain = 16, .offset = 32}, .bragg = NAN});
    sum_up(&moved, &(change){.noise = {.gain = 1}, .shift_y = -1, .shift_x = 2, .bragg = NAN});
    for (size_t k = 0; k < RINGS; k++) {
        assert_same(&plain, &scaled, k, 1e-10);
        assert_near(scaled.mean[k], 16 * plain.mean[k], 1e-9 * scaled.mean[k]);
        assert_same(&plain, &moved, k, 1e-12);
    }
    assert_true(plain.value[VTR_FLUCTUATION_V_RE][3] > 0.05);
    vtr_fluctuation_curves_release(&plain);
    vtr_fluctuation_curves_release(&scaled);
    vtr_fluctuation_curves_release(&moved);
}

/* A ring with a NaN or a spot is left out of its pattern, and only that ring; a spot that is taken raises V. */
static void what_is_left_out(void **state)
{
    (void)state;
    enum { RING = 2, BROKEN = 5 };
    const vtr_noise counting = {.gain = 1};
    vtr_fluctuation_curves plain, missing, spots, taken;
    assert_int_equal(ring_of(24 * SIDE + 33), RING);
    sum_up(&plain, &(change){.noise = counting, .bragg = NAN});
    sum_up(&missing, &(change){.noise = counting, .broken = BROKEN, .spot = NAN, .bragg = NAN});
    sum_up(&spots, &(change){.noise = counting, .broken = BROKEN, .spot = 5000, .bragg = 20});
    sum_up(&taken, &(change){.noise = counting, .broken = BROKEN, .spot = 5000, .bragg = NAN});
    for (size_t k = 0; k < RINGS; k++) {
        assert_near(missing.n_left[k], k == RING ? BROKEN : 0, 0);
        assert_near(missing.n_used[k] + missing.n_left[k], CHANGED, 0);
        assert_same(&missing, &spots, k, 0);
        if (k != RING) assert_same(&plain, &missing, k, 0);
    }
    assert_true(taken.value[VTR_FLUCTUATION_V_R][RING] > 5 * plain.value[VTR_FLUCTUATION_V_R][RING]);
    assert_near(spots.value[VTR_FLUCTUATION_V_R][RING], plain.value[VTR_FLUCTUATION_V_R][RING],
                0.2 * plain.value[VTR_FLUCTUATION_V_R][RING]);
    vtr_fluctuation_curves_release(&plain);
    vtr_fluctuation_curves_release(&missing);
    vtr_fluctuation_curves_release(&spots);
    vtr_fluctuation_curves_release(&taken);
}

/* Nothing, or one pattern, has no variance over positions. */
static void too_little(void **state)
{
    (void)state;
    float *pattern = vtr_malloc(PIXELS, sizeof *pattern);
    vtr_fluctuation_geometry g = geometry(NULL, (vtr_noise){.gain = 1});
    vtr_fluctuation_plan *plan = NULL;
    vtr_fluctuation_sums *sums[2] = {NULL};
    vtr_fluctuation_curves c;
    unsigned char used[PIXELS] = {0};
    assert_non_null(pattern);
    assert_ok(vtr_fluctuation_plan_create(&plan, &g, &err));
    assert_ok(vtr_fluctuation_sums_create(&sums[0], plan, &err));
    for (int n = 0; n < 2; n++) {
        assert_ok(vtr_fluctuation_finish(&c, plan, sums, 2, &err));
        for (size_t k = 0; k < RINGS; k++) {
            assert_true(isnan(c.value[VTR_FLUCTUATION_V_OMEGA][k]) &&
                        isnan(c.value[VTR_FLUCTUATION_OMEGA_V][k]));
            assert_true(isnan(c.error[VTR_FLUCTUATION_V_R][k]) && isnan(c.error[VTR_FLUCTUATION_V_RE][k]));
            assert_int_equal(n > 0, !isnan(c.value[VTR_FLUCTUATION_V_R][k]));
        }
        vtr_fluctuation_curves_release(&c);
        make_counts(pattern, 1);
        vtr_fluctuation_add(sums[0], pattern, 0, 0, NULL, NULL);
    }
    vtr_fluctuation_sums_free(&sums[0]);
    vtr_fluctuation_plan_free(&plan);
    g.used = used;
    assert_fails(vtr_fluctuation_plan_create(&plan, &g, &err), VTR_ERR_NO_DATA, "0 pixels");
    g.n_rings = 0;
    assert_fails(vtr_fluctuation_plan_create(&plan, &g, &err), VTR_ERR_ARGUMENT, "no ring");
    vtr_free(pattern);
}

/* Windows: where the left half varies and the right does not; no value where most of the window has none. */
static void local_variance(void **state)
{
    (void)state;
    enum { N = 60, M = 6, RING_PIXELS = 100 };
    float *mean = vtr_malloc(N * N, sizeof *mean), *local = vtr_malloc(N * N, sizeof *local),
          *error = vtr_malloc(N * N, sizeof *error);
    vtr_random random;
    assert_true(mean != NULL && local != NULL && error != NULL);
    vtr_random_start(&random, 5, 5);
    for (size_t i = 0; i < N * N; i++) {
        double level = i % N < N / 2 ? vtr_random_gamma(&random, M) / M : 1;
        mean[i] = (float)((double)vtr_random_poisson(&random, 20 * RING_PIXELS * level) / RING_PIXELS);
    }
    for (size_t y = 0; y < 12; y++)
        for (size_t x = 48; x < N; x++)
            mean[y * N + x] = NAN;
    vtr_fluctuation_local(local, error, mean, N, N, RING_PIXELS, &(vtr_noise){.gain = 1}, 9, 0);
    double sum[2] = {0}, square[2] = {0}, n[2] = {0};
    for (size_t y = 14; y < N - 4; y += 9) /* windows that share no position */
        for (size_t x = 4; x < N - 4; x += 9) {
            if (x + 5 > N / 2 && x < N / 2 + 4) continue;
            size_t half = x > N / 2;
            double pull = ((double)local[y * N + x] - (half ? 0 : 1. / M)) / (double)error[y * N + x];
            sum[half] += (double)local[y * N + x];
            square[half] += pull * pull;
            n[half]++;
        }
    print_message("varying %.4f, even %.6f, pulls %.2f %.2f\n", sum[0] / n[0], sum[1] / n[1],
                  sqrt(square[0] / n[0]), sqrt(square[1] / n[1]));
    assert_near(sum[0] / n[0], 1. / M, 0.025);
    assert_near(sum[1] / n[1], 0, 1e-4);
    for (int half = 0; half < 2; half++)
        assert_near(sqrt(square[half] / n[half]), 1.1, 0.6);
    assert_true(isnan((double)local[2 * N + 55]) && isnan((double)error[2 * N + 55]));
    vtr_free(mean);
    vtr_free(local);
    vtr_free(error);
}

static vtr_status scenario(void *context, vtr_error *error)
{
    vtr_fluctuation_geometry g = geometry(NULL, (vtr_noise){.gain = 1});
    vtr_fluctuation_plan *plan = NULL;
    vtr_fluctuation_sums *sums[2] = {NULL};
    vtr_fluctuation_curves c = {0};
    (void)context;
    vtr_status status = vtr_fluctuation_plan_create(&plan, &g, error);
    for (size_t b = 0; b < 2 && status == VTR_OK; b++)
        status = vtr_fluctuation_sums_create(&sums[b], plan, error);
    if (status == VTR_OK) status = vtr_fluctuation_finish(&c, plan, sums, 2, error);
    vtr_fluctuation_curves_release(&c);
    for (size_t b = 0; b < 2; b++)
        vtr_fluctuation_sums_free(&sums[b]);
    vtr_fluctuation_plan_free(&plan);
    return status;
}

static void memory_is_short(void **state)
{
    (void)state;
    test_every_allocation_fails(scenario, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(definitions),      cmocka_unit_test(no_structure), cmocka_unit_test(camera_noise),
        cmocka_unit_test(speckle),          cmocka_unit_test(thickness),    cmocka_unit_test(invariances),
        cmocka_unit_test(what_is_left_out), cmocka_unit_test(too_little),   cmocka_unit_test(local_variance),
        cmocka_unit_test(memory_is_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
