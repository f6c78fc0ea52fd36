/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The model of an autocovariance, fitted to that of a map by least squares. */
#include <math.h>
#include <string.h>

#include "unmix/read_internal.h"

enum { A = 0, LN_P = 1, SHAPE = 2, ROUNDS = 60 };

/* (h.M h)^(p/2); NAN where M is not positive there. */
static double depth(const read_fit *fit, const double *theta, double y, double x)
{
    double square = fit->is_ellipse
                        ? theta[SHAPE] * x * x + theta[SHAPE + 1] * y * y + 2 * theta[SHAPE + 2] * x * y
                        : (x * x + y * y) * exp(-2 * theta[SHAPE]);
    return pow(square, exp(theta[LN_P]) / 2);
}

double vtr_read_model_rho(const read_fit *fit, const double *theta, double y, double x)
{
    return y == 0 && x == 0 ? 1 : exp(-depth(fit, theta, y, x));
}

double vtr_read_model_v(const read_fit *fit, const double *theta)
{
    double sum = fit->n_used;
    for (size_t i = 0; i < fit->n; i++) {
        const read_lag *l = fit->lags + i;
        if (l->r > 0) sum += 2 * l->pairs * vtr_read_model_rho(fit, theta, l->y, l->x);
    }
    return sum / (fit->n_used * fit->n_used);
}

static bool is_possible(const read_fit *fit, const double *theta)
{
    if (!(theta[A] > 0) || !(fabs(theta[LN_P]) < log(5))) return false;
    return !fit->is_ellipse ||
           (theta[SHAPE] > 0 && theta[SHAPE] * theta[SHAPE + 1] > theta[SHAPE + 2] * theta[SHAPE + 2]);
}

/* Values [n_fitted] of the model. */
static void evaluate(const read_fit *fit, const double *theta, double *values)
{
    double v = vtr_read_model_v(fit, theta);
    for (size_t i = 0; i < fit->n_fitted; i++)
        values[i] = theta[A] * (vtr_read_model_rho(fit, theta, fit->lags[i].y, fit->lags[i].x) - v);
}

static double cost_of(const read_fit *fit, const double *theta, double *values)
{
    double sum = 0;
    if (!is_possible(fit, theta)) return INFINITY;
    evaluate(fit, theta, values);
    for (size_t i = 0; i < fit->n_fitted; i++) {
        double d = fit->lags[i].covariance - values[i];
        sum += fit->lags[i].weight * d * d;
    }
    return isfinite(sum) ? sum : INFINITY;
}

static double step_of(const read_fit *fit, size_t k)
{
    if (k == A) return 1e-4 * fit->theta[A];
    if (k == LN_P || !fit->is_ellipse) return 1e-4;
    return 1e-4 * sqrt(fit->theta[SHAPE] * fit->theta[SHAPE + 1]);
}

static void differentiate(read_fit *fit, double *values)
{
    size_t m = fit->n_params;
    for (size_t k = 0; k < m; k++) {
        double theta[READ_PARAMS], step = step_of(fit, k);
        for (int side = -1; side <= 1; side += 2) {
            memcpy(theta, fit->theta, sizeof theta);
            theta[k] += side * step;
            evaluate(fit, theta, values);
            for (size_t i = 0; i < fit->n_fitted; i++) {
                double *entry = &fit->jacobian[i * m + k];
                *entry = (side < 0 ? 0 : *entry) + side * values[i] / (2 * step);
            }
        }
    }
}

/* J^T W J, with its diagonal raised, and J^T W (c - model). */
static void normal_equations(const read_fit *fit, const double *values, double raise, double *normal,
                             double *gradient)
{
    size_t m = fit->n_params;
    memset(normal, 0, m * m * sizeof *normal);
    memset(gradient, 0, m * sizeof *gradient);
    for (size_t i = 0; i < fit->n_fitted; i++) {
        const double *row = fit->jacobian + i * m;
        double w = fit->lags[i].weight, d = fit->lags[i].covariance - values[i];
        for (size_t k = 0; k < m; k++) {
            gradient[k] += w * row[k] * d;
            for (size_t l = 0; l < m; l++)
                normal[k * m + l] += w * row[k] * row[l];
        }
    }
    for (size_t k = 0; k < m; k++)
        normal[k * m + k] *= 1 + raise;
}

static bool find_functional(read_fit *fit, const double *values)
{
    size_t m = fit->n_params;
    double normal[READ_PARAMS * READ_PARAMS], gradient[READ_PARAMS];
    normal_equations(fit, values, 0, normal, gradient);
    for (size_t k = 0; k < m; k++)
        for (size_t i = 0; i < fit->n_fitted; i++)
            fit->functional[k * fit->n_fitted + i] = fit->lags[i].weight * fit->jacobian[i * m + k];
    return vtr_unmix_solve(fit->functional, m, fit->n_fitted, normal, fit->functional, NULL) == VTR_OK;
}

/* Levenberg and Marquardt's way down. `values` is scratch. */
static bool descend(read_fit *fit, double *values)
{
    double raise = 1e-2, cost = cost_of(fit, fit->theta, values);
    for (int round = 0; round < ROUNDS && isfinite(cost); round++) {
        double normal[READ_PARAMS * READ_PARAMS], gradient[READ_PARAMS], step[READ_PARAMS];
        double theta[READ_PARAMS];
        differentiate(fit, values);
        evaluate(fit, fit->theta, values);
        normal_equations(fit, values, raise, normal, gradient);
        if (vtr_unmix_solve(step, fit->n_params, 1, normal, gradient, NULL) != VTR_OK) return false;
        double largest = 0;
        for (size_t k = 0; k < READ_PARAMS; k++)
            theta[k] = fit->theta[k] + (k < fit->n_params ? step[k] : 0);
        for (size_t k = 0; k < fit->n_params; k++)
            largest = fmax(largest, fabs(step[k]) / step_of(fit, k) * 1e-4);
        double next = cost_of(fit, theta, values);
        if (next <= cost) {
            memcpy(fit->theta, theta, sizeof theta);
            cost = next;
            raise = fmax(raise / 10, 1e-12);
            if (largest < 1e-7) return true;
        } else if (largest < 1e-7) {
            return true;
        } else {
            raise *= 10;
        }
    }
    return false;
}

bool vtr_read_fit_solve(read_fit *fit)
{
    if (fit->n_fitted <= fit->n_params || !descend(fit, fit->values)) return false;
    differentiate(fit, fit->values);
    evaluate(fit, fit->theta, fit->values);
    return find_functional(fit, fit->values);
}
