/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "vitrail/dataset.h"

#define MEMBER(name) offsetof(vtr_dataset_params, name)

static const vtr_parameter parameters[] = {
    {"shape", NULL, VTR_PARAMETER_SHAPE, MEMBER(shape), .metavar = "SHAPE",
     .help = "of raw files: scan rows x columns x detector rows x columns, or detector rows x columns"},
    {"type", NULL, VTR_PARAMETER_STRING, MEMBER(type), .metavar = "TYPE",
     .help = "of raw files: u8, u16, u32, i8, i16, i32, f32 or f64"},
    {"byte-order", NULL, VTR_PARAMETER_CHOICE, MEMBER(byte_order), .choices = "little|big",
     .help = "of raw files: which byte of a number comes first"},
    {"header", "bytes", VTR_PARAMETER_SIZE, MEMBER(header_bytes), .metavar = "N",
     .help = "of raw files: what stands before the first frame"},
    {"gap", "bytes", VTR_PARAMETER_SIZE, MEMBER(gap_bytes), .metavar = "N",
     .help = "of raw files: what stands after each frame"},
    {"scan-shape", NULL, VTR_PARAMETER_SHAPE, MEMBER(scan_shape), .metavar = "ROWSxCOLUMNS",
     .help = "positions of the scan, where the file does not say or says it wrongly"},
    {"skip", "frames", VTR_PARAMETER_SIZE, MEMBER(skip_frames), .metavar = "N",
     .help = "frames before the first position"},
    {"flyback", "frames", VTR_PARAMETER_SIZE, MEMBER(flyback), .metavar = "N",
     .help = "frames after each scan row that belong to no position"},
    {"snake", NULL, VTR_PARAMETER_BOOL, MEMBER(snake), .help = "every second scan row runs backwards"},
    {"dataset", NULL, VTR_PARAMETER_STRING, MEMBER(dataset), .metavar = "PATH",
     .help = "dataset inside an HDF5 file or a Zarr store; without it the recording is found by itself"},
    {"energy", "keV", VTR_PARAMETER_DOUBLE, MEMBER(beam_energy_kev), .default_value = NAN, .minimum = 1,
     .maximum = 10000, .metavar = "KEV", .help = "energy of the electrons, in place of the file's"},
    {"k-step", "1/Å", VTR_PARAMETER_DOUBLE, MEMBER(k_step), .default_value = NAN, .minimum = 1e-9,
     .maximum = 1e3, .metavar = "STEP", .help = "k = 1/d per detector pixel, in place of the file's"},
    {"scan-step", "nm", VTR_PARAMETER_DOUBLE, MEMBER(scan_step_nm), .default_value = NAN, .minimum = 1e-6,
     .maximum = 1e6, .metavar = "NM", .help = "distance of neighbouring positions, in place of the file's"},
};

const vtr_parameter_table vtr_dataset_parameters = {"Recording", parameters,
                                                    sizeof parameters / sizeof *parameters};
