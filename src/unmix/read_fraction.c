/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Means of maps over a region, with what is not known about them. */
#include <math.h>
#include <string.h>

#include "unmix/read_internal.h"

static const double errors_more = 2; /* added to both ends of a range */

static void keep_range(double range[2], double low, double high, double error)
{
    double more = isfinite(error) ? errors_more * error : 0;
    range[0] = low - more;
    range[1] = high + more;
}

/* Mean over all pairs of positions of R, by the fitted ellipse: the variance of their mean. */
static double mean_variance(const read_grid *grid, const double *step_nm, const vtr_correlation *c)
{
    double sum = 0, n = (double)grid->n_used;
    for (size_t y = 0; y < grid->p_y; y++)
        for (size_t x = 0; x < grid->p_x; x++) {
            double pairs = grid->pairs[y * grid->p_x + x];
            double dy = step_nm[0] * (2 * y <= grid->p_y ? (double)y : (double)y - (double)grid->p_y);
            double dx = step_nm[1] * (2 * x <= grid->p_x ? (double)x : (double)x - (double)grid->p_x);
            double square = c->ellipse[0] * dx * dx + c->ellipse[1] * dy * dy + 2 * c->ellipse[2] * dx * dy;
            if (pairs > 0) sum += pairs * exp(-pow(square, c->exponent / 2));
        }
    return c->signal * sum / (n * n);
}

