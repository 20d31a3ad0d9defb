/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* llama4 watch: what cameras see, said by one model, and what rules make of it. */

#include <string.h>

#include "base/error.h"
#include "command/command.h"
#include "config.h"
#include "run/progress.h"
#include "run/signals.h"
#include "watch/watcher.h"

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

static gboolean
read_page (L4Cameras *cameras, GError **error)
{
  if (given.http == 0)
    return TRUE;
  cameras->page.wanted = TRUE;
  cameras->page.port = given.http;
  return l4_command_check_number ("http", given.http, 1, 65535, error);
}

/* The file says more than the options. (transfer full) */
static L4Watcher *
make_watcher (char **arguments, GError **error)
{
  const L4DescribeOptions *options = l4_describe_options (error);
  g_autoptr (L4Cameras) cameras = options != NULL ? read_arguments (arguments, error) : NULL;

  if (cameras == NULL || !read_page (cameras, error))
    return NULL;
  if (cameras->index == NULL)
    cameras->index = g_strdup (given.index);
  gst_init (NULL, NULL);
  return l4_watcher_new (g_steal_pointer (&cameras), options,
      given.json ? L4_PROGRESS_JSON : given.quiet ? L4_PROGRESS_QUIET : L4_PROGRESS_PEOPLE);
}

static gboolean
run (char **arguments, GError **error)
{
  g_autoptr (L4Watcher) self = make_watcher (arguments, error);
  gboolean right;

  if (self == NULL)
    return FALSE;
  if (given.check)
    return l4_watcher_check (self, error);
  right = l4_watcher_run (self, l4_signals_begin (), error);
  g_clear_pointer (&self, l4_watcher_free);
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
      "onvif  # Where a camera's metadata is served by RTSP (camera, url).\n"
      "up  # Pictures come from a camera (camera).\n"
      "lost  # None come any more; it is tried again (camera, reason).\n"
      "back  # They come again (camera).\n"
      "end  # A film came to its end (camera).\n"
      "window  # What was said of a window (camera, time, until, start, end, text, record).\n"
      "partial  # What is being said of one, as far as it is there (the same, without a record).\n"
      "recap  # What was said since the last one, summed up (the same as of a window).\n"
      "alert  # A rule holds (camera, rule, time, start, end, value, sentence, picture, record).\n"
      "over  # It holds no longer (the same).\n"
      "clip  # A clip of an alert is there, or cannot be (camera; rule; file, or reason).\n"
      "command  # A rule's command ended (rule; status; output, its beginning; reason, if something is wrong).\n"
      "summary  # The end of all (windows, alerts, unchanged, skipped, failed, left_out; undelivered: alerts that receivers have not got)."),
  NULL
};

static const L4Command command = {
  .name = "watch",
  .usage = N_("CONFIG.yaml | URI…"),
  .description = N_("Watches cameras: rtsp and http addresses, /dev/video0, films as if they were cameras, and whatever else GStreamer "
      "reads. One model describes them all, each window in its turn; those that come while it is at work are left out. A camera that is "
      "lost is tried again after a second, then after ever longer times up to a minute, and never ends the others.\n\n"
      "CONFIG.yaml tells of cameras, what they are asked, and rules: a rule compares a value of a window's record (a JSON pointer, of which a step * is "
      "any element of a list: /objects/*/label), or the probability that a "
      "question is answered by yes, for so many windows in turn. Instead of one such condition it may have lists of them: all, each of which must "
      "hold, and any, of which one must. What it does then is an alert: a line on standard output, and a "
      "command with the alert as JSON on its standard input. Alerts, what is said and lost cameras go to an MQTT broker, a web server, "
      "ONVIF's metadata and a page, too, where the file says so. A commented example has all keys.\n\n"
      "The first SIGINT, SIGTERM or SIGHUP ends it in order: what was seen is judged, and all alerts together have four seconds more to be told and "
      "commands to end; how many were not is said. The second one ends it at once."),
  .examples = N_("llama4 watch rtsp://camera.local/stream  # what one camera sees, a sentence every few seconds\n"
      "llama4 watch --window 10 /dev/video0 http://camera.local/video.mjpeg  # two of them\n"
      "llama4 watch cameras.yaml  # with rules\n"
      "llama4 watch --check cameras.yaml  # only says what is wrong with that file"),
  .files = L4_DOC_DIR "/examples/cameras.yaml  # CONFIG.yaml with all keys and comments",
  .exit_status = N_("1  # CONFIG, the model, the index or a receiver of alerts cannot be used"),
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
