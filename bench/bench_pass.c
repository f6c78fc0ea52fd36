/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole pass over 256 x 256 px frames of 16 bit that lie in memory, and each of its steps, against a bare sum of the
 * same bytes: bench_pass [THREADS] [FRAMES]. The steps are the pass's own functions, on the pass's own batches; the
 * answer is checked before it is timed. Core time is that of the threads that work, so that a busy machine shows in
 * the patterns per second and hardly in the microseconds. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/base_internal.h"
#include "pass/map_internal.h"
#include "vitrail/twin.h"

enum { SIDE = 256, PIXELS = SIDE * SIDE, DISTINCT = 256, SCAN_X = 64, ROUNDS = 15 };
enum { BARE, BINS, ANNULI, BIN, FIT, BEAM, PROFILE, FLUSH, RECORD, WHOLE, N_PARTS };

typedef struct scene {
    int n_threads;
    size_t n_frames;
    uint16_t *frames;
    vtr_dataset_info info;
    vtr_calibration *calibration;
    vtr_map_params params;
    vtr_mapfile *file;
    vtr_checkpoint checkpoint;
    map_job job;
    map_worker **workers;
    vtr_polar_plan *bare_plan;   /* without annuli */
    vtr_polar_batch **own_batch; /* for binning alone */
} scene;

