/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The answers hold what the files hold. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "specimen.h"

static view_session *session;

static int set_up(void **state)
{
    int result = test_folder_setup(state);
    specimen_write();
    session = specimen_open();
    return result;
}

static int tear_down(void **state)
{
    view_session_close(session);
    return test_folder_teardown(state);
}

static void assert_holds(const view_answer *answer, const char *part)
{
    char *text = malloc(answer->n + 1);
    assert_non_null(text);
    memcpy(text, answer->body, answer->n);
    text[answer->n] = '\0';
    test_assert_contains(text, part);
    free(text);
}

/* The number behind `label`, behind `after`, in an answer of text. */
static double number_of(const view_answer *answer, const char *after, const char *label)
{
    char *text = malloc(answer->n + 1);
    assert_non_null(text);
    memcpy(text, answer->body, answer->n);
    text[answer->n] = '\0';
    const char *place = strstr(text, after);
    if (place != NULL) place = strstr(place, label);
    if (place == NULL) fail_msg("no %s behind %s", label, after);
    double value = strtod(place + strlen(label), NULL);
    free(text);
    return value;
}

static void test_the_summary_names_what_there_is(void **state)
{
    (void)state;
    view_answer answer;
    specimen_ask(&answer, session, "api/summary", NULL);
    assert_int_equal(answer.status, 200);
    assert_holds(&answer, "\"map_file\": \"map.h5\"");
    assert_holds(&answer, "\"recording\": \"scan.npy\"");
    assert_holds(&answer, "\"scan\": [3, 4], \"detector\": [8, 6]");
    assert_holds(&answer, "{\"group\": \"strain\", \"name\": \"exx\"}");
    view_answer_release(&answer);
}

static void test_a_map_comes_with_its_errors(void **state)
{
    (void)state;
    view_answer answer;
    const char *arrays;
    specimen_ask(&answer, session, "api/map", (const char *const[]){"name", "strain/exx", NULL});
    char *description = specimen_description(&answer, &arrays);
    test_assert_contains(description, "\"unit\": \"%\", \"factor\": 100, \"signed\": true");
    test_assert_contains(description, "\"has_errors\": true");
    float values[2 * SPECIMEN_Y * SPECIMEN_X];
    assert_int_equal(answer.n - (size_t)(arrays - answer.body), sizeof values);
    memcpy(values, arrays, sizeof values);
    for (int p = 0; p < SPECIMEN_Y * SPECIMEN_X; p++) {
        assert_near(values[p], 0.001f * (float)p, 0);
        assert_near(values[SPECIMEN_Y * SPECIMEN_X + p], 0.0001f, 0);
    }
    free(description);
    view_answer_release(&answer);
}

static void test_a_pattern_is_that_of_its_position(void **state)
{
    (void)state;
    view_answer answer;
    const char *arrays;
    specimen_ask(&answer, session, "api/pattern", (const char *const[]){"y", "1", "x", "2", NULL});
    char *description = specimen_description(&answer, &arrays);
    test_assert_contains(description, "\"minimum\": 600, \"maximum\": 647");
    test_assert_contains(description, "\"centre_px\": [2.5, 3.5], \"wxx\": 1.006");
    float values[SPECIMEN_DET_Y * SPECIMEN_DET_X];
    memcpy(values, arrays, sizeof values);
    for (int i = 0; i < SPECIMEN_DET_Y * SPECIMEN_DET_X; i++)
        assert_near(values[i], 600 + i, 0);
    free(description);
    view_answer_release(&answer);
}

static void test_a_position_without_ring_says_why(void **state)
{
    (void)state;
    view_answer answer;
    const char *arrays, *const last[] = {"y", "2", "x", "3", NULL};
    specimen_ask(&answer, session, "api/numbers", last);
    assert_holds(&answer, "\"flags\": [\"no ring above the noise\", \"poor fit (value kept)\"]");
    assert_holds(&answer, "\"name\": \"exx\", \"symbol\": \"<i>ε</i><sub>xx</sub>\", \"unit\": \"%\", "
                          "\"value\": 1.1");
    view_answer_release(&answer);
    specimen_ask(&answer, session, "api/pattern", last);
    char *description = specimen_description(&answer, &arrays);
    test_assert_contains(description, "\"ellipse\": null");
    free(description);
    view_answer_release(&answer);
}

