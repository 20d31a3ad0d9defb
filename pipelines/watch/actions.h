/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is done with alerts: a line, a picture, a clip, a command, receivers. */

#pragma once

#include "live/live.h"
#include "run/progress.h"
#include "watch/alert.h"
#include "watch/clips.h"
#include "watch/news.h"

G_BEGIN_DECLS

typedef struct _L4Actions L4Actions;

/* Borrowed. */
typedef struct
{
  const L4Cameras *cameras;
  L4Progress *progress;
  L4NewsQueue *news;            /* what ends later is told there */
  L4Clips *clips;
  gboolean json;                /* everything on standard output is JSON */
} L4ActionsContext;

/* Fails for receivers that cannot work. (transfer full) */
L4Actions *l4_actions_new (const L4ActionsContext *context, GError **error);
/* Lets go of what has not ended. */
void l4_actions_free (L4Actions *self); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Actions, l4_actions_free)

/* Waits four seconds at most for commands to end and receivers to be told, and lets go of them, which takes two more at most. What is left is
 * said. */
void l4_actions_finish (L4Actions *self);

/* After that: how many alerts receivers have not got. */
guint64 l4_actions_get_undelivered (const L4Actions *self);

/* Whether any needs the pictures of windows. */
gboolean l4_actions_want_pictures (const L4Cameras *cameras);

/* An alert, or that one is over; jpeg: of the window, or NULL. Sets the names of files. */
void l4_actions_tell (L4Actions *self, L4Told *told, GBytes *jpeg);

/* What was said of a camera, summaries and texts that grow among it; whether pictures come from it. */
void l4_actions_said (L4Actions *self, const L4Camera *camera, const L4News *news, GBytes *jpeg);
void l4_actions_presence (L4Actions *self, const L4Camera *camera, gboolean present);

/* The page; NULL: there is none. (transfer none) */
L4Live *l4_actions_get_live (L4Actions *self);

guint l4_actions_get_alerts (const L4Actions *self);

G_END_DECLS
