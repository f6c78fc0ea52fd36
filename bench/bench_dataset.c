/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading a cached recording in blocks of 16 frames of 256 x 256 px, u16: bench_dataset [FOLDER [FRAMES]]. The answer is
 * checked before it is timed. The file stays in FOLDER (.) only while the program runs. */
#define _POSIX_C_SOURCE 200809L
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/base_internal.h"
#include "vitrail/dataset.h"

enum { SIDE = 256, PIXELS = SIDE * SIDE, BLOCK = 16, ROUNDS = 7 };

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void require(vtr_status status, const vtr_error *err)
{
    if (status == VTR_OK) return;
    fprintf(stderr, "bench_dataset: %s\n", err->message);
    exit(1);
}

/* Counts like those of a weak pattern: each frame's first pixel is its number. */
static void write_recording(const char *path, size_t n_frames)
{
    vtr_error err;
    vtr_dataset_info info = {.shape = {n_frames / 64, 64, SIDE, SIDE}, .type = VTR_TYPE_U16};
    vtr_dataset_writer *writer = NULL;
    uint16_t *frame = vtr_malloc(PIXELS, sizeof *frame);
    vtr_random random;
    vtr_random_start(&random, 1, 1);
    for (size_t p = 0; p < PIXELS; p++)
        frame[p] = (uint16_t)(vtr_random_u32(&random) % 32);
    require(vtr_dataset_writer_open(&writer, path, &info, true, &err), &err);
    for (size_t f = 0; f < n_frames; f++) {
        frame[0] = (uint16_t)f;
        require(vtr_dataset_writer_write(writer, f, 1, frame, &err), &err);
    }
    require(vtr_dataset_writer_finish(&writer, &err), &err);
    vtr_free(frame);
}

/* Reads everything with so many threads; seconds. */
static double read_once(vtr_dataset *dataset, size_t n_frames, uint16_t *buffers, int threads)
{
    double start = now_s();
    long wrong = 0;
#pragma omp parallel for num_threads(threads) schedule(dynamic) reduction(+ : wrong)
    for (size_t first = 0; first < n_frames; first += BLOCK) {
        uint16_t *block = buffers + (size_t)omp_get_thread_num() * BLOCK * PIXELS;
        wrong +=
            vtr_dataset_read(dataset, first, BLOCK, block, NULL) != VTR_OK || block[0] != (uint16_t)first;
    }
    if (wrong != 0) {
        fprintf(stderr, "bench_dataset: %ld blocks are wrong\n", wrong);
        exit(1);
    }
    return now_s() - start;
}

static void bench(const char *path, size_t n_frames)
{
    vtr_error err;
    vtr_dataset *dataset = NULL;
    write_recording(path, n_frames);
    double start = now_s();
    require(vtr_dataset_open(&dataset, path, NULL, &err), &err);
    double open_s = now_s() - start;
    uint16_t *buffers = vtr_calloc(2 * BLOCK * PIXELS, sizeof *buffers);
    for (int threads = 1; threads <= 2; threads++) {
        double best = 1e9;
        for (int round = 0; round < ROUNDS; round++) {
            double seconds = read_once(dataset, n_frames, buffers, threads);
            if (seconds < best) best = seconds;
        }
        printf("%-16s %zu x %d x %d u16, blocks of %d, %d thread%s: %7.1f us a frame, %6.2f GB/s; opened in "
               "%.2f ms\n",
               strrchr(path, '/') + 1, n_frames, SIDE, SIDE, BLOCK, threads, threads > 1 ? "s" : " ",
               1e6 * best / (double)n_frames, (double)n_frames * PIXELS * 2 / best / 1e9, 1e3 * open_s);
    }
    vtr_free(buffers);
    vtr_dataset_close(&dataset);
    unlink(path);
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : ".";
    size_t n_frames = argc > 2 ? (size_t)atol(argv[2]) / 64 * 64 : 4096;
    char path[4096];
    snprintf(path, sizeof path, "%s/bench.npy", folder);
    bench(path, n_frames);
    snprintf(path, sizeof path, "%s/bench.h5", folder);
    bench(path, n_frames / 16 / 64 * 64);
    return 0;
}
