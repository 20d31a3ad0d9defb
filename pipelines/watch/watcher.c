/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cameras that are watched: what they have to say is judged, told and kept, by one thread. */

#include "watch/watcher.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "run/model.h"
#include "run/relay.h"
#include "run/thumbnail.h"
#include "watch/actions.h"
#include "watch/alert.h"
#include "watch/feed.h"
#include "watch/judge.h"
#include "watch/news.h"
#include "watch/open-files.h"
#include "watch/receivers.h"
#include "watch/speaker.h"
#include "watch/store.h"

#define TICK_US (200 * 1000)    /* between two looks at whether a signal came */
#define MOST_UNREAD (16 << 20)  /* bytes of lines that wait for who reads standard output */
#define MOST_WINDOWS 1000       /* that wait for their turn */
#define MOST_PICTURES 64        /* the same, of windows with their pictures, each of which has megabytes */
#define PICTURE_SIDE 1280       /* pixels of pictures at most */
#define PATIENCE_US (15 * G_USEC_PER_SEC)       /* with sources that are to end */

struct _L4Watcher
{
  L4Cameras *cameras;
  L4DescribeOptions options;    /* with the file's model */
  L4FeedContext context;
  L4Progress *progress;
  L4Speaker speaker;
  L4Feed **feeds;               /* [n_cameras] */
  L4Judge *judge;
  L4News **latest;              /* [n_cameras] what each window of the scene that is seen now shows; NULL: none was described */
  L4Actions *actions;
  L4DescriberModel model;
  L4Store *store;
  gboolean jpegs;               /* somebody wants them */
  guint n_over;                 /* films that came to their end */
  guint n_windows;
  L4Relay *output;              /* NULL: none can be had, and who reads standard output is waited for */
  gboolean mute;                /* it takes nothing, which was said */
  char *fatal;                  /* why none can be described */
  gboolean left_alone;          /* something that hangs was, and has all this still */
};

static const L4Camera *
get_camera (const L4Watcher *self, guint number)
{
  return g_ptr_array_index (self->cameras->cameras, number);
}

/* Windows -------------------------------------------------------------------------------------------------------------------------- */

static void
judge (L4Watcher *self, const L4News *window, GBytes *jpeg)
{
  yyjson_doc *record = window->record != NULL ? yyjson_read (window->record, strlen (window->record), 0) : NULL;

  for (guint i = 0; i < self->cameras->rules->len; i++) {
    L4Told told = {.camera = get_camera (self, window->camera),.rule = g_ptr_array_index (self->cameras->rules, i),.window = window };
    L4Verdict verdict;

    if (!l4_judge_concerns (self->judge, window->camera, i))
      continue;
    verdict = l4_judge_window (self->judge, window->camera, i, yyjson_doc_get_root (record), window->until, &told.value);
    told.time = window->until;
    told.over = verdict == L4_VERDICT_OVER;
    if (verdict == L4_VERDICT_ALERT || verdict == L4_VERDICT_AGAIN || told.over)
      l4_actions_tell (self->actions, &told, jpeg);
  }
  yyjson_doc_free (record);
}

static GBytes *
make_jpeg (const L4Watcher *self, const L4News *window)
{
  return self->jpegs && window->picture != NULL ? l4_picture (window->picture, PICTURE_SIDE) : NULL;
}

static void
take_window (L4Watcher *self, const L4News *window)
{
  g_autoptr (GBytes) jpeg = make_jpeg (self, window);

  self->n_windows++;
  l4_speaker_said (&self->speaker, window);
  l4_store_put (self->store, window);
  l4_actions_said (self->actions, get_camera (self, window->camera), window, jpeg);
  judge (self, window, jpeg);
}

/* What was said last holds for one more window. */
static void
take_unchanged (L4Watcher *self, const L4News *times)
{
  L4News *latest = self->latest[times->camera];
  g_autoptr (GBytes) jpeg = NULL;

  if (latest == NULL || times->end <= latest->end)
    return;
  jpeg = make_jpeg (self, latest);
  latest->start = times->end - MIN (latest->end - latest->start, times->end);
  latest->from = times->until - (latest->until - latest->from);
  latest->end = times->end;
  latest->until = times->until;
  judge (self, latest, jpeg);
}

