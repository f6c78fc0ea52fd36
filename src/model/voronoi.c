/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <libqhull_r/qhull_ra.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/model_internal.h"
#include "vitrail/constants.h"

/* The cell of an atom is where d.x <= |d|^2/2 for all vectors d to the others. It is dual to the convex hull of the points
 * 2 d/|d|^2: each corner of the hull is a face of the cell, each facet of it a corner, and as many facets as meet in a corner of
 * the hull, so many edges has the face. Facets that lie in one plane, as in crystals, are one: qhull merges them. The others whose
 * planes the cell may have are within twice its farthest corner; where the neighbours seen reach less far, more are taken.
 *
 * C. B. Barber, D. P. Dobkin, H. Huhdanpaa, ACM Trans. Math. Softw. 22, 469 (1996). */
enum { CORNERS_OF_FACE = 64 };

typedef struct corner {
    double at[3], angle;
} corner;

static int compare(const void *a, const void *b)
{
    double x = ((const corner *)a)->angle, y = ((const corner *)b)->angle;
    return (x > y) - (x < y);
}

static double dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void cross(double out[3], const double a[3], const double b[3])
{
    for (int j = 0; j < 3; j++)
        out[j] = a[(j + 1) % 3] * b[(j + 2) % 3] - a[(j + 2) % 3] * b[(j + 1) % 3];
}

/* The area of a face across `to`, whose corners are put in order about their middle: where `to` meets its plane may lie outside. */
static double area_of(corner *corners, size_t n, const double to[3])
{
    double u[3], v[3], middle[3] = {0}, sum[3] = {0}, length = sqrt(dot(to, to));
    const double other[3] = {fabs(to[0]) < 0.6 * length, fabs(to[0]) >= 0.6 * length, 0};
    cross(u, to, other);
    cross(v, to, u);
    double scale = sqrt(dot(v, v) / dot(u, u));
    for (size_t k = 0; k < n; k++)
        for (int j = 0; j < 3; j++)
            middle[j] += corners[k].at[j] / (double)n;
    for (size_t k = 0; k < n; k++) {
        for (int j = 0; j < 3; j++)
            corners[k].at[j] -= middle[j];
        corners[k].angle = atan2(dot(corners[k].at, v), dot(corners[k].at, u) * scale);
    }
    qsort(corners, n, sizeof *corners, compare);
    for (size_t k = 0; k < n; k++) {
        double part[3];
        cross(part, corners[k].at, corners[(k + 1) % n].at);
        for (int j = 0; j < 3; j++)
            sum[j] += part[j];
    }
    return 0.5 * fabs(dot(sum, to)) / length;
}

/* Corners of the cell from the facets of the hull, by the neighbours whose faces meet there; the farthest. */
static bool take_corners(corner (*corners)[CORNERS_OF_FACE], unsigned *n_corners, double *farthest2, qhT *qh)
{
    facetT *facet;
    vertexT *vertex, **vertexp;
    *farthest2 = 0;
    FORALLfacets
    {
        corner c = {.angle = 0};
        if (!(facet->offset < -1e-12))
            return false; /* the atom is not inside: the cell has no end on this side */
        for (int j = 0; j < 3; j++)
            c.at[j] = -facet->normal[j] / facet->offset;
        *farthest2 = fmax(*farthest2, dot(c.at, c.at));
        FOREACHvertex_(facet->vertices)
        {
            int of = qh_pointid(qh, vertex->point);
            if (of < 0 || n_corners[of] == CORNERS_OF_FACE) return false;
            corners[of][n_corners[of]++] = c;
        }
    }
    return true;
}

static void measure(vtr_voronoi_cell *cell, corner (*corners)[CORNERS_OF_FACE], const unsigned *n_corners,
                    const vtr_neighbours *near, double *areas, double smallest_face)
{
    *cell = (vtr_voronoi_cell){0};
    for (size_t k = 0; k < near->n; k++) {
        if (n_corners[k] < 3) continue;
        areas[k] = area_of(corners[k], n_corners[k], near->list[k].to);
        cell->surface_angstrom2 += areas[k];
        cell->volume_angstrom3 += areas[k] * sqrt(near->list[k].distance2) / 6;
    }
    for (size_t k = 0; k < near->n; k++) {
        if (n_corners[k] < 3 || areas[k] < smallest_face * cell->surface_angstrom2) continue;
        cell->n_faces++;
        cell->faces[n_corners[k] < VTR_VORONOI_EDGES ? n_corners[k] : VTR_VORONOI_EDGES]++;
    }
}

