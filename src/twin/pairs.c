/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "twin/pairs_internal.h"
#include "twin/structure_internal.h"

enum { MOST_BINS = 4000000, BUFFER = 256 };
static const double moment_unit = 16777216; /* 2^24 to a step */

vtr_pairs_params vtr_pairs_default_params(void)
{
    return (vtr_pairs_params){.r_max = NAN, .r_step = 0.001};
}

void vtr_pairs_release(vtr_pairs *pairs)
{
    vtr_free(pairs->count);
    vtr_free(pairs->moment);
    *pairs = (vtr_pairs){0};
}

size_t vtr_pairs_index(size_t n_elements, size_t i, size_t j)
{
    size_t low = i < j ? i : j, high = i < j ? j : i;
    return low * (2 * n_elements - low + 1) / 2 + high - low;
}

/* Half the cell's least width, or the particle's diagonal. */
static double default_reach(const vtr_structure *s)
{
    if (s->is_periodic) {
        double w[3];
        vtr_structure_widths(w, s->cell);
        return 0.5 * fmin(w[0], fmin(w[1], w[2]));
    }
    double square = 0;
    for (int j = 0; j < 3; j++) {
        double low = INFINITY, high = -INFINITY;
        for (size_t i = 0; i < s->n; i++) {
            low = fmin(low, s->position[i][j]);
            high = fmax(high, s->position[i][j]);
        }
        square += (high - low) * (high - low);
    }
    return sqrt(square);
}

static vtr_status plan(vtr_pairs *pairs, const vtr_structure *s, const vtr_pairs_params *params,
                       vtr_error *err)
{
    double reach = isnan(params->r_max) ? default_reach(s) : params->r_max;
    if (!(params->r_step > 0) || !(reach >= 0) || !isfinite(reach))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "distances to %g in steps of %g Å cannot be counted", reach,
                        params->r_step);
    /* a cell's default reach is cut to whole steps; any other is rounded up, so that nothing asked for is missing */
    double steps = reach / params->r_step;
    bool is_half_cell = isnan(params->r_max) && s->is_periodic;
    steps = is_half_cell ? floor(steps + 1e-9) : isnan(params->r_max) ? floor(steps) + 1 : ceil(steps - 1e-9);
    if (!(steps >= 1 && steps <= MOST_BINS))
        return vtr_fail(err, VTR_ERR_RANGE,
                        "distances to %g Å in steps of %g Å are %.0f bins; 1 to %d are counted", reach,
                        params->r_step, steps, MOST_BINS);
    size_t n = s->composition.n;
    *pairs = (vtr_pairs){.n_bins = (size_t)steps,
                         .n_pairs = n * (n + 1) / 2,
                         .n_atoms = s->n,
                         .r_step = params->r_step,
                         .composition = s->composition,
                         .number_density = vtr_structure_number_density(s),
                         .shortest_angstrom = INFINITY};
    memcpy(pairs->n_of_element, s->n_of_element, sizeof pairs->n_of_element);
    pairs->count = vtr_calloc(pairs->n_bins * pairs->n_pairs, sizeof *pairs->count);
    pairs->moment = vtr_calloc(pairs->n_bins * pairs->n_pairs, sizeof *pairs->moment);
    if (pairs->count == NULL || pairs->moment == NULL) {
        vtr_pairs_release(pairs);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for counts of %.0f bins", steps);
    }
    return VTR_OK;
}

/* One thread's counts. */
typedef struct counter {
    const vtr_atom_boxes *boxes;
    size_t n_bins;
    double per_step, r2_max, shortest2;
    size_t row[VTR_COMPOSITION_MAX][VTR_COMPOSITION_MAX]; /* first bin of a pair of elements */
    uint64_t *count;
    int64_t *moment;
} counter;

/* The atom `at`, moved by -shift, with atoms first to end - 1. */
static void count_atom(counter *c, size_t at, const double shift[3], size_t first, size_t end)
{
    const vtr_atom_boxes *b = c->boxes;
    const size_t *row = c->row[b->kind[at]];
    double x = b->x[0][at] - shift[0], y = b->x[1][at] - shift[1], z = b->x[2][at] - shift[2];
    double r2[BUFFER];
    for (; first < end; first += BUFFER) {
        size_t n = end - first < BUFFER ? end - first : BUFFER;
        const double *bx = b->x[0] + first, *by = b->x[1] + first, *bz = b->x[2] + first;
        for (size_t i = 0; i < n; i++) {
            double dx = bx[i] - x, dy = by[i] - y, dz = bz[i] - z;
            r2[i] = dx * dx + dy * dy + dz * dz;
        }
        for (size_t i = 0; i < n; i++) {
            if (r2[i] >= c->r2_max) continue;
            double steps = sqrt(r2[i]) * c->per_step;
            size_t bin = (size_t)steps;
            if (bin >= c->n_bins) continue;
            size_t place = row[b->kind[first + i]] + bin;
            c->count[place]++;
            c->moment[place] += (int64_t)((steps - (double)bin - 0.5) * moment_unit);
            if (r2[i] < c->shortest2) c->shortest2 = r2[i];
        }
    }
}

