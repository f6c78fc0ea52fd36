/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "trial.h"
#include "vitrail/line_profile.h"

/* "Y0,X0,Y1,X1,WIDTH" in positions, as the page draws; the library wants nm. */
static vtr_status read_line(vtr_line *line, const view_session *s, const char *text, vtr_error *err)
{
    double v[5], step[2];
    int used = 0;
    if (text == NULL || strlen(text) > 200 ||
        sscanf(text, "%lf,%lf,%lf,%lf,%lf%n", &v[0], &v[1], &v[2], &v[3], &v[4], &used) != 5 ||
        text[used] != '\0')
        return vtr_fail(err, VTR_ERR_ARGUMENT, "a line is Y0,X0,Y1,X1,WIDTH in positions");
    /* of what lies far outside of the scan every step would be worked out too, for nothing */
    const double most = 2 * (double)(s->n_y + s->n_x);
    for (int i = 0; i < 5; i++)
        if (!(fabs(v[i]) <= most))
            return vtr_fail(err, VTR_ERR_ARGUMENT,
                            "a line is Y0,X0,Y1,X1,WIDTH in positions, none of them beyond %.0f", most);
    for (int k = 0; k < 2; k++)
        step[k] = isfinite(s->step_nm[k]) && s->step_nm[k] > 0 ? s->step_nm[k] : 1;
    *line = (vtr_line){.n_points = 2,
                       .y_nm = {v[0] * step[0], v[2] * step[0]},
                       .x_nm = {v[1] * step[1], v[3] * step[1]},
                       .width_nm = v[4] * fmin(step[0], step[1]),
                       .step_nm = NAN};
    return VTR_OK;
}

/* Distance, mean and error one after the other, as it is shown. */
static vtr_status put_profile(view_answer *answer, const view_session *s, const cli_quantity *q,
                              const vtr_line_profile *profile, vtr_error *err)
{
    size_t n = profile->n;
    bool has_step = isfinite(s->step_nm[1]);
    float *values = malloc((n > 0 ? 3 * n : 1) * sizeof *values);
    view_text text = {0};
    vtr_status status = values == NULL ? vtr_fail(err, VTR_ERR_MEMORY, "no memory for a profile")
                                       : view_text_begin(&text, err);
    if (status == VTR_OK) {
        for (size_t i = 0; i < n; i++) {
            values[i] = (float)profile->distance_nm[i];
            values[n + i] = (float)(q->factor * profile->mean[i]);
            values[2 * n + i] = (float)(q->factor * profile->error[i]);
        }
        fputs("{\"curves\": [{\"title\": ", text.out);
        cli_json_string(text.out, q->symbol);
        fprintf(text.out, ", \"x_label\": \"distance (%s)\", \"y_label\": ", has_step ? "nm" : "positions");
        cli_json_string(text.out, q->unit);
        fprintf(text.out, ", \"n\": %zu}]}", n);
        const view_array array = {values, 3 * n * sizeof *values};
        status = view_answer_arrays(answer, &text, &array, 1, err);
    }
    free(values);
    return status;
}

/* The map of the file, or where a reference or an axis is asked for that of the trial. */
static vtr_status profile_of(vtr_line_profile *out, view_session *s, const cli_quantity *q,
                             const vtr_line *line, const view_request *request, vtr_error *err)
{
    const char *reference = view_argument(request, "reference"), *axis = view_argument(request, "axis");
    vtr_line_map map = {0};
    vtr_status status = vtr_line_map_read(&map, s->map, q->group, q->name, err);
    if (status != VTR_OK) return status;
    if (strcmp(q->group, "strain") == 0 && (reference != NULL || axis != NULL)) {
        view_trial_map trial;
        status = view_trial_read(&trial, NULL, s, q->name, reference, axis, err);
        if (status == VTR_OK) {
            size_t bytes = q->n_y * q->n_x * sizeof *map.values;
            memcpy(map.values, trial.values.values, bytes);
            if (map.errors != NULL) memcpy(map.errors, trial.errors.values, bytes);
            view_trial_map_release(&trial);
        }
    }
    if (status == VTR_OK) status = vtr_line_profile_compute(out, &map, line, err);
    vtr_line_map_release(&map);
    return status;
}

vtr_status view_answer_line(view_answer *answer, view_session *session, const view_request *request,
                            vtr_error *err)
{
    const char *name = view_argument(request, "name");
    const cli_quantity *q = NULL;
    vtr_line line;
    vtr_line_profile profile = {0};
    size_t index = 0;
    if (name == NULL) return vtr_fail(err, VTR_ERR_ARGUMENT, "name is missing");
    vtr_status status = read_line(&line, session, view_argument(request, "line"), err);
    if (status == VTR_OK) status = view_session_find(&index, session, name, err);
    if (status == VTR_OK) status = view_session_quantity(&q, session, index, err);
    if (status == VTR_OK) status = profile_of(&profile, session, q, &line, request, err);
    if (status != VTR_OK) return status;
    status = put_profile(answer, session, q, &profile, err);
    vtr_line_profile_release(&profile);
    return status;
}
