/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Direct Electron's Celeritas writes the upper and the lower half of its detector into two Norpix sequences,
 * NAME_Top_HH-MM-SS.mmm.seq and NAME_Bottom_HH-MM-SS.mmm.seq, each begun a little later than the other. Every frame of
 * these holds several halves of patterns, one below the other, as many as NAME.seq.Config.Metadata.xml says. The upper
 * half is read out from the middle of the detector: its rows are stored upside down. */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "dataset/companion.h"
#include "dataset/seq_internal.h"

enum { UPPER, LOWER, N_HALVES, MAX_NAME = 256 };
static const char *const marks[N_HALVES] = {"_Top", "_Bottom"}, *const names[N_HALVES] = {"upper", "lower"};
/* Halves of one recording begin within this time. */
static const double most_apart_s = 5;

typedef struct halves {
    int own; /* which of them is dataset->file */
    vtr_file other;
    uint64_t offset[N_HALVES], stride[N_HALVES];
    size_t in_block; /* patterns of one frame of the sequences */
    size_t bytes;    /* of half a pattern */
} halves;

/* Where the mark of a half begins in a file's name, the last one; 0: nowhere. */
static size_t find_mark(const char *name, int half)
{
    size_t at = 0;
    for (const char *next = strstr(name, marks[half]); next != NULL; next = strstr(next + 1, marks[half])) {
        const char after = next[strlen(marks[half])];
        if (after == '_' || after == '.') at = (size_t)(next - name);
    }
    return at;
}

/* The time of day that stands behind the mark; NAN: none. */
static double time_of(const char *name, int half)
{
    unsigned h, m, s, ms;
    const char *text = name + find_mark(name, half) + strlen(marks[half]);
    if (sscanf(text, "_%2u-%2u-%2u.%3u", &h, &m, &s, &ms) != 4) return (double)NAN;
    return 3600.0 * h + 60.0 * m + s + ms / 1000.0;
}

static double seconds_apart(double a, double b)
{
    double apart = fabs(a - b);
    return apart > 43200 ? 86400 - apart : apart;
}

/* The name of the other half in the same folder: the one that began at the same time. Without times in the names there
 * may be but one. Empty where there is none. */
static vtr_status find_other(char other[MAX_NAME], const vtr_dataset *dataset, int own, vtr_error *err)
{
    const char *name = vtr_companion_name(dataset->path);
    const size_t stem = find_mark(name, own);
    const int half = own == UPPER ? LOWER : UPPER;
    const double began = time_of(name, own);
    double best = INFINITY;
    size_t n = 0;
    other[0] = '\0';
    char *path = vtr_companion_path(dataset->path, ".");
    DIR *folder = path != NULL ? opendir(path) : NULL;
    vtr_free(path);
    if (folder == NULL)
        return vtr_fail(err, VTR_ERR_IO, "cannot look for the other half of '%s' in its folder",
                        dataset->path);
    for (const struct dirent *e = readdir(folder); e != NULL; e = readdir(folder)) {
        if (strncmp(e->d_name, name, stem) != 0 || find_mark(e->d_name, half) != stem ||
            strlen(e->d_name) >= MAX_NAME || !vtr_text_ends_with_nocase(e->d_name, ".seq"))
            continue;
        double apart = seconds_apart(time_of(e->d_name, half), began);
        if (apart > most_apart_s || (n > 0 && apart >= best)) continue;
        n = apart < best ? 1 : n + 1;
        best = apart;
        memcpy(other, e->d_name, strlen(e->d_name) + 1);
    }
    closedir(folder);
    if (n > 1)
        return vtr_fail(
            err, VTR_ERR_FORMAT,
            "cannot read '%s': several files could be the other half, '%s' is one; keep the right one",
            dataset->path, other);
    return VTR_OK;
}

/* How many patterns a frame of the sequences holds. */
static vtr_status find_in_block(halves *h, vtr_dataset *dataset, const seq_layout *layout, size_t stem,
                                vtr_error *err)
{
    char name[MAX_NAME + 32];
    double said = 0;
    snprintf(name, sizeof name, "%.*s.seq.Config.Metadata.xml", (int)stem, vtr_companion_name(dataset->path));
    char *path = vtr_companion_path(dataset->path, name);
    char *text = path != NULL ? vtr_companion_read(path) : NULL;
    bool is_said = vtr_text_number_after(text, "<SegmentPreBuffer Value=\"", &said);
    vtr_free(text);
    vtr_free(path);
    if (is_said && said >= 1 && said <= (double)layout->rows) {
        h->in_block = (size_t)said;
    } else {
        h->in_block = layout->columns > 0 ? 2 * layout->rows / layout->columns : 0;
        vtr_dataset_note(dataset,
                         "'%s' does not say how many patterns a block holds; they are taken as square", name);
    }
    if (h->in_block == 0 || layout->rows % h->in_block != 0)
        return vtr_fail(err, VTR_ERR_FORMAT,
                        "cannot read '%s': blocks of %zu rows cannot hold %zu halves of a pattern (see '%s')",
                        dataset->path, layout->rows, h->in_block, name);
    return VTR_OK;
}

