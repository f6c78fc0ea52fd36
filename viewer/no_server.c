/* SPDX-License-Identifier: GPL-3.0-or-later */
/* In place of server.c where libmicrohttpd was not there when the program was built. */
#include "server.h"

vtr_status view_server_start(view_server **out, view_session *session, view_gate *gate, unsigned port,
                             vtr_error *err)
{
    (void)out;
    (void)session;
    (void)gate;
    (void)port;
    return vtr_fail(err, VTR_ERR_NOT_FOUND,
                    "this vitrail was built without libmicrohttpd, which the viewer needs; install its "
                    "development files and build again");
}

void view_server_stop(view_server *server)
{
    (void)server;
}
