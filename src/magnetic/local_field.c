/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "magnetic/domains_internal.h"

/* Beyond this many widths of the kernel a position's weight is nothing. */
static const double reach = 3;
enum { MOST_REACH = 64 };

bool vtr_local_plan_set(vtr_local_plan *plan, const vtr_magnetic *m, double scale_nm)
{
    bool has_steps = m->scan_step_nm[0] > 0 && m->scan_step_nm[1] > 0;
    *plan = (vtr_local_plan){
        .n = {m->n_y, m->n_x}, .field = m->field, .covariance = m->covariance, .sum_factor = m->sum_factor};
    for (int k = 0; k < 2; k++)
        plan->step[k] = has_steps ? m->scan_step_nm[k] : 1;
    plan->scale = scale_nm > 0 ? scale_nm : 1.5 * fmax(plan->step[0], plan->step[1]);
    for (int k = 0; k < 2; k++) {
        double most = ceil(reach * plan->scale / plan->step[k]);
        if (!(most <= MOST_REACH)) return false;
        plan->reach[k] = (size_t)most;
    }
    return true;
}

/* Weights and distances along one dimension about a place; positions from *first on. */
static size_t along(double weight[2 * MOST_REACH + 2], double distance[2 * MOST_REACH + 2], size_t *first,
                    const vtr_local_plan *p, int k, double place)
{
    double low = fmax(ceil(place - (double)p->reach[k]), 0),
           high = fmin(floor(place + (double)p->reach[k]), (double)p->n[k] - 1);
    if (!(low <= high)) return 0;
    *first = (size_t)low;
    size_t n = (size_t)(high - low) + 1;
    for (size_t i = 0; i < n; i++) {
        distance[i] = (low + (double)i - place) * p->step[k];
        double t = distance[i] / p->scale;
        weight[i] = exp(-0.5 * t * t);
    }
    return n;
}

/* The inverse of the symmetric 3x3 matrix (00, 01, 02, 11, 12, 22); false where the positions lie on a line. */
static bool invert(double out[3][3], const double a[6])
{
    double c00 = a[3] * a[5] - a[4] * a[4], c01 = a[2] * a[4] - a[1] * a[5], c02 = a[1] * a[4] - a[2] * a[3];
    double determinant = a[0] * c00 + a[1] * c01 + a[2] * c02;
    if (!(determinant > 1e-4 * a[0] * a[3] * a[5])) return false;
    double f = 1 / determinant;
    out[0][0] = f * c00;
    out[0][1] = out[1][0] = f * c01;
    out[0][2] = out[2][0] = f * c02;
    out[1][1] = f * (a[0] * a[5] - a[2] * a[2]);
    out[1][2] = out[2][1] = f * (a[1] * a[2] - a[0] * a[4]);
    out[2][2] = f * (a[0] * a[3] - a[1] * a[1]);
    return true;
}

typedef struct window {
    double wy[2 * MOST_REACH + 2], wx[2 * MOST_REACH + 2], dy[2 * MOST_REACH + 2], dx[2 * MOST_REACH + 2];
    size_t y0, x0, n_y, n_x;
} window;

static bool has_field(const vtr_local_plan *p, size_t i)
{
    return isfinite(p->field[2 * i]) && isfinite(p->field[2 * i + 1]);
}

/* The normal matrix of 1, dx, dy over the positions with a field. */
static bool normal_matrix(double inverse[3][3], const vtr_local_plan *p, const window *w)
{
    double a[6] = {0};
    for (size_t j = 0; j < w->n_y; j++)
        for (size_t i = 0; i < w->n_x; i++) {
            if (!has_field(p, (w->y0 + j) * p->n[1] + w->x0 + i)) continue;
            double weight = w->wy[j] * w->wx[i], x = w->dx[i], y = w->dy[j];
            a[0] += weight;
            a[1] += weight * x;
            a[2] += weight * y;
            a[3] += weight * x * x;
            a[4] += weight * x * y;
            a[5] += weight * y * y;
        }
    return invert(inverse, a);
}

/* b + Jx dx + Jy dy by least squares with Gaussian weights: inside of the map its slopes are those of the map smoothed
 * by the kernel; at edges and holes it stays exact for linear fields. */