static vtr_status open_other(halves *h, seq_layout layouts[N_HALVES], const vtr_dataset *dataset,
                             const char *other, vtr_error *err)
{
    const seq_layout *mine = &layouts[h->own];
    seq_layout *theirs = &layouts[h->own == UPPER ? LOWER : UPPER];
    char *path = vtr_companion_path(dataset->path, other);
    vtr_status status = path != NULL ? vtr_file_open(&h->other, path, err)
                                     : vtr_fail(err, VTR_ERR_MEMORY, "out of memory opening '%s'", other);
    if (status == VTR_OK) status = seq_layout_read(theirs, &h->other, path, err);
    vtr_free(path);
    if (status == VTR_OK &&
        (theirs->rows != mine->rows || theirs->columns != mine->columns || theirs->type != mine->type))
        status =
            vtr_fail(err, VTR_ERR_SHAPE, "cannot read '%s': the other half, '%s', is of another size or type",
                     dataset->path, other);
    return status;
}

static vtr_status join(vtr_dataset *dataset, halves *h, const seq_layout layouts[N_HALVES], vtr_error *err)
{
    size_t counts[N_HALVES], rows = layouts[UPPER].rows / h->in_block;
    for (int half = 0; half < N_HALVES; half++) {
        counts[half] = seq_layout_count(&layouts[half]);
        h->offset[half] = layouts[half].offset;
        h->stride[half] = layouts[half].stride;
        if (layouts[half].there < layouts[half].promised)
            vtr_dataset_note(dataset, "the header of the %s half promises %zu blocks, the file holds %zu",
                             names[half], layouts[half].promised, layouts[half].there);
    }
    size_t n = counts[UPPER] < counts[LOWER] ? counts[UPPER] : counts[LOWER];
    if (counts[UPPER] != counts[LOWER])
        vtr_dataset_note(
            dataset,
            "the upper half has %zu blocks of %zu patterns, the lower one %zu: those of both are read",
            counts[UPPER], h->in_block, counts[LOWER]);
    const uint64_t sizes[3] = {n > 0 ? (uint64_t)n * h->in_block : 1, 2 * rows, layouts[UPPER].columns};
    vtr_status status = vtr_dataset_set_shape(dataset, sizes, 3, err);
    if (status != VTR_OK) return status;
    h->bytes = vtr_dataset_frame_bytes(&dataset->info) / 2;
    dataset->stored_frames = dataset->info.shape[1] = n * h->in_block;
    dataset->info.file_bytes += h->other.size;
    return VTR_OK;
}

static int which_half(const char *name)
{
    for (int half = 0; half < N_HALVES; half++)
        if (find_mark(name, half) > 0) return half;
    return N_HALVES;
}

vtr_status seq_join_halves(vtr_dataset *dataset, const seq_layout *layout, bool *is_joined, vtr_error *err)
{
    const char *name = vtr_companion_name(dataset->path);
    const int own = which_half(name);
    char other[MAX_NAME];
    seq_layout layouts[N_HALVES];
    if (own == N_HALVES) return VTR_OK;
    vtr_status status = find_other(other, dataset, own, err);
    if (status != VTR_OK) return status;
    const size_t stem = find_mark(name, own);
    if (other[0] == '\0') {
        vtr_dataset_note(dataset,
                         "the %s half of a detector alone, blocks of patterns as tall ones: the other half, "
                         "'%.*s%s...seq', is not beside it",
                         names[own], (int)stem, name, marks[own == UPPER ? LOWER : UPPER]);
        return VTR_OK;
    }
    halves *h = vtr_calloc(1, sizeof *h);
    if (h == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory opening '%s'", dataset->path);
    dataset->state = h;
    *h = (halves){.own = own, .other = {.descriptor = -1}};
    layouts[own] = *layout;
    status = open_other(h, layouts, dataset, other, err);
    if (status == VTR_OK) status = find_in_block(h, dataset, layout, stem, err);
    if (status == VTR_OK) status = join(dataset, h, layouts, err);
    if (status != VTR_OK) return status;
    char sequence[MAX_NAME + 8];
    snprintf(sequence, sizeof sequence, "%.*s.seq", (int)stem, name);
    seq_note_references(dataset, sequence);
    *is_joined = true;
    return VTR_OK;
}

vtr_status seq_read_halves(vtr_dataset *dataset, size_t first, size_t n, void *frames, vtr_error *err)
{
    const halves *h = dataset->state;
    const size_t rows = dataset->info.shape[2] / 2;
    vtr_status status = VTR_OK;
    char *to = frames;
    for (size_t frame = first; frame < first + n && status == VTR_OK; frame++) {
        const size_t block = frame / h->in_block, within = frame % h->in_block * h->bytes;
        for (int half = 0; half < N_HALVES && status == VTR_OK; half++, to += h->bytes) {
            const vtr_file *file = half == h->own ? &dataset->file : &h->other;
            status =
                vtr_file_read(file, h->offset[half] + block * h->stride[half] + within, to, h->bytes, err);
            if (half == UPPER) vtr_turn_rows(to, rows, h->bytes / rows);
        }
    }
    if (status == VTR_OK && dataset->flat.is_swapped)
        vtr_swap_bytes(frames, n * vtr_dataset_frame_pixels(&dataset->info),
                       vtr_type_size(dataset->info.type));
    return status;
}

void seq_close_halves(vtr_dataset *dataset)
{
    halves *h = dataset->state;
    if (h != NULL) vtr_file_close(&h->other);
    vtr_free(h);
    dataset->state = NULL;
}
