/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "vitrail/pdf_shell.h"

enum { PER_SHELL = 3, MAX_PARAMETERS = PER_SHELL * VTR_PDF_MAX_SHELLS, MAX_STEPS = 300 };
/* Where it starts, and how far distance (Å) and spread^2 may go: a shell does not take its neighbour's place. */
static const double first_spread = 0.1, reach = 0.4, most_variance = 0.1;

typedef struct problem {
    size_t n, m; /* points, parameters: neighbours, distance, spread^2 of each shell */
    const double *q, *F;
    double *residual, *slopes; /* [n], [n][m] */
} problem;

/* Residuals F - model and the model's slopes; returns the sum of squares. */
static double evaluate(const problem *p, const double *parameters, double *residual, double *slopes)
{
    double sum = 0;
    for (size_t j = 0; j < p->n; j++) {
        double q = p->q[j], model = 0;
        for (size_t k = 0; k < p->m; k += PER_SHELL) {
            double n = parameters[k], r = parameters[k + 1], e = exp(-0.5 * parameters[k + 2] * q * q);
            double s = sin(q * r) / r * e;
            model += n * s;
            if (slopes == NULL) continue;
            slopes[j * p->m + k] = s;
            slopes[j * p->m + k + 1] = n * (q * cos(q * r) * e - s) / r;
            slopes[j * p->m + k + 2] = -0.5 * q * q * n * s;
        }
        residual[j] = p->F[j] - model;
        sum += residual[j] * residual[j];
    }
    return sum;
}

/* Upper triangle of the normal equations, and their right side. */
static void normal_equations(const problem *p, double *matrix, double *side)
{
    memset(matrix, 0, p->m * p->m * sizeof *matrix);
    memset(side, 0, p->m * sizeof *side);
    for (size_t j = 0; j < p->n; j++) {
        const double *row = p->slopes + j * p->m;
        for (size_t a = 0; a < p->m; a++) {
            side[a] += row[a] * p->residual[j];
            for (size_t b = a; b < p->m; b++)
                matrix[a * p->m + b] += row[a] * row[b];
        }
    }
}

static bool solve(const double *matrix, const double *side, size_t m, double damping, double *step)
{
    double damped[MAX_PARAMETERS * MAX_PARAMETERS];
    memcpy(damped, matrix, m * m * sizeof *damped);
    memcpy(step, side, m * sizeof *step);
    for (size_t a = 0; a < m; a++)
        damped[a * m + a] *= 1 + damping;
    return LAPACKE_dposv(LAPACK_ROW_MAJOR, 'U', (lapack_int)m, 1, damped, (lapack_int)m, step, 1) == 0;
}

/* The numbers of neighbours alone, which are linear, at the starting distances. */
static void start(const problem *p, double *parameters)
{
    double matrix[MAX_PARAMETERS * MAX_PARAMETERS], side[MAX_PARAMETERS],
        reduced[VTR_PDF_MAX_SHELLS * VTR_PDF_MAX_SHELLS];
    double right[VTR_PDF_MAX_SHELLS], neighbours[VTR_PDF_MAX_SHELLS];
    size_t n = p->m / PER_SHELL;
    evaluate(p, parameters, p->residual, p->slopes);
    normal_equations(p, matrix, side);
    for (size_t a = 0; a < n; a++) {
        right[a] = side[PER_SHELL * a];
        for (size_t b = a; b < n; b++)
            reduced[a * n + b] = matrix[PER_SHELL * a * p->m + PER_SHELL * b];
    }
    if (!solve(reduced, right, n, 0, neighbours)) return;
    for (size_t a = 0; a < n; a++)
        parameters[PER_SHELL * a] = neighbours[a];
}

static double within(double value, double lo, double hi)
{
    return fmin(fmax(value, lo), hi);
}

/* Levenberg-Marquardt. */
static void minimise(const problem *p, const double *distances, double *parameters)
{
    double matrix[MAX_PARAMETERS * MAX_PARAMETERS], side[MAX_PARAMETERS], step[MAX_PARAMETERS];
    double damping = 1e-2, sum = evaluate(p, parameters, p->residual, p->slopes);
    for (int i = 0; i < MAX_STEPS && damping < 1e10; i++) {
        double trial[MAX_PARAMETERS], change = 0;
        normal_equations(p, matrix, side);
        if (!solve(matrix, side, p->m, damping, step)) {
            damping *= 4;
            continue;
        }
        for (size_t a = 0; a < p->m; a++) {
            trial[a] = parameters[a] + step[a];
            if (a % PER_SHELL == 1)
                trial[a] =
                    within(trial[a], distances[a / PER_SHELL] - reach, distances[a / PER_SHELL] + reach);
            if (a % PER_SHELL == 2) trial[a] = within(trial[a], 0, most_variance);
            change = fmax(change, fabs(trial[a] - parameters[a]));
        }
        double tried = evaluate(p, trial, p->residual, NULL);
        if (tried < sum) {
            memcpy(parameters, trial, p->m * sizeof *trial);
            damping /= 4;
        } else {
            damping *= 4;
        }
        bool is_settled = tried < sum && change < 1e-10;
        sum = evaluate(p, parameters, p->residual, p->slopes);
        if (is_settled) break;
    }
}

