/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Phases of a map file whose mixture is known. */
#define _POSIX_C_SOURCE 200809L /* setenv */
#include "vitrail/phases.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "phases_scene.h"
#include "vitrail/memory.h"

static vtr_error err;
static phases_scene scene;

static vtr_phases_params defaults(void)
{
    vtr_phases_params params = vtr_phases_default_params();
    params.n_starts = 2;
    params.n_consensus = 2;
    return params;
}

static vtr_status compute(vtr_phases *phases, const vtr_phases_params *params)
{
    vtr_mapfile *file = NULL;
    assert_ok(vtr_mapfile_open(&file, scene.path, &err));
    vtr_status status = vtr_phases_compute(phases, file, params, 0, NULL, &err);
    vtr_mapfile_close(&file);
    return status;
}

/* Of two components that with the shorter first distance is the sharp structure. */
static size_t sharp_of(const vtr_phases *p)
{
    assert_int_equal(p->n_components, 2);
    return p->peaks[0].first.position < p->peaks[1].first.position ? 0 : 1;
}

static double correlation(const float *map, const double *truth)
{
    double x = 0, y = 0, xx = 0, yy = 0, xy = 0, n = 0;
    for (size_t p = 0; p < SCENE_N; p++) {
        if (!isfinite(map[p])) continue;
        x += (double)map[p];
        y += truth[p];
        xx += (double)map[p] * (double)map[p];
        yy += truth[p] * truth[p];
        xy += (double)map[p] * truth[p];
        n++;
    }
    return (xy - x * y / n) / sqrt((xx - x * x / n) * (yy - y * y / n));
}

/* Whatever is divided, both structures are found: their number, distances to 0.01 Å, fractions within their ranges and to
 * 2.5 %, maps as far as the noise of 0.1 of a share lets them (0.37 of spread: correlation 0.965), error bars of shares true
 * to a tenth. */
static void both_structures_are_found_in_every_quantity(void **state)
{
    (void)state;
    for (int on = 0; on <= 4; on++) {
        vtr_phases phases;
        vtr_phases_params params = defaults();
        params.on = on;
        assert_ok(compute(&phases, &params));
        size_t s = sharp_of(&phases);
        assert_true(phases.is_counted);
        assert_int_equal(phases.n_by_neighbours, 2);
        assert_int_equal(phases.n_used, SCENE_N);
        double pull2 = 0;
        for (size_t p = 0; p < SCENE_N; p++)
            pull2 += pow(((double)phases.maps[s * SCENE_N + p] - scene.share[p]) /
                             (double)phases.map_errors[s * SCENE_N + p],
                         2) /
                     SCENE_N;
        print_message(
            "on %d: %.2f %% (%.2f to %.2f) for %.2f, r %.4f and %.4f, correlation %.3f, pull %.2f\n", on,
            100 * phases.fractions[s].value, 100 * phases.fractions[s].range[0],
            100 * phases.fractions[s].range[1], 100 * scene.mean, phases.peaks[s].first.position,
            phases.peaks[1 - s].first.position, correlation(phases.maps + s * SCENE_N, scene.share),
            sqrt(pull2));
        assert_near(phases.fractions[s].value, scene.mean, 0.025);
        assert_true(phases.fractions[s].range[0] < scene.mean && phases.fractions[s].range[1] > scene.mean);
        assert_false(phases.verdicts[0].is_noise || phases.verdicts[1].is_noise);
        assert_near(phases.correlations[0].length_nm, phases.correlations[1].length_nm, 1e-6);
        assert_near(phases.fractions[0].value + phases.fractions[1].value, 1, 1e-6);
        assert_near(phases.peaks[s].first.position, 2.45, 0.01);
        assert_near(phases.peaks[1 - s].first.position, 2.6, 0.01);
        assert_true(correlation(phases.maps + s * SCENE_N, scene.share) > 0.955);
        assert_near(sqrt(pull2), 1, 0.1);
        vtr_phases_release(&phases);
    }
}

