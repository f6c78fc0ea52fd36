/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _POSIX_C_SOURCE 200809L /* setenv */
#include <stdlib.h>

#include "base/base_internal.h"
#include "support.h"

static void kernels_can_be_lowered_never_raised(void **state)
{
    (void)state;
    unsetenv("VITRAIL_KERNEL");
    vtr_cpu best = vtr_cpu_best();
    vtr_cpu_limit(VTR_CPU_PORTABLE);
    assert_int_equal(vtr_cpu_best(), VTR_CPU_PORTABLE);
    vtr_cpu_limit(VTR_CPU_AVX512);
    assert_int_equal(vtr_cpu_best(), best);
    setenv("VITRAIL_KERNEL", "portable", 1);
    assert_int_equal(vtr_cpu_best(), VTR_CPU_PORTABLE);
    setenv("VITRAIL_KERNEL", "avx2", 1);
    assert_true(vtr_cpu_best() <= VTR_CPU_AVX2 && vtr_cpu_best() <= best);
    setenv("VITRAIL_KERNEL", "avx512", 1);
    assert_int_equal(vtr_cpu_best(), best);
    unsetenv("VITRAIL_KERNEL");
}

static void threads_are_those_asked_for_or_all(void **state)
{
    (void)state;
    assert_int_equal(vtr_thread_count(3), 3);
    assert_true(vtr_thread_count(0) >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_can_be_lowered_never_raised),
        cmocka_unit_test(threads_are_those_asked_for_or_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
