/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Correlation lengths of maps: against fields whose autocorrelation is known, as estimates and as error bars. */
#include <math.h>
#include <string.h>

#include "allocation.h"
#include "base/base_internal.h"
#include "unmix/read_internal.h"
#include "vitrail/constants.h"
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
            print_message("%.1f nm: %.3f +- %.3f nm, model %.3f +- %.3f nm\n", length[annealed], c.length_nm,
                          c.length_error_nm, c.model_length_nm, c.model_length_error_nm);
            assert_near(c.length_nm, length[annealed], 0.3);
            assert_near(c.model_length_nm, length[annealed], 0.3);
            vtr_correlation_release(&c);
        }
}

/* Normal fields whose autocorrelation is exp(-(r/length)^power), r with a stretch along x: white noise through the root of
 * the spectrum, on a periodic grid of which a part is taken. */
enum { WIDE = 180, HALF = WIDE / 2 + 1 };
typedef struct maker {
    double *field, *amplitude;
    fftw_complex *spectrum;
    fftw_plan forward, backward;
} maker;

static void maker_open(maker *m, double length, double power, double stretch)
{
    m->field = vtr_malloc(WIDE * WIDE, sizeof(double));
    m->amplitude = vtr_malloc(WIDE * HALF, sizeof(double));
    m->spectrum = vtr_malloc(WIDE * HALF, sizeof(fftw_complex));
    m->forward = fftw_plan_dft_r2c_2d(WIDE, WIDE, m->field, m->spectrum, FFTW_ESTIMATE);
    m->backward = fftw_plan_dft_c2r_2d(WIDE, WIDE, m->spectrum, m->field, FFTW_ESTIMATE);
    for (size_t i = 0; i < WIDE * WIDE; i++) {
        double y = (double)(i / WIDE), x = (double)(i % WIDE);
        y = fmin(y, WIDE - y);
        x = fmin(x, WIDE - x) / stretch;
        m->field[i] = exp(-pow(hypot(y, x) / length, power));
    }
    fftw_execute(m->forward);
    for (size_t i = 0; i < WIDE * HALF; i++)
        m->amplitude[i] = sqrt(fmax(0, m->spectrum[i][0])) / (WIDE * WIDE);
}

static void maker_close(maker *m)
{
    fftw_destroy_plan(m->forward);
    fftw_destroy_plan(m->backward);
    vtr_free(m->field);
    vtr_free(m->amplitude);
    vtr_free(m->spectrum);
}

/* map [SIDE][SIDE] of variance 1 */
static void maker_draw(maker *m, float *map, uint64_t seed)
{
    vtr_random random;
    vtr_random_start(&random, seed, 3);
    for (size_t i = 0; i < WIDE * WIDE; i++)
        m->field[i] = vtr_random_normal(&random);
    fftw_execute(m->forward);
    for (size_t i = 0; i < WIDE * HALF; i++) {
        m->spectrum[i][0] *= m->amplitude[i];
        m->spectrum[i][1] *= m->amplitude[i];
    }
    fftw_execute(m->backward);
    for (size_t i = 0; i < SIDE * SIDE; i++)
        map[i] = (float)m->field[i / SIDE * WIDE + i % SIDE];
}

typedef struct pulls {
    double n, sum, square, value;
} pulls;

static void add_pull(pulls *p, double value, double truth, double error)
{
    double pull = (value - truth) / error;
    p->n++;
    p->value += value;
    p->sum += pull;
    p->square += pull * pull;
}

static double pull_mean(const pulls *p)
{
    return p->sum / p->n;
}

static double pull_width(const pulls *p)
{
    return sqrt(p->square / p->n - pull_mean(p) * pull_mean(p));
}

/* The sums over pairs against their definition, with positions left out either way. */
static void covariances_are_sums_over_pairs(void **state)
{
    (void)state;
    enum { NY = 7, NX = 9 };
    float map[NY * NX];
    uint8_t used[NY * NX];
    vtr_error err;
    vtr_random random;
    read_grid grid;
    vtr_random_start(&random, 4, 0);
    for (size_t i = 0; i < NY * NX; i++) {
        map[i] = i % 11 == 3 ? NAN : (float)vtr_random_normal(&random);
        used[i] = i % 13 != 5;
    }
    const vtr_unmix_map m = {NY, NX, {1, 1}, map, NULL, used};
    assert_ok(vtr_read_grid_open(&grid, &m, &err));
    for (int dy = 1 - NY; dy < NY; dy++)
        for (int dx = 1 - NX; dx < NX; dx++) {
            double pairs = 0, sum = 0;
            for (int y = 0; y < NY; y++)
                for (int x = 0; x < NX; x++) {
                    size_t p = (size_t)(y * NX + x), q = (size_t)((y + dy) * NX + x + dx);
                    if (y + dy < 0 || y + dy >= NY || x + dx < 0 || x + dx >= NX) continue;
                    if (!vtr_read_is_used(&m, p) || !vtr_read_is_used(&m, q)) continue;
                    pairs++;
                    sum += ((double)map[p] - grid.mean) * ((double)map[q] - grid.mean);
                }
            size_t at = (size_t)(dy < 0 ? dy + (int)grid.p_y : dy) * grid.p_x +
                        (size_t)(dx < 0 ? dx + (int)grid.p_x : dx);
            assert_near(grid.pairs[at], pairs, 0);
            if (pairs > 0) assert_near(grid.covariance[at], sum / pairs, 1e-12);
        }
    vtr_read_grid_close(&grid);
}

