/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "dataset/dataset_internal.h"

/* NumPy's .npy, versions 1 to 3: magic, version, length of the header, a Python dictionary as text, the numbers.
 * Format: NumPy Enhancement Proposal 1 and numpy.lib.format. */

static const unsigned char magic[] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
enum { HEADER_MAX_BYTES = 65536, MAX_SIZES = 8 };

static bool probe(const unsigned char *head, size_t n)
{
    return n >= 10 && memcmp(head, magic, sizeof magic) == 0;
}

static vtr_status damaged(const vtr_dataset *dataset, const char *what, vtr_error *err)
{
    return vtr_fail(err, VTR_ERR_FORMAT, "cannot read '%s': its NumPy header is damaged (%s)", dataset->path,
                    what);
}

/* What follows 'key': in the dictionary, white space skipped; NULL where the key is missing. */
static const char *find_value(const char *header, const char *key)
{
    char quoted[2][32];
    snprintf(quoted[0], sizeof quoted[0], "'%s'", key);
    snprintf(quoted[1], sizeof quoted[1], "\"%s\"", key);
    const char *at = strstr(header, quoted[0]);
    if (at == NULL) at = strstr(header, quoted[1]);
    if (at == NULL) return NULL;
    at += strlen(quoted[0]);
    at += strspn(at, " \t\n");
    if (*at != ':') return NULL;
    return at + 1 + strspn(at + 1, " \t\n");
}

static const struct {
    const char *code; /* kind and bytes, as in the descr "<u2" */
    vtr_type type;
    int stored;
} types[] = {
    {"u1", VTR_TYPE_U8, VTR_FLAT_AS_IS},      {"b1", VTR_TYPE_U8, VTR_FLAT_AS_IS},
    {"u2", VTR_TYPE_U16, VTR_FLAT_AS_IS},     {"u4", VTR_TYPE_U32, VTR_FLAT_AS_IS},
    {"i1", VTR_TYPE_I8, VTR_FLAT_AS_IS},      {"i2", VTR_TYPE_I16, VTR_FLAT_AS_IS},
    {"i4", VTR_TYPE_I32, VTR_FLAT_AS_IS},     {"f4", VTR_TYPE_F32, VTR_FLAT_AS_IS},
    {"f8", VTR_TYPE_F64, VTR_FLAT_AS_IS},     {"u8", VTR_TYPE_F64, VTR_FLAT_UNSIGNED_64},
    {"i8", VTR_TYPE_F64, VTR_FLAT_SIGNED_64},
};

static vtr_status parse_type(vtr_dataset *dataset, const char *header, vtr_error *err)
{
    const char *descr = find_value(header, "descr");
    if (descr == NULL) return damaged(dataset, "no 'descr'", err);
    char text[16] = "";
    if (*descr == '\'' || *descr == '"') {
        size_t n = strcspn(descr + 1, "'\"");
        if (n < sizeof text) {
            memcpy(text, descr + 1, n);
            text[n] = '\0';
        }
    }
    char order = text[0];
    for (size_t i = 0; i < sizeof types / sizeof *types && strchr("<>|=", order) != NULL && order != '\0';
         i++) {
        if (strcmp(text + 1, types[i].code) != 0) continue;
        dataset->info.type = types[i].type;
        dataset->flat.is_swapped = order == (vtr_is_big_endian() ? '<' : '>');
        if (types[i].stored == VTR_FLAT_UNSIGNED_64) dataset->flat.stored = VTR_FLAT_UNSIGNED_64;
        if (types[i].stored == VTR_FLAT_SIGNED_64) dataset->flat.stored = VTR_FLAT_SIGNED_64;
        if (types[i].stored != VTR_FLAT_AS_IS)
            vtr_dataset_note(dataset, "64-bit integers are read as f64 (exact up to 2^53)");
        return VTR_OK;
    }
    return vtr_fail(
        err, VTR_ERR_TYPE,
        "cannot read '%s': numbers of type %.40s are not supported; save them as integers or floats of "
        "up to 8 bytes",
        dataset->path, text[0] != '\0' ? text : "(structured)");
}

