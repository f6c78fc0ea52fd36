/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/dataset.h"

#include <math.h>
#include <stdio.h>

#include "base/base_internal.h"
#include "support_dataset.h"

/* Files of other programs and real cameras, against what independent readers (rosettasciio, h5py, numpy) found in
 * them: shape, type, smallest and largest value, sum, place of the first largest value, steps of the axes. */

typedef struct fact {
    const char *file, *dataset;
    size_t scan[2]; /* given where the file does not say */
    size_t shape[4];
    vtr_type type;
    double least, largest, sum; /* NAN: not checked */
    size_t place;
    double k_step[2], scan_step_nm[2];
} fact;

/* one line a file */
/* clang-format off */
static const fact facts[] = {
    {"dectris/MEA_ptycho_15.h5", "/MEA_ptycho_15 [HAADF]/MEA_ptycho_15 [HAADF]Image Data", {0}, {1, 1, 24, 24}, VTR_TYPE_I16, -1726, -1723, -993236, 0, {NAN, NAN}, {NAN, NAN}},
    {"dectris/MEA_ptycho_15.h5", "/MEA_ptycho_15 [Virtual02]/MEA_ptycho_15 [Virtual02]Image Data", {0}, {1, 1, 24, 24}, VTR_TYPE_F32, 1.0, 26904.0, 5911711.0, 136, {NAN, NAN}, {NAN, NAN}},
    {"dectris/MEA_ptycho_15.h5", "/MEA_ptycho_15 [Virtual08]/MEA_ptycho_15 [Virtual08]Image Data", {0}, {1, 1, 24, 24}, VTR_TYPE_F32, 1.0, 191840.0, 42895383.0, 182, {NAN, NAN}, {NAN, NAN}},
    {"dectris/MEA_ptycho_15.h5", "/MEA_ptycho_15 [Virtual14]/MEA_ptycho_15 [Virtual14]Image Data", {0}, {1, 1, 24, 24}, VTR_TYPE_F32, 1.0, 49354.0, 10959772.0, 131, {NAN, NAN}, {NAN, NAN}},
    {"dectris/MEA_ptycho_15_master.h5", "/entry/instrument/detector/detectorSpecific/countrate_correction_table", {0}, {1, 1, 8398, 2}, VTR_TYPE_F32, 0.0, 83970000.0, 622716371010.9814, 16794, {NAN, NAN}, {NAN, NAN}},
    {"dectris/MEA_ptycho_15_master.h5", "/entry/instrument/detector/detectorSpecific/flatfield", {0}, {1, 1, 192, 192}, VTR_TYPE_F32, 1.0, 1.0, 36864.0, 0, {NAN, NAN}, {NAN, NAN}},
    {"dectris/MEA_ptycho_15_master.h5", "/entry/instrument/detector/detectorSpecific/pixel_mask", {0}, {1, 1, 192, 192}, VTR_TYPE_U32, 0, 0, 0, 0, {NAN, NAN}, {NAN, NAN}},
    {"dectris/test_00_data_000001.h5", "/entry/data/data", {0}, {1, 16, 192, 192}, VTR_TYPE_U32, 0, 0, 0, 0, {NAN, NAN}, {NAN, NAN}},
    {"dectris/test_00_master.h5", "/entry/instrument/detector/detectorSpecific/countrate_correction_table", {0}, {1, 1, 8398, 2}, VTR_TYPE_F32, 0.0, 83970000.0, 622716371010.9814, 16794, {NAN, NAN}, {NAN, NAN}},
    {"dectris/test_00_master.h5", "/entry/instrument/detector/detectorSpecific/flatfield", {0}, {1, 1, 192, 192}, VTR_TYPE_F32, 1.0, 1.0, 36864.0, 0, {NAN, NAN}, {NAN, NAN}},
    {"dectris/test_00_master.h5", "/entry/instrument/detector/detectorSpecific/pixel_mask", {0}, {1, 1, 192, 192}, VTR_TYPE_U32, 0, 0, 0, 0, {NAN, NAN}, {NAN, NAN}},
    {"dm/2d_type01.dm3", NULL, {0}, {1, 1, 2, 2}, VTR_TYPE_I16, 1, 4, 10, 3, {NAN, NAN}, {NAN, NAN}},
    {"dm/2d_type01.dm4", NULL, {0}, {1, 1, 2, 2}, VTR_TYPE_I16, 1, 4, 10, 3, {NAN, NAN}, {NAN, NAN}},
    {"dm/2d_type02.dm3", NULL, {0}, {1, 1, 2, 2}, VTR_TYPE_F32, 1.0, 4.0, 10.0, 3, {NAN, NAN}, {NAN, NAN}},
    {"dm/2d_type02.dm4", NULL, {0}, {1, 1, 2, 2}, VTR_TYPE_F32, 1.0, 4.0, 10.0, 3, {NAN, NAN}, {NAN, NAN}},
    {"dm/2d_type06.dm3", NULL, {0}, {1, 1, 2, 2}, VTR_TYPE_U8, 1, 4, 10, 3, {NAN, NAN}, {NAN, NAN}},
    {"dm/2d_type06.dm4", NULL, {0}, {1, 1, 2, 2}, VTR_TYPE_U8, 1, 4, 10, 3, {NAN, NAN}, {NAN, NAN}},
    {"dm/2d_type07.dm3", NULL, {0}, {1, 1, 2, 2}, VTR_TYPE_I32, 1, 4, 10, 3, {NAN, NAN}, {NAN, NAN}},
    {"dm/2d_type07.dm4", NULL, {0}, {1, 1, 2, 2}, VTR_TYPE_I32, 1, 4, 10, 3, {NAN, NAN}, {NAN, NAN}},
    {"dm/2d_type09.dm3", NULL, {0}, {1, 1, 2, 2}, VTR_TYPE_I8, 1, 4, 10, 3, {NAN, NAN}, {NAN, NAN}},
    {"dm/2d_type09.dm4", NULL, {0}, {1, 1, 2, 2}, VTR_TYPE_I8, 1, 4, 10, 3, {NAN, NAN}, {NAN, NAN}},
    {"dm/2d_type10.dm3", NULL, {0}, {1, 1, 2, 2}, VTR_TYPE_U16, 1, 4, 10, 3, {NAN, NAN}, {NAN, NAN}},
    {"dm/2d_type10.dm4", NULL, {0}, {1, 1, 2, 2}, VTR_TYPE_U16, 1, 4, 10, 3, {NAN, NAN}, {NAN, NAN}},
    {"dm/2d_type11.dm4", NULL, {0}, {1, 1, 2, 2}, VTR_TYPE_U32, 1, 4, 10, 3, {NAN, NAN}, {NAN, NAN}},
    {"dm/2d_type12.dm3", NULL, {0}, {1, 1, 2, 2}, VTR_TYPE_F64, 1.0, 4.0, 10.0, 3, {NAN, NAN}, {NAN, NAN}},
    {"dm/2d_type12.dm4", NULL, {0}, {1, 1, 2, 2}, VTR_TYPE_F64, 1.0, 4.0, 10.0, 3, {NAN, NAN}, {NAN, NAN}},
    {"dm/2d_type14.dm3", NULL, {0}, {1, 1, 2, 2}, VTR_TYPE_U8, 1, 1, 4, 0, {NAN, NAN}, {NAN, NAN}},
    {"dm/2d_type14.dm4", NULL, {0}, {1, 1, 2, 2}, VTR_TYPE_U8, 1, 1, 4, 0, {NAN, NAN}, {NAN, NAN}},
    {"dm/3d_type01.dm3", NULL, {0}, {1, 2, 2, 2}, VTR_TYPE_I16, 1, 8, 36, 7, {NAN, NAN}, {NAN, NAN}},
    {"dm/3d_type02.dm3", NULL, {0}, {1, 2, 2, 2}, VTR_TYPE_F32, 1.0, 8.0, 36.0, 7, {NAN, NAN}, {NAN, NAN}},
    {"dm/3d_type07.dm4", NULL, {0}, {1, 2, 2, 2}, VTR_TYPE_I32, 1, 8, 36, 7, {NAN, NAN}, {NAN, NAN}},
    {"dm/3d_type10.dm3", NULL, {0}, {1, 2, 2, 2}, VTR_TYPE_U16, 1, 8, 36, 7, {NAN, NAN}, {NAN, NAN}},
    {"dm/3d_type10.dm4", NULL, {0}, {1, 2, 2, 2}, VTR_TYPE_U16, 1, 8, 36, 7, {NAN, NAN}, {NAN, NAN}},
    {"dm/3d_type12.dm3", NULL, {0}, {1, 2, 2, 2}, VTR_TYPE_F64, 1.0, 8.0, 36.0, 7, {NAN, NAN}, {NAN, NAN}},
    {"dm/EELS_SI.dm4", NULL, {0}, {1, 2048, 2, 2}, VTR_TYPE_F32, -27.721435546875, 8634.40234375, 7169069.071044922, 4, {NAN, NAN}, {NAN, NAN}},
    {"dm/bismuth.dm4", NULL, {0}, {1, 1, 256, 256}, VTR_TYPE_I8, -100, -5, -6126727, 37949, {NAN, NAN}, {NAN, NAN}},
    {"dm/carbon_eels.dm3", NULL, {0}, {1, 1, 1, 2048}, VTR_TYPE_F32, 8674.0, 33036.0, 35798239.0, 548, {NAN, NAN}, {NAN, NAN}},
    {"dm/diffraction_pattern.dm3", NULL, {0}, {1, 1, 87, 87}, VTR_TYPE_I32, 625, 2974, 9459771, 7491, {0.0174432859, 0.0174432859}, {NAN, NAN}},
    {"dm/nion_ref_F_0_2.dm3", NULL, {0}, {1, 1, 3, 2}, VTR_TYPE_F32, 0.0, 5.0, 15.0, 5, {NAN, NAN}, {NAN, NAN}},
    {"dm/nion_ref_F_0_2.dm4", NULL, {0}, {1, 1, 3, 2}, VTR_TYPE_F32, 0.0, 5.0, 15.0, 5, {NAN, NAN}, {NAN, NAN}},
    {"dm/nion_ref_F_0_2.dm5", "/ImageList/[0]/ImageData/Data", {0}, {1, 1, 3, 2}, VTR_TYPE_F32, 0.0, 5.0, 15.0, 5, {NAN, NAN}, {NAN, NAN}},
    {"dm/nion_ref_F_1_2.dm3", NULL, {0}, {1, 4, 3, 2}, VTR_TYPE_F32, 0.0, 23.0, 276.0, 23, {NAN, NAN}, {NAN, NAN}},
    {"dm/nion_ref_F_1_2.dm4", NULL, {0}, {1, 4, 3, 2}, VTR_TYPE_F32, 0.0, 23.0, 276.0, 23, {NAN, NAN}, {NAN, NAN}},
    {"dm/nion_ref_F_1_2.dm5", "/ImageList/[0]/ImageData/Data", {0}, {1, 4, 3, 2}, VTR_TYPE_F32, 0.0, 23.0, 276.0, 23, {NAN, NAN}, {NAN, NAN}},
    {"dm/nion_ref_F_2_1.dm3", NULL, {0}, {1, 5, 3, 4}, VTR_TYPE_F32, 0.0, 59.0, 1770.0, 59, {NAN, NAN}, {NAN, NAN}},
    {"dm/nion_ref_F_2_1.dm4", NULL, {0}, {1, 5, 3, 4}, VTR_TYPE_F32, 0.0, 59.0, 1770.0, 59, {NAN, NAN}, {NAN, NAN}},
    {"dm/nion_ref_F_2_1.dm5", "/ImageList/[0]/ImageData/Data", {0}, {1, 5, 3, 4}, VTR_TYPE_F32, 0.0, 59.0, 1770.0, 59, {NAN, NAN}, {NAN, NAN}},
    {"dm/nion_ref_T_0_2.dm3", NULL, {0}, {1, 3, 4, 5}, VTR_TYPE_F32, 0.0, 59.0, 1770.0, 59, {NAN, NAN}, {NAN, NAN}},
    {"dm/nion_ref_T_0_2.dm4", NULL, {0}, {1, 3, 4, 5}, VTR_TYPE_F32, 0.0, 59.0, 1770.0, 59, {NAN, NAN}, {NAN, NAN}},
    {"dm/nion_ref_T_0_2.dm5", "/ImageList/[0]/ImageData/Data", {0}, {1, 3, 4, 5}, VTR_TYPE_F32, 0.0, 59.0, 1770.0, 59, {NAN, NAN}, {NAN, NAN}},
    {"dm/ramp2D_float32_nonsquare.dm3", NULL, {0}, {1, 1, 64, 128}, VTR_TYPE_F32, 0.0, 127.0, 520192.0, 127, {NAN, NAN}, {NAN, NAN}},
    {"dm/ramp3D_int16_64_65_66.dm4", NULL, {0}, {1, 66, 65, 64}, VTR_TYPE_I16, 0, 63, 8648640, 63, {NAN, NAN}, {NAN, 4000}},
    {"dm/stackbuilder_imagestack.dm3", NULL, {0}, {1, 3, 2, 16}, VTR_TYPE_U32, 593415, 640661, 58576739, 87, {NAN, NAN}, {NAN, NAN}},
    {"emd/Acquisition_18.emd", NULL, {0}, {1, 1, 1024, 1024}, VTR_TYPE_U16, 4842, 23891, 11181441555, 1038325, {NAN, NAN}, {NAN, NAN}},
    {"emd/Camera_Ceta_Diffraction_Micro.emd", NULL, {0}, {1, 1, 512, 512}, VTR_TYPE_I16, -10.0, 7.0, -404955.0, 258047, {0.011442968, 0.011442968}, {NAN, NAN}},
    {"emd/Camera_Ceta_Imaging_Micro.emd", NULL, {0}, {1, 1, 512, 512}, VTR_TYPE_I16, -10.0, 7.0, -411708.0, 30207, {NAN, NAN}, {NAN, NAN}},
    {"emd/STEM_HAADF_Diffraction_Micro.emd", NULL, {0}, {1, 1, 128, 128}, VTR_TYPE_U16, 9987.0, 10002.0, 163756880.0, 983, {NAN, NAN}, {NAN, NAN}},
    {"emd/Si100_3D.emd", NULL, {0}, {1, 22, 22, 37}, VTR_TYPE_F32, 0.0, 0.1446915566921234, 442.4281393258789, 8525, {NAN, NAN}, {NAN, 0.25}},
    {"emd/Si100_4D.emd", "/4DSTEM_simulation/data/datacubes/CBED_array_depth0000/datacube", {0}, {11, 11, 8, 8}, VTR_TYPE_F32, NAN, 0.020307447761297226, NAN, 1980, {0.018416205, 0.018416205}, {0.5, 0.5}},
    {"emd/example_image.emd", NULL, {0}, {1, 1, 3, 3}, VTR_TYPE_I32, 0, 8, 36, 8, {NAN, NAN}, {NAN, NAN}},
    {"emd/example_metadata.emd", NULL, {0}, {1, 1, 3, 3}, VTR_TYPE_I32, 0, 8, 36, 8, {NAN, NAN}, {NAN, NAN}},
    {"emd/example_signal.emd", NULL, {0}, {1, 3, 3, 3}, VTR_TYPE_I32, 0, 26, 351, 26, {NAN, NAN}, {NAN, NAN}},
    {"emd/fei_example_tem_stack.emd", NULL, {0}, {1, 2, 3, 3}, VTR_TYPE_I16, 0.0, 17.0, 153.0, 17, {NAN, NAN}, {NAN, NAN}},
    {"emd/py4DSTEM_size2x3x4x5.h5", NULL, {0}, {2, 3, 4, 5}, VTR_TYPE_F32, -13.118800163269043, 2766.8955078125, 28255.876245498657, 59, {0.0442515666, 0.0442515666}, {0.126796875, 0.126796875}},
    {"emd/real_py4dstem.h5", NULL, {0}, {2, 2, 4, 4}, VTR_TYPE_F32, 0.0, 63.0, 2016.0, 63, {0.0125, 0.0125}, {0.25, 0.25}},
    {"hdf5/bslz4_3x4x5_testdata.h5", "/data_uint16", {0}, {1, 3, 4, 5}, VTR_TYPE_U16, 0, 59, 1770, 59, {NAN, NAN}, {NAN, NAN}},
    {"hdf5/bslz4_3x4x5_testdata.h5", "/data_uint32", {0}, {1, 3, 4, 5}, VTR_TYPE_U32, 0, 59, 1770, 59, {NAN, NAN}, {NAN, NAN}},
    {"hdf5/bslz4_3x4x5_testdata.h5", "/data_uint8", {0}, {1, 3, 4, 5}, VTR_TYPE_U8, 0, 59, 1770, 59, {NAN, NAN}, {NAN, NAN}},
    {"hdf5/fpd_file_test.hdf5", "/fpd_expt/DAC/data", {0}, {2, 2, 1, 27}, VTR_TYPE_U8, 0, 255, 9992, 20, {NAN, NAN}, {NAN, NAN}},
    {"hdf5/fpd_file_test.hdf5", "/fpd_expt/Exposure/data", {0}, {1, 2, 2, 1}, VTR_TYPE_F64, 7000000, 7000000, 28000000, 0, {NAN, NAN}, {NAN, NAN}},
    {"hdf5/fpd_file_test.hdf5", "/fpd_expt/Threshold/data", {0}, {2, 2, 1, 8}, VTR_TYPE_F32, 0.0, 0.0, 0.0, 0, {NAN, NAN}, {NAN, NAN}},
    {"hdf5/fpd_file_test.hdf5", "/fpd_expt/Unixtime/data", {0}, {1, 2, 2, 1}, VTR_TYPE_F64, 1487951916018022847.0, 1487951916050821887.0, 5951807664137689468.0, 3, {NAN, NAN}, {NAN, NAN}},
    {"hdf5/fpd_file_test.hdf5", "/fpd_expt/fpd_data/data", {0}, {2, 2, 256, 256}, VTR_TYPE_U16, 0, 3493, 3288875, 228479, {NAN, NAN}, {NAN, NAN}},
    {"hdf5/fpd_file_test.hdf5", "/fpd_expt/fpd_sum_dif/data", {0}, {1, 1, 256, 256}, VTR_TYPE_F64, 0, 13639, 3288875, 31359, {NAN, NAN}, {NAN, NAN}},
    {"hdf5/fpd_file_test.hdf5", "/fpd_expt/fpd_sum_im/data", {0}, {1, 2, 2, 1}, VTR_TYPE_F64, 821384, 823283, 3288875, 3, {NAN, NAN}, {NAN, NAN}},
    {"hdf5/h5ex_d_lz4.h5", "/DS1", {0}, {1, 1, 32, 64}, VTR_TYPE_I32, -63, 1890, 935424, 2047, {NAN, NAN}, {NAN, NAN}},
    {"hdf5/libertem_hdf5_sample.h5", "/dataset", {0}, {16, 16, 16, 16}, VTR_TYPE_F32, -4.175273895263672, 4.540358543395996, 152.95181324557507, 11560, {NAN, NAN}, {NAN, NAN}},
    {"hdf5/nexus_dls_example.nxs", "/entry1/instrument/dcm_enrg/value", {0}, {1, 1, 29, 15}, VTR_TYPE_F64, 17.15499823074686, 17.18300821263256, NAN, 420, {NAN, NAN}, {NAN, NAN}},
    {"hdf5/nexus_dls_example.nxs", "/entry1/instrument/ic_3602_c1/value", {0}, {1, 1, 29, 15}, VTR_TYPE_F64, 2.0862908414775636, 2.3243184282969493, NAN, 26, {NAN, NAN}, {NAN, NAN}},
    {"hdf5/nexus_dls_example.nxs", "/entry1/instrument/ic_3602_c2/value", {0}, {1, 1, 29, 15}, VTR_TYPE_F64, 1.7897410267437117, 2.0334274788753675, NAN, 23, {NAN, NAN}, {NAN, NAN}},
    {"hdf5/nexus_dls_example.nxs", "/entry1/instrument/ic_3602_c3/value", {0}, {1, 1, 29, 15}, VTR_TYPE_F64, 1.189882230155601, 1.2762600944197233, NAN, 37, {NAN, NAN}, {NAN, NAN}},
    {"hdf5/nexus_dls_example.nxs", "/entry1/instrument/ic_3602_c4/value", {0}, {1, 1, 29, 15}, VTR_TYPE_F64, 2.1664877037100614, 2.493203430962767, NAN, 21, {NAN, NAN}, {NAN, NAN}},
    {"hdf5/nexus_dls_example.nxs", "/entry1/instrument/stage1_x/value", {0}, {1, 1, 29, 15}, VTR_TYPE_F64, 3.2162500000000005, 3.2190499999999993, NAN, 14, {NAN, NAN}, {NAN, NAN}},
    {"hdf5/nexus_dls_example.nxs", "/entry1/testdata/nexustest/data", {0}, {1, 10, 10, 15}, VTR_TYPE_F64, 0.0, 0.0, 0.0, 0, {NAN, NAN}, {NAN, NAN}},
    {"hdf5/saved_multi_signal.nxs", "/entry1/rocks/data", {0}, {15, 1, 40, 40}, VTR_TYPE_F64, 0.0, 0.0, 0.0, 0, {NAN, NAN}, {NAN, NAN}},
    {"hdf5/saved_multi_signal.nxs", "/entry2/unnamed__1/data", {0}, {1, 30, 30, 10}, VTR_TYPE_F64, 0.0, 0.0, 0.0, 0, {NAN, NAN}, {NAN, NAN}},
    {"hdf5/simple_signal.nxs", "/entry1/rocks/data", {0}, {15, 1, 40, 40}, VTR_TYPE_F64, 0.0, 0.0, 0.0, 0, {NAN, NAN}, {NAN, NAN}},
    {"hyperspy/dpcsignal2d_test.hdf5", NULL, {0}, {1, 2, 5, 7}, VTR_TYPE_F64, 0.0, 0.0, 0.0, 0, {NAN, NAN}, {NAN, NAN}},
    {"hyperspy/example2_v2.2.hspy", NULL, {0}, {1, 1, 10, 10}, VTR_TYPE_F64, 0, 99, 4950, 99, {NAN, NAN}, {NAN, NAN}},
    {"hyperspy/example2_v3.1.hspy", NULL, {0}, {1, 1, 16, 16}, VTR_TYPE_I32, 718, 1218, 250910, 148, {0.0174432859, 0.0174432859}, {NAN, NAN}},
    {"hyperspy/pixelated_stem_test.hdf5", NULL, {0}, {5, 2, 3, 4}, VTR_TYPE_U8, 1, 1, 120, 0, {NAN, NAN}, {NAN, NAN}},
    {"hyperspy/stem_diffraction_pattern.hspy", NULL, {0}, {1, 1, 167, 167}, VTR_TYPE_U8, 3, 253, 1593471, 9270, {NAN, NAN}, {NAN, NAN}},
    {"merlin/001_4x2_6bit.mib", NULL, {2, 4}, {2, 4, 256, 256}, VTR_TYPE_U8, 0, 63, 3623664, 17677, {NAN, NAN}, {NAN, NAN}},
    {"merlin/002_merlin_test_roi_sig256x128_nav4x2_hot_pixel_52x_39y.mib", NULL, {0}, {2, 4, 128, 256}, VTR_TYPE_U16, 0, 10, 79, 186420, {NAN, NAN}, {NAN, NAN}},
    {"merlin/Quad_1_Frame_CounterDepth_12_Rows_256.mib", NULL, {0}, {1, 1, 512, 512}, VTR_TYPE_U16, 0, 4093, 845907, 197971, {NAN, NAN}, {NAN, NAN}},
    {"merlin/Quad_1_Frame_CounterDepth_1_Rows_256.mib", NULL, {0}, {1, 1, 512, 512}, VTR_TYPE_U8, 0, 1, 10331, 0, {NAN, NAN}, {NAN, NAN}},
    {"merlin/Quad_1_Frame_CounterDepth_24_Rows_256.mib", NULL, {0}, {1, 1, 512, 512}, VTR_TYPE_U32, 0, 4095, 778764, 165723, {NAN, NAN}, {NAN, NAN}},
    {"merlin/Quad_1_Frame_CounterDepth_6_Rows_256.mib", NULL, {0}, {1, 1, 512, 512}, VTR_TYPE_U8, 0, 63, 115263, 55, {NAN, NAN}, {NAN, NAN}},
    {"merlin/Quad_9_Frame_CounterDepth_6_Rows_256.mib", NULL, {0}, {1, 9, 512, 512}, VTR_TYPE_U8, 0, 63, 1032369, 19412, {NAN, NAN}, {NAN, NAN}},
    {"merlin/Single_9_Frame_CounterDepth_12_Rows_256.mib", NULL, {0}, {1, 9, 256, 256}, VTR_TYPE_U16, 0, 2216, 260753, 470485, {NAN, NAN}, {NAN, NAN}},
    {"merlin/Single_9_Frame_CounterDepth_6_Rows_256.mib", NULL, {0}, {1, 9, 256, 256}, VTR_TYPE_U8, 0, 63, 217684, 11733, {NAN, NAN}, {NAN, NAN}},
    {"merlin/epsic_test_12bit_notRAW_1frame.mib", NULL, {0}, {1, 1, 512, 512}, VTR_TYPE_U16, 0, 0, 0, 0, {NAN, NAN}, {NAN, NAN}},
    {"merlin/epsic_test_24bit_notRAW_1frame.mib", NULL, {0}, {1, 1, 512, 512}, VTR_TYPE_U32, 0, 0, 0, 0, {NAN, NAN}, {NAN, NAN}},
    {"merlin/epsic_test_6bit_notRAW_1frame.mib", NULL, {0}, {1, 1, 512, 512}, VTR_TYPE_U8, 0, 0, 0, 0, {NAN, NAN}, {NAN, NAN}},
    {"merlin/skued_test.mib", NULL, {0}, {1, 1, 256, 256}, VTR_TYPE_U16, 0, 717, 728470, 46924, {NAN, NAN}, {NAN, NAN}},
    {"mrc/20241021_00405_0_Virt_0_sum.mrc", NULL, {0}, {1, 1, 4, 8}, VTR_TYPE_F32, 0.0, 31.0, 496.0, 31, {NAN, NAN}, {NAN, NAN}},
    {"mrc/20241021_00405_final.mrc", NULL, {0}, {1, 1, 4, 8}, VTR_TYPE_F32, 496.0, 496.0, 15872.0, 0, {NAN, NAN}, {NAN, NAN}},
    {"mrc/20241021_00405_movie.mrc", NULL, {4, 8}, {4, 8, 4, 8}, VTR_TYPE_U16, 0, 31, 15872, 992, {NAN, NAN}, {0.2, 0.1}},
    {"mrc/EMD-3001.map", NULL, {0}, {1, 25, 43, 73}, VTR_TYPE_F32, -0.3681429624557495, 0.7216102480888367, 41.82456040309909, 30018, {NAN, NAN}, {NAN, NAN}},
    {"mrc/EMD-3197.map", NULL, {0}, {1, 20, 20, 20}, VTR_TYPE_F32, -4.1337456703186035, 5.576736927032471, 6268.896269149147, 2521, {NAN, NAN}, {NAN, NAN}},
    {"mrc/HAADFscan.mrc", NULL, {0}, {1, 1, 16, 16}, VTR_TYPE_U16, 3923, 9399, 1552947, 4, {NAN, NAN}, {NAN, NAN}},
    {"mrc/ncem_temp.mrc", NULL, {0}, {1, 3, 128, 128}, VTR_TYPE_F32, 5.613289977191016e-05, 0.999992847442627, 24435.3063046194, 9721, {NAN, NAN}, {NAN, NAN}},
    {"tia/64x64_TEM_images_acquire.npy", NULL, {0}, {1, 1, 64, 64}, VTR_TYPE_F32, 7737.37939453125, 49743.01953125, 165050960.89013672, 4034, {NAN, NAN}, {NAN, NAN}},
};
/* clang-format on */

