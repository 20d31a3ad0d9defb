/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines on their way to who reads a file of this process, for whom nobody else here waits. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _L4Relay L4Relay;

/* From now on what is written to the file with that number, as to standard output, is taken at once, and goes line after line where it went
 * before as fast as it is read there. Of at most so many bytes: lines that come while more wait are left out. NULL: there cannot be one now. */
L4Relay *l4_relay_new (int file, gsize most);

/* How many lines were left out; what the latest error in writing was, 0: none was. By any thread. */
guint64 l4_relay_get_left_out (L4Relay *self);
int l4_relay_get_problem (L4Relay *self);       /* an errno */

/* Waits until all has been read; the file is as it was before then. Once. */
void l4_relay_end (L4Relay *self);
void l4_relay_free (L4Relay *self);      /* after it; NULL is fine */

G_END_DECLS
