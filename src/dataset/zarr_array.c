/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What Zarr says of an array, in JSON, which is YAML too. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/base_internal.h"
#include "dataset/zarr_internal.h"

enum { MOST_TEXT = 1 << 20 };
static const uint64_t most_chunk = (uint64_t)1 << 31;

/* A document of JSON; false where it is none. To be deleted where it is true. */
static bool parse(yaml_document_t *document, const unsigned char *text, size_t n)
{
    yaml_parser_t parser;
    if (yaml_parser_initialize(&parser) == 0) return false;
    yaml_parser_set_input_string(&parser, text, n);
    bool is_there = yaml_parser_load(&parser, document) != 0;
    yaml_parser_delete(&parser);
    if (is_there && yaml_document_get_root_node(document) == NULL) {
        yaml_document_delete(document);
        is_there = false;
    }
    return is_there;
}

/* *is_there, or why not; an absent key is no failure. */
static vtr_status load(yaml_document_t *document, bool *is_there, const zarr_store *store, const char *key,
                       const char *name, vtr_error *err)
{
    char whole[ZARR_MAX_KEY + 16];
    unsigned char *text = NULL;
    size_t n = 0;
    *is_there = false;
    snprintf(whole, sizeof whole, "%s%s%s", key, key[0] != '\0' ? "/" : "", name);
    vtr_status status = zarr_store_get(&text, &n, store, whole, MOST_TEXT, err);
    if (status != VTR_OK || text == NULL) return status;
    *is_there = parse(document, text, n);
    vtr_free(text);
    return *is_there
               ? VTR_OK
               : vtr_fail(err, VTR_ERR_FORMAT, "cannot read '%s': '%s' is not JSON", store->path, whole);
}

static yaml_node_t *member(yaml_document_t *document, const yaml_node_t *of, const char *name)
{
    if (of == NULL || of->type != YAML_MAPPING_NODE) return NULL;
    for (const yaml_node_pair_t *p = of->data.mapping.pairs.start; p < of->data.mapping.pairs.top; p++) {
        const yaml_node_t *key = yaml_document_get_node(document, p->key);
        if (key != NULL && key->type == YAML_SCALAR_NODE &&
            strcmp((const char *)key->data.scalar.value, name) == 0)
            return yaml_document_get_node(document, p->value);
    }
    return NULL;
}

/* The text of a scalar; "" for anything else. */
static const char *text_of(const yaml_node_t *node)
{
    return node != NULL && node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : "";
}

static bool is_null(const yaml_node_t *node)
{
    return node == NULL || (node->type == YAML_SCALAR_NODE && strcmp(text_of(node), "null") == 0);
}

static bool sizes_of(uint64_t sizes[ZARR_MAX_RANK], size_t *rank, yaml_document_t *document,
                     const yaml_node_t *node)
{
    if (node == NULL || node->type != YAML_SEQUENCE_NODE) return false;
    *rank = 0;
    for (const yaml_node_item_t *i = node->data.sequence.items.start; i < node->data.sequence.items.top;
         i++) {
        const char *text = text_of(yaml_document_get_node(document, *i));
        size_t n = strspn(text, "0123456789");
        if (*rank == ZARR_MAX_RANK || n == 0 || n > 15 || text[n] != '\0') return false;
        sizes[(*rank)++] = strtoull(text, NULL, 10);
    }
    return true;
}

static bool take_type(zarr_array *array, const char *text)
{
    static const struct {
        const char *code;
        vtr_type type;
        int stored;
    } types[] = {{"u1", VTR_TYPE_U8, ZARR_AS_IS},        {"b1", VTR_TYPE_U8, ZARR_AS_IS},
                 {"u2", VTR_TYPE_U16, ZARR_AS_IS},       {"u4", VTR_TYPE_U32, ZARR_AS_IS},
                 {"u8", VTR_TYPE_F64, ZARR_UNSIGNED_64}, {"i1", VTR_TYPE_I8, ZARR_AS_IS},
                 {"i2", VTR_TYPE_I16, ZARR_AS_IS},       {"i4", VTR_TYPE_I32, ZARR_AS_IS},
                 {"i8", VTR_TYPE_F64, ZARR_SIGNED_64},   {"f4", VTR_TYPE_F32, ZARR_AS_IS},
                 {"f8", VTR_TYPE_F64, ZARR_AS_IS}};
    if (text[0] == '\0' || strchr("<>|", text[0]) == NULL) return false;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(text + 1, types[i].code) == 0) {
            array->type = types[i].type;
            array->stored = types[i].stored;
            array->item_bytes = (size_t)(text[2] - '0');
            array->is_big_endian = text[0] == '>';
            return true;
        }
    return false;
}

