/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "mapfile/region_internal.h"
#include "vitrail/constants.h"
#include "vitrail/dataset.h"
#include "vitrail/parameters.h"

static void set_all(const vtr_region_term *term, bool (*is_inside)(const void *shape, double y, double x),
                    const void *shape)
{
    for (size_t y = 0; y < term->n_y; y++)
        for (size_t x = 0; x < term->n_x; x++)
            term->member[y * term->n_x + x] = is_inside(shape, (double)y, (double)x) != term->negated;
}

/* Numbers separated by ',' and ';', up to `most`, of which there are *n; false where something else is written. */
static bool read_numbers(double *values, size_t most, size_t *n, const char *text)
{
    for (*n = 0;; ++*n) {
        char number[64];
        size_t length = strcspn(text, ",;");
        if (*n == most || length >= sizeof number) return false;
        memcpy(number, text, length);
        number[length] = '\0';
        if (vtr_parse_double(number, &values[*n]) != 0 || !isfinite(values[*n])) return false;
        if (text[length] == '\0') break;
        text += length + 1;
    }
    ++*n;
    return true;
}

/* --- rectangle ---------------------------------------------------------------------------------------------- */

static bool in_box(const void *shape, double y, double x)
{
    const vtr_box *box = shape;
    return y >= (double)box->y0 && y < (double)box->y1 && x >= (double)box->x0 && x < (double)box->x1;
}

vtr_status vtr_region_box(bool *taken, const vtr_region_term *term, vtr_error *err)
{
    static const vtr_parameter parameter = {"region", NULL, VTR_PARAMETER_BOX, 0};
    vtr_box box;
    if (strspn(term->text, "0123456789") == 0) return VTR_OK;
    *taken = true;
    vtr_status status = vtr_parameters_set(&parameter, &box, term->text, err);
    if (status != VTR_OK) return status;
    if (box.y1 > term->n_y || box.x1 > term->n_x)
        return vtr_fail(err, VTR_ERR_RANGE, "'%s' is not inside the scan of %zu x %zu positions", term->text,
                        term->n_y, term->n_x);
    set_all(term, in_box, &box);
    return VTR_OK;
}

/* --- ellipse ------------------------------------------------------------------------------------------------ */

typedef struct ellipse {
    double y, x, radius_y, radius_x, cosine, sine;
} ellipse;

static bool in_ellipse(const void *shape, double y, double x)
{
    const ellipse *e = shape;
    double u = (x - e->x) * e->cosine + (y - e->y) * e->sine;
    double v = (y - e->y) * e->cosine - (x - e->x) * e->sine;
    u /= e->radius_x;
    v /= e->radius_y;
    return u * u + v * v <= 1;
}

vtr_status vtr_region_ellipse(bool *taken, const vtr_region_term *term, vtr_error *err)
{
    double v[5];
    size_t n = 0;
    if (!vtr_text_starts_with(term->text, "ellipse:")) return VTR_OK;
    *taken = true;
    if (!read_numbers(v, 5, &n, term->text + 8) || n < 4 || !(v[2] > 0 && v[3] > 0))
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "'%s' is not ellipse:Y,X,RY,RX[,ANGLE] with positive half-axes", term->text);
    double angle = n == 5 ? v[4] * VTR_RADIANS_PER_DEGREE : 0;
    const ellipse shape = {v[0], v[1], v[2], v[3], cos(angle), sin(angle)};
    set_all(term, in_ellipse, &shape);
    return VTR_OK;
}

/* --- polygon ------------------------------------------------------------------------------------------------ */

enum { MAX_CORNERS = 128 };

typedef struct polygon {
    size_t n;
    double corners[2 * MAX_CORNERS]; /* y, x */
} polygon;

/* Edges that a ray towards -x crosses, each of them with its upper end and without its lower. */
static bool in_polygon(const void *shape, double y, double x)
{
    const polygon *p = shape;
    bool inside = false;
    for (size_t i = 0, j = p->n - 1; i < p->n; j = i++) {
        double yi = p->corners[2 * i], xi = p->corners[2 * i + 1];
        double yj = p->corners[2 * j], xj = p->corners[2 * j + 1];
        if ((yi > y) != (yj > y) && x > xi + (xj - xi) * (y - yi) / (yj - yi)) inside = !inside;
    }
    return inside;
}

vtr_status vtr_region_polygon(bool *taken, const vtr_region_term *term, vtr_error *err)
{
    polygon shape;
    size_t n = 0;
    if (!vtr_text_starts_with(term->text, "polygon:")) return VTR_OK;
    *taken = true;
    if (!read_numbers(shape.corners, 2 * MAX_CORNERS, &n, term->text + 8) || n < 6 || n % 2 != 0)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "'%s' is not polygon:Y,X;Y,X;Y,X... of 3 to %d corners",
                        term->text, MAX_CORNERS);
    shape.n = n / 2;
    set_all(term, in_polygon, &shape);
    return VTR_OK;
}

/* --- image -------------------------------------------------------------------------------------------------- */

vtr_status vtr_region_mask(bool *taken, const vtr_region_term *term, vtr_error *err)
{
    float *image = NULL;
    size_t height = 0, width = 0;
    if (!vtr_text_starts_with(term->text, "mask:")) return VTR_OK;
    *taken = true;
    vtr_status status = vtr_image_read(&image, &height, &width, term->text + 5, err);
    if (status != VTR_OK) return status;
    if (height != term->n_y || width != term->n_x)
        status = vtr_fail(err, VTR_ERR_SHAPE, "the mask '%s' is %zu x %zu px, the scan %zu x %zu positions",
                          term->text + 5, height, width, term->n_y, term->n_x);
    for (size_t i = 0; status == VTR_OK && i < height * width; i++)
        term->member[i] = (image[i] != 0 && !isnan(image[i])) != term->negated;
    vtr_image_free(image);
    return status;
}
