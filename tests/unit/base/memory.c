/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "allocation.h"
#include "base/base_internal.h"
#include "vitrail/memory.h"

static void memory_is_aligned_and_zeroed(void **state)
{
    (void)state;
    for (size_t n = 1; n < 300; n += 7) {
        unsigned char *memory = vtr_calloc(n, 3);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % 64, 0);
        for (size_t i = 0; i < 3 * n; i++)
            assert_int_equal(memory[i], 0);
        memset(memory, 0xff, 3 * n);
        vtr_free(memory);
    }
}

static void nothing_is_a_pointer_too(void **state)
{
    (void)state;
    void *memory = vtr_malloc(0, 8);
    assert_non_null(memory);
    vtr_free(memory);
    vtr_free(NULL);
}

static void too_much_is_refused(void **state)
{
    (void)state;
    assert_null(vtr_malloc(SIZE_MAX, 2));
    assert_null(vtr_calloc(SIZE_MAX / 2, 3));
    assert_null(vtr_malloc(SIZE_MAX, 1));
    assert_null(vtr_malloc(SIZE_MAX / 2 + 2, 1));
    size_t product = 7;
    assert_false(vtr_multiply_size((size_t)1 << 40, (size_t)1 << 40, &product));
    assert_true(vtr_multiply_size(6, 7, &product));
    assert_int_equal(product, 42);
}

static void the_chosen_allocation_fails(void **state)
{
    (void)state;
    vtr_memory_fail_after(2);
    void *first = vtr_malloc(1, 1), *second = vtr_calloc(1, 1);
    assert_non_null(first);
    assert_non_null(second);
    assert_null(vtr_strdup("third"));
    assert_int_equal(vtr_memory_count(), 3);
    vtr_memory_fail_after(-1);
    char *copy = vtr_strdup("fourth");
    assert_string_equal(copy, "fourth");
    vtr_free(first);
    vtr_free(second);
    vtr_free(copy);
}

/* Nothing else holds memory here. */
static void no_more_is_held_than_the_ceiling(void **state)
{
    (void)state;
    enum { MIB = 1 << 20 };
    vtr_memory_set_ceiling(3 * MIB);
    void *first = vtr_malloc(2, MIB);
    assert_non_null(first);
    assert_true(vtr_memory_left() <= MIB);
    assert_null(vtr_malloc(2, MIB));
    assert_in_range(vtr_memory_refused(), 4 * MIB, 4 * MIB + 4096);
    vtr_free(first);
    void *second = vtr_calloc(2, MIB);
    assert_non_null(second);
    vtr_free(second);
    assert_true(vtr_memory_left() > 3 * MIB - 4096);
    vtr_memory_set_ceiling(0);
    assert_true(vtr_memory_left() == SIZE_MAX);
    assert_int_equal(vtr_memory_refused(), 0);
    assert_true(vtr_memory_default_ceiling() >= (size_t)2 << 30);
}

static void sizes_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double bytes;
    } cases[] = {{"1000000", 1e6},      {"4G", 4294967296.0}, {"1.5 GiB", 1610612736.0},
                 {"800M", 838860800.0}, {"64kB", 65536},      {"2t", 2199023255552.0},
                 {"512 B", 512},        {"1e9", 1e9}};
    static const char *const wrong[] = {"", "G", "-1G", "2X", "2GG", "two", "2 Gi B", "0", "1e30", "nan"};
    size_t bytes;
    vtr_error err;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_ok(vtr_memory_parse(&bytes, cases[i].text, &err));
        assert_true((double)bytes == cases[i].bytes);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_fails(vtr_memory_parse(&bytes, wrong[i], &err), VTR_ERR_ARGUMENT, "is not a size such as 2G");
}

typedef struct counted {
    int runs, finished;
} counted;

static vtr_status three_allocations(void *context, vtr_error *err)
{
    counted *c = context;
    void *memory[3] = {NULL, NULL, NULL};
    vtr_status status = VTR_OK;
    c->runs++;
    for (int i = 0; i < 3 && status == VTR_OK; i++) {
        memory[i] = vtr_malloc(1, 1);
        if (memory[i] == NULL) status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
    }
    for (int i = 0; i < 3; i++)
        vtr_free(memory[i]);
    c->finished += status == VTR_OK;
    return status;
}

/* The helper of the other tests: once per allocation, and once with all of them. */
static void every_allocation_is_tried(void **state)
{
    (void)state;
    counted c = {0, 0};
    test_every_allocation_fails(three_allocations, &c);
    assert_int_equal(c.runs, 4);
    assert_int_equal(c.finished, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_aligned_and_zeroed),
        cmocka_unit_test(nothing_is_a_pointer_too),
        cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(the_chosen_allocation_fails),
        cmocka_unit_test(no_more_is_held_than_the_ceiling),
        cmocka_unit_test(sizes_are_read),
        cmocka_unit_test(every_allocation_is_tried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
