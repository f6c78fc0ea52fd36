/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "cli/commands.h"
#include "recipe.h"
#include "vitrail/calibration.h"
#include "vitrail/dataset.h"

/* A recipe fitted to a recording: what is known stands in it, everything else as a comment with what it means. */

enum { WIDTH = 110, HELP_COLUMN = 34 };

/* What was found for a setting: its text, and whether it stands in the recipe or as a comment. */
typedef struct finding {
    const char *name;
    char text[4096];
    bool is_active;
    const char *source; /* "found; " */
} finding;

/* --- words --------------------------------------------------------------------------------------------------------- */

/* Text as YAML: plain where that is safe. Returns the number of bytes. */
static int print_text(FILE *out, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+./<>%^()";
    static const char *const words[] = {"~", "null"};
    bool is_plain = text[0] != '\0' && text[strspn(text, plain)] == '\0' && strchr("-><%", text[0]) == NULL;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        is_plain = is_plain && strcmp(text, words[i]) != 0;
    if (is_plain) return fprintf(out, "%s", text);
    int n = 2;
    fputc('"', out);
    for (const char *c = text; *c != '\0'; c++)
        n += fprintf(out, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
    fputc('"', out);
    return n;
}

/* A comment from a column on, over as many lines as it takes. */
static void print_comment(FILE *out, int column, const char *text)
{
    int at = fprintf(out, "%*s#", column < HELP_COLUMN ? HELP_COLUMN - column : 2, "") + column;
    while (*text != '\0') {
        const size_t n = strcspn(text, " ");
        if (at + 1 + (int)n > WIDTH) at = fprintf(out, "\n%*s#", HELP_COLUMN, "") - 1;
        at += fprintf(out, " %.*s", (int)n, text);
        text += n + strspn(text + n, " ");
    }
    fputc('\n', out);
}

/* What stands in the place of a value that there is no default for. */
static void placeholder(char *text, size_t size, const vtr_parameter *p)
{
    const char *metavar = p->metavar != NULL ? p->metavar : "VALUE", *equals = strchr(metavar, '=');
    const bool is_flow = p->type == VTR_PARAMETER_LIST;
    if (is_flow && equals != NULL)
        snprintf(text, size, "{%.*s: %s}", (int)(equals - metavar), metavar, equals + 1);
    else
        snprintf(text, size, is_flow ? "[\"%s\"]" : "%s", metavar);
}

/* Its value in the struct; a placeholder where it has none. */
static void value_of(char *text, size_t size, const vtr_parameter *p, const void *values)
{
    text[0] = '\0';
    if (p->type != VTR_PARAMETER_LIST) vtr_parameters_format(p, values, text, size);
    if (text[0] == '\0') placeholder(text, size, p);
}

static void help_of(char *text, size_t size, const vtr_parameter *p, const char *source)
{
    char choices[128] = "";
    for (size_t i = 0, n = 0; p->choices != NULL && p->choices[i] != '\0' && n + 3 < sizeof choices; i++)
        n += (size_t)snprintf(choices + n, sizeof choices - n, p->choices[i] == '|' ? ", " : "%c",
                              p->choices[i]);
    snprintf(text, size, "%s%s%s%s%s%s%s", source, p->help, p->unit != NULL ? " (" : "",
             p->unit != NULL ? p->unit : "", p->unit != NULL ? ")" : "", choices[0] != '\0' ? ": " : "",
             choices);
}

/* --- settings ---------------------------------------------------------------------------------------------------------- */

static const finding *find(const finding *findings, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(findings[i].name, name) == 0 && findings[i].text[0] != '\0') return &findings[i];
    return NULL;
}

static void print_setting(FILE *out, const char *indent, const vtr_parameter *p, const char *value,
                          bool is_active, const char *source)
{
    char help[512];
    help_of(help, sizeof help, p, source);
    int column = fprintf(out, "%s%s%s: ", indent, is_active ? "" : "#", p->name);
    if (is_active && p->type == VTR_PARAMETER_STRING)
        column += print_text(out, value);
    else
        column += fprintf(out, "%s", value);
    print_comment(out, column, help);
}

/* Of "line|band" the first counts. */
static bool is_listed(const char *name, const char *const *list, size_t n)
{
    for (size_t i = 0; list != NULL && i < n && list[i] != NULL; i++) {
        const size_t length = strcspn(list[i], "|");
        if (strlen(name) == length && strncmp(list[i], name, length) == 0) return true;
    }
    return false;
}

