/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "dataset/image_internal.h"
#include "dataset/tiff_internal.h"

/* Grey TIFF images, one or a stack of pages, as the numbers they are. Pages without compression are read with
 * pread, others by libtiff, each read with a handle of its own. ImageJ writes stacks of more than 4 GiB with one page
 * whose description says how many images follow. */

enum { MOST_PAGES = 1 << 22, TAG_DM_UNIT_X = 65003, TAG_DM_SCALE_X = 65009 };

typedef struct page {
    uint32_t width, height;
    uint16_t bits, format;
    uint64_t directory; /* where the page is described */
    uint64_t numbers;   /* where its pixels lie in one piece; 0: they do not */
} page;

typedef struct tiff_stack {
    uint64_t *directories, *numbers;
    size_t n, room;
    bool is_in_pieces; /* some page is read by libtiff */
} tiff_stack;

static bool type_of(const page *p, vtr_type *type)
{
    static const struct {
        uint16_t bits, format;
        vtr_type type;
    } types[] = {
        {8, SAMPLEFORMAT_UINT, VTR_TYPE_U8},     {8, SAMPLEFORMAT_INT, VTR_TYPE_I8},
        {16, SAMPLEFORMAT_UINT, VTR_TYPE_U16},   {16, SAMPLEFORMAT_INT, VTR_TYPE_I16},
        {32, SAMPLEFORMAT_UINT, VTR_TYPE_U32},   {32, SAMPLEFORMAT_INT, VTR_TYPE_I32},
        {32, SAMPLEFORMAT_IEEEFP, VTR_TYPE_F32}, {64, SAMPLEFORMAT_IEEEFP, VTR_TYPE_F64},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].bits == p->bits && types[i].format == p->format) {
            *type = types[i].type;
            return true;
        }
    return false;
}

/* Where the strips of a page begin, when each follows the one before without compression; else 0. */
static uint64_t find_numbers(TIFF *tiff, const page *p)
{
    uint64_t *offsets = NULL, *counts = NULL, bytes = 0;
    uint16_t compression = COMPRESSION_NONE;
    TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &compression);
    if (TIFFIsTiled(tiff) != 0) return 0;
    uint32_t n = TIFFNumberOfStrips(tiff);
    if (compression != COMPRESSION_NONE || n == 0 ||
        TIFFGetField(tiff, TIFFTAG_STRIPOFFSETS, &offsets) != 1 ||
        TIFFGetField(tiff, TIFFTAG_STRIPBYTECOUNTS, &counts) != 1 || offsets == NULL || counts == NULL)
        return 0;
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0 && offsets[i] != offsets[i - 1] + counts[i - 1]) return 0;
        bytes += counts[i];
    }
    return bytes >= (uint64_t)p->width * p->height * (p->bits / 8u) ? offsets[0] : 0;
}

/* False where the page is no grey image. */
static bool read_page(TIFF *tiff, page *p)
{
    uint16_t samples = 1, photometric = PHOTOMETRIC_MINISBLACK;
    vtr_type type;
    *p = (page){0};
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &p->width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &p->height);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &p->bits);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &p->format);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &samples);
    TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &photometric);
    if (samples != 1 || photometric != PHOTOMETRIC_MINISBLACK || !type_of(p, &type)) return false;
    p->directory = TIFFCurrentDirOffset(tiff);
    p->numbers = find_numbers(tiff, p);
    return true;
}

static bool add_page(tiff_stack *stack, const page *p)
{
    if (stack->n == stack->room) {
        size_t room = stack->room == 0 ? 16 : 2 * stack->room;
        uint64_t *grown = vtr_malloc(room, 2 * sizeof *grown);
        if (grown == NULL) return false;
        if (stack->n > 0) {
            memcpy(grown, stack->directories, stack->n * sizeof *grown);
            memcpy(grown + room, stack->numbers, stack->n * sizeof *grown);
        }
        vtr_free(stack->directories);
        stack->directories = grown;
        stack->numbers = grown + room;
        stack->room = room;
    }
    stack->directories[stack->n] = p->directory;
    stack->numbers[stack->n++] = p->numbers;
    if (p->numbers == 0) stack->is_in_pieces = true;
    return true;
}

/* The pages that are as the first one; others (previews) are counted. */
static vtr_status read_pages(TIFF *tiff, tiff_stack *stack, const page *first, size_t *n_others,
                             vtr_error *err)
{
    page p = *first;
    do {
        bool is_grey = read_page(tiff, &p);
        if (!is_grey || p.width != first->width || p.height != first->height || p.bits != first->bits ||
            p.format != first->format)
            ++*n_others;
        else if (!add_page(stack, &p))
            return vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
    } while (stack->n + *n_others < MOST_PAGES && TIFFReadDirectory(tiff) == 1);
    return VTR_OK;
}

