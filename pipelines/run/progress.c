/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far a run is: one line that changes on a terminal, a line a file elsewhere, events as JSON for other programs. */

#include "run/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <yyjson.h>

#include "base/i18n.h"
#include "command/command.h"
#include "llama4.h"
#include "run/json.h"

#define DRAW_US (200 * 1000)    /* from one drawing to the next */
#define SETTLE_US G_USEC_PER_SEC        /* before speeds are told */

struct _L4Progress
{
  L4ProgressStyle style;
  gboolean line, lines;         /* one that changes; one a file */
  gint64 drawn;                 /* monotonic time; 0: never */
  int columns;                  /* of what stands there now */

  guint n_files, n_ended;
  guint64 total, ended;         /* bytes */
  gint64 since;                 /* when the first film began; 0: not yet */
  guint64 seen;                 /* nanoseconds of video described since then */
  guint n_windows;              /* since then */
  int loading;                  /* percent; -1: not */
  guint written;                /* percent */

  /* Of this film */
  char *path;
  guint64 bytes, from, duration, position;
  guint n_said;
  gint64 begun;
};

L4Progress *
l4_progress_new (L4ProgressStyle style)
{
  L4Progress *self = g_new0 (L4Progress, 1);

  self->style = style;
  self->line = style == L4_PROGRESS_PEOPLE && isatty (STDERR_FILENO);
  self->lines = style == L4_PROGRESS_PEOPLE && !(self->line && isatty (STDOUT_FILENO));
  self->loading = -1;
  return self;
}

/* The line ------------------------------------------------------------------------------------------------------------------------- */

static void
wipe (L4Progress *self)
{
  if (self->columns > 0)
    fprintf (stderr, "\r%*s\r", self->columns, "");
  self->columns = 0;
}

void
l4_progress_free (L4Progress *self)
{
  if (self == NULL)
    return;
  wipe (self);
  g_free (self->path);
  g_free (self);
}

static int
terminal_columns (void)
{
  struct winsize size;
  int columns = ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;

  return columns > 0 ? columns : 80;
}

static int
columns_of (gunichar c)
{
  return g_unichar_iszerowidth (c) ? 0 : g_unichar_iswide (c) ? 2 : 1;
}

static int
count_columns (const char *text)
{
  int n = 0;

  for (const char *c = text; *c != '\0'; c = g_utf8_next_char (c))
    n += columns_of (g_utf8_get_char (c));
  return n;
}

/* As much of the text as fits. (transfer full) */
static char *
cut (const char *text, int columns)
{
  const char *c = text;
  int n = 0;

  if (count_columns (text) <= columns)
    return g_strdup (text);
  for (; n + columns_of (g_utf8_get_char (c)) < columns; c = g_utf8_next_char (c))
    n += columns_of (g_utf8_get_char (c));
  return g_strdup_printf ("%.*s…", (int) (c - text), text);
}

char *
l4_progress_time (guint64 nanoseconds)
{
  guint64 seconds = nanoseconds / 1000000000;

  return g_strdup_printf ("%" PRIu64 ":%02u:%02u", seconds / 3600, (guint) (seconds / 60 % 60), (guint) (seconds % 60));
}

/* Bytes done, that of this film which is described counted in. */
static double
count_done (const L4Progress *self)
{
  double part = self->path == NULL || self->duration <= self->from ? 0 :
      (double) (MAX (self->position, self->from) - self->from) / (self->duration - self->from);

  return self->ended + self->bytes * MIN (part, 1);
}

static void
append_speed (const L4Progress *self, GString *line)
{
  double done = count_done (self), seconds = (g_get_monotonic_time () - self->since) / 1e6;
  g_autofree char *left = NULL;

  g_string_append_printf (line, _("  %u windows"), self->n_windows);
  if (self->since == 0 || seconds * G_USEC_PER_SEC < SETTLE_US || self->n_windows == 0)
    return;
  g_string_append_printf (line, _("  %.1f times real time"), self->seen / 1e9 / seconds);
  if (done <= 0 || self->total <= done)
    return;
  left = l4_progress_time ((self->total - done) / done * seconds * 1e9);
  g_string_append_printf (line, _("  %s left"), left);
}

