/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report_sections.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vitrail/ring_map.h"

/* --- small parts --------------------------------------------------------------------------------------------- */

/* A number with four significant digits and a true minus sign; an n-dash where there is none. */
static const char *number(char text[48], double value)
{
    char plain[32];
    if (!isfinite(value)) return "–";
    snprintf(plain, sizeof plain, fabs(value) >= 1e4 && fabs(value) < 1e9 ? "%.0f" : "%.4g", value);
    snprintf(text, 48, "%s%s", plain[0] == '-' ? "\u2212" : "", plain + (plain[0] == '-'));
    return text;
}

/* With so many decimals, so that a row's numbers can be compared. */
static const char *fixed(char text[48], double value, int decimals)
{
    char plain[40];
    if (!isfinite(value)) return "–";
    snprintf(plain, sizeof plain, "%.*f", decimals, value);
    bool is_negative = plain[0] == '-' && strspn(plain + 1, "0.") < strlen(plain + 1);
    snprintf(text, 48, "%s%s", is_negative ? "\u2212" : "", plain + (plain[0] == '-'));
    return text;
}

/* Decimals that give the largest of a row's numbers three digits. */
static int decimals_for(double largest)
{
    if (!(largest > 0) || !isfinite(largest)) return 2;
    return (int)fmin(fmax(2 - floor(log10(largest)), 0), 6);
}

static void number_row(const cli_report_job *r, const char *what, double value, const char *unit)
{
    char text[48];
    if (!isfinite(value)) return;
    fprintf(r->out, "<tr><th>%s</th><td>%s%s%s</td></tr>\n", what, number(text, value),
            unit[0] != '\0' ? " " : "", unit);
}

static double attribute(const cli_report_job *r, const char *group, const char *name)
{
    double value;
    vtr_status status = vtr_mapfile_read_numbers(r->file, group, NULL, name, 1, &value, NULL);
    return status == VTR_OK ? value : NAN;
}

static void start_section(const cli_report_job *r, const char *id, const char *title)
{
    fprintf(r->out, "<section id=\"%s\">\n<h2>%s</h2>\n", id, title);
}

/* --- the ring ------------------------------------------------------------------------------------------------ */

static void ring_numbers(const cli_report_job *r)
{
    vtr_ring_map map = {0};
    if (vtr_ring_map_read(&map, r->file, NULL) != VTR_OK) return;
    size_t n = map.n_y * map.n_x, fitted = 0, by_flag[CLI_FLAGS] = {0};
    for (size_t i = 0; i < n; i++) {
        fitted += (map.flags[i] & VTR_FLAGS_NO_RING_DATA) == 0;
        for (size_t bit = 0; bit < CLI_FLAGS; bit++)
            by_flag[bit] += map.flags[i] >> bit & 1u;
    }
    fputs("<table>\n", r->out);
    fprintf(r->out, "<tr><th>Scan</th><td>%zu × %zu positions</td></tr>\n", map.n_y, map.n_x);
    if (isfinite(map.scan_step_nm[0]))
        fprintf(r->out, "<tr><th>Scan step</th><td>%.4g × %.4g nm</td></tr>\n", map.scan_step_nm[0],
                map.scan_step_nm[1]);
    fprintf(r->out, "<tr><th>Positions with a ring</th><td>%zu (%.2f %%)</td></tr>\n", fitted,
            n > 0 ? 100 * (double)fitted / (double)n : 0);
    for (size_t bit = 0; bit < CLI_FLAGS; bit++)
        if (by_flag[bit] > 0)
            fprintf(r->out, "<tr><th>%s</th><td>%zu</td></tr>\n", cli_flag_text((unsigned)bit), by_flag[bit]);
    number_row(r, "Ring radius", map.radius_px, "px");
    number_row(r, "<i>k</i><sub>0</sub> = 1/<i>d</i>", map.k0_inv_angstrom, "1/Å");
    number_row(r, "Scan rotation", map.scan_rotation_degrees, "°");
    fputs("</table>\n", r->out);
    vtr_ring_map_release(&map);
}

