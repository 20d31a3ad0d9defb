/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a model takes in memory, before any of it is there. */

#pragma once

#include "checkpoint/checkpoint.h"
#include "compute/compute.h"
#include "config/config.h"

/* Tokens that go through the decoder at once: bounds its working memory, and is enough to read every expert only once a prompt. */
#define L4_FORWARD_BATCH 2048
/* Tiles whose picture tokens a session keeps: some windows' worth, at Scout's width 2.9 MB each. */
#define L4_KEPT_TILES 32

/* Bytes of the checkpoint's weights; with map, of those that cannot stay in the file; vision_int8 as in L4LoadOptions. */
guint64 l4_footprint_weights (const L4Checkpoint *checkpoint, const L4Config *config, L4Precision precision, gboolean map,
    gboolean vision_int8);

/* The latter of a GGUF file that nobody has yet. */
guint64 l4_footprint_unmapped (const L4Config *config);

/* Bytes that computing takes beside weights and cache, at most, with a prompt and answer of n tokens, as many of which are pictures'
 * as can be. */
guint64 l4_footprint_work (const L4Config *config, gint64 n, guint threads);

/* Bytes of the program, its libraries and its vocabulary. */
guint64 l4_footprint_program (const L4Config *config);
