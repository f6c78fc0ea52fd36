/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "twin/pairs_internal.h"
#include "twin/structure_internal.h"

/* About as many atoms as fill a cache line or two in a box, and no more boxes than atoms ask for. */
enum { ATOMS_A_BOX = 12, MOST_BOXES_AN_EDGE = 400 };

void vtr_atom_boxes_release(vtr_atom_boxes *boxes)
{
    vtr_free(boxes->first);
    for (int i = 0; i < 3; i++)
        vtr_free(boxes->x[i]);
    vtr_free(boxes->kind);
    vtr_free(boxes->offset);
    *boxes = (vtr_atom_boxes){0};
}

/* The box that holds a particle, with room beside it so that no atom sits on its faces. */
static void enclose(vtr_atom_boxes *boxes, const vtr_structure *s, double low[3])
{
    double high[3];
    for (int j = 0; j < 3; j++)
        low[j] = high[j] = s->position[0][j];
    for (size_t i = 0; i < s->n; i++)
        for (int j = 0; j < 3; j++) {
            low[j] = fmin(low[j], s->position[i][j]);
            high[j] = fmax(high[j], s->position[i][j]);
        }
    for (int j = 0; j < 3; j++) {
        low[j] -= 0.5;
        boxes->edge[j][j] = high[j] - low[j] + 0.5;
    }
}

/* As many boxes along each edge as give ATOMS_A_BOX atoms each if they were spread evenly. */
static void choose_grid(vtr_atom_boxes *boxes, size_t n_atoms, double widths[3])
{
    double volume = fabs(vtr_structure_determinant(boxes->edge));
    double size = cbrt(volume * ATOMS_A_BOX / (double)n_atoms);
    vtr_structure_widths(widths, boxes->edge);
    boxes->n_boxes = 1;
    for (int j = 0; j < 3; j++) {
        boxes->n[j] = (size_t)fmin(fmax(floor(widths[j] / size), 1), MOST_BOXES_AN_EDGE);
        boxes->n_boxes *= boxes->n[j];
    }
}

/* Length of the longest diagonal of one box. */
static double box_diagonal(const vtr_atom_boxes *boxes)
{
    double longest = 0;
    for (int signs = 0; signs < 4; signs++) {
        const double f[3] = {1, signs & 1 ? -1 : 1, signs & 2 ? -1 : 1};
        double d[3] = {0};
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 3; k++)
                d[k] += f[j] * boxes->edge[j][k] / (double)boxes->n[j];
        longest = fmax(longest, sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]));
    }
    return longest;
}

static double offset_length(const vtr_atom_boxes *boxes, const int step[3])
{
    double d[3] = {0};
    for (int j = 0; j < 3; j++)
        for (int k = 0; k < 3; k++)
            d[k] += step[j] * boxes->edge[j][k] / (double)boxes->n[j];
    return sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
}

static bool is_in_half(const int step[3])
{
    if (step[2] != 0) return step[2] > 0;
    if (step[1] != 0) return step[1] > 0;
    return step[0] > 0;
}

/* Offsets whose boxes may hold atoms within r_max of each other. Counts where boxes->offset is NULL. */
static size_t list_offsets(vtr_atom_boxes *boxes, double r_max, const int reach[3])
{
    size_t n = 0;
    double farthest = r_max + box_diagonal(boxes);
    for (int z = 0; z <= reach[2]; z++)
        for (int y = -reach[1]; y <= reach[1]; y++)
            for (int x = -reach[0]; x <= reach[0]; x++) {
                const vtr_box_offset o = {{x, y, z}};
                if (!is_in_half(o.step) || offset_length(boxes, o.step) > farthest) continue;
                if (boxes->offset != NULL) boxes->offset[n] = o;
                n++;
            }
    return n;
}

