/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Run alone, and by a launcher as several ranks: what a rank has to get is reckoned from the ranks' numbers. */
#include "vitrail/ranks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_internal.h"
#include "support.h"

static vtr_ranks *ranks;

static unsigned char byte_of(int rank, size_t i)
{
    return (unsigned char)(rank * 37 + (int)(i % 251));
}

static void numbers_and_blocks(void **state)
{
    (void)state;
    enum { N_BLOCKS = 11 };
    size_t mine[2], all[2 * 64] = {0}, next = 0;
    assert_in_range(vtr_ranks_size(ranks), 1, 64);
    assert_in_range(vtr_ranks_rank(ranks), 0, vtr_ranks_size(ranks) - 1);
    assert_int_equal(vtr_ranks_threads(ranks, 3), 3);
    assert_true(vtr_ranks_threads(ranks, 0) >= 1);
    assert_in_range(vtr_ranks_on_machine(ranks), 1, vtr_ranks_size(ranks));
    vtr_ranks_blocks(ranks, N_BLOCKS, &mine[0], &mine[1]);
    assert_int_equal(vtr_ranks_all_gather(ranks, mine, sizeof mine, all, NULL), VTR_OK);
    for (int rank = 0; rank < vtr_ranks_size(ranks); rank++) {
        assert_int_equal(all[2 * rank], next);
        next += all[2 * rank + 1];
    }
    assert_int_equal(next, N_BLOCKS);
}

static void broadcast_from_everyone(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 1000, 3000017};
    unsigned char *data = malloc(lengths[3]);
    for (int root = 0; root < vtr_ranks_size(ranks); root++)
        for (size_t k = 0; k < 4; k++) {
            for (size_t i = 0; i < lengths[k]; i++)
                data[i] = vtr_ranks_rank(ranks) == root ? byte_of(root, i) : 0;
            assert_int_equal(vtr_ranks_broadcast(ranks, root, data, lengths[k], NULL), VTR_OK);
            for (size_t i = 0; i < lengths[k]; i++)
                assert_int_equal(data[i], byte_of(root, i));
        }
    free(data);
}

static void gather_different_lengths(void **state)
{
    (void)state;
    size_t lengths[64], n = 0;
    for (int rank = 0; rank < vtr_ranks_size(ranks); rank++)
        n += lengths[rank] = rank == 1 ? 0 : 1000 + 77 * (size_t)rank;
    int me = vtr_ranks_rank(ranks);
    unsigned char *mine = malloc(lengths[me] + 1), *all = malloc(n), *expected = all;
    for (size_t i = 0; i < lengths[me]; i++)
        mine[i] = byte_of(me, i);
    assert_int_equal(vtr_ranks_gather(ranks, mine, lengths[me], all, me == 0 ? lengths : NULL, NULL), VTR_OK);
    for (int rank = 0; me == 0 && rank < vtr_ranks_size(ranks); expected += lengths[rank++])
        for (size_t i = 0; i < lengths[rank]; i++)
            assert_int_equal(expected[i], byte_of(rank, i));
    free(mine);
    free(all);
}

/* Everybody answers rank 0 twice; it takes what comes, from whom it comes: in order from each. */
static void poll_for_anybody(void **state)
{
    (void)state;
    enum { TAG = 5 };
    int me = vtr_ranks_rank(ranks), n = 2 * (vtr_ranks_size(ranks) - 1), seen[64] = {0};
    for (int k = 0; me != 0 && k < 2; k++)
        assert_int_equal(vtr_ranks_send(ranks, 0, TAG, &k, sizeof k, NULL), VTR_OK);
    unsigned n_waits = 0;
    for (int k = 0; me == 0 && k < n;) {
        vtr_ranks_message message;
        bool is_there;
        int value;
        assert_int_equal(vtr_ranks_poll(ranks, VTR_ANY_RANK, TAG, &message, &is_there, NULL), VTR_OK);
        if (!is_there) {
            vtr_ranks_wait(&n_waits);
            continue;
        }
        assert_int_equal(message.n_bytes, sizeof value);
        assert_int_equal(vtr_ranks_take(ranks, &message, &value, NULL), VTR_OK);
        assert_int_equal(value, seen[message.from]++);
        k++;
    }
    assert_int_equal(vtr_ranks_barrier(ranks, NULL), VTR_OK);
}

static void lengths_must_fit(void **state)
{
    (void)state;
    vtr_error err;
    char data[8] = "";
    int me = vtr_ranks_rank(ranks), size = vtr_ranks_size(ranks);
    if (size == 1) return;
    if (me == 1) assert_int_equal(vtr_ranks_send(ranks, 0, 1, data, 3, NULL), VTR_OK);
    if (me == 0) {
        assert_int_equal(vtr_ranks_receive(ranks, 1, 1, data, 8, &err), VTR_ERR_IO);
        assert_string_equal(err.message, "rank 1 sent 3 bytes where rank 0 expected 8");
    }
    assert_int_equal(vtr_ranks_barrier(ranks, NULL), VTR_OK);
}

