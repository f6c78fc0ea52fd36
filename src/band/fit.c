/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <cblas.h>
#include <lapacke.h>
#include <string.h>

#include "band/band_internal.h"
#include "vitrail/constants.h"

void openblas_set_num_threads(int n);

/* Generalised least squares of one or several inclusions in the positions around them.
 *
 * Covariance of the data: error bars, plus the matrix's random strain, plus at positions on the rim the variance of a
 * position that may lie inside or outside: filling (1 - filling) (jump)^2. A hard rim cuts through cells of the scan;
 * which side the probe saw is not known better than to a part of a step, and without this variance a few positions
 * with their large jumps would decide radius and centre, with errors too small by half. A plane is fitted with them.
 *
 * Parameters: y, x, radius, c, s, d and ellipticity of each, the last held at 0 for discs; the plane's 9 coefficients last.
 * Damped Gauss-Newton steps; derivatives by differences but for the amplitudes, in which the field is linear. */
enum {
    P = VTR_FIT_N,
    PLANE = 9,
    MAX_POSITIONS = 450,
    MAX_POSITIONS_OF_GROUP = 800,
    MAX_STEPS = 30,
    MAX_ROUNDS = 2
};

typedef struct problem {
    const vtr_band_model *model;
    vtr_inclusion *const *list;
    size_t n_inclusions, n_parameters, n_positions, n_rows;
    size_t *position; /* [n_positions] */
    double middle_y, middle_x, scale_nm;
    double *factor;         /* [n_rows][n_rows] Cholesky factor of the covariance, lower, column major */
    double *jacobian;       /* [n_parameters][n_rows] */
    double *misfit;         /* [n_rows] */
    double *data;           /* [n_rows] */
    double *normal, *right; /* [n_parameters][n_parameters], [n_parameters] */
    double *parameters, *trial;
} problem;

static double position_y(const problem *p, size_t k)
{
    return vtr_band_y(p->model->maps, p->position[k]);
}

static double position_x(const problem *p, size_t k)
{
    return vtr_band_x(p->model->maps, p->position[k]);
}

static void plane_terms(double terms[3], const problem *p, size_t k)
{
    terms[0] = 1;
    terms[1] = (position_y(p, k) - p->middle_y) / p->scale_nm;
    terms[2] = (position_x(p, k) - p->middle_x) / p->scale_nm;
}

/* Covariance of the data for the parameters as they are, as its Cholesky factor; false where it has none. */
static bool factorise(problem *p)
{
    size_t n = p->n_rows;
    vtr_fit_covariance(p->factor, p->model, p->position, p->n_positions);
    for (size_t i = 0; i < p->n_inclusions; i++)
        vtr_fit_add_rim(p->factor, p->model, p->position, p->n_positions, p->parameters + i * P);
    return LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'L', (lapack_int)n, p->factor, (lapack_int)n) == 0;
}

/* Whitens columns of rows in place. */
static void whiten(const problem *p, double *columns, size_t n_columns)
{
    int n = (int)p->n_rows;
    cblas_dtrsm(CblasColMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, n, (int)n_columns, 1,
                p->factor, n, columns, n);
}

/* Whitened misfit of these parameters; its square. */
static double misfit_of(problem *p, const double *parameters)
{
    size_t m = p->n_positions;
    const double *plane = parameters + p->n_inclusions * P;
    for (size_t k = 0; k < m; k++) {
        double terms[3], sum[VTR_TCS] = {0}, strain[VTR_TCS];
        plane_terms(terms, p, k);
        for (size_t i = 0; i < p->n_inclusions; i++) {
            vtr_inclusion_field(strain, p->model, parameters + i * P, position_y(p, k), position_x(p, k));
            for (int j = 0; j < VTR_TCS; j++)
                sum[j] += strain[j];
        }
        for (size_t j = 0; j < VTR_TCS; j++) {
            for (size_t t = 0; t < 3; t++)
                sum[j] += plane[3 * j + t] * terms[t];
            p->misfit[j * m + k] = p->data[j * m + k] - sum[j];
        }
    }
    whiten(p, p->misfit, 1);
    return cblas_ddot((int)p->n_rows, p->misfit, 1, p->misfit, 1);
}

