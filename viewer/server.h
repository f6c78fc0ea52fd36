/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_VIEWER_SERVER_H
#define VITRAIL_VIEWER_SERVER_H

/* HTTP on 127.0.0.1. */

#include "routes.h"

typedef struct view_server view_server;

/* Starts to answer, with its own threads; `port` 0 takes a free one. gate->port is set. VTR_ERR_IO where the port cannot
 * be had; VTR_ERR_NOT_FOUND where the program was built without its server. The session must outlive the server. */
vtr_status view_server_start(view_server **out, view_session *session, view_gate *gate, unsigned port,
                             vtr_error *err);
/* Ends what is being computed, and with it the session's use; takes NULL. */
void view_server_stop(view_server *server);

#endif
