/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scratch curves made with known friction, hardness, wear and stick-slip, from the text files to the slopes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_internal.h"
#include "support.h"
#include "vitrail/scratch.h"

enum { N = 1500, N_LOADS = 5 };
static const double pi = 3.14159265358979323846;
static const double loads_mn[N_LOADS] = {20, 40, 60, 80, 100};

typedef struct recipe {
    double friction, excess;                /* kinetic coefficient; static over kinetic, less 1 */
    double noise_mn, slow_mn, slow_samples; /* white noise; noise of a correlation length */
    double slip_mn, slip_um;                /* sawtooth; lengths scatter by a tenth */
    double zero_mn, drift_mn_per_um;
    bool has_ends; /* unloaded ends before and after */
} recipe;

/* 300 um in steps of 0.2 um; contact from 20 to 280 um where there are ends. */
static void fill(vtr_scratch_curve *curve, const recipe *r, double load, uint64_t seed)
{
    vtr_random random;
    vtr_random_start(&random, seed, 0);
    double slow = r->slow_mn * vtr_random_normal(&random), keep = exp(-1 / fmax(r->slow_samples, 1e-9));
    double phase = vtr_random_uniform(&random), length = r->slip_um;
    for (size_t i = 0; i < curve->n; i++) {
        double x = 0.2 * (double)i, from = r->has_ends ? 20 : 0;
        bool is_loaded = !r->has_ends || (x >= from && x < 280);
        slow = keep * slow + sqrt(1 - keep * keep) * r->slow_mn * vtr_random_normal(&random);
        phase += length > 0 ? 0.2 / length : 0;
        if (phase >= 1) {
            phase -= 1;
            length = r->slip_um * (1 + 0.1 * vtr_random_normal(&random));
        }
        double shape = 1 + r->excess * exp(-(x - from - 4) / 2);
        if (x - from < 4) shape = (1 + r->excess) * (x - from) / 4;
        double force = r->friction * load * shape + slow + r->slip_mn * (phase - 0.5);
        curve->distance_um[i] = x;
        curve->load_mn[i] = (is_loaded ? load : 0) + 0.01 * vtr_random_normal(&random);
        curve->lateral_mn[i] = (is_loaded ? force : 0) + r->noise_mn * vtr_random_normal(&random) +
                               r->zero_mn + r->drift_mn_per_um * x;
    }
}

static vtr_scratch_curve make(const recipe *r, double load, uint64_t seed)
{
    vtr_scratch_curve curve = {.n = N};
    curve.distance_um = malloc(N * sizeof(double));
    curve.load_mn = malloc(N * sizeof(double));
    curve.lateral_mn = malloc(N * sizeof(double));
    fill(&curve, r, load, seed);
    return curve;
}

static void discard(vtr_scratch_curve *curve)
{
    free(curve->distance_um);
    free(curve->load_mn);
    free(curve->lateral_mn);
}

/* Of 300 curves: mean and root mean square of (found - true)/error of the kinetic coefficient. */
static void pulls_of(double out[2], const recipe *r)
{
    vtr_error err;
    double sum = 0, square = 0;
    enum { CURVES = 300 };
    vtr_scratch_curve curve = make(r, 50, 0);
    for (uint64_t seed = 0; seed < CURVES; seed++) {
        vtr_scratch_friction f;
        fill(&curve, r, 50, 100 + seed);
        assert_ok(vtr_scratch_analyse_curve(&f, &curve, &err));
        double pull = (f.kinetic_coefficient - r->friction) / f.kinetic_error;
        sum += pull;
        square += pull * pull;
    }
    discard(&curve);
    out[0] = sum / CURVES;
    out[1] = sqrt(square / CURVES);
}

/* 300 pulls: their root mean square is known to 0.041, their mean to 0.058; three of these are allowed, and 0.1 for the
 * error's own error, which is that of a spectrum averaged over 8 to 40 frequencies. */
static void friction_errors_are_error_bars(void **state)
{
    (void)state;
    const recipe cases[] = {
        {.friction = 0.26, .excess = 0.4, .noise_mn = 0.5},
        {.friction = 0.26, .excess = 0.4, .noise_mn = 0.1, .slow_mn = 0.5, .slow_samples = 5},
        {.friction = 0.26, .excess = 0.4, .noise_mn = 0.2, .slip_mn = 1.5, .slip_um = 6},
        {.friction = 0.21, .noise_mn = 0.3, .zero_mn = 3, .drift_mn_per_um = 0.004, .has_ends = true},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        double pulls[2];
        pulls_of(pulls, &cases[k]);
        print_message("case %zu: mean pull %.3f, root mean square %.3f\n", k, pulls[0], pulls[1]);
        assert_near(pulls[0], 0, 0.25);
        assert_near(pulls[1], 1, 0.22);
    }
}

