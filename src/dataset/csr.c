/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sparse recordings of event-driven cameras, as LiberTEM names them: a text in TOML beside three files of bare numbers, where each
 * frame's entries begin (scan positions + 1), and of each entry its pixel, counted through the frame, and its value. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_internal.h"
#include "dataset/companion.h"
#include "dataset/dataset_internal.h"

enum { BLOCK = 2048, MOST_TEXT = 1 << 16, NAME_BYTES = 256 };

/* Bare numbers of one type in a file. */
typedef struct column {
    vtr_file file;
    size_t bytes; /* of a number */
    char kind;    /* u, i, f */
    bool is_big_endian;
    uint64_t n;
} column;

typedef struct csr {
    column begins, pixels, values;
} csr;

/* --- the text ------------------------------------------------------------------------------------------------------- */

static bool probe(const unsigned char *head, size_t n)
{
    char text[4096];
    if (n >= sizeof text) n = sizeof text - 1;
    memcpy(text, head, n);
    text[n] = '\0';
    return strlen(text) == n && strstr(text, "[raw_csr]") != NULL && strstr(text, "filetype") != NULL;
}

/* What stands behind "name =" on a line of its own; NULL: nothing. */
static const char *value_of(const char *text, const char *name)
{
    const size_t n = strlen(name);
    for (const char *line = text; line != NULL && *line != '\0';) {
        line += strspn(line, " \t\r\n");
        if (strncmp(line, name, n) == 0) {
            const char *at = line + n + strspn(line + n, " \t");
            if (*at == '=') return at + 1 + strspn(at + 1, " \t");
        }
        line = strchr(line, '\n');
    }
    return NULL;
}

static vtr_status missing(const vtr_dataset *dataset, const char *name, vtr_error *err)
{
    return vtr_fail(err, VTR_ERR_FORMAT, "cannot read '%s': it does not say %s", dataset->path, name);
}

/* A text between quotes. */
static vtr_status take_text(char value[NAME_BYTES], const vtr_dataset *dataset, const char *text,
                            const char *name, vtr_error *err)
{
    const char *from = value_of(text, name), *end = NULL;
    if (from != NULL && (*from == '"' || *from == '\'')) end = strchr(from + 1, *from);
    if (end == NULL || end - from - 1 >= NAME_BYTES) return missing(dataset, name, err);
    memcpy(value, from + 1, (size_t)(end - from - 1));
    value[end - from - 1] = '\0';
    return VTR_OK;
}

/* Sizes between brackets; *n of them. */
static vtr_status take_sizes(uint64_t sizes[4], size_t *n, const vtr_dataset *dataset, const char *text,
                             const char *name, vtr_error *err)
{
    const char *at = value_of(text, name);
    *n = 0;
    if (at == NULL || *at++ != '[') return missing(dataset, name, err);
    for (;;) {
        at += strspn(at, " \t\r\n");
        size_t digits = strspn(at, "0123456789");
        if (digits == 0 || digits > 15 || *n == 4) return missing(dataset, name, err);
        sizes[(*n)++] = strtoull(at, NULL, 10);
        at += digits;
        at += strspn(at, " \t\r\n");
        if (*at == ']') return VTR_OK;
        if (*at++ != ',') return missing(dataset, name, err);
    }
}

/* "<i4", "uint32", ... */
static bool take_type(column *c, const char *text)
{
    static const struct {
        const char *name, *code;
    } names[] = {{"uint8", "u1"}, {"uint16", "u2"}, {"uint32", "u4"}, {"uint64", "u8"},  {"int8", "i1"},
                 {"int16", "i2"}, {"int32", "i4"},  {"int64", "i8"},  {"float32", "f4"}, {"float64", "f8"}};
    const char *code = text;
    c->is_big_endian = text[0] == '>';
    if (strchr("<>|=", text[0]) != NULL && text[0] != '\0') code++;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(code, names[i].name) == 0 || strcmp(code, names[i].code) == 0) {
            c->kind = names[i].code[0];
            c->bytes = (size_t)(names[i].code[1] - '0');
            return true;
        }
    return false;
}

