/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A named choice among the factorisations that fit alike, and how far it may be off. */
#include <math.h>
#include <string.h>

#include "unmix/simplex_internal.h"
#include "vitrail/constants.h"

enum { MOST = VTR_UNMIX_COMPONENTS_MAX };

#define MEMBER(name) offsetof(vtr_simplex_params, name)

static const vtr_parameter parameters[] = {
    {"components", NULL, VTR_PARAMETER_SIZE, MEMBER(n_components), .default_value = 2, .minimum = 2,
     .maximum = VTR_UNMIX_COMPONENTS_MAX, .metavar = "K", .help = "number of components"},
    {"principle", NULL, VTR_PARAMETER_CHOICE, MEMBER(principle), .choices = "volume|pure",
     .help = "what chooses among factorisations that fit alike: smallest volume, or nearly pure positions"},
    {"weights-are-variances", NULL, VTR_PARAMETER_BOOL, MEMBER(weights_are_variances),
     .help = "weights are one over the variance itself"},
    {"pure", NULL, VTR_PARAMETER_SIZE, MEMBER(n_pure), .default_value = 20, .minimum = 1, .maximum = 1e6,
     .metavar = "N", .help = "positions averaged for each pure component"},
    {"wide", NULL, VTR_PARAMETER_DOUBLE, MEMBER(wide), .default_value = 0.1, .maximum = 1, .metavar = "RANGE",
     .help = "a fraction's range beyond which the answer is called wide"},
    {"seed", NULL, VTR_PARAMETER_SIZE, MEMBER(seed), .default_value = 1, .metavar = "SEED",
     .help = "of the random numbers"},
};

const vtr_parameter_table vtr_simplex_parameters = {"Choice of the factorisation", parameters,
                                                    sizeof parameters / sizeof *parameters};

vtr_simplex_params vtr_simplex_default_params(void)
{
    vtr_simplex_params params;
    memset(&params, 0, sizeof params);
    vtr_parameters_default(&vtr_simplex_parameters, &params);
    return params;
}

typedef struct simplex_job {
    const vtr_simplex_params *params;
    unmix_matrix a;
    size_t k;
    simplex_cloud cloud;
    double corner[MOST * MOST];
    simplex_edge edges[SIMPLEX_DIRECTIONS]; /* the first two for k = 2 */
    simplex_triangle triangle;
    vtr_simplex_result *result;
} simplex_job;

/* Edges along the line (outwards, then backwards), or around the plane. */
static vtr_status find_edges(simplex_job *job, vtr_error *err)
{
    size_t n = job->k == 2 ? 2 : SIMPLEX_DIRECTIONS;
    vtr_status status = VTR_OK;
#pragma omp parallel for schedule(dynamic) num_threads(job->cloud.threads)
    for (size_t i = 0; i < n; i++) {
        double angle = 2 * VTR_PI * (double)i / (double)n, direction[2] = {cos(angle), sin(angle)};
        vtr_error own;
        if (job->k == 2) direction[0] = i == 0 ? 1 : -1;
        vtr_status here = (job->cloud.guess != NULL ? vtr_simplex_find_tail : vtr_simplex_find_edge)(
            &job->edges[i], &job->cloud, direction, &own);
        if (here == VTR_OK) continue;
#pragma omp critical(vtr_simplex_edge)
        status = vtr_fail(err, here, "%s", own.message);
    }
    return status;
}

static vtr_status choose_corners(simplex_job *job, vtr_error *err)
{
    if (job->params->principle == VTR_SIMPLEX_PURE)
        return vtr_simplex_pure(job->corner, &job->cloud, job->params->n_pure, err);
    vtr_status status = find_edges(job, err);
    if (status != VTR_OK) return status;
    if (job->k == 2) {
        job->corner[0] = job->edges[0].likely;
        job->corner[1] = -job->edges[1].likely;
        return VTR_OK;
    }
    double support[SIMPLEX_DIRECTIONS];
    for (size_t i = 0; i < SIMPLEX_DIRECTIONS; i++)
        support[i] = job->edges[i].likely;
    if (!vtr_simplex_least_triangle(&job->triangle, support) ||
        !vtr_simplex_corners(job->corner, &job->triangle))
        return vtr_fail(err, VTR_ERR_NUMERIC,
                        "no triangle closes around the positions: ask for two components");
    return VTR_OK;
}

