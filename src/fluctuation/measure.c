/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pass over a recording: the scan in regions, each with its own sums, so that their number gives the errors and not that of the
 * threads. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fluctuation/fluctuation_internal.h"
#include "pass/calibrate_internal.h"
#include "vitrail/memory.h"

typedef struct measure_job {
    vtr_dataset *dataset;
    const vtr_dataset_info *info;
    const vtr_calibration *calibration;
    const unsigned char *member;
    const vtr_fluctuation_params *params;
    const vtr_progress *progress;
    vtr_fluctuation *out;
    unsigned char *used;
    double *expected;
    double (*rings_px)[2];
    vtr_fluctuation_geometry geometry;
    vtr_fluctuation_plan *plan;
    size_t blocks_y, blocks_x;
    vtr_fluctuation_sums **sums; /* [n_bins][blocks] */
    size_t done;
    int is_stopped;
    vtr_status status;
    vtr_error error;
} measure_job;

/* --- where the rings are ---------------------------------------------------------------------------------------- */

static double edge_radius(const vtr_calibration *c)
{
    double x = fmin(c->centre_x_px, (double)c->det_x - 1 - c->centre_x_px);
    double y = fmin(c->centre_y_px, (double)c->det_y - 1 - c->centre_y_px);
    return fmin(x, y);
}

/* A range of k in px; from `low` to `high` px unless given. */
static vtr_status range_px(double out[2], const double range[2], double low, double high, const char *option,
                           const vtr_calibration *c, vtr_error *err)
{
    out[0] = low;
    out[1] = high;
    if (isnan(range[0])) return VTR_OK;
    if (!isfinite(c->k_step_inv_angstrom))
        return vtr_fail(
            err, VTR_ERR_NO_DATA,
            "%s is in 1/Å, and the calibration has no k scale; calibrate with --ring-k, --standard or "
            "--k-scale",
            option);
    for (int i = 0; i < 2; i++)
        out[i] = range[i] / c->k_step_inv_angstrom;
    if (!(out[0] >= 0) || !(out[1] > out[0]))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "%s %g:%g is not a range of k", option, range[0], range[1]);
    return VTR_OK;
}

static vtr_status choose_rings(measure_job *job, vtr_error *err)
{
    const vtr_calibration *c = job->calibration;
    const vtr_fluctuation_params *p = job->params;
    vtr_fluctuation *out = job->out;
    double range[2],
        width = 2, low = isfinite(c->beam_radius_px) ? 1.5 * c->beam_radius_px + 2 : 0.3 * c->ring.radius_px;
    vtr_status status = range_px(range, p->k_range, low, edge_radius(c), "--k-range", c, err);
    if (status == VTR_OK)
        status =
            range_px(out->band_px, p->band, c->ring.annulus_px[0], c->ring.annulus_px[1], "--band", c, err);
    if (status == VTR_OK && !isnan(p->k_width)) {
        if (!isfinite(c->k_step_inv_angstrom))
            return vtr_fail(
                err, VTR_ERR_NO_DATA,
                "--k-width is in 1/Å, and the calibration has no k scale; calibrate with --ring-k, "
                "--standard or --k-scale");
        width = p->k_width / c->k_step_inv_angstrom;
    }
    if (status != VTR_OK) return status;
    double n = floor((range[1] - range[0]) / width + 1e-6);
    if (!(n >= 1) || n > 100000)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "rings of %.3g px do not fit between %.1f and %.1f px", width,
                        range[0], range[1]);
    out->n = (size_t)n;
    job->rings_px = vtr_malloc(out->n + 1, sizeof *job->rings_px);
    out->radius_px = vtr_malloc(out->n + 1, sizeof *out->radius_px);
    out->k_inv_angstrom = vtr_malloc(out->n + 1, sizeof *out->k_inv_angstrom);
    if (job->rings_px == NULL || out->radius_px == NULL || out->k_inv_angstrom == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu rings", out->n);
    for (size_t r = 0; r <= out->n; r++) {
        job->rings_px[r][0] = r < out->n ? range[0] + (double)r * width : out->band_px[0];
        job->rings_px[r][1] = r < out->n ? range[0] + (double)(r + 1) * width : out->band_px[1];
        out->radius_px[r] = 0.5 * (job->rings_px[r][0] + job->rings_px[r][1]);
        out->k_inv_angstrom[r] = out->radius_px[r] * c->k_step_inv_angstrom;
    }
    return VTR_OK;
}

