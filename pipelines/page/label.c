/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What pages say by themselves, in the user's language. */

#include "page/label.h"

#include <string.h>

#include "base/i18n.h"
#include "page/escape.h"
#include "page/template.h"

static const struct
{
  const char *name, *text;
} labels[] = {
  /* Translators: the code of your language, as it stands in a page's "lang" */
  {"lang", N_("en")},
  {"films", N_("Films")},
  {"film", N_("Film")},
  {"all_films", N_("All films")},
  {"no_films", N_("No film of the index has been described yet.")},
  {"failed", N_("Not described")},
  {"file", N_("File")},
  {"sentences", N_("What happens in it")},
  {"position", N_("Position in the film")},
  {"time_line", N_("Time line")},
  {"hits", N_("Hits")},
  {"previous_hit", N_("Previous hit")},
  {"next_hit", N_("Next hit")},
  {"keys", N_("Keyboard")},
  {"close", N_("Close")},
  {"other_theme", N_("Dark or light")},
  {"skip_to_films", N_("Skip to the films")},
  {"skip_to_sentences", N_("Skip to the sentences")},
  {"search_help", N_("Every word must occur, also as the beginning of a longer one; \"words in quotes\" stand together; -word must not occur.")},
  /* What the script says; %1 and so on are filled in there. */
  {"loading", N_("Searching …")},
  {"nothing", N_("Nothing found.")},
  {"found", N_("Hits: %1 of %2 sentences")},
  {"hit", N_("Hit %1 of %2")},
  {"all", N_("Sentences: %1")},
  {"found_in_films", N_("Hits: %1 · films: %2")},
  {"more", N_("All %1 hits of this film")},
  {"more_films", N_("Further films: %1")},
  {"no_player", N_("This browser cannot play the film's file, or it is not where it was. The pictures are shown instead.")},
  {"captions", N_("Descriptions")},
  /* The page of cameras that are watched. */
  {"cameras", N_("Cameras")},
  {"alerts", N_("Alerts")},
  {"skip_to_alerts", N_("Skip to the alerts")},
  {"no_alerts", N_("Nothing has been raised yet.")},
  {"no_picture", N_("No picture")},
  {"large", N_("Large, or as before")},
  {"connecting", N_("Connecting …")},
  {"connected", N_("Live")},
  {"broken", N_("The connection is broken; trying again …")},
  {"begins", N_("begins")},
  {"ends", N_("ends")},
  /* Translators: before a text that sums up what was said of a camera */
  {"summary", N_("Summary:")},
  {"token", N_("Token")},
  {"open", N_("Open")},
  {"wrong_token", N_("This is not the token.")},
};

const char *
l4_page_label (const char *name, gsize length)
{
  for (guint i = 0; i < G_N_ELEMENTS (labels); i++)
    if (strlen (labels[i].name) == length && memcmp (labels[i].name, name, length) == 0)
      return _(labels[i].text);
  return NULL;
}

char *
l4_page_labels_to_json (void)
{
  GString *json = g_string_new ("{");

  for (guint i = 0; i < G_N_ELEMENTS (labels); i++) {
    if (i > 0)
      g_string_append_c (json, ',');
    l4_page_add_json (json, labels[i].name);
    g_string_append_c (json, ':');
    l4_page_add_json (json, _(labels[i].text));
  }
  return g_string_free (g_string_append_c (json, '}'), FALSE);
}

static const struct
{
  const char *keys, *what;
  guint kinds;                  /* L4PageKind of the pages where it does so */
} keys[] = {
  {"/", N_("search"), L4_PAGE_LIST | L4_PAGE_FILM},
  {"Esc", N_("clear the search, leave it"), L4_PAGE_LIST | L4_PAGE_FILM},
  {"Enter", N_("open the film or the hit"), L4_PAGE_LIST},
  {"Enter", N_("in the search: next hit, with Shift the one before"), L4_PAGE_FILM},
  {"↓ ↑", N_("next or previous film or hit"), L4_PAGE_LIST},
  {"↓ ↑", N_("next or previous sentence, without going there"), L4_PAGE_FILM},
  {"j k", N_("next or previous film or hit"), L4_PAGE_LIST},
  {"j k", N_("go to the next or previous sentence"), L4_PAGE_FILM},
  {"n p", N_("go to the next or previous hit"), L4_PAGE_FILM},
  {"← →", N_("five seconds back or on"), L4_PAGE_FILM},
  {"Space", N_("play or pause"), L4_PAGE_FILM},
  {"c", N_("captions on or off"), L4_PAGE_FILM},
  {"f", N_("whole screen"), L4_PAGE_FILM},
  {"j k", N_("next or previous camera"), L4_PAGE_LIVE},
  {"Enter", N_("the camera large, or as before"), L4_PAGE_LIVE},
  {"Esc", N_("all cameras"), L4_PAGE_LIVE},
  {"a", N_("to the alerts"), L4_PAGE_LIVE},
  {"t", N_("dark or light"), L4_PAGE_LIST | L4_PAGE_FILM | L4_PAGE_LIVE},
  {"b", N_("back to all films"), L4_PAGE_FILM},
  {"?", N_("this list"), L4_PAGE_LIST | L4_PAGE_FILM | L4_PAGE_LIVE},
};

char *
l4_page_keys (L4PageKind kind)
{
  GString *list = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    if ((keys[i].kinds & kind) != 0)
      l4_page_add_part (list, "key", (const L4PageValue[]) {{"keys", keys[i].keys}, {"what", _(keys[i].what)}, {NULL}});
  return g_string_free (list, FALSE);
}
