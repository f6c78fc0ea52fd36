/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Differences of regions' PDFs as statistics: over many simulated cubes whose positions resemble their neighbours. */
#include "vitrail/pdf_compare.h"

#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "pdf/region_distribution.h"
#include "region_scene.h"

static vtr_error err;
static region_scene scene;

static int set_up(void **state)
{
    (void)state;
    region_scene_start(&scene);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    region_scene_end(&scene);
    return 0;
}

static vtr_pdf_compare compare(size_t n)
{
    vtr_pdf_compare out;
    assert_ok(vtr_pdf_compare_compute(&out, &scene.input, scene.regions, n, NULL, NULL, &err));
    return out;
}

/* --- distributions ------------------------------------------------------------------------------------------ */

static void tails_are_those_of_tables(void **state)
{
    (void)state;
    /* F(1, 1) and t(2) in closed form, chi^2 of 2 as the limit of F, and the 5 % points that any table has */
    const double one[2] = {1, 1}, wide[2] = {2, 1e7}, table[2] = {5, 10};
    assert_near(pdf_f_above(3, one), 1 - 2 / 3.14159265358979 * atan(sqrt(3)), 1e-12);
    assert_near(pdf_t_beyond(1.5, 2), 1 - 1.5 / sqrt(2 + 1.5 * 1.5), 1e-12);
    assert_near(pdf_f_above(4, wide), exp(-4), 1e-6);
    assert_near(pdf_f_above(3.3258, table), 0.05, 1e-5);
    assert_near(pdf_t_beyond(2.2281, 10), 0.05, 1e-5);
    assert_near(pdf_f_above(0, table), 1, 0);
    assert_true(pdf_t_beyond(40, 1e6) < 1e-300 || pdf_t_beyond(40, 1e6) < 1e-200);
    assert_true(isnan(pdf_f_above(NAN, table)));
}

static void holm_steps_down(void **state)
{
    (void)state;
    const double p[5] = {0.01, NAN, 0.04, 0.03, 0.005}, expected[5] = {0.03, NAN, 0.06, 0.06, 0.02};
    double corrected[5];
    pdf_holm(corrected, p, 5);
    for (int i = 0; i < 5; i++)
        if (i == 1)
            assert_true(isnan(corrected[i]));
        else
            assert_near(corrected[i], expected[i], 1e-15);
}

/* --- over many cubes ---------------------------------------------------------------------------------------- */

enum { N_CUBES = 120 };
typedef struct tally {
    double p_whole[3][N_CUBES], p_value[3][VTR_PDF_COMPARED][N_CUBES];
    double square[3], variance[3], uncorrelated[3]; /* of the difference, mean over r and the cubes */
    size_t n_anywhere[3];                           /* differences that are significant somewhere at 5 % */
} tally;

static void add_cube(tally *t, size_t cube, const vtr_pdf_compare *c)
{
    for (size_t i = 0; i < 3; i++) {
        const vtr_pdf_compare_pair *pair = &c->pairs[i];
        double least = 1;
        t->p_whole[i][cube] = pair->p_whole;
        for (size_t v = 0; v < VTR_PDF_COMPARED; v++)
            t->p_value[i][v][cube] = pair->p_value[v];
        for (size_t j = 20; j < 100; j++) {
            double a = c->regions[pair->a].G_error_uncorrelated[j],
                   b = c->regions[pair->b].G_error_uncorrelated[j];
            t->square[i] += pair->difference[j] * pair->difference[j];
            t->variance[i] += pair->error[j] * pair->error[j];
            t->uncorrelated[i] += a * a + b * b;
            least = fmin(least, pair->p[j]);
        }
        t->n_anywhere[i] += least < 0.05;
    }
}

static tally *run_cubes(uint64_t seed)
{
    tally *t = test_calloc(1, sizeof *t);
    for (size_t cube = 0; cube < N_CUBES; cube++) {
        region_scene_draw(&scene, seed + cube);
        vtr_pdf_compare c = compare(3);
        add_cube(t, cube, &c);
        vtr_pdf_compare_release(&c);
    }
    return t;
}

