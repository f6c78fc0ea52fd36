/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What ranks send each other, measured and as docs/scaling.md has it: mpiexec -n 4 bench_traffic. Ends with 1 where the two
 * differ by more than TOLERANCE. */
#define _POSIX_C_SOURCE 200809L /* mkdtemp */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base_internal.h"
#include "unmix/unmix_internal.h"
#include "vitrail/pass.h"
#include "vitrail/pdf_cube.h"
#include "vitrail/ring_map.h"
#include "vitrail/twin.h"
#include "vitrail/unmix_pca.h"

/* The model takes a cube for dealt out evenly, and leaves out what is said once at the beginning. */
#define TOLERANCE 0.02

enum { POSITIONS = 20000, CHANNELS = 200, COMPONENTS = 4, SUBSPACE = COMPONENTS + 5, OVERSAMPLING = 5 };

#define K_STEP 0.03 /* 1/Å per px */
enum { SCAN = 96, SIDE = 64, RUN = 256, N_RUNS = SCAN * SCAN / RUN };

static vtr_ranks *ranks;
static vtr_error err;
static bool is_good = true;

static void require(bool is_true, const char *what)
{
    if (is_true) return;
    fprintf(stderr, "bench_traffic: %s\n", what);
    vtr_ranks_abort(ranks, 1);
}

static bool is_first(void)
{
    return vtr_ranks_rank(ranks) == 0;
}

/* The cube: every rank has all of it, and counts the rows that it asks for. */
typedef struct scene {
    vtr_unmix_data data;
    float *values;
    size_t n_rows_read, first, n_own;
} scene;

static vtr_status read_rows(void *user, float *rows, size_t first, size_t n, vtr_error *unused)
{
    scene *s = user;
    (void)unused;
    memcpy(rows, s->values + first * CHANNELS, n * CHANNELS * sizeof *rows);
    s->n_rows_read += n;
    return VTR_OK;
}

/* Damped waves of slightly different length in random shares, with noise. */
static void make(scene *s)
{
    *s = (scene){
        .data = {.n_positions = POSITIONS, .n_channels = CHANNELS, .read = read_rows, .ranks = ranks}};
    s->data.user = s;
    s->values = vtr_malloc((size_t)POSITIONS * CHANNELS, sizeof *s->values);
    require(s->values != NULL, "out of memory");
    for (size_t i = 0; i < POSITIONS; i++) {
        double w[COMPONENTS];
        vtr_random random;
        vtr_random_start(&random, 1, i);
        for (size_t j = 0; j < COMPONENTS; j++)
            w[j] = vtr_random_uniform(&random);
        for (size_t c = 0; c < CHANNELS; c++) {
            double r = 20 * (double)c / CHANNELS, x = 0.1 * vtr_random_normal(&random);
            for (size_t j = 0; j < COMPONENTS; j++)
                x += w[j] * (2 + cos(2.7 * (1 + 0.05 * (double)j) * r) * exp(-0.12 * r));
            s->values[i * CHANNELS + c] = (float)fmax(x, 0);
        }
    }
    vtr_unmix_part(&s->first, &s->n_own, &s->data);
}

/* Bytes that all ranks together send, by what they do: the formulas of docs/scaling.md. */
static double others(void)
{
    return vtr_ranks_size(ranks) - 1;
}

static double agreement(void)
{
    return 8 * others();
}

/* Sums that go to the first rank: of each other rank's stretch of blocks, as few as cover it with whole branches of the tree over
 * all blocks. */
static double branches(size_t n_blocks)
{
    double n = 0;
    for (size_t rank = 1, size = (size_t)vtr_ranks_size(ranks); rank < size; rank++) {
        size_t each = n_blocks / size, more = n_blocks % size;
        size_t at = rank * each + (rank < more ? rank : more), end = at + each + (rank < more);
        for (size_t step; at < end; at += step, n++)
            for (step = 1; at % (2 * step) == 0 && at + 2 * step <= end;)
                step *= 2;
    }
    return n;
}

/* The branches' sums to the first rank, the total to all. */
static double sum_over(size_t n_blocks, double n_values)
{
    return agreement() + others() * 8 * (1 + vtr_ranks_size(ranks)) +
           branches(n_blocks) * (16 + 8 * n_values) + others() * 8 * n_values;
}

