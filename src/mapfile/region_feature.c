/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "mapfile/region_internal.h"
#include "vitrail/constants.h"
#include "vitrail/ring_map.h"

/* Regions made of what vitrail bands and vitrail inclusions found: @SB1, @bands, @zones, @inclusions, @between, @matrix. */

typedef struct band {
    double y, x, cosine, sine, curvature; /* nm; of the arc at its middle */
    double core, reach[2];                /* nm: half of its width, the affected zone at d < 0 and d > 0 */
    double end[2];                        /* arc length of ends that lie in the map, else infinite */
} band;

typedef struct inclusion {
    double y, x, radius;
} inclusion;

typedef struct features {
    size_t n_bands, n_inclusions, n_gaps;
    band *bands;
    inclusion *inclusions;
    size_t (*gaps)[2];
    double step[2]; /* y, x, nm */
} features;

static void release(features *f)
{
    vtr_free(f->bands);
    vtr_free(f->inclusions);
    vtr_free(f->gaps);
    *f = (features){0};
}

/* --- from the file ------------------------------------------------------------------------------------------ */

static size_t rows_of(const vtr_mapfile *file, const char *table)
{
    size_t rank = 0, shape[8] = {0};
    if (vtr_mapfile_shape(file, table, "number", &rank, shape, NULL, NULL) != VTR_OK || rank != 1) return 0;
    return shape[0];
}

/* The number of a row of a table; `otherwise` where the column is not there. */
static double cell(const vtr_mapfile *file, const char *table, const char *column, size_t row,
                   double otherwise)
{
    const size_t one = 1;
    double value;
    if (!vtr_mapfile_has(file, table, column) ||
        vtr_mapfile_read_block(file, table, column, VTR_TYPE_F64, 1, &row, &one, &value, NULL) != VTR_OK)
        return otherwise;
    return value;
}

/* Along an arc of curvature c through (0, 0) with the tangent u: its length s up to the place nearest to (u, v), and
 * the distance d of (u, v) from it; the circle about (0, 1/c). */
static void arc(double *s, double *d, double u, double v, double c)
{
    double radius = hypot(1 - c * v, c * u); /* times c */
    *d = (2 * v - c * (u * u + v * v)) / (1 + radius);
    *s = fabs(c) * (fabs(u) + fabs(v)) < 1e-5 ? u : atan2(c * u, 1 - c * v) / c;
}

static void place(double *s, double *d, const band *b, double y, double x)
{
    double u = (x - b->x) * b->cosine + (y - b->y) * b->sine;
    double v = (y - b->y) * b->cosine - (x - b->x) * b->sine;
    arc(s, d, u, v, b->curvature);
}

static band band_at(const vtr_mapfile *file, size_t row, double step)
{
    static const char table[] = "bands";
    double angle = cell(file, table, "angle", row, NAN) * VTR_RADIANS_PER_DEGREE, d;
    bool is_curved = cell(file, table, "curved", row, 0) > 0;
    band b = {
        .y = cell(file, table, "y", row, NAN),
        .x = cell(file, table, "x", row, NAN),
        .cosine = cos(angle),
        .sine = sin(angle),
        .curvature = is_curved ? cell(file, table, "curvature", row, 0) : 0,
        .core = cell(file, table, "width", row, NAN),
        .reach = {cell(file, table, "decay_below", row, NAN), cell(file, table, "decay_above", row, NAN)},
        .end = {-INFINITY, INFINITY}};
    b.core = fmax(step, b.core); /* the larger of two; of a width that is not determined the step */
    for (int side = 0; side < 2; side++)
        b.reach[side] = fmax(b.core, b.reach[side]);
    if (isfinite(cell(file, table, "first_end", row, NAN)))
        place(&b.end[0], &d, &b, cell(file, table, "first_y", row, NAN),
              cell(file, table, "first_x", row, NAN));
    if (isfinite(cell(file, table, "last_end", row, NAN)))
        place(&b.end[1], &d, &b, cell(file, table, "last_y", row, NAN),
              cell(file, table, "last_x", row, NAN));
    return b;
}

