/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "mapfile/region_internal.h"

/* The map that a condition names; of several groups with a map of this name that of the strain, else the first. */
typedef struct search {
    const char *text;
    bool is_found, is_strain;
    char group[128], name[128];
} search;

static void visit(void *user, const char *group, const char *name)
{
    search *s = user;
    size_t length = strlen(group);
    bool is_path = strncmp(s->text, group, length) == 0 && s->text[length] == '/' &&
                   strcmp(s->text + length + 1, name) == 0;
    bool is_strain = strcmp(group, "strain") == 0;
    if (!is_path && strcmp(s->text, name) != 0) return;
    if (s->is_found && !is_strain) return;
    if (length >= sizeof s->group || strlen(name) >= sizeof s->name) return;
    s->is_found = true;
    strcpy(s->group, group);
    strcpy(s->name, name);
}

static vtr_status find_map(search *s, const char *map, const vtr_mapfile *file, vtr_error *err)
{
    *s = (search){.text = map};
    if (file == NULL)
        return vtr_fail(err, VTR_ERR_NOT_FOUND, "a condition on '%s' needs a map file, and there is none",
                        map);
    vtr_status status = vtr_mapfile_list(file, visit, s, err);
    if (status == VTR_OK && !s->is_found)
        status = vtr_fail(err, VTR_ERR_NOT_FOUND,
                          "the map file has no map '%s'; vitrail info lists what it has", map);
    return status;
}

static bool holds(float value, const char *comparison, double limit)
{
    bool is_equal = comparison[1] == '=' && (double)value == limit;
    return is_equal || (comparison[0] == '<' ? (double)value < limit : (double)value > limit);
}

static vtr_status read_map(float **values, const search *s, const vtr_region_term *term,
                           const vtr_mapfile *file, vtr_error *err)
{
    size_t n = term->n_y * term->n_x;
    *values = vtr_malloc(n, sizeof **values);
    if (*values == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the map '%s'", s->name);
    return vtr_mapfile_read(file, s->group, s->name, VTR_TYPE_F32, n, *values, err);
}

vtr_status vtr_region_condition(bool *taken, const vtr_region_term *term, const vtr_mapfile *file,
                                vtr_error *err)
{
    char map[256];
    double limit;
    search s;
    float *values = NULL;
    size_t length = strcspn(term->text, "<>");
    const char *comparison = term->text + length;
    if (*comparison == '\0' || length == 0 || length >= sizeof map) return VTR_OK;
    *taken = true;
    if (vtr_parse_double(comparison + (comparison[1] == '=' ? 2 : 1), &limit) != 0 || isnan(limit))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "'%s' is not a condition such as density<-0.01", term->text);
    memcpy(map, term->text, length);
    map[length] = '\0';
    vtr_status status = find_map(&s, map, file, err);
    if (status == VTR_OK) status = read_map(&values, &s, term, file, err);
    for (size_t i = 0; status == VTR_OK && i < term->n_y * term->n_x; i++)
        term->member[i] = !isnan(values[i]) && holds(values[i], comparison, limit) != term->negated;
    vtr_free(values);
    return status;
}
