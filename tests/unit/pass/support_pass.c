/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support_pass.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"

vtr_twin_params recording_params(void)
{
    vtr_twin_params p = vtr_twin_default_params();
    p.scan[0] = SCAN_Y;
    p.scan[1] = SCAN_X;
    p.pattern[0] = DET_Y;
    p.pattern[1] = DET_X;
    p.exx = 0.01;
    p.eyy = -0.005;
    p.exy = 0.004;
    p.electrons = 2e5;
    p.contrast = 0;
    p.descan_px = 3;
    p.descan_bow_px = 0.4;
    p.distortion_percent = 2;
    p.distortion_angle = 30;
    p.centre_x = 50.3;
    p.centre_y = 46.8;
    p.seed = 7;
    return p;
}

double recording_get(const recording *r, size_t position, size_t pixel)
{
    const void *at = r->frames + position * r->frame_bytes + pixel * vtr_type_size(r->info.type);
    switch (r->info.type) {
    case VTR_TYPE_U8:
        return *(const uint8_t *)at;
    case VTR_TYPE_U16:
        return *(const uint16_t *)at;
    case VTR_TYPE_U32:
        return *(const uint32_t *)at;
    case VTR_TYPE_I8:
        return *(const int8_t *)at;
    case VTR_TYPE_I16:
        return *(const int16_t *)at;
    case VTR_TYPE_I32:
        return *(const int32_t *)at;
    case VTR_TYPE_F32:
        return (double)*(const float *)at;
    case VTR_TYPE_F64:
        return *(const double *)at;
    }
    return NAN;
}

void recording_set(recording *r, size_t position, size_t pixel, double value)
{
    void *at = r->frames + position * r->frame_bytes + pixel * vtr_type_size(r->info.type);
    switch (r->info.type) {
    case VTR_TYPE_U8:
        *(uint8_t *)at = (uint8_t)value;
        break;
    case VTR_TYPE_U16:
        *(uint16_t *)at = (uint16_t)value;
        break;
    case VTR_TYPE_U32:
        *(uint32_t *)at = (uint32_t)value;
        break;
    case VTR_TYPE_I8:
        *(int8_t *)at = (int8_t)value;
        break;
    case VTR_TYPE_I16:
        *(int16_t *)at = (int16_t)value;
        break;
    case VTR_TYPE_I32:
        *(int32_t *)at = (int32_t)value;
        break;
    case VTR_TYPE_F32:
        *(float *)at = (float)value;
        break;
    case VTR_TYPE_F64:
        *(double *)at = value;
        break;
    }
}

void recording_fill(recording *r, size_t position, double value)
{
    for (size_t i = 0; i < r->info.shape[2] * r->info.shape[3]; i++)
        recording_set(r, position, i, value);
}

void recording_make(recording *r, const vtr_twin_params *given, vtr_type type)
{
    vtr_error err;
    vtr_twin *twin = NULL;
    vtr_twin_params params = *given;
    params.type = 3;
    assert_ok(vtr_twin_open(&twin, "rings", &params, &err));
    r->twin = *vtr_twin_get_info(twin);
    size_t n = r->twin.shape[0] * r->twin.shape[1], pixels = r->twin.shape[2] * r->twin.shape[3];
    r->info = (vtr_dataset_info){.n_frames = n, .type = type, .saturation = NAN};
    memcpy(r->info.shape, r->twin.shape, sizeof r->info.shape);
    r->info.scan_step_nm[0] = r->info.scan_step_nm[1] = NAN;
    r->info.k_step_inv_angstrom[0] = r->info.k_step_inv_angstrom[1] = NAN;
    r->info.beam_energy_kev = NAN;
    r->frame_bytes = pixels * vtr_type_size(type);
    r->frames = vtr_calloc(n, r->frame_bytes);
    r->truth = vtr_calloc(n, sizeof *r->truth);
    float *frame = vtr_malloc(pixels, sizeof *frame);
    void *scratch = vtr_malloc(1, vtr_twin_scratch_size(twin));
    assert_true(r->frames != NULL && r->truth != NULL && frame != NULL && scratch != NULL);
    for (size_t p = 0; p < n; p++) {
        vtr_twin_get_position(twin, p, &r->truth[p]);
        vtr_twin_frame(twin, &r->truth[p], p, scratch, frame);
        for (size_t i = 0; i < pixels; i++)
            recording_set(r, p, i, (double)frame[i]);
    }
    vtr_free(frame);
    vtr_free(scratch);
    vtr_twin_close(&twin);
}

void recording_release(recording *r)
{
    vtr_free(r->frames);
    vtr_free(r->truth);
    memset(r, 0, sizeof *r);
}

const char *recording_write(const recording *r, const char *name)
{
    vtr_error err;
    vtr_dataset_writer *writer = NULL;
    const char *path = test_folder_path(name);
    assert_ok(vtr_dataset_writer_open(&writer, path, &r->info, true, &err));
    assert_ok(vtr_dataset_writer_write(writer, 0, r->info.shape[0] * r->info.shape[1], r->frames, &err));
    assert_ok(vtr_dataset_writer_finish(&writer, &err));
    return path;
}

static void keep_warning(void *user, const char *sentence)
{
    said *s = user;
    if (s->n_warnings < 8) snprintf(s->warnings[s->n_warnings++], sizeof s->warnings[0], "%s", sentence);
}

