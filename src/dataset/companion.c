/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataset/companion.h"

#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"

enum { MAX_TEXT_BYTES = 4 << 20 };

const char *vtr_companion_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

char *vtr_companion_path(const char *path, const char *name)
{
    size_t folder = (size_t)(vtr_companion_name(path) - path), size = folder + strlen(name) + 1;
    char *joined = vtr_malloc(size, 1);
    if (joined != NULL) snprintf(joined, size, "%.*s%s", (int)folder, path, name);
    return joined;
}

char *vtr_companion_read(const char *path)
{
    vtr_file file = {.descriptor = -1};
    if (vtr_file_open(&file, path, NULL) != VTR_OK) return NULL;
    char *text = NULL;
    if (file.size <= MAX_TEXT_BYTES) text = vtr_malloc((size_t)file.size + 1, 1);
    if (text != NULL) {
        text[file.size] = '\0';
        if (vtr_file_read(&file, 0, text, (size_t)file.size, NULL) != VTR_OK) {
            vtr_free(text);
            text = NULL;
        }
    }
    vtr_file_close(&file);
    return text;
}

vtr_status vtr_companion_enter(vtr_dataset *dataset, const char *path, vtr_error *err)
{
    vtr_file file = {.descriptor = -1};
    vtr_status status = vtr_file_open(&file, path, err);
    if (status != VTR_OK)
        return vtr_fail_context(err, status, "cannot read '%s': its frames are in another file",
                                dataset->path);
    vtr_file_close(&dataset->file);
    dataset->file = file;
    dataset->info.file_bytes = file.size;
    return VTR_OK;
}

bool vtr_text_number_after(const char *text, const char *mark, double *value)
{
    const char *at = text != NULL ? strstr(text, mark) : NULL;
    char number[48];
    if (at == NULL) return false;
    at += strlen(mark);
    size_t n = strspn(at, "+-.0123456789eE");
    if (n == 0 || n >= sizeof number) return false;
    memcpy(number, at, n);
    number[n] = '\0';
    return vtr_parse_double(number, value) == 0;
}
