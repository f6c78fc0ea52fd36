/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "panels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vitrail/constants.h"
#include "vitrail/dataset.h"
#include "vitrail/ring.h"
#include "vitrail/ring_map.h"

void cli_panels_release(cli_panels *panels)
{
    for (size_t i = 0; i < panels->n_owned; i++)
        free(panels->owned[i]);
    panels->n = panels->n_owned = 0;
}

void *cli_panels_take(cli_panels *panels, size_t n, size_t size, vtr_error *err)
{
    void *memory = panels->n_owned < CLI_MAX_OWNED ? calloc(n > 0 ? n : 1, size) : NULL;
    if (memory == NULL)
        vtr_fail(err, VTR_ERR_MEMORY, "no memory for a panel of %zu values", n);
    else
        panels->owned[panels->n_owned++] = memory;
    return memory;
}

vtr_status cli_panels_append(cli_panels *panels, const vtr_figure_panel *panel, vtr_error *err)
{
    if (panels->n == VTR_FIGURE_MAX_PANELS)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "more than %d panels in a figure", VTR_FIGURE_MAX_PANELS);
    panels->panel[panels->n++] = *panel;
    return VTR_OK;
}

/* Reads a map; the panels own it. */
vtr_status cli_panels_read(cli_quantity **out, cli_panels *panels, const char *group, const char *name,
                           vtr_error *err)
{
    cli_quantity *q = cli_panels_take(panels, 1, sizeof *q, err);
    if (q == NULL) return VTR_ERR_MEMORY;
    if (panels->n_owned == CLI_MAX_OWNED) return vtr_fail(err, VTR_ERR_ARGUMENT, "too many maps in a figure");
    vtr_status status = cli_quantity_read(q, panels->file, group, name, err);
    if (status != VTR_OK) return status;
    panels->owned[panels->n_owned++] = q->values;
    *out = q;
    return VTR_OK;
}

static vtr_status add_map(cli_panels *panels, const char *text, vtr_error *err)
{
    size_t i = 0;
    cli_quantity *q = NULL;
    vtr_status status = cli_names_find(&i, panels->names, text, panels->path, err);
    if (status == VTR_OK)
        status = cli_panels_read(&q, panels, panels->names->group[i], panels->names->name[i], err);
    if (status != VTR_OK) return status;
    vtr_figure_panel panel = cli_quantity_panel(q);
    return cli_panels_append(panels, &panel, err);
}

/* --- directions ---------------------------------------------------------------------------------------------- */

/* Angle (radians) and amplitude of the principal directions. */
vtr_status cli_panels_read_directions(cli_quantity **angle, cli_quantity **amplitude, cli_panels *panels,
                                      vtr_error *err)
{
    size_t i = 0;
    vtr_status status = cli_names_find(&i, panels->names, "strain/angle", panels->path, err);
    if (status == VTR_OK) status = cli_names_find(&i, panels->names, "strain/deviatoric", panels->path, err);
    if (status == VTR_OK) status = cli_panels_read(angle, panels, "strain", "angle", err);
    if (status == VTR_OK) status = cli_panels_read(amplitude, panels, "strain", "deviatoric", err);
    if (status != VTR_OK) return status;
    if ((*angle)->n_y != (*amplitude)->n_y || (*angle)->n_x != (*amplitude)->n_x)
        return vtr_fail(err, VTR_ERR_SHAPE, "angle and deviatoric strain of '%s' differ in shape",
                        panels->path);
    /* the angles are from the axis of the strain's frame; the picture's frame is that of the scan */
    double axis_degrees = 0;
    if (vtr_mapfile_read_numbers(panels->file, "strain", NULL, "axis", 1, &axis_degrees, NULL) != VTR_OK ||
        !isfinite(axis_degrees))
        axis_degrees = 0;
    float axis = (float)(axis_degrees * VTR_RADIANS_PER_DEGREE);
    /* shown in degrees: that times the factor is degrees whatever the file holds */
    float to_radians = (float)((*angle)->factor * VTR_RADIANS_PER_DEGREE);
    for (size_t k = 0; k < (*angle)->n_y * (*angle)->n_x; k++)
        (*angle)->values[k] = (*angle)->values[k] * to_radians + axis;
    return VTR_OK;
}

