/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _XOPEN_SOURCE 700 /* st_mtim */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "mapfile/mapfile_internal.h"
#include "pass/checkpoint_internal.h"

/* What a pass's results depend on, as "name = value" lines: program, recording, settings. */

enum { RECORDING_TEXT = 1024, SAMPLED_FRAMES = 16, SAMPLED_BYTES = 1 << 20 };

/* Checksum of the beginnings of frames spread over the scan: also of recordings that are many files. */
static vtr_status sample_frames(char hex[65], vtr_dataset *dataset, size_t most, vtr_error *err)
{
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    size_t frame_bytes = info->shape[2] * info->shape[3] * vtr_type_size(info->type);
    size_t n = info->n_frames < most ? info->n_frames : most;
    unsigned char *frame = vtr_malloc(1, frame_bytes);
    if (frame == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the checkpoint");
    vtr_sha256 sha;
    vtr_status status = VTR_OK;
    vtr_sha256_start(&sha);
    for (size_t i = 0; status == VTR_OK && i < n; i++) {
        status = vtr_dataset_read(dataset, n > 1 ? i * (info->n_frames - 1) / (n - 1) : 0, 1, frame, err);
        if (status == VTR_OK)
            vtr_sha256_add(&sha, frame, frame_bytes < SAMPLED_BYTES ? frame_bytes : SAMPLED_BYTES);
    }
    vtr_sha256_finish(&sha, hex);
    vtr_free(frame);
    return status;
}

/* Size, time and number of frames change, so that the first frame has to do. */
static vtr_status describe_growing(char text[RECORDING_TEXT], vtr_dataset *dataset, vtr_error *err)
{
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    char frame[65] = "";
    vtr_status status = sample_frames(frame, dataset, 1, err);
    if (status != VTR_OK) return status;
    snprintf(text, RECORDING_TEXT,
             "version of vitrail = %s\n"
             "way of reading the recording = with --follow\n"
             "shape of the recording = %zu x %zu x %zu x %zu\n"
             "checksum of the first frame = %s\n",
             vtr_version(), info->shape[0], info->shape[1], info->shape[2], info->shape[3], frame);
    return VTR_OK;
}

static vtr_status describe_recording(char text[RECORDING_TEXT], vtr_dataset *dataset, vtr_error *err)
{
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    const char *path = vtr_dataset_path(dataset);
    char ends[65] = "", frames[65] = "";
    uint64_t size = 0;
    struct stat file;
    int failed = stat(path, &file) != 0 ? errno : vtr_file_checksum(path, &size, ends);
    if (failed == ENOMEM) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the checkpoint");
    if (failed && failed != EISDIR)
        return vtr_fail(err, VTR_ERR_IO, "cannot read '%s' for its checksum: %s", path, strerror(failed));
    vtr_status status = sample_frames(frames, dataset, SAMPLED_FRAMES, err);
    if (status != VTR_OK) return status;
    snprintf(text, RECORDING_TEXT,
             "version of vitrail = %s\n"
             "way of reading the recording = whole\n"
             "shape of the recording = %zu x %zu x %zu x %zu\n"
             "frames of the recording = %zu\n"
             "size of the recording = %llu\n"
             "modification time of the recording = %lld.%09ld\n"
             "checksum of the recording's ends = %s\n"
             "checksum of sampled frames = %s\n",
             vtr_version(), info->shape[0], info->shape[1], info->shape[2], info->shape[3], info->n_frames,
             (unsigned long long)size, (long long)file.st_mtim.tv_sec, file.st_mtim.tv_nsec, ends, frames);
    return VTR_OK;
}

vtr_status checkpoint_identity(char **out, vtr_dataset *dataset, const vtr_checkpoint_params *params,
                               vtr_error *err)
{
    const char *settings = params->settings != NULL ? params->settings : "";
    size_t n = RECORDING_TEXT + strlen(settings) + 1;
    char *text = vtr_malloc(n, 1);
    if (text == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the checkpoint");
    vtr_status status =
        params->grows ? describe_growing(text, dataset, err) : describe_recording(text, dataset, err);
    if (status != VTR_OK) {
        vtr_free(text);
        return status;
    }
    memcpy(text + strlen(text), settings, strlen(settings) + 1);
    *out = text;
    return VTR_OK;
}

typedef struct line {
    const char *name, *value;
    int n_name, n_value;
} line;

/* The line at `text`; returns the one behind it. */
static const char *take_line(line *l, const char *text)
{
    const char *end = strchr(text, '\n'), *equals = strstr(text, " = ");
    if (end == NULL) end = text + strlen(text);
    if (equals == NULL || equals > end) equals = end;
    l->name = text;
    l->n_name = (int)(equals - text);
    l->value = equals < end ? equals + 3 : end;
    l->n_value = (int)(end - l->value);
    return *end == '\n' ? end + 1 : end;
}

static bool find_line(line *found, const char *text, const line *wanted)
{
    while (*text != '\0') {
        text = take_line(found, text);
        if (found->n_name == wanted->n_name &&
            strncmp(found->name, wanted->name, (size_t)wanted->n_name) == 0)
            return true;
    }
    return false;
}

bool checkpoint_differences(char *text, size_t size, const char *was, const char *is)
{
    size_t used = 0;
    bool differs = false;
    text[0] = '\0';
    while (*was != '\0') {
        line before, now = {.value = "nothing", .n_value = 7};
        was = take_line(&before, was);
        if (find_line(&now, is, &before) && now.n_value == before.n_value &&
            strncmp(now.value, before.value, (size_t)now.n_value) == 0)
            continue;
        int n = snprintf(text + used, size - used, "%s%.*s was %.*s and is %.*s", differs ? "; " : "",
                         before.n_name, before.name, before.n_value, before.value, now.n_value, now.value);
        differs = true;
        if (n < 0 || (size_t)n >= size - used) break;
        used += (size_t)n;
    }
    return differs;
}