/* Every setting of a table but those in `but`: as found, as given (what is not the default), else as a comment. */
static void print_table(FILE *out, const char *indent, const cli_group *group, const finding *findings,
                        size_t n, const char *const *but)
{
    for (size_t i = 0; i < group->table->n; i++) {
        const vtr_parameter *p = &group->table->parameters[i];
        const bool is_said = strcmp(p->name, "output") == 0 || is_listed(p->name, but, CLI_FLOW_NEEDS);
        if (is_said) continue;
        const finding *found = find(findings, n, p->name);
        char value[4096];
        value_of(value, sizeof value, p, group->values);
        if (found != NULL)
            print_setting(out, indent, p, found->text, found->is_active, found->source);
        else
            print_setting(out, indent, p, value, false, "");
    }
}

/* The settings of a command at their defaults, without those of the tables in `but`. */
static void print_settings(FILE *out, const char *indent, const cli_flow *flow,
                           const vtr_parameter_table *const *but)
{
    cli_group groups[CLI_MAX_GROUPS];
    const size_t n = flow->command->options(groups);
    for (size_t i = 0; i < n; i++) {
        bool is_shown = !is_listed(groups[i].table->title, flow->hidden, CLI_FLOW_HIDDEN);
        for (size_t k = 0; but != NULL && but[k] != NULL; k++)
            is_shown = is_shown && groups[i].table != but[k];
        if (is_shown) print_table(out, indent, &groups[i], NULL, 0, flow->needs);
    }
}

/* What was given on the command line stands in the recipe as if it had been found. */
static size_t add_given(finding *findings, size_t n, size_t capacity, const cli_group *group, void *defaults)
{
    vtr_parameters_default(group->table, defaults);
    for (size_t i = 0; i < group->table->n && n < capacity; i++) {
        const vtr_parameter *p = &group->table->parameters[i];
        char now[4096], before[4096];
        vtr_parameters_format(p, group->values, now, sizeof now);
        vtr_parameters_format(p, defaults, before, sizeof before);
        if (strcmp(now, before) == 0) continue;
        findings[n] = (finding){.name = p->name, .is_active = true, .source = ""};
        snprintf(findings[n++].text, sizeof findings->text, "%s", now);
    }
    return n;
}

/* --- the recipe ------------------------------------------------------------------------------------------------------- */

static void print_head(FILE *out, const cli_recipe_draft *d)
{
    const vtr_dataset_info *info = d->info;
    fprintf(out, "# A recipe of Vitrail %s.\n#\n", vtr_version());
    fprintf(
        out,
        "#   vitrail run RECIPE.yaml             does what stands here\n"
        "#   vitrail run --dry-run RECIPE.yaml   checks it and prints the command lines\n"
        "#   vitrail run --again MAP.h5          does again what made a map file\n#\n"
        "# Lines that begin with a # are settings at their defaults, and steps that are left out: take the # "
        "away to\n"
        "# have them. Paths are relative to this file; <name> is the recording's name without folder and "
        "ending.\n\n");
    fprintf(out, "# %s: %zu x %zu positions of %zu x %zu px, %s, %s\n", d->files[0], info->shape[0],
            info->shape[1], info->shape[2], info->shape[3], vtr_type_name(info->type), info->format);
}

static size_t find_in_file(finding *findings, const vtr_dataset_info *info)
{
    const char *const names[3] = {"energy", "k-step", "scan-step"};
    const double values[3] = {info->beam_energy_kev,
                              0.5 * (info->k_step_inv_angstrom[0] + info->k_step_inv_angstrom[1]),
                              info->scan_step_nm[0] == info->scan_step_nm[1] ? info->scan_step_nm[1] : NAN};
    for (size_t i = 0; i < 3; i++) {
        findings[i] = (finding){.name = names[i], .source = "as in the file; "};
        if (values[i] > 0) snprintf(findings[i].text, sizeof findings[i].text, "%.10g", values[i]);
    }
    return 3;
}

static void print_recordings(FILE *out, const cli_recipe_draft *d)
{
    enum { MOST = 32 };
    finding findings[MOST];
    vtr_dataset_params defaults;
    const size_t n_given = add_given(findings, 0, MOST - 3, &d->recording, &defaults);
    const size_t n = n_given + find_in_file(findings + n_given, d->info);
    const bool is_series = d->n_files > 1;
    const char *indent = is_series ? "    " : "  ";
    fputs(is_series ? "recordings:\n" : "recording:\n", out);
    for (size_t i = 0; i < d->n_files; i++) {
        fputs(is_series ? "  - file: " : "  file: ", out);
        print_text(out, d->files[i]);
        fputc('\n', out);
        if (i == 0) print_table(out, indent, &d->recording, findings, n, NULL);
        for (size_t k = 0; k < n_given && i > 0; k++) {
            fprintf(out, "%s%s: ", indent, findings[k].name);
            print_text(out, findings[k].text);
            fputc('\n', out);
        }
    }
    if (!is_series) return;
    const int column = fprintf(out, "#lock: ");
    print_text(out, d->files[0]);
    print_comment(
        out, column + (int)strlen(d->files[0]),
        "the recording whose calibration serves for all: the first unless given; no: each has its own");
}

