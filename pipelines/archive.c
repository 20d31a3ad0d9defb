/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* llama4 archive: describes many videos into an index. */

#include <stdio.h>
#include <unistd.h>

#include <yyjson.h>

#include "base/i18n.h"
#include "command/command.h"
#include "config.h"
#include "index/password.h"
#include "library/library.h"
#include "library/sidecar.h"
#include "run/signals.h"

static struct
{
  gboolean null, again, prune, dry_run, hidden, no_thumbnails, force, json, quiet;
  char *sidecar, *output;
} options;

static const GOptionEntry entries[] = {
  {"again", 0, 0, G_OPTION_ARG_NONE, &options.again, N_("Describe again what is described, and try again what failed"), NULL},
  {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &options.dry_run, N_("Only say what would be done, and how long it would take"), NULL},
  {"prune", 0, 0, G_OPTION_ARG_NONE, &options.prune, N_("Forget films below PATH… whose file is gone"), NULL},
  {"hidden", 0, 0, G_OPTION_ARG_NONE, &options.hidden, N_("Look at hidden files and folders too"), NULL},
  {"null", '0', 0, G_OPTION_ARG_NONE, &options.null, N_("Paths on standard input end with a zero byte instead of a line end"), NULL},
  {"sidecar", 0, 0, G_OPTION_ARG_FILENAME, &options.sidecar, N_("Write files of what was said, such as film.mp4.srt"),
      "srt,vtt,json,chapters"},
  {"output", 'o', 0, G_OPTION_ARG_FILENAME, &options.output, N_("Where these go (beside the films)"), "FOLDER"},
  {"force", 0, 0, G_OPTION_ARG_NONE, &options.force, N_("Let them come in the place of files that others made or changed"), NULL},
  {"no-thumbnails", 0, 0, G_OPTION_ARG_NONE, &options.no_thumbnails, N_("Keep no small pictures in the index"), NULL},
  {"json", 0, 0, G_OPTION_ARG_NONE, &options.json, N_("Say what happens as JSON, an event a line"), NULL},
  {"quiet", 'q', 0, G_OPTION_ARG_NONE, &options.quiet, N_("Say only what goes wrong"), NULL},
  {NULL}
};

/* One run of the program. */
typedef struct
{
  L4ProgressStyle style;
  L4LibraryContext context;
  L4Describer *describer;
  L4Library *library;
  GPtrArray *paths;             /* absolute; what was given and is there */
  L4Scan *scan;
} Archive;

static void
archive_clear (Archive *self)
{
  l4_library_free (self->library);
  l4_describer_free (self->describer);
  l4_index_close (self->context.index);
  l4_scan_free (self->scan);
  g_clear_pointer (&self->paths, g_ptr_array_unref);
  l4_progress_free (self->context.progress);
  l4_tally_free (self->context.tally);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Archive, archive_clear)

/* Index and run --------------------------------------------------------------------------------------------------------------------- */

static void
add_texts (yyjson_mut_doc *doc, yyjson_mut_val *object, const char *name, char **texts)
{
  yyjson_mut_val *list = yyjson_mut_obj_add_arr (doc, object, name);

  for (char **text = texts; *text != NULL; text++)
    yyjson_mut_arr_add_str (doc, list, *text);
}

/* What else changes what is said, by the order of its names; (transfer full) */
static char *
make_settings (const L4DescribeOptions *describe)
{
  static const char *const decode[] = {[L4_FILM_DECODE_AUTO] = "auto",[L4_FILM_DECODE_KEYS] = "keys",[L4_FILM_DECODE_ALL] = "all" };
  yyjson_mut_doc *doc = yyjson_mut_doc_new (NULL);
  yyjson_mut_val *settings = yyjson_mut_obj (doc);
  char *text;

  yyjson_mut_doc_set_root (doc, settings);
  yyjson_mut_obj_add_bool (doc, settings, "cuts", !describe->no_cuts);
  yyjson_mut_obj_add_str (doc, settings, "decode", decode[describe->decode]);
  yyjson_mut_obj_add_int (doc, settings, "frames", describe->frames);
  if (describe->language != NULL)
    yyjson_mut_obj_add_str (doc, settings, "language", describe->language);
  yyjson_mut_obj_add_int (doc, settings, "max_tokens", describe->max_tokens);
  yyjson_mut_obj_add_uint (doc, settings, "overlap", describe->overlap);
  if (describe->questions != NULL)
    add_texts (doc, settings, "questions", describe->questions);
  if (describe->schema != NULL)
    yyjson_mut_obj_add_str (doc, settings, "schema", describe->schema);
  yyjson_mut_obj_add_int (doc, settings, "tiles", describe->tiles);
  yyjson_mut_obj_add_uint (doc, settings, "window", describe->window);
  text = yyjson_mut_write (doc, YYJSON_WRITE_NOFLAG, NULL);
  yyjson_mut_doc_free (doc);
  return text;
}

