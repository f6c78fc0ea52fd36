/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/energy.h"

#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "support.h"
#include "vitrail/ring_map.h"

/* Maps of 40 x 50 positions, 2 nm apart, with noise of exx, eyy and exy whose covariance is known. */
enum { N_Y = 40, N_X = 50, N = N_Y * N_X };
#define YOUNG 90.0
#define POISSON 0.36
static const double STEP = 2;

typedef struct scene {
    vtr_strain_maps maps;
    float memory[7 * N];
} scene;

/* u = E/(2 (1 - nu^2)) (e1^2 + e2^2 + 2 nu e1 e2), as DESIGN has it, from the principal strains. */
static double plane_stress(double xx, double yy, double xy)
{
    double mean = (xx + yy) / 2, r = hypot((xx - yy) / 2, xy), e1 = mean + r, e2 = mean - r;
    return YOUNG * 1e9 / (2 * (1 - POISSON * POISSON)) * (e1 * e1 + e2 * e2 + 2 * POISSON * e1 * e2);
}

static void start(scene *s)
{
    float *m = s->memory;
    memset(m, 0, sizeof s->memory);
    s->maps = (vtr_strain_maps){.n_y = N_Y,
                                .n_x = N_X,
                                .exx = m,
                                .eyy = m + N,
                                .exy = m + 2 * N,
                                .exx_errors = m + 3 * N,
                                .eyy_errors = m + 4 * N,
                                .exy_errors = m + 5 * N,
                                .trace_errors = m + 6 * N,
                                .step_nm = {STEP, STEP},
                                .poisson = NAN};
}

/* Adds noise: exx = a + b, eyy = a + 0.5 b - ..., with errors of a size that changes from position to position. */
static void add_noise(scene *s, double size, const double shared[3], uint64_t seed)
{
    vtr_random random;
    vtr_random_start(&random, seed, 5);
    double common[3];
    for (int k = 0; k < 3; k++)
        common[k] = shared[k] * vtr_random_normal(&random);
    for (size_t i = 0; i < N; i++) {
        double here = size * (0.5 + (double)(i % 7) / 4), a = here * vtr_random_normal(&random);
        double b = here * vtr_random_normal(&random), c = here * vtr_random_normal(&random);
        double own[3] = {a + 0.4 * b, 0.3 * a - b, 0.8 * c};
        for (int k = 0; k < 3; k++)
            s->memory[(size_t)k * N + i] += (float)(own[k] + common[k]);
        double xx = here * here * 1.16 + shared[0] * shared[0];
        double yy = here * here * 1.09 + shared[1] * shared[1];
        double trace = here * here * (1.3 * 1.3 + 0.6 * 0.6) + shared[0] * shared[0] + shared[1] * shared[1];
        s->memory[3 * N + i] = (float)sqrt(xx);
        s->memory[4 * N + i] = (float)sqrt(yy);
        s->memory[5 * N + i] = (float)sqrt(0.64 * here * here + shared[2] * shared[2]);
        s->memory[6 * N + i] = (float)sqrt(trace);
    }
}

static vtr_energy_params usual(void)
{
    vtr_energy_params p = vtr_energy_default_params();
    p.young_gpa = YOUNG;
    p.poisson = POISSON;
    p.thickness_nm = 100;
    return p;
}

static void set_uniform(scene *s, double xx, double yy, double xy)
{
    for (size_t i = 0; i < N; i++) {
        s->memory[i] = (float)xx;
        s->memory[N + i] = (float)yy;
        s->memory[2 * N + i] = (float)xy;
    }
}

static const double none[3] = {0, 0, 0};

/* Mean pull and its scatter over seeds, of density and of its two parts. */
static void pulls(double xx, double yy, double xy, const double shared[3], double *mean, double *rms)
{
    static scene s;
    enum { SEEDS = 300 };
    const vtr_energy_params p = usual();
    double k_t = YOUNG * 1e9 / (4 * (1 - POISSON)), t = xx + yy;
    const double truth[3] = {plane_stress(xx, yy, xy), k_t * t * t, plane_stress(xx, yy, xy) - k_t * t * t};
    for (int part = 0; part < 3; part++)
        mean[part] = rms[part] = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        vtr_error err;
        vtr_energy e;
        start(&s);
        set_uniform(&s, xx, yy, xy);
        add_noise(&s, 0.002, shared, seed);
        assert_ok(vtr_energy_compute(&e, &s.maps, shared, NULL, NULL, 0, &p, &err));
        const vtr_energy_region *r = &e.regions[0];
        const vtr_energy_value all[3] = {r->density, r->volumetric, r->deviatoric};
        for (int part = 0; part < 3; part++) {
            double pull = (all[part].value - truth[part]) / all[part].error;
            mean[part] += pull / SEEDS;
            rms[part] += pull * pull / SEEDS;
        }
        vtr_energy_release(&e);
    }
    for (int part = 0; part < 3; part++)
        rms[part] = sqrt(rms[part]);
}

