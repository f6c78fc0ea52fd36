/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _POSIX_C_SOURCE 200809L /* stat */
#include "session.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "vitrail/input.h"

static bool is_map_file(vtr_mapfile *file, cli_names *names)
{
    if (cli_names_read(names, file, NULL) == VTR_OK && names->n > 0) return true;
    return vtr_mapfile_has(file, "calibration", "mask");
}

static vtr_status open_recording(view_session *s, const char *path, vtr_error *err)
{
    if (s->recording != NULL)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "'%s' and '%s' are both recordings; give one, and its map file if there is one",
                        s->recording_path, path);
    vtr_status status = vtr_dataset_open(&s->recording, path, NULL, err);
    s->recording_path = path;
    return status;
}

/* A file with maps or a calibration in it is a map file, everything else has to be a recording. */
static vtr_status open_file(view_session *s, const char *path, vtr_error *err)
{
    vtr_mapfile *file = NULL;
    cli_names *names = calloc(1, sizeof *names);
    if (names == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "no memory to open '%s'", path);
    bool is_map = vtr_mapfile_open(&file, path, NULL) == VTR_OK && is_map_file(file, names);
    vtr_status status = vtr_input_check(err); /* it may be a map file that could not be read */
    if (status != VTR_OK) {
        vtr_mapfile_close(&file);
    } else if (!is_map) {
        vtr_mapfile_close(&file);
        status = open_recording(s, path, err);
    } else if (s->map != NULL) {
        vtr_mapfile_close(&file);
        status = vtr_fail(err, VTR_ERR_ARGUMENT,
                          "'%s' and '%s' are both map files; give one, and its recording if there is one",
                          s->map_path, path);
    } else {
        s->map = file;
        s->map_path = path;
        s->names = *names;
    }
    free(names);
    return status;
}

static bool has_missing(const view_session *s)
{
    size_t n = s->n_y * s->n_x, rank, shape[8];
    vtr_type type;
    bool is_missing = false;
    if (!vtr_mapfile_has(s->map, "ring", "flags") ||
        vtr_mapfile_shape(s->map, "ring", "flags", &rank, shape, &type, NULL) != VTR_OK || rank != 2 ||
        shape[0] != s->n_y || shape[1] != s->n_x)
        return false;
    uint32_t *flags = calloc(n, sizeof *flags);
    if (flags != NULL && vtr_mapfile_read(s->map, "ring", "flags", VTR_TYPE_U32, n, flags, NULL) == VTR_OK)
        for (size_t i = 0; i < n && !is_missing; i++)
            is_missing = (flags[i] & VTR_FLAG_MISSING) != 0;
    free(flags);
    return is_missing;
}

static vtr_status read_map_shape(view_session *s, vtr_error *err)
{
    if (vtr_mapfile_has(s->map, "calibration", "mask")) {
        vtr_status status = vtr_calibration_read(&s->calibration, s->map, NULL);
        if (status == VTR_OK) {
            s->det_y = s->calibration->det_y;
            s->det_x = s->calibration->det_x;
            memcpy(s->step_nm, s->calibration->scan_step_nm, sizeof s->step_nm);
        }
    }
    if (s->names.n == 0) return VTR_OK;
    const cli_quantity *first = NULL;
    vtr_status status = view_session_quantity(&first, s, 0, err);
    if (status != VTR_OK) return status;
    s->n_y = first->n_y;
    s->n_x = first->n_x;
    for (int i = 0; i < 2; i++)
        if (!isfinite(s->step_nm[i])) s->step_nm[i] = first->step_nm[i];
    s->is_filling = has_missing(s);
    return VTR_OK;
}

static vtr_status read_recording_shape(view_session *s, vtr_error *err)
{
    const vtr_dataset_info *info = vtr_dataset_get_info(s->recording);
    bool has_scan = s->n_y > 0, has_detector = s->det_y > 0;
    if (has_scan && (info->shape[0] != s->n_y || info->shape[1] != s->n_x))
        return vtr_fail(err, VTR_ERR_SHAPE,
                        "'%s' has %zu x %zu positions, '%s' %zu x %zu; they do not belong together",
                        s->recording_path, info->shape[0], info->shape[1], s->map_path, s->n_y, s->n_x);
    if (has_detector && (info->shape[2] != s->det_y || info->shape[3] != s->det_x))
        return vtr_fail(err, VTR_ERR_SHAPE,
                        "the patterns of '%s' are %zu x %zu px, those of '%s' %zu x %zu; they do not belong "
                        "together",
                        s->recording_path, info->shape[2], info->shape[3], s->map_path, s->det_y, s->det_x);
    s->n_y = info->shape[0];
    s->n_x = info->shape[1];
    s->det_y = info->shape[2];
    s->det_x = info->shape[3];
    for (int i = 0; i < 2; i++)
        if (!isfinite(s->step_nm[i])) s->step_nm[i] = info->scan_step_nm[i];
    return VTR_OK;
}

