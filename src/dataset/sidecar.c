/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "dataset/dataset_internal.h"

enum { SIDECAR_MAX_BYTES = 65536 };

/* Cuts white space off both ends, in place. */
static char *trim(char *text)
{
    text += strspn(text, " \t\r");
    size_t n = strlen(text);
    while (n > 0 && strchr(" \t\r", text[n - 1]) != NULL)
        n--;
    text[n] = '\0';
    return text;
}

/* One line "name: value" or "name = value" into `params`. */
static vtr_status read_line(vtr_dataset_params *params, char *line, const char *path, int number,
                            vtr_error *err)
{
    char *comment = strchr(line, '#');
    if (comment != NULL) *comment = '\0';
    line = trim(line);
    if (*line == '\0' || strcmp(line, "---") == 0) return VTR_OK;
    char *separator = strpbrk(line, ":=");
    if (separator == NULL)
        return vtr_fail(err, VTR_ERR_FORMAT, "'%s.yaml' line %d: '%.60s' is not of the form name: value",
                        path, number, line);
    *separator = '\0';
    const char *name = trim(line), *value = trim(separator + 1);
    const vtr_parameter *parameter = vtr_parameters_find(&vtr_dataset_parameters, name);
    if (parameter == NULL)
        return vtr_fail(err, VTR_ERR_FORMAT,
                        "'%s.yaml' line %d: unknown name '%.60s'; the names are those of the "
                        "options of vitrail info",
                        path, number, name);
    vtr_status status = vtr_parameters_set(parameter, params, value, err);
    return status == VTR_OK ? VTR_OK
                            : vtr_fail_context(err, VTR_ERR_FORMAT, "'%s.yaml' line %d", path, number);
}

/* Fills in what `params` leaves at its default; what the caller gave stays. */
static void fill_in(vtr_dataset_params *params, const vtr_dataset_params *from)
{
    char given[128], standard[128];
    vtr_dataset_params defaults;
    vtr_parameters_default(&vtr_dataset_parameters, &defaults);
    vtr_dataset_params merged = *from;
    for (size_t i = 0; i < vtr_dataset_parameters.n; i++) {
        const vtr_parameter *p = &vtr_dataset_parameters.parameters[i];
        if (p->type == VTR_PARAMETER_STRING) continue; /* kept by reference: below */
        vtr_parameters_format(p, params, given, sizeof given);
        vtr_parameters_format(p, &defaults, standard, sizeof standard);
        if (strcmp(given, standard) != 0) vtr_parameters_set(p, &merged, given, NULL);
    }
    if (params->type != NULL) merged.type = params->type;
    if (params->dataset != NULL) merged.dataset = params->dataset;
    *params = merged;
}

static vtr_status parse(vtr_dataset_params *params, char *text, const char *path, vtr_error *err)
{
    vtr_dataset_params read;
    vtr_parameters_default(&vtr_dataset_parameters, &read);
    vtr_status status = VTR_OK;
    int number = 1;
    for (char *line = text; line != NULL && status == VTR_OK; number++) {
        char *end = strchr(line, '\n');
        if (end != NULL) *end = '\0';
        status = read_line(&read, line, path, number, err);
        line = end != NULL ? end + 1 : NULL;
    }
    if (status == VTR_OK) fill_in(params, &read);
    return status;
}

vtr_status vtr_sidecar_read(vtr_dataset_params *params, char **text, const char *path, vtr_error *err)
{
    vtr_file file = {.descriptor = -1};
    char *content = NULL;
    *text = NULL;
    size_t n = strlen(path), got = 0;
    char *side_path = vtr_malloc(n + 6, 1);
    if (side_path == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory opening '%s'", path);
    memcpy(side_path, path, n);
    memcpy(side_path + n, ".yaml", 6);
    vtr_status status = vtr_file_open(&file, side_path, err);
    if (status == VTR_ERR_NOT_FOUND) {
        status = VTR_OK;
        goto cleanup;
    }
    if (status != VTR_OK) goto cleanup;
    if (file.size >= SIDECAR_MAX_BYTES) {
        status =
            vtr_fail(err, VTR_ERR_FORMAT, "'%s' is too long for a description of a recording", side_path);
        goto cleanup;
    }
    content = vtr_malloc((size_t)file.size + 1, 1);
    if (content == NULL) {
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory opening '%s'", path);
        goto cleanup;
    }
    status = vtr_file_read_some(&file, 0, content, (size_t)file.size, &got, err);
    content[got] = '\0';
    if (status == VTR_OK) status = parse(params, content, path, err);

cleanup:
    vtr_file_close(&file);
    vtr_free(side_path);
    if (status == VTR_OK)
        *text = content;
    else
        vtr_free(content);
    return status;
}
