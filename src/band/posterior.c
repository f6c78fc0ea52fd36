/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <cblas.h>
#include <lapacke.h>
#include <string.h>

#include "band/band_internal.h"

void openblas_set_num_threads(int n);

/* Mean and covariance of an ellipse over all that the data allow, instead of those of one minimum.
 *
 * The misfit of a hard rim that runs between few positions has several minima, which for an ellipse differ by less than 5
 * in chi^2 and lie up to eight of their errors apart, so that the curvature of the best says too little. The likelihood of
 * fit.c, exp(-(misfit^2 + log det of the covariance)/2), is sampled over place, radius and ellipticity (flat in each); the
 * amplitudes, the plane and, to first order, all parameters of the neighbours are integrated in closed form.
 *
 * Covariance = base + sum over positions on the rim of v_k j_k j_k^T, where j_k is the jump there: the weight of the base is
 * made once, with plane and neighbours projected out, and a sample takes a product with it and a small inverse (Woodbury).
 *
 * The chains are differences of each other: C. J. F. ter Braak, Statistics and Computing 16, 239 (2006). */
enum {
    D = 5, /* y, x, radius and the ellipticity */
    AMPLITUDES = 3,
    COLUMNS = AMPLITUDES + 1, /* and the data */
    CHAINS = 24,
    BURN_IN = 60,
    GENERATIONS = 200,
    MAX_RIM = 160,
    ROUNDS = 3,
    PLANE = 9
};

/* Positions further away tell little about the rim. */
#define REACH_RADII 2.5

typedef struct sample {
    double at[D], amplitude[AMPLITUDES], covariance[AMPLITUDES][AMPLITUDES];
    double objective; /* -2 log likelihood */
} sample;

typedef struct posterior {
    const vtr_band_model *model;
    vtr_inclusion around;
    double reach_nm;
    size_t n_positions, n;
    size_t *position;
    double *weight;  /* [n][n] */
    double *columns; /* [COLUMNS][n] fields of unit amplitudes, data */
    double *times;   /* [COLUMNS][n] weight times those */
    size_t n_rim;
    size_t rim[MAX_RIM];
    double variance[MAX_RIM], sides[MAX_RIM][VTR_TCS][AMPLITUDES];
    double *small;  /* [MAX_RIM][MAX_RIM] */
    double *normal; /* of the columns that are projected out */
} posterior;

static vtr_core core_at(const posterior *p, const double at[D])
{
    vtr_core core = p->model->core;
    core.radius_nm = at[2];
    core.ellipticity[0] = at[3];
    core.ellipticity[1] = at[4];
    return core;
}

static void fill_fields(posterior *p, const double at[D])
{
    vtr_core core = core_at(p, at);
    size_t m = p->n_positions;
    p->n_rim = 0;
    for (size_t k = 0; k < m; k++) {
        double basis[VTR_TCS][3], in[VTR_TCS][3], out[VTR_TCS][3];
        double y = vtr_band_y(p->model->maps, p->position[k]) - at[0],
               x = vtr_band_x(p->model->maps, p->position[k]) - at[1];
        vtr_core_strain(basis, &core, y, x);
        for (size_t j = 0; j < VTR_TCS; j++)
            for (size_t a = 0; a < AMPLITUDES; a++)
                p->columns[a * p->n + j * m + k] = basis[j][a];
        if (!(core.rim_nm > 0) || hypot(y, x) > 5 * core.radius_nm) continue;
        double filling = 0.5 * erfc(-vtr_core_sides(in, out, &core, y, x) / (sqrt(2) * core.rim_nm));
        double variance = filling * (1 - filling);
        if (!(variance > 1e-3) || p->n_rim == MAX_RIM) continue;
        p->rim[p->n_rim] = k;
        p->variance[p->n_rim] = variance;
        for (size_t j = 0; j < VTR_TCS; j++)
            for (size_t a = 0; a < AMPLITUDES; a++)
                p->sides[p->n_rim][j][a] = out[j][a] - in[j][a];
        p->n_rim++;
    }
    cblas_dsymm(CblasColMajor, CblasLeft, CblasLower, (int)p->n, AMPLITUDES, 1, p->weight, (int)p->n,
                p->columns, (int)p->n, 0, p->times, (int)p->n);
}

