/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening a GGUF file: the other shards of its set, and the file with its vision part. */

#include <inttypes.h>
#include <string.h>

#include "formats/checkpoint-private.h"
#include "formats/gguf-names.h"

#define PROJECTION "multi_modal_projector.linear_1.weight"

/* Opens the file name of folder, keeps its header and adds its tensors, under their published names. */
static const L4Gguf *
add_file (L4Checkpoint *self, const char *folder, const char *name, GError **error)
{
  const L4CheckpointFile *file = l4_checkpoint_add_file (self, folder, name, error);
  guint first = self->tensors->len;
  L4Gguf *gguf;

  if (file == NULL)
    return NULL;
  gguf = l4_gguf_read_header (file->fd, file->path, file->size, self->files->len - 1, self->strings, self->tensors, error);
  if (gguf == NULL)
    return NULL;
  g_ptr_array_add (self->ggufs, gguf);
  for (guint i = first; i < self->tensors->len; i++)
    l4_gguf_rename (&g_array_index (self->tensors, L4Tensor, i), self->strings);
  return gguf;
}

/* Forgets the files from index keep on; file by file their tensors are the last ones. */
static void
remove_files (L4Checkpoint *self, guint keep)
{
  while (self->tensors->len > 0 && g_array_index (self->tensors, L4Tensor, self->tensors->len - 1).file >= keep)
    g_array_set_size (self->tensors, self->tensors->len - 1);
  g_ptr_array_set_size (self->ggufs, (gint) keep);
  g_array_set_size (self->files, keep);
}

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
    const L4Gguf *gguf = add_file (self, folder, name, error);
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
  const L4Gguf *gguf = add_file (self, folder, name, error);
  g_autofree char *stem = NULL;
  Split split;

  if (gguf == NULL || !get_split (gguf, &split, error))
    return FALSE;
  if (split.count <= 1)
    return TRUE;
  stem = shard_stem (self, name, &split, error);
  if (stem == NULL)
    return FALSE;
  remove_files (self, 0);
  return add_shards (self, folder, stem, &split, error);
}

/* The vision part ----------------------------------------------------------------------------------------------------- */

static gboolean
is_vision (const L4Tensor *tensor)
{
  return g_str_has_prefix (tensor->name, "vision_model.") || g_str_has_prefix (tensor->name, "multi_modal_projector.");
}

/* Whether the tensors from index first on have a vision part; *width: what it gives the decoder, 0 when it does not say. */
static gboolean
find_vision (const L4Checkpoint *self, guint first, gint64 *width)
{
  gboolean found = FALSE;

  *width = 0;
  for (guint i = first; i < self->tensors->len; i++) {
    const L4Tensor *tensor = l4_checkpoint_get_tensor (self, i);

    found = found || is_vision (tensor);
    if (strcmp (tensor->name, PROJECTION) == 0)
      *width = tensor->dims[0];
  }
  return found;
}

/* Whether gguf, whose tensors begin at index first, is a projector that this version can use. */
static gboolean
check_projector (const L4Checkpoint *self, const L4Gguf *gguf, guint first, gint64 *width, GError **error)
{
  const char *type = NULL, *architecture = NULL;

  if (!l4_gguf_get_string (gguf, "general.architecture", &architecture, error)
      || !l4_gguf_get_string (gguf, "clip.projector_type", &type, error)
      || !l4_gguf_get_string (gguf, "clip.vision.projector_type", &type, error))
    return FALSE;
  if (g_strcmp0 (architecture, "clip") != 0)
    return l4_gguf_refuse (gguf, "general.architecture", L4_ERROR_UNSUPPORTED, error,
        _("a projector file must have \"%s\""), "clip");
  if (g_strcmp0 (type, "llama4") != 0)
    return l4_gguf_refuse (gguf, type != NULL && l4_gguf_has (gguf, "clip.vision.projector_type") ? "clip.vision.projector_type"
        : "clip.projector_type", L4_ERROR_UNSUPPORTED, error, _("the projector of this model must have \"%s\""), "llama4");
  if (!find_vision (self, first, width) || *width == 0)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor \"%s\" is missing"), l4_gguf_get_path (gguf), "mm.model.fc.weight");
  return TRUE;
}

static gboolean
refuse_width (const L4Checkpoint *self, const char *path, gint64 width, gint64 hidden, GError **error)
{
  return l4_fail (error, L4_ERROR_FORMAT, _("%s: the projector's vectors are %" PRId64 " wide, those of the model %s %" PRId64),
      path, width, self->path, hidden);
}

