/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "cli.h"

bool cli_is_first(const cli_run *run)
{
    return vtr_ranks_rank(run->ranks) == 0;
}

vtr_status cli_open_shared(vtr_mapfile **out, const char *path, const cli_run *run, vtr_error *err)
{
    vtr_status status =
        cli_is_first(run) ? vtr_mapfile_edit(out, path, err) : vtr_mapfile_open(out, path, err);
    return vtr_ranks_agree(run->ranks, status, err);
}

vtr_status cli_print_traffic(const cli_run *run, vtr_error *err)
{
    int size = vtr_ranks_size(run->ranks);
    if (!run->common.verbose || size == 1) return VTR_OK;
    vtr_ranks_traffic mine = vtr_ranks_traffic_of(run->ranks), *all = calloc((size_t)size, sizeof *all);
    vtr_status status =
        all != NULL ? VTR_OK : vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %d ranks", size);
    status = vtr_ranks_agree(run->ranks, status, err);
    if (status == VTR_OK) status = vtr_ranks_all_gather(run->ranks, &mine, sizeof mine, all, err);
    for (int rank = 0; status == VTR_OK && cli_is_first(run) && rank < size; rank++)
        fprintf(stderr, "rank %-8d sent %.3f MB in %llu messages, received %.3f MB in %llu\n", rank,
                1e-6 * (double)all[rank].bytes_sent, (unsigned long long)all[rank].messages_sent,
                1e-6 * (double)all[rank].bytes_received, (unsigned long long)all[rank].messages_received);
    free(all);
    return status;
}
