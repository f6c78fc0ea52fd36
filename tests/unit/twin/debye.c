/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Debye scattering against closed forms, the double sum over atoms, and plane waves through a periodic model. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "support.h"
#include "vitrail/constants.h"
#include "vitrail/structure.h"

static const char *write_model(const char *text)
{
    const char *path = test_folder_path("model");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return path;
}

static vtr_structure read_model(const char *path, const vtr_structure_params *params)
{
    vtr_error err;
    vtr_structure s;
    assert_ok(vtr_structure_read(&s, path, params, &err));
    return s;
}

static vtr_pairs count(const vtr_structure *s, double r_max, double r_step)
{
    vtr_error err;
    vtr_pairs pairs;
    const vtr_pairs_params params = {r_max, r_step, 2};
    assert_ok(vtr_structure_pairs(&pairs, s, &params, &err));
    return pairs;
}

enum { N_Q = 60 };

static void fill_Q(double *Q, double first, double step)
{
    for (size_t q = 0; q < N_Q; q++)
        Q[q] = first + step * (double)q;
}

static double factor(int number, double Q)
{
    return vtr_electron_factor(number, Q / (2 * VTR_PI));
}

/* What the second order of a single pair's place in its bin of 0.001 Å may do to sin(Qr)/(Qr), at most. */
static double bin_error(double Q, double r)
{
    return 0.001 * 0.001 / 8 * Q * Q * (1 / (Q * r) + 2 / (Q * Q * r * r));
}

static double sinc(double x)
{
    return x > 0 ? sin(x) / x : 1;
}

/* Two atoms, and an octahedron about an atom: twelve edges a sqrt(2), three diagonals 2 a, six spokes a. */
static void molecules_have_their_closed_form(void **state)
{
    (void)state;
    vtr_error err;
    double Q[N_Q], intensity[N_Q], s[N_Q];
    fill_Q(Q, 0.05, 0.5);
    vtr_structure two = read_model(write_model("2\n\nSi 0 0 0\nO 1.2 0 -0.9\n"), NULL);
    vtr_pairs pairs = count(&two, NAN, 0.001);
    assert_ok(vtr_structure_debye(&pairs, NULL, N_Q, Q, 2, s, intensity, &err));
    for (size_t q = 0; q < N_Q; q++) {
        double a = factor(14, Q[q]), b = factor(8, Q[q]), mean = 0.5 * (a + b);
        double expected = 0.5 * (a * a + b * b) + a * b * sinc(1.5 * Q[q]);
        assert_near(intensity[q], expected, a * b * bin_error(Q[q], 1.5) + 1e-12 * expected);
        assert_near(s[q], a * b * sinc(1.5 * Q[q]) / (mean * mean), 1.1 * bin_error(Q[q], 1.5) + 1e-12);
    }
    vtr_pairs_release(&pairs);
    vtr_structure_release(&two);
    vtr_structure seven = read_model(
        write_model("7\n\nFe 0 0 0\nO 2 0 0\nO -2 0 0\nO 0 2 0\nO 0 -2 0\nO 0 0 2\nO 0 0 -2\n"), NULL);
    pairs = count(&seven, NAN, 0.001);
    assert_ok(vtr_structure_debye(&pairs, NULL, N_Q, Q, 2, NULL, intensity, &err));
    for (size_t q = 0; q < N_Q; q++) {
        double fe = factor(26, Q[q]), o = factor(8, Q[q]);
        double edges = 24 * sinc(2 * sqrt(2) * Q[q]) + 6 * sinc(4 * Q[q]);
        double expected = (fe * fe + 6 * o * o + 12 * fe * o * sinc(2 * Q[q]) + o * o * edges) / 7;
        assert_near(intensity[q], expected, 6 * fe * fe * bin_error(Q[q], 2) + 1e-12 * expected);
    }
    vtr_pairs_release(&pairs);
    vtr_structure_release(&seven);
}