/* What the calibration measured of camera and specimen. */
static void calibration_numbers(const cli_report_job *r)
{
    static const struct {
        const char *name, *what, *unit;
    } rows[] = {
        {"k_step_inv_angstrom", "Detector step", "1/Å per px"},
        {"beam_energy_kev", "Beam energy", "keV"},
        {"electrons", "Electrons in the ring's annulus, a pattern", ""},
        {"noise.gain", "Camera gain", "counts per electron"},
        {"noise.offset", "Camera offset", "counts"},
        {"noise.read_noise", "Read-out noise", "counts"},
        {"ring.width_px", "Width of the ring", "px"},
        {"speckle.contrast", "Speckle: normalised variance", ""},
        {"speckle.grain_px", "Speckle: size of a grain", "px"},
        {"speckle.friedel", "Speckle: correlation of opposite ones", ""},
        {"descan_residual_px", "Centres about the descan surface (rms)", "px"},
        {"chi2", "Reduced <i>χ</i><sup>2</sup> of the sample", ""},
    };
    if (!vtr_mapfile_has(r->file, "calibration", "mean")) return;
    fputs("<h3>Calibration</h3>\n<table>\n", r->out);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        number_row(r, rows[i].what, attribute(r, "calibration", rows[i].name), rows[i].unit);
    fputs("</table>\n", r->out);
}

/* One of the panels that a name makes; nothing where the file lacks it. */
static vtr_status optional_figure(const cli_report_job *r, const char *name, const char *alt,
                                  const char *caption, vtr_error *err)
{
    cli_panels *panels = calloc(1, sizeof *panels);
    if (panels == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "no memory for a figure");
    *panels = (cli_panels){.file = r->file, .path = r->path, .names = r->names};
    vtr_status status = cli_panels_add(panels, name, err);
    if (status == VTR_OK) status = cli_page_figure(r->out, panels->panel, panels->n, alt, caption, err);
    if (status == VTR_ERR_NOT_FOUND) status = VTR_OK;
    cli_panels_release(panels);
    free(panels);
    return status;
}

static bool has_recording_section(const cli_report_job *r)
{
    return vtr_mapfile_has(r->file, "mean", "mean") || vtr_mapfile_has(r->file, "profile", "intensity") ||
           vtr_mapfile_has(r->file, "ring", "ellipse");
}

vtr_status cli_report_ring(const cli_report_job *r, vtr_error *err)
{
    bool has_pattern = vtr_mapfile_has(r->file, "mean", "mean");
    bool has_profile = vtr_mapfile_has(r->file, "profile", "intensity");
    if (!has_recording_section(r)) return VTR_OK;
    start_section(r, "recording", "Recording and ring");
    ring_numbers(r);
    calibration_numbers(r);
    fputs("<div class=\"row\">\n", r->out);
    vtr_status status = VTR_OK;
    if (has_pattern)
        status = optional_figure(r, "ring", "mean diffraction pattern",
                                 "Mean pattern of the scan; the ellipse is the "
                                 "median of the fitted ones.",
                                 err);
    if (status == VTR_OK && has_profile)
        status = optional_figure(r, "profile", "mean profile",
                                 "Azimuthal mean; the band is the standard deviation "
                                 "from position to position.",
                                 err);
    fputs("</div>\n</section>\n", r->out);
    return status;
}

/* --- maps ---------------------------------------------------------------------------------------------------- */

static bool is_drawn(const cli_names *names, size_t i)
{
    return !cli_is_errors(names->name[i]) && strcmp(names->name[i], "flags") != 0;
}

static vtr_status statistics_row(const cli_report_job *r, size_t i, vtr_error *err)
{
    cli_quantity q = {0}, errors = {0};
    cli_statistics s, e = {NAN, NAN, NAN, 0};
    char name[CLI_NAME + 8], text[4][48];
    vtr_status status = cli_quantity_read(&q, r->file, r->names->group[i], r->names->name[i], err);
    if (status == VTR_OK) status = cli_quantity_statistics(&s, &q, err);
    snprintf(name, sizeof name, "%s_errors", r->names->name[i]);
    if (status == VTR_OK && cli_names_has(r->names, r->names->group[i], name)) {
        status = cli_quantity_read(&errors, r->file, r->names->group[i], name, err);
        errors.factor = q.factor; /* one unit a row */
        if (status == VTR_OK) status = cli_quantity_statistics(&e, &errors, err);
    }
    if (status == VTR_OK) {
        int digits = decimals_for(fmax(fabs(s.low), fabs(s.high)));
        /* an angle's own median says nothing: it is a direction */
        bool is_angle = strcmp(q.name, "angle") == 0;
        fprintf(r->out,
                "<tr><td>%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td>"
                "<td class=\"n\">%s</td><td>%s</td><td class=\"n\">%.2f %%</td></tr>\n",
                q.symbol, is_angle ? "–" : fixed(text[0], s.median, digits),
                is_angle ? "–" : fixed(text[1], s.low, digits),
                is_angle ? "–" : fixed(text[2], s.high, digits), fixed(text[3], e.median, digits), q.unit,
                100 * s.valid);
    }
    cli_quantity_release(&q);
    cli_quantity_release(&errors);
    return status;
}

