/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "base/base_internal.h"
#include "support.h"
#include "twin/gaussian_field_internal.h"
#include "twin/speckle_internal.h"

enum { N = 128, N_FRAMES = 160 };

static vtr_speckle *make(double contrast, double grain, double friedel)
{
    vtr_error err;
    vtr_speckle *speckle = NULL;
    vtr_speckle_params params = {
        .contrast = contrast, .grain_px = grain, .friedel = friedel, .det_y = N, .det_x = N, .seed = 5};
    assert_ok(vtr_speckle_create(&speckle, &params, &err));
    return speckle;
}

static void draw(const vtr_speckle *speckle, uint64_t stream, double centre_y, double centre_x, float t[N][N])
{
    vtr_random random;
    vtr_speckle_window window;
    vtr_random_start(&random, 9, stream);
    vtr_speckle_draw(speckle, &random, centre_y, centre_x, &window);
    for (size_t y = 0; y < N; y++)
        vtr_speckle_row(speckle, &window, y, t[y]);
}

/* Mean product of t - 1 at pairs (y, x), (y, x + lag) over many frames; contrast at lag 0. */
static double lagged(const vtr_speckle *speckle, int lag_y, int lag_x)
{
    static float t[N][N];
    double sum = 0, n = 0;
    for (int f = 0; f < N_FRAMES; f++) {
        draw(speckle, (uint64_t)f, 63.2, 64.7, t);
        for (int y = 0; y + lag_y < N; y++)
            for (int x = 0; x + lag_x < N; x++, n++)
                sum += ((double)t[y][x] - 1) * ((double)t[y + lag_y][x + lag_x] - 1);
    }
    return sum / n;
}

static void contrast_and_autocorrelation_are_as_stated(void **state)
{
    (void)state;
    const double contrasts[] = {0.05, 0.5};
    for (size_t i = 0; i < 2; i++) {
        vtr_speckle *speckle = make(contrasts[i], 4, 0.4);
        double c0 = lagged(speckle, 0, 0);
        assert_near(c0, contrasts[i], 0.03 * contrasts[i]);
        assert_near(lagged(speckle, 0, 2) / c0, 0.5, 0.02);
        assert_near(vtr_speckle_autocorrelation(speckle, 2), 0.5, 1e-9);
        assert_near(lagged(speckle, 1, 1) / c0, vtr_speckle_autocorrelation(speckle, sqrt(2)), 0.02);
        assert_near(lagged(speckle, 3, 0) / c0, vtr_speckle_autocorrelation(speckle, 3), 0.02);
        assert_near(lagged(speckle, 0, 12) / c0, 0, 0.02);
        vtr_speckle_free(speckle);
    }
}

/* Opposite pixels about a centre on a quarter pixel, away from it, correlate with the coefficient asked for.
 */
static void opposite_pixels_correlate(void **state)
{
    (void)state;
    static float t[N][N];
    const double friedel[] = {0, 0.5, 1};
    for (size_t i = 0; i < 3; i++) {
        vtr_speckle *speckle = make(0.3, 3, friedel[i]);
        double sum = 0, square = 0;
        for (int f = 0; f < N_FRAMES; f++) {
            /* 2c = (127, 125): partners are whole pixels */
            draw(speckle, (uint64_t)f, 63.5, 62.5, t);
            for (int y = 0; y < N; y++)
                for (int x = 0; x < 126; x++) {
                    if (hypot(y - 63.5, x - 62.5) < 10) continue;
                    sum += ((double)t[y][x] - 1) * ((double)t[127 - y][125 - x] - 1);
                    square += ((double)t[y][x] - 1) * ((double)t[y][x] - 1);
                }
        }
        assert_near(sum / square, friedel[i], 0.02);
        vtr_speckle_free(speckle);
    }
}

/* A quarter pixel in the centre moves the mirrored field by half a pixel: partners of a centre between pixels
 * still correlate, which whole-pixel mirrors would not give. */
static void the_mirror_follows_the_centre_below_a_pixel(void **state)
{
    (void)state;
    static float t[N][N];
    vtr_speckle *speckle = make(0.1, 3, 1);
    double sum = 0, square = 0, partners = 0;
    for (int f = 0; f < N_FRAMES; f++) {
        draw(speckle, (uint64_t)f, 63.5, 63.25, t);
        for (int y = 0; y < 40; y++)
            for (int x = 1; x < N - 2; x++) {
                /* the partner column 126.5 - x lies between two pixels; their mean approximates it */
                double partner = 0.5 * ((double)t[127 - y][126 - x] + (double)t[127 - y][127 - x]) - 1;
                sum += ((double)t[y][x] - 1) * partner;
                square += ((double)t[y][x] - 1) * ((double)t[y][x] - 1);
                partners += partner * partner;
            }
    }
    assert_near(sum / sqrt(square * partners), 1, 0.01);
    vtr_speckle_free(speckle);
}

static void variance_holds_at_the_centre_too(void **state)
{
    (void)state;
    static float t[N][N];
    vtr_speckle *speckle = make(0.2, 3, 0.9);
    double sum = 0, n = 4000;
    for (int f = 0; f < (int)n; f++) {
        vtr_random random;
        vtr_speckle_window window;
        vtr_random_start(&random, 11, (uint64_t)f);
        vtr_speckle_draw(speckle, &random, 64, 64, &window);
        vtr_speckle_row(speckle, &window, 64, t[0]);
        sum += ((double)t[0][64] - 1) * ((double)t[0][64] - 1);
    }
    assert_near(sum / n, 0.2, 0.03);
    vtr_speckle_free(speckle);
}

static void shifted_fields_are_the_same_field(void **state)
{
    (void)state;
    enum { P = 64 };
    static float a[P][P], b[P][P];
    vtr_error err;
    vtr_field_maker maker;
    vtr_random random;
    vtr_random_start(&random, 1, 2);
    assert_ok(vtr_field_maker_create(&maker, P, P, 3, &err));
    vtr_field_maker_draw(&maker, &random);
    vtr_field_maker_get(&maker, 0, 0, a[0]);
    vtr_field_maker_get(&maker, 5, 2, b[0]);
    for (int y = 0; y < P; y++)
        for (int x = 0; x < P; x++)
            assert_near(b[y][x], a[(y + 5) % P][(x + 2) % P], 1e-4);
    vtr_field_maker_release(&maker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contrast_and_autocorrelation_are_as_stated),
        cmocka_unit_test(opposite_pixels_correlate),
        cmocka_unit_test(the_mirror_follows_the_centre_below_a_pixel),
        cmocka_unit_test(variance_holds_at_the_centre_too),
        cmocka_unit_test(shifted_fields_are_the_same_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
