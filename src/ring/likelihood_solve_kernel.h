/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The small dense algebra of the likelihood fit, over lanes: priors, Cholesky factors, steps, covariances. Included
 * after likelihood_kernel.h by each likelihood_kernel_*.c; REAL_WIDTH lanes at a time, each in the same order
 * of operations, so all builds give the same bits. */

#include <math.h>

typedef int64_t reals_int __attribute__((vector_size(8 * REAL_WIDTH)));

INLINE reals_int load_mask(const int64_t *from)
{
    reals_int v;
    memcpy(&v, from, sizeof v);
    return v;
}

INLINE reals select_reals(reals_int condition, reals yes, reals no)
{
    return (reals)((condition & (reals_int)yes) | (~condition & (reals_int)no));
}

INLINE reals square_root(reals x)
{
    for (int l = 0; l < REAL_WIDTH; l++)
        x[l] = sqrt(x[l]);
    return x;
}

static void add_prior(fit_normal *normal, const fit_prior *prior, const float *parameters)
{
    for (size_t k = FIT_AC; k < FIT_N; k++)
        for (size_t lane = 0; lane < VTR_FIT_LANES; lane += REAL_WIDTH) {
            double *diagonal = normal->matrix[fit_index(k, k)] + lane, *gradient = normal->gradient[k] + lane;
            reals weight = load_reals(prior->weight[k] + lane);
            reals distance =
                widen(parameters + k * VTR_FIT_LANES + lane) - load_reals(prior->centre[k] + lane);
            store_reals(diagonal, load_reals(diagonal) + weight);
            store_reals(gradient, load_reals(gradient) - weight * distance);
        }
}

/* Row i of the factor `l` of the scaled matrix; returns where its pivot is too small. */
INLINE reals_int factorise_row(reals *l, const reals *scale, const fit_normal *normal, size_t i, size_t lane,
                               bool is_held)
{
    reals *row = l + i * (i + 1) / 2;
    reals_int is_singular = {0};
    for (size_t j = 0; j <= i; j++) {
        const reals *other = l + j * (j + 1) / 2;
        reals sum = load_reals(normal->matrix[fit_index(i, j)] + lane) * scale[i] * scale[j];
        if (i == j && is_held) sum = (reals){0} + 1.0;
        for (size_t k = 0; k < j; k++)
            sum -= row[k] * other[k];
        if (i == j) {
            is_singular = ~(sum > 1e-9);
            row[i] = 1.0 / square_root(sum);
        } else {
            row[j] = sum * other[j];
        }
    }
    return is_singular;
}

static void factorise_part(fit_factors *f, const fit_normal *normal, const double fixed[FIT_N], size_t lane)
{
    reals l[FIT_NORMAL_N], scale[FIT_N];
    reals_int is_wanted = load_mask(f->is_wanted + lane), is_singular = {0};
    for (size_t i = 0; i < FIT_N; i++) {
        reals diagonal = load_reals(normal->matrix[fit_index(i, i)] + lane);
        scale[i] = (reals){0};
        if (fixed[i] == 0) {
            is_singular |= ~(diagonal > 0);
            scale[i] = 1.0 / square_root(diagonal);
        }
    }
    for (size_t i = 0; i < FIT_N; i++)
        is_singular |= factorise_row(l, scale, normal, i, lane, fixed[i] != 0);
    for (size_t k = 0; k < FIT_NORMAL_N; k++)
        store_reals(f->l[k] + lane, select_reals(is_wanted, l[k], load_reals(f->l[k] + lane)));
    for (size_t k = 0; k < FIT_N; k++)
        store_reals(f->scale[k] + lane, select_reals(is_wanted, scale[k], load_reals(f->scale[k] + lane)));
    is_singular = (is_wanted & is_singular) | (~is_wanted & load_mask(f->is_singular + lane));
    memcpy(f->is_singular + lane, &is_singular, sizeof is_singular);
}

static void factorise(fit_factors *factors, const fit_normal *normal, const double fixed[FIT_N])
{
    for (size_t lane = 0; lane < VTR_FIT_LANES; lane += REAL_WIDTH)
        factorise_part(factors, normal, fixed, lane);
}

/* Solves L L' x = x; the first `start` values of x are zero. */
INLINE void solve_factors(const fit_factors *f, size_t lane, size_t start, reals x[FIT_N])
{
    for (size_t i = start; i < FIT_N; i++) {
        const double(*row)[VTR_FIT_LANES] = f->l + i * (i + 1) / 2;
        for (size_t k = start; k < i; k++)
            x[i] -= load_reals(row[k] + lane) * x[k];
        x[i] *= load_reals(row[i] + lane);
    }
    for (size_t i = FIT_N; i-- > 0;) {
        const double(*row)[VTR_FIT_LANES] = f->l + i * (i + 1) / 2;
        x[i] *= load_reals(row[i] + lane);
        for (size_t k = 0; k < i; k++)
            x[k] -= load_reals(row[k] + lane) * x[i];
    }
}

static void solve(fit_step *out, const fit_factors *factors, const fit_normal *normal)
{
    for (size_t lane = 0; lane < VTR_FIT_LANES; lane += REAL_WIDTH) {
        reals x[FIT_N], decrement = {0};
        for (size_t k = 0; k < FIT_N; k++)
            x[k] = load_reals(normal->gradient[k] + lane) * load_reals(factors->scale[k] + lane);
        solve_factors(factors, lane, 0, x);
        for (size_t k = 0; k < FIT_N; k++) {
            x[k] *= load_reals(factors->scale[k] + lane);
            decrement += x[k] * load_reals(normal->gradient[k] + lane);
            store_reals(out->step[k] + lane, x[k]);
        }
        store_reals(out->decrement + lane, decrement);
    }
}

