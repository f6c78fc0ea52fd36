/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_FIGURE_H
#define VITRAIL_FIGURE_H

/* Figures for papers: maps, orientation maps, diffraction patterns and plots, alone or as the panels of a
 * grid, as PNG, SVG or PDF. Arrays in, file out.
 *
 * Arrays are C order, [row y][column x], drawn with row 0 at the top: x to the right, y downwards. Angles run
 * from +x towards +y, so 90 degrees points down in the picture. NaN is no data and drawn in grey.
 *
 * Texts may hold Pango markup ("<i>e</i><sub>xx</sub>"); a text that is not valid markup is drawn as it
 * stands. The structs own nothing: arrays and texts stay the caller's and must live during the call. NULL
 * text: none. */

#include <stdbool.h>
#include <stddef.h>

#include "vitrail/error.h"
#include "vitrail/types.h"

VTR_BEGIN_DECLS

/* --- colours
 * ------------------------------------------------------------------------------------------------ */

/* Palettes that people with a colour vision deficiency can read too, except the cyclic one, for which no such
 * palette with one colour a direction exists: it always comes with its wheel. */
typedef enum vtr_palette {
    VTR_PALETTE_AUTO,      /* diverging for signed quantities, viridis for others, magma for patterns */
    VTR_PALETTE_DIVERGING, /* blue, white, red: for signed quantities, white at zero */
    VTR_PALETTE_VIRIDIS,
    VTR_PALETTE_CIVIDIS,
    VTR_PALETTE_MAGMA,
    VTR_PALETTE_GREY,
    VTR_PALETTE_CYCLIC, /* all hues at one lightness */
} vtr_palette;
enum { VTR_PALETTE_COUNT = 7 };
/* "auto", "diverging", ... as choices of an option, in the order of the enum. */
#define VTR_PALETTE_CHOICES "auto|diverging|viridis|cividis|magma|grey|cyclic"

/* Colour (sRGB) at `position`, 0 (lowest) to 1 (highest), clipped; the cyclic palette repeats instead. AUTO
 * is viridis here. */
VTR_API void vtr_palette_colour(unsigned char rgb[3], vtr_palette palette, double position);

/* Colour of a direction: hue from the angle (radians, +x towards +y), brightness from `amplitude` (0 black, 1
 * full; clipped). `fold` 1 for vectors; 2 for directors, which equal their opposites. */
VTR_API void vtr_wheel_colour(unsigned char rgb[3], double angle_rad, int fold, double amplitude);

/* --- panels
 * ------------------------------------------------------------------------------------------------- */

typedef enum vtr_figure_scaling { VTR_SCALE_LINEAR, VTR_SCALE_LOG } vtr_figure_scaling;

/* How numbers become colours, and the words of the colour bar. */
typedef struct vtr_figure_colours {
    vtr_palette palette;
    vtr_figure_scaling scaling;
    const char *label; /* with its unit: "exx (%)" */
    double factor;     /* what is shown is factor * value: 100 for fractions shown in %; 0 counts as 1 */
    double limits[2];  /* of what is shown; NAN: by themselves, from percentiles of the data */
    bool is_signed;    /* limits by themselves are symmetric about zero */
    bool from_zero;    /* limits by themselves start at zero */
} vtr_figure_colours;

/* A circle or an ellipse over a map, with a stick through its centre and a text beside it. */
typedef struct vtr_figure_circle {
    double y, x;          /* positions; (0, 0) is the first */
    double radius;        /* in steps along x; of an ellipse sqrt(a b) */
    double aspect;        /* half axes a/b >= 1; 0 as 1: a circle */
    double long_axis_rad; /* of a, from +x towards +y */
    double angle_rad;     /* of the stick; NAN: none */
    const char *label;    /* NULL: none */
} vtr_figure_circle;

/* A straight line over a map, with a text at its middle. */
typedef struct vtr_figure_line {
    double y[2], x[2]; /* of its ends, in positions */
    const char *label; /* NULL: none */
} vtr_figure_line;

/* What lies over a map. Any pointer may be NULL. */
typedef struct vtr_figure_overlay {
    const float
        *director_angle_rad; /* [n_y][n_x], drawn as sticks, averaged over cells through the double angle */
    const float *director_amplitude;  /* [n_y][n_x] >= 0, weights and stick lengths; NULL: all 1 */
    const char *director_label;       /* explains the sticks under the map */
    const float *vector_x, *vector_y; /* [n_y][n_x], drawn as arrows, averaged over cells */
    double vector_factor;             /* what the key shows is factor * value; 0 counts as 1 */
    const char *vector_unit;          /* of the key under the map: "mT" */
    size_t spacing;                   /* positions between two sticks or arrows; 0: chosen */
    const vtr_box *boxes;             /* rectangles of positions, e.g. the reference region */
    size_t n_boxes;
    const char *box_label; /* explains them under the map */
    const vtr_figure_circle *circles;
    size_t n_circles;
    const vtr_figure_line *lines;
    size_t n_lines;
} vtr_figure_overlay;

/* A map over the scan. With `angle_rad` an orientation map: hue the angle, brightness `values` (NULL: all 1)
 * up to the upper limit, a wheel in place of the colour bar. */
typedef struct vtr_figure_map {
    size_t n_y, n_x;
    const float *values;    /* [n_y][n_x] */
    const float *angle_rad; /* [n_y][n_x] or NULL */
    int fold;               /* of the angle: 1 vectors, 2 directors */
    /* [n_shares][n_y][n_x], of a mixture: each position has the colours of the first lines of a plot, mixed by these
     * weights (none below zero), and their names stand under the map in place of a colour bar; at most 5. NULL: none */
    const float *shares;
    size_t n_shares;
    const char *const *share_names; /* [n_shares] */
    double step_y_nm, step_x_nm;    /* NAN: unknown; pixels are square then */
    bool hide_scale_bar;
    vtr_figure_colours colours;
    vtr_figure_overlay overlay;
} vtr_figure_map;