static void assert_step(double read, double expected, const char *file)
{
    if (isnan(expected) ? !isnan(read) : !(fabs(read - expected) <= 1e-7 * expected))
        fail_msg("%s: step %.9g, expected %.9g", file, read, expected);
}

static void assert_values(vtr_dataset *dataset, const fact *f)
{
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    size_t n = info->n_frames * info->shape[2] * info->shape[3], place = 0;
    void *values = test_read_all(dataset);
    double least = INFINITY, largest = -INFINITY, sum = 0;
    for (size_t i = 0; i < n; i++) {
        double value = test_value(values, info->type, i);
        if (value < least) least = value;
        if (value > largest) {
            largest = value;
            place = i;
        }
        sum += value;
    }
    vtr_free(values);
    if (!isnan(f->least) && least != f->least)
        fail_msg("%s: least %.17g, not %.17g", f->file, least, f->least);
    if (largest != f->largest) fail_msg("%s: largest %.17g, not %.17g", f->file, largest, f->largest);
    if (place != f->place) fail_msg("%s: largest at %zu, not %zu", f->file, place, f->place);
    if (!isnan(f->sum) && !(fabs(sum - f->sum) <= 1e-9 * fabs(f->sum) + 1e-9))
        fail_msg("%s: sum %.17g, not %.17g", f->file, sum, f->sum);
}

