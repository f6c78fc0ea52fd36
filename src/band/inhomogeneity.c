/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "band/bands_internal.h"
#include "vitrail/constants.h"

/* The random strain of the matrix, from the autocovariance of what the bands left, away from them:
 *
 *   C_j(r) = variance_j [exp(-(r/length)^power) - m],     r >= 1 step,
 *
 * m the part of the variance that the mean, which is taken off, has in an area A: pi length^2/A, of an exponential twice that;
 * by least squares over all distances up to LAGS steps, one length for all components. The error bars of different positions are
 * independent, so at these distances the covariance is the matrix's alone. Errors: the map is cut into blocks, and the fit is
 * done again without each (jackknife; B. Efron, SIAM monograph 38 (1982), chapter 3). Neighbouring blocks are not independent. What
 * the fit sums is v (rho * v), v the strain and rho its correlation, whose own autocovariance falls as exp(-1.33 r^2/length^2) and
 * exp(-r^2/length^2) in equal parts; of its integral a block of side B holds 1 - 0.53 length/B along each axis. */
enum { LAGS = 12, WIDE = 2 * LAGS + 1, N_LAGS = (LAGS + 1) * WIDE, SIDE_BLOCKS = 6 };
#define BEYOND 0.53
enum { BLOCKS = SIDE_BLOCKS * SIDE_BLOCKS, LEAST_POSITIONS = 500 };

/* A distance from the nearest band: of these the largest that leaves LEAST_PART of the map. */
static const double decays_off[] = {2, 1, 0.5};
#define LEAST_PART 0.2

/* Sums over pairs of positions (dy, dx) apart, dy >= 0; those of negative dx at dy = 0 stay empty. */
typedef struct sums {
    double product[VTR_TCS][N_LAGS], count[N_LAGS];
} sums;

typedef struct field {
    const vtr_band_maps *maps;
    bool *is_matrix;
    double *value[VTR_TCS]; /* less their mean */
    double area_nm2;
    sums *block; /* [BLOCKS] */
} field;

static void release(field *f)
{
    vtr_free(f->is_matrix);
    for (int j = 0; j < VTR_TCS; j++)
        vtr_free(f->value[j]);
    vtr_free(f->block);
}

static vtr_status allocate(field *f, const vtr_band_maps *maps, vtr_error *err)
{
    *f = (field){.maps = maps, .is_matrix = vtr_malloc(maps->n, sizeof(bool))};
    bool is_short = f->is_matrix == NULL;
    for (int j = 0; j < VTR_TCS; j++) {
        f->value[j] = vtr_malloc(maps->n, sizeof(double));
        is_short = is_short || f->value[j] == NULL;
    }
    f->block = vtr_calloc(BLOCKS, sizeof *f->block);
    if (!is_short && f->block != NULL) return VTR_OK;
    release(f);
    return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the matrix between the bands");
}

/* Distance from the nearest band in its decay lengths. */
static double decays_from_bands(const vtr_band_fit *fits, size_t n, double y, double x)
{
    double least = INFINITY;
    for (size_t b = 0; b < n; b++) {
        vtr_band_place at;
        vtr_band_curve_at(&at, &fits[b], y, x);
        double decay = exp(fits[b].value[FIT_DECAY + (at.d > 0)]);
        double before = fmax(fits[b].value[FIT_FIRST] - at.s, 0),
               after = fmax(at.s - fits[b].value[FIT_LAST], 0);
        least = fmin(least, hypot(at.d, before + after) / decay);
    }
    return least;
}

/* Marks the positions away from the bands; how many, and from which distance on. */
static size_t choose(field *f, const vtr_band_fit *fits, size_t n_bands, double *decays_away)
{
    const vtr_band_maps *m = f->maps;
    size_t n = 0;
    for (size_t k = 0; k < sizeof decays_off / sizeof *decays_off; k++) {
        n = 0;
        for (size_t i = 0; i < m->n; i++) {
            double y = m->step_y * (double)(i / m->n_x), x = m->step_x * (double)(i % m->n_x);
            f->is_matrix[i] =
                vtr_band_is_valid(m, i) && decays_from_bands(fits, n_bands, y, x) > decays_off[k];
            n += f->is_matrix[i];
        }
        *decays_away = decays_off[k];
        if ((double)n >= LEAST_PART * (double)m->n_valid) break;
    }
    return n;
}