static size_t find_in_calibration(finding *findings, const vtr_calibration *c)
{
    const vtr_noise *n = &c->noise;
    findings[0] = (finding){.name = "ring", .is_active = true, .source = "found; "};
    snprintf(findings[0].text, sizeof findings->text, "%.1f:%.1f", c->ring.annulus_px[0],
             c->ring.annulus_px[1]);
    findings[1] = (finding){.name = "centre-x", .source = "found; "};
    snprintf(findings[1].text, sizeof findings->text, "%.3f", c->centre_x_px);
    findings[2] = (finding){.name = "centre-y", .source = "found; "};
    snprintf(findings[2].text, sizeof findings->text, "%.3f", c->centre_y_px);
    findings[3] = (finding){.name = "noise", .source = "found; "};
    if (n->is_counting)
        snprintf(findings[3].text, sizeof findings->text, "counting");
    else
        snprintf(findings[3].text, sizeof findings->text, "%.5g,%.5g,%.5g", n->gain, n->offset,
                 n->read_noise);
    return 4;
}

static void print_calibrate(FILE *out, const cli_recipe_draft *d)
{
    enum { MOST = 32 };
    finding findings[MOST];
    vtr_calibrate_params defaults;
    const vtr_calibration *c = d->calibration;
    size_t n = add_given(findings, 0, MOST - 4, &d->calibrate, &defaults), n_masked = 0;
    n += find_in_calibration(findings + n, c);
    for (size_t i = 0; i < c->det_y * c->det_x; i++)
        n_masked += c->mask[i] != 0;
    fprintf(out, "\n# %s.\n", cli_calibrate.summary);
    fprintf(out, "# Found: a ring of radius %.2f px; %zu of %zu pixels that cannot be used; ",
            c->ring.radius_px, n_masked, c->det_y * c->det_x);
    if (isfinite(c->k_step_inv_angstrom))
        fprintf(out, "a k scale of %.6g 1/Å per px (k = 1/d).\n", c->k_step_inv_angstrom);
    else
        fprintf(out, "no k scale (ring-k, k-scale or k-step gives it).\n");
    fputs("calibrate:\n", out);
    print_table(out, "  ", &d->calibrate, findings, n, NULL);
}

static void print_step(FILE *out, const cli_flow *flow, const vtr_parameter_table *const *but)
{
    fprintf(out, "\n# %s.\n%s:\n", flow->command->summary, flow->command->name);
    if (flow->output != NULL) fprintf(out, "  output: %s\n", flow->output);
    print_settings(out, "  ", flow, but);
}

/* A step that is left out, to be had by taking away the first # of its lines. */
static void print_left_out(FILE *out, const cli_flow *flow)
{
    cli_group groups[CLI_MAX_GROUPS];
    fprintf(out, "\n# %s.\n#%s:\n", flow->command->summary, flow->command->name);
    const size_t n = flow->command->options(groups);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < groups[i].table->n; k++) {
            const vtr_parameter *p = &groups[i].table->parameters[k];
            char value[512];
            if (!is_listed(p->name, flow->needs, CLI_FLOW_NEEDS)) continue;
            value_of(value, sizeof value, p, groups[i].values);
            fputc('#', out);
            print_setting(out, "  ", p, value, true, "");
        }
    print_settings(out, "#  ", flow, NULL);
}

static void print_figures(FILE *out, const cli_flow *flow)
{
    fprintf(out, "\n# %s. Several are a list.\nfigure:\n", flow->command->summary);
    const int column = fprintf(out, "  - quantity: panel");
    print_comment(out, column,
                  "a map of the file, or several in a list; panel is all of the strain: vitrail help figure");
    fprintf(out, "    output: <name>-strain.png\n");
    print_settings(out, "    ", flow, NULL);
}

void cli_recipe_write(FILE *out, const cli_recipe_draft *draft)
{
    /* said once, above */
    const vtr_parameter_table *const said[] = {&vtr_dataset_parameters, &vtr_calibrate_parameters, NULL};
    print_head(out, draft);
    print_recordings(out, draft);
    print_calibrate(out, draft);
    for (size_t i = 0; i < cli_n_flow_steps; i++) {
        const cli_flow *flow = &cli_flow_steps[i];
        const char *name = flow->command->name;
        if (strcmp(name, "calibrate") == 0) continue;
        if (strcmp(name, "figure") == 0)
            print_figures(out, flow);
        else if (strcmp(name, "map") == 0 || strcmp(name, "strain") == 0 || strcmp(name, "report") == 0)
            print_step(out, flow, said);
        else
            print_left_out(out, flow);
    }
}
