/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The page of a film: player, time line, sentences, and what search engines read of it. */

#include "page/page-private.h"

#include "base/i18n.h"
#include "page/escape.h"

#define IN_A_PART 50            /* sentences that a browser lays out together, when they come into sight */
#define DESCRIPTION 3           /* sentences that stand for the whole */

typedef struct
{
  const L4PageFilm *film;
  const char *root;
  char *name, *file;            /* file: from the page */
  GString *page;
} Page;

static const L4IndexWindow *
get_window (const L4PageFilm *film, guint i)
{
  return film->windows->pdata[i];
}

static gboolean
write_pictures (L4PageFolder *folder, const L4PageFilm *film, GError **error)
{
  for (guint i = 0; i < film->windows->len; i++) {
    const L4IndexWindow *window = get_window (film, i);
    g_autofree char *name = l4_page_picture (film, i);

    if (window->thumbnail != NULL && !l4_page_folder_write (folder, name, g_bytes_get_data (window->thumbnail, NULL),
            g_bytes_get_size (window->thumbnail), error))
      return FALSE;
  }
  return TRUE;
}

static void
add_fact (GString *facts, const char *what, const char *value)
{
  l4_page_add_part (facts, "fact", (const L4PageValue[]) {{"what", what}, {"value", value}, {NULL}});
}

static void
add_model (GString *facts, const L4IndexRun *run)
{
  g_autofree char *model = NULL;

  if (run == NULL)
    return;
  model = g_str_equal (run->quantization, "none") ? g_strdup (run->model_name)
      : g_strdup_printf ("%s (%s)", run->model_name, run->quantization);
  add_fact (facts, _("Described by"), model);
}

static char *
make_facts (const Page *self)
{
  const L4IndexVideo *video = self->film->video;
  guint n = self->film->windows->len;
  GString *facts = g_string_new (NULL);
  g_autofree char *length = l4_page_clock (l4_page_length (self->film)), *day = l4_page_day (video->mtime);
  g_autofree char *sentences = g_strdup_printf ("%u", n), *size = g_strdup_printf ("%u × %u", video->width, video->height);

  add_fact (facts, _("Length"), length);
  add_fact (facts, _("Sentences"), sentences);
  if (self->film->partial && n > 0) {
    g_autofree char *clock = l4_page_clock (get_window (self->film, n - 1)->end);

    add_fact (facts, _("Described up to"), clock);
  }
  if (video->width > 0)
    add_fact (facts, _("Picture"), size);
  if (video->container != NULL && video->codec != NULL) {
    g_autofree char *format = g_strdup_printf ("%s, %s", video->container, video->codec);

    add_fact (facts, _("Format"), format);
  }
  add_model (facts, self->film->run);
  add_fact (facts, _("Date of the file"), day);
  l4_page_add_part (facts, "fact-file", (const L4PageValue[]) {{"film", self->file}, {"value", video->path}, {NULL}});
  return g_string_free (facts, FALSE);
}

static void
add_stage (Page *self, gboolean alone)
{
  g_autofree char *facts = make_facts (self), *search = l4_page_search (_("Search in this film"));
  g_autofree char *tools = l4_page_part ("tools", NULL), *seconds = l4_page_seconds (l4_page_length (self->film));
  g_autofree char *back = alone ? g_strdup ("") : l4_page_part ("back", (const L4PageValue[]) {{"root", self->root}, {NULL}});
  g_autofree char *poster = NULL, *pictures = NULL;
  guint first;

  if (l4_page_first_picture (self->film, &first)) {
    g_autofree char *name = l4_page_picture (self->film, first), *picture = g_strconcat (self->root, name, NULL);

    poster = l4_page_part ("poster", (const L4PageValue[]) {{"picture", picture}, {NULL}});
  }
  pictures = g_strdup_printf ("%spictures/%" G_GINT64_FORMAT "/", self->root, self->film->video->id);
  l4_page_add_part (self->page, "film", (const L4PageValue[]) {{"name", self->name}, {"back", back}, {"tools", tools},
          {"film", self->file}, {"poster", poster != NULL ? poster : ""}, {"seconds", seconds}, {"facts", facts},
          {"pictures", pictures}, {"search", search}, {NULL}});
}

