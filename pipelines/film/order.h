/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When pictures are shown, for containers that only tell when they are decoded. */

#pragma once

#include <glib.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

G_BEGIN_DECLS

/* A picture, and those that follow it but are shown before it, take places among themselves; the n-th that is shown of all is shown when
 * the n-th that is decoded is, later by the decoder's delay. Both are known nearby, so that it makes no difference where reading begins. */
typedef struct _L4Order L4Order;

L4Order *l4_order_new (const AVStream *stream);
void l4_order_free (L4Order *self);     /* NULL is fine */

/* The next packet, in the order of the file; those of which it is known now when they are shown go to the end of ready, with their pts.
 * NULL: no further one comes. (packet: transfer full) */
void l4_order_put (L4Order *self, AVPacket *packet, GQueue *ready);
/* Forgets what waits. */
void l4_order_reset (L4Order *self);

G_END_DECLS
