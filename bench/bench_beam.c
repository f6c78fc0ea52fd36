/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Centre of mass of the direct beam in 256 x 256 px frames in memory, discs of several radii, against a bare sum over
 * whole frames: bench_beam [FRAMES]. The answer is checked before it is timed. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/base_internal.h"
#include "vitrail/beam.h"

enum { SIDE = 256, PIXELS = SIDE * SIDE, ROUNDS = 9 };

static double core_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void require(int is_true, const char *what)
{
    if (is_true) return;
    fprintf(stderr, "bench_beam: %s\n", what);
    exit(1);
}

/* Noisy discs, each a little off the middle. */
static void fill(uint16_t *frames, size_t n_frames, double radius)
{
    vtr_random random;
    vtr_random_start(&random, 5, 0);
    for (size_t f = 0; f < n_frames; f++) {
        double cx = 127.5 + 0.05 * (double)(f % 16), cy = 128.1 - 0.04 * (double)(f % 11);
        for (size_t i = 0; i < PIXELS; i++) {
            double r = hypot((double)(i % SIDE) - cx, (double)(i / SIDE) - cy);
            double inside = fmin(1, fmax(0, radius + 0.5 - r));
            frames[f * PIXELS + i] = (uint16_t)(20 + 380 * inside + (vtr_random_u32(&random) & 15));
        }
    }
}

static double beams(const uint16_t *frames, size_t n_frames, const vtr_beam_params *params)
{
    double check = 0;
    for (size_t f = 0; f < n_frames; f++) {
        vtr_beam_position p;
        vtr_beam_centre_of_mass(&p, VTR_TYPE_U16, frames + f * PIXELS, params, NULL);
        check += p.x_px;
        require(p.flags == 0 && fabs(p.x_px - (127.5 + 0.05 * (double)(f % 16))) < 0.1,
                "a position is wrong");
    }
    return check;
}

static double bare_sum(const uint16_t *frames, size_t n_frames)
{
    const uint64_t *words = (const void *)frames;
    uint64_t total = 0;
    for (size_t i = 0; i < n_frames * PIXELS / 4; i++)
        total += words[i];
    return (double)(total >> 32);
}

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? (size_t)atol(argv[1]) : 128;
    uint16_t *frames = vtr_malloc(n * PIXELS, sizeof *frames);
    require(n > 0 && frames != NULL, "usage: bench_beam [FRAMES]");
    for (double radius = 6; radius <= 24; radius *= 2) {
        vtr_beam_params params = vtr_beam_default_params(SIDE, SIDE, 128, 128, radius + 2);
        fill(frames, n, radius);
        double best = 1e9, bare = 1e9, check = 0, sum = 0;
        for (int round = 0; round < ROUNDS; round++) {
            double start = core_seconds();
            sum += bare_sum(frames, n);
            double middle = core_seconds();
            check = beams(frames, n, &params);
            bare = fmin(bare, middle - start);
            best = fmin(best, core_seconds() - middle);
        }
        printf("centre of mass, disc of %2.0f px  u16 %zu x %d x %d  %6.0f ns/frame  %5.1f GB/s of whole "
               "frames  "
               "%.2f of bare  check %.17g %g\n",
               radius, n, SIDE, SIDE, 1e9 * best / (double)n, 1e-9 * (double)n * 2 * PIXELS / best,
               bare / best, check, sum);
    }
    vtr_free(frames);
    return 0;
}
