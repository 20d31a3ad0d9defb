/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tensors of a checkpoint, whichever files they lie in. */

#include "checkpoint/checkpoint-private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoint/packed.h"
#include "files/file.h"

#define READ_AT_ONCE (64 * 1024)        /* bytes, at least one block */
#define JOIN_AT_ONCE (1024 * 1024)      /* of a tensor whose parts lie in many places */

/* Files -------------------------------------------------------------------------------------------------------------- */

static void
file_clear (gpointer data)
{
  L4CheckpointFile *file = data;

  if (file->mapping != NULL)
    munmap (file->mapping, file->size);
  if (file->fd >= 0)
    close (file->fd);
  g_free (file->name);
  g_free (file->path);
}

L4CheckpointFile *
l4_checkpoint_add_file (L4Checkpoint *self, const char *folder, const char *name, GError **error)
{
  L4CheckpointFile file = { 0 };

  file.path = g_build_filename (folder, name, NULL);
  file.name = g_strdup (name);
  file.fd = l4_file_open (file.path, &file.size, error);
  if (file.fd >= 0)
    fstat (file.fd, &file.status);
  g_array_append_val (self->files, file);
  return file.fd >= 0 ? &g_array_index (self->files, L4CheckpointFile, self->files->len - 1) : NULL;
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (((const L4Tensor *) a)->name, ((const L4Tensor *) b)->name);
}

gboolean
l4_checkpoint_sort (L4Checkpoint *self, GError **error)
{
  g_array_sort (self->tensors, compare_names);
  for (guint i = 1; i < self->tensors->len; i++) {
    const L4Tensor *one = l4_checkpoint_get_tensor (self, i - 1), *two = l4_checkpoint_get_tensor (self, i);

    if (strcmp (one->name, two->name) == 0)
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor \"%s\" is there twice (bytes %" PRIu64 " of %s and %" PRIu64
              " of %s)"), self->path, one->name, one->offset, l4_checkpoint_file_of (self, one)->name, two->offset,
          l4_checkpoint_file_of (self, two)->name);
  }
  return TRUE;
}

L4Checkpoint *
l4_checkpoint_new (const char *path)
{
  L4Checkpoint *self = g_new0 (L4Checkpoint, 1);

  g_mutex_init (&self->lock);
  self->path = g_strdup (path);
  self->strings = g_string_chunk_new (64 * 1024);
  self->tensors = g_array_new (FALSE, FALSE, sizeof (L4Tensor));
  self->files = g_array_new (FALSE, FALSE, sizeof (L4CheckpointFile));
  g_array_set_clear_func (self->files, file_clear);
  self->packed = g_ptr_array_new_with_free_func (g_free);
  self->ggufs = g_ptr_array_new_with_free_func ((GDestroyNotify) l4_gguf_free);
  return self;
}

void
l4_checkpoint_free (L4Checkpoint *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->ggufs);
  g_ptr_array_unref (self->packed);
  g_array_unref (self->files);
  g_array_unref (self->tensors);
  g_string_chunk_free (self->strings);
  g_mutex_clear (&self->lock);
  g_free (self->why_no_vision);
  g_free (self->path);
  g_free (self);
}

/* Looking ------------------------------------------------------------------------------------------------------------ */

const char *
l4_checkpoint_get_path (const L4Checkpoint *self)
{
  return self->path;
}

guint
l4_checkpoint_get_n_files (const L4Checkpoint *self)
{
  return self->files->len;
}

const char *
l4_checkpoint_get_file (const L4Checkpoint *self, guint index)
{
  return g_array_index (self->files, L4CheckpointFile, index).path;
}

const L4CheckpointFile *
l4_checkpoint_file_of (const L4Checkpoint *self, const L4Tensor *tensor)
{
  return &g_array_index (self->files, L4CheckpointFile, tensor->file);
}

const L4Gguf *
l4_checkpoint_get_gguf (const L4Checkpoint *self)
{
  return self->ggufs->len > 0 ? g_ptr_array_index (self->ggufs, 0) : NULL;
}

const L4Gguf *
l4_checkpoint_get_projector (const L4Checkpoint *self)
{
  return self->projector;
}

const char *
l4_checkpoint_why_no_vision (const L4Checkpoint *self)
{
  return self->why_no_vision;
}

guint
l4_checkpoint_get_n_tensors (const L4Checkpoint *self)
{
  return self->tensors->len;
}

const L4Tensor *
l4_checkpoint_get_tensor (const L4Checkpoint *self, guint index)
{
  return &g_array_index (self->tensors, L4Tensor, index);
}

