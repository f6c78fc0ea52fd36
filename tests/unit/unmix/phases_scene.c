/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "phases_scene.h"

#include <math.h>
#include <stdio.h>

#include "base/base_internal.h"
#include "vitrail/constants.h"
#include "vitrail/ring_map.h"

enum { N_K = 280 };
static vtr_error err;

static double k_of(size_t j)
{
    return 0.1 + 0.008 * (double)j;
}

/* F(Q) of three shells: place, area, width. */
static double structure(double q, const double shell[3][3])
{
    double sum = 0;
    for (int i = 0; i < 3; i++) {
        double x = shell[i][2] * q;
        sum += shell[i][1] * shell[i][2] * sqrt(2 * VTR_PI) * sin(q * shell[i][0]) * exp(-x * x / 2);
    }
    return sum;
}

static double share_of(size_t p)
{
    double y = (double)(p / SCENE_X), x = (double)(p % SCENE_X);
    double wave = 0.46 + 0.9 * sin(2 * VTR_PI * x / 13.7 + 0.4) * cos(2 * VTR_PI * y / 15.1);
    return wave < 0 ? 0 : wave > 1 ? 1 : wave;
}

static void fill(phases_scene *s, float *intensity, float *variance, double noise)
{
    static const double sharp[3][3] = {{2.45, 3.2, 0.17}, {4.1, 1.1, 0.3}, {6.6, 0.5, 0.4}};
    static const double broad[3][3] = {{2.6, 2.2, 0.27}, {4.35, 1.0, 0.36}, {6.9, 0.4, 0.4}};
    vtr_composition c;
    vtr_random random;
    assert_ok(vtr_composition_parse(&c, "Zr50Cu50", &err));
    vtr_random_start(&random, 11, 0);
    for (size_t p = 0; p < SCENE_N; p++) {
        s->share[p] = share_of(p);
        s->mean += s->share[p] / SCENE_N;
    }
    for (size_t j = 0; j < N_K; j++) {
        double f, f2, q = 2 * VTR_PI * k_of(j);
        vtr_electron_averages(&c, k_of(j), &f, &f2);
        double one = structure(q, sharp), two = structure(q, broad);
        for (size_t p = 0; p < SCENE_N; p++) {
            double mixed = s->share[p] * one + (1 - s->share[p]) * two;
            double value = 1000 * (f2 + f * f * mixed / q) + 3, spread = 600 * value / q;
            intensity[p * N_K + j] = (float)(value + noise * sqrt(spread) * vtr_random_normal(&random));
            variance[p * N_K + j] = (float)spread;
        }
    }
}

vtr_pdf_params phases_scene_pdf(void)
{
    vtr_pdf_params pdf = vtr_pdf_default_params();
    pdf.composition = "Zr50Cu50";
    pdf.rmax = 10;
    pdf.rstep = 0.04;
    pdf.qmax = 12.5;
    pdf.qmaxinst = 13.5;
    pdf.background_order = 2;
    return pdf;
}

static void add_pdfs(const phases_scene *s)
{
    vtr_mapfile *file = NULL;
    vtr_pdf_params pdf = phases_scene_pdf();
    vtr_pdf_cube_params cube = vtr_pdf_cube_default_params();
    cube.with_structure = true;
    assert_ok(vtr_mapfile_edit(&file, s->path, &err));
    assert_ok(vtr_pdf_cube(file, &pdf, &cube, 0, NULL, NULL, &err));
    assert_ok(vtr_mapfile_commit(&file, &err));
}

void phases_scene_make(phases_scene *s, const char *name, double noise)
{
    const size_t shape[3] = {SCENE_Y, SCENE_X, N_K};
    const double step[2] = {1.2, 1.2};
    float k[N_K], *intensity = test_malloc(sizeof(float) * SCENE_N * N_K),
                  *variance = test_malloc(sizeof(float) * SCENE_N * N_K);
    vtr_mapfile *file = NULL;
    *s = (phases_scene){0};
    snprintf(s->path, sizeof s->path, "%s", test_folder_path(name));
    fill(s, intensity, variance, noise);
    for (size_t j = 0; j < N_K; j++)
        k[j] = (float)k_of(j);
    assert_ok(vtr_mapfile_create(&file, s->path, true, &err));
    assert_ok(vtr_mapfile_group(file, "profile", &err));
    assert_ok(
        vtr_mapfile_write(file, "profile", "intensity", VTR_TYPE_F32, 3, shape, intensity, NULL, NULL, &err));
    assert_ok(
        vtr_mapfile_write(file, "profile", "variance", VTR_TYPE_F32, 3, shape, variance, NULL, NULL, &err));
    assert_ok(
        vtr_mapfile_write(file, "profile", "k", VTR_TYPE_F32, 1, shape + 2, k, "1/angstrom", NULL, &err));
    assert_ok(vtr_mapfile_write_scan_axes(file, "profile", SCENE_Y, SCENE_X, step, &err));
    assert_ok(vtr_mapfile_commit(&file, &err));
    add_pdfs(s);
    test_free(intensity);
    test_free(variance);
}

void phases_scene_set(const phases_scene *s, size_t p, float value)
{
    const size_t start[3] = {p / SCENE_X, p % SCENE_X, 0}, count[3] = {1, 1, N_K};
    float row[N_K];
    vtr_mapfile *file = NULL;
    for (size_t j = 0; j < N_K; j++)
        row[j] = value;
    assert_ok(vtr_mapfile_edit(&file, s->path, &err));
    assert_ok(
        vtr_mapfile_write_block(file, "profile", "intensity", VTR_TYPE_F32, 3, start, count, row, &err));
    assert_ok(vtr_mapfile_commit(&file, &err));
}