static vtr_status parse_sizes(vtr_dataset *dataset, const char *header, uint64_t sizes[MAX_SIZES],
                              size_t *n_sizes, vtr_error *err)
{
    const char *at = find_value(header, "shape");
    if (at == NULL || *at != '(') return damaged(dataset, "no 'shape'", err);
    at++;
    size_t n = 0;
    for (;;) {
        at += strspn(at, " \t\n,");
        if (*at == ')') break;
        char digits[24];
        size_t length = strspn(at, "0123456789");
        size_t value;
        if (n == MAX_SIZES || length == 0 || length >= sizeof digits) return damaged(dataset, "'shape'", err);
        memcpy(digits, at, length);
        digits[length] = '\0';
        if (vtr_parse_size(digits, &value) != 0) return damaged(dataset, "'shape'", err);
        sizes[n++] = value;
        at += length;
    }
    *n_sizes = n;
    return VTR_OK;
}

/* The order of the axes is C's where at most one of them is longer than 1. */
static vtr_status check_order(const vtr_dataset *dataset, const char *header, const uint64_t *sizes,
                              size_t n_sizes, vtr_error *err)
{
    const char *fortran = find_value(header, "fortran_order");
    if (fortran == NULL) return damaged(dataset, "no 'fortran_order'", err);
    size_t long_axes = 0;
    for (size_t i = 0; i < n_sizes; i++)
        long_axes += sizes[i] > 1;
    if (!vtr_text_starts_with(fortran, "True") || long_axes <= 1) return VTR_OK;
    return vtr_fail(
        err, VTR_ERR_FORMAT,
        "cannot read '%s': its array is in Fortran order; save numpy.ascontiguousarray(array) instead",
        dataset->path);
}

static vtr_status parse_header(vtr_dataset *dataset, const char *header, vtr_error *err)
{
    uint64_t sizes[MAX_SIZES];
    size_t n_sizes = 0;
    vtr_status status = parse_type(dataset, header, err);
    if (status == VTR_OK) status = parse_sizes(dataset, header, sizes, &n_sizes, err);
    if (status == VTR_OK) status = check_order(dataset, header, sizes, n_sizes, err);
    if (status == VTR_OK) status = vtr_dataset_set_shape(dataset, sizes, n_sizes, err);
    if (status != VTR_OK) return status;
    size_t frame_bytes = vtr_dataset_frame_bytes(&dataset->info), there;
    dataset->flat.stride = frame_bytes;
    there = vtr_flat_count(dataset, frame_bytes);
    size_t wanted = vtr_dataset_n_positions(&dataset->info);
    dataset->stored_frames = there < wanted ? there : wanted;
    dataset->flat.is_plain = dataset->flat.stored == VTR_FLAT_AS_IS;
    return VTR_OK;
}

static vtr_status open_npy(vtr_dataset *dataset, const vtr_dataset_params *params, vtr_error *err)
{
    (void)params;
    unsigned char start[12];
    size_t got = 0;
    vtr_status status = vtr_file_read_some(&dataset->file, 0, start, sizeof start, &got, err);
    if (status != VTR_OK) return status;
    if (got < sizeof start) return damaged(dataset, "too short", err);
    if (start[6] < 1 || start[6] > 3) return damaged(dataset, "unknown version", err);
    size_t length_bytes = start[6] == 1 ? 2 : 4;
    uint64_t length = vtr_bytes_to_unsigned(start + 8, length_bytes, false);
    if (length > HEADER_MAX_BYTES || 8 + length_bytes + length > dataset->file.size)
        return damaged(dataset, "its length is impossible", err);
    char *header = vtr_calloc((size_t)length + 1, 1);
    if (header == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory opening '%s'", dataset->path);
    status = vtr_file_read(&dataset->file, 8 + length_bytes, header, (size_t)length, err);
    dataset->flat.offset = 8 + length_bytes + length;
    if (status == VTR_OK) status = parse_header(dataset, header, err);
    vtr_free(header);
    return status;
}

const vtr_dataset_format vtr_format_npy = {
    .name = "NumPy", .probe = probe, .open = open_npy, .read = vtr_flat_read, .close = NULL};
