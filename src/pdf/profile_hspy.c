/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/base_internal.h"
#include "dataset/hdf5_internal.h"
#include "pdf/profile_axis.h"

enum { MIN_POINTS = 10 };

/* A signal of HyperSpy: a group with `data` and `axis-0`, which has size, scale, offset and units. */
typedef struct signal {
    hid_t file, data, axis;
    size_t n;
} signal;

/* The one signal of one dimension right under /Experiments; false where there is none. */
static bool open_signal(signal *s, const char *path)
{
    s->file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    hid_t experiments = s->file >= 0 ? vtr_hdf5_open_object(s->file, "Experiments") : -1;
    hid_t group =
        experiments >= 0 ? H5Oopen_by_idx(experiments, ".", H5_INDEX_NAME, H5_ITER_INC, 0, H5P_DEFAULT) : -1;
    if (group >= 0) {
        s->data = vtr_hdf5_open_object(group, "data");
        s->axis = vtr_hdf5_open_object(group, "axis-0");
        H5Oclose(group);
    }
    if (experiments >= 0) H5Oclose(experiments);
    if (s->data < 0 || s->axis < 0 || H5Iget_type(s->data) != H5I_DATASET) return false;
    hid_t space = H5Dget_space(s->data);
    hsize_t size[H5S_MAX_RANK] = {0};
    bool is_line =
        H5Sget_simple_extent_ndims(space) == 1 && H5Sget_simple_extent_dims(space, size, NULL) == 1;
    H5Sclose(space);
    s->n = (size_t)size[0];
    return is_line && s->n >= MIN_POINTS;
}

static void close_signal(signal *s)
{
    if (s->data >= 0) H5Oclose(s->data);
    if (s->axis >= 0) H5Oclose(s->axis);
    if (s->file >= 0) H5Fclose(s->file);
}

/* First value and step in 1/Å. */
static vtr_status axis_of(const signal *s, double *first, double *step, const char *path,
                          const vtr_profile_text_params *params, vtr_error *err)
{
    char unit[64];
    double factor, scale, offset = 0;
    if (params->k_step_inv_angstrom > 0) {
        *first = 0;
        *step = params->k_step_inv_angstrom;
        return VTR_OK;
    }
    if (!vtr_hdf5_attribute_text(s->axis, "units", unit, sizeof unit) ||
        vtr_unit_parse(unit, &factor) != VTR_UNIT_RECIPROCAL ||
        !vtr_hdf5_attribute_number(s->axis, "scale", &scale) || !(scale > 0))
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "the axis of '%s' has no unit; --k-step says how far its points are apart in k = 1/d",
                        path);
    vtr_hdf5_attribute_number(s->axis, "offset", &offset);
    *first = factor * offset;
    *step = factor * scale;
    return VTR_OK;
}

static vtr_status read_signal(vtr_profile_text *p, const signal *s, const char *path,
                              const vtr_profile_text_params *params, vtr_error *err)
{
    double first = 0, step = 0;
    vtr_status status = axis_of(s, &first, &step, path, params, err);
    if (status != VTR_OK) return status;
    p->n = s->n;
    p->axis = VTR_PROFILE_AXIS_K;
    p->wavelength_angstrom = params->wavelength_angstrom;
    p->x = vtr_calloc(p->n, sizeof *p->x);
    p->y = vtr_calloc(p->n, sizeof *p->y);
    if (p->x == NULL || p->y == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a profile");
    for (size_t i = 0; i < p->n; i++)
        p->x[i] = first + (double)i * step;
    if (H5Dread(s->data, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, p->y) < 0)
        return vtr_fail(err, VTR_ERR_IO, "cannot read the signal of '%s'", path);
    return VTR_OK;
}

vtr_status vtr_profile_hspy_read(vtr_profile_text *out, const char *path,
                                 const vtr_profile_text_params *given, vtr_error *err)
{
    vtr_profile_text_params params = given != NULL ? *given : vtr_profile_text_default_params();
    vtr_profile_text p = {0};
    signal s = {-1, -1, -1, 0};
    vtr_hdf5_lock();
    vtr_hdf5_register_filters();
    vtr_status status =
        open_signal(&s, path)
            ? read_signal(&p, &s, path, &params, err)
            : vtr_fail(err, VTR_ERR_NOT_FOUND, "'%s' holds no one-dimensional HyperSpy signal", path);
    close_signal(&s);
    vtr_hdf5_unlock();
    if (status == VTR_OK)
        *out = p;
    else
        vtr_profile_text_release(&p);
    return status;
}
