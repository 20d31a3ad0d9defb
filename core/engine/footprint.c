/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a model takes in memory, before any of it is there. */

#include "engine/footprint.h"

#include <string.h>

#include "engine/draft.h"
#include "vision/encoder.h"
#include "weights/layout.h"

/* As measured, with FFmpeg's and oneDNN's libraries and what growing allocations leave behind, and with the vocabulary of Llama 4. */
#define PROGRAM_BYTES ((guint64) 40 << 20)
#define ID_BYTES 160            /* of a token of the vocabulary */
#define PLACE_BYTES (2 * 48 + 4)        /* of a token of a conversation (engine/prompt.h): in the prompt and in the session */

/* One thread's sums and blocks of weights (compute/product.c): rows up to here, of 4 blocks of 64 columns each. */
#define SUM_ROWS 1024
#define BLOCK_BYTES (4 * 512 * 64 * sizeof (float))

/* Weights ---------------------------------------------------------------------------------------------------------------- */

/* What is kept as float32 whatever the file has: vectors, the positions of patches, routers. */
static gboolean
becomes_floats (const L4Tensor *tensor)
{
  return tensor->n_dims < 2 || g_str_has_suffix (tensor->name, "positional_embedding_vlm")
      || g_str_has_suffix (tensor->name, ".router.weight");
}

static gboolean
is_scale (const L4Tensor *tensor)
{
  return g_str_has_suffix (tensor->name, "_scale") || g_str_has_suffix (tensor->name, "_scale_inv");
}

static gboolean
is_vision (const L4Tensor *tensor)
{
  return g_str_has_prefix (tensor->name, "vision_model.") || g_str_has_prefix (tensor->name, "multi_modal_projector.");
}

static gboolean
is_rounded (const L4Tensor *tensor, L4Precision precision)
{
  return tensor->type == L4_TYPE_F32 && precision == L4_PRECISION_BF16;
}

/* Whether its rows are inputs, as published folders have experts. */
static gboolean
is_turned (const L4Tensor *tensor)
{
  return tensor->n_dims == 3 && !g_str_has_suffix (tensor->name, ".weight");
}

/* Whether its rows are outputs and its bytes are left as they are. */
static gboolean
can_stay (const L4Tensor *tensor, L4Precision precision)
{
  return !is_turned (tensor) && !is_rounded (tensor, precision);
}

static gboolean
is_expert (const L4Tensor *tensor)
{
  return strstr (tensor->name, ".feed_forward.experts.") != NULL && !becomes_floats (tensor) && !is_scale (tensor);
}

/* A matrix as it is multiplied: in the blocks of its file, but float32 becomes bfloat16 unless all is float32. It stays in the file
 * if its bytes are left as they are, and its rows are outputs: those of experts under names that do not end in .weight are inputs. */
static guint64
matrix_memory (const L4Tensor *tensor, L4Precision precision, L4Load load, gboolean int8)
{
  const L4TypeInfo *q8_0 = l4_type_info (L4_TYPE_Q8_0);
  gboolean rounded = is_rounded (tensor, precision);

  if (int8 && precision == L4_PRECISION_BF16 && tensor->n_dims == 2 && tensor->type != L4_TYPE_OTHER
      && l4_type_info (tensor->type)->block_elements == 1
      && tensor->dims[1] % q8_0->block_elements == 0)
    return tensor->n_elements / q8_0->block_elements * q8_0->block_bytes;
  if (can_stay (tensor, precision) && ((load == L4_LOAD_MAP && tensor->packed == NULL) || (load == L4_LOAD_STREAM && is_expert (tensor))))
    return 0;
  return rounded ? tensor->bytes / 2 : tensor->bytes;
}

/* What the rows of 8-bit floats are multiplied by: in memory, wherever the matrix is, each has a scale of its own, even if the file has one
 * for all of them. */
static guint64
scales_memory (const L4Tensor *tensor)
{
  gint64 n_in = tensor->n_dims > 1 ? tensor->dims[is_turned (tensor) ? 1 : tensor->n_dims - 1] : 0;

  return tensor->type == L4_TYPE_F8_E4M3 && n_in > 0 ? tensor->n_elements / (guint64) n_in * sizeof (float) : 0;
}

guint64
l4_footprint_weights (const L4Checkpoint *checkpoint, const L4Config *config, L4Precision precision, L4Load load,
    gboolean vision_int8)
{
  guint64 total = 0;

  for (guint i = 0; i < l4_checkpoint_get_n_tensors (checkpoint); i++) {
    const L4Tensor *tensor = l4_checkpoint_get_tensor (checkpoint, i);
    gboolean embeddings = g_str_has_suffix (tensor->name, ".embed_tokens.weight");

    if (is_scale (tensor) || (is_vision (tensor) && !config->has_vision))       /* its matrix's rows have it; it is not loaded */
      continue;
    total += scales_memory (tensor);
    if (becomes_floats (tensor))
      total += tensor->n_elements * sizeof (float);
    else if (!embeddings || config->text.tied)  /* tied: once in rows and once as the head */
      total += matrix_memory (tensor, precision, load, vision_int8 && is_vision (tensor));
    if (embeddings && (load != L4_LOAD_MAP || tensor->packed != NULL))
      total += tensor->bytes;
  }
  return total;
}

