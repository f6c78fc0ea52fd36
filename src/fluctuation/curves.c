/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From sums to curves with errors. */
#include <math.h>
#include <string.h>

#include "fluctuation/fluctuation_internal.h"

static const char *const names[VTR_FLUCTUATION_DEFINITIONS] = {"V_Omega", "V_r", "V_re", "Omega_V"};

const char *vtr_fluctuation_name(vtr_fluctuation_definition definition)
{
    return names[definition];
}

/* V of n numbers with this sum, whose factorial second moments add to `second`; each has the read-out variance `read`. Given the sum,
 * counts without structure are multinomial: the ratio is without bias. n/(n - 1) is that of a sample's variance. */
static double normalised(double n, double sum, double second, double gain, double read)
{
    double square = sum * (sum - gain) - n * read;
    if (n < 2 || !(sum > 1.5 * gain) || !(sum >= 5 * sqrt(n * read))) return NAN;
    return n / (n - 1) * (n * second / square - 1);
}

/* What counting does to V of n numbers: the variance of their factorial moments about a common mean, given their sum (of counts,
 * 2 C (C - 1)/n). */
static double normalised_counting(double n, double sum, double gain, double read)
{
    double square = sum * (sum - gain) - n * read;
    double variance2 = gain * gain * sum * (sum - gain) / (n * n) + 2 * gain * sum / n * read + read * read;
    return 2 * n * variance2 * n * n / (square * square);
}

static double of_annular_mean(const vtr_fluctuation_plan *plan, const fluctuation_ring *ring,
                              const fluctuation_sum *s)
{
    double read = plan->noise.read_noise * plan->noise.read_noise * (double)ring->n;
    return normalised(s->n, s->first, s->second, plan->noise.gain, read);
}

/* The sum of the ring's q as these positions have it: n sum c / sum c/q. What the expected shape has wrong then counts in second order
 * only, and so does what counting does along it. */
static double shape_of(const fluctuation_ring *ring, const fluctuation_sum *s)
{
    return s->weighted > 0 && s->first > 0 ? (double)ring->n * s->first / s->weighted : ring->shape;
}

static double of_rings(const fluctuation_ring *ring, const fluctuation_sum *s)
{
    double shape = shape_of(ring, s) / ring->shape;
    return s->n_ring > 0 ? (s->ring / s->n_ring + 1) * shape * shape - 1 : NAN;
}

static double of_ensemble(const vtr_fluctuation_plan *plan, const fluctuation_ring *ring,
                          const fluctuation_sum *s)
{
    double n = (double)ring->n, gain = plan->noise.gain,
           read = plan->noise.read_noise * plan->noise.read_noise;
    double square = s->first * (s->first - gain) - s->n * n * read;
    if (!(s->first > 1.5 * gain) || !(s->first >= 5 * sqrt(s->n * n * read))) return NAN;
    double shape = shape_of(ring, s);
    return s->n * s->pixel * shape * shape / (n * square) - 1;
}

static double of_ensemble_counting(const vtr_fluctuation_plan *plan, const fluctuation_ring *ring,
                                   const fluctuation_sum *s)
{
    double n = (double)ring->n, gain = plan->noise.gain,
           read = plan->noise.read_noise * plan->noise.read_noise;
    double square = s->first * (s->first - gain) - s->n * n * read;
    double factor = s->n * ring->shape * ring->shape / (n * square), scale = gain / s->n / ring->shape;
    return factor * factor * s->n * 2 *
           (scale * scale * s->first * (s->first - gain) * ring->inverse[0] +
            2 * scale * s->first * read * ring->inverse[1] + read * read * ring->inverse[2]);
}

/* The mean over the ring's pixels of their V over positions. `without` NULL: none is left out. */
static double of_image(const vtr_fluctuation_plan *plan, const fluctuation_ring *ring, double n,
                       const vtr_fluctuation_sums *all, const vtr_fluctuation_sums *without, double *counting)
{
    double gain = plan->noise.gain, read = plan->noise.read_noise * plan->noise.read_noise, sum = 0,
           variance = 0, n_pixels = 0;
    for (size_t i = ring->first; i < ring->first + ring->n; i++) {
        double first = all->first[i] - (without != NULL ? without->first[i] : 0);
        double second = all->second[i] - (without != NULL ? without->second[i] : 0);
        double v = normalised(n, first, second - gain * first - n * read, gain, read);
        if (!isfinite(v)) continue;
        sum += v;
        n_pixels++;
        if (counting != NULL) variance += normalised_counting(n, first, gain, read);
    }
    if (counting != NULL) *counting = variance / (n_pixels * n_pixels);
    return n_pixels > 0 ? sum / n_pixels : NAN;
}

