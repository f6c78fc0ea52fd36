/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/dataset.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "support_dataset.h"

/* Files written as the camera would: frames of one chip of 256 x 256 pixels, or of four. */

enum { CHIP = 256, MAX_FILE = 3 << 20 };

static unsigned char *file;
static size_t file_bytes;

static int make(void **state)
{
    (void)state;
    test_folder_make();
    file = vtr_malloc(MAX_FILE, 1);
    return file == NULL;
}

static int unmake(void **state)
{
    (void)state;
    vtr_free(file);
    test_folder_remove();
    return 0;
}

static void start_frame(int number, size_t header, int chips, int columns, int rows, const char *pixel,
                        int depth)
{
    memset(file + file_bytes, 0, header);
    snprintf((char *)file + file_bytes, header,
             "MQ1,%06d,%05zu,%02d,%04d,%04d,%s,   %s,0F,2021-04-15 "
             "14:44:43.1,0.001,0,0,0,MQ1A,2021Z,1000000ns,%d,",
             number, header, chips, columns, rows, pixel, chips == 4 ? "2x2" : "1x1", depth);
    file_bytes += header;
}

/* One row of a chip as raw words: pixel 0 in the lowest bits of a big-endian word. */
static void put_raw_row(const uint32_t *pixels, int depth, int shift)
{
    int bits = depth == 1 ? 1 : depth == 6 ? 8 : 16, per_word = 64 / bits;
    for (int x = 0; x < CHIP; x += per_word) {
        uint64_t word = 0;
        for (int i = per_word - 1; i >= 0; i--)
            word = (bits == 64 ? 0 : word << bits) | ((pixels[x + i] >> shift) & (depth >= 12  ? 0xfff
                                                                                  : depth == 6 ? 63
                                                                                               : 1));
        for (int b = 7; b >= 0; b--)
            file[file_bytes++] = (unsigned char)(word >> (8 * b));
    }
}

/* The value that a pixel has, different everywhere. */
static uint32_t truth(int frame, int y, int x, int depth)
{
    uint32_t value = (uint32_t)(frame * 7919 + y * 1009 + x * 31 + (y * x) % 13);
    return value % (1u << (depth < 24 ? depth : 23));
}

static void put_single_raw(int frame, int depth)
{
    uint32_t row[CHIP];
    start_frame(frame + 1, 384, 1, depth == 24 ? 2 * CHIP : CHIP, CHIP, "R64", depth);
    for (int part = depth == 24 ? 1 : 0; part >= 0; part--) /* of 24 bits the high 12 first */
        for (int y = 0; y < CHIP; y++) {
            for (int x = 0; x < CHIP; x++)
                row[x] = truth(frame, y, x, depth);
            put_raw_row(row, depth, 12 * part);
        }
}

/* Rows of four chips: lower right and lower left turned by 180 degrees, upper right, upper left. */
static void put_quad_raw(int frame, int depth)
{
    uint32_t row[CHIP];
    start_frame(frame + 1, 768, 4, 4 * CHIP * (depth == 24 ? 2 : 1), CHIP, "R64", depth);
    for (int part = depth == 24 ? 1 : 0; part >= 0; part--)
        for (int y = 0; y < CHIP; y++)
            for (int chip = 0; chip < 4; chip++) {
                for (int x = 0; x < CHIP; x++) {
                    int image_y = chip < 2 ? 2 * CHIP - 1 - y : y;
                    int image_x = chip == 0   ? 2 * CHIP - 1 - x
                                  : chip == 1 ? CHIP - 1 - x
                                  : chip == 2 ? CHIP + x
                                              : x;
                    row[x] = truth(frame, image_y, image_x, depth);
                }
                put_raw_row(row, depth, 12 * part);
            }
}

static void assert_truth(const char *path, size_t n, int side, int depth)
{
    vtr_error err;
    vtr_dataset *dataset = NULL;
    assert_ok(vtr_dataset_open(&dataset, path, NULL, &err));
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    assert_int_equal(info->n_frames, n);
    assert_int_equal(info->shape[2], side);
    assert_int_equal(info->shape[3], side);
    assert_int_equal(info->type, depth <= 6 ? VTR_TYPE_U8 : depth == 12 ? VTR_TYPE_U16 : VTR_TYPE_U32);
    assert_near(info->saturation, pow(2, depth) - 1, 0);
    void *all = test_read_all(dataset);
    for (size_t f = 0; f < n; f++)
        for (int y = 0; y < side; y++)
            for (int x = 0; x < side; x++) {
                double value =
                    test_value(all, info->type, (f * (size_t)side + (size_t)y) * (size_t)side + (size_t)x);
                if (value != truth((int)f, side - 1 - y, x, depth)) /* the last row comes first in the file */
                    fail_msg("%d bits: frame %zu, row %d, column %d: %g", depth, f, y, x, value);
            }
    vtr_free(all);
    vtr_dataset_close(&dataset);
}

