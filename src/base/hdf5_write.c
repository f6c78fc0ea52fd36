/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/hdf5_write.h"

hid_t vtr_hdf5_own_access(void)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
#if H5_VERSION_GE(1, 10, 7)
    if (access >= 0) H5Pset_file_locking(access, false, true);
#endif
    return access;
}

hid_t vtr_hdf5_create(const char *path)
{
    hid_t access = vtr_hdf5_own_access();
    hid_t file = access >= 0 ? H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access) : H5I_INVALID_HID;
    if (access >= 0) H5Pclose(access);
    return file;
}

static bool put(hid_t object, const char *attribute, hid_t file_type, hid_t memory_type, const void *value)
{
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t created = H5Acreate2(object, attribute, file_type, space, H5P_DEFAULT, H5P_DEFAULT);
    bool done = created >= 0 && H5Awrite(created, memory_type, value) >= 0;
    if (created >= 0) H5Aclose(created);
    H5Sclose(space);
    return done;
}

static hid_t text_type(void)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

bool vtr_hdf5_put_text(hid_t object, const char *attribute, const char *text)
{
    hid_t type = text_type();
    bool done = put(object, attribute, type, type, &text);
    H5Tclose(type);
    return done;
}

bool vtr_hdf5_put_integer(hid_t object, const char *attribute, int64_t value)
{
    return put(object, attribute, H5T_STD_I64LE, H5T_NATIVE_INT64, &value);
}

bool vtr_hdf5_put_number(hid_t object, const char *attribute, double value)
{
    return put(object, attribute, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &value);
}

bool vtr_hdf5_put_truth(hid_t object, const char *attribute, bool value)
{
    const int8_t no = 0, yes = 1, stored = value ? yes : no;
    hid_t type = H5Tenum_create(H5T_NATIVE_INT8);
    bool done = H5Tenum_insert(type, "FALSE", &no) >= 0 && H5Tenum_insert(type, "TRUE", &yes) >= 0 &&
                put(object, attribute, type, type, &stored);
    H5Tclose(type);
    return done;
}

bool vtr_hdf5_put_text_dataset(hid_t group, const char *name, const char *text, hid_t *out)
{
    hid_t type = text_type(), space = H5Screate(H5S_SCALAR);
    hid_t dataset = H5Dcreate2(group, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    bool done = dataset >= 0 && H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, &text) >= 0;
    H5Sclose(space);
    H5Tclose(type);
    if (done && out != NULL)
        *out = dataset;
    else if (dataset >= 0)
        H5Dclose(dataset);
    return done;
}
