/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Positions as combinations of given PDFs: files, components of another map file, means of regions. */
#include <stdio.h>
#include <unistd.h>

#include "unmix/phases_internal.h"
#include "vitrail/pdf_text.h"
#include "vitrail/region.h"

typedef struct reference_list {
    size_t n;
    char names[VTR_UNMIX_COMPONENTS_MAX][VTR_PHASES_NAME];
    double *values;                          /* [VTR_UNMIX_COMPONENTS_MAX][m] */
    double spread[VTR_UNMIX_COMPONENTS_MAX]; /* errors in those of one position; NAN: not known */
} reference_list;

/* Room [m] for one more; NULL with err filled where there is none. */
static double *add(reference_list *list, const phases_job *job, const char *name, vtr_error *err)
{
    if (list->n == VTR_UNMIX_COMPONENTS_MAX) {
        vtr_fail(err, VTR_ERR_ARGUMENT, "more than %d references", VTR_UNMIX_COMPONENTS_MAX);
        return NULL;
    }
    snprintf(list->names[list->n], sizeof list->names[0], "%.*s", VTR_PHASES_NAME - 1, name);
    list->spread[list->n] = NAN;
    return list->values + list->n++ * job->m;
}

/* --- over r ------------------------------------------------------------------------------------------------- */

/* Those of n points that stand at the channels; one spacing would be smoothed by another's interpolation. */
static vtr_status take_points(double *row, const phases_job *job, const char *path, size_t n, const double *x,
                              const double *y, vtr_error *err)
{
    const vtr_phases *r = job->result;
    double step = job->m > 1 ? r->channel[1] - r->channel[0] : 1;
    for (size_t c = 0, at = 0; c < job->m; c++) {
        row[c] = NAN;
        while (at + 1 < n && x[at] < r->channel[c] - step / 1000)
            at++;
        bool is_there = fabs(x[at] - r->channel[c]) <= step / 1000;
        if (is_there) row[c] = y[at];
        if (!is_there && r->channel_used[c])
            return vtr_fail(
                err, VTR_ERR_SHAPE,
                "reference '%s' has no point at r = %g Å: it runs from %g to %g Å in steps of %g "
                "Å, the PDFs of the map file to %g Å in steps of %g Å; make them alike with --rmin, "
                "--rmax and --rstep of vitrail pdf",
                path, r->channel[c], x[0], x[n - 1], (x[n - 1] - x[0]) / (double)(n - 1),
                r->channel[job->m - 1], step);
    }
    return VTR_OK;
}

static vtr_status check_over_r(const phases_job *job, const char *path, vtr_error *err)
{
    if (job->result->quantity == VTR_PDF_QUANTITY_G) return VTR_OK;
    return vtr_fail(err, VTR_ERR_ARGUMENT, "reference '%s' is G(r): take it with --on G", path);
}

static vtr_status add_text(reference_list *list, const phases_job *job, const char *name, const char *path,
                           vtr_error *err)
{
    vtr_profile_text text;
    vtr_status status = check_over_r(job, path, err);
    if (status == VTR_OK) status = vtr_profile_text_read(&text, path, NULL, err);
    if (status != VTR_OK) return status;
    double *row = add(list, job, name, err);
    status = row == NULL ? VTR_ERR_ARGUMENT : take_points(row, job, path, text.n, text.x, text.y, err);
    vtr_profile_text_release(&text);
    return status;
}

