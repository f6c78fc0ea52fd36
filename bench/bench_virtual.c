/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a drag of a virtual detector to its image, of a cached recording of 256 x 256 px, u16: the first coarse image that
 * the viewer shows, and the whole one: bench_virtual [FOLDER [ROWS]], rows of 64 patterns. Beside the time on the clock
 * stands that of the processors, which other programs do not lengthen, and the ratio of the former to adding up the same
 * bytes in memory, one after the other. The answer is checked before it is timed. The file stays in FOLDER (.) only
 * while the program runs. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/base_internal.h"
#include "vitrail/virtual.h"

enum { SIDE = 256, PIXELS = SIDE * SIDE, COLUMNS = 64, ROUNDS = 5 };

typedef struct times {
    double clock_s, processor_s;
} times;

static times now(void)
{
    struct timespec t, p;
    clock_gettime(CLOCK_MONOTONIC, &t);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &p);
    return (times){(double)t.tv_sec + 1e-9 * (double)t.tv_nsec, (double)p.tv_sec + 1e-9 * (double)p.tv_nsec};
}

static times since(times start)
{
    times t = now();
    return (times){t.clock_s - start.clock_s, t.processor_s - start.processor_s};
}

static times least(times a, times b)
{
    return (times){fmin(a.clock_s, b.clock_s), fmin(a.processor_s, b.processor_s)};
}

static void require(vtr_status status, const vtr_error *err)
{
    if (status == VTR_OK) return;
    fprintf(stderr, "bench_virtual: %s\n", err->message);
    exit(1);
}

/* Every pixel of a frame is the frame's number, up to 4095. */
static void write_recording(const char *path, size_t n_rows)
{
    vtr_error err;
    vtr_dataset_info info = {.shape = {n_rows, COLUMNS, SIDE, SIDE}, .type = VTR_TYPE_U16};
    vtr_dataset_writer *writer = NULL;
    uint16_t *frame = vtr_malloc(PIXELS, sizeof *frame);
    require(vtr_dataset_writer_open(&writer, path, &info, true, &err), &err);
    for (size_t f = 0; f < n_rows * COLUMNS; f++) {
        for (size_t p = 0; p < PIXELS; p++)
            frame[p] = (uint16_t)(f & 4095);
        require(vtr_dataset_writer_write(writer, f, 1, frame, &err), &err);
    }
    require(vtr_dataset_writer_finish(&writer, &err), &err);
    vtr_free(frame);
}

/* Adds up so many bytes of memory, in words of 64 bits, on so many threads. */
static times read_once(const uint64_t *words, size_t n_bytes, int threads)
{
    uint64_t sum = 0;
    times start = now();
    long n = (long)(n_bytes / sizeof *words);
#pragma omp parallel for num_threads(threads) reduction(+ : sum)
    for (long i = 0; i < n; i++)
        sum += words[i];
    times taken = since(start);
    if (sum == 1) printf("-\n"); /* so that the sum is needed */
    return taken;
}

static times image_once(size_t *n_pixels, float *image, vtr_dataset *dataset, const vtr_virtual *detector,
                        size_t stride, int threads)
{
    vtr_error err;
    times start = now();
    require(vtr_virtual_image(image, n_pixels, dataset, NULL, detector, stride, threads, NULL, &err), &err);
    times taken = since(start);
    size_t last = (COLUMNS - 1) / stride;
    if (image[last] != (float)((double)*n_pixels * (double)(last * stride))) {
        fprintf(stderr, "bench_virtual: the image is wrong\n");
        exit(1);
    }
    return taken;
}

static void bench_one(vtr_dataset *dataset, float *image, const uint64_t *memory, const char *text,
                      size_t stride, int threads)
{
    vtr_error err;
    vtr_virtual detector;
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    size_t n_pixels = 0,
           n_frames = ((info->shape[0] + stride - 1) / stride) * ((COLUMNS + stride - 1) / stride);
    times best = {INFINITY, INFINITY}, reading = best;
    require(vtr_virtual_parse(&detector, text, &err), &err);
    for (int round = 0; round < ROUNDS; round++) {
        best = least(best, image_once(&n_pixels, image, dataset, &detector, stride, threads));
        reading = least(reading, read_once(memory, n_frames * n_pixels * 2, threads));
    }
    printf("  %-27s every %zu. position, %d threads: %7.1f ms (%7.1f ms of processors), %.2f x reading its "
           "%4.0f MB\n",
           text, stride, threads, 1e3 * best.clock_s, 1e3 * best.processor_s, best.clock_s / reading.clock_s,
           2e-6 * (double)(n_frames * n_pixels));
}

static void bench(const char *path, size_t n_rows)
{
    static const char *const detectors[] = {"disc:127.5,127.5,20", "annulus:127.5,127.5,60,110"};
    vtr_error err;
    vtr_dataset *dataset = NULL;
    double bytes = (double)n_rows * COLUMNS * PIXELS * 2;
    float *image = vtr_malloc(n_rows * COLUMNS, sizeof *image);
    uint64_t *memory = vtr_calloc(n_rows * COLUMNS * PIXELS / 2, 2);
    if (image == NULL || memory == NULL) exit(1);
    memset(memory, 1, n_rows * COLUMNS * PIXELS);
    write_recording(path, n_rows);
    require(vtr_dataset_open(&dataset, path, NULL, &err), &err);
    size_t coarse = (size_t)ceil(sqrt(bytes / 48e6));
    printf("bench_virtual: %.2f GiB, %d x %d px, u16\n", bytes / (1 << 30), SIDE, SIDE);
    for (size_t d = 0; d < 2; d++) {
        bench_one(dataset, image, memory, detectors[d], coarse, 2);
        bench_one(dataset, image, memory, detectors[d], 1, 1);
        bench_one(dataset, image, memory, detectors[d], 1, 2);
    }
    vtr_dataset_close(&dataset);
    vtr_free(memory);
    vtr_free(image);
}

int main(int argc, char **argv)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/bench_virtual.npy", argc > 1 ? argv[1] : ".");
    size_t n_rows = argc > 2 ? strtoul(argv[2], NULL, 10) : 64;
    bench(path, n_rows > 0 ? n_rows : 64);
    unlink(path);
    return 0;
}
