/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tensors of a checkpoint, whichever files they lie in. */

#pragma once

#include "base/error.h"

typedef enum
{
  L4_TYPE_F32,
  L4_TYPE_F16,
  L4_TYPE_BF16,
  L4_TYPE_OTHER                 /* present, but cannot be read */
} L4Type;

#define L4_MAX_DIMS 8

typedef struct
{
  const char *name;
  L4Type type;
  const char *dtype;            /* the type as the file names it */
  guint n_dims;
  gint64 dims[L4_MAX_DIMS];     /* row-major, last index fastest */
  gsize n_elements;
  guint file;                   /* which file of the checkpoint */
  guint64 offset;               /* bytes from the start of that file */
  gsize bytes;
} L4Tensor;

typedef struct _L4Checkpoint L4Checkpoint;

/* Opens model.safetensors, or the shards that model.safetensors.index.json lists, of folder: reads and checks the headers, not
 * the data. (transfer full) */
L4Checkpoint *l4_checkpoint_open (const char *folder, GError **error);
void l4_checkpoint_free (L4Checkpoint *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Checkpoint, l4_checkpoint_free)

const char *l4_checkpoint_get_path (const L4Checkpoint *self);
guint l4_checkpoint_get_n_tensors (const L4Checkpoint *self);
const L4Tensor *l4_checkpoint_get_tensor (const L4Checkpoint *self, guint index);       /* in order of names */

/* NULL when there is none of that name; sets no error. */
const L4Tensor *l4_checkpoint_find (const L4Checkpoint *self, const char *name);

/* The tensor of that name with exactly these dims; L4_ERROR_FORMAT names what is missing or differs, L4_ERROR_UNSUPPORTED a type
 * that cannot be read. */
const L4Tensor *l4_checkpoint_expect (const L4Checkpoint *self, const char *name, guint n_dims, const gint64 *dims,
    GError **error);

/* Reads n elements from element first on and converts them. A file that has shrunk is an error, and so is a type other than
 * the first three. Any thread. */
gboolean l4_checkpoint_read_float (const L4Checkpoint *self, const L4Tensor *tensor, gsize first, gsize n, float *out,
    GError **error);

const char *l4_type_name (L4Type type);         /* "F32", "F16", "BF16", "other" */
gsize l4_type_size (L4Type type);               /* bytes an element; 0 for L4_TYPE_OTHER */

/* SHA-256 (hexadecimal) over every tensor's name, type, shape and place in its file. (transfer full) */
char *l4_checkpoint_digest (const L4Checkpoint *self);
