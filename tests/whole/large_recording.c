/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A recording of 21 GB, sparse on disk: zeros but for some hundred real patterns. Mapping it stays far below 2 GiB, and
 * hardly needs more than mapping a tenth of it. */
#define _XOPEN_SOURCE 700 /* pwrite, ftruncate */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "../unit/pass/support_pass.h"
#include "base/base_internal.h"

enum { SIDE = 256, SCAN_ROWS = 320, SCAN_COLUMNS = 512, EVERY = 512, HEADER = 128 };
static const size_t frame_bytes = SIDE * SIDE * sizeof(uint16_t);

/* The largest resident memory of this process so far, bytes. */
static double peak_bytes(void)
{
    char line[256];
    double kib = NAN;
    FILE *file = fopen("/proc/self/status", "r");
    if (file == NULL) return NAN;
    while (fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "VmHWM: %lf kB", &kib) == 1) break;
    fclose(file);
    return 1024 * kib;
}

/* An .npy of `rows` scan rows without pixels: all zeros. */
static int make_sparse(const char *path, size_t rows)
{
    static const char magic[10] = {(char)0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, HEADER - 10, 0};
    char header[HEADER];
    memset(header, ' ', sizeof header);
    memcpy(header, magic, sizeof magic);
    int n = snprintf(header + sizeof magic, sizeof header - sizeof magic,
                     "{'descr': '<u2', 'fortran_order': False, 'shape': (%zu, %d, %d, %d), }", rows,
                     SCAN_COLUMNS, SIDE, SIDE);
    assert_true(n > 0 && (size_t)n + sizeof magic < sizeof header);
    header[sizeof magic + (size_t)n] = ' ';
    header[HEADER - 1] = '\n';
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(file >= 0);
    assert_int_equal(pwrite(file, header, HEADER, 0), HEADER);
    assert_int_equal(ftruncate(file, (off_t)(HEADER + rows * SCAN_COLUMNS * frame_bytes)), 0);
    return file;
}

static double map_rows(const recording *real, const vtr_calibration *calibration, size_t rows)
{
    vtr_error err;
    char name[32];
    snprintf(name, sizeof name, "%zu.npy", rows);
    const char *path = test_folder_path(name);
    int file = make_sparse(path, rows);
    size_t positions = rows * SCAN_COLUMNS, n_real = 0;
    for (size_t p = EVERY / 2; p < positions; p += EVERY, n_real++)
        assert_int_equal(pwrite(file, real->frames + n_real % real->info.shape[1] * frame_bytes, frame_bytes,
                                (off_t)(HEADER + p * frame_bytes)),
                         (ssize_t)frame_bytes);
    close(file);
    pass_job job = {.input = path, .output = test_folder_path("map.h5"), .calibration = calibration};
    assert_ok(pass_run(&job, &err));
    assert_int_equal(job.summary.n_positions, positions);
    assert_int_equal(job.summary.n_fitted, n_real);
    double peak = peak_bytes();
    print_message("%.1f GB: %.0f patterns/s, peak memory %.0f MiB\n", 1e-9 * job.summary.bytes,
                  (double)positions / job.summary.seconds, peak / 1048576);
    remove(path);
    remove(job.output);
    return peak;
}

static void memory_does_not_grow_with_the_recording(void **state)
{
    (void)state;
    vtr_error err;
    struct statvfs disk;
    if (isnan(peak_bytes()) || statvfs(test_folder_path(""), &disk) != 0 ||
        (double)disk.f_bavail * (double)disk.f_frsize < 1e9)
        skip();
    vtr_twin_params params = recording_params();
    params.scan[0] = 1;
    params.scan[1] = 64;
    params.pattern[0] = params.pattern[1] = SIDE;
    params.centre_x = params.centre_y = NAN;
    params.descan_px = params.descan_bow_px = 0;
    params.electrons = 1e6;
    recording real;
    recording_make(&real, &params, VTR_TYPE_U16);
    vtr_calibration *calibration = NULL;
    assert_ok(pass_calibrate(&calibration, recording_write(&real, "real.npy"), NULL, 0, &err));
    double before = peak_bytes(), little = map_rows(&real, calibration, SCAN_ROWS / 10);
    double much = map_rows(&real, calibration, SCAN_ROWS);
    print_message("peak memory before the pass %.0f MiB\n", before / 1048576);
    assert_true(much < 0.75 * 2147483648.0);
    /* what grows is the maps: some 400 bytes a position, the buffers of writing them included */
    assert_true(much - little < 600.0 * SCAN_ROWS * SCAN_COLUMNS);
    vtr_calibration_free(calibration);
    recording_release(&real);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(memory_does_not_grow_with_the_recording, pass_folder_make,
                                        pass_folder_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
