/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Strain of the first shell on sector profiles of a glass whose strain is known: sign, axes, 45 degrees, error bars. */
#include "vitrail/pdf_strain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_internal.h"
#include "support.h"
#include "vitrail/constants.h"
#include "vitrail/ring_map.h"

enum { N_Y = 9, N_X = 50, N_POSITIONS = N_Y * N_X, N_SECTORS = 12, N_K = 220 };

/* s(Q) of two shells at 2.7 and 4.8 Å. */
static double structure(double q)
{
    double a = 0.3 * q, b = 0.35 * q;
    return sqrt(2 * VTR_PI) *
           (1.2 * 0.3 * sin(2.7 * q) * exp(-a * a / 2) + 0.4 * 0.35 * sin(4.8 * q) * exp(-b * b / 2)) / q;
}

/* The strain of a position: none in the first five columns. */
static void truth(double e[3], size_t p)
{
    double x = (double)(p % N_X), y = (double)(p / N_X);
    bool is_reference = p % N_X < 5;
    e[0] = is_reference ? 0 : 0.01 * sin(0.3 * x);
    e[1] = is_reference ? 0 : 0.008 * cos(0.2 * x + 0.5 * y);
    e[2] = is_reference ? 0 : 0.006 * sin(0.7 * y + 0.15 * x);
}

static double k_of(size_t j)
{
    return 0.1 + 0.0125 * (double)j;
}

/* Mean of S over a sector of the strained glass: S at Q (1 + e(phi)), at nine angles across it. */
static double sector_structure(double q, const double e[3], double middle)
{
    double sum = 0;
    for (int i = -4; i <= 4; i++) {
        double phi = middle + i / 9.0 * 2 * VTR_PI / N_SECTORS, c = cos(phi), s = sin(phi);
        sum += structure(q * (1 + e[0] * c * c + e[1] * s * s + 2 * e[2] * s * c)) / 9;
    }
    return sum;
}

static const double first_angle = 10; /* degrees: the detector is turned against the scan */

typedef struct scene {
    float *intensity, *variance; /* [N_POSITIONS][N_SECTORS][N_K] */
} scene;

/* `shared`: opposite sectors have the same noise, as those of speckle. */
static void make(scene *s, double noise, bool shared)
{
    vtr_error err;
    vtr_composition c;
    vtr_random random;
    assert_ok(vtr_composition_parse(&c, "Zr50Cu50", &err));
    vtr_random_start(&random, 21, 0);
    s->intensity = test_malloc(sizeof(float) * N_POSITIONS * N_SECTORS * N_K);
    s->variance = test_malloc(sizeof(float) * N_POSITIONS * N_SECTORS * N_K);
    double f[N_K], f2[N_K], e[3];
    for (size_t j = 0; j < N_K; j++)
        vtr_electron_averages(&c, k_of(j), &f[j], &f2[j]);
    for (size_t p = 0; p < N_POSITIONS; p++)
        for (size_t d = 0; d < N_SECTORS; d++) {
            double phi = (first_angle + 360.0 / N_SECTORS * (double)d) * VTR_RADIANS_PER_DEGREE;
            truth(e, p);
            for (size_t j = 0; j < N_K; j++) {
                double q = 2 * VTR_PI * k_of(j);
                double value = 1000 * (f2[j] + f[j] * f[j] * sector_structure(q, e, phi)) + 3;
                double spread = value / (4000 * q);
                size_t at = (p * N_SECTORS + d) * N_K + j, opposite = at - N_SECTORS / 2 * N_K;
                s->variance[at] = (float)spread;
                if (shared && d >= N_SECTORS / 2)
                    s->intensity[at] = s->intensity[opposite];
                else
                    s->intensity[at] = (float)(value + noise * sqrt(spread) * vtr_random_normal(&random));
            }
        }
}

static void drop(scene *s)
{
    test_free(s->intensity);
    test_free(s->variance);
}

