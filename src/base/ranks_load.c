/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the environment says about ranks, and the module that carries their messages. */
#define _XOPEN_SOURCE 700
#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base_internal.h"
#include "base/ranks_internal.h"

/* Names that launchers use: the process managers of MPICH and Slurm, Open MPI, and PMIx. */
static const char *const sizes[] = {"PMI_SIZE", "OMPI_COMM_WORLD_SIZE"};
static const char *const numbers[] = {"PMI_RANK", "OMPI_COMM_WORLD_RANK", "PMIX_RANK"};

/* The first of the variables that is a number; -1: none is. */
static int number_of(const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t value;
        const char *text = getenv(names[i]);
        if (text != NULL && vtr_parse_size(text, &value) == 0 && value < INT_MAX) return (int)value;
    }
    return -1;
}

int vtr_ranks_launched_size(void)
{
    static const char *const of_step[] = {"SLURM_STEP_NUM_TASKS"};
    int size = number_of(sizes, 2);
    if (size < 0 && getenv("PMIX_RANK") != NULL) size = number_of(of_step, 1);
    return size > 0 ? size : 0;
}

bool vtr_ranks_are_launched(void)
{
    const char *wanted = getenv("VITRAIL_MPI");
    if (wanted != NULL && strcmp(wanted, "1") == 0) return true;
    if (wanted != NULL && strcmp(wanted, "0") == 0) return false;
    int size = vtr_ranks_launched_size();
    return size > 1 || (size == 0 && getenv("PMIX_RANK") != NULL);
}

int vtr_ranks_launched_rank(void)
{
    int rank = number_of(numbers, 3);
    return rank > 0 ? rank : 0;
}

static vtr_status take(const vtr_ranks_module **out, void *library, const char *path, vtr_error *err)
{
    vtr_ranks_module_entry entry = NULL;
    void *symbol = dlsym(library, VTR_RANKS_MODULE_ENTRY);
    memcpy(&entry, &symbol,
           sizeof entry); /* ISO C has no conversion of an object's pointer to a function's */
    const vtr_ranks_module *module = entry != NULL ? entry() : NULL;
    if (module == NULL || module->version != VTR_RANKS_MODULE_VERSION)
        return vtr_fail(err, VTR_ERR_NOT_FOUND, "'%s' is not the MPI module of this version of Vitrail",
                        path);
    *out = module;
    return VTR_OK;
}

/* Beside the program stands the module of a build, below its prefix that of an installation. */
static const char *const places[] = {"vitrail-mpi.so", VITRAIL_MODULE_FROM_PROGRAM "/vitrail-mpi.so"};

static bool find(char path[PATH_MAX], size_t place)
{
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (n <= 0) return false;
    path[n] = '\0';
    char *name = strrchr(path, '/');
    if (name == NULL || (size_t)(name + 1 - path) + strlen(places[place]) >= PATH_MAX) return false;
    strcpy(name + 1, places[place]);
    return access(path, R_OK) == 0;
}

vtr_status vtr_ranks_load(const vtr_ranks_module **out, vtr_error *err)
{
    char found[PATH_MAX];
    const char *path = getenv("VITRAIL_MPI_MODULE");
    for (size_t i = 0; path == NULL && i < sizeof places / sizeof *places; i++)
        if (find(found, i)) path = found;
    if (path == NULL)
        return vtr_fail(err, VTR_ERR_NOT_FOUND,
                        "started as one of several ranks, but this Vitrail was built without MPI "
                        "(vitrail-mpi.so is missing); set VITRAIL_MPI=0 if each is to work by itself");
    /* UCX, on which many MPIs are built, answers the death of another rank with pages of addresses unless told not to */
    setenv("UCX_HANDLE_ERRORS", "none", 0);
    /* Open MPI's own plug-ins look for its symbols among the global ones */
    void *library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
    if (library == NULL) return vtr_fail(err, VTR_ERR_NOT_FOUND, "cannot load the MPI module: %s", dlerror());
    return take(out, library, path, err);
}
