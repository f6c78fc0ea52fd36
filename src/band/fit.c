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
 * Parameters: y, x, radius, c, s, d of each; the plane's 9 coefficients last. Damped Gauss-Newton steps; derivatives by
 * differences for the first three, exact for the amplitudes, in which the field is linear. */
enum {
    P = VTR_INCLUSION_N,
    PLANE = 9,
    MAX_POSITIONS = 450,
    MAX_POSITIONS_OF_GROUP = 800,
    MAX_STEPS = 30,
    MAX_ROUNDS = 2
};

typedef struct problem {
    const vtr_band_model *model;
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
    return p->model->maps->step_y * (double)(p->position[k] / p->model->maps->n_x);
}

static double position_x(const problem *p, size_t k)
{
    return p->model->maps->step_x * (double)(p->position[k] % p->model->maps->n_x);
}

static void field_at(double strain[VTR_TCS], const vtr_band_model *model, const double *q, double y, double x)
{
    double basis[VTR_TCS][3];
    vtr_core core = model->core;
    core.radius_nm = q[VTR_INCLUSION_RADIUS];
    vtr_core_strain(basis, &core, y - q[VTR_INCLUSION_Y], x - q[VTR_INCLUSION_X]);
    for (int j = 0; j < VTR_TCS; j++)
        strain[j] = basis[j][0] * q[VTR_INCLUSION_C] + basis[j][1] * q[VTR_INCLUSION_S] +
                    basis[j][2] * q[VTR_INCLUSION_D];
}

static void plane_terms(double terms[3], const problem *p, size_t k)
{
    terms[0] = 1;
    terms[1] = (position_y(p, k) - p->middle_y) / p->scale_nm;
    terms[2] = (position_x(p, k) - p->middle_x) / p->scale_nm;
}

static void inclusion_parameters(double q[P], const vtr_inclusion *inclusion)
{
    double twice = 2 * inclusion->angle_degrees * VTR_RADIANS_PER_DEGREE;
    q[VTR_INCLUSION_Y] = inclusion->y_nm;
    q[VTR_INCLUSION_X] = inclusion->x_nm;
    q[VTR_INCLUSION_RADIUS] = inclusion->radius_nm;
    q[VTR_INCLUSION_C] = inclusion->shear * cos(twice);
    q[VTR_INCLUSION_S] = inclusion->shear * sin(twice);
    q[VTR_INCLUSION_D] = inclusion->dilation;
}

void vtr_inclusion_add(const vtr_inclusion *inclusion, const vtr_band_model *model,
                       double *const residual[VTR_TCS], double sign)
{
    double q[P];
    const vtr_band_maps *maps = model->maps;
    inclusion_parameters(q, inclusion);
    for (size_t i = 0; i < maps->n; i++) {
        double strain[VTR_TCS];
        if (!vtr_band_is_valid(maps, i)) continue;
        field_at(strain, model, q, maps->step_y * (double)(i / maps->n_x),
                 maps->step_x * (double)(i % maps->n_x));
        for (int j = 0; j < VTR_TCS; j++)
            residual[j][i] += sign * strain[j];
    }
}

