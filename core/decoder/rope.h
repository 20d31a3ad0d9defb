/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rotary positions of the decoder: interleaved pairs, with or without llama3 frequency scaling. */

#pragma once

#include "config/config.h"

/* Angular frequency of every pair: [head_dim / 2]. (transfer full), l4_free() */
double *l4_rope_frequencies (const L4TextConfig *config, GError **error);

/* cosines, sines: [n, n_pairs] for the positions first, first + 1, …, exact to the last bit or so of float32 at any distance; with
 * chunk > 0 counted from the start of each one's chunk, which turns all pairs of positions of a chunk by the same difference. */
void l4_rope_angles (const double *frequencies, gint64 n_pairs, gint64 first, gint64 n, gint64 chunk, float *cosines,
    float *sines);

/* What the queries of a layer without rotary positions are multiplied with at a position: its softmax gets sharper as the context grows. */
float l4_rope_temperature (const L4TextConfig *config, gint64 position);
