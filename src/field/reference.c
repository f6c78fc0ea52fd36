/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "field/field_internal.h"
#include "vitrail/ring.h"

bool vtr_field_is_valid(const vtr_ring_map *map, size_t position)
{
    if (map->flags[position] & VTR_FLAGS_NO_RING_DATA) return false;
    const double *e = map->ellipse + position * VTR_RING_MAP_ELLIPSE_N;
    for (int i = 0; i < VTR_RING_MAP_ELLIPSE_N; i++)
        if (!isfinite(e[i])) return false;
    double xx = e[VTR_ELLIPSE_WXX], yy = e[VTR_ELLIPSE_WYY], xy = e[VTR_ELLIPSE_WXY];
    return xx > 0 && yy > 0 && xx * yy > xy * xy;
}

bool vtr_field_w(double w[3], double covariance[3][3], const vtr_ring_map *map, size_t position)
{
    const double *all = map->covariance + position * VTR_RING_MAP_COVARIANCE_N;
    bool is_known = true;
    memcpy(w, map->ellipse + position * VTR_RING_MAP_ELLIPSE_N + VTR_ELLIPSE_WXX, 3 * sizeof *w);
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 3; j++) {
            covariance[i][j] = all[vtr_ring_map_covariance_index(VTR_ELLIPSE_WXX + i, VTR_ELLIPSE_WXX + j)];
            is_known = is_known && isfinite(covariance[i][j]) && (i != j || covariance[i][j] >= 0);
        }
    if (!is_known) memset(covariance, 0, 9 * sizeof(double));
    return is_known;
}

/* The expected square of the Frobenius norm of W's error, which no rotation changes; 0 when not known. */
static double error_squared(const vtr_ring_map *map, size_t position)
{
    double w[3], c[3][3];
    vtr_field_w(w, c, map, position);
    return c[0][0] + c[1][1] + 2 * c[2][2];
}

/* A weighted mean of W, with the scatter of W about it that the errors do not explain. */
typedef struct mean_w {
    size_t n;
    double w[3], intrinsic;
} mean_w;

static mean_w plain_mean(const vtr_ring_map *map, const vtr_box *box)
{
    mean_w m = {0};
    double error = 0, scatter = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t y = box->y0; y < box->y1; y++)
            for (size_t x = box->x0; x < box->x1; x++) {
                size_t i = y * map->n_x + x;
                if (!vtr_field_is_valid(map, i)) continue;
                const double *w = map->ellipse + i * VTR_RING_MAP_ELLIPSE_N + VTR_ELLIPSE_WXX;
                if (pass == 0) {
                    m.n++;
                    error += error_squared(map, i);
                    for (int k = 0; k < 3; k++)
                        m.w[k] += (w[k] - m.w[k]) / (double)m.n;
                } else {
                    double dx = w[0] - m.w[0], dy = w[1] - m.w[1], dxy = w[2] - m.w[2];
                    scatter += dx * dx + dy * dy + 2 * dxy * dxy;
                }
            }
    if (m.n > 0) m.intrinsic = fmax(scatter - error, 0) / (double)m.n;
    return m;
}

/* Inverse variance, the region's own scatter included, so that a few positions with small errors do not stand for
 * the whole region. The floor keeps exact data finite. */
static double weight_of(const vtr_ring_map *map, size_t i, double intrinsic)
{
    return 1 / (intrinsic + error_squared(map, i) + 1e-24);
}