/* The ring's strain: the truth with noise of 2e-4, in a frame turned by `axis` degrees. */
static void write_ring(vtr_mapfile *file, double axis)
{
    static const char *const names[6] = {"exx", "exx_errors", "eyy", "eyy_errors", "exy", "exy_errors"};
    const size_t shape[2] = {N_Y, N_X};
    const double step[2] = {2, 2}, reference[4] = {0, N_Y, 0, 5};
    float maps[6][N_POSITIONS];
    vtr_error err;
    vtr_random random;
    double c = cos(axis * VTR_RADIANS_PER_DEGREE), s = sin(axis * VTR_RADIANS_PER_DEGREE), e[3];
    vtr_random_start(&random, 22, 0);
    for (size_t p = 0; p < N_POSITIONS; p++) {
        truth(e, p);
        const double turned[3] = {c * c * e[0] + s * s * e[1] + 2 * c * s * e[2],
                                  s * s * e[0] + c * c * e[1] - 2 * c * s * e[2],
                                  c * s * (e[1] - e[0]) + (c * c - s * s) * e[2]};
        for (size_t i = 0; i < 3; i++) {
            maps[2 * i][p] = (float)(turned[i] + 2e-4 * vtr_random_normal(&random));
            maps[2 * i + 1][p] = 2e-4F;
        }
    }
    assert_ok(vtr_mapfile_group(file, "strain", &err));
    for (size_t i = 0; i < 6; i++)
        assert_ok(
            vtr_mapfile_write(file, "strain", names[i], VTR_TYPE_F32, 2, shape, maps[i], "1", NULL, &err));
    assert_ok(vtr_mapfile_write_scan_axes(file, "strain", N_Y, N_X, step, &err));
    assert_ok(vtr_mapfile_write_numbers(file, "strain", NULL, "axis", 1, &axis, &err));
    assert_ok(vtr_mapfile_write_numbers(file, "strain", NULL, "reference", 4, reference, &err));
}

static vtr_mapfile *made_file(const scene *s, double axis)
{
    const size_t shape[4] = {N_Y, N_X, N_SECTORS, N_K};
    const double step[2] = {2, 2}, width = 360.0 / N_SECTORS;
    double angle[N_SECTORS], k[N_K];
    vtr_error err;
    vtr_mapfile *file = NULL;
    for (size_t j = 0; j < N_K; j++)
        k[j] = k_of(j);
    for (size_t d = 0; d < N_SECTORS; d++)
        angle[d] = first_angle + width * (double)d;
    assert_ok(vtr_mapfile_create(&file, test_folder_path("map.h5"), true, &err));
    assert_ok(vtr_mapfile_group(file, "sectors", &err));
    assert_ok(vtr_mapfile_write(file, "sectors", "intensity", VTR_TYPE_F32, 4, shape, s->intensity, NULL,
                                NULL, &err));
    assert_ok(vtr_mapfile_write(file, "sectors", "variance", VTR_TYPE_F32, 4, shape, s->variance, NULL, NULL,
                                &err));
    assert_ok(
        vtr_mapfile_write(file, "sectors", "k", VTR_TYPE_F64, 1, &shape[3], k, "1/angstrom", NULL, &err));
    assert_ok(vtr_mapfile_write(file, "sectors", "angle", VTR_TYPE_F64, 1, &shape[2], angle, "degrees", NULL,
                                &err));
    assert_ok(vtr_mapfile_write_numbers(file, "sectors", NULL, "width_degrees", 1, &width, &err));
    assert_ok(vtr_mapfile_write_scan_axes(file, "sectors", N_Y, N_X, step, &err));
    if (!isnan(axis)) write_ring(file, axis);
    return file;
}

static vtr_pdf_params pdf_params(void)
{
    vtr_pdf_params p = vtr_pdf_default_params();
    p.composition = "Zr50Cu50";
    p.rmax = 10;
    p.qmax = 16;
    p.background_order = 2;
    return p;
}