/* The same numbers from any number of threads. */
static void threads_change_nothing(void **state)
{
    (void)state;
    vtr_phases one, two;
    vtr_mapfile *file = NULL;
    vtr_phases_params params = defaults();
    assert_ok(vtr_mapfile_open(&file, scene.path, &err));
    assert_ok(vtr_phases_compute(&one, file, &params, 1, NULL, &err));
    assert_ok(vtr_phases_compute(&two, file, &params, 2, NULL, &err));
    vtr_mapfile_close(&file);
    assert_memory_equal(one.maps, two.maps, 2 * SCENE_N * sizeof *one.maps);
    assert_memory_equal(one.components, two.components, 2 * one.n_r * sizeof *one.components);
    vtr_phases_release(&one);
    vtr_phases_release(&two);
}

/* Where the ceiling leaves no room for the cube beside what the methods may need it lies on disk, and nothing else is
 * different: not a bit, whatever the method. That it does lie there shows where there is no folder for it. */
static void a_ceiling_changes_nothing(void **state)
{
    (void)state;
    const char *before = getenv("TMPDIR");
    char kept[512] = "";
    if (before != NULL) snprintf(kept, sizeof kept, "%s", before);
    for (int method = VTR_PHASES_NMF; method <= VTR_PHASES_MLLS; method++) {
        vtr_phases free, bound;
        vtr_phases_params params = defaults();
        params.method = method;
        params.mask = "2:36,3:40";
        if (method == VTR_PHASES_MLLS)
            params.references = (vtr_text_list){2, {"one=0:3,1:5", "two=0:3,8:12"}};
        assert_ok(compute(&free, &params));
        vtr_memory_set_ceiling((size_t)100 << 20);
        assert_ok(compute(&bound, &params));
        size_t k = free.n_components;
        assert_int_equal(bound.n_components, k);
        assert_memory_equal(free.maps, bound.maps, k * SCENE_N * sizeof *free.maps);
        assert_memory_equal(free.map_errors, bound.map_errors, k * SCENE_N * sizeof *free.maps);
        assert_memory_equal(free.components, bound.components, k * free.n_r * sizeof *free.components);
        assert_memory_equal(free.spectra, bound.spectra, k * free.n_channels * sizeof *free.spectra);
        vtr_phases_release(&free);
        vtr_phases_release(&bound);
        setenv("TMPDIR", test_folder_path("nowhere"), 1);
        assert_fails(compute(&bound, &params), VTR_ERR_IO, "temporary file");
        vtr_memory_set_ceiling(0);
        if (before != NULL)
            setenv("TMPDIR", kept, 1);
        else
            unsetenv("TMPDIR");
    }
}

/* The components times their fractions add up to the mean G of the positions, whatever the corners are, but for the weights
 * of positions: a part of the mean's error. */
static void components_add_up_to_the_mean(void **state)
{
    (void)state;
    vtr_phases phases;
    vtr_mapfile *file = NULL;
    double *mean = test_malloc(2000 * sizeof *mean), *error = test_malloc(2000 * sizeof *error);
    vtr_phases_params params = defaults();
    assert_ok(compute(&phases, &params));
    assert_ok(vtr_mapfile_open(&file, scene.path, &err));
    assert_ok(vtr_mapfile_read(file, "pdf/regions/all", "G", VTR_TYPE_F64, phases.n_r, mean, &err));
    assert_ok(
        vtr_mapfile_read(file, "pdf/regions/all", "G_propagated", VTR_TYPE_F64, phases.n_r, error, &err));
    vtr_mapfile_close(&file);
    for (size_t i = 0; i < phases.n_r; i++) {
        double sum = phases.fractions[0].value * phases.components[i] +
                     phases.fractions[1].value * phases.components[phases.n_r + i];
        assert_near(sum, mean[i], 0.3 * error[i] + 1e-5);
        assert_true(phases.component_low[i] <= phases.components[i] &&
                    phases.components[i] <= phases.component_high[i]);
    }
    test_free(mean);
    test_free(error);
    vtr_phases_release(&phases);
}

