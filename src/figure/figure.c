/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The page: panels in a grid, drawn into memory, then written. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "figure/figure_internal.h"
#include "vitrail/output.h"

#define POINTS_PER_MM (72 / 25.4)
#define BORDER 2.0
#define COLUMN_GAP 9.0
#define ROW_GAP 7.0
#define TALLEST 1.5 /* height over width beyond which a box is made narrower instead */

static const vtr_figure_colours default_colours = {.factor = 1, .limits = {NAN, NAN}};
static const vtr_figure_plot default_plot = {
    .x_limits = {NAN, NAN}, .y_limits = {NAN, NAN}, .span = {NAN, NAN}};

vtr_figure_panel vtr_figure_map_panel(const float *values, size_t n_y, size_t n_x)
{
    return (vtr_figure_panel){.kind = VTR_FIGURE_MAP,
                              .map = {.n_y = n_y,
                                      .n_x = n_x,
                                      .values = values,
                                      .fold = 2,
                                      .step_y_nm = NAN,
                                      .step_x_nm = NAN,
                                      .colours = default_colours},
                              .plot = default_plot};
}

vtr_figure_panel vtr_figure_pattern_panel(const float *values, size_t det_y, size_t det_x)
{
    vtr_figure_colours colours = default_colours;
    colours.scaling = VTR_SCALE_LOG;
    colours.label = "intensity (counts)";
    return (vtr_figure_panel){.kind = VTR_FIGURE_PATTERN,
                              .pattern = {.det_y = det_y,
                                          .det_x = det_x,
                                          .values = values,
                                          .k_step_inv_angstrom = NAN,
                                          .annulus_px = {NAN, NAN},
                                          .colours = colours},
                              .plot = default_plot};
}

vtr_figure_panel vtr_figure_plot_panel(const vtr_figure_series *series, size_t n_series)
{
    vtr_figure_panel panel = {.kind = VTR_FIGURE_PLOT, .plot = default_plot};
    panel.plot.series = series;
    panel.plot.n_series = n_series;
    return panel;
}

vtr_figure_page vtr_figure_default_page(size_t n_panels)
{
    return (vtr_figure_page){.width_mm = n_panels > 1 ? 170 : 85, .dpi = 300};
}

vtr_status vtr_figure_format_of(vtr_figure_format *format, const char *path, vtr_error *err)
{
    static const char *const endings[] = {".png", ".svg", ".pdf"};
    for (int i = 0; i < 3; i++)
        if (vtr_text_ends_with_nocase(path, endings[i])) {
            *format = (vtr_figure_format)i;
            return VTR_OK;
        }
    return vtr_fail(err, VTR_ERR_ARGUMENT, "cannot tell the format of '%s'; end it in .png, .svg or .pdf",
                    path);
}

void vtr_figure_free(unsigned char *bytes)
{
    vtr_free(bytes);
}

/* --- layout
 * -------------------------------------------------------------------------------------------------- */

typedef struct grid {
    size_t n, columns, rows;
    double width, height; /* of the page */
    double box_width;     /* of every panel */
    double title_height;
    double left[VTR_FIGURE_MAX_PANELS]; /* of the boxes of each column, from the page's left edge */
    double top[VTR_FIGURE_MAX_PANELS];  /* of the boxes of each row */
} grid;

static size_t columns_for(size_t n)
{
    return n <= 3 ? n : n == 4 ? 2 : 3;
}

static double box_height(const vtr_panel_work *work, double width)
{
    return width * fmin(work->aspect, TALLEST);
}

/* A tall picture keeps its shape by being narrower. */
static double drawn_width(const vtr_panel_work *work, double width)
{
    return work->aspect > TALLEST ? box_height(work, width) / work->aspect : width;
}

/* Widths of the columns for the margins that boxes of the last width need; box widths are equal, so that
 * pictures in a column stand exactly under each other. */
static void lay_columns(grid *g, vtr_panel_work *works, cairo_t *cr)
{
    double left[VTR_FIGURE_MAX_PANELS] = {0}, right[VTR_FIGURE_MAX_PANELS] = {0}, margins = 0;
    for (size_t i = 0; i < g->n; i++) {
        size_t column = i % g->columns;
        vtr_panel_measure(&works[i], cr, g->box_width, box_height(&works[i], g->box_width));
        left[column] = fmax(left[column], works[i].margins.left);
        right[column] = fmax(right[column], works[i].margins.right);
    }
    for (size_t c = 0; c < g->columns; c++)
        margins += left[c] + right[c];
    double free_width = g->width - 2 * BORDER - margins - COLUMN_GAP * (double)(g->columns - 1);
    g->box_width = free_width / (double)g->columns;
    double x = BORDER;
    for (size_t c = 0; c < g->columns; c++) {
        g->left[c] = x + left[c];
        x += left[c] + g->box_width + right[c] + COLUMN_GAP;
    }
}

static void lay_rows(grid *g, const vtr_panel_work *works)
{
    double y = BORDER + g->title_height;
    for (size_t row = 0; row < g->rows; row++) {
        double top = 0, below = 0;
        for (size_t i = row * g->columns; i < g->n && i < (row + 1) * g->columns; i++) {
            top = fmax(top, works[i].margins.top);
            below = fmax(below, box_height(&works[i], g->box_width) + works[i].margins.bottom);
        }
        g->top[row] = y + top;
        y += top + below + (row + 1 < g->rows ? ROW_GAP : 0);
    }
    g->height = y + BORDER;
}

