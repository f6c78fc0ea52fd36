/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "base/base_internal.h"
#include "dataset/dataset_internal.h"

/* Cropping, summing and retyping of recordings. The work is cut into runs of positions along the scan rows of the
 * output; each run is read, summed, converted and written by one thread, so memory does not grow with the recording
 * and the result does not depend on the number of threads. */

enum { RUN_BYTES = 2 << 20, RUNS_PER_REPORT = 64 };

typedef struct job {
    vtr_dataset *in;
    vtr_dataset_writer *writer;
    const vtr_dataset_info *from;
    vtr_dataset_info to;
    vtr_box scan, detector;
    size_t bin, bin_scan;
    size_t run;          /* output positions of a run */
    size_t runs_per_row; /* of the output */
    double low, high;    /* what the output's type holds; infinite for floats */
    bool is_whole;       /* the output's type holds integers only */
} job;

static vtr_status check_box(vtr_box *box, size_t height, size_t width, const char *option, vtr_error *err)
{
    if (box->y1 == 0) *box = (vtr_box){0, height, 0, width};
    if (box->y1 <= height && box->x1 <= width && box->y0 < box->y1 && box->x0 < box->x1) return VTR_OK;
    return vtr_fail(err, VTR_ERR_RANGE, "--%s %zu:%zu,%zu:%zu is not within 0:%zu,0:%zu", option, box->y0,
                    box->y1, box->x0, box->x1, height, width);
}

/* The part to keep. Of a recording that ends early, the rows that are whole; or the part of its only row. */
static vtr_status choose_parts(job *j, const vtr_convert_params *params, const vtr_progress *progress,
                               vtr_error *err)
{
    const vtr_dataset_info *from = j->from;
    size_t n_y = from->shape[0], n_x = from->shape[1];
    j->scan = params->scan;
    j->detector = params->detector;
    if (from->n_frames < n_y * n_x) {
        n_y = from->n_frames / n_x;
        if (n_y == 0) {
            n_y = 1;
            n_x = from->n_frames;
        }
        vtr_progress_warn(progress, "the recording ends early: %zu x %zu of %zu x %zu positions are used",
                          n_y, n_x, from->shape[0], from->shape[1]);
    }
    vtr_status status = check_box(&j->scan, n_y, n_x, "scan", err);
    if (status == VTR_OK) status = check_box(&j->detector, from->shape[2], from->shape[3], "detector", err);
    if (status != VTR_OK) return status;
    const vtr_box *boxes[2] = {&j->scan, &j->detector};
    const size_t bins[2] = {j->bin_scan, j->bin};
    for (int i = 0; i < 2; i++) {
        j->to.shape[2 * i] = (boxes[i]->y1 - boxes[i]->y0) / bins[i];
        j->to.shape[2 * i + 1] = (boxes[i]->x1 - boxes[i]->x0) / bins[i];
        if (j->to.shape[2 * i] == 0 || j->to.shape[2 * i + 1] == 0)
            return vtr_fail(err, VTR_ERR_RANGE, "--%s %zu is more than there is: %zu x %zu",
                            i == 0 ? "bin-scan" : "bin", bins[i], boxes[i]->y1 - boxes[i]->y0,
                            boxes[i]->x1 - boxes[i]->x0);
    }
    return VTR_OK;
}

static double type_minimum(vtr_type type)
{
    switch (type) {
    case VTR_TYPE_I8:
        return -128;
    case VTR_TYPE_I16:
        return -32768;
    case VTR_TYPE_I32:
        return -2147483648.0;
    case VTR_TYPE_F32:
    case VTR_TYPE_F64:
        return -INFINITY;
    default:
        return 0;
    }
}

