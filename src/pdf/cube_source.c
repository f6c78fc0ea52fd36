/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "pdf/cube_internal.h"
#include "vitrail/constants.h"
#include "vitrail/ring_map.h"

/* --- runs of positions -------------------------------------------------------------------------------------- */

enum { MAX_RANK = 4 };

/* The next rectangle of positions first ... first + left - 1: the rest of a scan row, whole rows, the begin of one. */
static size_t next_run(size_t start[2], size_t count[2], size_t n_x, size_t first, size_t left)
{
    size_t y = first / n_x, x = first % n_x;
    bool is_whole = x == 0 && left >= n_x;
    start[0] = y;
    start[1] = x;
    count[0] = is_whole ? left / n_x : 1;
    count[1] = is_whole ? n_x : n_x - x < left ? n_x - x : left;
    return count[0] * count[1];
}

/* Positions first ... first + n - 1 of a dataset [n_y][n_x][inner]. */
static vtr_status read_positions(const pdf_source *s, const char *name, size_t first, size_t n, float *rows,
                                 vtr_error *err)
{
    size_t start[MAX_RANK] = {0}, count[MAX_RANK] = {0}, rank = s->n_sectors > 0 ? 4 : 3;
    size_t inner = s->n_data * (s->n_sectors > 0 ? s->n_sectors : 1);
    count[2] = s->n_sectors > 0 ? s->n_sectors : s->n_data;
    count[3] = s->n_data;
    for (size_t done = 0, run; done < n; done += run) {
        run = next_run(start, count, s->n_x, first + done, n - done);
        vtr_status status = vtr_mapfile_read_block(s->file, s->group, name, VTR_TYPE_F32, rank, start, count,
                                                   rows + done * inner, err);
        if (status != VTR_OK) return status;
    }
    return VTR_OK;
}

vtr_status pdf_cube_write(vtr_mapfile *file, const char *to, const char *name, size_t n_x, size_t n_last,
                          size_t first, size_t n, const float *rows, vtr_error *err)
{
    size_t start[3] = {0}, count[3] = {0, 0, n_last};
    for (size_t done = 0, run; done < n; done += run) {
        run = next_run(start, count, n_x, first + done, n - done);
        vtr_status status =
            vtr_mapfile_write_block(file, to, name, VTR_TYPE_F32, 3, start, count, rows + done * n_last, err);
        if (status != VTR_OK) return status;
    }
    return VTR_OK;
}

/* Mean of two opposite sectors; of the one that has data where the other has none (a beam stop). */
static void join(float *intensity, float *variance, const float *i, const float *v, size_t opposite, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        bool is_here = isfinite(i[j]) && isfinite(v[j]),
             is_there = isfinite(i[j + opposite]) && isfinite(v[j + opposite]);
        intensity[j] = is_here && is_there ? 0.5F * (i[j] + i[j + opposite])
                       : is_here           ? i[j]
                                           : i[j + opposite];
        variance[j] = is_here && is_there ? 0.25F * (v[j] + v[j + opposite])
                      : is_here           ? v[j]
                                          : v[j + opposite];
    }
}

vtr_status pdf_source_read(pdf_source *s, size_t first, size_t n, float *intensity, float *variance,
                           vtr_error *err)
{
    bool is_joined = s->n_sectors > 0;
    size_t row = s->n_sectors * s->n_data;
    if (is_joined && s->room[0] == NULL) {
        s->room[0] = vtr_malloc(PDF_CUBE_BLOCK * row, sizeof(float));
        s->room[1] = vtr_malloc(PDF_CUBE_BLOCK * row, sizeof(float));
        if (s->room[0] == NULL || s->room[1] == NULL)
            return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for profiles of %zu sectors", s->n_sectors);
    }
    vtr_status status = read_positions(s, "intensity", first, n, is_joined ? s->room[0] : intensity, err);
    if (status == VTR_OK)
        status = read_positions(s, "variance", first, n, is_joined ? s->room[1] : variance, err);
    for (size_t p = 0; status == VTR_OK && is_joined && p < n; p++)
        for (size_t d = 0; d < s->n_directions; d++) {
            size_t to = (p * s->n_directions + d) * s->n_data, from = p * row + d * s->n_data;
            join(intensity + to, variance + to, s->room[0] + from, s->room[1] + from, row / 2, s->n_data);
        }
    return status;
}

/* --- opening ------------------------------------------------------------------------------------------------ */

