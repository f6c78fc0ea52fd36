/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/fourier.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "support.h"
#include "vitrail/constants.h"

static void sizes_have_small_factors(void **state)
{
    (void)state;
    static const size_t n[] = {0, 1, 2, 3, 7, 11, 17, 97, 121, 1023, 1024, 1025};
    static const size_t size[] = {2, 2, 2, 4, 8, 12, 18, 100, 128, 1024, 1024, 1080};
    for (size_t i = 0; i < sizeof n / sizeof *n; i++)
        assert_int_equal(vtr_fourier_size(n[i]), size[i]);
}

/* A wave has one peak, where its wave vector is and with half of its pixels' number; back it is n_y n_x times itself. */
static bool transforms_a_wave(size_t n_y, size_t n_x, size_t k_y, size_t k_x)
{
    size_t n_half = n_y * (n_x / 2 + 1), n = n_y * n_x, wrong = 0;
    double *real = fftw_alloc_real(n);
    fftw_complex *spectrum = fftw_alloc_complex(n_half);
    float *real_float = fftwf_alloc_real(n);
    fftwf_complex *spectrum_float = fftwf_alloc_complex(n_half);
    vtr_fourier fourier;
    vtr_fourier_float fourier_float;
    if (!vtr_fourier_create(&fourier, n_y, n_x, real, spectrum, FFTW_ESTIMATE) ||
        !vtr_fourier_float_create(&fourier_float, n_y, n_x, real_float, spectrum_float, FFTW_ESTIMATE))
        return false;
#define WAVE(i)                                                                                              \
    cos(2 * VTR_PI * ((double)(k_y * ((i) / n_x)) / (double)n_y + (double)(k_x * ((i) % n_x)) / (double)n_x))
    for (size_t i = 0; i < n; i++)
        real_float[i] = (float)(real[i] = WAVE(i));
    fftw_execute(fourier.forward);
    fftwf_execute(fourier_float.forward);
    for (size_t i = 0; i < n_half; i++) {
        double expected = i == k_y * (n_x / 2 + 1) + k_x ? (double)n / 2 : 0;
        wrong += hypot(spectrum[i][0] - expected, spectrum[i][1]) > 1e-11 * (double)n;
        wrong +=
            hypot((double)spectrum_float[i][0] - expected, (double)spectrum_float[i][1]) > 1e-5 * (double)n;
    }
    fftw_execute(fourier.backward);
    fftwf_execute(fourier_float.backward);
    for (size_t i = 0; i < n; i++) {
        wrong += fabs(real[i] / (double)n - WAVE(i)) > 1e-12;
        wrong += fabs((double)real_float[i] / (double)n - WAVE(i)) > 1e-5;
    }
#undef WAVE
    vtr_fourier_release(&fourier);
    vtr_fourier_release(&fourier);
    vtr_fourier_float_release(&fourier_float);
    fftw_free(real);
    fftw_free(spectrum);
    fftwf_free(real_float);
    fftwf_free(spectrum_float);
    return wrong == 0;
}

static void both_ways(void **state)
{
    (void)state;
    assert_true(transforms_a_wave(12, 20, 3, 4));
    assert_true(transforms_a_wave(20, 12, 3, 4));
    assert_true(transforms_a_wave(9, 8, 0, 1));
}

static void *many(void *of)
{
    size_t n = *(const size_t *)of, wrong = 0;
    for (size_t i = 0; i < 100; i++)
        wrong += !transforms_a_wave(vtr_fourier_size(n + i % 13), vtr_fourier_size(n + i % 7), 2, 3);
    return wrong == 0 ? of : NULL;
}

/* FFTW's planner fails within a few plans where two threads use it at once. */
static void threads_do_not_meet_in_the_planner(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    pthread_t thread[THREADS];
    size_t size[THREADS] = {10, 14, 22, 34};
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, many, &size[i]), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *answer = NULL;
        assert_int_equal(pthread_join(thread[i], &answer), 0);
        assert_non_null(answer);
    }
}

static void sizes_that_FFTW_does_not_take(void **state)
{
    (void)state;
    double real[2];
    fftw_complex spectrum[2];
    vtr_fourier fourier;
    assert_false(vtr_fourier_create(&fourier, (size_t)1 << 32, 2, real, spectrum, FFTW_ESTIMATE));
    assert_false(vtr_fourier_create(&fourier, 0, 2, real, spectrum, FFTW_ESTIMATE));
    assert_null(fourier.forward);
    vtr_fourier_release(&fourier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_have_small_factors),
        cmocka_unit_test(both_ways),
        cmocka_unit_test(threads_do_not_meet_in_the_planner),
        cmocka_unit_test(sizes_that_FFTW_does_not_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