/* Covariance of the data for the parameters as they are, as its Cholesky factor; false where it has none. */
static bool factorise(problem *p)
{
    const vtr_band_maps *maps = p->model->maps;
    const vtr_matrix_strain *matrix = &p->model->matrix;
    size_t n = p->n_rows, m = p->n_positions;
    memset(p->factor, 0, n * n * sizeof *p->factor);
    for (size_t a = 0; a < m; a++)
        for (size_t b = a; b < m; b++) {
            double r = hypot(position_y(p, a) - position_y(p, b), position_x(p, a) - position_x(p, b));
            double correlation = vtr_matrix_correlation(matrix, r);
            for (size_t j = 0; j < VTR_TCS; j++)
                p->factor[(j * m + a) * n + j * m + b] = matrix->variance[j] * correlation;
        }
    for (size_t a = 0; a < m; a++) {
        const double *v = maps->covariance + p->position[a] * VTR_COVARIANCES;
        double block[VTR_TCS][VTR_TCS] = {
            {v[VTR_TT], v[VTR_TC], v[VTR_TS]}, {v[VTR_TC], v[VTR_CC], 0}, {v[VTR_TS], 0, v[VTR_SS]}};
        for (size_t i = 0; i < p->n_inclusions && p->model->core.form == VTR_CORE_HARD; i++) {
            const double *q = p->parameters + i * P;
            double dy = position_y(p, a) - q[VTR_INCLUSION_Y], dx = position_x(p, a) - q[VTR_INCLUSION_X];
            double r = hypot(dy, dx), in[VTR_TCS], out[VTR_TCS];
            vtr_core core = p->model->core;
            core.radius_nm = q[VTR_INCLUSION_RADIUS];
            double filling = vtr_core_filling(&core, r);
            if (!(filling * (1 - filling) > 1e-6) || !(r > 0)) continue;
            vtr_band_model sharp = *p->model;
            sharp.core.rim_nm = 0;
            double inner = core.radius_nm * (1 - 1e-9) / r, outer = core.radius_nm * (1 + 1e-9) / r;
            field_at(in, &sharp, q, q[VTR_INCLUSION_Y] + dy * inner, q[VTR_INCLUSION_X] + dx * inner);
            field_at(out, &sharp, q, q[VTR_INCLUSION_Y] + dy * outer, q[VTR_INCLUSION_X] + dx * outer);
            for (int j = 0; j < VTR_TCS; j++)
                for (int k = 0; k < VTR_TCS; k++)
                    block[j][k] += filling * (1 - filling) * (out[j] - in[j]) * (out[k] - in[k]);
        }
        for (size_t j = 0; j < VTR_TCS; j++)
            for (size_t k = j; k < VTR_TCS; k++)
                p->factor[(j * m + a) * n + k * m + a] += block[j][k];
    }
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
            field_at(strain, p->model, parameters + i * P, position_y(p, k), position_x(p, k));
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
    double h = 0.01 * p->model->maps->step;
    memset(p->jacobian, 0, p->n_parameters * n * sizeof *p->jacobian);
    for (size_t k = 0; k < m; k++) {
        double y = position_y(p, k), x = position_x(p, k), terms[3];
        for (size_t i = 0; i < p->n_inclusions; i++) {
            double q[P], up[VTR_TCS], down[VTR_TCS], basis[VTR_TCS][3], *column = p->jacobian + i * P * n + k;
            memcpy(q, p->parameters + i * P, sizeof q);
            for (int d = VTR_INCLUSION_Y; d <= VTR_INCLUSION_RADIUS; d++) {
                double at = q[d];
                q[d] = at + h;
                field_at(up, p->model, q, y, x);
                q[d] = at - h;
                field_at(down, p->model, q, y, x);
                q[d] = at;
                for (size_t j = 0; j < VTR_TCS; j++)
                    column[(size_t)d * n + j * m] = (up[j] - down[j]) / (2 * h);
            }
            vtr_core core = p->model->core;
            core.radius_nm = q[VTR_INCLUSION_RADIUS];
            vtr_core_strain(basis, &core, y - q[VTR_INCLUSION_Y], x - q[VTR_INCLUSION_X]);
            for (size_t j = 0; j < VTR_TCS; j++)
                for (size_t a = 0; a < 3; a++)
                    column[(VTR_INCLUSION_C + a) * n + j * m] = basis[j][a];
        }
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
        double *radius = &p->trial[i * P + VTR_INCLUSION_RADIUS];
        *radius = fmin(fmax(*radius, p->model->radius_nm[0]), p->model->radius_nm[1]);
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

/* Positions within a few radii of any of the inclusions; their number bounds the work, which goes with its cube. */
static void choose_positions(problem *p, vtr_inclusion *const *list, size_t n)
{
    const vtr_band_maps *maps = p->model->maps;
    double area = fmin(MAX_POSITIONS, MAX_POSITIONS_OF_GROUP / (double)n);
    double most = sqrt(area / VTR_PI) * maps->step;
    p->n_positions = 0;
    for (size_t i = 0; i < maps->n; i++) {
        double y = maps->step_y * (double)(i / maps->n_x), x = maps->step_x * (double)(i % maps->n_x);
        bool is_near = false;
        if (!vtr_band_is_valid(maps, i)) continue;
        for (size_t k = 0; k < n && !is_near; k++) {
            double reach = fmin(5 * list[k]->radius_nm + 3 * maps->step, most);
            is_near = hypot(y - list[k]->y_nm, x - list[k]->x_nm) <= reach;
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

static vtr_status set_up(problem *p, vtr_inclusion *const *list, size_t n, double *const residual[VTR_TCS],
                         vtr_error *err)
{
    p->n_inclusions = n;
    p->n_parameters = n * P + PLANE;
    p->position = vtr_malloc(p->model->maps->n, sizeof *p->position);
    if (p->position == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the fit of inclusions");
    choose_positions(p, list, n);
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
        inclusion_parameters(p->parameters + i * P, list[i]);
        p->middle_y += list[i]->y_nm / (double)n;
        p->middle_x += list[i]->x_nm / (double)n;
    }
    p->scale_nm = 5 * list[0]->radius_nm;
    for (size_t j = 0; j < VTR_TCS; j++)
        for (size_t m = 0; m < p->n_positions; m++)
            p->data[j * p->n_positions + m] = residual[j][p->position[m]];
    return VTR_OK;
}

double vtr_inclusion_significance(const vtr_inclusion *inclusion)
{
    double shear = inclusion->shear / inclusion->shear_error;
    double dilation = fabs(inclusion->dilation) / inclusion->dilation_error;
    return fmax(shear, dilation);
}

void vtr_inclusion_set(vtr_inclusion *out, const double q[P])
{
    const double(*v)[P] = out->covariance;
    double c = q[VTR_INCLUSION_C], s = q[VTR_INCLUSION_S], shear = hypot(c, s);
    double uc = shear > 0 ? c / shear : 1, us = shear > 0 ? s / shear : 0;
    double cc = v[VTR_INCLUSION_C][VTR_INCLUSION_C], ss = v[VTR_INCLUSION_S][VTR_INCLUSION_S],
           cs = v[VTR_INCLUSION_C][VTR_INCLUSION_S];
    out->y_nm = q[VTR_INCLUSION_Y];
    out->x_nm = q[VTR_INCLUSION_X];
    out->radius_nm = q[VTR_INCLUSION_RADIUS];
    out->shear = shear;
    out->angle_degrees = atan2(s, c) / 2 / VTR_RADIANS_PER_DEGREE;
    out->dilation = q[VTR_INCLUSION_D];
    out->y_error_nm = sqrt(v[VTR_INCLUSION_Y][VTR_INCLUSION_Y]);
    out->x_error_nm = sqrt(v[VTR_INCLUSION_X][VTR_INCLUSION_X]);
    out->radius_error_nm = sqrt(v[VTR_INCLUSION_RADIUS][VTR_INCLUSION_RADIUS]);
    out->shear_error = sqrt(uc * uc * cc + us * us * ss + 2 * uc * us * cs);
    out->angle_error_degrees =
        sqrt(us * us * cc + uc * uc * ss - 2 * uc * us * cs) / (2 * shear) / VTR_RADIANS_PER_DEGREE;
    out->dilation_error = sqrt(v[VTR_INCLUSION_D][VTR_INCLUSION_D]);
}

/* What the misfit rises by without the inclusion, its place and radius as they are and all else free:
 * a^T F a with F the block of the amplitudes a of the inverse of its covariance. */
static double chi2_of(const vtr_inclusion *inclusion, const double q[P])
{
    double inverse[P * P], sum = 0;
    memcpy(inverse, inclusion->covariance, sizeof inverse);
    if (LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'L', P, inverse, P) != 0 ||
        LAPACKE_dpotri(LAPACK_COL_MAJOR, 'L', P, inverse, P) != 0)
        return 0;
    for (int a = VTR_INCLUSION_C; a < P; a++)
        for (int b = VTR_INCLUSION_C; b < P; b++)
            sum += q[a] * inverse[(a > b ? b : a) * P + (a > b ? a : b)] * q[b];
    return sum;
}

/* The inverse of the normal matrix into the inclusions; false where there is none. */
static bool store(problem *p, vtr_inclusion *const *list)
{
    size_t k = p->n_parameters;
    lapack_int order = (lapack_int)k;
    if (LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'L', order, p->normal, order) != 0 ||
        LAPACKE_dpotri(LAPACK_COL_MAJOR, 'L', order, p->normal, order) != 0)
        return false;
    for (size_t i = 0; i < p->n_inclusions; i++) {
        for (size_t a = 0; a < P; a++)
            for (size_t b = 0; b < P; b++) {
                size_t low = i * P + (a > b ? a : b), high = i * P + (a > b ? b : a);
                list[i]->covariance[a][b] = p->normal[high * k + low];
            }
        vtr_inclusion_set(list[i], p->parameters + i * P);
        list[i]->chi2 = chi2_of(list[i], p->parameters + i * P);
    }
    return true;
}

vtr_status vtr_inclusions_fit(vtr_inclusion *const *list, size_t n, const vtr_band_model *model,
                              double *const residual[VTR_TCS], bool *is_fitted, vtr_error *err)
{
    problem p = {.model = model};
    openblas_set_num_threads(1); /* the same bits for any number of threads */
    *is_fitted = false;
    vtr_status status = set_up(&p, list, n, residual, err);
    double *room = status == VTR_OK ? vtr_malloc(p.n_parameters * (p.n_parameters + 2), sizeof *room) : NULL;
    if (status == VTR_OK && room == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the fit of %zu inclusions", n);
    if (status == VTR_OK && p.n_rows > 2 * p.n_parameters) {
        bool is_going = true, is_moving = true;
        double *before = room + p.n_parameters * (p.n_parameters + 1);
        /* the rim's variance follows the parameters */
        for (int round = 0; round < MAX_ROUNDS && is_going && is_moving; round++) {
            memcpy(before, p.parameters, p.n_parameters * sizeof *before);
            is_going = factorise(&p) && descend(&p, room);
            is_moving = is_going && has_moved(&p, before);
        }
        *is_fitted = is_going && store(&p, list);
    }
    vtr_free(room);
    release(&p);
    return status;
}