static void regions_are_found(void **state)
{
    (void)state;
    vtr_error err;
    const recipe r = {.friction = 0.26, .excess = 0.5, .noise_mn = 0.2, .has_ends = true};
    vtr_scratch_curve curve = make(&r, 50, 3);
    vtr_scratch_friction f;
    assert_ok(vtr_scratch_analyse_curve(&f, &curve, &err));
    assert_near(curve.distance_um[f.contact[0]], 20, 0.3);
    assert_near(curve.distance_um[f.contact[1]], 280, 0.3);
    assert_near(curve.distance_um[f.peak], 24, 0.8); /* a median of five samples of 0.2 um, and noise */
    /* the excess is below the noise of 0.2 mN after 2 um ln(6.5/0.2) = 7 um */
    assert_true(curve.distance_um[f.kinetic[0]] > 29 && curve.distance_um[f.kinetic[0]] < 60);
    assert_near(f.static_coefficient, 0.39, 0.03);
    assert_true(f.peak_excess > 10);
    discard(&curve);
}

static void stick_slip_is_found_where_it_is(void **state)
{
    (void)state;
    vtr_error err;
    const recipe with = {
        .friction = 0.2, .noise_mn = 0.4, .slip_mn = 2, .slip_um = 7, .drift_mn_per_um = 0.005};
    const recipe white = {.friction = 0.2, .noise_mn = 0.4};
    const recipe slow = {.friction = 0.2, .noise_mn = 0.1, .slow_mn = 0.5, .slow_samples = 10};
    enum { CURVES = 100 };
    int n_false = 0;
    double square = 0;
    vtr_scratch_curve curve = make(&with, 50, 0);
    for (uint64_t seed = 0; seed < CURVES; seed++) {
        vtr_scratch_friction f;
        fill(&curve, &with, 50, seed);
        assert_ok(vtr_scratch_analyse_curve(&f, &curve, &err));
        assert_true(f.stick_slip_chance < 1e-3);
        /* some 40 slips whose lengths scatter by 0.7 um: their mean to 0.11 um */
        assert_near(f.stick_slip_um, 7, 0.6);
        square += pow((f.stick_slip_um - 7) / f.stick_slip_error_um, 2) / CURVES;
        fill(&curve, &white, 50, seed);
        assert_ok(vtr_scratch_analyse_curve(&f, &curve, &err));
        n_false += isfinite(f.stick_slip_um);
        fill(&curve, &slow, 50, seed);
        assert_ok(vtr_scratch_analyse_curve(&f, &curve, &err));
        n_false += isfinite(f.stick_slip_um);
    }
    discard(&curve);
    print_message("stick-slip: root mean square pull %.3f; %d of 200 found in noise\n", sqrt(square),
                  n_false);
    assert_true(n_false <= 2); /* one in a thousand is expected */
    assert_near(sqrt(square), 1, 0.5);
}

/* A bow has an autocorrelation that stays negative beyond its first zero. */
static void bow_is_no_stick_slip(void **state)
{
    (void)state;
    vtr_error err;
    const recipe r = {.friction = 0.2};
    vtr_scratch_curve curve = make(&r, 50, 1);
    vtr_scratch_friction f;
    for (size_t i = 0; i < N; i++)
        curve.lateral_mn[i] += 4e-5 * pow(curve.distance_um[i] - 150, 2);
    assert_ok(vtr_scratch_analyse_curve(&f, &curve, &err));
    assert_true(isnan(f.stick_slip_um));
    assert_near(f.stick_slip_chance, 1, 0);
    discard(&curve);
}

/* Both coordinates with errors; 400 lines: the pulls' root mean square to 0.035, four of these. */
static void lines_have_true_errors(void **state)
{
    (void)state;
    vtr_error err;
    vtr_random random;
    vtr_random_start(&random, 5, 0);
    enum { LINES = 400 };
    for (int origin = 0; origin < 2; origin++) {
        double square = 0, chi2 = 0, offset = 0;
        for (int k = 0; k < LINES; k++) {
            double x[6], y[6], dx[6], dy[6];
            for (int i = 0; i < 6; i++) {
                dx[i] = 0.1 + 0.02 * i;
                dy[i] = 0.3;
                x[i] = 2 * (i + 1) + dx[i] * vtr_random_normal(&random);
                y[i] = (origin ? 0 : 1.5) + 2.5 * 2 * (i + 1) + dy[i] * vtr_random_normal(&random);
            }
            vtr_scratch_line line;
            assert_ok(vtr_scratch_fit_line(&line, x, dx, y, dy, 6, origin, &err));
            square += pow((line.slope - 2.5) / line.slope_error, 2) / LINES;
            offset += origin ? 1.0 / LINES : pow((line.intercept - 1.5) / line.intercept_error, 2) / LINES;
            chi2 += line.chi2 / (double)line.degrees / LINES;
        }
        assert_near(sqrt(square), 1, 0.14);
        assert_near(sqrt(offset), 1, 0.14);
        assert_near(chi2, 1, 0.14); /* known to sqrt(2/4/400) = 0.035 */
    }
}

