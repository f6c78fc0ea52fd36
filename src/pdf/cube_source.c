/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "pdf/cube_internal.h"
#include "vitrail/ring_map.h"

static const char group[] = "profile";

/* --- runs of positions -------------------------------------------------------------------------------------- */

/* The next rectangle of positions first ... first + left - 1: the rest of a scan row, whole rows, the begin of one. */
static size_t next_run(size_t start[3], size_t count[3], size_t n_x, size_t n_last, size_t first, size_t left)
{
    size_t y = first / n_x, x = first % n_x;
    bool is_whole = x == 0 && left >= n_x;
    size_t n_rows = is_whole ? left / n_x : 1;
    size_t n_columns = is_whole ? n_x : n_x - x < left ? n_x - x : left;
    memcpy(start, (const size_t[3]){y, x, 0}, 3 * sizeof *start);
    memcpy(count, (const size_t[3]){n_rows, n_columns, n_last}, 3 * sizeof *count);
    return n_rows * n_columns;
}

vtr_status pdf_cube_read(const vtr_mapfile *file, const char *from, const char *name, size_t n_x,
                         size_t n_last, size_t first, size_t n, float *rows, vtr_error *err)
{
    size_t start[3], count[3];
    for (size_t done = 0, run; done < n; done += run) {
        run = next_run(start, count, n_x, n_last, first + done, n - done);
        vtr_status status = vtr_mapfile_read_block(file, from, name, VTR_TYPE_F32, 3, start, count,
                                                   rows + done * n_last, err);
        if (status != VTR_OK) return status;
    }
    return VTR_OK;
}

vtr_status pdf_cube_write(vtr_mapfile *file, const char *to, const char *name, size_t n_x, size_t n_last,
                          size_t first, size_t n, const float *rows, vtr_error *err)
{
    size_t start[3], count[3];
    for (size_t done = 0, run; done < n; done += run) {
        run = next_run(start, count, n_x, n_last, first + done, n - done);
        vtr_status status =
            vtr_mapfile_write_block(file, to, name, VTR_TYPE_F32, 3, start, count, rows + done * n_last, err);
        if (status != VTR_OK) return status;
    }
    return VTR_OK;
}

/* --- opening ------------------------------------------------------------------------------------------------ */

static vtr_status read_shape(pdf_source *s, vtr_error *err)
{
    size_t rank = 0, shape[8] = {0}, other[8] = {0};
    if (!vtr_mapfile_has(s->file, group, "intensity") || !vtr_mapfile_has(s->file, group, "variance") ||
        !vtr_mapfile_has(s->file, group, "k"))
        return vtr_fail(err, VTR_ERR_NOT_FOUND,
                        "the map file has no radial profiles ('/entry/profile'); make them with vitrail map");
    vtr_status status = vtr_mapfile_shape(s->file, group, "variance", &rank, other, NULL, err);
    if (status == VTR_OK) status = vtr_mapfile_shape(s->file, group, "intensity", &rank, shape, NULL, err);
    if (status != VTR_OK) return status;
    if (rank != 3 || memcmp(shape, other, 3 * sizeof *shape) != 0)
        return vtr_fail(err, VTR_ERR_SHAPE,
                        "'/entry/profile' does not hold intensity and variance of shape scan_y x scan_x x k");
    s->n_y = shape[0];
    s->n_x = shape[1];
    s->n_positions = shape[0] * shape[1];
    s->n_data = shape[2];
    return VTR_OK;
}

