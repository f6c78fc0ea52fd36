/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PDFs of every position of a map file, on profiles whose structure is known. */
#include "vitrail/pdf_cube.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_internal.h"
#include "support.h"
#include "vitrail/constants.h"
#include "vitrail/ring_map.h"

static vtr_ranks *ranks; /* of a launcher, where there is one: then the test of ranks runs alone */

/* More than one block, with rows that a block's end cuts. */
enum { N_Y = 40, N_X = 37, N_POSITIONS = N_Y * N_X, N_K = 300, MAX_R = 501 };

/* Three shells; the first moves outwards along x by 0.004 Å a position. */
static double structure(double q, double first)
{
    const double shell[3][3] = {{first, 1.2, 0.3}, {4.8, 0.4, 0.3}, {7.2, 0.2, 0.4}};
    double sum = 0;
    for (int i = 0; i < 3; i++) {
        double x = shell[i][2] * q;
        sum += shell[i][1] * shell[i][2] * sqrt(2 * VTR_PI) * sin(q * shell[i][0]) * exp(-x * x / 2);
    }
    return sum;
}

static double k_of(size_t j)
{
    return 0.1 + 0.01 * (double)j;
}

/* Intensities of a scan: the scale grows along y, `noise` 0 or 1 times the standard deviation is added. */
static void fill(float *intensity, float *variance, double noise)
{
    vtr_error err;
    vtr_composition c;
    vtr_random random;
    assert_ok(vtr_composition_parse(&c, "Zr50Cu50", &err));
    vtr_random_start(&random, 20, 0);
    for (size_t j = 0; j < N_K; j++) {
        double f, f2, q = 2 * VTR_PI * k_of(j);
        vtr_electron_averages(&c, k_of(j), &f, &f2);
        for (size_t p = 0; p < N_POSITIONS; p++) {
            double scale = 1000 * (1 + 0.01 * (double)(p / N_X)), first = 2.7 + 0.004 * (double)(p % N_X);
            double value = scale * (f2 + f * f * structure(q, first) / q) + 3;
            double spread = value / (4000 * q);
            intensity[p * N_K + j] = (float)(value + noise * sqrt(spread) * vtr_random_normal(&random));
            variance[p * N_K + j] = (float)spread;
        }
    }
}

static void write_map_file(const char *path, const float *intensity, const float *variance,
                           const char *k_unit)
{
    const size_t shape[3] = {N_Y, N_X, N_K};
    const double step[2] = {2, 2};
    float k[N_K], exx[N_POSITIONS];
    vtr_error err;
    vtr_mapfile *file = NULL;
    for (size_t j = 0; j < N_K; j++)
        k[j] = (float)k_of(j);
    for (size_t p = 0; p < N_POSITIONS; p++)
        exx[p] = p % 7 == 0 ? NAN : 0.001F * (float)(p % N_X);
    assert_ok(vtr_mapfile_create(&file, path, true, &err));
    assert_ok(vtr_mapfile_group(file, "profile", &err));
    assert_ok(
        vtr_mapfile_write(file, "profile", "intensity", VTR_TYPE_F32, 3, shape, intensity, NULL, NULL, &err));
    assert_ok(
        vtr_mapfile_write(file, "profile", "variance", VTR_TYPE_F32, 3, shape, variance, NULL, NULL, &err));
    assert_ok(vtr_mapfile_write(file, "profile", "k", VTR_TYPE_F32, 1, &shape[2], k, k_unit, NULL, &err));
    assert_ok(vtr_mapfile_write_scan_axes(file, "profile", N_Y, N_X, step, &err));
    assert_ok(vtr_mapfile_group(file, "strain", &err));
    assert_ok(vtr_mapfile_write(file, "strain", "exx", VTR_TYPE_F32, 2, shape, exx, "1", NULL, &err));
    assert_ok(vtr_mapfile_write_scan_axes(file, "strain", N_Y, N_X, step, &err));
    assert_ok(vtr_mapfile_commit(&file, &err));
}