static void
add_sentences (Page *self)
{
  g_autofree char *pictured = l4_page_part ("pictured", NULL);
  guint n = self->film->windows->len;

  for (guint i = 0; i < n; i++) {
    const L4IndexWindow *window = get_window (self->film, i);
    g_autofree char *start = l4_page_seconds (window->start), *end = l4_page_seconds (window->end);
    g_autofree char *clock = l4_page_clock (window->start), *number = g_strdup_printf ("%u", i + 1);

    if (i % IN_A_PART == 0)
      l4_page_add_part (self->page, "sentences", (const L4PageValue[]) {{"number", number}, {NULL}});
    l4_page_add_part (self->page, "sentence", (const L4PageValue[]) {{"start", start}, {"end", end}, {"clock", clock},
            {"text", window->text}, {"picture", window->thumbnail != NULL ? pictured : ""}, {NULL}});
    if (i % IN_A_PART == IN_A_PART - 1 || i == n - 1)
      l4_page_add_part (self->page, "sentences-end", NULL);
  }
}

/* The first sentences that say something new. (transfer full) */
static char *
describe (const L4PageFilm *film)
{
  GString *text = g_string_new (NULL);
  const char *last = NULL;

  for (guint i = 0, n = 0; i < film->windows->len && n < DESCRIPTION; i++) {
    const L4IndexWindow *window = get_window (film, i);

    if (g_strcmp0 (last, window->text) == 0)
      continue;
    g_string_append_printf (text, "%s%s", n > 0 ? " " : "", window->text);
    last = window->text;
    n++;
  }
  return g_string_free (text, FALSE);
}

static void
begin_data (Page *self)
{
  const L4PageFilm *film = self->film;
  g_autofree char *description = describe (film), *date = l4_page_day (film->video->mtime);
  g_autofree char *seconds = l4_page_seconds (l4_page_length (film)), *duration = g_strdup_printf ("PT%sS", seconds);
  g_autofree char *thumbnail = NULL;
  g_autoptr (GString) file = g_string_new (NULL);
  guint first;

  l4_page_add_url (file, self->file);
  if (l4_page_first_picture (film, &first)) {
    g_autofree char *name = l4_page_picture (film, first), *picture = g_strconcat (self->root, name, NULL);

    thumbnail = l4_page_part ("thumbnail", (const L4PageValue[]) {{"picture", picture}, {NULL}});
  }
  l4_page_add_part (self->page, "film-data", (const L4PageValue[]) {{"name", self->name}, {"description", description},
          {"film", file->str}, {"thumbnail", thumbnail != NULL ? thumbnail : ""}, {"date", date}, {"duration", duration}, {NULL}});
}

static void
add_data (Page *self)
{
  begin_data (self);
  for (guint i = 0; i < self->film->windows->len; i++) {
    const L4IndexWindow *window = get_window (self->film, i);
    g_autofree char *start = l4_page_seconds (window->start), *end = l4_page_seconds (window->end);
    g_autofree char *link = g_strconcat ("#t=", start, NULL);

    if (i > 0)
      g_string_append_c (self->page, ',');
    l4_page_add_part (self->page, "clip", (const L4PageValue[]) {{"text", window->text}, {"start", start}, {"end", end},
            {"link", link}, {NULL}});
  }
  l4_page_add_part (self->page, "film-data-end", NULL);
}

char *
l4_page_title (const L4IndexVideo *video)
{
  return g_strdup_printf ("film/%" G_GINT64_FORMAT ".html", video->id);
}

gboolean
l4_page_write_film (L4PageFolder *folder, const L4PageFilm *film, gboolean alone, GError **error)
{
  const char *root = alone ? "" : "../";
  g_autofree char *name = l4_page_name (film->video), *file = g_strconcat (root, film->file, NULL);
  g_autofree char *title = alone ? g_strdup ("index.html") : l4_page_title (film->video);
  g_autoptr (GString) text = g_string_new (NULL);
  Page page = { film, root, name, file, text };

  l4_page_begin (text, name, root);
  add_stage (&page, alone);
  add_sentences (&page);
  l4_page_add_part (text, "film-end", NULL);
  add_data (&page);
  l4_page_end (text, TRUE);
  return write_pictures (folder, film, error) && l4_page_folder_write (folder, title, text->str, text->len, error);
}
