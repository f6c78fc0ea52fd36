/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sums over blocks as a binary tree over their numbers: node (level, index) is the sum of the blocks index 2^level ...
 * (index + 1) 2^level - 1, left half plus right half. Which rank added which block does not show in any node. */
#include <assert.h>
#include <string.h>

#include "base/base_internal.h"
#include "vitrail/ranks.h"

typedef struct tree_node {
    uint64_t level, index;
} tree_node;

struct vtr_block_sum {
    size_t n_values, n_blocks, n, most; /* nodes that wait for their other half, the last ones added last */
    tree_node *nodes;
    double *values; /* [most][n_values] */
};

void vtr_ranks_blocks(const vtr_ranks *ranks, size_t n_blocks, size_t *first, size_t *n)
{
    size_t rank = (size_t)vtr_ranks_rank(ranks), size = (size_t)vtr_ranks_size(ranks);
    size_t each = n_blocks / size, more = n_blocks % size;
    *first = rank * each + (rank < more ? rank : more);
    *n = each + (rank < more);
}

int vtr_ranks_owner(const vtr_ranks *ranks, size_t n_blocks, size_t block)
{
    size_t size = (size_t)vtr_ranks_size(ranks), each = n_blocks / size, more = n_blocks % size;
    return (int)(block < more * (each + 1) ? block / (each + 1) : more + (block - more * (each + 1)) / each);
}

vtr_status vtr_block_sum_create(vtr_block_sum **out, size_t n_values, size_t n_blocks, vtr_error *err)
{
    size_t levels = 1, n = 0;
    while (levels < 63 && ((size_t)1 << levels) < n_blocks)
        levels++;
    vtr_block_sum *sum = vtr_calloc(1, sizeof *sum);
    if (sum != NULL) {
        /* of a stretch: two of each level at most; one more for the block that comes */
        *sum = (vtr_block_sum){.n_values = n_values, .n_blocks = n_blocks, .most = 2 * levels + 3};
        sum->nodes = vtr_malloc(sum->most, sizeof *sum->nodes);
        if (vtr_multiply_size(sum->most, n_values, &n)) sum->values = vtr_malloc(n, sizeof *sum->values);
    }
    if (sum == NULL || sum->nodes == NULL || sum->values == NULL) {
        vtr_block_sum_free(sum);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for sums of %zu values", n_values);
    }
    *out = sum;
    return VTR_OK;
}

void vtr_block_sum_free(vtr_block_sum *sum)
{
    if (sum == NULL) return;
    vtr_free(sum->nodes);
    vtr_free(sum->values);
    vtr_free(sum);
}

/* Adds a node at the end; then the last two are made one as long as they are halves of one. */
static void push(vtr_block_sum *sum, tree_node node, const double *values)
{
    assert(sum->n < sum->most);
    memcpy(sum->values + sum->n * sum->n_values, values, sum->n_values * sizeof *values);
    sum->nodes[sum->n++] = node;
    while (sum->n > 1) {
        tree_node *left = &sum->nodes[sum->n - 2], *right = &sum->nodes[sum->n - 1];
        if (left->level != right->level || left->index % 2 != 0 || left->index + 1 != right->index) return;
        double *a = sum->values + (sum->n - 2) * sum->n_values, *b = a + sum->n_values;
        for (size_t i = 0; i < sum->n_values; i++)
            a[i] += b[i];
        *left = (tree_node){left->level + 1, left->index / 2};
        sum->n--;
    }
}

void vtr_block_sum_add(vtr_block_sum *sum, size_t block, const double *values)
{
    assert(block < sum->n_blocks);
    push(sum, (tree_node){0, block}, values);
}

/* The other ranks' nodes after rank 0's: in the blocks' order, as the ranks are. */
static vtr_status collect(vtr_ranks *ranks, vtr_block_sum *sum, const size_t *n_of, vtr_error *err)
{
    enum { TAG_NODES = VTR_RANKS_MAX_TAG };
    size_t n_bytes = sum->n_values * sizeof(double);
    if (vtr_ranks_rank(ranks) != 0) {
        vtr_status status = vtr_ranks_send(ranks, 0, TAG_NODES, sum->nodes, sum->n * sizeof *sum->nodes, err);
        return status == VTR_OK ? vtr_ranks_send(ranks, 0, TAG_NODES, sum->values, sum->n * n_bytes, err)
                                : status;
    }
    tree_node *nodes = vtr_malloc(sum->most, sizeof *nodes);
    double *values = vtr_malloc(sum->most, n_bytes);
    vtr_status status = VTR_OK;
    if (nodes == NULL || values == NULL) status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for sums");
    for (int rank = 1; status == VTR_OK && rank < vtr_ranks_size(ranks); rank++) {
        status = vtr_ranks_receive(ranks, rank, TAG_NODES, nodes, n_of[rank] * sizeof *nodes, err);
        if (status == VTR_OK)
            status = vtr_ranks_receive(ranks, rank, TAG_NODES, values, n_of[rank] * n_bytes, err);
        for (size_t i = 0; status == VTR_OK && i < n_of[rank]; i++)
            push(sum, nodes[i], values + i * sum->n_values);
    }
    vtr_free(nodes);
    vtr_free(values);
    return status;
}

/* Nodes of a number of blocks that is no power of two have no common root: they are added from the left. */
static void add_up(const vtr_block_sum *sum, double *total)
{
    memset(total, 0, sum->n_values * sizeof *total);
    for (size_t k = 0; k < sum->n; k++)
        for (size_t i = 0; i < sum->n_values; i++)
            total[i] += sum->values[k * sum->n_values + i];
}

vtr_status vtr_ranks_sum(vtr_ranks *ranks, vtr_block_sum *sum, double *total, vtr_error *err)
{
    size_t *n_of = vtr_calloc((size_t)vtr_ranks_size(ranks), sizeof *n_of), mine = sum->n;
    if (n_of == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for sums");
    vtr_status status = vtr_ranks_all_gather(ranks, &mine, sizeof mine, n_of, err);
    if (status == VTR_OK) status = collect(ranks, sum, n_of, err);
    if (status == VTR_OK && vtr_ranks_rank(ranks) == 0) add_up(sum, total);
    if (status == VTR_OK) status = vtr_ranks_broadcast(ranks, 0, total, sum->n_values * sizeof *total, err);
    sum->n = 0;
    vtr_free(n_of);
    return status;
}
