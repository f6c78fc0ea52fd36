/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <math.h>

#include "base/base_internal.h"
#include "figure/figure_internal.h"
#include "vitrail/constants.h"

static cairo_status_t add_to_bytes(void *closure, const unsigned char *data, unsigned int n)
{
    return vtr_bytes_add(closure, data, n) ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_NO_MEMORY;
}

static cairo_surface_t *make_surface(vtr_canvas *canvas, double width, double height)
{
    double scale = canvas->dpi / 72;
    cairo_surface_t *surface;
    switch (canvas->format) {
    case VTR_FIGURE_SVG:
        surface = cairo_svg_surface_create_for_stream(add_to_bytes, &canvas->bytes, width, height);
        cairo_svg_surface_set_document_unit(surface, CAIRO_SVG_UNIT_PT);
        return surface;
    case VTR_FIGURE_PDF:
        surface = cairo_pdf_surface_create_for_stream(add_to_bytes, &canvas->bytes, width, height);
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "Vitrail");
        return surface;
    case VTR_FIGURE_PNG:
        break;
    }
    return cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)ceil(width * scale),
                                      (int)ceil(height * scale));
}

vtr_status vtr_canvas_open(vtr_canvas *canvas, vtr_figure_format format, double width, double height,
                           double dpi, vtr_error *err)
{
    *canvas = (vtr_canvas){.format = format, .dpi = dpi};
    if (format == VTR_FIGURE_PNG && !(fmax(width, height) * dpi / 72 < 32000))
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "a figure of %.0f mm x %.0f mm at %g dpi is too large; lower --dpi",
                        width * 25.4 / 72, height * 25.4 / 72, dpi);
    canvas->surface = make_surface(canvas, width, height);
    canvas->cr = cairo_create(canvas->surface);
    if (cairo_status(canvas->cr) != CAIRO_STATUS_SUCCESS) {
        vtr_canvas_release(canvas);
        return vtr_fail(err, VTR_ERR_MEMORY, "no memory for a figure of %.0f mm x %.0f mm", width * 25.4 / 72,
                        height * 25.4 / 72);
    }
    if (format == VTR_FIGURE_PNG) cairo_scale(canvas->cr, dpi / 72, dpi / 72);
    cairo_set_source_rgb(canvas->cr, 1, 1, 1);
    cairo_paint(canvas->cr);
    cairo_set_line_cap(canvas->cr, CAIRO_LINE_CAP_BUTT);
    cairo_set_line_join(canvas->cr, CAIRO_LINE_JOIN_MITER);
    return VTR_OK;
}

vtr_status vtr_canvas_finish(vtr_canvas *canvas, vtr_error *err)
{
    cairo_status_t drawn = cairo_status(canvas->cr);
    if (drawn != CAIRO_STATUS_SUCCESS)
        return vtr_fail(err, VTR_ERR_MEMORY, "cannot draw the figure: %s", cairo_status_to_string(drawn));
    if (canvas->format == VTR_FIGURE_PNG)
        return vtr_png_encode(&canvas->bytes, canvas->surface, canvas->dpi, err);
    cairo_surface_finish(canvas->surface);
    cairo_status_t written = cairo_surface_status(canvas->surface);
    if (written != CAIRO_STATUS_SUCCESS || canvas->bytes.failed)
        return vtr_fail(err, VTR_ERR_MEMORY, "cannot encode the figure: %s", cairo_status_to_string(written));
    return VTR_OK;
}

void vtr_canvas_release(vtr_canvas *canvas)
{
    if (canvas->cr != NULL) cairo_destroy(canvas->cr);
    if (canvas->surface != NULL) cairo_surface_destroy(canvas->surface); /* may still add to the bytes */
    vtr_free(canvas->bytes.data);
    *canvas = (vtr_canvas){0};
}

vtr_rectangle vtr_snap(const vtr_canvas *canvas, vtr_rectangle r)
{
    if (canvas->format != VTR_FIGURE_PNG) return r;
    double unit = 72 / canvas->dpi;
    double x0 = round(r.x / unit), y0 = round(r.y / unit);
    double x1 = fmax(round((r.x + r.w) / unit), x0 + 1), y1 = fmax(round((r.y + r.h) / unit), y0 + 1);
    return (vtr_rectangle){x0 * unit, y0 * unit, (x1 - x0) * unit, (y1 - y0) * unit};
}

