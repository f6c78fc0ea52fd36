/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/vortices.h"
#include "vitrail/output.h"

#include <stdlib.h>
#include <string.h>

#include "band/band_internal.h"
#include "vitrail/constants.h"

/* A defect is a zero of the field q = r (cos 2t, sin 2t) about which q turns. It is told from one of noise by a closed loop
 * of positions: the polygon of q along it winds about zero, and cannot be unwound without moving a value over zero, which
 * is as many of its standard deviations away as the polygon's nearest edge. */

#define MEMBER(name) offsetof(vtr_vortices_params, name)
static const vtr_parameter parameters[] = {
    {"smooth", "nm", VTR_PARAMETER_DOUBLE, MEMBER(smooth_nm), .default_value = NAN, .minimum = 1e-6,
     .maximum = 1e6, .metavar = "NM",
     .help = "directors are averaged over a Gaussian of this width; a step unless given"},
    {"false-alarms", NULL, VTR_PARAMETER_DOUBLE, MEMBER(false_alarms), .default_value = 0.01, .minimum = 1e-9,
     .maximum = 1, .metavar = "N", .help = "defects expected in a map without any"},
};
const vtr_parameter_table vtr_vortices_parameters = {"Vortices", parameters,
                                                     sizeof parameters / sizeof *parameters};

vtr_vortices_params vtr_vortices_default_params(void)
{
    vtr_vortices_params params;
    memset(&params, 0, sizeof params);
    vtr_parameters_default(&vtr_vortices_parameters, &params);
    return params;
}

/* Averaged directors. */
typedef struct field {
    size_t n_y, n_x;
    double *c, *s, *sigma; /* NAN: none */
} field;

static void release(field *f)
{
    vtr_free(f->c);
    vtr_free(f->s);
    vtr_free(f->sigma);
}

static bool is_valid(const vtr_directors *d, size_t i)
{
    return isfinite(d->c[i] + d->s[i]) && d->variance[i] > 0 && isfinite(d->variance[i]);
}

static void average_at(field *f, const vtr_directors *d, long y, long x, double width_nm)
{
    double sum = 0, c = 0, s = 0, variance = 0;
    long reach_y = (long)(3 * width_nm / d->step_nm[0]), reach_x = (long)(3 * width_nm / d->step_nm[1]);
    size_t at = (size_t)y * d->n_x + (size_t)x;
    f->c[at] = f->s[at] = f->sigma[at] = NAN;
    if (!is_valid(d, at)) return;
    for (long dy = -reach_y; dy <= reach_y; dy++)
        for (long dx = -reach_x; dx <= reach_x; dx++) {
            if (y + dy < 0 || y + dy >= (long)d->n_y || x + dx < 0 || x + dx >= (long)d->n_x) continue;
            size_t i = (size_t)(y + dy) * d->n_x + (size_t)(x + dx);
            double u = (double)dy * d->step_nm[0] / width_nm, v = (double)dx * d->step_nm[1] / width_nm;
            double weight = exp(-(u * u + v * v) / 2);
            if (!is_valid(d, i)) continue;
            sum += weight;
            c += weight * d->c[i];
            s += weight * d->s[i];
            variance += weight * weight * d->variance[i];
        }
    f->c[at] = c / sum;
    f->s[at] = s / sum;
    f->sigma[at] = sqrt(variance) / sum;
}

/* --- loops -------------------------------------------------------------------------------------------------------- */

/* Place k of the square of side 2 half - 1 steps about the corner between (y, x) and (y + 1, x + 1), walked from +x to +y;
 * false outside of the map. */
static bool corner(size_t *at, const field *f, long y, long x, long half, long k)
{
    long side = 2 * half - 1, along = k % side;
    const long ys[4] = {0, along, side, side - along}, xs[4] = {along, side, side - along, 0};
    long py = y - half + 1 + ys[k / side], px = x - half + 1 + xs[k / side];
    if (py < 0 || px < 0 || py >= (long)f->n_y || px >= (long)f->n_x) return false;
    *at = (size_t)py * f->n_x + (size_t)px;
    return isfinite(f->sigma[*at]);
}