static void take_mean_off(field *f, double *const residual[VTR_TCS], size_t n)
{
    f->area_nm2 = (double)n * f->maps->step_y * f->maps->step_x;
    for (int j = 0; j < VTR_TCS; j++) {
        double mean = 0;
        for (size_t i = 0; i < f->maps->n; i++)
            if (f->is_matrix[i]) mean += residual[j][i] / (double)n;
        for (size_t i = 0; i < f->maps->n; i++)
            f->value[j][i] = residual[j][i] - mean;
    }
}

/* A pair belongs to the block of its upper position. */
static void add_pairs(field *f, size_t y, size_t x)
{
    const vtr_band_maps *m = f->maps;
    size_t i = y * m->n_x + x;
    sums *to = &f->block[y * SIDE_BLOCKS / m->n_y * SIDE_BLOCKS + x * SIDE_BLOCKS / m->n_x];
    for (size_t dy = 0; dy <= LAGS && y + dy < m->n_y; dy++)
        for (long dx = dy == 0 ? 1 : -LAGS; dx <= LAGS; dx++) {
            if ((long)x + dx < 0 || (long)x + dx >= (long)m->n_x) continue;
            size_t other = (size_t)((long)(i + dy * m->n_x) + dx), lag = dy * WIDE + (size_t)(dx + LAGS);
            if (!f->is_matrix[other]) continue;
            to->count[lag]++;
            for (int j = 0; j < VTR_TCS; j++)
                to->product[j][lag] += f->value[j][i] * f->value[j][other];
        }
}

static void add_sums(sums *to, const sums *from, double sign)
{
    for (size_t k = 0; k < N_LAGS; k++) {
        to->count[k] += sign * from->count[k];
        for (int j = 0; j < VTR_TCS; j++)
            to->product[j][k] += sign * from->product[j][k];
    }
}

/* Variances of one form by least squares, lags by their pairs, components on the scale of their largest covariance. */
static double fit_variances(double variance[VTR_TCS], const sums *s, const field *f, double length, int power)
{
    const vtr_band_maps *m = f->maps;
    double left = 0, of_mean = fmin(VTR_PI * length * length / f->area_nm2 * (power == 1 ? 2 : 1), 0.5);
    for (int j = 0; j < VTR_TCS; j++) {
        double cr = 0, rr = 0, cc = 0;
        for (size_t k = 0; k < N_LAGS; k++) {
            if (!(s->count[k] > 0)) continue;
            double y = m->step_y * (double)(k / WIDE), x = m->step_x * ((double)(k % WIDE) - LAGS);
            double ratio = hypot(y, x) / length, r = exp(-(power == 1 ? ratio : ratio * ratio)) - of_mean;
            double c = s->product[j][k] / s->count[k];
            cr += s->count[k] * c * r;
            rr += s->count[k] * r * r;
            cc += s->count[k] * c * c;
        }
        variance[j] = rr > 0 ? cr / rr : 0;
        if (cc > 0) left += 1 - cr * cr / (rr * cc);
    }
    return left;
}

/* The length that leaves least, by golden sections of its logarithm. */
static double fit_length(double variance[VTR_TCS], double *left, const sums *s, const field *f, int power)
{
    const vtr_band_maps *m = f->maps;
    const double golden = 0.5 * (sqrt(5) - 1);
    double low = log(0.5 * m->step), high = log(2 * LAGS * m->step);
    for (int i = 0; i < 40; i++) {
        double a = high - golden * (high - low), b = low + golden * (high - low);
        if (fit_variances(variance, s, f, exp(a), power) < fit_variances(variance, s, f, exp(b), power))
            high = b;
        else
            low = a;
    }
    *left = fit_variances(variance, s, f, exp(0.5 * (low + high)), power);
    return exp(0.5 * (low + high));
}

