/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The specimen two-phase from its recording to its phases: as-spun and annealed, 1e6 electrons a pattern, without speckle;
 * and as it is, as large as it is, at 3e5. */
#include "vitrail/phases.h"

#include <math.h>
#include <stdio.h>

#include "support.h"
#include "vitrail/constants.h"
#include "vitrail/pass.h"
#include "vitrail/pdf_cube.h"
#include "vitrail/twin.h"

enum { SMALL = 48, WHOLE = 128, N = WHOLE * WHOLE };
static vtr_error err;

static void add_pdfs(const char *path)
{
    vtr_mapfile *file = NULL;
    vtr_pdf_params pdf = vtr_pdf_default_params();
    vtr_pdf_cube_params cube = vtr_pdf_cube_default_params();
    pdf.composition = "Fe85.2Si0.5B9.5P4Cu0.8";
    pdf.density = 0.0872;
    pdf.equal_sizes = true; /* the specimen has one g(r) for all pairs */
    pdf.qmax = 16;
    cube.only_maps = true;
    assert_ok(vtr_mapfile_edit(&file, path, &err));
    assert_ok(vtr_pdf_cube(file, &pdf, &cube, 0, NULL, NULL, &err));
    assert_ok(vtr_mapfile_commit(&file, &err));
}

static void record(const char *recording, const char *map, const vtr_twin_params *params)
{
    vtr_twin *twin = NULL;
    vtr_dataset *dataset = NULL;
    vtr_calibration *calibration = NULL;
    vtr_mapfile *file = NULL;
    assert_ok(vtr_twin_open(&twin, "two-phase", params, &err));
    assert_ok(vtr_twin_write(twin, recording, &(vtr_twin_write_params){.force = true}, NULL, &err));
    vtr_twin_close(&twin);
    assert_ok(vtr_dataset_open(&dataset, recording, NULL, &err));
    assert_ok(vtr_calibrate(&calibration, dataset, NULL, 0, NULL, &err));
    assert_ok(vtr_mapfile_create(&file, map, true, &err));
    assert_ok(vtr_map(file, dataset, calibration, NULL, 0, NULL, NULL, &err));
    assert_ok(vtr_mapfile_commit(&file, &err));
    vtr_calibration_free(calibration);
    vtr_dataset_close(&dataset);
    add_pdfs(map);
}

static vtr_twin_params twin_of(size_t side, double electrons, bool is_annealed)
{
    vtr_twin_params params = vtr_twin_default_params();
    params.scan[0] = params.scan[1] = side;
    params.pattern[0] = params.pattern[1] = 256;
    params.electrons = electrons;
    params.annealed = is_annealed;
    return params;
}

static double true_shares(float *share, const char *path, size_t n)
{
    vtr_mapfile *file = NULL;
    double mean = 0;
    assert_ok(vtr_mapfile_open(&file, path, &err));
    assert_ok(vtr_mapfile_read(file, "truth", "solid_fraction", VTR_TYPE_F32, n, share, &err));
    vtr_mapfile_close(&file);
    for (size_t p = 0; p < n; p++)
        mean += (double)share[p] / (double)n;
    return mean;
}

static void divide(vtr_phases *phases, const char *path)
{
    vtr_mapfile *file = NULL;
    assert_ok(vtr_mapfile_open(&file, path, &err));
    assert_ok(vtr_phases_compute(phases, file, NULL, 0, NULL, &err));
    vtr_mapfile_close(&file);
}

/* Both structures with their number found, their first peaks to 0.015 Å and widths to 0.03 Å (2.53 and 0.65 Å, 2.46 and
 * 0.48 Å), the fraction within its range and to 2 %. Of 48 x 48 positions the annealed ones have few that are liquid-like
 * alone: its corner lies inwards, which draws the peak of 2.53 Å towards 2.46 Å, to 2.517 Å. */
static vtr_phases check(const char *name, bool is_annealed)
{
    static const double position[2] = {2.46, 2.53}, fwhm[2] = {0.48, 0.65};
    char recording[64], map[64], truth[64];
    static float shares[SMALL * SMALL];
    vtr_twin_params twin = twin_of(SMALL, 1e6, is_annealed);
    vtr_phases phases;
    twin.contrast = 0;
    snprintf(recording, sizeof recording, "%s.h5", name);
    snprintf(map, sizeof map, "%s_map.h5", name);
    snprintf(truth, sizeof truth, "%s_truth.h5", name);
    record(test_folder_path(recording), test_folder_path(map), &twin);
    divide(&phases, test_folder_path(map));
    double share = true_shares(shares, test_folder_path(truth), SMALL * SMALL);
    assert_int_equal(phases.n_components, 2);
    size_t solid = phases.peaks[0].first.position < phases.peaks[1].first.position ? 0 : 1;
    const vtr_unmix_fraction *f = &phases.fractions[solid];
    print_message("%s: %.2f %% (%.2f to %.2f) for %.2f, length %.2f ± %.2f nm\n", name, 100 * f->value,
                  100 * f->range[0], 100 * f->range[1], 100 * share, phases.correlations[solid].length_nm,
                  phases.correlations[solid].length_error_nm);
    for (size_t i = 0; i < 2; i++) {
        const vtr_unmix_peaks *p = &phases.peaks[i == 0 ? solid : 1 - solid];
        print_message("  %.4f ± %.4f Å for %.2f, fwhm %.4f for %.2f, second %.3f, shoulder %.3f\n",
                      p->intrinsic.position, p->intrinsic.position_error, position[i], p->intrinsic.fwhm,
                      fwhm[i], p->second.position, p->shoulder.position);
        assert_near(p->intrinsic.position, position[i], 0.015);
        assert_near(p->intrinsic.fwhm, fwhm[i], 0.03);
        assert_false(phases.verdicts[i].is_noise);
    }
    assert_near(f->value, share, 0.02);
    assert_true(f->range[0] < share && f->range[1] > share);
    return phases;
}

