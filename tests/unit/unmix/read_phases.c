/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fractions and peaks with the range that mixtures allow, the verdict on noise, and two specimens side by side. */
#include <math.h>
#include <string.h>

#include "allocation.h"
#include "base/base_internal.h"
#include "twin/phase_internal.h"
#include "unmix_scene.h"
#include "vitrail/unmix_read.h"

enum { N = 4096, M = 60, N_R = 480, N_Q = 400 };

/* Two waves in shares 0 to 1, with noise; the first half of the positions has more of the first. */
static void two_phases(scene *s, double noise)
{
    vtr_random random;
    scene_waves(s, N, M, 2, 0);
    vtr_random_start(&random, 5, 0);
    for (size_t p = 0; p < N; p++) {
        double f = 0.5 * erfc(-(vtr_random_normal(&random) + (p < N / 2 ? 0.5 : -0.5)) / sqrt(2));
        s->shares[p] = f;
        for (size_t c = 0; c < M; c++)
            s->values[p * M + c] = (float)(f * s->components[c] + (1 - f) * s->components[M + c] +
                                           noise * vtr_random_normal(&random));
    }
}

/* The range of a region is that of corners that move: for all positions that of the simplex itself, for a half around the
 * half's own truth. */
static void fractions_have_their_ranges(void **state)
{
    (void)state;
    static uint8_t region[N];
    scene s;
    vtr_error err;
    vtr_simplex_result simplex;
    vtr_unmix_fraction all[2], half[2];
    size_t order[2];
    double truth = 0;
    two_phases(&s, 0.1);
    assert_ok(vtr_simplex(&simplex, &s.data, NULL, 2, &err));
    scene_match(order, &s, simplex.components, 0.99);
    for (size_t p = 0; p < N; p++) {
        region[p] = p < N / 2;
        truth += p < N / 2 ? s.shares[p] / (N / 2) : 0;
    }
    assert_ok(vtr_unmix_fractions(all, &simplex, NULL, NULL, &err));
    assert_ok(vtr_unmix_fractions(half, &simplex, region, NULL, &err));
    for (size_t j = 0; j < 2; j++) {
        assert_int_equal(all[j].n, N);
        assert_int_equal(half[j].n, N / 2);
        assert_near(all[j].value, simplex.fractions[j], 1e-6);
        assert_near(all[j].range[0], simplex.fraction_low[j] - 2 * all[j].error, 2e-3);
        assert_near(all[j].range[1], simplex.fraction_high[j] + 2 * all[j].error, 2e-3);
        assert_false(all[j].is_bounded);
        assert_near(all[j].allowed[1] - all[j].allowed[0], 1, 0);
    }
    /* errors of N positions, alike: over the root of their number */
    assert_near(all[0].error, simplex.noise / sqrt(N), 0.02 * simplex.noise / sqrt(N));
    const vtr_unmix_fraction *first = &half[order[0]];
    print_message("half of the map: %.3f, range %.3f to %.3f, truth %.3f\n", first->value, first->range[0],
                  first->range[1], truth);
    assert_true(first->value > all[order[0]].value + 0.05);
    assert_true(first->range[0] < truth && truth < first->range[1]);
    assert_true(first->range[1] - first->range[0] < 0.2);
    memset(region, 0, sizeof region);
    assert_fails(vtr_unmix_fractions(half, &simplex, region, NULL, &err), VTR_ERR_NO_DATA, "no position");
    vtr_simplex_result_release(&simplex);
    scene_release(&s);
}

/* A component's first peak moves towards the other one's as the mixture changes. By hand: the limits let 0.1 of the other be
 * taken away or added. */
