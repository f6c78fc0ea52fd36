/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Domain walls and domains of fields that are known. */
#include "allocation.h"
#include "beams.h"

static vtr_error err;

typedef void (*field_function)(double b[2], double x, double y);

/* A field of n_y x n_x positions about the middle of the map, with independent noise of `sigma` in both components. */
static void make(vtr_magnetic *m, size_t n_y, size_t n_x, double step_y, double step_x, field_function f,
                 double sigma, vtr_random *random)
{
    *m = (vtr_magnetic){.n_y = n_y, .n_x = n_x, .has_thickness = true, .scan_step_nm = {step_y, step_x}};
    m->params = vtr_magnetic_default_params();
    m->field = vtr_malloc(n_y * n_x, 2 * sizeof *m->field);
    m->covariance = vtr_malloc(n_y * n_x, 3 * sizeof *m->covariance);
    assert_true(m->field != NULL && m->covariance != NULL);
    for (size_t i = 0; i < n_y * n_x; i++) {
        f(m->field + 2 * i, step_x * ((double)(i % n_x) - 0.5 * (double)(n_x - 1)),
          step_y * ((double)(i / n_x) - 0.5 * (double)(n_y - 1)));
        for (size_t k = 0; k < 2; k++) {
            if (random != NULL) m->field[2 * i + k] += sigma * vtr_random_normal(random);
            m->covariance[3 * i + k] = sigma * sigma;
        }
        m->covariance[3 * i + 2] = 0;
    }
}

static void uniform(double b[2], double x, double y)
{
    (void)x, (void)y;
    b[0] = 0.8;
    b[1] = -0.6;
}

static void nothing(double b[2], double x, double y)
{
    (void)x, (void)y;
    b[0] = b[1] = 0;
}

/* Noise of the stated errors makes no walls, from a film of 20 times its noise to one without any field, holes and edges
 * included: 4 x 20 maps at a chance of 0.01 each, of which more than four with a wall have a chance below 1e-3. The film
 * is one domain of the right direction, size and no spread. */
static void a_uniform_film_has_no_walls(void **state)
{
    (void)state;
    const double sigma[4] = {0.05, 0.3, 1, 1};
    vtr_random random;
    vtr_random_start(&random, 11, 1);
    size_t n_walls = 0;
    beams_pulls direction = {0}, field = {0};
    for (int kind = 0; kind < 4; kind++)
        for (int round = 0; round < 20; round++) {
            vtr_magnetic m;
            make(&m, 50, 60, 5, 4, kind == 3 ? nothing : uniform, sigma[kind], &random);
            for (size_t i = 0; i < 3000; i++) /* a hole, and a crack to the edge */
                if ((i / 60 > 20 && i / 60 < 27 && i % 60 > 30 && i % 60 < 41) ||
                    (i % 60 == 10 && i / 60 < 20))
                    m.field[2 * i] = NAN;
            assert_ok(vtr_magnetic_add_domains(&m, &err));
            n_walls += m.domains.n_walls > 0;
            if (kind < 2 && m.domains.n_walls == 0) {
                const vtr_magnetic_domain *d = m.domains.domains;
                assert_int_equal(m.domains.n_domains, 1);
                assert_int_equal(d->n, 3000 - 60 - 20);
                assert_near(d->area_nm2, 20.0 * (double)d->n, 1e-6);
                assert_true(d->is_cut);
                beams_pull(&direction, d->direction_degrees, d->direction_error, -36.8699);
                beams_pull(&field, d->field, d->field_error, 1);
                assert_true(d->spread_degrees < (kind == 0 ? 0.7 : 5));
            }
            vtr_magnetic_release(&m);
        }
    assert_true(n_walls <= 4);
    beams_check_pulls(&direction, 0.63, __LINE__); /* 40 films */
    beams_check_pulls(&field, 0.63, __LINE__);
}

/* The turning rate's error is that of its noise where it turns: a slow rotation of 0.2 degrees/nm, 600 places, of which a
 * kernel holds some ten. */
static void slow(double b[2], double x, double y)
{
    (void)y;
    b[0] = cos(0.2 * x * VTR_RADIANS_PER_DEGREE);
    b[1] = sin(0.2 * x * VTR_RADIANS_PER_DEGREE);
}

