/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _POSIX_C_SOURCE 200809L /* nanosleep */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "viewer/server.h"

static struct view_options {
    size_t port;
    bool open;
} options;

static const vtr_parameter parameters[] = {
    {"port", NULL, VTR_PARAMETER_SIZE, offsetof(struct view_options, port), .maximum = 65535, .metavar = "N",
     .help = "of 127.0.0.1 to answer at; 0 takes a free one"},
    {"open", NULL, VTR_PARAMETER_BOOL, offsetof(struct view_options, open),
     .help = "open the page in the browser (xdg-open)"},
};
static const vtr_parameter_table table = {"Viewer", parameters, sizeof parameters / sizeof *parameters};

static size_t groups(cli_group *out)
{
    vtr_parameters_default(&table, &options);
    out[0] = (cli_group){&table, &options};
    return 1;
}

/* Hands the address to the desktop; where there is none, the printed address is what there is. */
static void open_browser(const char *address)
{
    signal(SIGCHLD, SIG_IGN);
    pid_t child = fork();
    if (child != 0) return;
    freopen("/dev/null", "w", stdout);
    freopen("/dev/null", "w", stderr);
    execlp("xdg-open", "xdg-open", address, (char *)NULL);
    _exit(127);
}

static void announce(const cli_run *run, const char *address)
{
    if (run->common.json) {
        printf("{");
        cli_json_text("address", address, "}\n");
    } else {
        printf("%s\n", address);
    }
    fflush(stdout);
    if (!run->common.quiet && !run->common.json)
        fprintf(stderr, "The page is for this machine alone, while this runs. Ctrl-C ends it.\n");
}

/* Until Ctrl-C or SIGTERM: that is how the viewer is ended, not an interruption of its work. */
static void wait_for_end(const cli_run *run)
{
    const struct timespec pause = {.tv_nsec = 100000000};
    while (!vtr_progress_cancelled(&run->progress))
        nanosleep(&pause, NULL);
}

static vtr_status run_view(const cli_run *run, vtr_error *err)
{
    view_session *session = NULL;
    view_server *server = NULL;
    view_gate gate = {0};
    char address[64 + VIEW_TOKEN];
    vtr_status status = view_session_open(&session, run->inputs, run->n_inputs, run->common.threads, err);
    if (status == VTR_OK) status = view_gate_create(&gate, err);
    if (status == VTR_OK) status = view_server_start(&server, session, &gate, (unsigned)options.port, err);
    if (status == VTR_OK) {
        snprintf(address, sizeof address, "http://127.0.0.1:%u/%s/", gate.port, gate.token);
        announce(run, address);
        if (options.open) open_browser(address);
        wait_for_end(run);
    }
    view_server_stop(server);
    view_session_close(session);
    return status;
}

const cli_command cli_view = {
    .name = "view",
    .usage = "[options] MAP.h5|RECORDING [RECORDING|MAP.h5]",
    .summary = "look at a map file, a recording or both in the browser",
    .details =
        "Prints the address of a page on this machine and answers it until Ctrl-C. With the recording beside "
        "its map file, the page shows the diffraction pattern under the cursor with the fitted ring. Nothing "
        "but the given files can be read through it, and nothing is written.",
    .min_inputs = 1,
    .max_inputs = 2,
    .options = groups,
    .run = run_view,
};