static void assert_fact(const fact *f, const char *path)
{
    vtr_error err;
    vtr_dataset *dataset = NULL;
    vtr_dataset_params params = test_params();
    params.dataset = f->dataset;
    params.scan_shape[0] = f->scan[0];
    params.scan_shape[1] = f->scan[1];
    assert_ok(vtr_dataset_open(&dataset, path, &params, &err));
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    for (int i = 0; i < 4; i++)
        if (info->shape[i] != f->shape[i])
            fail_msg("%s: axis %d has size %zu, not %zu", f->file, i, info->shape[i], f->shape[i]);
    assert_int_equal(info->n_frames, f->shape[0] * f->shape[1]);
    if (info->type != f->type) fail_msg("%s: type %s", f->file, vtr_type_name(info->type));
    for (int i = 0; i < 2; i++) {
        assert_step(info->k_step_inv_angstrom[i], f->k_step[i], f->file);
        assert_step(info->scan_step_nm[i], f->scan_step_nm[i], f->file);
    }
    assert_values(dataset, f);
    vtr_dataset_close(&dataset);
}

static void files_decode_as_other_readers_do(void **state)
{
    (void)state;
    size_t n = 0;
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        const char *path = test_real_file(facts[i].file);
        if (path == NULL) continue;
        assert_fact(&facts[i], path);
        n++;
    }
    assert_true(n >= 8);
}

