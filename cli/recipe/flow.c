/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "cli/commands.h"
#include "recipe.h"

/* To make a command a step: one entry here, at its place in the flow. */
const cli_flow cli_flow_steps[] = {
    {&cli_calibrate, .on_recording = true, .once = true, .leaves_record = true,
     .output = "<name>-calibration.h5", .outputs = {"output"}},
    {&cli_map, .on_recording = true, .once = true, .leaves_record = true, .output = "<name>-map.h5",
     .outputs = {"output"}, .hidden = {"Files", "Interruption, and recordings that grow"}},
    {&cli_strain, .leaves_record = true},
    {&cli_pdf, .leaves_record = true, .needs = {"composition"},
     .hidden = {"Files", "Profiles in text", "Patterns", "Recording", "Corrections", "Low-r refinement"}},
    {&cli_phases, .leaves_record = true, .after = "pdf"},
    {&cli_magnetic, .leaves_record = true},
    {&cli_bands, .after = "strain", .leaves_record = true, .outputs = {"csv"}},
    {&cli_inclusions, .after = "strain", .leaves_record = true, .outputs = {"csv"}},
    {&cli_energy, .after = "strain", .leaves_record = true, .outputs = {"csv"}},
    {&cli_vortices, .after = "strain", .leaves_record = true},
    {&cli_compare, .after = "pdf", .leaves_record = true, .outputs = {"csv", "curves", "figure"}},
    {&cli_profile, .several = true, .needs = {"line|band", "quantity"}, .outputs = {"output", "figure"}},
    {&cli_figure, .rest = "quantity", .needs = {"output"}, .outputs = {"output"}},
    {&cli_report, .several = true, .output = "<name>.html", .outputs = {"output"}},
};
const size_t cli_n_flow_steps = sizeof cli_flow_steps / sizeof *cli_flow_steps;

const cli_flow *cli_flow_find(const char *name)
{
    for (size_t i = 0; i < cli_n_flow_steps; i++)
        if (strcmp(cli_flow_steps[i].command->name, name) == 0) return &cli_flow_steps[i];
    return NULL;
}

bool cli_flow_is_output(const cli_flow *flow, const char *option)
{
    for (size_t i = 0; i < CLI_FLOW_OUTPUTS && flow->outputs[i] != NULL; i++)
        if (strcmp(flow->outputs[i], option) == 0) return true;
    return false;
}