/* Columns of the inverse matrix that a covariance needs: those of shift and strain, and of the height. */
enum { COLUMNS = 5 };

typedef struct lane_inverse {
    reals column[COLUMNS + 1][FIT_N];
} lane_inverse;

static void invert(lane_inverse *inverse, const fit_factors *factors, size_t lane)
{
    for (size_t j = 0; j <= COLUMNS; j++) {
        reals *column = inverse->column[j];
        for (size_t i = 0; i < FIT_N; i++)
            column[i] = (reals){0};
        column[j] = load_reals(factors->scale[j] + lane);
        solve_factors(factors, lane, j, column);
        for (size_t i = 0; i < FIT_N; i++)
            column[i] *= load_reals(factors->scale[i] + lane);
    }
}

/* Takes from the covariance A^-1 what the prior saves of scatter, A^-1 P A^-1, as far as the heights are where the prior
 * expects them: those that are not pull the answer by as much as they save. */
static void take_prior_out(reals covariance[COLUMNS][COLUMNS], const lane_inverse *inverse,
                           const fit_prior *prior, const float *parameters, size_t lane)
{
    for (size_t k = FIT_AC; k < FIT_N; k++) {
        reals weight = load_reals(prior->weight[k] + lane);
        reals distance = widen(parameters + k * VTR_FIT_LANES + lane) - load_reals(prior->centre[k] + lane);
        reals part = 1.0 - weight * distance * distance;
        reals saved = weight * select_reals(part > 0, part, (reals){0});
        for (int i = 0; i < COLUMNS; i++)
            for (int j = 0; j <= i; j++)
                covariance[i][j] -= saved * inverse->column[i][k] * inverse->column[j][k];
    }
}

/* One value of the excess at each lane's amplitude. */
INLINE reals excess_value(const fit_errors *errors, size_t k, size_t lane)
{
    const double *first = &(*errors->excess)[0][k];
    reals low, high, part = load_reals(errors->level_part + lane);
    for (size_t l = 0; l < REAL_WIDTH; l++) {
        const double *level = first + errors->level[lane + l] * FIT_NORMAL_N;
        low[l] = level[0];
        high[l] = level[FIT_NORMAL_N];
    }
    return (1.0 - part) * low + part * high;
}

/* Adds A^-1 E A^-1 for the excess E of the scores' covariance. */
static void add_speckle(reals covariance[COLUMNS][COLUMNS], const lane_inverse *inverse,
                        const fit_errors *errors, size_t lane)
{
    reals scaled[COLUMNS][FIT_N], product[COLUMNS][FIT_N];
    const reals amplitude = load_reals(errors->amplitude + lane);
    for (int j = 0; j < COLUMNS; j++)
        for (int k = 0; k < FIT_N; k++) {
            scaled[j][k] = k < FIT_A ? inverse->column[j][k] : inverse->column[j][k] / amplitude;
            product[j][k] = (reals){0};
        }
    for (size_t i = 0; i < FIT_N; i++)
        for (size_t k = 0; k <= i; k++) {
            const reals excess = excess_value(errors, fit_index(i, k), lane);
            for (int j = 0; j < COLUMNS; j++) {
                product[j][i] += excess * scaled[j][k];
                if (i != k) product[j][k] += excess * scaled[j][i];
            }
        }
    for (int i = 0; i < COLUMNS; i++)
        for (int j = 0; j <= i; j++)
            for (int k = 0; k < FIT_N; k++)
                covariance[i][j] += scaled[i][k] * product[j][k];
}

/* Beyond the linear order: a pattern's own shifts and strains place its bins on the template only to within s, so the
 * slopes that they see are those of a ring blurred by s. For a Gaussian ring of standard deviation w the information,
 * the integral of slope squared, falls by (1 + s^2/w^2)^(3/2). It is a tenth at a thousand electrons, nothing above. */
INLINE reals second_order(reals covariance[COLUMNS][COLUMNS], const fit_errors *errors)
{
    const double r2 = errors->radius_px * errors->radius_px,
                 w2 = errors->ring_sigma_px * errors->ring_sigma_px;
    reals s2 = 0.5 * (covariance[FIT_DX][FIT_DX] + covariance[FIT_DY][FIT_DY]) +
               r2 * (covariance[FIT_M][FIT_M] + 0.5 * (covariance[FIT_P][FIT_P] + covariance[FIT_Q][FIT_Q]));
    reals part = s2 / w2, one = (reals){0} + 1.0;
    reals loss = 1.0 + select_reals(part < one, part, one);
    return loss * square_root(loss);
}

static void covariance(fit_covariance *out, const fit_factors *factors, const fit_prior *prior,
                       const float *parameters, const fit_errors *errors)
{
    for (size_t lane = 0; lane < VTR_FIT_LANES; lane += REAL_WIDTH) {
        lane_inverse inverse;
        reals c[COLUMNS][COLUMNS];
        invert(&inverse, factors, lane);
        for (int i = 0; i < COLUMNS; i++)
            for (int j = 0; j <= i; j++)
                c[i][j] = inverse.column[j][i];
        store_reals(out->height_error + lane, square_root(inverse.column[FIT_A][FIT_A]));
        take_prior_out(c, &inverse, prior, parameters, lane);
        if (errors->excess != NULL) add_speckle(c, &inverse, errors, lane);
        reals factor = second_order(c, errors);
        for (int i = 0; i < COLUMNS; i++)
            for (int j = 0; j <= i; j++) {
                store_reals(out->covariance[i][j] + lane, c[i][j] * factor);
                store_reals(out->covariance[j][i] + lane, c[i][j] * factor);
            }
    }
}