/* Which file has the name now: asked before it is opened, so that one put there meanwhile is noticed the next time. */
static bool find_file(dev_t *device, ino_t *inode, const char *path)
{
    struct stat found;
    if (stat(path, &found) != 0) return false;
    *device = found.st_dev;
    *inode = found.st_ino;
    return true;
}

static vtr_status open_files(view_session *s, const char *const *paths, size_t n, vtr_error *err)
{
    vtr_status status = VTR_OK;
    for (size_t i = 0; status == VTR_OK && i < n; i++) {
        dev_t device = 0;
        ino_t inode = 0;
        const bool had_map = s->map != NULL;
        find_file(&device, &inode, paths[i]);
        status = open_file(s, paths[i], err);
        if (had_map || s->map == NULL) continue;
        s->device = device;
        s->inode = inode;
        s->n_read = 1;
    }
    return status;
}

vtr_status view_session_open(view_session **out, const char *const *paths, size_t n, int threads,
                             vtr_error *err)
{
    view_session *s = calloc(1, sizeof *s);
    if (s == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "no memory for the viewer");
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->making, NULL);
    s->step_nm[0] = s->step_nm[1] = NAN;
    s->threads = threads;
    vtr_status status = open_files(s, paths, n, err);
    if (status == VTR_OK && s->map != NULL) status = read_map_shape(s, err);
    if (status == VTR_OK && s->recording != NULL) status = read_recording_shape(s, err);
    if (status == VTR_OK) status = vtr_input_check(err);
    if (status != VTR_OK) {
        view_session_close(s);
        return status;
    }
    *out = s;
    return VTR_OK;
}

/* Everything that comes from the map file. */
static void release_map(view_session *session)
{
    for (size_t i = 0; i < session->names.n; i++) {
        if (session->loaded[i] != NULL) cli_quantity_release(session->loaded[i]);
        free(session->loaded[i]);
    }
    if (session->trial != NULL) vtr_field_release(session->trial);
    free(session->trial);
    vtr_calibration_free(session->calibration);
    vtr_mapfile_close(&session->map);
}

void view_session_close(view_session *session)
{
    if (session == NULL) return;
    release_map(session);
    free(session->sample_mean);
    vtr_dataset_close(&session->recording);
    pthread_mutex_destroy(&session->lock);
    pthread_mutex_destroy(&session->making);
    free(session);
}

void view_session_use(view_session *session)
{
    pthread_mutex_lock(&session->lock);
    session->n_users++;
    pthread_mutex_unlock(&session->lock);
}

void view_session_leave(view_session *session)
{
    pthread_mutex_lock(&session->lock);
    session->n_users--;
    pthread_mutex_unlock(&session->lock);
}

static bool fits(const view_session *s, const view_session *fresh)
{
    return fresh->map != NULL && fresh->names.n > 0 && fresh->n_y == s->n_y && fresh->n_x == s->n_x &&
           (fresh->calibration == NULL || (fresh->det_y == s->det_y && fresh->det_x == s->det_x));
}

/* Takes over what comes from the map file; `fresh` keeps nothing of it. */
static void take_map(view_session *s, view_session *fresh)
{
    release_map(s);
    s->trial = NULL;
    s->trial_key[0] = '\0';
    s->map = fresh->map;
    s->calibration = fresh->calibration;
    s->names = fresh->names;
    memcpy(s->loaded, fresh->loaded, sizeof s->loaded);
    fresh->map = NULL;
    fresh->calibration = NULL;
    fresh->names.n = 0;
    s->is_filling = fresh->is_filling;
    s->device = fresh->device;
    s->inode = fresh->inode;
    s->n_read++;
}

/* Called within the lock. */
static void reopen(view_session *s)
{
    dev_t device;
    ino_t inode;
    vtr_error err = {0};
    view_session *fresh = NULL;
    const char *const path = s->map_path;
    if (!find_file(&device, &inode, path) || (device == s->device && inode == s->inode)) return;
    vtr_status status = view_session_open(&fresh, &path, 1, s->threads, &err);
    if (status != VTR_OK)
        vtr_input_explain(status, &err); /* what is asked for is answered from the one that is open */
    else if (fits(s, fresh))
        take_map(s, fresh);
    view_session_close(fresh);
}