static vtr_status read_shape(pdf_source *s, vtr_error *err)
{
    bool is_sectors = strcmp(s->group, "sectors") == 0;
    size_t rank = 0, shape[8] = {0}, other[8] = {0}, wanted = is_sectors ? 4 : 3;
    if (!vtr_mapfile_has(s->file, s->group, "intensity") || !vtr_mapfile_has(s->file, s->group, "variance") ||
        !vtr_mapfile_has(s->file, s->group, "k"))
        return vtr_fail(
            err, VTR_ERR_NOT_FOUND, "the map file has no %s ('/entry/%s'); make them with vitrail map%s",
            is_sectors ? "profiles of sectors" : "radial profiles", s->group, is_sectors ? " --sectors" : "");
    vtr_status status = vtr_mapfile_shape(s->file, s->group, "variance", &rank, other, NULL, err);
    if (status == VTR_OK) status = vtr_mapfile_shape(s->file, s->group, "intensity", &rank, shape, NULL, err);
    if (status != VTR_OK) return status;
    if (rank != wanted || memcmp(shape, other, wanted * sizeof *shape) != 0 ||
        (is_sectors && (shape[2] < 6 || shape[2] % 2 != 0)))
        return vtr_fail(err, VTR_ERR_SHAPE,
                        "'/entry/%s' does not hold intensity and variance of shape scan_y x scan_x x %sk",
                        s->group, is_sectors ? "an even number of sectors, 6 or more, x " : "");
    s->n_y = shape[0];
    s->n_x = shape[1];
    s->n_positions = shape[0] * shape[1];
    s->n_sectors = is_sectors ? shape[2] : 0;
    s->n_directions = is_sectors ? shape[2] / 2 : 1;
    s->n_data = shape[rank - 1];
    return VTR_OK;
}

static vtr_status read_axis(pdf_source *s, vtr_error *err)
{
    char unit[32];
    vtr_status status = vtr_mapfile_read_text(s->file, s->group, "k", "units", unit, sizeof unit, err);
    if (status == VTR_OK && strcmp(unit, "1/angstrom") != 0)
        return vtr_fail(
            err, VTR_ERR_ARGUMENT,
            "the profiles are over a radius in %s, and a PDF needs k: give vitrail map the scale with "
            "--ring-k or --k-scale",
            unit);
    return status == VTR_OK ? vtr_mapfile_read(s->file, s->group, "k", VTR_TYPE_F64, s->n_data, s->k, err)
                            : status;
}

/* Why a position has no frame stands in the ring's flags; a file without a ring says nothing about it. */
static vtr_status read_flags(pdf_source *s, vtr_error *err)
{
    size_t rank = 0, shape[8] = {0};
    if (!vtr_mapfile_has(s->file, "ring", "flags")) return VTR_OK;
    vtr_status status = vtr_mapfile_shape(s->file, "ring", "flags", &rank, shape, NULL, err);
    if (status != VTR_OK || rank != 2 || shape[0] != s->n_y || shape[1] != s->n_x) return status;
    status = vtr_mapfile_read(s->file, "ring", "flags", VTR_TYPE_U32, s->n_positions, s->flags, err);
    for (size_t i = 0; status == VTR_OK && i < s->n_positions; i++)
        s->flags[i] &= VTR_FLAG_MISSING | VTR_FLAG_EMPTY | VTR_FLAG_INVALID;
    return status;
}

