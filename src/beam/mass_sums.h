/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The sums for one type of pixels; included by mass_kernel.h with TYPE, the pixels', SUM, 32 bits with or without a sign like
 * it, NAME(x), the names' prefix, WIDEN and HIGHER, how they are
 * loaded and compared where the instruction set has its own ways. */

typedef SUM NAME(sums) __attribute__((vector_size(4 * LANES)));

INLINE NAME(sums) NAME(load)(const TYPE *from)
{
#ifdef WIDEN_U8
    return (NAME(sums))WIDEN(from);
#else
    TYPE v __attribute__((vector_size(sizeof(TYPE) * LANES)));
    memcpy(&v, from, sizeof v);
    return __builtin_convertvector(v, NAME(sums));
#endif
}

INLINE NAME(sums) NAME(higher)(NAME(sums) a, NAME(sums) b)
{
#ifdef HIGHER_U
    return (NAME(sums))HIGHER(a, b);
#else
    NAME(sums) is_higher = (NAME(sums))(a > b);
    return (a & is_higher) | (b & ~is_higher);
#endif
}

/* Sums of columns as they are added up, and the highest value. */
typedef struct NAME(moments) {
    SUM a[MASS_SIDE], b[MASS_SIDE], c[MASS_SIDE];
    NAME(sums) highest[MASS_ROWS]; /* one for each row, so that none waits for the one before */
} NAME(moments);

/* Adds the values of MASS_ROWS rows in the columns x <= k < end. */
INLINE void NAME(add)(NAME(moments) * m, const TYPE *const row[MASS_ROWS], const mass_circle *circle,
                      size_t first, size_t x, size_t end, bool is_inside, bool wants_highest)
{
    NAME(sums) highest[MASS_ROWS];
    memcpy(highest, m->highest, sizeof highest);
    for (; x < end; x += LANES) {
        NAME(sums) a, b, c;
        memcpy(&a, m->a + x, sizeof a);
        memcpy(&b, m->b + x, sizeof b);
        memcpy(&c, m->c + x, sizeof c);
        for (size_t j = 0; j < MASS_ROWS; j++) {
            NAME(sums) v = NAME(load)(row[j] + x);
            if (!is_inside) v &= (NAME(sums))(places_from(x) - circle->x0[first + j] < circle->n[first + j]);
            if (wants_highest) highest[j] = NAME(higher)(v, highest[j]);
            a += v;
            b += a;
            c += b;
        }
        memcpy(m->a + x, &a, sizeof a);
        memcpy(m->b + x, &b, sizeof b);
        memcpy(m->c + x, &c, sizeof c);
    }
    memcpy(m->highest, highest, sizeof highest);
}

/* Adds MASS_ROWS rows from `first` on, those beyond the last one empty. */
INLINE void NAME(rows)(NAME(moments) * m, const TYPE *frame, size_t det_x, const mass_circle *circle,
                       size_t first, bool wants_highest)
{
    const TYPE *row[MASS_ROWS];
    size_t begin = 0, end = circle->width; /* of the columns in which all rows are inside */
    for (size_t j = 0; j < MASS_ROWS; j++) {
        size_t i = first + j, x0 = circle->x0[i], x1 = x0 + circle->n[i];
        row[j] = frame + (circle->y0 + (i < circle->n_rows ? i : first)) * det_x + circle->left;
        const TYPE *ahead = row[j] + MASS_AHEAD * det_x;
        for (size_t x = 0; x < circle->width && i + MASS_AHEAD < circle->n_rows; x += 64 / sizeof(TYPE))
            __builtin_prefetch(ahead + x);
        begin = x0 > begin ? x0 : begin;
        end = x1 < end ? x1 : end;
    }
    begin = (begin + LANES - 1) / LANES * LANES;
    end = end / LANES * LANES;
    if (end < begin) begin = end = 0;
    NAME(add)(m, row, circle, first, 0, begin, false, wants_highest);
    NAME(add)(m, row, circle, first, begin, end, true, wants_highest);
    NAME(add)(m, row, circle, first, end, circle->width, false, wants_highest);
}

