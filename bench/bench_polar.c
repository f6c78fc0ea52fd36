/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Polar binning, mean pattern and radial profile of 256 x 256 px frames in memory, against a bare sum over the same
 * bytes: bench_polar [THREADS] [FRAMES]. Each answer is checked before it is timed. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base_internal.h"
#include "vitrail/polar.h"

enum { SIDE = 256, PIXELS = SIDE * SIDE, ROUNDS = 9, MAX_THREADS = 64 };

typedef struct scene {
    vtr_type type;
    size_t n_frames, frame_bytes;
    char *frames;
    int n_threads;
    vtr_polar_plan *plan;
    vtr_polar_batch *batch[MAX_THREADS];
    vtr_pattern *pattern[MAX_THREADS];
    float *profile[MAX_THREADS];
    vtr_polar_lanes lanes;
} scene;

static double seconds(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void require(int is_true, const char *what)
{
    if (is_true) return;
    fprintf(stderr, "bench_polar: %s\n", what);
    exit(1);
}

/* A ring on a background, with noise: counts of some ten to some hundred. */
static void fill(scene *s)
{
    vtr_random random;
    vtr_random_start(&random, 3, 0);
    uint16_t *noise = vtr_malloc(PIXELS + 4096, sizeof *noise);
    require(noise != NULL, "out of memory");
    for (size_t i = 0; i < PIXELS + 4096; i++)
        noise[i] = (uint16_t)(vtr_random_u32(&random) >> 27);
    for (size_t f = 0; f < s->n_frames; f++) {
        for (size_t i = 0; i < PIXELS; i++) {
            double x = (double)(i % SIDE) - 127.6, y = (double)(i / SIDE) - 127.2, r2 = x * x + y * y;
            uint32_t ring = (uint32_t)(20000 / (200 + r2)) + (r2 > 60 * 60 && r2 < 70 * 70 ? 90 : 0);
            uint32_t value = ring + noise[i + f % 4096];
            char *at = s->frames + f * s->frame_bytes + i * vtr_type_size(s->type);
            if (s->type == VTR_TYPE_U8)
                *at = (char)(uint8_t)(value > 255 ? 255 : value);
            else if (s->type == VTR_TYPE_F32)
                *(float *)(void *)at = (float)value;
            else
                *(uint16_t *)(void *)at = (uint16_t)value;
        }
    }
    vtr_free(noise);
}

static double pixel(const scene *s, size_t f, size_t i)
{
    const char *at = s->frames + f * s->frame_bytes + i * vtr_type_size(s->type);
    if (s->type == VTR_TYPE_U8) return *(const uint8_t *)at;
    if (s->type == VTR_TYPE_F32) return (double)*(const float *)(const void *)at;
    return *(const uint16_t *)(const void *)at;
}

static void frames_of(const scene *s, size_t first, const void *frames[VTR_LANES])
{
    for (size_t lane = 0; lane < VTR_LANES; lane++)
        frames[lane] = s->frames + (first + lane) * s->frame_bytes;
}

static double bare_sum(const scene *s)
{
    uint64_t total = 0;
#pragma omp parallel for num_threads(s->n_threads) reduction(+ : total) schedule(static)
    for (size_t f = 0; f < s->n_frames; f++) {
        const uint64_t *words = (const uint64_t *)(const void *)(s->frames + f * s->frame_bytes);
        uint64_t a = 0, b = 0, c = 0, d = 0;
        for (size_t i = 0; i < s->frame_bytes / 8; i += 4) {
            a += words[i];
            b += words[i + 1];
            c += words[i + 2];
            d += words[i + 3];
        }
        total += a + b + c + d;
    }
    return (double)(total >> 32);
}

enum { DO_BIN = 1, DO_PATTERN = 2, DO_PROFILE = 4, DO_FUSED = 8 };

static double work(scene *s, unsigned what)
{
    double check = 0;
#pragma omp parallel for num_threads(s->n_threads) reduction(+ : check) schedule(static)
    for (size_t b = 0; b < s->n_frames / VTR_LANES; b++) {
        int t = omp_get_thread_num();
        const void *frames[VTR_LANES];
        frames_of(s, b * VTR_LANES, frames);
        if (what & DO_BIN) {
            vtr_polar_bin(s->batch[t], s->plan, s->type, frames, what & DO_FUSED ? s->pattern[t] : NULL,
                          NULL);
            check += s->batch[t]->total[b % VTR_LANES];
        }
        if (what & DO_PATTERN) vtr_pattern_add(s->pattern[t], frames);
        if (what & DO_PROFILE) {
            float *mean = s->profile[t], *variance = mean + s->plan->n_r * VTR_LANES;
            vtr_polar_profile(mean, variance, NULL, s->batch[t], &s->lanes, NULL, NULL);
            check += (double)mean[64 * VTR_LANES];
        }
    }
    return check;
}

/* The first and the last batch against sums pixel by pixel. */
static void check_answers(scene *s)
{
    double *sums = vtr_malloc((s->plan->n_bins + 1) * VTR_LANES, sizeof *sums);
    require(sums != NULL, "out of memory");
    for (size_t first = 0; first < s->n_frames; first += s->n_frames - VTR_LANES) {
        const void *frames[VTR_LANES];
        frames_of(s, first, frames);
        require(vtr_polar_bin(s->batch[0], s->plan, s->type, frames, NULL, NULL) == VTR_OK, "binning failed");
        vtr_polar_batch_exact(s->batch[0], sums);
        for (size_t i = 0; i < PIXELS; i++) {
            double x = (double)(i % SIDE) - s->plan->centre_x_px,
                   y = (double)(i / SIDE) - s->plan->centre_y_px;
            double angle = atan2(y, x) / (2 * acos(-1.0));
            size_t ring = (size_t)sqrt(x * x + y * y), n = s->plan->n_sectors;
            size_t sector = (size_t)((angle < 0 ? angle + 1 : angle) * (double)n + 0.5) % n;
            size_t bin = ring < s->plan->n_r ? ring * n + sector : s->plan->n_bins;
            for (size_t lane = 0; lane < VTR_LANES; lane++)
                sums[bin * VTR_LANES + lane] -= pixel(s, first + lane, i);
        }
        for (size_t i = 0; i < (s->plan->n_bins + 1) * VTR_LANES; i++)
            require(fabs(sums[i]) < 0.5, "a bin's sum is wrong");
    }
    vtr_free(sums);
}

static double report(scene *s, const char *name, unsigned what, double bare_seconds)
{
    double best = 1e9, best_core = 1e9, check = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double start = seconds(CLOCK_MONOTONIC), start_core = seconds(CLOCK_PROCESS_CPUTIME_ID);
        check = what == 0 ? bare_sum(s) : work(s, what);
        best_core = fmin(best_core, seconds(CLOCK_PROCESS_CPUTIME_ID) - start_core);
        best = fmin(best, seconds(CLOCK_MONOTONIC) - start);
    }
    double bytes = (double)s->n_frames * (double)s->frame_bytes, n = (double)s->n_frames;
    printf("%-24s %s %zu x %d x %d  %6.0f ns/frame  %6.2f us core  %5.1f GB/s  %4.2f of bare  check %.17g\n",
           name, vtr_type_name(s->type), s->n_frames, SIDE, SIDE, 1e9 * best / n, 1e6 * best_core / n,
           1e-9 * bytes / best, bare_seconds > 0 ? bare_seconds / best : 1.0, check);
    return best;
}

