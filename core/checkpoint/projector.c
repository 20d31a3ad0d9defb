/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The vision part of a GGUF model: in its own file, or in a projector file beside it. */

#include <inttypes.h>
#include <string.h>

#include "checkpoint/checkpoint-private.h"

#define PROJECTION "multi_modal_projector.linear_1.weight"
#define PREFIX "mmproj-"
#define SUFFIX ".gguf"          /* in any case */
#define N_TYPE_RANKS 4

static gboolean
is_vision (const L4Tensor *tensor)
{
  return g_str_has_prefix (tensor->name, "vision_model.") || g_str_has_prefix (tensor->name, "multi_modal_projector.");
}

/* The first tensor from index first on that has this name. */
static const L4Tensor *
find_tensor (const L4Checkpoint *self, guint first, const char *name)
{
  for (guint i = first; i < self->tensors->len; i++)
    if (strcmp (l4_checkpoint_get_tensor (self, i)->name, name) == 0)
      return l4_checkpoint_get_tensor (self, i);
  return NULL;
}

/* Whether the tensors from index first on have a vision part; *width: what it gives the decoder, 0 when it does not say. */
static gboolean
find_vision (const L4Checkpoint *self, guint first, gint64 *width)
{
  const L4Tensor *projection = find_tensor (self, first, PROJECTION);

  *width = projection != NULL ? projection->dims[0] : 0;
  for (guint i = first; i < self->tensors->len; i++)
    if (is_vision (l4_checkpoint_get_tensor (self, i)))
      return TRUE;
  return FALSE;
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
  gguf = l4_checkpoint_add_gguf (self, folder, name, error);
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

/* The model that the file's name calls it, as the published ones are called; NULL: another, or none that it says. */
static const char *
published_name (const L4Gguf *gguf)
{
  static const char *const names[] = { "scout", "maverick", "behemoth" };
  const char *given = NULL;
  g_autofree char *lower = NULL;

  if (!l4_gguf_get_string (gguf, "general.name", &given, NULL) || given == NULL)
    return NULL;
  lower = g_ascii_strdown (given, -1);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (strstr (lower, names[i]) != NULL)
      return names[i];
  return NULL;
}

/* Whether a file of this name could be of the model: those of other published models have the same shapes. */
static gboolean
may_belong (const L4Checkpoint *self, const L4Gguf *projector)
{
  const char *one = published_name (l4_checkpoint_get_gguf (self)), *other = published_name (projector);

  return one == NULL || other == NULL || one == other;
}

/* A file that is called a projector. */
typedef struct
{
  gboolean fits;
  gint64 width;                 /* 0: it is none of this kind, or of another model */
  L4Type type;                  /* of its matrices */
} Candidate;

static Candidate
try_projector (L4Checkpoint *self, const char *folder, const char *name)
{
  guint keep = self->files->len, first = self->tensors->len;
  const L4Gguf *gguf = l4_checkpoint_add_gguf (self, folder, name, NULL);
  Candidate candidate = { 0 };

  if (gguf != NULL && check_projector (self, gguf, first, &candidate.width, NULL)) {
    candidate.type = find_tensor (self, first, PROJECTION)->type;
    if (!may_belong (self, gguf))
      candidate.width = 0;
  }
  candidate.fits = candidate.width != 0 && candidate.width == model_width (self);
  l4_checkpoint_remove_files (self, keep);
  return candidate;
}

/* The model of which llama4 convert has called it the projector, mmproj-MODEL-TYPE.gguf; NULL: none. (transfer full) */
static char *
named_owner (const char *name)
{
  g_autofree char *owner = NULL;
  char *type;

  if (!g_str_has_prefix (name, PREFIX))
    return NULL;
  owner = g_strndup (name + strlen (PREFIX), strlen (name) - strlen (PREFIX) - strlen (SUFFIX));
  type = strrchr (owner, '-');
  if (type == NULL || l4_type_from_name (type + 1) == L4_TYPE_OTHER)
    return NULL;
  *type = '\0';
  return g_steal_pointer (&owner);
}

/* In a folder of several models that called after this one comes first, that called after another one that is there last. */
static guint
rank_of_owner (const L4Checkpoint *self, const char *folder, const char *name)
{
  g_autofree char *owner = named_owner (name), *own = g_path_get_basename (self->path), *file = NULL, *path = NULL;

  if (owner == NULL)
    return 1;
  file = g_strconcat (owner, SUFFIX, NULL);
  path = g_build_filename (folder, file, NULL);
  return strcmp (own, file) == 0 || strcmp (own, owner) == 0 ? 0 : g_file_test (path, G_FILE_TEST_EXISTS) ? 2 : 1;
}

/* Of the same weights in several types bfloat16 is what is computed with, and what was published. */
static guint
rank_of_type (L4Type type)
{
  return type == L4_TYPE_BF16 ? 0 : type == L4_TYPE_F16 ? 1 : type == L4_TYPE_F32 ? 2 : N_TYPE_RANKS - 1;
}

/* Looks among files of a folder for the projector that fits; of several the model's own, else that with the best type, when it is alone.
 * The only one beside the model has to fit. */
static gboolean
find_projector (L4Checkpoint *self, const char *folder, const GPtrArray *names, gboolean beside, GError **error)
{
  const char *chosen = NULL;
  guint n_fitting = 0, n_best = 0, best = G_MAXUINT;

  for (guint i = 0; i < names->len; i++) {
    const char *name = g_ptr_array_index (names, i);
    Candidate candidate = try_projector (self, folder, name);
    guint rank = rank_of_owner (self, folder, name) * N_TYPE_RANKS + rank_of_type (candidate.type);

    if (!candidate.fits && candidate.width != 0 && beside && names->len == 1) {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      return refuse_width (self, path, candidate.width, model_width (self), error);
    }
    if (!candidate.fits)
      continue;
    n_fitting++;
    n_best = rank < best ? 1 : n_best + (rank == best);
    chosen = rank < best ? name : chosen;
    best = MIN (rank, best);
  }
  if (n_best == 1)
    return (self->projector = l4_checkpoint_add_gguf (self, folder, chosen, error)) != NULL;
  if (n_best > 1)
    self->why_no_vision = g_strdup_printf (_("%u projector files in %s fit: one must be named"), n_fitting, folder);
  else if (beside)
    self->why_no_vision = g_strdup_printf (_("none of the %u projector files in %s fits"), names->len, folder);
  return TRUE;
}

/* Beside the model or, where sizes have folders of their own, in the folder above. */
static gboolean
look_for_projector (L4Checkpoint *self, const char *folder, GError **error)
{
  g_autofree char *above = g_build_filename (folder, "..", NULL);
  g_autoptr (GPtrArray) names = list_projectors (folder), names_above = NULL;

  if (names->len > 0)
    return find_projector (self, folder, names, TRUE, error);
  names_above = list_projectors (above);
  if (!find_projector (self, above, names_above, FALSE, error))
    return FALSE;
  if (self->projector == NULL && self->why_no_vision == NULL)
    self->why_no_vision = g_strdup_printf (_("there is no projector file mmproj*.gguf in %s"), folder);
  return TRUE;
}

gboolean
l4_checkpoint_add_projector (L4Checkpoint *self, const char *folder, const char *path, GError **error)
{
  gint64 width;

  if (path != NULL)
    return add_named_projector (self, path, error);
  if (!find_vision (self, 0, &width))
    return look_for_projector (self, folder, error);
  self->projector = l4_checkpoint_get_gguf (self);
  return TRUE;
}
