/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The kernels of the likelihood fit over the bins; included once by each likelihood_kernel_*.c, which is compiled for one
 * instruction set. No fused multiply-add: all builds give the same bits. */

#include "ring/likelihood_lanes.h"

enum { FAMILY_PAIRS = FAMILY_N * (FAMILY_N + 1) / 2, BLOCK = 13 };

/* Sums over the bins of one sector. */
typedef struct sector_sums {
    lanes pair[FAMILY_PAIRS];
    lanes gradient[FAMILY_N];
    lanes chi2;
} sector_sums;

/* The bins of a block, between the two passes over them: all sums at once would not fit the registers. */
typedef struct block {
    size_t n;
    lanes weight[BLOCK], weighted_residual[BLOCK], family[BLOCK][FAMILY_N];
} block;

/* What is the same for all bins of one iteration. */
typedef struct lane_state {
    lanes gm, gp, gq;    /* (I + e)^2 - I: half trace, and its cos 2phi and sin 2phi parts */
    lanes bx, by, gamma; /* 2 (I + e)^2 d, and d.(I + e)^2 d */
    lanes dx2, dy2, d2;  /* 2 d, and d.d */
    lanes floor, own, borrowed;
} lane_state;

/* The heights at the angle of one sector. */
typedef struct sector_heights {
    lanes ring, background[3];
    lanes slope; /* by which the ring's slope counts */
} sector_heights;

static void prepare_lanes(lane_state *s, const float *parameters, const fit_weighting *weighting, size_t part)
{
    parameters += part;
    lanes dx = load(parameters + FIT_DX * VTR_FIT_LANES), dy = load(parameters + FIT_DY * VTR_FIT_LANES);
    lanes m = load(parameters + FIT_M * VTR_FIT_LANES), p = load(parameters + FIT_P * VTR_FIT_LANES);
    lanes q = load(parameters + FIT_Q * VTR_FIT_LANES);
    lanes exx = m + p, eyy = m - p;
    lanes gxx = 2.0f * exx + (exx * exx + q * q), gyy = 2.0f * eyy + (eyy * eyy + q * q);
    lanes gxy = 2.0f * q + q * (exx + eyy);
    s->gm = 0.5f * (gxx + gyy);
    s->gp = 0.5f * (gxx - gyy);
    s->gq = gxy;
    lanes mdx = dx + gxx * dx + gxy * dy, mdy = dy + gxy * dx + gyy * dy;
    s->bx = 2.0f * mdx;
    s->by = 2.0f * mdy;
    s->gamma = dx * mdx + dy * mdy;
    s->dx2 = 2.0f * dx;
    s->dy2 = 2.0f * dy;
    s->d2 = dx * dx + dy * dy;
    s->floor = load(weighting->floor + part);
    s->own = load(weighting->own + part);
    s->borrowed = load(weighting->borrowed + part);
}

static void prepare_heights(sector_heights *h, const lane_state *s, const fit_sector *sector,
                            const float *parameters, size_t part)
{
    const float c2 = sector->cos2, s2 = sector->sin2;
    lanes theta[FIT_N];
    for (int k = FIT_A; k < FIT_N; k++)
        theta[k] = load(parameters + k * VTR_FIT_LANES + part);
    h->ring = theta[FIT_A] + theta[FIT_AC] * c2 + theta[FIT_AS] * s2;
    h->background[0] = theta[FIT_B0] + theta[FIT_BC0] * c2 + theta[FIT_BS0] * s2;
    h->background[1] = theta[FIT_B1] + theta[FIT_BC1] * c2 + theta[FIT_BS1] * s2;
    h->background[2] = theta[FIT_B2];
    h->slope = s->own * h->ring + s->borrowed;
}

