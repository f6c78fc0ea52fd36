/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_RECIPE_H
#define VITRAIL_RECIPE_H

/* A recipe's text as a tree in which everything knows its line and column. What the keys mean is not known here: text
 * goes in, a tree or a sentence comes out, no file is touched. */

#include <stdbool.h>
#include <stddef.h>

#include "vitrail/error.h"

VTR_BEGIN_DECLS

typedef enum vtr_recipe_kind {
    VTR_RECIPE_EMPTY, /* "key:" with nothing after it, or a plain ~ or null */
    VTR_RECIPE_TEXT,
    VTR_RECIPE_LIST,
    VTR_RECIPE_MAP,
} vtr_recipe_kind;

/* Lines and columns count from 1, columns in characters. */
typedef struct vtr_recipe_node {
    vtr_recipe_kind kind;
    size_t line, column;
    const char *key; /* in a map; NULL in a list and for the root */
    size_t key_line, key_column;
    const char *text;                    /* of TEXT, as written: "no" and "012" are not interpreted */
    bool is_plain;                       /* of TEXT: written without quotes */
    const struct vtr_recipe_node *first; /* of LIST and MAP: their members in order, NULL at the end */
    const struct vtr_recipe_node *next;  /* the next member of the list or map that holds this one */
} vtr_recipe_node;

typedef struct vtr_recipe vtr_recipe;

/* No recipe needs more; what does is refused, so that no text takes much time or memory. */
enum {
    VTR_RECIPE_MAX_BYTES = 1 << 20,
    VTR_RECIPE_MAX_NODES = 4096,
    VTR_RECIPE_MAX_DEPTH = 8,
    VTR_RECIPE_MAX_TEXT = 4095
};

/* Reads one YAML document of `size` bytes, UTF-8, whose root is a map. Refused with VTR_ERR_FORMAT and a sentence that
 * begins with "NAME:LINE:COLUMN: ": what is not YAML or not UTF-8; keys that stand twice in a map; anchors, aliases,
 * merge keys, tags, keys that are no text, a second document; text over several lines; what is over the limits above;
 * nothing at all. `name` is what messages call the text. On success *out is to be freed with vtr_recipe_free. */
VTR_API vtr_status vtr_recipe_parse(vtr_recipe **out, const char *name, const char *text, size_t size,
                                    vtr_error *err);
VTR_API void vtr_recipe_free(vtr_recipe *recipe);

/* The map of the whole recipe; the recipe owns it. */
VTR_API const vtr_recipe_node *vtr_recipe_root(const vtr_recipe *recipe);
/* The member of a map with this key; NULL where there is none, or `map` is no map. */
VTR_API const vtr_recipe_node *vtr_recipe_find(const vtr_recipe_node *map, const char *key);

/* How many letters have to be changed, put in or left out, or swapped with their neighbour, to make `b` of `a`; in a key '_' and
 * '-' and capitals and small letters are alike. (The optimal string alignment distance; Damerau, Commun. ACM 7, 171
 * (1964).) Text of more than 63 bytes is at a distance of 64 from everything. */
VTR_API size_t vtr_recipe_key_distance(const char *a, const char *b);

VTR_END_DECLS

#endif