/* One that differs in nothing but the program's version goes on: a new version describes no archive anew. */
static gint64
find_run (const GPtrArray *runs, const L4IndexRun *run)
{
  gint64 found = 0;

  for (guint i = 0; i < runs->len; i++) {
    const L4IndexRun *other = g_ptr_array_index (runs, i);

    if (g_str_equal (other->model_digest, run->model_digest) && g_str_equal (other->prompt_digest, run->prompt_digest)
        && g_str_equal (other->settings, run->settings))
      found = other->id;
  }
  return found;
}

/* With what films are described, in the index. */
static gboolean
choose_run (Archive *self, GError **error)
{
  const L4DescriberModel *model = l4_describer_get_model (self->describer, error);
  g_autofree char *prompt = NULL, *settings = NULL;
  g_autoptr (GPtrArray) runs = NULL;
  L4IndexRun run;

  if (model == NULL)
    return FALSE;
  if (self->context.index == NULL)
    return TRUE;
  runs = l4_index_list_runs (self->context.index, error);
  if (runs == NULL)
    return FALSE;
  prompt = l4_describer_get_prompt_digest (self->describer);
  settings = make_settings (self->context.describe);
  run = (L4IndexRun) {
    .model_name = (char *) model->name,
    .model_digest = (char *) model->digest,
    .quantization = (char *) model->quantization,
    .prompt_digest = prompt,
    .settings = settings,
    .version = (char *) L4_VERSION,
  };
  run.id = find_run (runs, &run);
  if (run.id == 0 && !options.dry_run && !l4_index_put_run (self->context.index, &run, error))
    return FALSE;
  self->context.run = run.id;
  if (!(options.again && !options.dry_run ? l4_index_put_again : l4_index_find_again) (self->context.index, run.id, &self->context.beside, error))
    return FALSE;
  return TRUE;
}

/* Without changing anything there may be none yet. */
static gboolean
open_index (Archive *self, const char *where, GError **error)
{
  g_autoptr (GError) problem = NULL;

  self->context.index = l4_index_open (where, options.dry_run ? L4_INDEX_READ : L4_INDEX_WRITE, &problem);
  if (problem == NULL || (options.dry_run && g_error_matches (problem, L4_ERROR, L4_ERROR_NOT_FOUND)))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

/* Files ------------------------------------------------------------------------------------------------------------------------------ */

static void
on_problem (const char *line, gpointer user_data)
{
  Archive *self = user_data;

  l4_tally_fail (self->context.tally, self->context.progress, NULL, line);
}

/* FALSE without *error: cancelled. */
static gboolean
add_path (Archive *self, const char *path, GError **error)
{
  if (g_str_equal (path, "-"))
    return l4_scan_add_list (self->scan, STDIN_FILENO, options.null ? '\0' : '\n', self->context.cancellable, error);
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    g_ptr_array_add (self->paths, g_canonicalize_filename (path, NULL));
  return l4_scan_add (self->scan, path, self->context.cancellable);
}

static gboolean
find_files (Archive *self, char **paths, GError **error)
{
  guint *counts = self->context.tally->counts;

  self->scan = l4_scan_new (options.hidden, on_problem, self);
  self->paths = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; paths[i] != NULL; i++)
    if (!add_path (self, paths[i], error))
      return FALSE;
  if (!l4_scan_finish (self->scan, self->context.cancellable))
    return FALSE;
  self->context.roots = l4_scan_get_roots (self->scan);
  l4_scan_get_hidden (self->scan, &counts[L4_TALLY_HIDDEN_FILES], &counts[L4_TALLY_HIDDEN_FOLDERS]);
  return TRUE;
}