void view_session_refresh(view_session *session)
{
    pthread_mutex_lock(&session->lock);
    if (session->n_users == 0 && session->map != NULL) reopen(session);
    pthread_mutex_unlock(&session->lock);
}

void view_session_cancel(view_session *session)
{
    pthread_mutex_lock(&session->lock);
    session->is_closing = true;
    pthread_mutex_unlock(&session->lock);
}

bool view_session_is_cancelled(view_session *session)
{
    pthread_mutex_lock(&session->lock);
    bool is_it = session->is_closing;
    pthread_mutex_unlock(&session->lock);
    return is_it;
}

vtr_status view_session_quantity(const cli_quantity **out, view_session *session, size_t index,
                                 vtr_error *err)
{
    vtr_status status = VTR_OK;
    pthread_mutex_lock(&session->lock);
    if (session->loaded[index] == NULL) {
        cli_quantity *q = calloc(1, sizeof *q);
        status = q == NULL ? vtr_fail(err, VTR_ERR_MEMORY, "no memory for a map")
                           : cli_quantity_read(q, session->map, session->names.group[index],
                                               session->names.name[index], err);
        if (status == VTR_OK) status = vtr_input_check(err); /* else what is kept would lack a part */
        if (status == VTR_OK) {
            session->loaded[index] = q;
        } else if (q != NULL) {
            cli_quantity_release(q);
            free(q);
        }
    }
    if (status == VTR_OK) *out = session->loaded[index];
    pthread_mutex_unlock(&session->lock);
    return status;
}

vtr_status view_session_find(size_t *index, const view_session *session, const char *path, vtr_error *err)
{
    const char *slash = strrchr(path, '/');
    for (size_t i = 0; slash != NULL && i < session->names.n; i++) {
        const char *group = session->names.group[i];
        if (strlen(group) != (size_t)(slash - path) || strncmp(group, path, strlen(group)) != 0) continue;
        if (strcmp(session->names.name[i], slash + 1) != 0) continue;
        *index = i;
        return VTR_OK;
    }
    return vtr_fail(err, VTR_ERR_NOT_FOUND, "no such map");
}

/* Few enough to be there at once, whatever the recording's size. */
static vtr_status make_sample(view_session *s, vtr_error *err)
{
    enum { PATTERNS = 32, BYTES = 256 << 20 };
    vtr_sample sample = {0};
    vtr_status status = vtr_sample_read(&sample, s->recording, PATTERNS, BYTES, NULL, err);
    if (status != VTR_OK) return status;
    size_t n = s->det_y * s->det_x;
    double *mean = calloc(n, sizeof *mean);
    float *shown = malloc(n * sizeof *shown);
    unsigned char *used = malloc(n);
    if (mean == NULL || shown == NULL || used == NULL) {
        status = vtr_fail(err, VTR_ERR_MEMORY, "no memory for the mean pattern");
        free(shown);
        goto cleanup;
    }
    memset(used, 1, n);
    for (size_t f = 0; f < sample.n; f++)
        for (size_t i = 0; i < n; i++)
            mean[i] += (double)sample.frames[f * n + i] / (double)sample.n;
    for (size_t i = 0; i < n; i++) {
        shown[i] = (float)mean[i];
        used[i] = isfinite(mean[i]) != 0;
    }
    /* where no centre is found, the detector's middle will do to begin with */
    if (vtr_centre_find(&s->sample_centre_px[0], &s->sample_centre_px[1], mean, used, s->det_y, s->det_x,
                        NULL) != VTR_OK) {
        s->sample_centre_px[0] = 0.5 * (double)(s->det_x - 1);
        s->sample_centre_px[1] = 0.5 * (double)(s->det_y - 1);
    }
    s->sample_mean = shown;
cleanup:
    free(mean);
    free(used);
    vtr_sample_release(&sample);
    return status;
}

vtr_status view_session_sample(const float **mean, double centre_px[2], view_session *session, vtr_error *err)
{
    vtr_status status = VTR_OK;
    if (session->recording == NULL) return vtr_fail(err, VTR_ERR_NOT_FOUND, "there is no recording");
    pthread_mutex_lock(&session->lock);
    if (session->sample_mean == NULL) status = make_sample(session, err);
    if (status == VTR_OK) {
        *mean = session->sample_mean;
        memcpy(centre_px, session->sample_centre_px, sizeof session->sample_centre_px);
    }
    pthread_mutex_unlock(&session->lock);
    return status;
}
