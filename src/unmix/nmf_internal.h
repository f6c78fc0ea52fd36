/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_NMF_INTERNAL_H
#define VITRAIL_NMF_INTERNAL_H

/* A factorisation between its steps: nmf.c, consensus.c. */

#include "unmix/unmix_internal.h"

typedef struct nmf_job {
    const vtr_nmf_params *params;
    size_t k;
    unmix_matrix a, small; /* the cube, and its leading singular subspace */
    double variance;       /* of an entry, outside the k leading singular vectors */
    unmix_fit fit;
    size_t n_iterations;
} nmf_job;

vtr_status vtr_nmf_open(nmf_job *job, const vtr_unmix_data *data, const vtr_nmf_params *params, int threads,
                        const vtr_progress *progress, vtr_error *err);
void vtr_nmf_close(nmf_job *job);
/* Puts start number `which` into the fit: 0 as the settings say, others at random. */
vtr_status vtr_nmf_begin(nmf_job *job, uint64_t which, vtr_error *err);
vtr_status vtr_nmf_run(unmix_fit *fit, size_t most, vtr_error *err);
vtr_status vtr_nmf_end(unmix_fit *fit, vtr_error *err);
/* Fills result->consensus; the fit is used up. */
vtr_status vtr_nmf_agree(vtr_nmf_result *result, nmf_job *job, vtr_error *err);

#endif
