/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "dataset/dm_internal.h"

/* Gatan DigitalMicrograph (.dm3, .dm4): one image, a stack, or a scan of four dimensions. Dimensions are named from the
 * fastest. A scan is stored with the detector fastest where the tag "Meta Data.Data Order Swapped" is 1 (newer
 * versions), with the scan fastest where it is 0 or missing; without the tag, the units of the axes decide first. */

enum { MAX_IMAGES = 32, MAX_DIMENSIONS = 4, GATHER_BYTES = 128 << 20, GATHER_PIXELS = 64 };

typedef struct dm_image {
    uint64_t offset, count, element_bytes;
    double data_type;
    uint64_t sizes[MAX_DIMENSIONS];
    size_t n_sizes;
    double scale[MAX_DIMENSIONS];
    char unit[MAX_DIMENSIONS][64];
    double swapped; /* NAN: not said */
    double voltage_v;
} dm_image;

typedef struct dm_content {
    dm_image images[MAX_IMAGES];
    size_t n_images;
    double thumbnail; /* index of the image that is one; -1: none */
} dm_content;

/* Scans whose positions vary fastest are turned round block by block; one block is kept. */
typedef struct dm_gather {
    pthread_mutex_t lock;
    size_t block_frames, first, n; /* frames in the block now */
    char *block, *runs;
} dm_gather;

static bool probe(const unsigned char *head, size_t n)
{
    if (n < 32) return false;
    uint64_t version = vtr_bytes_to_unsigned(head, 4, true);
    size_t order_at = version == 3 ? 8 : 12;
    return (version == 3 || version == 4) && vtr_bytes_to_unsigned(head + order_at, 4, true) <= 1 &&
           head[order_at + 4] <= 1 && head[order_at + 5] <= 1;
}

/* The number in "[N]" at the start of text; -1 where there is none. *rest is what follows it and a dot. */
static int take_index(const char *text, const char **rest)
{
    int index, length = 0;
    if (sscanf(text, "[%d]%n", &index, &length) != 1 || length == 0 || index < 0) return -1;
    *rest = text + length + (text[length] == '.');
    return index;
}

static const char *after(const char *text, const char *prefix)
{
    return vtr_text_starts_with(text, prefix) ? text + strlen(prefix) : NULL;
}

static void take_axis(dm_image *image, const char *text, const vtr_dm_tag *tag)
{
    const char *rest;
    int axis = take_index(text, &rest);
    if (axis < 0 || axis >= MAX_DIMENSIONS) return;
    if (strcmp(rest, "Scale") == 0 && tag->is_number) image->scale[axis] = tag->number;
    if (strcmp(rest, "Units") == 0) snprintf(image->unit[axis], sizeof image->unit[axis], "%s", tag->text);
}

static void take_image_tag(dm_image *image, const char *text, const vtr_dm_tag *tag)
{
    const char *rest, *ignored;
    if (strcmp(text, "ImageData.Data") == 0 && tag->is_array) {
        image->offset = tag->offset;
        image->count = tag->count;
        image->element_bytes = tag->element_bytes;
    } else if (strcmp(text, "ImageData.DataType") == 0 && tag->is_number) {
        image->data_type = tag->number;
    } else if ((rest = after(text, "ImageData.Dimensions.")) != NULL && tag->is_number) {
        int axis = take_index(rest, &ignored);
        if (axis < 0 || axis >= MAX_DIMENSIONS || !(tag->number >= 0 && tag->number < 1e12)) return;
        image->sizes[axis] = (uint64_t)tag->number;
        if ((size_t)axis >= image->n_sizes) image->n_sizes = (size_t)axis + 1;
    } else if ((rest = after(text, "ImageData.Calibrations.Dimension.")) != NULL) {
        take_axis(image, rest, tag);
    } else if (strcmp(text, "ImageTags.Meta Data.Data Order Swapped") == 0 && tag->is_number) {
        image->swapped = tag->number;
    } else if (strcmp(text, "ImageTags.Microscope Info.Voltage") == 0 && tag->is_number) {
        image->voltage_v = tag->number;
    }
}