/* The narrowest type of the same kind that holds n times the largest number of `type`. */
static vtr_type type_for_sums(vtr_type type, double largest, double n)
{
    static const vtr_type wider[VTR_TYPE_COUNT] = {
        [VTR_TYPE_U8] = VTR_TYPE_U16,  [VTR_TYPE_U16] = VTR_TYPE_U32, [VTR_TYPE_U32] = VTR_TYPE_F64,
        [VTR_TYPE_I8] = VTR_TYPE_I16,  [VTR_TYPE_I16] = VTR_TYPE_I32, [VTR_TYPE_I32] = VTR_TYPE_F64,
        [VTR_TYPE_F32] = VTR_TYPE_F32, [VTR_TYPE_F64] = VTR_TYPE_F64,
    };
    double least = fmin(largest, vtr_type_maximum(type));
    if (type_minimum(type) < 0) least = fmax(least, -type_minimum(type));
    while (least * n > vtr_type_maximum(type))
        type = wider[type];
    return type;
}

static vtr_status choose_type(job *j, const vtr_convert_params *params, const vtr_progress *progress,
                              vtr_error *err)
{
    double n = (double)(j->bin * j->bin) * (double)(j->bin_scan * j->bin_scan);
    double largest = isnan(j->from->saturation) ? INFINITY : j->from->saturation;
    j->to.saturation = j->from->saturation * n;
    if (params->type == NULL) {
        j->to.type = n > 1 ? type_for_sums(j->from->type, largest, n) : j->from->type;
        if (j->to.type != j->from->type)
            vtr_progress_warn(progress,
                              "sums of %.0f numbers are written as %s, not %s, so that none is cut off", n,
                              vtr_type_name(j->to.type), vtr_type_name(j->from->type));
    } else if (vtr_type_parse(&j->to.type, params->type) != 0) {
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "--to-type: '%s' is not one of u8, u16, u32, i8, i16, i32, f32, f64", params->type);
    }
    j->is_whole = !isnan(vtr_type_maximum(j->to.type));
    j->low = type_minimum(j->to.type);
    j->high = j->is_whole ? vtr_type_maximum(j->to.type) : INFINITY;
    return VTR_OK;
}

static double value_at(const void *values, vtr_type type, size_t i)
{
    switch (type) {
    case VTR_TYPE_U8:
        return ((const uint8_t *)values)[i];
    case VTR_TYPE_U16:
        return ((const uint16_t *)values)[i];
    case VTR_TYPE_U32:
        return ((const uint32_t *)values)[i];
    case VTR_TYPE_I8:
        return ((const int8_t *)values)[i];
    case VTR_TYPE_I16:
        return ((const int16_t *)values)[i];
    case VTR_TYPE_I32:
        return ((const int32_t *)values)[i];
    case VTR_TYPE_F32:
        return (double)((const float *)values)[i];
    case VTR_TYPE_F64:
        return ((const double *)values)[i];
    }
    return (double)NAN;
}

static void set_value(void *values, vtr_type type, size_t i, double value)
{
    switch (type) {
    case VTR_TYPE_U8:
        ((uint8_t *)values)[i] = (uint8_t)value;
        break;
    case VTR_TYPE_U16:
        ((uint16_t *)values)[i] = (uint16_t)value;
        break;
    case VTR_TYPE_U32:
        ((uint32_t *)values)[i] = (uint32_t)value;
        break;
    case VTR_TYPE_I8:
        ((int8_t *)values)[i] = (int8_t)value;
        break;
    case VTR_TYPE_I16:
        ((int16_t *)values)[i] = (int16_t)value;
        break;
    case VTR_TYPE_I32:
        ((int32_t *)values)[i] = (int32_t)value;
        break;
    case VTR_TYPE_F32:
        ((float *)values)[i] = (float)value;
        break;
    case VTR_TYPE_F64:
        ((double *)values)[i] = value;
        break;
    }
}

/* Adds the kept part of one input frame into the sums of one output frame. */
static void add_frame(double *sums, const char *frame, const job *j)
{
    size_t width = j->from->shape[3], out_width = j->to.shape[3], out_height = j->to.shape[2];
    for (size_t y = 0; y < out_height * j->bin; y++) {
        double *row = sums + y / j->bin * out_width;
        size_t start = (j->detector.y0 + y) * width + j->detector.x0;
        if (j->bin == 1)
            for (size_t x = 0; x < out_width; x++)
                row[x] += value_at(frame, j->from->type, start + x);
        else
            for (size_t x = 0; x < out_width; x++)
                for (size_t b = 0; b < j->bin; b++)
                    row[x] += value_at(frame, j->from->type, start + x * j->bin + b);
    }
}