static vtr_dataset_info info_of(const char *file)
{
    vtr_error err;
    vtr_dataset *dataset = NULL;
    const char *path = test_real_file(file);
    if (path == NULL) skip();
    assert_ok(vtr_dataset_open(&dataset, path, NULL, &err));
    vtr_dataset_info info = *vtr_dataset_get_info(dataset);
    vtr_dataset_close(&dataset);
    return info;
}

static void programs_are_recognised(void **state)
{
    (void)state;
    assert_string_equal(info_of("emd/py4DSTEM_size2x3x4x5.h5").format, "HDF5: EMD 1.0");
    assert_string_equal(info_of("hyperspy/example2_v3.1.hspy").format, "HDF5: HyperSpy");
    assert_string_equal(info_of("dm/diffraction_pattern.dm3").format, "DigitalMicrograph 3");
    assert_string_equal(info_of("dm/3d_type10.dm4").format, "DigitalMicrograph 4");
    assert_string_equal(info_of("hdf5/fpd_file_test.hdf5").format, "HDF5: fpd");
    assert_string_equal(info_of("hdf5/simple_signal.nxs").format, "HDF5: NeXus");
    assert_string_equal(info_of("emd/Camera_Ceta_Diffraction_Micro.emd").format, "HDF5: EMD (Velox)");
    assert_string_equal(info_of("emd/Si100_4D.emd").format, "HDF5: EMD (Berkeley)");
    assert_string_equal(info_of("dm/nion_ref_F_1_2.dm5").format, "HDF5: DigitalMicrograph 5");
    assert_string_equal(info_of("merlin/skued_test.mib").format, "Merlin");
    assert_string_equal(info_of("mrc/HAADFscan.mrc").format, "MRC");
    assert_string_equal(info_of("blo/test1.blo").format, "NanoMEGAS block");
    assert_string_equal(info_of("seq/de_test.seq").format, "Norpix sequence");
    assert_string_equal(info_of("tia/64x64_diffraction_acquire.emi").format, "TIA");
    assert_string_equal(info_of("tia/64x64_diffraction_acquire_1.ser").format, "TIA series");
    assert_string_equal(info_of("tvips/test_tvips_2233_000.tvips").format, "TVIPS");
    assert_string_equal(info_of("empad/map4x4.xml").format, "EMPAD");
    assert_string_equal(info_of("empad/scan_x4_y4.raw").format, "EMPAD");
    assert_string_equal(info_of("mrc/ncem_temp.mrc").format, "MRC"); /* without "MAP" */
}