/* Model, weight, residual and derivatives of up to BLOCK bins; returns the sum of their chi-squared. */
INLINE lanes fill_block(block *out, const fit_model *model, const lane_state *s, const sector_heights *h,
                        const fit_bin_plan *bins, const float *data, size_t n)
{
    const float step = model->table.step_px, ihw = model->inverse_half_width, kappa = model->kappa;
    const float usual0 = model->level, usual1 = model->level * model->bend[0],
                usual2 = model->level * model->bend[1], read_variance = model->read_variance + 1e-30f;
    const lanes last = (lanes){0} + (float)(model->table.n - 1), zero = (lanes){0};
    const lanes back0 = h->background[0], back1 = h->background[1], back2 = h->background[2];
    const lanes steep1 = back1 * ihw, steep2 = back2 * (2.0f * ihw);
    const lanes borrowed_slope = s->borrowed * kappa;
    lanes chi2 = zero;
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        const fit_bin_plan *b = &bins[i];
        if (!(b->pixels > 0)) continue;
        lanes eps = s->gm + s->gp * b->cos2 + s->gq * b->sin2 - (s->bx * b->cos1_r + s->by * b->sin1_r) +
                    s->gamma * b->inverse_r2;
        lanes eps_r = s->d2 * b->inverse_r2 - (s->dx2 * b->cos1_r + s->dy2 * b->sin1_r);
        lanes further = sqrt1p_minus1(eps_r);

        lanes position = b->position + b->position_slope * sqrt1p_minus1(eps);
        position = smaller(larger(position, zero), last);
        lanes_int index = to_int(position + 0.5f);
        lanes value, slope;
        look_up(model->table.values, index, &value, &slope);
        lanes ring = value + slope * ((position - to_float(index)) * step);

        lanes envelope = b->background * exp_small(further * b->decay);
        lanes t = b->t + further * b->t_slope;
        lanes poly = back0 + t * (back1 + t * back2);
        lanes back_slope = envelope * (steep1 + t * steep2 - kappa * poly);
        lanes usual = envelope * (usual0 + t * (usual1 + t * usual2));

        lanes mu = h->ring * ring + envelope * poly;
        lanes expected = larger(s->own * mu + s->borrowed * (ring + usual), s->floor * b->expected);
        lanes variance = expected * (model->gain + b->speckle * expected) + read_variance;
        lanes weight = b->pixels / variance;
        lanes residual = load(data + i * VTR_FIT_LANES) - mu;
        lanes weighted = weight * residual;
        chi2 += weighted * residual;

        lanes moved = h->slope * slope;
        lanes *family = out->family[k];
        family[FAMILY_MOVE] = moved * (b->radius_px + b->radius_px * further);
        family[FAMILY_RING] = ring;
        family[FAMILY_G0] = envelope;
        family[FAMILY_G1] = envelope * t;
        family[FAMILY_G2] = envelope * t * t;
        family[FAMILY_SHIFT] = moved + (s->own * back_slope - borrowed_slope * usual);
        out->weight[k] = weight;
        out->weighted_residual[k++] = weighted;
    }
    out->n = k;
    return chi2;
}

/* Adds the block's products of the families first to last - 1 with all before them. */
INLINE void add_products(sector_sums *sums, const block *from, int first, int last)
{
    lanes pair[FAMILY_PAIRS];
    for (int k = first * (first + 1) / 2; k < last * (last + 1) / 2; k++)
        pair[k] = sums->pair[k];
    for (size_t i = 0; i < from->n; i++) {
        const lanes *family = from->family[i], weight = from->weight[i];
#pragma GCC unroll 6
        for (int f = first; f < last; f++) {
            lanes weighted = weight * family[f];
#pragma GCC unroll 6
            for (int g = 0; g <= f; g++)
                pair[f * (f + 1) / 2 + g] += weighted * family[g];
        }
    }
    for (int k = first * (first + 1) / 2; k < last * (last + 1) / 2; k++)
        sums->pair[k] = pair[k];
}

INLINE void add_gradient(sector_sums *sums, const block *from)
{
    lanes gradient[FAMILY_N];
    memcpy(gradient, sums->gradient, sizeof gradient);
    for (size_t i = 0; i < from->n; i++)
#pragma GCC unroll 6
        for (int f = 0; f < FAMILY_N; f++)
            gradient[f] += from->weighted_residual[i] * from->family[i][f];
    memcpy(sums->gradient, gradient, sizeof gradient);
}

INLINE void sum_sector(sector_sums *sums, const fit_model *model, const lane_state *s,
                       const sector_heights *h, const fit_bin_plan *bins, const float *data, bool with_matrix)
{
    block buffer;
    memset(sums, 0, sizeof *sums);
    for (size_t i = 0; i < model->n_radii; i += BLOCK) {
        size_t n = model->n_radii - i < BLOCK ? model->n_radii - i : BLOCK;
        sums->chi2 += fill_block(&buffer, model, s, h, bins + i, data + i * VTR_FIT_LANES, n);
        add_gradient(sums, &buffer);
        if (!with_matrix) continue;
#if defined(__AVX512F__)
        add_products(sums, &buffer, 0, FAMILY_N);
#else
        /* as many sums as 16 registers hold */
        add_products(sums, &buffer, 0, FAMILY_G1 + 1);
        add_products(sums, &buffer, FAMILY_G2, FAMILY_N);
#endif
    }
}