/* Dry runs --------------------------------------------------------------------------------------------------------------------------- */

static void
print_plan (const Archive *self, const L4Work *work, guint n_windows)
{
  const L4Stretch *first = &g_array_index (work->missing, L4Stretch, 0);
  g_autofree char *name = l4_text_to_line (work->file->path, -1), *from = l4_progress_time (first->from);

  if (self->style == L4_PROGRESS_JSON)
    l4_progress_plan (self->context.progress, work->file->path, first->from, n_windows);
  else if (work->missing->len == 1 && first->from == 0)
    printf (_("%s: would be described, %u windows\n"), name, n_windows);
  else
    printf (_("%s: would be gone on with at %s, %u windows\n"), name, from, n_windows);
}

/* How long it will take: by what windows took so far, or else by what the machine allows the model at most. */
static void
print_forecast (Archive *self, guint n_windows)
{
  double measured = l4_library_measure (self->library), least = 0;
  g_autofree char *time = NULL;

  if (measured <= 0 && !l4_describer_model_forecast (self->context.describe, &least, NULL))
    least = 0;
  time = l4_progress_time (n_windows * MAX (measured, least) * 1e9);
  if (measured > 0)
    printf (_(", in %s by the speed so far\n"), time);
  else if (least > 0)
    printf (_(", in %s at least, by forecast\n"), time);
  else
    printf (_(", in a time that is not known before the first\n"));
}

static gboolean
plan_all (Archive *self, GError **error)
{
  g_autoptr (GError) problem = NULL;
  guint n_films = 0, n_windows = 0, n_unknown = 0;
  L4Work *work;

  while ((work = l4_library_next (self->library, TRUE, &problem)) != NULL) {
    guint n = l4_library_count_windows (self->library, work);

    n_films++;
    n_windows += n;
    n_unknown += work->video->duration == 0;
    print_plan (self, work, n);
    l4_library_give_back (self->library, work);
  }
  if (problem != NULL) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }
  if (self->style != L4_PROGRESS_PEOPLE || n_films == 0)
    return TRUE;
  printf (_("to be described: %u, windows: %u"), n_films, n_windows);
  if (n_unknown > 0)
    printf (_(", of unknown length: %u"), n_unknown);
  print_forecast (self, n_windows);
  return TRUE;
}

/* All films -------------------------------------------------------------------------------------------------------------------------- */

