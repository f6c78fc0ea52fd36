/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Error bars of radial profiles over the whole pattern, on simulated recordings whose profile is known: of single samples
 * and of the sums over them that a transform takes, with jitter, descan, a distorting lens and speckle. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "support_pass.h"
#include "vitrail/constants.h"

enum { SIZE = 128, FINE = 20, SECTORS = 8, WAVES = 20 };

/* Beyond the direct beam, whose edge no first order follows, px; from there to the edge all of a ring is seen. */
static const size_t first_radius = 12, edge_radius = 62;

typedef struct scene {
    size_t scan[2];
    double electrons, contrast, grain_px, friedel, jitter_px, descan_px, distortion_percent;
} scene;

static vtr_twin_params twin_of(const scene *s)
{
    vtr_twin_params p = vtr_twin_default_params();
    p.scan[0] = s->scan[0];
    p.scan[1] = s->scan[1];
    p.pattern[0] = p.pattern[1] = SIZE;
    p.electrons = s->electrons;
    p.contrast = s->contrast;
    p.grain_px = s->grain_px;
    p.friedel = s->friedel;
    p.jitter_px = s->jitter_px;
    p.descan_px = s->descan_px;
    p.distortion_percent = s->distortion_percent;
    p.distortion_angle = 30;
    p.matrix_strain = 0;
    p.centre_x = 62.3;
    p.centre_y = 65.2;
    p.seed = 5;
    return p;
}

/* Counts a pixel at radii in steps of 1/FINE px, from rows of patterns whose centre moves by as much. */
static double *radial_truth(const scene *s, size_t *n)
{
    vtr_error err;
    vtr_twin *twin = NULL;
    vtr_twin_params params = twin_of(s);
    params.distortion_percent = 0;
    assert_ok(vtr_twin_open(&twin, "rings", &params, &err));
    *n = (SIZE - 2) * FINE;
    double *expected = vtr_malloc(SIZE * SIZE, sizeof *expected), *truth = vtr_malloc(*n, sizeof *truth);
    assert_true(expected != NULL && truth != NULL);
    for (size_t f = 0; f < FINE; f++) {
        vtr_twin_position p;
        vtr_twin_get_position(twin, 0, &p);
        p.exx = p.eyy = p.exy = 0;
        p.centre_y = 1;
        p.centre_x = 1 - (double)f / FINE;
        vtr_twin_expected(twin, &p, expected);
        for (size_t i = 0; i < SIZE - 2; i++)
            truth[i * FINE + f] = expected[SIZE + 1 + i];
    }
    vtr_free(expected);
    vtr_twin_close(&twin);
    return truth;
}

/* What the sample at radius r is the mean of: a ring of 1 px, and a 24th of each of those beside it; times circumference. */
static double sample_of(const double *truth, size_t n, double r)
{
    double sum = 0, weights = 0;
    for (double d = -1.5 + 0.5 / FINE; d < 1.5; d += 1.0 / FINE) {
        double at = (r + d) * FINE, w = (fabs(d) < 0.5 ? 22 : 1) * (r + d);
        if (at < 0 || at + 1 >= (double)n) continue;
        size_t i = (size_t)at;
        sum += w * (truth[i] + (at - (double)i) * (truth[i + 1] - truth[i]));
        weights += w;
    }
    return sum / weights;
}

typedef struct outcome {
    vtr_calibration *calibration;
    size_t n_k, n;                                       /* samples, positions */
    double *mean, *variance, *sectors, *sector_variance; /* [n][n_k], [n][SECTORS][n_k] */
    size_t n_lags;
    double *correlation; /* [n_lags][n_k] */
} outcome;

