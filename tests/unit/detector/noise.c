/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "base/base_internal.h"
#include "frames.h"
#include "support.h"

static vtr_noise measure(const frames_params *params)
{
    vtr_sample sample;
    vtr_error err;
    vtr_noise noise = {0};
    frames_make(&sample, params);
    assert_ok(vtr_noise_measure(&noise, &sample, NULL, &err));
    vtr_sample_release(&sample);
    return noise;
}

static frames_params usual(void)
{
    return (frames_params){.n = 200,
                           .det_y = 128,
                           .det_x = 128,
                           .electrons = 1e5,
                           .contrast = 0.1,
                           .grain_px = 3,
                           .thickness = 0.1,
                           .gain = 12,
                           .read_noise = 12,
                           .seed = 3};
}

/* Gain within 2 % and read-out noise (one electron) within 5 %, whatever the speckle's grain. */
static void gain_and_read_noise_are_told_from_speckle(void **state)
{
    (void)state;
    const double grains[] = {2, 3, 5};
    for (size_t i = 0; i < 3; i++) {
        frames_params params = usual();
        params.grain_px = grains[i];
        params.seed = i;
        vtr_noise noise = measure(&params);
        assert_near(noise.gain, 12, 0.02 * 12);
        assert_near(noise.read_noise, 12, 0.05 * 12);
        assert_near(noise.gain, 12, 5 * noise.gain_error);
        assert_true(noise.offset == 0 && !noise.is_counting && noise.is_measured);
    }
}

static void counting_cameras_are_recognised(void **state)
{
    (void)state;
    const double electrons[] = {1e3, 1e4, 1e5, 1e6};
    for (size_t i = 0; i < 4; i++) {
        frames_params params = usual();
        params.electrons = electrons[i];
        params.gain = 1;
        params.read_noise = 0;
        params.seed = 10 + i;
        vtr_noise noise = measure(&params);
        assert_true(noise.is_counting);
        assert_true(noise.gain == 1 && noise.read_noise == 0 && noise.offset == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gain_and_read_noise_are_told_from_speckle),
        cmocka_unit_test(counting_cameras_are_recognised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
