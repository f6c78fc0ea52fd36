/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Walls and domains with their numbers. */
#include <stdlib.h>
#include <string.h>

#include "magnetic/domains_internal.h"

/* Walls shorter than this many kernel widths are what is left where walls meet. */
static const double shortest_wall = 3;
/* A domain is looked for within this many positions of a wall. */
enum { SIDE = 6 };

/* --- walls --------------------------------------------------------------------------------------------------------- */

/* The domain on one side of a point. */
static uint32_t domain_beside(const vtr_magnetic_domains *d, const vtr_local_plan *p,
                              const unsigned char *is_wall, const vtr_wall_point *point, double sign)
{
    double step = 0.5 * fmin(p->step[0], p->step[1]);
    for (int k = 3; k < 2 * SIDE; k++) {
        double y = round(point->place[0] + sign * k * step * point->normal[1] / p->step[0]),
               x = round(point->place[1] + sign * k * step * point->normal[0] / p->step[1]);
        if (!(y >= 0 && y < (double)p->n[0] && x >= 0 && x < (double)p->n[1])) return 0;
        size_t at = (size_t)y * p->n[1] + (size_t)x;
        if (!is_wall[at]) return d->domain[at];
    }
    return 0;
}

/* Points of one wall: those between the same two domains that follow each other over gaps of two positions. */
typedef struct grouping {
    vtr_wall_point *points;
    size_t n;
    uint32_t (*pair)[2]; /* [n] */
    uint32_t *point_at;  /* [n_y][n_x] number of the point there, from 1 */
    uint32_t *wall;      /* [n] */
    size_t *queue;       /* [n] */
} grouping;

static size_t follow_wall(grouping *g, const vtr_local_plan *p, size_t start, uint32_t number)
{
    const size_t gap = 3;
    size_t n_queue = 1;
    g->queue[0] = start;
    g->wall[start] = number;
    for (size_t k = 0; k < n_queue; k++) {
        size_t from = g->queue[k], y = g->points[from].at / p->n[1], x = g->points[from].at % p->n[1];
        for (size_t v = y > gap ? y - gap : 0; v <= y + gap && v < p->n[0]; v++)
            for (size_t u = x > gap ? x - gap : 0; u <= x + gap && u < p->n[1]; u++) {
                size_t other = g->point_at[v * p->n[1] + u];
                if (other-- == 0 || g->wall[other] != 0) continue;
                if (memcmp(g->pair[other], g->pair[from], sizeof *g->pair) != 0) continue;
                g->wall[other] = number;
                g->queue[n_queue++] = other;
            }
    }
    return n_queue;
}

/* The numbers of a wall from its points, the `n` in the queue. Noise within a kernel is common: along a wall every 2
 * sqrt(pi) kernel widths count as one measurement. */
static vtr_magnetic_wall describe_wall(const grouping *g, size_t n, const vtr_local_plan *p)
{
    vtr_magnetic_wall wall = {.n = n};
    double kernel = sqrt(2 * VTR_PI) * p->scale, length = 0, turn[2] = {0}, angle2 = 0, width = 0, width2 = 0,
           re = 0, im = 0;
    memcpy(wall.domain, g->pair[g->queue[0]], sizeof wall.domain);
    for (size_t k = 0; k < n; k++) {
        const vtr_wall_point *t = &g->points[g->queue[k]];
        double weight = t->length, seen = t->jump / t->slope;
        wall.length_nm += weight;
        wall.y_nm += weight * t->place[0] * p->step[0];
        wall.x_nm += weight * t->place[1] * p->step[1];
        re += weight * (t->normal[1] * t->normal[1] - t->normal[0] * t->normal[0]);
        im -= weight * 2 * t->normal[0] * t->normal[1];
        if (isnan(t->angle)) continue; /* the map ends within the wall */
        length += weight;
        turn[0] += weight * cos(t->angle);
        turn[1] += weight * sin(t->angle);
        angle2 += weight * t->angle_error * t->angle_error;
        width += weight * seen;
        width2 +=
            weight * seen * seen * (pow(t->jump_error / t->jump, 2) + pow(t->slope_error / t->slope, 2));
    }
    double independent = fmax(1, length / (2 * sqrt(VTR_PI) * p->scale));
    wall.angle_degrees = fabs(atan2(turn[1], turn[0])) / VTR_RADIANS_PER_DEGREE;
    wall.angle_error = sqrt(angle2 / length / independent) / VTR_RADIANS_PER_DEGREE;
    double seen = width / length, seen_error = sqrt(width2 / length / independent),
           own2 = seen * seen - kernel * kernel;
    bool is_resolved = own2 > 4 * seen * seen_error; /* two errors of seen^2 */
    wall.width_nm = is_resolved ? sqrt(own2) : NAN;
    wall.width_error = is_resolved ? seen * seen_error / wall.width_nm : NAN;
    double direction = 0.5 * atan2(im, re) / VTR_RADIANS_PER_DEGREE;
    wall.direction_degrees = direction > -90 ? direction : 90;
    wall.y_nm /= wall.length_nm;
    wall.x_nm /= wall.length_nm;
    return wall;
}

