/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "magnetic/magnetic_internal.h"

/* A column of a table: a member of each row, as double. */
typedef struct column {
    const char *name, *unit, *text;
    size_t offset;
} column;

#define OF_WALL(member) offsetof(vtr_magnetic_wall, member)
#define OF_DOMAIN(member) offsetof(vtr_magnetic_domain, member)

static const column wall_columns[] = {
    {"length", "nm", "length of the wall", OF_WALL(length_nm)},
    {"angle", "degrees", "angle between the fields on both sides", OF_WALL(angle_degrees)},
    {"angle_errors", "degrees", "its standard deviation", OF_WALL(angle_error)},
    {"width", "nm", "jump of the field over its fastest change", OF_WALL(width_nm)},
    {"width_errors", "nm", "its standard deviation", OF_WALL(width_error)},
    {"direction", "degrees", "direction of the wall, from +x towards +y", OF_WALL(direction_degrees)},
    {"y", "nm", "its middle", OF_WALL(y_nm)},
    {"x", "nm", "its middle", OF_WALL(x_nm)},
};

static const column domain_columns[] = {
    {"area", "nm^2", "area of the domain", OF_DOMAIN(area_nm2)},
    {"size", "nm", "diameter of the circle of its area", OF_DOMAIN(size_nm)},
    {"direction", "degrees", "direction of the mean field, from +x towards +y", OF_DOMAIN(direction_degrees)},
    {"direction_errors", "degrees", "its standard deviation", OF_DOMAIN(direction_error)},
    {"spread", "degrees", "circular standard deviation of the direction, without noise",
     OF_DOMAIN(spread_degrees)},
    {"field", "", "root mean square of the field, without noise", OF_DOMAIN(field)},
    {"field_errors", "", "its standard deviation", OF_DOMAIN(field_error)},
    {"y", "nm", "centroid", OF_DOMAIN(y_nm)},
    {"x", "nm", "centroid", OF_DOMAIN(x_nm)},
};