/* Distance of zero from the edge a b. */
static double edge_distance(double ac, double as, double bc, double bs)
{
    double dc = bc - ac, ds = bs - as, length2 = dc * dc + ds * ds;
    double t = length2 > 0 ? -(ac * dc + as * ds) / length2 : 0;
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    return hypot(ac + t * dc, as + t * ds);
}

/* Turns of q along a loop, and by how many standard deviations its polygon misses zero; 0 turns where data is missing. */
static int wind(double *significance, const field *f, long y, long x, long half)
{
    long n = 4 * (2 * half - 1);
    double turn = 0, least = INFINITY;
    *significance = 0;
    for (long k = 0; k < n; k++) {
        size_t a, b;
        if (!corner(&a, f, y, x, half, k) || !corner(&b, f, y, x, half, (k + 1) % n)) return 0;
        double ac = f->c[a], as = f->s[a], bc = f->c[b], bs = f->s[b];
        turn += atan2(ac * bs - as * bc, ac * bc + as * bs);
        least = fmin(least, edge_distance(ac, as, bc, bs) / fmax(f->sigma[a], f->sigma[b]));
    }
    *significance = least;
    return (int)lround(turn / (2 * VTR_PI));
}

/* --- one defect --------------------------------------------------------------------------------------------------- */

typedef struct found {
    long y, x, half;
    int turns;
    double significance;
} found;

/* Zero of the planes fitted to c and s within the loop; the middle, to within the loop, where that is none of them. */
static void locate(vtr_defect *defect, const vtr_directors *d, const found *at)
{
    double n = 0, q[2] = {0}, gy[2] = {0}, gx[2] = {0}, squares = 0, variance = 0, half = (double)at->half;
    for (long dy = 1 - at->half; dy <= at->half; dy++)
        for (long dx = 1 - at->half; dx <= at->half; dx++) {
            size_t i = (size_t)(at->y + dy) * d->n_x + (size_t)(at->x + dx);
            double v = (double)dy - 0.5, u = (double)dx - 0.5;
            const double value[2] = {d->c[i], d->s[i]};
            n += 1;
            squares += u * u;
            variance += d->variance[i];
            for (int k = 0; k < 2; k++) {
                q[k] += value[k];
                gy[k] += v * value[k];
                gx[k] += u * value[k];
            }
        }
    double det = (gx[0] * gy[1] - gy[0] * gx[1]) / (squares * squares), y = 0, x = 0;
    double error_y = half / sqrt(3), error_x = error_y;
    double u = -(q[0] * gy[1] - q[1] * gy[0]) / (n * squares * det);
    double v = -(q[1] * gx[0] - q[0] * gx[1]) / (n * squares * det);
    if (abs(at->turns) == 1 && det * at->turns > 0 && fabs(u) <= half && fabs(v) <= half) {
        double s2 = variance / n * (1 / n + (u * u + v * v) / squares),
               scale = sqrt(s2) / (squares * fabs(det));
        y = v;
        x = u;
        error_y = scale * hypot(gx[0], gx[1]);
        error_x = scale * hypot(gy[0], gy[1]);
    }
    *defect = (vtr_defect){.y_nm = ((double)at->y + 0.5 + y) * d->step_nm[0],
                           .x_nm = ((double)at->x + 0.5 + x) * d->step_nm[1],
                           .y_error_nm = error_y * d->step_nm[0],
                           .x_error_nm = error_x * d->step_nm[1],
                           .winding = at->turns / 2.0,
                           .significance = at->significance,
                           .loop_nm = (half - 0.5) * sqrt(d->step_nm[0] * d->step_nm[1])};
}

/* --- all ------------------------------------------------------------------------------------------------------------ */

enum { MOST_FOUND = 4096, LARGEST_LOOP = 8 };

