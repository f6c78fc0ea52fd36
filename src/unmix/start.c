/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Components to begin with. Only components: the first pass finds the weights that belong to them. */
#include <math.h>
#include <string.h>

#include "unmix/unmix_internal.h"

enum { ROWS_OF_A_START = 5 };

/* Each component the mean of a few rows drawn at random: A. N. Langville et al., Initializations for the nonnegative
 * matrix factorization, KDD 2006 ("random Acol"). */
static vtr_status from_rows(double *h, const unmix_matrix *small, size_t k, uint64_t seed, uint64_t which,
                            vtr_error *err)
{
    vtr_random random;
    vtr_random_start(&random, seed, which);
    memset(h, 0, k * small->m * sizeof *h);
    for (size_t j = 0; j < k; j++)
        for (int draw = 0; draw < ROWS_OF_A_START; draw++) {
            size_t i = (size_t)(vtr_random_uniform(&random) * (double)small->n);
            const float *row;
            vtr_status status = vtr_unmix_compressed_row(&row, small, i < small->n ? i : small->n - 1, err);
            if (status != VTR_OK) return status;
            for (size_t l = 0; l < small->width; l++)
                for (size_t c = 0; c < small->m; c++)
                    h[j * small->m + c] += (double)row[l] / ROWS_OF_A_START * small->lift[l * small->m + c];
        }
    return VTR_OK;
}

/* Sums of squares of the coordinates along each singular vector, and of their positive parts alone: [2][width]. */
static void add_coordinates(void *user, size_t first, size_t n, const float *rows, double *sums,
                            double *scratch)
{
    const unmix_matrix *small = user;
    (void)first;
    (void)scratch;
    for (size_t i = 0; i < n; i++)
        for (size_t l = 0; l < small->width; l++) {
            double x = (double)rows[i * small->width + l];
            sums[l] += x * x;
            if (x > 0) sums[small->width + l] += x * x;
        }
}

/* C. Boutsidis, E. Gallopoulos, Pattern Recognit. 41, 1350 (2008): of each singular pair the larger one of its two
 * non-negative sections. */
static void from_sections(double *h, const unmix_matrix *small, size_t k, const double *all,
                          const double *positive)
{
    size_t m = small->m;
    for (size_t j = 0; j < k; j++) {
        const double *v = small->lift + j * m;
        double v_positive = 0, v_negative = 0;
        for (size_t c = 0; c < m; c++)
            *(v[c] > 0 ? &v_positive : &v_negative) += v[c] * v[c];
        double plus = sqrt(v_positive * positive[j]),
               minus = sqrt(v_negative * fmax(all[j] - positive[j], 0));
        bool is_plus = plus >= minus;
        double length = sqrt(is_plus ? v_positive : v_negative), size = is_plus ? plus : minus;
        for (size_t c = 0; c < m; c++) {
            double x = is_plus ? v[c] : -v[c];
            h[j * m + c] = x > 0 && length > 0 ? sqrt(size) * x / length : 0;
        }
    }
}

/* The corners of a simplex about the mean, two standard deviations out along each principal axis. */
static void from_axes(double *h, const unmix_matrix *small, size_t k, const double *all)
{
    size_t m = small->m;
    for (size_t j = 0; j < k; j++) {
        memcpy(h + j * m, small->mean, m * sizeof *h);
        for (size_t l = 1; l < k; l++) {
            /* Helmert's corners: corner l lies out along axis l, those before it are balanced against it. */
            double root = 1 / sqrt((double)l * ((double)l + 1)), corner = j < l    ? root
                                                                          : j == l ? -root * (double)l
                                                                                   : 0;
            double length = 2 * sqrt(all[l] / (double)small->n) * corner * sqrt((double)k);
            for (size_t c = 0; c < m; c++)
                h[j * m + c] += length * small->lift[l * m + c];
        }
    }
}

vtr_status vtr_unmix_start(double *h, const unmix_matrix *small, const vtr_nmf_params *params, size_t k,
                           bool is_free, uint64_t which, vtr_error *err)
{
    size_t m = small->m;
    double *all = vtr_malloc(2 * small->width, sizeof *all), mean = 0;
    if (all == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a start");
    vtr_status status = VTR_OK;
    if (params->start != VTR_NMF_RANDOM)
        status = vtr_unmix_each_block(small, add_coordinates, (void *)small, all, 2 * small->width, 0, err);
    else
        status = from_rows(h, small, k, params->seed, which, err);
    switch (params->start) {
    case VTR_NMF_PCA:
        from_axes(h, small, k, all);
        break;
    case VTR_NMF_NNDSVD:
    case VTR_NMF_NNDSVDA:
        from_sections(h, small, k, all, all + small->width);
        break;
    default:
        break;
    }
    for (size_t c = 0; c < m; c++)
        mean += fabs(small->mean[c]) / (double)m;
    /* A zero stays a zero under multiplication. */
    bool is_multiplied = params->method == VTR_NMF_MU || params->loss == VTR_NMF_KULLBACK_LEIBLER;
    double floor = params->start == VTR_NMF_NNDSVDA ? mean : is_multiplied ? 1e-3 * mean : 0;
    for (size_t i = 0; i < k * m && !is_free; i++)
        if (!(h[i] > 0)) h[i] = floor;
    vtr_free(all);
    return status;
}
