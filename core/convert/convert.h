/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Moves the weights of a checkpoint into a GGUF file of another type. */

#pragma once

#include "checkpoint/checkpoint.h"
#include "gguf/write.h"
#include "weights/layout.h"

typedef void (*L4ConvertProgress) (guint64 done, guint64 total, gpointer user_data);

typedef struct
{
  const L4Checkpoint *checkpoint;
  const L4RopeConfig *rope;     /* of the decoder */
  L4Type type;                  /* wanted, see l4_layout_type() */
  guint threads;                /* at most; 0: one for every CPU */
  L4ConvertProgress progress;   /* in weights, from any thread but one at a time; may be NULL */
  gpointer user_data;
} L4Convert;

/* Adds the tensors of layout, begins writer and writes their data, which leaves l4_gguf_writer_finish() to the caller. Reads every
 * weight once. Each thread holds one expert's matrix as it is in the checkpoint and 2 MiB, so there are only as many threads as
 * half of the free memory has room for. What has the wanted type already is copied as it is. Files that change meanwhile are an error. */
gboolean l4_convert (const L4Convert *self, GArray *layout, L4GgufWriter *writer, GError **error);