static double sum(double n_values)
{
    unmix_chunks chunks;
    vtr_unmix_deal(&chunks, POSITIONS, NULL);
    return sum_over(chunks.n, n_values);
}

/* Each rank's share to the first, and all of it to all. */
static double gathering(double n_bytes)
{
    return others() * (8 * (1 + vtr_ranks_size(ranks)) + n_bytes / vtr_ranks_size(ranks) + n_bytes);
}

static double opening(void)
{
    return agreement() + gathering(12 * POSITIONS) + sum(CHANNELS + 2);
}

static double subspace(double n_passes, double width)
{
    return n_passes * sum(width * CHANNELS + width * width + width) + agreement();
}

static double factorisation(double n_passes, double n_iterations)
{
    double k = COMPONENTS, scalars = k * k + 4;
    return opening() + subspace(n_passes, SUBSPACE + OVERSAMPLING) + sum(2 * SUBSPACE) +
           n_iterations * (agreement() + sum(k * SUBSPACE + scalars)) + sum(k * CHANNELS + scalars) +
           sum(k * k + k) + sum(k + 1) + (k + 1) * gathering(4 * POSITIONS);
}

static double principal(double n_passes)
{
    return opening() + subspace(n_passes, COMPONENTS + OVERSAMPLING) + gathering(4 * COMPONENTS * POSITIONS);
}

/* What all ranks together have sent since `before`. */
static double sent_since(vtr_ranks_traffic before)
{
    double mine = (double)(vtr_ranks_traffic_of(ranks).bytes_sent - before.bytes_sent), all[1024], total = 0;
    require(vtr_ranks_size(ranks) <= 1024, "at most 1024 ranks");
    require(vtr_ranks_all_gather(ranks, &mine, sizeof mine, all, &err) == VTR_OK, err.message);
    for (int rank = 0; rank < vtr_ranks_size(ranks); rank++)
        total += all[rank];
    return total;
}

static void print_row(const char *what, double measured, double model)
{
    if (!is_first()) return;
    bool is_close = fabs(model / measured - 1) <= TOLERANCE;
    is_good = is_good && is_close;
    printf("%-44s %12.0f %12.0f  %+6.2f %%%s\n", what, measured, model, 100 * (model / measured - 1),
           is_close ? "" : "  too far off");
}

/* Passes over the cube, but those for the extremes, the norms, the compression and `more`. */
static double passes(const scene *s, double more)
{
    return (double)s->n_rows_read / (double)s->n_own - 3 - more;
}

static double run_nmf(scene *s, size_t n_iterations, double *n_passes)
{
    vtr_nmf_params params = vtr_nmf_default_params();
    vtr_nmf_result result;
    vtr_ranks_traffic before = vtr_ranks_traffic_of(ranks);
    params.n_components = COMPONENTS;
    params.method = VTR_NMF_HALS;
    params.start = VTR_NMF_NNDSVDA;
    params.n_consensus = 0;
    params.tolerance = 0;
    params.max_iterations = n_iterations;
    s->n_rows_read = 0;
    require(vtr_nmf(&result, &s->data, &params, 1, NULL, &err) == VTR_OK, err.message);
    require(result.n_iterations == n_iterations, "the factorisation ended before it was told to");
    vtr_nmf_result_release(&result);
    *n_passes = passes(s, 1);
    return sent_since(before);
}

static void factorise(scene *s)
{
    enum { FEW = 10, MANY = 60 };
    double n_passes, few = run_nmf(s, FEW, &n_passes), many = run_nmf(s, MANY, &n_passes);
    print_row("NMF, 4 components, an iteration", (many - few) / (MANY - FEW),
              (factorisation(n_passes, MANY) - factorisation(n_passes, FEW)) / (MANY - FEW));
    print_row("NMF, 60 iterations, all", many, factorisation(n_passes, MANY));
}

static void analyse(scene *s)
{
    vtr_pca_params params = vtr_pca_default_params();
    vtr_pca_result result;
    vtr_ranks_traffic before = vtr_ranks_traffic_of(ranks);
    params.n_components = COMPONENTS;
    params.n_parallel = 0;
    s->n_rows_read = 0;
    require(vtr_pca(&result, &s->data, &params, 1, NULL, &err) == VTR_OK, err.message);
    vtr_pca_result_release(&result);
    print_row("PCA, 4 components, all", sent_since(before), principal(passes(s, 0)));
}