static void read_map(const vtr_mapfile *file, const char *name, float *values)
{
    vtr_error err;
    assert_ok(vtr_mapfile_read(file, "pdf/strain", name, VTR_TYPE_F32, N_POSITIONS, values, &err));
}

static const char *const names[3] = {"exx", "eyy", "exy"};

static void the_strain_comes_back(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    vtr_pdf_params pdf = pdf_params();
    vtr_pdf_strain_result result;
    make(&s, 0, false);
    vtr_mapfile *file = made_file(&s, 0);
    assert_ok(vtr_pdf_strain(file, &pdf, NULL, 2, &result, NULL, &err));
    assert_int_equal(result.n_valid, N_POSITIONS);
    assert_int_equal(result.n_directions, N_SECTORS / 2);
    assert_near(result.distance, 2.7, 0.003);
    for (size_t i = 0; i < 3; i++) {
        float values[N_POSITIONS];
        read_map(file, names[i], values);
        for (size_t p = 0; p < N_POSITIONS; p++) {
            double e[3];
            truth(e, p);
            assert_near(values[p], e[i],
                        3e-4); /* background and window see the shell a little: 3 % of the largest */
        }
    }
    vtr_pdf_strain_result_release(&result);
    vtr_pdf_strain_result_release(&result);
    vtr_mapfile_close(&file);
    drop(&s);
}

static double reduced_chi2(const vtr_mapfile *file, const float *clean, size_t i)
{
    float values[N_POSITIONS], errors[N_POSITIONS];
    char name[32];
    double chi2 = 0;
    snprintf(name, sizeof name, "%s_errors", names[i]);
    read_map(file, names[i], values);
    read_map(file, name, errors);
    for (size_t p = 0; p < N_POSITIONS; p++)
        chi2 += pow(((double)values[p] - (double)clean[p]) / (double)errors[p], 2) / N_POSITIONS;
    return chi2;
}

/* Also where opposite sectors have the same noise, which their variances do not say. */
static void error_bars_are_true(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    float clean[3][N_POSITIONS];
    vtr_pdf_params pdf = pdf_params();
    make(&s, 0, false);
    vtr_mapfile *file = made_file(&s, 0);
    assert_ok(vtr_pdf_strain(file, &pdf, NULL, 2, NULL, NULL, &err));
    for (size_t i = 0; i < 3; i++)
        read_map(file, names[i], clean[i]);
    vtr_mapfile_close(&file);
    drop(&s);
    for (int shared = 0; shared < 2; shared++) {
        vtr_pdf_strain_result result;
        make(&s, 1, shared == 1);
        file = made_file(&s, 0);
        assert_ok(vtr_pdf_strain(file, &pdf, NULL, 2, &result, NULL, &err));
        print_message("errors times %.3f\n", result.error_factor);
        assert_near(result.error_factor, shared == 1 ? sqrt(2) : 1, 0.08);
        for (size_t i = 0; i < 3; i++) {
            double chi2 = reduced_chi2(file, clean[i], i);
            print_message("%s: reduced chi-squared %.3f\n", names[i], chi2);
            assert_near(chi2, 1, 5 * sqrt(2.0 / N_POSITIONS));
        }
        vtr_pdf_strain_result_release(&result);
        vtr_mapfile_close(&file);
        drop(&s);
    }
}

static void it_agrees_with_a_ring_in_any_frame(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    vtr_pdf_params pdf = pdf_params();
    make(&s, 1, false);
    for (int turned = 0; turned < 2; turned++) {
        vtr_pdf_strain_result result;
        vtr_mapfile *file = made_file(&s, turned == 1 ? 30 : 0);
        assert_ok(vtr_pdf_strain(file, &pdf, NULL, 2, &result, NULL, &err));
        assert_true(result.has_ring);
        for (size_t i = 0; i < 3; i++) {
            const vtr_pdf_strain_comparison *c = &result.comparison[i];
            print_message("%s: correlation %.3f, ratio %.3f +- %.3f\n", names[i], c->correlation, c->ratio,
                          c->ratio_error);
            assert_int_equal(c->n, N_POSITIONS);
            assert_true(c->correlation > 0.99);
            assert_near(c->ratio, 1, 4 * c->ratio_error + 0.03);
            assert_true(c->ratio_error < 0.05);
        }
        vtr_pdf_strain_result_release(&result);
        vtr_mapfile_close(&file);
    }
    drop(&s);
}

