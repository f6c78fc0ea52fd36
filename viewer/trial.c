/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "trial.h"

#include <stdlib.h>
#include <string.h>

/* The settings that vitrail strain wrote into the map file: lines of "name = value". */
static void read_settings(vtr_field_params *params, const vtr_mapfile *map)
{
    char text[2048], *rest = text;
    if (vtr_mapfile_read_text(map, "process/strain", "parameters", NULL, text, sizeof text, NULL) != VTR_OK)
        return;
    while (*rest != '\0') {
        char *line = rest, *end = strchr(rest, '\n'), *equals;
        rest = end != NULL ? end + 1 : rest + strlen(rest);
        if (end != NULL) *end = '\0';
        equals = strstr(line, " = ");
        if (equals == NULL || equals[3] == '\0') continue;
        *equals = '\0';
        const vtr_parameter *p = vtr_parameters_find(&vtr_field_parameters, line);
        bool is_no = p != NULL && p->type == VTR_PARAMETER_BOOL && strcmp(equals + 3, "no") == 0;
        if (p != NULL && !is_no) vtr_parameters_set(p, params, equals + 3, NULL);
    }
}

/* A region that the program found is the same whatever the axis is: it need not be looked for again. */
static void read_reference(vtr_field_params *params, const vtr_mapfile *map)
{
    double corners[4];
    if (params->reference.y1 > 0 ||
        vtr_mapfile_read_numbers(map, "strain", NULL, "reference", 4, corners, NULL) != VTR_OK)
        return;
    for (int i = 0; i < 4; i++)
        if (!(corners[i] >= 0 && corners[i] < 1e9)) return;
    params->reference = (vtr_box){.y0 = (size_t)corners[0],
                                  .y1 = (size_t)corners[1],
                                  .x0 = (size_t)corners[2],
                                  .x1 = (size_t)corners[3]};
}

static vtr_status set(vtr_field_params *params, const char *name, const char *text, vtr_error *err)
{
    if (text == NULL) return VTR_OK;
    return vtr_parameters_set(vtr_parameters_find(&vtr_field_parameters, name), params, text, err);
}

/* Makes the field of these settings the session's, unless it is already. Called within the lock. */
static vtr_status compute(view_session *s, const char *key, const vtr_field_params *params, vtr_error *err)
{
    vtr_ring_map ring = {0};
    vtr_field *field = calloc(1, sizeof *field);
    vtr_status status = field == NULL ? vtr_fail(err, VTR_ERR_MEMORY, "no memory for the strain")
                                      : vtr_ring_map_read(&ring, s->map, err);
    if (status == VTR_OK) status = vtr_field_compute(field, &ring, params, err);
    vtr_ring_map_release(&ring);
    if (status != VTR_OK) {
        free(field);
        return status;
    }
    if (s->trial != NULL) vtr_field_release(s->trial);
    free(s->trial);
    s->trial = field;
    snprintf(s->trial_key, sizeof s->trial_key, "%s", key);
    return VTR_OK;
}

/* The map of the file says how it is shown. */
static vtr_status copy(cli_quantity *out, const cli_quantity *like, const float *values, vtr_error *err)
{
    size_t bytes = like->n_y * like->n_x * sizeof *values;
    float *copied = malloc(bytes > 0 ? bytes : 1);
    if (copied == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "no memory for a map");
    memcpy(copied, values, bytes);
    *out = *like;
    out->values = copied;
    return VTR_OK;
}

static vtr_status take(view_trial_map *out, view_session *s, const cli_quantity *like, vtr_error *err)
{
    const vtr_field_map *map = vtr_field_find(s->trial, like->name);
    view_trial_map taken = {0};
    if (map == NULL || s->trial->n_y != like->n_y || s->trial->n_x != like->n_x)
        return vtr_fail(err, VTR_ERR_NOT_FOUND, "the strain has no %s", like->name);
    vtr_status status = copy(&taken.values, like, map->values, err);
    if (status == VTR_OK) status = copy(&taken.errors, like, map->errors, err);
    if (status == VTR_OK)
        *out = taken;
    else
        view_trial_map_release(&taken);
    return status;
}

vtr_status view_trial_read(view_trial_map *out, vtr_box *box, view_session *session, const char *name,
                           const char *reference, const char *axis, vtr_error *err)
{
    char key[sizeof session->trial_key], path[CLI_NAME + 8];
    const cli_quantity *like = NULL;
    size_t index = 0;
    vtr_field_params params = vtr_field_default_params();
    snprintf(path, sizeof path, "strain/%.*s", CLI_NAME - 1, name);
    vtr_status status = view_session_find(&index, session, path, err);
    if (status == VTR_OK) status = view_session_quantity(&like, session, index, err);
    if (status != VTR_OK) return status;
    read_settings(&params, session->map);
    read_reference(&params, session->map);
    status = set(&params, "reference", reference, err);
    if (status == VTR_OK) status = set(&params, "axis", axis, err);
    if (status != VTR_OK) return status;
    snprintf(key, sizeof key, "%zu:%zu,%zu:%zu %.17g", params.reference.y0, params.reference.y1,
             params.reference.x0, params.reference.x1, params.axis_degrees);
    pthread_mutex_lock(&session->lock);
    if (session->trial == NULL || strcmp(key, session->trial_key) != 0)
        status = compute(session, key, &params, err);
    if (status == VTR_OK) status = take(out, session, like, err);
    if (status == VTR_OK && box != NULL) *box = session->trial->reference.box;
    pthread_mutex_unlock(&session->lock);
    return status;
}

void view_trial_map_release(view_trial_map *map)
{
    cli_quantity_release(&map->values);
    cli_quantity_release(&map->errors);
}
