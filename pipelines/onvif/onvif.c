/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells as ONVIF's metadata: a thread writes and serves what is handed over. */

#include "onvif/onvif.h"

#include <string.h>

#include "base/i18n.h"
#include "onvif/file.h"
#include "onvif/metadata.h"
#include "onvif/server.h"
#include "tell/queue.h"

/* What is to be told. */
typedef struct
{
  guint camera;
  gint64 time;
  gboolean alert;               /* it counts */
  char *elements;
} Piece;

/* A rule of a camera, and whether it holds. */
typedef struct
{
  const char *name;
  gboolean on;
} Condition;

typedef struct
{
  char *name;
  gboolean present;             /* lock */
  GArray *conditions;           /* of Condition; lock */
} Camera;

typedef struct
{
  L4Tell base;
  L4OnvifSettings settings;     /* its texts are gone */
  Camera *cameras;
  guint n_cameras;
  GPtrArray *names;             /* of the rules */
  L4OnvifServer *server;        /* NULL: none */
  L4TellVoice voice;
  GThread *thread;

  GMutex lock;
  GCond changed;
  GQueue pieces;                /* of Piece */
  gboolean busy, ending;
  L4TellCounters counters;      /* without those that wait */
  guint waiting;                /* alerts in the queue, or under way */
} Onvif;

static void
piece_free (gpointer data)
{
  Piece *self = data;

  g_free (self->elements);
  g_free (self);
}

static int
find_camera (const Onvif *self, const char *name)
{
  for (guint i = 0; i < self->n_cameras; i++)
    if (g_str_equal (self->cameras[i].name, name))
      return i;
  return -1;
}

static Condition *
find_condition (const Camera *camera, const char *name)
{
  for (guint i = 0; i < camera->conditions->len; i++) {
    Condition *condition = &g_array_index (camera->conditions, Condition, i);

    if (g_str_equal (condition->name, name))
      return condition;
  }
  return NULL;
}

/* The thread ---------------------------------------------------------------------------------------------------------------------- */

static gboolean
write_piece (Onvif *self, const Piece *piece)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  if (self->settings.path == NULL)
    return TRUE;
  path = self->settings.path (self->cameras[piece->camera].name, piece->time, self->settings.path_data, &error);
  if (path != NULL && l4_onvif_file_add (path, piece->elements, &error)) {
    l4_tell_say (&self->voice, FALSE, _("ONVIF metadata is written again"));
    return TRUE;
  }
  l4_tell_say (&self->voice, TRUE, "%s", error->message);
  return FALSE;
}

static void
serve_piece (Onvif *self, const Piece *piece)
{
  g_autofree char *document = NULL;

  if (self->server == NULL)
    return;
  document = g_strconcat (L4_ONVIF_HEAD, piece->elements, L4_ONVIF_TAIL, NULL);
  l4_onvif_server_push (self->server, piece->camera, document);
}

/* With the lock held, but for the while. */
static void
tell_piece (Onvif *self, Piece *piece)
{
  gboolean told;

  self->busy = TRUE;
  g_mutex_unlock (&self->lock);
  serve_piece (self, piece);
  told = write_piece (self, piece);
  g_mutex_lock (&self->lock);
  self->busy = FALSE;
  if (piece->alert) {
    self->waiting--;
    self->counters.told += told;
    self->counters.refused += !told;
  }
  piece_free (piece);
  g_cond_broadcast (&self->changed);
}

static gpointer
run (gpointer data)
{
  Onvif *self = data;

  g_mutex_lock (&self->lock);
  while (!self->ending) {
    Piece *piece = g_queue_pop_head (&self->pieces);

    if (piece != NULL)
      tell_piece (self, piece);
    else
      g_cond_wait (&self->changed, &self->lock);
  }
  g_mutex_unlock (&self->lock);
  return NULL;
}

/* What is handed over ------------------------------------------------------------------------------------------------------------- */

/* Takes the elements. Beyond what there is room for the oldest go. With the lock held. */
static void
add_piece (Onvif *self, guint camera, gint64 time, gboolean alert, GString *elements)
{
  Piece *piece = g_new (Piece, 1);

  *piece = (Piece) { camera, time, alert, g_string_free (elements, FALSE) };
  self->waiting += alert;
  g_queue_push_tail (&self->pieces, piece);
  if (self->pieces.length > L4_TELL_MOST) {
    Piece *oldest = g_queue_pop_head (&self->pieces);

    self->waiting -= oldest->alert;
    self->counters.dropped += oldest->alert;
    piece_free (oldest);
  }
  g_cond_broadcast (&self->changed);
}

static void
onvif_alert (L4Tell *tell, const L4Alert *alert)
{
  Onvif *self = (Onvif *) tell;
  int number = find_camera (self, alert->camera);
  Condition *condition;
  GString *elements;

  g_mutex_lock (&self->lock);
  condition = number >= 0 ? find_condition (&self->cameras[number], alert->rule) : NULL;
  if (condition != NULL) {
    elements = g_string_new (NULL);
    condition->on = alert->on;
    l4_onvif_add_rule (elements, L4_ONVIF_CHANGED, alert->camera, alert->rule, alert->on, alert->time, alert->sentence);
    add_piece (self, number, alert->time, TRUE, elements);
  } else {
    self->counters.refused++;
  }
  g_mutex_unlock (&self->lock);
}

static void
onvif_said (L4Tell *tell, const L4Said *said)
{
  Onvif *self = (Onvif *) tell;
  int number = find_camera (self, said->camera);
  GString *elements;

  if (number < 0)
    return;
  elements = g_string_new (NULL);
  l4_onvif_add_said (elements, said);
  g_mutex_lock (&self->lock);
  add_piece (self, number, said->until, FALSE, elements);
  g_mutex_unlock (&self->lock);
}

