/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which packets of a film reach the decoder. */

#pragma once

#include "film/reader.h"

G_BEGIN_DECLS

/* Packets after which nobody waits for a key frame: some streams have none that is called so. */
#define L4_MAX_BEFORE_KEY 1000

/* From one key frame to the next is a group. What becomes of it depends on nothing but itself, so that it makes no difference where
 * reading began: KEYS takes its key frame, ALL the whole of it, AUTO its key frame where the next one comes soon enough. */
typedef struct
{
  L4Reader *reader;
  L4FilmDecode decode;
  gint64 limit;                 /* AUTO: nanoseconds to the next key frame that are soon enough */

  GQueue ready;                 /* of AVPacket: for the decoder */
  GQueue group;                 /* of AVPacket: since the last key frame, while it is not decided */
  gsize group_bytes;
  gint64 key_stamp;             /* of the group */
  enum { L4_PLAN_NO_GROUP, L4_PLAN_UNDECIDED, L4_PLAN_KEY, L4_PLAN_WHOLE } state;
  gboolean whole_before;        /* the group before went to the decoder whole */
  guint n_before_key;           /* packets before the first key frame */
} L4Plan;

/* Begins at the group that is shown at `from`; nanoseconds. */
gboolean l4_plan_start (L4Plan *self, L4Reader *reader, L4FilmDecode decode, gint64 from, guint64 window, guint n_frames, GError **error);
void l4_plan_clear (L4Plan *self);

/* *alone: it is a key frame of whose group nothing else is decoded. NULL: the end, or what went wrong. (transfer full) */
AVPacket *l4_plan_next (L4Plan *self, gboolean *alone, GError **error);

G_END_DECLS