/* Pearson's data with York's weights: slope -0.4805 and intercept 5.4799 (York et al. 2004, table II); their errors and
 * chi2 as other programs give them (the R package bfsl: 0.0579850, 0.2949707, and 1.48329 a degree). */
static void published_line_is_reproduced(void **state)
{
    (void)state;
    vtr_error err;
    const double x[] = {0, 0.9, 1.8, 2.6, 3.3, 4.4, 5.2, 6.1, 6.5, 7.4};
    const double y[] = {5.9, 5.4, 4.4, 4.6, 3.5, 3.7, 2.8, 2.8, 2.4, 1.5};
    const double wx[] = {1000, 1000, 500, 800, 200, 80, 60, 20, 1.8, 1};
    const double wy[] = {1, 1.8, 4, 8, 20, 20, 70, 70, 100, 500};
    double dx[10], dy[10];
    for (int i = 0; i < 10; i++) {
        dx[i] = 1 / sqrt(wx[i]);
        dy[i] = 1 / sqrt(wy[i]);
    }
    vtr_scratch_line line;
    assert_ok(vtr_scratch_fit_line(&line, x, dx, y, dy, 10, false, &err));
    assert_near(line.slope, -0.480533407, 1e-8);
    assert_near(line.intercept, 5.47991022, 1e-7);
    assert_near(line.chi2, 11.8663532, 1e-6);
    assert_near(line.slope_error, 0.0579850, 1e-6);
    assert_near(line.intercept_error, 0.2949707, 1e-6);
}

/* --- files -------------------------------------------------------------------------------------------------- */

typedef struct state_of_glass {
    const char *name;
    double friction, hardness_gpa, wear; /* wear in um^3/(N mm) */
} state_of_glass;

/* The three states of the dissertation. */
static const state_of_glass states[] = {
    {"deformed", 0.26, 2.4, 15000}, {"as cast", 0.21, 3.3, 11000}, {"annealed", 0.19, 3.8, 7500}};

static void write_text(const char *name, const char *text)
{
    FILE *file = fopen(test_folder_path(name), "wb");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* A curve in newtons and millimetres, so that a unit that is passed over shows as a factor of a thousand. */
static void write_curve(const char *name, const recipe *r, double load, uint64_t seed)
{
    vtr_scratch_curve curve = make(r, load, seed);
    FILE *file = fopen(test_folder_path(name), "wb");
    assert_non_null(file);
    fprintf(file, "# tribometer\nDistance (mm);Normal load (N);Lateral force (mN)\n");
    for (size_t i = 0; i < N; i++)
        fprintf(file, "%.9g;%.9g;%.9g\n", 1e-3 * curve.distance_um[i], 1e-3 * curve.load_mn[i],
                curve.lateral_mn[i]);
    fclose(file);
    discard(&curve);
}

static void write_tracks(uint64_t seed)
{
    vtr_random random;
    vtr_random_start(&random, seed, 1);
    FILE *file = fopen(test_folder_path("tracks.csv"), "wb");
    assert_non_null(file);
    fprintf(file, "file,state,width (um),width error (nm),\"wear section (µm²)\",wear_section_error_um2\n");
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < N_LOADS; i++) {
            char name[64];
            snprintf(name, sizeof name, "curve_%zu_%zu.txt", k, i);
            const recipe r = {.friction = states[k].friction,
                              .excess = 0.3,
                              .noise_mn = 0.2,
                              .slip_mn = 0.8,
                              .slip_um = 5,
                              .zero_mn = 2,
                              .drift_mn_per_um = 0.003,
                              .has_ends = true};
            write_curve(name, &r, loads_mn[i], 1000 * seed + 10 * k + i);
            double width = sqrt(8 * loads_mn[i] / (pi * states[k].hardness_gpa));
            double section = 1e-6 * states[k].wear * loads_mn[i]; /* um^2 */
            fprintf(file, "%s,%s,%.9g,%.9g,%.9g,%.9g\n", name, states[k].name,
                    width * (1 + 0.02 * vtr_random_normal(&random)), 20 * width,
                    section * (1 + 0.04 * vtr_random_normal(&random)), 0.04 * section);
        }
    fclose(file);
}

