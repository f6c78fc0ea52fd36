/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/dataset.h"

#define MEMBER(name) offsetof(vtr_convert_params, name)

static const vtr_parameter parameters[] = {
    {"scan", NULL, VTR_PARAMETER_BOX, MEMBER(scan), .metavar = "Y0:Y1,X0:X1", .help = "positions to keep"},
    {"detector", NULL, VTR_PARAMETER_BOX, MEMBER(detector), .metavar = "Y0:Y1,X0:X1",
     .help = "detector pixels to keep"},
    {"bin", "px", VTR_PARAMETER_SIZE, MEMBER(bin), .default_value = 1, .minimum = 1, .maximum = 4096,
     .metavar = "N", .help = "sum N x N detector pixels"},
    {"bin-scan", "positions", VTR_PARAMETER_SIZE, MEMBER(bin_scan), .default_value = 1, .minimum = 1,
     .maximum = 4096, .metavar = "N", .help = "sum the patterns of N x N positions"},
    {"to-type", NULL, VTR_PARAMETER_STRING, MEMBER(type), .metavar = "TYPE",
     .help =
         "numbers to write: u8, u16, u32, i8, i16, i32, f32 or f64; by default the recording's own, or wider "
         "ones where sums need them"},
};

const vtr_parameter_table vtr_convert_parameters = {"Conversion", parameters,
                                                    sizeof parameters / sizeof *parameters};
