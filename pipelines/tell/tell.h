/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an alert is, and the ways by which the world is told of it: an MQTT broker (mqtt.h), a webhook (webhook.h). */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A rule that began to hold for a camera, or ceased to. Borrowed during a call. */
typedef struct
{
  const char *camera, *rule;    /* their names; UTF-8, not empty */
  gboolean on;                  /* it began to hold; FALSE: it ceased to */
  guint64 start, end;           /* the window that decided it: ns since the camera's stream began */
  gint64 time;                  /* the end of that window on the wall clock: µs since 1970, as of g_get_real_time() */
  const char *record;           /* a JSON object in one line: what the receivers get, as it is */
  const char *sentence;         /* one line of UTF-8; "": none */
  GBytes *picture;              /* a JPEG; NULL: none */
} L4Alert;

/* What was said of a camera. Borrowed during a call. */
typedef struct
{
  const char *camera;
  gint64 from, until;           /* on the wall clock: µs since 1970 */
  const char *text;             /* UTF-8 */
  gboolean summary;             /* of all that was said from then until then */
  const char *record;           /* the element's, JSON; NULL: none */
  GBytes *picture;              /* a JPEG that it was said of; NULL: none */
} L4Said;

/* A camera, and the rules that may hold for it: what receivers that announce things beforehand announce. */
typedef struct
{
  const char *name;
  const char *const *rules;     /* names; ends with NULL */
  gboolean summaries;           /* what is said of it is summed up */
} L4TellCamera;

/* What became of alerts so far. Their sum is how often l4_tell_alert() was called. */
typedef struct
{
  guint64 told;                 /* the receiver has said that it has them */
  guint64 waiting;              /* in the queue, or under way */
  guint64 dropped;              /* the oldest ones, as the queue had no more room */
  guint64 refused;              /* the receiver would not have them, even after the tries that the way documents */
} L4TellCounters;

/* One line, made safe for a terminal, in the user's language, about a receiver: it cannot be reached, refuses, is back. trouble: it is
 * bad news. The same news is not told twice in turn. Called from a thread of the way; it may take its time, but must not call back. */
typedef void (*L4TellReport) (gboolean trouble, const char *line, gpointer data);

/* What waits is bounded by both; beyond that the oldest is dropped and counted. 0: as the defaults say. */
typedef struct
{
  guint most;                   /* alerts; default L4_TELL_MOST */
  gsize most_bytes;             /* of their texts together; default L4_TELL_MOST_BYTES */
} L4TellBounds;

#define L4_TELL_MOST 1000
#define L4_TELL_MOST_BYTES (16 << 20)
#define L4_TELL_BIGGEST_PICTURE (1 << 20)       /* bytes; a bigger picture is not sent */

/* A way to tell: l4_mqtt_new(), l4_webhook_new(). Each has a thread that does all that may take long: names looked up, connections,
 * answers. All functions but l4_tell_finish() and l4_tell_free() return at once whatever the receiver does, and may be called from any
 * thread; what is handed over is copied (pictures: referenced). */
typedef struct _L4Tell L4Tell;

/* Told in the order of the calls. */
void l4_tell_alert (L4Tell *self, const L4Alert *alert);

/* What was said last of a camera. For ways that keep the last state (MQTT); it takes no room in the queue: a newer sentence, or summary,
 * replaces one that was not sent yet. */
void l4_tell_said (L4Tell *self, const L4Said *said);

/* Whether pictures come from the camera; kept like sentences. All cameras are absent at first. */
void l4_tell_presence (L4Tell *self, const char *camera, gboolean present);

void l4_tell_get_counters (L4Tell *self, L4TellCounters *counters);

/* Waits until everything was told, at most so many milliseconds; FALSE: something still waits. */
gboolean l4_tell_finish (L4Tell *self, guint ms);

/* Ends it. What waits is lost: see l4_tell_finish(). Returns within a second, whatever the receiver does. */
void l4_tell_free (L4Tell *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Tell, l4_tell_free)

/* For who makes a way: its struct begins with this. Functions as above; said and presence may be NULL. */
struct _L4Tell
{
  void (*alert) (L4Tell *self, const L4Alert *alert);
  void (*said) (L4Tell *self, const L4Said *said);
  void (*presence) (L4Tell *self, const char *camera, gboolean present);
  void (*get_counters) (L4Tell *self, L4TellCounters *counters);
  gboolean (*finish) (L4Tell *self, guint ms);
  void (*free) (L4Tell *self);
};

G_END_DECLS