/* A recording of rings, written by rank 0. */
static void record(const char *path)
{
    vtr_twin_params params = vtr_twin_default_params();
    vtr_twin *twin = NULL;
    vtr_dataset_writer *writer = NULL;
    params.scan[0] = params.scan[1] = SCAN;
    params.pattern[0] = params.pattern[1] = SIDE;
    params.contrast = 0;
    params.k_step = K_STEP;
    require(vtr_twin_open(&twin, "rings", &params, &err) == VTR_OK, err.message);
    vtr_dataset_info info = {.shape = {SCAN, SCAN, SIDE, SIDE}, .type = VTR_TYPE_U16};
    require(vtr_dataset_writer_open(&writer, path, &info, true, &err) == VTR_OK, err.message);
    void *scratch = vtr_malloc(1, vtr_twin_scratch_size(twin));
    uint16_t frame[SIDE * SIDE];
    require(scratch != NULL, "out of memory");
    for (size_t i = 0; i < SCAN * SCAN; i++) {
        vtr_twin_position position;
        vtr_twin_get_position(twin, i, &position);
        vtr_twin_frame(twin, &position, i, scratch, frame);
        require(vtr_dataset_writer_write(writer, i, 1, frame, &err) == VTR_OK, err.message);
    }
    require(vtr_dataset_writer_finish(&writer, &err) == VTR_OK, err.message);
    vtr_free(scratch);
    vtr_twin_close(&twin);
}

/* Of each position, in double: ellipse, covariance, chi-squared; in single: flags, beam and its flags, three virtual detectors,
 * the sum, a profile of n_profile samples and its variance. */
static double position_bytes(double n_profile)
{
    return 8 * (VTR_RING_MAP_ELLIPSE_N + VTR_RING_MAP_COVARIANCE_N + 1) +
           4 * (1 + 5 + 1 + 3 + 1 + 2 * n_profile);
}

/* A run's question, its answer, its results; once a worker the sums over all patterns. */
static double pass(double n_runs, double n_profile)
{
    enum { HEAD = 24, RUN_HEAD = 24, AGREEMENTS = 6 };
    return n_runs * (2 * HEAD + 8 + RUN_HEAD + RUN * position_bytes(n_profile) + 8) +
           others() * (3 * HEAD + 8 + SIDE * SIDE * (8 + 8 + 2)) + AGREEMENTS * agreement();
}

/* Runs that others than rank 0 did: each asked for one and sent one result; at their end each asked once more, brought its sums
 * and left. */
static double runs_of_others(uint64_t n_received)
{
    double n = ((double)n_received - (3 + 6) * others()) / 2;
    require(vtr_ranks_broadcast(ranks, 0, &n, sizeof n, &err) == VTR_OK, err.message);
    return n;
}

/* The last dimension of a dataset of rank 0's map file. */
static double samples(const vtr_mapfile *file, const char *group, const char *name)
{
    size_t rank, shape[8];
    if (!is_first()) return 0;
    require(vtr_mapfile_shape(file, group, name, &rank, shape, NULL, &err) == VTR_OK, err.message);
    return (double)shape[rank - 1];
}

static void map(vtr_mapfile *file, const char *recording)
{
    vtr_dataset *dataset = NULL;
    vtr_calibration *calibration = NULL;
    vtr_dataset_params how;
    vtr_parameters_default(&vtr_dataset_parameters, &how);
    how.k_step = K_STEP;
    require(vtr_dataset_open(&dataset, recording, &how, &err) == VTR_OK, err.message);
    if (is_first()) require(vtr_calibrate(&calibration, dataset, NULL, 1, NULL, &err) == VTR_OK, err.message);
    require(vtr_calibration_share(&calibration, ranks, &err) == VTR_OK, err.message);
    vtr_pass_options options = {.threads = 1, .ranks = ranks};
    vtr_ranks_traffic before = vtr_ranks_traffic_of(ranks);
    require(vtr_map_with(file, dataset, calibration, NULL, &options, NULL, &err) == VTR_OK, err.message);
    double n_runs = runs_of_others(vtr_ranks_traffic_of(ranks).messages_received - before.messages_received);
    double sent = sent_since(before);
    char what[64];
    snprintf(what, sizeof what, "pass, %.0f of %d runs by others", n_runs, N_RUNS);
    print_row(what, sent, pass(n_runs, samples(file, "profile", "intensity")));
    vtr_calibration_free(calibration);
    vtr_dataset_close(&dataset);
}

