/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "scene.h"

#include <math.h>

#include "base/base_internal.h"

/* Independent noise of the trace and of both parts of the deviator gives exx and eyy their covariance. */
static void add_noise(scene *s, double noise, uint64_t seed)
{
    size_t n = s->maps.n_y * s->maps.n_x;
    float *const m = s->memory;
    double deviator = noise * SCENE_XY_ERROR,
           half = noise * sqrt(SCENE_XX_ERROR * SCENE_XX_ERROR - SCENE_XY_ERROR * SCENE_XY_ERROR);
    vtr_random random;
    vtr_random_start(&random, seed, 77);
    for (size_t i = 0; i < n; i++) {
        double t = half * vtr_random_normal(&random), c = deviator * vtr_random_normal(&random);
        m[i] += (float)(t + c);
        m[n + i] += (float)(t - c);
        m[2 * n + i] += (float)(deviator * vtr_random_normal(&random));
        m[3 * n + i] = m[4 * n + i] = (float)(noise * SCENE_XX_ERROR);
        m[5 * n + i] = (float)deviator;
        m[6 * n + i] = (float)(2 * half);
    }
}

vtr_status scene_make(scene *s, const char *preset, const vtr_twin_params *params, double noise,
                      uint64_t seed, vtr_error *err)
{
    *s = (scene){0};
    vtr_status status = vtr_twin_open(&s->twin, preset, params, err);
    if (status != VTR_OK) return status;
    const vtr_twin_info *info = vtr_twin_get_info(s->twin);
    size_t n = info->shape[0] * info->shape[1];
    s->memory = vtr_malloc(7 * n, sizeof(float));
    if (s->memory == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "no memory for a scene");
    for (size_t i = 0; i < n; i++) {
        vtr_twin_position p;
        vtr_twin_get_position(s->twin, i, &p);
        s->memory[i] = (float)p.exx;
        s->memory[n + i] = (float)p.eyy;
        s->memory[2 * n + i] = (float)p.exy;
    }
    float *m = s->memory;
    s->maps = (vtr_strain_maps){.n_y = info->shape[0],
                                .n_x = info->shape[1],
                                .exx = m,
                                .eyy = m + n,
                                .exy = m + 2 * n,
                                .exx_errors = m + 3 * n,
                                .eyy_errors = m + 4 * n,
                                .exy_errors = m + 5 * n,
                                .trace_errors = m + 6 * n,
                                .step_nm = {info->scan_step_nm, info->scan_step_nm},
                                .poisson = NAN};
    add_noise(s, noise, seed);
    return VTR_OK;
}

void scene_release(scene *s)
{
    vtr_twin_close(&s->twin);
    vtr_free(s->memory);
    s->memory = NULL;
}