static void fill_jacobian(problem *p)
{
    size_t m = p->n_positions, n = p->n_rows;
    memset(p->jacobian, 0, p->n_parameters * n * sizeof *p->jacobian);
    for (size_t k = 0; k < m; k++) {
        double terms[3];
        for (size_t i = 0; i < p->n_inclusions; i++)
            vtr_inclusion_differentiate(p->jacobian + i * P * n + k, n, m, p->model, p->parameters + i * P,
                                        p->list[i]->is_elliptical, position_y(p, k), position_x(p, k));
        plane_terms(terms, p, k);
        for (size_t j = 0; j < VTR_TCS; j++)
            for (size_t t = 0; t < 3; t++)
                p->jacobian[(p->n_inclusions * P + 3 * j + t) * n + j * m + k] = terms[t];
    }
    whiten(p, p->jacobian, p->n_parameters);
}

/* J^T J and J^T misfit. */
static void fill_normal(problem *p)
{
    int n = (int)p->n_rows, k = (int)p->n_parameters;
    cblas_dsyrk(CblasColMajor, CblasLower, CblasTrans, k, n, 1, p->jacobian, n, 0, p->normal, k);
    cblas_dgemv(CblasColMajor, CblasTrans, n, k, 1, p->jacobian, n, p->misfit, 1, 0, p->right, 1);
    for (size_t i = 0; i < p->n_inclusions; i++)
        for (size_t e = i * P + VTR_FIT_E1; e <= i * P + VTR_FIT_E2 && !p->list[i]->is_elliptical; e++)
            p->normal[e * p->n_parameters + e] = 1; /* held: its column is 0 */
}

/* The damped step into p->trial; false where the equations have no solution. `room` [k][k + 1]. */
static bool damped_step(problem *p, double damping, double *room)
{
    size_t k = p->n_parameters;
    double *step = room + k * k;
    memcpy(room, p->normal, k * k * sizeof *room);
    memcpy(step, p->right, k * sizeof *step);
    for (size_t i = 0; i < k; i++)
        room[i * k + i] *= 1 + damping;
    if (LAPACKE_dposv(LAPACK_COL_MAJOR, 'L', (lapack_int)k, 1, room, (lapack_int)k, step, (lapack_int)k) != 0)
        return false;
    for (size_t i = 0; i < k; i++)
        p->trial[i] = p->parameters[i] + step[i];
    for (size_t i = 0; i < p->n_inclusions; i++) {
        double *radius = &p->trial[i * P + VTR_INCLUSION_RADIUS], *e = &p->trial[i * P + VTR_FIT_E1];
        double most = fmax(1, hypot(e[0], e[1]) / VTR_ELLIPTICITY_MAX);
        *radius = fmin(fmax(*radius, p->model->radius_nm[0]), p->model->radius_nm[1]);
        e[0] /= most;
        e[1] /= most;
    }
    return true;
}

/* Whether the last descent went further than a part of the errors from `before`, by the normal matrix. */
static bool has_moved(const problem *p, const double *before)
{
    for (size_t i = 0; i < p->n_parameters; i++) {
        double moved = p->parameters[i] - before[i];
        if (moved * moved * p->normal[i * p->n_parameters + i] > 0.01) return true;
    }
    return false;
}