const L4Tensor *
l4_checkpoint_find (const L4Checkpoint *self, const char *name)
{
  L4Tensor key = {.name = name };

  if (self->tensors->len == 0)
    return NULL;
  return bsearch (&key, self->tensors->data, self->tensors->len, sizeof key, compare_names);
}

char *
l4_checkpoint_dims (guint n_dims, const gint64 *dims)
{
  g_autoptr (GString) text = g_string_new ("[");

  for (guint i = 0; i < n_dims; i++)
    g_string_append_printf (text, "%s%" PRId64, i > 0 ? ", " : "", dims[i]);
  g_string_append_c (text, ']');
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static gboolean
check_readable (const L4Checkpoint *self, const L4Tensor *tensor, GError **error)
{
  if (tensor->type != L4_TYPE_OTHER)
    return TRUE;
  return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s: tensor \"%s\" has the type %s, which cannot be read"),
      l4_checkpoint_file_of (self, tensor)->path, tensor->original, tensor->dtype);
}

const L4Tensor *
l4_checkpoint_expect (const L4Checkpoint *self, const char *name, guint n_dims, const gint64 *dims, GError **error)
{
  const L4Tensor *tensor = l4_checkpoint_find (self, name);

  if (tensor == NULL) {
    l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor \"%s\" is missing"), self->path, name);
    return NULL;
  }
  if (tensor->n_dims != n_dims || (n_dims > 0 && memcmp (tensor->dims, dims, n_dims * sizeof *dims) != 0)) {
    g_autofree char *is = l4_checkpoint_dims (tensor->n_dims, tensor->dims);
    g_autofree char *expected = l4_checkpoint_dims (n_dims, dims);

    l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor \"%s\" is %s where the settings ask for %s"),
        l4_checkpoint_file_of (self, tensor)->path, tensor->original, is, expected);
    return NULL;
  }
  return check_readable (self, tensor, error) ? tensor : NULL;
}

char *
l4_checkpoint_digest (const L4Checkpoint *self)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);

  for (guint i = 0; i < self->ggufs->len; i++) {
    gsize length;
    const guint8 *metadata = l4_gguf_get_metadata (g_ptr_array_index (self->ggufs, i), &length);

    g_checksum_update (checksum, metadata, (gssize) length);
  }
  for (guint i = 0; i < self->tensors->len; i++) {
    const L4Tensor *tensor = l4_checkpoint_get_tensor (self, i);
    g_autofree char *dims = l4_checkpoint_dims (tensor->n_dims, tensor->dims);
    g_autofree char *line = g_strdup_printf ("%s\t%s\t%s\t%s\t%" PRIu64 "\n", tensor->name, tensor->dtype, dims,
        l4_checkpoint_file_of (self, tensor)->name, tensor->offset);

    g_checksum_update (checksum, (const guchar *) line, -1);
  }
  return g_strdup (g_checksum_get_string (checksum));
}

#define SAMPLES 3               /* places in a tensor: its beginning, middle and end */
#define SAMPLE_BYTES 64

/* Of a tensor as it lies in its file. */
static void
add_sample (const L4Checkpoint *self, const L4Tensor *tensor, GChecksum *checksum)
{
  gsize n = MIN (tensor->bytes, SAMPLE_BYTES);
  guint8 bytes[SAMPLE_BYTES];

  for (guint place = 0; place < SAMPLES; place++)
    if (l4_checkpoint_read (self, tensor, (tensor->bytes - n) / (SAMPLES - 1) * place, n, bytes, NULL))
      g_checksum_update (checksum, bytes, (gssize) n);
}

char *
l4_checkpoint_sample (const L4Checkpoint *self)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);

  for (guint i = 0; i < self->tensors->len; i++) {
    const L4Tensor *part;

    for (guint p = 0; (part = l4_checkpoint_get_part (l4_checkpoint_get_tensor (self, i), p)) != NULL; p++)
      add_sample (self, part, checksum);
  }
  return g_strdup (g_checksum_get_string (checksum));
}

const char *
l4_checkpoint_main_type (const L4Checkpoint *self)
{
  guint64 elements[L4_N_TYPES] = { 0 };
  guint most = L4_TYPE_F32;

  for (guint i = 0; i < self->tensors->len; i++) {
    const L4Tensor *tensor = l4_checkpoint_get_tensor (self, i);

    if (tensor->n_dims >= 2 && tensor->type != L4_TYPE_OTHER)
      elements[tensor->type] += tensor->n_elements;
  }
  for (guint type = 0; type < L4_N_TYPES; type++)
    if (elements[type] > elements[most])
      most = type;
  return l4_type_name ((L4Type) most);
}

