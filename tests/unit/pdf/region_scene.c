/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "region_scene.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_internal.h"
#include "vitrail/constants.h"

static double q_of(size_t j)
{
    return 12.0 * ((double)j + 0.5) / REGION_Q;
}

double region_scene_excess(size_t j)
{
    return cos(2.5 * q_of(j)) * q_of(j) / 12;
}

double region_scene_kernel(size_t j, double r)
{
    return 2 / VTR_PI * 12.0 / REGION_Q * sin(q_of(j) * r);
}

/* A first shell at 2.5 Å and a second at 4.3 Å over a line of 0.06 atoms/Å^3. */
static double mean_g(double r)
{
    double first = 12 * exp(-pow((r - 2.5) / 0.2, 2) / 2), second = 4 * exp(-pow((r - 4.3) / 0.4, 2) / 2);
    double below = r < 2.2 ? -4 * VTR_PI * 0.06 * r : -4 * VTR_PI * 0.06 * 2.2 * exp(-(r - 2.2));
    return below + first + second;
}

static vtr_status read_scene(void *user, size_t first, size_t n, float *G, vtr_error *err)
{
    const region_scene *scene = user;
    (void)err;
    memcpy(G, scene->G + first * REGION_R, n * REGION_R * sizeof *G);
    return VTR_OK;
}

static void make_region(vtr_region *region, const char *name)
{
    *region = (vtr_region){.n_y = REGION_SIDE, .n_x = REGION_SIDE, .member = test_malloc(REGION_N)};
    strcpy(region->name, name);
    strcpy(region->definition, name);
    memset(region->member, 0, REGION_N);
}

void region_scene_start(region_scene *scene)
{
    *scene = (region_scene){.noise = 1, .structure = 1, .width = 1.2, .louder = 1, .scale = 1};
    scene->G = test_malloc(REGION_N * REGION_R * sizeof *scene->G);
    make_region(&scene->regions[0], "inclusions");
    make_region(&scene->regions[1], "between");
    make_region(&scene->regions[2], "matrix");
    for (size_t i = 0; i < REGION_R; i++)
        scene->r[i] = 0.1 * (double)i;
    for (size_t p = 0; p < REGION_N; p++) {
        double y = (double)(p / REGION_SIDE), x = (double)(p % REGION_SIDE), across = y - 24;
        double along = fmod(x, 12) - 6;
        bool is_in = across * across + along * along <= 16;
        scene->regions[0].member[p] = is_in;
        scene->regions[1].member[p] = !is_in && fabs(across) <= 4;
        scene->regions[2].member[p] = fabs(across) > 8;
    }
    scene->input = (vtr_pdf_compare_input){.n_y = REGION_SIDE,
                                           .n_x = REGION_SIDE,
                                           .n_r = REGION_R,
                                           .r = scene->r,
                                           .qmax = 12,
                                           .density = 0.06,
                                           .shell_range = {{1.9, 3.4}, {3.4, 5.4}},
                                           .step_nm = {2, 2},
                                           .user = scene,
                                           .read = read_scene};
}

/* The scan lies in a larger field, so that its edges are like any other place. */
enum { REACH = 8, WIDE = REGION_SIDE + 2 * REACH };

/* White noise smoothed over the positions, of unit variance. */
static void draw_smooth(double *field, double *room, vtr_random *random, double width)
{
    double kernel[2 * REACH + 1], square = 0, *between = room + WIDE * WIDE;
    for (int p = 0; p < WIDE * WIDE; p++)
        room[p] = vtr_random_normal(random);
    for (int d = -REACH; d <= REACH; d++) {
        kernel[d + REACH] = exp(-d * d / (2 * width * width));
        square += kernel[d + REACH] * kernel[d + REACH];
    }
    for (int y = 0; y < REGION_SIDE; y++)
        for (int x = 0; x < WIDE; x++) {
            between[y * WIDE + x] = 0;
            for (int d = 0; d <= 2 * REACH; d++)
                between[y * WIDE + x] += kernel[d] / sqrt(square) * room[(y + d) * WIDE + x];
        }
    for (int p = 0; p < REGION_N; p++) {
        field[p] = 0;
        for (int d = 0; d <= 2 * REACH; d++)
            field[p] += kernel[d] / sqrt(square) * between[p / REGION_SIDE * WIDE + p % REGION_SIDE + d];
    }
}

void region_scene_draw(region_scene *scene, uint64_t seed)
{
    vtr_random random;
    double *F = test_malloc(REGION_Q * REGION_N * sizeof *F),
           *room = test_malloc(2 * WIDE * WIDE * sizeof *room);
    double *G = test_malloc(REGION_N * REGION_R * sizeof *G), kernel[REGION_Q * REGION_R];
    vtr_random_start(&random, seed, 0);
    for (size_t j = 0; j < REGION_Q; j++) {
        double *field = F + j * REGION_N;
        draw_smooth(field, room, &random, scene->width);
        for (size_t p = 0; p < REGION_N; p++) {
            bool is_in = scene->regions[0].member[p] != 0;
            field[p] = scene->structure * field[p] + scene->noise * vtr_random_normal(&random);
            field[p] =
                (is_in ? scene->louder : 1) * field[p] + is_in * scene->excess * region_scene_excess(j);
        }
        for (size_t i = 0; i < REGION_R; i++)
            kernel[j * REGION_R + i] = region_scene_kernel(j, scene->r[i]);
    }
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, REGION_N, REGION_R, REGION_Q, scene->scale, F,
                REGION_N, kernel, REGION_R, 0, G, REGION_R);
    for (size_t p = 0; p < REGION_N; p++)
        for (size_t i = 0; i < REGION_R; i++)
            scene->G[p * REGION_R + i] = (float)(G[p * REGION_R + i] + scene->scale * mean_g(scene->r[i]));
    test_free(F);
    test_free(G);
    test_free(room);
}

void region_scene_end(region_scene *scene)
{
    test_free(scene->G);
    for (int g = 0; g < 3; g++)
        test_free(scene->regions[g].member);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double uniform_probability(double *values, size_t n)
{
    double most = 0, sum = 0;
    qsort(values, n, sizeof *values, ascending);
    for (size_t i = 0; i < n; i++) {
        most = fmax(most, fabs(values[i] - (double)i / (double)n));
        most = fmax(most, fabs((double)(i + 1) / (double)n - values[i]));
    }
    double root = sqrt((double)n), x = most * (root + 0.12 + 0.11 / root);
    for (int k = 1; k < 100; k++)
        sum += (k % 2 == 1 ? 2 : -2) * exp(-2 * k * k * x * x);
    return x < 0.2 ? 1 : fmin(1, sum);
}