/* Texts are measured on a surface of no size. */
static vtr_status lay_out(grid *g, vtr_panel_work *works, const vtr_figure_page *page, vtr_error *err)
{
    cairo_surface_t *nothing = cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1);
    cairo_t *cr = cairo_create(nothing);
    g->width = page->width_mm * POINTS_PER_MM;
    g->title_height = page->title != NULL && page->title[0] != '\0' ? VTR_TITLE_PT + 6 : 0;
    g->box_width = 0.7 * g->width / (double)g->columns;
    for (int pass = 0; pass < 3 && g->box_width > 0; pass++)
        lay_columns(g, works, cr);
    if (g->box_width > 0) lay_rows(g, works);
    cairo_destroy(cr);
    cairo_surface_destroy(nothing);
    if (g->box_width >= 12) return VTR_OK;
    return vtr_fail(err, VTR_ERR_ARGUMENT, "%g mm is too narrow for %zu %s; raise --width or lower --columns",
                    page->width_mm, g->columns, g->columns == 1 ? "panel" : "panels beside each other");
}

/* --- drawing
 * ------------------------------------------------------------------------------------------------- */

static void set_letter(vtr_panel_work *work, size_t i)
{
    char letters[3] = {(char)('a' + i % 26), '\0', '\0'};
    if (i >= 26) letters[0] = (char)('a' + i / 26 - 1), letters[1] = (char)('a' + i % 26);
    snprintf(work->letter, sizeof work->letter, "<b>(%s)</b>", letters);
}

static vtr_status draw_page(vtr_canvas *canvas, const grid *g, vtr_panel_work *works,
                            const vtr_figure_page *page, vtr_error *err)
{
    if (g->title_height > 0) {
        vtr_set_grey(canvas->cr, 0);
        vtr_text(canvas->cr, page->title, VTR_TITLE_PT, g->left[0], BORDER + VTR_TITLE_PT / 2 + 1, VTR_LEFT);
    }
    for (size_t i = 0; i < g->n; i++) {
        double width = drawn_width(&works[i], g->box_width);
        vtr_rectangle box = {g->left[i % g->columns], g->top[i / g->columns], width,
                             box_height(&works[i], g->box_width)};
        vtr_status status = vtr_panel_draw(&works[i], canvas, box, err);
        if (status != VTR_OK) return status;
    }
    return VTR_OK;
}

static vtr_status check_page(size_t n_panels, const vtr_figure_page *page, vtr_error *err)
{
    if (n_panels == 0 || n_panels > VTR_FIGURE_MAX_PANELS)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "a figure of %zu panels; 1 to %d can be drawn", n_panels,
                        VTR_FIGURE_MAX_PANELS);
    if (!(page->width_mm >= 20 && page->width_mm <= 2000))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "a width of %g mm is outside 20 to 2000", page->width_mm);
    if (!(page->dpi >= 30 && page->dpi <= 2400))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "%g dpi is outside 30 to 2400", page->dpi);
    return VTR_OK;
}

vtr_status vtr_figure_encode(unsigned char **bytes, size_t *n_bytes, vtr_figure_format format,
                             const vtr_figure_panel *panels, size_t n_panels, const vtr_figure_page *page,
                             vtr_error *err)
{
    vtr_figure_page defaults = vtr_figure_default_page(n_panels);
    if (page == NULL) page = &defaults;
    vtr_status status = check_page(n_panels, page, err);
    for (size_t i = 0; i < n_panels && status == VTR_OK; i++)
        status = vtr_panel_check(&panels[i], err);
    if (status != VTR_OK) return status;
    vtr_panel_work *works = vtr_calloc(n_panels, sizeof *works);
    if (works == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "no memory for %zu panels", n_panels);
    grid g = {.n = n_panels, .columns = page->columns > 0 ? page->columns : columns_for(n_panels)};
    if (g.columns > n_panels) g.columns = n_panels;
    g.rows = (n_panels + g.columns - 1) / g.columns;
    vtr_canvas canvas = {0};
    for (size_t i = 0; i < n_panels && status == VTR_OK; i++) {
        status = vtr_panel_prepare(&works[i], &panels[i], err);
        if (n_panels > 1 && !page->hide_letters) set_letter(&works[i], i);
    }
    if (status == VTR_OK) status = lay_out(&g, works, page, err);
    if (status == VTR_OK) status = vtr_canvas_open(&canvas, format, g.width, g.height, page->dpi, err);
    if (status == VTR_OK) status = draw_page(&canvas, &g, works, page, err);
    if (status == VTR_OK) status = vtr_canvas_finish(&canvas, err);
    if (status == VTR_OK) {
        *bytes = canvas.bytes.data;
        *n_bytes = canvas.bytes.n;
        canvas.bytes = (vtr_bytes){0};
    }
    vtr_canvas_release(&canvas);
    for (size_t i = 0; i < n_panels; i++)
        vtr_panel_release(&works[i]);
    vtr_free(works);
    return status;
}

typedef struct picture {
    unsigned char *bytes;
    size_t n;
} picture;

static vtr_status write_picture(FILE *out, void *user, vtr_error *err)
{
    (void)err;
    const picture *p = user;
    fwrite(p->bytes, 1, p->n, out);
    return VTR_OK;
}

vtr_status vtr_figure_write(const char *path, const vtr_figure_panel *panels, size_t n_panels,
                            const vtr_figure_page *page, vtr_error *err)
{
    vtr_figure_format format;
    vtr_status status = vtr_figure_format_of(&format, path, err);
    if (status == VTR_OK) status = vtr_output_check(path, page != NULL && page->force, err);
    if (status != VTR_OK) return status;
    picture p = {0};
    status = vtr_figure_encode(&p.bytes, &p.n, format, panels, n_panels, page, err);
    if (status == VTR_OK)
        status = vtr_output_write(path, page != NULL && page->force, write_picture, &p, err);
    vtr_figure_free(p.bytes);
    return status;
}