static outcome run(const scene *s)
{
    vtr_error err;
    outcome o = {.n = s->scan[0] * s->scan[1]};
    char input[4096];
    snprintf(input, sizeof input, "%s", test_folder_path("rings.npy"));
    vtr_twin *twin = NULL;
    vtr_twin_params params = twin_of(s);
    assert_ok(vtr_twin_open(&twin, "rings", &params, &err));
    vtr_twin_write_params write = {.force = true};
    assert_ok(vtr_twin_write(twin, input, &write, NULL, &err));
    vtr_twin_close(&twin);
    vtr_calibrate_params calibrate = pass_calibrate_params();
    calibrate.noise = "counting";
    assert_ok(pass_calibrate(&o.calibration, input, &calibrate, 2, &err));
    vtr_map_params map = pass_map_params();
    map.sectors = SECTORS;
    const char *output = test_folder_path("map.h5");
    remove(output);
    pass_job job = {
        .input = input, .output = output, .calibration = o.calibration, .map = &map, .threads = 2};
    assert_ok(pass_run(&job, &err));
    size_t n_all;
    double *k = pass_dataset(output, "profile", "k", &o.n_k);
    vtr_free(k);
    o.mean = pass_dataset(output, "profile", "intensity", &n_all);
    assert_int_equal(n_all, o.n * o.n_k);
    o.variance = pass_dataset(output, "profile", "variance", &n_all);
    o.correlation = pass_dataset(output, "profile", "correlation", &n_all);
    o.n_lags = n_all / o.n_k;
    o.sectors = pass_dataset(output, "sectors", "intensity", &n_all);
    o.sector_variance = pass_dataset(output, "sectors", "variance", &n_all);
    return o;
}

static void release(outcome *o)
{
    vtr_free(o->mean);
    vtr_free(o->variance);
    vtr_free(o->correlation);
    vtr_free(o->sectors);
    vtr_free(o->sector_variance);
    vtr_calibration_free(o->calibration);
}

/* Pulls of columns of values about their means over the scan, pooled; and the largest distance of a mean from the truth in
 * standard deviations of one position. */
typedef struct pulls {
    double sum, n, bias;
} pulls;

static void add_pulls(pulls *p, const double *values, const double *variances, size_t n, size_t stride,
                      double truth)
{
    double mean = 0, sum = 0, sigma = 0, used = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(values[i * stride])) continue;
        mean += values[i * stride];
        sigma += variances[i * stride];
        used++;
    }
    if (used < 0.9 * (double)n) return;
    mean /= used;
    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i * stride])) sum += pow(values[i * stride] - mean, 2) / variances[i * stride];
    p->sum += sum * used / (used - 1);
    p->n += used;
    if (!isnan(truth)) p->bias = fmax(p->bias, fabs(mean - truth) / sqrt(sigma / used));
}

static pulls of_samples(const outcome *o, const double *truth, size_t n_truth, size_t from, size_t end)
{
    pulls p = {0};
    for (size_t j = from; j < end; j++)
        add_pulls(&p, o->mean + j, o->variance + j, o->n, o->n_k, sample_of(truth, n_truth, (double)j + 0.5));
    return p;
}

static pulls of_sectors(const outcome *o, size_t from, size_t end)
{
    pulls p = {0};
    for (size_t q = 0; q < SECTORS; q++)
        for (size_t j = from; j < end; j++)
            add_pulls(&p, o->sectors + q * o->n_k + j, o->sector_variance + q * o->n_k + j, o->n,
                      SECTORS * o->n_k, NAN);
    return p;
}

/* Sums of the samples with the weights of a sine transform, k sin(2 pi k x) for x from a tenth to one over a step of k of
 * 20 samples, their variance with the stored correlation and as if samples were independent. */
