/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What cameras have to say: one queue of it for all of them, each of which has a thread of its own. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

typedef enum
{
  L4_NEWS_UP,                  /* pictures come; again: after it was lost */
  L4_NEWS_LOST,                /* text: why */
  L4_NEWS_OVER,                /* a film came to its end; nothing follows */
  L4_NEWS_WINDOW,
  L4_NEWS_UNCHANGED,           /* times of windows that show what the latest one shows, which are told of once a minute at most */
  L4_NEWS_SUMMARY,             /* of windows: text, record and times as of one */
  L4_NEWS_PARTIAL,             /* of a window that is being described: text so far */
  L4_NEWS_SAY,                 /* text: what else is to be known of the camera */
  L4_NEWS_NOTICE,              /* text: what is to be known of the model */
  L4_NEWS_LOADING,             /* percent */
  L4_NEWS_DONE,                /* what an alert had begun has ended, of no camera; text: a line of it, or NULL; record: JSON */
  L4_NEWS_FATAL                /* text: why none can be described */
} L4NewsKind;

typedef struct
{
  L4NewsKind kind;
  guint camera;                 /* its number, where it is one's */
  char *text;                   /* of a window the sentence, one line */
  gboolean again;
  guint percent;
  /* L4_NEWS_WINDOW, L4_NEWS_SUMMARY; without a record L4_NEWS_PARTIAL; the times alone L4_NEWS_UNCHANGED */
  guint64 start, end;           /* nanoseconds of stream time, since the camera came up */
  guint stream;                 /* of the camera's packets (ring.h) */
  gint64 from, until;           /* the same on the wall clock: microseconds since 1970 */
  char *record;                 /* JSON */
  GstSample *picture;           /* RGB; or NULL */
} L4News;

void l4_news_free (L4News *self);     /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4News, l4_news_free)

/* Of partial texts so much less waits than of windows, whose place they do not take. */
#define L4_NEWS_PARTIAL_SHARE 4

/* Events of many threads for one, which takes them in order. Of what is said only so much waits: when whoever takes it is held up, what is newer
 * is left out, and counted but for partial texts. */
typedef struct _L4NewsQueue L4NewsQueue;

L4NewsQueue *l4_news_queue_new (guint most_windows);
void l4_news_queue_free (L4NewsQueue *self);
void l4_news_queue_push (L4NewsQueue *self, L4News *event);   /* (transfer full) */
L4News *l4_news_queue_pop (L4NewsQueue *self, guint64 microseconds);  /* NULL: none came (transfer full) */
guint64 l4_news_queue_get_left_out (L4NewsQueue *self);

G_END_DECLS
