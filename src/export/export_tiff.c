/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "dataset/tiff_internal.h"
#include "export/export_internal.h"

/* TIFF of float32, a page a map. The scale is ImageJ's: pixels per unit as resolution, the unit in the description;
 * labels of the pages are in its tags 50838 and 50839: "IJIJ", then kind and count, then UTF-16 in the file's byte
 * order. Other programs pass over both. Facts: ImageJ's TiffDecoder; tifffile. */

enum {
    TAG_METADATA_COUNTS = 50838,
    TAG_METADATA = 50839,
    ROWS_PER_STRIP = 64,
    METADATA_HEADER = 12,
    MAX_PAGES = 512,
    LABEL = 192
};

typedef struct page {
    const vtr_export_item *item;
    const float *values; /* NULL: no data anywhere */
    bool is_error;
} page;

typedef struct pages {
    size_t n;
    page page[MAX_PAGES];
} pages;

static vtr_status list_pages(pages *list, const vtr_export_job *job, vtr_error *err)
{
    list->n = 0;
    if (job->n > MAX_PAGES / 2)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "'%s' would hold %zu maps; at most %d", job->path, job->n,
                        MAX_PAGES / 2);
    for (size_t i = 0; i < job->n; i++) {
        list->page[list->n++] = (page){&job->items[i], job->items[i].values, false};
        if (job->with_errors) list->page[list->n++] = (page){&job->items[i], job->items[i].errors, true};
    }
    return VTR_OK;
}

static void put_u32(unsigned char *to, uint32_t value)
{
    memcpy(to, &value, sizeof value); /* the file has this machine's byte order */
}

/* ASCII to UTF-16; bytes written. Names and units of map files are ASCII. */
static size_t put_label(unsigned char *to, const char *label)
{
    size_t n = strlen(label);
    for (size_t i = 0; i < n; i++) {
        const uint16_t unit = (unsigned char)label[i];
        memcpy(to + 2 * i, &unit, sizeof unit);
    }
    return 2 * n;
}

static const TIFFFieldInfo imagej_fields[] = {
    {TAG_METADATA_COUNTS, TIFF_VARIABLE2, TIFF_VARIABLE2, TIFF_LONG, FIELD_CUSTOM, 1, 1,
     "IJMetadataByteCounts"},
    {TAG_METADATA, TIFF_VARIABLE2, TIFF_VARIABLE2, TIFF_BYTE, FIELD_CUSTOM, 1, 1, "IJMetadata"},
};

static bool set_labels(TIFF *tiff, const pages *list)
{
    uint32_t counts[1 + MAX_PAGES] = {METADATA_HEADER};
    size_t used = METADATA_HEADER;
    unsigned char *metadata = vtr_calloc(METADATA_HEADER + 2 * LABEL * list->n, 1);
    if (metadata == NULL) return false;
    put_u32(metadata, 0x494a494au);     /* "IJIJ" */
    put_u32(metadata + 4, 0x6c61626cu); /* "labl" */
    put_u32(metadata + 8, (uint32_t)list->n);
    for (size_t i = 0; i < list->n; i++) {
        char label[LABEL];
        vtr_export_label(label, sizeof label, list->page[i].item, list->page[i].is_error);
        counts[1 + i] = (uint32_t)put_label(metadata + used, label);
        used += counts[1 + i];
    }
    bool done = TIFFMergeFieldInfo(tiff, imagej_fields, 2) == 0 &&
                TIFFSetField(tiff, TAG_METADATA_COUNTS, (uint32_t)(1 + list->n), counts) == 1 &&
                TIFFSetField(tiff, TAG_METADATA, (uint32_t)used, metadata) == 1;
    vtr_free(metadata);
    return done;
}