/* Mean of sqrtm(D W^2 D) over the region with weights; the rms of its deviation from I; the covariance of W's mean. */
static vtr_sym2 mean_stretch(double *spread, double covariance[3][3], const vtr_ring_map *map,
                             const vtr_box *box, vtr_sym2 d, double intrinsic)
{
    double sum = 0, squares = 0, w[3], c[3][3], w_ref_covariance[3][3] = {{0}};
    vtr_sym2 mean = {0};
    for (size_t y = box->y0; y < box->y1; y++)
        for (size_t x = box->x0; x < box->x1; x++) {
            size_t i = y * map->n_x + x;
            if (!vtr_field_is_valid(map, i)) continue;
            double weight = weight_of(map, i, intrinsic);
            vtr_field_w(w, c, map, i);
            vtr_sym2 s = vtr_sym2_root(vtr_sym2_sandwich(d, vtr_sym2_square((vtr_sym2){w[0], w[1], w[2]})));
            s.xx -= 1;
            s.yy -= 1;
            sum += weight;
            mean.xx += weight * s.xx;
            mean.yy += weight * s.yy;
            mean.xy += weight * s.xy;
            squares += weight * (s.xx * s.xx + s.yy * s.yy + 2 * s.xy * s.xy);
            for (int k = 0; k < 9; k++)
                (&w_ref_covariance[0][0])[k] += weight * weight * (&c[0][0])[k];
        }
    *spread = sqrt(squares / sum);
    for (int k = 0; k < 9; k++)
        (&covariance[0][0])[k] = (&w_ref_covariance[0][0])[k] / (sum * sum);
    return (vtr_sym2){1 + mean.xx / sum, 1 + mean.yy / sum, mean.xy / sum};
}

/* From the mean of W, W_ref^2 <- W_ref M^2 W_ref until the mean stretch M is I: then the mean strain is zero. Each
 * step squares the error; from the mean of W it starts at the square of the scatter. */
static void solve(vtr_field_reference *reference, const vtr_ring_map *map, const mean_w *start)
{
    vtr_sym2 w = {start->w[0], start->w[1], start->w[2]};
    for (int iteration = 0; iteration < 20; iteration++) {
        vtr_sym2 m = mean_stretch(&reference->spread, reference->covariance, map, &reference->box,
                                  vtr_sym2_inverse(w), start->intrinsic);
        if (fabs(m.xx - 1) + fabs(m.yy - 1) + fabs(m.xy) < 1e-15) break;
        w = vtr_sym2_root(vtr_sym2_sandwich(w, vtr_sym2_square(m)));
    }
    double root = sqrt(vtr_sym2_determinant(w));
    const double w_ref[3] = {w.xx, w.yy, w.xy}, distortion[3] = {w.xx / root, w.yy / root, w.xy / root};
    memcpy(reference->w, w_ref, sizeof w_ref);
    memcpy(reference->distortion, distortion, sizeof distortion);
    reference->radius_px = map->radius_px / root;
    reference->k0_inv_angstrom = map->k0_inv_angstrom / root;
}

/* --- finding the most homogeneous region ---------------------------------------------------------------------- */

/* Sums over [0, y) x [0, x) of: number, weight, weight * (exx, eyy, exy), weight * |e|^2. */
enum { SUM_N, SUM_WEIGHT, SUM_XX, SUM_YY, SUM_XY, SUM_SQUARE, N_SUMS };
typedef double sums[N_SUMS];

static void fill_sums(sums *table, const vtr_ring_map *map, const mean_w *mean)
{
    vtr_sym2 d = vtr_sym2_inverse((vtr_sym2){mean->w[0], mean->w[1], mean->w[2]});
    size_t row = map->n_x + 1;
    for (size_t y = 0; y < map->n_y; y++) {
        sums line = {0};
        for (size_t x = 0; x < map->n_x; x++) {
            size_t i = y * map->n_x + x;
            if (vtr_field_is_valid(map, i)) {
                const double *w = map->ellipse + i * VTR_RING_MAP_ELLIPSE_N + VTR_ELLIPSE_WXX;
                vtr_sym2 s =
                    vtr_sym2_root(vtr_sym2_sandwich(d, vtr_sym2_square((vtr_sym2){w[0], w[1], w[2]})));
                double weight = weight_of(map, i, mean->intrinsic), exx = s.xx - 1, eyy = s.yy - 1,
                       exy = s.xy;
                line[SUM_N] += 1;
                line[SUM_WEIGHT] += weight;
                line[SUM_XX] += weight * exx;
                line[SUM_YY] += weight * eyy;
                line[SUM_XY] += weight * exy;
                line[SUM_SQUARE] += weight * (exx * exx + eyy * eyy + 2 * exy * exy);
            }
            for (int k = 0; k < N_SUMS; k++)
                table[(y + 1) * row + x + 1][k] = table[y * row + x + 1][k] + line[k];
        }
    }
}

