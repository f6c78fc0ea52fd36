/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "dataset/dataset_internal.h"

uint64_t vtr_bytes_to_unsigned(const unsigned char *bytes, size_t n, bool is_big_endian)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++)
        value = value << 8 | bytes[is_big_endian ? i : n - 1 - i];
    return value;
}

bool vtr_is_big_endian(void)
{
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    return first == 0;
}

void vtr_swap_bytes(void *items, size_t n, size_t item_size)
{
    switch (item_size) {
    case 2: {
        uint16_t *values = items;
        for (size_t i = 0; i < n; i++)
            values[i] = __builtin_bswap16(values[i]);
        break;
    }
    case 4: {
        uint32_t *values = items;
        for (size_t i = 0; i < n; i++)
            values[i] = __builtin_bswap32(values[i]);
        break;
    }
    case 8: {
        uint64_t *values = items;
        for (size_t i = 0; i < n; i++)
            values[i] = __builtin_bswap64(values[i]);
        break;
    }
    default:
        break;
    }
}

void vtr_integers_to_doubles(void *items, size_t n, bool is_signed)
{
    char *bytes = items;
    for (size_t i = 0; i < n; i++) {
        uint64_t integer;
        memcpy(&integer, bytes + 8 * i, 8);
        double value = is_signed ? (double)(int64_t)integer : (double)integer;
        memcpy(bytes + 8 * i, &value, 8);
    }
}

#define CONVERT(c_type)                                                                                      \
    do {                                                                                                     \
        const c_type *values = in;                                                                           \
        for (size_t i = 0; i < n; i++)                                                                       \
            out[i] = (float)values[i];                                                                       \
    } while (0)

void vtr_to_float(float *out, const void *in, size_t n, vtr_type type)
{
    switch (type) {
    case VTR_TYPE_U8:
        CONVERT(uint8_t);
        break;
    case VTR_TYPE_U16:
        CONVERT(uint16_t);
        break;
    case VTR_TYPE_U32:
        CONVERT(uint32_t);
        break;
    case VTR_TYPE_I8:
        CONVERT(int8_t);
        break;
    case VTR_TYPE_I16:
        CONVERT(int16_t);
        break;
    case VTR_TYPE_I32:
        CONVERT(int32_t);
        break;
    case VTR_TYPE_F32:
        memcpy(out, in, n * sizeof *out);
        break;
    case VTR_TYPE_F64:
        CONVERT(double);
        break;
    }
}

double vtr_type_maximum(vtr_type type)
{
    static const double maximum[VTR_TYPE_COUNT] = {
        [VTR_TYPE_U8] = 255,          [VTR_TYPE_U16] = 65535,       [VTR_TYPE_U32] = 4294967295.0,
        [VTR_TYPE_I8] = 127,          [VTR_TYPE_I16] = 32767,       [VTR_TYPE_I32] = 2147483647.0,
        [VTR_TYPE_F32] = (double)NAN, [VTR_TYPE_F64] = (double)NAN,
    };
    return maximum[type];
}
