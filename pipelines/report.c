/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* llama4 report: pages of an index, or of one film, that open from the disk. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <yyjson.h>

#include "base/error.h"
#include "command/command.h"
#include "index/index.h"
#include "index/named.h"
#include "index/password.h"
#include "page/page.h"
#include "run/json.h"
#include "run/progress.h"
#include "run/signals.h"
#include "scan/scan.h"

static struct
{
  char *output;
  gboolean copy, force, json;
} options;

static const GOptionEntry entries[] = {
  {"output", 'o', 0, G_OPTION_ARG_FILENAME, &options.output, N_("Folder of the pages"), "FOLDER"},
  {"copy", 0, 0, G_OPTION_ARG_NONE, &options.copy, N_("Copy the films into the folder too, to take it elsewhere"), NULL},
  {"force", 0, 0, G_OPTION_ARG_NONE, &options.force, N_("Make the pages among the files of a folder that no report made"), NULL},
  {"json", 0, 0, G_OPTION_ARG_NONE, &options.json, N_("Print events as JSON, one a line, for other programs"), NULL},
  {NULL}
};

/* What one report is made with. */
typedef struct
{
  L4Index *index;
  GPtrArray *runs;              /* of L4IndexRun, oldest first */
  L4PageFolder *folder;
  L4PageList *list;             /* NULL: of one film */
  GCancellable *cancellable;
  L4Progress *progress;
  guint n_films, n_left_out;    /* with a page; of which nothing was said */
  guint n_windows, n_no_pictures;
} Report;

/* From a folder, absolute, to a file: how many folders up, and down from there; as it is named if that is not absolute. (transfer full) */
static char *
relative_path (const char *folder, const char *file)
{
  GString *path = g_string_new (NULL);
  const char *same = folder, *at = folder;

  if (*file != '/')
    return g_string_free (g_string_append (path, file), FALSE);
  while (*at != '\0' && *at == file[at - folder]) {
    at++;
    if ((*at == '/' || *at == '\0') && file[at - folder] == '/')
      same = at;
  }
  for (at = same; *at != '\0'; at++)
    if (*at == '/' && at[1] != '\0')
      g_string_append (path, "../");
  return g_string_free (g_string_append (path, file + (same - folder) + 1), FALSE);
}

/* What the copy of a film is called: its kind stays, as browsers go by it. (transfer full) */
static char *
name_copy (const L4IndexVideo *video)
{
  const char *dot = strrchr (video->path, '.');
  gsize length = dot != NULL ? strlen (dot + 1) : 0;

  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (dot[1 + i]))
      length = 0;
  return g_strdup_printf ("films/%" G_GINT64_FORMAT ".%s", video->id, length >= 1 && length <= 8 ? dot + 1 : "film");
}

/* An index that came from elsewhere may name any file, and a copy is there to be given away: what is not named as films are stays where it
 * is. */
static gboolean
may_copy (const Report *self, const L4IndexVideo *video)
{
  if (!options.copy || !g_file_test (video->path, G_FILE_TEST_IS_REGULAR))
    return FALSE;
  if (l4_scan_is_film_name (video->path))
    return TRUE;
  l4_progress_say (self->progress, _("%s: is not copied, as its name does not end like a film's"), video->path);
  return FALSE;
}

/* Where pages find the film. One that is gone has a page nevertheless. (transfer full) */
static char *
place_film (Report *self, const L4IndexVideo *video, GError **error)
{
  g_autofree char *copy = NULL;

  if (!may_copy (self, video))
    return relative_path (l4_page_folder_get_path (self->folder), video->path);
  copy = name_copy (video);
  return l4_page_folder_copy (self->folder, copy, video->path, self->cancellable, error) ? g_steal_pointer (&copy) : NULL;
}

static const L4IndexRun *
find_run (const Report *self, gint64 id)
{
  for (guint i = 0; i < self->runs->len; i++)
    if (((const L4IndexRun *) self->runs->pdata[i])->id == id)
      return self->runs->pdata[i];
  return NULL;
}

/* Why nothing was said of it, by the newest run that met it. (transfer full) */
static gboolean
find_reason (Report *self, const L4IndexVideo *video, char **reason, GError **error)
{
  *reason = NULL;
  for (guint i = self->runs->len; i-- > 0 && *reason == NULL;) {
    g_auto (L4IndexProgress) progress = { 0 };

    if (!l4_index_get_progress (self->index, video->id, ((const L4IndexRun *) self->runs->pdata[i])->id, &progress, error))
      return FALSE;
    *reason = g_steal_pointer (&progress.reason);
  }
  return TRUE;
}

static gboolean
add_failed (Report *self, const L4IndexVideo *video, GError **error)
{
  g_autofree char *reason = NULL;

  if (!find_reason (self, video, &reason, error))
    return FALSE;
  if (self->list == NULL)
    return l4_fail (error, L4_ERROR_NOT_FOUND, "%s: %s", video->path, reason != NULL ? reason : _("nothing has been said of it yet"));
  self->n_left_out++;
  l4_page_list_add_failed (self->list, video, reason);
  return TRUE;
}

static void
tell_page (Report *self, const L4PageFilm *film)
{
  g_autofree char *page = self->list == NULL ? g_strdup ("index.html") : l4_page_title (film->video);

  self->n_films++;
  self->n_windows += film->windows->len;
  if (options.json) {
    yyjson_mut_doc *doc;
    yyjson_mut_val *event = l4_json_begin (&doc, "page");

    l4_json_add_file (doc, event, film->video->path);
    yyjson_mut_obj_add_str (doc, event, "page", page);
    yyjson_mut_obj_add_uint (doc, event, "windows", film->windows->len);
    l4_json_end (doc);
  }
}