/* Rows first <= i < first + n of the circle, at most MASS_BLOCK and a multiple of MASS_ROWS. */
INLINE void NAME(block)(mass_columns *out, const TYPE *frame, size_t det_x, const mass_circle *circle,
                        size_t first, size_t n, double cy, bool wants_highest)
{
    NAME(moments) m;
    memset(m.a, 0, circle->width * sizeof *m.a);
    memset(m.b, 0, circle->width * sizeof *m.b);
    memset(m.c, 0, circle->width * sizeof *m.c);
    memset(m.highest, 0, sizeof m.highest);
    for (size_t i = first; i < first + n; i += MASS_ROWS)
        NAME(rows)(&m, frame, det_x, circle, i, wants_highest);
    const double h = (double)(circle->y0 + first + n) - cy; /* dy = h - u */
    for (size_t x = 0; x < circle->width; x++) {
        double sum = m.a[x], sum_u = m.b[x], sum_u2 = 2 * (double)m.c[x] - (double)m.b[x];
        out->value[x] += sum;
        out->dy[x] += h * sum - sum_u;
        out->dy2[x] += h * (h * sum - 2 * sum_u) + sum_u2;
    }
    for (size_t k = 0; k < MASS_ROWS * LANES; k++) {
        double highest = (double)m.highest[k / LANES][k % LANES];
        out->highest = highest > out->highest ? highest : out->highest;
    }
}

INLINE void NAME(all_rows)(mass_columns *out, const void *frame, size_t det_x, const mass_circle *circle,
                           double cy, bool wants_highest)
{
    size_t n_rows = (circle->n_rows + MASS_ROWS - 1) / MASS_ROWS * MASS_ROWS;
    for (size_t i = 0; i < n_rows; i += MASS_BLOCK) {
        size_t n = n_rows - i < MASS_BLOCK ? n_rows - i : MASS_BLOCK;
        NAME(block)(out, frame, det_x, circle, i, n, cy, wants_highest);
    }
}

static void NAME(disc)(mass_columns *out, const void *frame, size_t det_x, const mass_circle *circle,
                       double cy, bool wants_highest)
{
    memset(out->value, 0, circle->width * sizeof(double));
    memset(out->dy, 0, circle->width * sizeof(double));
    memset(out->dy2, 0, circle->width * sizeof(double));
    out->highest = 0;
    if (wants_highest)
        NAME(all_rows)(out, frame, det_x, circle, cy, true);
    else
        NAME(all_rows)(out, frame, det_x, circle, cy, false);
}

/* Adds the columns x <= k < end of a row that are in the outer circle and not among the n from x0 on; 512 rows of 512 values of
 * 16 bits fit a lane of 32. */
INLINE void NAME(add_ring)(NAME(sums) * sum, const TYPE *row, uint32_t outer_x0, uint32_t outer_n,
                           uint32_t x0, uint32_t n, size_t x, size_t end)
{
    for (; x < end; x += LANES) {
        places at = places_from(x);
        *sum += NAME(load)(row + x) & (NAME(sums))(at - outer_x0 < outer_n) & ~(NAME(sums))(at - x0 < n);
    }
}

static double NAME(ring)(const void *frame, size_t det_x, const mass_circle *outer, const mass_circle *inner)
{
    NAME(sums) sum = {0};
    for (size_t i = 0; i < outer->n_rows; i++) {
        const TYPE *row = (const TYPE *)frame + (outer->y0 + i) * det_x + outer->left;
        size_t k = outer->y0 + i - inner->y0; /* beyond n_rows above the inner circle, too */
        uint32_t x0 = 0, n = 0;
        if (k < inner->n_rows) {
            x0 = inner->x0[k] + (uint32_t)inner->left - (uint32_t)outer->left;
            n = inner->n[k];
        }
        /* groups within the inner circle are stepped over */
        size_t begin = (x0 + LANES - 1) / LANES * LANES, end = (x0 + n) / LANES * LANES;
        if (end < begin) begin = end = 0;
        NAME(add_ring)(&sum, row, outer->x0[i], outer->n[i], x0, n, 0, begin);
        NAME(add_ring)(&sum, row, outer->x0[i], outer->n[i], x0, n, end, outer->width);
    }
    double total = 0;
    for (size_t k = 0; k < LANES; k++)
        total += (double)sum[k];
    return total;
}

#undef TYPE
#undef SUM
#undef NAME
#undef WIDEN
#undef HIGHER
