/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_DATASET_H
#define VITRAIL_DATASET_H

/* Recordings behind one interface: a 4-D array [scan_y][scan_x][det_y][det_x] of one number type, wherever and
 * however it is stored. A format is chosen by the bytes of the file, not by its name. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vitrail/error.h"
#include "vitrail/parameters.h"
#include "vitrail/progress.h"
#include "vitrail/types.h"

VTR_BEGIN_DECLS

typedef struct vtr_dataset vtr_dataset;

/* How to read what the file does not say of itself. */
typedef struct vtr_dataset_params {
    size_t shape[4];      /* of raw files: scan_y, scan_x, det_y, det_x; zeros: from the file */
    const char *type;     /* of raw files: "u16", ...; NULL: from the file or its side file */
    int byte_order;       /* of raw files: 0 little, 1 big */
    size_t header_bytes;  /* of raw files: before the first frame */
    size_t gap_bytes;     /* of raw files: after each frame */
    size_t scan_shape[4]; /* scan_y, scan_x, 0, 0 (four as every shape option); zeros: from the file */
    size_t skip_frames;   /* frames before the first position */
    size_t flyback;       /* frames after each scan row that belong to no position */
    bool snake;           /* every second scan row runs backwards */
    const char *dataset;  /* path of the dataset inside an HDF5 file; NULL: found by itself */
    double beam_energy_kev, k_step, scan_step_nm; /* override the file's; NAN: the file's */
} vtr_dataset_params;

VTR_API extern const vtr_parameter_table vtr_dataset_parameters;

/* What is known of a recording without reading its pixels. NAN and "" where the file does not say. */
typedef struct vtr_dataset_info {
    char format[32];   /* "NumPy", "raw", "DigitalMicrograph 4", "Merlin", "HDF5: EMD 1.0", ... */
    char dataset[256]; /* path inside an HDF5 file */
    size_t shape[4];   /* scan_y, scan_x, det_y, det_x; images have scan 1 x 1, stacks 1 x n */
    size_t n_frames;   /* positions whose frame is really there, the first n_frames in scan order */
    vtr_type type;     /* as vtr_dataset_read delivers it, in this machine's byte order */
    uint64_t file_bytes;
    double scan_step_nm[2];        /* along scan_y, scan_x */
    double k_step_inv_angstrom[2]; /* along det_y, det_x; k = 1/d, no 2 pi */
    double beam_energy_kev;
    double saturation; /* highest value a pixel can hold, counts */
    char note[256];    /* what the user should know: frames missing or too many, a mode assumed */
} vtr_dataset_info;

/* Opens a recording; reads its header only. `params` may be NULL. On success *out is to be closed by the caller. */
VTR_API vtr_status vtr_dataset_open(vtr_dataset **out, const char *path, const vtr_dataset_params *params,
                                    vtr_error *err);
VTR_API const vtr_dataset_info *vtr_dataset_get_info(const vtr_dataset *dataset);
VTR_API const char *vtr_dataset_path(const vtr_dataset *dataset);

/* Reads the frames of positions first ... first + n - 1 (scan order, position = scan_y * n_x + scan_x) into
 * `frames`: [n][det_y][det_x] of info.type, densely. Frames beyond info.n_frames fail with VTR_ERR_RANGE. May be
 * called from several threads at once. A read that the file cannot satisfy is VTR_ERR_IO with the position named. */
VTR_API vtr_status vtr_dataset_read(vtr_dataset *dataset, size_t first, size_t n, void *frames,
                                    vtr_error *err);

/* The same converted to float32. */
VTR_API vtr_status vtr_dataset_read_f32(vtr_dataset *dataset, size_t first, size_t n, float *frames,
                                        vtr_error *err);

/* Looks how far a recording that is still being written has come. *n_frames: as info.n_frames, of now; these frames can
 * be read from now on, while info stays as it was. A frame counts once the file reaches to its last byte. VTR_ERR_IO
 * where the file has become shorter, another one has its name, or its header (up to the first frame and 4 KiB, but for
 * the first 16 bytes, where DigitalMicrograph puts the length) has changed; VTR_ERR_FORMAT where the format does
 * not keep whole frames one after the other in one file (HDF5, ...), or the file has its full size but ends in zeros: then
 * its length says nothing; VTR_ERR_ARGUMENT where nothing says how many positions the scan will have. One thread at a
 * time; others may read meanwhile. */
