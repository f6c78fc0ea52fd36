/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "dataset/dataset_internal.h"
#include "pass/checkpoint_internal.h"

static char *path_of(const char *output)
{
    static const char ending[] = ".checkpoint";
    char *path = vtr_malloc(strlen(output) + sizeof ending, 1);
    if (path == NULL) return NULL;
    strcpy(path, output);
    strcat(path, ending);
    return path;
}

static void release(vtr_checkpoint *checkpoint)
{
    if (checkpoint == NULL) return;
    vtr_journal_close(&checkpoint->journal);
    vtr_free(checkpoint->output);
    vtr_free(checkpoint);
}

static vtr_status open_journal(vtr_checkpoint *checkpoint, bool may_replace, vtr_error *err)
{
    vtr_error reason = {0};
    char *path = path_of(checkpoint->output);
    if (path == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the checkpoint");
    vtr_status status = vtr_journal_open(&checkpoint->journal, path, may_replace, &reason);
    vtr_free(path);
    if (status == VTR_ERR_EXISTS)
        return vtr_fail(err, status,
                        "cannot write '%s': another program is writing it; wait until it is done",
                        checkpoint->output);
    return status == VTR_OK ? VTR_OK : vtr_fail(err, status, "%s", reason.message);
}

static void take_record(vtr_checkpoint *checkpoint, const vtr_journal_record *record, uint64_t *sums_end)
{
    checkpoint_sums_head head;
    if (record->kind == CHECKPOINT_SUMS && record->n_bytes >= sizeof head) {
        memcpy(&head, record->content, sizeof head);
        checkpoint->has_sums = true;
        checkpoint->n_done = head.n_done;
        checkpoint->n_positions = head.n_positions;
        *sums_end = record->end;
    } else if (record->kind == CHECKPOINT_CLOSING && record->n_bytes == sizeof checkpoint->closing) {
        memcpy(checkpoint->closing, record->content, sizeof checkpoint->closing);
    } else if (record->kind == CHECKPOINT_BEGINNING && record->n_bytes == sizeof checkpoint->n_beginning) {
        memcpy(&checkpoint->n_beginning, record->content, sizeof checkpoint->n_beginning);
    }
}

/* Reads what is there: the identity, to be freed with vtr_free (NULL: none), and where the last sums end. */
static vtr_status look(vtr_checkpoint *checkpoint, char **identity, uint64_t *sums_end, vtr_error *err)
{
    vtr_journal_record record;
    vtr_status status = vtr_journal_next(checkpoint->journal, &record, err);
    if (status != VTR_OK || record.content == NULL || record.kind != CHECKPOINT_IDENTITY) return status;
    *identity = vtr_calloc(record.n_bytes + 1, 1);
    if (*identity == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the checkpoint");
    memcpy(*identity, record.content, record.n_bytes);
    while (status == VTR_OK && record.content != NULL) {
        take_record(checkpoint, &record, sums_end);
        status = vtr_journal_next(checkpoint->journal, &record, err);
    }
    return status;
}

static vtr_status check_identity(const vtr_checkpoint *checkpoint, const char *was, const char *is,
                                 vtr_error *err)
{
    char differences[320];
    if (!checkpoint_differences(differences, sizeof differences, was, is)) return VTR_OK;
    return vtr_fail(err, VTR_ERR_EXISTS,
                    "'%s' cannot go on: %s; undo that, or start again with --force and without --resume",
                    vtr_journal_path(checkpoint->journal), differences);
}

/* The map file got its name just before the program ended. */
static bool is_committed(const vtr_checkpoint *checkpoint)
{
    struct stat file;
    return checkpoint->closing[1] != 0 && stat(checkpoint->output, &file) == 0 &&
           checkpoint->closing[0] == (uint64_t)file.st_dev && checkpoint->closing[1] == (uint64_t)file.st_ino;
}

static vtr_status begin(vtr_checkpoint *checkpoint, char *identity, const vtr_dataset *dataset,
                        vtr_error *err)
{
    vtr_slice text = {identity, strlen(identity)};
    uint64_t n_frames = vtr_dataset_get_info(dataset)->n_frames;
    vtr_slice beginning = {&n_frames, sizeof n_frames};
    checkpoint->has_sums = false;
    vtr_status status = vtr_journal_cut(checkpoint->journal, 0, err);
    if (status == VTR_OK)
        status = vtr_journal_append(checkpoint->journal, CHECKPOINT_IDENTITY, &text, 1, err);
    return status == VTR_OK
               ? vtr_journal_append(checkpoint->journal, CHECKPOINT_BEGINNING, &beginning, 1, err)
               : status;
}

/* Calibration and form of the direct beam are learned from the frames that are there: from the same ones again. */
static vtr_status step_back(const vtr_checkpoint *checkpoint, vtr_dataset *dataset, vtr_error *err)
{
    size_t n = vtr_dataset_get_info(dataset)->n_frames;
    if (vtr_dataset_step_back(dataset, checkpoint->n_beginning)) return VTR_OK;
    return vtr_fail(err, VTR_ERR_EXISTS,
                    "'%s' cannot go on: it was begun when the recording had %zu frames, and now it has %zu; "
                    "start again with --force and without --resume",
                    vtr_journal_path(checkpoint->journal), checkpoint->n_beginning, n);
}

/* Goes on or begins; sets *is_finished. */
static vtr_status start(vtr_checkpoint *checkpoint, bool *is_finished, vtr_dataset *dataset,
                        const vtr_checkpoint_params *params, vtr_error *err)
{
    char *was = NULL, *is = NULL;
    uint64_t sums_end = 0;
    vtr_status status = look(checkpoint, &was, &sums_end, err);
    checkpoint->is_read = status == VTR_OK;
    bool is_there = status == VTR_OK && checkpoint->has_sums;
    if (is_there && params->resume && is_committed(checkpoint)) {
        *is_finished = true;
        vtr_free(was);
        return VTR_OK;
    }
    /* what was shown of a growing recording is replaced by what follows */
    bool may_replace = params->force || (params->grows && params->resume && was != NULL);
    if (status == VTR_OK) status = vtr_output_check(checkpoint->output, may_replace, err);
    if (status == VTR_OK && is_there && !params->resume && !params->force)
        status =
            vtr_fail(err, VTR_ERR_EXISTS,
                     "'%s' holds %.0f %% of an interrupted pass; go on with --resume, or start again with "
                     "--force",
                     vtr_journal_path(checkpoint->journal),
                     100 * (double)checkpoint->n_done / (double)checkpoint->n_positions);
    if (status == VTR_OK) status = checkpoint_identity(&is, dataset, params, err);
    is_there = is_there && params->resume;
    if (status == VTR_OK && is_there) status = check_identity(checkpoint, was, is, err);
    if (status == VTR_OK && is_there && params->grows) status = step_back(checkpoint, dataset, err);
    if (status == VTR_OK)
        status = is_there ? vtr_journal_cut(checkpoint->journal, sums_end, err)
                          : begin(checkpoint, is, dataset, err);
    if (status == VTR_OK) status = vtr_journal_keep_syncing(checkpoint->journal, params->interval_s, err);
    vtr_free(was);
    vtr_free(is);
    return status;
}

vtr_status vtr_checkpoint_open(vtr_checkpoint **out, bool *is_finished, const char *output,
                               vtr_dataset *dataset, const vtr_checkpoint_params *given, vtr_error *err)
{
    vtr_checkpoint_params params = {.interval_s = 5};
    if (given != NULL) params = *given;
    *is_finished = false;
    vtr_status status = vtr_output_check(output, params.resume || params.force, err);
    if (status != VTR_OK) return status;
    vtr_checkpoint *checkpoint = vtr_calloc(1, sizeof *checkpoint);
    if (checkpoint != NULL) checkpoint->output = vtr_strdup(output);
    if (checkpoint == NULL || checkpoint->output == NULL) {
        release(checkpoint);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the checkpoint");
    }
    checkpoint->interval_s = params.interval_s;
    status = open_journal(checkpoint, params.force && !params.resume, err);
    if (status == VTR_OK) status = start(checkpoint, is_finished, dataset, &params, err);
    bool is_empty = checkpoint->is_read && !checkpoint->has_sums;
    if (checkpoint->journal != NULL && (*is_finished || (status != VTR_OK && is_empty)))
        vtr_journal_remove(&checkpoint->journal);
    if (status == VTR_OK && !*is_finished)
        *out = checkpoint;
    else
        release(checkpoint);
    return status;
}

/* Notes which file is about to be renamed, so that a checkpoint left behind is known as such. */
static vtr_status announce(vtr_checkpoint *checkpoint, vtr_error *err)
{
    struct stat file;
    char *partial = vtr_partial_path(checkpoint->output);
    int failed = partial == NULL || stat(partial, &file) != 0;
    vtr_free(partial);
    if (failed) return VTR_OK; /* the commit will say what is wrong */
    uint64_t closing[2] = {(uint64_t)file.st_dev, (uint64_t)file.st_ino};
    vtr_slice slice = {closing, sizeof closing};
    vtr_status status = vtr_journal_append(checkpoint->journal, CHECKPOINT_CLOSING, &slice, 1, err);
    return status == VTR_OK ? vtr_journal_sync(checkpoint->journal, err) : status;
}

vtr_status vtr_checkpoint_commit(vtr_checkpoint **checkpoint, vtr_mapfile **file, vtr_error *err)
{
    vtr_status status = announce(*checkpoint, err);
    if (status == VTR_OK)
        status = vtr_mapfile_commit(file, err);
    else
        vtr_mapfile_close(file);
    if (status == VTR_OK) {
        vtr_journal_remove(&(*checkpoint)->journal);
        release(*checkpoint);
        *checkpoint = NULL;
    } else {
        vtr_checkpoint_leave(checkpoint, err);
    }
    return status;
}

void vtr_checkpoint_leave(vtr_checkpoint **checkpoint, vtr_error *err)
{
    vtr_checkpoint *c = *checkpoint;
    if (c == NULL) return;
    if (c->has_sums && err != NULL) {
        size_t used = strlen(err->message);
        snprintf(err->message + used, sizeof err->message - used,
                 "; '%s' keeps %.0f %%: the same command with --resume goes on", vtr_journal_path(c->journal),
                 100 * (double)c->n_done / (double)c->n_positions);
    }
    if (!c->has_sums) vtr_journal_remove(&c->journal);
    release(c);
    *checkpoint = NULL;
}
