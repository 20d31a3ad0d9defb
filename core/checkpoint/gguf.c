/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening a GGUF file and the other shards of its set. */

#include <inttypes.h>
#include <string.h>

#include "checkpoint/checkpoint-private.h"

/* Split sets ---------------------------------------------------------------------------------------------------------- */

/* What a shard says of its set; 0 where it is silent. */
typedef struct
{
  gint64 number;                /* from 0 on */
  gint64 count;
  gint64 n_tensors;             /* of the set */
} Split;

static gboolean
get_split (const L4Gguf *gguf, Split *split, GError **error)
{
  *split = (Split) { 0 };
  return l4_gguf_get_int (gguf, "split.no", 0, L4_MAX_SHARDS - 1, &split->number, error)
      && l4_gguf_get_int (gguf, "split.count", 0, L4_MAX_SHARDS, &split->count, error)
      && l4_gguf_get_int (gguf, "split.tensors.count", 0, G_MAXINT32, &split->n_tensors, error);
}

/* The name without "-00001-of-00003.gguf", whose numbers must be those of split. (transfer full) */
static char *
shard_stem (const L4Checkpoint *self, const char *name, const Split *split, GError **error)
{
  g_autofree char *ending = g_strdup_printf ("-%05" PRId64 "-of-%05" PRId64 ".gguf", split->number + 1, split->count);

  if (g_str_has_suffix (name, ending))
    return g_strndup (name, strlen (name) - strlen (ending));
  l4_fail (error, L4_ERROR_FORMAT, _("%s: is shard %" PRId64 " of %" PRId64 ", so that its name must end in %s for the others to "
          "be found"), self->path, split->number + 1, split->count, ending);
  return NULL;
}

static gboolean
add_shards (L4Checkpoint *self, const char *folder, const char *stem, const Split *split, GError **error)
{
  for (gint64 i = 0; i < split->count; i++) {
    g_autofree char *name = g_strdup_printf ("%s-%05" PRId64 "-of-%05" PRId64 ".gguf", stem, i + 1, split->count);
    const L4Gguf *gguf = l4_checkpoint_add_gguf (self, folder, name, error);
    Split is;

    if (gguf == NULL || !get_split (gguf, &is, error))
      return FALSE;
    if (is.number != i || is.count != split->count || is.n_tensors != split->n_tensors)
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: is shard %" PRId64 " of %" PRId64 " with %" PRId64 " tensors in all; shard %"
              PRId64 " of %" PRId64 " with %" PRId64 " should be there"), l4_gguf_get_path (gguf), is.number + 1, is.count,
          is.n_tensors, i + 1, split->count, split->n_tensors);
  }
  if (self->tensors->len != split->n_tensors)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: the %" PRId64 " shards have %u tensors, split.tensors.count says %" PRId64),
        self->path, split->count, self->tensors->len, split->n_tensors);
  return TRUE;
}

/* The model's own file, or all of its shards. */
static gboolean
add_model (L4Checkpoint *self, const char *folder, const char *name, GError **error)
{
  const L4Gguf *gguf = l4_checkpoint_add_gguf (self, folder, name, error);
  g_autofree char *stem = NULL;
  Split split;

  if (gguf == NULL || !get_split (gguf, &split, error))
    return FALSE;
  if (split.count <= 1)
    return TRUE;
  stem = shard_stem (self, name, &split, error);
  if (stem == NULL)
    return FALSE;
  l4_checkpoint_remove_files (self, 0);
  return add_shards (self, folder, stem, &split, error);
}

gboolean
l4_checkpoint_open_gguf (L4Checkpoint *self, const char *projector_path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (self->path);
  g_autofree char *name = g_path_get_basename (self->path);
  const char *architecture = NULL;

  if (!add_model (self, folder, name, error)
      || !l4_gguf_get_string (l4_checkpoint_get_gguf (self), "general.architecture", &architecture, error))
    return FALSE;
  if (g_strcmp0 (architecture, "llama4") != 0)
    return l4_gguf_refuse (l4_checkpoint_get_gguf (self), "general.architecture", L4_ERROR_UNSUPPORTED, error,
        _("only \"%s\" is supported"), "llama4");
  return l4_checkpoint_add_projector (self, folder, projector_path, error) && l4_checkpoint_sort (self, error);
}