static void bench_type(vtr_type type, size_t n_frames, int n_threads)
{
    scene s = {.type = type, .n_frames = n_frames, .n_threads = n_threads};
    s.frame_bytes = PIXELS * vtr_type_size(type);
    s.frames = vtr_malloc(n_frames, s.frame_bytes);
    require(s.frames != NULL, "out of memory");
    vtr_polar_geometry geometry = vtr_polar_default_geometry(SIDE, SIDE);
    require(vtr_polar_plan_create(&s.plan, &geometry, NULL) == VTR_OK, "no plan");
    for (int t = 0; t < n_threads; t++) {
        s.profile[t] = vtr_malloc(2 * s.plan->n_r * VTR_LANES, sizeof(float));
        require(s.profile[t] != NULL && vtr_polar_batch_create(&s.batch[t], NULL) == VTR_OK &&
                    vtr_pattern_create(&s.pattern[t], type, SIDE, SIDE, NULL) == VTR_OK,
                "out of memory");
    }
    for (size_t lane = 0; lane < VTR_LANES; lane++) {
        s.lanes.dx_px[lane] = 0.4f + 0.01f * (float)lane;
        s.lanes.dy_px[lane] = -0.2f + 0.02f * (float)lane;
        s.lanes.exx[lane] = 0.001f * (float)(lane % 3);
        s.lanes.exy[lane] = 0.001f * (float)(lane % 5);
    }
    fill(&s);
    check_answers(&s);
    work(&s, DO_BIN | DO_PATTERN | DO_PROFILE);
    double bare = report(&s, "bare sum", 0, 0);
    report(&s, "polar bins 128 x 32", DO_BIN, bare);
    report(&s, "mean pattern", DO_PATTERN, bare);
    report(&s, "bins + pattern, fused", DO_BIN | DO_FUSED, bare);
    report(&s, "profile 128", DO_PROFILE, bare);
    report(&s, "bins + pattern + profile", DO_BIN | DO_FUSED | DO_PROFILE, bare);
    for (int t = 0; t < n_threads; t++) {
        vtr_free(s.profile[t]);
        vtr_polar_batch_free(&s.batch[t]);
        vtr_pattern_free(&s.pattern[t]);
    }
    vtr_polar_plan_free(&s.plan);
    vtr_free(s.frames);
}

int main(int argc, char **argv)
{
    int n_threads = argc > 1 ? atoi(argv[1]) : vtr_thread_count(0);
    size_t n_frames = argc > 2 ? (size_t)atol(argv[2]) / VTR_LANES * VTR_LANES : 1024;
    require(n_threads > 0 && n_threads <= MAX_THREADS && n_frames >= 2 * VTR_LANES,
            "usage: bench_polar [THREADS] [FRAMES]");
    printf("threads %d, kernel %d (0 portable, 1 AVX2, 2 AVX-512)\n", n_threads, (int)vtr_cpu_best());
    bench_type(VTR_TYPE_U16, n_frames, n_threads);
    bench_type(VTR_TYPE_U8, n_frames, n_threads);
    bench_type(VTR_TYPE_F32, n_frames, n_threads);
    return 0;
}
