/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* llama4 summary: title, summary and chapters of a film, from what an index says of its windows. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yyjson.h>

#include "base/error.h"
#include "command/command.h"
#include "cues/chapters.h"
#include "index/index.h"
#include "index/named.h"
#include "index/password.h"
#include "run/json.h"
#include "run/progress.h"
#include "run/signals.h"
#include "talk/notes.h"
#include "talk/outline.h"
#include "talk/talk.h"
#include "write/bytes.h"
#include "write/outputs.h"

#define MAX_TOKENS 1000         /* of an answer */

static struct
{
  char **outputs;
  gboolean json, force;
} options;

static const GOptionEntry entries[] = {
  {"output", 'o', 0, G_OPTION_ARG_FILENAME_ARRAY, &options.outputs,
      N_("Write the chapters to FILE; its suffix chooses: .vtt, .xml (Matroska), .ffmeta or .txt (ffmetadata); may stand several times"),
      "FILE"},
  {"force", 0, 0, G_OPTION_ARG_NONE, &options.force, N_("Overwrite files that are there"), NULL},
  {"json", 0, 0, G_OPTION_ARG_NONE, &options.json, N_("Print events as JSON, one a line, for other programs"), NULL},
  {NULL}
};

/* One film and what comes of it. */
typedef struct
{
  const char *where;            /* the index */
  const L4IndexVideo *video;
  char *name;
  GArray *times;                /* guint64, where windows begin */
  guint64 length;               /* nanoseconds */
  L4Progress *progress;
  L4Talk *talk;
  L4Outline outline;
} Summary;

/* The windows as notes; what goes on over several is one. */
static L4Notes *
make_notes (Summary *self, GPtrArray *windows)
{
  L4Notes *notes = l4_notes_new (self->name, self->length);
  const char *last = NULL;

  self->times = g_array_new (FALSE, FALSE, sizeof (guint64));
  for (guint i = 0; i < windows->len; i++) {
    const L4IndexWindow *window = windows->pdata[i];

    g_array_append_val (self->times, window->start);
    if (g_strcmp0 (last, window->text) != 0)
      l4_notes_add (notes, window->start, window->text);
    last = window->text;
  }
  return notes;
}

/* A film has a title and a chapter, whatever the model replied. */
static void
complete (Summary *self)
{
  L4Outline *outline = &self->outline;

  if (outline->title == NULL)
    outline->title = l4_text_to_line (self->name, -1);
  if (outline->headings->len == 0) {
    const L4Heading heading = { 0, g_strdup (outline->title) };

    l4_progress_say (self->progress, "%s", _("the model gave no chapters: the film is one"));
    g_array_append_val (outline->headings, heading);
  }
  l4_outline_snap (outline, self->times);
}

/* Output -------------------------------------------------------------------------------------------------------------------- */

static void
print_text (const Summary *self)
{
  const L4Outline *outline = &self->outline;

  printf ("%s\n", outline->title);
  if (outline->summary != NULL)
    printf ("\n%s\n", outline->summary);
  putchar ('\n');
  for (guint i = 0; i < outline->headings->len; i++) {
    const L4Heading *heading = &g_array_index (outline->headings, L4Heading, i);
    g_autofree char *time = l4_progress_time (heading->start);

    printf ("%8s  %s\n", time, heading->title);
  }
}

static GPtrArray *
make_chapters (const Summary *self)
{
  GPtrArray *chapters = g_ptr_array_new_with_free_func ((GDestroyNotify) l4_chapter_free);
  const GArray *headings = self->outline.headings;

  for (guint i = 0; i < headings->len; i++) {
    const L4Heading *heading = &g_array_index (headings, L4Heading, i);
    guint64 end = i + 1 < headings->len ? g_array_index (headings, L4Heading, i + 1).start : self->length;

    g_ptr_array_add (chapters, l4_chapter_new (heading->start, end, heading->title));
  }
  return chapters;
}

