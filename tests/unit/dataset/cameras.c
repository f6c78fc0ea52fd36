/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "allocation.h"
#include "base/base_internal.h"
#include "support_dataset.h"
#include "vitrail/dataset.h"

/* Cameras' own formats: files written here byte by byte with known numbers, and the same files damaged. */

static void put(unsigned char *bytes, size_t at, uint64_t value, size_t n, bool is_big_endian)
{
    for (size_t i = 0; i < n; i++)
        bytes[at + (is_big_endian ? n - 1 - i : i)] = (unsigned char)(value >> (8 * i));
}

static void put_real(unsigned char *bytes, size_t at, double value, bool is_big_endian)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put(bytes, at, bits, 8, is_big_endian);
}

static vtr_dataset *open_it(const char *path, size_t scan_y, size_t scan_x)
{
    vtr_error err;
    vtr_dataset *dataset = NULL;
    vtr_dataset_params params = test_params();
    params.scan_shape[0] = scan_y;
    params.scan_shape[1] = scan_x;
    assert_ok(vtr_dataset_open(&dataset, path, &params, &err));
    return dataset;
}

static void assert_shape(const vtr_dataset *dataset, size_t a, size_t b, size_t c, size_t d)
{
    const size_t shape[4] = {a, b, c, d};
    assert_memory_equal(vtr_dataset_get_info(dataset)->shape, shape, sizeof shape);
}

static void assert_refused(const char *path, vtr_status status, const char *words)
{
    vtr_error err;
    vtr_dataset *dataset = NULL;
    assert_fails(vtr_dataset_open(&dataset, path, NULL, &err), status, words);
    assert_null(dataset);
}

/* Value i of a recording whose values count up from 0, as far as a byte goes. */
static void assert_counts_up(vtr_dataset *dataset, size_t n)
{
    void *values = test_read_all(dataset);
    for (size_t i = 0; i < n; i++)
        assert_near(test_value(values, vtr_dataset_get_info(dataset)->type, i), (double)(i % 256), 0);
    vtr_free(values);
}

/* --- NanoMEGAS: scan 2 x 3, patterns 4 x 4 ------------------------------------------------------------------ */

enum { BLO_FRAMES = 6, BLO_FIRST = 80, BLO_STRIDE = 22, BLO_BYTES = BLO_FIRST + BLO_FRAMES * BLO_STRIDE };

static void fill_blo(unsigned char bytes[BLO_BYTES], bool big)
{
    memset(bytes, 0, BLO_BYTES);
    memcpy(bytes, "IMGBLO", 6);
    put(bytes, 6, 0x0102, 2, big);
    put(bytes, 8, 64, 4, big);
    put(bytes, 12, BLO_FIRST, 4, big);
    put(bytes, 20, 4, 2, big);
    put(bytes, 24, 3, 2, big);
    put(bytes, 26, 2, 2, big);
    put_real(bytes, 30, 1.5, big);
    put_real(bytes, 38, 2.5, big);
    put(bytes, 46, 120000, 4, big);
    for (size_t i = 0; i < BLO_FRAMES; i++)
        for (size_t p = 0; p < 16; p++)
            bytes[BLO_FIRST + i * BLO_STRIDE + 6 + p] = (unsigned char)(i * 16 + p);
}

static void block_files_are_read_in_both_byte_orders(void **state)
{
    (void)state;
    unsigned char bytes[BLO_BYTES];
    for (int big = 0; big < 2; big++) {
        fill_blo(bytes, big == 1);
        vtr_dataset *dataset = open_it(test_write_file("two.blo", bytes, sizeof bytes), 0, 0);
        assert_shape(dataset, 2, 3, 4, 4);
        const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
        assert_near(info->scan_step_nm[0], 2.5, 0);
        assert_near(info->scan_step_nm[1], 1.5, 0);
        assert_near(info->beam_energy_kev, 120, 1e-12);
        assert_counts_up(dataset, 96);
        vtr_dataset_close(&dataset);
    }
    vtr_dataset *dataset = open_it(test_write_file("cut.blo", bytes, sizeof bytes - 1), 0, 0);
    assert_int_equal(vtr_dataset_get_info(dataset)->n_frames, 5);
    assert_non_null(strstr(vtr_dataset_get_info(dataset)->note, "ends early"));
    vtr_dataset_close(&dataset);
    assert_refused(test_write_file("head.blo", bytes, 85), VTR_ERR_NO_DATA, "no whole frame");
    put(bytes, 20, 0, 2, true);
    assert_refused(test_write_file("none.blo", bytes, sizeof bytes), VTR_ERR_SHAPE, "holds nothing");
}

