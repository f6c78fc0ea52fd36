/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The direct beam's position in frames in memory, on two threads, against a bare sum over all bytes of the same frames on as
 * many: bench_beam [FRAMES [THREADS]]. Every answer is checked before it is timed. FRAMES are those of 256 x 256 px, 1 GiB and
 * more than caches hold; of 128 x 128 px there are four times as many.
 *
 * "whole frame": the mask takes the disc that fills the frame and the ring about it takes the corners, so that all but some
 * corner pixels are read, once. "masked": what the pass does, a mask of the disc's radius and 2 px that is re-centred. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base_internal.h"
#include "vitrail/beam.h"

enum { ROUNDS = 9, DRAWN = 176 };

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void require(int is_true, const char *what)
{
    if (is_true) return;
    fprintf(stderr, "bench_beam: %s\n", what);
    exit(1);
}

typedef struct recording {
    size_t side, n_frames;
    int threads;
    uint16_t *frames;
} recording;

static double place(const recording *r, size_t f, int is_x)
{
    double middle = 0.5 * (double)r->side - 0.5;
    return is_x ? middle + 0.05 * (double)(f % 16) : middle + 0.6 - 0.04 * (double)(f % 11);
}

/* Noisy discs, each a little off the middle: counts inside, a tenth of them outside. Beyond DRAWN, which is a multiple of the
 * places' periods, they are copies. */
static void fill(recording *r, double radius, double height)
{
    vtr_random random;
    size_t n_bytes = 2 * r->side * r->side;
    vtr_random_start(&random, 5, 0);
    for (size_t f = 0; f < r->n_frames && f < DRAWN; f++)
        for (size_t i = 0; i < r->side * r->side; i++) {
            double off =
                hypot((double)(i % r->side) - place(r, f, 1), (double)(i / r->side) - place(r, f, 0));
            double mean = height * (0.5 * erfc((off - radius) / (0.5 * sqrt(2))) + 0.1);
            r->frames[f * r->side * r->side + i] = (uint16_t)vtr_random_poisson(&random, mean);
        }
    for (size_t f = DRAWN; f < r->n_frames; f++)
        memcpy(r->frames + f * r->side * r->side, r->frames + (f - DRAWN) * r->side * r->side, n_bytes);
}

static double bare_sum(const recording *r)
{
    size_t n_words = r->side * r->side / 4;
    uint64_t total = 0;
#pragma omp parallel for num_threads(r->threads) schedule(static) reduction(+ : total)
    for (size_t f = 0; f < r->n_frames; f++) {
        const uint64_t *words = (const void *)(r->frames + f * r->side * r->side);
        for (size_t i = 0; i < n_words; i++)
            total += words[i];
    }
    return (double)total;
}

/* One way to the position over all frames; the largest distance from the truth. */
typedef struct way {
    const char *name;
    vtr_beam_params params;
    vtr_beam_template *beam_template; /* NULL: centre of mass */
} way;

static double positions(const recording *r, const way *w)
{
    double worst = 0;
    size_t pixels = r->side * r->side;
#pragma omp parallel num_threads(r->threads) reduction(max : worst)
    {
        vtr_beam_scratch *scratch = NULL;
        if (w->beam_template != NULL) vtr_beam_scratch_create(&scratch, w->beam_template, NULL);
#pragma omp for schedule(static)
        for (size_t f = 0; f < r->n_frames; f++) {
            vtr_beam_position p;
            if (w->beam_template != NULL)
                vtr_beam_match(&p, VTR_TYPE_U16, r->frames + f * pixels, w->beam_template, scratch,
                               &w->params, NULL);
            else
                vtr_beam_centre_of_mass(&p, VTR_TYPE_U16, r->frames + f * pixels, &w->params, NULL);
            double off = hypot(p.x_px - place(r, f, 1), p.y_px - place(r, f, 0));
            worst = fmax(worst, isfinite(off) ? off : INFINITY);
        }
        vtr_beam_scratch_free(scratch);
    }
    return worst;
}