/* A direction that turns steadily, by 60 degrees over the map, has no walls; with and without noise. */
static void a_slow_rotation_is_no_wall(void **state)
{
    (void)state;
    vtr_random random;
    vtr_random_start(&random, 3, 1);
    beams_pulls pulls = {0};
    for (int noise = 0; noise < 8; noise++) {
        vtr_magnetic m;
        make(&m, 50, 60, 5, 5, slow, 0.02, noise > 0 ? &random : NULL);
        assert_ok(vtr_magnetic_add_domains(&m, &err));
        assert_int_equal(m.domains.n_walls, 0);
        const vtr_field_map *rate = beams_find(&m, "turning_rate");
        assert_string_equal(rate->unit, "degrees/nm");
        for (size_t y = 5; y < 50; y += 8)
            for (size_t x = 5; x < 60; x += 8)
                if (noise > 0)
                    beams_pull(&pulls, rate->values[60 * y + x], rate->errors[60 * y + x], 0.2);
                else
                    assert_near(rate->values[60 * y + x], 0.2, 0.001);
        vtr_magnetic_release(&m);
    }
    /* 294 pulls; the largest slope is a little above the true one */
    beams_check_pulls(&pulls, 0.3, __LINE__);
}

/* --- one straight wall ------------------------------------------------------------------------------------------ */

static double wall_degrees, wall_width;
static int wall_kind; /* 0: 180 degrees, the field goes through zero; 1: it turns; 2: 90 degrees */

/* Through the middle, along wall_degrees; tanh of the distance over delta: the jump over the fastest change, 2/(1/delta),
 * is 2 delta in a wall of 180 degrees. */
static void one_wall(double b[2], double x, double y)
{
    double c = cos(wall_degrees * VTR_RADIANS_PER_DEGREE), s = sin(wall_degrees * VTR_RADIANS_PER_DEGREE);
    double d = -s * x + c * y, t = tanh(2 * d / wall_width), other = 1 / cosh(2 * d / wall_width);
    double along = wall_kind == 2 ? sqrt(0.5) * t : t, across = wall_kind == 0   ? 0
                                                                : wall_kind == 1 ? other
                                                                                 : 0;
    if (wall_kind == 2) across = sqrt(1 - 0.5 * t * t); /* 45 degrees to either side */
    b[0] = c * along - s * across;
    b[1] = s * along + c * across;
}

/* At every angle, in steps of 4 and 6 nm: its length through a map of 360 x 360 nm is 360/max(|cos|, |sin|), its ends are
 * lost where less than half of it lies in the map (10 %); angle to 2 degrees, for 2 % of the change at its ends are left
 * out (2 asin 0.02 where the field turns, which fades as 1/cosh), width to 10 % (a tanh is no normal distribution), direction to 1 degree. Two domains of half of the map. */
static void a_straight_wall_is_measured(void **state)
{
    (void)state;
    vtr_random random;
    vtr_random_start(&random, 7, 1);
    static const double degrees[] = {0, 27, 45, 72, 90, -15, -60};
    static const double angle[3] = {180, 180, 90};
    wall_width = 40;
    for (wall_kind = 0; wall_kind < 3; wall_kind++)
        for (size_t k = 0; k < sizeof degrees / sizeof *degrees; k++) {
            vtr_magnetic m;
            wall_degrees = degrees[k];
            double c = fabs(cos(wall_degrees * VTR_RADIANS_PER_DEGREE)),
                   s = fabs(sin(wall_degrees * VTR_RADIANS_PER_DEGREE)), length = 360 / fmax(c, s);
            make(&m, 60, 90, 6, 4, one_wall, 0.02, &random);
            assert_ok(vtr_magnetic_add_domains(&m, &err));
            const vtr_magnetic_domains *d = &m.domains;
            if (d->n_walls != 1 || d->n_domains != 2)
                fail_msg("kind %d, %g degrees: %zu walls, %zu domains", wall_kind, wall_degrees, d->n_walls,
                         d->n_domains);
            const vtr_magnetic_wall *w = d->walls;
            print_message("kind %d at %g: length %.1f of %.1f, angle %.2f +- %.2f, width %.1f +- %.1f, "
                          "direction %.2f\n",
                          wall_kind, wall_degrees, w->length_nm, length, w->angle_degrees, w->angle_error,
                          w->width_nm, w->width_error, w->direction_degrees);
            assert_near(w->length_nm, length, 0.1 * length);
            assert_near(w->angle_degrees, angle[wall_kind], wall_kind == 1 ? 4.5 : 1.5);
            assert_near(w->width_nm, wall_width, 4);
            double turn = fmod(w->direction_degrees - wall_degrees + 270, 180) - 90;
            assert_near(turn, 0, 1);
            assert_near(w->x_nm, 4 * 44.5, 8);
            assert_near(w->y_nm, 6 * 29.5, 8);
            assert_int_equal(w->domain[0], 1);
            assert_int_equal(w->domain[1], 2);
            assert_near(d->domains[1].area_nm2 / d->area_nm2, 0.5, 0.02);
            /* the field beside it: along the wall, or 45 degrees from its normal */
            double first = d->domains[0].direction_degrees, second = d->domains[1].direction_degrees;
            if (wall_kind == 0) /* where the field turns, a good part of each domain is wall */
                assert_near(fabs(fmod(first - second + 540, 360) - 180), angle[wall_kind], 3);
            vtr_magnetic_release(&m);
        }
}

