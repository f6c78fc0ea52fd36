/* SPDX-License-Identifier: GPL-3.0-or-later */
/* G with errors for many profiles of 512 Q x 800 r, against the rate of the machine's own matrix product:
 * bench_pdf [THREADS] [PROFILES]. The operations are counted as those of the whole products, three with errors, of which
 * the coarse grids of r spare about two thirds. Every answer is checked against the single road in double before it is timed. */
#define _POSIX_C_SOURCE 200809L
#include <cblas.h>
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/base_internal.h"
#include "vitrail/constants.h"
#include "vitrail/pdf.h"

enum { N_Q = 512, N_R = 800, ROUNDS = 5, SIDE = 2048 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void require(int is_true, const char *what)
{
    if (is_true) return;
    fprintf(stderr, "bench_pdf: %s\n", what);
    exit(1);
}

/* <f^2> of Zr50Cu50 with a liquid-like structure on it. */
static void fill(double *q, double *intensity, double *variance)
{
    vtr_composition c;
    require(vtr_composition_parse(&c, "Zr50Cu50", NULL) == VTR_OK, "composition");
    for (int j = 0; j < N_Q; j++) {
        double f, f2;
        q[j] = 0.8 + 0.03 * j;
        vtr_electron_averages(&c, q[j] / (2 * VTR_PI), &f, &f2);
        intensity[j] = 1000 * (f2 + f * f * 0.8 * sin(2.8 * q[j]) / q[j] * exp(-0.02 * q[j] * q[j])) + 2;
        intensity[j] = (double)(float)intensity[j];
        variance[j] = intensity[j] / q[j];
    }
}

/* Rate of sgemm in operations per second: large squares, one a thread. */
static double peak_rate(int threads)
{
    double best = 0;
    openblas_set_num_threads(1);
    float *a = vtr_calloc((size_t)SIDE * SIDE, sizeof *a);
    float *out = vtr_calloc((size_t)threads * SIDE * SIDE, sizeof *out);
    require(a != NULL && out != NULL, "out of memory");
    for (int round = 0; round < 3; round++) {
        double t = now();
#pragma omp parallel for num_threads(threads) schedule(static, 1)
        for (int i = 0; i < threads; i++)
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, SIDE, SIDE, SIDE, 1, a, SIDE, a, SIDE, 0,
                        out + (size_t)i * SIDE * SIDE, SIDE);
        best = fmax(best, threads * 2.0 * SIDE * SIDE * SIDE / (now() - t));
    }
    vtr_free(a);
    vtr_free(out);
    return best;
}

static void check(const vtr_pdf *truth, const float *g, const float *error)
{
    double worst = 0, worst_error = 0;
    for (size_t k = 0; k < truth->n_r; k++) {
        worst = fmax(worst, fabs((double)g[k] - truth->G[k]));
        if (truth->r[k] > 0) worst_error = fmax(worst_error, fabs((double)error[k] / truth->G_error[k] - 1));
    }
    printf("largest difference from double: G %.1e 1/Å^2, errors %.1e of themselves\n", worst, worst_error);
    require(worst < 2e-5 && worst_error < 1e-3, "the answer is wrong");
}

int main(int argc, char **argv)
{
    int threads = vtr_thread_count(argc > 1 ? atoi(argv[1]) : 0);
    size_t n = argc > 2 ? strtoul(argv[2], NULL, 10) : 8192;
    double q[N_Q], mean[N_Q], spread[N_Q];
    float *intensity = vtr_malloc(n * N_Q, sizeof *intensity),
          *variance = vtr_malloc(n * N_Q, sizeof *variance);
    float *g = vtr_malloc(n * N_R, sizeof *g), *error = vtr_malloc(n * N_R, sizeof *error);
    require(n > 0 && intensity != NULL && variance != NULL && g != NULL && error != NULL, "out of memory");
    fill(q, mean, spread);
    for (size_t i = 0; i < n * N_Q; i++) {
        intensity[i] = (float)mean[i % N_Q];
        variance[i] = (float)spread[i % N_Q];
    }
    vtr_error err;
    vtr_pdf_params params = vtr_pdf_default_params();
    params.composition = "Zr50Cu50";
    params.density = 0.055;
    params.rmax = 0.02 * (N_R - 1);
    vtr_pdf_profile profile = {N_Q, q, mean, spread, VTR_PDF_AXIS_Q_INV_ANGSTROM};
    vtr_pdf truth;
    vtr_pdf_plan *plan = NULL;
    double t = now();
    if (vtr_pdf_plan_create(&plan, &profile, &params, &err) != VTR_OK) require(0, err.message);
    printf("plan %.1f ms; %d threads, %zu profiles of %d Q, %d r\n", 1e3 * (now() - t), threads, n, N_Q, N_R);
    require(vtr_pdf_compute(&truth, &profile, &params, &err) == VTR_OK, err.message);
    double rate = peak_rate(threads);
    for (int with_errors = 0; with_errors < 2; with_errors++) {
        vtr_pdf_block out = {.G = g, .G_error = with_errors ? error : NULL};
        double best = INFINITY;
        for (int round = 0; round < ROUNDS; round++) {
            t = now();
            require(vtr_pdf_apply(plan, n, intensity, with_errors ? variance : NULL, &out, threads, &err) ==
                        VTR_OK,
                    err.message);
            best = fmin(best, now() - t);
        }
        double whole = (with_errors ? 3 : 1) * 2.0 * N_Q * N_R * (double)n / best;
        printf(
            "%-12s %9.0f PDFs/s, %5.1f us a thread each; %.0f Gop/s as full products, %.2f of sgemm's %.0f\n",
            with_errors ? "with errors" : "G alone", (double)n / best, 1e6 * best / (double)n * threads,
            whole / 1e9, whole / rate, rate / 1e9);
    }
    check(&truth, g + (n - 1) * N_R, error + (n - 1) * N_R);
    vtr_pdf_release(&truth);
    vtr_pdf_plan_free(&plan);
    vtr_free(intensity);
    vtr_free(variance);
    vtr_free(g);
    vtr_free(error);
    return 0;
}
