/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A Llama 4 checkpoint in memory, ready to compute. */

#pragma once

#include "batch/batch.h"
#include "batch/prefill.h"
#include "batch/room.h"
#include "engine/pace.h"
#include "schema/vocabulary.h"
#include "tokenizer/chat.h"
#include "vision/encoder.h"

/* Immutable after loading; any thread. */
typedef struct
{
  L4Config *config;
  L4Tokenizer *tokenizer;       /* NULL: the file has none */
  L4ChatTokens tokens;
  L4Compute *compute;
  L4Decoder *decoder;
  L4Batch *batch;               /* steps of all sessions */
  L4Prefill *prefill;           /* prompts of all sessions */
  L4Room *room;                 /* caches of all sessions */
  L4Vocabulary *vocabulary;     /* of answers with a schema; NULL: none was asked for yet */
  L4VisionEncoder *vision;      /* NULL in a text-only checkpoint */
  char *why_no_vision;          /* as of the checkpoint, or that it was not wanted */
  L4Checkpoint *checkpoint;     /* while loading, and as long as the model when weights stay in their file */
  L4Load load;                  /* as it turned out: not L4_LOAD_AUTO */
  L4Stream *stream;             /* NULL: no expert is streamed */
  char *why_not_repacked;       /* as of l4_experts_use() */
  guint64 shared;               /* bytes of its slots, all caches and what further conversations take beside theirs */
  gboolean vision_int8;         /* as in L4LoadOptions */
  char *path;
  char *digest;
  const char *quantization;     /* the type of most weights: static */
  L4Pace *pace;
  gint measuring;               /* whether somebody measures the machine; atomic */
  guint64 n_parameters;
  guint64 memory;               /* bytes of the weights, and of what streaming takes */
  guint64 memory_limit;         /* as in L4LoadOptions */
} L4Llama;

/* Refuses, before it allocates, what does not fit options->memory_limit or the free memory. (transfer full) */
L4Llama *l4_llama_load (const L4LoadOptions *options, L4Precision precision, L4ProgressFunc progress, gpointer user_data,
    GCancellable *cancellable, GError **error);
void l4_llama_free (L4Llama *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Llama, l4_llama_free)

/* SHA-256 of all that keys and values depend on: weights and settings. (transfer full) */
char *l4_llama_identity (const L4Llama *self);

/* FALSE, with L4_ERROR_INPUT and the reason, for a text-only checkpoint. */
gboolean l4_llama_can_look (const L4Llama *self, GError **error);

/* Embeddings of ids [n, hidden] with the rows of features [n_features, hidden] in the picture slots, in order; features NULL
 * leaves the slots their token's embedding. L4_ERROR_INPUT when their numbers differ. (transfer full), l4_free() */
float *l4_llama_embed (const L4Llama *self, const gint32 *ids, gint64 n, const float *features, gint64 n_features,
    GError **error);

/* Sends n >= 1 further tokens, h [n, hidden] their embeddings, through the decoder; h is overwritten. logits: [n_logits, vocab] after
 * the last n_logits of them (n_logits <= n, and no more than one batch). As l4_decoder_forward() otherwise. */
gboolean l4_llama_forward (const L4Llama *self, L4Cache *cache, float *h, gint64 n, gint64 n_logits, float *logits,
    GCancellable *cancellable, GError **error);

/* Session of the model (engine/session.c, answer.c, saved.c). */
gpointer l4_llama_session_new (gpointer model);
void l4_llama_session_free (gpointer session);
gboolean l4_llama_answer (gpointer session, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options,
    L4TextFunc on_text, gpointer user_data, GCancellable *cancellable, L4Answer *answer, GError **error);
gboolean l4_llama_ask (gpointer session, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options,
    GCancellable *cancellable, double *yes, GError **error);
gboolean l4_llama_prepare (gpointer session, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options,
    GCancellable *cancellable, GError **error);
gboolean l4_llama_compare (gpointer session, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options,
    L4Held *held, GError **error);
gboolean l4_llama_save (gpointer session, const char *path, GError **error);
gboolean l4_llama_load_session (gpointer session, const char *path, gboolean kv_int8, GError **error);
gboolean l4_llama_forecast (gpointer session, const L4Message *messages, gsize n_messages, const L4GenerateOptions *options,
    L4Forecast *forecast, GError **error);