/* Over how many points the residuals are alike: the sum of their autocorrelation up to where it is gone. */
static double correlation_length(const problem *p)
{
    double square = 0, sum = 1;
    for (size_t j = 0; j < p->n; j++)
        square += p->residual[j] * p->residual[j];
    for (size_t lag = 1; lag < p->n / 4; lag++) {
        double product = 0;
        for (size_t j = 0; j + lag < p->n; j++)
            product += p->residual[j] * p->residual[j + lag];
        if (!(product > 0.05 * square)) break;
        sum += 2 * product / square;
    }
    return sum;
}

/* Variances of the parameters: the residuals' mean square times (J^T J)^-1, as if only one of the points that are alike
 * counted. */
static vtr_status variances(const problem *p, double *out, vtr_error *err)
{
    size_t m = p->m;
    double matrix[MAX_PARAMETERS * MAX_PARAMETERS], side[MAX_PARAMETERS], square = 0;
    normal_equations(p, matrix, side);
    for (size_t j = 0; j < p->n; j++)
        square += p->residual[j] * p->residual[j];
    lapack_int size = (lapack_int)m;
    if (LAPACKE_dpotrf(LAPACK_ROW_MAJOR, 'U', size, matrix, size) != 0 ||
        LAPACKE_dpotri(LAPACK_ROW_MAJOR, 'U', size, matrix, size) != 0)
        return vtr_fail(err, VTR_ERR_NUMERIC,
                        "the shells cannot be told apart; give fewer, or other distances");
    double alike = correlation_length(p), independent = (double)p->n / alike;
    double factor = alike * square / (double)p->n * independent / fmax(independent - (double)m, 1);
    for (size_t a = 0; a < m; a++)
        out[a] = factor * matrix[a * m + a];
    return VTR_OK;
}

static void fill(vtr_pdf_shell_fit *fit, const problem *p, const double *parameters, const double *variance)
{
    double sum = 0;
    fit->n_shells = p->m / PER_SHELL;
    fit->n_points = p->n;
    fit->range[0] = p->q[0];
    fit->range[1] = p->q[p->n - 1];
    for (size_t j = 0; j < p->n; j++)
        sum += p->residual[j] * p->residual[j];
    fit->residual = sqrt(sum / (double)p->n);
    for (size_t i = 0; i < fit->n_shells; i++) {
        const double *v = parameters + PER_SHELL * i, *e = variance + PER_SHELL * i;
        double spread = sqrt(v[2]);
        fit->shells[i] = (vtr_pdf_gaussian_shell){
            v[0], sqrt(e[0]), v[1], sqrt(e[1]), spread, spread > 0 ? sqrt(e[2]) / (2 * spread) : NAN};
    }
}

vtr_status vtr_pdf_shell_fit_compute(vtr_pdf_shell_fit *out, size_t n_q, const double *q, const double *F,
                                     size_t n_shells, const double *distances, const double range[2],
                                     vtr_error *err)
{
    if (n_shells == 0 || n_shells > VTR_PDF_MAX_SHELLS)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "%zu shells; 1 to %d can be fitted", n_shells,
                        VTR_PDF_MAX_SHELLS);
    size_t first = 0, last = n_q, m = PER_SHELL * n_shells;
    while (first < n_q && range != NULL && q[first] < range[0])
        first++;
    while (last > first && range != NULL && q[last - 1] > range[1])
        last--;
    if (last - first < 4 * m)
        return vtr_fail(err, VTR_ERR_NO_DATA, "%zu points of F for %zu shells; %zu are needed", last - first,
                        n_shells, 4 * m);
    problem p = {.n = last - first, .m = m, .q = q + first, .F = F + first};
    double parameters[MAX_PARAMETERS], variance[MAX_PARAMETERS], shortest = INFINITY;
    for (size_t i = 0; i < n_shells; i++) {
        parameters[PER_SHELL * i] = 0;
        parameters[PER_SHELL * i + 1] = distances[i];
        parameters[PER_SHELL * i + 2] = first_spread * first_spread;
        shortest = fmin(shortest, distances[i]);
    }
    if (!(shortest > reach))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "a shell at %g Å; distances are larger than %g Å", shortest,
                        reach);
    p.residual = vtr_calloc(p.n, sizeof *p.residual);
    p.slopes = vtr_calloc(p.n * m, sizeof *p.slopes);
    vtr_status status = p.residual == NULL || p.slopes == NULL
                            ? vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the fit of shells")
                            : VTR_OK;
    if (status == VTR_OK) {
        start(&p, parameters);
        minimise(&p, distances, parameters);
        status = variances(&p, variance, err);
    }
    if (status == VTR_OK) fill(out, &p, parameters, variance);
    vtr_free(p.residual);
    vtr_free(p.slopes);
    return status;
}
