/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "pdf_scene.h"
#include "support.h"
#include "vitrail/constants.h"

enum { MOST = 1024 };

/* A vector of doubles from a .npy file of version 1. */
static size_t read_npy(const char *relative, double *out)
{
    const char *path = test_data_path(relative);
    if (path == NULL) return 0;
    FILE *file = fopen(path, "rb");
    unsigned char head[10];
    assert_non_null(file);
    assert_int_equal(fread(head, 1, sizeof head, file), sizeof head);
    assert_int_equal(fseek(file, 10 + head[8] + 256 * head[9], SEEK_SET), 0);
    size_t n = fread(out, sizeof *out, MOST, file);
    fclose(file);
    return n;
}

/* Liquid gallium: the refined i(Q) that LiquidDiffract gives for its S(Q), 5 rounds, rcut 2.3 Å, density 0.048. It works
 * on steps of 0.077 Å with the last point weighted whole, we up to rcut: that is worth up to 0.01 in i, which spans
 * 2.6, where the refinement itself moves it by 0.24. */
static void gallium_agrees_with_published_refinement(void **state)
{
    (void)state;
    double s[MOST], reference[MOST], q[MOST], mean_f[MOST], atomic[MOST], incoherent[MOST], intensity[MOST],
        refined[MOST];
    vtr_error err;
    vtr_composition c;
    vtr_scatterer scatterer;
    vtr_scatterer_params params = {.radiation = VTR_RADIATION_XRAY};
    size_t n = read_npy("total-scattering/liquid_Ga/SQ_initial_Ga.npy", s);
    if (n == 0) skip();
    assert_int_equal(read_npy("total-scattering/liquid_Ga/iQ_refined_Ga.npy", reference), n);
    assert_ok(vtr_composition_parse(&c, "Ga", &err));
    assert_ok(vtr_scatterer_init(&scatterer, &c, &params, &err));
    n--; /* from Q = 0.02 on */
    memmove(s, s + 1, n * sizeof *s);
    memmove(reference, reference + 1, n * sizeof *reference);
    /* their S is normalised already: as an intensity of scale 1, with the integral that the method wants */
    for (size_t j = 0; j < n; j++) {
        q[j] = 0.02 * (double)(j + 1);
        vtr_scatterer_averages(&scatterer, q[j], &mean_f[j], NULL, &incoherent[j]);
        atomic[j] = mean_f[j] * mean_f[j] + incoherent[j];
        intensity[j] = mean_f[j] * mean_f[j] * s[j] + incoherent[j];
    }
    vtr_pdf_eggert_params how = {.iterations = 5, .rcut = 2.3, .density = 0.048};
    vtr_pdf_eggert_result result;
    assert_ok(vtr_pdf_eggert(&result, n, q, intensity, mean_f, atomic, incoherent, &how, refined, &err));
    assert_near(result.scale, 1, 1e-3); /* our integral, their Simpson's rule */
    double moved = 0, apart = 0;
    for (size_t j = 0; j < n; j++) {
        moved = fmax(moved, fabs(refined[j] - s[j]));
        apart = fmax(apart, fabs(refined[j] - 1 - reference[j]));
    }
    print_message("gallium: moved by %.3f, apart by %.4f, scale %.6f\n", moved, apart, result.scale);
    assert_true(moved > 0.2 && apart < 0.012);
}

/* Hard spheres with a scale that is not known and a density that is looked for. */
static void density_of_hard_spheres_is_found(void **state)
{
    (void)state;
    enum { N = 1000 };
    static double q[N], one[N], intensity[N], s[N];
    vtr_error err;
    double truth[N];
    for (int j = 0; j < N; j++) {
        q[j] = 0.02 * (j + 1);
        one[j] = 1;
        truth[j] =
            1 + hard_sphere_structure(q[j], SCENE_DENSITY, SCENE_DIAMETER) * exp(-pow(0.15 * q[j], 2) / 2);
        intensity[j] = 50 * (truth[j] + 0.02 * sin(0.6 * q[j])); /* an error that lies at 0.6 Å */
    }
    vtr_pdf_eggert_params how = {.iterations = 5, .rcut = 2.1, .density = 0.04, .refines_density = true};
    vtr_pdf_eggert_result result;
    assert_ok(vtr_pdf_eggert(&result, N, q, intensity, one, one, NULL, &how, s, &err));
    print_message("hard spheres: density %.5f, scale %.4f, chi^2 %.1e\n", result.density, result.scale,
                  result.chi_squared);
    assert_near(result.density / SCENE_DENSITY, 1, 0.03);
    assert_near(result.scale / 50, 1, 0.01);
    how.refines_density = false;
    how.density = SCENE_DENSITY;
    assert_ok(vtr_pdf_eggert(&result, N, q, intensity, one, one, NULL, &how, s, &err));
    double before = 0, after = 0;
    for (int j = 50; j < N; j++) {
        before += pow(intensity[j] / 50 - truth[j], 2);
        after += pow(s[j] - truth[j], 2);
    }
    print_message("of the error, %.3f is left\n", sqrt(after / before));
    assert_true(after < 0.1 * before);
    how.rcut = 0;
    assert_fails(vtr_pdf_eggert(&result, N, q, intensity, one, one, NULL, &how, s, &err), VTR_ERR_ARGUMENT,
                 "foot");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gallium_agrees_with_published_refinement),
        cmocka_unit_test(density_of_hard_spheres_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