static bool take_codec(zarr_array *array, yaml_document_t *document, const yaml_node_t *compressor)
{
    static const struct {
        const char *id;
        zarr_codec codec;
    } codecs[] = {{"zlib", ZARR_ZLIB}, {"gzip", ZARR_GZIP}, {"zstd", ZARR_ZSTD}, {"blosc", ZARR_BLOSC}};
    array->codec = ZARR_PLAIN;
    if (is_null(compressor)) return true;
    const char *id = text_of(member(document, compressor, "id"));
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++)
        if (strcmp(id, codecs[i].id) == 0) {
            array->codec = codecs[i].codec;
            return true;
        }
    return false;
}

static vtr_status refuse(const zarr_store *store, const zarr_array *array, vtr_error *err, const char *what,
                         const char *which)
{
    return vtr_fail(err, VTR_ERR_FORMAT, "cannot read '%s': array '/%s' %s%s", store->path, array->key, what,
                    which);
}

static vtr_status take(zarr_array *array, const zarr_store *store, yaml_document_t *document, vtr_error *err)
{
    const yaml_node_t *root = yaml_document_get_root_node(document);
    const char *version = text_of(member(document, root, "zarr_format")),
               *type = text_of(member(document, root, "dtype")),
               *order = text_of(member(document, root, "order")),
               *separator = text_of(member(document, root, "dimension_separator"));
    const yaml_node_t *filters = member(document, root, "filters"),
                      *compressor = member(document, root, "compressor");
    size_t rank = 0;
    uint64_t bytes;
    if (strcmp(version, "2") != 0)
        return refuse(store, array, err, "is of a version of Zarr that is not read: ", version);
    if (!sizes_of(array->shape, &array->rank, document, member(document, root, "shape")) ||
        !sizes_of(array->chunk, &rank, document, member(document, root, "chunks")) || rank != array->rank)
        return refuse(store, array, err, "does not say its shape and chunks", "");
    if (!take_type(array, type))
        return refuse(store, array, err, "holds numbers of a type that is not read: ", type);
    if (strcmp(order, "F") == 0 && rank > 1)
        return refuse(store, array, err, "is in Fortran order; save it in C order", "");
    if (!is_null(filters) && !(filters->type == YAML_SEQUENCE_NODE &&
                               filters->data.sequence.items.start == filters->data.sequence.items.top))
        return refuse(store, array, err, "has filters, which are not undone; save it without", "");
    if (!take_codec(array, document, compressor))
        return refuse(store, array, err,
                      "is compressed by what is not undone; blosc, zstd, zlib and gzip are: ",
                      text_of(member(document, compressor, "id")));
    bytes = array->item_bytes;
    for (size_t i = 0; i < rank; i++) {
        if (array->chunk[i] == 0 || array->chunk[i] > most_chunk / bytes)
            return refuse(store, array, err, "has chunks of a size that is not possible", "");
        bytes *= array->chunk[i];
    }
    array->separator = separator[0] == '/' ? '/' : '.';
    const char *fill = text_of(member(document, root, "fill_value"));
    array->fill = strcmp(fill, "NaN") == 0         ? (double)NAN
                  : strcmp(fill, "Infinity") == 0  ? (double)INFINITY
                  : strcmp(fill, "-Infinity") == 0 ? (double)-INFINITY
                                                   : 0;
    if (isfinite(array->fill) && fill[0] != '\0' && strcmp(fill, "null") != 0 && strcmp(fill, "false") != 0 &&
        vtr_parse_double(fill, &array->fill) != 0)
        return refuse(store, array, err, "has a fill value that is no number: ", fill);
    return VTR_OK;
}

vtr_status zarr_array_read(zarr_array *array, const zarr_store *store, const char *key, vtr_error *err)
{
    yaml_document_t document;
    bool is_there;
    *array = (zarr_array){0};
    snprintf(array->key, sizeof array->key, "%s", key);
    vtr_status status = load(&document, &is_there, store, key, ".zarray", err);
    if (status != VTR_OK) return status;
    if (!is_there) return refuse(store, array, err, "is not there", "");
    status = take(array, store, &document, err);
    yaml_document_delete(&document);
    return status;
}

bool zarr_attribute_text(const zarr_store *store, const char *key, const char *name, char *text, size_t size)
{
    yaml_document_t document;
    bool is_there;
    if (load(&document, &is_there, store, key, ".zattrs", NULL) != VTR_OK || !is_there) return false;
    const yaml_node_t *value = member(&document, yaml_document_get_root_node(&document), name);
    bool has_one = value != NULL && value->type == YAML_SCALAR_NODE && strlen(text_of(value)) < size;
    if (has_one) strcpy(text, text_of(value));
    yaml_document_delete(&document);
    return has_one;
}

bool zarr_attribute_number(const zarr_store *store, const char *key, const char *name, double *value)
{
    char text[64];
    return zarr_attribute_text(store, key, name, text, sizeof text) && vtr_parse_double(text, value) == 0;
}
