/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_DATASET_INTERNAL_H
#define VITRAIL_DATASET_INTERNAL_H

/* What the formats share. A format is one file with one vtr_dataset_format and one line in the table of dataset.c:
 * it says what the file holds and reads stored frames by number; scan shape, skipped frames, flyback and snake
 * order are laid over it by dataset.c. See docs/adding-a-format.md. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vitrail/dataset.h"

/* A regular file read with pread: no shared position, so any number of threads may read. */
typedef struct vtr_file {
    int descriptor;             /* -1: not open */
    uint64_t size;              /* bytes, when it was opened */
    const unsigned char *pages; /* of vtr_file_map; NULL: not mapped */
} vtr_file;

vtr_status vtr_file_open(vtr_file *file, const char *path, vtr_error *err);
/* Reads exactly n bytes; VTR_ERR_IO when the file ends before (a file may shrink while it is read). */
vtr_status vtr_file_read(const vtr_file *file, uint64_t offset, void *buffer, size_t n, vtr_error *err);
/* Reads at most n bytes, fewer only at the end of the file; *got says how many. */
vtr_status vtr_file_read_some(const vtr_file *file, uint64_t offset, void *buffer, size_t n, size_t *got,
                              vtr_error *err);
/* Maps the whole file, to be read where the system keeps it; false where that cannot be had. Again and again, from any
 * thread; unmapped with the file. */
bool vtr_file_map(vtr_file *file);
/* Whether bytes offset ... offset + n - 1 of a mapped file are in memory, so that looking at them waits for no disk and
 * cannot fail as a read can. */
bool vtr_file_is_in_memory(const vtr_file *file, uint64_t offset, size_t n);
void vtr_file_close(vtr_file *file);

/* Numbers out of bytes of a given order. */
uint64_t vtr_bytes_to_unsigned(const unsigned char *bytes, size_t n, bool is_big_endian);
bool vtr_is_big_endian(void);
/* Reverses the bytes of n items of 1, 2, 4 or 8 bytes in place. */
void vtr_swap_bytes(void *items, size_t n, size_t item_size);
/* Turns n 64-bit integers into doubles in place. */
void vtr_integers_to_doubles(void *items, size_t n, bool is_signed);
/* Writes n numbers of a type as float32; `out` does not overlap `in`. */
void vtr_to_float(float *out, const void *in, size_t n, vtr_type type);
/* The highest value of an integer type; NAN for floating point. */
double vtr_type_maximum(vtr_type type);

/* Frames that lie in a file uncompressed, one after the other, each `stride` bytes after the one before. */
typedef struct vtr_flat {
    uint64_t offset; /* of the first frame */
    uint64_t stride; /* bytes from one frame to the next */
    size_t bytes;    /* of a frame as stored, set by vtr_flat_count */
    bool is_swapped; /* the other byte order than this machine's */
    bool is_plain;   /* vtr_dataset_read gives these very numbers, their bytes and rows put in order */
    bool is_turned;  /* the last row comes first */
    enum { VTR_FLAT_AS_IS, VTR_FLAT_UNSIGNED_64, VTR_FLAT_SIGNED_64 } stored; /* 64-bit integers become f64 */
} vtr_flat;

typedef struct vtr_dataset_format vtr_dataset_format;

struct vtr_dataset {
    vtr_dataset_info info;
    char *path;
    vtr_file file;
    const vtr_dataset_format *format;
    void *state;          /* of the format */
    vtr_flat flat;        /* of formats that read with vtr_flat_read */
    size_t stored_frames; /* whole frames in the file */
    bool is_open_ended;   /* the scan's shape follows from their number */
    size_t n_readable;    /* positions whose frame can be read: info.n_frames, or more as the file grows */
    unsigned char *head;  /* of a growing file: its beginning when it was first looked at; NULL: not yet */
    double angle_step_rad[2]; /* detector pixels calibrated as angles (det_y, det_x); NAN: not */
    size_t skip_frames, flyback;
    bool is_snake;
};

/* What a format says of itself. `head` holds the first n bytes of the file. */
struct vtr_dataset_format {
    const char *name;
    bool (*probe)(const unsigned char *head, size_t n);
    /* Fills dataset->info (format, shape, type, calibration), stored_frames and its state. The caller closes after a
     * failure too. `params` is never NULL. */
    vtr_status (*open)(vtr_dataset *dataset, const vtr_dataset_params *params, vtr_error *err);
    /* Reads stored frames first ... first + n - 1, which exist, as info.type. Several threads at once. */
    vtr_status (*read)(vtr_dataset *dataset, size_t first, size_t n, void *frames, vtr_error *err);
    void (*close)(vtr_dataset *dataset); /* frees the state; may be NULL */
};