/* The scene of most tests: a map file of N_POSITIONS profiles. */
typedef struct scene {
    float *intensity, *variance;
    const char *path;
    vtr_pdf_params pdf;
    vtr_pdf_cube_params cube;
} scene;

static void make(scene *s, double noise)
{
    s->intensity = test_malloc(sizeof(float) * N_POSITIONS * N_K);
    s->variance = test_malloc(sizeof(float) * N_POSITIONS * N_K);
    fill(s->intensity, s->variance, noise);
    s->path = test_folder_path("map.h5");
    s->pdf = vtr_pdf_default_params();
    s->pdf.composition = "Zr50Cu50";
    s->pdf.rmax = 10;
    s->pdf.qmax = 18;
    s->pdf.background_order = 2;
    s->cube = vtr_pdf_cube_default_params();
}

static void drop(scene *s)
{
    test_free(s->intensity);
    test_free(s->variance);
}

static void write_scene(const scene *s)
{
    write_map_file(s->path, s->intensity, s->variance, "1/angstrom");
}

static void compute(const scene *s, int threads, vtr_pdf_cube_result *result)
{
    vtr_error err;
    vtr_mapfile *file = NULL;
    assert_ok(vtr_mapfile_edit(&file, s->path, &err));
    assert_ok(vtr_pdf_cube(file, &s->pdf, &s->cube, threads, result, NULL, &err));
    assert_ok(vtr_mapfile_commit(&file, &err));
}

/* A dataset of the file; freed with test_free. */
static float *read_back(const scene *s, const char *group, const char *name, size_t n)
{
    vtr_error err;
    vtr_mapfile *file = NULL;
    float *values = test_malloc(n * sizeof *values);
    assert_ok(vtr_mapfile_open(&file, s->path, &err));
    assert_ok(vtr_mapfile_read(file, group, name, VTR_TYPE_F32, n, values, &err));
    vtr_mapfile_close(&file);
    return values;
}

/* --- G ------------------------------------------------------------------------------------------------------ */

/* With nothing to be found from the mean (scale and constant held, no polynomial) each position is what it is alone. */
static void every_position_is_its_own_pdf(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    vtr_pdf_cube_result result;
    make(&s, 1);
    s.pdf.scale = 1100;
    s.pdf.constant = 3;
    s.pdf.no_background = true;
    s.cube.with_structure = true;
    write_scene(&s);
    compute(&s, 2, &result);
    size_t n_r = result.n_r;
    float *g = read_back(&s, "pdf", "G", N_POSITIONS * n_r),
          *e = read_back(&s, "pdf", "G_errors", N_POSITIONS * n_r);
    const size_t at[] = {0, 36, 37, 1023, 1024, N_POSITIONS - 1};
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        double k[N_K], intensity[N_K], variance[N_K];
        for (size_t j = 0; j < N_K; j++) {
            k[j] = (float)k_of(j);
            intensity[j] = s.intensity[at[i] * N_K + j];
            variance[j] = s.variance[at[i] * N_K + j];
        }
        const vtr_pdf_profile profile = {N_K, k, intensity, variance, VTR_PDF_AXIS_K_INV_ANGSTROM};
        vtr_pdf pdf;
        assert_ok(vtr_pdf_compute(&pdf, &profile, &s.pdf, &err));
        assert_int_equal(pdf.n_r, n_r);
        for (size_t r = 0; r < n_r; r++) {
            assert_near(g[at[i] * n_r + r], pdf.G[r], 2e-5); /* float sums over 280 points of F up to 3 */
            assert_near(e[at[i] * n_r + r], pdf.G_error[r], 1e-4 * pdf.G_error[r] + 1e-7);
        }
        float *f = read_back(&s, "pdf", "F", N_POSITIONS * pdf.n_q);
        for (size_t j = 0; j < pdf.n_q; j++)
            assert_near(f[at[i] * pdf.n_q + j], pdf.F[j], 1e-5);
        test_free(f);
        vtr_pdf_release(&pdf);
    }
    test_free(g);
    test_free(e);
    vtr_pdf_cube_result_release(&result);
    drop(&s);
}

