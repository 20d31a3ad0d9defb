/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types that weights have in files: plain numbers, and blocks of quantised ones. */

#pragma once

#include "base/type.h"

typedef struct
{
  const char *name;             /* "Q4_K"; as GGUF tools and safetensors spell it */
  guint block_elements;         /* weights a block: 1, 32, 128 or 256 */
  guint block_bytes;
  gint ggml;                    /* number of the type in a GGUF file; -1: has none */
} L4TypeInfo;

/* Of a type below L4_N_TYPES. */
const L4TypeInfo *l4_type_info (L4Type type);
const char *l4_type_name (L4Type type);         /* "other" for L4_TYPE_OTHER */
L4Type l4_type_from_ggml (guint32 ggml);        /* L4_TYPE_OTHER when unknown */
L4Type l4_type_from_name (const char *name);    /* case does not matter; L4_TYPE_OTHER when unknown */

/* Bytes of n elements, a multiple of the block; FALSE when they are not or the product overflows. */
gboolean l4_type_bytes (L4Type type, gsize n, gsize *bytes);

/* The n weights in blocks, a multiple of the block. Plain C, exact: what the fast paths are compared with. */
void l4_type_to_float (L4Type type, const void *blocks, gsize n, float *out);