/* What one thread works in. */
typedef struct scratch {
    vtr_neighbours near;
    size_t room;
    double *dual, *areas;
    corner (*corners)[CORNERS_OF_FACE];
    unsigned *n_corners;
    FILE *nowhere; /* for what qhull says of points that span no volume */
} scratch;

static void release(scratch *s)
{
    if (s->nowhere != NULL) fclose(s->nowhere);
    vtr_free(s->near.list);
    vtr_free(s->dual);
    vtr_free(s->areas);
    vtr_free(s->corners);
    vtr_free(s->n_corners);
}

static bool make_room(scratch *s)
{
    if (s->near.n <= s->room) return true;
    vtr_free(s->dual);
    vtr_free(s->areas);
    vtr_free(s->corners);
    vtr_free(s->n_corners);
    s->room = s->near.room;
    s->dual = vtr_malloc(3 * s->room, sizeof *s->dual);
    s->areas = vtr_malloc(s->room, sizeof *s->areas);
    s->corners = vtr_malloc(s->room, sizeof *s->corners);
    s->n_corners = vtr_malloc(s->room, sizeof *s->n_corners);
    if (s->dual != NULL && s->areas != NULL && s->corners != NULL && s->n_corners != NULL) return true;
    s->room = 0;
    return false;
}

/* One hull; false where the neighbours do not close the cell. */
static bool hull(scratch *s, double *farthest2)
{
    qhT storage, *qh = &storage;
    char options[] = "qhull Pp";
    int unused, still;
    for (size_t k = 0; k < s->near.n; k++)
        for (int j = 0; j < 3; j++)
            s->dual[3 * k + (size_t)j] = 2 * s->near.list[k].to[j] / s->near.list[k].distance2;
    memset(s->n_corners, 0, s->near.n * sizeof *s->n_corners);
    qh_zero(qh, s->nowhere);
    bool is_made =
        s->near.n >= 4 && qh_new_qhull(qh, 3, (int)s->near.n, s->dual, False, options, NULL, s->nowhere) == 0;
    bool is_closed = is_made && take_corners(s->corners, s->n_corners, farthest2, qh);
    qh_freeqhull(qh, !qh_ALL);
    qh_memfreeshort(qh, &unused, &still);
    return is_closed;
}

static vtr_status fail_together(size_t a, size_t b, vtr_error *err)
{
    return vtr_fail(err, VTR_ERR_NO_DATA, "atoms %zu and %zu are in one place", (a < b ? a : b) + 1,
                    (a < b ? b : a) + 1);
}

static vtr_status one_cell(vtr_voronoi_cell *cell, scratch *s, const vtr_surroundings *around, size_t atom,
                           double smallest_face, vtr_error *err)
{
    double farthest2;
    for (double reach = 2.5 * around->spacing;; reach = fmin(1.3 * reach, around->reach)) {
        if (!vtr_neighbours_get(&s->near, around, atom, reach) || !make_room(s))
            return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the cell of an atom");
        for (size_t k = 0; k < s->near.n; k++)
            if (s->near.list[k].distance2 < 1e-6) return fail_together(atom, s->near.list[k].atom, err);
        if (hull(s, &farthest2) && 4 * farthest2 <= reach * reach) {
            measure(cell, s->corners, s->n_corners, &s->near, s->areas, smallest_face);
            return VTR_OK;
        }
        if (reach >= around->reach) break;
    }
    *cell = (vtr_voronoi_cell){.is_open = true, .volume_angstrom3 = NAN, .surface_angstrom2 = NAN};
    return VTR_OK;
}

vtr_status vtr_voronoi_cells(vtr_voronoi_cell *cells, const vtr_structure *structure, double smallest_face,
                             int threads, vtr_error *err)
{
    vtr_surroundings around = {0};
    vtr_status status = vtr_surroundings_make(&around, structure, NAN, err);
    if (status != VTR_OK) return status;
#pragma omp parallel num_threads(vtr_thread_count(threads))
    {
        scratch s = {.nowhere = fopen("/dev/null", "w")};
#pragma omp for schedule(dynamic, 64)
        for (size_t i = 0; i < structure->n; i++) {
            vtr_error reason = {0};
            vtr_status now = s.nowhere == NULL ? vtr_fail(&reason, VTR_ERR_IO, "cannot open '/dev/null'")
                                               : one_cell(&cells[i], &s, &around, i, smallest_face, &reason);
            if (now == VTR_OK) continue;
#pragma omp critical(vtr_voronoi_status)
            status = vtr_fail(err, now, "%s", reason.message);
        }
        release(&s);
    }
    vtr_surroundings_release(&around);
    return status;
}