static bool same_file_values(const float *a, const float *b, size_t n)
{
    return memcmp(a, b, n * sizeof *a) == 0;
}

static void neither_threads_nor_ranks_change_a_bit(void **state)
{
    (void)state;
    vtr_error err;
    vtr_mapfile *file = NULL;
    static const char *const maps[] = {"nearest", "nearest_errors", "second_fwhm", "scale", "images/near",
                                       "G",       "flags"};
    scene s;
    float *values[2][7];
    vtr_pdf_cube_result result[2];
    make(&s, 1);
    s.cube.images = (vtr_text_list){1, {"near=r:2.2:3.3"}};
    s.cube.regions = (vtr_text_list){1, {"left=exx<0.01"}};
    for (int t = 0; t < 2; t++) {
        write_scene(&s);
        s.cube.ranks = t == 0 ? NULL : ranks;
        if (t == 1 && vtr_ranks_rank(ranks) != 0) {
            assert_ok(vtr_mapfile_open(&file, s.path, &err));
            assert_ok(vtr_pdf_cube(file, &s.pdf, &s.cube, 1, &result[1], NULL, &err));
            vtr_mapfile_close(&file);
            assert_int_equal(result[1].n_regions, 0);
            break;
        }
        compute(&s, t + 1, &result[t]);
        for (size_t m = 0; m < 7; m++) {
            bool is_image = m == 4;
            values[t][m] = read_back(&s, is_image ? "pdf/images" : "pdf", is_image ? "near" : maps[m],
                                     m == 5 ? N_POSITIONS * result[t].n_r : N_POSITIONS);
        }
    }
    for (size_t m = 0; m < 7; m++) {
        size_t n = m == 5 ? N_POSITIONS * result[0].n_r : N_POSITIONS;
        if (vtr_ranks_rank(ranks) == 0) {
            assert_true(same_file_values(values[0][m], values[1][m], n));
            test_free(values[1][m]);
        }
        test_free(values[0][m]);
    }
    if (vtr_ranks_rank(ranks) == 0) {
        const vtr_pdf_region_mean *one = &result[0].regions[1], *other = &result[1].regions[1];
        assert_memory_equal(one->G, other->G, result[0].n_r * sizeof(double));
        assert_memory_equal(one->G_error, other->G_error, result[0].n_r * sizeof(double));
    }
    vtr_pdf_cube_result_release(&result[0]);
    vtr_pdf_cube_result_release(&result[1]);
    drop(&s);
}

/* --- shells ------------------------------------------------------------------------------------------------- */

/* Noise moves the maxima by what the error bars say: (noisy - clean)/error has unit variance over the map. */
static void error_bars_of_the_shells_are_true(void **state)
{
    (void)state;
    static const char *const names[] = {"nearest",       "first_height", "first_fwhm", "second",
                                        "second_height", "second_fwhm",  "scale"};
    scene s;
    float *clean[7];
    make(&s, 0);
    write_scene(&s);
    compute(&s, 2, NULL);
    for (size_t m = 0; m < 7; m++)
        clean[m] = read_back(&s, "pdf", names[m], N_POSITIONS);
    for (size_t p = 0; p < N_POSITIONS; p++) {
        assert_near(clean[0][p], 2.7 + 0.004 * (double)(p % N_X),
                    0.002); /* through the window that ends at 18 1/Å */
        assert_near(clean[6][p], 1000 * (1 + 0.01 * (double)(p / N_X)), 10);
    }
    drop(&s);
    make(&s, 1);
    write_scene(&s);
    compute(&s, 2, NULL);
    for (size_t m = 0; m < 7; m++) {
        char name[64];
        double chi2 = 0;
        snprintf(name, sizeof name, "%s_errors", names[m]);
        float *noisy = read_back(&s, "pdf", names[m], N_POSITIONS),
              *error = read_back(&s, "pdf", name, N_POSITIONS);
        for (size_t p = 0; p < N_POSITIONS; p++) {
            double pull = ((double)noisy[p] - (double)clean[m][p]) / (double)error[p];
            chi2 += pull * pull / N_POSITIONS;
        }
        print_message("%s: reduced chi-squared %.3f\n", names[m], chi2);
        assert_near(chi2, 1, 5 * sqrt(2.0 / N_POSITIONS));
        test_free(noisy);
        test_free(error);
        test_free(clean[m]);
    }
    drop(&s);
}