/* Other radiations have their own factors. */
static void neutrons_see_their_lengths(void **state)
{
    (void)state;
    vtr_error err;
    double Q[N_Q], intensity[N_Q];
    fill_Q(Q, 0.05, 0.5);
    vtr_structure two = read_model(write_model("2\n\nNi 0 0 0\nTi 1.2 0 -0.9\n"), NULL);
    vtr_pairs pairs = count(&two, NAN, 0.001);
    const vtr_scatterer_params neutrons = {.radiation = VTR_RADIATION_NEUTRON};
    assert_ok(vtr_structure_debye(&pairs, &neutrons, N_Q, Q, 2, NULL, intensity, &err));
    double a = vtr_neutron_length_fm(28), b = vtr_neutron_length_fm(22);
    assert_true(a * b < 0);
    for (size_t q = 0; q < N_Q; q++)
        assert_near(intensity[q], 0.5 * (a * a + b * b) + a * b * sinc(1.5 * Q[q]),
                    -a * b * bin_error(Q[q], 1.5) + 1e-12 * a * a);
    const vtr_scatterer_params xrays = {.radiation = VTR_RADIATION_XRAY};
    Q[N_Q - 1] = 200;
    assert_int_not_equal(vtr_structure_debye(&pairs, &xrays, N_Q, Q, 2, NULL, intensity, &err), VTR_OK);
    Q[0] = 0;
    assert_fails(vtr_structure_debye(&pairs, NULL, N_Q, Q, 2, NULL, intensity, &err), VTR_ERR_ARGUMENT,
                 "Q = 0");
    vtr_pairs_release(&pairs);
    vtr_structure_release(&two);
}

/* Every 15th atom of a silica particle: bins of 0.001 Å with their moments give the double sum over atoms within 1e-5
 * to Q = 30 1/Å (measured 2e-7), where bins alone would be off by some 1e-4. */
static void bins_are_as_good_as_pairs(void **state)
{
    (void)state;
    enum { N = 500 };
    vtr_error err;
    const char *path = test_data_path("structures/aSiO2_7704.xyz");
    if (path == NULL) skip();
    vtr_structure s = read_model(path, NULL);
    s.n = N;
    for (size_t i = 0; i < N; i++) {
        s.number[i] = s.number[15 * i];
        memcpy(s.position[i], s.position[15 * i], sizeof s.position[i]);
    }
    s.n_of_element[0] = s.n_of_element[1] = 0;
    for (size_t i = 0; i < N; i++)
        s.n_of_element[s.number[i] == 14]++;
    for (int k = 0; k < 2; k++)
        s.composition.fraction[k] = (double)s.n_of_element[k] / N;
    double Q[N_Q], intensity[N_Q], worst = 0;
    fill_Q(Q, 0.5, 0.5);
    vtr_pairs pairs = count(&s, NAN, 0.001);
    assert_ok(vtr_structure_debye(&pairs, NULL, N_Q, Q, 2, NULL, intensity, &err));
    for (size_t q = 0; q < N_Q; q++) {
        double sum = 0;
        for (size_t i = 0; i < N; i++)
            for (size_t j = 0; j <= i; j++) {
                const double *a = s.position[i], *b = s.position[j];
                double r = sqrt((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]) +
                                (a[2] - b[2]) * (a[2] - b[2]));
                sum +=
                    (i == j ? 1 : 2) * factor(s.number[i], Q[q]) * factor(s.number[j], Q[q]) * sinc(Q[q] * r);
            }
        assert_near(intensity[q] * N / sum, 1, 1e-5);
        worst = fmax(worst, fabs(intensity[q] * N / sum - 1));
    }
    print_message("largest error of the binned sum: %.1e\n", worst);
    vtr_pairs_release(&pairs);
    vtr_structure_release(&s);
}

/* With g counted in fine bins, 4 pi rho / Q times the integral of r (g - 1) sin(Qr) by sums over those bins is the same
 * s(Q), pair by pair: the definition, with its one cut at R. */
static void periodic_is_the_transform_of_the_counted_g(void **state)
{
    (void)state;
    enum { BINS = 14000 };
    vtr_error err;
    const char *path = test_data_path("structures/Zr50Cu35Al15_t3_1250.xyz");
    if (path == NULL) skip();
    vtr_structure s = read_model(path, NULL);
    vtr_pairs pairs = count(&s, 14, 0.001);
    assert_int_equal(pairs.n_bins, BINS);
    static double g[BINS], partial[6 * N_Q];
    double Q[N_Q];
    fill_Q(Q, 0.3, 0.25);
    assert_ok(vtr_pairs_structure_factors(&pairs, N_Q, Q, 2, partial, &err));
    for (size_t i = 0; i < 3; i++)
        for (size_t j = i; j < 3; j++) {
            assert_ok(vtr_pairs_partial(&pairs, j, i, 1, g, &err));
            for (size_t q = 0; q < N_Q; q++) {
                double sum = 0;
                for (size_t b = 0; b < BINS; b++) {
                    double r = ((double)b + 0.5) * 0.001;
                    sum += r * (g[b] - 1) * sin(Q[q] * r) * 0.001;
                }
                /* bins of 0.001 Å without moments: Q step / sqrt(12) of each pair, of random sign, over some 1000 atoms */
                assert_near(partial[vtr_pairs_index(3, i, j) * N_Q + q],
                            4 * VTR_PI * pairs.number_density / Q[q] * sum, 0.01);
            }
        }
    vtr_pairs_release(&pairs);
    vtr_structure_release(&s);
}

