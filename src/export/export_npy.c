/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "export/export_internal.h"

/* .npy, version 1.0, float32 little-endian. */

enum { HEADER_BYTES = 128, PREFIX_BYTES = 10 };

static void write_header(FILE *out, size_t n_maps, const vtr_export_item *item)
{
    static const unsigned char prefix[PREFIX_BYTES] = {
        0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, HEADER_BYTES - PREFIX_BYTES, 0};
    char shape[64], header[HEADER_BYTES];
    if (item->n_z > 1 && n_maps > 1)
        snprintf(shape, sizeof shape, "%zu, %zu, %zu, %zu", n_maps, item->n_y, item->n_x, item->n_z);
    else if (item->n_z > 1)
        snprintf(shape, sizeof shape, "%zu, %zu, %zu", item->n_y, item->n_x, item->n_z);
    else if (n_maps > 1)
        snprintf(shape, sizeof shape, "%zu, %zu, %zu", n_maps, item->n_y, item->n_x);
    else
        snprintf(shape, sizeof shape, "%zu, %zu", item->n_y, item->n_x);
    memset(header, ' ', sizeof header);
    memcpy(header, prefix, sizeof prefix);
    char text[HEADER_BYTES];
    int n = snprintf(text, sizeof text, "{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }", shape);
    memcpy(header + PREFIX_BYTES, text, (size_t)n);
    header[HEADER_BYTES - 1] = '\n';
    fwrite(header, 1, sizeof header, out);
}

/* NULL: no data anywhere. */
static void write_rows(FILE *out, const float *values, const vtr_export_item *item, float *row)
{
    const size_t n = item->n_x * item->n_z;
    for (size_t y = 0; y < item->n_y; y++) {
        for (size_t i = 0; i < n; i++)
            row[i] = values != NULL ? values[y * n + i] : NAN;
        vtr_export_little_endian(row, n);
        fwrite(row, sizeof *row, n, out);
    }
}

static vtr_status write_npy(FILE *out, const vtr_export_job *job, vtr_error *err)
{
    const vtr_export_item *first = &job->items[0];
    float *row = vtr_malloc(first->n_x * first->n_z, sizeof *row);
    if (row == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory writing '%s'", job->path);
    write_header(out, job->with_errors ? 2 * job->n : job->n, first);
    for (size_t i = 0; i < job->n; i++) {
        write_rows(out, job->items[i].values, &job->items[i], row);
        if (job->with_errors) write_rows(out, job->items[i].errors, &job->items[i], row);
    }
    vtr_free(row);
    return VTR_OK;
}

const vtr_export_format vtr_export_npy = {
    .endings = {".npy"}, .takes_several = true, .takes_curves = true, .write = write_npy};
