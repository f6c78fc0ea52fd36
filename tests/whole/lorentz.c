/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The specimen lorentz from its recording to tesla: domains, and one domain, with the detector turned and mirrored, a
 * distorting lens, descan and speckle; 1e5 electrons in the pattern and as many in the direct beam. */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "support.h"
#include "vitrail/magnetic.h"
#include "vitrail/pass.h"
#include "vitrail/twin.h"

static vtr_error err;

enum { N_Y = 30, N_X = 60, N = N_Y * N_X };

static vtr_twin *twin;
static vtr_beam_map beam, vacuum;
static vtr_ring_map rings;
static double thickness[N];

static void map(const char *input, const char *output, const char *calibrated)
{
    vtr_dataset *dataset = NULL;
    vtr_calibration *calibration = NULL;
    vtr_mapfile *file = NULL;
    vtr_map_params params;
    vtr_parameters_default(&vtr_map_parameters, &params);
    params.scan_rotation = 110;
    params.flip = true;
    params.beam = VTR_BEAM_DISC;
    params.no_profile = true;
    assert_ok(vtr_dataset_open(&dataset, input, NULL, &err));
    if (calibrated == NULL) {
        assert_ok(vtr_calibrate(&calibration, dataset, NULL, 0, NULL, &err));
    } else {
        assert_ok(vtr_mapfile_open(&file, calibrated, &err));
        assert_ok(vtr_calibration_read(&calibration, file, &err));
        vtr_mapfile_close(&file);
    }
    assert_ok(vtr_mapfile_create(&file, output, true, &err));
    assert_ok(vtr_map(file, dataset, calibration, &params, 0, NULL, NULL, &err));
    assert_ok(vtr_mapfile_commit(&file, &err));
    vtr_calibration_free(calibration);
    vtr_dataset_close(&dataset);
}

static void make(bool is_magnetised)
{
    vtr_twin_params params = vtr_twin_default_params();
    vtr_mapfile *file = NULL;
    params.scan[0] = N_Y;
    params.scan[1] = N_X;
    params.pattern[0] = params.pattern[1] = 96;
    params.contrast = 0.01;
    params.thickness_nm = 100;
    params.distortion_percent = 2;
    params.scan_rotation = 110;
    params.flip = true;
    params.is_magnetised = is_magnetised;
    assert_ok(vtr_twin_open(&twin, "lorentz", &params, &err));
    assert_ok(vtr_twin_write(twin, test_folder_path("scan.h5"), &(vtr_twin_write_params){.force = true}, NULL,
                             &err));
    map(test_folder_path("scan.h5"), test_folder_path("map.h5"), NULL);
    map(test_folder_path("scan_vacuum.h5"), test_folder_path("vacuum.h5"), test_folder_path("map.h5"));
    assert_ok(vtr_mapfile_open(&file, test_folder_path("map.h5"), &err));
    assert_ok(vtr_beam_map_read(&beam, file, &err));
    assert_ok(vtr_ring_map_read(&rings, file, &err));
    vtr_mapfile_close(&file);
    assert_ok(vtr_mapfile_open(&file, test_folder_path("vacuum.h5"), &err));
    assert_ok(vtr_beam_map_read(&vacuum, file, &err));
    vtr_mapfile_close(&file);
    for (size_t i = 0; i < N; i++)
        thickness[i] = params.thickness_nm;
}

static void release(void)
{
    vtr_twin_close(&twin);
    vtr_beam_map_release(&beam);
    vtr_beam_map_release(&vacuum);
    vtr_ring_map_release(&rings);
}

static const vtr_field_map *find(const vtr_magnetic *m, const char *name)
{
    const vtr_field_map *found = vtr_magnetic_find(m, name);
    assert_non_null(found);
    return found;
}

/* Mean square of (value - truth)/error; `counts` says where. */
static double reduced_chi2(const vtr_field_map *found, const double *truth, const bool *counts)
{
    double sum = 0, n = 0;
    for (size_t i = 0; i < N; i++) {
        if (counts != NULL && !counts[i]) continue;
        double pull = ((double)found->values[i] - truth[i]) / (double)found->errors[i];
        sum += pull * pull;
        n++;
    }
    assert_true(n > 100);
    return sum / n;
}

/* The strain is measured from the reference region's: so is the truth. */
static void read_truth(double *bx, double *by, double *angle, double *energy, double *deviatoric,
                       const vtr_box *box)
{
    vtr_twin_position mean = {0}, p;
    double n = 0;
    for (size_t y = box->y0; y < box->y1; y++)
        for (size_t x = box->x0; x < box->x1; x++) {
            vtr_twin_get_position(twin, y * N_X + x, &p);
            mean.exx += p.exx;
            mean.eyy += p.eyy;
            mean.exy += p.exy;
            n++;
        }
    for (size_t i = 0; i < N; i++) {
        vtr_twin_get_position(twin, i, &p);
        p.exx -= mean.exx / n;
        p.eyy -= mean.eyy / n;
        p.exy -= mean.exy / n;
        bx[i] = p.bx;
        by[i] = p.by;
        deviatoric[i] = hypot(0.5 * (p.exx - p.eyy), p.exy);
        vtr_twin_magnetoelastic(&p, &angle[i], &energy[i]);
    }
}

/* v less the plane through it, by the sums of an even grid. Returns the root mean square of the plane. */
static double take_plane_out(double *v)
{
    double a[3] = {0}, norm[2] = {0}, square = 0;
    for (size_t i = 0; i < N; i++) {
        double x = (double)(i % N_X) - 0.5 * (N_X - 1), y = (double)(i / N_X) - 0.5 * (N_Y - 1);
        a[0] += v[i] / N;
        a[1] += v[i] * x;
        a[2] += v[i] * y;
        norm[0] += x * x;
        norm[1] += y * y;
    }
    for (size_t i = 0; i < N; i++) {
        double x = (double)(i % N_X) - 0.5 * (N_X - 1), y = (double)(i / N_X) - 0.5 * (N_Y - 1);
        double plane = a[0] + a[1] / norm[0] * x + a[2] / norm[1] * y;
        v[i] -= plane;
        square += plane * plane / N;
    }
    return sqrt(square);
}

