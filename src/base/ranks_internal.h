/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_BASE_RANKS_INTERNAL_H
#define VITRAIL_BASE_RANKS_INTERNAL_H

/* What a module that carries messages between ranks offers (ranks_mpi.c), and how it is found. */

#include "vitrail/ranks.h"

enum { VTR_RANKS_MODULE_VERSION = 1, VTR_RANKS_REASON = 256 };

/* Functions return 0, or -1 with a sentence in reason[VTR_RANKS_REASON]. All but start and finish may be called by
 * several threads at once. */
typedef struct vtr_ranks_module {
    int version;      /* VTR_RANKS_MODULE_VERSION; what follows is of that version */
    const char *name; /* of the MPI that it was built with */
    int (*start)(int *rank, int *size, char *reason);
    void (*finish)(void);
    void (*abort)(int exit_status);
    /* n_bytes <= VTR_RANKS_MAX_POLLED; returns once `data` may be changed again. */
    int (*send)(int to, int tag, const void *data, size_t n_bytes, char *reason);
    int (*poll)(int from, int tag, vtr_ranks_message *message, int *is_there, char *reason);
    int (*take)(vtr_ranks_message *message, void *data, char *reason);
} vtr_ranks_module;

/* The name of the function in a module that gives it. */
#define VTR_RANKS_MODULE_ENTRY "vtr_ranks_module_get"
typedef const vtr_ranks_module *(*vtr_ranks_module_entry)(void);

/* Loads the module: VITRAIL_MPI_MODULE in the environment, beside the program, or where it is installed. It stays. */
vtr_status vtr_ranks_load(const vtr_ranks_module **out, vtr_error *err);

/* How many processes the launcher says it started; 0: it does not say. */
int vtr_ranks_launched_size(void);

/* A handle on a module's ranks, for tests that bring a module of their own. */
vtr_status vtr_ranks_start_with(vtr_ranks **out, const vtr_ranks_module *module, vtr_error *err);

#endif
