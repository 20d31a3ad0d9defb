/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* llama4 watch: what cameras see, said by one model, and what rules make of it. */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "command/command.h"
#include "run/describe.h"
#include "run/json.h"
#include "run/progress.h"
#include "run/signals.h"
#include "run/thumbnail.h"
#include "watch/actions.h"
#include "watch/alert.h"
#include "watch/clock.h"
#include "watch/news.h"
#include "watch/feed.h"
#include "watch/judge.h"
#include "watch/store.h"

#define TICK_US (200 * 1000)    /* between two looks at whether a signal came */
#define MOST_WINDOWS 1000       /* that wait, for a standard output that is not read */
#define MOST_PICTURES 64        /* the same, of windows with their pictures, each of which has megabytes */
#define PICTURE_SIDE 1280       /* pixels of pictures at most */

static struct
{
  gboolean check, json, quiet;
  char *index;
  int http;
} given;

static const GOptionEntry entries[] = {
  {"check", 'n', 0, G_OPTION_ARG_NONE, &given.check, N_("Only read CONFIG, and say what is wrong with it"), NULL},
  {"index", 0, 0, G_OPTION_ARG_FILENAME, &given.index, N_("Index of llama4 archive that everything said goes to: a SQLite file, or postgresql://…"), "INDEX"},
  {"http", 0, 0, G_OPTION_ARG_INT, &given.http, N_("Port of this machine at which a page shows pictures, sentences and alerts"), "PORT"},
  {"json", 0, 0, G_OPTION_ARG_NONE, &given.json, N_("Say what happens as JSON, an event a line"), NULL},
  {"quiet", 'q', 0, G_OPTION_ARG_NONE, &given.quiet, N_("Say only alerts, and what goes wrong"), NULL},
  {NULL}
};

typedef struct
{
  L4Cameras *cameras;
  L4FeedContext context;
  L4Progress *progress;
  GCancellable *cancellable;
  L4Feed **feeds;               /* [n_cameras] */
  L4Judge *judge;
  L4Actions *actions;
  L4DescribeOptions options;    /* with the file's model */
  L4DescriberModel model;
  L4Store *store;
  gboolean jpegs;               /* somebody wants them */
  guint n_over;                 /* films that came to their end */
  guint n_windows;
  char *fatal;                  /* why none can be described */
} Watch;

/* What is said --------------------------------------------------------------------------------------------------------------------- */

static const L4Camera *
get_camera (const Watch *self, guint number)
{
  return g_ptr_array_index (self->cameras->cameras, number);
}

static void
print_line (const char *line)
{
  puts (line);
  fflush (stdout);
}

static void
print_event (const Watch *self, const char *name, guint camera, const char *reason)
{
  yyjson_mut_doc *doc;
  yyjson_mut_val *event;

  if (!given.json)
    return;
  event = l4_json_begin (&doc, name);
  yyjson_mut_obj_add_strcpy (doc, event, "camera", get_camera (self, camera)->name);
  if (reason != NULL)
    yyjson_mut_obj_add_strcpy (doc, event, "reason", reason);
  l4_json_end (doc);
}

static void
print_window (const Watch *self, const L4News *window)
{
  g_autofree char *line = NULL, *time = l4_clock_format_short (window->from);

  if (given.json)
    print_line (line = l4_window_to_json (get_camera (self, window->camera), window));
  else if (!given.quiet)
    print_line (line = g_strdup_printf ("%s  %s  %s", time, get_camera (self, window->camera)->name, window->text));
}

/* Windows -------------------------------------------------------------------------------------------------------------------------- */

static void
judge (Watch *self, const L4News *window, GBytes *jpeg)
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

static void
take_window (Watch *self, const L4News *window)
{
  g_autoptr (GBytes) jpeg = self->jpegs && window->picture != NULL ? l4_picture (window->picture, PICTURE_SIDE) : NULL;

  self->n_windows++;
  print_window (self, window);
  l4_store_put (self->store, window);
  l4_actions_sentence (self->actions, get_camera (self, window->camera), window, jpeg);
  judge (self, window, jpeg);
}

/* Cameras -------------------------------------------------------------------------------------------------------------------------- */

