/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening the safetensors files of a Hugging Face folder. */

#include <string.h>

#include "checkpoint/packed.h"
#include "checkpoint/safetensors.h"
#include "files/json.h"

#define SINGLE_NAME "model.safetensors"
#define INDEX_NAME "model.safetensors.index.json"
#define MAX_INDEX (16 * 1024 * 1024)    /* bytes */

static gboolean
add_file (L4Checkpoint *self, const char *name, GError **error)
{
  const L4CheckpointFile *file = l4_checkpoint_add_file (self, self->path, name, error);

  return file != NULL
      && l4_safetensors_read_header (file->fd, file->path, file->size, self->files->len - 1, self->strings, self->tensors, error);
}

static gboolean
has_control_characters (const char *name)
{
  while (*name != '\0' && !g_unichar_iscntrl (g_utf8_get_char (name)))
    name = g_utf8_next_char (name);
  return *name != '\0';
}

/* Shards lie in the checkpoint's own folder: nothing that leads elsewhere is a name. Names go into messages, so they are short and
 * printable. */
static gboolean
is_plain_file_name (yyjson_val *value)
{
  const char *name = yyjson_get_str (value);

  return name != NULL && *name != '\0' && strlen (name) == yyjson_get_len (value) && strlen (name) <= 255 && !has_control_characters (name)
      && strchr (name, '/') == NULL && strchr (name, '\\') == NULL && strcmp (name, ".") != 0 && strcmp (name, "..") != 0;
}

/* Opens every file that map (tensor name → file name) names, in order of names. */
static gboolean
add_shards (L4Checkpoint *self, const L4Json *index, yyjson_val *map, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GList) names = NULL;
  yyjson_val *key, *value;
  size_t i, n;

  yyjson_obj_foreach (map, i, n, key, value) {
    if (!is_plain_file_name (value)) {
      g_autofree char *tensor = l4_json_describe (key);
      g_autofree char *shown = l4_json_describe (value);

      return l4_fail (error, L4_ERROR_FORMAT, _("%s: weight_map[%s] is %s: it must be the name of a file in this folder"),
          index->path, tensor, shown);
    }
    g_hash_table_add (seen, (gpointer) yyjson_get_str (value));
  }
  if (g_hash_table_size (seen) == 0 || g_hash_table_size (seen) > L4_MAX_SHARDS)
    return l4_fail (error, L4_ERROR_FORMAT, _("%s: weight_map names %u files, not 1 to %d"), index->path,
        g_hash_table_size (seen), L4_MAX_SHARDS);
  names = g_list_sort (g_hash_table_get_keys (seen), (GCompareFunc) strcmp);
  for (GList *at = names; at != NULL; at = at->next)
    if (!add_file (self, at->data, error))
      return FALSE;
  return TRUE;
}

/* Every tensor stands in the index, once and with its own file, and every entry of the index has its tensor. */
static gboolean
check_index (const L4Checkpoint *self, const L4Json *index, yyjson_val *map, GError **error)
{
  g_autofree guint8 *listed = g_new0 (guint8, self->tensors->len + 1);
  yyjson_val *key, *value;
  size_t i, n;

  yyjson_obj_foreach (map, i, n, key, value) {
    const char *name = yyjson_get_str (key), *file = yyjson_get_str (value);
    const L4Tensor *tensor = strlen (name) == yyjson_get_len (key) ? l4_checkpoint_find (self, name) : NULL;
    g_autofree char *shown = l4_json_describe (key);
    guint8 *mark;

    if (tensor == NULL)
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor %s is in no file; the index names %s"), index->path, shown, file);
    if (strcmp (l4_checkpoint_file_of (self, tensor)->name, file) != 0)
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor %s is in %s; the index names %s"), index->path, shown,
          l4_checkpoint_file_of (self, tensor)->name, file);
    mark = &listed[tensor - (const L4Tensor *) self->tensors->data];
    if (*mark)
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor %s is listed twice"), index->path, shown);
    *mark = TRUE;
  }
  for (guint k = 0; k < self->tensors->len; k++)
    if (!listed[k])
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor \"%s\" of %s is not in the index"), index->path,
          l4_checkpoint_get_tensor (self, k)->name, l4_checkpoint_file_of (self, l4_checkpoint_get_tensor (self, k))->name);
  return TRUE;
}

static gboolean
open_sharded (L4Checkpoint *self, const char *index_path, GError **error)
{
  g_autoptr (L4Json) index = l4_json_load_sparse (index_path, MAX_INDEX, error);
  yyjson_val *map;

  if (index == NULL || !l4_json_get (index, index->root, "weight_map", YYJSON_TYPE_OBJ, &map, error))
    return FALSE;
  if (map == NULL)
    return l4_json_refuse (index, index->root, "weight_map", L4_ERROR_FORMAT, error, _("an index must have it"));
  return add_shards (self, index, map, error) && l4_checkpoint_sort (self, error) && check_index (self, index, map, error);
}

/* Says what there is instead of what is looked for. */
static gboolean
refuse_folder (const L4Checkpoint *self, GError **error)
{
  static const char *const endings[] = { ".gguf", ".pth", ".pt", ".bin" };
  g_autoptr (GDir) entries = g_dir_open (self->path, 0, NULL);
  const char *name;

  for (guint i = 0; entries != NULL && i < G_N_ELEMENTS (endings); i++) {
    g_dir_rewind (entries);
    while ((name = g_dir_read_name (entries)) != NULL && !g_str_has_suffix (name, endings[i]));
    if (name != NULL && i == 0)
      return l4_fail (error, L4_ERROR_NOT_FOUND, _("%s: holds GGUF files: one must be named, of a split set any shard"), self->path);
    if (name != NULL)
      return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: holds no safetensors, and files like %s cannot be read"), self->path, name);
  }
  return l4_fail (error, L4_ERROR_NOT_FOUND, _("%s: neither %s nor %s is there"), self->path, SINGLE_NAME, INDEX_NAME);
}

gboolean
l4_checkpoint_open_folder (L4Checkpoint *self, GError **error)
{
  g_autofree char *single = g_build_filename (self->path, SINGLE_NAME, NULL);
  g_autofree char *index = g_build_filename (self->path, INDEX_NAME, NULL);

  if (g_file_test (single, G_FILE_TEST_EXISTS))
    return add_file (self, SINGLE_NAME, error) && l4_checkpoint_sort (self, error) && l4_packed_join (self, error);
  if (g_file_test (index, G_FILE_TEST_EXISTS))
    return open_sharded (self, index, error) && l4_packed_join (self, error);
  return refuse_folder (self, error);
}