static void take_tag(void *user, const vtr_dm_tag *tag)
{
    dm_content *content = user;
    const char *rest = after(tag->path, "ImageList."), *image_path;
    if (rest != NULL) {
        int index = take_index(rest, &image_path);
        if (index < 0 || index >= MAX_IMAGES) return;
        for (; content->n_images <= (size_t)index; content->n_images++)
            content->images[content->n_images] = (dm_image){.swapped = (double)NAN};
        take_image_tag(&content->images[index], image_path, tag);
    } else if (strcmp(tag->path, "Thumbnails.[0].ImageIndex") == 0 && tag->is_number) {
        content->thumbnail = tag->number;
    }
}

static const struct {
    int code;
    size_t bytes;
    vtr_type type;
    int stored;
} types[] = {
    {1, 2, VTR_TYPE_I16, VTR_FLAT_AS_IS},        {2, 4, VTR_TYPE_F32, VTR_FLAT_AS_IS},
    {6, 1, VTR_TYPE_U8, VTR_FLAT_AS_IS},         {7, 4, VTR_TYPE_I32, VTR_FLAT_AS_IS},
    {9, 1, VTR_TYPE_I8, VTR_FLAT_AS_IS},         {10, 2, VTR_TYPE_U16, VTR_FLAT_AS_IS},
    {11, 4, VTR_TYPE_U32, VTR_FLAT_AS_IS},       {12, 8, VTR_TYPE_F64, VTR_FLAT_AS_IS},
    {14, 1, VTR_TYPE_U8, VTR_FLAT_AS_IS},        {39, 8, VTR_TYPE_F64, VTR_FLAT_SIGNED_64},
    {40, 8, VTR_TYPE_F64, VTR_FLAT_UNSIGNED_64},
};

static vtr_status choose_type(vtr_dataset *dataset, const dm_image *image, vtr_error *err)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (image->data_type != types[i].code) continue;
        dataset->info.type = types[i].type;
        if (types[i].stored == VTR_FLAT_SIGNED_64) dataset->flat.stored = VTR_FLAT_SIGNED_64;
        if (types[i].stored == VTR_FLAT_UNSIGNED_64) dataset->flat.stored = VTR_FLAT_UNSIGNED_64;
        if (types[i].stored != VTR_FLAT_AS_IS)
            vtr_dataset_note(dataset, "64-bit integers are read as f64 (exact up to 2^53)");
        return VTR_OK;
    }
    return vtr_fail(
        err, VTR_ERR_TYPE,
        "cannot read '%s': its image is of data type %.0f (complex or colour numbers); convert it to real "
        "numbers in DigitalMicrograph",
        dataset->path, image->data_type);
}

/* The largest image that is not the thumbnail. */
static const dm_image *choose_image(const dm_content *content)
{
    const dm_image *best = NULL;
    double best_bytes = 0;
    for (size_t i = 0; i < content->n_images; i++) {
        const dm_image *image = &content->images[i];
        double bytes = (double)image->count * (double)image->element_bytes;
        bool is_thumbnail = content->n_images > 1 && (double)i == content->thumbnail;
        if (image->offset == 0 || image->n_sizes == 0 || is_thumbnail || bytes <= best_bytes) continue;
        best = image;
        best_bytes = bytes;
    }
    return best;
}

/* Whether the detector varies fastest in a scan. */
static bool is_detector_first(vtr_dataset *dataset, const dm_image *image)
{
    if (!isnan(image->swapped)) return image->swapped != 0;
    double factor;
    vtr_unit_kind fast = vtr_unit_parse(image->unit[0], &factor),
                  slow = vtr_unit_parse(image->unit[2], &factor);
    bool fast_is_detector = fast == VTR_UNIT_RECIPROCAL || fast == VTR_UNIT_ANGLE;
    bool slow_is_detector = slow == VTR_UNIT_RECIPROCAL || slow == VTR_UNIT_ANGLE;
    if (fast_is_detector != slow_is_detector) return fast_is_detector;
    vtr_dataset_note(dataset, "the file does not say whether scan or detector is stored first: scan assumed");
    return false;
}

