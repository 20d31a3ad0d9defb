/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tensors that a model of a given shape has, in the order and under the names that its GGUF file gives them. */

#include "weights/layout.h"

#include <inttypes.h>
#include <math.h>

static void
layout_tensor_clear (gpointer data)
{
  L4LayoutTensor *tensor = data;

  g_free (tensor->name);
  g_free (tensor->source);
}

static GArray *
layout_new (void)
{
  GArray *list = g_array_new (FALSE, TRUE, sizeof (L4LayoutTensor));

  g_array_set_clear_func (list, layout_tensor_clear);
  return list;
}

/* A list under construction, and where in it we are. */
typedef struct
{
  GArray *list;
  gint64 layer;
  const char *prefix;           /* of names in a Hugging Face folder */
} Builder;

/* Adds a tensor whose names are completed by the layer's number where there is one. Dims: 0 for those it has not. */
static void
add (const Builder *self, L4LayoutKind kind, const char *name, const char *source, gint64 a, gint64 b, gint64 c)
{
  L4LayoutTensor tensor = {.kind = kind,.layer = self->layer,.dims = {a, b, c},.n_elements = 1 };
  gboolean in_layer = self->layer >= 0, vision = kind >= L4_LAYOUT_VISION;

  if (in_layer) {
    tensor.name = g_strdup_printf ("%sblk.%" PRId64 ".%s", vision ? "v." : "", self->layer, name);
    tensor.source = g_strdup_printf ("%slayers.%" PRId64 ".%s", self->prefix, self->layer, source);
  } else {
    tensor.name = g_strdup (name);
    tensor.source = source != NULL ? g_strconcat (self->prefix, source, NULL) : NULL;
  }
  for (tensor.n_dims = 0; tensor.n_dims < 3 && tensor.dims[tensor.n_dims] > 0; tensor.n_dims++)
    tensor.n_elements *= (gsize) tensor.dims[tensor.n_dims];
  g_array_append_val (self->list, tensor);
}

static void
add_vector (const Builder *self, const char *name, const char *source, gint64 n)
{
  add (self, L4_LAYOUT_VECTOR, name, source, n, 0, 0);
}

/* The decoder ---------------------------------------------------------------------------------------------------------- */

static void
add_attention (const Builder *self, const L4TextConfig *config)
{
  gint64 d = config->hidden, q = config->n_heads * config->head_dim, kv = config->n_kv_heads * config->head_dim;

  add_vector (self, "attn_norm.weight", "input_layernorm.weight", d);
  add (self, L4_LAYOUT_ATTENTION, "attn_q.weight", "self_attn.q_proj.weight", q, d, 0);
  add (self, L4_LAYOUT_ATTENTION, "attn_k.weight", "self_attn.k_proj.weight", kv, d, 0);
  add (self, L4_LAYOUT_ATTENTION, "attn_v.weight", "self_attn.v_proj.weight", kv, d, 0);
  add (self, L4_LAYOUT_ATTENTION, "attn_output.weight", "self_attn.o_proj.weight", d, q, 0);
  if (config->attention_bias) {
    add_vector (self, "attn_q.bias", "self_attn.q_proj.bias", q);
    add_vector (self, "attn_k.bias", "self_attn.k_proj.bias", kv);
    add_vector (self, "attn_v.bias", "self_attn.v_proj.bias", kv);
    add_vector (self, "attn_output.bias", "self_attn.o_proj.bias", d);
  }
}

static void
add_feed_forward (const Builder *self, const L4TextConfig *config)
{
  gint64 d = config->hidden, f = config->expert_width, e = config->n_experts, w = config->dense_width;

  add_vector (self, "ffn_norm.weight", "post_attention_layernorm.weight", d);
  if (!config->layers[self->layer].moe) {
    add (self, L4_LAYOUT_DENSE, "ffn_gate.weight", "feed_forward.gate_proj.weight", w, d, 0);
    add (self, L4_LAYOUT_DENSE, "ffn_up.weight", "feed_forward.up_proj.weight", w, d, 0);
    add (self, L4_LAYOUT_DENSE, "ffn_down.weight", "feed_forward.down_proj.weight", d, w, 0);
    return;
  }
  add (self, L4_LAYOUT_ROUTER, "ffn_gate_inp.weight", "feed_forward.router.weight", e, d, 0);
  add (self, L4_LAYOUT_EXPERTS, "ffn_gate_exps.weight", "feed_forward.experts.gate_proj.weight", e, f, d);
  add (self, L4_LAYOUT_EXPERTS, "ffn_up_exps.weight", "feed_forward.experts.up_proj.weight", e, f, d);
  add (self, L4_LAYOUT_EXPERTS, "ffn_down_exps.weight", "feed_forward.experts.down_proj.weight", e, d, f);
  add (self, L4_LAYOUT_SHARED, "ffn_gate_shexp.weight", "feed_forward.shared_expert.gate_proj.weight", f, d, 0);
  add (self, L4_LAYOUT_SHARED, "ffn_up_shexp.weight", "feed_forward.shared_expert.up_proj.weight", f, d, 0);
  add (self, L4_LAYOUT_SHARED, "ffn_down_shexp.weight", "feed_forward.shared_expert.down_proj.weight", d, f, 0);
}

