/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "answer.h"
#include "trial.h"
#include "vitrail/constants.h"
#include "vitrail/line_profile.h"

/* Where numbers are asked for. */
typedef struct place {
    size_t position[2];
    vtr_region region; /* n = 0: at the position */
    const char *reference, *axis;
} place;

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

/* Of a region's positions that have a value. */
typedef struct region_mean {
    double mean, spread; /* and the standard deviation of these values */
    double
        error; /* of the mean: from the errors of the positions, taken as independent; without them from the spread */
    size_t n;
} region_mean;

static region_mean mean_of(const cli_quantity *q, const cli_quantity *errors, const vtr_region *region)
{
    region_mean m = {NAN, NAN, NAN, 0};
    double square = 0, variance = 0;
    for (size_t p = 0; p < q->n_y * q->n_x; p++) {
        if (region->member[p] == 0 || !isfinite(q->values[p])) continue;
        double value = q->values[p], before = m.n > 0 ? m.mean : 0;
        m.n++;
        m.mean = before + (value - before) / (double)m.n;
        square += (value - before) * (value - m.mean);
        variance += errors != NULL ? pow(errors->values[p], 2) : NAN;
    }
    if (m.n > 1) m.spread = sqrt(square / (double)(m.n - 1));
    m.error = errors != NULL ? sqrt(variance) / (double)m.n : m.spread / sqrt((double)m.n);
    return m;
}

/* The same of directions: the mean of their unit vectors, and the circular standard deviation (-2 ln |mean|)^(1/2). A
 * position turns the mean as far as its vector lies along it. */
static region_mean mean_direction(const cli_quantity *q, const cli_quantity *errors, const vtr_region *region,
                                  double period)
{
    region_mean m = {NAN, NAN, NAN, 0};
    double to_angle = 2 * VTR_PI / period, re = 0, im = 0, variance = 0;
    for (size_t p = 0; p < q->n_y * q->n_x; p++) {
        if (region->member[p] == 0 || !isfinite(q->values[p])) continue;
        re += cos(to_angle * q->values[p]);
        im += sin(to_angle * q->values[p]);
        m.n++;
    }
    double length = hypot(re, im) / (double)m.n;
    if (m.n == 0 || !(length > 0)) return m;
    m.mean = atan2(im, re) / to_angle;
    if (m.n > 1) m.spread = sqrt(-2 * log(fmin(length, 1))) / to_angle;
    for (size_t p = 0; errors != NULL && p < q->n_y * q->n_x; p++)
        if (region->member[p] != 0 && isfinite(q->values[p]))
            variance += pow(cos(to_angle * (q->values[p] - m.mean)) * errors->values[p], 2);
    m.error = errors != NULL ? sqrt(variance) / ((double)m.n * length) : m.spread / sqrt((double)m.n);
    return m;
}

static void put_values(FILE *out, const cli_quantity *q, const cli_quantity *errors, const place *where)
{
    if (where->region.n > 0) {
        double period = vtr_map_period(q->group, q->name);
        region_mean m = period > 0 ? mean_direction(q, errors, &where->region, period)
                                   : mean_of(q, errors, &where->region);
        fputs(", \"value\": ", out);
        cli_json_number(out, q->factor * m.mean);
        fputs(", \"error\": ", out);
        cli_json_number(out, q->factor * m.error);
        fputs(", \"spread\": ", out);
        cli_json_number(out, q->factor * m.spread);
        fprintf(out, ", \"n\": %zu}", m.n);
        return;
    }
    size_t i = where->position[0] * q->n_x + where->position[1];
    fputs(", \"value\": ", out);
    cli_json_number(out, q->factor * q->values[i]);
    fputs(", \"error\": ", out);
    cli_json_number(out, errors != NULL ? q->factor * errors->values[i] : NAN);
    fputc('}', out);
}

static vtr_status put_number(FILE *out, view_session *s, size_t index, const place *where, const char *before,
                             vtr_error *err)
{
    const cli_quantity *q = NULL, *errors = NULL;
    view_trial_map trial = {0};
    vtr_status status = view_session_quantity(&q, s, index, err);
    if (status == VTR_OK) status = view_errors_of(&errors, s, q, err);
    bool is_trial = status == VTR_OK && strcmp(q->group, "strain") == 0 &&
                    (where->reference != NULL || where->axis != NULL);
    if (is_trial) status = view_trial_read(&trial, NULL, s, q->name, where->reference, where->axis, err);
    if (status != VTR_OK) return status;
    static const char *const members[] = {"group", "name", "symbol", "unit"};
    const char *const texts[] = {q->group, q->name, q->symbol, q->unit};
    fprintf(out, "%s\n {\"period\": %.9g", before, vtr_map_period(q->group, q->name));
    for (size_t i = 0; i < 4; i++) {
        fprintf(out, ", \"%s\": ", members[i]);
        cli_json_string(out, texts[i]);
    }
    put_values(out, is_trial ? &trial.values : q, is_trial ? &trial.errors : errors, where);
    if (is_trial) view_trial_map_release(&trial);
    return VTR_OK;
}

static vtr_status read_place(place *where, view_session *session, const view_request *request, vtr_error *err)
{
    bool is_one = false;
    vtr_status status = view_argument_position(where->position, &is_one, session, request, err);
    if (status == VTR_OK) status = view_argument_region(&where->region, session, request, err);
    if (status == VTR_OK && !is_one && where->region.n == 0)
        status = vtr_fail(err, VTR_ERR_ARGUMENT, "y and x are missing");
    where->reference = view_argument(request, "reference");
    where->axis = view_argument(request, "axis");
    return status;
}

static vtr_status put_all(FILE *out, view_session *session, const place *where, vtr_error *err)
{
    const char *before = "";
    vtr_status status = VTR_OK;
    if (where->region.n > 0) {
        fprintf(out, "{\"n\": %zu, \"flags\": []", where->region.n);
    } else {
        fprintf(out, "{\"y\": %zu, \"x\": %zu, ", where->position[0], where->position[1]);
        put_flags(out, session, where->position);
    }
    fputs(", \"numbers\": [", out);
    for (size_t i = 0; status == VTR_OK && i < session->names.n; i++) {
        const char *name = session->names.name[i];
        if (cli_is_errors(name) || strcmp(name, "flags") == 0) continue;
        status = put_number(out, session, i, where, before, err);
        before = ",";
    }
    fputs("]}\n", out);
    return status;
}

vtr_status view_answer_numbers(view_answer *answer, view_session *session, const view_request *request,
                               vtr_error *err)
{
    place where = {0};
    view_text text = {0};
    vtr_status status = read_place(&where, session, request, err);
    if (status == VTR_OK) status = view_text_begin(&text, err);
    if (status == VTR_OK) {
        status = put_all(text.out, session, &where, err);
        if (status == VTR_OK)
            status = view_answer_json(answer, &text, err);
        else
            view_text_discard(&text);
    }
    vtr_region_release(&where.region);
    return status;
}
