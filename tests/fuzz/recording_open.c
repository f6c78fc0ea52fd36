/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recording_open.h"

#include <stdlib.h>

#include "fuzz.h"
#include "vitrail/dataset.h"

enum { MAX_READ = 1 << 20 };

static void read_ends(vtr_dataset *dataset)
{
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    size_t frame_bytes = info->shape[2] * info->shape[3] * vtr_type_size(info->type);
    if (info->n_frames == 0 || frame_bytes == 0) abort();
    size_t n = info->n_frames < 2 ? 1 : 2;
    if (frame_bytes > MAX_READ) return;
    /* Of exactly this size, so that the sanitizer sees a byte too many. */
    void *frames = malloc(n * frame_bytes);
    if (frames == NULL) return;
    vtr_error err = {0};
    fuzz_check_sentence(vtr_dataset_read(dataset, 0, n, frames, &err), err.message);
    err = (vtr_error){0};
    fuzz_check_sentence(vtr_dataset_read(dataset, info->n_frames - n, n, frames, &err), err.message);
    free(frames);
}

void fuzz_open_recording(const uint8_t *data, size_t size)
{
    const char *path = fuzz_file(data, size);
    if (path == NULL) return;
    vtr_error err = {0};
    vtr_dataset *dataset = NULL;
    vtr_status status = vtr_dataset_open(&dataset, path, NULL, &err);
    fuzz_check_sentence(status, err.message);
    if (status == VTR_OK) read_ends(dataset);
    vtr_dataset_close(&dataset);
}
