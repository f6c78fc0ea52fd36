/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "dataset/companion.h"
#include "dataset/dataset_internal.h"

/* TIA (ESVision): images in NAME_1.ser, NAME_2.ser ..., what the microscope was doing in NAME.emi. A .ser lists the
 * place of each image; each has its own calibration, type and sizes, taken to be those of the first, and lies with its last row first. Either file is
 * opened; of an .emi with several series --dataset names one. Facts: the layout published by C. Boothroyd. */

enum { HEADER_BYTES = 30, IMAGE_HEADER_BYTES = 50, IMAGES = 0x4122 };

typedef struct ser {
    bool has_wide_offsets; /* of 8 bytes: version 0x220 */
    size_t n_images;
    uint64_t *places; /* of each image's header, once opened of its numbers; NULL: all one stride apart */
} ser;

static bool probe_ser(const unsigned char *head, size_t n)
{
    return n >= HEADER_BYTES && memcmp(head, "II\x97\x01", 4) == 0;
}

static bool probe_emi(const unsigned char *head, size_t n)
{
    return n >= 32 && memcmp(head, "JK\0\2\0\0\0\0", 8) == 0;
}

static uint64_t get(const unsigned char *bytes, size_t n)
{
    return vtr_bytes_to_unsigned(bytes, n, false);
}

