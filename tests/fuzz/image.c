/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/dataset.h"

#include <string.h>

#include "fuzz.h"

/* Masks and other images: TIFF, PNG, BMP and what recordings of one frame there are. */
int fuzz_one(const uint8_t *data, size_t size)
{
    if (size >= 8 && memcmp(data, "\x89HDF\r\n\x1a\n", 8) == 0) return 0;
    const char *path = fuzz_file(data, size);
    if (path == NULL) return 0;
    vtr_error err = {0};
    float *image = NULL;
    size_t height = 0, width = 0;
    vtr_status status = vtr_image_read(&image, &height, &width, path, &err);
    fuzz_check_sentence(status, err.message);
    if (status == VTR_OK) {
        volatile float last = image[height * width - 1];
        (void)last;
        vtr_image_free(image);
    }
    return 0;
}