extern const vtr_dataset_format vtr_format_npy, vtr_format_raw, vtr_format_hdf5, vtr_format_merlin,
    vtr_format_dm, vtr_format_mrc, vtr_format_tiff, vtr_format_png, vtr_format_bmp, vtr_format_blo,
    vtr_format_seq, vtr_format_ser, vtr_format_emi, vtr_format_tvips, vtr_format_empad, vtr_format_csr;

/* Sizes of info. */
size_t vtr_dataset_n_positions(const vtr_dataset_info *info);
size_t vtr_dataset_frame_pixels(const vtr_dataset_info *info);
size_t vtr_dataset_frame_bytes(const vtr_dataset_info *info);

/* Adds a sentence to info.note. */
void vtr_dataset_note(vtr_dataset *dataset, const char *format, ...) VTR_PRINTF_LIKE(2, 3);
/* Refuses shapes with zeros and those no recording can have (2^40 positions, 2^30 pixels, 2^55 bytes: a damaged
 * header), so that products of the sizes never overflow. */
vtr_status vtr_dataset_check_shape(const vtr_dataset *dataset, vtr_error *err);
/* Sets info.shape from 2, 3 or 4 sizes, slowest first. */
vtr_status vtr_dataset_set_shape(vtr_dataset *dataset, const uint64_t *sizes, size_t n_sizes, vtr_error *err);

/* How many whole frames of `frame_bytes` there are from flat.offset to the end of the file. */
size_t vtr_flat_count(vtr_dataset *dataset, size_t frame_bytes);
/* How many positions of the scan have their frame, the first of it in scan order, where so many are stored. */
size_t vtr_dataset_count_positions(const vtr_dataset *dataset, size_t stored_frames);
/* Of a recording that grows: info.n_frames as it was earlier, n_frames; the others can still be read. False: it has fewer
 * now. */
bool vtr_dataset_step_back(vtr_dataset *dataset, uint64_t n_frames);
vtr_status vtr_flat_read(vtr_dataset *dataset, size_t first, size_t n, void *frames, vtr_error *err);
/* As vtr_flat_read for n frames that begin at `places` of the file. */
vtr_status vtr_flat_read_at(const vtr_dataset *dataset, const uint64_t *places, size_t n, void *frames,
                            vtr_error *err);
/* Exchanges the first row with the last, and so on; the second in each of n frames. */
void vtr_turn_rows(char *first, size_t rows, size_t row_bytes);
void vtr_flat_turn_rows(const vtr_dataset *dataset, char *frames, size_t n);
/* Of frames with flat.is_plain, whose parts can be read without the rest: the byte of the file at which the frame of a
 * position begins. */
uint64_t vtr_flat_place(const vtr_dataset *dataset, size_t position);

/* Takes the calibration of one axis (0 scan_y, 1 scan_x, 2 det_y, 3 det_x): length per step for the scan, reciprocal
 * length or angle for the detector, in the unit that the file names. Units that do not fit the axis are left out,
 * except that a length on the detector (an image of the specimen) goes into the note. */
void vtr_dataset_calibrate(vtr_dataset *dataset, int axis, double step, const char *unit);

/* What a unit's text means. */
typedef enum vtr_unit_kind {
    VTR_UNIT_UNKNOWN,
    VTR_UNIT_LENGTH,
    VTR_UNIT_RECIPROCAL,
    VTR_UNIT_ANGLE
} vtr_unit_kind;
/* Kind of "nm", "µm", "1/nm", "A^-1", "mrad", "[n_m]", ...; *factor turns a value into nm, 1/Å or rad. */
vtr_unit_kind vtr_unit_parse(const char *text, double *factor);

/* Reads the side file PATH.yaml where there is one: lines "name: value" (or "name = value") with the names of
 * vtr_dataset_parameters, "#" starts a comment. What `params` does not give is filled in from it. *text holds what
 * the strings in `params` point to then; free it after use. */
vtr_status vtr_sidecar_read(vtr_dataset_params *params, char **text, const char *path, vtr_error *err);

#endif
