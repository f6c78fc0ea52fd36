/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "commands.h"
#include "vitrail/dataset.h"

static vtr_dataset_params recording;
static vtr_convert_params conversion;

static size_t options(cli_group *groups)
{
    vtr_parameters_default(&vtr_dataset_parameters, &recording);
    vtr_parameters_default(&vtr_convert_parameters, &conversion);
    groups[0] = (cli_group){&vtr_convert_parameters, &conversion};
    groups[1] = (cli_group){&vtr_dataset_parameters, &recording};
    return 2;
}

static vtr_status run(const cli_run *run, vtr_error *err)
{
    vtr_dataset *dataset = NULL;
    vtr_status status = vtr_dataset_open(&dataset, run->inputs[0], &recording, err);
    if (status != VTR_OK) return status;
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    if (info->note[0] != '\0') vtr_progress_warn(&run->progress, "'%s': %s", run->inputs[0], info->note);
    status = vtr_dataset_convert(run->inputs[1], dataset, &conversion, run->common.force, run->common.threads,
                                 &run->progress, err);
    vtr_dataset_close(&dataset);
    return status;
}

const cli_command cli_convert = {
    .name = "convert",
    .usage = "[options] IN OUT",
    .summary = "write a recording, or a part of it, in another format",
    .details = "OUT's ending names the format: .npy; .h5, .hdf5 or .emd (EMD 1.0, as py4DSTEM opens it, "
               "compressed); .hspy (HyperSpy, pyxem); .tif "
               "or .tiff (one pattern). Regions are cut out first, then pixels and positions are summed; "
               "what does not "
               "fill a bin is left out. .npy and .tif hold no calibration: give --k-step, --scan-step and "
               "--energy when "
               "reading them, or write them into OUT.yaml.",
    .min_inputs = 2,
    .max_inputs = 2,
    .options = options,
    .run = run,
};
