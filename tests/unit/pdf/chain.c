/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chain.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vitrail/figure.h"

enum { MAX_PANELS = 16 };
static chain_comparison drawn[MAX_PANELS];
static char titles[MAX_PANELS][160];
static size_t n_drawn;

static const char *path_of(const char *name)
{
    char relative[256];
    snprintf(relative, sizeof relative, "total-scattering/%s", name);
    const char *path = test_data_path(relative);
    if (path == NULL) skip();
    return path;
}

vtr_profile_text chain_read(const char *name, const char *columns)
{
    vtr_error err;
    vtr_profile_text p;
    vtr_profile_text_params params = vtr_profile_text_default_params();
    params.columns = columns;
    assert_ok(vtr_profile_text_read(&p, path_of(name), &params, &err));
    return p;
}

double *chain_load(const char *name, size_t n)
{
    FILE *file = fopen(path_of(name), "rb");
    unsigned char head[10];
    assert_non_null(file);
    assert_int_equal(fread(head, 1, sizeof head, file), sizeof head);
    assert_memory_equal(head, "\x93NUMPY\x01", 7);
    assert_int_equal(fseek(file, head[8] + 256 * head[9], SEEK_CUR), 0);
    double *values = calloc(n, sizeof *values);
    assert_int_equal(fread(values, sizeof *values, n, file), n);
    assert_int_equal(fgetc(file), EOF);
    fclose(file);
    return values;
}

double *chain_variance(const vtr_profile_text *profile)
{
    if (profile->error == NULL) return NULL;
    double *variance = calloc(profile->n, sizeof *variance);
    for (size_t i = 0; i < profile->n; i++)
        variance[i] = profile->error[i] * profile->error[i];
    return variance;
}

double chain_at(size_t n, const double *x, const double *y, double at)
{
    size_t lo = 0, hi = n - 1;
    if (at < x[0] - 1e-9 || at > x[n - 1] + 1e-9) return NAN;
    while (hi - lo > 1) {
        size_t mid = (lo + hi) / 2;
        if (x[mid] <= at)
            lo = mid;
        else
            hi = mid;
    }
    double t = (at - x[lo]) / (x[hi] - x[lo]);
    return t < 1e-9 ? y[lo] : t > 1 - 1e-9 ? y[hi] : (1 - t) * y[lo] + t * y[hi];
}

/* The highest point between lo and hi, by the parabola through it and its neighbours. */
static double maximum(size_t n, const double *x, const double *y, double lo, double hi)
{
    size_t top = 0;
    for (size_t i = 1; i + 1 < n; i++)
        if (x[i] >= lo && x[i] <= hi && (top == 0 || y[i] > y[top])) top = i;
    if (top == 0) return NAN;
    double bend = y[top - 1] - 2 * y[top] + y[top + 1];
    return x[top] + (y[top - 1] - y[top + 1]) / (2 * bend) * (x[top + 1] - x[top]);
}

static void keep_for_figure(const chain_comparison *c, const chain_agreement *a)
{
    if (getenv("VITRAIL_CHAIN_FIGURES") == NULL || n_drawn == MAX_PANELS) return;
    chain_comparison *d = &drawn[n_drawn];
    *d = *c;
    if (c->plot_hi > 0) d->lo = c->plot_lo, d->hi = c->plot_hi;
    double *x = calloc(c->n, sizeof *x), *y = calloc(2 * c->n, sizeof *y);
    for (size_t i = 0; i < c->n; i++) {
        x[i] = c->x[i];
        y[i] = c->x[i] < d->lo || c->x[i] > d->hi ? NAN : a->factor * c->y[i];
        y[c->n + i] = isnan(y[i]) ? NAN : chain_at(c->n_reference, c->x_reference, c->y_reference, c->x[i]);
    }
    d->x = x;
    d->y = y;
    snprintf(titles[n_drawn], sizeof titles[0], "%s, R %.2g %%", c->title, 100 * a->r_factor);
    n_drawn++;
}

chain_agreement chain_compare(const chain_comparison *c, double most)
{
    double yy = 0, yr = 0, rr = 0;
    for (size_t i = 0; i < c->n; i++) {
        double reference = chain_at(c->n_reference, c->x_reference, c->y_reference, c->x[i]);
        if (c->x[i] < c->lo || c->x[i] > c->hi || isnan(reference) || isnan(c->y[i])) continue;
        yy += c->y[i] * c->y[i];
        yr += c->y[i] * reference;
        rr += reference * reference;
    }
    assert_true(rr > 0);
    chain_agreement a = {.factor = c->is_scale_free ? yr / yy : 1, .peak = 0};
    a.r_factor = sqrt(fmax(0, a.factor * a.factor * yy - 2 * a.factor * yr + rr) / rr);
    if (c->peak_hi > 0)
        a.peak = maximum(c->n, c->x, c->y, c->peak_lo, c->peak_hi) -
                 maximum(c->n_reference, c->x_reference, c->y_reference, c->peak_lo, c->peak_hi);
    print_message("%-44s R %8.4f %%  factor %9.5f  peak %+.4f\n", c->title, 100 * a.r_factor, a.factor,
                  a.peak);
    keep_for_figure(c, &a);
    assert_in_range((uintmax_t)(1e6 * a.r_factor), 0, (uintmax_t)(1e6 * most));
    assert_near(a.peak, 0, 0.01);
    return a;
}

chain_agreement chain_compare_G(const char *title, const vtr_pdf *pdf, const vtr_profile_text *reference,
                                double foot, const double peak[2], bool is_scale_free, double most)
{
    chain_comparison c = {.title = title,
                          .x_label = "r (Å)",
                          .y_label = "G (1/Å²)",
                          .n = pdf->n_r,
                          .x = pdf->r,
                          .y = pdf->G,
                          .n_reference = reference->n,
                          .x_reference = reference->x,
                          .y_reference = reference->y,
                          .lo = foot,
                          .hi = 20,
                          .peak_lo = peak[0],
                          .peak_hi = peak[1],
                          .is_scale_free = is_scale_free,
                          .plot_lo = 0.5,
                          .plot_hi = 12};
    return chain_compare(&c, most);
}

int chain_figure(const char *name)
{
    const char *folder = getenv("VITRAIL_CHAIN_FIGURES");
    static vtr_figure_series series[MAX_PANELS][2];
    static vtr_figure_panel panels[MAX_PANELS];
    char path[512];
    vtr_error err;
    if (folder == NULL || n_drawn == 0) return 0;
    for (size_t i = 0; i < n_drawn; i++) {
        const chain_comparison *d = &drawn[i];
        for (int k = 0; k < 2; k++)
            series[i][k] = (vtr_figure_series){.n = d->n,
                                               .x = d->x,
                                               .y = d->y + (size_t)(1 - k) * d->n,
                                               .label = k == 0 ? "file" : "here",
                                               .style = k == 0 ? VTR_LINE_SOLID : VTR_LINE_DASHED};
        panels[i] = vtr_figure_plot_panel(series[i], 2);
        panels[i].title = titles[i];
        panels[i].plot.x_label = d->x_label;
        panels[i].plot.y_label = d->y_label;
    }
    vtr_figure_page page = vtr_figure_default_page(n_drawn);
    page.columns = n_drawn > 1 ? 2 : 1;
    page.dpi = 150;
    page.force = true;
    snprintf(path, sizeof path, "%s/%s.png", folder, name);
    vtr_status status = vtr_figure_write(path, panels, n_drawn, &page, &err);
    if (status != VTR_OK) print_error("%s\n", err.message);
    n_drawn = 0;
    return status == VTR_OK ? 0 : -1;
}
