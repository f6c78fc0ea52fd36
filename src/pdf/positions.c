/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/pdf_positions.h"

#include <cblas.h>
#include <lapacke.h>
#include <string.h>

#include "pdf/cube_internal.h"

struct vtr_pdf_positions {
    char *settings; /* that the strings of params lie in */
    vtr_ranks *ranks;
    pdf_source source;
    vtr_pdf_plan *plan;
    vtr_pdf_params params;
    float *intensity, *variance; /* [PDF_CUBE_BLOCK][n_data] */
    float *structure;            /* [PDF_CUBE_BLOCK][n_q] */
};

/* --- settings ----------------------------------------------------------------------------------------------- */

enum { SETTINGS_MAX = 16384 };

vtr_status pdf_settings_write(vtr_mapfile *file, const vtr_pdf_params *params, vtr_error *err)
{
    char *text = vtr_calloc(SETTINGS_MAX, 1);
    size_t length = 0;
    if (text == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the settings of the PDF");
    for (size_t i = 0; i < vtr_pdf_parameters.n; i++) {
        const vtr_parameter *p = &vtr_pdf_parameters.parameters[i];
        char value[2048];
        if (vtr_parameters_format(p, params, value, sizeof value) >= sizeof value || value[0] == '\0')
            continue;
        int n = snprintf(text + length, SETTINGS_MAX - length, "%s = %s\n", p->name, value);
        if (n < 0 || length + (size_t)n >= SETTINGS_MAX) break;
        length += (size_t)n;
    }
    vtr_status status = vtr_mapfile_write_text(file, "pdf", NULL, "settings", text, err);
    vtr_free(text);
    return status;
}

/* Of the "name = value" lines in `text`, which is cut into pieces. */
static vtr_status parse_settings(vtr_pdf_params *params, char *text, vtr_error *err)
{
    *params = vtr_pdf_default_params();
    for (char *line = text; *line != '\0';) {
        char *end = line + strcspn(line, "\n"), *next = *end == '\0' ? end : end + 1;
        char *equals = strstr(line, " = ");
        *end = '\0';
        if (equals != NULL && equals < end) {
            *equals = '\0';
            const vtr_parameter *p = vtr_parameters_find(&vtr_pdf_parameters, line);
            vtr_status status = p == NULL ? VTR_OK : vtr_parameters_set(p, params, equals + 3, err);
            if (status != VTR_OK) return vtr_fail_context(err, status, "settings of '/entry/pdf'");
        }
        line = next;
    }
    return VTR_OK;
}

static vtr_status read_settings(vtr_pdf_positions *p, const vtr_mapfile *file, vtr_error *err)
{
    if (!vtr_mapfile_has(file, "pdf", "r"))
        return vtr_fail(err, VTR_ERR_NOT_FOUND,
                        "the map file has no pair distribution functions ('/entry/pdf'); make them with "
                        "vitrail pdf");
    p->settings = vtr_calloc(SETTINGS_MAX, 1);
    if (p->settings == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the settings of the PDF");
    if (vtr_mapfile_read_text(file, "pdf", NULL, "settings", p->settings, SETTINGS_MAX, NULL) != VTR_OK)
        return vtr_fail(err, VTR_ERR_NOT_FOUND,
                        "'/entry/pdf' does not say with which settings it was made; run vitrail pdf again");
    return parse_settings(&p->params, p->settings, err);
}

/* --- opening ------------------------------------------------------------------------------------------------ */

static vtr_status allocate(vtr_pdf_positions *p, vtr_error *err)
{
    size_t n = PDF_CUBE_BLOCK;
    p->intensity = vtr_malloc(n * p->source.n_data, sizeof *p->intensity);
    p->variance = vtr_malloc(n * p->source.n_data, sizeof *p->variance);
    p->structure = vtr_malloc(n * p->plan->n_q, sizeof *p->structure);
    if (p->intensity != NULL && p->variance != NULL && p->structure != NULL) return VTR_OK;
    return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu positions at a time", n);
}

vtr_status vtr_pdf_positions_open(vtr_pdf_positions **out, const vtr_mapfile *file, vtr_ranks *ranks,
                                  const vtr_progress *progress, vtr_error *err)
{
    vtr_pdf_positions *p = vtr_calloc(1, sizeof *p);
    if (p == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
    p->ranks = ranks;
    vtr_status status = read_settings(p, file, err);
    if (status == VTR_OK) status = pdf_source_open(&p->source, file, "profile", err);
    status = vtr_ranks_agree(ranks, status, err);
    if (status == VTR_OK) status = pdf_source_mean(&p->source, ranks, progress, err);
    if (status == VTR_OK) status = pdf_source_plan(&p->plan, &p->source, &p->params, err);
    if (status == VTR_OK) status = allocate(p, err);
    if (status == VTR_OK)
        *out = p;
    else
        vtr_pdf_positions_close(&p);
    return status;
}

void vtr_pdf_positions_close(vtr_pdf_positions **positions)
{
    vtr_pdf_positions *p = *positions;
    if (p == NULL) return;
    pdf_source_release(&p->source);
    vtr_pdf_plan_free(&p->plan);
    vtr_free(p->settings);
    vtr_free(p->intensity);
    vtr_free(p->variance);
    vtr_free(p->structure);
    vtr_free(p);
    *positions = NULL;
}

size_t vtr_pdf_positions_n_y(const vtr_pdf_positions *p)
{
    return p->source.n_y;
}

size_t vtr_pdf_positions_n_x(const vtr_pdf_positions *p)
{
    return p->source.n_x;
}

const double *vtr_pdf_positions_step_nm(const vtr_pdf_positions *p)
{
    return p->source.scan_step_nm;
}

const vtr_pdf_plan *vtr_pdf_positions_plan(const vtr_pdf_positions *p)
{
    return p->plan;
}

const vtr_pdf_params *vtr_pdf_positions_params(const vtr_pdf_positions *p)
{
    return &p->params;
}

size_t vtr_pdf_positions_n_channels(const vtr_pdf_positions *p, vtr_pdf_quantity quantity)
{
    if (quantity == VTR_PDF_QUANTITY_G) return p->plan->n_r;
    return quantity == VTR_PDF_QUANTITY_I ? p->plan->n_q : p->plan->n_transform;
}

const double *vtr_pdf_positions_axis(const vtr_pdf_positions *p, vtr_pdf_quantity quantity)
{
    return quantity == VTR_PDF_QUANTITY_G ? p->plan->r : p->plan->q;
}

/* --- reading ------------------------------------------------------------------------------------------------ */

/* Intensity and variance of a block, gaps as NAN. */
static vtr_status load(vtr_pdf_positions *p, size_t first, size_t n, vtr_error *err)
{
    vtr_status status = pdf_source_read(&p->source, first, n, p->intensity, p->variance, err);
    if (status == VTR_OK) pdf_profiles_drop_gaps(p->plan, n, p->intensity, p->variance);
    return status;
}

/* The channels of a block from its F, or from its intensity. */
static void fill(const vtr_pdf_positions *p, vtr_pdf_quantity quantity, size_t n, float *values)
{
    const vtr_pdf_plan *plan = p->plan;
    size_t m = vtr_pdf_positions_n_channels(p, quantity);
    for (size_t i = 0; i < n; i++) {
        float *to = values + i * m;
        const float *f = p->structure + i * plan->n_q;
        if (quantity == VTR_PDF_QUANTITY_I)
            memcpy(to, p->intensity + i * plan->n_data + plan->first, m * sizeof *to);
        else if (quantity == VTR_PDF_QUANTITY_F)
            memcpy(to, f, m * sizeof *to);
        else
            for (size_t j = 0; j < m; j++)
                to[j] = (float)(1 + (double)f[j] / plan->q[j]);
    }
}

static vtr_status read_block(vtr_pdf_positions *p, vtr_pdf_quantity quantity, size_t first, size_t n,
                             float *values, int threads, vtr_error *err)
{
    vtr_pdf_block block = {0};
    vtr_status status = load(p, first, n, err);
    if (status != VTR_OK) return status;
    if (quantity == VTR_PDF_QUANTITY_G)
        block.G = values;
    else
        block.F = p->structure;
    if (quantity != VTR_PDF_QUANTITY_I)
        status = vtr_pdf_apply(p->plan, n, p->intensity, NULL, &block, threads, err);
    if (status == VTR_OK && quantity != VTR_PDF_QUANTITY_G) fill(p, quantity, n, values);
    return status;
}

vtr_status vtr_pdf_positions_read(vtr_pdf_positions *p, vtr_pdf_quantity quantity, size_t first, size_t n,
                                  float *values, int threads, vtr_error *err)
{
    size_t m = vtr_pdf_positions_n_channels(p, quantity);
    vtr_status status = VTR_OK;
    for (size_t done = 0, here; status == VTR_OK && done < n; done += here) {
        here = n - done < PDF_CUBE_BLOCK ? n - done : PDF_CUBE_BLOCK;
        status = read_block(p, quantity, first + done, here, values + done * m, threads, err);
    }
    return status;
}

/* Values of a position over those of the mean profile, in the mean over the range. */
static double relative(const vtr_pdf_plan *plan, const float *row, const double *mean)
{
    double sum = 0;
    for (size_t j = plan->first; j < plan->first + plan->n_q; j++)
        sum += (double)row[j] / mean[j];
    return sum / (double)plan->n_q;
}

/* The scale is that of the intensity as a whole: the fitted one has noise, which F shares, and would favour positions
 * with noise of one sign. */
vtr_status vtr_pdf_positions_weights(vtr_pdf_positions *p, vtr_pdf_quantity quantity, double *weight,
                                     vtr_error *err)
{
    const pdf_source *s = &p->source;
    size_t begin, end;
    vtr_status status = VTR_OK;
    pdf_source_part(&begin, &end, s, p->ranks);
    for (size_t first = begin, n; status == VTR_OK && first < end; first += n) {
        n = end - first < PDF_CUBE_BLOCK ? end - first : PDF_CUBE_BLOCK;
        status = load(p, first, n, err);
        for (size_t i = 0; status == VTR_OK && i < n; i++) {
            double gain = relative(p->plan, p->intensity + i * s->n_data, s->mean);
            if (quantity == VTR_PDF_QUANTITY_I) gain = 1;
            double w = gain * gain / relative(p->plan, p->variance + i * s->n_data, s->variance);
            weight[first + i] = w > 0 && isfinite(w) ? w : 1;
        }
    }
    status = vtr_ranks_agree(p->ranks, status, err);
    if (status != VTR_OK) return status;
    return vtr_ranks_all_gather_parts(p->ranks, weight, (end - begin) * sizeof *weight, err);
}

/* --- noise -------------------------------------------------------------------------------------------------- */

/* Covariance [n_q][n_q] of F, or of the intensity, at one typical position. */
static vtr_status covariance_of(const vtr_pdf_positions *p, bool is_intensity, double *covariance,
                                vtr_error *err)
{
    const vtr_pdf_plan *plan = p->plan;
    const double *variance = p->source.variance + plan->first;
    size_t n = plan->n_q;
    double *row = vtr_calloc(n * n, sizeof *row), *kin = vtr_calloc(n * n, sizeof *kin);
    vtr_status status = VTR_OK;
    if (row == NULL || kin == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the noise of %zu channels", n);
    for (size_t i = 0; status == VTR_OK && i < n; i++) {
        if (is_intensity)
            row[i * n + i] = 1;
        else
            pdf_structure_sensitivity(plan, i, plan->structure[i], plan->normalisation.scale, row + i * n);
        pdf_correlate(plan, row + i * n, kin + i * n);
        for (size_t k = 0; k < n; k++)
            kin[i * n + k] *= variance[k];
    }
    if (status == VTR_OK)
        cblas_dsyr2k(CblasRowMajor, CblasLower, CblasNoTrans, (int)n, (int)n, 0.5, row, (int)n, kin, (int)n,
                     0, covariance, (int)n);
    vtr_free(row);
    vtr_free(kin);
    return status;
}

/* In place, a root whose rows have the covariance as their products. */
static vtr_status take_root(size_t n, double *covariance, vtr_error *err)
{
    double *value = vtr_malloc(n, sizeof *value);
    if (value == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the noise of %zu channels", n);
    bool is_good =
        LAPACKE_dsyev(LAPACK_ROW_MAJOR, 'V', 'L', (lapack_int)n, covariance, (lapack_int)n, value) == 0;
    for (size_t i = 0; is_good && i < n; i++)
        for (size_t k = 0; k < n; k++)
            covariance[i * n + k] *= sqrt(fmax(value[k], 0));
    vtr_free(value);
    return is_good ? VTR_OK : vtr_fail(err, VTR_ERR_NUMERIC, "the noise of F(Q) has no root");
}

vtr_status vtr_pdf_positions_noise(const vtr_pdf_positions *p, vtr_pdf_quantity quantity, double *parts,
                                   vtr_error *err)
{
    const vtr_pdf_plan *plan = p->plan;
    size_t n = plan->n_q, m = vtr_pdf_positions_n_channels(p, quantity);
    double *root = vtr_calloc(n * n, sizeof *root);
    if (root == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the noise of %zu channels", n);
    vtr_status status = covariance_of(p, quantity == VTR_PDF_QUANTITY_I, root, err);
    if (status == VTR_OK) status = take_root(n, root, err);
    if (status == VTR_OK && quantity == VTR_PDF_QUANTITY_G)
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)m, (int)n, (int)n, 1, plan->transform,
                    (int)n, root, (int)n, 0, parts, (int)n);
    for (size_t i = 0; status == VTR_OK && quantity != VTR_PDF_QUANTITY_G && i < m; i++)
        for (size_t k = 0; k < n; k++)
            parts[i * n + k] = root[i * n + k] / (quantity == VTR_PDF_QUANTITY_S ? plan->q[i] : 1);
    vtr_free(root);
    return status;
}

/* --- to G --------------------------------------------------------------------------------------------------- */

vtr_status vtr_pdf_positions_to_g(const vtr_pdf_positions *p, vtr_pdf_quantity quantity, size_t n,
                                  const double *spectra, double *G, vtr_error *err)
{
    const vtr_pdf_plan *plan = p->plan;
    size_t n_q = plan->n_q, m = vtr_pdf_positions_n_channels(p, quantity);
    if (quantity == VTR_PDF_QUANTITY_G) {
        memcpy(G, spectra, n * m * sizeof *G);
        return VTR_OK;
    }
    double *f = vtr_calloc(n_q, sizeof *f);
    vtr_status status = VTR_OK;
    if (f == NULL) status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu points", n_q);
    for (size_t i = 0; status == VTR_OK && i < n; i++) {
        const double *from = spectra + i * m;
        for (size_t j = 0; quantity != VTR_PDF_QUANTITY_I && j < m; j++)
            f[j] = quantity == VTR_PDF_QUANTITY_F ? from[j] : plan->q[j] * (from[j] - 1);
        if (quantity == VTR_PDF_QUANTITY_I && !(pdf_structure(plan, from, f) > 0))
            status = vtr_fail(err, VTR_ERR_NUMERIC, "the scale of intensity %zu is not positive", i + 1);
        if (status == VTR_OK)
            cblas_dgemv(CblasRowMajor, CblasNoTrans, (int)plan->n_r, (int)n_q, 1, plan->transform, (int)n_q,
                        f, 1, 0, G + i * plan->n_r, 1);
    }
    vtr_free(f);
    return status;
}
