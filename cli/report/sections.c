/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sections.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/markup.h"
#include "words.h"

enum { MAX_SECTIONS = 256, DPI_WIDE = 130, DPI_PLOT = 170 };

/* --- figures of a group -------------------------------------------------------------------------------------- */

/* What `vitrail figure` draws of a group beside its maps. */
static const struct {
    const char *group, *figure, *alt, *caption;
} figures[] = {
    {"strain", "angle", "Directions of the largest tension as colours, the deviatoric strain as brightness",
     "Direction of <i>e</i><sub>1</sub>, the most tensile principal strain, as colour; brightness is the "
     "deviatoric "
     "strain."},
    {"bands", "bands", "Lines of the shear bands over the volumetric strain, and the strain across each",
     "The bands on the volumetric strain, and that strain across each with its fit."},
    {"inclusions", "inclusions", "Circles of the inclusions over the strain, and the strain without them",
     "The inclusions on the component of strain in which they show best, and that component without them. "
     "Sticks run "
     "along the tension of the eigenstrain."},
    {"pdf", "regions", "Mean pair distribution functions of the regions",
     "Mean <i>G</i>(<i>r</i>) of each region; bands are one standard error."},
    {"pdf", "shell-strain", "Strain of the first shell against that of the ring",
     "Strain of the first shell against that of the ring, position by position."},
    {"phases", "phases", "Components, their maps, fractions and correlation lengths", NULL},
    {"magnetic", "field", "Directions of the field as colours, its size as brightness",
     "Direction of the field as colour, its size as brightness."},
    {"magnetic", "walls", "The same with the domain walls in black", "The same with the domain walls."},
    {"magnetic", "angles", "Histogram of the angle between field and largest tension",
     "Angle between the field and <i>e</i><sub>1</sub>; dashed, that of directions that have nothing to do "
     "with each other."},
    {"magnetic", "joint", "Positions by deviatoric strain and angle between field and largest tension",
     "Positions by deviatoric strain and that angle; the line is the mean angle."},
    {"mean", "ring", "Mean diffraction pattern with the fitted ring",
     "Mean pattern of the scan; the ellipse is the median of the fitted ones, pixels left out are tinted."},
    {"calibration", "ring", "Mean diffraction pattern of the sample with the ring",
     "Mean pattern of the calibration's sample, with the ring and its annulus."},
    {"profile", "profile", "Mean radial profile",
     "Azimuthal mean; the band is the standard deviation from position to position."},
};

static vtr_status draw_figures(const cli_report_job *r, const char *group, vtr_error *err)
{
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < sizeof figures / sizeof *figures && status == VTR_OK; i++) {
        if (strcmp(figures[i].group, group) != 0) continue;
        bool is_again = strcmp(group, "calibration") == 0 && vtr_mapfile_has(r->file, "mean", "mean");
        if (!is_again)
            status = cli_report_figure(r, figures[i].figure,
                                       strcmp(figures[i].figure, "phases") == 0 ? DPI_WIDE : DPI_PLOT,
                                       figures[i].alt, figures[i].caption, err);
    }
    return status;
}

/* --- curves of groups without figures of their own ------------------------------------------------------------ */

static bool has_figures(const char *group)
{
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        if (cli_is_within(group, figures[i].group)) return true;
    return false;
}

static double *read_curve(const cli_report_job *r, const char *group, const char *name, size_t *n)
{
    size_t rank, shape[8];
    if (vtr_mapfile_shape(r->file, group, name, &rank, shape, NULL, NULL) != VTR_OK || rank != 1 ||
        shape[0] < 2)
        return NULL;
    if (*n != 0 && *n != shape[0]) return NULL;
    double *values = cli_malloc(shape[0] * sizeof *values);
    *n = shape[0];
    if (values != NULL && vtr_mapfile_read(r->file, group, name, VTR_TYPE_F64, *n, values, NULL) == VTR_OK)
        return values;
    free(values);
    return NULL;
}

/* "NAME (UNIT)" in markup. */
static void axis_label(char label[224], const cli_report_job *r, const char *group, const char *name)
{
    char text[200];
    char *unit = cli_read_text(r->file, group, name, "units");
    bool has_unit = unit != NULL && unit[0] != '\0' && strcmp(unit, "1") != 0;
    snprintf(text, sizeof text, has_unit ? "%.100s (%.60s)" : "%.100s", name, has_unit ? unit : "");
    cli_markup_escape(label, 224, text);
    free(unit);
}

/* The signal of an NXdata group over its one axis. */
static vtr_status draw_curve(const cli_report_job *r, const char *group, vtr_error *err)
{
    char labels[2][224], alt[512], name[256], errors_name[300];
    size_t n = 0;
    if (has_figures(group)) return VTR_OK;
    char *signal = cli_read_text(r->file, group, NULL, "signal"),
         *axis = cli_read_text(r->file, group, NULL, "axes");
    double *x = NULL, *y = NULL, *errors = NULL;
    vtr_status status = VTR_OK;
    if (signal != NULL && axis != NULL && strcmp(signal, axis) != 0) {
        y = read_curve(r, group, signal, &n);
        x = y != NULL ? read_curve(r, group, axis, &n) : NULL;
    }
    if (x != NULL) {
        snprintf(errors_name, sizeof errors_name, "%.200s_errors", signal);
        errors = read_curve(r, group, errors_name, &n);
        axis_label(labels[0], r, group, axis);
        axis_label(labels[1], r, group, signal);
        snprintf(name, sizeof name, "Plot of %.60s over %.60s", signal, axis);
        cli_markup_escape(alt, sizeof alt, name);
        vtr_figure_series series = {
            .n = n, .x = x, .y = y, .error = errors, .style = n <= 24 ? VTR_LINE_POINTS : VTR_LINE_SOLID};
        vtr_figure_panel panel = vtr_figure_plot_panel(&series, 1);
        panel.plot.x_label = labels[0];
        panel.plot.y_label = labels[1];
        status = cli_page_figure(r->out, &panel, 1, DPI_PLOT, alt, NULL, err);
        if (status == VTR_ERR_ARGUMENT || status == VTR_ERR_SHAPE)
            status = VTR_OK; /* nothing finite to draw */
    }
    free(signal);
    free(axis);
    free(x);
    free(y);
    free(errors);
    return status;
}