/* From map to map the numbers of a wall scatter by their errors: 24 maps, 4 sqrt(2/24) about a variance of 1. */
static void errors_of_a_wall_are_true(void **state)
{
    (void)state;
    vtr_random random;
    vtr_random_start(&random, 17, 1);
    beams_pulls angle = {0}, width = {0};
    wall_kind = 2;
    wall_degrees = 27;
    wall_width = 40;
    for (int round = 0; round < 24; round++) {
        vtr_magnetic m;
        make(&m, 60, 60, 5, 5, one_wall, 0.05, &random);
        assert_ok(vtr_magnetic_add_domains(&m, &err));
        assert_int_equal(m.domains.n_walls, 1);
        const vtr_magnetic_wall *w = m.domains.walls;
        beams_pull(&angle, w->angle_degrees, w->angle_error, 90);
        beams_pull(&width, w->width_nm, w->width_error, 40);
        vtr_magnetic_release(&m);
    }
    double mean[2] = {angle.sum / angle.n, width.sum / width.n};
    assert_near(angle.square / angle.n - mean[0] * mean[0], 1, 1);
    assert_near(width.square / width.n - mean[1] * mean[1], 1, 1);
}

/* What is narrower than the kernel has an angle, but no width. */
static void a_sharp_wall_has_no_width(void **state)
{
    (void)state;
    vtr_magnetic m;
    wall_kind = 2;
    wall_degrees = 20;
    wall_width = 0.5;
    vtr_random random;
    vtr_random_start(&random, 9, 1);
    make(&m, 60, 60, 5, 5, one_wall, 0.03, &random);
    assert_ok(vtr_magnetic_add_domains(&m, &err));
    assert_int_equal(m.domains.n_walls, 1);
    assert_true(isnan(m.domains.walls[0].width_nm));
    assert_near(m.domains.walls[0].angle_degrees, 90, 2.5);
    vtr_magnetic_release(&m);
}

/* Beside a field there is none (a hole, vacuum), and beside it a stray field of a tenth: the edge of a film, no wall. */
static double outside_field;

static void film_edge(double b[2], double x, double y)
{
    (void)y;
    b[0] = x < 0 ? 1 : 0;
    b[1] = x < 0 ? 0 : outside_field;
}

static void the_edge_of_a_film_is_no_wall(void **state)
{
    (void)state;
    vtr_random random;
    vtr_random_start(&random, 5, 1);
    for (int round = 0; round < 10; round++) {
        vtr_magnetic m;
        outside_field = round % 2 ? 0.1 : 0;
        make(&m, 40, 60, 5, 5, film_edge, 0.02, &random);
        assert_ok(vtr_magnetic_add_domains(&m, &err));
        assert_int_equal(m.domains.n_walls, 0);
        assert_int_equal(m.domains.n_domains, 2);
        for (size_t k = 0; k < 2; k++) {
            const vtr_magnetic_domain *d = &m.domains.domains[k];
            assert_near(d->area_nm2, 30000, 1100);
            if (d->x_nm < 150) assert_near(d->direction_degrees, 0, 1);
            if (d->x_nm > 150) assert_near(d->field, outside_field, 0.1);
        }
        vtr_magnetic_release(&m);
    }
}

