/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scale, sign and 2 pi of the transforms: closed forms, and the pairs that a simulation of argon was published with. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "pdf_scene.h"
#include "support.h"
#include "vitrail/constants.h"

/* Shells h exp(-(r - c)^2/(2 w^2)) far from r = 0 and F = sum h w sqrt(2 pi) sin(Q c) exp(-w^2 Q^2/2). */
static const double shell[3][3] = {{2.8, 3.0, 0.2}, {4.8, 0.8, 0.35}, {7.2, -0.4, 0.4}};

static double shells_g(double r)
{
    double sum = 0;
    for (int i = 0; i < 3; i++)
        sum += shell[i][1] * exp(-pow((r - shell[i][0]) / shell[i][2], 2) / 2);
    return sum;
}

static double shells_f(double q)
{
    double sum = 0;
    for (int i = 0; i < 3; i++)
        sum += shell[i][1] * shell[i][2] * sqrt(2 * VTR_PI) * sin(q * shell[i][0]) *
               exp(-pow(shell[i][2] * q, 2) / 2);
    return sum;
}

static void shells_go_forward_and_back(void **state)
{
    (void)state;
    enum { N_Q = 1201, N_R = 801 };
    static double q[N_Q], f[N_Q], f_back[N_Q], r[N_R], g[N_R];
    for (int j = 0; j < N_Q; j++) {
        q[j] = 0.03 * j;
        f[j] = shells_f(q[j]);
    }
    for (int i = 0; i < N_R; i++)
        r[i] = 0.0125 * i;
    vtr_pdf_transform(N_Q, q, f, N_R, r, g);
    for (int i = 0; i < N_R; i++)
        assert_near(g[i], shells_g(r[i]), 1e-5); /* the Gaussians have faded to 1e-10 at qmax, r max */
    vtr_pdf_transform_back(N_R, r, g, N_Q, q, f_back);
    for (int j = 0; j < N_Q; j++)
        assert_near(f_back[j], f[j], 1e-5);
}

/* Hard spheres: G is -4 pi rho r inside, and next to the surface g is (1 + eta/2)/(1 - eta)^2. */
static void hard_spheres_have_their_core_and_contact(void **state)
{
    (void)state;
    enum { N = 20000 };
    static double q[N], f[N];
    double eta = VTR_PI / 6 * SCENE_DENSITY * pow(SCENE_DIAMETER, 3), blur = 0.02;
    double r[] = {0.5, 1.0, 1.5, 2.0, 2.4, SCENE_DIAMETER}, g[6];
    for (int j = 0; j < N; j++) {
        q[j] = 0.01 * (j + 1);
        f[j] =
            q[j] * hard_sphere_structure(q[j], SCENE_DENSITY, SCENE_DIAMETER) * exp(-pow(blur * q[j], 2) / 2);
    }
    vtr_pdf_transform(N, q, f, 6, r, g);
    for (int i = 0; i < 5; i++)
        assert_near(g[i] / (-4 * VTR_PI * SCENE_DENSITY * r[i]), 1, 1e-3);
    /* the blurred step is half-way between its sides; g falls by some 4/Å beyond it, times the mean |distance| of 0.4 blur */
    double contact = 1 + g[5] / (4 * VTR_PI * SCENE_DENSITY * SCENE_DIAMETER);
    assert_near(contact, (1 + eta / 2) / pow(1 - eta, 2) / 2, 0.09);
}

/* Columns of a table after two lines of heading. */
static size_t read_table(const char *path, int n_columns, double *out, size_t most)
{
    FILE *file = fopen(path, "r");
    char line[512];
    size_t n = 0;
    assert_non_null(file);
    for (int i = 0; i < 2; i++)
        assert_non_null(fgets(line, sizeof line, file));
    while (n < most && fgets(line, sizeof line, file) != NULL) {
        char *at = line;
        for (int c = 0; c < n_columns; c++)
            out[n * (size_t)n_columns + (size_t)c] = strtod(at, &at);
        n++;
    }
    fclose(file);
    return n;
}

