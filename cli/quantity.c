/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "quantity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "markup.h"
#include "vitrail/constants.h"

/* --- how quantities are shown -------------------------------------------------------------------------------- */

typedef struct manner {
    const char *name, *symbol;
    bool is_fraction, is_signed, from_zero;
    const char *group; /* where names of several groups mean different things; NULL: any */
} manner;

static const manner manners[] = {
    {"exx", "<i>ε</i><sub>xx</sub>", true, true, false},
    {"eyy", "<i>ε</i><sub>yy</sub>", true, true, false},
    {"exy", "<i>ε</i><sub>xy</sub>", true, true, false},
    {"residual_exx", "<i>ε</i><sub>xx</sub> without inclusions", true, true, false},
    {"residual_eyy", "<i>ε</i><sub>yy</sub> without inclusions", true, true, false},
    {"residual_exy", "<i>ε</i><sub>xy</sub> without inclusions", true, true, false},
    {"e1", "<i>e</i><sub>1</sub>", true, true, false},
    {"e2", "<i>e</i><sub>2</sub>", true, true, false},
    {"volumetric", "volumetric strain", true, true, false},
    {"deviatoric", "deviatoric strain", true, false, true},
    {"density", "density change", true, true, false},
    {"energy", "strain energy", false, false, true, "strain"},
    {"angle", "direction of <i>e</i><sub>1</sub>", false, false, false},
    {"curl", "curl of <i>e</i><sub>1</sub>", false, false, true, "strain"},
    {"chi2", "reduced <i>χ</i><sup>2</sup>", false, false, true},
    {"deflection_x", "deflection along <i>x</i>", false, true, false},
    {"deflection_y", "deflection along <i>y</i>", false, true, false},
    {"Bx", "<i>B</i><sub>x</sub>", false, true, false},
    {"By", "<i>B</i><sub>y</sub>", false, true, false},
    {"B", "<i>B</i>", false, false, true},
    {"Btx", "<i>B</i><sub>x</sub><i>t</i>", false, true, false},
    {"Bty", "<i>B</i><sub>y</sub><i>t</i>", false, true, false},
    {"Bt", "<i>B t</i>", false, false, true},
    {"divergence", "div <i>B t</i>", false, true, false, "magnetic"},
    {"curl", "curl <i>B t</i>", false, true, false, "magnetic"},
    {"angle_to_strain", "angle <i>e</i><sub>1</sub> to field", false, false, false},
    {"turning_rate", "turning rate of <i>B</i>", false, false, true},
    {"sigma1", "<i>σ</i><sub>1</sub>", false, true, false},
    {"sigma2", "<i>σ</i><sub>2</sub>", false, true, false},
    {"energy", "magnetoelastic energy", false, true, false, "magnetic"},
    {"nearest", "nearest-neighbour distance", false, false, false},
    {"first_height", "height of the first peak of <i>G</i>", false, false, false},
    {"first_fwhm", "width of the first peak of <i>G</i>", false, false, false},
    {"second", "second peak of <i>G</i>", false, false, false},
    {"second_height", "height of the second peak of <i>G</i>", false, false, false},
    {"second_fwhm", "width of the second peak of <i>G</i>", false, false, false},
};

static const manner *find_manner(const char *group, const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof manners / sizeof *manners; i++) {
        const manner *m = &manners[i];
        if (m->group != NULL && strcmp(m->group, group) != 0) continue;
        if (strlen(m->name) == length && strncmp(m->name, name, length) == 0) return m;
    }
    return NULL;
}

const char *cli_flag_text(unsigned bit)
{
    static const char *const texts[CLI_FLAGS] = {"the recording ends before",
                                                 "no counts",
                                                 "invalid pixels",
                                                 "no ring above the noise",
                                                 "fit not converged",
                                                 "ring outside its annulus",
                                                 "too little of the ring visible",
                                                 "saturated (value kept)",
                                                 "poor fit (value kept)",
                                                 "direct beam not found (value kept)",
                                                 "beam taken from the ring's centre (value kept)"};
    return bit < CLI_FLAGS ? texts[bit] : "unknown flag";
}

/* --- names --------------------------------------------------------------------------------------------------- */

static void keep_name(void *user, const char *group, const char *name)
{
    cli_names *names = user;
    if (names->n == CLI_MAX_NAMES || strlen(group) >= CLI_NAME || strlen(name) >= CLI_NAME) return;
    strcpy(names->group[names->n], group);
    strcpy(names->name[names->n++], name);
}