/* The mean pattern's azimuthal mean at whole px, pixels split linearly between the two radii beside them. */
static vtr_status make_expected(measure_job *job, vtr_error *err)
{
    const vtr_calibration *c = job->calibration;
    size_t n = (size_t)hypot((double)c->det_x, (double)c->det_y) * 2 + 3;
    job->expected = vtr_calloc(2 * n, sizeof *job->expected);
    if (job->expected == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the radial profile");
    double *weight = job->expected + n;
    for (size_t y = 0; y < c->det_y; y++)
        for (size_t x = 0; x < c->det_x; x++) {
            size_t i = y * c->det_x + x;
            double vx = (double)x - c->centre_x_px, vy = (double)y - c->centre_y_px;
            double r = hypot(c->wxx * vx + c->wxy * vy, c->wxy * vx + c->wyy * vy), part = r - floor(r);
            size_t at = (size_t)r;
            if (!job->used[i] || at + 1 >= n || !isfinite(c->mean[i])) continue;
            double counts = c->mean[i] - c->noise.offset;
            job->expected[at] += (1 - part) * counts;
            weight[at] += 1 - part;
            job->expected[at + 1] += part * counts;
            weight[at + 1] += part;
        }
    for (size_t r = 0; r < n; r++)
        job->expected[r] = weight[r] > 0 ? job->expected[r] / weight[r] : 0;
    /* Splitting takes the mean over a triangle of a px to either side, which adds a twelfth of the second difference. */
    double before = job->expected[0];
    for (size_t r = 1; r + 1 < n && weight[r + 1] > 0; r++) {
        double here = job->expected[r];
        if (weight[r - 1] > 0) job->expected[r] -= (before - 2 * here + job->expected[r + 1]) / 12;
        before = here;
    }
    job->geometry.expected = job->expected;
    job->geometry.n_expected = n;
    job->geometry.expected_step_px = 1;
    return VTR_OK;
}

static void shift_at(const measure_job *job, size_t y, size_t x, long *shift_y, long *shift_x)
{
    double dx, dy;
    vtr_calibration_descan(job->calibration, job->info->shape, (double)y, (double)x, &dx, &dy);
    *shift_x = lround(dx);
    *shift_y = lround(dy);
}

static void find_largest_shift(measure_job *job)
{
    for (size_t y = 0; y < job->info->shape[0]; y++)
        for (size_t x = 0; x < job->info->shape[1]; x++) {
            long shift_y, shift_x;
            shift_at(job, y, x, &shift_y, &shift_x);
            if (labs(shift_y) > job->geometry.shift_y) job->geometry.shift_y = labs(shift_y);
            if (labs(shift_x) > job->geometry.shift_x) job->geometry.shift_x = labs(shift_x);
        }
}

static vtr_status make_plan(measure_job *job, vtr_error *err)
{
    const vtr_calibration *c = job->calibration;
    vtr_fluctuation_geometry *g = &job->geometry;
    *g = (vtr_fluctuation_geometry){.det_y = c->det_y,
                                    .det_x = c->det_x,
                                    .used = job->used,
                                    .centre_x_px = c->centre_x_px,
                                    .centre_y_px = c->centre_y_px,
                                    .wxx = c->wxx,
                                    .wyy = c->wyy,
                                    .wxy = c->wxy,
                                    .n_rings = job->out->n + 1,
                                    .rings_px = (const double(*)[2])job->rings_px,
                                    .noise = c->noise,
                                    .bragg = job->params->bragg};
    if (!isnan(job->params->gain)) g->noise.gain = job->params->gain;
    if (!isnan(job->params->read_noise)) g->noise.read_noise = job->params->read_noise;
    job->out->gain = g->noise.gain;
    job->out->read_noise = g->noise.read_noise;
    vtr_status status = make_expected(job, err);
    if (status != VTR_OK) return status;
    find_largest_shift(job);
    return vtr_fluctuation_plan_create(&job->plan, g, err);
}

/* --- regions ---------------------------------------------------------------------------------------------------- */

/* About as many as asked for, as square as the scan lets them be, and few enough for the memory. */
static vtr_status choose_blocks(measure_job *job, vtr_error *err)
{
    size_t n_bins = job->params->n_bins, bytes = vtr_fluctuation_sums_bytes(job->plan) * n_bins;
    size_t room = vtr_memory_left() / 2, most = (size_t)1 << 30;
    if (room < most) most = room;
    most /= bytes;
    size_t n = job->params->n_blocks < most ? job->params->n_blocks : most;
    if (n < 2)
        return vtr_fail(err, VTR_ERR_MEMORY,
                        "two regions with %zu bins need %zu MiB; take fewer --bins or a narrower "
                        "--k-range",
                        n_bins, 2 * bytes >> 20);
    const size_t *shape = job->info->shape;
    double ideal = sqrt((double)n * (double)shape[0] / (double)shape[1]);
    size_t rows = ideal < 1 ? 1 : (size_t)ideal;
    if (rows > shape[0]) rows = shape[0];
    if (rows > n) rows = n;
    size_t columns = n / rows;
    if (columns > shape[1]) columns = shape[1];
    job->blocks_y = rows;
    job->blocks_x = columns;
    job->out->n_blocks = rows * columns;
    job->sums = vtr_calloc(n_bins * rows * columns, sizeof(vtr_fluctuation_sums *));
    if (job->sums == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu regions", rows * columns);
    return VTR_OK;
}

static vtr_box box_of(const measure_job *job, size_t block)
{
    size_t j = block / job->blocks_x, i = block % job->blocks_x;
    return (vtr_box){j * job->info->shape[0] / job->blocks_y, (j + 1) * job->info->shape[0] / job->blocks_y,
                     i * job->info->shape[1] / job->blocks_x, (i + 1) * job->info->shape[1] / job->blocks_x};
}

static bool is_taken(const measure_job *job, size_t position)
{
    return position < job->info->n_frames && (job->member == NULL || job->member[position]);
}

static void stop(measure_job *job, vtr_status status, const vtr_error *error)
{
#pragma omp critical(vtr_fluctuation_state)
    if (job->status == VTR_OK) {
        job->status = status;
        job->error = *error;
    }
#pragma omp atomic write
    job->is_stopped = 1;
}

static bool is_stopped(measure_job *job)
{
    int stopped;
#pragma omp atomic read
    stopped = job->is_stopped;
    return stopped != 0;
}

static void advance(measure_job *job, size_t n, const char *task)
{
    bool cancelled;
#pragma omp critical(vtr_fluctuation_progress)
    {
        job->done += n;
        vtr_progress_report(job->progress, task, (double)job->done,
                            (double)(job->info->shape[0] * job->info->shape[1]), "patterns");
        cancelled = vtr_progress_cancelled(job->progress);
    }
    if (cancelled) {
        vtr_error error = {0};
        stop(job, vtr_fail(&error, VTR_ERR_INTERRUPTED, "interrupted at %zu patterns", job->done), &error);
    }
}

/* What is done with each position; one thread at a time for a block. */
typedef vtr_status (*at_position)(measure_job *job, size_t block, size_t y, size_t x, const float *pattern,
                                  vtr_error *err);

static vtr_status visit_block(measure_job *job, size_t block, float *pattern, at_position visit,
                              const char *task, vtr_error *err)
{
    vtr_box box = box_of(job, block);
    vtr_status status = VTR_OK;
    for (size_t y = box.y0; y < box.y1; y++) {
        for (size_t x = box.x0; status == VTR_OK && x < box.x1; x++) {
            size_t position = y * job->info->shape[1] + x;
            if (!is_taken(job, position)) continue;
            status = vtr_dataset_read_f32(job->dataset, position, 1, pattern, err);
            if (status == VTR_OK) status = visit(job, block, y, x, pattern, err);
        }
        if (status == VTR_OK) advance(job, box.x1 - box.x0, task);
        if (status != VTR_OK || is_stopped(job)) return status;
    }
    return status;
}

static vtr_status visit_all(measure_job *job, at_position visit, const char *task, int threads,
                            vtr_error *err)
{
    size_t n_blocks = job->blocks_y * job->blocks_x, n_pixels = job->info->shape[2] * job->info->shape[3];
    job->done = 0;
#pragma omp parallel num_threads(vtr_thread_count(threads))
    {
        vtr_error error = {0};
        float *pattern = vtr_malloc(n_pixels, sizeof *pattern);
        if (pattern == NULL)
            stop(job, vtr_fail(&error, VTR_ERR_MEMORY, "out of memory for a pattern"), &error);
#pragma omp for schedule(dynamic, 1)
        for (size_t block = 0; block < n_blocks; block++) {
            if (is_stopped(job)) continue;
            vtr_status status = visit_block(job, block, pattern, visit, task, &error);
            if (status != VTR_OK) stop(job, status, &error);
        }
        vtr_free(pattern);
    }
    return job->status == VTR_OK ? VTR_OK : vtr_fail(err, job->status, "%s", job->error.message);
}

/* --- thickness -------------------------------------------------------------------------------------------------- */

static vtr_status take_signal(measure_job *job, size_t block, size_t y, size_t x, const float *pattern,
                              vtr_error *err)
{
    const vtr_calibration *c = job->calibration;
    bool is_haadf = job->params->signal == VTR_FLUCTUATION_HAADF;
    double sum = 0, inner = c->ring.annulus_px[1];
    long shift_y, shift_x;
    (void)block;
    (void)err;
    shift_at(job, y, x, &shift_y, &shift_x);
    for (size_t j = 0; j < c->det_y; j++)
        for (size_t i = 0; i < c->det_x; i++) {
            if (!job->used[j * c->det_x + i]) continue;
            double vx = (double)i - c->centre_x_px - (double)shift_x,
                   vy = (double)j - c->centre_y_px - (double)shift_y;
            double ux = c->wxx * vx + c->wxy * vy, uy = c->wxy * vx + c->wyy * vy;
            if (!is_haadf || ux * ux + uy * uy >= inner * inner)
                sum += (double)pattern[j * c->det_x + i] - c->noise.offset;
        }
    job->out->signal[y * job->info->shape[1] + x] = (float)sum;
    return VTR_OK;
}

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static vtr_status choose_bins(measure_job *job, int threads, vtr_error *err)
{
    vtr_fluctuation *out = job->out;
    size_t n = out->n_y * out->n_x, n_valid = 0;
    out->signal = vtr_malloc(n, sizeof *out->signal);
    float *sorted = vtr_malloc(n, sizeof *sorted);
    vtr_status status = VTR_OK;
    if (out->signal == NULL || sorted == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the signal of %zu positions", n);
    for (size_t i = 0; status == VTR_OK && i < n; i++)
        out->signal[i] = NAN;
    if (status == VTR_OK) status = visit_all(job, take_signal, "thickness", threads, err);
    for (size_t i = 0; status == VTR_OK && i < n; i++)
        if (isfinite(out->signal[i])) sorted[n_valid++] = out->signal[i];
    if (status == VTR_OK && n_valid < 4 * out->n_bins)
        status =
            vtr_fail(err, VTR_ERR_NO_DATA, "%zu positions are too few for %zu bins", n_valid, out->n_bins);
    if (status == VTR_OK) {
        qsort(sorted, n_valid, sizeof *sorted, ascending);
        for (size_t b = 0; b <= out->n_bins; b++)
            out->bin_edges[b] = (double)sorted[b < out->n_bins ? b * n_valid / out->n_bins : n_valid - 1];
    }
    vtr_free(sorted);
    return status;
}

static size_t bin_of(const vtr_fluctuation *out, size_t position)
{
    if (out->signal == NULL) return 0;
    size_t bin = out->n_bins - 1;
    while (bin > 0 && (double)out->signal[position] < out->bin_edges[bin])
        bin--;
    return bin;
}

/* --- the sums --------------------------------------------------------------------------------------------------- */

static vtr_status take_pattern(measure_job *job, size_t block, size_t y, size_t x, const float *pattern,
                               vtr_error *err)
{
    vtr_fluctuation *out = job->out;
    size_t position = y * out->n_x + x;
    if (out->signal != NULL && !isfinite(out->signal[position])) return VTR_OK;
    vtr_fluctuation_sums **sums = &job->sums[bin_of(out, position) * out->n_blocks + block];
    if (*sums == NULL) {
        vtr_status status = vtr_fluctuation_sums_create(sums, job->plan, err);
        if (status != VTR_OK) return status;
    }
    long shift_y, shift_x;
    shift_at(job, y, x, &shift_y, &shift_x);
    vtr_fluctuation_add(*sums, pattern, shift_y, shift_x, (*sums)->mean, (*sums)->ring);
    out->mean[position] = (*sums)->mean[out->n];
    out->ring[position] = (*sums)->ring[out->n];
    return VTR_OK;
}

static vtr_status allocate_maps(vtr_fluctuation *out, vtr_error *err)
{
    size_t n = out->n_y * out->n_x;
    float **maps[] = {&out->mean, &out->ring, &out->local, &out->local_error};
    out->bins = vtr_calloc(out->n_bins, sizeof *out->bins);
    out->bin_edges = vtr_calloc(out->n_bins + 1, sizeof *out->bin_edges);
    bool has_all = out->bins != NULL && out->bin_edges != NULL;
    for (size_t m = 0; m < sizeof maps / sizeof *maps; m++) {
        *maps[m] = vtr_malloc(n, sizeof **maps[m]);
        has_all &= *maps[m] != NULL;
        for (size_t i = 0; *maps[m] != NULL && i < n; i++)
            (*maps[m])[i] = NAN;
    }
    if (out->bin_edges != NULL) {
        out->bin_edges[0] = -INFINITY;
        out->bin_edges[out->n_bins] = INFINITY;
    }
    return has_all ? VTR_OK : vtr_fail(err, VTR_ERR_MEMORY, "out of memory for maps of %zu positions", n);
}

/* Mean of the bins by their positions; those without a value count nothing. */
static vtr_status combine(vtr_fluctuation *out, vtr_error *err)
{
    size_t n = out->n + 1;
    vtr_status status = fluctuation_curves_create(&out->all, n, err);
    for (size_t r = 0; status == VTR_OK && r < n; r++) {
        out->all.n_used[r] = out->all.n_left[r] = out->all.mean[r] = 0;
        for (size_t b = 0; b < out->n_bins; b++) {
            double positions = out->bins[b].n_used[r];
            out->all.n_used[r] += positions;
            out->all.n_left[r] += out->bins[b].n_left[r];
            if (positions > 0) out->all.mean[r] += positions * out->bins[b].mean[r];
        }
        out->all.mean[r] /= out->all.n_used[r];
        for (int d = 0; d < VTR_FLUCTUATION_DEFINITIONS; d++) {
            double sum = 0, variance = 0, weight = 0;
            for (size_t b = 0; b < out->n_bins; b++) {
                double w = out->bins[b].n_used[r], v = out->bins[b].value[d][r], e = out->bins[b].error[d][r];
                if (!isfinite(v)) continue;
                sum += w * v;
                variance += w * w * e * e;
                weight += w;
            }
            out->all.value[d][r] = weight > 0 ? sum / weight : NAN;
            out->all.error[d][r] = weight > 0 ? sqrt(variance) / weight : NAN;
        }
    }
    return status;
}

static vtr_status measure(measure_job *job, int threads, vtr_error *err)
{
    vtr_fluctuation *out = job->out;
    vtr_status status = choose_rings(job, err);
    if (status == VTR_OK) status = make_plan(job, err);
    if (status == VTR_OK) status = allocate_maps(out, err);
    if (status == VTR_OK) status = choose_blocks(job, err);
    if (status == VTR_OK && out->n_bins > 1) status = choose_bins(job, threads, err);
    if (status == VTR_OK) status = visit_all(job, take_pattern, "fluctuation", threads, err);
    for (size_t b = 0; status == VTR_OK && b < out->n_bins; b++)
        status = vtr_fluctuation_finish(&out->bins[b], job->plan, job->sums + b * out->n_blocks,
                                        out->n_blocks, err);
    if (status == VTR_OK) status = combine(out, err);
    if (status != VTR_OK) return status;
    vtr_fluctuation_local(out->local, out->local_error, out->mean, out->n_y, out->n_x,
                          vtr_fluctuation_pixels(job->plan, out->n), &job->geometry.noise,
                          job->params->window, threads);
    return VTR_OK;
}

static vtr_status check(const measure_job *job, vtr_error *err)
{
    const size_t *shape = job->info->shape;
    if (shape[2] != job->calibration->det_y || shape[3] != job->calibration->det_x)
        return vtr_fail(err, VTR_ERR_SHAPE, "patterns of %zu x %zu px and a calibration of %zu x %zu",
                        shape[2], shape[3], job->calibration->det_y, job->calibration->det_x);
    if (job->params->window % 2 == 0)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "--window %zu is even; a window has a middle",
                        job->params->window);
    for (size_t i = 0; i < shape[0] * shape[1]; i++)
        job->out->n_positions += is_taken(job, i);
    if (job->out->n_positions < 4)
        return vtr_fail(err, VTR_ERR_NO_DATA, "%zu positions have a pattern; a variance needs at least four",
                        job->out->n_positions);
    return VTR_OK;
}

vtr_status vtr_fluctuation_measure(vtr_fluctuation *out, vtr_dataset *dataset,
                                   const vtr_calibration *calibration, const unsigned char *member,
                                   const vtr_fluctuation_params *given, int threads,
                                   const vtr_progress *progress, vtr_error *err)
{
    vtr_fluctuation_params params;
    vtr_parameters_default(&vtr_fluctuation_parameters, &params);
    if (given != NULL) params = *given;
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    vtr_fluctuation result = {.n_y = info->shape[0], .n_x = info->shape[1], .n_bins = params.n_bins};
    measure_job job = {.dataset = dataset,
                       .info = info,
                       .calibration = calibration,
                       .member = member,
                       .params = &params,
                       .progress = progress,
                       .out = &result,
                       .used = vtr_calibration_used(calibration)};
    vtr_status status =
        job.used != NULL ? VTR_OK : vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the mask");
    if (status == VTR_OK) status = check(&job, err);
    if (status == VTR_OK) status = measure(&job, threads, err);
    for (size_t i = 0; job.sums != NULL && i < result.n_bins * result.n_blocks; i++)
        vtr_fluctuation_sums_free(&job.sums[i]);
    vtr_free(job.sums);
    vtr_fluctuation_plan_free(&job.plan);
    vtr_free(job.used);
    vtr_free(job.expected);
    vtr_free(job.rings_px);
    if (status == VTR_OK)
        *out = result;
    else
        vtr_fluctuation_release(&result);
    return status;
}

void vtr_fluctuation_release(vtr_fluctuation *f)
{
    vtr_free(f->radius_px);
    vtr_free(f->k_inv_angstrom);
    vtr_free(f->bin_edges);
    for (size_t b = 0; f->bins != NULL && b < f->n_bins; b++)
        vtr_fluctuation_curves_release(&f->bins[b]);
    vtr_free(f->bins);
    vtr_fluctuation_curves_release(&f->all);
    vtr_free(f->signal);
    vtr_free(f->mean);
    vtr_free(f->ring);
    vtr_free(f->local);
    vtr_free(f->local_error);
    memset(f, 0, sizeof *f);
}