static void
break_rules (Watch *self, guint camera)
{
  for (guint i = 0; i < self->cameras->rules->len; i++)
    if (l4_judge_break (self->judge, camera, i)) {
      L4Told told = {.camera = get_camera (self, camera),.rule = g_ptr_array_index (self->cameras->rules, i),.over = TRUE };

      told.time = g_get_real_time ();
      l4_actions_tell (self->actions, &told, NULL);
    }
}

static void
take_up (Watch *self, const L4News *event)
{
  print_event (self, event->again ? "back" : "up", event->camera, NULL);
  if (event->again)
    l4_progress_say (self->progress, _("%s: is back"), get_camera (self, event->camera)->name);
  l4_actions_presence (self->actions, get_camera (self, event->camera), TRUE);
}

static void
take_lost (Watch *self, const L4News *event)
{
  const L4Camera *camera = get_camera (self, event->camera);

  print_event (self, "lost", event->camera, event->text);
  l4_progress_say (self->progress, _("%s: lost, and tried again: %s"), camera->name, event->text);
  l4_actions_presence (self->actions, camera, FALSE);
  break_rules (self, event->camera);
}

static void
take_done (const Watch *self, const L4News *event)
{
  if (given.json && event->record != NULL)
    print_line (event->record);
  if (event->text != NULL)
    l4_progress_say (self->progress, "%s", event->text);
}

static void
take (Watch *self, const L4News *event)
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
      print_event (self, "end", event->camera, NULL);
      l4_actions_presence (self->actions, get_camera (self, event->camera), FALSE);
      break_rules (self, event->camera);
      break;
    case L4_NEWS_WINDOW:
      take_window (self, event);
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
      take_done (self, event);
      break;
    case L4_NEWS_FATAL:
      if (self->fatal == NULL)
        self->fatal = g_strdup (event->text);
      break;
  }
}

/* The run -------------------------------------------------------------------------------------------------------------------------- */

static void
take_all (Watch *self, guint64 wait_us)
{
  L4News *event;

  while ((event = l4_news_queue_pop (self->context.news, wait_us)) != NULL) {
    take (self, event);
    l4_news_free (event);
    wait_us = 0;
  }
}

static gboolean
goes_on (const Watch *self)
{
  return self->fatal == NULL && self->n_over < self->cameras->cameras->len && !g_cancellable_is_cancelled (self->cancellable);
}

/* What was left out is told, where there was something. */
static void
print_summary (Watch *self, const L4FeedCounts *counts)
{
  static const char *const names[] = { "windows", "alerts", "unchanged", "skipped", "failed", "left_out" };
  guint numbers[] = { self->n_windows, l4_actions_get_alerts (self->actions), counts->unchanged, counts->skipped, counts->failed,
    l4_news_queue_get_left_out (self->context.news)
  };

  l4_progress_finish (self->progress, names, numbers, G_N_ELEMENTS (numbers));
  if (!given.json && !given.quiet)
    l4_progress_say (self->progress, _("windows: %u, alerts: %u, unchanged: %u, left out as the model was at work: %u, failed: %u"),
        numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]);
}

static void
free_feeds (Watch *self)
{
  for (guint i = 0; self->feeds != NULL && i < self->cameras->cameras->len; i++)
    l4_feed_free (self->feeds[i]);
  g_clear_pointer (&self->feeds, g_free);
}

/* Everything that was said before the end is judged and told. */
static void
end (Watch *self)
{
  L4FeedCounts all = { 0 };

  for (guint i = 0; i < self->cameras->cameras->len; i++)
    l4_feed_stop (self->feeds[i]);
  for (guint i = 0; i < self->cameras->cameras->len; i++)
    l4_feed_join (self->feeds[i]);
  for (guint i = 0; i < self->cameras->cameras->len; i++) {
    L4FeedCounts counts;

    l4_feed_get_counts (self->feeds[i], &counts);
    all.unchanged += counts.unchanged;
    all.skipped += counts.skipped;
    all.failed += counts.failed;
  }
  take_all (self, 0);
  g_clear_pointer (&self->store, l4_store_free);
  free_feeds (self);
  g_clear_pointer (&self->context.clips, l4_clips_free);
  take_all (self, 0);
  l4_actions_finish (self->actions);
  take_all (self, 0);
  print_summary (self, &all);
}