/* Place of a quantity among those of its group: as in the table above, then as in the file. */
static size_t place_of(const char *group, const char *name)
{
    const manner *known = find_manner(group, name, strlen(name) - (cli_is_errors(name) ? 7 : 0));
    return known != NULL ? (size_t)(known - manners) : sizeof manners / sizeof *manners;
}

/* A group's quantities together, in the order that people expect: exx, eyy, exy. */
static bool comes_after(const cli_names *names, size_t i, size_t j)
{
    int group = strcmp(names->group[i], names->group[j]);
    return group > 0 || (group == 0 && place_of(names->group[i], names->name[i]) >
                                           place_of(names->group[j], names->name[j]));
}

static void swap_texts(char a[CLI_NAME], char b[CLI_NAME])
{
    char text[CLI_NAME];
    strcpy(text, a);
    strcpy(a, b);
    strcpy(b, text);
}

/* The file lists names by the alphabet. */
static void put_in_order(cli_names *names)
{
    for (size_t i = 1; i < names->n; i++)
        for (size_t j = i; j > 0 && comes_after(names, j - 1, j); j--) {
            swap_texts(names->name[j - 1], names->name[j]);
            swap_texts(names->group[j - 1], names->group[j]);
        }
}

vtr_status cli_names_read(cli_names *names, const vtr_mapfile *file, vtr_error *err)
{
    names->n = 0;
    vtr_status status = vtr_mapfile_list(file, keep_name, names, err);
    if (status == VTR_OK) put_in_order(names);
    return status;
}

bool cli_is_errors(const char *name)
{
    size_t n = strlen(name);
    return n > 7 && strcmp(name + n - 7, "_errors") == 0;
}

bool cli_names_has(const cli_names *names, const char *group, const char *name)
{
    for (size_t i = 0; i < names->n; i++)
        if (strcmp(names->group[i], group) == 0 && strcmp(names->name[i], name) == 0) return true;
    return false;
}

/* How well a text names a map: 0 not at all; a whole path is better than a name, strain than other groups. */
static int match(const char *text, const char *group, const char *name)
{
    char path[2 * CLI_NAME];
    snprintf(path, sizeof path, "%s/%s", group, name);
    const char *last = strrchr(group, '/');
    if (strcmp(text, path) == 0) return 5;
    if (strcmp(text, name) == 0) return strcmp(group, "strain") == 0 ? 4 : 3;
    if (cli_is_errors(name)) return 0;
    if (strcmp(text, group) == 0) return 2;
    return last != NULL && strcmp(text, last + 1) == 0 ? 1 : 0;
}

void cli_names_list(char *text, size_t size, const cli_names *names)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < names->n; i++) {
        char next[2 * CLI_NAME + 8];
        if (cli_is_errors(names->name[i])) continue;
        snprintf(next, sizeof next, "%s%s/%s", used > 0 ? ", " : "", names->group[i], names->name[i]);
        if (used + strlen(next) + sizeof ", ..." > size) {
            snprintf(text + used, size - used, ", ...");
            return;
        }
        strcpy(text + used, next);
        used += strlen(next);
    }
}

static vtr_status not_found(const cli_names *names, const char *text, const char *path, vtr_error *err)
{
    char list[320];
    cli_names_list(list, sizeof list, names);
    if (list[0] == '\0')
        return vtr_fail(err, VTR_ERR_NOT_FOUND, "'%s' holds no maps; make them with vitrail map and strain",
                        path);
    return vtr_fail(err, VTR_ERR_NOT_FOUND, "'%s' has no '%s'; it has %s", path, text, list);
}

vtr_status cli_names_find(size_t *index, const cli_names *names, const char *text, const char *path,
                          vtr_error *err)
{
    int best = 0;
    for (size_t i = 0; i < names->n; i++) {
        int quality = match(text, names->group[i], names->name[i]);
        if (quality <= best) continue;
        best = quality;
        *index = i;
    }
    return best > 0 ? VTR_OK : not_found(names, text, path, err);
}

/* --- units ---------------------------------------------------------------------------------------------------- */