/* --- sections ------------------------------------------------------------------------------------------------ */

/* The groups right below /entry that have a section, in the order of the page. */
typedef struct sections {
    size_t n;
    const char *group[MAX_SECTIONS];
} sections;

static void find_sections(sections *s, const cli_report_job *r)
{
    s->n = 0;
    for (size_t i = 0; i < r->contents->n && s->n < MAX_SECTIONS; i++) {
        const cli_item *item = &r->contents->items[i];
        bool is_top = cli_item_is_group(item) && item->group[0] != '\0' && strchr(item->group, '/') == NULL;
        if (!is_top || strcmp(item->group, "process") == 0) continue;
        size_t at = s->n++;
        while (at > 0 && cli_place_of_group(s->group[at - 1]) > cli_place_of_group(item->group)) {
            s->group[at] = s->group[at - 1];
            at--;
        }
        s->group[at] = item->group;
    }
}

/* A name that an address within the page can have. */
static void section_id(char id[64], const sections *s, size_t i)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    const char *group = s->group[i];
    if (strlen(group) < 48 && group[strspn(group, plain)] == '\0')
        snprintf(id, 64, "group-%s", group);
    else
        snprintf(id, 64, "other-%zu", i);
}

void cli_report_start(const cli_report_job *r, const char *id, const char *title)
{
    const char *p = r->prefix;
    fprintf(r->out, "<section id=\"%s%s\" aria-labelledby=\"%s%s-title\">\n<h2 id=\"%s%s-title\">%s</h2>\n",
            p, id, p, id, p, id, title);
}

void cli_report_end(const cli_report_job *r)
{
    fputs("</section>\n", r->out);
}

static void put_link(const cli_report_job *r, const char *id, const char *title)
{
    fprintf(r->out, "<a href=\"#%s%s\">%s</a>", r->prefix, id, title);
}

void cli_report_links(const cli_report_job *r)
{
    sections s;
    find_sections(&s, r);
    fputs("<nav aria-label=\"Sections\">", r->out);
    put_link(r, "summary", "In short");
    if (cli_report_has_flags(r)) put_link(r, "flags", "Flags");
    for (size_t i = 0; i < s.n; i++) {
        char id[64], title[160];
        const char *sentence;
        section_id(id, &s, i);
        cli_words_of_group(title, &sentence, s.group[i]);
        put_link(r, id, title);
    }
    put_link(r, "methods", "Methods");
    put_link(r, "process", "How it was made");
    put_link(r, "contents", "Contents of the file");
    fputs("</nav>\n", r->out);
}

/* What a group holds itself, without the groups below it. */
static vtr_status group_body(const cli_report_job *r, const char *group, vtr_error *err)
{
    vtr_status status = draw_figures(r, group, err);
    if (status == VTR_OK) status = draw_curve(r, group, err);
    if (status == VTR_OK) cli_report_attributes(r, group);
    if (status == VTR_OK) status = cli_report_columns(r, group, err);
    return status == VTR_OK ? cli_report_maps(r, group, err) : status;
}

/* A group below a section's has a heading where it holds anything itself. */
static bool has_own(const cli_report_job *r, const char *group)
{
    for (size_t i = 0; i < r->contents->n; i++) {
        const cli_item *item = &r->contents->items[i];
        bool is_own = strcmp(item->group, group) == 0 && !cli_item_is_group(item);
        if (is_own && (item->attribute == NULL || !cli_is_nexus(item->attribute))) return true;
    }
    return false;
}

static vtr_status section(const cli_report_job *r, const sections *s, size_t at, vtr_error *err)
{
    char id[64], title[160];
    const char *sentence;
    section_id(id, s, at);
    cli_words_of_group(title, &sentence, s->group[at]);
    cli_report_start(r, id, title);
    if (sentence[0] != '\0') fprintf(r->out, "<p>%s</p>\n", sentence);
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < r->contents->n && status == VTR_OK; i++) {
        const cli_item *item = &r->contents->items[i];
        if (!cli_item_is_group(item) || !cli_is_within(item->group, s->group[at])) continue;
        if (strcmp(item->group, s->group[at]) != 0) {
            if (!has_own(r, item->group)) continue;
            fputs("<h3>", r->out);
            cli_page_text(r->out, item->group);
            fputs("</h3>\n", r->out);
        }
        status = group_body(r, item->group, err);
    }
    cli_report_end(r);
    return status;
}

vtr_status cli_report_sections(const cli_report_job *r, vtr_error *err)
{
    sections s;
    vtr_status status = VTR_OK;
    find_sections(&s, r);
    for (size_t i = 0; i < s.n && status == VTR_OK; i++)
        status = section(r, &s, i, err);
    return status;
}