/* --- Norpix ------------------------------------------------------------------------------------------------- */

enum { SEQ_BYTES = 8192 + 3 * 64 };

static void fill_seq(unsigned char bytes[SEQ_BYTES])
{
    static const unsigned char magic[] = {0xed, 0xfe, 0, 0, 'N', 0, 'o', 0, 'r', 0, 'p', 0, 'i', 0, 'x', 0};
    memset(bytes, 0, SEQ_BYTES);
    memcpy(bytes, magic, sizeof magic);
    put(bytes, 28, 5, 4, false);
    put(bytes, 548, 5, 4, false);
    put(bytes, 552, 4, 4, false);
    put(bytes, 556, 16, 4, false);
    put(bytes, 560, 12, 4, false);
    put(bytes, 564, 40, 4, false);
    put(bytes, 568, 100, 4, false);
    put(bytes, 572, 3, 4, false);
    put(bytes, 580, 64, 4, false);
    for (size_t i = 0; i < 60; i++)
        put(bytes, 8192 + i / 20 * 64 + i % 20 * 2, i, 2, false);
}

static void sequences_are_read(void **state)
{
    (void)state;
    unsigned char bytes[SEQ_BYTES];
    fill_seq(bytes);
    vtr_dataset *dataset = open_it(test_write_file("a.seq", bytes, sizeof bytes), 0, 0);
    assert_shape(dataset, 1, 3, 4, 5);
    assert_near(vtr_dataset_get_info(dataset)->saturation, 4095, 0);
    assert_counts_up(dataset, 60);
    vtr_dataset_close(&dataset);
    put(bytes, 572, 0, 4, false); /* never ended */
    dataset = open_it(test_write_file("open.seq", bytes, sizeof bytes), 0, 0);
    assert_shape(dataset, 1, 3, 4, 5);
    vtr_dataset_close(&dataset);
    put(bytes, 580, 39, 4, false);
    assert_refused(test_write_file("stride.seq", bytes, sizeof bytes), VTR_ERR_FORMAT, "damaged");
    put(bytes, 620, 1, 4, false);
    assert_refused(test_write_file("packed.seq", bytes, sizeof bytes), VTR_ERR_FORMAT, "compressed");
    put(bytes, 620, 0, 4, false);
    put(bytes, 568, 200, 4, false);
    assert_refused(test_write_file("colour.seq", bytes, sizeof bytes), VTR_ERR_TYPE, "grey");
}

/* --- TIA: three images of 2 x 3, the last not where the first two let one expect ------------------------------ */

enum { SER_TABLE = 100, SER_FIRST = 150, SER_STRIDE = 70, SER_BYTES = 500 };

static void fill_ser(unsigned char bytes[SER_BYTES], size_t gap)
{
    memset(bytes, 0, SER_BYTES);
    memcpy(bytes, "II\x97\x01\x10\x02", 6);
    put(bytes, 6, 0x4122, 4, false);
    put(bytes, 10, 0x4142, 4, false);
    put(bytes, 14, 3, 4, false);
    put(bytes, 18, 3, 4, false);
    put(bytes, 22, SER_TABLE, 4, false);
    put(bytes, 26, 2, 4, false); /* a scan of 1 x 3: x first */
    put(bytes, 30, 3, 4, false);
    put_real(bytes, 42, 2e-9, false);
    put(bytes, 62, 1, 4, false);
    put_real(bytes, 74, 3e-9, false);
    for (size_t i = 0; i < 3; i++) {
        size_t at = SER_FIRST + i * SER_STRIDE + (i == 2 ? gap : 0);
        put(bytes, SER_TABLE + 4 * i, at, 4, false);
        put_real(bytes, at + 8, 1e8, false);
        put_real(bytes, at + 28, 2e8, false);
        put(bytes, at + 40, 2, 2, false);
        put(bytes, at + 42, 3, 4, false);
        put(bytes, at + 46, 2, 4, false);
        for (size_t p = 0; p < 6; p++) /* the last row first */
            put(bytes, at + 50 + 2 * ((1 - p / 3) * 3 + p % 3), i * 6 + p, 2, false);
    }
}

