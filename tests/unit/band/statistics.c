/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bound.h"
#include "scene.h"
#include "vitrail/constants.h"

/* Side of the square that a position averages over, in the scene and as the search is told; 0: points. */
static double probe_nm;

/* Those found at the truth's place, its fit in *found, and elsewhere. */
static void count(size_t *hits, size_t *others, vtr_inclusion *found, vtr_twin_inclusion *of, double strength,
                  uint64_t seed)
{
    scene s;
    vtr_error err;
    vtr_inclusions in;
    vtr_twin_inclusion truth;
    vtr_inclusions_params params = vtr_inclusions_default_params();
    params.radius_nm[0] = 10;
    params.radius_nm[1] = 20;
    params.probe_nm = probe_nm;
    assert_ok(scene_make_one_seen(&s, &truth, strength, probe_nm, seed, &err));
    assert_ok(vtr_inclusions_find(&in, &s.maps, &params, NULL, &err));
    *hits = *others = 0;
    *of = truth;
    for (size_t i = 0; i < in.n; i++) {
        const vtr_inclusion *q = &in.list[i];
        bool is_hit = strength > 0 && hypot(q->y_nm - truth.centre_y_nm, q->x_nm - truth.centre_x_nm) < 15;
        *hits += is_hit;
        *others += !is_hit;
        if (!is_hit) continue;
        *found = *q;
        /* kept as what they are off by, for the pulls */
        double twice = 2 * q->angle_degrees * VTR_RADIANS_PER_DEGREE,
               true_twice = 2 * truth.angle_degrees * VTR_RADIANS_PER_DEGREE;
        found->y_nm -= truth.centre_y_nm;
        found->x_nm -= truth.centre_x_nm;
        found->radius_nm -= truth.radius_nm;
        found->dilation -= truth.dilation;
        found->shear = q->shear * cos(twice) - truth.shear * cos(true_twice);
        found->angle_degrees = q->shear * sin(twice) - truth.shear * sin(true_twice);
    }
    vtr_inclusions_release(&in);
    scene_release(&s);
}

/* What 40 inclusions were fitted as, less the truth: y, x, radius, c, s, dilation. VITRAIL_PULLS=200: of as many, which takes
 * minutes, and VITRAIL_PULLS_OF=points or cells those only; docs/methods/inclusions.md has the figures. */
enum { MAPS = 40, MAPS_MAX = 400 };
static uint64_t n_maps = MAPS;
static double off[MAPS_MAX][VTR_INCLUSION_N];
static vtr_inclusion fitted[MAPS_MAX];
static vtr_twin_inclusion truths[MAPS_MAX];

static int fit_all(double probe)
{
    probe_nm = probe;
    size_t n_others = 0;
    const char *asked = getenv("VITRAIL_PULLS");
    if (asked != NULL) n_maps = (uint64_t)fmin(fmax(atof(asked), 2), MAPS_MAX);
    for (uint64_t seed = 0; seed < n_maps; seed++) {
        size_t hits, others;
        vtr_inclusion *q = &fitted[seed];
        count(&hits, &others, q, &truths[seed], 1, seed);
        n_others += others;
        assert_int_equal(hits, 1);
        const double of[VTR_INCLUSION_N] = {q->y_nm,  q->x_nm,          q->radius_nm,
                                            q->shear, q->angle_degrees, q->dilation};
        memcpy(off[seed], of, sizeof of);
    }
    assert_true(n_others <= 6 * n_maps / MAPS); /* 2 expected at most of 40 */
    return 0;
}

/* Root mean square and mean of (fit - truth)/error of all six parameters. Of n maps the one is known to 1/sqrt(2 n), 11 % of
 * 40, the other to 1/sqrt(n); three times that. All six together to 5 %, which is twice within the 0.1 that is wanted. */
static void pulls_have_unit_variance(void **state)
{
    (void)state;
    double all = 0;
    for (int k = 0; k < VTR_INCLUSION_N; k++) {
        double squares = 0, mean = 0, n = (double)n_maps;
        for (uint64_t i = 0; i < n_maps; i++) {
            squares += off[i][k] * off[i][k] / fitted[i].covariance[k][k] / n;
            mean += off[i][k] / sqrt(fitted[i].covariance[k][k]) / n;
        }
        print_message("pull %d: %.3f, mean %+.3f\n", k, sqrt(squares), mean);
        assert_near(sqrt(squares), 1, 3 / sqrt(2 * n));
        assert_near(mean, 0, 3 / sqrt(n));
        all += squares / VTR_INCLUSION_N;
    }
    print_message("all: %.3f\n", sqrt(all));
    assert_near(sqrt(all), 1, 0.1);
}