/* Noise alone holds no energy; 300 maps: the mean pull is known to 0.058, its scatter to 0.041. */
static void noise_holds_no_energy(void **state)
{
    (void)state;
    double mean[3], rms[3];
    pulls(0, 0, 0, none, mean, rms);
    for (int part = 0; part < 3; part++) {
        if (fabs(mean[part]) > 0.2 || fabs(rms[part] - 1) > 0.14)
            fail_msg("part %d: pulls %.3f, scatter %.3f", part, mean[part], rms[part]);
    }
}

static void a_uniform_strain_in_noise_has_its_energy(void **state)
{
    (void)state;
    double mean[3], rms[3];
    pulls(0.004, -0.001, 0.002, none, mean, rms);
    for (int part = 0; part < 3; part++)
        if (fabs(mean[part]) > 0.2 || fabs(rms[part] - 1) > 0.14)
            fail_msg("part %d: pulls %.3f, scatter %.3f", part, mean[part], rms[part]);
    /* the error of the reference, 1e-4, is no smaller for 2000 positions: without it the pulls would scatter by 2 to 3 */
    const double shared[3] = {1e-4, 1e-4, 1e-4};
    pulls(0.004, -0.001, 0.002, shared, mean, rms);
    for (int part = 0; part < 3; part++)
        if (fabs(mean[part]) > 0.2 || fabs(rms[part] - 1) > 0.14)
            fail_msg("shared, part %d: pulls %.3f, scatter %.3f", part, mean[part], rms[part]);
}

/* Without noise: the closed form, the parts that add up, the areas. */
static void numbers_follow_from_the_density(void **state)
{
    (void)state;
    static scene s;
    static unsigned char member[N];
    vtr_error err;
    vtr_energy e;
    vtr_energy_params p = usual();
    start(&s);
    set_uniform(&s, 0.004, -0.001, 0.002);
    for (size_t i = 0; i < 4 * N; i++)
        s.memory[3 * N + i] = 1e-9F;
    for (size_t i = 0; i < N; i++)
        member[i] = i < N / 4;
    s.memory[0] = NAN; /* a position without strain has its area, and the mean energy */
    vtr_region region = {"zone", "half", N_Y, N_X, N / 4, member};
    double length = 50, u = plane_stress(0.004, -0.001, 0.002);
    assert_ok(vtr_energy_compute(&e, &s.maps, NULL, &region, &length, 1, &p, &err));
    assert_int_equal(e.n_regions, 2);
    const vtr_energy_region *r = &e.regions[1];
    assert_int_equal(r->n, N / 4 - 1);
    assert_near(r->density.value, u, 1e-6 * u); /* strain in single precision */
    assert_near(r->volumetric.value + r->deviatoric.value, r->density.value, 1e-9 * u);
    assert_near(r->area_nm2, N / 4 * STEP * STEP, 1e-9);
    assert_near(r->per_area.value, 1e-7 * u, 1e-13 * u);
    assert_near(r->total.value, 1e-7 * u * r->area_nm2 * 1e-18, 1e-20 * u);
    assert_near(r->of_band.value, u * r->area_nm2 / 50 * 1e-9, 1e-12 * u);
    assert_true(isnan(e.density[0]) && isnan(e.regions[0].of_band.value));
    vtr_energy_release(&e);
    p.poisson = NAN;
    assert_fails(vtr_energy_compute(&e, &s.maps, NULL, NULL, NULL, 0, &p, &err), VTR_ERR_ARGUMENT, "--young");
}

/* A band across which exx + eyy steps as t sign(d) exp(-|d|/L): E/(4 (1 - nu)) t^2 L per area of it, of which the zone of one
 * decay length on either side holds 1 - exp(-2). The band runs along x in the middle between two rows; the sum over rows of
 * exp(-2|d|/L) is geometric. */