static void series_are_read(void **state)
{
    (void)state;
    unsigned char bytes[SER_BYTES];
    for (size_t gap = 0; gap <= 10; gap += 10) {
        fill_ser(bytes, gap);
        vtr_dataset *dataset = open_it(test_write_file("a_1.ser", bytes, sizeof bytes), 0, 0);
        assert_shape(dataset, 1, 3, 2, 3);
        const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
        assert_near(info->scan_step_nm[1], 2, 1e-12);
        assert_near(info->scan_step_nm[0], 3, 1e-12);
        assert_near(info->k_step_inv_angstrom[0], 0.02, 1e-12);
        assert_near(info->k_step_inv_angstrom[1], 0.01, 1e-12);
        assert_counts_up(dataset, 18);
        vtr_dataset_close(&dataset);
    }
    put(bytes, 18, 0x40000000, 4, false);
    assert_refused(test_write_file("long_1.ser", bytes, sizeof bytes), VTR_ERR_FORMAT,
                   "longer than the file");
    fill_ser(bytes, 0);
    put(bytes, 6, 0x4120, 4, false);
    assert_refused(test_write_file("spectra_1.ser", bytes, sizeof bytes), VTR_ERR_SHAPE, "spectra");
    fill_ser(bytes, 0);
    put(bytes, SER_FIRST + 40, 9, 2, false);
    assert_refused(test_write_file("complex_1.ser", bytes, sizeof bytes), VTR_ERR_TYPE, "complex");
    unsigned char emi[64] = {'J', 'K', 0, 2};
    assert_refused(test_write_file("alone.emi", emi, sizeof emi), VTR_ERR_NOT_FOUND, "alone_1.ser");
}

/* --- TVIPS -------------------------------------------------------------------------------------------------- */

enum { TVIPS_STRIDE = 60 + 24 };

static void fill_tvips(unsigned char *bytes, size_t header, size_t first, size_t n)
{
    memset(bytes, 0, header + n * TVIPS_STRIDE);
    if (header > 0) {
        static const unsigned words[] = {256, 2, 4, 3, 16, 0, 0, 1, 1, 5, 80, 0, 60};
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            put(bytes, 4 * i, words[i], 4, false);
    }
    for (size_t i = 0; i < n; i++) {
        unsigned char *frame = bytes + header + i * TVIPS_STRIDE;
        put(frame, 0, first + i, 4, false);
        put(frame, 24, 2, 4, false);
        put(frame, 48, first + i < 2 ? 0 : first + i - 1, 4, false); /* the scan begins with frame 2 */
        for (size_t p = 0; p < 12; p++)
            put(frame, 60 + 2 * p, (first + i) * 12 + p, 2, false);
    }
}

static void split_streams_are_one_recording(void **state)
{
    (void)state;
    unsigned char bytes[256 + 5 * TVIPS_STRIDE];
    fill_tvips(bytes, 256, 0, 3);
    const char *path = test_write_file("s_000.tvips", bytes, 256 + 3 * TVIPS_STRIDE);
    fill_tvips(bytes, 0, 3, 4);
    test_write_file("s_001.tvips", bytes, 4 * TVIPS_STRIDE);
    fill_tvips(bytes, 0, 7, 1);
    const char *last = test_write_file("s_002.tvips", bytes, 1 * TVIPS_STRIDE);
    vtr_dataset *dataset = open_it(path, 2, 4);
    assert_shape(dataset, 2, 4, 3, 4);
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    assert_near(info->beam_energy_kev, 80, 0);
    assert_near(info->k_step_inv_angstrom[1], 0.5, 1e-12);
    assert_non_null(strstr(info->note, "--skip 2"));
    assert_counts_up(dataset, 96);
    vtr_error err;
    uint16_t two[24]; /* one frame of the second file, one of the third */
    assert_ok(vtr_dataset_read(dataset, 6, 2, two, &err));
    for (size_t i = 0; i < 24; i++)
        assert_int_equal(two[i], 72 + i);
    vtr_dataset_close(&dataset);
    assert_refused(last, VTR_ERR_FORMAT, "_000.tvips");
}

/* --- EMPAD -------------------------------------------------------------------------------------------------- */

/* The real XML beside frames that count all their words, the two last lines too. */
static void empad_frames_have_128_lines(void **state)
{
    (void)state;
    static const char *const files[] = {"empad/map4x4.xml", "empad/scan_x4_y4.raw"};
    for (size_t i = 0; i < 2; i++) {
        const char *path = test_real_file(files[i]);
        if (path == NULL) skip();
        vtr_dataset *dataset = open_it(path, 0, 0);
        assert_shape(dataset, 4, 4, 128, 128);
        const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
        assert_near(info->scan_step_nm[0], 1141.5856, 1e-3);
        assert_near(info->k_step_inv_angstrom[0], 0.01826537, 1e-8);
        float *values = test_read_all(dataset);
        for (size_t f = 0; f < 16; f++)
            for (size_t p = 0; p < 16384; p += 127)
                assert_near(values[f * 16384 + p], (double)(f * 16640 + p), 0);
        vtr_free(values);
        vtr_dataset_close(&dataset);
    }
    const char *lonely = test_real_file("empad/map128x128_version1.2.0.xml");
    if (lonely != NULL) assert_refused(lonely, VTR_ERR_NOT_FOUND, "scan_x128_y128.raw");
}