/* Bytes of a position's G and F with their errors, scale, two maxima and flags; a block is 1024 positions, and rank r has every
 * size-th of them. */
static double distribution(double n_data, double n_r)
{
    enum { BLOCK = 1024, N_BLOCKS = SCAN * SCAN / BLOCK, AGREEMENTS = 4 };
    int size = vtr_ranks_size(ranks);
    double blocks = N_BLOCKS - (N_BLOCKS + size - 1) / size;
    return blocks * BLOCK * 4 * (1 + 2 + 12 + 2 * n_r) + sum_over(N_BLOCKS, 3 * n_data + 1) +
           AGREEMENTS * agreement();
}

static void transform(const char *path)
{
    vtr_mapfile *file = NULL;
    vtr_pdf_params pdf = vtr_pdf_default_params();
    vtr_pdf_cube_params params = vtr_pdf_cube_default_params();
    vtr_pdf_cube_result result = {0};
    pdf.composition = "Zr46Cu38Al8Ag8";
    params.ranks = ranks;
    vtr_status status =
        is_first() ? vtr_mapfile_edit(&file, path, &err) : vtr_mapfile_open(&file, path, &err);
    require(vtr_ranks_agree(ranks, status, &err) == VTR_OK, err.message);
    vtr_ranks_traffic before = vtr_ranks_traffic_of(ranks);
    require(vtr_pdf_cube(file, &pdf, &params, 1, &result, NULL, &err) == VTR_OK, err.message);
    double sent = sent_since(before), n_r = (double)result.n_r;
    require(vtr_ranks_broadcast(ranks, 0, &n_r, sizeof n_r, &err) == VTR_OK, err.message);
    print_row("distribution functions, all", sent, distribution(samples(file, "profile", "intensity"), n_r));
    vtr_pdf_cube_result_release(&result);
    vtr_mapfile_close(&file);
}

/* A recording, its map and its distribution functions, in a folder that is gone afterwards. */
static void work_on_files(void)
{
    char folder[] = "/tmp/vitrail-traffic-XXXXXX", path[2][64];
    if (is_first()) require(mkdtemp(folder) != NULL, "cannot make a folder in /tmp");
    require(vtr_ranks_broadcast(ranks, 0, folder, sizeof folder, &err) == VTR_OK, err.message);
    snprintf(path[0], sizeof path[0], "%s/scan.npy", folder);
    snprintf(path[1], sizeof path[1], "%s/map.h5", folder);
    vtr_mapfile *file = NULL;
    if (is_first()) {
        record(path[0]);
        require(vtr_mapfile_create(&file, path[1], true, &err) == VTR_OK, err.message);
    }
    require(vtr_ranks_barrier(ranks, &err) == VTR_OK, err.message);
    map(file, path[0]);
    if (is_first()) require(vtr_mapfile_commit(&file, &err) == VTR_OK, err.message);
    require(vtr_ranks_barrier(ranks, &err) == VTR_OK, err.message);
    transform(path[1]);
    if (is_first()) {
        unlink(path[0]);
        unlink(path[1]);
        rmdir(folder);
    }
}

int main(void)
{
    if (!vtr_ranks_are_launched()) {
        puts("one rank sends nothing: mpiexec -n 4 bench_traffic");
        return 0;
    }
    require(vtr_ranks_start(&ranks, &err) == VTR_OK, err.message);
    scene s;
    make(&s);
    if (is_first())
        printf("%d ranks, %d positions, %d channels\n%-44s %12s %12s\n", vtr_ranks_size(ranks), POSITIONS,
               CHANNELS, "bytes sent by all ranks", "measured", "model");
    factorise(&s);
    analyse(&s);
    work_on_files();
    vtr_free(s.values);
    vtr_ranks_finish(&ranks);
    return is_good ? 0 : 1;
}
