/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The specimens with structures of their own: two-phase against the figures it is made after, structure against the
 * scattering of its atoms. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "support.h"
#include "twin/twin_internal.h"
#include "vitrail/constants.h"
#include "vitrail/mapfile.h"

static vtr_twin *open_specimen(const char *preset, const char *model, size_t scan, size_t pattern,
                               bool annealed)
{
    vtr_error err;
    vtr_twin *twin = NULL;
    vtr_twin_params params = vtr_twin_default_params();
    params.scan[0] = params.scan[1] = scan;
    params.pattern[0] = params.pattern[1] = pattern;
    params.contrast = 0;
    params.electrons = 1e6;
    params.middle = VTR_TWIN_EMPTY;
    params.annealed = annealed;
    params.model = model;
    assert_ok(vtr_twin_open(&twin, preset, &params, &err));
    return twin;
}

static double mixed_G(double share, double r)
{
    return (1 - share) * vtr_twin_glass_G(0, r) + share * vtr_twin_glass_G(1, r);
}

/* Where G (or, with `curvature`, less its second derivative) is highest. */
static double highest(double share, double lo, double hi, bool curvature)
{
    double best = -INFINITY, at = NAN, d = 0.02;
    for (double r = lo; r < hi; r += 0.001) {
        double value = mixed_G(share, r);
        if (curvature) value = 2 * value - mixed_G(share, r - d) - mixed_G(share, r + d);
        if (value <= best) continue;
        best = value;
        at = r;
    }
    return at;
}

static double full_width(double share, double place)
{
    double half = 0.5 * mixed_G(share, place), lo = place, hi = place;
    while (mixed_G(share, lo) > half)
        lo -= 1e-4;
    while (mixed_G(share, hi) > half)
        hi += 1e-4;
    return hi - lo;
}

/* The dissertation's table, to its last digit. */
static void glasses_have_their_peaks(void **state)
{
    (void)state;
    static const double first[2] = {2.53, 2.46}, width[2] = {0.65, 0.48}, second[2] = {4.24, 4.10},
                        shoulder[2] = {4.95, 4.66};
    for (int p = 0; p < 2; p++) {
        double place = highest(p, 2, 3, false);
        assert_near(place, first[p], 0.005);
        assert_near(full_width(p, place), width[p], 0.005);
        assert_near(highest(p, 3.7, 4.5, false), second[p], 0.005);
        assert_near(highest(p, second[p] + 0.3, 5.3, true), shoulder[p], 0.01);
        assert_true(mixed_G(p, shoulder[p]) < 0.8 * mixed_G(p, second[p]));
    }
}

/* s and G of a glass are each other's transforms; no negative density of atoms, no negative intensity; the line -4 pi rho r
 * below the first shell. */
static void glasses_are_possible(void **state)
{
    (void)state;
    enum { FINE = 12000 };
    static double Q[FINE], s[FINE], r[40], G[40];
    for (size_t p = 0; p < 2; p++) {
        double density = vtr_twin_glass_density(p);
        for (size_t q = 0; q < FINE; q++) {
            Q[q] = 0.005 * ((double)q + 1);
            s[q] = vtr_twin_glass_s(p, Q[q]);
            assert_true(s[q] > -1);
        }
        assert_near(s[0], -1, 0.1);
        assert_near(vtr_twin_glass_s(p, 1e-5), vtr_twin_glass_s(p, 0.006), 1e-3);
        for (size_t i = 0; i < 40; i++)
            r[i] = 0.3 + 0.25 * (double)i;
        vtr_structure_truth_pdf(FINE, Q, s, NULL, 40, r, G);
        for (size_t i = 0; i < 40; i++) {
            assert_near(G[i], vtr_twin_glass_G(p, r[i]), 1e-4);
            assert_true(1 + G[i] / (4 * VTR_PI * r[i] * density) > -1e-3);
        }
        assert_near(vtr_twin_glass_G(p, 1), -4 * VTR_PI * density, 1e-3);
        double neighbours = 0;
        for (double at = 1; at < 3.4; at += 0.001)
            neighbours += 0.001 * at * (vtr_twin_glass_G(p, at) + 4 * VTR_PI * density * at);
        assert_true(neighbours > 12.5 && neighbours < 14.5);
    }
}

