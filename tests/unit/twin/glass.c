/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "support.h"
#include "vitrail/atoms.h"
#include "vitrail/constants.h"

/* Patterns of a molecular-dynamics model of Zr50Cu45Al5 against what its atoms' distances say. */

enum { N = 96, MOST = N * N };
static const double k_step = 0.02;
static vtr_atoms glass;

static int read_glass(void **state)
{
    (void)state;
    const char *path = test_data_path("structures/Zr50Cu45Al5_9826.xyz");
    vtr_error err;
    if (path == NULL) return 0;
    return vtr_atoms_read(&glass, path, NULL, &err) == VTR_OK ? 0 : -1;
}

static int release_glass(void **state)
{
    (void)state;
    vtr_atoms_release(&glass);
    return 0;
}

/* Sum of intensity over `patterns` patterns and the sum of their numbers of atoms. */
static double sum_patterns(double thickness_nm, double probe_nm, const double strain[3], uint64_t patterns,
                           double *sum, double *opposite)
{
    vtr_error err;
    vtr_diffraction_params params = vtr_diffraction_default_params();
    params.n_px = N;
    params.k_step = k_step;
    params.thickness_nm = thickness_nm;
    params.probe_fwhm_nm = probe_nm;
    vtr_diffraction *plan = NULL;
    vtr_diffraction_scratch *scratch = NULL;
    assert_ok(vtr_diffraction_open(&plan, &glass, &params, &err));
    assert_ok(vtr_diffraction_scratch_new(&scratch, plan, &err));
    static float intensity[MOST];
    double n_atoms = 0, covariance = 0, variance = 0;
    memset(sum, 0, MOST * sizeof *sum);
    for (uint64_t i = 0; i < patterns; i++) {
        double n;
        assert_ok(vtr_diffraction_intensity(plan, i, strain, scratch, intensity, &n, &err));
        n_atoms += n;
        for (size_t j = 0; j < MOST; j++)
            sum[j] += (double)intensity[j];
        /* speckle at the ring, relative to the model's mean: I is exponential where many atoms add up */
        double mean = 0, count = 0, cross = 0, square = 0;
        for (int pass = 0; pass < 2; pass++)
            for (int y = 1; y < N; y++)
                for (int x = 1; x < N; x++) {
                    double r = hypot(x - N / 2, y - N / 2);
                    if (r < 19 || r > 22) continue;
                    double a = (double)intensity[y * N + x], b = (double)intensity[(N - y) * N + N - x];
                    if (pass == 0) {
                        mean += a;
                        count++;
                    } else {
                        cross += (a - mean / count) * (b - mean / count);
                        square += (a - mean / count) * (a - mean / count);
                    }
                }
        covariance += cross;
        variance += square;
    }
    if (opposite != NULL) *opposite = covariance / variance;
    vtr_diffraction_scratch_free(&scratch);
    vtr_diffraction_close(&plan);
    return n_atoms;
}

/* Azimuthal mean in rings of one pixel, within 30 degrees of a direction (or all around: half width 90). */
static void ring_profile(const double *sum, double angle_degrees, double half_width_degrees,
                         double profile[N / 2])
{
    double count[N / 2] = {0};
    memset(profile, 0, N / 2 * sizeof *profile);
    for (int y = 0; y < N; y++)
        for (int x = 0; x < N; x++) {
            double dx = x - N / 2, dy = y - N / 2, r = hypot(dx, dy);
            double turn = atan2(dy, dx) / VTR_RADIANS_PER_DEGREE - angle_degrees;
            turn = fabs(remainder(turn, 180));
            size_t i = (size_t)lround(r);
            if (i >= N / 2 || turn > half_width_degrees) continue;
            profile[i] += sum[y * N + x];
            count[i]++;
        }
    for (size_t i = 0; i < N / 2; i++)
        profile[i] /= fmax(count[i], 1);
}

/* Debye's sum with the mean density taken out, per atom: <f^2> + sum over pairs f f' (h - mean) sin(x)/x, x = 2 pi k r,
 * each pair weighted by the overlap of the probe with itself shifted by r (averaged over directions in the plane). */
