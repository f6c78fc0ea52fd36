/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PARAMETERS_H
#define VITRAIL_PARAMETERS_H

#include <stdbool.h>
#include <stddef.h>

#include "vitrail/error.h"
#include "vitrail/types.h"

VTR_BEGIN_DECLS

/* Every option of every analysis is declared once, in a table of these; defaults, range checks, the command line,
 * its help, the manual pages, the recipe and the provenance in the map file all come from it. */
typedef enum vtr_parameter_type {
    VTR_PARAMETER_BOOL,   /* bool */
    VTR_PARAMETER_INT,    /* int */
    VTR_PARAMETER_SIZE,   /* size_t */
    VTR_PARAMETER_DOUBLE, /* double; NAN as default means "not given" */
    VTR_PARAMETER_STRING, /* const char *, NULL when not given; the struct does not own it */
    VTR_PARAMETER_CHOICE, /* int: index into `choices`, "likelihood|sectors|threshold" */
    VTR_PARAMETER_RANGE,  /* double[2], written LO:HI; {NAN, NAN} when not given */
    VTR_PARAMETER_BOX,    /* vtr_box, written Y0:Y1,X0:X1; all zero when not given */
    VTR_PARAMETER_SHAPE,  /* size_t[4], written 10x20x128x128 or 10,20,128,128; zeros when not given */
    VTR_PARAMETER_LIST,   /* vtr_text_list: the option may be given several times */
} vtr_parameter_type;

enum { VTR_TEXT_LIST_MAX = 32 };
typedef struct vtr_text_list {
    size_t n;
    const char *text[VTR_TEXT_LIST_MAX];
} vtr_text_list;

typedef struct vtr_parameter {
    const char *name;        /* as on the command line, without the dashes: "scan-rotation" */
    const char *unit;        /* "px", "nm", "degrees", or NULL */
    vtr_parameter_type type; /* how the member is stored */
    size_t offset;           /* offsetof(struct, member) */
    double default_value;    /* of the numeric types, BOOL and CHOICE */
    double minimum, maximum; /* inclusive; both 0: no limits */
    const char *choices;     /* of CHOICE, separated by '|' */
    const char *metavar;     /* what stands for the value in the help: "NM", "LO:HI" */
    const char *help;        /* one line */
} vtr_parameter;

/* A table and the struct that its offsets refer to. */
typedef struct vtr_parameter_table {
    const char *title; /* heading in the help: "Ring fit" */
    const vtr_parameter *parameters;
    size_t n;
} vtr_parameter_table;

/* Sets every member named in the table to its default. */
VTR_API void vtr_parameters_default(const vtr_parameter_table *table, void *values);

/* Finds a parameter by name; NULL where the table has none. */
VTR_API const vtr_parameter *vtr_parameters_find(const vtr_parameter_table *table, const char *name);

/* Reads `text` into the member; checks form and range. Strings and list entries are kept by reference, so `text`
 * must live as long as `values`. For BOOL, NULL or "" means true. */
VTR_API vtr_status vtr_parameters_set(const vtr_parameter *parameter, void *values, const char *text,
                                      vtr_error *err);

/* Writes a member as text that vtr_parameters_set reads back; "" for what is not given. Returns the length that
 * the text needs, like snprintf. */
VTR_API size_t vtr_parameters_format(const vtr_parameter *parameter, const void *values, char *text,
                                     size_t size);

VTR_END_DECLS

#endif
