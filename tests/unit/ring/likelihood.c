/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ring/likelihood.h"

#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "pass/sample_fit.h"
#include "ring/likelihood_state.h"
#include "support.h"
#include "vitrail/polar.h"

enum { SIZE = 97, CENTRE = SIZE / 2, FRAMES = 16 };

typedef struct fixture {
    vtr_polar_plan *plan;
    vtr_polar_batch *batch;
    vtr_likelihood *likelihood;
    vtr_likelihood_work *work;
    float frames[FRAMES][SIZE * SIZE];
} fixture;

static double profile(double r)
{
    return 40 * exp(-0.5 * pow((r - 30) / 3, 2)) + 30 * exp(-0.04 * (r - 30));
}

/* Counts of a ring strained by e about a shifted centre, on a background that stays. */
static double expected(double x, double y, const double e[3], const double shift[2])
{
    double vx = x - CENTRE - shift[0], vy = y - CENTRE - shift[1];
    double rho = hypot((1 + e[0]) * vx + e[2] * vy, e[2] * vx + (1 + e[1]) * vy), r = hypot(vx, vy);
    return 40 * exp(-0.5 * pow((rho - 30) / 3, 2)) + 30 * exp(-0.04 * (r - 30));
}

static const double strain[3] = {0.012, -0.006, 0.008}, shift[2] = {0.6, -0.4};

static void fill_frames(fixture *f)
{
    for (int k = 0; k < FRAMES; k++) {
        vtr_random random;
        vtr_random_start(&random, 3, (uint64_t)k);
        for (int y = 0; y < SIZE; y++)
            for (int x = 0; x < SIZE; x++)
                f->frames[k][y * SIZE + x] =
                    (float)vtr_random_poisson(&random, expected(x, y, strain, shift));
    }
}

