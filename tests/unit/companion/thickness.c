/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Images of a wedge with counted electrons, whose thickness is known, through the whole computation. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_internal.h"
#include "support.h"
#include "vitrail/thickness.h"

enum { SIDE = 96, VACUUM = 16 }; /* the first columns hold no specimen */

typedef struct pair {
    float unfiltered[SIDE * SIDE], zero_loss[SIDE * SIDE];
} pair;

static const double path_nm = 120, thickest_nm = 180;

static double true_nm(size_t y, size_t x)
{
    return x < VACUUM ? 0 : thickest_nm * (0.2 + 0.8 * (double)(x + y) / (2 * SIDE));
}

/* `electrons` a pixel reach the unfiltered image, `exposure` times as many as the zero-loss image would get in vacuum. */
static void expose(pair *p, double electrons, double exposure, double gain, const double background[2],
                   uint64_t seed)
{
    vtr_random random;
    vtr_random_start(&random, seed, 0);
    for (size_t i = 0; i < SIDE * SIDE; i++) {
        double t = true_nm(i / SIDE, i % SIDE);
        double all = (double)vtr_random_poisson(&random, electrons);
        double none = (double)vtr_random_poisson(&random, electrons / exposure * exp(-t / path_nm));
        p->unfiltered[i] = (float)(background[0] + gain * all);
        p->zero_loss[i] = (float)(background[1] + gain * none);
    }
}

static vtr_thickness_images images_of(const pair *p)
{
    return (vtr_thickness_images){SIDE, SIDE, p->unfiltered, p->zero_loss};
}

static vtr_thickness_params known_path(void)
{
    vtr_thickness_params params = vtr_thickness_default_params();
    params.mean_free_path_nm = path_nm;
    return params;
}

/* The mean of found - true in units of its own error, and the spread of (found - true)/error of the positions. */
static void pulls(double out[2], const vtr_thickness_map *map)
{
    double sum = 0, variance = 0, square = 0, n = 0;
    for (size_t i = 0; i < SIDE * SIDE; i++) {
        double error = (double)map->thickness_errors[i];
        double off = (double)map->thickness_nm[i] - true_nm(i / SIDE, i % SIDE);
        if (!isfinite(off)) continue;
        sum += off;
        variance += error * error;
        square += off * off / (error * error);
        n++;
    }
    out[0] = sum / sqrt(variance);
    out[1] = sqrt(square / n);
}

/* 9216 positions: the spread of their pulls is known to 0.0074; five of these are allowed. */
static void errors_are_error_bars(void **state)
{
    (void)state;
    vtr_error err;
    static pair p;
    const double background[2] = {103, 98};
    const struct {
        double electrons, gain;
        bool is_known;
    } cases[] = {{40, 1, true}, {400, 7.3, true}, {400, 7.3, false}, {5000, 0.4, false}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        expose(&p, cases[k].electrons, 1, cases[k].gain, background, 11 + k);
        vtr_thickness_params params = known_path();
        memcpy(params.background, background, sizeof background);
        if (cases[k].is_known) params.counts_per_electron = cases[k].gain;
        vtr_thickness_images images = images_of(&p);
        vtr_thickness_map map;
        double pull[2];
        assert_ok(vtr_thickness_compute(&map, &images, &params, &err));
        assert_int_equal(map.n_valid, SIDE * SIDE);
        pulls(pull, &map);
        assert_near(pull[0], 0, 4);
        /* the gain found in 2304 squares is known to 3.4 %, the median's efficiency included; the errors to half of it */
        assert_near(pull[1], 1, cases[k].is_known ? 0.04 : 0.07);
        assert_near(map.counts_per_electron[0] / cases[k].gain, 1, 0.12);
        assert_near(map.counts_per_electron[1] / cases[k].gain, 1, 0.12);
        vtr_thickness_map_release(&map);
    }
}

