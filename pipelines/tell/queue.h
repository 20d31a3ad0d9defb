/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Alerts that wait until a receiver has them: in order, bounded, counted. And what a way has to say of its receiver. */

#pragma once

#include "tell/tell.h"

G_BEGIN_DECLS

typedef struct
{
  char *record;
  gsize length;                 /* of the record */
  const void *rule;             /* what the way knows the alert's rule by; NULL: nothing */
  gboolean on;
  guint parts;                  /* sent, but not acknowledged; while there are any, the alert is not dropped for want of room */
  int ids[2];                   /* of these parts, 0: acknowledged or not sent */
  guint tries;                  /* that ended without an answer */
} L4TellItem;

/* Members are used with lock held. changed is signalled when something was added or taken away, and when ended is set. */
typedef struct
{
  GMutex lock;
  GCond changed;
  GQueue items;                 /* of L4TellItem, the oldest first; the queue owns them */
  gsize bytes;
  L4TellBounds bounds;
  guint64 told, dropped, refused;
  gboolean ended;               /* the thread shall end */
  void (*on_dropped) (const void *rule);        /* called with lock held for an alert of that rule; NULL: nobody cares */
} L4TellQueue;

void l4_tell_queue_init (L4TellQueue *self, const L4TellBounds *bounds);
void l4_tell_queue_clear (L4TellQueue *self);

/* Takes the lock. Drops the oldest ones that are not under way, until there is room; that may be the new one. */
void l4_tell_queue_add (L4TellQueue *self, const L4Alert *alert, const void *rule);

/* With the lock held: one that the receiver has, or would not have, leaves. */
void l4_tell_queue_remove (L4TellQueue *self, GList *link, gboolean told);

/* These take the lock. */
void l4_tell_queue_get_counters (L4TellQueue *self, L4TellCounters *counters);
gboolean l4_tell_queue_wait_empty (L4TellQueue *self, guint ms);
void l4_tell_queue_end (L4TellQueue *self);

/* How long to wait after so many failures in turn (1: the first), beginning with first_ms: doubled each time, up to a minute. */
guint l4_tell_wait_ms (guint first_ms, guint failures);

/* Whom news is told, each once until there is other news. */
typedef struct
{
  GMutex lock;
  L4TellReport report;
  gpointer data;
  char *last;
  guint64 dropped;              /* alerts of which was told so far that they were */
} L4TellVoice;

void l4_tell_voice_init (L4TellVoice *self, L4TellReport report, gpointer data);
void l4_tell_voice_clear (L4TellVoice *self);

/* trouble: bad news. Good news is told only when the last one was bad. */
void l4_tell_say (L4TellVoice *self, gboolean trouble, const char *format, ...) G_GNUC_PRINTF (3, 4);

/* Whether alerts have to be dropped for want of room, and that it is over. For a voice of its own. who: the receiver. */
void l4_tell_say_dropped (L4TellVoice *self, L4TellQueue *queue, const char *who);

/* Nobody is told any more once this has returned. */
void l4_tell_hush (L4TellVoice *self);

G_END_DECLS