static int setup(void **state)
{
    vtr_error err;
    fixture *f = vtr_calloc(1, sizeof *f);
    vtr_polar_geometry geometry = vtr_polar_default_geometry(SIZE, SIZE);
    geometry.n_r = 46;
    assert_ok(vtr_polar_plan_create(&f->plan, &geometry, &err));
    assert_ok(vtr_polar_batch_create(&f->batch, &err));
    double radius[400], counts[400], weight[400];
    const double annulus[2] = {19, 42};
    for (int i = 0; i < 400; i++) {
        radius[i] = 10 + 0.1 * i;
        counts[i] = profile(radius[i]);
        weight[i] = 1;
    }
    vtr_ring_template ring;
    vtr_ring_bins bins;
    vtr_noise noise = {.gain = 1, .is_counting = true};
    assert_ok(vtr_ring_template_from_profile(&ring, 400, radius, counts, weight, annulus, 6, &err));
    vtr_bins_of_plan(&bins, f->plan);
    assert_ok(vtr_likelihood_create(&f->likelihood, &bins, &ring, &noise, NULL, NULL, &err));
    f->work = vtr_likelihood_work_new(f->likelihood);
    fill_frames(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    vtr_likelihood_work_free(f->work);
    vtr_likelihood_free(f->likelihood);
    vtr_polar_batch_free(&f->batch);
    vtr_polar_plan_free(&f->plan);
    vtr_free(f);
    return 0;
}

static void fit(fixture *f, float frames[FRAMES][SIZE * SIZE], vtr_fit_batch *out)
{
    vtr_error err;
    const void *pointers[VTR_LANES];
    for (int k = 0; k < FRAMES; k++)
        pointers[k] = frames[k];
    assert_ok(vtr_polar_bin(f->batch, f->plan, VTR_TYPE_F32, pointers, NULL, &err));
    vtr_likelihood_fit(f->likelihood, f->work, f->batch->sums, out);
}

/* The template's radius and the truth share one scale, so strain and shift come back within their errors. */
static void known_strain_comes_back(void **state)
{
    fixture *f = *state;
    vtr_fit_batch out;
    fit(f, f->frames, &out);
    double sum[5] = {0}, variance[5] = {0};
    for (int k = 0; k < FRAMES; k++) {
        assert_int_equal(out.flags[k], 0);
        for (int i = 0; i < 5; i++) {
            sum[i] += (double)out.parameters[i][k];
            variance[i] += out.covariance[i][i][k];
        }
    }
    const double truth[5] = {shift[0], shift[1], 0.5 * (strain[0] + strain[1]), 0.5 * (strain[0] - strain[1]),
                             strain[2]};
    for (int i = 0; i < 5; i++)
        assert_near(sum[i] / FRAMES, truth[i], 4 * sqrt(variance[i]) / FRAMES);
}

/* The first step for patterns without noise, of amplitudes 1 to 16. */
static void first_step(fixture *f, const double e[3], const double d[2], double step[5][FRAMES])
{
    static float frames[FRAMES][SIZE * SIZE];
    vtr_fit_batch out;
    for (int k = 0; k < FRAMES; k++)
        for (int i = 0; i < SIZE * SIZE; i++)
            frames[k][i] = (float)((1 + k) * expected(i % SIZE, i / SIZE, e, d));
    fit(f, frames, &out);
    vtr_likelihood_load(f->likelihood, f->work, f->batch->sums);
    vtr_likelihood_start_lanes(f->likelihood, f->work, &out);
    vtr_likelihood_start_step(f->likelihood, f->work, &out);
    memcpy(step, f->work->step.step, 5 * sizeof *step);
}

/* So near to rest that what is not linear is small, the first step alone finds strain and shift. The template is that of the
 * profile and not of its means over pixels, so even a ring at rest is a little off. */
static void the_first_step_is_right_where_it_is_linear(void **state)
{
    const double none[3] = {0}, e[3] = {0.1 * strain[0], 0.1 * strain[1], 0.1 * strain[2]};
    const double d[2] = {0.1 * shift[0], 0.1 * shift[1]};
    const double truth[5] = {d[0], d[1], 0.5 * (e[0] + e[1]), 0.5 * (e[0] - e[1]), e[2]};
    double at_rest[5][FRAMES], moved[5][FRAMES];
    first_step(*state, none, none, at_rest);
    first_step(*state, e, d, moved);
    for (int k = 0; k < FRAMES; k++)
        for (int i = 0; i < 5; i++)
            assert_near(moved[i][k] - at_rest[i][k], truth[i], 0.03 * fabs(truth[i]));
}

/* One of the eight symmetries of the square: transposed, then mirrored along x, along y. */
static void transform(float to[SIZE * SIZE], const float from[SIZE * SIZE], int symmetry)
{
    for (int y = 0; y < SIZE; y++)
        for (int x = 0; x < SIZE; x++) {
            int u = symmetry & 1 ? y : x, v = symmetry & 1 ? x : y;
            if (symmetry & 2) u = SIZE - 1 - u;
            if (symmetry & 4) v = SIZE - 1 - v;
            to[v * SIZE + u] = from[y * SIZE + x];
        }
}

static void fits_turn_with_the_pattern(void **state)
{
    fixture *f = *state;
    vtr_fit_batch before, after;
    static float turned[FRAMES][SIZE * SIZE];
    fit(f, f->frames, &before);
    for (int symmetry = 0; symmetry < 8; symmetry++) {
        for (int k = 0; k < FRAMES; k++)
            transform(turned[k], f->frames[k], symmetry);
        fit(f, turned, &after);
        for (int k = 0; k < FRAMES; k++) {
            double dx = (double)before.parameters[FIT_DX][k], dy = (double)before.parameters[FIT_DY][k];
            double p = (double)before.parameters[FIT_P][k], q = (double)before.parameters[FIT_Q][k];
            if (symmetry & 1) {
                double t = dx;
                dx = dy;
                dy = t;
                p = -p;
            }
            if (symmetry & 2) dx = -dx;
            if (symmetry & 4) dy = -dy;
            if (((symmetry >> 1) & 1) != ((symmetry >> 2) & 1)) q = -q;
            /* single precision sums in another order */
            assert_near(after.parameters[FIT_DX][k], dx, 2e-5);
            assert_near(after.parameters[FIT_DY][k], dy, 2e-5);
            assert_near(after.parameters[FIT_M][k], before.parameters[FIT_M][k], 1e-6);
            assert_near(after.parameters[FIT_P][k], p, 1e-6);
            assert_near(after.parameters[FIT_Q][k], q, 1e-6);
        }
    }
}

/* A lane's result is its own, whatever its neighbours are. */
static void lanes_do_not_mix(void **state)
{
    fixture *f = *state;
    vtr_fit_batch together, alone;
    static float frames[FRAMES][SIZE * SIZE];
    fit(f, f->frames, &together);
    memset(frames, 0, sizeof frames);
    memcpy(frames[5], f->frames[5], sizeof frames[5]);
    fit(f, frames, &alone);
    for (int i = 0; i < FIT_N; i++)
        assert_true(together.parameters[i][5] == alone.parameters[i][5]);
    assert_true(together.covariance[2][2][5] == alone.covariance[2][2][5]);
    assert_int_equal(alone.flags[4], VTR_FLAG_EMPTY);
}

static void what_is_no_ring_is_flagged(void **state)
{
    fixture *f = *state;
    vtr_fit_batch out;
    vtr_ring_ellipse ellipse;
    static float frames[FRAMES][SIZE * SIZE];
    memcpy(frames, f->frames, sizeof frames);
    memset(frames[0], 0, sizeof frames[0]);
    frames[1][CENTRE * SIZE + CENTRE + 30] = NAN;
    for (int k = 2; k < 10; k++) {
        vtr_random random;
        vtr_random_start(&random, 17, (uint64_t)k);
        for (int i = 0; i < SIZE * SIZE; i++)
            frames[k][i] = (float)vtr_random_poisson(&random, 10);
    }
    fit(f, frames, &out);
    assert_true(out.flags[0] & VTR_FLAG_EMPTY);
    assert_true(out.flags[1] & VTR_FLAG_INVALID);
    for (int k = 2; k < 10; k++)
        assert_true(out.flags[k] & VTR_FLAGS_NO_RING_DATA);
    for (int k = 10; k < FRAMES; k++)
        assert_int_equal(out.flags[k], 0);
    vtr_likelihood_ellipse(f->likelihood, &out, 2, &ellipse);
    assert_true(isnan(ellipse.wxx) && isnan(ellipse.covariance[2][2]));
}

/* Everything that the kernels give, one after the other. */
typedef struct kernel_output {
    float *data; /* [n_data] */
    double total[VTR_FIT_LANES], start[FIT_N][VTR_FIT_LANES];
    fit_normal normal, gradient_only;
    fit_factors factors;
    fit_step step;
    fit_covariance covariance;
} kernel_output;

typedef struct kernel_input {
    float *sums, parameters[FIT_N][VTR_FIT_LANES];
    fit_weighting weighting;
    fit_prior prior;
    fit_excess excess;
    fit_errors errors;
    double fixed[FIT_N];
} kernel_input;

static void fill_input(kernel_input *in, size_t n_sums)
{
    vtr_random random;
    vtr_random_start(&random, 5, 0);
    for (size_t i = 0; i < n_sums; i++)
        in->sums[i] = (float)vtr_random_poisson(&random, 300);
    for (int lane = 0; lane < VTR_FIT_LANES; lane++) {
        for (int k = 0; k < FIT_A; k++)
            in->parameters[k][lane] = (float)(0.02 * vtr_random_normal(&random));
        in->parameters[FIT_A][lane] = 1 + (float)lane;
        in->parameters[FIT_B0][lane] = 20;
        in->weighting.floor[lane] = 0.1f;
        in->weighting.own[lane] = 0.05f * (float)lane;
        in->weighting.borrowed[lane] = 1;
        in->errors.amplitude[lane] = 1 + 0.1 * lane;
        in->errors.level[lane] = lane % (FIT_LEVELS - 1);
        in->errors.level_part[lane] = 0.06 * lane;
        for (int k = FIT_AC; k < FIT_N; k++)
            in->prior.weight[k][lane] = 1 + vtr_random_uniform(&random);
    }
    for (int i = 0; i < FIT_LEVELS; i++)
        for (int k = 0; k < FIT_NORMAL_N; k++)
            in->excess[i][k] = vtr_random_normal(&random);
    in->fixed[FIT_B2] = 1;
    in->errors.excess = (const fit_excess *)&in->excess;
    in->errors.radius_px = 30;
    in->errors.ring_sigma_px = 3;
}

static void run_kernels(kernel_output *out, const fit_kernels *kernels, const fit_model *model,
                        const kernel_input *in)
{
    const float *parameters = &in->parameters[0][0];
    for (int lane = 0; lane < VTR_FIT_LANES; lane++)
        out->factors.is_wanted[lane] = lane == 3 ? 0 : -1;
    kernels->load(out->data, out->total, out->start, model, in->sums);
    kernels->equations(&out->gradient_only, model, out->data, parameters, &in->weighting, false);
    kernels->equations(&out->normal, model, out->data, parameters, &in->weighting, true);
    assert_memory_equal(out->gradient_only.gradient, out->normal.gradient, sizeof out->normal.gradient);
    kernels->add_prior(&out->normal, &in->prior, parameters);
    kernels->factorise(&out->factors, &out->normal, in->fixed);
    kernels->solve(&out->step, &out->factors, &out->normal);
    kernels->covariance(&out->covariance, &out->factors, &in->prior, parameters, &in->errors);
    assert_true(out->step.step[FIT_M][5] != 0 && out->covariance.covariance[FIT_M][FIT_M][5] != 0);
    assert_true(out->step.step[FIT_M][3] == 0 && out->step.step[FIT_B2][5] == 0);
}

static void kernels_agree_to_the_bit(void **state)
{
    fixture *f = *state;
    const fit_model *model = vtr_likelihood_model(f->likelihood);
    const fit_kernels *kernels[] = {&vtr_fit_kernels_portable, &vtr_fit_kernels_avx2,
                                    &vtr_fit_kernels_avx512};
    size_t n_data = model->n_sectors * model->n_radii * VTR_FIT_LANES, n_sums = 46 * n_data / model->n_radii;
    kernel_input *in = vtr_calloc(1, sizeof *in);
    kernel_output *out = vtr_calloc(3, sizeof *out);
    in->sums = vtr_malloc(n_sums, sizeof *in->sums);
    fill_input(in, n_sums);
    vtr_cpu best = vtr_cpu_best();
    for (int k = 0; k <= (int)best; k++) {
        out[k].data = vtr_malloc(n_data, sizeof *out[k].data);
        run_kernels(&out[k], kernels[k], model, in);
        assert_memory_equal(out[k].data, out[0].data, n_data * sizeof *out[k].data);
        assert_memory_equal(out[k].total, out[0].total, sizeof *out - offsetof(kernel_output, total));
    }
    for (int k = 0; k < 3; k++)
        vtr_free(out[k].data);
    vtr_free(in->sums);
    vtr_free(out);
    vtr_free(in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_strain_comes_back),
        cmocka_unit_test(the_first_step_is_right_where_it_is_linear),
        cmocka_unit_test(fits_turn_with_the_pattern),
        cmocka_unit_test(lanes_do_not_mix),
        cmocka_unit_test(what_is_no_ring_is_flagged),
        cmocka_unit_test(kernels_agree_to_the_bit),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
