/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types that weights have in files: plain numbers, and blocks of quantised ones. */

#pragma once

#include <glib.h>

/* Block formats are those of ggml (ggml-common.h); core/formats/type.c has their formulas. */
typedef enum
{
  L4_TYPE_F32,
  L4_TYPE_F16,
  L4_TYPE_BF16,
  L4_TYPE_F8_E4M3,              /* no infinity; 0x7f and 0xff are NaN; the scale of each row is a tensor of its own */
  L4_TYPE_Q4_0,
  L4_TYPE_Q4_1,
  L4_TYPE_Q5_0,
  L4_TYPE_Q5_1,
  L4_TYPE_Q8_0,
  L4_TYPE_Q2_K,
  L4_TYPE_Q3_K,
  L4_TYPE_Q4_K,
  L4_TYPE_Q5_K,
  L4_TYPE_Q6_K,
  L4_TYPE_IQ4_NL,
  L4_TYPE_IQ4_XS,
  L4_N_TYPES,
  L4_TYPE_OTHER = L4_N_TYPES    /* present, but cannot be read */
} L4Type;

typedef struct
{
  const char *name;             /* "Q4_K"; as GGUF tools and safetensors spell it */
  guint block_elements;         /* weights a block: 1, 32 or 256 */
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
