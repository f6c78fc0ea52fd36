/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/parameters.h"

#include <math.h>
#include <string.h>

#include "support.h"

typedef struct values {
    bool flag;
    int choice;
    size_t count;
    double angle;
    const char *name;
    double range[2];
    vtr_box box;
    size_t shape[4];
    vtr_text_list list;
} values;

static const vtr_parameter parameters[] = {
    {"flag", NULL, VTR_PARAMETER_BOOL, offsetof(values, flag), .help = "a flag"},
    {"choice", NULL, VTR_PARAMETER_CHOICE, offsetof(values, choice), .default_value = 1,
     .choices = "one|two|three"},
    {"count", NULL, VTR_PARAMETER_SIZE, offsetof(values, count), .default_value = 5, .minimum = 1,
     .maximum = 9},
    {"angle", "degrees", VTR_PARAMETER_DOUBLE, offsetof(values, angle), .default_value = NAN, .minimum = -180,
     .maximum = 180},
    {"name", NULL, VTR_PARAMETER_STRING, offsetof(values, name)},
    {"range", "px", VTR_PARAMETER_RANGE, offsetof(values, range)},
    {"box", NULL, VTR_PARAMETER_BOX, offsetof(values, box)},
    {"shape", NULL, VTR_PARAMETER_SHAPE, offsetof(values, shape)},
    {"list", NULL, VTR_PARAMETER_LIST, offsetof(values, list)},
};
static const vtr_parameter_table table = {"Test", parameters, sizeof parameters / sizeof *parameters};

static vtr_status set(values *v, const char *name, const char *text, vtr_error *err)
{
    return vtr_parameters_set(vtr_parameters_find(&table, name), v, text, err);
}

static void defaults_then_text_and_back(void **state)
{
    (void)state;
    values v;
    vtr_error err;
    vtr_parameters_default(&table, &v);
    assert_int_equal(v.choice, 1);
    assert_int_equal(v.count, 5);
    assert_true(isnan(v.angle));
    const char *cases[][2] = {{"flag", "yes"},      {"choice", "three"},      {"count", "7"},
                              {"angle", "-12.5"},   {"name", "gold"},         {"range", "10:20.5"},
                              {"box", "1:20,3:40"}, {"shape", "10x20x128x64"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_ok(set(&v, cases[i][0], cases[i][1], &err));
        char text[64];
        vtr_parameters_format(vtr_parameters_find(&table, cases[i][0]), &v, text, sizeof text);
        assert_string_equal(text, cases[i][1]);
    }
    assert_ok(set(&v, "list", "a=1:2", &err));
    assert_ok(set(&v, "list", "b=3:4", &err));
    assert_int_equal(v.list.n, 2);
    assert_int_equal(v.box.x1, 40);
    assert_int_equal(v.shape[3], 64);
}

static void wrong_text_is_named(void **state)
{
    (void)state;
    values v;
    vtr_error err;
    vtr_parameters_default(&table, &v);
    assert_fails(set(&v, "choice", "four", &err), VTR_ERR_ARGUMENT, "one|two|three");
    assert_fails(set(&v, "choice", "", &err), VTR_ERR_ARGUMENT, "one|two|three");
    assert_fails(set(&v, "count", "10", &err), VTR_ERR_RANGE, "outside 1 to 9");
    assert_fails(set(&v, "count", "-1", &err), VTR_ERR_ARGUMENT, "whole number");
    assert_fails(set(&v, "angle", "12deg", &err), VTR_ERR_ARGUMENT, "not a number");
    assert_fails(set(&v, "angle", "nan", &err), VTR_ERR_ARGUMENT, "not a number");
    assert_fails(set(&v, "range", "20:10", &err), VTR_ERR_ARGUMENT, "LO:HI");
    assert_fails(set(&v, "box", "5:5,0:1", &err), VTR_ERR_ARGUMENT, "Y0:Y1,X0:X1");
    assert_fails(set(&v, "shape", "1x2x3x4x5", &err), VTR_ERR_ARGUMENT, "shape");
    assert_fails(set(&v, "shape", "0x2", &err), VTR_ERR_ARGUMENT, "shape");
    assert_fails(set(&v, "flag", "maybe", &err), VTR_ERR_ARGUMENT, "yes or no");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_then_text_and_back),
        cmocka_unit_test(wrong_text_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