/* Fields of 64 x 64 with a length of 4: some 40 (exponential) to 150 independent regions. The estimate is unbiased and its
 * error true; 60 fields tell 0.13 of the mean pull and 9 % of its width. Errors are proportional to the length found, so it
 * is its logarithm that is pulled evenly; of the length itself the width is up to 1.35 for the exponential, which has few
 * regions, while the scatter is that of the mean error: tested too. Phi(g) is the specimen's kind of map, its covariance asin(rho/2). */
static void errors_are_true(void **state)
{
    (void)state;
    enum { FIELDS = 60, READ = 5 };
    static const char *const names[READ] = {"ln length", "ln model", "exponent", "ln along x", "mean"};
    static float map[SIDE * SIDE], errors[SIDE * SIDE];
    vtr_error err;
    for (int kind = 0; kind < 3; kind++) {
        maker m;
        pulls p[READ] = {{0}};
        double truth = 4, power = kind == 1 ? 1 : 2, deviation = 0.4 * (kind == 2 ? sqrt(1.0 / 12) : 1);
        double mean = kind == 2 ? 0.5 : 0, scatter = 0, mean_error = 0, mean_length = 0;
        maker_open(&m, kind == 2 ? truth / sqrt(-log(2 * sin(exp(-1.) * VTR_PI / 6))) : truth, power, 1);
        for (uint64_t i = 0; i < FIELDS; i++) {
            vtr_correlation c;
            double sum = 0;
            maker_draw(&m, map, 1000 + i);
            for (size_t j = 0; j < SIDE * SIDE; j++) {
                if (kind == 2) map[j] = (float)(0.5 * erfc(-(double)map[j] / sqrt(2)));
                errors[j] = (float)deviation;
            }
            add_noise(map, SIDE * SIDE, deviation, i);
            for (size_t j = 0; j < SIDE * SIDE; j++)
                sum += (double)map[j] / (SIDE * SIDE);
            const vtr_unmix_map u = {SIDE, SIDE, {1, 1}, map, i % 2 ? errors : NULL, NULL};
            assert_ok(vtr_correlation_compute(&c, &u, &err));
            assert_true(isfinite(c.length_nm));
            add_pull(&p[0], log(c.length_nm), log(truth), c.length_error_nm / c.length_nm);
            add_pull(&p[1], log(c.model_length_nm), log(truth), c.model_length_error_nm / c.model_length_nm);
            scatter += pow(c.length_nm - truth, 2) / FIELDS;
            mean_length += c.length_nm / FIELDS;
            mean_error += c.length_error_nm / FIELDS;
            add_pull(&p[2], c.exponent, power, c.exponent_error);
            add_pull(&p[3], log(c.length_x_nm), log(truth), c.length_x_error_nm / c.length_x_nm);
            add_pull(&p[4], sum, mean, c.mean_error);
            vtr_correlation_release(&c);
        }
        for (int k = 0; k < READ; k++) {
            print_message("field %d, %s: mean %.3f, pull %.2f, width %.2f\n", kind, names[k],
                          p[k].value / p[k].n, pull_mean(&p[k]), pull_width(&p[k]));
            assert_near(pull_mean(&p[k]), 0, 0.5);
            assert_near(pull_width(&p[k]), 1, 0.3);
        }
        print_message("field %d: length %.3f of %g, scatter %.3f, mean error %.3f\n", kind, mean_length,
                      truth, sqrt(scatter), mean_error);
        assert_near(mean_length, truth, 0.25);
        assert_near(sqrt(scatter) / mean_error, 1, 0.25);
        maker_close(&m);
    }
}