/* Where references are the structures themselves, taken from regions, their weights are the shares between those regions. */
static void references_from_regions(void **state)
{
    (void)state;
    vtr_phases phases;
    vtr_phases_params params = defaults();
    double share[2] = {0, 0}, n[2] = {0, 0};
    params.method = VTR_PHASES_MLLS;
    params.sum_to_one = true;
    params.references = (vtr_text_list){2, {"one=0:3,1:5", "two=0:3,8:12"}};
    for (size_t p = 0; p < SCENE_N; p++) {
        size_t y = p / SCENE_X, x = p % SCENE_X;
        int r = y >= 3 ? -1 : x >= 1 && x < 5 ? 0 : x >= 8 && x < 12 ? 1 : -1;
        if (r < 0) continue;
        share[r] += scene.share[p];
        n[r]++;
    }
    assert_ok(compute(&phases, &params));
    assert_string_equal(phases.names[0], "one");
    double low = share[1] / n[1], high = share[0] / n[0], mean = (scene.mean - low) / (high - low);
    print_message("regions of %.3f and %.3f: fraction %.4f ± %.4f for %.4f\n", high, low,
                  phases.fractions[0].value, phases.fractions[0].error, mean);
    /* non-negative weights of noisy positions are pushed off zero: free ones are not */
    params.is_free = true;
    vtr_phases_release(&phases);
    assert_ok(compute(&phases, &params));
    assert_near(phases.fractions[0].value, mean, 0.02);
    double residual = 0;
    for (size_t p = 0; p < SCENE_N; p++)
        residual += (double)phases.mlls.residual[p] / SCENE_N;
    assert_near(residual, 1, 0.05);
    vtr_phases_release(&phases);
}

/* Beside itself a specimen differs in nothing; beside one whose positions are others in nothing that is certain. */
static void two_specimens_are_compared(void **state)
{
    (void)state;
    vtr_phases one, half;
    vtr_unmix_comparison c;
    vtr_phases_params params = defaults();
    params.n_components = 2;
    assert_ok(compute(&one, &params));
    params.mask = "0:36,0:28";
    params.regions = (vtr_text_list){1, {"top=0:9,0:40"}};
    assert_ok(compute(&half, &params));
    assert_int_equal(half.n_regions, 1);
    assert_int_equal(half.regions[0].fractions[0].n, 9 * 28);
    assert_ok(vtr_phases_compare(&c, &one, &one, &err));
    for (size_t j = 0; j < 2; j++) {
        assert_int_equal(c.match[j], j);
        assert_true(c.difference[j][VTR_UNMIX_FIRST_PEAK].difference == 0);
    }
    assert_ok(vtr_phases_compare(&c, &one, &half, &err));
    for (size_t j = 0; j < 2; j++) {
        assert_true(c.correlation[j] > 0.99);
        assert_near(c.difference[j][VTR_UNMIX_FIRST_PEAK].difference, 0, 0.01);
    }
    params = defaults();
    params.method = VTR_PHASES_PCA;
    vtr_phases_release(&half);
    assert_ok(compute(&half, &params));
    assert_fails(vtr_phases_compare(&c, &one, &half, &err), VTR_ERR_ARGUMENT, "not compared");
    vtr_phases_release(&one);
    vtr_phases_release(&half);
}

/* Of three components asked for where there are two, one is noise, and is still there. */
static void a_component_too_many_is_noise(void **state)
{
    (void)state;
    vtr_phases phases;
    vtr_phases_params params = defaults();
    size_t n_noise = 0, n_said = 0;
    params.n_components = 3;
    assert_ok(compute(&phases, &params));
    assert_int_equal(phases.n_components, 3);
    for (size_t j = 0; j < 3; j++)
        n_noise += phases.verdicts[j].is_noise;
    for (size_t i = 0; i < phases.n_notes; i++)
        n_said += strstr(phases.notes[i], "is noise") != NULL;
    print_message("extent %.2f, %zu noise\n", phases.mixture.extent, n_noise);
    assert_int_equal(n_noise, 1);
    assert_int_equal(n_said, 1);
    vtr_phases_release(&phases);
}

/* A component of one specimen, written and read again, is a reference of another. */
static void references_from_a_map_file(void **state)
{
    (void)state;
    vtr_phases phases, again;
    vtr_mapfile *file = NULL;
    vtr_phases_params params = defaults();
    assert_ok(compute(&phases, &params));
    assert_ok(vtr_mapfile_edit(&file, scene.path, &err));
    assert_ok(vtr_phases_write(file, &phases, &err));
    assert_ok(vtr_mapfile_commit(&file, &err));
    params.method = VTR_PHASES_MLLS;
    params.is_free = params.sum_to_one = true;
    params.references = (vtr_text_list){1, {scene.path}};
    assert_ok(compute(&again, &params));
    assert_int_equal(again.n_components, 2);
    for (size_t j = 0; j < 2; j++)
        assert_near(again.fractions[j].value, phases.fractions[j].value, 0.01);
    vtr_phases_release(&again);
    vtr_phases_release(&phases);
}

