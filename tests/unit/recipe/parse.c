/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "allocation.h"
#include "support.h"
#include "vitrail/recipe.h"

static vtr_status parse(vtr_recipe **out, const char *text, vtr_error *err)
{
    return vtr_recipe_parse(out, "r.yaml", text, strlen(text), err);
}

static const vtr_recipe_node *member(const vtr_recipe_node *node, size_t index)
{
    const vtr_recipe_node *m = node->first;
    while (index-- > 0)
        m = m->next;
    return m;
}

static void everything_knows_its_place(void **state)
{
    (void)state;
    vtr_error err;
    vtr_recipe *recipe = NULL;
    assert_ok(parse(&recipe,
                    "# a comment\n"
                    "recording: scan.h5\n"
                    "map:\n"
                    "  ring: 40:60 # px\n"
                    "  virtual: {dark: 120:160, bright: '0:20'}\n"
                    "figure:\n"
                    "  - quantity: [exx, Å: b]\n"
                    "strain:\n",
                    &err));
    const vtr_recipe_node *root = vtr_recipe_root(recipe);
    assert_int_equal(root->kind, VTR_RECIPE_MAP);
    const vtr_recipe_node *recording = vtr_recipe_find(root, "recording");
    assert_string_equal(recording->text, "scan.h5");
    assert_true(recording->is_plain);
    assert_int_equal(recording->key_line, 2);
    assert_int_equal(recording->key_column, 1);
    assert_int_equal(recording->line, 2);
    assert_int_equal(recording->column, 12);

    const vtr_recipe_node *map = vtr_recipe_find(root, "map"), *ring = vtr_recipe_find(map, "ring");
    assert_int_equal(map->kind, VTR_RECIPE_MAP);
    assert_string_equal(ring->text, "40:60");
    assert_int_equal(ring->line, 4);
    assert_int_equal(ring->column, 9);
    const vtr_recipe_node *bright = vtr_recipe_find(vtr_recipe_find(map, "virtual"), "bright");
    assert_string_equal(bright->text, "0:20");
    assert_false(bright->is_plain);
    assert_int_equal(bright->key_column, 28);

    const vtr_recipe_node *figures = vtr_recipe_find(root, "figure");
    assert_int_equal(figures->kind, VTR_RECIPE_LIST);
    const vtr_recipe_node *quantity = vtr_recipe_find(member(figures, 0), "quantity");
    assert_int_equal(quantity->kind, VTR_RECIPE_LIST);
    assert_string_equal(member(quantity, 0)->text, "exx");
    assert_null(member(quantity, 0)->key);
    assert_null(quantity->first->next->next);
    /* columns are characters: the letter of two bytes counts once */
    const vtr_recipe_node *pair = member(quantity, 1)->first;
    assert_string_equal(pair->key, "Å");
    assert_int_equal(pair->column, 24);

    assert_int_equal(vtr_recipe_find(root, "strain")->kind, VTR_RECIPE_EMPTY);
    assert_null(vtr_recipe_find(root, "pdf"));
    assert_null(vtr_recipe_find(ring, "pdf"));
    vtr_recipe_free(recipe);
}

/* YAML readers turn these into numbers and truth values, each in its own way; here they stay what was written. */
static void nothing_is_interpreted(void **state)
{
    (void)state;
    vtr_error err;
    const char *plain[] = {"no",         "off",  "012",  "1e-3", ".5",   "40:60",
                           "2026-11-22", "0x10", ".nan", "yes",  "1_000"};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        char text[64];
        snprintf(text, sizeof text, "a: %s\n", plain[i]);
        vtr_recipe *recipe = NULL;
        assert_ok(parse(&recipe, text, &err));
        const vtr_recipe_node *node = vtr_recipe_find(vtr_recipe_root(recipe), "a");
        assert_int_equal(node->kind, VTR_RECIPE_TEXT);
        assert_string_equal(node->text, plain[i]);
        vtr_recipe_free(recipe);
    }
    const char *nothing[] = {"a:\n", "a: ~\n", "a: null\n", "{a: }\n"};
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
        vtr_recipe *recipe = NULL;
        assert_ok(parse(&recipe, nothing[i], &err));
        assert_int_equal(vtr_recipe_root(recipe)->first->kind, VTR_RECIPE_EMPTY);
        vtr_recipe_free(recipe);
    }
}