static vtr_status read_axis(pdf_source *s, vtr_error *err)
{
    char unit[32];
    vtr_status status = vtr_mapfile_read_text(s->file, group, "k", "units", unit, sizeof unit, err);
    if (status == VTR_OK && strcmp(unit, "1/angstrom") != 0)
        return vtr_fail(
            err, VTR_ERR_ARGUMENT,
            "the profiles are over a radius in %s, and a PDF needs k: give vitrail map the scale with "
            "--ring-k or --k-scale",
            unit);
    return status == VTR_OK ? vtr_mapfile_read(s->file, group, "k", VTR_TYPE_F64, s->n_data, s->k, err)
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

static double axis_step(const vtr_mapfile *file, const char *axis, size_t n)
{
    const size_t start = 1, one = 1;
    char unit[32];
    double step;
    if (n < 2 || !vtr_mapfile_has(file, group, axis)) return NAN;
    if (vtr_mapfile_read_text(file, group, axis, "units", unit, sizeof unit, NULL) != VTR_OK) return NAN;
    if (strcmp(unit, "nm") != 0) return NAN;
    if (vtr_mapfile_read_block(file, group, axis, VTR_TYPE_F64, 1, &start, &one, &step, NULL) != VTR_OK)
        return NAN;
    return step > 0 ? step : NAN;
}

vtr_status pdf_source_open(pdf_source *source, const vtr_mapfile *file, vtr_error *err)
{
    *source = (pdf_source){.file = file};
    vtr_status status = read_shape(source, err);
    if (status != VTR_OK) return status;
    source->k = vtr_calloc(source->n_data, sizeof(double));
    source->mean = vtr_calloc(source->n_data, sizeof(double));
    source->variance = vtr_calloc(source->n_data, sizeof(double));
    source->flags = vtr_calloc(source->n_positions, sizeof(uint32_t));
    if (source->k == NULL || source->mean == NULL || source->variance == NULL || source->flags == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu positions", source->n_positions);
    source->scan_step_nm[0] = axis_step(file, "scan_y", source->n_y);
    source->scan_step_nm[1] = axis_step(file, "scan_x", source->n_x);
    status = read_axis(source, err);
    return status == VTR_OK ? read_flags(source, err) : status;
}

void pdf_source_release(pdf_source *source)
{
    vtr_free(source->k);
    vtr_free(source->mean);
    vtr_free(source->variance);
    vtr_free(source->flags);
    source->k = source->mean = source->variance = NULL;
    source->flags = NULL;
}

/* --- the mean ----------------------------------------------------------------------------------------------- */

typedef struct sums {
    double *intensity, *variance, *n; /* [n_data] */
    float *rows[2];                   /* [PDF_CUBE_BLOCK][n_data] */
    size_t n_profiles;
} sums;

/* Adds in the order of the scan, each bin by itself. */
static void add_block(sums *s, size_t n, size_t n_data)
{
    for (size_t p = 0; p < n; p++) {
        const float *intensity = s->rows[0] + p * n_data, *variance = s->rows[1] + p * n_data;
        bool has_any = false;
        for (size_t j = 0; j < n_data; j++) {
            if (!isfinite(intensity[j]) || !isfinite(variance[j])) continue;
            s->intensity[j] += intensity[j];
            s->variance[j] += variance[j];
            s->n[j]++;
            has_any = true;
        }
        s->n_profiles += has_any;
    }
}

/* A bin that more than one profile in a hundred lacks is no part of the range: the positions that lack it would be
 * lost. */
static vtr_status finish(pdf_source *source, const sums *s, vtr_error *err)
{
    if (s->n_profiles == 0) return vtr_fail(err, VTR_ERR_NO_DATA, "no position has a radial profile");
    for (size_t j = 0; j < source->n_data; j++) {
        bool is_there = s->n[j] >= 0.99 * (double)s->n_profiles;
        source->mean[j] = is_there ? s->intensity[j] / s->n[j] : NAN;
        source->variance[j] = is_there ? s->variance[j] / s->n[j] : NAN;
    }
    return VTR_OK;
}

vtr_status pdf_source_mean(pdf_source *source, const vtr_progress *progress, vtr_error *err)
{
    size_t n_data = source->n_data, total = source->n_positions;
    sums s = {.intensity = vtr_calloc(n_data, sizeof(double)),
              .variance = vtr_calloc(n_data, sizeof(double)),
              .n = vtr_calloc(n_data, sizeof(double)),
              .rows = {vtr_malloc(PDF_CUBE_BLOCK * n_data, sizeof(float)),
                       vtr_malloc(PDF_CUBE_BLOCK * n_data, sizeof(float))}};
    vtr_status status = VTR_OK;
    if (s.intensity == NULL || s.variance == NULL || s.n == NULL || s.rows[0] == NULL || s.rows[1] == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for profiles of %zu points", n_data);
    for (size_t first = 0; status == VTR_OK && first < total; first += PDF_CUBE_BLOCK) {
        size_t n = total - first < PDF_CUBE_BLOCK ? total - first : PDF_CUBE_BLOCK;
        if (vtr_progress_cancelled(progress)) status = vtr_fail(err, VTR_ERR_INTERRUPTED, "interrupted");
        if (status == VTR_OK)
            status = pdf_cube_read(source->file, group, "intensity", source->n_x, n_data, first, n, s.rows[0],
                                   err);
        if (status == VTR_OK)
            status =
                pdf_cube_read(source->file, group, "variance", source->n_x, n_data, first, n, s.rows[1], err);
        if (status == VTR_OK) add_block(&s, n, n_data);
        vtr_progress_report(progress, "mean profile", (double)(first + n), (double)total, "positions");
    }
    if (status == VTR_OK) status = finish(source, &s, err);
    vtr_free(s.intensity);
    vtr_free(s.variance);
    vtr_free(s.n);
    vtr_free(s.rows[0]);
    vtr_free(s.rows[1]);
    return status;
}