/* event: NULL, or a window. (transfer full) */
static void
set_latest (L4Watcher *self, guint camera, L4News *event)
{
  l4_news_free (self->latest[camera]);
  self->latest[camera] = event;
}

/* A summary, or a text that grows, which is not kept. */
static void
take_said (L4Watcher *self, const L4News *said)
{
  l4_speaker_said (&self->speaker, said);
  if (said->kind == L4_NEWS_SUMMARY)
    l4_store_put (self->store, said);
  l4_actions_said (self->actions, get_camera (self, said->camera), said, NULL);
}

/* Cameras -------------------------------------------------------------------------------------------------------------------------- */

static void
break_rules (L4Watcher *self, guint camera)
{
  set_latest (self, camera, NULL);
  for (guint i = 0; i < self->cameras->rules->len; i++)
    if (l4_judge_break (self->judge, camera, i)) {
      L4Told told = {.camera = get_camera (self, camera),.rule = g_ptr_array_index (self->cameras->rules, i),.over = TRUE };

      told.time = g_get_real_time ();
      l4_actions_tell (self->actions, &told, NULL);
    }
}

static void
take_up (L4Watcher *self, const L4News *event)
{
  l4_speaker_event (&self->speaker, event->again ? "back" : "up", event->camera, NULL);
  if (event->again)
    l4_progress_say (self->progress, _("%s: is back"), get_camera (self, event->camera)->name);
  l4_actions_presence (self->actions, get_camera (self, event->camera), TRUE);
}

static void
take_lost (L4Watcher *self, const L4News *event)
{
  const L4Camera *camera = get_camera (self, event->camera);

  l4_speaker_event (&self->speaker, "lost", event->camera, event->text);
  l4_progress_say (self->progress, _("%s: lost, and tried again: %s"), camera->name, event->text);
  l4_actions_presence (self->actions, camera, FALSE);
  break_rules (self, event->camera);
}

static void
take (L4Watcher *self, const L4News *event)
{
  switch (event->kind) {
    case L4_NEWS_UP:
      take_up (self, event);
      break;
    case L4_NEWS_LOST:
      take_lost (self, event);
      break;
    case L4_NEWS_OVER:
      self->n_over++;
      l4_speaker_event (&self->speaker, "end", event->camera, NULL);
      l4_actions_presence (self->actions, get_camera (self, event->camera), FALSE);
      break_rules (self, event->camera);
      break;
    case L4_NEWS_WINDOW:
      take_window (self, event);
      break;
    case L4_NEWS_UNCHANGED:
      take_unchanged (self, event);
      break;
    case L4_NEWS_SUMMARY:
    case L4_NEWS_PARTIAL:
      take_said (self, event);
      break;
    case L4_NEWS_SAY:
      l4_progress_say (self->progress, "%s: %s", get_camera (self, event->camera)->name, event->text);
      break;
    case L4_NEWS_NOTICE:
      l4_progress_say (self->progress, "%s", event->text);
      break;
    case L4_NEWS_LOADING:
      l4_progress_set_loading (self->progress, event->percent);
      break;
    case L4_NEWS_DONE:
      l4_speaker_done (&self->speaker, event->record, event->text);
      break;
    case L4_NEWS_FATAL:
      if (self->fatal == NULL)
        self->fatal = g_strdup (event->text);
      break;
  }
}

/* The run -------------------------------------------------------------------------------------------------------------------------- */

static void
take_all (L4Watcher *self, guint64 wait_us)
{
  L4News *event;

  while ((event = l4_news_queue_pop (self->context.news, wait_us)) != NULL) {
    take (self, event);
    if (event->kind == L4_NEWS_WINDOW)
      set_latest (self, event->camera, event);
    else
      l4_news_free (event);
    wait_us = 0;
  }
}

static gboolean
goes_on (const L4Watcher *self, GCancellable *cancellable)
{
  return self->fatal == NULL && self->n_over < self->cameras->cameras->len && !g_cancellable_is_cancelled (cancellable);
}

static void
free_feeds (L4Watcher *self)
{
  for (guint i = 0; self->feeds != NULL && i < self->cameras->cameras->len; i++)
    l4_feed_free (self->feeds[i]);
  g_clear_pointer (&self->feeds, g_free);
}