/* --- Landau's pattern ---------------------------------------------------------------------------------------------- */

/* Flux closure in a square: Bx = -sinh(v)/(cosh u + cosh v), By = sinh(u)/(...), u = 2 x/w and v = 2 y/w: four domains
 * about the middle, walls of 90 degrees along the diagonals. Across one, with x = sqrt(2) d/w, B runs from one side to the
 * other as (-e^-x, e^x)/(e^x + e^-x), jumps by sqrt(2), fastest by 1/w: its width is sqrt(2) w. */
static void landau(double b[2], double x, double y)
{
    const double w = 20;
    double u = 2 * x / w, v = 2 * y / w, n = cosh(u) + cosh(v);
    b[0] = -sinh(v) / n;
    b[1] = sinh(u) / n;
}

/* Each wall is 283 nm from the middle to its corner, less what is lost where all four meet. Its angle is 90 degrees, and
 * more near the middle, about which the field turns. */
static void a_landau_pattern_has_four_walls(void **state)
{
    (void)state;
    vtr_random random;
    vtr_random_start(&random, 21, 1);
    for (int round = 0; round < 6; round++) {
        vtr_magnetic m;
        make(&m, 80, 80, 5, 5, landau, 0.04, &random);
        assert_ok(vtr_magnetic_add_domains(&m, &err));
        const vtr_magnetic_domains *d = &m.domains;
        if (round == 0)
            for (size_t k = 0; k < d->n_walls; k++)
                print_message("wall %u|%u: length %.1f, angle %.2f +- %.2f, width %.1f +- %.1f, direction "
                              "%.2f, at %.0f %.0f\n",
                              d->walls[k].domain[0], d->walls[k].domain[1], d->walls[k].length_nm,
                              d->walls[k].angle_degrees, d->walls[k].angle_error, d->walls[k].width_nm,
                              d->walls[k].width_error, d->walls[k].direction_degrees, d->walls[k].y_nm,
                              d->walls[k].x_nm);
        assert_int_equal(d->n_walls, 4);
        assert_int_equal(d->n_domains, 4);
        for (size_t k = 0; k < 4; k++) {
            const vtr_magnetic_wall *w = &d->walls[k];
            double right = w->x_nm > 197.5 ? 1 : -1, low = w->y_nm > 197.5 ? 1 : -1;
            assert_near(w->direction_degrees, 45 * right * low, 2);
            assert_near(w->x_nm, 197.5 + 100 * right, 12);
            assert_near(w->y_nm, 197.5 + 100 * low, 12);
            assert_near(w->length_nm, 283, 35);
            assert_near(w->angle_degrees, 91, 2.5);
            assert_near(w->width_nm, 20 * sqrt(2), 3);
            /* the domain at the right points down, at the bottom to the left, ... */
            const vtr_magnetic_domain *domain = &d->domains[k];
            bool is_side = fabs(domain->x_nm - 197.5) > fabs(domain->y_nm - 197.5);
            double expected = is_side ? (domain->x_nm > 197.5 ? 90 : -90) : domain->y_nm > 197.5 ? 180 : 0;
            assert_near(fmod(domain->direction_degrees - expected + 540, 360) - 180, 0, 3);
            assert_near(domain->area_nm2, 40000, 1500);
            assert_near(domain->field, 0.95, 0.03); /* sqrt(1/2) in the middle of a wall */
        }
        double counted = 0;
        for (size_t k = 0; k < VTR_MAGNETIC_DIRECTIONS; k++)
            counted += d->direction_count[k];
        assert_near(counted, 6400, 0);
        vtr_magnetic_release(&m);
    }
}

/* --- noise that neighbours share ------------------------------------------------------------------------------------ */

/* A vacuum in steps four times as wide, as noisy as the recording: its noise, common to 4 x 4 positions, would pass for
 * walls if it were taken as independent. Through the real chain, 20 maps. */
