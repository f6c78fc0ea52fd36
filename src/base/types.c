/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/types.h"

#include <string.h>

static const struct {
    const char *name, *long_name;
    size_t size;
} types[VTR_TYPE_COUNT] = {
    [VTR_TYPE_U8] = {"u8", "uint8", 1},     [VTR_TYPE_U16] = {"u16", "uint16", 2},
    [VTR_TYPE_U32] = {"u32", "uint32", 4},  [VTR_TYPE_I8] = {"i8", "int8", 1},
    [VTR_TYPE_I16] = {"i16", "int16", 2},   [VTR_TYPE_I32] = {"i32", "int32", 4},
    [VTR_TYPE_F32] = {"f32", "float32", 4}, [VTR_TYPE_F64] = {"f64", "float64", 8},
};

size_t vtr_type_size(vtr_type type)
{
    return types[type].size;
}

const char *vtr_type_name(vtr_type type)
{
    return types[type].name;
}

int vtr_type_parse(vtr_type *type, const char *text)
{
    for (int i = 0; i < VTR_TYPE_COUNT; i++)
        if (strcmp(text, types[i].name) == 0 || strcmp(text, types[i].long_name) == 0) {
            *type = (vtr_type)i;
            return 0;
        }
    return -1;
}
