/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the page shows, and how it is told of it. */

#include "live/store.h"

#include <string.h>

#include "live/live.h"
#include "page/escape.h"
#include "page/jpeg.h"

#define MOST_NEWS (4 << 20)     /* bytes of events that nobody took; beyond that all is told anew */
#define MOST_PICTURES (16 << 20)        /* bytes of pictures of alerts */

typedef struct
{
  gint64 time;
  char *text;
  gboolean summary;
} Sentence;

typedef struct
{
  char *name;
  gboolean present;
  GBytes *picture;
  guint number, told;           /* of the picture, and of that which was told last; 0: none */
  GQueue said;                  /* of Sentence, the oldest first */
} Camera;

typedef struct
{
  guint64 id;
  char *json, *without;         /* as it is told; and once the picture had to leave (NULL: there was none) */
  GBytes *picture;              /* NULL: none */
} Raised;

struct _L4LiveStore
{
  GMutex lock;
  Camera *cameras;
  guint n_cameras;
  GQueue raised;                /* of Raised, the oldest first */
  gsize picture_bytes;
  guint64 last_id;
  GString *news;
  gboolean lost;                /* news that were too many */
};

static void
sentence_free (Sentence *self)
{
  g_free (self->text);
  g_free (self);
}

static void
raised_free (Raised *self)
{
  g_free (self->json);
  g_free (self->without);
  g_clear_pointer (&self->picture, g_bytes_unref);
  g_free (self);
}

L4LiveStore *
l4_live_store_new (const char *const *cameras)
{
  L4LiveStore *self = g_new0 (L4LiveStore, 1);

  g_mutex_init (&self->lock);
  self->news = g_string_new (NULL);
  self->n_cameras = g_strv_length ((char **) cameras);
  self->cameras = g_new0 (Camera, self->n_cameras);
  for (guint i = 0; i < self->n_cameras; i++)
    self->cameras[i].name = g_strdup (cameras[i]);
  return self;
}

void
l4_live_store_free (L4LiveStore *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < self->n_cameras; i++) {
    g_free (self->cameras[i].name);
    g_clear_pointer (&self->cameras[i].picture, g_bytes_unref);
    g_queue_clear_full (&self->cameras[i].said, (GDestroyNotify) sentence_free);
  }
  g_free (self->cameras);
  g_queue_clear_full (&self->raised, (GDestroyNotify) raised_free);
  g_string_free (self->news, TRUE);
  g_mutex_clear (&self->lock);
  g_free (self);
}

int
l4_live_store_find (const L4LiveStore *self, const char *name)
{
  for (guint i = 0; i < self->n_cameras; i++)
    if (strcmp (self->cameras[i].name, name) == 0)
      return i;
  return -1;
}

guint
l4_live_store_get_n_cameras (const L4LiveStore *self)
{
  return self->n_cameras;
}

const char *
l4_live_store_get_name (const L4LiveStore *self, guint camera)
{
  return self->cameras[camera].name;
}

/* Adds an event, whose data is one line; FALSE: there were too many. With the lock held. */
static gboolean
add_news (L4LiveStore *self, const char *event, const char *data)
{
  if (self->news->len > MOST_NEWS) {
    g_string_truncate (self->news, 0);
    self->lost = TRUE;
  }
  if (!self->lost)
    g_string_append_printf (self->news, "event: %s\ndata: %s\n\n", event, data);
  return TRUE;
}

gboolean
l4_live_store_set_picture (L4LiveStore *self, guint camera, GBytes *jpeg)
{
  gsize length;
  gconstpointer data = g_bytes_get_data (jpeg, &length);

  if (length > L4_TELL_BIGGEST_PICTURE || !l4_page_is_jpeg (data, length))
    return FALSE;
  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->cameras[camera].picture, g_bytes_unref);
  self->cameras[camera].picture = g_bytes_ref (jpeg);
  self->cameras[camera].number++;
  g_mutex_unlock (&self->lock);
  return FALSE;
}

