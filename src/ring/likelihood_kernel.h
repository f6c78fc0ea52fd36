/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The kernel of the likelihood fit; included once by each likelihood_kernel_*.c, which defines FIT_KERNEL (the
 * function's name) and is compiled for one instruction set. Vectors of 16 floats by the compilers' vector extension:
 * plain loops over arrays of 16 spill every value to memory. No fused multiply-add and only operations that IEEE 754
 * rounds exactly, so all builds give the same bits. */

#include <stdint.h>
#include <string.h>

#include "ring/likelihood_internal.h"

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

typedef float lanes __attribute__((vector_size(64)));
typedef int32_t lanes_int __attribute__((vector_size(64)));

static inline lanes load(const float *from)
{
    lanes v;
    memcpy(&v, from, sizeof v);
    return v;
}

static inline lanes select_lanes(lanes_int condition, lanes yes, lanes no)
{
    return (lanes)((condition & (lanes_int)yes) | (~condition & (lanes_int)no));
}

static inline lanes larger(lanes a, lanes b)
{
    return select_lanes(a > b, a, b);
}

static inline lanes smaller(lanes a, lanes b)
{
    return select_lanes(a < b, a, b);
}

/* sqrt(1 + x) - 1 by its series, for the |x| < 0.4 that strains and shifts allow: error below 1e-5 there, 1e-7 for
 * |x| < 0.15. Cheaper than the square root's 20 cycles. */
static inline lanes sqrt1p_minus1(lanes x)
{
    return x * (0.5f +
                x * (-0.125f + x * (0.0625f + x * (-0.0390625f + x * (0.02734375f + x * -0.0205078125f)))));
}

/* exp(x) for |x| < 0.7, relative error below 2e-6. */
static inline lanes exp_small(lanes x)
{
    const float c2 = 1.0f / 2, c3 = 1.0f / 6, c4 = 1.0f / 24, c5 = 1.0f / 120, c6 = 1.0f / 720,
                c7 = 1.0f / 5040;
    return 1.0f + x * (1.0f + x * (c2 + x * (c3 + x * (c4 + x * (c5 + x * (c6 + x * c7))))));
}

/* values[index][0] and [1] of each lane. */
static inline void look_up(const float *values, lanes_int index, lanes *first, lanes *second)
{
#if defined(__AVX512F__)
    *first = (lanes)_mm512_i32gather_ps((__m512i)(index * 2), values, 4);
    *second = (lanes)_mm512_i32gather_ps((__m512i)(index * 2), values + 1, 4);
#else
    lanes a, b;
    for (int l = 0; l < VTR_FIT_LANES; l++) {
        const float *pair = values + 2 * index[l];
        a[l] = pair[0];
        b[l] = pair[1];
    }
    *first = a;
    *second = b;
#endif
}

static inline lanes_int to_int(lanes x)
{
    return __builtin_convertvector(x, lanes_int);
}

static inline lanes to_float(lanes_int x)
{
    return __builtin_convertvector(x, lanes);
}

/* Families of derivatives that differ only by {1, cos 2phi, sin 2phi}: the ring moved outwards, the ring's height,
 * and the background's three powers of t; and the shift of the centre. */
enum { FAMILY_MOVE, FAMILY_RING, FAMILY_G0, FAMILY_G1, FAMILY_G2, FAMILY_SHIFT, FAMILY_N };
enum { FAMILY_PAIRS = FAMILY_N * (FAMILY_N + 1) / 2 };

typedef struct sector_sums {
    lanes pair[FAMILY_PAIRS];
    lanes gradient[FAMILY_N];
    lanes chi2, counts;
} sector_sums;

/* What is the same for all bins of one iteration. */
typedef struct lane_state {
    lanes gm, gp, gq;    /* (I + e)^2 - I: half trace, and its cos 2phi and sin 2phi parts */
    lanes bx, by, gamma; /* 2 (I + e)^2 d, and d.(I + e)^2 d */
    lanes dx2, dy2, d2;  /* 2 d, and d.d */
    lanes floor, own, borrowed;
} lane_state;

static void prepare_lanes(lane_state *s, const float *parameters, const fit_weighting *weighting)
{
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
    s->floor = load(weighting->floor);
    s->own = load(weighting->own);
    s->borrowed = load(weighting->borrowed);
}

/* Adds one sector's bins into `sums`. */
static inline void add_sector(sector_sums *sums, const fit_model *model, const lane_state *s,
                              const fit_bin *bins, const float *data, lanes ring_height, lanes back0,
                              lanes back1, lanes back2)
{
    const float inverse_step = 1.0f / model->table.step_px;
    const lanes last = (lanes){0} + (float)(model->table.n - 1), zero = (lanes){0};
    const lanes slope_height = s->own * ring_height + s->borrowed;
    const lanes borrowed_slope = s->borrowed * (model->kappa * model->level);
    lanes pair[FAMILY_PAIRS], gradient[FAMILY_N], chi2 = zero, counts = zero;
    for (int k = 0; k < FAMILY_PAIRS; k++)
        pair[k] = zero;
    for (int k = 0; k < FAMILY_N; k++)
        gradient[k] = zero;
    for (size_t i = 0; i < model->n_radii; i++) {
        const fit_bin *b = &bins[i];
        const float ir = b->inverse_radius;
        lanes eps = s->gm + s->gp * b->cos2 + s->gq * b->sin2 - ir * (s->bx * b->cos1 + s->by * b->sin1) +
                    s->gamma * (ir * ir);
        lanes rho = b->radius_px + b->radius_px * sqrt1p_minus1(eps);
        lanes eps_r = s->d2 * (ir * ir) - ir * (s->dx2 * b->cos1 + s->dy2 * b->sin1);
        lanes dr = b->radius_px * sqrt1p_minus1(eps_r);

        lanes position = smaller(larger((rho - model->table.rho_first_px) * inverse_step, zero), last);
        lanes_int index = to_int(position + 0.5f);
        lanes value, slope;
        look_up(model->table.values, index, &value, &slope);
        lanes ring = value + slope * ((position - to_float(index)) * model->table.step_px);

        lanes envelope = b->background * exp_small(dr * -model->kappa);
        lanes t = b->t + dr * model->inverse_half_width;
        lanes poly = back0 + t * (back1 + t * back2);
        lanes back_slope =
            envelope * ((back1 + 2.0f * t * back2) * model->inverse_half_width - model->kappa * poly);

        lanes usual = envelope * (1.0f + t * (model->bend[0] + t * model->bend[1]));
        lanes mu = b->n * (ring_height * ring + envelope * poly);
        lanes expected = larger(s->own * mu + s->borrowed * (b->n * (ring + model->level * usual)),
                                s->floor * b->expected);
        lanes variance = model->gain * expected + b->speckle * (expected * expected) +
                         (b->n * model->read_variance + 1e-30f);
        lanes weight = 1.0f / variance;
        lanes residual = load(data + i * VTR_FIT_LANES) - mu;

        lanes family[FAMILY_N];
        lanes moved = b->n * (slope_height * slope);
        family[FAMILY_MOVE] = moved * (b->radius_px + dr);
        family[FAMILY_RING] = b->n * ring;
        family[FAMILY_G0] = b->n * envelope;
        family[FAMILY_G1] = family[FAMILY_G0] * t;
        family[FAMILY_G2] = family[FAMILY_G1] * t;
        family[FAMILY_SHIFT] = moved + b->n * (s->own * back_slope - borrowed_slope * usual);
        int k = 0;
        for (int f = 0; f < FAMILY_N; f++) {
            lanes weighted = weight * family[f];
            gradient[f] += weighted * residual;
            for (int g = 0; g <= f; g++)
                pair[k++] += weighted * family[g];
        }
        chi2 += weight * residual * residual;
        counts += mu;
    }
    memcpy(sums->pair, pair, sizeof pair);
    memcpy(sums->gradient, gradient, sizeof gradient);
    sums->chi2 = chi2;
    sums->counts = counts;
}

static inline void add_scaled(double *to, lanes value, float factor)
{
    for (int l = 0; l < VTR_FIT_LANES; l++)
        to[l] += (double)(value[l] * factor);
}

/* Parameters of a family with their trigonometric factor within a sector. */
static int family_parameters(int family, const fit_sector *sector, int index[3], float factor[3])
{
    static const int first[] = {FIT_M, FIT_A, FIT_B0, FIT_B1, FIT_B2, FIT_DX};
    if (family == FAMILY_SHIFT) {
        index[0] = FIT_DX;
        index[1] = FIT_DY;
        factor[0] = -sector->cos1;
        factor[1] = -sector->sin1;
        return 2;
    }
    const float trig[3] = {1, sector->cos2, sector->sin2};
    int n = family == FAMILY_G2 ? 1 : 3;
    for (int k = 0; k < n; k++) {
        index[k] = first[family] + k;
        factor[k] = trig[k];
    }
    return n;
}

static void gather_sector(fit_normal *out, const sector_sums *sums, const fit_sector *sector)
{
    int k = 0;
    for (int f = 0; f < FAMILY_N; f++) {
        int fi[3], gi[3];
        float ff[3], gf[3];
        int nf = family_parameters(f, sector, fi, ff);
        for (int a = 0; a < nf; a++)
            add_scaled(out->gradient[fi[a]], sums->gradient[f], ff[a]);
        for (int g = 0; g <= f; g++, k++) {
            int ng = family_parameters(g, sector, gi, gf);
            for (int a = 0; a < nf; a++)
                for (int b = 0; b < ng; b++)
                    if (g != f || b <= a)
                        add_scaled(out->matrix[fit_index(fi[a], gi[b])], sums->pair[k], ff[a] * gf[b]);
        }
    }
    add_scaled(out->chi2, sums->chi2, 1);
    add_scaled(out->counts, sums->counts, 1);
}

void FIT_KERNEL(fit_normal *out, const fit_model *model, const float *data, const float *parameters,
                const fit_weighting *weighting)
{
    memset(out, 0, sizeof *out);
    lane_state state;
    prepare_lanes(&state, parameters, weighting);
    lanes theta[FIT_N];
    for (int k = 0; k < FIT_N; k++)
        theta[k] = load(parameters + k * VTR_FIT_LANES);
    for (size_t j = 0; j < model->n_sectors; j++) {
        const fit_sector *sector = &model->sectors[j];
        const float c = sector->cos2, s = sector->sin2;
        sector_sums sums;
        add_sector(&sums, model, &state, model->bins + j * model->n_radii,
                   data + j * model->n_radii * VTR_FIT_LANES,
                   theta[FIT_A] + theta[FIT_AC] * c + theta[FIT_AS] * s,
                   theta[FIT_B0] + theta[FIT_BC0] * c + theta[FIT_BS0] * s,
                   theta[FIT_B1] + theta[FIT_BC1] * c + theta[FIT_BS1] * s, theta[FIT_B2]);
        gather_sector(out, &sums, sector);
    }
}