static vtr_status make_offsets(vtr_atom_boxes *boxes, const double widths[3], double r_max, vtr_error *err)
{
    int reach[3];
    double all = 1;
    for (int j = 0; j < 3; j++) {
        double n = ceil(r_max / (widths[j] / (double)boxes->n[j]));
        if (!boxes->is_periodic) n = fmin(n, (double)boxes->n[j] - 1);
        all *= 2 * n + 1;
        if (!(all < 1e8))
            return vtr_fail(err, VTR_ERR_RANGE, "distances to %g Å reach over too many images of the cell",
                            r_max);
        reach[j] = (int)n;
    }
    boxes->n_offsets = list_offsets(boxes, r_max, reach);
    boxes->offset = vtr_malloc(boxes->n_offsets, sizeof *boxes->offset);
    if (boxes->offset == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for neighbours");
    list_offsets(boxes, r_max, reach);
    return VTR_OK;
}

/* The box of an atom; its position is moved into the cell. */
static size_t place(const vtr_atom_boxes *boxes, const double inverse[3][3], const double low[3],
                    const double position[3], double moved[3])
{
    double fraction[3];
    size_t box = 0;
    for (int j = 0; j < 3; j++) {
        fraction[j] = 0;
        for (int i = 0; i < 3; i++)
            fraction[j] += (position[i] - low[i]) * inverse[i][j];
        fraction[j] -= floor(fraction[j]);
        if (fraction[j] >= 1) fraction[j] = 0;
    }
    for (int j = 3; j-- > 0;) {
        size_t at = (size_t)(fraction[j] * (double)boxes->n[j]);
        box = box * boxes->n[j] + (at < boxes->n[j] ? at : boxes->n[j] - 1);
    }
    vtr_structure_from_fractions(moved, boxes->edge, fraction);
    return box;
}

static void sort_atoms(vtr_atom_boxes *boxes, const vtr_structure *s, const double low[3], size_t *box_of)
{
    unsigned char kind_of[128] = {0};
    double inverse[3][3], moved[3];
    for (size_t k = 0; k < s->composition.n; k++)
        kind_of[s->composition.number[k]] = (unsigned char)k;
    vtr_structure_invert(inverse, boxes->edge);
    for (size_t i = 0; i < s->n; i++) {
        box_of[i] = place(boxes, inverse, low, s->position[i], moved);
        boxes->first[box_of[i] + 1]++;
    }
    for (size_t b = 0; b < boxes->n_boxes; b++)
        boxes->first[b + 1] += boxes->first[b];
    /* moved up by one, first[b + 1] is where box b begins; it moves to the box's end while the box fills */
    for (size_t b = boxes->n_boxes; b > 0; b--)
        boxes->first[b] = boxes->first[b - 1];
    for (size_t i = 0; i < s->n; i++) {
        size_t at = boxes->first[box_of[i] + 1]++;
        place(boxes, inverse, low, s->position[i], moved);
        for (int j = 0; j < 3; j++)
            boxes->x[j][at] = moved[j];
        boxes->kind[at] = kind_of[s->number[i]];
    }
}

vtr_status vtr_atom_boxes_make(vtr_atom_boxes *boxes, const vtr_structure *structure, double r_max,
                               vtr_error *err)
{
    double widths[3], low[3] = {0};
    vtr_atom_boxes made = {.is_periodic = structure->is_periodic};
    if (made.is_periodic)
        memcpy(made.edge, structure->cell, sizeof made.edge);
    else
        enclose(&made, structure, low);
    choose_grid(&made, structure->n, widths);
    size_t *box_of = vtr_malloc(structure->n, sizeof *box_of);
    made.first = vtr_calloc(made.n_boxes + 2, sizeof *made.first);
    made.kind = vtr_malloc(structure->n, 1);
    bool has_memory = box_of != NULL && made.first != NULL && made.kind != NULL;
    for (int j = 0; j < 3; j++) {
        made.x[j] = vtr_malloc(structure->n, sizeof(double));
        has_memory = has_memory && made.x[j] != NULL;
    }
    vtr_status status = has_memory
                            ? make_offsets(&made, widths, r_max, err)
                            : vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu atoms", structure->n);
    if (status == VTR_OK) sort_atoms(&made, structure, low, box_of);
    vtr_free(box_of);
    if (status != VTR_OK) {
        vtr_atom_boxes_release(&made);
        return status;
    }
    *boxes = made;
    return VTR_OK;
}

bool vtr_atom_boxes_neighbour(const vtr_atom_boxes *boxes, size_t box, const vtr_box_offset *offset,
                              size_t *other, double shift[3])
{
    const size_t at[3] = {box % boxes->n[0], box / boxes->n[0] % boxes->n[1],
                          box / boxes->n[0] / boxes->n[1]};
    size_t to[3];
    memset(shift, 0, 3 * sizeof *shift);
    for (int j = 0; j < 3; j++) {
        long n = (long)boxes->n[j], place_of = (long)at[j] + offset->step[j], turns = place_of / n;
        if (place_of < 0 && place_of % n != 0) turns--;
        if (turns != 0 && !boxes->is_periodic) return false;
        to[j] = (size_t)(place_of - turns * n);
        for (int k = 0; k < 3; k++)
            shift[k] += (double)turns * boxes->edge[j][k];
    }
    *other = (to[2] * boxes->n[1] + to[1]) * boxes->n[0] + to[0];
    return true;
}
