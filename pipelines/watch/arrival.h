/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far what is at an address has come: not at all, to a decoder, and what it is. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Reference counted; any thread. */
typedef struct _L4Arrival L4Arrival;

/* Looks at a uridecodebin that has not begun. (transfer full) */
L4Arrival *l4_arrival_new (GstElement *bin);
void l4_arrival_unref (L4Arrival *self);        /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Arrival, l4_arrival_unref)

/* A message of an element of the bin. */
void l4_arrival_take (L4Arrival *self, GstMessage *message);

/* Whether anything has come. */
gboolean l4_arrival_has_any (L4Arrival *self);

/* Whether a server has answered, or something has come. */
gboolean l4_arrival_has_answered (L4Arrival *self);

/* Whether another part of a file was asked for and has not come. */
gboolean l4_arrival_lacks_part (L4Arrival *self);

/* Why there are no pictures, as far as that shows: the end of a sentence that says that there are none. (transfer full) */
char *l4_arrival_tell (L4Arrival *self);

G_END_DECLS