/* Masked positions do not move the answer, whatever they hold. (They still count in the mean profile, from which the
 * normalisation of vitrail pdf is made: without one of 1440 the fraction changes by a twentieth of its range.) */
static void masked_positions_do_not_matter(void **state)
{
    (void)state;
    vtr_phases masked, other;
    phases_scene untouched = scene;
    vtr_phases_params params = defaults();
    params.mask = "0:36,0:30";
    params.n_components = 2;
    assert_ok(compute(&masked, &params));
    assert_int_equal(masked.n_used, 36 * 30);
    assert_true(isnan(masked.maps[35]));
    phases_scene_make(&scene, "spoilt.h5", 1);
    phases_scene_set(&scene, 35, NAN);
    assert_ok(compute(&other, &params));
    assert_int_equal(other.n_invalid, 0);
    assert_near(other.fractions[0].value, masked.fractions[0].value, 0.01);
    vtr_phases_release(&other);
    params.mask = NULL;
    assert_ok(compute(&other, &params));
    assert_int_equal(other.n_invalid, 1);
    assert_true(other.n_notes > 0);
    vtr_phases_release(&other);
    vtr_phases_release(&masked);
    scene = untouched;
}

static void what_does_not_work_says_so(void **state)
{
    (void)state;
    vtr_phases phases;
    vtr_phases_params params = defaults();
    params.n_components = 5;
    assert_fails(compute(&phases, &params), VTR_ERR_ARGUMENT, "2 or 3 components");
    params = defaults();
    params.n_components = 3;
    params.range[0] = 8;
    params.range[1] = 8.06;
    assert_fails(compute(&phases, &params), VTR_ERR_ARGUMENT, "components");
    params.range[0] = 50;
    params.range[1] = 60;
    assert_fails(compute(&phases, &params), VTR_ERR_ARGUMENT, "no channel lies in the range");
    params = defaults();
    params.method = VTR_PHASES_MLLS;
    assert_fails(compute(&phases, &params), VTR_ERR_ARGUMENT, "needs references");
    params.references = (vtr_text_list){1, {"nothing.gr"}};
    assert_fails(compute(&phases, &params), VTR_ERR_ARGUMENT, "nothing.gr");
    FILE *gr = fopen(test_folder_path("other.gr"), "w");
    for (int i = 0; i < 400; i++)
        fprintf(gr, "%g %g\n", 0.03 * i, sin(0.2 * i));
    fclose(gr);
    params.references = (vtr_text_list){1, {test_folder_path("other.gr")}};
    assert_fails(compute(&phases, &params), VTR_ERR_SHAPE, "steps of 0.03 Å");
    params.on = 1;
    assert_fails(compute(&phases, &params), VTR_ERR_ARGUMENT, "--on G");
    params = defaults();
    params.references = (vtr_text_list){1, {"0:2,0:2"}};
    assert_fails(compute(&phases, &params), VTR_ERR_ARGUMENT, "mlls");
    params = defaults();
    params.mask = "0:99,0:4";
    assert_fails(compute(&phases, &params), VTR_ERR_RANGE, "mask");
}

static int make(void **state)
{
    if (test_folder_setup(state) != 0) return 1;
    phases_scene_make(&scene, "map.h5", 1);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_structures_are_found_in_every_quantity),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(a_ceiling_changes_nothing),
        cmocka_unit_test(components_add_up_to_the_mean),
        cmocka_unit_test(references_from_regions),
        cmocka_unit_test(two_specimens_are_compared),
        cmocka_unit_test(a_component_too_many_is_noise),
        cmocka_unit_test(references_from_a_map_file),
        cmocka_unit_test(masked_positions_do_not_matter),
        cmocka_unit_test(what_does_not_work_says_so),
    };
    return cmocka_run_group_tests(tests, make, test_folder_teardown);
}