static void raw_frames_are_unpacked(void **state)
{
    (void)state;
    static const int depths[] = {1, 6, 12, 24};
    for (int i = 0; i < 4; i++) {
        file_bytes = 0;
        for (int f = 0; f < 3; f++)
            put_single_raw(f, depths[i]);
        assert_truth(test_write_file("single.mib", file, file_bytes), 3, CHIP, depths[i]);
        file_bytes = 0;
        for (int f = 0; f < 2; f++)
            put_quad_raw(f, depths[i]);
        assert_truth(test_write_file("quad.mib", file, file_bytes), 2, 2 * CHIP, depths[i]);
    }
}

static void put_plain(int frame, int rows)
{
    start_frame(frame + 1, 384, 1, CHIP, rows, "U16", 12);
    for (int y = 0; y < rows; y++)
        for (int x = 0; x < CHIP; x++) {
            uint32_t value = truth(frame, y, x, 12);
            file[file_bytes++] = (unsigned char)(value >> 8);
            file[file_bytes++] = (unsigned char)value;
        }
}

static vtr_dataset_info open_info(const char *path, const vtr_dataset_params *params)
{
    vtr_error err;
    vtr_dataset *dataset = NULL;
    assert_ok(vtr_dataset_open(&dataset, path, params, &err));
    vtr_dataset_info info = *vtr_dataset_get_info(dataset);
    vtr_dataset_close(&dataset);
    return info;
}

static void the_scan_comes_from_the_acquisition_header(void **state)
{
    (void)state;
    file_bytes = 0;
    for (int f = 0; f < 12; f++)
        put_plain(f, 4);
    const char *path = test_write_file("scan.mib", file, file_bytes);
    static const struct {
        const char *header;
        size_t scan_y, scan_x, n_frames;
        const char *note;
    } cases[] = {
        {"HDR,\t\r\nScanX:\t4\r\nScanY:\t3\r\nEnd\t", 3, 4, 12, ""},
        {"Frames in Acquisition (Number):\t12\r\nFrames per Trigger (Number):\t6\r\n", 2, 6, 12,
         "per trigger"},
        {"Frames in Acquisition (Number):\t12\r\nFrames per Trigger (Number):\t1\r\n", 1, 12, 12,
         "--scan-shape"},
        {"Frames in Acquisition (Number):\t16\r\nFrames per Trigger (Number):\t4\r\n", 4, 4, 12, "12 of 16"},
        {"ScanX:\t5\r\nScanY:\t2\r\n", 2, 5, 10, "2 frames more"},
        {"nothing of use", 1, 12, 12, "--scan-shape"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_write_file("scan.hdr", cases[i].header, strlen(cases[i].header));
        vtr_dataset_info info = open_info(path, NULL);
        assert_int_equal(info.shape[0], cases[i].scan_y);
        assert_int_equal(info.shape[1], cases[i].scan_x);
        assert_int_equal(info.n_frames, cases[i].n_frames);
        test_assert_contains(info.note, cases[i].note);
        assert_int_equal(info.shape[2], 4);
        assert_int_equal(info.shape[3], CHIP);
    }
    vtr_dataset_params params = test_params();
    params.scan_shape[0] = 3;
    params.scan_shape[1] = 3;
    params.flyback = 1;
    vtr_dataset_info info = open_info(path, &params);
    assert_int_equal(info.n_frames, 9);
    assert_string_equal(info.note, "");
}

static void a_torn_last_frame_is_left_out(void **state)
{
    (void)state;
    file_bytes = 0;
    for (int f = 0; f < 3; f++)
        put_plain(f, CHIP);
    vtr_dataset_info info = open_info(test_write_file("torn.mib", file, file_bytes - 1), NULL);
    assert_int_equal(info.n_frames, 2);
    file_bytes = 0;
    for (int f = 0; f < 2; f++)
        put_quad_raw(f, 6);
    info = open_info(test_write_file("torn.mib", file, file_bytes - 1), NULL);
    assert_int_equal(info.n_frames, 1);
}

static void damaged_headers_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *header, *part;
        vtr_status status;
    } cases[] = {
        {"MQ1,000001,00384,01,0256", "first fields", VTR_ERR_FORMAT},
        {"MQ1,000001,99999,01,0256,0256,U16,   1x1,", "length", VTR_ERR_FORMAT},
        {"MQ1,000001,00000,01,0256,0256,U16,   1x1,", "length", VTR_ERR_FORMAT},
        {"MQ1,000001,00384,01,0000,0256,U16,   1x1,", "size of the frames", VTR_ERR_FORMAT},
        {"MQ1,000001,00384,01,99999999,0256,U16,   1x1,", "size of the frames", VTR_ERR_FORMAT},
        {"MQ1,000001,00384,01,0256,0256,F32,   1x1,", "'F32'", VTR_ERR_TYPE},
        {"MQ1,000001,00384,01,0256,0256,R64,   1x1,MQ1A,a,b,7,", "1, 6, 12 or 24", VTR_ERR_FORMAT},
        {"MQ1,000001,00384,01,0250,0256,R64,   1x1,MQ1A,a,b,6,", "odd length", VTR_ERR_FORMAT},
        {"MQ1,000001,00384,01,0256,0256,U16,   1x1,", "no whole frame", VTR_ERR_NO_DATA},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char bytes[1000] = {0};
        memcpy(bytes, cases[i].header, strlen(cases[i].header));
        vtr_error err;
        vtr_dataset *dataset = NULL;
        const char *path = test_write_file("bad.mib", bytes, sizeof bytes);
        vtr_status status = vtr_dataset_open(&dataset, path, NULL, &err);
        assert_null(dataset);
        if (status != cases[i].status) fail_msg("%s: %d %s", cases[i].header, (int)status, err.message);
        if (cases[i].status != VTR_ERR_NO_DATA) test_assert_contains(err.message, cases[i].part);
    }
}

