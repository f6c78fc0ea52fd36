/* SPDX-License-Identifier: GPL-3.0-or-later */
/* V(k) of atomic models: against FEMSIM's published result, and where it can be told without a computer. */
#include <math.h>

#include "allocation.h"
#include "base/base_internal.h"
#include "support.h"
#include "vitrail/fluctuation.h"

static vtr_error err;

static const char model_file[] = "rings/fem/femsim_reference_model.xyz";

/* Zr50Cu35Al15 after hybrid reverse Monte Carlo, 1250 atoms, and what the FEMSIM program made of it; the measured V(k) that the model was
 * refined against, of a foil whose thickness scales it. */
static void femsim(void **state)
{
    (void)state;
    const char *files[] = {"rings/fem/femsim_reference_Vk.txt", "rings/fem/fem_exp_Zr50Cu35Al15_t3.txt"};
    const char *model_path = test_data_path(model_file);
    vtr_structure model;
    if (model_path == NULL || test_data_path(files[0]) == NULL || test_data_path(files[1]) == NULL) skip();
    assert_ok(vtr_structure_read(&model, model_path, NULL, &err));
    for (size_t f = 0; f < 2; f++) {
        vtr_fluctuation_table table;
        vtr_fluctuation_agreement a;
        size_t n_patterns;
        assert_ok(vtr_fluctuation_table_read(&table, test_data_path(files[f]), &err));
        double *v = vtr_calloc(table.n, sizeof *v);
        assert_non_null(v);
        assert_ok(vtr_fluctuation_of_model(v, NULL, &n_patterns, &model, table.n, table.k_inv_angstrom, NULL,
                                           0, &err));
        assert_ok(vtr_fluctuation_compare(&a, &table, table.n, table.k_inv_angstrom, v, &err));
        print_message("%s: %zu patterns, R %.4f, scaled by %.4f %.4f\n", files[f], n_patterns, a.r_factor,
                      a.scale, a.r_scaled);
        assert_int_equal(a.n, table.n);
        assert_int_equal(n_patterns, 211);
        assert_true(a.r_scaled < 0.05);
        assert_true(f > 0 || a.r_factor < 0.03);
        vtr_free(v);
        vtr_fluctuation_table_release(&table);
    }
    vtr_structure_release(&model);
}

/* A box with a few atoms of one element. */
static vtr_structure make_model(size_t n, const double (*places)[3], double side)
{
    vtr_structure s = {.n = n,
                       .number = vtr_calloc(n, sizeof *s.number),
                       .position = vtr_calloc(n, sizeof *s.position),
                       .is_periodic = true,
                       .cell = {{side, 0, 0}, {0, side, 0}, {0, 0, side}},
                       .composition = {.n = 1, .number = {29}, .fraction = {1}}};
    assert_true(s.number != NULL && s.position != NULL);
    for (size_t i = 0; i < n; i++) {
        s.number[i] = 29;
        for (int k = 0; k < 3; k++)
            s.position[i][k] = places[i][k];
    }
    return s;
}

/* One atom in the middle: from everywhere A = 1, I = f^2, V = 0. Two atoms about the middle, at rest along the beam's axis
 * x when theta turns about x: I = 2 f^2 A(d/2)^2 (1 + J0(2 pi k d)) for psi = 0. */
