/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "magnetic/magnetic_internal.h"
#include "vitrail/detector.h"

void vtr_thickness_free(double *thickness_nm)
{
    vtr_free(thickness_nm);
}

static vtr_status resample_image(double *out, const float *image, size_t height, size_t width, size_t n_y,
                                 size_t n_x, vtr_error *err)
{
    vtr_stencil along_y = {0}, along_x = {0};
    double *old = vtr_malloc(height * width, sizeof *old);
    vtr_status status =
        old != NULL ? VTR_OK : vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a thickness map");
    if (status == VTR_OK) status = vtr_stencil_create(&along_y, height, n_y, err);
    if (status == VTR_OK) status = vtr_stencil_create(&along_x, width, n_x, err);
    for (size_t i = 0; status == VTR_OK && i < height * width; i++)
        old[i] = (double)image[i];
    for (size_t i = 0; status == VTR_OK && i < n_y * n_x; i++)
        out[i] = vtr_stencil_apply(&along_y, &along_x, old, width, i / n_x, i % n_x, false);
    vtr_stencil_release(&along_y);
    vtr_stencil_release(&along_x);
    vtr_free(old);
    return status;
}

vtr_status vtr_thickness_read(double **out, const char *text, size_t n_y, size_t n_x, vtr_error *err)
{
    double number = NAN;
    float *image = NULL;
    size_t height = 0, width = 0;
    bool is_number = vtr_parse_double(text, &number) == 0;
    if (is_number && !(number > 0 && isfinite(number)))
        return vtr_fail(err, VTR_ERR_RANGE, "a film of %g nm deflects nothing; give a thickness above 0",
                        number);
    double *thickness = vtr_malloc(n_y * n_x, sizeof *thickness);
    if (thickness == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a thickness map");
    vtr_status status = VTR_OK;
    for (size_t i = 0; is_number && i < n_y * n_x; i++)
        thickness[i] = number;
    if (!is_number) {
        status = vtr_image_read(&image, &height, &width, text, err);
        if (status == VTR_OK) status = resample_image(thickness, image, height, width, n_y, n_x, err);
        vtr_image_free(image);
    }
    if (status == VTR_OK)
        *out = thickness;
    else
        vtr_free(thickness);
    return status;
}
