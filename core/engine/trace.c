/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One forward pass with every stage kept. */

#include "engine/trace.h"

#include "base/memory.h"

static gboolean
trace_vision (const L4Llama *model, const float *tiles, gint64 n_tiles, L4Trace *trace, GError **error)
{
  if (!l4_llama_can_look (model, error))
    return FALSE;
  trace->n_features = n_tiles * l4_vision_tokens_per_tile (&model->config->vision);
  trace->vision_features = l4_alloc (trace->n_features * trace->hidden * sizeof (float), _("vision features"), error);
  return trace->vision_features != NULL
      && l4_vision_encoder_forward (model->vision, model->compute, tiles, n_tiles, trace->vision_features, NULL, error);
}

static gboolean
allocate (L4Trace *trace, GError **error)
{
  const struct
  {
    float **place;
    const char *what;
    gint64 dims[3];
  } stages[] = {
    {&trace->hidden_states, _("hidden states"), {trace->n_layers + 1, trace->n, trace->hidden}},
    {&trace->router_logits, _("router logits"), {trace->n_moe_layers, trace->n, trace->n_experts}},
    {&trace->logits, _("logits"), {1, trace->n, trace->vocab}},
  };

  for (guint i = 0; i < G_N_ELEMENTS (stages); i++) {
    gsize bytes;

    if (!l4_checked_product (stages[i].dims, 3, sizeof (float), &bytes))
      return l4_fail (error, L4_ERROR_MEMORY, _("%s: too large"), stages[i].what);
    if (bytes > 0 && (*stages[i].place = l4_alloc (bytes, stages[i].what, error)) == NULL)
      return FALSE;
  }
  return TRUE;
}

static gboolean
trace_all (const L4Llama *model, const gint32 *ids, gint64 n, const float *tiles, gint64 n_tiles, const gint32 *experts,
    L4Trace *trace, GError **error)
{
  const L4TextConfig *config = &model->config->text;
  g_autoptr (L4Cache) cache = NULL;
  l4_autofree float *h = NULL;  /* [n, hidden] */
  L4Strands tokens;
  L4Probe probe;

  trace->n = n;
  trace->hidden = config->hidden;
  trace->n_layers = config->n_layers;
  trace->n_experts = config->n_experts;
  trace->vocab = config->vocab;
  for (gint64 l = 0; l < config->n_layers; l++)
    trace->n_moe_layers += config->layers[l].moe;
  if (n < 1)
    return l4_fail (error, L4_ERROR_INPUT, _("no tokens"));
  if (tiles != NULL && !trace_vision (model, tiles, n_tiles, trace, error))
    return FALSE;
  cache = l4_cache_new (model->compute, config, FALSE, n, error);
  if (cache == NULL || !allocate (trace, error))
    return FALSE;
  h = l4_llama_embed (model, ids, n, trace->vision_features, trace->n_features, error);
  probe = (L4Probe) {.hidden_states = trace->hidden_states,.router_logits = trace->router_logits,.experts = experts };
  tokens = l4_strands_of (&(L4Strand) { cache, n });
  return h != NULL && l4_decoder_forward (model->decoder, model->compute, &tokens, h, &probe, NULL, error)
      && l4_decoder_logits (model->decoder, model->compute, h, n, FALSE, trace->logits, error);
}

gboolean
l4_trace (const L4Llama *model, const gint32 *ids, gint64 n, const float *tiles, gint64 n_tiles, const gint32 *experts,
    L4Trace *trace, GError **error)
{
  *trace = (L4Trace) { 0 };
  if (trace_all (model, ids, n, tiles, n_tiles, experts, trace, error))
    return TRUE;
  l4_trace_clear (trace);
  return FALSE;
}

void
l4_trace_clear (L4Trace *trace)
{
  l4_free (trace->vision_features);
  l4_free (trace->hidden_states);
  l4_free (trace->router_logits);
  l4_free (trace->logits);
  *trace = (L4Trace) { 0 };
}