static void debye(double probe_fwhm, double result[N / 2])
{
    enum { BINS = 2500 };
    static double histogram[3][3][BINS];
    double box = glass.box[0], step = 0.01;
    memset(histogram, 0, sizeof histogram);
    const vtr_composition *c = &glass.composition;
    assert_int_equal(c->n, 3);
    static int element[10000];
    for (size_t i = 0; i < glass.n; i++)
        while (c->number[element[i]] != glass.number[i])
            element[i]++;
    for (size_t i = 0; i < glass.n; i++)
        for (size_t j = 0; j < i; j++) {
            double r2 = 0;
            for (int d = 0; d < 3; d++) {
                double x = fabs(glass.position[i][d] - glass.position[j][d]);
                x = x < 0.5 * box ? x : box - x;
                r2 += x * x;
            }
            if (r2 < 625) histogram[element[i]][element[j]][(size_t)(sqrt(r2) / step)] += 2;
        }
    for (size_t m = 0; m < N / 2; m++) {
        double k = (double)m * k_step, f[3], f2;
        vtr_electron_averages(c, k, NULL, &f2);
        for (int e = 0; e < 3; e++)
            f[e] = vtr_electron_factor(c->number[e], k);
        result[m] = f2;
        for (int b = 1; b < BINS; b++) {
            double r = (b + 0.5) * step, x = 2 * VTR_PI * k * r;
            double shell = 4 * VTR_PI * r * r * step * (double)glass.n / (box * box * box);
            double window = exp(-log(2) / (probe_fwhm * probe_fwhm) * r * r * 2 / 3), pairs = 0;
            for (int p = 0; p < 3; p++)
                for (int q = 0; q < 3; q++)
                    pairs += f[p] * f[q] *
                             (histogram[p][q][b] / (double)glass.n - c->fraction[p] * c->fraction[q] * shell);
            result[m] += window * pairs * (x > 0 ? sin(x) / x : 1);
        }
    }
}

static void mean_pattern_is_debyes(void **state)
{
    (void)state;
    if (glass.n == 0) skip();
    static double sum[MOST];
    double profile[N / 2], expected[N / 2];
    double n_atoms = sum_patterns(6, 2, NULL, 300, sum, NULL);
    ring_profile(sum, 0, 90, profile);
    debye(20, expected);
    /* within 4 %, and where the profile is steep within what the probe's disc of about a pixel smears in the plane */
    for (size_t m = 17; m < N / 2 - 1; m++)
        assert_near(profile[m] / n_atoms, expected[m],
                    0.04 * expected[m] + 0.15 * fabs(expected[m + 1] - expected[m - 1]));
    /* far out the atoms scatter alone */
    double f2;
    vtr_electron_averages(&glass.composition, 45 * k_step, NULL, &f2);
    assert_near(profile[45] / n_atoms / f2, 1, 0.08);
}

static void opposite_speckles_part_with_thickness(void **state)
{
    (void)state;
    if (glass.n == 0) skip();
    static double sum[MOST];
    double thin, middle, thick;
    sum_patterns(4, 2, NULL, 40, sum, &thin);
    sum_patterns(15, 2, NULL, 30, sum, &middle);
    sum_patterns(60, 2, NULL, 10, sum, &thick);
    printf("Friedel correlation at 4, 15, 60 nm: %.2f %.2f %.2f\n", thin, middle, thick);
    assert_true(thin > 0.9 && middle < 0.9 && middle > thick && fabs(thick) < 0.3);
}

/* The ring's first moment over its upper part along a direction. */
static double ring_place(const double *sum, double angle_degrees)
{
    double profile[N / 2], weight = 0, moment = 0;
    ring_profile(sum, angle_degrees, 20, profile);
    for (size_t m = 16; m <= 26; m++) {
        double w = fmax(0, profile[m] - fmax(profile[15], profile[27]));
        weight += w;
        moment += w * (double)m;
    }
    return moment / weight;
}

/* 6 % tension along +30 degrees makes the ring 6 % smaller there and leaves it across. */
static void strain_of_the_atoms_moves_the_ring(void **state)
{
    (void)state;
    if (glass.n == 0) skip();
    static double plain[MOST], strained[MOST];
    double e = 0.06, c = cos(VTR_PI / 6), s = sin(VTR_PI / 6);
    const double strain[3] = {e * c * c, e * s * s, e * c * s};
    sum_patterns(6, 2, NULL, 300, plain, NULL);
    sum_patterns(6, 2, strain, 300, strained, NULL);
    double along = ring_place(strained, 30) / ring_place(plain, 30);
    double across = ring_place(strained, 120) / ring_place(plain, 120);
    assert_near(along, 1 / 1.06, 0.012);
    assert_near(across, 1, 0.012);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mean_pattern_is_debyes),
        cmocka_unit_test(opposite_speckles_part_with_thickness),
        cmocka_unit_test(strain_of_the_atoms_moves_the_ring),
    };
    return cmocka_run_group_tests(tests, read_glass, release_glass);
}