/* The camera's software assembled one frame itself, and wrote another as sent, seconds later: what shines is the same
 * noisy pixels. */
static void the_layout_of_quads_is_the_cameras_own(void **state)
{
    (void)state;
    const char *own = test_real_file("merlin/Quad_1_Frame_CounterDepth_1_Rows_256.mib");
    const char *sent = test_real_file("merlin/Quad_1_Frame_CounterDepth_1_Rows_256RAW.mib");
    if (own == NULL || sent == NULL) skip();
    const char *paths[2] = {own, sent};
    unsigned char *pixels[2];
    for (int i = 0; i < 2; i++) {
        vtr_error err;
        vtr_dataset *dataset = NULL;
        assert_ok(vtr_dataset_open(&dataset, paths[i], NULL, &err));
        assert_int_equal(vtr_dataset_get_info(dataset)->shape[2], 512);
        pixels[i] = test_read_all(dataset);
        vtr_dataset_close(&dataset);
    }
    size_t lit = 0, both = 0;
    for (size_t i = 0; i < 512 * 512; i++) {
        lit += pixels[0][i] != 0;
        both += pixels[0][i] != 0 && pixels[1][i] != 0;
    }
    assert_true(both > 0.97 * (double)lit);
    vtr_free(pixels[0]);
    vtr_free(pixels[1]);
}

static void bits_per_frame_are_as_counted(void **state)
{
    (void)state;
    static const unsigned expected[9] = {2390, 2404, 2400, 2400, 2398, 2408, 2401, 2395, 2409};
    const char *path = test_real_file("merlin/Single_9_Frame_CounterDepth_1_Rows_256RAW.mib");
    if (path == NULL) skip();
    vtr_error err;
    vtr_dataset *dataset = NULL;
    assert_ok(vtr_dataset_open(&dataset, path, NULL, &err));
    unsigned char *all = test_read_all(dataset);
    for (size_t f = 0; f < 9; f++) {
        unsigned sum = 0;
        for (size_t p = 0; p < 65536; p++)
            sum += all[f * 65536 + p];
        assert_int_equal(sum, expected[f]);
    }
    vtr_free(all);
    vtr_dataset_close(&dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(raw_frames_are_unpacked),
        cmocka_unit_test(the_scan_comes_from_the_acquisition_header),
        cmocka_unit_test(a_torn_last_frame_is_left_out),
        cmocka_unit_test(damaged_headers_are_named),
        cmocka_unit_test(the_layout_of_quads_is_the_cameras_own),
        cmocka_unit_test(bits_per_frame_are_as_counted),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
