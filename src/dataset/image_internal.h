/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_DATASET_IMAGE_INTERNAL_H
#define VITRAIL_DATASET_IMAGE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "dataset/dataset_internal.h"
#include "vitrail/error.h"

/* Whether a file begins as a TIFF, as a PNG, as a BMP. */
bool vtr_image_is_tiff(const unsigned char *head, size_t n);
bool vtr_image_is_png(const unsigned char *head, size_t n);
bool vtr_image_is_bmp(const unsigned char *head, size_t n);

/* Most pixels that an image may have: 1 GiB as float32. */
#define VTR_IMAGE_MAX_PIXELS ((size_t)1 << 28)

/* Weights of red, green and blue in grey (ITU-R BT.601). */
static const double vtr_grey_weights[3] = {0.299, 0.587, 0.114};

vtr_status vtr_image_read_tiff(float **image, size_t *height, size_t *width, const char *path,
                               vtr_error *err);
vtr_status vtr_image_read_png(float **image, size_t *height, size_t *width, const char *path, vtr_error *err);
/* *n_coloured: pixels that were no grey. */
vtr_status vtr_image_read_bmp(float **image, size_t *height, size_t *width, size_t *n_coloured,
                              const vtr_file *file, const char *path, vtr_error *err);
/* Memory for an image of sizes that a file names; refuses impossible ones. */
vtr_status vtr_image_allocate(float **image, size_t height, size_t width, const char *path, vtr_error *err);

#endif
