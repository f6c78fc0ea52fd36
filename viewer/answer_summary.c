/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "answer.h"

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static void put_file(FILE *out, const char *what, const char *path)
{
    fprintf(out, ",\n \"%s\": ", what);
    if (path != NULL)
        cli_json_string(out, base_name(path));
    else
        fputs("null", out);
}

static void put_numbers(FILE *out, const char *name, const double *values, size_t n)
{
    fprintf(out, "%s\"%s\": ", name[0] != '\0' ? ", " : "", name);
    if (n > 1) fputc('[', out);
    for (size_t i = 0; i < n; i++) {
        if (i > 0) fputs(", ", out);
        cli_json_number(out, values[i]);
    }
    if (n > 1) fputc(']', out);
}

static void put_calibration(FILE *out, const vtr_calibration *c)
{
    fputs(",\n \"calibration\": ", out);
    if (c == NULL) {
        fputs("null", out);
        return;
    }
    const double centre[2] = {c->centre_x_px, c->centre_y_px}, w[3] = {c->wxx, c->wyy, c->wxy};
    fprintf(out, "{\"n_sampled\": %zu", c->n_sampled);
    put_numbers(out, "centre_px", centre, 2);
    put_numbers(out, "w", w, 3);
    put_numbers(out, "annulus_px", c->ring.annulus_px, 2);
    put_numbers(out, "radius_px", &c->ring.radius_px, 1);
    put_numbers(out, "k_step_inv_angstrom", &c->k_step_inv_angstrom, 1);
    put_numbers(out, "beam_radius_px", &c->beam_radius_px, 1);
    fputc('}', out);
}

static void put_recording(FILE *out, const vtr_dataset *recording)
{
    const vtr_dataset_info *info = vtr_dataset_get_info(recording);
    fputs(",\n \"format\": ", out);
    cli_json_string(out, info->format);
    fprintf(out, ", \"type\": \"%s\", \"bytes\": %.0f", vtr_type_name(info->type), (double)info->file_bytes);
    put_numbers(out, "k_step_inv_angstrom", info->k_step_inv_angstrom, 2);
}

/* Of a recording alone: a place to begin with. */
static void put_sample(FILE *out, view_session *session)
{
    double centre_px[2];
    const float *mean = NULL;
    if (session->recording == NULL || session->calibration != NULL ||
        view_session_sample(&mean, centre_px, session, NULL) != VTR_OK)
        return;
    put_numbers(out, "centre_px", centre_px, 2);
}

/* Maps of values; their errors come with them, and flags are bits, not numbers. */
static bool is_shown(const char *name)
{
    return !cli_is_errors(name) && strcmp(name, "flags") != 0;
}

static void put_names(FILE *out, const cli_names *names)
{
    const char *before = "";
    fputs(",\n \"maps\": [", out);
    for (size_t i = 0; i < names->n; i++) {
        if (!is_shown(names->name[i])) continue;
        fprintf(out, "%s{\"group\": ", before);
        cli_json_string(out, names->group[i]);
        fputs(", \"name\": ", out);
        cli_json_string(out, names->name[i]);
        fputc('}', out);
        before = ", ";
    }
    fputc(']', out);
}

/* The reference region of the strain, y0, y1, x0, x1, and its axis in degrees. */
static void put_reference(FILE *out, const vtr_mapfile *map)
{
    double corners[4];
    if (map == NULL || vtr_mapfile_read_numbers(map, "strain", NULL, "reference", 4, corners, NULL) != VTR_OK)
        return;
    fputc('\n', out);
    put_numbers(out, "reference", corners, 4);
    double axis;
    if (vtr_mapfile_read_numbers(map, "strain", NULL, "axis", 1, &axis, NULL) == VTR_OK)
        put_numbers(out, "axis", &axis, 1);
}

/* A map that fills is read again and again. */
static void put_reading(FILE *out, const view_session *session)
{
    fprintf(out, "\"reading\": %lu, \"is_filling\": %s", session->n_read,
            session->is_filling ? "true" : "false");
}

vtr_status view_answer_status(view_answer *answer, view_session *session, const view_request *request,
                              vtr_error *err)
{
    (void)request;
    view_text text;
    vtr_status status = view_text_begin(&text, err);
    if (status != VTR_OK) return status;
    fputc('{', text.out);
    put_reading(text.out, session);
    fputs("}\n", text.out);
    return view_answer_json(answer, &text, err);
}

vtr_status view_answer_summary(view_answer *answer, view_session *session, const view_request *request,
                               vtr_error *err)
{
    (void)request;
    view_text text;
    vtr_status status = view_text_begin(&text, err);
    if (status != VTR_OK) return status;
    fprintf(text.out, "{\"version\": \"%s\"", vtr_version());
    put_file(text.out, "map_file", session->map_path);
    put_file(text.out, "recording", session->recording_path);
    fputs(",\n ", text.out);
    put_reading(text.out, session);
    fprintf(text.out, ",\n \"scan\": [%zu, %zu], \"detector\": [%zu, %zu]", session->n_y, session->n_x,
            session->det_y, session->det_x);
    put_numbers(text.out, "step_nm", session->step_nm, 2);
    if (session->recording != NULL) put_recording(text.out, session->recording);
    put_calibration(text.out, session->calibration);
    put_sample(text.out, session);
    put_names(text.out, &session->names);
    put_reference(text.out, session->map);
    fputs("}\n", text.out);
    return view_answer_json(answer, &text, err);
}