static void test_a_profile_has_standard_deviations(void **state)
{
    (void)state;
    view_answer answer;
    const char *arrays;
    specimen_ask(&answer, session, "api/curves", (const char *const[]){"y", "2", "x", "1", NULL});
    char *description = specimen_description(&answer, &arrays);
    test_assert_contains(description, "\"title\": \"I(k)\", \"x_label\": \"k = 1/d (1/Å)\"");
    assert_null(strstr(description, "G(r)"));
    float values[3][SPECIMEN_K];
    assert_int_equal(answer.n - (size_t)(arrays - answer.body), sizeof values);
    memcpy(values, arrays, sizeof values);
    for (int j = 0; j < SPECIMEN_K; j++) {
        assert_near(values[0][j], 0.1f * (float)j, 0);
        assert_near(values[1][j], 9 + j, 0);
        assert_near(values[2][j], 2, 0); /* the root of the variance */
    }
    free(description);
    view_answer_release(&answer);
}

static void test_palettes_are_those_of_the_figures(void **state)
{
    (void)state;
    view_answer answer;
    const char *arrays;
    unsigned char rgb[3];
    specimen_ask(&answer, session, "api/palettes", NULL);
    char *description = specimen_description(&answer, &arrays);
    for (int p = 0; p < VTR_PALETTE_COUNT; p++) {
        vtr_palette_colour(rgb, (vtr_palette)p, 100 / 255.0);
        assert_memory_equal(rgb, arrays + 3 * (256 * p + 100), 3);
    }
    free(description);
    view_answer_release(&answer);
}

static void test_a_region_is_the_mean_of_its_positions(void **state)
{
    (void)state;
    view_answer answer;
    const char *arrays, *const region[] = {"region", "0:2,1:3", NULL}; /* positions 1, 2, 5, 6 */
    specimen_ask(&answer, session, "api/numbers", region);
    /* exx in per cent: 0.1, 0.2, 0.5, 0.6; their sample standard deviation is the root of 0.17/3 */
    assert_holds(&answer, "{\"n\": 4, \"flags\": []");
    assert_holds(&answer, "\"name\": \"exx\", \"symbol\": \"<i>ε</i><sub>xx</sub>\", \"unit\": \"%\", "
                          "\"value\": 0.35");
    assert_holds(&answer, "\"spread\": 0.238047");
    /* four errors of 0.01 per cent: 0.01 / sqrt(4) */
    assert_near(number_of(&answer, "\"exx\"", "\"error\": "), 0.005, 1e-9);
    /* directions of 80 and -88 degrees are 12 degrees apart, their mean is 86 and not -4 */
    assert_near(number_of(&answer, "\"angle\"", "\"value\": "), 86, 1e-5);
    view_answer_release(&answer);

    specimen_ask(&answer, session, "api/pattern", region);
    char *description = specimen_description(&answer, &arrays);
    float pattern[SPECIMEN_DET_Y * SPECIMEN_DET_X];
    memcpy(pattern, arrays, sizeof pattern);
    for (int i = 0; i < SPECIMEN_DET_Y * SPECIMEN_DET_X; i++)
        assert_near(pattern[i], 350 + i, 0);
    free(description);
    view_answer_release(&answer);

    specimen_ask(&answer, session, "api/curves", region);
    description = specimen_description(&answer, &arrays);
    float curve[3][SPECIMEN_K];
    memcpy(curve, arrays, sizeof curve);
    for (int j = 0; j < SPECIMEN_K; j++) {
        assert_near(curve[0][j], 0.1f * (float)j, 0);
        assert_near(curve[1][j], 3.5 + j, 0);
        assert_near(curve[2][j], 1, 0); /* 2 / sqrt(4) */
    }
    free(description);
    view_answer_release(&answer);
}

static void test_a_virtual_detector_adds_up_its_pixels(void **state)
{
    (void)state;
    view_answer answer;
    const char *arrays;
    /* the pixels (row 3, columns 1 to 3) and (rows 2, 4, column 2): 19 + 20 + 21 + 14 + 26 = 100 */
    specimen_post(&answer, session, "api/virtual", (const char *const[]){"detector", "disc:3,2,1.1", NULL});
    char *description = specimen_description(&answer, &arrays);
    test_assert_contains(description, "\"stride\": 1, \"n_pixels\": 5");
    float image[SPECIMEN_Y * SPECIMEN_X];
    assert_int_equal(answer.n - (size_t)(arrays - answer.body), sizeof image);
    memcpy(image, arrays, sizeof image);
    for (int p = 0; p < SPECIMEN_Y * SPECIMEN_X; p++)
        assert_near(image[p], 500 * p + 100, 0);
    free(description);
    view_answer_release(&answer);
    specimen_post(&answer, session, "api/virtual",
                  (const char *const[]){"detector", "disc:3,2,1.1", "stride", "2", NULL});
    description = specimen_description(&answer, &arrays);
    test_assert_contains(description, "\"n_y\": 2, \"n_x\": 2");
    memcpy(image, arrays, 4 * sizeof *image);
    assert_near(image[3], 500 * (2 * SPECIMEN_X + 2) + 100, 0);
    free(description);
    view_answer_release(&answer);
    specimen_ask(&answer, session, "api/progress", NULL);
    assert_holds(&answer, "{\"virtual\": 1}");
    view_answer_release(&answer);
}