static void
onvif_presence (L4Tell *tell, const char *camera, gboolean present)
{
  Onvif *self = (Onvif *) tell;
  int number = find_camera (self, camera);
  const gint64 now = g_get_real_time ();
  GString *elements;

  if (number < 0)
    return;
  elements = g_string_new (NULL);
  l4_onvif_add_presence (elements, L4_ONVIF_CHANGED, camera, present, now);
  g_mutex_lock (&self->lock);
  self->cameras[number].present = present;
  add_piece (self, number, now, FALSE, elements);
  g_mutex_unlock (&self->lock);
}

/* What is so now, for who begins to listen. */
static char *
begin_stream (guint number, gpointer data)
{
  Onvif *self = data;
  const Camera *camera = &self->cameras[number];
  GString *document = g_string_new (L4_ONVIF_HEAD);
  const gint64 now = g_get_real_time ();

  g_mutex_lock (&self->lock);
  l4_onvif_add_presence (document, L4_ONVIF_INITIALIZED, camera->name, camera->present, now);
  for (guint i = 0; i < camera->conditions->len; i++) {
    const Condition *condition = &g_array_index (camera->conditions, Condition, i);

    l4_onvif_add_rule (document, L4_ONVIF_INITIALIZED, camera->name, condition->name, condition->on, now, NULL);
  }
  g_mutex_unlock (&self->lock);
  return g_string_free (g_string_append (document, L4_ONVIF_TAIL), FALSE);
}

/* The way ------------------------------------------------------------------------------------------------------------------------- */

static void
onvif_get_counters (L4Tell *tell, L4TellCounters *counters)
{
  Onvif *self = (Onvif *) tell;

  g_mutex_lock (&self->lock);
  *counters = self->counters;
  counters->waiting = self->waiting;
  g_mutex_unlock (&self->lock);
}

static gboolean
onvif_finish (L4Tell *tell, guint ms)
{
  Onvif *self = (Onvif *) tell;
  const gint64 until = g_get_monotonic_time () + ms * G_TIME_SPAN_MILLISECOND;
  gboolean waits;

  g_mutex_lock (&self->lock);
  while ((waits = self->busy || !g_queue_is_empty (&self->pieces)) && g_cond_wait_until (&self->changed, &self->lock, until));
  g_mutex_unlock (&self->lock);
  return !waits;
}

static void
onvif_free (L4Tell *tell)
{
  Onvif *self = (Onvif *) tell;

  if (self->thread != NULL) {
    g_mutex_lock (&self->lock);
    self->ending = TRUE;
    g_cond_broadcast (&self->changed);
    g_mutex_unlock (&self->lock);
    g_thread_join (self->thread);
  }
  l4_onvif_server_free (self->server);
  for (guint i = 0; i < self->n_cameras; i++) {
    g_free (self->cameras[i].name);
    g_array_unref (self->cameras[i].conditions);
  }
  g_queue_clear_full (&self->pieces, piece_free);
  l4_tell_voice_clear (&self->voice);
  g_ptr_array_unref (self->names);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self->cameras);
  g_free (self);
}

static void
take_cameras (Onvif *self, const L4TellCamera *cameras, guint n_cameras)
{
  self->n_cameras = n_cameras;
  self->cameras = g_new0 (Camera, n_cameras);
  self->names = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < n_cameras; i++) {
    Camera *camera = &self->cameras[i];

    camera->name = g_strdup (cameras[i].name);
    camera->conditions = g_array_new (FALSE, FALSE, sizeof (Condition));
    for (guint j = 0; cameras[i].rules != NULL && cameras[i].rules[j] != NULL; j++) {
      Condition condition = { g_strdup (cameras[i].rules[j]), FALSE };

      g_ptr_array_add (self->names, (char *) condition.name);
      g_array_append_val (camera->conditions, condition);
    }
  }
}

gboolean
l4_onvif_check (const L4OnvifSettings *settings, GError **error)
{
  const L4OnvifServerSettings server = {
    .port = settings->port,.address = settings->address,.user = settings->user,.password = settings->password
  };

  return !settings->serves || l4_onvif_server_check (&server, error);
}

static gboolean
begin_server (Onvif *self, const L4OnvifSettings *settings, GError **error)
{
  g_autofree const char **names = g_new0 (const char *, self->n_cameras + 1);
  const L4OnvifServerSettings server = {
    .port = settings->port,.address = settings->address,.user = settings->user,.password = settings->password,.cameras = names,
    .begin = begin_stream,.data = self
  };

  if (!settings->serves)
    return TRUE;
  for (guint i = 0; i < self->n_cameras; i++)
    names[i] = self->cameras[i].name;
  self->server = l4_onvif_server_new (&server, error);
  return self->server != NULL;
}

L4Tell *
l4_onvif_new (const L4OnvifSettings *settings, const L4TellCamera *cameras, guint n_cameras, GError **error)
{
  Onvif *self = g_new0 (Onvif, 1);

  self->base = (L4Tell) { onvif_alert, onvif_said, onvif_presence, onvif_get_counters, onvif_finish, onvif_free };
  self->settings = (L4OnvifSettings) {.path = settings->path,.path_data = settings->path_data };
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->pieces);
  l4_tell_voice_init (&self->voice, settings->report, settings->report_data);
  take_cameras (self, cameras, n_cameras);
  if (!begin_server (self, settings, error)) {
    onvif_free (&self->base);
    return NULL;
  }
  self->thread = g_thread_new ("onvif-tell", run, self);
  return &self->base;
}

const char *
l4_onvif_get_url (L4Tell *self, guint camera)
{
  return ((Onvif *) self)->server != NULL ? l4_onvif_server_get_url (((Onvif *) self)->server, camera) : NULL;
}