/* A camera whose source hangs holds up neither the end nor the others. */
static void
join_feeds (L4Watcher *self)
{
  gint64 until = g_get_monotonic_time () + PATIENCE_US;

  for (guint i = 0; i < self->cameras->cameras->len; i++)
    l4_feed_stop (self->feeds[i]);
  for (guint i = 0; i < self->cameras->cameras->len; i++)
    if (!l4_feed_join (self->feeds[i], until)) {
      l4_progress_say (self->progress, _("%s: its source hangs, and is left alone"), get_camera (self, i)->name);
      self->left_alone = TRUE;
    }
}

/* Everything that was said before the end is judged and told. */
static void
end (L4Watcher *self)
{
  L4FeedCounts all = { 0 };

  join_feeds (self);
  for (guint i = 0; i < self->cameras->cameras->len; i++) {
    L4FeedCounts counts;

    l4_feed_get_counts (self->feeds[i], &counts);
    all.unchanged += counts.unchanged;
    all.skipped += counts.skipped;
    all.failed += counts.failed;
  }
  take_all (self, 0);
  g_clear_pointer (&self->store, l4_store_free);
  l4_clips_finish (self->context.clips);
  self->context.live = NULL;
  if (!self->left_alone)
    free_feeds (self);
  take_all (self, 0);
  l4_actions_finish (self->actions);
  take_all (self, 0);
  l4_speaker_end (&self->speaker, &(L4SpeakerCounts) { self->n_windows, l4_actions_get_alerts (self->actions), all.unchanged, all.skipped,
        all.failed, l4_news_queue_get_left_out (self->context.news), l4_actions_get_undelivered (self->actions) });
}

static gboolean
make_feeds (L4Watcher *self, GError **error)
{
  self->feeds = g_new0 (L4Feed *, self->cameras->cameras->len);
  for (guint i = 0; i < self->cameras->cameras->len; i++) {
    self->feeds[i] = l4_feed_new (&self->context, i, error);
    if (self->feeds[i] == NULL)
      return FALSE;
  }
  return TRUE;
}

/* Of a source that hangs its thread cannot tell. */
static void
look_for_hangs (L4Watcher *self)
{
  for (guint i = 0; i < self->cameras->cameras->len; i++) {
    L4News lost = {.kind = L4_NEWS_LOST,.camera = i,.text = (char *) _("its source hangs") };

    if (l4_feed_begins_to_hang (self->feeds[i]))
      take (self, &lost);
  }
}

/* What goes on for days does not wait for its end to say so. */
static void
look_at_output (L4Watcher *self)
{
  int problem = self->output != NULL ? l4_relay_get_problem (self->output) : 0;

  if (!self->mute && problem != 0)
    l4_progress_say (self->progress, _("standard output takes nothing: %s"), g_strerror (problem));
  self->mute = problem != 0;
}

static void
end_output (L4Watcher *self)
{
  guint64 n;

  if (self->output == NULL)
    return;
  l4_relay_end (self->output);
  n = l4_relay_get_left_out (self->output);
  if (n > 0)
    l4_progress_say (self->progress, _("lines that were left out, as nobody read standard output: %" PRIu64), n);
  look_at_output (self);
}

/* What goes wrong with the model is said before any camera is asked. */
static gboolean
look_at_model (L4Watcher *self, GError **error)
{
  if (!l4_describer_model_find (&self->options, &self->model, error))
    return FALSE;
  if (self->model.limits != NULL)
    l4_progress_say (self->progress, _("the small built-in model is at work: %s; --model takes a real one"), self->model.limits);
  return TRUE;
}

static gboolean
begin (L4Watcher *self, GError **error)
{
  const L4StoreContext store = { self->cameras, &self->model, self->feeds, self->context.news };
  const L4ActionsContext actions = { self->cameras, self->progress, self->context.news, self->context.clips, self->speaker.json };

  self->actions = l4_actions_new (&actions, error);
  self->store = self->actions != NULL ? l4_store_new (&store, error) : NULL;
  if (self->store == NULL)
    return FALSE;
  self->context.live = l4_actions_get_live (self->actions);
  for (guint i = 0; i < self->cameras->cameras->len; i++)
    l4_feed_start (self->feeds[i]);
  return TRUE;
}

