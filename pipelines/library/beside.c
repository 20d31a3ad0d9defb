/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The side files of a film: which it is to have, and where. */

#include "library/library-private.h"

#include <string.h>

#include "library/sidecar.h"

static L4SidecarPlace
find_place (const L4Library *self, const L4ScanFile *file, const L4IndexVideo *video, char **base)
{
  const char *output = self->context.output;

  *base = output != NULL ? g_build_filename (output, file->relative, NULL) : g_strdup (file->path);
  return (L4SidecarPlace) { self->context.index, *base, file->path, video->key, output != NULL };
}

static gboolean
is_nameless (const L4Library *self, const L4ScanFile *file)
{
  return g_hash_table_contains (self->nameless, file);
}

/* The kinds that the file is to have, and has not. */
static guint
find_missing (const L4Library *self, const L4ScanFile *file, const L4SidecarPlace *place)
{
  guint wanted = is_nameless (self, file) ? 0 : self->context.sidecars;

  return wanted & ~l4_sidecar_find (place, wanted);
}

/* The kinds that are there as they were written, but are neither what this run says of the film nor what is searched of it: they were written
 * when something else was said, or another film lay there. */
static gboolean
find_old (const L4Library *self, const L4ScanFile *file, const L4IndexVideo *video, const L4SidecarPlace *place, guint *kinds, GError **error)
{
  const gint64 runs[] = { self->context.run, 0 };

  *kinds = is_nameless (self, file) ? 0 : l4_sidecar_find (place, L4_SIDECAR_ALL);
  for (guint i = 0; i < G_N_ELEMENTS (runs) && *kinds != 0; i++) {
    g_autoptr (GPtrArray) windows = l4_index_list_windows (self->context.index, video->id, runs[i], FALSE, error);

    if (windows == NULL || !l4_sidecar_find_old (place, windows, kinds, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
l4_library_has_sidecars (const L4Library *self, const L4ScanFile *file, const L4IndexVideo *video)
{
  g_autofree char *base = NULL;
  const L4SidecarPlace place = find_place (self, file, video, &base);

  return find_missing (self, file, &place) == 0;
}

static gboolean
write_kinds (L4Library *self, const L4SidecarPlace *place, guint kinds, GPtrArray *windows, GError **error)
{
  g_autoptr (GError) refused = NULL;

  if (kinds != 0 && !l4_sidecar_write (place, kinds, windows, self->context.force, &refused, error))
    return FALSE;
  if (refused != NULL)
    l4_tally_fail (self->context.tally, self->context.progress, NULL, refused->message);
  return TRUE;
}

/* Until it counts as described the next run comes by here again. */
gboolean
l4_library_replace_sidecars (L4Library *self, const L4ScanFile *file, const L4IndexVideo *video, gint64 run, GError **error)
{
  g_autofree char *base = NULL;
  const L4SidecarPlace place = find_place (self, file, video, &base);
  g_autoptr (GPtrArray) windows = NULL;
  guint old;

  if (is_nameless (self, file))
    return TRUE;
  old = l4_sidecar_find (&place, L4_SIDECAR_ALL);
  if ((old | self->context.sidecars) == 0)
    return TRUE;
  windows = l4_index_list_windows (self->context.index, video->id, run, FALSE, error);
  if (windows == NULL || !l4_sidecar_find_old (&place, windows, &old, error)
      || !write_kinds (self, &place, self->context.sidecars | old, windows, error) || !l4_sidecar_find_old (&place, windows, &old, error))
    return FALSE;
  l4_sidecar_drop (&place, old);
  return TRUE;
}

gboolean
l4_library_renew_sidecars (L4Library *self, const L4ScanFile *file, const L4IndexVideo *video, GError **error)
{
  g_autofree char *base = NULL;
  const L4SidecarPlace place = find_place (self, file, video, &base);
  g_autoptr (GPtrArray) windows = NULL;
  guint kinds;

  if (!find_old (self, file, video, &place, &kinds, error))
    return FALSE;
  kinds |= find_missing (self, file, &place);
  if (kinds == 0)
    return TRUE;
  windows = l4_index_list_windows (self->context.index, video->id, self->context.run, FALSE, error);
  return windows != NULL && write_kinds (self, &place, kinds, windows, error);
}

/* Where those of a film that lay there may be: in a folder of their own below any folder that was given, as nobody knows which it was then; of
 * one that was below none, where they are to be. (transfer full) */
static GPtrArray *
find_bases_before (const L4Library *self, const char *base, const char *from)
{
  GPtrArray *bases = g_ptr_array_new_with_free_func (g_free);

  if (self->context.output == NULL)
    g_ptr_array_add (bases, g_strdup (from));
  for (guint i = 0; self->context.output != NULL && i < self->context.roots->len; i++) {
    const char *root = g_ptr_array_index (self->context.roots, i);

    if (g_str_has_prefix (from, root))
      g_ptr_array_add (bases, g_build_filename (self->context.output, from + strlen (root), NULL));
  }
  if (bases->len == 0)
    g_ptr_array_add (bases, g_strdup (base));
  return bases;
}

gboolean
l4_library_move_sidecars (L4Library *self, const L4ScanFile *file, const L4Identity *identity, GError **error)
{
  g_autofree char *base = NULL;
  const L4SidecarPlace place = find_place (self, file, identity->video, &base);
  g_autoptr (GPtrArray) bases = NULL;
  L4SidecarPlace before = place;

  if (identity->from == NULL || self->context.look_only || is_nameless (self, file) || !l4_library_is_gone (identity->from))
    return TRUE;
  bases = find_bases_before (self, base, identity->from);
  before.film = identity->from;
  for (guint i = 0; i < bases->len; i++) {
    before.base = g_ptr_array_index (bases, i);
    if (!l4_sidecar_move (&before, &place, error))
      return FALSE;
  }
  return TRUE;
}