/* A diffraction pattern. */
typedef struct vtr_figure_pattern {
    size_t det_y, det_x;
    const float *values;        /* [det_y][det_x] */
    const unsigned char *used;  /* [det_y][det_x], 0 = masked, drawn tinted; NULL: all used */
    double k_step_inv_angstrom; /* per px, k = 1/d; NAN: unknown, no scale bar */
    bool hide_scale_bar;
    bool has_ellipse; /* the ring |W (x - c)| = radius_px, as in vitrail/ring.h, and its centre */
    double centre_x_px, centre_y_px, wxx, wyy, wxy, radius_px;
    const double *more_radii_px; /* [n_more_radii] further rings of the same shape, NAN: none; NULL: none */
    size_t n_more_radii;
    double annulus_px[2]; /* circles about the centre; NAN: none */
    vtr_figure_colours colours;
} vtr_figure_pattern;

typedef enum vtr_figure_line_style { VTR_LINE_SOLID, VTR_LINE_DASHED, VTR_LINE_POINTS } vtr_figure_line_style;

/* One line of a plot; NaN interrupts it. */
typedef struct vtr_figure_series {
    size_t n;
    const double *x, *y;
    const double *error; /* [n] standard deviations, drawn as a band, with points as bars; NULL: none */
    const char *label;   /* in the legend; NULL: not in it */
    vtr_figure_line_style style;
    const double *low, *high; /* [n], edges of the band in place of the errors'; NULL: none */
} vtr_figure_series;

/* A place on the x axis that is pointed out by a dashed line; its label stands at the upper edge. */
typedef struct vtr_figure_mark {
    double x;
    const char *label; /* NULL: none */
} vtr_figure_mark;

typedef struct vtr_figure_plot {
    const vtr_figure_series *series;
    size_t n_series;
    const char *x_label, *y_label;   /* with units */
    double x_limits[2], y_limits[2]; /* NAN: by themselves */
    bool log_x, log_y;               /* what is not positive is left out */
    double span[2];                  /* a shaded range of x, e.g. the annulus; NAN: none */
    const char *span_label;
    const vtr_figure_mark *marks; /* [n_marks]; those outside of the axis are left out */
    size_t n_marks;
    const double
        *cells; /* [cells_y][cells_x] counts under the lines, 0 white, the largest dark; NULL: none */
    size_t cells_y, cells_x;
    double cells_x_range[2], cells_y_range[2]; /* what they cover; the first row is at the lower end of y */
} vtr_figure_plot;

typedef enum vtr_figure_kind { VTR_FIGURE_MAP, VTR_FIGURE_PATTERN, VTR_FIGURE_PLOT } vtr_figure_kind;

/* One panel: the member that `kind` names counts. */
typedef struct vtr_figure_panel {
    vtr_figure_kind kind;
    const char *title;
    vtr_figure_map map;
    vtr_figure_pattern pattern;
    vtr_figure_plot plot;
} vtr_figure_panel;

/* Panels with every choice left to the library: NAN limits, no overlays. */
VTR_API vtr_figure_panel vtr_figure_map_panel(const float *values, size_t n_y, size_t n_x);
VTR_API vtr_figure_panel vtr_figure_pattern_panel(const float *values, size_t det_y, size_t det_x);
VTR_API vtr_figure_panel vtr_figure_plot_panel(const vtr_figure_series *series, size_t n_series);

/* --- page
 * --------------------------------------------------------------------------------------------------- */

enum { VTR_FIGURE_MAX_PANELS = 64 };

typedef struct vtr_figure_page {
    double width_mm;   /* 85 is one column of most journals, 170 two */
    double dpi;        /* of PNG */
    size_t columns;    /* 0: chosen */
    bool hide_letters; /* (a), (b), ... over the panels where there are several */
    const char *title;
    bool force; /* replace a file that exists */
} vtr_figure_page;

/* 85 mm for one panel, 170 mm for more; 300 dpi. */
VTR_API vtr_figure_page vtr_figure_default_page(size_t n_panels);

typedef enum vtr_figure_format { VTR_FIGURE_PNG, VTR_FIGURE_SVG, VTR_FIGURE_PDF } vtr_figure_format;

/* The format that a path's ending names; VTR_ERR_ARGUMENT for any other ending. */
VTR_API vtr_status vtr_figure_format_of(vtr_figure_format *format, const char *path, vtr_error *err);

/* Draws the panels row by row and writes the file; its ending names the format. Nothing stands under `path`
 * until it is complete. `page` may be NULL. VTR_ERR_ARGUMENT: ending, texts, limits or sizes that make no
 * picture; VTR_ERR_SHAPE: panels without size; VTR_ERR_EXISTS, VTR_ERR_IO: the file. */
VTR_API vtr_status vtr_figure_write(const char *path, const vtr_figure_panel *panels, size_t n_panels,
                                    const vtr_figure_page *page, vtr_error *err);

/* The same into memory: *bytes is to be freed by the caller with vtr_figure_free. */
VTR_API vtr_status vtr_figure_encode(unsigned char **bytes, size_t *n_bytes, vtr_figure_format format,
                                     const vtr_figure_panel *panels, size_t n_panels,
                                     const vtr_figure_page *page, vtr_error *err);
VTR_API void vtr_figure_free(unsigned char *bytes);

VTR_END_DECLS

#endif