static vtr_status statistics_table(const cli_report_job *r, const char *group, vtr_error *err)
{
    vtr_status status = VTR_OK;
    fputs("<div class=\"scroll\"><table>\n<tr><th>quantity</th><th class=\"n\">median</th><th class=\"n\">5 "
          "%</th>"
          "<th class=\"n\">95 %</th><th class=\"n\">median error</th><th>unit</th><th class=\"n\">positions "
          "with a "
          "value</th></tr>\n",
          r->out);
    for (size_t i = 0; i < r->names->n && status == VTR_OK; i++)
        if (strcmp(r->names->group[i], group) == 0 && is_drawn(r->names, i))
            status = statistics_row(r, i, err);
    fputs("</table></div>\n", r->out);
    return status;
}

/* A map with its errors at its right. */
static vtr_status map_row(const cli_report_job *r, size_t i, vtr_error *err)
{
    char path[2 * CLI_NAME + 16], name[CLI_NAME + 8], alt[2 * CLI_NAME + 48];
    const char *group = r->names->group[i];
    fputs("<div class=\"row\">\n", r->out);
    snprintf(path, sizeof path, "%s/%s", group, r->names->name[i]);
    snprintf(alt, sizeof alt, "map of %s", path);
    vtr_status status = optional_figure(r, path, alt, NULL, err);
    snprintf(name, sizeof name, "%s_errors", r->names->name[i]);
    if (status == VTR_OK && cli_names_has(r->names, group, name)) {
        snprintf(path, sizeof path, "%s/%s", group, name);
        snprintf(alt, sizeof alt, "map of the standard deviation of %s", r->names->name[i]);
        status = optional_figure(r, path, alt, NULL, err);
    }
    fputs("</div>\n", r->out);
    return status;
}

/* How far the ring of the reference is from a circle: the ratio of its axes less one, from the matrix that rounds it. */
static double ellipticity(const double w[3])
{
    double mean = (w[0] + w[1]) / 2, difference = hypot((w[0] - w[1]) / 2, w[2]);
    return (mean + difference) / (mean - difference) - 1;
}

static void text_row(const cli_report_job *r, const char *what, const char *group, const char *name)
{
    char text[512];
    if (vtr_mapfile_read_text(r->file, group, NULL, name, text, sizeof text, NULL) != VTR_OK) return;
    fprintf(r->out, "<tr><th>%s</th><td>", what);
    cli_page_text(r->out, text);
    fputs("</td></tr>\n", r->out);
}

static void strain_notes(const cli_report_job *r)
{
    double box[4], w[3];
    fputs("<table>\n", r->out);
    if (vtr_mapfile_read_numbers(r->file, "strain", NULL, "reference", 4, box, NULL) == VTR_OK)
        fprintf(r->out,
                "<tr><th>Reference region</th><td>rows %.0f to %.0f, columns %.0f to %.0f%s</td></tr>\n",
                box[0], box[1] - 1, box[2], box[3] - 1,
                attribute(r, "strain", "reference_found") > 0 ? " (found: the least deformed)" : "");
    number_row(r, "Positions in it", attribute(r, "strain", "reference_positions"), "");
    number_row(r, "Its ring's radius", attribute(r, "strain", "reference_radius"), "px");
    number_row(r, "<i>k</i><sub>0</sub> = 1/<i>d</i>", attribute(r, "strain", "k0"), "1/Å");
    if (vtr_mapfile_read_numbers(r->file, "strain", NULL, "distortion", 3, w, NULL) == VTR_OK)
        number_row(r, "Ellipticity taken out", 100 * ellipticity(w), "%");
    number_row(r, "Strain left in it (rms)", 100 * attribute(r, "strain", "reference_spread"), "%");
    number_row(r, "Axis of the frame", attribute(r, "strain", "axis"), "°");
    text_row(r, "Frame", "strain", "frame");
    text_row(r, "Definition", "strain", "definition");
    number_row(r, "Young's modulus", attribute(r, "strain", "young_gpa"), "GPa");
    number_row(r, "Poisson's ratio", attribute(r, "strain", "poisson"), "");
    fputs("</table>\n", r->out);
}

static const char *group_title(const char *group)
{
    static const char *const titles[][2] = {{"strain", "Strain"},      {"ring", "Quality of the fit"},
                                            {"magnetic", "Magnetism"}, {"pdf", "Pair distribution"},
                                            {"phases", "Phases"},      {"beam", "Direct beam"}};
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (strcmp(titles[i][0], group) == 0) return titles[i][1];
    return group;
}