static void what_is_refused_has_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *sentence;
    } wrong[] = {
        {"", "r.yaml:1:1: an empty recipe"},
        {"# only a comment\n", "r.yaml:1:1: an empty recipe"},
        {"- a\n- b\n", "r.yaml:1:1: a recipe is a map"},
        {"scan.h5\n", "r.yaml:1:1: a recipe is a map"},
        {"---\n...\n", "a recipe is a map"},
        {"a: 1\nb: 2\na: 3\n", "r.yaml:3:1: 'a' stands twice, first in line 1"},
        {"a:\n  b: 1\n  b: 2\n", "r.yaml:3:3: 'b' stands twice, first in line 2"},
        {"a: {b: 1, b: 2}\n", "r.yaml:1:11: 'b' stands twice"},
        {"a: &x 1\nb: 2\n", "r.yaml:1:4: anchors (&x) are not taken"},
        {"a: &x {b: 1}\n", "anchors (&x)"},
        {"a: &x [1]\n", "anchors (&x)"},
        {"a: 1\nb: *x\n", "r.yaml:2:4: aliases (*x) are not taken"},
        {"a:\n  <<: {b: 1}\n", "r.yaml:2:3: merge keys"},
        {"a: !!int 3\n", "r.yaml:1:4: tags"},
        {"a: !mine {b: 1}\n", "tags (!mine)"},
        {"? [a, b]\n: 1\n", "r.yaml:1:3: a key that is no text"},
        {": 1\n", "r.yaml:1:1: not YAML"},
        {"a: 1\n---\nb: 2\n", "r.yaml:2:1: a second document"},
        {"a: |\n  one\n  two\n", "text over several lines"},
        {"a: \"x\\ty\"\n", "r.yaml:1:4: a control character"},
        {"a: \"x\\0y\"\n", "a control character"},
        {"a:\n\tb: 1\n", "r.yaml:2:1: a tab"},
        {"a: 1\n b: 2\n", "r.yaml:2:3: not YAML"},
        {"a: b: c\n", "r.yaml:1:5: not YAML"},
        {"a: [1, 2\n", "not YAML"},
        {"a: 'open\n", "not YAML"},
        {"a: @x\n", "r.yaml:1:4: not YAML"},
        {"a: \xff\xfe\n", "r.yaml:1:4: not UTF-8 (byte 0xff)"},
        {"\xff\xfe"
         "a\n",
         "r.yaml:1:1: not UTF-8"},
        {"a: Å \xc3\n", "r.yaml:1:6: not UTF-8 (byte 0xc3)"},
        {"a: \xc0\x80\n", "not UTF-8"},         /* overlong */
        {"a: \xed\xa0\x80\n", "not UTF-8"},     /* half of a surrogate pair */
        {"a: \xf4\x90\x80\x80\n", "not UTF-8"}, /* beyond U+10FFFF */
        {"a: 1\nb: \x01\n", "r.yaml:2:4: a control character (U+0001)"},
        {"a: \xc2\x9b\n", "a control character (U+009B)"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        vtr_error err = {0};
        vtr_recipe *recipe = NULL;
        vtr_status status = parse(&recipe, wrong[i].text, &err);
        assert_null(recipe);
        if (status != VTR_ERR_FORMAT)
            fail_msg("'%s': status %d, '%s'", wrong[i].text, (int)status, err.message);
        test_assert_contains(err.message, wrong[i].sentence);
    }
    vtr_error err;
    vtr_recipe *recipe = NULL;
    assert_fails(vtr_recipe_parse(&recipe, "r.yaml", "a: 1\0\n", 6, &err), VTR_ERR_FORMAT,
                 "r.yaml:1:5: a control character (U+0000)");
}

static char *repeated(const char *part, size_t n)
{
    const size_t length = strlen(part);
    char *text = malloc(n * length + 1);
    assert_non_null(text);
    for (size_t i = 0; i < n; i++)
        memcpy(text + i * length, part, length + 1);
    return text;
}

/* What would take much time or memory is refused, and soon: a second is far more than each needs. */
static void bombs_do_not_go_off(void **state)
{
    (void)state;
    static const struct {
        const char *part;
        size_t n;
        const char *sentence;
    } bombs[] = {
        {"[", 500000, "a recipe is a map"},
        {"{a: ", 200000, "r.yaml:1:33: nested more than 8 deep"},
        {"a: [", 100000, "nested more than 8 deep"},
        {"- ", 400000, "a recipe is a map"},
        {"x", 900000, "a recipe is a map"},
        {"a: 1\n", 200000, "'a' stands twice"},
        {"x", (size_t)2 << 20, "bytes are no recipe"},
        {"? ", 300000, "a key that is no text"},
    };
    for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++) {
        char *text = repeated(bombs[i].part, bombs[i].n);
        vtr_error err;
        vtr_recipe *recipe = NULL;
        const clock_t start = clock();
        assert_fails(parse(&recipe, text, &err), VTR_ERR_FORMAT, bombs[i].sentence);
        const double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
        if (seconds > 1) fail_msg("%zu times '%s' took %.2f s", bombs[i].n, bombs[i].part, seconds);
        free(text);
    }
}

static void limits_are_where_they_are_said_to_be(void **state)
{
    (void)state;
    vtr_error err;
    vtr_recipe *recipe = NULL;
    char *letters = repeated("x", VTR_RECIPE_MAX_TEXT + 1), *text = malloc(8192);
    assert_non_null(text);
    snprintf(text, 8192, "a: %s\n", letters);
    assert_fails(parse(&recipe, text, &err), VTR_ERR_FORMAT, "r.yaml:1:4: a text of 4096 bytes");
    snprintf(text, 8192, "a: %s\n", letters + 1);
    assert_ok(parse(&recipe, text, &err));
    vtr_recipe_free(recipe);
    free(letters);
    free(text);

    /* the root, the key and the list are nodes too */
    char *members = repeated("1,", VTR_RECIPE_MAX_NODES - 3);
    text = malloc(3 * VTR_RECIPE_MAX_NODES);
    assert_non_null(text);
    snprintf(text, 3 * VTR_RECIPE_MAX_NODES, "a: [%s]\n", members);
    assert_ok(parse(&recipe, text, &err));
    vtr_recipe_free(recipe);
    snprintf(text, 3 * VTR_RECIPE_MAX_NODES, "a: [%s2]\n", members);
    recipe = NULL;
    assert_fails(parse(&recipe, text, &err), VTR_ERR_FORMAT, "more than 4096 values");
    free(members);
    free(text);
}

static vtr_status parse_once(void *context, vtr_error *err)
{
    (void)context;
    vtr_recipe *recipe = NULL;
    vtr_status status = parse(&recipe, "a: 1\nb: {c: [d, e]}\n", err);
    vtr_recipe_free(recipe);
    return status;
}

static void memory_may_run_out(void **state)
{
    (void)state;
    test_every_allocation_fails(parse_once, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_knows_its_place),           cmocka_unit_test(nothing_is_interpreted),
        cmocka_unit_test(what_is_refused_has_its_place),        cmocka_unit_test(bombs_do_not_go_off),
        cmocka_unit_test(limits_are_where_they_are_said_to_be), cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