static void fractions_of(double *fraction, const double *share, const simplex_cloud *cloud)
{
    size_t d = cloud->d, k = d + 1;
    for (size_t j = 0; j < k; j++) {
        fraction[j] = share[j * k + d];
        for (size_t l = 0; l < d; l++)
            fraction[j] += share[j * k + l] * cloud->mean[l];
    }
}

/* The largest fraction first. For a triangle the sides go along with the corners; an odd permutation would turn them the other
 * way round, so triangles are only rotated. */
static void sort_corners(simplex_job *job, const double *fraction)
{
    size_t k = job->k, d = k - 1, order[MOST];
    double old[MOST * MOST];
    simplex_triangle triangle = job->triangle;
    bool is_rotated = job->params->principle == VTR_SIMPLEX_VOLUME && k == 3;
    for (size_t j = 0; j < k; j++) {
        size_t at = j;
        for (; at > 0 && fraction[order[at - 1]] < fraction[j]; at--)
            order[at] = order[at - 1];
        order[at] = j;
    }
    for (size_t j = 1; j < k && is_rotated; j++)
        order[j] = (order[0] + j) % k;
    memcpy(old, job->corner, sizeof old);
    for (size_t j = 0; j < k; j++) {
        memcpy(job->corner + j * d, old + order[j] * d, d * sizeof *old);
        if (!is_rotated) continue;
        job->triangle.angle[j] = triangle.angle[order[j]];
        job->triangle.offset[j] = triangle.offset[order[j]];
    }
}

