/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was said of cameras, in an index of llama4 archive, and how long it is kept there and in the folder. */

#include "watch/store.h"

#include <string.h>

#include <yyjson.h>

#include "base/i18n.h"
#include "config.h"
#include "index/index.h"
#include "run/json.h"
#include "run/thumbnail.h"
#include "watch/clock.h"
#include "watch/day.h"
#include "watch/keep.h"

#define KEEP_EVERY_US (G_TIME_SPAN_HOUR)        /* between two looks at what is too old */
#define TOUCH_EVERY_US (60 * G_USEC_PER_SEC)    /* between two times that a day's own time is brought up to date */

/* The day of a camera that is written now. */
typedef struct
{
  L4Day day;
  L4IndexVideo *video;          /* NULL: none yet */
  gint64 run;
  gint64 touched;               /* monotonic */
  gboolean refused;             /* one of the camera's windows was, and that was told */
} Open;

/* What is to be written: its news without the picture, which would take megabytes. */
typedef struct
{
  L4News *news;
  GBytes *thumbnail;            /* or NULL */
} Window;

struct _L4Store
{
  L4StoreContext context;
  L4Index *index;               /* thread; NULL: none, or it is to be opened again */
  Open *open;                   /* [n_cameras][2]: windows, summaries; thread */
  GRand *random;
  guint attempt;                /* failures in turn; thread */
  guint64 n_refused;            /* thread */
  gint64 kept;                  /* when it was last looked for what is too old, monotonic; thread */
  GThread *thread;

  GMutex lock;
  GCond changed;
  GQueue waiting;               /* of Window */
  guint64 n_lost;               /* for an index that was away */
  gboolean stopping;
};

