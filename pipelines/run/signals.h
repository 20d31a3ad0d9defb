/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end by SIGINT, SIGTERM or SIGHUP: the first one cancels, the second one ends the process at once. */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* From now on those signals cancel what is returned, unless they are ignored already. Once a process. (transfer none) */
GCancellable *l4_signals_begin (void);

/* After everything was put in order: ends the process by the signal that came, so that whoever waits for it sees that; as process 1,
 * which no signal ends, with status 128 and its number. Returns if none came. */
void l4_signals_end (void);

G_END_DECLS