static void a_band_holds_its_closed_form(void **state)
{
    (void)state;
    static scene s;
    static unsigned char zone[N], matrix[N];
    vtr_error err;
    vtr_energy e;
    vtr_energy_params p = usual();
    const double L = 16, t = 0.004;
    const double edge = 19.5 * STEP, shared[3] = {0, 0, 0};
    start(&s);
    for (size_t i = 0; i < N; i++) {
        double d = (double)(i / N_X) * STEP - edge;
        s.memory[i] = s.memory[N + i] = (float)(t / 2 * (d > 0 ? 1 : -1) * exp(-fabs(d) / L));
        zone[i] = fabs(d) <= L;
        matrix[i] = !zone[i];
    }
    add_noise(&s, 0.001, shared, 11);
    const vtr_region regions[2] = {{"SB1", "zone", N_Y, N_X, 0, zone},
                                   {"matrix", "rest", N_Y, N_X, 0, matrix}};
    const double lengths[2] = {N_X * STEP, NAN};
    assert_ok(vtr_energy_compute(&e, &s.maps, NULL, regions, lengths, 2, &p, &err));
    double q = exp(-2 * STEP / L), k = YOUNG * 1e9 / (4 * (1 - POISSON)) * t * t;
    double per_side = STEP * sqrt(q) * (1 - pow(q, 8)) / (1 - q), truth = 2 * k * per_side * 1e-9;
    const vtr_energy_region *band = &e.regions[1];
    assert_true(fabs(band->of_band.value - truth) < 4 * band->of_band.error);
    assert_true(band->of_band.error < 0.1 * truth);
    /* the sum is the integral to the step's second order */
    assert_near(truth, k * L * (1 - exp(-2)) * 1e-9, 0.02 * truth);
    double rest = (band->density.value - e.regions[2].density.value) * band->area_nm2 / lengths[0] * 1e-9;
    assert_near(band->excess_band.value, rest, 1e-9 * truth);
    assert_true(band->excess_band.error > band->of_band.error && isnan(e.regions[2].excess_band.value));
    vtr_energy_release(&e);
}

static void the_file_keeps_it(void **state)
{
    (void)state;
    static scene s;
    vtr_error err;
    vtr_energy e;
    vtr_mapfile *file = NULL;
    vtr_energy_params p = usual();
    const size_t shape[] = {N_Y, N_X};
    const double step[] = {STEP, STEP}, moduli[] = {YOUNG, POISSON};
    static const char *const names[] = {"exx", "eyy", "exy"};
    start(&s);
    set_uniform(&s, 0.004, -0.001, 0.002);
    add_noise(&s, 1e-4, none, 1);
    assert_ok(vtr_mapfile_create(&file, test_folder_path("energy.h5"), true, &err));
    assert_ok(vtr_mapfile_group(file, "strain", &err));
    for (size_t k = 0; k < 3; k++)
        assert_ok(vtr_mapfile_write_quantity(file, "strain", names[k], VTR_TYPE_F32, 2, shape,
                                             s.memory + k * N, s.memory + (3 + k) * N, "", "", &err));
    assert_ok(vtr_mapfile_write(file, "strain", "volumetric_errors", VTR_TYPE_F32, 2, shape, s.memory + 6 * N,
                                "", "", &err));
    assert_ok(vtr_mapfile_write_scan_axes(file, "strain", N_Y, N_X, step, &err));
    p.young_gpa = p.poisson = NAN;
    p.regions = (vtr_text_list){1, {"corner=0:10,0:10"}};
    assert_fails(vtr_energy_of_file(&e, file, &p, &err), VTR_ERR_ARGUMENT, "--young");
    assert_ok(vtr_mapfile_write_numbers(file, "strain", NULL, "young_gpa", 1, &moduli[0], &err));
    assert_ok(vtr_mapfile_write_numbers(file, "strain", NULL, "poisson", 1, &moduli[1], &err));
    assert_ok(vtr_energy_of_file(&e, file, &p, &err));
    assert_int_equal(e.n_regions, 2);
    assert_string_equal(e.regions[1].name, "corner");
    assert_true(fabs(e.regions[1].density.value - plane_stress(0.004, -0.001, 0.002)) <
                4 * e.regions[1].density.error);
    assert_ok(vtr_energy_write(file, &e, &err));
    double densities[2];
    char text[64];
    assert_ok(vtr_mapfile_read(file, "energy/regions", "density", VTR_TYPE_F64, 2, densities, &err));
    assert_near(densities[1], e.regions[1].density.value, 0);
    assert_ok(vtr_mapfile_read_text(file, "energy/regions", NULL, "names", text, sizeof text, &err));
    assert_string_equal(text, "all;corner");
    vtr_energy_release(&e);
    p.regions = (vtr_text_list){2, {"a=0:10,0:10", "a=1:2,1:2"}};
    assert_fails(vtr_energy_of_file(&e, file, &p, &err), VTR_ERR_ARGUMENT, "one of this name");
    vtr_mapfile_close(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_holds_no_energy),
        cmocka_unit_test(a_uniform_strain_in_noise_has_its_energy),
        cmocka_unit_test(numbers_follow_from_the_density),
        cmocka_unit_test(a_band_holds_its_closed_form),
        cmocka_unit_test(the_file_keeps_it),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