static double pull(const vtr_scratch_line *line, double truth)
{
    return (line->slope - truth) / line->slope_error;
}

/* Ten data sets of the dissertation's three states: 30 pulls a quantity, their root mean square to 0.13. */
static void dissertation_values_come_back(void **state)
{
    (void)state;
    vtr_error err;
    double square[3] = {0, 0, 0};
    enum { SETS = 10 };
    for (uint64_t seed = 1; seed <= SETS; seed++) {
        vtr_scratch_tests s = {0};
        write_tracks(seed);
        assert_ok(vtr_scratch_tests_read(&s, test_folder_path("tracks.csv"), NULL, &err));
        assert_int_equal(s.n_tracks, 15);
        assert_int_equal(s.n_materials, 3);
        for (size_t k = 0; k < 3; k++) {
            const vtr_scratch_material *m = &s.materials[k];
            assert_string_equal(m->name, states[k].name);
            /* five tracks with 4 % each in area and section: 2 % */
            assert_near(m->friction[0].slope / states[k].friction, 1, 0.01);
            assert_near(m->hardness[0].slope / states[k].hardness_gpa, 1, 0.08);
            assert_near(m->wear[0].slope / states[k].wear, 1, 0.08);
            square[0] += pow(pull(&m->friction[0], states[k].friction), 2) / (3 * SETS);
            square[1] += pow(pull(&m->hardness[0], states[k].hardness_gpa), 2) / (3 * SETS);
            square[2] += pow(pull(&m->wear[0], states[k].wear), 2) / (3 * SETS);
            assert_true(fabs(pull(&m->friction[1], states[k].friction)) < 5);
            assert_true(fabs(m->friction[1].intercept) < 5 * m->friction[1].intercept_error);
        }
        vtr_scratch_tests_release(&s);
    }
    for (int i = 0; i < 3; i++) {
        print_message("root mean square pull %d: %.3f\n", i, sqrt(square[i]));
        assert_near(sqrt(square[i]), 1, 0.4);
    }
}

/* --- what is refused ---------------------------------------------------------------------------------------- */

static void refused(const char *tracks, vtr_status status, const char *part)
{
    vtr_error err;
    vtr_scratch_tests s = {0};
    write_text("bad.csv", tracks);
    assert_fails(vtr_scratch_tests_read(&s, test_folder_path("bad.csv"), NULL, &err), status, part);
    assert_null(s.tracks);
}

static void bad_tables_are_refused(void **state)
{
    (void)state;
    const recipe r = {.friction = 0.2, .noise_mn = 0.1};
    write_curve("a.txt", &r, 50, 1);
    write_curve("negative.txt", &r, -50, 1);
    write_text("none.txt", "");
    write_text("no_force.txt", "distance (um),load (mN)\n1,2\n");
    write_text("no_unit.txt", "distance (um),load,lateral force (mN)\n1,2,3\n");
    write_text("word.txt", "distance (um),load (mN),lateral force (mN)\n1,2,3\n2,two,3\n");
    write_text("long.txt", "distance (um),load (mN),lateral force (mN)\n1,2,3\n2,2,3,4\n");
    write_text("short.txt", "distance (um),load (mN),lateral force (mN)\n1,2,3\n2,2,3\n");
    write_text("time.txt", "time (s),load (mN),lateral force (mN)\n1,2,3\n");
    refused("", VTR_ERR_NO_DATA, "is empty");
    refused("name,width (um)\na.txt,2\n", VTR_ERR_FORMAT, "no header with a column 'file'");
    refused("file,area (um2)\na.txt,2\n", VTR_ERR_FORMAT, "no column 'width'");
    refused("file,width\na.txt,2\n", VTR_ERR_FORMAT, "has no unit");
    refused("file,width (mN)\na.txt,2\n", VTR_ERR_FORMAT, "'mN' is no unit of it");
    refused("file,width (um)\n", VTR_ERR_NO_DATA, "no rows");
    refused("file,width (um)\na.txt,wide\n", VTR_ERR_FORMAT, "line 2");
    refused("file,width (um)\na.txt,-2\n", VTR_ERR_RANGE, "below zero");
    refused("file,width (um)\na.txt,2\na.txt,3\n", VTR_ERR_NO_DATA, "one load, 50 mN");
    refused("file,width (um)\nmissing.txt,2\n", VTR_ERR_NOT_FOUND, "missing.txt");
    refused("file,width (um)\nnegative.txt,2\n", VTR_ERR_RANGE, "negative");
    refused("file,width (um)\nnone.txt,2\n", VTR_ERR_NO_DATA, "is empty");
    refused("file,width (um)\nno_force.txt,2\n", VTR_ERR_FORMAT, "no column 'lateral_force'");
    refused("file,width (um)\nno_unit.txt,2\n", VTR_ERR_FORMAT, "--force-unit");
    refused("file,width (um)\nword.txt,2\n", VTR_ERR_FORMAT, "line 3");
    refused("file,width (um)\nlong.txt,2\n", VTR_ERR_FORMAT, "has 4 fields, its header 3");
    refused("file,width (um)\nshort.txt,2\n", VTR_ERR_NO_DATA, "samples under load");
    refused("file,width (um)\ntime.txt,2\n", VTR_ERR_ARGUMENT, "--speed");
}

