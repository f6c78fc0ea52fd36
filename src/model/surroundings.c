/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "model/model_internal.h"
#include "twin/structure_internal.h"

/* Neighbours by images: what lies within the reach of a periodic cell is put beside it, which serves cells of any shape, and
 * smaller than the reach too. */

void vtr_surroundings_release(vtr_surroundings *s)
{
    vtr_free(s->at);
    vtr_free(s->first);
    vtr_free(s->atom);
    vtr_free(s->place);
    *s = (vtr_surroundings){0};
}

/* Fractions of the cell's edges, in 0 <= f < 1. */
static void wrap(double fraction[3], const double inverse[3][3], const double position[3])
{
    for (int j = 0; j < 3; j++) {
        fraction[j] = 0;
        for (int i = 0; i < 3; i++)
            fraction[j] += position[i] * inverse[i][j];
        fraction[j] -= floor(fraction[j]);
        if (fraction[j] >= 1) fraction[j] = 0;
    }
}

/* Every atom and image within reach of the cell is visited: counted where place is NULL, else noted. */
static size_t visit(size_t *atom, double (*place)[3], const vtr_surroundings *s,
                    const vtr_structure *structure, const double inverse[3][3])
{
    size_t n = 0;
    int most[3] = {0};
    double widths[3] = {1, 1, 1};
    if (structure->is_periodic) vtr_structure_widths(widths, structure->cell);
    for (int j = 0; j < 3 && structure->is_periodic; j++)
        most[j] = (int)ceil(s->reach / widths[j]);
    for (size_t i = 0; i < s->n; i++) {
        double f[3] = {0};
        if (structure->is_periodic) wrap(f, inverse, structure->position[i]);
        for (int z = -most[2]; z <= most[2]; z++)
            for (int y = -most[1]; y <= most[1]; y++)
                for (int x = -most[0]; x <= most[0]; x++) {
                    const double shift[3] = {x, y, z};
                    bool is_near = true;
                    for (int j = 0; j < 3 && structure->is_periodic; j++) {
                        double beyond = fmax(-(f[j] + shift[j]), f[j] + shift[j] - 1) * widths[j];
                        is_near = is_near && beyond <= s->reach;
                    }
                    if (!is_near) continue;
                    if (place != NULL) {
                        atom[n] = i;
                        for (int j = 0; j < 3; j++) {
                            place[n][j] = s->at[i][j];
                            for (int k = 0; k < 3; k++)
                                place[n][j] += shift[k] * structure->cell[k][j];
                        }
                    }
                    n++;
                }
    }
    return n;
}

static size_t box_of(const vtr_surroundings *s, const double place[3])
{
    size_t box = 0;
    for (int j = 2; j >= 0; j--) {
        double at = (place[j] - s->low[j]) / s->box;
        box = box * s->n_boxes[j] + (size_t)fmin(fmax(at, 0), (double)s->n_boxes[j] - 1);
    }
    return box;
}

static void choose_boxes(vtr_surroundings *s, const double (*place)[3])
{
    double high[3];
    memcpy(s->low, place[0], sizeof s->low);
    memcpy(high, place[0], sizeof high);
    for (size_t i = 0; i < s->n_points; i++)
        for (int j = 0; j < 3; j++) {
            s->low[j] = fmin(s->low[j], place[i][j]);
            high[j] = fmax(high[j], place[i][j]);
        }
    for (s->box = 1.5 * s->spacing;; s->box *= 1.3) { /* sparse models: no more boxes than points */
        double boxes = 1;
        for (int j = 0; j < 3; j++) {
            s->n_boxes[j] = (size_t)fmin((high[j] - s->low[j]) / s->box, 1e6) + 1;
            boxes *= (double)s->n_boxes[j];
        }
        if (boxes <= 4 * (double)s->n_points + 64) break;
    }
}