/* --- images ------------------------------------------------------------------------------------------------- */

/* Of the stored G by the trapezoidal rule, and with error bars that hold. */
static void images_are_integrals(void **state)
{
    (void)state;
    scene s;
    float *clean[3];
    vtr_pdf_cube_result result;
    static const char *const names[] = {"shell", "atoms", "structure"};
    make(&s, 0);
    s.pdf.density = 0.05;
    s.pdf.scale_from_window = true;
    s.pdf.fit[0] = 17; /* so narrow that the scale's error counts in the images' errors */
    s.pdf.fit[1] = 17.6;
    s.cube.images = (vtr_text_list){3, {"shell=r:2.205:3.31", "atoms=R:2.2:3.4", "structure=Q:2:4"}};
    write_scene(&s);
    compute(&s, 2, &result);
    float *g = read_back(&s, "pdf", "G", N_POSITIONS * result.n_r);
    for (size_t m = 0; m < 3; m++)
        clean[m] = read_back(&s, "pdf/images", names[m], N_POSITIONS);
    for (size_t p = 0; p < N_POSITIONS; p += 97) {
        const float *row = g + p * result.n_r;
        double shell = 0, atoms = 0;
        for (size_t i = 1; i < result.n_r; i++) {
            double a = result.r[i - 1], b = result.r[i], line = 4 * VTR_PI * 0.05;
            double half = a < 2.205 - 1e-9 && b > 2.205 ? 0.5
                          : a < 3.31 && b > 3.31        ? 0.5
                                                        : 1; /* mid-step: to 1e-3 */
            if (b > 2.205 && a < 3.31) shell += half * (double)(row[i] + row[i - 1]) / 2 * 0.02;
            if (a > 2.2 - 1e-9 && b < 3.4 + 1e-9)
                atoms += 0.01 * (a * ((double)row[i - 1] + line * a) + b * ((double)row[i] + line * b));
        }
        assert_near(clean[0][p], shell, 2e-3);
        assert_near(clean[1][p], atoms, 2e-3);
        /* S - 1 of the model: a shell of 2.7 to 2.85 Å has its first maximum there */
        double sum = 2, first = 2.7 + 0.004 * (double)(p % N_X);
        for (double q = 2.005; q < 4; q += 0.01)
            sum += 0.01 * structure(q, first) / q;
        assert_near(clean[2][p], sum, 0.06); /* 280 points in Q, and what the polynomial of order 2 takes */
    }
    test_free(g);
    vtr_pdf_cube_result_release(&result);
    drop(&s);
    vtr_pdf_params pdf = s.pdf;
    vtr_pdf_cube_params cube = s.cube;
    make(&s, 1);
    s.pdf = pdf;
    s.cube = cube;
    write_scene(&s);
    compute(&s, 2, NULL);
    for (size_t m = 0; m < 3; m++) {
        char name[64];
        double chi2 = 0;
        snprintf(name, sizeof name, "%s_errors", names[m]);
        float *noisy = read_back(&s, "pdf/images", names[m], N_POSITIONS);
        float *error = read_back(&s, "pdf/images", name, N_POSITIONS);
        for (size_t p = 0; p < N_POSITIONS; p++)
            chi2 += pow(((double)noisy[p] - (double)clean[m][p]) / (double)error[p], 2) / N_POSITIONS;
        assert_near(chi2, 1, 5 * sqrt(2.0 / N_POSITIONS));
        test_free(noisy);
        test_free(error);
        test_free(clean[m]);
    }
    drop(&s);
}

