/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"

void view_describe_map(FILE *out, const cli_quantity *q)
{
    fprintf(out, "\"group\": ");
    cli_json_string(out, q->group);
    fprintf(out, ", \"name\": ");
    cli_json_string(out, q->name);
    fprintf(out, ", \"symbol\": ");
    cli_json_string(out, q->symbol);
    fprintf(out, ", \"unit\": ");
    cli_json_string(out, q->unit);
    fprintf(out, ", \"factor\": ");
    cli_json_number(out, q->factor);
    fprintf(out, ", \"signed\": %s, \"from_zero\": %s, \"n_y\": %zu, \"n_x\": %zu, \"step_nm\": [",
            q->is_signed ? "true" : "false", q->from_zero ? "true" : "false", q->n_y, q->n_x);
    cli_json_number(out, q->step_nm[0]);
    fputs(", ", out);
    cli_json_number(out, q->step_nm[1]);
    fputs("]", out);
}

vtr_status view_errors_of(const cli_quantity **errors, view_session *session, const cli_quantity *q,
                          vtr_error *err)
{
    char path[2 * CLI_NAME + 16];
    size_t index = 0;
    *errors = NULL;
    snprintf(path, sizeof path, "%s/%s_errors", q->group, q->name);
    if (view_session_find(&index, session, path, NULL) != VTR_OK) return VTR_OK;
    return view_session_quantity(errors, session, index, err);
}

vtr_status view_answer_map(view_answer *answer, view_session *session, const view_request *request,
                           vtr_error *err)
{
    const char *name = view_argument(request, "name");
    const cli_quantity *q = NULL, *errors = NULL;
    size_t index = 0;
    if (name == NULL) return vtr_fail(err, VTR_ERR_ARGUMENT, "name is missing");
    vtr_status status = view_session_find(&index, session, name, err);
    if (status == VTR_OK) status = view_session_quantity(&q, session, index, err);
    if (status == VTR_OK) status = view_errors_of(&errors, session, q, err);
    view_text text = {0};
    if (status == VTR_OK) status = view_text_begin(&text, err);
    if (status != VTR_OK) return status;
    fputc('{', text.out);
    view_describe_map(text.out, q);
    fprintf(text.out, ", \"has_errors\": %s}", errors != NULL ? "true" : "false");
    size_t bytes = q->n_y * q->n_x * sizeof *q->values;
    const view_array arrays[2] = {{q->values, bytes}, {errors != NULL ? errors->values : NULL, bytes}};
    return view_answer_arrays(answer, &text, arrays, errors != NULL ? 2 : 1, err);
}