static void energies_are_read(void **state)
{
    (void)state;
    assert_near(info_of("dm/diffraction_pattern.dm3").beam_energy_kev, 200, 1e-9);
    assert_near(info_of("hyperspy/example2_v3.1.hspy").beam_energy_kev, 200, 1e-9);
    assert_near(info_of("emd/Camera_Ceta_Diffraction_Micro.emd").beam_energy_kev, 300, 1e-9);
    assert_near(info_of("dectris/test_00_master.h5").beam_energy_kev, 300, 1e-9);
    assert_near(info_of("blo/test1.blo").beam_energy_kev, 200, 1e-9);
    assert_near(info_of("empad/map4x4.xml").beam_energy_kev, 300, 1e-9);
    assert_near(info_of("tvips/test_tvips_2233_000.tvips").beam_energy_kev, 200, 1e-9);
    assert_near(info_of("tia/64x64_diffraction_acquire_1.ser").beam_energy_kev, 200, 1e-9);
    assert_near(info_of("tia/64x64_diffraction_acquire.emi").beam_energy_kev, 200, 1e-9);
    assert_near(info_of("mrc/HAADFscan.mrc").beam_energy_kev, 300, 1e-9);
}

/* A DECTRIS master file holds links to its frames and, beside it, a file with the scan. */
static void a_master_file_leads_to_its_frames(void **state)
{
    (void)state;
    vtr_dataset_info info = info_of("dectris/test_00_master.h5");
    const size_t shape[4] = {4, 4, 192, 192};
    assert_memory_equal(info.shape, shape, sizeof shape);
    assert_string_equal(info.dataset, "/entry/data/data_000001");
    assert_near(info.saturation, 8352, 0);

    vtr_error err;
    vtr_dataset *dataset = NULL;
    const char *path = test_real_file("dectris/MEA_ptycho_15_master.h5");
    if (path == NULL) skip();
    assert_fails(vtr_dataset_open(&dataset, path, NULL, &err), VTR_ERR_NOT_FOUND,
                 "MEA_ptycho_15_data_000001.h5");
}