static vtr_status add_directions(cli_panels *panels, vtr_error *err)
{
    cli_quantity *angle = NULL, *amplitude = NULL;
    vtr_status status = cli_panels_read_directions(&angle, &amplitude, panels, err);
    if (status != VTR_OK) return status;
    vtr_figure_panel panel = cli_quantity_panel(amplitude);
    panel.map.angle_rad = angle->values;
    panel.map.fold = 2;
    panel.title = "direction of <i>e</i><sub>1</sub>";
    return cli_panels_append(panels, &panel, err);
}

vtr_status cli_panels_add_directors(cli_panels *panels, vtr_error *err)
{
    cli_quantity *angle = NULL, *amplitude = NULL;
    vtr_status status = cli_panels_read_directions(&angle, &amplitude, panels, err);
    if (status != VTR_OK) return status;
    for (size_t i = 0; i < panels->n; i++) {
        vtr_figure_panel *panel = &panels->panel[i];
        if (panel->kind != VTR_FIGURE_MAP || panel->map.n_y != angle->n_y || panel->map.n_x != angle->n_x)
            continue;
        panel->map.overlay.director_angle_rad = angle->values;
        panel->map.overlay.director_amplitude = amplitude->values;
        panel->map.overlay.director_label = "direction of <i>e</i><sub>1</sub>";
    }
    return VTR_OK;
}

vtr_status cli_panels_add_vectors(cli_panels *panels, const char *text, vtr_error *err)
{
    char names[2][CLI_NAME + 4];
    size_t at[2] = {0, 0};
    vtr_status status = VTR_OK;
    for (int form = 0; form < 2; form++) {
        for (int c = 0; c < 2; c++)
            snprintf(names[c], sizeof names[c], form == 0 ? "%.*s_%c" : "%.*s%c", CLI_NAME, text, "xy"[c]);
        status = cli_names_find(&at[0], panels->names, names[0], panels->path, err);
        if (status == VTR_OK) status = cli_names_find(&at[1], panels->names, names[1], panels->path, err);
        if (status == VTR_OK) break;
    }
    cli_quantity *x = NULL, *y = NULL;
    if (status == VTR_OK)
        status = cli_panels_read(&x, panels, panels->names->group[at[0]], panels->names->name[at[0]], err);
    if (status == VTR_OK)
        status = cli_panels_read(&y, panels, panels->names->group[at[1]], panels->names->name[at[1]], err);
    if (status != VTR_OK) return status;
    for (size_t i = 0; i < panels->n; i++) {
        vtr_figure_panel *panel = &panels->panel[i];
        if (panel->kind != VTR_FIGURE_MAP || panel->map.n_y != x->n_y || panel->map.n_x != x->n_x) continue;
        panel->map.overlay.vector_x = x->values;
        panel->map.overlay.vector_y = y->values;
        panel->map.overlay.vector_factor = x->factor;
        panel->map.overlay.vector_unit = x->unit;
    }
    return VTR_OK;
}

vtr_status cli_panels_add_reference(cli_panels *panels, vtr_error *err)
{
    double corners[4];
    if (vtr_mapfile_read_numbers(panels->file, "strain", NULL, "reference", 4, corners, NULL) != VTR_OK)
        return VTR_OK;
    vtr_box *box = cli_panels_take(panels, 1, sizeof *box, err);
    if (box == NULL) return VTR_ERR_MEMORY;
    for (int i = 0; i < 4; i++)
        if (!(corners[i] >= 0)) return VTR_OK;
    *box = (vtr_box){(size_t)corners[0], (size_t)corners[1], (size_t)corners[2], (size_t)corners[3]};
    for (size_t i = 0; i < panels->n; i++) {
        vtr_figure_panel *panel = &panels->panel[i];
        if (panel->kind != VTR_FIGURE_MAP) continue;
        panel->map.overlay.boxes = box;
        panel->map.overlay.n_boxes = 1;
        panel->map.overlay.box_label = "reference region";
        break;
    }
    return VTR_OK;
}

/* --- the ring ------------------------------------------------------------------------------------------------ */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median of every fifth value, of those with data; NAN where there are none. */
static double median_of(const double *values, size_t n, double *room)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (isfinite(values[i * VTR_RING_MAP_ELLIPSE_N])) room[kept++] = values[i * VTR_RING_MAP_ELLIPSE_N];
    qsort(room, kept, sizeof *room, ascending);
    return kept > 0 ? room[kept / 2] : NAN;
}

