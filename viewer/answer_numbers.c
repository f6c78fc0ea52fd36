/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "answer.h"

/* Why a position has no value, or a doubtful one. */
static void put_flags(FILE *out, const view_session *s, const size_t position[2])
{
    uint32_t flags = 0;
    const size_t count[2] = {1, 1};
    const char *before = "";
    fputs("\"flags\": [", out);
    if (s->map != NULL && vtr_mapfile_has(s->map, "ring", "flags") &&
        vtr_mapfile_read_block(s->map, "ring", "flags", VTR_TYPE_U32, 2, position, count, &flags, NULL) !=
            VTR_OK)
        flags = 0;
    for (unsigned bit = 0; bit < CLI_FLAGS; bit++) {
        if ((flags >> bit & 1u) == 0) continue;
        fputs(before, out);
        cli_json_string(out, cli_flag_text(bit));
        before = ", ";
    }
    fputc(']', out);
}

static vtr_status put_number(FILE *out, view_session *s, size_t index, const size_t position[2],
                             const char *before, vtr_error *err)
{
    const cli_quantity *q = NULL, *errors = NULL;
    vtr_status status = view_session_quantity(&q, s, index, err);
    if (status == VTR_OK) status = view_errors_of(&errors, s, q, err);
    if (status != VTR_OK) return status;
    size_t i = position[0] * s->n_x + position[1];
    fprintf(out, "%s\n {\"group\": ", before);
    cli_json_string(out, q->group);
    fputs(", \"name\": ", out);
    cli_json_string(out, q->name);
    fputs(", \"symbol\": ", out);
    cli_json_string(out, q->symbol);
    fputs(", \"unit\": ", out);
    cli_json_string(out, q->unit);
    fputs(", \"value\": ", out);
    cli_json_number(out, q->factor * q->values[i]);
    fputs(", \"error\": ", out);
    cli_json_number(out, errors != NULL ? q->factor * errors->values[i] : NAN);
    fputc('}', out);
    return VTR_OK;
}

vtr_status view_answer_numbers(view_answer *answer, view_session *session, const view_request *request,
                               vtr_error *err)
{
    size_t position[2];
    bool is_one = false;
    vtr_status status = view_argument_position(position, &is_one, session, request, err);
    if (status == VTR_OK && !is_one) status = vtr_fail(err, VTR_ERR_ARGUMENT, "y and x are missing");
    if (status != VTR_OK) return status;
    view_text text;
    const char *before = "";
    status = view_text_begin(&text, err);
    if (status != VTR_OK) return status;
    fprintf(text.out, "{\"y\": %zu, \"x\": %zu, ", position[0], position[1]);
    put_flags(text.out, session, position);
    fputs(", \"numbers\": [", text.out);
    for (size_t i = 0; status == VTR_OK && i < session->names.n; i++) {
        const char *name = session->names.name[i];
        if (cli_is_errors(name) || strcmp(name, "flags") == 0) continue;
        status = put_number(text.out, session, i, position, before, err);
        before = ",";
    }
    fputs("]}\n", text.out);
    if (status == VTR_OK) return view_answer_json(answer, &text, err);
    view_text_discard(&text);
    return status;
}