static void
say (const L4Store *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
say (const L4Store *self, const char *format, ...)
{
  L4News *news = g_new0 (L4News, 1);
  va_list args;

  news->kind = L4_NEWS_DONE;
  va_start (args, format);
  news->text = g_strdup_vprintf (format, args);
  va_end (args);
  l4_news_queue_push (self->context.news, news);
}

static void
window_free (Window *self)
{
  if (self == NULL)
    return;
  l4_news_free (self->news);
  g_clear_pointer (&self->thumbnail, g_bytes_unref);
  g_free (self);
}

/* Days -------------------------------------------------------------------------------------------------------------------------- */

/* What else changes what is said: the camera's properties, by the order of their names, but for those that only add to it. (transfer full) */
static char *
make_settings (const L4Camera *camera)
{
  g_autoptr (GTree) sorted = g_tree_new ((GCompareFunc) strcmp);
  yyjson_mut_doc *doc = yyjson_mut_doc_new (NULL);
  yyjson_mut_val *object = yyjson_mut_obj (doc);

  yyjson_mut_doc_set_root (doc, object);
  for (guint i = 0; i < camera->properties->len; i++) {
    const L4CameraProperty *property = g_ptr_array_index (camera->properties, i);

    if (!g_str_equal (property->name, "partial") && !g_str_equal (property->name, "summary"))
      g_tree_replace (sorted, property->name, property->value);
  }
  if (camera->detector != NULL)
    g_tree_replace (sorted, (gpointer) "detector", camera->detector);
  for (GTreeNode * node = g_tree_node_first (sorted); node != NULL; node = g_tree_node_next (node))
    yyjson_mut_obj_add_strcpy (doc, object, g_tree_node_key (node), g_tree_node_value (node));
  return l4_json_to_line (doc);
}

static gboolean
put_run (L4Store *self, guint camera, gint64 *id, GError **error)
{
  const L4DescriberModel *model = self->context.model;
  g_autofree char *prompt = l4_feed_get_prompt_digest (self->context.feeds[camera]);
  g_autofree char *settings = make_settings (g_ptr_array_index (self->context.cameras->cameras, camera));
  L4IndexRun run = {
    .model_name = (char *) model->name,
    .model_digest = (char *) model->digest,
    .quantization = (char *) model->quantization,
    .prompt_digest = prompt,
    .settings = settings,
    .version = (char *) L4_VERSION,
  };
  gboolean right = l4_index_put_run (self->index, &run, error);

  *id = run.id;
  return right;
}

/* Whether a video has nothing of another run: *free. */
static gboolean
is_free (L4Store *self, gint64 video, gint64 run, gboolean *is, GError **error)
{
  g_autoptr (GPtrArray) all = l4_index_list_windows (self->index, video, 0, FALSE, error);
  const L4IndexWindow *first = all != NULL && all->len > 0 ? g_ptr_array_index (all, 0) : NULL;

  *is = first == NULL || first->run == run;
  return all != NULL;
}

/* The video of that day for that run: from the n-th on the first that no other run has. */
static L4IndexVideo *
find_video (L4Store *self, const L4Camera *camera, const char *day, gboolean summaries, gint64 run, guint *n, GError **error)
{
  for (;; ++*n) {
    g_autofree char *name = l4_day_name (day, summaries, *n);
    g_autofree char *key = g_strconcat (L4_DAY_KEY, camera->name, ":", name, NULL);
    g_autoptr (GError) problem = NULL;
    g_autoptr (L4IndexVideo) video = l4_index_find_key (self->index, key, &problem);
    gboolean is = TRUE;

    if (problem != NULL || (video != NULL && !is_free (self, video->id, run, &is, &problem))) {
      g_propagate_error (error, g_steal_pointer (&problem));
      return NULL;
    }
    if (!is)
      continue;
    if (video == NULL) {
      video = g_new0 (L4IndexVideo, 1);
      video->key = g_steal_pointer (&key);
      video->path = l4_day_path (self->context.cameras, camera, name);
      video->container = g_strdup ("camera");
    }
    return g_steal_pointer (&video);
  }
}

static gboolean
close_day (L4Store *self, Open *open, L4IndexState state, GError **error)
{
  gboolean right = open->video == NULL || self->index == NULL
      || l4_index_settle (self->index, open->video->id, open->run, state, NULL, error);

  g_clear_pointer (&open->video, l4_index_video_free);
  return right;
}

/* By time and duration the search knows when the day began. */
static gboolean
touch (L4Store *self, Open *open, gint64 until, GError **error)
{
  gint64 now = g_get_monotonic_time ();

  open->video->mtime = until * 1000;
  open->video->duration = MAX (until - open->day.midnight, 0) * 1000;
  if (open->touched != 0 && now - open->touched < TOUCH_EVERY_US)
    return TRUE;
  open->touched = now;
  return l4_index_put_video (self->index, open->video, error);
}

static gboolean
open_day (L4Store *self, Open *open, const L4News *window, GError **error)
{
  const L4Camera *camera = g_ptr_array_index (self->context.cameras->cameras, window->camera);
  L4Day day = l4_day_of (window->from);
  gboolean taken = FALSE;

  if (open->video != NULL && g_str_equal (day.name, open->day.name))
    return TRUE;
  if (!close_day (self, open, L4_INDEX_DONE, error) || !put_run (self, window->camera, &open->run, error))
    return FALSE;
  open->day = day;
  for (guint n = 1; !taken; n++) {      /* another process, or one that died less than a minute ago, may have the first */
    g_clear_pointer (&open->video, l4_index_video_free);
    open->touched = 0;
    open->video = find_video (self, camera, day.name, window->kind == L4_NEWS_SUMMARY, open->run, &n, error);
    if (open->video == NULL)
      return FALSE;
    if (!touch (self, open, window->until, error) || !l4_index_claim (self->index, open->video->id, open->run, &taken, error)) {
      g_clear_pointer (&open->video, l4_index_video_free);
      return FALSE;
    }
  }
  return TRUE;
}

/* Writing ----------------------------------------------------------------------------------------------------------------------- */

/* The sentence, and what was said of objects, so that both are found. (transfer full) */
static char *
make_text (const L4News *news)
{
  yyjson_doc *doc = news->record != NULL ? yyjson_read (news->record, strlen (news->record), 0) : NULL;
  g_autoptr (GString) text = g_string_new (news->text);
  yyjson_val *object;
  size_t i, n;

  yyjson_arr_foreach (yyjson_obj_get (yyjson_doc_get_root (doc), "objects"), i, n, object) {
    const char *label = yyjson_get_str (yyjson_obj_get (object, "label")), *said = yyjson_get_str (yyjson_obj_get (object, "text"));

    if (label != NULL && said != NULL)
      g_string_append_printf (text, " (%s%s%s)", label, *label != '\0' ? ": " : "", said);
  }
  yyjson_doc_free (doc);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static Open *
get_open (const L4Store *self, const L4News *news)
{
  return &self->open[2 * news->camera + (news->kind == L4_NEWS_SUMMARY)];
}

static gboolean
put_window (L4Store *self, const Window *put, GError **error)
{
  g_autofree char *text = make_text (put->news);
  const L4News *news = put->news;
  Open *open = get_open (self, news);
  L4IndexWindow window = { 0 };

  if (!open_day (self, open, news, error))
    return FALSE;
  window = (L4IndexWindow) {
    .video = open->video->id,
    .run = open->run,
    .start = MAX (news->from - open->day.midnight, 0) * 1000,
    .end = MAX (news->until - open->day.midnight, news->from - open->day.midnight) * 1000,
    .text = text,
    .record = news->record,
    .thumbnail = put->thumbnail,
  };
  return l4_index_put_window (self->index, &window, error) && touch (self, open, news->until, error);
}

static gboolean
settle_day (L4Store *self, Open *open, GError **error)
{
  return open->video == NULL || (l4_index_put_video (self->index, open->video, error) && close_day (self, open, L4_INDEX_BEGUN, error));
}

/* Gives back every day that is open. An index that is locked or away now is not asked again for each: what is not given back is free when this
 * process is no more. */
static gboolean
settle (L4Store *self, GError **error)
{
  if (self->index == NULL)
    return TRUE;
  if (!l4_index_hurry (self->index, error))
    return FALSE;
  for (guint i = 0; i < 2 * self->context.cameras->cameras->len; i++) {
    g_autoptr (GError) why = NULL;

    if (!settle_day (self, &self->open[i], &why) && !g_error_matches (why, L4_INDEX_ERROR, L4_INDEX_ERROR_TAKEN)) {
      g_propagate_error (error, g_steal_pointer (&why));
      return FALSE;
    }
  }
  return TRUE;
}

/* All that was open is let go: it is opened again with the next window. */
static void
close_index (L4Store *self)
{
  for (guint i = 0; i < 2 * self->context.cameras->cameras->len; i++)
    g_clear_pointer (&self->open[i].video, l4_index_video_free);
  g_clear_pointer (&self->index, l4_index_close);
}

static gboolean
write_one (L4Store *self, const Window *window, GError **error)
{
  if (self->index == NULL)
    self->index = l4_index_open (self->context.cameras->index, L4_INDEX_WRITE, error);
  return self->index != NULL && put_window (self, window, error);
}

/* The index will never have that window, though it may have others: it is left out, which is told once of a camera. */
static void
refuse (L4Store *self, Window *window, const GError *error)
{
  Open *open = get_open (self, window->news);

  self->n_refused++;
  if (!open->refused)
    say (self, "%s: %s", ((L4Camera *) g_ptr_array_index (self->context.cameras->cameras, window->news->camera))->name, error->message);
  open->refused = TRUE;
  window_free (window);
}

/* What could not be written as the index is away stays in front of the others. FALSE: it is to be tried again later. */
static gboolean
write_next (L4Store *self, Window *window)
{
  g_autoptr (GError) error = NULL;

  if (write_one (self, window, &error)) {
    if (self->attempt > 0)
      say (self, _("the index is written again"));
    self->attempt = 0;
    window_free (window);
    return TRUE;
  }
  if (g_error_matches (error, L4_ERROR, L4_ERROR_INPUT)) {
    refuse (self, window, error);
    self->attempt = 0;
    return TRUE;
  }
  if (self->attempt++ == 0)
    say (self, "%s", error->message);
  close_index (self);
  g_mutex_lock (&self->lock);
  g_queue_push_head (&self->waiting, window);
  g_mutex_unlock (&self->lock);
  return FALSE;
}

static void
keep (L4Store *self)
{
  g_autoptr (GError) error = NULL;
  gint64 now = g_get_monotonic_time ();

  if (self->kept != 0 && now - self->kept < KEEP_EVERY_US)
    return;
  self->kept = now;
  if (!l4_keep (self->context.cameras, self->index, g_get_real_time (), &error))
    say (self, "%s", error->message);
}

/* The next window to write; NULL: it is over. After a failure it comes later, or at once when it is the last try. */
static Window *
take_next (L4Store *self)
{
  Window *window = NULL;
  gint64 until = self->attempt > 0 ? g_get_monotonic_time () + l4_clock_wait (self->attempt, self->random) * G_TIME_SPAN_MILLISECOND : 0;

  g_mutex_lock (&self->lock);
  while (until != 0 && !self->stopping && g_cond_wait_until (&self->changed, &self->lock, until));
  while (g_queue_is_empty (&self->waiting) && !self->stopping) {
    if (!g_cond_wait_until (&self->changed, &self->lock, g_get_monotonic_time () + KEEP_EVERY_US)) {
      g_mutex_unlock (&self->lock);
      keep (self);
      g_mutex_lock (&self->lock);
    }
  }
  window = g_queue_pop_head (&self->waiting);
  g_mutex_unlock (&self->lock);
  return window;
}

static gpointer
run (gpointer data)
{
  L4Store *self = data;
  g_autoptr (GError) error = NULL;
  Window *window;

  keep (self);
  while ((window = take_next (self)) != NULL) {
    gboolean stopping;

    g_mutex_lock (&self->lock);
    stopping = self->stopping;
    g_mutex_unlock (&self->lock);
    if (!write_next (self, window) && stopping)
      break;
    keep (self);
  }
  if (!settle (self, &error))
    say (self, "%s", error->message);
  close_index (self);
  return NULL;
}

/* The store --------------------------------------------------------------------------------------------------------------------- */

L4Store *
l4_store_new (const L4StoreContext *context, GError **error)
{
  L4Store *self = g_new0 (L4Store, 1);

  self->context = *context;
  self->random = g_rand_new ();
  self->open = g_new0 (Open, 2 * context->cameras->cameras->len);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->waiting);
  if (context->cameras->index != NULL && (self->index = l4_index_open (context->cameras->index, L4_INDEX_WRITE, error)) == NULL) {
    l4_store_free (self);
    return NULL;
  }
  self->thread = g_thread_new ("l4-store", run, self);
  return self;
}

/* (transfer full) */
static Window *
window_new (const L4News *news)
{
  Window *self = g_new0 (Window, 1);

  self->news = g_memdup2 (news, sizeof *news);
  self->news->text = g_strdup (news->text);
  self->news->record = g_strdup (news->record);
  self->news->picture = NULL;
  self->thumbnail = news->picture != NULL ? l4_thumbnail (news->picture) : NULL;
  return self;
}

void
l4_store_put (L4Store *self, const L4News *news)
{
  Window *window, *lost = NULL;
  gboolean first = FALSE;

  if (self->context.cameras->index == NULL)
    return;
  window = window_new (news);
  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->waiting, window);
  if (g_queue_get_length (&self->waiting) > L4_STORE_WAITING) {
    lost = g_queue_pop_head (&self->waiting);
    first = self->n_lost++ == 0;
  }
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  window_free (lost);
  if (first)
    say (self, _("the index is away for so long that its oldest windows are lost"));
}

void
l4_store_free (L4Store *self)
{
  guint64 n;

  if (self == NULL)
    return;
  g_mutex_lock (&self->lock);
  self->stopping = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&self->thread, g_thread_join);
  n = self->n_lost + self->n_refused + g_queue_get_length (&self->waiting);
  if (n > 0)
    say (self, _("windows that did not come into the index: %" PRIu64), n);
  g_clear_pointer (&self->index, l4_index_close);
  g_queue_clear_full (&self->waiting, (GDestroyNotify) window_free);
  g_rand_free (self->random);
  g_free (self->open);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}
