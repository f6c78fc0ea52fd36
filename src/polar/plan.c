/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/polar.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_internal.h"
#include "polar/polar_internal.h"
#include "vitrail/constants.h"

static const uint32_t NO_CELL = UINT32_MAX;

/* What the steps of making a plan share; everything here is freed at the end of vtr_polar_plan_create. */
typedef struct plan_maker {
    const vtr_polar_geometry *geometry;
    size_t n_pixels, n_bins;
    uint32_t *bin;      /* [n_pixels]; NO_CELL: not used. Later: the cell */
    uint16_t *interval; /* [n_pixels]: number of annulus edges at or below the pixel's radius */
    double edges[2 * VTR_POLAR_MAX_ANNULI];
    size_t n_edges;
    uint16_t *bin_interval[2]; /* [n_bins + 1]: lowest and highest interval */
    size_t *first_count;       /* [n_bins + 2]: of the (bin, interval) pairs */
    uint32_t *count;           /* pixels of each pair; later taken ones */
    uint32_t *pair_cell;       /* first cell of each pair */
} plan_maker;

vtr_polar_geometry vtr_polar_default_geometry(size_t det_y, size_t det_x)
{
    size_t shorter = det_y < det_x ? det_y : det_x;
    return (vtr_polar_geometry){
        .det_y = det_y,
        .det_x = det_x,
        .centre_x_px = 0.5 * ((double)det_x - 1),
        .centre_y_px = 0.5 * ((double)det_y - 1),
        .wxx = 1,
        .wyy = 1,
        .n_sectors = 32,
        .n_r = shorter / 2 > 0 ? shorter / 2 : 1,
        .r_step_px = 1,
    };
}

static vtr_status check_geometry(const vtr_polar_geometry *g, vtr_error *err)
{
    if (g->det_y == 0 || g->det_x == 0 || g->det_y > 65535 || g->det_x > 65535)
        return vtr_fail(err, VTR_ERR_SHAPE, "polar bins need frames of 1 to 65535 px a side, not %zu x %zu",
                        g->det_y, g->det_x);
    if (!isfinite(g->centre_x_px) || !isfinite(g->centre_y_px))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "the centre of the polar bins is not a number");
    if (!(g->wxx > 0 && g->wyy > 0 && g->wxx * g->wyy > g->wxy * g->wxy) || !isfinite(g->wxx) ||
        !isfinite(g->wyy))
        return vtr_fail(
            err, VTR_ERR_ARGUMENT,
            "the distortion of the polar bins (%g %g %g) is not a positive matrix: check the ellipse", g->wxx,
            g->wyy, g->wxy);
    if (g->n_sectors < 1 || g->n_sectors > 4096 || g->n_r < 1 || g->n_r > 65536)
        return vtr_fail(err, VTR_ERR_RANGE, "polar bins: %zu rings (1 to 65536) of %zu sectors (1 to 4096)",
                        g->n_r, g->n_sectors);
    if (!(g->r_step_px > 0) || !isfinite(g->r_step_px))
        return vtr_fail(err, VTR_ERR_RANGE, "polar bins: the radial step is %g px and must be positive",
                        g->r_step_px);
    if (g->n_annuli > VTR_POLAR_MAX_ANNULI)
        return vtr_fail(err, VTR_ERR_RANGE, "%zu annuli asked for, at most %d are possible", g->n_annuli,
                        VTR_POLAR_MAX_ANNULI);
    for (size_t i = 0; i < g->n_annuli; i++)
        if (!(g->annuli_px[i][0] < g->annuli_px[i][1]))
            return vtr_fail(err, VTR_ERR_RANGE, "annulus %zu: from %g to %g px is empty", i,
                            g->annuli_px[i][0], g->annuli_px[i][1]);
    return VTR_OK;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void collect_edges(plan_maker *m)
{
    const vtr_polar_geometry *g = m->geometry;
    for (size_t i = 0; i < g->n_annuli; i++) {
        m->edges[2 * i] = g->annuli_px[i][0];
        m->edges[2 * i + 1] = g->annuli_px[i][1];
    }
    qsort(m->edges, 2 * g->n_annuli, sizeof *m->edges, compare_doubles);
    for (size_t i = 0; i < 2 * g->n_annuli; i++)
        if (m->n_edges == 0 || m->edges[i] > m->edges[m->n_edges - 1]) m->edges[m->n_edges++] = m->edges[i];
}

