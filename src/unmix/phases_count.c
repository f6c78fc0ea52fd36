/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How many components stand out of the noise: by parallel analysis, and by their maps. Noise that channels share, from the
 * scale and the background of a position, passes for structure in parallel analysis; but it knows nothing of neighbours.
 * Of all combinations of the leading principal components those are found whose neighbours differ least (maximum
 * autocorrelation factors; Switzer & Green, Tech. Rep. 6, Dept. of Statistics, Stanford, 1984), and the ones counted that
 * noise would not reach. */
#include <lapacke.h>

#include "unmix/phases_internal.h"

enum { SCREE = 24 }; /* principal components looked at where the number is not given */

static vtr_status principal(phases_job *job, size_t k, vtr_error *err)
{
    vtr_phases *r = job->result;
    vtr_pca_params params = vtr_pca_default_params();
    vtr_unmix_data data = job->white_data;
    size_t most = job->n_white < r->n_used ? job->n_white : r->n_used;
    params.n_components = k < most ? k : most;
    params.n_parallel = job->params->n_parallel;
    params.weights_are_variances = true;
    params.seed = job->params->seed;
    data.channel_used = job->white_used;
    return vtr_pca(&r->pca, &data, &params, job->threads, job->progress, err);
}

/* Sums of products of the maps, and of half the differences of neighbours along rows and columns. */
typedef struct neighbours {
    double product[SCREE * SCREE], difference[SCREE * SCREE];
    double n, n_pairs;
} neighbours;

static void add_pair(neighbours *s, const phases_job *job, size_t k, size_t p, size_t q)
{
    const float *maps = job->result->pca.maps;
    double step[SCREE];
    if (!isfinite(maps[q])) return;
    for (size_t i = 0; i < k; i++)
        step[i] = (double)maps[i * job->n + p] - (double)maps[i * job->n + q];
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++)
            s->difference[i * k + j] += 0.5 * step[i] * step[j];
    s->n_pairs++;
}

static void sum_neighbours(neighbours *s, const phases_job *job, size_t k)
{
    const vtr_phases *r = job->result;
    const float *maps = r->pca.maps;
    for (size_t p = 0; p < job->n; p++) {
        if (!isfinite(maps[p])) continue;
        s->n++;
        for (size_t i = 0; i < k; i++)
            for (size_t j = 0; j < k; j++)
                s->product[i * k + j] += (double)maps[i * job->n + p] * (double)maps[j * job->n + p];
        if (p % r->n_x + 1 < r->n_x) add_pair(s, job, k, p, p + 1);
        if (p + r->n_x < job->n) add_pair(s, job, k, p, p + r->n_x);
    }
}

/* Of noise the half mean squared difference is its variance, and of k combinations of it the least ratio of the two is
 * (1 - sqrt(k/n))^2 for n pairs as that of a random covariance matrix is; counted is what lies 10 % of the way below. */
static size_t count_smooth(const phases_job *job, size_t k)
{
    const double margin = 0.9;
    double value[SCREE];
    neighbours s = {0};
    size_t n = 0;
    sum_neighbours(&s, job, k);
    if (s.n_pairs < 10 * (double)k) return 0;
    for (size_t i = 0; i < k * k; i++) {
        s.product[i] /= s.n;
        s.difference[i] /= s.n_pairs;
    }
    if (LAPACKE_dsygv(LAPACK_ROW_MAJOR, 1, 'N', 'L', (lapack_int)k, s.difference, (lapack_int)k, s.product,
                      (lapack_int)k, value) != 0)
        return 0;
    double least = margin * pow(1 - sqrt((double)k / s.n_pairs), 2);
    while (n < k && value[n] < least)
        n++;
    return n;
}

vtr_status vtr_phases_count(phases_job *job, vtr_error *err)
{
    enum { VOLUME_MOST = 3 };
    vtr_phases *r = job->result;
    const vtr_phases_params *p = job->params;
    bool is_mixture = p->method == VTR_PHASES_NMF;
    if (p->method == VTR_PHASES_MLLS || (is_mixture && p->n_components > 0)) return VTR_OK;
    vtr_status status = principal(job, p->n_components > SCREE ? p->n_components : SCREE, err);
    if (status != VTR_OK) return status;
    /* of spectra whose shares sum to one there is one more than of principal components about the mean */
    r->n_by_parallel = r->pca.n_significant + 1;
    r->n_by_neighbours = count_smooth(job, r->pca.n_components < SCREE ? r->pca.n_components : SCREE) + 1;
    if (p->n_components > 0) return VTR_OK;
    size_t found = r->n_by_parallel < r->n_by_neighbours ? r->n_by_parallel : r->n_by_neighbours;
    r->is_counted = true;
    if (found < 2)
        vtr_phases_note(job, "no structure stands out of the noise: the positions may be all alike");
    if (is_mixture && p->principle == VTR_PHASES_VOLUME && found > VOLUME_MOST) {
        vtr_phases_note(job,
                        "%zu components stand out of the noise; the smallest volume divides into %d at most",
                        found, VOLUME_MOST);
        found = VOLUME_MOST;
    }
    r->params.n_components = found < 2 ? 2 : found;
    if (!is_mixture) r->params.n_components--;
    return VTR_OK;
}
