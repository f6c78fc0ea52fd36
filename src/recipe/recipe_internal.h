/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_RECIPE_INTERNAL_H
#define VITRAIL_RECIPE_INTERNAL_H

#include "vitrail/recipe.h"

/* A place in a text, both from 1. */
typedef struct recipe_mark {
    size_t line, column;
} recipe_mark;

/* The place of the byte at `offset`. */
recipe_mark vtr_recipe_mark_of(const char *text, size_t offset);
/* The byte at a place; 0 where the line or the text ends before it. */
char vtr_recipe_byte_at(const char *text, size_t size, recipe_mark at);

/* Refuses text that is too long, empty, not UTF-8, or holds control characters other than line ends and tabs. */
vtr_status vtr_recipe_check_text(const char *name, const char *text, size_t size, vtr_error *err);

#endif
