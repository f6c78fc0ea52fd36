/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/base_internal.h"
#include "dataset/dataset_internal.h"
#include "dataset/image_internal.h"
#include "dataset/tiff_internal.h"

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

vtr_status vtr_image_read(float **image, size_t *height, size_t *width, const char *path, vtr_error *err)
{
    vtr_dataset *dataset = NULL;
    float *pixels = NULL;
    vtr_status status = vtr_dataset_open(&dataset, path, NULL, err);
    if (status != VTR_OK) return status;
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    /* of a TIFF with several pages the image is the first */
    if (vtr_dataset_n_positions(info) != 1 && dataset->format != &vtr_format_tiff_stack)
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

void vtr_image_free(float *image)
{
    vtr_free(image);
}
