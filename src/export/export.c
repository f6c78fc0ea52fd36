/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "export/export_internal.h"
#include "vitrail/output.h"

/* One line a format. */
static const vtr_export_format *const formats[] = {&vtr_export_tiff, &vtr_export_gsf,  &vtr_export_csv,
                                                   &vtr_export_npy,  &vtr_export_hspy, &vtr_export_emd};

static const vtr_export_format *find_format(const char *path)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        for (size_t j = 0; j < 3 && formats[i]->endings[j] != NULL; j++)
            if (vtr_text_ends_with_nocase(path, formats[i]->endings[j])) return formats[i];
    return NULL;
}

const char *vtr_export_unit(const vtr_export_item *item)
{
    return strcmp(item->unit, "1") == 0 ? "" : item->unit;
}

void vtr_export_label(char *text, size_t size, const vtr_export_item *item, bool is_error)
{
    const char *unit = vtr_export_unit(item);
    snprintf(text, size, "%s/%s%s%s%s%s", item->group, item->name, is_error ? " error" : "",
             unit[0] != '\0' ? " (" : "", unit, unit[0] != '\0' ? ")" : "");
}

static bool is_big_endian(void)
{
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    return first == 0;
}

void vtr_export_little_endian(float *values, size_t n)
{
    if (!is_big_endian()) return;
    for (size_t i = 0; i < n; i++) {
        unsigned char b[4], swapped[4];
        memcpy(b, &values[i], 4);
        for (int k = 0; k < 4; k++)
            swapped[k] = b[3 - k];
        memcpy(&values[i], swapped, 4);
    }
}

static vtr_status check(const vtr_export_format *format, const vtr_export_job *job, vtr_error *err)
{
    if (job->n == 0) return vtr_fail(err, VTR_ERR_ARGUMENT, "nothing to write to '%s'", job->path);
    if (job->n > 1 && !format->takes_several)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "'%s' would hold %zu maps, and its format takes one: choose one, or another format",
                        job->path, job->n);
    for (size_t i = 0; i < job->n; i++) {
        const vtr_export_item *item = &job->items[i], *first = &job->items[0];
        if (item->n_z > 1 && (!format->takes_curves || (job->n > 1 && !format->takes_sizes)))
            return vtr_fail(
                err, VTR_ERR_ARGUMENT,
                "'%s/%s' has a curve at every position: write it to .hspy or .emd, or alone to .npy",
                item->group, item->name);
        if (!format->takes_sizes && (item->n_y != first->n_y || item->n_x != first->n_x))
            return vtr_fail(err, VTR_ERR_SHAPE, "'%s/%s' is %zu x %zu, '%s/%s' %zu x %zu: one file each",
                            first->group, first->name, first->n_y, first->n_x, item->group, item->name,
                            item->n_y, item->n_x);
    }
    return VTR_OK;
}

typedef struct text_job {
    const vtr_export_format *format;
    const vtr_export_job *job;
} text_job;

static vtr_status write_text(FILE *out, void *user, vtr_error *err)
{
    const text_job *t = user;
    return t->format->write(out, t->job, err);
}

static vtr_status write_file(const vtr_export_format *format, const vtr_export_job *job, bool force,
                             vtr_error *err)
{
    vtr_status status = vtr_output_check(job->path, force, err);
    if (status != VTR_OK) return status;
    char *partial = vtr_partial_path(job->path);
    if (partial == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory writing '%s'", job->path);
    int lock = -1;
    status = vtr_output_lock(&lock, partial, job->path, err);
    if (status == VTR_OK) {
        status = format->write_file(partial, job, err);
        if (status == VTR_OK)
            status = vtr_output_commit(partial, job->path, err);
        else
            vtr_output_discard(partial);
        close(lock);
    }
    vtr_free(partial);
    return status;
}

vtr_status vtr_export_write(const char *path, const vtr_export_item *items, size_t n,
                            const vtr_export_params *params, vtr_error *err)
{
    const vtr_export_params p = params != NULL ? *params : (vtr_export_params){0};
    const vtr_export_format *format = find_format(path);
    const vtr_export_job job = {path, items, n, p.with_errors};
    if (format == NULL)
        return vtr_fail(
            err, VTR_ERR_ARGUMENT,
            "cannot write '%s': its ending names no format; .tif, .tiff, .gsf, .csv, .npy, .hspy and "
            ".emd do",
            path);
    vtr_status status = check(format, &job, err);
    if (status != VTR_OK) return status;
    if (format->write_file != NULL) return write_file(format, &job, p.force, err);
    text_job user = {format, &job};
    return vtr_output_write(path, p.force, write_text, &user, err);
}
