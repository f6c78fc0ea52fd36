/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "dataset/dm_internal.h"

/* The tree of tags that a DigitalMicrograph file (.dm3, .dm4) is. Lengths and names are big-endian; values are in the
 * order that the file's header names. Version 4 has 64-bit lengths and the size of each tag.
 * Format: B. Schaffer, "How to script...", and the descriptions by C. Boothroyd (dm3) and the ncempy project (dm4). */

enum { MAX_DEPTH = 24, MAX_TAGS = 1000000, MAX_INFO = 260, BUFFER_BYTES = 16384, PATH_BYTES = 512 };

/* Codes of values. */
enum { DM_STRUCT = 15, DM_STRING = 18, DM_ARRAY = 20 };

typedef struct walker {
    const vtr_dataset *dataset;
    uint64_t at; /* next byte of the file */
    unsigned char buffer[BUFFER_BYTES];
    uint64_t buffer_start;
    size_t buffer_length;
    bool is_version_4, is_little;
    size_t n_tags;
    char path[PATH_BYTES];
    void (*visit)(void *user, const vtr_dm_tag *tag);
    void *user;
    vtr_error *err;
} walker;

static vtr_status damaged(walker *w, const char *what)
{
    return vtr_fail(w->err, VTR_ERR_FORMAT, "cannot read '%s': its tags are damaged at byte %llu (%s)",
                    w->dataset->path, (unsigned long long)w->at, what);
}

/* Takes the next n bytes (at most BUFFER_BYTES) of the file. */
static vtr_status take(walker *w, size_t n, const unsigned char **bytes)
{
    if (w->at < w->buffer_start || w->at + n > w->buffer_start + w->buffer_length) {
        size_t got = 0;
        vtr_status status =
            vtr_file_read_some(&w->dataset->file, w->at, w->buffer, sizeof w->buffer, &got, w->err);
        if (status != VTR_OK) return status;
        w->buffer_start = w->at;
        w->buffer_length = got;
        if (got < n) return damaged(w, "the file ends there");
    }
    *bytes = w->buffer + (w->at - w->buffer_start);
    w->at += n;
    return VTR_OK;
}

static vtr_status take_number(walker *w, size_t n, bool is_big_endian, uint64_t *value)
{
    const unsigned char *bytes = NULL;
    vtr_status status = take(w, n, &bytes);
    if (status == VTR_OK) *value = vtr_bytes_to_unsigned(bytes, n, is_big_endian);
    return status;
}

/* A length: 4 bytes in version 3, 8 in version 4. */
static vtr_status take_length(walker *w, uint64_t *value)
{
    return take_number(w, w->is_version_4 ? 8 : 4, true, value);
}

static vtr_status skip(walker *w, uint64_t n)
{
    if (n > w->dataset->file.size || w->at > w->dataset->file.size - n)
        return damaged(w, "a value beyond the end");
    w->at += n;
    return VTR_OK;
}

/* Bytes of a simple value; 0: not simple. */
static size_t value_bytes(uint64_t code)
{
    static const unsigned char bytes[] = {
        [2] = 2, [3] = 4, [4] = 2, [5] = 4, [6] = 4, [7] = 8, [8] = 1, [9] = 1, [10] = 1, [11] = 8, [12] = 8};
    return code < sizeof bytes ? bytes[code] : 0;
}

static double value_number(uint64_t code, uint64_t bits)
{
    switch (code) {
    case 2:
        return (int16_t)bits;
    case 3:
        return (int32_t)bits;
    case 6: {
        uint32_t low = (uint32_t)bits;
        float value;
        memcpy(&value, &low, 4);
        return (double)value;
    }
    case 7: {
        double value;
        memcpy(&value, &bits, 8);
        return value;
    }
    case 9:
        return (int8_t)bits;
    case 11:
        return (double)(int64_t)bits;
    default:
        return (double)bits;
    }
}