/* The Gram matrix of the columns less what the rim's variance takes from it; log det of the covariance. */
static bool take_rim(posterior *p, double gram[COLUMNS][COLUMNS], double *log_det, const double a[AMPLITUDES])
{
    size_t r = p->n_rim, m = p->n_positions;
    double jump[MAX_RIM][VTR_TCS], u[COLUMNS * MAX_RIM];
    *log_det = 0;
    if (r == 0) return true;
    for (size_t k = 0; k < r; k++)
        for (size_t j = 0; j < VTR_TCS; j++)
            jump[k][j] = sqrt(p->variance[k]) *
                         (p->sides[k][j][0] * a[0] + p->sides[k][j][1] * a[1] + p->sides[k][j][2] * a[2]);
    for (size_t k = 0; k < r; k++) {
        for (size_t l = 0; l <= k; l++) {
            double sum = k == l;
            for (size_t i = 0; i < VTR_TCS; i++)
                for (size_t j = 0; j < VTR_TCS; j++) {
                    size_t row = i * m + p->rim[k], column = j * m + p->rim[l];
                    sum += jump[k][i] * jump[l][j] *
                           p->weight[row > column ? column * p->n + row : row * p->n + column];
                }
            p->small[l * r + k] = sum;
        }
        for (size_t c = 0; c < COLUMNS; c++) {
            double sum = 0;
            for (size_t j = 0; j < VTR_TCS; j++)
                sum += jump[k][j] * p->times[c * p->n + j * m + p->rim[k]];
            u[c * r + k] = sum;
        }
    }
    if (LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'L', (lapack_int)r, p->small, (lapack_int)r) != 0) return false;
    cblas_dtrsm(CblasColMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, (int)r, COLUMNS, 1,
                p->small, (int)r, u, (int)r);
    for (size_t k = 0; k < r; k++)
        *log_det += 2 * log(p->small[k * (r + 1)]);
    for (size_t b = 0; b < COLUMNS; b++)
        for (size_t c = 0; c < COLUMNS; c++)
            gram[b][c] -= cblas_ddot((int)r, u + b * r, 1, u + c * r, 1);
    return true;
}

/* Amplitudes, their covariance, and the objective with them integrated out. */
static bool solve(sample *s, double gram[COLUMNS][COLUMNS], double log_det)
{
    double left[AMPLITUDES * AMPLITUDES];
    for (size_t b = 0; b < AMPLITUDES; b++)
        for (size_t c = 0; c < AMPLITUDES; c++)
            left[b * AMPLITUDES + c] = gram[b][c];
    if (LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'L', AMPLITUDES, left, AMPLITUDES) != 0) return false;
    for (size_t b = 0; b < AMPLITUDES; b++)
        log_det += 2 * log(left[b * (AMPLITUDES + 1)]);
    LAPACKE_dpotri(LAPACK_COL_MAJOR, 'L', AMPLITUDES, left, AMPLITUDES);
    s->objective = gram[AMPLITUDES][AMPLITUDES] + log_det;
    for (size_t b = 0; b < AMPLITUDES; b++) {
        s->amplitude[b] = 0;
        for (size_t c = 0; c < AMPLITUDES; c++) {
            s->covariance[b][c] = left[b < c ? b * AMPLITUDES + c : c * AMPLITUDES + b];
            s->amplitude[b] += s->covariance[b][c] * gram[c][AMPLITUDES];
        }
        s->objective -= s->amplitude[b] * gram[b][AMPLITUDES];
    }
    return true;
}

static bool is_allowed(const posterior *p, const double at[D])
{
    return at[2] >= p->model->radius_nm[0] && at[2] <= p->model->radius_nm[1] &&
           hypot(at[3], at[4]) < VTR_ELLIPTICITY_MAX &&
           hypot(at[0] - p->around.y_nm, at[1] - p->around.x_nm) < p->around.radius_nm;
}