/* ImageJ writes pixels per unit and the unit's name; DigitalMicrograph tags of its own. */
static void calibrate(vtr_dataset *dataset, TIFF *tiff, const char *description)
{
    float resolution[2] = {0, 0};
    char unit[32] = "";
    const char *at = strstr(description, "\nunit=");
    if (vtr_text_starts_with(description, "ImageJ=") && at != NULL && sscanf(at + 6, "%31[^\n]", unit) == 1 &&
        TIFFGetField(tiff, TIFFTAG_XRESOLUTION, &resolution[1]) == 1 &&
        TIFFGetField(tiff, TIFFTAG_YRESOLUTION, &resolution[0]) == 1)
        for (int i = 0; i < 2; i++)
            if (resolution[i] > 0) vtr_dataset_calibrate(dataset, 2 + i, 1 / (double)resolution[i], unit);
    for (unsigned i = 0; i < 2; i++) { /* x, then y */
        uint32_t n_text = 0, n_scale = 0;
        const char *text = NULL;
        const double *scale = NULL;
        if (TIFFGetField(tiff, TAG_DM_UNIT_X + i, &n_text, &text) != 1 || n_text == 0 ||
            n_text > sizeof unit || TIFFGetField(tiff, TAG_DM_SCALE_X + i, &n_scale, &scale) != 1 ||
            n_scale != 1)
            continue;
        const TIFFField *fields[2] = {TIFFFindField(tiff, TAG_DM_UNIT_X + i, TIFF_ANY),
                                      TIFFFindField(tiff, TAG_DM_SCALE_X + i, TIFF_ANY)};
        if (fields[0] == NULL || fields[1] == NULL || TIFFFieldDataType(fields[0]) != TIFF_ASCII ||
            TIFFFieldDataType(fields[1]) != TIFF_DOUBLE)
            continue;
        snprintf(unit, sizeof unit, "%.*s", (int)n_text, text);
        vtr_dataset_calibrate(dataset, 3 - (int)i, *scale, unit);
    }
}

/* How many images ImageJ says follow the first; as many as the file holds. */
static size_t images_that_follow(const vtr_dataset *dataset, const char *description, const page *p)
{
    const char *at = strstr(description, "\nimages=");
    unsigned long n = 0;
    if (!vtr_text_starts_with(description, "ImageJ=") || at == NULL || sscanf(at + 8, "%9lu", &n) != 1)
        return 1;
    uint64_t bytes = (uint64_t)p->width * p->height * (p->bits / 8u), size = dataset->file.size;
    if (p->numbers == 0 || bytes == 0 || p->numbers > size) return 1;
    uint64_t there = (size - p->numbers) / bytes;
    return n > 1 && there > 1 ? (size_t)(n < there ? n : there) : 1;
}

static vtr_status settle(vtr_dataset *dataset, tiff_stack *stack, const page *p, size_t n_images,
                         vtr_error *err)
{
    const uint64_t sizes[3] = {n_images, p->height, p->width};
    type_of(p, &dataset->info.type);
    vtr_status status = vtr_dataset_set_shape(dataset, sizes, 3, err);
    if (status != VTR_OK) return status;
    size_t frame_bytes = vtr_dataset_frame_bytes(&dataset->info);
    bool is_even = !stack->is_in_pieces;
    dataset->flat.offset = stack->numbers[0];
    dataset->flat.stride = stack->n > 1 && stack->numbers[1] > stack->numbers[0]
                               ? stack->numbers[1] - stack->numbers[0]
                               : frame_bytes;
    for (size_t i = 1; i < stack->n && is_even; i++)
        is_even = stack->numbers[i] == stack->numbers[0] + i * dataset->flat.stride;
    dataset->flat.is_plain = is_even && dataset->flat.stride >= frame_bytes;
    dataset->stored_frames = n_images;
    return VTR_OK;
}

vtr_status vtr_tiff_stack_open(vtr_dataset *dataset, bool *is_stack, vtr_error *err)
{
    vtr_tiff_reason reason;
    page first;
    size_t n_others = 0;
    const char *description = NULL;
    *is_stack = false;
    TIFF *tiff = vtr_tiff_open(dataset->path, "r", &reason);
    if (tiff == NULL)
        return vtr_fail(err, VTR_ERR_FORMAT, "cannot read '%s': %s", dataset->path, reason.text);
    tiff_stack *stack = NULL;
    vtr_status status = VTR_OK;
    if (!read_page(tiff, &first) || first.width == 0 || first.height == 0) goto cleanup;
    stack = vtr_calloc(1, sizeof *stack);
    if (stack == NULL) {
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
        goto cleanup;
    }
    dataset->state = stack; /* freed when the dataset is closed */
    *is_stack = true;
    dataset->flat.is_swapped = TIFFIsByteSwapped(tiff) != 0;
    if (TIFFGetField(tiff, TIFFTAG_IMAGEDESCRIPTION, &description) != 1) description = "";
    calibrate(dataset, tiff, description);
    size_t follow = images_that_follow(dataset, description, &first);
    status = read_pages(tiff, stack, &first, &n_others, err);
    if (status != VTR_OK) goto cleanup;
    status = settle(dataset, stack, &first, stack->n == 1 ? follow : stack->n, err);
    if (n_others > 0) vtr_dataset_note(dataset, "%zu pages of another size or kind are left out", n_others);

cleanup:
    TIFFClose(tiff);
    return status;
}