/* Everything but the name of the film, which gets what room there is. */
static void
draw (L4Progress *self)
{
  g_autofree char *base = self->path != NULL ? g_path_get_basename (self->path) : g_strdup (""), *name = NULL, *shown = NULL;
  g_autoptr (GString) before = g_string_new (NULL), after = g_string_new (NULL);
  int room;

  if (self->loading >= 0) {
    g_string_printf (before, _("loading the model  %d %%"), self->loading);
  } else {
    g_string_printf (before, _("%.0f %%  %u of %u"), self->total > 0 ? 100 * count_done (self) / self->total : 0.0,
        MIN (self->n_ended + 1, self->n_files), self->n_files);
    append_speed (self, after);
  }
  room = terminal_columns () - 1 - count_columns (before->str) - count_columns (after->str) - 2;
  name = l4_text_to_line (base, -1);
  if (self->loading < 0 && room > 4 && *name != '\0') {
    shown = cut (name, room);
    g_string_append_printf (before, "  %s", shown);
  }
  g_string_append (before, after->str);
  wipe (self);
  shown = (g_free (shown), cut (before->str, terminal_columns () - 1));
  fputs (shown, stderr);
  self->columns = count_columns (shown);
  self->drawn = g_get_monotonic_time ();
}

void
l4_progress_tick (L4Progress *self)
{
  if (self->line && (self->path != NULL || self->loading >= 0) && g_get_monotonic_time () - self->drawn >= DRAW_US)
    draw (self);
}

void
l4_progress_say (L4Progress *self, const char *format, ...)
{
  g_autofree char *text = NULL, *line = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  line = l4_text_to_line (text, -1);
  if (self != NULL) {
    wipe (self);
    self->drawn = 0;
  }
  fprintf (stderr, "llama4: %s\n", line);
}

/* What happens ---------------------------------------------------------------------------------------------------------------------- */

void
l4_progress_set_total (L4Progress *self, guint files, guint64 bytes)
{
  self->n_files = files;
  self->total = bytes;
}

void
l4_progress_set_loading (L4Progress *self, guint percent)
{
  if (self->loading == (int) percent || percent > 100)
    return;
  self->loading = percent < 100 ? (int) percent : -1;
  if (self->loading < 0)
    wipe (self);
  if (self->style == L4_PROGRESS_JSON) {
    yyjson_mut_doc *doc;
    yyjson_mut_val *event = l4_json_begin (&doc, "loading");

    yyjson_mut_obj_add_uint (doc, event, "percent", percent);
    l4_json_end (doc);
  }
  l4_progress_tick (self);
}

void
l4_progress_begin (L4Progress *self, const char *path, guint64 bytes, guint64 from, guint64 duration)
{
  g_free (self->path);
  self->path = g_strdup (path);
  self->bytes = bytes;
  self->from = self->position = from;
  self->duration = duration;
  self->n_said = 0;
  self->begun = g_get_monotonic_time ();
  if (self->since == 0)
    self->since = self->begun;
  if (self->style == L4_PROGRESS_JSON) {
    yyjson_mut_doc *doc;
    yyjson_mut_val *event = l4_json_begin (&doc, "begin");

    l4_json_add_file (doc, event, path);
    yyjson_mut_obj_add_uint (doc, event, "from", from);
    yyjson_mut_obj_add_uint (doc, event, "duration", duration);
    l4_json_end (doc);
  }
  l4_progress_tick (self);
}

/* What a schema and questions made of a window. */
static void
add_answers (yyjson_mut_doc *doc, yyjson_mut_val *event, const char *record)
{
  static const char *const names[] = { "value", "answers" };
  yyjson_doc *read = yyjson_read (record, strlen (record), 0);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    yyjson_val *value = yyjson_obj_get (yyjson_doc_get_root (read), names[i]);

    if (value != NULL)
      yyjson_mut_obj_add_val (doc, event, names[i], yyjson_val_mut_copy (doc, value));
  }
  yyjson_doc_free (read);
}

void
l4_progress_window (L4Progress *self, guint64 start, guint64 end, const char *text, const char *record)
{
  self->seen += end > self->position ? end - MAX (start, self->position) : 0;
  self->position = MAX (self->position, end);
  self->n_windows++;
  self->n_said++;
  self->loading = -1;
  if (self->style == L4_PROGRESS_JSON) {
    yyjson_mut_doc *doc;
    yyjson_mut_val *event = l4_json_begin (&doc, "window");

    l4_json_add_file (doc, event, self->path);
    yyjson_mut_obj_add_uint (doc, event, "start", start);
    yyjson_mut_obj_add_uint (doc, event, "end", end);
    yyjson_mut_obj_add_strcpy (doc, event, "text", text);
    add_answers (doc, event, record);
    l4_json_end (doc);
  }
  l4_progress_tick (self);
}

