/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "field/field_internal.h"
#include "rings.h"
#include "support.h"

static void quantity(double *value, double *error, const char *name, const vtr_field_point *p,
                     const vtr_field_params *params)
{
    const vtr_field_quantity *q = vtr_field_quantity_find(name);
    assert_non_null(q);
    q->point(value, error, p, params);
}

static double value_of(const char *name, const double e[3], const vtr_field_params *params)
{
    vtr_field_point p = {.e = {e[0], e[1], e[2]}};
    double value, error;
    quantity(&value, &error, name, &p, params);
    return value;
}

static void principal_values_and_direction(void **state)
{
    (void)state;
    vtr_field_params params = vtr_field_default_params();
    for (double degrees = -89; degrees <= 90; degrees += 1) {
        double e[3];
        rings_tensor(e, 0.02, -0.03, degrees);
        assert_near(value_of("e1", e, &params), 0.02, 1e-15);
        assert_near(value_of("e2", e, &params), -0.03, 1e-15);
        assert_near(value_of("angle", e, &params), degrees, 1e-10);
        assert_near(value_of("deviatoric", e, &params), 0.025, 1e-15);
        assert_near(value_of("volumetric", e, &params), -0.01, 1e-15);
        assert_near(value_of("energy", e, &params), 0.00005, 1e-18);
    }
    /* Both ends of the range are one direction: it is called 90. */
    assert_near(value_of("angle", (const double[3]){-0.01, 0.01, -0.0}, &params), 90, 0);
    assert_near(value_of("angle", (const double[3]){-0.01, 0.01, 0.0}, &params), 90, 0);
    params.is_mean = true;
    assert_near(value_of("volumetric", (const double[3]){0.02, -0.03, 0.5}, &params), -0.005, 1e-17);
}

/* 1 - k0^2/(k_max k_min) from the radii of the ring, by both definitions of strain. */
static void density_is_the_area_of_the_ring(void **state)
{
    (void)state;
    vtr_field_params params = vtr_field_default_params();
    const double k0 = 0.42, k_a = 0.41, k_b = 0.435, expected = 1 - k0 * k0 / (k_a * k_b);
    double e[3];
    rings_tensor(e, k0 / k_a - 1, k0 / k_b - 1, 27);
    assert_near(value_of("density", e, &params), expected, 1e-15);
    rings_tensor(e, (k0 - k_a) / k0, (k0 - k_b) / k0, 27);
    params.is_first_order = true;
    assert_near(value_of("density", e, &params), expected, 1e-15);
    /* Tension thins. */
    params.is_first_order = false;
    assert_near(value_of("density", (const double[3]){0.01, 0, 0}, &params), -0.01, 1e-15);
}

static void elastic_energy_by_hand(void **state)
{
    (void)state;
    vtr_field_params params = vtr_field_default_params();
    params.young_gpa = 100;
    params.poisson = 0.25;
    /* Uniaxial stress along any direction: e = (s/E, -nu s/E), energy s^2/(2 E); s = 1 GPa: 5 MJ/m^3. */
    double e[3];
    for (int degrees = 0; degrees < 180; degrees += 20) {
        rings_tensor(e, 0.01, -0.0025, degrees);
        assert_near(value_of("energy", e, &params), 5e6, 1e-8);
    }
    /* Pure shear: s^2/(2 G) with G = E/(2 (1 + nu)) = 40 GPa and s = 2 G exy. */
    assert_near(value_of("energy", (const double[3]){0, 0, 0.01}, &params), 2 * 40e9 * 0.01 * 0.01, 1e-7);
}

/* A strain with random errors, and the pull of a quantity. */
typedef struct trial {
    double truth[3], root[3][3];
    vtr_field_params params;
} trial;

static vtr_field_point draw(const trial *t, vtr_random *random)
{
    vtr_field_point p = {.e = {t->truth[0], t->truth[1], t->truth[2]}};
    const double z[3] = {vtr_random_normal(random), vtr_random_normal(random), vtr_random_normal(random)};
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            p.e[i] += t->root[i][j] * z[j];
            for (int k = 0; k < 3; k++)
                p.covariance[i][j] += t->root[i][k] * t->root[j][k];
        }
    return p;
}

static double wrapped(const char *name, double difference)
{
    if (strcmp(name, "angle") != 0) return difference;
    return difference - 180 * floor(difference / 180 + 0.5);
}

