/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "answer.h"
#include "trial.h"

vtr_status view_answer_strain(view_answer *answer, view_session *session, const view_request *request,
                              vtr_error *err)
{
    const char *name = view_argument(request, "name"), *reference = view_argument(request, "reference"),
               *axis = view_argument(request, "axis");
    view_trial_map map;
    vtr_box box;
    if (name == NULL) return vtr_fail(err, VTR_ERR_ARGUMENT, "name is missing");
    vtr_status status = view_trial_read(&map, &box, session, name, reference, axis, err);
    if (status != VTR_OK) return status;
    view_text text;
    status = view_text_begin(&text, err);
    if (status == VTR_OK) {
        fputc('{', text.out);
        view_describe_map(text.out, &map.values);
        fprintf(text.out, ", \"has_errors\": true, \"reference\": [%zu, %zu, %zu, %zu]}", box.y0, box.y1,
                box.x0, box.x1);
        size_t bytes = map.values.n_y * map.values.n_x * sizeof(float);
        const view_array arrays[2] = {{map.values.values, bytes}, {map.errors.values, bytes}};
        status = view_answer_arrays(answer, &text, arrays, 2, err);
    }
    view_trial_map_release(&map);
    return status;
}