/* Without a vacuum, by a plane through the whole map: what comes out is the field less the plane through itself, to its
 * error bars, and the result says so; the bias is that plane, many error bars large, and no error bar holds it. */
static void the_surface_is_biased_by_the_field_s_own_plane(double *bx, double *by)
{
    vtr_magnetic m;
    const vtr_magnetic_input alone = {&beam, NULL, NULL, thickness};
    assert_ok(vtr_magnetic_compute(&m, &alone, NULL, &err));
    test_assert_contains(m.notes[0], "whole map");
    test_assert_contains(m.notes[1], "the mean field and its gradients");
    double wrong[2] = {reduced_chi2(find(&m, "Bx"), bx, NULL), reduced_chi2(find(&m, "By"), by, NULL)};
    double bias[2] = {take_plane_out(bx), take_plane_out(by)};
    double right[2] = {reduced_chi2(find(&m, "Bx"), bx, NULL), reduced_chi2(find(&m, "By"), by, NULL)};
    print_message(
        "a plane in place of the vacuum: bias %.2f T in Bx, %.2f T in By, reduced chi-squared %.0f, %.0f; "
        "against the field less its plane %.2f, %.2f\n",
        bias[0], bias[1], wrong[0], wrong[1], right[0], right[1]);
    for (int k = 0; k < 2; k++) {
        assert_true(bias[k] > 0.1 && wrong[k] > 3);
        assert_near(right[k], 0.85,
                    0.3); /* the surface's covariance holds residuals as large as the domains */
    }
    vtr_magnetic_release(&m);
}

/* 1800 positions: a reduced chi-squared is known to 3 %; 1.15 leaves room for the reference's own error and the k scale,
 * which the calibration finds to 0.5 %. Angles are counted where the strain has a direction: deviatoric strain above 0.3 %,
 * six of its errors. */
static void domains_agree_with_the_truth(void **state)
{
    (void)state;
    static double bx[N], by[N], angle[N], energy[N], deviatoric[N];
    bool has_direction[N];
    vtr_magnetic m;
    vtr_magnetic_params params = vtr_magnetic_default_params();
    vtr_field_params strain = vtr_field_default_params();
    vtr_twin_film film = vtr_twin_get_film();
    make(false);
    params.young_gpa = film.young_gpa;
    params.poisson = film.poisson;
    params.magnetostriction_ppm = film.magnetostriction_ppm;
    strain.reference = (vtr_box){2, 28, 2, 14};
    const vtr_magnetic_input input = {&beam, &vacuum, NULL, thickness};
    assert_ok(vtr_magnetic_compute(&m, &input, &params, &err));
    assert_ok(vtr_magnetic_add_strain(&m, &rings, &strain, &err));
    read_truth(bx, by, angle, energy, deviatoric, &strain.reference);
    for (size_t i = 0; i < N; i++)
        has_direction[i] = deviatoric[i] > 0.003;
    const double chi2[4] = {reduced_chi2(find(&m, "Bx"), bx, NULL), reduced_chi2(find(&m, "By"), by, NULL),
                            reduced_chi2(find(&m, "angle_to_strain"), angle, has_direction),
                            reduced_chi2(find(&m, "energy"), energy, NULL)};
    print_message("reduced chi-squared: Bx %.3f, By %.3f, angle %.3f, energy %.3f\n", chi2[0], chi2[1],
                  chi2[2], chi2[3]);
    for (int k = 0; k < 4; k++)
        assert_near(chi2[k], 1, 0.15);
    vtr_magnetic_release(&m);
    the_surface_is_biased_by_the_field_s_own_plane(bx, by);
    release();
}

/* Figure 8.4: the magnetised film is uniform, 1.4 T along 30 degrees. A plane through the whole map takes just that out,
 * and says so. */
static void the_magnetised_film_is_uniform(void **state)
{
    (void)state;
    vtr_magnetic m;
    double mean[2] = {0}, bx[N], by[N];
    make(true);
    const vtr_magnetic_input input = {&beam, &vacuum, NULL, thickness},
                             alone = {&beam, NULL, NULL, thickness};
    assert_ok(vtr_magnetic_compute(&m, &input, NULL, &err));
    for (size_t i = 0; i < N; i++) {
        bx[i] = 1.4 * cos(acos(-1) / 6);
        by[i] = 0.7;
        mean[0] += (double)find(&m, "Bx")->values[i] / N;
        mean[1] += (double)find(&m, "By")->values[i] / N;
    }
    assert_near(mean[0], bx[0], 0.01);
    assert_near(mean[1], by[0], 0.01);
    assert_near(reduced_chi2(find(&m, "Bx"), bx, NULL), 1, 0.15);
    assert_near(reduced_chi2(find(&m, "By"), by, NULL), 1, 0.15);
    vtr_magnetic_release(&m);
    assert_ok(vtr_magnetic_compute(&m, &alone, NULL, &err));
    mean[0] = 0;
    for (size_t i = 0; i < N; i++)
        mean[0] += (double)find(&m, "Bx")->values[i] / N;
    assert_near(mean[0], 0, 0.01);
    test_assert_contains(m.notes[0], "whole map");
    vtr_magnetic_release(&m);
    release();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(domains_agree_with_the_truth),
        cmocka_unit_test(the_magnetised_film_is_uniform),
    };
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
