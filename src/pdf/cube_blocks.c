/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <omp.h>

#include "pdf/cube_internal.h"

/* Memory of one block of positions; none of it grows with the scan. */
typedef struct block {
    size_t first, n;
    float *intensity, *variance; /* [n][n_data] */
    vtr_pdf_block out;
    vtr_pdf_peak *peaks; /* [n] */
} block;

static vtr_status allocate(block *b, const pdf_cube *cube, vtr_error *err)
{
    const vtr_pdf_plan *plan = cube->plan;
    size_t n = PDF_CUBE_BLOCK, n_f = cube->params->with_structure ? plan->n_q : 0;
    *b = (block){0};
    b->intensity = vtr_malloc(n * plan->n_data, sizeof(float));
    b->variance = vtr_malloc(n * plan->n_data, sizeof(float));
    b->out.G = vtr_malloc(n * plan->n_r, sizeof(float));
    b->out.G_error = vtr_malloc(n * plan->n_r, sizeof(float));
    if (n_f > 0) {
        b->out.F = vtr_malloc(n * n_f, sizeof(float));
        b->out.F_error = vtr_malloc(n * n_f, sizeof(float));
    }
    b->out.scale = vtr_malloc(n, sizeof(double));
    b->out.scale_error = vtr_malloc(n, sizeof(double));
    b->peaks = vtr_malloc(n, sizeof *b->peaks);
    bool has_f = n_f == 0 || (b->out.F != NULL && b->out.F_error != NULL);
    if (b->intensity == NULL || b->variance == NULL || b->out.G == NULL || b->out.G_error == NULL || !has_f ||
        b->out.scale == NULL || b->out.scale_error == NULL || b->peaks == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu positions at a time", n);
    return VTR_OK;
}

static void release(block *b)
{
    vtr_free(b->intensity);
    vtr_free(b->variance);
    vtr_free(b->out.G);
    vtr_free(b->out.G_error);
    vtr_free(b->out.F);
    vtr_free(b->out.F_error);
    vtr_free(b->out.scale);
    vtr_free(b->out.scale_error);
    vtr_free(b->peaks);
}

/* Scale and the reason for positions without one. */
static void keep_scale(pdf_cube *cube, const block *b)
{
    for (size_t i = 0; i < b->n; i++) {
        size_t p = b->first + i;
        cube->scale[p] = (float)b->out.scale[i];
        cube->scale_error[p] = (float)b->out.scale_error[i];
        if (!isnan(b->out.scale[i])) continue;
        if (cube->source.flags[p] != 0)
            cube->flags[p] |= cube->source.flags[p];
        else if (isnan(b->intensity[i * cube->source.n_data + cube->plan->first]))
            cube->flags[p] |= VTR_FLAG_INVALID;
        else
            cube->flags[p] |= VTR_FLAG_OUT_OF_RANGE;
    }
}

/* The second maximum stands on zero, not on the line: between the shells g is near one, and the line no foot. */
static vtr_status fit_shells(pdf_cube *cube, block *b, vtr_error *err)
{
    vtr_status status = VTR_OK;
    vtr_pdf_plan flat = *cube->plan;
    flat.normalisation.density = NAN;
    for (size_t s = 0; status == VTR_OK && s < 2; s++) {
        if (!isfinite(cube->shell_range[s][0])) continue;
        status =
            vtr_pdf_peaks(s == 0 ? cube->plan : &flat, b->n, &b->out, b->variance, cube->shell_range[s][0],
                          cube->shell_range[s][1], b->peaks, cube->threads, err);
        for (size_t i = 0; status == VTR_OK && i < b->n; i++) {
            const vtr_pdf_peak *k = &b->peaks[i];
            const double values[3] = {k->position, k->height, k->fwhm};
            const double errors[3] = {k->position_error, k->height_error, k->fwhm_error};
            for (size_t v = 0; v < 3; v++) {
                cube->peaks[s][v][b->first + i] = (float)values[v];
                cube->peak_errors[s][v][b->first + i] = (float)errors[v];
            }
            if (s == 0 && isnan(k->position) && !isnan(b->out.scale[i]))
                cube->flags[b->first + i] |= VTR_FLAG_NOT_CONVERGED;
        }
    }
    return status;
}

static void fill_images(pdf_cube *cube, const block *b)
{
    const vtr_pdf_plan *plan = cube->plan;
#pragma omp parallel for schedule(static) num_threads(vtr_thread_count(cube->threads))
    for (size_t i = 0; i < b->n; i++)
        for (size_t v = 0; v < cube->n_images; v++) {
            double value = NAN, error = NAN;
            size_t at = i * plan->n_data + plan->first;
            if (!isnan(b->out.scale[i]))
                pdf_linear_value(&value, &error, &cube->images[v].integral, plan, b->intensity + at,
                                 b->variance + at, b->out.scale[i]);
            cube->images[v].values[b->first + i] = (float)value;
            cube->images[v].errors[b->first + i] = (float)error;
        }
}

/* Each region by one thread, position after position. */
static void add_to_regions(pdf_cube *cube, const block *b)
{
#pragma omp parallel for schedule(dynamic) num_threads(vtr_thread_count(cube->threads))
    for (size_t i = 0; i < cube->n_regions; i++)
        pdf_region_sums_add(&cube->sums[i], cube->plan->mean_g, b->first, b->n, b->out.G, b->out.G_error);
}

static vtr_status write_block(const pdf_cube *cube, const block *b, vtr_error *err)
{
    const vtr_pdf_plan *plan = cube->plan;
    const struct {
        const char *name;
        size_t n;
        const float *rows;
    } datasets[] = {{"G", plan->n_r, cube->params->only_maps ? NULL : b->out.G},
                    {"G_errors", plan->n_r, cube->params->only_maps ? NULL : b->out.G_error},
                    {"F", plan->n_q, b->out.F},
                    {"F_errors", plan->n_q, b->out.F_error}};
    vtr_status status = VTR_OK;
    for (size_t d = 0; status == VTR_OK && d < 4; d++)
        if (datasets[d].rows != NULL)
            status = pdf_cube_write(cube->file, "pdf", datasets[d].name, cube->source.n_x, datasets[d].n,
                                    b->first, b->n, datasets[d].rows, err);
    return status;
}

static vtr_status compute_block(pdf_cube *cube, block *b, vtr_error *err)
{
    vtr_status status = pdf_source_read(&cube->source, b->first, b->n, b->intensity, b->variance, err);
    if (status != VTR_OK) return status;
    pdf_profiles_drop_gaps(cube->plan, b->n, b->intensity, b->variance);
    status = vtr_pdf_apply(cube->plan, b->n, b->intensity, b->variance, &b->out, cube->threads, err);
    if (status != VTR_OK) return status;
    keep_scale(cube, b);
    status = fit_shells(cube, b, err);
    if (status != VTR_OK) return status;
    fill_images(cube, b);
    return VTR_OK;
}

/* --- ranks -------------------------------------------------------------------------------------------------- */

enum { TAG_BLOCK = 40 };

typedef struct piece {
    void *values;
    size_t n_bytes;
} piece;
enum { PIECES_MOST = 3 + 12 + 2 * VTR_TEXT_LIST_MAX + 4 };

static void add_piece(piece *pieces, size_t *n, void *values, size_t at, size_t n_bytes)
{
    if (values != NULL) pieces[(*n)++] = (piece){(char *)values + at, n_bytes};
}

/* All that compute_block fills and that is used afterwards. */
static size_t list_pieces(piece *pieces, const pdf_cube *cube, const block *b)
{
    const vtr_pdf_plan *plan = cube->plan;
    size_t count = 0, at = b->first * sizeof(float), n_bytes = b->n * sizeof(float);
    add_piece(pieces, &count, cube->flags, b->first * sizeof *cube->flags, b->n * sizeof *cube->flags);
    add_piece(pieces, &count, cube->scale, at, n_bytes);
    add_piece(pieces, &count, cube->scale_error, at, n_bytes);
    for (size_t s = 0; s < 2; s++)
        for (size_t v = 0; v < 3; v++) {
            add_piece(pieces, &count, cube->peaks[s][v], at, n_bytes);
            add_piece(pieces, &count, cube->peak_errors[s][v], at, n_bytes);
        }
    for (size_t v = 0; v < cube->n_images; v++) {
        add_piece(pieces, &count, cube->images[v].values, at, n_bytes);
        add_piece(pieces, &count, cube->images[v].errors, at, n_bytes);
    }
    add_piece(pieces, &count, b->out.G, 0, plan->n_r * n_bytes);
    add_piece(pieces, &count, b->out.G_error, 0, plan->n_r * n_bytes);
    add_piece(pieces, &count, b->out.F, 0, plan->n_q * n_bytes);
    add_piece(pieces, &count, b->out.F_error, 0, plan->n_q * n_bytes);
    return count;
}

static vtr_status send_block(const pdf_cube *cube, const block *b, vtr_error *err)
{
    piece pieces[PIECES_MOST];
    size_t n = list_pieces(pieces, cube, b);
    vtr_status status = VTR_OK;
    for (size_t i = 0; status == VTR_OK && i < n; i++)
        status = vtr_ranks_send(cube->params->ranks, 0, TAG_BLOCK, pieces[i].values, pieces[i].n_bytes, err);
    return status;
}

static vtr_status receive_block(const pdf_cube *cube, const block *b, int from, vtr_error *err)
{
    piece pieces[PIECES_MOST];
    size_t n = list_pieces(pieces, cube, b);
    vtr_status status = VTR_OK;
    for (size_t i = 0; status == VTR_OK && i < n; i++)
        status =
            vtr_ranks_receive(cube->params->ranks, from, TAG_BLOCK, pieces[i].values, pieces[i].n_bytes, err);
    return status;
}

/* Ranks take blocks in turn; rank 0 puts them together in the order of the scan, so that sums over regions and the file are
 * those of one rank. */
static vtr_status run_block(pdf_cube *cube, block *b, vtr_error *err)
{
    vtr_ranks *ranks = cube->params->ranks;
    int rank = vtr_ranks_rank(ranks),
        owner = (int)(b->first / PDF_CUBE_BLOCK % (size_t)vtr_ranks_size(ranks));
    vtr_status status = VTR_OK;
    if (rank == owner) status = compute_block(cube, b, err);
    if (rank != 0) return status == VTR_OK && rank == owner ? send_block(cube, b, err) : status;
    if (status == VTR_OK && owner != 0) status = receive_block(cube, b, owner, err);
    if (status != VTR_OK) return status;
    for (size_t p = b->first; p < b->first + b->n; p++)
        cube->n_valid += !isnan(cube->scale[p]);
    add_to_regions(cube, b);
    return write_block(cube, b, err);
}

/* --- all ---------------------------------------------------------------------------------------------------- */

vtr_status pdf_cube_blocks(pdf_cube *cube, vtr_error *err)
{
    block b;
    size_t total = cube->source.n_positions;
    vtr_status status = allocate(&b, cube, err);
    for (size_t first = 0; status == VTR_OK && first < total; first += b.n) {
        b.first = first;
        b.n = total - first < PDF_CUBE_BLOCK ? total - first : PDF_CUBE_BLOCK;
        if (vtr_progress_cancelled(cube->progress))
            status = vtr_fail(err, VTR_ERR_INTERRUPTED, "interrupted at %zu of %zu positions", first, total);
        if (status == VTR_OK) status = run_block(cube, &b, err);
        vtr_progress_report(cube->progress, "PDFs", (double)(first + b.n), (double)total, "positions");
    }
    release(&b);
    return status;
}
