/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A camera through llama4describe, for as long as it takes: lost and tried again, in a thread of its own.
 *
 *   uridecodebin ! queue ! clocksync ! llama4describe ! fakesink
 *
 * The first of them is made anew for each try, the others stay, and with them the model. */

#pragma once

#include "cameras/cameras.h"
#include "live/live.h"
#include "run/options.h"
#include "watch/clips.h"
#include "watch/news.h"

G_BEGIN_DECLS

typedef struct _L4Feed L4Feed;

/* What all feeds have in common; borrowed. */
typedef struct
{
  const L4Cameras *cameras;
  const L4DescribeOptions *options;     /* what the camera does not say itself */
  L4NewsQueue *news;
  gboolean pictures;            /* windows have a picture */
  L4Clips *clips;               /* outlive the feeds */
  L4Live *live;                 /* a page that wants pictures; NULL: none. Outlives the feeds */
} L4FeedContext;

/* The number-th camera. gst_init() comes first. Fails for properties that llama4describe has not, with file, line and key. (transfer full) */
L4Feed *l4_feed_new (const L4FeedContext *context, guint number, GError **error);

void l4_feed_start (L4Feed *self);

/* Lets it end. */
void l4_feed_stop (L4Feed *self);
/* Waits for that, and for what was said until then to be in the queue, no longer than until then by monotonic time. FALSE: its source hangs; it
 * goes on, with all that it was given, and must not be freed. */
gboolean l4_feed_join (L4Feed *self, gint64 until);
void l4_feed_free (L4Feed *self);       /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Feed, l4_feed_free)

/* Whether its source has hung for a minute: once each time that it does. */
gboolean l4_feed_begins_to_hang (L4Feed *self);

/* Windows that were described, unchanged, left out because the model was at work or the picture could not be shown, failed, in all tries that
 * are over; any thread. */
typedef struct
{
  guint64 described, unchanged, skipped, failed;
} L4FeedCounts;
void l4_feed_get_counts (L4Feed *self, L4FeedCounts *counts);

/* "sha256:…" over prompt, system prompt and language, those of the element included. (transfer full) */
char *l4_feed_get_prompt_digest (L4Feed *self);

G_END_DECLS