static vtr_status add_components(reference_list *list, const phases_job *job, const char *name,
                                 const vtr_mapfile *file, const char *path, vtr_error *err)
{
    size_t rank = 0, shape[8] = {0}, n_r = 0;
    double *r = NULL, *values = NULL;
    vtr_status status = check_over_r(job, path, err);
    if (status == VTR_OK && !vtr_mapfile_has(file, "phases", "components"))
        status = vtr_fail(err, VTR_ERR_NOT_FOUND,
                          "reference '%s' has no components; make them with vitrail phases", path);
    if (status == VTR_OK) status = vtr_mapfile_shape(file, "phases", "components", &rank, shape, NULL, err);
    if (status == VTR_OK && (rank != 2 || shape[0] == 0 || shape[1] < 2))
        status = vtr_fail(err, VTR_ERR_SHAPE, "components of '%s' are not of shape phase x r", path);
    n_r = shape[1];
    if (status == VTR_OK) {
        r = vtr_malloc(n_r, sizeof *r);
        values = vtr_malloc(shape[0] * n_r, sizeof *values);
        if (r == NULL || values == NULL)
            status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for '%s'", path);
    }
    if (status == VTR_OK) status = vtr_mapfile_read(file, "phases", "r", VTR_TYPE_F64, n_r, r, err);
    if (status == VTR_OK)
        status = vtr_mapfile_read(file, "phases", "components", VTR_TYPE_F64, shape[0] * n_r, values, err);
    for (size_t j = 0; status == VTR_OK && j < shape[0]; j++) {
        char numbered[VTR_PHASES_NAME];
        snprintf(numbered, sizeof numbered, "%.40s %zu", name, j + 1);
        double *row = add(list, job, numbered, err);
        status = row == NULL ? VTR_ERR_ARGUMENT : take_points(row, job, path, n_r, r, values + j * n_r, err);
    }
    vtr_free(r);
    vtr_free(values);
    return status;
}

/* --- regions ------------------------------------------------------------------------------------------------ */

typedef struct region_job {
    const phases_job *job;
    const vtr_region *region;
} region_job;

/* Sums of the channels [m], and positions. */
static vtr_status add_positions(void *user, size_t first, size_t n, const float *rows, double *sums,
                                vtr_error *err)
{
    const region_job *of = user;
    size_t m = of->job->m;
    (void)err;
    for (size_t i = 0; i < n; i++) {
        const float *values = rows + i * m;
        if (!of->region->member[first + i] || !isfinite(values[m - 1])) continue;
        sums[m]++;
        for (size_t c = 0; c < m; c++)
            sums[c] += (double)values[c];
    }
    return VTR_OK;
}

static vtr_status add_region(reference_list *list, phases_job *job, const char *name, const char *definition,
                             vtr_error *err)
{
    vtr_region region = {0};
    char named[512];
    if (snprintf(named, sizeof named, "reference=%s", definition) >= (int)sizeof named)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "reference '%s' is too long", definition);
    vtr_status status = vtr_region_parse(&region, named, job->file, job->result->n_y, job->result->n_x, err);
    if (status != VTR_OK) return vtr_fail_context(err, status, "reference '%s' is no file", definition);
    const region_job of = {job, &region};
    double *row = add(list, job, name, err), *sums = vtr_malloc(job->m + 1, sizeof *sums);
    if (row == NULL)
        status = VTR_ERR_ARGUMENT;
    else if (sums == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for reference '%s'", definition);
    if (status == VTR_OK)
        status = vtr_phases_each_block(job, &job->values, add_positions, (void *)&of, sums, job->m + 1, err);
    if (status == VTR_OK && sums[job->m] == 0)
        status = vtr_fail(err, VTR_ERR_NO_DATA, "no position of reference '%s' has a PDF", definition);
    for (size_t c = 0; status == VTR_OK && c < job->m; c++)
        row[c] = sums[c] / sums[job->m];
    if (status == VTR_OK) list->spread[list->n - 1] = 1 / sqrt(sums[job->m]);
    vtr_free(sums);
    vtr_region_release(&region);
    return status;
}

/* --- all ---------------------------------------------------------------------------------------------------- */

/* Of whatever kind: what is no regular file is refused where it is read. */
static bool is_file(const char *path)
{
    return access(path, R_OK) == 0;
}

/* [NAME=]FILE or [NAME=]REGION. */
static vtr_status add_reference(reference_list *list, phases_job *job, const char *text, vtr_error *err)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+.";
    char name[VTR_PHASES_NAME];
    size_t n = strspn(text, allowed);
    bool is_named = n > 0 && n < sizeof name && text[n] == '=' && text[n + 1] != '=';
    const char *what = is_named ? text + n + 1 : text, *slash = strrchr(what, '/');
    const char *shown = is_named ? text : slash != NULL && is_file(what) ? slash + 1 : what;
    snprintf(name, sizeof name, "%.*s", is_named ? (int)n : (int)sizeof name - 1, shown);
    if (!is_file(what)) return add_region(list, job, name, what, err);
    vtr_mapfile *file = NULL;
    if (vtr_mapfile_open(&file, what, NULL) != VTR_OK) return add_text(list, job, name, what, err);
    vtr_status status = add_components(list, job, name, file, what, err);
    vtr_mapfile_close(&file);
    return status;
}