static vtr_status start_gathering(vtr_dataset *dataset, vtr_error *err)
{
    size_t frame_bytes = vtr_dataset_frame_bytes(&dataset->info), item = vtr_type_size(dataset->info.type);
    dm_gather *gather = vtr_calloc(1, sizeof *gather);
    if (gather == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory opening '%s'", dataset->path);
    pthread_mutex_init(&gather->lock, NULL);
    dataset->state = gather;
    size_t n = vtr_dataset_n_positions(&dataset->info);
    gather->block_frames = GATHER_BYTES / frame_bytes;
    if (gather->block_frames == 0) gather->block_frames = 1;
    if (gather->block_frames > n) gather->block_frames = n;
    gather->block = vtr_malloc(gather->block_frames, frame_bytes);
    gather->runs = vtr_malloc(gather->block_frames, GATHER_PIXELS * item);
    if (gather->block == NULL || gather->runs == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory opening '%s'", dataset->path);
    vtr_dataset_note(dataset,
                     "stored with the scan fastest, which is slow to read; vitrail convert turns it round");
    return VTR_OK;
}

/* Shape, order of the axes, place in the file. */
static vtr_status take_image(vtr_dataset *dataset, const dm_image *image, bool is_little, vtr_error *err)
{
    uint64_t sizes[MAX_DIMENSIONS];
    int role[MAX_DIMENSIONS]; /* dimension from the fastest -> 0 scan_y ... 3 det_x */
    size_t n = image->n_sizes;
    for (size_t i = 0; i < n; i++) {
        sizes[n - 1 - i] = image->sizes[i];
        role[i] = 3 - (int)i;
    }
    bool is_turned = n == 4 && !is_detector_first(dataset, image);
    if (is_turned) { /* [det_y][det_x][scan_y][scan_x] */
        for (int i = 0; i < 4; i++) {
            sizes[i] = image->sizes[i < 2 ? 1 - i : 5 - i];
            role[i] = i < 2 ? 1 - i : 5 - i;
        }
    }
    vtr_status status = vtr_dataset_set_shape(dataset, sizes, n, err);
    if (status != VTR_OK) return status;
    for (size_t i = 0; i < n; i++)
        vtr_dataset_calibrate(dataset, role[i], image->scale[i], image->unit[i]);
    if (image->voltage_v > 0) dataset->info.beam_energy_kev = image->voltage_v / 1000;
    size_t frame_bytes = vtr_dataset_frame_bytes(&dataset->info),
           wanted = vtr_dataset_n_positions(&dataset->info);
    dataset->flat.is_swapped = is_little == vtr_is_big_endian();
    dataset->flat.offset = image->offset;
    dataset->flat.stride = frame_bytes;
    size_t there = vtr_flat_count(dataset, frame_bytes);
    dataset->stored_frames = there < wanted ? there : wanted;
    dataset->flat.is_plain = !is_turned && dataset->flat.stored == VTR_FLAT_AS_IS;
    if (!is_turned) return VTR_OK;
    if (there < wanted)
        return vtr_fail(err, VTR_ERR_IO,
                        "cannot read '%s': it is cut short, and its frames are stored interleaved",
                        dataset->path);
    return start_gathering(dataset, err);
}

static vtr_status open_dm(vtr_dataset *dataset, const vtr_dataset_params *params, vtr_error *err)
{
    (void)params;
    unsigned char version[4] = {0};
    bool is_little = true;
    dm_content *content = vtr_calloc(1, sizeof *content);
    if (content == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory opening '%s'", dataset->path);
    content->thumbnail = -1;
    vtr_status status = vtr_file_read(&dataset->file, 0, version, sizeof version, err);
    if (status == VTR_OK) status = vtr_dm_walk(dataset, &is_little, take_tag, content, err);
    const dm_image *image = status == VTR_OK ? choose_image(content) : NULL;
    if (status == VTR_OK && image == NULL)
        status = vtr_fail(err, VTR_ERR_NO_DATA, "cannot read '%s': no image in it", dataset->path);
    snprintf(dataset->info.format, sizeof dataset->info.format, "DigitalMicrograph %d", version[3]);
    if (status == VTR_OK) status = choose_type(dataset, image, err);
    if (status == VTR_OK) status = take_image(dataset, image, is_little, err);
    vtr_free(content);
    return status;
}

/* Fills the block from frame `first`: for each pixel one run of the file, GATHER_PIXELS runs at a time. */
static vtr_status load_block(vtr_dataset *dataset, dm_gather *gather, size_t first, vtr_error *err)
{
    size_t item = vtr_type_size(dataset->info.type), pixels = vtr_dataset_frame_pixels(&dataset->info);
    size_t all = vtr_dataset_n_positions(&dataset->info), frame_bytes = pixels * item;
    size_t n = all - first < gather->block_frames ? all - first : gather->block_frames;
    gather->n = 0;
    for (size_t p = 0; p < pixels; p += GATHER_PIXELS) {
        size_t here = pixels - p < GATHER_PIXELS ? pixels - p : GATHER_PIXELS;
        for (size_t j = 0; j < here; j++) {
            uint64_t offset = dataset->flat.offset + ((p + j) * all + first) * item;
            vtr_status status =
                vtr_file_read(&dataset->file, offset, gather->runs + j * n * item, n * item, err);
            if (status != VTR_OK) return status;
        }
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < here; j++)
                memcpy(gather->block + i * frame_bytes + (p + j) * item, gather->runs + (j * n + i) * item,
                       item);
    }
    if (dataset->flat.is_swapped) vtr_swap_bytes(gather->block, n * pixels, item);
    if (dataset->flat.stored != VTR_FLAT_AS_IS)
        vtr_integers_to_doubles(gather->block, n * pixels, dataset->flat.stored == VTR_FLAT_SIGNED_64);
    gather->first = first;
    gather->n = n;
    return VTR_OK;
}

static vtr_status read_gathered(vtr_dataset *dataset, size_t first, size_t n, char *frames, vtr_error *err)
{
    dm_gather *gather = dataset->state;
    size_t frame_bytes = vtr_dataset_frame_bytes(&dataset->info);
    vtr_status status = VTR_OK;
    pthread_mutex_lock(&gather->lock);
    while (n > 0 && status == VTR_OK) {
        size_t block = first / gather->block_frames * gather->block_frames;
        if (gather->n == 0 || gather->first != block) status = load_block(dataset, gather, block, err);
        if (status != VTR_OK) break;
        size_t here = block + gather->n - first < n ? block + gather->n - first : n;
        memcpy(frames, gather->block + (first - block) * frame_bytes, here * frame_bytes);
        first += here;
        frames += here * frame_bytes;
        n -= here;
    }
    pthread_mutex_unlock(&gather->lock);
    return status;
}

static vtr_status read_dm(vtr_dataset *dataset, size_t first, size_t n, void *frames, vtr_error *err)
{
    if (dataset->state == NULL) return vtr_flat_read(dataset, first, n, frames, err);
    return read_gathered(dataset, first, n, frames, err);
}

static void close_dm(vtr_dataset *dataset)
{
    dm_gather *gather = dataset->state;
    if (gather == NULL) return;
    pthread_mutex_destroy(&gather->lock);
    vtr_free(gather->block);
    vtr_free(gather->runs);
    vtr_free(gather);
}

const vtr_dataset_format vtr_format_dm = {
    .name = "DigitalMicrograph", .probe = probe, .open = open_dm, .read = read_dm, .close = close_dm};