/* --- regions ------------------------------------------------------------------------------------------------ */

static void regions_are_means_with_standard_errors(void **state)
{
    (void)state;
    scene s;
    vtr_pdf_cube_result result;
    make(&s, 1);
    s.cube.regions = (vtr_text_list){2, {"left=exx<0.005", "box=3:20,5:9"}};
    write_scene(&s);
    compute(&s, 2, &result);
    size_t n_r = result.n_r;
    float *g = read_back(&s, "pdf", "G", N_POSITIONS * n_r),
          *e = read_back(&s, "pdf", "G_errors", N_POSITIONS * n_r);
    assert_int_equal(result.n_regions, 3);
    assert_int_equal(result.regions[0].n, N_POSITIONS);
    assert_string_equal(result.regions[1].name, "left");
    for (size_t r = 0; r < n_r; r += 13) {
        double n = 0, sum = 0, squares = 0, variance = 0;
        for (size_t p = 0; p < N_POSITIONS; p++) {
            if (p % 7 == 0 || p % N_X >= 5) continue;
            n++;
            sum += g[p * n_r + r];
            variance += (double)e[p * n_r + r] * (double)e[p * n_r + r];
        }
        for (size_t p = 0; p < N_POSITIONS; p++)
            if (p % 7 != 0 && p % N_X < 5) squares += pow((double)g[p * n_r + r] - sum / n, 2);
        assert_int_equal(result.regions[1].n, n);
        assert_near(result.regions[1].G[r], sum / n, 1e-9);
        assert_near(result.regions[1].G_error[r], sqrt(squares / (n * (n - 1))), 1e-9);
        assert_near(result.regions[1].G_propagated[r], sqrt(variance) / n, 1e-9);
    }
    /* columns 0 to 4 and 5 to 8 of a first shell at 2.7 + 0.004 x; five standard errors */
    const vtr_pdf_peak *left = &result.regions[1].shell[0], *box = &result.regions[2].shell[0];
    assert_true(left->position_error > 0 && left->position_error < 0.002);
    assert_near(left->position, 2.708, 0.002 + 5 * left->position_error);
    assert_near(box->position, 2.726, 0.002 + 5 * box->position_error);
    float *member = read_back(&s, "pdf/regions/box", "member", N_POSITIONS);
    for (size_t p = 0; p < N_POSITIONS; p++) {
        size_t y = p / N_X, x = p % N_X;
        assert_true((member[p] == 1) == (y >= 3 && y < 20 && x >= 5 && x < 9));
    }
    test_free(member);
    test_free(g);
    test_free(e);
    vtr_pdf_cube_result_release(&result);
    drop(&s);
}

/* The error of a region's first distance, from its scatter: noise moves it by so much. */
static void error_of_a_regions_shell_is_true(void **state)
{
    (void)state;
    enum { N_REGIONS = 31 };
    static char text[N_REGIONS][64];
    scene s;
    vtr_pdf_cube_result result[2];
    double chi2 = 0;
    for (size_t i = 0; i < N_REGIONS; i++) /* one column each of 40 positions, of the same structure */
        snprintf(text[i], sizeof text[i], "c%zu=0:40,%zu:%zu", i, i, i + 1);
    for (int noise = 0; noise < 2; noise++) {
        make(&s, noise);
        s.cube.only_maps = true;
        for (size_t i = 0; i < N_REGIONS; i++)
            s.cube.regions.text[i] = text[i];
        s.cube.regions.n = N_REGIONS;
        write_scene(&s);
        compute(&s, 2, &result[noise]);
        drop(&s);
    }
    for (size_t i = 1; i <= N_REGIONS; i++) {
        const vtr_pdf_peak *k = &result[1].regions[i].shell[0];
        double pull = (k->position - result[0].regions[i].shell[0].position) / k->position_error;
        chi2 += pull * pull / N_REGIONS;
    }
    print_message("nearest neighbour of regions: reduced chi-squared %.2f\n", chi2);
    assert_near(chi2, 1, 4 * sqrt(2.0 / N_REGIONS));
    vtr_pdf_cube_result_release(&result[0]);
    vtr_pdf_cube_result_release(&result[1]);
}

