/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all pages have: beginning and end, the files beside them, how they write figures. */

#include "page/page-private.h"

#include "base/i18n.h"
#include "config.h"
#include "page/jpeg.h"
#include "page/label.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)

/* Nothing but what the report itself holds may be loaded, and only the script that stands in the page may run, with what it loads. Pages
 * are read from the disk too, where not every browser takes 'self' for the file's own kind. */
static char *
make_policy (const char *start)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 digest[32];
  gsize length = sizeof digest;
  g_autofree char *hash = NULL;

  g_checksum_update (checksum, (const guchar *) start, strlen (start));
  g_checksum_get_digest (checksum, digest, &length);
  hash = g_base64_encode (digest, length);
  return g_strdup_printf ("default-src 'none'; script-src 'sha256-%s' 'strict-dynamic'; style-src 'self' file:; img-src 'self' file:; "
      "media-src 'self' file:; base-uri 'none'; form-action 'none'", hash);
}

void
l4_page_begin (GString *page, const char *title, const char *root)
{
  g_autofree char *start = l4_page_part ("start", NULL), *policy = make_policy (start);

  l4_page_add_part (page, "begin", (const L4PageValue[]) {{"title", title}, {"root", root}, {"policy", policy}, {"start", start},
          {"generator", "llama4describe " L4_VERSION}, {NULL}});
}

void
l4_page_end (GString *page, gboolean film)
{
  g_autofree char *keys = l4_page_keys (film ? L4_PAGE_FILM : L4_PAGE_LIST), *labels = l4_page_labels_to_json ();
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *day = g_date_time_format (now, "%Y-%m-%d"), *made = g_strdup_printf (_("Made on %s by llama4describe %s."), day, L4_VERSION);

  l4_page_add_part (page, "end", (const L4PageValue[]) {{"made", made}, {"keys", keys}, {"labels", labels}, {NULL}});
}

char *
l4_page_search (const char *label)
{
  return l4_page_part ("search", (const L4PageValue[]) {{"label", label}, {NULL}});
}

char *
l4_page_clock (guint64 time)
{
  guint64 seconds = time / SECOND;

  if (seconds < 3600)
    return g_strdup_printf ("%u:%02u", (guint) (seconds / 60), (guint) (seconds % 60));
  return g_strdup_printf ("%" G_GUINT64_FORMAT ":%02u:%02u", seconds / 3600, (guint) (seconds / 60 % 60), (guint) (seconds % 60));
}

char *
l4_page_seconds (guint64 time)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  return g_strdup (g_ascii_formatd (text, sizeof text, "%.15g", (double) (time / 1000000) / 1000));
}

char *
l4_page_day (gint64 mtime)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (mtime / (gint64) SECOND);

  return time != NULL ? g_date_time_format (time, "%Y-%m-%d") : g_strdup ("");
}

char *
l4_page_picture (const L4PageFilm *film, guint number)
{
  return g_strdup_printf ("pictures/%" G_GINT64_FORMAT "/%u.jpg", film->video->id, number);
}

guint
l4_page_check_pictures (GPtrArray *windows)
{
  guint n = 0;

  for (guint i = 0; i < windows->len; i++) {
    L4IndexWindow *window = windows->pdata[i];
    gsize length = 0;
    const void *bytes = window->thumbnail != NULL ? g_bytes_get_data (window->thumbnail, &length) : NULL;

    if (window->thumbnail == NULL || (bytes != NULL && l4_page_is_jpeg (bytes, length)))
      continue;
    g_clear_pointer (&window->thumbnail, g_bytes_unref);
    n++;
  }
  return n;
}

gboolean
l4_page_first_picture (const L4PageFilm *film, guint *number)
{
  for (*number = 0; *number < film->windows->len; (*number)++)
    if (((const L4IndexWindow *) film->windows->pdata[*number])->thumbnail != NULL)
      return TRUE;
  return FALSE;
}

char *
l4_page_name (const L4IndexVideo *video)
{
  return g_path_get_basename (video->path);
}

guint64
l4_page_length (const L4PageFilm *film)
{
  const L4IndexWindow *last = film->windows->len > 0 ? film->windows->pdata[film->windows->len - 1] : NULL;

  return MAX (film->video->duration, last != NULL ? last->end : 0);
}

/* One script of its parts, whose names nobody outside it sees. */
static gboolean
write_script (L4PageFolder *folder, GError **error)
{
  static const char *const parts[] = { "common.js", "list.js", "film.js", "start.js" };
  g_autoptr (GString) script = g_string_new ("(() => {\n'use strict';\n");

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
    gsize length;
    const char *text = l4_page_file (parts[i], &length);

    g_string_append_len (script, text, length);
  }
  g_string_append (script, "})();\n");
  return l4_page_folder_write (folder, "script.js", script->str, script->len, error);
}

gboolean
l4_page_write_shared (L4PageFolder *folder, GError **error)
{
  gsize length;
  const char *style = l4_page_file ("style.css", &length);

  return l4_page_folder_write (folder, "style.css", style, length, error) && write_script (folder, error);
}
