/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Correlation lengths of maps: against fields whose autocorrelation is known, as estimates and as error bars. */
#include <math.h>
#include <string.h>

#include "allocation.h"
#include "base/base_internal.h"
#include "twin/gaussian_field_internal.h"
#include "vitrail/twin.h"
#include "vitrail/unmix_read.h"

enum { SIDE = 64 };

/* The fraction of two-phase over a scan. */
static void read_fraction(float *fraction, size_t side, bool annealed, size_t seed, double *step_nm)
{
    vtr_error err;
    vtr_twin *twin = NULL;
    vtr_twin_params params = vtr_twin_default_params();
    params.scan[0] = params.scan[1] = side;
    params.pattern[0] = params.pattern[1] = 16;
    params.contrast = 0;
    params.annealed = annealed;
    params.seed = seed;
    assert_ok(vtr_twin_open(&twin, "two-phase", &params, &err));
    *step_nm = vtr_twin_get_info(twin)->scan_step_nm;
    for (size_t i = 0; i < side * side; i++) {
        vtr_twin_position position;
        vtr_twin_get_position(twin, i, &position);
        fraction[i] = (float)position.solid_fraction;
    }
    vtr_twin_close(&twin);
}

static void add_noise(float *map, size_t n, double deviation, uint64_t seed)
{
    vtr_random random;
    vtr_random_start(&random, seed, 77);
    for (size_t i = 0; i < n; i++)
        map[i] += (float)(deviation * vtr_random_normal(&random));
}

/* 5.4 and 5.7 nm of the specimen, from its truth and with noise through which a map correlates at 0.93 with the truth,
 * given or not. */
static void specimen_has_its_length(void **state)
{
    (void)state;
    enum { N = 128 };
    static float map[N * N], errors[N * N];
    static const double length[2] = {5.4, 5.7};
    vtr_error err;
    for (int annealed = 0; annealed < 2; annealed++)
        for (int noisy = 0; noisy < 3; noisy++) {
            double step;
            vtr_correlation c;
            read_fraction(map, N, annealed, 1, &step);
            if (noisy > 0) add_noise(map, N * N, 0.12, 5);
            for (size_t i = 0; i < N * N; i++)
                errors[i] = 0.12F;
            const vtr_unmix_map m = {N, N, {step, step}, map, noisy == 2 ? errors : NULL, NULL};
            assert_ok(vtr_correlation_compute(&c, &m, &err));
            print_message("%d %d: %.3f +- %.3f, model %.3f +- %.3f, p %.2f +- %.2f, x %.2f +- %.2f y %.2f "
                          "+- %.2f, signal %.4f +- %.4f noise %.4f independent %.0f\n",
                          annealed, noisy, c.length_nm, c.length_error_nm, c.model_length_nm,
                          c.model_length_error_nm, c.exponent, c.exponent_error, c.length_x_nm,
                          c.length_x_error_nm, c.length_y_nm, c.length_y_error_nm, c.signal, c.signal_error,
                          c.noise, c.n_independent);
            assert_near(c.length_nm, length[annealed], 0.3);
            assert_near(c.model_length_nm, length[annealed], 0.3);
            vtr_correlation_release(&c);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(specimen_has_its_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
