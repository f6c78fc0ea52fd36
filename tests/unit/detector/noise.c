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

/* An offset is told where it is clearly there: read-out noise and gain cannot explain the dark level's quiet. */
static void a_clear_offset_is_found(void **state)
{
    (void)state;
    frames_params params = usual();
    params.offset = 500;
    vtr_noise noise = measure(&params);
    assert_near(noise.gain, 12, 0.03 * 12);
    assert_near(noise.offset, 500, 30); /* the corners hold an electron or two of gain 12 */
    assert_near(noise.read_noise * noise.read_noise - noise.gain * noise.offset, 12 * 12 - 12 * 500, 250);
    params.offset = -300;
    noise = measure(&params);
    assert_near(noise.offset, -300, 30);
    assert_false(noise.is_counting);
}

static void text_is_read(void **state)
{
    (void)state;
    vtr_error err;
    vtr_noise noise;
    assert_ok(vtr_noise_parse(&noise, "12.5,-3,0.25", &err));
    assert_true(noise.gain == 12.5 && noise.offset == -3 && noise.read_noise == 0.25 && !noise.is_measured);
    assert_ok(vtr_noise_parse(&noise, "counting", &err));
    assert_true(noise.is_counting && noise.gain == 1 && noise.read_noise == 0);
    assert_fails(vtr_noise_parse(&noise, "12,3", &err), VTR_ERR_ARGUMENT, "GAIN,OFFSET,READ_NOISE");
    assert_fails(vtr_noise_parse(&noise, "1,2,3,4", &err), VTR_ERR_ARGUMENT, "GAIN,OFFSET,READ_NOISE");
    assert_fails(vtr_noise_parse(&noise, "1,,3", &err), VTR_ERR_ARGUMENT, "GAIN,OFFSET,READ_NOISE");
    assert_fails(vtr_noise_parse(&noise, "1,x,3", &err), VTR_ERR_ARGUMENT, "'x'");
    assert_fails(vtr_noise_parse(&noise, "0,0,3", &err), VTR_ERR_RANGE, "gain");
    assert_fails(vtr_noise_parse(&noise, "1,0,-3", &err), VTR_ERR_RANGE, "read-out");
}

static void too_little_data_is_an_error(void **state)
{
    (void)state;
    vtr_error err;
    vtr_noise noise;
    vtr_sample sample;
    frames_params params = usual();
    params.n = 4;
    params.contrast = 0;
    frames_make(&sample, &params);
    unsigned char *mask = vtr_calloc(params.det_y * params.det_x, 1);
    assert_fails(vtr_noise_measure(&noise, &sample, mask, &err), VTR_ERR_NO_DATA, "only 0 pixels");
    sample.n = 1;
    assert_fails(vtr_noise_measure(&noise, &sample, NULL, &err), VTR_ERR_NO_DATA, "one pattern alone");
    sample.n = 4;
    for (size_t i = 0; i < 4 * params.det_y * params.det_x; i++)
        sample.frames[i] = 5;
    assert_fails(vtr_noise_measure(&noise, &sample, NULL, &err), VTR_ERR_NO_DATA, "does not grow");
    vtr_sample_release(&sample);
    vtr_free(mask);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gain_and_read_noise_are_told_from_speckle),
        cmocka_unit_test(counting_cameras_are_recognised),
        cmocka_unit_test(a_clear_offset_is_found),
        cmocka_unit_test(text_is_read),
        cmocka_unit_test(too_little_data_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