static void
print_json (const Summary *self, GPtrArray *chapters)
{
  const L4ModelInfo *info = l4_talk_get_info (self->talk);
  yyjson_mut_doc *doc;
  yyjson_mut_val *root = l4_json_begin (&doc, "outline"), *list, *model;
  g_autofree char *name = l4_text_to_line (info->name, -1);

  l4_json_add_file (doc, root, self->video->path);
  yyjson_mut_obj_add_uint (doc, root, "length", self->length);
  yyjson_mut_obj_add_str (doc, root, "title", self->outline.title);
  if (self->outline.summary != NULL)
    yyjson_mut_obj_add_str (doc, root, "summary", self->outline.summary);
  else
    yyjson_mut_obj_add_null (doc, root, "summary");
  list = yyjson_mut_obj_add_arr (doc, root, "chapters");
  for (guint i = 0; i < chapters->len; i++) {
    const L4Chapter *chapter = chapters->pdata[i];
    yyjson_mut_val *object = yyjson_mut_arr_add_obj (doc, list);

    yyjson_mut_obj_add_uint (doc, object, "start", chapter->start);
    yyjson_mut_obj_add_uint (doc, object, "end", chapter->end);
    yyjson_mut_obj_add_str (doc, object, "title", chapter->title);
  }
  model = yyjson_mut_obj_add_obj (doc, root, "model");
  yyjson_mut_obj_add_str (doc, model, "name", name);
  yyjson_mut_obj_add_str (doc, model, "digest", info->digest);
  yyjson_mut_obj_add_str (doc, model, "quantization", info->quantization);
  l4_json_end (doc);
}

static gboolean
choose_kind (const char *path, L4ChapterFile *kind, GError **error)
{
  static const struct
  {
    const char *suffix;
    L4ChapterFile kind;
  } kinds[] = {
    {".vtt", L4_CHAPTER_FILE_VTT}, {".xml", L4_CHAPTER_FILE_MATROSKA}, {".ffmeta", L4_CHAPTER_FILE_FFMETADATA},
    {".txt", L4_CHAPTER_FILE_FFMETADATA},
  };
  const char *dot = strrchr (path, '.');

  for (guint i = 0; dot != NULL && i < G_N_ELEMENTS (kinds); i++)
    if (g_ascii_strcasecmp (dot, kinds[i].suffix) == 0) {
      *kind = kinds[i].kind;
      return TRUE;
    }
  return l4_fail (error, L4_ERROR_INPUT, _("%s: must end in .vtt, .xml, .ffmeta or .txt"), path);
}

/* Opened before anything is computed, so that what cannot be written is known at once. */
static gboolean
open_outputs (L4Outputs *outputs, GArray *files, GError **error)
{
  for (char **path = options.outputs; path != NULL && *path != NULL; path++) {
    L4ChapterFile kind;
    int file;

    if (!choose_kind (*path, &kind, error) || (file = l4_outputs_add (outputs, *path, error)) < 0)
      return FALSE;
    g_array_append_val (files, file);
  }
  return TRUE;
}

static gboolean
write_outputs (const Summary *self, GPtrArray *chapters, L4Outputs *outputs, const GArray *files, GError **error)
{
  for (guint i = 0; i < files->len; i++) {
    L4ChapterFile kind;
    g_autofree char *text = NULL;

    if (!choose_kind (options.outputs[i], &kind, error))
      return FALSE;
    text = l4_chapters_to_file (chapters, kind, self->outline.title, NULL);
    if (!l4_write_bytes (g_array_index (files, int, i), text, strlen (text)))
      return l4_fail (error, L4_ERROR_IO, "%s: %s", options.outputs[i], g_strerror (errno));
  }
  if (!l4_outputs_place (outputs, error))
    return FALSE;
  for (guint i = 0; i < files->len; i++)
    l4_progress_written (self->progress, options.outputs[i]);
  return TRUE;
}

static gboolean
summarise (Summary *self, GPtrArray *windows, GError **error)
{
  g_autoptr (L4Notes) notes = make_notes (self, windows);
  g_autoptr (GArray) files = g_array_new (FALSE, FALSE, sizeof (int));
  g_autoptr (L4Outputs) outputs = l4_outputs_new (options.force, self->where);
  g_autoptr (GPtrArray) chapters = NULL;

  if (!open_outputs (outputs, files, error) || (self->talk = l4_talk_new (MAX_TOKENS, self->progress, l4_signals_begin (), error)) == NULL
      || !l4_notes_read (notes, self->talk, self->progress, &self->outline, error))
    return FALSE;
  complete (self);
  chapters = make_chapters (self);
  if (!write_outputs (self, chapters, outputs, files, error))
    return FALSE;
  if (options.json)
    print_json (self, chapters);
  else
    print_text (self);
  return TRUE;
}