static void copy_weights(phases_job *job)
{
    vtr_phases *r = job->result;
    const vtr_mlls_result *m = &r->mlls;
    size_t k = r->n_components;
    memcpy(r->maps, m->maps, k * job->n * sizeof *r->maps);
    memcpy(r->map_errors, m->errors, k * job->n * sizeof *r->map_errors);
}

/* The mean goes back into the whitened positions: weights are those of whole spectra, not of deviations. */
typedef struct white_rows {
    phases_job *job;
    const double *mean; /* [n_white] */
} white_rows;

static vtr_status read_white(void *user, float *rows, size_t first, size_t n, vtr_error *err)
{
    const white_rows *of = user;
    size_t w = of->job->n_white, width = w + of->job->m;
    float *stored = vtr_malloc(n * width, sizeof *stored);
    if (stored == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a block of positions");
    vtr_status status = vtr_phases_store_read(&of->job->white, stored, first, n, err);
    for (size_t i = 0; status == VTR_OK && i < n * w; i++)
        rows[i] = (float)((double)stored[i / w * width + i % w] + of->mean[i % w]);
    vtr_free(stored);
    return status;
}

static vtr_status solve(phases_job *job, const reference_list *list, vtr_error *err)
{
    const vtr_phases_params *p = job->params;
    size_t w = job->n_white;
    double *white = vtr_malloc(list->n * w, sizeof *white), *mean = vtr_malloc(w, sizeof *mean);
    vtr_status status = VTR_OK;
    if (white == NULL || mean == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu references", list->n);
    if (status == VTR_OK) {
        white_rows rows = {job, mean};
        vtr_unmix_data data = vtr_phases_store_data(job, &job->white);
        vtr_phases_whiten_rows(white, job, list->n, list->values);
        vtr_phases_whiten_rows(mean, job, 1, job->mean);
        data.n_channels = w;
        data.values = NULL;
        data.read = read_white;
        data.user = &rows;
        const vtr_mlls_references references = {.n = list->n, .n_channels = w, .values = white};
        const vtr_mlls_params params = {
            .is_free = p->is_free, .sum_to_one = p->sum_to_one, .weights_are_variances = true};
        status = vtr_mlls(&job->result->mlls, &data, &references, &params, job->threads, err);
    }
    vtr_free(white);
    vtr_free(mean);
    return status;
}

/* The residual of a position is one where noise alone is left. */
static void judge_residual(phases_job *job)
{
    const double poor = 1.5;
    double sum = 0;
    const float *residual = job->result->mlls.residual;
    for (size_t p = 0; p < job->n; p++)
        if (isfinite(residual[p])) sum += (double)residual[p] * (double)residual[p];
    double rms = sqrt(sum / (double)job->result->n_used);
    if (rms > poor)
        vtr_phases_note(
            job,
            "the references leave %.1f times the noise: something else is in the glass, or scale and "
            "range differ",
            rms);
}

vtr_status vtr_phases_references(phases_job *job, vtr_error *err)
{
    vtr_phases *r = job->result;
    const vtr_text_list *texts = &job->params->references;
    reference_list *list = vtr_calloc(1, sizeof *list);
    vtr_status status = VTR_OK;
    if (list == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the references");
    list->values = vtr_malloc(VTR_UNMIX_COMPONENTS_MAX * job->m, sizeof(double));
    if (list->values == NULL) status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the references");
    for (size_t i = 0; status == VTR_OK && i < texts->n; i++)
        status = add_reference(list, job, texts->text[i], err);
    if (status == VTR_OK) status = solve(job, list, err);
    if (status == VTR_OK) status = vtr_phases_allocate(job, list->n, err);
    if (status == VTR_OK) {
        memcpy(r->spectra, list->values, list->n * job->m * sizeof *r->spectra);
        for (size_t j = 0; j < list->n; j++)
            memcpy(r->names[j], list->names[j], sizeof r->names[j]);
        copy_weights(job);
        judge_residual(job);
        status = vtr_phases_to_g(job, list->spread, NULL, err);
    }
    vtr_free(list->values);
    vtr_free(list);
    return status;
}