static gboolean
describe_all (Archive *self, GError **error)
{
  g_autoptr (GError) problem = NULL;
  L4Work *work = l4_library_next (self->library, TRUE, &problem);

  if (work != NULL)
    l4_describer_model_tell (l4_describer_get_model (self->describer, NULL), self->context.progress);
  while (work != NULL) {
    L4Work *next = NULL;

    if (!l4_library_describe (self->library, self->describer, work, &next, error)) {
      l4_describer_forget (self->describer);
      l4_library_give_back (self->library, next);
      return FALSE;
    }
    work = next != NULL ? next : l4_library_next (self->library, TRUE, &problem);
  }
  if (problem == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

static gboolean
bring_up_to_date (Archive *self, char **arguments, GError **error)
{
  /* what is wrong with the model makes no index, and what is wrong with the index is not said after a long look at folders */
  if (l4_describer_get_model (self->describer, error) == NULL || !open_index (self, arguments[0], error) || !choose_run (self, error)
      || !find_files (self, arguments + 1, error))
    return FALSE;
  self->library = l4_library_new (&self->context);
  if (!l4_library_survey (self->library, l4_scan_get_files (self->scan), error))
    return FALSE;
  if (!(options.dry_run ? plan_all (self, error) : describe_all (self, error)))
    return FALSE;
  return !options.prune || g_cancellable_is_cancelled (self->context.cancellable)
      || l4_library_prune (self->library, self->paths, error);
}

/* The program ------------------------------------------------------------------------------------------------------------------------ */

static gboolean
set_up (Archive *self, GError **error)
{
  self->context.describe = l4_describe_options (error);
  if (self->context.describe == NULL)
    return FALSE;
  if (options.sidecar != NULL)
    self->context.sidecars = l4_sidecar_parse (options.sidecar);
  if (options.output != NULL && options.sidecar == NULL) {
    g_set_error (error, L4_ERROR, L4_ERROR_INPUT, _("--output %s: needs --sidecar"), options.output);
    return FALSE;
  }
  gst_init (NULL, NULL);
  self->style = options.json ? L4_PROGRESS_JSON : options.quiet ? L4_PROGRESS_QUIET : L4_PROGRESS_PEOPLE;
  self->context.again = options.again;
  self->context.look_only = options.dry_run;
  self->context.output = options.output;
  self->context.force = options.force;
  self->context.tally = l4_tally_new ();
  self->context.progress = l4_progress_new (self->style);
  self->context.cancellable = l4_signals_begin ();
  self->describer = l4_describer_new (self->context.describe, !options.no_thumbnails, error);
  return self->describer != NULL;
}

static gboolean
run (char **arguments, GError **error)
{
  g_auto (Archive) self = { 0 };
  g_autoptr (GError) problem = NULL;
  gboolean right;

  if (arguments[0] == NULL || arguments[1] == NULL) {
    g_set_error (error, L4_ERROR, L4_ERROR_INPUT, _("an index and what is to be described are needed: llama4 archive INDEX PATH…"));
    return FALSE;
  }
  if (!set_up (&self, error))
    return FALSE;
  right = bring_up_to_date (&self, arguments, &problem);
  l4_tally_print (self.context.tally, self.context.progress, self.style);
  right = right && self.context.tally->counts[L4_TALLY_FAILED] == 0;
  if (problem != NULL && !g_cancellable_is_cancelled (self.context.cancellable))
    g_propagate_error (error, g_steal_pointer (&problem));
  archive_clear (&self);
  self = (Archive) { 0 };
  l4_signals_end ();
  return right;
}

static const char *const events[] = {
  L4_EVENTS_ALL, L4_EVENT_LOADING, L4_EVENTS_FILM, L4_EVENT_PLAN,
  N_("summary  # The end of all, with all numbers: how many films were described, are unchanged, failed…"),
  NULL
};

int
main (int argc, char **argv)
{
  static const L4Command command = {
    .name = "archive",
    .usage = N_("INDEX PATH…"),
    .description = N_("Describes videos, and keeps what was said of every few seconds in an index, where llama4 search finds it. INDEX is a "
        "SQLite file, which is made when need be, or a database as postgresql://USER@HOST/NAME. PATH is a video, a folder, of which all videos "
        "are taken, those of its folders too, or - for a list on standard input.\n\n"
        "Every window is kept as soon as it was described. Whenever a run ends, by a signal, by a kill or by a loss of power, the next one goes "
        "on in the middle of the film. Films are known by their content: one that was moved or renamed is not described again, one that was "
        "changed is. Another model, another prompt or other settings describe all films anew, beside what was there. What is searched of a film "
        "is its newest whole description: one that is being made, with --again too, comes in the place of the one before when it is whole.\n\n"
        "A file that is no film, or cannot be described, is named, and kept in the index with its reason; the run goes on, and ends with exit "
        "status 1 and a list of what failed. The next run passes over such files until they change, counts them, and does not fail for them: of a "
        "run every night only news is heard. --again tries them again. Windows that could not be described are tried again by every run.\n\n"
        "Hidden files and folders are left out, and so is what Macs and network storage put beside videos."),
    .examples = N_("llama4 archive films.sqlite /media/films  # Describe a folder, or what is new in it.\n"
        "find /media -mtime -1 -print0 | llama4 archive films.sqlite --null -  # Describe a list of files.\n"
        "llama4 archive films.sqlite /media/films --dry-run  # Say what there is to do, and how long it will take.\n"
        "llama4 archive films.sqlite /media/films --sidecar srt,vtt  # Leave subtitles beside the films."),
    .exit_status = N_("1  # Something failed that did not fail before, or the index cannot be used."),
    .files = L4_INDEX_FILES,
    .entries = entries,
    .events = events,
    .run = run,
  };
  L4Command with_more = command;

  with_more.more[0] = l4_describe_entries ();
  return l4_command_main (&with_more, argc, argv);
}
