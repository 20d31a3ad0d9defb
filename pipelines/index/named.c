/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A film of the index as a user names it. */

#include "index/named.h"

#include <string.h>

#include "base/error.h"

#define NAMED 3                 /* of several films, in the message */

/* How well a name fits a path; 0: not at all, as no name fits a film whose place another has taken. */
static guint
fit (const char *path, const char *name)
{
  const char *slash = path != NULL ? strrchr (path, '/') : NULL, *file = slash != NULL ? slash + 1 : path, *dot;

  if (path == NULL)
    return 0;
  dot = strrchr (file, '.');
  if (g_str_equal (file, name))
    return 4;
  if (dot != NULL && strlen (name) == (gsize) (dot - file) && g_str_has_prefix (file, name))
    return 3;
  if (strstr (file, name) != NULL)
    return 2;
  return strstr (path, name) != NULL;
}

/* Of the films those that the name fits best; indices into videos. (transfer full) */
static GArray *
find_best (GPtrArray *videos, const char *name)
{
  GArray *best = g_array_new (FALSE, FALSE, sizeof (guint));
  guint most = 1;

  for (guint i = 0; i < videos->len; i++) {
    guint fits = fit (((const L4IndexVideo *) videos->pdata[i])->path, name);

    if (fits > most) {
      g_array_set_size (best, 0);
      most = fits;
    }
    if (fits == most)
      g_array_append_val (best, i);
  }
  return best;
}

static gboolean
fail_several (GPtrArray *videos, const GArray *best, const char *name, GError **error)
{
  g_autoptr (GString) list = g_string_new (NULL);

  for (guint i = 0; i < best->len && i < NAMED; i++)
    g_string_append_printf (list, "%s%s", i > 0 ? ", " : "",
        ((const L4IndexVideo *) videos->pdata[g_array_index (best, guint, i)])->path);
  return l4_fail (error, L4_ERROR_INPUT, _("%s: could be %u films: %s%s"), name, best->len, list->str, best->len > NAMED ? ", …" : "");
}

L4IndexVideo *
l4_index_find_named (L4Index *self, const char *name, GError **error)
{
  g_autofree char *path = g_canonicalize_filename (name, NULL);
  g_autoptr (GError) problem = NULL;
  g_autoptr (L4IndexVideo) video = l4_index_find_path (self, path, &problem);
  g_autoptr (GPtrArray) videos = NULL;
  g_autoptr (GArray) best = NULL;

  if (video != NULL)
    return g_steal_pointer (&video);
  if (problem != NULL) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return NULL;
  }
  videos = l4_index_list_videos (self, error);
  if (videos == NULL)
    return NULL;
  best = find_best (videos, name);
  if (*name == '\0' || best->len == 0)
    l4_fail (error, L4_ERROR_NOT_FOUND, _("%s: is no film of the index"), name);
  else if (best->len > 1)
    fail_several (videos, best, name, error);
  else
    return g_ptr_array_steal_index (videos, g_array_index (best, guint, 0));
  return NULL;
}
