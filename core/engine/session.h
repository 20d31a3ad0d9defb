/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a session of the engine holds: a conversation's cache, what stands in it, pictures seen lately. */

#pragma once

#include "engine/draft.h"
#include "engine/guided.h"
#include "engine/prompt.h"

/* One thread at a time. */
typedef struct
{
  L4Llama *model;
  L4Tenant tenant;              /* the cache: NULL until the first answer; grows; may be given up between answers */
  GArray *places;               /* L4Place: what the cache holds, or held */
  L4PictureCache *pictures;
  L4Draft *draft;
  L4Guided guided;              /* by the schema of the last answer that had one */
  double usual_tokens;          /* of an answer; 0: none yet */
} L4LlamaSession;

/* Between these the cache is this thread's alone. */
void l4_llama_session_enter (L4LlamaSession *self);
void l4_llama_session_leave (L4LlamaSession *self);

/* A cache with room for capacity tokens, which keeps what it holds if it can. */
gboolean l4_llama_session_take_cache (L4LlamaSession *self, gboolean int8, gint64 capacity, GCancellable *cancellable, GError **error);

/* The cache is empty from now on. */
void l4_llama_session_forget (L4LlamaSession *self);

/* How many of the first places of the prompt are those that the session holds. */
gint64 l4_llama_session_common (const L4LlamaSession *self, const L4Prompt *prompt);

/* How many tokens of the prompt the session would not compute again with such a cache; the prompt's pictures are counted by that. */
gint64 l4_llama_session_kept (const L4LlamaSession *self, gboolean int8, L4Prompt *prompt);

/* Encodes the prompt's pictures as far as l4_llama_session_prefill() will read them: between both the cache stays as it is. */
gboolean l4_llama_session_encode (L4LlamaSession *self, L4Prompt *prompt, GCancellable *cancellable, GError **error);

/* Sends what the cache does not hold of the prompt through the decoder; logits [vocab] of its last token, or NULL. In the answer the
 * reused tokens and who shared a pass are told. On FALSE the cache holds the beginning of the prompt as far as it got, or nothing. */
gboolean l4_llama_session_prefill (L4LlamaSession *self, const L4Prompt *prompt, float *logits, L4Answer *answer, GCancellable *cancellable,
    GError **error);

/* Both, if need be: the session then holds just the prompt. */
gboolean l4_llama_session_hold (L4LlamaSession *self, L4Prompt *prompt, GCancellable *cancellable, GError **error);

/* Sends n tokens that follow through the decoder; logits [n, vocab]. On FALSE the cache holds what it held before, or nothing where the
 * tokens cross the border of a chunk. */
gboolean l4_llama_session_step (L4LlamaSession *self, const gint32 *ids, guint n, float *logits, L4Answer *answer,
    GCancellable *cancellable, GError **error);

/* Takes the last n tokens back. */
void l4_llama_session_unstep (L4LlamaSession *self, guint n);