/* Nothing differs: all p are uniform, so the least of 27 probabilities of uniformity is above 0.1 % in 97 of 100 studies. Of
 * 120 cubes 6 are significant at 5 %; the level that is reached is 8.5 % in the
 * mean (docs/methods/region-differences.md), 10.2, which two deviations take to 17. */
static void check_null(tally *t)
{
    for (size_t i = 0; i < 3; i++) {
        size_t n = 0;
        for (size_t c = 0; c < N_CUBES; c++)
            n += t->p_whole[i][c] < 0.05;
        print_message("pair %zu: %zu significant, variance of errors over true %.3f, naive %.3f\n", i, n,
                      t->variance[i] / t->square[i], t->uncorrelated[i] / t->square[i]);
        assert_true(n <= 17);
        assert_true(uniform_probability(t->p_whole[i], N_CUBES) > 1e-3);
        for (size_t v = 0; v < VTR_PDF_COMPARED; v++)
            assert_true(uniform_probability(t->p_value[i][v], N_CUBES) > 1e-3);
        /* 120 cubes with some 30 independent values each: 2 %; what the correlation's tail lacks: 5 % */
        assert_near(t->variance[i] / t->square[i], 1, 0.1);
        assert_true(t->n_anywhere[i] <= 13);
    }
}

static void p_is_uniform_where_positions_are_alike(void **state)
{
    (void)state;
    tally *t = run_cubes(1);
    check_null(t);
    for (size_t i = 0; i < 3; i++) /* what s/sqrt(n) would have said */
        assert_true(t->uncorrelated[i] < 0.3 * t->square[i]);
    test_free(t);
}

static void p_is_uniform_where_they_are_not(void **state)
{
    (void)state;
    scene.structure = 0;
    tally *t = run_cubes(2000);
    check_null(t);
    test_free(t);
}

/* A weak structure under much noise reaches far, in a region that is twice as uneven as the others. */
static void p_is_uniform_where_regions_are_unlike(void **state)
{
    (void)state;
    scene.structure = 0.3;
    scene.width = 2;
    scene.louder = 2;
    tally *t = run_cubes(4000);
    check_null(t);
    test_free(t);
}

/* --- power -------------------------------------------------------------------------------------------------- */

/* e^T (A A^T)^-1 e of the excess of F, A its transform to the elements: what unit noise of F lets be seen of it. */
static double visible_excess(void)
{
    enum { N_K = 35 };
    double A[N_K * REGION_Q], C[N_K * N_K], e[N_K] = {0}, z[N_K], sum = 0;
    for (size_t k = 0; k < N_K; k++) {
        double at = (1 + 3.14159265358979 / 12 * (double)k) / 0.1;
        size_t i = (size_t)at;
        for (size_t j = 0; j < REGION_Q; j++) {
            double low = region_scene_kernel(j, scene.r[i]), high = region_scene_kernel(j, scene.r[i + 1]);
            A[k * REGION_Q + j] = low + (at - (double)i) * (high - low);
            e[k] += A[k * REGION_Q + j] * region_scene_excess(j);
        }
    }
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, N_K, N_K, REGION_Q, 1, A, REGION_Q, A, REGION_Q, 0,
                C, N_K);
    memcpy(z, e, sizeof z);
    assert_int_equal(LAPACKE_dposv(LAPACK_ROW_MAJOR, 'L', N_K, 1, C, N_K, z, 1), 0);
    for (size_t k = 0; k < N_K; k++)
        sum += e[k] * z[k];
    return sum;
}

/* The power of an F test at 5 %, by drawing 40000 of it: known to 0.25 %. */
static double power(double noncentrality, const double dof[2])
{
    enum { N = 40000 };
    vtr_random random;
    size_t n = 0;
    vtr_random_start(&random, 1, 0);
    for (size_t i = 0; i < N; i++) {
        double moved = vtr_random_normal(&random) + sqrt(noncentrality);
        double above = moved * moved + 2 * vtr_random_gamma(&random, (dof[0] - 1) / 2);
        double below = 2 * vtr_random_gamma(&random, dof[1] / 2);
        n += pdf_f_above(above / dof[0] / (below / dof[1]), dof) < 0.05;
    }
    return (double)n / N;
}