/* Descends with the covariance as it is; false where there is no solution. */
static bool descend(problem *p, double *room)
{
    double damping = 1e-3, misfit = misfit_of(p, p->parameters);
    fill_jacobian(p);
    fill_normal(p);
    for (int steps = 0; steps < MAX_STEPS; steps++) {
        if (!damped_step(p, damping, room)) return false;
        double then = misfit_of(p, p->trial);
        if (!(then < misfit)) {
            if (damping > 1e6) break;
            damping *= 10;
            continue;
        }
        bool is_done = misfit - then < 1e-4;
        misfit = then;
        memcpy(p->parameters, p->trial, p->n_parameters * sizeof *p->trial);
        damping = fmax(damping / 10, 1e-9);
        if (is_done) break;
        fill_jacobian(p);
        fill_normal(p);
    }
    misfit_of(p, p->parameters);
    fill_jacobian(p);
    fill_normal(p);
    return true;
}

/* Positions within a few radii of any of the inclusions, or within the reach of one place; their number bounds the work,
 * which goes with its cube. */
static void choose_positions(problem *p, const vtr_inclusion *around, double reach_nm)
{
    const vtr_band_maps *maps = p->model->maps;
    size_t n = around != NULL ? 1 : p->n_inclusions;
    double area = fmin(MAX_POSITIONS, MAX_POSITIONS_OF_GROUP / (double)n);
    double most = sqrt(area / VTR_PI) * maps->step;
    p->n_positions = 0;
    for (size_t i = 0; i < maps->n; i++) {
        double y = maps->step_y * (double)(i / maps->n_x), x = maps->step_x * (double)(i % maps->n_x);
        bool is_near = false;
        if (!vtr_band_is_valid(maps, i)) continue;
        for (size_t k = 0; k < n && !is_near; k++) {
            const vtr_inclusion *at = around != NULL ? around : p->list[k];
            double reach = around != NULL ? reach_nm : 5 * at->radius_nm + 3 * maps->step;
            is_near = hypot(y - at->y_nm, x - at->x_nm) <= fmin(reach, most);
        }
        if (is_near) p->position[p->n_positions++] = i;
    }
}

static void release(problem *p)
{
    double *const all[] = {p->factor, p->jacobian, p->misfit,     p->data,
                           p->normal, p->right,    p->parameters, p->trial};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        vtr_free(all[i]);
    vtr_free(p->position);
}

