/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_VIEWER_ANSWER_H
#define VITRAIL_VIEWER_ANSWER_H

/* One request and its answer, without sockets. Every file answer_*.c turns requests of one kind into answers. */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "session.h"
#include "vitrail/region.h"

/* What is read of a request. Texts are NULL where it has none. */
typedef struct view_request {
    const char *method, *path; /* "GET", "/TOKEN/api/map" */
    const char *host, *origin; /* headers */
    /* the argument of the address, decoded; NULL: not given */
    const char *(*argument)(void *user, const char *name);
    void *user;
} view_request;

typedef struct view_answer {
    unsigned status;  /* of HTTP */
    const char *type; /* of the content */
    char *body;       /* to be freed unless is_static */
    size_t n;
    bool is_static;
} view_answer;
void view_answer_release(view_answer *answer);

/* Text of JSON as the answer's body: write to *out, then finish. */
typedef struct view_text {
    FILE *out;
    char *text;
    size_t n;
} view_text;
vtr_status view_text_begin(view_text *text, vtr_error *err);
void view_text_discard(view_text *text);
vtr_status view_answer_json(view_answer *answer, view_text *text, vtr_error *err);

/* Arrays with their description in one body: the length of the description in four bytes, the lowest first; the
 * description as JSON, filled up with blanks to a multiple of four; the arrays, one after the other. */
typedef struct view_array {
    const void *data;
    size_t bytes;
} view_array;
vtr_status view_answer_arrays(view_answer *answer, view_text *description, const view_array *arrays, size_t n,
                              vtr_error *err);

/* --- arguments ----------------------------------------------------------------------------------------------- */

const char *view_argument(const view_request *request, const char *name);
/* A whole number below `end`; VTR_ERR_ARGUMENT with what is wrong. */
vtr_status view_argument_index(size_t *out, const view_request *request, const char *name, size_t end,
                               vtr_error *err);
/* y and x of a position of the scan; *has is false where neither is given. */
vtr_status view_argument_position(size_t position[2], bool *has, const view_session *session,
                                  const view_request *request, vtr_error *err);

/* A region as vtr_region_parse reads it, but from no file; n = 0 where none is given. Released by the caller. */
vtr_status view_argument_region(vtr_region *region, const view_session *session, const view_request *request,
                                vtr_error *err);

/* --- answers ------------------------------------------------------------------------------------------------- */

typedef vtr_status (*view_handler)(view_answer *answer, view_session *session, const view_request *request,
                                   vtr_error *err);

/* What there is to look at. */
vtr_status view_answer_summary(view_answer *answer, view_session *session, const view_request *request,
                               vtr_error *err);
/* Which reading of the map file it is, and whether more may come; asked again and again while it fills. */
vtr_status view_answer_status(view_answer *answer, view_session *session, const view_request *request,
                              vtr_error *err);
/* The palettes of vitrail figure: description, then for each 256 colours of 3 bytes. */
vtr_status view_answer_palettes(view_answer *answer, view_session *session, const view_request *request,
                                vtr_error *err);
/* A map, argument `name`: description, values and, where there are any, standard deviations, float32. */
vtr_status view_answer_map(view_answer *answer, view_session *session, const view_request *request,
                           vtr_error *err);
/* A pattern, arguments `y` and `x`, the mean over a `region`, or of all: description, float32. */
vtr_status view_answer_pattern(view_answer *answer, view_session *session, const view_request *request,
                               vtr_error *err);
/* Which pixels are used: one byte each, 0 = masked. */
vtr_status view_answer_mask(view_answer *answer, view_session *session, const view_request *request,
                            vtr_error *err);
/* Every number of a position with its error, and its flags in words; of a `region` mean and spread. With `reference` or
 * `axis` the strain is that of the trial. */
vtr_status view_answer_numbers(view_answer *answer, view_session *session, const view_request *request,
                               vtr_error *err);
/* I(k), F(Q) and G(r) of a position, or their means over a region. */
vtr_status view_answer_curves(view_answer *answer, view_session *session, const view_request *request,
                              vtr_error *err);
/* The strain with another `reference` or `axis` (trial.h), as view_answer_map. */
vtr_status view_answer_strain(view_answer *answer, view_session *session, const view_request *request,
                              vtr_error *err);
/* The image of a virtual `detector` (vtr_virtual_parse) from the recording, at every `stride`-th position. A newer
 * request ends it. */
vtr_status view_answer_virtual(view_answer *answer, view_session *session, const view_request *request,
                               vtr_error *err);
/* How far the virtual detector is. */
vtr_status view_answer_progress(view_answer *answer, view_session *session, const view_request *request,
                                vtr_error *err);
/* A map along a `line` Y0,X0,Y1,X1,WIDTH in positions, as view_answer_curves. */
vtr_status view_answer_line(view_answer *answer, view_session *session, const view_request *request,
                            vtr_error *err);

/* Members of a JSON object that describe a map, without brackets. */
void view_describe_map(FILE *out, const cli_quantity *quantity);
/* The map of its standard deviations; NULL where there is none. */
vtr_status view_errors_of(const cli_quantity **errors, view_session *session, const cli_quantity *quantity,
                          vtr_error *err);

#endif
