/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "dataset/dataset_internal.h"
#include "dataset/mrc_internal.h"

/* MRC, of 2014 and older (also CCP4 maps): 1024 bytes of header, an extended header of any length, then sections of
 * rows. Cheng et al., J. Struct. Biol. 192, 146 (2015), doi:10.1016/j.jsb.2015.04.002. Rows are taken in the order
 * of the file, the first on top, as the programs that look at patterns do; the standard itself is silent on it. */

enum { HEADER_BYTES = 1024, LARGEST_SIDE = 65535, FEI_BYTES = 172 };

/* Where the fields begin; all are of 32 bits. */
enum {
    AT_SIZES = 0, /* columns, rows, sections */
    AT_MODE = 12,
    AT_SAMPLES = 28, /* along the cell's x, y, z */
    AT_CELL = 40,    /* lengths of the cell, angstrom */
    AT_AXES = 64,    /* which of x, y, z (1 to 3) columns, rows and sections are */
    AT_EXTENDED_BYTES = 92,
    AT_EXTENDED_TYPE = 104,
    AT_IMOD_STAMP = 152,
    AT_IMOD_FLAGS = 156,
    AT_MAP = 208,
    AT_MACHINE = 212,
};

typedef struct mrc_header {
    unsigned char bytes[HEADER_BYTES];
    bool is_big_endian;
} mrc_header;

static uint32_t word(const unsigned char *bytes, size_t at, bool is_big_endian)
{
    return (uint32_t)vtr_bytes_to_unsigned(bytes + at, 4, is_big_endian);
}

static double real(const unsigned char *bytes, size_t at, size_t n, bool is_big_endian)
{
    uint64_t bits = vtr_bytes_to_unsigned(bytes + at, n, is_big_endian);
    uint32_t low = (uint32_t)bits;
    float single;
    double value;
    if (n == 8) {
        memcpy(&value, &bits, sizeof value);
        return value;
    }
    memcpy(&single, &low, sizeof single);
    return (double)single;
}

/* Whether sizes and type are possible in one byte order; hardly ever are they in both. */
static bool is_plausible(const unsigned char *bytes, bool is_big_endian)
{
    uint32_t columns = word(bytes, AT_SIZES, is_big_endian), rows = word(bytes, AT_SIZES + 4, is_big_endian);
    return columns >= 1 && columns <= LARGEST_SIDE && rows >= 1 && rows <= LARGEST_SIDE &&
           word(bytes, AT_SIZES + 8, is_big_endian) - 1 < INT32_MAX &&
           word(bytes, AT_MODE, is_big_endian) <= 127;
}

static bool has_axes(const unsigned char *bytes, bool is_big_endian)
{
    unsigned seen = 0;
    for (size_t i = 0; i < 3; i++) {
        uint32_t axis = word(bytes, AT_AXES + 4 * i, is_big_endian);
        if (axis <= 3) seen |= 1U << axis;
    }
    return seen == 0xe;
}

/* Files from before 2000 have no "MAP"; their sizes, type and axes must then be those of an MRC. */
static bool probe(const unsigned char *head, size_t n)
{
    if (n >= AT_MACHINE && memcmp(head + AT_MAP, "MAP", 3) == 0) return true;
    if (n < HEADER_BYTES) return false;
    return (is_plausible(head, false) && has_axes(head, false)) ||
           (is_plausible(head, true) && has_axes(head, true));
}

/* The sizes tell the byte order better than the machine stamp, which many programs leave empty. */
static vtr_status read_header(mrc_header *header, const vtr_dataset *dataset, vtr_error *err)
{
    vtr_status status = vtr_file_read(&dataset->file, 0, header->bytes, HEADER_BYTES, err);
    if (status != VTR_OK)
        return vtr_fail(err, VTR_ERR_FORMAT,
                        "cannot read '%s': the file ends within its MRC header of %d bytes", dataset->path,
                        HEADER_BYTES);
    bool little = is_plausible(header->bytes, false), big = is_plausible(header->bytes, true);
    header->is_big_endian = little == big ? header->bytes[AT_MACHINE] == 0x11 : big;
    return VTR_OK;
}

/* Bytes are signed by the standard; IMOD wrote unsigned ones, and its stamp says so. */
static bool has_signed_bytes(const mrc_header *header)
{
    static const uint32_t imod = 1146047817;
    return word(header->bytes, AT_IMOD_STAMP, header->is_big_endian) != imod ||
           (word(header->bytes, AT_IMOD_FLAGS, header->is_big_endian) & 1) != 0;
}

static vtr_status set_type(vtr_dataset *dataset, const mrc_header *header, vtr_error *err)
{
    uint32_t mode = word(header->bytes, AT_MODE, header->is_big_endian);
    switch (mode) {
    case 0:
        dataset->info.type = has_signed_bytes(header) ? VTR_TYPE_I8 : VTR_TYPE_U8;
        return VTR_OK;
    case 1:
        dataset->info.type = VTR_TYPE_I16;
        return VTR_OK;
    case 2:
        dataset->info.type = VTR_TYPE_F32;
        return VTR_OK;
    case 6:
        dataset->info.type = VTR_TYPE_U16;
        return VTR_OK;
    default:
        return vtr_fail(err, VTR_ERR_TYPE,
                        "cannot read '%s': MRC mode %lu is not supported; save integers of 8 or 16 bits or "
                        "32-bit floats (modes 0, 1, 2, 6)",
                        dataset->path, (unsigned long)mode);
    }
}

