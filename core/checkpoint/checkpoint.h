/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tensors of a checkpoint, whichever files they lie in. */

#pragma once

#include "base/error.h"
#include "blocks/tensor.h"
#include "gguf/gguf.h"

typedef struct _L4Checkpoint L4Checkpoint;

/* Reads and checks the headers, not the data. path is one of
 * - a Hugging Face folder: model.safetensors, or the shards that model.safetensors.index.json lists. Weights that lie there as codes,
 *   scales and zeros are one tensor, of L4_TYPE_INT4_32, L4_TYPE_INT4_128 or L4_TYPE_F8_128 (checkpoint/packed.h);
 * - a file *.gguf, of a split set any shard: the others are found by their names.
 * projector_path: the GGUF file with the vision part. NULL or "": it is looked for in the model's own file, then beside it, then in
 * the folder above (mmproj*.gguf: the one that fits, of several the one that llama4 convert has called after the model, rather than after
 * none or, last, after another one that is there; of those alike in this the one in bfloat16, else in half, else in single precision); where
 * there is none the model reads text only. A projector that does not fit is an error when it was named or is the only one.
 * (transfer full) */
L4Checkpoint *l4_checkpoint_open (const char *path, const char *projector_path, GError **error);
void l4_checkpoint_free (L4Checkpoint *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Checkpoint, l4_checkpoint_free)

const char *l4_checkpoint_get_path (const L4Checkpoint *self);
guint l4_checkpoint_get_n_files (const L4Checkpoint *self);
const char *l4_checkpoint_get_file (const L4Checkpoint *self, guint index);             /* path of L4Tensor.file */
guint l4_checkpoint_get_n_tensors (const L4Checkpoint *self);
const L4Tensor *l4_checkpoint_get_tensor (const L4Checkpoint *self, guint index);       /* in order of names */

/* The metadata of a GGUF model (of a split set: of its first file), and of the file with its vision part, which may be the same.
 * NULL for a folder; the projector's also for a model without vision part. Live as long as self. */
const L4Gguf *l4_checkpoint_get_gguf (const L4Checkpoint *self);
const L4Gguf *l4_checkpoint_get_projector (const L4Checkpoint *self);

/* Why a GGUF model was opened without a vision part, as "there is no …"; NULL when it has one, and for a folder. */
const char *l4_checkpoint_why_no_vision (const L4Checkpoint *self);

/* NULL when there is none of that name; sets no error. */
const L4Tensor *l4_checkpoint_find (const L4Checkpoint *self, const char *name);

/* The tensor of that name with exactly these dims; L4_ERROR_FORMAT names what is missing or differs, L4_ERROR_UNSUPPORTED a type
 * that cannot be read. */
const L4Tensor *l4_checkpoint_expect (const L4Checkpoint *self, const char *name, guint n_dims, const gint64 *dims,
    GError **error);

/* Reads n elements from element first on and converts them; both multiples of the type's block, and the weights of F8_E4M3 still
 * without their scales. A file that has shrunk is an error, and so is a type that cannot be read. Any thread. */
gboolean l4_checkpoint_read_float (const L4Checkpoint *self, const L4Tensor *tensor, gsize first, gsize n, float *out,
    GError **error);

/* Reads n_bytes of the tensor's data from first_byte on, as they are in the file; of one that is put together whole blocks. A file that
 * has shrunk is an error. Any thread. */
gboolean l4_checkpoint_read (const L4Checkpoint *self, const L4Tensor *tensor, guint64 first_byte, gsize n_bytes, void *out,
    GError **error);

/* Whether all files are as they were opened: FALSE with L4_ERROR_IO, and what was read may be of two models. Any thread. */
gboolean l4_checkpoint_check (const L4Checkpoint *self, GError **error);

/* What a tensor was put together of is no longer needed in the system's cache, as far as those bytes of it have just been read. Any thread. */
void l4_checkpoint_drop (const L4Checkpoint *self, const L4Tensor *tensor, guint64 first_byte, gsize n_bytes);

/* The tensors that one is put together of, those of its codes first; of any other tensor itself. NULL: there are no more. */
const L4Tensor *l4_checkpoint_get_part (const L4Tensor *tensor, guint index);

/* The file of a tensor, open for reading as long as self; *path as long, too. */
int l4_checkpoint_get_fd (const L4Checkpoint *self, const L4Tensor *tensor, const char **path);

/* The scales of rows first … first + n - 1 of a matrix of L4_TYPE_F8_E4M3: NAME_scale has one a row, or one for all. A scale that is
 * missing or no number is an error. Any thread. */
gboolean l4_checkpoint_read_scales (const L4Checkpoint *self, const L4Tensor *tensor, gsize first, gsize n, float *scales,
    GError **error);

/* The data of a tensor that is not put together in a read-only mapping of its file, which is made at the first call and lives as long as
 * self. A tensor of no bytes gives a pointer to nothing. Who reads there after the file was cut short gets SIGBUS. Any thread. */
const guint8 *l4_checkpoint_map (L4Checkpoint *self, const L4Tensor *tensor, GError **error);

/* SHA-256 (hexadecimal) over every tensor's name, type, shape and place in its file, and over the metadata of GGUF files.
 * (transfer full) */
char *l4_checkpoint_digest (const L4Checkpoint *self);

/* SHA-256 (hexadecimal) over some bytes of every tensor's data: other weights of the same shapes have another. What cannot be read does
 * not count. (transfer full) */
char *l4_checkpoint_sample (const L4Checkpoint *self);

/* "Q4_K": the type that most of the weights have; of tensors with at least two dimensions. */
const char *l4_checkpoint_main_type (const L4Checkpoint *self);