/* Software 1.2.0 has other words; frames without an XML are known by the name that the camera gives. */
static void empad_words_of_every_version_are_known(void **state)
{
    (void)state;
    static const char xml[] =
        "<root name=\"21\"><software_version>1.2.0</software_version><raw_file filename=\"acq.raw\"/>"
        "<scan_parameters mode=\"search\"><scan_resolution_x>64</scan_resolution_x><scan_resolution_y>64"
        "</scan_resolution_y></scan_parameters><scan_parameters mode=\"acquire\"><scan_resolution_x>3"
        "</scan_resolution_x><scan_resolution_y>2</scan_resolution_y></scan_parameters>"
        "<full_scan_field_of_view><scale_factor>0.72</scale_factor><x>9e-09</x><y>8e-09</y>"
        "</full_scan_field_of_view><high_voltage>300000.0</high_voltage></root>";
    float *frames = vtr_calloc(6 * 130 * 128, sizeof *frames);
    assert_non_null(frames);
    for (size_t i = 0; i < 6; i++)
        frames[i * 130 * 128] = (float)i;
    const char *raw = test_write_file("acq.raw", frames, 6 * 130 * 128 * sizeof *frames);
    assert_refused(raw, VTR_ERR_FORMAT, "--shape");
    const char *path = test_write_file("acq.xml", xml, sizeof xml - 1);
    vtr_dataset *dataset = open_it(path, 0, 0);
    assert_shape(dataset, 2, 3, 128, 128);
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    assert_near(info->scan_step_nm[0], 4, 1e-9);
    assert_near(info->scan_step_nm[1], 3, 1e-9);
    assert_near(info->beam_energy_kev, 300, 1e-9);
    assert_true(isnan(info->k_step_inv_angstrom[0]));
    float pattern[128 * 128];
    vtr_error err;
    assert_ok(vtr_dataset_read(dataset, 5, 1, pattern, &err));
    assert_near(pattern[0], 5, 0);
    vtr_dataset_close(&dataset);
    dataset = open_it(test_write_file("scan_x3_y2.raw", frames, 6 * 130 * 128 * sizeof *frames), 0, 0);
    assert_shape(dataset, 2, 3, 128, 128);
    vtr_dataset_close(&dataset);
    vtr_free(frames);
}

/* --- memory ------------------------------------------------------------------------------------------------- */

static vtr_status open_and_close(void *context, vtr_error *err)
{
    vtr_dataset *dataset = NULL;
    vtr_status status = vtr_dataset_open(&dataset, context, NULL, err);
    vtr_dataset_close(&dataset);
    return status;
}

static void short_memory_is_survived(void **state)
{
    (void)state;
    unsigned char blo[BLO_BYTES], seq[SEQ_BYTES], ser[SER_BYTES], tvips[256 + TVIPS_STRIDE];
    fill_blo(blo, false);
    fill_seq(seq);
    fill_ser(ser, 10);
    fill_tvips(tvips, 256, 0, 1);
    const struct {
        const char *name;
        const unsigned char *bytes;
        size_t n;
    } files[] = {{"m.blo", blo, sizeof blo},
                 {"m.seq", seq, sizeof seq},
                 {"m_1.ser", ser, sizeof ser},
                 {"m_000.tvips", tvips, sizeof tvips}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s", test_write_file(files[i].name, files[i].bytes, files[i].n));
        test_every_allocation_is_survived(open_and_close, path);
    }
    const char *real[] = {"empad/map4x4.xml", "empad/scan_x4_y4.raw", "tia/16x16_STEM_BF_DF_acquire.emi"};
    for (size_t i = 0; i < 3; i++) {
        char path[512];
        const char *found = test_real_file(real[i]);
        if (found == NULL) continue;
        snprintf(path, sizeof path, "%s", found);
        test_every_allocation_is_survived(open_and_close, path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(block_files_are_read_in_both_byte_orders),
        cmocka_unit_test(sequences_are_read),
        cmocka_unit_test(series_are_read),
        cmocka_unit_test(split_streams_are_one_recording),
        cmocka_unit_test(empad_frames_have_128_lines),
        cmocka_unit_test(short_memory_is_survived),
        cmocka_unit_test(empad_words_of_every_version_are_known),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