/* Sections are patterns, as many as are there: cameras write the largest number first and correct it never. */
static vtr_status set_frames(vtr_dataset *dataset, const mrc_header *header, bool is_scan_given,
                             vtr_error *err)
{
    uint64_t sizes[3];
    for (size_t i = 0; i < 3; i++)
        sizes[2 - i] = word(header->bytes, AT_SIZES + 4 * i, header->is_big_endian);
    uint32_t extended = word(header->bytes, AT_EXTENDED_BYTES, header->is_big_endian);
    if (extended > INT32_MAX)
        return vtr_fail(err, VTR_ERR_FORMAT,
                        "cannot read '%s': its MRC header is damaged (an extended header of %ld bytes)",
                        dataset->path, (long)(int32_t)extended);
    vtr_status status = vtr_dataset_set_shape(dataset, sizes, 3, err);
    if (status != VTR_OK) return status;
    dataset->flat.offset = HEADER_BYTES + (uint64_t)extended;
    dataset->flat.stride = vtr_dataset_frame_bytes(&dataset->info);
    dataset->flat.is_swapped = header->is_big_endian != vtr_is_big_endian();
    dataset->flat.is_plain = true;
    size_t there = vtr_flat_count(dataset, (size_t)dataset->flat.stride), wanted = (size_t)sizes[0];
    if (there == 0)
        return vtr_fail(
            err, VTR_ERR_NO_DATA,
            "cannot read '%s': its header asks for patterns of %zu x %zu from byte %llu on, but the "
            "file ends at byte %llu",
            dataset->path, (size_t)sizes[1], (size_t)sizes[2], (unsigned long long)dataset->flat.offset,
            (unsigned long long)dataset->file.size);
    if (there < wanted)
        vtr_dataset_note(dataset, "the header promises %zu sections, the file holds %zu", wanted, there);
    dataset->stored_frames = dataset->info.shape[1] = there < wanted ? there : wanted;
    bool has_info = vtr_mrc_read_info(dataset);
    if (dataset->stored_frames > 1 && !is_scan_given && !has_info)
        vtr_dataset_note(dataset, "the header does not say the scan's shape; give --scan-shape");
    return VTR_OK;
}

/* Thermo Fisher's extended header, FEI1 or FEI2: a record a section; only fields named in its first mask of bits hold
 * anything. High tension in V, pixels in m. No length is a million metres: there the number is that of a pattern. */
static bool calibrate_fei(vtr_dataset *dataset, const mrc_header *header)
{
    unsigned char record[FEI_BYTES];
    enum { AT_MASK = 8, AT_TENSION = 84, AT_PIXEL = 156, HAS_TENSION = 1 << 5, HAS_PIXEL = 1 << 14 };
    bool big = header->is_big_endian;
    if (memcmp(header->bytes + AT_EXTENDED_TYPE, "FEI", 3) != 0 ||
        word(header->bytes, AT_EXTENDED_BYTES, big) < FEI_BYTES ||
        vtr_file_read(&dataset->file, HEADER_BYTES, record, sizeof record, NULL) != VTR_OK)
        return false;
    uint32_t mask = word(record, AT_MASK, big);
    double volts = real(record, AT_TENSION, 8, big);
    if ((mask & HAS_TENSION) != 0 && volts >= 1e3 && volts <= 1e7)
        dataset->info.beam_energy_kev = 1e-3 * volts;
    for (int axis = 3; axis >= 2; axis--) {
        double pixel = real(record, AT_PIXEL + 8 * (size_t)(3 - axis), 8, big);
        bool is_length = pixel > 1e-15 && pixel<1e-2, is_reciprocal = pixel> 1e6 && pixel < 1e11;
        if ((mask & (uint32_t)HAS_PIXEL << (3 - axis)) == 0 || (!is_length && !is_reciprocal)) return false;
        vtr_dataset_calibrate(dataset, axis, pixel, is_length ? "m" : "1/m");
        if (is_reciprocal && axis == 2)
            vtr_dataset_note(dataset, "the size of the pixels is taken to be in 1/m");
    }
    return true;
}

/* The cell's length along the columns. Exactly 1 angstrom is what programs write that know none. */
static void calibrate_cell(vtr_dataset *dataset, const mrc_header *header)
{
    if (!has_axes(header->bytes, header->is_big_endian)) return;
    size_t axis = word(header->bytes, AT_AXES, header->is_big_endian) - 1;
    double samples = word(header->bytes, AT_SAMPLES + 4 * axis, header->is_big_endian);
    double step = real(header->bytes, AT_CELL + 4 * axis, 4, header->is_big_endian) / samples;
    if (step > 1e-3 && step < 1e9 && fabs(step - 1) > 1e-6) vtr_dataset_calibrate(dataset, 3, step, "A");
}

static vtr_status open_mrc(vtr_dataset *dataset, const vtr_dataset_params *params, vtr_error *err)
{
    mrc_header header;
    vtr_status status = read_header(&header, dataset, err);
    if (status == VTR_OK) status = set_type(dataset, &header, err);
    if (status == VTR_OK) status = set_frames(dataset, &header, params->scan_shape[0] != 0, err);
    if (status == VTR_OK && !calibrate_fei(dataset, &header)) calibrate_cell(dataset, &header);
    return status;
}

const vtr_dataset_format vtr_format_mrc = {
    .name = "MRC", .probe = probe, .open = open_mrc, .read = vtr_flat_read, .close = NULL};
