/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The cube as a matrix: what is used of it, its extremes and norms, and the way through it in blocks. */
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "unmix/unmix_internal.h"

const unmix_kernels *vtr_unmix_kernels_best(void)
{
#ifdef VITRAIL_X86_KERNELS
    switch (vtr_cpu_best()) {
    case VTR_CPU_AVX512:
        return &vtr_unmix_kernels_avx512;
    case VTR_CPU_AVX2:
        return &vtr_unmix_kernels_avx2;
    default:
        break;
    }
#endif
    return &vtr_unmix_kernels_portable;
}

static vtr_status check_weights(const double *weight, const uint8_t *used, size_t n, const char *what,
                                vtr_error *err)
{
    for (size_t i = 0; weight != NULL && i < n; i++)
        if ((used == NULL || used[i]) && !(weight[i] > 0 && isfinite(weight[i])))
            return vtr_fail(err, VTR_ERR_RANGE,
                            "weight of %s %zu is %g: weights are positive, mask what is to be left out", what,
                            i, weight[i]);
    return VTR_OK;
}

static double scale_of(const unmix_matrix *a, double weight)
{
    return a->is_linear ? weight : sqrt(weight);
}

static vtr_status list_channels(unmix_matrix *a, const vtr_unmix_data *data, vtr_error *err)
{
    a->channel = vtr_malloc(data->n_channels, sizeof *a->channel);
    a->channel_scale = vtr_malloc(data->n_channels, sizeof *a->channel_scale);
    a->mean = vtr_calloc(data->n_channels, sizeof *a->mean);
    if (a->channel == NULL || a->channel_scale == NULL || a->mean == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu channels", data->n_channels);
    for (size_t c = 0; c < data->n_channels; c++) {
        if (data->channel_used != NULL && !data->channel_used[c]) continue;
        a->channel_scale[a->m] = data->channel_weight != NULL ? scale_of(a, data->channel_weight[c]) : 1;
        a->channel[a->m++] = c;
    }
    a->width = a->m;
    if (a->m == 0)
        return vtr_fail(err, VTR_ERR_NO_DATA, "all %zu channels are masked: nothing is left to factorise",
                        data->n_channels);
    return VTR_OK;
}

/* Rows of the cube as they are, where they lie or through the buffer [n][n_channels]. */
static const float *cube_rows(const unmix_matrix *a, size_t first, size_t n, float *buffer,
                              vtr_status *status, vtr_error *err)
{
    const vtr_unmix_data *data = a->data;
    if (data->values != NULL) return data->values + first * data->n_channels;
    if (data->is_read_shared) {
        vtr_error own;
        vtr_status here = data->read(data->user, buffer, first, n, &own);
        if (here == VTR_OK) return buffer;
#pragma omp critical(vtr_unmix_read)
        *status = vtr_fail(err, here, "%s", own.message);
        return buffer;
    }
#pragma omp critical(vtr_unmix_read)
    if (*status == VTR_OK) *status = data->read(data->user, buffer, first, n, err);
    return buffer;
}

typedef struct extremes {
    bool is_finite;
    float low, high;
} extremes;

static extremes row_extremes(const unmix_matrix *a, const float *row)
{
    extremes e = {true, INFINITY, -INFINITY};
    for (size_t c = 0; c < a->m; c++) {
        float x = row[a->channel[c]];
        if (!isfinite(x)) return (extremes){false, 0, 0};
        e.low = x < e.low ? x : e.low;
        e.high = x > e.high ? x : e.high;
    }
    return e;
}

/* extreme[p] of every position that is not masked. */
static vtr_status find_extremes(extremes *extreme, const unmix_matrix *a, vtr_error *err)
{
    const vtr_unmix_data *data = a->data;
    size_t begin = a->chunks.begin[a->first_chunk], end = a->chunks.begin[a->end_chunk];
    size_t n_blocks = (end - begin + UNMIX_BLOCK - 1) / UNMIX_BLOCK;
    vtr_status status = VTR_OK;
    bool no_memory = false;
#pragma omp parallel num_threads(a->threads)
    {
        float *buffer =
            data->values != NULL ? NULL : vtr_malloc(UNMIX_BLOCK * data->n_channels, sizeof *buffer);
        bool has_buffer = data->values != NULL || buffer != NULL;
#pragma omp for schedule(dynamic, 8)
        for (size_t b = 0; b < n_blocks; b++) {
            size_t first = begin + b * UNMIX_BLOCK, left = end - first;
            size_t n = left < UNMIX_BLOCK ? left : UNMIX_BLOCK;
            if (!has_buffer) {
#pragma omp atomic write
                no_memory = true;
                continue;
            }
            const float *rows = cube_rows(a, first, n, buffer, &status, err);
            for (size_t i = 0; i < n; i++)
                if (data->position_used == NULL || data->position_used[first + i])
                    extreme[first + i] = row_extremes(a, rows + i * data->n_channels);
        }
        vtr_free(buffer);
    }
    if (no_memory) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a block of positions");
    return status;
}

/* Where the chunks begin among the used positions. */
static void find_rows(unmix_matrix *a)
{
    size_t c = 0;
    for (size_t i = 0; i < a->n; i++)
        while (c < a->chunks.n && a->position[i] >= a->chunks.begin[c])
            a->row[c++] = i;
    while (c <= a->chunks.n)
        a->row[c++] = a->n;
}

static vtr_status list_positions(unmix_matrix *a, vtr_error *err)
{
    const vtr_unmix_data *data = a->data;
    extremes *extreme = vtr_malloc(data->n_positions, sizeof *extreme);
    a->position = vtr_malloc(data->n_positions, sizeof *a->position);
    vtr_status status = VTR_OK;
    if (extreme == NULL || a->position == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu positions", data->n_positions);
    if (status == VTR_OK) status = find_extremes(extreme, a, err);
    status = vtr_ranks_agree(data->ranks, status, err);
    if (status == VTR_OK) status = vtr_unmix_gather_all(extreme, sizeof *extreme, a, err);
    a->low = INFINITY;
    a->high = -INFINITY;
    for (size_t p = 0; status == VTR_OK && p < data->n_positions; p++) {
        if (data->position_used != NULL && !data->position_used[p]) continue;
        if (!extreme[p].is_finite) {
            a->n_invalid++;
            continue;
        }
        a->low = fmin(a->low, (double)extreme[p].low);
        a->high = fmax(a->high, (double)extreme[p].high);
        a->position[a->n++] = p;
    }
    vtr_free(extreme);
    if (status != VTR_OK) return status;
    find_rows(a);
    if (a->n == 0)
        return vtr_fail(
            err, VTR_ERR_NO_DATA,
            "no position is usable: of %zu, %zu hold values that are not finite, the others are masked",
            data->n_positions, a->n_invalid);
    return VTR_OK;
}

vtr_status vtr_unmix_open(unmix_matrix *a, const vtr_unmix_data *data, bool is_linear, int threads,
                          vtr_error *err)
{
    *a = (unmix_matrix){.data = data, .is_linear = is_linear, .threads = vtr_thread_count(threads)};
    vtr_status status;
    if (data->values == NULL && data->read == NULL)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "the cube has neither values nor a function that reads them");
    status = check_weights(data->position_weight, data->position_used, data->n_positions, "position", err);
    if (status == VTR_OK)
        status = check_weights(data->channel_weight, data->channel_used, data->n_channels, "channel", err);
    if (status == VTR_OK) status = list_channels(a, data, err);
    vtr_unmix_deal(&a->chunks, data->n_positions, data->position_used);
    vtr_unmix_own_chunks(&a->first_chunk, &a->end_chunk, &a->chunks, data->ranks);
    if (status == VTR_OK) status = list_positions(a, err);
    if (status == VTR_OK && !(a->high > a->low))
        status = vtr_fail(err, VTR_ERR_NO_DATA,
                          "all values of the cube are %g: there is nothing to tell apart in it", a->low);
    if (status != VTR_OK) vtr_unmix_close(a);
    return status;
}

void vtr_unmix_close(unmix_matrix *a)
{
    if (a->compressed == NULL) {
        vtr_free(a->position);
        vtr_free(a->channel);
        vtr_free(a->channel_scale);
        vtr_free(a->mean);
    }
    vtr_free(a->compressed);
    vtr_free(a->lift);
    *a = (unmix_matrix){0};
}

double vtr_unmix_position_scale(const unmix_matrix *a, size_t i)
{
    return a->data->position_weight != NULL ? scale_of(a, a->data->position_weight[a->position[i]]) : 1;
}

/* One bit of a random number for each entry, the same in every pass. */
static void flip_row(float *row, const unmix_matrix *a, size_t i, double scale)
{
    const unmix_flip *flip = a->flip;
    vtr_random random;
    uint32_t bits = 0;
    for (size_t c = 0; c < a->m; c++)
        row[c] = (float)((double)row[c] - scale * a->mean[c]);
    for (size_t l = 0; l < flip->n; l++) {
        const double *v = flip->v + l * a->m;
        double along = 0;
        for (size_t c = 0; c < a->m; c++)
            along += v[c] * (double)row[c];
        for (size_t c = 0; c < a->m; c++)
            row[c] = (float)((double)row[c] - along * v[c]);
    }
    vtr_random_start(&random, flip->seed, (flip->trial << 40) + i);
    for (size_t c = 0; c < a->m; c++, bits >>= 1) {
        if (c % 32 == 0) bits = vtr_random_u32(&random);
        if (bits & 1) row[c] = -row[c];
    }
}

/* A block whose rows are cut, shifted or scaled, into `rows`; `raw` holds what a read gives. */
static void gather(float *rows, const unmix_matrix *a, size_t first, size_t n, float *raw, vtr_status *status,
                   vtr_error *err)
{
    for (size_t i = 0, run; i < n; i += run) {
        size_t p = a->position[first + i];
        for (run = 1; i + run < n && a->position[first + i + run] == p + run;)
            run++;
        const float *from = cube_rows(a, p, run, raw, status, err);
        for (size_t r = 0; r < run; r++) {
            double scale = vtr_unmix_position_scale(a, first + i + r);
            float *to = rows + (i + r) * a->m;
            const float *row = from + r * a->data->n_channels;
            if (a->m == a->data->n_channels)
                for (size_t c = 0; c < a->m; c++)
                    to[c] = (float)(((double)row[c] + a->shift) * a->channel_scale[c] * scale);
            else
                for (size_t c = 0; c < a->m; c++)
                    to[c] = (float)(((double)row[a->channel[c]] + a->shift) * a->channel_scale[c] * scale);
            if (a->flip != NULL) flip_row(to, a, first + i + r, scale);
        }
    }
}

typedef struct chunk_job {
    const unmix_matrix *a;
    unmix_work work;
    void *user;
    bool has_rows;
    size_t n_sums, n_scratch;
    double *parts; /* [chunks of this rank][n_sums] */
    vtr_status status;
} chunk_job;

static void do_chunk(chunk_job *job, size_t chunk, double *scratch, float *rows, float *raw, vtr_error *err)
{
    const unmix_matrix *a = job->a;
    double *sums = job->parts + (chunk - a->first_chunk) * job->n_sums;
    size_t end = a->row[chunk + 1];
    for (size_t first = a->row[chunk]; first < end; first += UNMIX_BLOCK) {
        size_t n = end - first < UNMIX_BLOCK ? end - first : UNMIX_BLOCK;
        const float *block = rows;
        if (!job->has_rows)
            block = NULL;
        else if (a->compressed != NULL)
            block = a->compressed + first * a->width;
        else if (a->is_direct)
            block = a->data->values + first * a->m;
        else
            gather(rows, a, first, n, raw, &job->status, err);
        job->work(job->user, first, n, block, sums, scratch);
    }
}

static vtr_status do_chunks(chunk_job *job, vtr_error *err)
{
    const unmix_matrix *a = job->a;
    bool is_gathered = job->has_rows && a->compressed == NULL && !a->is_direct, no_memory = false;
    /* some 0.1 ms of work: to wait for each other would take as long, where cores are busy much longer */
    int n_threads = a->n * (a->compressed != NULL ? a->width : a->m) < 1 << 17 ? 1 : a->threads;
#pragma omp parallel num_threads(n_threads)
    {
        double *scratch = vtr_malloc(job->n_scratch, sizeof *scratch);
        float *rows = vtr_malloc(is_gathered ? UNMIX_BLOCK * a->m : 0, sizeof *rows);
        float *raw = vtr_malloc(
            is_gathered && a->data->values == NULL ? UNMIX_BLOCK * a->data->n_channels : 0, sizeof *raw);
        bool has_memory = scratch != NULL && rows != NULL && raw != NULL;
#pragma omp for schedule(dynamic)
        for (size_t chunk = a->first_chunk; chunk < a->end_chunk; chunk++) {
            if (has_memory)
                do_chunk(job, chunk, scratch, rows, raw, err);
            else {
#pragma omp atomic write
                no_memory = true;
            }
        }
        vtr_free(scratch);
        vtr_free(rows);
        vtr_free(raw);
    }
    if (no_memory) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a block of positions");
    return job->status;
}

static vtr_status each_chunk(chunk_job *job, double *sums, vtr_error *err)
{
    const unmix_matrix *a = job->a;
    vtr_status status = VTR_OK;
    job->parts = vtr_calloc((a->end_chunk - a->first_chunk) * job->n_sums, sizeof *job->parts);
    if (job->parts == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the sums of %zu positions", a->n);
    else
        status = do_chunks(job, err);
    status = vtr_unmix_add_chunks(sums, job->parts, job->n_sums, &a->chunks, a->data->ranks, status, err);
    vtr_free(job->parts);
    return status;
}

vtr_status vtr_unmix_each_block(const unmix_matrix *a, unmix_work work, void *user, double *sums,
                                size_t n_sums, size_t n_scratch, vtr_error *err)
{
    chunk_job job = {
        .a = a, .work = work, .user = user, .has_rows = true, .n_sums = n_sums, .n_scratch = n_scratch};
    return each_chunk(&job, sums, err);
}

vtr_status vtr_unmix_each_position(const unmix_matrix *a, unmix_work work, void *user, double *sums,
                                   size_t n_sums, vtr_error *err)
{
    chunk_job job = {.a = a, .work = work, .user = user, .n_sums = n_sums};
    return each_chunk(&job, sums, err);
}

/* Sum of squares, sum of squared position scales, and the mean row weighted by them. */
static void add_norms(void *user, size_t first, size_t n, const float *rows, double *sums, double *scratch)
{
    const unmix_matrix *a = user;
    (void)scratch;
    for (size_t i = 0; i < n; i++) {
        double scale = vtr_unmix_position_scale(a, first + i), sum = 0;
        for (size_t c = 0; c < a->m; c++) {
            double x = (double)rows[i * a->m + c];
            sum += x * x;
            sums[2 + c] += scale * x;
        }
        sums[0] += sum;
        sums[1] += scale * scale;
    }
}

vtr_status vtr_unmix_shift(unmix_matrix *a, double shift, vtr_error *err)
{
    const vtr_unmix_data *data = a->data;
    a->shift = shift;
    a->is_direct = data->values != NULL && a->n == data->n_positions && a->m == data->n_channels &&
                   shift == 0 && data->position_weight == NULL && data->channel_weight == NULL;
    double *sums = vtr_malloc(a->m + 2, sizeof *sums), mean2 = 0;
    if (sums == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu channels", a->m);
    vtr_status status = vtr_unmix_each_block(a, add_norms, a, sums, a->m + 2, 0, err);
    if (status == VTR_OK) {
        for (size_t c = 0; c < a->m; c++) {
            a->mean[c] = sums[2 + c] / sums[1];
            mean2 += a->mean[c] * a->mean[c];
        }
        a->norm2 = sums[0];
        a->deviation2 = fmax(sums[0] - sums[1] * mean2, 0);
    }
    vtr_free(sums);
    return status;
}