/* Noise alone, so that the covariance is known: F of a region of n positions has variance 1/n at each Q. A noncentrality of
 * 26 is found in four of five by an F test with 35 and 35 x 34 degrees of freedom; of 120 cubes in 96 with a scatter of 4.4. The
 * covariance that is whitened with is estimated and regularised, which costs a little: four deviations below, three above. */
static void a_difference_is_found_as_often_as_theory_says(void **state)
{
    (void)state;
    scene.structure = 0;
    double n_a = 0, n_b = 0;
    for (size_t p = 0; p < REGION_N; p++) {
        n_a += scene.regions[0].member[p];
        n_b += scene.regions[2].member[p];
    }
    scene.excess = sqrt(26 / (visible_excess() / (1 / n_a + 1 / n_b)));
    tally *t = run_cubes(6000);
    size_t n = 0;
    for (size_t c = 0; c < N_CUBES; c++)
        n += t->p_whole[1][c] < 0.05;
    test_free(t);
    const double dof[2] = {35, 35 * 34};
    double expected = N_CUBES * power(26, dof);
    print_message("found in %zu of %d, expected in %.1f\n", n, N_CUBES, expected);
    assert_near(expected, 96, 3);
    assert_true((double)n > expected - 4 * 4.4 && (double)n < expected + 3 * 4.4);
}

/* --- invariances -------------------------------------------------------------------------------------------- */

static void swapped_regions_change_the_sign_alone(void **state)
{
    (void)state;
    scene.excess = 0.3;
    region_scene_draw(&scene, 5);
    vtr_pdf_compare there = compare(3);
    vtr_region first = scene.regions[0];
    scene.regions[0] = scene.regions[2];
    scene.regions[2] = first;
    vtr_pdf_compare back = compare(3);
    const vtr_pdf_compare_pair *a = &there.pairs[1], *b = &back.pairs[1];
    assert_near(a->p_whole, b->p_whole, 1e-9);
    assert_near(a->F, b->F, 1e-7 * a->F);
    for (size_t v = 0; v < VTR_PDF_COMPARED; v++) {
        assert_near(a->t[v], -b->t[v], 1e-6);
        assert_near(a->p_value[v], b->p_value[v], 1e-6);
    }
    for (size_t j = 10; j < 100; j++) {
        assert_near(a->difference[j], -b->difference[j], 1e-12);
        assert_near(a->error[j], b->error[j], 1e-9);
    }
    vtr_pdf_compare_release(&there);
    vtr_pdf_compare_release(&back);
}

/* G of ten times the size, as in other units: heights and errors too, everything else stays. */
static void the_unit_of_G_does_not_matter(void **state)
{
    (void)state;
    scene.input.density = NAN; /* on no line, which would be of another size */
    region_scene_draw(&scene, 7);
    vtr_pdf_compare one = compare(2);
    scene.scale = 10;
    region_scene_draw(&scene, 7);
    vtr_pdf_compare ten = compare(2);
    assert_near(one.pairs[0].F, ten.pairs[0].F, 1e-4);
    assert_near(one.pairs[0].p_whole, ten.pairs[0].p_whole, 1e-4);
    assert_int_equal(one.block, ten.block);
    for (size_t j = 10; j < 100; j++)
        assert_near(10 * one.pairs[0].error[j], ten.pairs[0].error[j], 1e-4);
    for (size_t v = 0; v < VTR_PDF_COMPARED; v++)
        if (!isnan(one.pairs[0].t[v])) assert_near(one.pairs[0].t[v], ten.pairs[0].t[v], 1e-3);
    assert_near(10 * one.pairs[0].value_difference[VTR_PDF_SHELL_HEIGHT],
                ten.pairs[0].value_difference[VTR_PDF_SHELL_HEIGHT], 1e-4);
    vtr_pdf_compare_release(&one);
    vtr_pdf_compare_release(&ten);
}

