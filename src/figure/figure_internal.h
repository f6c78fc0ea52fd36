/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_FIGURE_INTERNAL_H
#define VITRAIL_FIGURE_INTERNAL_H

/* What the files of this room share: lengths are in pt (1/72 inch), y downwards, unless a name says
 * otherwise. */

#include <cairo.h>
#include <pango/pangocairo.h>

#include "vitrail/figure.h"

/* OKLab lightness of a colour, 0 black to 1 white. */
double vtr_figure_lightness(const unsigned char rgb[3]);

/* --- numbers (scale.c)
 * --------------------------------------------------------------------------------------- */

enum { VTR_MAX_TICKS = 16, VTR_TICK_TEXT = 48 };
typedef struct vtr_ticks {
    size_t n;
    double value[VTR_MAX_TICKS];
    char text[VTR_MAX_TICKS][VTR_TICK_TEXT]; /* Pango markup, the same number of decimals, U+2212 as minus */
} vtr_ticks;

/* Multiples of 1, 2 or 5 times a power of ten inside [lo, hi], at most `most` (2 ... VTR_MAX_TICKS) of them.
 */
void vtr_ticks_linear(vtr_ticks *ticks, double lo, double hi, size_t most);
/* Powers of ten inside [lo, hi], every second or third where there are many; linear ones where there are
 * fewer than two. */
void vtr_ticks_log(vtr_ticks *ticks, double lo, double hi, size_t most);
/* 2 ... 9 times powers of ten between lo and hi, for unlabelled ticks; none over many decades. Returns how
 * many. */
enum { VTR_MAX_MINOR = 48 };
size_t vtr_ticks_minor(double values[VTR_MAX_MINOR], double lo, double hi);
/* The largest of 1, 2, 5 times a power of ten that is not above `most`. */
double vtr_round_length(double most);
/* A length with its unit: "50 nm", "2 µm", "0.5 nm". */
void vtr_length_text(char *text, size_t size, double length_nm);
/* The same for k: "2 nm⁻¹" as markup. */
void vtr_wave_number_text(char *text, size_t size, double k_inv_nm);
/* A number with three significant digits at most, U+2212 as minus. */
void vtr_number_text(char *text, size_t size, double value);

/* The limits of what is shown: given ones where they are, else the 1st and 99th percentile (the extremes
 * where they are little further; of log data the 1st and 99.9th of what is positive) of the finite values
 * with used != 0 (NULL: all), rounded outwards; always lo < hi. Sets out_of_range[0] and [1] to whether
 * values lie below and above. VTR_ERR_MEMORY. */
vtr_status vtr_find_limits(double limits[2], bool out_of_range[2], const float *values,
                           const unsigned char *used, size_t n, const vtr_figure_colours *colours,
                           vtr_error *err);
/* Position 0 ... 1 of a shown value between the limits (may lie outside). */
double vtr_scale_position(const double limits[2], vtr_figure_scaling scaling, double shown);

/* Colours of lines; the mean of the first n with these weights, none below zero (palette.c). */
enum { VTR_LINE_COLOURS = 7 };
extern const unsigned char vtr_line_rgb[VTR_LINE_COLOURS][3];
void vtr_mixed_colour(unsigned char rgb[3], size_t n, const double *weights);

/* --- pixels (raster.c)
 * --------------------------------------------------------------------------------------- */

/* A picture of data pixels in colours. */
typedef struct vtr_raster {
    size_t n_y, n_x;
    unsigned char *rgb;     /* [n_y][n_x][3] */
    unsigned char *is_data; /* [n_y][n_x], 0 = no data */
    bool has_missing, has_masked;
} vtr_raster;

extern const unsigned char vtr_missing_rgb[3], vtr_masked_rgb[3];

vtr_status vtr_raster_map(vtr_raster *raster, const vtr_figure_map *map, const double limits[2],
                          vtr_error *err);
vtr_status vtr_raster_pattern(vtr_raster *raster, const vtr_figure_pattern *pattern, const double limits[2],
                              vtr_error *err);
void vtr_raster_release(vtr_raster *raster);
/* Into `out` [h][w][3]: each pixel of `out` is the nearest data pixel where data pixels are larger than it,
 * and the mean colour of those with data under it where they are smaller (grey where most have none). */
void vtr_raster_resample(unsigned char *out, size_t h, size_t w, const vtr_raster *raster);

/* --- paper (canvas.c, png.c)
 * --------------------------------------------------------------------------------- */

typedef struct vtr_bytes {
    unsigned char *data;
    size_t n, room;
    bool failed;
} vtr_bytes;

bool vtr_bytes_add(vtr_bytes *bytes, const void *data, size_t n);
/* Writes a PNG of the image surface (RGB24) with its resolution into `bytes`. */
vtr_status vtr_png_encode(vtr_bytes *bytes, cairo_surface_t *image, double dpi, vtr_error *err);

typedef struct vtr_canvas {
    cairo_t *cr;
    cairo_surface_t *surface;
    vtr_figure_format format;
    double dpi;
    vtr_bytes bytes;
} vtr_canvas;

vtr_status vtr_canvas_open(vtr_canvas *canvas, vtr_figure_format format, double width, double height,
                           double dpi, vtr_error *err);
/* Completes canvas->bytes, which the caller takes over (or releases with the canvas). */
vtr_status vtr_canvas_finish(vtr_canvas *canvas, vtr_error *err);
void vtr_canvas_release(vtr_canvas *canvas);

typedef struct vtr_rectangle {
    double x, y, w, h;
} vtr_rectangle;