/* Width of the decoder; 0 when the model does not say. */
static gint64
model_width (const L4Checkpoint *self)
{
  gint64 width = 0;

  return l4_gguf_get_int (l4_checkpoint_get_gguf (self), "llama4.embedding_length", 1, G_MAXINT32, &width, NULL) ? width : 0;
}

static gboolean
add_named_projector (L4Checkpoint *self, const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  gint64 width, hidden = model_width (self);
  guint first = self->tensors->len;
  const L4Gguf *gguf;

  if (find_vision (self, 0, &width))
    return l4_fail (error, L4_ERROR_INPUT, _("%s: the model %s has a vision part of its own and takes no projector"), path,
        self->path);
  gguf = add_file (self, folder, name, error);
  if (gguf == NULL || !check_projector (self, gguf, first, &width, error))
    return FALSE;
  if (width != hidden && hidden != 0)
    return refuse_width (self, path, width, hidden, error);
  self->projector = gguf;
  return TRUE;
}

static gint
compare_strings (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Files of folder that are called projectors, in order of names. */
static GPtrArray *
list_projectors (const char *folder)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) entries = g_dir_open (folder, 0, NULL);
  const char *name;

  while (entries != NULL && (name = g_dir_read_name (entries)) != NULL) {
    g_autofree char *lower = g_ascii_strdown (name, -1);

    if (g_str_has_suffix (lower, ".gguf") && strstr (lower, "mmproj") != NULL)
      g_ptr_array_add (names, g_strdup (name));
  }
  g_ptr_array_sort (names, compare_strings);
  return names;
}

/* Whether the file name of folder is a projector for this model; -1 when it is one of this kind, but of another width. */
static gint
try_projector (L4Checkpoint *self, const char *folder, const char *name, gint64 *width)
{
  guint keep = self->files->len, first = self->tensors->len;
  gint64 hidden = model_width (self);
  const L4Gguf *gguf = add_file (self, folder, name, NULL);
  gint fits = gguf != NULL && check_projector (self, gguf, first, width, NULL) ? *width == hidden ? 1 : -1 : 0;

  remove_files (self, keep);
  return fits;
}

/* Looks beside the model: the only projector that fits is taken. */
static gboolean
find_projector (L4Checkpoint *self, const char *folder, GError **error)
{
  g_autoptr (GPtrArray) names = list_projectors (folder);
  const char *chosen = NULL;
  guint n_fitting = 0;
  gint64 width;

  for (guint i = 0; i < names->len; i++) {
    const char *name = g_ptr_array_index (names, i);
    gint fits = try_projector (self, folder, name, &width);
    g_autofree char *path = g_build_filename (folder, name, NULL);

    if (fits < 0 && names->len == 1)
      return refuse_width (self, path, width, model_width (self), error);
    if (fits > 0) {
      chosen = name;
      n_fitting++;
    }
  }
  if (n_fitting == 1)
    return (self->projector = add_file (self, folder, chosen, error)) != NULL;
  if (n_fitting > 1)
    self->why_no_vision = g_strdup_printf (_("%u projector files in %s fit: one must be named"), n_fitting, folder);
  else if (names->len > 0)
    self->why_no_vision = g_strdup_printf (_("none of the %u projector files in %s fits"), names->len, folder);
  else
    self->why_no_vision = g_strdup_printf (_("there is no projector file mmproj*.gguf in %s"), folder);
  return TRUE;
}

gboolean
l4_checkpoint_open_gguf (L4Checkpoint *self, const char *projector_path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (self->path);
  g_autofree char *name = g_path_get_basename (self->path);
  const char *architecture = NULL;
  gint64 width;

  if (!add_model (self, folder, name, error)
      || !l4_gguf_get_string (l4_checkpoint_get_gguf (self), "general.architecture", &architecture, error))
    return FALSE;
  if (g_strcmp0 (architecture, "llama4") != 0)
    return l4_gguf_refuse (l4_checkpoint_get_gguf (self), "general.architecture", L4_ERROR_UNSUPPORTED, error,
        _("only \"%s\" is supported"), "llama4");
  if (projector_path != NULL) {
    if (!add_named_projector (self, projector_path, error))
      return FALSE;
  } else if (find_vision (self, 0, &width)) {
    self->projector = l4_checkpoint_get_gguf (self);
  } else if (!find_projector (self, folder, error)) {
    return FALSE;
  }
  return l4_checkpoint_sort (self, error);
}