static vtr_status allocate(vtr_simplex_result *r, vtr_error *err)
{
    size_t k = r->n_components;
    double **fractions[] = {&r->fractions, &r->fraction_low, &r->fraction_high, &r->allowed_fraction_low,
                            &r->allowed_fraction_high};
    double **spectra[] = {&r->components, &r->component_low, &r->component_high, &r->allowed_component_low,
                          &r->allowed_component_high};
    bool has_memory = true;
    for (size_t i = 0; i < 5; i++) {
        has_memory = (*fractions[i] = vtr_malloc(k, sizeof(double))) != NULL && has_memory;
        has_memory = (*spectra[i] = vtr_malloc(k * r->n_channels, sizeof(double))) != NULL && has_memory;
    }
    r->maps = vtr_malloc(k * r->n_positions, sizeof *r->maps);
    r->map_errors = vtr_malloc(k * r->n_positions, sizeof *r->map_errors);
    if (!has_memory || r->maps == NULL || r->map_errors == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the maps of %zu components", k);
    for (size_t i = 0; i < k * r->n_positions; i++)
        r->maps[i] = r->map_errors[i] = NAN;
    return VTR_OK;
}

static void fill_maps(simplex_job *job, const double *share)
{
    vtr_simplex_result *r = job->result;
    size_t k = job->k, d = k - 1;
    double noise2 = 0;
    for (size_t j = 0; j < k; j++) {
        double error2 = 0;
        for (size_t l = 0; l < d; l++)
            error2 += share[j * k + l] * share[j * k + l];
        noise2 += error2 / (double)k;
        for (size_t i = 0; i < job->a.n; i++) {
            size_t at = j * r->n_positions + job->a.position[i];
            double x = share[j * k + d];
            for (size_t l = 0; l < d; l++)
                x += share[j * k + l] * job->cloud.y[i * d + l];
            r->maps[at] = (float)x;
            r->map_errors[at] = (float)sqrt(error2);
        }
    }
    r->noise = sqrt(noise2);
}

/* A range [k][m] in the units of the matrix onto [k][n_channels] in those of the data. */
static void spread_spectra(double *to, const simplex_job *job, const double *from)
{
    const unmix_matrix *a = &job->a;
    size_t n_channels = job->result->n_channels;
    for (size_t j = 0; j < job->k; j++) {
        for (size_t c = 0; c < n_channels; c++)
            to[j * n_channels + c] = NAN;
        for (size_t c = 0; c < a->m; c++)
            to[j * n_channels + a->channel[c]] = from[j * a->m + c] / a->channel_scale[c];
    }
}

static void start_range(simplex_range *range, simplex_job *job, double *low, double *high,
                        double *fraction_low, double *fraction_high)
{
    *range = (simplex_range){job->k, job->a.m, fraction_low, fraction_high, low, high};
    for (size_t i = 0; i < job->k * job->a.m; i++) {
        low[i] = INFINITY;
        high[i] = -INFINITY;
    }
    for (size_t j = 0; j < job->k; j++) {
        fraction_low[j] = INFINITY;
        fraction_high[j] = -INFINITY;
    }
}

/* Corners out and in by the noise of a mean of n_pure positions. */
static void range_of_pure(simplex_range *range, const simplex_job *job)
{
    size_t k = job->k, d = k - 1;
    vtr_simplex_widen(range, &job->cloud, job->corner);
    for (size_t j = 0; j < k; j++)
        for (int sign = -1; sign <= 1; sign += 2) {
            double moved[MOST * MOST], length2 = 0;
            memcpy(moved, job->corner, k * d * sizeof *moved);
            for (size_t l = 0; l < d; l++)
                length2 += pow(job->corner[j * d + l] - job->cloud.mean[l], 2);
            double by = sign / sqrt((double)job->params->n_pure * length2);
            for (size_t l = 0; l < d; l++)
                moved[j * d + l] += by * (job->corner[j * d + l] - job->cloud.mean[l]);
            vtr_simplex_widen(range, &job->cloud, moved);
        }
}

static void mark_open(vtr_simplex_result *r, size_t k)
{
    r->is_bounded = false;
    for (size_t j = 0; j < k; j++) {
        r->allowed_fraction_low[j] = 0;
        r->allowed_fraction_high[j] = 1;
    }
    for (size_t i = 0; i < k * r->n_channels; i++) {
        r->allowed_component_low[i] = -INFINITY;
        r->allowed_component_high[i] = INFINITY;
    }
}

static vtr_status fill_ranges(simplex_job *job, vtr_error *err)
{
    vtr_simplex_result *r = job->result;
    size_t k = job->k, m = job->a.m;
    bool is_volume = job->params->principle == VTR_SIMPLEX_VOLUME;
    const simplex_triangle *triangle = k == 3 ? &job->triangle : NULL;
    simplex_range range;
    double *low = vtr_malloc(k * m, sizeof *low), *high = vtr_malloc(k * m, sizeof *high);
    double *lower = vtr_malloc(m, sizeof *lower);
    vtr_status status = VTR_OK;
    if (low == NULL || high == NULL || lower == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the ranges of %zu components", k);
    if (status == VTR_OK) {
        start_range(&range, job, low, high, r->fraction_low, r->fraction_high);
        if (is_volume)
            vtr_simplex_statistical(&range, &job->cloud, job->corner, job->edges, triangle);
        else
            range_of_pure(&range, job);
        spread_spectra(r->component_low, job, low);
        spread_spectra(r->component_high, job, high);
        mark_open(r, k);
    }
    if (status == VTR_OK && job->params->lower != NULL && is_volume) {
        for (size_t c = 0; c < m; c++)
            lower[c] = job->params->lower[job->a.channel[c]] * job->a.channel_scale[c];
        start_range(&range, job, low, high, r->allowed_fraction_low, r->allowed_fraction_high);
        vtr_simplex_widen(&range, &job->cloud, job->corner);
        vtr_simplex_allowed(&range, &r->is_bounded, &job->cloud, job->corner, job->edges, triangle, lower);
        spread_spectra(r->allowed_component_low, job, low);
        spread_spectra(r->allowed_component_high, job, high);
        if (!r->is_bounded) mark_open(r, k);
    }
    vtr_free(low);
    vtr_free(high);
    vtr_free(lower);
    return status;
}

static void judge(simplex_job *job)
{
    vtr_simplex_result *r = job->result;
    for (size_t j = 0; j < job->k; j++) {
        double low =
            r->is_bounded ? fmin(r->allowed_fraction_low[j], r->fraction_low[j]) : r->fraction_low[j];
        double high =
            r->is_bounded ? fmax(r->allowed_fraction_high[j], r->fraction_high[j]) : r->fraction_high[j];
        if (!(high - low <= job->params->wide)) r->is_wide = true;
    }
}

static vtr_status solve(simplex_job *job, vtr_error *err)
{
    vtr_simplex_result *r = job->result;
    double share[MOST * MOST], fraction[MOST];
    size_t k = job->k, m = job->a.m;
    vtr_status status =
        vtr_simplex_open_cloud(&job->cloud, &r->noise_source, &r->extent, &job->a, job->params, err);
    if (status == VTR_OK) status = choose_corners(job, err);
    if (status != VTR_OK) return status;
    r->n_found = job->cloud.n_smooth + 1;
    if (!vtr_simplex_shares(share, k - 1, job->corner))
        return vtr_fail(err, VTR_ERR_NUMERIC, "the corners coincide: there are fewer than %zu components", k);
    fractions_of(fraction, share, &job->cloud);
    sort_corners(job, fraction);
    vtr_simplex_shares(share, k - 1, job->corner);
    status = allocate(r, err);
    if (status != VTR_OK) return status;
    fractions_of(r->fractions, share, &job->cloud);
    fill_maps(job, share);
    double *spectra = vtr_malloc(k * m, sizeof *spectra);
    if (spectra == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu components", k);
    for (size_t j = 0; j < k; j++)
        for (size_t c = 0; c < m; c++) {
            spectra[j * m + c] = job->cloud.centre[c];
            for (size_t l = 0; l < k - 1; l++)
                spectra[j * m + c] += job->corner[j * (k - 1) + l] * job->cloud.axis[l * m + c];
        }
    spread_spectra(r->components, job, spectra);
    vtr_free(spectra);
    status = fill_ranges(job, err);
    if (status == VTR_OK) judge(job);
    return status;
}

static vtr_status check_params(const vtr_simplex_params *p, const unmix_matrix *a, vtr_error *err)
{
    size_t k = p->n_components;
    if (p->n_y * p->n_x != 0 && p->n_y * p->n_x != a->data->n_positions)
        return vtr_fail(err, VTR_ERR_SHAPE, "a map of %zu x %zu is not one of %zu positions", p->n_y, p->n_x,
                        a->data->n_positions);
    if (k < 2 || k > VTR_UNMIX_COMPONENTS_MAX || k - 1 > a->m || k > a->n)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "%zu components from %zu positions with %zu channels: ask for 2 to %zu", k, a->n,
                        a->m, a->m < a->n ? a->m : a->n);
    if (p->principle == VTR_SIMPLEX_VOLUME && k > 3)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "the smallest volume is found for 2 or 3 components, not %zu: take pure, or a "
                        "factorisation with a "
                        "volume",
                        k);
    return VTR_OK;
}

vtr_status vtr_simplex(vtr_simplex_result *out, const vtr_unmix_data *data, const vtr_simplex_params *given,
                       int threads, vtr_error *err)
{
    vtr_simplex_params params = given != NULL ? *given : vtr_simplex_default_params();
    vtr_simplex_result result = {0};
    simplex_job job = {.params = &params, .k = params.n_components, .result = &result};
    vtr_status status = vtr_unmix_open(&job.a, data, false, threads, err);
    if (status == VTR_OK) status = check_params(&params, &job.a, err);
    if (status == VTR_OK) status = vtr_unmix_shift(&job.a, 0, err);
    result = (vtr_simplex_result){.n_components = job.k,
                                  .n_positions = data->n_positions,
                                  .n_channels = data->n_channels,
                                  .n_used_positions = job.a.n,
                                  .n_used_channels = job.a.m,
                                  .n_invalid = job.a.n_invalid,
                                  .principle = params.principle};
    if (status == VTR_OK) status = solve(&job, err);
    vtr_simplex_close_cloud(&job.cloud);
    vtr_unmix_close(&job.a);
    if (status == VTR_OK)
        *out = result;
    else
        vtr_simplex_result_release(&result);
    return status;
}

void vtr_simplex_result_release(vtr_simplex_result *r)
{
    vtr_free(r->components);
    vtr_free(r->maps);
    vtr_free(r->map_errors);
    vtr_free(r->fractions);
    vtr_free(r->fraction_low);
    vtr_free(r->fraction_high);
    vtr_free(r->component_low);
    vtr_free(r->component_high);
    vtr_free(r->allowed_fraction_low);
    vtr_free(r->allowed_fraction_high);
    vtr_free(r->allowed_component_low);
    vtr_free(r->allowed_component_high);
    *r = (vtr_simplex_result){0};
}
