/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support_dataset.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"

vtr_dataset_info test_info(size_t scan_y, size_t scan_x, size_t det_y, size_t det_x, vtr_type type)
{
    return (vtr_dataset_info){.shape = {scan_y, scan_x, det_y, det_x},
                              .n_frames = scan_y * scan_x,
                              .type = type,
                              .scan_step_nm = {NAN, NAN},
                              .k_step_inv_angstrom = {NAN, NAN},
                              .beam_energy_kev = NAN,
                              .saturation = NAN};
}

vtr_dataset_params test_params(void)
{
    vtr_dataset_params params;
    vtr_parameters_default(&vtr_dataset_parameters, &params);
    return params;
}

const char *test_write_file(const char *name, const void *bytes, size_t n)
{
    const char *path = test_folder_path(name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
    return path;
}

void *test_read_all(vtr_dataset *dataset)
{
    vtr_error err;
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    void *values = vtr_calloc(info->n_frames * info->shape[2] * info->shape[3], vtr_type_size(info->type));
    assert_non_null(values);
    assert_ok(vtr_dataset_read(dataset, 0, info->n_frames, values, &err));
    return values;
}

double test_value(const void *values, vtr_type type, size_t i)
{
    switch (type) {
    case VTR_TYPE_U8:
        return ((const uint8_t *)values)[i];
    case VTR_TYPE_U16:
        return ((const uint16_t *)values)[i];
    case VTR_TYPE_U32:
        return ((const uint32_t *)values)[i];
    case VTR_TYPE_I8:
        return ((const int8_t *)values)[i];
    case VTR_TYPE_I16:
        return ((const int16_t *)values)[i];
    case VTR_TYPE_I32:
        return ((const int32_t *)values)[i];
    case VTR_TYPE_F32:
        return (double)((const float *)values)[i];
    case VTR_TYPE_F64:
        return ((const double *)values)[i];
    }
    return NAN;
}

void test_set_value(void *values, vtr_type type, size_t i, double value)
{
    switch (type) {
    case VTR_TYPE_U8:
        ((uint8_t *)values)[i] = (uint8_t)value;
        break;
    case VTR_TYPE_U16:
        ((uint16_t *)values)[i] = (uint16_t)value;
        break;
    case VTR_TYPE_U32:
        ((uint32_t *)values)[i] = (uint32_t)value;
        break;
    case VTR_TYPE_I8:
        ((int8_t *)values)[i] = (int8_t)value;
        break;
    case VTR_TYPE_I16:
        ((int16_t *)values)[i] = (int16_t)value;
        break;
    case VTR_TYPE_I32:
        ((int32_t *)values)[i] = (int32_t)value;
        break;
    case VTR_TYPE_F32:
        ((float *)values)[i] = (float)value;
        break;
    case VTR_TYPE_F64:
        ((double *)values)[i] = value;
        break;
    }
}

void *test_ramp(vtr_type type, size_t n)
{
    static const double low[VTR_TYPE_COUNT] = {0, 0, 0, -128, -32768, -2147483648.0, -1e30, -1e300};
    static const double high[VTR_TYPE_COUNT] = {255,   65535,        4294967295.0, 127,
                                                32767, 2147483647.0, 1e30,         1e300};
    static const double modulus[VTR_TYPE_COUNT] = {251, 65521, 1e9, 127, 32749, 1e9, 1e6, 1e6};
    void *values = vtr_calloc(n, vtr_type_size(type));
    assert_non_null(values);
    for (size_t i = 0; i < n; i++) {
        double value = fmod((double)i * 7919.0, modulus[type]);
        test_set_value(values, type, i, low[type] < 0 && i % 2 == 1 ? -value : value);
    }
    test_set_value(values, type, n / 3, low[type]);
    test_set_value(values, type, n - 1, high[type]);
    return values;
}

void test_write_recording(const char *path, const vtr_dataset_info *info, const void *values)
{
    vtr_error err;
    vtr_dataset_writer *writer = NULL;
    assert_ok(vtr_dataset_writer_open(&writer, path, info, false, &err));
    assert_ok(vtr_dataset_writer_write(writer, 0, info->shape[0] * info->shape[1], values, &err));
    assert_ok(vtr_dataset_writer_finish(&writer, &err));
    assert_null(writer);
}

const char *test_real_file(const char *file)
{
    char relative[512];
    snprintf(relative, sizeof relative, "formats/%s", file);
    const char *path = test_data_path(relative);
    if (path != NULL) return path;
    snprintf(relative, sizeof relative, "tests/data/%s", file);
    path = test_source_path(relative);
    return test_file_exists(path) ? path : NULL;
}