/* Twice as long along x, with steps of 0.5 along x and 1 nm along y: lengths in nm, not in steps; half of the map left out. */
static void directions_differ(void **state)
{
    (void)state;
    static float map[SIDE * SIDE];
    static uint8_t used[SIDE * SIDE];
    vtr_error err;
    maker m;
    vtr_correlation c;
    maker_open(&m, 3, 2, 2);
    maker_draw(&m, map, 12);
    for (size_t i = 0; i < SIDE * SIDE; i++) {
        used[i] = (i / 5) % 2 == 0;
        if (i % 17 == 0) map[i] = NAN;
    }
    for (int masked = 0; masked < 2; masked++) {
        const vtr_unmix_map u = {SIDE, SIDE, {1, 1.5}, map, NULL, masked ? used : NULL};
        assert_ok(vtr_correlation_compute(&c, &u, &err));
        print_message("x %.2f +- %.2f, y %.2f +- %.2f, %.1f degrees\n", c.length_x_nm, c.length_x_error_nm,
                      c.length_y_nm, c.length_y_error_nm, c.angle_degrees);
        assert_near(c.length_x_nm, 9, 3 * c.length_x_error_nm);
        assert_near(c.length_y_nm, 3, 3 * c.length_y_error_nm);
        assert_true(c.length_x_error_nm < 1.5 && c.length_y_error_nm < 0.5);
        assert_near(c.angle_degrees, 0, 10);
        assert_near(vtr_correlation_along(&c, 180, NULL), c.length_x_nm, 1e-9);
        vtr_correlation_release(&c);
    }
    maker_close(&m);
}

/* A mean with its errors by hand; as a sample, the whole map's is that of its correlation, and a quarter of the map, much
 * larger than the length, has twice that. */
static void means_have_their_errors(void **state)
{
    (void)state;
    static float map[SIDE * SIDE], errors[SIDE * SIDE];
    static uint8_t region[SIDE * SIDE];
    vtr_error err;
    maker m;
    vtr_correlation c;
    vtr_unmix_fraction all, part;
    double sum = 0;
    maker_open(&m, 3, 2, 1);
    maker_draw(&m, map, 4);
    for (size_t i = 0; i < SIDE * SIDE; i++) {
        errors[i] = 0.3F;
        region[i] = i % SIDE < SIDE / 2 && i / SIDE < SIDE / 2;
        if (region[i]) sum += (double)map[i];
    }
    const vtr_unmix_map u = {SIDE, SIDE, {1, 1}, map, errors, NULL};
    add_noise(map, SIDE * SIDE, 0.3, 1);
    assert_ok(vtr_correlation_compute(&c, &u, &err));
    assert_ok(vtr_unmix_map_mean(&all, &u, NULL, &c, &err));
    assert_ok(vtr_unmix_map_mean(&part, &u, region, &c, &err));
    assert_near(part.value, sum / (SIDE * SIDE / 4), 4 * part.error);
    assert_near(all.error, 0.3 / SIDE, 1e-6);
    assert_near(part.error, 0.6 / SIDE, 1e-6);
    assert_near(part.range[0], part.value - 2 * part.error, 1e-12);
    assert_near(part.range[1], part.value + 2 * part.error, 1e-12);
    /* the ellipse for the circle */
    assert_near(all.sample_error, c.mean_error, 0.03 * c.mean_error);
    assert_near(part.sample_error, 2 * all.sample_error, 0.1 * all.sample_error);
    assert_ok(vtr_unmix_map_mean(&part, &u, region, NULL, &err));
    assert_true(isnan(part.sample_error));
    vtr_correlation_release(&c);
    maker_close(&m);
}

static void noise_and_nothing_have_no_length(void **state)
{
    (void)state;
    static float map[SIDE * SIDE];
    vtr_error err;
    vtr_correlation c;
    vtr_unmix_map u = {SIDE, SIDE, {1, 1}, map, NULL, NULL};
    for (uint64_t seed = 0; seed < 20; seed++) {
        memset(map, 0, sizeof map);
        add_noise(map, SIDE * SIDE, 1, seed);
        assert_ok(vtr_correlation_compute(&c, &u, &err));
        assert_true(isnan(c.length_nm));
        vtr_correlation_release(&c);
    }
    memset(map, 0, sizeof map);
    assert_fails(vtr_correlation_compute(&c, &u, &err), VTR_ERR_NO_DATA, "everywhere");
    u.n_y = 1;
    assert_fails(vtr_correlation_compute(&c, &u, &err), VTR_ERR_NO_DATA, "needs 100");
    u.step_nm[0] = NAN;
    assert_fails(vtr_correlation_compute(&c, &u, &err), VTR_ERR_ARGUMENT, "steps");
}

static vtr_status measure(void *context, vtr_error *err)
{
    vtr_correlation c;
    vtr_status status = vtr_correlation_compute(&c, context, err);
    if (status == VTR_OK) vtr_correlation_release(&c);
    return status;
}

static void short_memory_is_survived(void **state)
{
    (void)state;
    static float map[SIDE * SIDE];
    maker m;
    maker_open(&m, 4, 2, 1);
    maker_draw(&m, map, 1);
    vtr_unmix_map u = {32, SIDE, {1, 1}, map, NULL, NULL};
    test_every_allocation_fails(measure, &u);
    maker_close(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(covariances_are_sums_over_pairs),
        cmocka_unit_test(specimen_has_its_length),
        cmocka_unit_test(errors_are_true),
        cmocka_unit_test(directions_differ),
        cmocka_unit_test(noise_and_nothing_have_no_length),
        cmocka_unit_test(short_memory_is_survived),
        cmocka_unit_test(means_have_their_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