/* Argon: S, Q(S - 1), b^2 (S - 1), DCS and g, G, b^2 (g - 1). The files' Q side is the transform of the r side, so r -> Q
 * closes to their six digits. Q -> r misses what the histogram's noise holds above the last Q, 35.02 1/Å: with our own
 * transform of G filled in from there to pi/dr, the Nyquist limit of the histogram, it closes too. */
static void argon_pairs_agree(void **state)
{
    (void)state;
    enum { MOST = 2000, MORE = 1400 };
    static double reciprocal[5 * MOST], real[4 * MOST], q[MOST + MORE], f[MOST + MORE], own[MOST + MORE],
        r[MOST], g[MOST], back[MOST];
    const char *reciprocal_path = test_data_path("total-scattering/transforms/argon.reciprocal_space.dat");
    const char *real_path = test_data_path("total-scattering/transforms/argon.real_space.dat");
    if (reciprocal_path == NULL || real_path == NULL) skip();
    size_t n_q = read_table(reciprocal_path, 5, reciprocal, MOST), n_r = read_table(real_path, 4, real, MOST);
    assert_true(n_q == 1751 && n_r == 1279);
    const double density = 0.02138, b_squared = 3.644, total = 5.435;
    for (size_t j = 0; j < n_q; j++) {
        const double *row = reciprocal + 5 * j;
        q[j] = row[0];
        f[j] = row[2];
        assert_near(row[0] * (row[1] - 1), f[j], 2e-5);
        assert_near(b_squared * f[j] / q[j], row[3], 1e-4);
        assert_near(row[4] - total, row[3], 1e-5);
    }
    for (size_t i = 0; i < n_r; i++) {
        const double *row = real + 4 * i;
        r[i] = row[0];
        g[i] = row[2];
        assert_near(4 * VTR_PI * r[i] * density * (row[1] - 1), g[i], 4e-5 * fmax(1, r[i]));
        assert_near(b_squared * (row[1] - 1), row[3], 1e-5);
    }
    vtr_pdf_transform_back(n_r, r, g, n_q, q, own);
    for (size_t j = 0; j < n_q; j++)
        assert_near(own[j], f[j], 5e-6);
    size_t n_all = n_q;
    for (; q[n_all - 1] + 0.02 < VTR_PI / 0.05; n_all++)
        q[n_all] = q[n_all - 1] + 0.02;
    vtr_pdf_transform_back(n_r, r, g, n_all - n_q, q + n_q, f + n_q);
    vtr_pdf_transform(n_all, q, f, n_r, r, back);
    double lost = 0;
    for (size_t i = 2; i + 2 < n_r; i++) {
        assert_near(back[i], g[i], 1e-3);
        lost = fmax(lost, fabs(back[i] - g[i]));
    }
    print_message("argon: G from F closes to %.1e of 2.0\n", lost);
}

/* Int G^2 dr = (2/pi) Int F^2 dQ. */
static void parseval_holds(void **state)
{
    (void)state;
    scene s;
    vtr_error err;
    vtr_pdf pdf;
    double of_g = 0, of_f = 0;
    scene_make(&s, 1000, 3, 0.02);
    s.params.rmax = 70; /* F has steps of 0.04: one period in r, half of it on each side of pi/0.04 */
    assert_ok(vtr_pdf_compute(&pdf, &s.profile, &s.params, &err));
    for (size_t i = 0; i < pdf.n_r; i++)
        of_g += pdf.G[i] * pdf.G[i] * 0.02;
    for (size_t j = 0; j < pdf.n_q; j++)
        of_f += 2 / VTR_PI * pdf.F[j] * pdf.F[j] * 0.04 * (j == 0 || j + 1 == pdf.n_q ? 0.5 : 1);
    assert_near(of_g / of_f, 1, 2e-3);
    vtr_pdf_release(&pdf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shells_go_forward_and_back),
        cmocka_unit_test(hard_spheres_have_their_core_and_contact),
        cmocka_unit_test(argon_pairs_agree),
        cmocka_unit_test(parseval_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