gboolean
l4_live_store_set_present (L4LiveStore *self, guint camera, gboolean present)
{
  g_autofree char *data = g_strdup_printf ("{\"camera\":%u,\"present\":%s}", camera, present ? "true" : "false");
  gboolean changed;

  g_mutex_lock (&self->lock);
  changed = self->cameras[camera].present != present && add_news (self, "present", data);
  self->cameras[camera].present = present;
  g_mutex_unlock (&self->lock);
  return changed;
}

/* Milliseconds, as scripts have them. */
static void
add_time (GString *json, gint64 time)
{
  g_string_append_printf (json, "%" G_GINT64_FORMAT, time / 1000);
}

gboolean
l4_live_store_add_said (L4LiveStore *self, guint camera, const L4Said *said)
{
  g_autoptr (GString) data = g_string_new (NULL);
  Sentence *sentence = g_new (Sentence, 1);

  *sentence = (Sentence) { said->until, g_strdup (said->text), said->summary };
  g_string_append_printf (data, "{\"camera\":%u,\"time\":", camera);
  add_time (data, said->until);
  g_string_append (data, ",\"text\":");
  l4_page_add_json (data, said->text);
  g_string_append (data, said->summary ? ",\"summary\":true}" : "}");
  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->cameras[camera].said, sentence);
  if (self->cameras[camera].said.length > L4_LIVE_MOST_SENTENCES)
    sentence_free (g_queue_pop_head (&self->cameras[camera].said));
  add_news (self, "sentence", data->str);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

