/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Work that goes through several rooms, with each of its allocations failing in turn: a clear failure every time, no
 * file under its final name, and (with the address sanitizer) nothing leaked. */
#include <math.h>
#include <string.h>

#include "allocation.h"
#include "vitrail/dataset.h"
#include "vitrail/figure.h"

enum { N_Y = 2, N_X = 3, DET = 8 };

static vtr_dataset_info small_recording(void)
{
    vtr_dataset_info info = {.shape = {N_Y, N_X, DET, DET}, .n_frames = N_Y * N_X, .type = VTR_TYPE_U16};
    info.scan_step_nm[0] = info.scan_step_nm[1] = 2;
    info.k_step_inv_angstrom[0] = info.k_step_inv_angstrom[1] = 0.01;
    info.beam_energy_kev = 300;
    info.saturation = 65535;
    return info;
}

/* Writes a recording at the path given as context, and reads it back. */
static vtr_status write_and_read(void *context, vtr_error *err)
{
    const char *path = context;
    const vtr_dataset_info info = small_recording();
    uint16_t written[N_Y * N_X * DET * DET], read[N_Y * N_X * DET * DET];
    for (size_t i = 0; i < sizeof written / sizeof *written; i++)
        written[i] = (uint16_t)(7 * i);
    vtr_dataset_writer *writer = NULL;
    vtr_dataset *dataset = NULL;
    vtr_status status = vtr_dataset_writer_open(&writer, path, &info, true, err);
    if (status == VTR_OK) status = vtr_dataset_writer_write(writer, 0, N_Y * N_X, written, err);
    if (status == VTR_OK)
        status = vtr_dataset_writer_finish(&writer, err);
    else
        vtr_dataset_writer_abandon(&writer);
    if (status == VTR_OK) status = vtr_dataset_open(&dataset, path, NULL, err);
    if (status == VTR_OK) status = vtr_dataset_read(dataset, 0, N_Y * N_X, read, err);
    vtr_dataset_close(&dataset);
    if (status == VTR_OK) assert_memory_equal(written, read, sizeof written);
    return status;
}

static void npy_recordings(void **state)
{
    (void)state;
    char path[4096];
    strcpy(path, test_folder_path("scan.npy"));
    test_every_allocation_fails(write_and_read, path);
}

static void hdf5_recordings(void **state)
{
    (void)state;
    char path[4096];
    strcpy(path, test_folder_path("scan.h5"));
    test_every_allocation_is_survived(write_and_read, path);
}

static vtr_status draw(void *context, vtr_error *err)
{
    (void)context;
    float map[N_Y * N_X] = {0, 1, 2, 3, (float)NAN, 5};
    double x[] = {0, 1, 2}, y[] = {3, 4, 5}, error[] = {1, 1, 1};
    vtr_figure_series series = {.n = 3, .x = x, .y = y, .error = error, .label = "profile"};
    vtr_figure_panel panels[] = {vtr_figure_map_panel(map, N_Y, N_X), vtr_figure_pattern_panel(map, N_Y, N_X),
                                 vtr_figure_plot_panel(&series, 1)};
    panels[0].title = "a map";
    panels[0].map.colours.label = "exx (%)";
    unsigned char *bytes = NULL;
    size_t n = 0;
    vtr_status status = vtr_figure_encode(&bytes, &n, VTR_FIGURE_PNG, panels, 3, NULL, err);
    if (status == VTR_OK) assert_true(n > 100);
    vtr_figure_free(bytes);
    return status;
}

static void figures(void **state)
{
    (void)state;
    test_every_allocation_fails(draw, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(npy_recordings, test_folder_setup, test_folder_teardown),
        cmocka_unit_test_setup_teardown(hdf5_recordings, test_folder_setup, test_folder_teardown),
        cmocka_unit_test(figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