static void count_report(void *user, const char *task, double done, double total, const char *unit)
{
    said *s = user;
    (void)unit;
    assert_true(done <= total);
    if (strcmp(task, "mapping") == 0) s->n_reports++;
}

static bool is_cancelled(void *user)
{
    const said *s = user;
    return s->cancel_after > 0 && s->n_reports >= s->cancel_after;
}

vtr_progress said_progress(said *s)
{
    return (vtr_progress){count_report, keep_warning, is_cancelled, s};
}

bool said_contains(const said *s, const char *part)
{
    for (size_t i = 0; i < s->n_warnings; i++)
        if (strstr(s->warnings[i], part) != NULL) return true;
    return false;
}

vtr_map_params pass_map_params(void)
{
    vtr_map_params p;
    vtr_parameters_default(&vtr_map_parameters, &p);
    return p;
}

vtr_calibrate_params pass_calibrate_params(void)
{
    vtr_calibrate_params p;
    vtr_parameters_default(&vtr_calibrate_parameters, &p);
    return p;
}

vtr_status pass_calibrate(vtr_calibration **out, const char *input, const vtr_calibrate_params *params,
                          int threads, vtr_error *err)
{
    vtr_dataset *dataset = NULL;
    vtr_status status = vtr_dataset_open(&dataset, input, NULL, err);
    if (status == VTR_OK) status = vtr_calibrate(out, dataset, params, threads, NULL, err);
    vtr_dataset_close(&dataset);
    return status;
}

vtr_status pass_run(pass_job *job, vtr_error *err)
{
    vtr_dataset *dataset = NULL;
    vtr_mapfile *file = NULL;
    vtr_calibration *own = NULL;
    vtr_progress progress = {0};
    if (job->said != NULL) progress = said_progress(job->said);
    vtr_status status = vtr_dataset_open(&dataset, job->input, NULL, err);
    if (status == VTR_OK) status = vtr_mapfile_create(&file, job->output, false, err);
    if (status == VTR_OK && job->calibration == NULL)
        status = vtr_calibrate(&own, dataset, job->calibrate, job->threads, &progress, err);
    if (status == VTR_OK)
        status = vtr_map(file, dataset, own != NULL ? own : job->calibration, job->map, job->threads,
                         &job->summary, &progress, err);
    if (status == VTR_OK) status = vtr_mapfile_commit(&file, err);
    vtr_mapfile_close(&file);
    vtr_calibration_free(own);
    vtr_dataset_close(&dataset);
    return status;
}

double *pass_dataset(const char *path, const char *group, const char *name, size_t *n)
{
    vtr_error err;
    vtr_mapfile *file = NULL;
    size_t rank, shape[8];
    vtr_type type;
    assert_ok(vtr_mapfile_open(&file, path, &err));
    assert_ok(vtr_mapfile_shape(file, group, name, &rank, shape, &type, &err));
    *n = 1;
    for (size_t d = 0; d < rank; d++)
        *n *= shape[d];
    double *values = vtr_malloc(*n, sizeof *values);
    assert_non_null(values);
    assert_ok(vtr_mapfile_read(file, group, name, VTR_TYPE_F64, *n, values, &err));
    vtr_mapfile_close(&file);
    return values;
}

vtr_ring_map pass_ring(const char *path)
{
    vtr_error err;
    vtr_mapfile *file = NULL;
    vtr_ring_map map = {0};
    assert_ok(vtr_mapfile_open(&file, path, &err));
    assert_ok(vtr_ring_map_read(&map, file, &err));
    vtr_mapfile_close(&file);
    return map;
}

void pass_assert_same(const char *a, const char *b, bool with_patterns)
{
    static const char *const names[][2] = {{"ring", "ellipse"},     {"ring", "covariance"},
                                           {"ring", "chi2"},        {"ring", "flags"},
                                           {"beam", "x"},           {"beam", "y"},
                                           {"beam", "x_errors"},    {"beam", "y_errors"},
                                           {"beam", "counts"},      {"beam", "flags"},
                                           {"virtual", "bf"},       {"virtual", "adf"},
                                           {"virtual", "total"},    {"profile", "intensity"},
                                           {"profile", "variance"}, {"profile", "k"},
                                           {"mean", "mean"},        {"mean", "variance"},
                                           {"mean", "maximum"},     {"mean", "used"},
                                           {"calibration", "mask"}, {"calibration", "mean"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!with_patterns && strcmp(names[i][0], "mean") == 0) continue;
        size_t n, m;
        double *x = pass_dataset(a, names[i][0], names[i][1], &n);
        double *y = pass_dataset(b, names[i][0], names[i][1], &m);
        assert_int_equal(n, m);
        for (size_t k = 0; k < n; k++)
            if (!(x[k] == y[k] || (isnan(x[k]) && isnan(y[k]))))
                fail_msg("%s/%s differs at %zu of %zu: %.17g and %.17g", names[i][0], names[i][1], k, n, x[k],
                         y[k]);
        vtr_free(x);
        vtr_free(y);
    }
}

int pass_folder_make(void **state)
{
    (void)state;
    return test_folder_make() == NULL;
}

int pass_folder_remove(void **state)
{
    (void)state;
    test_folder_remove();
    return 0;
}