static double value_of(size_t block, size_t i)
{
    return sin((double)(block * 131 + i)) * exp(0.3 * (double)(block % 29));
}

/* The same bits as one rank has them, which are not those of a plain loop; as near to that as rounding lets. */
static void sums_have_the_same_bits(void **state)
{
    (void)state;
    enum { N = 33 };
    static const size_t counts[] = {1, 2, 3, 8, 13, 64, 100, 341};
    for (size_t c = 0; c < 8; c++) {
        double values[N], alone[N], total[N], plain[N] = {0}, size[N] = {0};
        vtr_block_sum *one = NULL, *sum = NULL;
        size_t first, n;
        assert_int_equal(vtr_block_sum_create(&one, N, counts[c], NULL), VTR_OK);
        assert_int_equal(vtr_block_sum_create(&sum, N, counts[c], NULL), VTR_OK);
        vtr_ranks_blocks(ranks, counts[c], &first, &n);
        for (size_t block = 0; block < counts[c]; block++) {
            for (size_t i = 0; i < N; i++) {
                plain[i] += values[i] = value_of(block, i);
                size[i] += fabs(values[i]);
            }
            vtr_block_sum_add(one, block, values);
            if (block >= first && block < first + n) vtr_block_sum_add(sum, block, values);
        }
        assert_int_equal(vtr_ranks_sum(NULL, one, alone, NULL), VTR_OK);
        assert_int_equal(vtr_ranks_sum(ranks, sum, total, NULL), VTR_OK);
        assert_memory_equal(total, alone, sizeof total);
        for (size_t i = 0; i < N; i++) /* n additions round by half a unit each at most */
            assert_true(fabs(total[i] - plain[i]) <= 1.2e-16 * (double)counts[c] * size[i]);
        vtr_block_sum_free(one);
        vtr_block_sum_free(sum);
    }
}

static void one_failure_is_everybodys(void **state)
{
    (void)state;
    vtr_error err = {0};
    int me = vtr_ranks_rank(ranks), last = vtr_ranks_size(ranks) - 1;
    char expected[64] = "cannot read 'a'";
    if (last > 0) snprintf(expected, sizeof expected, "rank %d: cannot read 'a'", last);
    assert_int_equal(vtr_ranks_agree(ranks, VTR_OK, &err), VTR_OK);
    assert_false(vtr_ranks_know_failure(ranks));
    vtr_status mine = me == last ? vtr_fail(&err, VTR_ERR_FORMAT, "cannot read 'a'") : VTR_OK;
    assert_int_equal(vtr_ranks_agree(ranks, mine, &err), VTR_ERR_FORMAT);
    assert_string_equal(err.message, expected);
    assert_int_equal(vtr_ranks_know_failure(ranks), last > 0);
    /* and stays so */
    assert_int_equal(vtr_ranks_agree(ranks, VTR_OK, &err), last > 0 ? VTR_ERR_FORMAT : VTR_OK);
}

/* What all sent is what all received. */
static void traffic_is_counted(void **state)
{
    (void)state;
    assert_int_equal(vtr_ranks_barrier(ranks, NULL), VTR_OK);
    vtr_ranks_traffic mine = vtr_ranks_traffic_of(ranks), all[64];
    assert_int_equal(vtr_ranks_all_gather(ranks, &mine, sizeof mine, all, NULL), VTR_OK);
    uint64_t sent = 0, received = 0, messages = 0;
    for (int rank = 0; rank < vtr_ranks_size(ranks); rank++) {
        sent += all[rank].bytes_sent;
        received += all[rank].bytes_received;
        messages += all[rank].messages_sent - all[rank].messages_received;
    }
    assert_int_equal(sent, received);
    assert_int_equal(messages, 0);
    assert_int_equal(sent > 0, vtr_ranks_size(ranks) > 1);
}

int main(void)
{
    /* the last one leaves a message behind that nobody takes */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_blocks),       cmocka_unit_test(broadcast_from_everyone),
        cmocka_unit_test(gather_different_lengths), cmocka_unit_test(poll_for_anybody),
        cmocka_unit_test(sums_have_the_same_bits),  cmocka_unit_test(one_failure_is_everybodys),
        cmocka_unit_test(traffic_is_counted),       cmocka_unit_test(lengths_must_fit),
    };
    vtr_error err;
    if (vtr_ranks_are_launched() && vtr_ranks_start(&ranks, &err) != VTR_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (n_failed > 0) vtr_ranks_abort(ranks, 1); /* the others may wait */
    vtr_ranks_finish(&ranks);
    return 0;
}
