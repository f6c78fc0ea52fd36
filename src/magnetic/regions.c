/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connected regions between walls. */
#include <stdlib.h>
#include <string.h>

#include "magnetic/domains_internal.h"

enum { FREE = 0, OUTSIDE = UINT32_MAX };

/* The four neighbours of a position; returns how many there are. */
static size_t neighbours(size_t list[4], size_t at, const size_t n[2])
{
    size_t y = at / n[1], x = at % n[1], count = 0;
    if (y > 0) list[count++] = at - n[1];
    if (x > 0) list[count++] = at - 1;
    if (x + 1 < n[1]) list[count++] = at + 1;
    if (y + 1 < n[0]) list[count++] = at + n[1];
    return count;
}

/* A wall and what is within a kernel's width of it: gaps of twice that close. */
static bool is_near_wall(const unsigned char *is_wall, size_t at, const vtr_local_plan *p)
{
    size_t y = at / p->n[1], x = at % p->n[1], ry = (size_t)ceil(p->scale / p->step[0]),
           rx = (size_t)ceil(p->scale / p->step[1]);
    for (size_t v = y > ry ? y - ry : 0; v <= y + ry && v < p->n[0]; v++)
        for (size_t u = x > rx ? x - rx : 0; u <= x + rx && u < p->n[1]; u++)
            if (is_wall[v * p->n[1] + u]) return true;
    return false;
}

/* Gives `number` to everything that hangs together with `start`; returns how much. */
static size_t fill(uint32_t *label, size_t *queue, size_t start, uint32_t number, const size_t n[2])
{
    size_t n_queue = 1, list[4];
    queue[0] = start;
    label[start] = number;
    for (size_t k = 0; k < n_queue; k++) {
        size_t count = neighbours(list, queue[k], n);
        for (size_t j = 0; j < count; j++)
            if (label[list[j]] == FREE) {
                label[list[j]] = number;
                queue[n_queue++] = list[j];
            }
    }
    return n_queue;
}

/* Labels spread one position a round into what is free, first up to the walls, then into them. */
static void grow(uint32_t *label, size_t *queue, const unsigned char *is_wall, bool into_walls,
                 const size_t n[2])
{
    size_t total = n[0] * n[1], n_queue = 0, list[4];
    for (size_t i = 0; i < total; i++)
        if (label[i] != FREE && label[i] != OUTSIDE) queue[n_queue++] = i;
    for (size_t k = 0; k < n_queue; k++) {
        size_t count = neighbours(list, queue[k], n);
        for (size_t j = 0; j < count; j++)
            if (label[list[j]] == FREE && (into_walls || !is_wall[list[j]])) {
                label[list[j]] = label[queue[k]];
                queue[n_queue++] = list[j];
            }
    }
}

typedef struct region {
    size_t n;
    uint32_t number;
} region;

static int larger_first(const void *a, const void *b)
{
    const region *x = a, *y = b;
    return x->n != y->n ? (x->n < y->n) - (x->n > y->n) : (x->number > y->number) - (x->number < y->number);
}

/* Numbers the regions anew by their size. */
static vtr_status sort_regions(uint32_t *label, size_t n_regions, size_t total, vtr_error *err)
{
    region *list = vtr_calloc(n_regions + 1, sizeof *list);
    uint32_t *number = vtr_calloc(n_regions + 1, sizeof *number);
    vtr_status status = VTR_OK;
    if (list == NULL || number == NULL) {
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu regions", n_regions);
    } else {
        for (size_t k = 0; k <= n_regions; k++)
            list[k].number = (uint32_t)k;
        for (size_t i = 0; i < total; i++)
            list[label[i]].n++;
        qsort(list + 1, n_regions, sizeof *list, larger_first);
        for (size_t k = 1; k <= n_regions; k++)
            number[list[k].number] = (uint32_t)k;
        for (size_t i = 0; i < total; i++)
            label[i] = number[label[i]];
    }
    vtr_free(list);
    vtr_free(number);
    return status;
}

vtr_status vtr_regions_label(uint32_t *label, size_t *n_regions, const unsigned char *is_wall,
                             const vtr_local_plan *plan, vtr_error *err)
{
    size_t total = plan->n[0] * plan->n[1], found = 0;
    size_t *queue = vtr_malloc(total, sizeof *queue);
    if (queue == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for regions");
    /* what is smaller than the kernel has no direction of its own */
    double least = 2 * VTR_PI * plan->scale * plan->scale / (plan->step[0] * plan->step[1]);
    for (size_t i = 0; i < total; i++)
        label[i] = isfinite(plan->field[2 * i]) && !is_near_wall(is_wall, i, plan) ? FREE : OUTSIDE;
    for (size_t i = 0; i < total; i++) {
        if (label[i] != FREE) continue;
        size_t n = fill(label, queue, i, (uint32_t)(found + 1), plan->n);
        if ((double)n >= least) {
            found++;
            continue;
        }
        for (size_t k = 0; k < n; k++)
            label[queue[k]] = OUTSIDE;
    }
    for (size_t i = 0; i < total; i++)
        if (label[i] == OUTSIDE && isfinite(plan->field[2 * i])) label[i] = FREE;
    grow(label, queue, is_wall, false, plan->n);
    grow(label, queue, is_wall, true, plan->n);
    for (size_t i = 0; i < total; i++)
        if (label[i] == OUTSIDE) label[i] = 0;
    vtr_status status = sort_regions(label, found, total, err);
    vtr_free(queue);
    if (status == VTR_OK) *n_regions = found;
    return status;
}
