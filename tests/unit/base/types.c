/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/types.h"

#include "support.h"

static void names_lead_back_to_their_type(void **state)
{
    (void)state;
    for (int i = 0; i < VTR_TYPE_COUNT; i++) {
        vtr_type type = VTR_TYPE_COUNT == i + 1 ? VTR_TYPE_U8 : VTR_TYPE_F64;
        assert_int_equal(vtr_type_parse(&type, vtr_type_name((vtr_type)i)), 0);
        assert_int_equal(type, i);
    }
}

static void sizes_are_those_of_the_c_types(void **state)
{
    (void)state;
    assert_int_equal(vtr_type_size(VTR_TYPE_U8), sizeof(uint8_t));
    assert_int_equal(vtr_type_size(VTR_TYPE_U16), sizeof(uint16_t));
    assert_int_equal(vtr_type_size(VTR_TYPE_U32), sizeof(uint32_t));
    assert_int_equal(vtr_type_size(VTR_TYPE_I8), sizeof(int8_t));
    assert_int_equal(vtr_type_size(VTR_TYPE_I16), sizeof(int16_t));
    assert_int_equal(vtr_type_size(VTR_TYPE_I32), sizeof(int32_t));
    assert_int_equal(vtr_type_size(VTR_TYPE_F32), sizeof(float));
    assert_int_equal(vtr_type_size(VTR_TYPE_F64), sizeof(double));
}

static void long_names_are_known_and_others_are_not(void **state)
{
    (void)state;
    vtr_type type = VTR_TYPE_I8;
    assert_int_equal(vtr_type_parse(&type, "uint16"), 0);
    assert_int_equal(type, VTR_TYPE_U16);
    assert_int_equal(vtr_type_parse(&type, "float32"), 0);
    assert_int_equal(type, VTR_TYPE_F32);
    assert_int_equal(vtr_type_parse(&type, "u64"), -1);
    assert_int_equal(vtr_type_parse(&type, ""), -1);
    assert_int_equal(type, VTR_TYPE_F32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_lead_back_to_their_type),
        cmocka_unit_test(sizes_are_those_of_the_c_types),
        cmocka_unit_test(long_names_are_known_and_others_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