bool vtr_local_field_at(vtr_local_field *out, const vtr_local_plan *p, double y, double x)
{
    window w;
    double inverse[3][3];
    w.n_y = along(w.wy, w.dy, &w.y0, p, 0, y);
    w.n_x = along(w.wx, w.dx, &w.x0, p, 1, x);
    if (w.n_y == 0 || w.n_x == 0 || !normal_matrix(inverse, p, &w)) return false;
    memset(out, 0, sizeof *out);
    for (size_t j = 0; j < w.n_y; j++)
        for (size_t i = 0; i < w.n_x; i++) {
            size_t at = (w.y0 + j) * p->n[1] + w.x0 + i;
            if (!has_field(p, at)) continue;
            double weight = w.wy[j] * w.wx[i], c[3];
            for (int k = 0; k < 3; k++)
                c[k] = weight * (inverse[k][0] + inverse[k][1] * w.dx[i] + inverse[k][2] * w.dy[j]);
            double factor = p->sum_factor != NULL ? p->sum_factor[at] : 1;
            for (int k = 0; k < 2; k++) {
                out->b[k] += c[0] * p->field[2 * at + k];
                out->j[k][0] += c[1] * p->field[2 * at + k];
                out->j[k][1] += c[2] * p->field[2 * at + k];
            }
            for (int k = 0; k < 3; k++) {
                double v = factor * p->covariance[3 * at + k];
                out->b_covariance[k] += c[0] * c[0] * v;
                out->j_covariance[0][k] += c[1] * c[1] * v;
                out->j_covariance[1][k] += c[1] * c[2] * v;
                out->j_covariance[2][k] += c[2] * c[2] * v;
            }
        }
    return true;
}

static double form(const double v[2], const double c[3])
{
    return v[0] * v[0] * c[0] + v[1] * v[1] * c[1] + 2 * v[0] * v[1] * c[2];
}

/* Variance of l^T J n. */
static double slope_variance(const vtr_local_field *f, const double l[2], const double n[2])
{
    return n[0] * n[0] * form(l, f->j_covariance[0]) + 2 * n[0] * n[1] * form(l, f->j_covariance[1]) +
           n[1] * n[1] * form(l, f->j_covariance[2]);
}

void vtr_local_change(vtr_local_slope *out, const vtr_local_field *f)
{
    double a = f->j[0][0] * f->j[0][0] + f->j[1][0] * f->j[1][0],
           b = f->j[0][1] * f->j[0][1] + f->j[1][1] * f->j[1][1],
           c = f->j[0][0] * f->j[0][1] + f->j[1][0] * f->j[1][1];
    double angle = 0.5 * atan2(2 * c, a - b), l[2];
    out->normal[0] = cos(angle);
    out->normal[1] = sin(angle);
    for (int k = 0; k < 2; k++)
        l[k] = f->j[k][0] * out->normal[0] + f->j[k][1] * out->normal[1];
    out->value = hypot(l[0], l[1]);
    for (int k = 0; k < 2 && out->value > 0; k++)
        l[k] /= out->value;
    out->error = sqrt(slope_variance(f, l, out->normal));
}

/* d(phi)/dn = t^T J n/|b|, t across b, along the n where it is largest. */
void vtr_local_turning(double *rate, double *error, const vtr_local_field *f)
{
    double size2 = f->b[0] * f->b[0] + f->b[1] * f->b[1], size = sqrt(size2);
    *rate = *error = NAN;
    if (!(size2 > 4.5 * (f->b_covariance[0] + f->b_covariance[1])))
        return; /* three errors: no direction else */
    const double t[2] = {-f->b[1] / size, f->b[0] / size}, radial[2] = {f->b[0] / size, f->b[1] / size};
    double g[2] = {t[0] * f->j[0][0] + t[1] * f->j[1][0], t[0] * f->j[0][1] + t[1] * f->j[1][1]};
    double length = hypot(g[0], g[1]);
    const double n[2] = {length > 0 ? g[0] / length : 1, length > 0 ? g[1] / length : 0};
    *rate = length / size;
    *error = sqrt(slope_variance(f, t, n) + *rate * *rate * form(radial, f->b_covariance)) / size;
}

/* g^T C^-1 g of the four slopes by Cholesky's factors; 0 where C is none. */
double vtr_local_chi2(const vtr_local_field *f)
{
    const double g[4] = {f->j[0][0], f->j[1][0], f->j[0][1], f->j[1][1]};
    double l[4][4] = {{0}}, z[4], chi2 = 0;
    for (int i = 0; i < 4; i++)
        for (int j = 0; j <= i; j++) {
            const double *block = f->j_covariance[i / 2 + j / 2];
            double sum = i % 2 != j % 2 ? block[2] : block[i % 2];
            for (int k = 0; k < j; k++)
                sum -= l[i][k] * l[j][k];
            if (i == j && !(sum > 0)) return 0;
            l[i][j] = i == j ? sqrt(sum) : sum / l[j][j];
        }
    for (int i = 0; i < 4; i++) {
        z[i] = g[i];
        for (int k = 0; k < i; k++)
            z[i] -= l[i][k] * z[k];
        z[i] /= l[i][i];
        chi2 += z[i] * z[i];
    }
    return chi2;
}

double vtr_local_direction_error(const vtr_local_field *f)
{
    double size2 = f->b[0] * f->b[0] + f->b[1] * f->b[1];
    const double across[2] = {-f->b[1], f->b[0]};
    return size2 > 0 ? sqrt(form(across, f->b_covariance)) / size2 : NAN;
}