/* --- positions without data --------------------------------------------------------------------------------- */

static void positions_without_data_are_nan(void **state)
{
    (void)state;
    enum { ALL = 5, GAP = 1030, BEYOND = 70, NO_VARIANCE = 71, NEGATIVE = 72 };
    scene s;
    vtr_pdf_cube_result result;
    make(&s, 0);
    for (size_t j = 0; j < N_K; j++) {
        s.intensity[ALL * N_K + j] = NAN;
        s.intensity[NEGATIVE * N_K + j] *= -1;
    }
    s.intensity[GAP * N_K + 100] = NAN;
    s.intensity[BEYOND * N_K + N_K - 2] = NAN; /* beyond qmaxinst = qmax */
    s.variance[NO_VARIANCE * N_K + 50] = NAN;
    s.cube.images = (vtr_text_list){1, {"near=r:2.2:3.3"}};
    write_scene(&s);
    compute(&s, 2, &result);
    assert_int_equal(result.n_valid, N_POSITIONS - 4);
    assert_int_equal(result.regions[0].n, N_POSITIONS - 4);
    static const char *const names[] = {"nearest", "nearest_errors", "first_height",
                                        "second",  "scale",          "scale_errors"};
    const size_t lost[] = {ALL, GAP, NO_VARIANCE, NEGATIVE};
    for (size_t m = 0; m < 6; m++) {
        float *map = read_back(&s, "pdf", names[m], N_POSITIONS);
        for (size_t i = 0; i < 4; i++)
            assert_true(isnan(map[lost[i]]));
        assert_true(isfinite(map[BEYOND]) && isfinite(map[GAP + 1]));
        test_free(map);
    }
    float *g = read_back(&s, "pdf", "G", N_POSITIONS * result.n_r),
          *flags = read_back(&s, "pdf", "flags", N_POSITIONS);
    float *near = read_back(&s, "pdf/images", "near", N_POSITIONS);
    for (size_t i = 0; i < 4; i++) {
        for (size_t r = 0; r < result.n_r; r++)
            assert_true(isnan(g[lost[i] * result.n_r + r]));
        assert_true(isnan(near[lost[i]]));
        assert_int_equal((int)flags[lost[i]], lost[i] == NEGATIVE ? VTR_FLAG_OUT_OF_RANGE : VTR_FLAG_INVALID);
    }
    assert_int_equal((int)flags[BEYOND], 0);
    test_free(g);
    test_free(flags);
    test_free(near);
    vtr_pdf_cube_result_release(&result);
    drop(&s);
}

/* --- wrong input -------------------------------------------------------------------------------------------- */

static void expect_failure(const scene *s, vtr_status status, const char *part)
{
    vtr_error err;
    vtr_mapfile *file = NULL;
    vtr_pdf_cube_result result = {.n_valid = 99};
    assert_ok(vtr_mapfile_edit(&file, s->path, &err));
    assert_fails(vtr_pdf_cube(file, &s->pdf, &s->cube, 1, &result, NULL, &err), status, part);
    assert_int_equal(result.n_valid, 99);
    vtr_mapfile_close(&file);
}

static bool stop(void *user)
{
    return ++*(int *)user > 3;
}