/* The rim's variance goes with the amplitudes, which are found with it: from those without, in turn. */
static void evaluate(posterior *p, sample *s)
{
    double gram[COLUMNS][COLUMNS], of_base[COLUMNS][COLUMNS], log_det = 0;
    s->objective = INFINITY;
    if (!is_allowed(p, s->at)) return;
    fill_fields(p, s->at);
    for (size_t b = 0; b < COLUMNS; b++)
        for (size_t c = 0; c < COLUMNS; c++)
            of_base[b][c] = cblas_ddot((int)p->n, p->columns + b * p->n, 1, p->times + c * p->n, 1);
    memcpy(gram, of_base, sizeof gram);
    bool is_solved = solve(s, gram, 0);
    for (int round = 0; round < ROUNDS && is_solved; round++) {
        memcpy(gram, of_base, sizeof gram);
        is_solved = take_rim(p, gram, &log_det, s->amplitude) && solve(s, gram, log_det);
    }
    if (!is_solved) s->objective = INFINITY;
}

/* What a chain has been at, of which mean and covariance are taken. */
typedef struct moments {
    double n, mean[VTR_FIT_N], product[VTR_FIT_N][VTR_FIT_N], within[AMPLITUDES][AMPLITUDES];
} moments;

static void gather(moments *m, const sample *s)
{
    double q[VTR_FIT_N] = {s->at[0],        s->at[1],        s->at[2], s->amplitude[0],
                           s->amplitude[1], s->amplitude[2], s->at[3], s->at[4]};
    double before[VTR_FIT_N];
    m->n++;
    for (size_t a = 0; a < VTR_FIT_N; a++) {
        before[a] = q[a] - m->mean[a];
        m->mean[a] += before[a] / m->n;
    }
    for (size_t a = 0; a < VTR_FIT_N; a++)
        for (size_t b = 0; b < VTR_FIT_N; b++)
            m->product[a][b] += before[a] * (q[b] - m->mean[b]);
    for (size_t a = 0; a < AMPLITUDES; a++)
        for (size_t b = 0; b < AMPLITUDES; b++)
            m->within[a][b] += s->covariance[a][b];
}

static void step(posterior *p, sample chain[CHAINS], size_t k, int generation, const double width[D],
                 vtr_random *random)
{
    size_t a = k, b = k;
    while (a == k)
        a = (size_t)(vtr_random_uniform(random) * CHAINS);
    while (b == k || b == a)
        b = (size_t)(vtr_random_uniform(random) * CHAINS);
    /* now and then the whole way, from minimum to minimum */
    double scale = generation % 10 == 0 ? 1 : 2.38 / sqrt(2. * D);
    sample trial;
    for (int d = 0; d < D; d++)
        trial.at[d] = chain[k].at[d] + scale * (chain[a].at[d] - chain[b].at[d]) +
                      0.02 * width[d] * vtr_random_normal(random);
    evaluate(p, &trial);
    double drop = chain[k].objective - trial.objective;
    if (log(1 - vtr_random_uniform(random)) < drop / 2) chain[k] = trial;
}

static void walk(posterior *p, moments *m, const vtr_inclusion *from)
{
    sample chain[CHAINS];
    vtr_random random;
    const double width[D] = {from->y_error_nm, from->x_error_nm, from->radius_error_nm,
                             sqrt(from->ellipticity_covariance[0]), sqrt(from->ellipticity_covariance[1])};
    const double first[D] = {from->y_nm, from->x_nm, from->radius_nm, from->ellipticity[0],
                             from->ellipticity[1]};
    vtr_random_start(&random, 1, 0);
    for (size_t k = 0; k < CHAINS; k++) {
        for (int tries = 0; tries < 20; tries++) {
            for (int d = 0; d < D; d++)
                chain[k].at[d] = first[d] + (k == 0 ? 0 : 3 * width[d] * vtr_random_normal(&random));
            evaluate(p, &chain[k]);
            if (isfinite(chain[k].objective)) break;
        }
    }
    for (int g = 0; g < BURN_IN + GENERATIONS; g++)
        for (size_t k = 0; k < CHAINS; k++) {
            step(p, chain, k, g, width, &random);
            if (g >= BURN_IN) gather(m, &chain[k]);
        }
}

