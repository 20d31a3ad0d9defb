/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* llama4 search: finds scenes by what an index says of them. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <yyjson.h>

#include "base/error.h"
#include "command/command.h"
#include "find/filter.h"
#include "find/player.h"
#include "index/index.h"
#include "index/password.h"
#include "run/json.h"
#include "run/progress.h"
#include "scan/scan.h"

#define MAX_LIMIT 10000

static struct
{
  int limit, play;
  gboolean json;
} options = {.limit = 20 };

static const GOptionEntry entries[] = {
  {"limit", 0, 0, G_OPTION_ARG_INT, &options.limit, N_("Most scenes that are shown (20)"), "N"},
  {"json", 0, 0, G_OPTION_ARG_NONE, &options.json, N_("A JSON object a line for every scene"), NULL},
  {"play", 0, 0, G_OPTION_ARG_INT, &options.play, N_("Show the scene with that number in a player"), "N"},
  {NULL}
};

/* Showing ----------------------------------------------------------------------------------------------------------------------- */

static gboolean
can_be_bold (void)
{
  const char *terminal = g_getenv ("TERM"), *no_colour = g_getenv ("NO_COLOR");

  return isatty (STDOUT_FILENO) && terminal != NULL && strcmp (terminal, "dumb") != 0 && (no_colour == NULL || *no_colour == '\0');
}

/* Marks are U+E000 and U+E001, three bytes each. What is between them is one safe line already; so is what comes out. */
static char *
show_marks (const char *marked, const char *begin, const char *end)
{
  GString *shown = g_string_new (NULL);

  for (const char *at = marked; *at != '\0'; at = g_utf8_next_char (at)) {
    gunichar character = g_utf8_get_char (at);

    if (character == 0xe000 || character == 0xe001)
      g_string_append (shown, character == 0xe000 ? begin : end);
    else
      g_string_append_unichar (shown, character);
  }
  return g_string_free (shown, FALSE);
}

static void
print_hit (const L4IndexHit *hit, guint number, gboolean bold)
{
  g_autofree char *path = l4_text_to_line (hit->video->path, -1);
  g_autofree char *start = l4_progress_time (l4_index_video_clock (hit->video, hit->window->start));
  g_autofree char *end = l4_progress_time (l4_index_video_clock (hit->video, hit->window->end));
  g_autofree char *text = show_marks (hit->marked, bold ? "\033[1m" : "«", bold ? "\033[0m" : "»");

  printf ("%3u  %s  %s – %s\n     %s\n", number, path, start, end, text);
}

/* JSON -------------------------------------------------------------------------------------------------------------------------- */

/* Where in the text hits stand, in characters. */
static void
add_marks (yyjson_mut_doc *doc, yyjson_mut_val *root, const char *marked)
{
  yyjson_mut_val *all = yyjson_mut_obj_add_arr (doc, root, "marks"), *mark = NULL;
  guint64 n = 0;

  for (const char *at = marked; *at != '\0'; at = g_utf8_next_char (at)) {
    gunichar character = g_utf8_get_char (at);

    if (character == 0xe000) {
      mark = yyjson_mut_arr_add_arr (doc, all);
      yyjson_mut_arr_add_uint (doc, mark, n);
    } else if (character == 0xe001 && mark != NULL) {
      yyjson_mut_arr_add_uint (doc, mark, n);
      mark = NULL;
    } else {
      n++;
    }
  }
}

static void
print_json (const L4IndexHit *hit, guint number)
{
  yyjson_mut_doc *doc;
  yyjson_mut_val *root = l4_json_begin (&doc, NULL);

  yyjson_mut_obj_add_uint (doc, root, "number", number);
  l4_json_add_file (doc, root, hit->video->path);
  yyjson_mut_obj_add_uint (doc, root, "start", hit->window->start);
  yyjson_mut_obj_add_uint (doc, root, "end", hit->window->end);
  yyjson_mut_obj_add_str (doc, root, "text", hit->window->text);
  add_marks (doc, root, hit->marked);
  yyjson_mut_obj_add_real (doc, root, "score", hit->score);
  l4_json_end (doc);
}

/* The way there ----------------------------------------------------------------------------------------------------------------- */

/* An index may come from anywhere and name any file: none but films are opened, least of all programs and devices. */
static gboolean
check_film (const char *path, GError **error)
{
  if (!l4_scan_is_film_name (path))
    return l4_fail (error, L4_ERROR_INPUT, _("%s: is not shown, as its name does not end like a film's"), path);
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return l4_fail (error, L4_ERROR_NOT_FOUND, _("%s: is not there any more"), path);
  return g_file_test (path, G_FILE_TEST_IS_REGULAR)
      || l4_fail (error, L4_ERROR_INPUT, _("%s: is not shown, as it is no ordinary file"), path);
}

static gboolean
play (const GPtrArray *hits, GError **error)
{
  const L4IndexHit *hit;
  g_auto (GStrv) command = NULL;

  if (options.play > hits->len)
    return l4_fail (error, L4_ERROR_INPUT, _("--play %d: there are only %u scenes"), options.play, hits->len);
  hit = hits->pdata[options.play - 1];
  if (!check_film (hit->video->path, error))
    return FALSE;
  command = l4_player_get_command (g_getenv ("LLAMA4_PLAYER"), hit->video->path, hit->window->start, error);
  if (command == NULL)
    return FALSE;
  print_hit (hit, options.play, can_be_bold ());
  return l4_player_become (command, error);
}

static void
print_all (const GPtrArray *hits)
{
  gboolean bold = can_be_bold ();

  for (guint i = 0; i < hits->len; i++)
    if (options.json)
      print_json (hits->pdata[i], i + 1);
    else
      print_hit (hits->pdata[i], i + 1, bold);
}

