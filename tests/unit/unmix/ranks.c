/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Run alone, and by a launcher as several ranks: what ranks find together has the bytes of what each finds alone. */
#include "vitrail/ranks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "phases_scene.h"
#include "unmix_scene.h"
#include "vitrail/phases.h"

enum { N = 5000, M = 61, K = 3 };

static vtr_ranks *ranks;
static vtr_error err;
static phases_scene map;
static scene cube;
static uint8_t used[N];
static double weight[N];

/* The cube with a mask, weights and a position without data; `shared`: with the rows of this rank and none other. */
static vtr_unmix_data open_data(bool shared)
{
    vtr_unmix_data data = cube.data;
    size_t first, n;
    for (size_t i = 0; i < N; i++) {
        used[i] = i % 70 > 3 && (i < 900 || i > 1400);
        weight[i] = 1 + 0.3 * sin(0.1 * (double)i);
    }
    data.position_used = used;
    data.position_weight = weight;
    if (!shared) return data;
    data.ranks = ranks;
    vtr_unmix_part(&first, &n, &data);
    float *own = test_malloc(N * M * sizeof *own);
    for (size_t i = 0; i < N * M; i++)
        own[i] = i / M >= first && i / M < first + n ? cube.values[i] : NAN;
    data.values = own;
    return data;
}

static void parts_are_everything(void **state)
{
    (void)state;
    vtr_unmix_data data = open_data(false);
    size_t part[2], all[2 * 64] = {0}, next = 0;
    data.ranks = ranks;
    vtr_unmix_part(&part[0], &part[1], &data);
    assert_ok(vtr_ranks_all_gather(ranks, part, sizeof part, all, &err));
    for (int rank = 0; rank < vtr_ranks_size(ranks); rank++) {
        assert_int_equal(all[2 * rank], next);
        next += all[2 * rank + 1];
    }
    assert_int_equal(next, N);
}

static void compare_nmf(const vtr_nmf_result *a, const vtr_nmf_result *b)
{
    assert_int_equal(a->n_used_positions, b->n_used_positions);
    assert_int_equal(a->n_iterations, b->n_iterations);
    assert_int_equal(a->start, b->start);
    assert_memory_equal(a->components, b->components, K * M * sizeof *a->components);
    assert_memory_equal(a->fractions, b->fractions, K * sizeof *a->fractions);
    assert_memory_equal(a->maps, b->maps, K * N * sizeof *a->maps);
    assert_memory_equal(a->scale, b->scale, N * sizeof *a->scale);
    assert_memory_equal(a->history, b->history, a->n_history * sizeof *a->history);
    assert_memory_equal(&a->kkt, &b->kkt, sizeof a->kkt);
    assert_memory_equal(a->consensus.returns, b->consensus.returns, K * sizeof(double));
    assert_memory_equal(a->consensus.component_spread, b->consensus.component_spread, K * M * sizeof(double));
    assert_memory_equal(a->consensus.fraction_low, b->consensus.fraction_low, K * sizeof(double));
}

