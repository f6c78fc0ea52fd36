/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "base/base_internal.h"
#include "polar/polar_internal.h"

/* One pixel of a tile, sorted by cell and then by place. */
typedef struct tile_pixel {
    uint32_t cell;
    uint32_t place;
} tile_pixel;

static int compare_pixels(const void *a, const void *b)
{
    const tile_pixel *p = a, *q = b;
    if (p->cell != q->cell) return p->cell < q->cell ? -1 : 1;
    return p->place < q->place ? -1 : p->place > q->place;
}

/* The used pixels of a tile, sorted. */
static size_t collect_pixels(tile_pixel pixels[VTR_TILE_PIXELS], const vtr_polar_tile *tile,
                             const uint32_t *cell_of_pixel, size_t det_x)
{
    size_t n = 0;
    for (uint32_t y = 0; y < tile->height; y++) {
        for (uint32_t x = 0; x < tile->width; x++) {
            uint32_t cell = cell_of_pixel[(tile->y + y) * det_x + tile->x + x];
            if (cell != UINT32_MAX) pixels[n++] = (tile_pixel){cell, y * VTR_TILE_X + x};
        }
    }
    qsort(pixels, n, sizeof *pixels, compare_pixels);
    return n;
}

/* Length of the segment that starts at pixel i. */
static size_t segment_length(const tile_pixel *pixels, size_t n, size_t i)
{
    size_t length = 1;
    while (length < VTR_SEGMENT_MAX && i + length < n && pixels[i + length].cell == pixels[i].cell)
        length++;
    return length;
}

/* Appends the tile's segments, shortest first. */
static void append_segments(vtr_polar_program *program, vtr_polar_tile *tile, const tile_pixel *pixels,
                            size_t n, size_t *n_segments, size_t *n_pixels)
{
    tile->first_segment = *n_segments;
    tile->first_pixel = *n_pixels;
    for (size_t wanted = 1; wanted <= VTR_SEGMENT_MAX; wanted++) {
        for (size_t i = 0, length; i < n; i += length) {
            length = segment_length(pixels, n, i);
            if (length != wanted) continue;
            tile->n_segments[wanted - 1]++;
            program->segment_cell[(*n_segments)++] = pixels[i].cell;
            for (size_t k = 0; k < length; k++)
                program->pixel[(*n_pixels)++] = (uint16_t)(pixels[i + k].place * VTR_LANES);
        }
    }
}

vtr_status vtr_polar_program_build(vtr_polar_program *program, const uint32_t *cell_of_pixel, size_t det_y,
                                   size_t det_x, vtr_error *err)
{
    size_t tiles_y = (det_y + VTR_TILE_Y - 1) / VTR_TILE_Y, tiles_x = (det_x + VTR_TILE_X - 1) / VTR_TILE_X;
    size_t n_pixels = 0, n_segments = 0, n_used = 0;
    for (size_t i = 0; i < det_y * det_x; i++)
        n_used += cell_of_pixel[i] != UINT32_MAX;
    program->det_y = det_y;
    program->tiles_x = tiles_x;
    program->n_tiles = tiles_y * tiles_x;
    program->tiles = vtr_calloc(program->n_tiles, sizeof *program->tiles);
    program->pixel = vtr_calloc(n_used, sizeof *program->pixel);
    program->segment_cell = vtr_calloc(n_used, sizeof *program->segment_cell);
    if (program->tiles == NULL || program->pixel == NULL || program->segment_cell == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "no memory for polar bins of %zu x %zu px", det_y, det_x);
    for (size_t t = 0; t < program->n_tiles; t++) {
        vtr_polar_tile *tile = &program->tiles[t];
        tile_pixel pixels[VTR_TILE_PIXELS];
        size_t y = t / tiles_x * VTR_TILE_Y, x = t % tiles_x * VTR_TILE_X;
        tile->y = (uint32_t)y;
        tile->x = (uint32_t)x;
        tile->height = (uint32_t)(det_y - y < VTR_TILE_Y ? det_y - y : VTR_TILE_Y);
        tile->width = (uint32_t)(det_x - x < VTR_TILE_X ? det_x - x : VTR_TILE_X);
        size_t n = collect_pixels(pixels, tile, cell_of_pixel, det_x);
        tile->has_unused = n < VTR_TILE_PIXELS;
        append_segments(program, tile, pixels, n, &n_segments, &n_pixels);
    }
    return VTR_OK;
}