GArray *
l4_layout_text (const L4TextConfig *config, gboolean has_prefix)
{
  const char *prefix = has_prefix ? "language_model.model." : "model.";
  Builder self = { layout_new (), -1, prefix };

  add (&self, L4_LAYOUT_EMBEDDING, "token_embd.weight", "embed_tokens.weight", config->vocab, config->hidden, 0);
  if (config->rope.factor > 0 || config->rope.divisors != NULL)
    add (&self, L4_LAYOUT_ROPE, "rope_freqs.weight", NULL, config->head_dim / 2, 0, 0);
  for (self.layer = 0; self.layer < config->n_layers; self.layer++) {
    add_attention (&self, config);
    add_feed_forward (&self, config);
  }
  self.layer = -1;
  add_vector (&self, "output_norm.weight", "norm.weight", config->hidden);
  self.prefix = has_prefix ? "language_model." : "";
  if (!config->tied)
    add (&self, L4_LAYOUT_OUTPUT, "output.weight", "lm_head.weight", config->vocab, config->hidden, 0);
  return self.list;
}

/* The vision encoder --------------------------------------------------------------------------------------------------- */

/* A matrix and its bias; both names are completed by .weight and .bias. */
static void
add_linear (const Builder *self, const char *name, const char *source, gint64 rows, gint64 columns)
{
  g_autofree char *weight = g_strconcat (name, ".weight", NULL), *bias = g_strconcat (name, ".bias", NULL);
  g_autofree char *weight_source = g_strconcat (source, ".weight", NULL), *bias_source = g_strconcat (source, ".bias", NULL);

  if (columns > 0)
    add (self, L4_LAYOUT_VISION, weight, weight_source, rows, columns, 0);
  else
    add (self, L4_LAYOUT_VISION_VECTOR, weight, weight_source, rows, 0, 0);
  add (self, L4_LAYOUT_VISION_VECTOR, bias, bias_source, rows, 0, 0);
}

static void
add_norm (const Builder *self, const char *name, const char *source, gint64 n)
{
  add_linear (self, name, source, n, 0);
}

static void
add_block (const Builder *self, gint64 d, gint64 width)
{
  add_norm (self, "ln1", "input_layernorm", d);
  add_linear (self, "attn_q", "self_attn.q_proj", d, d);
  add_linear (self, "attn_k", "self_attn.k_proj", d, d);
  add_linear (self, "attn_v", "self_attn.v_proj", d, d);
  add_linear (self, "attn_out", "self_attn.o_proj", d, d);
  add_norm (self, "ln2", "post_attention_layernorm", d);
  add_linear (self, "ffn_up", "mlp.fc1", width, d);
  add_linear (self, "ffn_down", "mlp.fc2", d, width);
}

GArray *
l4_layout_vision (const L4VisionConfig *config, gint64 hidden)
{
  gint64 d = config->hidden, grid = l4_vision_grid (config);
  gint64 patch = config->channels * config->patch_size * config->patch_size;
  Builder self = { layout_new (), -1, "vision_model." };

  add (&self, L4_LAYOUT_VISION, "v.patch_embd.weight", "patch_embedding.linear.weight", d, patch, 0);
  add (&self, L4_LAYOUT_VISION_VECTOR, "v.class_embd", "class_embedding", d, 0, 0);
  add (&self, L4_LAYOUT_VISION_VECTOR, "v.position_embd.weight", "positional_embedding_vlm", grid * grid + 1, d, 0);
  add_norm (&self, "v.pre_ln", "layernorm_pre", d);
  self.prefix = "vision_model.model.";
  for (self.layer = 0; self.layer < config->n_layers; self.layer++)
    add_block (&self, d, config->intermediate);
  self.layer = -1;
  self.prefix = "vision_model.";
  add_norm (&self, "v.post_ln", "layernorm_post", d);
  add (&self, L4_LAYOUT_VISION, "mm.model.mlp.1.weight", "vision_adapter.mlp.fc1.weight", config->projector_input,
      config->intermediate, 0);
  add (&self, L4_LAYOUT_VISION, "mm.model.mlp.2.weight", "vision_adapter.mlp.fc2.weight", config->projector_output,
      config->projector_input, 0);
  self.prefix = "multi_modal_projector.";
  add (&self, L4_LAYOUT_VISION, "mm.model.fc.weight", "linear_1.weight", hidden, config->output, 0);
  return self.list;
}

/* Types and divisors --------------------------------------------------------------------------------------------------- */

L4Type
l4_layout_type (const L4LayoutTensor *tensor, L4Type wanted)
{
  gint64 row = tensor->dims[tensor->n_dims - 1];

  switch (tensor->kind) {
    case L4_LAYOUT_ROUTER:
    case L4_LAYOUT_VECTOR:
    case L4_LAYOUT_VISION_VECTOR:
    case L4_LAYOUT_ROPE:
      return L4_TYPE_F32;
    default:
      break;
  }
  if (row % l4_type_info (wanted)->block_elements == 0)
    return wanted;
  return row % l4_type_info (L4_TYPE_Q8_0)->block_elements == 0 ? L4_TYPE_Q8_0 : L4_TYPE_F16;
}

void
l4_layout_rope_divisors (const L4RopeConfig *rope, gint64 n_pairs, float *divisors)
{
  double longest = rope->original_context / rope->low_freq_factor, shortest = rope->original_context / rope->high_freq_factor;

  for (gint64 i = 0; i < n_pairs; i++) {
    double wavelength = 2 * G_PI * pow (rope->theta, (double) i / (double) n_pairs), blend;

    if (rope->divisors != NULL)
      divisors[i] = rope->divisors[i];
    else if (rope->factor == 0 || wavelength < shortest)
      divisors[i] = 1;
    else if (wavelength > longest || longest == shortest)
      divisors[i] = (float) rope->factor;
    else {
      blend = (rope->original_context / wavelength - rope->low_freq_factor) / (rope->high_freq_factor - rope->low_freq_factor);
      divisors[i] = (float) (1 / ((1 - blend) / rope->factor + blend));
    }
  }
}