/* Products of two of the factors {1, cos 2phi, sin 2phi} of a sector; with one of them {-cos phi, -sin phi}, of the shift;
 * and with both. */
enum { PLAIN_N = 3, SHIFT_FACTORS = 2, PRODUCTS = 6 };
typedef struct sector_factors {
    double plain[PLAIN_N], shift[SHIFT_FACTORS];
    double plain_plain[PRODUCTS], shift_plain[PRODUCTS], shift_shift[PRODUCTS];
} sector_factors;

/* Sums over the sectors of family pairs times products of factors. */
typedef struct turned_sums {
    double pair[FAMILY_PAIRS][PRODUCTS][FIT_WIDTH];
    double gradient[FAMILY_N][PLAIN_N][FIT_WIDTH];
} turned_sums;

static void fill_factors(sector_factors *f, const fit_sector *sector)
{
    const double c1 = (double)sector->cos1, s1 = (double)sector->sin1, c2 = (double)sector->cos2,
                 s2 = (double)sector->sin2;
    *f = (sector_factors){.plain = {1, c2, s2},
                          .shift = {-c1, -s1},
                          .plain_plain = {1, c2, s2, c2 * c2, c2 * s2, s2 * s2},
                          .shift_plain = {-c1, -c1 * c2, -c1 * s2, -s1, -s1 * c2, -s1 * s2},
                          .shift_shift = {c1 * c1, c1 * s1, s1 * s1}};
}

/* Where the product of the factors a and b of two families stands. */
static int product_index(int f, int a, int g, int b)
{
    static const int triangle[PLAIN_N][PLAIN_N] = {{0, 1, 2}, {1, 3, 4}, {2, 4, 5}};
    if (f == FAMILY_SHIFT && g == FAMILY_SHIFT) return a + b;
    return f == FAMILY_SHIFT ? PLAIN_N * a + b : triangle[a][b];
}

/* Number of parameters of a family, and the first of them. */
static const int family_parameters[] = {3, 3, 3, 3, 1, SHIFT_FACTORS};
static const int family_first[] = {FIT_M, FIT_A, FIT_B0, FIT_B1, FIT_B2, FIT_DX};

static void turn_gradient(turned_sums *to, const lanes *gradient, const sector_factors *factors)
{
    for (int f = 0; f < FAMILY_N; f++)
        for (int part = 0; part < REAL_PARTS; part++) {
            const reals value = widen((const float *)&gradient[f] + part * REAL_WIDTH);
            const double *factor = f == FAMILY_SHIFT ? factors->shift : factors->plain;
            for (int a = 0; a < family_parameters[f]; a++) {
                double *sum = to->gradient[f][a] + part * REAL_WIDTH;
                store_reals(sum, load_reals(sum) + value * factor[a]);
            }
        }
}

static void turn_pairs(turned_sums *to, const lanes *pair, const sector_factors *factors)
{
    for (int k = 0; k < FAMILY_PAIRS; k++) {
        const double *product = k == FAMILY_PAIRS - 1          ? factors->shift_shift
                                : k >= FAMILY_PAIRS - FAMILY_N ? factors->shift_plain
                                                               : factors->plain_plain;
        for (int part = 0; part < REAL_PARTS; part++) {
            const reals value = widen((const float *)&pair[k] + part * REAL_WIDTH);
#pragma GCC unroll 6
            for (int p = 0; p < PRODUCTS; p++) {
                double *sum = to->pair[k][p] + part * REAL_WIDTH;
                store_reals(sum, load_reals(sum) + value * product[p]);
            }
        }
    }
}

static void write_gradient(double (*gradient)[VTR_FIT_LANES], const turned_sums *sums, size_t part)
{
    for (int f = 0; f < FAMILY_N; f++)
        for (int a = 0; a < family_parameters[f]; a++)
            memcpy(gradient[family_first[f] + a] + part, sums->gradient[f][a], sizeof sums->gradient[f][a]);
}