static gboolean
make_feeds (Watch *self, GError **error)
{
  self->feeds = g_new0 (L4Feed *, self->cameras->cameras->len);
  for (guint i = 0; i < self->cameras->cameras->len; i++) {
    self->feeds[i] = l4_feed_new (&self->context, i, error);
    if (self->feeds[i] == NULL)
      return FALSE;
  }
  return TRUE;
}

/* What goes wrong with the model is said before any camera is asked. */
static gboolean
look_at_model (Watch *self, GError **error)
{
  if (!l4_describer_model_find (&self->options, &self->model, error))
    return FALSE;
  if (self->model.limits != NULL)
    l4_progress_say (self->progress, _("the small built-in model is at work: %s; --model takes a real one"), self->model.limits);
  return TRUE;
}

static gboolean
begin (Watch *self, GError **error)
{
  const L4StoreContext store = { self->cameras, &self->model, self->feeds, self->context.news };
  const L4ActionsContext actions = { self->cameras, self->progress, self->context.news, self->context.clips, given.json };

  self->actions = l4_actions_new (&actions, error);
  self->store = self->actions != NULL ? l4_store_new (&store, error) : NULL;
  if (self->store == NULL)
    return FALSE;
  self->context.live = l4_actions_get_live (self->actions);
  for (guint i = 0; i < self->cameras->cameras->len; i++)
    l4_feed_start (self->feeds[i]);
  return TRUE;
}

static gboolean
watch (Watch *self, GError **error)
{
  if (!look_at_model (self, error) || !make_feeds (self, error) || !begin (self, error)) {
    free_feeds (self);
    return FALSE;
  }
  while (goes_on (self)) {
    take_all (self, TICK_US);
    l4_progress_tick (self->progress);
  }
  end (self);
  return self->fatal == NULL || l4_fail (error, L4_ERROR_INPUT, "%s", self->fatal);
}

static void
watch_clear (Watch *self)
{
  l4_describer_model_clear (&self->model);
  l4_actions_free (self->actions);
  l4_clips_free (self->context.clips);
  l4_judge_free (self->judge);
  l4_news_queue_free (self->context.news);
  l4_progress_free (self->progress);
  l4_cameras_free (self->cameras);
  g_free (self->fatal);
  *self = (Watch) { 0 };
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Watch, watch_clear)

/* The program ---------------------------------------------------------------------------------------------------------------------- */

static gboolean
is_config (const char *argument)
{
  return (g_str_has_suffix (argument, ".yaml") || g_str_has_suffix (argument, ".yml")) && strstr (argument, "://") == NULL;
}

static L4Cameras *
read_arguments (char **arguments, GError **error)
{
  if (arguments[0] == NULL) {
    l4_fail (error, L4_ERROR_INPUT, _("a file of cameras or the address of one is needed: llama4 watch CONFIG.yaml | URI…"));
    return NULL;
  }
  if (is_config (arguments[0]) && arguments[1] == NULL)
    return l4_cameras_read (arguments[0], error);
  for (char **argument = arguments; *argument != NULL; argument++)
    if (is_config (*argument)) {
      l4_fail (error, L4_ERROR_INPUT, _("%s: stands alone, or not at all"), *argument);
      return NULL;
    }
  return l4_cameras_of_uris (arguments, error);
}

/* The file says more than the options. */
static gboolean
read_all (Watch *self, char **arguments, GError **error)
{
  const L4DescribeOptions *options = l4_describe_options (error);
  L4Cameras *cameras = options != NULL ? read_arguments (arguments, error) : NULL;

  if (cameras == NULL)
    return FALSE;
  self->cameras = cameras;
  self->options = *options;
  self->options.model_path = cameras->model != NULL ? cameras->model : self->options.model_path;
  self->options.projector_path = cameras->projector != NULL ? cameras->projector : self->options.projector_path;
  self->options.load = cameras->load != NULL ? cameras->load : self->options.load;
  self->options.threads = cameras->threads > 0 ? (int) cameras->threads : self->options.threads;
  self->options.memory_limit = cameras->memory_limit > 0 ? cameras->memory_limit : self->options.memory_limit;
  if (cameras->index == NULL)
    cameras->index = g_strdup (given.index);
  if (given.http != 0) {
    if (!l4_command_check_number ("http", given.http, 1, 65535, error))
      return FALSE;
    cameras->page.wanted = TRUE;
    cameras->page.port = given.http;
  }
  self->context.options = &self->options;
  self->context.cameras = cameras;
  self->jpegs = l4_actions_want_pictures (cameras);
  self->context.pictures = cameras->index != NULL || self->jpegs;
  return TRUE;
}

