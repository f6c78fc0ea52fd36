/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unmix_scene.h"

#include <math.h>
#include <string.h>

#include "base/base_internal.h"

static void allocate(scene *s, size_t n, size_t m, size_t k)
{
    *s = (scene){.n = n, .m = m, .k = k};
    s->values = vtr_calloc(n * m, sizeof *s->values);
    s->components = vtr_calloc(k * m, sizeof(double));
    s->shares = vtr_calloc(k * n, sizeof(double));
    s->fractions = vtr_calloc(k, sizeof(double));
    assert_true(s->values != NULL && s->components != NULL && s->shares != NULL && s->fractions != NULL);
    s->data = (vtr_unmix_data){.n_positions = n, .n_channels = m, .values = s->values};
}

static void mix(scene *s, double noise)
{
    vtr_random random;
    vtr_random_start(&random, 5, 1);
    for (size_t i = 0; i < s->n; i++)
        for (size_t c = 0; c < s->m; c++) {
            double x = 0;
            for (size_t j = 0; j < s->k; j++)
                x += s->shares[j * s->n + i] * s->components[j * s->m + c];
            if (noise > 0) x += noise * vtr_random_normal(&random);
            s->values[i * s->m + c] = (float)x;
        }
    for (size_t j = 0; j < s->k; j++)
        for (size_t i = 0; i < s->n; i++)
            s->fractions[j] += s->shares[j * s->n + i] / (double)s->n;
}

/* Exponential numbers over their sum: uniform on the simplex. Every eighth position holds one component alone. */
static void share(scene *s)
{
    vtr_random random;
    vtr_random_start(&random, 5, 0);
    for (size_t i = 0; i < s->n; i++) {
        double sum = 0;
        for (size_t j = 0; j < s->k; j++) {
            double x = i % 8 == 0 ? (i / 8 % s->k == j) : -log(vtr_random_uniform(&random));
            s->shares[j * s->n + i] = x;
            sum += x;
        }
        for (size_t j = 0; j < s->k; j++)
            s->shares[j * s->n + i] /= sum;
    }
}

void scene_bands(scene *s, size_t n, size_t m, size_t k, double noise)
{
    allocate(s, n, m, k);
    for (size_t j = 0; j < k; j++)
        for (size_t c = 0; c < m; c++) {
            double x = ((double)c + 0.5) / (double)m * (double)k - ((double)j + 0.5);
            if (fabs(x) < 0.9) s->components[j * m + c] = cos(x * 1.5707963 / 0.9);
        }
    share(s);
    mix(s, noise);
}

void scene_waves(scene *s, size_t n, size_t m, size_t k, double noise)
{
    allocate(s, n, m, k);
    for (size_t j = 0; j < k; j++)
        for (size_t c = 0; c < m; c++) {
            double r = 1.5 + 8.5 * (double)c / (double)m, first = 2.53 - 0.07 * (double)j;
            s->components[j * m + c] = 3 * cos(2.6 * (1 + 0.03 * (double)j) * (r - first)) *
                                       exp(-(0.35 - 0.07 * (double)j) * (r - 1.5));
        }
    share(s);
    mix(s, noise);
}

void scene_release(scene *s)
{
    vtr_free(s->values);
    vtr_free(s->components);
    vtr_free(s->shares);
    vtr_free(s->fractions);
}

void scene_match(size_t *order, const scene *s, const double *components, double least)
{
    double correlation[VTR_UNMIX_COMPONENTS_MAX];
    vtr_error err;
    assert_ok(vtr_unmix_match(order, correlation, s->k, s->m, s->components, components, &err));
    for (size_t j = 0; j < s->k; j++)
        if (correlation[j] < least) fail_msg("component %zu correlates at %.6f", j, correlation[j]);
}