/* With the nearest words that hit something when these do not; says so. (transfer full) */
static GPtrArray *
search (L4Index *index, L4IndexQuery *query, GError **error)
{
  g_autofree char *nearest = NULL;
  g_autoptr (GPtrArray) hits = l4_index_search (index, query, &nearest, error);

  if (hits != NULL && hits->len == 0 && nearest != NULL) {
    g_autofree char *words = l4_text_to_line (query->words, -1), *instead = l4_text_to_line (nearest, -1);

    query->words = nearest;
    g_ptr_array_unref (hits);
    hits = l4_index_search (index, query, NULL, error);
    if (hits != NULL && hits->len > 0)
      fprintf (stderr, _("Nothing says %s; searched for %s instead.\n"), words, instead);
    query->words = NULL;
  }
  return g_steal_pointer (&hits);
}

static gboolean
find (const char *where, const char *words, GError **error)
{
  L4IndexQuery query = {.words = words,.limit = MAX (options.limit, options.play) };
  g_autoptr (L4Index) index = NULL;
  g_autoptr (GPtrArray) hits = NULL;

  if (!l4_filter_read (&query.file, &query.since, &query.until, error) || (index = l4_index_open (where, L4_INDEX_READ, error)) == NULL
      || (hits = search (index, &query, error)) == NULL)
    return FALSE;
  if (hits->len == 0)
    return l4_fail (error, L4_ERROR_NOT_FOUND, _("nothing found for %s"), words);
  if (options.play > 0)
    return play (hits, error);
  print_all (hits);
  return TRUE;
}

static gboolean
run (char **arguments, GError **error)
{
  g_autofree char *words = NULL;

  if (arguments[0] == NULL || arguments[1] == NULL)
    return l4_fail (error, L4_ERROR_INPUT, _("an index and words to search for are needed"));
  if (options.limit < 1 || options.limit > MAX_LIMIT)
    return l4_fail (error, L4_ERROR_INPUT, _("--limit %d: is not within 1 and %d"), options.limit, MAX_LIMIT);
  if (options.play < 0 || options.play > MAX_LIMIT)
    return l4_fail (error, L4_ERROR_INPUT, _("--play %d: is not within 1 and %d"), options.play, MAX_LIMIT);
  words = g_strjoinv (" ", arguments + 1);
  return find (arguments[0], words, error);
}

static const L4Command command = {
  .name = "search",
  .usage = N_("INDEX WORDS…"),
  .description = N_("Finds scenes by what `llama4 archive` has written about them in an index, a SQLite file or postgresql://…: those whose "
      "sentence has all the words, in any of their forms. Of a film that was described several times the newest whole description counts.\n\n"
      "\"Words in quotation marks\" must follow each other; the shell takes marks away that stand outside of others. beg* stands for all "
      "words that begin so. OR stands between words, or groups of them, of which one will do. A word or phrase with - before it must not "
      "be there. A word that nothing says is replaced by the nearest one that something says.\n\n"
      "The best scenes come first: those that say the words most often and little else. Of words that very many scenes have, the newest "
      "500 are ranked, then the next 500, and so on.\n\n"
      "--play shows only what is named as films are: an index that came from elsewhere may name any file.\n\n"
      "With --json a line has number, file (and file_base64, its bytes, when it is not UTF-8), start and end in nanoseconds, text, marks (the "
      "hits in text, as pairs of positions in characters) and score."),
  .examples = N_("llama4 search archive.index red circle  # both words\n"
      "llama4 search archive.index '\"red circle\" OR ball' -night  # a phrase or another word, and one that must not be there\n"
      "llama4 search archive.index 'mov*' --file '*.mkv' --since 2w  # in files of the last two weeks\n"
      "llama4 search archive.index red circle --play 2  # the second scene in a player"),
  .exit_status = N_("1  # Nothing was found, or the search could not be carried out."),
  .environment = N_("LLAMA4_PLAYER  # The player's command line; {file}, {start} (1:02:03.500) and {seconds} are filled in. Without it mpv, vlc, "
      "ffplay or xdg-open is taken, whichever is there.\n"
      "NO_COLOR  # Hits are «marked» instead of bold on terminals, too."),
  .files = L4_INDEX_FILES,
  .entries = entries,
};

/* Whether the argument is the value of the option before it, one of these. */
static gboolean
is_value (const GOptionEntry *group, const char *before)
{
  for (const GOptionEntry *entry = group; entry->long_name != NULL; entry++)
    if (entry->arg != G_OPTION_ARG_NONE && g_str_has_prefix (before, "--") && strcmp (before + 2, entry->long_name) == 0)
      return TRUE;
  return FALSE;
}

/* Behind the index, words with one - before them are no options: of those only -h has one. A blank keeps the parser from such words. */
int
main (int argc, char **argv)
{
  L4Command with_filter = command;
  gboolean has_index = FALSE;

  for (int i = 1; i < argc && strcmp (argv[i], "--") != 0; i++) {
    if (is_value (entries, argv[i - 1]) || is_value (l4_filter_entries (), argv[i - 1]))
      continue;
    if (has_index && argv[i][0] == '-' && argv[i][1] != '-' && argv[i][1] != '\0' && strcmp (argv[i], "-h") != 0) {
      g_autofree char *word = g_strconcat (" ", argv[i], NULL);

      argv[i] = (char *) g_intern_string (word);
    }
    has_index |= argv[i][0] != '-';
  }
  with_filter.more[0] = l4_filter_entries ();
  with_filter.run = run;
  return l4_command_main (&with_filter, argc, argv);
}
