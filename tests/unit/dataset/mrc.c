/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/dataset.h"

#include <math.h>
#include <string.h>

#include "allocation.h"
#include "base/base_internal.h"
#include "support_dataset.h"

enum { HEADER = 1024, FEI = 768 };

static unsigned char file[HEADER + FEI + 4096];

static void put(size_t at, size_t n, uint64_t value, bool is_big_endian)
{
    for (size_t i = 0; i < n; i++)
        file[at + (is_big_endian ? n - 1 - i : i)] = (unsigned char)(value >> 8 * i);
}

static void put_float(size_t at, float value, bool is_big_endian)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put(at, 4, bits, is_big_endian);
}

static void put_double(size_t at, double value, bool is_big_endian)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put(at, 8, bits, is_big_endian);
}

/* Three sections of two rows of four columns. */
static void make_header(uint32_t mode, bool is_big_endian)
{
    memset(file, 0, sizeof file);
    const uint32_t words[4] = {4, 2, 3, mode};
    for (size_t i = 0; i < 4; i++)
        put(4 * i, 4, words[i], is_big_endian);
    for (size_t i = 0; i < 3; i++) {
        put(28 + 4 * i, 4, words[i], is_big_endian);
        put_float(40 + 4 * i, (float)words[i], is_big_endian); /* 1 angstrom: not known */
        put(64 + 4 * i, 4, i + 1, is_big_endian);
    }
    memcpy(file + 208, "MAP ", 4);
    file[212] = file[213] = is_big_endian ? 0x11 : 0x44;
}

static vtr_status open_file(vtr_dataset **dataset, size_t n, vtr_error *err)
{
    return vtr_dataset_open(dataset, test_write_file("t.mrc", file, n), NULL, err);
}

static void assert_decodes(size_t header_bytes, vtr_type type, size_t item, const double expected[24])
{
    vtr_error err;
    vtr_dataset *dataset = NULL;
    assert_ok(open_file(&dataset, header_bytes + 24 * item, &err));
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    const size_t shape[4] = {1, 3, 2, 4};
    assert_memory_equal(info->shape, shape, sizeof shape);
    assert_int_equal(info->type, type);
    assert_true(isnan(info->k_step_inv_angstrom[1]));
    void *values = test_read_all(dataset);
    for (size_t i = 0; i < 24; i++)
        assert_near(test_value(values, type, i), expected[i], 0);
    vtr_free(values);
    vtr_dataset_close(&dataset);
}

static void modes_and_byte_orders_are_read(void **state)
{
    (void)state;
    static const struct {
        uint32_t mode;
        vtr_type type;
        size_t item;
    } modes[] = {{0, VTR_TYPE_I8, 1}, {1, VTR_TYPE_I16, 2}, {2, VTR_TYPE_F32, 4}, {6, VTR_TYPE_U16, 2}};
    for (size_t m = 0; m < sizeof modes / sizeof *modes; m++)
        for (int big = 0; big < 2; big++)
            for (int has_map = 0; has_map < 2; has_map++)
                for (size_t extended = 0; extended <= 160; extended += 160) {
                    double expected[24];
                    make_header(modes[m].mode, big);
                    if (!has_map) memset(file + 208, 0, 8); /* files from before 2000 */
                    put(92, 4, extended, big);
                    for (size_t i = 0; i < 24; i++) {
                        int sign = modes[m].mode == 6 ? 1 : -1;
                        expected[i] = sign * (double)(i + 3) * (modes[m].item == 1 ? 1 : 300);
                        size_t at = HEADER + extended + i * modes[m].item;
                        if (modes[m].mode == 2)
                            put_float(at, (float)expected[i], big);
                        else
                            put(at, modes[m].item, (uint64_t)(int64_t)expected[i], big);
                    }
                    assert_decodes(HEADER + extended, modes[m].type, modes[m].item, expected);
                }
}

static void unsigned_bytes_of_imod_are_known_by_their_stamp(void **state)
{
    (void)state;
    double expected[24];
    for (unsigned is_signed = 0; is_signed < 2; is_signed++) {
        make_header(0, false);
        put(152, 4, 1146047817, false);
        put(156, 4, 8 | is_signed, false);
        for (size_t i = 0; i < 24; i++) {
            file[HEADER + i] = (unsigned char)(232 + i);
            expected[i] = is_signed ? (double)i - 24 : (double)i + 232;
        }
        assert_decodes(HEADER, is_signed ? VTR_TYPE_I8 : VTR_TYPE_U8, 1, expected);
    }
}

static vtr_dataset_info info_of(size_t n)
{
    vtr_error err;
    vtr_dataset *dataset = NULL;
    assert_ok(open_file(&dataset, n, &err));
    vtr_dataset_info info = *vtr_dataset_get_info(dataset);
    vtr_dataset_close(&dataset);
    return info;
}

/* 5e6 1/m are 5e-4 1/angstrom, 4e-10 m are 0.4 nm. */
static void the_record_of_thermo_fisher_is_read(void **state)
{
    (void)state;
    for (int big = 0; big < 2; big++) {
        make_header(6, big);
        put(92, 4, FEI, big);
        memcpy(file + 104, "FEI1", 4);
        put(HEADER + 8, 4, 1 << 5 | 1 << 14 | 1 << 15, big);
        put_double(HEADER + 84, 200000, big);
        put_double(HEADER + 156, 5e6, big);
        put_double(HEADER + 164, 6e6, big);
        vtr_dataset_info info = info_of(HEADER + FEI + 48);
        assert_near(info.beam_energy_kev, 200, 1e-12);
        assert_near(info.k_step_inv_angstrom[1], 5e-4, 1e-15);
        assert_near(info.k_step_inv_angstrom[0], 6e-4, 1e-15);
        assert_non_null(strstr(info.note, "1/m"));

        put_double(HEADER + 156, 4e-10, big);
        put_double(HEADER + 164, 4e-10, big);
        info = info_of(HEADER + FEI + 48);
        assert_true(isnan(info.k_step_inv_angstrom[1]));
        assert_non_null(strstr(info.note, "0.4 nm"));

        put(HEADER + 8, 4, 0, big); /* the fields are there, but nothing is in them */
        info = info_of(HEADER + FEI + 48);
        assert_true(isnan(info.beam_energy_kev));
        assert_null(strstr(info.note, "nm"));
    }
}