/* Direct Electron's movie is an MRC of frames; what was scanned stands in a text beside it. */
static void a_movie_has_its_scan_beside_it(void **state)
{
    (void)state;
    vtr_dataset_info info = info_of("mrc/20241021_00405_movie.mrc");
    const size_t shape[4] = {4, 8, 4, 8};
    assert_memory_equal(info.shape, shape, sizeof shape);
    assert_near(info.scan_step_nm[0], 0.2, 1e-12);
    assert_near(info.scan_step_nm[1], 0.1, 1e-12);
    assert_near(info.beam_energy_kev, 300, 1e-9);
}

static void what_is_no_recording_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *file, *part;
        vtr_status status;
    } cases[] = {
        {"dm/2d_type03.dm3", "complex or colour", VTR_ERR_TYPE},
        {"dm/2d_type23.dm3", "complex or colour", VTR_ERR_TYPE},
        {"dm/nion_ref_F_0_1.dm3", "1 dimension", VTR_ERR_SHAPE},
        {"hyperspy/example1_v1.2.hdf5", "two to four dimensions", VTR_ERR_NO_DATA},
        {"mrc/emd_3001.map.gz", "gunzip", VTR_ERR_FORMAT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vtr_error err;
        vtr_dataset *dataset = NULL;
        const char *path = test_real_file(cases[i].file);
        if (path != NULL)
            assert_fails(vtr_dataset_open(&dataset, path, NULL, &err), cases[i].status, cases[i].part);
        assert_null(dataset);
    }
}