static void time_way(const recording *r, const way *w, double radius, double most_px)
{
    double best = INFINITY, bare = INFINITY, check = 0;
    require(positions(r, w) < most_px, "a position is wrong");
    for (int round = 0; round < ROUNDS; round++) {
        double start = seconds();
        check += bare_sum(r);
        double middle = seconds();
        check += positions(r, w);
        bare = fmin(bare, middle - start);
        best = fmin(best, seconds() - middle);
    }
    double bytes = 2 * (double)(r->side * r->side * r->n_frames);
    printf("%-28s disc %2.0f px  u16 %zu x %zu x %zu  %7.0f ns/frame  %8.0f frames/s  %5.1f GB/s, bare sum "
           "%5.1f GB/s: %5.2f  "
           "check %.9g\n",
           w->name, radius, r->n_frames, r->side, r->side, 1e9 * best / (double)r->n_frames,
           (double)r->n_frames / best, 1e-9 * bytes / best, 1e-9 * bytes / bare, bare / best, check);
}

static vtr_beam_params params_of(const recording *r, double radius)
{
    double middle = 0.5 * (double)r->side;
    vtr_beam_params p = vtr_beam_default_params(r->side, r->side, middle, middle, radius + 2);
    p.disc_radius_px = radius;
    return p;
}

static void time_masses(recording *r)
{
    for (double radius = 6; radius <= 24; radius *= 2) {
        way masked = {"centre of mass, masked", params_of(r, radius), NULL};
        fill(r, radius, 200);
        time_way(r, &masked, radius, 0.2);
    }
    double half = 0.5 * (double)r->side - 2;
    way whole = {"centre of mass, whole frame",
                 vtr_beam_default_params(r->side, r->side, half + 1.5, half + 1.5, half), NULL};
    whole.params.n_iterations = 0;
    whole.params.background_px[0] = half;
    whole.params.background_px[1] = sqrt(2) * half;
    time_way(r, &whole, 24, 1);
}

static void time_fits(recording *r)
{
    const void **frames = vtr_malloc(r->n_frames, sizeof *frames);
    require(frames != NULL, "out of memory");
    for (size_t f = 0; f < r->n_frames; f++)
        frames[f] = r->frames + f * r->side * r->side;
    for (double radius = 3; radius <= 24; radius *= 2)
        for (double electrons = 1e3; electrons <= 1e5; electrons *= 10) {
            char names[2][64];
            way disc = {names[0], params_of(r, radius), NULL}, mean = {names[1], params_of(r, radius), NULL};
            size_t n = r->n_frames < 64 ? r->n_frames : 64;
            snprintf(names[0], sizeof names[0], "disc, %.0e electrons", electrons);
            snprintf(names[1], sizeof names[1], "correlation, %.0e electrons", electrons);
            fill(r, radius, electrons / (3.141592653589793 * radius * radius));
            require(vtr_beam_template_disc(&disc.beam_template, &disc.params, NULL) == VTR_OK, "no disc");
            require(vtr_beam_template_mean(&mean.beam_template, &mean.params, VTR_TYPE_U16, frames, NULL, n,
                                           NULL) == VTR_OK,
                    "no mean disc");
            time_way(r, &disc, radius, 1);
            time_way(r, &mean, radius, 1);
            vtr_beam_template_free(disc.beam_template);
            vtr_beam_template_free(mean.beam_template);
        }
    vtr_free(frames);
}

int main(int argc, char **argv)
{
    recording r = {.n_frames = argc > 1 ? (size_t)atol(argv[1]) : 8192,
                   .threads = argc > 2 ? atoi(argv[2]) : 2};
    require(r.n_frames > 1 && r.threads > 0, "usage: bench_beam [FRAMES [THREADS]]");
    for (r.side = 256; r.side >= 128; r.side /= 2, r.n_frames *= 4) {
        r.frames = vtr_malloc(r.n_frames * r.side * r.side, sizeof *r.frames);
        require(r.frames != NULL, "out of memory");
        time_masses(&r);
        if (r.side == 128) time_fits(&r);
        vtr_free(r.frames);
    }
    return 0;
}
