/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fe-band from its recording to the difference between inclusions, the places between them and the matrix: everything
 * found in the maps, nothing given. 1e6 electrons a pattern, without speckle. */
#include <math.h>
#include <stdio.h>

#include "support.h"
#include "vitrail/field.h"
#include "vitrail/inclusions.h"
#include "vitrail/pass.h"
#include "vitrail/pdf_compare.h"
#include "vitrail/pdf_cube.h"
#include "vitrail/twin.h"

static vtr_error err;

/* Small patterns that reach Q = 13.6 1/Å; the truth's inclusions. */
static vtr_twin *record(const char *recording, const char *map)
{
    vtr_twin *twin = NULL;
    vtr_dataset *dataset = NULL;
    vtr_calibration *calibration = NULL;
    vtr_mapfile *file = NULL;
    vtr_twin_params params = vtr_twin_default_params();
    params.scan[0] = 480;
    params.scan[1] = 400;
    params.pattern[0] = params.pattern[1] = 96;
    params.k_step = 0.045;
    params.electrons = 1e6;
    params.contrast = 0;
    assert_ok(vtr_twin_open(&twin, "fe-band", &params, &err));
    assert_ok(vtr_twin_write(twin, recording, &(vtr_twin_write_params){.force = true}, NULL, &err));
    assert_ok(vtr_dataset_open(&dataset, recording, NULL, &err));
    assert_ok(vtr_calibrate(&calibration, dataset, NULL, 0, NULL, &err));
    assert_ok(vtr_mapfile_create(&file, map, true, &err));
    assert_ok(vtr_map(file, dataset, calibration, NULL, 0, NULL, NULL, &err));
    assert_ok(vtr_mapfile_commit(&file, &err));
    vtr_calibration_free(calibration);
    vtr_dataset_close(&dataset);
    remove(recording);
    return twin;
}

static void add_strain(vtr_mapfile *file)
{
    vtr_ring_map ring = {0};
    vtr_field field = {0};
    assert_ok(vtr_ring_map_read(&ring, file, &err));
    assert_ok(vtr_field_compute(&field, &ring, NULL, &err));
    assert_ok(vtr_field_write(file, &field, &err));
    vtr_ring_map_release(&ring);
    vtr_field_release(&field);
}

/* Every one whose core lies in the map, each within five errors (of 70 values one is not in 25000 such tests), and no other. */
static void add_inclusions(vtr_mapfile *file, const vtr_twin *twin)
{
    vtr_strain_maps maps = {0};
    vtr_inclusions in = {0};
    const vtr_twin_inclusion *truth;
    size_t n = vtr_twin_inclusions(twin, &truth), n_inside = 0;
    vtr_inclusions_params params = vtr_inclusions_default_params();
    params.poisson = 0.32;
    params.radius_nm[1] = 40;
    assert_ok(vtr_strain_maps_read(&maps, file, &err));
    assert_ok(vtr_inclusions_find(&in, &maps, &params, NULL, &err));
    for (size_t t = 0; t < n; t++) {
        double y = truth[t].centre_y_nm, x = truth[t].centre_x_nm;
        if (y < 0 || x < 0 || y > 479 * maps.step_nm[0] || x > 399 * maps.step_nm[1]) continue;
        n_inside++;
        for (size_t i = 0; i <= in.n; i++) {
            assert_true(i < in.n);
            const vtr_inclusion *q = &in.list[i];
            if (hypot(q->y_nm - y, q->x_nm - x) > 15) continue;
            assert_near(q->y_nm, y, 5 * q->y_error_nm);
            assert_near(q->x_nm, x, 5 * q->x_error_nm);
            assert_near(q->radius_nm, truth[t].radius_nm, 5 * q->radius_error_nm);
            assert_near(q->shear, truth[t].shear, 5 * q->shear_error);
            assert_near(q->dilation, truth[t].dilation, 5 * q->dilation_error);
            break;
        }
    }
    assert_true(n_inside >= 10);
    assert_int_equal(in.n, n_inside);
    assert_ok(vtr_inclusions_write(file, &in, &maps, &err));
    vtr_inclusions_release(&in);
    vtr_strain_maps_release(&maps);
}

static void add_pdfs(vtr_mapfile *file)
{
    vtr_pdf_params pdf = vtr_pdf_default_params();
    vtr_pdf_cube_params cube = vtr_pdf_cube_default_params();
    pdf.composition = "Fe85.2Si0.5B9.5P4Cu0.8";
    pdf.density = 0.0872;
    pdf.equal_sizes = true; /* the specimen has one g(r) for all pairs */
    pdf.qmin = 2;
    pdf.qmax = 10;
    cube.only_maps = true;
    assert_ok(vtr_pdf_cube(file, &pdf, &cube, 0, NULL, NULL, &err));
}

/* A core is under an elastic trace of -(1 - 2 nu)/(1 - nu) d, d its dilation, and its structure scales with half of that: nearest
 * neighbours at 2.58 Å come closer by 0.0027 Å, the second shell at 4.39 Å by 0.0046 Å. */
static void check(const vtr_pdf_compare *c)
{
    enum { INCLUSIONS, BETWEEN, MATRIX };
    assert_int_equal(c->n_pairs, 3);
    for (size_t k = 0; k < c->n_pairs; k++) {
        const vtr_pdf_compare_pair *pair = &c->pairs[k];
        const vtr_pdf_compare_region *a = &c->regions[pair->a];
        double squeeze = pair->a == INCLUSIONS ? -0.5 * (1 - 0.64) / (1 - 0.32) * 0.004 : 0;
        for (int shell = 0; shell < 2; shell++) {
            int v = shell * VTR_PDF_SHELL_VALUES + VTR_PDF_SHELL_POSITION;
            print_message("%s - %s: %s %.4f ± %.4f (%.4f), p %.2g; G: p %.2g\n", a->name,
                          c->regions[pair->b].name, vtr_pdf_compared_values[v].name,
                          pair->value_difference[v], pair->value_error[v], squeeze * a->value[v],
                          pair->p_holm[v], pair->p_whole_holm);
            assert_near(pair->value_difference[v], squeeze * a->value[v], 4 * pair->value_error[v]);
        }
        if (pair->a == INCLUSIONS) {
            assert_true(pair->p_whole_holm < 1e-3);
            assert_true(pair->p_holm[VTR_PDF_SHELL_POSITION] < 1e-3);
        } else {
            assert_true(pair->p_whole_holm > 1e-3);
        }
    }
}

static void inclusions_differ_by_their_strain(void **state)
{
    (void)state;
    vtr_mapfile *file = NULL;
    vtr_pdf_compare compare = {0};
    vtr_pdf_compare_params params = vtr_pdf_compare_default_params();
    static char *const regions[] = {"inclusions=@inclusions", "between=@between", "matrix=@matrix"};
    vtr_twin *twin = record(test_folder_path("band.h5"), test_folder_path("map.h5"));
    assert_ok(vtr_mapfile_edit(&file, test_folder_path("map.h5"), &err));
    add_strain(file);
    add_inclusions(file, twin);
    add_pdfs(file);
    params.regions.n = 3;
    for (size_t k = 0; k < 3; k++)
        params.regions.text[k] = regions[k];
    assert_ok(vtr_pdf_compare_of_file(&compare, file, &params, 0, NULL, &err));
    check(&compare);
    vtr_pdf_compare_release(&compare);
    vtr_mapfile_close(&file);
    vtr_twin_close(&twin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(inclusions_differ_by_their_strain)};
    return cmocka_run_group_tests(tests, test_folder_setup, test_folder_teardown);
}