/* A wall with the number that its points have. */
typedef struct numbered_wall {
    vtr_magnetic_wall wall;
    uint32_t number;
} numbered_wall;

static int longer_first(const void *a, const void *b)
{
    const numbered_wall *x = a, *y = b;
    if (x->wall.length_nm != y->wall.length_nm) return x->wall.length_nm < y->wall.length_nm ? 1 : -1;
    return x->number < y->number ? -1 : 1;
}

/* Sorts the walls and brings the map along. */
static vtr_status sort_walls(vtr_magnetic_domains *d, const grouping *g, vtr_error *err)
{
    numbered_wall *list = vtr_malloc(d->n_walls, sizeof *list);
    uint32_t *number = vtr_calloc(d->n_walls + 1, sizeof *number);
    vtr_status status = VTR_OK;
    if (list == NULL || number == NULL) {
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu walls", d->n_walls);
    } else {
        for (size_t k = 0; k < d->n_walls; k++)
            list[k] = (numbered_wall){d->walls[k], (uint32_t)(k + 1)};
        qsort(list, d->n_walls, sizeof *list, longer_first);
        for (size_t k = 0; k < d->n_walls; k++) {
            d->walls[k] = list[k].wall;
            number[list[k].number] = (uint32_t)(k + 1);
        }
        for (size_t i = 0; i < g->n; i++)
            d->wall[g->points[i].at] = number[g->wall[i]];
    }
    vtr_free(list);
    vtr_free(number);
    return status;
}