/* Puts the points in the order of their boxes. */
static vtr_status sort(vtr_surroundings *s, const size_t *atom, const double (*place)[3], vtr_error *err)
{
    size_t n_boxes = s->n_boxes[0] * s->n_boxes[1] * s->n_boxes[2];
    s->first = vtr_calloc(n_boxes + 1, sizeof *s->first);
    s->atom = vtr_malloc(s->n_points, sizeof *s->atom);
    s->place = vtr_malloc(s->n_points, sizeof *s->place);
    if (s->first == NULL || s->atom == NULL || s->place == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the neighbours of %zu atoms", s->n);
    for (size_t i = 0; i < s->n_points; i++)
        s->first[box_of(s, place[i]) + 1]++;
    for (size_t b = 0; b < n_boxes; b++)
        s->first[b + 1] += s->first[b];
    for (size_t i = s->n_points; i-- > 0;) { /* each box is filled from its end */
        size_t to = --s->first[box_of(s, place[i]) + 1];
        s->atom[to] = atom[i];
        memcpy(s->place[to], place[i], sizeof *place);
    }
    /* the ends have moved to the beginnings */
    memmove(s->first, s->first + 1, n_boxes * sizeof *s->first);
    s->first[n_boxes] = s->n_points;
    return VTR_OK;
}

static double spacing_of(const vtr_structure *structure)
{
    double volume = vtr_structure_volume(structure);
    if (structure->is_periodic) return cbrt(volume / (double)structure->n);
    double low[3], high[3];
    memcpy(low, structure->position[0], sizeof low);
    memcpy(high, structure->position[0], sizeof high);
    for (size_t i = 0; i < structure->n; i++)
        for (int j = 0; j < 3; j++) {
            low[j] = fmin(low[j], structure->position[i][j]);
            high[j] = fmax(high[j], structure->position[i][j]);
        }
    volume = 1;
    for (int j = 0; j < 3; j++)
        volume *= fmax(high[j] - low[j], 1);
    return cbrt(volume / (double)structure->n);
}

vtr_status vtr_surroundings_make(vtr_surroundings *out, const vtr_structure *structure, double reach,
                                 vtr_error *err)
{
    double inverse[3][3] = {{0}};
    vtr_surroundings s = {.n = structure->n, .spacing = spacing_of(structure)};
    s.reach = isnan(reach) ? 6 * s.spacing : reach;
    if (structure->is_periodic) vtr_structure_invert(inverse, structure->cell);
    s.at = vtr_malloc(s.n, sizeof *s.at);
    if (s.at == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu atoms", s.n);
    for (size_t i = 0; i < s.n; i++) {
        double f[3];
        memcpy(s.at[i], structure->position[i], sizeof *s.at);
        if (!structure->is_periodic) continue;
        wrap(f, inverse, structure->position[i]);
        vtr_structure_from_fractions(s.at[i], structure->cell, f);
    }
    s.n_points = visit(NULL, NULL, &s, structure, inverse);
    size_t *atom = vtr_malloc(s.n_points, sizeof *atom);
    double(*place)[3] = vtr_malloc(s.n_points, sizeof *place);
    vtr_status status = VTR_OK;
    if (atom == NULL || place == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the neighbours of %zu atoms", s.n);
    if (status == VTR_OK) {
        visit(atom, place, &s, structure, inverse);
        choose_boxes(&s, place);
        status = sort(&s, atom, place, err);
    }
    vtr_free(atom);
    vtr_free(place);
    if (status == VTR_OK)
        *out = s;
    else
        vtr_surroundings_release(&s);
    return status;
}

size_t vtr_neighbours_of(vtr_neighbour *list, size_t most, const vtr_surroundings *s, size_t atom,
                         double distance)
{
    size_t n = 0, from[3], to[3];
    const double *at = s->at[atom];
    for (int j = 0; j < 3; j++) {
        double low = (at[j] - distance - s->low[j]) / s->box, high = (at[j] + distance - s->low[j]) / s->box;
        double last = (double)s->n_boxes[j] - 1;
        from[j] = (size_t)fmin(fmax(low, 0), last);
        to[j] = (size_t)fmin(fmax(high, 0), last);
    }
    for (size_t z = from[2]; z <= to[2]; z++)
        for (size_t y = from[1]; y <= to[1]; y++)
            for (size_t x = from[0]; x <= to[0]; x++) {
                size_t box = (z * s->n_boxes[1] + y) * s->n_boxes[0] + x;
                for (size_t p = s->first[box]; p < s->first[box + 1]; p++) {
                    vtr_neighbour one = {.atom = s->atom[p]};
                    for (int j = 0; j < 3; j++) {
                        one.to[j] = s->place[p][j] - at[j];
                        one.distance2 += one.to[j] * one.to[j];
                    }
                    if (one.distance2 > distance * distance) continue;
                    if (one.atom == atom && one.distance2 < 1e-12) continue; /* itself */
                    if (n < most) list[n] = one;
                    n++;
                }
            }
    return n;
}

bool vtr_neighbours_get(vtr_neighbours *out, const vtr_surroundings *s, size_t atom, double distance)
{
    out->n = vtr_neighbours_of(out->list, out->room, s, atom, distance);
    if (out->n <= out->room) return true;
    vtr_free(out->list);
    out->room = 2 * out->n;
    out->list = vtr_malloc(out->room, sizeof *out->list);
    if (out->list == NULL) {
        out->room = out->n = 0;
        return false;
    }
    out->n = vtr_neighbours_of(out->list, out->room, s, atom, distance);
    return true;
}