/* Reading ------------------------------------------------------------------------------------------------------------ */

gboolean
l4_checkpoint_read (const L4Checkpoint *self, const L4Tensor *tensor, guint64 first_byte, gsize n_bytes, void *out,
    GError **error)
{
  const L4CheckpointFile *file = l4_checkpoint_file_of (self, tensor);

  if (first_byte > tensor->bytes || n_bytes > tensor->bytes - first_byte)
    return l4_fail (error, L4_ERROR_INTERNAL, _("%s: tensor \"%s\" has %zu bytes; %zu from %" PRIu64 " on were asked for"),
        file->path, tensor->original, tensor->bytes, n_bytes, first_byte);
  if (tensor->packed != NULL)
    return l4_packed_read (self, tensor, first_byte, n_bytes, out, error);
  /* The header was checked: every byte of the tensor lies within the file. */
  return l4_file_read (file->fd, file->path, tensor->offset + first_byte, out, n_bytes, error);
}

gboolean
l4_checkpoint_read_float (const L4Checkpoint *self, const L4Tensor *tensor, gsize first, gsize n, float *out, GError **error)
{
  guint8 few[READ_AT_ONCE];
  g_autofree guint8 *many = tensor->packed != NULL ? g_try_malloc (JOIN_AT_ONCE) : NULL;
  guint8 *bytes = many != NULL ? many : few;
  const L4TypeInfo *info;
  gsize at_once, block;

  if (!check_readable (self, tensor, error))
    return FALSE;
  info = l4_type_info (tensor->type);
  if (first > tensor->n_elements || n > tensor->n_elements - first || first % info->block_elements != 0
      || n % info->block_elements != 0)
    return l4_fail (error, L4_ERROR_INTERNAL, _("%s: tensor \"%s\" has %zu elements in blocks of %u; %zu from %zu on were asked "
            "for"), l4_checkpoint_file_of (self, tensor)->path, tensor->original, tensor->n_elements, info->block_elements, n,
        first);
  block = first / info->block_elements;
  at_once = (many != NULL ? JOIN_AT_ONCE : READ_AT_ONCE) / info->block_bytes;
  for (gsize left = n / info->block_elements; left > 0;) {
    gsize some = MIN (left, at_once);

    if (!l4_checkpoint_read (self, tensor, (guint64) block * info->block_bytes, some * info->block_bytes, bytes, error))
      return FALSE;
    l4_type_to_float (tensor->type, bytes, some * info->block_elements, out);
    out += some * info->block_elements;
    block += some;
    left -= some;
  }
  return TRUE;
}

static gboolean
check_file (const L4CheckpointFile *file, GError **error)
{
  struct stat now;

  if (fstat (file->fd, &now) != 0)
    return l4_fail (error, L4_ERROR_IO, "%s: %s", file->path, g_strerror (errno));
  return l4_file_is_as_before (&file->status, &now)
      || l4_fail (error, L4_ERROR_IO, _("%s: has changed while it was read"), file->path);
}

gboolean
l4_checkpoint_check (const L4Checkpoint *self, GError **error)
{
  for (guint i = 0; i < self->files->len; i++)
    if (!check_file (&g_array_index (self->files, L4CheckpointFile, i), error))
      return FALSE;
  return TRUE;
}

int
l4_checkpoint_get_fd (const L4Checkpoint *self, const L4Tensor *tensor, const char **path)
{
  const L4CheckpointFile *file = l4_checkpoint_file_of (self, tensor);

  *path = file->path;
  return file->fd;
}

const guint8 *
l4_checkpoint_map (L4Checkpoint *self, const L4Tensor *tensor, GError **error)
{
  L4CheckpointFile *file = &g_array_index (self->files, L4CheckpointFile, tensor->file);
  const guint8 *mapping;

  g_mutex_lock (&self->lock);
  if (file->mapping == NULL) {
    gpointer made = file->size <= G_MAXSSIZE ? mmap (NULL, file->size, PROT_READ, MAP_SHARED, file->fd, 0) : MAP_FAILED;

    file->mapping = made != MAP_FAILED ? made : NULL;
  }
  mapping = file->mapping;
  g_mutex_unlock (&self->lock);
  if (mapping != NULL)
    return mapping + tensor->offset;
  l4_fail (error, L4_ERROR_MEMORY, _("%s: cannot map %" PRIu64 " bytes"), file->path, file->size);
  return NULL;
}
