/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clips of alerts: each is written when what comes after its window is there, by a thread that holds up nobody. */

#include "watch/clips.h"

#include "base/error.h"
#include "run/json.h"
#include "watch/album.h"
#include "watch/clip.h"

#define TICK_US (200 * 1000)    /* between two looks at whether it is there */
#define PATIENCE_US (60 * G_USEC_PER_SEC)       /* for what comes after the window, beside its own length */

typedef struct
{
  const L4Rule *rule;
  guint camera, stream;
  guint64 from, until;          /* nanoseconds of stream time */
  gint64 time;                  /* of the alert, microseconds since 1970 */
  gint64 latest;                /* monotonic: then it is written as it is */
} Clip;

struct _L4Clips
{
  const L4Cameras *cameras;
  L4NewsQueue *news;
  L4Ring **rings;               /* [n_cameras] */
  GHashTable *complained;       /* of rules whose latest clip could not be, which is said once; lock */
  GThread *thread;
  GMutex lock;
  GCond changed;
  GQueue waiting;               /* of Clip */
  gboolean stopping;
};

/* Telling ----------------------------------------------------------------------------------------------------------------------- */

/* Whether it is news that a rule has no clips, or has some. */
static gboolean
is_news (L4Clips *self, const L4Rule *rule, gboolean problem)
{
  gboolean news;

  g_mutex_lock (&self->lock);
  news = problem ? g_hash_table_add (self->complained, (gpointer) rule) : g_hash_table_remove (self->complained, rule);
  g_mutex_unlock (&self->lock);
  return news;
}

static void
tell (L4Clips *self, const L4Camera *camera, const L4Rule *rule, const char *path, const char *problem)
{
  gboolean first = is_news (self, rule, problem != NULL);
  L4News *news = g_new0 (L4News, 1);
  yyjson_mut_doc *doc;
  yyjson_mut_val *object = l4_json_begin (&doc, "clip");

  news->kind = L4_NEWS_DONE;
  yyjson_mut_obj_add_strcpy (doc, object, "camera", camera->name);
  yyjson_mut_obj_add_strcpy (doc, object, "rule", rule->name);
  if (path != NULL)
    l4_json_add_file (doc, object, path);
  if (problem != NULL) {
    yyjson_mut_obj_add_strcpy (doc, object, "reason", problem);
    if (first)
      news->text = g_strdup_printf (_("%s: %s: no clip: %s"), camera->name, rule->name, problem);
  }
  news->record = l4_json_to_line (doc);
  l4_news_queue_push (self->news, news);
}

/* Writing ----------------------------------------------------------------------------------------------------------------------- */

static void
write_clip (L4Clips *self, const Clip *clip)
{
  const L4Camera *camera = g_ptr_array_index (self->cameras->cameras, clip->camera);
  g_autoptr (GstCaps) caps = NULL;
  g_autoptr (GPtrArray) packets = l4_ring_cut (self->rings[clip->camera], clip->stream, clip->from, clip->until, &caps);
  const char *suffix = caps != NULL ? l4_clip_suffix (caps) : NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  if (packets == NULL || suffix == NULL) {
    tell (self, camera, clip->rule, NULL,
        packets == NULL ? _("its packets are not there, or no longer") : _("what the camera sends fits into no file"));
    return;
  }
  path = l4_album_path (self->cameras, camera, clip->rule, clip->time, suffix, &error);
  if (path != NULL && l4_clip_write (path, caps, packets, &error))
    tell (self, camera, clip->rule, path, NULL);
  else
    tell (self, camera, clip->rule, NULL, error->message);
}

static gboolean
is_due (const L4Clips *self, const Clip *clip)
{
  return self->stopping || l4_ring_has (self->rings[clip->camera], clip->stream, clip->until) || g_get_monotonic_time () > clip->latest;
}

/* The first that can be written; NULL: none. (transfer full) */
static Clip *
take_due (L4Clips *self)
{
  for (GList * link = self->waiting.head; link != NULL; link = link->next) {
    Clip *clip = link->data;

    if (is_due (self, clip)) {
      g_queue_delete_link (&self->waiting, link);
      return clip;
    }
  }
  return NULL;
}

static gpointer
run (gpointer data)
{
  L4Clips *self = data;

  g_mutex_lock (&self->lock);
  while (!self->stopping || !g_queue_is_empty (&self->waiting)) {
    Clip *clip = take_due (self);

    if (clip == NULL) {
      g_cond_wait_until (&self->changed, &self->lock, g_get_monotonic_time () + TICK_US);
      continue;
    }
    g_mutex_unlock (&self->lock);
    write_clip (self, clip);
    g_free (clip);
    g_mutex_lock (&self->lock);
  }
  g_mutex_unlock (&self->lock);
  return NULL;
}

/* Clips ------------------------------------------------------------------------------------------------------------------------- */

static gboolean
wants_clips (const L4Cameras *cameras, const L4Camera *camera)
{
  for (guint i = 0; i < cameras->rules->len; i++) {
    const L4Rule *rule = g_ptr_array_index (cameras->rules, i);

    if (rule->clip && (rule->cameras == NULL || g_strv_contains ((const char *const *) rule->cameras, camera->name)))
      return TRUE;
  }
  return FALSE;
}

L4Clips *
l4_clips_new (const L4Cameras *cameras, L4NewsQueue *news)
{
  L4Clips *self = g_new0 (L4Clips, 1);

  self->cameras = cameras;
  self->news = news;
  self->complained = g_hash_table_new (NULL, NULL);
  self->rings = g_new0 (L4Ring *, cameras->cameras->len);
  for (guint i = 0; i < cameras->cameras->len; i++)
    if (wants_clips (cameras, g_ptr_array_index (cameras->cameras, i)))
      self->rings[i] = l4_ring_new (cameras->clip_memory);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->waiting);
  self->thread = g_thread_new ("l4-clips", run, self);
  return self;
}

void
l4_clips_finish (L4Clips *self)
{
  g_mutex_lock (&self->lock);
  self->stopping = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&self->thread, g_thread_join);
}

void
l4_clips_free (L4Clips *self)
{
  if (self == NULL)
    return;
  l4_clips_finish (self);
  for (guint i = 0; i < self->cameras->cameras->len; i++)
    l4_ring_free (self->rings[i]);
  g_free (self->rings);
  g_hash_table_unref (self->complained);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

L4Ring *
l4_clips_get_ring (L4Clips *self, guint camera)
{
  return self->rings[camera];
}

void
l4_clips_add (L4Clips *self, const L4Rule *rule, const L4News *window)
{
  const L4Cameras *cameras = self->cameras;
  Clip *clip;
  gboolean room;

  if (!rule->clip)
    return;
  clip = g_new0 (Clip, 1);
  *clip = (Clip) {
    .rule = rule,
    .camera = window->camera,
    .stream = window->stream,
    .from = window->start > cameras->before ? window->start - cameras->before : 0,
    .until = window->end + cameras->after,
    .time = window->until,
    .latest = g_get_monotonic_time () + (gint64) (cameras->after / 1000) + PATIENCE_US,
  };
  g_mutex_lock (&self->lock);
  room = g_queue_get_length (&self->waiting) < L4_CLIPS_WAITING;
  if (room)
    g_queue_push_tail (&self->waiting, clip);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  if (room)
    return;
  tell (self, g_ptr_array_index (cameras->cameras, window->camera), rule, NULL, _("too many wait already"));
  g_free (clip);
}