/* Sums as the output's numbers; integers are rounded to the nearest. */
static vtr_status store_frame(char *out, const double *sums, const job *j, size_t position, vtr_error *err)
{
    size_t pixels = vtr_dataset_frame_pixels(&j->to);
    for (size_t p = 0; p < pixels; p++) {
        double value = j->is_whole ? round(sums[p]) : sums[p];
        if (j->is_whole && !(value >= j->low && value <= j->high))
            return vtr_fail(
                err, VTR_ERR_RANGE,
                "%.10g at position %zu, pixel %zu of row %zu does not fit %s; choose another --to-type",
                value, position, p % j->to.shape[3], p / j->to.shape[3], vtr_type_name(j->to.type));
        set_value(out, j->to.type, p, value);
    }
    return VTR_OK;
}

/* What one thread works with. */
typedef struct scratch {
    char *in, *out;
    double *sums;
} scratch;

static bool is_copied(const job *j)
{
    return j->bin == 1 && j->bin_scan == 1 && j->to.type == j->from->type &&
           j->to.shape[2] == j->from->shape[2] && j->to.shape[3] == j->from->shape[3];
}

/* One run: n output positions from column x of output row y. */
static vtr_status convert_run(const job *j, const scratch *s, size_t y, size_t x, size_t n, vtr_error *err)
{
    size_t pixels = vtr_dataset_frame_pixels(&j->to), first = y * j->to.shape[1] + x;
    size_t in_bytes = vtr_dataset_frame_bytes(j->from), out_bytes = vtr_dataset_frame_bytes(&j->to);
    vtr_status status = VTR_OK;
    memset(s->sums, 0, n * pixels * sizeof *s->sums);
    for (size_t row = 0; row < j->bin_scan && status == VTR_OK; row++) {
        size_t in_y = j->scan.y0 + y * j->bin_scan + row, in_x = j->scan.x0 + x * j->bin_scan;
        status = vtr_dataset_read(j->in, in_y * j->from->shape[1] + in_x, n * j->bin_scan, s->in, err);
        if (status != VTR_OK) return status;
        if (is_copied(j)) return vtr_dataset_writer_write(j->writer, first, n, s->in, err);
        for (size_t i = 0; i < n * j->bin_scan; i++)
            add_frame(s->sums + i / j->bin_scan * pixels, s->in + i * in_bytes, j);
    }
    for (size_t i = 0; i < n && status == VTR_OK; i++)
        status = store_frame(s->out + i * out_bytes, s->sums + i * pixels, j, first + i, err);
    return status == VTR_OK ? vtr_dataset_writer_write(j->writer, first, n, s->out, err) : status;
}

static void scratch_free(scratch *s, int n)
{
    for (int i = 0; s != NULL && i < n; i++) {
        vtr_free(s[i].in);
        vtr_free(s[i].out);
        vtr_free(s[i].sums);
    }
    vtr_free(s);
}

static scratch *scratch_make(const job *j, int n)
{
    scratch *s = vtr_calloc((size_t)n, sizeof *s);
    for (int i = 0; s != NULL && i < n; i++) {
        s[i].in = vtr_malloc(j->run * j->bin_scan, vtr_dataset_frame_bytes(j->from));
        s[i].out = vtr_malloc(j->run, vtr_dataset_frame_bytes(&j->to));
        s[i].sums = vtr_malloc(j->run * vtr_dataset_frame_pixels(&j->to), sizeof *s[i].sums);
        if (s[i].in != NULL && s[i].out != NULL && s[i].sums != NULL) continue;
        scratch_free(s, n);
        return NULL;
    }
    return s;
}