static vtr_status open_column(column *c, const vtr_dataset *dataset, const char *text, const char *name,
                              vtr_error *err)
{
    char key[64], value[NAME_BYTES];
    snprintf(key, sizeof key, "%s_dtype", name);
    vtr_status status = take_text(value, dataset, text, key, err);
    if (status != VTR_OK) return status;
    if (!take_type(c, value))
        return vtr_fail(err, VTR_ERR_FORMAT, "cannot read '%s': %s is '%s', which is no type of numbers",
                        dataset->path, key, value);
    snprintf(key, sizeof key, "%s_file", name);
    status = take_text(value, dataset, text, key, err);
    if (status != VTR_OK) return status;
    char *path = value[0] == '/' ? vtr_strdup(value) : vtr_companion_path(dataset->path, value);
    if (path == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory opening '%s'", dataset->path);
    status = vtr_file_open(&c->file, path, err);
    vtr_free(path);
    if (status != VTR_OK)
        return vtr_fail_context(err, status, "cannot read '%s': its %s", dataset->path, key);
    c->n = c->file.size / c->bytes;
    return VTR_OK;
}

/* --- numbers ---------------------------------------------------------------------------------------------------------- */

/* n numbers from number `first` on, in this machine's order. */
static vtr_status read_column(void *to, const column *c, uint64_t first, size_t n, vtr_error *err)
{
    vtr_status status = vtr_file_read(&c->file, first * c->bytes, to, n * c->bytes, err);
    if (status == VTR_OK && c->is_big_endian != vtr_is_big_endian() && c->bytes > 1)
        vtr_swap_bytes(to, n, c->bytes);
    return status;
}

/* Number i as one that counts; negative ones are too large. */
static uint64_t whole(const void *numbers, const column *c, size_t i)
{
    const unsigned char *at = (const unsigned char *)numbers + i * c->bytes;
    uint64_t value = vtr_bytes_to_unsigned(at, c->bytes, vtr_is_big_endian());
    bool is_negative = c->kind == 'i' && value >> (8 * c->bytes - 1) != 0;
    return is_negative ? UINT64_MAX : value;
}

static double real(const void *numbers, const column *c, size_t i)
{
    const unsigned char *at = (const unsigned char *)numbers + i * c->bytes;
    if (c->kind == 'f') {
        float single;
        double value;
        if (c->bytes == 8) memcpy(&value, at, sizeof value);
        if (c->bytes == 4) memcpy(&single, at, sizeof single);
        return c->bytes == 8 ? value : (double)single;
    }
    uint64_t bits = vtr_bytes_to_unsigned(at, c->bytes, vtr_is_big_endian());
    if (c->kind == 'i' && c->bytes < 8 && bits >> (8 * c->bytes - 1) != 0) bits |= UINT64_MAX << 8 * c->bytes;
    return c->kind == 'i' ? (double)(int64_t)bits : (double)bits;
}

/* Entries with one pixel add up, since events are listed one by one; false where the sum is none of the type. */
static bool add(void *frame, vtr_type type, size_t pixel, double value)
{
    switch (type) {
    case VTR_TYPE_U8:
        value += ((uint8_t *)frame)[pixel];
        if (!(value >= 0 && value <= UINT8_MAX)) return false;
        ((uint8_t *)frame)[pixel] = (uint8_t)value;
        return true;
    case VTR_TYPE_U16:
        value += ((uint16_t *)frame)[pixel];
        if (!(value >= 0 && value <= UINT16_MAX)) return false;
        ((uint16_t *)frame)[pixel] = (uint16_t)value;
        return true;
    case VTR_TYPE_U32:
        value += ((uint32_t *)frame)[pixel];
        if (!(value >= 0 && value <= UINT32_MAX)) return false;
        ((uint32_t *)frame)[pixel] = (uint32_t)value;
        return true;
    case VTR_TYPE_I32:
        value += ((int32_t *)frame)[pixel];
        if (!(value >= INT32_MIN && value <= INT32_MAX)) return false;
        ((int32_t *)frame)[pixel] = (int32_t)value;
        return true;
    case VTR_TYPE_F32:
        ((float *)frame)[pixel] += (float)value;
        return true;
    default:
        ((double *)frame)[pixel] += value;
        return true;
    }
}

/* Signed small numbers are read as i32, 64-bit ones as f64. */
static vtr_type type_of(const column *c)
{
    if (c->bytes == 8) return VTR_TYPE_F64;
    if (c->kind == 'f') return VTR_TYPE_F32;
    if (c->kind == 'i') return VTR_TYPE_I32;
    return c->bytes == 1 ? VTR_TYPE_U8 : c->bytes == 2 ? VTR_TYPE_U16 : VTR_TYPE_U32;
}

/* --- recordings --------------------------------------------------------------------------------------------------------- */

static vtr_status take_shape(vtr_dataset *dataset, const char *text, vtr_error *err)
{
    uint64_t scan[4], frame[4], sizes[4];
    size_t n_scan, n_frame;
    vtr_status status = take_sizes(scan, &n_scan, dataset, text, "nav_shape", err);
    if (status == VTR_OK) status = take_sizes(frame, &n_frame, dataset, text, "sig_shape", err);
    if (status != VTR_OK) return status;
    if (n_scan > 2 || n_frame != 2)
        return vtr_fail(err, VTR_ERR_SHAPE,
                        "cannot read '%s': its scan has %zu dimensions and its frames %zu", dataset->path,
                        n_scan, n_frame);
    memcpy(sizes, scan, n_scan * sizeof *sizes);
    memcpy(sizes + n_scan, frame, 2 * sizeof *sizes);
    return vtr_dataset_set_shape(dataset, sizes, n_scan + 2, err);
}

static vtr_status take_all(vtr_dataset *dataset, csr *c, const char *text, vtr_error *err)
{
    vtr_status status = take_shape(dataset, text, err);
    if (status == VTR_OK) status = open_column(&c->begins, dataset, text, "indptr", err);
    if (status == VTR_OK) status = open_column(&c->pixels, dataset, text, "indices", err);
    if (status == VTR_OK) status = open_column(&c->values, dataset, text, "data", err);
    if (status != VTR_OK) return status;
    if (c->begins.kind == 'f' || c->pixels.kind == 'f')
        return vtr_fail(err, VTR_ERR_FORMAT, "cannot read '%s': indptr and indices are whole numbers",
                        dataset->path);
    if (c->pixels.n != c->values.n)
        vtr_dataset_note(dataset, "%llu pixels are listed and %llu values", (unsigned long long)c->pixels.n,
                         (unsigned long long)c->values.n);
    dataset->info.type = type_of(&c->values);
    dataset->info.file_bytes += c->begins.file.size + c->pixels.file.size + c->values.file.size;
    dataset->stored_frames = c->begins.n > 0 ? (size_t)(c->begins.n - 1) : 0;
    return vtr_dataset_check_shape(dataset, err);
}

static vtr_status open_csr(vtr_dataset *dataset, const vtr_dataset_params *params, vtr_error *err)
{
    (void)params;
    csr *c = vtr_calloc(1, sizeof *c);
    if (c == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory opening '%s'", dataset->path);
    c->begins.file.descriptor = c->pixels.file.descriptor = c->values.file.descriptor = -1;
    dataset->state = c; /* freed when the dataset is closed */
    const size_t n = dataset->file.size < MOST_TEXT ? (size_t)dataset->file.size : MOST_TEXT;
    char *text = vtr_malloc(n + 1, 1);
    if (text == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory opening '%s'", dataset->path);
    text[n] = '\0';
    vtr_status status = vtr_file_read(&dataset->file, 0, text, n, err);
    if (status == VTR_OK) status = take_all(dataset, c, text, err);
    vtr_free(text);
    return status;
}

static vtr_status damaged(const vtr_dataset *dataset, size_t frame, const char *what, vtr_error *err)
{
    return vtr_fail(err, VTR_ERR_IO, "cannot read '%s': frame %zu: %s", dataset->path, frame, what);
}

static vtr_status read_frame(const vtr_dataset *dataset, size_t frame, void *to, vtr_error *err)
{
    const csr *c = dataset->state;
    const size_t n_pixels = vtr_dataset_frame_pixels(&dataset->info);
    uint64_t ends[2], pixels[BLOCK], values[BLOCK]; /* of numbers of up to eight bytes */
    vtr_status status = read_column(ends, &c->begins, frame, 2, err);
    if (status != VTR_OK) return status;
    uint64_t at = whole(ends, &c->begins, 0), end = whole(ends, &c->begins, 1);
    if (at > end || end > c->pixels.n || end > c->values.n)
        return damaged(dataset, frame, "its entries begin or end where there are none", err);
    memset(to, 0, vtr_dataset_frame_bytes(&dataset->info));
    for (size_t n; at < end; at += n) {
        n = end - at < BLOCK ? (size_t)(end - at) : BLOCK;
        status = read_column(pixels, &c->pixels, at, n, err);
        if (status == VTR_OK) status = read_column(values, &c->values, at, n, err);
        if (status != VTR_OK) return status;
        for (size_t i = 0; i < n; i++) {
            uint64_t pixel = whole(pixels, &c->pixels, i);
            if (pixel >= n_pixels) return damaged(dataset, frame, "an entry lies beyond its pixels", err);
            if (!add(to, dataset->info.type, (size_t)pixel, real(values, &c->values, i)))
                return damaged(dataset, frame, "a pixel's entries add up to more than its type holds", err);
        }
    }
    return VTR_OK;
}

static vtr_status read_csr(vtr_dataset *dataset, size_t first, size_t n, void *frames, vtr_error *err)
{
    const size_t bytes = vtr_dataset_frame_bytes(&dataset->info);
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < n && status == VTR_OK; i++)
        status = read_frame(dataset, first + i, (char *)frames + i * bytes, err);
    return status;
}

static void close_csr(vtr_dataset *dataset)
{
    csr *c = dataset->state;
    if (c == NULL) return;
    vtr_file_close(&c->begins.file);
    vtr_file_close(&c->pixels.file);
    vtr_file_close(&c->values.file);
    vtr_free(c);
}

const vtr_dataset_format vtr_format_csr = {
    .name = "sparse (CSR)", .probe = probe, .open = open_csr, .read = read_csr, .close = close_csr};