static float largest_size(const cli_quantity *q)
{
    float largest = 0;
    for (size_t i = 0; i < q->n_y * q->n_x; i++)
        if (isfinite(q->values[i])) largest = fmaxf(largest, fabsf(q->values[i]));
    return largest;
}

const char *cli_unit_sign(const char *unit)
{
    static const char *const signs[][2] = {{"1", ""},
                                           {"angstrom", "Å"},
                                           {"1/angstrom", "1/Å"},
                                           {"1/angstrom^2", "1/Å²"},
                                           {"1/angstrom^3", "1/Å³"},
                                           {"degrees", "°"},
                                           {"nm^2", "nm²"}};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (strcmp(unit, signs[i][0]) == 0) return signs[i][1];
    return unit;
}

/* The unit that people read: per cent for fractions, degrees, multiples of a thousand of J/m^3 and T. */
static void choose_unit(cli_quantity *q, const char *unit, bool is_fraction)
{
    double largest = largest_size(q);
    q->factor = 1;
    cli_markup_escape(q->unit, sizeof q->unit, cli_unit_sign(unit));
    if (unit[0] == '\0' &&
        strncmp(q->name, "energy", 6) == 0) { /* (e1 + e2)^2/2: without the elastic constants */
        q->factor = 1e6;
        strcpy(q->unit, "10<sup>\u22126</sup>");
    } else if (q->unit[0] == '\0' && is_fraction) {
        q->factor = 100;
        strcpy(q->unit, "%");
    } else if (strcmp(unit, "rad") == 0 && largest < 0.01) {
        q->factor = 1e6;
        strcpy(q->unit, "µrad");
    } else if (strcmp(unit, "rad") == 0 || strcmp(unit, "radian") == 0) {
        q->factor = 1 / VTR_RADIANS_PER_DEGREE;
        strcpy(q->unit, "°");
    } else if (strcmp(unit, "degrees/nm") == 0 || strcmp(unit, "degrees/position") == 0) {
        snprintf(q->unit, sizeof q->unit, "°%s", unit + strlen("degrees"));
    } else if (strncmp(unit, "deg", 3) == 0) {
        strcpy(q->unit, "°");
    } else if (strcmp(unit, "J/m^3") == 0) {
        q->factor = largest >= 1e6 ? 1e-6 : largest >= 1e3 ? 1e-3 : 1;
        strcpy(q->unit, largest >= 1e6 ? "MJ/m³" : largest >= 1e3 ? "kJ/m³" : "J/m³");
    } else if (strcmp(unit, "Pa") == 0) {
        q->factor = largest >= 1e9 ? 1e-9 : 1e-6;
        strcpy(q->unit, largest >= 1e9 ? "GPa" : "MPa");
    } else if (strcmp(unit, "T") == 0 && largest < 0.1) {
        q->factor = 1e3;
        strcpy(q->unit, "mT");
    }
}

static void describe(cli_quantity *q, const vtr_mapfile *file)
{
    char text[128] = "", unit[32] = "";
    bool errors = cli_is_errors(q->name);
    const manner *known = find_manner(q->group, q->name, strlen(q->name) - (errors ? 7 : 0));
    if (vtr_mapfile_read_text(file, q->group, q->name, "units", unit, sizeof unit, NULL) != VTR_OK)
        unit[0] = '\0';
    choose_unit(q, unit, known != NULL && known->is_fraction);
    /* virtual images are known by the names that their user gave them */
    bool has_own_name = strncmp(q->group, "virtual", 7) == 0;
    if (known == NULL && (has_own_name || vtr_mapfile_read_text(file, q->group, q->name, "long_name", text,
                                                                sizeof text, NULL) != VTR_OK))
        snprintf(text, sizeof text, "%s", q->name);
    char *bracket = strstr(text, " (");
    if (bracket != NULL && known == NULL) *bracket = '\0'; /* a unit within the long name */
    if (known == NULL) /* words of the file: no markup, whatever they look like */
        cli_markup_escape(q->symbol, sizeof q->symbol, text);
    else
        snprintf(q->symbol, sizeof q->symbol, errors ? "<i>σ</i>(%s)" : "%s", known->symbol);
    q->is_signed = !errors && known != NULL && known->is_signed;
    q->from_zero = errors || (known != NULL && known->from_zero);
    if (q->unit[0] != '\0')
        snprintf(q->label, sizeof q->label, "%s (%s)", q->symbol, q->unit);
    else
        snprintf(q->label, sizeof q->label, "%s", q->symbol);
}