static vtr_status read_features(features *f, const vtr_mapfile *file, const vtr_region_term *term,
                                vtr_error *err)
{
    static const char catalogue[] = "inclusions/catalogue", gaps[] = "inclusions/gaps";
    *f = (features){.n_bands = rows_of(file, "bands"),
                    .n_inclusions = rows_of(file, catalogue),
                    .n_gaps = rows_of(file, gaps)};
    f->bands = vtr_malloc(f->n_bands, sizeof *f->bands);
    f->inclusions = vtr_malloc(f->n_inclusions, sizeof *f->inclusions);
    f->gaps = vtr_malloc(f->n_gaps, sizeof *f->gaps);
    if (f->bands == NULL || f->inclusions == NULL || f->gaps == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the bands and inclusions of the map file");
    vtr_status status = vtr_mapfile_read_scan_steps(file, "strain", term->n_y, term->n_x, f->step, err);
    if (status != VTR_OK) return status;
    if (!(f->step[0] > 0 && f->step[1] > 0))
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "'%s' needs the steps of the scan, which /entry/strain does not have", term->text);
    for (size_t i = 0; i < f->n_bands; i++)
        f->bands[i] = band_at(file, i, fmax(f->step[0], f->step[1]));
    for (size_t i = 0; i < f->n_inclusions; i++)
        f->inclusions[i] = (inclusion){cell(file, catalogue, "y", i, NAN), cell(file, catalogue, "x", i, NAN),
                                       cell(file, catalogue, "radius", i, NAN)};
    for (size_t i = 0; i < f->n_gaps; i++) {
        f->gaps[i][0] = (size_t)cell(file, gaps, "first", i, 0) - 1;
        f->gaps[i][1] = (size_t)cell(file, gaps, "second", i, 0) - 1;
    }
    return VTR_OK;
}

/* --- where a position is -------------------------------------------------------------------------------------- */

static bool in_band(const band *b, bool with_zone, double y, double x)
{
    double s, d;
    place(&s, &d, b, y, x);
    if (!(s >= b->end[0] && s <= b->end[1])) return false;
    return fabs(d) <= (with_zone ? b->reach[d > 0] : b->core);
}

static bool in_bands(const features *f, size_t number, bool with_zone, double y, double x)
{
    for (size_t i = 0; i < f->n_bands; i++)
        if ((number == 0 || number == i + 1) && in_band(&f->bands[i], with_zone, y, x)) return true;
    return false;
}

static bool in_inclusions(const features *f, double factor, double y, double x)
{
    for (size_t i = 0; i < f->n_inclusions; i++)
        if (hypot(y - f->inclusions[i].y, x - f->inclusions[i].x) <= factor * f->inclusions[i].radius)
            return true;
    return false;
}

/* Between two neighbours, as wide as they are, outside of either. */
static bool in_gap(const features *f, const size_t gap[2], double y, double x)
{
    if (gap[0] >= f->n_inclusions || gap[1] >= f->n_inclusions) return false;
    const inclusion *a = &f->inclusions[gap[0]], *b = &f->inclusions[gap[1]];
    double uy = b->y - a->y, ux = b->x - a->x, length = hypot(uy, ux);
    double along = ((y - a->y) * uy + (x - a->x) * ux) / length;
    double across = ((y - a->y) * ux - (x - a->x) * uy) / length;
    return along >= 0 && along <= length && fabs(across) <= (a->radius + b->radius) / 2;
}

static bool in_gaps(const features *f, double factor, double y, double x)
{
    for (size_t i = 0; i < f->n_gaps; i++)
        if (in_gap(f, f->gaps[i], y, x)) return !in_inclusions(f, factor, y, x);
    return false;
}

/* --- the term ------------------------------------------------------------------------------------------------- */

typedef enum kind { BAND, ZONE, INCLUSIONS, BETWEEN, MATRIX } kind;
typedef struct wanted {
    kind kind;
    size_t number; /* of the band; 0: all */
    double factor; /* times the radius of inclusions */
} wanted;

/* "SB2", "SB2-zone" after the '@'. */
static bool read_band(wanted *w, const char *text)
{
    char digits[16];
    size_t n = strspn(text + 2, "0123456789");
    if (!vtr_text_starts_with(text, "SB") || n == 0 || n >= sizeof digits) return false;
    memcpy(digits, text + 2, n);
    digits[n] = '\0';
    w->kind = text[2 + n] == '\0' ? BAND : ZONE;
    return vtr_parse_size(digits, &w->number) == 0 && w->number > 0 &&
           (w->kind == BAND || strcmp(text + 2 + n, "-zone") == 0);
}