static vtr_status group_section(const cli_report_job *r, const char *group, vtr_error *err)
{
    start_section(r, group, group_title(group));
    if (strcmp(group, "strain") == 0) strain_notes(r);
    vtr_status status = statistics_table(r, group, err);
    if (status == VTR_OK && strcmp(group, "phases") == 0)
        status = optional_figure(r, "phases", "phases: components, maps, fractions and lengths", NULL, err);
    for (size_t i = 0; i < r->names->n && status == VTR_OK; i++) {
        if (strcmp(r->names->group[i], group) != 0 || !is_drawn(r->names, i)) continue;
        vtr_progress_report(&r->run->progress, "report", (double)i, (double)r->names->n, "maps");
        status = vtr_progress_cancelled(&r->run->progress)
                     ? vtr_fail(err, VTR_ERR_INTERRUPTED, "interrupted; no report was written")
                     : map_row(r, i, err);
    }
    fputs("</section>\n", r->out);
    return status;
}

/* Whether a section begins with map i: the first that is drawn of its group. Strain stands first (place 0), the other
 * groups follow (place 1) in the order of the file. */
static bool is_shown_group(const cli_names *names, size_t i, size_t place)
{
    if (!is_drawn(names, i) || (strcmp(names->group[i], "strain") == 0) != (place == 0)) return false;
    for (size_t j = 0; j < i; j++)
        if (strcmp(names->group[j], names->group[i]) == 0 && is_drawn(names, j)) return false;
    return true;
}

vtr_status cli_report_maps(const cli_report_job *r, vtr_error *err)
{
    vtr_status status = VTR_OK;
    for (size_t place = 0; place < 2; place++)
        for (size_t i = 0; i < r->names->n && status == VTR_OK; i++)
            if (is_shown_group(r->names, i, place)) status = group_section(r, r->names->group[i], err);
    return status;
}

void cli_report_links(const cli_report_job *r)
{
    fputs("<nav>", r->out);
    if (has_recording_section(r)) fputs("<a href=\"#recording\">Recording and ring</a>", r->out);
    for (size_t place = 0; place < 2; place++)
        for (size_t i = 0; i < r->names->n; i++)
            if (is_shown_group(r->names, i, place))
                fprintf(r->out, "<a href=\"#%s\">%s</a>", r->names->group[i],
                        group_title(r->names->group[i]));
    fputs("<a href=\"#process\">How it was made</a></nav>\n", r->out);
}

/* --- how it was made ----------------------------------------------------------------------------------------- */

static const char *const steps[] = {"simulate",    "convert",    "calibrate", "map",
                                    "strain",      "pdf",        "phases",    "magnetic",
                                    "fluctuation", "inclusions", "thickness", "scratch"};

static bool process_text(const cli_report_job *r, const char *step, const char *name, char *text, size_t size)
{
    char group[64];
    snprintf(group, sizeof group, "process/%s", step);
    return vtr_mapfile_has(r->file, group, name) &&
           vtr_mapfile_read_text(r->file, group, name, NULL, text, size, NULL) == VTR_OK;
}

static void process_row(const cli_report_job *r, const char *step, const char *name, const char *title)
{
    char text[4096];
    if (!process_text(r, step, name, text, sizeof text)) return;
    fprintf(r->out, "<tr><th>%s</th><td><code>", title);
    cli_page_text(r->out, text);
    fputs("</code></td></tr>\n", r->out);
}

void cli_report_process(const cli_report_job *r)
{
    char text[16384];
    start_section(r, "process", "How it was made");
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (!process_text(r, steps[i], "date", text, sizeof text) &&
            !process_text(r, steps[i], "command", text, sizeof text))
            continue;
        fprintf(r->out, "<h3>%s</h3>\n<table>\n", steps[i]);
        process_row(r, steps[i], "command", "Command");
        process_row(r, steps[i], "date", "Time");
        process_row(r, steps[i], "version", "Version");
        process_row(r, steps[i], "input", "Input");
        process_row(r, steps[i], "input_checksum", "Checksum");
        fputs("</table>\n", r->out);
        if (!process_text(r, steps[i], "parameters", text, sizeof text) || text[0] == '\0') continue;
        fputs("<pre>", r->out);
        cli_page_text(r->out, text);
        fputs("</pre>\n", r->out);
    }
    fputs("</section>\n", r->out);
}