/* A film that is still being described has a summary of what there is. */
static gboolean
check_progress (const Summary *self, L4Index *index, const L4IndexWindow *last, GError **error)
{
  g_auto (L4IndexProgress) progress = { 0 };
  g_autofree char *end = l4_progress_time (last->end);

  if (!l4_index_get_progress (index, self->video->id, last->run, &progress, error))
    return FALSE;
  if (progress.state != L4_INDEX_DONE)
    l4_progress_say (self->progress, _("%s: has been described up to %s only"), self->video->path, end);
  return TRUE;
}

static gboolean
summarise_named (const char *where, const char *name, GError **error)
{
  g_autoptr (L4Index) index = l4_index_open (where, L4_INDEX_READ, error);
  g_autoptr (L4IndexVideo) video = NULL;
  g_autoptr (GPtrArray) windows = NULL;
  g_autoptr (L4Progress) progress = l4_progress_new (options.json ? L4_PROGRESS_JSON : L4_PROGRESS_PEOPLE);
  g_autofree char *base = NULL;
  Summary self = {.where = where,.progress = progress };
  gboolean done;

  if (index == NULL || (video = l4_index_find_named (index, name, error)) == NULL
      || (windows = l4_index_list_windows (index, video->id, 0, FALSE, error)) == NULL)
    return FALSE;
  if (windows->len == 0)
    return l4_fail (error, L4_ERROR_NOT_FOUND, _("%s: nothing has been said of it yet"), video->path);
  self.video = video;
  if (!check_progress (&self, index, windows->pdata[windows->len - 1], error))
    return FALSE;
  self.name = base = g_path_get_basename (video->path);
  self.length = MAX (video->duration, ((const L4IndexWindow *) windows->pdata[windows->len - 1])->end);
  done = summarise (&self, windows, error);
  l4_outline_clear (&self.outline);
  g_clear_pointer (&self.times, g_array_unref);
  g_clear_pointer (&self.talk, l4_talk_free);
  return done;
}

static gboolean
run (char **arguments, GError **error)
{
  guint n = g_strv_length (arguments);
  gboolean done;

  if (n < 2)
    return l4_fail (error, L4_ERROR_INPUT, _("an index and a video are needed"));
  if (n > 2)
    return l4_fail (error, L4_ERROR_INPUT, _("%s: more than an index and a video"), arguments[2]);
  if (!l4_talk_check (error))
    return FALSE;
  done = summarise_named (arguments[0], arguments[1], error);
  l4_signals_end ();
  return done;
}

static const char *const events[] = {
  L4_EVENTS_ALL, L4_EVENT_LOADING, N_("count  # So many sentences of a long film have been read (done), of so many (all)."), L4_EVENT_WRITTEN,
  N_("outline  # The end (file; length; title; summary, or null; chapters, each with start, end and title; model, with name, digest and "
      "quantization)."),
  NULL
};

int
main (int argc, char **argv)
{
  L4Command command = {
    .name = "summary",
    .usage = N_("INDEX VIDEO --model MODEL"),
    .description = N_("Lets a model write a title, a summary and chapters of a film from the sentences that the index has of its windows; "
        "of a long film in parts first, and then of these. VIDEO is the film's path, or a part of it that fits no other film. "
        "Chapters begin where windows do.\n\n" "The embedded model cannot read; another one is named by --model."),
    .examples = N_("llama4 summary archive.index lecture.mp4 --model scout-q4.gguf  # to read\n"
        "llama4 summary archive.index lecture.mp4 --model scout-q4.gguf -o lecture.vtt -o lecture.xml  # chapters for players"),
    .files = L4_INDEX_FILES,
    .entries = entries,
    .more = {l4_talk_entries ()},
    .events = events,
    .run = run,
  };

  return l4_command_main (&command, argc, argv);
}