/* What is estimated: variances, that of a component, and the length. */
enum { STRAIN = VTR_TCS, LENGTH, ESTIMATES };

static void estimate(double out[ESTIMATES], double *left, const sums *s, const field *f, int power)
{
    out[LENGTH] = fit_length(out, left, s, f, power);
    /* exx^2 + eyy^2 + 2 exy^2 = t^2/2 + 2 (c^2 + s^2) */
    out[STRAIN] = sqrt(fmax(0.125 * out[VTR_T] + 0.5 * (out[VTR_C] + out[VTR_S]), 0));
}

static double within_blocks(const field *f, double length)
{
    const double side[2] = {f->maps->step_y * (double)f->maps->n_y / SIDE_BLOCKS,
                            f->maps->step_x * (double)f->maps->n_x / SIDE_BLOCKS};
    return (1 - BEYOND * fmin(length / side[0], 1)) * (1 - BEYOND * fmin(length / side[1], 1));
}

static void jackknife(double error[ESTIMATES], const field *f, const sums *all, double length, int power)
{
    double mean[ESTIMATES] = {0}, squares[ESTIMATES] = {0}, n = 0, left;
    for (size_t b = 0; b < BLOCKS; b++) {
        sums without = *all;
        double value[ESTIMATES];
        add_sums(&without, &f->block[b], -1);
        estimate(value, &left, &without, f, power);
        n++;
        for (int k = 0; k < ESTIMATES; k++) {
            double off = value[k] - mean[k];
            mean[k] += off / n;
            squares[k] += off * (value[k] - mean[k]);
        }
    }
    for (int k = 0; k < ESTIMATES; k++)
        error[k] = sqrt(squares[k] * (n - 1) / n / within_blocks(f, length));
}

static void set_result(vtr_bands_matrix *out, const field *f)
{
    sums all = {0};
    double value[2][ESTIMATES], left[2], error[ESTIMATES];
    for (size_t b = 0; b < BLOCKS; b++)
        add_sums(&all, &f->block[b], 1);
    for (int power = 1; power <= 2; power++)
        estimate(value[power - 1], &left[power - 1], &all, f, power);
    out->power = left[0] < left[1] ? 1 : 2;
    const double *best = value[out->power - 1];
    jackknife(error, f, &all, best[LENGTH], out->power);
    for (int j = 0; j < VTR_TCS; j++) {
        out->variance[j] = best[j];
        out->variance_error[j] = error[j];
    }
    out->strain = best[STRAIN];
    out->strain_error = error[STRAIN];
    out->length_nm = best[LENGTH];
    out->length_error_nm = error[LENGTH];
}

vtr_status vtr_bands_matrix_measure(vtr_bands_matrix *matrix, const vtr_band_fit *fits, size_t n,
                                    const vtr_band_maps *maps, double *const residual[VTR_TCS],
                                    vtr_error *err)
{
    field f;
    vtr_status status = allocate(&f, maps, err);
    if (status != VTR_OK) return status;
    *matrix = (vtr_bands_matrix){.variance = {NAN, NAN, NAN},
                                 .variance_error = {NAN, NAN, NAN},
                                 .strain = NAN,
                                 .strain_error = NAN,
                                 .length_nm = NAN,
                                 .length_error_nm = NAN,
                                 .power = 2};
    size_t n_matrix = choose(&f, fits, n, &matrix->decays_away);
    matrix->part = (double)n_matrix / (double)maps->n_valid;
    if (n_matrix >= LEAST_POSITIONS) {
        take_mean_off(&f, residual, n_matrix);
        for (size_t i = 0; i < maps->n; i++)
            if (f.is_matrix[i]) add_pairs(&f, i / maps->n_x, i % maps->n_x);
        set_result(matrix, &f);
    }
    release(&f);
    return VTR_OK;
}
