/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Virtual detectors of recordings whose frames lie plainly in their file: read part by part, or where the system keeps the
 * file, they give what reading the whole frames gives, to the last count. */
#define _POSIX_C_SOURCE 200809L /* truncate, posix_fadvise */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base_internal.h"
#include "support.h"
#include "vitrail/virtual.h"

enum { N_Y = 5, N_X = 7, MOST_BYTES = 1 << 20 };

static unsigned char bytes[MOST_BYTES];

static const char *write_bytes(const char *name, size_t n)
{
    const char *path = test_folder_path(name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
    return path;
}

/* A few counts of both signs where the type has them, up to its ends where these are small; big-endian where asked. */
static void put(unsigned char *at, vtr_type type, uint32_t random, bool is_swapped)
{
    bool is_signed = type == VTR_TYPE_I8 || type == VTR_TYPE_I16 || type == VTR_TYPE_I32;
    int32_t low = (int32_t)(random % 100) - (is_signed ? 50 : 0);
    size_t size = vtr_type_size(type);
    if (size <= 2) memcpy(at, &random, size); /* every value there is */
    if (size == 4) memcpy(at, &low, 4);
    if (type == VTR_TYPE_F32) memcpy(at, &(float){(float)low}, 4);
    if (type == VTR_TYPE_F64) memcpy(at, &(double){(double)low}, 8);
    for (size_t i = 0; is_swapped && i < size / 2; i++) {
        unsigned char kept = at[i];
        at[i] = at[size - 1 - i];
        at[size - 1 - i] = kept;
    }
}

static const char *write_raw(const vtr_dataset_params *p, vtr_type type)
{
    vtr_random random;
    size_t n_frames = p->skip_frames + N_Y * (N_X + p->flyback), size = vtr_type_size(type);
    size_t pixels = p->shape[2] * p->shape[3], used = p->header_bytes;
    vtr_random_start(&random, 5, (uint64_t)type);
    for (size_t f = 0; f < n_frames; f++, used += p->gap_bytes)
        for (size_t i = 0; i < pixels; i++, used += size)
            put(bytes + used, type, vtr_random_u32(&random), p->byte_order == 1);
    assert_true(used <= sizeof bytes);
    return write_bytes("scan.raw", used);
}

/* Against frames read whole; `is_in` of the annulus below. */
static void compare(vtr_dataset *dataset, double y, double x, double low, double high)
{
    vtr_error err;
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    size_t n = info->shape[0] * info->shape[1], pixels = info->shape[2] * info->shape[3], on_it = 0;
    float *image = vtr_malloc(n, sizeof *image), *frame = vtr_malloc(pixels, sizeof *frame);
    vtr_virtual detector = {
        .centre_y_px = y, .centre_x_px = x, .radius_px = {low, high}, .angle_degrees = {0, 360}};
    assert_ok(vtr_virtual_image(image, &on_it, dataset, NULL, &detector, 1, 2, NULL, &err));
    for (size_t p = 0; p < n; p++) {
        double sum = 0;
        size_t members = 0;
        assert_ok(vtr_dataset_read_f32(dataset, p, 1, frame, &err));
        for (size_t i = 0; i < pixels; i++) {
            double dy = (double)(i / info->shape[3]) - y, dx = (double)(i % info->shape[3]) - x,
                   r = sqrt(dx * dx + dy * dy);
            if (r < low || r >= high) continue;
            sum += (double)frame[i];
            members++;
        }
        assert_int_equal(on_it, members);
        assert_near(image[p], (float)sum, 0);
    }
    vtr_free(image);
    vtr_free(frame);
}

static void compare_raw(vtr_type type, int byte_order, size_t header, size_t gap, size_t det_y, size_t det_x,
                        bool is_snake)
{
    vtr_error err;
    vtr_dataset *dataset = NULL;
    vtr_dataset_params p;
    vtr_parameters_default(&vtr_dataset_parameters, &p);
    p.shape[0] = N_Y;
    p.shape[1] = N_X;
    p.shape[2] = det_y;
    p.shape[3] = det_x;
    p.type = vtr_type_name(type);
    p.byte_order = byte_order;
    p.header_bytes = header;
    p.gap_bytes = gap;
    p.snake = is_snake;
    p.flyback = is_snake ? 2 : 0;
    const char *path = write_raw(&p, type);
    assert_ok(vtr_dataset_open(&dataset, path, &p, &err));
    compare(dataset, 0.4 * (double)det_y, 0.6 * (double)det_x, 0, 0.3 * (double)det_x + 0.5);
    compare(dataset, (double)det_y - 1, (double)det_x - 1, 1.5, 40); /* to the frame's very end */
    vtr_dataset_close(&dataset);
}

static void test_every_type_and_byte_order(void **state)
{
    (void)state;
    for (int type = VTR_TYPE_U8; type <= VTR_TYPE_F64; type++)
        for (int order = 0; order < 2; order++) {
            compare_raw((vtr_type)type, order, 0, 0, 33, 41, false);
            compare_raw((vtr_type)type, order, 7, 3, 20, 17,
                        true); /* no number is where this machine wants it */
        }
}

static void test_frames_shorter_than_a_run(void **state)
{
    (void)state;
    compare_raw(VTR_TYPE_U8, 0, 1, 0, 3, 4, false);
    compare_raw(VTR_TYPE_I16, 1, 0, 2, 2, 5, true);
    compare_raw(VTR_TYPE_U16, 0, 0, 0, 4, 4, false);
}

/* Merlin's rows are stored from the last to the first, its numbers big-endian. */
static void test_rows_from_the_last_to_the_first(void **state)
{
    (void)state;
    vtr_error err;
    vtr_dataset *dataset = NULL;
    enum { SIDE = 64, HEADER = 384, FRAME = HEADER + 2 * SIDE * SIDE, FRAMES = 3 };
    vtr_random random;
    vtr_random_start(&random, 6, 1);
    memset(bytes, 0, sizeof bytes);
    for (int f = 0; f < FRAMES; f++) {
        snprintf((char *)bytes + f * FRAME, HEADER, "MQ1,%06d,%05d,01,%04d,%04d,U16,   1x1,01,", f + 1,
                 HEADER, SIDE, SIDE);
        for (int i = 0; i < SIDE * SIDE; i++)
            put(bytes + f * FRAME + HEADER + 2 * i, VTR_TYPE_U16, vtr_random_u32(&random), true);
    }
    assert_ok(vtr_dataset_open(&dataset, write_bytes("scan.mib", FRAMES * FRAME), NULL, &err));
    compare(dataset, 10, 20, 3, 9.5);
    compare(dataset, 0, 0, 0, 100);
    vtr_dataset_close(&dataset);
}

/* What is no longer there is an error, and no signal. */
static void test_a_file_that_shrinks_meanwhile(void **state)
{
    (void)state;
    vtr_error err;
    vtr_dataset *dataset = NULL;
    vtr_dataset_params p;
    vtr_virtual detector;
    float image[N_Y * N_X];
    vtr_parameters_default(&vtr_dataset_parameters, &p);
    memcpy(p.shape, (const size_t[]){N_Y, N_X, 64, 64}, sizeof p.shape);
    p.type = "u8";
    const char *path = write_raw(&p, VTR_TYPE_U8);
    assert_ok(vtr_dataset_open(&dataset, path, &p, &err));
    assert_ok(vtr_virtual_parse(&detector, "disc:32,32,20", &err));
    assert_ok(vtr_virtual_image(image, NULL, dataset, NULL, &detector, 1, 1, NULL, &err));
    assert_int_equal(truncate(path, 70000), 0);
    assert_fails(vtr_virtual_image(image, NULL, dataset, NULL, &detector, 1, 1, NULL, &err), VTR_ERR_IO,
                 "the file ends");
    vtr_dataset_close(&dataset);
}

/* From the disk as from memory: where the file's pages were given back, or never were there. */
static void test_pages_that_are_not_in_memory(void **state)
{
    (void)state;
    vtr_error err;
    vtr_dataset *dataset = NULL;
    vtr_dataset_params p;
    vtr_parameters_default(&vtr_dataset_parameters, &p);
    memcpy(p.shape, (const size_t[]){N_Y, N_X, 64, 64}, sizeof p.shape);
    p.type = "u16";
    const char *path = write_raw(&p, VTR_TYPE_U16);
    int file = open(path, O_RDONLY);
    assert_true(file >= 0);
    fsync(file);
    assert_ok(vtr_dataset_open(&dataset, path, &p, &err));
    assert_int_equal(posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED), 0);
    compare(dataset, 30, 30, 2, 20);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(truncate(path, 2 * N_Y * N_X * 64 * 64), 0); /* a hole: zeros, on no disk */
    compare(dataset, 30, 30, 2, 20);
    close(file);
    vtr_dataset_close(&dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type_and_byte_order),
        cmocka_unit_test(test_frames_shorter_than_a_run),
        cmocka_unit_test(test_rows_from_the_last_to_the_first),
        cmocka_unit_test(test_a_file_that_shrinks_meanwhile),
        cmocka_unit_test(test_pages_that_are_not_in_memory),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
