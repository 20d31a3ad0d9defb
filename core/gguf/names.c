/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of tensors in GGUF files, and those in published checkpoints. */

#include "gguf/names.h"

#include <string.h>

#define MAX_LAYER_DIGITS 4

typedef struct
{
  const char *gguf;             /* without ".weight" and ".bias", which are the same on both sides */
  const char *published;
} Name;

/* By themselves. Two names on the left of one on the right: as llama.cpp and as Ollama write it. */
static const Name whole[] = {
  {"token_embd", "language_model.model.embed_tokens"},
  {"output_norm", "language_model.model.norm"},
  {"output", "language_model.lm_head"},
  {"v.patch_embd", "vision_model.patch_embedding.linear"},
  {"v.patch_embedding", "vision_model.patch_embedding.linear"},
  {"v.pre_ln", "vision_model.layernorm_pre"},
  {"v.layernorm_pre", "vision_model.layernorm_pre"},
  {"v.post_ln", "vision_model.layernorm_post"},
  {"v.layernorm_post", "vision_model.layernorm_post"},
  {"mm.model.mlp.1", "vision_model.vision_adapter.mlp.fc1"},
  {"v.vision_adapter.mlp.fc1", "vision_model.vision_adapter.mlp.fc1"},
  {"mm.model.mlp.2", "vision_model.vision_adapter.mlp.fc2"},
  {"v.vision_adapter.mlp.fc2", "vision_model.vision_adapter.mlp.fc2"},
  {"mm.model.fc", "multi_modal_projector.linear_1"},
  {"mm.linear_1", "multi_modal_projector.linear_1"},
};

/* Parameters that are no weight of anything: their whole names. */
static const Name bare[] = {
  {"v.class_embd", "vision_model.class_embedding"},
  {"v.class_embedding", "vision_model.class_embedding"},
  {"v.position_embd.weight", "vision_model.positional_embedding_vlm"},
  {"v.positional_embedding_vlm", "vision_model.positional_embedding_vlm"},
};

/* Below blk.N. */
static const Name text_layer[] = {
  {"attn_norm", "input_layernorm"},
  {"ffn_norm", "post_attention_layernorm"},
  {"attn_q", "self_attn.q_proj"},
  {"attn_k", "self_attn.k_proj"},
  {"attn_v", "self_attn.v_proj"},
  {"attn_output", "self_attn.o_proj"},
  {"ffn_gate_inp", "feed_forward.router"},
  {"ffn_gate_exps", "feed_forward.experts.gate_proj"},
  {"ffn_up_exps", "feed_forward.experts.up_proj"},
  {"ffn_gate_up_exps", "feed_forward.experts.gate_up_proj"},
  {"ffn_down_exps", "feed_forward.experts.down_proj"},
  {"ffn_gate_shexp", "feed_forward.shared_expert.gate_proj"},
  {"ffn_up_shexp", "feed_forward.shared_expert.up_proj"},
  {"ffn_down_shexp", "feed_forward.shared_expert.down_proj"},
  {"ffn_gate", "feed_forward.gate_proj"},
  {"ffn_up", "feed_forward.up_proj"},
  {"ffn_down", "feed_forward.down_proj"},
};

/* Below v.blk.N. */
static const Name vision_layer[] = {
  {"ln1", "input_layernorm"},
  {"attn_norm", "input_layernorm"},
  {"ln2", "post_attention_layernorm"},
  {"attn_post_norm", "post_attention_layernorm"},
  {"ffn_norm", "post_attention_layernorm"},
  {"attn_q", "self_attn.q_proj"},
  {"attn_k", "self_attn.k_proj"},
  {"attn_v", "self_attn.v_proj"},
  {"attn_out", "self_attn.o_proj"},
  {"attn_output", "self_attn.o_proj"},
  {"ffn_up", "mlp.fc1"},
  {"mlp.fc1", "mlp.fc1"},
  {"ffn_down", "mlp.fc2"},
  {"mlp.fc2", "mlp.fc2"},
};

/* The published name of the first length bytes of name; NULL when it is not in the table. */
static const char *
look_up (const Name *names, gsize n_names, const char *name, gsize length)
{
  for (gsize i = 0; i < n_names; i++)
    if (strlen (names[i].gguf) == length && memcmp (names[i].gguf, name, length) == 0)
      return names[i].published;
  return NULL;
}

/* Length of "N." at the beginning of text, N being a number as printf writes it; 0 when there is none. */
static gsize
layer_length (const char *text)
{
  gsize digits = strspn (text, "0123456789");

  if (digits == 0 || digits > MAX_LAYER_DIGITS || text[digits] != '.' || (digits > 1 && text[0] == '0'))
    return 0;
  return digits + 1;
}

/* The published name of name below prefix; NULL when it is none. (transfer full) */
static char *
layer_name (const char *name, const char *prefix, const Name *names, gsize n_names, const char *published_prefix)
{
  const char *layer, *stem, *end, *published;

  if (!g_str_has_prefix (name, prefix))
    return NULL;
  layer = name + strlen (prefix);
  stem = layer + layer_length (layer);
  end = strrchr (stem, '.');
  if (stem == layer || end == NULL || (strcmp (end, ".weight") != 0 && strcmp (end, ".bias") != 0))
    return NULL;
  published = look_up (names, n_names, stem, (gsize) (end - stem));
  if (published == NULL)
    return NULL;
  return g_strdup_printf ("%s%.*s%s%s", published_prefix, (int) (stem - layer), layer, published, end);
}

static char *
whole_name (const char *name)
{
  const char *published = look_up (bare, G_N_ELEMENTS (bare), name, strlen (name)), *end = strrchr (name, '.');

  if (published != NULL)
    return g_strdup (published);
  if (end == NULL || (strcmp (end, ".weight") != 0 && strcmp (end, ".bias") != 0))
    return NULL;
  published = look_up (whole, G_N_ELEMENTS (whole), name, (gsize) (end - name));
  return published != NULL ? g_strconcat (published, end, NULL) : NULL;
}

/* A patch's filter [hidden, channel, y, x] is a row of the published matrix. */
static void
flatten_filter (L4Tensor *tensor)
{
  if (tensor->n_dims != 4)
    return;
  tensor->dims[1] *= tensor->dims[2] * tensor->dims[3];         /* a part of the product that was checked */
  tensor->n_dims = 2;
}

void
l4_gguf_rename (L4Tensor *tensor, GStringChunk *strings)
{
  g_autofree char *name = whole_name (tensor->original);

  if (name == NULL)
    name = layer_name (tensor->original, "blk.", text_layer, G_N_ELEMENTS (text_layer), "language_model.model.layers.");
  if (name == NULL)
    name = layer_name (tensor->original, "v.blk.", vision_layer, G_N_ELEMENTS (vision_layer), "vision_model.model.layers.");
  if (name == NULL)
    return;
  tensor->name = g_string_chunk_insert (strings, name);
  if (strcmp (name, "vision_model.patch_embedding.linear.weight") == 0)
    flatten_filter (tensor);
}