/* Runs first ... last - 1 side by side; of several failures the first run's is told. */
static vtr_status convert_runs(const job *j, scratch *threads, int n_threads, size_t first, size_t last,
                               vtr_error *err)
{
    vtr_error failure = {0};
    size_t failed_at = SIZE_MAX;
    long n = (long)(last - first);
#pragma omp parallel num_threads(n_threads)
    {
        const scratch *mine = &threads[omp_get_thread_num()];
#pragma omp for schedule(dynamic)
        for (long i = 0; i < n; i++) {
            vtr_error own = {0};
            size_t at = first + (size_t)i, y = at / j->runs_per_row, x = at % j->runs_per_row * j->run;
            size_t count = j->to.shape[1] - x < j->run ? j->to.shape[1] - x : j->run;
            if (convert_run(j, mine, y, x, count, &own) == VTR_OK) continue;
#pragma omp critical(vtr_convert_failure)
            if (at < failed_at) {
                failed_at = at;
                failure = own;
            }
        }
    }
    if (failed_at == SIZE_MAX) return VTR_OK;
    return vtr_fail(err, failure.status, "%s", failure.message);
}

static vtr_status convert_all(job *j, int n_threads, const vtr_progress *progress, vtr_error *err)
{
    size_t n_runs = j->to.shape[0] * j->runs_per_row;
    scratch *threads = scratch_make(j, n_threads);
    if (threads == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory converting '%s'", j->in->path);
    vtr_status status = VTR_OK;
    for (size_t first = 0; first < n_runs && status == VTR_OK; first += RUNS_PER_REPORT) {
        size_t last = n_runs - first < RUNS_PER_REPORT ? n_runs : first + RUNS_PER_REPORT;
        status = convert_runs(j, threads, n_threads, first, last, err);
        double done = (double)last / (double)n_runs * (double)vtr_dataset_n_positions(&j->to);
        vtr_progress_report(progress, "convert", done, (double)vtr_dataset_n_positions(&j->to), "patterns");
        if (status == VTR_OK && vtr_progress_cancelled(progress))
            status = vtr_fail(err, VTR_ERR_INTERRUPTED, "interrupted; nothing was written");
    }
    scratch_free(threads, n_threads);
    return status;
}

static void set_calibration(job *j)
{
    for (int i = 0; i < 2; i++) {
        j->to.scan_step_nm[i] = j->from->scan_step_nm[i] * (double)j->bin_scan;
        j->to.k_step_inv_angstrom[i] = j->from->k_step_inv_angstrom[i] * (double)j->bin;
    }
    j->to.beam_energy_kev = j->from->beam_energy_kev;
    j->to.n_frames = vtr_dataset_n_positions(&j->to);
}

vtr_status vtr_dataset_convert(const char *path, vtr_dataset *recording, const vtr_convert_params *params,
                               bool force, int threads, const vtr_progress *progress, vtr_error *err)
{
    vtr_convert_params standard;
    vtr_parameters_default(&vtr_convert_parameters, &standard);
    if (params == NULL) params = &standard;
    job j = {.in = recording,
             .from = vtr_dataset_get_info(recording),
             .bin = params->bin,
             .bin_scan = params->bin_scan};
    if (j.bin == 0) j.bin = 1;
    if (j.bin_scan == 0) j.bin_scan = 1;
    vtr_status status = choose_parts(&j, params, progress, err);
    if (status == VTR_OK) status = choose_type(&j, params, progress, err);
    if (status != VTR_OK) return status;
    set_calibration(&j);
    size_t per_position = j.bin_scan * vtr_dataset_frame_bytes(j.from) + 8 * vtr_dataset_frame_pixels(&j.to);
    j.run = RUN_BYTES / per_position;
    if (j.run == 0) j.run = 1;
    if (j.run > j.to.shape[1]) j.run = j.to.shape[1];
    j.runs_per_row = (j.to.shape[1] + j.run - 1) / j.run;
    status = vtr_dataset_writer_open(&j.writer, path, &j.to, force, err);
    if (status != VTR_OK) return status;
    status = convert_all(&j, vtr_thread_count(threads), progress, err);
    if (status == VTR_OK) return vtr_dataset_writer_finish(&j.writer, err);
    vtr_dataset_writer_abandon(&j.writer);
    return status;
}