/* Appends 16-bit characters as UTF-8, as many as fit. */
static void append_character(char *text, size_t size, size_t *length, unsigned character)
{
    unsigned char utf8[3];
    size_t n = 0;
    if (character < 0x80) {
        utf8[n++] = (unsigned char)character;
    } else if (character < 0x800) {
        utf8[n++] = (unsigned char)(0xc0 | character >> 6);
        utf8[n++] = (unsigned char)(0x80 | (character & 0x3f));
    } else {
        utf8[n++] = (unsigned char)(0xe0 | character >> 12);
        utf8[n++] = (unsigned char)(0x80 | (character >> 6 & 0x3f));
        utf8[n++] = (unsigned char)(0x80 | (character & 0x3f));
    }
    if (*length + n >= size) return;
    memcpy(text + *length, utf8, n);
    *length += n;
    text[*length] = '\0';
}

/* A short array of 16-bit characters, or a string; what is longer is skipped. */
static vtr_status take_text(walker *w, vtr_dm_tag *tag, uint64_t count)
{
    size_t length = 0;
    if (count > sizeof tag->text - 1) return VTR_OK;
    uint64_t start = w->at;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t character;
        vtr_status status = take_number(w, 2, !w->is_little, &character);
        if (status != VTR_OK) return status;
        if (character != 0) append_character(tag->text, sizeof tag->text, &length, (unsigned)character);
    }
    w->at = start;
    return VTR_OK;
}

/* Bytes of a structure from its description: code, length of its name, number of fields, (length, code) each. */
static bool struct_bytes(const uint64_t *info, size_t n_info, size_t *used, uint64_t *bytes)
{
    *bytes = 0;
    if (n_info < 3 || info[2] > (MAX_INFO - 3) / 2 || n_info < 3 + 2 * info[2]) return false;
    for (size_t i = 0; i < info[2]; i++) {
        size_t field = value_bytes(info[4 + 2 * i]);
        if (field == 0) return false;
        *bytes += field;
    }
    *used = 3 + 2 * (size_t)info[2];
    return true;
}

static vtr_status take_array(walker *w, vtr_dm_tag *tag, const uint64_t *info, size_t n_info)
{
    size_t used = 1;
    uint64_t element = n_info > 1 ? value_bytes(info[1]) : 0, bytes;
    if (n_info > 1 && info[1] == DM_STRUCT) {
        if (!struct_bytes(info + 1, n_info - 1, &used, &element)) return damaged(w, "an array of structures");
    } else if (element == 0) {
        return damaged(w, "an array of unknown values");
    }
    if (1 + used >= n_info || __builtin_mul_overflow(element, info[1 + used], &bytes))
        return damaged(w, "the length of an array");
    tag->is_array = true;
    tag->offset = w->at;
    tag->count = info[1 + used];
    tag->element_bytes = element;
    if (info[1] == 4) {
        vtr_status status = take_text(w, tag, tag->count);
        if (status != VTR_OK) return status;
    }
    /* of a file that was cut short, the array may reach beyond the end: what is there is used */
    if (bytes > w->dataset->file.size - w->at && w->at <= w->dataset->file.size) {
        w->at = w->dataset->file.size;
        return VTR_OK;
    }
    return skip(w, bytes);
}

