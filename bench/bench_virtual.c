/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a drag of a virtual detector to its image, of a cached recording of 256 x 256 px, u16: the first coarse image that
 * the viewer shows, and the whole one: bench_virtual [FOLDER [ROWS]], rows of 64 patterns. The answer is checked before it is timed. The file
 * stays in FOLDER (.) only while the program runs. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/base_internal.h"
#include "vitrail/virtual.h"

enum { SIDE = 256, PIXELS = SIDE * SIDE, COLUMNS = 64, ROUNDS = 5 };

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
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

static double image_once(float *image, vtr_dataset *dataset, const vtr_virtual *detector, size_t stride,
                         int threads)
{
    vtr_error err;
    size_t n_pixels = 0;
    double start = now_s();
    require(vtr_virtual_image(image, &n_pixels, dataset, NULL, detector, stride, threads, NULL, &err), &err);
    double seconds = now_s() - start;
    size_t last = (COLUMNS - 1) / stride;
    if (image[last] != (float)((double)n_pixels * (double)(last * stride))) {
        fprintf(stderr, "bench_virtual: the image is wrong\n");
        exit(1);
    }
    return seconds;
}

static void bench(const char *path, size_t n_rows)
{
    static const char *const detectors[] = {"disc:127.5,127.5,20", "annulus:127.5,127.5,60,110"};
    vtr_error err;
    vtr_dataset *dataset = NULL;
    vtr_virtual detector;
    double bytes = (double)n_rows * COLUMNS * PIXELS * 2;
    float *image = vtr_malloc(n_rows * COLUMNS, sizeof *image);
    write_recording(path, n_rows);
    require(vtr_dataset_open(&dataset, path, NULL, &err), &err);
    size_t coarse = (size_t)ceil(sqrt(bytes / 48e6));
    printf("bench_virtual: %.2f GiB, %d x %d px, u16\n", bytes / (1 << 30), SIDE, SIDE);
    for (size_t d = 0; d < 2; d++)
        for (int k = 0; k < 3; k++) {
            size_t stride = k == 0 ? coarse : 1;
            int threads = k == 1 ? 1 : 2;
            double best = INFINITY;
            require(vtr_virtual_parse(&detector, detectors[d], &err), &err);
            for (int round = 0; round < ROUNDS; round++)
                best = fmin(best, image_once(image, dataset, &detector, stride, threads));
            printf("  %-27s every %zu. position, %d threads: %7.1f ms\n", detectors[d], stride, threads,
                   1e3 * best);
        }
    vtr_dataset_close(&dataset);
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