/* --- reading ------------------------------------------------------------------------------------------------- */

static double axis_step(const vtr_mapfile *file, const char *group, const char *axis, size_t n)
{
    char unit[32];
    double ends[2];
    size_t first = 0, last = n - 1, one = 1;
    if (n < 2 || !vtr_mapfile_has(file, group, axis)) return NAN;
    if (vtr_mapfile_read_text(file, group, axis, "units", unit, sizeof unit, NULL) != VTR_OK) return NAN;
    if (strcmp(unit, "nm") != 0) return NAN;
    if (vtr_mapfile_read_block(file, group, axis, VTR_TYPE_F64, 1, &first, &one, &ends[0], NULL) != VTR_OK ||
        vtr_mapfile_read_block(file, group, axis, VTR_TYPE_F64, 1, &last, &one, &ends[1], NULL) != VTR_OK)
        return NAN;
    double step = fabs(ends[1] - ends[0]) / (double)(n - 1);
    return step > 0 ? step : NAN;
}

vtr_status cli_quantity_read(cli_quantity *quantity, const vtr_mapfile *file, const char *group,
                             const char *name, vtr_error *err)
{
    size_t rank, shape[8];
    vtr_status status = vtr_mapfile_shape(file, group, name, &rank, shape, NULL, err);
    if (status != VTR_OK) return status;
    if (rank != 2)
        return vtr_fail(err, VTR_ERR_SHAPE, "'%s/%s' has %zu dimensions; a map has 2", group, name, rank);
    cli_quantity q = {.n_y = shape[0], .n_x = shape[1]};
    snprintf(q.group, sizeof q.group, "%s", group);
    snprintf(q.name, sizeof q.name, "%s", name);
    q.values = cli_malloc(sizeof *q.values * q.n_y * q.n_x);
    if (q.values == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "no memory for '%s/%s' of %zu x %zu positions", group, name,
                        q.n_y, q.n_x);
    status = vtr_mapfile_read(file, group, name, VTR_TYPE_F32, q.n_y * q.n_x, q.values, err);
    if (status != VTR_OK) {
        free(q.values);
        return status;
    }
    q.step_nm[0] = axis_step(file, group, "scan_y", q.n_y);
    q.step_nm[1] = axis_step(file, group, "scan_x", q.n_x);
    for (int i = 0; i < 2; i++)
        if (isnan(q.step_nm[i])) q.step_nm[i] = q.step_nm[1 - i]; /* a scan of one line */
    describe(&q, file);
    *quantity = q;
    return VTR_OK;
}

void cli_quantity_release_values(cli_quantity *quantity)
{
    free(quantity->values);
    quantity->values = NULL;
}

void cli_quantity_release(cli_quantity *quantity)
{
    free(quantity->values);
    *quantity = (cli_quantity){0};
}

vtr_figure_panel cli_quantity_panel(const cli_quantity *q)
{
    vtr_figure_panel panel = vtr_figure_map_panel(q->values, q->n_y, q->n_x);
    panel.map.step_y_nm = q->step_nm[0];
    panel.map.step_x_nm = q->step_nm[1];
    panel.map.colours.label = q->label;
    panel.map.colours.factor = q->factor;
    panel.map.colours.is_signed = q->is_signed;
    panel.map.colours.from_zero = q->from_zero;
    return panel;
}

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

vtr_status cli_quantity_statistics(cli_statistics *out, const cli_quantity *q, vtr_error *err)
{
    size_t n = q->n_y * q->n_x, kept = 0;
    float *sorted = cli_malloc(sizeof *sorted * (n > 0 ? n : 1));
    if (sorted == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "no memory for the median of '%s'", q->name);
    for (size_t i = 0; i < n; i++)
        if (isfinite(q->values[i])) sorted[kept++] = q->values[i];
    qsort(sorted, kept, sizeof *sorted, ascending);
    *out = (cli_statistics){NAN, NAN, NAN, n > 0 ? (double)kept / (double)n : 0};
    if (kept > 0) {
        out->low = q->factor * sorted[kept / 20];
        out->median = q->factor * 0.5 * ((double)sorted[(kept - 1) / 2] + sorted[kept / 2]);
        out->high = q->factor * sorted[kept - 1 - kept / 20];
    }
    free(sorted);
    return VTR_OK;
}
