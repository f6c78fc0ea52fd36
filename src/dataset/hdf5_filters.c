/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fenv.h>
#include <zstd.h>

#include "base/base_internal.h"
#include "dataset/hdf5_internal.h"

/* Registered numbers: https://github.com/HDFGroup/hdf5_plugins/blob/master/docs/RegisteredFilterPlugins.md */
static const struct {
    H5Z_filter_t number;
    const char *name, *package;
} known[] = {
    {307, "bzip2", "hdf5-filter-plugin"},
    {32000, "LZF", "bitshuffle"},
    {32001, "Blosc", "hdf5-filter-plugin-blosc-serial"},
    {32004, "LZ4", "hdf5-filter-plugin"},
    {32008, "bitshuffle", "bitshuffle"},
    {32013, "ZFP", "hdf5-filter-plugin-zfp-serial"},
};

enum { FILTER_ZSTD = 32015 };

/* Zstandard has a registered number but no package with a plug-in, so this reads it: a chunk is one frame of
 * libzstd. Chunks are small; one that claims more than 4 GiB is damaged. */
static size_t decompress_zstd(unsigned flags, size_t n_values, const unsigned values[], size_t n_bytes,
                              size_t *buffer_size, void **buffer)
{
    (void)n_values;
    (void)values;
    if ((flags & H5Z_FLAG_REVERSE) == 0) return 0;
    unsigned long long size = ZSTD_getFrameContentSize(*buffer, n_bytes);
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size == 0 || size >> 32 != 0)
        return 0;
    void *plain = H5allocate_memory((size_t)size, 0);
    if (plain == NULL) return 0;
    size_t got = ZSTD_decompress(plain, (size_t)size, *buffer, n_bytes);
    if (ZSTD_isError(got)) {
        H5free_memory(plain);
        return 0;
    }
    H5free_memory(*buffer);
    *buffer = plain;
    *buffer_size = (size_t)size;
    return got;
}

/* Looking for a filter loads the plug-ins in turn, and some are linked with -ffast-math, which sets the loading thread to
 * take subnormal numbers for zero: Debian's LZF and bitshuffle do. The caller's arithmetic is put back. */
static bool is_available(H5Z_filter_t number)
{
    fenv_t arithmetic;
    fegetenv(&arithmetic);
    bool is_there = H5Zfilter_avail(number) > 0;
    fesetenv(&arithmetic);
    return is_there;
}

void vtr_hdf5_register_filters(void)
{
    static const H5Z_class2_t zstd = {
        .version = H5Z_CLASS_T_VERS,
        .id = FILTER_ZSTD,
        .encoder_present = 0,
        .decoder_present = 1,
        .name = "zstd",
        .filter = decompress_zstd,
    };
    if (!is_available(FILTER_ZSTD)) H5Zregister(&zstd);
}

static vtr_status missing(H5Z_filter_t number, const char *name, const char *file_path, const char *path,
                          vtr_error *err)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].number == number)
            return vtr_fail(err, VTR_ERR_FORMAT,
                            "cannot read '%s': dataset '%s' is compressed with %s; install the package %s",
                            file_path, path, known[i].name, known[i].package);
    return vtr_fail(
        err, VTR_ERR_FORMAT,
        "cannot read '%s': dataset '%s' is compressed with HDF5 filter %d (%s), which is not installed; "
        "name the folder of its plug-in in HDF5_PLUGIN_PATH",
        file_path, path, (int)number, name[0] != '\0' ? name : "unnamed");
}

vtr_status vtr_hdf5_check_filters(hid_t dataset, const char *file_path, const char *path, vtr_error *err)
{
    hid_t properties = H5Dget_create_plist(dataset);
    if (properties < 0)
        return vtr_fail(err, VTR_ERR_FORMAT, "cannot read '%s': dataset '%s' is damaged", file_path, path);
    vtr_status status = VTR_OK;
    int count = H5Pget_nfilters(properties);
    for (int i = 0; i < count && status == VTR_OK; i++) {
        char name[64] = "";
        unsigned flags, configuration;
        size_t n_values = 0;
        H5Z_filter_t number = H5Pget_filter2(properties, (unsigned)i, &flags, &n_values, NULL, sizeof name,
                                             name, &configuration);
        name[sizeof name - 1] = '\0';
        if (number < 0 || !is_available(number)) status = missing(number, name, file_path, path, err);
    }
    H5Pclose(properties);
    return status;
}
