/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "scene.h"

#include <math.h>

#include "base/base_internal.h"
#include "twin/eshelby_internal.h"

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

/* The mean over sub x sub points of a square about the place; sub 1: at the place. */
static void strain_of(double mean[3], const vtr_twin_inclusion *q, double y, double x, double side, int sub)
{
    mean[0] = mean[1] = mean[2] = 0;
    for (int k = 0; k < sub * sub; k++) {
        double e[3], dy = side * ((k / sub + 0.5) / sub - 0.5), dx = side * ((k % sub + 0.5) / sub - 0.5);
        vtr_eshelby_elastic_strain(q, y + dy - q->centre_y_nm, x + dx - q->centre_x_nm, e);
        for (int j = 0; j < 3; j++)
            mean[j] += e[j] / (sub * sub);
    }
}

vtr_status scene_make_one(scene *s, vtr_twin_inclusion *truth, double strength, uint64_t seed, vtr_error *err)
{
    return scene_make_one_seen(s, truth, strength, 0, seed, err);
}

vtr_status scene_make_one_seen(scene *s, vtr_twin_inclusion *truth, double strength, double probe_nm,
                               uint64_t seed, vtr_error *err)
{
    enum { SIDE = SCENE_ONE_SIDE, N = SIDE * SIDE };
    vtr_random random;
    vtr_twin_params params = vtr_twin_default_params();
    params.scan[0] = params.scan[1] = SIDE;
    params.pattern[0] = params.pattern[1] = 32;
    params.matrix_strain = 3e-4;
    params.matrix_length_nm = 25;
    params.seed = seed;
    vtr_status status = scene_make(s, "rings", &params, 1, seed + 1000, err);
    if (status != VTR_OK) return status;
    vtr_random_start(&random, seed, 9);
    *truth = (vtr_twin_inclusion){
        .radius_nm = 15, .shear = 0.010 * strength, .dilation = 0.005 * strength, .poisson = 0.33};
    truth->centre_y_nm = 5.8 * (19.5 + 4 * vtr_random_uniform(&random));
    truth->centre_x_nm = 5.8 * (19.5 + 4 * vtr_random_uniform(&random));
    truth->angle_degrees = 180 * vtr_random_uniform(&random) - 90;
    for (size_t i = 0; i < N; i++) {
        double e[3];
        strain_of(e, truth, 5.8 * (double)(i / SIDE), 5.8 * (double)(i % SIDE), probe_nm,
                  probe_nm > 0 ? 10 : 1);
        s->memory[i] += (float)e[0];
        s->memory[N + i] += (float)e[1];
        s->memory[2 * N + i] += (float)e[2];
    }
    return VTR_OK;
}

void scene_assert_found(const vtr_inclusion *q, const vtr_twin_inclusion *truth, double errors)
{
    assert_near(q->y_nm, truth->centre_y_nm, errors * q->y_error_nm);
    assert_near(q->x_nm, truth->centre_x_nm, errors * q->x_error_nm);
    assert_near(q->radius_nm, truth->radius_nm, errors * q->radius_error_nm);
    assert_near(q->shear, truth->shear, errors * q->shear_error);
    assert_near(remainder(q->angle_degrees - truth->angle_degrees, 180), 0, errors * q->angle_error_degrees);
    assert_near(q->dilation, truth->dilation, errors * q->dilation_error);
}

void scene_release(scene *s)
{
    vtr_twin_close(&s->twin);
    vtr_free(s->memory);
    s->memory = NULL;
}