/* Number of edges <= radius. */
static size_t interval_of(const plan_maker *m, double radius)
{
    size_t low = 0, high = m->n_edges;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (m->edges[middle] <= radius)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Means over the pixels of each bin; the arrays hold sums until finish_statistics. */
typedef struct bin_statistics {
    double *n, *radius, *angle, *variance, *cos1, *sin1, *cos2, *sin2;
} bin_statistics;

static void place_pixel(plan_maker *m, const bin_statistics *s, size_t x, size_t y)
{
    const vtr_polar_geometry *g = m->geometry;
    double px = (double)x - g->centre_x_px, py = (double)y - g->centre_y_px;
    double ux = g->wxx * px + g->wxy * py, uy = g->wxy * px + g->wyy * py;
    double radius = sqrt(ux * ux + uy * uy), angle = atan2(uy, ux);
    if (angle < 0) angle += 2 * VTR_PI;
    double width = 2 * VTR_PI / (double)g->n_sectors;
    size_t sector = (size_t)(angle / width + 0.5) % g->n_sectors;
    double ring = floor(radius / g->r_step_px);
    size_t bin = ring < (double)g->n_r ? (size_t)ring * g->n_sectors + sector : m->n_bins;
    double turn = bin < m->n_bins ? remainder(angle - (double)sector * width, 2 * VTR_PI) : angle - VTR_PI;
    size_t i = y * g->det_x + x, interval = interval_of(m, radius);
    m->bin[i] = (uint32_t)bin;
    m->interval[i] = (uint16_t)interval;
    if (s->n[bin] == 0) m->bin_interval[0][bin] = m->bin_interval[1][bin] = (uint16_t)interval;
    if (interval < m->bin_interval[0][bin]) m->bin_interval[0][bin] = (uint16_t)interval;
    if (interval > m->bin_interval[1][bin]) m->bin_interval[1][bin] = (uint16_t)interval;
    s->n[bin] += 1;
    s->radius[bin] += radius;
    s->angle[bin] += turn;
    s->variance[bin] += turn * turn;
    s->cos1[bin] += cos(angle);
    s->sin1[bin] += sin(angle);
    s->cos2[bin] += cos(2 * angle);
    s->sin2[bin] += sin(2 * angle);
}

static void finish_statistics(const plan_maker *m, const bin_statistics *s)
{
    double width = 2 * VTR_PI / (double)m->geometry->n_sectors;
    for (size_t b = 0; b <= m->n_bins; b++) {
        double n = s->n[b] > 0 ? s->n[b] : NAN;
        double middle = b < m->n_bins ? (double)(b % m->geometry->n_sectors) * width : VTR_PI;
        double turn = s->angle[b] / n;
        s->variance[b] = s->variance[b] / n - turn * turn;
        if (s->variance[b] < 0) s->variance[b] = 0;
        s->angle[b] = middle + turn;
        s->radius[b] /= n;
        s->cos1[b] /= n;
        s->sin1[b] /= n;
        s->cos2[b] /= n;
        s->sin2[b] /= n;
    }
}

/* A bin's pixels as a point at their mean radius, in the direction of their mean: the mean of the positions
 * itself would lie too far in, by the sagitta of the sector's arc. */
static void fill_points(const vtr_profile_points *points, const vtr_polar_plan *plan)
{
    for (size_t b = 0; b < plan->n_bins; b++) {
        if (plan->n_pixels[b] == 0) continue;
        double length = hypot(plan->cos1[b], plan->sin1[b]), radius = plan->radius_px[b];
        points->radius[b] = (float)radius;
        points->x[b] = length > 0 ? (float)(radius * plan->cos1[b] / length) : 0;
        points->y[b] = length > 0 ? (float)(radius * plan->sin1[b] / length) : 0;
        points->n_pixels[b] = (float)plan->n_pixels[b];
    }
}

static void place_pixels(plan_maker *m, vtr_polar_plan *plan, const bin_statistics *s)
{
    const vtr_polar_geometry *g = m->geometry;
    for (size_t y = 0; y < g->det_y; y++) {
        for (size_t x = 0; x < g->det_x; x++) {
            size_t i = y * g->det_x + x;
            m->bin[i] = NO_CELL;
            if (g->used != NULL && g->used[i] == 0) continue;
            place_pixel(m, s, x, y);
            plan->n_used++;
        }
    }
    finish_statistics(m, s);
    fill_points(&plan->program->points, plan);
}

/* Numbers the cells in the order (bin, interval) and writes each pixel's cell over its bin. */
static vtr_status number_cells(plan_maker *m, vtr_polar_program *program, const bin_statistics *s,
                               vtr_error *err)
{
    size_t n_pairs = 0;
    for (size_t b = 0; b <= m->n_bins; b++) {
        m->first_count[b] = n_pairs;
        if (s->n[b] > 0) n_pairs += (size_t)(m->bin_interval[1][b] - m->bin_interval[0][b]) + 1;
    }
    m->first_count[m->n_bins + 1] = n_pairs;
    m->count = vtr_calloc(n_pairs, sizeof *m->count);
    m->pair_cell = vtr_calloc(n_pairs, sizeof *m->pair_cell);
    if (m->count == NULL || m->pair_cell == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "no memory for polar bins");
    for (size_t i = 0; i < m->n_pixels; i++) {
        uint32_t b = m->bin[i];
        if (b != NO_CELL) m->count[m->first_count[b] + m->interval[i] - m->bin_interval[0][b]]++;
    }
    uint32_t n_cells = 0;
    for (size_t b = 0; b <= m->n_bins; b++) {
        program->bin_first_cell[b] = n_cells;
        for (size_t p = m->first_count[b]; p < m->first_count[b + 1]; p++) {
            m->pair_cell[p] = n_cells;
            n_cells += (m->count[p] + VTR_CELL_MAX_PIXELS - 1) / VTR_CELL_MAX_PIXELS;
        }
    }
    program->bin_first_cell[m->n_bins + 1] = n_cells;
    program->n_cells = n_cells;
    memset(m->count, 0, n_pairs * sizeof *m->count);
    for (size_t i = 0; i < m->n_pixels; i++) {
        uint32_t b = m->bin[i];
        if (b == NO_CELL) continue;
        size_t p = m->first_count[b] + m->interval[i] - m->bin_interval[0][b];
        m->bin[i] = m->pair_cell[p] + m->count[p]++ / VTR_CELL_MAX_PIXELS;
    }
    return VTR_OK;
}

static void *keep(vtr_polar_program *program, size_t n, size_t size)
{
    void *memory = vtr_calloc(n, size);
    program->storage[program->n_storage++] = memory;
    return memory;
}

/* Runs of cells in one interval, and the intervals that each annulus is made of. */
static vtr_status build_runs(plan_maker *m, vtr_polar_plan *plan, vtr_error *err)
{
    vtr_polar_program *program = plan->program;
    const vtr_polar_geometry *g = m->geometry;
    uint16_t *cell_interval = vtr_calloc(program->n_cells, sizeof *cell_interval);
    program->runs = keep(program, program->n_cells + 1, sizeof *program->runs);
    program->annulus_intervals = keep(program, g->n_annuli, sizeof *program->annulus_intervals);
    double(*annuli)[2] = keep(program, g->n_annuli, sizeof *annuli);
    size_t *annulus_pixels = keep(program, g->n_annuli, sizeof *annulus_pixels);
    if (cell_interval == NULL || program->runs == NULL || program->annulus_intervals == NULL ||
        annuli == NULL || annulus_pixels == NULL) {
        vtr_free(cell_interval);
        return vtr_fail(err, VTR_ERR_MEMORY, "no memory for polar bins");
    }
    for (size_t a = 0; a < g->n_annuli; a++) {
        memcpy(annuli[a], g->annuli_px[a], sizeof annuli[a]);
        program->annulus_intervals[a][0] = interval_of(m, annuli[a][0]);
        program->annulus_intervals[a][1] = interval_of(m, annuli[a][1]);
    }
    for (size_t i = 0; i < m->n_pixels; i++) {
        if (m->bin[i] == NO_CELL) continue;
        cell_interval[m->bin[i]] = m->interval[i];
        for (size_t a = 0; a < g->n_annuli; a++)
            annulus_pixels[a] += m->interval[i] >= program->annulus_intervals[a][0] &&
                                 m->interval[i] < program->annulus_intervals[a][1];
    }
    program->n_intervals = m->n_edges + 1;
    for (size_t c = 0; c < program->n_cells; c++)
        if (c == 0 || cell_interval[c] != cell_interval[c - 1])
            program->runs[program->n_runs++] = (vtr_polar_run){c, cell_interval[c]};
    program->runs[program->n_runs].first_cell = program->n_cells;
    vtr_free(cell_interval);
    plan->annuli_px = (const double(*)[2])annuli;
    plan->annulus_pixels = annulus_pixels;
    return VTR_OK;
}

static vtr_status allocate_maker(plan_maker *m, vtr_error *err)
{
    m->bin = vtr_malloc(m->n_pixels, sizeof *m->bin);
    m->interval = vtr_calloc(m->n_pixels, sizeof *m->interval);
    m->bin_interval[0] = vtr_calloc(m->n_bins + 1, sizeof *m->bin_interval[0]);
    m->bin_interval[1] = vtr_calloc(m->n_bins + 1, sizeof *m->bin_interval[1]);
    m->first_count = vtr_calloc(m->n_bins + 2, sizeof *m->first_count);
    if (m->bin == NULL || m->interval == NULL || m->bin_interval[0] == NULL || m->bin_interval[1] == NULL ||
        m->first_count == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "no memory for polar bins of %zu pixels", m->n_pixels);
    return VTR_OK;
}

static void release_maker(plan_maker *m)
{
    vtr_free(m->bin);
    vtr_free(m->interval);
    vtr_free(m->bin_interval[0]);
    vtr_free(m->bin_interval[1]);
    vtr_free(m->first_count);
    vtr_free(m->count);
    vtr_free(m->pair_cell);
}

/* A plan with its statistics' arrays, zeroed. */
static vtr_polar_plan *allocate_plan(const vtr_polar_geometry *g, bin_statistics *s)
{
    vtr_polar_plan *plan = vtr_calloc(1, sizeof *plan);
    vtr_polar_program *program = vtr_calloc(1, sizeof *program);
    if (plan == NULL || program == NULL) {
        vtr_free(plan);
        vtr_free(program);
        return NULL;
    }
    *plan = (vtr_polar_plan){.det_y = g->det_y,
                             .det_x = g->det_x,
                             .centre_x_px = g->centre_x_px,
                             .centre_y_px = g->centre_y_px,
                             .wxx = g->wxx,
                             .wyy = g->wyy,
                             .wxy = g->wxy,
                             .n_sectors = g->n_sectors,
                             .n_r = g->n_r,
                             .n_bins = g->n_r * g->n_sectors,
                             .r_step_px = g->r_step_px,
                             .sector_start_rad = -VTR_PI / (double)g->n_sectors,
                             .n_annuli = g->n_annuli,
                             .program = program};
    double **arrays[] = {&s->n, &s->radius, &s->angle, &s->variance, &s->cos1, &s->sin1, &s->cos2, &s->sin2};
    bool is_complete = true;
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        is_complete &= (*arrays[i] = keep(program, plan->n_bins + 1, sizeof(double))) != NULL;
    program->bin_first_cell = keep(program, plan->n_bins + 2, sizeof *program->bin_first_cell);
    float **points[] = {&program->points.x, &program->points.y, &program->points.radius,
                        &program->points.n_pixels};
    for (size_t i = 0; i < sizeof points / sizeof *points; i++)
        is_complete &= (*points[i] = keep(program, plan->n_bins + VTR_LANES, sizeof(float))) != NULL;
    plan->n_pixels = s->n;
    plan->radius_px = s->radius;
    plan->angle_rad = s->angle;
    plan->angle_variance = s->variance;
    plan->cos1 = s->cos1;
    plan->sin1 = s->sin1;
    plan->cos2 = s->cos2;
    plan->sin2 = s->sin2;
    if (!is_complete || program->bin_first_cell == NULL) vtr_polar_plan_free(&plan);
    return plan;
}

vtr_status vtr_polar_plan_create(vtr_polar_plan **out, const vtr_polar_geometry *geometry, vtr_error *err)
{
    vtr_polar_plan *plan = NULL;
    bin_statistics statistics = {0};
    plan_maker maker = {.geometry = geometry};
    vtr_status status = check_geometry(geometry, err);
    if (status != VTR_OK) return status;
    maker.n_pixels = geometry->det_y * geometry->det_x;
    maker.n_bins = geometry->n_r * geometry->n_sectors;
    status = allocate_maker(&maker, err);
    if (status != VTR_OK) goto cleanup;
    plan = allocate_plan(geometry, &statistics);
    if (plan == NULL) {
        status = vtr_fail(err, VTR_ERR_MEMORY, "no memory for %zu polar bins", maker.n_bins);
        goto cleanup;
    }
    collect_edges(&maker);
    place_pixels(&maker, plan, &statistics);
    status = number_cells(&maker, plan->program, &statistics, err);
    if (status == VTR_OK) status = build_runs(&maker, plan, err);
    if (status == VTR_OK)
        status = vtr_polar_program_build(plan->program, maker.bin, geometry->det_y, geometry->det_x, err);
    if (status == VTR_OK) {
        *out = plan;
        plan = NULL;
    }
cleanup:
    vtr_polar_plan_free(&plan);
    release_maker(&maker);
    return status;
}

void vtr_polar_plan_free(vtr_polar_plan **plan)
{
    if (*plan == NULL) return;
    vtr_polar_program *program = (*plan)->program;
    for (size_t i = 0; i < program->n_storage; i++)
        vtr_free(program->storage[i]);
    vtr_free(program->tiles);
    vtr_free(program->segment_cell);
    vtr_free(program->pixel);
    vtr_free(program);
    vtr_free(*plan);
    *plan = NULL;
}