guint64
l4_footprint_expert (const L4Checkpoint *checkpoint, const L4Config *config, L4Precision precision)
{
  g_autofree guint64 *layers = g_new0 (guint64, config->text.n_layers);
  guint64 most = 0;

  for (guint i = 0; i < l4_checkpoint_get_n_tensors (checkpoint); i++) {
    const L4Tensor *tensor = l4_checkpoint_get_tensor (checkpoint, i);
    const char *at = strstr (tensor->name, "layers.");
    guint64 layer = at != NULL ? g_ascii_strtoull (at + strlen ("layers."), NULL, 10) : G_MAXUINT64;

    if (is_expert (tensor) && can_stay (tensor, precision) && layer < (guint64) config->text.n_layers)
      layers[layer] += tensor->bytes;
  }
  for (gint64 l = 0; l < config->text.n_layers; l++)
    most = MAX (most, layers[l]);
  return config->text.n_experts > 0 ? most / (guint64) config->text.n_experts : 0;       /* 0: no layer has any, whatever tensors there are */
}

gboolean
l4_footprint_is_turned (const L4Checkpoint *checkpoint)
{
  for (guint i = 0; i < l4_checkpoint_get_n_tensors (checkpoint); i++)
    if (is_expert (l4_checkpoint_get_tensor (checkpoint, i)) && is_turned (l4_checkpoint_get_tensor (checkpoint, i)))
      return TRUE;
  return FALSE;
}

guint64
l4_footprint_streamed (const L4Config *config, guint64 weights, guint threads)
{
  return weights + l4_footprint_program (config) + l4_footprint_work (config, MIN (config->text.context, L4_USUAL_CONTEXT), threads);
}

static guint64
unmapped_of (GArray *layout)
{
  guint64 total = 0;

  for (guint i = 0; i < layout->len; i++) {
    const L4LayoutTensor *tensor = &g_array_index (layout, L4LayoutTensor, i);

    if (tensor->n_dims < 2 || tensor->kind == L4_LAYOUT_ROUTER || tensor->kind == L4_LAYOUT_VISION_VECTOR)
      total += tensor->n_elements * sizeof (float);
  }
  return total;
}

guint64
l4_footprint_unmapped (const L4Config *config)
{
  g_autoptr (GArray) text = l4_layout_text (&config->text, TRUE);
  g_autoptr (GArray) vision = config->has_vision ? l4_layout_vision (&config->vision, config->text.hidden) : NULL;

  return unmapped_of (text) + (vision != NULL ? unmapped_of (vision) : 0);
}

/* Computing -------------------------------------------------------------------------------------------------------------- */

/* The decoder's: what a batch of rows takes on the widest kind of layer, the rows as 8-bit operands of its widest product, their
 * embeddings, what stands at all n places, and logits of guesses. */
static guint64
text_work (const L4TextConfig *text, gint64 n)
{
  guint64 rows = MIN (n, L4_FORWARD_BATCH), attention = 2 * text->head_dim * (text->n_heads + text->n_kv_heads);
  guint64 networks = 1 + text->top_k, inner = 0, routed = 0;

  for (gint64 l = 0; l < text->n_layers; l++) {
    inner = MAX (inner, text->layers[l].moe ? networks * text->expert_width : (guint64) text->dense_width);
    routed = text->layers[l].moe ? text->top_k * text->hidden : routed;
  }
  return rows * (2 * text->hidden + text->n_experts + 2 * text->head_dim + MAX (attention, inner + routed)) * sizeof (float)
      + rows * MAX (inner, (guint64) (text->n_heads * text->head_dim)) * 3 / 2 + rows * text->hidden * sizeof (float) + n * PLACE_BYTES
      + (L4_MAX_DRAFT + 1) * text->vocab * sizeof (float);
}

/* The encoder's: the tiles of one picture, and for some of them the layers' rows as in vision/block.c. */
static guint64
vision_work (const L4VisionConfig *vision, gint64 n_tiles)
{
  guint64 rows = MIN (n_tiles, l4_vision_tiles_at_once (vision)) * (l4_vision_grid (vision) * l4_vision_grid (vision) + 1);
  guint64 tile = vision->channels * vision->image_size * vision->image_size;

  return rows * (vision->hidden + MAX (4 * vision->hidden, vision->intermediate)) * sizeof (float)
      + rows * vision->intermediate * sizeof (guint16) + MIN (n_tiles, vision->max_patches + 1) * tile * sizeof (float);
}

guint64
l4_footprint_work (const L4Config *config, gint64 n, guint threads)
{
  gint64 tokens = config->has_vision ? l4_vision_tokens_per_tile (&config->vision) : 0, n_tiles = tokens > 0 ? n / tokens : 0;
  guint64 features = (n_tiles + MIN (n_tiles, L4_KEPT_TILES)) * tokens * config->text.hidden * sizeof (float);
  guint64 vision = n_tiles > 0 ? vision_work (&config->vision, n_tiles) : 0, text = text_work (&config->text, n);

  return features + MAX (text, vision) + threads * (MIN (n, SUM_ROWS) * 4 * 64 * sizeof (float) + BLOCK_BYTES);
}

guint64
l4_footprint_beside (const L4Config *config)
{
  guint64 tokens = config->has_vision ? l4_vision_tokens_per_tile (&config->vision) : 0;

  return ((L4_KEPT_TILES * tokens + L4_FORWARD_BATCH) * config->text.hidden + (L4_MAX_DRAFT + 1) * config->text.vocab) * sizeof (float);
}

guint64
l4_footprint_program (const L4Config *config)
{
  return PROGRAM_BYTES + config->text.vocab * ID_BYTES;
}