/* Moves the edges onto whole device pixels of a PNG. */
vtr_rectangle vtr_snap(const vtr_canvas *canvas, vtr_rectangle r);
vtr_status vtr_draw_raster(vtr_canvas *canvas, vtr_rectangle box, const vtr_raster *raster, vtr_error *err);
void vtr_set_rgb(cairo_t *cr, const unsigned char rgb[3]);
void vtr_set_grey(cairo_t *cr, double lightness);
void vtr_rounded_rectangle(cairo_t *cr, vtr_rectangle r, double radius);

/* --- text (text.c)
 * ------------------------------------------------------------------------------------------- */

enum { VTR_LEFT = 0, VTR_CENTRE = 1, VTR_RIGHT = 2 };
#define VTR_TEXT_PT 7.0
#define VTR_SMALL_PT 6.2
#define VTR_TITLE_PT 8.5

void vtr_text_size(cairo_t *cr, const char *text, double size_pt, double *w, double *h);
/* Draws `text` in the current colour; (x, y) is its left edge, centre or right edge by `align`, its vertical
 * middle. */
void vtr_text(cairo_t *cr, const char *text, double size_pt, double x, double y, int align);
/* The same turned by 90 degrees, reading upwards, centred on (x, y), smaller where it is longer than `room`.
 */
void vtr_text_upwards(cairo_t *cr, const char *text, double size_pt, double x, double y, double room);

/* --- furniture
 * ----------------------------------------------------------------------------------------------- */

/* A colour bar at the right of a box, with ticks and label. */
typedef struct vtr_colour_bar {
    vtr_palette palette;
    vtr_figure_scaling scaling;
    double limits[2];
    bool out_of_range[2];
    const char *label;
} vtr_colour_bar;
double vtr_colour_bar_width(cairo_t *cr, const vtr_colour_bar *bar, double height);
void vtr_draw_colour_bar(vtr_canvas *canvas, const vtr_colour_bar *bar, vtr_rectangle box);

/* A colour wheel at the right of a box: fold, amplitude of full brightness in words. */
double vtr_wheel_width(cairo_t *cr, const char *label, const char *limit_text);
void vtr_draw_wheel(vtr_canvas *canvas, vtr_rectangle box, int fold, const char *label,
                    const char *limit_text);
/* Pixel of the wheel at (dx right, dy down) in units of its radius; false outside. */
bool vtr_wheel_pixel(unsigned char rgb[3], double dx, double dy, int fold);

/* A scale bar inside the lower left or right corner of the box. `lightness` is that of the picture under it.
 */
void vtr_draw_scale_bar(vtr_canvas *canvas, vtr_rectangle box, double length, const char *text,
                        double lightness, bool at_right);

/* Sticks, arrows and rectangles over a map that fills `box` and has this mean lightness. */
void vtr_draw_overlay(vtr_canvas *canvas, vtr_rectangle box, const vtr_figure_map *map, double lightness);
/* Length on paper of the arrow for vtr_overlay_longest. */
double vtr_overlay_arrow_length(const vtr_figure_map *map, vtr_rectangle box);
/* Mean over a cell of directors through the double angle, its length at most the mean amplitude; NaN where
 * the cell has no data. */
double vtr_mean_director(const vtr_figure_map *map, size_t y0, size_t y1, size_t x0, size_t x1,
                         double *angle_rad);
/* Largest length of the mean vectors of the cells. */
double vtr_overlay_longest(const vtr_figure_map *map);
size_t vtr_overlay_spacing(const vtr_figure_map *map);
/* Ellipse, annulus and centre over a pattern that fills `box`. */
void vtr_draw_ring(vtr_canvas *canvas, vtr_rectangle box, const vtr_figure_pattern *pattern);

/* Short explanations under a box. */
typedef enum vtr_key_kind {
    VTR_KEY_SWATCH,
    VTR_KEY_LINE,
    VTR_KEY_DASHES,
    VTR_KEY_BOX,
    VTR_KEY_ARROW
} vtr_key_kind;
typedef struct vtr_key {
    vtr_key_kind kind;
    unsigned char rgb[3];
    char text[96];
    double length; /* of an arrow */
} vtr_key;
#define VTR_KEY_HEIGHT 10.0
/* Rows that the keys need in this width. */
size_t vtr_key_rows(cairo_t *cr, const vtr_key *keys, size_t n, double width);
void vtr_draw_keys(vtr_canvas *canvas, const vtr_key *keys, size_t n, vtr_rectangle place);

/* --- panels
 * -------------------------------------------------------------------------------------------------- */

typedef struct vtr_margins {
    double left, right, top, bottom;
} vtr_margins;

enum { VTR_MAX_KEYS = 6 };

/* A panel being made: what its drawing needs beyond the caller's description. */
typedef struct vtr_panel_work {
    const vtr_figure_panel *panel;
    char letter[16]; /* markup; "": none */
    vtr_colour_bar bar;
    vtr_raster raster;
    char limit_text[96];
    double aspect; /* height over width of its box */
    vtr_margins margins;
    size_t n_keys;
    vtr_key keys[VTR_MAX_KEYS];
} vtr_panel_work;

vtr_status vtr_panel_check(const vtr_figure_panel *panel, vtr_error *err);
/* Limits, colours, aspect, keys: all that does not depend on the size of the box. */
vtr_status vtr_panel_prepare(vtr_panel_work *work, const vtr_figure_panel *panel, vtr_error *err);
/* Margins around a box of this size. */
void vtr_panel_measure(vtr_panel_work *work, cairo_t *cr, double width, double height);
vtr_status vtr_panel_draw(vtr_panel_work *work, vtr_canvas *canvas, vtr_rectangle box, vtr_error *err);
void vtr_panel_release(vtr_panel_work *work);

vtr_margins vtr_plot_margins(cairo_t *cr, const vtr_figure_plot *plot, double width, double height);
void vtr_draw_plot(vtr_canvas *canvas, const vtr_figure_plot *plot, vtr_rectangle box);

#endif
