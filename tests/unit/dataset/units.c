/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataset/dataset_internal.h"
#include "support.h"

static void spellings_of_a_unit_mean_the_same(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        vtr_unit_kind kind;
        double factor;
    } cases[] = {
        {"nm", VTR_UNIT_LENGTH, 1},
        {"[n_m]", VTR_UNIT_LENGTH, 1},
        {"\xc2\xb5m", VTR_UNIT_LENGTH, 1e3},
        {"\xce\xbcm", VTR_UNIT_LENGTH, 1e3},
        {"\xb5m", VTR_UNIT_LENGTH, 1e3},
        {"um", VTR_UNIT_LENGTH, 1e3},
        {"A", VTR_UNIT_LENGTH, 0.1},
        {"\xc3\x85", VTR_UNIT_LENGTH, 0.1},
        {"pm", VTR_UNIT_LENGTH, 1e-3},
        {"m", VTR_UNIT_LENGTH, 1e9},
        {"1/nm", VTR_UNIT_RECIPROCAL, 0.1},
        {"1 / nm", VTR_UNIT_RECIPROCAL, 0.1},
        {"nm^-1", VTR_UNIT_RECIPROCAL, 0.1},
        {"[n_m^-1]", VTR_UNIT_RECIPROCAL, 0.1},
        {"A^-1", VTR_UNIT_RECIPROCAL, 1},
        {"1/\xc3\x85", VTR_UNIT_RECIPROCAL, 1},
        {"\xc3\x85\xe2\x81\xbb\xc2\xb9", VTR_UNIT_RECIPROCAL, 1},
        {"1/m", VTR_UNIT_RECIPROCAL, 1e-10},
        {"1/pm", VTR_UNIT_RECIPROCAL, 100},
        {"mrad", VTR_UNIT_ANGLE, 1e-3},
        {"rad", VTR_UNIT_ANGLE, 1},
        {"pixels", VTR_UNIT_UNKNOWN, 0},
        {"", VTR_UNIT_UNKNOWN, 0},
        {"1/mrad", VTR_UNIT_UNKNOWN, 0},
        {"eV", VTR_UNIT_UNKNOWN, 0},
        {"nmm", VTR_UNIT_UNKNOWN, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double factor = 0;
        if (vtr_unit_parse(cases[i].text, &factor) != cases[i].kind) fail_msg("'%s'", cases[i].text);
        if (cases[i].kind != VTR_UNIT_UNKNOWN) assert_near(factor / cases[i].factor, 1, 1e-12);
    }
}

static void long_texts_do_no_harm(void **state)
{
    (void)state;
    char text[4096];
    double factor;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = "\xe2\x84\xabn_"[i % 5];
    text[sizeof text - 1] = '\0';
    assert_int_equal(vtr_unit_parse(text, &factor), VTR_UNIT_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spellings_of_a_unit_mean_the_same),
        cmocka_unit_test(long_texts_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