/* Whatever the exposures were, the vacuum puts t to zero; the mean of regions has true errors too. */
static void vacuum_replaces_the_exposures(void **state)
{
    (void)state;
    vtr_error err;
    static pair p;
    const double none[2] = {0, 0}, exposure = 0.37;
    enum { N = 60 };
    double square = 0, of_film = 0;
    for (int k = 0; k < N; k++) {
        expose(&p, 300, exposure, 2, none, 100 + (uint64_t)k);
        vtr_thickness_params params = known_path();
        params.vacuum = "0:96,0:16";
        params.counts_per_electron = 2;
        params.regions = (vtr_text_list){2, {"film=0:96,16:96", "edge=0:4,16:20"}};
        vtr_thickness_images images = images_of(&p);
        vtr_thickness_map map;
        assert_ok(vtr_thickness_compute(&map, &images, &params, &err));
        assert_near(map.exposure_ratio, exposure, 5 * exposure * map.ratio_error);
        double truth[2] = {0, 0};
        for (size_t y = 0; y < SIDE; y++)
            for (size_t x = VACUUM; x < SIDE; x++) {
                truth[0] += true_nm(y, x) / (SIDE * (SIDE - VACUUM));
                if (y < 4 && x < VACUUM + 4) truth[1] += true_nm(y, x) / 16;
            }
        assert_int_equal(map.n_regions, 2);
        assert_string_equal(map.regions[0].name, "film");
        assert_int_equal(map.regions[1].n, 16);
        double film = (map.regions[0].mean_nm - truth[0]) / map.regions[0].error_nm;
        double edge = (map.regions[1].mean_nm - truth[1]) / map.regions[1].error_nm;
        of_film += film * film;
        square += edge * edge;
        /* the wedge: 0.8 of the thickest over the diagonal, 0.4 of it along either side */
        assert_near(map.regions[0].spread_nm, 0.4 * thickest_nm * sqrt((1 + 80. * 80 / (96 * 96)) / 12), 1);
        vtr_thickness_map_release(&map);
    }
    /* 60 squares of a standard normal: 60 +- 11 */
    assert_near(of_film / N, 1, 4 * sqrt(2. / N));
    assert_near(square / N, 1, 4 * sqrt(2. / N));
}

/* A given ratio of exposures; twice the counts of both images change nothing; swapped images turn the sign. */
static void invariances(void **state)
{
    (void)state;
    vtr_error err;
    static pair p;
    const double none[2] = {0, 0};
    expose(&p, 1e4, 0.5, 1, none, 5);
    vtr_thickness_params params = known_path();
    params.counts_per_electron = 1;
    params.exposure_ratio = 0.5;
    vtr_thickness_images images = images_of(&p), swapped = {SIDE, SIDE, p.zero_loss, p.unfiltered};
    vtr_thickness_map map, other;
    assert_ok(vtr_thickness_compute(&map, &images, &params, &err));
    assert_near(map.thickness_nm[50 * SIDE + 50], true_nm(50, 50),
                5 * (double)map.thickness_errors[50 * SIDE + 50]);
    params.exposure_ratio = 2;
    assert_ok(vtr_thickness_compute(&other, &swapped, &params, &err));
    for (size_t i = 0; i < SIDE * SIDE; i += 97)
        assert_near(other.thickness_nm[i], -(double)map.thickness_nm[i], 1e-4);
    vtr_thickness_map_release(&other);
    for (size_t i = 0; i < SIDE * SIDE; i++) {
        p.unfiltered[i] *= 2;
        p.zero_loss[i] *= 2;
    }
    params.exposure_ratio = 0.5;
    params.counts_per_electron = 2;
    assert_ok(vtr_thickness_compute(&other, &images, &params, &err));
    for (size_t i = 0; i < SIDE * SIDE; i += 97)
        assert_near(other.thickness_nm[i], map.thickness_nm[i], 1e-4);
    vtr_thickness_map_release(&other);
    vtr_thickness_map_release(&map);
}