static void add_sums(fluctuation_sum *to, const fluctuation_sum *s, double sign)
{
    to->n += sign * s->n;
    to->n_left += sign * s->n_left;
    to->first += sign * s->first;
    to->second += sign * s->second;
    to->weighted += sign * s->weighted;
    to->pixel += sign * s->pixel;
    to->ring += sign * s->ring;
    to->n_ring += sign * s->n_ring;
    to->ring_counting += sign * s->ring_counting;
}

/* All four of one ring, with the sums `without` left out of `all`. */
static void evaluate(double value[VTR_FLUCTUATION_DEFINITIONS], const vtr_fluctuation_plan *plan, size_t r,
                     const vtr_fluctuation_sums *all, const vtr_fluctuation_sums *without, double *counting)
{
    const fluctuation_ring *ring = &plan->rings[r];
    fluctuation_sum s = all->rings[r];
    if (without != NULL) add_sums(&s, &without->rings[r], -1);
    value[VTR_FLUCTUATION_V_OMEGA] = of_annular_mean(plan, ring, &s);
    value[VTR_FLUCTUATION_V_R] = of_rings(ring, &s);
    value[VTR_FLUCTUATION_V_RE] = of_ensemble(plan, ring, &s);
    value[VTR_FLUCTUATION_OMEGA_V] = of_image(plan, ring, s.n, all, without, counting);
}

static void counting_variances(double variance[VTR_FLUCTUATION_DEFINITIONS], const vtr_fluctuation_plan *plan,
                               size_t r, const vtr_fluctuation_sums *all)
{
    const fluctuation_ring *ring = &plan->rings[r];
    const fluctuation_sum *s = &all->rings[r];
    double read = plan->noise.read_noise * plan->noise.read_noise * (double)ring->n;
    variance[VTR_FLUCTUATION_V_OMEGA] = normalised_counting(s->n, s->first, plan->noise.gain, read);
    variance[VTR_FLUCTUATION_V_R] = s->ring_counting / (s->n_ring * s->n_ring);
    variance[VTR_FLUCTUATION_V_RE] = of_ensemble_counting(plan, ring, s);
}

static vtr_status total(vtr_fluctuation_sums **out, const vtr_fluctuation_plan *plan,
                        vtr_fluctuation_sums *const *sums, size_t n_sums, vtr_error *err)
{
    vtr_status status = vtr_fluctuation_sums_create(out, plan, err);
    for (size_t b = 0; status == VTR_OK && b < n_sums; b++) {
        if (sums[b] == NULL) continue;
        for (size_t r = 0; r < plan->n_rings; r++)
            add_sums(&(*out)->rings[r], &sums[b]->rings[r], 1);
        for (size_t i = 0; i < plan->n_pixels; i++) {
            (*out)->first[i] += sums[b]->first[i];
            (*out)->second[i] += sums[b]->second[i];
        }
    }
    return status;
}

/* V + 1 goes as the number of pairs of electrons that meet in a pixel. With so few of them their scatter over regions may be missed, and
 * counting says what it is at least. */
static const double few_coincidences = 50;

/* Jackknife over sums of unequal numbers of positions: pseudo-values h V - (h - 1) V_without with h = N/n, each with the variance
 * (h - 1) times that of V (F. M. T. A. Busing, E. Meijer, R. van der Leeden, Stat. Comput. 9, 3 (1999)). */
