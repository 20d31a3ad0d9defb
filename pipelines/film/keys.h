/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether what a container calls a key frame can be decoded alone. */

#pragma once

#include <glib.h>

#include <libavformat/avformat.h>

G_BEGIN_DECLS

/* In H.264 a key frame may be only where a picture begins to be renewed bit by bit, or where a cut is. */
typedef struct _L4Keys L4Keys;

/* NULL: a codec whose key frames are what they are called. */
L4Keys *l4_keys_new (const AVStream *stream);
void l4_keys_free (L4Keys *self);       /* NULL is fine */

/* Of a packet's bytes, with AV_INPUT_BUFFER_PADDING_SIZE zeros behind them. */
gboolean l4_keys_check (L4Keys *self, const guint8 *bytes, gsize size);

G_END_DECLS
