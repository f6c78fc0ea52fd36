/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "base/base_internal.h"
#include "detector/image_internal.h"
#include "detector/mask_internal.h"

vtr_mask_params vtr_mask_default_params(void)
{
    return (vtr_mask_params){.find_beam_stop = true,
                             .find_hot = true,
                             .find_dead = true,
                             .find_saturated = true,
                             .saturation = NAN,
                             .beam_stop_grow_px = 3};
}

/* The largest value in the sample if it looks like the end of a converter's range: one below (or at) a power
 * of two from 8 bits on, reached by at least four pixels of one frame. NAN otherwise. */
static double guess_saturation(const vtr_sample *sample)
{
    size_t n_pixels = sample->det_y * sample->det_x;
    double largest = 0;
    for (size_t i = 0; i < sample->n * n_pixels; i++)
        if (isfinite(sample->frames[i]) && sample->frames[i] > largest) largest = sample->frames[i];
    bool is_end = false;
    for (int bits = 8; bits <= 24; bits += 2)
        is_end = is_end || largest == ldexp(1, bits) || largest == ldexp(1, bits) - 1;
    if (!is_end) return NAN;
    for (size_t f = 0; f < sample->n; f++) {
        size_t n = 0;
        for (size_t p = 0; p < n_pixels; p++)
            n += (double)sample->frames[f * n_pixels + p] == largest;
        if (n >= 4) return largest;
    }
    return NAN;
}

static void mark_saturated(unsigned char *reasons, const vtr_sample *sample, double saturation)
{
    size_t n_pixels = sample->det_y * sample->det_x;
    if (!isfinite(saturation)) saturation = guess_saturation(sample);
    if (!isfinite(saturation)) return;
#pragma omp parallel for schedule(static)
    for (size_t p = 0; p < n_pixels; p++)
        for (size_t f = 0; f < sample->n; f++)
            if ((double)sample->frames[f * n_pixels + p] >= saturation) reasons[p] |= VTR_MASK_SATURATED;
}

static void mark_invalid(unsigned char *reasons, const vtr_sample *sample)
{
    size_t n_pixels = sample->det_y * sample->det_x;
#pragma omp parallel for schedule(static)
    for (size_t p = 0; p < n_pixels; p++)
        for (size_t f = 0; f < sample->n; f++)
            if (!isfinite(sample->frames[f * n_pixels + p])) reasons[p] |= VTR_MASK_INVALID;
}

vtr_status vtr_mask_find(unsigned char *reasons, const vtr_sample *sample, const vtr_mask_params *params,
                         vtr_error *err)
{
    vtr_mask_params p = params ? *params : vtr_mask_default_params();
    size_t n_pixels = sample->det_y * sample->det_x;
    if (sample->n == 0 || n_pixels == 0)
        return vtr_fail(err, VTR_ERR_NO_DATA, "no frames to find a mask from");
    if (!(p.beam_stop_grow_px >= 0))
        return vtr_fail(err, VTR_ERR_RANGE, "a beam stop cannot grow by %g px: give 0 or more",
                        p.beam_stop_grow_px);

    vtr_status status = VTR_OK;
    unsigned char *found = vtr_calloc(n_pixels, 1);
    double *moments = vtr_malloc(2 * n_pixels, sizeof *moments);
    if (!found || !moments) {
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the mask of %zu pixels", n_pixels);
        goto cleanup;
    }
    vtr_sample_moments(moments, moments + n_pixels, sample);
    vtr_mask_image image = {sample->det_y, sample->det_x, sample->n, moments, moments + n_pixels};

    mark_invalid(found, sample);
    if (p.find_saturated) mark_saturated(found, sample, p.saturation);
    if (p.find_hot || p.find_dead) status = vtr_mask_bad_pixels(found, &image, p.find_hot, p.find_dead, err);
    if (!status && p.find_beam_stop) status = vtr_mask_beam_stop(found, &image, p.beam_stop_grow_px, err);
    if (status) goto cleanup;
    for (size_t i = 0; i < n_pixels; i++) {
        if (p.user && !(p.user[i] != 0)) found[i] |= VTR_MASK_USER;
        reasons[i] = found[i];
    }

cleanup:
    vtr_free(found);
    vtr_free(moments);
    return status;
}