static void jackknife(double error[VTR_FLUCTUATION_DEFINITIONS],
                      const double value[VTR_FLUCTUATION_DEFINITIONS], const vtr_fluctuation_plan *plan,
                      size_t r, const vtr_fluctuation_sums *all, vtr_fluctuation_sums *const *sums,
                      size_t n_sums)
{
    double variance[VTR_FLUCTUATION_DEFINITIONS] = {0}, n_blocks = 0;
    for (size_t b = 0; b < n_sums; b++)
        n_blocks += sums[b] != NULL && sums[b]->rings[r].n > 0;
    for (size_t b = 0; b < n_sums; b++) {
        if (sums[b] == NULL || !(sums[b]->rings[r].n > 0)) continue;
        double left[VTR_FLUCTUATION_DEFINITIONS], h = all->rings[r].n / sums[b]->rings[r].n;
        evaluate(left, plan, r, all, sums[b], NULL);
        for (int d = 0; d < VTR_FLUCTUATION_DEFINITIONS; d++)
            variance[d] += (h - 1) * (left[d] - value[d]) * (left[d] - value[d]) / n_blocks;
    }
    double counting[VTR_FLUCTUATION_DEFINITIONS], unused[VTR_FLUCTUATION_DEFINITIONS];
    counting_variances(counting, plan, r, all);
    evaluate(unused, plan, r, all, NULL, &counting[VTR_FLUCTUATION_OMEGA_V]);
    for (int d = 0; d < VTR_FLUCTUATION_DEFINITIONS; d++) {
        bool is_poor = !isfinite(variance[d]) || counting[d] > 1 / few_coincidences;
        if (is_poor && !(variance[d] > counting[d])) variance[d] = counting[d];
        error[d] = n_blocks > 1 && isfinite(value[d]) ? sqrt(variance[d]) : NAN;
    }
}

vtr_status fluctuation_curves_create(vtr_fluctuation_curves *c, size_t n, vtr_error *err)
{
    bool has_all = true;
    c->n = n;
    has_all &= (c->mean = vtr_malloc(n, sizeof *c->mean)) != NULL;
    has_all &= (c->n_used = vtr_malloc(n, sizeof *c->n_used)) != NULL;
    has_all &= (c->n_left = vtr_malloc(n, sizeof *c->n_left)) != NULL;
    for (int d = 0; d < VTR_FLUCTUATION_DEFINITIONS; d++) {
        has_all &= (c->value[d] = vtr_malloc(n, sizeof *c->value[d])) != NULL;
        has_all &= (c->error[d] = vtr_malloc(n, sizeof *c->error[d])) != NULL;
    }
    return has_all ? VTR_OK : vtr_fail(err, VTR_ERR_MEMORY, "out of memory for curves of %zu rings", n);
}

vtr_status vtr_fluctuation_finish(vtr_fluctuation_curves *out, const vtr_fluctuation_plan *plan,
                                  vtr_fluctuation_sums *const *sums, size_t n_sums, vtr_error *err)
{
    vtr_fluctuation_sums *all = NULL;
    vtr_fluctuation_curves c = {0};
    vtr_status status = total(&all, plan, sums, n_sums, err);
    if (status == VTR_OK) status = fluctuation_curves_create(&c, plan->n_rings, err);
    for (size_t r = 0; status == VTR_OK && r < plan->n_rings; r++) {
        double value[VTR_FLUCTUATION_DEFINITIONS], error[VTR_FLUCTUATION_DEFINITIONS];
        const fluctuation_sum *s = &all->rings[r];
        evaluate(value, plan, r, all, NULL, NULL);
        jackknife(error, value, plan, r, all, sums, n_sums);
        c.mean[r] = s->n > 0 ? s->first / s->n / (double)plan->rings[r].n : NAN;
        c.n_used[r] = s->n;
        c.n_left[r] = s->n_left;
        for (int d = 0; d < VTR_FLUCTUATION_DEFINITIONS; d++) {
            c.value[d][r] = value[d];
            c.error[d][r] = error[d];
        }
    }
    vtr_fluctuation_sums_free(&all);
    if (status == VTR_OK)
        *out = c;
    else
        vtr_fluctuation_curves_release(&c);
    return status;
}

void vtr_fluctuation_curves_release(vtr_fluctuation_curves *c)
{
    vtr_free(c->mean);
    vtr_free(c->n_used);
    vtr_free(c->n_left);
    for (int d = 0; d < VTR_FLUCTUATION_DEFINITIONS; d++) {
        vtr_free(c->value[d]);
        vtr_free(c->error[d]);
    }
    memset(c, 0, sizeof *c);
}