static void both_specimens_come_back(void **state)
{
    (void)state;
    vtr_unmix_comparison c;
    vtr_phases spun = check("spun", false), annealed = check("annealed", true);
    assert_ok(vtr_phases_compare(&c, &spun, &annealed, &err));
    for (size_t j = 0; j < 2; j++)
        assert_near(c.difference[j][VTR_UNMIX_FIRST_PEAK].difference, 0, 0.015);
    vtr_phases_release(&spun);
    vtr_phases_release(&annealed);
}

/* --- as large as it is ---------------------------------------------------------------------------------------- */

enum { N_R = 1000, N_Q = 2000 };

static void read_truth(vtr_unmix_peaks *peaks, const double *G, double qmin, double qmax,
                       vtr_pdf_window window)
{
    static double r[N_R];
    for (size_t i = 0; i < N_R; i++)
        r[i] = 0.01 * (double)(i + 1);
    const vtr_unmix_pdf pdf = {N_R, r, G, NULL, qmin, qmax, window, NAN, NAN};
    assert_ok(vtr_unmix_peaks_read(peaks, &pdf, &err));
}

/* The structure's own G, which no window has touched; and through the range of `pdf` and Lorch's window. */
static void true_peaks(vtr_unmix_peaks *own, vtr_unmix_peaks *windowed, const vtr_twin *twin, size_t phase,
                       const vtr_unmix_pdf *pdf)
{
    static double r[N_R], G[N_R], q[N_Q], F[N_Q];
    for (size_t i = 0; i < N_R; i++) {
        r[i] = 0.01 * (double)(i + 1);
        G[i] = vtr_twin_phase_G(twin, phase, r[i]);
    }
    read_truth(own, G, NAN, NAN, VTR_PDF_WINDOW_NONE);
    for (size_t j = 0; j < N_Q; j++) {
        q[j] = pdf->qmin + (pdf->qmax - pdf->qmin) * (double)j / (N_Q - 1);
        double x = VTR_PI * q[j] / pdf->qmax;
        F[j] = q[j] * vtr_twin_phase_structure(twin, phase, q[j]) * sin(x) / x;
    }
    vtr_pdf_transform(N_Q, q, F, N_R, r, G);
    read_truth(windowed, G, pdf->qmin, pdf->qmax, VTR_PDF_WINDOW_LORCH);
}

static double true_length(const float *share, const double step_nm[2])
{
    vtr_correlation c;
    const vtr_unmix_map map = {WHOLE, WHOLE, {step_nm[0], step_nm[1]}, share, NULL, NULL};
    assert_ok(vtr_correlation_compute(&c, &map, &err));
    double length = c.length_nm;
    vtr_correlation_release(&c);
    return length;
}

/* The figures that were asked for, as tests/unit/unmix/seeds.c has them from fifty seeds without patterns. The direct beam
 * hides what is below 0.77 1/Å, without which first peaks are 0.01 to 0.04 Å too wide; `intrinsic` has it added. */
static void the_whole_specimen_comes_back(void **state)
{
    (void)state;
    static float share[N];
    vtr_twin *twin = NULL;
    vtr_phases phases;
    vtr_twin_params params = twin_of(WHOLE, 3e5, false);
    record(test_folder_path("whole.h5"), test_folder_path("whole_map.h5"), &params);
    divide(&phases, test_folder_path("whole_map.h5"));
    assert_ok(vtr_twin_open(&twin, "two-phase", &params, &err));
    double mean = true_shares(share, test_folder_path("whole_truth.h5"), N);
    assert_int_equal(phases.n_components, 2);
    size_t solid = phases.peaks[0].first.position < phases.peaks[1].first.position ? 0 : 1;
    const vtr_unmix_fraction *f = &phases.fractions[solid];
    double length = true_length(share, phases.step_nm);
    print_message("%.2f %% (%.2f to %.2f) for %.2f, length %.2f for %.2f nm\n", 100 * f->value,
                  100 * f->range[0], 100 * f->range[1], 100 * mean, phases.correlations[solid].length_nm,
                  length);
    for (size_t phase = 0; phase < 2; phase++) {
        size_t j = phase == 1 ? solid : 1 - solid;
        const vtr_unmix_peaks *p = &phases.peaks[j];
        vtr_unmix_peaks own, windowed;
        true_peaks(&own, &windowed, twin, phase, &phases.pdfs[j]);
        print_message(
            "  first %.4f for %.4f Å, fwhm %.4f (not cut off %.4f) for %.4f, second %.3f for %.3f, shoulder "
            "%.3f for %.3f\n",
            p->first.position, own.first.position, p->first.fwhm, p->intrinsic.fwhm, own.first.fwhm,
            p->second.position, windowed.second.position, p->shoulder.position, windowed.shoulder.position);
        assert_near(p->first.position, own.first.position, 0.01);
        assert_near(p->intrinsic.position, own.first.position, 0.01);
        assert_near(p->intrinsic.fwhm, own.first.fwhm, 0.03);
        assert_near(p->second.position, windowed.second.position, 0.05);
        assert_near(p->shoulder.position, windowed.shoulder.position, 0.05);
        assert_false(phases.verdicts[j].is_noise);
    }
    assert_near(f->value, mean, 0.015);
    assert_true(f->range[0] < mean && f->range[1] > mean);
    assert_near(phases.correlations[solid].length_nm, length, 0.3);
    vtr_twin_close(&twin);
    vtr_phases_release(&phases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(both_specimens_come_back),
                                       cmocka_unit_test(the_whole_specimen_comes_back)};
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
