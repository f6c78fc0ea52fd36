/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "allocation.h"
#include "base/base_internal.h"
#include "support_dataset.h"
#include "vitrail/dataset.h"

/* Direct Electron's Celeritas: two sequences of blocks of 2 patterns of 4 x 3, halves of 2 x 3 each. Pixel (y, x) of pattern
 * i is 100 i + 10 y + x. */

enum { ROWS = 4, COLUMNS = 3, IN_BLOCK = 2, HALF = ROWS / 2 * COLUMNS, STRIDE = 40, MOST_BLOCKS = 3 };
enum { FIRST = 8192, MOST_BYTES = FIRST + MOST_BLOCKS * STRIDE };

static const char xml[] =
    "<Configuration><FileInfo><SegmentPreBuffer Value=\"2\" /></FileInfo></Configuration>";

static void put(unsigned char *bytes, size_t at, uint64_t value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        bytes[at + i] = (unsigned char)(value >> (8 * i));
}

/* One half; the upper one from the middle row upwards, as the camera reads it out. */
static const char *write_half(const char *name, bool is_upper, size_t n_blocks, size_t columns)
{
    static const unsigned char magic[] = {0xed, 0xfe, 0, 0, 'N', 0, 'o', 0, 'r', 0, 'p', 0, 'i', 0, 'x', 0};
    static unsigned char bytes[MOST_BYTES];
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, magic, sizeof magic);
    const size_t header[][2] = {{28, 5},    {548, columns},  {552, IN_BLOCK * ROWS / 2},
                                {556, 16},  {560, 12},       {564, IN_BLOCK * ROWS / 2 * columns * 2},
                                {568, 100}, {572, n_blocks}, {580, STRIDE}};
    for (size_t i = 0; i < sizeof header / sizeof *header; i++)
        put(bytes, header[i][0], header[i][1], 4);
    for (size_t i = 0; i < n_blocks * IN_BLOCK; i++)
        for (size_t row = 0; row < ROWS / 2; row++)
            for (size_t x = 0; x < columns; x++) {
                size_t y = is_upper ? ROWS / 2 - 1 - row : ROWS / 2 + row,
                       at = FIRST + i / IN_BLOCK * STRIDE + (i % IN_BLOCK * HALF + row * columns + x) * 2;
                put(bytes, at, 100 * i + 10 * y + x, 2);
            }
    return test_write_file(name, bytes, FIRST + n_blocks * STRIDE);
}

static void write_xml(const char *name)
{
    test_write_file(name, xml, sizeof xml - 1);
}

static vtr_dataset *open_it(const char *path)
{
    vtr_error err;
    vtr_dataset *dataset = NULL;
    assert_ok(vtr_dataset_open(&dataset, path, NULL, &err));
    return dataset;
}

static void assert_refused(const char *path, vtr_status status, const char *words)
{
    vtr_error err;
    vtr_dataset *dataset = NULL;
    assert_fails(vtr_dataset_open(&dataset, path, NULL, &err), status, words);
    assert_null(dataset);
}

static void assert_patterns(const char *path, size_t n, const char *words_of_note)
{
    vtr_dataset *dataset = open_it(path);
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    const size_t shape[4] = {1, n, ROWS, COLUMNS};
    assert_memory_equal(info->shape, shape, sizeof shape);
    assert_near(info->saturation, 4095, 0);
    if (words_of_note != NULL) assert_non_null(strstr(info->note, words_of_note));
    void *values = test_read_all(dataset);
    for (size_t i = 0; i < n * ROWS * COLUMNS; i++) {
        size_t pattern = i / (ROWS * COLUMNS), y = i / COLUMNS % ROWS, x = i % COLUMNS;
        assert_near(test_value(values, info->type, i), (double)(100 * pattern + 10 * y + x), 0);
    }
    vtr_free(values);
    vtr_dataset_close(&dataset);
}

static void remove_it(const char *path)
{
    assert_int_equal(unlink(path), 0);
}

/* From either half; of blocks that only one of them has nothing is read. */
static void halves_become_one(void **state)
{
    (void)state;
    const char *upper = write_half("a_Top_10-00-00.000.seq", true, 2, COLUMNS),
               *lower = write_half("a_Bottom_10-00-00.042.seq", false, 3, COLUMNS);
    write_xml("a.seq.Config.Metadata.xml");
    assert_patterns(upper, 4, "upper half has 2 blocks");
    assert_patterns(lower, 4, "those of both are read");
}