/* Wxx grows by 0.001 from one position to the next: relative to position 4 the strain at position p is
 * (1 + 0.001 p)/(1 + 0.001 * 4), up to the root of the area that the reference fixes. */
static void test_another_reference_is_computed_and_not_kept(void **state)
{
    (void)state;
    view_answer answer;
    const char *arrays;
    const char *const trial[] = {"name", "exx", "reference", "1:2,0:1", NULL};
    specimen_post(&answer, session, "api/strain", trial);
    char *description = specimen_description(&answer, &arrays);
    test_assert_contains(description, "\"reference\": [1, 2, 0, 1]");
    test_assert_contains(description, "\"unit\": \"%\"");
    float exx[SPECIMEN_Y * SPECIMEN_X];
    memcpy(exx, arrays, sizeof exx);
    for (int p = 0; p < SPECIMEN_Y * SPECIMEN_X - 1; p++)
        assert_near(exx[p], (1 + 0.001 * p) / 1.004 - 1, 1e-6);
    assert_true(isnan(exx[SPECIMEN_Y * SPECIMEN_X - 1]));
    free(description);
    view_answer_release(&answer);
    /* the numbers of a position follow it where it is given, and only there */
    specimen_ask(&answer, session, "api/numbers",
                 (const char *const[]){"y", "1", "x", "0", "reference", "1:2,0:1", NULL});
    assert_holds(&answer, "\"unit\": \"%\", \"value\": 0, ");
    view_answer_release(&answer);
    specimen_ask(&answer, session, "api/numbers", (const char *const[]){"y", "1", "x", "0", NULL});
    assert_holds(&answer, "\"unit\": \"%\", \"value\": 0.4");
    view_answer_release(&answer);
}

static void test_a_line_runs_along_the_positions(void **state)
{
    (void)state;
    view_answer answer;
    const char *arrays;
    specimen_ask(&answer, session, "api/line",
                 (const char *const[]){"name", "strain/exx", "line", "1,0,1,3,0", NULL});
    char *description = specimen_description(&answer, &arrays);
    test_assert_contains(description, "\"x_label\": \"distance (nm)\", \"y_label\": \"%\"");
    size_t n = (answer.n - (size_t)(arrays - answer.body)) / (3 * sizeof(float));
    float *values = malloc(3 * n * sizeof *values);
    assert_non_null(values);
    memcpy(values, arrays, 3 * n * sizeof *values);
    assert_int_equal(n, 3);
    /* exx is 0.4 % at the row's first position and grows by 0.1 % a position, 2 nm */
    for (size_t i = 0; i < n; i++)
        assert_near(values[n + i], 0.4 + 0.05 * values[i], 1e-6);
    free(values);
    free(description);
    view_answer_release(&answer);
}

static void test_files_have_to_belong_together(void **state)
{
    (void)state;
    vtr_error err;
    view_session *other = NULL;
    const char *const twice[] = {test_folder_path("map.h5"), test_folder_path("map.h5")};
    assert_fails(view_session_open(&other, twice, 2, 1, &err), VTR_ERR_ARGUMENT, "both map files");
    const char *const recordings[] = {test_folder_path("scan.npy"), test_folder_path("scan.npy")};
    assert_fails(view_session_open(&other, recordings, 2, 1, &err), VTR_ERR_ARGUMENT, "both recordings");
    assert_null(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_summary_names_what_there_is),
        cmocka_unit_test(test_a_map_comes_with_its_errors),
        cmocka_unit_test(test_a_pattern_is_that_of_its_position),
        cmocka_unit_test(test_a_position_without_ring_says_why),
        cmocka_unit_test(test_a_profile_has_standard_deviations),
        cmocka_unit_test(test_palettes_are_those_of_the_figures),
        cmocka_unit_test(test_a_region_is_the_mean_of_its_positions),
        cmocka_unit_test(test_a_virtual_detector_adds_up_its_pixels),
        cmocka_unit_test(test_another_reference_is_computed_and_not_kept),
        cmocka_unit_test(test_a_line_runs_along_the_positions),
        cmocka_unit_test(test_files_have_to_belong_together),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