/* |sum_j f_j exp(i q.x_j)|^2 / N for the model's own reciprocal vectors, averaged over those of |q| in a shell: the mean
 * and how many there were. Every second of them is the opposite of another; half are taken. */
typedef struct shell {
    double intensity, Q;
    size_t n;
} shell;

static shell plane_waves(const vtr_structure *s, double Q_lo, double Q_hi)
{
    shell out = {0};
    double base = 2 * VTR_PI / s->cell[0][0];
    int most = (int)ceil(Q_hi / base);
    for (int h = 0; h <= most; h++)
        for (int k = -most; k <= most; k++)
            for (int l = -most; l <= most; l++) {
                double Q = base * sqrt(h * h + k * k + l * l), re = 0, im = 0;
                bool is_half = h > 0 || k > 0 || (k == 0 && l > 0);
                if (!is_half || Q < Q_lo || Q >= Q_hi || (h + 3 * k + 7 * l) % 4 != 0) continue;
                for (size_t i = 0; i < s->n; i++) {
                    const double *x = s->position[i];
                    double f = factor(s->number[i], Q), phase = base * (h * x[0] + k * x[1] + l * x[2]);
                    re += f * cos(phase);
                    im += f * sin(phase);
                }
                out.intensity += (re * re + im * im) / (double)s->n;
                out.Q += Q;
                out.n++;
            }
    out.intensity /= (double)out.n;
    out.Q /= (double)out.n;
    return out;
}

/* Each vector's intensity scatters like an exponential about its mean, so a shell's mean of n by 1/sqrt(n); the counted
 * model is smeared over pi/R = 0.11 1/Å, the shells over 0.1. Shells of the ring, its flanks and the next peaks. */
static void plane_waves_through_the_box_agree(void **state)
{
    (void)state;
    enum { SHELLS = 9 };
    static const double places[SHELLS] = {1.5, 2.2, 2.5, 2.7, 3.0, 3.6, 4.5, 5.3, 6.4};
    vtr_error err;
    const char *path = test_data_path("structures/init_config_Cu64.5Zr35.5_1.0e+10.lammps");
    if (path == NULL) skip();
    const vtr_structure_params params = {.elements = "Cu,Zr"};
    vtr_structure s = read_model(path, &params);
    vtr_pairs pairs = count(&s, NAN, 0.001);
    double chi2 = 0;
    for (int i = 0; i < SHELLS; i++) {
        double width = places[i] < 3.3 ? 0.05 : 0.02, Q[11], model[11], mean = 0;
        shell waves = plane_waves(&s, places[i] - width, places[i] + width);
        for (int q = 0; q < 11; q++)
            Q[q] = places[i] + width * (0.2 * q - 1);
        assert_ok(vtr_structure_debye(&pairs, NULL, 11, Q, 2, NULL, model, &err));
        for (int q = 0; q < 11; q++)
            mean += model[q] / 11;
        double pull = (waves.intensity / mean - 1) * sqrt((double)waves.n);
        print_message("Q %.2f: %zu waves, %.2f against %.2f Å^2, %.1f sigma\n", places[i], waves.n,
                      waves.intensity, mean, pull);
        chi2 += pull * pull;
        assert_true(fabs(pull) < 3.5);
    }
    assert_true(chi2 < 2 * SHELLS);
    vtr_pairs_release(&pairs);
    vtr_structure_release(&s);
}