static void what_does_not_work_says_so_and_leaves_the_file(void **state)
{
    (void)state;
    vtr_error err;
    scene s;
    vtr_mapfile *file = NULL;
    make(&s, 0);
    write_map_file(s.path, s.intensity, s.variance, "px");
    expect_failure(&s, VTR_ERR_ARGUMENT, "--k-scale");
    write_scene(&s);
    s.pdf.composition = NULL;
    expect_failure(&s, VTR_ERR_ARGUMENT, "composition");
    s.pdf.composition = "Zr50Cu50";
    static const struct {
        const char *image;
        vtr_status status;
        const char *part;
    } wrong[] = {{"r:2:3", VTR_ERR_ARGUMENT, "NAME=r:LO:HI"},
                 {"a=x:2:3", VTR_ERR_ARGUMENT, "NAME=r:LO:HI"},
                 {"a=r:2", VTR_ERR_ARGUMENT, "'a'"},
                 {"a=r:3:30", VTR_ERR_RANGE, "within 0 to 10"},
                 {"a=Q:0.1:3", VTR_ERR_RANGE, "1/Å"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        s.cube.images = (vtr_text_list){1, {wrong[i].image}};
        expect_failure(&s, wrong[i].status, wrong[i].part);
    }
    s.cube.images = (vtr_text_list){2, {"a=r:2:3", "a=r:3:4"}};
    expect_failure(&s, VTR_ERR_ARGUMENT, "two images");
    s.cube.images.n = 0;
    s.cube.regions = (vtr_text_list){1, {"all=0:3,0:3"}};
    expect_failure(&s, VTR_ERR_ARGUMENT, "whole scan");
    s.cube.regions = (vtr_text_list){1, {"a=density<-0.01"}};
    expect_failure(&s, VTR_ERR_NOT_FOUND, "density");
    s.cube.regions.n = 0;
    s.pdf.qmax = 100;
    expect_failure(&s, VTR_ERR_RANGE, "beyond the data");
    s.pdf.qmax = 18;

    int asked = 0;
    const vtr_progress progress = {.cancelled = stop, .user = &asked};
    assert_ok(vtr_mapfile_edit(&file, s.path, &err));
    assert_fails(vtr_pdf_cube(file, &s.pdf, &s.cube, 1, NULL, &progress, &err), VTR_ERR_INTERRUPTED,
                 "interrupted");
    vtr_mapfile_close(&file);
    assert_ok(vtr_mapfile_open(&file, s.path, &err));
    assert_false(vtr_mapfile_has(file, "pdf", NULL));
    vtr_mapfile_close(&file);

    for (size_t i = 0; i < (size_t)N_POSITIONS * N_K; i++)
        s.intensity[i] = NAN;
    write_scene(&s);
    expect_failure(&s, VTR_ERR_NO_DATA, "no position has a radial profile");
    drop(&s);
    assert_ok(vtr_mapfile_create(&file, s.path, true, &err));
    assert_ok(vtr_mapfile_commit(&file, &err));
    expect_failure(&s, VTR_ERR_NOT_FOUND, "vitrail map");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_position_is_its_own_pdf),
        cmocka_unit_test(neither_threads_nor_ranks_change_a_bit),
        cmocka_unit_test(error_bars_of_the_shells_are_true),
        cmocka_unit_test(images_are_integrals),
        cmocka_unit_test(regions_are_means_with_standard_errors),
        cmocka_unit_test(error_of_a_regions_shell_is_true),
        cmocka_unit_test(positions_without_data_are_nan),
        cmocka_unit_test(what_does_not_work_says_so_and_leaves_the_file),
    };
    const struct CMUnitTest shared[] = {cmocka_unit_test(neither_threads_nor_ranks_change_a_bit)};
    vtr_error err;
    if (!vtr_ranks_are_launched())
        return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
    if (vtr_ranks_start(&ranks, &err) != VTR_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    if (cmocka_run_group_tests(shared, test_folder_setup, test_folder_teardown) > 0)
        vtr_ranks_abort(ranks, 1); /* the others may wait */
    vtr_ranks_finish(&ranks);
    return 0;
}