/* A line about the film that ends. */
static void
print_end (const L4Progress *self, gboolean done)
{
  g_autofree char *name = l4_text_to_line (self->path, -1);
  g_autofree char *length = l4_progress_time (self->position - self->from), *position = l4_progress_time (self->position);
  double seconds = (g_get_monotonic_time () - self->begun) / 1e6;

  if (!done)
    printf (_("%s: ended at %s, from where the next run goes on\n"), name, position);
  else
    printf (_("%s: %u windows, %s of video, %.1f times real time\n"), name, self->n_said, length,
        (self->position - self->from) / 1e9 / MAX (seconds, 1e-3));
  l4_command_flush ();
}

void
l4_progress_end (L4Progress *self, const char *state, const char *reason)
{
  if (self->style == L4_PROGRESS_JSON) {
    yyjson_mut_doc *doc;
    yyjson_mut_val *event = l4_json_begin (&doc, "end");

    l4_json_add_file (doc, event, self->path);
    yyjson_mut_obj_add_strcpy (doc, event, "state", state);
    if (reason != NULL)
      yyjson_mut_obj_add_strcpy (doc, event, "reason", reason);
    yyjson_mut_obj_add_uint (doc, event, "windows", self->n_said);
    l4_json_end (doc);
  } else if (self->lines && reason == NULL) {
    wipe (self);
    print_end (self, g_str_equal (state, "done"));
  }
  if (reason != NULL)
    l4_progress_say (self, "%s: %s", self->path, reason);
  l4_progress_pass (self, self->bytes);
  g_clear_pointer (&self->path, g_free);
}

/* The line that changes, beside the name. */
static void
draw_writing (L4Progress *self, const char *path, guint percent)
{
  g_autofree char *base = g_path_get_basename (path), *name = l4_text_to_line (base, -1), *shown = NULL;
  g_autofree char *line = g_strdup_printf (_("writing  %u %%  %s"), percent, name);

  wipe (self);
  shown = cut (line, terminal_columns () - 1);
  fputs (shown, stderr);
  self->columns = count_columns (shown);
  self->drawn = g_get_monotonic_time ();
}

void
l4_progress_write (L4Progress *self, const char *path, guint64 position, guint64 duration)
{
  guint percent = duration > 0 ? (guint) MIN (100.0 * (double) position / (double) duration, 100) : 0;

  if (self->line && g_get_monotonic_time () - self->drawn >= DRAW_US)
    draw_writing (self, path, percent);
  if (self->style == L4_PROGRESS_JSON && percent != self->written) {
    yyjson_mut_doc *doc;
    yyjson_mut_val *event = l4_json_begin (&doc, "writing");

    l4_json_add_file (doc, event, path);
    yyjson_mut_obj_add_uint (doc, event, "percent", percent);
    l4_json_end (doc);
  }
  self->written = percent;
}

void
l4_progress_pass (L4Progress *self, guint64 bytes)
{
  self->ended += bytes;
  self->n_ended++;
}

void
l4_progress_plan (L4Progress *self, const char *path, guint64 from, guint windows)
{
  yyjson_mut_doc *doc;
  yyjson_mut_val *event = l4_json_begin (&doc, "plan");

  l4_json_add_file (doc, event, path);
  yyjson_mut_obj_add_uint (doc, event, "from", from);
  yyjson_mut_obj_add_uint (doc, event, "windows", windows);
  l4_json_end (doc);
}

void
l4_progress_finish (L4Progress *self, const char *const *names, const guint *numbers, guint n)
{
  yyjson_mut_doc *doc;
  yyjson_mut_val *event;

  wipe (self);
  if (self->style != L4_PROGRESS_JSON)
    return;
  event = l4_json_begin (&doc, "summary");
  for (guint i = 0; i < n; i++)
    yyjson_mut_obj_add_uint (doc, event, names[i], numbers[i]);
  l4_json_end (doc);
}

void
l4_progress_written (L4Progress *self, const char *path)
{
  wipe (self);
  if (self->style == L4_PROGRESS_JSON) {
    yyjson_mut_doc *doc;
    yyjson_mut_val *event = l4_json_begin (&doc, "written");

    l4_json_add_file (doc, event, path);
    l4_json_end (doc);
  }
}

void
l4_progress_count (L4Progress *self, guint done, guint all)
{
  if (self->line && (done == all || g_get_monotonic_time () - self->drawn >= DRAW_US)) {
    wipe (self);
    self->columns = done < all ? fprintf (stderr, "%u/%u", done, all) : 0;
    self->drawn = g_get_monotonic_time ();
  }
  if (self->style == L4_PROGRESS_JSON) {
    yyjson_mut_doc *doc;
    yyjson_mut_val *event = l4_json_begin (&doc, "count");

    yyjson_mut_obj_add_uint (doc, event, "done", done);
    yyjson_mut_obj_add_uint (doc, event, "all", all);
    l4_json_end (doc);
  }
}