static vtr_status set_up(problem *p, const vtr_inclusion *around, double reach_nm,
                         double *const residual[VTR_TCS], vtr_error *err)
{
    size_t n = p->n_inclusions;
    vtr_inclusion *const *list = p->list;
    p->n_parameters = n * P + PLANE;
    p->position = vtr_malloc(p->model->maps->n, sizeof *p->position);
    if (p->position == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the fit of inclusions");
    choose_positions(p, around, reach_nm);
    p->n_rows = VTR_TCS * p->n_positions;
    size_t k = p->n_parameters, rows = p->n_rows;
    p->factor = vtr_malloc(rows * rows, sizeof(double));
    p->jacobian = vtr_malloc(rows * k, sizeof(double));
    p->misfit = vtr_malloc(rows, sizeof(double));
    p->data = vtr_malloc(rows, sizeof(double));
    p->normal = vtr_calloc(k * k, sizeof(double));
    p->right = vtr_malloc(k, sizeof(double));
    p->parameters = vtr_calloc(k, sizeof(double));
    p->trial = vtr_malloc(k, sizeof(double));
    if (p->factor == NULL || p->jacobian == NULL || p->misfit == NULL || p->data == NULL ||
        p->normal == NULL || p->right == NULL || p->parameters == NULL || p->trial == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the fit of %zu inclusions", n);
    for (size_t i = 0; i < n; i++) {
        vtr_inclusion_parameters(p->parameters + i * P, list[i]);
        p->middle_y += list[i]->y_nm / (double)n;
        p->middle_x += list[i]->x_nm / (double)n;
    }
    p->scale_nm = 5 * list[0]->radius_nm;
    for (size_t j = 0; j < VTR_TCS; j++)
        for (size_t m = 0; m < p->n_positions; m++)
            p->data[j * p->n_positions + m] = residual[j][p->position[m]];
    return VTR_OK;
}

/* The inverse of the normal matrix into the inclusions; false where there is none. */
static bool store(problem *p)
{
    size_t k = p->n_parameters;
    lapack_int order = (lapack_int)k;
    if (LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'L', order, p->normal, order) != 0 ||
        LAPACKE_dpotri(LAPACK_COL_MAJOR, 'L', order, p->normal, order) != 0)
        return false;
    for (size_t i = 0; i < p->n_inclusions; i++) {
        vtr_inclusion *q = p->list[i];
        const double *own = p->normal + i * P * (k + 1); /* lower, column major */
        for (size_t a = 0; a < VTR_INCLUSION_N; a++)
            for (size_t b = 0; b < VTR_INCLUSION_N; b++)
                q->covariance[a][b] = own[(a > b ? b : a) * k + (a > b ? a : b)];
        q->ellipticity_covariance[0] = q->is_elliptical ? own[VTR_FIT_E1 * (k + 1)] : 0;
        q->ellipticity_covariance[1] = q->is_elliptical ? own[VTR_FIT_E2 * (k + 1)] : 0;
        q->ellipticity_covariance[2] = own[VTR_FIT_E1 * k + VTR_FIT_E2];
        vtr_inclusion_set(q, p->parameters + i * P);
        q->chi2 = vtr_inclusion_chi2(q);
    }
    return true;
}

/* misfit^2 + log det of the covariance, of what was last stored. */
static double objective_of(const problem *p)
{
    double sum = cblas_ddot((int)p->n_rows, p->misfit, 1, p->misfit, 1);
    for (size_t i = 0; i < p->n_rows; i++)
        sum += 2 * log(p->factor[i * (p->n_rows + 1)]);
    return sum;
}

static vtr_status fit_problem(problem *p, const vtr_inclusion *around, double reach_nm,
                              double *const residual[VTR_TCS], bool *is_fitted, double *objective,
                              vtr_error *err)
{
    openblas_set_num_threads(1); /* the same bits for any number of threads */
    *is_fitted = false;
    vtr_status status = set_up(p, around, reach_nm, residual, err);
    double *room =
        status == VTR_OK ? vtr_malloc(p->n_parameters * (p->n_parameters + 2), sizeof *room) : NULL;
    if (status == VTR_OK && room == NULL)
        status =
            vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the fit of %zu inclusions", p->n_inclusions);
    if (status == VTR_OK && p->n_rows > 2 * p->n_parameters) {
        bool is_going = true, is_moving = true;
        double *before = room + p->n_parameters * (p->n_parameters + 1);
        /* the rim's variance follows the parameters */
        for (int round = 0; round < MAX_ROUNDS && is_going && is_moving; round++) {
            memcpy(before, p->parameters, p->n_parameters * sizeof *before);
            is_going = factorise(p) && descend(p, room);
            is_moving = is_going && has_moved(p, before);
        }
        *is_fitted = is_going && store(p);
        *objective = *is_fitted ? objective_of(p) : INFINITY;
    }
    vtr_free(room);
    release(p);
    return status;
}

vtr_status vtr_inclusions_fit(vtr_inclusion *const *list, size_t n, const vtr_band_model *model,
                              double *const residual[VTR_TCS], bool *is_fitted, vtr_error *err)
{
    double objective;
    problem p = {.model = model, .list = list, .n_inclusions = n};
    return fit_problem(&p, NULL, 0, residual, is_fitted, &objective, err);
}

vtr_status vtr_inclusion_fit_near(vtr_inclusion *inclusion, const vtr_inclusion *around, double reach_nm,
                                  const vtr_band_model *model, double *const residual[VTR_TCS],
                                  double *objective, vtr_error *err)
{
    bool is_fitted;
    problem p = {.model = model, .list = &inclusion, .n_inclusions = 1};
    *objective = INFINITY;
    return fit_problem(&p, around, reach_nm, residual, &is_fitted, objective, err);
}
