/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "commands.h"
#include "vitrail/constants.h"
#include "vitrail/dataset.h"

static vtr_dataset_params recording;

static size_t options(cli_group *groups)
{
    vtr_parameters_default(&vtr_dataset_parameters, &recording);
    groups[0] = (cli_group){&vtr_dataset_parameters, &recording};
    return 1;
}

/* "1.5 GiB" */
static void print_bytes(double bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB"};
    int i = 0;
    for (; bytes >= 1024 && i < 5; i++)
        bytes /= 1024;
    printf(i == 0 ? "%.0f %s" : "%.1f %s", bytes, units[i]);
}

/* ", 5.8 nm apart", with both axes where they differ; nothing where unknown. */
static void print_steps(const char *before, const double step[2], const char *unit, const char *after)
{
    if (isnan(step[0]) && isnan(step[1])) return;
    if (isnan(step[0]) || isnan(step[1]) || fabs(step[0] - step[1]) <= 1e-9 * fabs(step[0]))
        printf("%s%.6g %s%s", before, isnan(step[0]) ? step[1] : step[0], unit, after);
    else
        printf("%s%.6g (y) and %.6g (x) %s%s", before, step[0], step[1], unit, after);
}

static double frame_bytes(const vtr_dataset_info *info)
{
    return (double)info->shape[2] * (double)info->shape[3] * (double)vtr_type_size(info->type);
}

static void print_text(const char *path, const vtr_dataset_info *info)
{
    double positions = (double)info->shape[0] * (double)info->shape[1];
    printf("%s\n  format    %s", path, info->format);
    if (info->dataset[0] != '\0') printf(", dataset %s", info->dataset);
    printf("\n  scan      %zu x %zu positions", info->shape[0], info->shape[1]);
    print_steps(", ", info->scan_step_nm, "nm", " apart");
    printf("\n  detector  %zu x %zu px", info->shape[2], info->shape[3]);
    print_steps(", k = 1/d ", info->k_step_inv_angstrom, "1/Å", " a pixel");
    printf("\n  numbers   %s", vtr_type_name(info->type));
    if (!isnan(info->saturation)) printf(", at most %.10g", info->saturation);
    if (!isnan(info->beam_energy_kev))
        printf("\n  electrons %.6g keV, wavelength %.6f Å", info->beam_energy_kev,
               vtr_electron_wavelength_angstrom(info->beam_energy_kev));
    printf("\n  file      ");
    print_bytes((double)info->file_bytes);
    printf("\n  memory    ");
    print_bytes(frame_bytes(info));
    printf(" a pattern, ");
    print_bytes(frame_bytes(info) * positions);
    printf(" in all\n");
    if (info->note[0] != '\0') printf("  note      %s\n", info->note);
}

static void print_pair(const char *name, const double pair[2])
{
    printf("  \"%s\": [", name);
    cli_json_number(stdout, pair[0]);
    printf(", ");
    cli_json_number(stdout, pair[1]);
    printf("],\n");
}

static void print_string(const char *name, const char *text)
{
    printf("  \"%s\": ", name);
    cli_json_string(stdout, text);
    printf(",\n");
}

static void print_number(const char *name, double value)
{
    printf("  \"%s\": ", name);
    cli_json_number(stdout, value);
    printf(",\n");
}

static void print_json(const char *path, const vtr_dataset_info *info)
{
    double positions = (double)info->shape[0] * (double)info->shape[1];
    printf("{\n");
    print_string("file", path);
    print_string("format", info->format);
    print_string("dataset", info->dataset);
    printf("  \"shape\": [%zu, %zu, %zu, %zu],\n", info->shape[0], info->shape[1], info->shape[2],
           info->shape[3]);
    printf("  \"n_frames\": %zu,\n", info->n_frames);
    print_string("type", vtr_type_name(info->type));
    print_pair("scan_step_nm", info->scan_step_nm);
    print_pair("k_step_inv_angstrom", info->k_step_inv_angstrom);
    print_number("beam_energy_kev", info->beam_energy_kev);
    print_number("saturation", info->saturation);
    print_number("file_bytes", (double)info->file_bytes);
    print_number("frame_bytes", frame_bytes(info));
    print_number("memory_bytes", frame_bytes(info) * positions);
    printf("  \"note\": ");
    cli_json_string(stdout, info->note);
    printf("\n}\n");
}

static vtr_status run(const cli_run *run, vtr_error *err)
{
    vtr_dataset *dataset = NULL;
    vtr_status status = vtr_dataset_open(&dataset, run->inputs[0], &recording, err);
    if (status != VTR_OK) return status;
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    (run->common.json ? print_json : print_text)(run->inputs[0], info);
    vtr_dataset_close(&dataset);
    return VTR_OK;
}

const cli_command cli_info = {
    .name = "info",
    .usage = "[options] FILE",
    .summary = "what a recording holds: format, shape, numbers, calibration",
    .details =
        "Reads the header only, so it is quick whatever the file's size. The format is known by the bytes of "
        "the "
        "file: NumPy, DigitalMicrograph 3 and 4, Merlin, HDF5 (EMD, HyperSpy, NeXus, DECTRIS, fpd, any other "
        "with --dataset), MRC, TIFF, PNG, BMP. Raw binary numbers need --shape and --type. What the options "
        "say may "
        "also "
        "stand in a file FILE.yaml, one line \"name: value\" each.",
    .min_inputs = 1,
    .max_inputs = 1,
    .options = options,
    .run = run,
};
