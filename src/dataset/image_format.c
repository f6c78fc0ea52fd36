/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/base_internal.h"
#include "dataset/dataset_internal.h"
#include "dataset/image_internal.h"
#include "dataset/tiff_internal.h"

/* PNG and BMP images, and TIFF ones that are no grey numbers in strips (tiff_stack.c), as recordings of one frame of
 * f32; colour becomes grey. The pixels are read when the file is
 * opened: an image is small. */

bool vtr_image_is_tiff(const unsigned char *head, size_t n)
{
    return n >= 8 && (memcmp(head, "II*\0", 4) == 0 || memcmp(head, "MM\0*", 4) == 0 || /* and BigTIFF: */
                      memcmp(head, "II+\0", 4) == 0 || memcmp(head, "MM\0+", 4) == 0);
}

bool vtr_image_is_png(const unsigned char *head, size_t n)
{
    return n >= 8 && memcmp(head, "\x89PNG\r\n\x1a\n", 8) == 0;
}

/* Two letters are little to go by: the information header's length, a small number, must follow where it belongs. */
bool vtr_image_is_bmp(const unsigned char *head, size_t n)
{
    return n >= 18 && memcmp(head, "BM", 2) == 0 && head[14] >= 12 && memcmp(head + 15, "\0\0\0", 3) == 0;
}

static vtr_status take_image(vtr_dataset *dataset, float *image, size_t height, size_t width, vtr_error *err)
{
    const uint64_t sizes[2] = {height, width};
    dataset->state = image;
    dataset->info.type = VTR_TYPE_F32;
    dataset->stored_frames = 1;
    return vtr_dataset_set_shape(dataset, sizes, 2, err);
}

static vtr_status open_tiff(vtr_dataset *dataset, const vtr_dataset_params *params, vtr_error *err)
{
    float *image = NULL;
    size_t height = 0, width = 0;
    bool is_stack;
    vtr_status status = vtr_tiff_stack_open(dataset, &is_stack, err);
    if (is_stack) {
        dataset->format = &vtr_format_tiff_stack;
        if (status == VTR_OK && dataset->stored_frames > 1 && params->scan_shape[0] == 0)
            vtr_dataset_note(dataset, "the file does not say the scan's shape; give --scan-shape");
    }
    if (status != VTR_OK || is_stack) return status;
    status = vtr_image_read_tiff(&image, &height, &width, dataset->path, err);
    return status == VTR_OK ? take_image(dataset, image, height, width, err) : status;
}

static vtr_status open_png(vtr_dataset *dataset, const vtr_dataset_params *params, vtr_error *err)
{
    (void)params;
    float *image = NULL;
    size_t height = 0, width = 0;
    vtr_status status = vtr_image_read_png(&image, &height, &width, dataset->path, err);
    return status == VTR_OK ? take_image(dataset, image, height, width, err) : status;
}

static vtr_status open_bmp(vtr_dataset *dataset, const vtr_dataset_params *params, vtr_error *err)
{
    (void)params;
    float *image = NULL;
    size_t height = 0, width = 0, n_coloured = 0;
    vtr_status status =
        vtr_image_read_bmp(&image, &height, &width, &n_coloured, &dataset->file, dataset->path, err);
    if (status != VTR_OK) return status;
    dataset->info.saturation = 255;
    if (n_coloured > 0)
        vtr_dataset_note(dataset, "%zu of %zu pixels are coloured; their brightness is taken (ITU-R BT.601)",
                         n_coloured, height * width);
    return take_image(dataset, image, height, width, err);
}

static vtr_status read_image(vtr_dataset *dataset, size_t first, size_t n, void *frames, vtr_error *err)
{
    (void)first; /* there is but one */
    (void)n;
    (void)err;
    memcpy(frames, dataset->state, vtr_dataset_frame_bytes(&dataset->info));
    return VTR_OK;
}

static void close_image(vtr_dataset *dataset)
{
    vtr_free(dataset->state);
}

const vtr_dataset_format vtr_format_tiff = {
    .name = "TIFF", .probe = vtr_image_is_tiff, .open = open_tiff, .read = read_image, .close = close_image};
const vtr_dataset_format vtr_format_png = {
    .name = "PNG", .probe = vtr_image_is_png, .open = open_png, .read = read_image, .close = close_image};
const vtr_dataset_format vtr_format_bmp = {
    .name = "BMP", .probe = vtr_image_is_bmp, .open = open_bmp, .read = read_image, .close = close_image};