static void peaks_have_their_ranges(void **state)
{
    (void)state;
    static double r[N_R], G[2][N_R], low[2 * N_R], high[2 * N_R], moved[N_R];
    vtr_error err;
    vtr_unmix_peaks peaks, ends[2];
    for (size_t i = 0; i < N_R; i++) {
        r[i] = 0.02 * ((double)i + 1);
        for (size_t j = 0; j < 2; j++)
            G[j][i] = vtr_twin_glass_G(j, r[i]);
        double move = 0.1 * (G[0][i] - G[1][i]);
        low[i] = G[0][i] - fabs(move);
        high[i] = G[0][i] + fabs(move);
    }
    const vtr_simplex_result simplex = {.n_components = 2,
                                        .n_channels = N_R,
                                        .components = &G[0][0],
                                        .component_low = low,
                                        .component_high = high};
    vtr_unmix_pdf pdf = {.n_r = N_R, .r = r, .G = G[0], .qmin = NAN, .qmax = NAN, .density = NAN};
    assert_ok(vtr_unmix_peaks_read(&peaks, &pdf, &err));
    assert_near(peaks.first.position_range[1] - peaks.first.position_range[0], 0, 0);
    assert_ok(vtr_unmix_peaks_range(&peaks, &pdf, &simplex, 0, true, &err));
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < N_R; i++)
            moved[i] = G[0][i] + (side == 0 ? -0.1 : 0.1) * (G[0][i] - G[1][i]);
        pdf.G = moved;
        assert_ok(vtr_unmix_peaks_read(&ends[side], &pdf, &err));
        assert_near(peaks.first.position_range[side], ends[side].first.position, 1e-6);
        assert_near(peaks.first.fwhm_range[side], ends[side].first.fwhm, 1e-6);
    }
    assert_true(ends[1].first.position > ends[0].first.position + 0.005);
    pdf.n_r--;
    assert_fails(vtr_unmix_peaks_range(&peaks, &pdf, &simplex, 0, true, &err), VTR_ERR_SHAPE, "distances");
}

/* A glass through a range, or noise that is alike and independent in Q. */
static void transform(double *G, const double *r, int phase)
{
    static double q[N_Q], F[N_Q];
    vtr_random random;
    vtr_random_start(&random, 8, 0);
    for (size_t j = 0; j < N_Q; j++) {
        q[j] = 1 + 16 * ((double)j + 0.5) / N_Q;
        F[j] = phase < 2 ? q[j] * vtr_twin_glass_s((size_t)phase, q[j]) : vtr_random_normal(&random);
    }
    vtr_pdf_transform(N_Q, q, F, N_R, r, G);
}

static void noise_is_told_from_phases(void **state)
{
    (void)state;
    static double r[N_R], G[3][N_R];
    vtr_error err;
    vtr_unmix_evidence evidence[3];
    vtr_unmix_verdict v[3];
    vtr_correlation noise = {.signal = 0.01, .signal_error = 0.01, .noise = 1};
    for (size_t i = 0; i < N_R; i++)
        r[i] = 0.02 * ((double)i + 1);
    for (int j = 0; j < 3; j++) {
        transform(G[j], r, j);
        evidence[j] = (vtr_unmix_evidence){
            .pdf = {.n_r = N_R, .r = r, .G = G[j], .qmin = 1, .qmax = 17, .density = 0.087},
            .extent = NAN,
            .returns = 1};
    }
    assert_ok(vtr_unmix_judge(v, 3, evidence, &err));
    for (int j = 0; j < 3; j++)
        print_message("component %d: fast %.3f, low r %.2f: %s\n", j, v[j].fast, v[j].low_r, v[j].reason);
    for (int j = 0; j < 2; j++) {
        assert_false(v[j].is_noise);
        assert_int_equal(v[j].against, 0);
        assert_true(v[j].fast < 0.05 && v[j].low_r < 0.25);
    }
    assert_true(v[2].is_noise);
    assert_near(v[2].fast, 0.5, 0.1);
    test_assert_contains(v[2].reason, "oscillates fast");
    /* each of the other witnesses against a good G */
    evidence[0].extent = 1.03;
    evidence[1].correlation = &noise;
    assert_ok(vtr_unmix_judge(v, 2, evidence, &err));
    assert_true(v[0].is_noise && (v[0].against & VTR_UNMIX_NOISE_EXTENT));
    assert_true(v[1].is_noise && (v[1].against & VTR_UNMIX_NOISE_MAP));
    evidence[0].extent = 3;
    evidence[0].returns = 0.2;
    assert_ok(vtr_unmix_judge(v, 1, evidence, &err));
    assert_true(!v[0].is_noise && v[0].against == VTR_UNMIX_NOISE_RETURNS);
    test_assert_contains(v[0].reason, "20 %");
    assert_fails(vtr_unmix_judge(v, 0, evidence, &err), VTR_ERR_ARGUMENT, "between 1 and");
}

