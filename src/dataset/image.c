/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/base_internal.h"
#include "dataset/dataset_internal.h"
#include "dataset/image_internal.h"

vtr_status vtr_image_allocate(float **image, size_t height, size_t width, const char *path, vtr_error *err)
{
    size_t pixels;
    if (height == 0 || width == 0 || !vtr_multiply_size(height, width, &pixels) ||
        pixels > VTR_IMAGE_MAX_PIXELS)
        return vtr_fail(err, VTR_ERR_SHAPE, "cannot read '%s': an image of %zu x %zu pixels", path, height,
                        width);
    *image = vtr_malloc(pixels, sizeof **image);
    if (*image == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory reading '%s'", path);
    return VTR_OK;
}

/* A recording of one frame. */
static vtr_status read_recording(float **image, size_t *height, size_t *width, const char *path,
                                 vtr_error *err)
{
    vtr_dataset *dataset = NULL;
    float *pixels = NULL;
    vtr_status status = vtr_dataset_open(&dataset, path, NULL, err);
    if (status != VTR_OK) return status;
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    if (vtr_dataset_n_positions(info) != 1)
        status = vtr_fail(err, VTR_ERR_SHAPE, "'%s' holds %zu x %zu patterns where one image is needed", path,
                          info->shape[0], info->shape[1]);
    if (status == VTR_OK) status = vtr_image_allocate(&pixels, info->shape[2], info->shape[3], path, err);
    if (status == VTR_OK) status = vtr_dataset_read_f32(dataset, 0, 1, pixels, err);
    if (status == VTR_OK) {
        *image = pixels;
        *height = info->shape[2];
        *width = info->shape[3];
    } else {
        vtr_free(pixels);
    }
    vtr_dataset_close(&dataset);
    return status;
}

vtr_status vtr_image_read(float **image, size_t *height, size_t *width, const char *path, vtr_error *err)
{
    vtr_file file;
    unsigned char head[8] = {0};
    size_t n;
    vtr_status status = vtr_file_open(&file, path, err);
    if (status != VTR_OK) return status;
    status = vtr_file_read_some(&file, 0, head, sizeof head, &n, err);
    vtr_file_close(&file);
    if (status != VTR_OK) return vtr_fail_context(err, status, "cannot read '%s'", path);
    if (memcmp(head, "II*\0", 4) == 0 || memcmp(head, "MM\0*", 4) == 0 || memcmp(head, "II+\0", 4) == 0 ||
        memcmp(head, "MM\0+", 4) == 0)
        return vtr_image_read_tiff(image, height, width, path, err);
    if (memcmp(head, "\x89PNG\r\n\x1a\n", 8) == 0) return vtr_image_read_png(image, height, width, path, err);
    return read_recording(image, height, width, path, err);
}

void vtr_image_free(float *image)
{
    vtr_free(image);
}