/* Tiles reach beyond the right and lower edge. */
static bool read_tiles(TIFF *tiff, unsigned char *frame, const vtr_dataset_info *info)
{
    const size_t n_y = info->shape[2], n_x = info->shape[3], pixel_bytes = vtr_type_size(info->type);
    uint32_t width = 0, length = 0;
    tmsize_t tile_bytes = TIFFTileSize(tiff);
    TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &width);
    TIFFGetField(tiff, TIFFTAG_TILELENGTH, &length);
    if (width == 0 || length == 0 || tile_bytes <= 0 ||
        (uint64_t)tile_bytes != (uint64_t)width * length * pixel_bytes)
        return false;
    unsigned char *tile = vtr_malloc((size_t)tile_bytes, 1);
    bool is_right = tile != NULL;
    for (uint32_t y = 0; is_right && y < n_y; y += length)
        for (uint32_t x = 0; is_right && x < n_x; x += width) {
            size_t rows = n_y - y < length ? n_y - y : length, columns = n_x - x < width ? n_x - x : width;
            is_right = TIFFReadTile(tiff, tile, x, y, 0, 0) == tile_bytes;
            for (size_t i = 0; is_right && i < rows; i++)
                memcpy(frame + ((y + i) * n_x + x) * pixel_bytes, tile + i * width * pixel_bytes,
                       columns * pixel_bytes);
        }
    vtr_free(tile);
    return is_right;
}

/* Strip after strip into the frame. */
static bool read_strips(TIFF *tiff, unsigned char *frame, size_t frame_bytes)
{
    size_t done = 0;
    for (uint32_t i = 0, n = TIFFNumberOfStrips(tiff); i < n && done < frame_bytes; i++) {
        tmsize_t got = TIFFReadEncodedStrip(tiff, i, frame + done, (tmsize_t)(frame_bytes - done));
        if (got <= 0) return false;
        done += (size_t)got;
    }
    return done == frame_bytes;
}

/* A page through libtiff. */
static bool read_page_pixels(TIFF *tiff, uint64_t directory, unsigned char *frame,
                             const vtr_dataset_info *info)
{
    if (TIFFSetSubDirectory(tiff, directory) != 1) return false;
    return TIFFIsTiled(tiff) != 0 ? read_tiles(tiff, frame, info)
                                  : read_strips(tiff, frame, vtr_dataset_frame_bytes(info));
}

static vtr_status read_decoded(vtr_dataset *dataset, size_t first, size_t n, void *frames, vtr_error *err)
{
    const tiff_stack *stack = dataset->state;
    vtr_tiff_reason reason;
    size_t frame_bytes = vtr_dataset_frame_bytes(&dataset->info);
    TIFF *tiff = vtr_tiff_open(dataset->path, "r", &reason);
    if (tiff == NULL) return vtr_fail(err, VTR_ERR_IO, "%s", reason.text);
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < n && status == VTR_OK; i++)
        if (!read_page_pixels(tiff, stack->directories[first + i], (unsigned char *)frames + i * frame_bytes,
                              &dataset->info))
            status = vtr_fail(err, VTR_ERR_IO, "page %zu: %s", first + i,
                              reason.text[0] != '\0' ? reason.text : "its pixels are damaged");
    TIFFClose(tiff);
    return status;
}

static vtr_status read_stack(vtr_dataset *dataset, size_t first, size_t n, void *frames, vtr_error *err)
{
    const tiff_stack *stack = dataset->state;
    if (dataset->flat.is_plain) return vtr_flat_read(dataset, first, n, frames, err);
    if (stack->is_in_pieces) return read_decoded(dataset, first, n, frames, err);
    return vtr_flat_read_at(dataset, stack->numbers + first, n, frames, err);
}

static void close_stack(vtr_dataset *dataset)
{
    tiff_stack *stack = dataset->state;
    if (stack != NULL) vtr_free(stack->directories);
    vtr_free(stack);
}

const vtr_dataset_format vtr_format_tiff_stack = {
    .name = "TIFF", .probe = vtr_image_is_tiff, .open = NULL, .read = read_stack, .close = close_stack};