/* The distance in nm at which the radial autocorrelation of the mean-free map falls to 1/e. */
static double correlation_length(const vtr_twin *twin)
{
    enum { REACH = 12 };
    size_t n = twin->info.shape[0];
    double mean = 0, sum[REACH] = {0}, count[REACH] = {0};
    for (size_t i = 0; i < n * n; i++)
        mean += (double)twin->solid_fraction[i] / (double)(n * n);
    for (size_t y = 0; y < n; y++)
        for (size_t x = 0; x + REACH < n; x++)
            for (size_t d = 0; d < REACH; d++) {
                double a = (double)twin->solid_fraction[y * n + x] - mean;
                sum[d] += a * ((double)twin->solid_fraction[y * n + x + d] - mean) +
                          ((double)twin->solid_fraction[x * n + y] - mean) *
                              ((double)twin->solid_fraction[(x + d) * n + y] - mean);
                count[d] += 2;
            }
    for (size_t d = 1; d < REACH; d++) {
        double here = sum[d] / count[d] / (sum[0] / count[0]),
               before = sum[d - 1] / count[d - 1] / (sum[0] / count[0]);
        /* the logarithm falls as the distance squared */
        double part = (1 + log(before)) / (log(before) - log(here)), square = (double)((d - 1) * (d - 1));
        if (here < exp(-1)) return sqrt(square + part * (double)(2 * d - 1)) * twin->info.scan_step_nm;
    }
    return NAN;
}

/* Mean share exactly, correlation length to what 700 x 700 positions of 1.2 nm allow: some 8000 regions, about 1 %. The
 * Gaussian field's own length is 2 to 3 % longer than the fraction's. */
static void shares_are_those_of_the_states(void **state)
{
    (void)state;
    static const double mean[2] = {0.468, 0.672}, length[2] = {5.4, 5.7};
    for (int annealed = 0; annealed < 2; annealed++) {
        vtr_twin *twin = open_specimen("two-phase", NULL, 700, 16, annealed);
        double sum = 0, least = 1, most = 0;
        for (size_t i = 0; i < twin->n_positions; i++) {
            vtr_twin_position position;
            vtr_twin_get_position(twin, i, &position);
            sum += position.solid_fraction;
            least = fmin(least, position.solid_fraction);
            most = fmax(most, position.solid_fraction);
        }
        assert_near(sum / (double)twin->n_positions, mean[annealed], 1e-6);
        assert_true(least >= 0 && least < 0.01 && most <= 1 && most > 0.99);
        double found = correlation_length(twin);
        print_message("correlation length %.2f nm of %.1f\n", found, length[annealed]);
        assert_near(found, length[annealed], 0.012 * length[annealed]);
        vtr_twin_close(&twin);
    }
}