static vtr_status read_wanted(wanted *w, const char *text, vtr_error *err)
{
    static const struct {
        const char *name;
        kind kind;
        double factor; /* 0: takes none */
    } names[] = {{"bands", BAND, 0},
                 {"zones", ZONE, 0},
                 {"inclusions", INCLUSIONS, 1},
                 {"between", BETWEEN, 1},
                 {"matrix", MATRIX, 2}};
    size_t n = strcspn(text, ":");
    *w = (wanted){0};
    if (read_band(w, text)) return VTR_OK;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strlen(names[i].name) != n || strncmp(names[i].name, text, n) != 0) continue;
        *w = (wanted){names[i].kind, 0, names[i].factor};
        if (text[n] == '\0') return VTR_OK;
        if (w->factor > 0 && vtr_parse_double(text + n + 1, &w->factor) == 0 && w->factor > 0 &&
            isfinite(w->factor))
            return VTR_OK;
    }
    return vtr_fail(err, VTR_ERR_ARGUMENT,
                    "'@%s' is none of @SB1, @SB1-zone, @bands, @zones, @inclusions[:FACTOR], "
                    "@between[:FACTOR], @matrix[:FACTOR]",
                    text);
}

static vtr_status check(const wanted *w, const features *f, const vtr_region_term *term, vtr_error *err)
{
    if ((w->kind == BAND || w->kind == ZONE) && f->n_bands < (w->number > 0 ? w->number : 1))
        return vtr_fail(err, VTR_ERR_NOT_FOUND,
                        "'%s': the map file has %zu bands; vitrail bands looks for them", term->text,
                        f->n_bands);
    if (w->kind == INCLUSIONS && f->n_inclusions == 0)
        return vtr_fail(err, VTR_ERR_NOT_FOUND,
                        "'%s': the map file has no inclusions; vitrail inclusions looks for them",
                        term->text);
    if (w->kind == BETWEEN && f->n_gaps == 0)
        return vtr_fail(err, VTR_ERR_NOT_FOUND,
                        "'%s': the map file has no two inclusions along a band; vitrail inclusions looks for "
                        "them",
                        term->text);
    if (w->kind == MATRIX && f->n_bands + f->n_inclusions == 0)
        return vtr_fail(err, VTR_ERR_NOT_FOUND,
                        "'%s' is what lies outside of bands and inclusions, and the map file has neither; "
                        "vitrail bands and vitrail inclusions look for them",
                        term->text);
    return VTR_OK;
}

static bool is_inside(const wanted *w, const features *f, double y, double x)
{
    switch (w->kind) {
    case BAND:
        return in_bands(f, w->number, false, y, x);
    case ZONE:
        return in_bands(f, w->number, true, y, x);
    case INCLUSIONS:
        return in_inclusions(f, w->factor, y, x);
    case BETWEEN:
        return in_gaps(f, w->factor, y, x);
    case MATRIX:
        break;
    }
    return !in_bands(f, 0, true, y, x) && !in_inclusions(f, w->factor, y, x);
}

vtr_status vtr_region_feature(bool *taken, const vtr_region_term *term, const vtr_mapfile *file,
                              vtr_error *err)
{
    wanted w;
    features f = {0};
    if (term->text[0] != '@') return VTR_OK;
    *taken = true;
    vtr_status status = read_wanted(&w, term->text + 1, err);
    if (status == VTR_OK && file == NULL)
        status = vtr_fail(err, VTR_ERR_NOT_FOUND, "'%s' needs a map file, and there is none", term->text);
    if (status == VTR_OK) status = read_features(&f, file, term, err);
    if (status == VTR_OK) status = check(&w, &f, term, err);
    for (size_t i = 0; status == VTR_OK && i < term->n_y * term->n_x; i++) {
        double y = (double)(i / term->n_x) * f.step[0], x = (double)(i % term->n_x) * f.step[1];
        term->member[i] = is_inside(&w, &f, y, x) != term->negated;
    }
    release(&f);
    return status;
}
