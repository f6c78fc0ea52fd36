/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _XOPEN_SOURCE 700 /* j0, j1 */
/* V(k) of an atomic model. */
#include <math.h>
#include <string.h>

#include "fluctuation/fluctuation_internal.h"
#include "vitrail/constants.h"

/* Distances are binned so finely that J0 hardly changes within a bin: (2 pi k step)^2/24 is 3e-5 at 0.9 1/Å. */
static const double step_angstrom = 0.005;

typedef struct model_job {
    const vtr_structure *model;
    double box[3], half_angstrom, resolution;
    size_t n_side, n_directions, n_k, n_bins, n_elements;
    double (*directions)[2]; /* [n_directions] psi about z, then theta about x */
    double *factors;         /* [n_elements][n_k] */
    double *bessel;          /* [n_bins][n_k] J0(2 pi k r) at the middle of each bin */
    double *intensity;       /* [n_directions][n_side^2][n_k] */
} model_job;

typedef struct model_atom {
    double x, y, amplitude;
    size_t element;
} model_atom;

typedef struct model_worker {
    model_atom *turned, *seen; /* [most] */
    double *pairs;             /* [n_elements (n_elements + 1)/2][n_bins] */
    size_t n_turned, n_seen, most;
} model_worker;

static vtr_status take_box(model_job *job, vtr_error *err)
{
    const vtr_structure *m = job->model;
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++)
            if (!m->is_periodic || (i != j && fabs(m->cell[i][j]) > 1e-6 * fabs(m->cell[i][i])))
                return vtr_fail(err, VTR_ERR_ARGUMENT,
                                "V(k) of a model needs a rectangular periodic box along x, y and z");
        job->box[i] = m->cell[i][i];
    }
    double side = 2 * job->half_angstrom, least = fmin(job->box[0], job->box[1]);
    if (side > 1.001 * least)
        return vtr_fail(err, VTR_ERR_RANGE,
                        "the probe's square of %.2f Å is larger than the box of %.2f Å; give a larger "
                        "--resolution (0.61 over the radius)",
                        side, least);
    if (side > least) job->half_angstrom = least / 2;
    job->n_side = (size_t)(least / (2 * job->half_angstrom) + 1e-9);
    return VTR_OK;
}

/* Directions in bands of psi with as many theta as the band is long, evenly between its ends, poles once. */
static size_t list_directions(double (*directions)[2], size_t n_psi, size_t n_theta)
{
    size_t n = 0;
    for (size_t j = 0; j < n_psi / 2; j++) {
        double psi = 2 * VTR_PI * (double)j / (double)n_psi;
        size_t here = (size_t)(sin(psi) * (double)n_theta), many = here > 2 ? here - 2 : here == 0;
        for (size_t m = 0; m < many; m++, n++)
            if (directions != NULL) {
                directions[n][0] = psi;
                directions[n][1] = here == 0 ? 0 : (double)(m + 1) * VTR_PI / (double)(here - 1);
            }
    }
    return n;
}