static double calibration_number(const cli_panels *panels, const char *name)
{
    double value;
    vtr_status status = vtr_mapfile_read_numbers(panels->file, "calibration", NULL, name, 1, &value, NULL);
    return status == VTR_OK ? value : NAN;
}

/* The fitted rings of a stored standard. */
static vtr_status add_standard_rings(vtr_figure_pattern *pattern, cli_panels *panels, vtr_error *err)
{
    enum { MAX = VTR_STANDARD_RINGS_MAX };
    double measured[MAX], k[MAX];
    if (vtr_mapfile_read_numbers(panels->file, "calibration", NULL, "standard_radius_px", MAX, measured,
                                 NULL) != VTR_OK ||
        vtr_mapfile_read_numbers(panels->file, "calibration", NULL, "standard_k_inv_angstrom", MAX, k,
                                 NULL) != VTR_OK)
        return VTR_OK;
    double *radii = cli_panels_take(panels, MAX, sizeof *radii, err);
    if (radii == NULL) return VTR_ERR_MEMORY;
    for (size_t i = 0; i < MAX; i++) { /* where the common scale has them, those that were fitted */
        radii[i] = isfinite(measured[i]) ? k[i] / pattern->k_step_inv_angstrom : NAN;
        if (isfinite(radii[i]) && !isfinite(pattern->radius_px)) {
            pattern->radius_px = radii[i];
            radii[i] = NAN;
        }
    }
    pattern->more_radii_px = radii;
    pattern->n_more_radii = MAX;
    pattern->has_ellipse = isfinite(pattern->radius_px) && pattern->wxx > 0;
    return VTR_OK;
}

/* The ring of the calibration's sample, and where it was looked for. */
static void add_calibrated_ring(vtr_figure_pattern *pattern, const cli_panels *panels)
{
    double annulus[2];
    pattern->centre_x_px = calibration_number(panels, "centre_x_px");
    pattern->centre_y_px = calibration_number(panels, "centre_y_px");
    pattern->wxx = calibration_number(panels, "wxx");
    pattern->wyy = calibration_number(panels, "wyy");
    pattern->wxy = calibration_number(panels, "wxy");
    pattern->radius_px = calibration_number(panels, "ring.radius_px");
    pattern->k_step_inv_angstrom = calibration_number(panels, "k_step_inv_angstrom");
    pattern->has_ellipse = isfinite(pattern->radius_px) && isfinite(pattern->centre_x_px) && pattern->wxx > 0;
    if (vtr_mapfile_read_numbers(panels->file, "calibration", NULL, "ring.annulus_px", 2, annulus, NULL) ==
        VTR_OK)
        memcpy(pattern->annulus_px, annulus, sizeof annulus);
}

/* The median ellipse of the scan. */
static vtr_status add_mean_ring(vtr_figure_pattern *pattern, const cli_panels *panels, vtr_error *err)
{
    vtr_ring_map map = {0};
    if (!vtr_mapfile_has(panels->file, "ring", "ellipse")) return VTR_OK;
    vtr_status status = vtr_ring_map_read(&map, panels->file, err);
    if (status != VTR_OK) return status;
    size_t n = map.n_y * map.n_x;
    double *room = malloc(sizeof *room * (n > 0 ? n : 1)), middle[VTR_RING_MAP_ELLIPSE_N];
    if (room == NULL) {
        vtr_ring_map_release(&map);
        return vtr_fail(err, VTR_ERR_MEMORY, "no memory for the mean ellipse");
    }
    for (size_t i = 0; i < VTR_RING_MAP_ELLIPSE_N; i++)
        middle[i] = median_of(map.ellipse + i, n, room);
    free(room);
    if (isfinite(middle[0])) {
        pattern->has_ellipse = true;
        pattern->centre_x_px = middle[VTR_ELLIPSE_CX];
        pattern->centre_y_px = middle[VTR_ELLIPSE_CY];
        pattern->wxx = middle[VTR_ELLIPSE_WXX];
        pattern->wyy = middle[VTR_ELLIPSE_WYY];
        pattern->wxy = middle[VTR_ELLIPSE_WXY];
        pattern->radius_px = map.radius_px;
    }
    if (!isfinite(pattern->k_step_inv_angstrom))
        pattern->k_step_inv_angstrom = map.k0_inv_angstrom / map.radius_px;
    vtr_ring_map_release(&map);
    return VTR_OK;
}