static void of_waves(const outcome *o, pulls *with, pulls *without, size_t from, size_t end)
{
    double *sums = vtr_calloc(o->n, sizeof *sums), *both[2];
    both[0] = vtr_calloc(o->n, sizeof *sums);
    both[1] = vtr_calloc(o->n, sizeof *sums);
    double *error = vtr_calloc(o->n_k, sizeof *error);
    assert_true(sums != NULL && both[0] != NULL && both[1] != NULL && error != NULL);
    for (size_t wave = 1; wave <= WAVES; wave++) {
        for (size_t i = 0; i < o->n; i++) {
            sums[i] = both[0][i] = both[1][i] = 0;
            for (size_t j = from; j < end; j++) {
                double k = (double)j + 0.5, w = k * sin(2 * VTR_PI * k * (double)wave / (WAVES * 6.0));
                sums[i] += w * o->mean[i * o->n_k + j];
                error[j] = w * sqrt(o->variance[i * o->n_k + j]);
                both[1][i] += error[j] * error[j];
            }
            for (size_t j = from; j < end; j++)
                for (size_t lag = 0; lag < o->n_lags && j + lag < end; lag++)
                    both[0][i] +=
                        (lag == 0 ? 1 : 2) * error[j] * o->correlation[lag * o->n_k + j] * error[j + lag];
        }
        add_pulls(with, sums, both[0], o->n, 1, NAN);
        pulls one = {0};
        add_pulls(&one, sums, both[1], o->n, 1, NAN);
        without->bias = fmax(without->bias, fabs(one.sum / one.n - 1));
        pulls own = {0};
        add_pulls(&own, sums, both[0], o->n, 1, NAN);
        with->bias = fmax(with->bias, fabs(own.sum / own.n - 1));
    }
    vtr_free(sums);
    vtr_free(both[0]);
    vtr_free(both[1]);
    vtr_free(error);
}

static void check(const scene *s)
{
    outcome o = run(s);
    size_t n_truth;
    double *truth = radial_truth(s, &n_truth);
    pulls inside = of_samples(&o, truth, n_truth, first_radius, edge_radius);
    pulls corners = of_samples(&o, truth, n_truth, edge_radius, o.n_k - 6);
    pulls sectors = of_sectors(&o, first_radius, edge_radius), waves = {0}, independent = {0};
    of_waves(&o, &waves, &independent, first_radius, edge_radius);
    print_message(
        "%.0e electrons, contrast %g, grain %g px, friedel %g, jitter %g, descan %g px: variance of the "
        "pulls %.3f, in corners %.3f, of sectors %.3f, of waves %.3f (each within %.3f; as if independent "
        "%.3f); bias %.2f\n",
        s->electrons, s->contrast, s->grain_px, s->friedel, s->jitter_px, s->descan_px, inside.sum / inside.n,
        corners.sum / corners.n, sectors.sum / sectors.n, waves.sum / waves.n, waves.bias, independent.bias,
        inside.bias);
    vtr_free(truth);
    release(&o);
    assert_near(inside.sum / inside.n, 1, 0.05);
    /* in the corners the contrast is carried on from where half of the ring is seen */
    assert_near(corners.sum / corners.n, 1, 0.13);
    /* sectors hold few counts, about whose own number the pulls of 1e4 electrons are taken */
    assert_near(sectors.sum / sectors.n, 1, s->electrons < 5e4 ? 0.13 : 0.05);
    assert_near(waves.sum / waves.n, 1, 0.05);
    /* one wave's variance over 3200 patterns is good to 2.5 %; in the slowest all that grains share adds up */
    assert_true(waves.bias < 0.2 && independent.bias > 0.2);
    assert_true(inside.bias < 0.6);
}

static void with_noise_alone(void **state)
{
    (void)state;
    const scene still = {{40, 80}, 1e6, 0, 3, 0, 0.1, 0, 2}, moving = {{40, 80}, 1e6, 0, 3, 0, 0.5, 3, 2};
    check(&still);
    check(&moving);
}

static void with_speckle(void **state)
{
    (void)state;
    const scene scenes[] = {
        {{40, 80}, 1e6, 0.04, 3, 0.3, 0.3, 3, 2},  {{40, 80}, 1e6, 0.1, 4.5, 0.5, 0.5, 3, 2},
        {{40, 80}, 1e5, 0.1, 4.5, 0.5, 0.3, 0, 2}, {{40, 80}, 1e5, 0.3, 2, 0.3, 0.3, 2, 0},
        {{40, 80}, 1e4, 0.1, 3, 0.3, 0.3, 0, 2},
    };
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++)
        check(&scenes[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_noise_alone),
        cmocka_unit_test(with_speckle),
    };
    return cmocka_run_group_tests_name("pass.profile_errors", tests, pass_folder_make, pass_folder_remove);
}
