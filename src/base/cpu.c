/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* sched_getaffinity */
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_internal.h"

static vtr_cpu most_allowed = VTR_CPU_AVX512;

void vtr_cpu_limit(vtr_cpu most)
{
    most_allowed = most;
}

static vtr_cpu detect(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
        return VTR_CPU_AVX512;
    if (__builtin_cpu_supports("avx2")) return VTR_CPU_AVX2;
#endif
    return VTR_CPU_PORTABLE;
}

vtr_cpu vtr_cpu_best(void)
{
    vtr_cpu best = detect();
    const char *wanted = getenv("VITRAIL_KERNEL");
    if (wanted != NULL && strcmp(wanted, "portable") == 0) best = VTR_CPU_PORTABLE;
    if (wanted != NULL && strcmp(wanted, "avx2") == 0 && best > VTR_CPU_AVX2) best = VTR_CPU_AVX2;
    return best < most_allowed ? best : most_allowed;
}

int vtr_thread_count(int requested)
{
    if (requested > 0) return requested;
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        int n = CPU_COUNT(&set);
        if (n > 0) return n;
    }
    return 1;
}