/* The pixels in use: of the pass as 1, of the calibration as those without a reason against them. */
static vtr_status read_used(unsigned char *used, const cli_panels *panels, const char *group, size_t n,
                            vtr_error *err)
{
    bool is_calibration = strcmp(group, "calibration") == 0;
    const char *name = is_calibration ? "mask" : "used";
    memset(used, 1, n);
    if (!vtr_mapfile_has(panels->file, group, name)) return VTR_OK;
    vtr_status status = vtr_mapfile_read(panels->file, group, name, VTR_TYPE_U8, n, used, err);
    for (size_t i = 0; i < n && is_calibration && status == VTR_OK; i++)
        used[i] = used[i] == 0;
    return status;
}

static vtr_status add_ring(cli_panels *panels, vtr_error *err)
{
    size_t rank, shape[8];
    const char *group = vtr_mapfile_has(panels->file, "mean", "mean") ? "mean" : "calibration";
    if (!vtr_mapfile_has(panels->file, group, "mean"))
        return vtr_fail(err, VTR_ERR_NOT_FOUND,
                        "'%s' has no mean pattern ('/entry/mean'); make it with vitrail map", panels->path);
    vtr_status status = vtr_mapfile_shape(panels->file, group, "mean", &rank, shape, NULL, err);
    if (status != VTR_OK) return status;
    if (rank != 2)
        return vtr_fail(err, VTR_ERR_SHAPE, "the mean pattern of '%s' is not an image", panels->path);
    size_t n = shape[0] * shape[1];
    float *values = cli_panels_take(panels, n, sizeof *values, err);
    unsigned char *used = cli_panels_take(panels, n, 1, err);
    if (values == NULL || used == NULL) return VTR_ERR_MEMORY;
    vtr_figure_panel panel = vtr_figure_pattern_panel(values, shape[0], shape[1]);
    panel.pattern.used = used;
    status = vtr_mapfile_read(panels->file, group, "mean", VTR_TYPE_F32, n, values, err);
    if (status == VTR_OK) status = read_used(used, panels, group, n, err);
    add_calibrated_ring(&panel.pattern, panels);
    if (status == VTR_OK) status = add_standard_rings(&panel.pattern, panels, err);
    if (status == VTR_OK) status = add_mean_ring(&panel.pattern, panels, err);
    return status == VTR_OK ? cli_panels_append(panels, &panel, err) : status;
}

/* --- the profile --------------------------------------------------------------------------------------------- */

/* Mean over all positions and its scatter (standard deviation from position to position), by rows of the scan. */
static vtr_status mean_profile(double *mean, double *scatter, const cli_panels *panels, const size_t shape[3],
                               vtr_error *err)
{
    size_t row = shape[1] * shape[2], count[3] = {1, shape[1], shape[2]};
    float *values = malloc(sizeof *values * row);
    double *n = calloc(shape[2], sizeof *n);
    vtr_status status =
        values == NULL || n == NULL ? vtr_fail(err, VTR_ERR_MEMORY, "no memory for the profile") : VTR_OK;
    for (size_t y = 0; y < shape[0] && status == VTR_OK; y++) {
        size_t start[3] = {y, 0, 0};
        status = vtr_mapfile_read_block(panels->file, "profile", "intensity", VTR_TYPE_F32, 3, start, count,
                                        values, err);
        for (size_t i = 0; i < row && status == VTR_OK; i++) {
            size_t k = i % shape[2];
            if (!isfinite(values[i])) continue;
            double step = values[i] - mean[k];
            n[k]++;
            mean[k] += step / n[k];
            scatter[k] += step * (values[i] - mean[k]);
        }
    }
    for (size_t k = 0; k < shape[2] && status == VTR_OK; k++) {
        scatter[k] = n[k] > 1 ? sqrt(scatter[k] / (n[k] - 1)) : NAN;
        if (n[k] == 0) mean[k] = NAN;
    }
    free(values);
    free(n);
    return status;
}