static vtr_status make_tables(model_job *job, const double *k, const vtr_fluctuation_model_params *params,
                              vtr_error *err)
{
    const vtr_composition *c = &job->model->composition;
    size_t n_cells = 0, n_values = 0;
    job->n_elements = c->n;
    job->n_bins = (size_t)(2 * sqrt(2) * job->half_angstrom / step_angstrom) + 2;
    job->n_directions = list_directions(NULL, params->n_psi, params->n_theta);
    job->directions = vtr_malloc(job->n_directions, sizeof *job->directions);
    job->factors = vtr_malloc(c->n * job->n_k, sizeof *job->factors);
    job->bessel =
        vtr_multiply_size(job->n_bins, job->n_k, &n_cells) ? vtr_malloc(n_cells, sizeof(double)) : NULL;
    if (vtr_multiply_size(job->n_directions * job->n_side * job->n_side, job->n_k, &n_values))
        job->intensity = vtr_calloc(n_values, sizeof *job->intensity);
    if (job->directions == NULL || job->factors == NULL || job->bessel == NULL || job->intensity == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for V(k) at %zu values of k", job->n_k);
    list_directions(job->directions, params->n_psi, params->n_theta);
    for (size_t e = 0; e < c->n; e++)
        for (size_t i = 0; i < job->n_k; i++) {
            job->factors[e * job->n_k + i] =
                vtr_electron_factor_from((vtr_electron_table)params->table, c->number[e], k[i]);
            if (!isfinite(job->factors[e * job->n_k + i]))
                return vtr_fail(err, VTR_ERR_RANGE, "no electron factor of element %d at k = %g 1/Å",
                                c->number[e], k[i]);
        }
    for (size_t b = 0; b < job->n_bins; b++)
        for (size_t i = 0; i < job->n_k; i++)
            job->bessel[b * job->n_k + i] = j0(2 * VTR_PI * k[i] * ((double)b + 0.5) * step_angstrom);
    return VTR_OK;
}

static size_t element_of(const vtr_composition *c, int number)
{
    size_t e = 0;
    while (e + 1 < c->n && c->number[e] != number)
        e++;
    return e;
}

/* The box with its images, turned about its middle and cut to the box again. False where more atoms fall into it than there is room. */
static bool turn(model_worker *w, const model_job *job, const double angles[2])
{
    const vtr_structure *m = job->model;
    double cp = cos(angles[0]), sp = sin(angles[0]), ct = cos(angles[1]), st = sin(angles[1]);
    w->n_turned = 0;
    for (size_t a = 0; a < m->n; a++) {
        double from[3];
        for (int i = 0; i < 3; i++) { /* about the middle of the box that the coordinates are in */
            from[i] = fmod(m->position[a][i], job->box[i]);
            if (from[i] < -job->box[i] / 2) from[i] += job->box[i];
            if (from[i] >= job->box[i] / 2) from[i] -= job->box[i];
        }
        for (int image = 0; image < 27; image++) {
            double x = from[0] + (image % 3 - 1) * job->box[0],
                   y = from[1] + (image / 3 % 3 - 1) * job->box[1],
                   z = from[2] + (image / 9 - 1) * job->box[2], across = -sp * x + cp * y;
            double to[3] = {cp * x + sp * y, ct * across + st * z, -st * across + ct * z};
            if (fabs(to[0]) > job->box[0] / 2 || fabs(to[1]) > job->box[1] / 2 ||
                fabs(to[2]) > job->box[2] / 2)
                continue;
            if (w->n_turned == w->most) return false;
            w->turned[w->n_turned++] =
                (model_atom){to[0], to[1], 1, element_of(&m->composition, m->number[a])};
        }
    }
    return true;
}

static double airy(double x)
{
    return x < 1e-6 ? 1 : 2 * j1(x) / x;
}

static void illuminate(model_worker *w, const model_job *job, double y, double x)
{
    w->n_seen = 0;
    for (size_t a = 0; a < w->n_turned; a++) {
        model_atom atom = w->turned[a];
        atom.x -= x;
        atom.y -= y;
        if (fabs(atom.x) > job->half_angstrom || fabs(atom.y) > job->half_angstrom) continue;
        atom.amplitude = airy(2 * VTR_PI * job->resolution * hypot(atom.x, atom.y));
        w->seen[w->n_seen++] = atom;
    }
}

static void count_pairs(model_worker *w, const model_job *job)
{
    size_t n = job->n_elements;
    memset(w->pairs, 0, n * (n + 1) / 2 * job->n_bins * sizeof *w->pairs);
    for (size_t a = 0; a < w->n_seen; a++) {
        const model_atom *p = &w->seen[a];
        for (size_t b = a; b < w->n_seen; b++) {
            const model_atom *q = &w->seen[b];
            double dx = p->x - q->x, dy = p->y - q->y;
            size_t bin = (size_t)(sqrt(dx * dx + dy * dy) / step_angstrom);
            w->pairs[vtr_pairs_index(n, p->element, q->element) * job->n_bins + bin] +=
                (a == b ? 1 : 2) * p->amplitude * q->amplitude;
        }
    }
}

static void diffract(double *intensity, const model_worker *w, const model_job *job)
{
    size_t n_k = job->n_k;
    for (size_t e = 0; e < job->n_elements; e++)
        for (size_t f = e; f < job->n_elements; f++) {
            const double *pairs = w->pairs + vtr_pairs_index(job->n_elements, e, f) * job->n_bins;
            const double *fe = job->factors + e * n_k, *ff = job->factors + f * n_k;
            for (size_t b = 0; b < job->n_bins; b++) {
                if (pairs[b] == 0) continue;
                const double *bessel = job->bessel + b * n_k;
                for (size_t i = 0; i < n_k; i++)
                    intensity[i] += pairs[b] * fe[i] * ff[i] * bessel[i];
            }
        }
}

static bool look(model_worker *w, const model_job *job, size_t direction)
{
    size_t side = job->n_side;
    if (!turn(w, job, job->directions[direction])) return false;
    for (size_t j = 0; j < side; j++)
        for (size_t i = 0; i < side; i++) {
            double y = job->box[1] * (((double)j + 0.5) / (double)side - 0.5),
                   x = job->box[0] * (((double)i + 0.5) / (double)side - 0.5);
            illuminate(w, job, y, x);
            count_pairs(w, job);
            diffract(job->intensity + ((direction * side + j) * side + i) * job->n_k, w, job);
        }
    return true;
}

static void worker_release(model_worker *w)
{
    vtr_free(w->turned);
    vtr_free(w->seen);
    vtr_free(w->pairs);
}

static bool worker_init(model_worker *w, const model_job *job)
{
    size_t n = job->n_elements;
    w->most = 2 * job->model->n + 64; /* a dense corner may come to lie within */
    w->turned = vtr_malloc(w->most, sizeof *w->turned);
    w->seen = vtr_malloc(w->most, sizeof *w->seen);
    w->pairs = vtr_malloc(n * (n + 1) / 2 * job->n_bins, sizeof *w->pairs);
    return w->turned != NULL && w->seen != NULL && w->pairs != NULL;
}

static vtr_status look_from_all(model_job *job, int threads, vtr_error *err)
{
    int is_short = 0;
#pragma omp parallel num_threads(vtr_thread_count(threads)) reduction(|| : is_short)
    {
        model_worker w = {0};
        bool is_ready = worker_init(&w, job);
        is_short = !is_ready;
#pragma omp for schedule(dynamic, 1)
        for (size_t d = 0; d < job->n_directions; d++)
            if (is_ready && !look(&w, job, d)) is_short = 1;
        worker_release(&w);
    }
    return is_short ? vtr_fail(err, VTR_ERR_MEMORY, "out of memory for V(k) of %zu atoms", job->model->n)
                    : VTR_OK;
}

/* Probes and directions in their order, whatever the number of threads. */
static void variance_of(double *variance, double *mean, const model_job *job)
{
    size_t n = job->n_directions * job->n_side * job->n_side;
    for (size_t i = 0; i < job->n_k; i++) {
        double first = 0, second = 0;
        for (size_t p = 0; p < n; p++)
            first += job->intensity[p * job->n_k + i];
        first /= (double)n;
        for (size_t p = 0; p < n; p++) {
            double off = job->intensity[p * job->n_k + i] / first - 1;
            second += off * off;
        }
        variance[i] = second / (double)n;
        if (mean != NULL) mean[i] = first;
    }
}

vtr_status vtr_fluctuation_of_model(double *variance, double *intensity, size_t *n_patterns,
                                    const vtr_structure *model, size_t n_k, const double *k_inv_angstrom,
                                    const vtr_fluctuation_model_params *given, int threads, vtr_error *err)
{
    vtr_fluctuation_model_params params = given != NULL ? *given : vtr_fluctuation_model_default_params();
    model_job job = {.model = model, .n_k = n_k, .resolution = params.resolution_inv_angstrom};
    job.half_angstrom = 0.61 / job.resolution / sqrt(2);
    vtr_status status = take_box(&job, err);
    if (status == VTR_OK) status = make_tables(&job, k_inv_angstrom, &params, err);
    if (status == VTR_OK) status = look_from_all(&job, threads, err);
    if (status == VTR_OK) {
        variance_of(variance, intensity, &job);
        if (n_patterns != NULL) *n_patterns = job.n_directions * job.n_side * job.n_side;
    }
    vtr_free(job.directions);
    vtr_free(job.factors);
    vtr_free(job.bessel);
    vtr_free(job.intensity);
    return status;
}