/* Recordings of one name differ by when they began, across midnight too. */
static void the_half_of_the_same_time_is_taken(void **state)
{
    (void)state;
    const char *upper = write_half("b_Top_23-59-59.990.seq", true, 1, COLUMNS);
    write_half("b_Bottom_00-00-00.030.seq", false, 1, COLUMNS);
    write_half("b_Bottom_11-00-00.000.seq", false, 3, COLUMNS);
    write_xml("b.seq.Config.Metadata.xml");
    assert_patterns(upper, 2, NULL);
    const char *lower = write_half("c_Bottom.seq", false, 1, COLUMNS);
    write_half("c_Top.seq", true, 1, COLUMNS);
    write_xml("c.seq.Config.Metadata.xml");
    assert_patterns(lower, 2, NULL);
    const char *other = write_half("c_Top_2.seq", true, 1, COLUMNS);
    assert_refused(lower, VTR_ERR_FORMAT, "several files could be the other half");
    remove_it(other);
}

/* Alone it opens as what the file holds, and says so. */
static void a_missing_half_is_told(void **state)
{
    (void)state;
    const char *upper = write_half("d_Top_10-00-00.000.seq", true, 2, COLUMNS);
    write_half("d_Bottom_10-00-30.000.seq", false, 2, COLUMNS);
    write_half("other_Bottom_10-00-00.000.seq", false, 2, COLUMNS);
    vtr_dataset *dataset = open_it(upper);
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    const size_t shape[4] = {1, 2, IN_BLOCK * ROWS / 2, COLUMNS};
    assert_memory_equal(info->shape, shape, sizeof shape);
    assert_non_null(strstr(info->note, "the upper half of a detector alone"));
    assert_non_null(strstr(info->note, "'d_Bottom...seq', is not beside it"));
    vtr_dataset_close(&dataset);
}

static void halves_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    const char *upper = write_half("e_Top.seq", true, 1, COLUMNS);
    const char *lower = write_half("e_Bottom.seq", false, 1, COLUMNS - 1);
    write_xml("e.seq.Config.Metadata.xml");
    assert_refused(upper, VTR_ERR_SHAPE, "of another size or type");
    assert_refused(lower, VTR_ERR_SHAPE, "of another size or type");
    write_half("e_Bottom.seq", false, 1, COLUMNS);
    test_write_file("e.seq.Config.Metadata.xml", "<SegmentPreBuffer Value=\"3\"", 27);
    assert_refused(upper, VTR_ERR_FORMAT, "cannot hold 3 halves of a pattern");
    test_write_file("e_Bottom.seq", "no sequence", 11);
    assert_refused(upper, VTR_ERR_IO, "ends");
}

/* Without the camera's XML patterns are square. */
static void square_patterns_are_guessed(void **state)
{
    (void)state;
    const char *upper = write_half("f_Top.seq", true, 1, ROWS);
    write_half("f_Bottom.seq", false, 1, ROWS);
    vtr_dataset *dataset = open_it(upper);
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    const size_t shape[4] = {1, 2, ROWS, ROWS};
    assert_memory_equal(info->shape, shape, sizeof shape);
    assert_non_null(strstr(info->note, "they are taken as square"));
    vtr_dataset_close(&dataset);
}

static vtr_status open_and_close(void *context, vtr_error *err)
{
    vtr_dataset *dataset = NULL;
    vtr_status status = vtr_dataset_open(&dataset, context, NULL, err);
    vtr_dataset_close(&dataset);
    return status;
}

static void memory_failures_are_survived(void **state)
{
    (void)state;
    char upper[512];
    snprintf(upper, sizeof upper, "%s", write_half("g_Top.seq", true, 1, COLUMNS));
    write_half("g_Bottom.seq", false, 1, COLUMNS);
    write_xml("g.seq.Config.Metadata.xml");
    test_every_allocation_is_survived(open_and_close, upper);
}

/* The sums over each half that were found in the files by themselves (formats/expected.csv), and that the halves meet: rows
 * on either side of the seam are alike. */
static void real_halves_become_one(void **state)
{
    (void)state;
    const char *path = test_real_file("seq/celeritas_64x64_Prebuffer256/test_Top_14-13-42.780.seq");
    if (path == NULL) skip();
    vtr_dataset *dataset = open_it(path);
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    const size_t shape[4] = {1, 512, 64, 64};
    static const double sums[2][2] = {{179051086, 169489238}, {179101048, 169536724}};
    assert_memory_equal(info->shape, shape, sizeof shape);
    void *values = test_read_all(dataset);
    double found[2][2] = {{0}};
    for (size_t i = 0; i < 512 * 4096; i++)
        found[i / 4096 / 256][i / 64 % 64 / 32] += test_value(values, info->type, i);
    for (int i = 0; i < 4; i++)
        assert_near(found[i / 2][i % 2], sums[i / 2][i % 2], 0);
    vtr_free(values);
    vtr_dataset_close(&dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(halves_become_one),           cmocka_unit_test(the_half_of_the_same_time_is_taken),
        cmocka_unit_test(a_missing_half_is_told),      cmocka_unit_test(halves_that_do_not_fit_are_refused),
        cmocka_unit_test(square_patterns_are_guessed), cmocka_unit_test(memory_failures_are_survived),
        cmocka_unit_test(real_halves_become_one),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