static void the_noise_of_a_coarse_vacuum_makes_no_walls(void **state)
{
    (void)state;
    enum { SIZE = 48 };
    vtr_random random;
    vtr_random_start(&random, 13, 1);
    size_t n_walls = 0, n_naive = 0;
    double thickness[SIZE * SIZE];
    for (size_t i = 0; i < SIZE * SIZE; i++)
        thickness[i] = 100;
    for (int round = 0; round < 20; round++) {
        vtr_beam_map beam, vacuum;
        vtr_magnetic m;
        beams_make(&beam, SIZE, SIZE, 0.5);
        beams_make(&vacuum, SIZE / 4, SIZE / 4, 1.5);
        for (size_t i = 0; i < SIZE * SIZE; i++)
            beams_deflect(&beam, i, 100, 0);
        beams_noise(&beam, &random);
        beams_noise(&vacuum, &random);
        const vtr_magnetic_input input = {&beam, &vacuum, NULL, thickness};
        vtr_magnetic_params params = vtr_magnetic_default_params();
        params.wall_angle_degrees = 0;
        assert_ok(vtr_magnetic_compute(&m, &input, &params, &err));
        assert_ok(vtr_magnetic_add_domains(&m, &err));
        n_walls += m.domains.n_walls > 0;
        vtr_magnetic_release(&m);
        assert_ok(vtr_magnetic_compute(&m, &input, &params, &err));
        for (size_t i = 0; i < SIZE * SIZE; i++)
            m.sum_factor[i] = 1;
        assert_ok(vtr_magnetic_add_domains(&m, &err));
        n_naive += m.domains.n_walls > 0;
        vtr_magnetic_release(&m);
        vtr_beam_map_release(&beam);
        vtr_beam_map_release(&vacuum);
    }
    print_message("maps with walls: %zu; taken as independent: %zu of 20\n", n_walls, n_naive);
    assert_true(n_walls <= 1);
    assert_true(n_naive > 5);
}

static void a_kernel_wider_than_the_scan_is_refused(void **state)
{
    (void)state;
    vtr_magnetic m;
    make(&m, 10, 10, 5, 5, uniform, 0.1, NULL);
    m.params.wall_scale_nm = 5000;
    assert_fails(vtr_magnetic_add_domains(&m, &err), VTR_ERR_RANGE, "--wall-scale");
    vtr_magnetic_release(&m);
}

static vtr_status work(void *context, vtr_error *error)
{
    (void)context;
    vtr_magnetic m = {.n_y = 30, .n_x = 30, .scan_step_nm = {NAN, NAN}};
    m.params = vtr_magnetic_default_params();
    m.field = vtr_malloc(900, 2 * sizeof *m.field);
    m.covariance = vtr_calloc(900, 3 * sizeof *m.covariance);
    vtr_status status =
        m.field != NULL && m.covariance != NULL ? VTR_OK : vtr_fail(error, VTR_ERR_MEMORY, "out");
    for (size_t i = 0; i < 900 && status == VTR_OK; i++) {
        m.field[2 * i] = i % 30 < 15 ? 1 : -1;
        m.field[2 * i + 1] = 0.2;
        m.covariance[3 * i] = m.covariance[3 * i + 1] = 1e-4;
    }
    if (status == VTR_OK) status = vtr_magnetic_add_domains(&m, error);
    if (status == VTR_OK) assert_int_equal(m.domains.n_walls, 1);
    vtr_magnetic_release(&m);
    return status;
}

static void short_memory_is_an_error(void **state)
{
    (void)state;
    test_every_allocation_fails(work, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_uniform_film_has_no_walls),
        cmocka_unit_test(a_slow_rotation_is_no_wall),
        cmocka_unit_test(a_straight_wall_is_measured),
        cmocka_unit_test(errors_of_a_wall_are_true),
        cmocka_unit_test(a_sharp_wall_has_no_width),
        cmocka_unit_test(the_edge_of_a_film_is_no_wall),
        cmocka_unit_test(a_landau_pattern_has_four_walls),
        cmocka_unit_test(the_noise_of_a_coarse_vacuum_makes_no_walls),
        cmocka_unit_test(a_kernel_wider_than_the_scan_is_refused),
        cmocka_unit_test(short_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