VTR_API vtr_status vtr_dataset_grow(vtr_dataset *dataset, size_t *n_frames, vtr_error *err);

/* Takes what vtr_dataset_grow has found as info.n_frames. Nobody may use the dataset meanwhile. */
VTR_API void vtr_dataset_settle(vtr_dataset *dataset);

/* What is waited for before a recording that is still being written is opened. */
typedef struct vtr_growing_params {
    size_t n_frames;  /* positions that have their frame, at least; all, where the scan has fewer */
    double timeout_s; /* how long it is waited for */
} vtr_growing_params;

/* Opens a recording that may not be there yet, or whose header may not be whole, as soon as it has these frames; after
 * the timeout with what it has by then, or with what vtr_dataset_open says of it. VTR_ERR_INTERRUPTED where
 * progress->cancelled says so. Refused as by vtr_dataset_grow. */
VTR_API vtr_status vtr_dataset_open_growing(vtr_dataset **out, const char *path,
                                            const vtr_dataset_params *params,
                                            const vtr_growing_params *growing, const vtr_progress *progress,
                                            vtr_error *err);

/* Closes and sets *dataset to NULL; takes NULL. */
VTR_API void vtr_dataset_close(vtr_dataset **dataset);

/* --- writing ---------------------------------------------------------------------------------------------- */

typedef struct vtr_dataset_writer vtr_dataset_writer;

/* Starts a recording at `path`; the format follows from its ending: .npy; .h5 .hdf5 .emd (EMD 1.0 as py4DSTEM
 * opens it, chunked, gzip); .hspy (HyperSpy, pyxem); .tif .tiff (one image: scan 1 x 1). `info` gives shape, type and calibrations. Nothing
 * stands under `path` itself until vtr_dataset_writer_finish. */
VTR_API vtr_status vtr_dataset_writer_open(vtr_dataset_writer **out, const char *path,
                                           const vtr_dataset_info *info, bool force, vtr_error *err);
/* Writes frames first ... first + n - 1; any order, from several threads at once. */
VTR_API vtr_status vtr_dataset_writer_write(vtr_dataset_writer *writer, size_t first, size_t n,
                                            const void *frames, vtr_error *err);
/* Makes the file durable under its name, closes, sets *writer to NULL. */
VTR_API vtr_status vtr_dataset_writer_finish(vtr_dataset_writer **writer, vtr_error *err);
/* Closes and removes what was written; sets *writer to NULL; takes NULL. */
VTR_API void vtr_dataset_writer_abandon(vtr_dataset_writer **writer);

/* --- converting ------------------------------------------------------------------------------------------- */

typedef struct vtr_convert_params {
    vtr_box scan, detector; /* what to keep, before binning; all zero: everything */
    size_t bin,
        bin_scan; /* sums bin x bin pixels, bin_scan x bin_scan positions; an incomplete rest is left out */
    const char *type; /* of the numbers written; NULL: the recording's, or one wide enough for the sums */
} vtr_convert_params;

VTR_API extern const vtr_parameter_table vtr_convert_parameters;

/* Writes a recording, or a part of it, to `path` (see vtr_dataset_writer_open), block by block. A number that does not
 * fit the type asked for is VTR_ERR_RANGE. Of a recording that ends early its whole rows are written. `params` and
 * `progress` may be NULL; `threads` 0 is all. */
VTR_API vtr_status vtr_dataset_convert(const char *path, vtr_dataset *recording,
                                       const vtr_convert_params *params, bool force, int threads,
                                       const vtr_progress *progress, vtr_error *err);

/* --- images ----------------------------------------------------------------------------------------------- */

/* Reads a 2-D image (TIFF, PNG, BMP, .npy, or any recording of one frame) as float32, e.g. a mask. The caller frees
 * *image with vtr_image_free. */
VTR_API vtr_status vtr_image_read(float **image, size_t *height, size_t *width, const char *path,
                                  vtr_error *err);
VTR_API void vtr_image_free(float *image);

VTR_END_DECLS

#endif