/* The second specimen has its components in the other order, all distances 1 % longer, 10 % more of the second. */
static void specimens_are_compared(void **state)
{
    (void)state;
    static double r[N_R], G[4][N_R], errors[N_R];
    vtr_error err;
    vtr_unmix_pdf pdf[4];
    vtr_unmix_peaks peaks[4];
    vtr_unmix_fraction fraction[4] = {
        {.value = 0.5, .error = 0.01, .sample_error = NAN, .range = {0.45, 0.55}},
        {.value = 0.5, .error = 0.01, .sample_error = NAN, .range = {0.45, 0.55}},
        {.value = 0.8, .error = 0.01, .sample_error = NAN, .range = {0.77, 0.83}},
        {.value = 0.4, .error = 0.01, .sample_error = 0.03, .range = {0.35, 0.45}}};
    vtr_correlation length[4] = {{.length_nm = 5, .length_error_nm = 0.3},
                                 {.length_nm = 5, .length_error_nm = 0.3},
                                 {.length_nm = 5.5, .length_error_nm = 0.4},
                                 {.length_nm = 7, .length_error_nm = 0.4}};
    for (size_t i = 0; i < N_R; i++) {
        r[i] = 0.02 * ((double)i + 1);
        errors[i] = 0.01;
        for (size_t j = 0; j < 4; j++)
            G[j][i] = vtr_twin_glass_G(j == 1 || j == 2, j < 2 ? r[i] : r[i] / 1.01);
    }
    for (size_t j = 0; j < 4; j++) {
        pdf[j] = (vtr_unmix_pdf){
            .n_r = N_R, .r = r, .G = G[j], .errors = errors, .qmin = NAN, .qmax = NAN, .density = NAN};
        assert_ok(vtr_unmix_peaks_read(&peaks[j], &pdf[j], &err));
    }
    const vtr_unmix_specimen a = {2, pdf, peaks, fraction, length},
                             b = {2, pdf + 2, peaks + 2, fraction + 2, length + 2};
    vtr_unmix_comparison c;
    assert_ok(vtr_unmix_compare(&c, &a, &b, &err));
    assert_int_equal(c.match[0], 1);
    assert_int_equal(c.match[1], 0);
    for (size_t i = 0; i < 2; i++) {
        const vtr_unmix_difference *d = c.difference[i];
        assert_true(c.correlation[i] > 0.95);
        assert_near(d[VTR_UNMIX_FIRST_PEAK].difference, 0.01 * peaks[i].first.position, 1e-3);
        assert_near(d[VTR_UNMIX_FIRST_FWHM].difference, 0.01 * peaks[i].first.fwhm, 1e-3);
        assert_near(d[VTR_UNMIX_SECOND_PEAK].difference, 0.01 * peaks[i].second.position, 3e-3);
        assert_near(d[VTR_UNMIX_SHOULDER].difference, 0.01 * peaks[i].shoulder.position, 1e-2);
        assert_near(d[VTR_UNMIX_FIRST_PEAK].error,
                    hypot(peaks[i].first.position_error, peaks[c.match[i] + 2].first.position_error), 1e-12);
        assert_true(d[VTR_UNMIX_FIRST_PEAK].significance > 3 && d[VTR_UNMIX_FIRST_PEAK].is_certain);
    }
    const vtr_unmix_difference *f = &c.difference[1][VTR_UNMIX_FRACTION];
    assert_near(f->difference, 0.3, 1e-12);
    assert_near(f->significance, 0.3 / hypot(0.01, 0.01), 1e-9);
    assert_near(f->range[0], 0.77 - 0.55 - 2 * f->error, 1e-12);
    assert_true(f->is_certain);
    f = &c.difference[0][VTR_UNMIX_FRACTION];
    assert_near(f->error, hypot(0.01, 0.03), 1e-12);
    assert_false(f->is_certain);
    assert_near(c.difference[0][VTR_UNMIX_LENGTH].significance, 2 / 0.5, 1e-9);
    assert_true(c.difference[0][VTR_UNMIX_LENGTH].is_certain);
    assert_false(c.difference[1][VTR_UNMIX_LENGTH].is_certain);
    pdf[3].n_r--;
    assert_fails(vtr_unmix_compare(&c, &a, &b, &err), VTR_ERR_SHAPE, "other distances");
    const vtr_unmix_specimen one = {1, pdf, peaks, NULL, NULL};
    assert_fails(vtr_unmix_compare(&c, &a, &one, &err), VTR_ERR_ARGUMENT, "same number");
    assert_string_equal(vtr_unmix_quantity_name(VTR_UNMIX_LENGTH), "correlation_length");
    assert_string_equal(vtr_unmix_quantity_unit(VTR_UNMIX_LENGTH), "nm");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fractions_have_their_ranges),
        cmocka_unit_test(peaks_have_their_ranges),
        cmocka_unit_test(noise_is_told_from_phases),
        cmocka_unit_test(specimens_are_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