static vtr_status group_walls(vtr_magnetic_domains *d, grouping *g, const vtr_local_plan *p, vtr_error *err)
{
    size_t n_found = 0;
    d->walls = vtr_calloc(g->n, sizeof *d->walls);
    if (d->walls == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for walls");
    for (size_t i = 0; i < g->n; i++) {
        if (g->wall[i] != 0 || g->points[i].is_edge) continue;
        size_t n = follow_wall(g, p, i, (uint32_t)(n_found + 1));
        vtr_magnetic_wall wall = describe_wall(g, n, p);
        if (wall.length_nm >= shortest_wall * p->scale) {
            d->walls[n_found++] = wall;
            d->wall_length_nm += wall.length_nm;
            continue;
        }
        for (size_t k = 0; k < n; k++)
            g->wall[g->queue[k]] = UINT32_MAX;
    }
    for (size_t i = 0; i < g->n; i++)
        if (g->wall[i] == UINT32_MAX) g->wall[i] = 0;
    d->n_walls = n_found;
    return sort_walls(d, g, err);
}

static vtr_status set_walls(vtr_magnetic_domains *d, vtr_wall_point *points, size_t n,
                            const unsigned char *is_wall, const vtr_local_plan *p, vtr_error *err)
{
    grouping g = {.points = points, .n = n};
    g.pair = vtr_malloc(n, sizeof *g.pair);
    g.point_at = vtr_calloc(p->n[0] * p->n[1], sizeof *g.point_at);
    g.wall = vtr_calloc(n, sizeof *g.wall);
    g.queue = vtr_malloc(n, sizeof *g.queue);
    vtr_status status = VTR_OK;
    if (g.pair == NULL || g.point_at == NULL || g.wall == NULL || g.queue == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for walls of %zu positions", n);
    for (size_t i = 0; i < n && status == VTR_OK; i++) {
        uint32_t a = domain_beside(d, p, is_wall, &points[i], -1),
                 b = domain_beside(d, p, is_wall, &points[i], 1);
        bool is_against =
            a != b ? a > b : points[i].normal[0] < 0; /* so that turns along a wall have one sign */
        if (is_against) points[i].angle = -points[i].angle;
        g.pair[i][0] = a < b ? a : b;
        g.pair[i][1] = a < b ? b : a;
        g.point_at[points[i].at] = points[i].is_edge ? 0 : (uint32_t)(i + 1);
    }
    if (status == VTR_OK) status = group_walls(d, &g, p, err);
    vtr_free(g.pair);
    vtr_free(g.point_at);
    vtr_free(g.wall);
    vtr_free(g.queue);
    return status;
}

/* --- domains ------------------------------------------------------------------------------------------------------- */

/* Sums over the positions of a domain. */
typedef struct domain_sums {
    double b[2], c[3], square, square_variance, noise, unit[2], turn_variance;
} domain_sums;

static void add_position(vtr_magnetic_domain *domain, domain_sums *s, const vtr_magnetic *m, size_t i,
                         const vtr_local_plan *p)
{
    const double *b = m->field + 2 * i, *c = m->covariance + 3 * i;
    double factor = m->sum_factor != NULL ? m->sum_factor[i] : 1, size2 = b[0] * b[0] + b[1] * b[1],
           size = sqrt(size2);
    double radial = size2 > 0 ? (b[0] * b[0] * c[0] + b[1] * b[1] * c[1] + 2 * b[0] * b[1] * c[2]) : 0;
    domain->n++;
    domain->y_nm += (double)(i / m->n_x) * p->step[0];
    domain->x_nm += (double)(i % m->n_x) * p->step[1];
    for (int k = 0; k < 2; k++) {
        s->b[k] += b[k];
        s->unit[k] += size > 0 ? b[k] / size : 0;
    }
    for (int k = 0; k < 3; k++)
        s->c[k] += factor * c[k];
    s->square += size2;
    s->noise += c[0] + c[1];
    s->square_variance += factor * 4 * radial;
    double across =
        size2 > 0 ? (b[1] * b[1] * c[0] + b[0] * b[0] * c[1] - 2 * b[0] * b[1] * c[2]) / size2 : 0;
    s->turn_variance += size2 > 0 ? across / size2 : 0;
}

/* A neighbour that is missing, of no domain or beyond the map. */
static bool is_at_edge(const vtr_magnetic_domains *d, size_t i, const vtr_local_plan *p)
{
    size_t y = i / p->n[1], x = i % p->n[1];
    if (y == 0 || x == 0 || y + 1 == p->n[0] || x + 1 == p->n[1]) return true;
    return d->domain[i - 1] == 0 || d->domain[i + 1] == 0 || d->domain[i - p->n[1]] == 0 ||
           d->domain[i + p->n[1]] == 0;
}

static void finish_domain(vtr_magnetic_domain *domain, const domain_sums *s, const vtr_local_plan *p)
{
    double n = (double)domain->n, size2 = s->b[0] * s->b[0] + s->b[1] * s->b[1];
    domain->area_nm2 = n * p->step[0] * p->step[1];
    domain->size_nm = 2 * sqrt(domain->area_nm2 / VTR_PI);
    domain->y_nm /= n;
    domain->x_nm /= n;
    vtr_magnetic_direction(&domain->direction_degrees, &domain->direction_error, s->b, s->c);
    double resultant = hypot(s->unit[0], s->unit[1]) / n;
    double variance = -2 * log(fmin(fmax(resultant, 1e-12), 1)) - s->turn_variance / n;
    domain->spread_degrees = sqrt(fmax(variance, 0)) / VTR_RADIANS_PER_DEGREE;
    domain->field = sqrt(fmax(s->square - s->noise, 0) / n);
    domain->field_error =
        domain->field > 0 ? sqrt(s->square_variance) / (2 * n * domain->field) : sqrt(s->noise / n);
    if (!(size2 > 0)) domain->direction_degrees = NAN;
}

static vtr_status set_domains(vtr_magnetic_domains *d, const vtr_magnetic *m, const vtr_local_plan *p,
                              vtr_error *err)
{
    domain_sums *sums = vtr_calloc(d->n_domains, sizeof *sums);
    d->domains = vtr_calloc(d->n_domains, sizeof *d->domains);
    if (sums == NULL || d->domains == NULL) {
        vtr_free(sums);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu domains", d->n_domains);
    }
    for (size_t i = 0; i < m->n_y * m->n_x; i++) {
        d->area_nm2 += isfinite(m->field[2 * i]) ? p->step[0] * p->step[1] : 0;
        if (d->domain[i] == 0) continue;
        vtr_magnetic_domain *domain = &d->domains[d->domain[i] - 1];
        add_position(domain, &sums[d->domain[i] - 1], m, i, p);
        domain->is_cut = domain->is_cut || is_at_edge(d, i, p);
    }
    for (size_t k = 0; k < d->n_domains; k++)
        finish_domain(&d->domains[k], &sums[k], p);
    vtr_free(sums);
    return VTR_OK;
}

/* --- the whole map ------------------------------------------------------------------------------------------------- */

static void count_positions(vtr_magnetic_domains *d, const vtr_magnetic *m)
{
    size_t n = m->n_y * m->n_x;
    for (size_t i = 0; i < n; i++)
        if (isfinite(m->field[2 * i]))
            d->size_top = fmax(d->size_top, hypot(m->field[2 * i], m->field[2 * i + 1]));
    for (size_t i = 0; i < n && d->size_top > 0; i++) {
        const double *b = m->field + 2 * i;
        if (!isfinite(b[0])) continue;
        double turn = (atan2(b[1], b[0]) / VTR_PI + 1) / 2 * VTR_MAGNETIC_DIRECTIONS,
               size = hypot(b[0], b[1]) / d->size_top * VTR_MAGNETIC_SIZES;
        d->direction_count[turn < VTR_MAGNETIC_DIRECTIONS ? (size_t)turn : 0]++;
        d->size_count[size < VTR_MAGNETIC_SIZES ? (size_t)size : VTR_MAGNETIC_SIZES - 1]++;
    }
}

static vtr_status find(vtr_magnetic_domains *d, const vtr_magnetic *m, const vtr_local_plan *p,
                       vtr_field_map *turning, vtr_error *err)
{
    size_t n = m->n_y * m->n_x, n_points = 0;
    vtr_wall_point *points = NULL;
    unsigned char *is_wall = vtr_calloc(n, 1);
    d->wall = vtr_calloc(n, sizeof *d->wall);
    d->domain = vtr_calloc(n, sizeof *d->domain);
    vtr_status status = is_wall != NULL && d->wall != NULL && d->domain != NULL
                            ? VTR_OK
                            : vtr_fail(err, VTR_ERR_MEMORY, "out of memory for domains of %zu positions", n);
    if (status == VTR_OK) status = vtr_walls_find(&points, &n_points, p, &m->params, turning, err);
    for (size_t k = 0; k < n_points && status == VTR_OK; k++)
        is_wall[points[k].at] = 1;
    if (status == VTR_OK) status = vtr_regions_label(d->domain, &d->n_domains, is_wall, p, err);
    if (status == VTR_OK) status = set_walls(d, points, n_points, is_wall, p, err);
    if (status == VTR_OK) status = set_domains(d, m, p, err);
    if (status == VTR_OK) count_positions(d, m);
    vtr_free(points);
    vtr_free(is_wall);
    return status;
}

vtr_status vtr_magnetic_add_domains(vtr_magnetic *m, vtr_error *err)
{
    vtr_local_plan plan;
    if (!vtr_local_plan_set(&plan, m, m->params.wall_scale_nm))
        return vtr_fail(err, VTR_ERR_RANGE,
                        "a kernel of %g nm is wider than any wall in this scan; give a smaller --wall-scale",
                        m->params.wall_scale_nm);
    bool has_steps = m->scan_step_nm[0] > 0 && m->scan_step_nm[1] > 0;
    vtr_field_map *turning =
        vtr_magnetic_add_map(m, "turning_rate", has_steps ? "degrees/nm" : "degrees/position",
                             "how fast the direction of the field turns", false, err);
    if (turning == NULL) return VTR_ERR_MEMORY;
    m->domains.scale_nm = plan.scale;
    vtr_status status = find(&m->domains, m, &plan, turning, err);
    m->has_domains = status == VTR_OK;
    return status;
}