static void few_atoms(void **state)
{
    (void)state;
    const double k[] = {0.2, 0.4, 0.7}, one[][3] = {{0, 0, 0}}, d = 3.1,
                 two[][3] = {{-d / 2, 0, 0}, {d / 2, 0, 0}};
    vtr_fluctuation_model_params params = vtr_fluctuation_model_default_params();
    double v[3], mean[3];
    size_t n;
    vtr_structure s = make_model(1, one, 30);
    assert_ok(vtr_fluctuation_of_model(v, mean, &n, &s, 3, k, &params, 0, &err));
    for (int i = 0; i < 3; i++) {
        double f = vtr_electron_factor_from(VTR_ELECTRON_KIRKLAND, 29, k[i]);
        assert_near(v[i], 0, 1e-12);
        assert_near(mean[i], f * f, 1e-4 * f * f);
    }
    vtr_structure_release(&s);
    s = make_model(2, two, 30);
    params.n_psi = 4; /* psi 0, and a quarter turn with one theta in the middle: seen end on */
    params.n_theta = 3;
    assert_ok(vtr_fluctuation_of_model(v, mean, &n, &s, 3, k, &params, 0, &err));
    assert_int_equal(n, 2);
    for (int i = 0; i < 3; i++) {
        double f = vtr_electron_factor_from(VTR_ELECTRON_KIRKLAND, 29, k[i]);
        double x = 3.14159265358979 * params.resolution_inv_angstrom * d; /* J1(x) and J0 by their series */
        double airy = 1 - x * x / 8 + x * x * x * x / 192, y = 3.14159265358979 * k[i] * d, term = 1, j = 1;
        for (int m = 1; m < 40; m++) {
            term *= -y * y / m / m;
            j += term;
        }
        double across = 2 * f * f * airy * airy * (1 + j), along = 4 * f * f;
        assert_near(mean[i], (across + along) / 2, 2e-3 * mean[i]);
        assert_near(v[i], pow((across - along) / (across + along), 2), 4e-3 * v[i] + 1e-9);
    }
    vtr_structure_release(&s);
}

/* Another origin of the coordinates by whole boxes, and another number of threads, change nothing. */
static void invariances(void **state)
{
    (void)state;
    enum { N = 300 };
    double places[N][3], k[] = {0.25, 0.42, 0.7}, a[3], b[3];
    vtr_random random;
    vtr_random_start(&random, 3, 1);
    for (size_t i = 0; i < N; i++)
        for (int j = 0; j < 3; j++)
            places[i][j] = 16 * (vtr_random_uniform(&random) - 0.5);
    vtr_fluctuation_model_params params = vtr_fluctuation_model_default_params();
    params.resolution_inv_angstrom = 0.11; /* squares of 7.8 Å, four of them */
    params.n_psi = 12;
    params.n_theta = 8;
    size_t n, more;
    vtr_structure s = make_model(N, (const double(*)[3])places, 16);
    assert_ok(vtr_fluctuation_of_model(a, NULL, &n, &s, 3, k, &params, 1, &err));
    for (size_t i = 0; i < N; i++)
        s.position[i][i % 3] += 16 * ((double)(i % 5) - 2);
    assert_ok(vtr_fluctuation_of_model(b, NULL, &more, &s, 3, k, &params, 2, &err));
    assert_int_equal(n, 4 * 17);
    assert_int_equal(n, more);
    for (int i = 0; i < 3; i++) {
        assert_near(a[i], b[i], 1e-6 * a[i]); /* rounding moves a pair to the next bin */
        assert_true(a[i] > 0.02);
    }
    s.cell[0][1] = 0.5;
    assert_fails(vtr_fluctuation_of_model(a, NULL, &n, &s, 3, k, &params, 1, &err), VTR_ERR_ARGUMENT,
                 "rectangular");
    s.cell[0][1] = 0;
    assert_fails(vtr_fluctuation_of_model(a, NULL, &n, &s, 3, k, NULL, 1, &err), VTR_ERR_RANGE,
                 "--resolution");
    k[1] = 20;
    assert_fails(vtr_fluctuation_of_model(a, NULL, &n, &s, 3, k, &params, 1, &err), VTR_ERR_RANGE, "k = 20");
    vtr_structure_release(&s);
}

static vtr_status scenario(void *context, vtr_error *error)
{
    const double k[] = {0.3, 0.4};
    double v[2];
    return vtr_fluctuation_of_model(v, NULL, NULL, context, 2, k, NULL, 1, error);
}

static void memory_is_short(void **state)
{
    (void)state;
    const double one[][3] = {{0, 0, 0}};
    vtr_structure s = make_model(1, one, 30);
    test_every_allocation_fails(scenario, &s);
    vtr_structure_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(femsim), cmocka_unit_test(few_atoms),
                                       cmocka_unit_test(invariances), cmocka_unit_test(memory_is_short)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
