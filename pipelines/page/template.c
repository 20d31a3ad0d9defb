/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts that pages consist of. */

#include "page/template.h"

#include <string.h>

#include "page/escape.h"
#include "page/label.h"
#include "page/page-files.h"

#define PART_BEGIN "<!-- part: "
#define PART_END " -->\n"
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz_"

const char *
l4_page_file (const char *name, gsize *length)
{
  g_autofree char *path = g_strconcat ("/page/", name, NULL);
  g_autoptr (GBytes) bytes = g_resource_lookup_data (page_files_get_resource (), path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);

  if (bytes == NULL)
    g_error ("the program was built without %s", name);
  return g_bytes_get_data (bytes, length);      /* of the program itself, not of bytes */
}

/* Name to text of every part, read once. */
static GHashTable *
get_parts (void)
{
  static gsize once;
  static GHashTable *parts;

  if (g_once_init_enter (&once)) {
    gsize length;
    const char *file = l4_page_file ("page.html", &length);
    g_autofree char *text = g_strndup (file, length);
    g_auto (GStrv) pieces = g_strsplit (text, PART_BEGIN, -1);

    parts = g_hash_table_new (g_str_hash, g_str_equal);
    for (char **piece = pieces + 1; *piece != NULL; piece++) {
      const char *end = strstr (*piece, PART_END);

      g_hash_table_insert (parts, g_strndup (*piece, end - *piece), g_strdup (end + strlen (PART_END)));
    }
    g_once_init_leave (&once, 1);
  }
  return parts;
}

static const char *
find_value (const L4PageValue *values, const char *name, gsize length)
{
  for (; values != NULL && values->name != NULL; values++)
    if (strlen (values->name) == length && memcmp (values->name, name, length) == 0)
      return values->value;
  return NULL;
}

/* At a brace: adds what it stands for and returns what comes behind it; NULL: it stands for itself. */
static const char *
add_value (GString *page, const char *at, const L4PageValue *values)
{
  const char *name = at + 1, *way = name + strspn (name, NAME_CHARACTERS), *end = way, *value;
  gsize length = way - name;

  if (*way == ':') {
    way++;
    end = way + strspn (way, NAME_CHARACTERS);
  }
  if (length == 0 || *end != '}')
    return NULL;
  value = *name == '_' ? l4_page_label (name + 1, length - 1) : find_value (values, name, length);
  if (value == NULL)
    g_error ("nothing stands for {%.*s}", (int) (end - name), name);
  if (end == way)
    l4_page_add_html (page, value);
  else if (g_str_has_prefix (way, "json}"))
    l4_page_add_json (page, value);
  else if (g_str_has_prefix (way, "url}"))
    l4_page_add_url (page, value);
  else if (g_str_has_prefix (way, "part}"))
    g_string_append (page, value);
  else
    g_error ("there is no way to fill in {%.*s}", (int) (end - name), name);
  return end + 1;
}

void
l4_page_add_part (GString *page, const char *part, const L4PageValue *values)
{
  const char *at = g_hash_table_lookup (get_parts (), part);

  if (at == NULL)
    g_error ("page.html has no part %s", part);
  for (const char *brace; (brace = strchr (at, '{')) != NULL;) {
    const char *behind;

    g_string_append_len (page, at, brace - at);
    behind = add_value (page, brace, values);
    if (behind == NULL) {
      g_string_append_c (page, '{');
      behind = brace + 1;
    }
    at = behind;
  }
  g_string_append (page, at);
}

char *
l4_page_part (const char *part, const L4PageValue *values)
{
  GString *page = g_string_new (NULL);

  l4_page_add_part (page, part, values);
  return g_string_free (page, FALSE);
}
