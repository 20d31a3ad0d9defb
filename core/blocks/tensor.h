/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A tensor in a file. */

#pragma once

#include "blocks/type.h"

#define L4_MAX_DIMS 8

/* Names are those of published Hugging Face checkpoints, for GGUF files too: there rows are outputs throughout, and the routed
 * experts are …feed_forward.experts.{gate,up}_proj.weight [E, F, D] (or both, gate first: gate_up_proj.weight [E, 2F, D]) and
 * down_proj.weight [E, D, F]; the divisors of RoPE's frequencies are rope_freqs.weight. */
typedef struct
{
  const char *name;
  const char *original;         /* the name in the file; may be the same pointer */
  L4Type type;
  const char *dtype;            /* the type as the file names it */
  guint n_dims;
  gint64 dims[L4_MAX_DIMS];     /* row-major, last index fastest */
  gsize n_elements;
  guint file;                   /* which file of the checkpoint */
  guint64 offset;               /* bytes from the start of that file */
  gsize bytes;
  const struct _L4Packed *packed;       /* NULL: the data lies in the file as it is. Otherwise it is put together when it is read, of
                                         * tensors of a folder, of which file and offset are those of the largest */
} L4Tensor;