/* Two slices of one simulated recording; the reader that made the table added them. */
static void a_dataset_is_chosen_by_name(void **state)
{
    (void)state;
    double sum = 0;
    const char *path = test_real_file("emd/Si100_4D.emd");
    if (path == NULL) skip();
    for (int slice = 0; slice < 2; slice++) {
        char name[100];
        snprintf(name, sizeof name, "4DSTEM_simulation/data/datacubes/CBED_array_depth000%d", slice);
        vtr_error err;
        vtr_dataset *dataset = NULL;
        vtr_dataset_params params = test_params();
        params.dataset = name;
        assert_ok(vtr_dataset_open(&dataset, path, &params, &err));
        float *values = test_read_all(dataset);
        for (size_t i = 0; i < 11 * 11 * 8 * 8; i++)
            sum += (double)values[i];
        vtr_free(values);
        vtr_dataset_close(&dataset);
        params.dataset = "/nothing/there";
        assert_fails(vtr_dataset_open(&dataset, path, &params, &err), VTR_ERR_NOT_FOUND, "/nothing/there");
    }
    assert_near(sum, 221.2757043148673, 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_decode_as_other_readers_do),
        cmocka_unit_test(programs_are_recognised),
        cmocka_unit_test(energies_are_read),
        cmocka_unit_test(a_master_file_leads_to_its_frames),
        cmocka_unit_test(a_movie_has_its_scan_beside_it),
        cmocka_unit_test(what_is_no_recording_is_named),
        cmocka_unit_test(a_dataset_is_chosen_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
