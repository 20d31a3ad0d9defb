/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tokens of one or of several conversations that go through the decoder together. */

#pragma once

#include "decoder/cache.h"

/* The n tokens that follow those in cache. */
typedef struct
{
  L4Cache *cache;
  gint64 n;
} L4Strand;

typedef struct
{
  const L4Strand *strands;      /* [n_strands], each with a cache of its own */
  gsize n_strands;
  gint64 n;                     /* tokens of all */
  gboolean prompts;             /* strands of more than a step's tokens: they meet weights as such do alone */
  /* Between layers: whether the strand with that cache is still wanted. One that is not is left out from there on, and its cache touched
   * no more. NULL: all are. */
  gboolean (*stays) (const L4Cache *cache, gpointer user_data);
  gpointer user_data;
} L4Strands;

/* One conversation's. */
static inline L4Strands
l4_strands_of (const L4Strand *strand)
{
  return (L4Strands) { strand, 1, strand->n };
}

/* Whether products are to keep all rows apart, so that what is computed for a token does not depend on the other conversations. */
static inline gboolean
l4_strands_apart (const L4Strands *self)
{
  return self->n_strands > 1 && !self->prompts;
}