gboolean
l4_watcher_run (L4Watcher *self, GCancellable *cancellable, GError **error)
{
  if (!look_at_model (self, error) || !make_feeds (self, error) || !begin (self, error)) {
    free_feeds (self);
    return FALSE;
  }
  self->output = l4_relay_new (STDOUT_FILENO, MOST_UNREAD);
  while (goes_on (self, cancellable)) {
    take_all (self, TICK_US);
    look_for_hangs (self);
    look_at_output (self);
    l4_progress_tick (self->progress);
  }
  end (self);
  end_output (self);
  if (self->fatal != NULL)
    return l4_fail (error, L4_ERROR_INPUT, "%s", self->fatal);
  return !self->mute || l4_fail (error, L4_ERROR_IO, _("standard output: %s"), g_strerror (l4_relay_get_problem (self->output)));
}

gboolean
l4_watcher_check (L4Watcher *self, GError **error)
{
  gboolean right = l4_describer_model_find (&self->options, &self->model, error) && make_feeds (self, error)
      && l4_receivers_check (self->cameras, error);

  free_feeds (self);
  return right;
}

/* The watcher ---------------------------------------------------------------------------------------------------------------------- */

/* Those that have interfaces, and that classes of GIO and libsoup name. A thread that makes such a class while another one registers such a type
 * waits for it, and it for that one (GLib's issue 541): both for ever, and with them whoever needs another plugin or class. Cameras and
 * receivers begin at once, so that here these types are registered before. */
static void
register_types (void)
{
  g_type_ensure (G_TYPE_SOCKET_ADDRESS);
  g_type_ensure (G_TYPE_INET_SOCKET_ADDRESS);
  g_type_ensure (G_TYPE_SOCKET);
  g_type_ensure (G_TYPE_TASK);
}

/* The file says more than the options. */
static void
read_model (L4Watcher *self)
{
  const L4Cameras *cameras = self->cameras;

  self->options.model_path = cameras->model != NULL ? cameras->model : self->options.model_path;
  self->options.projector_path = cameras->projector != NULL ? cameras->projector : self->options.projector_path;
  self->options.load = cameras->load != NULL ? cameras->load : self->options.load;
  self->options.threads = cameras->threads > 0 ? (int) cameras->threads : self->options.threads;
  self->options.memory_limit = cameras->memory_limit > 0 ? cameras->memory_limit : self->options.memory_limit;
}

L4Watcher *
l4_watcher_new (L4Cameras *cameras, const L4DescribeOptions *options, L4ProgressStyle style)
{
  L4Watcher *self = g_new0 (L4Watcher, 1);

  register_types ();
  l4_open_files_raise ();
  self->cameras = cameras;
  self->options = *options;
  read_model (self);
  self->jpegs = l4_actions_want_pictures (cameras);
  self->progress = l4_progress_new (style);
  self->speaker = (L4Speaker) { cameras, self->progress, style == L4_PROGRESS_JSON, style == L4_PROGRESS_QUIET };
  self->context = (L4FeedContext) {.cameras = cameras,.options = &self->options,.pictures = cameras->index != NULL || self->jpegs };
  self->context.news = l4_news_queue_new (self->context.pictures ? MOST_PICTURES : MOST_WINDOWS);
  self->context.clips = l4_clips_new (cameras, self->context.news);
  self->judge = l4_judge_new (cameras);
  self->latest = g_new0 (L4News *, cameras->cameras->len);
  return self;
}

void
l4_watcher_free (L4Watcher *self)
{
  if (self == NULL || self->left_alone) /* until the program has ended */
    return;
  l4_describer_model_clear (&self->model);
  l4_actions_free (self->actions);
  l4_clips_free (self->context.clips);
  l4_judge_free (self->judge);
  for (guint i = 0; i < self->cameras->cameras->len; i++)
    l4_news_free (self->latest[i]);
  g_free (self->latest);
  l4_news_queue_free (self->context.news);
  l4_progress_free (self->progress);
  l4_cameras_free (self->cameras);
  l4_relay_free (self->output);
  g_free (self->fatal);
  g_free (self);
}