/* A position's pattern holds the mixture of the two s, at the right Q, and the frames' mean is the pattern. */
static void patterns_mix_the_structures(void **state)
{
    (void)state;
    enum { N = 64 };
    static double expected[N * N], sum[N * N];
    static uint16_t frame[N * N];
    vtr_twin *twin = open_specimen("two-phase", NULL, 2, N, false);
    assert_int_equal(vtr_twin_phases(twin), 2);
    /* Q = 18 1/Å at the border */
    assert_near(twin->info.k_step * N / 2 * 2 * VTR_PI, 18, 1e-9);
    vtr_twin_position position = {.electrons = 1e6, .background_factor = 1, .solid_fraction = 0.3};
    position.centre_x = position.centre_y = 31.5;
    vtr_twin_expected(twin, &position, expected);
    double n, m;
    vtr_twin_scales(twin, &position, &n, &m);
    for (size_t i = 0; i < N * N; i += 7) {
        double k = twin->info.k_step * hypot((double)(i % N) - 31.5, (double)(i / N) - 31.5),
               Q = 2 * VTR_PI * k;
        double f2, ff, background;
        vtr_twin_profile(twin, k, NULL, &f2, &ff, &background);
        double s = 0.7 * vtr_twin_glass_s(0, Q) + 0.3 * vtr_twin_glass_s(1, Q);
        /* s between steps of 0.005 1/Å is a straight line */
        assert_near(expected[i], n * (f2 + ff * s + background), 1e-4 * n * f2);
    }
    enum { FRAMES = 300 };
    void *scratch = vtr_malloc(1, vtr_twin_scratch_size(twin));
    for (size_t f = 0; f < FRAMES; f++) {
        vtr_twin_frame(twin, &position, f, scratch, frame);
        for (size_t i = 0; i < N * N; i++)
            sum[i] += (double)frame[i];
    }
    double chi2 = 0;
    for (size_t i = 0; i < N * N; i++)
        chi2 += (sum[i] - FRAMES * expected[i]) * (sum[i] - FRAMES * expected[i]) / (FRAMES * expected[i]);
    /* 4096 degrees of freedom: 0.022 is one standard deviation */
    assert_near(chi2 / (N * N), 1, 0.08);
    vtr_free(scratch);
    vtr_twin_close(&twin);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* The pattern of a model is <f^2> + <f>^2 s of its atoms with the background on top, and its ring where s is highest. */
static void a_models_pattern_is_its_debye_sum(void **state)
{
    (void)state;
    enum { N = 64 };
    static double expected[N * N];
    vtr_error err;
    const char *path = test_data_path("structures/Zr50Cu35Al15_t3_1250.xyz");
    if (path == NULL) skip();
    vtr_twin *twin = open_specimen("structure", path, 2, N, false);
    assert_int_equal(vtr_twin_phases(twin), 1);
    assert_true(twin->info.ring_k > 0.40 && twin->info.ring_k < 0.44);
    assert_near(twin->composition.fraction[2], 624.0 / 1250, 1e-4);
    vtr_structure model;
    vtr_pairs pairs;
    assert_ok(vtr_structure_read(&model, path, NULL, &err));
    assert_ok(vtr_structure_pairs(&pairs, &model, NULL, &err));
    assert_near(twin->phase[0].number_density, pairs.number_density, 1e-12);
    vtr_twin_position position = {
        .electrons = 1e6, .background_factor = 2, .centre_x = 31.5, .centre_y = 31.5};
    vtr_twin_expected(twin, &position, expected);
    double n, m;
    vtr_twin_scales(twin, &position, &n, &m);
    for (size_t x = 33; x < N; x++) {
        double Q = 2 * VTR_PI * twin->info.k_step * hypot((double)x - 31.5, 0.5), f2, background, intensity;
        vtr_twin_profile(twin, Q / (2 * VTR_PI), NULL, &f2, NULL, &background);
        assert_ok(vtr_structure_debye(&pairs, NULL, 1, &Q, 1, NULL, &intensity, &err));
        /* its own bins are of 0.002 Å, and s between steps of 0.005 1/Å is a straight line */
        assert_near(expected[31 * N + x], n * (intensity + 2 * background), 2e-3 * n * f2);
    }
    vtr_pairs_release(&pairs);
    vtr_structure_release(&model);
    vtr_twin_close(&twin);
}

/* A particle's outline scatters into the direct beam, which is not part of the pattern. */
static void a_particle_has_no_outline(void **state)
{
    (void)state;
    const char *path = test_data_path("structures/aSiO2_7704.xyz");
    if (path == NULL) skip();
    vtr_twin *twin = open_specimen("structure", path, 2, 64, false);
    assert_true(isnan(twin->phase[0].number_density));
    for (double Q = 0; Q < 1; Q += 0.05)
        assert_true(vtr_twin_phase_structure(twin, 0, Q) < 0);
    assert_near(twin->info.ring_k * 2 * VTR_PI, 1.6, 0.3);
    assert_near(vtr_twin_phase_structure(twin, 0, 70), 0, 0);
    vtr_twin_close(&twin);
}

static double read_at(const vtr_mapfile *file, const char *group, const char *name, size_t rank,
                      const size_t *at)
{
    vtr_error err;
    double value;
    const size_t one[2] = {1, 1};
    assert_ok(vtr_mapfile_read_block(file, group, name, VTR_TYPE_F64, rank, at, one, &value, &err));
    return value;
}

static void the_truth_is_written(void **state)
{
    (void)state;
    vtr_error err;
    vtr_mapfile *file = NULL;
    test_folder_make();
    vtr_twin *twin = open_specimen("two-phase", NULL, 6, 16, false);
    assert_ok(vtr_twin_write(twin, test_folder_path("two.h5"), NULL, NULL, &err));
    assert_ok(vtr_mapfile_open(&file, test_folder_path("two_truth.h5"), &err));
    const size_t place[2] = {2, 3}, at[2] = {1, 126};
    double share = read_at(file, "truth", "solid_fraction", 2, place);
    assert_near(share, twin->solid_fraction[15], 1e-7);
    assert_near(read_at(file, "truth", "nearest_neighbour", 2, place), highest(share, 2, 3, false), 0.003);
    assert_near(read_at(file, "truth", "first_peak", 2, place), mixed_G(share, highest(share, 2, 3, false)),
                0.002);
    /* r = 2.54 Å of the solid-like one */
    assert_near(read_at(file, "truth_structure", "r", 1, at + 1), 2.54, 1e-9);
    assert_near(read_at(file, "truth_structure", "G", 2, at), vtr_twin_glass_G(1, 2.54), 1e-12);
    assert_near(read_at(file, "truth_structure", "s", 2, at), vtr_twin_glass_s(1, 1.27), 1e-5);
    vtr_mapfile_close(&file);
    vtr_twin_close(&twin);

    write_text(test_folder_path("cscl.xyz"), "2\n4 4 4\nCs 0 0 0\nCl 2 2 2\n");
    twin = open_specimen("structure", test_folder_path("cscl.xyz"), 3, 16, false);
    assert_ok(vtr_twin_write(twin, test_folder_path("one.h5"), NULL, NULL, &err));
    assert_ok(vtr_mapfile_open(&file, test_folder_path("one_truth.h5"), &err));
    char text[8192];
    assert_ok(vtr_mapfile_read_text(file, "truth_structure", "g_partial", "pairs", text, sizeof text, &err));
    assert_string_equal(text, "Cl-Cl Cl-Cs Cs-Cs");
    assert_ok(vtr_mapfile_read_text(file, "truth", NULL, "parameters", text, sizeof text, &err));
    test_assert_contains(text, "cscl.xyz");
    double density;
    assert_ok(vtr_mapfile_read_numbers(file, "truth_structure", NULL, "number_density", 1, &density, &err));
    assert_near(density, 2.0 / 64, 1e-12);
    assert_false(vtr_mapfile_has(file, "truth", "solid_fraction"));
    vtr_mapfile_close(&file);
    vtr_twin_close(&twin);
    test_folder_remove();
}

static void wrong_use_is_said(void **state)
{
    (void)state;
    vtr_error err;
    vtr_twin *twin = NULL;
    vtr_twin_params params = vtr_twin_default_params();
    assert_fails(vtr_twin_open(&twin, "structure", &params, &err), VTR_ERR_ARGUMENT, "needs a file");
    params.model = "none.xyz";
    assert_fails(vtr_twin_open(&twin, "structure", &params, &err), VTR_ERR_NOT_FOUND, "none.xyz");
    assert_fails(vtr_twin_open(&twin, "rings", &params, &err), VTR_ERR_ARGUMENT, "for the preset structure");
    params.ring_k = 0.4;
    assert_fails(vtr_twin_open(&twin, "structure", &params, &err), VTR_ERR_ARGUMENT, "those of its atoms");
    params.model = NULL;
    assert_fails(vtr_twin_open(&twin, "two-phase", &params, &err), VTR_ERR_ARGUMENT, "--ring-k");
    params.annealed = true;
    assert_fails(vtr_twin_open(&twin, "rings", &params, &err), VTR_ERR_ARGUMENT, "--annealed");
    assert_null(twin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(glasses_have_their_peaks),
        cmocka_unit_test(glasses_are_possible),
        cmocka_unit_test(shares_are_those_of_the_states),
        cmocka_unit_test(patterns_mix_the_structures),
        cmocka_unit_test(a_models_pattern_is_its_debye_sum),
        cmocka_unit_test(a_particle_has_no_outline),
        cmocka_unit_test(the_truth_is_written),
        cmocka_unit_test(wrong_use_is_said),
    };
    return cmocka_run_group_tests_name("twin.phases", tests, NULL, NULL);
}
