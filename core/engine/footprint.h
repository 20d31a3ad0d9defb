/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a model takes in memory, before any of it is there. */

#pragma once

#include "checkpoint/checkpoint.h"
#include "compute/compute.h"
#include "config/config.h"

/* Tokens that go through the decoder at once: bounds its working memory, and is enough to read every expert only once a prompt. */
#define L4_FORWARD_BATCH 2048
/* Tokens of a context for which memory is laid aside when it is not known yet how long the first will be. */
#define L4_USUAL_CONTEXT 8192
/* Tiles whose picture tokens a session keeps: some windows' worth, at Scout's width 2.9 MB each. */
#define L4_KEPT_TILES 32

/* Bytes of the checkpoint's weights, without those of a vision part that config has not; with L4_LOAD_MAP and L4_LOAD_STREAM, of those that
 * cannot stay in the file; vision_int8 as in L4LoadOptions. */
guint64 l4_footprint_weights (const L4Checkpoint *checkpoint, const L4Config *config, L4Precision precision, L4Load load,
    gboolean vision_int8);

/* Bytes of the largest routed expert that can stay in the file; 0: there are none. */
guint64 l4_footprint_expert (const L4Checkpoint *checkpoint, const L4Config *config, L4Precision precision);

/* Whether there are experts whose rows are inputs, as published folders have them: those cannot stay. */
gboolean l4_footprint_is_turned (const L4Checkpoint *checkpoint);

/* What is taken with experts streamed before there are slots for them and caches: weights that cannot stay, the program, and the computing
 * of a context of usual length. */
guint64 l4_footprint_streamed (const L4Config *config, guint64 weights, guint threads);

/* The latter of a GGUF file that nobody has yet. */
guint64 l4_footprint_unmapped (const L4Config *config);

/* Bytes that computing takes beside weights and cache, at most, with a prompt and answer of n tokens, as many of which are pictures'
 * as can be. */
guint64 l4_footprint_work (const L4Config *config, gint64 n, guint threads);

/* Bytes that every further conversation takes beside its cache, at most, while another one computes: picture tokens that its session keeps,
 * embeddings that wait, and logits. */
guint64 l4_footprint_beside (const L4Config *config);

/* Bytes of the program, its libraries and its vocabulary. */
guint64 l4_footprint_program (const L4Config *config);
