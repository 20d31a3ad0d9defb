/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a model of a given shape costs: parameters, bytes, operations. Arithmetic on the shape alone. */

#pragma once

#include "blocks/type.h"
#include "config/config.h"

typedef struct
{
  guint64 text;                 /* parameters of the decoder */
  guint64 vision;               /* of the vision encoder and its projector; 0 without */
  guint64 experts;              /* of text: the routed experts' */
  guint64 active;               /* of text: those that one token meets, with the tables of embeddings and of the output */
} L4Counts;

void l4_budget_count (const L4Config *config, L4Counts *counts);

/* Bytes of the decoder's weights in a file of that type, and of the vision part's. */
guint64 l4_budget_text_bytes (const L4Config *config, L4Type type);
guint64 l4_budget_vision_bytes (const L4Config *config, L4Type type);

/* Of the former: bytes of the routed experts. */
guint64 l4_budget_expert_bytes (const L4Config *config, L4Type type);

/* Bytes of keys and values of n tokens, element_size each: of layers that keep them all, and of those that keep a chunk. */
void l4_budget_cache (const L4TextConfig *text, gint64 n, guint element_size, double *full, double *chunked);

/* n tokens that go through the layers together, the first at that position: operations (a multiplication and an addition are two)
 * with logits for the last one, and bytes of weights (in type; of the experts as many as n tokens meet when each takes any with
 * the same probability) and of the cache, kv_size an element, that are read. */
typedef struct
{
  double operations;
  double weight_bytes;
  double cache_bytes;
} L4Work;

void l4_budget_tokens (const L4Config *config, L4Type type, guint kv_size, gint64 position, gint64 n, L4Work *work);

/* One tile of a picture through the vision encoder. */
void l4_budget_tile (const L4Config *config, L4Type type, L4Work *work);

/* That work so many times. */
void l4_work_scale (L4Work *self, double factor);