static void the_cell_gives_a_length_along_its_own_axis(void **state)
{
    (void)state;
    make_header(1, false);
    const uint32_t axes[3] = {3, 1, 2};
    const float cell[3] = {40, 8, 60};
    for (size_t i = 0; i < 3; i++) {
        put(64 + 4 * i, 4, axes[i], false);
        put_float(40 + 4 * i, cell[i], false);
    }
    assert_non_null(strstr(info_of(HEADER + 48).note, "2 nm")); /* 60 angstrom for 3 samples along z */
}

static void missing_sections_are_noted(void **state)
{
    (void)state;
    make_header(1, false);
    put(8, 4, 32766, false);
    vtr_dataset_info info = info_of(HEADER + 2 * 16 + 15);
    assert_int_equal(info.shape[1], 2);
    assert_int_equal(info.n_frames, 2);
    assert_non_null(strstr(info.note, "32766 sections, the file holds 2"));
}

static void wrong_headers_are_named(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint32_t value;
        size_t n;
        vtr_status status;
        const char *part;
    } cases[] = {
        {12, 4, HEADER + 48, VTR_ERR_TYPE, "MRC mode 4"},
        {12, 12, HEADER + 48, VTR_ERR_TYPE, "MRC mode 12"},
        {12, 0xffffffff, HEADER + 48, VTR_ERR_TYPE, "MRC mode 4294967295"},
        {0, 0, HEADER + 48, VTR_ERR_SHAPE, "holds nothing"},
        {8, 0, HEADER + 48, VTR_ERR_SHAPE, "holds nothing"},
        {0, 0x7fffffff, HEADER + 48, VTR_ERR_SHAPE, "2147483647"}, /* 2^31 columns: no recording has them */
        {4, 0x80000000, HEADER + 48, VTR_ERR_SHAPE, "2147483648"},
        {0, 60000, HEADER + 48, VTR_ERR_NO_DATA, "ends at byte 1072"},
        {92, 0xffffff00, HEADER + 48, VTR_ERR_FORMAT, "extended header of -256 bytes"},
        {92, 0x7fffffff, HEADER + 48, VTR_ERR_NO_DATA, "from byte 2147484671"},
        {0, 4, HEADER + 15, VTR_ERR_NO_DATA, "2 x 4"},
        {0, 4, HEADER, VTR_ERR_NO_DATA, "ends at byte 1024"},
        {0, 4, HEADER - 1, VTR_ERR_FORMAT, "within its MRC header"},
        {0, 4, 216, VTR_ERR_FORMAT, "within its MRC header"},
        {0, 4, 200, VTR_ERR_FORMAT, "no format that is known"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vtr_error err;
        vtr_dataset *dataset = NULL;
        make_header(1, false);
        put(cases[i].at, 4, cases[i].value, false);
        assert_fails(open_file(&dataset, cases[i].n, &err), cases[i].status, cases[i].part);
        assert_null(dataset);
    }
}

/* Numbers of other kinds that begin a file are not taken for the header of an old MRC. */
static void bare_numbers_are_no_mrc(void **state)
{
    (void)state;
    vtr_error err;
    vtr_dataset *dataset = NULL;
    memset(file, 0, sizeof file);
    assert_fails(open_file(&dataset, 2048, &err), VTR_ERR_FORMAT, "no format that is known");
    vtr_dataset_params params = test_params();
    params.shape[0] = params.shape[1] = 16;
    params.type = "u32";
    make_header(1, false);
    put(64, 4, 2, false); /* columns and rows along the same axis */
    memset(file + 208, 0, 8);
    assert_ok(vtr_dataset_open(&dataset, test_write_file("t.raw", file, 2048), &params, &err));
    assert_string_equal(vtr_dataset_get_info(dataset)->format, "raw");
    vtr_dataset_close(&dataset);
}

static vtr_status open_and_close(void *context, vtr_error *err)
{
    (void)context;
    vtr_dataset *dataset = NULL;
    vtr_status status = vtr_dataset_open(&dataset, test_folder_path("t.mrc"), NULL, err);
    vtr_dataset_close(&dataset);
    return status;
}

static void lack_of_memory_is_survived(void **state)
{
    (void)state;
    make_header(1, false);
    test_write_file("t.mrc", file, HEADER + 48);
    test_every_allocation_fails(open_and_close, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modes_and_byte_orders_are_read),
        cmocka_unit_test(unsigned_bytes_of_imod_are_known_by_their_stamp),
        cmocka_unit_test(the_record_of_thermo_fisher_is_read),
        cmocka_unit_test(the_cell_gives_a_length_along_its_own_axis),
        cmocka_unit_test(missing_sections_are_noted),
        cmocka_unit_test(wrong_headers_are_named),
        cmocka_unit_test(bare_numbers_are_no_mrc),
        cmocka_unit_test(lack_of_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