/* Standard deviation of the estimates, and root mean square of the errors stated, about the truth of the mean. */
static void scatter(double *actual, double *stated, double *pull_variance, const char *name, const trial *t,
                    uint64_t stream)
{
    enum { N = 40000 };
    vtr_random random;
    vtr_random_start(&random, 17, stream);
    double sum = 0, squares = 0, errors = 0, pulls = 0, pull_squares = 0;
    double truth = value_of(name, t->truth, &t->params);
    for (int i = 0; i < N; i++) {
        vtr_field_point p = draw(t, &random);
        double value, error;
        quantity(&value, &error, name, &p, &t->params);
        double d = wrapped(name, value - truth);
        sum += d;
        squares += d * d;
        errors += error * error;
        pulls += d / error;
        pull_squares += d * d / (error * error);
    }
    *actual = sqrt(squares / N - sum / N * sum / N);
    *stated = sqrt(errors / N);
    *pull_variance = pull_squares / N - pulls / N * pulls / N;
}

static const trial strained = {.truth = {0.02, -0.012, 0.009},
                               .root = {{4e-4, 0, 0}, {-2e-4, 3e-4, 0}, {1e-4, 1e-4, 2e-4}}};

static void pulls_have_unit_variance(void **state)
{
    (void)state;
    for (size_t i = 0; i < vtr_field_n_quantities; i++) {
        if (vtr_field_quantities[i].point == NULL) continue;
        for (int variant = 0; variant < 3; variant++) {
            trial t = strained;
            double actual, stated, variance;
            t.params = vtr_field_default_params();
            t.params.is_first_order = variant == 1;
            t.params.is_mean = variant == 2;
            t.params.young_gpa = variant == 2 ? 108.5 : NAN;
            t.params.poisson = variant == 2 ? 0.36 : NAN;
            scatter(&actual, &stated, &variance, vtr_field_quantities[i].name, &t, i);
            if (fabs(variance - 1) > 0.03)
                fail_msg("%s, variant %d: pull variance %g", vtr_field_quantities[i].name, variant, variance);
        }
    }
}

/* With no strain at all: the direction is uniform, the energy only noise. */
static void errors_hold_without_strain(void **state)
{
    (void)state;
    trial t = strained;
    double actual, stated, variance;
    memset(t.truth, 0, sizeof t.truth);
    t.params = vtr_field_default_params();
    scatter(&actual, &stated, &variance, "angle", &t, 1);
    assert_near(stated / actual, 1, 0.4);
    scatter(&actual, &stated, &variance, "energy", &t, 2);
    assert_near(stated / actual, 1.2, 0.25);
    scatter(&actual, &stated, &variance, "e1", &t, 3);
    assert_near(stated / actual, 1.15, 0.25);
    t.params.young_gpa = 100;
    t.params.poisson = 0.3;
    scatter(&actual, &stated, &variance, "energy", &t, 4);
    assert_near(stated / actual, 1.2, 0.25);
}

static void angle_errors_saturate(void **state)
{
    (void)state;
    vtr_field_params params = vtr_field_default_params();
    vtr_field_point p = {.covariance = {{1e-6, 0, 0}, {0, 1e-6, 0}, {0, 0, 5e-7}}};
    double value, error;
    quantity(&value, &error, "angle", &p, &params);
    assert_near(error, 180 / sqrt(12), 1e-9);
    p.e[0] = 1; /* far from degenerate: sigma(exy)/(e1 - e2) */
    quantity(&value, &error, "angle", &p, &params);
    assert_near(error, sqrt(5e-7) / VTR_RADIANS_PER_DEGREE, 1e-6);
    const vtr_field_point exact = {.e = {0.01, 0, 0}};
    quantity(&value, &error, "angle", &exact, &params);
    assert_near(error, 0, 0);
}

/* Errors that are not known stay so. */
static void unknown_errors_are_nan(void **state)
{
    (void)state;
    vtr_field_params params = vtr_field_default_params();
    vtr_field_point p = {.e = {0.01, 0.02, 0.03}};
    for (int i = 0; i < 9; i++)
        p.covariance[i / 3][i % 3] = NAN;
    for (size_t i = 0; i < vtr_field_n_quantities; i++) {
        double value = 0, error = 0;
        if (vtr_field_quantities[i].point == NULL) continue;
        vtr_field_quantities[i].point(&value, &error, &p, &params);
        assert_true(isfinite(value));
        if (!isnan(error)) fail_msg("%s has an error of %g", vtr_field_quantities[i].name, error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(principal_values_and_direction), cmocka_unit_test(density_is_the_area_of_the_ring),
        cmocka_unit_test(elastic_energy_by_hand),         cmocka_unit_test(pulls_have_unit_variance),
        cmocka_unit_test(errors_hold_without_strain),     cmocka_unit_test(angle_errors_saturate),
        cmocka_unit_test(unknown_errors_are_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
