/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The module that carries messages by MPI; everything else about ranks is in ranks.c. Sends and receipts never block
 * within MPI, which would turn a processor for the whole wait: they are asked for again and again, with pauses. */
#include <mpi.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/ranks_internal.h"

/* MPI is used by one thread at a time (MPI_THREAD_SERIALIZED). */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int check(int code, const char *what, char *reason)
{
    if (code == MPI_SUCCESS) return 0;
    char text[MPI_MAX_ERROR_STRING] = "";
    int n = 0;
    MPI_Error_string(code, text, &n);
    text[strcspn(text, "\n")] = '\0';
    snprintf(reason, VTR_RANKS_REASON, "%s failed: %.180s", what, text);
    return -1;
}

static int start(int *rank, int *size, char *reason)
{
    int provided = 0;
    int code = MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided);
    if (check(code, "MPI_Init_thread", reason) != 0) return -1;
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, rank);
    MPI_Comm_size(MPI_COMM_WORLD, size);
    if (provided >= MPI_THREAD_SERIALIZED) return 0;
    snprintf(reason, VTR_RANKS_REASON, "this MPI was built without threads (MPI_THREAD_SERIALIZED)");
    return -1;
}

static void finish(void)
{
    MPI_Finalize();
}

static void end_all(int exit_status)
{
    MPI_Abort(MPI_COMM_WORLD, exit_status);
}

/* Asks for the request until it is complete. */
static int complete(MPI_Request *request, const char *what, char *reason)
{
    unsigned n_waits = 0;
    for (;;) {
        int is_done = 0;
        pthread_mutex_lock(&lock);
        int code = MPI_Test(request, &is_done, MPI_STATUS_IGNORE);
        pthread_mutex_unlock(&lock);
        if (check(code, what, reason) != 0) return -1;
        if (is_done) return 0;
        vtr_ranks_wait(&n_waits);
    }
}

static int send_bytes(int to, int tag, const void *data, size_t n_bytes, char *reason)
{
    MPI_Request request;
    pthread_mutex_lock(&lock);
    int code = MPI_Isend(data, (int)n_bytes, MPI_BYTE, to, tag, MPI_COMM_WORLD, &request);
    pthread_mutex_unlock(&lock);
    if (check(code, "MPI_Isend", reason) != 0) return -1;
    return complete(&request, "sending", reason);
}

static int poll_for(int from, int tag, vtr_ranks_message *message, int *is_there, char *reason)
{
    MPI_Status status;
    MPI_Message handle;
    int n_bytes = 0;
    pthread_mutex_lock(&lock);
    int code = MPI_Improbe(from == VTR_ANY_RANK ? MPI_ANY_SOURCE : from, tag, MPI_COMM_WORLD, is_there,
                           &handle, &status);
    if (code == MPI_SUCCESS && *is_there) code = MPI_Get_count(&status, MPI_BYTE, &n_bytes);
    pthread_mutex_unlock(&lock);
    if (check(code, "MPI_Improbe", reason) != 0) return -1;
    if (!*is_there) return 0;
    *message = (vtr_ranks_message){.from = status.MPI_SOURCE, .tag = tag, .n_bytes = (size_t)n_bytes};
    _Static_assert(sizeof handle <= sizeof message->handle, "a message of MPI fits its place");
    memcpy(message->handle, &handle, sizeof handle);
    return 0;
}

static int take_bytes(vtr_ranks_message *message, void *data, char *reason)
{
    MPI_Message handle;
    MPI_Request request;
    memcpy(&handle, message->handle, sizeof handle);
    pthread_mutex_lock(&lock);
    int code = MPI_Imrecv(data, (int)message->n_bytes, MPI_BYTE, &handle, &request);
    pthread_mutex_unlock(&lock);
    if (check(code, "MPI_Imrecv", reason) != 0) return -1;
    return complete(&request, "receiving", reason);
}

static char name[MPI_MAX_LIBRARY_VERSION_STRING];

VTR_API const vtr_ranks_module *vtr_ranks_module_get(void);

VTR_API const vtr_ranks_module *vtr_ranks_module_get(void)
{
    static const vtr_ranks_module module = {.version = VTR_RANKS_MODULE_VERSION,
                                            .name = name,
                                            .start = start,
                                            .finish = finish,
                                            .abort = end_all,
                                            .send = send_bytes,
                                            .poll = poll_for,
                                            .take = take_bytes};
    int n = 0;
    MPI_Get_library_version(name, &n);
    name[strcspn(name, "\n,")] = '\0';
    for (char *c = name; *c != '\0'; c++)
        if (*c == '\t') *c = ' ';
    return &module;
}