static vtr_status add_profile(cli_panels *panels, vtr_error *err)
{
    size_t rank, shape[8];
    if (!vtr_mapfile_has(panels->file, "profile", "intensity"))
        return vtr_fail(err, VTR_ERR_NOT_FOUND,
                        "'%s' has no profiles ('/entry/profile'); make them with vitrail map", panels->path);
    vtr_status status = vtr_mapfile_shape(panels->file, "profile", "intensity", &rank, shape, NULL, err);
    if (status != VTR_OK) return status;
    if (rank != 3)
        return vtr_fail(err, VTR_ERR_SHAPE, "the profiles of '%s' are not scan_y x scan_x x k", panels->path);
    size_t n = shape[2];
    double *k = cli_panels_take(panels, n, sizeof *k, err),
           *mean = cli_panels_take(panels, n, sizeof *mean, err);
    double *scatter = cli_panels_take(panels, n, sizeof *scatter, err);
    vtr_figure_series *series = cli_panels_take(panels, 1, sizeof *series, err);
    if (k == NULL || mean == NULL || scatter == NULL || series == NULL) return VTR_ERR_MEMORY;
    char unit[32] = "px";
    for (size_t i = 0; i < n; i++)
        k[i] = (double)i;
    if (vtr_mapfile_has(panels->file, "profile", "k")) {
        status = vtr_mapfile_read(panels->file, "profile", "k", VTR_TYPE_F64, n, k, err);
        if (vtr_mapfile_read_text(panels->file, "profile", "k", "units", unit, sizeof unit, NULL) != VTR_OK)
            strcpy(unit, "1/Å");
    }
    if (status == VTR_OK) status = mean_profile(mean, scatter, panels, shape, err);
    if (status != VTR_OK) return status;
    *series = (vtr_figure_series){n, k, mean, scatter, "mean of the scan ± scatter", VTR_LINE_SOLID};
    vtr_figure_panel panel = vtr_figure_plot_panel(series, 1);
    panel.plot.x_label = strcmp(unit, "px") == 0 ? "radius (px)" : "<i>k</i> = 1/<i>d</i> (1/Å)";
    panel.plot.y_label = "intensity";
    panel.plot.log_y = true;
    double annulus[2], step = strcmp(unit, "px") == 0 ? 1 : calibration_number(panels, "k_step_inv_angstrom");
    if (vtr_mapfile_read_numbers(panels->file, "calibration", NULL, "ring.annulus_px", 2, annulus, NULL) ==
        VTR_OK) {
        panel.plot.span[0] = step * annulus[0];
        panel.plot.span[1] = step * annulus[1];
        panel.plot.span_label = "ring";
    }
    return cli_panels_append(panels, &panel, err);
}

/* --- one pattern --------------------------------------------------------------------------------------------- */

/* The position in scan order that "Y,X" names. */
static vtr_status parse_position(size_t *index, const char *text, const vtr_dataset_info *info,
                                 const char *path, vtr_error *err)
{
    size_t n_y = info->shape[0], n_x = info->shape[1], y = 0, x = 0;
    if (text == NULL && n_y * n_x != 1)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "'%s' has %zu x %zu patterns; name one with --pattern Y,X",
                        path, n_y, n_x);
    if (text != NULL) {
        char *end = NULL;
        bool is_number = text[0] >= '0' && text[0] <= '9';
        y = is_number ? strtoul(text, &end, 10) : 0;
        is_number = is_number && *end == ',' && end[1] >= '0' && end[1] <= '9';
        x = is_number ? strtoul(end + 1, &end, 10) : 0;
        if (!is_number || *end != '\0')
            return vtr_fail(err, VTR_ERR_ARGUMENT, "--pattern '%s' is not a position; write Y,X", text);
    }
    if (y >= n_y || x >= n_x)
        return vtr_fail(err, VTR_ERR_RANGE, "position %zu,%zu is outside the scan of %zu x %zu of '%s'", y, x,
                        n_y, n_x, path);
    *index = y * n_x + x;
    return VTR_OK;
}

static vtr_status append_frame(cli_panels *panels, float *frame, size_t det_y, size_t det_x, double k_step,
                               vtr_error *err)
{
    vtr_figure_panel panel = vtr_figure_pattern_panel(frame, det_y, det_x);
    panel.pattern.k_step_inv_angstrom = k_step;
    return cli_panels_append(panels, &panel, err);
}