static int by_loop(const void *a, const void *b)
{
    const found *p = a, *q = b;
    if (p->half != q->half) return p->half < q->half ? -1 : 1;
    if (p->significance != q->significance) return p->significance > q->significance ? -1 : 1;
    return p->y != q->y ? (p->y < q->y ? -1 : 1) : (p->x > q->x) - (p->x < q->x);
}

/* The smallest significant loop about each place where the field turns at all. */
static size_t search(found *list, const field *f, double threshold)
{
    size_t n = 0;
    for (long y = 0; y + 1 < (long)f->n_y; y++)
        for (long x = 0; x + 1 < (long)f->n_x && n < MOST_FOUND; x++) {
            double significance;
            if (wind(&significance, f, y, x, 1) == 0) continue;
            for (long half = 1; half <= LARGEST_LOOP; half++) {
                int turns = wind(&significance, f, y, x, half);
                if (turns == 0 || significance < threshold) continue;
                list[n++] = (found){y, x, half, turns, significance};
                break;
            }
        }
    qsort(list, n, sizeof *list, by_loop);
    return n;
}

/* Loops that overlap go about the same defect: the first of them stays. */
static void keep(vtr_vortices *out, const found *list, size_t n, const vtr_directors *d)
{
    size_t kept[VTR_DEFECTS_MAX];
    for (size_t i = 0; i < n && out->n < VTR_DEFECTS_MAX; i++) {
        bool is_new = true;
        for (size_t k = 0; k < out->n && is_new; k++) {
            const found *other = &list[kept[k]];
            long apart = labs(other->y - list[i].y), across = labs(other->x - list[i].x);
            is_new = (apart > across ? apart : across) >= other->half + list[i].half;
        }
        if (!is_new) continue;
        kept[out->n] = i;
        locate(&out->list[out->n++], d, &list[i]);
    }
}

vtr_status vtr_vortices_find(vtr_vortices *out, const vtr_directors *d, const vtr_vortices_params *params,
                             vtr_error *err)
{
    size_t n = d->n_y * d->n_x, n_valid = 0;
    if (!(d->step_nm[0] > 0 && d->step_nm[1] > 0))
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "the steps of the scan are not known; give them to vitrail map with --scan-step");
    for (size_t i = 0; i < n; i++)
        n_valid += is_valid(d, i);
    if (n_valid == 0) return vtr_fail(err, VTR_ERR_NO_DATA, "no position has strain with error bars");
    field f = {d->n_y, d->n_x, vtr_malloc(n, sizeof(double)), vtr_malloc(n, sizeof(double)),
               vtr_malloc(n, sizeof(double))};
    found *list = vtr_malloc(MOST_FOUND, sizeof *list);
    vtr_vortices *made = vtr_calloc(1, sizeof *made);
    vtr_status status = VTR_OK;
    if (f.c == NULL || f.s == NULL || f.sigma == NULL || list == NULL || made == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for directors of %zu x %zu positions", d->n_y,
                          d->n_x);
    if (status == VTR_OK) {
        made->params = params != NULL ? *params : vtr_vortices_default_params();
        if (isnan(made->params.smooth_nm)) made->params.smooth_nm = sqrt(d->step_nm[0] * d->step_nm[1]);
        for (size_t i = 0; i < n; i++)
            average_at(&f, d, (long)(i / d->n_x), (long)(i % d->n_x), made->params.smooth_nm);
        /* 16 edges a loop: the chance that any of all moves over zero, exp(-D^2/2) for one of them */
        made->threshold = sqrt(2 * log(16 * (double)n_valid / made->params.false_alarms));
        keep(made, list, search(list, &f, made->threshold), d);
        *out = *made;
    }
    release(&f);
    vtr_free(list);
    vtr_free(made);
    return status;
}

