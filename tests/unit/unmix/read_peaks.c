/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Peak tables of components: against the specimen's closed forms, bare and through a window. */
#include <math.h>
#include <string.h>

#include "allocation.h"
#include "base/base_internal.h"
#include "twin/phase_internal.h"
#include "vitrail/unmix_read.h"

enum { N_R = 480, N_Q = 4000 };

typedef struct glass {
    double r[N_R], G[N_R];
    vtr_unmix_pdf pdf;
} glass;

/* One of the two structures at r = 0.02 to 9.6 Å; through [qmin, qmax] unless qmax is NAN. */
static void make_glass(glass *g, size_t phase, double qmin, double qmax, bool is_lorch)
{
    static double q[N_Q], F[N_Q];
    for (size_t i = 0; i < N_R; i++) {
        g->r[i] = 0.02 * ((double)i + 1);
        g->G[i] = vtr_twin_glass_G(phase, g->r[i]);
    }
    g->pdf = (vtr_unmix_pdf){.n_r = N_R,
                             .r = g->r,
                             .G = g->G,
                             .qmin = qmin,
                             .qmax = qmax,
                             .density = vtr_twin_glass_density(phase),
                             .window = is_lorch ? VTR_PDF_WINDOW_LORCH : VTR_PDF_WINDOW_NONE};
    if (isnan(qmax)) return;
    for (size_t j = 0; j < N_Q; j++) {
        q[j] = qmin + (qmax - qmin) * ((double)j + 0.5) / N_Q;
        double x = 3.14159265358979324 * q[j] / qmax;
        F[j] = q[j] * vtr_twin_glass_s(phase, q[j]) * (is_lorch ? sin(x) / x : 1);
    }
    vtr_pdf_transform(N_Q, q, F, N_R, g->r, g->G);
}

static const struct {
    double first, fwhm, second, shoulder;
} truth[2] = {{2.53, 0.65, 4.24, 4.95}, {2.46, 0.48, 4.10, 4.66}};

static void print_peaks(const vtr_unmix_peaks *p)
{
    print_message(
        "first %.3f +- %.3f fwhm %.3f +- %.3f second %.3f +- %.3f shoulder %.3f +- %.3f intrinsic %.3f fwhm "
        "%.3f +- %.3f height %.2f\n",
        p->first.position, p->first.position_error, p->first.fwhm, p->first.fwhm_error, p->second.position,
        p->second.position_error, p->shoulder.position, p->shoulder.position_error, p->intrinsic.position,
        p->intrinsic.fwhm, p->intrinsic.fwhm_error, p->intrinsic.height);
}

static void structures_have_their_peaks(void **state)
{
    (void)state;
    vtr_error err;
    static glass g;
    for (size_t phase = 0; phase < 2; phase++) {
        vtr_unmix_peaks p;
        make_glass(&g, phase, NAN, NAN, false);
        assert_ok(vtr_unmix_peaks_read(&p, &g.pdf, &err));
        print_peaks(&p);
        assert_near(p.first.position, truth[phase].first, 0.01);
        assert_near(p.first.fwhm, truth[phase].fwhm, 0.01);
        assert_near(p.second.position, truth[phase].second, 0.02);
        assert_near(p.shoulder.position, truth[phase].shoulder, 0.03);
        for (int w = 0; w < 8; w++) {
            static const double qmax[4] = {10, 12, 14, 17};
            make_glass(&g, phase, 1, qmax[w / 2], w % 2);
            assert_ok(vtr_unmix_peaks_read(&p, &g.pdf, &err));
            print_message("%zu %g %d ", phase, qmax[w / 2], w % 2);
            print_peaks(&p);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(structures_have_their_peaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