static vtr_status add_image(cli_panels *panels, const char *path, vtr_error *err)
{
    float *image = NULL, *frame;
    size_t det_y, det_x;
    vtr_status status = vtr_image_read(&image, &det_y, &det_x, path, err);
    if (status != VTR_OK) return status;
    frame = cli_panels_take(panels, det_y * det_x, sizeof *frame, err);
    if (frame != NULL) memcpy(frame, image, sizeof *frame * det_y * det_x);
    vtr_image_free(image);
    return frame != NULL ? append_frame(panels, frame, det_y, det_x, NAN, err) : VTR_ERR_MEMORY;
}

vtr_status cli_panels_add_pattern(cli_panels *panels, const char *path, const char *position, vtr_error *err)
{
    vtr_dataset *dataset = NULL;
    vtr_status status = vtr_dataset_open(&dataset, path, NULL, err);
    if (status != VTR_OK && position == NULL && add_image(panels, path, NULL) == VTR_OK) return VTR_OK;
    if (status != VTR_OK) return status;
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    size_t index = 0, det_y = info->shape[2], det_x = info->shape[3];
    double k_step = info->k_step_inv_angstrom[1];
    status = parse_position(&index, position, info, path, err);
    float *frame = status == VTR_OK ? cli_panels_take(panels, det_y * det_x, sizeof *frame, err) : NULL;
    if (status == VTR_OK)
        status = frame != NULL ? vtr_dataset_read_f32(dataset, index, 1, frame, err) : VTR_ERR_MEMORY;
    vtr_dataset_close(&dataset);
    return status == VTR_OK ? append_frame(panels, frame, det_y, det_x, k_step, err) : status;
}

/* --- all ----------------------------------------------------------------------------------------------------- */

static vtr_status add_strain_panel(cli_panels *panels, vtr_error *err)
{
    static const char *const usual[] = {"exx", "eyy", "exy", "volumetric", "deviatoric", "density"};
    size_t before = panels->n;
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < sizeof usual / sizeof *usual && status == VTR_OK; i++) {
        char path[CLI_NAME];
        snprintf(path, sizeof path, "strain/%s", usual[i]);
        if (cli_names_has(panels->names, "strain", usual[i])) status = add_map(panels, path, err);
    }
    if (status == VTR_OK && cli_names_has(panels->names, "strain", "angle") &&
        cli_names_has(panels->names, "strain", "deviatoric"))
        status = add_directions(panels, err);
    if (status == VTR_OK && panels->n == before)
        return vtr_fail(err, VTR_ERR_NOT_FOUND, "'%s' has no strain maps; make them with vitrail strain",
                        panels->path);
    return status;
}

vtr_status cli_panels_add(cli_panels *panels, const char *text, vtr_error *err)
{
    if (strcmp(text, "panel") == 0) return add_strain_panel(panels, err);
    if (strcmp(text, "ring") == 0) return add_ring(panels, err);
    if (strcmp(text, "profile") == 0) return add_profile(panels, err);
    if (strcmp(text, "regions") == 0 || strcmp(text, "pdf/regions") == 0)
        return cli_panels_add_regions(panels, err);
    if (strcmp(text, "field") == 0) return cli_panels_add_field(panels, err);
    if (strcmp(text, "inclusions") == 0) return cli_panels_add_inclusions(panels, err);
    if (strcmp(text, "bands") == 0) return cli_panels_add_bands(panels, err);
    if (strcmp(text, "vortices") == 0) return cli_panels_add_vortices(panels, err);
    if (strcmp(text, "walls") == 0) return cli_panels_add_walls(panels, err);
    if (strcmp(text, "angles") == 0) return cli_panels_add_angles(panels, err);
    if (strcmp(text, "joint") == 0) return cli_panels_add_joint(panels, err);
    if (strcmp(text, "shell-strain") == 0) return cli_panels_add_shell_strain(panels, err);
    if (strcmp(text, "angle") == 0 || strcmp(text, "strain/angle") == 0) return add_directions(panels, err);
    if (cli_is_phases(text)) return cli_panels_add_phases(panels, text, err);
    return add_map(panels, text, err);
}