/* Size of the picture to embed: one pixel a device pixel in a PNG; elsewhere enough that programs which
 * smooth pictures leave the data pixels' edges sharp. */
static void embedded_size(const vtr_canvas *canvas, vtr_rectangle box, const vtr_raster *raster, size_t *h,
                          size_t *w)
{
    if (canvas->format == VTR_FIGURE_PNG) {
        *w = (size_t)fmax(1, round(box.w * canvas->dpi / 72));
        *h = (size_t)fmax(1, round(box.h * canvas->dpi / 72));
        return;
    }
    size_t longest = raster->n_x > raster->n_y ? raster->n_x : raster->n_y;
    size_t times = longest < 800 ? (800 + longest - 1) / longest : 1;
    *w = times * raster->n_x;
    *h = times * raster->n_y;
}

static void fill_surface(cairo_surface_t *image, const unsigned char *rgb)
{
    int w = cairo_image_surface_get_width(image), h = cairo_image_surface_get_height(image);
    int stride = cairo_image_surface_get_stride(image);
    unsigned char *pixels = cairo_image_surface_get_data(image);
    cairo_surface_flush(image);
    for (int y = 0; y < h; y++) {
        uint32_t *row = (uint32_t *)(void *)(pixels + (ptrdiff_t)y * stride);
        for (int x = 0; x < w; x++, rgb += 3)
            row[x] = (uint32_t)rgb[0] << 16 | (uint32_t)rgb[1] << 8 | rgb[2];
    }
    cairo_surface_mark_dirty(image);
}

vtr_status vtr_draw_raster(vtr_canvas *canvas, vtr_rectangle box, const vtr_raster *raster, vtr_error *err)
{
    size_t h, w;
    embedded_size(canvas, box, raster, &h, &w);
    unsigned char *rgb = vtr_malloc(h * w, 3);
    cairo_surface_t *image = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)w, (int)h);
    vtr_status status = VTR_OK;
    if (rgb == NULL || cairo_surface_status(image) != CAIRO_STATUS_SUCCESS) {
        status = vtr_fail(err, VTR_ERR_MEMORY, "no memory for a picture of %zu x %zu px", h, w);
    } else {
        vtr_raster_resample(rgb, h, w, raster);
        fill_surface(image, rgb);
        cairo_t *cr = canvas->cr;
        cairo_save(cr);
        cairo_translate(cr, box.x, box.y);
        cairo_scale(cr, box.w / (double)w, box.h / (double)h);
        cairo_set_source_surface(cr, image, 0, 0);
        cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_NEAREST);
        cairo_pattern_set_extend(cairo_get_source(cr), CAIRO_EXTEND_PAD);
        cairo_rectangle(cr, 0, 0, (double)w, (double)h);
        cairo_fill(cr);
        cairo_restore(cr);
    }
    cairo_surface_destroy(image);
    vtr_free(rgb);
    return status;
}

void vtr_set_rgb(cairo_t *cr, const unsigned char rgb[3])
{
    cairo_set_source_rgb(cr, rgb[0] / 255.0, rgb[1] / 255.0, rgb[2] / 255.0);
}

void vtr_set_grey(cairo_t *cr, double lightness)
{
    cairo_set_source_rgb(cr, lightness, lightness, lightness);
}

void vtr_rounded_rectangle(cairo_t *cr, vtr_rectangle r, double radius)
{
    cairo_new_sub_path(cr);
    cairo_arc(cr, r.x + r.w - radius, r.y + radius, radius, -VTR_PI / 2, 0);
    cairo_arc(cr, r.x + r.w - radius, r.y + r.h - radius, radius, 0, VTR_PI / 2);
    cairo_arc(cr, r.x + radius, r.y + r.h - radius, radius, VTR_PI / 2, VTR_PI);
    cairo_arc(cr, r.x + radius, r.y + radius, radius, VTR_PI, 3 * VTR_PI / 2);
    cairo_close_path(cr);
}