/* Blanks, tabs with decimal commas, commas; units in brackets, behind the name, and by parameters. */
static void tables_of_all_sorts_are_read(void **state)
{
    (void)state;
    vtr_error err;
    const recipe r = {.friction = 0.2};
    static const char *const headers[4] = {"time_ms load_N friction_force_mN\n", "Distance\tLoad\tFx\n",
                                           "x [nm],\"Normal force (µN)\",lateral force (uN)\n",
                                           "# t (s)  FN (N)  FT (N)\n"};
    static const char *const rows[4] = {"%.9g %.9g %.9g\n", "%.9g\t%.9g\t%.9g\n", "%.9g,%.9g,%.9g\n",
                                        "%.9g  %.9g  %.9g\n"};
    /* at 10 um/s; lengths without unit in mm, forces in N */
    const double factors[4][3] = {{100, 1e-3, 1}, {1e-3, 1e-3, 1e-3}, {1e3, 1e3, 1e3}, {0.1, 1e-3, 1e-3}};
    FILE *table = fopen(test_folder_path("sorts.csv"), "wb");
    fprintf(table, "file\twidth\n");
    for (int k = 0; k < 4; k++) {
        char name[32];
        snprintf(name, sizeof name, "sort_%d.txt", k);
        vtr_scratch_curve curve = make(&r, loads_mn[k], 1);
        FILE *file = fopen(test_folder_path(name), "wb");
        fputs(headers[k], file);
        for (size_t i = 0; i < N; i++) {
            char line[128];
            snprintf(line, sizeof line, rows[k], factors[k][0] * curve.distance_um[i],
                     factors[k][1] * curve.load_mn[i], factors[k][2] * curve.lateral_mn[i]);
            for (char *c = line; k == 1 && *c != '\0'; c++)
                if (*c == '.') *c = ',';
            fputs(line, file);
        }
        fclose(file);
        discard(&curve);
        fprintf(table, "%s\t0,%03d\n", name, k + 3);
    }
    fclose(table);
    vtr_scratch_params params = vtr_scratch_default_params();
    params.speed_um_per_s = 10;
    params.force_unit = 1;
    params.length_unit = 2;
    vtr_scratch_tests s = {0};
    assert_ok(vtr_scratch_tests_read(&s, test_folder_path("sorts.csv"), &params, &err));
    for (int k = 0; k < 4; k++) {
        assert_near(s.tracks[k].width_um, k + 3, 1e-9);
        assert_near(s.tracks[k].friction.load_mn, loads_mn[k], 0.01);
        assert_near(s.tracks[k].friction.kinetic_coefficient, 0.2, 0.001);
        assert_near(s.tracks[k].curve.distance_um[N - 1], 0.2 * (N - 1), 1e-6);
    }
    assert_int_equal(s.materials[0].wear[0].n, 0);
    assert_true(s.materials[0].hardness[0].from_scatter);
    vtr_scratch_tests_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(friction_errors_are_error_bars),
        cmocka_unit_test(regions_are_found),
        cmocka_unit_test(stick_slip_is_found_where_it_is),
        cmocka_unit_test(bow_is_no_stick_slip),
        cmocka_unit_test(lines_have_true_errors),
        cmocka_unit_test(published_line_is_reproduced),
        cmocka_unit_test_setup_teardown(dissertation_values_come_back, test_folder_setup,
                                        test_folder_teardown),
        cmocka_unit_test_setup_teardown(bad_tables_are_refused, test_folder_setup, test_folder_teardown),
        cmocka_unit_test_setup_teardown(tables_of_all_sorts_are_read, test_folder_setup,
                                        test_folder_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