static void count_box(counter *c, size_t box)
{
    const vtr_atom_boxes *b = c->boxes;
    const double stay[3] = {0};
    for (size_t at = b->first[box]; at < b->first[box + 1]; at++)
        count_atom(c, at, stay, at + 1, b->first[box + 1]);
    for (size_t o = 0; o < b->n_offsets; o++) {
        size_t other;
        double shift[3];
        if (!vtr_atom_boxes_neighbour(b, box, &b->offset[o], &other, shift)) continue;
        for (size_t at = b->first[box]; at < b->first[box + 1]; at++)
            count_atom(c, at, shift, b->first[other], b->first[other + 1]);
    }
}

static counter make_counter(const vtr_pairs *pairs, const vtr_atom_boxes *boxes)
{
    double r_max = (double)pairs->n_bins * pairs->r_step;
    counter c = {.boxes = boxes,
                 .n_bins = pairs->n_bins,
                 .per_step = 1 / pairs->r_step,
                 /* a little beyond: which bin a distance is in, the bins decide */
                 .r2_max = r_max * r_max * (1 + 1e-12),
                 .shortest2 = INFINITY,
                 .count = vtr_calloc(pairs->n_bins * pairs->n_pairs, sizeof *c.count),
                 .moment = vtr_calloc(pairs->n_bins * pairs->n_pairs, sizeof *c.moment)};
    for (size_t i = 0; i < pairs->composition.n; i++)
        for (size_t j = 0; j < pairs->composition.n; j++)
            c.row[i][j] = vtr_pairs_index(pairs->composition.n, i, j) * pairs->n_bins;
    return c;
}

/* Whole numbers add up to the same, whichever thread counted what. */
static void add_counter(vtr_pairs *pairs, const counter *c)
{
    for (size_t i = 0; i < pairs->n_bins * pairs->n_pairs; i++) {
        pairs->count[i] += c->count[i];
        pairs->moment[i] += c->moment[i];
    }
    pairs->shortest_angstrom = fmin(pairs->shortest_angstrom, sqrt(c->shortest2));
}

static vtr_status count_all(vtr_pairs *pairs, const vtr_atom_boxes *boxes, int threads, vtr_error *err)
{
    int short_of_memory = 0;
#pragma omp parallel num_threads(threads)
    {
        counter c = make_counter(pairs, boxes);
        bool has_memory = c.count != NULL && c.moment != NULL;
#pragma omp for schedule(dynamic)
        for (size_t box = 0; box < boxes->n_boxes; box++)
            if (has_memory) count_box(&c, box);
#pragma omp critical(vtr_structure_pairs)
        {
            if (has_memory)
                add_counter(pairs, &c);
            else
                short_of_memory = 1;
        }
        vtr_free(c.count);
        vtr_free(c.moment);
    }
    return short_of_memory
               ? vtr_fail(err, VTR_ERR_MEMORY, "out of memory for counts of %zu bins", pairs->n_bins)
               : VTR_OK;
}

vtr_status vtr_structure_pairs(vtr_pairs *pairs, const vtr_structure *structure,
                               const vtr_pairs_params *params, vtr_error *err)
{
    vtr_pairs_params given = params != NULL ? *params : vtr_pairs_default_params();
    vtr_pairs counted = {0};
    vtr_atom_boxes boxes = {0};
    vtr_status status = plan(&counted, structure, &given, err);
    if (status == VTR_OK)
        status = vtr_atom_boxes_make(&boxes, structure, (double)counted.n_bins * counted.r_step, err);
    if (status == VTR_OK) status = count_all(&counted, &boxes, vtr_thread_count(given.threads), err);
    vtr_atom_boxes_release(&boxes);
    if (status != VTR_OK) {
        vtr_pairs_release(&counted);
        return status;
    }
    *pairs = counted;
    return VTR_OK;
}