static void write_matrix(fit_normal *out, const turned_sums *sums, size_t part)
{
    for (int f = 0; f < FAMILY_N; f++)
        for (int g = 0; g <= f; g++)
            for (int a = 0; a < family_parameters[f]; a++)
                for (int b = 0; b < family_parameters[g]; b++) {
                    size_t i = (size_t)(family_first[f] + a), j = (size_t)(family_first[g] + b);
                    const double *sum = sums->pair[f * (f + 1) / 2 + g][product_index(f, a, g, b)];
                    memcpy(out->matrix[fit_index(i, j)] + part, sum, FIT_WIDTH * sizeof *sum);
                }
}

INLINE void equations_part(fit_normal *out, const fit_model *model, const float *data,
                           const float *parameters, const fit_weighting *weighting, bool with_matrix,
                           size_t part)
{
    lane_state state;
    turned_sums turned = {0};
    prepare_lanes(&state, parameters, weighting, part);
    for (size_t j = 0; j < model->n_sectors; j++) {
        const fit_sector *sector = &model->sectors[j];
        sector_heights heights;
        sector_factors factors;
        sector_sums sums;
        prepare_heights(&heights, &state, sector, parameters, part);
        fill_factors(&factors, sector);
        sum_sector(&sums, model, &state, &heights, model->plan + j * model->n_radii,
                   data + j * model->n_radii * VTR_FIT_LANES + part, with_matrix);
        turn_gradient(&turned, sums.gradient, &factors);
        if (with_matrix) turn_pairs(&turned, sums.pair, &factors);
        for (int l = 0; l < FIT_WIDTH; l++)
            out->chi2[part + (size_t)l] += (double)sums.chi2[l];
    }
    write_gradient(out->gradient, &turned, part);
    if (with_matrix) write_matrix(out, &turned, part);
}

static void equations(fit_normal *out, const fit_model *model, const float *data, const float *parameters,
                      const fit_weighting *weighting, bool with_matrix)
{
    memset(out->chi2, 0, sizeof out->chi2);
    for (size_t part = 0; part < VTR_FIT_LANES; part += FIT_WIDTH)
        if (with_matrix)
            equations_part(out, model, data, parameters, weighting, true, part);
        else
            equations_part(out, model, data, parameters, weighting, false, part);
}

/* One sector's bins; sums them into `start` with the start's factors, and without any; returns the latter. */
INLINE lanes load_sector(float *data, lanes start[FAMILY_N], const fit_model *model, const fit_bin_plan *bins,
                         const float *sums)
{
    const lanes zero = (lanes){0};
    lanes total = zero, product[FAMILY_N];
    for (int f = 0; f < FAMILY_N; f++)
        product[f] = zero;
    for (size_t i = 0; i < model->n_radii; i++) {
        const fit_bin_plan *b = &bins[i];
        lanes value = zero;
        if (b->pixels > 0) {
            lanes counts = load(sums + i * model->n_sectors * VTR_FIT_LANES) - b->offset;
            total += counts;
            value = counts * b->inverse_pixels;
#pragma GCC unroll 6
            for (int f = 0; f < FAMILY_N; f++)
                product[f] += value * b->start[f];
        }
        memcpy(data + i * VTR_FIT_LANES, &value, sizeof value);
    }
    memcpy(start, product, sizeof product);
    return total;
}

static void load_sums(float *data, double *total, double (*gradient)[VTR_FIT_LANES], const fit_model *model,
                      const float *sums)
{
    memset(total, 0, VTR_FIT_LANES * sizeof *total);
    for (size_t part = 0; part < VTR_FIT_LANES; part += FIT_WIDTH) {
        turned_sums turned = {0};
        for (size_t j = 0; j < model->n_sectors; j++) {
            lanes start[FAMILY_N];
            sector_factors factors;
            size_t from = (model->first_radius * model->n_sectors + j) * VTR_FIT_LANES + part;
            lanes counts = load_sector(data + j * model->n_radii * VTR_FIT_LANES + part, start, model,
                                       model->plan + j * model->n_radii, sums + from);
            fill_factors(&factors, &model->sectors[j]);
            turn_gradient(&turned, start, &factors);
            for (int l = 0; l < FIT_WIDTH; l++)
                total[part + (size_t)l] += (double)counts[l];
        }
        write_gradient(gradient, &turned, part);
    }
}