/* --- setting up ---------------------------------------------------------------------------------------------------- */

/* What is projected out: a plane of each component, and what the field of each neighbour changes by with its parameters. */
static void fill_nuisance(double *columns, const posterior *p, vtr_inclusion *const *neighbours, size_t n)
{
    size_t m = p->n_positions;
    for (size_t k = 0; k < m; k++) {
        double y = vtr_band_y(p->model->maps, p->position[k]), x = vtr_band_x(p->model->maps, p->position[k]);
        const double terms[3] = {1, (y - p->around.y_nm) / p->reach_nm, (x - p->around.x_nm) / p->reach_nm};
        for (size_t j = 0; j < VTR_TCS; j++)
            for (size_t t = 0; t < 3; t++)
                columns[(3 * j + t) * p->n + j * m + k] = terms[t];
        for (size_t i = 0; i < n; i++) {
            double q[VTR_FIT_N];
            vtr_inclusion_parameters(q, neighbours[i]);
            vtr_inclusion_differentiate(columns + (PLANE + i * VTR_FIT_N) * p->n + k, p->n, m, p->model, q,
                                        neighbours[i]->is_elliptical, y, x);
        }
    }
}

/* weight := its inverse, less what the columns take. */
static bool invert(posterior *p, double *columns, size_t n_columns)
{
    lapack_int n = (lapack_int)p->n, c = (lapack_int)n_columns;
    if (LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'L', n, p->weight, n) != 0) return false;
    cblas_dtrsm(CblasColMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, n, c, 1, p->weight, n,
                columns, n);
    cblas_dsyrk(CblasColMajor, CblasLower, CblasTrans, c, n, 1, columns, n, 0, p->normal, c);
    for (lapack_int k = 0; k < c; k++) /* a column without effect: that of a held parameter */
        if (p->normal[k * (c + 1)] == 0) p->normal[k * (c + 1)] = 1;
    if (LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'L', c, p->normal, c) != 0) return false;
    cblas_dtrsm(CblasColMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, n, c, 1, p->normal, c,
                columns, n);
    cblas_dtrsm(CblasColMajor, CblasLeft, CblasLower, CblasTrans, CblasNonUnit, n, c, 1, p->weight, n,
                columns, n);
    if (LAPACKE_dpotri(LAPACK_COL_MAJOR, 'L', n, p->weight, n) != 0) return false;
    cblas_dsyrk(CblasColMajor, CblasLower, CblasNoTrans, n, c, -1, columns, n, 1, p->weight, n);
    return true;
}

static void release(posterior *p)
{
    vtr_free(p->position);
    vtr_free(p->weight);
    vtr_free(p->columns);
    vtr_free(p->times);
    vtr_free(p->small);
    vtr_free(p->normal);
}

static void choose_positions(posterior *p)
{
    const vtr_band_maps *maps = p->model->maps;
    for (size_t i = 0; i < maps->n; i++)
        if (vtr_band_is_valid(maps, i) &&
            hypot(vtr_band_y(maps, i) - p->around.y_nm, vtr_band_x(maps, i) - p->around.x_nm) <= p->reach_nm)
            p->position[p->n_positions++] = i;
}

