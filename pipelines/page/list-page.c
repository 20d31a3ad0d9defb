/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of films, and the sentences of all for its search. */

#include "page/page-private.h"

#include "base/i18n.h"
#include "page/escape.h"

#define SHARD (1u << 20)        /* bytes of sentences in a file, about */

struct _L4PageList
{
  L4PageFolder *folder;
  GString *cards, *failed;
  GString *shard;               /* of the file begun */
  guint n_shards, n_films;
  guint64 n_windows, length;
};

L4PageList *
l4_page_list_new (L4PageFolder *folder)
{
  L4PageList *self = g_new0 (L4PageList, 1);

  self->folder = folder;
  self->cards = g_string_new (NULL);
  self->failed = g_string_new (NULL);
  self->shard = g_string_new (NULL);
  return self;
}

void
l4_page_list_free (L4PageList *self)
{
  g_string_free (self->cards, TRUE);
  g_string_free (self->failed, TRUE);
  g_string_free (self->shard, TRUE);
  g_free (self);
}

static gboolean
write_shard (L4PageList *self, GError **error)
{
  g_autofree char *name = g_strdup_printf ("data/%u.js", self->n_shards);

  if (self->shard->len == 0)
    return TRUE;
  g_string_append (self->shard, "]);\n");
  if (!l4_page_folder_write (self->folder, name, self->shard->str, self->shard->len, error))
    return FALSE;
  self->n_shards++;
  g_string_truncate (self->shard, 0);
  return TRUE;
}

/* [id, name, number of its first window here, [[start, text, 1: pictured]…]] */
static void
begin_piece (L4PageList *self, const L4PageFilm *film, guint first)
{
  g_autofree char *name = l4_page_name (film->video);

  g_string_append (self->shard, self->shard->len == 0 ? "llama4Report([\n" : ",\n");
  g_string_append_printf (self->shard, "[%" G_GINT64_FORMAT ",", film->video->id);
  l4_page_add_json (self->shard, name);
  g_string_append_printf (self->shard, ",%u,[", first);
}

static gboolean
add_data (L4PageList *self, const L4PageFilm *film, GError **error)
{
  begin_piece (self, film, 0);
  for (guint i = 0; i < film->windows->len; i++) {
    const L4IndexWindow *window = film->windows->pdata[i];
    g_autofree char *start = l4_page_seconds (window->start);

    if (self->shard->len > SHARD) {
      g_string_append (self->shard, "]]");
      if (!write_shard (self, error))
        return FALSE;
      begin_piece (self, film, i);
    } else if (i > 0) {
      g_string_append_c (self->shard, ',');
    }
    g_string_append_printf (self->shard, "[%s,", start);
    l4_page_add_json (self->shard, window->text);
    g_string_append (self->shard, window->thumbnail != NULL ? ",1]" : "]");
  }
  g_string_append (self->shard, "]]");
  return TRUE;
}

static void
add_card (L4PageList *self, const L4PageFilm *film)
{
  g_autofree char *name = l4_page_name (film->video), *folder = g_path_get_dirname (film->video->path);
  g_autofree char *length = l4_page_clock (l4_page_length (film)), *day = l4_page_day (film->video->mtime);
  g_autofree char *page = l4_page_title (film->video);
  g_autofree char *facts = g_strdup_printf (_("%s · sentences: %u"), day, film->windows->len);
  g_autofree char *picture = NULL;
  guint first;

  if (l4_page_first_picture (film, &first)) {
    g_autofree char *path = l4_page_picture (film, first);
    const L4IndexWindow *window = film->windows->pdata[first];

    picture = l4_page_part ("picture", (const L4PageValue[]) {{"picture", path}, {"sentence", window->text}, {NULL}});
  }
  l4_page_add_part (self->cards, "card", (const L4PageValue[]) {{"page", page}, {"picture", picture != NULL ? picture : ""},
          {"length", length}, {"name", name}, {"folder", folder}, {"facts", facts}, {NULL}});
}

gboolean
l4_page_list_add (L4PageList *self, const L4PageFilm *film, GError **error)
{
  self->n_films++;
  self->n_windows += film->windows->len;
  self->length += l4_page_length (film);
  add_card (self, film);
  return add_data (self, film, error);
}

void
l4_page_list_add_failed (L4PageList *self, const L4IndexVideo *video, const char *reason)
{
  l4_page_add_part (self->failed, "failed-film", (const L4PageValue[]) {{"name", video->path},
          {"reason", reason != NULL ? reason : _("not yet described")}, {NULL}});
}

gboolean
l4_page_list_finish (L4PageList *self, GError **error)
{
  g_autoptr (GString) page = g_string_new (NULL);
  g_autofree char *clock = l4_page_clock (self->length);
  g_autofree char *films = g_strdup_printf (_("Films: %u"), self->n_films), *length = g_strdup_printf (_("length: %s"), clock);
  g_autofree char *sentences = g_strdup_printf (_("sentences: %" PRIu64), self->n_windows);
  g_autofree char *tools = l4_page_part ("tools", NULL), *search = l4_page_search (_("Search all sentences"));
  g_autofree char *failed = NULL, *empty = NULL, *shards = NULL;

  if (!write_shard (self, error))
    return FALSE;
  shards = g_strdup_printf ("%u", self->n_shards);
  failed = self->failed->len == 0 ? g_strdup ("") : l4_page_part ("failed", (const L4PageValue[]) {{"films", self->failed->str}, {NULL}});
  empty = self->n_films > 0 ? g_strdup ("") : l4_page_part ("empty", NULL);
  l4_page_begin (page, _("Films"), "");
  l4_page_add_part (page, "list", (const L4PageValue[]) {{"shards", shards}, {"films", films}, {"length", length},
          {"sentences", sentences}, {"tools", tools}, {"search", search}, {NULL}});
  g_string_append_len (page, self->cards->str, self->cards->len);
  l4_page_add_part (page, "list-end", (const L4PageValue[]) {{"failed", failed}, {"empty", empty}, {NULL}});
  l4_page_end (page, FALSE);
  return l4_page_folder_write (self->folder, "index.html", page->str, page->len, error);
}