static void factorisations_are_the_same(void **state)
{
    (void)state;
    static const struct {
        int method, loss, start;
        bool sum_to_one;
    } cases[] = {{VTR_NMF_ALS, VTR_NMF_FROBENIUS, VTR_NMF_RANDOM, false},
                 {VTR_NMF_HALS, VTR_NMF_FROBENIUS, VTR_NMF_NNDSVDA, false},
                 {VTR_NMF_MU, VTR_NMF_FROBENIUS, VTR_NMF_PCA, true},
                 {VTR_NMF_ALS, VTR_NMF_KULLBACK_LEIBLER, VTR_NMF_RANDOM, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vtr_nmf_params params = vtr_nmf_default_params();
        vtr_nmf_result alone, together;
        params.n_components = K;
        params.method = cases[i].method;
        params.loss = cases[i].loss;
        params.start = cases[i].start;
        params.sum_to_one = cases[i].sum_to_one;
        params.n_starts = 3;
        params.n_consensus = 2;
        params.max_iterations = 40;
        vtr_unmix_data data = open_data(false), shared = open_data(true);
        assert_ok(vtr_nmf(&alone, &data, &params, 1, NULL, &err));
        assert_ok(vtr_nmf(&together, &shared, &params, 2, NULL, &err));
        compare_nmf(&alone, &together);
        vtr_nmf_result_release(&alone);
        vtr_nmf_result_release(&together);
        test_free((void *)shared.values);
    }
}

static void components_and_references_are_the_same(void **state)
{
    (void)state;
    vtr_unmix_data data = open_data(false), shared = open_data(true);
    vtr_pca_params params = vtr_pca_default_params();
    vtr_pca_result alone, together;
    params.n_components = 5;
    assert_ok(vtr_pca(&alone, &data, &params, 1, NULL, &err));
    assert_ok(vtr_pca(&together, &shared, &params, 1, NULL, &err));
    assert_int_equal(alone.n_significant, together.n_significant);
    assert_memory_equal(alone.components, together.components, 5 * M * sizeof *alone.components);
    assert_memory_equal(alone.maps, together.maps, 5 * N * sizeof *alone.maps);
    assert_memory_equal(alone.singular, together.singular, 5 * sizeof *alone.singular);
    vtr_pca_result_release(&alone);
    vtr_pca_result_release(&together);
    const vtr_mlls_references references = {.n = K, .n_channels = M, .values = cube.components};
    vtr_mlls_result one, all;
    assert_ok(vtr_mlls(&one, &data, &references, NULL, 1, &err));
    assert_ok(vtr_mlls(&all, &shared, &references, NULL, 1, &err));
    assert_memory_equal(one.maps, all.maps, K * N * sizeof *one.maps);
    assert_memory_equal(one.errors, all.errors, K * N * sizeof *one.errors);
    assert_memory_equal(one.residual, all.residual, N * sizeof *one.residual);
    assert_memory_equal(one.fractions, all.fractions, K * sizeof *one.fractions);
    vtr_mlls_result_release(&one);
    vtr_mlls_result_release(&all);
    test_free((void *)shared.values);
}

static void phases_are_the_same(void **state)
{
    (void)state;
    for (int method = VTR_PHASES_NMF; method <= VTR_PHASES_MLLS; method++) {
        vtr_phases alone, together;
        vtr_mapfile *file = NULL;
        vtr_phases_params params = vtr_phases_default_params();
        params.method = method;
        params.mask = "2:36,3:40";
        params.n_starts = params.n_consensus = 2;
        if (method == VTR_PHASES_MLLS)
            params.references = (vtr_text_list){2, {"one=0:3,1:5", "two=0:3,8:12"}};
        assert_ok(vtr_mapfile_open(&file, map.path, &err));
        assert_ok(vtr_phases_compute(&alone, file, &params, 1, NULL, &err));
        params.ranks = ranks;
        assert_ok(vtr_phases_compute(&together, file, &params, 1, NULL, &err));
        vtr_mapfile_close(&file);
        size_t k = alone.n_components;
        assert_int_equal(together.n_components, k);
        assert_int_equal(together.n_used, alone.n_used);
        assert_memory_equal(alone.maps, together.maps, k * SCENE_N * sizeof *alone.maps);
        assert_memory_equal(alone.map_errors, together.map_errors, k * SCENE_N * sizeof *alone.maps);
        assert_memory_equal(alone.components, together.components, k * alone.n_r * sizeof(double));
        assert_memory_equal(alone.spectra, together.spectra, k * alone.n_channels * sizeof(double));
        for (size_t j = 0; j < k; j++)
            assert_true(alone.fractions[j].value == together.fractions[j].value);
        vtr_phases_release(&alone);
        vtr_phases_release(&together);
    }
}

static bool last_asked(void *user)
{
    (void)user;
    return vtr_ranks_rank(ranks) == vtr_ranks_size(ranks) - 1;
}

/* A rank that is asked to stop ends all: none waits for it. */
static void one_interrupt_ends_all(void **state)
{
    (void)state;
    vtr_unmix_data shared = open_data(true);
    vtr_nmf_params params = vtr_nmf_default_params();
    vtr_nmf_result result;
    const vtr_progress progress = {.cancelled = last_asked};
    params.n_components = K;
    assert_int_equal(vtr_nmf(&result, &shared, &params, 1, &progress, &err), VTR_ERR_INTERRUPTED);
    test_free((void *)shared.values);
}

static int make(void **state)
{
    if (test_folder_setup(state) != 0) return 1;
    phases_scene_make(&map, "map.h5", 1);
    scene_bands(&cube, N, M, K, 0.02);
    for (size_t c = 0; c < M; c++)
        cube.values[4321 * M + c] = NAN;
    return 0;
}

static int clear(void **state)
{
    scene_release(&cube);
    return test_folder_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_everything),
        cmocka_unit_test(factorisations_are_the_same),
        cmocka_unit_test(components_and_references_are_the_same),
        cmocka_unit_test(phases_are_the_same),
        cmocka_unit_test(one_interrupt_ends_all),
    };
    if (vtr_ranks_are_launched() && vtr_ranks_start(&ranks, &err) != VTR_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    int n_failed = cmocka_run_group_tests(tests, make, clear);
    if (n_failed > 0) vtr_ranks_abort(ranks, 1); /* the others may wait */
    vtr_ranks_finish(&ranks);
    return 0;
}