static vtr_status set_up(posterior *p, vtr_inclusion *const *neighbours, size_t n_neighbours,
                         double *const residual[VTR_TCS], bool *is_ready, vtr_error *err)
{
    size_t n_columns = PLANE + n_neighbours * VTR_FIT_N;
    p->position = vtr_malloc(p->model->maps->n, sizeof *p->position);
    if (p->position == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the fit of an ellipse");
    choose_positions(p);
    size_t m = p->n_positions, n = p->n = VTR_TCS * m;
    double *nuisance = vtr_calloc(n * n_columns, sizeof *nuisance);
    p->weight = vtr_malloc(n * n, sizeof *p->weight);
    p->columns = vtr_malloc(n * COLUMNS, sizeof *p->columns);
    p->times = vtr_malloc(n * COLUMNS, sizeof *p->times);
    p->small = vtr_malloc(MAX_RIM * MAX_RIM, sizeof *p->small);
    p->normal = vtr_malloc(n_columns * n_columns, sizeof *p->normal);
    vtr_status status = VTR_OK;
    if (nuisance == NULL || p->weight == NULL || p->columns == NULL || p->times == NULL || p->small == NULL ||
        p->normal == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the fit of an ellipse");
    *is_ready = false;
    if (status == VTR_OK && n > 2 * n_columns) {
        vtr_fit_covariance(p->weight, p->model, p->position, m);
        for (size_t i = 0; i < n_neighbours; i++) {
            double q[VTR_FIT_N];
            vtr_inclusion_parameters(q, neighbours[i]);
            vtr_fit_add_rim(p->weight, p->model, p->position, m, q);
        }
        fill_nuisance(nuisance, p, neighbours, n_neighbours);
        *is_ready = invert(p, nuisance, n_columns);
        for (size_t j = 0; j < VTR_TCS; j++)
            for (size_t k = 0; k < m; k++)
                p->columns[AMPLITUDES * n + j * m + k] = residual[j][p->position[k]];
        cblas_dsymv(CblasColMajor, CblasLower, (int)n, 1, p->weight, (int)n, p->columns + AMPLITUDES * n, 1,
                    0, p->times + AMPLITUDES * n, 1);
    }
    vtr_free(nuisance);
    return status;
}

static void store(vtr_inclusion *out, const moments *m)
{
    static const int place[VTR_FIT_N] = {VTR_INCLUSION_Y, VTR_INCLUSION_X, VTR_INCLUSION_RADIUS,
                                         VTR_INCLUSION_C, VTR_INCLUSION_S, VTR_INCLUSION_D,
                                         VTR_FIT_E1,      VTR_FIT_E2};
    double q[VTR_FIT_N], covariance[VTR_FIT_N][VTR_FIT_N];
    for (int a = 0; a < VTR_FIT_N; a++) {
        q[place[a]] = m->mean[a];
        for (int b = 0; b < VTR_FIT_N; b++)
            covariance[place[a]][place[b]] = m->product[a][b] / m->n;
    }
    for (int a = 0; a < AMPLITUDES; a++)
        for (int b = 0; b < AMPLITUDES; b++)
            covariance[VTR_INCLUSION_C + a][VTR_INCLUSION_C + b] += m->within[a][b] / m->n;
    for (int a = 0; a < VTR_INCLUSION_N; a++)
        memcpy(out->covariance[a], covariance[a], sizeof out->covariance[a]);
    out->ellipticity_covariance[0] = covariance[VTR_FIT_E1][VTR_FIT_E1];
    out->ellipticity_covariance[1] = covariance[VTR_FIT_E2][VTR_FIT_E2];
    out->ellipticity_covariance[2] = covariance[VTR_FIT_E1][VTR_FIT_E2];
    vtr_inclusion_set(out, q);
}

vtr_status vtr_inclusion_sample(vtr_inclusion *ellipse, const vtr_band_model *model,
                                vtr_inclusion *const *neighbours, size_t n_neighbours,
                                double *const residual[VTR_TCS], vtr_error *err)
{
    bool is_ready = false;
    moments *m = vtr_calloc(1, sizeof *m);
    posterior *p = vtr_calloc(1, sizeof *p);
    vtr_status status = m == NULL || p == NULL
                            ? vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the fit of an ellipse")
                            : VTR_OK;
    if (status == VTR_OK) {
        p->model = model;
        p->around = *ellipse;
        p->reach_nm = REACH_RADII * ellipse->radius_nm + 2 * model->maps->step;
        openblas_set_num_threads(1); /* the same bits for any number of threads */
        status = set_up(p, neighbours, n_neighbours, residual, &is_ready, err);
    }
    if (status == VTR_OK && is_ready) walk(p, m, ellipse);
    if (status == VTR_OK && m->n > 0) store(ellipse, m);
    if (p != NULL) release(p);
    vtr_free(p);
    vtr_free(m);
    return status;
}