static double get_real(const unsigned char *bytes)
{
    uint64_t bits = get(bytes, 8);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* One dimension of the series: size, calibration, and two texts with their lengths. */
typedef struct dimension {
    size_t size;
    double step;
    char unit[32];
} dimension;

static bool read_dimension(const vtr_file *file, uint64_t *at, dimension *d)
{
    unsigned char bytes[28];
    if (vtr_file_read(file, *at, bytes, sizeof bytes, NULL) != VTR_OK) return false;
    d->size = (size_t)get(bytes, 4);
    d->step = get_real(bytes + 12);
    *at += sizeof bytes + get(bytes + 24, 4);
    if (vtr_file_read(file, *at, bytes, 4, NULL) != VTR_OK) return false;
    size_t n = (size_t)get(bytes, 4), kept = n < sizeof d->unit ? n : 0;
    if (vtr_file_read(file, *at + 4, d->unit, kept, NULL) != VTR_OK) return false;
    d->unit[kept] = '\0';
    *at += 4 + (uint64_t)n;
    return true;
}

/* A scan has two dimensions, x first; a stack one, which is no place. */
static void set_scan(vtr_dataset *dataset, size_t at, size_t n_dimensions, size_t n_images)
{
    dimension d[2];
    uint64_t from = at;
    dataset->info.shape[1] = n_images;
    if (n_dimensions != 2 || !read_dimension(&dataset->file, &from, &d[0]) ||
        !read_dimension(&dataset->file, &from, &d[1]) || d[0].size == 0 || d[1].size == 0 ||
        d[0].size > n_images || d[1].size > n_images)
        return;
    dataset->info.shape[0] = d[1].size;
    dataset->info.shape[1] = d[0].size;
    for (int axis = 0; axis < 2; axis++)
        vtr_dataset_calibrate(dataset, axis, d[1 - axis].step,
                              d[1 - axis].unit[0] != '\0' ? d[1 - axis].unit : "m");
}

static vtr_status damaged(const vtr_dataset *dataset, const char *what, vtr_error *err)
{
    return vtr_fail(err, VTR_ERR_FORMAT, "cannot read '%s': the .ser file is damaged (%s)", dataset->path,
                    what);
}

/* Where each image stands. Offsets that are a stride apart need no table; others are kept, 8 bytes an image. */
static vtr_status read_places(vtr_dataset *dataset, ser *s, uint64_t table, size_t n_valid, vtr_error *err)
{
    size_t width = s->has_wide_offsets ? 8 : 4, bytes;
    if (table > dataset->file.size || n_valid > (dataset->file.size - table) / width ||
        !vtr_multiply_size(n_valid, 8, &bytes))
        return damaged(dataset, "its list of images is longer than the file", err);
    s->places = vtr_malloc(n_valid, 8);
    if (s->places == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
    unsigned char *raw = (unsigned char *)s->places;
    vtr_status status = vtr_file_read(&dataset->file, table, raw, n_valid * width, err);
    if (status != VTR_OK) return status;
    for (size_t i = n_valid; i-- > 0;) /* from behind: the entries become wider in place */
        s->places[i] = get(raw + i * width, width);
    s->n_images = n_valid;
    return VTR_OK;
}

static vtr_status set_type(vtr_dataset *dataset, unsigned type, vtr_error *err)
{
    static const vtr_type types[] = {VTR_TYPE_U8,  VTR_TYPE_U16, VTR_TYPE_U32, VTR_TYPE_I8,
                                     VTR_TYPE_I16, VTR_TYPE_I32, VTR_TYPE_F32, VTR_TYPE_F64};
    if (type == 9 || type == 10)
        return vtr_fail(err, VTR_ERR_TYPE, "cannot read '%s': its images hold complex numbers",
                        dataset->path);
    if (type < 1 || type > 8) return damaged(dataset, "a type of numbers that there is not", err);
    dataset->info.type = types[type - 1];
    return VTR_OK;
}

/* The first image says type, sizes and calibration in m, of patterns in 1/m: no pixel is a kilometre long. */
static vtr_status read_first_image(vtr_dataset *dataset, ser *s, vtr_error *err)
{
    unsigned char head[IMAGE_HEADER_BYTES];
    vtr_status status = vtr_file_read(&dataset->file, s->places[0], head, sizeof head, err);
    if (status == VTR_OK) status = set_type(dataset, (unsigned)get(head + 40, 2), err);
    if (status != VTR_OK) return status;
    const uint64_t sizes[2] = {get(head + 46, 4), get(head + 42, 4)};
    status = vtr_dataset_set_shape(dataset, sizes, 2, err);
    if (status != VTR_OK) return status;
    for (int axis = 2; axis < 4; axis++) {
        double step = fabs(get_real(head + (axis == 3 ? 8 : 28)));
        vtr_dataset_calibrate(dataset, axis, step, step > 1e3 ? "1/m" : "m");
    }
    return VTR_OK;
}

/* Keeps the images that are whole; drops the table where they are one stride apart. */
static vtr_status settle_places(vtr_dataset *dataset, ser *s, vtr_error *err)
{
    size_t frame_bytes = vtr_dataset_frame_bytes(&dataset->info), n = 0;
    uint64_t whole = frame_bytes + IMAGE_HEADER_BYTES, size = dataset->file.size;
    while (n < s->n_images && size >= whole && s->places[n] <= size - whole)
        n++;
    if (n == 0) return damaged(dataset, "it ends within its first image", err);
    if (n < s->n_images)
        vtr_dataset_note(dataset, "the header promises %zu images, the file holds %zu", s->n_images, n);
    uint64_t stride = n > 1 && s->places[1] > s->places[0] ? s->places[1] - s->places[0] : whole;
    bool is_even = true;
    for (size_t i = 1; i < n && is_even; i++)
        is_even = s->places[i] == s->places[i - 1] + stride;
    dataset->stored_frames = s->n_images = n;
    dataset->flat.offset = s->places[0] + IMAGE_HEADER_BYTES;
    dataset->flat.stride = stride;
    dataset->flat.is_swapped = vtr_is_big_endian();
    dataset->flat.is_plain = is_even;
    dataset->flat.is_turned = true;
    if (!is_even) {
        for (size_t i = 0; i < n; i++)
            s->places[i] += IMAGE_HEADER_BYTES;
        return VTR_OK;
    }
    vtr_free(s->places);
    s->places = NULL;
    return VTR_OK;
}

static vtr_status open_images(vtr_dataset *dataset, const vtr_dataset_params *params, vtr_error *err)
{
    unsigned char head[HEADER_BYTES + 4];
    vtr_status status = vtr_file_read(&dataset->file, 0, head, sizeof head, err);
    if (status != VTR_OK) return damaged(dataset, "it ends within its header", err);
    ser *s = vtr_calloc(1, sizeof *s);
    if (s == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
    dataset->state = s;
    s->has_wide_offsets = get(head + 4, 2) >= 0x220;
    size_t n_valid = (size_t)get(head + 18, 4), at = s->has_wide_offsets ? 30 : 26;
    if (get(head + 6, 4) != IMAGES)
        return vtr_fail(err, VTR_ERR_SHAPE, "cannot read '%s': it holds spectra, of one dimension",
                        dataset->path);
    if (n_valid == 0)
        return vtr_fail(err, VTR_ERR_NO_DATA, "cannot read '%s': it holds no image", dataset->path);
    status = read_places(dataset, s, get(head + 22, s->has_wide_offsets ? 8 : 4), n_valid, err);
    if (status == VTR_OK) status = read_first_image(dataset, s, err);
    if (status == VTR_OK) status = settle_places(dataset, s, err);
    if (status != VTR_OK) return status;
    size_t n_dimensions = (size_t)get(head + at, 4);
    set_scan(dataset, at + 4, n_dimensions, dataset->stored_frames);
    if (dataset->stored_frames > 1 && dataset->info.shape[0] == 1 && params->scan_shape[0] == 0)
        vtr_dataset_note(dataset, "the file does not say the scan's shape; give --scan-shape");
    return VTR_OK;
}

/* What an .emi adds to its series. */
static void read_conditions(vtr_dataset *dataset, const char *path)
{
    vtr_file file = {.descriptor = -1};
    enum { MOST = 1 << 20 };
    if (vtr_file_open(&file, path, NULL) != VTR_OK) return;
    /* its text is at the end, behind a copy of an image */
    size_t n = file.size < MOST ? (size_t)file.size : (size_t)MOST;
    char *text = vtr_malloc(n + 1, 1);
    const char *mark = "<AcceleratingVoltage>";
    double volts;
    if (text != NULL && vtr_file_read(&file, file.size - n, text, n, NULL) == VTR_OK) {
        for (size_t i = 0; i < n; i++)
            if (text[i] == '\0') text[i] = ' ';
        text[n] = '\0';
        if (vtr_text_number_after(text, mark, &volts) && volts >= 1e3 && volts <= 1e7)
            dataset->info.beam_energy_kev = 1e-3 * volts;
    }
    vtr_free(text);
    vtr_file_close(&file);
}

static vtr_status open_ser(vtr_dataset *dataset, const vtr_dataset_params *params, vtr_error *err)
{
    vtr_status status = open_images(dataset, params, err);
    if (status != VTR_OK) return status;
    char name[512];
    snprintf(name, sizeof name, "%s", vtr_companion_name(dataset->path));
    char *end = strrchr(name, '_');
    if (end == NULL || end + 5 > name + sizeof name) return VTR_OK;
    memcpy(end, ".emi", 5);
    char *path = vtr_companion_path(dataset->path, name);
    if (path != NULL) read_conditions(dataset, path);
    vtr_free(path);
    return VTR_OK;
}

/* The series of NAME.emi are NAME_1.ser, NAME_2.ser ...; `wanted` names another than the first. */
static vtr_status open_emi(vtr_dataset *dataset, const vtr_dataset_params *params, vtr_error *err)
{
    char name[512];
    const char *own = vtr_companion_name(dataset->path);
    size_t stem = strlen(own) > 4 && vtr_text_ends_with_nocase(own, ".emi") ? strlen(own) - 4 : strlen(own);
    if (params->dataset != NULL)
        snprintf(name, sizeof name, "%s", vtr_companion_name(params->dataset));
    else
        snprintf(name, sizeof name, "%.*s_1.ser", (int)(stem < 400 ? stem : 400), own);
    char *path = vtr_companion_path(dataset->path, name);
    vtr_status status = path != NULL ? vtr_companion_enter(dataset, path, err)
                                     : vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
    vtr_free(path);
    unsigned char head[HEADER_BYTES];
    if (status == VTR_OK) status = vtr_file_read(&dataset->file, 0, head, sizeof head, err);
    if (status == VTR_OK && !probe_ser(head, sizeof head))
        status = vtr_fail(err, VTR_ERR_FORMAT, "cannot read '%s': '%s' is no .ser file", dataset->path, name);
    if (status == VTR_OK) status = open_images(dataset, params, err);
    if (status != VTR_OK) return status;
    snprintf(dataset->info.dataset, sizeof dataset->info.dataset, "%.255s", name);
    read_conditions(dataset, dataset->path);
    char second[512];
    snprintf(second, sizeof second, "%.*s_2.ser", (int)(stem < 400 ? stem : 400), own);
    path = vtr_companion_path(dataset->path, second);
    vtr_file other = {.descriptor = -1};
    if (params->dataset == NULL && path != NULL && vtr_file_open(&other, path, NULL) == VTR_OK)
        vtr_dataset_note(dataset, "its first series; others by --dataset, such as %s", second);
    vtr_file_close(&other);
    vtr_free(path);
    return VTR_OK;
}

static vtr_status read_images(vtr_dataset *dataset, size_t first, size_t n, void *frames, vtr_error *err)
{
    const ser *s = dataset->state;
    vtr_status status = s->places == NULL ? vtr_flat_read(dataset, first, n, frames, err)
                                          : vtr_flat_read_at(dataset, s->places + first, n, frames, err);
    if (status == VTR_OK) vtr_flat_turn_rows(dataset, frames, n);
    return status;
}

static void close_tia(vtr_dataset *dataset)
{
    ser *s = dataset->state;
    if (s != NULL) vtr_free(s->places);
    vtr_free(s);
}

const vtr_dataset_format vtr_format_ser = {
    .name = "TIA series", .probe = probe_ser, .open = open_ser, .read = read_images, .close = close_tia};
const vtr_dataset_format vtr_format_emi = {
    .name = "TIA", .probe = probe_emi, .open = open_emi, .read = read_images, .close = close_tia};