static gboolean
add_film (Report *self, const L4IndexVideo *video, GError **error)
{
  g_autoptr (GPtrArray) windows = l4_index_list_windows (self->index, video->id, 0, TRUE, error);
  g_auto (L4IndexProgress) progress = { 0 };
  g_autofree char *file = NULL;
  L4PageFilm film = { video, windows };
  gint64 run;

  if (windows == NULL)
    return FALSE;
  if (windows->len == 0)
    return add_failed (self, video, error);
  self->n_no_pictures += l4_page_check_pictures (windows);
  run = ((const L4IndexWindow *) windows->pdata[0])->run;
  if (!l4_index_get_progress (self->index, video->id, run, &progress, error))
    return FALSE;
  film.partial = progress.state != L4_INDEX_DONE;
  film.run = find_run (self, run);
  film.file = file = place_film (self, video, error);
  if (file == NULL || !l4_page_write_film (self->folder, &film, self->list == NULL, error)
      || (self->list != NULL && !l4_page_list_add (self->list, &film, error)))
    return FALSE;
  tell_page (self, &film);
  return TRUE;
}

static gboolean
add_all (Report *self, GError **error)
{
  g_autoptr (GPtrArray) videos = l4_index_list_videos (self->index, error);
  g_autoptr (L4PageList) list = l4_page_list_new (self->folder);

  if (videos == NULL)
    return FALSE;
  self->list = list;
  for (guint i = 0; i < videos->len; i++) {
    if (g_cancellable_is_cancelled (self->cancellable))
      return l4_fail (error, L4_ERROR_CANCELLED, _("%s: was not made"), l4_page_folder_get_path (self->folder));
    /* Where another film lies now, nothing of it can be shown; searching leaves it out as well. */
    if (((const L4IndexVideo *) videos->pdata[i])->path != NULL && !add_film (self, videos->pdata[i], error))
      return FALSE;
    l4_progress_count (self->progress, i + 1, videos->len);
  }
  return l4_page_list_finish (list, error);
}

/* Where the pages are now. */
static gboolean
tell_result (Report *self, GError **error)
{
  static const char *const names[] = { "films", "left_out", "windows" };
  g_autofree char *page = g_build_filename (l4_page_folder_get_path (self->folder), "index.html", NULL);
  g_autofree char *address = g_filename_to_uri (page, NULL, error);

  if (address == NULL)
    return FALSE;
  if (self->n_no_pictures > 0)
    l4_progress_say (self->progress, _("pictures of the index that are none, and were left out: %u"), self->n_no_pictures);
  if (!options.json)
    puts (address);
  l4_progress_written (self->progress, page);
  l4_progress_finish (self->progress, names, (const guint[]) { self->n_films, self->n_left_out, self->n_windows }, G_N_ELEMENTS (names));
  return TRUE;
}

static gboolean
make_report (const char *where, const char *name, GError **error)
{
  g_autoptr (L4Index) index = l4_index_open (where, L4_INDEX_READ, error);
  g_autoptr (L4IndexVideo) video = NULL;
  g_autoptr (GPtrArray) runs = NULL;
  g_autoptr (L4PageFolder) folder = NULL;
  g_autoptr (L4Progress) progress = l4_progress_new (options.json ? L4_PROGRESS_JSON : L4_PROGRESS_PEOPLE);
  Report report = {.index = index,.progress = progress };

  if (index == NULL || (name != NULL && (video = l4_index_find_named (index, name, error)) == NULL)
      || (runs = l4_index_list_runs (index, error)) == NULL)
    return FALSE;
  report.runs = runs;
  report.cancellable = l4_signals_begin ();
  report.folder = folder = l4_page_folder_new (options.output, options.force, error);
  return folder != NULL && l4_page_write_shared (folder, error)
      && (name != NULL ? add_film (&report, video, error) : add_all (&report, error)) && l4_page_folder_publish (folder, error)
      && tell_result (&report, error);
}

static gboolean
run (char **arguments, GError **error)
{
  guint n = g_strv_length (arguments);
  gboolean made;

  if (n < 1)
    return l4_fail (error, L4_ERROR_INPUT, _("an index is needed"));
  if (n > 2)
    return l4_fail (error, L4_ERROR_INPUT, _("%s: more than an index and a video"), arguments[2]);
  if (options.output == NULL)
    return l4_fail (error, L4_ERROR_INPUT, _("-o FOLDER is needed, where the pages shall be"));
  made = make_report (arguments[0], arguments[1], error);
  l4_signals_end ();
  return made;
}

static const char *const events[] = {
  L4_EVENTS_ALL,
  N_("page  # The page of a film is made (file, of the film; page, in the folder; windows)."),
  N_("count  # So many films have been looked at (done), of so many (all)."),
  N_("written  # The folder with all pages is there (file, its first page)."),
  N_("summary  # The end of all (films, with a page; left_out, of which nothing was said; windows)."),
  NULL
};

int
main (int argc, char **argv)
{
  static const L4Command command = {
    .name = "report",
    .usage = N_("INDEX [VIDEO] -o FOLDER"),
    .description = N_("Makes pages that open in a browser from the disk, without a server or network: a list of the films with a search "
        "over all that was said of them, and for each film a page with the player, captions, a time line of pictures and its "
        "sentences. With VIDEO, the path of a film or a part of it, it is that film's page alone.\n\n"
        "Films stay where they are; the pages refer to them by the way from FOLDER. FOLDER appears when it is complete. What an earlier "
        "report made in it is replaced; files of others are kept."),
    .examples = N_("llama4 report archive.index -o pages  # all films\n" "llama4 report archive.index holiday.mp4 -o holiday --copy  # one, to give away"),
    .files = L4_INDEX_FILES,
    .entries = entries,
    .events = events,
    .run = run,
  };

  return l4_command_main (&command, argc, argv);
}
