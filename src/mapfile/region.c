/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/region.h"

#include <string.h>

#include "mapfile/region_internal.h"

void vtr_region_release(vtr_region *region)
{
    vtr_free(region->member);
    region->member = NULL;
    region->n = 0;
}

static vtr_status name_of(vtr_region *region, const char *text, vtr_error *err)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+.";
    size_t n = strspn(text, allowed);
    if (n == 0 || text[n] != '=' || text[n + 1] == '\0')
        return vtr_fail(
            err, VTR_ERR_ARGUMENT,
            "region '%s' is not NAME=DEFINITION with a name of letters, digits, '_', '-', '+' and '.'", text);
    if (n >= sizeof region->name || strlen(text + n + 1) >= sizeof region->definition)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "region '%s' is too long", text);
    memcpy(region->name, text, n);
    region->name[n] = '\0';
    strcpy(region->definition, text + n + 1);
    return VTR_OK;
}

static vtr_status read_term(const vtr_region_term *term, const vtr_mapfile *file, vtr_error *err)
{
    bool taken = false;
    vtr_status status = vtr_region_box(&taken, term, err);
    if (status == VTR_OK && !taken) status = vtr_region_ellipse(&taken, term, err);
    if (status == VTR_OK && !taken) status = vtr_region_polygon(&taken, term, err);
    if (status == VTR_OK && !taken) status = vtr_region_mask(&taken, term, err);
    if (status == VTR_OK && !taken) status = vtr_region_feature(&taken, term, file, err);
    if (status == VTR_OK && !taken) status = vtr_region_condition(&taken, term, file, err);
    if (status == VTR_OK && !taken)
        status = vtr_fail(
            err, VTR_ERR_ARGUMENT,
            "'%s' is no region; write Y0:Y1,X0:X1, ellipse:Y,X,RY,RX, polygon:Y,X;Y,X;Y,X, mask:FILE or "
            "a condition such as density<-0.01",
            term->text);
    return status;
}

/* The next term of *text into `term`, which has room for it. */
static void next_term(char *term, bool *negated, const char **text)
{
    *negated = **text == '!';
    if (*negated) ++*text;
    size_t n = strcspn(*text, "&");
    memcpy(term, *text, n);
    term[n] = '\0';
    *text += n + ((*text)[n] == '&');
}

static vtr_status read_terms(vtr_region *region, unsigned char *room, const vtr_mapfile *file, vtr_error *err)
{
    size_t n = region->n_y * region->n_x;
    char text[sizeof region->definition];
    memset(region->member, 1, n);
    for (const char *rest = region->definition; *rest != '\0';) {
        vtr_region_term term = {text, false, region->n_y, region->n_x, room};
        next_term(text, &term.negated, &rest);
        memset(room, 0, n);
        vtr_status status = read_term(&term, file, err);
        if (status != VTR_OK) return vtr_fail_context(err, status, "region '%s'", region->name);
        for (size_t i = 0; i < n; i++)
            region->member[i] &= room[i];
    }
    region->n = 0;
    for (size_t i = 0; i < n; i++)
        region->n += region->member[i];
    if (region->n == 0)
        return vtr_fail(err, VTR_ERR_NO_DATA, "region '%s' (%s) holds no position of the scan", region->name,
                        region->definition);
    return VTR_OK;
}

vtr_status vtr_region_parse(vtr_region *out, const char *text, const vtr_mapfile *file, size_t n_y,
                            size_t n_x, vtr_error *err)
{
    vtr_region region = {.n_y = n_y, .n_x = n_x};
    size_t n = 0;
    vtr_status status = name_of(&region, text, err);
    if (status != VTR_OK) return status;
    if (!vtr_multiply_size(n_y, n_x, &n) || n == 0)
        return vtr_fail(err, VTR_ERR_SHAPE, "a scan of %zu x %zu positions has no regions", n_y, n_x);
    region.member = vtr_malloc(n, 1);
    unsigned char *room = vtr_malloc(n, 1);
    if (region.member == NULL || room == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for region '%s'", region.name);
    else
        status = read_terms(&region, room, file, err);
    vtr_free(room);
    if (status == VTR_OK)
        *out = region;
    else
        vtr_region_release(&region);
    return status;
}