vtr_status vtr_vortices_of_strain(vtr_vortices *out, const vtr_strain_maps *maps,
                                  const vtr_vortices_params *params, vtr_error *err)
{
    size_t n = maps->n_y * maps->n_x;
    double *room = vtr_malloc(3 * n, sizeof *room), twice = 2 * maps->axis_degrees * VTR_RADIANS_PER_DEGREE;
    if (room == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for directors of %zu x %zu positions", maps->n_y,
                        maps->n_x);
    for (size_t i = 0; i < n; i++) {
        double c = ((double)maps->exx[i] - (double)maps->eyy[i]) / 2, s = maps->exy[i];
        double xx = maps->exx_errors[i], yy = maps->eyy_errors[i], xy = maps->exy_errors[i];
        double trace = maps->trace_errors != NULL ? (double)maps->trace_errors[i] : hypot(xx, yy);
        room[i] = c * cos(twice) - s * sin(twice); /* in the scan's frame */
        room[n + i] = c * sin(twice) + s * cos(twice);
        room[2 * n + i] = fmax((2 * (xx * xx + yy * yy) - trace * trace) / 4, xy * xy); /* the larger: safe */
    }
    const vtr_directors d = {maps->n_y, maps->n_x,    room,
                             room + n,  room + 2 * n, {maps->step_nm[0], maps->step_nm[1]}};
    vtr_status status = vtr_vortices_find(out, &d, params, err);
    vtr_free(room);
    return status;
}

/* --- file ------------------------------------------------------------------------------------------------------------ */

vtr_status vtr_vortices_write(vtr_mapfile *file, const vtr_vortices *v, vtr_error *err)
{
    static const char group[] = "vortices";
    static const struct {
        const char *name, *unit, *long_name;
    } columns[] = {
        {"y", "nm", "row of the defect"},
        {"x", "nm", "column of the defect"},
        {"y_errors", "nm", "standard deviation of y"},
        {"x_errors", "nm", "standard deviation of x"},
        {"winding", "", "turns of the director on a way round it, from +x to +y"},
        {"significance", "", "standard deviations by which a value on the loop has to move to unwind it"},
        {"loop", "nm", "half the side of the smallest loop that is significant"}};
    const vtr_mapfile_attribute numbers[] = {{"count", 1, {(double)v->n}},
                                             {"smooth_nm", 1, {v->params.smooth_nm}},
                                             {"false_alarms", 1, {v->params.false_alarms}},
                                             {"threshold", 1, {v->threshold}}};
    vtr_status status = vtr_mapfile_group(file, group, err);
    if (status == VTR_OK) status = vtr_mapfile_write_attributes(file, group, numbers, 4, err);
    for (size_t c = 0; c < sizeof columns / sizeof *columns && v->n > 0 && status == VTR_OK; c++) {
        double room[VTR_DEFECTS_MAX];
        for (size_t i = 0; i < v->n; i++) {
            const vtr_defect *d = &v->list[i];
            const double all[] = {d->y_nm,    d->x_nm,         d->y_error_nm, d->x_error_nm,
                                  d->winding, d->significance, d->loop_nm};
            room[i] = all[c];
        }
        status = vtr_mapfile_write(file, group, columns[c].name, VTR_TYPE_F64, 1, &v->n, room,
                                   columns[c].unit, columns[c].long_name, err);
    }
    return status;
}

static vtr_status put_table(FILE *out, void *user, vtr_error *err)
{
    const vtr_vortices *v = user;
    (void)err;
    fprintf(out, "number,winding,x_nm,x_error_nm,y_nm,y_error_nm,significance,loop_nm\n");
    for (size_t i = 0; i < v->n; i++) {
        const vtr_defect *d = &v->list[i];
        fprintf(out, "%zu,%g,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g\n", i + 1, d->winding, d->x_nm, d->x_error_nm,
                d->y_nm, d->y_error_nm, d->significance, d->loop_nm);
    }
    return VTR_OK;
}

vtr_status vtr_vortices_write_csv(const char *path, const vtr_vortices *vortices, bool force, vtr_error *err)
{
    return vtr_output_write(path, force, put_table, (void *)vortices, err);
}