/* The model's mean free path, its error in that of a region, and no data where an image has none. */
static void models_and_missing_data(void **state)
{
    (void)state;
    vtr_error err;
    static pair p;
    const double none[2] = {0, 0};
    expose(&p, 1000, 1, 1, none, 6);
    p.unfiltered[7] = NAN;
    p.zero_loss[8] = 0;
    p.zero_loss[9] = -3;
    vtr_thickness_params params = vtr_thickness_default_params();
    params.beam_energy_kev = 300;
    params.density_g_per_cm3 = 7.874;
    params.regions = (vtr_text_list){1, {"film=20:60,40:80"}};
    vtr_thickness_images images = images_of(&p);
    vtr_thickness_map map;
    assert_ok(vtr_thickness_compute(&map, &images, &params, &err));
    assert_near(map.mean_free_path_nm, 132.09, 0.006);
    assert_near(map.mean_free_path_error_nm, 13.209, 0.001);
    assert_int_equal(map.n_valid, SIDE * SIDE - 3);
    for (size_t i = 7; i < 10; i++)
        assert_true(isnan(map.thickness_nm[i]) && isnan(map.thickness_errors[i]) && isnan(map.ratio[i]));
    assert_near(map.regions[0].error_nm / map.regions[0].mean_nm, 0.1, 0.001);
    vtr_thickness_map_release(&map);
    params.model = VTR_MEAN_FREE_PATH_MALIS;
    params.composition = "Fe";
    params.collection_mrad = 10;
    assert_ok(vtr_thickness_compute(&map, &images, &params, &err));
    assert_near(map.mean_free_path_nm, 120.94, 0.006);
    assert_near(map.mean_free_path_error_nm, 0.2 * map.mean_free_path_nm, 1e-9);
    vtr_thickness_map_release(&map);
}

static void what_is_missing_is_said(void **state)
{
    (void)state;
    vtr_error err;
    static pair p;
    const double none[2] = {0, 0};
    expose(&p, 1000, 1, 1, none, 6);
    vtr_thickness_images images = images_of(&p), nothing = {SIDE, SIDE, p.unfiltered, p.zero_loss};
    vtr_thickness_map map;
    vtr_thickness_params params = vtr_thickness_default_params();
    assert_fails(vtr_thickness_compute(&map, &images, &params, &err), VTR_ERR_ARGUMENT, "--energy");
    params.beam_energy_kev = 200;
    assert_fails(vtr_thickness_compute(&map, &images, &params, &err), VTR_ERR_ARGUMENT, "--density");
    params.model = VTR_MEAN_FREE_PATH_MALIS;
    assert_fails(vtr_thickness_compute(&map, &images, &params, &err), VTR_ERR_ARGUMENT, "--composition");
    params.composition = "Xx";
    params.collection_mrad = 10;
    assert_fails(vtr_thickness_compute(&map, &images, &params, &err), VTR_ERR_ARGUMENT, "Xx");
    params.composition = "Au";
    params.collection_mrad = 0.1;
    params.beam_energy_kev = 30;
    assert_fails(vtr_thickness_compute(&map, &images, &params, &err), VTR_ERR_RANGE, "0.1 mrad");
    params = known_path();
    params.vacuum = "0:96,0:16";
    params.exposure_ratio = 2;
    assert_fails(vtr_thickness_compute(&map, &images, &params, &err), VTR_ERR_ARGUMENT, "--exposure-ratio");
    params.exposure_ratio = NAN;
    params.vacuum = "0:97,0:16";
    assert_fails(vtr_thickness_compute(&map, &images, &params, &err), VTR_ERR_RANGE, "");
    params.vacuum = NULL;
    nothing.n_y = nothing.n_x = 4;
    assert_fails(vtr_thickness_compute(&map, &nothing, &params, &err), VTR_ERR_NO_DATA,
                 "--counts-per-electron");
    params.counts_per_electron = 1;
    params.background[1] = 1e6;
    assert_fails(vtr_thickness_compute(&map, &images, &params, &err), VTR_ERR_NO_DATA, "no pixel");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_are_error_bars),
        cmocka_unit_test(vacuum_replaces_the_exposures),
        cmocka_unit_test(invariances),
        cmocka_unit_test(models_and_missing_data),
        cmocka_unit_test(what_is_missing_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