/* Weighted variance of e about its mean in the window, times its area over the number of valid positions. */
static double score_of(double *n, const sums *table, size_t row, const vtr_box *b)
{
    sums s;
    for (int k = 0; k < N_SUMS; k++)
        s[k] = table[b->y1 * row + b->x1][k] - table[b->y0 * row + b->x1][k] - table[b->y1 * row + b->x0][k] +
               table[b->y0 * row + b->x0][k];
    *n = s[SUM_N];
    if (!(s[SUM_N] >= 1)) return INFINITY;
    double xx = s[SUM_XX] / s[SUM_WEIGHT], yy = s[SUM_YY] / s[SUM_WEIGHT], xy = s[SUM_XY] / s[SUM_WEIGHT];
    double variance = s[SUM_SQUARE] / s[SUM_WEIGHT] - xx * xx - yy * yy - 2 * xy * xy;
    return fmax(variance, 0) * (double)((b->y1 - b->y0) * (b->x1 - b->x0)) / s[SUM_N];
}

/* A sixth of the map each way, at least 3 positions where the map has them. */
static size_t window_length(size_t n)
{
    size_t length = (n + 3) / 6;
    return length >= 3 ? length : n < 3 ? n : 3;
}

/* Among the windows with at least nine tenths of the most valid positions that any has, the one of least score. */
static vtr_box best_window(const sums *table, size_t n_y, size_t n_x)
{
    size_t height = window_length(n_y), width = window_length(n_x), row = n_x + 1;
    vtr_box best = {0};
    double most = 0, least = INFINITY;
    for (int pass = 0; pass < 2; pass++)
        for (size_t y = 0; y + height <= n_y; y++)
            for (size_t x = 0; x + width <= n_x; x++) {
                const vtr_box box = {y, y + height, x, x + width};
                double n, score = score_of(&n, table, row, &box);
                if (pass == 0) {
                    most = fmax(most, n);
                } else if (n >= 0.9 * most && score < least) {
                    least = score;
                    best = box;
                }
            }
    return best;
}

static vtr_status find_box(vtr_box *box, const vtr_ring_map *map, vtr_error *err)
{
    const vtr_box all = {0, map->n_y, 0, map->n_x};
    mean_w mean = plain_mean(map, &all);
    if (mean.n == 0)
        return vtr_fail(err, VTR_ERR_NO_DATA,
                        "no position of the map has a ring; nothing to take strain from");
    sums *table = vtr_calloc((map->n_y + 1) * (map->n_x + 1), sizeof *table);
    if (table == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for finding the reference region");
    fill_sums(table, map, &mean);
    *box = best_window((const sums *)table, map->n_y, map->n_x);
    vtr_free(table);
    return VTR_OK;
}

static bool is_given(const vtr_box *box)
{
    return box->y1 != 0 || box->x1 != 0;
}

vtr_status vtr_field_reference_set(vtr_field_reference *out, const vtr_ring_map *map,
                                   const vtr_field_params *params, vtr_error *err)
{
    vtr_field_reference reference = {.box = params->reference, .is_found = !is_given(&params->reference)};
    const vtr_box *box = &reference.box;
    if (reference.is_found) {
        vtr_status status = find_box(&reference.box, map, err);
        if (status != VTR_OK) return status;
    } else if (box->y0 >= box->y1 || box->x0 >= box->x1 || box->y1 > map->n_y || box->x1 > map->n_x) {
        return vtr_fail(err, VTR_ERR_RANGE,
                        "reference region %zu:%zu,%zu:%zu is not inside the map of %zu x %zu", box->y0,
                        box->y1, box->x0, box->x1, map->n_y, map->n_x);
    }
    mean_w mean = plain_mean(map, box);
    if (mean.n == 0)
        return vtr_fail(err, VTR_ERR_NO_DATA,
                        "no position of the reference region %zu:%zu,%zu:%zu has a ring; choose another one",
                        box->y0, box->y1, box->x0, box->x1);
    reference.n_valid = mean.n;
    solve(&reference, map, &mean);
    *out = reference;
    return VTR_OK;
}