/* Through a wide window, G is 4 pi r rho (g - 1) of the model; through any, that of a Gaussian shell is known. */
static void the_truth_is_on_the_scale_of_G(void **state)
{
    (void)state;
    enum { FINE = 6000 };
    static double Q[FINE], s[FINE], window[FINE];
    const double r[4] = {1.9, 2.5, 2.9, 6}, r0 = 2.5, sigma = 0.2, n = 12;
    /* 12 atoms in a Gaussian shell: R(r) = n gauss(r - r0), G = R/r; F = Q s = integral of G sin(Qr) */
    for (size_t q = 0; q < FINE; q++) {
        Q[q] = 0.005 * ((double)q + 1);
        double F = 0;
        for (double x = -5; x < 5; x += 0.05)
            F += 0.05 * n * exp(-0.5 * x * x) / sqrt(2 * VTR_PI) / (r0 + sigma * x) *
                 sin(Q[q] * (r0 + sigma * x));
        s[q] = F / Q[q];
        window[q] = exp(-0.5 * 0.01 * Q[q] * Q[q]);
    }
    double G[4];
    vtr_structure_truth_pdf(FINE, Q, s, NULL, 4, r, G);
    for (int i = 0; i < 4; i++) {
        double x = (r[i] - r0) / sigma, peak = n * exp(-0.5 * x * x) / sqrt(2 * VTR_PI) / sigma / r[i];
        assert_near(G[i], peak, 1e-4);
    }
    /* a Gaussian window of variance 1/0.01 smears G by 0.1 Å: the shell's width becomes sqrt(0.04 + 0.01) of R/r */
    vtr_structure_truth_pdf(FINE, Q, s, window, 4, r, G);
    for (int i = 0; i < 4; i++) {
        double smeared = 0;
        for (double y = -6; y < 6; y += 0.01) {
            double at = r[i] - 0.1 * y, x = (at - r0) / sigma;
            smeared += 0.01 * exp(-0.5 * y * y) / sqrt(2 * VTR_PI) * n * exp(-0.5 * x * x) /
                       sqrt(2 * VTR_PI) / sigma / at;
        }
        assert_near(G[i], smeared, 1e-4);
    }
}

/* A model's s(Q) with neutrons' constant weights, to 60 1/Å where a Gaussian window has died out, gives back the counted
 * 4 pi r rho sum w_ij (g_ij - 1), smeared by 0.1 Å; its bins of 0.01 Å smear by another 0.003 Å, some 1e-3 of a peak. */
static void counted_g_comes_back_through_the_window(void **state)
{
    (void)state;
    enum { FINE = 12000 };
    static double Q[FINE], s[FINE], window[FINE], g[2000];
    vtr_error err;
    const char *path = test_data_path("structures/Zr50Cu35Al15_10000.xyz");
    if (path == NULL) skip();
    vtr_structure model = read_model(path, NULL);
    vtr_pairs pairs = count(&model, 20, 0.001);
    const vtr_scatterer_params neutrons = {.radiation = VTR_RADIATION_NEUTRON};
    vtr_scatterer scatterer;
    double weights[6], r[60], G[60];
    assert_ok(vtr_scatterer_init(&scatterer, &pairs.composition, &neutrons, &err));
    vtr_scatterer_pair_weights(&scatterer, 1, weights);
    for (size_t q = 0; q < FINE; q++)
        Q[q] = 0.005 * ((double)q + 1);
    assert_ok(vtr_structure_debye(&pairs, &neutrons, FINE, Q, 2, s, NULL, &err));
    for (size_t q = 0; q < FINE; q++)
        window[q] = exp(-0.5 * 0.1 * 0.1 * Q[q] * Q[q]);
    for (size_t i = 0; i < 60; i++)
        r[i] = 2 + 0.1 * (double)i;
    vtr_structure_truth_pdf(FINE, Q, s, window, 60, r, G);
    assert_ok(vtr_pairs_total(&pairs, weights, 10, g, &err));
    for (size_t i = 0; i < 60; i++) {
        double expected = 0;
        for (size_t b = 0; b < 2000; b++) {
            double at = 0.01 * ((double)b + 0.5), x = (r[i] - at) / 0.1;
            expected += 0.01 * exp(-0.5 * x * x) / sqrt(2 * VTR_PI) / 0.1 * 4 * VTR_PI * at *
                        pairs.number_density * (g[b] - 1);
        }
        assert_near(G[i], expected, 0.004);
    }
    vtr_pairs_release(&pairs);
    vtr_structure_release(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(molecules_have_their_closed_form),
        cmocka_unit_test(neutrons_see_their_lengths),
        cmocka_unit_test(bins_are_as_good_as_pairs),
        cmocka_unit_test(periodic_is_the_transform_of_the_counted_g),
        cmocka_unit_test(plane_waves_through_the_box_agree),
        cmocka_unit_test(the_truth_is_on_the_scale_of_G),
        cmocka_unit_test(counted_g_comes_back_through_the_window),
    };
    return cmocka_run_group_tests_name("twin.debye", tests, test_folder_setup, test_folder_teardown);
}