static void positions_without_a_PDF_are_in_no_region(void **state)
{
    (void)state;
    region_scene_draw(&scene, 9);
    for (size_t p = 0; p < REGION_N; p += 5) { /* marked by one value, and taken out of the regions */
        scene.G[p * REGION_R + 50] = NAN;
    }
    vtr_pdf_compare marked = compare(3);
    for (size_t p = 0; p < REGION_N; p += 5)
        for (int g = 0; g < 3; g++)
            scene.regions[g].member[p] = 0;
    vtr_pdf_compare out = compare(3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(marked.regions[i].n, out.regions[i].n);
        assert_true(marked.pairs[i].p_whole == out.pairs[i].p_whole);
        assert_true(marked.pairs[i].error[50] == out.pairs[i].error[50] && isfinite(out.pairs[i].error[50]));
    }
    vtr_pdf_compare_release(&marked);
    vtr_pdf_compare_release(&out);
}

static void errors_hold_beside_overlaps(void **state)
{
    (void)state;
    region_scene_draw(&scene, 11);
    vtr_pdf_compare apart = compare(2);
    memset(scene.regions[1].member, 1, REGION_N); /* the whole scan */
    vtr_pdf_compare all = compare(2);
    assert_int_equal(all.regions[1].n, REGION_N);
    assert_true(isfinite(all.pairs[0].p_whole) && all.pairs[0].error[40] < apart.pairs[0].error[40]);
    vtr_pdf_compare_release(&apart);
    vtr_pdf_compare_release(&all);
}

/* --- refusals ----------------------------------------------------------------------------------------------- */

static void wrong_input_is_refused(void **state)
{
    (void)state;
    vtr_pdf_compare out;
    vtr_pdf_compare_params params = vtr_pdf_compare_default_params();
    region_scene_draw(&scene, 13);
    assert_fails(vtr_pdf_compare_compute(&out, &scene.input, scene.regions, 1, NULL, NULL, &err),
                 VTR_ERR_ARGUMENT, "needs two");
    params.range[0] = 2, params.range[1] = 30;
    assert_fails(vtr_pdf_compare_compute(&out, &scene.input, scene.regions, 2, &params, NULL, &err),
                 VTR_ERR_ARGUMENT, "from 2 to 30");
    scene.regions[1].n_x--;
    assert_fails(vtr_pdf_compare_compute(&out, &scene.input, scene.regions, 2, NULL, NULL, &err),
                 VTR_ERR_SHAPE, "'between' is 48 x 47");
    scene.regions[1].n_x++;
    strcpy(scene.regions[1].name, "inclusions");
    assert_fails(vtr_pdf_compare_compute(&out, &scene.input, scene.regions, 2, NULL, NULL, &err),
                 VTR_ERR_ARGUMENT, "two regions are named");
    strcpy(scene.regions[1].name, "between");
    memset(scene.regions[1].member, 0, REGION_N);
    memset(scene.regions[1].member, 1, 3);
    assert_fails(vtr_pdf_compare_compute(&out, &scene.input, scene.regions, 2, NULL, NULL, &err),
                 VTR_ERR_NO_DATA, "'between' has 3 positions");
    memset(scene.regions[1].member, 1, 12); /* a row, of which neighbours are alike */
    assert_fails(vtr_pdf_compare_compute(&out, &scene.input, scene.regions, 2, NULL, NULL, &err),
                 VTR_ERR_NO_DATA, "too few independent ones");
    for (size_t i = 0; i < (size_t)REGION_N * REGION_R; i++)
        scene.G[i] = 1;
    assert_fails(vtr_pdf_compare_compute(&out, &scene.input, scene.regions, 2, NULL, NULL, &err),
                 VTR_ERR_NO_DATA, "same G");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tails_are_those_of_tables),
        cmocka_unit_test(holm_steps_down),
        TEST(p_is_uniform_where_positions_are_alike),
        TEST(p_is_uniform_where_they_are_not),
        TEST(p_is_uniform_where_regions_are_unlike),
        TEST(a_difference_is_found_as_often_as_theory_says),
        TEST(swapped_regions_change_the_sign_alone),
        TEST(the_unit_of_G_does_not_matter),
        TEST(positions_without_a_PDF_are_in_no_region),
        TEST(errors_hold_beside_overlaps),
        TEST(wrong_input_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