/* The part of the eigenstrain's error along the truth's own direction. */
static double along(const double of[VTR_INCLUSION_N], const vtr_twin_inclusion *truth)
{
    double twice = 2 * truth->angle_degrees * VTR_RADIANS_PER_DEGREE;
    return of[VTR_INCLUSION_C] * cos(twice) + of[VTR_INCLUSION_S] * sin(twice);
}

/* The mean over 40 is known to 1.6 % (shear) and 2.3 % (dilation), of a radius of 15 nm to 0.5 %; three times that. A model
 * whose rim is a sum of discs is off by 5 % here. */
static void nothing_is_off_in_the_mean(void **state)
{
    (void)state;
    double shear = 0, dilation = 0, radius = 0;
    for (uint64_t i = 0; i < n_maps; i++) {
        shear += along(off[i], &truths[i]) / truths[i].shear / (double)n_maps;
        dilation += off[i][VTR_INCLUSION_D] / truths[i].dilation / (double)n_maps;
        radius += off[i][VTR_INCLUSION_RADIUS] / truths[i].radius_nm / (double)n_maps;
    }
    print_message("means: shear %.3f, dilation %.3f, radius %.4f\n", shear, dilation, radius);
    assert_near(shear, 0, 3 * 0.016);
    assert_near(dilation, 0, 3 * 0.023);
    assert_near(radius, 0, 3 * 0.005);
}

/* Scatter over the bound of Cramer and Rao. The amplitudes' 120 values give the ratio to 6.5 %, so that 1.1 is what is wanted
 * with one and a half of that to spare. Places and radii are known better than in a recording of cells, since the twin samples at points,
 * and so may be less. What the fits say of themselves is on the same side of the bound. */
static void fits_reach_the_bound(void **state)
{
    (void)state;
    double scatter[VTR_INCLUSION_N] = {0}, stated[VTR_INCLUSION_N] = {0};
    for (uint64_t i = 0; i < n_maps; i++) {
        double bound[VTR_INCLUSION_N][VTR_INCLUSION_N];
        inclusion_bound(bound, &truths[i], 3e-4, 25);
        for (int k = 0; k < VTR_INCLUSION_N; k++) {
            scatter[k] += off[i][k] * off[i][k] / bound[k][k] / (double)n_maps;
            stated[k] += fitted[i].covariance[k][k] / bound[k][k] / (double)n_maps;
        }
    }
    for (int k = 0; k < VTR_INCLUSION_N; k++)
        print_message("%d over the bound: scatter %.3f, stated error %.3f\n", k, sqrt(scatter[k]),
                      sqrt(stated[k]));
    double of_places = (scatter[0] + scatter[1] + scatter[2]) / 3,
           of_amplitudes = (scatter[3] + scatter[4] + scatter[5]) / 3;
    assert_true(sqrt(of_places) < 1.1);
    assert_true(sqrt(of_amplitudes) < 1.1);
    for (int k = VTR_INCLUSION_C; k < VTR_INCLUSION_N; k++)
        assert_near(sqrt(stated[k]), 1, 0.1);
}

/* In a map without inclusions 0.05 are to be expected at most: of 20 maps, 1; above 4 in less than one case in 200. */
static void few_are_invented(void **state)
{
    (void)state;
    size_t n = 0, hits, others;
    vtr_inclusion q;
    vtr_twin_inclusion truth;
    for (uint64_t seed = 200; seed < 220; seed++) {
        count(&hits, &others, &q, &truth, 0, seed);
        n += others;
    }
    print_message("invented in 20 maps: %zu\n", n);
    assert_true(n <= 4);
}

static int fit_points(void **state)
{
    (void)state;
    return fit_all(0);
}

/* A probe that fills the step. */
static int fit_cells(void **state)
{
    (void)state;
    return fit_all(5.8);
}

int main(void)
{
    const struct CMUnitTest points[] = {
        cmocka_unit_test(pulls_have_unit_variance),
        cmocka_unit_test(nothing_is_off_in_the_mean),
        cmocka_unit_test(fits_reach_the_bound),
        cmocka_unit_test(few_are_invented),
    };
    const struct CMUnitTest cells[] = {
        cmocka_unit_test(pulls_have_unit_variance),
        cmocka_unit_test(nothing_is_off_in_the_mean),
        cmocka_unit_test(fits_reach_the_bound),
    };
    const char *only = getenv("VITRAIL_PULLS_OF");
    int failed = 0;
    if (only == NULL || only[0] == 'p') failed += cmocka_run_group_tests(points, fit_points, NULL);
    if (only == NULL || only[0] == 'c') failed += cmocka_run_group_tests(cells, fit_cells, NULL);
    return failed;
}