static bool set_description(TIFF *tiff, const pages *list, bool has_step)
{
    char text[160];
    int used = snprintf(text, sizeof text, "ImageJ=1.53t\n");
    if (list->n > 1)
        used +=
            snprintf(text + used, sizeof text - (size_t)used, "images=%zu\nslices=%zu\n", list->n, list->n);
    snprintf(text + used, sizeof text - (size_t)used, "%sloop=false\n", has_step ? "unit=nm\n" : "");
    return TIFFSetField(tiff, TIFFTAG_IMAGEDESCRIPTION, text) == 1;
}

static bool set_fields(TIFF *tiff, const vtr_export_item *item)
{
    const bool has_step = item->step_nm[0] > 0 && item->step_nm[1] > 0;
    return TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, (uint32_t)item->n_x) == 1 &&
           TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, (uint32_t)item->n_y) == 1 &&
           TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 32) == 1 &&
           TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1) == 1 &&
           TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_IEEEFP) == 1 &&
           TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK) == 1 &&
           TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_NONE) == 1 &&
           TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, ROWS_PER_STRIP) == 1 &&
           TIFFSetField(tiff, TIFFTAG_SOFTWARE, "vitrail") == 1 &&
           (!has_step || (TIFFSetField(tiff, TIFFTAG_XRESOLUTION, 1 / item->step_nm[1]) == 1 &&
                          TIFFSetField(tiff, TIFFTAG_YRESOLUTION, 1 / item->step_nm[0]) == 1 &&
                          TIFFSetField(tiff, TIFFTAG_RESOLUTIONUNIT, RESUNIT_NONE) == 1));
}

static bool write_strips(TIFF *tiff, const page *p, float *strip)
{
    const size_t n_x = p->item->n_x;
    for (size_t y = 0; y < p->item->n_y; y += ROWS_PER_STRIP) {
        const size_t rows = p->item->n_y - y < ROWS_PER_STRIP ? p->item->n_y - y : ROWS_PER_STRIP;
        for (size_t i = 0; i < rows * n_x; i++)
            strip[i] = p->values != NULL ? p->values[y * n_x + i] : NAN;
        if (TIFFWriteEncodedStrip(tiff, (uint32_t)(y / ROWS_PER_STRIP), strip,
                                  (tmsize_t)(rows * n_x * sizeof *strip)) < 0)
            return false;
    }
    return TIFFWriteDirectory(tiff) == 1;
}

static bool write_pages(TIFF *tiff, const pages *list, float *strip)
{
    for (size_t i = 0; i < list->n; i++) {
        const vtr_export_item *item = list->page[i].item;
        const bool is_first = i == 0;
        if (!set_fields(tiff, item) ||
            (is_first && (!set_description(tiff, list, item->step_nm[0] > 0) || !set_labels(tiff, list))) ||
            !write_strips(tiff, &list->page[i], strip))
            return false;
    }
    return true;
}

static vtr_status write_tiff(const char *partial, const vtr_export_job *job, vtr_error *err)
{
    vtr_tiff_reason reason = {{0}};
    pages *list = vtr_malloc(1, sizeof *list);
    float *strip = vtr_malloc(ROWS_PER_STRIP * job->items[0].n_x, sizeof *strip);
    TIFF *tiff = NULL;
    bool done = false;
    vtr_status status = list == NULL || strip == NULL
                            ? vtr_fail(err, VTR_ERR_MEMORY, "out of memory writing '%s'", job->path)
                            : list_pages(list, job, err);
    if (status == VTR_OK) {
        tiff = vtr_tiff_open(partial, "w", &reason);
        done = tiff != NULL && write_pages(tiff, list, strip);
        if (tiff != NULL) TIFFClose(tiff);
    }
    if (status == VTR_OK && (!done || reason.text[0] != '\0'))
        status = vtr_fail(err, VTR_ERR_IO, "cannot write '%s': %s", job->path,
                          reason.text[0] != '\0' ? reason.text : vtr_tiff_silence());
    vtr_free(strip);
    vtr_free(list);
    return status;
}

const vtr_export_format vtr_export_tiff = {
    .endings = {".tif", ".tiff"}, .takes_several = true, .write_file = write_tiff};
