/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tensors that a model of a given shape has, in the order and under the names that its GGUF file gives them. */

#pragma once

#include "blocks/type.h"
#include "config/config.h"

typedef enum
{
  L4_LAYOUT_EMBEDDING,          /* token_embd */
  L4_LAYOUT_OUTPUT,             /* output: to logits */
  L4_LAYOUT_ATTENTION,
  L4_LAYOUT_DENSE,              /* feed-forward of layers without experts */
  L4_LAYOUT_SHARED,             /* the expert that is always on */
  L4_LAYOUT_EXPERTS,            /* routed: [E, F, D], or [E, D, F] for down */
  L4_LAYOUT_ROUTER,
  L4_LAYOUT_VECTOR,             /* weights of norms, biases */
  L4_LAYOUT_ROPE,               /* divisors of RoPE's frequencies, which a Hugging Face folder does not hold */
  L4_LAYOUT_VISION,             /* matrices of the vision encoder and its projector */
  L4_LAYOUT_VISION_VECTOR,      /* its biases, weights of norms, and what is added to patches */
} L4LayoutKind;

typedef struct
{
  char *name;                   /* in a GGUF file */
  char *source;                 /* in a Hugging Face folder; NULL: there is none */
  L4LayoutKind kind;
  gint64 layer;                 /* of the decoder or the encoder; -1: of none */
  guint n_dims;
  gint64 dims[3];               /* last index fastest */
  gsize n_elements;
} L4LayoutTensor;

/* Lists of L4LayoutTensor, (transfer full). The shape is one that l4_config_load() lets through. has_prefix: the decoder's
 * tensors lie under language_model. in a Hugging Face folder. */
GArray *l4_layout_text (const L4TextConfig *config, gboolean has_prefix);
GArray *l4_layout_vision (const L4VisionConfig *config, gint64 hidden);

/* The type that a tensor gets in a file of the type wanted: that, for matrices whose rows are whole blocks of it; otherwise the
 * nearest that fits, Q8_0 or F16. Vectors, router and divisors are F32. */
L4Type l4_layout_type (const L4LayoutTensor *tensor, L4Type wanted);

/* The divisors of RoPE's n_pairs frequencies that rope->factor stands for; all 1 without it. */
void l4_layout_rope_divisors (const L4RopeConfig *rope, gint64 n_pairs, float *divisors);
