/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_VIEWER_ROUTES_H
#define VITRAIL_VIEWER_ROUTES_H

/* Who may ask, and what there is to ask for. */

#include <stdatomic.h>

#include "answer.h"

enum { VIEW_TOKEN = 32 };

/* What a request has to bring. */
typedef struct view_gate {
    char token[VIEW_TOKEN + 1]; /* the first part of the path */
    atomic_uint port; /* of the Host header, which has to be this machine's; known once it listens */
} view_gate;

/* A token of 128 random bits; VTR_ERR_IO where the system gives none. */
vtr_status view_gate_create(view_gate *gate, vtr_error *err);

/* Answers a request: always something, an error as JSON {"error": "sentence"}. Any number of threads. */
void view_route(view_answer *answer, view_session *session, const view_gate *gate,
                const view_request *request);

#endif