gboolean
l4_live_store_set_growing (L4LiveStore *self, guint camera, const char *text)
{
  g_autoptr (GString) data = g_string_new (NULL);

  g_string_append_printf (data, "{\"camera\":%u,\"text\":", camera);
  l4_page_add_json (data, text);
  g_string_append_c (data, '}');
  g_mutex_lock (&self->lock);
  add_news (self, "growing", data->str);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

static char *
alert_to_json (const L4Alert *alert, guint64 id, gboolean pictured)
{
  GString *json = g_string_new (NULL);

  g_string_append_printf (json, "{\"id\":%" G_GUINT64_FORMAT ",\"on\":%s,\"picture\":%s,\"time\":", id, alert->on ? "true" : "false",
      pictured ? "true" : "false");
  add_time (json, alert->time);
  g_string_append (json, ",\"camera\":");
  l4_page_add_json (json, alert->camera);
  g_string_append (json, ",\"rule\":");
  l4_page_add_json (json, alert->rule);
  g_string_append (json, ",\"text\":");
  l4_page_add_json (json, alert->sentence != NULL ? alert->sentence : "");
  return g_string_free (g_string_append_c (json, '}'), FALSE);
}

/* The oldest alerts lose their pictures, and then leave. With the lock held. */
static void
bound_alerts (L4LiveStore *self)
{
  for (GList *link = self->raised.head; link != NULL && self->picture_bytes > MOST_PICTURES; link = link->next) {
    Raised *raised = link->data;

    if (raised->picture == NULL)
      continue;
    self->picture_bytes -= g_bytes_get_size (raised->picture);
    g_clear_pointer (&raised->picture, g_bytes_unref);
    g_free (raised->json);
    raised->json = g_steal_pointer (&raised->without);
  }
  while (self->raised.length > L4_LIVE_MOST_ALERTS) {
    Raised *raised = g_queue_pop_head (&self->raised);

    if (raised->picture != NULL)
      self->picture_bytes -= g_bytes_get_size (raised->picture);
    raised_free (raised);
  }
}

gboolean
l4_live_store_add_alert (L4LiveStore *self, const L4Alert *alert)
{
  Raised *raised = g_new0 (Raised, 1);
  gsize length = 0;

  if (alert->picture != NULL && g_bytes_get_size (alert->picture) <= L4_TELL_BIGGEST_PICTURE
      && l4_page_is_jpeg (g_bytes_get_data (alert->picture, &length), g_bytes_get_size (alert->picture)))
    raised->picture = g_bytes_ref (alert->picture);
  g_mutex_lock (&self->lock);
  raised->id = ++self->last_id;
  raised->json = alert_to_json (alert, raised->id, raised->picture != NULL);
  raised->without = raised->picture != NULL ? alert_to_json (alert, raised->id, FALSE) : NULL;
  self->picture_bytes += raised->picture != NULL ? length : 0;
  g_queue_push_tail (&self->raised, raised);
  add_news (self, "alert", raised->json);
  bound_alerts (self);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

void
l4_live_store_tell_pictures (L4LiveStore *self)
{
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->n_cameras; i++) {
    Camera *camera = &self->cameras[i];
    g_autofree char *data = g_strdup_printf ("{\"camera\":%u,\"number\":%u}", i, camera->number);

    if (camera->told != camera->number)
      add_news (self, "picture", data);
    camera->told = camera->number;
  }
  g_mutex_unlock (&self->lock);
}

static void
add_camera (GString *json, const Camera *camera)
{
  g_string_append_printf (json, "{\"present\":%s,\"picture\":%u,\"sentences\":[", camera->present ? "true" : "false", camera->number);
  for (const GList *link = camera->said.head; link != NULL; link = link->next) {
    const Sentence *said = link->data;

    g_string_append_c (json, '[');
    add_time (json, said->time);
    g_string_append_c (json, ',');
    l4_page_add_json (json, said->text);
    g_string_append (json, said->summary ? ",true]" : "]");
    g_string_append (json, link->next != NULL ? "," : "");
  }
  g_string_append (json, "]}");
}

/* With the lock held. (transfer full) */
static char *
make_state (const L4LiveStore *self)
{
  GString *event = g_string_new ("event: state\ndata: {\"cameras\":[");

  for (guint i = 0; i < self->n_cameras; i++) {
    if (i > 0)
      g_string_append_c (event, ',');
    add_camera (event, &self->cameras[i]);
  }
  g_string_append (event, "],\"names\":[");
  for (guint i = 0; i < self->n_cameras; i++) {
    if (i > 0)
      g_string_append_c (event, ',');
    l4_page_add_json (event, self->cameras[i].name);
  }
  g_string_append (event, "],\"alerts\":[");
  for (const GList *link = self->raised.head; link != NULL; link = link->next) {
    g_string_append (event, ((const Raised *) link->data)->json);
    g_string_append (event, link->next != NULL ? "," : "");
  }
  return g_string_free (g_string_append (event, "]}\n\n"), FALSE);
}

char *
l4_live_store_take_news (L4LiveStore *self, char **state)
{
  char *news = NULL;

  g_mutex_lock (&self->lock);
  if (self->lost)
    news = make_state (self);
  else if (self->news->len > 0)
    news = g_strdup (self->news->str);
  g_string_truncate (self->news, 0);
  self->lost = FALSE;
  if (state != NULL)
    *state = make_state (self);
  g_mutex_unlock (&self->lock);
  return news;
}

GBytes *
l4_live_store_get_picture (L4LiveStore *self, guint camera)
{
  GBytes *picture = NULL;

  g_mutex_lock (&self->lock);
  if (camera < self->n_cameras && self->cameras[camera].picture != NULL)
    picture = g_bytes_ref (self->cameras[camera].picture);
  g_mutex_unlock (&self->lock);
  return picture;
}

GBytes *
l4_live_store_get_alert_picture (L4LiveStore *self, guint64 id)
{
  GBytes *picture = NULL;

  g_mutex_lock (&self->lock);
  for (GList *link = self->raised.head; link != NULL; link = link->next) {
    const Raised *raised = link->data;

    if (raised->id == id && raised->picture != NULL)
      picture = g_bytes_ref (raised->picture);
  }
  g_mutex_unlock (&self->lock);
  return picture;
}