/* The profiles of a column are added up before the transform. */
static void regions_have_the_strain_of_their_mean_profile(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    vtr_pdf_params pdf = pdf_params();
    vtr_pdf_cube_params params = vtr_pdf_cube_default_params();
    vtr_pdf_strain_result result;
    params.regions = (vtr_text_list){2, {"left=0:9,5:6", "right=0:9,15:16"}};
    make(&s, 1, false);
    vtr_mapfile *file = made_file(&s, 0);
    assert_ok(vtr_pdf_strain(file, &pdf, &params, 2, &result, NULL, &err));
    assert_int_equal(result.n_regions, 3);
    assert_string_equal(result.regions[0].name, "reference");
    assert_int_equal(result.regions[1].n, 9);
    for (size_t k = 0; k < 3; k++)
        assert_near(result.regions[0].strain.e[k], 0, 1e-12);
    for (size_t r = 1; r < 3; r++)
        for (size_t k = 0; k < 3; k++) {
            double mean = 0, e[3];
            for (size_t y = 0; y < N_Y; y++) {
                truth(e, y * N_X + (r == 1 ? 5 : 15));
                mean += e[k] / N_Y;
            }
            double error = result.regions[r].strain.e_error[k];
            assert_true(error > 0 && error < 1e-3);
            assert_near(result.regions[r].strain.e[k], mean, 4 * error + 3e-4);
        }
    vtr_pdf_strain_result_release(&result);
    vtr_mapfile_close(&file);
    drop(&s);
}

static void threads_and_gaps(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    vtr_pdf_params pdf = pdf_params();
    float values[2][N_POSITIONS], errors[2][N_POSITIONS], flags[N_POSITIONS];
    make(&s, 1, false);
    for (size_t j = 0; j < N_SECTORS * N_K; j++) {
        s.intensity[7 * N_SECTORS * N_K + j] = NAN;
        if (j < N_K) s.intensity[8 * N_SECTORS * N_K + j] = NAN; /* its opposite is there */
    }
    for (int t = 0; t < 2; t++) {
        vtr_mapfile *file = made_file(&s, 0);
        assert_ok(vtr_pdf_strain(file, &pdf, NULL, t + 1, NULL, NULL, &err));
        read_map(file, "exy", values[t]);
        read_map(file, "exy_errors", errors[t]);
        read_map(file, "flags", flags);
        vtr_mapfile_close(&file);
    }
    assert_memory_equal(values[0], values[1], sizeof values[0]);
    assert_memory_equal(errors[0], errors[1], sizeof errors[0]);
    assert_true(isnan(values[0][7]) && isnan(errors[0][7]));
    assert_int_equal((int)flags[7], VTR_FLAG_INVALID);
    assert_true(isfinite(values[0][8]) && flags[8] == 0);
    drop(&s);
}

static void what_is_missing_is_named(void **state)
{
    (void)state;
    vtr_error err;
    vtr_mapfile *file = NULL;
    vtr_pdf_params pdf = pdf_params();
    assert_ok(vtr_mapfile_create(&file, test_folder_path("map.h5"), true, &err));
    assert_fails(vtr_pdf_strain(file, &pdf, NULL, 1, NULL, NULL, &err), VTR_ERR_NOT_FOUND, "--sectors");
    vtr_mapfile_close(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_strain_comes_back),
        cmocka_unit_test(error_bars_are_true),
        cmocka_unit_test(it_agrees_with_a_ring_in_any_frame),
        cmocka_unit_test(regions_have_the_strain_of_their_mean_profile),
        cmocka_unit_test(threads_and_gaps),
        cmocka_unit_test(what_is_missing_is_named),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