static double clock_s(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void require(bool is_true, const char *what)
{
    if (is_true) return;
    fprintf(stderr, "bench_pass: %s\n", what);
    exit(1);
}

static void require_ok(vtr_status status, const vtr_error *err)
{
    require(status == VTR_OK, err->message);
}

/* A strained glass with speckle and a direct beam, no descan; distinct frames, repeated. */
static void fill(scene *s, vtr_twin_position *truth)
{
    vtr_error err;
    vtr_twin *twin = NULL;
    vtr_twin_params p = vtr_twin_default_params();
    p.scan[0] = DISTINCT / SCAN_X;
    p.scan[1] = SCAN_X;
    p.pattern[0] = p.pattern[1] = SIDE;
    p.electrons = 1e5;
    p.exx = 0.01;
    p.eyy = -0.005;
    p.exy = 0.004;
    require_ok(vtr_twin_open(&twin, "rings", &p, &err), &err);
    s->frames = vtr_malloc(s->n_frames * PIXELS, sizeof *s->frames);
    require(s->frames != NULL, "out of memory");
#pragma omp parallel num_threads(s->n_threads)
    {
        void *scratch = vtr_malloc(1, vtr_twin_scratch_size(twin));
        require(scratch != NULL, "out of memory");
#pragma omp for
        for (size_t f = 0; f < DISTINCT; f++) {
            vtr_twin_position position;
            vtr_twin_get_position(twin, f, &position);
            vtr_twin_frame(twin, &position, f, scratch, s->frames + f * PIXELS);
        }
        vtr_free(scratch);
    }
    vtr_twin_get_position(twin, 0, truth);
    vtr_twin_close(&twin);
    for (size_t f = DISTINCT; f < s->n_frames; f++)
        memcpy(s->frames + f * PIXELS, s->frames + f % DISTINCT * PIXELS, PIXELS * sizeof *s->frames);
}

/* The calibration of the distinct frames, by way of a file. */
static void calibrate(scene *s, const char *path)
{
    vtr_error err;
    vtr_dataset_writer *writer = NULL;
    vtr_dataset *dataset = NULL;
    vtr_dataset_info info = {.shape = {DISTINCT / SCAN_X, SCAN_X, SIDE, SIDE}, .type = VTR_TYPE_U16};
    require_ok(vtr_dataset_writer_open(&writer, path, &info, true, &err), &err);
    require_ok(vtr_dataset_writer_write(writer, 0, DISTINCT, s->frames, &err), &err);
    require_ok(vtr_dataset_writer_finish(&writer, &err), &err);
    require_ok(vtr_dataset_open(&dataset, path, NULL, &err), &err);
    require_ok(vtr_calibrate(&s->calibration, dataset, NULL, s->n_threads, NULL, &err), &err);
    s->info = *vtr_dataset_get_info(dataset);
    s->info.shape[0] = s->n_frames / SCAN_X;
    s->info.n_frames = s->n_frames;
    vtr_dataset_close(&dataset);
    unlink(path);
}

static void prepare(scene *s, const char *map_path)
{
    vtr_error err;
    vtr_parameters_default(&vtr_map_parameters, &s->params);
    require_ok(vtr_mapfile_create(&s->file, map_path, true, &err), &err);
    s->job = (map_job){.info = &s->info,
                       .calibration = s->calibration,
                       .params = &s->params,
                       .file = s->file,
                       .n_positions = s->n_frames};
    require_ok(map_job_create(&s->job, &err), &err);
    require_ok(map_create_profiles(&s->job, &err), &err);
    require_ok(
        vtr_calibration_plan(&s->bare_plan, s->calibration, s->job.used, s->job.n_radii, 0, 0, 0, NULL, &err),
        &err);
    s->workers = vtr_calloc((size_t)s->n_threads, sizeof *s->workers);
    s->own_batch = vtr_calloc((size_t)s->n_threads, sizeof *s->own_batch);
    require(s->workers != NULL && s->own_batch != NULL, "out of memory");
    for (int t = 0; t < s->n_threads; t++) {
        require_ok(map_worker_create(&s->workers[t], &s->job, &err), &err);
        require_ok(vtr_polar_batch_create(&s->own_batch[t], &err), &err);
    }
}

static void frames_of(const scene *s, size_t batch, const void *frames[VTR_LANES])
{
    const map_batch *b = &s->job.batches[batch];
    for (size_t lane = 0; lane < VTR_LANES; lane++)
        frames[lane] = lane < b->n ? s->frames + (b->first + lane) * PIXELS : NULL;
}

static uint64_t sum_frame(const uint16_t *frame)
{
    const uint64_t *words = (const uint64_t *)(const void *)frame;
    uint64_t a = 0, b = 0, c = 0, d = 0;
    for (size_t i = 0; i < PIXELS / 4; i += 4) {
        a += words[i];
        b += words[i + 1];
        c += words[i + 2];
        d += words[i + 3];
    }
    return a + b + c + d;
}

static double bare_sum(scene *s)
{
    uint64_t total = 0;
#pragma omp parallel for num_threads(s->n_threads) reduction(+ : total) schedule(static)
    for (size_t f = 0; f < s->n_frames; f++)
        total += sum_frame(s->frames + f * PIXELS);
    return (double)(total >> 32);
}

/* Adds the core time since *start to *part and starts anew. */
static void lap(double *part, double *start)
{
    double now = clock_s(CLOCK_THREAD_CPUTIME_ID);
    *part += now - *start;
    *start = now;
}

/* Binning without what else is taken along. */
static double only_bins(scene *s, const vtr_polar_plan *plan)
{
    double check = 0;
#pragma omp parallel for num_threads(s->n_threads) reduction(+ : check) schedule(dynamic, MAP_RUN_BATCHES)
    for (size_t b = 0; b < s->job.n_batches; b++) {
        const void *frames[VTR_LANES];
        vtr_polar_batch *batch = s->own_batch[omp_get_thread_num()];
        frames_of(s, b, frames);
        require(vtr_polar_bin(batch, plan, VTR_TYPE_U16, frames, NULL, NULL) == VTR_OK, "binning failed");
        check += batch->total[b % VTR_LANES];
    }
    return check;
}

/* A run as the pass does it, but for reading; with the time of each step. */
static void timed_run(scene *s, map_worker *w, size_t run, double parts[N_PARTS])
{
    vtr_error err;
    size_t first = run * MAP_RUN_BATCHES, last = first + MAP_RUN_BATCHES, position, n;
    double start = clock_s(CLOCK_THREAD_CPUTIME_ID);
    for (size_t b = first; b < last && b < s->job.n_batches; b++) {
        const void *frames[VTR_LANES];
        frames_of(s, b, frames);
        map_step_take(w, &s->job, b, frames);
        require_ok(map_step_bin(w, &s->job, &err), &err);
        lap(&parts[BIN], &start);
        require_ok(map_step_fit(w, &s->job, &err), &err);
        lap(&parts[FIT], &start);
        require_ok(map_step_beam(w, &s->job, &err), &err);
        lap(&parts[BEAM], &start);
        require_ok(map_step_profile(w, &s->job, &err), &err);
        lap(&parts[PROFILE], &start);
    }
    map_run_positions(&s->job, run, &position, &n);
    require_ok(map_worker_flush(w, &s->job, position, n, &err), &err);
    lap(&parts[FLUSH], &start);
    require_ok(map_record_append(&s->job, w, run, &err), &err);
    lap(&parts[RECORD], &start);
}

static void plain_run(scene *s, map_worker *w, size_t run)
{
    vtr_error err;
    size_t first = run * MAP_RUN_BATCHES, last = first + MAP_RUN_BATCHES, position, n;
    for (size_t b = first; b < last && b < s->job.n_batches; b++) {
        const void *frames[VTR_LANES];
        frames_of(s, b, frames);
        require_ok(map_worker_compute(w, &s->job, b, frames, &err), &err);
    }
    map_run_positions(&s->job, run, &position, &n);
    require_ok(map_worker_flush(w, &s->job, position, n, &err), &err);
}

static double all_runs(scene *s, double parts[N_PARTS])
{
    double sums[N_PARTS] = {0};
    size_t n_runs = map_run_count(&s->job);
#pragma omp parallel num_threads(s->n_threads) reduction(+ : sums)
    {
        map_worker *w = s->workers[omp_get_thread_num()];
#pragma omp for schedule(dynamic, 1)
        for (size_t run = 0; run < n_runs; run++)
            if (parts != NULL)
                timed_run(s, w, run, sums);
            else
                plain_run(s, w, run);
    }
    if (parts != NULL)
        for (int k = BIN; k <= RECORD; k++)
            parts[k] = sums[k];
    double check = 0;
    for (size_t f = 0; f < s->n_frames; f++)
        check += s->job.ring.ellipse[VTR_RING_MAP_ELLIPSE_N * f + VTR_ELLIPSE_WXX];
    return check;
}

/* The fitted rings against the strain that was put in, and their scatter against their errors. */
static void check_answer(scene *s, const vtr_twin_position *truth)
{
    double mean[5] = {0}, chi2 = 0;
    for (size_t f = 0; f < DISTINCT; f++) {
        require(!(s->job.ring.flags[f] & VTR_FLAGS_NO_RING_DATA), "a pattern has no ring");
        for (int k = 0; k < 5; k++)
            mean[k] += s->job.ring.ellipse[5 * f + (size_t)k] / DISTINCT;
    }
    for (size_t f = 0; f < DISTINCT; f++)
        for (size_t k = 2; k < 5; k++) {
            double off = s->job.ring.ellipse[5 * f + k] - mean[k];
            chi2 += off * off / s->job.ring.covariance[15 * f + vtr_ring_map_covariance_index(k, k)];
        }
    chi2 /= 3 * (DISTINCT - 1);
    double norm = sqrt((mean[2] * mean[3] - mean[4] * mean[4]) /
                       ((1 + truth->exx) * (1 + truth->eyy) - truth->exy * truth->exy));
    printf("strain in and out, %%: exx %.3f %.3f  eyy %.3f %.3f  exy %.3f %.3f; reduced chi-squared %.3f\n",
           100 * truth->exx, 100 * (mean[2] / norm - 1), 100 * truth->eyy, 100 * (mean[3] / norm - 1),
           100 * truth->exy, 100 * mean[4] / norm, chi2);
    require(fabs(mean[2] / norm - 1 - truth->exx) < 6e-4 && fabs(mean[4] / norm - truth->exy) < 6e-4,
            "the strain is wrong");
    require(chi2 > 0.75 && chi2 < 1.3, "the strain's errors are wrong");
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(const scene *s, const char *name, double core[ROUNDS], double wall[ROUNDS], double check)
{
    double n = (double)s->n_frames, bytes = n * PIXELS * sizeof *s->frames;
    qsort(core, ROUNDS, sizeof *core, compare);
    printf("%-30s u16 %zu x %d x %d  %6.2f us core (median %6.2f)", name, s->n_frames, SIDE, SIDE,
           1e6 * core[0] / n, 1e6 * core[ROUNDS / 2] / n);
    if (wall != NULL) {
        qsort(wall, ROUNDS, sizeof *wall, compare);
        printf("  %8.0f patterns/s (median %8.0f)  %5.1f GB/s", n / wall[0], n / wall[ROUNDS / 2],
               1e-9 * bytes / wall[0]);
    }
    if (!isnan(check)) printf("  check %.17g", check);
    printf("\n");
}

/* A journal without what stands before the records: of the pass it is only written. */
static void open_checkpoint(scene *s, const char *map_path)
{
    vtr_error err;
    char path[600];
    snprintf(path, sizeof path, "%s.checkpoint", map_path);
    require_ok(vtr_journal_open(&s->checkpoint.journal, path, true, &err), &err);
    s->checkpoint.interval_s = 5;
    s->job.checkpoint = &s->checkpoint;
}

static double once(scene *s, int part, double parts[N_PARTS])
{
    if (part == BARE) return bare_sum(s);
    if (part == BINS) return only_bins(s, s->bare_plan);
    if (part == ANNULI) return only_bins(s, s->job.variants[0].plan);
    return all_runs(s, part == WHOLE ? NULL : parts);
}

static void bench(scene *s)
{
    static const char *const names[N_PARTS] = {"bare sum",
                                               "binning",
                                               "binning, 3 annuli",
                                               "binning, annuli, pattern sums",
                                               "likelihood fit",
                                               "direct beam",
                                               "profile with variance",
                                               "profiles into the file",
                                               "records into the checkpoint",
                                               "the whole pass"};
    double core[N_PARTS][ROUNDS], wall[N_PARTS][ROUNDS], check[N_PARTS];
    for (int round = 0; round < ROUNDS; round++)
        for (int part = 0; part < N_PARTS; part++) {
            if (part > BIN && part < WHOLE) continue;
            double parts[N_PARTS] = {0}, start = clock_s(CLOCK_MONOTONIC),
                   start_core = clock_s(CLOCK_PROCESS_CPUTIME_ID);
            check[part] = once(s, part, parts);
            core[part][round] = clock_s(CLOCK_PROCESS_CPUTIME_ID) - start_core;
            wall[part][round] = clock_s(CLOCK_MONOTONIC) - start;
            if (part == BIN)
                for (int k = BIN; k <= RECORD; k++)
                    core[k][round] = parts[k];
        }
    for (int part = 0; part < N_PARTS; part++) {
        bool is_step = part >= BIN && part < WHOLE;
        report(s, names[part], core[part], is_step ? NULL : wall[part], is_step ? NAN : check[part]);
    }
    printf("the checkpoint's records take %.2f %% of the pass, shortest by shortest\n",
           100 * core[RECORD][0] / core[WHOLE][0]);
}

int main(int argc, char **argv)
{
    scene s = {.n_threads = argc > 1 ? atoi(argv[1]) : 2,
               .n_frames = argc > 2 ? (size_t)atol(argv[2]) / DISTINCT * DISTINCT : 1024};
    require(s.n_threads > 0 && s.n_threads <= 256 && s.n_frames > 0, "usage: bench_pass [THREADS] [FRAMES]");
    const char *folder = getenv("TMPDIR");
    char npy[512], map[512];
    snprintf(npy, sizeof npy, "%s/bench-pass-%ld.npy", folder != NULL ? folder : "/tmp", (long)getpid());
    snprintf(map, sizeof map, "%s/bench-pass-%ld.h5", folder != NULL ? folder : "/tmp", (long)getpid());
    vtr_twin_position truth;
    fill(&s, &truth);
    calibrate(&s, npy);
    prepare(&s, map);
    open_checkpoint(&s, map);
    printf("threads %d, kernel %d (0 portable, 1 AVX2, 2 AVX-512)\n", s.n_threads, (int)vtr_cpu_best());
    all_runs(&s, NULL);
    check_answer(&s, &truth);
    bench(&s);
    for (int t = 0; t < s.n_threads; t++) {
        map_worker_free(s.workers[t]);
        vtr_polar_batch_free(&s.own_batch[t]);
    }
    vtr_free(s.workers);
    vtr_free(s.own_batch);
    vtr_polar_plan_free(&s.bare_plan);
    vtr_journal_remove(&s.checkpoint.journal);
    map_job_release(&s.job);
    vtr_mapfile_close(&s.file);
    vtr_calibration_free(s.calibration);
    vtr_free(s.frames);
    return 0;
}