/* How far a region's mean follows that of the specimen, beside its `error`. */
static vtr_status find_sample_error(double *out, const vtr_unmix_map *map, const uint8_t *region,
                                    const vtr_correlation *c, double error, vtr_error *err)
{
    vtr_unmix_map part = *map;
    read_grid grid;
    uint8_t *used = vtr_malloc(map->n_y * map->n_x, 1);
    if (used == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a region of a map");
    for (size_t p = 0; p < map->n_y * map->n_x; p++)
        used[p] = vtr_read_is_used(map, p) && (region == NULL || region[p]);
    part.used = used;
    vtr_status status = vtr_read_grid_open(&grid, &part, err);
    if (status == VTR_OK) {
        double noise = isfinite(error) ? error : sqrt(c->noise / (double)grid.n_used);
        *out = hypot(sqrt(mean_variance(&grid, map->step_nm, c)), noise);
        vtr_read_grid_close(&grid);
    }
    vtr_free(used);
    return status;
}

vtr_status vtr_unmix_map_mean(vtr_unmix_fraction *out, const vtr_unmix_map *map, const uint8_t *region,
                              const vtr_correlation *correlation, vtr_error *err)
{
    size_t n = 0;
    double sum = 0, variance = 0;
    for (size_t p = 0; p < map->n_y * map->n_x; p++) {
        if (!vtr_read_is_used(map, p) || (region != NULL && !region[p])) continue;
        n++;
        sum += (double)map->values[p];
        variance += map->errors != NULL ? (double)map->errors[p] * (double)map->errors[p] : NAN;
    }
    if (n == 0) return vtr_fail(err, VTR_ERR_NO_DATA, "no position of the map lies in the region");
    vtr_unmix_fraction found = {.n = n, .value = sum / (double)n, .error = sqrt(variance) / (double)n};
    found.sample_error = NAN;
    if (correlation != NULL && isfinite(correlation->long_nm)) {
        vtr_status status =
            find_sample_error(&found.sample_error, map, region, correlation, found.error, err);
        if (status != VTR_OK) return status;
    }
    keep_range(found.range, found.value, found.value, found.error);
    memcpy(found.allowed, found.range, sizeof found.allowed);
    *out = found;
    return VTR_OK;
}

enum { K_MAX = 3 };

/* Shares of a mean position once the corners have moved: c'_i = c_i + s_i (c_i - c_j(i)), as B c, and w' = w B^-1. */
static bool move_shares(size_t k, const double *move, const size_t *other, const double *share, double *moved)
{
    double b[K_MAX * (K_MAX + 1)];
    for (size_t i = 0; i < k; i++) {
        for (size_t j = 0; j < k; j++)
            b[j * (k + 1) + i] = (i == j ? 1 + move[i] : 0) - (j == other[i] && j != i ? move[i] : 0);
        b[i * (k + 1) + k] = share[i];
    }
    for (size_t c = 0; c < k; c++) {
        size_t pivot = c;
        for (size_t r = c + 1; r < k; r++)
            if (fabs(b[r * (k + 1) + c]) > fabs(b[pivot * (k + 1) + c])) pivot = r;
        if (!(fabs(b[pivot * (k + 1) + c]) > 1e-9)) return false;
        for (size_t l = 0; l <= k; l++) {
            double x = b[c * (k + 1) + l];
            b[c * (k + 1) + l] = b[pivot * (k + 1) + l];
            b[pivot * (k + 1) + l] = x;
        }
        for (size_t r = 0; r < k; r++)
            for (size_t l = k + 1; l-- > c && r != c;)
                b[r * (k + 1) + l] -= b[r * (k + 1) + c] / b[c * (k + 1) + c] * b[c * (k + 1) + l];
    }
    for (size_t i = 0; i < k; i++)
        moved[i] = b[i * (k + 1) + k] / b[i * (k + 1) + i];
    return true;
}

/* A corner's move number `choice` of 2 (k - 1) and none. */
static double choose_move(const vtr_simplex_result *s, size_t i, size_t choice, bool allowed, size_t *other)
{
    *other = i;
    if (choice == 0) return 0;
    size_t j = (choice - 1) / 2;
    int side = (choice - 1) % 2 == 0 ? 1 : -1;
    *other = j < i ? j : j + 1;
    double far = vtr_read_move(s, i, *other, side, allowed);
    return isfinite(far) ? side * far : 0;
}

/* Ranges [k][2] of the region's fractions over moves that keep the whole map's in theirs. */
static void find_ranges(const vtr_simplex_result *s, bool allowed, const double *region, double (*range)[2])
{
    size_t k = s->n_components, choices = 1 + 2 * (k - 1), all = 1;
    const double *low = allowed ? s->allowed_fraction_low : s->fraction_low;
    const double *high = allowed ? s->allowed_fraction_high : s->fraction_high;
    for (size_t i = 0; i < k; i++) {
        range[i][0] = range[i][1] = region[i];
        all *= choices;
    }
    for (size_t code = 0; code < all; code++) {
        double move[K_MAX], whole[K_MAX], part[K_MAX];
        size_t other[K_MAX], rest = code;
        bool is_inside = true;
        for (size_t i = 0; i < k; i++, rest /= choices)
            move[i] = choose_move(s, i, rest % choices, allowed, &other[i]);
        if (!move_shares(k, move, other, s->fractions, whole) || !move_shares(k, move, other, region, part))
            continue;
        for (size_t i = 0; i < k; i++)
            is_inside = is_inside && whole[i] > low[i] - 1e-3 && whole[i] < high[i] + 1e-3;
        for (size_t i = 0; i < k && is_inside; i++) {
            range[i][0] = fmin(range[i][0], part[i]);
            range[i][1] = fmax(range[i][1], part[i]);
        }
    }
}

vtr_status vtr_unmix_fractions(vtr_unmix_fraction *out, const vtr_simplex_result *simplex,
                               const uint8_t *region, const vtr_correlation *correlations, vtr_error *err)
{
    size_t k = simplex->n_components, n = simplex->n_positions;
    vtr_unmix_fraction found[VTR_UNMIX_COMPONENTS_MAX];
    double value[VTR_UNMIX_COMPONENTS_MAX], range[K_MAX][2], allowed[K_MAX][2];
    for (size_t i = 0; i < k; i++) {
        const vtr_unmix_map map = {
            .n_y = 1, .n_x = n, .values = simplex->maps + i * n, .errors = simplex->map_errors + i * n};
        vtr_status status = vtr_unmix_map_mean(&found[i], &map, region, NULL, err);
        if (status != VTR_OK) return status;
        value[i] = found[i].value;
        if (region == NULL && correlations != NULL) found[i].sample_error = correlations[i].mean_error;
    }
    for (size_t i = 0; i < k && k > K_MAX; i++) {
        keep_range(found[i].range, simplex->fraction_low[i], simplex->fraction_high[i], found[i].error);
        found[i].allowed[0] = 0;
        found[i].allowed[1] = 1;
    }
    if (k <= K_MAX) {
        find_ranges(simplex, false, value, range);
        if (simplex->is_bounded) find_ranges(simplex, true, value, allowed);
        for (size_t i = 0; i < k; i++) {
            found[i].is_bounded = simplex->is_bounded;
            keep_range(found[i].range, range[i][0], range[i][1], found[i].error);
            found[i].allowed[0] = 0;
            found[i].allowed[1] = 1;
            if (simplex->is_bounded)
                keep_range(found[i].allowed, allowed[i][0], allowed[i][1], found[i].error);
        }
    }
    memcpy(out, found, k * sizeof *found);
    return VTR_OK;
}