static vtr_status take_data(walker *w)
{
    const unsigned char *mark = NULL;
    uint64_t n_info = 0, info[MAX_INFO], bytes;
    vtr_status status = take(w, 4, &mark);
    if (status == VTR_OK && memcmp(mark, "%%%%", 4) != 0) status = damaged(w, "no %%%%");
    if (status == VTR_OK) status = take_length(w, &n_info);
    if (status == VTR_OK && (n_info == 0 || n_info > MAX_INFO)) status = damaged(w, "a long description");
    for (uint64_t i = 0; status == VTR_OK && i < n_info; i++)
        status = take_length(w, &info[i]);
    if (status != VTR_OK) return status;

    vtr_dm_tag tag = {.path = w->path};
    size_t simple = value_bytes(info[0]), used;
    if (simple != 0) {
        uint64_t bits = 0;
        status = take_number(w, simple, !w->is_little, &bits);
        tag.is_number = true;
        tag.number = value_number(info[0], bits);
    } else if (info[0] == DM_STRING && n_info >= 2) {
        if (info[1] > w->dataset->file.size) return damaged(w, "a long text");
        status = take_text(w, &tag, info[1] / 2);
        if (status == VTR_OK) status = skip(w, info[1]);
    } else if (info[0] == DM_STRUCT && struct_bytes(info, (size_t)n_info, &used, &bytes)) {
        status = skip(w, bytes);
    } else if (info[0] == DM_ARRAY) {
        status = take_array(w, &tag, info, (size_t)n_info);
    } else {
        status = damaged(w, "a value of unknown type");
    }
    if (status == VTR_OK) w->visit(w->user, &tag);
    return status;
}

static vtr_status take_group(walker *w, int depth);

/* One tag: its name is put behind the path while it is looked at. */
static vtr_status take_tag(walker *w, int depth, unsigned *unnamed, bool *is_end)
{
    uint64_t kind = 0, name_length = 0, ignored;
    const unsigned char *name = NULL;
    size_t parent = strlen(w->path);
    if (++w->n_tags > MAX_TAGS) return damaged(w, "too many tags");
    vtr_status status = take_number(w, 1, true, &kind);
    *is_end = status == VTR_OK && kind == 0;
    if (status != VTR_OK || *is_end) return status;
    if (kind != 20 && kind != 21) return damaged(w, "an unknown tag");
    status = take_number(w, 2, true, &name_length);
    if (status == VTR_OK && name_length > 4096) return damaged(w, "a long name");
    if (status == VTR_OK) status = take(w, (size_t)name_length, &name);
    if (status != VTR_OK) return status;
    const char *dot = parent > 0 ? "." : "";
    if (name_length == 0)
        snprintf(w->path + parent, PATH_BYTES - parent, "%s[%u]", dot, (*unnamed)++);
    else
        snprintf(w->path + parent, PATH_BYTES - parent, "%s%.*s", dot, (int)name_length, (const char *)name);
    if (w->is_version_4) status = take_number(w, 8, true, &ignored);
    if (status == VTR_OK) status = kind == 20 ? take_group(w, depth + 1) : take_data(w);
    w->path[parent] = '\0';
    return status;
}

static vtr_status take_group(walker *w, int depth)
{
    uint64_t n_tags = 0;
    unsigned unnamed = 0;
    if (depth > MAX_DEPTH) return damaged(w, "groups in groups without end");
    vtr_status status = skip(w, 2); /* whether it is sorted, whether it is open */
    if (status == VTR_OK) status = take_length(w, &n_tags);
    bool is_end = false;
    for (uint64_t i = 0; status == VTR_OK && i < n_tags && !is_end; i++) {
        if (w->at >= w->dataset->file.size) return VTR_OK; /* cut short: what came before is used */
        status = take_tag(w, depth, &unnamed, &is_end);
    }
    return status;
}

vtr_status vtr_dm_walk(const vtr_dataset *dataset, bool *is_little,
                       void (*visit)(void *user, const vtr_dm_tag *tag), void *user, vtr_error *err)
{
    walker *w = vtr_calloc(1, sizeof *w);
    if (w == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory opening '%s'", dataset->path);
    w->dataset = dataset;
    w->visit = visit;
    w->user = user;
    w->err = err;
    uint64_t version = 0, length = 0, order = 0;
    vtr_status status = take_number(w, 4, true, &version);
    w->is_version_4 = version == 4;
    if (status == VTR_OK) status = take_length(w, &length);
    if (status == VTR_OK) status = take_number(w, 4, true, &order);
    w->is_little = order == 1;
    *is_little = w->is_little;
    if (status == VTR_OK) status = take_group(w, 0);
    vtr_free(w);
    return status;
}