vtr_status pdf_source_open(pdf_source *source, const vtr_mapfile *file, const char *group, vtr_error *err)
{
    *source = (pdf_source){.file = file, .group = group};
    vtr_status status = read_shape(source, err);
    if (status != VTR_OK) return status;
    source->k = vtr_calloc(source->n_data, sizeof(double));
    source->mean = vtr_calloc(source->n_data, sizeof(double));
    source->variance = vtr_calloc(source->n_data, sizeof(double));
    source->flags = vtr_calloc(source->n_positions, sizeof(uint32_t));
    if (source->k == NULL || source->mean == NULL || source->variance == NULL || source->flags == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu positions", source->n_positions);
    status = vtr_mapfile_read_scan_steps(file, group, source->n_y, source->n_x, source->scan_step_nm, err);
    if (status == VTR_OK) status = read_axis(source, err);
    return status == VTR_OK ? read_flags(source, err) : status;
}

void pdf_source_release(pdf_source *source)
{
    vtr_free(source->k);
    vtr_free(source->mean);
    vtr_free(source->variance);
    vtr_free(source->flags);
    vtr_free(source->room[0]);
    vtr_free(source->room[1]);
    source->room[0] = source->room[1] = NULL;
    source->k = source->mean = source->variance = NULL;
    source->flags = NULL;
}

/* --- the mean ----------------------------------------------------------------------------------------------- */

/* Sums of a block: intensity, variance and number of each bin [3][n_data], and how many profiles have any. */
static void add_block(double *sums, const pdf_source *source, size_t first, size_t n, float *const rows[2])
{
    size_t n_data = source->n_data;
    for (size_t p = 0; p < n * source->n_directions; p++) {
        const float *intensity = rows[0] + p * n_data, *variance = rows[1] + p * n_data;
        bool has_any = false;
        if (source->flags[first + p / source->n_directions] & (VTR_FLAG_MISSING | VTR_FLAG_EMPTY)) continue;
        for (size_t j = 0; j < n_data; j++) {
            if (!isfinite(intensity[j]) || !isfinite(variance[j])) continue;
            sums[j] += (double)intensity[j];
            sums[n_data + j] += (double)variance[j];
            sums[2 * n_data + j]++;
            has_any = true;
        }
        sums[3 * n_data] += has_any;
    }
}

/* A bin that more than one profile in a hundred lacks is no part of the range: the positions that lack it would be
 * lost. */
static vtr_status finish(pdf_source *source, const double *sums, vtr_error *err)
{
    size_t n_data = source->n_data;
    const double *number = sums + 2 * n_data, n_profiles = sums[3 * n_data];
    if (n_profiles == 0) return vtr_fail(err, VTR_ERR_NO_DATA, "no position has a radial profile");
    for (size_t j = 0; j < n_data; j++) {
        bool is_there = number[j] >= 0.99 * n_profiles;
        source->mean[j] = is_there ? sums[j] / number[j] : NAN;
        source->variance[j] = is_there ? sums[n_data + j] / number[j] : NAN;
    }
    return VTR_OK;
}

static size_t count_blocks(const pdf_source *source)
{
    return (source->n_positions + PDF_CUBE_BLOCK - 1) / PDF_CUBE_BLOCK;
}

void pdf_source_part(size_t *begin, size_t *end, const pdf_source *source, const vtr_ranks *ranks)
{
    size_t first, n;
    vtr_ranks_blocks(ranks, count_blocks(source), &first, &n);
    *begin = first * PDF_CUBE_BLOCK;
    *end = (first + n) * PDF_CUBE_BLOCK;
    if (*begin > source->n_positions) *begin = source->n_positions;
    if (*end > source->n_positions) *end = source->n_positions;
}

/* This rank's blocks into `sum`; `of_block` [3 n_data + 1]. */
static vtr_status add_part(vtr_block_sum *sum, double *of_block, float *const rows[2], pdf_source *source,
                           const vtr_ranks *ranks, const vtr_progress *progress, vtr_error *err)
{
    size_t begin, end;
    vtr_status status = VTR_OK;
    pdf_source_part(&begin, &end, source, ranks);
    for (size_t first = begin; status == VTR_OK && first < end; first += PDF_CUBE_BLOCK) {
        size_t n = end - first < PDF_CUBE_BLOCK ? end - first : PDF_CUBE_BLOCK;
        if (vtr_progress_cancelled(progress)) return vtr_fail(err, VTR_ERR_INTERRUPTED, "interrupted");
        status = pdf_source_read(source, first, n, rows[0], rows[1], err);
        if (status != VTR_OK) break;
        memset(of_block, 0, (3 * source->n_data + 1) * sizeof *of_block);
        add_block(of_block, source, first, n, rows);
        vtr_block_sum_add(sum, first / PDF_CUBE_BLOCK, of_block);
        vtr_progress_report(progress, "mean profile", (double)(first - begin + n), (double)(end - begin),
                            "positions");
    }
    return status;
}

vtr_status pdf_source_mean(pdf_source *source, vtr_ranks *ranks, const vtr_progress *progress, vtr_error *err)
{
    size_t n_data = source->n_data, n_sums = 3 * n_data + 1, n_rows = PDF_CUBE_BLOCK * source->n_directions;
    vtr_block_sum *sum = NULL;
    double *sums = vtr_calloc(n_sums, sizeof *sums);
    float *rows[2] = {vtr_malloc(n_rows * n_data, sizeof(float)), vtr_malloc(n_rows * n_data, sizeof(float))};
    vtr_status status = vtr_block_sum_create(&sum, n_sums, count_blocks(source), err);
    if (status == VTR_OK && (sums == NULL || rows[0] == NULL || rows[1] == NULL))
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for profiles of %zu points", n_data);
    if (status == VTR_OK) status = add_part(sum, sums, rows, source, ranks, progress, err);
    status = vtr_ranks_agree(ranks, status, err);
    if (status == VTR_OK) status = vtr_ranks_sum(ranks, sum, sums, err);
    if (status == VTR_OK) status = finish(source, sums, err);
    vtr_block_sum_free(sum);
    vtr_free(sums);
    vtr_free(rows[0]);
    vtr_free(rows[1]);
    return status;
}

/* Where the range begins unless qmin is given: outside the disc of the direct beam and what the bins blur of its edge;
 * at the latest at the inner foot of the first ring, where also a beam that was not seen has ended. It should begin
 * low: the line at low r, by which a density sets the scale, is a feature of low Q. NAN where the file does not know
 * its ring. */
static double begin_of_range(const pdf_source *s)
{
    const double blur_px = 2.5;
    double annulus_px[2], step, beam_px, begin_px;
    if (vtr_mapfile_read_numbers(s->file, "calibration", NULL, "ring.annulus_px", 2, annulus_px, NULL) !=
            VTR_OK ||
        vtr_mapfile_read_numbers(s->file, "calibration", NULL, "k_step_inv_angstrom", 1, &step, NULL) !=
            VTR_OK)
        return NAN;
    begin_px = annulus_px[0];
    if (vtr_mapfile_read_numbers(s->file, "calibration", NULL, "beam_radius_px", 1, &beam_px, NULL) ==
            VTR_OK &&
        beam_px + blur_px < begin_px)
        begin_px = beam_px + blur_px;
    return 2 * VTR_PI * step * begin_px;
}

/* What neighbouring samples share, as the pass stored it; sectors share very nearly the same. */
static vtr_status correlate(vtr_pdf_plan *plan, const pdf_source *s, vtr_error *err)
{
    size_t rank = 0, shape[8] = {0};
    if (!vtr_mapfile_has(s->file, "profile", "correlation")) return VTR_OK;
    vtr_status status = vtr_mapfile_shape(s->file, "profile", "correlation", &rank, shape, NULL, err);
    if (status != VTR_OK) return status;
    if (rank != 2 || shape[0] == 0 || shape[1] != s->n_data)
        return vtr_fail(err, VTR_ERR_SHAPE, "'/entry/profile/correlation' is not of shape lag x %zu samples",
                        s->n_data);
    double *values = vtr_malloc(shape[0] * shape[1], sizeof *values);
    if (values == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu lags", shape[0]);
    status =
        vtr_mapfile_read(s->file, "profile", "correlation", VTR_TYPE_F64, shape[0] * shape[1], values, err);
    size_t n_q = vtr_pdf_plan_n_q(plan), n_lags = shape[0] < n_q ? shape[0] : n_q;
    if (status == VTR_OK) status = vtr_pdf_plan_correlate(plan, n_lags, values, err);
    vtr_free(values);
    return status;
}

vtr_status pdf_source_plan(vtr_pdf_plan **plan, const pdf_source *source, const vtr_pdf_params *params,
                           vtr_error *err)
{
    const vtr_pdf_profile mean = {source->n_data, source->k, source->mean, source->variance,
                                  VTR_PDF_AXIS_K_INV_ANGSTROM};
    vtr_pdf_params own = params != NULL ? *params : vtr_pdf_default_params();
    if (isnan(own.qmin)) own.qmin = begin_of_range(source);
    vtr_pdf_plan *made = NULL;
    vtr_status status = vtr_pdf_plan_create(&made, &mean, &own, err);
    if (status == VTR_OK) status = correlate(made, source, err);
    if (status != VTR_OK)
        vtr_pdf_plan_free(&made);
    else
        *plan = made;
    return status;
}

/* --- gaps --------------------------------------------------------------------------------------------------- */

bool pdf_profile_has_gap(const vtr_pdf_plan *plan, const float *intensity, const float *variance)
{
    for (size_t j = plan->first; j < plan->first + plan->n_q; j++)
        if (!isfinite(intensity[j]) || !isfinite(variance[j])) return true;
    return false;
}

void pdf_profiles_drop_gaps(const vtr_pdf_plan *plan, size_t n, float *intensity, const float *variance)
{
    for (size_t i = 0; i < n; i++) {
        size_t at = i * plan->n_data;
        if (!pdf_profile_has_gap(plan, intensity + at, variance + at)) continue;
        for (size_t j = 0; j < plan->n_data; j++)
            intensity[at + j] = NAN;
    }
}
