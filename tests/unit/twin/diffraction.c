/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <complex.h>
#include <math.h>
#include <string.h>

#include "support.h"
#include "twin/diffraction_internal.h"
#include "vitrail/constants.h"

/* A gas of two elements in a box of 20 Å. */
static void make_gas(vtr_atoms *atoms, size_t n)
{
    *atoms = (vtr_atoms){.n = n, .box = {20, 20, 20}};
    atoms->number = vtr_malloc(n, sizeof *atoms->number);
    atoms->position = vtr_malloc(n, sizeof *atoms->position);
    vtr_random random;
    vtr_random_start(&random, 4, 4);
    for (size_t i = 0; i < n; i++) {
        atoms->number[i] = i % 3 == 0 ? 40 : 29;
        for (int j = 0; j < 3; j++)
            atoms->position[i][j] = 20 * vtr_random_uniform(&random);
    }
    atoms->composition = (vtr_composition){.n = 2, .number = {40, 29}, .fraction = {1.0 / 3, 2.0 / 3}};
}

/* The sum over atoms written out. Overall phases that all atoms share do not matter. */
static double direct_intensity(const vtr_diffraction *plan, const vtr_column_atom *atoms, const size_t *piece,
                               size_t n_atoms, double mx, double my)
{
    double complex sum = 0;
    double k = plan->params.k_step * hypot(mx, my);
    for (size_t i = 0; i < n_atoms; i++) {
        size_t slab = atoms[i].batch / 2 + piece[i] * plan->slabs_a_piece;
        double phase = -2 * VTR_PI * (mx * (double)atoms[i].x + my * (double)atoms[i].y) -
                       VTR_PI * plan->wavelength * k * k * plan->slab * (double)slab;
        double f = vtr_electron_factor(plan->atoms->composition.number[atoms[i].batch % 2], k);
        sum += f * (double)atoms[i].weight * cexp(I * phase);
    }
    return creal(sum) * creal(sum) + cimag(sum) * cimag(sum);
}

static void pattern_is_the_sum_over_atoms(void **state)
{
    (void)state;
    enum { N = 32 };
    vtr_error err;
    vtr_atoms gas;
    make_gas(&gas, 400);
    vtr_diffraction_params params = vtr_diffraction_default_params();
    params.n_px = N;
    params.k_step = 0.06;
    params.probe_fwhm_nm = 0.9;
    params.thickness_nm = 4.7;
    params.slab_nm = 0.5;
    vtr_diffraction *plan = NULL;
    vtr_diffraction_scratch *scratch = NULL;
    assert_ok(vtr_diffraction_open(&plan, &gas, &params, &err));
    assert_ok(vtr_diffraction_scratch_new(&scratch, plan, &err));
    const double strain[3] = {0.03, -0.01, 0.02};
    static float intensity[N * N];
    double n_atoms;
    assert_ok(vtr_diffraction_intensity(plan, 8, strain, scratch, intensity, &n_atoms, &err));

    /* the same column, piece by piece */
    size_t total = 0, most = plan->most_atoms * plan->n_pieces;
    vtr_column_atom *atoms = vtr_malloc(most, sizeof *atoms);
    size_t *piece = vtr_malloc(most, sizeof *piece);
    vtr_random random;
    vtr_random_start(&random, params.seed, 8);
    double sum = 0;
    for (size_t p = 0; p < plan->n_pieces; p++) {
        size_t n;
        assert_ok(vtr_column_collect(plan, &random, strain, atoms + total, &n, &sum, &err));
        for (size_t i = 0; i < n; i++)
            piece[total + i] = p;
        total += n;
    }
    assert_near(sum, n_atoms, 1e-9);
    assert_true(total > 500);
    double scale = 0, worst = 0;
    for (size_t y = 0; y < N; y++)
        for (size_t x = 0; x < N; x++) {
            double direct = direct_intensity(plan, atoms, piece, total, (double)x - N / 2, (double)y - N / 2);
            double difference = fabs((double)intensity[y * N + x] - direct);
            if (hypot((double)x - N / 2, (double)y - N / 2) > 2) {
                scale = fmax(scale, direct);
                worst = fmax(worst, difference);
            }
        }
    assert_near(worst / scale, 0, 5e-5);
    vtr_free(atoms);
    vtr_free(piece);
    vtr_diffraction_scratch_free(&scratch);
    vtr_diffraction_close(&plan);
    vtr_atoms_release(&gas);
}

/* The number of atoms weighted by P^2 is density times thickness times the integral of P^2. */
static void columns_hold_the_density_of_the_model(void **state)
{
    (void)state;
    vtr_error err;
    vtr_atoms gas;
    make_gas(&gas, 400);
    vtr_diffraction_params params = vtr_diffraction_default_params();
    params.n_px = 8;
    params.probe_fwhm_nm = 1.5;
    params.thickness_nm = 6;
    vtr_diffraction *plan = NULL;
    vtr_diffraction_scratch *scratch = NULL;
    assert_ok(vtr_diffraction_open(&plan, &gas, &params, &err));
    assert_ok(vtr_diffraction_scratch_new(&scratch, plan, &err));
    float intensity[64];
    double sum = 0, expected = 400.0 / 8000 * 60 * VTR_PI * 15 * 15 / (4 * log(2));
    for (uint64_t i = 0; i < 40; i++) {
        double n;
        assert_ok(vtr_diffraction_intensity(plan, i, NULL, scratch, intensity, &n, &err));
        sum += n / 40;
    }
    assert_near(sum / expected, 1, 0.02);
    vtr_diffraction_scratch_free(&scratch);
    vtr_diffraction_close(&plan);
    vtr_atoms_release(&gas);
}

static void wrong_parameters_are_named(void **state)
{
    (void)state;
    vtr_error err;
    vtr_atoms gas;
    make_gas(&gas, 100);
    vtr_diffraction *plan = NULL;
    vtr_diffraction_params params = vtr_diffraction_default_params();
    params.n_px = 33;
    assert_fails(vtr_diffraction_open(&plan, &gas, &params, &err), VTR_ERR_RANGE, "33 px");
    params = vtr_diffraction_default_params();
    params.thickness_nm = -2;
    assert_fails(vtr_diffraction_open(&plan, &gas, &params, &err), VTR_ERR_RANGE, "positive");
    assert_null(plan);
    for (long n = 0; n < 40; n++) {
        vtr_memory_fail_after(n);
        vtr_status status = vtr_diffraction_open(&plan, &gas, NULL, &err);
        vtr_memory_fail_after(-1);
        if (status == VTR_OK) break;
        assert_int_equal(status, VTR_ERR_MEMORY);
    }
    assert_non_null(plan);
    vtr_diffraction_close(&plan);
    vtr_atoms_release(&gas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pattern_is_the_sum_over_atoms),
        cmocka_unit_test(columns_hold_the_density_of_the_model),
        cmocka_unit_test(wrong_parameters_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