/* One dataset [rows] a column, below `group`. */
static vtr_status write_table(vtr_mapfile *file, const char *group, const column *columns, size_t n_columns,
                              const void *rows, size_t row_size, size_t n_rows, const char *field_unit,
                              vtr_error *err)
{
    double *values = vtr_malloc(n_rows, sizeof *values);
    if (values == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a table of %zu rows", n_rows);
    vtr_status status = VTR_OK;
    for (size_t c = 0; c < n_columns && status == VTR_OK; c++) {
        for (size_t r = 0; r < n_rows; r++)
            memcpy(&values[r], (const char *)rows + r * row_size + columns[c].offset, sizeof *values);
        status = vtr_mapfile_write(file, group, columns[c].name, VTR_TYPE_F64, 1, &n_rows, values,
                                   columns[c].unit[0] != '\0' ? columns[c].unit : field_unit, columns[c].text,
                                   err);
    }
    vtr_free(values);
    return status;
}

static vtr_status write_walls(vtr_mapfile *file, const vtr_magnetic_domains *d, const char *field_unit,
                              vtr_error *err)
{
    const size_t shape[2] = {d->n_walls, 2};
    vtr_status status = vtr_mapfile_group(file, "magnetic/walls", err);
    if (status != VTR_OK || d->n_walls == 0) return status;
    uint32_t *sides = vtr_malloc(d->n_walls, 2 * sizeof *sides);
    if (sides == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu walls", d->n_walls);
    for (size_t k = 0; k < d->n_walls; k++)
        memcpy(sides + 2 * k, d->walls[k].domain, 2 * sizeof *sides);
    status = vtr_mapfile_write(file, "magnetic/walls", "domains", VTR_TYPE_U32, 2, shape, sides, NULL,
                               "numbers of the domains on both sides", err);
    vtr_free(sides);
    if (status != VTR_OK) return status;
    return write_table(file, "magnetic/walls", wall_columns, sizeof wall_columns / sizeof *wall_columns,
                       d->walls, sizeof *d->walls, d->n_walls, field_unit, err);
}

static vtr_status write_domains(vtr_mapfile *file, const vtr_magnetic_domains *d, const char *field_unit,
                                vtr_error *err)
{
    vtr_status status = vtr_mapfile_group(file, "magnetic/domains", err);
    if (status != VTR_OK || d->n_domains == 0) return status;
    unsigned char *is_cut = vtr_malloc(d->n_domains, 1);
    if (is_cut == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu domains", d->n_domains);
    for (size_t k = 0; k < d->n_domains; k++)
        is_cut[k] = d->domains[k].is_cut;
    status = vtr_mapfile_write(file, "magnetic/domains", "is_cut", VTR_TYPE_U8, 1, &d->n_domains, is_cut,
                               NULL, "1: cut by the edge of the map or by missing data", err);
    vtr_free(is_cut);
    if (status != VTR_OK) return status;
    return write_table(file, "magnetic/domains", domain_columns,
                       sizeof domain_columns / sizeof *domain_columns, d->domains, sizeof *d->domains,
                       d->n_domains, field_unit, err);
}

/* Positions by direction and by magnitude, with the middles of the bins. */
static vtr_status write_histograms(vtr_mapfile *file, const vtr_magnetic_domains *d, const char *field_unit,
                                   vtr_error *err)
{
    enum { N_D = VTR_MAGNETIC_DIRECTIONS, N_S = VTR_MAGNETIC_SIZES };
    double directions[N_D], sizes[N_S];
    const size_t n_d = N_D, n_s = N_S;
    for (size_t i = 0; i < N_D; i++)
        directions[i] = 360 * ((double)i + 0.5) / N_D - 180;
    for (size_t i = 0; i < N_S; i++)
        sizes[i] = d->size_top * ((double)i + 0.5) / N_S;
    const struct {
        const char *name, *unit, *text;
        size_t n;
        const double *values;
    } arrays[] = {{"direction_bins", "degrees", "direction of the field, middle of the bin", n_d, directions},
                  {"direction_count", "positions", "positions by direction", n_d, d->direction_count},
                  {"magnitude_bins", field_unit, "magnitude of the field, middle of the bin", n_s, sizes},
                  {"magnitude_count", "positions", "positions by magnitude", n_s, d->size_count}};
    vtr_status status = VTR_OK;
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays && status == VTR_OK; k++)
        status = vtr_mapfile_write(file, "magnetic", arrays[k].name, VTR_TYPE_F64, 1, &arrays[k].n,
                                   arrays[k].values, arrays[k].unit, arrays[k].text, err);
    return status;
}

vtr_status vtr_magnetic_write_domains(vtr_mapfile *file, const vtr_magnetic *m, vtr_error *err)
{
    const vtr_magnetic_domains *d = &m->domains;
    const size_t shape[] = {m->n_y, m->n_x};
    const char *field_unit = m->has_thickness ? "T" : "T nm";
    const vtr_mapfile_attribute numbers[] = {{"wall_scale_nm", 1, {d->scale_nm}},
                                             {"wall_significance", 1, {m->params.wall_significance}},
                                             {"wall_angle", 1, {m->params.wall_angle_degrees}},
                                             {"wall_length_nm", 1, {d->wall_length_nm}},
                                             {"area_nm2", 1, {d->area_nm2}}};
    vtr_status status = vtr_mapfile_write(file, "magnetic", "wall", VTR_TYPE_U32, 2, shape, d->wall, NULL,
                                          "number of the domain wall, 0 where there is none", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write(file, "magnetic", "domain", VTR_TYPE_U32, 2, shape, d->domain, NULL,
                                   "number of the domain, 0 where there is none", err);
    if (status == VTR_OK)
        status =
            vtr_mapfile_write_attributes(file, "magnetic", numbers, sizeof numbers / sizeof *numbers, err);
    if (status == VTR_OK) status = write_histograms(file, d, field_unit, err);
    if (status == VTR_OK) status = write_walls(file, d, field_unit, err);
    return status == VTR_OK ? write_domains(file, d, field_unit, err) : status;
}