static gboolean
run (char **arguments, GError **error)
{
  g_auto (Watch) self = { 0 };
  gboolean right;

  if (!read_all (&self, arguments, error))
    return FALSE;
  gst_init (NULL, NULL);
  self.context.news = l4_news_queue_new (self.context.pictures ? MOST_PICTURES : MOST_WINDOWS);
  self.context.clips = l4_clips_new (self.cameras, self.context.news);
  self.judge = l4_judge_new (self.cameras);
  self.progress = l4_progress_new (given.json ? L4_PROGRESS_JSON : given.quiet ? L4_PROGRESS_QUIET : L4_PROGRESS_PEOPLE);
  if (given.check) {
    right = make_feeds (&self, error);
    free_feeds (&self);
    return right;
  }
  self.cancellable = l4_signals_begin ();
  right = watch (&self, error);
  watch_clear (&self);
  l4_signals_end ();
  return right;
}

/* Those of films alone are left out. */
static const GOptionEntry *
shared_entries (void)
{
  static GOptionEntry shared[64];
  guint n = 0;

  for (const GOptionEntry *entry = l4_describe_entries (); entry->long_name != NULL && n + 1 < G_N_ELEMENTS (shared); entry++)
    if (strcmp (entry->long_name, "decode") != 0 && strcmp (entry->long_name, "ahead") != 0)
      shared[n++] = *entry;
  return shared;
}

static const char *const events[] = {
  N_("With --json every line of standard output is an object, whose member \"event\" is one of these. Their other members stand in "
      "brackets: camera and rule are names; time and until are the time of day, with the zone; start and end are nanoseconds since the "
      "camera came up. What goes wrong is a line on standard error, as ever."),
  L4_EVENT_LOADING,
  N_("page  # Where the page is (url).\n"
      "up  # Pictures come from a camera (camera).\n"
      "lost  # None come any more; it is tried again (camera, reason).\n"
      "back  # They come again (camera).\n"
      "end  # A film came to its end (camera).\n"
      "window  # What was said of a window (camera, time, until, start, end, text, record).\n"
      "alert  # A rule holds (camera, rule, time, start, end, value, sentence, picture, record).\n"
      "over  # It holds no longer (the same).\n"
      "clip  # A clip of an alert is there, or cannot be (camera; rule; file, or reason).\n"
      "command  # A rule's command ended (rule; status; output, its beginning; reason, if something is wrong).\n"
      "summary  # The end of all (windows, alerts, unchanged, skipped, failed, left_out)."),
  NULL
};

static const L4Command command = {
  .name = "watch",
  .usage = N_("CONFIG.yaml | URI…"),
  .description = N_("Watches cameras: rtsp and http addresses, /dev/video0, films as if they were cameras, and whatever else GStreamer "
      "reads. One model describes them all, each window in its turn; those that come while it is at work are left out. A camera that is "
      "lost is tried again after a second, then after ever longer times up to a minute, and never ends the others.\n\n"
      "CONFIG.yaml tells of cameras, what they are asked, and rules: a rule compares a value of a window's record, or the probability that a "
      "question is answered by yes, for so many windows in turn, and what it does then is an alert: a line on standard output, and a "
      "command with the alert as JSON on its standard input. A commented example has all keys."),
  .examples = N_("llama4 watch rtsp://camera.local/stream  # what one camera sees, a sentence every few seconds\n"
      "llama4 watch --window 10 /dev/video0 http://camera.local/video.mjpeg  # two of them\n"
      "llama4 watch cameras.yaml  # with rules\n"
      "llama4 watch --check cameras.yaml  # only says what is wrong with that file"),
  .files = N_("/usr/share/doc/llama4describe/examples/cameras.yaml  # the commented example"),
  .exit_status = N_("1  # CONFIG or the model cannot be used"),
  .events = events,
  .entries = entries,
};

int
main (int argc, char **argv)
{
  L4Command with_model = command;

  with_model.more[0] = shared_entries ();
  with_model.run = run;
  return l4_command_main (&with_model, argc, argv);
}
